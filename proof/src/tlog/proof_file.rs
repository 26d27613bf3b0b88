//! The proof that an entry stands in a log, as one text (`c2sp.org/tlog-proof`).

use super::{
    Error, PROOF_HASHES_MAX, Result, SignedCheckpoint, TreeHash, VerifierKey, decimal,
    verify_inclusion,
};
use crate::base64;
use std::fmt;

/// The first line of the text.
const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Where an entry stands in a log, and what shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogProof {
    /// What else somebody wanted to say. Nothing vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry, from 0: the number of the commit less one.
    pub index: u64,
    /// The hashes beside the way from the leaf to the root.
    pub hashes: Vec<TreeHash>,
    /// The checkpoint whose root that is.
    pub checkpoint: SignedCheckpoint,
}

impl LogProof {
    /// Reads the text.
    ///
    /// # Errors
    /// If it breaks a rule of the form. Nothing is checked.
    pub fn parse(bytes: &[u8]) -> Result<LogProof> {
        let form = |rule| Error::form("tlog-proof", rule);
        let text = std::str::from_utf8(bytes).map_err(|_| form("it is UTF-8"))?;
        let parts = text.split_once("\n\n");
        let (head, checkpoint) =
            parts.ok_or_else(|| form("an empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(form("its first line is `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.map(|line| {
            let bytes = base64::decode(&line.as_bytes()[6..]);
            bytes.ok_or_else(|| form("what follows `extra` is base64"))
        });
        let extra = extra.transpose()?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(decimal).ok_or_else(|| form("it has a line `index NUMBER`"))?;
        let hashes: Option<Vec<_>> = lines.map(TreeHash::from_base64).collect();
        let hashes = hashes.ok_or_else(|| form("each hash is the base64 of 32 bytes"))?;
        if hashes.len() > PROOF_HASHES_MAX {
            return Err(form("it has at most 63 hashes"));
        }
        let checkpoint = SignedCheckpoint::parse(checkpoint.as_bytes())?;
        Ok(LogProof { extra, index, hashes, checkpoint })
    }

    /// Does it show that the log with this key holds the entry?
    ///
    /// # Errors
    /// As [`SignedCheckpoint::verify`] and [`verify_inclusion`].
    pub fn verify(&self, entry: &[u8], log: &VerifierKey) -> Result<()> {
        self.checkpoint.verify(log)?;
        let tree = &self.checkpoint.checkpoint;
        verify_inclusion(&TreeHash::leaf(entry), self.index, tree.size, &self.hashes, &tree.root)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST_LINE}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", data_encoding::BASE64.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}
