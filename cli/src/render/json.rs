//! Record values as JSON.

use crate::time::{Zone, rfc3339};
use lineal_engine::schema::FieldType;
use serde_json::{Value as Json, json};

/// A value of a record as JSON: times in RFC 3339 and UTC, bytes in hex.
pub(crate) fn value_json(
    value: &lineal_proof::Value,
    field_type: Option<FieldType>,
    zone: &Zone,
) -> Json {
    use lineal_proof::Value;
    match value {
        Value::Null => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(_) if field_type == Some(FieldType::Time) => {
            value.as_i64().map_or(Json::Null, |time| json!(rfc3339(time)))
        }
        Value::Int(number) => {
            i64::try_from(*number).map_or_else(|_| json!(number.to_string()), |n| json!(n))
        }
        Value::Float(number) => json!(number),
        Value::Text(text) => json!(text),
        Value::Bytes(_) | Value::Link(_) => json!(super::value_text(value, field_type, zone)),
        Value::List(items) => items.iter().map(|item| value_json(item, None, zone)).collect(),
        Value::Map(map) => {
            let members = map.iter().map(|(k, v)| (k.to_owned(), value_json(v, None, zone)));
            Json::Object(members.collect())
        }
    }
}
