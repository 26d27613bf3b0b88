//! Making a pattern of a line that went the long way.
//!
//! Only what is certain to hold for every line that fits becomes a pattern: a line of which one
//! value is read in an unusual way is none, and its like keep going the long way.

use super::super::convert::{Converted, convert};
use super::super::document::Document;
use super::super::event::{is_blank, is_mark};
use super::super::json::JsonKind;
use super::super::line::{Documents, Findings, MARK_BLANK, MARK_REST, Spot};
use super::super::plan::{Alternative, CompiledMapping};
use super::super::rest::Written;
use super::{Pattern, RestPiece, Slot, SlotKind, Take};
use crate::mapping::datadog::Convert;
use std::collections::BTreeSet;

/// Longest line, and most of its nodes, that a pattern is made of.
const LINE_MAX: usize = 64 << 10;
const NODES_MAX: usize = 512;

/// A line that was accepted, with all that was found out about it.
pub(in crate::datadog) struct Learned<'l, 'a> {
    pub(in crate::datadog) mapping: &'l CompiledMapping,
    pub(in crate::datadog) findings: &'l Findings,
    pub(in crate::datadog) documents: &'l Documents<'a>,
    pub(in crate::datadog) text: &'a str,
    pub(in crate::datadog) rest: &'l str,
    pub(in crate::datadog) written: &'l [Written],
}

/// The pattern of a line; `None` if it is too unusual.
pub(in crate::datadog) fn learn(learned: &Learned<'_, '_>) -> Option<Pattern> {
    let Learned { mapping, findings, documents, text, .. } = *learned;
    let line = documents[0]?;
    let embedded = documents[1..].iter().any(Option::is_some);
    if embedded || findings.conflicts || text.len() > LINE_MAX || line.len() > NODES_MAX {
        return None;
    }
    let tags = tags_of(findings, line)?;
    let mut cut = Cut::new(line, &tags, findings)?;
    let mut takes = Vec::new();
    let is_hash = |field: &usize| mapping.fields[*field].convert == Convert::Hash;
    let (hashes, others): (Vec<usize>, Vec<usize>) = (0..mapping.fields.len()).partition(is_hash);
    for plan in others.into_iter().chain(hashes) {
        takes.extend(cut.take(learned, plan)?);
    }
    let time = |take: &Take| mapping.fields[take.plan].field.spec().name == "time";
    if !takes.iter().any(|take| time(take) && take.slot.is_some()) {
        return None;
    }
    // An id of its own that a rule reads: then each line that fits has one.
    let identity = |take: &Take| mapping.identity.contains(&take.plan) && take.slot.is_some();
    if !takes.iter().any(identity) {
        return None;
    }
    cut.compare(learned, &takes)?;
    let marks = cut.marks(learned)?;
    for document in &mapping.documents[1..] {
        if let Some(found) = document.text.as_ref().and_then(|place| findings.find(place))
            && let Some(slot) = cut.slot_of(found.at)
        {
            cut.values[slot].may_be_json = true;
        }
    }
    let rest = cut.rest(learned)?;
    let (slots, tail) = cut.into_slots(text);
    Some(Pattern { slots, tail, takes, marks, rest, rooted: findings.root().is_some() })
}

/// Nodes of the tags, with the length of each name and its colon; of one without colon, none.
fn tags_of(findings: &Findings, line: Document<'_>) -> Option<Vec<(u32, Option<usize>)>> {
    let named = findings.members.iter().filter(|member| member.name(line) == "tags");
    let nodes: Vec<u32> = named.map(|member| member.node).collect();
    match *nodes.as_slice() {
        [] => return Some(Vec::new()),
        [node] if line.kind(node) == JsonKind::List => {}
        // Tags in one text, or a second list of them.
        _ => return None,
    }
    let mut names = BTreeSet::new();
    let mut tags = Vec::new();
    for tag in &findings.tags {
        let text = tag.text(line);
        let name = text.split_once(':').map(|(name, _)| name.len() + 1);
        // Two tags of one name may come to say the same, or the other way round.
        if tag.odd || tag.repeated || !names.insert(&text[..name.unwrap_or(text.len())]) {
            return None;
        }
        tags.push((tag.node(), name));
    }
    Some(tags)
}

/// A value on its way to become a slot.
struct CutValue {
    node: u32,
    /// The tag that it is.
    tag: Option<usize>,
    start: usize,
    end: usize,
    kind: SlotKind,
    taken: bool,
    compared: Vec<usize>,
    may_be_json: bool,
}

/// The values of a line, in its order.
struct Cut<'l> {
    findings: &'l Findings,
    values: Vec<CutValue>,
}

