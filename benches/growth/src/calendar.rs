//! Which day brings how many events, and how large the registry is by then.
//!
//! A fleet starts with one day of 200,000 events and grows by half of what it has until a day
//! has `--day-events`. At each mark a day is cut so that the mark is hit exactly.

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;
/// An hour in milliseconds: how long a batch lasts.
pub(crate) const HOUR: i64 = 3_600_000;
/// 2023-01-01, when the history of the registry begins.
pub(crate) const BEGIN: i64 = 1_672_531_200_000;
/// Days of registry before the first day with events.
const BEFORE: i64 = 90;
/// Events of the first day, and the least of an uncut one.
const FIRST: u64 = 200_000;
/// Events of a mean batch, as in the world of the comparison.
const PER_BATCH: u64 = 1_000;

/// Sizes at which everything is measured, and runs in the registry then. The first three are sizes S,
/// M and L of the comparison; beyond, runs grow with events.
pub(crate) const MARKS: [(u64, usize); 5] = [
    (200_000, 2_000),
    (5_000_000, 50_000),
    (50_000_000, 200_000),
    (100_000_000, 400_000),
    (200_000_000, 800_000),
];

/// A day of events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Day {
    /// Counted from 0.
    pub(crate) number: u64,
    /// When it begins, milliseconds since 1970.
    pub(crate) start: i64,
    /// The number of its first event.
    pub(crate) first: u64,
    /// How many it has.
    pub(crate) events: u64,
    /// The number of its first batch.
    pub(crate) first_batch: u64,
    /// How many it has.
    pub(crate) batches: u64,
}

/// The days between two marks, and the registry that they are about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stretch {
    /// Runs in the registry at its end.
    pub(crate) runs: usize,
    /// When the new ones of them begin, milliseconds since 1970.
    pub(crate) from: i64,
    /// When they end.
    pub(crate) to: i64,
    /// Its days.
    pub(crate) days: Vec<Day>,
    /// Events in all when it is over.
    pub(crate) events: u64,
}

/// All stretches up to a number of events; the last is cut there, but its registry is not: it is that of
/// the whole stretch, so that a later run can go on.
pub(crate) fn stretches(to: u64, day_events: u64) -> Vec<Stretch> {
    let mut found = Vec::new();
    let (mut number, mut total, mut batches) = (0_u64, 0, 0);
    let mut from = BEGIN;
    for (mark, runs) in MARKS {
        let mut days = Vec::new();
        while total < mark {
            let usual = (total / 2).clamp(FIRST.min(day_events), day_events.max(1));
            let events = usual.min(mark - total);
            let start = BEGIN + (BEFORE + i64::try_from(number).unwrap_or(0)) * DAY;
            let many = (events / PER_BATCH).max(1);
            let (first, first_batch) = (total, batches);
            days.push(Day { number, start, first, events, first_batch, batches: many });
            (number, total, batches) = (number + 1, total + events, batches + many);
        }
        let last = days.last().map_or(from, |day| day.start);
        // The first registry is older than the first event.
        let end = if found.is_empty() { BEGIN + BEFORE * DAY } else { last + DAY };
        found.push(Stretch { runs, from, to: end, days, events: total });
        from = end;
    }
    found.retain(|stretch| stretch.days[0].first < to);
    if let Some(last) = found.last_mut() {
        last.events = last.events.min(to);
        last.days.retain(|day| day.first < to);
        for day in &mut last.days {
            day.events = day.events.min(to - day.first);
            day.batches = (day.events / PER_BATCH).max(1);
        }
    }
    found
}

/// The day of an event.
pub(crate) fn day_of(stretches: &[Stretch], event: u64) -> Option<Day> {
    let stretch = stretches.iter().find(|stretch| event < stretch.events)?;
    let after = stretch.days.partition_point(|day| day.first <= event);
    stretch.days.get(after.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::{MARKS, day_of, stretches};

    #[test]
    fn days_follow_each_other_and_hit_the_marks() {
        let found = stretches(200_000_000, 1_000_000);
        let marks: Vec<(u64, usize)> =
            found.iter().map(|found| (found.events, found.runs)).collect();
        assert_eq!(marks, MARKS);
        let days: Vec<_> = found.iter().flat_map(|found| &found.days).collect();
        for pair in days.windows(2) {
            assert_eq!(pair[0].first + pair[0].events, pair[1].first);
            assert_eq!(pair[0].first_batch + pair[0].batches, pair[1].first_batch);
            assert_eq!(pair[0].start + super::DAY, pair[1].start);
        }
        assert!(days.iter().all(|day| day.events > 0 && day.events <= 1_000_000));
        assert!(found.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    #[test]
    fn a_run_to_a_lesser_number_has_the_same_days() {
        let (less, more) = (stretches(3_000_000, 500_000), stretches(5_000_000, 500_000));
        assert_eq!(less.last().map(|last| last.events), Some(3_000_000));
        assert_eq!(less[1].days[..5], more[1].days[..5]);
        let of = |found: &[super::Stretch]| (found[1].runs, found[1].from, found[1].to);
        assert_eq!(of(&less), of(&more), "and the same registry");
    }

    #[test]
    fn an_event_is_found_on_its_day() {
        let found = stretches(5_000_000, 1_000_000);
        for day in found.iter().flat_map(|found| &found.days) {
            assert_eq!(day_of(&found, day.first), Some(*day));
            assert_eq!(day_of(&found, day.first + day.events - 1), Some(*day));
        }
        assert_eq!(day_of(&found, 5_000_000), None);
    }
}
