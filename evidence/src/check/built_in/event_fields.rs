//! Fields that events should have, by the counters that each batch was given when it was imported.

use std::collections::BTreeMap;

use lineal_engine::NodeNo;
use lineal_proof::Value;

use super::Offence;
use crate::check::Error;
use crate::check::ask::Asker;
use crate::report::words::counted as how_many;
use crate::rules::{Check, Rule};

/// The share of events that must have a field, where a rule says it.
const MIN_RATIO: &str = "min_ratio";

/// What the batches of a deployment count.
#[derive(Default)]
struct Counted {
    events: u64,
    overrides: u64,
    fields: BTreeMap<String, u64>,
}

fn counted(asker: &Asker<'_>, deployment: NodeNo) -> Result<Counted, Error> {
    let snapshot = asker.snapshot();
    let mut counted = Counted::default();
    for node in snapshot.batches_of(deployment) {
        asker.go_on()?;
        let Some(batch) = snapshot.batch(node) else { continue };
        // Counters are of all rows, whether or not they count in the view.
        counted.events += u64::from(batch.rows);
        counted.overrides += batch.overrides;
        let fields = snapshot.fields(node)?.fields;
        let presence = fields.get("presence").and_then(Value::as_map);
        for (field, count) in presence.into_iter().flat_map(lineal_proof::Map::iter) {
            let count = count.as_i64().map_or(0, i64::unsigned_abs);
            *counted.fields.entry(field.to_owned()).or_default() += count;
        }
    }
    Ok(counted)
}

impl Counted {
    fn of(&self, field: &str) -> u64 {
        self.fields.get(field).copied().unwrap_or(0)
    }
}

pub(super) fn too_few(
    asker: &Asker<'_>,
    rule: &Rule,
    check: &Check,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let ratio = rule.params.get(MIN_RATIO).copied().unwrap_or(1.0);
    let mut offences = Vec::new();
    for deployment in subjects {
        let counted = counted(asker, *deployment)?;
        if counted.events == 0 {
            continue;
        }
        let lacking: Vec<String> = check
            .event_fields
            .iter()
            .filter_map(|either| {
                let most = either.split('|').map(|field| counted.of(field)).max().unwrap_or(0);
                let words = either.replace('|', " or ");
                // Of two fields the counters do not say how many events have one of them at least.
                let most_lack = if either.contains('|') { "at most " } else { "" };
                let lack = counted.events.saturating_sub(most);
                (!is_enough(most, counted.events, ratio))
                    .then(|| format!("{words} in {most_lack}{lack} of {}", counted.events))
            })
            .collect();
        if !lacking.is_empty() {
            let say = format!("events lack fields: {}", lacking.join(", "));
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
fn is_enough(with: u64, all: u64, ratio: f64) -> bool {
    with as f64 >= ratio * all as f64
}

pub(super) fn unkeyed(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        let counted = counted(asker, *deployment)?;
        let (hashes, keyed) = (counted.of("input_hash"), counted.of("input_key_id"));
        if keyed < hashes {
            let say = format!("{} of {hashes} hashes of inputs name no key", hashes - keyed);
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}

pub(super) fn reviewers(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        let counted = counted(asker, *deployment)?;
        let reviewers = counted.of("reviewer");
        if reviewers < counted.overrides {
            let say = format!(
                "{}, {} with a reviewer",
                how_many(counted.overrides, "override"),
                how_many(reviewers, "event")
            );
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}
