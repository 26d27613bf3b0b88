//! Building the graph of a view: what is described, claims, numbers, sections.
//!
//! A store is read in pieces and each piece is laid beside those before it, keys stay where the
//! ledger has them, and what is laid out goes: so a graph of any size is built in a few hundred
//! bytes a node (`import/examples/mlflow_import.rs`).

use super::derived::{batches, brought, followers, import_facts};
use super::described::{Described, looked_up};
use super::flatten::{self, put_adjacency};
use super::former::{Former, Known};
use super::label_lists::LabelLists;
use super::named::{Named, Number};
use super::order::Order;
use super::resolve::{Candidates, resolve};
use super::unread::unread;
use super::{Batch, ContainerPlace, Graph, ImportFacts, NodeNo};
use crate::claims::Aliases;
use crate::damage::Damage;
use crate::error::Result;
use crate::ledger::Ledger;
use crate::mapping::Bytes;
use crate::schema::{Kind, RELATION_COUNT, Relation};
use crate::sections::{Sections, Shelf, Tag};
use lineal_proof::record::node_id;
use lineal_proof::{Hash, Key, KeyPart, Map};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Revisions whose ids are put in order at once: 32 MiB.
const ORDERED_AT_ONCE: usize = 2 << 20;

/// Builds the graph of everything committed up to a commit. What a former generation of the same
/// history tells need not be read again; the graph is the same with one and without.
pub(crate) fn build(
    ledger: &Ledger,
    segments: &[Bytes],
    upto: u64,
    former: Option<&Former>,
    (shelf, damage): (&Shelf, &Arc<Damage>),
) -> Result<Graph> {
    let known = former.and_then(|former| Known::new(former, ledger, upto));
    let mut named = Named::new(ledger);
    let mut described =
        Described::read(&mut named, (ledger, segments), upto, known.as_ref(), shelf)?;
    let aliases = Aliases::new(ledger.references(upto));
    let mut candidates = resolve(&named, &mut described, &aliases)?;
    if let Some(known) = &known {
        known.take_over(&mut named, &mut described, &mut candidates)?;
    }
    let imports = import_facts(ledger, upto);
    let import = |number: &u64| {
        let key = Key::new(vec![KeyPart::Int(i64::try_from(*number).unwrap_or(i64::MAX))]);
        named.find_or_add(node_id(Kind::Import.name(), &key), Kind::Import, || key)
    };
    let import_nodes: Vec<Number> = imports.keys().map(import).collect();
    let order = Order::new(&named, &described, import_nodes.into_iter());
    let built = Built { ledger, order, described, candidates, aliases, imports, upto };
    let graph = built.lay_out(known.as_ref(), Sections::on(shelf.clone(), Arc::clone(damage)))?;
    if former.is_some_and(|former| !former.is_sound()) {
        return build(ledger, segments, upto, None, (shelf, damage));
    }
    Ok(graph)
}

/// A graph whose nodes have their final numbers.
pub(super) struct Built<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) order: Order<'a>,
    pub(super) described: Described,
    pub(super) candidates: Candidates,
    pub(super) aliases: Aliases,
    imports: BTreeMap<u64, ImportFacts>,
    pub(super) upto: u64,
}

/// What a graph holds beside its nodes.
pub(super) struct Beside {
    pub(super) containers: Vec<ContainerPlace>,
    pub(super) imports: BTreeMap<NodeNo, ImportFacts>,
    pub(super) unread: Vec<super::UnreadLog>,
    /// Are rows of a batch erased?
    pub(super) has_unshown: bool,
}

