//! `POST /v1/aliases`: a name for a node or a family of nodes, for past and future.

use super::upkeep::take;
use crate::gate::Call;
use crate::jobs::Input;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::wire::{AliasRequest, ImportJob};
use crate::writer::{Failed, Hands};
use axum::body::Body;
use axum::http::Response;
use lineal_engine::schema::Kind;
use lineal_evidence::alias::{self, Error};
use serde_json::{Value as Json, json};

pub(crate) fn describe(it: Description) -> Description {
    let what = "The job; GET /v1/imports/{id} tells its commit.";
    it.body::<AliasRequest>().writes().accepted::<ImportJob>(what)
}

/// Takes on that a name is given, or taken back, in the name of who asks.
pub(crate) async fn post(call: Call) -> Result<Response<Body>, Problem> {
    let wanted: AliasRequest = call.wish()?;
    take(&call, "alias", "a name".to_owned(), |login| Input::Alias(wanted, login))
}

impl Hands {
    /// Gives a name, or takes it back.
    ///
    /// # Errors
    /// A name for programs, and what happened.
    pub(crate) fn alias(&self, wanted: &AliasRequest, login: &str) -> Result<Json, Failed> {
        let failed = |error: Error| match error {
            Error::Store(error) => self.store_failed(&error),
            other => ("refused", other.to_string()),
        };
        let kind = wanted.kind.as_deref().map(alias::kind).transpose().map_err(failed)?;
        let actor = self.store.actor_key(login).map_err(|error| self.store_failed(&error))?;
        let AliasRequest { name, target, .. } = wanted;
        let kind = kind.unwrap_or(Kind::Model);
        let done = alias::set(&self.store, name, target.as_deref(), kind, Some(actor));
        let done = done.map_err(failed)?;
        Ok(json!({ "name": name, "kind": done.kind.name(), "commit": done.commit }))
    }
}
