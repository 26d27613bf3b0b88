//! Generated worlds: data sets in layers, runs trained on them, models, deployments with their
//! events, approvals and documents. The same size gives the same store.
//!
//! The shape follows the synthetic world of the comparison with other engines: of every ten data
//! sets three are raw, each other is derived from one or two before it; each run trains on one to
//! three; every third model is tuned from an earlier one, every second is deployed.

use lineal_engine::clock::SteppingClock;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::keys::LabelledSecrets;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::{FileStorage, MemoryStorage, Storage};
use lineal_engine::{BatchDraft, NodeDraft, Options, Result, Saying, Store};
use lineal_proof::{Hash, Key, KeyPart};
use std::path::Path;
use std::sync::Arc;

/// The registry and tracking store that all nodes come from.
const SOURCE: &str = "mlflow-1a2b3c4d";
/// The first event, ns: 2026-01-01.
pub const BEGIN: i64 = 1_767_225_600_000_000_000;
/// Between two events of one deployment, ns: with 100 events a deployment answers for 100 hours.
pub const STEP: i64 = 3_600_000_000_000;
/// Nodes staged before a commit.
const PER_COMMIT: u32 = 50_000;

/// How much is generated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Size {
    /// Runs, and as many models and data sets.
    pub runs: u32,
    /// Events of each deployment; every second model has one.
    pub events: u32,
}

impl Size {
    /// For quick looks, and for questions of every kind.
    pub const SMALL: Size = Size { runs: 2_000, events: 50 };
    /// Ten times the graph, and ten times the events.
    pub const MIDDLE: Size = Size { runs: 20_000, events: 50 };

    /// Its name in the id of a bench.
    #[must_use]
    pub fn name(self) -> String {
        format!("{}_runs_{}_events", self.runs, self.all_events())
    }

    /// Events in all.
    #[must_use]
    pub fn all_events(self) -> u64 {
        u64::from(self.runs.div_ceil(2)) * u64::from(self.events)
    }
}

/// Options under which the same world has the same bytes.
#[must_use]
pub fn options() -> Options {
    Options {
        clock: Arc::new(SteppingClock::starting_at(BEGIN)),
        secrets: Arc::new(LabelledSecrets),
        store_id: Some([7; 16]),
        ..Options::default()
    }
}

/// Writes a world into a new store.
///
/// # Errors
/// What the store says.
pub fn write(storage: Arc<dyn Storage>, size: Size) -> Result<Store> {
    let store = Store::create_on(storage, options())?;
    let mut import = None;
    for first in (0..size.runs).step_by(PER_COMMIT as usize / 5) {
        let mut tx = store.begin(import, None)?;
        for number in first..size.runs.min(first + PER_COMMIT / 5) {
            for node in nodes(number) {
                tx.add_node(&saying("mlflow-sqlite"), node)?;
            }
            if number.is_multiple_of(2) {
                tx.add_batch(batch(number, size.events));
            }
        }
        import = Some(tx.commit()?.import);
    }
    store.write_indexes()?;
    Ok(store)
}

/// A world in memory.
///
/// # Errors
/// What the store says.
pub fn in_memory(size: Size) -> Result<(MemoryStorage, Store)> {
    let storage = MemoryStorage::new();
    let store = write(Arc::new(storage.clone()), size)?;
    Ok((storage, store))
}

/// A world in a folder, opened as programs that only read do: files are mapped, not held.
///
/// # Errors
/// What the store says.
pub fn in_folder(folder: &Path, size: Size) -> Result<Store> {
    drop(write(Arc::new(FileStorage::new(folder)), size)?);
    Store::open_read_only(folder)
}

fn saying(form: &str) -> Saying {
    Saying { source: SOURCE.into(), form: form.into(), observed_at: BEGIN }
}

