//! OpenTelemetry logs (OTLP/HTTP), as lines of the archives that the importer reads.
//!
//! Both encodings become one: of protobuf the few messages that logs consist of are read by hand into
//! what the JSON encoding says, field numbers as in opentelemetry-proto 1.x; fields that are not known
//! are passed over, as protobuf wants it.

use crate::problem::Problem;
use lineal_query::value::time_text;
use serde_json::{Map, Value as Json, json};

use super::lines::Lines;

/// Deepest nesting of values that is read; the importer takes 64, and what stands around a value
/// counts too.
const DEPTH_MAX: usize = 32;

/// The records of a body as lines of an archive, each without its line end.
///
/// # Errors
/// [`Problem::bad_request`] for what is no export of logs, [`Problem::too_many_entries`],
/// [`Problem::too_large`]: of one record, or of all, since each holds its resource.
pub(crate) fn lines(
    body: &[u8],
    is_protobuf: bool,
    received: i64,
    most: usize,
) -> Result<Vec<Vec<u8>>, Problem> {
    let export = if is_protobuf {
        message(body, &EXPORT, 0)
            .ok_or_else(|| Problem::bad_request("the body is no ExportLogsServiceRequest"))?
    } else {
        let export = serde_json::from_slice::<Json>(body).ok().filter(Json::is_object);
        export.ok_or_else(|| Problem::bad_request("the body is no JSON of OTLP logs"))?
    };
    let mut lines = Lines::new(most);
    for of_resource in list(&export, "resourceLogs")? {
        let resource = attributes(&of_resource["resource"]["attributes"])?;
        for of_scope in list(of_resource, "scopeLogs")? {
            for record in list(of_scope, "logRecords")? {
                lines.push(line(record, &resource, received)?.to_string().into_bytes())?;
            }
        }
    }
    Ok(lines.taken())
}

/// The members of a list, none where it is absent. What is no list would be acknowledged and lost.
fn list<'j>(json: &'j Json, name: &str) -> Result<&'j [Json], Problem> {
    match &json[name] {
        Json::Array(items) if items.iter().all(Json::is_object) => Ok(items),
        Json::Null if json.is_object() => Ok(&[]),
        _ => Err(Problem::bad_request(format!("`{name}` is a list of objects"))),
    }
}

/// A record as a line: what an archive keeps in its frame stands there, all else in attributes.
fn line(record: &Json, resource: &Map<String, Json>, received: i64) -> Result<Json, Problem> {
    let time = ["timeUnixNano", "observedTimeUnixNano"].into_iter().find_map(|name| {
        let time = whole(&record[name])?;
        (time > 0).then_some(time)
    });
    let mut line = Map::new();
    line.insert("date".to_owned(), json!(time_text(time.unwrap_or(received))));
    let of_resource = |names: &[&str]| names.iter().find_map(|name| resource.get(*name)?.as_str());
    let mut put = |name: &str, text: Option<&str>| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            line.insert(name.to_owned(), json!(text));
        }
    };
    put("host", of_resource(&["host.name"]));
    put("service", of_resource(&["service.name"]));
    put("source", Some("otlp"));
    put("status", record["severityText"].as_str().map(str::to_lowercase).as_deref());
    let body = match value(&record["body"], 0)? {
        // The mapping reads JSON in a message, whatever stands around the event; nothing of it yields
        // to an attribute of the same name.
        body @ Json::Object(_) => Json::String(body.to_string()),
        body => body,
    };
    put("message", body.as_str());
    let environment = of_resource(&["deployment.environment.name", "deployment.environment"]);
    if let Some(environment) = environment {
        line.insert("tags".to_owned(), json!([format!("env:{environment}")]));
    }
    let mut inner = attributes(&record["attributes"])?;
    if !matches!(body, Json::String(_) | Json::Null) {
        inner.entry("body").or_insert(body);
    }
    for (from, name) in
        [("traceId", "trace_id"), ("spanId", "span_id"), ("eventName", "event_name")]
    {
        if let Some(text) = record[from].as_str().filter(|text| !text.is_empty()) {
            inner.entry(name).or_insert_with(|| json!(text));
        }
    }
    if !resource.is_empty() {
        inner.entry("resource").or_insert_with(|| Json::Object(resource.clone()));
    }
    if !inner.is_empty() {
        line.insert("attributes".to_owned(), Json::Object(inner));
    }
    Ok(Json::Object(line))
}

fn attributes(list: &Json) -> Result<Map<String, Json>, Problem> {
    pairs(list, 0)
}

fn pairs(list: &Json, depth: usize) -> Result<Map<String, Json>, Problem> {
    let mut map = Map::new();
    for pair in list.as_array().into_iter().flatten() {
        let name = pair["key"].as_str().unwrap_or_default();
        map.insert(name.to_owned(), value(&pair["value"], depth + 1)?);
    }
    Ok(map)
}

