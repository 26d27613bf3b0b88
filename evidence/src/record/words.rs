//! `FIELD=VALUE` as people write it, read by the type that the field has.

use super::closed;
use super::error::{Error, Result};
use super::whose;
use jiff::{Timestamp, civil, tz::TimeZone};
use lineal_engine::schema::{COMMON_FIELDS, FieldSpec, FieldType, Kind, fields};
use lineal_proof::{Map, Value};

/// How an assignment may look.
const EXAMPLE: &str = "provider='Example Bank' or metrics.accuracy=0.91";
/// Most bytes of one value: more is a document, which `lineal attach` takes.
pub const VALUE_MAX: usize = 16 << 10;

/// Fields that were read: in the clear, to be sealed, and to be taken back.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Fields {
    /// In the clear.
    pub clear: Map,
    /// Sealed: they may say something of a person.
    pub sealed: Map,
    /// Given without a value: what was declared before is taken back.
    pub removed: Vec<String>,
}

impl Fields {
    /// Reads assignments of fields of a kind.
    ///
    /// # Errors
    /// [`Error::Assignment`], [`Error::NoField`], [`Error::NotStated`] or [`Error::Value`].
    pub fn read(kind: Kind, assignments: &[String]) -> Result<Fields> {
        let mut read = Fields::default();
        for text in assignments {
            read.add(kind, text)?;
        }
        Ok(read)
    }

    fn add(&mut self, kind: Kind, text: &str) -> Result<()> {
        let wrong = || Error::Assignment { text: text.to_owned(), example: EXAMPLE };
        let (path, value) = text.split_once('=').ok_or_else(wrong)?;
        let (path, value) = (path.trim(), value.trim());
        let (name, member) = match path.split_once('.') {
            Some((name, member)) => (name, Some(member)),
            None => (path, None),
        };
        let spec = field(kind, name)?;
        if spec.is_derived() {
            let what = format!("`{name}` of {}", whose::with_its_article(kind));
            let how = "it is derived from what is recorded".to_owned();
            return Err(Error::NotStated { what, how });
        }
        whose::hold_always(kind, name)?;
        if value.len() > VALUE_MAX {
            return Err(Error::Unsaid { what: "the value", limit: VALUE_MAX });
        }
        if value.is_empty() {
            self.removed.push(path.to_owned());
            return Ok(());
        }
        let into = if spec.is_sealed() { &mut self.sealed } else { &mut self.clear };
        match (spec.field_type, member) {
            (FieldType::Map, Some(member)) if !member.is_empty() => {
                let mut members = match into.remove(name) {
                    Some(Value::Map(members)) => members,
                    _ => Map::new(),
                };
                members.insert(member, number_or_text(value));
                into.insert(name, Value::Map(members));
            }
            (FieldType::Map, _) => {
                let expected = "a map: write one of its members, as NAME.member=value";
                return Err(Error::Value {
                    name: name.to_owned(),
                    expected,
                    found: value.to_owned(),
                });
            }
            (_, Some(_)) => return Err(wrong()),
            (field_type, None) => {
                let read = typed(name, field_type, value)?;
                let words = match &read {
                    Value::List(words) => words.as_slice(),
                    one => std::slice::from_ref(one),
                };
                // Of others no rule reads them: there they are what a source calls so.
                if matches!(kind, Kind::System | Kind::Incident) {
                    for word in words.iter().filter_map(Value::as_text) {
                        closed::hold(spec.name, word)?;
                    }
                }
                into.insert(name, read);
            }
        }
        Ok(())
    }
}

/// The field of a kind.
fn field(kind: Kind, name: &str) -> Result<&'static FieldSpec> {
    let all = fields(kind);
    // Of the fields that all kinds have, when it happened is for whoever knows it to say.
    let common = COMMON_FIELDS.iter().filter(|spec| spec.name == "time");
    all.iter().chain(common).find(|spec| spec.name == name).ok_or_else(|| {
        let alike = |spec: &&FieldSpec| {
            !name.is_empty() && (spec.name.contains(name) || name.contains(spec.name))
        };
        let near: Vec<&str> = all.iter().filter(alike).map(|spec| spec.name).collect();
        let hint = if near.is_empty() {
            format!("`lineal query 'show fields of {kind}'` lists them")
        } else {
            format!("did you mean {}?", near.join(", "))
        };
        Error::NoField { kind: kind.name(), name: name.to_owned(), hint }
    })
}

