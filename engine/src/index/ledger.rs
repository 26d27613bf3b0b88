//! The ledger as a file.

use super::flat::{Reader, Writer};
use crate::id_map::IdMap;
use crate::ledger::{
    BatchEntry, CommitEntry, Ledger, NodeEntry, RevisionEntry, SeenRowsEntry, SnapshotEntry,
};
use crate::schema::KINDS;
use crate::segment::Location;
use lineal_proof::record::Record;

pub(super) fn write(out: &mut Writer, ledger: &Ledger) {
    out.items(&ledger.commits, |out, commit| {
        out.i64(commit.recorded);
        out.u64(commit.import);
    });
    out.items(&ledger.chains, |out, (source, form)| {
        out.bytes(source.as_bytes());
        out.bytes(form.as_bytes());
    });
    out.items(&ledger.nodes, |out, node| {
        out.hash(&node.id);
        out.u8(node.kind as u8);
        out.key(&node.key);
        out.u64(node.born);
        out.u8(u8::from(node.stub));
        out.u32s(&node.revisions);
    });
    out.items(&ledger.revisions, |out, revision| {
        out.hash(&revision.id);
        out.hash(&revision.content);
        out.u32(revision.node);
        out.u32(u32::from(revision.chain));
        out.location(revision.at);
        out.length(revision.said.len());
        for (commit, observed_at) in &revision.said {
            out.u64(*commit);
            out.i64(*observed_at);
        }
    });
    out.items(&ledger.snapshots, |out, snapshot| {
        out.u32(u32::from(snapshot.chain));
        out.i64(snapshot.observed_at);
        out.u64(snapshot.commit);
    });
    out.items(&ledger.retractions, |out, (import, commit, restore)| {
        out.u64(*import);
        out.u64(*commit);
        out.u8(u8::from(*restore));
    });
    records(out, &ledger.references);
    records(out, &ledger.settings);
    records(out, &ledger.sources);
    records(out, &ledger.manifests);
    out.items(&ledger.batches, |out, batch| {
        out.u32(batch.revision);
        out.hash(&batch.deployment);
        out.u32(batch.rows);
        for count in [batch.overrides, batch.art12] {
            out.u64(count);
        }
        out.i64(batch.first_time);
        out.i64(batch.last_time);
        let (manifest, first_row) = batch.place.unwrap_or((u32::MAX, 0));
        out.u32(manifest);
        out.u32(first_row);
        out.runs(&batch.doubted);
        out.months(&batch.months);
    });
    out.items(&ledger.seen_rows, |out, seen| {
        out.u64(seen.commit);
        out.u32(seen.batch);
        out.runs(&seen.runs);
    });
    write_blobs(out, &ledger.blobs);
}

/// Blobs with their places.
fn write_blobs(out: &mut Writer, blobs: &IdMap<Location>) {
    let mut sorted: Vec<_> = blobs.iter().collect();
    sorted.sort_unstable();
    out.items(&sorted, |out, (id, at)| {
        out.hash(id);
        out.location(**at);
    });
}

fn read_blobs(from: &mut Reader<'_>) -> Option<IdMap<Location>> {
    let blobs = from.items(|from| Some((from.hash()?, from.location()?)))?;
    Some(blobs.into_iter().collect())
}

/// Records stand as they do in a segment.
fn records<R: Record>(out: &mut Writer, records: &[(u64, R)]) {
    out.items(records, |out, (commit, record)| {
        out.u64(*commit);
        out.bytes(&record.encode());
    });
}

fn read_records<R: Record + Send>(from: &mut Reader<'_>) -> Option<Vec<(u64, R)>> {
    from.items(|from| Some((from.u64()?, R::decode(from.bytes()?).ok()?)))
}

pub(super) fn read(from: &mut Reader<'_>) -> Option<Ledger> {
    let commits =
        from.items(|from| Some(CommitEntry { recorded: from.i64()?, import: from.u64()? }))?;
    let chains = from.items(|from| Some((from.text()?, from.text()?)))?;
    let nodes = from.items(|from| {
        Some(NodeEntry {
            id: from.hash()?,
            kind: *KINDS.get(usize::from(from.u8()?))?,
            key: from.key()?,
            born: from.u64()?,
            stub: from.u8()? == 1,
            revisions: from.u32s()?,
        })
    })?;
    let revisions = from.items(|from| {
        Some(RevisionEntry {
            id: from.hash()?,
            content: from.hash()?,
            node: from.u32()?,
            chain: u16::try_from(from.u32()?).ok()?,
            at: from.location()?,
            said: (0..from.length()?)
                .map(|_| Some((from.u64()?, from.i64()?)))
                .collect::<Option<_>>()?,
        })
    })?;
    let snapshots = from.items(|from| {
        Some(SnapshotEntry {
            chain: u16::try_from(from.u32()?).ok()?,
            observed_at: from.i64()?,
            commit: from.u64()?,
        })
    })?;
    let retractions = from.items(|from| Some((from.u64()?, from.u64()?, from.u8()? == 1)))?;
    let mut ledger = Ledger {
        commits,
        chains,
        nodes,
        revisions,
        snapshots,
        retractions,
        references: read_records(from)?,
        settings: read_records(from)?,
        sources: read_records(from)?,
        manifests: read_records(from)?,
        batches: from.items(read_batch)?,
        seen_rows: from.items(read_seen_rows)?,
        blobs: read_blobs(from)?,
        ..Ledger::default()
    };
    if !from.is_at_end() || !fits(&ledger) {
        return None;
    }
    ledger.index();
    Some(ledger)
}

fn read_batch(from: &mut Reader<'_>) -> Option<BatchEntry> {
    Some(BatchEntry {
        revision: from.u32()?,
        deployment: from.hash()?,
        rows: from.u32()?,
        overrides: from.u64()?,
        art12: from.u64()?,
        first_time: from.i64()?,
        last_time: from.i64()?,
        place: Some((from.u32()?, from.u32()?)).filter(|(manifest, _)| *manifest != u32::MAX),
        doubted: from.runs()?,
        months: from.months()?,
    })
}

fn read_seen_rows(from: &mut Reader<'_>) -> Option<SeenRowsEntry> {
    Some(SeenRowsEntry { commit: from.u64()?, batch: from.u32()?, runs: from.runs()? })
}

/// Does every number lead somewhere? A file whose checksum fits is ours, but nothing may panic.
fn fits(ledger: &Ledger) -> bool {
    let below = |number: u32, length: usize| (number as usize) < length;
    let chain = |chain: u16| usize::from(chain) < ledger.chains.len();
    let (nodes, revisions) = (ledger.nodes.len(), ledger.revisions.len());
    let (batches, manifests) = (ledger.batches.len(), ledger.manifests.len());
    ledger.nodes.iter().all(|node| node.revisions.iter().all(|number| below(*number, revisions)))
        && ledger.revisions.iter().all(|r| below(r.node, nodes) && chain(r.chain))
        && ledger.snapshots.iter().all(|snapshot| chain(snapshot.chain))
        && ledger.batches.iter().all(|batch| {
            below(batch.revision, revisions)
                && batch.place.is_none_or(|(manifest, _)| below(manifest, manifests))
        })
        && ledger.seen_rows.iter().all(|seen| below(seen.batch, batches))
}
