//! A graph laid out flat: the one form in which it is read, in memory or from a file.

use super::build::{Beside, Built, blobs};
use super::csr::Rows;
use super::described::{Raw, RawHead};
use super::{ContainerPlace, Flag, NodeNo, batches, unread};
use crate::error::{Error, Result};
use crate::index::Writer;
use crate::ledger::{Ledger, pack};
use crate::schema::Kind;
use crate::sections::{Sections, Tag};

/// A count of commits, bytes or edges as it stands in the sections.
fn count(what: &str, number: u64) -> Result<u32> {
    let limit = u64::from(u32::MAX);
    let over = || Error::Limit { what: format!("{what} of the graph"), found: number, limit };
    u32::try_from(number).map_err(|_| over())
}

/// What the first section of a graph says.
pub(super) struct ViewFacts<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) upto: u64,
    pub(super) states_derived: bool,
    pub(super) has_unshown: bool,
    pub(super) kinds: &'a [u32],
    pub(super) containers: &'a [ContainerPlace],
}

/// The bytes of the first section.
pub(super) fn view(facts: &ViewFacts<'_>) -> Vec<u8> {
    let ViewFacts { ledger, upto, states_derived, has_unshown, kinds, containers } = *facts;
    let mut out = Writer::default();
    out.u64(upto);
    out.i64(ledger.commit_entry(upto).map_or(0, |entry| entry.recorded));
    out.u64(ledger.indexed(upto).bits());
    out.u8(u8::from(states_derived));
    out.u8(u8::from(has_unshown));
    let restricted: Vec<_> = ledger.restricted_values().into_iter().collect();
    out.items(&restricted, Writer::hash);
    let erased: Vec<_> = ledger.erased_values_of().into_iter().collect();
    out.items(&erased, |out, (kind, values)| {
        out.u8(*kind as u8);
        out.u64(*values);
    });
    out.u32s(kinds);
    out.items(&ledger.chains, |out, (source, form)| {
        out.bytes(source.as_bytes());
        out.bytes(form.as_bytes());
    });
    batches::write_containers(&mut out, containers);
    out.into_bytes()
}

/// Puts what a graph holds beside nodes, edges and look-ups.
pub(super) fn put_beside(sections: &mut Sections, built: &Built<'_>, beside: &Beside) {
    let (ledger, upto) = (built.ledger, built.upto);
    let states_derived = built.described.states_derived;
    let (kinds, containers) = (&built.order.kinds, &beside.containers);
    let has_unshown = beside.has_unshown;
    let facts = ViewFacts { ledger, upto, states_derived, has_unshown, kinds, containers };
    sections.put(Tag::View, 0, 0, &view(&facts));
    let blobs = blobs(ledger);
    sections.put_all(Tag::BlobIds, 0, 0, blobs.iter().map(|(id, _)| id.0).collect());
    sections.put_all(Tag::BlobPlaces, 0, 0, blobs.iter().map(|(_, at)| pack(*at)).collect());
    let times = ledger.commits.iter().map(|entry| entry.recorded);
    sections.put_all(Tag::CommitTimes, 0, 0, times.collect());
    sections.put(Tag::Batches, 0, 0, &batches::write_batches(&[]));
    sections.put(Tag::Imports, 0, 0, &batches::write_imports(&beside.imports));
    let aliases = built.aliases.iter();
    let mut aliases: Vec<_> =
        aliases.map(|(kind, name, key)| (kind.to_owned(), name.to_owned(), key.clone())).collect();
    aliases.sort();
    sections.put(Tag::Aliases, 0, 0, &batches::write_aliases(&aliases));
    sections.put(Tag::Unread, 0, 0, &unread::write_unread(&beside.unread));
}

/// Puts the edges of a relation, in both directions.
pub(super) fn put_adjacency(
    sections: &mut Sections,
    relation: u16,
    mut pairs: Vec<(NodeNo, NodeNo)>,
) {
    let forward = Rows::new(&mut pairs);
    forward.put(sections, (Tag::ForwardOffsets, Tag::ForwardTargets), relation);
    for (from, to) in &mut pairs {
        std::mem::swap(from, to);
    }
    let inverse = Rows::new(&mut pairs);
    inverse.put(sections, (Tag::InverseOffsets, Tag::InverseTargets), relation);
}

/// Puts what is known of each node; `places` says where the id of each revision of the ledger
/// stands.
pub(super) fn put_nodes(sections: &mut Sections, built: &Built<'_>, places: &[u32]) -> Result<()> {
    let (named, order) = (built.order.named, &built.order.nodes);
    let (mut ids, mut bytes, mut offsets) = (sections.list(), sections.list(), sections.list());
    offsets.push(0_u32);
    for number in order {
        ids.push(named.id(*number).0);
        bytes.extend(named.key_bytes(*number));
        offsets.push(count("bytes of the keys", bytes.len() as u64)?);
    }
    sections.put_list(Tag::NodeIds, 0, 0, ids)?;
    sections.put_list(Tag::KeyOffsets, 0, 0, offsets)?;
    sections.put_list(Tag::KeyBytes, 0, 0, bytes)?;
    let nodes = Nodes::new(built);
    sections.put_all(Tag::Flags, 0, 0, order.iter().map(|number| nodes.flags(*number)).collect());
    let of_raw = |what: fn(&Raw) -> u32| -> Vec<u32> {
        order.iter().map(|number| nodes.raw(*number).as_ref().map_or(0, what)).collect()
    };
    let mut first_commits = of_raw(|raw| raw.first_commit);
    // Of an import its number is its first commit.
    for node in built.order.nodes_of(Kind::Import) {
        if let Some(lineal_proof::KeyPart::Int(number)) = built.order.key(node).0.first() {
            first_commits[node as usize] = count("commits", number.cast_unsigned())?;
        }
    }
    sections.put_all(Tag::FirstCommits, 0, 0, first_commits);
    sections.put_all(Tag::LastCommits, 0, 0, of_raw(|raw| raw.last_commit));
    sections.put_all(Tag::RevisionCounts, 0, 0, of_raw(|raw| raw.revisions));
    put_heads(sections, &nodes, places)?;
    put_doubts(sections, &nodes)
}

