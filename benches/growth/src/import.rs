//! One import, in a process of its own.

use std::path::Path;
use std::time::Instant;

use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use serde_json::{Value, json};

use crate::Outcome;
use crate::machine::{OwnMemory, cpu_seconds, status_kib};

/// What the world's tags and attributes mean: the comparison's mapping.
const MAPPING: &str = include_str!("../../compare/world.toml");

/// Imports a registry or an archive into the store of a folder, which is made if there is none.
///
/// # Errors
/// What the importer says, or that it rejected something.
pub(crate) fn import_one(store: &Path, path: &Path) -> Outcome<Value> {
    let file = store.with_extension("toml");
    std::fs::write(&file, MAPPING)?;
    let mapping = LoadedMapping::read(&file)?;
    let own = OwnMemory::watch();
    let begun = Instant::now();
    let opened = if store.join("head").exists() {
        Store::open(store, Options::default())?
    } else {
        Store::create(store, Options::default())?
    };
    let opening = begun.elapsed();
    let paths = [path.to_owned()];
    let report =
        import(&opened, &paths, &ImportOptions::default(), &mapping, &Progress::default())?;
    let rejected: u64 = report.sources.iter().map(|source| source.counts.rejected).sum();
    if rejected > 0 {
        return Err(format!("{} has {rejected} rejects", path.display()).into());
    }
    let wall = begun.elapsed();
    Ok(json!({
        "recorded": report.events,
        "conflicts": report.conflicts,
        "commits": report.commits,
        "open_s": opening.as_secs_f64(),
        "wall_s": wall.as_secs_f64(),
        "cpu_s": cpu_seconds()?,
        "peak_kib": status_kib("VmHWM"),
        "own_peak_kib": own.most(),
    }))
}
