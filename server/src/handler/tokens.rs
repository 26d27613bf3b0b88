//! `/v1/tokens`: tokens are made, listed and revoked by administrators. A token is good for no store, system or
//! time for which the one that makes it is not, and nobody is told of others than could be made so. The text of
//! a token is in one answer and nowhere else.

use crate::app::App;
use crate::error::Error;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::reply::Written;
use crate::token::{ALL, Token, TokenFile, Wanted};
use crate::wire::{TokenList, TokenMade, TokenRequest, TokenTold};
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use lineal_evidence::record::{time_of, time_text};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Said of a token that is not there, and of one that is good for more than the token that asks.
const NO_TOKEN: &str =
    "no token of that id, or none that this token may end; GET /v1/tokens lists them";

pub(crate) fn describe(it: Description) -> Description {
    it.body::<TokenRequest>()
        .json::<TokenMade>("The token, with its text, which is shown this once.")
        .problem(422, "A token of this role must be bound otherwise, or would have ended already; or a store that it names is not served here, or has no name.")
}

pub(crate) fn describe_list(it: Description) -> Description {
    it.json::<TokenList>("The tokens that are good for no more than the one that asks.")
}

pub(crate) fn describe_revoke(it: Description) -> Description {
    it.place("id", "The id of the token, as GET /v1/tokens gives it")
        .json::<TokenTold>(
            "The token, which is good for nothing from now on; revoked twice it is the same.",
        )
        .problem(404, "No token of that id, or none that this token may end.")
}

/// Makes a token.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let asked: TokenRequest = call.wish()?;
    let now = call.app.now();
    let (own, named) = (&call.who()?.token, asked.stores.clone());
    let wanted = wanted(own, asked)?;
    served(&call.app, own, &named)?;
    let (token, text) = Token::create(wanted, now).map_err(|error| problem(&error))?;
    // The trail knows which one it was: what was asked for, and the id, never the text.
    let body: Json = serde_json::from_slice(&call.body).map_err(|_| Problem::fault())?;
    call.asked.given(json!({ "id": token.id, "asked": body }).to_string());
    let kept = TokenTold::of(&token, now);
    let stores = token.stores.clone();
    changed(&call.app, move |file| file.add(token)).await?;
    call.asked.changes(&kept.id, &stores);
    let made = serde_json::to_value(TokenMade { token: text, kept });
    let mut response = told(&made.map_err(|_| Problem::fault())?);
    // What is shown once lies in no cache, not even in that of who asked.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Refuses stores that are not served here; which ones are is told as far as the token that asks may see them.
fn served(app: &App, own: &Token, named: &[String]) -> Result<(), Problem> {
    let names: Vec<&str> =
        app.tenants().map(|tenant| tenant.name()).filter(|name| own.allows_store(name)).collect();
    if named.iter().all(|store| store == ALL || names.contains(&store.as_str())) {
        return Ok(());
    }
    let why = format!(
        "`stores` names one that is not served here; of those that are this token may see {}, and `{ALL}` is all",
        names.join(", ")
    );
    Err(Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, why))
}

/// What is to be made, where the token that asks is good for all of it.
fn wanted(own: &Token, asked: TokenRequest) -> Result<Wanted, Problem> {
    let TokenRequest { name, role, mut stores, mut systems, expires } = asked;
    if stores.is_empty() {
        stores.clone_from(&own.stores);
    }
    if systems.is_empty() && !role.must_name_systems() {
        systems.clone_from(&own.systems);
    }
    if !own.covers(&stores, &systems) {
        return Err(Problem::forbidden(
            "a token is made for no store and no system that the token which makes it is not good for",
        ));
    }
    let expires = match expires {
        Some(text) => Some(time_of(&text).ok_or_else(|| {
            Problem::bad_request("`expires` is a time as 2027-01-31 or 2027-01-31T12:00:00Z")
        })?),
        // Of these it is said, or the token is not made.
        None if role.must_expire() => None,
        None => own.expires,
    };
    if let (Some(end), Some(wanted)) = (own.expires, expires)
        && wanted > end
    {
        let end = time_text(end);
        return Err(Problem::forbidden(format!(
            "a token lives no longer than the token which makes it, until {end}"
        )));
    }
    Ok(Wanted { name, role, stores, systems, expires })
}

/// Lists the tokens that who asks could have made.
pub(crate) async fn list(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (own, now) = (Arc::clone(&call.who()?.token), call.app.now());
    let file = call.app.token_file().clone();
    let all = aside(move || file.read()).await?;
    let own = all.iter().filter(|token| own.could_make(token));
    let tokens = own.map(|token| TokenTold::of(token, now)).collect();
    let json = serde_json::to_value(TokenList { tokens }).map_err(|_| Problem::fault())?;
    Ok(told(&json))
}

