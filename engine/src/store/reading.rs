//! Who reads: so that a file which a compaction replaced stays while somebody may still open it.
//!
//! A view names containers and opens them when it needs them, so locking what is open is not
//! enough. `readers/` holds marks, small files named by a commit. A reader takes a shared lock on the
//! newest mark *before* it reads `head`, and holds it as long as a view lives: so whoever holds the
//! mark of a commit knows that commit. The writer sets a new mark behind a compaction, removes older
//! ones when it can lock them, and then what the commits up to the oldest mark replaced
//! (docs/format.md, section 12).

use super::Store;
use super::in_use::in_use;
use crate::error::Result;
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::storage::{FileStorage, Storage};
use crate::transaction::container_path;
use lineal_proof::Hash;
use lineal_proof::record::Manifest;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const FOLDER: &str = "readers";
const SUFFIX: &str = ".mark";

/// A reader whose mark goes while it takes it looks again so many times: each time a writer has
/// finished another compaction.
const TRIES: usize = 8;

/// What keeps replaced files in place while it lives.
pub(crate) type Mark = Bytes;

fn path_of(commit: u64) -> String {
    format!("{FOLDER}/{commit:012}{SUFFIX}")
}

/// The commits of the marks, ascending.
fn marks(storage: &dyn Storage) -> Result<Vec<u64>> {
    let names = storage.list(FOLDER)?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(SUFFIX)?.parse().ok()).collect())
}

/// Takes the newest mark, before `head` is read; none in a store that has none.
pub(crate) fn enter(storage: &dyn Storage) -> Result<Option<Mark>> {
    for _ in 0..TRIES {
        let Some(newest) = marks(storage)?.last().copied() else { return Ok(None) };
        let Some(mark) = storage.read_held(&path_of(newest))? else { continue };
        // It may have gone between being opened and being locked: names are not used again.
        if marks(storage)?.contains(&newest) {
            return Ok(Some(mark));
        }
    }
    Ok(None)
}

/// Sets a mark: whoever enters from now on knows this commit, which `head` names.
fn set_mark(storage: &dyn Storage, commit: u64) -> Result<()> {
    let text = "Readers hold a lock on the newest mark; the writer removes marks.\n";
    storage.put(&path_of(commit), text.as_bytes(), false)
}

/// Removes what nobody can come to any more: marks that are not held, and containers that were
/// replaced before the oldest one left. Sets a new mark where there is none, or where something was
/// replaced since. Gives the paths that must still wait. `head` names the last commit of the ledger. What the
/// segments say is in use stays, whatever the ledger says; where they cannot be read all does, and waits.
pub(super) fn clear_away(
    storage: &dyn Storage,
    ledger: &Ledger,
    head: &Head,
) -> Result<Vec<String>> {
    let there: BTreeSet<String> = storage.list("containers")?.into_iter().collect();
    let is_there =
        |path: &String| path.strip_prefix("containers/").is_some_and(|name| there.contains(name));
    let mut replaced = replaced(ledger);
    replaced.retain(|path, _| is_there(path));
    let newest = marks(storage)?.last().copied();
    if newest.is_none_or(|newest| replaced.values().any(|since| *since > newest)) {
        set_mark(storage, ledger.commit())?;
    }
    if let Some((_, older)) = marks(storage)?.split_last() {
        for commit in older {
            storage.remove_unheld(&path_of(*commit))?;
        }
    }
    let oldest = marks(storage)?.first().copied().unwrap_or(0);
    let (done_with, mut waiting): (Vec<_>, Vec<_>) =
        replaced.into_iter().partition(|(_, since)| *since <= oldest);
    if !done_with.is_empty() {
        match in_use(storage, head) {
            Ok(used) => {
                let mut unused = done_with.iter().filter(|(path, _)| !used.contains(path));
                unused.try_for_each(|(path, _)| storage.remove(path))?;
            }
            Err(_) => waiting.extend(done_with),
        }
    }
    Ok(waiting.into_iter().map(|(path, _)| path).collect())
}

impl Store {
    /// Removes files that were replaced, by an erasure or a compaction, and that no reader holds any more;
    /// gives how many must still wait.
    ///
    /// # Errors
    /// [`crate::Error::ReadOnly`] if it is not open for writing, or what the medium says.
    pub fn clear_replaced(&self) -> Result<usize> {
        let _turn = self.turn();
        let state = self.state_for_writing()?;
        Ok(clear_away(self.storage(), &state.ledger, &state.head)?.len())
    }

    /// The commit of the newest mark of the store in a folder, 0 for none. A reader who opened it before that
    /// mark was set keeps files in place that were replaced since, until it opens it anew.
    ///
    /// # Errors
    /// What the medium says.
    pub fn newest_mark(folder: impl AsRef<Path>) -> Result<u64> {
        Ok(marks(&FileStorage::new(folder.as_ref()))?.last().copied().unwrap_or(0))
    }
}

/// Containers in which no batch stands any more, and since which commit a manifest says so.
fn replaced(ledger: &Ledger) -> BTreeMap<String, u64> {
    let mut since: BTreeMap<Hash, u64> = BTreeMap::new();
    for (commit, manifest) in &ledger.manifests {
        for container in &manifest.replaces {
            since.insert(*container, *commit);
        }
    }
    let path = |manifest: &u32| {
        let (_, manifest) = &ledger.manifests[*manifest as usize];
        container_path(&manifest.container, manifest.generation)
    };
    let placed = ledger.batches.iter().filter_map(|batch| batch.place);
    let used: BTreeSet<u32> = placed.map(|(manifest, _)| manifest).collect();
    let used: BTreeSet<String> = used.iter().map(path).collect();
    // A later generation takes the place of each before it.
    let mut next: BTreeMap<Hash, Vec<(u32, u64)>> = BTreeMap::new();
    for (commit, manifest) in ledger.manifests.iter().filter(|(_, each)| each.generation > 1) {
        next.entry(manifest.container).or_default().push((manifest.generation, *commit));
    }
    let later = |manifest: &Manifest| {
        let generations = next.get(&manifest.container)?.iter();
        let later = generations.filter(|(generation, _)| *generation > manifest.generation);
        later.map(|(_, commit)| *commit).min()
    };
    let named = ledger.manifests.iter().filter_map(|(_, manifest)| {
        let path = container_path(&manifest.container, manifest.generation);
        Some((path, later(manifest).or_else(|| since.get(&manifest.container).copied())?))
    });
    named.filter(|(path, _)| !used.contains(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_while_it_is_held_and_newcomers_take_the_newest() {
        let folder = tempfile::tempdir().unwrap();
        let storage = FileStorage::new(folder.path());
        assert!(enter(&storage).unwrap().is_none(), "a store that has none");
        let (ledger, head) = (Ledger::default(), Head::new([7; 16]));
        assert!(clear_away(&storage, &ledger, &head).unwrap().is_empty());
        let early = enter(&storage).unwrap().unwrap();
        set_mark(&storage, 3).unwrap();
        let late = enter(&storage).unwrap().unwrap();
        set_mark(&storage, 5).unwrap();
        clear_away(&storage, &ledger, &head).unwrap();
        assert_eq!(marks(&storage).unwrap(), [0, 3, 5]);
        drop(early);
        clear_away(&storage, &ledger, &head).unwrap();
        assert_eq!(marks(&storage).unwrap(), [3, 5]);
        drop(late);
        clear_away(&storage, &ledger, &head).unwrap();
        assert_eq!(marks(&storage).unwrap(), [5]);
    }
}
