//! Arguments of `lineal pack`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// For whom a pack is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum PackDisclosure {
    /// Kept documents, both groups of sampled events, names of persons in findings
    Authority,
    /// The open group of events alone, persons by their keys, no kept documents
    ThirdParty,
}

#[derive(Args, Debug)]
pub(crate) struct Pack {
    /// A model, a system, a deployment or an incident: model:credit-risk@3
    #[arg(value_name = "SUBJECT")]
    pub(crate) subject: String,
    /// For whom it is
    #[arg(long, value_enum, default_value = "third-party")]
    pub(crate) disclosure: PackDisclosure,
    /// Write the folder here; it must not be there yet. Without --out and --zip: its name, here
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write it as one file, too
    #[arg(long, value_name = "FILE")]
    pub(crate) zip: Option<PathBuf>,
    /// As of a commit number or a time (2026-03-01): the newest checkpoint that is not behind it
    #[arg(long, value_name = "COMMIT|TIME")]
    pub(crate) as_of: Option<String>,
    /// Events that are drawn of each deployment
    #[arg(long, value_name = "COUNT", default_value_t = lineal_evidence::pack::SAMPLES_DEFAULT, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub(crate) samples: u32,
    /// Note in the store that it was handed over: a document about the subject, with the pack's digest
    #[arg(long, requires = "by")]
    pub(crate) record: bool,
    /// Who hands it over (kept as a key, the name sealed)
    #[arg(long, value_name = "WHO", requires = "record")]
    pub(crate) by: Option<String>,
}
