//! A generation that is small beside the one it rests on: its base holds a whole graph, its tail what
//! is not as it is there.
//!
//! Numbers of nodes are in the order of kind and key, so what comes new moves only those behind it,
//! and kinds stand so that what comes daily (deployments, batches, imports, the trail) comes last.
//! Up to the first node that differs, lists of nodes are the base's; the tail holds the rest of them,
//! look-ups for these nodes in lists of their own, and each other section that differs, whole. What
//! a tail is read as is the graph that a rebuild makes, number by number.

use super::{ColumnDraft, Graph, Labels, NodeNo, revision_ids};
use crate::error::Result;
use crate::head::{Head, LENGTH as HEAD_LENGTH};
use crate::index::{Reader, Writer};
use crate::ledger::pack;
use crate::mapping::Word;
use crate::schema::Kind;
use crate::sections::{Section, Sections, Tag};

/// The whole generation behind which a tail stands.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) head: Head,
    /// Bytes of its file.
    pub(crate) length: u64,
    pub(crate) sections: Sections,
}

/// What a generation is over its base.
pub(crate) struct Tail {
    pub(crate) base: Base,
    /// Nodes from here on are the tail's.
    pub(crate) split: NodeNo,
    /// Bytes of the tails that were written behind the base before.
    pub(crate) before: u64,
    /// The sections of the tail alone.
    pub(crate) own: Sections,
}

/// What a tail says of itself and its base.
pub(crate) struct Place {
    pub(super) split: NodeNo,
    pub(super) base_nodes: usize,
    before: u64,
    base_length: u64,
    /// What `head` was for the base.
    pub(crate) base: Head,
}

impl Place {
    /// Of a tail's sections; none if these are a whole graph's.
    pub(crate) fn of(sections: &Sections) -> Option<Place> {
        Place::read(sections.get(Tag::Base, 0).all()?)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Place> {
        let mut from = Reader::over(bytes);
        let (split, base_nodes) = (from.u32()?, from.u32()? as usize);
        let (before, base_length) = (from.u64()?, from.u64()?);
        let base = Head::from_bytes(from.bytes().filter(|head| head.len() == HEAD_LENGTH)?).ok()?;
        let place = Place { split, base_nodes, before, base_length, base };
        from.is_at_end().then_some(place)
    }

    fn put(&self, own: &mut Sections) {
        let mut out = Writer::default();
        out.u32(self.split);
        out.u32(u32::try_from(self.base_nodes).unwrap_or(u32::MAX));
        out.u64(self.before);
        out.u64(self.base_length);
        out.bytes(&self.base.to_bytes());
        own.put(Tag::Base, 0, 0, &out.into_bytes());
    }
}

/// Is it a section of a column of a kind?
pub(super) fn is_of_column(tag: Tag, number: u16, kinds: &[Kind]) -> bool {
    (Tag::Present..=Tag::TextBytes).contains(&tag)
        && kinds.iter().any(|kind| *kind as u16 == number >> 8)
}

/// Sections that a tail makes by itself.
fn is_of_nodes(tag: Tag) -> bool {
    let look_ups = [Tag::LabelHashes, Tag::LabelNodes, Tag::RevisionIds, Tag::RevisionNodes];
    Sections::goes_on(tag) || look_ups.contains(&tag)
}

impl Base {
    /// The whole graph that it is; none if its sections do not fit one another.
    pub(crate) fn graph(&self) -> Option<Graph> {
        Graph::open(self.sections.clone())
    }
}

impl Graph {
    /// A graph over a base and the sections of its tail; none if they are not of one another.
    pub(crate) fn over(base: Base, own: Sections) -> Option<Graph> {
        let place = Place::of(&own)?;
        let nodes = base.sections.get::<[u8; 32]>(Tag::NodeIds, 0).len();
        let fits = (place.base, place.base_length, place.base_nodes)
            == (base.head, base.length, nodes)
            && !base.sections.holds(Tag::Base, 0);
        let graph = fits.then(|| Graph::open(base.sections.with_tail(&own)))??;
        let Place { split, before, .. } = place;
        Some(Graph { tail: Some(Box::new(Tail { base, split, before, own })), ..graph })
    }

    /// What it is over its base; none for a whole graph.
    pub(crate) fn tail(&self) -> Option<&Tail> {
        self.tail.as_deref()
    }

