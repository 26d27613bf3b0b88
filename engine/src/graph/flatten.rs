//! A graph laid out flat: the one form in which it is read, in memory or from a file.

use super::draft::{Draft, Node};
use super::{Flag, Graph, Labels, batches, key_bytes, unread};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::index::Writer;
use crate::schema::Kind;
use crate::sections::{Sections, Tag};
use crate::segment::Location;
use std::sync::Arc;

/// Bits of a packed place that are the offset: a segment is begun anew after 256 MiB, and the last
/// transaction in it is far below 1 TiB.
const OFFSET_BITS: u32 = 40;

/// A place in one number.
pub(super) fn pack(at: Location) -> u64 {
    assert!(at.segment < 1 << (64 - OFFSET_BITS) && at.offset < 1 << OFFSET_BITS, "{at:?}");
    u64::from(at.segment) << OFFSET_BITS | at.offset
}

pub(super) fn unpack(packed: u64) -> Location {
    let segment = u32::try_from(packed >> OFFSET_BITS).unwrap_or(0);
    Location { segment, offset: packed & ((1 << OFFSET_BITS) - 1) }
}

/// A count of commits, bytes or edges as it stands in the sections.
fn count(what: &str, number: u64) -> Result<u32> {
    let limit = u64::from(u32::MAX);
    let over = || Error::Limit { what: format!("{what} of the graph"), found: number, limit };
    u32::try_from(number).map_err(|_| over())
}

/// Lays a graph out.
///
/// # Errors
/// [`Error::Limit`] if there is more of something than its numbers can count.
pub(super) fn flatten(mut draft: Draft, damage: &Arc<Damage>) -> Result<Graph> {
    let mut sections = Sections::new(Arc::clone(damage));
    put_view(&mut sections, &draft);
    put_nodes(&mut sections, &draft.nodes)?;
    put_heads(&mut sections, &draft)?;
    put_candidates(&mut sections, &draft.nodes)?;
    put_doubts(&mut sections, &draft.nodes)?;
    draft.nodes = Vec::new();
    for (number, (forward, inverse)) in (0_u16..).zip(draft.forward.iter().zip(&draft.inverse)) {
        forward.put(&mut sections, (Tag::ForwardOffsets, Tag::ForwardTargets), number);
        inverse.put(&mut sections, (Tag::InverseOffsets, Tag::InverseTargets), number);
    }
    Labels::put(&mut sections, std::mem::take(&mut draft.labels));
    let ids: Vec<[u8; 32]> = draft.ids.iter().map(|(id, _)| id.0).collect();
    sections.put(Tag::RevisionIds, 0, 0, &ids);
    let owners: Vec<u32> = draft.ids.iter().map(|(_, node)| *node).collect();
    sections.put(Tag::RevisionNodes, 0, 0, &owners);
    draft.blobs.sort_unstable();
    let ids: Vec<[u8; 32]> = draft.blobs.iter().map(|(id, _)| id.0).collect();
    sections.put(Tag::BlobIds, 0, 0, &ids);
    let places: Vec<u64> = draft.blobs.iter().map(|(_, at)| pack(*at)).collect();
    sections.put(Tag::BlobPlaces, 0, 0, &places);
    sections.put(Tag::CommitTimes, 0, 0, &draft.commit_times);
    sections.put(Tag::Batches, 0, 0, &batches::write_batches(&[]));
    sections.put(Tag::Imports, 0, 0, &batches::write_imports(&draft.imports));
    sections.put(Tag::Aliases, 0, 0, &batches::write_aliases(&draft.aliases));
    sections.put(Tag::Unread, 0, 0, &unread::write_unread(&draft.unread));
    let graph = Graph::open(sections).expect("sections that were just made fit one another");
    Ok(graph.with_batches(draft.batches))
}

fn put_view(sections: &mut Sections, draft: &Draft) {
    let mut out = Writer::default();
    out.u64(draft.commit);
    out.i64(draft.recorded);
    out.u64(draft.indexed.bits());
    out.u8(u8::from(draft.states_derived));
    out.u32s(&draft.kinds);
    out.items(&draft.chains, |out, (source, form)| {
        out.bytes(source.as_bytes());
        out.bytes(form.as_bytes());
    });
    batches::write_containers(&mut out, &draft.containers);
    sections.put(Tag::View, 0, 0, &out.into_bytes());
}

