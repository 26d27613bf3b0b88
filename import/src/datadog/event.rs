//! The rules of a mapping, applied to what was found in one line.

use std::borrow::Cow;

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};

use super::convert::{Converted, Hash, Raw, convert};
use super::extract::{LineSink, Outcome};
use super::json::{JsonFault, JsonKind};
use super::line::{Documents, Findings, Found, MARK_BLANK, MARK_REST, Spot};
use super::plan::{CompiledMapping, FieldPlan};
use super::report::SkipReason;
use crate::mapping::datadog::Convert;
use crate::record::EventValue;

/// A value and where it was found, or a default.
struct Resolved<'a> {
    value: Converted<'a>,
    at: Option<Spot>,
    /// A place before it holds what could not be read.
    stands_in: bool,
}

/// What a rule gave.
enum Outlook<'a> {
    Value(Resolved<'a>),
    /// A list of names, and whether a place before it holds what could not be read.
    Persons(Spot, bool),
    Unreadable,
    Absent,
}

/// The number that marks a node as taken by a field.
pub(super) fn mark_of(field: EventField) -> u8 {
    field as u8 + 1
}

/// One line that may be an event.
pub(super) struct Event<'e, 'a> {
    pub(super) mapping: &'e CompiledMapping,
    pub(super) findings: &'e mut Findings,
    pub(super) documents: &'e Documents<'a>,
    pub(super) unreadable: &'e mut [u64; EVENT_FIELDS.len()],
    pub(super) replaced: &'e mut [u64; EVENT_FIELDS.len()],
}

