//! A small store with a claim of each kind on the way from events to data, and its checkpoints.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{BatchDraft, EdgeDraft, ErasureOrder, NodeDraft, Store, Target};
use lineal_proof::bundle::subtrees;
use lineal_proof::record::Decision;
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, TreeHash};
use lineal_proof::{Hash, Key, KeyPart, Value};
use lineal_query::StoreView;
use lineal_tests::sample::{options, saying, source, texts};
use std::sync::Arc;
use tempfile::TempDir;

/// The log's name.
pub(super) const KEY_NAME: &str = "proofs.example/log";

fn signer(secret: u8) -> NoteSigner {
    NoteSigner::new(KEY_NAME, SignatureKind::Ed25519, &[secret; 32]).expect("a name")
}

/// The log's verifier key.
pub(super) fn key() -> String {
    signer(7).verifier().to_string()
}

/// The key of somebody else under the same name.
pub(super) fn other_key() -> String {
    signer(8).verifier().to_string()
}

/// The input hash of the events of a deployment.
pub(super) fn hash_of(number: u32) -> String {
    Hash::of(&number.to_le_bytes()).to_string()
}

fn deployment(number: u32) -> Key {
    texts(&["scorer", "prod", &format!("d{number}"), "credit", "3"])
}

/// Fifteen events: the third of them has the hash of the deployment.
fn batch(number: u32) -> BatchDraft {
    let mut block = EventBlock::new();
    for row in 0..15 {
        let at = i64::from(number * 100 + row);
        block.set(EventField::Time, EventValue::Int(at));
        block.set(EventField::Line, EventValue::Int(at));
        block.set(EventField::EventId, EventValue::Text(&format!("e{number}-{row}")));
        block.set(EventField::Confidence, EventValue::Float(f64::from(row) / 7.0));
        block.set(EventField::HumanOverride, EventValue::Bool(row % 5 == 0));
        let hash = if row == 2 { number } else { 1_000_000 + number * 100 + row };
        block.set(EventField::InputHash, EventValue::Hash(&Hash::of(&hash.to_le_bytes()).0));
        block.set(EventField::InputAlgorithm, EventValue::Text("sha256"));
        block.set(EventField::Session, EventValue::Text("s-äöü\n\"1\""));
        block.end_row();
    }
    BatchDraft {
        saying: saying("datadog", "datadog-archive", 200),
        deployment: deployment(number),
        file: [u8::try_from(number).expect("few"); 16],
        stretch: 0,
        label: format!("{number}.json.gz"),
        block: Arc::new(block),
        rows: (0..15).collect(),
        doubted: vec![],
    }
}

fn deployed(number: u32) -> NodeDraft {
    let mut draft = NodeDraft::new(Kind::Deployment, deployment(number));
    let unknown = KeyPart::Null;
    let (name, version, beside) = match number {
        2 => ("the scorer".into(), "3".into(), vec![]),
        3 => ("other".into(), unknown, vec![("run".to_owned(), "4cf1aa".to_owned())]),
        4 => ("other".into(), unknown, vec![("logged".to_owned(), "m-1".to_owned())]),
        5 => ("credit".into(), unknown, vec![]),
        6 => ("credit".into(), "champion".into(), vec![]),
        _ => ("credit".into(), "3".into(), vec![]),
    };
    let key = Key::new(vec![KeyPart::Null, name, version]);
    draft.edges.push(EdgeDraft { relation: Relation::Deploys, kind: Kind::Model, key, beside });
    if number <= 2 {
        draft.link(Relation::BelongsTo, Kind::System, Key::text("lending"));
    }
    draft
}

fn registry_of_approvals() -> lineal_engine::Saying {
    saying("tickets", "tickets", 100)
}

