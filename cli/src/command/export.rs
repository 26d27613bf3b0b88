//! `lineal export`: what a thing rests on, in a form that tools of others read.

mod logs;
mod there;

use crate::args::{Arguments, Export, ExportForm};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::counted;
use crate::target::resolve;
use crate::time::Zone;
use crate::{place, retracted};
use lineal_evidence::export::{CycloneDxVersion, Form, export};
use lineal_evidence::{Closure, Error};
use lineal_query::told::Target;
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Export) -> Outcome {
    if wanted.form == ExportForm::Logs {
        return logs::run(arguments, wanted);
    }
    logs::refuse_options(&wanted.logs)?;
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    let zone = Zone::parse(&arguments.tz)?;
    let store = place::open_read_only(arguments)?;
    let view = store.snapshot_at(wanted.as_of.unwrap_or_else(|| store.commit()))?;
    let explained = |failure| retracted::explain(&store, &view, &zone, &wanted.target, failure);
    let target = resolve(&view, &zone, &wanted.target).map_err(explained)?;
    let Target::Node(node) = target else {
        return Err(Failure::usage(format!(
            "{} is an event: what its model rests on is exported by the model's name\n  \
             `lineal trace {}` tells it",
            wanted.target, wanted.target
        )));
    };
    let form = match wanted.form {
        ExportForm::Prov => Form::Prov,
        ExportForm::Cyclonedx => Form::CycloneDx(CycloneDxVersion::V1_7),
        ExportForm::Cyclonedx16 => Form::CycloneDx(CycloneDxVersion::V1_6),
        ExportForm::Slsa => Form::Slsa,
        ExportForm::Openlineage => Form::OpenLineage,
        ExportForm::Spdx => Form::Spdx,
        ExportForm::Croissant => Form::Croissant,
        ExportForm::Car | ExportForm::Logs => Form::Car,
    };
    let closure = Closure::of(&view, node).map_err(failure)?;
    let bytes = export(form, &store, &view, &closure, &|| true).map_err(failure)?;
    let mut out = std::io::stdout().lock();
    let Some(path) = &wanted.output else {
        out.write_all(&bytes)?;
        return Ok(Exit::Answer);
    };
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    std::fs::write(path, &bytes).map_err(failed)?;
    let nodes = closure.members.len();
    if arguments.json {
        let json = serde_json::json!({
            "file": path, "bytes": bytes.len(), "nodes": nodes, "edges": closure.edges.len(),
            "root": closure.root().name, "commit": closure.commit,
        });
        writeln!(out, "{json}")?;
    } else {
        writeln!(
            out,
            "{}: {} and {} as of commit {}, {} in {}",
            closure.root().name,
            counted(nodes as u64, "node"),
            counted(closure.edges.len() as u64, "edge"),
            closure.commit,
            counted(bytes.len() as u64, "byte"),
            path.display()
        )?;
    }
    Ok(Exit::Answer)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Store(error) => Failure::Store(error),
        other => Failure::usage(other),
    }
}
