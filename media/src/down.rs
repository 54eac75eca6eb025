//! A seat's down connection: its slots (m-lines), the offers for them, and what the subscriber asks for.

mod pictures;

use std::time::{Duration, Instant};

use rand::Rng;
use rtc_rtcp::reception_report::ReceptionReport;

use crate::api::{Codec, CodecKind, SeatId, Source, TrackId, Watch};
use crate::estimate::Estimator;
use crate::forward::{Forwarder, Original, Outgoing, Passing};
use crate::inbound::Kept;
use crate::pacer::Class;
use crate::peer::Connection;
use crate::rtcp::{self, Told, ntp_from_us};
use crate::rtp::ExtensionIds;
use crate::sdp::offer::{Carried, DownMedia, OfferedSlot, TRANSPORT_CC_ID};
use crate::sdp::watch::Watched;
use crate::stats::HalfStats;
use crate::stream::{RateMeter, SenderClock};
use crate::worker::{Now, Output};

/// How fast the pacer empties, in hundredths of the estimate's pace: the choice of layers keeps the mean below it, and a
/// keyframe or what was lost must not wait until the next one comes.
const AHEAD: u64 = 150;
/// Time between sender reports of a slot.
const REPORT: Duration = Duration::from_millis(1000);
/// m-lines of one connection.
const MAX_SLOTS: usize = 64;
/// What a packet takes on the way beside its payload, about: RTP with extensions, SRTP's tag, UDP and IP.
const HEADERS: usize = 12 + 12 + 16 + 28;

/// The seat of a slot that has nobody's track.
const NOBODY: u32 = u32::MAX;

/// A track as the room knows it: seats by number, which a returning seat does not get again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrackKey {
    pub seat: u32,
    pub source: Source,
}

/// A live track that a seat may receive.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub key: TrackKey,
    pub id: TrackId,
    pub codec: Codec,
}

/// A track in a slot.
#[derive(Debug)]
struct Carrying {
    key: TrackKey,
    id: TrackId,
    forwarder: Forwarder,
    /// The client agreed to receive it.
    ready: bool,
    /// The policy lets it pass.
    allowed: bool,
    /// The layer chosen for it, whether it is being sent or not.
    chosen: Option<usize>,
}

impl Carrying {
    /// Shuts the subscriber out, and keeps what the pacer still holds from leaving.
    fn take_back(&mut self, connection: &mut Connection) {
        let highest = connection.take_back(self.forwarder.ssrc);
        connection.take_back(self.forwarder.rtx_ssrc);
        self.forwarder.not_sent(highest);
    }
}

/// An m-line.
#[derive(Debug)]
struct Slot {
    mid: String,
    audio: bool,
    carrying: Option<Carrying>,
}

/// What a seat receives.
#[derive(Debug)]
pub struct Down {
    pub connection: Connection,
    slots: Vec<Slot>,
    pub generation: u64,
    /// An offer has not been answered yet.
    pub outstanding: bool,
    /// The room logic knows that an offer is due.
    pub notified: bool,
    /// Of a client that offered: what its slots show. They stay as it offered them, and change what they carry.
    watching: Option<Watching>,
    pub rtt: Option<Duration>,
    estimator: Estimator,
    sound: RateMeter,
    /// Pictures wait until the queue before the bottleneck is short.
    stopped: bool,
    /// When a picture last had to become smaller.
    fell: Option<Instant>,
    /// No picture fits.
    pub audio_only: bool,
    loss: f64,
    jitter_ms: f64,
    nacked: u64,
    retransmitted: u64,
}

#[derive(Debug)]
struct Watching {
    watch: Watch,
    /// By slot.
    agreed: Vec<DownMedia>,
}

/// A packet that the subscriber asked for again.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    slot: usize,
    pub key: TrackKey,
    pub original: Original,
}

impl Down {
    pub fn new(connection: Connection) -> Self {
        Down {
            connection,
            slots: Vec::new(),
            generation: 0,
            outstanding: false,
            notified: false,
            watching: None,
            rtt: None,
            estimator: Estimator::default(),
            sound: RateMeter::default(),
            stopped: false,
            fell: None,
            audio_only: false,
            loss: 0.0,
            jitter_ms: 0.0,
            nacked: 0,
            retransmitted: 0,
        }
    }

    /// Whether the slots carry other tracks than they should. A track that the policy holds back keeps its slot.
    pub fn is_stale(&self, wanted: &[Wanted], live: impl Fn(TrackKey, CodecKind) -> bool) -> bool {
        let carried = |key: TrackKey| self.carrying().any(|carrying| carrying.key == key);
        wanted.iter().any(|track| !carried(track.key))
            || self
                .carrying()
                .any(|carrying| !live(carrying.key, carrying.forwarder.kind))
    }

