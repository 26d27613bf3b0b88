//! `GET /v1/trace`: where a thing comes from, and what is missing on the way.

use super::{sound, told as tell, view};
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use crate::unsealed::Waiting;
use axum::body::Body;
use axum::http::Response;
use lineal_engine::schema::Kind;
use lineal_query::told::{self, Asker, Lineage, Target, Untold, resolve, trace_json};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use utoipa::openapi::schema::Type;

pub(crate) fn describe(it: Description) -> Description {
    let what = "A node (`model:credit-risk@3`), an id (`#9f2c1a`), an input hash, or any name";
    it.parameter("target", &Type::String, true, what)
        .number("as_of", (0, None), false, "The view as of this commit")
        .parameter("told", &Type::Boolean, false, "Also what a tree says of each node: `nodes`")
        .in_store()
        .object("Events, roots, edges, training data, findings and completeness.")
        .gives(&["Lineal-Commit"])
        .cached()
        .problem(409, "Several things have that name.")
}

/// Answers.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["target", "as_of", "told"])?;
    let text = call.parameter("target")?;
    let text = text.ok_or_else(|| Problem::bad_request("`target` names what is traced"))?;
    let sight = call.sight()?;
    let as_of = call.number("as_of")?;
    let told_too = match call.parameter("told")?.as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::bad_request("`told` is true or false")),
    };
    let waiting = Waiting::of(&call)?;
    let edges_max = usize::try_from(call.app.config.limits.trace_edges).unwrap_or(usize::MAX);
    let as_of_text = as_of.map_or_else(String::new, |commit| commit.to_string());
    let tag = format!("{as_of_text}\n{told_too}\n{text}");
    let shows = as_of.is_none();
    let own = if shows { waiting.tag().to_vec() } else { Vec::new() };
    tell(&call, &[tag.as_bytes(), &waiting.bytes(), &own], move |opened, stop| {
        let (opened, waiting) = match shows {
            true => waiting.shown(opened),
            false => (Arc::clone(opened), waiting.clone()),
        };
        let view = sight.shown(view(&opened.store, as_of)?);
        let (view, scope) = sight.seen(&opened, view)?;
        // A view of the past lacks nothing that came after it.
        let is_newest = view.commit() == opened.commit();
        let unsealed = waiting.words(|_| true).filter(|_| is_newest);
        let unsealed = unsealed.as_deref();
        let mut target = resolve(&view, &text)
            .map_err(|e| Problem::unresolved(&e, scope.is_some()).or_unsealed(unsealed))?;
        if let Some(scope) = &scope {
            let seen = match &mut target {
                Target::Node(node) => scope.has(*node),
                Target::Events { events, .. } => {
                    events.retain(|event| scope.has_event(&view, *event));
                    !events.is_empty()
                }
            };
            if !seen {
                return Err(Problem::not_found(NOTHING).or_unsealed(unsealed));
            }
        }
        let sees = |node| scope.as_ref().is_none_or(|scope| scope.has(node));
        let asker =
            Asker { withheld: sight.withheld, sees: &sees, stop: &|| stop.is_set(), edges_max };
        let lineage = Lineage::of(&view, &target, &asker).map_err(untold)?;
        let json = trace_json(&view, &text, &target, &lineage, &asker);
        let mut json = json.map_err(untold)?;
        if told_too {
            told::describe(&mut json, &view, &lineage, &asker).map_err(untold)?;
        }
        let mut kinds: Vec<Kind> = lineage.nodes.iter().map(|node| view.kind_of(*node)).collect();
        kinds.extend(matches!(target, Target::Events { .. }).then_some(Kind::Inference));
        let lacks = waiting.words(|kind| kinds.contains(&kind)).filter(|_| is_newest);
        if let Some(unsealed) = lacks {
            if !lineage.is_cut() {
                json["completeness"] = json!(lineal_query::State::CannotTell.name());
            }
            // Where a screen reads them, and where programs do.
            for (name, finding) in
                [("findings", json!(unsealed)), ("finding_lines", json!([unsealed]))]
            {
                if let Some(all) = json.get_mut(name).and_then(Json::as_array_mut) {
                    all.push(finding);
                }
            }
        }
        sound(&opened)?;
        Ok(json)
    })
    .await
}

/// Why there is no answer. Whoever stopped it is there no more to read that.
pub(super) fn untold(why: Untold) -> Problem {
    match why {
        Untold::Stopped => Problem::timed_out(),
        Untold::Store(error) => Problem::store(&error),
    }
}
