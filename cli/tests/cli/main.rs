//! The command line as a person meets it: what it prints and how it ends.
//!
//! Golden texts lie in the tests and in `cli/tests/golden/`; `UPDATE_EXPECT=1 cargo test` writes
//! them anew, and the diff is the review.

#[path = "../program/mod.rs"]
mod program;

mod answers;
mod backup;
mod check;
mod checkpoint;
mod claims;
mod damage;
mod demo;
mod erase;
mod errors;
#[cfg(unix)]
mod follow;
mod help;
mod imports;
mod json;
#[cfg(feature = "server")]
mod log;
#[cfg(feature = "server")]
mod mcp;
mod mirror;
#[cfg(feature = "server")]
mod noted;
mod packs;
#[cfg(unix)]
mod personas;
mod prove;
#[cfg(feature = "server")]
mod python;
mod recording;
#[cfg(feature = "server")]
mod remote;
#[cfg(feature = "server")]
mod remote_evidence;
mod remote_import;
mod remote_writes;
mod report;
mod reports;
#[cfg(feature = "server")]
mod serve;
mod traces;
