//! What it costs to write the index of a store behind a commit that brings little, and what is
//! written then.
//!
//!     cargo run --release -p lineal-engine --example next_generation -- FOLDER [trail|day [COMMITS]]
//!
//! Adds commits to the store in FOLDER, which had better be a copy, and writes the index behind each: of
//! the trail with 1,002 uses, or like a day of logs, with a batch of events for each of 200 of its
//! deployments and a new one. CPU time is that of the whole process.

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::{BatchDraft, NodeDraft, Options, Saying, Store};
use lineal_proof::{Hash, Key, KeyPart, Value};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

const ENTRIES: u64 = 1_002;
const DEPLOYMENTS: usize = 200;
const EVENTS: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("next_generation FOLDER [trail|day [COMMITS]]")?;
    let is_day = arguments.next().is_some_and(|word| word == "day");
    let commits: u64 = arguments.next().map_or(Ok(1), |count| count.parse())?;
    let path = Path::new(&folder);
    let store = measured(path, "open for writing", || Ok(Store::open(path, Options::default())?))?;
    for _ in 0..commits {
        measured(path, "commit", || if is_day { day(&store) } else { trail(&store) })?;
        measured(path, "write the index", || Ok(store.write_indexes()?))?;
    }
    drop(store);
    let view = measured(path, "open read-only, and a view", || {
        Ok(Store::open_read_only(path)?.snapshot()?)
    })?;
    println!("{} nodes", view.node_count());
    Ok(())
}

/// Some events of some deployments, and a deployment that is new.
fn day(store: &Store) -> Result<(), Box<dyn Error>> {
    let saying = Saying {
        source: "datadog".into(),
        form: "datadog-archive".into(),
        observed_at: i64::MAX / 2,
    };
    let view = store.snapshot()?;
    let all: Vec<u32> = view.nodes_of(Kind::Deployment).collect();
    let mut keys: Vec<Key> = all
        .iter()
        .step_by((all.len() / DEPLOYMENTS).max(1))
        .map(|node| view.key_of(*node))
        .collect();
    let start = store.commit();
    let mut new = keys.first().ok_or("a store with deployments")?.clone();
    new.0[0] = KeyPart::Text(format!("service-of-{start}"));
    keys.push(new);
    drop(view);
    let mut transaction = store.begin(None, None)?;
    for (number, key) in (0_u32..).zip(keys) {
        transaction.add_node(&saying, NodeDraft::new(Kind::Deployment, key.clone()))?;
        let mut file = [0; 16];
        file[..8].copy_from_slice(&start.to_le_bytes());
        file[8..12].copy_from_slice(&number.to_le_bytes());
        transaction.add_batch(BatchDraft {
            saying: saying.clone(),
            deployment: key,
            file,
            stretch: 0,
            label: format!("{start}-{number}.json.gz"),
            block: Arc::new(events(start, number)),
            rows: (0..EVENTS).collect(),
            doubted: vec![],
        });
    }
    transaction.commit()?;
    Ok(())
}

fn events(start: u64, number: u32) -> EventBlock {
    let mut block = EventBlock::new();
    for event in 0..EVENTS {
        let id = format!("{start}-{number}-{event}");
        block.set(EventField::Time, EventValue::Int(1_700_000_000_000_000_000 + i64::from(event)));
        block.set(EventField::EventId, EventValue::Text(&id));
        block.set(EventField::InputAlgorithm, EventValue::Text("sha256"));
        block.set(EventField::InputHash, EventValue::Hash(&Hash::of(id.as_bytes()).0));
        block.end_row();
    }
    block
}

/// Uses as a server notes them; behind all that are there.
fn trail(store: &Store) -> Result<(), Box<dyn Error>> {
    let start = store.commit();
    let mut transaction = store.begin(None, None)?;
    for place in 0..ENTRIES {
        let key = vec![KeyPart::Text(format!("{start:012}")), i64::try_from(place)?.into()];
        let mut draft = NodeDraft::new(Kind::Access, Key::new(key));
        draft.fields.insert("time", Value::from(i64::try_from(place)?));
        draft.fields.insert("what", "use");
        draft.fields.insert("token", format!("token-{}", place % 7));
        draft.fields.insert("role", "investigator");
        draft.fields.insert("endpoint", "POST /v1/query");
        draft.fields.insert("plan", format!("{place:064x}"));
        draft.fields.insert("outcome", "answered");
        draft.fields.insert("http_status", 200_i64);
        draft.fields.insert("results", i64::try_from(place * 31)?);
        let saying = Saying { source: "lineal".into(), form: "trail".into(), observed_at: 1 };
        transaction.add_node(&saying, draft)?;
    }
    transaction.commit()?;
    Ok(())
}

fn measured<T>(
    path: &Path,
    what: &str,
    work: impl FnOnce() -> Result<T, Box<dyn Error>>,
) -> Result<T, Box<dyn Error>> {
    let (cpu, written, start) = (cpu_seconds()?, written_bytes(), Instant::now());
    let done = work()?;
    println!(
        "{:>8.3} s CPU {:>8.3} s wall {:>9.2} MB written {:>9.2} MB of graphs  {what}",
        cpu_seconds()? - cpu,
        start.elapsed().as_secs_f64(),
        megabytes(written_bytes() - written),
        megabytes(graph_bytes(path)?),
    );
    Ok(done)
}

#[expect(clippy::cast_precision_loss, reason = "a figure to be printed")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn graph_bytes(path: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(path.join("index"))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("graph-") {
            bytes += entry.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// What this process gave to the system to be written.
fn written_bytes() -> u64 {
    let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// CPU time of the process so far, in its ticks of 10 ms.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/self/stat names the process")?;
    let mut ticks = fields.split_whitespace().skip(11).take(2);
    let mut next = || -> Result<f64, Box<dyn Error>> {
        Ok(ticks.next().ok_or("/proc/self/stat has the times")?.parse::<f64>()?)
    };
    Ok((next()? + next()?) / 100.0)
}
