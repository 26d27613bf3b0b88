//! Lines that look alike: what was found out about one is used for the next.
//!
//! The lines of a file come from few programs, so they have the same members in the same order and
//! differ in values alone. A [`Pattern`] is such a line with its values cut out: where a further
//! line fits, its values go straight to their fields, and what the mapping looks for need not be
//! looked for again. Wherever a value could make a difference (blank, unreadable, with an escape,
//! equal to another or no longer so) the line does not fit and goes the long way, which is the one
//! that defines the outcome; a test holds the two together.

mod learn;

use super::convert::{Converted, Raw, convert};
use super::event::{give, is_mark};
use super::extract::{EventLine, LineSink, Outcome};
use super::json::plain_end;
use super::plan::CompiledMapping;
use crate::record::EventValue;
use lineal_engine::event_fields::EventField;

pub(super) use learn::{Learned, learn};

/// Most patterns that are kept: trying them must stay cheaper than the long way.
const PATTERNS_MAX: usize = 8;
/// Patterns that are learnt before any of them was of use: a file in which every line is another
/// shall not pay for each.
const LEARNT_IN_ADVANCE: u64 = 32;
/// Lines that a pattern must have served for one more to be learnt.
const SERVED_FOR_ONE: u64 = 16;

/// A line with its values cut out.
#[derive(Debug)]
pub(super) struct Pattern {
    slots: Vec<Slot>,
    /// What stands behind the last value.
    tail: Box<[u8]>,
    /// Which value each rule takes, in the order in which fields are given.
    takes: Vec<Take>,
    /// Values that mark the line as an event; none are asked where something else does.
    marks: Option<Vec<usize>>,
    rest: Vec<RestPiece>,
    rooted: bool,
}

/// One value.
#[derive(Debug)]
struct Slot {
    /// What stands before it.
    before: Box<[u8]>,
    kind: SlotKind,
    /// A text that would be read as JSON if it began like that.
    may_be_json: bool,
    /// Values that rules have taken, by the number of the take: this one stays out of `rest` if it
    /// says the same as one of them.
    compared: Vec<usize>,
    /// Whether it did.
    same: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum SlotKind {
    /// The inside of a text, or of a tag from behind its colon.
    Text,
    Number,
    Bool,
}

/// A rule and the value that it takes; none where its default stands.
#[derive(Clone, Copy, Debug)]
struct Take {
    plan: usize,
    slot: Option<usize>,
}

/// A piece of `rest`: its own letters, then a value of the line.
#[derive(Debug)]
struct RestPiece {
    letters: String,
    slot: Option<usize>,
}

/// The patterns of a file.
#[derive(Default, Debug)]
pub(super) struct Patterns {
    /// The last one that was of use first.
    patterns: Vec<Pattern>,
    served: u64,
    learnt: u64,
    spans: Vec<(usize, usize)>,
    /// The room of the last line's values, for those of the next.
    room: Vec<Converted<'static>>,
}

impl Patterns {
    /// Translates a line that fits a pattern; `None` says nothing of the line.
    pub(super) fn translate(
        &mut self,
        mapping: &CompiledMapping,
        (text, number, byte): (&str, u64, u64),
        rest: &mut String,
        sink: &mut dyn LineSink,
    ) -> Option<Outcome> {
        for at in 0..self.patterns.len() {
            let pattern = &self.patterns[at];
            if !pattern.fits(text.as_bytes(), &mut self.spans) {
                continue;
            }
            let mut values = emptied(std::mem::take(&mut self.room));
            let taken = pattern.take(mapping, text, &self.spans, &mut values).is_some();
            let line = (text, number, byte);
            let outcome =
                taken.then(|| pattern.give(mapping, line, &self.spans, &values, rest, sink));
            self.room = emptied(values);
            let Some(outcome) = outcome else { continue };
            self.patterns[..=at].rotate_right(1);
            self.served += 1;
            return Some(outcome);
        }
        None
    }

    #[cfg(test)]
    pub(super) fn served(&self) -> u64 {
        self.served
    }

    /// Is another pattern worth its while?
    pub(super) fn wants_more(&self) -> bool {
        self.learnt < LEARNT_IN_ADVANCE + self.served / SERVED_FOR_ONE
    }

    pub(super) fn add(&mut self, pattern: Option<Pattern>) {
        // Trying counts too: a line that cannot be a pattern costs as much.
        self.learnt += 1;
        let Some(pattern) = pattern else { return };
        self.patterns.truncate(PATTERNS_MAX - 1);
        self.patterns.insert(0, pattern);
    }
}

/// An empty vector with the room of another, for values that borrow from another line.
fn emptied<'b>(mut values: Vec<Converted<'_>>) -> Vec<Converted<'b>> {
    values.clear();
    // Collected in place, so the room stays.
    values.into_iter().map(|_| unreachable!("no value is left")).collect()
}

impl Pattern {
    /// Finds the values; `false` if the line is another.
    fn fits(&self, line: &[u8], spans: &mut Vec<(usize, usize)>) -> bool {
        spans.clear();
        let mut at = 0;
        for slot in &self.slots {
            if !goes_on(&line[at..], &slot.before) {
                return false;
            }
            let start = at + slot.before.len();
            let end = match slot.kind {
                SlotKind::Text => Some(plain_end(line, start)),
                SlotKind::Number => number_end(line, start),
                SlotKind::Bool => bool_end(line, start),
            };
            let Some(end) = end else { return false };
            spans.push((start, end));
            at = end;
        }
        line[at..] == *self.tail
    }