    fn carrying(&self) -> impl Iterator<Item = &Carrying> {
        self.slots.iter().filter_map(|slot| slot.carrying.as_ref())
    }

    fn carrying_mut(&mut self) -> impl Iterator<Item = &mut Carrying> {
        self.slots
            .iter_mut()
            .filter_map(|slot| slot.carrying.as_mut())
    }

    /// Frees the slots of tracks that ended and gives every wanted track one.
    pub fn assign(
        &mut self,
        wanted: Vec<Wanted>,
        live: impl Fn(TrackKey, CodecKind) -> bool,
        rng: &mut impl Rng,
    ) {
        let mut freed = Vec::new();
        for slot in &mut self.slots {
            if let Some(ended) = slot
                .carrying
                .take_if(|carrying| !live(carrying.key, carrying.forwarder.kind))
            {
                freed.extend([ended.forwarder.ssrc, ended.forwarder.rtx_ssrc]);
            }
        }
        freed
            .into_iter()
            .for_each(|ssrc| self.connection.forget(ssrc));
        for track in wanted {
            if self.carrying().any(|carrying| carrying.key == track.key) {
                continue;
            }
            let Some(at) = self.free_slot(track.key.source.is_audio()) else {
                continue;
            };
            let (ssrc, rtx_ssrc) = (self.fresh_ssrc(rng), self.fresh_ssrc(rng));
            let forwarder = Forwarder::new(
                track.codec.kind,
                track.codec.clock_rate,
                ssrc,
                rtx_ssrc,
                rng.random(),
            );
            self.slots[at].carrying = Some(Carrying {
                key: track.key,
                id: track.id,
                forwarder,
                ready: false,
                allowed: true,
                chosen: Some(0),
            });
        }
        if self.slots.is_empty() {
            // So that ICE and DTLS are done before the first track comes.
            self.free_slot(true);
            self.free_slot(false);
        }
    }

    /// Makes the slots that a client offered, each with an SSRC for all that it will carry.
    pub fn watch(
        &mut self,
        seat: &SeatId,
        watch: Watch,
        agreed: Vec<(bool, DownMedia)>,
        rng: &mut impl Rng,
    ) {
        self.slots.clear();
        for (audio, media) in &agreed {
            let (ssrc, rtx_ssrc) = (self.fresh_ssrc(rng), self.fresh_ssrc(rng));
            let (kind, clock_rate, source) = if *audio {
                (CodecKind::Opus, 48_000, Source::Microphone)
            } else {
                (CodecKind::Vp8, 90_000, Source::Camera)
            };
            let forwarder = Forwarder::new(kind, clock_rate, ssrc, rtx_ssrc, rng.random());
            self.slots.push(Slot {
                mid: media.mid.clone(),
                audio: *audio,
                carrying: Some(Carrying {
                    key: TrackKey {
                        seat: NOBODY,
                        source,
                    },
                    id: TrackId {
                        seat: seat.clone(),
                        source,
                    },
                    forwarder,
                    ready: false,
                    allowed: false,
                    chosen: Some(0),
                }),
            });
        }
        let agreed = agreed.into_iter().map(|(_, media)| media).collect();
        self.watching = Some(Watching { watch, agreed });
    }

    /// What a client that offered is shown.
    pub fn watched(&self) -> Option<&Watch> {
        self.watching.as_ref().map(|watching| &watching.watch)
    }

