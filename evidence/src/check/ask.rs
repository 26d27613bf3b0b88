//! Asking the questions of a pack, with its sets before them.

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use lineal_engine::{NodeNo, Snapshot, Store, unquoted};
use lineal_query::{
    Answer, Limit, Machine, Parameters, Prepared, Request, State, StoreView, Value,
};

use super::{Error, Part, Wanted};
use crate::record::{self, Decisions};
use crate::rules::{About, Pack};

/// Ns of an hour.
pub(crate) const HOUR: i64 = 3_600_000_000_000;
/// Ns of a day.
pub(crate) const DAY: i64 = 24 * HOUR;

/// A view and a pack, and what was asked so far.
pub(crate) struct Asker<'a> {
    pub(crate) view: &'a StoreView,
    pub(super) part: &'a dyn Part,
    pub(crate) pack: &'a Pack,
    pub(crate) about: About,
    pub(crate) now: i64,
    given: Parameters,
    machine: Machine,
    sets: HashMap<String, Arc<[NodeNo]>>,
    /// The decisions about nodes, as far as they were asked for.
    decisions: HashMap<NodeNo, Arc<Decisions>>,
    /// What tests could not tell, since it was taken last.
    untold: Cell<u64>,
}

/// A name as the language takes it behind `kind:`, whether or not the kind stands before it.
pub(crate) fn bare<'t>(kind: &str, text: &'t str) -> &'t str {
    text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text)
}

impl<'a> Asker<'a> {
    pub(crate) fn new(
        view: &'a StoreView,
        part: &'a dyn Part,
        pack: &'a Pack,
        wanted: &Wanted,
    ) -> Asker<'a> {
        let mut given = Parameters::new();
        let named = [
            ("system", &wanted.system),
            ("model", &wanted.model),
            ("deployment", &wanted.deployment),
        ];
        for (name, value) in named {
            if let Some(value) = value {
                given.set(name, Value::Text(unquoted(bare(name, value)).clone()));
            }
        }
        let about = match (&wanted.system, &wanted.model, &wanted.deployment) {
            (_, _, Some(_)) => About::Deployment,
            (_, Some(_), None) => About::Model,
            (Some(_), None, None) => About::System,
            (None, None, None) => About::Anything,
        };
        Asker {
            view,
            part,
            pack,
            about,
            now: wanted.now,
            given,
            machine: Machine::default(),
            sets: HashMap::new(),
            decisions: HashMap::new(),
            untold: Cell::new(0),
        }
    }

    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.view.snapshot()
    }

    /// Asks whether to go on: between rules, and at each thing that a test looks at.
    ///
    /// # Errors
    /// [`Error::Ended`].
    pub(super) fn go_on(&self) -> Result<(), Error> {
        if self.part.limits().is_over() { Err(Error::Ended) } else { Ok(()) }
    }

    /// Notes that a test cannot tell something of so many things: what events said is erased, or restricted.
    pub(super) fn cannot_tell(&self, things: u64) {
        self.untold.set(self.untold.get().saturating_add(things));
    }

    /// What was noted so, once.
    pub(super) fn take_untold(&self) -> u64 {
        self.untold.take()
    }

    /// Answers a question of a rule (or a set), nodes as numbers.
    pub(crate) fn ask(
        &mut self,
        rule: &str,
        question: &str,
        params: &BTreeMap<String, f64>,
    ) -> Result<Answer, Error> {
        let text = self.pack.with_sets(question, self.about);
        let wrong = |message: String| Error::Question { rule: rule.to_owned(), message };
        let prepared = Prepared::new(&text).map_err(|mistake| wrong(mistake.render(&text)))?;
        let mut given = self.given.clone();
        for (name, number) in params {
            given.set(name.clone(), parameter(name, *number));
        }
        let limits = self.part.limits();
        let request = Request { parameters: &given, limits: &limits, now: self.now };
        let answer = self
            .part
            .answer(&prepared, &mut self.machine, &request)
            .map_err(|error| wrong(error.render(&text)))?;
        match answer.completeness.truncated {
            Some(Limit::Deadline | Limit::Stopped) => Err(Error::Ended),
            Some(limit) if answer.completeness.state() == State::Truncated => {
                Err(Error::Cut { rule: rule.to_owned(), limit: limit.to_string() })
            }
            _ => Ok(answer),
        }
    }

    /// The members of a set, asked once.
    pub(crate) fn members(&mut self, set: &str) -> Result<Arc<[NodeNo]>, Error> {
        if let Some(known) = self.sets.get(set) {
            return Ok(Arc::clone(known));
        }
        let Some(named) = self.pack.set(set) else { return Ok(Arc::from([])) };
        let question = format!("find {} where it in {set}", named.kind);
        let members = self.nodes(set, &question, &BTreeMap::new())?;
        let members: Arc<[NodeNo]> = Arc::from(members);
        self.sets.insert(set.to_owned(), Arc::clone(&members));
        Ok(members)
    }

    /// The decisions about a node, of those that may be seen; read once.
    pub(super) fn decisions(
        &mut self,
        store: &Store,
        node: NodeNo,
    ) -> Result<Arc<Decisions>, Error> {
        if let Some(known) = self.decisions.get(&node) {
            return Ok(Arc::clone(known));
        }
        let (part, snapshot) = (self.part, self.snapshot());
        let read = Decisions::among(store, snapshot, node, &|approval| part.sees(approval));
        let read = read.map_err(|error| match error {
            record::Error::Store(error) => Error::Store(error),
            other => Error::Question { rule: self.name(node), message: other.to_string() },
        })?;
        let read = Arc::new(read);
        self.decisions.insert(node, Arc::clone(&read));
        Ok(read)
    }

    /// Is a node approved as of today?
    pub(super) fn is_approved(&mut self, store: &Store, node: NodeNo) -> Result<bool, Error> {
        let decisions = self.decisions(store, node)?;
        Ok(decisions.now(self.snapshot(), self.now).is_approved())
    }

    /// The nodes of a question's first column.
    pub(crate) fn nodes(
        &mut self,
        rule: &str,
        question: &str,
        params: &BTreeMap<String, f64>,
    ) -> Result<Vec<NodeNo>, Error> {
        let answer = self.ask(rule, question, params)?;
        let first = answer.rows.iter().filter_map(|row| row.first());
        Ok(first.filter_map(node_of).collect())
    }

    /// The name of a node as it can be pasted.
    pub(crate) fn name(&self, node: NodeNo) -> String {
        self.snapshot().name_of(node)
    }

    /// A field of a node as a time.
    pub(crate) fn time(&self, node: NodeNo, field: &str) -> Result<Option<i64>, Error> {
        let value = self.snapshot().field(node, field)?;
        Ok(value.and_then(|value| value.as_i64()))
    }

    /// A value in words.
    pub(crate) fn text(&self, value: &Value) -> String {
        match value {
            Value::Absent => "unknown".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            Value::Time(ns) => time_text(*ns),
            Value::Duration(ns) => span_text(*ns),
            Value::Node(node) => self.name(*node),
            Value::List(items) => {
                items.iter().map(|item| self.text(item)).collect::<Vec<_>>().join(", ")
            }
            other => other.type_name().to_owned(),
        }
    }
}

