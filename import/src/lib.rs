//! Reads foreign exports into a Lineal store.

pub mod record;
