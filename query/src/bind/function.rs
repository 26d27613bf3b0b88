//! The functions of the language: one table for the binder and for `show functions`.

use super::Bind;
use super::expression::Typed;
use crate::ast::{Expr, Name};
use crate::error::{Code, Mistake};
use crate::plan::{AggregateFunction, BucketUnit, Function, Type};
use crate::suggest::nearest;

/// What a function gives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gives {
    /// Always this.
    Type(Type),
    /// What its first argument is.
    Same,
}

/// One function of a row.
#[derive(Debug)]
pub(crate) struct FunctionSpec {
    pub(crate) name: &'static str,
    pub(crate) function: Function,
    /// What each argument must be; the last may repeat if `repeats`.
    pub(crate) arguments: &'static [&'static [Type]],
    pub(crate) repeats: bool,
    pub(crate) gives: Gives,
    pub(crate) meaning: &'static str,
}

const NUMBER: &[Type] = &[Type::Int, Type::Float];
const TEXT: &[Type] = &[Type::Text];
const TIME: &[Type] = &[Type::Time];
const NODE: &[Type] = &[Type::Node];
const PATH: &[Type] = &[Type::Path];
const SIZED: &[Type] = &[Type::Path, Type::Text, Type::List, Type::Map];
const ANY: &[Type] = &[];

const fn spec(
    name: &'static str,
    function: Function,
    arguments: &'static [&'static [Type]],
    gives: Gives,
    meaning: &'static str,
) -> FunctionSpec {
    FunctionSpec { name, function, arguments, repeats: false, gives, meaning }
}

/// The functions of a row, in the order in which they are shown.
pub(crate) const FUNCTIONS: &[FunctionSpec] = &[
    spec(
        "now",
        Function::Now,
        &[],
        Gives::Type(Type::Time),
        "the time of the question, the same all through it",
    ),
    spec(
        "active_at",
        Function::ActiveAt,
        &[NODE, TIME],
        Gives::Type(Type::Bool),
        "was the deployment in use then: declared, else between its first and last event",
    ),
    spec(
        "length",
        Function::Length,
        &[SIZED],
        Gives::Type(Type::Int),
        "edges of a path, letters of a text, members of a list or map",
    ),
    spec("nodes", Function::Nodes, &[PATH], Gives::Type(Type::List), "the nodes of a path"),
    spec(
        "edges",
        Function::Edges,
        &[PATH],
        Gives::Type(Type::List),
        "the relations of a path, by name",
    ),
    spec("lower", Function::Lower, &[TEXT], Gives::Type(Type::Text), "in small letters"),
    spec("upper", Function::Upper, &[TEXT], Gives::Type(Type::Text), "in capitals"),
    FunctionSpec {
        name: "coalesce",
        function: Function::Coalesce,
        arguments: &[ANY],
        repeats: true,
        gives: Gives::Same,
        meaning: "the first that is recorded",
    },
    spec(
        "number",
        Function::Number,
        &[&[Type::Text, Type::Int, Type::Float]],
        Gives::Type(Type::Float),
        "the number that a text holds, absent where it holds none",
    ),
    spec("kind", Function::Kind, &[NODE], Gives::Type(Type::Text), "the kind of a node"),
    spec(
        "id",
        Function::Id,
        &[NODE],
        Gives::Type(Type::Text),
        "the id of a node's current revision",
    ),
    spec(
        "abs",
        Function::Abs,
        &[&[Type::Int, Type::Float, Type::Duration]],
        Gives::Same,
        "without its sign",
    ),
    spec("round", Function::Round, &[NUMBER], Gives::Type(Type::Int), "the nearest whole number"),
    spec(
        "is_nan",
        Function::IsNan,
        &[NUMBER],
        Gives::Type(Type::Bool),
        "is it no number, as a failed metric is",
    ),
    spec(
        "hour",
        Function::Bucket(BucketUnit::Hour),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its hour, UTC",
    ),
    spec(
        "day",
        Function::Bucket(BucketUnit::Day),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its day, UTC",
    ),
    spec(
        "week",
        Function::Bucket(BucketUnit::Week),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its ISO week, UTC",
    ),
    spec(
        "month",
        Function::Bucket(BucketUnit::Month),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its month, UTC",
    ),
    spec(
        "year",
        Function::Bucket(BucketUnit::Year),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its year, UTC",
    ),
];

