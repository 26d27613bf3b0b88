//! Silence in the log of a deployment that is longer than expected, and that nothing recorded explains.

use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_proof::Value;

use super::Offence;
use super::coverage::intervals;
use crate::check::Error;
use crate::check::ask::{Asker, HOUR, span_text, time_text};
use crate::rules::Rule;

/// The field, and the parameter that stands for it where a deployment does not declare it.
const EXPECTED: &str = "expected_max_gap_hours";
/// Types of changes that explain a silence.
const EXPLAINS: [&str; 2] = ["loss", "downtime"];
/// Where neither a deployment nor a rule says it: a day.
const EXPECTED_HOURS: f64 = 24.0;

#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
fn expected(asker: &Asker<'_>, rule: &Rule, deployment: NodeNo) -> Result<i64, Error> {
    let declared = match asker.snapshot().field(deployment, EXPECTED)? {
        Some(Value::Float(hours)) => Some(hours),
        Some(other) => other.as_i64().map(|hours| hours as f64),
        None => None,
    };
    let hours = declared.or_else(|| rule.params.get(EXPECTED).copied()).unwrap_or(EXPECTED_HOURS);
    Ok((hours * HOUR as f64) as i64)
}

/// The stretches that recorded losses and downtimes of a deployment, or of its system, explain.
fn explained(asker: &Asker<'_>, deployment: NodeNo) -> Result<Vec<(i64, i64)>, Error> {
    let snapshot = asker.snapshot();
    let systems = snapshot.edges(deployment, Relation::BelongsTo, Direction::Forward);
    let mut found = Vec::new();
    for node in std::iter::once(&deployment).chain(systems) {
        for change in snapshot.edges(*node, Relation::Concerns, Direction::Inverse) {
            if snapshot.kind_of(*change) != Kind::Change {
                continue;
            }
            let change_type = snapshot.field(*change, "type")?;
            let change_type = change_type.as_ref().and_then(Value::as_text).unwrap_or_default();
            let (from, until) = (asker.time(*change, "from")?, asker.time(*change, "until")?);
            if let (true, Some(from)) = (EXPLAINS.contains(&change_type), from) {
                found.push((from, until.unwrap_or(asker.now)));
            }
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The longest part of a silence that nothing explains.
fn left((from, until): (i64, i64), explained: &[(i64, i64)]) -> (i64, i64) {
    let (mut at, mut longest) = (from, (from, from));
    let ends = explained.iter().copied().chain([(until, until)]);
    for (begin, end) in ends {
        let begin = begin.clamp(from, until);
        if begin - at > longest.1 - longest.0 {
            longest = (at, begin);
        }
        at = at.max(end.min(until));
    }
    longest
}

pub(super) fn unexplained(
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let batches = intervals(asker, *deployment);
        if batches.is_empty() {
            continue;
        }
        let most = expected(asker, rule, *deployment)?;
        let mut covered: Option<i64> = None;
        let mut known = None;
        for (first, last, batch) in batches {
            asker.go_on()?;
            // What is silent between two batches, and within this one.
            let between = covered.filter(|end| first - end > most).map(|end| (end, first));
            covered = Some(covered.map_or(last, |end| end.max(last)));
            let within = asker.snapshot().field(batch, "longest_silence")?;
            let within = within.and_then(|value| value.as_i64()).filter(|span| *span > most);
            if between.is_none() && within.is_none() {
                continue;
            }
            let explained = match &known {
                Some(known) => known,
                None => known.insert(explained(asker, *deployment)?),
            };
            if let Some(between) = between {
                let (from, until) = left(between, explained);
                if until - from > most {
                    let say = format!(
                        "silent {} from {}, no loss and no downtime recorded",
                        span_text(until - from),
                        time_text(from)
                    );
                    let offence = Offence::said(*deployment, say);
                    let offence = offence.with("from", time_text(from));
                    offences.push(offence.with("until", time_text(until)));
                }
            }
            // Where within a batch it lies no counter says: what explains as much of its time will do.
            let excused = |span: i64| {
                let within =
                    explained.iter().map(|(from, until)| until.min(&last) - from.max(&first));
                within.max().is_some_and(|longest| span - longest <= most)
            };
            if let Some(span) = within.filter(|span| !excused(*span)) {
                let say = format!(
                    "silent {} within {}, no loss and no downtime recorded",
                    span_text(span),
                    asker.name(batch)
                );
                offences.push(Offence::said(*deployment, say));
            }
        }
    }
    Ok(offences)
}

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn what_is_explained_shortens_a_silence() {
        assert_eq!(left((0, 100), &[]), (0, 100));
        assert_eq!(left((0, 100), &[(0, 100)]), (0, 0));
        assert_eq!(left((0, 100), &[(10, 40), (30, 60)]), (60, 100));
        assert_eq!(left((0, 100), &[(-50, 30), (90, 500)]), (30, 90));
        assert_eq!(left((0, 100), &[(200, 300)]), (0, 100));
    }
}
