//! Silence in the log of a deployment that is longer than expected, and that nothing recorded explains.

use lineal_engine::NodeNo;
use lineal_proof::Value;

use super::Offence;
use super::interval::Declared;
use crate::check::Error;
use crate::check::ask::{Asker, HOUR, span_text, time_text};
use crate::past;
use crate::quiet::{self, Explanation, Quiet, Watched};
use crate::rules::Rule;

/// The field, and the parameter that stands for it where a deployment does not declare it.
const EXPECTED: &str = "expected_max_gap_hours";
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

/// Silences of deployments: between the first event and the last and, of one that is declared to run, from its
/// start to its end or today.
pub(super) fn unexplained(
    asker: &Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let snapshot = asker.snapshot();
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let declared = Declared::of(asker, *deployment)?;
        let batches = past::batches(snapshot, *deployment, asker.now)?;
        let (from, until) = declared.map_or((None, None), |it| (it.from, it.until));
        if batches.is_empty() && declared.is_none() {
            // That there is no log is another finding; whether it was silent nobody can tell.
            asker.cannot_tell(1);
            continue;
        }
        let watched = Watched::of(from, until, asker.now);
        let most = expected(asker, rule, *deployment)?;
        let stretches = |placed: &[(i64, i64)]| {
            quiet::stretches(snapshot, &batches, watched, most, placed, &|| asker.go_on())
        };
        let mut silent = stretches(&[])?;
        if silent.is_empty() {
            continue;
        }
        let known = quiet::explanations(snapshot, *deployment)?;
        let spans = |known: &mut dyn Iterator<Item = &Explanation>| -> Vec<(i64, i64)> {
            known.map(|it| (it.from, it.until.unwrap_or(asker.now))).collect()
        };
        if silent.iter().any(|quiet| quiet.within.is_some()) && !known.is_empty() {
            silent = stretches(&spans(&mut known.iter().filter(|it| !it.is_stop)))?;
        }
        silent.sort_unstable_by_key(|quiet| (quiet.from, quiet.until));
        for quiet in silent {
            let explained = spans(&mut known.iter().filter(|it| it.is_about(&quiet)));
            offences.extend(offence(asker, *deployment, &quiet, &explained, most));
        }
    }
    Ok(offences)
}

/// What is to be said of a silence, if what is recorded leaves more of it than expected.
fn offence(
    asker: &Asker<'_>,
    deployment: NodeNo,
    quiet: &Quiet,
    explained: &[(i64, i64)],
    most: i64,
) -> Option<Offence> {
    if let Some(batch) = quiet.within {
        let say = format!(
            "silent {} within {}, no loss and no downtime recorded",
            span_text(quiet.length),
            asker.name(batch)
        );
        return Some(Offence::said(deployment, say));
    }
    let (from, until) = left((quiet.from, quiet.until), explained);
    let lasts = quiet.lasts && until == quiet.until;
    if until - from <= most {
        return None;
    }
    let begin = time_text(from);
    if lasts {
        // How long is left out: tomorrow the same finding is no other.
        let say = format!(
            "silent since {begin}, though declared to run: no loss and no downtime recorded"
        );
        return Some(Offence::said(deployment, say).with("from", begin));
    }
    let say = format!(
        "silent {} from {begin}, no loss and no downtime recorded",
        span_text(until - from)
    );
    Some(Offence::said(deployment, say).with("from", begin).with("until", time_text(until)))
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
