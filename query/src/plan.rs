//! What the executor runs: sets, steps over variables, expressions without names.
//!
//! Only the binder makes these, so an unbound name cannot reach the executor. A plan depends on the
//! schema alone; keys, parameters and the view are looked up when it runs.

mod closure;
mod counters;
mod expression;
mod kinds;
mod order;
mod rewrites;
mod turned;
mod types;
mod whole;

use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Direction, Kind, Relation};

pub(crate) use closure::landings;
pub(crate) use counters::{CounterFigure, Counting, Pick, Route};
pub(crate) use expression::{
    Arithmetic, BucketUnit, Comparison, Expression, FieldReference, Function, Pattern,
};
pub(crate) use kinds::Kinds;
pub(crate) use order::{Ordered, Unordered, order};
pub(crate) use rewrites::{fold_batches, speaks_of};
pub(crate) use turned::Turned;
pub use types::Type;
pub(crate) use whole::{compared_field, field_of, tied_by_relations};

use crate::ast::{Extreme, SetWord};
use crate::error::Span;

/// A bound and planned question.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) root: Root,
    /// Variables of the whole question, inner ones too.
    pub(crate) slots: Vec<Slot>,
    pub(crate) sets: Vec<SetDefinition>,
    pub(crate) parameters: Vec<ParameterUse>,
    pub(crate) as_of: Option<AsOf>,
    pub(crate) format: Option<String>,
    pub(crate) columns: Vec<Column>,
    /// Fields of events that it speaks of.
    pub(crate) event_fields: Vec<EventField>,
    /// A field of the trail whose values are sealed, where it speaks of one.
    pub(crate) sealed_of_trail: Option<(&'static str, Span)>,
    /// What could make an answer uncertain.
    pub(crate) doubts: Doubts,
    /// It asks for the time of asking.
    pub(crate) of_now: bool,
    /// What a reader of the answer should know, whatever the store holds.
    pub(crate) warnings: Vec<String>,
}

impl Plan {
    /// Where it names this kind, if it does: in words, not as one of several that a term may be.
    pub(crate) fn names(&self, kind: Kind) -> Option<Span> {
        let own = self.slots.iter().map(|slot| (slot.kinds, slot.span));
        let named = self.sets.iter().map(|set| (set.kinds, set.span));
        own.chain(named).find(|(kinds, _)| *kinds == Kinds::one(kind)).map(|(_, span)| span)
    }
}

/// What a question comes by, as far as the schema tells: where nothing of that is doubtful, nobody
/// need look for reasons why an answer cannot tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doubts {
    /// Kinds of its terms and of what lies between them.
    pub(crate) kinds: Kinds,
    /// A closure leaves inputs without a role out.
    pub(crate) training: bool,
    /// An inner question sees another view, whose doubtful things are others.
    pub(crate) elsewhere: bool,
    /// It speaks of a field whose values are sealed: one that is absent may be restricted.
    pub(crate) sealed: bool,
}

/// What kind of question it is.
#[derive(Debug)]
pub(crate) enum Root {
    Find(FindPlan),
    Trace(Box<TracePlan>),
    Show(Topic),
    Diff(DiffPlan),
    History(Box<HistoryPlan>),
    Verify(VerifyPlan),
    /// How the question within would be answered; with true it is also answered and counted.
    Explain(bool, Box<Root>),
}

/// `diff A with B`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DiffPlan {
    pub(crate) before: SetId,
    pub(crate) after: SetId,
    /// Both sides are named by key: a single node on each is compared field by field.
    pub(crate) keyed: bool,
}

/// `history of A`; its condition and order speak of the columns.
#[derive(Debug)]
pub(crate) struct HistoryPlan {
    pub(crate) of: SetId,
    pub(crate) filter: Option<Expression>,
    pub(crate) order: Vec<(Expression, bool)>,
    pub(crate) skip: Option<Bound>,
    pub(crate) limit: Option<Bound>,
}

/// `verify [deep] A`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VerifyPlan {
    pub(crate) deep: bool,
    pub(crate) of: SetId,
}

