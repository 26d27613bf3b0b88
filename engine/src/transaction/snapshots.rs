//! Seen records: what a transaction confirms without writing a revision.

use super::Transaction;
use crate::draft::Saying;
use crate::store::State;
use lineal_proof::record::Seen;
use lineal_proof::{Cid, Hash};
use std::collections::{BTreeMap, BTreeSet, HashMap};

fn record(saying: &Saying) -> Seen {
    Seen {
        source: saying.source.clone(),
        form: saying.form.clone(),
        observed_at: saying.observed_at,
        full: false,
        except: Vec::new(),
        revisions: Vec::new(),
        file: None,
        rows: Vec::new(),
    }
}

/// The seen records of a transaction.
pub(super) fn seen(state: &State, transaction: &mut Transaction<'_>) -> Vec<Seen> {
    let mut all = Vec::new();
    for (saying, revisions) in std::mem::take(&mut transaction.seen) {
        all.push(Seen { revisions: revisions.into_iter().collect(), ..record(&saying) });
    }
    for (saying, file, rows) in std::mem::take(&mut transaction.seen_rows) {
        all.push(Seen { file: Some(file), rows, ..record(&saying) });
    }
    for (saying, held) in std::mem::take(&mut transaction.snapshots) {
        let (except, revisions) = exceptions(state, transaction, &saying, &held);
        let revisions = revisions.into_iter().collect();
        all.push(Seen { full: true, except, revisions, ..record(&saying) });
    }
    all
}

/// A full snapshot confirms the head of each chain, as the log stands. What it must leave out:
/// nodes that it lacks, and nodes whose head is not what it says. Of the latter, what it says is
/// listed one by one where it was written before.
fn exceptions(
    state: &State,
    transaction: &Transaction<'_>,
    saying: &Saying,
    held: &BTreeMap<Hash, Hash>,
) -> (Vec<Hash>, BTreeSet<Cid>) {
    let ledger = &state.ledger;
    let mut staged: HashMap<Hash, (i64, Hash)> = HashMap::new();
    for new in &transaction.nodes {
        if new.revision.source == saying.source && new.revision.form == saying.form {
            let said = (new.revision.observed_at, new.content);
            let best = staged.entry(new.node).or_insert(said);
            *best = said.max(*best);
        }
    }
    let (mut except, mut one_by_one) = (Vec::new(), BTreeSet::new());
    let Some(chain) = ledger.chain(&saying.source, &saying.form) else {
        return (except, one_by_one);
    };
    for node in &ledger.nodes {
        if !node.revisions.iter().any(|at| ledger.revisions[*at as usize].chain == chain) {
            continue;
        }
        let head = ledger.chain_head(node, chain, ledger.commit());
        let head = head.map(|h| (h.effective, ledger.revisions[h.revision as usize].content));
        let top = head.max(staged.get(&node.id).copied()).map(|(_, content)| content);
        let said = held.get(&node.id);
        if said.is_some() && said == top.as_ref() {
            continue;
        }
        if top.is_some() {
            except.push(node.id);
        }
        let known = said.and_then(|said| ledger.known_revision(&node.id, saying, said));
        one_by_one.extend(known.map(Cid));
    }
    except.sort_unstable();
    (except, one_by_one)
}
