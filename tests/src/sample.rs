//! A small store with one of each thing, written step by step, and all that it answers as text: for
//! tests that compare stores.

use lineal_engine::clock::SteppingClock;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::keys::LabelledSecrets;
use lineal_engine::schema::{Direction, Kind, RELATIONS, Relation};
use lineal_engine::{
    BatchDraft, Committed, ErasureOrder, EventRef, NodeDraft, Options, Result, Saying, SealedField,
    Snapshot, Store, Target,
};
use lineal_proof::record::{Counts, Decision, SeenRows, Source};
use lineal_proof::{Cid, Hash, Key, KeyPart, Value};
use lineal_query::told::{Stored, Target as Named};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// How many steps there are, each one commit.
pub const STEPS: u64 = 5;

/// Options under which the same steps write the same bytes.
#[must_use]
pub fn options() -> Options {
    Options {
        clock: Arc::new(SteppingClock::starting_at(1_700_000_000_000_000_000)),
        secrets: Arc::new(LabelledSecrets),
        ..Options::default()
    }
}

/// A key of texts.
#[must_use]
pub fn texts(parts: &[&str]) -> Key {
    Key::new(parts.iter().map(|part| KeyPart::from(*part)).collect())
}

/// A source in a form, as of a time.
#[must_use]
pub fn saying(source: &str, form: &str, observed_at: i64) -> Saying {
    Saying { source: source.into(), form: form.into(), observed_at }
}

/// The deployment whose events the steps log.
#[must_use]
pub fn deployment() -> Key {
    texts(&["scorer", "prod", "eu-1", "credit", "3"])
}

/// The node of a batch of the deployment above.
#[must_use]
pub fn batch_key(file: u8) -> Key {
    let deployment = lineal_proof::record::node_id(Kind::Deployment.name(), &deployment());
    Key::new(vec![
        "datadog".into(),
        KeyPart::Bytes(deployment.0.to_vec()),
        KeyPart::Bytes(vec![file; 16]),
        KeyPart::Int(0),
    ])
}

/// Events with consecutive numbers; every fourth hash is a short one, so both columns are in use.
#[must_use]
pub fn batch(file: u8, numbers: Range<u32>) -> BatchDraft {
    let mut block = EventBlock::new();
    let rows = numbers.len();
    for number in numbers {
        block.set(EventField::Time, EventValue::Int(1_000 + i64::from(number)));
        block.set(EventField::Line, EventValue::Int(i64::from(number)));
        block.set(EventField::EventId, EventValue::Text(&format!("e{number}")));
        block.set(EventField::InputAlgorithm, EventValue::Text("sha256"));
        let hash = Hash::of(&number.to_le_bytes());
        let width = if number % 4 == 3 { 20 } else { 32 };
        block.set(EventField::InputHash, EventValue::Hash(&hash.0[..width]));
        block.set(EventField::HumanOverride, EventValue::Bool(number % 5 == 0));
        if number % 3 == 0 {
            block.set(EventField::Confidence, EventValue::Float(f64::from(number) / 7.0));
            block.set(EventField::Rest, EventValue::Text("{\"k\":1}"));
        }
        block.end_row();
    }
    BatchDraft {
        saying: saying("datadog", "datadog-archive", 200),
        deployment: deployment(),
        file: [file; 16],
        stretch: 0,
        label: format!("{file}.json.gz"),
        block: Arc::new(block),
        rows: (0..u32::try_from(rows).expect("few")).collect(),
        doubted: vec![],
    }
}

/// Events of a day.
pub const EVENTS_A_DAY: u32 = 12;

/// Writes a day's events of the deployment: a commit and a container of their own, indexed.
///
/// # Errors
/// What the store says.
pub fn write_day(store: &Store, day: u8) -> Result<()> {
    let first = u32::from(day) * EVENTS_A_DAY;
    write_numbers(store, day, first..first + EVENTS_A_DAY)?;
    store.write_indexes()
}

/// Writes the events of these numbers as the batch of a day, and gives the import.
///
/// # Errors
/// What the store says.
pub fn write_numbers(store: &Store, day: u8, numbers: Range<u32>) -> Result<u64> {
    let mut tx = store.begin(None, None)?;
    let draft = batch(day, numbers);
    tx.add_node(&draft.saying, NodeDraft::new(Kind::Deployment, deployment()))?;
    tx.add_batch(draft);
    Ok(tx.commit()?.import)
}

