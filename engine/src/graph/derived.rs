//! What the graph adds to what records say: imports, batches with their places, and succession.
//! Commits of the trail are no imports: they brought nothing that the store is about.

use super::order::Order;
use super::{Batch, ContainerPlace, ImportFacts, NodeNo};
use crate::ledger::Ledger;
use crate::schema::Kind;
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
    let revisions = &ledger.revisions;
    let is_brought = |revision: &u32| {
        let kind = ledger.nodes.kind(revisions.node(*revision));
        revisions.commit(*revision) <= upto && kind != Kind::Access
    };
    for revision in revisions.numbers().filter(is_brought) {
        if let Some(facts) = imports.get_mut(&ledger.import_of(revisions.commit(revision))) {
            facts.revisions += 1;
        }
    }
    for batch in &ledger.batches {
        let commit = ledger.revisions.commit(batch.revision);
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

/// What each import brought: its node, and the node of each revision.
pub(super) fn brought(
    ledger: &Ledger,
    order: &Order<'_>,
    imports: &BTreeMap<u64, NodeNo>,
    upto: u64,
) -> Vec<(NodeNo, NodeNo)> {
    let all = &ledger.revisions;
    let revisions = all.numbers().filter(|revision| all.commit(*revision) <= upto);
    let pair = |revision: u32| {
        let import = imports.get(&ledger.import_of(all.commit(revision)))?;
        Some((*import, order.of_entry(all.node(revision))?))
    };
    revisions.filter_map(pair).collect()
}

/// The batches that are alive, and the containers in which they lie.
pub(super) fn batches(
    ledger: &Ledger,
    order: &Order<'_>,
    upto: u64,
) -> (Vec<Batch>, Vec<ContainerPlace>) {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut restricted = ledger.restricted_rows();
    let (mut batches, mut containers) = (Vec::new(), Vec::new());
    for (ordinal, entry) in (0_u32..).zip(&ledger.batches) {
        let revision = entry.revision;
        let node = order.of_entry(ledger.revisions.node(revision));
        let (Some(node), Some(deployment)) = (node, order.of_id(&entry.deployment)) else {
            continue;
        };
        // Batches are not folded: each alive revision holds rows of its own.
        if ledger.effective(revision, upto).is_none() {
            continue;
        }
        let place = entry.place.map(|(manifest, first_row)| {
            let next = u32::try_from(containers.len()).unwrap_or(u32::MAX);
            let at = *numbers.entry(manifest).or_insert(next);
            if at == next {
                containers.push(container_place(ledger, manifest));
            }
            (at, first_row)
        });
        batches.push(Batch {
            node,
            deployment,
            ordinal,
            commit: ledger.revisions.commit(revision),
            rows: entry.rows,
            events: u64::from(entry.rows),
            overrides: entry.overrides,
            art12: entry.art12,
            first_time: entry.first_time,
            last_time: entry.last_time,
            place,
            kept: ledger.kept_rows(ordinal, upto),
            outweighed: Vec::new(),
            erased: entry.erased.clone(),
            restricted: restricted.remove(&ordinal).unwrap_or_default(),
            doubted: entry.doubted.clone(),
            months: entry.months.clone(),
        });
    }
    (batches, containers)
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
pub(super) fn followers(order: &Order<'_>, batches: &[Batch]) -> Vec<(NodeNo, NodeNo)> {
    let mut families: BTreeMap<(&str, &str), Vec<(u64, NodeNo)>> = BTreeMap::new();
    for node in order.nodes_of(Kind::Model) {
        let text = |part: usize| order.key_text(node, part);
        let number = text(2).and_then(|version| version.parse().ok());
        if let (Some(registry), Some(name), Some(number)) = (text(0), text(1), number) {
            families.entry((registry, name)).or_default().push((number, node));
        }
    }
    let mut lines: BTreeMap<NodeNo, Vec<(i64, NodeNo)>> = BTreeMap::new();
    for batch in batches {
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
    let pairs = |line: Vec<NodeNo>| {
        let pair = |pair: &[NodeNo]| match pair {
            [before, after] => Some((*after, *before)),
            _ => None,
        };
        line.windows(2).filter_map(pair).collect::<Vec<_>>()
    };
    families.chain(lines).flat_map(pairs).collect()
}
