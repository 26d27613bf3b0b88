//! Sources of which something could not be read.

use std::collections::BTreeMap;

use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Store};

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;

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
    for node in subjects.iter().filter(|node| snapshot.kind_of(**node) == Kind::Import) {
        let number = snapshot.field(*node, "number")?.and_then(|value| value.as_i64());
        let read = number.and_then(|number| by_import.get(&number.unsigned_abs()));
        if let Some(read) = read.filter(|read| read.rejected > 0) {
            let say = format!(
                "{} of {} items of {} sources could not be read",
                read.rejected, read.items, read.sources
            );
            offences.push(Offence::said(*node, say));
        }
    }
    Ok(offences)
}
