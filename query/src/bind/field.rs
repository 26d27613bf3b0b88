//! Fields: bare names and `x.name` to fields of what a variable may be, and members of maps.

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use lineal_engine::schema::{
    COMMON_FIELDS, FieldSpec, FieldType, Kind, Relation, TRAIL_SEALED, fields,
};

use super::expression::Typed;
use super::{Bind, Binder, function};
use crate::ast::{Expr, ExprKind, Name};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Arithmetic, Expression, FieldReference, Kinds, Type};
use crate::suggest::nearest;
use crate::value::Value;

/// Recorded as a number of nanoseconds; in the language a length of time is a duration.
const LONGEST_SILENCE: &str = "longest_silence";

/// What a field gives.
pub(crate) fn field_type(field: &FieldReference) -> Type {
    if field.name == LONGEST_SILENCE { Type::Duration } else { field.field_type.into() }
}

/// Fields of events beside those of the event table.
const EVENT_EXTRAS: [FieldReference; 9] = [
    FieldReference { name: "kind", field_type: FieldType::Text, event: None },
    FieldReference { name: "key", field_type: FieldType::Text, event: None },
    FieldReference { name: "recorded", field_type: FieldType::Time, event: None },
    FieldReference { name: "updated", field_type: FieldType::Time, event: None },
    FieldReference { name: "source", field_type: FieldType::Text, event: None },
    FieldReference { name: "sources", field_type: FieldType::List, event: None },
    FieldReference { name: "missing", field_type: FieldType::Bool, event: None },
    FieldReference { name: "gone", field_type: FieldType::Bool, event: None },
    FieldReference { name: PROOF.0, field_type: FieldType::Text, event: None },
];

/// What says whether an event is in a commit, and what it means.
pub(crate) const PROOF: (&str, &str) =
    ("proof", "`pending` while the event is in no commit yet, then `recorded`");

/// Fields of every node that an event, a row of a batch, does not have, and what to ask instead.
const OF_NODES_ALONE: [(&str, &str); 5] = [
    ("id", "`event_id`, `request_id` and `log_id` are the ids that are recorded of an event"),
    ("tags", "`rest` is what no rule of the mapping takes, as JSON"),
    (
        "deleted",
        "a log marks no event deleted; `part_of batch as b` leads to what holds for its batch",
    ),
    ("revisions", "an event is a row of a batch: `part_of batch as b return b.revisions`"),
    (
        "conflict",
        "of rows that say different things of one event one counts: `outweighed` of its batch",
    ),
];

/// The names of the fields of a variable that are its own: the common ones are left out where the
/// kind is known.
pub(super) fn own_fields(kinds: Kinds) -> Vec<&'static str> {
    match kinds.single() {
        Some(Kind::Inference) => EVENT_FIELDS.iter().map(|spec| spec.name).collect(),
        Some(kind) => fields(kind).iter().map(|spec| spec.name).collect(),
        None => COMMON_FIELDS.iter().map(|spec| spec.name).collect(),
    }
}

/// Every field that things of these kinds can have.
pub(crate) fn all_fields(kinds: Kinds) -> Vec<FieldReference> {
    let mut out: Vec<FieldReference> = Vec::new();
    let mut add = |spec: &FieldSpec| {
        if out.iter().all(|field: &FieldReference| field.name != spec.name) {
            let event = EventField::parse(spec.name);
            out.push(FieldReference { name: spec.name, field_type: spec.field_type, event });
        }
    };
    if kinds != Kinds::one(Kind::Inference) {
        COMMON_FIELDS.iter().for_each(&mut add);
    }
    for kind in kinds.iter() {
        fields(kind).iter().for_each(&mut add);
    }
    if kinds.has(Kind::Inference) {
        for spec in EVENT_FIELDS {
            if out.iter().all(|field| field.name != spec.name) {
                let event = Some(spec.field);
                out.push(FieldReference { name: spec.name, field_type: spec.field_type, event });
            }
        }
        for extra in EVENT_EXTRAS {
            if out.iter().all(|field| field.name != extra.name) {
                out.push(extra);
            }
        }
    }
    out
}

impl Binder {
    pub(super) fn name(&mut self, name: &str, span: Span) -> Bind<Typed> {
        if name == "path" && self.scopes.last().is_some_and(|scope| scope.has_path) {
            return Ok(Typed::new(Expression::Path, Type::Path));
        }
        if let Some(slot) = self.variable(name) {
            return Ok(Typed::node(Expression::Slot(slot), self.kinds(slot)));
        }
        if self.saved_set(name).is_some() {
            return Err(Mistake::new(
                Code::Columns,
                span,
                format!("`{name}` is a set, no single value"),
            )
            .hint(format!("write `it in {name}`, or `upstream of {name}`")));
        }
        let Some(it) = self.it() else { return Err(self.unknown_variable(name, span)) };
        let kinds = self.kinds(it);
        match all_fields(kinds).into_iter().find(|field| field.name == name) {
            Some(field) => {
                self.note_sealed(field.name, kinds, span);
                Ok(self.field(Expression::Slot(it), field))
            }
            None => Err(self.unknown_field(name, kinds, span, true)),
        }
    }

