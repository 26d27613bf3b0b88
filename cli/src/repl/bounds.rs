//! How much one question may read and keep, and for how long: at the prompt and in `lineal query`.

use crate::exit::{Failure, Outcome};
use crate::render::grouped;
use lineal_query::Limits;
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// What can be bounded.
pub(crate) const BOUNDS: [&str; 5] = ["edges", "events", "rows", "bytes", "seconds"];
/// Puts a bound back to what it was at the beginning.
pub(crate) const DEFAULT: &str = "default";

/// Bounds of one question; they begin as those of `lineal query`.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    edges: u64,
    events: u64,
    rows: u64,
    bytes: u64,
    /// 0 is no deadline: somebody sits before the screen and has Ctrl-C.
    seconds: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        let Limits { edges, events, rows, bytes, .. } = Limits::default();
        Bounds { edges, events, rows, bytes, seconds: 0 }
    }
}

/// One bound, to be shown.
pub(crate) struct Shown {
    pub(crate) name: &'static str,
    pub(crate) value: u64,
    pub(crate) default: u64,
    pub(crate) meaning: &'static str,
}

impl Shown {
    /// A number of this bound for the eye.
    pub(crate) fn text(&self, number: u64) -> String {
        if self.name == "seconds" && number == 0 { "none".to_owned() } else { grouped(number) }
    }
}

impl Bounds {
    /// Sets one to a number, or with `default` back.
    pub(crate) fn set(&mut self, name: &str, number: &str) -> Outcome<()> {
        let mut first = Bounds::default();
        let (Some(bound), Some(before)) = (self.bound(name), first.bound(name)) else {
            let known = BOUNDS.join(", ");
            return Err(Failure::usage(format!("there is no limit `{name}`; there are {known}")));
        };
        if number == DEFAULT {
            *bound = *before;
            return Ok(());
        }
        let digits: String = number.chars().filter(|c| !matches!(c, ',' | '_' | ' ')).collect();
        *bound = digits.parse().map_err(|_| {
            Failure::usage(format!(
                "the limit {name} is a whole number, not {number}; `default` puts it back"
            ))
        })?;
        Ok(())
    }

    fn bound(&mut self, name: &str) -> Option<&mut u64> {
        Some(match name {
            "edges" => &mut self.edges,
            "events" => &mut self.events,
            "rows" => &mut self.rows,
            "bytes" => &mut self.bytes,
            "seconds" => &mut self.seconds,
            _ => return None,
        })
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Shown> {
        let (mut now, mut first) = (*self, Bounds::default());
        let shown = |name: &'static str| {
            let value = now.bound(name).copied()?;
            let default = first.bound(name).copied()?;
            Some(Shown { name, value, default, meaning: meaning(name) })
        };
        BOUNDS.into_iter().filter_map(shown).collect()
    }

    /// Those that somebody has set, for a server: where nothing is said its own hold.
    pub(crate) fn to_json(self) -> Json {
        let set = self.all().into_iter().filter(|shown| shown.value != shown.default);
        Json::Object(set.map(|shown| (shown.name.to_owned(), shown.value.into())).collect())
    }

    /// For the executor, for a question that begins now; `stop` is asked now and then.
    pub(crate) fn limits<'a>(&self, stop: &'a dyn Fn() -> bool) -> Limits<'a> {
        let mut limits = Limits { stop: Some(stop), ..Limits::default() };
        // A time beyond what the clock can say is none.
        let time = (self.seconds > 0).then(|| Duration::from_secs(self.seconds));
        limits.deadline = time.and_then(|time| Instant::now().checked_add(time));
        limits.edges = self.edges;
        limits.events = self.events;
        limits.rows = self.rows;
        limits.bytes = self.bytes;
        limits
    }
}

fn meaning(name: &str) -> &'static str {
    match name {
        "edges" => "edges followed for one answer",
        "events" => "events read for one answer",
        "rows" => "rows of one answer, before skip and limit",
        "bytes" => "bytes of those rows in memory",
        _ => "time for one answer; 0 is no bound",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bound_that_is_shown_can_be_set_and_put_back() {
        let mut bounds = Bounds::default();
        for name in BOUNDS {
            bounds.set(name, "1,234").unwrap();
        }
        assert!(bounds.all().iter().all(|shown| shown.value == 1_234 && shown.default != 1_234));
        assert_eq!(bounds.all().len(), BOUNDS.len());
        let limits = bounds.limits(&|| false);
        let given = [limits.edges, limits.events, limits.rows, limits.bytes];
        assert_eq!(given, [1_234; 4], "the executor is told");
        let left = limits.deadline.map(|at| at.saturating_duration_since(Instant::now()));
        assert!(left.is_some_and(|left| left > Duration::from_secs(1_200)), "{left:?}");
        for name in BOUNDS {
            bounds.set(name, DEFAULT).unwrap();
        }
        assert!(bounds.all().iter().all(|shown| shown.value == shown.default));
        assert!(bounds.set("edges", "-1").is_err());
        assert!(bounds.set("nesting", "1").is_err());
    }
}
