//! The language on a card: what a language model, or a person, needs to write a question.
//!
//! Made from the schema and the tables of functions, so that it cannot grow old; short enough to
//! stand in any prompt.

use std::fmt::Write as _;

use lineal_engine::event_fields::EVENT_FIELDS;
use lineal_engine::schema::{COMMON_FIELDS, Class, FieldType, KINDS, Kind, RELATIONS, fields};

use crate::bind::function::{AGGREGATES, FUNCTIONS};
use crate::plan::{FieldReference, Type};

/// The rules and examples above the tables.
const RULES: &str = "\
LQL, the query language of Lineal (lineage of data, models, deployments, logged decisions). Read-only. One question a request.
find [root|tip] TERM, ... [where C] [return X as n, ... | summarize F as n by G having C] [order by X desc] [skip n] [limit n] [as of COMMIT|TIME] [format table|json|ndjson|csv|prov|dot|mermaid]
Questions join: find ... union|intersect|except find ... (different words need brackets). root: nothing else of the result is upstream; tip: nothing downstream. An inner find may have its own `as of`.
TERM: kind | kind:key [as v] [RELATION TERM]. Named terms are listed once a match; unnamed ones must only exist. Bare fields and `it` mean the first term.
RELATION: an edge name below, or `upstream of` / `downstream of` (a set: everything behind / after), narrowed by `via trained_on, ...` | `via training` | `via any`, `avoiding T`, `within n..m`.
Others: trace [all] A to B; diff A with B; history of A; verify [deep] A; explain Q; profile Q; let s = find ...; then use `s` as a target or `in s`.
C: = != < <= > >= like matches contains, in [a, b], in a..b (half open), in (find ...), is null, is not null, and or not, `upstream of x`, `m approves y`, `exists run produces m`, `exists (find ...)`.
Absent compares false; test it with `is null`. Text in quotes, times bare: 2026-03-14, 2026-03-14T09:00Z; durations 90d 24h 6mo; $name is a parameter.
Columns may be size(find ...), list(find ...), first(find ... order by ...). No SQL joins, no arrows, no group by.
find dataset upstream of inference:$hash
find deployment as d deploys model as m where not exists (find approval as a approves m where a.decision = \"granted\" and a.time <= d.time) return d, m
find inference as i downstream of model as m where m.name = \"x\" summarize share(i.human_override) as rate, count() as n by m.version, week(i.time) as week
";

/// Kinds of which nothing is recorded by today's imports, or whose fields speak for themselves.
fn listed(kind: Kind) -> bool {
    !matches!(kind, Kind::Inference)
}

/// Fields that verifiers and rules read and few questions are about: the card sends to
/// `show fields of KIND` for them. And `reason`, which it names once for all that have it.
const LEFT_OUT: [&str; 39] = [
    "authority_informed_at",
    "bias_corrected_at",
    "causal_link_at",
    "compute",
    "conformity_at",
    "conformity_route",
    "content",
    "corrective_at",
    "envelope",
    "expected_max_gap_hours",
    "frozen_commit",
    "groups_not_applicable",
    "key_fingerprint",
    "keys_needed",
    "last_evaluated_at",
    "law_exempt",
    "log_basis",
    "log_erase_days",
    "log_holder",
    "log_keep_days",
    "log_personal_data",
    "log_purpose",
    "member_state",
    "name_note",
    "notified_at",
    "original_purpose",
    "overseer_from",
    "overseer_until",
    "public_key",
    "reason",
    "reason_salt",
    "registration_at",
    "replaced_by",
    "revoked_at",
    "run_link",
    "signed_by",
    "status_message",
    "subject_revision",
    "thresholds_at",
];

/// Fields whose names end so are times, and the card says so once.
const TIMES: &str = "_at";

fn letter(name: &'static str, field_type: FieldType) -> &'static str {
    if field_type == FieldType::Time && name.ends_with(TIMES) {
        return "";
    }
    let field = FieldReference { name, field_type, event: None };
    if crate::bind::field_type(&field) == Type::Duration {
        return ":duration";
    }
    match field_type {
        FieldType::Text => "",
        FieldType::Int => ":int",
        FieldType::Float => ":float",
        FieldType::Bool => ":bool",
        FieldType::Time => ":time",
        FieldType::Hash => ":hash",
        FieldType::Node => ":node",
        FieldType::List => ":list",
        FieldType::Map => ":map",
    }
}

/// The card: rules, kinds with their fields, relations, functions. Below 2,000 tokens of the usual
/// tokenizers (a test counts words and signs).
#[must_use]
pub fn schema_card() -> String {
    let mut out = String::from(RULES);
    // Writing to a string cannot fail.
    out.push_str("Fields (text where no type stands, NAME_at are times; `show fields of KIND` has more):\nall:");
    for field in COMMON_FIELDS {
        let _ = write!(out, " {}{}", field.name, letter(field.name, field.field_type));
    }
    out.push_str("\nmost: reason");
    for kind in KINDS.into_iter().filter(|kind| listed(*kind)) {
        let _ = write!(out, "\n{kind}:");
        for field in fields(kind).iter().filter(|field| !LEFT_OUT.contains(&field.name)) {
            let _ = write!(out, " {}{}", field.name, letter(field.name, field.field_type));
        }
    }
    out.push_str("\ninference:");
    for field in EVENT_FIELDS {
        let _ = write!(out, " {}{}", field.name, letter(field.name, field.field_type));
    }
    for class in [Class::Lineage, Class::About, Class::Chain] {
        let _ = write!(out, "\nRelations, {} (newer name/inverse older):", class.name());
        for spec in RELATIONS.iter().filter(|spec| spec.class == class) {
            let from = words(spec.from);
            let to = if spec.same_kind { "same".to_owned() } else { words(spec.to) };
            let _ = write!(out, "\n{from} {}/{} {to}", spec.name, spec.inverse);
        }
    }
    out.push_str("\nFunctions:");
    for function in FUNCTIONS {
        let _ = write!(out, " {}", function.name);
    }
    out.push_str("\nFigures:");
    for (name, ..) in AGGREGATES {
        let _ = write!(out, " {name}");
    }
    out.push('\n');
    out
}

/// Kinds in short: many of them are `most`.
fn words(kinds: &[Kind]) -> String {
    if kinds.len() > 8 {
        return "most".to_owned();
    }
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tokens as byte-pair tokenizers make them, from above: a piece for every five letters of a
    /// word, one for each sign.
    fn tokens(text: &str) -> usize {
        let mut count = 0;
        let mut letters = 0_usize;
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                letters += 1;
                continue;
            }
            count += letters.div_ceil(5) + usize::from(c != ' ');
            letters = 0;
        }
        count + letters.div_ceil(5)
    }

    #[test]
    fn the_card_names_every_kind_relation_and_function_and_is_short() {
        let card = schema_card();
        for kind in KINDS {
            assert!(card.contains(&format!("\n{kind}:")), "{kind}");
        }
        for spec in &RELATIONS {
            assert!(card.contains(&format!(" {}/{} ", spec.name, spec.inverse)), "{}", spec.name);
        }
        assert!(tokens(&card) < 2_000, "{} tokens, {} bytes", tokens(&card), card.len());
    }

    #[test]
    fn the_examples_of_the_card_are_understood() {
        let examples =
            RULES.lines().filter(|line| line.starts_with("find ") && !line.contains('['));
        let count = examples
            .inspect(|text| {
                assert!(crate::Prepared::new(text).is_ok(), "{text}");
            })
            .count();
        assert_eq!(count, 3);
    }
}
