//! Reads the SQLite store of an MLflow server.
//!
//! Columns are probed, never a version matched: eight real databases had seven different schemas.
//! Each table is read once, in the order in which it lies. What is said of runs is put together part
//! by part (`runs`); the rest is joined in memory.

mod id_start;
mod input_tags;
mod open;
mod registry;
mod run_ids;
mod runs;
mod table;
mod tracking;
mod version_tags;

use super::beside::beside;
use super::error::Error;
use super::store::Store;
use run_ids::RunIds;
use runs::RunSeries;
use std::path::Path;
use table::Database;

pub(super) use runs::SpilledRuns;

/// Tables that are seen and left out, and what their rows are.
const LEFT_OUT: &[(&str, &str)] = &[
    ("assessments", "trace assessments"),
    ("evaluation_datasets", "evaluation datasets of traces"),
    ("issues", "issues of traces"),
    ("review_queue_items", "review queue items of traces"),
];

/// The first bytes of every SQLite database.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Reads the database at `path`.
pub(super) fn read(path: &Path) -> Result<Store, Error> {
    let opened = open::open(path)?;
    let database = Database::new(opened.connection(), path)?;
    if !(database.has("experiments") && database.has("runs")) {
        return Err(Error::NotMlflow { path: path.to_owned(), found: database.table_names() });
    }
    let ids = RunIds::read(&database)?;
    // The three parts that take long, each with a connection of its own.
    let way = opened.way();
    let (damage, (series, read)) = rayon::join(
        || Database::new(&way.connect(path)?, path)?.damage(),
        || {
            rayon::join(
                || RunSeries::read(&Database::new(&way.connect(path)?, path)?, &ids),
                || {
                    let connection = way.connect(path)?;
                    let database = Database::new(&connection, path)?;
                    let mut store = Store::default();
                    let texts = tracking::read(&database, &ids, &mut store)?;
                    Ok::<_, Error>((store, texts, database.garbled()))
                },
            )
        },
    );
    let damage = damage?;
    let (mut store, texts, garbled) = read?;
    let found = std::mem::take(&mut store.rejects);
    if let Some(damage) = damage {
        let reason = format!(
            "the database is damaged, what is read from it may be incomplete: {damage}; copy it again from the tracking server"
        );
        store.reject(&database.file(), reason);
    }
    store.rejects.extend(found);
    let runs = SpilledRuns::new(ids, texts, series?, &database.file(), &mut store)?;
    store.spilled = Some(runs);
    registry::read(&database, &mut store)?;
    store.traces = database.count("trace_info")?;
    for (table, what) in LEFT_OUT {
        store.skip(what, database.count(table)?);
    }
    store.beside = path.parent().map(beside).unwrap_or_default();
    let garbled = garbled + database.garbled();
    if garbled > 0 {
        store.warnings.push(format!(
            "{garbled} texts of the database are not UTF-8; what cannot be read in them is replaced by U+FFFD"
        ));
    }
    Ok(store)
}
