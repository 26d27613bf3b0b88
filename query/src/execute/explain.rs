//! `explain` and `profile`: the plan in words, with estimates, and what a run of it counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use lineal_engine::schema::Kind;

use super::{Executor, Produced};
use crate::error::Result;
use crate::plan::{
    Chain, Closure, Column, End, Expression, FindPlan, Generator, GroupPlan, HopKind, KeySource,
    Kinds, LabelBy, OperandPlan, OutputPlan, Root, SelectPlan, SetId, SetSource, SlotId, StepPlan,
    Type,
};
use crate::source::Source;
use crate::value::Value;

/// One line of the plan.
struct Line {
    depth: usize,
    text: String,
    /// Candidates at most.
    estimate: Option<u64>,
    /// What of a profile stands in the line.
    of: Option<Of>,
}

/// What a line of a profile counts.
enum Of {
    /// The candidates of a variable.
    Slot(SlotId),
    /// The rows of the selection whose steps bind these variables.
    Output(Vec<SlotId>),
}

/// What was counted at one variable.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Counted {
    /// Candidates tried.
    pub(super) tried: u64,
    /// Those for which everything held.
    pub(super) kept: u64,
    /// How long it took to find and to test them, without what comes after them.
    pub(super) time: Duration,
}

/// What a profile counts.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    /// By variable.
    slots: Vec<Counted>,
    /// Rows of selections, by the variable that is bound first, and all the time they took, that of
    /// their steps too.
    outputs: BTreeMap<SlotId, Counted>,
}

impl<'a, S: Source> Executor<'a, S> {
    pub(super) fn explain(&mut self, profile: bool, root: &'a Root) -> Result<Produced> {
        let begun = Instant::now();
        let mut answered = None;
        if profile {
            let slots = vec![Counted::default(); self.plan.slots.len()];
            self.counted = Some(Counts { slots, outputs: BTreeMap::new() });
            answered = Some(self.produce(root)?);
        }
        let took = begun.elapsed();
        let mut lines = Vec::new();
        self.root_lines(root, &mut lines);
        let counted = self.counted.take();
        let whole = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let mut columns = vec![column("step", Type::Text), column("at_most", Type::Int)];
        if profile {
            columns.extend([
                column("tried", Type::Int),
                column("kept", Type::Int),
                column("time", Type::Duration),
            ]);
        }
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for line in lines {
            let text = format!("{}{}", "  ".repeat(line.depth), line.text);
            let mut row = vec![Value::Text(text), line.estimate.map_or(Value::Absent, whole)];
            if profile {
                let (tried, kept, time) = match (&line.of, &counted) {
                    (Some(of), Some(counted)) => counted.row(of),
                    _ => (None, None, None),
                };
                row.push(tried.map_or(Value::Absent, whole));
                row.push(kept.map_or(Value::Absent, whole));
                row.push(time.map_or(Value::Absent, duration));
            }
            rows.push(row);
        }
        let Some(answered) = answered else {
            return Ok(Produced { columns: Some(columns), rows, ..Produced::default() });
        };
        let time = duration(took);
        for (text, tried, kept, time) in [
            ("edges followed", Some(self.edges), None, Value::Absent),
            ("events read", Some(self.events), None, Value::Absent),
            ("batches opened", Some(self.opened.batches), None, Value::Absent),
            ("columns read", Some(self.opened.columns), None, Value::Absent),
            ("rows", None, Some((answered.found.len() + answered.rows.len()) as u64), time),
        ] {
            rows.push(vec![
                Value::Text(text.to_owned()),
                Value::Absent,
                tried.map_or(Value::Absent, whole),
                kept.map_or(Value::Absent, whole),
                time,
            ]);
        }
        let columns = Some(columns);
        Ok(Produced { columns, rows, truncated: answered.truncated, ..Produced::default() })
    }

    /// When what is counted now began; nothing where no profile is made.
    pub(super) fn clock(&self) -> Option<Instant> {
        self.counted.as_ref().map(|_| Instant::now())
    }

