//! `lineal --url check`: the server holds its store against the rules, and the report is printed here as if
//! the store were here.

use super::{Compared, NONE_RECORDED, NOW, RECORDED, print, print_compared};
use crate::args::{Arguments, Check};
use crate::exit::{Failure, Outcome};
use crate::remote::Remote;
use crate::render::texts;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::check::{AsOf, Report, compare};
use serde_json::{Value as Json, json};
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Check, remote: &Remote) -> Outcome {
    if wanted.rules.is_some() {
        return Err(Failure::usage(
            "a server asks by the rules that it was built with; leave --rules out, or run it beside the store",
        ));
    }
    if let [before, after] = wanted.diff.as_slice() {
        // What is recorded names no person: the other side neither, or all would differ.
        let is_recorded = [before, after].iter().any(|side| side.as_str() == RECORDED);
        let old = reports(wanted, remote, before, !is_recorded)?;
        let new = reports(wanted, remote, after, !is_recorded)?;
        let pairs = old.into_iter().zip(new);
        let compared: Vec<Compared> =
            pairs.map(|(old, new)| Compared { told: compare(&old, &new), after: new }).collect();
        return print_compared(arguments, wanted, &compared, SystemClock.now());
    }
    if wanted.record {
        return record(arguments, wanted, remote);
    }
    let as_of = wanted.as_of.as_deref().unwrap_or(NOW);
    print(arguments, wanted, &reports(wanted, remote, as_of, true)?, &[])
}

/// The reports of the packs that are meant, as of a commit, a time, now, or as recorded last.
fn reports(wanted: &Check, remote: &Remote, as_of: &str, persons: bool) -> Outcome<Vec<Report>> {
    if as_of != RECORDED && AsOf::parse(as_of).is_none() {
        // Refused in the words for times.
        crate::time::parse(as_of)?;
    }
    let mut asked: Vec<(&str, String)> = Vec::new();
    let named =
        [("system", &wanted.system), ("model", &wanted.model), ("deployment", &wanted.deployment)];
    asked.extend(named.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))));
    if as_of != NOW {
        asked.push(("as_of", as_of.to_owned()));
    }
    if wanted.reconcile {
        asked.push(("reconcile", "true".to_owned()));
    }
    if !persons {
        asked.push(("by_keys", "true".to_owned()));
    }
    let told = remote.check(&asked)?;
    for kept in texts(&told["withheld"]) {
        writeln!(std::io::stderr(), "withheld from this role: {kept}")?;
    }
    if told["reports"].as_array().is_some_and(Vec::is_empty) {
        return Err(Failure::NotFound(NONE_RECORDED.to_owned()));
    }
    read(&told["reports"])
}

/// Reads reports as they travel.
fn read(told: &Json) -> Outcome<Vec<Report>> {
    serde_json::from_value(told.clone()).map_err(|why| {
        Failure::usage(format!(
            "the server's report is of another version of lineal ({why}); compare `lineal --version` here and there"
        ))
    })
}

/// Has the server make the reports and record them, in the name of the token; then they are printed as they
/// stand there, persons by their keys.
fn record(arguments: &Arguments, wanted: &Check, remote: &Remote) -> Outcome {
    if wanted.by.is_some() {
        return Err(Failure::usage("--by does not go with --url: the token says who it is"));
    }
    let body = json!({
        "system": wanted.system, "model": wanted.model, "deployment": wanted.deployment,
        "reconcile": wanted.reconcile,
    });
    let told = remote.done("/v1/check", &body)?;
    let noted = told["recorded"].as_array().into_iter().flatten().map(|one| {
        let name = one["document"].as_str().unwrap_or_default().to_owned();
        (one["commit"].as_u64().unwrap_or(0), name)
    });
    let noted: Vec<(u64, String)> = noted.collect();
    // As they are recorded: in a job they do not stand.
    print(arguments, wanted, &reports(wanted, remote, RECORDED, false)?, &noted)
}
