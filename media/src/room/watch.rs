//! Clients that offered to receive (WHEP): their connection, and what it shows by now.

use std::collections::BTreeMap;

use crate::api::{Half, MediaError, SeatId, Source, Watch};
use crate::down::{Down, TrackKey, Wanted};
use crate::peer::ConnectionRef;
use crate::room::{Context, Room};
use crate::sdp::{Description, LocalSide, watch as sdp};
use crate::worker::Now;

impl Room {
    pub fn answer_down(
        &mut self,
        seat: &SeatId,
        offer: &str,
        watch: Watch,
        now: Now,
        context: &mut Context,
    ) -> Result<String, MediaError> {
        let offer = Description::parse(offer, &context.limits)?;
        let agreed = sdp::agree(&offer)?;
        let key = self.seat_key(seat, context)?;
        let reference = ConnectionRef {
            room: self.key,
            seat: key,
            half: Half::Down,
        };
        let state = self.seats.get_mut(&key).ok_or(MediaError::UnknownSeat)?;
        if let Some(mut old) = state.down.take() {
            context.forget(&mut old.connection);
        }
        let mut down = Down::new(context.connection(reference, now));
        down.connection.remote_ufrag = Some(offer.ice.ufrag.clone());
        down.watch(seat, watch, agreed, &mut context.rng);
        let change = down.connection.expect_peer(
            offer.fingerprint,
            &context.identity,
            &context.limits,
            now,
            &mut context.scratch,
            &mut context.out,
        );
        down.connection.version += 1;
        let side = LocalSide {
            ice: &down.connection.local,
            fingerprint: &context.identity.fingerprint,
            candidates: &context.candidates,
            session: down.connection.session,
            version: down.connection.version,
        };
        let text = sdp::write(&offer, &down.answered(), seat, &side);
        state.down = Some(down);
        if let Some(change) = change {
            self.changed(reference, change, now, context);
        }
        self.follow_at([key]);
        Ok(text)
    }

    /// Gives every watching client the tracks that it is to see by now.
    pub(super) fn follow(&mut self) {
        let keys: Vec<u32> = self.seats.keys().copied().collect();
        self.follow_at(keys);
    }

    fn follow_at(&mut self, keys: impl IntoIterator<Item = u32>) {
        let watch_of = |key: u32| {
            let down = self.seats.get(&key)?.down.as_ref()?;
            Some((key, down.watched()?.clone()))
        };
        let watching: Vec<(u32, Watch)> = keys.into_iter().filter_map(watch_of).collect();
        if watching.is_empty() {
            return;
        }
        let publishing = self.seats.iter().filter(|(_, seat)| seat.up.is_some());
        let publishing: BTreeMap<SeatId, u32> = publishing
            .map(|(key, seat)| (seat.id.clone(), *key))
            .collect();
        for (key, watch) in watching {
            let wanted = self.watched(key, &watch, &publishing);
            if let Some(down) = self.seats.get_mut(&key).and_then(|seat| seat.down.as_mut()) {
                down.follow(wanted);
            }
        }
    }

    fn watched(
        &self,
        watcher: u32,
        watch: &Watch,
        publishing: &BTreeMap<SeatId, u32>,
    ) -> Vec<Wanted> {
        let Some(watcher) = self.seats.get(&watcher) else {
            return Vec::new();
        };
        let tracks = |key: u32, screen: bool| -> Vec<Wanted> {
            let seat = self.seats.get(&key);
            let seat = seat.filter(|seat| self.policy.may_receive(&seat.id, &watcher.id));
            let tracks = seat.iter().flat_map(|seat| seat.up.iter());
            let tracks = tracks.flat_map(|up| &up.tracks);
            let of_screen =
                |source| matches!(source, Source::Screen | Source::ScreenAudio) == screen;
            tracks
                .filter(|track| of_screen(track.id.source))
                .map(|track| Wanted {
                    key: TrackKey {
                        seat: key,
                        source: track.id.source,
                    },
                    id: (*track.id).clone(),
                    codec: (*track.codec).clone(),
                })
                .collect()
        };
        match watch {
            Watch::Seat { seat, screen } => publishing
                .get(seat)
                .map(|key| tracks(*key, *screen))
                .unwrap_or_default(),
            Watch::ActiveSpeaker => {
                let speaker = self.speaker.iter().copied();
                let mut all = speaker.chain(publishing.values().copied());
                let found = all.find_map(|key| {
                    let tracks = tracks(key, false);
                    (!tracks.is_empty()).then_some(tracks)
                });
                found.unwrap_or_default()
            }
        }
    }
}
