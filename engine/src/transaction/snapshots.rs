//! Seen records: what a transaction confirms without writing a revision.

use super::Transaction;
use super::held::KnownHeld;
use crate::draft::Saying;
use crate::error::Result;
use crate::store::State;
use lineal_proof::record::Seen;
use lineal_proof::{Cid, Hash};
use std::collections::{BTreeSet, HashMap};

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

/// Most revisions of one record: 41 bytes each, so it stays far below the limit of a payload.
const SEEN_REVISIONS_MAX: usize = 100_000;
/// Most runs of rows of one record, unless one batch alone has more: up to 12 bytes each.
const SEEN_RUNS_MAX: usize = 200_000;

/// The seen records of a transaction.
///
/// # Errors
/// What the medium said when the nodes of a snapshot were laid aside.
pub(super) fn seen(state: &State, transaction: &mut Transaction<'_>) -> Result<Vec<Seen>> {
    let mut all = Vec::new();
    for (saying, revisions) in std::mem::take(&mut transaction.seen) {
        let revisions: Vec<Cid> = revisions.into_iter().collect();
        one_by_one(&saying, &revisions, &mut all);
    }
    for (saying, file, rows) in std::mem::take(&mut transaction.seen_rows) {
        let mut some = Vec::new();
        let mut runs = 0;
        for batch in rows {
            runs += batch.runs.len();
            if runs > SEEN_RUNS_MAX && !some.is_empty() {
                let rows = std::mem::take(&mut some);
                all.push(Seen { file: Some(file), rows, ..record(&saying) });
                runs = batch.runs.len();
            }
            some.push(batch);
        }
        all.push(Seen { file: Some(file), rows: some, ..record(&saying) });
    }
    for (saying, held) in std::mem::take(&mut transaction.snapshots) {
        let (except, revisions) = exceptions(state, transaction, &saying, &held.known()?);
        let revisions: Vec<Cid> = revisions.into_iter().collect();
        one_by_one(&saying, &revisions, &mut all);
        all.push(Seen { full: true, except, ..record(&saying) });
    }
    Ok(all)
}

/// Revisions seen one by one, in as many records as they need.
fn one_by_one(saying: &Saying, revisions: &[Cid], all: &mut Vec<Seen>) {
    for revisions in revisions.chunks(SEEN_REVISIONS_MAX) {
        all.push(Seen { revisions: revisions.to_vec(), ..record(saying) });
    }
}

/// A full snapshot confirms the head of each chain, as the log stands. What it must leave out:
/// nodes that it lacks, and nodes whose head is not what it says. Of the latter, what it says is
/// listed one by one where it was written before.
fn exceptions(
    state: &State,
    transaction: &Transaction<'_>,
    saying: &Saying,
    held: &KnownHeld,
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
    let (mut except, mut one_by_one) = (BTreeSet::new(), BTreeSet::new());
    for (node, (_, content)) in &staged {
        if held.get(node) != Some(*content) {
            except.insert(*node);
        }
    }
    let chain = ledger.chain(&saying.source, &saying.form);
    for node in 0..u32::try_from(ledger.nodes.len()).unwrap_or(u32::MAX) {
        if !ledger.revisions_of(node).any(|at| Some(ledger.revisions.chain(at)) == chain) {
            continue;
        }
        let id = ledger.nodes.id(node);
        let head = chain.and_then(|chain| ledger.chain_head(node, chain, ledger.commit()));
        let head = head.map(|h| (h.effective, ledger.revisions.content(h.revision)));
        let top = head.max(staged.get(&id).copied()).map(|(_, content)| content);
        let said = held.get(&id);
        let said_by = (saying.source.as_str(), saying.form.as_str());
        except.remove(&id);
        if said.is_some() && said == top {
            continue;
        }
        if top.is_some() {
            except.insert(id);
        }
        let known = said.and_then(|said| ledger.known_revision(&id, said_by, &said));
        one_by_one.extend(known.map(Cid));
    }
    (except.into_iter().collect(), one_by_one)
}
