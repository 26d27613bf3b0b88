//! A store: made by `create`, opened by `open`, written by transactions, read through snapshots.

mod aside;
mod backup;
mod compact;
mod derived;
mod erase;
mod erased_values;
mod hold;
mod in_use;
mod lacking;
mod lazy_ledger;
mod live;
mod open;
mod orphans;
mod own_keys;
mod pending_keys;
mod reading;
mod recovery;
mod secrets;
mod state;
mod stored;
mod turn;
mod veil;

pub use backup::{
    BACKUP_LIST, Backup, BackupProgress, CheckedCopy, CopiedKeys, CopyFault, KEYS_BYTES_MAX, Later,
    Origin, Received, RestoredCopy, Restoring, Tar, Updated, check_copy, need_copy, receive,
    restore,
};
pub(crate) use backup::{
    List, copy_list, files_of_copy, is_pulled, need_values, put_if_other, read_register,
    remove_others,
};
pub use compact::{CompactProgress, Compaction};
pub use erase::{
    DecidedStep, DecisionInfo, DecisionLog, ErasureDone, ErasureOrder, NotDone, RetractedShare,
    SeedsRewritten, Suppressed, Target, TrailShare, TwoPersons, person_named,
};
pub(crate) use erased_values::ErasedValues;
pub use hold::{HoldInfo, HoldScope};
pub(crate) use lazy_ledger::LazyLedger;
pub use live::LiveBatch;
pub(crate) use open::replay;
pub(crate) use orphans::aside;
pub(crate) use pending_keys::{NewKeys, PendingKeys, RUN_ENTRIES_MAX};
pub(crate) use reading::{Mark, enter};
pub(crate) use recovery::reach;
pub(crate) use secrets::SecretBox;
pub(crate) use state::State;
pub(crate) use turn::Turn;

use self::own_keys::OwnKeys;
use crate::catalog::Catalog;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::events::IndexedFields;
use crate::index::RunFiles;
use crate::keys::{RandomSecrets, Secrets};
use crate::ledger::Ledger;
use crate::record_map::MapKeeper;
use crate::sections::Shelf;
use crate::segment::SEGMENT_BYTES_MAX;
use crate::snapshot::{Snapshot, Views};
use crate::storage::{FileStorage, Storage};
use crate::transaction::Transaction;
use lineal_proof::record::{Counts, Source};
use lineal_proof::{Hash, Value};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// How to make or open a store.
#[derive(Clone)]
pub struct Options {
    /// Tells the time of commits.
    pub clock: Arc<dyn Clock>,
    /// Makes new secrets.
    pub secrets: Arc<dyn Secrets>,
    /// The id of a new store; random if none.
    pub store_id: Option<[u8; 16]>,
    /// Write on a network file system although its locks cannot be trusted.
    pub force_network: bool,
    /// A segment is begun anew when the current one holds this many bytes: smaller in tests only.
    pub segment_bytes_max: u64,
    /// An import writes a run of event keys whenever this many wait: fewer in tests only.
    pub run_entries_max: usize,
    /// A generation of the index is written as a tail behind an older whole one while it has no more
    /// than this share of its bytes, percent: another in tests only.
    pub tail_percent_max: u32,
    /// Write although `keys/seeds` lacks what records need: where no backup has it.
    pub despite_missing_seeds: bool,
    /// Write although `keys/actor.key` makes the key of few of the persons whose sealed names open: where
    /// another program keyed them by what it did not seal.
    pub despite_other_persons: bool,
}

/// What a tail may be of its base: a quarter, so that what is read through two files stays little.
/// All tails behind a base together are bounded too (`snapshot/views.rs`).
const TAIL_PERCENT_MAX: u32 = 25;

impl Default for Options {
    fn default() -> Options {
        Options {
            clock: Arc::new(SystemClock),
            secrets: Arc::new(RandomSecrets),
            store_id: None,
            force_network: false,
            segment_bytes_max: SEGMENT_BYTES_MAX,
            run_entries_max: RUN_ENTRIES_MAX,
            tail_percent_max: TAIL_PERCENT_MAX,
            despite_missing_seeds: false,
            despite_other_persons: false,
        }
    }
}

