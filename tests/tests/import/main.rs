//! From exports to answers: what the importers bring, and what they leave alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

mod again;
mod answers;
mod any_order;
mod changes;
mod claims;
mod counts;
mod exchange;
mod forms;
mod large;
mod lines;
mod names;
mod openlineage;
mod recognised;
mod retract;
mod stores;
mod wandb;
