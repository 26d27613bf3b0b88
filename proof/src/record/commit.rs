//! The last record of a transaction, a leaf of the public log (docs/format.md, section 7).

use super::{Parts, Record, bytes, optional_bytes, optional_link, optional_text};
use crate::cid::Cid;
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::value::{Map, Value};

/// A commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// 1, 2, 3, ...
    pub number: u64,
    /// When it was written, ns; never less than the parent's.
    pub recorded: i64,
    /// The store.
    pub store: [u8; 16],
    /// The actor key of who wrote.
    pub actor: Option<String>,
    /// The commit before.
    pub parent: Option<Cid>,
    /// The number of the first commit of the same import.
    pub import: u64,
    /// How many records of each type the transaction holds, by the type's name.
    pub counts: Vec<(String, u64)>,
    /// The Merkle root over the ids of the records.
    pub records_root: Hash,
    /// SHA-256 of the transaction's frames before this one.
    pub segment_sha256: Hash,
    /// The root of the map of everything that records said up to here; none in commits of programs
    /// that made no map, from which nothing can be proved absent (docs/format.md, section 22).
    pub map_root: Option<Hash>,
}

impl Record for Commit {
    const TYPE: RecordType = RecordType::Commit;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("number", self.number);
        map.insert("recorded", self.recorded);
        map.insert("store", Value::Bytes(self.store.to_vec()));
        map.insert("actor", optional_text(self.actor.as_ref()));
        map.insert("parent", optional_link(self.parent));
        map.insert("import", self.import);
        let counts: Map = self.counts.iter().map(|(name, count)| (name.clone(), *count)).collect();
        map.insert("counts", Value::Map(counts));
        map.insert("records_root", bytes(&self.records_root));
        map.insert("segment_sha256", bytes(&self.segment_sha256));
        map.insert("map_root", optional_bytes(self.map_root.as_ref()));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Commit> {
        let counts = parts.map("counts")?;
        let counts = counts
            .iter()
            .map(|(name, count)| {
                let count = count.as_i64().and_then(|count| u64::try_from(count).ok());
                parts.want(count).map(|count| (name.to_owned(), count))
            })
            .collect::<Result<_>>()?;
        Ok(Commit {
            number: parts.count("number")?,
            recorded: parts.int("recorded")?,
            store: parts.bytes16("store")?,
            actor: parts.optional_text("actor")?,
            parent: parts.optional_link("parent")?,
            import: parts.count("import")?,
            counts,
            records_root: parts.hash("records_root")?,
            segment_sha256: parts.hash("segment_sha256")?,
            map_root: parts.optional_hash("map_root")?,
        })
    }
}
