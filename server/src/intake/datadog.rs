//! What Datadog's clients send to its logs intake, as lines of Datadog's archives: the real importer
//! reads these when the journal is sealed.

use super::lines::Lines;
use crate::problem::Problem;
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;

/// Members of an entry that say when it was, in the order in which Datadog looks at them.
const DATES: [&str; 7] =
    ["@timestamp", "timestamp", "_timestamp", "Timestamp", "eventTime", "date", "published_date"];
/// Members of an entry and of the query string, and what an archive's line calls them.
const FRAME: [(&str, &str); 6] = [
    ("hostname", "host"),
    ("host", "host"),
    ("service", "service"),
    ("ddsource", "source"),
    ("status", "status"),
    ("message", "message"),
];
/// Tags, of an entry and of the query string.
const TAGS: &str = "ddtags";
/// Parameters that stand for members which an entry has not.
pub(crate) const PARAMETERS: [&str; 4] = [TAGS, "ddsource", "service", "hostname"];

/// The entries of a body as lines of an archive, each without its line end. A line without an id of
/// its own gets one when it is sealed.
///
/// # Errors
/// [`Problem::bad_request`] for what is neither JSON nor lines of it, [`Problem::too_large`].
pub(crate) fn lines(
    body: &[u8],
    given: &BTreeMap<String, String>,
    received: i64,
    most: usize,
) -> Result<Vec<Vec<u8>>, Problem> {
    let entries = entries(body)?;
    if entries.len() > most {
        return Err(Problem::too_many_entries(most));
    }
    let mut lines = Lines::new(most);
    for (number, entry) in entries.into_iter().enumerate() {
        let Json::Object(entry) = entry else {
            return Err(Problem::bad_request(format!("entry {number} is no JSON object")));
        };
        lines.push(Json::Object(line(entry, given, received)).to_string().into_bytes())?;
    }
    Ok(lines.taken())
}

/// An object, an array of them, or lines of them.
fn entries(body: &[u8]) -> Result<Vec<Json>, Problem> {
    match serde_json::from_slice(body) {
        Ok(Json::Array(entries)) => return Ok(entries),
        Ok(entry) => return Ok(vec![entry]),
        Err(_) => {}
    }
    let lines = body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let lines = lines.filter(|line| !line.is_empty()).enumerate();
    let read = lines.map(|(number, line)| {
        serde_json::from_slice(line).map_err(|error| {
            let (line, column) = (number + 1, error.column());
            Problem::bad_request(format!(
                "the body is a JSON object, an array of them, or lines of them; line {line} breaks off at column {column}"
            ))
        })
    });
    let read = read.collect::<Result<Vec<_>, _>>()?;
    if read.is_empty() {
        return Err(Problem::bad_request("the body is empty"));
    }
    Ok(read)
}

/// An entry as a line of an archive: what Datadog keeps in the frame stands there, all else among
/// the attributes.
fn line(
    mut entry: Map<String, Json>,
    given: &BTreeMap<String, String>,
    received: i64,
) -> Map<String, Json> {
    let mut line = Map::new();
    if let Some(Json::String(id)) = entry.get("_id")
        && !id.is_empty()
    {
        line.extend(entry.shift_remove_entry("_id"));
    }
    let date = DATES.iter().find(|name| entry.get(**name).is_some_and(is_date));
    let date = date.and_then(|name| entry.get(*name).cloned());
    line.insert("date".to_owned(), date.unwrap_or_else(|| Json::String(time_text(received))));
    // Datadog reads JSON in a message whether it is a text or not; an archive holds it as text.
    if let Some(message @ Json::Object(_)) = entry.get_mut("message") {
        *message = Json::String(message.to_string());
    }
    for (name, frame) in FRAME {
        let text = match entry.get(name) {
            Some(Json::String(_)) if !line.contains_key(frame) => entry.shift_remove(name),
            Some(_) => None,
            None => given.get(name).filter(|_| !line.contains_key(frame)).cloned().map(Json::from),
        };
        line.extend(text.map(|text| (frame.to_owned(), text)));
    }
    let mut tags: Vec<Json> = Vec::new();
    let mut add = |text: &str| {
        let parts = text.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        tags.extend(parts.map(Json::from));
    };
    if let Some(Json::String(text)) = entry.get(TAGS) {
        add(text);
        entry.shift_remove(TAGS);
    }
    given.get(TAGS).into_iter().for_each(|text| add(text));
    if let Some(Json::Array(more)) = entry.shift_remove("tags") {
        tags.extend(more);
    }
    if !tags.is_empty() {
        line.insert("tags".to_owned(), Json::Array(tags));
    }
    // An archive's own line sent on keeps its attributes where they are.
    let inner = match entry.shift_remove("attributes") {
        Some(Json::Object(inner)) => inner,
        Some(other) => Map::from_iter([("attributes".to_owned(), other)]),
        None => Map::new(),
    };
    let mut attributes = entry;
    attributes.extend(inner);
    if !attributes.is_empty() {
        line.insert("attributes".to_owned(), Json::Object(attributes));
    }
    line
}

