//! What a compaction came to, for programs: the same here and over the network.

use lineal_engine::Compaction;
use serde_json::{Value as Json, json};

/// A compaction that took so many seconds. Of a rehearsal nobody knows how many bytes would be left.
#[must_use]
pub fn compacted_json(done: &Compaction, dry_run: bool, seconds: f64) -> Json {
    json!({
        "dry_run": dry_run,
        "commit": done.commit,
        "events": done.events,
        "packed": { "from": done.packed.0, "to": done.packed.1 },
        "containers": { "before": done.containers.0, "after": done.containers.1 },
        "runs": { "before": done.runs.0, "after": done.runs.1 },
        "bytes": { "before": done.bytes.0, "after": (!dry_run).then_some(done.bytes.1) },
        "waiting_bytes": done.waiting_bytes,
        "stopped": done.stopped,
        "seconds": seconds,
    })
}