impl<'a> Event<'_, 'a> {
    /// Whether the line is an event, and of which time.
    pub(super) fn check(&mut self, broken: Option<(usize, JsonFault)>) -> Result<i64, Outcome> {
        let marked = self.marked();
        if let (Some((document, fault)), None) = (broken, self.findings.root()) {
            let spelled = &self.mapping.documents[document].spelled;
            return Err(if marked {
                Outcome::Rejected(format!("the JSON text in {spelled} {fault}"))
            } else {
                Outcome::Skipped(SkipReason::BrokenText)
            });
        }
        if !marked {
            return Err(Outcome::Skipped(SkipReason::NoMark));
        }
        if self.findings.conflicts {
            self.check_conflicts()?;
        }
        let mut time = None;
        for plan in self.mapping.fields.iter().take_while(|plan| plan.required) {
            match self.resolve(plan) {
                Outlook::Value(Resolved { value: Converted::Time(ns), .. })
                    if plan.field == EventField::Time =>
                {
                    time = Some(ns);
                }
                Outlook::Value(_) | Outlook::Persons(..) => {}
                Outlook::Unreadable => {
                    let name = plan.field.spec().name;
                    let expected = expected(plan.convert);
                    let reason = format!("the event's {name} cannot be read: expected {expected}");
                    return Err(Outcome::Rejected(reason));
                }
                Outlook::Absent => {
                    return Err(Outcome::Skipped(SkipReason::Missing(plan.field)));
                }
            }
        }
        time.ok_or(Outcome::Skipped(SkipReason::Missing(EventField::Time)))
    }

    fn marked(&self) -> bool {
        if self.mapping.event.is_empty() {
            return self.findings.root().is_some();
        }
        self.mapping
            .event
            .iter()
            .filter_map(|place| self.findings.find(place))
            .any(|found| is_mark(self.findings.raw(self.documents, found.at)))
    }

    fn check_conflicts(&self) -> Result<(), Outcome> {
        for plan in &self.mapping.fields {
            let mut found = plan.from.iter().filter_map(|place| self.findings.find(place));
            if found.any(|found| found.conflict) {
                let name = plan.field.spec().name;
                return Err(Outcome::Rejected(format!(
                    "the place of the event's {name} is there twice, with different values: \
                     expected it once, nested or with dots in its name"
                )));
            }
        }
        Ok(())
    }

    /// Whether the line brings an id of its own.
    pub(super) fn identified(&self) -> bool {
        self.mapping
            .identity
            .iter()
            .flat_map(|index| &self.mapping.fields[*index].from)
            .filter_map(|place| self.findings.find(place))
            .any(|found| match self.findings.raw(self.documents, found.at) {
                Raw::Text(text) => !text.is_empty(),
                Raw::Nested => false,
                Raw::Number(_) | Raw::Bool(_) => true,
            })
    }

    /// Gives every field to the sink and marks what was taken.
    pub(super) fn emit(&mut self, sink: &mut dyn LineSink) {
        let mapping = self.mapping;
        let mut named = [None, None];
        // Hashes come last: their prefix yields to an algorithm that is written out.
        let is_hash = |plan: &&FieldPlan| plan.convert == Convert::Hash;
        for plan in mapping.fields.iter().filter(|plan| !is_hash(plan)) {
            let resolved = match self.resolve(plan) {
                Outlook::Value(resolved) => resolved,
                Outlook::Persons(spot, stands_in) => {
                    self.replaced[plan.field as usize] += u64::from(stands_in);
                    self.emit_persons(plan, spot, sink);
                    continue;
                }
                Outlook::Unreadable => {
                    self.unreadable[plan.field as usize] += 1;
                    continue;
                }
                Outlook::Absent => continue,
            };
            self.replaced[plan.field as usize] += u64::from(resolved.stands_in);
            give(plan.field, &resolved.value, sink);
            self.take(plan, &resolved);
            if let (Some(index), Some(_), Converted::Text(name)) =
                (algorithm_index(plan.field), resolved.at, resolved.value)
            {
                named[index] = Some(name);
            }
        }
        for plan in mapping.fields.iter().filter(is_hash) {
            match self.resolve(plan) {
                Outlook::Value(resolved) => {
                    self.replaced[plan.field as usize] += u64::from(resolved.stands_in);
                    self.emit_hash(plan, &resolved, &named, sink);
                }
                Outlook::Unreadable => self.unreadable[plan.field as usize] += 1,
                Outlook::Persons(..) | Outlook::Absent => {}
            }
        }
    }

    fn emit_hash(
        &mut self,
        plan: &FieldPlan,
        resolved: &Resolved<'a>,
        named: &[Option<Cow<'a, str>>; 2],
        sink: &mut dyn LineSink,
    ) {
        give(plan.field, &resolved.value, sink);
        let Converted::Hash(Hash { algorithm: Some(prefix), .. }) = &resolved.value else {
            self.take(plan, resolved);
            return;
        };
        let field = match plan.field {
            EventField::InputHash => EventField::InputAlgorithm,
            _ => EventField::OutputAlgorithm,
        };
        let written = algorithm_index(field).and_then(|index| named[index].as_deref());
        match written {
            None => sink.set(field, EventValue::Text(prefix)),
            // The two disagree: the hash's own text stays in `rest`, where both can be seen.
            Some(written) if written != prefix => return,
            Some(_) => {}
        }
        self.take(plan, resolved);
    }

    fn emit_persons(&mut self, plan: &FieldPlan, spot: Spot, sink: &mut dyn LineSink) {
        let Spot::Node { document, node } = spot else { return };
        let Some(json) = self.documents[document] else { return };
        for person in json.children(node) {
            let name = json.text(person).trim();
            if !name.is_empty() {
                sink.set_person(plan.field, name);
            }
        }
        self.findings.mark(spot, mark_of(plan.field));
    }

    /// The first of a rule's places that holds something its converter reads.
    fn resolve(&mut self, plan: &FieldPlan) -> Outlook<'a> {
        let mut unreadable: Vec<Spot> = Vec::new();
        for place in &plan.from {
            let Some(Found { at, .. }) = self.findings.find(place) else { continue };
            let raw = self.findings.raw(self.documents, at);
            if is_blank(raw) {
                self.findings.mark(at, MARK_BLANK);
                continue;
            }
            if let Some(value) = convert(plan.convert, raw) {
                let stands_in = self.is_beside(&unreadable, at);
                return Outlook::Value(Resolved { value, at: Some(at), stands_in });
            }
            if plan.convert == Convert::Person && self.is_list_of_names(at) {
                return Outlook::Persons(at, self.is_beside(&unreadable, at));
            }
            unreadable.push(at);
        }
        if !unreadable.is_empty() {
            return Outlook::Unreadable;
        }
        let default = plan.default.as_deref();
        // Checked when the mapping was parsed; copied, for a default does not live in the line.
        match default.and_then(|text| convert(plan.convert, Raw::Text(text))) {
            Some(value) => {
                Outlook::Value(Resolved { value: owned(value), at: None, stands_in: false })
            }
            None => Outlook::Absent,
        }
    }

    /// Does a value stand outside of one of these places? `error.message` is within `error`, and read in full.
    fn is_beside(&self, places: &[Spot], value: Spot) -> bool {
        let holds = |place: &Spot| match (*place, value) {
            (Spot::Node { document, node }, Spot::Node { document: of, node: inner }) => {
                document == of && self.documents[document].is_some_and(|it| it.holds(node, inner))
            }
            _ => false,
        };
        !places.iter().all(holds)
    }

    /// Marks the value as taken, and further places of the rule that say the same.
    fn take(&mut self, plan: &FieldPlan, resolved: &Resolved<'a>) {
        let Some(taken) = resolved.at else { return };
        let mark = mark_of(plan.field);
        self.findings.mark(taken, mark);
        for place in &plan.from {
            let Some(Found { at, .. }) = self.findings.find(place) else { continue };
            if at == taken || self.is_marked(at) {
                continue;
            }
            let raw = self.findings.raw(self.documents, at);
            if raw == self.findings.raw(self.documents, taken) && raw != Raw::Nested
                || convert(plan.convert, raw).is_some_and(|value| value == resolved.value)
            {
                self.findings.mark(at, mark);
            }
        }
    }

    fn is_marked(&self, spot: Spot) -> bool {
        match spot {
            Spot::Node { document, node } => {
                self.findings.marks[document][node as usize] != MARK_REST
            }
            Spot::Tag(index) => self.findings.tags[index].mark != MARK_REST,
        }
    }

    fn is_list_of_names(&self, spot: Spot) -> bool {
        let Spot::Node { document, node } = spot else { return false };
        let Some(json) = self.documents[document] else { return false };
        let name = |child| matches!(json.kind(child), JsonKind::Text | JsonKind::Number);
        json.kind(node) == JsonKind::List && json.children(node).all(name)
    }
}

