//! Making and opening: reading the segments, adopting whole commits, setting a torn tail aside.

use super::{Options, SecretBox, State, Store, orphans};
use crate::catalog::Catalog;
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::sealed::Register;
use crate::segment::{Walk, open_segment, segment_path};
use crate::snapshot::Views;
use crate::storage::Storage;
use lineal_proof::Hash;
use lineal_proof::frame::{self, MAGIC_SEGMENT, SEGMENT_HEADER};
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
        let head = match storage.read(HEAD)?.map(|bytes| Head::from_bytes(&bytes)) {
            Some(Err(newer @ Error::NewerFormat { .. })) => return Err(newer),
            Some(Ok(head)) => head,
            // Lost or damaged: every whole commit in the segments is found and adopted.
            Some(Err(_)) | None => Head::new(store_id(&*storage)?),
        };
        let (head, ledger) = recover(&*storage, head)?;
        orphans::set_aside(&*storage, &ledger)?;
        Store::assemble(storage, options, head, ledger, Some(lock))
    }

    /// Opens a store on a medium for reading.
    ///
    /// # Errors
    /// As [`Store::open_read_only`].
    pub fn open_read_only_on(storage: Arc<dyn Storage>) -> Result<Store> {
        let none = || Error::NoStore { path: storage.name() };
        let head = Head::from_bytes(&storage.read(HEAD)?.ok_or_else(none)?)?;
        let mut ledger = Ledger::default();
        let mut parent = (0, Hash::default());
        for number in 1..=head.segment {
            let missing = || Error::corrupt(segment_path(number), 0, "the segment is there");
            let bytes = open_segment(&*storage, number, &head.store)?.ok_or_else(missing)?;
            let end = if number == head.segment { head.length } else { bytes.len() as u64 };
            if end > bytes.len() as u64 {
                let rule = "the segment is as long as `head` says";
                return Err(Error::corrupt(segment_path(number), bytes.len() as u64, rule));
            }
            take_all(&mut ledger, &mut Walk::new(number, &bytes, 0, end), &mut parent)?;
        }
        if parent != (head.commit, head.commit_id) {
            return Err(Error::corrupt(HEAD, 32, "it names the last commit"));
        }
        Store::assemble(storage, Options::default(), head, ledger, None)
    }

    fn assemble(
        storage: Arc<dyn Storage>,
        options: Options,
        head: Head,
        ledger: Ledger,
        lock: Option<Box<dyn Send + Sync>>,
    ) -> Result<Store> {
        let keys = Keys::open(&*storage)?;
        let register = Register::open(&*storage)?;
        let writable = lock.is_some();
        let folder = storage.local_path().filter(|_| writable);
        let catalog = folder.map(|folder| Catalog::open(&folder.join("catalog"), &ledger));
        Ok(Store {
            id: head.store,
            options,
            writable,
            state: RwLock::new(State::new(head, ledger)),
            secrets: Arc::new(RwLock::new(SecretBox { keys, register })),
            poisoned: Mutex::new(None),
            views: Views::default(),
            catalog,
            storage,
            _lock: lock,
        })
    }
}

/// What the lock file says of this process.
fn holder(options: &Options) -> String {
    format!("process {} since {}", std::process::id(), options.clock.now() / 1_000_000_000)
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

/// Takes every transaction of a walk, checking that each continues the chain.
fn take_all(ledger: &mut Ledger, walk: &mut Walk<'_>, parent: &mut (u64, Hash)) -> Result<()> {
    while let Some(transaction) = walk.next()? {
        transaction.check_parent(*parent)?;
        *parent = (transaction.commit.number, transaction.id);
        ledger.take(&transaction)?;
    }
    Ok(())
}

/// Reads what `head` vouches for, adopts whole commits behind it, and cuts a torn tail off.
fn recover(storage: &dyn Storage, head: Head) -> Result<(Head, Ledger)> {
    let mut ledger = Ledger::default();
    let mut parent = (0, Hash::default());
    let mut new = Head { commit: 0, commit_id: Hash::default(), ..head };
    let mut number = 1;
    let mut torn = false;
    while let Some(bytes) = segment(storage, number, &head)? {
        if torn {
            // Nothing can follow a torn tail: a crash during the first write of a segment.
            orphans::move_whole(storage, &segment_path(number))?;
            number += 1;
            continue;
        }
        let vouched = match number.cmp(&head.segment) {
            std::cmp::Ordering::Less => bytes.len() as u64,
            std::cmp::Ordering::Equal => head.length,
            std::cmp::Ordering::Greater => SEGMENT_HEADER as u64,
        };
        if vouched > bytes.len() as u64 {
            let rule = "the segment is as long as `head` says";
            return Err(Error::corrupt(segment_path(number), bytes.len() as u64, rule));
        }
        let mut walk = Walk::new(number, &bytes, 0, vouched);
        take_all(&mut ledger, &mut walk, &mut parent)?;
        let mut end = walk.at();
        let mut tail = Walk::new(number, &bytes, end, u64::MAX);
        while let Ok(Some(transaction)) = tail.next() {
            if transaction.check(&bytes, &head.store, parent).is_err() {
                break;
            }
            parent = (transaction.commit.number, transaction.id);
            ledger.take(&transaction)?;
            end = transaction.end;
        }
        if end < bytes.len() as u64 {
            orphans::cut_tail(storage, &segment_path(number), &bytes, end)?;
            torn = true;
        }
        (new.segment, new.length) = (number, end);
        number += 1;
    }
    if number <= head.segment {
        return Err(Error::corrupt(segment_path(number), 0, "the segment is there"));
    }
    (new.commit, new.commit_id) = parent;
    if new.commit < head.commit {
        return Err(Error::corrupt(HEAD, 32, "it names a commit that the segments hold"));
    }
    if storage.read(HEAD)?.as_deref() != Some(&new.to_bytes()[..]) {
        storage.put(HEAD, &new.to_bytes(), false)?;
    }
    Ok((new, ledger))
}

/// Opens a segment; one behind `head` that does not even have its header is a torn write.
fn segment(
    storage: &dyn Storage,
    number: u32,
    head: &Head,
) -> Result<Option<crate::mapping::Bytes>> {
    match open_segment(storage, number, &head.store) {
        Err(Error::Corrupt { .. }) if number > head.segment && head.commit > 0 => {
            orphans::move_whole(storage, &segment_path(number))?;
            Ok(None)
        }
        other => other,
    }
}
