//! One import from its first record to its report.

use super::people::People;
use super::{Found, ImportOptions, LoadedMapping, log_files, mlflow_store};
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::record::Reject;
use crate::report::{REJECTS_LISTED, Report, SourceReport};
use lineal_engine::schema::Kind;
use lineal_engine::{Outcome, Store, Transaction};
use lineal_proof::Value;

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
}

impl<'a> Session<'a> {
    pub(super) fn new(
        store: &'a Store,
        options: &'a ImportOptions,
        mapping: &'a LoadedMapping,
        progress: &'a Progress,
    ) -> Session<'a> {
        let report = Report { dry_run: options.dry_run, ..Report::default() };
        Session { store, options, mapping, progress, people: People::new(store), report }
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

    /// Imports one source.
    pub(super) fn take(&mut self, found: &Found) -> Result<()> {
        match found {
            Found::Mlflow { path, form } => mlflow_store::take(self, path, *form),
            Found::Logs { path, archive } => log_files::take(self, path, archive),
        }
    }

    /// Records what the mapping file settles for the whole store, where it differs.
    pub(super) fn settle(&mut self) -> Result<()> {
        let Some(rank) = &self.mapping.mapping.rank else { return Ok(()) };
        let rank = Value::List(rank.iter().map(Value::text).collect());
        if self.store.setting("rank").as_ref() == Some(&rank) {
            return Ok(());
        }
        let mut transaction = self.begin()?;
        transaction.add_setting("rank", rank);
        self.commit(transaction)
    }

    /// Begins the next transaction of this import.
    pub(super) fn begin(&self) -> Result<Transaction<'a>> {
        Ok(self.store.begin(self.report.import, self.options.actor.clone())?)
    }

    /// Commits, unless nothing is to be written.
    pub(super) fn commit(&mut self, transaction: Transaction<'a>) -> Result<()> {
        if self.report.dry_run || transaction.is_empty() {
            return Ok(());
        }
        let committed = transaction.commit()?;
        self.report.import.get_or_insert(committed.import);
        self.report.commits += 1;
        Ok(())
    }

    /// Counts what became of a node.
    pub(super) fn count_node(&mut self, kind: Kind, outcome: Outcome) {
        let (new, known) = self.report.nodes.entry(kind.name()).or_default();
        match outcome {
            Outcome::Recorded => *new += 1,
            Outcome::Known => *known += 1,
        }
    }

    /// With `--strict` any reject refuses the whole import, before anything is written.
    pub(super) fn refuse_rejects(&self) -> Result<()> {
        let count = self.report.counts().rejected;
        let first = self.report.sources.iter().flat_map(|source| &source.rejects).next();
        match first {
            Some(first) if count > 0 => Err(Error::Strict { count, first: describe(first) }),
            _ => Ok(()),
        }
    }

    /// Writes what is derived and closes the report.
    pub(super) fn finish(mut self) -> Result<Report> {
        if self.report.commits > 0 {
            self.progress.phase("indexing");
            self.store.write_indexes()?;
        }
        if !self.report.dry_run {
            let view = self.store.snapshot()?;
            let missing = (0..view.node_count()).filter(|node| view.is_missing(*node));
            let missing: Vec<u32> = missing.collect();
            let names = missing.iter().take(UNRESOLVED_LISTED).map(|node| view.name_of(*node));
            self.report.unresolved = (missing.len() as u64, names.collect());
        }
        Ok(self.report)
    }
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
