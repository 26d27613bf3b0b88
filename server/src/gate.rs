//! The way of every request: named, known, allowed, let through, heard, answered, counted. There is
//! no other way to a handler, and what an endpoint does not allow is refused here.

pub(crate) use crate::asker::{Who, known};
pub(crate) use crate::held::Held;

use crate::app::App;
use crate::asker::who;
use crate::body::Bodies;
use crate::endpoint::Endpoint;
use crate::jobs::Job;
use crate::log::Answered;
use crate::places::Place;
use crate::problem::Problem;
use crate::scope::{Scope, ScopedView};
use crate::telemetry::{Parent, Span};
use crate::tenant::{Opened, Tenant};
use crate::trail::{self, Asked, Peer};
use crate::within::within;
use crate::writer::Writer;
use axum::BoxError;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body as HttpBody;
use lineal_engine::Snapshot;
use lineal_query::StoreView;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names the store that is meant, where there are several.
pub(crate) const STORE_HEADER: HeaderName = HeaderName::from_static("lineal-store");
/// Names a request in the log.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A question ends itself at its deadline, between two steps; this long is waited for that.
const GRACE: Duration = Duration::from_secs(5);

/// A request that was let through, with what a handler needs.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    /// Who asks; nobody at endpoints for everybody.
    who: Option<Arc<Who>>,
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
    /// Is what is restricted shown to it?
    pub(crate) restricted: bool,
}

impl Sight {
    /// Is it bound to a part of the store?
    pub(crate) fn is_bound(&self) -> bool {
        self.systems.is_some()
    }

    /// What a question may come by, where that is not the whole view.
    pub(crate) fn scoped(&self, opened: &Opened, whole: &StoreView) -> Option<ScopedView> {
        let scope = self.scope(opened, whole.snapshot())?;
        Some(ScopedView::new(whole.clone(), scope, self.systems.as_deref()?))
    }

    /// The systems that the token is bound to, for what names an answer.
    pub(crate) fn systems(&self) -> Option<&[String]> {
        self.systems.as_deref()
    }

    /// What is kept back, in words.
    pub(crate) fn withheld_words(&self) -> Vec<&'static str> {
        let all = [
            (self.withheld, "subject group"),
            (self.is_bound(), "what is not of the systems of this token"),
        ];
        all.into_iter().filter_map(|(is_so, words)| is_so.then_some(words)).collect()
    }

    /// The view for it, as far as what is restricted goes.
    pub(crate) fn shown(&self, view: Snapshot) -> Snapshot {
        if self.restricted { view.with_restricted() } else { view }
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
        Call { app, who: Some(Arc::new(who)), parts, places, body, unheard, deadline, asked }
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
        self.who.as_deref().ok_or_else(Problem::unauthenticated)
    }

    /// What the call may see.
    pub(crate) fn sight(&self) -> Result<Sight, Problem> {
        let token = &self.who()?.token;
        Ok(Sight {
            systems: token.bound_to_systems().map(<[String]>::to_vec),
            withheld: !token.role.sees_subject_group(),
            trail: token.role.reads_trail() && token.bound_to_systems().is_none(),
            restricted: token.role.sees_restricted(),
        })
    }

    /// The store that is meant: by header, by parameter, or the only one of this token. One that is
    /// absent and one that is not for this token are looked up alike and answered alike.
    pub(crate) fn tenant(&self) -> Result<Arc<Tenant>, Problem> {
        let token = &self.who()?.token;
        let named = match self.parts.headers.get(&STORE_HEADER) {
            Some(name) => Some(Cow::Borrowed(name.to_str().unwrap_or_default())),
            None => self.parameter("store")?.map(Cow::Owned),
        };
        let name = match named {
            Some(name) => name,
            None => {
                let names = self.app.tenants().map(|tenant| tenant.name());
                let own = |name: &&str| token.allows_store(name) && !self.app.is_for_trail(name);
                let mut names = names.filter(own);
                match (names.next(), names.next()) {
                    (Some(only), None) => Cow::Borrowed(only),
                    (None, _) => return Err(Problem::not_found(NO_STORE)),
                    (Some(one), Some(other)) => {
                        let several: Vec<&str> = [one, other].into_iter().chain(names).collect();
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
        if self.parts.uri.query().is_none() {
            return Ok(None);
        }
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
        if self.parts.uri.query().is_none() {
            return Ok(());
        }
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

    /// A job of who asks, called by an id that was made for it; the trail names it.
    pub(crate) fn job(&self, id: String, kind: &'static str, label: String, now: i64) -> Arc<Job> {
        self.asked.job(&id);
        Job::new(id, kind, label, now, self.who.clone())
    }

    /// What a write is asked to do: the body, read as JSON, which the trail keeps sealed.
    ///
    /// # Errors
    /// As [`Call::json`].
    pub(crate) fn wish<T: serde::de::DeserializeOwned>(&self) -> Result<T, Problem> {
        let read = self.json()?;
        self.asked.given(String::from_utf8_lossy(&self.body).into_owned());
        Ok(read)
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
    HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static
{
}

impl<B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static> Heard for B {}

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
    let known = who(app, endpoint, &parts.headers).await.map(|who| who.map(Arc::new));
    let asker = known.as_ref().ok().and_then(Clone::clone);
    let came = app.now();
    // Of those alone whom we know: nobody else writes into the traces of others.
    let parent = asker.as_ref().filter(|_| app.telemetry.is_some());
    let parent = parent.and_then(|_| Parent::of(&parts.headers));
    let noting = trail::Noting::begin(app, endpoint, asker.clone(), &parts, from.peer, came);
    let asked = noting.asked.clone();
    let answered = match known {
        Ok(who) => {
            let place = from.place;
            answer(app, endpoint, who, parts, places, body, begun, (asked.clone(), place)).await
        }
        Err(problem) => Err(problem),
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
    response
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
    (asked, place): (Asked, Option<&Arc<Place>>),
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