/// What `show` shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Topic {
    Kinds,
    Relations,
    Fields(Kinds),
    Functions,
    Limits,
    /// All of it on a card.
    Schema,
}

/// Up to where the store is seen, with the place in the text that says so.
pub(crate) type AsOf = (View, Span);

/// Up to where the store is seen.
#[derive(Clone, Debug)]
pub(crate) enum View {
    Commit(u64),
    Time(i64),
    /// A place in [`Plan::parameters`].
    Parameter(usize),
    /// Up to the last commit that said something of this node: of an import its last one.
    Node(SetId),
    /// Up to the commit that wrote the revision whose id begins so.
    Revision(String),
}

/// The number of a variable.
pub(crate) type SlotId = usize;
/// The number of a set.
pub(crate) type SetId = usize;

/// A variable.
#[derive(Clone, Debug)]
pub(crate) struct Slot {
    /// Its name; terms without one have none.
    pub(crate) name: Option<String>,
    pub(crate) kinds: Kinds,
    /// Where it is named, or where its term stands.
    pub(crate) span: Span,
    /// How many questions it stands inside of.
    pub(crate) depth: usize,
    /// Nodes that are deleted in their source are not left out: the condition mentions it, or the
    /// variable is reached and not scanned.
    pub(crate) with_deleted: bool,
}

/// Where a parameter stands and what it must be there.
#[derive(Clone, Debug)]
pub(crate) struct ParameterUse {
    pub(crate) name: String,
    pub(crate) expected: Type,
    /// It must be a regular expression.
    pub(crate) is_pattern: bool,
    /// It stands in a sum, difference, product or quotient, beside what is of that type.
    pub(crate) joined_with: Option<Type>,
    pub(crate) span: Span,
}

/// A set of nodes or events that does not depend on the row at hand, unless it is correlated.
#[derive(Debug)]
pub(crate) struct SetDefinition {
    pub(crate) source: SetSource,
    pub(crate) kinds: Kinds,
    pub(crate) correlated: bool,
    pub(crate) span: Span,
}

/// Where a set comes from.
#[derive(Debug)]
pub(crate) enum SetSource {
    /// `kind:key`
    Key(KeySource),
    /// `#9f2c1a`
    Id(String),
    /// `$ref`, a place in [`Plan::parameters`].
    Parameter(usize),
    /// An inner question whose first column is a node.
    Find(FindPlan),
    /// What a variable stands for.
    Slot(SlotId),
}

/// A key, known or given.
#[derive(Debug)]
pub(crate) enum KeySource {
    Text(String),
    /// A place in [`Plan::parameters`].
    Parameter(usize),
}

/// One relation of a chain, with the kinds at its ends.
#[derive(Clone, Debug)]
pub(crate) struct Hop {
    pub(crate) how: HopKind,
    pub(crate) from: Kinds,
    pub(crate) to: Kinds,
    /// The thing reached must also be in this set.
    pub(crate) to_set: Option<SetId>,
}

/// How a hop is made, in both directions.
#[derive(Clone, Debug)]
pub(crate) enum HopKind {
    Edge(Relation, Direction),
    Reach { to_target: Arc<Closure>, to_subject: Arc<Closure> },
}

impl Hop {
    /// The same relation seen from the other end.
    pub(crate) fn reversed(&self) -> Hop {
        let how = match &self.how {
            HopKind::Edge(relation, Direction::Forward) => {
                HopKind::Edge(*relation, Direction::Inverse)
            }
            HopKind::Edge(relation, Direction::Inverse) => {
                HopKind::Edge(*relation, Direction::Forward)
            }
            HopKind::Reach { to_target, to_subject } => {
                HopKind::Reach { to_target: to_subject.clone(), to_subject: to_target.clone() }
            }
        };
        Hop { how, from: self.to, to: self.from, to_set: None }
    }
}

