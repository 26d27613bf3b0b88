//! Values of answers and of records in words, nodes as references; shares, times and lengths of time.

use super::document::{Reference, Sentence};
use crate::check::ask::span_text;
use crate::check::time_text;
use lineal_engine::Snapshot;
use lineal_engine::schema::{FieldType, Kind};
use lineal_proof::Value as Recorded;
use lineal_query::Value;

/// What stands where a source gives nothing.
pub(super) const NOT_RECORDED: &str = "not recorded";
/// Most letters of a text that a report shows: what is longer is a document of its own.
pub(super) const TEXT_MAX: usize = 300;
/// Most members of a list or a map that a cell shows; the rest is counted.
const MEMBERS_MAX: usize = 12;
/// From this length on a text of hexadecimal digits is a digest.
const DIGEST_MIN: usize = 16;

/// A value that stands in a sentence: what is not recorded is said to be so.
pub(super) fn said(sentence: Sentence, view: &Snapshot, value: &Value) -> Sentence {
    match value {
        Value::Absent => sentence.text(NOT_RECORDED),
        value => added(sentence, view, value),
    }
}

/// A value that stands in a cell: what is not recorded is a dash.
pub(super) fn cell(view: &Snapshot, value: &Value) -> Sentence {
    match value {
        Value::Absent => Sentence::new().text("\u{2013}"),
        value => added(Sentence::new(), view, value),
    }
}

/// A time that stands in a cell.
pub(super) fn cell_time(ns: Option<i64>) -> Sentence {
    ns.map_or_else(|| "\u{2013}".to_owned(), time_text).into()
}

fn added(sentence: Sentence, view: &Snapshot, value: &Value) -> Sentence {
    match value {
        Value::Absent => sentence.text("\u{2013}"),
        Value::Node(node) => sentence.node(Reference::at(view, *node)),
        Value::Bool(truth) => sentence.text(if *truth { "yes" } else { "no" }),
        Value::Int(number) => sentence.text(number.to_string()),
        Value::Float(number) => sentence.text(number.to_string()),
        Value::Time(ns) => sentence.text(time_text(*ns)),
        Value::Duration(ns) => sentence.text(span_text(*ns)),
        Value::Text(text) => text_of(sentence, text),
        Value::List(items) => {
            let shown = items.iter().take(MEMBERS_MAX).enumerate();
            let sentence = shown.fold(sentence, |sentence, (at, item)| {
                let sentence = if at > 0 { sentence.text(", ") } else { sentence };
                added(sentence, view, item)
            });
            more(sentence, items.len())
        }
        Value::Map(members) => {
            let shown = members.iter().take(MEMBERS_MAX).enumerate();
            let sentence = shown.fold(sentence, |sentence, (at, (name, item))| {
                let comma = if at > 0 { ", " } else { "" };
                added(sentence.text(format!("{comma}{} = ", short(name))), view, item)
            });
            more(sentence, members.len())
        }
        other => sentence.text(other.type_name()),
    }
}

fn more(sentence: Sentence, all: usize) -> Sentence {
    match all.saturating_sub(MEMBERS_MAX) {
        0 if all == 0 => sentence.text("\u{2013}"),
        0 => sentence,
        more => sentence.text(format!(" and {} more", thousands(more as u64))),
    }
}

fn text_of(sentence: Sentence, text: &str) -> Sentence {
    let is_digest = text.len() >= DIGEST_MIN
        && text.rsplit(':').next().is_some_and(|hex| hex.bytes().all(|it| it.is_ascii_hexdigit()));
    if is_digest && text.len() <= TEXT_MAX {
        return sentence.code(text);
    }
    sentence.text(short(text))
}

/// A text as far as a report shows it.
pub(super) fn short(text: &str) -> String {
    let letters = text.chars().count();
    if letters <= TEXT_MAX {
        return text.to_owned();
    }
    let begin: String = text.chars().take(TEXT_MAX).collect();
    format!("{begin}\u{2026} ({} letters in all)", thousands(letters as u64))
}

/// A number with its thousands apart.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many of something: `1 event`, `1,204 events`.
pub(crate) fn counted(number: u64, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{} {one}{ending}", thousands(number))
}

/// What things of a kind are called in a report.
pub(super) fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Dataset => "data set",
        Kind::Batch => "log batch",
        Kind::Code => "code commit",
        other => other.name(),
    }
}

