//! A room on its worker: seats, policy, and the way of a packet from one seat to the others.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng;
use rand::rngs::StdRng;

use crate::api::{
    CodecKind, DownOffer, DownTrack, Half, Limits, MediaError, Mid, Policy, RelayEvent, RoomId, SeatId, Source, TrackId,
};
use crate::down::{Down, TrackKey, Wanted};
use crate::dtls::Identity;
use crate::ice::Credentials;
use crate::peer::{Change, Connection, ConnectionRef};
use crate::rtp::RtpView;
use crate::sdp::{Description, LocalSide, answer, is_token, offer};
use crate::stats::SeatStats;
use crate::tap::{Tap, TapKind, TapPacket};
use crate::up::{TrackChanges, Up};
use crate::worker::{Now, Output};

/// Round trip assumed before one is measured.
const DEFAULT_RTT: Duration = Duration::from_millis(100);
/// Time between looks at who is loudest.
const SPEAKER_EVERY: Duration = Duration::from_millis(200);
/// Loudness (127 is full scale) from which a voice counts, and by how much it must beat the present speaker.
const VOICE: f32 = 70.0;
const LOUDER_BY: f32 = 4.0;
/// Time between questions to the tap about what it dropped.
const TAP_EVERY: Duration = Duration::from_secs(1);

/// What all rooms of a worker share.
#[derive(Debug)]
pub struct Context {
    pub identity: Identity,
    pub limits: Limits,
    pub candidates: Vec<SocketAddr>,
    pub rng: StdRng,
    pub by_ufrag: HashMap<String, ConnectionRef>,
    pub by_address: HashMap<SocketAddr, ConnectionRef>,
    /// For DTLS output (see [`crate::dtls::SCRATCH`]).
    pub scratch: Vec<u8>,
    pub out: Output,
}

impl Context {
    fn connection(&mut self, reference: ConnectionRef, now: Now) -> Connection {
        let local = Credentials::generate(&mut self.rng);
        self.by_ufrag.insert(local.ufrag.clone(), reference);
        // RFC 8829 section 5.2.1: a session id of 63 bits.
        Connection::new(reference, local, self.rng.random::<u64>() >> 1, now.at)
    }

    fn forget(&mut self, connection: &mut Connection) {
        connection.close(&mut self.scratch, &mut self.out);
        self.by_ufrag.remove(&connection.local.ufrag);
        for address in connection.addresses() {
            if self.by_address.get(&address) == Some(&connection.reference) {
                self.by_address.remove(&address);
            }
        }
    }
}

/// One seat.
#[derive(Debug)]
struct Seat {
    id: SeatId,
    record: bool,
    /// It may be heard by somebody.
    heard: bool,
    up: Option<Up>,
    down: Option<Down>,
}

impl Seat {
    fn rtt(&self) -> Option<Duration> {
        self.down.as_ref().and_then(|down| down.rtt).or_else(|| self.up.as_ref().and_then(|up| up.rtt))
    }
}

/// One room.
pub struct Room {
    key: u64,
    id: RoomId,
    tap: Arc<dyn Tap>,
    policy: Policy,
    seats: BTreeMap<u32, Seat>,
    next_seat: u32,
    speaker: Option<u32>,
    speaker_at: Option<Instant>,
    tap_at: Option<Instant>,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Room").field("id", &self.id).field("seats", &self.seats.len()).finish_non_exhaustive()
    }
}

/// Commands.
impl Room {
    pub fn new(key: u64, id: RoomId, tap: Arc<dyn Tap>) -> Self {
        Room {
            key,
            id,
            tap,
            policy: Policy::default(),
            seats: BTreeMap::new(),
            next_seat: 0,
            speaker: None,
            speaker_at: None,
            tap_at: None,
        }
    }

    pub fn close(&mut self, context: &mut Context) {
        for mut seat in std::mem::take(&mut self.seats).into_values() {
            seat.up.iter_mut().for_each(|up| context.forget(&mut up.connection));
            seat.down.iter_mut().for_each(|down| context.forget(&mut down.connection));
        }
    }

