//! Proofs as values: one file that shows a statement against a checkpoint, and its check
//! (docs/format.md, "Proofs").
//!
//! A file holds the bytes of the records that a statement rests on and the hashes that lead from them
//! to the root of a signed checkpoint. Who checks it needs the checkpoint's key and nothing of ours:
//! no store, no network. Nothing here reads a file; `verify.py`, which `lineal prove --with-verifier`
//! writes beside a proof, does the same in the same order and comes to the same verdict.

pub mod absent;
mod check;
mod commits;
mod erasure;
mod events;
mod fault;
mod hops;
mod item;
pub mod json;
mod layout;
mod read;
mod statement;
pub mod subtrees;
mod told;
mod words;

pub use absent::{Absent, KeysPart, KeysShown, Nothing, Scope};
pub use check::{Report, Trust, Verdict, check};
pub use commits::Known;
pub use fault::Fault;
pub use item::{EventName, Item, Node};
pub use layout::{BatchPart, Bundle, CommitPart, RecordPart, RowContent, RowPart};
pub use statement::{By, Hop, Named, Path, Statement};

/// `verify.py`: the same check in Python's standard library alone, for whoever has no program of ours.
pub const VERIFIER: &str = include_str!("../verify.py");
/// The format number of proof files that state what is recorded.
pub const FORMAT: i64 = 1;
/// The format number of those that state what was never recorded: programs that know format 1 alone
/// say that they do not read them.
pub const FORMAT_OF_ABSENCE: i64 = 2;
/// The `type` of a proof file.
pub const TYPE: &str = "lineal-proof";
/// Longest file that is read: a proof of a thousand hops is a few megabytes.
pub const FILE_BYTES_MAX: usize = 256 << 20;
/// Paths in one file. A statement of more is better made as several.
pub const PATHS_MAX: usize = 1_000;
/// Steps in one path: as many as a real path has things, and far more.
pub const HOPS_MAX: usize = 1_000;
