//! An axis of time: where a time stands, and at which times there are marks.

use crate::check::ask::{DAY, HOUR};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// Most marks on an axis: their dates must fit beside each other.
const MARKS_MAX: usize = 9;
/// Distances between marks in months, where days would be too many.
const MONTHS: [i32; 7] = [1, 2, 3, 6, 12, 24, 60];
/// Distances between marks that are shorter than a month, ns.
const SHORT: [i64; 9] =
    [HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY];

/// From when to when, and where on the page.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Axis {
    from: i64,
    until: i64,
    left: f64,
    right: f64,
}

impl Axis {
    /// An axis that holds all times; of one time alone, an hour around it.
    pub(super) fn over(
        times: impl IntoIterator<Item = i64>,
        left: f64,
        right: f64,
    ) -> Option<Axis> {
        let (mut from, mut until) = (i64::MAX, i64::MIN);
        for time in times {
            (from, until) = (from.min(time), until.max(time));
        }
        if from > until {
            return None;
        }
        if until.saturating_sub(from) < HOUR {
            (from, until) = (from.saturating_sub(HOUR / 2), until.saturating_add(HOUR / 2));
        }
        Some(Axis { from, until, left, right })
    }

    /// Where a time stands.
    pub(super) fn place(&self, time: i64) -> f64 {
        let time = time.clamp(self.from, self.until);
        // The ends may lie further apart than a number of ns can say.
        let since = |time: i64| (i128::from(time) - i128::from(self.from)) as f64;
        let share = since(time) / since(self.until);
        self.left + share * (self.right - self.left)
    }

    /// Times with a mark, and what stands there; UTC.
    pub(super) fn marks(&self) -> Vec<(i64, String)> {
        for step in SHORT {
            let first = self.from.div_euclid(step) + i64::from(self.from.rem_euclid(step) != 0);
            let last = self.until.div_euclid(step);
            if usize::try_from(last - first).is_ok_and(|count| count < MARKS_MAX) {
                return (first..=last)
                    .map(|at| (at * step, label(at * step, step < DAY)))
                    .collect();
            }
        }
        for months in MONTHS {
            let marks = self.monthly(months);
            if marks.len() <= MARKS_MAX {
                return marks;
            }
        }
        self.monthly(120).into_iter().take(MARKS_MAX).collect()
    }

    /// Marks at the first day of each so many months, counted from January of the first year.
    fn monthly(&self, months: i32) -> Vec<(i64, String)> {
        let begin = moment(self.from).to_zoned(TimeZone::UTC).date();
        let mut day: Date = date(begin.year(), 1, 1);
        let mut marks = Vec::new();
        while marks.len() <= MARKS_MAX {
            let Ok(zoned) = day.to_zoned(TimeZone::UTC) else { break };
            let Ok(ns) = i64::try_from(zoned.timestamp().as_nanosecond()) else { break };
            if ns > self.until {
                break;
            }
            if ns >= self.from {
                marks.push((ns, day.to_string()));
            }
            let Ok(next) = day.checked_add(Span::new().months(months)) else { break };
            day = next;
        }
        marks
    }
}

fn moment(ns: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// A day, or a day with its hour.
pub(super) fn label(ns: i64, with_clock: bool) -> String {
    let text = moment(ns).to_zoned(TimeZone::UTC).datetime().to_string();
    let letters = if with_clock { 16 } else { 10 };
    text.get(..letters).unwrap_or(&text).replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::{Axis, DAY, HOUR, label};

    #[test]
    fn marks_stand_on_round_times_and_are_few() {
        for length in [HOUR, 5 * HOUR, DAY, 9 * DAY, 40 * DAY, 400 * DAY, 4_000 * DAY, 20_000 * DAY]
        {
            let axis = Axis::over(
                [1_700_000_000_000_000_000, 1_700_000_000_000_000_000 + length],
                0.0,
                100.0,
            );
            let marks = axis.unwrap().marks();
            assert!((1..=9).contains(&marks.len()), "{length}: {marks:?}");
            assert!(marks.is_sorted(), "{marks:?}");
        }
        assert_eq!(label(0, false), "1970-01-01");
        assert_eq!(label(HOUR, true), "1970-01-01 01:00");
    }

    #[test]
    fn times_stand_between_the_ends() {
        let axis = Axis::over([0, 10 * HOUR], 100.0, 200.0).unwrap();
        assert!((axis.place(5 * HOUR) - 150.0).abs() < 1e-9);
        assert!((axis.place(-HOUR) - 100.0).abs() < 1e-9);
        assert!(Axis::over([], 0.0, 1.0).is_none());
        let all = Axis::over([i64::MIN, 0, i64::MAX], 0.0, 100.0).unwrap();
        assert!((all.place(0) - 50.0).abs() < 1e-9 && all.marks().len() <= 9);
        let one = Axis::over([DAY], 0.0, 100.0).unwrap();
        assert!((one.place(DAY) - 50.0).abs() < 1e-9);
    }
}
