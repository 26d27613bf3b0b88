//! Checking a store against itself: everything that is truth is read and hashed again, and each
//! fault is named with what it costs and what it does not.
//!
//! Needs no open store and believes nothing: not `head`, not what is derived. It goes on after a
//! fault, so that one report names all of them (docs/format.md, sections 5 to 12).

mod beside;
mod catalog;
mod code;
mod commits;
mod compare;
mod containers;
mod derived;
mod erased;
mod journals;
mod lost_checkpoints;
mod own_keys;
mod public_log;
mod records;
mod secrets;
mod segments;

use crate::error::{Error, Result};
use crate::head::{HEAD, Head, is_of_other_store};
use crate::later_erasures::LaterErasures;
use crate::sealed::REGISTER;
use crate::storage::Storage;
pub(crate) use beside::Beside;
pub use code::Code;
use lineal_proof::Hash;
use lineal_proof::tlog::VerifierKey;
pub use public_log::TimestampNote;
pub(crate) use records::commitments_of;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Most faults that are listed; the others are counted.
const FAULTS_MAX: usize = 1_000;

/// How much is read again.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Depth {
    /// `head`, the chain of commits and what each says of its records, the checksum of every frame,
    /// and whether containers are there and as long as they were. Nothing else is hashed.
    Fast,
    /// Also the hash of every record and container, and sealed values; not the rows within.
    Bytes,
    /// Also each batch's root and counters from its rows, and each record encoded again.
    #[default]
    Full,
}

/// What is read again.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct What {
    /// How much of it.
    pub depth: Depth,
    /// Records of this commit and those before it, and the containers they named, are decoded or
    /// looked for, and not hashed again; 0 for all.
    pub since: u64,
    /// Only records of this node, and the containers in which events of it stand; the others as
    /// with [`Depth::Fast`].
    pub node: Option<Hash>,
}

impl What {
    /// The whole store, to a depth.
    #[must_use]
    pub fn all(depth: Depth) -> What {
        What { depth, ..What::default() }
    }
}

/// How far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// What is being checked, or was just checked.
    pub file: String,
    /// Files that are checked.
    pub done: u64,
    /// Files that are known of so far.
    pub total: u64,
    /// Bytes of segments and containers that are checked.
    pub bytes: u64,
    /// Of so many.
    pub bytes_total: u64,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// What sort of fault: for programs.
    pub code: Code,
    /// The file, relative to the store.
    pub file: String,
    /// Where in it.
    pub at: u64,
    /// The rule of docs/format.md that is broken.
    pub rule: String,
    /// What it costs, and what is not touched by it.
    pub lost: String,
    /// In a derived file: `lineal rebuild` mends it.
    pub derived: bool,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}, byte {}: what must hold and does not: {}; lost: {}",
            self.file, self.at, self.rule, self.lost
        )
    }
}

/// What was found.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Report {
    /// Whole commits.
    pub commits: u64,
    /// Records that read, commits included.
    pub records: u64,
    /// Bytes of segments that were read.
    pub segment_bytes: u64,
    /// Containers that fit their manifest, as far as they were read.
    pub containers: u64,
    /// Bytes of containers that were hashed.
    pub container_bytes: u64,
    /// Entries of the trail and of live intake that wait to be committed.
    pub waiting: u64,
    /// Batches whose root and counters were computed again from their rows.
    pub batches: u64,
    /// Rows of those.
    pub rows: u64,
    /// Rows that were erased, of which leaf and count are left.
    pub erased: u64,
    /// Sealed values that open and fit their commitment.
    pub sealed: u64,
    /// Sealed values whose key is not here: erased, or not brought along.
    pub sealed_without_key: u64,
    /// Checkpoints whose signature and root fit the log.
    pub checkpoints: u64,
    /// Time stamps of these, the newest of each checkpoint that has one.
    pub timestamps: Vec<TimestampNote>,
    /// Key files that are not here and without which something was not checked: `keys/seeds` (roots of batches,
    /// sealed values), `keys/index.key` (look-ups by value).
    pub keys_missing: Vec<String>,
    /// What is worth knowing and is no fault.
    pub notes: Vec<String>,
    /// The faults, in the order of files.
    pub faults: Vec<Fault>,
    /// Faults beyond those listed.
    pub faults_not_listed: u64,
    /// Those of derived files beyond those listed.
    pub faults_derived_not_listed: u64,
}

