//! The graph of the newest view as a file.

use super::flat::{Reader, Writer};
use crate::graph::{Batch, ContainerPlace, Csr, Graph, ImportFacts, Labels, Node, NodeHead};
use crate::id_map::IdMap;
use crate::schema::{KINDS, RELATION_COUNT};
use crate::segment::Location;
use std::collections::HashMap;

pub(super) fn write(out: &mut Writer, graph: &Graph) {
    out.u64(graph.commit);
    out.i64(graph.recorded);
    out.items(&graph.nodes, write_node);
    out.u32s(&graph.kinds);
    for csr in graph.forward.iter().chain(&graph.inverse) {
        let (first, offsets, targets) = csr.parts();
        out.u32(first);
        out.u32s(offsets);
        out.u32s(targets);
    }
    let labels = graph.labels.entries();
    out.u64s(labels.iter().map(|(hash, _)| *hash));
    out.u32s(&labels.iter().map(|(_, node)| *node).collect::<Vec<_>>());
    out.length(graph.ids.len());
    graph.ids.iter().for_each(|(id, _)| out.hash(id));
    out.u32s(&graph.ids.iter().map(|(_, node)| *node).collect::<Vec<_>>());
    out.items(&graph.chains, |out, (source, form)| {
        out.bytes(source.as_bytes());
        out.bytes(form.as_bytes());
    });
    out.items(&graph.containers, |out, container| {
        out.hash(&container.id);
        out.u32(container.generation);
        out.u64(container.length);
        out.hash(&container.sha256);
    });
    out.items(&graph.batches, write_batch);
    let imports: Vec<_> = graph.imports.iter().collect();
    out.items(&imports, |out, (node, facts)| {
        out.u32(**node);
        out.u64(facts.number);
        out.i64(facts.recorded);
        out.u64(facts.revisions);
        out.u64(facts.events);
        out.u8(u8::from(facts.retracted));
    });
    out.items(&graph.commit_times, |out, time| out.i64(*time));
    write_blobs(out, &graph.blobs);
    out.items(&graph.aliases, |out, (kind, name, key)| {
        out.bytes(kind.as_bytes());
        out.bytes(name.as_bytes());
        out.key(key);
    });
}

fn write_node(out: &mut Writer, node: &Node) {
    out.hash(&node.id);
    out.u8(node.kind as u8);
    out.key(&node.key);
    out.u8(u8::try_from(node.heads.len()).unwrap_or(u8::MAX));
    for head in &node.heads {
        out.u32(u32::from(head.chain));
        out.hash(&head.id);
        out.location(head.at);
        out.u8(u8::from(head.gone.is_some()));
        let (from, to) = head.gone.unwrap_or_default();
        out.i64(from);
        out.i64(to);
    }
    out.u64(node.first_commit);
    out.u64(node.last_commit);
    out.u32(node.revisions);
    out.u8(u8::from(node.deleted));
    out.u32s(&node.candidates);
}

fn read_node(from: &mut Reader<'_>) -> Option<Node> {
    let id = from.hash()?;
    let kind = *KINDS.get(usize::from(from.u8()?))?;
    let key = from.key()?;
    let count = from.u8()?;
    let mut heads = Vec::with_capacity(usize::from(count));
    for _ in 0..count {
        let chain = u16::try_from(from.u32()?).ok()?;
        let (id, at) = (from.hash()?, from.location()?);
        let is_gone = from.u8()? == 1;
        let interval = (from.i64()?, from.i64()?);
        heads.push(NodeHead { chain, id, at, gone: is_gone.then_some(interval) });
    }
    Some(Node {
        id,
        kind,
        key,
        heads,
        first_commit: from.u64()?,
        last_commit: from.u64()?,
        revisions: from.u32()?,
        deleted: from.u8()? == 1,
        candidates: from.u32s()?,
    })
}

fn write_batch(out: &mut Writer, batch: &Batch) {
    out.u32(batch.node);
    out.u32(batch.deployment);
    out.u32(batch.ordinal);
    out.u64(batch.commit);
    out.u32(batch.rows);
    for count in [batch.events, batch.overrides, batch.art12] {
        out.u64(count);
    }
    out.i64(batch.first_time);
    out.i64(batch.last_time);
    let (container, first_row) = batch.place.unwrap_or((u32::MAX, 0));
    out.u32(container);
    out.u32(first_row);
    out.u8(u8::from(batch.kept.is_some()));
    out.runs(batch.kept.as_deref().unwrap_or_default());
    out.runs(&batch.outweighed);
}