    /// It as a base, where it is whole and stands in a file; the base of its tail else.
    pub(crate) fn as_base(&self, head: &Head, length: u64) -> Base {
        let own = || Base { head: *head, length, sections: self.sections.clone() };
        self.tail().map_or_else(own, |tail| tail.base.clone())
    }

    /// The sections of its tail, with columns of kinds that had none; none for a whole graph.
    ///
    /// # Errors
    /// What the medium said when columns were laid aside.
    pub(crate) fn own(&self, columns: Vec<ColumnDraft>) -> Result<Option<Sections>> {
        let Some(tail) = self.tail() else { return Ok(None) };
        let mut own = tail.own.clone();
        columns.into_iter().try_for_each(|column| column.put(&mut own))?;
        Ok(Some(own))
    }

    /// The first node of which something is not as it is in another whole graph of the same log; the
    /// count of nodes where all are alike.
    pub(crate) fn first_other(&self, base: &Graph) -> NodeNo {
        let (own, other) = (&self.head_offsets, &base.head_offsets);
        let head = alike(&self.head_chains, &base.head_chains)
            .min(alike(&self.head_places, &base.head_places));
        let holder = own.all().unwrap_or_default().partition_point(|at| *at as usize <= head);
        let all = [
            alike(&self.ids, &base.ids),
            alike(&self.flags, &base.flags),
            alike(&self.first_commits, &base.first_commits),
            alike(&self.last_commits, &base.last_commits),
            alike(&self.revision_counts, &base.revision_counts),
            // Where a node's heads end, those of the next begin.
            alike(own, other).saturating_sub(1),
            holder.saturating_sub(1),
        ];
        let first = all.into_iter().min().unwrap_or(0);
        NodeNo::try_from(first).unwrap_or(0)
    }

