//! `GET /v1/stats`: what the store holds, counted, what is not sealed yet, and what the server does
//! not do yet.

use super::told;
use crate::gate::Call;
use crate::problem::Problem;
use crate::trail::{NO_TRAIL, TRAIL_STORE};
use axum::body::Body;
use axum::http::Response;
use lineal_engine::journal::Pending;
use lineal_query::told::Tally;
use lineal_query::value::time_text;
use serde_json::json;

/// Most missing nodes of a kind that are named; all are counted.
const MISSING_MAX: usize = 1_000;

/// Answers. Counts are of the whole store, so a token that sees a part of it has none.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let sight = call.sight()?;
    if sight.is_bound() {
        return Err(Problem::forbidden(
            "counts here are of the whole store, and this token is bound to systems; a question counts what it may see: `find model summarize count() as models`",
        ));
    }
    let name = call.tenant()?.name().to_owned();
    let intake = call.app.writer(&name).map(|writer| &writer.intake);
    let pending = intake.map(|intake| intake.pending());
    let no_event = intake.map_or(0, |intake| intake.no_event());
    let entries = pending.map_or(0, |pending| pending.entries).to_le_bytes();
    // Who reads lineage alone learns nothing of who else asks.
    let keeper = call.app.keeper(&name);
    let waiting = keeper.map(|writer| sight.trail.then(|| writer.trail.pending()));
    let elsewhere = keeper.is_some() && call.app.writer(&name).is_none();
    let uses = waiting.flatten().unwrap_or_default().to_le_bytes();
    told(&call, &[&entries, &no_event.to_le_bytes(), &uses], move |opened, _| {
        let view = opened.snapshot();
        let tally = Tally::of(&opened.store, view).map_err(|e| Problem::store(&e))?;
        let mut json = tally.to_json(&name, view);
        for counts in json["kinds"].as_object_mut().into_iter().flat_map(|kinds| kinds.values_mut())
        {
            if let Some(missing) = counts["missing"].as_array_mut() {
                let all = missing.len();
                missing.truncate(MISSING_MAX);
                counts["missing_count"] = json!(all);
            }
        }
        json["intake"] = match pending {
            Some(Pending { entries, bytes, oldest, .. }) => json!({
                "written_here": true, "proof_pending": entries, "journal_bytes": bytes,
                "oldest": oldest.map(time_text), "no_event": no_event,
            }),
            None => json!({ "written_here": false }),
        };
        json["trail"] = match waiting {
            Some(waiting) if elsewhere => {
                json!({ "kept": true, "in_store": TRAIL_STORE, "not_sealed": waiting })
            }
            Some(waiting) => json!({ "kept": true, "not_sealed": waiting }),
            None => json!({ "kept": false, "why": NO_TRAIL }),
        };
        Ok(json)
    })
    .await
}
