//! The server, asked over a socket: what it answers, to whom, and what it takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

mod answers;
mod arrow;
mod assistant;
mod backup;
mod bound;
mod client;
mod conformance;
mod crash;
mod erasures;
mod evidence;
mod follow;
mod guard;
mod handed;
mod hostile;
mod idp;
mod intake;
mod interface;
mod leftover;
mod live;
mod oidc;
mod openlineage;
mod prove;
mod public_log;
mod records;
mod roles;
mod shared;
mod stock;
mod telemetry;
mod tls;
mod tokens;
mod trail;
mod upkeep;
mod uploads;
mod waiting;
