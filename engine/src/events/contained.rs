//! Panics of the Parquet library, as errors.
//!
//! Its readers panic on pages that no writer makes. No rotten byte leads there, since a container is
//! held to its digest first; but a log can vouch for any bytes that somebody made
//! (`tests/fuzz/targets/containers.rs`).

use parquet::errors::{ParquetError, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Asks the library for something.
///
/// # Errors
/// The library's; or that what it read is nothing that a writer makes, where it broke off.
pub(super) fn contained<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    // What it worked on goes with the error: nobody sees it half done.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(ParquetError::General("it holds pages or lists that no writer makes".to_owned()))
    })
}
