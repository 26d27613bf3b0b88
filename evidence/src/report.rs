//! Reports for people: what is recorded of a thing, put in the order in which a reader asks for it,
//! as one document that renders to Markdown, HTML and JSON.
//!
//! A report states what the graph holds and what it lacks; it decides nothing. Each statement names
//! the node that it rests on, so that a reader can ask for it and check its proof.

mod annex_iv;
mod asks;
mod change;
mod data_sheet;
mod decided;
mod deployments;
mod document;
mod dpia;
mod error;
mod escape;
mod facts;
mod html;
mod incident;
mod kinds;
mod logs;
mod markdown;
mod order;
mod oversight;
mod picture;
mod retention;
pub(crate) mod words;

pub use annex_iv::annex_iv;
pub(crate) use annex_iv::{annex_iv_of, nearest_systems};
pub use asks::{Asks, Opening};
pub use change::change;
pub use data_sheet::data_sheet;
pub use document::{
    Block, Column, Document, Fact, Gap, Lack, Part, Picture, Reference, Section, Sentence, Table,
};
pub use dpia::dpia;
pub use error::Error;
pub use facts::Facts;
pub use incident::{Incident, incident};
pub use kinds::{Basis, KINDS, Made, ReportKind, ReportRequest, Within};
pub use oversight::{Oversight, SAMPLE, SAMPLE_MAX, oversight};
pub use retention::retention;
