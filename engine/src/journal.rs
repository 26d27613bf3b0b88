//! The journal of what is brought live: requests, durable before they are acknowledged, kept until
//! an import has made commits of them (docs/format.md, section 19).
//!
//! Files of framed records stand in `journal/`. The newest is appended to; the others are closed
//! and wait to be sealed, each by an import that reads nothing but that file, so that doing it
//! again after a crash brings the same bytes and nothing twice. Only the writer of a store has one.

pub(crate) mod beside;
mod frame;
mod open;

pub use frame::{JournalKey, Request};

use crate::error::{Error, Result};
use crate::storage::Storage;
use crate::store::Store;
use frame::Kept;
use lineal_proof::Hash;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The folder of what is brought live.
const INTAKE: &str = "journal";
/// The folder of who asked what.
const TRAIL: &str = "trail";
/// Both of them.
pub(crate) const FOLDERS: [&str; 2] = [INTAKE, TRAIL];
/// The form of requests that are events of OpenLineage.
pub const OPENLINEAGE: &str = "openlineage";
/// Longest payload of a frame, and so of a request with its entries, in bytes: above any body that a
/// server takes.
pub const REQUEST_BYTES_MAX: usize = 64 << 20;
/// How long the key of a request is known, ns: senders repeat within minutes, some after a night.
pub const KEY_LIFE_NS: i64 = 24 * 3_600_000_000_000;
/// Most keys that are known; above this the oldest go: 72 bytes each in a file.
pub const KEYS_MAX: usize = 262_144;

/// Reads a file of a journal: how many entries it holds, and where no frame is whole any more.
///
/// # Errors
/// [`Error::Corrupt`] or [`Error::Record`] for one that is no file of this store's journal.
pub(crate) fn check(
    path: &str,
    bytes: &[u8],
    store: &[u8; 16],
) -> Result<(u64, Option<open::Torn>)> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let number = name.strip_suffix(".lnj").and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let read = open::parse(path, bytes, (*store, number))?;
    let entries = read.requests.iter().map(|request| request.entries.len() as u64).sum();
    Ok((entries, read.torn))
}

/// What waits to be sealed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Pending {
    /// Entries that were acknowledged.
    pub entries: u64,
    /// Of these, such as are events of OpenLineage: they bring other kinds of things than logs do.
    pub lineage: u64,
    /// Bytes of the files that hold them.
    pub bytes: u64,
    /// When the oldest request was received, ns since 1970 UTC.
    pub oldest: Option<i64>,
}

impl Pending {
    fn add(&mut self, request: &Request, bytes: u64) {
        self.entries += request.entries.len() as u64;
        if request.form == OPENLINEAGE {
            self.lineage += request.entries.len() as u64;
        }
        self.bytes += bytes;
        let oldest = self.oldest.map_or(request.received, |oldest| oldest.min(request.received));
        self.oldest = Some(oldest);
    }
}

/// Reads closed files and removes them, beside whoever appends.
#[derive(Clone)]
pub struct JournalFiles {
    storage: Arc<dyn Storage>,
    store: [u8; 16],
    folder: &'static str,
}

impl JournalFiles {
    fn path(&self, number: u32) -> String {
        open::path(self.folder, number)
    }

    /// The requests of a closed file, in the order in which they were acknowledged.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if it is damaged or not there, [`Error::Io`].
    pub fn read(&self, number: u32) -> Result<Vec<Request>> {
        let path = self.path(number);
        let read = open::read(self, number)?;
        let read = read.ok_or_else(|| Error::corrupt(&path, 0, "the journal's file is there"))?;
        match read.torn {
            Some(torn) => Err(Error::corrupt(&path, torn.at, torn.rule)),
            None => Ok(read.requests),
        }
    }

    /// Removes a file whose entries are committed.
    ///
    /// # Errors
    /// What the medium says.
    pub fn remove(&self, number: u32) -> Result<()> {
        self.storage.remove(&self.path(number))
    }
}

/// The journal of a store that is open for writing.
pub struct Journal {
    files: JournalFiles,
    /// The file that is appended to.
    number: u32,
    /// The sequence number of the next entry.
    next: u64,
    /// Bytes of that file.
    length: u64,
    /// What the files hold, by their number.
    pending: BTreeMap<u32, Pending>,
    keys: BTreeMap<JournalKey, Kept>,
    /// Why nothing more is taken.
    broken: Option<String>,
}

impl Journal {
    /// Opens the journal of a store, and cuts what a crash left half written: it was not
    /// acknowledged. The tail that is cut is kept in `orphans/`.
    ///
    /// # Errors
    /// [`Error::ReadOnly`] if the store is not open for writing; [`Error::Corrupt`] if a file is
    /// damaged elsewhere than at its torn end; what the medium says.
    pub fn open(store: &Store) -> Result<Journal> {
        Journal::open_in(store, INTAKE)
    }

