//! What the room logic asks of a room.

use rand::Rng;

use crate::api::{
    DownOffer, DownTrack, Half, IceParameters, MediaError, Mid, Policy, SeatId, Source, TrackId,
};
use crate::down::Down;
use crate::peer::ConnectionRef;
use crate::room::{Context, Room, Seat, apply};
use crate::sdp::{Description, LocalSide, answer, candidates, offer};
use crate::stats::SeatStats;
use crate::up::{TrackChanges, Up};
use crate::worker::Now;

impl Room {
    pub fn close(&mut self, context: &mut Context) {
        for mut seat in std::mem::take(&mut self.seats).into_values() {
            seat.up
                .iter_mut()
                .for_each(|up| context.forget(&mut up.connection));
            seat.down
                .iter_mut()
                .for_each(|down| context.forget(&mut down.connection));
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
        let Some(seat_state) = self.seats.get_mut(&key) else {
            return Err(MediaError::UnknownSeat);
        };
        let Some(up) = seat_state.up.as_mut() else {
            return Err(MediaError::UnknownSeat);
        };
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
            self.changed(
                ConnectionRef {
                    room: self.key,
                    seat: key,
                    half: Half::Up,
                },
                change,
                now,
                context,
            );
        }
        self.refresh(context);
        Ok(text)
    }

    /// Leaves the seat with an up connection that fits the offer: the same, restarted, or new.
    fn prepare_up(&mut self, key: u32, offer: &Description, now: Now, context: &mut Context) {
        let reference = ConnectionRef {
            room: self.key,
            seat: key,
            half: Half::Up,
        };
        let Some(seat) = self.seats.get_mut(&key) else {
            return;
        };
        let same_peer = |up: &&mut Up| up.connection.fingerprint() == Some(&offer.fingerprint);
        if let Some(up) = seat.up.as_mut().filter(same_peer) {
            if up.connection.remote_ufrag.as_deref() != Some(&offer.ice.ufrag) {
                context.restart(&mut up.connection);
                up.connection.remote_ufrag = Some(offer.ice.ufrag.clone());
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
        self.announce(
            TrackChanges {
                ended,
                started: Vec::new(),
            },
            context,
        );
    }

    pub fn offer_down(
        &mut self,
        seat: &SeatId,
        now: Now,
        context: &mut Context,
    ) -> Result<DownOffer, MediaError> {
        let key = self.seat_key(seat, context)?;
        let wanted = self.wanted(key);
        let live = self.live();
        let seat_state = self.seats.get_mut(&key).ok_or(MediaError::UnknownSeat)?;
        if let Some(mut watching) = seat_state.down.take_if(|down| down.watched().is_some()) {
            context.forget(&mut watching.connection);
        }
        if seat_state.down.is_none() {
            let reference = ConnectionRef {
                room: self.key,
                seat: key,
                half: Half::Down,
            };
            seat_state.down = Some(Down::new(context.connection(reference, now)));
        }
        let down = seat_state.down.as_mut().ok_or(MediaError::UnknownSeat)?;
        down.assign(
            wanted,
            |key, kind| live.contains(&(key, kind)),
            &mut context.rng,
        );
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
            tracks: down
                .tracks()
                .into_iter()
                .map(|(mid, track)| DownTrack { mid, track })
                .collect(),
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
        let down = self
            .seats
            .get_mut(&key)
            .and_then(|seat| seat.down.as_mut())
            .ok_or(MediaError::UnknownSeat)?;
        if generation != down.generation || !down.outstanding {
            return Err(MediaError::StaleAnswer);
        }
        if down
            .connection
            .fingerprint()
            .is_some_and(|known| *known != answer.fingerprint)
        {
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
            self.changed(
                ConnectionRef {
                    room: self.key,
                    seat: key,
                    half: Half::Down,
                },
                change,
                now,
                context,
            );
        }
        self.ask_for_pictures(key, now, context);
        self.refresh(context);
        Ok(())
    }

    /// New credentials of ours for a connection that goes on.
    pub fn restart_ice(
        &mut self,
        seat: &SeatId,
        half: Half,
        remote_ufrag: Option<String>,
        context: &mut Context,
    ) -> Result<IceParameters, MediaError> {
        let key = self.find_seat(seat).ok_or(MediaError::UnknownSeat)?;
        let reference = ConnectionRef {
            room: self.key,
            seat: key,
            half,
        };
        let connection = self
            .connection_mut(reference)
            .ok_or(MediaError::UnknownSeat)?;
        context.restart(connection);
        if remote_ufrag.is_some() {
            connection.remote_ufrag = remote_ufrag;
        }
        Ok(IceParameters {
            ufrag: connection.local.ufrag.clone(),
            pwd: connection.local.pwd.clone(),
            candidates: candidates(&context.candidates).collect(),
        })
    }

    pub fn set_policy(&mut self, policy: Policy, now: Now, context: &mut Context) {
        self.spread_all(now, context);
        self.policy = policy;
        for seat in self.seats.values_mut() {
            apply(&self.policy, seat);
        }
        self.follow();
        let keys: Vec<u32> = self.seats.keys().copied().collect();
        for key in keys {
            self.ask_for_pictures(key, now, context);
        }
        self.refresh(context);
    }

    /// Asks a publisher for a keyframe, throttled with all others who ask.
    pub fn request_keyframe(&mut self, track: &TrackId, now: Now, context: &mut Context) {
        let up = self
            .find_seat(&track.seat)
            .and_then(|key| self.seats.get_mut(&key)?.up.as_mut());
        let Some(up) = up else { return };
        if let Some(track) = up.track_mut(track.source) {
            track.want_recorded_keyframe();
        }
        up.ask_for_keyframes(now.at, &mut context.out);
    }

    #[cfg(test)]
    pub fn set_rate(&mut self, seat: &SeatId, bps: Option<u64>) {
        let key = self.find_seat(seat);
        let seat = key.and_then(|key| self.seats.get_mut(&key));
        if let Some(down) = seat.and_then(|seat| seat.down.as_mut()) {
            down.connection.set_rate(bps);
        }
    }

    pub fn close_half(&mut self, seat: &SeatId, half: Half, context: &mut Context) {
        if let Some(key) = self.find_seat(seat) {
            self.end(key, half, context);
            self.refresh(context);
        }
    }

    pub fn remove_seat(&mut self, seat: &SeatId, context: &mut Context) {
        let Some(key) = self.find_seat(seat) else {
            return;
        };
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
            tracks: seat
                .up
                .iter()
                .flat_map(|up| &up.tracks)
                .map(|track| track.stats(now.at))
                .collect(),
        };
        self.seats.values().map(of).collect()
    }
}
