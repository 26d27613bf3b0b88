//! `GET /v1/nodes/{kind}/{key}`: everything recorded about a thing.

use super::{sound, told, view};
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use crate::unsealed::Waiting;
use axum::body::Body;
use axum::http::Response;
use lineal_engine::schema::{Kind, TRAIL_SEALED};
use lineal_query::told::{Target, event_json, found_by, node_json, other_rows_json, resolve};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Most events of one hash or id that are given; the count is of all.
const EVENTS_MAX: usize = 1_000;
/// Most neighbours of a relation that are given; a question turns pages over all of them.
const NEIGHBOURS_MAX: usize = 1_000;

pub(crate) fn describe(it: Description) -> Description {
    it.place("kind", "The kind, `model`, `run`, `inference`, ...; /v1/schema lists them")
        .place("key", "The key, as answers print it behind `kind:`; slashes may stand as they are")
        .number("as_of", (0, None), false, "The view as of this commit")
        .in_store()
        .any_json("The node with its fields and neighbours, or events that share a hash or id.")
        .gives(&["Lineal-Commit"])
        .cached()
        .problem(409, "Several nodes have that name.")
}

/// Answers.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["as_of"])?;
    let place = |name: &str| call.places.get(name).cloned().unwrap_or_default();
    let (kind, key) = (place("kind"), place("key"));
    let kind = Kind::parse(&kind).ok_or_else(|| {
        Problem::not_found("the first part of the path is a kind; /v1/schema lists them")
    })?;
    tell(&call, format!("{kind}:{key}")).await
}

/// Everything recorded about what a text names.
pub(super) async fn tell(call: &Call, text: String) -> Result<Response<Body>, Problem> {
    let sight = call.sight()?;
    let named = text.trim_start().split_once(':').and_then(|(kind, _)| Kind::parse(kind));
    if named == Some(Kind::Access) && !sight.trail {
        return Err(Problem::forbidden("the trail of who asked what is not for this token"));
    }
    let as_of = call.number("as_of")?;
    let tag = as_of.map_or_else(String::new, |commit| commit.to_string());
    let named = text.clone();
    let waiting = Waiting::of(call)?;
    let shows = as_of.is_none();
    let own = if shows { waiting.tag().to_vec() } else { Vec::new() };
    told(call, &[tag.as_bytes(), named.as_bytes(), &waiting.bytes(), &own], move |opened, _| {
        let (opened, waiting) = match shows {
            true => waiting.shown(opened),
            false => (Arc::clone(opened), waiting.clone()),
        };
        let view = sight.shown(view(&opened.store, as_of)?);
        let view = if sight.trail { view.with_trail() } else { view };
        let (view, scope) = sight.seen(&opened, view)?;
        // A view of the past lacks nothing that came after it.
        let unsealed = waiting.words(|_| true).filter(|_| view.commit() == opened.commit());
        let unsealed = unsealed.as_deref();
        let absent = || Problem::not_found(NOTHING).or_unsealed(unsealed);
        let target = resolve(&view, &text);
        let target = target.map_err(|error| {
            Problem::unresolved(&error, scope.is_some()).or_unsealed(unsealed)
        })?;
        let is_use =
            matches!(&target, Target::Node(node) if view.kind_of(*node) == Kind::Access);
        let json = match (target, &scope) {
            (Target::Node(node), None) => node_json(&view, node, &|_| true, NEIGHBOURS_MAX),
            (Target::Node(node), Some(scope)) if scope.has(node) => {
                node_json(&view, node, &|node| scope.has(node), NEIGHBOURS_MAX)
            }
            (Target::Node(_), Some(_)) => return Err(absent()),
            (Target::Events { events, by }, scope) => {
                let seen = |event: &_| scope.as_ref().is_none_or(|s| s.has_event(&view, *event));
                let events: Vec<_> = events.into_iter().filter(seen).collect();
                if events.is_empty() {
                    return Err(absent());
                }
                let given = events.iter().take(EVENTS_MAX);
                let contradicted = view.contradicted().map_err(|error| Problem::store(&error))?;
                let given = given.map(|event| {
                    let mut told = event_json(&view, *event, sight.withheld)?;
                    let is_meant = |row| seen(&row);
                    let others =
                        other_rows_json(&view, &contradicted, *event, &is_meant, sight.withheld)?;
                    if !others.is_empty() {
                        told["also_recorded"] = json!(others);
                    }
                    Ok(told)
                });
                given.collect::<Result<Vec<Json>, _>>().map(|given| {
                    json!({ "events": given, "total": events.len(), "found_by": found_by(&by, sight.withheld), "commit": view.commit() })
                })
            }
        };
        let mut json = json.map_err(|error| Problem::store(&error))?;
        if is_use && sight.withheld {
            withhold(&mut json);
        }
        if let Some(unsealed) = unsealed {
            json["unsealed"] = json!(unsealed);
        }
        sound(&opened)?;
        Ok(json)
    })
    .await
}

/// Takes out what may point at a person, and says so.
fn withhold(json: &mut Json) {
    if let Some(fields) = json["fields"].as_object_mut() {
        fields.retain(|name, _| !TRAIL_SEALED.contains(&name.as_str()));
    }
    json["withheld"] = json!(TRAIL_SEALED);
}