    fn raw<'a>(&self, text: &'a str, spans: &[(usize, usize)], slot: usize) -> Raw<'a> {
        let (start, end) = spans[slot];
        let value = text.get(start..end).unwrap_or_default();
        match self.slots[slot].kind {
            SlotKind::Text => Raw::Text(value),
            SlotKind::Number => Raw::Number(value),
            SlotKind::Bool => Raw::Bool(value == "true"),
        }
    }

    /// What the rules take; `None` if the line must go the long way.
    fn take<'a>(
        &self,
        mapping: &CompiledMapping,
        text: &'a str,
        spans: &[(usize, usize)],
        values: &mut Vec<Converted<'a>>,
    ) -> Option<()> {
        for (at, slot) in self.slots.iter().enumerate() {
            if let Raw::Text(text) = self.raw(text, spans, at)
                && (is_blank(text) || slot.may_be_json && text.trim_start().starts_with('{'))
            {
                return None;
            }
        }
        if let Some(marks) = &self.marks
            && !marks.iter().any(|slot| is_mark(self.raw(text, spans, *slot)))
        {
            return None;
        }
        for take in &self.takes {
            let plan = &mapping.fields[take.plan];
            let raw = match take.slot {
                Some(slot) => self.raw(text, spans, slot),
                None => {
                    values.push(Converted::Bool(false));
                    continue;
                }
            };
            let value = convert(plan.convert, raw)?;
            // A hash that names its algorithm settles a second field.
            if matches!(&value, Converted::Hash(hash) if hash.algorithm.is_some()) {
                return None;
            }
            values.push(value);
        }
        for (at, slot) in self.slots.iter().enumerate() {
            let raw = self.raw(text, spans, at);
            let same = slot.compared.iter().any(|take| {
                let Take { plan, slot: taken } = self.takes[*take];
                taken.is_some_and(|taken| raw == self.raw(text, spans, taken))
                    || convert(mapping.fields[plan].convert, raw).as_ref() == values.get(*take)
            });
            if same != slot.same {
                return None;
            }
        }
        Some(())
    }

    fn give(
        &self,
        mapping: &CompiledMapping,
        (text, number, byte): (&str, u64, u64),
        spans: &[(usize, usize)],
        values: &[Converted<'_>],
        rest: &mut String,
        sink: &mut dyn LineSink,
    ) -> Outcome {
        sink.begin_event(&EventLine { number, byte, digest: None });
        sink.set(EventField::Line, EventValue::Int(i64::try_from(number).unwrap_or(i64::MAX)));
        let mut time = 0;
        for (take, value) in self.takes.iter().zip(values) {
            let plan = &mapping.fields[take.plan];
            if take.slot.is_none() {
                // Checked when the mapping was parsed.
                let default = plan.default.as_deref().map(Raw::Text);
                if let Some(value) = default.and_then(|text| convert(plan.convert, text)) {
                    give(plan.field, &value, sink);
                }
                continue;
            }
            give(plan.field, value, sink);
            if let (EventField::Time, Converted::Time(ns)) = (plan.field, value) {
                time = *ns;
            }
        }
        rest.clear();
        for piece in &self.rest {
            rest.push_str(&piece.letters);
            if let Some((start, end)) = piece.slot.map(|slot| spans[slot]) {
                rest.push_str(text.get(start..end).unwrap_or_default());
            }
        }
        if !rest.is_empty() {
            sink.set(EventField::Rest, EventValue::Text(rest));
        }
        sink.end_event();
        Outcome::Event { time, rooted: self.rooted }
    }
}

/// Does a line go on with this piece? Its pieces are some thirty and short: eight bytes at a time,
/// in place, take half as long as a call for each (`import/examples/import_limits.rs`).
fn goes_on(line: &[u8], piece: &[u8]) -> bool {
    let Some(own) = line.get(..piece.len()) else { return false };
    let Some((end, own_end)) = piece.last_chunk::<8>().zip(own.last_chunk::<8>()) else {
        return own.iter().zip(piece).all(|(own, byte)| own == byte);
    };
    let mut words = own.as_chunks::<8>().0.iter().zip(piece.as_chunks::<8>().0);
    own_end == end && words.all(|(own, word)| own == word)
}

/// Nothing but blanks, or nothing: seen at the first letter of any other text.
fn is_blank(text: &str) -> bool {
    let visible = text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
    !visible && text.chars().all(char::is_whitespace)
}

fn bool_end(line: &[u8], start: usize) -> Option<usize> {
    let rest = &line[start..];
    [b"true".as_slice(), b"false"]
        .iter()
        .find(|word| rest.starts_with(word))
        .map(|word| start + word.len())
}

/// The end of a JSON number.
fn number_end(line: &[u8], start: usize) -> Option<usize> {
    let digits = |from: usize| {
        let count = line[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        (count > 0).then_some(from + count)
    };
    let mut at = start + usize::from(line.get(start) == Some(&b'-'));
    at = if line.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
    if line.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = line.get(at) {
        at += 1 + usize::from(matches!(line.get(at + 1), Some(b'+' | b'-')));
        at = digits(at)?;
    }
    Some(at)
}

#[cfg(test)]
mod tests;