/// A value as JSON has it: OTLP names its type.
fn value(any: &Json, depth: usize) -> Result<Json, Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::bad_request(format!("a value is nested deeper than {DEPTH_MAX}")));
    }
    let Some((kind, value)) = any.as_object().and_then(|any| any.iter().next()) else {
        return Ok(Json::Null);
    };
    Ok(match kind.as_str() {
        "intValue" => whole(value).map_or(Json::Null, Json::from),
        "arrayValue" => {
            let values = value["values"].as_array().into_iter().flatten();
            values.map(|item| self::value(item, depth + 1)).collect::<Result<_, _>>()?
        }
        "kvlistValue" => Json::Object(pairs(&value["values"], depth)?),
        "stringValue" | "boolValue" | "doubleValue" | "bytesValue" => value.clone(),
        _ => Json::Null,
    })
}

/// A whole number, which JSON of OTLP writes as a text.
fn whole(json: &Json) -> Option<i64> {
    json.as_i64().or_else(|| json.as_str()?.parse().ok())
}

/// A field of a message: its number, its name in JSON, what it is, and whether it is a list.
type Field = (u64, &'static str, Is, bool);

/// The fields of a message: messages of values hold themselves.
struct Fields(&'static [Field]);

/// What a field is.
#[derive(Clone, Copy)]
enum Is {
    Text,
    Bool,
    Int,
    Fixed,
    Double,
    /// Bytes that JSON writes in hexadecimal: ids.
    Hex,
    /// Bytes that JSON writes in base 64.
    Base64,
    Message(&'static Fields),
}

static EXPORT: Fields = Fields(&[(1, "resourceLogs", Is::Message(&RESOURCE_LOGS), true)]);
static RESOURCE_LOGS: Fields = Fields(&[
    (1, "resource", Is::Message(&RESOURCE), false),
    (2, "scopeLogs", Is::Message(&SCOPE_LOGS), true),
]);
static RESOURCE: Fields = Fields(&[(1, "attributes", Is::Message(&PAIR), true)]);
static SCOPE_LOGS: Fields = Fields(&[(2, "logRecords", Is::Message(&RECORD), true)]);
static RECORD: Fields = Fields(&[
    (1, "timeUnixNano", Is::Fixed, false),
    (3, "severityText", Is::Text, false),
    (5, "body", Is::Message(&ANY), false),
    (6, "attributes", Is::Message(&PAIR), true),
    (9, "traceId", Is::Hex, false),
    (10, "spanId", Is::Hex, false),
    (11, "observedTimeUnixNano", Is::Fixed, false),
    (12, "eventName", Is::Text, false),
]);
static PAIR: Fields =
    Fields(&[(1, "key", Is::Text, false), (2, "value", Is::Message(&ANY), false)]);
static ANY: Fields = Fields(&[
    (1, "stringValue", Is::Text, false),
    (2, "boolValue", Is::Bool, false),
    (3, "intValue", Is::Int, false),
    (4, "doubleValue", Is::Double, false),
    (5, "arrayValue", Is::Message(&ARRAY), false),
    (6, "kvlistValue", Is::Message(&LIST), false),
    (7, "bytesValue", Is::Base64, false),
]);
static ARRAY: Fields = Fields(&[(1, "values", Is::Message(&ANY), true)]);
static LIST: Fields = Fields(&[(1, "values", Is::Message(&PAIR), true)]);

/// A message as JSON of OTLP; none if the bytes are no protobuf, or nested beyond all use.
fn message(mut bytes: &[u8], fields: &Fields, depth: usize) -> Option<Json> {
    // Every level of values is two of messages, below the four around a record.
    if depth > 2 * DEPTH_MAX + 8 {
        return None;
    }
    let mut map = Map::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let known = fields.0.iter().find(|(number, ..)| *number == tag >> 3);
        let payload = match tag & 7 {
            0 => Payload::Number(varint(&mut bytes)?),
            1 => Payload::Number(u64::from_le_bytes(*split(&mut bytes)?)),
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (inner, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Payload::Bytes(inner)
            }
            5 => Payload::Number(u32::from_le_bytes(*split(&mut bytes)?).into()),
            _ => return None,
        };
        let Some((_, name, is, is_list)) = known else { continue };
        let value = read(*is, &payload, depth)?;
        match map.entry(*name).or_insert(Json::Null) {
            Json::Array(list) if *is_list => list.push(value),
            place if *is_list => *place = Json::Array(vec![value]),
            place => *place = value,
        }
    }
    Some(Json::Object(map))
}

enum Payload<'p> {
    Number(u64),
    Bytes(&'p [u8]),
}

fn read(is: Is, payload: &Payload<'_>, depth: usize) -> Option<Json> {
    Some(match (is, payload) {
        (Is::Text, Payload::Bytes(bytes)) => json!(std::str::from_utf8(bytes).ok()?),
        (Is::Hex, Payload::Bytes(bytes)) => json!(data_encoding::HEXLOWER.encode(bytes)),
        (Is::Base64, Payload::Bytes(bytes)) => json!(data_encoding::BASE64.encode(bytes)),
        (Is::Message(fields), Payload::Bytes(bytes)) => message(bytes, fields, depth + 1)?,
        (Is::Bool, Payload::Number(number)) => json!(*number != 0),
        (Is::Int | Is::Fixed, Payload::Number(number)) => json!(number.cast_signed()),
        (Is::Double, Payload::Number(bits)) => json!(f64::from_bits(*bits)),
        _ => return None,
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn split<'b, const N: usize>(bytes: &mut &'b [u8]) -> Option<&'b [u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(number: u8, inner: &[u8]) -> Vec<u8> {
        let length = u8::try_from(inner.len()).unwrap();
        assert!(length < 0x80, "one byte of length is enough here");
        [&[number << 3 | 2, length], inner].concat()
    }

    fn pair(key: &str, any: &[u8]) -> Vec<u8> {
        [field(1, key.as_bytes()), field(2, any)].concat()
    }

    fn read(body: &[u8], is_protobuf: bool) -> Result<Vec<Json>, u16> {
        let lines = lines(body, is_protobuf, 1_700_000_000_000_000_000, 2);
        let lines = lines.map_err(|problem| problem.status.as_u16())?;
        Ok(lines.iter().map(|line| serde_json::from_slice(line).unwrap()).collect())
    }

    #[test]
    fn both_encodings_become_the_same_line() {
        let time = 1_764_583_200_123_456_789_u64;
        let record = [
            [&[1 << 3 | 1][..], &time.to_le_bytes()].concat(),
            // A field that nobody knows is passed over.
            vec![15 << 3, 7],
            field(3, b"INFO"),
            field(5, &field(1, b"inference")),
            field(6, &pair("art12.system_id", &field(1, b"S"))),
            field(6, &pair("n", &[3 << 3, 0xac, 0x02])),
            field(6, &pair("list", &field(5, &field(1, &[2 << 3, 1])))),
            field(9, &[0xab; 2]),
        ]
        .concat();
        let resource = field(1, &pair("service.name", &field(1, b"scorer")));
        let logs = [field(1, &resource), field(2, &field(2, &record))].concat();
        // A length of two bytes, as one beyond 127 has it.
        let length = [
            u8::try_from(logs.len() & 0x7f).unwrap() | 0x80,
            u8::try_from(logs.len() >> 7).unwrap(),
        ];
        let body = [&[1 << 3 | 2][..], &length, &logs].concat();
        let text = json!({ "resourceLogs": [{
            "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "scorer" } }] },
            "scopeLogs": [{ "logRecords": [{
                "timeUnixNano": time.to_string(), "severityText": "INFO", "traceId": "abab",
                "body": { "stringValue": "inference" },
                "attributes": [
                    { "key": "art12.system_id", "value": { "stringValue": "S" } },
                    { "key": "n", "value": { "intValue": "300" } },
                    { "key": "list", "value": { "arrayValue": { "values": [{ "boolValue": true }] } } },
                ],
            }] }],
        }] });
        let expected = json!({
            "date": "2025-12-01T10:00:00.123456789Z", "service": "scorer", "source": "otlp",
            "status": "info", "message": "inference",
            "attributes": { "art12.system_id": "S", "n": 300, "list": [true], "trace_id": "abab",
                "resource": { "service.name": "scorer" } },
        });
        let expected = vec![expected];
        assert_eq!(read(text.to_string().as_bytes(), false).unwrap(), expected);
        assert_eq!(read(&body, true).unwrap(), expected);
        for cut in 1..body.len() {
            assert_eq!(read(&body[..cut], true), Err(400), "{cut}");
        }
    }

    #[test]
    fn a_resource_that_many_records_repeat_is_refused_before_it_stands_in_all_of_them() {
        let resource = json!({ "attributes": [
            { "key": "k", "value": { "stringValue": "x".repeat(1_000_000) } }
        ] });
        let export = |records: usize| {
            let records = vec![json!({}); records];
            let logs = [json!({ "resource": resource, "scopeLogs": [{ "logRecords": records }] })];
            json!({ "resourceLogs": logs }).to_string()
        };
        let read = |records| lines(export(records).as_bytes(), false, 0, 1_000);
        assert_eq!(read(16).unwrap().len(), 16);
        assert_eq!(read(1_000).unwrap_err().name, "too-large");
    }

    #[test]
    fn what_is_no_export_or_too_much_is_refused() {
        assert_eq!(read(b"[]", false), Err(400));
        assert_eq!(read(b"{", false), Err(400));
        assert_eq!(read(b"{}", false), Ok(Vec::new()));
        for wrong in [
            json!({ "resourceLogs": 5 }),
            json!({ "resourceLogs": [5] }),
            json!({ "resourceLogs": [{ "scopeLogs": {} }] }),
            json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": ["x"] }] }] }),
        ] {
            assert_eq!(read(wrong.to_string().as_bytes(), false), Err(400), "{wrong}");
        }
        assert_eq!(read(b"", true), Ok(Vec::new()));
        let many = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{}, {}, {}] }] }] });
        assert_eq!(read(many.to_string().as_bytes(), false), Err(413));
        let mut deep = json!({ "stringValue": "x" });
        for _ in 0..=DEPTH_MAX {
            deep = json!({ "arrayValue": { "values": [deep] } });
        }
        let deep =
            json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [{ "body": deep }] }] }] });
        assert_eq!(read(deep.to_string().as_bytes(), false), Err(400));
    }
}
