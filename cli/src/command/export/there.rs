//! `lineal --url export`: the server writes what a thing rests on, and its bytes are kept as they come.

use crate::args::{Arguments, Export};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{counted, visible};
use clap::ValueEnum;
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Export, remote: &Remote) -> Outcome {
    let form = wanted.form.to_possible_value();
    let form = form.as_ref().map_or("", |form| form.get_name());
    let given = remote.export(form, &wanted.target, wanted.as_of)?;
    let mut out = std::io::stdout().lock();
    let Some(path) = &wanted.output else {
        out.write_all(&given.bytes)?;
        return Ok(Exit::Answer);
    };
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    std::fs::write(path, &given.bytes).map_err(failed)?;
    let (bytes, nodes, edges) = (given.bytes.len(), given.nodes, given.edges);
    if arguments.json {
        let json = serde_json::json!({
            "file": path, "bytes": bytes, "nodes": nodes, "edges": edges,
            "root": given.root, "commit": given.commit,
        });
        writeln!(out, "{json}")?;
    } else {
        writeln!(
            out,
            "{}: {} and {} as of commit {}, {} in {}",
            visible(&given.root),
            counted(nodes, "node"),
            counted(edges, "edge"),
            given.commit,
            counted(bytes as u64, "byte"),
            path.display()
        )?;
    }
    Ok(Exit::Answer)
}
