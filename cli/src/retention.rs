//! How long what is kept: periods as data, and what of a store is due under them.

mod due;
mod nodes;
mod policy;

pub(crate) use due::{Due, DueBatch, due};
pub(crate) use nodes::{DueDay, Standing, standing};
pub(crate) use policy::{Class, Period, Policy};
