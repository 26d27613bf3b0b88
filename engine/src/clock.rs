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
