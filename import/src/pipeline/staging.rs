//! One import from its first record to its report.

use super::identity::Known;
use super::people::People;
use super::rehearsal::Rehearsal;
use super::to_come::Days;
use super::{
    Found, ImportOptions, LoadedMapping, exchange, log_files, mlflow_store, openlineage_events,
    untaken,
};
use crate::error::{Error, Result};
use crate::mlflow;
use crate::progress::Progress;
use crate::record::Reject;
use crate::report::{REJECTS_LISTED, Report, SourceReport};
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;
use lineal_engine::{
    Error as Stored, KnownSource, Outcome, Saying, Staged, Stands, Store, Transaction,
};
use lineal_proof::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;

/// Files that are named where `--strict` refuses what is no log, or of no source.
const NO_LOGS_NAMED: usize = 5;
/// How many missing nodes a report names.
const UNRESOLVED_LISTED: usize = 20;

/// An import under way.
pub(super) struct Session<'a> {
    pub(super) store: &'a Store,
    pub(super) options: &'a ImportOptions,
    pub(super) mapping: &'a LoadedMapping,
    pub(super) progress: &'a Progress,
    pub(super) people: People<'a>,
    pub(super) report: Report,
    /// The days of the events that were taken.
    pub(super) days: Days,
    /// Of a dry run: what would be in the store by now.
    rehearsal: Rehearsal,
    /// Nodes that are counted, by the first half of their ids: was something recorded of them?
    counted: HashMap<[u8; 16], bool>,
    /// Why the first of what was found by itself was passed over.
    passed_over: Option<Error>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        store: &'a Store,
        options: &'a ImportOptions,
        mapping: &'a LoadedMapping,
        progress: &'a Progress,
    ) -> Session<'a> {
        let report = Report { dry_run: options.dry_run, ..Report::default() };
        Session {
            store,
            options,
            mapping,
            progress,
            people: People::new(store),
            report,
            days: Days::default(),
            rehearsal: Rehearsal::default(),
            counted: HashMap::new(),
            passed_over: None,
        }
    }

    /// An import that reads and counts and writes nothing.
    pub(super) fn rehearsal(
        store: &'a Store,
        options: &'a ImportOptions,
        mapping: &'a LoadedMapping,
        progress: &'a Progress,
    ) -> Session<'a> {
        let mut session = Session::new(store, options, mapping, progress);
        session.report.dry_run = true;
        session
    }

    /// Imports one source, found below one of these paths.
    pub(super) fn take(&mut self, found: &Found, below: &[PathBuf]) -> Result<()> {
        self.go_on()?;
        match found {
            Found::Mlflow { path, form, given } => {
                match mlflow_store::take(self, path, *form) {
                    // Artifacts or another program's database beside a store: nothing that
                    // somebody meant.
                    Err(
                        error @ Error::Mlflow(
                            mlflow::Error::ArtifactsOnly { .. }
                            | mlflow::Error::Empty { .. }
                            | mlflow::Error::NotMlflow { .. },
                        ),
                    ) if !given => {
                        if let Error::Mlflow(mlflow::Error::NotMlflow { path, .. }) = &error {
                            let label = untaken::label(below, path);
                            self.report.no_source.add(label, untaken::OTHER_DATABASE);
                        }
                        self.passed_over.get_or_insert(error);
                        Ok(())
                    }
                    other => other,
                }
            }
            Found::OpenLineage { path } => openlineage_events::take(self, path),
            Found::Document { path, format } => exchange::take(self, path, *format),
            Found::Logs { path, archive } => log_files::take(self, path, archive),
        }
    }

    /// Records what the mapping file settles for the whole store, where it differs.
    pub(super) fn settle(&mut self) -> Result<()> {
        let list =
            |names: &mut dyn Iterator<Item = &str>| Value::List(names.map(Value::text).collect());
        let mut settings = Vec::new();
        if let Some(rank) = &self.mapping.mapping.rank {
            settings.push(("rank", list(&mut rank.iter().map(String::as_str))));
        }
        let indexed = self.mapping.logs.indexed();
        // The input hash alone is what a store indexes when nothing is said.
        if indexed != [EventField::InputHash] || self.store.setting("indexed").is_some() {
            settings.push(("indexed", list(&mut indexed.iter().map(|field| field.spec().name))));
        }
        let mut transaction = self.store.begin(None, self.options.actor.clone())?;
        for (name, value) in settings {
            if self.store.setting(name).as_ref() != Some(&value) {
                transaction.add_setting(name, value);
            }
        }
        // A commit of its own: what is settled outlives the import that came with it.
        if !self.report.dry_run && !transaction.is_empty() {
            transaction.commit()?;
            self.report.commits += 1;
        }
        Ok(())
    }

    /// Begins the next transaction of this import.
    pub(super) fn begin(&self) -> Result<Transaction<'a>> {
        Ok(self.store.begin(self.report.import, self.options.actor.clone())?)
    }

    /// Refuses to go on where somebody wished the end of it and nothing is recorded yet. Behind its first commit
    /// an import goes on: it is never half there.
    pub(super) fn go_on(&self) -> Result<()> {
        match self.progress.is_stopped() && self.report.import.is_none() {
            true => Err(Error::Stopped),
            false => Ok(()),
        }
    }

    /// Commits, unless nothing is to be written.
    pub(super) fn commit(&mut self, transaction: Transaction<'a>) -> Result<()> {
        self.go_on()?;
        if self.report.dry_run || transaction.is_empty() {
            return Ok(());
        }
        let committed = transaction.commit()?;
        self.report.import.get_or_insert(committed.import);
        self.report.commits += 1;
        Ok(())
    }

    /// What is known of a file that was read with this mapping, as said by a source or by any.
    pub(super) fn known_file(
        &self,
        source: Option<&str>,
        digest: &[u8; 16],
        form: &str,
    ) -> Option<KnownSource> {
        self.store.known_source(source, digest, form, Some(&self.mapping.digest))
    }

    /// Notes what is recorded of a source that is known, and so not read, unless this import itself
    /// read it.
    pub(super) fn note_known(&self, report: &mut SourceReport, known: Option<&KnownSource>) {
        if let Some(known) = known.filter(|known| self.report.import != Some(known.import)) {
            let (label, files) = (report.label.clone(), report.files);
            report.note_known(known, &label, files);
        }
    }

    /// Would a file be recorded whole by now, were this no dry run?
    pub(super) fn rehearsed_file(&self, digest: &[u8; 16], form: &str) -> bool {
        self.report.dry_run && self.rehearsal.knows_file(digest, form)
    }

    /// A file was read to its end.
    pub(super) fn add_file(&mut self, digest: [u8; 16], form: &str) {
        if self.report.dry_run {
            self.rehearsal.add_file(digest, form);
        }
    }

    /// The events of a time span that are known.
    pub(super) fn known(&mut self, source: &str, first: i64, last: i64) -> Result<Known> {
        let mut known = Known::load(self.store, source, first, last)?;
        known.rehearse(std::mem::take(&mut self.rehearsal.events));
        Ok(known)
    }

    /// Done with these: only a dry run needs them again.
    pub(super) fn done_with(&mut self, known: Known) {
        if self.report.dry_run {
            self.rehearsal.events = known.rehearsed();
        }
    }

    /// Says what became of what was said of a node, and counts the node: once, however often a source
    /// speaks of it and however many sources do, and as recorded if anything of it was.
    pub(super) fn count_node(&mut self, saying: &Saying, kind: Kind, staged: &Staged) -> Outcome {
        let dry = self.report.dry_run;
        let outcome = if dry { self.rehearsal.outcome(saying, staged) } else { staged.outcome };
        let (new, known) = self.report.nodes.entry(kind.name()).or_default();
        let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = staged.node.0;
        let is_new = outcome == Outcome::Recorded;
        match self.counted.entry(half) {
            Entry::Vacant(node) => {
                node.insert(is_new);
                *(if is_new { new } else { known }) += 1;
            }
            Entry::Occupied(mut node) if is_new && !node.get() => {
                node.insert(true);
                *known -= 1;
                *new += 1;
            }
            Entry::Occupied(_) => {}
        }
        outcome
    }

    /// With `--strict` any reject refuses the whole import, before anything is written: of what is read
    /// now, of known files when they were read, of files beside logs that are none, and of files that no source
    /// takes.
    pub(super) fn refuse_rejects(&self) -> Result<()> {
        let sources = &self.report.sources;
        let count = self.report.counts().rejected;
        let first = sources.iter().flat_map(|source| &source.rejects).next();
        if let Some(first) = first.filter(|_| count > 0) {
            return Err(Error::Strict { count, first: describe(first) });
        }
        let known = sources.iter().flat_map(|source| &source.known);
        let rejecting: Vec<_> = known.filter(|(_, known)| known.counts.rejected > 0).collect();
        if let Some((import, known)) = rejecting.first() {
            let count = rejecting.iter().map(|(_, known)| known.counts.rejected).sum();
            let name = known.rejected_in.first().map_or("", String::as_str);
            let first = format!("{name}, when import:{import} read it");
            return Err(Error::Strict { count, first });
        }
        let beside = sources.iter().filter(|source| source.no_logs.files > 0);
        let files = beside.clone().map(|source| source.no_logs.files).sum();
        if files > 0 {
            let names = beside.flat_map(|source| &source.no_logs.names).cloned();
            return Err(Error::NoLogs { files, names: first_of(names, files) });
        }
        self.report.no_source.refuse()
    }

    /// Says of how many events the time is still to come.
    fn note_days(&mut self, now: i64) {
        let days = std::mem::take(&mut self.days);
        (self.report.to_come, self.report.last_to_come) = days.behind_tomorrow(now);
    }

    /// What is told of an error: behind the first commit also what stands.
    pub(super) fn begun(&self, error: Error) -> Error {
        let unseen = match &error {
            Error::Store(Stored::Stands { commit, stands: Stands::Unseen, .. }) => Some(*commit),
            _ => None,
        };
        let Some(import) = self.report.import.or(unseen) else { return error };
        let commits = self.report.commits + u64::from(unseen.is_some());
        Error::Begun { import, commits, source: Box::new(error) }
    }

    /// Writes what is derived and closes the report.
    pub(super) fn finish(mut self) -> Result<Report> {
        if self.report.sources.is_empty()
            && let Some(error) = self.passed_over
        {
            return Err(error);
        }
        if self.report.commits > 0 {
            self.progress.phase("indexing");
            if let Err(error) = self.store.write_indexes() {
                let Stored::Stands { .. } = error else { return Err(self.begun(error.into())) };
                // All is recorded. What is derived of it waits until there is room.
                self.report.waits = Some(error.to_string());
            }
        }
        if self.report.dry_run {
            self.note_days(self.store.now());
        } else {
            let view = match self.store.snapshot() {
                Ok(view) => view,
                // What is made in memory may be laid aside on the same disk.
                Err(Stored::Io { .. }) if self.report.waits.is_some() => return Ok(self.report),
                Err(error) => return Err(self.begun(error.into())),
            };
            self.note_days(view.recorded());
            let missing = (0..view.node_count()).filter(|node| view.is_missing(*node));
            let missing: Vec<u32> = missing.collect();
            let names = missing.iter().take(UNRESOLVED_LISTED).map(|node| view.name_of(*node));
            self.report.unresolved = (missing.len() as u64, names.collect());
        }
        Ok(self.report)
    }
}

/// The first of so many files, in words.
pub(super) fn first_of(names: impl Iterator<Item = String>, files: u64) -> String {
    let names: Vec<String> = names.take(NO_LOGS_NAMED).collect();
    let more = files.saturating_sub(names.len() as u64);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("{}{more}", names.join(", "))
}

/// A reject as one line: where, then what.
#[must_use]
pub(super) fn describe(reject: &Reject) -> String {
    let at = &reject.at;
    match (at.line, at.byte) {
        (0, 0) => format!("{}: {}", at.file, reject.reason),
        (0, byte) => format!("{}, byte {byte}: {}", at.file, reject.reason),
        (line, byte) => format!("{}, line {line}, byte {byte}: {}", at.file, reject.reason),
    }
}

/// Takes rejects into a source's report, as many as it lists.
pub(super) fn list_rejects(report: &mut SourceReport, rejects: Vec<Reject>) {
    let room = REJECTS_LISTED.saturating_sub(report.rejects.len());
    report.rejects.extend(rejects.into_iter().take(room));
}
