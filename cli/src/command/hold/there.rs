//! `lineal --url hold`: a server that writes the store records it, in the name of the token.

use crate::args::{Arguments, Hold};
use crate::exit::{Failure, Outcome};
use crate::remote::Remote;
use serde_json::json;

pub(super) fn run(arguments: &Arguments, wanted: &Hold, remote: &Remote) -> Outcome {
    let (name, body, done, by) = match wanted {
        Hold::Add { name, scope, reason, by } => {
            let body = json!({ "name": name, "scope": scope, "reason": reason });
            (name, body, "held", by)
        }
        Hold::Release { name, reason, by } => {
            let body = json!({ "name": name, "reason": reason, "release": true });
            (name, body, "released", by)
        }
        Hold::List => return super::told(arguments, &remote.holds()?),
    };
    if by.is_some() {
        return Err(Failure::usage("--by does not go with --url: the token says who it is"));
    }
    let report = remote.done("/v1/holds", &body)?;
    super::done(arguments, name, done, report["commit"].as_u64().unwrap_or(0))
}