    pub fn answer_up(
        &mut self,
        seat: &SeatId,
        sdp: &str,
        sources: &[(Mid, Source)],
        now: Now,
        context: &mut Context,
    ) -> Result<String, MediaError> {
        let offer = Description::parse(sdp, &context.limits)?;
        let agreement = answer::agree(&offer, sources)?;
        let key = self.seat_key(seat, context)?;
        self.prepare_up(key, &offer, now, context);
        let Some(seat_state) = self.seats.get_mut(&key) else { return Err(MediaError::UnknownSeat) };
        let Some(up) = seat_state.up.as_mut() else { return Err(MediaError::UnknownSeat) };
        let change = up.connection.expect_peer(
            offer.fingerprint,
            &context.identity,
            &context.limits,
            now,
            &mut context.scratch,
            &mut context.out,
        );
        up.connection.version += 1;
        let side = LocalSide {
            ice: &up.connection.local,
            fingerprint: &context.identity.fingerprint,
            candidates: &context.candidates,
            session: up.connection.session,
            version: up.connection.version,
        };
        let text = answer::write(&offer, &agreement, &side);
        let changes = up.agree(seat, agreement.media);
        self.announce(changes, context);
        if let Some(change) = change {
            self.changed(ConnectionRef { room: self.key, seat: key, half: Half::Up }, change, now, context);
        }
        self.refresh(context);
        Ok(text)
    }

    /// Leaves the seat with an up connection that fits the offer: the same, restarted, or new.
    fn prepare_up(&mut self, key: u32, offer: &Description, now: Now, context: &mut Context) {
        let reference = ConnectionRef { room: self.key, seat: key, half: Half::Up };
        let Some(seat) = self.seats.get_mut(&key) else { return };
        let same_peer = |up: &&mut Up| up.connection.fingerprint() == Some(&offer.fingerprint);
        if let Some(up) = seat.up.as_mut().filter(same_peer) {
            let connection = &mut up.connection;
            if connection.remote_ufrag.as_deref() != Some(&offer.ice.ufrag) {
                context.by_ufrag.remove(&connection.local.ufrag);
                connection.local = Credentials::generate(&mut context.rng);
                context.by_ufrag.insert(connection.local.ufrag.clone(), reference);
                connection.remote_ufrag = Some(offer.ice.ufrag.clone());
            }
            return;
        }
        let mut ended = Vec::new();
        if let Some(mut old) = seat.up.take() {
            context.forget(&mut old.connection);
            ended.extend(old.tracks.iter().map(|track| (*track.id).clone()));
        }
        let mut connection = context.connection(reference, now);
        connection.remote_ufrag = Some(offer.ice.ufrag.clone());
        let ssrc = context.rng.random();
        seat.up = Some(Up::new(connection, ssrc));
        self.announce(TrackChanges { ended, started: Vec::new() }, context);
    }

    pub fn offer_down(&mut self, seat: &SeatId, now: Now, context: &mut Context) -> Result<DownOffer, MediaError> {
        let key = self.seat_key(seat, context)?;
        let wanted = self.wanted(key);
        let live = self.live();
        let seat_state = self.seats.get_mut(&key).ok_or(MediaError::UnknownSeat)?;
        if seat_state.down.is_none() {
            let reference = ConnectionRef { room: self.key, seat: key, half: Half::Down };
            seat_state.down = Some(Down::new(context.connection(reference, now)));
        }
        let down = seat_state.down.as_mut().ok_or(MediaError::UnknownSeat)?;
        down.assign(wanted, |key, kind| live.contains(&(key, kind)), &mut context.rng);
        down.generation += 1;
        down.outstanding = true;
        down.notified = false;
        down.connection.version += 1;
        let side = LocalSide {
            ice: &down.connection.local,
            fingerprint: &context.identity.fingerprint,
            candidates: &context.candidates,
            session: down.connection.session,
            version: down.connection.version,
        };
        Ok(DownOffer {
            generation: down.generation,
            sdp: offer::write(&down.offered(), &side),
            tracks: down.tracks().into_iter().map(|(mid, track)| DownTrack { mid, track }).collect(),
        })
    }

