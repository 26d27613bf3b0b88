//! Salts of batches of which rows were erased, and the writing of `seeds` anew that an erasure is
//! (docs/format.md, sections 8 and 23).
//!
//! Destroying a secret is never appending: the file is written whole under a new file key, without
//! it, and the old one is replaced. So a copy of the old file is of no use beside the new key.

use super::{
    Keys, NODE_KIND, SEEDS, SEEDS_HEADER, SeedFrame, SeedKind, VEIL_KIND, frame_bytes, frames_of,
    seeds_header,
};
use crate::error::{Error, Result};
use crate::mapping::Bytes;
use crate::storage::Storage;
use chacha20poly1305::XChaCha20Poly1305;
use lineal_proof::Hash;
use lineal_proof::cover::{Cover, SaltNode, SaltPlace};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// What is destroyed, and what takes its place.
#[derive(Default)]
pub(crate) struct Destroyed {
    /// Of each batch, by its revision, what is left of its salts.
    pub(crate) covers: BTreeMap<Hash, LeftSalts>,
    /// Seed ids of batches, padded, whose seed goes.
    pub(crate) seeds: BTreeSet<[u8; 32]>,
    /// Subjects whose key goes.
    pub(crate) subjects: BTreeSet<[u8; 32]>,
}

impl Destroyed {
    pub(crate) fn is_empty(&self) -> bool {
        self.covers.is_empty() && self.seeds.is_empty() && self.subjects.is_empty()
    }

    fn takes(&self, frame: &SeedFrame) -> bool {
        match frame.kind {
            kind if kind == SeedKind::Batch as u8 => self.seeds.contains(&frame.id),
            kind if kind == SeedKind::Subject as u8 => self.subjects.contains(&frame.id),
            NODE_KIND => self.covers.contains_key(&Hash(frame.id)),
            _ => false,
        }
    }
}

/// What is left of the salts of a batch.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct LeftSalts {
    /// The commit by which their seed went, its last 24 bits: batches of one source may have shared it.
    pub(crate) since: u32,
    pub(crate) nodes: Vec<SaltNode>,
}

impl LeftSalts {
    /// Takes a node from its frame; one that says that nothing is left has none.
    pub(super) fn add(&mut self, frame: &SeedFrame) {
        let [level, a, b, c, index @ ..] = frame.extra;
        self.since = u32::from_le_bytes([a, b, c, 0]);
        let place = SaltPlace { level, index: u32::from_le_bytes(index) };
        self.nodes.extend((place != NOTHING).then_some(SaltNode { place, key: frame.secret }));
    }

    /// The frames that it is read from.
    fn frames(&self, batch: &Hash) -> impl Iterator<Item = SeedFrame> + '_ {
        let (id, since) = (batch.0, self.since.to_le_bytes());
        let frame = move |place: SaltPlace, secret: [u8; 32]| {
            let mut extra = [0; 8];
            extra[0] = place.level;
            extra[1..4].copy_from_slice(&since[..3]);
            extra[4..].copy_from_slice(&place.index.to_le_bytes());
            SeedFrame { kind: NODE_KIND, id, secret, extra }
        };
        let nothing = self.nodes.is_empty().then(|| frame(NOTHING, [0; 32]));
        self.nodes.iter().map(move |node| frame(node.place, node.key)).chain(nothing)
    }
}

/// In the place of a cover without nodes: a batch of which nothing is left is known as such.
const NOTHING: SaltPlace = SaltPlace { level: u8::MAX, index: 0 };

impl Keys {
    /// The salts of a batch's rows, as many as are left; none where neither a seed nor nodes of it
    /// are here.
    pub(crate) fn cover(&self, batch: &Hash, seed_id: &[u8], rows: u64) -> Option<Cover> {
        match self.seeds().nodes.get(&batch.0) {
            Some(left) => Some(Cover::of(left.nodes.clone(), rows)),
            None => self.batch_seed(seed_id).map(|seed| Cover::whole(seed, rows)),
        }
    }

    /// The same for who cannot go on without.
    ///
    /// # Errors
    /// [`Error::NoKey`] where no seeds are here, [`Error::SeedsMissing`] where those that are here lack it.
    pub(crate) fn need_cover(
        &self,
        (batch, seed_id): (&Hash, &[u8]),
        rows: u64,
        purpose: &'static str,
    ) -> Result<Cover> {
        self.cover(batch, seed_id, rows).ok_or_else(|| {
            if !self.has_seeds() {
                return Error::NoKey { name: "seeds", purpose };
            }
            let (what, instead) = ("the seed of a batch".to_owned(), format!("{purpose} needs it"));
            Error::SeedsMissing { what, instead }
        })
    }

    /// Since which commit a batch has nodes of its own, and so no seed any more; none if it has a seed.
    pub(crate) fn unseeded_since(&self, batch: &Hash) -> Option<u32> {
        self.seeds().nodes.get(&batch.0).map(|left| left.since)
    }

    /// Writes `seeds` whole under a new file key, without what is destroyed. What waits in the trail
    /// stays readable: the key of its veils, which tells nothing of the file key, goes along; older
    /// ones while anything waits there.
    ///
    /// # Errors
    /// [`Error::NoKey`] without seeds, or what the medium says; the old file is then still there.
    pub(crate) fn destroy(
        &mut self,
        storage: &dyn Storage,
        file_key: [u8; 32],
        destroyed: &Destroyed,
    ) -> Result<()> {
        self.flush(storage)?;
        let purpose = "erasing what is under it";
        let needed = || Error::NoKey { name: "seeds", purpose };
        let (old, bytes) = (self.cipher().ok_or_else(needed)?, storage.read(SEEDS)?);
        let bytes = bytes.ok_or_else(needed)?;
        // Of today's file key always: somebody who opened the store before may veil under it yet.
        let waits = !storage.list("trail")?.is_empty();
        let veil = |secret| SeedFrame { kind: VEIL_KIND, id: [0; 32], secret, extra: [0; 8] };
        let veils = self.veil_keys().into_iter();
        let veils = veils.take(if waits { usize::MAX } else { 1 }).map(veil).collect();
        let written = anew(&frames_left(&old, &bytes, destroyed, veils), &file_key);
        storage.put(SEEDS, &written, true)?;
        self.file_key = Some(file_key);
        self.bytes = Bytes::held(written);
        self.seeds = OnceLock::new();
        Ok(())
    }

