//! `lineal --url checkpoint`: the server signs what its store holds; notes and proofs are read from it.

use super::witness;
use crate::args::{Arguments, Checkpoint};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{counted, visible_lines};
use lineal_proof::tlog::{SignedCheckpoint, TreeHash};
use serde_json::{Value as Json, json};
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Checkpoint, remote: &Remote) -> Outcome {
    refuse(wanted)?;
    let mut out = std::io::stdout().lock();
    if let Some(range) = &wanted.consistency {
        let (earlier, size) = super::sizes(range)?;
        let told = remote.consistency(earlier, size)?;
        if arguments.json {
            writeln!(out, "{told}")?;
        } else {
            let unread = || Failure::usage("the server's proof is of another version of lineal");
            let hash = |hash: &Json| TreeHash::from_base64(hash.as_str()?);
            let proof = told["proof"].as_array().ok_or_else(unread)?.iter().map(hash);
            let proof: Vec<TreeHash> = proof.collect::<Option<_>>().ok_or_else(unread)?;
            let later = told["later"].as_str().unwrap_or_default();
            let later = SignedCheckpoint::parse(later.as_bytes()).map_err(|_| unread())?;
            write!(out, "{}", witness::body(earlier, &proof, &later))?;
        }
        return Ok(Exit::Answer);
    }
    if let Some(number) = wanted.proof {
        let told = remote.log_proof(number, wanted.size)?;
        if let Some(file) = &wanted.entry {
            let entry = told["entry"].as_str().unwrap_or_default();
            let entry = data_encoding::BASE64.decode(entry.as_bytes());
            let unread = |_| Failure::usage("the server's entry is no base64");
            std::fs::write(file, entry.map_err(unread)?)?;
        }
        match arguments.json {
            true => writeln!(out, "{told}")?,
            false => write!(out, "{}", visible_lines(told["proof"].as_str().unwrap_or_default()))?,
        }
        return Ok(Exit::Answer);
    }
    let note = match wanted.size {
        Some(size) => remote.checkpoint(size)?,
        None => {
            let report = remote.done("/v1/checkpoint", &json!({ "origin": wanted.origin }))?;
            report["note"].as_str().unwrap_or_default().to_owned()
        }
    };
    let read = SignedCheckpoint::parse(note.as_bytes());
    let read =
        read.map_err(|why| Failure::usage(format!("the server gave no checkpoint: {why}")))?;
    let said = &read.checkpoint;
    if arguments.json {
        let object = json!({
            "origin": said.origin, "size": said.size, "root": said.root.to_string(), "note": note,
        });
        writeln!(out, "{object}")?;
        return Ok(Exit::Answer);
    }
    write!(out, "{note}")?;
    out.flush()?;
    let commits = counted(said.size, "commit");
    writeln!(std::io::stderr(), "{commits}, kept at {}", remote.url())?;
    Ok(Exit::Answer)
}

/// What is done where the store is.
fn refuse(wanted: &Checkpoint) -> Outcome<()> {
    let flags = [
        (wanted.list, "--list"),
        (!wanted.witness.is_empty(), "--witness"),
        (wanted.timestamp.is_some(), "--timestamp"),
        (wanted.timestamp_request.is_some(), "--timestamp-request"),
        (wanted.timestamp_reply.is_some(), "--timestamp-reply"),
        (wanted.timestamp_ca.is_some(), "--timestamp-ca"),
        (wanted.rotate_key, "--rotate-key"),
        (wanted.actor.is_some(), "--actor"),
    ];
    match flags.into_iter().find(|(is_given, _)| *is_given) {
        Some((_, flag)) => Err(Failure::usage(format!(
            "{flag} does not go with --url: run it beside the store, with --store DIR in place of --url; a server that writes does not mind"
        ))),
        None => Ok(()),
    }
}
