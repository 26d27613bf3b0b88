//! Plan to rows: the state of one run, its bounds, and what it learned about completeness.

mod arithmetic;
mod call;
mod evaluate;
mod expand;
mod group;
mod item_set;
mod join;
mod like;
mod reach;
mod rows;
mod seek;
mod show;
mod trace;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::answer::{Answer, Completeness, Names, REASONS_MAX, Reason, Uncertainty};
use crate::error::{Code, Error, Mistake, Result};
use crate::limits::{CHECK_EVERY, Limit, Limits};
use crate::parameters::Parameters;
use crate::plan::{Bound, Column, Plan, Root, View};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::{Item, Path, Value};
use item_set::ItemSet;
use rows::Row;

/// What is kept from one run to the next, so that a prepared question allocates little.
#[derive(Default, Debug)]
pub struct Machine {
    marks: reach::Marks,
}

/// Everything that one asking of a question needs beside the store.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Values of parameters.
    pub parameters: &'a Parameters,
    /// Bounds.
    pub limits: &'a Limits<'a>,
    /// What `now()` is, ns since 1970 UTC.
    pub now: i64,
}

/// Why a run ends early.
enum Stop {
    /// A bound: the rows so far stand.
    Limit(Limit),
    /// An error: there is no answer.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Error(error)
    }
}
impl From<Mistake> for Stop {
    fn from(mistake: Mistake) -> Stop {
        Stop::Error(mistake.into())
    }
}

type Run<T> = std::result::Result<T, Stop>;

/// A store's error as ours.
fn store(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Store(Box::new(error))
}

/// Runs a plan.
pub(crate) fn run<S: Source>(
    plan: &Plan,
    source: &S,
    request: &Request<'_>,
    machine: &mut Machine,
    named: bool,
) -> Result<Answer> {
    let parameters: Vec<Value> = plan
        .parameters
        .iter()
        .map(|place| request.parameters.value_for(place))
        .collect::<Result<_, Mistake>>()?;
    let Some((view, span)) = plan.as_of else {
        return Executor::new(plan, source, request, parameters, machine).answer(named);
    };
    let no_view = |what: String| {
        Error::from(Mistake::new(Code::View, span, what).hint(format!(
            "this store goes up to commit {}, recorded {}",
            source.commit(),
            crate::value::time_text(source.recorded())
        )))
    };
    let by_number = |number: u64| {
        let found = source.as_of_commit(number).map_err(store)?;
        found.ok_or_else(|| no_view(format!("there is no commit {number}")))
    };
    let by_time = |time: i64| {
        let found = source.as_of_time(time).map_err(store)?;
        let text = crate::value::time_text(time);
        found.ok_or_else(|| no_view(format!("nothing was recorded up to {text}")))
    };
    let view = match view {
        View::Commit(number) => by_number(number)?,
        View::Time(time) => by_time(time)?,
        View::Parameter(place) => match parameters.get(place) {
            Some(Value::Time(time)) => by_time(*time)?,
            Some(Value::Int(number)) if *number >= 0 => by_number(number.unsigned_abs())?,
            Some(Value::Text(text)) => match text.parse() {
                Ok(number) => by_number(number)?,
                Err(_) => match crate::parse::parse_time_text(text) {
                    Some(time) => by_time(time)?,
                    None => return Err(no_view(format!("`{text}` is no commit and no time"))),
                },
            },
            _ => return Err(no_view("this parameter is no commit and no time".to_owned())),
        },
    };
    Executor::new(plan, &view, request, parameters, machine).answer(named)
}

/// One run.
struct Executor<'a, S: Source> {
    plan: &'a Plan,
    source: &'a S,
    limits: &'a Limits<'a>,
    now: i64,
    /// By place.
    parameters: Vec<Value>,
    /// What each variable stands for at the moment.
    bindings: Vec<Item>,
    path: Option<Rc<Path>>,
    /// Keys and figures of the group at hand.
    group: Vec<Value>,
    sets: Vec<Option<Rc<ItemSet>>>,
    memos: BTreeMap<usize, join::Memo>,
    machine: &'a mut Machine,
    edges: u64,
    events: u64,
    unchecked: u64,
    /// A condition is being tested: what is absent on a stub decides something.
    deciding: bool,
    reasons: BTreeSet<(NodeNo, Uncertainty)>,
    warnings: BTreeMap<String, u64>,
}

