//! What a subscriber sees: layers by what passes and what its screen shows, and looking for room for more.

use std::collections::{BTreeMap, BTreeSet};

use super::{Carrying, Down, TrackKey, leaves};
use crate::api::{CodecKind, Source, TrackId, View};
use crate::inbound::Rung;
use crate::select::{Budget, Item, choose};
use crate::worker::{Now, Output};

/// A wait before the bottleneck from which a layer that is too much stops at once, rather than at the next keyframe, µs.
const URGENT: i64 = 150_000;

/// A wait from which no picture is sent at all until it is short again, µs: sound is all that would come in time.
const STOP: i64 = 400_000;
const RESUME: i64 = 100_000;

/// The layers of every picture in the room.
pub type Ladders = BTreeMap<TrackKey, Vec<Rung>>;

impl Down {
    /// Chooses the layers anew. `views`: what the screen shows; `None` if the client never said. Adds to `needed` what
    /// must be sent for it. Says whether [`Down::audio_only`] changed.
    pub fn choose_layers(
        &mut self,
        ladders: &Ladders,
        views: Option<&BTreeMap<TrackId, View>>,
        needed: &mut BTreeSet<(TrackKey, usize)>,
        now: Now,
    ) -> bool {
        let mono = now.mono_us as i64;
        let reports = self.reports();
        let estimate = self.estimator.estimate(mono).filter(|_| reports);
        let sound = self.sound.bps(now.at);
        let budget = estimate.map(|bps| Budget {
            bps: bps.saturating_sub(sound),
            proven: self.estimator.proven(),
        });
        let shown = |carrying: &Carrying| {
            let view = views.map(|views| views.get(&carrying.id));
            let picture = carrying.forwarder.kind != CodecKind::Opus;
            // What a client that speaks of its screen does not name is not on it.
            (picture && carrying.ready && carrying.allowed && view != Some(None)).then(|| Item {
                rungs: ladders.get(&carrying.key).cloned().unwrap_or_default(),
                pixels: view.flatten().map(View::pixels),
                important: view.flatten().is_some_and(|view| view.important)
                    || carrying.key.source == Source::Screen,
                before: carrying.chosen,
            })
        };
        let items: Vec<Option<Item>> = self.carrying().map(shown).collect();
        let known: Vec<Item> = items.iter().flatten().cloned().collect();
        let choice = choose(&known, budget, self.fell, now.at);
        if choice.fell {
            self.fell = Some(now.at);
        }
        self.estimator.want((choice.wanted_bps + sound) * 11 / 10);
        let queue = self.estimator.queue_us();
        let urgent = queue > URGENT;
        self.stopped = queue > if self.stopped { RESUME } else { STOP };
        let stopped = self.stopped;
        let mut chosen = choice.layers.iter().copied();
        let mut pictures = false;
        for (carrying, item) in self.carrying_mut().zip(&items) {
            if carrying.forwarder.kind == CodecKind::Opus {
                continue;
            }
            let layer = item.as_ref().and_then(|_| chosen.next().flatten());
            pictures |= layer.is_some();
            let rungs = item.as_ref().map_or(&[][..], |item| &item.rungs);
            carrying.turn_to(layer, rungs, urgent);
            if stopped {
                carrying.forwarder.target = None;
                carrying.forwarder.pause();
            }
            let kept = [layer, carrying.forwarder.target, carrying.forwarder.layer()];
            needed.extend(
                kept.into_iter()
                    .flatten()
                    .map(|layer| (carrying.key, layer)),
            );
        }
        let audio_only = choice.starved && !pictures;
        std::mem::replace(&mut self.audio_only, audio_only) != audio_only
    }

    /// Looks for room for more where more is wanted, and lets a silent way grow narrow.
    pub fn probe(&mut self, now: Now, out: &mut Output) {
        let mono = now.mono_us as i64;
        self.estimator.tick(mono);
        if !self.connection.connected() {
            return;
        }
        let with_padding = |carrying: &&mut Carrying| carrying.ready && carrying.allowed;
        let slots = self
            .slots
            .iter_mut()
            .filter_map(|slot| slot.carrying.as_mut());
        let mut forwarders = slots.filter(with_padding).map(|c| &mut c.forwarder);
        let Some((forwarder, first)) = forwarders.find_map(|f| f.padding().map(|p| (f, p))) else {
            return;
        };
        self.estimator.probe(mono);
        let mut next = Some(first);
        while self.estimator.to_probe() > 0
            && let Some(mut packet) = next.take().or_else(|| forwarder.padding())
        {
            leaves(forwarder, &mut self.estimator, &mut packet, now);
            self.connection.send_padding(&packet, now.at, out);
        }
    }
}

impl Carrying {
    /// Takes a choice: of the layers that are sent the largest not above it, else the smallest.
    fn turn_to(&mut self, layer: Option<usize>, rungs: &[Rung], urgent: bool) {
        self.chosen = layer;
        let place = |layer| rungs.iter().position(|rung| rung.layer == layer);
        let sent = layer.map(|layer| {
            let upto = place(layer).unwrap_or(0);
            let below = rungs.iter().take(upto + 1).rev().find(|rung| rung.alive);
            let above = || rungs.iter().find(|rung| rung.alive);
            below.or_else(above).map_or(layer, |rung| rung.layer)
        });
        self.forwarder.target = sent;
        let shown = self.forwarder.layer();
        let falls = shown.is_some() && sent.and_then(place) < shown.and_then(place);
        if shown.is_some() && (sent.is_none() || falls && urgent) {
            self.forwarder.pause();
        }
    }
}
