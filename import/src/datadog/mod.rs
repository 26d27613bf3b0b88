//! Datadog: log archives, exports of the Logs API, and the Article 12 events in them.
//!
//! A file goes through four hands: [`reader`] decompresses and hashes it, `items` takes it apart
//! into lines, `extract` applies the mapping to each (`pattern` spares it what the last line
//! showed), and the sink receives the events. What remains to be said is in the [`FileReport`]. Nothing here knows the store.

mod convert;
mod csv;
mod document;
mod error;
mod event;
pub mod explain;
mod extract;
mod items;
mod json;
mod line;
mod pattern;
mod plan;
pub mod reader;
pub mod recognise;
mod report;
mod rest;
mod translate;

pub use error::Error;
pub use extract::{DIGEST_BYTES, EventLine, LineSink};
pub use items::LINE_MAX;
pub use json::DEPTH_MAX;
pub use plan::{CompiledMapping, DOCUMENTS_MAX};
pub use report::{Compression, Damage, DamageKind, FileReport, REJECTS_KEPT, Shape, SkipReason};
pub use translate::{translate, translate_file};

pub(crate) use convert::reads_as;
