//! The store over the network: questions, nodes, traces, batches, counts; and, where it is configured
//! so, imports and what is brought live.
//!
//! The engine and the language stay synchronous; a bounded pool of threads runs the questions, and
//! whoever leaves ends theirs. Every request takes one way (`gate.rs`), every endpoint is a row of
//! one table (`endpoint.rs`). Begin reading there.

#![forbid(unsafe_code)]

mod accept;
mod app;
mod aside;
mod asker;
mod body;
mod call;
mod check;
mod config;
mod connection;
mod cursor;
mod endpoint;
mod erase;
mod error;
mod exact;
mod gate;
mod handler;
mod held;
mod intake;
mod jobs;
mod lanes;
mod leftover;
mod log;
mod mcp;
mod metrics;
mod oidc;
mod openapi;
mod pace;
mod places;
mod plans;
mod pool;
mod preview;
mod problem;
mod rate;
mod record;
mod reply;
mod role;
mod room;
mod router;
mod scope;
mod seal;
mod serve;
mod telemetry;
mod tenant;
mod tls;
mod token;
mod trail;
mod trust;
mod unsealed;
mod upkeep;
mod upload;
mod wire;
mod within;
mod words;
mod writer;

pub use config::{
    Bounds, Config, ENVIRONMENT_PREFIX, Grant, Intake, Log, LogForm, Mcp, Oidc, Telemetry, Tls,
    Trail, Writing,
};
pub use endpoint::{endpoints, role_matrix};
pub use error::{Error, Result};
pub use intake::{LiveForm, live_lines};
pub use log::start as start_log;
pub use mcp::speak;
pub use oidc::Algorithm;
pub use role::{BREAK_GLASS_HOURS_MAX, ROLES, Role};
pub use serve::{Handle, Server};
pub use token::{ALL, PREFIX, Token, TokenFile, Tokens, Wanted};
pub use trail::{commit_noted, note_command};
pub use wire::*;
