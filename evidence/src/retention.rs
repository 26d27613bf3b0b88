//! How long what is kept: periods as data, and what of a store is due under them.

mod due;
mod nodes;
mod policy;

pub use due::{Due, DueBatch, due, due_of};
pub use nodes::{DueDay, Standing, standing, standing_of};
pub use policy::{Class, Period, Policy};
