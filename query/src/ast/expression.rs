//! Expressions, operators and values written out.

use super::{Find, Link, Name, Reference, Spanned, Subject, Term};

/// An expression.
pub type Expr = Spanned<ExprKind>;

/// The kinds of expressions.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A value written out.
    Literal(Literal),
    /// `kind:key`
    Reference(Reference),
    /// `#9f2c1a`
    Id(String),
    /// `$name`
    Parameter(String),
    /// A variable, a field of the first term, or a column.
    Name(String),
    /// `x.y`
    Member(Box<Expr>, Name),
    /// `x["y"]`
    Index(Box<Expr>, Box<Expr>),
    /// `[a, b]`
    List(Vec<Expr>),
    /// `f(a, b)`; true if the arguments are to be distinct.
    Call(Name, bool, Vec<Expr>),
    /// `exists run produces m`
    ExistsTerm(Box<Term>),
    /// `exists (find ...)`
    ExistsFind(Box<Find>),
    /// `size(find ...)`
    SetCall(SetCall, Box<Find>),
    /// `(find ...)`, on the right of `in`.
    Subquery(Box<Find>),
    /// `m upstream of x`; without a subject it is about the first term.
    Related(Option<Spanned<Subject>>, Box<Link>),
    /// `not a`, `-a`
    Unary(Unary, Box<Expr>),
    /// `a or b`, ...
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `a is null`, or, if true, `a is not null`
    IsNull(bool, Box<Expr>),
}

/// What to make of an inner question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the language's words")]
pub enum SetCall {
    Size,
    List,
    First,
}

/// Operators with one operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the language's words")]
pub enum Unary {
    Not,
    Negative,
}

/// Operators with two operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the language's words")]
pub enum Binary {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
    Like,
    Matches,
    Contains,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// A value written out.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// Ns since 1970 UTC.
    Time(i64),
    /// A length of time: how many of which unit.
    Duration(i64, Unit),
    /// A hash: algorithm and hexadecimal digits as written.
    Hash(String, String),
}

/// Units of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Unit {
    Nanosecond,
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Units with their suffix in the language.
pub const UNITS: [(Unit, &str); 10] = [
    (Unit::Nanosecond, "ns"),
    (Unit::Microsecond, "us"),
    (Unit::Millisecond, "ms"),
    (Unit::Second, "s"),
    (Unit::Minute, "m"),
    (Unit::Hour, "h"),
    (Unit::Day, "d"),
    (Unit::Week, "w"),
    (Unit::Month, "mo"),
    (Unit::Year, "y"),
];
