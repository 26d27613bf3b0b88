//! What the integration tests share.

pub mod foreign;
pub mod sample;
