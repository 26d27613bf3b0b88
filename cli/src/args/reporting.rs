//! Arguments of `lineal report`.

use super::Sheet;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

/// What a report tells.
#[derive(Subcommand, Debug)]
pub(crate) enum Report {
    /// The technical documentation, in the order of Annex IV, then the logs
    AnnexIv(ReportOf),
    #[command(flatten)]
    Sheet(Sheet),
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ReportForm {
    /// Markdown; pictures are told in words
    Md,
    /// One HTML file with its pictures, to be read and printed without a network
    Html,
    /// For programs
    Json,
}

impl ReportForm {
    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            ReportForm::Md => "md",
            ReportForm::Html => "html",
            ReportForm::Json => "json",
        }
    }
}

/// Of what a report is, and where it goes.
#[derive(Args, Debug)]
pub(crate) struct ReportOf {
    /// A node (system:credit-scoring, model:credit-risk@3), an id (#9f2c1a) or any name
    #[arg(value_name = "NODE")]
    pub(crate) target: String,
    /// The store as it was: a commit number or a time
    #[arg(long, value_name = "COMMIT|TIME")]
    pub(crate) as_of: Option<String>,
    /// The form; without it that which the file's name ends with, else Markdown
    #[arg(long, value_enum)]
    pub(crate) format: Option<ReportForm>,
    /// Write it here; else to standard output
    #[arg(short, long, alias = "output", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
