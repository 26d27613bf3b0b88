//! What a crash leaves: moved to `orphans/`, never deleted silently.

use super::in_use::in_use;
use crate::error::Result;
use crate::head::Head;
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

/// Moves containers that no manifest names, and files that were never renamed into place. Where the segments
/// name one after all, or cannot be read, it stays.
pub(super) fn set_aside(storage: &dyn Storage, ledger: &Ledger, head: &Head) -> Result<()> {
    let named: BTreeSet<String> = ledger
        .manifests
        .iter()
        .map(|(_, manifest)| container_path(&manifest.container, manifest.generation))
        .collect();
    let mut unnamed = storage.list("containers")?;
    for name in &mut unnamed {
        name.insert_str(0, "containers/");
    }
    unnamed.retain(|path| !named.contains(path));
    if unnamed.is_empty() {
        return Ok(());
    }
    let Ok(used) = in_use(storage, head) else { return Ok(()) };
    let mut unused = unnamed.iter().filter(|path| !used.contains(*path));
    unused.try_for_each(|path| move_whole(storage, path))
}
