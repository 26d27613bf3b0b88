//! What can go wrong with a store, in sentences for someone who has to act.

use crate::stands::Stands;
use std::io;
use std::path::PathBuf;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to open.
    #[error("no store at {path}; `lineal init {path}` makes one")]
    NoStore {
        /// Where it was looked for.
        path: String,
    },
    /// Creating would overwrite.
    #[error("{path} is not empty; a store is made in a new or empty folder")]
    NotEmpty {
        /// The folder.
        path: String,
    },
    /// What should be a copy of the store is one of another.
    #[error(
        "{path} is a copy of another store; only copies of the same one are brought up to date or taken from"
    )]
    OtherStore {
        /// The copy.
        path: String,
    },
    /// A folder that a copy should go into, or come from, and that is none.
    #[error(
        "{path} is no copy of a store that could be brought up to date or put back: {why}. Name a new folder, or one that `lineal backup` or `lineal mirror` made"
    )]
    NotACopy {
        /// The folder.
        path: String,
        /// What is there and should not be, or should be and is not.
        why: String,
    },
    /// A copy, or what it is made of, has another past.
    #[error(
        "{path} and {other} are of one store and differ from commit {commit} on: one of them was rewritten, or put back from an older copy and continued. Nothing was written; keep both until it is clear which is right"
    )]
    OtherHistory {
        /// What was to be brought up to date.
        path: String,
        /// What it was held to.
        other: String,
        /// The first commit that is not in both with the same id.
        commit: u64,
    },
    /// A copy whose files are not what its list or its commits say.
    #[error(
        "{path} is damaged and nothing was put back; {count} of its files are not as they were written: {}{}",
        names.join(", "),
        if names.len() < *count { ", ..." } else { "" }
    )]
    DamagedCopy {
        /// The copy.
        path: String,
        /// How many files.
        count: usize,
        /// The first of them, each with what is wrong.
        names: Vec<String>,
    },
    /// Keys that a file of keys must not take: damaged, missing, or another store's.
    #[error(
        "{file}: {why}. No keys were written, and a file of keys that is there stays as it is: put this one back from it (`tar -xf FILE -C STORE {file}`), or leave --with-keys out"
    )]
    KeysUnfit {
        /// The file, relative to the store.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Keys that do not open all that a copy holds, although they are its store's and the copy is as it was written.
    #[error(
        "the keys that were given do not open all that {path} holds, and nothing was put back: {}{}. Keys that were written after an erasure lack what it destroyed: name with --erasures-of a state of the store that is as late as they are, and what was erased is erased in what is put back; or name with --with-keys the file that was written with this copy",
        names.join(", "),
        if names.len() < *count { ", ..." } else { "" }
    )]
    KeysNotOfCopy {
        /// The copy.
        path: String,
        /// How many files hold what they do not open.
        count: usize,
        /// The first of them, each with what is wrong.
        names: Vec<String>,
    },
    /// What was erased elsewhere is in a copy, and erasing it again needs keys.
    #[error(
        "{path} holds what was erased since it was made ({count} erasures), and without its keys nothing can be erased again: name them with --with-keys FILE, or take a later copy"
    )]
    ErasedSince {
        /// The copy.
        path: String,
        /// Erasures that are not in its log.
        count: usize,
    },
    /// A place that a mirror is pulled from gives nothing, or something else than was asked for.
    #[error("{name}: {why}")]
    Upstream {
        /// Where.
        name: String,
        /// What it said or did.
        why: String,
    },
    /// Another writer holds the lock.
    #[error(
        "the store is being written by {holder}; reading is possible meanwhile, writing after it ends"
    )]
    Locked {
        /// What the lock file says of its holder.
        holder: String,
    },
    /// The folder lies on a network file system, whose locks cannot be trusted.
    #[error(
        "{path} lies on a network file system ({kind}), whose locks cannot be trusted; use a local disk, or --force-network"
    )]
    NetworkFileSystem {
        /// The folder.
        path: String,
        /// The file system.
        kind: String,
    },
    /// Written by a later version.
    #[error(
        "{file} has format {found}; this version reads up to {newest}. Use a newer lineal; `lineal migrate` will move older stores"
    )]
    NewerFormat {
        /// The file.
        file: String,
        /// Its format.
        found: i64,
        /// The newest format this version knows.
        newest: i64,
    },
    /// A kind or relation that only a later version knows.
    #[error(
        "{file}, byte {at}: this version does not know the {what} `{word}`; a newer lineal wrote it, so use a newer one"
    )]
    NewerWord {
        /// The file.
        file: String,
        /// Where the record's frame begins.
        at: u64,
        /// Kind or relation.
        what: &'static str,
        /// The word.
        word: String,
    },
    /// A sync failed before: what is on disk is not known.
    #[error(
        "an earlier write could not be made durable ({cause}); reading goes on, writing needs the store to be opened again"
    )]
    Poisoned {
        /// What failed.
        cause: String,
    },
    /// Whoever asked for it wished it to end; nothing is known of what was not looked at.
    #[error("{what} ended before it was done, as it was asked to")]
    Ended {
        /// What was being done.
        what: &'static str,
    },
    /// The medium failed behind a commit: it is recorded, and something else is not done.
    #[error("{} ({source})", stands.words(*commit))]
    Stands {
        /// The commit.
        commit: u64,
        /// What stands, and what waits.
        stands: Stands,
        /// What the medium said.
        source: Box<Error>,
    },
    /// Opened for reading.
    #[error("the store was opened for reading only")]
    ReadOnly,
    /// Bytes that are not what was written.
    #[error("{file} is damaged at byte {at}; what must hold and does not: {rule}")]
    Corrupt {
        /// The file, relative to the store.
        file: String,
        /// Where.
        at: u64,
        /// The rule of the format that is broken.
        rule: String,
    },
    /// Bytes of a derived file that are not what was written: no evidence is touched.
    #[error(
        "{file} is damaged at byte {at}; what must hold and does not: {rule}. It is derived, so nothing is lost: `lineal rebuild` makes it again"
    )]
    Derived {
        /// The file, relative to the store.
        file: String,
        /// Where.
        at: u64,
        /// The rule of the format that is broken.
        rule: String,
    },
    /// A record that breaks its form although its hash fits: a writer's mistake.
    #[error("{file}, byte {at}: {source}")]
    Record {
        /// The file.
        file: String,
        /// Where the frame begins.
        at: u64,
        /// What is wrong.
        source: lineal_proof::Error,
    },
    /// Something larger than the format allows.
    #[error("{what} is {found}, the limit is {limit}")]
    Limit {
        /// What is too large.
        what: String,
        /// Its size.
        found: u64,
        /// The limit (docs/format.md, section 15).
        limit: u64,
    },
    /// A secret that a question or write needs is not there.
    #[error("keys/{name} is not here, and {purpose} needs it")]
    NoKey {
        /// The key's file.
        name: &'static str,
        /// What for.
        purpose: &'static str,
    },
    /// The key of the index is not the one under which the index was made.
    #[error(
        "keys/index.key is not the key under which {file} was made: one of the two is another store's, and nothing would be found by its value. Put the key back from its backup; where it is the right one (`lineal verify` tells) and that is a file of the index, `lineal rebuild` makes the index under it"
    )]
    OtherIndexKey {
        /// A file of the index; where there is none, what of the truth.
        file: String,
    },
    /// The key of persons is not the one under which those on record are known.
    #[error(
        "keys/actor.key makes the key of {fitting} of {opened} persons whose sealed names open: it is another store's, and who is on record would be recorded anew as somebody else. Nothing was written. Put the key back from its backup; where another program made these persons' keys of what it did not seal, LINEAL_DESPITE_OTHER_PERSONS=1 in the environment goes on"
    )]
    OtherActorKey {
        /// Persons whose key it makes.
        fitting: u64,
        /// Persons that were looked at.
        opened: u64,
    },
    /// Seeds that records need are not among those that are here.
    #[error(
        "keys/seeds is here and lacks {what}, which nobody erased: it was cut off, is older than the store, of a later state that erased it, or another store's. Put it back from its backup (`tar -xf FILE -C STORE keys/seeds` of what `lineal backup --with-keys FILE` wrote); {instead}"
    )]
    SeedsMissing {
        /// What of them.
        what: String,
        /// What needs it, or what can be done where there is no backup.
        instead: String,
    },
    /// A commit that is not there.
    #[error("no commit {number}; the store holds {newest}")]
    NoCommit {
        /// What was asked for.
        number: u64,
        /// The newest.
        newest: u64,
    },
    /// Nothing was signed of that size.
    #[error(
        "no checkpoint of {size} commits is kept; `lineal checkpoint --list` names those that are"
    )]
    NoCheckpoint {
        /// What was asked for.
        size: u64,
    },
    /// No checkpoint was ever made.
    #[error("the log has no name and no key on record yet; `lineal checkpoint` records them")]
    NoLog,
    /// Bytes that are in the form of what the log's key signs for others.
    #[error(
        "this is not signed: it has the form of a checkpoint or of what witnesses sign, and a signature over it would be one of these"
    )]
    NotSigned,
    /// A log keeps its name.
    #[error("the log is recorded as {recorded} and keeps that name, not {asked}")]
    OtherOrigin {
        /// Its name.
        recorded: String,
        /// What was asked for.
        asked: String,
    },
    /// The secret beside the store is not the one whose public half the log names.
    #[error(
        "keys/signing.key is not the key that the log names ({recorded}); put that one back, nothing is signed with another"
    )]
    OtherKey {
        /// The recorded key.
        recorded: String,
    },
    /// What was signed before is not what the store holds now.
    #[error(
        "the checkpoint of {size} commits does not fit the {commits} that this store holds: it was restored from an older copy, or changed. Nothing is signed; find the newest copy (docs/operating.md, \"The public log\")"
    )]
    Rewritten {
        /// Size of the checkpoint.
        size: u64,
        /// Commits of the store.
        commits: u64,
    },
    /// A file of the public log that is not in its form.
    #[error("{what}: {source}")]
    Log {
        /// The file, or what it is about.
        what: String,
        /// What is wrong.
        source: lineal_proof::tlog::Error,
    },
    /// Something that no proof shows.
    #[error(transparent)]
    Proof(#[from] lineal_proof::tlog::Error),
    /// An import that is not there.
    #[error("no import {number}; `lineal imports` lists them")]
    NoImport {
        /// What was asked for.
        number: u64,
    },
    /// A commit that is there and brought nothing that a view would lack.
    #[error(
        "commit {number} brought nothing that could be retracted; `lineal imports` lists what did"
    )]
    NothingToRetract {
        /// What was to be retracted.
        number: u64,
    },
    /// Nobody takes back what was done with a store.
    #[error("commit {number} holds the trail of who asked what; it is not retracted")]
    IsTrail {
        /// What was to be retracted.
        number: u64,
    },
    /// A retraction is undone by its opposite.
    #[error(
        "commit {number} itself {} import:{of}; `lineal retract import:{of}{}` undoes it",
        if *restored { "restored" } else { "retracted" },
        if *restored { "" } else { " --restore" }
    )]
    IsRetraction {
        /// What was to be retracted.
        number: u64,
        /// The import that it is about.
        of: u64,
        /// Did it bring that one back?
        restored: bool,
    },
    /// It is so already.
    #[error("import:{number} is retracted already; `--restore` brings it back")]
    AlreadyRetracted {
        /// What was to be retracted.
        number: u64,
    },
    /// It is so already.
    #[error("import:{number} is not retracted: there is nothing to restore")]
    NotRetracted {
        /// What was to be restored.
        number: u64,
    },
    /// While an import was retracted nothing was compared with its events.
    #[error(
        "import:{again} brought events of the same deployment and time while import:{number} was retracted, and they might count twice; `lineal retract import:{again}` first, then restore, then import those files again"
    )]
    CameAgain {
        /// What was to be restored.
        number: u64,
        /// What came meanwhile.
        again: u64,
    },
    /// What would show that something was never recorded is not there, or does not fit.
    #[error("nothing can be proved absent from {what}: {reason}")]
    NoAbsence {
        /// A commit or a batch.
        what: String,
        /// Why.
        reason: String,
    },
    /// Two persons, so that nobody erases alone what another would have kept.
    #[error("an erasure is decided by one person and executed by another; both are {who}")]
    SamePerson {
        /// The key of who.
        who: String,
    },
    /// A person is to be named, and the text names nobody.
    #[error(
        "{who} is not named: nothing, blanks and signs alone are no person, nor is `unknown`; name one by login or e-mail (kept as a key)"
    )]
    Nobody {
        /// Who would be.
        who: &'static str,
    },
    /// Something that must be said was left out.
    #[error("an erasure records its {what}; it may not be empty, nor longer than {limit} bytes")]
    Unsaid {
        /// What.
        what: &'static str,
        /// The most bytes of it.
        limit: usize,
    },
    /// There is nothing of that, or no longer.
    #[error("nothing to erase: {what}")]
    NothingToErase {
        /// What was looked for.
        what: String,
    },
    /// What is restricted is kept as it is until the restriction is lifted.
    #[error(
        "restricted, and so neither erased nor changed: {what}. `lineal erase ... --lift` lifts the restriction, on a decision of its own"
    )]
    Restricted {
        /// How much of it.
        what: String,
    },
    /// What was about to be recorded was erased since it was read.
    #[error(
        "an erasure was recorded while this was being prepared, and it is about {what}: nothing was written, do it again and what was erased stays away"
    )]
    ErasedMeanwhile {
        /// What of it.
        what: String,
    },
    /// A hold forbids it.
    #[error(
        "the hold `{name}` (commit {commit}) forbids it: {reason}. `lineal hold release {name}` ends it; `lineal erase ... --refuse` records the refusal"
    )]
    Held {
        /// What the hold is called.
        name: String,
        /// The commit that recorded it.
        commit: u64,
        /// Why it was made.
        reason: String,
    },
    /// No hold of that name stands.
    #[error("no hold is called `{name}`; `lineal hold list` lists those that stand")]
    NoHold {
        /// The name.
        name: String,
    },
    /// The medium refused.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    /// Wraps an error of the system.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Error {
        Error::Io { action, path: path.into(), source }
    }

    /// A damaged file.
    pub(crate) fn corrupt(file: impl Into<String>, at: u64, rule: impl Into<String>) -> Error {
        Error::Corrupt { file: file.into(), at, rule: rule.into() }
    }

    /// A record or frame that was refused, with its place.
    pub(crate) fn record(file: &str, at: u64, source: lineal_proof::Error) -> Error {
        match source {
            lineal_proof::Error::Newer { found, newest, .. } => {
                Error::NewerFormat { file: file.to_owned(), found, newest }
            }
            lineal_proof::Error::Frame { rule } => Error::corrupt(file, at, rule),
            source => Error::Record { file: file.to_owned(), at, source },
        }
    }

    /// Told of a failure of the medium behind a commit; of any other it is what it was.
    pub(crate) fn behind(self, commit: u64, stands: Stands) -> Error {
        match self {
            source @ Error::Io { .. } => Error::Stands { commit, stands, source: Box::new(source) },
            other => other,
        }
    }

    /// Is it damage, so that a program should say so with a code of its own?
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Error::Corrupt { .. }
                | Error::Derived { .. }
                | Error::Record { .. }
                | Error::Rewritten { .. }
                | Error::OtherHistory { .. }
                | Error::DamagedCopy { .. }
                | Error::KeysNotOfCopy { .. }
                | Error::KeysUnfit { .. }
                | Error::OtherIndexKey { .. }
                | Error::OtherActorKey { .. }
                | Error::SeedsMissing { .. }
                | Error::Log { .. }
        )
    }
}

/// A result whose error is the store's.
pub type Result<T, E = Error> = std::result::Result<T, E>;
