//! What the integration tests share.

pub mod foreign;
pub mod place;
pub mod questions;
pub mod sample;