impl Report {
    /// Is the truth as it was written? Faults of derived files do not count.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults_not_listed == 0 && self.faults.iter().all(|fault| fault.derived)
    }

    fn fault(
        &mut self,
        code: Code,
        file: &str,
        at: u64,
        rule: impl Into<String>,
        lost: impl Into<String>,
    ) {
        let (rule, lost) = (rule.into(), lost.into());
        self.push(Fault { code, file: file.to_owned(), at, rule, lost, derived: false });
    }

    fn push(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else if fault.derived {
            self.faults_derived_not_listed += 1;
        } else {
            self.faults_not_listed += 1;
        }
    }

    /// Takes the faults and notes of another part.
    fn append(&mut self, other: Report) {
        other.faults.into_iter().for_each(|fault| self.push(fault));
        self.faults_not_listed += other.faults_not_listed;
        self.faults_derived_not_listed += other.faults_derived_not_listed;
        self.notes.extend(other.notes);
    }

    /// Takes an error of reading as a fault.
    fn error(&mut self, code: Code, file: &str, error: &Error, lost: &str) {
        match error {
            Error::Corrupt { file, at, rule } => self.fault(code, file, *at, rule, lost),
            Error::Record { file, at, source } => {
                self.fault(code, file, *at, source.to_string(), lost);
            }
            other => self.fault(code, file, 0, other.to_string(), lost),
        }
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// Says how far it is, and hears whether to go on.
struct Steps<'a> {
    say: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    done: u64,
    total: u64,
    bytes: u64,
    bytes_total: u64,
}

impl<'a> Steps<'a> {
    /// The first of them, before anything was looked at.
    fn of(
        storage: &dyn Storage,
        say: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Steps<'a>> {
        Ok(Steps { say, done: 0, total: 1, bytes: 0, bytes_total: bytes_of(storage)? })
    }

    fn add(&mut self, files: usize) {
        self.total += files as u64;
    }

    fn done(&mut self, file: &str) -> Result<()> {
        self.done += 1;
        self.tell(file)
    }

    /// So many bytes more of a file were read.
    fn read(&mut self, file: &str, bytes: u64) -> Result<()> {
        self.bytes += bytes;
        self.tell(file)
    }

    fn tell(&mut self, file: &str) -> Result<()> {
        let (file, done, total) = (file.to_owned(), self.done, self.total.max(self.done));
        let (bytes, bytes_total) = (self.bytes, self.bytes_total.max(self.bytes));
        match (self.say)(Progress { file, done, total, bytes, bytes_total }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Ended { what: "the verification" }),
        }
    }
}

/// Checks the truth of a whole store, and whether what is derived of it is whole.
///
/// # Errors
/// [`Error::NoStore`], [`Error::NewerFormat`], or [`Error::Io`] if the medium cannot be read; what
/// is wrong with the bytes is in the report.
pub fn verify(
    storage: &dyn Storage,
    depth: Depth,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let say = &mut |at| {
        progress(at);
        ControlFlow::Continue(())
    };
    let what = What::all(depth);
    let checked = check(storage, &what, Elsewhere::default(), &mut Steps::of(storage, say)?);
    checked.map(|(report, _)| report)
}

/// As [`verify`], of an older copy beside keys of a later state of its store: what these erasures destroyed, and
/// nothing else, may be lacking of its seeds.
///
/// # Errors
/// As [`verify`].
pub(crate) fn verify_before(
    storage: &dyn Storage,
    depth: Depth,
    later: Arc<LaterErasures>,
) -> Result<Report> {
    let say = &mut |_| ControlFlow::Continue(());
    let elsewhere = Elsewhere { later, ..Elsewhere::default() };
    let what = What::all(depth);
    let checked = check(storage, &what, elsewhere, &mut Steps::of(storage, say)?);
    checked.map(|(report, _)| report)
}

/// Checks a store or a part of it, then holds what is derived to the records: of a whole store that
/// has no fault and is read in full, each answer that the index gives is made again without it.
///
/// # Errors
/// As [`verify`].
pub fn verify_all(
    storage: &Arc<dyn Storage>,
    what: &What,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    verify_until(storage, what, &mut |at| {
        progress(at);
        ControlFlow::Continue(())
    })
}

