//! A store in memory that knows which bytes would survive a power cut.

use super::Storage;
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One file: what a process sees, and what a power cut leaves.
#[derive(Clone, Default)]
struct Entry {
    live: Vec<u8>,
    durable: Option<Vec<u8>>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Entry>,
    locked_by: Option<String>,
}

/// Files in memory. Clones share them.
#[derive(Clone, Default)]
pub struct MemoryStorage {
    state: Arc<Mutex<State>>,
}

impl MemoryStorage {
    /// No files.
    #[must_use]
    pub fn new() -> MemoryStorage {
        MemoryStorage::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a power cut leaves: bytes that were synced, and of those appended since, each file's
    /// first `kept` per cent, as a disk may have written some of them.
    #[must_use]
    pub fn after_power_cut(&self, kept: usize) -> MemoryStorage {
        let mut files = BTreeMap::new();
        for (path, entry) in &self.state().files {
            let durable = entry.durable.clone().unwrap_or_default();
            let tail = entry.live.get(durable.len()..).unwrap_or_default();
            let appended = entry.live.starts_with(&durable);
            let mut live = durable.clone();
            if appended {
                live.extend_from_slice(&tail[..tail.len() * kept.min(100) / 100]);
            }
            if entry.durable.is_some() || !live.is_empty() {
                files.insert(path.clone(), Entry { durable: Some(live.clone()), live });
            }
        }
        MemoryStorage { state: Arc::new(Mutex::new(State { files, locked_by: None })) }
    }

    /// The paths of all files, for tests that damage or compare them.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        self.state().files.keys().cloned().collect()
    }

    /// Changes the bytes of a file behind the store's back, for tests that damage it.
    pub fn damage(&self, path: &str, change: impl FnOnce(&mut Vec<u8>)) {
        if let Some(entry) = self.state().files.get_mut(path) {
            change(&mut entry.live);
            entry.durable = Some(entry.live.clone());
        }
    }
}

fn missing(action: &'static str, path: &str) -> Error {
    Error::io(action, path, std::io::ErrorKind::NotFound.into())
}

impl Storage for MemoryStorage {
    fn read(&self, path: &str) -> Result<Option<Bytes>> {
        Ok(self.state().files.get(path).map(|entry| Bytes::held(entry.live.clone())))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let prefix = format!("{folder}/");
        let state = self.state();
        let names = state.files.keys().filter_map(|path| path.strip_prefix(&prefix));
        Ok(names.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }

    fn put(&self, path: &str, bytes: &[u8], _secret: bool) -> Result<()> {
        let entry = Entry { live: bytes.to_vec(), durable: Some(bytes.to_vec()) };
        self.state().files.insert(path.to_owned(), entry);
        Ok(())
    }

    fn append(&self, path: &str, bytes: &[u8], _secret: bool) -> Result<()> {
        let mut state = self.state();
        state.files.entry(path.to_owned()).or_default().live.extend_from_slice(bytes);
        Ok(())
    }

    fn write_at(&self, path: &str, at: u64, bytes: &[u8]) -> Result<()> {
        let mut state = self.state();
        let live = &mut state.files.entry(path.to_owned()).or_default().live;
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let end = at.saturating_add(bytes.len());
        live.resize(live.len().max(end), 0);
        live[at..end].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self, path: &str) -> Result<()> {
        let mut state = self.state();
        let entry = state.files.get_mut(path).ok_or_else(|| missing("sync", path))?;
        entry.durable = Some(entry.live.clone());
        Ok(())
    }

    fn cut(&self, path: &str, length: u64) -> Result<()> {
        let mut state = self.state();
        let entry = state.files.get_mut(path).ok_or_else(|| missing("cut", path))?;
        entry.live.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        entry.durable = Some(entry.live.clone());
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let mut state = self.state();
        let entry = state.files.remove(from).ok_or_else(|| missing("move", from))?;
        state.files.insert(to.to_owned(), entry);
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<()> {
        self.state().files.remove(path);
        Ok(())
    }

    fn lock(&self, holder: &str) -> Result<Box<dyn Send + Sync>> {
        let mut state = self.state();
        if let Some(holder) = &state.locked_by {
            return Err(Error::Locked { holder: holder.clone() });
        }
        state.locked_by = Some(holder.to_owned());
        Ok(Box::new(Unlock(self.clone())))
    }

    fn local_path(&self) -> Option<PathBuf> {
        None
    }

    fn name(&self) -> String {
        "a store in memory".to_owned()
    }
}

struct Unlock(MemoryStorage);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.state().locked_by = None;
    }
}
