//! Plan to rows: the state of one run, its bounds, and what it learned about completeness.

mod arithmetic;
mod asked;
mod bits;
mod blocks;
mod bounds;
mod budget;
mod call;
mod columns;
mod diff;
mod doubts;
mod envelope;
mod evaluate;
mod event_order;
mod expand;
mod explain;
mod fold;
mod gather;
mod group;
mod history;
mod item_set;
mod join;
mod kept;
mod late;
mod led;
mod like;
mod list_values;
mod listed;
mod look_alike;
mod names;
mod numbers;
mod pairs;
mod paths;
mod reach;
mod row_set;
mod rows;
mod scan;
mod seek;
mod show;
mod stream;
mod sum;
mod tally;
mod trace;
mod trail;
mod truth;
mod unshown;
mod verify;
mod view;
mod whole;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use lineal_engine::schema::{Direction, Relation};

use crate::answer::{Answer, Table, Uncertainty};
use crate::error::{Code, Error, Mistake, Result};
use crate::limits::{Limit, Limits};
use crate::parameters::Parameters;
use crate::plan::{Bound, Column, Kinds, OperandPlan, Plan, Root};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Path, Value};
use blocks::Blocks;
use item_set::ItemSet;
use row_set::RowSet;
pub(crate) use show::without_store;
pub use stream::Rows;

/// What is kept from one run to the next, so that a prepared question allocates little.
#[derive(Default, Debug)]
pub struct Machine {
    /// In a piece of their own: they are taken out for each search, and are long.
    marks: Option<Box<reach::Marks>>,
    kept: kept::Kept,
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

/// Runs a plan for people: with the names of what is in the rows, if they are wanted.
pub(crate) fn run<S: Source>(
    plan: &Plan,
    source: &S,
    request: &Request<'_>,
    machine: &mut Machine,
    named: bool,
) -> Result<Answer> {
    run_to(plan, source, request, machine, |run, produced| run.envelope(produced, named))
}

/// Runs a plan for programs, into a table whose memory is used again.
pub(crate) fn run_flat<S: Source>(
    plan: &Plan,
    source: &S,
    request: &Request<'_>,
    machine: &mut Machine,
    table: &mut Table,
) -> Result<()> {
    machine.kept.take_answer(table.emptied());
    run_to(plan, source, request, machine, |run, produced| flat(run, produced, table))
}

/// Runs a plan for whoever writes the rows down at once: with the names of what is in the rows, which lie
/// in a table whose memory is used again.
pub(crate) fn run_beside<S: Source>(
    plan: &Plan,
    source: &S,
    request: &Request<'_>,
    machine: &mut Machine,
    table: &mut Table,
) -> Result<Answer> {
    machine.kept.take_answer(table.emptied());
    run_to(plan, source, request, machine, |run, produced| run.envelope_beside(produced, table))
}

impl Machine {
    /// A table without rows, in the memory of one that was given back.
    pub(crate) fn table(&mut self) -> Table {
        self.kept.table()
    }

    /// Takes a table back: its memory, where that is small, and none of its values.
    pub(crate) fn keep_table(&mut self, table: Table) {
        self.kept.keep_table(table);
    }
}

/// Runs a plan to its end. Damage that was met on the way stands in the place of any answer.
fn run_to<S: Source, T>(
    plan: &Plan,
    source: &S,
    request: &Request<'_>,
    machine: &mut Machine,
    finish: impl for<'x> FnOnce(&mut Executor<'x, S>, Produced) -> Result<T>,
) -> Result<T> {
    trail::may_ask(plan, source)?;
    let answered = answered(plan, source, request, machine, finish);
    match source.damage() {
        Some(damage) => Err(store(damage)),
        None => answered,
    }
}