    /// The same of the journal in which uses of the store wait to be made commits of.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_trail(store: &Store) -> Result<Journal> {
        Journal::open_in(store, TRAIL)
    }

    fn open_in(store: &Store, folder: &'static str) -> Result<Journal> {
        if !store.is_writer() {
            return Err(Error::ReadOnly);
        }
        Journal::open_on(store.shared_storage(), *store.id(), folder)
    }

    /// Takes requests: when this returns they are durable, all of them by one sync.
    ///
    /// The entries of a request are kept together: a crash leaves all of them or none.
    ///
    /// # Errors
    /// [`Error::Limit`] for a request that is too large, before anything is written. Otherwise what
    /// the medium says: then it is not known what is durable, and every later call is refused with
    /// [`Error::Poisoned`] until the store is opened again.
    pub fn append(&mut self, requests: &[Request]) -> Result<()> {
        if let Some(cause) = &self.broken {
            return Err(Error::Poisoned { cause: cause.clone() });
        }
        let mut bytes = Vec::new();
        let mut next = self.next;
        let mut lengths = Vec::with_capacity(requests.len());
        for request in requests {
            let before = bytes.len();
            frame::write_request(&mut bytes, self.length, next, request)?;
            lengths.push((bytes.len() - before) as u64);
            next += request.entries.len() as u64;
        }
        let path = self.files.path(self.number);
        let storage = &*self.files.storage;
        let done = storage.append(&path, &bytes, true).and_then(|()| storage.sync(&path));
        if let Err(error) = done {
            self.broken = Some(error.to_string());
            return Err(error);
        }
        self.next = next;
        self.length += bytes.len() as u64;
        for (request, length) in requests.iter().zip(lengths) {
            self.pending.entry(self.number).or_default().add(request, length);
            self.know(request);
        }
        Ok(())
    }

    /// The digest of the body that was acknowledged under a key, if that is still known.
    #[must_use]
    pub fn acknowledged(&self, key: &JournalKey) -> Option<Hash> {
        self.keys.get(key).map(|kept| kept.body)
    }

    /// Closes the file that is appended to, if it holds anything, and begins the next. Keys that
    /// are still known go along. Returns what is closed now and waits to be sealed.
    ///
    /// # Errors
    /// As [`Journal::append`].
    pub fn close(&mut self, now: i64) -> Result<Vec<u32>> {
        if let Some(cause) = &self.broken {
            return Err(Error::Poisoned { cause: cause.clone() });
        }
        if self.pending.contains_key(&self.number) {
            self.forget_old(now);
            let next = self.number + 1;
            match open::begin(&self.files, next, self.next, &self.keys) {
                Ok(length) => (self.number, self.length) = (next, length),
                Err(error) => {
                    self.broken = Some(error.to_string());
                    return Err(error);
                }
            }
        }
        Ok(self.pending.keys().copied().filter(|number| *number < self.number).collect())
    }

    /// A closed file was removed: its entries are committed.
    pub fn sealed(&mut self, number: u32) {
        self.pending.remove(&number);
    }

    /// The requests that are acknowledged and not sealed, by the file that holds them, in the order in
    /// which they were acknowledged.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if a file is damaged, or was removed and not yet said to be sealed.
    pub fn waiting(&self) -> Result<Vec<(u32, Vec<Request>)>> {
        self.pending.keys().map(|number| Ok((*number, self.files.read(*number)?))).collect()
    }

    /// What is acknowledged and not sealed.
    #[must_use]
    pub fn pending(&self) -> Pending {
        let mut all = Pending::default();
        for pending in self.pending.values() {
            all.entries += pending.entries;
            all.lineage += pending.lineage;
            all.bytes += pending.bytes;
            all.oldest = match (all.oldest, pending.oldest) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        all
    }

    /// Bytes of requests in the file that is appended to: what one seal of it reads at once.
    #[must_use]
    pub fn open_bytes(&self) -> u64 {
        self.pending.get(&self.number).map_or(0, |pending| pending.bytes)
    }

    /// The sequence number that the next entry will have.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// Reads and removes closed files.
    #[must_use]
    pub fn files(&self) -> JournalFiles {
        self.files.clone()
    }

    fn know(&mut self, request: &Request) {
        if let Some(key) = request.key {
            let kept = Kept { body: request.body, received: request.received };
            self.keys.insert(key, kept);
        }
    }

    fn forget_old(&mut self, now: i64) {
        let since = now.saturating_sub(KEY_LIFE_NS);
        self.keys.retain(|_, kept| kept.received >= since);
        if self.keys.len() > KEYS_MAX {
            let mut times: Vec<i64> = self.keys.values().map(|kept| kept.received).collect();
            times.sort_unstable();
            let since = times[times.len() - KEYS_MAX];
            self.keys.retain(|_, kept| kept.received >= since);
        }
    }
}

#[cfg(test)]
mod tests;
