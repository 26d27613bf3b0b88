//! A store that the real importers make of the bundled database and archives.

use crate::world;
use lineal_engine::Store;
use lineal_engine::storage::MemoryStorage;
use lineal_import::{Error, ImportOptions, LoadedMapping, Progress, import};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A tracking store with its registry, and an archive of 310 events that speaks of it.
const SOURCES: [&str; 2] = ["mlflow-3.17-sqlite/mlflow.db", "datadog-art12-a-nested"];

/// The name of this store in the id of a bench.
pub const NAME: &str = "bundled_fixtures";

/// Imports the fixtures into a store in memory.
///
/// # Errors
/// What ends the import.
pub fn store() -> Result<(MemoryStorage, Store), Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures");
    let paths: Vec<PathBuf> = SOURCES.iter().map(|source| folder.join(source)).collect();
    let storage = MemoryStorage::new();
    let store = Store::create_on(Arc::new(storage.clone()), world::options())?;
    let mapping = LoadedMapping::built_in()?;
    import(&store, &paths, &ImportOptions::default(), &mapping, &Progress::default())?;
    Ok((storage, store))
}