    /// The counts of a variable, while a profile is made.
    pub(super) fn counted_at(&mut self, slot: SlotId) -> Option<&mut Counted> {
        self.counted.as_mut().and_then(|counts| counts.slots.get_mut(slot))
    }

    /// Adds the time since then to a variable.
    pub(super) fn count_time(&mut self, slot: SlotId, since: Option<Instant>) {
        if let (Some(since), Some(counted)) = (since, self.counted_at(slot)) {
            counted.time += since.elapsed();
        }
    }

    /// Adds what a selection gave and took since then.
    pub(super) fn count_select(
        &mut self,
        select: &SelectPlan,
        since: Option<Instant>,
        rows: usize,
    ) {
        let first = select.steps.first().map(|step| step.slot);
        if let (Some(since), Some(first), Some(counts)) = (since, first, self.counted.as_mut()) {
            let output = counts.outputs.entry(first).or_default();
            output.kept += rows as u64;
            output.time += since.elapsed();
        }
    }

    fn root_lines(&self, root: &Root, out: &mut Vec<Line>) {
        match root {
            Root::Find(find) => self.find_lines(find, 0, out),
            Root::Trace(trace) => {
                let how = if trace.all { "every path" } else { "one shortest path a pair" };
                out.push(line(0, format!("trace: {how}")));
                self.select_lines(&trace.ends, 1, out);
                out.push(line(1, format!("search {}", closure_words(&trace.from_up))));
                out.push(line(1, format!("else {}", closure_words(&trace.from_down))));
            }
            Root::Show(_) => out.push(line(0, "the schema; no store is read".to_owned())),
            Root::Diff(plan) => {
                out.push(line(0, "diff: fields, edges, and what made both".to_owned()));
                self.set_line("before", plan.before, 1, out);
                self.set_line("after", plan.after, 1, out);
            }
            Root::History(plan) => {
                out.push(line(0, "history: revisions, and records about it".to_owned()));
                self.set_line("of", plan.of, 1, out);
            }
            Root::Verify(plan) => {
                let how = if plan.deep { "records and rows" } else { "records" };
                out.push(line(0, format!("verify: read {how} again and hash them")));
                self.set_line("of", plan.of, 1, out);
            }
            Root::Explain(_, inner) => self.root_lines(inner, out),
        }
    }

    fn find_lines(&self, plan: &FindPlan, depth: usize, out: &mut Vec<Line>) {
        let mut depth = depth;
        if plan.operands.len() > 1 {
            let word = match plan.word {
                crate::ast::SetWord::Union => "union of",
                crate::ast::SetWord::Intersect => "in all of",
                crate::ast::SetWord::Except => "the first without the second of",
            };
            out.push(line(depth, word.to_owned()));
            depth += 1;
        }
        for operand in &plan.operands {
            match operand {
                OperandPlan::Select(select) => self.select_lines(select, depth, out),
                OperandPlan::Find(find) => self.find_lines(find, depth, out),
            }
        }
    }

    fn select_lines(&self, select: &SelectPlan, depth: usize, out: &mut Vec<Line>) {
        if !select.guards.is_empty() {
            out.push(line(
                depth,
                format!("first test {} that stand alone", tests(select.guards.len())),
            ));
        }
        for step in &select.steps {
            self.step_line(step, depth, out);
        }
        let text = match &select.output {
            OutputPlan::Groups(GroupPlan { by_batch: Some(by), .. }) => match &by.counting {
                Some(counting) if counting.route.is_some() => {
                    "add up the counters of deployments, batches only where a month is not of one group"
                }
                Some(_) => {
                    "add up the counters of batches, rows only where a month is not of one group"
                }
                None => "group and take figures on columns, batch beside batch",
            },
            OutputPlan::Groups(_) => "group, and take figures",
            OutputPlan::Rows { distinct: true, .. } => "columns, repeated rows left out",
            OutputPlan::Rows { .. } => "columns",
        };
        let of = Some(Of::Output(select.steps.iter().map(|step| step.slot).collect()));
        out.push(Line { of, ..line(depth, text.to_owned()) });
        if let Some(extreme) = select.extreme {
            let word = match extreme {
                crate::ast::Extreme::Root => "upstream",
                crate::ast::Extreme::Tip => "downstream",
            };
            out.push(line(depth, format!("keep what has no other result {word}")));
        }
    }