/// Numbers that look random and follow from their place alone.
#[must_use]
pub fn mix(number: u32, salt: u32) -> u32 {
    let mut z = (u64::from(number) << 32 | u64::from(salt)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or_default()
}

/// `name@version` of a model.
#[must_use]
pub fn model_name(number: u32) -> String {
    format!("model-{}@{}", number / 10, number % 10 + 1)
}

/// The name of a data set; it is also its version's only one.
#[must_use]
pub fn dataset_name(number: u32) -> String {
    format!("data-{number}")
}

/// The input hash of an event.
#[must_use]
pub fn input_hash(model: u32, event: u32) -> Hash {
    Hash::of(&(u64::from(model) << 32 | u64::from(event)).to_le_bytes())
}

fn dataset_key(number: u32) -> Key {
    let digest = Hash::of(&number.to_le_bytes()).to_string();
    let source = format!("{{\"uri\":\"s3://bucket/data-{number}\"}}");
    Key::new(vec![dataset_name(number).into(), digest.into(), "s3".into(), source.into()])
}

fn model_key(number: u32) -> Key {
    let (name, version) = (format!("model-{}", number / 10), format!("{}", number % 10 + 1));
    Key::new(vec![SOURCE.into(), name.into(), version.into()])
}

fn run_key(number: u32) -> Key {
    Key::text(format!("{number:032x}"))
}

fn system_key(number: u32) -> Key {
    Key::text(format!("SYSTEM-{}", number % 20))
}

fn deployment_key(number: u32) -> Key {
    let (name, version) = (format!("model-{}", number / 10), format!("{}", number % 10 + 1));
    let service = KeyPart::Text(format!("scorer-{number}"));
    Key::new(vec![service, "prod".into(), "eu-1".into(), name.into(), version.into()])
}

/// The data set, run and model of a number, and what belongs to them.
fn nodes(number: u32) -> Vec<NodeDraft> {
    let mut dataset = NodeDraft::new(Kind::Dataset, dataset_key(number));
    dataset.fields.insert("name", dataset_name(number));
    dataset.fields.insert("digest", Hash::of(&number.to_le_bytes()).to_string());
    dataset.fields.insert("rows", i64::from(mix(number, 1) % 1_000_000));
    if number % 10 > 2 {
        for salt in 0..=mix(number, 2) % 2 {
            let near = 1 + mix(number, 3 + salt) % number.min(200);
            dataset.link(Relation::DerivedFrom, Kind::Dataset, dataset_key(number - near));
        }
    }
    let mut run = NodeDraft::new(Kind::Run, run_key(number));
    run.fields.insert("status", "FINISHED");
    run.fields.insert("time", BEGIN + i64::from(number));
    for salt in 0..=mix(number, 5) % 3 {
        let near = mix(number, 6 + salt) % (number + 1).min(200);
        run.link(Relation::TrainedOn, Kind::Dataset, dataset_key(number - near));
    }
    run.link(Relation::TestedOn, Kind::Dataset, dataset_key(mix(number, 9) % (number + 1)));
    run.link(Relation::BelongsTo, Kind::System, system_key(number));
    let mut model = NodeDraft::new(Kind::Model, model_key(number));
    model.fields.insert("stage", if number.is_multiple_of(7) { "Production" } else { "Archived" });
    model.link(Relation::ProducedBy, Kind::Run, run_key(number));
    if number % 3 == 2 {
        let near = 1 + mix(number, 10) % number.min(50);
        model.link(Relation::DerivedFrom, Kind::Model, model_key(number - near));
    }
    let mut nodes = vec![dataset, run, model];
    if !number.is_multiple_of(5) {
        let actor = Key::text(format!("person{:010}", number % 40));
        let key = vec![SOURCE.into(), KeyPart::Text(format!("run:{number}")), KeyPart::Null];
        let key = key.into_iter().chain([KeyPart::Null]).collect();
        let mut approval = NodeDraft::new(Kind::Approval, Key::new(key));
        approval.fields.insert("decision", "granted");
        approval.link(Relation::Approves, Kind::Run, run_key(number));
        approval.link(Relation::DoneBy, Kind::Actor, actor);
        nodes.push(approval);
    }
    if !number.is_multiple_of(4) {
        let key = vec![SOURCE.into(), KeyPart::Text(format!("RA-{number}")), KeyPart::Null];
        let mut document = NodeDraft::new(Kind::Document, Key::new(key));
        document.fields.insert("type", "risk_assessment");
        document.link(Relation::Documents, Kind::Run, run_key(number));
        nodes.push(document);
    }
    if number.is_multiple_of(2) {
        let mut deployment = NodeDraft::new(Kind::Deployment, deployment_key(number));
        deployment.fields.insert("time", BEGIN + i64::from(number % 1_000) * STEP);
        deployment.link(Relation::Deploys, Kind::Model, model_key(number));
        deployment.link(Relation::BelongsTo, Kind::System, system_key(number));
        nodes.push(deployment);
    }
    nodes
}

/// Events of a model's deployment.
#[must_use]
pub fn block(number: u32, events: u32) -> EventBlock {
    let mut block = EventBlock::new();
    let begin = BEGIN + i64::from(number % 1_000) * STEP;
    for event in 0..events {
        let hash = input_hash(number, event);
        let digest = Hash::of(&hash.0);
        let confidence = f64::from(mix(event, number) % 10_000) / 10_000.0;
        for (field, value) in [
            (EventField::Time, EventValue::Int(begin + i64::from(event) * STEP)),
            (EventField::Line, EventValue::Int(i64::from(event) + 1)),
            (EventField::EventId, EventValue::Text(&format!("event-{number}-{event}"))),
            (EventField::InputAlgorithm, EventValue::Text("sha256")),
            (EventField::InputHash, EventValue::Hash(&hash.0)),
            (EventField::OutputHash, EventValue::Hash(&digest.0)),
            (EventField::Decision, EventValue::Text(["grant", "refer"][event as usize % 2])),
            (EventField::Confidence, EventValue::Float(confidence)),
            (
                EventField::HumanOverride,
                EventValue::Bool(mix(event, number + 1).is_multiple_of(50)),
            ),
            (EventField::Art12, EventValue::Bool(true)),
        ] {
            assert!(block.set(field, value), "{field:?} takes such a value");
        }
        block.end_row();
    }
    block
}

/// A batch of these events, as an importer would hand it over.
#[must_use]
pub fn batch(number: u32, events: u32) -> BatchDraft {
    let mut file = [0; 16];
    file.copy_from_slice(&Hash::of(&number.to_le_bytes()).0[..16]);
    BatchDraft {
        saying: saying("datadog-archive"),
        deployment: deployment_key(number),
        file,
        stretch: 0,
        label: format!("{number}.json.gz"),
        block: Arc::new(block(number, events)),
        rows: (0..events).collect(),
        doubted: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::Direction;

    #[test]
    fn a_world_has_its_size_and_its_events_are_found() {
        let size = Size { runs: 40, events: 3 };
        let (_, store) = in_memory(size).unwrap();
        let view = store.snapshot().unwrap();
        for kind in [Kind::Run, Kind::Model, Kind::Dataset] {
            assert_eq!(view.nodes_of(kind).len(), 40, "{kind}");
        }
        assert_eq!(view.batches().map(|batch| batch.events).sum::<u64>(), size.all_events());
        let found = view.events_by_hash(None, &input_hash(4, 2).0).unwrap();
        assert_eq!(found.len(), 1);
        let deployment = view.event_deployment(found[0]).unwrap();
        let models = view.edges(deployment, Relation::Deploys, Direction::Forward);
        let names: Vec<String> = models.iter().map(|node| view.name_of(*node)).collect();
        assert_eq!(names, [format!("model:{}", model_name(4))]);
    }
}
