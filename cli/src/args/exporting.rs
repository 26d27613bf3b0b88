//! Arguments of `lineal export`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Forms that tools of others read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ExportForm {
    /// W3C PROV-JSON
    Prov,
    /// CycloneDX 1.7 with model cards
    Cyclonedx,
    /// The same, 1.6
    #[value(name = "cyclonedx-1.6")]
    Cyclonedx16,
    /// in-toto statements with SLSA provenance, one line for each run
    Slsa,
    /// OpenLineage run events, one line for each run
    Openlineage,
    /// SPDX 3.0.1 with its profiles for AI and data sets, JSON-LD
    Spdx,
    /// Croissant 1.0: a data set with its files and columns
    Croissant,
    /// The records themselves as a content-addressable archive
    Car,
    /// The events of a deployment or a system as files in a folder, with counts and a signed statement
    Logs,
}

/// The form of the files of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LogsFormat {
    /// Comma-separated values
    Csv,
    /// Apache Parquet
    Parquet,
}

/// Which events are proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum LogsProof {
    /// Of up to 64 batches the first event that is shown
    Sample,
    /// Every event that is shown, in files of a thousand: some 1.2 KB an event
    All,
}

/// What may be disclosed of events beside their open group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Disclosed {
    /// References to inputs and outputs, sessions, what no rule maps
    Subject,
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The form
    #[arg(value_enum)]
    pub(crate) form: ExportForm,
    /// A node (model:credit-risk@3), an id (#9f2c1a) or any name; of logs a system or a deployment
    #[arg(value_name = "NODE")]
    pub(crate) target: String,
    /// Write it here; else to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The view as of a commit number
    #[arg(long, value_name = "COMMIT")]
    pub(crate) as_of: Option<u64>,
    #[command(flatten)]
    pub(crate) logs: ExportedLogs,
}

/// What only `lineal export logs` takes.
#[derive(Args, PartialEq, Eq, Debug)]
#[command(next_help_heading = "Logs")]
pub(crate) struct ExportedLogs {
    /// Write them into this new or empty folder
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    pub(crate) out: Option<PathBuf>,
    /// The form of the rows; csv if none is given
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) format: Option<LogsFormat>,
    /// Events from this time on: 2026-03-01 or 2026-03-01T09:00:00Z; without a zone it is UTC
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// Events before this time, written the same way
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Disclose this group of fields too; else it is kept back
    #[arg(long, value_enum, value_name = "GROUP")]
    pub(crate) disclose: Option<Disclosed>,
    /// Prove events against the newest checkpoint, or that of --as-of: a sample, or with =all each that is shown
    #[arg(long, value_enum, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "sample")]
    pub(crate) proof: Option<LogsProof>,
}