/// A text, or a number of milliseconds: not what else an application may call so.
fn is_date(value: &Json) -> bool {
    match value {
        Json::String(text) => text.parse::<jiff::Timestamp>().is_ok(),
        Json::Number(_) => true,
        _ => false,
    }
}

/// A line with an id: its own, else one made of the request's key, of when it was taken and of the
/// entry's place in it, else one of when and as which entry it was taken, so that no two are the same
/// by accident: a key that is used again after its life names another request.
pub(crate) fn identified(
    line: &[u8],
    key: Option<&[u8; 16]>,
    place: usize,
    received: i64,
    sequence: u64,
) -> Vec<u8> {
    if line.starts_with(b"{\"_id\":") {
        return line.to_vec();
    }
    let id = match key {
        Some(key) => format!("key:{}:{received}:{place}", data_encoding::HEXLOWER.encode(key)),
        None => format!("live:{received}:{sequence}"),
    };
    let mut out = format!("{{\"_id\":\"{id}\",").into_bytes();
    out.extend_from_slice(line.strip_prefix(b"{").unwrap_or(line));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, given: &[(&str, &str)]) -> Vec<String> {
        let given = given.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let lines = lines(body.as_bytes(), &given, 1_700_000_000_123_000_000, 3).unwrap();
        lines.into_iter().map(|line| String::from_utf8(line).unwrap()).collect()
    }

    fn refused(body: &str) -> u16 {
        lines(body.as_bytes(), &BTreeMap::new(), 0, 3).unwrap_err().status.as_u16()
    }

    #[test]
    fn an_entry_becomes_the_line_that_an_archive_would_hold() {
        let body = r#"{"ddsource":"python","ddtags":"env:prod, team:x","hostname":"h","service":"s",
            "message":"m","art12":{"big":12345678901234567890.10},"status":"info"}"#;
        assert_eq!(
            read(body, &[("ddtags", "more:1"), ("service", "other")]),
            [concat!(
                r#"{"date":"2023-11-14T22:13:20.123Z","host":"h","service":"s","source":"python","#,
                r#""status":"info","message":"m","tags":["env:prod","team:x","more:1"],"#,
                r#""attributes":{"art12":{"big":12345678901234567890.10}}}"#
            )]
        );
        let dated = r#"{"timestamp":"2025-11-03T14:00:00Z","message":"m"}"#;
        assert!(read(dated, &[])[0].starts_with(r#"{"date":"2025-11-03T14:00:00Z","message""#));
        let archived =
            r#"{"_id":"A","date":"2025-11-03T14:00:00Z","attributes":{"a":1},"tags":["t"]}"#;
        assert_eq!(
            read(archived, &[("service", "s")]),
            [
                r#"{"_id":"A","date":"2025-11-03T14:00:00Z","service":"s","tags":["t"],"attributes":{"date":"2025-11-03T14:00:00Z","a":1}}"#
            ]
        );
    }

    #[test]
    fn objects_arrays_and_lines_are_taken_and_nothing_else() {
        assert_eq!(read(r#"[{"message":"a"},{"message":"b"}]"#, &[]).len(), 2);
        assert_eq!(read("{\"message\":\"a\"}\n\n{\"message\":\"b\"}\n", &[]).len(), 2);
        assert_eq!(read("[]", &[]).len(), 0);
        for body in ["", "text", "7", "[7]", "{\"a\":1}\n{", "{\"a\":"] {
            assert_eq!(refused(body), 400, "{body}");
        }
        assert_eq!(refused(r#"[{},{},{},{}]"#), 413);
        assert_eq!(refused(&format!("{{\"message\":\"{}\"}}", "x".repeat(1 << 20))), 413);
    }

    #[test]
    fn an_id_is_its_own_or_that_of_its_key_or_of_its_place_in_the_journal() {
        let text =
            |line: &str, key| String::from_utf8(identified(line.as_bytes(), key, 2, 9, 7)).unwrap();
        assert_eq!(text(r#"{"_id":"A","b":1}"#, None), r#"{"_id":"A","b":1}"#);
        assert_eq!(text(r#"{"b":1}"#, None), r#"{"_id":"live:9:7","b":1}"#);
        assert_eq!(
            text(r#"{"b":1}"#, Some(&[1; 16])),
            format!(r#"{{"_id":"key:{}:9:2","b":1}}"#, "01".repeat(16))
        );
    }
}