/// As [`verify_all`], until it is told to end: it is asked at every commit and file, and about as often
/// where what is derived is compared. Nothing is written into the store, so that it may end anywhere.
///
/// # Errors
/// As [`verify`], and [`Error::Ended`] if it was told to end: a part of a store that was looked at
/// vouches for nothing.
pub fn verify_until(
    storage: &Arc<dyn Storage>,
    what: &What,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report> {
    verify_knowing(storage, what, &[], progress)
}

/// As [`verify_until`], with keys of witnesses that are known from elsewhere, beside those that the store keeps.
///
/// # Errors
/// As [`verify_until`].
pub fn verify_knowing(
    storage: &Arc<dyn Storage>,
    what: &What,
    witnesses: &[VerifierKey],
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Report> {
    let mut steps = Steps::of(&**storage, progress)?;
    let elsewhere = Elsewhere { witnesses, ..Elsewhere::default() };
    let (mut report, head) = check(&**storage, what, elsewhere, &mut steps)?;
    let is_whole = *what == What::all(Depth::Full);
    match head {
        Some(head) if is_whole && report.faults.is_empty() && report.faults_not_listed == 0 => {
            compare::check(storage, &head, &mut report, &mut steps)?;
        }
        _ => {}
    }
    Ok(report)
}

/// What is known from elsewhere.
#[derive(Default)]
struct Elsewhere<'k> {
    /// Keys of witnesses, beside those that the store keeps.
    witnesses: &'k [VerifierKey],
    /// What a later state of the store erased, whose keys lie beside it.
    later: Arc<LaterErasures>,
}

fn check(
    storage: &dyn Storage,
    what: &What,
    elsewhere: Elsewhere<'_>,
    steps: &mut Steps<'_>,
) -> Result<(Report, Option<Head>)> {
    let mut report = Report::default();
    let head = head(storage, &mut report)?;
    steps.done(HEAD)?;
    // Only where it is missing it must be known what should stand in it, however quick the look is.
    let lacks_register = storage.read(REGISTER)?.is_none();
    let mut log = segments::check(storage, head, (what, lacks_register), &mut report, steps)?;
    log.later = elsewhere.later;
    let keys = secrets::check(storage, &log, what, &mut report, steps)?;
    containers::check(storage, &log, keys.as_ref(), what, &mut report, steps)?;
    journals::check(storage, &log, &mut report, steps)?;
    public_log::check(storage, &log, elsewhere.witnesses, &mut report, steps)?;
    derived::check(storage, &log, &mut report, steps)?;
    Ok((report, head))
}

/// The commitments that the records of a store hold, and whether all of its records were read.
pub(crate) fn commitments_named(storage: &dyn Storage) -> Result<(BTreeSet<Hash>, bool)> {
    let mut report = Report::default();
    let head = head(storage, &mut report)?;
    let say = &mut |_| ControlFlow::Continue(());
    let mut steps = Steps::of(storage, say)?;
    let what = (&What::all(Depth::Fast), true);
    let log = segments::check(storage, head, what, &mut report, &mut steps)?;
    // The records of another store name what is its own.
    if report.faults.iter().any(|fault| fault.code == Code::SegmentHeader) {
        return Ok((BTreeSet::new(), false));
    }
    Ok((log.sealed.into_keys().collect(), report.faults.is_empty()))
}

/// Bytes of segments and containers: how long it will take, more or less.
fn bytes_of(storage: &dyn Storage) -> Result<u64> {
    let mut bytes = 0;
    for folder in ["segments", "containers"] {
        for name in storage.list(folder)? {
            let file = storage.read(&format!("{folder}/{name}"))?;
            bytes += file.map_or(0, |file| file.len() as u64);
        }
    }
    Ok(bytes)
}

/// Reads `head`; without it the segments tell how far the log goes.
fn head(storage: &dyn Storage, report: &mut Report) -> Result<Option<Head>> {
    let lost = "nothing but what vouches for the last commit: opening for writing makes it anew from \
                the segments";
    let Some(bytes) = storage.read(HEAD)? else {
        if storage.list("segments")?.is_empty() {
            return Err(Error::NoStore { path: storage.name() });
        }
        report.fault(Code::HeadMissing, HEAD, 0, "it is there", lost);
        return Ok(None);
    };
    match Head::from_bytes(&bytes) {
        Ok(head) if is_of_other_store(storage, &head)? => {
            let rule = "it names the store that all segments and the register of sealed values name, and \
                        no other";
            let lost = "nothing but what vouches for the last commit: `lineal repair` makes it anew from \
                        the segments";
            report.fault(Code::HeadDamaged, HEAD, 16, rule, lost);
            Ok(None)
        }
        Ok(head) => Ok(Some(head)),
        Err(newer @ Error::NewerFormat { .. }) => Err(newer),
        Err(error) => {
            report.error(Code::HeadDamaged, HEAD, &error, lost);
            Ok(None)
        }
    }
}
