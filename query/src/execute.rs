//! Plan to rows: the state of one run, its bounds, and what it learned about completeness.

mod arithmetic;
mod asked;
mod blocks;
mod call;
mod columns;
mod diff;
mod doubts;
mod evaluate;
mod expand;
mod explain;
mod fold;
mod gather;
mod group;
mod history;
mod item_set;
mod join;
mod like;
mod paths;
mod reach;
mod rows;
mod scan;
mod seek;
mod show;
mod stream;
mod sum;
mod trace;
mod truth;
mod verify;
mod view;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Instant;

use crate::answer::{Answer, Completeness, Names, REASONS_MAX, Reason, Uncertainty};
use crate::error::{Code, Error, Mistake, Result};
use crate::limits::{CHECK_EVERY, Limit, Limits};
use crate::parameters::Parameters;
use crate::plan::{Bound, Column, Plan, Root};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::{Item, Path, Value};
use blocks::Blocks;
use item_set::ItemSet;
use rows::Row;
pub use stream::Rows;

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
    let parameters = known_parameters(plan, request)?;
    let Some(as_of) = &plan.as_of else {
        return Executor::new(plan, source, request, parameters, machine).answer(named);
    };
    let mut now = Executor::new(plan, source, request, parameters.clone(), machine);
    let view = match now.view(as_of) {
        Ok(view) => view,
        Err(Stop::Error(error)) => return Err(error),
        // Finding one node reads nothing that a bound counts.
        Err(Stop::Limit(limit)) => return Err(Error::Store(format!("ended by {limit}").into())),
    };
    Executor::new(plan, &view, request, parameters, machine).answer(named)
}

/// The values of a plan's parameters, by place.
fn known_parameters(plan: &Plan, request: &Request<'_>) -> Result<Vec<Value>> {
    let values = plan.parameters.iter().map(|place| request.parameters.value_for(place));
    Ok(values.collect::<Result<_, Mistake>>()?)
}