/// What a closure follows, by the kind at hand.
#[derive(Clone, Debug)]
pub(crate) struct Closure {
    /// Relations to follow from each kind, without those that cannot lead to the goal.
    pub(crate) relations: Vec<Vec<(Relation, Direction)>>,
    /// For each of these relations the kind that it leads to, where the schema knows but one.
    pub(crate) lands: Vec<Vec<Option<Kind>>>,
    pub(crate) upstream: bool,
    /// The shortest distance, from and to.
    pub(crate) within: (u32, u32),
    pub(crate) avoiding: Vec<SetId>,
    /// Inputs without a role make the answer uncertain.
    pub(crate) training: bool,
}

/// An end of a chain.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum End {
    Slot(SlotId),
    Set(SetId),
    /// Anything of the kinds of the last hop.
    Any,
}

/// A chain of relations between two ends: there must be things in between for which all hold.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) start: End,
    /// Kinds of the start.
    pub(crate) kinds: Kinds,
    pub(crate) hops: Vec<Hop>,
    pub(crate) end: End,
    /// Where its result is kept for the next row, by [`Chain`].
    pub(crate) memo: usize,
    pub(crate) turned: Turned,
}

impl Chain {
    /// The same chain from the other end.
    pub(crate) fn reversed(&self) -> Chain {
        let mut hops: Vec<Hop> = self.hops.iter().rev().map(Hop::reversed).collect();
        // The set that a hop must land in belongs to the thing between it and the next hop.
        let count = self.hops.len();
        for (index, hop) in self.hops.iter().enumerate().take(count.saturating_sub(1)) {
            if let Some(reversed) = hops.get_mut(count - 2 - index) {
                reversed.to_set = hop.to_set;
            }
        }
        let kinds = self.hops.last().map_or(self.kinds, |hop| hop.to);
        let (start, end, turned) = (self.end, self.start, Turned::default());
        Chain { start, kinds, hops, end, memo: self.memo, turned }
    }

    /// Does it contain a closure?
    pub(crate) fn has_closure(&self) -> bool {
        self.hops.iter().any(|hop| matches!(hop.how, HopKind::Reach { .. }))
    }
}

/// A question: one selection or several joined, then ordered and bounded.
#[derive(Debug)]
pub(crate) struct FindPlan {
    pub(crate) operands: Vec<OperandPlan>,
    pub(crate) word: SetWord,
    pub(crate) columns: Vec<Column>,
    /// Of joined selections: which columns to order by.
    pub(crate) column_order: Vec<(usize, bool)>,
    pub(crate) skip: Option<Bound>,
    pub(crate) limit: Option<Bound>,
    pub(crate) correlated: bool,
    /// Variables of the questions around it that it speaks of.
    pub(crate) outer: Vec<SlotId>,
    /// Another view than that of the question around it.
    pub(crate) as_of: Option<AsOf>,
}

/// What is joined.
#[derive(Debug)]
pub(crate) enum OperandPlan {
    Select(Box<SelectPlan>),
    Find(Box<FindPlan>),
}

/// A number of rows, known or given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Bound {
    Number(u64),
    /// A place in [`Plan::parameters`].
    Parameter(usize),
}

/// A column of an answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub column_type: Type,
}

/// One selection.
#[derive(Debug)]
pub(crate) struct SelectPlan {
    /// Conditions that no variable takes part in.
    pub(crate) guards: Vec<Expression>,
    /// Variables in the order in which they are bound.
    pub(crate) steps: Vec<StepPlan>,
    /// Variables that make a row, in the order of their naming.
    pub(crate) listed: Vec<SlotId>,
    /// Some variable is not listed, so the same row may come twice.
    pub(crate) has_hidden: bool,
    pub(crate) extreme: Option<Extreme>,
    pub(crate) output: OutputPlan,
    pub(crate) order: Vec<(Expression, bool)>,
    /// What it asks about, as its words say, whatever the planner makes of them.
    pub(crate) asked: Unordered,
}

/// What a selection gives back.
#[derive(Debug)]
pub(crate) enum OutputPlan {
    Rows { distinct: bool, items: Vec<Expression> },
    Groups(GroupPlan),
}

