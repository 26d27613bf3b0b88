//! The one pipeline: recognising, hashing, knowing again, staging, committing, counting.
//!
//! Translators yield records; everything that touches the store happens here, once.

mod ahead;
mod custody;
mod exchange;
mod identity;
mod large_file;
mod limits;
mod log_files;
mod logs;
mod mlflow_store;
mod openlineage_events;
mod people;
mod recognise;
mod recording;
mod rehearsal;
mod sink;
mod staging;
mod still;
mod to_come;
mod untaken;

pub use limits::Limits;
pub use log_files::STANDARD_INPUT;
pub use people::actor;
pub use recognise::{Found, forms, recognise};

use crate::datadog::{CompiledMapping, EventLine, LineSink, explain, translate};
use crate::error::{Error, Result};
use crate::mapping::{self, Mapping};
use crate::progress::Progress;
use crate::record::{EventSink, EventValue, Reject};
use crate::report::{NoSource, Report};
use lineal_engine::Store;
use lineal_engine::event_fields::EventField;
use lineal_proof::Hash;
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A mapping file, read and compiled, with the digest by which commits name it.
pub struct LoadedMapping {
    pub(crate) mapping: Mapping,
    pub(crate) logs: CompiledMapping,
    pub(crate) digest: Hash,
}

impl LoadedMapping {
    /// The mapping that is built in.
    ///
    /// # Errors
    /// Never, as tests hold; the type is that of [`LoadedMapping::read`].
    pub fn built_in() -> Result<LoadedMapping> {
        LoadedMapping::parse(mapping::EMBEDDED, "the built-in mapping")
    }

    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Mapping`] or [`Error::LogMapping`] with file and line.
    pub fn read(path: &Path) -> Result<LoadedMapping> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Io { path: path.to_owned(), source })?;
        LoadedMapping::parse(&text, &path.display().to_string())
    }

    fn parse(text: &str, file: &str) -> Result<LoadedMapping> {
        let mapping = Mapping::parse(text, file)?;
        let wrong = |source| Error::LogMapping { file: file.to_owned(), source };
        let logs = CompiledMapping::new(&mapping.datadog).map_err(wrong)?;
        let all = [text, mapping::EMBEDDED, mapping::datadog::BUILT_IN].join("\0");
        Ok(LoadedMapping { mapping, logs, digest: Hash::of(all.as_bytes()) })
    }
}

/// How to import.
#[derive(Clone, Default, Debug)]
pub struct ImportOptions {
    /// Take what is given as this form instead of recognising it.
    pub form: Option<String>,
    /// The name of the source, where the usual one will not do.
    pub source: Option<String>,
    /// When the source was in this state, ns, where the export does not say.
    pub observed_at: Option<i64>,
    /// Read and count, write nothing.
    pub dry_run: bool,
    /// Any reject fails the import as a whole.
    pub strict: bool,
    /// Of what is found, these files alone, and stores that one of them belongs to.
    pub only: Option<BTreeSet<PathBuf>>,
    /// The actor key of who imports.
    pub actor: Option<String>,
    /// Where log files are cut; tests lower them.
    pub limits: Limits,
}

/// Imports what lies at some paths.
///
/// An import is one or more commits, each whole. After an error, commits already made stay; doing
/// the same again goes on from there.
///
/// # Errors
/// What ends an import; nothing of the transaction at hand is then in the log. Behind the first commit it is
/// [`Error::Begun`], which says what stands.
pub fn import(
    store: &Store,
    paths: &[PathBuf],
    options: &ImportOptions,
    mapping: &LoadedMapping,
    progress: &Progress,
) -> Result<Report> {
    let mut found = Vec::new();
    for path in paths {
        crate::fence::check(path)?;
        found.extend(recognise(path, options.form.as_deref())?);
    }
    let untaken = match options.form {
        Some(_) => NoSource::default(),
        None => untaken::untaken(paths, &found, options.only.as_ref()),
    };
    if let Some(only) = &options.only {
        found.retain_mut(|found| found.keep(only));
    }
    let mut session = staging::Session::new(store, options, mapping, progress);
    // Registries before logs: pins and the report are better for it, answers are the same.
    found.sort_by_key(|found| matches!(found, Found::Logs { .. }));
    if options.strict {
        // Everything is read once before anything is written.
        let mut rehearsal = staging::Session::rehearsal(store, options, mapping, progress);
        rehearsal.report.no_source = untaken.clone();
        for found in &found {
            rehearsal.take(found, paths)?;
        }
        rehearsal.refuse_rejects()?;
    }
    session.report.no_source = untaken;
    session.go_on()?;
    let take_all = |session: &mut staging::Session<'_>| -> Result<()> {
        session.settle()?;
        found.iter().try_for_each(|found| session.take(found, paths))
    };
    match take_all(&mut session) {
        Ok(()) => session.finish(),
        Err(error) => Err(session.begun(error)),
    }
}

/// What an import would make of lines of logs, without a store.
#[derive(Debug)]
pub struct Rehearsed {
    /// Those that it would reject; the first thousand.
    pub rejects: Vec<Reject>,
    /// How many it would leave out, since the mapping finds no event in them.
    pub skipped: u64,
}

/// What an import would make of lines of logs, without a store: for whoever answers before the
/// import is made.
///
/// # Errors
/// Never for lines in memory; the type is that of reading files.
pub fn rehearse_lines(lines: &mut dyn Read, mapping: &LoadedMapping) -> Result<Rehearsed> {
    let read = translate(lines, "body", &mapping.logs, &mut Nobody, &mut |_| {})?;
    Ok(Rehearsed { rejects: read.rejects, skipped: read.skipped.values().sum() })
}

/// Hears no events.
struct Nobody;

impl EventSink for Nobody {
    fn set(&mut self, _: EventField, _: EventValue<'_>) {}
    fn set_person(&mut self, _: EventField, _: &str) {}
    fn end_event(&mut self) {}
}

impl LineSink for Nobody {
    fn begin_event(&mut self, _: &EventLine) {}
}

/// Lists which attributes of logs are seen, mapped, or left in `rest`.
///
/// # Errors
/// What ends the reading.
pub fn explain_mapping(
    paths: &[PathBuf],
    mapping: &LoadedMapping,
    limit: u64,
) -> Result<explain::Explanation> {
    Ok(explain::explain(paths, &mapping.logs, limit)?)
}
