//! Order of closing and opening the relay around an append: what narrows is closed before it is journalled, what widens is
//! opened after (design.md section 3).

use std::collections::BTreeMap;

use kanjie_domain::{Publishing, SeatId};

pub type Audience = BTreeMap<SeatId, Publishing>;

/// What both allow.
#[must_use]
pub fn intersection(a: &Audience, b: &Audience) -> Audience {
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
pub fn before(now: &Audience, next: &Audience) -> Option<Audience> {
    let both = intersection(now, next);
    (effective(&both) != effective(now)).then_some(both)
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

    fn audience(list: &[(&str, &[&str], bool)]) -> Audience {
        list.iter()
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
            .collect()
    }

    #[test]
    fn widening_needs_nothing_before() {
        let now = audience(&[("a", &["b"], true)]);
        let next = audience(&[("a", &["b", "c"], true), ("c", &["a"], true)]);
        assert_eq!(before(&now, &next), None);
        assert_eq!(before(&audience(&[]), &next), None);
    }

    #[test]
    fn narrowing_one_way_and_widening_another_closes_first() {
        let now = audience(&[("a", &["b"], true), ("b", &["a"], true)]);
        let next = audience(&[("a", &["c"], true), ("b", &["a", "c"], true)]);
        assert_eq!(
            before(&now, &next),
            Some(audience(&[("a", &[], true), ("b", &["a"], true)]))
        );
    }

    #[test]
    fn ending_the_recording_of_a_seat_is_narrowing() {
        let now = audience(&[("a", &["b"], true)]);
        let next = audience(&[("a", &["b"], false)]);
        assert_eq!(before(&now, &next), Some(next));
    }

    #[test]
    fn a_seat_that_leaves_is_closed() {
        let now = audience(&[("a", &["b"], true), ("b", &["a"], true)]);
        let next = audience(&[("b", &[], true)]);
        assert_eq!(before(&now, &next), Some(next));
    }
}
