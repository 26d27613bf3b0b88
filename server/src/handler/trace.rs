//! `GET /v1/trace`: where a thing comes from, and what is missing on the way.

use super::{told as tell, view};
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use axum::body::Body;
use axum::http::Response;
use lineal_query::told::{self, Lineage, Target, resolve, trace_json};
use utoipa::openapi::schema::Type;

pub(crate) fn describe(it: Description) -> Description {
    let what = "A node (`model:credit-risk@3`), an id (`#9f2c1a`), an input hash, or any name";
    it.parameter("target", &Type::String, true, what)
        .parameter("as_of", &Type::Integer, false, "The view as of this commit")
        .parameter("told", &Type::Boolean, false, "Also what a tree says of each node: `nodes`")
        .in_store()
        .object("Events, roots, edges, training data, findings and completeness.")
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
    let tag = format!(
        "{}\n{told_too}\n{text}",
        as_of.map_or_else(String::new, |commit| commit.to_string())
    );
    tell(&call, &[tag.as_bytes()], move |opened| {
        let view = view(&opened.store, as_of)?;
        let scope = sight.scope(opened, &view);
        let mut target =
            resolve(&view, &text).map_err(|e| Problem::unresolved(&e, scope.is_some()))?;
        if let Some(scope) = &scope {
            let seen = match &mut target {
                Target::Node(node) => scope.has(*node),
                Target::Events { events, .. } => {
                    events.retain(|event| scope.has_event(&view, *event));
                    !events.is_empty()
                }
            };
            if !seen {
                return Err(Problem::not_found(NOTHING));
            }
        }
        let damaged = |error| Problem::store(&error);
        let lineage = Lineage::of(&view, &target).map_err(damaged)?;
        let sees = |node| scope.as_ref().is_none_or(|scope| scope.has(node));
        let json = trace_json(&view, &text, &target, &lineage, sight.withheld, &sees);
        let mut json = json.map_err(damaged)?;
        if told_too {
            told::describe(&mut json, &view, &lineage, &sees).map_err(damaged)?;
        }
        Ok(json)
    })
    .await
}
