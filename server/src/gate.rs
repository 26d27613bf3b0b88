//! The way of every request: named, known, allowed, let through, heard, answered, counted. There is
//! no other way to a handler, and what an endpoint does not allow is refused here.

use crate::app::App;
use crate::body::{Bodies, DATADOG_LOGS};
use crate::endpoint::Endpoint;
use crate::problem::Problem;
use crate::rate::Pass;
use crate::scope::Scope;
use crate::tenant::{Opened, Tenant};
use crate::token::Token;
use crate::trail::{self, Asked};
use crate::writer::Writer;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use lineal_engine::Snapshot;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// Names the store that is meant, where there are several.
pub(crate) const STORE_HEADER: HeaderName = HeaderName::from_static("lineal-store");
/// Names the case within which is read.
pub(crate) const CASE_HEADER: HeaderName = HeaderName::from_static("lineal-case");
/// Brings a token where Datadog's clients bring their key.
const DATADOG_KEY: HeaderName = HeaderName::from_static("dd-api-key");
/// Names a request in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest name of a case, in bytes.
const CASE_BYTES_MAX: usize = 64;
/// A question ends itself at its deadline, between two steps; this long is waited for that.
const GRACE: Duration = Duration::from_secs(5);

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) token: Arc<Token>,
    pub(crate) case: Option<String>,
}

/// A request that was let through, with what a handler needs.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    /// Who asks; nobody at endpoints for everybody.
    who: Option<Who>,
    pub(crate) parts: Parts,
    /// What stands in the places of the path.
    pub(crate) places: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    /// The body of an upload, which the handler hears.
    unheard: Mutex<Option<Body>>,
    /// When the answer must be there.
    pub(crate) deadline: Instant,
    /// What the trail is told of it.
    pub(crate) asked: Asked,
}

/// What of a store a call may see.
#[derive(Clone)]
pub(crate) struct Sight {
    /// The systems that the token is bound to.
    systems: Option<Vec<String>>,
    /// Is the subject group of events kept back?
    pub(crate) withheld: bool,
    /// Is the trail of who asked what for it?
    pub(crate) trail: bool,
}

impl Sight {
    /// Is it bound to a part of the store?
    pub(crate) fn is_bound(&self) -> bool {
        self.systems.is_some()
    }

    /// What may be seen of a view; none is all.
    pub(crate) fn scope(&self, opened: &Opened, view: &Snapshot) -> Option<Arc<Scope>> {
        let systems = self.systems.as_deref()?;
        // Nodes have other numbers in other views.
        Some(if view.commit() == opened.commit() {
            opened.scopes.of(view, systems)
        } else {
            Arc::new(Scope::of(view, systems))
        })
    }
}

impl Call {
    /// A call of somebody who is known without a request.
    pub(crate) fn of(app: Arc<App>, who: Who) -> Call {
        let (parts, ()) = Request::new(()).into_parts();
        let (places, body) = (BTreeMap::new(), Bytes::new());
        let (unheard, deadline) = (Mutex::new(None), Instant::now());
        let asked = Asked::default();
        Call { app, who: Some(who), parts, places, body, unheard, deadline, asked }
    }

    /// Another call of the same asker, within this one: for endpoints that the same roles may use.
    ///
    /// # Errors
    /// [`Problem::fault`], where the path is none.
    pub(crate) fn within(
        &self,
        uri: &str,
        body: Option<&serde_json::Value>,
        deadline: Instant,
    ) -> Result<Call, Problem> {
        let method = if body.is_some() { "POST" } else { "GET" };
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(header::CONTENT_TYPE, "application/json")
            .body(())
            .map_err(|_| Problem::fault())?;
        let (mut parts, ()) = request.into_parts();
        let store = match self.parts.headers.get(&STORE_HEADER) {
            Some(store) => Some(store.clone()),
            None => {
                let named = self.parameter("store")?;
                // A name that no header can hold is the name of no store.
                let named = named.map(|name| HeaderValue::from_str(&name));
                named.transpose().map_err(|_| Problem::not_found(NO_STORE))?
            }
        };
        parts.headers.extend(store.map(|store| (STORE_HEADER, store)));
        let (app, who) = (Arc::clone(&self.app), self.who.clone());
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let (places, unheard) = (BTreeMap::new(), Mutex::new(None));
        let asked = self.asked.clone();
        Ok(Call { app, who, parts, places, body, unheard, deadline, asked })
    }

    /// Who asks.
    ///
    /// # Errors
    /// [`Problem::unauthenticated`], at an endpoint for everybody.
    pub(crate) fn who(&self) -> Result<&Who, Problem> {
        self.who.as_ref().ok_or_else(Problem::unauthenticated)
    }

    /// What the call may see.
    pub(crate) fn sight(&self) -> Result<Sight, Problem> {
        let token = &self.who()?.token;
        Ok(Sight {
            systems: token.bound_to_systems().map(<[String]>::to_vec),
            withheld: !token.role.sees_subject_group(),
            trail: token.role.reads_trail() && token.bound_to_systems().is_none(),
        })
    }

