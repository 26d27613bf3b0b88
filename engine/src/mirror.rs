//! A mirror: a copy of a store that is pulled from a server or a folder and believes neither.
//!
//! What comes is verified before it is kept: each record and transaction by its hashes and the chain of
//! commits, containers by their manifests, checkpoints by the tree of the commits and a key of the log.
//! So whoever serves it can withhold, but not change: a history that was rewritten is refused by the
//! first commit that differs. What a mirror holds is a copy (docs/format.md, section 20) with tiles and
//! without journals; it never holds keys, and is kept up to date, deleted in and put back like one.

mod files;
mod history;
mod log;
mod tiles;
mod upstream;

pub(crate) use files::check as check_note;
pub use upstream::{Folder, Offer, Upstream};

use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::ledger::Ledger;
use crate::storage::Storage;
use crate::store::{
    BACKUP_LIST, List, copy_list, files_of_copy, put_if_other, remove_others, replay,
};
use lineal_proof::Hash;
use lineal_proof::tlog::VerifierKey;
use std::collections::{BTreeMap, BTreeSet};

/// A file that is asked for and has gone meanwhile, since the store was packed or erased, is looked for anew
/// in what the store then holds, so many times.
const TRIES: usize = 5;
/// Bytes that are asked for at once: enough that the way there and back does not count.
pub const PIECE_BYTES_MAX: u64 = 8 << 20;

/// How far a mirror is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MirrorProgress {
    /// The file that is coming.
    pub file: String,
    /// Bytes that came.
    pub bytes: u64,
    /// Of so many, as far as is known.
    pub all: u64,
}

/// What was pulled.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Mirrored {
    /// The last commit that the mirror had.
    pub was: u64,
    /// The last commit that it has.
    pub commit: u64,
    /// Its id.
    pub commit_id: Hash,
    /// Bytes that were pulled.
    pub bytes: u64,
    /// Containers that were pulled.
    pub containers: u64,
    /// Checkpoints that were pulled and verified.
    pub checkpoints: u64,
    /// Tiles of the public log that are served as the commits make them.
    pub tiles: u64,
    /// The newest checkpoint that is held: up to there the commits are signed.
    pub signed: Option<u64>,
    /// Files that the store no longer has, and that were removed.
    pub removed: Vec<String>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// Brings a mirror up to what a store holds; a new folder becomes one. `key` is the key that the log is known
/// by: without one the keys that the log itself names are taken.
///
/// # Errors
/// [`Error::OtherHistory`] if the store's past is not the mirror's, [`Error::OtherStore`],
/// [`Error::NotACopy`], [`Error::Rewritten`] or [`Error::Log`] for a checkpoint that does not fit,
/// [`Error::Corrupt`] for bytes that are not what their hashes say, [`Error::Upstream`] where nothing comes,
/// and what the medium says. What was verified before stays, and the next run goes on from there.
pub fn pull(
    to: &dyn Storage,
    from: &dyn Upstream,
    key: Option<&VerifierKey>,
    progress: &mut dyn FnMut(MirrorProgress),
) -> Result<Mirrored> {
    let _lock = to.lock("a mirror")?;
    let mut done = Mirrored::default();
    let mut pulling = Pulling { to, from, done: &mut done, all: 0, say: progress };
    for _ in 0..TRIES {
        if pulling.pull(key)? {
            return Ok(done);
        }
    }
    Err(Error::Upstream {
        name: from.name(),
        why:
            "its files went while they were pulled, again and again: it is being packed; try later"
                .to_owned(),
    })
}

/// A pull that goes on.
struct Pulling<'a> {
    to: &'a dyn Storage,
    from: &'a dyn Upstream,
    done: &'a mut Mirrored,
    all: u64,
    say: &'a mut dyn FnMut(MirrorProgress),
}

/// What the mirror has.
struct Own {
    head: Head,
    /// Is there a head, or is this the state of a mirror without commits?
    is_there: bool,
    files: BTreeMap<String, [u8; 32]>,
}