/// The order to erase something, by one person for another.
///
/// # Errors
/// What the store says.
pub fn erasure_of(store: &Store, targets: Vec<Target>) -> Result<ErasureOrder> {
    Ok(ErasureOrder {
        targets,
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".into(),
        reference: "request 2026-117".into(),
        decided_by: store.actor_key("officer@bank.example")?,
        executed_by: store.actor_key("admin@bank.example")?,
    })
}

/// All that lies in a store, also what no view shows, as who erases something looks at it.
///
/// # Errors
/// What the store says.
pub fn stored(store: &Store) -> Result<Stored<'_>> {
    Stored::of(store, store.snapshot()?.with_restricted())
}

/// The events that a text names in all that lies in a store.
///
/// # Panics
/// If it names none.
#[must_use]
pub fn events_named(store: &Store, text: &str) -> Vec<EventRef> {
    let stored = stored(store).expect("the store reads");
    match stored.resolve(text) {
        Ok((_, Named::Events { events, .. })) => events,
        _ => panic!("{text} is no event"),
    }
}

/// Custody of a file.
#[must_use]
pub fn source(label: &str, number: u32) -> Source {
    let bytes = Hash::of(&number.to_le_bytes());
    let mut digest = [0; 16];
    digest.copy_from_slice(&bytes.0[..16]);
    Source {
        source: "mlflow-1a2b3c4d".into(),
        form: "mlflow-sqlite".into(),
        label: label.into(),
        files: 1,
        lines: None,
        size: 10,
        sha256: Some(bytes),
        blake3: Some(bytes),
        sealed: Vec::new(),
        digest,
        mapping: Hash::of(b"mapping"),
        observed_at: 100,
        stretches: (0, 1),
        whole: true,
        counts: Counts { read: 1, accepted: 1, ..Counts::default() },
    }
}

/// Takes a step, from 1.
///
/// # Errors
/// What the store says.
pub fn step(store: &Store, number: u64) -> Result<Committed> {
    match number {
        1 => nodes(store),
        2 => events(store),
        3 => names(store),
        4 => again(store),
        _ => retraction(store),
    }
}

/// Takes the steps that are still to be taken.
///
/// # Errors
/// What the store says.
pub fn finish(store: &Store) -> Result<()> {
    for number in store.commit() + 1..=STEPS {
        step(store, number)?;
    }
    Ok(())
}

/// dataset <- run <- model, with a person, a large value and a node that is only referred to.
fn nodes(store: &Store) -> Result<Committed> {
    let saying = saying("mlflow-1a2b3c4d", "mlflow-sqlite", 100);
    let mut tx = store.begin(None, Some(store.actor_key("auditor@bank.example")?))?;
    let anna = Key::text(store.actor_key("anna@bank.example")?);
    let mut actor = NodeDraft::new(Kind::Actor, anna.clone());
    actor.sealed.push(SealedField {
        field: "email".into(),
        value: Value::text("anna@bank.example"),
        actor: Some(anna.clone()),
    });
    tx.add_node(&saying, actor)?;
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1aa"));
    run.fields.insert("status", "FINISHED");
    run.fields.insert("tags", Value::Map([("big", "b".repeat(70_000))].into_iter().collect()));
    run.sealed.push(SealedField {
        field: "user".into(),
        value: Value::text("anna"),
        actor: Some(anna.clone()),
    });
    run.link(Relation::TrainedOn, Kind::Dataset, texts(&["loans", "d1", "s3", "{}"]));
    run.link(Relation::TestedOn, Kind::Dataset, texts(&["holdout", "d9", "s3", "{}"]));
    run.link(Relation::DoneBy, Kind::Actor, anna);
    tx.add_node(&saying, run)?;
    let mut model = NodeDraft::new(Kind::Model, texts(&["mlflow-1a2b3c4d", "credit", "3"]));
    model.fields.insert("form", "registered");
    model.fields.insert("aliases", Value::List(vec![Value::text("champion")]));
    model.link(Relation::ProducedBy, Kind::Run, Key::text("4cf1aa"));
    tx.add_node(&saying, model)?;
    let mut data = NodeDraft::new(Kind::Dataset, texts(&["loans", "d1", "s3", "{}"]));
    data.fields.insert("name", "loans");
    data.fields.insert("rows", 1_000_i64);
    tx.add_node(&saying, data)?;
    tx.add_source(source("mlflow.db", 1));
    tx.commit()
}