/// A value of a record in words.
pub(super) fn recorded(value: &Recorded, field_type: Option<FieldType>) -> String {
    let whole = match value {
        Recorded::Null => NOT_RECORDED.to_owned(),
        Recorded::Bool(true) => "yes".to_owned(),
        Recorded::Bool(false) => "no".to_owned(),
        Recorded::Int(_) if field_type == Some(FieldType::Time) => {
            value.as_i64().map_or_else(|| NOT_RECORDED.to_owned(), time_text)
        }
        Recorded::Int(number) => number.to_string(),
        Recorded::Float(number) => number.to_string(),
        Recorded::Text(text) => text.clone(),
        Recorded::Bytes(bytes) => data_encoding::HEXLOWER.encode(bytes),
        Recorded::Link(cid) => cid.to_string(),
        Recorded::List(items) => {
            items.iter().map(|item| recorded(item, None)).collect::<Vec<_>>().join(", ")
        }
        Recorded::Map(map) => {
            let members =
                map.iter().map(|(name, value)| format!("{name} {}", recorded(value, None)));
            members.collect::<Vec<_>>().join(", ")
        }
    };
    short(&whole)
}

/// A share with its numerator and denominator: `12 of 340 (3.5 %)`.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return format!("{} of 0", thousands(part));
    }
    format!("{} of {} ({})", thousands(part), thousands(whole), percent(part, whole, 1))
}

/// A rate in percent with so many decimals, rounded half up; a dash where there is nothing to be a
/// part of. What is not none reads never as none, and what is not all never as all.
pub(super) fn percent(part: u64, whole: u64, decimals: u32) -> String {
    let one = 10_u128.pow(decimals);
    let (part, whole) = (u128::from(part), u128::from(whole));
    let Some(rounded) = (part * 200 * one + whole).checked_div(2 * whole) else {
        return "\u{2013}".to_owned();
    };
    let width = decimals as usize;
    let text = |rounded: u128| format!("{}.{:0width$} %", rounded / one, rounded % one);
    match rounded {
        0 if part > 0 => format!("below {}", text(1)),
        all if part < whole && all == 100 * one => format!("above {}", text(all - 1)),
        rounded => text(rounded),
    }
}

/// A time in words, or that it is not recorded.
pub(super) fn when(time: Option<i64>) -> String {
    time.map_or_else(|| NOT_RECORDED.to_owned(), time_text)
}

/// A length of time, ns, in words; of a negative one its size.
pub(super) fn span(ns: i64) -> String {
    span_text(ns.saturating_abs())
}

/// The day of a time, UTC: `2026-03-14`.
pub(super) fn day(ns: i64) -> String {
    let text = time_text(ns);
    text.get(..10).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_readable() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_204_000), "1,204,000");
        assert_eq!(counted(1, "event"), "1 event");
        assert_eq!(counted(1000, "event"), "1,000 events");
        assert!(short(&"a".repeat(TEXT_MAX + 1)).ends_with("(301 letters in all)"));
    }

    #[test]
    fn a_share_is_rounded_half_up_and_never_to_all_or_none() {
        assert_eq!(share(12, 340), "12 of 340 (3.5 %)");
        assert_eq!(share(2, 33), "2 of 33 (6.1 %)");
        assert_eq!(share(5, 33), "5 of 33 (15.2 %)");
        assert_eq!(share(1, 2_000), "1 of 2,000 (0.1 %)");
        assert_eq!(share(1, 5_000), "1 of 5,000 (below 0.1 %)");
        assert_eq!(share(4_999, 5_000), "4,999 of 5,000 (above 99.9 %)");
        assert_eq!(share(5, 5), "5 of 5 (100.0 %)");
        assert_eq!(percent(2, 3, 2), "66.67 %");
        assert_eq!(percent(1, 100_000, 2), "below 0.01 %");
        assert_eq!(percent(u64::MAX, u64::MAX, 2), "100.00 %");
        assert_eq!(percent(0, 0, 2), "\u{2013}");
        assert_eq!(share(0, 5), "0 of 5 (0.0 %)");
        assert_eq!(share(0, 0), "0 of 0");
    }

    #[test]
    fn values_of_records_are_words_and_long_ones_say_so() {
        let shown = recorded(&Recorded::text("\u{e4}".repeat(400)), None);
        assert!(shown.ends_with("(400 letters in all)") && shown.len() < 700, "{shown}");
        assert_eq!(recorded(&Recorded::Bool(false), None), "no");
        assert_eq!(recorded(&Recorded::from(0_i64), Some(FieldType::Time)), "1970-01-01T00:00:00Z");
    }
}
