//! The public log of a store: its commits as a tree that strangers can check (docs/format.md, section 21).
//!
//! The tree is derived from the segments: `tiles/` may be deleted and is made again. Checkpoints are
//! not: what witnesses and time-stamp authorities said of them stands nowhere else. None of this is
//! on the way of a commit; a store that makes no checkpoint pays nothing.

mod alone;
mod checkpoints;
mod identity;
mod leaves;
mod stamp;
mod tiles;
mod witnesses;
mod worth;

#[cfg(test)]
mod tests;

pub use identity::{KeyState, LogIdentity, LogKey};
pub use stamp::{StampError, checked_stamp, stamp_signer};
pub use worth::Worth;

use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::store::Store;
use lineal_proof::tlog::{
    Checkpoint, LogProof, NoteSignature, SignatureKind, SignedCheckpoint, TreeHash, VerifierKey,
    consistency_proof, inclusion_proof, is_tile_path, verify_consistency, verify_inclusion,
};

pub(crate) use checkpoints::{SERVED_RULE, is_note, note_path, put_newest, served_holds_more};
pub(crate) use checkpoints::{kept as read_checkpoint, listed as checkpoint_files};
pub(crate) use identity::SETTING as LOG_SETTING;
pub(crate) use identity::of as identity_of;
pub(crate) use leaves::{commit_id, commit_ids, first_difference, leaves_of};
pub(crate) use stamp::read_stamp;
pub(crate) use tiles::FOLDER as TILES;
pub(crate) use tiles::extend as extend_tiles;
pub(crate) use witnesses::{WITNESSES, Witnesses};

/// How the text begins that witnesses sign (tlog-cosignature).
const COSIGNED: &str = "cosignature/";

/// A checkpoint as it is kept.
#[derive(Clone, Debug)]
pub struct KeptCheckpoint {
    /// The signed note.
    pub note: SignedCheckpoint,
    /// What time-stamp authorities answered (RFC 3161), in the order in which it came.
    pub timestamps: Vec<Bytes>,
}

impl Store {
    /// The log's name and keys as of the last commit; none before the first checkpoint.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the log cannot be read or the record is not in its form.
    pub fn log_identity(&self) -> Result<Option<LogIdentity>> {
        let state = self.read_state();
        identity::of(state.ledger.load()?)
    }

    /// Records the log's name and its first key, if none are recorded; says what is. `origin` is the
    /// name to give it: `lineal/` and the store's id if none.
    ///
    /// # Errors
    /// [`Error::OtherOrigin`] if it has another name, [`Error::NoKey`] without `signing.key`,
    /// [`Error::ReadOnly`] if something is to be recorded in a store that is open for reading.
    pub fn record_log(&self, origin: Option<&str>, actor: Option<String>) -> Result<LogIdentity> {
        identity::record(self, origin, actor)
    }

    /// Puts a new signing key in the place of the present one: records it, signs a checkpoint with both
    /// (with the new one alone where the old is no longer trusted), and replaces the file.
    ///
    /// # Errors
    /// [`Error::NoLog`] before the first checkpoint, [`Error::ReadOnly`], else as [`Store::checkpoint`].
    pub fn rotate_log_key(
        &self,
        compromised: bool,
        reason: Option<&str>,
        actor: Option<String>,
    ) -> Result<SignedCheckpoint> {
        identity::rotate(self, compromised, reason, actor)
    }

    /// Signs a document with the key that signs checkpoints, and says which key that is. Plain
    /// Ed25519 (RFC 8032) over the bytes.
    ///
    /// # Errors
    /// [`Error::NoLog`] before the first checkpoint, [`Error::NoKey`] or [`Error::OtherKey`] if
    /// `signing.key` is not the recorded one, and [`Error::NotSigned`] if the bytes could be taken for
    /// a checkpoint or for what witnesses sign.
    pub fn sign_document(&self, document: &[u8]) -> Result<(VerifierKey, [u8; 64])> {
        let is_note = std::str::from_utf8(document)
            .is_ok_and(|text| text.starts_with(COSIGNED) || Checkpoint::parse(text).is_ok());
        if is_note {
            return Err(Error::NotSigned);
        }
        let identity = self.log_identity()?.ok_or(Error::NoLog)?;
        let signer = identity::present_signer(self, &identity)?;
        Ok((signer.verifier().clone(), signer.sign(document)))
    }

    /// The checkpoint of the last commit: makes the tiles that are missing, signs and keeps it, if it
    /// is not there yet.
    ///
    /// # Errors
    /// [`Error::NoLog`] if name and key are not recorded ([`Store::record_log`]), [`Error::Rewritten`] if
    /// the store no longer begins with what its newest checkpoint says, [`Error::NoKey`] or
    /// [`Error::OtherKey`] if `signing.key` is not the recorded one, or what the medium says.
    pub fn checkpoint(&self) -> Result<SignedCheckpoint> {
        checkpoints::make(self, &[])
    }

    /// The sizes of the checkpoints that are kept, ascending.
    ///
    /// # Errors
    /// What the medium says.
    pub fn checkpoint_sizes(&self) -> Result<Vec<u64>> {
        checkpoints::sizes(self.storage())
    }

    /// The checkpoint of a size, with what came for it since.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`] if none of that size is kept, [`Error::Log`] if it is not in its form.
    pub fn kept_checkpoint(&self, size: u64) -> Result<KeptCheckpoint> {
        checkpoints::kept(self.storage(), size)
    }

