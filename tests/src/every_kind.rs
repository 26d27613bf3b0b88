//! The store that has every kind: a bank that scores loans, loaded from `fixtures/every_kind/data`.
//!
//! What MLflow and Datadog hold comes through the importers; what people record by hand goes through
//! the engine's transactions. `steps.json` says in which order, and when by the store's clock.

use crate::place::{Place, fixture};
use crate::sample;
use lineal_engine::clock::Clock;
use lineal_engine::schema::{COMMON_FIELDS, FieldType, Kind, NODE_KINDS, Relation, fields};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{EdgeDraft, NodeDraft, NodeNo, Options, Saying, SealedField, Snapshot, Store};
use lineal_import::{ImportOptions, LoadedMapping, Progress, Report, import};
use lineal_proof::{Hash, Key, KeyPart, Map, Value};
use serde_json::Value as Json;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const SECOND: i64 = 1_000_000_000;

/// A clock that stands where a step puts it.
#[derive(Default, Debug)]
struct SetClock(AtomicI64);

impl Clock for SetClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The store with what its questions need.
pub struct EveryKind {
    /// The store.
    pub place: Place,
    /// What each import reported, in the order of the steps.
    pub reports: Vec<Report>,
    /// What `now()` is.
    pub now: i64,
    /// Names and values of parameters.
    pub parameters: Vec<(String, String)>,
}

/// Where the source data lies.
#[must_use]
pub fn folder() -> PathBuf {
    fixture("every_kind")
}

/// Reads the source data into a new store.
///
/// # Panics
/// If the data is not what the loader expects, or the store refuses it.
#[must_use]
pub fn load() -> EveryKind {
    let data = folder().join("data");
    let read = |name: &str| std::fs::read_to_string(data.join(name)).expect("the data is there");
    let steps: Json = serde_json::from_str(&read("steps.json")).expect("steps.json is JSON");
    let clock = Arc::new(SetClock::default());
    let options = Options {
        store_id: Some([58; 16]),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..sample::options()
    };
    let storage = Arc::new(MemoryStorage::new());
    let store = Arc::new(Store::create_on(storage, options).expect("a new store"));
    let mapping =
        LoadedMapping::read(&folder().join("mapping.toml")).expect("the mapping is sound");
    let mut reports = Vec::new();
    for step in steps["steps"].as_array().expect("a list of steps") {
        let recorded = time(text(&step["recorded"]));
        clock.0.store(recorded, Ordering::Relaxed);
        match text(&step["do"]) {
            "import" => {
                let options = ImportOptions {
                    source: step["source"].as_str().map(str::to_owned),
                    observed_at: Some(time(text(&step["observed"]))),
                    ..ImportOptions::default()
                };
                let path = data.join(text(&step["path"]));
                let report = import(&store, &[path], &options, &mapping, &Progress::default());
                reports.push(report.expect("the import succeeds"));
            }
            "record" => {
                let nodes = read(text(&step["path"]));
                let nodes = nodes.lines().map(|line| serde_json::from_str(line).expect("JSON"));
                record(&store, recorded, &nodes.collect::<Vec<Json>>());
            }
            "retract" => {
                let number = step["import"].as_u64().expect("a number");
                let mut transaction = store.begin(None, None).expect("a transaction");
                let reason = Some(text(&step["reason"]));
                transaction.add_retract(number, false, reason).expect("it can be retracted");
                transaction.commit().expect("a commit");
            }
            other => panic!("steps.json: `{other}` is no step"),
        }
    }
    let parameters = steps["parameters"].as_object().expect("parameters").iter();
    let parameters = parameters.map(|(name, value)| (name.clone(), text(value).to_owned()));
    EveryKind {
        place: Place { store },
        reports,
        now: time(text(&steps["now"])),
        parameters: parameters.collect(),
    }
}

/// Each text of a field that is sealed and stands nowhere open, as far as the view can open it: what no file
/// that is handed over may hold. Short words stand everywhere, and are none.
///
/// # Panics
/// If a node cannot be read, or nothing is sealed: then what looks for these would find nothing.
#[must_use]
pub fn sealed_texts(view: &Snapshot) -> Vec<String> {
    let mut sealed = Vec::new();
    for kind in NODE_KINDS {
        for node in view.nodes_of(*kind) {
            let (open, names) = view.open_fields(node).expect("a node can be read");
            for name in &names {
                let field = name.split('.').next().unwrap_or_default();
                let value = view.field(node, field).expect("a field can be read");
                let text = value.as_ref().and_then(Value::as_text);
                let stands_open = open.get(name).is_some();
                if let Some(text) = text.filter(|text| text.len() > 8 && !stands_open) {
                    sealed.push(text.to_owned());
                }
            }
        }
    }
    assert!(sealed.len() > 2, "the store holds sealed texts: {sealed:?}");
    sealed
}

