//! The content-addressed lineage store.

pub mod event_fields;
pub mod fields;
pub mod schema;
