//! Prints expressions, with brackets only where their place needs them.

use std::fmt::{Display, Formatter};

use super::{Printed, quoted, separated};
use crate::ast::{Binary, Expr, ExprKind, Literal, SetCall, UNITS, Unary};

impl Binary {
    /// The sign or word of the operator.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Binary::Or => "or",
            Binary::And => "and",
            Binary::Equal => "=",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::In => "in",
            Binary::NotIn => "not in",
            Binary::Like => "like",
            Binary::Matches => "matches",
            Binary::Contains => "contains",
            Binary::Range => "..",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
        }
    }

    /// How strongly it binds; the parser's order, loosest first.
    fn strength(self) -> u8 {
        match self {
            Binary::Or => 1,
            Binary::And => 2,
            Binary::Range => 5,
            Binary::Add | Binary::Subtract => 6,
            Binary::Multiply | Binary::Divide => 7,
            _ => 4,
        }
    }
}

impl ExprKind {
    fn strength(&self) -> u8 {
        match self {
            ExprKind::Binary(operator, ..) => operator.strength(),
            ExprKind::Unary(Unary::Not, _) => 3,
            ExprKind::Unary(Unary::Negative, _) => 8,
            // A relation or exists ends with a term that would swallow what follows it.
            ExprKind::Related(..) | ExprKind::ExistsTerm(_) => 9,
            ExprKind::IsNull(..) | ExprKind::Member(..) | ExprKind::Index(..) => 10,
            _ => 11,
        }
    }
}

/// Prints a part, in brackets if it binds less strongly than its place needs.
fn bracketed(f: &mut Formatter<'_>, expr: &Expr, least: u8) -> Printed {
    if expr.node.strength() < least { write!(f, "({expr})") } else { expr.fmt(f) }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match &self.node {
            ExprKind::Literal(literal) => literal.fmt(f),
            ExprKind::Reference(reference) => reference.fmt(f),
            ExprKind::Id(id) => write!(f, "#{id}"),
            ExprKind::Parameter(name) => write!(f, "${name}"),
            ExprKind::Name(name) => f.write_str(name),
            ExprKind::Member(of, name) => {
                bracketed(f, of, 10)?;
                write!(f, ".{}", name.node)
            }
            ExprKind::Index(of, index) => {
                bracketed(f, of, 10)?;
                write!(f, "[{index}]")
            }
            ExprKind::List(items) => {
                f.write_str("[")?;
                separated(f, items)?;
                f.write_str("]")
            }
            ExprKind::Call(name, distinct, arguments) => {
                write!(f, "{}({}", name.node, if *distinct { "distinct " } else { "" })?;
                separated(f, arguments)?;
                f.write_str(")")
            }
            ExprKind::ExistsTerm(term) => write!(f, "exists {term}"),
            ExprKind::ExistsFind(find) => write!(f, "exists ({find})"),
            ExprKind::SetCall(call, find) => {
                let word = match call {
                    SetCall::Size => "size",
                    SetCall::List => "list",
                    SetCall::First => "first",
                };
                write!(f, "{word}({find})")
            }
            ExprKind::Subquery(find) => write!(f, "({find})"),
            ExprKind::Related(subject, link) => {
                if let Some(subject) = subject {
                    write!(f, "{} ", subject.node)?;
                }
                link.fmt(f)
            }
            ExprKind::Unary(Unary::Not, of) => {
                f.write_str("not ")?;
                bracketed(f, of, 3)
            }
            ExprKind::Unary(Unary::Negative, of) => {
                // `--` would begin a comment.
                let is_again = matches!(of.node, ExprKind::Unary(Unary::Negative, _));
                f.write_str(if is_again { "- " } else { "-" })?;
                bracketed(f, of, 8)
            }
            ExprKind::Binary(operator, left, right) => {
                let strength = operator.strength();
                bracketed(f, left, strength)?;
                match operator {
                    Binary::Range => f.write_str("..")?,
                    operator => write!(f, " {} ", operator.word())?,
                }
                bracketed(f, right, strength + 1)
            }
            ExprKind::IsNull(negated, of) => {
                bracketed(f, of, 10)?;
                f.write_str(if *negated { " is not null" } else { " is null" })
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Printed {
        match self {
            Literal::Text(text) => quoted(f, text),
            Literal::Int(number) => number.fmt(f),
            // `{:?}` keeps the point that makes it a float and every digit needed to read it back.
            Literal::Float(number) => {
                let text = format!("{number:?}");
                match text.split_once('e') {
                    Some((digits, power)) if !digits.contains('.') => {
                        write!(f, "{digits}.0e{power}")
                    }
                    _ => f.write_str(&text),
                }
            }
            Literal::Bool(truth) => truth.fmt(f),
            Literal::Time(time) => f.write_str(&crate::value::time_text(*time)),
            Literal::Duration(count, unit) => {
                let suffix = UNITS.iter().find(|(one, _)| one == unit).map_or("", |row| row.1);
                write!(f, "{count}{suffix}")
            }
            Literal::Hash(algorithm, digits) => write!(f, "{algorithm}:{digits}"),
        }
    }
}