/// One transaction with what was recorded by hand.
fn record(store: &Store, observed_at: i64, nodes: &[Json]) {
    let mut transaction = store.begin(None, None).expect("a transaction");
    for json in nodes {
        let kind = kind(&json["kind"]);
        let mut draft = NodeDraft::new(kind, key(store, kind, &json["key"]));
        let said = json["fields"].as_object().expect("fields");
        draft.fields = said
            .iter()
            .map(|(name, value)| (name.as_str(), value_of(kind, name, value)))
            .collect::<Map>();
        for (field, value) in json["sealed"].as_object().expect("sealed fields") {
            let actor = (kind == Kind::Actor).then(|| draft.key.clone());
            let value = Value::text(text(value));
            draft.sealed.push(SealedField { field: field.clone(), value, actor });
        }
        for edge in json["edges"].as_array().expect("edges") {
            let (relation, _) = Relation::parse(text(&edge[0])).expect("a relation");
            let kind = self::kind(&edge[1]);
            let key = key(store, kind, &edge[2]);
            draft.edges.push(EdgeDraft { relation, kind, key, beside: Vec::new() });
        }
        let source = json["source"].as_str().unwrap_or("records").to_owned();
        let saying = Saying { source, form: "records".to_owned(), observed_at };
        transaction.add_node(&saying, draft).expect("it fits the schema");
    }
    transaction.commit().expect("a commit");
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_else(|| panic!("a text was expected, found {json}"))
}

fn kind(json: &Json) -> Kind {
    Kind::parse(text(json)).expect("a kind of the schema")
}

fn key(store: &Store, kind: Kind, json: &Json) -> Key {
    if kind == Kind::Batch {
        return batch_key(store, json);
    }
    let parts = json.as_array().expect("a key is a list").iter().map(|part| match part {
        Json::Null => KeyPart::Null,
        Json::Object(person) => {
            KeyPart::Text(store.actor_key(text(&person["person"])).expect("the actor key is there"))
        }
        part => KeyPart::from(text(part)),
    });
    Key::new(parts.collect())
}

/// The batch that holds the events of a deployment in a file.
fn batch_key(store: &Store, json: &Json) -> Key {
    let view = store.snapshot().expect("a view");
    let deployment = key(store, Kind::Deployment, &json["deployment"]);
    let fits = |node: &NodeNo| {
        let name = view.field(*node, "name").expect("a batch can be read");
        let served = view.batch(*node).expect("a batch").deployment;
        name == Some(Value::text(text(&json["file"]))) && view.key_of(served) == deployment
    };
    let found: Vec<NodeNo> = view.nodes_of(Kind::Batch).filter(fits).collect();
    assert_eq!(found.len(), 1, "batches of {json}");
    view.key_of(found[0])
}

/// A field's value as the schema types it.
fn value_of(kind: Kind, name: &str, json: &Json) -> Value {
    let spec = COMMON_FIELDS.iter().chain(fields(kind)).find(|spec| spec.name == name);
    let spec = spec.unwrap_or_else(|| panic!("{kind} has no field `{name}`"));
    match (spec.field_type, json) {
        (FieldType::Time, Json::String(text)) => Value::from(time(text)),
        (FieldType::Hash, Json::String(text)) => {
            Value::Bytes(Hash::from_hex(text).expect("32 bytes in hexadecimal").0.to_vec())
        }
        (FieldType::Text, Json::String(text)) => Value::text(text.as_str()),
        (FieldType::Bool, Json::Bool(truth)) => Value::Bool(*truth),
        (FieldType::Int, Json::Number(number)) => Value::from(number.as_i64().expect("an int")),
        (FieldType::Float, Json::Number(number)) => Value::float(number.as_f64().expect("a float")),
        (FieldType::Map, Json::Object(members)) => {
            let member = |(name, value): (&String, &Json)| {
                let value = match value {
                    Json::String(text) => Value::text(text.as_str()),
                    value => Value::float(value.as_f64().expect("a text or a figure")),
                };
                (name.clone(), value)
            };
            Value::Map(members.iter().map(member).collect())
        }
        (expected, found) => panic!("`{name}` of a {kind}: {expected:?} expected, found {found}"),
    }
}

/// Nanoseconds of a time such as `2026-03-14T09:00:00Z`.
fn time(text: &str) -> i64 {
    let number = |from: usize, to: usize| -> i64 {
        text.get(from..to).and_then(|digits| digits.parse().ok()).expect("a time to the second")
    };
    assert!(text.len() == 20 && text.ends_with('Z'), "{text}");
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    // Days since 1970 after Howard Hinnant's `days_from_civil`.
    let shifted = year - i64::from(month <= 2);
    let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
        + day_of_year
        - 719_468;
    (days * 86_400 + number(11, 13) * 3_600 + number(14, 16) * 60 + number(17, 19)) * SECOND
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_read_to_the_second() {
        assert_eq!(time("1970-01-01T00:00:00Z"), 0);
        assert_eq!(time("2000-02-29T23:59:59Z"), 951_868_799_000_000_000);
        assert_eq!(time("2025-11-03T14:00:00Z"), 1_762_178_400_000_000_000);
    }
}
