//! Which salts go when rows are erased. Batches of one node (a file that was read again after its
//! import was retracted) share a seed, so what is left of the one must not reveal a salt of the other.

use crate::keys::{Destroyed, Keys, LeftSalts};
use crate::ledger::Ledger;
use crate::runs::rows_of;
use lineal_proof::Hash;
use lineal_proof::cover::{Cover, SaltPlace};
use std::collections::BTreeMap;

/// The bits of a commit's number that are kept beside salts.
const SINCE_BITS: u64 = (1 << 24) - 1;

/// A batch of one node, with the salts that are left of it.
pub(super) struct Sharing {
    pub(super) ordinal: u32,
    pub(super) revision: Hash,
    pub(super) cover: Cover,
    erased: Vec<(u32, u32)>,
}

/// What must be destroyed so that no salt of an erased row is reached; `erased` says which rows of a
/// batch are. Where all was done before, nothing. Also the batches whose covers change, as they are
/// now.
pub(super) fn to_destroy(
    ledger: &Ledger,
    keys: &Keys,
    erased: &dyn Fn(u32) -> Vec<(u32, u32)>,
    commit: u64,
) -> (Destroyed, Vec<Sharing>) {
    let mut destroyed = Destroyed::default();
    let mut changing = Vec::new();
    for (node, ordinals) in touched(ledger, erased) {
        let id = ledger.nodes.id(node);
        // Those whose seed went at one time had the same one; those that have one have today's.
        let mut groups: BTreeMap<Option<u32>, Vec<Sharing>> = BTreeMap::new();
        for ordinal in ordinals {
            let batch = &ledger.batches[ordinal as usize];
            let revision = ledger.revisions.id(batch.revision);
            let Some(cover) = keys.cover(&revision, &id.0[..16], batch.rows.into()) else {
                continue;
            };
            let sharing = Sharing { ordinal, revision, cover, erased: erased(ordinal) };
            groups.entry(keys.unseeded_since(&revision)).or_default().push(sharing);
        }
        for (since, group) in groups {
            let places: Vec<SaltPlace> = group
                .iter()
                .flat_map(|each| {
                    let rows = u64::from(ledger.batches[each.ordinal as usize].rows);
                    rows_of(&each.erased).map(move |row| SaltPlace::of_row(row, rows))
                })
                .collect();
            if places.is_empty() {
                continue;
            }
            if since.is_none() {
                let mut seed = [0; 32];
                seed[..16].copy_from_slice(&id.0[..16]);
                destroyed.seeds.insert(seed);
            }
            let mark = since.unwrap_or_else(|| u32::try_from(commit & SINCE_BITS).unwrap_or(0));
            for each in group {
                if since.is_some() && !each.cover.reveals(&places) {
                    continue;
                }
                let nodes = each.cover.without(&places).nodes().to_vec();
                destroyed.covers.insert(each.revision, LeftSalts { since: mark, nodes });
                changing.push(each);
            }
        }
    }
    (destroyed, changing)
}

/// The nodes of batches of which rows are erased, each with all its batches.
fn touched(ledger: &Ledger, erased: &dyn Fn(u32) -> Vec<(u32, u32)>) -> BTreeMap<u32, Vec<u32>> {
    let node_of = |ordinal: u32| ledger.revisions.node(ledger.batches[ordinal as usize].revision);
    let all = 0..u32::try_from(ledger.batches.len()).unwrap_or(u32::MAX);
    let own = all.clone().filter(|ordinal| !erased(*ordinal).is_empty());
    let mut nodes: BTreeMap<u32, Vec<u32>> = own.map(|at| (node_of(at), Vec::new())).collect();
    for ordinal in all {
        if let Some(batches) = nodes.get_mut(&node_of(ordinal)) {
            batches.push(ordinal);
        }
    }
    nodes
}
