//! Who asks: by a token of our own, or by one of an identity provider; and whether an endpoint is for
//! them.

use crate::app::App;
use crate::body::DATADOG_LOGS;
use crate::endpoint::Endpoint;
use crate::oidc::Known;
use crate::problem::Problem;
use crate::role::Role;
use crate::token::{PREFIX, Token};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::sync::Arc;

/// Names the case within which is read.
pub(crate) const CASE_HEADER: HeaderName = HeaderName::from_static("lineal-case");
/// Brings a token where Datadog's clients bring their key.
const DATADOG_KEY: HeaderName = HeaderName::from_static("dd-api-key");
/// Longest name of a case, in bytes.
const CASE_BYTES_MAX: usize = 64;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) token: Arc<Token>,
    pub(crate) case: Option<String>,
    /// Who it is in an identity provider's words: personal data, sealed wherever it is kept.
    pub(crate) person: Option<String>,
    /// What else the provider calls them (`sub`): kept nowhere, held against who else is named.
    pub(crate) subject: Option<String>,
}

/// Somebody who does what needs another person beside them: who decides, or who made what they approve.
#[derive(Clone, Debug)]
pub(crate) struct Executor {
    /// As which actor they are recorded.
    pub(crate) login: String,
    /// By what else they may be named.
    pub(crate) also: Vec<String>,
}

impl Who {
    /// As an actor's login, and by every other name that is known here: the token, whom it was made for, and
    /// what an identity provider says. Whoever is named by any of these is no other person.
    pub(crate) fn executor(&self) -> Executor {
        let token = format!("token:{}", self.token.id);
        let login = self.person.clone().unwrap_or_else(|| token.clone());
        let also = [Some(token), Some(self.token.name.clone()), self.subject.clone()];
        Executor { login, also: also.into_iter().flatten().collect() }
    }
}

/// What a request says of who sends it.
pub(crate) struct Asker {
    /// Who asks; nobody at endpoints for everybody, and where no token is known.
    pub(crate) who: Option<Arc<Who>>,
    /// Why they are refused. Of somebody who is known a refusal is logged, counted and held to the rate
    /// as what is answered.
    pub(crate) refused: Option<Problem>,
}

impl Asker {
    /// Refused before anybody is known.
    pub(crate) fn unknown(refused: Problem) -> Asker {
        Asker { who: None, refused: Some(refused) }
    }

    /// Who asks, and whether the endpoint is for them.
    pub(crate) async fn of(app: &App, endpoint: &Endpoint, headers: &HeaderMap) -> Asker {
        let Some(roles) = endpoint.roles.list(app.config.open_metrics) else {
            return Asker { who: None, refused: None };
        };
        match who(app, endpoint, headers).await {
            Ok(who) => {
                let refused = fits(&who, roles, headers).err();
                Asker { who: Some(Arc::new(who)), refused }
            }
            Err(refused) => Asker::unknown(refused),
        }
    }
}

/// Is an endpoint for these roles for them, as they ask?
fn fits(who: &Who, roles: &[Role], headers: &HeaderMap) -> Result<(), Problem> {
    let role = who.token.role;
    if !roles.contains(&role) {
        return Err(Problem::forbidden(format!("the role {role} may not do this")));
    }
    one_of(headers, &CASE_HEADER, "Lineal-Case")?;
    if role.needs_case() && who.case.is_none() {
        return Err(Problem::case_needed());
    }
    Ok(())
}

/// The owner of the token, wherever the endpoint takes one.
async fn who(app: &App, endpoint: &Endpoint, headers: &HeaderMap) -> Result<Who, Problem> {
    let key = headers.get(&DATADOG_KEY).filter(|_| endpoint.path == DATADOG_LOGS);
    match key {
        // Of two keys the first would win in silence.
        Some(_) if headers.get_all(&DATADOG_KEY).iter().nth(1).is_some() => {
            Err(Problem::two_tokens())
        }
        // The same one said twice, as a proxy or a client's settings may have it, is one.
        Some(key) if headers.contains_key(header::AUTHORIZATION) && !is_given(headers, key) => {
            Err(Problem::two_tokens())
        }
        // A machine's key: people of a provider do not come so.
        Some(key) => bearer(app, headers, key.to_str().ok().filter(|key| key.starts_with(PREFIX))),
        None => known(app, headers).await,
    }
}

/// The one header of a name: of two the first would win in silence.
///
/// # Errors
/// [`Problem::bad_request`] if it is there twice.
pub(crate) fn one_of<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    called: &str,
) -> Result<Option<&'h HeaderValue>, Problem> {
    let mut given = headers.get_all(name).iter();
    let only = given.next();
    match given.next() {
        Some(_) => Err(Problem::bad_request(format!("the header `{called}` is said twice"))),
        None => Ok(only),
    }
}

/// Is the bearer token of a request this key?
fn is_given(headers: &HeaderMap, key: &HeaderValue) -> bool {
    // Both come from whoever asks: how long it takes to compare them tells nobody anything.
    bearer_of(headers).is_some_and(|token| token.as_bytes() == key.as_bytes())
}

/// The one bearer token of a request.
fn bearer_of(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, token) = given.next()?.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer") && given.next().is_none();
    is_bearer.then_some(token.trim())
}

/// The owner of the token in the request.
pub(crate) async fn known(app: &App, headers: &HeaderMap) -> Result<Who, Problem> {
    let bearer = bearer_of(headers);
    if let (Some(oidc), Some(text)) = (&app.oidc, bearer)
        && oidc.is_new_key(text)
    {
        oidc.look_again(app.now()).await;
    }
    self::bearer(app, headers, bearer)
}

/// The owner of a token: of our own by how it begins, of the identity provider any other.
fn bearer(app: &App, headers: &HeaderMap, token: Option<&str>) -> Result<Who, Problem> {
    let text = token.ok_or_else(Problem::unauthenticated)?;
    // Of two, neither: that is refused once it is known who asks.
    let case = one_of(headers, &CASE_HEADER, "Lineal-Case").ok().flatten();
    let case = case.and_then(|case| case.to_str().ok());
    let case = case.filter(|case| is_case(case)).map(str::to_owned);
    if text.starts_with(PREFIX) {
        let token = app.token(text).ok_or_else(Problem::unauthenticated)?;
        return Ok(Who { token, case, person: None, subject: None });
    }
    let oidc = app.oidc.as_ref().ok_or_else(Problem::unauthenticated)?;
    let known = oidc.find(text, app.now()).map_err(|_| Problem::unauthenticated())?;
    let Known { token, person, subject, cases } = known;
    let token = Arc::new(token);
    let case = match (cases.as_deref(), case) {
        (None, case) => case,
        // The only one of the token needs no header; another than the token's is none.
        (Some([only]), None) if is_case(only) => Some(only.clone()),
        (Some(cases), case) => case.filter(|case| cases.contains(case)),
    };
    Ok(Who { token, case, person: Some(person), subject: Some(subject) })
}

/// May a case be called so?
fn is_case(case: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    (1..=CASE_BYTES_MAX).contains(&case.len()) && case.chars().all(fits)
}
