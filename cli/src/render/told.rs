//! What is told as JSON, here or by a server, for the eye.

use super::{grouped, visible, visible_lines};
use crate::time::{Zone, parse};
use lineal_engine::schema::FieldType;
use serde_json::Value as Json;
use std::fmt::Write as _;

/// The texts of a list.
pub(crate) fn texts(list: &Json) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Json::as_str).collect()
}

/// A time, ns since 1970 UTC.
pub(crate) fn time_of(json: &Json) -> Option<i64> {
    json.as_str().and_then(|text| parse(text).ok())
}

/// A count, in groups of three; nothing where there is none.
pub(crate) fn number_of(json: &Json) -> String {
    json.as_u64().map_or_else(String::new, grouped)
}

/// A value of a record as text for a terminal, given its type.
pub(crate) fn told_text(value: &Json, field_type: Option<FieldType>, zone: &Zone) -> String {
    match value {
        Json::Null => String::new(),
        Json::Bool(truth) => truth.to_string(),
        // A whole number as it stands; another as this program writes it: 1e-7 is 0.0000001.
        Json::Number(number) => match number.as_f64() {
            Some(float) if !number.is_i64() => float.to_string(),
            _ => number.to_string(),
        },
        Json::String(text) => {
            match time_of(value).filter(|_| field_type == Some(FieldType::Time)) {
                Some(time) => zone.time(time),
                None => visible_lines(text),
            }
        }
        Json::Array(items) => {
            items.iter().map(|item| told_text(item, None, zone)).collect::<Vec<_>>().join(", ")
        }
        Json::Object(members) => {
            let mut out = String::new();
            for (name, member) in members {
                let text = told_text(member, None, zone);
                let line = if out.is_empty() { "" } else { "\n" };
                let _ = write!(out, "{line}{} = {text}", visible(name));
            }
            out
        }
    }
}
