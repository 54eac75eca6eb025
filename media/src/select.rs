//! Which layer of each picture a subscriber is to have: by its size on the screen, by what passes, and by importance.
//!
//! What is important comes first, and is made as sharp as its place on the screen asks for before anything else is shown;
//! the rest is shown small first, and then raised in turn, the largest first. Falling is immediate, rising takes room to
//! spare and time since the last fall. Pure.

use std::time::{Duration, Instant};

use crate::inbound::Rung;

/// What a layer costs above its own bits: retransmissions, headers.
const OVERHEAD: f64 = 1.1;
/// The room that rising needs above that.
const TO_RISE: f64 = 1.15;
/// After a fall nothing rises for this long.
const REST: Duration = Duration::from_millis(2500);
/// A layer with this share of the pixels on the screen is sharp enough.
const SHARP: f64 = 0.7;
/// Assumed of a layer that was never measured.
const UNKNOWN_BPS: u64 = 150_000;

/// A picture as a subscriber would have it.
#[derive(Clone, Debug)]
pub struct Item {
    /// From the smallest layer to the largest; what never came is not in it.
    pub rungs: Vec<Rung>,
    /// Pixels on the screen; `None` if unknown: as many as there are.
    pub pixels: Option<u32>,
    pub important: bool,
    /// The layer chosen last time.
    pub before: Option<usize>,
}

/// What may be sent.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    pub bps: u64,
    /// It was measured: before, the smallest layer is sent whatever it costs.
    pub proven: bool,
}

/// What was chosen for the items, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    pub layers: Vec<Option<usize>>,
    /// Bits a second that all would take as large as the screen shows them.
    pub wanted_bps: u64,
    /// Something did not fit at all.
    pub starved: bool,
    /// Something that was shown before is shown smaller now, or not at all.
    pub fell: bool,
}

fn cost(rung: &Rung) -> f64 {
    let bps = if rung.bps == 0 { UNKNOWN_BPS } else { rung.bps };
    bps as f64 * OVERHEAD
}

/// The rung that is large enough for the screen, by its place.
fn enough(item: &Item) -> usize {
    let top = item.rungs.len().saturating_sub(1);
    let Some(pixels) = item.pixels else {
        return top;
    };
    let sharp = |rung: &Rung| {
        let area = rung.size.map(|(w, h)| f64::from(w) * f64::from(h));
        area.is_some_and(|area| area >= f64::from(pixels) * SHARP)
    };
    item.rungs.iter().position(sharp).unwrap_or(top)
}

/// Chooses. Without a budget everything is as large as the screen shows it. `fell`: when something last fell.
pub fn choose(
    items: &[Item],
    budget: Option<Budget>,
    fell: Option<Instant>,
    now: Instant,
) -> Choice {
    let tops: Vec<usize> = items.iter().map(enough).collect();
    let top_cost = |(item, top): (&Item, &usize)| item.rungs.get(*top).map_or(0.0, cost);
    let wanted_bps = items.iter().zip(&tops).map(top_cost).sum::<f64>() as u64;
    let mut plan = Plan {
        items,
        chosen: vec![None; items.len()],
        left: budget.map(|budget| budget.bps as f64),
        may_rise: fell.is_none_or(|fell| now.saturating_duration_since(fell) >= REST),
    };
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse((items[*at].important, items[*at].pixels)));
    let proven = budget.is_none_or(|budget| budget.proven);
    let mut starved = false;
    for at in order
        .iter()
        .copied()
        .filter(|at| !items[*at].rungs.is_empty())
    {
        if !plan.raise(at, 0, !proven) {
            starved = true;
        } else if items[at].important {
            (1..=tops[at])
                .take_while(|rung| plan.raise(at, *rung, false))
                .count();
        }
    }
    let highest = tops.iter().copied().max().unwrap_or(0);
    for rung in 1..=highest {
        for at in order.iter().copied() {
            if plan.chosen[at] == Some(rung - 1) && rung <= tops[at] {
                plan.raise(at, rung, false);
            }
        }
    }
    let place = |at: usize| {
        let before = items[at].before?;
        items[at].rungs.iter().position(|rung| rung.layer == before)
    };
    let fell = (0..items.len()).any(|at| {
        place(at).is_some_and(|before| plan.chosen[at].is_none_or(|now| now < before.min(tops[at])))
    });
    let layer = |(item, chosen): (&Item, &Option<usize>)| Some(item.rungs[(*chosen)?].layer);
    Choice {
        layers: items.iter().zip(&plan.chosen).map(layer).collect(),
        wanted_bps,
        starved,
        fell,
    }
}

struct Plan<'a> {
    items: &'a [Item],
    chosen: Vec<Option<usize>>,
    left: Option<f64>,
    may_rise: bool,
}

