//! `lineal rebuild`: everything derived is made again.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::counted;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::io::Write;
use std::time::{Duration, Instant};

pub(super) fn run(arguments: &Arguments) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        let report = remote.done("/v1/rebuild", &serde_json::json!({}))?;
        return told(arguments, &report);
    }
    let begun = Instant::now();
    let store = place::open_noted(arguments, "rebuild")?;
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    spinner.set_message(format!("reading {}", counted(store.commit(), "commit")));
    // Drawn on a terminal only, and only if it takes a while.
    spinner.enable_steady_tick(Duration::from_millis(200));
    store.rebuild()?;
    spinner.finish_and_clear();
    let view = store.snapshot()?;
    let seconds = begun.elapsed().as_secs_f64();
    let report = serde_json::json!({
        "commit": view.commit(), "nodes": view.node_count(), "seconds": seconds,
    });
    told(arguments, &report)
}

/// What was made, here or at a server.
fn told(arguments: &Arguments, report: &serde_json::Value) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{report}")?;
        return Ok(Exit::Answer);
    }
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    writeln!(
        out,
        "rebuilt everything derived from {}: {}, {:.1} s",
        counted(number("commit"), "commit"),
        counted(number("nodes"), "node"),
        report["seconds"].as_f64().unwrap_or(0.0)
    )?;
    Ok(Exit::Answer)
}
