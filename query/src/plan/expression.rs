//! Expressions without names, as the executor evaluates them.

use std::cmp::Ordering;
use std::sync::Arc;

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::FieldType;

use super::{Chain, FindPlan, SetId, SlotId};
use crate::error::Span;
use crate::value::Value;

/// A field, found in the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldReference {
    /// The name in the records; events have none of that name if it is not theirs.
    pub(crate) name: &'static str,
    pub(crate) field_type: FieldType,
    pub(crate) event: Option<EventField>,
}

/// An expression without names.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Constant(Value),
    /// A place in [`Plan::parameters`].
    Parameter(usize),
    Slot(SlotId),
    /// The one node that a key names.
    Key(SetId),
    /// The path of the row at hand.
    Path,
    /// A column of the group at hand.
    Column(usize),
    Field(Box<Expression>, FieldReference),
    Member(Box<Expression>, String),
    Index(Box<Expression>, Box<Expression>),
    List(Vec<Expression>),
    Call(Function, Vec<Expression>),
    Chain(Box<Chain>),
    /// Is it in the set?
    InSet(Box<Expression>, SetId),
    /// Is there a row?
    Exists(Arc<FindPlan>, usize),
    Size(Arc<FindPlan>, usize),
    Collect(Arc<FindPlan>, usize),
    First(Arc<FindPlan>, usize),
    InFind(Box<Expression>, Arc<FindPlan>, usize),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Box<Expression>),
    InRange(Box<Expression>, Box<Expression>, Box<Expression>),
    Like(Box<Expression>, Box<Expression>),
    Contains(Box<Expression>, Box<Expression>),
    Matches(Box<Expression>, Pattern),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>, Span),
    IsAbsent(Box<Expression>),
}

/// A regular expression: known when the question is bound, or only when it runs.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    Known(regex::Regex),
    Given(Box<Expression>),
}

/// Comparisons; `!=` is the complement of equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Comparison {
    /// Does it hold for values in this order?
    pub(crate) fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::Less => order.is_lt(),
            Comparison::LessEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterEqual => order.is_ge(),
        }
    }
}

/// Operators on numbers and times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Functions of one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Function {
    Now,
    ActiveAt,
    Length,
    Nodes,
    Edges,
    Lower,
    Upper,
    Coalesce,
    Number,
    Kind,
    Id,
    Abs,
    Round,
    IsNan,
    Bucket(BucketUnit),
}

/// Stretches of time into which times are grouped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BucketUnit {
    Hour,
    Day,
    Week,
    Month,
    Year,
}

impl Expression {
    /// Calls `see` for this expression and all within it, not for inner questions.
    pub(crate) fn visit<'e>(&'e self, see: &mut impl FnMut(&'e Expression)) {
        see(self);
        match self {
            Expression::Constant(_)
            | Expression::Parameter(_)
            | Expression::Slot(_)
            | Expression::Key(_)
            | Expression::Path
            | Expression::Column(_)
            | Expression::Chain(_)
            | Expression::Exists(..)
            | Expression::Size(..)
            | Expression::Collect(..)
            | Expression::First(..) => {}
            Expression::Field(of, _)
            | Expression::Member(of, _)
            | Expression::InSet(of, _)
            | Expression::InFind(of, ..)
            | Expression::Not(of)
            | Expression::Negative(of)
            | Expression::IsAbsent(of) => of.visit(see),
            Expression::Index(a, b)
            | Expression::And(a, b)
            | Expression::Or(a, b)
            | Expression::Compare(_, a, b)
            | Expression::In(a, b)
            | Expression::Like(a, b)
            | Expression::Contains(a, b)
            | Expression::Arithmetic(_, a, b, _) => {
                a.visit(see);
                b.visit(see);
            }
            Expression::Matches(of, pattern) => {
                of.visit(see);
                if let Pattern::Given(pattern) = pattern {
                    pattern.visit(see);
                }
            }
            Expression::InRange(a, b, c) => {
                a.visit(see);
                b.visit(see);
                c.visit(see);
            }
            Expression::List(items) | Expression::Call(_, items) => {
                items.iter().for_each(|item| item.visit(see));
            }
        }
    }
}
