//! What the integration tests share.

pub mod foreign;
pub mod log_lines;
pub mod place;
pub mod questions;
pub mod sample;
