//! How long a store of 200,000 nodes takes to open, with and without its index.
//!
//!     cargo run --release -p lineal-engine --example open_speed [-- FOLDER]
//!
//! Makes the store in FOLDER (or a temporary one) if there is none yet.

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::storage::FileStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{NodeDraft, Options, Result, Saying, Store};
use lineal_proof::{Key, KeyPart, Value};
use std::path::Path;
use std::time::Instant;

/// Half of them runs, a quarter data sets, a quarter models.
const NODES: u32 = 200_000;
const PER_COMMIT: u32 = 50_000;

fn main() -> Result<()> {
    let temporary = std::env::temp_dir().join("lineal-open-speed");
    let path = std::env::args_os().nth(1).map_or(temporary, Into::into);
    if !path.join("head").exists() {
        timed("write", || fill(&path))?;
    }
    let writer = timed("open for writing", || Store::open(&path, Options::default()))?;
    timed("write the index", || writer.write_indexes())?;
    drop(writer);
    for _ in 0..5 {
        timed("open read-only, and a view", || look(&path))?;
    }
    for depth in [Depth::Fast, Depth::Full] {
        let storage = FileStorage::new(&path);
        let report = timed("verify", || verify(&storage, depth, &mut |_| {}))?;
        assert!(report.is_sound(), "{:?}", report.faults);
    }
    for file in ["ledger.idx", "graph.idx"] {
        let _ = std::fs::remove_file(path.join("index").join(file));
    }
    timed("the same without the index", || look(&path))
}

fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let done = work()?;
    println!("{:>8.1} ms  {what}", start.elapsed().as_secs_f64() * 1e3);
    Ok(done)
}

/// Opens, looks one node up, and forgets everything at once, as a short command does.
fn look(path: &Path) -> Result<()> {
    let store = Store::open_read_only(path)?;
    let view = store.snapshot()?;
    let found = view.find(Some(Kind::Model), "model-7@3");
    let made = found.iter().flat_map(|m| view.edges(*m, Relation::ProducedBy, Direction::Forward));
    assert_eq!(made.count(), 1, "the model has its run");
    std::mem::forget((store, view));
    Ok(())
}

fn fill(path: &Path) -> Result<()> {
    let store = Store::create(path, Options::default())?;
    let saying =
        Saying { source: "mlflow-1a2b3c4d".into(), form: "mlflow-sqlite".into(), observed_at: 1 };
    let mut import = None;
    for first in (0..NODES).step_by(PER_COMMIT as usize) {
        let mut tx = store.begin(import, None)?;
        for number in first..first + PER_COMMIT {
            tx.add_node(&saying, node(number))?;
        }
        import = Some(tx.commit()?.import);
    }
    Ok(())
}

/// A node with about a kilobyte of fields.
fn node(number: u32) -> NodeDraft {
    let group = number / 4;
    let dataset = Key::new(vec![
        format!("data-{group}").into(),
        format!("{group:064x}").into(),
        "s3".into(),
        format!("{{\"uri\":\"s3://bucket/data-{group}\"}}").into(),
    ]);
    let mut node = match number % 4 {
        0 => NodeDraft::new(Kind::Dataset, dataset),
        1 | 2 => {
            let mut run = NodeDraft::new(Kind::Run, Key::text(format!("{number:032x}")));
            run.link(Relation::TrainedOn, Kind::Dataset, dataset);
            run
        }
        _ => {
            let name = KeyPart::Text(format!("model-{}", group / 10));
            let version = KeyPart::Text(format!("{}", group % 10));
            let key = Key::new(vec!["mlflow-1a2b3c4d".into(), name, version]);
            let mut model = NodeDraft::new(Kind::Model, key);
            model.link(Relation::ProducedBy, Kind::Run, Key::text(format!("{:032x}", number - 1)));
            model
        }
    };
    let params = (0..20).map(|at| (format!("parameter_{at}"), format!("value {number} of {at}")));
    node.fields.insert("params", Value::Map(params.collect()));
    node.fields.insert("name", format!("node {number}"));
    node
}
