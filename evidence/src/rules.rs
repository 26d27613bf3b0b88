//! Rules as data: which records a rule asks for, of what, and how it is found out.
//!
//! A rule file ([`Pack`]) holds the words of the law's side and, beside them, questions of the language
//! and the names of a few built-in tests. Nothing in the program knows a rule by its id.

mod error;
mod form;
mod pack;
mod read;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use form::{BuiltIn, Check, Form};
pub use pack::{Basis, Head, NodeSet, Pack, Rule, Scope, Severity, Status, Timeline};
pub(crate) use read::About;
pub use read::{EU_AI_ACT, PACK_BYTES_MAX, RECONCILE};