    /// Keeps the key of a witness in `checkpoints/witnesses`, so that `verify` checks its signatures. Whoever calls
    /// it knows from elsewhere that it is that witness's.
    ///
    /// # Errors
    /// [`Error::Log`] if it is the key of a log, or what the medium says.
    pub fn add_witness(&self, key: &VerifierKey) -> Result<()> {
        if key.kind() != SignatureKind::Cosignature {
            let source = lineal_proof::tlog::Error::Form {
                what: "witness's key",
                rule: "it makes cosignatures, and is not that of a log",
            };
            return Err(Error::Log { what: key.to_string(), source });
        }
        witnesses::keep(self.storage(), key)
    }

    /// Keeps signatures of witnesses with the checkpoint of a size. Whoever calls it has checked them.
    ///
    /// # Errors
    /// As [`Store::kept_checkpoint`], or what the medium says.
    pub fn add_cosignatures(
        &self,
        size: u64,
        signatures: Vec<NoteSignature>,
    ) -> Result<SignedCheckpoint> {
        checkpoints::cosign(self.storage(), size, signatures)
    }

    /// Keeps what a time-stamp authority answered with the checkpoint of a size; the same answer once
    /// only. Whoever calls it has checked it.
    ///
    /// # Errors
    /// As [`Store::kept_checkpoint`], or what the medium says.
    pub fn add_timestamp(&self, size: u64, reply: &[u8]) -> Result<String> {
        checkpoints::stamp(self.storage(), size, reply)
    }

    /// What shows that the tree of the checkpoint of `size` begins with that of `earlier`.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`], [`Error::Log`] if `earlier` is 0 or the greater, and [`Error::Rewritten`] if
    /// the commits lead to no such proof.
    pub fn consistency(&self, earlier: u64, size: u64) -> Result<Vec<TreeHash>> {
        let (old, new) = (self.kept_checkpoint(earlier)?.note, self.kept_checkpoint(size)?.note);
        let (old, new) = (old.checkpoint, new.checkpoint);
        let check = |proof: &[TreeHash]| {
            verify_consistency(old.size, &old.root, new.size, &new.root, proof)
        };
        tiles::proof(self, size, |subtree| consistency_proof(earlier, size, subtree), check)
    }

    /// What shows a witness that saw the tree of `earlier` leaves that the one of the checkpoint of
    /// `size` begins with it; whether it does, the witness says.
    ///
    /// # Errors
    /// [`Error::NoCheckpoint`], or [`Error::Log`] if `earlier` is the greater.
    pub fn consistency_for_witness(&self, earlier: u64, size: u64) -> Result<Vec<TreeHash>> {
        self.kept_checkpoint(size)?;
        tiles::proof(self, size, |subtree| consistency_proof(earlier, size, subtree), |_| Ok(()))
    }

    /// What shows that a commit stands in the tree of the checkpoint of `size`.
    ///
    /// # Errors
    /// [`Error::NoCommit`], [`Error::NoCheckpoint`], [`Error::Log`] if the checkpoint was made before the
    /// commit, and [`Error::Rewritten`] if the commits lead to no such proof.
    pub fn log_proof(&self, number: u64, size: u64) -> Result<LogProof> {
        let kept = self.kept_checkpoint(size)?.note;
        let payload = self.commit_payload(number)?;
        let (leaf, tree) = (TreeHash::leaf(&payload), &kept.checkpoint);
        let index = number - 1;
        let check =
            |proof: &[TreeHash]| verify_inclusion(&leaf, index, tree.size, proof, &tree.root);
        let hashes =
            tiles::proof(self, size, |subtree| inclusion_proof(index, size, subtree), check)?;
        Ok(LogProof { extra: None, index, hashes, checkpoint: kept })
    }

    /// The payload of a commit's record: the entry of the public log.
    ///
    /// # Errors
    /// [`Error::NoCommit`], or [`Error::Corrupt`] if the segments do not read.
    pub fn commit_payload(&self, number: u64) -> Result<Vec<u8>> {
        let head = self.read_state().head;
        if number == 0 || number > head.commit {
            return Err(Error::NoCommit { number, newest: head.commit });
        }
        let mut found = Vec::new();
        leaves::commits(self.storage(), &head, number, &mut |at, payload| {
            if at == number {
                found = payload.to_vec();
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Makes `tiles/` anew for the checkpoints that are kept, with the newest of them.
    pub(crate) fn rebuild_tiles(&self) -> Result<()> {
        let head = self.read_state().head;
        let sizes = checkpoints::sizes(self.storage())?;
        tiles::again(self.storage(), &head, &sizes)?;
        let newest = sizes.last().map(|size| read_checkpoint(self.storage(), *size)).transpose()?;
        let Some(newest) = newest else { return Ok(()) };
        match served_holds_more(self.storage(), &newest.note)? {
            true => Ok(()),
            false => put_newest(self.storage(), &newest.note),
        }
    }

    /// Refuses where what is served of the newest checkpoint was not made anew, since it may be the only good
    /// one.
    pub(crate) fn need_served(&self) -> Result<()> {
        let newest = checkpoints::sizes(self.storage())?.pop();
        let newest = newest.map(|size| read_checkpoint(self.storage(), size)).transpose()?;
        newest.map_or(Ok(()), |newest| checkpoints::need_served(self.storage(), &newest.note))
    }

    /// A file of the log's folder as it stands, by its path there (`checkpoint`, `tile/0/000`); none if
    /// there is no such file. Paths of no other form are never looked up.
    ///
    /// # Errors
    /// What the medium says.
    pub fn log_file(&self, path: &str) -> Result<Option<Bytes>> {
        if path != "checkpoint" && !is_tile_path(path) {
            return Ok(None);
        }
        self.storage().read(&format!("{}/{path}", tiles::FOLDER))
    }
}
