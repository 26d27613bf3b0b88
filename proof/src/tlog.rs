//! The public log: what lets a stranger with other people's tools check that a store only ever grew.
//!
//! The tree is that of RFC 6962, section 2.1, with SHA-256, over the payloads of commits: commit
//! number N is the leaf of index N-1. Checkpoints, notes, cosignatures, tiles and proofs are those
//! of C2SP (`c2sp.org/tlog-checkpoint`, `signed-note`, `tlog-cosignature`, `tlog-tiles`,
//! `tlog-proof`). Everything here is bytes in, bytes out: docs/format.md, section 21, says where a
//! store keeps them.

mod checkpoint;
mod hash;
mod key;
mod note;
mod proof;
mod proof_file;
mod tile;
mod tree;

#[cfg(test)]
mod tests;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use hash::TreeHash;
pub use key::{NoteSigner, SignatureKind, VerifierKey};
pub use note::{Note, NoteSignature, SIGNATURES_MAX};
pub use proof::{PROOF_HASHES_MAX, verify_consistency, verify_inclusion, verify_subtree};
pub use proof_file::LogProof;
pub use tile::{
    EntryBundle, TILE_HEIGHT, TILE_WIDTH, Tile, is_tile_path, tile_path, tiles_between,
};
pub use tree::{LeafHashes, Tree, consistency_proof, inclusion_proof, root};

/// What is wrong with something that claims to be of a log.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Bytes that break a rule of their form.
    #[error("not a {what}: {rule}")]
    Form {
        /// What was expected, in the words of the specification.
        what: &'static str,
        /// The rule that is broken.
        rule: &'static str,
    },
    /// A size, index or pair of sizes that no tree has.
    #[error("a tree of {size} leaves has no {what} {number}")]
    Outside {
        /// What was asked for: `leaf`, `earlier size`.
        what: &'static str,
        /// The number that was asked for.
        number: u64,
        /// Leaves of the tree.
        size: u64,
    },
    /// A proof with more or fewer hashes than its place in the tree takes.
    #[error("the proof has {found} hashes where {expected} are needed: it is of another place")]
    ProofLength {
        /// Hashes in the proof.
        found: usize,
        /// Hashes that the place needs.
        expected: usize,
    },
    /// The hashes do not lead to the root: something of leaf, place, proof or root is another's.
    #[error("the proof leads to the root {computed}, the checkpoint has {expected}")]
    Root {
        /// The root that the proof leads to.
        computed: TreeHash,
        /// The root that it should lead to.
        expected: TreeHash,
    },
    /// A signature of a key that is trusted does not fit the text.
    #[error("the signature of {name} does not fit the text: the note was changed")]
    Signature {
        /// Name of the key.
        name: String,
    },
    /// No signature is of a key that is trusted.
    #[error("no signature of {name} stands under the note; it is signed by: {found}")]
    Unsigned {
        /// Name of the key that was looked for.
        name: String,
        /// Names and ids that stand there.
        found: String,
    },
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log {found}, expected {expected}")]
    Origin {
        /// Its first line.
        found: String,
        /// What was expected.
        expected: String,
    },
}

impl Error {
    /// A form that is broken.
    pub(crate) fn form(what: &'static str, rule: &'static str) -> Error {
        Error::Form { what, rule }
    }
}

/// A result whose error is of the log.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A number as the log's texts write it: decimal digits, no sign, no leading zero, at most 2^63-1
/// (readers in other languages hold it in 64 bits with a sign).
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0"
        || (!text.starts_with('0')
            && !text.is_empty()
            && text.bytes().all(|digit| digit.is_ascii_digit()));
    let number = if canonical { text.parse::<u64>().ok()? } else { return None };
    i64::try_from(number).is_ok().then_some(number)
}
