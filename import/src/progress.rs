//! How far an import is: counters that the pipeline moves and a display reads. And the other way round: that
//! somebody wishes its end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counters of one import.
#[derive(Default, Debug)]
pub struct Progress {
    bytes_all: AtomicU64,
    bytes: AtomicU64,
    items: AtomicU64,
    phase: Mutex<String>,
    is_stopped: AtomicBool,
}

impl Progress {
    /// So many bytes more will be read.
    pub fn expect_bytes(&self, bytes: u64) {
        self.bytes_all.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many bytes more were read.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// So many items more were read.
    pub fn add_items(&self, items: u64) {
        self.items.fetch_add(items, Ordering::Relaxed);
    }

    /// Wishes the end of it. An import is heard until its first commit: then nothing of it is recorded. Behind that
    /// commit it goes on to its end.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Does somebody wish its end?
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// What is being done.
    pub fn phase(&self, what: &str) {
        what.clone_into(&mut self.phase.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Bytes read, bytes in all, items read, what is being done.
    #[must_use]
    pub fn read(&self) -> (u64, u64, u64, String) {
        let phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (
            self.bytes.load(Ordering::Relaxed),
            self.bytes_all.load(Ordering::Relaxed),
            self.items.load(Ordering::Relaxed),
            phase,
        )
    }
}
