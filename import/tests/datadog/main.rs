//! Datadog archives and pages, read through the public API of the crate.

mod explain;
mod files;
mod forms;
mod keeper;
mod rules;
