//! What a room does as time passes: requests, reports, who is loudest, what the tap dropped.

use std::time::Duration;

use crate::api::{Half, RelayEvent, Source};
use crate::down::TrackKey;
use crate::peer::{Change, ConnectionRef};
use crate::room::{Context, Room, Seat};
use crate::up::DEFAULT_RTT;
use crate::worker::Now;

/// Time between looks at who is loudest.
const SPEAKER_EVERY: Duration = Duration::from_millis(200);
/// Loudness (127 is full scale) from which a voice counts, and by how much it must beat the present speaker.
const VOICE: f32 = 70.0;
const LOUDER_BY: f32 = 4.0;
/// Time between questions to the tap about what it dropped.
const TAP_EVERY: Duration = Duration::from_secs(1);

impl Room {
    pub fn tick(&mut self, now: Now, context: &mut Context) {
        let keys: Vec<u32> = self.seats.keys().copied().collect();
        let mut ended = false;
        for key in keys {
            for half in [Half::Up, Half::Down] {
                let reference = ConnectionRef {
                    room: self.key,
                    seat: key,
                    half,
                };
                let Some(connection) = self.connection_mut(reference) else {
                    continue;
                };
                let change =
                    connection.tick(&context.limits, now, &mut context.scratch, &mut context.out);
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
            if let Some(down) = self.seats.get_mut(&key).and_then(|seat| seat.down.as_mut()) {
                down.probe(now, &mut context.out);
            }
        }
        self.choose_layers(now, context);
        if ended {
            self.refresh(context);
        }
        self.find_speaker(now, context);
        if self
            .tap_at
            .is_none_or(|at| now.at.saturating_duration_since(at) >= TAP_EVERY)
        {
            self.tap_at = Some(now.at);
            for (track, lost) in self.tap.take_lost() {
                context.out.events.push(RelayEvent::TapOverflow {
                    room: self.id.clone(),
                    track,
                    lost,
                });
            }
        }
    }

    fn report_to(&mut self, key: u32, now: Now, context: &mut Context) {
        let Some(mut down) = self.seats.get_mut(&key).and_then(|seat| seat.down.take()) else {
            return;
        };
        if down.connection.connected() {
            let clock = |key: TrackKey, generation: u64| {
                let up = self.seats.get(&key.seat)?.up.as_ref()?;
                let track = up.track(key.source)?;
                let rate = track.codec.clock_rate;
                Some((track.clock(generation)?, rate, up.clock_offset_us?))
            };
            down.report(clock, now, &mut context.out);
        }
        if let Some(seat) = self.seats.get_mut(&key) {
            seat.down = Some(down);
        }
    }

    fn find_speaker(&mut self, now: Now, context: &mut Context) {
        if self
            .speaker_at
            .is_some_and(|at| now.at.saturating_duration_since(at) < SPEAKER_EVERY)
        {
            return;
        }
        self.speaker_at = Some(now.at);
        let loudness = |seat: &Seat| {
            let track = seat
                .up
                .as_ref()
                .filter(|_| seat.heard)
                .and_then(|up| up.track(Source::Microphone));
            track.map_or(0.0, |track| track.loudness_at(now.at))
        };
        let loudest = self
            .seats
            .iter()
            .map(|(key, seat)| (*key, loudness(seat)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((key, loud)) = loudest.filter(|(_, loud)| *loud >= VOICE) else {
            return;
        };
        let present = self
            .speaker
            .and_then(|speaker| self.seats.get(&speaker))
            .map_or(0.0, loudness);
        if self.speaker != Some(key) && loud >= present + LOUDER_BY {
            self.speaker = Some(key);
            self.follow();
            if let Some(seat) = self.seats.get(&key) {
                context.out.events.push(RelayEvent::Speaking {
                    room: self.id.clone(),
                    seat: seat.id.clone(),
                });
            }
        }
    }
}
