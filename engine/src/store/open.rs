//! Making and opening: reading the segments, adopting whole commits, setting a torn tail aside.

use super::{
    ErasedValues, LazyLedger, Options, OwnKeys, PendingKeys, SecretBox, State, Store, orphans,
    reading, recovery,
};
use crate::catalog::Catalog;
use crate::clock::utc_text;
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::index;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::record_map::MapKeeper;
use crate::sealed::Register;
use crate::sections::Shelf;
use crate::segment::{Walk, open_segment, segment_path};
use crate::snapshot::Views;
use crate::storage::Storage;
use lineal_proof::frame::{self, MAGIC_SEGMENT, SEGMENT_HEADER};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, RwLock};

impl Store {
    /// Makes a store on a medium that has none.
    ///
    /// # Errors
    /// [`Error::NotEmpty`] or what the medium says.
    pub fn create_on(storage: Arc<dyn Storage>, options: Options) -> Result<Store> {
        if storage.read(HEAD)?.is_some() {
            return Err(Error::NotEmpty { path: storage.name() });
        }
        let id = options.store_id.unwrap_or_else(|| {
            let mut id = [0; 16];
            id.copy_from_slice(&options.secrets.secret("store id")[..16]);
            id
        });
        Keys::create(&*storage, &*options.secrets)?;
        Register::create(&*storage, &id)?;
        storage.put(&segment_path(1), &frame::header(MAGIC_SEGMENT, &id, 1), false)?;
        // Last: a folder without `head` is no store.
        storage.put(HEAD, &Head::new(id).to_bytes(), false)?;
        Store::open_on(storage, options)
    }

    /// Opens a store on a medium for writing.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_on(storage: Arc<dyn Storage>, options: Options) -> Result<Store> {
        if storage.read(HEAD)?.is_none() && storage.read(&segment_path(1))?.is_none() {
            return Err(Error::NoStore { path: storage.name() });
        }
        let lock = storage.lock(&holder(&options))?;
        let (head, lost) = match storage.read(HEAD)?.map(|bytes| Head::from_bytes(&bytes)) {
            Some(Err(newer @ Error::NewerFormat { .. })) => return Err(newer),
            Some(Ok(head)) => (head, false),
            // Lost or damaged: every whole commit in the segments is found and adopted.
            Some(Err(_)) | None => (Head::new(store_id(&*storage)?), true),
        };
        let (mut ledger, mut reached) = replay_from_index(&*storage, &head)?;
        recovery::adopt(&*storage, &mut ledger, &mut reached, lost)?;
        if lost || reached != head {
            storage.put(HEAD, &reached.to_bytes(), false)?;
        }
        orphans::set_aside(&*storage, &ledger, &reached)?;
        reading::clear_away(&*storage, &ledger, &reached)?;
        let ledger = LazyLedger::known(ledger);
        let store =
            Store::assemble(storage, options, reached, ledger, Views::default(), Some(lock))?;
        // What a crash kept an erasure from destroying.
        store.finish_erasures(&BTreeSet::new())?;
        Ok(store)
    }

    /// Opens a store on a medium for reading.
    ///
    /// # Errors
    /// As [`Store::open_read_only`].
    pub fn open_read_only_on(storage: Arc<dyn Storage>) -> Result<Store> {
        // Before `head`: what it then names stays while the mark is held.
        let mark = reading::enter(&*storage)?;
        let Some(bytes) = storage.read(HEAD)? else {
            if storage.read(&segment_path(1))?.is_none() {
                return Err(Error::NoStore { path: storage.name() });
            }
            return Err(Error::corrupt(HEAD, 0, "it is there; opening for writing finds it again"));
        };
        let head = Head::from_bytes(&bytes)?;
        let damage = Arc::new(Damage::default());
        let graph = index::read_graph(&*storage, &head, &damage)?;
        let ledger = if graph.is_some() {
            let index = index::ledger_bytes(&*storage)?;
            LazyLedger::unread(Arc::clone(&storage), head, index, Arc::clone(&damage))
        } else {
            LazyLedger::known(replay_from_index(&*storage, &head)?.0)
        };
        let views = Views::new(graph, damage, mark);
        Store::assemble(storage, Options::default(), head, ledger, views, None)
    }

    fn assemble(
        storage: Arc<dyn Storage>,
        options: Options,
        head: Head,
        mut ledger: LazyLedger,
        views: Views,
        lock: Option<Box<dyn Send + Sync>>,
    ) -> Result<Store> {
        let keys = Keys::open(&*storage)?;
        let register = Register::open(&*storage, &head.store)?;
        let writable = lock.is_some();
        if writable {
            ledger.lay_aside(&Shelf::beside(Arc::clone(&storage)));
        }
        let folder = storage.local_path().filter(|_| writable);
        let catalog = folder.map(|folder| Catalog::open(&folder.join("catalog"), &ledger));
        let erased_values = Arc::new(ErasedValues::of(ledger.read()));
        Ok(Store {
            id: head.store,
            options,
            writable,
            state: RwLock::new(State::new(head, ledger)),
            secrets: Arc::new(RwLock::new(SecretBox { keys, register })),
            erased_values,
            turns: Mutex::new(()),
            poisoned: Mutex::new(None),
            views,
            catalog,
            pending_keys: PendingKeys::default(),
            own_keys: OwnKeys::default(),
            map: MapKeeper::default(),
            aside_of: None,
            shows_restricted: false,
            storage,
            _lock: lock,
        })
    }
}

