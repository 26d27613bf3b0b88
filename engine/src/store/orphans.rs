//! What a crash leaves: moved to `orphans/`, never deleted silently.

use crate::error::Result;
use crate::ledger::Ledger;
use crate::storage::Storage;
use crate::transaction::container_path;
use std::collections::BTreeSet;

fn aside(path: &str) -> String {
    format!("orphans/{}", path.replace('/', "-"))
}

/// Moves a file that belongs to no commit.
pub(super) fn move_whole(storage: &dyn Storage, path: &str) -> Result<()> {
    storage.rename(path, &aside(path))
}

/// Keeps the torn tail of a segment beside, then cuts it off.
pub(super) fn cut_tail(storage: &dyn Storage, path: &str, bytes: &[u8], end: u64) -> Result<()> {
    let at = usize::try_from(end).unwrap_or(bytes.len());
    storage.put(&format!("{}.at-{end}", aside(path)), &bytes[at..], true)?;
    storage.cut(path, end)
}

/// Moves containers that no manifest names, and files that were never renamed into place.
pub(super) fn set_aside(storage: &dyn Storage, ledger: &Ledger) -> Result<()> {
    let named: BTreeSet<String> = ledger
        .manifests
        .iter()
        .map(|(_, manifest)| container_path(&manifest.container, manifest.generation))
        .collect();
    for name in storage.list("containers")? {
        let path = format!("containers/{name}");
        if !named.contains(&path) {
            move_whole(storage, &path)?;
        }
    }
    Ok(())
}
