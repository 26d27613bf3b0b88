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
    /// Files that were removed since their folder was last synced: a power cut may bring them back.
    removed: BTreeMap<String, Vec<u8>>,
    locked_by: Option<String>,
}

impl State {
    /// A sync of a folder makes all its names durable.
    fn folder_synced(&mut self, path: &str) {
        let folder = folder_of(path);
        self.removed.retain(|removed, _| folder_of(removed) != folder);
    }
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What a medium writes at once: of unsynced bytes any of these survive, in any order.
const BLOCK: usize = 512;

/// Choices from a seed: SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn is(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

impl Entry {
    /// Its bytes after a power cut that kept some blocks of what was not synced and not others, and any
    /// length between the two; none if not even its name stayed.
    fn torn(&self, chance: &mut Chance) -> Option<Vec<u8>> {
        let durable = self.durable.as_deref();
        if durable == Some(&self.live) {
            return Some(self.live.clone());
        }
        if durable.is_none() && chance.is() {
            return None;
        }
        let durable = durable.unwrap_or_default();
        let mut bytes = durable.to_vec();
        bytes.resize(durable.len().max(self.live.len()), 0);
        for at in (0..self.live.len()).step_by(BLOCK) {
            let end = self.live.len().min(at + BLOCK);
            if chance.is() {
                bytes[at..end].copy_from_slice(&self.live[at..end]);
            }
        }
        let blocks = bytes.len().saturating_sub(durable.len()).div_ceil(BLOCK) as u64;
        let kept = usize::try_from(chance.next() % (blocks + 1)).unwrap_or(0) * BLOCK;
        bytes.truncate(durable.len().saturating_add(kept));
        Some(bytes)
    }
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
        MemoryStorage { state: Arc::new(Mutex::new(State { files, ..State::default() })) }
    }

    /// What a power cut leaves of a medium that reorders: of what was not synced any blocks of 512 bytes
    /// survive and others do not, a file has any length up to its own, and what was removed may be
    /// back. The same seed gives the same.
    #[must_use]
    pub fn after_torn_power_cut(&self, seed: u64) -> MemoryStorage {
        let mut chance = Chance(seed);
        let mut files = BTreeMap::new();
        let state = self.state();
        for (path, entry) in &state.files {
            if let Some(live) = entry.torn(&mut chance) {
                files.insert(path.clone(), Entry { durable: Some(live.clone()), live });
            }
        }
        for (path, bytes) in &state.removed {
            if chance.is() && !files.contains_key(path) {
                let entry = Entry { live: bytes.clone(), durable: Some(bytes.clone()) };
                files.insert(path.clone(), entry);
            }
        }
        let state = State { files, ..State::default() };
        MemoryStorage { state: Arc::new(Mutex::new(state)) }
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
        let mut state = self.state();
        state.files.insert(path.to_owned(), entry);
        state.folder_synced(path);
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
        state.folder_synced(path);
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
        state.folder_synced(from);
        state.folder_synced(to);
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<()> {
        let mut state = self.state();
        if let Some(bytes) = state.files.remove(path).and_then(|entry| entry.durable) {
            state.removed.insert(path.to_owned(), bytes);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_torn_power_cut_keeps_what_was_synced_and_any_of_the_rest() {
        let memory = MemoryStorage::new();
        memory.put("a/whole", b"durable", false).unwrap();
        memory.put("a/removed", b"back?", false).unwrap();
        memory.append("b/grown", &[1; 1_000], false).unwrap();
        memory.sync("b/grown").unwrap();
        memory.append("b/grown", &[2; 2_000], false).unwrap();
        memory.remove("a/removed").unwrap();
        let (mut tails, mut back) = (BTreeSet::new(), BTreeSet::new());
        for seed in 0..64 {
            let left = memory.after_torn_power_cut(seed);
            assert_eq!(&left.read("a/whole").unwrap().unwrap()[..], b"durable");
            let grown = left.read("b/grown").unwrap().unwrap();
            assert_eq!(grown[..1_000], [1; 1_000]);
            assert!(
                grown.len() <= 3_000 && grown[1_000..].iter().all(|byte| [0, 2].contains(byte))
            );
            tails.insert(grown.to_vec());
            back.insert(left.read("a/removed").unwrap().is_some());
            let again = memory.after_torn_power_cut(seed).read("b/grown").unwrap().unwrap();
            assert_eq!(again[..], grown[..], "the same seed");
        }
        assert!(tails.len() > 20 && back.len() == 2, "{} {back:?}", tails.len());
        // With the next sync in its folder what was removed is gone for good.
        memory.put("a/other", b"", false).unwrap();
        let is_back = |seed| memory.after_torn_power_cut(seed).read("a/removed").unwrap().is_some();
        assert!(!(0..64).any(is_back));
    }
}