/// What a statement gave, before names are added.
#[derive(Default)]
struct Produced {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
    truncated: Option<Limit>,
    /// How many rows there are, where it is known to be more than were written down.
    total: Option<u64>,
    skip: Option<Bound>,
    limit: Option<Bound>,
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
    /// Regular expressions that were given as parameters or stand in fields.
    patterns: BTreeMap<String, Option<regex::Regex>>,
    memos: BTreeMap<usize, join::Memo>,
    blocks: RefCell<Blocks>,
    machine: &'a mut Machine,
    edges: u64,
    events: u64,
    bytes: u64,
    unchecked: u64,
    /// Set while batches stand for the events of this variable.
    by_batch: Option<crate::plan::SlotId>,
    opened: scan::Opened,
    /// How many rows there are, where it is known without writing them down.
    total: Option<u64>,
    /// By variable, while a profile is made.
    counted: Option<Vec<explain::Counted>>,
    /// By variable, while reasons are looked for.
    asked: Vec<asked::Asked<'a>>,
    /// Reasons are being looked for: what is passed is noted.
    noting: bool,
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
            patterns: BTreeMap::new(),
            memos: BTreeMap::new(),
            blocks: RefCell::new(Blocks::with(&plan.event_fields)),
            machine,
            edges: 0,
            events: 0,
            bytes: 0,
            unchecked: 0,
            by_batch: None,
            opened: scan::Opened::default(),
            total: None,
            counted: None,
            asked: Vec::new(),
            noting: false,
            reasons: BTreeSet::new(),
            warnings: BTreeMap::new(),
        }
    }

    fn answer(mut self, named: bool) -> Result<Answer> {
        let plan = self.plan;
        let produced = self.produce(&plan.root)?;
        self.envelope(produced, named)
    }

    /// Rows of a statement. A bound that ends it is part of what it gives.
    fn produce(&mut self, root: &'a Root) -> Result<Produced> {
        let mut out = Produced { columns: self.plan.columns.clone(), ..Produced::default() };
        let mut rows: Vec<Row> = Vec::new();
        if let Root::Explain(profile, inner) = root {
            return self.explain(*profile, inner);
        }
        let ended = match self.doubts(root) {
            Ok(()) => self.rows_into(root, &mut rows, &mut out),
            ended => ended,
        };
        out.truncated = match ended {
            Ok(()) => None,
            Err(Stop::Limit(limit)) => Some(limit),
            Err(Stop::Error(error)) => return Err(error),
        };
        out.rows.extend(rows.into_iter().map(|row| row.values));
        out.total = self.total;
        Ok(out)
    }

    fn rows_into(&mut self, root: &'a Root, rows: &mut Vec<Row>, out: &mut Produced) -> Run<()> {
        match root {
            Root::Find(find) => {
                (out.skip, out.limit) = (find.skip, find.limit);
                self.find_into(find, rows, usize::MAX)
            }
            Root::Trace(trace) => {
                (out.skip, out.limit) = (trace.skip, trace.limit);
                self.trace_into(trace, rows)
            }
            Root::History(history) => {
                (out.skip, out.limit) = (history.skip, history.limit);
                self.history_into(history, rows)
            }
            Root::Diff(diff) => self.diff(diff).map(|found| out.rows = found),
            Root::Verify(verify) => self.verify_into(*verify, &mut out.rows),
            Root::Show(topic) => {
                (out.columns, out.rows) = self.show(*topic);
                Ok(())
            }
            // Explained above, where it is not answered.
            Root::Explain(..) => Ok(()),
        }
    }

    fn envelope(self, produced: Produced, named: bool) -> Result<Answer> {
        let Produced { columns, mut rows, truncated, total, skip, limit } = produced;
        let total = total.unwrap_or(rows.len() as u64);
        self.page(&mut rows, skip, limit)?;
        let mut names = Names::default();
        for value in rows.iter().flatten().filter(|_| named) {
            self.name_value(value, &mut names)?;
        }
        let completeness = self.completeness(truncated);
        let warning = |(text, count): (&String, &u64)| {
            if *count > 1 { format!("{text} ({count} times)") } else { text.clone() }
        };
        Ok(Answer {
            columns,
            rows,
            total,
            completeness,
            commit: self.source.commit(),
            recorded: self.source.recorded(),
            now: self.now,
            warnings: {
                let known = self.plan.warnings.iter().cloned();
                known.chain(self.warnings.iter().map(warning)).collect()
            },
            edges_followed: self.edges,
            events_read: self.events,
            format: self.plan.format.clone(),
            names,
        })
    }

    /// How complete an answer is that ended so.
    fn completeness(&self, truncated: Option<Limit>) -> Completeness {
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
        Completeness { truncated, reasons, reason_count }
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

    /// Counts what a row takes in memory.
    fn count_row(&mut self, row: &Row) -> Run<()> {
        let values = row.values.iter().chain(&row.keys);
        self.count_bytes(values.map(Value::size).sum())
    }

    fn count_bytes(&mut self, bytes: u64) -> Run<()> {
        self.bytes += bytes;
        if self.bytes > self.limits.bytes {
            return Err(Stop::Limit(Limit::Bytes(self.limits.bytes)));
        }
        Ok(())
    }

    /// Asks now and then whether to stop.
    fn look(&mut self, work: u64) -> Run<()> {
        self.unchecked += work;
        if self.unchecked >= CHECK_EVERY { self.look_now() } else { Ok(()) }
    }

    fn look_now(&mut self) -> Run<()> {
        self.unchecked = 0;
        if self.limits.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Stop::Limit(Limit::Deadline));
        }
        if self.limits.stop.is_some_and(|stop| stop()) {
            return Err(Stop::Limit(Limit::Stopped));
        }
        Ok(())
    }

    /// A walk for reasons comes by this node.
    fn pass(&mut self, node: NodeNo) {
        if self.noting {
            self.note(node);
        }
    }

    /// The answer leads through this node: notes what is not known about it.
    fn note(&mut self, node: NodeNo) {
        if self.source.is_stub(node) {
            self.reasons.insert((node, Uncertainty::Missing(self.source.kind_of(node))));
        }
        if self.source.conflicts(node) {
            self.reasons.insert((node, Uncertainty::Conflict));
        }
    }

    fn warn(&mut self, text: String) {
        // The rows warn of it themselves.
        if self.noting {
            return;
        }
        *self.warnings.entry(text).or_default() += 1;
    }
}
