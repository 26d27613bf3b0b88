//! Days in the life of a deployment, as far as it has come, on which no batch has events.

use lineal_engine::NodeNo;

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, DAY, time_text};
use crate::past;
use crate::report::words::counted;

/// When a deployment was declared to start; else its first event.
pub(super) fn start(asker: &Asker<'_>, deployment: NodeNo) -> Result<Option<i64>, Error> {
    for field in ["from", "time", "first_event"] {
        if let Some(time) = asker.time(deployment, field)? {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

pub(super) fn missing_days(asker: &Asker<'_>, subjects: &[NodeNo]) -> Result<Vec<Offence>, Error> {
    let mut offences = Vec::new();
    for deployment in subjects {
        asker.go_on()?;
        let Some(from) = start(asker, *deployment)? else {
            let say = "no log at all, and when it started is not recorded".to_owned();
            offences.push(Offence::said(*deployment, say));
            continue;
        };
        let until = asker.time(*deployment, "until")?.unwrap_or(asker.now).min(asker.now);
        let mut batches: Vec<(i64, i64)> = past::batches(asker.snapshot(), *deployment, asker.now)?
            .iter()
            .map(|batch| (batch.first_time, batch.last_time))
            .collect();
        batches.sort_unstable();
        let to_come = to_come(asker, *deployment)?;
        let said = match from > asker.now {
            // It has not begun, though events say that it will have.
            true => (!to_come.is_empty()).then(|| "no log of a time that has come".to_owned()),
            false if batches.is_empty() => {
                Some(format!("no log at all from {} on", time_text(from)))
            }
            false => missing((from, until), &batches),
        };
        offences.extend(said.map(|say| Offence::said(*deployment, say + &to_come)));
    }
    Ok(offences)
}

/// The days in the life of a deployment, its end excluded, on which no batch has events: in words, none where
/// there are none. Batches stand by their beginning.
fn missing((from, until): (i64, i64), batches: &[(i64, i64)]) -> Option<String> {
    let (first_day, end_day) = (from.div_euclid(DAY), (until - 1).div_euclid(DAY));
    // The day from which on nothing is covered yet.
    let (mut next, mut missing, mut first_missing) = (first_day, 0_i64, None);
    let mut lacks = |from: i64, to: i64| {
        if to > from {
            missing += to - from;
            first_missing.get_or_insert(from);
        }
    };
    for (first, last) in batches {
        let (first, last) = (first.div_euclid(DAY), last.div_euclid(DAY));
        lacks(next, first.min(end_day + 1));
        next = next.max(last + 1);
    }
    lacks(next, end_day + 1);
    let first = first_missing?;
    let all = end_day - first_day + 1;
    let day = time_text(first.saturating_mul(DAY));
    let day = day.get(..10).unwrap_or(&day);
    Some(format!(
        "{missing} of {} without any batch, the first {day}",
        counted(all.unsigned_abs(), "day")
    ))
}

/// That events of a time to come cover nothing, in words; nothing where there are none.
fn to_come(asker: &Asker<'_>, deployment: NodeNo) -> Result<String, Error> {
    let snapshot = asker.snapshot();
    let mut events = 0;
    for node in snapshot.batches_of(deployment) {
        if let Some(batch) = snapshot.batch(node) {
            events += past::later(snapshot, &batch, asker.now)?.events;
        }
    }
    Ok(match events {
        0 => String::new(),
        1 => "; 1 event of a time to come covers none".to_owned(),
        events => format!("; {} of a time to come cover none", counted(events, "event")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_no_batch_covers_are_counted() {
        let days = |from: i64, until: i64| (from * DAY, until * DAY);
        let said = |life, batches: &[(i64, i64)]| missing(life, batches);
        assert_eq!(said(days(0, 4), &[days(0, 3)]), None);
        assert_eq!(said(days(0, 4), &[days(0, 1), days(2, 3)]), None);
        let say = "2 of 4 days without any batch, the first 1970-01-02";
        assert_eq!(said(days(0, 4), &[days(0, 0), days(3, 3)]).as_deref(), Some(say));
        let say = "3 of 4 days without any batch, the first 1970-01-02";
        assert_eq!(said(days(0, 4), &[days(0, 0)]).as_deref(), Some(say));
        // What lies behind the end is no day of its life.
        let say = "1 of 4 days without any batch, the first 1970-01-04";
        assert_eq!(said(days(0, 4), &[days(0, 2), days(9, 9)]).as_deref(), Some(say));
    }
}