    pub fn accept_down(
        &mut self,
        seat: &SeatId,
        generation: u64,
        sdp: &str,
        now: Now,
        context: &mut Context,
    ) -> Result<(), MediaError> {
        let answer = Description::parse(sdp, &context.limits)?;
        let agreed = offer::read_answer(&answer)?;
        let key = self.find_seat(seat).ok_or(MediaError::UnknownSeat)?;
        let down = self.seats.get_mut(&key).and_then(|seat| seat.down.as_mut()).ok_or(MediaError::UnknownSeat)?;
        if generation != down.generation || !down.outstanding {
            return Err(MediaError::StaleAnswer);
        }
        if down.connection.fingerprint().is_some_and(|known| *known != answer.fingerprint) {
            down.start_over();
        }
        let change = down.connection.expect_peer(
            answer.fingerprint,
            &context.identity,
            &context.limits,
            now,
            &mut context.scratch,
            &mut context.out,
        );
        down.connection.remote_ufrag = Some(answer.ice.ufrag);
        down.agree(&agreed);
        let may_receive = |track: &TrackId| self.policy.may_receive(&track.seat, seat);
        down.allow(may_receive);
        if let Some(change) = change {
            self.changed(ConnectionRef { room: self.key, seat: key, half: Half::Down }, change, now, context);
        }
        self.ask_for_pictures(key, now, context);
        self.refresh(context);
        Ok(())
    }

    pub fn set_policy(&mut self, policy: Policy, now: Now, context: &mut Context) {
        self.policy = policy;
        for seat in self.seats.values_mut() {
            apply(&self.policy, seat);
        }
        let keys: Vec<u32> = self.seats.keys().copied().collect();
        for key in keys {
            self.ask_for_pictures(key, now, context);
        }
        self.refresh(context);
    }

    pub fn close_half(&mut self, seat: &SeatId, half: Half, context: &mut Context) {
        if let Some(key) = self.find_seat(seat) {
            self.end(key, half, context);
            self.refresh(context);
        }
    }

    pub fn remove_seat(&mut self, seat: &SeatId, context: &mut Context) {
        let Some(key) = self.find_seat(seat) else { return };
        self.end(key, Half::Up, context);
        self.end(key, Half::Down, context);
        self.seats.remove(&key);
        if self.speaker == Some(key) {
            self.speaker = None;
        }
        self.refresh(context);
    }

    pub fn stats(&self, now: Now) -> Vec<SeatStats> {
        let of = |seat: &Seat| SeatStats {
            seat: seat.id.clone(),
            rtt_ms: seat.rtt().map(|rtt| rtt.as_secs_f64() * 1000.0),
            up: seat.up.as_ref().map(|up| up.stats(now.at)),
            down: seat.down.as_ref().map(|down| down.stats(now.at)),
            tracks: seat.up.iter().flat_map(|up| &up.tracks).map(|track| track.stats(now.at)).collect(),
        };
        self.seats.values().map(of).collect()
    }
}

/// Packets.
impl Room {
    pub fn connection_mut(&mut self, reference: ConnectionRef) -> Option<&mut Connection> {
        let seat = self.seats.get_mut(&reference.seat)?;
        match reference.half {
            Half::Up => seat.up.as_mut().map(|up| &mut up.connection),
            Half::Down => seat.down.as_mut().map(|down| &mut down.connection),
        }
    }

    pub fn dtls(&mut self, reference: ConnectionRef, datagram: &[u8], now: Now, context: &mut Context) {
        let Some(connection) = self.connection_mut(reference) else { return };
        if let Some(change) = connection.dtls(datagram, now, &mut context.scratch, &mut context.out) {
            self.changed(reference, change, now, context);
            self.refresh(context);
        }
    }