/// An open store.
pub struct Store {
    storage: Arc<dyn Storage>,
    id: [u8; 16],
    options: Options,
    writable: bool,
    state: RwLock<State>,
    secrets: Arc<RwLock<SecretBox>>,
    erased_values: Arc<ErasedValues>,
    own_keys: OwnKeys,
    /// Held by whoever commits ([`Store::turn`]).
    turns: Mutex<()>,
    poisoned: Mutex<Option<String>>,
    views: Views,
    catalog: Option<Catalog>,
    pending_keys: PendingKeys,
    map: MapKeeper,
    /// Of one whose changes stay in memory the last commit of the store that it began as; what is derived
    /// of them is made for views and never written.
    aside_of: Option<u64>,
    /// Do views show what is restricted?
    shows_restricted: bool,
    /// Holds the writer's lock. Last: what goes before it may still write.
    _lock: Option<Box<dyn Send + Sync>>,
}

/// A file that was imported before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownSource {
    /// The commit that holds it, the last one where there are several.
    pub commit: u64,
    /// Its import.
    pub import: u64,
    /// Its keyed digest.
    pub digest: [u8; 16],
    /// Who speaks in it.
    pub source: String,
    /// Its label.
    pub label: String,
    /// The mapping that it was read with.
    pub mapping: Hash,
    /// The latest time as of which it was recorded.
    pub observed_at: i64,
    /// Stretches that are recorded.
    pub stretches: Vec<(u64, u64)>,
    /// Was it read to its end, and is all of it recorded?
    pub whole: bool,
    /// What became of its items when they were read: of each stretch as it was recorded last.
    pub counts: Counts,
    /// Lines in it, where lines have a meaning and it was read to its end.
    pub lines: Option<u64>,
}

impl Store {
    /// Makes a store in a new or empty folder.
    ///
    /// # Errors
    /// [`Error::NotEmpty`], [`Error::NetworkFileSystem`] or what the medium says.
    pub fn create(path: impl AsRef<Path>, options: Options) -> Result<Store> {
        let path = path.as_ref();
        let storage = FileStorage::new(path);
        std::fs::create_dir_all(path).map_err(|e| Error::io("make the folder", path, e))?;
        refuse_network(&storage, path, &options)?;
        let mut inside = std::fs::read_dir(path).map_err(|e| Error::io("list", path, e))?;
        if inside.next().is_some() {
            return Err(Error::NotEmpty { path: path.display().to_string() });
        }
        Store::create_on(Arc::new(storage), options)
    }