/// The store: deployments 1 to 4 and 6 are known before the models, 5 after them.
pub(super) fn store() -> (TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path().join("store"), options()).expect("a store");
    let log = saying("datadog", "datadog-archive", 200);
    let mut tx = store.begin(None, None).expect("a transaction");
    for number in [1, 2, 3, 4, 6] {
        tx.add_node(&log, deployed(number)).expect("a node");
        tx.add_batch(batch(number));
    }
    tx.add_source(source("1.json.gz", 1));
    tx.commit().expect("a commit");

    let registry = saying("mlflow-1", "mlflow-sqlite", 100);
    let mut tx = store.begin(None, None).expect("a transaction");
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1aa"));
    run.fields.insert("status", "FINISHED");
    run.link(Relation::TrainedOn, Kind::Dataset, texts(&["loans", "d1", "s3", "{}"]));
    run.link(Relation::TestedOn, Kind::Dataset, texts(&["holdout", "d9", "s3", "{}"]));
    tx.add_node(&registry, run).expect("a node");
    let mut logged = NodeDraft::new(Kind::Model, Key::text("m-1"));
    logged.link(Relation::ProducedBy, Kind::Run, Key::text("4cf1aa"));
    tx.add_node(&registry, logged).expect("a node");
    let mut model = NodeDraft::new(Kind::Model, texts(&["mlflow-1", "credit", "3"]));
    model.link(Relation::ProducedBy, Kind::Run, Key::text("4cf1aa"));
    model.fields.insert("aliases", Value::List(vec![Value::text("champion")]));
    tx.add_node(&registry, model).expect("a node");
    for name in [["loans", "d1"], ["holdout", "d9"]] {
        let mut data = NodeDraft::new(Kind::Dataset, texts(&[name[0], name[1], "s3", "{}"]));
        data.fields.insert("name", name[0]);
        tx.add_node(&registry, data).expect("a node");
    }
    // Approvals of other versions: one by a claim, one by the whole key.
    for (approved, registry) in [("2", KeyPart::Null), ("9", "mlflow-1".into())] {
        let mut approval = NodeDraft::new(Kind::Approval, texts(&["tickets", approved, "a", "d"]));
        let key = Key::new(vec![registry, "credit".into(), approved.into()]);
        approval.link(Relation::Approves, Kind::Model, key);
        tx.add_node(&registry_of_approvals(), approval).expect("a node");
    }
    tx.add_source(source("mlflow.db", 2));
    tx.commit().expect("a commit");

    let mut tx = store.begin(None, None).expect("a transaction");
    let family = Key::new(vec!["mlflow-1".into(), "credit".into(), KeyPart::Null]);
    tx.add_reference(Kind::Model, "the scorer", Some(family));
    tx.add_node(&log, deployed(5)).expect("a node");
    tx.add_batch(batch(5));
    tx.add_source(source("5.json.gz", 3));
    tx.commit().expect("a commit");
    (folder, Arc::new(store))
}

/// A store whose registry writes `v3` where logs say `3`: one log calls the model by its name, the other by a name
/// that was given by hand to this version.
pub(super) fn spelled() -> (TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path().join("store"), options()).expect("a store");
    let mut tx = store.begin(None, None).expect("a transaction");
    for number in [1, 2] {
        tx.add_node(&saying("datadog", "datadog-archive", 200), deployed(number)).expect("a node");
        tx.add_batch(batch(number));
    }
    tx.add_source(source("1.json.gz", 1));
    tx.commit().expect("a commit");
    let mut tx = store.begin(None, None).expect("a transaction");
    let key = texts(&["wandb-1", "credit", "v3"]);
    let model = NodeDraft::new(Kind::Model, key.clone());
    tx.add_node(&saying("wandb-1", "wandb-part", 100), model).expect("a node");
    tx.add_reference(Kind::Model, "the scorer@v3", Some(key));
    tx.add_source(source("runs.json", 2));
    tx.commit().expect("a commit");
    (folder, Arc::new(store))
}

/// Another store with as many commits.
pub(super) fn other() -> (TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path().join("store"), options()).expect("a store");
    for number in 1..=3 {
        lineal_tests::sample::step(&store, number).expect("a step");
    }
    (folder, Arc::new(store))
}

/// The leaves of a store's commits in the public log.
fn leaves(store: &Store) -> Vec<Hash> {
    let payload = |number| store.commit_payload(number).expect("a commit");
    (1..=store.commit()).map(|number| leaf(&payload(number))).collect()
}