    /// The store that is meant: by header, by parameter, or the only one of this token. One that is
    /// absent and one that is not for this token are looked up alike and answered alike.
    pub(crate) fn tenant(&self) -> Result<Arc<Tenant>, Problem> {
        let token = &self.who()?.token;
        let named = match self.parts.headers.get(&STORE_HEADER) {
            Some(name) => Some(name.to_str().unwrap_or_default().to_owned()),
            None => self.parameter("store")?,
        };
        let name = match named {
            Some(name) => name,
            None => {
                let allowed = self.app.tenants().filter(|tenant| token.allows_store(tenant.name()));
                let names: Vec<&str> = allowed.map(|tenant| tenant.name()).collect();
                match names.as_slice() {
                    [only] => (*only).to_owned(),
                    [] => return Err(Problem::not_found(NO_STORE)),
                    several => {
                        return Err(Problem::bad_request(format!(
                            "which store? Name one in the header `Lineal-Store`: {}",
                            several.join(", ")
                        )));
                    }
                }
            }
        };
        let (found, allowed) = (self.app.tenant(&name), token.allows_store(&name));
        match (found, allowed) {
            (Some(tenant), true) => {
                self.asked.tenant(tenant);
                Ok(Arc::clone(tenant))
            }
            (Some(_) | None, _) => Err(Problem::not_found(NO_STORE)),
        }
    }

    /// The body of an upload, to be heard once.
    pub(crate) fn take_unheard(&self) -> Body {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        unheard.take().unwrap_or_else(Body::empty)
    }

    /// The writer of the store that is meant.
    ///
    /// # Errors
    /// As [`Call::tenant`], and [`Problem::read_only`].
    pub(crate) fn writer(&self) -> Result<(Arc<Tenant>, Arc<Writer>), Problem> {
        let tenant = self.tenant()?;
        let writer = self.app.writer(tenant.name()).map(Arc::clone);
        Ok((tenant, writer.ok_or_else(Problem::read_only)?))
    }

    /// A parameter of the query string; an empty one is absent.
    ///
    /// # Errors
    /// [`Problem::bad_request`] if the query string cannot be read or says it twice.
    pub(crate) fn parameter(&self, name: &str) -> Result<Option<String>, Problem> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri)
            .map_err(|_| Problem::bad_request("the query string cannot be read"))?;
        let mut found = pairs.0.into_iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let value = found.next().filter(|value| !value.is_empty());
        match found.next() {
            Some(_) => Err(Problem::bad_request(format!("`{name}` is said twice"))),
            None => Ok(value),
        }
    }

    /// A parameter that is a whole number.
    ///
    /// # Errors
    /// [`Problem::bad_request`].
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let wrong = || Problem::bad_request(format!("`{name}` is a whole number"));
        self.parameter(name)?.map(|text| text.parse().map_err(|_| wrong())).transpose()
    }

    /// Refuses parameters that an endpoint does not know: a misspelt one would be ignored.
    ///
    /// # Errors
    /// [`Problem::bad_request`].
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&self.parts.uri)
            .map_err(|_| Problem::bad_request("the query string cannot be read"))?;
        match pairs.0.iter().find(|(name, _)| name != "store" && !known.contains(&name.as_str())) {
            Some(_) => Err(Problem::bad_request(format!(
                "an unknown parameter; known are store{}{}",
                if known.is_empty() { "" } else { ", " },
                known.join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    /// [`Problem::unsupported`] or [`Problem::bad_request`] with what was expected.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        let is_json = self.parts.headers.get(header::CONTENT_TYPE).is_some_and(|value| {
            let kind = value.to_str().unwrap_or_default();
            kind.split(';')
                .next()
                .is_some_and(|k| k.trim().eq_ignore_ascii_case("application/json"))
        });
        if !is_json {
            return Err(Problem::unsupported("the body is application/json"));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::bad_request(format!("the body: {error}")))
    }
}

/// Said of a store that is absent and of one that is not for this token.
const NO_STORE: &str = "no store of that name, or none that this token may see";

/// Answers a request to an endpoint.
pub(crate) async fn pass(
    app: Arc<App>,
    endpoint: &'static Endpoint,
    places: BTreeMap<String, String>,
    request: Request<Body>,
) -> Response<Body> {
    let (begun, id) = (Instant::now(), app.request_id());
    let (parts, body) = request.into_parts();
    let known = who(&app, endpoint, &parts.headers);
    let asker = known.as_ref().ok().and_then(Clone::clone);
    let noting = trail::Noting::begin(&app, endpoint, asker.as_ref(), &parts);
    let answered = match known {
        Ok(who) => {
            let asked = noting.asked.clone();
            answer(&app, endpoint, who, parts, places, body, begun, asked).await
        }
        Err(problem) => Err(problem),
    };
    let answered = noting.end(answered).await;
    let (mut response, problem) = match answered {
        Ok(response) => (response, None),
        Err(problem) => (problem.response(&id), Some(problem.name)),
    };
    let status = response.status().as_u16();
    finish(&mut response, &id);
    let took = begun.elapsed();
    app.metrics.count(endpoint.method, endpoint.path, status, took);
    log(endpoint, &id, status, took, asker.as_ref(), problem);
    response
}

