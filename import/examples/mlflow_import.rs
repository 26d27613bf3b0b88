//! What the import of an MLflow store costs: time, CPU time and memory, phase by phase.
//!
//!     cargo run --release -p lineal-import --example mlflow_import -- SOURCE STORE [MAPPING]
//!
//! Memory is told apart: what is this process's own, and pages of mapped files, which the system may
//! take back. `benches/mlflow_store.py` makes a SOURCE of any size. Store id, clock and secrets are fixed, so
//! that the last line is the same for the same source as long as the bytes of truth are, however
//! many threads did it (`RAYON_NUM_THREADS`).

use lineal_engine::clock::SteppingClock;
use lineal_engine::keys::LabelledSecrets;
use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The one of the `lineal` command (`cli/src/main.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How often the phase and the memory are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [source, folder, mapping @ ..] = arguments.as_slice() else {
        return Err("usage: mlflow_import SOURCE STORE [MAPPING]".into());
    };
    let options = Options {
        clock: Arc::new(SteppingClock::starting_at(0)),
        secrets: Arc::new(LabelledSecrets),
        store_id: Some([7; 16]),
        ..Options::default()
    };
    let store = Store::create(folder, options)?;
    let loaded = match mapping.first() {
        Some(mapping) => LoadedMapping::read(mapping)?,
        None => LoadedMapping::built_in()?,
    };
    let (progress, done) = (Progress::default(), AtomicBool::new(false));
    let (cpu, start) = (cpu_seconds()?, Instant::now());
    let report = std::thread::scope(|scope| {
        scope.spawn(|| watch(&progress, &done, start));
        let options = ImportOptions { observed_at: Some(0), ..ImportOptions::default() };
        let paths = [source.clone()];
        let report = import(&store, &paths, &options, &loaded, &progress);
        done.store(true, Ordering::Relaxed);
        report
    })?;
    let (wall, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
    println!("{wall:>8.2} s wall {cpu:>8.2} s CPU, peak {} MB", memory_mb("VmHWM").unwrap_or(0));
    let nodes: u64 = report.nodes.values().map(|(new, _)| new).sum();
    println!("{nodes} nodes recorded in {} commits", report.commits);
    let mut files: Vec<_> = fs::read_dir(folder.join("segments"))?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut all = Vec::new();
    for file in files {
        all.extend_from_slice(&lineal_proof::Hash::of(&fs::read(file.path())?).0);
    }
    println!("segments: {}", lineal_proof::Hash::of(&all));
    Ok(())
}

/// Says when each phase ended, and the most memory it was seen to hold.
fn watch(progress: &Progress, done: &AtomicBool, start: Instant) {
    let (mut phase, mut peak, mut own) = (String::new(), 0, 0);
    loop {
        let ended = done.load(Ordering::Relaxed);
        let now = progress.read().3;
        if ended || now != phase {
            let (at, cpu) = (start.elapsed().as_secs_f64(), cpu_seconds().unwrap_or(0.0));
            println!(
                "{at:>8.2} s wall {cpu:>8.2} s CPU, at most {peak} MB, {own} MB its own  {phase}"
            );
            (phase, peak, own) = (now.to_owned(), 0, 0);
        }
        if ended {
            return;
        }
        peak = peak.max(memory_mb("VmRSS").unwrap_or(0));
        own = own.max(memory_mb("RssAnon").unwrap_or(0));
        std::thread::sleep(LOOK_EVERY);
    }
}

/// User and system time of this process and its threads, as Linux counts it: in hundredths.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or("").split(' ').collect();
    let of = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    let (user, system) = (of(11).ok_or("no user time")?, of(12).ok_or("no system time")?);
    Ok((user + system) / 100.0)
}

/// A line of what Linux says of this process's memory; mapped files are part of it.
fn memory_mb(what: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? / 1000)
}
