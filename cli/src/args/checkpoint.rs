//! Flags of `lineal checkpoint`.

use clap::Args;
use std::path::PathBuf;

#[derive(Args, Debug)]
pub(crate) struct Checkpoint {
    /// List the checkpoints that are kept, with who vouched for them
    #[arg(long, group = "done")]
    pub(crate) list: bool,
    /// Print what shows that the checkpoint of B commits only grew from that of A
    #[arg(long, group = "done", value_name = "A..B")]
    pub(crate) consistency: Option<String>,
    /// Print what shows that this commit stands in the log (C2SP tlog-proof)
    #[arg(long, group = "done", value_name = "COMMIT")]
    pub(crate) proof: Option<u64>,
    /// With --proof: also write the commit's record, which the proof is of, to this file
    #[arg(long, requires = "proof", value_name = "FILE")]
    pub(crate) entry: Option<PathBuf>,
    /// Mean the kept checkpoint of this many commits instead of making one
    #[arg(long, value_name = "COMMITS")]
    pub(crate) size: Option<u64>,
    /// The log's name, for the first checkpoint of a store; it stays. An address without https://
    #[arg(long, value_name = "NAME")]
    pub(crate) origin: Option<String>,
    /// Have this witness sign it too (C2SP tlog-witness); may be given several times
    #[arg(long, value_name = "URL", conflicts_with = "done")]
    pub(crate) witness: Vec<String>,
    /// The key of each witness, in the order of --witness: name+id+base64
    #[arg(long, value_name = "KEY", requires = "witness")]
    pub(crate) witness_key: Vec<String>,
    /// Have it time-stamped by the authority at this address (RFC 3161)
    #[arg(long, value_name = "URL", conflicts_with = "done")]
    pub(crate) timestamp: Option<String>,
    /// Write the request for a time stamp to this file, to be answered elsewhere
    #[arg(long, value_name = "FILE", group = "done")]
    pub(crate) timestamp_request: Option<PathBuf>,
    /// Keep the answer of a time-stamp authority with its checkpoint
    #[arg(long, value_name = "FILE", group = "done")]
    pub(crate) timestamp_reply: Option<PathBuf>,
    /// With --timestamp, --timestamp-reply or --list: whose certificate signed a stamp must lead to one of
    /// the certificates in this PEM file, or the stamp is refused
    #[arg(long, value_name = "FILE")]
    pub(crate) timestamp_ca: Option<PathBuf>,
    /// Put a new signing key in the place of the present one; both sign the change
    #[arg(long, group = "done")]
    pub(crate) rotate_key: bool,
    /// With --rotate-key: the present key may be in other hands; nothing it signed counts any more
    #[arg(long, requires = "rotate_key")]
    pub(crate) compromised: bool,
    /// With --rotate-key: why; it stands in the log for all to read
    #[arg(long, requires = "rotate_key", value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Who does it; kept as a keyed hash
    #[arg(long, value_name = "LOGIN")]
    pub(crate) actor: Option<String>,
}
