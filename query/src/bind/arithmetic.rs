//! Sums, differences, products and quotients, and what a parameter in them must be.
//!
//! A parameter takes the type that fits the other side, or that fits what is made of both. Where
//! both leave more than one, what is given decides when it is given ([`ParameterUse`]).

use super::expression::Typed;
use super::{Bind, Binder};
use crate::ast::{Binary, Expr};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Arithmetic, Expression, ParameterUse, Type};

impl Binder {
    pub(super) fn arithmetic(
        &mut self,
        operator: Binary,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Bind<Typed> {
        let (mut a, mut b) = (self.expr(left)?, self.expr(right)?);
        let arithmetic = match operator {
            Binary::Add => Arithmetic::Add,
            Binary::Subtract => Arithmetic::Subtract,
            Binary::Multiply => Arithmetic::Multiply,
            _ => Arithmetic::Divide,
        };
        if let Some(wanted) = operand_type(arithmetic, b.result, true) {
            self.expect(&mut a, wanted);
        }
        if let Some(wanted) = operand_type(arithmetic, a.result, false) {
            self.expect(&mut b, wanted);
        }
        let Some(result) = arithmetic_type(arithmetic, a.result, b.result) else {
            let mistake = Mistake::new(
                Code::Types,
                span,
                format!(
                    "`{}` cannot join {} and {}",
                    operator.word(),
                    a.result.with_article(),
                    b.result.with_article()
                ),
            );
            return Err(if a.result == Type::Time && b.result == Type::Int {
                mistake.hint("a duration has its unit: `7d`, `30m`")
            } else {
                mistake.hint("numbers with numbers; a time with a duration")
            });
        };
        for (operand, beside) in [(&a, b.result), (&b, a.result)] {
            if let Some(parameter) = self.joined_parameter(&operand.expression) {
                parameter.joined_with = Some(beside);
            }
        }
        let (a, b) = (Box::new(a.expression), Box::new(b.expression));
        Ok(Typed::new(Expression::Arithmetic(arithmetic, a, b, span), result))
    }

    /// A parameter takes the type of what it stands beside.
    pub(super) fn expect(&mut self, typed: &mut Typed, other: Type) {
        if other != Type::Any && self.expect_within(&typed.expression, other) {
            typed.result = other;
        }
    }

    /// Types the parameters in an expression that must be of a type; false where it says nothing of
    /// them.
    fn expect_within(&mut self, expression: &Expression, wanted: Type) -> bool {
        match expression {
            Expression::Negative(of) => self.expect_within(of, wanted),
            Expression::Parameter(place) => {
                let Some(parameter) = self.parameters.get_mut(*place) else { return false };
                let is_open = parameter.expected == Type::Any;
                if is_open {
                    parameter.expected = wanted;
                }
                is_open
            }
            Expression::Arithmetic(operator, a, b, _) => {
                let beside = self.joined_parameter(b).and_then(|parameter| parameter.joined_with);
                let Some((left, right)) = operand_types(*operator, wanted, beside) else {
                    return false;
                };
                let left = self.expect_within(a, left);
                let right = self.expect_within(b, right);
                left || right
            }
            _ => false,
        }
    }

    /// The parameter that an operand is, with or without a sign.
    fn joined_parameter(&mut self, operand: &Expression) -> Option<&mut ParameterUse> {
        match operand {
            Expression::Negative(of) => self.joined_parameter(of),
            Expression::Parameter(place) => self.parameters.get_mut(*place),
            _ => None,
        }
    }
}

/// What a parameter must be beside a value of that type. Months stand for steps of any kind: what
/// is added to a time may be either.
fn operand_type(operator: Arithmetic, beside: Type, is_left: bool) -> Option<Type> {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    Some(match (operator, beside) {
        (Subtract, Type::Time) if is_left => Type::Time,
        // From a time both a time and a length may be taken: what is made of it tells which, or
        // what is given.
        (Subtract, Type::Time) => return None,
        (Add, Type::Time) => Type::Months,
        (Add | Subtract, Type::Duration | Type::Months) if is_left => Type::Time,
        (Add | Subtract, Type::Duration) => Type::Duration,
        (Multiply, Type::Duration) => Type::Int,
        (Divide, Type::Duration) if !is_left => Type::Int,
        (_, Type::Int) => Type::Int,
        (_, Type::Float) => Type::Float,
        (Add, Type::Text) => Type::Text,
        _ => return None,
    })
}

/// What both sides must be for a result of that type, where it says so; `beside` is what the right
/// side stands beside.
fn operand_types(operator: Arithmetic, result: Type, beside: Option<Type>) -> Option<(Type, Type)> {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    Some(match (operator, result) {
        (Add | Subtract, Type::Time) => (Type::Time, Type::Months),
        (Subtract, Type::Duration) if beside == Some(Type::Time) => (Type::Time, Type::Time),
        (Add | Subtract, Type::Duration) => (Type::Duration, Type::Duration),
        (Multiply | Divide, Type::Duration) => (Type::Duration, Type::Int),
        // Two lengths may be divided too.
        (Divide, Type::Int | Type::Float) if beside == Some(Type::Any) => return None,
        (_, Type::Int | Type::Float) => (result, result),
        (Add, Type::Text) => (Type::Text, Type::Text),
        _ => return None,
    })
}

/// The type of a sum, difference, product or quotient, if there is one.
fn arithmetic_type(operator: Arithmetic, a: Type, b: Type) -> Option<Type> {
    use Arithmetic::{Add, Divide, Multiply, Subtract};
    Some(match (operator, a, b) {
        (_, Type::Any, _) | (_, _, Type::Any) => Type::Any,
        (Divide, Type::Int | Type::Float, Type::Int | Type::Float)
        | (_, Type::Float, Type::Int | Type::Float)
        | (_, Type::Int, Type::Float)
        | (Divide, Type::Duration, Type::Duration) => Type::Float,
        (_, Type::Int, Type::Int) => Type::Int,
        (Add | Subtract, Type::Time, Type::Duration | Type::Months)
        | (Add, Type::Duration | Type::Months, Type::Time) => Type::Time,
        (Subtract, Type::Time, Type::Time)
        | (Add | Subtract, Type::Duration, Type::Duration)
        | (Multiply, Type::Duration, Type::Int)
        | (Multiply, Type::Int, Type::Duration)
        | (Divide, Type::Duration, Type::Int) => Type::Duration,
        (Add, Type::Text, Type::Text) => Type::Text,
        _ => return None,
    })
}
