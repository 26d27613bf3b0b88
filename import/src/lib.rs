//! Reads foreign exports into a Lineal store.

pub mod datadog;
pub mod mapping;
pub mod mlflow;
pub mod record;