/// Whether a value at a place that marks events does mark one.
pub(super) fn is_mark(raw: Raw<'_>) -> bool {
    match raw {
        Raw::Bool(truth) => truth,
        Raw::Text(text) => !text.is_empty() && !text.eq_ignore_ascii_case("false"),
        Raw::Number(_) | Raw::Nested => true,
    }
}

/// Whether a value is as good as none.
pub(super) fn is_blank(raw: Raw<'_>) -> bool {
    matches!(raw, Raw::Text(text) if text.trim().is_empty())
}

fn owned<'a>(value: Converted<'_>) -> Converted<'a> {
    match value {
        Converted::Text(text) => Converted::Text(Cow::Owned(text.into_owned())),
        Converted::Time(ns) => Converted::Time(ns),
        Converted::Float(number) => Converted::Float(number),
        Converted::Bool(truth) => Converted::Bool(truth),
        Converted::Hash(hash) => Converted::Hash(hash.into_owned()),
        // A mapping gives no default for a person.
        Converted::Person(_) => Converted::Person(""),
    }
}

fn algorithm_index(field: EventField) -> Option<usize> {
    match field {
        EventField::InputAlgorithm => Some(0),
        EventField::OutputAlgorithm => Some(1),
        _ => None,
    }
}

/// Gives a value to the sink.
pub(super) fn give(field: EventField, value: &Converted<'_>, sink: &mut dyn LineSink) {
    match value {
        Converted::Text(text) => sink.set(field, EventValue::Text(text)),
        Converted::Time(ns) => sink.set(field, EventValue::Int(*ns)),
        Converted::Float(number) => sink.set(field, EventValue::Float(*number)),
        Converted::Bool(truth) => sink.set(field, EventValue::Bool(*truth)),
        Converted::Hash(hash) => sink.set(field, EventValue::Hash(hash.bytes())),
        Converted::Person(name) => sink.set_person(field, name.trim()),
    }
}

fn expected(how: Convert) -> &'static str {
    match how {
        Convert::Text | Convert::Version | Convert::Algorithm => "text or a number",
        Convert::Person => "a name or a list of names",
        Convert::Hash => "a hash in hex or base64",
        Convert::Time => {
            "a time between 1677 and 2262, as RFC 3339 with an offset or a number since 1970"
        }
        Convert::Float => "a finite number",
        Convert::Bool => "true or false",
    }
}