    pub fn rtp(&mut self, reference: ConnectionRef, mut packet: Vec<u8>, now: Now, context: &mut Context) {
        let from = reference.seat;
        let Some(seat) = self.seats.get_mut(&from) else { return };
        // Clients have nothing to send on their down half.
        let Some(up) = seat.up.as_mut().filter(|_| reference.half == Half::Up) else { return };
        if !up.connection.open_rtp(&mut packet, now.at) {
            return;
        }
        let Some((at, accepted)) = up.receive(packet, &context.limits, now) else { return };
        let Some(track) = up.tracks.get(at) else { return };
        let (key, ids) = (TrackKey { seat: from, source: track.id.source }, track.media.extensions);
        let Some(view) = RtpView::parse(&accepted.packet) else { return };
        if seat.record {
            self.tap.packet(TapPacket {
                track: track.id.clone(),
                kind: TapKind::Rtp,
                codec: track.codec.clone(),
                ssrc: view.ssrc,
                payload: accepted.packet.clone(),
                wall_us: now.wall_us,
                mono_us: now.mono_us,
                recovered: accepted.recovered,
            });
        }
        let mut waiting = false;
        for (_, other) in self.seats.iter_mut().filter(|(other, _)| **other != from) {
            if let Some(down) = other.down.as_mut() {
                waiting |= down.forward(key, &accepted, &view, &ids, now, &mut context.out);
            }
        }
        if waiting {
            self.want_keyframe(key, now, context);
        } else if let Some(up) = self.seats.get_mut(&from).and_then(|seat| seat.up.as_mut()) {
            up.ask_for_keyframes(now.at, &mut context.out);
        }
    }

    pub fn rtcp(&mut self, reference: ConnectionRef, mut packet: Vec<u8>, now: Now, context: &mut Context) {
        let Some(connection) = self.connection_mut(reference) else { return };
        if !connection.open_rtcp(&mut packet, now.at) {
            return;
        }
        match reference.half {
            Half::Up => self.up_rtcp(reference.seat, &packet, now),
            Half::Down => self.down_rtcp(reference.seat, &packet, now, context),
        }
    }

    fn up_rtcp(&mut self, from: u32, compound: &[u8], now: Now) {
        let Some(seat) = self.seats.get_mut(&from) else { return };
        let Some(up) = seat.up.as_mut() else { return };
        for (at, payload) in up.receive_rtcp(compound, now) {
            let Some(track) = up.tracks.get(at).filter(|_| seat.record) else { continue };
            self.tap.packet(TapPacket {
                track: track.id.clone(),
                kind: TapKind::SenderReport,
                codec: track.codec.clone(),
                ssrc: track.stream.as_ref().map_or(0, |stream| stream.ssrc),
                payload,
                wall_us: now.wall_us,
                mono_us: now.mono_us,
                recovered: false,
            });
        }
    }

    fn down_rtcp(&mut self, from: u32, compound: &[u8], now: Now, context: &mut Context) {
        let Some(down) = self.seats.get_mut(&from).and_then(|seat| seat.down.as_mut()) else { return };
        let (requests, keyframes) = down.receive_rtcp(compound, now);
        for request in requests {
            let publisher = self.seats.get(&request.key.seat).and_then(|seat| seat.up.as_ref());
            let Some(track) = publisher.and_then(|up| up.track(request.key.source)) else { continue };
            let ids = track.media.extensions;
            let Some(packet): Option<Bytes> = track.kept(request.generation, request.seq).cloned() else { continue };
            if let Some(down) = self.seats.get_mut(&from).and_then(|seat| seat.down.as_mut()) {
                down.resend(request, &packet, &ids, now, &mut context.out);
            }
        }
        for key in keyframes {
            self.want_keyframe(key, now, context);
        }
    }

    fn want_keyframe(&mut self, key: TrackKey, now: Now, context: &mut Context) {
        let Some(up) = self.seats.get_mut(&key.seat).and_then(|seat| seat.up.as_mut()) else { return };
        if let Some(track) = up.track_mut(key.source) {
            track.keyframes.want();
        }
        up.ask_for_keyframes(now.at, &mut context.out);
    }

    /// A subscriber that could begin gets its pictures at once.
    fn ask_for_pictures(&mut self, subscriber: u32, now: Now, context: &mut Context) {
        let Some(down) = self.seats.get(&subscriber).and_then(|seat| seat.down.as_ref()) else { return };
        if down.connection.connected() {
            for key in down.waiting() {
                self.want_keyframe(key, now, context);
            }
        }
    }
}

