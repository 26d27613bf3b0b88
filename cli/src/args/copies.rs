//! Flags of what copies a store, and of what takes from a copy.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct Backup {
    /// A new folder, the folder of an earlier copy, or a new file whose name ends with .tar
    #[arg(value_name = "OUT")]
    pub(crate) out: PathBuf,
    /// Write the keys into this file, or with --check look into it: whoever has it beside the copy
    /// opens every sealed value
    #[arg(long, value_name = "FILE")]
    pub(crate) with_keys: Option<PathBuf>,
    /// Write nothing; read the copy that is there, and say what is wrong with it
    #[arg(long)]
    pub(crate) check: bool,
    /// Read the copy that is there whole, and bring anew what of it is damaged
    #[arg(long, conflicts_with = "check")]
    pub(crate) heal: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Mirror {
    /// A server (https://...), or the folder of a store, a copy or another mirror
    #[arg(value_name = "FROM")]
    pub(crate) from: String,
    /// A new folder, or that of the mirror
    #[arg(value_name = "INTO")]
    pub(crate) into: PathBuf,
    /// The key that the log is known by; else those that the log itself names are taken
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Pull again after so many seconds, until Ctrl-C
    #[arg(long, value_name = "SECONDS")]
    pub(crate) follow: Option<u64>,
}

#[derive(Args, Debug)]
pub(crate) struct Restore {
    /// The folder of a copy or a mirror, or an archive whose name ends with .tar
    #[arg(value_name = "COPY")]
    pub(crate) copy: PathBuf,
    /// A new folder
    #[arg(value_name = "DIR")]
    pub(crate) dir: PathBuf,
    /// The file of keys that was written with the copy
    #[arg(long, value_name = "FILE")]
    pub(crate) with_keys: Option<PathBuf>,
    /// A later state of the same store, or the list that `erase list --json` wrote of it: what was
    /// erased since is erased again
    #[arg(long, value_name = "STORE|FILE")]
    pub(crate) erasures_of: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Repair {
    /// The folder of a copy of this store
    #[arg(long, value_name = "DIR")]
    pub(crate) from: Option<PathBuf>,
    /// Say what would be done, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
