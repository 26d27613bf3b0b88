//! What imports say of themselves: of which sources something could not be read, and who made them.

use std::collections::BTreeMap;

use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Store};
use lineal_proof::record::{Commit, Record};

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;
use crate::report::words::counted;

#[derive(Default)]
struct Read {
    items: u64,
    rejected: u64,
    sources: u64,
}

pub(super) fn rejected(
    store: &Store,
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let mut by_import: BTreeMap<u64, Read> = BTreeMap::new();
    for (commit, import, source) in store.sources() {
        if commit <= snapshot.commit() {
            let read = by_import.entry(import).or_default();
            read.items += source.counts.read;
            if source.counts.rejected > 0 {
                read.rejected += source.counts.rejected;
                read.sources += 1;
            }
        }
    }
    let mut offences = Vec::new();
    for (node, number) in numbered(asker, subjects)? {
        let read = by_import.get(&number);
        if let Some(read) = read.filter(|read| read.rejected > 0) {
            let say = format!(
                "{} of {} of {} could not be read",
                read.rejected,
                counted(read.items, "item"),
                counted(read.sources, "source")
            );
            offences.push(Offence::said(node, say));
        }
    }
    Ok(offences)
}

/// Imports, with the numbers of their first commits.
fn numbered(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<(NodeNo, u64)>, Error> {
    let snapshot = asker.snapshot();
    let mut found = Vec::new();
    for node in subjects.iter().filter(|node| snapshot.kind_of(**node) == Kind::Import) {
        asker.go_on()?;
        // What was retracted is no part of the view any more.
        if snapshot.field(*node, "retracted")?.and_then(|value| value.as_bool()) == Some(true) {
            continue;
        }
        let number = snapshot.field(*node, "number")?.and_then(|value| value.as_i64());
        found.extend(number.map(|number| (*node, number.unsigned_abs())));
    }
    Ok(found)
}

/// Imports whose first commit names no actor.
pub(super) fn nobody(
    store: &Store,
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for (node, number) in numbered(asker, subjects)? {
        asker.go_on()?;
        let commit = Commit::decode(&store.commit_payload(number)?);
        // A commit that cannot be read names nobody; `lineal verify` says more of it.
        if commit.ok().and_then(|commit| commit.actor).is_none() {
            let say = "nobody is recorded who imported".to_owned();
            offences.push(Offence::said(node, say));
        }
    }
    Ok(offences)
}
