//! What is told without a question: of one thing, of what lies upstream of it, of the whole store.
//!
//! The command line prints these and the server gives them as JSON; both are made here, so that
//! they cannot differ. Words for a terminal, colours and time zones are the command line's.

mod brief;
mod bringer;
mod compacted;
mod imports;
mod lineage;
mod names;
mod node;
mod outweighed;
mod stored;
mod tally;
mod target;
mod tool;
mod withdrawn;

pub use brief::{BESIDE_MAX, beside_json, brief_json};
pub(crate) use bringer::REFERRERS_MAX;
pub use bringer::{bringer, holder, tool_of_missing};
pub use compacted::compacted_json;
pub use imports::{CameBack, came_back, imports_json, retracted_imports};
pub use lineage::{
    Asker, Finding, Lineage, Untold, asks_for_training, describe, trace_json, upstream,
};
pub use names::{Begun, NAMES_MAX, begins_with, names_beginning};
pub use node::{event_json, neighbours, node_json, other_rows_json, type_of, value_json};
pub use outweighed::outweighed_by;
pub(crate) use outweighed::{NAMING, outweighed_row};
pub use stored::Stored;
pub use tally::{Counted, Tally};
pub use target::{LISTED, Searched, Target, Unresolved, found_by, resolve};
pub use tool::{Tool, input_advice, quoted, role_advice, run_name};
pub use withdrawn::{Withdrawn, withdrawn};
