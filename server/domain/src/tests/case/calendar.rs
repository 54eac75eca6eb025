//! R04: the calendar itself.

use proptest::prelude::*;
use rstest::rstest;

use super::play::date;
use crate::calendar::{Calendar, CalendarError, HolidayYear, day_of, end_of_day};

fn calendar() -> Calendar {
    Calendar::example().unwrap()
}

#[rstest]
#[case("2026-03-02", true, "Monday")]
#[case("2026-03-07", false, "Saturday")]
#[case("2026-01-01", false, "New Year")]
#[case("2026-01-04", true, "Sunday made up")]
#[case("2026-02-14", true, "Saturday made up")]
#[case("2026-02-16", false, "Spring Festival")]
#[case("2026-02-23", false, "its last day")]
#[case("2026-02-24", true, "the day after")]
#[case("2026-09-20", true, "Sunday made up")]
#[case("2026-10-10", true, "Saturday made up")]
#[case("2027-02-08", false, "Spring Festival of the example")]
#[case("2027-10-09", true, "made up in the example")]
fn r04_working_days_are_those_of_the_table(
    #[case] day: &str,
    #[case] works: bool,
    #[case] why: &str,
) {
    assert_eq!(calendar().is_working_day(date(day)), Ok(works), "{why}");
}

#[rstest]
#[case("2026-02-13", 1, "2026-02-14")]
#[case("2026-02-13", 2, "2026-02-24")]
#[case("2026-02-24", 4, "2026-02-28")]
#[case("2026-02-24", 5, "2026-03-02")]
#[case("2026-09-30", 1, "2026-10-08")]
#[case("2026-09-30", 3, "2026-10-10")]
#[case("2026-12-31", 1, "2027-01-04")]
#[case("2026-03-07", 0, "2026-03-07")]
fn r04_make_up_days_count_and_holidays_do_not(
    #[case] from: &str,
    #[case] days: u32,
    #[case] until: &str,
) {
    assert_eq!(
        calendar().add_working_days(date(from), days),
        Ok(date(until))
    );
}

#[test]
fn r04_a_date_outside_the_table_is_refused() {
    let calendar = calendar();
    for day in ["2025-12-31", "2028-01-03"] {
        let refused = calendar.is_working_day(date(day));
        assert_eq!(refused, Err(CalendarError::NotLoaded(date(day))));
    }
    assert!(calendar.add_working_days(date("2027-12-30"), 5).is_err());
    let between = calendar.working_days_between(date("2027-12-30"), date("2028-01-10"));
    assert!(between.is_err());
}

#[rstest]
#[case(r#"[{"year":2026,"holidays":[],"make_up_days":["2026-03-02"]}]"#)]
#[case(r#"[{"year":2026,"holidays":[{"name":"","from":"2026-03-07","until":"2026-03-07"}],"make_up_days":["2026-03-07"]}]"#)]
#[case(r#"[{"year":2026,"holidays":[{"name":"","from":"2026-03-07","until":"2026-03-06"}],"make_up_days":[]}]"#)]
#[case(r#"[{"year":2026,"holidays":[],"make_up_days":[]},{"year":2026,"holidays":[],"make_up_days":[]}]"#)]
fn r04_a_table_that_contradicts_itself_is_not_loaded(#[case] years: &str) {
    let years: Vec<HolidayYear> = serde_json::from_str(years).unwrap();
    assert!(matches!(
        Calendar::new(years),
        Err(CalendarError::Malformed(_))
    ));
}

#[test]
fn a_day_is_a_day_in_shanghai() {
    let last = end_of_day(date("2026-03-02")).unwrap();
    assert_eq!(day_of(last), Ok(date("2026-03-02")));
    assert_eq!(day_of(last + 1), Ok(date("2026-03-03")));
    assert_eq!(day_of(i64::MAX), Err(CalendarError::NoDate(i64::MAX)));
}

proptest! {
    #[test]
    fn r04_counting_is_the_inverse_of_adding(day in 0_i32..500, days in 0_u32..60) {
        let calendar = calendar();
        let from = date("2026-01-01").saturating_add(jiff::Span::new().days(day));
        let until = calendar.add_working_days(from, days).unwrap();
        prop_assert_eq!(calendar.working_days_between(from, until), Ok(days));
        prop_assert!(days == 0 || calendar.is_working_day(until).unwrap());
    }
}
