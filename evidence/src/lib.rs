//! Evidence: which records that rules ask for are there, how missing ones are recorded, and what is
//! handed to people who do not trust us.
//!
//! It asks through the language and writes through the import pipeline, as anybody else: it knows
//! no index and no format. Whether a system conforms to a law is not decided here.

#![forbid(unsafe_code)]

pub mod alias;
pub mod archive;
pub mod canonical;
pub mod check;
mod closure;
mod contradicted;
pub mod decisions;
mod error;
pub mod export;
pub mod gate;
mod go_on;
pub mod logs;
mod own_events;
pub mod pack;
mod past;
mod quiet;
pub mod record;
pub mod report;
pub mod retention;
pub mod rules;
pub mod timestamp;
pub mod verified;

pub use closure::{Closure, Member, NODES_MAX};
pub use error::Error;
pub use go_on::GoOn;
