//! Sealing batches and packing their rows into containers.

use super::StagedNode;
use super::encode::Encoded;
use crate::draft::BatchDraft;
use crate::error::{Error, Result};
use crate::events::{
    ContainerPart, IndexedFields, SealedBatch, container_id, key_tree, put_keys, seal,
    write_container,
};
use crate::schema::{Kind, Relation};
use crate::store::{NewKeys, Store};
use lineal_proof::frame::RecordType;
use lineal_proof::record::{Edge, Manifest, ManifestBatch, Record, Revision, node_id};
use lineal_proof::{Cid, Hash, Key, KeyPart, Value};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// Most rows of a container.
pub(crate) const CONTAINER_ROWS_MAX: usize = 1_000_000;

/// A batch with its root and its rows in order.
pub(super) struct Ready {
    pub(super) draft: BatchDraft,
    /// Which rows of the draft's block stand where in the batch.
    pub(super) rows: Vec<u32>,
    sealed: SealedBatch,
}

/// The path of a container's generation.
#[must_use]
pub(crate) fn container_path(id: &Hash, generation: u32) -> String {
    format!("containers/{id}.{generation}.parquet")
}

/// Sorts and hashes the rows of each batch, many at once.
///
/// # Errors
/// What the medium says of the seeds.
pub(super) fn seal_all(
    store: &Store,
    drafts: Vec<BatchDraft>,
    indexed: IndexedFields,
) -> Result<Vec<(Ready, StagedNode)>> {
    let mut prepared = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let deployment = node_id(Kind::Deployment.name(), &draft.deployment);
        let key = Key::new(vec![
            KeyPart::Text(draft.saying.source.clone()),
            KeyPart::Bytes(deployment.0.to_vec()),
            KeyPart::Bytes(draft.file.to_vec()),
            KeyPart::Int(i64::try_from(draft.stretch).unwrap_or(i64::MAX)),
        ]);
        let node = node_id(Kind::Batch.name(), &key);
        let (seed_id, seed) = store.batch_seed(&node)?;
        let secret = store.batch_keys_secret(&node);
        prepared.push((draft, key, node, (seed_id, seed), secret));
    }
    let sealed = prepared.into_par_iter().map(|(draft, key, node, (seed_id, seed), secret)| {
        let mut rows = draft.rows.clone();
        let block = &draft.block;
        rows.sort_by(|a, b| block.compare_rows(*a as usize, *b as usize));
        let sealed = seal(block, &rows, &seed);
        let doubted = doubted_runs(&rows, &draft.doubted);
        let places = rows.iter().map(|row| *row as usize);
        let tree = secret.and_then(|secret| key_tree(indexed, block, &places, &secret, &[]));
        let mut revision = revision(&draft, key, &sealed, seed_id, &doubted);
        put_keys(&mut revision.fields, indexed, tree.as_ref());
        let staged = StagedNode::of(revision, node, &[]);
        (Ready { draft, rows, sealed }, staged)
    });
    Ok(sealed.collect())
}

/// Where doubted rows stand in the batch, as runs of first row and count.
fn doubted_runs(rows: &[u32], doubted: &[u32]) -> Vec<(u32, u32)> {
    let doubted: HashSet<u32> = doubted.iter().copied().collect();
    let places = (0_u32..).zip(rows).filter(|(_, row)| doubted.contains(row));
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for (place, _) in places {
        match runs.last_mut() {
            Some((first, count)) if *first + *count == place => *count += 1,
            _ => runs.push((place, 1)),
        }
    }
    runs
}