/// What every response carries.
pub(crate) fn finish(response: &mut Response<Body>, id: &str) {
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
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (method, path) = (endpoint.method, endpoint.path);
    let token = who.map_or("-", |who| who.token.id.as_str());
    let role = who.map_or("-", |who| who.token.role.name());
    let case = who.and_then(|who| who.case.as_deref()).unwrap_or("-");
    let problem = problem.unwrap_or("-");
    if who.is_some_and(|who| who.token.role == crate::role::Role::BreakGlass) {
        tracing::warn!(
            request_id,
            method,
            path,
            status,
            ms,
            token,
            role,
            case,
            problem,
            "break-glass request"
        );
    } else {
        tracing::info!(request_id, method, path, status, ms, token, role, case, problem, "request");
    }
}

/// Who asks, if the endpoint is for them.
fn who(app: &App, endpoint: &Endpoint, headers: &HeaderMap) -> Result<Option<Who>, Problem> {
    let Some(roles) = endpoint.roles.list(app.config.open_metrics) else { return Ok(None) };
    let key = headers.get(&DATADOG_KEY).filter(|_| endpoint.path == DATADOG_LOGS);
    let who = match key {
        Some(_) if headers.contains_key(header::AUTHORIZATION) => {
            return Err(Problem::unauthenticated());
        }
        Some(key) => bearer(app, headers, key.to_str().ok())?,
        None => known(app, headers)?,
    };
    let role = who.token.role;
    if !roles.contains(&role) {
        return Err(Problem::forbidden(format!("the role {role} may not do this")));
    }
    if role.needs_case() && who.case.is_none() {
        return Err(Problem::case_needed());
    }
    Ok(Some(who))
}

/// The owner of the token in the request.
pub(crate) fn known(app: &App, headers: &HeaderMap) -> Result<Who, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let text = given.next().and_then(|value| value.to_str().ok());
    let bearer = text.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    let bearer = bearer.filter(|_| given.next().is_none());
    self::bearer(app, headers, bearer)
}

/// The owner of a token.
fn bearer(app: &App, headers: &HeaderMap, token: Option<&str>) -> Result<Who, Problem> {
    let tokens = app.tokens();
    let token = token.and_then(|text| tokens.find(text, app.now()));
    let token = token.ok_or_else(Problem::unauthenticated)?.clone();
    let case = headers.get(&CASE_HEADER).and_then(|case| case.to_str().ok());
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    let case = case
        .filter(|case| (1..=CASE_BYTES_MAX).contains(&case.len()) && case.chars().all(fits))
        .map(str::to_owned);
    Ok(Who { token, case })
}

async fn answer(
    app: &Arc<App>,
    endpoint: &'static Endpoint,
    who: Option<Who>,
    parts: Parts,
    places: BTreeMap<String, String>,
    body: Body,
    begun: Instant,
    asked: Asked,
) -> Result<Response<Body>, Problem> {
    // Held until the answer has been taken: a slow client holds its rows in memory.
    let pass = match &who {
        Some(who) => Some(app.rates.pass(&who.token.id, begun)?),
        None => None,
    };
    let bodies = Bodies::of(endpoint.path);
    let seconds = Duration::from_secs(bodies.seconds(app));
    let deadline = begun + seconds;
    let (body, unheard) = match bodies {
        Bodies::Upload => (Bytes::new(), Some(body)),
        Bodies::Small | Bodies::Live => {
            (heard(app, bodies, &parts.headers, body, seconds).await?, None)
        }
    };
    let call = Call {
        app: Arc::clone(app),
        who,
        parts,
        places,
        body,
        unheard: Mutex::new(unheard),
        deadline,
        asked,
    };
    let answer = tokio::time::timeout(seconds + GRACE, (endpoint.handler)(call));
    let answer = answer.await.unwrap_or_else(|_| Err(Problem::timed_out()))?;
    Ok(answer.map(|body| Body::new(Held { body, _pass: pass })))
}

/// A body that lets the next request of its token through when it is sent, or given up.
struct Held {
    body: Body,
    _pass: Option<Pass>,
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body, no larger and no later than it may be. Packed ones are taken by live intake alone, which
/// unpacks with care: what is small on the wire could be large here.
async fn heard(
    app: &App,
    bodies: Bodies,
    headers: &HeaderMap,
    body: Body,
    within: Duration,
) -> Result<Bytes, Problem> {
    let packed = headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    if packed && bodies == Bodies::Small {
        return Err(Problem::unsupported("packed bodies are not taken: send the body as it is"));
    }
    let most = bodies.most(app);
    let body = tokio::time::timeout(within, Limited::new(body, most).collect());
    match body.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::too_large(most)),
        Ok(Err(_)) => Err(Problem::bad_request("the body broke off")),
        Err(_) => Err(Problem::slow()),
    }
}
