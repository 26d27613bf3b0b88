//! What imports say of themselves: of which sources something could not be read, or only a beginning was, and who
//! made them. That counts add up to what was read is part of the form of their records.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Sources of which only a beginning was read, by the digests by which they are known.
    begun: BTreeSet<[u8; 16]>,
}

impl Read {
    fn words(&self) -> Option<String> {
        let rejected = (self.rejected > 0).then(|| {
            format!(
                "{} of {} of {} could not be read",
                self.rejected,
                counted(self.items, "item"),
                counted(self.sources, "source")
            )
        });
        let begun = (!self.begun.is_empty()).then(|| {
            format!("{} read, and not to the end", counted(self.begun.len() as u64, "source"))
        });
        let words: Vec<String> = rejected.into_iter().chain(begun).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

pub(super) fn rejected(
    store: &Store,
    asker: &Asker<'_>,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let mut by_import: BTreeMap<u64, Read> = BTreeMap::new();
    // What broke off may have been read on later.
    let mut ended: BTreeSet<[u8; 16]> = BTreeSet::new();
    for (commit, import, source) in store.sources() {
        if commit <= snapshot.commit() {
            let read = by_import.entry(import).or_default();
            read.items += source.counts.read;
            if source.counts.rejected > 0 {
                read.rejected += source.counts.rejected;
                read.sources += 1;
            }
            match source.whole {
                true => drop(ended.insert(source.digest)),
                false => drop(read.begun.insert(source.digest)),
            }
        }
    }
    for read in by_import.values_mut() {
        read.begun.retain(|digest| !ended.contains(digest));
    }
    let mut offences = Vec::new();
    for (node, number) in numbered(asker, subjects)? {
        let say = by_import.get(&number).and_then(Read::words);
        offences.extend(say.map(|say| Offence::said(node, say)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_read_is_told() {
        assert_eq!(Read::default().words(), None);
        let mut read = Read { items: 9, rejected: 2, sources: 1, ..Read::default() };
        assert_eq!(read.words().as_deref(), Some("2 of 9 items of 1 source could not be read"));
        read.begun.insert([7; 16]);
        let both = "2 of 9 items of 1 source could not be read; 1 source read, and not to the end";
        assert_eq!(read.words().as_deref(), Some(both));
        read.rejected = 0;
        assert_eq!(read.words().as_deref(), Some("1 source read, and not to the end"));
    }
}