    fn step_line(&self, step: &StepPlan, depth: usize, out: &mut Vec<Line>) {
        let slot = self.plan.slots.get(step.slot);
        let named = slot.map_or(Kinds::NONE, |slot| slot.kinds);
        let name = slot.and_then(|slot| slot.name.clone()).unwrap_or_else(|| named.words());
        let kinds = step.narrowed.unwrap_or(named);
        let (how, estimate) = match &step.from {
            Generator::Scan => (format!("scan every {}", kinds.words()), Some(self.size_of(kinds))),
            Generator::Set(set) => {
                let (text, estimate) = self.set_words(*set);
                (text, estimate)
            }
            Generator::Label(label) => {
                let by = match &label.by {
                    LabelBy::Field(field) => format!("its {field}"),
                    LabelBy::Tag(tag) => format!("its tag {tag}"),
                };
                (format!("look {} up by {by}", label.kind.name()), Some(1))
            }
            Generator::Events(_) => ("look the event up by hash or id".to_owned(), Some(1)),
            Generator::Chain(chain) => {
                let open = Chain { end: End::Any, ..chain.clone() };
                (self.chain_words(&open), Some(self.size_of(kinds)))
            }
        };
        let mut text = format!("{name}: {how}");
        if step.window.0.is_some() || step.window.1.is_some() {
            text.push_str(", batches of that time only");
        }
        if !step.whole.is_empty() {
            text.push_str(&format!(", {} told of all at once", tests(step.whole.len())));
        }
        if !step.columns.is_empty() {
            text.push_str(&format!(", {} on columns", tests(step.columns.len())));
        }
        let tested = step.filters.len() + step.chains.len();
        if tested > 0 {
            text.push_str(&format!(", then {}", tests(tested)));
        }
        out.push(Line { depth, text, estimate, of: Some(Of::Slot(step.slot)) });
        let told = step.whole.iter().filter_map(|told| match told {
            Expression::Chain(chain) => Some(&**chain),
            _ => None,
        });
        for chain in told.chain(&step.chains) {
            out.push(line(depth + 1, format!("test: {}", self.chain_words(chain))));
        }
    }

    fn set_line(&self, role: &str, set: SetId, depth: usize, out: &mut Vec<Line>) {
        let (text, estimate) = self.set_words(set);
        out.push(Line { depth, text: format!("{role}: {text}"), estimate, of: None });
        if let Some(SetSource::Find(find)) = self.plan.sets.get(set).map(|set| &set.source) {
            self.find_lines(find, depth + 1, out);
        }
    }

    fn set_words(&self, set: SetId) -> (String, Option<u64>) {
        let Some(definition) = self.plan.sets.get(set) else { return (String::new(), None) };
        let kinds = definition.kinds;
        match &definition.source {
            SetSource::Key(KeySource::Text(text)) => {
                (format!("look up {}:{text}", kinds.words()), Some(1))
            }
            SetSource::Key(KeySource::Parameter(place)) => {
                (format!("look up {}:${}", kinds.words(), self.parameter_name(*place)), Some(1))
            }
            SetSource::Id(digits) => (format!("look up #{digits}"), Some(1)),
            SetSource::Parameter(place) => {
                (format!("look up ${}", self.parameter_name(*place)), Some(1))
            }
            SetSource::Slot(slot) => (self.slot_name(*slot), Some(1)),
            SetSource::Find(_) => {
                ("what an inner question finds".to_owned(), Some(self.size_of(kinds)))
            }
        }
    }