fn revision(
    draft: &BatchDraft,
    key: Key,
    sealed: &SealedBatch,
    seed: [u8; 16],
    doubted: &[(u32, u32)],
) -> Revision {
    let mut fields = sealed.counters.to_fields();
    if !doubted.is_empty() {
        let pair = |(first, count): &(u32, u32)| {
            Value::List(vec![Value::from(i64::from(*first)), Value::from(i64::from(*count))])
        };
        fields.insert("doubted", Value::List(doubted.iter().map(pair).collect()));
    }
    fields.insert("root", Value::Bytes(sealed.root.0.to_vec()));
    fields.insert("seed", Value::Bytes(seed.to_vec()));
    fields.insert("name", draft.label.as_str());
    let deployment = Kind::Deployment.name();
    Revision {
        kind: Kind::Batch.name().to_owned(),
        key,
        source: draft.saying.source.clone(),
        form: draft.saying.form.clone(),
        observed_at: draft.saying.observed_at,
        fields,
        sealed: Vec::new(),
        edges: vec![Edge {
            relation: Relation::ServedBy.name().to_owned(),
            kind: deployment.to_owned(),
            key: draft.deployment.clone(),
            pin: Cid(node_id(deployment, &draft.deployment)),
            beside: Vec::new(),
        }],
        previous: None,
    }
}

/// What the event-key index will hold of batches; nothing without its key.
pub(super) fn keys(
    store: &Store,
    batches: &[(Cid, Ready)],
    indexed: IndexedFields,
) -> Result<NewKeys> {
    let hasher = match store.value_hasher() {
        Err(Error::NoKey { .. }) => return Ok(Vec::new()),
        other => other?,
    };
    let keys = batches.par_iter().map(|(revision, ready)| {
        let rows = ready.rows.iter().map(|row| *row as usize);
        let mut entries = Vec::with_capacity(ready.rows.len());
        // Which batch it is in the order of the log is known when the transaction is written.
        indexed.entries(&hasher, &ready.draft.block, &rows, 0, &mut entries);
        (*revision, entries)
    });
    Ok(keys.collect())
}

/// Packs batches into containers in the order (deployment key, first time, order in the log).
pub(super) fn write_containers(
    store: &Store,
    batches: Vec<(Cid, Ready)>,
    out: &mut Encoded,
) -> Result<()> {
    let mut batches: Vec<_> = batches.into_iter().enumerate().collect();
    batches.sort_by(|(a, (_, left)), (b, (_, right))| {
        let left = (&left.draft.deployment, left.sealed.counters.first_time, a);
        left.cmp(&(&right.draft.deployment, right.sealed.counters.first_time, b))
    });
    let mut group: Vec<(Cid, Ready)> = Vec::new();
    let mut rows = 0;
    for (_, batch) in batches {
        if !group.is_empty() && rows + batch.1.rows.len() > CONTAINER_ROWS_MAX {
            write_one(store, &group, out)?;
            group.clear();
            rows = 0;
        }
        rows += batch.1.rows.len();
        group.push(batch);
    }
    if group.is_empty() { Ok(()) } else { write_one(store, &group, out) }
}

fn write_one(store: &Store, group: &[(Cid, Ready)], out: &mut Encoded) -> Result<()> {
    let parts: Vec<_> = group
        .iter()
        .map(|(_, ready)| {
            let (block, rows) = (&ready.draft.block, &ready.rows);
            ContainerPart { block, rows, erased: &[] }
        })
        .collect();
    let bytes = write_container(&parts, store.id())
        .map_err(|e| Error::corrupt("a new container", 0, e.to_string()))?;
    let (id, sha256) = rayon::join(|| container_id(&bytes), || Sha256::digest(&bytes));
    let mut first_row = 0;
    let mut entries = Vec::with_capacity(group.len());
    for (batch, ready) in group {
        let rows = u32::try_from(ready.rows.len()).unwrap_or(u32::MAX);
        entries.push(ManifestBatch { batch: *batch, first_row, rows });
        first_row += rows;
        out.events += ready.sealed.counters.rows;
    }
    let manifest = Manifest {
        container: id,
        generation: 1,
        length: bytes.len() as u64,
        sha256: Hash(sha256.into()),
        batches: entries,
        replaces: Vec::new(),
    };
    out.push(RecordType::Manifest, &manifest.encode())?;
    out.containers.push((container_path(&id, 1), bytes));
    Ok(())
}
