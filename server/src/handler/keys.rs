//! `GET /v1/keys`: the keys that approvals are signed with, whose they are, and which are revoked.

use super::told;
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::Response;
use lineal_evidence::record::{Error, signers, signers_json};

pub(crate) fn describe(it: Description) -> Description {
    it.in_store()
        .object("The keys, in the order of their fingerprints, with the keys of their owners.")
        .gives(&["Lineal-Commit"])
        .cached()
}

/// Lists them.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&[])?;
    if call.sight()?.is_bound() {
        return Err(Problem::forbidden(
            "keys are of the whole store, and this token is bound to systems",
        ));
    }
    told(&call, &[], |opened, _| {
        let found = signers(opened.snapshot()).map_err(|error| match error {
            Error::Store(error) => Problem::store(&error),
            _ => Problem::fault(),
        })?;
        Ok(signers_json(&found))
    })
    .await
}
