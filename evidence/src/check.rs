//! Which records that a pack of rules asks for are there, as of a commit.
//!
//! [`check`] evaluates a pack over a view and gives a [`Report`]: for each rule a status, and for each
//! thing that is missing or does not fit a [`Finding`] with the command that would record it. It counts
//! and never rounds up; what the law means by it is not decided here.

mod as_of;
pub(crate) mod ask;
mod belongs;
mod built_in;
mod compare;
mod error;
mod evaluate;
mod found;
mod header;
mod junit;
mod part;
mod record;
mod sarif;
mod scope;
mod several;
mod waivers;

pub use as_of::AsOf;
pub use ask::time_text;
pub use belongs::hold_to_system;
pub(crate) use built_in::{around, logs_of};
pub use compare::{Changed, Comparison, Told, compare};
pub use error::Error;
pub use evaluate::{check, check_part};
pub use found::{Declared, FINDINGS_MAX, Finding, Report, RuleResult, Waiver};
pub(crate) use header::checkpoint as header_of;
pub use junit::junit;
pub(crate) use lineal_query::told::quoted;
pub use part::{Bounded, Part};
pub use record::{PACK_TYPE, RESULT_TYPE, newest_recorded, record, recorded};
pub use sarif::sarif;
pub use several::{junit_suites, sarif_log};

/// What a report is about.
#[derive(Clone, Default, Debug)]
pub struct Wanted {
    /// The system's name; none is the whole store, for packs that need none.
    pub system: Option<String>,
    /// Only what leads to this model: `NAME@VERSION`.
    pub model: Option<String>,
    /// Only this deployment.
    pub deployment: Option<String>,
    /// What counts as today, ns since 1970 UTC.
    pub now: i64,
}
