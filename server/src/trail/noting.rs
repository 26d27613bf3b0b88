//! Notes a request when its answer is known, before the first byte of it is sent.

use super::asked::Known;
use super::weight::outcome;
use super::{Asked, Counted, Peer, Trail, Use, Weight, weight};
use crate::app::App;
use crate::endpoint::Endpoint;
use crate::gate::Who;
use crate::intake::Refused;
use crate::problem::Problem;
use crate::reply::{COMMIT, TOTAL};
use crate::role::Role;
use axum::http::request::Parts;
use axum::http::{HeaderName, Response, Uri};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;

/// The status under which a request is counted whose sender left before it was answered.
const LEFT: u16 = 499;

/// A request on its way. If it is dropped before its end, its sender has left: that is counted.
pub(crate) struct Noting<'a> {
    app: &'a Arc<App>,
    endpoint: &'static Endpoint,
    /// Filled on the way.
    pub(crate) asked: Asked,
    asker: Option<Arc<Who>>,
    uri: Uri,
    from: Option<IpAddr>,
    begun: i64,
    is_over: bool,
}

impl<'a> Noting<'a> {
    /// A request comes from somewhere, at a time in ns since 1970 UTC.
    pub(crate) fn begin(
        app: &'a Arc<App>,
        endpoint: &'static Endpoint,
        asker: Option<Arc<Who>>,
        parts: &Parts,
        from: Option<Peer>,
        begun: i64,
    ) -> Noting<'a> {
        Noting {
            app,
            endpoint,
            asked: Asked::default(),
            asker,
            uri: parts.uri.clone(),
            from: from.map(|Peer(address)| address),
            begun,
            is_over: false,
        }
    }

    /// It is answered. Where the answer must be in the trail, it is given only if it is.
    pub(crate) async fn end<B>(
        mut self,
        answered: Result<Response<B>, Problem>,
    ) -> Result<Response<B>, Problem> {
        let noted = self.weighed(&answered);
        if noted.is_empty() {
            return answered;
        }
        // By itself: whoever leaves now leaves an entry all the same.
        let noted = tokio::spawn(async move {
            for (trail, each) in noted {
                trail.note(vec![each]).await?;
            }
            Ok(())
        });
        let noted: Result<Result<(), Refused>, _> = noted.await;
        match noted {
            Ok(Ok(())) => answered,
            Ok(Err(why)) => Err(Problem::untold(&why)),
            Err(_) => Err(Problem::fault()),
        }
    }

    /// Counts it, or says what is to be noted where.
    fn weighed<B>(&mut self, answered: &Result<Response<B>, Problem>) -> Vec<(Arc<Trail>, Use)> {
        let Some((trail, each)) = self.weighed_here(answered) else { return Vec::new() };
        let changed = self.asked.locked().token.take();
        let Some(changed) = changed else { return vec![(trail, each)] };
        // Whoever reads the trail of a store learns who made or revoked what is good for it. What else that is
        // good for is not of this store.
        let given = json!({ "id": changed.id }).to_string();
        let also = Use { given: Some(given), before: None, after: None, ..each.clone() };
        let also = Use { store: None, ..also };
        let mut all = vec![(trail, each)];
        for other in self.app.trails_of(&changed.stores) {
            if !all.iter().any(|(noted, _)| Arc::ptr_eq(noted, other)) {
                all.push((Arc::clone(other), also.clone()));
            }
        }
        all
    }

    /// The same, in the trail of whoever asks.
    fn weighed_here<B>(
        &mut self,
        answered: &Result<Response<B>, Problem>,
    ) -> Option<(Arc<Trail>, Use)> {
        self.is_over = true;
        let status = match answered {
            Ok(response) => response.status().as_u16(),
            Err(problem) => problem.status.as_u16(),
        };
        let asked = self.asked.clone();
        let mut known = asked.locked();
        let status = known.refused.unwrap_or(status);
        let role = self.asker.as_ref().map(|who| who.token.role);
        let weight = weight(self.endpoint, role, status, known.exported);
        if weight == Weight::None {
            return None;
        }
        let header = |name: HeaderName| {
            let response = answered.as_ref().ok()?;
            response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok()
        };
        let trail = self.trail(&known)?;
        let results = known.results.or_else(|| header(TOTAL));
        if weight == Weight::Counted {
            if let Some(who) = &self.asker {
                trail.meet(who);
            }
            trail.count(self.counted(trail, &known, status, results));
            return None;
        }
        let before = known.tenant.as_ref().map(|(_, commit)| *commit);
        let now = known.tenant.as_ref().map(|(tenant, _)| tenant.current().commit());
        // An answer may be of an earlier commit than the store had when it was asked: a pack, a cursor, `as_of`.
        let after = header(COMMIT).filter(|commit| before.is_none_or(|before| *commit >= before));
        let target = || self.uri.path_and_query().map(ToString::to_string);
        let question = known.question.take().map(|text| text.to_string()).or_else(target);
        let each = Use {
            time: self.begun,
            what: "use",
            token: self.asker.as_ref().map(|who| who.token.id.clone()),
            role: role.map(Role::name),
            case: self.asker.as_ref().and_then(|who| who.case.clone()),
            store: trail.concerning(known.tenant.as_ref().map(|(tenant, _)| tenant.name())),
            endpoint: Some(self.endpoint_name()),
            plan: known.plan.as_deref().map(str::to_owned),
            status: Some(status),
            outcome: Some(outcome(status)),
            count: 1,
            results,
            before,
            after: after.or(now),
            job: known.job.take(),
            question: Some(question.unwrap_or_default()),
            given: known.given.take(),
            address: self.from.map(|address| address.to_string()),
            person: self.asker.as_ref().and_then(|who| who.person.clone()),
        };
        Some((Arc::clone(trail), each))
    }

    fn trail(&self, known: &Known) -> Option<&'a Arc<Trail>> {
        let tenant = known.tenant.as_ref().map(|(tenant, _)| tenant.name());
        self.app.trail(tenant, self.asker.as_deref())
    }

    fn endpoint_name(&self) -> String {
        format!("{} {}", self.endpoint.method, self.endpoint.path)
    }

    fn counted(&self, trail: &Trail, known: &Known, status: u16, results: Option<u64>) -> Counted {
        Counted {
            store: trail.concerning(known.tenant.as_ref().map(|(tenant, _)| tenant.name())),
            token: self.asker.as_ref().map(|who| who.token.id.clone()),
            role: self.asker.as_ref().map(|who| who.token.role.name()),
            endpoint: self.endpoint_name(),
            // Of a question that was not understood nothing is kept, of others their kind.
            plan: known
                .plan
                .as_ref()
                .filter(|_| status < 400 || matches!(status, 403 | LEFT))
                .map(ToString::to_string),
            status,
            results: results.unwrap_or_default(),
        }
    }
}

impl Drop for Noting<'_> {
    fn drop(&mut self) {
        let role = self.asker.as_ref().map(|who| who.token.role);
        if self.is_over || weight(self.endpoint, role, LEFT, false) == Weight::None {
            return;
        }
        let asked = self.asked.clone();
        let known = asked.locked();
        if let Some(trail) = self.trail(&known) {
            if let Some(who) = &self.asker {
                trail.meet(who);
            }
            trail.count(self.counted(trail, &known, LEFT, None));
        }
    }
}
