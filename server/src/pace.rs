//! How long a prepared question took of late. One that is known to be short is asked on the thread
//! that took its request: to hand it to another and wait costs more than its answer
//! (`benches/load/run.py`).

use crate::words::Words;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A question that takes less than this on the mean is short. The way to a thread of the pool and
/// back takes some tens of microseconds; the other connections of a thread wait meanwhile.
const SHORT: Duration = Duration::from_micros(250);
/// Longest that a question runs where its request came in, though it was short before; then it is
/// asked anew on a thread of the pool.
pub(crate) const AT_ONCE_MAX: Duration = Duration::from_millis(2);
/// Most rows that are written down there: more are a long answer, whatever its question took.
pub(crate) const ROWS_AT_ONCE_MAX: usize = 1_000;
/// How much of the mean an asking is, as a power of two: one that the system interrupted does not
/// make a question long.
const WEIGHT: u32 = 3;
/// How small a part of the mean a change is that is not written down, as a power of two.
const STEADY: u32 = 5;
/// Stands for a question that was never asked.
const UNKNOWN: u64 = u64::MAX;

/// How long a question took.
#[derive(Debug)]
pub(crate) struct Pace {
    /// The mean, in nanoseconds.
    mean: AtomicU64,
    /// May it ask for a view of the past? To make one takes as long as the store is large.
    is_past: bool,
}

impl Pace {
    /// Of a question that was never asked, by what it may ask for.
    pub(crate) fn of(words: Words) -> Pace {
        Pace { mean: AtomicU64::new(UNKNOWN), is_past: words.of_past }
    }

    /// Is it known to be short?
    pub(crate) fn is_short(&self) -> bool {
        !self.is_past && self.mean.load(Ordering::Relaxed) < nanoseconds(SHORT)
    }

    /// Notes how long an asking took. Two at a time may lose one of them: it is a mean.
    pub(crate) fn note(&self, took: Duration) {
        let took = nanoseconds(took.min(AT_ONCE_MAX));
        let mean = match self.mean.load(Ordering::Relaxed) {
            UNKNOWN => took,
            mean => mean - (mean >> WEIGHT) + (took >> WEIGHT),
        };
        // A mean that is nearly so stays: all threads look at it, and it is written seldom.
        let known = self.mean.load(Ordering::Relaxed);
        if known == UNKNOWN || mean.abs_diff(known) > known >> STEADY {
            self.mean.store(mean, Ordering::Relaxed);
        }
    }

    /// Notes that it was long after all, and for some time is to be asked as a long one.
    pub(crate) fn was_long(&self) {
        self.mean.store(nanoseconds(AT_ONCE_MAX), Ordering::Relaxed);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(UNKNOWN - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_about_the_past_is_never_short() {
        for text in ["find model as of 7", "let a = (find run AS\n of $then) $a"] {
            let pace = Pace::of(Words::of(text));
            pace.note(Duration::from_micros(3));
            assert!(!pace.is_short(), "{text}");
        }
    }

    #[test]
    fn a_question_is_short_when_it_was_so_and_one_slip_does_not_change_that() {
        let pace = Pace::of(Words::of("find model as m where m.name = \"office\""));
        assert!(!pace.is_short(), "nothing is known of it");
        pace.note(Duration::from_micros(30));
        assert!(pace.is_short());
        pace.note(Duration::from_millis(1));
        assert!(pace.is_short(), "one that was interrupted");
        (0..20).for_each(|_| pace.note(Duration::from_secs(1)));
        assert!(!pace.is_short());
        (0..40).for_each(|_| pace.note(Duration::from_micros(30)));
        assert!(pace.is_short(), "it became short again");
        pace.was_long();
        pace.note(Duration::from_micros(30));
        assert!(!pace.is_short());
    }
}
