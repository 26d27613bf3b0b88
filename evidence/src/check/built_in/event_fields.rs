//! Fields that events should have: by the counters that each batch was given when it was imported, and by
//! rows of a batch where its counters cannot decide, as two fields may stand in the same events or in others.

use lineal_engine::NodeNo;
use lineal_engine::event_fields::EventField;

use super::Offence;
use super::coverage::start;
use super::presence::{Count, Counters, Sort};
use crate::check::Error;
use crate::check::ask::Asker;
use crate::rules::{Check, Rule};

/// The share of events that must have a field, where a rule says it.
const MIN_RATIO: &str = "min_ratio";

pub(super) fn too_few(
    asker: &Asker<'_>,
    rule: &Rule,
    check: &Check,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let ratio = rule.params.get(MIN_RATIO).copied().unwrap_or(1.0);
    let mut offences = Vec::new();
    for deployment in subjects {
        let batches = Counters::all(asker, *deployment)?;
        let events: u64 = batches.iter().map(|counters| counters.batch.events).sum();
        if events == 0 {
            // That there is no log is another finding; what its events say nobody can tell.
            asker.cannot_tell(u64::from(has_begun(asker, *deployment)?));
            continue;
        }
        let mut lacking = Vec::new();
        for either in &check.event_fields {
            let fields: Vec<EventField> = either.split('|').filter_map(EventField::parse).collect();
            let with = having(asker, &batches, &fields, |with| {
                is_enough(with.least, events, ratio) || !is_enough(with.most, events, ratio)
            })?;
            if is_enough(with.least, events, ratio) {
                continue;
            }
            if is_enough(with.most, events, ratio) {
                asker.cannot_tell(1);
                continue;
            }
            let words = either.replace('|', " or ");
            lacking.push(format!("{words} in {} of {events}", with.left_of(events).words()));
        }
        if !lacking.is_empty() {
            let say = format!("events lack fields: {}", lacking.join(", "));
            offences.push(Offence::said(*deployment, say));
        }
    }
    Ok(offences)
}

/// Does a deployment run, or has it run? One that does not say when it began may.
pub(super) fn has_begun(asker: &Asker<'_>, deployment: NodeNo) -> Result<bool, Error> {
    Ok(start(asker, deployment)?.is_none_or(|from| from <= asker.now))
}

/// How many events have one of these fields: rows are looked at where counters do not decide.
fn having(
    asker: &Asker<'_>,
    batches: &[Counters],
    fields: &[EventField],
    is_decided: impl Fn(Count) -> bool,
) -> Result<Count, Error> {
    let mut counts: Vec<Count> = batches.iter().map(|batch| batch.of_either(fields)).collect();
    let by_counters = counts.iter().copied().sum();
    if is_decided(by_counters) {
        return Ok(by_counters);
    }
    for (batch, count) in batches.iter().zip(&mut counts) {
        if !count.is_exact() {
            *count = batch.either_in_rows(asker, fields)?;
        }
    }
    Ok(counts.into_iter().sum())
}

#[expect(clippy::cast_precision_loss, reason = "counts of events are far below 2^53")]
fn is_enough(with: u64, all: u64, ratio: f64) -> bool {
    with as f64 >= ratio * all as f64
}

pub(super) fn unkeyed(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let hashes = (Sort::With(EventField::InputHash), EventField::InputKeyId);
    lacking(asker, subjects, hashes, |without, of| {
        format!("{without} of {of} hashes of inputs name no key")
    })
}

pub(super) fn reviewers(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let overrides = (Sort::Overridden, EventField::Reviewer);
    lacking(asker, subjects, overrides, |without, of| match of {
        1 => "1 override, without a reviewer".to_owned(),
        of => format!("{without} of {of} overrides without a reviewer"),
    })
}

/// Deployments with events of a sort that lack a field.
fn lacking(
    asker: &Asker<'_>,
    subjects: &[NodeNo],
    (sort, field): (Sort, EventField),
    words: impl Fn(&str, u64) -> String,
) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        let mut found = Vec::new();
        for batch in Counters::all(asker, *deployment)? {
            found.push(batch.lacking(asker, sort, field)?);
        }
        let of: Count = found.iter().map(|it| it.of).sum();
        let without: Count = found.iter().map(|it| it.without).sum();
        if without.least > 0 {
            offences.push(Offence::said(*deployment, words(&without.words(), of.most)));
        } else if without.most > 0 {
            asker.cannot_tell(1);
        }
    }
    Ok(offences)
}
