//! `lineal import --follow`: new files below folders, as they come.
//!
//! Nothing is remembered but by the store: after a crash, or a `kill -9` anywhere, the same command
//! goes on, as files whose bytes are recorded are known again. What was seen of files in this run
//! only spares reading them. A file is taken when two looks found it alike, so not while it is written.

use super::report::{exit, print, print_damage};
use super::{brought_back, with_progress};
use crate::args::{Arguments, Import};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::{counted, listed, visible};
use lineal_engine::Store;
use lineal_import::{Error, ImportOptions, LoadedMapping, mlflow};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Most files of one batch: after each the command ends if it was asked to, in some seconds.
const BATCH_FILES: usize = 200;
/// Files that are named of those that are no source.
const NAMED: usize = 10;
/// Stored bytes of one batch, give or take a file: about a million events.
const BATCH_BYTES: u64 = 64 << 20;
/// Folders within each other that are looked into.
const DEPTH_MAX: usize = 32;
/// Most files that are watched: 30 years of one archive.
const FILES_MAX: usize = 1_000_000;
/// How long a wish to end may wait while nothing is done.
const NAP: Duration = Duration::from_millis(100);

/// What tells that a file is as it was: size, and time of the last change.
type Look = (u64, Option<SystemTime>);

/// What is known of the files below the folders, in this run.
#[derive(Default)]
struct Watched {
    /// As the last look found them.
    seen: BTreeMap<PathBuf, Look>,
    /// As they were when they were imported.
    done: BTreeMap<PathBuf, Look>,
}

impl Watched {
    /// Takes a look; gives the files that are new or changed, and at rest since the last one. `at_once`
    /// takes them as they are.
    fn look(&mut self, now: BTreeMap<PathBuf, Look>, at_once: bool) -> Vec<(PathBuf, Look)> {
        let rests = |path: &PathBuf, look: &Look| at_once || self.seen.get(path) == Some(look);
        let is_new = |path: &PathBuf, look: &Look| self.done.get(path) != Some(look);
        let ready = now.iter().filter(|(path, look)| is_new(path, look) && rests(path, look));
        let ready = ready.map(|(path, look)| (path.clone(), *look)).collect();
        // What is gone may come again.
        self.done.retain(|path, _| now.contains_key(path));
        self.seen = now;
        ready
    }

    fn done(&mut self, batch: &[(PathBuf, Look)]) {
        self.done.extend(batch.iter().cloned());
    }
}

pub(super) fn run(
    arguments: &Arguments,
    wanted: &Import,
    store: &Store,
    options: &ImportOptions,
    mapping: &LoadedMapping,
) -> Outcome {
    for path in &wanted.paths {
        if path == Path::new("-") {
            return Err(Failure::usage("--follow watches folders; `-` has an end of its own"));
        }
        if !path.exists() {
            return Err(Failure::Import(Error::NoSuchPath { path: path.clone() }));
        }
    }
    let ending = ending()?;
    if !wanted.once {
        eprintln!(
            "following {} path(s), every {} s; SIGTERM or Ctrl-C ends it after the files at hand",
            wanted.paths.len(),
            wanted.every
        );
    }
    let (mut watched, mut worst) = (Watched::default(), Exit::Answer);
    loop {
        let mut ready = watched.look(files(&wanted.paths)?, wanted.once).into_iter().peekable();
        while ready.peek().is_some() && !ending.load(Ordering::Relaxed) {
            let batch = batch(&mut ready);
            let only = batch.iter().map(|(path, _)| path.clone()).collect::<BTreeSet<_>>();
            let options = ImportOptions { only: Some(only), ..options.clone() };
            match take(arguments, wanted, store, &options, mapping) {
                Ok(exit) => {
                    worst = worst.max(exit);
                    watched.done(&batch);
                }
                // Files come and go while they are read: the next look finds them as they are.
                Err(Failure::Import(error)) if passes(&error) && !wanted.once => {
                    eprintln!("{error}\n  it is tried again in {} s", wanted.every);
                    break;
                }
                Err(failure) => return Err(failure),
            }
        }
        if wanted.once || ending.load(Ordering::Relaxed) {
            return Ok(worst);
        }
        let looked = Instant::now();
        while looked.elapsed() < Duration::from_secs(wanted.every) {
            if ending.load(Ordering::Relaxed) {
                return Ok(worst);
            }
            std::thread::sleep(NAP);
        }
    }
}

/// Is it about a file that may be otherwise at the next look?
fn passes(error: &Error) -> bool {
    match error {
        Error::Begun { source, .. } => passes(source),
        error => matches!(error, Error::Io { .. } | Error::Changed { .. } | Error::Datadog(_)),
    }
}

/// The files of the next batch.
fn batch(ready: &mut impl Iterator<Item = (PathBuf, Look)>) -> Vec<(PathBuf, Look)> {
    let (mut batch, mut bytes) = (Vec::new(), 0_u64);
    while batch.len() < BATCH_FILES && bytes < BATCH_BYTES {
        let Some((path, look)) = ready.next() else { break };
        bytes = bytes.saturating_add(look.0);
        batch.push((path, look));
    }
    batch
}

