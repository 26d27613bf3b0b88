//! How long what is kept: periods as data, and what of a store is due under them.

mod due;
mod nodes;
mod policy;
mod proposal;
mod told;

pub use due::{Due, DueBatch, NotDue, due, due_of, not_due};
pub use nodes::{DueDay, Standing, days_not_due, standing, standing_of};
pub use policy::{Class, Period, Policy};
pub use proposal::{Agreed, Fitting, Proposal, ProposalError, Read, TRAIL};
pub use told::{Kept, LOGS, batch_json, day_json};
