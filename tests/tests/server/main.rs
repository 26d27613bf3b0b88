//! The server, asked over a socket: what it answers, to whom, and what it takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

mod answers;
mod client;
mod conformance;
mod crash;
mod follow;
mod guard;
mod hostile;
mod intake;
mod interface;
mod live;
mod openlineage;
mod roles;
mod stock;
mod tls;
mod trail;
mod uploads;
