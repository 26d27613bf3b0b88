//! Parses, binds, plans and runs questions about lineage.
//!
//! Stages, each with its own type so that none can be skipped: text, pairs (pest), syntax tree,
//! bound tree, plan, operators, rows.

#![forbid(unsafe_code)]

pub mod ast;
pub mod error;
mod habits;
mod parse;
pub mod source;
mod suggest;
pub mod value;

pub use error::{Code, Error, Mistake, Result, Span};
pub use parse::{NESTING_MAX, TEXT_BYTES_MAX, parse};
