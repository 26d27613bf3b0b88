//! From exports to answers: what the importers bring, and what they leave alone.

mod again;
mod answers;
mod claims;
mod counts;
mod forms;
mod large;
mod lines;
mod stores;
