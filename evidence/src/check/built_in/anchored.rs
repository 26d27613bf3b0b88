//! Did an outside clock stamp the log soon after the last event of each deployment?

use std::collections::BTreeSet;

use lineal_engine::{NodeNo, Store};

use super::Offence;
use crate::check::Error;
use crate::check::ask::{Asker, HOUR, span_text, time_text};
use crate::check::header::stamped;
use crate::past;
use crate::rules::Rule;

/// How long after the last event a stamp is still in time, where a rule says it.
const ANCHOR_HOURS: &str = "anchor_hours";
/// The set of deployments whose events are meant; where a pack has none, all that have a log.
const DEPLOYMENTS: &str = "deployments";

#[expect(clippy::cast_possible_truncation, reason = "hours in ns; out of range is cut at its end")]
pub(super) fn anchored(
    store: &Store,
    asker: &mut Asker<'_>,
    rule: &Rule,
    subjects: &[NodeNo],
) -> Result<Vec<Offence>, Error> {
    let most = (rule.params.get(ANCHOR_HOURS).copied().unwrap_or(24.0) * HOUR as f64) as i64;
    let says = match stamps(store, asker)? {
        Stamps::None(say) => vec![say],
        Stamps::Some(stamps) => {
            let mut says = Vec::new();
            for deployment in deployments(asker)? {
                asker.go_on()?;
                says.extend(of_deployment(store, asker, deployment, &stamps, most)?);
            }
            says.sort_unstable();
            says
        }
    };
    let of = |node: &NodeNo| {
        let node = *node;
        says.iter().map(move |say| Offence::said(node, say.clone()))
    };
    Ok(subjects.iter().flat_map(of).collect())
}

/// The stamps on checkpoints of a log.
enum Stamps {
    /// There is none: in words.
    None(String),
    /// The size of each checkpoint, ascending, and when it or a larger one, which holds all of it, was stamped
    /// first, with the size of that.
    Some(Vec<(u64, Option<(i64, u64)>)>),
}

fn stamps(store: &Store, asker: &Asker<'_>) -> Result<Stamps, Error> {
    let mut sizes = store.checkpoint_sizes()?;
    sizes.retain(|size| *size <= asker.snapshot().commit());
    sizes.sort_unstable();
    let Some(newest) = sizes.last().copied() else {
        return Ok(Stamps::None("no checkpoint of the log is signed".to_owned()));
    };
    let (mut found, mut first) = (Vec::with_capacity(sizes.len()), None);
    for size in sizes.into_iter().rev() {
        asker.go_on()?;
        let own = stamped(store, size)?.map(|stamp| (stamp, size));
        first = own.into_iter().chain(first).min();
        found.push((size, first));
    }
    found.reverse();
    Ok(match first {
        Some(_) => Stamps::Some(found),
        None => Stamps::None(format!("no time-stamp authority stamped checkpoint {newest}")),
    })
}

fn deployments(asker: &mut Asker<'_>) -> Result<Vec<NodeNo>, Error> {
    if asker.pack.set(DEPLOYMENTS).is_some() {
        return Ok(asker.members(DEPLOYMENTS)?.to_vec());
    }
    let snapshot = asker.snapshot();
    let seen = snapshot.batches().filter(|batch| asker.part.sees(batch.node));
    let all: BTreeSet<NodeNo> = seen.map(|batch| batch.deployment).collect();
    Ok(all.into_iter().collect())
}

/// What is to be said of a deployment: that the last of its events was stamped late, or not yet.
fn of_deployment(
    store: &Store,
    asker: &Asker<'_>,
    deployment: NodeNo,
    stamps: &[(u64, Option<(i64, u64)>)],
    most: i64,
) -> Result<Option<String>, Error> {
    let snapshot = asker.snapshot();
    // The last whose time has come: no stamp can be behind one of a time to come.
    let dated = past::batches(snapshot, deployment, asker.now)?.into_iter();
    let Some(last) = dated.max_by_key(|batch| (batch.last_time, batch.node)) else {
        return Ok(None);
    };
    // From the commit on that brought it a checkpoint holds it.
    let brought = store.revisions(snapshot, last.node).iter().map(|it| it.commit).min();
    let Some(brought) = brought else { return Ok(None) };
    let (last, name) = (last.last_time, asker.name(deployment));
    let covering = stamps.iter().find(|(size, _)| *size >= brought);
    Ok(match covering.and_then(|(_, first)| *first) {
        Some((stamp, size)) if stamp.saturating_sub(last) > most => Some(format!(
            "anchored late: the last event of {name}, of {}, was stamped with checkpoint {size} on {}, {} behind it",
            time_text(last),
            time_text(stamp),
            span_text(stamp - last)
        )),
        // A stamp may still come in time.
        None if asker.now.saturating_sub(last) > most => {
            Some(format!("no stamp holds the last event of {name}, of {}", time_text(last)))
        }
        _ => None,
    })
}
