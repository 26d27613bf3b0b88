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
    /// The records themselves as a content-addressable archive
    Car,
}

#[derive(Args, Debug)]
pub(crate) struct Export {
    /// The form
    #[arg(value_enum)]
    pub(crate) form: ExportForm,
    /// A node (model:credit-risk@3), an id (#9f2c1a) or any name
    #[arg(value_name = "NODE")]
    pub(crate) target: String,
    /// Write it here; else to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The view as of a commit number
    #[arg(long, value_name = "COMMIT")]
    pub(crate) as_of: Option<u64>,
}