impl Own {
    fn of(to: &dyn Storage, offer: &Offer) -> Result<Own> {
        let refused = |why: &str| Error::NotACopy { path: to.name(), why: why.to_owned() };
        let Some(bytes) = to.read(HEAD)? else {
            let head = Head::new(offer.head.store);
            return Ok(Own { head, is_there: false, files: BTreeMap::new() });
        };
        let head = Head::from_bytes(&bytes)?;
        let list =
            List::of(to)?.ok_or_else(|| refused("it is a store and has no backup.sha256"))?;
        if head.store != offer.head.store {
            return Err(Error::OtherStore { path: to.name() });
        }
        Ok(Own { head, is_there: true, files: list.files })
    }
}

impl Pulling<'_> {
    /// Pulls once; false if a file of what was offered has gone meanwhile.
    fn pull(&mut self, key: Option<&VerifierKey>) -> Result<bool> {
        let offer = self.from.offer()?;
        let own = Own::of(self.to, &offer)?;
        self.done.was = own.head.commit;
        history::need_same(self.to, self.from, &own.head, &offer)?;
        self.all = self.done.bytes + offer.bytes_behind(&own.head);
        let Some(reached) = self.segments(&own.head, &offer)? else { return Ok(false) };
        let (ledger, _) = replay(self.to, &reached, Ledger::default(), Head::new(reached.store))?;
        let mut files: Vec<(String, [u8; 32])> = Vec::new();
        for number in 1..=reached.segment {
            files.push(self.known_segment(number, &own, &reached)?);
        }
        let Some(containers) = self.containers(&ledger, &own)? else { return Ok(false) };
        files.extend(containers);
        let Some(register) = self.register(&offer, &own, (&reached, &ledger))? else {
            return Ok(false);
        };
        files.extend(register.digest.map(|digest| (crate::sealed::REGISTER.to_owned(), digest)));
        let Some(notes) = self.checkpoints(&offer, &reached, &ledger, key)? else {
            return Ok(false);
        };
        files.extend(notes.digests());
        self.tiles(&reached, &notes)?;
        let recorded = ledger.commits.last().map_or(0, |commit| commit.recorded);
        let listed = files.iter().map(|(path, digest)| (path.as_str(), *digest));
        let list = copy_list(&reached, recorded, listed);
        put_if_other(self.to, BACKUP_LIST, list.as_bytes())?;
        put_if_other(self.to, HEAD, &reached.to_bytes())?;
        if let Some(bytes) = register.behind {
            self.to.put(crate::sealed::REGISTER, &bytes, true)?;
        }
        notes.write(self.to, &reached)?;
        let kept: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        self.done.removed.extend(remove_others(self.to, &kept)?);
        (self.done.commit, self.done.commit_id) = (reached.commit, reached.commit_id);
        debug_assert_eq!(files_of_copy(self.to)?.len(), kept.len());
        Ok(true)
    }

    /// The bytes of a whole file, in pieces; none if it has gone.
    fn whole(&mut self, path: &str, length: u64) -> Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            let at = bytes.len() as u64;
            let wanted = (length - at).min(PIECE_BYTES_MAX);
            let Some(piece) = self.piece(path, at, wanted)? else { return Ok(None) };
            bytes.extend_from_slice(&piece);
        }
        Ok(Some(bytes))
    }

    /// So many bytes of a file from one on; none if it has gone.
    fn piece(&mut self, path: &str, from: u64, length: u64) -> Result<Option<Vec<u8>>> {
        let Some(bytes) = self.from.bytes(path, from, length)? else { return Ok(None) };
        if bytes.len() as u64 != length {
            return Err(Error::Upstream {
                name: self.from.name(),
                why: format!("{path}: {} bytes came where {length} were asked for", bytes.len()),
            });
        }
        self.done.bytes += length;
        let (bytes_now, all) = (self.done.bytes, self.all.max(self.done.bytes));
        (self.say)(MirrorProgress { file: path.to_owned(), bytes: bytes_now, all });
        Ok(Some(bytes))
    }
}