    /// The sections of a tail that together with a base is this whole graph, which differs from it
    /// from a node on; with columns of the kinds of which they were made, others being the base's.
    /// None where a tail cannot say it.
    ///
    /// # Errors
    /// The damage of a file that something was read from.
    pub(crate) fn tail_over(
        &self,
        (base, before): (&Base, u64),
        split: NodeNo,
        made: &[Kind],
        columns: Vec<ColumnDraft>,
    ) -> Result<Option<Sections>> {
        let Some(graph) = base.graph() else { return Ok(None) };
        let is_before = |(_, node): &(u64, NodeNo)| *node < split;
        let labels = graph.labels.all().filter(is_before);
        let is_same = self.revision_ids.before(split).eq(graph.revision_ids.before(split))
            && self.labels.all().filter(is_before).eq(labels);
        if !is_same {
            return Ok(None);
        }
        let stays = |tag, number| {
            let is_column = (Tag::Present..=Tag::TextBytes).contains(&tag);
            is_of_nodes(tag) || (is_column && !is_of_column(tag, number, made))
        };
        let mut own = self.whole(columns)?.other_than(&base.sections, stays);
        let count = NodeNo::try_from(self.count).unwrap_or(NodeNo::MAX);
        let draft = TailDraft {
            split,
            before,
            nodes: (split..count).map(|node| TailNode::of(self, node)).collect(),
            labels: self.labels.all().filter(|(_, node)| *node >= split).collect(),
            revisions: self.revision_ids.from(split).map(|(id, node)| (*id, node)).collect(),
        };
        let put = draft.put(&mut own, base, &graph);
        self.damage().found().map_or(Ok(put.map(|()| own)), Err)
    }
}

/// How many numbers two lists have alike from their beginnings on.
fn alike<T: Word + PartialEq>(one: &Section<T>, other: &Section<T>) -> usize {
    let (one, other) = (one.all().unwrap_or_default(), other.all().unwrap_or_default());
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    differs.unwrap_or(one.len().min(other.len()))
}

/// A node of a tail.
pub(super) struct TailNode {
    pub(super) id: [u8; 32],
    pub(super) key: Vec<u8>,
    pub(super) flags: u8,
    pub(super) first_commit: u32,
    pub(super) last_commit: u32,
    pub(super) revisions: u32,
    /// Chain, place, and id of each.
    pub(super) heads: Vec<(u16, u64, [u8; 32])>,
}

impl TailNode {
    /// As a graph has it.
    pub(super) fn of(graph: &Graph, node: NodeNo) -> TailNode {
        let at = node as usize;
        let heads = graph.heads(node).map(|head| (head.chain, pack(head.at), graph.id_of(&head).0));
        TailNode {
            id: graph.node_id(node).0,
            key: graph.key_bytes(node).to_vec(),
            flags: graph.flags.get(at).unwrap_or(0),
            first_commit: graph.first_commits.get(at).unwrap_or(0),
            last_commit: graph.last_commits.get(at).unwrap_or(0),
            revisions: graph.revisions(node),
            heads: heads.collect(),
        }
    }
}

/// The lists of a tail's nodes while it is made.
pub(super) struct TailDraft {
    pub(super) split: NodeNo,
    /// Bytes of the tails that were written behind the base before.
    pub(super) before: u64,
    /// From the split on.
    pub(super) nodes: Vec<TailNode>,
    /// Of these, ascending.
    pub(super) labels: Vec<(u64, NodeNo)>,
    /// Of all revisions of these, ascending.
    pub(super) revisions: Vec<([u8; 32], NodeNo)>,
}

impl TailDraft {
    /// Adds the lists to a tail's sections; none if they would be too long, or do not fit the base.
    pub(super) fn put(self, own: &mut Sections, base: &Base, graph: &Graph) -> Option<()> {
        let TailDraft { split, before, nodes, labels, revisions } = self;
        let from = u64::from(split);
        own.put_all(Tag::NodeIds, 0, from, nodes.iter().map(|node| node.id).collect());
        own.put_all(Tag::Flags, 0, from, nodes.iter().map(|node| node.flags).collect());
        let numbers = |what: fn(&TailNode) -> u32| -> Vec<u32> { nodes.iter().map(what).collect() };
        own.put_all(Tag::FirstCommits, 0, from, numbers(|node| node.first_commit));
        own.put_all(Tag::LastCommits, 0, from, numbers(|node| node.last_commit));
        own.put_all(Tag::RevisionCounts, 0, from, numbers(|node| node.revisions));

        let key_at = graph.key_offsets.get(split as usize)?;
        let lengths = nodes.iter().map(|node| node.key.len());
        own.put_all(Tag::KeyOffsets, 0, from, offsets(key_at, lengths)?);
        let keys: Vec<u8> = nodes.iter().flat_map(|node| node.key.iter().copied()).collect();
        own.put_all(Tag::KeyBytes, 0, key_at.into(), keys);

        let head_at = graph.head_offsets.get(split as usize)?;
        let lengths = nodes.iter().map(|node| node.heads.len());
        own.put_all(Tag::HeadOffsets, 0, from, offsets(head_at, lengths)?);
        let heads = || nodes.iter().flat_map(|node| node.heads.iter());
        let first = graph.revision_ids.len();
        let place = |id: &[u8; 32]| {
            let at = revisions.partition_point(|(other, _)| other < id);
            let is_there = revisions.get(at).is_some_and(|(other, _)| other == id);
            is_there.then(|| u32::try_from(first + at).ok())?
        };
        let from = u64::from(head_at);
        own.put_all(Tag::HeadChains, 0, from, heads().map(|(chain, ..)| *chain).collect());
        own.put_all(Tag::HeadPlaces, 0, from, heads().map(|(_, place, _)| *place).collect());
        let places: Option<Vec<u32>> = heads().map(|(.., id)| place(id)).collect();
        own.put_all(Tag::HeadRevisions, 0, from, places?);

        Labels::put_tail(own, labels);
        let (ids, owners) = revisions.into_iter().unzip();
        own.put_all::<[u8; 32]>(Tag::RevisionIds, revision_ids::TAIL, 0, ids);
        own.put_all::<NodeNo>(Tag::RevisionNodes, revision_ids::TAIL, 0, owners);
        let (base_nodes, base_length) = (graph.count, base.length);
        Place { split, base_nodes, before, base_length, base: base.head }.put(own);
        Some(())
    }
}

/// Where each item begins, and the last ends; none if that is more than offsets can say.
fn offsets(from: u32, lengths: impl Iterator<Item = usize>) -> Option<Vec<u32>> {
    let mut all = vec![from];
    let mut end = from;
    for length in lengths {
        end = end.checked_add(u32::try_from(length).ok()?)?;
        all.push(end);
    }
    Some(all)
}