/// Figures over a group, with their meaning.
pub(crate) const AGGREGATES: &[(&str, AggregateFunction, &str)] = &[
    ("count", AggregateFunction::Count, "how many, or how many with a value"),
    ("count_if", AggregateFunction::CountIf, "how many for which it holds"),
    ("share", AggregateFunction::Share, "the share for which it holds, from 0 to 1"),
    ("sum", AggregateFunction::Sum, "their sum"),
    ("avg", AggregateFunction::Average, "their mean"),
    ("min", AggregateFunction::Least, "the least"),
    ("max", AggregateFunction::Greatest, "the greatest"),
    ("p50", AggregateFunction::Percentile(50), "the median, nearest rank"),
    ("p95", AggregateFunction::Percentile(95), "the 95th percentile, nearest rank"),
    ("p99", AggregateFunction::Percentile(99), "the 99th percentile, nearest rank"),
];

/// The figure of that name.
pub(super) fn aggregate(name: &str) -> Option<AggregateFunction> {
    AGGREGATES.iter().find(|row| row.0.eq_ignore_ascii_case(name)).map(|row| row.1)
}

/// The function of that name, in any case.
pub(super) fn find(name: &Name) -> Bind<&'static FunctionSpec> {
    FUNCTIONS.iter().find(|spec| spec.name.eq_ignore_ascii_case(&name.node)).ok_or_else(|| {
        let mistake = Mistake::new(
            Code::UnknownFunction,
            name.span,
            format!("there is no function `{}`", name.node),
        );
        let names = FUNCTIONS.iter().map(|spec| spec.name);
        match nearest(&name.node, names.chain(AGGREGATES.iter().map(|row| row.0))) {
            Some(near) => mistake.replace(near),
            None => mistake.hint("`show functions` lists them"),
        }
    })
}

/// Checks the arguments; gives the type of the result.
pub(super) fn check(
    spec: &FunctionSpec,
    name: &Name,
    arguments: &[Expr],
    bound: &[Typed],
) -> Bind<Type> {
    let wanted = spec.arguments.len();
    let fits = if spec.repeats { bound.len() >= wanted } else { bound.len() == wanted };
    if !fits {
        let many = if spec.repeats { " or more" } else { "" };
        let noun = if wanted == 1 { "argument" } else { "arguments" };
        return Err(Mistake::new(
            Code::Arguments,
            name.span,
            format!("`{}` takes {wanted}{many} {noun}, not {}", spec.name, bound.len()),
        ));
    }
    for (index, (typed, argument)) in bound.iter().zip(arguments).enumerate() {
        let types = spec.arguments.get(index).or(spec.arguments.last()).copied();
        let types = types.unwrap_or_default();
        if !types.is_empty() && typed.result != Type::Any && !types.contains(&typed.result) {
            let names: Vec<_> = types.iter().map(|t| t.with_article()).collect();
            return Err(Mistake::new(
                Code::Arguments,
                argument.span,
                format!(
                    "`{}` takes {} here, not {}",
                    spec.name,
                    names.join(" or "),
                    typed.result.with_article()
                ),
            ));
        }
    }
    Ok(match spec.gives {
        Gives::Type(result) => result,
        Gives::Same => {
            let mut types = bound.iter().map(|typed| typed.result).filter(|t| *t != Type::Any);
            let first = types.next().unwrap_or(Type::Any);
            if types.all(|other| other == first) { first } else { Type::Any }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_over_both_tables() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|spec| spec.name).collect();
        names.extend(AGGREGATES.iter().map(|row| row.0));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
