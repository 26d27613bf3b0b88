//! The `[mlflow]` table as it stands in the file, before it is checked.

use super::{FieldTemplate, PartTemplate, Subject};
use crate::mapping::{Conversion, Template};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// The table as it stands in the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::mapping) struct Written {
    #[serde(default)]
    pub(super) nobody: Vec<String>,
    #[serde(default)]
    pub(super) sealed_tags: Vec<String>,
    #[serde(default)]
    pub(super) roles: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) hints: WrittenHints,
    #[serde(default)]
    pub(super) documents: Vec<WrittenDocument>,
    #[serde(default)]
    pub(super) rules: Vec<Spanned<WrittenRule>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenHints {
    #[serde(default)]
    pub(super) keys: Vec<String>,
    #[serde(default)]
    pub(super) values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenDocument {
    pub(super) path: Vec<String>,
    #[serde(rename = "type")]
    pub(super) document_type: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenRule {
    pub(super) on: Vec<Subject>,
    pub(super) tag: Option<Vec<String>>,
    pub(super) tag_prefix: Option<String>,
    pub(super) param: Option<Vec<String>>,
    #[serde(default)]
    pub(super) source: bool,
    pub(super) each: Option<String>,
    pub(super) split: Option<String>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, WrittenField>,
    #[serde(default)]
    pub(super) edges: Vec<WrittenEdge>,
    #[serde(default)]
    pub(super) nodes: Vec<WrittenNode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenEdge {
    pub(super) relation: String,
    #[serde(default)]
    pub(super) subject: bool,
    pub(super) kind: Option<String>,
    #[serde(default)]
    pub(super) key: Vec<WrittenPart>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, WrittenField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenNode {
    pub(super) kind: String,
    pub(super) key: Vec<WrittenPart>,
    #[serde(default)]
    pub(super) fields: BTreeMap<String, WrittenField>,
    #[serde(default)]
    pub(super) edges: Vec<WrittenEdge>,
}

/// `"{value}"` or `{ from = "{value}", as = "time" }`.
pub(super) struct WrittenField(pub(super) FieldTemplate);

impl<'de> Deserialize<'de> for WrittenField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenField, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = WrittenField;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text with variables, or a table with `from`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WrittenField, E> {
                let from = Template::parse(text).map_err(E::custom)?;
                Ok(WrittenField(FieldTemplate {
                    from,
                    conversion: Conversion::Text,
                    words: BTreeMap::new(),
                    default: None,
                    seal: false,
                }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenField, A::Error> {
                FieldTemplate::deserialize(MapAccessDeserializer::new(map)).map(WrittenField)
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

/// `"{value}"`, `"{tag:date}?"` (may be absent), `""` (never known) or `{ person = "{value}" }`.
pub(super) struct WrittenPart(pub(super) PartTemplate);

impl<'de> Deserialize<'de> for WrittenPart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<WrittenPart, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Person {
            person: Template,
        }
        struct TextOrPerson;
        impl<'de> Visitor<'de> for TextOrPerson {
            type Value = WrittenPart;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text with variables, or a table with `person`")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<WrittenPart, E> {
                if text.is_empty() {
                    return Ok(WrittenPart(PartTemplate::Unknown));
                }
                let (text, optional) =
                    text.strip_suffix('?').map_or((text, false), |required| (required, true));
                let template = Template::parse(text).map_err(E::custom)?;
                Ok(WrittenPart(PartTemplate::Text { template, optional }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WrittenPart, A::Error> {
                let person = Person::deserialize(MapAccessDeserializer::new(map))?.person;
                Ok(WrittenPart(PartTemplate::Person(person)))
            }
        }
        deserializer.deserialize_any(TextOrPerson)
    }
}
