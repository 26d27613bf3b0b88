//! What a verification of a store found, for programs: the same here and over the network.

use crate::record::{time_text, wrong_signatures};
use lineal_engine::Store;
use lineal_engine::verify::{Depth, Report, What};
use serde_json::{Value as Json, json};

/// Nanoseconds of a second.
const SECOND_NS: i64 = 1_000_000_000;

/// The word for a depth.
#[must_use]
pub fn depth_word(depth: Depth) -> &'static str {
    match depth {
        Depth::Fast => "fast",
        Depth::Bytes => "bytes",
        Depth::Full => "full",
    }
}

/// Approvals on record whose signature does not check, by name, with what is wrong. What a signature says is
/// no matter of hashes, so it is asked of a whole store that is sound.
///
/// # Errors
/// What the store says.
pub fn wrong_approvals(
    store: &Store,
    what: &What,
    report: &Report,
) -> crate::record::Result<Vec<(String, String)>> {
    if *what != What::all(Depth::Full) || !report.is_sound() {
        return Ok(Vec::new());
    }
    let view = store.snapshot()?;
    let wrong = wrong_signatures(store, &view)?;
    Ok(wrong.into_iter().map(|(node, why)| (view.name_of(node), why)).collect())
}

/// A report. `has_keys` says whether what opens sealed values was there; `wrong` are approvals whose
/// signature does not check.
#[must_use]
pub fn verified_json(
    report: &Report,
    what: &What,
    has_keys: bool,
    wrong: &[(String, String)],
) -> Json {
    let wrong = wrong.iter().map(|(name, why)| json!({ "approval": name, "why": why }));
    let faults = report.faults.iter().map(|fault| {
        json!({
            "code": fault.code.name(), "file": fault.file, "at": fault.at, "rule": fault.rule, "lost": fault.lost,
            "derived": fault.derived,
        })
    });
    let timestamps = report.timestamps.iter().map(|stamp| {
        let text = |seconds: i64| time_text(seconds.saturating_mul(SECOND_NS));
        let (time, renew_by) = (text(stamp.time), stamp.renew_by.map(text));
        json!({ "checkpoint": stamp.checkpoint, "time": time, "renew_by": renew_by })
    });
    json!({
        "depth": depth_word(what.depth), "since": what.since,
        "node": what.node.map(|node| node.to_string()),
        "container_bytes": report.container_bytes, "waiting": report.waiting,
        "faults_derived_not_listed": report.faults_derived_not_listed,
        "commits": report.commits, "records": report.records, "segment_bytes": report.segment_bytes,
        "containers": report.containers, "batches": report.batches, "rows": report.rows,
        "erased": report.erased,
        "checkpoints": report.checkpoints, "timestamps": timestamps.collect::<Vec<_>>(),
        "sealed": report.sealed, "sealed_without_key": report.sealed_without_key, "keys_present": has_keys,
        "keys_missing": report.keys_missing,
        "sound": report.is_sound(), "faults_not_listed": report.faults_not_listed, "notes": report.notes,
        "faults": faults.collect::<Vec<_>>(),
        "signatures_wrong": wrong.collect::<Vec<_>>(),
    })
}