/// Time.
impl Room {
    pub fn tick(&mut self, now: Now, context: &mut Context) {
        let keys: Vec<u32> = self.seats.keys().copied().collect();
        let mut ended = false;
        for key in keys {
            for half in [Half::Up, Half::Down] {
                let reference = ConnectionRef { room: self.key, seat: key, half };
                let Some(connection) = self.connection_mut(reference) else { continue };
                let change = connection.tick(&context.limits, now, &mut context.scratch, &mut context.out);
                if let Some(change) = change {
                    self.changed(reference, change, now, context);
                    ended |= change == Change::Ended;
                }
            }
            if let Some(seat) = self.seats.get_mut(&key) {
                let rtt = seat.rtt().unwrap_or(DEFAULT_RTT);
                if let Some(up) = seat.up.as_mut().filter(|up| up.connection.connected()) {
                    up.tick(rtt, now, &mut context.out);
                }
            }
            self.report_to(key, now, context);
        }
        if ended {
            self.refresh(context);
        }
        self.find_speaker(now, context);
        if self.tap_at.is_none_or(|at| now.at.saturating_duration_since(at) >= TAP_EVERY) {
            self.tap_at = Some(now.at);
            for (track, lost) in self.tap.take_lost() {
                context.out.events.push(RelayEvent::TapOverflow { room: self.id.clone(), track, lost });
            }
        }
    }

    fn report_to(&mut self, key: u32, now: Now, context: &mut Context) {
        let Some(mut down) = self.seats.get_mut(&key).and_then(|seat| seat.down.take()) else { return };
        if down.connection.connected() {
            let clock = |key: TrackKey| {
                let up = self.seats.get(&key.seat)?.up.as_ref()?;
                let track = up.track(key.source)?;
                Some((track.stream.as_ref()?.clock?, track.codec.clock_rate, up.clock_offset_us?))
            };
            down.report(clock, now, &mut context.out);
        }
        if let Some(seat) = self.seats.get_mut(&key) {
            seat.down = Some(down);
        }
    }

    fn find_speaker(&mut self, now: Now, context: &mut Context) {
        if self.speaker_at.is_some_and(|at| now.at.saturating_duration_since(at) < SPEAKER_EVERY) {
            return;
        }
        self.speaker_at = Some(now.at);
        let loudness = |seat: &Seat| {
            let track = seat.up.as_ref().filter(|_| seat.heard).and_then(|up| up.track(Source::Microphone));
            track.map_or(0.0, |track| track.loudness_at(now.at))
        };
        let loudest = self.seats.iter().map(|(key, seat)| (*key, loudness(seat))).max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((key, loud)) = loudest.filter(|(_, loud)| *loud >= VOICE) else { return };
        let present = self.speaker.and_then(|speaker| self.seats.get(&speaker)).map_or(0.0, loudness);
        if self.speaker != Some(key) && loud >= present + LOUDER_BY {
            self.speaker = Some(key);
            if let Some(seat) = self.seats.get(&key) {
                context.out.events.push(RelayEvent::Speaking { room: self.id.clone(), seat: seat.id.clone() });
            }
        }
    }
}

/// Helpers.
impl Room {
    fn find_seat(&self, seat: &SeatId) -> Option<u32> {
        self.seats.iter().find(|(_, known)| known.id == *seat).map(|(key, _)| *key)
    }

    fn seat_key(&mut self, seat: &SeatId, context: &Context) -> Result<u32, MediaError> {
        if let Some(key) = self.find_seat(seat) {
            return Ok(key);
        }
        if !is_token(&seat.0, 64) {
            return Err(MediaError::BadName);
        }
        if self.seats.len() >= context.limits.seats_per_room {
            return Err(MediaError::TooMany("seats in the room"));
        }
        let key = self.next_seat;
        self.next_seat += 1;
        let mut state = Seat { id: seat.clone(), record: false, heard: false, up: None, down: None };
        apply(&self.policy, &mut state);
        self.seats.insert(key, state);
        Ok(key)
    }

