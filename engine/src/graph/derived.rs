//! What the graph adds to what records say: imports, batches with their places, and succession.
//! Commits of the trail are no imports: they brought nothing that the store is about.

use super::draft::Draft;
use super::resolve::Link;
use super::unread::unread;
use super::{Batch, ContainerPlace, ImportFacts, NodeNo};
use crate::id_map::IdMap;
use crate::ledger::{Ledger, RevisionEntry};
use crate::schema::{Kind, Relation};
use std::collections::{BTreeMap, HashMap};

pub(super) fn import_facts(ledger: &Ledger, upto: u64) -> BTreeMap<u64, ImportFacts> {
    let mut imports: BTreeMap<u64, ImportFacts> = BTreeMap::new();
    for (number, entry) in (1..=upto).zip(&ledger.commits) {
        let facts = imports.entry(entry.import).or_insert_with(|| ImportFacts {
            number: entry.import,
            recorded: entry.recorded,
            retracted: ledger.is_retracted(entry.import, upto),
            ..ImportFacts::default()
        });
        facts.recorded = facts.recorded.max(entry.recorded);
        debug_assert!(number >= entry.import, "an import begins with its first commit");
    }
    let brought = |revision: &&RevisionEntry| {
        revision.commit() <= upto && ledger.nodes[revision.node as usize].kind != Kind::Access
    };
    for revision in ledger.revisions.iter().filter(brought) {
        if let Some(facts) = imports.get_mut(&ledger.import_of(revision.commit())) {
            facts.revisions += 1;
        }
    }
    for batch in &ledger.batches {
        let commit = ledger.revisions[batch.revision as usize].commit();
        if let Some(facts) = imports.get_mut(&ledger.import_of(commit)).filter(|_| commit <= upto) {
            facts.events += u64::from(batch.rows);
        }
    }
    // Commits that brought nothing (an alias, a retraction) are no imports.
    let sources = ledger.sources.iter().map(|(commit, _)| ledger.import_of(*commit));
    let with_sources: std::collections::BTreeSet<u64> = sources.collect();
    imports.retain(|number, facts| facts.revisions > 0 || with_sources.contains(number));
    imports
}

pub(super) fn add_imports(
    graph: &mut Draft,
    ledger: &Ledger,
    places: &IdMap<NodeNo>,
    imports: BTreeMap<u64, ImportFacts>,
    links: &mut Vec<Link>,
    upto: u64,
) {
    let mut by_number = BTreeMap::new();
    for (at, number) in graph.nodes_of(Kind::Import).zip(imports.into_values()) {
        by_number.insert(number.number, at);
        graph.imports.insert(at, number);
    }
    graph.unread = unread(ledger, &by_number, upto);
    for revision in ledger.revisions.iter().filter(|revision| revision.commit() <= upto) {
        let import = by_number.get(&ledger.import_of(revision.commit()));
        let node = places.get(&ledger.nodes[revision.node as usize].id);
        if let (Some(import), Some(node)) = (import, node) {
            links.push((*import, Relation::Brought, *node));
        }
    }
}

pub(super) fn add_batches(graph: &mut Draft, ledger: &Ledger, places: &IdMap<NodeNo>, upto: u64) {
    let mut containers: HashMap<u32, u32> = HashMap::new();
    for (ordinal, entry) in (0_u32..).zip(&ledger.batches) {
        let revision = &ledger.revisions[entry.revision as usize];
        let node = places.get(&ledger.nodes[revision.node as usize].id).copied();
        let (Some(node), Some(deployment)) = (node, places.get(&entry.deployment).copied()) else {
            continue;
        };
        // Batches are not folded: each alive revision holds rows of its own.
        if ledger.effective(revision, upto).is_none() {
            continue;
        }
        let place = entry.place.map(|(manifest, first_row)| {
            let next = u32::try_from(graph.containers.len()).unwrap_or(u32::MAX);
            let at = *containers.entry(manifest).or_insert(next);
            if at == next {
                graph.containers.push(container_place(ledger, manifest));
            }
            (at, first_row)
        });
        graph.batches.push(Batch {
            node,
            deployment,
            ordinal,
            commit: revision.commit(),
            rows: entry.rows,
            events: u64::from(entry.rows),
            overrides: entry.overrides,
            art12: entry.art12,
            first_time: entry.first_time,
            last_time: entry.last_time,
            place,
            kept: ledger.kept_rows(ordinal, upto),
            outweighed: Vec::new(),
            doubted: entry.doubted.clone(),
            months: entry.months.clone(),
        });
    }
}

/// What the last manifest of some batch says of its container.
pub(crate) fn container_place(ledger: &Ledger, manifest: u32) -> ContainerPlace {
    let (_, manifest) = &ledger.manifests[manifest as usize];
    ContainerPlace {
        id: manifest.container,
        generation: manifest.generation,
        length: manifest.length,
        sha256: manifest.sha256,
    }
}

/// Succession: registered versions of one name by number, batches of one deployment by time.
pub(super) fn add_followers(graph: &Draft, links: &mut Vec<Link>) {
    let mut families: BTreeMap<(&str, &str), Vec<(u64, NodeNo)>> = BTreeMap::new();
    for node in graph.nodes_of(Kind::Model) {
        let key = &graph.nodes[node as usize].key;
        let number = key.part_text(2).and_then(|version| version.parse().ok());
        if let (Some(registry), Some(name), Some(number)) =
            (key.part_text(0), key.part_text(1), number)
        {
            families.entry((registry, name)).or_default().push((number, node));
        }
    }
    let mut lines: BTreeMap<NodeNo, Vec<(i64, NodeNo)>> = BTreeMap::new();
    for batch in &graph.batches {
        lines.entry(batch.deployment).or_default().push((batch.first_time, batch.node));
    }
    let families = families.into_values().map(|mut family| {
        family.sort_unstable();
        family.into_iter().map(|(_, node)| node).collect::<Vec<_>>()
    });
    let lines = lines.into_values().map(|mut line| {
        line.sort_unstable();
        line.into_iter().map(|(_, node)| node).collect::<Vec<_>>()
    });
    for line in families.chain(lines) {
        links.extend(line.windows(2).filter_map(|pair| match pair {
            [before, after] => Some((*after, Relation::Follows, *before)),
            _ => None,
        }));
    }
}
