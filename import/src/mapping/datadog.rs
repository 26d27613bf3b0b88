//! The `[datadog]` part of a mapping file: which log lines are events, and where in a line each
//! event field stands.
//!
//! Parsing checks everything that can be wrong with a mapping, so that a mapping that parsed can
//! be compiled and used without a further error.

use lineal_engine::event_fields::{EVENT_FIELDS, EventField};
use lineal_engine::schema::FieldType;
use toml::{Table, Value};

use super::datadog_place::{Place, Root};

/// The mapping that is used where none is given: the Article 12 forms.
pub const BUILT_IN: &str = include_str!("../../mapping/datadog-art12.toml");

/// Most roots, or places of one field: a mapping is written by hand, and every place is looked
/// for under every root.
pub const PLACES_MAX: usize = 16;

/// The `[datadog]` part of a mapping file.
#[derive(Clone, PartialEq, Debug)]
pub struct DatadogMapping {
    /// Where the event's own fields stand, tried in order.
    pub roots: Vec<Root>,
    /// A line is an event if one of these is there and neither null nor false; without any, if
    /// a root is there.
    pub event: Vec<Place>,
    /// The rules, required ones first, then in the order of the fields.
    pub fields: Vec<FieldRule>,
    /// Fields whose values can be looked up.
    pub indexed: Vec<EventField>,
}

/// Where one event field comes from.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldRule {
    /// The field.
    pub field: EventField,
    /// The places, tried in order.
    pub from: Vec<Place>,
    /// How the value is read.
    pub convert: Convert,
    /// The value where no place has one.
    pub default: Option<String>,
    /// Whether a line without it is no event.
    pub required: bool,
}

/// How a value is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Convert {
    /// As text; a number as it was written.
    Text,
    /// As text without a leading `v` before a digit.
    Version,
    /// The name of a hash function: lower case, `sha-256` as `sha256`.
    Algorithm,
    /// Text that names a person, or a list of them: handed on to be keyed.
    Person,
    /// Hex or base64, with or without `sha256:` before it.
    Hash,
    /// RFC 3339, or a number of s, ms, us or ns since 1970, told apart by magnitude.
    Time,
    /// A finite number, also as text.
    Float,
    /// true, false, 1, 0, yes, no, also as text.
    Bool,
}

/// What is wrong with a mapping file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MappingError {
    /// Not TOML.
    #[error("the mapping file is not valid TOML: {message}")]
    Toml {
        /// What the TOML reader says, with its line.
        message: String,
    },
    /// No `[datadog]` table.
    #[error(
        "the mapping file has no [datadog] table, so no log line could be read with it; begin \
         from the built-in mapping"
    )]
    NoTable,
    /// A key that means nothing.
    #[error("mapping, {key}: nothing has this name; expected one of {expected}")]
    UnknownKey {
        /// The key, from the top of the file.
        key: String,
        /// The names there are.
        expected: String,
    },
    /// A value of the wrong form.
    #[error("mapping, {key}: expected {expected}")]
    Form {
        /// The key, from the top of the file.
        key: String,
        /// What was expected.
        expected: String,
    },
}

impl DatadogMapping {
    /// Reads the built-in mapping.
    ///
    /// # Errors
    /// Never in a tested build: the file is part of it.
    pub fn built_in() -> Result<DatadogMapping, MappingError> {
        DatadogMapping::parse_text(BUILT_IN)
    }

    /// Reads the `[datadog]` table of a whole mapping file.
    ///
    /// # Errors
    /// What is wrong with the file, by its key.
    pub fn parse_text(text: &str) -> Result<DatadogMapping, MappingError> {
        let file: Table = text.parse().map_err(|error: toml::de::Error| MappingError::Toml {
            message: error.to_string().trim_end().to_owned(),
        })?;
        match file.get("datadog") {
            Some(Value::Table(table)) => DatadogMapping::parse(table),
            _ => Err(MappingError::NoTable),
        }
    }

    /// Reads a `[datadog]` table.
    ///
    /// # Errors
    /// What is wrong with it, by its key.
    pub fn parse(table: &Table) -> Result<DatadogMapping, MappingError> {
        known_keys(table, "datadog", &["roots", "event", "indexed", "fields"])?;
        let roots = parse_list(table.get("roots"), "datadog.roots", Root::parse)?;
        let event = parse_list(table.get("event"), "datadog.event", Place::parse)?;
        let indexed = match table.get("indexed") {
            Some(_) => parse_list(table.get("indexed"), "datadog.indexed", indexed_field)?,
            None => vec![EventField::InputHash],
        };
        let Some(Value::Table(rules)) = table.get("fields") else {
            return Err(form("datadog.fields", "a table of rules, at least one for `time`"));
        };
        let mut fields = Vec::new();
        for (name, rule) in rules {
            fields.push(parse_rule(name, rule)?);
        }
        if !fields.iter().any(|rule| rule.field == EventField::Time) {
            return Err(form("datadog.fields", "a rule for `time`: an event without one is none"));
        }
        if event.is_empty() && roots.is_empty() {
            return Err(form("datadog", "`roots` or `event`: else no line could be an event"));
        }
        fields.sort_by_key(|rule| (!rule.required, rule.field));
        Ok(DatadogMapping { roots, event, fields, indexed })
    }
}

