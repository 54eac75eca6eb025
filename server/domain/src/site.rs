//! Where the survey is: the registered site, and whether a device is shown to be there (R23).

use serde::{Deserialize, Serialize};

use crate::event::Position;

/// Metres in 1e-7 degrees of latitude, on a sphere of 6,371,008.8 m.
const METRES_PER_E7: f64 = 0.011_119_508;
const RADIANS_PER_E7: f64 = 1.745_329_251_994_329_6e-9;
/// Once around, in 1e-7 degrees.
const CIRCLE_E7: i64 = 3_600_000_000;

/// The registered position of the site and how far from it a device may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Site {
    pub lat_e7: i64,
    pub lon_e7: i64,
    /// 电子围栏: the limit in metres.
    pub fence_m: u32,
}

/// Where a person of the staff is, by that person's own word on the record (勘验人员是否在现场).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    #[default]
    Remote,
    OnSite,
}

impl Whereabouts {
    /// Left out of the journal, as in journals from before there was a choice.
    #[must_use]
    pub const fn is_remote(&self) -> bool {
        matches!(self, Self::Remote)
    }
}

impl Site {
    /// 定位偏差: distance and accuracy together, whole metres, rounded up.
    ///
    /// The device may be anywhere in its circle of accuracy, so only the far side of the circle shows that it is inside.
    #[must_use]
    pub fn deviation_m(&self, position: &Position) -> u32 {
        let north = degrees(self.lat_e7 - position.lat_e7) * METRES_PER_E7;
        let around = (self.lon_e7 - position.lon_e7).rem_euclid(CIRCLE_E7);
        let shorter = around.min(CIRCLE_E7 - around);
        let middle = degrees((self.lat_e7 + position.lat_e7) / 2) * RADIANS_PER_E7;
        let east = degrees(shorter) * METRES_PER_E7 * cosine(middle);
        let distance = (north * north + east * east).sqrt().ceil();
        // At most half way around the earth: far inside a u32.
        (distance as u32).saturating_add(position.accuracy_m)
    }

    /// Whether the device is shown to be inside the fence.
    #[must_use]
    pub fn holds(&self, position: &Position) -> bool {
        self.deviation_m(position) <= self.fence_m
    }
}

/// Exact: positions are far below 2^53.
fn degrees(e7: i64) -> f64 {
    e7 as f64
}

/// By its series for an angle of at most a right one: sums and products alone, so that a journal folds to the same state
/// on every machine.
fn cosine(angle: f64) -> f64 {
    let square = angle * angle;
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..=10 {
        let n = f64::from(n);
        term *= -square / ((2.0 * n - 1.0) * (2.0 * n));
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SITE: Site = Site {
        lat_e7: 391_234_567,
        lon_e7: 1_172_000_000,
        fence_m: 200,
    };

    fn at(lat_e7: i64, lon_e7: i64, accuracy_m: u32) -> Position {
        Position {
            lat_e7,
            lon_e7,
            accuracy_m,
        }
    }

    #[rstest]
    #[case::there(391_234_567, 1_172_000_000, 0, 0)]
    #[case::accuracy_counts(391_234_567, 1_172_000_000, 35, 35)]
    #[case::a_hundred_metres_north(391_243_560, 1_172_000_000, 0, 100)]
    #[case::a_thousandth_of_a_degree_east(391_234_567, 1_172_010_000, 0, 87)]
    #[case::the_next_city(400_000_000, 1_164_000_000, 10, 119_229)]
    fn r23_the_deviation_is_distance_and_accuracy(
        #[case] lat_e7: i64,
        #[case] lon_e7: i64,
        #[case] accuracy_m: u32,
        #[case] expected: u32,
    ) {
        let got = SITE.deviation_m(&at(lat_e7, lon_e7, accuracy_m));
        let tolerance = 1 + expected / 500;
        assert!(got.abs_diff(expected) <= tolerance, "{got} {expected}");
    }

    #[test]
    fn r23_the_fence_holds_up_to_its_limit_and_no_further() {
        assert!(SITE.holds(&at(391_234_567, 1_172_000_000, 200)));
        assert!(!SITE.holds(&at(391_234_567, 1_172_000_000, 201)));
    }

    #[test]
    fn r23_the_date_line_is_no_distance() {
        let site = Site {
            lat_e7: 0,
            lon_e7: 1_799_999_999,
            fence_m: 10,
        };
        assert!(site.holds(&at(0, -1_799_999_999, 5)));
    }
}