/// A member of an open map.
fn number_or_text(value: &str) -> Value {
    match value.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::float(number),
        _ => Value::text(value),
    }
}

fn typed(name: &str, field_type: FieldType, value: &str) -> Result<Value> {
    let wrong =
        |expected| Error::Value { name: name.to_owned(), expected, found: value.to_owned() };
    Ok(match field_type {
        FieldType::Text => Value::text(value),
        FieldType::Int => {
            let number: i64 = value.parse().map_err(|_| wrong("a whole number"))?;
            Value::from(number)
        }
        FieldType::Float => {
            let number: f64 = value.parse().map_err(|_| wrong("a number"))?;
            Value::float(number)
        }
        FieldType::Bool => match value {
            "true" | "yes" => Value::Bool(true),
            "false" | "no" => Value::Bool(false),
            _ => return Err(wrong("true or false")),
        },
        FieldType::Time => Value::from(
            time_of(value).ok_or_else(|| wrong("a time: 2026-03-14 or 2026-03-14T09:00:00Z"))?,
        ),
        FieldType::List => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::List(items.map(Value::text).collect())
        }
        FieldType::Hash | FieldType::Node | FieldType::Map => {
            return Err(wrong("nothing that is written as a word"));
        }
    })
}

/// A time as people write it: RFC 3339 with its zone, or a date, which is midnight UTC.
#[must_use]
pub fn time_of(text: &str) -> Option<i64> {
    let timestamp = text.parse::<Timestamp>().ok().or_else(|| {
        // A date alone: of a time of day without its zone the parser would keep the date.
        let date = text.parse::<civil::Date>().ok().filter(|_| !text.contains([':', 'T']))?;
        date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })?;
    i64::try_from(timestamp.as_nanosecond()).ok()
}

/// A time as RFC 3339 in UTC.
#[must_use]
pub fn time_text(ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &[&str]) -> Result<Fields> {
        let text: Vec<String> = text.iter().map(|it| (*it).to_owned()).collect();
        Fields::read(kind, &text)
    }

    #[test]
    fn values_have_the_type_of_their_field() {
        let said = read(
            Kind::System,
            &[
                "provider=Example Bank = AG",
                "role=provider, deployer",
                "trained=true",
                "placed_on_market_at=2026-03-14",
                "declared_metrics.accuracy=0.91",
                "version=",
            ],
        )
        .unwrap();
        assert_eq!(said.clear.get("provider"), Some(&Value::text("Example Bank = AG")));
        let roles = Value::List(vec![Value::text("provider"), Value::text("deployer")]);
        assert_eq!(said.clear.get("role"), Some(&roles));
        assert_eq!(said.clear.get("trained"), Some(&Value::Bool(true)));
        let at = time_of("2026-03-14T00:00:00Z").unwrap();
        assert_eq!(said.clear.get("placed_on_market_at"), Some(&Value::from(at)));
        let metrics = said.clear.get("declared_metrics").and_then(Value::as_map).unwrap();
        assert_eq!(metrics.get("accuracy"), Some(&Value::Float(0.91)));
        assert_eq!(said.removed, ["version"]);
        let sealed = read(Kind::Incident, &["note=Anna saw it"]).unwrap();
        assert!(sealed.clear.is_empty() && sealed.sealed.get("note").is_some());
    }

    #[test]
    fn what_the_schema_does_not_have_is_refused_with_what_is_near() {
        let error = read(Kind::System, &["purpose=x"]).unwrap_err().to_string();
        assert!(error.ends_with("did you mean intended_purpose?"), "{error}");
        for (kind, wrong) in [
            (Kind::System, "trained=perhaps"),
            (Kind::System, "declared_at=yesterday"),
            (Kind::System, "provider"),
            (Kind::System, "provider.x=1"),
            (Kind::System, "declared_metrics=1"),
            (Kind::Deployment, "events=5"),
            (Kind::Document, "content=abc"),
        ] {
            assert!(read(kind, &[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_written_as_it_is_read() {
        for text in ["2026-03-14T09:00:00Z", "1969-12-31T23:59:59.5Z"] {
            assert_eq!(time_text(time_of(text).unwrap()), text);
        }
        assert_eq!(time_of("2026-03-14T09:00:00"), None, "a time of day needs its zone");
    }
}