fn answered<S: Source, T>(
    plan: &Plan,
    source: &S,
    request: &Request<'_>,
    machine: &mut Machine,
    finish: impl for<'x> FnOnce(&mut Executor<'x, S>, Produced) -> Result<T>,
) -> Result<T> {
    let Some(as_of) = &plan.as_of else {
        let mut parameters = machine.kept.parameters();
        fill_parameters(plan, request, &mut parameters)?;
        let mut run = Executor::new(plan, source, request, parameters, machine);
        let answered = run.produce(&plan.root).and_then(|produced| finish(&mut run, produced));
        run.give_back();
        return answered;
    };
    let parameters = known_parameters(plan, request)?;
    let mut now = Executor::new(plan, source, request, parameters.clone(), machine);
    let view = match now.view(as_of) {
        Ok(view) => view,
        Err(Stop::Error(error)) => return Err(error),
        // Finding one node reads nothing that a bound counts.
        Err(Stop::Limit(limit)) => return Err(Error::Store(format!("ended by {limit}").into())),
    };
    let mut then = Executor::new(plan, &view, request, parameters, machine);
    let produced = then.produce(&plan.root)?;
    finish(&mut then, produced)
}

/// Does a question ask for an order of its rows?
fn is_ordered(root: &Root) -> bool {
    let Root::Find(find) = root else { return false };
    let by_columns = !find.column_order.is_empty();
    by_columns
        || find.operands.iter().any(|operand| match operand {
            OperandPlan::Select(select) => !select.order.is_empty(),
            OperandPlan::Find(_) => false,
        })
}

/// The rows one after the other.
fn flat<S: Source>(run: &mut Executor<'_, S>, produced: Produced, table: &mut Table) -> Result<()> {
    let total = produced.count();
    let (skip, limit) = run.page(produced.skip, produced.limit)?;
    let Produced { columns, mut found, rows, truncated, .. } = produced;
    found.page(skip, limit);
    for row in rows {
        found.push(row, [], []);
    }
    let width = columns.map_or(run.plan.columns.len(), |columns| columns.len());
    let memory = run.machine.kept.emptied_answer();
    table.refill(width, total, run.completeness(truncated), |values| {
        if values.capacity() < memory.capacity() {
            *values = memory;
        }
        found.move_values(values);
    });
    run.keep_rows(found);
    Ok(())
}

/// The values of a plan's parameters, by place.
fn known_parameters(plan: &Plan, request: &Request<'_>) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    fill_parameters(plan, request, &mut values)?;
    Ok(values)
}

/// The same, into a list whose memory is used again.
fn fill_parameters(plan: &Plan, request: &Request<'_>, out: &mut Vec<Value>) -> Result<()> {
    out.resize(plan.parameters.len(), Value::Absent);
    for (place, value) in plan.parameters.iter().zip(out) {
        request.parameters.put_value(place, value)?;
    }
    Ok(())
}

/// What a statement gave, before names are added.
#[derive(Default)]
struct Produced {
    /// Where they are not those of the plan.
    columns: Option<Vec<Column>>,
    /// Rows of questions.
    found: RowSet,
    /// Rows of the statements that have few.
    rows: Vec<Vec<Value>>,
    truncated: Option<Limit>,
    /// How many rows there are, where it is known to be more than were written down.
    total: Option<u64>,
    skip: Option<Bound>,
    limit: Option<Bound>,
}

