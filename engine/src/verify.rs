//! Checking a store against itself: everything that is truth is read and hashed again, and each
//! fault is named with what it costs and what it does not.
//!
//! Needs no open store and believes nothing: not `head`, not what is derived. It goes on after a
//! fault, so that one report names all of them (docs/format.md, sections 5 to 12).

mod commits;
mod containers;
mod derived;
mod public_log;
mod records;
mod secrets;
mod segments;

use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::storage::Storage;

pub use public_log::TimestampNote;

/// Most faults that are listed; the others are counted.
const FAULTS_MAX: usize = 1_000;

/// How much is read again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Depth {
    /// Every record, commit, secret and the bytes of every container, not the rows within.
    Fast,
    /// Also each batch's root and counters from its rows, and each record encoded again.
    Full,
}

/// How far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The file that was just checked.
    pub file: String,
    /// Files that are checked.
    pub done: u64,
    /// Files that are known of so far.
    pub total: u64,
}

/// Something that is not as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
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
    /// Containers whose bytes fit their manifest.
    pub containers: u64,
    /// Batches whose root and counters were computed again from their rows.
    pub batches: u64,
    /// Rows of those.
    pub rows: u64,
    /// Sealed values that open and fit their commitment.
    pub sealed: u64,
    /// Sealed values whose key is not here: erased, or not brought along.
    pub sealed_without_key: u64,
    /// Checkpoints whose signature and root fit the log.
    pub checkpoints: u64,
    /// Time stamps of these, the newest of each checkpoint that has one.
    pub timestamps: Vec<TimestampNote>,
    /// What is worth knowing and is no fault.
    pub notes: Vec<String>,
    /// The faults, in the order of files.
    pub faults: Vec<Fault>,
    /// Faults beyond those listed.
    pub faults_not_listed: u64,
}

impl Report {
    /// Is the truth as it was written? Faults of derived files do not count.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.faults_not_listed == 0 && self.faults.iter().all(|fault| fault.derived)
    }

    fn fault(&mut self, file: &str, at: u64, rule: impl Into<String>, lost: impl Into<String>) {
        let (rule, lost) = (rule.into(), lost.into());
        self.push(Fault { file: file.to_owned(), at, rule, lost, derived: false });
    }

    fn push(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.faults_not_listed += 1;
        }
    }

    /// Takes an error of reading as a fault.
    fn error(&mut self, file: &str, error: &Error, lost: &str) {
        match error {
            Error::Corrupt { file, at, rule } => self.fault(file, *at, rule, lost),
            Error::Record { file, at, source } => self.fault(file, *at, source.to_string(), lost),
            other => self.fault(file, 0, other.to_string(), lost),
        }
    }

    fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}

/// Says how far it is, file by file.
struct Steps<'a> {
    say: &'a mut dyn FnMut(Progress),
    done: u64,
    total: u64,
}

impl Steps<'_> {
    fn add(&mut self, files: usize) {
        self.total += files as u64;
    }

    fn done(&mut self, file: &str) {
        self.done += 1;
        let (file, done, total) = (file.to_owned(), self.done, self.total.max(self.done));
        (self.say)(Progress { file, done, total });
    }
}

/// Checks a store.
///
/// # Errors
/// [`Error::NoStore`], [`Error::NewerFormat`], or [`Error::Io`] if the medium cannot be read; what
/// is wrong with the bytes is in the report.
pub fn verify(
    storage: &dyn Storage,
    depth: Depth,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report> {
    let mut report = Report::default();
    let mut steps = Steps { say: progress, done: 0, total: 1 };
    let head = head(storage, &mut report)?;
    steps.done(HEAD);
    let log = segments::check(storage, head, depth, &mut report, &mut steps)?;
    let keys = secrets::check(storage, &log, &mut report, &mut steps)?;
    containers::check(storage, &log, keys.as_ref(), depth, &mut report, &mut steps)?;
    public_log::check(storage, &log, &mut report, &mut steps)?;
    derived::check(storage, &log, &mut report, &mut steps)?;
    Ok(report)
}

/// Reads `head`; without it the segments tell how far the log goes.
fn head(storage: &dyn Storage, report: &mut Report) -> Result<Option<Head>> {
    let lost = "nothing but what vouches for the last commit: opening for writing makes it anew from \
                the segments";
    let Some(bytes) = storage.read(HEAD)? else {
        if storage.list("segments")?.is_empty() {
            return Err(Error::NoStore { path: storage.name() });
        }
        report.fault(HEAD, 0, "it is there", lost);
        return Ok(None);
    };
    match Head::from_bytes(&bytes) {
        Ok(head) => Ok(Some(head)),
        Err(newer @ Error::NewerFormat { .. }) => Err(newer),
        Err(error) => {
            report.error(HEAD, &error, lost);
            Ok(None)
        }
    }
}