fn parse_rule(name: &str, rule: &Value) -> Result<FieldRule, MappingError> {
    let key = format!("datadog.fields.{name}");
    let Some(field) = EventField::parse(name).filter(|field| mappable(*field)) else {
        let names = EVENT_FIELDS.iter().filter(|spec| mappable(spec.field));
        let expected = names.map(|spec| spec.name).collect::<Vec<_>>().join(", ");
        return Err(MappingError::UnknownKey { key, expected });
    };
    let mut parsed = FieldRule {
        field,
        from: Vec::new(),
        convert: default_convert(field),
        default: None,
        // An event without a time has no place in a batch.
        required: field == EventField::Time,
    };
    let Value::Table(table) = rule else {
        parsed.from = parse_list(Some(rule), &key, Place::parse)?;
        return Ok(parsed);
    };
    known_keys(table, &key, &["from", "convert", "default", "required"])?;
    parsed.from = parse_list(table.get("from"), &format!("{key}.from"), Place::parse)?;
    if let Some(value) = table.get("required") {
        let required = value.as_bool();
        let required = required.ok_or_else(|| form(&format!("{key}.required"), "true or false"))?;
        parsed.required |= required;
    }
    if let Some(value) = table.get("convert") {
        let convert = value.as_str().and_then(Convert::parse);
        let convert = convert.filter(|convert| convert.fits(field));
        parsed.convert = convert.ok_or_else(|| {
            let names = CONVERTERS.iter().filter(|(_, convert)| convert.fits(field));
            let names = names.map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            form(&format!("{key}.convert"), &format!("one of {names}"))
        })?;
    }
    if let Some(value) = table.get("default") {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Boolean(truth) => truth.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            _ => return Err(form(&format!("{key}.default"), "text, a number, true or false")),
        };
        if parsed.convert == Convert::Person || !crate::datadog::reads_as(parsed.convert, &text) {
            return Err(form(&format!("{key}.default"), "a value that the rule's converter reads"));
        }
        parsed.default = Some(text);
    }
    if parsed.from.is_empty() && parsed.default.is_none() {
        return Err(form(&format!("{key}.from"), "at least one place, or a default"));
    }
    Ok(parsed)
}

const CONVERTERS: [(&str, Convert); 8] = [
    ("text", Convert::Text),
    ("version", Convert::Version),
    ("algorithm", Convert::Algorithm),
    ("person", Convert::Person),
    ("hash", Convert::Hash),
    ("time", Convert::Time),
    ("float", Convert::Float),
    ("bool", Convert::Bool),
];

impl Convert {
    fn parse(name: &str) -> Option<Convert> {
        CONVERTERS.iter().find(|(known, _)| *known == name).map(|(_, convert)| *convert)
    }

    /// Whether it gives what the field holds. A person's field takes nothing else, or a name
    /// would stand in the clear.
    fn fits(self, field: EventField) -> bool {
        match self {
            Convert::Person => names_person(field),
            Convert::Text | Convert::Version | Convert::Algorithm => {
                field.spec().field_type == FieldType::Text && !names_person(field)
            }
            other => default_convert(field) == other,
        }
    }
}

fn default_convert(field: EventField) -> Convert {
    match field.spec().field_type {
        FieldType::Hash => Convert::Hash,
        FieldType::Time => Convert::Time,
        FieldType::Float => Convert::Float,
        FieldType::Bool => Convert::Bool,
        _ if names_person(field) => Convert::Person,
        _ => match field {
            EventField::ModelVersion => Convert::Version,
            EventField::InputAlgorithm | EventField::OutputAlgorithm => Convert::Algorithm,
            _ => Convert::Text,
        },
    }
}

fn names_person(field: EventField) -> bool {
    matches!(field, EventField::Reviewer | EventField::VerifiedBy)
}

/// Whether a rule may set the field; the others are the importer's own.
fn mappable(field: EventField) -> bool {
    !matches!(field, EventField::Line | EventField::Rest)
}

