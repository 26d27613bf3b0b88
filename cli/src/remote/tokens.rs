//! The tokens of a server, made, listed and revoked by an administrator over the network.

use super::{Remote, broken};
use crate::exit::{Failure, Outcome};
use serde_json::Value as Json;

const PATH: &str = "/v1/tokens";

impl Remote {
    /// Makes a token; its text is in the answer and nowhere else.
    pub(crate) fn make_token(&self, wanted: &Json) -> Outcome<Json> {
        let body = self.connection.post(PATH, wanted, "application/json", "")?;
        serde_json::from_reader(body).map_err(|why| broken(&why.to_string()))
    }

    /// The tokens that this one could have made.
    pub(crate) fn tokens(&self) -> Outcome<Json> {
        Ok(self.connection.json(PATH, &[])?["tokens"].take())
    }

    /// Revokes a token.
    pub(crate) fn revoke_token(&self, id: &str) -> Outcome<Json> {
        // Whatever else is typed names no token, and no other path.
        if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(Failure::usage(format!(
                "no token has the id {id:?}; `lineal token list` shows them"
            )));
        }
        self.connection.delete(&format!("{PATH}/{id}"))
    }
}
