//! A copy of a store as of its last commit, made while it is read and written.
//!
//! Truth is only ever appended to, or written whole under a new name: so a copy of the first bytes of
//! each file, as many as `head` vouches for, is the store as it was at that commit, whatever is
//! committed meanwhile (docs/format.md, section 20). What was acknowledged and is in no commit yet comes
//! along: the journals are read first, so that what left them is in a commit. What is derived is left out, and so are the
//! keys: who finds a copy must not find beside it what opens its sealed values. Where they are asked for
//! they go into a file of their own (`keys.rs`). A folder that holds an earlier copy is brought up to date
//! (`update.rs`).

mod check;
mod fit;
mod guard;
mod keys;
mod list;
mod receive;
mod restore;
mod tar;
mod update;

pub use check::{CheckedCopy, CopyFault, check_copy};
pub(crate) use guard::{need_values, read_register};
pub use keys::{CopiedKeys, KEYS_BYTES_MAX};
pub(crate) use list::{List, text as copy_list};
pub use receive::{Received, receive};
pub use restore::{Later, Origin, RestoredCopy, Restoring, restore};
pub use tar::Tar;
pub use update::{Updated, need_copy};
pub(crate) use update::{files_there as files_of_copy, put_if_other, remove_others};

use super::{Mark, Store, enter};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::journal::{FOLDERS as FOLDERS_OF_JOURNALS, beside};
use crate::mapping::Bytes;
use crate::public_log::{LogIdentity, WITNESSES, checkpoint_files, identity_of};
use crate::sealed::{REGISTER, Register};
use crate::segment::segment_path;
use crate::storage::{FileStorage, Storage};
use crate::transaction::container_path;
use lineal_proof::Hash;
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

/// The file of a copy that lists the others with their digests, as `sha256sum -c` reads it.
pub const BACKUP_LIST: &str = "backup.sha256";

/// A copy that can be made: which files, and how much of each.
pub struct Backup {
    storage: Arc<dyn Storage>,
    head: Head,
    recorded: i64,
    keys: Option<CopiedKeys>,
    /// The name and keys of the public log.
    identity: Option<LogIdentity>,
    /// Commitments of values that were erased.
    erased: BTreeSet<Hash>,
    /// Is what an earlier copy has already read again before it is believed?
    heals: bool,
    /// All but the list and `head`.
    files: Vec<Part>,
    /// While it is held nothing that `head` needs is removed.
    _mark: Option<Mark>,
}

/// A file of the copy.
struct Part {
    path: String,
    length: u64,
    /// The bytes of what may be cut or grow while the copy is made.
    held: Option<Bytes>,
    /// What the log says of a file that never changes.
    sha256: Option<Hash>,
}

impl Part {
    fn held(path: impl Into<String>, bytes: Bytes) -> Part {
        let length = bytes.len() as u64;
        Part { path: path.into(), length, held: Some(bytes), sha256: None }
    }

    /// The digest of its bytes, which must be the one that the log says: a copy of what is damaged
    /// must not take the place of a good one.
    fn checked(&self, digest: [u8; 32]) -> Result<[u8; 32]> {
        match self.sha256 {
            Some(said) if said.0 != digest => {
                Err(Error::corrupt(&self.path, 0, "a container's sha256 is that of its manifest"))
            }
            _ => Ok(digest),
        }
    }
}

/// A reader whose store has an erasure recorded while it is copied begins again so many times.
const TRIES: usize = 8;

/// How far a copy is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackupProgress {
    /// Bytes that are copied.
    pub bytes: u64,
    /// Of all.
    pub all: u64,
}

