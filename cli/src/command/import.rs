//! `lineal import`: read, record, report.

use super::ask;
use crate::args::{Arguments, Import};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::{Style, counted, grouped, print_table, table, visible, visible_lines};
use crate::{place, time};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::Store;
use lineal_import::{
    ImportOptions, LoadedMapping, Progress, Report, STANDARD_INPUT, explain_mapping, import,
};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Rejects shown on the screen; `--json` has more.
const REJECTS_SHOWN: usize = 5;
/// Lines read to explain a mapping.
const EXPLAIN_LINES: u64 = 100_000;

pub(super) fn run(arguments: &Arguments, wanted: &Import) -> Outcome {
    let mapping = match &wanted.mapping {
        Some(file) => LoadedMapping::read(file)?,
        None => LoadedMapping::built_in()?,
    };
    let stdin = StandardInput::spool(&wanted.paths)?;
    let paths = stdin.as_ref().map_or_else(|| wanted.paths.clone(), |input| vec![input.path()]);
    let mut out = std::io::stdout().lock();
    if wanted.explain_mapping {
        let explanation = explain_mapping(&paths, &mapping, EXPLAIN_LINES)?;
        if arguments.json {
            writeln!(out, "{}", serde_json::to_string(&explanation).unwrap_or_default())?;
        } else {
            writeln!(out, "{}", visible_lines(&explanation.to_string()))?;
        }
        return Ok(Exit::Answer);
    }
    let store = place::open(arguments)?;
    let mut options = ImportOptions {
        form: wanted.form.clone().or_else(|| stdin.is_some().then(|| "datadog".to_owned())),
        source: wanted.source.clone(),
        observed_at: wanted.observed_at.as_deref().map(time::parse).transpose()?,
        dry_run: wanted.dry_run,
        strict: wanted.strict,
        ..ImportOptions::default()
    };
    if let Some(login) = &wanted.actor {
        options.actor = Some(store.actor_key(login)?);
    }
    let begun = Instant::now();
    let report = with_progress(&store, &paths, &options, &mapping)?;
    if arguments.json {
        writeln!(out, "{}", report.to_json())?;
        return Ok(Exit::Answer);
    }
    print(&mut out, &report, begun.elapsed())?;
    if !report.dry_run {
        ask::print(&mut out, &store.snapshot()?, arguments.store.as_deref())?;
    }
    Ok(Exit::Answer)
}

/// Runs an import with a bar on the terminal: bytes, rate, events, time left.
pub(super) fn with_progress(
    store: &Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    mapping: &LoadedMapping,
) -> Outcome<Report> {
    let progress = Progress::default();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        if std::io::stderr().is_terminal() {
            scope.spawn(|| draw(&progress, &done));
        }
        let report = import(store, paths, options, mapping, &progress);
        done.store(true, Ordering::Relaxed);
        report
    })
    .map_err(Failure::from)
}

fn draw(progress: &Progress, done: &AtomicBool) {
    /// Shorter work needs no bar.
    const SILENT: Duration = Duration::from_millis(500);
    let begun = Instant::now();
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    let form = "{msg:10} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec} left {eta} {prefix}";
    if let Ok(form) = ProgressStyle::with_template(form) {
        bar.set_style(form.progress_chars("=> "));
    }
    while !done.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(100));
        if begun.elapsed() < SILENT {
            continue;
        }
        let (bytes, all, items, phase) = progress.read();
        bar.set_length(all.max(bytes));
        bar.set_position(bytes);
        bar.set_message(phase);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a rate for the eye"
        )]
        let rate = (items as f64 / begun.elapsed().as_secs_f64()) as u64;
        bar.set_prefix(format!("{}, {}/s", counted(items, "item"), grouped(rate)));
    }
    bar.finish_and_clear();
}

/// Standard input, kept in a file so that it can be hashed before it is read.
struct StandardInput {
    folder: tempfile::TempDir,
}

impl StandardInput {
    fn spool(paths: &[PathBuf]) -> Outcome<Option<StandardInput>> {
        match paths {
            [only] if only == Path::new("-") => {}
            _ if paths.iter().any(|path| path == Path::new("-")) => {
                return Err(Failure::usage(
                    "`-` stands alone: import files in a call of their own",
                ));
            }
            _ => return Ok(None),
        }
        let input = StandardInput { folder: tempfile::tempdir()? };
        let mut file = std::fs::File::create(input.path())?;
        std::io::copy(&mut std::io::stdin().lock(), &mut file)?;
        Ok(Some(input))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(STANDARD_INPUT)
    }
}

