//! Arguments of `lineal check`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// From which severity on a gap or a conflict is a failure.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub(crate) enum FailFrom {
    /// Only rules of severity blocker.
    Blocker,
    /// Also those of severity major.
    Major,
    /// Every rule.
    Minor,
    /// Nothing: say what is there.
    Never,
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    /// The system; without one, what is recorded is held against itself
    #[arg(value_name = "SYSTEM")]
    pub(crate) system: Option<String>,
    /// Only what leads to this model: NAME@VERSION
    #[arg(long, value_name = "MODEL", requires = "system")]
    pub(crate) model: Option<String>,
    /// Only this deployment
    #[arg(long, value_name = "DEPLOYMENT", requires = "system")]
    pub(crate) deployment: Option<String>,
    /// The view as of a commit number or a time, which then counts as today
    #[arg(long, value_name = "COMMIT", conflicts_with = "diff")]
    pub(crate) as_of: Option<String>,
    /// A rule file in place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
    /// Also hold what is recorded against itself
    #[arg(long)]
    pub(crate) reconcile: bool,
    /// End with code 1 if a rule of this severity or above has a gap or a conflict
    #[arg(long, value_enum, value_name = "SEVERITY", default_value = "never")]
    pub(crate) fail_on: FailFrom,
    /// Print SARIF 2.1.0
    #[arg(long, conflicts_with_all = ["json", "junit"])]
    pub(crate) sarif: bool,
    /// Print JUnit's XML
    #[arg(long, conflicts_with = "json")]
    pub(crate) junit: bool,
    /// Record the report, and the rules it was made by
    #[arg(long, conflicts_with_all = ["diff", "as_of"])]
    pub(crate) record: bool,
    /// Who records it (kept as a key)
    #[arg(long, value_name = "WHO", requires = "record")]
    pub(crate) by: Option<String>,
    /// What is new, gone or other between two: commit numbers, times, `now`, or `recorded`, the
    /// report that was recorded last
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["sarif", "junit", "record"])]
    pub(crate) diff: Vec<String>,
}
