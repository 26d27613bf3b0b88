//! `lineal compact`: small containers become large ones, and runs of event keys one.

mod there;

use crate::args::{Arguments, Compact};
use crate::exit::{Exit, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::counted;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::{CompactProgress, Compaction};
use lineal_query::told::compacted_json;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

pub(super) fn run(arguments: &Arguments, wanted: &Compact) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    let begun = Instant::now();
    let store = if wanted.dry_run {
        place::open(arguments)?
    } else {
        place::open_noted(arguments, "compact")?
    };
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(form) =
        ProgressStyle::with_template("packing [{bar:30}] {pos}/{len} events left {eta}")
    {
        bar.set_style(form.progress_chars("=> "));
    }
    // Drawn on a terminal only.
    bar.enable_steady_tick(Duration::from_millis(200));
    let done = store.compact(wanted.dry_run, &mut |CompactProgress { events, all }| {
        bar.set_length(all);
        bar.set_position(events);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    let done = done?;
    let seconds = begun.elapsed().as_secs_f64();
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let json = compacted_json(&done, wanted.dry_run, seconds);
        writeln!(out, "{json}")?;
    } else if wanted.dry_run {
        write!(out, "{}", rehearsed(&done))?;
    } else {
        write!(out, "{}", told(&done, seconds))?;
    }
    Ok(Exit::Answer)
}

fn rehearsed(done: &Compaction) -> String {
    let Compaction { packed, runs, .. } = done;
    if packed.0 == 0 && runs.0 <= 1 {
        return "nothing to do: no two small containers, and one run of event keys\n".to_owned();
    }
    format!(
        "would pack {} with {} into {}, and merge {} of event keys into one; nothing was written\n",
        counted(packed.0, "small container"),
        counted(done.events, "event"),
        packed.1,
        counted(runs.0, "run"),
    )
}

fn told(done: &Compaction, seconds: f64) -> String {
    let Compaction { packed, containers, runs, bytes, waiting_bytes, .. } = done;
    let mut text = format!(
        "packed {} with {} into {}, {seconds:.1} s\n  containers  {} -> {}\n  runs        {} -> {}\n  \
         bytes       {} -> {}\n",
        counted(packed.0, "small container"),
        counted(done.events, "event"),
        packed.1,
        containers.0,
        containers.1,
        runs.0,
        runs.1,
        crate::render::grouped(bytes.0),
        crate::render::grouped(bytes.1),
    );
    if *waiting_bytes > 0 {
        text.push_str(&format!(
            "  {} of what was replaced stay until those who read it now are done; the next command \
             that writes removes them\n",
            counted(*waiting_bytes, "byte")
        ));
    }
    text
}