/// Imports a batch, and says what it brought if it brought anything.
fn take(
    arguments: &Arguments,
    wanted: &Import,
    store: &Store,
    options: &ImportOptions,
    mapping: &LoadedMapping,
) -> Outcome {
    let begun = Instant::now();
    let report = match with_progress(store, &wanted.paths, options, mapping) {
        Ok(report) => report,
        // Nothing that is a source is there yet.
        Err(Failure::Import(
            Error::NothingRecognised { .. }
            | Error::Mlflow(
                mlflow::Error::ArtifactsOnly { .. }
                | mlflow::Error::Empty { .. }
                | mlflow::Error::NotMlflow { .. },
            ),
        )) => {
            // No source yet, or never one: whoever watches sees what lies there unread.
            let names = options.only.iter().flatten().map(|path| path.display().to_string());
            let names: Vec<String> = names.collect();
            let count = counted(names.len() as u64, "file");
            let line = format!("no source in {count}: {}", listed(names.into_iter(), NAMED));
            eprintln!("{}", visible(&line));
            return Ok(Exit::Answer);
        }
        Err(failure) => return Err(failure),
    };
    // What is known again needs no word, unless something of it is not in the store.
    let beside =
        report.no_source.files > 0 || report.sources.iter().any(|source| source.no_logs.files > 0);
    let silent = report.brought_nothing() && report.counts().rejected == 0 && !beside;
    if (report.sources.is_empty() && !beside) || (silent && exit(&report) == Exit::Answer) {
        return Ok(Exit::Answer);
    }
    let back = brought_back(store, &report)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let mut json = report.to_json();
        json["brought_back"] = back.json();
        writeln!(out, "{json}")?;
    } else {
        print(&mut out, &report, back, begun.elapsed())?;
        print_damage(&mut out, &report)?;
    }
    // Whoever watches sees each when it is done.
    out.flush()?;
    Ok(exit(&report))
}

/// Set by the first SIGTERM or Ctrl-C; a second one ends the command where it is.
fn ending() -> Outcome<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let signals = [
        (signal_hook::consts::SIGTERM, 128 + signal_hook::consts::SIGTERM),
        (signal_hook::consts::SIGINT, 128 + signal_hook::consts::SIGINT),
    ];
    for (signal, code) in signals {
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&flag))?;
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

/// All files below the paths, and how they look.
fn files(paths: &[PathBuf]) -> Outcome<BTreeMap<PathBuf, Look>> {
    let mut all = BTreeMap::new();
    for path in paths {
        walk(path, 0, &mut all)?;
    }
    Ok(all)
}

fn walk(path: &Path, depth: usize, all: &mut BTreeMap<PathBuf, Look>) -> Outcome<()> {
    let unread = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    let about = match std::fs::metadata(path) {
        Ok(about) => about,
        // It went while it was looked at.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unread(error)),
    };
    if about.is_file() {
        if all.len() >= FILES_MAX {
            return Err(Failure::usage(format!(
                "more than {} are below {}: follow its parts",
                counted(FILES_MAX as u64, "file"),
                path.display()
            )));
        }
        all.insert(path.to_owned(), (about.len(), about.modified().ok()));
        return Ok(());
    }
    if !about.is_dir() || depth > DEPTH_MAX {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        // A link may lead round in a circle.
        let is_folder_link =
            entry.file_type().is_ok_and(|kind| kind.is_symlink()) && entry.path().is_dir();
        if !is_folder_link {
            walk(&entry.path(), depth + 1, all)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_once_when_it_rests_and_again_when_it_changed() {
        let mut watched = Watched::default();
        let look = |files: &[(&str, u64)]| {
            files.iter().map(|(name, size)| (PathBuf::from(name), (*size, None))).collect()
        };
        let names = |ready: Vec<(PathBuf, Look)>| {
            ready.into_iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>()
        };
        assert!(watched.look(look(&[("a", 1)]), false).is_empty(), "it may be written");
        assert!(watched.look(look(&[("a", 2)]), false).is_empty(), "it is written");
        let ready = watched.look(look(&[("a", 2), ("b", 1)]), false);
        watched.done(&ready);
        assert_eq!(names(ready), ["a"]);
        let ready = watched.look(look(&[("a", 2), ("b", 1)]), false);
        assert_eq!(names(ready), ["b"], "it was not said to be done, and rests");
        let ready = watched.look(look(&[("a", 3), ("b", 1)]), true);
        assert_eq!(names(ready), ["a", "b"], "at once");
        watched.look(look(&[]), false);
        assert_eq!(names(watched.look(look(&[("a", 2)]), true)), ["a"], "it came again");
    }

    #[test]
    fn batches_are_bounded_by_files_and_bytes() {
        let files = |count: u64, size: u64| {
            (0..count).map(move |number| (PathBuf::from(number.to_string()), (size, None)))
        };
        assert_eq!(batch(&mut files(1_000, 1)).len(), BATCH_FILES);
        assert_eq!(batch(&mut files(1_000, BATCH_BYTES / 2)).len(), 2);
        assert_eq!(batch(&mut files(2, u64::MAX)).len(), 1);
    }
}