impl<'l> Cut<'l> {
    fn new(
        line: Document<'_>,
        tags: &[(u32, Option<usize>)],
        findings: &'l Findings,
    ) -> Option<Cut<'l>> {
        let mut values = Vec::new();
        let nodes = u32::try_from(line.len()).ok()?;
        for node in 0..nodes {
            let mark = findings.marks[0].get(node as usize).copied()?;
            let kind = match line.kind(node) {
                JsonKind::Text => SlotKind::Text,
                JsonKind::Number => SlotKind::Number,
                JsonKind::Bool => SlotKind::Bool,
                JsonKind::Null => continue,
                // Taken as a whole, or a repetition: its insides are not looked at one by one.
                JsonKind::List | JsonKind::Object if mark != MARK_REST => return None,
                JsonKind::List | JsonKind::Object => continue,
            };
            let (start, end) = line.place(node)?;
            let text = line.text(node);
            let tag = tags.iter().position(|(of, _)| *of == node);
            let inside = match tag {
                // Without a colon there is no value to cut out.
                Some(tag) => match tags[tag].1 {
                    Some(name) => name,
                    None => continue,
                },
                None => 0,
            };
            let value = &text[inside..];
            if kind == SlotKind::Text && value.trim().is_empty() {
                continue;
            }
            if mark == MARK_BLANK {
                // The kind of an object of the Logs API; else the second of two that say the same.
                if line.key(node) == "type" && text == "log" {
                    continue;
                }
                return None;
            }
            values.push(CutValue {
                node,
                tag,
                start: start + inside,
                end,
                kind,
                taken: false,
                compared: Vec::new(),
                may_be_json: false,
            });
        }
        Some(Cut { findings, values })
    }

    /// The value at a spot; none where it is blank, nested or a tag without a colon.
    fn slot_of(&self, spot: Spot) -> Option<usize> {
        self.values.iter().position(|value| match spot {
            Spot::Node { document: 0, node } => value.node == node && value.tag.is_none(),
            Spot::Node { .. } => false,
            Spot::Tag(tag) => value.tag == Some(tag),
        })
    }

    /// What a rule takes: nothing, a default or a value. `None` if that is unusual.
    fn take(&mut self, learned: &Learned<'_, '_>, plan: usize) -> Option<Option<Take>> {
        let rule = &learned.mapping.fields[plan];
        for place in &rule.from {
            let Some(found) = self.findings.find(place) else { continue };
            let raw = self.findings.raw(learned.documents, found.at);
            if is_blank(raw) {
                continue;
            }
            let value = convert(rule.convert, raw)?;
            if matches!(&value, Converted::Hash(hash) if hash.algorithm.is_some()) {
                return None;
            }
            let slot = self.slot_of(found.at)?;
            self.values[slot].taken = true;
            return Some(Some(Take { plan, slot: Some(slot) }));
        }
        Some(rule.default.is_some().then_some(Take { plan, slot: None }))
    }

    /// Notes which further values would stay out of `rest` if they said the same as a taken one.
    fn compare(&mut self, learned: &Learned<'_, '_>, takes: &[Take]) -> Option<()> {
        for (number, take) in takes.iter().enumerate() {
            if take.slot.is_none() {
                continue;
            }
            for place in &learned.mapping.fields[take.plan].from {
                let Some(found) = self.findings.find(place) else { continue };
                let Some(slot) = self.slot_of(found.at) else { continue };
                if !self.values[slot].taken {
                    self.values[slot].compared.push(number);
                }
            }
        }
        // What is marked must be so for a reason that was understood.
        for value in &self.values {
            let marked = self.mark_of(value) != MARK_REST;
            if value.taken && !marked || marked && !value.taken && value.compared.is_empty() {
                return None;
            }
        }
        Some(())
    }

    fn mark_of(&self, value: &CutValue) -> u8 {
        match value.tag {
            Some(tag) => self.findings.tags[tag].mark,
            None => self.findings.marks[0][value.node as usize],
        }
    }

    /// The values that mark the line as an event; `Some(None)` if it is one whatever they are.
    fn marks(&self, learned: &Learned<'_, '_>) -> Option<Option<Vec<usize>>> {
        let event: &[Alternative] = &learned.mapping.event;
        if event.is_empty() {
            return Some(None);
        }
        let mut slots = Vec::new();
        for found in event.iter().filter_map(|place| self.findings.find(place)) {
            match self.slot_of(found.at) {
                Some(slot) => slots.push(slot),
                None if is_mark(self.findings.raw(learned.documents, found.at)) => {
                    return Some(None);
                }
                None => {}
            }
        }
        (!slots.is_empty()).then_some(Some(slots))
    }

    /// `rest` with the values cut out of it that stand in it.
    fn rest(&self, learned: &Learned<'_, '_>) -> Option<Vec<RestPiece>> {
        let mut pieces = Vec::new();
        let mut at = 0;
        let mut written: Vec<_> = learned.written.to_vec();
        written.sort_unstable_by_key(|written| written.start);
        for one in &written {
            let Some(slot) = self.values.iter().position(|value| value.node == one.node) else {
                continue;
            };
            let value = &self.values[slot];
            // A text stands between quotes; of a tag the name goes before.
            let quote = usize::from(value.kind == SlotKind::Text);
            let end = one.end - quote;
            let start = end.checked_sub(value.end - value.start)?;
            let same = learned.rest.get(start..end)? == learned.text.get(value.start..value.end)?;
            if !same || start < at || self.mark_of(value) != MARK_REST {
                return None;
            }
            let letters = learned.rest.get(at..start)?.to_owned();
            pieces.push(RestPiece { letters, slot: Some(slot) });
            at = end;
        }
        let left = self.values.iter().filter(|value| self.mark_of(value) == MARK_REST).count();
        if left != pieces.len() {
            return None;
        }
        pieces.push(RestPiece { letters: learned.rest.get(at..)?.to_owned(), slot: None });
        Some(pieces)
    }

    fn into_slots(self, text: &str) -> (Vec<Slot>, Box<[u8]>) {
        let mut at = 0;
        let mut slots = Vec::with_capacity(self.values.len());
        for value in &self.values {
            let same = !value.compared.is_empty() && self.mark_of(value) != MARK_REST;
            slots.push(Slot {
                before: text.as_bytes()[at..value.start].into(),
                kind: value.kind,
                may_be_json: value.may_be_json,
                compared: value.compared.clone(),
                same,
            });
            at = value.end;
        }
        (slots, text.as_bytes()[at..].into())
    }
}
