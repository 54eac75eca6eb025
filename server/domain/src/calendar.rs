//! Working days by a loaded holiday table with make-up days (R04). A date outside the table is an error, never a guess.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday, time};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

/// Asia/Shanghai, which keeps one offset all year.
const SHANGHAI: Offset = jiff::tz::offset(8);

/// The example years (示例) that come with the program.
const EXAMPLE: &str = include_str!("../data/holidays.json");

/// The longest span that a count may ask for; keeps every loop short.
const MOST_DAYS: u32 = 1_000;

/// Why a day cannot be told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The table of that date's year is not loaded.
    #[error("no holiday table for {0}")]
    NotLoaded(Date),
    /// A moment that is no date.
    #[error("no date at {0} µs")]
    NoDate(i64),
    #[error("the holiday table is malformed: {0}")]
    Malformed(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "note")]
    _note: String,
    years: Vec<HolidayYear>,
}

/// One year as it is announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayYear {
    pub year: i16,
    pub holidays: Vec<Holiday>,
    /// 调休: days of a weekend that are worked.
    pub make_up_days: Vec<Date>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    pub name: String,
    pub from: Date,
    pub until: Date,
}

/// Which days are worked, for the years that are loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeSet<i16>,
    holidays: BTreeSet<Date>,
    make_up_days: BTreeSet<Date>,
}

impl Calendar {
    /// # Errors
    /// When a year is there twice, a holiday ends before it begins, or a make-up day is a holiday or no weekend day.
    pub fn new(years: impl IntoIterator<Item = HolidayYear>) -> Result<Self, CalendarError> {
        let malformed = |why: String| CalendarError::Malformed(why);
        let mut calendar = Self {
            years: BTreeSet::new(),
            holidays: BTreeSet::new(),
            make_up_days: BTreeSet::new(),
        };
        for year in years {
            if !calendar.years.insert(year.year) {
                return Err(malformed(format!("{} is there twice", year.year)));
            }
            for holiday in year.holidays {
                if holiday.until < holiday.from {
                    return Err(malformed(format!("{} ends first", holiday.from)));
                }
                let days = holiday.from.series(jiff::Span::new().days(1));
                let days = days.take_while(|day| *day <= holiday.until);
                calendar.holidays.extend(days.take(MOST_DAYS as usize));
            }
            calendar.make_up_days.extend(year.make_up_days);
        }
        let wrong = |day: &&Date| calendar.holidays.contains(*day) || !is_weekend(**day);
        if let Some(day) = calendar.make_up_days.iter().find(wrong) {
            return Err(malformed(format!("{day} is not made up for")));
        }
        Ok(calendar)
    }

    /// Of the examples (示例) that come with the program: 2026 and 2027.
    ///
    /// # Errors
    /// Never with the file as shipped; a test holds that.
    pub fn example() -> Result<Self, CalendarError> {
        Self::new(example_years()?)
    }

    /// # Errors
    /// When the year of the date is not loaded.
    pub fn is_working_day(&self, date: Date) -> Result<bool, CalendarError> {
        if !self.years.contains(&date.year()) {
            return Err(CalendarError::NotLoaded(date));
        }
        Ok(self.make_up_days.contains(&date)
            || !(is_weekend(date) || self.holidays.contains(&date)))
    }

    /// The `days`th working day after `from`, which itself is not counted; `from` for none.
    ///
    /// # Errors
    /// When a date on the way is not loaded.
    pub fn add_working_days(&self, from: Date, days: u32) -> Result<Date, CalendarError> {
        let mut date = from;
        let mut left = days;
        while left > 0 {
            date = next(date)?;
            if self.is_working_day(date)? {
                left -= 1;
            }
        }
        Ok(date)
    }

    /// Working days after `from` up to and with `until`; 0 where `until` is not later.
    ///
    /// # Errors
    /// When a date on the way is not loaded.
    pub fn working_days_between(&self, from: Date, until: Date) -> Result<u32, CalendarError> {
        let mut date = from;
        let mut count = 0;
        while date < until {
            date = next(date)?;
            count += u32::from(self.is_working_day(date)?);
        }
        Ok(count)
    }
}

/// The examples (示例) that come with the program: 2026 and 2027.
///
/// # Errors
/// Never with the file as shipped; a test holds that.
pub fn example_years() -> Result<Vec<HolidayYear>, CalendarError> {
    let table: Result<Table, _> = serde_json::from_str(EXAMPLE);
    let table = table.map_err(|error| CalendarError::Malformed(error.to_string()))?;
    Ok(table.years)
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn next(date: Date) -> Result<Date, CalendarError> {
    date.tomorrow().map_err(|_| CalendarError::NotLoaded(date))
}

/// The day in Shanghai of a moment in UTC µs.
///
/// # Errors
/// When the moment is outside of all dates.
pub fn day_of(at: i64) -> Result<Date, CalendarError> {
    let moment = Timestamp::from_microsecond(at).map_err(|_| CalendarError::NoDate(at))?;
    Ok(moment.to_zoned(TimeZone::fixed(SHANGHAI)).date())
}

/// The last microsecond of a day in Shanghai, UTC µs.
///
/// # Errors
/// When the day is at the end of all dates.
pub fn end_of_day(date: Date) -> Result<i64, CalendarError> {
    let last = date.to_datetime(time(23, 59, 59, 999_999_000));
    SHANGHAI
        .to_timestamp(last)
        .map(|moment| moment.as_microsecond())
        .map_err(|_| CalendarError::NotLoaded(date))
}
