//! Notes a request when its answer is known, before the first byte of it is sent.

use super::{Asked, Counted, Peer, Trail, Use, Weight, weight};
use crate::app::App;
use crate::endpoint::Endpoint;
use crate::gate::Who;
use crate::problem::Problem;
use crate::reply::{COMMIT, TOTAL};
use crate::role::Role;
use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderName, Response};
use std::net::IpAddr;
use std::sync::Arc;

/// A request on its way.
pub(crate) struct Noting {
    app: Arc<App>,
    endpoint: &'static Endpoint,
    /// Filled on the way.
    pub(crate) asked: Asked,
    target: String,
    from: Option<IpAddr>,
    begun: i64,
}

impl Noting {
    /// A request comes.
    pub(crate) fn begin(app: &Arc<App>, endpoint: &'static Endpoint, parts: &Parts) -> Noting {
        let target = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
        Noting {
            app: Arc::clone(app),
            endpoint,
            asked: Asked::default(),
            target,
            from: parts.extensions.get::<Peer>().map(|Peer(address)| *address),
            begun: app.now(),
        }
    }

    /// It is answered. Where the answer must be in the trail, it is given only if it is.
    pub(crate) async fn end(
        self,
        asker: Option<&Who>,
        answered: Result<Response<Body>, Problem>,
    ) -> Result<Response<Body>, Problem> {
        let app = Arc::clone(&self.app);
        let Some((trail, each)) = self.weighed(&app, asker, &answered) else { return answered };
        match trail.note(vec![each]).await {
            Ok(()) => answered,
            Err(why) => Err(Problem::untold(&why)),
        }
    }

    /// Counts it, or says what is to be noted where.
    fn weighed<'a>(
        self,
        app: &'a App,
        asker: Option<&Who>,
        answered: &Result<Response<Body>, Problem>,
    ) -> Option<(&'a Trail, Use)> {
        let status = match answered {
            Ok(response) => response.status().as_u16(),
            Err(problem) => problem.status.as_u16(),
        };
        let known = self.asked.known();
        let role = asker.map(|who| who.token.role);
        let weight = weight(self.endpoint, role, status, known.exported);
        if weight == Weight::None {
            return None;
        }
        let tenant = known.tenant.as_ref().map(|(tenant, _)| tenant.name());
        let trail = app.trail(tenant, asker)?;
        let header = |name: HeaderName| {
            let response = answered.as_ref().ok()?;
            response.headers().get(name)?.to_str().ok()?.parse::<u64>().ok()
        };
        let results = known.results.or_else(|| header(TOTAL));
        let endpoint = format!("{} {}", self.endpoint.method, self.endpoint.path);
        let token = asker.map(|who| who.token.id.clone());
        let role = role.map(Role::name);
        if weight == Weight::Counted {
            let results = results.unwrap_or_default();
            // Of a question that was not understood nothing is kept, of others their kind.
            let plan = known.plan.filter(|_| status < 400 || status == 403);
            trail.count(Counted { token, role, endpoint, plan, status, results });
            return None;
        }
        let (question, given) = known.question.unwrap_or((self.target, None));
        let now = known.tenant.as_ref().map(|(tenant, _)| tenant.current().commit());
        let each = Use {
            time: self.begun,
            what: "use",
            token,
            role,
            case: asker.and_then(|who| who.case.clone()),
            endpoint: Some(endpoint),
            plan: known.plan,
            status: Some(status),
            count: 1,
            results,
            before: known.tenant.map(|(_, commit)| commit),
            after: header(COMMIT).or(now),
            question: Some(question),
            given,
            address: self.from.map(|address| address.to_string()),
        };
        Some((trail, each))
    }
}
