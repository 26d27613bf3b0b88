//! Reads foreign exports into a Lineal store.
//!
//! A source is a translator: it turns foreign words into [`record`]s. One [`pipeline`] does the
//! rest: hashing, knowing again, staging, committing, counting.

pub mod datadog;
pub mod error;
pub mod exchange;
mod fence;
pub mod mapping;
pub mod mlflow;
pub mod openlineage;
pub mod pipeline;
mod plain;
mod plural;
pub mod progress;
pub mod record;
pub mod report;

pub use error::{Error, Result};
pub use fence::fence;
pub use pipeline::{
    ImportOptions, Limits, LoadedMapping, STANDARD_INPUT, actor, explain_mapping, forms, import,
    rehearse_lines,
};
pub use plain::check_kind;
pub use progress::Progress;
pub use report::{Instead, KnownFiles, NoLogs, NoSource, Report, SourceReport};
