//! Time, injected so that tests write the same bytes twice.

use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Nanoseconds since 1970, UTC.
    fn now(&self) -> i64;
}

/// The system's clock.
#[derive(Clone, Copy, Default, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.ok().and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or(0)
    }
}

/// A clock that tests set: each reading is one second after the last.
#[derive(Default, Debug)]
pub struct SteppingClock {
    next: AtomicI64,
}

impl SteppingClock {
    /// Starts at a time.
    #[must_use]
    pub fn starting_at(ns: i64) -> SteppingClock {
        SteppingClock { next: AtomicI64::new(ns) }
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> i64 {
        self.next.fetch_add(1_000_000_000, Ordering::Relaxed)
    }
}

/// Year, month and day of a time in UTC.
#[must_use]
pub(crate) fn civil_date(ns: i64) -> (i64, i64, i64) {
    // Days to civil date after Howard Hinnant's `civil_from_days`.
    let days = ns.div_euclid(86_400_000_000_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

/// A time for messages, to the second.
#[must_use]
pub(crate) fn utc_text(ns: i64) -> String {
    let (year, month, day) = civil_date(ns);
    let seconds = ns.div_euclid(1_000_000_000).rem_euclid(86_400);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_told_as_people_read_it() {
        assert_eq!(utc_text(0), "1970-01-01 00:00:00Z");
        assert_eq!(utc_text(-1), "1969-12-31 23:59:59Z");
        assert_eq!(utc_text(951_782_399_000_000_000), "2000-02-28 23:59:59Z");
        assert_eq!(utc_text(951_868_799_000_000_000), "2000-02-29 23:59:59Z");
        assert_eq!(utc_text(1_709_251_200_000_000_000), "2024-03-01 00:00:00Z");
        assert_eq!(utc_text(1_762_178_400_000_000_000), "2025-11-03 14:00:00Z");
    }
}
