//! The schema as rows: what `show` gives.

use std::collections::BTreeMap;
use std::ops::Range;

use lineal_engine::schema::{FieldType, KINDS, Kind, RELATIONS};

use super::Executor;
use crate::answer::{Answer, Completeness, Names};
use crate::bind::function::{AGGREGATES, FUNCTIONS};
use crate::bind::{PROOF, all_fields, field_type};
use crate::error::Result;
use crate::limits::Limits;
use crate::plan::{Column, Kinds, Plan, Root, Topic, Type};
use crate::source::{NodeNo, Source};
use crate::value::Value;

type Table = (Vec<Column>, Vec<Vec<Value>>);

fn columns<const N: usize>(names: [(&str, Type); N]) -> Vec<Column> {
    names.map(|(name, column_type)| Column { name: name.to_owned(), column_type }).into()
}

fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}

fn whole(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

impl<S: Source> Executor<'_, S> {
    pub(super) fn show(&self, topic: Topic) -> Result<Table> {
        Ok(match topic {
            Topic::Kinds => self.kinds()?,
            topic => of_the_language(topic, self.limits).unwrap_or_default(),
        })
    }

    fn kinds(&self) -> Result<Table> {
        let row = |kind: &Kind| -> Result<Vec<Value>> {
            let nodes = self.source.nodes_of(*kind);
            let recorded = match kind {
                // Events are not nodes; their batches are counted.
                Kind::Inference => Value::Absent,
                _ => whole(u64::from(nodes.end.saturating_sub(nodes.start))),
            };
            let detail = self.of_these(nodes)?;
            let detail = if detail.is_empty() { Value::Absent } else { text(detail) };
            Ok(vec![text(kind.name()), recorded, detail, text(kind.meaning())])
        };
        let columns = columns([
            ("kind", Type::Text),
            ("recorded", Type::Int),
            ("detail", Type::Text),
            ("meaning", Type::Text),
        ]);
        Ok((columns, KINDS.iter().map(row).collect::<Result<_>>()?))
    }

    /// What a count of nodes would hide: their forms, and how many are deleted or only referred to.
    fn of_these(&self, nodes: Range<NodeNo>) -> Result<String> {
        let mut counts: BTreeMap<(u8, String), u64> = BTreeMap::new();
        for node in nodes {
            let mut count = |place: u8, what: &str| {
                *counts.entry((place, what.to_owned())).or_default() += 1;
            };
            if self.source.is_stub(node) {
                count(2, "missing");
            } else if self.source.kind_of(node) == Kind::Model
                && let Value::Text(form) = self.node_value(node, "form", FieldType::Text)?
            {
                count(0, &form);
            }
            if self.source.is_deleted(node) {
                count(1, "deleted");
            }
        }
        let words = counts.into_iter().map(|((_, what), count)| format!("{count} {what}"));
        Ok(words.collect::<Vec<_>>().join(", "))
    }
}

/// The limits that hold.
fn limits(limits: &Limits<'_>) -> Table {
    let number = |number: Option<u64>| number.map_or(Value::Absent, whole);
    let row = |bound: crate::limits::Bound| {
        let (value, default) = (number(bound.value), number(bound.default));
        vec![text(bound.name), value, default, text(bound.meaning)]
    };
    let rows = limits.bounds().into_iter().map(row).collect();
    let columns = columns([
        ("limit", Type::Text),
        ("value", Type::Int),
        ("default", Type::Int),
        ("meaning", Type::Text),
    ]);
    (columns, rows)
}

/// What is the same whatever a store holds; nothing where a store is counted.
fn of_the_language(topic: Topic, bounds: &Limits<'_>) -> Option<Table> {
    Some(match topic {
        Topic::Kinds => return None,
        Topic::Relations => relations(),
        Topic::Fields(kinds) => fields(kinds),
        Topic::Functions => functions(),
        Topic::Limits => limits(bounds),
        Topic::Schema => card(),
    })
}