fn read_batch(from: &mut Reader<'_>) -> Option<Batch> {
    let batch = Batch {
        node: from.u32()?,
        deployment: from.u32()?,
        ordinal: from.u32()?,
        commit: from.u64()?,
        rows: from.u32()?,
        events: from.u64()?,
        overrides: from.u64()?,
        art12: from.u64()?,
        first_time: from.i64()?,
        last_time: from.i64()?,
        place: Some((from.u32()?, from.u32()?)).filter(|(container, _)| *container != u32::MAX),
        kept: None,
        outweighed: Vec::new(),
        doubted: Vec::new(),
    };
    let is_kept = from.u8()? == 1;
    let kept = from.runs()?;
    Some(Batch { kept: is_kept.then_some(kept), outweighed: from.runs()?, ..batch })
}

/// Blobs with their places; the ledger has the same.
pub(super) fn write_blobs(out: &mut Writer, blobs: &IdMap<Location>) {
    let mut sorted: Vec<_> = blobs.iter().collect();
    sorted.sort_unstable();
    out.items(&sorted, |out, (id, at)| {
        out.hash(id);
        out.location(**at);
    });
}

pub(super) fn read_blobs(from: &mut Reader<'_>) -> Option<IdMap<Location>> {
    let blobs = from.items(|from| Some((from.hash()?, from.location()?)))?;
    Some(blobs.into_iter().collect())
}

fn read_csrs(from: &mut Reader<'_>, nodes: usize) -> Option<[Csr; RELATION_COUNT]> {
    let mut all: [Csr; RELATION_COUNT] = Default::default();
    for csr in &mut all {
        *csr = Csr::from_parts(from.u32()?, from.u32s()?, from.u32s()?, nodes)?;
    }
    Some(all)
}

pub(super) fn read(from: &mut Reader<'_>) -> Option<Graph> {
    let (commit, recorded) = (from.u64()?, from.i64()?);
    let nodes = from.items(read_node)?;
    let count = nodes.len();
    let kinds = from.u32s()?;
    let forward = read_csrs(from, count)?;
    let inverse = read_csrs(from, count)?;
    let (hashes, owners) = (from.u64s()?, from.u32s()?);
    let (ids, id_nodes) = (from.hashes()?, from.u32s()?);
    let mut graph = Graph {
        commit,
        recorded,
        nodes,
        kinds,
        forward,
        inverse,
        labels: Labels::new(hashes.into_iter().zip(owners).collect()),
        ids: ids.into_iter().zip(id_nodes).collect(),
        chains: from.items(|from| Some((from.text()?, from.text()?)))?,
        containers: from.items(|from| {
            Some(ContainerPlace {
                id: from.hash()?,
                generation: from.u32()?,
                length: from.u64()?,
                sha256: from.hash()?,
            })
        })?,
        batches: from.items(read_batch)?,
        batch_of_ordinal: HashMap::new(),
        batch_of_node: HashMap::new(),
        deployments: HashMap::new(),
        imports: from
            .items(|from| {
                let node = from.u32()?;
                let number = from.u64()?;
                let recorded = from.i64()?;
                let (revisions, events) = (from.u64()?, from.u64()?);
                let retracted = from.u8()? == 1;
                Some((node, ImportFacts { number, recorded, revisions, events, retracted }))
            })?
            .into_iter()
            .collect(),
        commit_times: from.items(Reader::i64)?,
        blobs: read_blobs(from)?,
        aliases: from.items(|from| Some((from.text()?, from.text()?, from.key()?)))?,
    };
    if !from.is_at_end() || !fits(&graph) {
        return None;
    }
    for (at, batch) in (0_u32..).zip(&graph.batches) {
        graph.batch_of_ordinal.insert(batch.ordinal, at);
        graph.batch_of_node.entry(batch.node).or_default().push(at);
    }
    graph.derive_deployments();
    Some(graph)
}

/// Does every number lead somewhere? A file whose checksum fits is ours, but nothing may panic.
fn fits(graph: &Graph) -> bool {
    let node = |number: u32| (number as usize) < graph.nodes.len();
    let chain = |chain: u16| usize::from(chain) < graph.chains.len();
    graph.kinds.len() == KINDS.len() + 1
        && graph.kinds.is_sorted()
        && graph.kinds.last().is_none_or(|end| *end as usize == graph.nodes.len())
        && graph.nodes.iter().all(|one| {
            one.candidates.iter().all(|candidate| node(*candidate))
                && one.heads.iter().all(|head| chain(head.chain) && head.at.segment > 0)
        })
        && graph.labels.entries().iter().all(|(_, owner)| node(*owner))
        && graph.ids.is_sorted()
        && graph.ids.iter().all(|(_, owner)| node(*owner))
        && graph.imports.keys().all(|import| node(*import))
        && graph.batches.iter().all(|batch| {
            node(batch.node)
                && node(batch.deployment)
                && batch.place.is_none_or(|(at, _)| (at as usize) < graph.containers.len())
        })
}
