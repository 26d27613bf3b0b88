//! The pack: a folder that is handed to people who do not trust us, and who check it without us.
//!
//! What is recorded of a model, a system or an incident as of a signed checkpoint: the records, the
//! findings of the rules, what of the logs was drawn as a sample, kept documents, custody, and for
//! each thing that is shown a proof against the checkpoint. Two manifests list every file, one is
//! signed by the log's key. The same checkpoint gives the same bytes: no clock is read, nothing
//! depends on threads, and what came behind the checkpoint is not in it (docs/evidence.md, "Pack").

mod coverage;
mod custody;
mod documents;
mod error;
mod files;
mod findings;
mod graph;
mod keys;
mod making;
mod manifest;
mod proofs;
mod readme;
mod reports;
mod retention;
mod samples;
mod verify_page;

pub use custody::PACK_TYPE as RECORDED_TYPE;
pub use error::Error;
pub use files::{Files, write_one};
pub use making::pack;
pub use samples::SAMPLES_DEFAULT;

use crate::check::Report;
use std::io::{self, Cursor};
use std::path::Path;

/// The program that checks a pack and needs a Python alone.
pub use lineal_proof::bundle::VERIFIER;

/// For whom a pack is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disclosure {
    /// An authority that may see all of it: kept documents, names of persons in findings, both groups
    /// of sampled events.
    Authority,
    /// Anybody else: of sampled events the open group alone, persons by their keys, no kept bytes.
    ThirdParty,
}

impl Disclosure {
    /// Its word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Disclosure::Authority => "authority",
            Disclosure::ThirdParty => "third-party",
        }
    }

    /// Is what is sealed, or points at a person's data, kept back?
    #[must_use]
    pub fn withholds(self) -> bool {
        self == Disclosure::ThirdParty
    }
}

/// As of when a pack is made: the newest checkpoint that is not behind it counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsOf {
    /// A commit; today is when the checkpoint's last commit was recorded.
    Commit(u64),
    /// A time, ns since 1970 UTC; it counts as today.
    Time(i64),
}

/// What is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'t> {
    /// A model, a system or an incident, as a person names it.
    pub subject: &'t str,
    /// For whom.
    pub disclosure: Disclosure,
    /// As of when; none is the newest checkpoint.
    pub as_of: Option<AsOf>,
    /// Events that are drawn of each deployment.
    pub samples: u32,
}

/// How far it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// What is being made.
    pub what: &'static str,
    /// How many of them are made.
    pub done: u64,
    /// Of how many.
    pub of: u64,
}

/// A pack, in memory.
#[derive(Clone, Debug)]
pub struct Pack {
    /// What to call it: the subject and the checkpoint, as a file name.
    pub name: String,
    /// Its files, manifests and signature included.
    pub files: Files,
    /// What it is about, as it can be pasted into a question.
    pub subject: String,
    /// Commits that its checkpoint covers.
    pub size: u64,
    /// When the last of these was recorded, ns.
    pub recorded: i64,
    /// SHA-256 of `MANIFEST.sha256`: what names this pack, hexadecimal.
    pub digest: String,
    /// The verifier key of the log, which whoever checks the pack must know from elsewhere.
    pub key: String,
    /// What the rules came to, as it stands in the pack.
    pub reports: Vec<Report>,
    /// How many of what it holds.
    pub counts: Counts,
}

/// How many of what a pack holds.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Counts {
    /// Nodes of the closure.
    pub nodes: u64,
    /// Edges between them.
    pub edges: u64,
    /// Proof files.
    pub proofs: u64,
    /// Revisions that would have one and are too many.
    pub unproved: u64,
    /// Documents with their bytes.
    pub documents: u64,
    /// Deployments.
    pub deployments: u64,
    /// Events of these.
    pub events: u64,
    /// Events that are shown as samples.
    pub sampled: u64,
    /// Drawn rows that a recorded erasure took.
    pub redacted: u64,
    /// Drawn rows that are restricted, and so not shown.
    pub restricted: u64,
    /// Drawn rows that cannot be shown: what became of them came behind the checkpoint.
    pub not_shown: u64,
}

impl Pack {
    /// Writes the folder. It must not be there; a folder that is half written does not bear its name.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and what the medium says.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        self.files.write_to(folder)
    }

    /// The same as a zip: entries in the order of their paths below a folder of the pack's name, not
    /// packed (so that no library's version shows), at the earliest time that a zip can say.
    ///
    /// # Errors
    /// [`Error::Zip`].
    pub fn zip(&self) -> Result<Vec<u8>, Error> {
        let zip = crate::archive::zip(&self.name, self.files.iter(), Cursor::new(Vec::new()));
        zip.map(Cursor::into_inner).map_err(|error| Error::Zip(error.to_string()))
    }

    /// Writes the zip. It must not be there; one that is half written does not bear its name.
    ///
    /// # Errors
    /// [`Error::Zip`]; within the result [`io::ErrorKind::AlreadyExists`], and what the medium says.
    pub fn write_zip(&self, path: &Path) -> Result<io::Result<()>, Error> {
        Ok(files::write_one(path, &self.zip()?))
    }
}
