//! What the benches are run on: the questions of the project, a store that the importers make of
//! the bundled fixtures, and worlds that are generated.

pub mod fixtures;
pub mod questions;
pub mod records;
pub mod world;
