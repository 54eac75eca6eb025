//! Which layers a room's subscribers have, and which the publishers need not send.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::api::{CodecKind, MediaError, RelayEvent, SeatId, View};
use crate::down::TrackKey;
use crate::room::{Context, Room};
use crate::worker::Now;

/// Time between choices.
const EVERY: Duration = Duration::from_millis(50);
/// A layer that nobody needs is paused after this long.
const UNNEEDED: Duration = Duration::from_secs(3);
/// Pictures of one screen.
const MAX_VIEWS: usize = 128;

/// What was chosen and told.
#[derive(Debug, Default)]
pub struct Pictures {
    chosen_at: Option<Instant>,
    /// When each layer was last needed.
    needed: BTreeMap<(TrackKey, usize), Instant>,
    /// The layers that each publisher was told to send, by track and its first generation.
    told: BTreeMap<TrackKey, BTreeSet<usize>>,
}

impl Room {
    pub fn set_views(
        &mut self,
        seat: &SeatId,
        views: Vec<View>,
        now: Now,
        context: &mut Context,
    ) -> Result<(), MediaError> {
        if views.len() > MAX_VIEWS {
            return Err(MediaError::TooMany("views of one screen"));
        }
        let key = self.find_seat(seat).ok_or(MediaError::UnknownSeat)?;
        let state = self.seats.get_mut(&key).ok_or(MediaError::UnknownSeat)?;
        let views = views.into_iter().map(|view| (view.track.clone(), view));
        state.views = Some(views.collect());
        self.pictures.chosen_at = None;
        self.choose_layers(now, context);
        Ok(())
    }

    /// Chooses the layers of all subscribers, if it is time, and tells publishers what is needed.
    pub(super) fn choose_layers(&mut self, now: Now, context: &mut Context) {
        let recently = |at: Instant| now.at.saturating_duration_since(at) < EVERY;
        if self.pictures.chosen_at.is_some_and(recently) {
            return;
        }
        self.pictures.chosen_at = Some(now.at);
        let mut ladders = BTreeMap::new();
        let mut needed = BTreeSet::new();
        for (seat, state) in &self.seats {
            for track in state.up.iter().flat_map(|up| &up.tracks) {
                if track.codec.kind == CodecKind::Opus {
                    continue;
                }
                let key = TrackKey {
                    seat: *seat,
                    source: track.id.source,
                };
                let mut ladder = track.ladder();
                // The recording has the largest there is.
                needed.extend(
                    ladder
                        .last()
                        .filter(|_| state.record)
                        .map(|rung| (key, rung.layer)),
                );
                // A layer that never came may never come: a small picture has fewer.
                ladder.retain(|rung| rung.alive || rung.bps > 0);
                ladders.insert(key, ladder);
            }
        }
        for seat in self.seats.values_mut() {
            let Some(down) = seat.down.as_mut() else {
                continue;
            };
            if down.choose_layers(&ladders, seat.views.as_ref(), &mut needed, now) {
                context.out.events.push(RelayEvent::AudioOnly {
                    room: self.id.clone(),
                    seat: seat.id.clone(),
                    on: down.audio_only,
                });
            }
        }
        let needed = needed.into_iter().map(|layer| (layer, now.at));
        self.pictures.needed.extend(needed);
        self.tell_publishers(now, context);
    }

    fn tell_publishers(&mut self, now: Now, context: &mut Context) {
        let Pictures { needed, told, .. } = &mut self.pictures;
        needed.retain(|_, at| now.at.saturating_duration_since(*at) < UNNEEDED);
        let mut live = BTreeSet::new();
        for (seat, state) in &self.seats {
            for track in state.up.iter().flat_map(|up| &up.tracks) {
                let all = track.layers.len();
                let began = track.layers.iter().any(|layer| layer.stream.is_some());
                if all < 2 || !began {
                    continue;
                }
                let key = TrackKey {
                    seat: *seat,
                    source: track.id.source,
                };
                live.insert(key);
                // A track that begins sends everything, and may for a while: who needs what is not known yet.
                let wanted: BTreeSet<usize> = (0..all)
                    .filter(|layer| {
                        needed.contains_key(&(key, *layer))
                            || track.began_within(*layer, now.at, UNNEEDED)
                    })
                    .collect();
                let before = told.entry(key).or_insert_with(|| (0..all).collect());
                if *before != wanted {
                    before.clone_from(&wanted);
                    let rids = wanted
                        .iter()
                        .filter_map(|at| track.layers.get(*at)?.rid.clone());
                    context.out.events.push(RelayEvent::LayersWanted {
                        room: self.id.clone(),
                        track: (*track.id).clone(),
                        rids: rids.collect(),
                    });
                }
            }
        }
        told.retain(|key, _| live.contains(key));
    }
}
