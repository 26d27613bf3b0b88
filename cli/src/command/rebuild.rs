//! `lineal rebuild`: everything derived is made again.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::place;
use std::io::Write;
use std::time::Instant;

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let begun = Instant::now();
    let store = place::open(arguments)?;
    store.rebuild()?;
    let view = store.snapshot()?;
    let mut out = std::io::stdout().lock();
    let seconds = begun.elapsed().as_secs_f64();
    if arguments.json {
        writeln!(
            out,
            "{}",
            serde_json::json!({ "commit": view.commit(), "nodes": view.node_count(), "seconds": seconds })
        )?;
    } else {
        writeln!(
            out,
            "rebuilt everything derived from {} commits: {} nodes, {seconds:.1} s",
            view.commit(),
            view.node_count()
        )?;
    }
    Ok(Exit::Answer)
}