    /// A file of seeds that is not in its place, whole under a new file key, without what is destroyed and
    /// without what does not read: a frame that was damaged may be mended by whoever looks for it. None
    /// where nothing is left, or the file does not read.
    pub(super) fn without(&self, file_key: [u8; 32], destroyed: &Destroyed) -> Option<Vec<u8>> {
        let left = frames_left(&self.cipher()?, &self.bytes, destroyed, Vec::new());
        (!left.is_empty()).then(|| anew(&left, &file_key))
    }
}

/// The frames of a file of seeds that are not destroyed, what is left of the others, and these veils in
/// the place of its own.
fn frames_left(
    cipher: &XChaCha20Poly1305,
    bytes: &[u8],
    destroyed: &Destroyed,
    veils: Vec<SeedFrame>,
) -> Vec<SeedFrame> {
    let mut kept: Vec<SeedFrame> = frames_of(cipher, bytes)
        .filter_map(|(_, frame)| frame)
        .filter(|frame| !destroyed.takes(frame) && frame.kind != VEIL_KIND)
        .collect();
    for (batch, left) in &destroyed.covers {
        kept.extend(left.frames(batch));
    }
    kept.extend(veils);
    kept
}

/// A file of seeds under a key.
fn anew(frames: &[SeedFrame], file_key: &[u8; 32]) -> Vec<u8> {
    let mut written = seeds_header(file_key);
    debug_assert_eq!(written.len(), SEEDS_HEADER);
    let cipher = super::cipher_of(file_key);
    for frame in frames {
        let at = written.len();
        written.extend_from_slice(&frame_bytes(&cipher, at, frame));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::LabelledSecrets;
    use crate::storage::MemoryStorage;

    #[test]
    fn what_is_destroyed_is_gone_and_all_else_is_there_under_a_new_key() {
        let storage = MemoryStorage::new();
        Keys::create(&storage, &LabelledSecrets).unwrap();
        let mut keys = Keys::open(&storage).unwrap();
        let seed = keys.seed_or_new(SeedKind::Batch, &[1; 32], &LabelledSecrets).unwrap();
        let other = keys.seed_or_new(SeedKind::Batch, &[2; 32], &LabelledSecrets).unwrap();
        keys.seed_or_new(SeedKind::Subject, &[3; 32], &LabelledSecrets).unwrap();
        keys.flush(&storage).unwrap();
        storage.put("trail/00000001.lnj", b"something waits", true).unwrap();
        let veiled = keys.veil(b"s 1", b"a question").unwrap();
        let old = storage.read(SEEDS).unwrap().unwrap().to_vec();

        let batch = Hash::of(b"a batch of nine rows");
        let cover = Cover::whole(&seed, 9).without(&[SaltPlace::of_row(4, 9)]);
        let mut destroyed = Destroyed::default();
        let left = |nodes: &[SaltNode]| LeftSalts { since: 0x00_ab_cd_ef, nodes: nodes.to_vec() };
        destroyed.covers.insert(batch, left(cover.nodes()));
        destroyed.covers.insert(Hash::of(b"nothing is left"), left(&[]));
        destroyed.seeds.insert([1; 32]);
        destroyed.subjects.insert([3; 32]);
        keys.destroy(&storage, [7; 32], &destroyed).unwrap();

        for keys in [keys, Keys::open(&storage).unwrap()] {
            assert_eq!(keys.seed(SeedKind::Batch, &[1; 32]), None);
            assert_eq!(keys.seed(SeedKind::Subject, &[3; 32]), None);
            assert_eq!(keys.seed(SeedKind::Batch, &[2; 32]), Some(&other));
            assert_eq!(keys.cover(&batch, &[1; 16], 9), Some(cover.clone()));
            let nothing = Hash::of(b"nothing is left");
            assert_eq!(keys.unseeded_since(&nothing), Some(0x00_ab_cd_ef));
            assert_eq!(keys.unseeded_since(&Hash([2; 32])), None);
            assert_eq!(keys.cover(&nothing, &[1; 16], 9), Some(Cover::of(Vec::new(), 9)));
            assert!(keys.damaged_seeds().next().is_none());
            let read = keys.unveil(b"s 1", &veiled).unwrap();
            assert_eq!(read.as_deref(), Some(&b"a question"[..]), "what waits is readable");
        }
        let new = storage.read(SEEDS).unwrap().unwrap();
        assert!(!new.windows(32).any(|part| part == &old[16..48]), "the old file key is gone");
        // And a second time: the nodes stay, the veil's key goes with what waited.
        storage.remove("trail/00000001.lnj").unwrap();
        let mut keys = Keys::open(&storage).unwrap();
        let subjects = [[9; 32]].into();
        keys.destroy(&storage, [8; 32], &Destroyed { subjects, ..Destroyed::default() }).unwrap();
        assert_eq!(keys.cover(&batch, &[1; 16], 9), Some(cover));
        assert_eq!(keys.unveil(b"s 1", &veiled).unwrap(), None);
    }
}
