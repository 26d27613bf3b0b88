//! The syntax tree: one to one with the grammar, with spans, and printable.
//!
//! Printing a tree and parsing the text again gives the same tree. Spans do not take part in
//! comparisons, so that two ways of writing one question are equal.

mod expression;
mod print;

use lineal_engine::schema::{Direction, Kind, Relation};

use crate::error::Span;

pub use expression::{Binary, Expr, ExprKind, Literal, SetCall, UNITS, Unary, Unit};

/// A part of the tree with its place in the text. Equal when the parts are.
#[derive(Clone, Debug)]
pub struct Spanned<T> {
    /// The part.
    pub node: T,
    /// Its place.
    pub span: Span,
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Spanned<T>) -> bool {
        self.node == other.node
    }
}

impl<T> Spanned<T> {
    /// A part at its place.
    pub fn new(node: T, span: Span) -> Spanned<T> {
        Spanned { node, span }
    }
}

/// A word of the user's own.
pub type Name = Spanned<String>;

/// A request.
#[derive(Clone, PartialEq, Debug)]
pub struct Script {
    /// Its statements: saved sets, then one question.
    pub statements: Vec<Spanned<Statement>>,
}

/// One statement.
#[derive(Clone, PartialEq, Debug)]
pub enum Statement {
    /// `let name = find ...`
    Let(Name, Find),
    /// `explain ...` or, if true, `profile ...`
    Explain(bool, Box<Spanned<Statement>>),
    /// `find ...`
    Find(Find),
    /// `trace A to B`
    Trace(Box<Trace>),
    /// `diff A with B`
    Diff(Target, Target, Tail),
    /// `history of A`
    History(Target, Option<Expr>, Tail),
    /// `prove [no] A`
    Prove(bool, Target, Tail),
    /// `verify [deep] A`
    Verify(bool, Target, Tail),
    /// `show topic [of word]`; of its tail only `format` can be there
    Show(Name, Option<Name>, Tail),
}

impl Statement {
    /// The word it begins with.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Statement::Let(..) => "let",
            Statement::Explain(false, _) => "explain",
            Statement::Explain(true, _) => "profile",
            Statement::Find(_) => "find",
            Statement::Trace(_) => "trace",
            Statement::Diff(..) => "diff",
            Statement::History(..) => "history",
            Statement::Prove(..) => "prove",
            Statement::Verify(..) => "verify",
            Statement::Show(..) => "show",
        }
    }
}

/// `find`, with what stands after it.
#[derive(Clone, PartialEq, Debug)]
pub struct Find {
    /// The selections.
    pub query: Query,
    /// Order, bounds, view, format.
    pub tail: Tail,
    /// The whole of it.
    pub span: Whole,
}

/// A span that takes no part in comparisons.
#[derive(Clone, Copy, Default, Debug)]
pub struct Whole(pub Span);

impl PartialEq for Whole {
    fn eq(&self, _: &Whole) -> bool {
        true
    }
}

/// One selection, or several joined by one set word.
#[derive(Clone, PartialEq, Debug)]
pub struct Query {
    /// The first.
    pub first: SetOperand,
    /// The word and the others.
    pub rest: Option<(SetWord, Vec<SetOperand>)>,
}

/// What a set word joins.
#[derive(Clone, PartialEq, Debug)]
pub enum SetOperand {
    /// A selection.
    Select(Box<Select>),
    /// A question in brackets.
    Subquery(Box<Find>),
}

/// How two sets are joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetWord {
    /// In either.
    Union,
    /// In all.
    Intersect,
    /// In the first only.
    Except,
}

/// What stands after a question.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Tail {
    /// The order.
    pub order_by: Vec<OrderKey>,
    /// Rows left out at the front.
    pub skip: Option<Spanned<Count>>,
    /// Rows at most.
    pub limit: Option<Spanned<Count>>,
    /// The view.
    pub as_of: Option<Spanned<AsOf>>,
    /// How to print.
    pub format: Option<Name>,
}

/// A number of rows.
#[derive(Clone, PartialEq, Debug)]
pub enum Count {
    /// Written out.
    Number(u64),
    /// Given when the question is asked.
    Parameter(String),
}

/// Up to where the store is seen.
#[derive(Clone, PartialEq, Debug)]
pub enum AsOf {
    /// A time, ns since 1970 UTC.
    Time(i64),
    /// A commit's number.
    Commit(u64),
    /// A checkpoint or import.
    Reference(Reference),
    /// A revision.
    Id(String),
    /// Given when the question is asked.
    Parameter(String),
}

/// One key of an order.
#[derive(Clone, PartialEq, Debug)]
pub struct OrderKey {
    /// What to order by.
    pub expr: Expr,
    /// Greatest first.
    pub descending: bool,
}