impl<'a, S: Source> Executor<'a, S> {
    fn new(
        plan: &'a Plan,
        source: &'a S,
        request: &Request<'a>,
        parameters: Vec<Value>,
        machine: &'a mut Machine,
    ) -> Executor<'a, S> {
        Executor {
            plan,
            source,
            limits: request.limits,
            now: request.now,
            parameters,
            bindings: vec![Item::Node(NodeNo::MAX); plan.slots.len()],
            path: None,
            group: Vec::new(),
            sets: vec![None; plan.sets.len()],
            memos: BTreeMap::new(),
            machine,
            edges: 0,
            events: 0,
            unchecked: 0,
            deciding: false,
            reasons: BTreeSet::new(),
            warnings: BTreeMap::new(),
        }
    }

    fn answer(mut self, named: bool) -> Result<Answer> {
        let mut rows = Vec::new();
        let ended = match &self.plan.root {
            Root::Find(find) => self.find_into(find, &mut rows, usize::MAX),
            Root::Trace(trace) => self.trace_into(trace, &mut rows),
            Root::Show(topic) => {
                let (columns, rows) = self.show(*topic);
                return self.envelope(columns, rows, None, (None, None), named);
            }
        };
        let truncated = match ended {
            Ok(()) => None,
            Err(Stop::Limit(limit)) => Some(limit),
            Err(Stop::Error(error)) => return Err(error),
        };
        let (columns, skip, limit) = match &self.plan.root {
            Root::Find(find) => (find.columns.clone(), find.skip, find.limit),
            Root::Trace(trace) => (trace.columns.clone(), trace.skip, trace.limit),
            Root::Show(_) => (Vec::new(), None, None),
        };
        let rows = rows.into_iter().map(|row| row.values).collect();
        self.envelope(columns, rows, truncated, (skip, limit), named)
    }

    fn envelope(
        self,
        columns: Vec<Column>,
        mut rows: Vec<Vec<Value>>,
        truncated: Option<Limit>,
        (skip, limit): (Option<Bound>, Option<Bound>),
        named: bool,
    ) -> Result<Answer> {
        let total = rows.len() as u64;
        self.page(&mut rows, skip, limit)?;
        let mut names = Names::default();
        for value in rows.iter().flatten().filter(|_| named) {
            self.name_value(value, &mut names)?;
        }
        let reason_count = self.reasons.len() as u64;
        let reasons = self
            .reasons
            .iter()
            .take(REASONS_MAX)
            .map(|(node, what)| Reason {
                what: *what,
                node: *node,
                name: self.source.name_of(*node),
            })
            .collect();
        let warning = |(text, count): (&String, &u64)| {
            if *count > 1 { format!("{text} ({count} times)") } else { text.clone() }
        };
        Ok(Answer {
            columns,
            rows,
            total,
            completeness: Completeness { truncated, reasons, reason_count },
            commit: self.source.commit(),
            recorded: self.source.recorded(),
            now: self.now,
            warnings: self.warnings.iter().map(warning).collect(),
            edges_followed: self.edges,
            events_read: self.events,
            format: self.plan.format.clone(),
            names,
        })
    }

    /// Applies `skip` and `limit`.
    fn page<T>(&self, rows: &mut Vec<T>, skip: Option<Bound>, limit: Option<Bound>) -> Result<()> {
        if let Some(skip) = skip {
            rows.drain(..self.bound(skip)?.min(rows.len()));
        }
        if let Some(limit) = limit {
            rows.truncate(self.bound(limit)?);
        }
        Ok(())
    }

    fn bound(&self, bound: Bound) -> Result<usize> {
        let number = match bound {
            Bound::Number(number) => Some(number),
            Bound::Parameter(place) => match self.parameters.get(place) {
                Some(Value::Int(number)) => u64::try_from(*number).ok(),
                _ => None,
            },
        };
        let span = match bound {
            Bound::Parameter(place) => self.plan.parameters.get(place).map(|place| place.span),
            Bound::Number(_) => None,
        };
        let number = number.ok_or_else(|| {
            Mistake::new(
                Code::ParameterType,
                span.unwrap_or_default(),
                "a number of rows is a whole number from 0",
            )
        })?;
        Ok(usize::try_from(number).unwrap_or(usize::MAX))
    }

    /// Notes the names of nodes and events in a value.
    fn name_value(&self, value: &Value, names: &mut Names) -> Result<()> {
        match value {
            Value::Node(node) => {
                let source = self.source;
                names
                    .nodes
                    .entry(*node)
                    .or_insert_with(|| (source.kind_of(*node), source.name_of(*node)));
            }
            Value::Event(event) if !names.events.contains_key(event) => {
                names.events.insert(*event, self.event_name(*event)?);
            }
            Value::List(items) => {
                for item in items {
                    self.name_value(item, names)?;
                }
            }
            Value::Path(path) => {
                self.name_value(&path.start.into(), names)?;
                for step in &path.steps {
                    self.name_value(&step.to.into(), names)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `inference:sha256:...`, else by the first id that is recorded.
    fn event_name(&self, event: EventRef) -> Result<String> {
        use lineal_engine::event_fields::EventField as Field;
        let hash = self.event_value(event, Field::InputHash)?;
        if let Value::Hash(hash) = &hash {
            return Ok(format!("inference:{}", hash.text()));
        }
        for field in [Field::RequestId, Field::EventId, Field::LogId] {
            if let Value::Text(id) = self.event_value(event, field)? {
                let key = crate::ast::Key::Text(id);
                let kind = Some(lineal_engine::schema::Kind::Inference);
                return Ok(crate::ast::Reference { kind, key }.to_string());
            }
        }
        Ok(format!(
            "inference in {} row {}",
            self.source.name_of(self.source.event_batch(event)),
            event.row
        ))
    }

    fn count_edges(&mut self, count: usize) -> Run<()> {
        self.edges += count as u64;
        if self.edges > self.limits.edges {
            return Err(Stop::Limit(Limit::Edges(self.limits.edges)));
        }
        self.look(count as u64)
    }

    fn count_events(&mut self, count: usize) -> Run<()> {
        self.events += count as u64;
        if self.events > self.limits.events {
            return Err(Stop::Limit(Limit::Events(self.limits.events)));
        }
        self.look(count as u64)
    }

    /// Asks now and then whether to stop.
    fn look(&mut self, work: u64) -> Run<()> {
        self.unchecked += work;
        if self.unchecked >= CHECK_EVERY {
            self.unchecked = 0;
            if self.limits.stop.is_some_and(|stop| stop()) {
                return Err(Stop::Limit(Limit::Stopped));
            }
        }
        Ok(())
    }

    /// The answer passed through this node: notes what is not known about it.
    fn pass(&mut self, node: NodeNo) {
        if self.source.is_stub(node) {
            self.reasons.insert((node, Uncertainty::Missing(self.source.kind_of(node))));
        }
        if self.source.conflicts(node) {
            self.reasons.insert((node, Uncertainty::Conflict));
        }
    }

    fn warn(&mut self, text: String) {
        *self.warnings.entry(text).or_default() += 1;
    }
}