impl Store {
    /// A copy of the store as of its last commit, with what is acknowledged and in none yet, to be
    /// written elsewhere. It may be made while a writer goes on: of a store that is open for reading the
    /// commit may be a later one than it was opened at. `with_keys` reads the keys and the seeds too, which
    /// go into a file of their own ([`Backup::keys`]).
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the log or a journal cannot be read, [`Error::KeysUnfit`] if keys are asked for and
    /// one is damaged, missing or another store's, or what the medium says.
    pub fn backup(&self, with_keys: bool) -> Result<Backup> {
        let waiting = beside::copied(self.storage(), self.id())?;
        let mut newer: Option<Store> = None;
        for _ in 0..TRIES {
            let store = newer.as_ref().unwrap_or(self);
            let (backup, keys) = store.copy(with_keys, waiting.clone())?;
            let erasures = store.read_state().ledger.load()?.erasures.len();
            // Of a writer the state was held, so nothing was committed meanwhile.
            let is_last = self.is_writer()
                || self.head_now()?.is_none_or(|head| head.commit <= backup.head.commit);
            if is_last {
                return keys.map(|()| backup);
            }
            // What left the journals since this was opened is in a commit that it does not know; and an
            // erasure replaces what was read behind `head`.
            let opened = Store::open_read_only_on(self.shared_storage())?;
            let same = opened.read_state().ledger.load()?.erasures.len() == erasures;
            if same && newer.is_some() {
                return keys.map(|()| backup);
            }
            newer = Some(opened);
        }
        Err(Error::corrupt(HEAD, 0, "a copy is made between two erasures; make it again"))
    }

    /// What `head` says now.
    fn head_now(&self) -> Result<Option<Head>> {
        self.storage().read(HEAD)?.map(|bytes| Head::from_bytes(&bytes)).transpose()
    }

    /// A copy, and whether the keys fit it: of one that an erasure overtook they need not.
    fn copy(&self, with_keys: bool, waiting: Vec<(String, Bytes)>) -> Result<(Backup, Result<()>)> {
        let mark = match self.views.mark() {
            Some(mark) => Some(mark),
            // Before the state: what it names then stays.
            None if self.is_writer() => enter(self.storage())?,
            None => None,
        };
        let state = self.read_state();
        let head = state.head;
        let ledger = state.ledger.load()?;
        let mut files = Vec::new();
        for number in 1..=head.segment {
            let path = segment_path(number);
            let length = if number == head.segment {
                head.length
            } else {
                read(self.storage(), &path)?.len() as u64
            };
            files.push(Part { path, length, held: None, sha256: None });
        }
        let used = ledger.batches.iter().filter_map(|batch| Some(batch.place?.0));
        let mut containers = BTreeSet::new();
        for manifest in used.collect::<BTreeSet<u32>>() {
            let (_, manifest) = &ledger.manifests[manifest as usize];
            let path = container_path(&manifest.container, manifest.generation);
            containers.insert((path, manifest.length, manifest.sha256));
        }
        files.extend(containers.into_iter().map(|(path, length, sha256)| Part {
            path,
            length,
            held: None,
            sha256: Some(sha256),
        }));
        // Of these a later state holds all that an earlier one does, and nothing names their length.
        let mut whole = vec![REGISTER.to_owned()];
        // Those of later commits, made meanwhile, are of another copy.
        let made = checkpoint_files(self.storage())?.into_iter();
        whole.extend(made.filter(|(size, _)| *size <= head.commit).map(|(_, path)| path));
        whole.push(WITNESSES.to_owned());
        for path in whole {
            // A store without its keys is copied as it is.
            if let Some(bytes) = self.storage.read(&path)? {
                files.push(Part::held(path, bytes));
            }
        }
        files.extend(waiting.into_iter().map(|(path, bytes)| Part::held(path, bytes)));
        let recorded = ledger.commits.last().map_or(0, |commit| commit.recorded);
        let storage = self.shared_storage();
        let keys = with_keys.then(|| CopiedKeys::read(self.storage(), &head)).transpose()?;
        let identity = identity_of(ledger)?;
        // As it was read, before the keys: what is sealed and waits for its commit has its seeds nowhere yet.
        let register = files.iter().find(|part| part.path == REGISTER);
        let register = register.and_then(|part| part.held.clone());
        let register = register.unwrap_or_else(|| Bytes::held(Vec::new()));
        let fit = match &keys {
            Some(keys) => {
                let register = Register::over(register, &head.store);
                keys.need_fit(ledger, identity.as_ref(), &register)
            }
            None => Ok(()),
        };
        let erased = ledger.erased_values();
        let backup = Backup {
            storage,
            head,
            recorded,
            keys,
            identity,
            erased,
            heals: false,
            files,
            _mark: mark,
        };
        Ok((backup, fit))
    }
}

