//! A graph behind which only the trail went on: nothing leads to a use of the store or from it, and
//! its kind stands last, so all else is as it was and is not looked at.
//!
//! A commit of the trail costs what it holds, whatever the store's size, for the writer and for a
//! reader that finds a generation a few such commits behind `head`.

use super::described::{ReadNode, read};
use super::flatten::{ViewFacts, view};
use super::tail::{TailDraft, TailNode};
use super::{Flag, Former, Graph, NodeNo};
use crate::error::Result;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::schema::{KINDS, Kind};
use crate::sections::{Sections, Tag};
use rayon::prelude::*;

const _: () = assert!(matches!(KINDS[KINDS.len() - 1], Kind::Access), "no kind stands behind it");

/// The graph of everything committed, over the generation before; none where something came that is
/// no use of the store.
///
/// # Errors
/// [`crate::Error::Corrupt`] if a record cannot be read.
pub(crate) fn follow(
    former: &Former,
    ledger: &Ledger,
    segments: &[Bytes],
    upto: u64,
) -> Result<Option<Graph>> {
    let Some(touched) = touched(former.graph(), ledger, upto) else { return Ok(None) };
    let rank = ledger.rank(upto);
    let read_one = |number: &u32| read(ledger, segments, *number, upto, &rank);
    let new: Option<Vec<ReadNode>> = touched.par_iter().map(read_one).collect::<Result<_>>()?;
    let new = new.filter(|new| new.iter().all(|node| node.edges.is_empty()));
    Ok(new.and_then(|new| laid_out(former, ledger, new, upto)))
}

/// The uses of which something was said since, by their numbers in the ledger; none if anything else
/// may have changed.
fn touched(graph: &Graph, ledger: &Ledger, upto: u64) -> Option<Vec<u32>> {
    let since = graph.commit;
    let is_later = |commit: &u64| *commit > since;
    let is_other = ledger.retractions.iter().any(|(_, commit, _)| is_later(commit))
        || ledger.references.iter().any(|(commit, _)| is_later(commit))
        || ledger.settings.iter().any(|(commit, _)| is_later(commit))
        || ledger.sources.iter().any(|(commit, _)| is_later(commit))
        || ledger.manifests.iter().any(|(commit, _)| is_later(commit))
        || ledger.erasures.iter().any(|(commit, _)| is_later(commit))
        || ledger.snapshots.iter().any(|snapshot| is_later(&snapshot.commit))
        || ledger.seen_rows.iter().any(|seen| is_later(&seen.commit))
        || ledger.blobs.len() != graph.blob_ids.len()
        // What goes on with an import that was there says more of it.
        || (since + 1..=upto).any(|commit| ledger.import_of(commit) <= since);
    if is_other || upto != ledger.commit() {
        return None;
    }
    let said = |revision: &u32| ledger.said(*revision).any(|(commit, _)| is_later(&commit));
    let revisions = ledger.revisions.numbers().filter(said);
    let mut touched: Vec<u32> = revisions.map(|at| ledger.revisions.node(at)).collect();
    touched.sort_unstable();
    touched.dedup();
    let is_use = |number: &u32| ledger.nodes.kind(*number) == Kind::Access;
    touched.iter().all(is_use).then_some(touched)
}

/// A use that is new or of which something was said, and the node of the former graph before which
/// it stands, or which it is.
struct New {
    at: NodeNo,
    is_there: bool,
    read: ReadNode,
}

/// What a node of the tail was.
enum Was<'a> {
    There(NodeNo),
    New(&'a New),
}

