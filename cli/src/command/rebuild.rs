//! `lineal rebuild`: everything derived is made again.

use crate::args::Arguments;
use crate::exit::{Exit, Outcome};
use crate::place;
use crate::render::counted;
use indicatif::{ProgressBar, ProgressDrawTarget};
use std::io::Write;
use std::time::{Duration, Instant};

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let begun = Instant::now();
    let store = place::open_noted(arguments, "rebuild")?;
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    spinner.set_message(format!("reading {}", counted(store.commit(), "commit")));
    // Drawn on a terminal only, and only if it takes a while.
    spinner.enable_steady_tick(Duration::from_millis(200));
    store.rebuild()?;
    spinner.finish_and_clear();
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
            "rebuilt everything derived from {}: {}, {seconds:.1} s",
            counted(view.commit(), "commit"),
            counted(view.node_count() as u64, "node")
        )?;
    }
    Ok(Exit::Answer)
}
