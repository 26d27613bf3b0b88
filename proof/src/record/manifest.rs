//! Where the rows of batches lie (docs/format.md, section 10).

use super::{Parts, Record, bytes};
use crate::cid::Cid;
use crate::error::Result;
use crate::frame::RecordType;
use crate::hash::Hash;
use crate::value::{Map, Value};

/// The rows of one batch inside a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ManifestBatch {
    /// The batch's revision.
    pub batch: Cid,
    /// Its first row in the container.
    pub first_row: u32,
    /// How many rows.
    pub rows: u32,
}

/// Maps batches to rows of a container. For each batch the last manifest in the log counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    /// BLAKE3 of the first generation's bytes: the container's id.
    pub container: Hash,
    /// The generation, from 1.
    pub generation: u32,
    /// Bytes of this generation's file.
    pub length: u64,
    /// SHA-256 of this generation's file.
    pub sha256: Hash,
    /// Its batches, in row order.
    pub batches: Vec<ManifestBatch>,
    /// Containers that it makes obsolete.
    pub replaces: Vec<Hash>,
}

impl Record for Manifest {
    const TYPE: RecordType = RecordType::Manifest;

    fn to_map(&self) -> Map {
        let mut map = Map::new();
        map.insert("container", bytes(&self.container));
        map.insert("generation", i64::from(self.generation));
        map.insert("length", self.length);
        map.insert("sha256", bytes(&self.sha256));
        let batches = self.batches.iter().map(|entry| {
            Value::List(vec![
                Value::Link(entry.batch),
                Value::from(i64::from(entry.first_row)),
                Value::from(i64::from(entry.rows)),
            ])
        });
        map.insert("batches", Value::List(batches.collect()));
        map.insert("replaces", Value::List(self.replaces.iter().map(bytes).collect()));
        map
    }

    fn from_parts(parts: &mut Parts) -> Result<Manifest> {
        let small = |value: &Value| value.as_i64().and_then(|number| u32::try_from(number).ok());
        let batches = parts.list("batches")?;
        let batches = batches
            .iter()
            .map(|entry| match entry.as_list() {
                Some([batch, first_row, rows]) => Ok(ManifestBatch {
                    batch: parts.want(batch.as_link())?,
                    first_row: parts.want(small(first_row))?,
                    rows: parts.want(small(rows))?,
                }),
                _ => parts.fail("a manifest's batch has three parts"),
            })
            .collect::<Result<_>>()?;
        let replaces = parts.list("replaces")?;
        let replaces = replaces
            .iter()
            .map(|id| parts.want(id.as_bytes().and_then(Hash::from_slice)))
            .collect::<Result<_>>()?;
        let generation = parts.int("generation")?;
        Ok(Manifest {
            container: parts.hash("container")?,
            generation: parts.want(u32::try_from(generation).ok())?,
            length: parts.count("length")?,
            sha256: parts.hash("sha256")?,
            batches,
            replaces,
        })
    }
}