    fn parameter_name(&self, place: usize) -> &str {
        self.plan.parameters.get(place).map_or("", |parameter| parameter.name.as_str())
    }

    fn slot_name(&self, slot: usize) -> String {
        let slot = self.plan.slots.get(slot);
        slot.map_or(String::new(), |slot| slot.name.clone().unwrap_or_else(|| slot.kinds.words()))
    }

    fn end_words(&self, end: End, kinds: Kinds) -> String {
        match end {
            End::Slot(slot) => self.slot_name(slot),
            End::Set(set) => self.set_words(set).0.replace("look up ", ""),
            End::Any => format!("any {}", kinds.words()),
        }
    }

    fn chain_words(&self, chain: &Chain) -> String {
        let mut text = format!("from {}", self.end_words(chain.start, chain.kinds));
        for hop in &chain.hops {
            let how = match &hop.how {
                HopKind::Edge(relation, direction) => {
                    let spec = relation.spec();
                    let word = match direction {
                        lineal_engine::schema::Direction::Forward => spec.name,
                        lineal_engine::schema::Direction::Inverse => spec.inverse,
                    };
                    word.to_owned()
                }
                HopKind::Reach { to_target, .. } => closure_words(to_target),
            };
            text.push_str(&format!(" {how} to {}", hop.to.words()));
        }
        if chain.end != End::Any {
            let kinds = chain.hops.last().map_or(chain.kinds, |hop| hop.to);
            text.push_str(&format!(" ({})", self.end_words(chain.end, kinds)));
        }
        text
    }

    /// How many things there are of these kinds.
    fn size_of(&self, kinds: Kinds) -> u64 {
        let mut sum = 0u64;
        for kind in kinds.iter() {
            if kind == Kind::Inference {
                let batches = self.source.nodes_of(Kind::Batch);
                sum += batches.map(|batch| self.source.batch_counts(batch).events).sum::<u64>();
                continue;
            }
            let nodes = self.source.nodes_of(kind);
            sum += u64::from(nodes.end.saturating_sub(nodes.start));
        }
        sum
    }
}

impl Counts {
    /// Tried, kept and the time of a line. A selection's own time is what its steps did not take:
    /// its columns or figures, and its order.
    fn row(&self, of: &Of) -> (Option<u64>, Option<u64>, Option<Duration>) {
        match of {
            Of::Slot(slot) => {
                let counted = self.slots.get(*slot).copied().unwrap_or_default();
                (Some(counted.tried), Some(counted.kept), Some(counted.time))
            }
            Of::Output(slots) => {
                let Some(output) = slots.first().and_then(|first| self.outputs.get(first)) else {
                    return (None, None, None);
                };
                let steps = slots.iter().filter_map(|slot| self.slots.get(*slot));
                let in_steps: Duration = steps.map(|counted| counted.time).sum();
                (None, Some(output.kept), Some(output.time.saturating_sub(in_steps)))
            }
        }
    }
}

fn duration(time: Duration) -> Value {
    Value::Duration(i64::try_from(time.as_nanos()).unwrap_or(i64::MAX))
}

fn column(name: &str, column_type: Type) -> Column {
    Column { name: name.to_owned(), column_type }
}

fn line(depth: usize, text: String) -> Line {
    Line { depth, text, estimate: None, of: None }
}

fn tests(count: usize) -> String {
    if count == 1 { "1 condition".to_owned() } else { format!("{count} conditions") }
}

/// The direction of a closure and how many kinds of edges it follows.
fn closure_words(closure: &Closure) -> String {
    let direction = if closure.upstream { "upstream" } else { "downstream" };
    let mut words: Vec<&str> = Vec::new();
    for (relation, _) in closure.relations.iter().flatten() {
        let name = relation.spec().name;
        if !words.contains(&name) {
            words.push(name);
        }
    }
    format!("{direction} over {}", words.join(", "))
}
