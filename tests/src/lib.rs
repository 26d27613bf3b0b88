//! What the integration tests share.

pub mod every_kind;
pub mod everything;
pub mod flips;
pub mod foreign;
pub mod log_lines;
pub mod page;
pub mod place;
pub mod questions;
pub mod sample;
