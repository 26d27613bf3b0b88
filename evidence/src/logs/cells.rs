//! Values as cells of comma-separated values (RFC 4180): an absent value is an empty cell, an empty text
//! a pair of quotes. Values stand as they are recorded: whoever opens the file in a program that
//! calculates imports its columns as text.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::FieldType;
use lineal_query::value::time_text;
use std::io::Write as _;

/// Appends a value of a field, if there is one.
pub(super) fn value(out: &mut Vec<u8>, field: EventField, value: Option<EventValue<'_>>) {
    match value {
        None => {}
        Some(EventValue::Text(words)) => text(out, words),
        Some(EventValue::Int(time)) if field.spec().field_type == FieldType::Time => {
            out.extend_from_slice(time_text(time).as_bytes());
        }
        Some(EventValue::Int(number)) => number_of(out, number),
        Some(EventValue::Float(number)) => number_of(out, number),
        Some(EventValue::Bool(truth)) => number_of(out, truth),
        Some(EventValue::Hash(bytes)) => {
            out.extend_from_slice(data_encoding::HEXLOWER.encode(bytes).as_bytes());
        }
    }
}

/// Appends what needs no quotes.
pub(super) fn number_of(out: &mut Vec<u8>, number: impl std::fmt::Display) {
    // A list of bytes takes whatever is written to it.
    let _ = write!(out, "{number}");
}

/// Appends a text, in quotes where it needs them.
pub(super) fn text(out: &mut Vec<u8>, text: &str) {
    let needs = |byte: u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    let is_bare = !text.is_empty() && !text.bytes().any(needs);
    if is_bare {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    for byte in text.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A line of texts.
pub(super) fn line<'t>(out: &mut Vec<u8>, cells: impl IntoIterator<Item = &'t str>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        text(out, cell);
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_value_an_empty_text_and_signs_are_told_apart() {
        let mut out = Vec::new();
        line(&mut out, ["a,b", "say \"no\"", "", "two\nlines", "plain", " blank "]);
        let expected = "\"a,b\",\"say \"\"no\"\"\",\"\",\"two\nlines\",plain, blank \r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let mut out = Vec::new();
        value(&mut out, EventField::Decision, None);
        assert!(out.is_empty());
        value(&mut out, EventField::Time, Some(EventValue::Int(1_700_000_000_123_456_789)));
        out.push(b' ');
        value(&mut out, EventField::Line, Some(EventValue::Int(7)));
        out.push(b' ');
        value(&mut out, EventField::InputHash, Some(EventValue::Hash(&[0xab, 1])));
        assert_eq!(String::from_utf8(out).unwrap(), "2023-11-14T22:13:20.123456789Z 7 ab01");
    }
}