/// The bytes of a file that must be there.
fn read(storage: &dyn Storage, path: &str) -> Result<Bytes> {
    let missing = || Error::corrupt(path, 0, "a file that the log names is there");
    storage.read(path)?.ok_or_else(missing)
}

impl Backup {
    /// The commit that it is a copy of.
    #[must_use]
    pub fn commit(&self) -> u64 {
        self.head.commit
    }

    /// The id of that commit.
    #[must_use]
    pub fn commit_id(&self) -> Hash {
        self.head.commit_id
    }

    /// How many files it has, the list among them.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.files.len() as u64 + 2
    }

    /// Bytes of what is copied, the list left out.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|part| part.length).sum::<u64>() + self.head().len() as u64
    }

    /// Has an earlier copy read again whole, and what of it is not as its list says brought anew: without it
    /// files that cannot change are believed by name and length, which costs what is new alone.
    #[must_use]
    pub fn healing(self) -> Backup {
        Backup { heals: true, ..self }
    }

    /// As an archive, piece by piece.
    #[must_use]
    pub fn into_tar(self) -> Tar {
        Tar::of(self)
    }

    /// The keys as they belong to this copy, where they were asked for.
    #[must_use]
    pub fn keys(&self) -> Option<&CopiedKeys> {
        self.keys.as_ref()
    }

    /// Writes it into a new or empty folder, or brings the earlier copy that a folder holds up to date,
    /// durably. A new folder is a store when its last file, `head`, is there; an earlier copy is at each
    /// moment the old one or the new. `progress` is called behind each file.
    ///
    /// # Errors
    /// [`Error::NotACopy`], [`Error::OtherStore`] or [`Error::OtherHistory`] where the folder holds something
    /// else, [`Error::Locked`] if it is being written, [`Error::Corrupt`] if a file is not what the log says
    /// of it, or what the medium says.
    pub fn write_to(
        &self,
        folder: impl AsRef<Path>,
        progress: &mut dyn FnMut(BackupProgress),
    ) -> Result<Updated> {
        let folder = folder.as_ref();
        update::need_copy(folder)?;
        self.write_on(&FileStorage::new(folder), progress)
    }

    fn head(&self) -> [u8; crate::head::LENGTH] {
        self.head.to_bytes()
    }

    /// The bytes of a file, as many as belong to the copy.
    fn read(&self, part: &Part) -> Result<Bytes> {
        let bytes = match &part.held {
            Some(held) => held.clone(),
            None => read(&*self.storage, &part.path)?,
        };
        let length = usize::try_from(part.length).unwrap_or(usize::MAX);
        let short =
            || Error::corrupt(&part.path, bytes.len() as u64, "a file is as long as the log says");
        bytes.part(0..length).ok_or_else(short)
    }

    /// The list, from the digest of each file.
    fn list(&self, digests: &[[u8; 32]]) -> String {
        let paths = self.files.iter().map(|part| part.path.as_str());
        list::text(&self.head, self.recorded, paths.zip(digests.iter().copied()))
    }
}

impl std::fmt::Debug for Backup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (commit, files) = (self.commit(), self.files());
        f.debug_struct("Backup").field("commit", &commit).field("files", &files).finish()
    }
}

/// Is it a file that a mirror may pull: one of a copy, and of no journal?
pub(crate) fn is_pulled(path: &str) -> bool {
    receive::FOLDERS.iter().any(|folder| path.starts_with(&format!("{folder}/")))
        && receive::is_of_a_copy(path)
}

/// Refuses a folder that holds anything; none is made.
fn need_empty(folder: &Path) -> Result<()> {
    match std::fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io("list", folder, error)),
        Ok(mut inside) => match inside.next() {
            Some(_) => Err(Error::NotEmpty { path: folder.display().to_string() }),
            None => Ok(()),
        },
    }
}

/// Is a file for its owner alone?
pub(crate) fn is_secret(path: &str) -> bool {
    path.starts_with("keys/")
        || path.starts_with("sealed/")
        || FOLDERS_OF_JOURNALS.iter().any(|folder| path.starts_with(folder))
}
