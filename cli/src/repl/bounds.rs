//! How much one question of the visit may read, and for how long.

use crate::exit::{Failure, Outcome};
use crate::render::grouped;
use lineal_query::Limits;
use std::time::Duration;

/// What can be bounded.
pub(crate) const BOUNDS: [&str; 4] = ["edges", "events", "rows", "seconds"];

/// Bounds of one question; they begin as those of `lineal query`.
pub(crate) struct Bounds {
    edges: u64,
    events: u64,
    rows: u64,
    /// 0 is no deadline: somebody sits before the screen and has Ctrl-C.
    seconds: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        let Limits { edges, events, rows, .. } = Limits::default();
        Bounds { edges, events, rows, seconds: 0 }
    }
}

impl Bounds {
    /// Sets one.
    pub(crate) fn set(&mut self, name: &str, number: u64) -> Outcome<()> {
        match name {
            "edges" => self.edges = number,
            "events" => self.events = number,
            "rows" => self.rows = number,
            "seconds" => self.seconds = number,
            _ => {
                let known = BOUNDS.join(", ");
                return Err(Failure::usage(format!(
                    "there is no limit `{name}`; there are {known}"
                )));
            }
        }
        Ok(())
    }

    /// Name, value and meaning of each.
    pub(crate) fn rows(&self) -> [(&'static str, String, &'static str); 4] {
        let seconds = if self.seconds == 0 { "none".to_owned() } else { grouped(self.seconds) };
        [
            ("edges", grouped(self.edges), "edges followed for one answer"),
            ("events", grouped(self.events), "events read for one answer"),
            ("rows", grouped(self.rows), "rows of one answer, before skip and limit"),
            ("seconds", seconds, "time for one answer; 0 is no bound"),
        ]
    }

    /// The time that one question has.
    pub(crate) fn time(&self) -> Option<Duration> {
        (self.seconds > 0).then(|| Duration::from_secs(self.seconds))
    }

    /// For the executor; `stop` is asked now and then.
    pub(crate) fn limits<'a>(&self, stop: &'a dyn Fn() -> bool) -> Limits<'a> {
        let mut limits = Limits { stop: Some(stop), ..Limits::default() };
        limits.edges = self.edges;
        limits.events = self.events;
        limits.rows = self.rows;
        limits
    }
}
