//! Matches in a reference database that fewer persons verified than are wanted (Article 14(5)).
//!
//! Events name persons by their keys in this store, so that they are told apart whether or not what they are
//! called can be opened. Two keys that `lineal alias` says are one person are one.

use std::collections::{BTreeMap, BTreeSet};

use lineal_engine::NodeNo;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;

use super::Offence;
use super::presence::{Counters, Rows, counted};
use crate::check::Error;
use crate::check::ask::Asker;
use crate::record::same_person;
use crate::rules::Rule;

/// How many persons must have verified a match, where a rule says it.
const MIN_VERIFIERS: &str = "min_verifiers";
/// The field by which a deployment says which law exempts it.
const EXEMPT: &str = "law_exempt";

pub(super) fn too_few(
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let wanted = rule.params.get(MIN_VERIFIERS).copied().unwrap_or(2.0);
    let mut offences = Vec::new();
    let mut persons = Persons { asker, wanted, known: BTreeMap::new() };
    for deployment in subjects {
        // Who is exempt from the second still says who verified.
        let is_exempt = asker.snapshot().field(*deployment, EXEMPT)?.is_some();
        persons.wanted = if is_exempt { wanted.min(1.0) } else { wanted };
        let (mut matches, mut few, mut is_unseen) = (0, 0, false);
        for batch in Counters::all(asker, *deployment)? {
            let with = batch.of(EventField::ReferenceMatch);
            if with.most == 0 {
                continue;
            }
            let rows = Rows::of(asker, &batch.batch)?;
            let is_match = rows.which(asker, EventField::ReferenceMatch, |_| true)?;
            let own = rows.only(&is_match);
            let enough = own.which(asker, EventField::VerifiedBy, |value| match value {
                EventValue::Text(keys) => persons.are_enough(keys),
                _ => false,
            })?;
            let seen = own.events.len() as u64;
            matches += seen;
            few += seen - counted(&enough);
            // Of matches that are erased or restricted nobody says here who verified them.
            is_unseen |= rows.unseen > 0 && with.most > seen;
        }
        if few > 0 {
            let say = match is_exempt {
                true => format!("{few} of {matches} matches verified by nobody"),
                false => format!(
                    "{few} of {matches} matches verified by fewer than {wanted} different persons"
                ),
            };
            offences.push(Offence::said(*deployment, say));
        }
        if is_unseen {
            asker.cannot_tell(1);
        }
    }
    Ok(offences)
}

/// Who verified together, looked up once.
struct Persons<'p, 'a> {
    asker: &'p Asker<'a>,
    wanted: f64,
    /// How many these are, by their keys.
    known: BTreeMap<String, f64>,
}

impl Persons<'_, '_> {
    /// Are these keys, with blanks between them, of as many persons as are wanted?
    fn are_enough(&mut self, keys: &str) -> bool {
        if let Some(known) = self.known.get(keys) {
            return *known >= self.wanted;
        }
        let view = self.asker.snapshot();
        let persons: BTreeSet<String> =
            keys.split_ascii_whitespace().map(|key| same_person(view, key)).collect();
        let count = u32::try_from(persons.len()).unwrap_or(u32::MAX);
        let count = f64::from(count);
        self.known.insert(keys.to_owned(), count);
        count >= self.wanted
    }
}
