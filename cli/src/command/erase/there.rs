//! `lineal --url erase`: a server that writes the store does it, and who asks is who executes.

use crate::args::{Arguments, Erase};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{counted, visible};
use lineal_engine::{RetractedShare, TrailShare};
use lineal_proof::record::Decision;
use serde_json::{Value as Json, json};
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Erase, remote: &Remote) -> Outcome {
    let Some(decided) = wanted.decided() else { return list(arguments, &remote.erasures()?) };
    if decided.executed_by.is_some() {
        return Err(Failure::usage(
            "--executed-by does not go with --url: the token says who executes",
        ));
    }
    if decided.despite_missing_seeds {
        return Err(Failure::usage(
            "--despite-missing-seeds does not go with --url: what is missing of keys/seeds is first looked \
             for in its backups, and then this is run beside the store",
        ));
    }
    let mut body = json!({
        "basis": decided.basis, "decision": decided.decision, "decided_by": decided.decided_by,
        "refuse": decided.refuse, "restrict": decided.restrict, "lift": decided.lift,
        "dry_run": decided.dry_run,
    });
    match wanted {
        Erase::Event { targets, all, .. } => {
            body["events"] = json!(targets);
            body["all"] = json!(all);
        }
        Erase::Batch { batches, .. } => body["batches"] = json!(batches),
        Erase::Field { node, field, .. } => {
            body["fields"] = json!([{ "node": node, "field": field }]);
        }
        Erase::List => {}
    }
    let report = remote.done("/v1/erasures", &body)?;
    told(arguments, decided.decision(), &report)
}

/// What a server erased, or decided otherwise, for a person or a program.
pub(in crate::command) fn told(
    arguments: &Arguments,
    decision: Decision,
    report: &Json,
) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{report}")?;
        return Ok(Exit::Answer);
    }
    let (number, what) = (|name: &str| report[name].as_u64().unwrap_or(0), decision);
    let said = |name: &str| report["trail"][name].as_u64().unwrap_or(0);
    let trail = TrailShare { values: said("values"), uses: said("uses"), unread: said("unread") };
    let things = [
        format!("{} in {}", counted(number("rows"), "row"), number("batches")),
        counted(number("values") + trail.values, "sealed value"),
    ]
    .join(", ");
    match report["commit"].as_u64() {
        None => writeln!(out, "would be {}: {things}; nothing was written", what.name())?,
        Some(commit) => writeln!(out, "{} in commit {commit}: {things}", what.name())?,
    }
    let retracted = |name: &str| report["retracted"][name].as_u64().unwrap_or(0);
    let of = RetractedShare { rows: retracted("rows"), fields: retracted("fields") };
    super::retracted_told(&mut out, of)?;
    super::trail_told(&mut out, trail)?;
    let files = report["files_that_must_not_exist"].as_array().map_or(0, Vec::len) as u64;
    if files > 0 {
        let files = counted(files, "container file");
        writeln!(out, "  {files} must no longer exist, in copies neither (--json names each)")?;
    }
    for (name, what) in [("waiting", "waiting for its readers"), ("orphans", "in orphans/")] {
        if number(name) > 0 {
            writeln!(out, "  {} {what}, at the server", counted(number(name), "file"))?;
        }
    }
    Ok(Exit::Answer)
}

/// The decisions, as a server and `lineal erase list` tell them.
pub(super) fn list(arguments: &Arguments, told: &Json) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{told}")?;
        return Ok(Exit::Answer);
    }
    let none = Vec::new();
    let all = told["erasures"].as_array().unwrap_or(&none);
    if all.is_empty() {
        writeln!(out, "no request was decided on")?;
    }
    for one in all {
        let text = |name: &str| visible(one[name].as_str().unwrap_or("?")).into_owned();
        let number = |name: &str| one[name].as_u64().unwrap_or(0);
        let rows = counted(number("rows"), "row");
        writeln!(
            out,
            "{}  commit {}  {}  {rows}, {}  {}  {}",
            text("recorded"),
            number("commit"),
            text("decision"),
            counted(number("values"), "sealed value"),
            text("reference"),
            text("basis"),
        )?;
    }
    Ok(Exit::Answer)
}
