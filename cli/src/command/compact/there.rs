//! `lineal --url compact`: the server's writer does it.

use super::{rehearsed, told};
use crate::args::{Arguments, Compact};
use crate::exit::{Exit, Outcome};
use crate::remote::Remote;
use lineal_engine::Compaction;
use serde_json::{Value as Json, json};
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Compact, remote: &Remote) -> Outcome {
    let report = remote.done("/v1/compact", &json!({ "dry_run": wanted.dry_run }))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{report}")?;
        return Ok(Exit::Answer);
    }
    let done = read(&report);
    match wanted.dry_run {
        true => write!(out, "{}", rehearsed(&done))?,
        false => write!(out, "{}", told(&done, report["seconds"].as_f64().unwrap_or(0.0)))?,
    }
    Ok(Exit::Answer)
}

fn read(report: &Json) -> Compaction {
    let number = |json: &Json| json.as_u64().unwrap_or(0);
    let pair = |name: &str| (number(&report[name]["before"]), number(&report[name]["after"]));
    Compaction {
        packed: (number(&report["packed"]["from"]), number(&report["packed"]["to"])),
        events: number(&report["events"]),
        containers: pair("containers"),
        runs: pair("runs"),
        bytes: pair("bytes"),
        waiting_bytes: number(&report["waiting_bytes"]),
        commit: number(&report["commit"]),
        stopped: false,
    }
}