/// The answer to a question about the language alone; nothing where it needs a store.
pub(crate) fn without_store(plan: &Plan, limits: &Limits<'_>, now: i64) -> Option<Answer> {
    let Root::Show(topic) = plan.root else { return None };
    let (columns, rows) = of_the_language(topic, limits)?;
    Some(Answer {
        columns,
        total: rows.len() as u64,
        rows,
        completeness: Completeness::default(),
        commit: 0,
        recorded: 0,
        now,
        warnings: plan.warnings.clone(),
        edges_followed: 0,
        events_read: 0,
        format: plan.format.clone(),
        is_storeless: true,
        names: Names::default(),
    })
}

/// The schema card, a line a row.
fn card() -> Table {
    let lines = crate::schema_card();
    let rows = lines.lines().map(|line| vec![text(line)]).collect();
    (columns([("schema", Type::Text)]), rows)
}

fn relations() -> Table {
    let words = |kinds: &[Kind]| text(kinds.iter().copied().collect::<Kinds>().words());
    let row = |spec: &lineal_engine::schema::RelationSpec| {
        vec![
            text(spec.name),
            text(spec.inverse),
            words(spec.from),
            words(spec.to),
            text(spec.class.name()),
        ]
    };
    let columns = columns([
        ("relation", Type::Text),
        ("inverse", Type::Text),
        ("from", Type::Text),
        ("to", Type::Text),
        ("class", Type::Text),
    ]);
    (columns, RELATIONS.iter().map(row).collect())
}

fn fields(kinds: Kinds) -> Table {
    let rows = all_fields(kinds)
        .into_iter()
        .map(|field| {
            vec![
                text(field.name),
                text(field_type(&field).name()),
                text(meaning(kinds, field.name)),
            ]
        })
        .collect();
    (columns([("field", Type::Text), ("type", Type::Text), ("meaning", Type::Text)]), rows)
}

/// What a field means, as the schema says.
fn meaning(kinds: Kinds, name: &str) -> &'static str {
    use lineal_engine::event_fields::EVENT_FIELDS;
    use lineal_engine::schema::{COMMON_FIELDS, fields};
    let own = kinds.iter().flat_map(fields).chain(COMMON_FIELDS);
    let own = own.filter(|spec| spec.name == name).map(|spec| spec.meaning);
    let events = EVENT_FIELDS.iter().filter(|spec| spec.name == name).map(|spec| spec.meaning);
    if name == PROOF.0 && kinds.has(Kind::Inference) {
        PROOF.1
    } else if kinds.single() == Some(Kind::Inference) {
        events.chain(own).next().unwrap_or_default()
    } else {
        own.chain(events).next().unwrap_or_default()
    }
}

fn functions() -> Table {
    let rows = FUNCTIONS.iter().map(|spec| {
        let mut arguments: Vec<String> = spec
            .arguments
            .iter()
            .map(|types| {
                let names: Vec<_> = types.iter().map(|one| one.name()).collect();
                if names.is_empty() { "any".to_owned() } else { names.join(" or ") }
            })
            .collect();
        if spec.repeats {
            arguments.push("\u{2026}".to_owned());
        }
        vec![
            text(format!("{}({})", spec.name, arguments.join(", "))),
            text("row"),
            text(spec.meaning),
        ]
    });
    let figures = AGGREGATES.iter().map(|(name, _, meaning)| {
        vec![text(format!("{name}(\u{2026})")), text("group"), text(*meaning)]
    });
    let inner = [
        ("size(find \u{2026})", "how many an inner question finds"),
        ("list(find \u{2026})", "all that an inner question finds"),
        ("first(find \u{2026})", "the first that an inner question finds"),
    ]
    .map(|(name, meaning)| vec![text(name), text("row"), text(meaning)]);
    let columns = columns([("function", Type::Text), ("of", Type::Text), ("meaning", Type::Text)]);
    (columns, rows.chain(inner).chain(figures).collect())
}
