//! What stands above the findings: as of when, and what was declared.

use lineal_engine::schema::{Direction, Relation};
use lineal_engine::{NodeNo, Store};
use lineal_proof::Value;
use lineal_proof::timestamp::Timestamp;

use super::Error;
use super::ask::{Asker, time_text};
use super::found::Declared;

/// Ns of a second: authorities count these.
const SECOND: i64 = 1_000_000_000;

/// What was declared of a system.
pub(super) fn declared(asker: &Asker<'_>, system: NodeNo) -> Result<Declared, Error> {
    let snapshot = asker.snapshot();
    let fields = snapshot.fields(system)?.fields;
    let text = |name: &str| fields.get(name).and_then(Value::as_text).map(str::to_owned);
    let role = match fields.get("role") {
        Some(Value::List(roles)) => {
            roles.iter().filter_map(Value::as_text).map(str::to_owned).collect()
        }
        Some(Value::Text(role)) => vec![role.clone()],
        _ => Vec::new(),
    };
    let by = snapshot.edges(system, Relation::DoneBy, Direction::Forward);
    let mut by: Vec<String> = by.iter().map(|actor| asker.name(*actor)).collect();
    by.sort();
    Ok(Declared {
        role,
        risk_class: text("risk_class"),
        annex_point: text("annex_point"),
        by,
        at: fields.get("declared_at").and_then(Value::as_i64).map(time_text),
    })
}

/// The newest signed checkpoint up to a commit, and the earliest stamp on it.
pub(crate) fn checkpoint(store: &Store, commit: u64) -> Result<Option<(u64, Option<i64>)>, Error> {
    let sizes = store.checkpoint_sizes()?;
    let Some(size) = sizes.into_iter().rfind(|size| *size <= commit) else { return Ok(None) };
    Ok(Some((size, stamped(store, size)?)))
}

/// When a checkpoint was stamped first, ns, if it was.
pub(super) fn stamped(store: &Store, size: u64) -> Result<Option<i64>, Error> {
    let kept = store.kept_checkpoint(size)?;
    let stamps = kept.timestamps.iter().filter_map(|reply| Timestamp::parse(reply).ok());
    Ok(stamps.map(|stamp| stamp.time().saturating_mul(SECOND)).min())
}
