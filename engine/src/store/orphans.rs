//! What a crash leaves: moved to `orphans/`, never deleted silently.

use crate::error::Result;
use crate::ledger::Ledger;
use crate::storage::Storage;
use crate::transaction::container_path;
use std::collections::BTreeSet;

/// Most names that are tried for one orphan: as many crashes at one place.
const SAME_NAME_MAX: u32 = 10_000;

/// A name in `orphans/` that is not taken: an earlier orphan is not overwritten.
pub(crate) fn aside(storage: &dyn Storage, path: &str) -> Result<String> {
    let name = format!("orphans/{}", path.replace('/', "-"));
    let taken = storage.list("orphans")?;
    let mut names = (1..=SAME_NAME_MAX).map(|number| match number {
        1 => name.clone(),
        _ => format!("{name}.{number}"),
    });
    let free = names.find(|name| {
        name.strip_prefix("orphans/").is_none_or(|file| !taken.iter().any(|other| other == file))
    });
    Ok(free.unwrap_or(name))
}

/// Moves a file that belongs to no commit.
pub(super) fn move_whole(storage: &dyn Storage, path: &str) -> Result<()> {
    storage.rename(path, &aside(storage, path)?)
}

/// Keeps the torn tail of a segment beside, then cuts it off.
pub(super) fn cut_tail(storage: &dyn Storage, path: &str, bytes: &[u8], end: u64) -> Result<()> {
    let at = usize::try_from(end).unwrap_or(bytes.len());
    let name = aside(storage, &format!("{path}.at-{end}"))?;
    storage.put(&name, &bytes[at..], true)?;
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