fn put_nodes(sections: &mut Sections, nodes: &[Node]) -> Result<()> {
    let ids: Vec<[u8; 32]> = nodes.iter().map(|node| node.id.0).collect();
    sections.put(Tag::NodeIds, 0, 0, &ids);
    let (mut bytes, mut offsets) = (Vec::new(), vec![0_u32]);
    for node in nodes {
        key_bytes::write(&mut bytes, &node.key);
        offsets.push(count("bytes of the keys", bytes.len() as u64)?);
    }
    sections.put(Tag::KeyOffsets, 0, 0, &offsets);
    sections.put(Tag::KeyBytes, 0, 0, &bytes);
    let flags: Vec<u8> = nodes.iter().map(flags).collect();
    sections.put(Tag::Flags, 0, 0, &flags);
    let commits = |of: fn(&Node) -> u64| -> Result<Vec<u32>> {
        nodes.iter().map(|node| count("commits", of(node))).collect()
    };
    sections.put(Tag::FirstCommits, 0, 0, &commits(|node| node.first_commit)?);
    sections.put(Tag::LastCommits, 0, 0, &commits(|node| node.last_commit)?);
    let revisions: Vec<u32> = nodes.iter().map(|node| node.revisions).collect();
    sections.put(Tag::RevisionCounts, 0, 0, &revisions);
    Ok(())
}

fn flags(node: &Node) -> u8 {
    let is_gone = !node.heads.is_empty() && node.heads.iter().all(|head| head.is_gone);
    let all = [
        (Flag::Missing, is_missing(node)),
        (Flag::Deleted, node.deleted),
        (Flag::Gone, is_gone),
        (Flag::Candidates, !node.candidates.is_empty()),
    ];
    all.into_iter().fold(0, |flags, (flag, holds)| flags | if holds { flag as u8 } else { 0 })
}

/// Does nobody describe it? Imports are made here, from commits.
fn is_missing(node: &Node) -> bool {
    node.heads.is_empty() && node.kind != Kind::Import
}

fn put_heads(sections: &mut Sections, draft: &Draft) -> Result<()> {
    let (mut offsets, mut chains) = (vec![0_u32], Vec::new());
    let (mut revisions, mut places) = (Vec::new(), Vec::new());
    for node in &draft.nodes {
        for head in &node.heads {
            chains.push(head.chain);
            let place = draft.id_places.get(head.revision as usize).copied();
            revisions.push(place.unwrap_or(u32::MAX));
            places.push(pack(head.at));
        }
        offsets.push(count("heads", chains.len() as u64)?);
    }
    sections.put(Tag::HeadOffsets, 0, 0, &offsets);
    sections.put(Tag::HeadChains, 0, 0, &chains);
    sections.put(Tag::HeadRevisions, 0, 0, &revisions);
    sections.put(Tag::HeadPlaces, 0, 0, &places);
    Ok(())
}

fn put_candidates(sections: &mut Sections, nodes: &[Node]) -> Result<()> {
    let (mut numbers, mut offsets, mut candidates) = (Vec::new(), vec![0_u32], Vec::new());
    for (at, node) in (0_u32..).zip(nodes).filter(|(_, node)| !node.candidates.is_empty()) {
        numbers.push(at);
        candidates.extend_from_slice(&node.candidates);
        offsets.push(count("candidates", candidates.len() as u64)?);
    }
    sections.put(Tag::CandidateNodes, 0, 0, &numbers);
    sections.put(Tag::CandidateOffsets, 0, 0, &offsets);
    sections.put(Tag::Candidates, 0, 0, &candidates);
    Ok(())
}

/// What answers say of themselves: nodes in doubt, and candidates with what they may be meant by.
/// Both would be found by a look at every node, which a first question should not wait for.
fn put_doubts(sections: &mut Sections, nodes: &[Node]) -> Result<()> {
    let is_doubtful = |node: &Node| is_missing(node) || !node.candidates.is_empty();
    let all = (0_u32..).zip(nodes);
    let doubtful: Vec<u32> =
        all.clone().filter(|(_, node)| is_doubtful(node)).map(|(at, _)| at).collect();
    sections.put(Tag::Doubtful, 0, 0, &doubtful);
    let mut pairs: Vec<(u32, u32)> = all
        .flat_map(|(claim, node)| node.candidates.iter().map(move |fitting| (*fitting, claim)))
        .collect();
    pairs.sort_unstable();
    let (mut numbers, mut offsets, mut claims) = (Vec::new(), vec![0_u32], Vec::new());
    for own in pairs.chunk_by(|a, b| a.0 == b.0) {
        numbers.extend(own.first().map(|(fitting, _)| *fitting));
        claims.extend(own.iter().map(|(_, claim)| *claim));
        offsets.push(count("open claims", claims.len() as u64)?);
    }
    sections.put(Tag::ClaimedNodes, 0, 0, &numbers);
    sections.put(Tag::ClaimOffsets, 0, 0, &offsets);
    sections.put(Tag::OpenClaims, 0, 0, &claims);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_unpacked_as_it_was_packed() {
        for (segment, offset) in [(1, 64), ((1 << 24) - 1, (1 << 40) - 1), (7, 0)] {
            let at = Location { segment, offset };
            assert_eq!(unpack(pack(at)), at);
        }
    }
}
