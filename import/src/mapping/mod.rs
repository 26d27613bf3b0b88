//! Mapping files: which of a source's names mean what.

pub mod datadog;
pub mod datadog_place;
