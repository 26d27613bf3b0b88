//! `lineal --url retention`: what a server says of its store, and what is due erased there by two persons, of
//! whom the second is the one whose token it is.

use super::apply::{decided_by, read, written};
use crate::args::{Apply, Arguments, Retention};
use crate::command::erase;
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::texts;
use crate::time::rfc3339;
use lineal_evidence::retention::Proposal;
use serde_json::{Value as Json, json};
use std::io::Write;
use std::path::Path;

/// The policy that is named here, to go along.
fn policy(wanted: &Retention) -> Outcome<Option<String>> {
    let Some(path) = &wanted.policy else { return Ok(None) };
    let text = std::fs::read_to_string(path);
    let text =
        text.map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())));
    text.map(Some)
}

fn at(wanted: &Retention) -> Outcome<Option<String>> {
    let at = wanted.at.as_ref().map(|text| crate::time::parse(text)).transpose()?;
    Ok(at.map(rfc3339))
}

/// What a server says of its store, under the policy that is named here.
pub(super) fn told(remote: &Remote, wanted: &Retention) -> Outcome<Json> {
    let told = remote.retention(policy(wanted)?.as_deref(), at(wanted)?.as_deref())?;
    for kept in texts(&told["withheld"]) {
        writeln!(std::io::stderr(), "withheld from this role: {kept}")?;
    }
    Ok(told)
}

/// Has a server propose what is due, or erase what was proposed.
pub(super) fn apply(
    arguments: &Arguments,
    wanted: &Retention,
    step: &Apply,
    remote: &Remote,
) -> Outcome {
    if let Some(path) = &step.propose {
        return propose(arguments, wanted, (&step.class, path), remote);
    }
    let (Some(path), Some(digest)) = (&step.execute, &step.digest) else {
        return Err(Failure::usage("--execute needs --digest and --decided-by"));
    };
    if step.executed_by.is_some() {
        return Err(Failure::usage(
            "--executed-by does not go with --url: the token says who executes",
        ));
    }
    if wanted.at.is_some() {
        return Err(Failure::usage(
            "--at does not go with --execute over --url: it is executed as of the server's now",
        ));
    }
    let proposal = String::from_utf8(read(path)?).map_err(|_| {
        let path = path.display();
        Failure::usage(format!("{path} is no proposal of `lineal retention apply`"))
    })?;
    let body = json!({
        "proposal": proposal, "sha256": digest, "policy": policy(wanted)?,
        "decided_by": decided_by(step)?,
    });
    let report = remote.done("/v1/retention/executions", &body)?;
    erase::told_there(arguments, lineal_proof::record::Decision::Erased, &report)
}

/// Writes what is due there into a file here.
fn propose(
    arguments: &Arguments,
    wanted: &Retention,
    (class, path): (&str, &Path),
    remote: &Remote,
) -> Outcome<Exit> {
    let body = json!({ "policy": policy(wanted)?, "at": at(wanted)?, "class": class });
    let (text, due) = remote.proposal(&body)?;
    let proposal = Proposal::read(text, due).ok_or_else(|| {
        Failure::usage(
            "what the server proposes is of another version of lineal; nothing was written",
        )
    })?;
    written(arguments, &proposal, (class, path))
}