fn indexed_field(name: &str) -> Result<EventField, String> {
    let field = EventField::parse(name).filter(|field| mappable(*field));
    let holds =
        |field: &EventField| matches!(field.spec().field_type, FieldType::Hash | FieldType::Text);
    field.filter(holds).ok_or_else(|| format!("the name of a hash or text field, not `{name}`"))
}

/// One text, or a list of texts, each read by `parse`.
fn parse_list<T>(
    value: Option<&Value>,
    key: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, MappingError> {
    let texts = match value {
        None => return Ok(Vec::new()),
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if texts.len() > PLACES_MAX {
        return Err(form(key, &format!("at most {PLACES_MAX} of them")));
    }
    let read = |item: &Value| match item.as_str() {
        Some(text) => parse(text).map_err(|expected| form(key, &expected)),
        None => Err(form(key, "text or a list of texts")),
    };
    texts.iter().map(read).collect()
}

fn known_keys(table: &Table, at: &str, known: &[&str]) -> Result<(), MappingError> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            Err(MappingError::UnknownKey { key: format!("{at}.{key}"), expected: known.join(", ") })
        }
    }
}

fn form(key: &str, expected: &str) -> MappingError {
    MappingError::Form { key: key.to_owned(), expected: expected.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(fields: &str) -> String {
        let text = format!("[datadog]\nroots = [\"attributes\"]\n[datadog.fields]\n{fields}\n");
        DatadogMapping::parse_text(&text).expect_err("must be refused").to_string()
    }

    #[test]
    fn the_built_in_mapping_parses_and_puts_the_required_time_first() {
        let mapping = DatadogMapping::built_in().expect("built in");
        assert_eq!(mapping.roots.len(), 5);
        assert_eq!(mapping.indexed, [EventField::InputHash]);
        assert_eq!(mapping.fields[0].field, EventField::Time);
        assert!(mapping.fields[0].required);
        let version = mapping.fields.iter().find(|rule| rule.field == EventField::ModelVersion);
        assert_eq!(version.expect("mapped").convert, Convert::Version);
    }

    #[test]
    fn every_field_that_can_be_mapped_is_in_the_built_in_mapping() {
        let mapping = DatadogMapping::built_in().expect("built in");
        for spec in EVENT_FIELDS.iter().filter(|spec| mappable(spec.field)) {
            assert!(mapping.fields.iter().any(|rule| rule.field == spec.field), "{}", spec.name);
        }
    }

    #[test]
    fn mistakes_are_named_by_their_key() {
        assert!(
            refused("time = \"date\"\nconfidense = \"x\"")
                .starts_with("mapping, datadog.fields.confidense: nothing has this name; expected one of time, log_id")
        );
        assert_eq!(
            refused("time = { form = \"date\" }"),
            "mapping, datadog.fields.time.form: nothing has this name; expected one of from, \
             convert, default, required"
        );
        assert_eq!(
            refused("time = { from = \"date\", convert = \"hash\" }"),
            "mapping, datadog.fields.time.convert: expected one of time"
        );
        assert_eq!(
            refused("time = \"date\"\nreviewer = { from = \"x\", convert = \"text\" }"),
            "mapping, datadog.fields.reviewer.convert: expected one of person"
        );
        assert_eq!(
            refused("time = \"date\"\nconfidence = { from = \"x\", default = \"high\" }"),
            "mapping, datadog.fields.confidence.default: expected a value that the rule's \
             converter reads"
        );
        assert_eq!(
            refused("system = \"x\""),
            "mapping, datadog.fields: expected a rule for `time`: an event without one is none"
        );
        assert!(refused("time = \"tag:\"").starts_with("mapping, datadog.fields.time: expected "));
        assert!(refused("rest = \"x\"").contains("nothing has this name"));
        assert_eq!(DatadogMapping::parse_text("[mlflow]\n"), Err(MappingError::NoTable));
        assert!(DatadogMapping::parse_text("[datadog").is_err());
    }

    #[test]
    fn a_rule_is_a_text_a_list_or_a_table() {
        let text = "[datadog]\nroots = [\"attributes\"]\nindexed = [\"session\"]\n\
                    [datadog.fields]\ntime = \"frame:date\"\nsystem = [\"a\", \"tag:b\"]\n\
                    status = { from = \"s\", default = \"info\" }\n";
        let mapping = DatadogMapping::parse_text(text).expect("parses");
        let rule = |field| mapping.fields.iter().find(|rule| rule.field == field).expect("rule");
        assert_eq!(rule(EventField::System).from.len(), 2);
        assert_eq!(rule(EventField::Status).default.as_deref(), Some("info"));
        assert!(rule(EventField::Time).required);
        assert_eq!(mapping.indexed, [EventField::Session]);
    }
}
