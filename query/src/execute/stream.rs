//! Rows as they are found, for callers that may not want all of them.
//!
//! The first variable of the plan is stepped through by hand, candidate by candidate; what follows
//! it is bound as ever. So nothing is read that no asked-for row needs, and dropping the iterator
//! ends the work. Questions whose first row depends on the last (an order, groups, set words, `root`
//! and `tip`, `distinct`) are answered whole before the first row is given.

use std::collections::{BTreeSet, VecDeque};

use super::columns::Test;
use super::scan::{WHOLE, Window};
use super::{Executor, Machine, Request, Run, Stop, known_parameters, run, store};
use crate::answer::Completeness;
use crate::error::Result;
use crate::limits::Limit;
use crate::plan::{FindPlan, Generator, Kinds, OperandPlan, OutputPlan, Plan, Root, SelectPlan};
use crate::source::{EventRef, NodeNo, Source};
use crate::value::{Item, Value};
use lineal_engine::schema::Kind;

/// Rows of a question, found as they are asked for. Ended by a bound, it ends early; then, and in
/// the end, [`Rows::completeness`] says so. Damage that was met on the way is the last thing it
/// gives, as an error: rows are whole only where it came to its end without one.
pub struct Rows<'a, S: Source>(Inner<'a, S>);

enum Inner<'a, S: Source> {
    /// Answered before.
    Whole(std::vec::IntoIter<Vec<Value>>, Completeness),
    Stepwise(Box<Stepwise<'a, S>>),
}

struct Stepwise<'a, S: Source> {
    run: Executor<'a, S>,
    select: &'a SelectPlan,
    items: &'a [crate::plan::Expression],
    tests: Vec<Test>,
    left: Candidates,
    found: VecDeque<Vec<Value>>,
    seen: BTreeSet<Vec<Item>>,
    skip: usize,
    /// Rows that may still be given by the question's own limit.
    wanted: usize,
    /// Rows found, for the bound of the caller.
    count: u64,
    truncated: Option<Limit>,
    is_over: bool,
    /// Was the source asked for damage, behind the last row?
    is_settled: bool,
}

/// What the first variable may stand for and was not tried yet.
struct Candidates {
    items: std::vec::IntoIter<Item>,
    /// Batches whose events come after these.
    batches: VecDeque<NodeNo>,
}

impl<'a, S: Source> Rows<'a, S> {
    /// Begins a question.
    pub(crate) fn begin(
        plan: &'a Plan,
        source: &'a S,
        request: &Request<'a>,
        machine: &'a mut Machine,
    ) -> Result<Rows<'a, S>> {
        super::trail::may_ask(plan, source)?;
        let Some((find, select, items)) = stepwise(plan) else {
            let answer = run(plan, source, request, machine, false)?;
            return Ok(Rows(Inner::Whole(answer.rows.into_iter(), answer.completeness)));
        };
        let parameters = known_parameters(plan, request)?;
        let run = Executor::new(plan, source, request, parameters, machine);
        let skip = find.skip.map_or(Ok(0), |skip| run.bound(skip))?;
        let wanted = find.limit.map_or(Ok(usize::MAX), |limit| run.bound(limit))?;
        let none = Candidates { items: Vec::new().into_iter(), batches: VecDeque::new() };
        let mut stepwise = Stepwise {
            run,
            select,
            items,
            tests: Vec::new(),
            left: none,
            found: VecDeque::new(),
            seen: BTreeSet::new(),
            skip,
            wanted,
            count: 0,
            truncated: None,
            is_over: false,
            is_settled: false,
        };
        match stepwise.prepare(&plan.root) {
            Ok(()) => {}
            Err(Stop::Limit(limit)) => stepwise.end(Some(limit)),
            Err(Stop::Error(error)) => return Err(error),
        }
        Ok(Rows(Inner::Stepwise(Box::new(stepwise))))
    }

    /// How complete the rows that were given so far are: reasons are known from the beginning, what
    /// ended them only in the end.
    #[must_use]
    pub fn completeness(&self) -> Completeness {
        match &self.0 {
            Inner::Whole(_, completeness) => completeness.clone(),
            Inner::Stepwise(rows) => rows.run.completeness(rows.truncated),
        }
    }

    /// Events read so far.
    #[must_use]
    pub fn events_read(&self) -> u64 {
        match &self.0 {
            Inner::Whole(..) => 0,
            Inner::Stepwise(rows) => rows.run.events,
        }
    }
}

impl<S: Source> Iterator for Rows<'_, S> {
    type Item = Result<Vec<Value>>;

    fn next(&mut self) -> Option<Result<Vec<Value>>> {
        match &mut self.0 {
            Inner::Whole(rows, _) => rows.next().map(Ok),
            Inner::Stepwise(rows) => rows.next_row(),
        }
    }
}