impl Produced {
    /// How many rows there are without `skip` and `limit`.
    fn count(&self) -> u64 {
        self.total.unwrap_or((self.found.len() + self.rows.len()) as u64)
    }
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
    path: Option<Arc<Path>>,
    /// Keys and figures of the group at hand.
    group: Vec<Value>,
    sets: Vec<Option<Rc<ItemSet>>>,
    /// Regular expressions that were given as parameters or stand in fields.
    patterns: BTreeMap<String, Option<regex::Regex>>,
    memos: Vec<(usize, join::Memo)>,
    blocks: RefCell<Blocks>,
    machine: &'a mut Machine,
    edges: u64,
    events: u64,
    bytes: u64,
    unchecked: u64,
    /// The deadline or the caller has ended it.
    is_stopped: bool,
    /// Set while batches stand for the events of this variable.
    by_batch: Option<crate::plan::SlotId>,
    opened: scan::Opened,
    /// How many rows there are, where it is known without writing them down.
    total: Option<u64>,
    /// By variable, while a profile is made.
    counted: Option<explain::Counts>,
    /// By variable, while reasons are looked for.
    asked: Vec<asked::Asked<'a>>,
    /// Reasons are being looked for: what is passed is noted.
    noting: bool,
    reasons: BTreeSet<(NodeNo, Uncertainty)>,
    /// Logs with lines that could not be read, by their place among those of the view.
    unread: BTreeSet<usize>,
    /// Nodes that a scan came by and left out because they are deleted in their source.
    left_out: BTreeSet<NodeNo>,
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
        let (bindings, sets, memos) = machine.kept.begin(plan.slots.len(), plan.sets.len());
        Executor {
            plan,
            source,
            limits: request.limits,
            now: request.now,
            parameters,
            bindings,
            path: None,
            group: Vec::new(),
            sets,
            patterns: BTreeMap::new(),
            memos,
            blocks: RefCell::new(Blocks::with(&plan.event_fields)),
            machine,
            edges: 0,
            events: 0,
            bytes: 0,
            unchecked: 0,
            is_stopped: false,
            by_batch: None,
            opened: scan::Opened::default(),
            total: None,
            counted: None,
            asked: Vec::new(),
            noting: false,
            reasons: BTreeSet::new(),
            unread: BTreeSet::new(),
            left_out: BTreeSet::new(),
            warnings: BTreeMap::new(),
        }
    }

    /// Rows of a statement. A bound that ends it is part of what it gives.
    fn produce(&mut self, root: &'a Root) -> Result<Produced> {
        let mut out = Produced::default();
        let mut rows = self.machine.kept.rows();
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
        if out.truncated.is_some() && is_ordered(root) {
            self.warn(
                "only what was found was put in order: what comes first in all may be missing"
                    .to_owned(),
            );
        }
        out.found = rows;
        out.total = self.total;
        if out.truncated.is_some() && out.total.is_none() {
            out.total = self.known_total(root);
        }
        Ok(out)
    }

    fn rows_into(&mut self, root: &'a Root, rows: &mut RowSet, out: &mut Produced) -> Run<()> {
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
            Root::Diff(diff) => self.diff_into(diff, &mut out.rows),
            Root::Verify(verify) => self.verify_into(*verify, &mut out.rows),
            Root::Show(topic) => {
                let (columns, rows) = self.show(*topic)?;
                (out.columns, out.rows) = (Some(columns), rows);
                Ok(())
            }
            // Explained above, where it is not answered.
            Root::Explain(..) => Ok(()),
        }
    }

    /// How many rows `skip` and `limit` leave out and keep.
    fn page(&self, skip: Option<Bound>, limit: Option<Bound>) -> Result<(usize, usize)> {
        let skip = skip.map_or(Ok(0), |skip| self.bound(skip))?;
        Ok((skip, limit.map_or(Ok(usize::MAX), |limit| self.bound(limit))?))
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

    /// A walk for reasons comes by this node.
    fn pass(&mut self, node: NodeNo) {
        if self.noting {
            self.note(node);
        }
    }

    /// The answer leads through this node: notes what is not known about it.
    fn note(&mut self, node: NodeNo) {
        if !self.source.candidates(node).is_empty() {
            // It is recorded, under one of several names: no import would decide under which.
            self.reasons.insert((node, Uncertainty::Conflict));
        } else if self.source.is_stub(node) {
            self.reasons.insert((node, Uncertainty::Missing(self.source.kind_of(node), None)));
        }
    }

    /// The answer leads from this node against a relation: what is joined to a reference that may
    /// mean the node may be joined to it.
    fn note_claims(&mut self, node: NodeNo, relation: Relation, direction: Direction, to: Kinds) {
        if direction == Direction::Forward {
            return;
        }
        let source = self.source;
        for open in source.open_claims(node) {
            let claimers = source.edges(*open, relation, Direction::Inverse);
            if claimers.iter().any(|claimer| to.has(source.kind_of(*claimer))) {
                self.reasons.insert((*open, Uncertainty::Conflict));
            }
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
