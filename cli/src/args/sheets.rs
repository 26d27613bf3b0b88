//! Arguments of the reports of `lineal report` that are about one thing each.

use super::ReportForm;
use clap::{Args, Subcommand};
use lineal_evidence::report::SAMPLE;
use std::path::PathBuf;

/// What all these reports take.
#[derive(Args, Debug)]
pub(crate) struct Paper {
    /// The store as it was: a commit number or a time, which then counts as today
    #[arg(long, value_name = "COMMIT|TIME")]
    pub(crate) as_of: Option<String>,
    /// The form; without it that which the file's name ends with, else Markdown
    #[arg(long, value_enum)]
    pub(crate) format: Option<ReportForm>,
    /// Write it here; else to standard output
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Put the names of persons beside their keys, where this store can open them
    #[arg(long)]
    pub(crate) names: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Sheet {
    /// Human oversight in use: overrides by version, month and reviewer, with a sample
    Oversight(OversightOf),
    /// An incident: versions, events, blast radius, periods, holds
    Incident(IncidentOf),
    /// What changed from one model version to another, and what was decided about it
    Change(ChangeOf),
    /// A data set: origin, use, examinations, and what is not recorded
    #[command(name = "data-sheet")]
    Data(DataSheetOf),
    /// How long what is kept, what is due, what is held and what was erased
    Retention(RetentionOf),
    /// Facts for a data protection impact assessment
    Dpia(DpiaOf),
}

#[derive(Args, Debug)]
pub(crate) struct OversightOf {
    /// A system, a model version or a deployment
    #[arg(value_name = "SYSTEM|MODEL")]
    pub(crate) target: String,
    /// Only events from then on: 2026-03-14 or 2026-03-14T09:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Only events before then
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// How many events of each sample
    #[arg(long, value_name = "COUNT", default_value_t = SAMPLE)]
    pub(crate) sample: usize,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

#[derive(Args, Debug)]
pub(crate) struct IncidentOf {
    /// An incident
    #[arg(value_name = "INCIDENT")]
    pub(crate) target: String,
    /// The window of events; else from when it happened
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Else until it was closed, or corrected, or today
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

#[derive(Args, Debug)]
pub(crate) struct ChangeOf {
    /// The version before
    #[arg(value_name = "OLD")]
    pub(crate) old: String,
    /// The version after
    #[arg(value_name = "NEW")]
    pub(crate) new: String,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

#[derive(Args, Debug)]
pub(crate) struct DataSheetOf {
    /// A version of a data set
    #[arg(value_name = "DATASET")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

#[derive(Args, Debug)]
pub(crate) struct RetentionOf {
    /// A system, a model version or a deployment; else the whole store
    #[arg(value_name = "SYSTEM")]
    pub(crate) target: Option<String>,
    /// A policy file in place of the built-in one
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

#[derive(Args, Debug)]
pub(crate) struct DpiaOf {
    /// A system
    #[arg(value_name = "SYSTEM")]
    pub(crate) target: String,
    #[command(flatten)]
    pub(crate) paper: Paper,
}

impl Sheet {
    /// What all of them take.
    pub(crate) fn paper(&self) -> &Paper {
        match self {
            Sheet::Oversight(it) => &it.paper,
            Sheet::Incident(it) => &it.paper,
            Sheet::Change(it) => &it.paper,
            Sheet::Data(it) => &it.paper,
            Sheet::Retention(it) => &it.paper,
            Sheet::Dpia(it) => &it.paper,
        }
    }
}
