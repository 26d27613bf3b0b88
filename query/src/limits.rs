//! Bounds of one question: how much it may read before it stops and says so.

use std::fmt;
use std::time::Instant;

use crate::bind::TERMS_MAX;
use crate::parse::{NESTING_MAX, OPERATORS_MAX, QUESTIONS_MAX, RELATIONS_MAX, TEXT_BYTES_MAX};

/// Most edges followed by default: some seconds of work.
pub const EDGES_MAX: u64 = 100_000_000;
/// Most rows kept by default: they are sorted in memory.
pub const ROWS_MAX: u64 = 1_000_000;
/// Most events read by default: a scan of a middling store.
pub const EVENTS_MAX: u64 = 100_000_000;
/// Most bytes of rows by default, as they stand in memory: what a small machine can spare.
pub const BYTES_MAX: u64 = 1 << 30;
/// Paths that are given where the question sets no bound: more than anyone reads.
pub(crate) const PATHS_MAX: u64 = 100;
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

/// One bound as `show limits` tells it.
pub(crate) struct Bound {
    pub(crate) name: &'static str,
    /// What holds here; none where nothing does.
    pub(crate) value: Option<u64>,
    /// What holds where nothing is said.
    pub(crate) default: Option<u64>,
    pub(crate) meaning: &'static str,
}

impl Limits<'_> {
    /// Is it time to end: has the deadline passed, or does the caller wish it? For work that goes on
    /// between questions.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.stop.is_some_and(|stop| stop())
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Every bound: those that end an answer, then those that refuse a text.
    pub(crate) fn bounds(&self) -> Vec<Bound> {
        let seconds = self.deadline.map(|end| {
            let left = end.saturating_duration_since(Instant::now());
            left.as_secs() + u64::from(left.subsec_nanos() > 0)
        });
        let ends = [
            ("edges", self.edges, EDGES_MAX, "edges followed for one answer"),
            ("events", self.events, EVENTS_MAX, "events read for one answer"),
            ("rows", self.rows, ROWS_MAX, "rows of one answer, before skip and limit"),
            ("bytes", self.bytes, BYTES_MAX, "bytes of those rows in memory"),
            ("paths", PATHS_MAX, PATHS_MAX, "paths of `trace all` without `within` or `limit`"),
        ]
        .map(|(name, value, default, meaning)| Bound {
            name,
            value: Some(value),
            default: Some(default),
            meaning,
        });
        let deadline = Bound {
            name: "deadline",
            value: seconds,
            default: None,
            meaning: "seconds that are left for the answer; absent where none are counted",
        };
        let refuses = [
            ("text", TEXT_BYTES_MAX, "bytes of one request"),
            ("nesting", NESTING_MAX, "brackets within each other"),
            ("operators", OPERATORS_MAX, "operators of one request"),
            ("relations", RELATIONS_MAX, "relations of one request"),
            ("questions", QUESTIONS_MAX, "questions of one request, inner ones and saved sets too"),
            ("terms", TERMS_MAX, "terms of one request"),
        ]
        .map(|(name, most, meaning)| Bound {
            name,
            value: Some(most as u64),
            default: Some(most as u64),
            meaning,
        });
        ends.into_iter().chain([deadline]).chain(refuses).collect()
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
        let mut of = |most: u64, noun: &str| {
            let ending = if most == 1 { "" } else { "s" };
            write!(f, "the limit of {most} {noun}{ending}")
        };
        match *self {
            Limit::Edges(most) => of(most, "edge"),
            Limit::Rows(most) => of(most, "row"),
            Limit::Events(most) => of(most, "event"),
            Limit::Bytes(most) => of(most, "byte"),
            Limit::Paths(most) => {
                of(most, "path")?;
                f.write_str("; `within` or `limit` sets another")
            }
            Limit::Deadline => f.write_str("the deadline"),
            Limit::Stopped => f.write_str("the caller's wish"),
        }
    }
}
