//! The store over the network, for reading: questions, nodes, traces, batches, counts.
//!
//! The engine and the language stay synchronous; a bounded pool of threads runs the questions, and
//! whoever leaves ends theirs. Every request takes one way (`gate.rs`), every endpoint is a row of
//! one table (`endpoint.rs`). Begin reading there.

#![forbid(unsafe_code)]

mod accept;
mod app;
mod config;
mod connection;
mod cursor;
mod endpoint;
mod error;
mod gate;
mod handler;
mod log;
mod mcp;
mod metrics;
mod openapi;
mod plans;
mod pool;
mod problem;
mod rate;
mod reply;
mod role;
mod router;
mod scope;
mod serve;
mod tenant;
mod tls;
mod token;
mod wire;

pub use config::{Bounds, Config, ENVIRONMENT_PREFIX, Log, LogForm, Tls};
pub use endpoint::{endpoints, role_matrix};
pub use error::{Error, Result};
pub use log::start as start_log;
pub use mcp::speak;
pub use role::{BREAK_GLASS_HOURS_MAX, ROLES, Role};
pub use serve::{Handle, Server};
pub use token::{ALL, PREFIX, Token, TokenFile, Tokens, Wanted};
pub use wire::*;
