//! A medium that lets everything of a store be read but what is derived of it, and takes what is
//! written into memory: on it the derived part is made again without touching the store.

use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::{MemoryStorage, Storage};
use std::path::PathBuf;
use std::sync::Arc;

/// The folder that is made anew.
const DERIVED: &str = "index/";

/// A store without its derived part.
pub(super) struct Beside {
    inner: Arc<dyn Storage>,
    made: MemoryStorage,
}

impl Beside {
    pub(super) fn over(inner: &Arc<dyn Storage>) -> Beside {
        Beside { inner: Arc::clone(inner), made: MemoryStorage::new() }
    }

    fn refused() -> Error {
        Error::ReadOnly
    }
}

fn is_derived(path: &str) -> bool {
    path.starts_with(DERIVED)
}

impl Storage for Beside {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        if is_derived(path) { self.made.read(path) } else { self.inner.read(path) }
    }

    fn read_held(&self, path: &str) -> Result<Option<Bytes>> {
        if is_derived(path) { self.made.read_held(path) } else { self.inner.read_held(path) }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        if folder == "index" { self.made.list(folder) } else { self.inner.list(folder) }
    }

    fn put(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        if is_derived(path) { self.made.put(path, bytes, secret) } else { Err(Beside::refused()) }
    }

    fn append(&self, path: &str, bytes: &[u8], secret: bool) -> Result<()> {
        if is_derived(path) {
            self.made.append(path, bytes, secret)
        } else {
            Err(Beside::refused())
        }
    }

    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()> {
        if is_derived(path) { self.made.write_at(path, at, bytes) } else { Err(Beside::refused()) }
    }

    fn sync(&self, path: &str) -> Result<()> {
        self.made.sync(path)
    }

    fn cut(&self, _: &str, _: u64) -> Result<()> {
        Err(Beside::refused())
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.made.rename(from, to)
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.made.remove(path)
    }

    fn lock(&self, _: &str) -> Result<Box<dyn Send + Sync>> {
        Err(Beside::refused())
    }

    fn local_path(&self) -> Option<PathBuf> {
        None
    }

    fn name(&self) -> String {
        self.inner.name()
    }
}
