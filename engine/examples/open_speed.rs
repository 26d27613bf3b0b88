//! How long a store takes to open, with and without its index, what it holds in memory then, and how
//! long a field of a node takes from a column and from the records.
//!
//!     cargo run --release -p lineal-engine --example open_speed [-- FOLDER [look]]
//!
//! Makes a store of 200,000 nodes in FOLDER (or a temporary one) if there is none yet. With `look` it
//! only reads, from a store of whatever size.

use lineal_engine::schema::{Direction, KINDS, Kind, Relation, fields};
use lineal_engine::storage::FileStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{Cell, NodeDraft, Options, Result, Saying, Store};
use lineal_proof::{Hash, Key, KeyPart, Value};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// Half of them runs, a quarter data sets, a quarter models.
const NODES: u32 = 200_000;
const PER_COMMIT: u32 = 50_000;

fn main() -> Result<()> {
    let temporary = std::env::temp_dir().join("lineal-open-speed");
    let path = std::env::args_os().nth(1).map_or(temporary, Into::into);
    if std::env::args().nth(2).is_some_and(|word| word == "look") {
        return look_only(&path);
    }
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
    look_only(&path)?;
    for file in ["ledger.idx", "manifest"] {
        let _ = std::fs::remove_file(path.join("index").join(file));
    }
    timed("the same without the index", || look(&path))
}

/// Opens a store, reads every column and every field that has one, and says what that took.
fn look_only(path: &Path) -> Result<()> {
    let store = timed("open read-only", || Store::open_read_only(path))?;
    let view = timed("a view", || store.snapshot())?;
    println!("{:>8} nodes, {}", view.node_count(), resident());
    let (mut cells, mut from_columns, mut from_fields, mut asked) = (0_u64, 0, 0, 0_u64);
    for kind in KINDS {
        for field in fields(kind) {
            let Some(column) = view.column(kind, field.name) else { continue };
            // Once to check the blocks, once for the time.
            for turn in 0..2 {
                let start = Instant::now();
                for node in view.nodes_of(kind) {
                    cells += turn * u64::from(black_box(column.get(node)) != Cell::Absent);
                }
                from_columns += u128::from(turn) * start.elapsed().as_nanos();
            }
            let start = Instant::now();
            for node in view.nodes_of(kind).take(SOME) {
                black_box(view.field(node, field.name)?);
                asked += 1;
            }
            from_fields += start.elapsed().as_nanos();
        }
    }
    let columns: u64 = KINDS
        .iter()
        .map(|kind| {
            let with =
                fields(*kind).iter().filter(|field| view.column(*kind, field.name).is_some());
            (view.nodes_of(*kind).len() * with.count()) as u64
        })
        .sum();
    println!(
        "{:>8.1} ns  a cell of a column, {columns} cells, {cells} with a value",
        per(from_columns, columns)
    );
    println!("{:>8.1} ns  a field by its name, {asked} asked", per(from_fields, asked));
    for what in ["first looks for", "looks for"] {
        let hashes: Vec<Hash> =
            (0..SOME).map(|number| Hash::of(format!("{what} {number}").as_bytes())).collect();
        let start = Instant::now();
        for hash in &hashes {
            assert_eq!(view.events_by_hash(None, &hash.0)?, [], "nothing has this hash");
        }
        println!(
            "{:>8.1} ns  of {SOME} {what} a hash that no event has",
            per(start.elapsed().as_nanos(), SOME as u64)
        );
    }
    let mut from_records = 0;
    let mut read = 0_u64;
    for kind in KINDS {
        let start = Instant::now();
        for node in view.nodes_of(kind).take(SOME) {
            black_box(view.fields(node)?);
            read += 1;
        }
        from_records += start.elapsed().as_nanos();
    }
    println!(
        "{:>8.1} ns  all fields of a node from its records, {read} read",
        per(from_records, read)
    );
    println!("{:>8} {}", "", resident());
    Ok(())
}

/// Nodes of a kind whose fields are asked for by name.
const SOME: usize = 10_000;

#[expect(clippy::cast_precision_loss, reason = "a time to be printed")]
fn per(nanoseconds: u128, count: u64) -> f64 {
    nanoseconds as f64 / count.max(1) as f64
}

/// What the process holds in memory, where the system says so.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines =
        status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("RssAnon"));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
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
