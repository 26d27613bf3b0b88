//! JSON as MLflow's Python writes it: `NaN` and `Infinity` stand bare, ids are numbers or texts.

use super::point::{Figure, Point};
use super::store::Texts;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// An object.
pub(super) type Object = Map<String, Value>;

/// The tokens that Python writes and JSON does not know.
const BARE: &[&[u8]] = &[b"-Infinity", b"Infinity", b"NaN"];

/// Reads a text of JSON in which numbers may be bare tokens; those become texts.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(&quoted(bytes))
}

/// Puts quotes around bare tokens, outside of strings only.
fn quoted(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Option<Vec<u8>> = None;
    let (mut at, mut copied, mut in_string) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        if in_string {
            match byte {
                b'\\' => at += 1,
                b'"' => in_string = false,
                _ => {}
            }
            at += 1;
            continue;
        }
        in_string = *byte == b'"';
        let rest = bytes.get(at..).unwrap_or_default();
        let token = if matches!(byte, b'N' | b'I' | b'-') {
            BARE.iter().find(|token| rest.starts_with(token))
        } else {
            None
        };
        match token {
            Some(token) => {
                let out = out.get_or_insert_with(Vec::new);
                out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                out.push(b'"');
                out.extend_from_slice(token);
                out.push(b'"');
                at += token.len();
                copied = at;
            }
            None => at += 1,
        }
    }
    match out {
        None => Cow::Borrowed(bytes),
        Some(mut out) => {
            out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
            Cow::Owned(out)
        }
    }
}

/// The text of a member, which may also be a number.
pub(super) fn text(object: &Object, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The text of a member, if it says something.
pub(super) fn present(object: &Object, name: &str) -> Option<String> {
    text(object, name).filter(|text| !text.is_empty())
}

/// The whole number of a member, which may also be a text.
pub(super) fn int(object: &Object, name: &str) -> Option<i64> {
    match object.get(name)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The number of a member, which may also be a text such as `NaN`.
pub(super) fn figure(object: &Object, name: &str) -> Option<Figure> {
    match object.get(name)? {
        Value::Number(number) => Figure::parse(&number.to_string()),
        Value::String(text) => Figure::parse(text),
        _ => None,
    }
}

/// The point of a metric: `value`, `timestamp`, `step`; a number that is 0 may be left out.
pub(super) fn point(object: &Object) -> Option<Point> {
    let value = match object.get("value") {
        None => Figure::new(0.0),
        Some(_) => figure(object, "value")?,
    };
    Some(Point {
        value,
        time_ms: int(object, "timestamp").unwrap_or_default(),
        step: int(object, "step").unwrap_or_default(),
    })
}

/// The objects of a list; none where it is left out.
pub(super) fn objects<'a>(object: &'a Object, name: &str) -> impl Iterator<Item = &'a Object> {
    object.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// A member that is an object.
pub(super) fn object<'a>(object: &'a Object, name: &str) -> Option<&'a Object> {
    object.get(name).and_then(Value::as_object)
}

/// Tags or parameters: a list of `key` and `value`, or a map.
pub(super) fn texts(object: &Object, name: &str) -> Texts {
    match object.get(name) {
        Some(Value::Object(map)) => {
            map.keys().map(|key| (key.clone(), text(map, key).unwrap_or_default())).collect()
        }
        _ => objects(object, name)
            .filter_map(|pair| Some((text(pair, "key")?, text(pair, "value").unwrap_or_default())))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_tokens_are_read_outside_of_strings_only() {
        let text = br#"{"a": NaN, "b": [-Infinity,Infinity], "c": "NaN \" Infinity", "d": -1.5}"#;
        let value = parse(text).unwrap();
        let object = value.as_object().unwrap();
        assert!(figure(object, "a").unwrap().is_nan());
        assert_eq!(object["c"], "NaN \" Infinity");
        assert_eq!(object["b"], serde_json::json!(["-Infinity", "Infinity"]));
        assert_eq!(figure(object, "d"), Some(Figure::new(-1.5)));
    }

    #[test]
    fn plain_json_is_not_copied() {
        assert!(matches!(quoted(br#"{"a": "Nothing"}"#), Cow::Borrowed(_)));
        assert!(parse(b"{\"a\": Nano}").is_err());
    }

    #[test]
    fn ids_and_numbers_may_be_texts() {
        let value =
            parse(br#"{"id": 7, "version": "2", "t": "15", "big": 1.7976931348623157e+308}"#);
        let value = value.unwrap();
        let object = value.as_object().unwrap();
        assert_eq!(text(object, "id").as_deref(), Some("7"));
        assert_eq!(int(object, "t"), Some(15));
        assert_eq!(figure(object, "big"), Figure::parse("inf"));
    }
}