    fn live(&self) -> Vec<(TrackKey, CodecKind)> {
        let of = |(key, seat): (&u32, &Seat)| -> Vec<(TrackKey, CodecKind)> {
            let tracks = seat.up.iter().flat_map(|up| &up.tracks);
            tracks.map(|track| (TrackKey { seat: *key, source: track.id.source }, track.codec.kind)).collect()
        };
        self.seats.iter().flat_map(of).collect()
    }

    /// The live tracks that a seat may receive.
    fn wanted(&self, subscriber: u32) -> Vec<Wanted> {
        let Some(subscriber) = self.seats.get(&subscriber) else { return Vec::new() };
        let mut wanted = Vec::new();
        for (key, seat) in &self.seats {
            if !self.policy.may_receive(&seat.id, &subscriber.id) {
                continue;
            }
            for track in seat.up.iter().flat_map(|up| &up.tracks) {
                wanted.push(Wanted {
                    key: TrackKey { seat: *key, source: track.id.source },
                    id: (*track.id).clone(),
                    codec: (*track.codec).clone(),
                });
            }
        }
        wanted
    }

    /// Tells the room logic which seats need a new offer.
    fn refresh(&mut self, context: &mut Context) {
        let live = self.live();
        let keys: Vec<u32> = self.seats.keys().copied().collect();
        for key in keys {
            let wanted = self.wanted(key);
            let Some(seat) = self.seats.get_mut(&key) else { continue };
            let Some(down) = seat.down.as_mut().filter(|down| !down.outstanding && !down.notified) else { continue };
            if down.is_stale(&wanted, |key, kind| live.contains(&(key, kind))) {
                down.notified = true;
                let (room, seat) = (self.id.clone(), seat.id.clone());
                context.out.events.push(RelayEvent::DownNeedsOffer { room, seat });
            }
        }
    }

    fn announce(&self, changes: TrackChanges, context: &mut Context) {
        let room = || self.id.clone();
        for track in changes.ended {
            context.out.events.push(RelayEvent::TrackEnded { room: room(), track });
        }
        for (track, codec) in changes.started {
            context.out.events.push(RelayEvent::TrackStarted { room: room(), track, codec });
        }
    }

    fn changed(&mut self, reference: ConnectionRef, change: Change, now: Now, context: &mut Context) {
        let Some(seat) = self.seats.get(&reference.seat).map(|seat| seat.id.clone()) else { return };
        let (room, half) = (self.id.clone(), reference.half);
        match change {
            Change::Connected | Change::Returned => {
                context.out.events.push(RelayEvent::Connected { room, seat, half });
                if half == Half::Down {
                    self.ask_for_pictures(reference.seat, now, context);
                } else if let Some(up) = self.seats.get_mut(&reference.seat).and_then(|seat| seat.up.as_mut()) {
                    // Subscribers that were connected before it have been waiting.
                    up.tracks.iter_mut().for_each(|track| track.keyframes.want());
                }
            }
            Change::Vanished => context.out.events.push(RelayEvent::Vanished { room, seat, half }),
            Change::Ended => {
                self.end(reference.seat, half, context);
                context.out.events.push(RelayEvent::Disconnected { room, seat, half });
            }
        }
    }

    fn end(&mut self, key: u32, half: Half, context: &mut Context) {
        let Some(seat) = self.seats.get_mut(&key) else { return };
        match half {
            Half::Up => {
                let Some(mut up) = seat.up.take() else { return };
                context.forget(&mut up.connection);
                let ended = up.tracks.iter().map(|track| (*track.id).clone()).collect();
                self.announce(TrackChanges { ended, started: Vec::new() }, context);
            }
            Half::Down => {
                if let Some(mut down) = seat.down.take() {
                    context.forget(&mut down.connection);
                }
            }
        }
    }
}

/// Applies a policy to one seat, at once.
fn apply(policy: &Policy, seat: &mut Seat) {
    seat.record = policy.records(&seat.id);
    seat.heard = policy.seats.get(&seat.id).is_some_and(|publishing| !publishing.to.is_empty());
    if let Some(down) = seat.down.as_mut() {
        down.allow(|track| policy.may_receive(&track.seat, &seat.id));
    }
}
