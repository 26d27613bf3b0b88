//! `lineal alias`: a name for a node or a family of nodes, for past and future.

use crate::args::{Alias, Arguments};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use lineal_evidence::alias::{Error, kind, set};
use serde_json::{Value as Json, json};
use std::io::Write;

/// The target that takes a name back.
const NONE: &str = "none";

pub(super) fn run(arguments: &Arguments, wanted: &Alias) -> Outcome {
    let target = Some(wanted.target.as_str()).filter(|target| *target != NONE);
    let done = match Remote::meant(arguments)? {
        Some(remote) => remote.alias(&wanted.name, target, &wanted.kind)?,
        None => here(arguments, wanted, target)?,
    };
    let mut out = std::io::stdout().lock();
    let commit = &done["commit"];
    if arguments.json {
        writeln!(out, "{done}")?;
    } else if target.is_none() {
        writeln!(out, "{} stands for nothing any more (commit {commit})", wanted.name)?;
    } else {
        writeln!(out, "{} = {} (commit {commit})", wanted.name, wanted.target)?;
    }
    Ok(Exit::Answer)
}

fn here(arguments: &Arguments, wanted: &Alias, target: Option<&str>) -> Outcome<Json> {
    let kind = kind(&wanted.kind).map_err(Failure::usage)?;
    let store = place::open_noted(arguments, "alias")?;
    let done = set(&store, &wanted.name, target, kind, None);
    let done = done.map_err(|error| match error {
        Error::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    })?;
    Ok(json!({ "name": wanted.name, "kind": done.kind.name(), "commit": done.commit }))
}