fn log_node(left: &Hash, right: &Hash) -> Hash {
    Hash(TreeHash::node(&TreeHash(left.0), &TreeHash(right.0)).0)
}

fn checkpoint(leaves: &[Hash]) -> String {
    let root = TreeHash(subtrees::show(leaves, &[], log_node)[0].0);
    let size = leaves.len() as u64;
    let origin = KEY_NAME.to_owned();
    let checkpoint = Checkpoint { origin, size, root, extensions: Vec::new() };
    checkpoint.sign(&signer(7)).expect("a name").to_string()
}

fn leaf(payload: &[u8]) -> Hash {
    Hash(TreeHash::leaf(payload).0)
}

/// The signed checkpoint over the first commits of a store.
pub(super) fn signed(store: &Store, size: u64) -> String {
    checkpoint(&leaves(store)[..usize::try_from(size).expect("few")])
}

/// A later revision of the run.
pub(super) fn again(store: &Store) {
    let mut tx = store.begin(None, None).expect("a transaction");
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1aa"));
    run.fields.insert("status", "FAILED");
    tx.add_node(&saying("mlflow-1", "mlflow-sqlite", 300), run).expect("a node");
    tx.commit().expect("a commit");
}

/// A second row of the third event of a deployment, with another input and more fields: it counts in the place
/// of the first.
pub(super) fn contradict(store: &Store, number: u32) {
    let mut block = EventBlock::new();
    let at = i64::from(number * 100 + 2);
    block.set(EventField::Time, EventValue::Int(at));
    block.set(EventField::Line, EventValue::Int(at));
    block.set(EventField::EventId, EventValue::Text(&format!("e{number}-2")));
    block.set(EventField::Confidence, EventValue::Float(0.5));
    block.set(EventField::HumanOverride, EventValue::Bool(true));
    let hash = Hash::of(&(7_000_000 + number).to_le_bytes());
    block.set(EventField::InputHash, EventValue::Hash(&hash.0));
    block.set(EventField::InputAlgorithm, EventValue::Text("sha256"));
    block.set(EventField::Session, EventValue::Text("s"));
    block.set(EventField::RequestId, EventValue::Text("r-1"));
    block.set(EventField::Rest, EventValue::Text("{\"k\":1}"));
    block.end_row();
    let draft = BatchDraft {
        file: [99; 16],
        label: "again.json.gz".into(),
        block: Arc::new(block),
        rows: vec![0],
        doubted: vec![0],
        ..batch(number)
    };
    let mut tx = store.begin(None, None).expect("a transaction");
    tx.add_batch(draft);
    tx.commit().expect("a commit");
}

/// The store's view, and the checkpoint over all of it.
pub(super) fn made(store: &Arc<Store>) -> (StoreView, String) {
    let view = StoreView::new(Arc::clone(store)).expect("a view");
    (view, signed(store, store.commit()))
}

/// Erases the event of a deployment, or its whole batch.
pub(super) fn erase(store: &Store, number: u32, whole: bool) {
    decide(store, number, whole, Decision::Erased);
}

/// Restricts the event of a deployment.
pub(super) fn restrict(store: &Store, number: u32) {
    decide(store, number, false, Decision::Restricted);
}

fn decide(store: &Store, number: u32, whole: bool, decision: Decision) {
    let view = store.snapshot().expect("a view");
    let hash = Hash::of(&number.to_le_bytes());
    let events = view.events_by_hash(None, &hash.0).expect("the index key is there");
    let target = match events.first().and_then(|event| view.event_batch(*event)) {
        Some(batch) if whole => Target::Batch(view.node_id(batch)),
        _ => Target::Events(events),
    };
    let order = ErasureOrder {
        targets: vec![target],
        decision,
        basis: "GDPR 17(1)(a)".into(),
        reference: "request 7".into(),
        decided_by: store.actor_key("officer@bank.example").expect("the actor key is there"),
        executed_by: store.actor_key("admin@bank.example").expect("the actor key is there"),
    };
    store.erase(&order, false).expect("it is done");
}
