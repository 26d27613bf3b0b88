//! How fast log archives are imported, as a share of what the machine can do at best.
//!
//!     cargo run --release -p lineal-import --example import_limits -- ARCHIVE MAPPING STORE
//!
//! Three things in one run over the same files with the same threads: decompression alone;
//! decompression, a hand-written parse of each line into borrowed fields, and a BLAKE3 hash of each
//! line; and the import itself, with leaves, dedup and index, into a new store in the folder STORE.
//! The hand-written parse knows the lines of the synthetic world by heart and keeps nothing: no
//! importer can be quicker than it. Store id, clock and secrets are fixed, so that the last line is
//! the same for the same archive as long as the bytes of truth are.

use flate2::bufread::MultiGzDecoder;
use lineal_engine::clock::SteppingClock;
use lineal_engine::keys::LabelledSecrets;
use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use rayon::prelude::*;
use serde::Deserialize;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

// As our programs have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What one of the three did.
struct Measured {
    wall: f64,
    cpu: f64,
    events: u64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(archive), Some(mapping), Some(store)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: import_limits ARCHIVE MAPPING STORE".into());
    };
    let mut files = Vec::new();
    list(&archive, &mut files)?;
    files.sort();
    println!("{} files, {} threads", files.len(), rayon::current_num_threads());

    let gunzip = measure(|| over(&files, |_| 0))?;
    let parsed = measure(|| over(&files, parse_and_hash))?;
    let events = parsed.events;
    show("gunzip alone", &Measured { events, ..gunzip });
    show("gunzip, parse, hash", &parsed);

    let options = Options {
        clock: Arc::new(SteppingClock::starting_at(0)),
        secrets: Arc::new(LabelledSecrets),
        store_id: Some([7; 16]),
        ..Options::default()
    };
    let made = Store::create(&store, options)?;
    let loaded = LoadedMapping::read(&mapping)?;
    let mut commits = 0;
    let imported = measure(|| {
        let options = ImportOptions { observed_at: Some(0), ..ImportOptions::default() };
        let report = import(&made, &[archive], &options, &loaded, &Progress::default())?;
        commits = report.commits;
        Ok(report.events)
    })?;
    show("import", &imported);
    println!("share of the limit: {:.2} of CPU time", share(&parsed, &imported));
    println!("peak memory: {} MB, {commits} commits", peak_mb().unwrap_or(0));
    for folder in ["segments", "containers", "index", "keys", "sealed"] {
        let mut files = Vec::new();
        list(&store.join(folder), &mut files)?;
        let bytes: u64 = files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).sum();
        let bytes = per_event(bytes, imported.events);
        println!("{bytes:>8.1} B an event in {folder} ({} files)", files.len());
    }
    println!("roots of the batches: {}", roots(&made)?);
    Ok(())
}

/// Every root of every batch as one hash: whether containers are packed otherwise or not.
fn roots(store: &Store) -> Result<String, Box<dyn Error>> {
    use lineal_engine::schema::Kind;
    let view = store.snapshot()?;
    let mut all = Vec::new();
    for node in view.nodes_of(Kind::Batch) {
        let root = view.field(node, "root")?.and_then(|root| Some(root.as_bytes()?.to_vec()));
        all.push((view.name_of(node), root));
    }
    Ok(lineal_proof::Hash::of(format!("{all:?}").as_bytes()).to_string())
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn per_event(bytes: u64, events: u64) -> f64 {
    bytes as f64 / events.max(1) as f64
}

fn share(limit: &Measured, reached: &Measured) -> f64 {
    limit.cpu / reached.cpu
}

fn show(what: &str, measured: &Measured) {
    let Measured { wall, cpu, events } = measured;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let each = *events as f64;
    let (rate, cost) = (each / wall / 1e3, cpu / each * 1e6);
    println!(
        "{wall:>8.2} s wall {cpu:>8.2} s CPU {rate:>8.0} k events/s {cost:>6.2} us CPU an event  {what}"
    );
}

fn measure(work: impl FnOnce() -> Result<u64, Box<dyn Error>>) -> Result<Measured, Box<dyn Error>> {
    let (cpu, start) = (cpu_seconds()?, Instant::now());
    let events = work()?;
    Ok(Measured { wall: start.elapsed().as_secs_f64(), cpu: cpu_seconds()? - cpu, events })
}

/// User and system time of this process and its threads, as Linux counts it: in hundredths.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let of = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    let (user, system) = (of(11).ok_or("no user time")?, of(12).ok_or("no system time")?);
    Ok((user + system) / 100.0)
}

/// The most memory that this process held, mapped files among it.
fn peak_mb() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1000)
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { list(&path, files)? } else { files.push(path) }
    }
    Ok(())
}

/// Decompresses each file and does something with its bytes.
fn over(files: &[PathBuf], work: impl Fn(&[u8]) -> u64 + Sync) -> Result<u64, Box<dyn Error>> {
    let each = files.par_iter().map(|path| -> Result<u64, std::io::Error> {
        let mut bytes = Vec::new();
        MultiGzDecoder::new(BufReader::new(File::open(path)?)).read_to_end(&mut bytes)?;
        Ok(work(black_box(&bytes)))
    });
    Ok(each.collect::<Result<Vec<u64>, _>>()?.iter().sum())
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "_id")]
    id: &'a str,
    date: &'a str,
    service: &'a str,
    host: &'a str,
    status: &'a str,
    tags: Vec<&'a str>,
    attributes: Attributes<'a>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    event_id: u64,
    deployment_id: u64,
    #[serde(borrow)]
    model: Model<'a>,
    #[serde(borrow)]
    input: Digest<'a>,
    #[serde(borrow)]
    output: Digest<'a>,
    confidence: f64,
    human_override: bool,
}

#[derive(Deserialize)]
struct Model<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Deserialize)]
struct Digest<'a> {
    hash: &'a str,
}

fn parse_and_hash(bytes: &[u8]) -> u64 {
    let mut lines = 0;
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        if let Ok(parsed) = serde_json::from_slice::<Line<'_>>(line) {
            let Line { id, date, service, host, status, tags, attributes } = parsed;
            black_box((id, date, service, host, status, tags.len()));
            let Attributes { event_id, deployment_id, model, input, output, .. } = &attributes;
            black_box((event_id, deployment_id, model.name, model.version));
            black_box((input.hash, output.hash));
            black_box((attributes.confidence, attributes.human_override));
        }
        black_box(lineal_proof::Hash::of(line));
        lines += 1;
    }
    lines
}
