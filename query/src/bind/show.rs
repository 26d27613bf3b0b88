//! `show`: which part of the schema is meant.

use lineal_engine::schema::{KINDS, Kind};

use super::Bind;
use crate::ast::Name;
use crate::error::{Code, Mistake};
use crate::plan::{Kinds, Topic};
use crate::suggest::nearest;

/// What can be shown.
const TOPICS: [&str; 6] = ["kinds", "relations", "fields", "functions", "limits", "schema"];

/// The topic that is meant.
pub(super) fn topic(topic: &Name, of: Option<&Name>) -> Bind<Topic> {
    let name = topic.node.to_ascii_lowercase();
    let found = match name.as_str() {
        "kinds" => Topic::Kinds,
        "relations" => Topic::Relations,
        "functions" => Topic::Functions,
        "limits" => Topic::Limits,
        "schema" => Topic::Schema,
        "fields" => {
            let of = of.ok_or_else(|| {
                Mistake::new(Code::UnknownTopic, topic.span, "fields of which kind?")
                    .hint("write `show fields of model`")
            })?;
            return Ok(Topic::Fields(kinds(of)?));
        }
        _ => {
            let mistake = Mistake::new(
                Code::UnknownTopic,
                topic.span,
                format!("there is nothing named `{}` to show", topic.node),
            );
            if let Some(kind) = nearest(&name, KINDS.iter().map(|kind| kind.name())) {
                return Err(mistake.hint(format!(
                    "to list them write `find {kind}`; `show fields of {kind}` shows what they have"
                )));
            }
            return Err(match nearest(&name, TOPICS) {
                Some(near) => mistake.replace(near),
                None => mistake.hint(format!("topics are {}", TOPICS.join(", "))),
            });
        }
    };
    match of {
        None => Ok(found),
        Some(of) => Err(Mistake::new(
            Code::UnknownTopic,
            of.span,
            format!("`show {name}` is of nothing in particular"),
        )
        .hint(format!("write `show {name}`"))),
    }
}

fn kinds(of: &Name) -> Bind<Kinds> {
    if of.node.eq_ignore_ascii_case("node") {
        return Ok(Kinds::nodes());
    }
    Kind::parse(&of.node).map(Kinds::one).ok_or_else(|| {
        let mistake =
            Mistake::new(Code::UnknownTopic, of.span, format!("there is no kind `{}`", of.node));
        match nearest(&of.node, KINDS.iter().map(|kind| kind.name())) {
            Some(near) => mistake.replace(near),
            None => mistake.hint("`show kinds` lists them"),
        }
    })
}
