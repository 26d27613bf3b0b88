//! Flags that name a server in place of a store here.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Options for a server")]
pub(crate) struct There {
    // Not the doc comment: rustdoc wants an address to be a link, and the help wants none.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        help = "Ask the server at this address in place of a store here: https://lineage.example.org"
    )]
    pub(crate) url: Option<String>,
    /// With --url: the file that holds the token alone; else LINEAL_TOKEN
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// With --url: which of the server's stores, where the token may see several
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) server_store: Option<String>,
    /// With --url: the case within which is read, for roles that need one
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) case: Option<String>,
    /// With --url: trust the certificates in this PEM file alone, not the system's
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,
}
