//! The functions of the language: one table for the binder and for `show functions`.

use lineal_engine::schema::Kind;

use super::Bind;
use super::expression::Typed;
use crate::ast::{Expr, Name};
use crate::error::{Code, Mistake};
use crate::plan::{AggregateFunction, BucketUnit, Function, Kinds, Type};
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
    /// Arguments that can be written, for messages and the reference.
    pub(crate) example: &'static str,
}

impl FunctionSpec {
    /// What the argument in this place may be; nothing where it may be anything.
    pub(super) fn wanted(&self, index: usize) -> &'static [Type] {
        self.arguments.get(index).or(self.arguments.last()).copied().unwrap_or_default()
    }
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
    example: &'static str,
) -> FunctionSpec {
    FunctionSpec { name, function, arguments, repeats: false, gives, meaning, example }
}

/// The functions of a row, in the order in which they are shown.
pub(crate) const FUNCTIONS: &[FunctionSpec] = &[
    spec(
        "now",
        Function::Now,
        &[],
        Gives::Type(Type::Time),
        "the time of the question, the same all through it",
        "",
    ),
    spec(
        "active_at",
        Function::ActiveAt,
        &[NODE, TIME],
        Gives::Type(Type::Bool),
        "was the deployment in use then: declared, else between its first and last event",
        "it, now()",
    ),
    spec(
        "length",
        Function::Length,
        &[SIZED],
        Gives::Type(Type::Int),
        "edges of a path, letters of a text, members of a list or map",
        "name",
    ),
    spec("nodes", Function::Nodes, &[PATH], Gives::Type(Type::List), "the nodes of a path", "path"),
    spec(
        "edges",
        Function::Edges,
        &[PATH],
        Gives::Type(Type::List),
        "the relations of a path, by name",
        "path",
    ),
    spec("lower", Function::Lower, &[TEXT], Gives::Type(Type::Text), "in small letters", "name"),
    spec("upper", Function::Upper, &[TEXT], Gives::Type(Type::Text), "in capitals", "name"),
    FunctionSpec {
        name: "coalesce",
        function: Function::Coalesce,
        arguments: &[ANY],
        repeats: true,
        gives: Gives::Same,
        meaning: "the first that is recorded",
        example: "name, key",
    },
    spec(
        "number",
        Function::Number,
        &[&[Type::Text, Type::Int, Type::Float]],
        Gives::Type(Type::Float),
        "the number that a text holds, absent where it holds none",
        "key",
    ),
    spec("kind", Function::Kind, &[NODE], Gives::Type(Type::Text), "the kind of a node", "it"),
    spec(
        "id",
        Function::Id,
        &[NODE],
        Gives::Type(Type::Text),
        "the id of a node's current revision",
        "it",
    ),
    spec(
        "abs",
        Function::Abs,
        &[&[Type::Int, Type::Float, Type::Duration]],
        Gives::Same,
        "without its sign",
        "1 - 2",
    ),
    spec(
        "round",
        Function::Round,
        &[NUMBER],
        Gives::Type(Type::Int),
        "the nearest whole number",
        "0.5",
    ),
    spec(
        "is_nan",
        Function::IsNan,
        &[NUMBER],
        Gives::Type(Type::Bool),
        "is it no number, as a failed metric is",
        "0.5",
    ),
    spec(
        "hour",
        Function::Bucket(BucketUnit::Hour),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its hour, UTC",
        "time",
    ),
    spec(
        "day",
        Function::Bucket(BucketUnit::Day),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its day, UTC",
        "time",
    ),
    spec(
        "week",
        Function::Bucket(BucketUnit::Week),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its ISO week, UTC",
        "time",
    ),
    spec(
        "month",
        Function::Bucket(BucketUnit::Month),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its month, UTC",
        "time",
    ),
    spec(
        "year",
        Function::Bucket(BucketUnit::Year),
        &[TIME],
        Gives::Type(Type::Time),
        "the start of its year, UTC",
        "time",
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

/// The function of that name, in any case, if there is one.
pub(super) fn named(name: &str) -> Option<&'static FunctionSpec> {
    FUNCTIONS.iter().find(|spec| spec.name.eq_ignore_ascii_case(name))
}

/// The function of that name, in any case.
pub(super) fn find(name: &Name) -> Bind<&'static FunctionSpec> {
    named(&name.node).ok_or_else(|| {
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
        let types = spec.wanted(index);
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
    if spec.function == Function::ActiveAt
        && let (Some(typed), Some(argument)) = (bound.first(), arguments.first())
        && typed.kinds != Kinds::NONE
        && !typed.kinds.has(Kind::Deployment)
    {
        let what = typed.kinds.words();
        return Err(Mistake::new(
            Code::Arguments,
            argument.span,
            format!("`active_at` takes a deployment here, not a {what}"),
        )
        .hint("name the deployment: `model as m deployed_by deployment as d where active_at(d, 2026-03-14)`"));
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