impl Built<'_> {
    fn lay_out(mut self, known: Option<&Known<'_>>, mut sections: Sections) -> Result<Graph> {
        // The longest lists first: what is laid out goes.
        self.put_labels(&mut sections, known)?;
        let (batches, containers) = batches(self.ledger, &self.order, self.upto);
        self.put_links(&mut sections, &batches);
        let places = self.put_revisions(&mut sections)?;
        flatten::put_nodes(&mut sections, &self, &places)?;
        drop(places);
        let numbers = self.order.nodes_of(Kind::Import);
        let imports = numbers.zip(std::mem::take(&mut self.imports).into_values()).collect();
        let unread = unread(self.ledger, &by_number(&imports), self.upto);
        let hides = |batch: &Batch| !batch.erased.is_empty() || !batch.restricted.is_empty();
        let has_unshown = batches.iter().any(hides);
        let beside = Beside { containers, imports, unread, has_unshown };
        flatten::put_beside(&mut sections, &self, &beside);
        let graph = Graph::open(sections).expect("sections that were just made fit one another");
        Ok(graph.with_batches(batches))
    }

    /// What nodes are looked up by, ascending.
    fn put_labels(&mut self, sections: &mut Sections, known: Option<&Known<'_>>) -> Result<()> {
        let order = &self.order;
        let labels =
            std::mem::replace(&mut self.described.labels, LabelLists::new(&Shelf::default()));
        // Nobody describes these: they have what their key says.
        let nodes = (0_u32..).zip(&order.nodes);
        let missing = nodes.filter(|(_, number)| !self.described.holds(**number));
        let of_missing = missing.flat_map(|(node, number)| {
            let (kind, id) = (order.named.kind(*number), order.named.id(*number));
            let key = order.key(node);
            let all: Vec<u64> = looked_up(kind, &id, &key, &Map::new()).collect();
            all.into_iter().map(move |label| (label, node))
        });
        let ordered = labels.ordered(&order.renamed, of_missing)?;
        match known {
            Some(known) => ordered.put(sections, known.labels(&self.described, &order.renamed)),
            None => ordered.put(sections, std::iter::empty()),
        }
    }

    /// Adjacency of each relation in both directions.
    fn put_links(&mut self, sections: &mut Sections, batches: &[Batch]) {
        for (at, number) in (0..RELATION_COUNT).zip(0_u16..) {
            let links = &self.described.links;
            let renamed = |number: Number| self.order.renamed[number as usize];
            let mut pairs = Vec::with_capacity(links.len(at));
            pairs.extend(links.of(at).map(|(from, to)| (renamed(from), renamed(to))));
            self.described.links.forget(at);
            if number == Relation::Brought as u16 {
                let numbers = self.order.nodes_of(Kind::Import);
                let imports = self.imports.keys().copied().zip(numbers).collect();
                pairs.extend(brought(self.ledger, &self.order, &imports, self.upto));
            }
            if number == Relation::Follows as u16 {
                pairs.extend(followers(&self.order, batches));
            }
            put_adjacency(sections, number, pairs);
        }
    }

    /// The ids of revisions, and where among them each revision of the ledger stands.
    fn put_revisions(&self, sections: &mut Sections) -> Result<Vec<u32>> {
        let revisions = &self.ledger.revisions;
        let node = |at: u32| self.order.of_entry(revisions.node(at));
        let id = |at: u32| revisions.id(at);
        let is_in = |at: &u32| revisions.commit(*at) <= self.upto && node(*at).is_some();
        // By the beginnings of the ids first: they lie side by side.
        let start = |at: u32| {
            (id(at).0.first_chunk().map_or(0, |head| u64::from_le_bytes(*head).swap_bytes()), at)
        };
        let rest = |at: u32| (id(at), node(at), at);
        let mut places = vec![u32::MAX; revisions.len()];
        let (mut ids, mut owners) = (sections.list(), sections.list());
        // Ids are hashes: as many parts of their range hold about as many of them each.
        let parts = revisions.len().div_ceil(ORDERED_AT_ONCE).max(1) as u128;
        for part in 0..parts {
            let is_here = |(start, at): &(u64, u32)| {
                (u128::from(*start) * parts) >> u64::BITS == part && is_in(at)
            };
            let mut all: Vec<(u64, u32)> = revisions.numbers().map(start).filter(is_here).collect();
            all.par_sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| rest(a.1).cmp(&rest(b.1))));
            let mut same = None;
            for (_, at) in &all {
                let place = u32::try_from(ids.len()).expect("fewer than 2^32 revisions");
                let first = same.filter(|(of, _)| *of == id(*at)).unwrap_or((id(*at), place));
                same = Some(first);
                places[*at as usize] = first.1;
                ids.push(id(*at).0);
                owners.push(node(*at).expect("only revisions of nodes that are in the graph"));
            }
        }
        sections.put_list(Tag::RevisionIds, 0, 0, ids)?;
        sections.put_list(Tag::RevisionNodes, 0, 0, owners)?;
        Ok(places)
    }
}

fn by_number(imports: &BTreeMap<NodeNo, ImportFacts>) -> BTreeMap<u64, NodeNo> {
    imports.iter().map(|(node, facts)| (facts.number, *node)).collect()
}

/// The blobs of a ledger, by id.
pub(super) fn blobs(ledger: &Ledger) -> Vec<(Hash, crate::segment::Location)> {
    let mut all: Vec<_> = ledger.blobs.iter().map(|(id, at)| (*id, *at)).collect();
    all.sort_unstable();
    all
}
