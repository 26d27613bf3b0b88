//! Months of the calendar (UTC), and what the counters of a batch say of each.

use crate::clock::civil_date;
use std::fmt;

const DAY_NS: i64 = 86_400_000_000_000;
/// Days of an era of 400 years, after which the calendar repeats.
const ERA_DAYS: i64 = 146_097;
/// Days from the first of March of the year 0 to 1970.
const TO_1970: i64 = 719_468;

/// The first and the last month whose start a time can hold: October 1677 and April 2262.
const STARTS: (u32, u32) = (1677 * 12 + 9, 2262 * 12 + 3);

/// A month of the calendar, UTC: as months since January of the year 0. The times of a store reach
/// from 1677 to 2262.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month(u32);

impl Month {
    /// The month of a time in ns since 1970.
    #[must_use]
    pub fn of(ns: i64) -> Month {
        let (year, month, _) = civil_date(ns);
        Month(u32::try_from(year * 12 + month - 1).unwrap_or(0))
    }

    /// As a number: months since January of the year 0.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0
    }

    /// Of the number that [`Month::number`] gave.
    #[must_use]
    pub fn of_number(number: u32) -> Month {
        Month(number)
    }

    /// Of `YYYY-MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Month> {
        let (year, month) = text.split_once('-')?;
        let digits = |part: &str, count: usize| {
            (part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit())).then_some(())?;
            part.parse::<u32>().ok()
        };
        let (year, month) = (digits(year, 4)?, digits(month, 2)?);
        (1..=12).contains(&month).then(|| Month(year * 12 + month - 1))
    }

    /// January of its year.
    #[must_use]
    pub fn first_of_year(self) -> Month {
        Month(self.0 - self.0 % 12)
    }

    /// Its first moment in ns since 1970; none where that lies outside of what a time can hold.
    #[must_use]
    pub fn start(self) -> Option<i64> {
        start_of(i64::from(self.0))
    }

    /// Is there a [`Month::start`]? Without working it out.
    #[must_use]
    #[inline]
    pub fn has_start(self) -> bool {
        (STARTS.0..=STARTS.1).contains(&self.0)
    }

    /// Its last moment in ns since 1970, or the last that a time can hold.
    #[must_use]
    pub fn last(self) -> i64 {
        start_of(i64::from(self.0) + 1).map_or(i64::MAX, |next| next - 1)
    }
}

/// Days to a civil date after Howard Hinnant's `days_from_civil`, of the first day of a month.
fn start_of(number: i64) -> Option<i64> {
    let (year, month) = (number.div_euclid(12), number.rem_euclid(12) + 1);
    // The year of the calculation begins in March.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let year_of_era = year.rem_euclid(400);
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (year.div_euclid(400) * ERA_DAYS + day_of_era - TO_1970).checked_mul(DAY_NS)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0 / 12, self.0 % 12 + 1)
    }
}

/// What the counters say of the events of one month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MonthCounts {
    /// The month; none of the events that say no time. These stand last.
    pub month: Option<Month>,
    /// Events.
    pub events: u64,
    /// Human overrides among them.
    pub overrides: u64,
    /// Events marked for Article 12 among them.
    pub art12: u64,
}

impl MonthCounts {
    /// Nothing counted yet.
    #[must_use]
    pub fn none_in(month: Option<Month>) -> MonthCounts {
        MonthCounts { month, events: 0, overrides: 0, art12: 0 }
    }

    /// One event more.
    pub fn count(&mut self, overridden: bool, art12: bool) {
        self.events += 1;
        self.overrides += u64::from(overridden);
        self.art12 += u64::from(art12);
    }

    /// All of another's events more.
    pub fn add(&mut self, other: &MonthCounts) {
        self.events += other.events;
        self.overrides += other.overrides;
        self.art12 += other.art12;
    }
}

/// Puts months in their order, each once, those without a time last, and none without events.
pub(crate) fn in_order(mut months: Vec<MonthCounts>) -> Vec<MonthCounts> {
    months.retain(|month| month.events > 0);
    months.sort_by_key(|counts| (counts.month.is_none(), counts.month));
    months.dedup_by(|later, before| {
        let is_same = later.month == before.month;
        if is_same {
            before.add(later);
        }
        is_same
    });
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        let month = |ns| Month::of(ns).to_string();
        assert_eq!(month(0), "1970-01");
        assert_eq!(month(-1), "1969-12");
        assert_eq!(month(951_782_400_000_000_000), "2000-02");
        assert_eq!(month(1_709_251_199_999_999_999), "2024-02");
        assert_eq!(month(1_709_251_200_000_000_000), "2024-03");
    }

    #[test]
    fn a_month_has_a_start_where_a_time_can_hold_it() {
        for number in (1600 * 12..2400 * 12).chain([0, u32::MAX]) {
            let month = Month::of_number(number);
            assert_eq!(month.has_start(), month.start().is_some(), "{month}");
        }
    }

    #[test]
    fn a_month_reaches_from_its_first_moment_to_its_last() {
        for number in Month::of(i64::MIN).number() + 1..=Month::of(i64::MAX).number() {
            let month = Month::of_number(number);
            let start = month.start().unwrap();
            assert_eq!((Month::of(start), Month::of(month.last())), (month, month));
            assert_ne!(Month::of(start - 1), month);
            assert_eq!(Month::parse(&month.to_string()), Some(month));
        }
        assert_eq!(Month::of(i64::MIN).start(), None, "it begins before a time can");
        assert_eq!(Month::of(i64::MAX).last(), i64::MAX);
        for text in ["2024-13", "2024-00", "2024-1", "24-01", "2024", "+024-01"] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
    }

    #[test]
    fn months_stand_once_and_in_order() {
        let of = |month: Option<u32>, events| MonthCounts {
            events,
            ..MonthCounts::none_in(month.map(Month::of_number))
        };
        let mixed =
            vec![of(None, 1), of(Some(9), 2), of(Some(8), 0), of(Some(7), 3), of(Some(9), 4)];
        assert_eq!(in_order(mixed), [of(Some(7), 3), of(Some(9), 6), of(None, 1)]);
    }
}