/// The parts of a question whose rows can be given as they are found.
fn stepwise(plan: &Plan) -> Option<(&FindPlan, &SelectPlan, &[crate::plan::Expression])> {
    let (Root::Find(find), None) = (&plan.root, &plan.as_of) else { return None };
    let [OperandPlan::Select(select)] = find.operands.as_slice() else { return None };
    let OutputPlan::Rows { distinct: false, items } = &select.output else { return None };
    let is_plain = select.order.is_empty() && select.extreme.is_none() && !select.steps.is_empty();
    is_plain.then_some((find, &**select, items.as_slice()))
}

impl<'a, S: Source> Stepwise<'a, S> {
    fn prepare(&mut self, root: &'a Root) -> Run<()> {
        self.run.doubts(root)?;
        for guard in &self.select.guards {
            if !self.run.holds(guard)? {
                self.end(None);
                return Ok(());
            }
        }
        let Some(step) = self.select.steps.first() else { return Ok(()) };
        let source = self.run.source;
        self.tests = self.run.tests(&step.columns)?;
        let named = self.run.plan.slots.get(step.slot).map_or(Kinds::NONE, |slot| slot.kinds);
        let kinds = step.narrowed.unwrap_or(named);
        let (mut items, mut batches) = (Vec::new(), VecDeque::new());
        match &step.from {
            Generator::Scan if !step.whole.is_empty() => {
                if let Some(kind) = kinds.single() {
                    items.extend(self.run.whole(step, kind)?.nodes().map(Item::Node));
                }
            }
            Generator::Scan => {
                let nodes = kinds.without(Kind::Inference);
                let nodes = nodes.iter().flat_map(|kind| source.nodes_of(kind));
                items.extend(nodes.map(Item::Node));
                if kinds.has(Kind::Inference) {
                    batches.extend(source.nodes_of(Kind::Batch));
                }
            }
            _ => {
                // Events that a relation leads to stand for their batches until they are asked for.
                self.run.by_batch = Some(step.slot);
                let found = self.run.generated(step);
                self.run.by_batch = None;
                let found = found?;
                let is_batch = |event: &&EventRef| event.row == WHOLE;
                let whole = found.events.iter().filter(is_batch);
                batches.extend(whole.map(|event| source.event_batch(*event)));
                let single = found
                    .items()
                    .filter(|item| !matches!(item, Item::Event(event) if event.row == WHOLE));
                items.extend(single);
            }
        }
        self.left = Candidates { items: items.into_iter(), batches };
        Ok(())
    }

    fn end(&mut self, truncated: Option<Limit>) {
        self.truncated = truncated;
        self.is_over = true;
        self.found.clear();
    }

    /// Behind the last row: damage that was met on the way, once. It counted as nothing, so the
    /// rows before may be too few.
    fn settle(&mut self) -> Option<Result<Vec<Value>>> {
        if std::mem::replace(&mut self.is_settled, true) {
            return None;
        }
        self.run.source.damage().map(|damage| Err(store(damage)))
    }

    fn next_row(&mut self) -> Option<Result<Vec<Value>>> {
        loop {
            if self.wanted == 0 {
                self.end(None);
            }
            while let Some(row) = self.found.pop_front() {
                if self.skip == 0 {
                    self.wanted -= 1;
                    return Some(Ok(row));
                }
                self.skip -= 1;
            }
            if self.is_over {
                return self.settle();
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => self.is_over = true,
                // What was found before the bound stands.
                Err(Stop::Limit(limit)) => {
                    self.truncated = Some(limit);
                    self.is_over = true;
                }
                Err(Stop::Error(error)) => {
                    self.end(None);
                    return Some(Err(error));
                }
            }
        }
    }

    /// Tries one more candidate, or reads one more batch; false if there is none.
    fn advance(&mut self) -> Run<bool> {
        self.run.look(1)?;
        if let Some(item) = self.left.items.next() {
            self.attempt(item)?;
            return Ok(true);
        }
        let Some(batch) = self.left.batches.pop_front() else { return Ok(false) };
        let Some(step) = self.select.steps.first() else { return Ok(false) };
        let window = Window { by_batch: false, ..self.run.window(step, &self.tests)? };
        let mut events = Vec::new();
        self.run.batch_events(&[batch], window, &mut events)?;
        let items: Vec<Item> = events.into_iter().map(Item::Event).collect();
        self.left.items = items.into_iter();
        Ok(true)
    }

    /// Binds the other variables to one candidate of the first.
    fn attempt(&mut self, item: Item) -> Run<()> {
        let Some((step, rest)) = self.select.steps.split_first() else { return Ok(()) };
        let Stepwise { run, select, items, found, seen, count, .. } = self;
        let rows_max = run.limits.rows;
        run.candidate(item, step, rest, &mut |run: &mut Executor<'a, S>| {
            if !run.is_new(select, seen) {
                return Ok(true);
            }
            if *count >= rows_max {
                return Err(Stop::Limit(Limit::Rows(rows_max)));
            }
            *count += 1;
            let mut row = Vec::with_capacity(items.len());
            for item in *items {
                row.push(run.value(item)?);
            }
            found.push_back(row);
            Ok(true)
        })?;
        Ok(())
    }
}