/// One screen: sources, nodes by kind, events, rejects, what is unresolved.
pub(super) fn print(out: &mut dyn Write, report: &Report, took: Duration) -> Outcome<()> {
    let style = Style::new();
    let head = match report.import {
        Some(number) => format!("import:{number}, {}", counted(report.commits, "commit")),
        None if report.dry_run => "nothing written (--dry-run)".to_owned(),
        None => "nothing new: everything was imported before".to_owned(),
    };
    writeln!(out, "{} in {:.1} s", style.strong(&head), took.as_secs_f64())?;
    let rows = report.sources.iter().map(|source| {
        let counts = &source.counts;
        let files = match source.files_known {
            0 => grouped(source.files),
            known if known == source.files => format!("{} (known)", grouped(known)),
            known => format!("{} ({} known)", grouped(source.files), grouped(known)),
        };
        vec![
            source.label.clone(),
            if source.source.is_empty() {
                source.form.clone()
            } else {
                format!("{} {}", source.source, source.form)
            },
            files,
            grouped(counts.read),
            grouped(counts.accepted),
            grouped(counts.duplicate),
            grouped(counts.rejected),
            grouped(counts.skipped),
        ]
    });
    let header = [
        "from",
        "source and form",
        "files",
        "read",
        "accepted",
        "duplicate",
        "rejected",
        "skipped",
    ];
    print_table(out, &table(&header, rows.collect()))?;
    let recorded = report.nodes.iter().filter(|(_, (new, _))| *new > 0);
    let mut recorded: Vec<String> = recorded.map(|(kind, (new, _))| counted(*new, kind)).collect();
    if report.events > 0 {
        recorded.push(counted(report.events, "event"));
    }
    if !recorded.is_empty() {
        writeln!(out, "recorded: {}", recorded.join(", "))?;
    }
    print_notes(out, report, style)
}

fn print_notes(out: &mut dyn Write, report: &Report, style: Style) -> Outcome<()> {
    if report.conflicts > 0 {
        writeln!(out, "{}", style.warn(&format!("{} of a known identity saying something else: kept, marked `conflict`, not counted", counted(report.conflicts, "event"))))?;
    }
    for source in &report.sources {
        // Whose it is matters only where there are several.
        let whose =
            if report.sources.len() > 1 { format!("{}: ", source.label) } else { String::new() };
        for (reason, count) in &source.skipped {
            let line = format!("{whose}skipped {}: {reason}", grouped(*count));
            writeln!(out, "{}", visible(&line))?;
        }
        for reject in source.rejects.iter().take(REJECTS_SHOWN) {
            let at = &reject.at;
            let place = if at.line > 0 {
                format!("{}, line {}, byte {}", at.file, at.line, at.byte)
            } else {
                at.file.clone()
            };
            writeln!(out, "{}", style.warn(&format!("rejected {place}: {}", reject.reason)))?;
        }
        let more =
            source.counts.rejected.saturating_sub(source.rejects.len().min(REJECTS_SHOWN) as u64);
        if more > 0 {
            writeln!(
                out,
                "{}",
                style.warn(&format!("rejected {} more; --json lists them", grouped(more)))
            )?;
        }
        if source.counts.rejected * 2 > source.counts.read {
            writeln!(out, "{}", style.warn("more than half was rejected: `lineal import --explain-mapping` shows what the lines hold"))?;
        }
        for warning in &source.warnings {
            writeln!(out, "{}", style.warn(&format!("{whose}note: {warning}")))?;
        }
    }
    let (without, runs) = report.runs_without_input;
    if without > 0 {
        writeln!(
            out,
            "{}",
            style.warn(&format!(
                "{} of {} without a recorded dataset input",
                grouped(without),
                counted(runs, "run")
            ))
        )?;
        if let Some((run, instead)) = &report.instead {
            let instead = if instead.is_empty() {
                "nothing that names data".to_owned()
            } else {
                instead.join("; ")
            };
            writeln!(out, "  run {}: found instead: {}", visible(run), visible(&instead))?;
            writeln!(out, "  to record it: mlflow.log_input(dataset, context=\"training\")")?;
        }
    }
    let (unresolved, names) = &report.unresolved;
    if *unresolved > 0 {
        let names: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
        let more = if *unresolved > 3 { ", ..." } else { "" };
        writeln!(out, "{}", style.warn(&format!("{} referred to and not imported: {}{more} (`lineal stats` says what would bring them)", counted(*unresolved, "node"), names.join(", "))))?;
    }
    Ok(())
}