fn laid_out(former: &Former, ledger: &Ledger, new: Vec<ReadNode>, upto: u64) -> Option<Graph> {
    let graph = former.graph();
    let uses = graph.nodes_of(Kind::Access);
    let place = |read: ReadNode| {
        let key = ledger.nodes.key(read.raw.entry);
        let at = graph.first_from(Kind::Access, &key);
        let is_there = at < uses.end && graph.key(at) == key;
        (key, New { at, is_there, read })
    };
    let mut new: Vec<_> = new.into_iter().map(place).collect();
    new.sort_by(|(one, _), (other, _)| one.cmp(other));
    let new: Vec<New> = new.into_iter().map(|(_, new)| new).collect();
    let first = new.first().map_or(uses.end, |new| new.at);
    let split = graph.tail().map_or(uses.end, |tail| tail.split).min(first);

    let mut order: Vec<Was<'_>> = Vec::with_capacity((uses.end - split) as usize + new.len());
    let mut rest = new.iter().peekable();
    for old in split..=uses.end {
        let mut is_replaced = false;
        while let Some(one) = rest.next_if(|one| one.at <= old) {
            is_replaced |= one.is_there;
            order.push(Was::New(one));
        }
        if !is_replaced && old < uses.end {
            order.push(Was::There(old));
        }
    }
    let mut here = vec![None; (uses.end - split) as usize];
    let mut draft = Lists::default();
    for (node, was) in (split..).zip(&order) {
        match was {
            Was::There(old) => {
                here[(old - split) as usize] = Some(node);
                draft.nodes.push(TailNode::of(graph, *old));
            }
            Was::New(new) => draft.add(node, &new.read, ledger, upto),
        }
    }
    let here = |old: NodeNo| *here.get(old.checked_sub(split)? as usize)?;
    draft.labels.extend(graph.labels.all().filter_map(|(hash, old)| Some((hash, here(old)?))));
    let old = graph.revision_ids.from(split).filter_map(|(id, old)| Some((*id, here(old)?)));
    draft.revisions.extend(old);
    draft.labels.sort_unstable();
    draft.revisions.sort_unstable();
    let Lists { nodes, labels, revisions } = draft;
    let count = split.checked_add(u32::try_from(nodes.len()).ok()?)?;

    let base = former.base();
    let mut own = match graph.tail() {
        Some(tail) => tail.own.clone(),
        None => Sections::new(graph.damage().clone()),
    };
    let before = former.tail_bytes();
    TailDraft { split, before, nodes, labels, revisions }.put(&mut own, &base, &base.graph()?)?;
    let mut kinds = graph.kinds.clone();
    *kinds.last_mut()? = count;
    let facts = ViewFacts {
        ledger,
        upto,
        states_derived: graph.states_derived,
        has_unshown: graph.has_unshown,
        kinds: &kinds,
        containers: &graph.containers,
    };
    own.put(Tag::View, 0, 0, &view(&facts));
    let times = ledger.commits.iter().map(|entry| entry.recorded);
    own.put_all(Tag::CommitTimes, 0, 0, times.collect());
    // Columns of the uses are made when the generation is written.
    for (tag, number) in graph.sections.each() {
        if super::tail::is_of_column(tag, number, &[Kind::Access]) {
            own.put::<u8>(tag, number, 0, &[]);
        }
    }
    Graph::over(base, own)
}

/// What the new nodes of a tail are, and what they are found by.
#[derive(Default)]
struct Lists {
    nodes: Vec<TailNode>,
    labels: Vec<(u64, NodeNo)>,
    revisions: Vec<([u8; 32], NodeNo)>,
}

impl Lists {
    fn add(&mut self, node: NodeNo, read: &ReadNode, ledger: &Ledger, upto: u64) {
        let (raw, all) = (&read.raw, &ledger.revisions);
        let is_gone = read.heads.iter().all(|head| head.is_gone);
        let flag = |flag: Flag, holds: bool| if holds { flag as u8 } else { 0 };
        let head = |revision: u32| (all.packed_place(revision), all.id(revision).0);
        let heads = read.heads.iter().map(|one| {
            let (place, id) = head(one.revision);
            (one.chain, place, id)
        });
        self.nodes.push(TailNode {
            id: ledger.nodes.id(raw.entry).0,
            key: ledger.nodes.key_bytes(raw.entry).to_vec(),
            flags: flag(Flag::Deleted, raw.deleted) | flag(Flag::Gone, is_gone),
            first_commit: raw.first_commit,
            last_commit: raw.last_commit,
            revisions: raw.revisions,
            heads: heads.collect(),
        });
        self.labels.extend(read.labels.iter().map(|label| (*label, node)));
        let own = ledger.revisions_of(raw.entry).filter(|at| all.commit(*at) <= upto);
        self.revisions.extend(own.map(|at| (all.id(at).0, node)));
    }
}
