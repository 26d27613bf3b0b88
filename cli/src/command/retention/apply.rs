//! `lineal retention apply`: what is due is proposed by one person and erased by another.

use crate::args::{Apply, Arguments, Decided, Retention};
use crate::command::erase;
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::{counted, visible_lines};
use lineal_engine::ErasureOrder;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::retention::{Fitting, LOGS, Policy, Proposal, ProposalError, Read};
use lineal_proof::record::Decision;
use serde_json::json;
use std::io::Write;
use std::path::Path;

pub(super) fn run(arguments: &Arguments, wanted: &Retention, step: &Apply, now: i64) -> Outcome {
    let policy = || Policy::read(wanted.policy.as_deref()).map_err(super::failure);
    if let Some(path) = &step.propose {
        return propose(arguments, &policy()?, now, (&step.class, path));
    }
    let (Some(path), Some(digest), Some(executed_by)) =
        (&step.execute, &step.digest, &step.executed_by)
    else {
        return Err(Failure::usage("--execute needs --digest, --decided-by and --executed-by"));
    };
    if now > SystemClock.now() {
        return Err(Failure::usage(
            "--at is a time to come: a proposal is executed as of now, or of before",
        ));
    }
    let persons = (decided_by(step)?, executed_by.as_str());
    execute(arguments, (path, digest), &policy()?, persons, now)
}

/// Who decided: the first of the two persons.
pub(super) fn decided_by(step: &Apply) -> Outcome<&str> {
    let unsaid = || Failure::usage("--execute needs --decided-by: who decided, another person");
    step.decided_by.as_deref().ok_or_else(unsaid)
}

fn failure(error: ProposalError) -> Failure {
    match error {
        ProposalError::Evidence(error) => super::failure(error),
        // It holds names out of a file and a store.
        other => Failure::usage(visible_lines(&other.to_string())),
    }
}

/// Writes what is due and not on hold, for a second person to read and execute.
fn propose(
    arguments: &Arguments,
    policy: &Policy,
    now: i64,
    (class, path): (&str, &Path),
) -> Outcome {
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot()?.with_restricted();
    let proposal = Proposal::of(&store, &view, policy, (class, now), usize::MAX);
    written(arguments, &proposal.map_err(failure)?, (class, path))
}

/// Writes a proposal into a new file, and says what is to be done with it.
pub(super) fn written(
    arguments: &Arguments,
    proposal: &Proposal,
    (class, path): (&str, &Path),
) -> Outcome {
    if proposal.is_empty() {
        return nothing_due(arguments, class);
    }
    let failed =
        |error: std::io::Error| Failure::usage(format!("cannot write {}: {error}", path.display()));
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(proposal.text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let mut out = std::io::stdout().lock();
    let Proposal { sha256, batches, days, retracted, left, .. } = proposal;
    if arguments.json {
        let mut object = json!({
            "proposal": path.display().to_string(), "sha256": sha256, "batches": batches, "days": days,
        });
        if *left > 0 {
            object["left"] = json!(left);
        }
        writeln!(out, "{object}")?;
        return Ok(Exit::Answer);
    }
    if class == LOGS {
        let of_retracted = match retracted {
            0 => String::new(),
            some => format!(" ({some} of retracted imports)"),
        };
        let words = if *batches == 1 { "batch" } else { "batches" };
        writeln!(out, "proposed: {batches} {words}{of_retracted}, SHA-256 {sha256}")?;
    } else {
        writeln!(out, "proposed: {}, SHA-256 {sha256}", counted(*days, "day"))?;
    }
    if *left > 0 {
        writeln!(out, "  {left} more are due: propose again when these are gone")?;
    }
    let executes = if arguments.there.url.is_some() { "" } else { " --executed-by ..." };
    writeln!(out, "  nothing is erased yet; a second person reads it, then")?;
    writeln!(
        out,
        "  lineal retention apply --policy ... --execute {} --digest {sha256} --decided-by ...{executes}",
        path.display()
    )?;
    Ok(Exit::Answer)
}

/// There is nothing for a second person to read, and no file.
fn nothing_due(arguments: &Arguments, class: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let none = json!({ "proposal": null, "sha256": null, "batches": 0, "days": 0 });
        writeln!(out, "{none}")?;
    } else {
        writeln!(
            out,
            "nothing of `{class}` is due, or all of it is on hold: no proposal was written"
        )?;
    }
    Ok(Exit::No)
}

/// The bytes of a proposal, as they lie in a file.
pub(super) fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

/// Erases what a proposal lists, if it is the one that was read and all of it is due under the policy now.
fn execute(
    arguments: &Arguments,
    (path, digest): (&Path, &str),
    policy: &Policy,
    (decided_by, executed_by): (&str, &str),
    now: i64,
) -> Outcome {
    let (name, bytes) = (path.display().to_string(), read(path)?);
    let proposal = Read { name: &name, bytes: &bytes, sha256: digest };
    let fitting = Fitting::of(proposal, policy).map_err(failure)?;
    let store = place::open_noted(arguments, "retention apply")?;
    // What was asked before may speak of what goes.
    place::commit_noted(&store)?;
    let view = store.snapshot()?.with_restricted();
    let agreed = fitting.agreed(&store, &view, now).map_err(failure)?;
    // A view holds a mark, and replaced files would wait for it.
    drop(view);
    let persons = erase::persons(&store, decided_by, executed_by)?;
    let order = ErasureOrder {
        targets: agreed.targets,
        decision: Decision::Erased,
        basis: agreed.basis.clone(),
        reference: agreed.reference.clone(),
        decided_by: persons.decided_by,
        executed_by: persons.executed_by,
    };
    // The trail of who asked for it has a period of its own.
    let done = store.erase_due(&order)?;
    let decided = Decided {
        basis: agreed.basis,
        decision: agreed.reference,
        decided_by: decided_by.to_owned(),
        executed_by: Some(executed_by.to_owned()),
        refuse: false,
        restrict: false,
        lift: false,
        despite_missing_seeds: false,
        dry_run: false,
    };
    erase::told(arguments, &decided, &done)
}
