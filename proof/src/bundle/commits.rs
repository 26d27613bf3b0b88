//! The commits of a proof, in the tree of the checkpoint, and the records in them.

use super::fault::{Checked, Fault};
use super::layout::{Bundle, CommitPart};
use super::subtrees;
use crate::cbor;
use crate::error::Error;
use crate::hash::Hash;
use crate::merkle;
use crate::record::{Commit, Record, Reference, Revision, Stub};
use crate::tlog::{Checkpoint, TreeHash};
use crate::value::{Map, Value};
use std::collections::BTreeMap;

/// What a record of a proof says.
#[derive(Clone, PartialEq, Debug)]
pub enum Known {
    /// A revision.
    Revision(Box<Revision>),
    /// A stub.
    Stub(Stub),
    /// A reference.
    Reference(Reference),
    /// An erasure, as its map.
    Erasure(Map),
}

/// The records of a proof by their ids: each stands in a commit, and that in the log.
pub(super) type Records = BTreeMap<Hash, Known>;

fn above(left: &Hash, right: &Hash) -> Hash {
    Hash(TreeHash::node(&TreeHash(left.0), &TreeHash(right.0)).0)
}

/// The node above two others in the log's tree.
pub(super) const LOG: subtrees::Above = above;

/// Checks the commits against the checkpoint, and the records against the commits. Gives the records,
/// and the map_root that the checkpoint's last commit states, if that is among the commits.
pub(super) fn check(bundle: &Bundle, checkpoint: &Checkpoint) -> Checked<(Records, Option<Hash>)> {
    let mut commits = Vec::new();
    let mut leaves = Vec::new();
    let mut store = None;
    for (number, part) in bundle.commits.iter().enumerate() {
        let at = || format!("/commits/{number}/payload");
        let commit = Commit::decode(&part.payload);
        let commit = commit.map_err(|_| Fault::new(at(), "the bytes of a commit"))?;
        let place = commit.number.checked_sub(1);
        let place = place.ok_or_else(|| Fault::new(at(), "a commit's number, from 1"))?;
        if leaves.last().is_some_and(|(before, _)| *before >= place) || place >= checkpoint.size {
            return Err(Fault::new(at(), "commits ascend, within the checkpoint's size"));
        }
        if *store.get_or_insert(commit.store) != commit.store {
            return Err(Fault::new(at(), "all commits are of one store"));
        }
        leaves.push((place, Hash(TreeHash::leaf(&part.payload).0)));
        commits.push(commit);
    }
    if subtrees::root(checkpoint.size, &leaves, &bundle.tree, LOG) != Some(Hash(checkpoint.root.0))
    {
        return Err(Fault::new("/tree", "commits and tree lead to the root of the checkpoint"));
    }
    let mut records = Records::new();
    for ((number, part), commit) in bundle.commits.iter().enumerate().zip(&commits) {
        records_of(&format!("/commits/{number}"), part, commit, &mut records)?;
    }
    let last = commits.last().filter(|commit| commit.number == checkpoint.size);
    Ok((records, last.and_then(|commit| commit.map_root)))
}

fn records_of(at: &str, part: &CommitPart, commit: &Commit, records: &mut Records) -> Checked {
    let mut leaves = Vec::new();
    for record in &part.records {
        leaves.push((record.at, merkle::leaf(&Hash::of(&record.payload))));
    }
    // A transaction holds as many records as its commit counts.
    let count = commit.counts.iter().try_fold(0_u64, |sum, (_, count)| sum.checked_add(*count));
    let root = count.and_then(|count| subtrees::root(count, &leaves, &part.tree, merkle::node));
    if root != Some(commit.records_root) {
        return Err(Fault::new(
            format!("{at}/tree"),
            "records and tree lead to the commit's records_root",
        ));
    }
    for (number, record) in part.records.iter().enumerate() {
        let rule = "the bytes of a revision, stub, reference or erasure";
        let known = read(&record.payload)
            .map_err(|_| Fault::new(format!("{at}/records/{number}/payload"), rule))?;
        records.insert(Hash::of(&record.payload), known);
    }
    Ok(())
}

impl Known {
    /// What a record's canonical bytes say.
    ///
    /// # Errors
    /// If they are not of a record that a statement can rest on.
    pub fn read(payload: &[u8]) -> Result<Known, Error> {
        read(payload)
    }
}

fn read(payload: &[u8]) -> Result<Known, Error> {
    let map = cbor::decode_map(payload)?;
    match map.get("type").and_then(Value::as_text) {
        Some("revision") => Ok(Known::Revision(Box::new(Revision::decode(payload)?))),
        Some("stub") => Stub::decode(payload).map(Known::Stub),
        Some("reference") => Reference::decode(payload).map(Known::Reference),
        Some("erasure") => Ok(Known::Erasure(map)),
        _ => Err(Error::Record { record: "proof", rule: "a statement rests on it" }),
    }
}