/// The node that a value is.
pub(crate) fn node_of(value: &Value) -> Option<NodeNo> {
    match value {
        Value::Node(node) => Some(*node),
        _ => None,
    }
}

/// A number of a rule as the language takes it: by the end of its name a length of time, in words, so that
/// it fits beside a calendar step too.
#[expect(
    clippy::cast_possible_truncation,
    reason = "policies count days; what is out of range is cut at its end"
)]
fn parameter(name: &str, number: f64) -> Value {
    let seconds = match name.rsplit('_').next() {
        Some("days") => number * 86_400.0,
        Some("hours") => number * 3_600.0,
        _ => return Value::Float(number),
    } as i64;
    Value::Text(match seconds {
        seconds if seconds % 86_400 == 0 => format!("{}d", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds => format!("{seconds}s"),
    })
}

/// A time in UTC, RFC 3339.
#[must_use]
pub fn time_text(ns: i64) -> String {
    let time = Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH);
    let whole = time.round(jiff::Unit::Second).unwrap_or(time);
    whole.to_string()
}

/// A length of time: `30 h 12 min`, `3 d 4 h`.
pub(crate) fn span_text(ns: i64) -> String {
    let minutes = ns / (HOUR / 60);
    match (minutes / 60 / 24, minutes / 60 % 24, minutes % 60) {
        (days, hours, _) if days >= 3 => format!("{days} d {hours} h"),
        (days, hours, minutes) => format!("{} h {minutes} min", days * 24 + hours),
    }
}
