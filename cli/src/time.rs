//! Times as people read and write them. The store keeps nanoseconds in UTC.

use crate::exit::{Failure, Outcome};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};

/// A time for programs: RFC 3339 in UTC, whatever the zone for display.
pub(crate) fn rfc3339(ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The zone for display.
#[derive(Clone, Debug)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// Reads a zone's name.
    pub(crate) fn parse(name: &str) -> Outcome<Zone> {
        let zone = TimeZone::get(name).map_err(|e| {
            Failure::usage(format!("--tz {name}: {e}; names look like Europe/Berlin or UTC"))
        })?;
        Ok(Zone(zone))
    }

    fn at(&self, ns: i64) -> jiff::Zoned {
        let timestamp = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH);
        timestamp.to_zoned(self.0.clone())
    }

    /// Date and time to the second, with the offset.
    pub(crate) fn time(&self, ns: i64) -> String {
        let zoned = self.at(ns);
        let utc = zoned.offset() == jiff::tz::Offset::UTC;
        let form = if utc { "%Y-%m-%d %H:%M:%SZ" } else { "%Y-%m-%d %H:%M:%S%:z" };
        zoned.strftime(form).to_string()
    }

    /// The date.
    pub(crate) fn date(&self, ns: i64) -> String {
        self.at(ns).strftime("%Y-%m-%d").to_string()
    }

    /// The time of day, to the second, with the offset.
    pub(crate) fn clock(&self, ns: i64) -> String {
        let time = self.time(ns);
        time.split_once(' ').map_or(time.clone(), |(_, clock)| clock.to_owned())
    }

    /// A span of two times; one if they fall together.
    pub(crate) fn span(&self, first: i64, last: i64) -> String {
        if self.date(first) == self.date(last) {
            let last = self.at(last).strftime("%H:%M:%S").to_string();
            let first = self.time(first);
            let (day, zone) = (first.get(..19).unwrap_or(&first), first.get(19..).unwrap_or(""));
            format!("{day} to {last}{zone}")
        } else {
            format!("{} to {}", self.date(first), self.date(last))
        }
    }
}

/// Reads a time that a person gave: RFC 3339 with its zone; without one it is UTC, and a date alone is the
/// beginning of that day. Help texts say so, and answers echo times with their zone.
pub(crate) fn parse(text: &str) -> Outcome<i64> {
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        let time = text.parse::<civil::DateTime>().ok()?;
        time.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    });
    let ns = timestamp.and_then(|timestamp| i64::try_from(timestamp.as_nanosecond()).ok());
    ns.ok_or_else(|| {
        Failure::usage(format!(
            "{text} is no time; write 2026-03-14 or 2026-03-14T09:00:00Z (without a zone it is UTC)"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::{parse, rfc3339};

    #[test]
    fn a_time_without_a_zone_is_utc_and_keeps_its_time_of_day() {
        for (text, expected) in [
            ("2026-03-14", "2026-03-14T00:00:00Z"),
            ("2026-03-14T09:30:05", "2026-03-14T09:30:05Z"),
            ("2026-03-14 09:30", "2026-03-14T09:30:00Z"),
            ("2026-03-14T09:30:05+02:00", "2026-03-14T07:30:05Z"),
            ("2026-03-14T09:30:05.25Z", "2026-03-14T09:30:05.25Z"),
        ] {
            assert_eq!(parse(text).map(rfc3339).ok().as_deref(), Some(expected), "{text}");
        }
        for text in ["", "march", "2026-13-01", "2026-02-30", "2026-03-14T25:00:00", "14.3.2026"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