/// Figures over groups of matches. `having` and the order speak of the columns of the answer.
#[derive(Debug)]
pub(crate) struct GroupPlan {
    pub(crate) keys: Vec<Expression>,
    pub(crate) aggregates: Vec<Aggregate>,
    /// Columns after the keys: expressions over [`Expression::Column`], where the keys come first
    /// and the aggregates after them.
    pub(crate) items: Vec<Expression>,
    pub(crate) having: Option<Expression>,
    /// Batches may stand for the events of a variable.
    pub(crate) by_batch: Option<Box<ByBatch>>,
}

/// Batches stand for events: all that a group asks of an event stands in its columns.
#[derive(Debug)]
pub(crate) struct ByBatch {
    /// The variable of the events.
    pub(crate) event: SlotId,
    /// What counters tell, where they tell everything.
    pub(crate) counting: Option<Counting>,
}

/// One figure over a group.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) function: AggregateFunction,
    pub(crate) distinct: bool,
    pub(crate) argument: Option<Expression>,
}

/// Figures over a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AggregateFunction {
    Count,
    CountIf,
    Share,
    Sum,
    Average,
    Least,
    Greatest,
    /// Nearest rank, in percent.
    Percentile(u8),
}

/// How one variable is bound.
#[derive(Debug)]
pub(crate) struct StepPlan {
    pub(crate) slot: SlotId,
    pub(crate) from: Generator,
    /// The kinds that a condition leaves of those of its variable.
    pub(crate) narrowed: Option<Kinds>,
    /// Of a scan, what is told of all nodes of the kind at once.
    pub(crate) whole: Vec<Expression>,
    /// Relations to variables that are bound already.
    pub(crate) chains: Vec<Chain>,
    /// Conditions whose variables are all bound now.
    pub(crate) filters: Vec<Expression>,
    /// Of these filters, those that columns of events decide; they are tested first.
    pub(crate) columns: Vec<Expression>,
    /// Bounds of the time of events, from and to.
    pub(crate) window: (Option<TimeBound>, Option<TimeBound>),
}

/// One bound of a stretch of time.
#[derive(Clone, Debug)]
pub(crate) struct TimeBound {
    pub(crate) time: Expression,
    /// The time itself lies outside.
    pub(crate) open: bool,
}

/// Where the candidates of a variable come from.
#[derive(Debug)]
pub(crate) enum Generator {
    /// Everything of its kinds.
    Scan,
    /// A set.
    Set(SetId),
    /// What the chain leads to; its start is bound or a set.
    Chain(Chain),
    /// Events with this hash or id, by the store's index.
    Events(Expression),
    /// Nodes that are called so, or have a tag of this value, by the store's labels.
    Label(Label),
}

/// A look-up by what stands in a field.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) slot: SlotId,
    pub(crate) kind: Kind,
    pub(crate) by: LabelBy,
    /// A text, or a list of texts of which it is one.
    pub(crate) value: Expression,
}

/// In what a look-up looks.
#[derive(Clone, Debug)]
pub(crate) enum LabelBy {
    Field(&'static str),
    Tag(String),
}

/// `trace A to B`.
#[derive(Debug)]
pub(crate) struct TracePlan {
    /// Binds the two ends; its condition speaks of them alone.
    pub(crate) ends: SelectPlan,
    pub(crate) from: SlotId,
    pub(crate) to: SlotId,
    /// Every path instead of one shortest a pair.
    pub(crate) all: bool,
    /// All paths were asked for without a bound, so there is one of our own.
    pub(crate) unbounded: bool,
    /// The order is that of the lengths, so paths need not be found beyond the limit.
    pub(crate) by_length: bool,
    /// Upstream and downstream, toward the kinds of the other end.
    pub(crate) from_up: Arc<Closure>,
    pub(crate) from_down: Arc<Closure>,
    pub(crate) to_up: Arc<Closure>,
    pub(crate) to_down: Arc<Closure>,
    /// Conditions that speak of the path.
    pub(crate) filters: Vec<Expression>,
    pub(crate) items: Vec<Expression>,
    pub(crate) distinct: bool,
    pub(crate) order: Vec<(Expression, bool)>,
    pub(crate) columns: Vec<Column>,
    pub(crate) skip: Option<Bound>,
    pub(crate) limit: Option<Bound>,
}
