//! A request that was let through ([`crate::gate`]), as a handler has it: who asks, what was said, which store is
//! meant, and what of it may be seen.

use crate::app::App;
use crate::asker::{Who, one_of};
use crate::jobs::Job;
use crate::problem::Problem;
use crate::scope::{Scope, ScopedView};
use crate::tenant::{Opened, Tenant};
use crate::trail::Asked;
use crate::wire::NUMBER_MOST;
use crate::writer::Writer;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Request, header};
use bytes::Bytes;
use lineal_engine::Snapshot;
use lineal_query::StoreView;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Names the store that is meant, where there are several.
const STORE_HEADER: HeaderName = HeaderName::from_static("lineal-store");

/// A request that was let through, with what a handler needs.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    /// Names it in the log.
    pub(crate) request_id: Arc<str>,
    /// Who asks; nobody at endpoints for everybody.
    pub(crate) who: Option<Arc<Who>>,
    pub(crate) parts: Parts,
    /// What stands in the places of the path.
    pub(crate) places: BTreeMap<String, String>,
    pub(crate) body: Bytes,
    /// The body of an upload, which the handler hears.
    pub(crate) unheard: Mutex<Option<Body>>,
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
    ///
    /// # Errors
    /// As [`Sight::seen`].
    pub(crate) fn scoped(
        &self,
        opened: &Opened,
        whole: &StoreView,
    ) -> Result<Option<ScopedView>, Problem> {
        let scope = self.scope(opened, whole.snapshot())?;
        let scoped = |scope| Some(ScopedView::new(whole.clone(), scope, self.systems.as_deref()?));
        Ok(scope.and_then(scoped))
    }

    /// A view with the events that may be seen, and which of its nodes may be; none is all.
    ///
    /// # Errors
    /// [`Problem::store`], where it cannot be read whose events are whose: nothing is shown then.
    pub(crate) fn seen(
        &self,
        opened: &Opened,
        view: Snapshot,
    ) -> Result<(Snapshot, Option<Arc<Scope>>), Problem> {
        let scope = self.scope(opened, &view)?;
        Ok(match &scope {
            Some(of) => (of.narrow(view), scope),
            None => (view, None),
        })
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

    fn scope(&self, opened: &Opened, view: &Snapshot) -> Result<Option<Arc<Scope>>, Problem> {
        let Some(systems) = self.systems.as_deref() else { return Ok(None) };
        // Nodes have other numbers in other views.
        let made = if view.commit() == opened.commit() {
            opened.scopes.of(view, systems)
        } else {
            Scope::of(view, systems, opened.scopes.known()).map(Arc::new)
        };
        made.map(Some).map_err(|error| Problem::store(&error))
    }
}

impl Call {
    /// A call of somebody who is known without a request.
    pub(crate) fn of(app: Arc<App>, who: Who) -> Call {
        let (parts, ()) = Request::new(()).into_parts();
        let (places, body) = (BTreeMap::new(), Bytes::new());
        let (unheard, deadline) = (Mutex::new(None), Instant::now());
        let (request_id, asked) = (app.request_id().into(), Asked::default());
        let who = Some(Arc::new(who));
        Call { app, request_id, who, parts, places, body, unheard, deadline, asked }
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
        let named = self.named()?;
        // A name that no header can hold is the name of no store.
        let store = named.map(|name| HeaderValue::from_str(&name));
        let store = store.transpose().map_err(|_| Problem::not_found(NO_STORE))?;
        parts.headers.extend(store.map(|store| (STORE_HEADER, store)));
        let (app, who) = (Arc::clone(&self.app), self.who.clone());
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let (places, unheard) = (BTreeMap::new(), Mutex::new(None));
        let (request_id, asked) = (Arc::clone(&self.request_id), self.asked.clone());
        Ok(Call { app, request_id, who, parts, places, body, unheard, deadline, asked })
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
        let name = match self.named()? {
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

    /// The store that the request names, by header or by parameter. Of two that differ the first would win in
    /// silence, and what comes back would look like the other's.
    fn named(&self) -> Result<Option<Cow<'_, str>>, Problem> {
        let header = one_of(&self.parts.headers, &STORE_HEADER, "Lineal-Store")?;
        let header = header.map(|name| name.to_str().unwrap_or_default());
        match (header, self.parameter("store")?) {
            (Some(header), Some(parameter)) if header != parameter => Err(Problem::bad_request(
                "the header `Lineal-Store` and the parameter `store` name two stores: leave one out",
            )),
            (Some(header), _) => Ok(Some(Cow::Borrowed(header))),
            (None, parameter) => Ok(parameter.map(Cow::Owned)),
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
        let wrong =
            || Problem::bad_request(format!("`{name}` is a whole number from 0 to {NUMBER_MOST}"));
        let read = |text: String| text.parse().ok().filter(|it| *it <= NUMBER_MOST);
        self.parameter(name)?.map(|text| read(text).ok_or_else(wrong)).transpose()
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
        Job::new(id, kind, label, now, (self.who.clone(), Arc::clone(&self.request_id)))
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
