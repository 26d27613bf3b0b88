//! The content-addressed lineage store.

pub mod clock;
pub mod error;
pub mod event_fields;
pub mod events;
pub mod fields;
pub mod head;
pub mod keys;
pub mod mapping;
pub mod schema;
mod sealed;
pub mod storage;

pub use error::{Error, Result};
