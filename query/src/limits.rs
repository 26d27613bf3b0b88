//! Bounds of one question: how much it may read before it stops and says so.

use std::fmt;
use std::time::Instant;

/// Most edges followed by default: some seconds of work.
pub const EDGES_MAX: u64 = 100_000_000;
/// Most rows kept by default: they are sorted in memory.
pub const ROWS_MAX: u64 = 1_000_000;
/// Most events read by default: a scan of a middling store.
pub const EVENTS_MAX: u64 = 100_000_000;
/// Most bytes of rows by default, as they stand in memory: what a small machine can spare.
pub const BYTES_MAX: u64 = 1 << 30;
/// How many edges, rows or events pass between two looks at the deadline.
pub const CHECK_EVERY: u64 = 4096;

/// Bounds of one question. Reaching one never changes a row: the answer ends and says which.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Edges followed.
    pub edges: u64,
    /// Rows kept, before `skip` and `limit`.
    pub rows: u64,
    /// Events read.
    pub events: u64,
    /// Bytes of the rows, as they stand in memory.
    pub bytes: u64,
    /// When to stop.
    pub deadline: Option<Instant>,
    /// Asked now and then; true ends the question (a deadline, a closed connection, Ctrl-C).
    pub stop: Option<&'a dyn Fn() -> bool>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Limits {
            edges: EDGES_MAX,
            rows: ROWS_MAX,
            events: EVENTS_MAX,
            bytes: BYTES_MAX,
            deadline: None,
            stop: None,
        }
    }
}

impl fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("edges", &self.edges)
            .field("rows", &self.rows)
            .field("events", &self.events)
            .field("bytes", &self.bytes)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Which bound ended an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Too many edges.
    Edges(u64),
    /// Too many rows.
    Rows(u64),
    /// Too many events.
    Events(u64),
    /// Too many bytes.
    Bytes(u64),
    /// More paths than are found without a bound of the question's own.
    Paths(u64),
    /// The deadline.
    Deadline,
    /// The caller.
    Stopped,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Edges(most) => write!(f, "the limit of {most} edges"),
            Limit::Rows(most) => write!(f, "the limit of {most} rows"),
            Limit::Events(most) => write!(f, "the limit of {most} events"),
            Limit::Bytes(most) => write!(f, "the limit of {most} bytes"),
            Limit::Paths(most) => {
                write!(f, "the limit of {most} paths; `within` or `limit` sets another")
            }
            Limit::Deadline => f.write_str("the deadline"),
            Limit::Stopped => f.write_str("the caller's wish"),
        }
    }
}
