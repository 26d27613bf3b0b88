//! What can go wrong with the server itself. What goes wrong with a request is a `Problem`.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server does not start, or a token is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration.
    #[error("{place}: {why}")]
    Config {
        /// The file or the variable.
        place: String,
        /// What is wrong, and what was expected.
        why: String,
    },
    /// A store.
    #[error("store `{name}`: {source}")]
    Store {
        /// Its name in the configuration.
        name: String,
        /// What the engine says.
        source: lineal_engine::Error,
    },
    /// An address that others can reach, without encryption.
    #[error(
        "{listen} can be reached from other machines and no certificate is set: tokens would travel in the clear\n  \
         set [tls] certificate and key, listen on 127.0.0.1, or say --force-plain if something before the server encrypts"
    )]
    Plain {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {listen}: {source}")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// Certificate or key.
    #[error("{path}: {why}")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The file of tokens.
    #[error("the tokens in {path} cannot be read or written: {why}")]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A token that cannot be made so.
    #[error("{0}")]
    Token(String),
    /// No token has that id.
    #[error("no token has the id {id}; `lineal token list` shows them")]
    NoToken {
        /// What was asked for.
        id: String,
    },
    /// The end took longer than it may.
    #[error(
        "the work of the writer was broken off (store {}): it was not done `limits.drain_seconds` after the last request\n  \
         what it had committed stays, and what was acknowledged is sealed by the next server; ask for an import that ran again",
        stores.join(", ")
    )]
    BrokenOff {
        /// The stores that it wrote.
        stores: Vec<String>,
    },
    /// The trail of who asked what.
    #[error("the trail cannot be written ({0}), and nothing is answered that must be in it")]
    Trail(String),
    /// The system.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A result whose error is ours.
pub type Result<T, E = Error> = std::result::Result<T, E>;
