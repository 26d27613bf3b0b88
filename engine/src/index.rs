//! What is written under `index/` so that opening is quick: graph and ledger, read in place, and a
//! manifest that names the graph's file.
//!
//! A generation of the graph has a file of its own, named by its commit, and may rest on that of an
//! older one; the manifest is replaced by rename when the file is whole, and old files go when nobody
//! maps them. Each file says which commit it covers, as `head` said it then. One that does not fit, for
//! whatever reason, is left aside and what it held is made again (docs/format.md, section 14).

mod flat;
mod generation;
mod key_runs;

pub(crate) use flat::{MAGIC, Reader, Writer, earlier_version, open as open_list, version};
pub(crate) use generation::{graph_file, read_former, read_former_unchecked, read_graph};
pub(crate) use key_runs::{KeyRuns, RunFiles};

use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::ledger::Ledger;
use crate::mapping::{Bytes, forget_large};
use crate::sections::{self, Sections};
use crate::segment::SEGMENT_BYTES_MAX;
use crate::storage::Storage;
use std::sync::Arc;

const LEDGER: &str = "index/ledger.idx";

/// A reader that finds a list of files between two states looks again so many times: each time a
/// writer has finished another one.
const TRIES: usize = 3;
/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum IndexKind {
    Keys = 1,
    Ledger = 2,
    Graph = 3,
    Manifest = 4,
    /// Of one container: pieces and ids.
    Rows = 5,
    /// Of the map of what records name: a run, or the list of them.
    Map = 6,
}

/// The bytes of the ledger's file as they are now: what replaces it later does not change them.
pub(crate) fn ledger_bytes(storage: &dyn Storage) -> Result<Option<Bytes>> {
    storage.read(LEDGER)
}

/// The ledger as of some commit that `head` has passed or is at, and what `head` was then. Its file
/// is checked whole, and then read where something is looked for.
pub(crate) fn read_ledger(bytes: &Bytes, head: &Head) -> Option<(Ledger, Head)> {
    // Its damage harms nothing but itself: the segments say the same.
    let damage = Arc::new(Damage::default());
    let opened = Sections::open(LEDGER, bytes.clone(), IndexKind::Ledger, &damage);
    let (covered, sections) = opened.ok()?;
    let before = covered.commit < head.commit
        && covered.store == head.store
        && (covered.segment, covered.length) < (head.segment, head.length);
    if !before && covered != *head {
        return None;
    }
    if !sections.are_sound() {
        return None;
    }
    let ledger = Ledger::open(&sections).filter(|ledger| ledger.commit() == covered.commit);
    forget_large(std::slice::from_ref(bytes));
    ledger.map(|ledger| (ledger, covered))
}

/// Writes the ledger as of `head`, and opens it again over what was written.
pub(crate) fn write_ledger(
    storage: &dyn Storage,
    head: &Head,
    ledger: &Ledger,
) -> Result<Option<Ledger>> {
    ledger.write(storage, LEDGER, head)?;
    let written = ledger_bytes(storage)?.and_then(|bytes| read_ledger(&bytes, head));
    Ok(written.map(|(ledger, _)| ledger))
}

/// A ledger is written again when the log has grown by this share behind it: what a reader or the
/// next import must read of the log instead is little, and what is written of a ledger until its log
/// has doubled is some nine times what was new (docs/architecture.md, decision 34).
const LAG_SHARE: u64 = 8;

/// Does the ledger's file cover `head`, or a commit so near that the rest is quickly read?
fn is_near(storage: &dyn Storage, head: &Head) -> Result<bool> {
    let bytes = storage.read(LEDGER)?;
    let Some(covered) = bytes.and_then(|bytes| flat::covered(&bytes, IndexKind::Ledger)) else {
        return Ok(false);
    };
    if covered == *head {
        return Ok(true);
    }
    let bytes =
        |head: &Head| u64::from(head.segment.saturating_sub(1)) * SEGMENT_BYTES_MAX + head.length;
    let is_before = covered.store == head.store
        && covered.commit < head.commit
        && (covered.segment, covered.length) < (head.segment, head.length);
    let lag = bytes(head).saturating_sub(bytes(&covered));
    Ok(is_before && covered.commit > 0 && lag <= bytes(&covered) / LAG_SHARE)
}

/// Writes the ledger as of `head`, unless its file is near enough, then the generation, if there is
/// a new one.
pub(crate) fn write(
    storage: &dyn Storage,
    head: &Head,
    ledger: &Ledger,
    graph: Option<&Sections>,
) -> Result<()> {
    // One that nobody could read when the store was opened must not stay.
    if !(ledger.rests_on_file() && is_near(storage, head)?) {
        ledger.write(storage, LEDGER, head)?;
    }
    graph.map_or(Ok(()), |sections| generation::write(storage, head, sections))
}

/// Is the ledger's file near this commit, and can it be used?
pub(crate) fn is_ledger_current(
    storage: &dyn Storage,
    head: &Head,
    ledger: &Ledger,
) -> Result<bool> {
    // One that was not found whole when the store was opened may have been written since.
    let is_whole = || Ok(ledger_bytes(storage)?.is_some_and(|b| read_ledger(&b, head).is_some()));
    if !is_near(storage, head)? {
        return Ok(false);
    }
    if ledger.rests_on_file() { Ok(true) } else { is_whole() }
}

/// Is a file whole? Says nothing of what it means.
///
/// # Errors
/// [`Error::Derived`] with the rule that is broken.
pub(crate) fn check(path: &str, bytes: &Bytes, store: &[u8; 16]) -> Result<()> {
    let head = if path.starts_with("index/graph") {
        sections::check(path, bytes.clone(), IndexKind::Graph)?
    } else if path.starts_with("index/keys") {
        sections::check(path, bytes.clone(), IndexKind::Keys)?
    } else if path.starts_with("index/rows") {
        sections::check(path, bytes.clone(), IndexKind::Rows)?
    } else if path.starts_with("index/map-") {
        sections::check(path, bytes.clone(), IndexKind::Map)?
    } else if path == LEDGER {
        sections::check(path, bytes.clone(), IndexKind::Ledger)?
    } else {
        let is_map = path == crate::record_map::LIST;
        let kind = if is_map { IndexKind::Map } else { IndexKind::Manifest };
        let opened = flat::open(bytes, kind);
        let rule = "it is whole, its crc32c fits, and it is of this version";
        opened.ok_or_else(|| derived(path, 0, rule))?.0
    };
    if head.store == *store { Ok(()) } else { Err(derived(path, 16, "it is of this store")) }
}

fn derived(path: &str, at: u64, rule: &str) -> Error {
    Error::Derived { file: path.to_owned(), at, rule: rule.to_owned() }
}
