//! Flags of `serve` and `token`.

use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Which server is meant: what it is configured by says where its tokens are.
#[derive(Args, Debug)]
pub(crate) struct ServerPlace {
    /// The server's configuration; without it --store or the store found here is served
    #[arg(long, value_name = "FILE", env = "LINEAL_SERVER_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// The file of tokens; tokens.json in the folder of the first store if none is named
    #[arg(long, value_name = "FILE")]
    pub(crate) tokens: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: ServerPlace,
    /// Where to listen [default: 127.0.0.1:7413]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Listen without encryption where other machines can reach it
    #[arg(long)]
    pub(crate) force_plain: bool,
    /// Write the stores too: imports and live intake over the network
    #[arg(long)]
    pub(crate) write: bool,
    /// Make no first token where there is none
    #[arg(long)]
    pub(crate) no_first_token: bool,
    /// End also when standard input does: with the program that started it and holds the other end
    #[arg(long)]
    pub(crate) until_eof: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Token {
    /// Make a token and print it: it is shown this once
    #[command(after_help = "Examples:
  lineal token create --role engineer --name dashboard
  lineal token create --role auditor --name 'authority, case 12' --system credit --expires 30d
  lineal token create --role investigator --name ada --only prod --expires 2027-01-31")]
    Create(CreateToken),
    /// List the tokens: whom they are for, what they may, when they end; not their texts
    List(ServerPlace),
    /// Revoke a token; a running server knows within a second
    Revoke(RevokeToken),
}

#[derive(Args, Debug)]
pub(crate) struct CreateToken {
    #[command(flatten)]
    pub(crate) place: ServerPlace,
    /// What it stands for
    #[arg(long, value_parser = lineal_server::ROLES.map(lineal_server::Role::name))]
    pub(crate) role: String,
    /// Whom or what it is for
    #[arg(long)]
    pub(crate) name: String,
    /// A store that it is good for, by its name in the configuration; repeat for more [default: all]
    #[arg(long, value_name = "STORE")]
    pub(crate) only: Vec<String>,
    /// A system that it may see, `*` for all; repeat for more. Auditors must name theirs
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) system: Vec<String>,
    /// When it ends: 30d, 12h, or a date. Auditors and break-glass must end
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct RevokeToken {
    #[command(flatten)]
    pub(crate) place: ServerPlace,
    /// The id of the token, as `lineal token list` shows it
    pub(crate) id: String,
}