    /// The m-lines of such a client, for the answer.
    pub fn answered(&self) -> Vec<Watched<'_>> {
        let agreed = self.watching.iter().flat_map(|watching| &watching.agreed);
        let of = |(media, carrying): (_, &Carrying)| Watched {
            media,
            ssrc: carrying.forwarder.ssrc,
            rtx_ssrc: carrying.forwarder.rtx_ssrc,
        };
        agreed.zip(self.carrying()).map(of).collect()
    }

    /// Puts the tracks of what is watched into the slots; one for which there is none goes still. All of them may be
    /// received.
    pub fn follow(&mut self, mut wanted: Vec<Wanted>) {
        let Some(watching) = self.watching.as_ref() else {
            return;
        };
        for (slot, media) in self.slots.iter_mut().zip(&watching.agreed) {
            let Some(carrying) = slot.carrying.as_mut() else {
                continue;
            };
            let fits = |track: &Wanted| track.key.source.is_audio() == slot.audio;
            let Some(at) = wanted.iter().position(fits) else {
                carrying.forwarder.shut();
                carrying.allowed = false;
                continue;
            };
            let track = wanted.swap_remove(at);
            let (kind, rate) = (track.codec.kind, track.codec.clock_rate);
            if carrying.key != track.key || carrying.forwarder.kind != kind || !carrying.ready {
                carrying.ready = carrying.forwarder.change(kind, rate, media);
                (carrying.key, carrying.id) = (track.key, track.id);
                carrying.chosen = Some(0);
            }
            carrying.allowed = true;
        }
    }

    fn free_slot(&mut self, audio: bool) -> Option<usize> {
        let free = self
            .slots
            .iter()
            .position(|slot| slot.audio == audio && slot.carrying.is_none());
        if free.is_none() && self.slots.len() < MAX_SLOTS {
            self.slots.push(Slot {
                mid: self.slots.len().to_string(),
                audio,
                carrying: None,
            });
            return Some(self.slots.len() - 1);
        }
        free
    }

    fn fresh_ssrc(&self, rng: &mut impl Rng) -> u32 {
        loop {
            let ssrc = rng.random();
            let taken = |carrying: &Carrying| {
                carrying.forwarder.ssrc == ssrc || carrying.forwarder.rtx_ssrc == ssrc
            };
            if ssrc != 0 && !self.carrying().any(taken) {
                return ssrc;
            }
        }
    }

    /// The m-lines to offer.
    pub fn offered(&self) -> Vec<OfferedSlot<'_>> {
        let mut offered = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let carries = slot.carrying.as_ref().map(|carrying| {
                let (ssrc, rtx_ssrc) = (carrying.forwarder.ssrc, carrying.forwarder.rtx_ssrc);
                Carried {
                    track: &carrying.id,
                    ssrc,
                    rtx_ssrc,
                }
            });
            offered.push(OfferedSlot {
                mid: &slot.mid,
                audio: slot.audio,
                carries,
            });
        }
        offered
    }

    /// Which m-line carries which track.
    pub fn tracks(&self) -> Vec<(String, TrackId)> {
        let of = |slot: &Slot| Some((slot.mid.clone(), slot.carrying.as_ref()?.id.clone()));
        self.slots.iter().filter_map(of).collect()
    }

    /// Takes an answer.
    pub fn agree(&mut self, agreed: &[DownMedia]) {
        for slot in &mut self.slots {
            let Some(carrying) = slot.carrying.as_mut() else {
                continue;
            };
            let media = agreed
                .iter()
                .find(|media| media.mid == slot.mid && media.receiving);
            carrying.ready = media.is_some_and(|media| carrying.forwarder.agree(media));
        }
        self.outstanding = false;
        if !self.reports() {
            self.connection.set_rate(None);
        }
    }

    /// Whether the client says what arrives when.
    fn reports(&self) -> bool {
        self.carrying()
            .any(|carrying| carrying.forwarder.transport_cc)
    }

    /// Applies the policy at once.
    pub fn allow(&mut self, may_receive: impl Fn(&TrackId) -> bool) {
        for slot in &mut self.slots {
            let Some(carrying) = slot.carrying.as_mut() else {
                continue;
            };
            let allowed = may_receive(&carrying.id);
            if carrying.allowed && !allowed {
                carrying.take_back(&mut self.connection);
            }
            carrying.allowed = allowed;
        }
    }

    /// Nothing more of that seat is sent, not even what waits.
    pub fn take_back(&mut self, seat: u32) {
        for slot in &mut self.slots {
            if let Some(carrying) = slot.carrying.as_mut().filter(|c| c.key.seat == seat) {
                carrying.take_back(&mut self.connection);
            }
        }
    }

    /// Sends what the pacer lets pass. Hands out the tracks that fell behind: they wait for a keyframe now.
    pub fn release(&mut self, now: Now, out: &mut Output) -> Vec<(TrackKey, usize)> {
        let mut behind = Vec::new();
        if self.reports() {
            let pace = self.estimator.pace(now.mono_us as i64);
            self.connection.set_rate(pace.map(|bps| bps * AHEAD / 100));
        }
        let (slots, estimator) = (&mut self.slots, &mut self.estimator);
        let dropped = self.connection.release(now.at, out, |packet| {
            let ssrc = packet.header.ssrc;
            let mut carrying = slots.iter_mut().filter_map(|slot| slot.carrying.as_mut());
            let of = carrying.find(|c| c.forwarder.ssrc == ssrc || c.forwarder.rtx_ssrc == ssrc);
            of.is_some_and(|carrying| leaves(&mut carrying.forwarder, estimator, packet, now))
        });
        for ssrc in dropped {
            for slot in &mut self.slots {
                if let Some(carrying) = slot
                    .carrying
                    .as_mut()
                    .filter(|carrying| carrying.forwarder.ssrc == ssrc)
                {
                    carrying.take_back(&mut self.connection);
                    let waits = carrying.forwarder.waiting();
                    behind.extend(waits.map(|layer| (carrying.key, layer)));
                }
            }
        }
        behind
    }

    /// The client's connection is a new one: it has seen nothing yet.
    pub fn start_over(&mut self) {
        self.estimator = Estimator::default();
        for carrying in self.carrying_mut() {
            carrying.forwarder.shut();
        }
    }

    /// Tracks that could be sent but wait for a keyframe, and of which layer.
    pub fn waiting(&self) -> Vec<(TrackKey, usize)> {
        let passes = |carrying: &&Carrying| carrying.ready && carrying.allowed;
        self.carrying()
            .filter(passes)
            .filter_map(|carrying| Some((carrying.key, carrying.forwarder.waiting()?)))
            .collect()
    }

    /// Sends packets on, if this subscriber may and can have them. Says of which layer it waits for a keyframe.
    pub fn forward(
        &mut self,
        key: TrackKey,
        packets: &[Passing<'_>],
        now: Now,
        out: &mut Output,
    ) -> Option<usize> {
        let carrying = self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.carrying.as_mut())
            .find(|c| c.key == key)
            .filter(|carrying| carrying.ready && carrying.allowed)?;
        if !self.connection.connected() {
            return None;
        }
        let forwarder = &mut carrying.forwarder;
        for passing in packets {
            let Some(packet) = forwarder.forward(passing, now) else {
                continue;
            };
            let class = match forwarder.kind {
                CodecKind::Opus => Class::Sound,
                CodecKind::Vp8 | CodecKind::H264 => Class::Picture,
            };
            if class == Class::Sound {
                self.sound.add(packet.payload.len() + HEADERS, now.at);
            }
            self.connection.send_rtp(class, packet, now.at, out);
        }
        forwarder.waiting()
    }

    /// Takes a decrypted compound: packets to send again, and tracks that need a keyframe.
    pub fn receive_rtcp(
        &mut self,
        compound: &[u8],
        now: Now,
    ) -> (Vec<Request>, Vec<(TrackKey, usize)>) {
        let (mut requests, mut keyframes) = (Vec::new(), Vec::new());
        let rtt = self.rtt.unwrap_or(Duration::from_millis(50));
        for told in rtcp::read(compound) {
            match told {
                Told::Reception(report) => self.reception(&report, now),
                Told::Lacks { ssrc, seqs } => {
                    self.nacked += seqs.len() as u64;
                    let Some((slot, carrying)) = self.slot_of(ssrc) else {
                        continue;
                    };
                    for seq in seqs {
                        if let Some(original) = carrying.forwarder.requested(seq, rtt, now.at) {
                            let key = carrying.key;
                            requests.push(Request {
                                slot,
                                key,
                                original,
                            });
                        }
                    }
                }
                Told::WantsKeyframe { ssrc } => {
                    let carrying = self.slot_of(ssrc).map(|(_, carrying)| carrying);
                    keyframes.extend(carrying.and_then(|carrying| {
                        let shown = carrying.forwarder.layer().or(carrying.forwarder.target)?;
                        Some((carrying.key, shown))
                    }));
                }
                Told::Transport(report) => self.estimator.report(&report, now.mono_us as i64),
                Told::SenderClock { .. } => {}
            }
        }
        (requests, keyframes)
    }

    /// The slot with that SSRC, if its track may pass.
    fn slot_of(&mut self, ssrc: u32) -> Option<(usize, &mut Carrying)> {
        let slots = self.slots.iter_mut().enumerate();
        let mut carrying = slots.filter_map(|(at, slot)| Some((at, slot.carrying.as_mut()?)));
        carrying.find(|(_, carrying)| {
            carrying.forwarder.ssrc == ssrc && carrying.ready && carrying.allowed
        })
    }

    fn reception(&mut self, report: &ReceptionReport, now: Now) {
        let Some(carrying) = self
            .carrying()
            .find(|carrying| carrying.forwarder.ssrc == report.ssrc)
        else {
            return;
        };
        let rate = if carrying.key.source.is_audio() {
            48_000.0
        } else {
            90_000.0
        };
        self.loss = self.loss * 0.5 + f64::from(report.fraction_lost) / 256.0 * 0.5;
        self.jitter_ms = f64::from(report.jitter) * 1000.0 / rate;
        if report.last_sender_report != 0 {
            // RFC 3550 section 6.4.1: all three in units of 1/65536 s, modulo 2^32.
            let arrived = (ntp_from_us(now.wall_us) >> 16) as u32;
            let units = arrived
                .wrapping_sub(report.last_sender_report)
                .wrapping_sub(report.delay);
            let sample = Duration::from_micros(u64::from(units) * 1_000_000 / 65_536);
            if sample < Duration::from_secs(10) {
                self.rtt = Some(self.rtt.map_or(sample, |rtt| (rtt * 3 + sample) / 4));
            }
        }
    }

    /// Sends a kept packet again.
    pub fn resend(
        &mut self,
        request: Request,
        kept: &Kept,
        ids: &ExtensionIds,
        now: Now,
        out: &mut Output,
    ) {
        let carrying = self
            .slots
            .get_mut(request.slot)
            .and_then(|slot| slot.carrying.as_mut());
        let Some(carrying) =
            carrying.filter(|carrying| carrying.key == request.key && carrying.allowed)
        else {
            return;
        };
        let forwarder = &mut carrying.forwarder;
        let class = match forwarder.kind {
            CodecKind::Opus => Class::Sound,
            CodecKind::Vp8 | CodecKind::H264 => Class::Repair,
        };
        // Pictures that are stopped are not made whole either.
        if self.stopped && forwarder.transport_cc && class == Class::Repair {
            return;
        }
        let Some(again) = forwarder.resend(kept, request.original, ids) else {
            return;
        };
        if self.connection.send_rtp(class, again, now.at, out) {
            self.retransmitted += 1;
        }
    }

    /// Sends the sender reports that are due. `clock` knows a track's last report, tick rate, and our wall clock minus
    /// its publisher's.
    pub fn report(
        &mut self,
        clock: impl Fn(TrackKey, u64) -> Option<(SenderClock, u32, i64)>,
        now: Now,
        out: &mut Output,
    ) {
        for slot in &mut self.slots {
            let Some(carrying) = slot.carrying.as_mut() else {
                continue;
            };
            let forwarder = &mut carrying.forwarder;
            let recent = forwarder
                .reported_at
                .is_some_and(|at| now.at.saturating_duration_since(at) < REPORT);
            if recent || !carrying.ready || !carrying.allowed || forwarder.packets == 0 {
                continue;
            }
            let stream = forwarder.generation();
            let Some((clock, rate, offset_us)) = stream.and_then(|s| clock(carrying.key, s)) else {
                continue;
            };
            let publisher_rtp = clock.rtp_at(now.wall_us - offset_us, rate);
            let Some(rtp) = forwarder.rtp_time(publisher_rtp) else {
                continue;
            };
            forwarder.reported_at = Some(now.at);
            let (ntp, cname) = (ntp_from_us(now.wall_us), &carrying.id.seat.0);
            let report = rtcp::sender_report(
                forwarder.ssrc,
                ntp,
                rtp,
                forwarder.packets,
                forwarder.octets,
                cname,
            );
            self.connection.send_rtcp(report, out);
        }
    }

    pub fn stats(&self, now: Instant) -> HalfStats {
        HalfStats {
            connected: self.connection.present(),
            path: self.connection.path_kind(),
            loss: self.loss,
            jitter_ms: self.jitter_ms,
            bitrate_bps: self.connection.sent.meter.bps(now),
            packets: self.connection.sent.packets,
            bytes: self.connection.sent.bytes,
            nacked: self.nacked,
            retransmitted: self.retransmitted,
        }
    }
}

/// Gives a packet that leaves now its transport-wide number; `false` if it must not leave.
fn leaves(
    forwarder: &mut Forwarder,
    estimator: &mut Estimator,
    packet: &mut Outgoing,
    now: Now,
) -> bool {
    if !forwarder.transport_cc {
        return true;
    }
    let stamp = if packet.again {
        // The same number again is the same nonce again: it must be the same packet, this extension included.
        let Some(stamp) = forwarder.stamp_of(packet.number) else {
            return false;
        };
        estimator.sent_again(stamp);
        stamp
    } else {
        let bytes = packet.payload.len() + usize::from(packet.padding) + HEADERS;
        let stamp = estimator.sent(bytes, now.mono_us as i64);
        if packet.header.ssrc == forwarder.ssrc {
            forwarder.stamped(packet.number, stamp);
        }
        stamp
    };
    packet.header.transport = Some((TRANSPORT_CC_ID, stamp));
    true
}
