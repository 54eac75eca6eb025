//! Order of closing and opening the relay around an append: what narrows is closed before it is journalled, what widens is
//! opened after (design.md section 3).

use std::collections::{BTreeMap, BTreeSet};

use kanjie_domain::{Publishing, SeatId, Session};

pub type Audience = BTreeMap<SeatId, Publishing>;

/// What the relay is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    pub audience: Audience,
    /// Among these, media are negotiated already.
    pub ready: BTreeSet<SeatId>,
}

impl Allowed {
    #[must_use]
    pub fn by(session: &Session) -> Self {
        Self {
            audience: kanjie_domain::audience(session),
            ready: kanjie_domain::ready(session),
        }
    }
}

/// What both allow.
fn intersection(a: &Audience, b: &Audience) -> Audience {
    a.iter()
        .filter_map(|(seat, left)| {
            let right = b.get(seat)?;
            let both = Publishing {
                to: left.to.intersection(&right.to).cloned().collect(),
                record: left.record && right.record,
            };
            Some((seat.clone(), both))
        })
        .collect()
}

/// What must be applied before the append, where going from `now` to `next` takes anything away.
#[must_use]
pub fn before(now: &Allowed, next: &Allowed) -> Option<Allowed> {
    let both = intersection(&now.audience, &next.audience);
    let ready = now.ready.clone();
    (effective(&both) != effective(&now.audience)).then_some(Allowed {
        audience: both,
        ready,
    })
}

/// Seats that publish to nobody and are not recorded count as absent.
fn effective(audience: &Audience) -> BTreeMap<&SeatId, &Publishing> {
    audience
        .iter()
        .filter(|(_, publishing)| publishing.record || !publishing.to.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(list: &[(&str, &[&str], bool)]) -> Allowed {
        let audience = list
            .iter()
            .map(|(seat, to, record)| {
                let to = to.iter().map(|s| SeatId((*s).to_owned())).collect();
                (
                    SeatId((*seat).to_owned()),
                    Publishing {
                        to,
                        record: *record,
                    },
                )
            })
            .collect();
        Allowed {
            audience,
            ready: BTreeSet::new(),
        }
    }

    #[test]
    fn widening_needs_nothing_before() {
        let now = allowed(&[("a", &["b"], true)]);
        let next = allowed(&[("a", &["b", "c"], true), ("c", &["a"], true)]);
        assert_eq!(before(&now, &next), None);
        assert_eq!(before(&allowed(&[]), &next), None);
    }

    #[test]
    fn narrowing_one_way_and_widening_another_closes_first() {
        let now = allowed(&[("a", &["b"], true), ("b", &["a"], true)]);
        let next = allowed(&[("a", &["c"], true), ("b", &["a", "c"], true)]);
        assert_eq!(
            before(&now, &next),
            Some(allowed(&[("a", &[], true), ("b", &["a"], true)]))
        );
    }

    #[test]
    fn ending_the_recording_of_a_seat_is_narrowing() {
        let now = allowed(&[("a", &["b"], true)]);
        let next = allowed(&[("a", &["b"], false)]);
        assert_eq!(before(&now, &next), Some(next));
    }

    #[test]
    fn a_seat_that_leaves_is_closed() {
        let now = allowed(&[("a", &["b"], true), ("b", &["a"], true)]);
        let next = allowed(&[("b", &[], true)]);
        assert_eq!(before(&now, &next), Some(next));
    }
}
