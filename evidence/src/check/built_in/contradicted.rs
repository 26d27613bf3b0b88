//! Events of a deployment that are recorded more than once with different contents: of all fields, or only
//! where they differ in those that the rule's figures rest on, or count elsewhere.

use lineal_engine::NodeNo;
use lineal_engine::event_fields::EventField;

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;
use crate::contradicted::contested;
use crate::rules::Check;

/// The first of the events, in the words of a rule.
const EVENT: &str = "event";

pub(super) fn events(
    asker: &Asker<'_>,
    check: &Check,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let fields = check.event_fields.iter().flat_map(|either| either.split('|'));
    let fields: Vec<EventField> = fields.filter_map(EventField::parse).collect();
    let found = contested(asker.snapshot(), subjects, &fields, &|| asker.go_on())?;
    let sees = |import| asker.part.sees(import);
    let offence = |(node, contested): (NodeNo, crate::contradicted::Contested)| {
        let offence = Offence::said(node, contested.words(asker.snapshot(), &sees));
        match contested.first {
            Some(id) => offence.with(EVENT, id),
            None => offence,
        }
    };
    Ok(found.into_iter().map(offence).collect())
}