impl Plan<'_> {
    /// Gives an item this rung instead of the one below, if that fits.
    fn raise(&mut self, at: usize, rung: usize, whatever_it_costs: bool) -> bool {
        let item = &self.items[at];
        let below = self.chosen[at].map_or(0.0, |below| cost(&item.rungs[below]));
        let more = cost(&item.rungs[rung]) - below;
        let had = item
            .before
            .and_then(|layer| item.rungs.iter().position(|r| r.layer == layer));
        let rises = had.is_none_or(|had| rung > had);
        let unknown = rung > 0 && item.rungs[rung].bps == 0;
        let fits = match self.left {
            None => true,
            Some(_) if unknown => false,
            Some(_) if whatever_it_costs => true,
            Some(left) if rises => self.may_rise && more * TO_RISE <= left,
            Some(left) => more <= left,
        };
        if fits {
            self.chosen[at] = Some(rung);
            self.left = self.left.map(|left| (left - more).max(0.0));
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn picture(pixels: u32, important: bool) -> Item {
        let rung = |(layer, kbps, w): (usize, u64, u16)| Rung {
            layer,
            bps: kbps * 1000,
            size: Some((w, w / 16 * 9)),
            alive: true,
        };
        let rungs = [(0, 100, 320), (1, 400, 640), (2, 1200, 1280)];
        Item {
            rungs: rungs.map(rung).to_vec(),
            pixels: Some(pixels),
            important,
            before: None,
        }
    }

    const LARGE: u32 = 1280 * 720;
    const SMALL: u32 = 320 * 180;

    fn layers(items: &[Item], kbps: u64) -> Vec<Option<usize>> {
        let budget = Budget {
            bps: kbps * 1000,
            proven: true,
        };
        choose(items, Some(budget), None, Instant::now()).layers
    }

    #[test]
    fn nobody_gets_more_than_the_screen_shows() {
        let items = [picture(LARGE, false), picture(SMALL, false)];
        let all = choose(&items, None, None, Instant::now());
        assert_eq!(all.layers, [Some(2), Some(0)]);
        assert_eq!(all.wanted_bps, 1_430_000);
        assert_eq!(layers(&items, 5_000), [Some(2), Some(0)]);
    }

    #[test]
    fn what_is_important_is_sharp_before_the_rest_is_seen() {
        let items = [
            picture(SMALL, false),
            picture(LARGE, true),
            picture(LARGE, false),
        ];
        assert_eq!(layers(&items, 1_500), [None, Some(2), Some(0)]);
        assert_eq!(layers(&items, 450), [Some(0), Some(0), Some(0)]);
        assert_eq!(layers(&items, 200), [None, Some(0), None]);
        assert_eq!(layers(&items, 100), [None, None, None]);
    }

    #[test]
    fn the_rest_is_raised_in_turn() {
        let items = [picture(LARGE, false), picture(LARGE, false)];
        assert_eq!(layers(&items, 800), [Some(1), Some(0)]);
        assert_eq!(layers(&items, 1_100), [Some(1), Some(1)]);
    }

    #[test]
    fn what_is_shown_stays_at_the_edge_and_rests_after_a_fall() {
        let mut shown = picture(LARGE, false);
        assert_eq!(layers(&[shown.clone()], 460), [Some(0)], "no room to spare");
        shown.before = Some(1);
        assert_eq!(layers(&[shown.clone()], 460), [Some(1)], "it fits");
        let (now, budget) = (Instant::now(), |kbps: u64| Budget {
            bps: kbps * 1000,
            proven: true,
        });
        let fall = choose(&[shown.clone()], Some(budget(400)), None, now);
        assert_eq!((fall.layers, fall.fell), (vec![Some(0)], true));
        shown.before = Some(0);
        let after = |ms| {
            let later = now + Duration::from_millis(ms);
            choose(&[shown.clone()], Some(budget(3_000)), Some(now), later).layers
        };
        assert_eq!((after(1_000), after(3_000)), (vec![Some(0)], vec![Some(2)]));
    }

    #[test]
    fn the_only_layer_is_sent_until_the_way_is_known() {
        let mut only = picture(LARGE, false);
        only.rungs.drain(..2);
        let unproven = Budget {
            bps: 300_000,
            proven: false,
        };
        let choice = choose(&[only.clone()], Some(unproven), None, Instant::now());
        assert_eq!((choice.layers, choice.starved), (vec![Some(2)], false));
        let proven = Budget {
            proven: true,
            ..unproven
        };
        let choice = choose(&[only], Some(proven), None, Instant::now());
        assert_eq!((choice.layers, choice.starved), (vec![None], true));
    }
}