/// A deployment that claims a model, and a batch of its events.
fn events(store: &Store) -> Result<Committed> {
    let log = saying("datadog", "datadog-archive", 200);
    let mut tx = store.begin(None, None)?;
    let mut draft = NodeDraft::new(Kind::Deployment, deployment());
    draft.fields.insert("region", "eu");
    let claim = Key::new(vec![KeyPart::Null, "credit".into(), "3".into()]);
    draft.link(Relation::Deploys, Kind::Model, claim);
    tx.add_node(&log, draft)?;
    tx.add_batch(batch(7, 0..40));
    tx.add_source(source("7.json.gz", 2));
    tx.commit()
}

/// A name given by hand, a setting, and the run in a second form that says otherwise.
fn names(store: &Store) -> Result<Committed> {
    let saying = saying("mlflow-1a2b3c4d", "mlflow-file", 150);
    let mut tx = store.begin(None, None)?;
    let family = Key::new(vec!["mlflow-1a2b3c4d".into(), "credit".into(), KeyPart::Null]);
    tx.add_reference(Kind::Model, "the scorer", Some(family));
    tx.add_setting("rank", Value::List(vec![Value::text("mlflow-file")]));
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1aa"));
    run.fields.insert("status", "KILLED");
    run.sealed.push(SealedField {
        field: "note".into(),
        value: Value::text("ask Bert"),
        actor: None,
    });
    tx.add_node(&saying, run)?;
    tx.commit()
}

/// A second file that repeats ten events and brings twenty, and a snapshot without the data set.
fn again(store: &Store) -> Result<Committed> {
    let log = saying("datadog", "datadog-archive", 300);
    let first = store.snapshot()?.find(Some(Kind::Batch), &short(&batch_key(7)));
    let known = store.snapshot()?.revision_id(first[0]);
    let mut tx = store.begin(None, None)?;
    tx.add_batch(batch(8, 40..60));
    if let Some(known) = known {
        let rows = vec![SeenRows { batch: Cid(known), runs: vec![(30, 10)] }];
        tx.add_seen_rows(&log, [8; 16], rows);
    }
    let saying = saying("mlflow-1a2b3c4d", "mlflow-sqlite", 300);
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1aa"));
    run.fields.insert("status", "FAILED");
    let staged = tx.add_node(&saying, run)?;
    tx.add_snapshot(&saying, BTreeMap::from([(staged.node, staged.content)]));
    tx.commit()
}

fn short(key: &Key) -> String {
    lineal_proof::record::node_id(Kind::Batch.name(), key).short()
}

/// The third step was a mistake.
fn retraction(store: &Store) -> Result<Committed> {
    let mut tx = store.begin(None, None)?;
    tx.add_retract(3, false, Some("the wrong folder"))?;
    tx.commit()
}

/// Fields that tell of this log and not of the world: when and in how many revisions it was taken.
pub const FIELDS_OF_THE_LOG: [&str; 6] = ["id", "recorded", "updated", "revisions", "time", "key"];

/// Everything that a view answers about nodes, one line each, without times of commits, ids and
/// numbers. Imports are left out.
///
/// # Panics
/// If a record cannot be read.
#[must_use]
pub fn answers(view: &Snapshot) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for node in 0..view.node_count() {
        if view.kind_of(node) == Kind::Import {
            continue;
        }
        let name = format!("{} {:?}", view.kind_of(node), view.key_of(node));
        let folded = view.fields(node).expect("fields can be read");
        for (field, value) in folded.fields.iter() {
            if !FIELDS_OF_THE_LOG.contains(&field) && field != "sources" {
                lines.insert(format!("{name} {field} = {value:?}"));
            }
        }
        for (source, form) in view.sources_of(node) {
            lines.insert(format!("{name} from {source} {form}"));
        }
        for candidate in view.candidates(node) {
            lines.insert(format!("{name} may be {:?}", view.key_of(*candidate)));
        }
        for spec in &RELATIONS {
            for target in view.edges(node, spec.relation, Direction::Forward) {
                if view.kind_of(*target) != Kind::Import {
                    let target = format!("{} {:?}", view.kind_of(*target), view.key_of(*target));
                    lines.insert(format!("{name} {} {target}", spec.name));
                }
            }
        }
        if view.kind_of(node) == Kind::Batch {
            for event in view.rows_of(node) {
                let fields = view.event(event).expect("an event can be read");
                lines.insert(format!("{name} holds {fields:?}"));
            }
        }
    }
    lines
}