/// Revokes a token; it stays in the list.
pub(crate) async fn revoke(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    let (own, now) = (Arc::clone(&call.who()?.token), call.app.now());
    let id = call.places.get("id").cloned().unwrap_or_default();
    let revoked = changed(&call.app, move |file| {
        let all = file.read()?;
        let is_meant = |token: &&Token| token.id == id && own.could_make(token);
        match all.iter().find(is_meant) {
            Some(token) => file.revoke(&token.id, now),
            None => Err(Error::NoToken { id }),
        }
    });
    let revoked = revoked.await?;
    call.asked.changes(&revoked.id, &revoked.stores);
    let json = serde_json::to_value(TokenTold::of(&revoked, now)).map_err(|_| Problem::fault())?;
    Ok(told(&json))
}

fn told(json: &Json) -> Response<Body> {
    // As it is: packing what holds a secret beside what somebody chose would tell of it by its length.
    Written::json(json, false).response("application/json")
}

/// Changes the file, and has the server know it before anybody is told.
async fn changed<T: Send + 'static>(
    app: &Arc<App>,
    change: impl FnOnce(&TokenFile) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let app = Arc::clone(app);
    aside(move || {
        let done = change(app.token_file())?;
        app.follow_tokens();
        Ok(done)
    })
    .await
}

/// Asks the disk on a thread that no connection waits for.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::fault())?;
    done.map_err(|error| problem(&error))
}

fn problem(error: &Error) -> Problem {
    match error {
        // Options are called as requests call them.
        Error::Token(why) => {
            let why = why.replace(" (--system NAME)", " (`systems`)");
            let why = why.replace(": --expires 30d", ": say `expires`");
            Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, why)
        }
        Error::NoToken { .. } => Problem::not_found(NO_TOKEN),
        other => {
            tracing::error!(error = %other, "the file of tokens cannot be read or written");
            Problem::unready("the tokens cannot be read or written; the server's log says why")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Role;

    fn own(stores: &[&str], systems: &[&str], expires: Option<i64>) -> Token {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (stores, systems) = (all(stores), all(systems));
        let wanted = Wanted { name: "x".to_owned(), role: Role::Admin, stores, systems, expires };
        Token::create(wanted, 0).unwrap().0
    }

    fn asked(body: &Json) -> TokenRequest {
        let mut all = json!({ "name": "n", "role": "engineer" });
        for (name, value) in body.as_object().unwrap() {
            all[name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    #[test]
    fn no_token_is_made_for_more_than_the_one_that_makes_it() {
        let all = own(&[ALL], &[ALL], None);
        let made = wanted(&all, asked(&json!({}))).unwrap();
        assert_eq!(
            (made.stores, made.systems, made.expires),
            (vec![ALL.to_owned()], vec![ALL.to_owned()], None)
        );
        let bound = own(&["main"], &["credit"], Some(1_000));
        let made = wanted(&bound, asked(&json!({}))).unwrap();
        assert_eq!(made.stores, ["main"]);
        assert_eq!((made.systems, made.expires), (vec!["credit".to_owned()], Some(1_000)));
        for wide in [
            json!({ "stores": ["*"] }),
            json!({ "stores": ["main", "other"] }),
            json!({ "systems": ["*"] }),
            json!({ "systems": ["rival"] }),
            json!({ "expires": "2027-01-31" }),
        ] {
            let refused = wanted(&bound, asked(&wide)).unwrap_err();
            assert_eq!(refused.status.as_u16(), 403, "{wide}: {refused:?}");
            assert!(wanted(&all, asked(&wide)).is_ok(), "{wide}");
        }
        let narrow =
            json!({ "stores": ["main"], "systems": ["credit"], "expires": "1970-01-01T00:00:00Z" });
        assert_eq!(wanted(&bound, asked(&narrow)).unwrap().expires, Some(0));
        assert_eq!(
            wanted(&all, asked(&json!({ "expires": "soon" }))).unwrap_err().status.as_u16(),
            400
        );
        // An auditor's bounds are said in words.
        let auditor = wanted(&bound, asked(&json!({ "role": "auditor" }))).unwrap();
        let refused = problem(&Token::create(auditor, 0).unwrap_err());
        assert_eq!(refused.status.as_u16(), 422);
        assert!(
            refused.detail.contains("`systems`") && !refused.detail.contains("--"),
            "{refused:?}"
        );
    }
}