    /// Notes that a field is spoken of whose values are sealed, and of the trail that they may point at a
    /// person.
    fn note_sealed(&mut self, name: &'static str, kinds: Kinds, span: Span) {
        let mut specs = kinds.iter().flat_map(|kind| fields(kind).iter());
        self.sealed |= specs.any(|spec| spec.name == name && spec.is_sealed());
        if self.sealed_of_trail.is_none() && TRAIL_SEALED.contains(&name) {
            self.sealed_of_trail = Some((name, span));
        }
    }

    pub(super) fn field(&mut self, of: Expression, field: FieldReference) -> Typed {
        self.event_fields.extend(field.event);
        if field.name == "deleted"
            && self.in_condition
            && let Expression::Slot(slot) = of
            && let Some(slot) = self.slots.get_mut(slot)
        {
            slot.with_deleted = true;
        }
        let value = Expression::Field(Box::new(of), field);
        if field_type(&field) == Type::Duration {
            let one = Box::new(Expression::Constant(Value::Duration(1)));
            let length =
                Expression::Arithmetic(Arithmetic::Multiply, Box::new(value), one, Span::default());
            return Typed::new(length, Type::Duration);
        }
        Typed::new(value, field_type(&field))
    }

    pub(super) fn unknown_field(
        &self,
        name: &str,
        kinds: Kinds,
        span: Span,
        or_variable: bool,
    ) -> Mistake {
        let what = kinds.words();
        let fields = all_fields(kinds);
        let known = if or_variable { self.known_names() } else { Vec::new() };
        let mistake =
            Mistake::new(Code::UnknownField, span, format!("{what} has no field `{name}`"));
        if Relation::parse(name).is_some() {
            return mistake
                .hint(format!("`{name}` is a relation: write `{name} kind:key`, without a sign"));
        }
        if kinds.single() == Some(Kind::Inference)
            && let Some((_, hint)) = OF_NODES_ALONE.iter().find(|(field, _)| *field == name)
        {
            return mistake.hint(*hint);
        }
        let words = fields.iter().map(|field| field.name);
        if let Some(near) = nearest(name, words.chain(known.iter().map(String::as_str))) {
            return mistake.replace(near);
        }
        // `latency` for `latency_ms`.
        let begins = |field: &&FieldReference| {
            field.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('_'))
        };
        if let Some(field) = fields.iter().find(begins) {
            return mistake.replace(field.name);
        }
        if name == "id" && kinds.single() == Some(Kind::Inference) {
            return mistake.hint("an event has no revisions; its `key` names it").replace("key");
        }
        if or_variable && let Some(spec) = function::named(name) {
            return mistake
                .hint(format!("`{0}` is a function: write `{0}({1})`", spec.name, spec.example));
        }
        let topic = kinds.single().map_or("node", Kind::name);
        let quotes = if or_variable { "; text stands in quotes" } else { "" };
        mistake.hint(format!("`show fields of {topic}` lists them{quotes}"))
    }

    pub(super) fn member(&mut self, of: &Expr, field: &Name) -> Bind<Typed> {
        // `m.name` where m is no variable: say that, not that a field is missing.
        if let ExprKind::Name(name) = &of.node
            && self.grouping.as_ref().is_none_or(|grouping| !grouping.rows)
            && self.variable(name).is_none()
            && self
                .it()
                .is_none_or(|it| all_fields(self.kinds(it)).iter().all(|field| field.name != name))
        {
            return Err(self.unknown_variable(name, of.span));
        }
        let bound = self.expr(of)?;
        match bound.result {
            Type::Node => {
                let kinds = bound.kinds;
                let found = all_fields(kinds).into_iter().find(|f| f.name == field.node);
                match found {
                    Some(reference) => {
                        self.note_sealed(reference.name, kinds, field.span);
                        Ok(self.field(bound.expression, reference))
                    }
                    None => Err(self.unknown_field(&field.node, kinds, field.span, false)),
                }
            }
            Type::Map | Type::Any => {
                let member = Expression::Member(Box::new(bound.expression), field.node.clone());
                Ok(Typed::new(member, Type::Any))
            }
            other => Err(Mistake::new(
                Code::Types,
                field.span,
                format!("{} has no members", other.with_article()),
            )
            .hint("only nodes and maps such as `params` have")),
        }
    }

    pub(super) fn index(&mut self, of: &Expr, index: &Expr) -> Bind<Typed> {
        let bound = self.expr(of)?;
        let by = self.expr(index)?;
        let fits = match bound.result {
            Type::Map => matches!(by.result, Type::Text | Type::Any),
            Type::List => matches!(by.result, Type::Int | Type::Any),
            Type::Any => true,
            _ => false,
        };
        if !fits {
            return Err(Mistake::new(
                Code::Types,
                index.span,
                format!(
                    "{} has no member by {}",
                    bound.result.with_article(),
                    by.result.with_article()
                ),
            )
            .hint("a map takes text, `params[\"learning rate\"]`, a list a number from 0"));
        }
        let expression = Expression::Index(Box::new(bound.expression), Box::new(by.expression));
        Ok(Typed::new(expression, Type::Any))
    }
}
