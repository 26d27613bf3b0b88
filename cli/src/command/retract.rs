//! `lineal retract`: undo an import; nothing is deleted.

use crate::args::{Arguments, Retract};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Retract) -> Outcome {
    let number = wanted.import.strip_prefix("import:").unwrap_or(&wanted.import);
    let number: u64 = number.parse().map_err(|_| {
        Failure::usage(format!(
            "{} is no import; write import:7 (`lineal imports` lists them)",
            wanted.import
        ))
    })?;
    let commit = match Remote::meant(arguments)? {
        Some(remote) => there(&remote, wanted, number)?,
        None => here(arguments, wanted, number)?,
    };
    let mut out = std::io::stdout().lock();
    let done = if wanted.restore { "restored" } else { "retracted" };
    if arguments.json {
        writeln!(
            out,
            "{}",
            serde_json::json!({ "import": number, "done": done, "commit": commit })
        )?;
    } else {
        writeln!(
            out,
            "import:{number} {done} in commit {commit}; `as of {}` still shows it as before",
            commit.saturating_sub(1)
        )?;
    }
    Ok(Exit::Answer)
}

/// Undoes it in the store here; gives the commit.
fn here(arguments: &Arguments, wanted: &Retract, number: u64) -> Outcome<u64> {
    let store = place::open_noted(arguments, "retract")?;
    let actor = wanted.actor.as_ref().map(|login| store.person_key(login)).transpose()?;
    let mut transaction = store.begin(None, actor)?;
    transaction.add_retract(number, wanted.restore, wanted.reason.as_deref())?;
    let committed = transaction.commit()?;
    store.write_indexes()?;
    Ok(committed.number)
}

/// Has the server's writer undo it, in the name of the token; gives the commit.
fn there(remote: &Remote, wanted: &Retract, number: u64) -> Outcome<u64> {
    if wanted.actor.is_some() {
        return Err(Failure::usage("--actor does not go with --url: the token says who it is"));
    }
    let body = serde_json::json!({
        "import": number, "restore": wanted.restore, "reason": wanted.reason,
    });
    let report = remote.done("/v1/retractions", &body)?;
    Ok(report["commit"].as_u64().unwrap_or(0))
}
