//! What it costs to write the index of a store behind a commit that brings little: a commit of the
//! trail, and what a generation writes then.
//!
//!     cargo run --release -p lineal-engine --example next_generation -- FOLDER [COMMITS [ENTRIES]]
//!
//! Adds commits of ENTRIES uses each (1,002 if not said otherwise) to the store in FOLDER, which had better be a
//! copy, and writes the index behind each. CPU time is that of the whole process.

use lineal_engine::schema::Kind;
use lineal_engine::{NodeDraft, Options, Saying, Store};
use lineal_proof::{Key, KeyPart, Value};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

const ENTRIES: u64 = 1_002;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("next_generation FOLDER [COMMITS [ENTRIES]]")?;
    let commits: u64 = arguments.next().map_or(Ok(1), |count| count.parse())?;
    let entries: u64 = arguments.next().map_or(Ok(ENTRIES), |count| count.parse())?;
    let path = Path::new(&folder);
    let store = measured(path, "open for writing", || Ok(Store::open(path, Options::default())?))?;
    for _ in 0..commits {
        measured(path, "commit", || commit(&store, entries))?;
        measured(path, "write the index", || Ok(store.write_indexes()?))?;
    }
    drop(store);
    let view = measured(path, "open read-only, and a view", || {
        Ok(Store::open_read_only(path)?.snapshot()?)
    })?;
    println!("{} nodes", view.node_count());
    Ok(())
}

/// Uses as a server notes them; behind all that are there.
fn commit(store: &Store, entries: u64) -> Result<(), Box<dyn Error>> {
    let start = store.commit();
    let mut transaction = store.begin(None, None)?;
    for place in 0..entries {
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
