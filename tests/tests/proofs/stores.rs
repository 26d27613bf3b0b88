//! A small store with a claim of each kind on the way from events to data, and its checkpoints.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{BatchDraft, EdgeDraft, NodeDraft, Store};
use lineal_proof::bundle::{
    Bundle, CommitPart, RecordPart, RowContent, RowPart, Statement, subtrees,
};
use lineal_proof::event::leaf_of;
use lineal_proof::record::{Commit, Record};
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, TreeHash};
use lineal_proof::{Cid, Hash, Key, KeyPart, Map, Value, cbor, merkle};
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
        _ => ("credit".into(), "3".into(), vec![]),
    };
    let key = Key::new(vec![KeyPart::Null, name, version]);
    draft.edges.push(EdgeDraft { relation: Relation::Deploys, kind: Kind::Model, key, beside });
    draft
}

/// The store: deployments 1 to 4 are known before the models, 5 after them.
pub(super) fn store() -> (TempDir, Arc<Store>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::create(folder.path().join("store"), options()).expect("a store");
    let log = saying("datadog", "datadog-archive", 200);
    let mut tx = store.begin(None, None).expect("a transaction");
    for number in 1..=4 {
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
    tx.add_node(&registry, model).expect("a node");
    for name in [["loans", "d1"], ["holdout", "d9"]] {
        let mut data = NodeDraft::new(Kind::Dataset, texts(&[name[0], name[1], "s3", "{}"]));
        data.fields.insert("name", name[0]);
        tx.add_node(&registry, data).expect("a node");
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

/// The store's view, and the checkpoint over all of it.
pub(super) fn made(store: &Arc<Store>) -> (StoreView, String) {
    let view = StoreView::new(Arc::clone(store)).expect("a view");
    (view, signed(store, store.commit()))
}

/// The proof of an event, and what it becomes when that event, or its whole batch, is erased by a
/// record in the next commit.
pub(super) fn erased(store: &Store, proof: &Bundle) -> Vec<String> {
    let part = &proof.events[0];
    let row = &part.rows[0];
    let RowContent::Whole { k1, k2, open, subject } = &row.content else { panic!("a whole row") };
    let row_leaf = leaf_of(k1, open, &Hash::keyed(k2, subject));
    let whole = |first: u64, count: u64| {
        let run = Value::List(vec![Value::from(first), Value::from(count)]);
        Value::List(vec![run])
    };
    let one = (whole(row.at, 1), Value::Bytes(row_leaf.0.to_vec()), Some(row_leaf));
    let all = (whole(0, 15), Value::Null, None);
    let mut files = Vec::new();
    for (runs, kept, leaf_of_row) in [one, all] {
        let mut record = Map::new();
        record.insert("type", "erasure");
        record.insert("format", 1_i64);
        record.insert("decision", "erased");
        let entry = Value::List(vec![Value::Link(Cid(part.batch)), runs, kept]);
        record.insert("batches", Value::List(vec![entry]));
        let payload = cbor::encode_map(&record);
        let id = Hash::of(&payload);
        let mut leaves = leaves(store);
        let commit = Commit {
            number: leaves.len() as u64 + 1,
            recorded: 0,
            store: *store.id(),
            actor: None,
            parent: None,
            import: leaves.len() as u64 + 1,
            counts: vec![("erasure".to_owned(), 1)],
            records_root: merkle::records_root(&[id]),
            segment_sha256: Hash::default(),
        };
        let commit = commit.encode();
        let mut places: Vec<u64> = proof
            .commits
            .iter()
            .map(|part| Commit::decode(&part.payload).expect("a commit").number - 1)
            .collect();
        places.push(leaves.len() as u64);
        leaves.push(leaf(&commit));
        let records = vec![RecordPart { at: 0, payload }];
        let content = RowContent::Erased { leaf: leaf_of_row, record: id };
        let mut changed = proof.clone();
        changed.checkpoint = checkpoint(&leaves);
        changed.tree = subtrees::show(&leaves, &places, log_node);
        changed.commits.push(CommitPart { payload: commit, records, tree: Vec::new() });
        changed.events[0].rows = vec![RowPart { at: row.at, content }];
        if leaf_of_row.is_none() {
            changed.events[0].tree.clear();
        }
        if let Statement::Events { named, .. } = &mut changed.statement {
            *named = None;
        }
        files.push(changed.write());
    }
    files
}
