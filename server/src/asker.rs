//! Who asks: by a token of our own, or by one of an identity provider; and whether an endpoint is for
//! them.

use crate::app::App;
use crate::body::DATADOG_LOGS;
use crate::endpoint::Endpoint;
use crate::oidc::Known;
use crate::problem::Problem;
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
}

/// Who asks, if the endpoint is for them.
pub(crate) async fn who(
    app: &App,
    endpoint: &Endpoint,
    headers: &HeaderMap,
) -> Result<Option<Who>, Problem> {
    let Some(roles) = endpoint.roles.list(app.config.open_metrics) else { return Ok(None) };
    let key = headers.get(&DATADOG_KEY).filter(|_| endpoint.path == DATADOG_LOGS);
    let who = match key {
        // The same one said twice, as a proxy or a client's settings may have it, is one.
        Some(key) if headers.contains_key(header::AUTHORIZATION) && !is_given(headers, key) => {
            return Err(Problem::two_tokens());
        }
        // A machine's key: people of a provider do not come so.
        Some(key) => bearer(app, headers, key.to_str().ok().filter(|key| key.starts_with(PREFIX)))?,
        None => known(app, headers).await?,
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

/// Is the bearer token of a request this key?
fn is_given(headers: &HeaderMap, key: &HeaderValue) -> bool {
    let keys = headers.get_all(&DATADOG_KEY).iter().count();
    // Both come from whoever asks: how long it takes to compare them tells nobody anything.
    keys == 1 && bearer_of(headers).is_some_and(|token| token.as_bytes() == key.as_bytes())
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
    let case = headers.get(&CASE_HEADER).and_then(|case| case.to_str().ok());
    let case = case.filter(|case| is_case(case)).map(str::to_owned);
    if text.starts_with(PREFIX) {
        let token = app.token(text).ok_or_else(Problem::unauthenticated)?;
        return Ok(Who { token, case, person: None });
    }
    let oidc = app.oidc.as_ref().ok_or_else(Problem::unauthenticated)?;
    let known = oidc.find(text, app.now()).map_err(|_| Problem::unauthenticated())?;
    let Known { token, person, cases } = known;
    let token = Arc::new(token);
    let case = match (cases.as_deref(), case) {
        (None, case) => case,
        // The only one of the token needs no header; another than the token's is none.
        (Some([only]), None) if is_case(only) => Some(only.clone()),
        (Some(cases), case) => case.filter(|case| cases.contains(case)),
    };
    Ok(Who { token, case, person: Some(person) })
}

/// May a case be called so?
fn is_case(case: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':');
    (1..=CASE_BYTES_MAX).contains(&case.len()) && case.chars().all(fits)
}