/// What the lock file says of this process.
fn holder(options: &Options) -> String {
    format!("process {} since {}", std::process::id(), utc_text(options.clock.now()))
}

/// The store's id from its first segment, where `head` cannot tell.
fn store_id(storage: &dyn Storage) -> Result<[u8; 16]> {
    let path = segment_path(1);
    let none = || Error::NoStore { path: storage.name() };
    let bytes = storage.read(&path)?.ok_or_else(none)?;
    let (id, _) =
        frame::read_header(&bytes, MAGIC_SEGMENT).map_err(|e| Error::record(&path, 0, e))?;
    Ok(id)
}

/// Reads what `head` vouches for: what the index holds from there, the rest from the segments.
fn replay_from_index(storage: &dyn Storage, head: &Head) -> Result<(Ledger, Head)> {
    replay_from(storage, head, index::ledger_bytes(storage)?.as_ref())
}

/// The same, with the ledger's file as it was.
pub(super) fn replay_from(
    storage: &dyn Storage,
    head: &Head,
    index: Option<&Bytes>,
) -> Result<(Ledger, Head)> {
    if let Some((ledger, covered)) = index.and_then(|bytes| index::read_ledger(bytes, head))
        && let Ok(replayed) = replay(storage, head, ledger, covered)
    {
        return Ok(replayed);
    }
    // No index, or one of another history (a store brought back from a copy): whether the segments
    // are damaged, they alone tell.
    replay(storage, head, Ledger::default(), Head::new(head.store))
}

/// Reads what `head` vouches for from the segments, on top of what was reached.
pub(crate) fn replay(
    storage: &dyn Storage,
    head: &Head,
    mut ledger: Ledger,
    mut reached: Head,
) -> Result<(Ledger, Head)> {
    for number in reached.segment..=head.segment {
        let path = segment_path(number);
        let missing = || Error::corrupt(&path, 0, "the segment is there");
        let bytes = open_segment(storage, number, &head.store)?.ok_or_else(missing)?;
        let end = if number == head.segment { head.length } else { bytes.len() as u64 };
        if end > bytes.len() as u64 {
            let rule = "the segment is as long as `head` says";
            return Err(Error::corrupt(path, bytes.len() as u64, rule));
        }
        let from = if number == reached.segment { reached.length } else { SEGMENT_HEADER as u64 };
        let mut walk = Walk::new(number, &bytes, from, end);
        while let Some(transaction) = walk.next()? {
            transaction.check_parent((reached.commit, reached.commit_id))?;
            ledger.take(&transaction)?;
            (reached.commit, reached.commit_id) = (transaction.commit.number, transaction.id);
        }
        (reached.segment, reached.length) = (number, walk.at());
    }
    if (reached.commit, reached.commit_id) != (head.commit, head.commit_id) {
        return Err(Error::corrupt(HEAD, 32, "it names the last commit of the segments"));
    }
    Ok((ledger, reached))
}
