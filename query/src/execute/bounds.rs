//! The bounds of a run: what it has followed, read and kept is counted, and now and then it is asked
//! whether to stop.

use std::time::Instant;

use super::{Executor, Run, Stop};
use crate::limits::{CHECK_EVERY, Limit};
use crate::source::Source;

impl<S: Source> Executor<'_, S> {
    pub(super) fn count_edges(&mut self, count: usize) -> Run<()> {
        self.edges += count as u64;
        if self.edges > self.limits.edges {
            return Err(Stop::Limit(Limit::Edges(self.limits.edges)));
        }
        self.look(count as u64)
    }

    pub(super) fn count_events(&mut self, count: usize) -> Run<()> {
        self.events += count as u64;
        if self.events > self.limits.events {
            return Err(Stop::Limit(Limit::Events(self.limits.events)));
        }
        self.look(count as u64)
    }

    /// Counts what rows take in memory.
    pub(super) fn count_bytes(&mut self, bytes: u64) -> Run<()> {
        self.bytes += bytes;
        if self.bytes > self.limits.bytes {
            return Err(Stop::Limit(Limit::Bytes(self.limits.bytes)));
        }
        Ok(())
    }

    /// Asks now and then whether to stop.
    pub(super) fn look(&mut self, work: u64) -> Run<()> {
        self.unchecked += work;
        if self.unchecked >= CHECK_EVERY { self.look_now() } else { Ok(()) }
    }

    pub(super) fn look_now(&mut self) -> Run<()> {
        self.unchecked = 0;
        let is_late = self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let limit = if is_late {
            Limit::Deadline
        } else if self.limits.stop.is_some_and(|stop| stop()) {
            Limit::Stopped
        } else {
            return Ok(());
        };
        self.is_stopped = true;
        Err(Stop::Limit(limit))
    }

    /// Asks now and then whether to stop, unless that is known: what was found is still told.
    pub(super) fn look_unless_stopped(&mut self, work: usize) -> Run<()> {
        if self.is_stopped { Ok(()) } else { self.look(work as u64) }
    }
}
