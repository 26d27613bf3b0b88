//! The way of every request: named, known, allowed, let through, heard, answered, counted. There is
//! no other way to a handler, and what an endpoint does not allow is refused here.

pub(crate) use crate::asker::{Who, known};
pub(crate) use crate::call::{Call, Sight};
pub(crate) use crate::held::Held;

use crate::app::App;
use crate::asker::Asker;
use crate::body::Bodies;
use crate::endpoint::Endpoint;
use crate::leftover::watched;
use crate::log::Answered;
use crate::places::Place;
use crate::problem::Problem;
use crate::telemetry::{Parent, Span};
use crate::trail::{self, Asked, Peer};
use crate::within::within;
use axum::BoxError;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Names a request in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A question ends itself at its deadline, between two steps; this long is waited for that.
const GRACE: Duration = Duration::from_secs(5);

/// Where a request comes from.
#[derive(Clone, Copy)]
pub(crate) struct From<'a> {
    /// The address of the other end.
    pub(crate) peer: Option<Peer>,
    /// The place of its connection.
    pub(crate) place: Option<&'a Arc<Place>>,
}

/// A body of a request: as the connection gives it, or as the router does.
pub(crate) trait Heard:
    HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static
{
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static> Heard for B {}

/// Answers a request to an endpoint.
pub(crate) async fn pass<B: Heard>(
    app: &Arc<App>,
    endpoint: &'static Endpoint,
    places: BTreeMap<String, String>,
    from: From<'_>,
    request: Request<B>,
) -> Response<Held> {
    let (begun, id) = (Instant::now(), app.request_id());
    let (parts, body) = request.into_parts();
    let expects = parts.headers.contains_key(header::EXPECT);
    let (body, left) = watched(body);
    let Asker { who: asker, refused } = match head_bytes(&parts) <= app.config.limits.head_bytes {
        true => Asker::of(app, endpoint, &parts.headers).await,
        false => Asker::unknown(Problem::head_too_large(app.config.limits.head_bytes)),
    };
    let came = app.now();
    // Of those alone whom we know: nobody else writes into the traces of others.
    let parent = asker.as_ref().filter(|_| app.telemetry.is_some());
    let parent = parent.and_then(|_| Parent::of(&parts.headers));
    let noting = trail::Noting::begin(app, endpoint, asker.clone(), &parts, from.peer, came);
    let asked = noting.asked.clone();
    let answered = match refused {
        None => {
            let (who, way) = (asker.clone(), (id.as_str(), asked.clone(), from.place));
            answer(app, endpoint, who, parts, places, body, begun, way).await
        }
        // To be refused is to ask: somebody who is known does it no more often than anything else.
        Some(problem) => {
            drop(body);
            let pass = asker.as_ref().map(|who| app.rates.pass(&who.token.id, begun));
            Err(pass.and_then(Result::err).unwrap_or(problem))
        }
    };
    let answered = noting.end(answered).await;
    let (mut response, problem) = match answered {
        Ok(response) => (response, None),
        Err(problem) => (problem.response(&id).map(Held::of), Some(problem.name)),
    };
    let status = response.status().as_u16();
    finish(&mut response, &id);
    let took = begun.elapsed();
    app.metrics.count(endpoint.method, endpoint.path, status, took);
    log(endpoint, &id, status, took, asker.as_deref(), problem);
    if let Some(telemetry) = &app.telemetry
        && parent.is_none_or(|parent| parent.is_sampled)
    {
        telemetry.tell(Span {
            parent,
            request_id: id,
            method: endpoint.method,
            path: endpoint.path,
            status,
            begun: came,
            took,
            role: asker.as_ref().map(|who| who.token.role.name()),
            store: asked.store(),
            problem,
        });
    }
    left.settle(&mut response, expects).await;
    response
}

/// What the head of a request took on the wire, but for its version and the blanks between its parts. The
/// connection reads in larger steps than the bound is, and so lets longer ones pass.
fn head_bytes(parts: &Parts) -> usize {
    let line =
        parts.method.as_str().len() + parts.uri.path_and_query().map_or(0, |it| it.as_str().len());
    parts.headers.iter().fold(line, |sum, (name, value)| sum + name.as_str().len() + value.len())
}

/// What every response carries.
pub(crate) fn finish<B>(response: &mut Response<B>, id: &str) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
    // Evidence is for whom it was given to; an ETag asks again.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

/// One line a request. The path is that of the table: keys in paths may be personal data.
fn log(
    endpoint: &Endpoint,
    request_id: &str,
    status: u16,
    took: Duration,
    who: Option<&Who>,
    problem: Option<&'static str>,
) {
    let answered = Answered {
        request_id,
        method: endpoint.method,
        path: endpoint.path,
        status,
        ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        token: who.map_or("-", |who| who.token.id.as_str()),
        role: who.map_or("-", |who| who.token.role.name()),
        case: who.and_then(|who| who.case.as_deref()).unwrap_or("-"),
        problem: problem.unwrap_or("-"),
    };
    answered.tell(who.is_some_and(|who| who.token.role == crate::role::Role::BreakGlass));
}

async fn answer<B: Heard>(
    app: &Arc<App>,
    endpoint: &'static Endpoint,
    who: Option<Arc<Who>>,
    parts: Parts,
    places: BTreeMap<String, String>,
    body: B,
    begun: Instant,
    (request_id, asked, place): (&str, Asked, Option<&Arc<Place>>),
) -> Result<Response<Held>, Problem> {
    // Held until the answer has been taken: a slow client holds its rows in memory.
    let held = match &who {
        Some(who) => {
            let pass = app.rates.pass(&who.token.id, begun)?;
            Some((pass, place.map(Place::busy)))
        }
        None => None,
    };
    let bodies = Bodies::of(endpoint.path);
    let seconds = Duration::from_secs(bodies.seconds(app));
    let deadline = begun + seconds;
    let (body, unheard) = match bodies {
        // Whoever reaches the server may ask here: nothing is waited for that nobody reads.
        _ if who.is_none() => (Bytes::new(), None),
        Bodies::Upload => (Bytes::new(), Some(Body::new(body))),
        Bodies::Small | Bodies::Live => {
            (heard(app, bodies, &parts.headers, body, seconds).await?, None)
        }
    };
    let call = Call {
        app: Arc::clone(app),
        request_id: request_id.into(),
        who,
        parts,
        places,
        body,
        unheard: Mutex::new(unheard),
        deadline,
        asked,
    };
    let answer = within(seconds + GRACE, (endpoint.handler)(call)).await;
    let answer = answer.unwrap_or_else(|| Err(Problem::timed_out()))?;
    Ok(answer.map(|body| Held::with(body, held)))
}

/// The body, no larger and no later than it may be. Packed ones are taken by live intake alone, which
/// unpacks with care: what is small on the wire could be large here.
async fn heard<B: Heard>(
    app: &App,
    bodies: Bodies,
    headers: &HeaderMap,
    body: B,
    time: Duration,
) -> Result<Bytes, Problem> {
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if packed && bodies == Bodies::Small {
        return Err(Problem::unsupported("packed bodies are not taken: send the body as it is"));
    }
    let most = bodies.most(app);
    // Before any of it is waited for: whoever sends it learns that at once.
    if body.size_hint().lower() > most as u64 {
        return Err(Problem::too_large(most));
    }
    let whole = async {
        let (mut body, mut heard, mut more) = (pin!(body), Bytes::new(), Vec::new());
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
            let Ok(part) = frame.into_data() else { continue };
            if heard.len() + more.len() + part.len() > most {
                return Err(Problem::too_large(most));
            }
            // Most bodies come in one piece, which is not copied.
            match heard.is_empty() && more.is_empty() {
                true => heard = part,
                false => {
                    more.extend_from_slice(&std::mem::take(&mut heard));
                    more.extend_from_slice(&part);
                }
            }
        }
        Ok(if more.is_empty() { heard } else { more.into() })
    };
    self::within(time, whole).await.unwrap_or_else(|| Err(Problem::slow()))
}
