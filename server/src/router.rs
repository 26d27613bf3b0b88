//! The table of endpoints as a router. What is not in the table is not found, by those who may ask
//! at all.

use crate::app::App;
use crate::endpoint::ENDPOINTS;
use crate::gate::{self, From};
use crate::leftover::watched;
use crate::places::Place;
use crate::problem::Problem;
use crate::trail::{Counted, Peer};
use axum::Router;
use axum::body::Body;
use axum::extract::RawPathParams;
use axum::extract::rejection::RawPathParamsRejection;
use axum::http::{Request, Response, header};
use axum::routing::{MethodFilter, on};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

/// What a request that is for no endpoint is counted as.
const NO_ENDPOINT: &str = "no endpoint";

/// Makes it.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut router = Router::new();
    for endpoint in ENDPOINTS {
        let app = Arc::clone(app);
        let handler = move |places: Result<RawPathParams, RawPathParamsRejection>,
                            request: Request<Body>| {
            // A path without places has none; one that is no UTF-8 names nothing.
            let places: BTreeMap<String, String> = places
                .iter()
                .flat_map(RawPathParams::iter)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            let app = Arc::clone(&app);
            async move {
                let from = request.extensions().get::<Weak<Place>>().and_then(Weak::upgrade);
                let peer = request.extensions().get::<Peer>().copied();
                let from = From { peer, place: from.as_ref() };
                gate::pass(&app, endpoint, places, from, request).await.map(Body::new)
            }
        };
        let method = match endpoint.method {
            "POST" => MethodFilter::POST,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        router = router.route(endpoint.path, on(method, handler));
    }
    let (absent, wrong) = (Arc::clone(app), Arc::clone(app));
    router
        .fallback(move |request: Request<Body>| async move {
            refuse(&absent, request, Problem::not_found("no such path; / lists them")).await
        })
        .method_not_allowed_fallback(move |request: Request<Body>| async move {
            refuse(&wrong, request, Problem::method_not_allowed()).await
        })
}

async fn refuse(app: &App, request: Request<Body>, problem: Problem) -> Response<Body> {
    let id = app.request_id();
    let (parts, body) = request.into_parts();
    let (body, left) = watched(body);
    // Nobody hears it.
    drop(body);
    let problem = match gate::known(app, &parts.headers).await {
        Ok(_) => problem,
        Err(denied) => {
            if let Some(trail) = app.trail(None, None) {
                trail.count(Counted {
                    endpoint: NO_ENDPOINT.to_owned(),
                    status: denied.status.as_u16(),
                    ..Counted::default()
                });
            }
            denied
        }
    };
    let mut response = problem.response(&id);
    gate::finish(&mut response, &id);
    tracing::info!(request_id = id, status = response.status().as_u16(), "no endpoint");
    left.settle(&mut response, parts.headers.contains_key(header::EXPECT)).await;
    response
}
