//! `lineal import`: read, record, report.

mod follow;
mod report;
mod there;

use super::ask;
use crate::args::{Arguments, Import};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{counted, grouped, visible_lines};
use crate::{place, time};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lineal_engine::Store;
use lineal_import::{
    ImportOptions, LoadedMapping, Progress, Report, STANDARD_INPUT, explain_mapping, import,
};
use lineal_query::told::{CameBack, came_back};
pub(super) use report::print;
use report::{exit, print_damage};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Lines read to explain a mapping.
const EXPLAIN_LINES: u64 = 100_000;

pub(super) fn run(arguments: &Arguments, wanted: &Import) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    let mapping = match &wanted.mapping {
        Some(file) => LoadedMapping::read(file)?,
        None => LoadedMapping::built_in()?,
    };
    let stdin = StandardInput::spool(&wanted.paths)?;
    let paths = stdin.as_ref().map_or_else(|| wanted.paths.clone(), |input| vec![input.path()]);
    let mut out = std::io::stdout().lock();
    if wanted.explain_mapping {
        let explanation = explain_mapping(&paths, &mapping, EXPLAIN_LINES)?;
        if explanation.lines == 0 {
            return Err(nothing_to_explain(&wanted.paths, explanation.files));
        }
        if arguments.json {
            writeln!(out, "{}", serde_json::to_string(&explanation).unwrap_or_default())?;
        } else {
            writeln!(out, "{}", visible_lines(&explanation.to_string()))?;
        }
        return Ok(Exit::Answer);
    }
    let store = if wanted.dry_run {
        place::open(arguments)?
    } else {
        place::open_noted(arguments, "import")?
    };
    let mut options = ImportOptions {
        form: wanted.form.clone().or_else(|| stdin.is_some().then(|| "datadog".to_owned())),
        source: wanted.source.clone(),
        observed_at: wanted.observed_at.as_deref().map(time::parse).transpose()?,
        dry_run: wanted.dry_run,
        strict: wanted.strict,
        ..ImportOptions::default()
    };
    if let Some(login) = &wanted.actor {
        options.actor = Some(store.person_key(login)?);
    }
    if wanted.follow {
        return follow::run(arguments, wanted, &store, &options, &mapping);
    }
    let begun = Instant::now();
    let report = with_progress(&store, &paths, &options, &mapping)?;
    let took = begun.elapsed();
    let back = brought_back(&store, &report)?;
    let mut write = || {
        if arguments.json {
            let mut json = report.to_json();
            json["brought_back"] = back.json();
            return Ok(writeln!(out, "{json}")?);
        }
        print(&mut out, &report, back, took)?;
        if !report.dry_run && report.waits.is_none() {
            ask::print(&mut out, &store.snapshot()?, arguments.store.as_deref())?;
        }
        print_damage(&mut out, &report)
    };
    exit(&report).after(write())
}

/// What only retracted imports had brought before. On a medium that took no more it may not be told.
fn brought_back(store: &Store, report: &Report) -> Outcome<CameBack> {
    let Some(import) = report.import else { return Ok(CameBack::default()) };
    let told = store.snapshot().and_then(|view| came_back(store, &view, import));
    match (told, &report.waits) {
        (Err(lineal_engine::Error::Io { .. }), Some(_)) => Ok(CameBack::default()),
        (told, _) => Ok(told?),
    }
}

/// An explanation of nothing explains nothing.
fn nothing_to_explain(paths: &[PathBuf], files: u64) -> Failure {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let found = match files {
        0 => "no log file".to_owned(),
        files => format!("{} and no line in it", counted(files, "log file")),
    };
    Failure::usage(format!(
        "{found} under {}: there is no mapping to explain\n  looked for Datadog log archives \
         (dt=*/hour=*/*.json.gz), NDJSON and pages of the Logs API",
        names.join(", ")
    ))
}

/// Runs an import with a bar on the terminal: bytes, rate, events, time left.
pub(super) fn with_progress(
    store: &Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    mapping: &LoadedMapping,
) -> Outcome<Report> {
    drawn(|progress| import(store, paths, options, mapping, progress)).map_err(Failure::from)
}

/// Does something whose progress is shown on a terminal.
fn drawn<T>(work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        if std::io::stderr().is_terminal() {
            scope.spawn(|| draw(&progress, &done));
        }
        let result = work(&progress);
        done.store(true, Ordering::Relaxed);
        result
    })
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