/// The nodes of a graph with what is known of each.
struct Nodes<'a> {
    built: &'a Built<'a>,
    /// By the number while the graph is built: its place among what is described, from 1.
    places: Vec<u32>,
}

impl<'a> Nodes<'a> {
    fn new(built: &'a Built<'a>) -> Nodes<'a> {
        let mut places = vec![0; built.order.named.len()];
        for (at, raw) in (1_u32..).zip(built.described.nodes()) {
            places[raw.entry as usize] = at;
        }
        Nodes { built, places }
    }

    fn place(&self, number: u32) -> Option<usize> {
        (self.places[number as usize] as usize).checked_sub(1)
    }

    fn raw(&self, number: u32) -> Option<Raw> {
        self.place(number).map(|at| self.built.described.node(at))
    }

    fn heads(&self, number: u32) -> impl Iterator<Item = RawHead> {
        self.place(number).into_iter().flat_map(|at| self.built.described.heads_of(at))
    }

    /// Does nobody describe it? Imports are made here, from commits.
    fn is_missing(&self, number: u32) -> bool {
        self.place(number).is_none() && self.built.order.named.kind(number) != Kind::Import
    }

    fn has_candidates(&self, number: u32) -> bool {
        self.built.candidates.contains_key(&number)
    }

    fn flags(&self, number: u32) -> u8 {
        let mut heads = self.heads(number).peekable();
        let is_gone = heads.peek().is_some() && heads.all(|head| head.is_gone);
        let all = [
            (Flag::Missing, self.is_missing(number)),
            (Flag::Deleted, self.raw(number).is_some_and(|raw| raw.deleted)),
            (Flag::Gone, is_gone),
            (Flag::Candidates, self.has_candidates(number)),
        ];
        all.into_iter().fold(0, |flags, (flag, holds)| flags | if holds { flag as u8 } else { 0 })
    }
}

fn put_heads(sections: &mut Sections, nodes: &Nodes<'_>, ids: &[u32]) -> Result<()> {
    let built = nodes.built;
    let (mut offsets, mut chains) = (sections.list(), sections.list());
    let (mut revisions, mut places) = (sections.list(), sections.list());
    offsets.push(0_u32);
    for number in &built.order.nodes {
        for head in nodes.heads(*number) {
            let revision = head.revision as usize;
            chains.push(head.chain);
            revisions.push(ids.get(revision).copied().unwrap_or(u32::MAX));
            places.push(built.ledger.revisions.packed_place(head.revision));
        }
        offsets.push(count("heads", chains.len() as u64)?);
    }
    sections.put_list(Tag::HeadOffsets, 0, 0, offsets)?;
    sections.put_list(Tag::HeadChains, 0, 0, chains)?;
    sections.put_list(Tag::HeadRevisions, 0, 0, revisions)?;
    sections.put_list(Tag::HeadPlaces, 0, 0, places)
}

/// What answers say of themselves: nodes in doubt, and candidates with what they may be meant by.
/// Both would be found by a look at every node, which a first question should not wait for.
fn put_doubts(sections: &mut Sections, nodes: &Nodes<'_>) -> Result<()> {
    let order = &nodes.built.order;
    let is_doubtful = |number: &u32| nodes.is_missing(*number) || nodes.has_candidates(*number);
    let doubtful = (0_u32..).zip(&order.nodes).filter(|(_, number)| is_doubtful(number));
    sections.put_all(Tag::Doubtful, 0, 0, doubtful.map(|(at, _)| at).collect());
    let mut claims: Vec<(NodeNo, Vec<NodeNo>)> = Vec::new();
    for (claim, fitting) in &nodes.built.candidates {
        let mut fitting: Vec<NodeNo> =
            fitting.iter().filter_map(|number| order.of_entry(*number)).collect();
        fitting.sort_unstable();
        fitting.dedup();
        claims.extend(order.of_entry(*claim).map(|claim| (claim, fitting)));
    }
    claims.sort_unstable();
    let (mut numbers, mut offsets, mut candidates) = (Vec::new(), vec![0_u32], Vec::new());
    let mut pairs: Vec<(NodeNo, NodeNo)> = Vec::new();
    for (claim, fitting) in claims {
        numbers.push(claim);
        pairs.extend(fitting.iter().map(|fitting| (*fitting, claim)));
        candidates.extend(fitting);
        offsets.push(count("candidates", candidates.len() as u64)?);
    }
    sections.put_all(Tag::CandidateNodes, 0, 0, numbers);
    sections.put_all(Tag::CandidateOffsets, 0, 0, offsets);
    sections.put_all(Tag::Candidates, 0, 0, candidates);
    pairs.sort_unstable();
    let (mut numbers, mut offsets, mut claims) = (Vec::new(), vec![0_u32], Vec::new());
    for own in pairs.chunk_by(|a, b| a.0 == b.0) {
        numbers.extend(own.first().map(|(fitting, _)| *fitting));
        claims.extend(own.iter().map(|(_, claim)| *claim));
        offsets.push(count("open claims", claims.len() as u64)?);
    }
    sections.put_all(Tag::ClaimedNodes, 0, 0, numbers);
    sections.put_all(Tag::ClaimOffsets, 0, 0, offsets);
    sections.put_all(Tag::OpenClaims, 0, 0, claims);
    Ok(())
}
