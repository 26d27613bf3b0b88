//! A medium over a store that is not touched: some of its files are replaced, or what is derived of
//! it hidden, and what is made again goes into memory. On it the derived part is compared, and what a
//! repair would bring is proved before a byte is written.

use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::{MemoryStorage, Storage};
use std::path::PathBuf;
use std::sync::Arc;

/// The folder that is made anew.
const DERIVED: &str = "index/";

/// A store with other files in the place of some.
pub(crate) struct Beside {
    inner: Arc<dyn Storage>,
    /// Files that stand in the place of the store's.
    laid: MemoryStorage,
    /// What is derived, made again.
    made: MemoryStorage,
}

impl Beside {
    /// A store without its derived part.
    pub(crate) fn over(inner: &Arc<dyn Storage>) -> Beside {
        let (laid, made) = (MemoryStorage::new(), MemoryStorage::new());
        Beside { inner: Arc::clone(inner), laid, made }
    }

    /// From now on these bytes stand for the file.
    ///
    /// # Errors
    /// None that memory has.
    pub(crate) fn lay(&self, path: &str, bytes: &[u8]) -> Result<()> {
        self.laid.put(path, bytes, true)
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
        if is_derived(path) {
            return self.made.read(path);
        }
        match self.laid.read(path)? {
            Some(bytes) => Ok(Some(bytes)),
            None => self.inner.read(path),
        }
    }

    fn read_held(&self, path: &str) -> Result<Option<Bytes>> {
        if is_derived(path) { self.made.read_held(path) } else { self.read(path) }
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        if folder == "index" {
            return self.made.list(folder);
        }
        let mut names = self.inner.list(folder)?;
        names.extend(self.laid.list(folder)?);
        names.sort_unstable();
        names.dedup();
        Ok(names)
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