    /// Opens a store for writing, and recovers what a crash left.
    ///
    /// # Errors
    /// [`Error::NoStore`], [`Error::Locked`], [`Error::Corrupt`], [`Error::NewerFormat`] and what
    /// the medium says.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Store> {
        let path = path.as_ref();
        let storage = FileStorage::new(path);
        refuse_network(&storage, path, &options)?;
        Store::open_on(Arc::new(storage), options)
    }

    /// Opens a store for reading. Any number of processes may, also beside a writer.
    ///
    /// # Errors
    /// [`Error::NoStore`], [`Error::Corrupt`], [`Error::NewerFormat`] and what the medium says.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Store> {
        Store::open_read_only_on(Arc::new(FileStorage::new(path.as_ref())))
    }

    /// The store's id.
    #[must_use]
    pub fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// What to call it in messages.
    #[must_use]
    pub fn name(&self) -> String {
        self.storage.name()
    }

    pub(crate) fn storage(&self) -> &dyn Storage {
        &*self.storage
    }

    pub(crate) fn shared_storage(&self) -> Arc<dyn Storage> {
        Arc::clone(&self.storage)
    }

    /// Where long lists of a generation are laid aside; a reader writes nothing.
    pub(crate) fn shelf(&self) -> Shelf {
        if self.writable { Shelf::beside(self.shared_storage()) } else { Shelf::default() }
    }

    pub(crate) fn run_files(&self, fields: IndexedFields) -> RunFiles {
        let made_under = self.value_hasher().ok().map(|hasher| hasher.made_under());
        RunFiles { storage: self.shared_storage(), store: self.id, fields, made_under }
    }

    pub(crate) fn pending_keys(&self) -> &PendingKeys {
        &self.pending_keys
    }

    pub(crate) fn map_keeper(&self) -> &MapKeeper {
        &self.map
    }

    pub(crate) fn tail_percent_max(&self) -> u32 {
        self.options.tail_percent_max
    }

    pub(crate) fn segment_bytes_max(&self) -> u64 {
        self.options.segment_bytes_max
    }

    /// What its clock says, ns since 1970 UTC. What is written says it of itself; this is for whoever says when
    /// something was looked at and not written.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.options.clock.now()
    }

    pub(crate) fn new_secret(&self, label: &str) -> [u8; 32] {
        self.options.secrets.secret(label)
    }

    /// The last commit's number.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.read_state().head.commit
    }

    /// Begins a transaction; `import` is the number of the first commit of an import that goes on.
    ///
    /// # Errors
    /// [`Error::ReadOnly`], [`Error::Poisoned`], [`Error::OtherIndexKey`] if `keys/index.key` is not the one
    /// under which the index, or where there is none the batches were made, [`Error::OtherActorKey`] if
    /// `keys/actor.key` makes the keys of other persons than those on record, or [`Error::SeedsMissing`] if
    /// `keys/seeds` is here and lacks what records need.
    pub fn begin(&self, import: Option<u64>, actor: Option<String>) -> Result<Transaction<'_>> {
        self.check_writable()?;
        self.need_own_keys()?;
        self.need_seeds()?;
        Ok(Transaction::new(self, import, actor))
    }

    /// The same for who has the turn, and has judged itself whether seeds are missing; what is committed follows
    /// on what was read in it.
    pub(crate) fn begin_in_turn(
        &self,
        turn: &Turn<'_>,
        import: Option<u64>,
        actor: Option<String>,
    ) -> Result<Transaction<'_>> {
        self.check_writable()?;
        self.need_own_keys()?;
        Ok(Transaction::new(self, import, actor).behind(turn.commit()))
    }

    /// A view of everything committed.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a record cannot be read.
    pub fn snapshot(&self) -> Result<Snapshot> {
        let commit = self.commit();
        self.snapshot_at(commit)
    }

    /// A view as of a commit.
    ///
    /// # Errors
    /// [`Error::NoCommit`], or [`Error::Corrupt`] if a record cannot be read.
    pub fn snapshot_at(&self, commit: u64) -> Result<Snapshot> {
        let state = self.read_state();
        let newest = state.head.commit;
        if commit > newest {
            return Err(Error::NoCommit { number: commit, newest });
        }
        let view = self.views.snapshot(self, &state, commit)?;
        let view = match self.aside_of {
            Some(recorded) if commit > recorded => view.with_pending(recorded),
            _ => view,
        };
        Ok(if self.shows_restricted { view.with_restricted() } else { view })
    }

    /// The same store, whose views show what is restricted, or do not: for programs that are asked by
    /// one person. Else each view is told ([`Snapshot::with_restricted`]).
    #[must_use]
    pub fn showing_restricted(self, shows_restricted: bool) -> Store {
        Store { shows_restricted, ..self }
    }

    /// The number of the last commit at or before a time.
    #[must_use]
    pub fn commit_at(&self, time: i64) -> u64 {
        let state = self.read_state();
        state.ledger.commits.partition_point(|entry| entry.recorded <= time) as u64
    }

    pub(crate) fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn secret_box(&self) -> &Arc<RwLock<SecretBox>> {
        &self.secrets
    }

    pub(crate) fn erased_values(&self) -> &Arc<ErasedValues> {
        &self.erased_values
    }

    pub(crate) fn is_writer(&self) -> bool {
        self.writable
    }

    fn check_writable(&self) -> Result<()> {
        if !self.writable {
            return Err(Error::ReadOnly);
        }
        let poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
        match &*poisoned {
            Some(cause) => Err(Error::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    pub(crate) fn state_for_writing(&self) -> Result<RwLockWriteGuard<'_, State>> {
        let state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        self.check_writable()?;
        Ok(state)
    }

    /// Refuses every later write: what is on the medium is not known.
    pub(crate) fn poison(&self, error: &Error) {
        let mut poisoned = self.poisoned.lock().unwrap_or_else(PoisonError::into_inner);
        poisoned.get_or_insert_with(|| error.to_string());
    }

    pub(crate) fn known_revision(
        &self,
        node: &Hash,
        chain: (&str, &str),
        content: &Hash,
    ) -> Option<Hash> {
        self.read_state().ledger.known_revision(node, chain, content)
    }

    pub(crate) fn check_retract(&self, number: u64, restore: bool) -> Result<()> {
        self.read_state().ledger.check_retract(number, restore)
    }

    /// What is known of a file: its recorded parts that are not retracted, of the last import of one
    /// source under one mapping. Where no source or no mapping is asked for, any will do.
    #[must_use]
    pub fn known_source(
        &self,
        source: Option<&str>,
        digest: &[u8; 16],
        form: &str,
        mapping: Option<&Hash>,
    ) -> Option<KnownSource> {
        let state = self.read_state();
        let ledger = &state.ledger;
        let upto = ledger.commit();
        let found = self.catalog.as_ref().and_then(|known| known.places_of_file(digest, form));
        let parts = ledger.sources_at(found).filter(|(_, part)| {
            part.digest == *digest
                && part.form == form
                && source.is_none_or(|source| part.source == source)
                && mapping.is_none_or(|mapping| part.mapping == *mapping)
        });
        let (mut undone, mut parts): (Vec<_>, Vec<_>) =
            parts.partition(|(commit, _)| ledger.is_retracted(ledger.import_of(*commit), upto));
        let (commit, last) = *parts.last()?;
        for parts in [&mut undone, &mut parts] {
            parts.retain(|(_, part)| part.source == last.source && part.mapping == last.mapping);
        }
        // Several imports may have read a large file in turns, and the last of them knew again what
        // the others had recorded: what only a retracted one recorded must be read again.
        let mut stretches: Vec<_> = parts.iter().map(|(_, part)| part.stretches).collect();
        stretches.sort_unstable();
        let lost = undone.iter().any(|(_, part)| !covers(&stretches, part.stretches));
        // What was said to hold later is recorded again; it was read as often, and is there once.
        let latest: BTreeMap<_, _> =
            parts.iter().map(|(_, part)| (part.stretches, part.counts)).collect();
        let mut counts = Counts::default();
        latest.values().for_each(|of_one| counts.add(of_one));
        Some(KnownSource {
            commit: *commit,
            import: ledger.import_of(*commit),
            digest: *digest,
            source: last.source.clone(),
            label: last.label.clone(),
            mapping: last.mapping,
            observed_at: parts.iter().map(|(_, part)| part.observed_at).max()?,
            stretches,
            whole: !lost && parts.iter().any(|(_, source)| source.whole),
            counts,
            lines: parts.iter().rev().find_map(|(_, part)| part.lines),
        })
    }

    /// May a file of this size have been recorded in this form? Where none of the size was, it need not be
    /// hashed to see that it is new.
    #[must_use]
    pub fn may_know(&self, form: &str, size: u64) -> bool {
        let state = self.read_state();
        state.ledger.sources_at(None).any(|(_, part)| part.form == form && part.size == size)
    }

    /// The commit that last recorded a file of this source, form and label with other bytes.
    #[must_use]
    pub fn rewritten(
        &self,
        source: &str,
        label: &str,
        form: &str,
        digest: &[u8; 16],
    ) -> Option<u64> {
        let state = self.read_state();
        let catalog = self.catalog.as_ref();
        let found = catalog.and_then(|known| known.places_of_label(source, form, label));
        let others = state.ledger.alive_sources(found).filter(|(_, other)| {
            other.source == source
                && other.label == label
                && other.form == form
                && other.digest != *digest
        });
        others.last().map(|(commit, _)| *commit)
    }

    /// The digest of what shows the latest state of a source in a form, among what is not retracted.
    #[must_use]
    pub fn latest_state(&self, source: &str, form: &str) -> Option<[u8; 16]> {
        let state = self.read_state();
        let shown = state.ledger.alive_sources(None);
        let shown = shown.filter(|(_, each)| each.source == source && each.form == form);
        shown.max_by_key(|(_, each)| each.observed_at).map(|(_, latest)| latest.digest)
    }

    /// Lets the catalog know what was committed, so that the next file is looked up quickly.
    pub(crate) fn note_sources(&self) {
        if let Some(catalog) = &self.catalog {
            catalog.bring_up_to_date(&self.read_state().ledger);
        }
    }

    /// Reads a setting.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<Value> {
        let state = self.read_state();
        state.ledger.setting(name, state.ledger.commit()).cloned()
    }

    /// Sources, as recorded, with their commits and imports.
    #[must_use]
    pub fn sources(&self) -> Vec<(u64, u64, Source)> {
        let state = self.read_state();
        let ledger: &Ledger = &state.ledger;
        let sources = ledger.sources.iter();
        sources
            .map(|(commit, source)| (*commit, ledger.import_of(*commit), source.clone()))
            .collect()
    }
}

/// Do runs, each a first and a count and ascending, hold all of another?
fn covers(runs: &[(u64, u64)], (first, count): (u64, u64)) -> bool {
    let mut covered = first;
    for (first, count) in runs {
        if *first <= covered {
            covered = covered.max(first.saturating_add(*count));
        }
    }
    covered >= first.saturating_add(count)
}

fn refuse_network(storage: &FileStorage, path: &Path, options: &Options) -> Result<()> {
    match storage.network_file_system() {
        Some(kind) if !options.force_network => {
            Err(Error::NetworkFileSystem { path: path.display().to_string(), kind })
        }
        _ => Ok(()),
    }
}