/// One selection.
#[derive(Clone, PartialEq, Debug)]
pub struct Select {
    /// Keep only results without another result behind them.
    pub extreme: Option<Extreme>,
    /// The terms.
    pub pattern: Vec<Term>,
    /// What must hold.
    pub condition: Option<Expr>,
    /// What to give back.
    pub output: Option<Output>,
}

/// Which results to keep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extreme {
    /// Nothing else upstream.
    Root,
    /// Nothing else downstream.
    Tip,
}

/// What a selection gives back.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Rows.
    Return(Return),
    /// Figures.
    Summarize(Summarize),
}

/// `return`.
#[derive(Clone, PartialEq, Debug)]
pub struct Return {
    /// Leave out repeated rows.
    pub distinct: bool,
    /// The columns.
    pub items: Vec<Item>,
}

/// `summarize`.
#[derive(Clone, PartialEq, Debug)]
pub struct Summarize {
    /// The figures.
    pub items: Vec<Item>,
    /// The groups.
    pub groups: Vec<Item>,
    /// Which groups to keep.
    pub having: Option<Expr>,
}

/// A column.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// What stands in it.
    pub value: ItemValue,
    /// Its name, if one is given.
    pub alias: Option<Name>,
}

/// What stands in a column.
#[derive(Clone, PartialEq, Debug)]
pub enum ItemValue {
    /// An expression.
    Expr(Expr),
    /// Every field of a variable.
    Star(Name),
}

/// A term of a pattern.
#[derive(Clone, PartialEq, Debug)]
pub struct Term {
    /// What it is.
    pub subject: Spanned<Subject>,
    /// Its name.
    pub alias: Option<Name>,
    /// What it is tied to.
    pub link: Option<Box<Link>>,
}

/// What a term, or the left of a relation, is.
#[derive(Clone, PartialEq, Debug)]
pub enum Subject {
    /// Anything of a kind; `None` is `node`.
    Kind(Option<Kind>),
    /// What has this key.
    Reference(Reference),
    /// What has a revision with this id.
    Id(String),
    /// Given when the question is asked.
    Parameter(String),
    /// A variable; only on the left of a relation in a condition.
    Variable(String),
}

/// `kind:key`.
#[derive(Clone, PartialEq, Debug)]
pub struct Reference {
    /// The kind; `None` is `node`.
    pub kind: Option<Kind>,
    /// The key.
    pub key: Key,
}

/// The key of a reference.
#[derive(Clone, PartialEq, Debug)]
pub enum Key {
    /// Text, with its version if it has one: `name@3`.
    Text(String),
    /// Given when the question is asked.
    Parameter(String),
}

/// A relation and where it leads.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// The relation.
    pub relation: Spanned<LinkRelation>,
    /// Where it leads.
    pub target: Target,
}

/// A closure or one edge.
#[derive(Clone, PartialEq, Debug)]
pub enum LinkRelation {
    /// `upstream of`, `downstream of`.
    Reach(Reach),
    /// One edge, by the name of a direction.
    Edge(Relation, Direction),
}

/// A closure.
#[derive(Clone, PartialEq, Debug)]
pub struct Reach {
    /// Toward effects instead of origins.
    pub downstream: bool,
    /// What narrows it.
    pub modifiers: Modifiers,
}

/// What narrows a closure or a trace.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Modifiers {
    /// The relations to follow; empty is lineage.
    pub via: Vec<Spanned<Via>>,
    /// What not to pass.
    pub avoiding: Vec<Target>,
    /// The shortest distance, from and to.
    pub within: Option<Spanned<(u32, u32)>>,
}

/// Relations to follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Via {
    /// All lineage.
    Lineage,
    /// Lineage and records about things.
    Any,
    /// Lineage without validation and inputs without a role.
    Training,
    /// One relation.
    Edge(Relation, Direction),
}

/// What a relation leads to, or a statement is about.
#[derive(Clone, PartialEq, Debug)]
pub enum Target {
    /// A question in brackets.
    Subquery(Box<Find>),
    /// A term.
    Term(Box<Term>),
    /// A variable or saved set.
    Variable(Name),
}

impl Target {
    /// Its place in the text.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Target::Subquery(find) => find.span.0,
            Target::Term(term) => term.subject.span,
            Target::Variable(name) => name.span,
        }
    }
}

/// `trace A to B`.
#[derive(Clone, PartialEq, Debug)]
pub struct Trace {
    /// Every path instead of one shortest a pair.
    pub all: bool,
    /// Where the path begins.
    pub from: Target,
    /// Where it ends.
    pub to: Target,
    /// What narrows it.
    pub modifiers: Modifiers,
    /// What must hold.
    pub condition: Option<Expr>,
    /// The columns.
    pub output: Option<Return>,
    /// Order, bounds, view, format.
    pub tail: Tail,
}
