//! Importing one document of an exchange format: read whole, recorded in as many commits as it needs.

use super::custody::{self, Wanted};
use super::mlflow_store::label;
use super::people::encode_series;
use super::recording::Inputs;
use super::staging::{Session, list_rejects};
use crate::error::{Error, Result};
use crate::exchange::{DOCUMENT_BYTES_MAX, Format};
use crate::plain;
use crate::record::{Location, Reject};
use crate::report::SourceReport;
use lineal_engine::schema::Kind;
use lineal_engine::{Outcome, Saying, Transaction};
use lineal_proof::record::Counts;
use std::io::Read;
use std::path::Path;

pub(super) fn take(session: &mut Session<'_>, path: &Path, format: Format) -> Result<()> {
    session.progress.phase("hashing");
    let custody = custody::of_file(path, Wanted::Both, Some(session.progress))?;
    let digest = session.store.source_digest(&custody.blake3)?;
    let source = session.options.source.clone().unwrap_or_else(|| format.source().to_owned());
    let form = format.name();
    let mut report = SourceReport {
        label: label(path),
        source: source.clone(),
        form: form.to_owned(),
        files: 1,
        ..SourceReport::default()
    };
    let known = session.known_file(Some(&source), &digest, form);
    // The same bytes may be said to hold later than known.
    let is_later = |at: i64| session.options.observed_at.is_some_and(|claimed| claimed > at);
    if known.as_ref().is_some_and(|known| known.whole && !is_later(known.observed_at))
        || session.rehearsed_file(&digest, form)
    {
        report.files_known = 1;
        session.note_known(&mut report, known.as_ref());
        session.report.sources.push(report);
        return Ok(());
    }
    session.progress.phase("reading");
    let bytes = read(path)?;
    let mut told = match &bytes {
        Some(bytes) => format.read(bytes, &report.label, &source),
        None => format.read(b"", &report.label, &source),
    };
    let said = told.take();
    if bytes.is_none() {
        let at = Location { file: report.label.clone(), ..Location::default() };
        let reason = format!("the document has more than {} MiB", DOCUMENT_BYTES_MAX >> 20);
        told.rejects = vec![Reject { at, reason }];
    }
    if custody::of_file(path, Wanted::Blake3, None)?.blake3 != custody.blake3 {
        return Err(Error::Changed { path: path.to_owned() });
    }
    let dated = told.newest.max(custody.modified);
    let observed_at = told.stated.or(session.options.observed_at).or(dated);
    let observed_at = observed_at.ok_or_else(|| Error::NoTime { label: report.label.clone() })?;
    session.progress.phase("recording");
    let mut recording = Recording {
        source: source.clone(),
        observed_at,
        transaction: None,
        counts: Counts::default(),
    };
    let mut inputs = Inputs::of(&mut session.report, form);
    for one in said {
        inputs.count(&one.record);
        recording.add(session, one)?;
    }
    inputs.put(&mut session.report);
    recording.actors(session, form)?;
    report.counts = recording.counts;
    report.counts.rejected = told.rejects.len() as u64;
    report.counts.skipped = told.skipped.values().sum();
    report.counts.read += report.counts.rejected + report.counts.skipped;
    report.skipped = std::mem::take(&mut told.skipped);
    report.warnings = std::mem::take(&mut told.warnings);
    list_rejects(&mut report, std::mem::take(&mut told.rejects));
    let transaction = recording.transaction.map_or_else(|| session.begin(), Ok)?;
    // A document is small, so its digests could be guessed from what it says.
    let whole = custody::Whole { source, form, digest, observed_at, lines: None, records: Some(0) };
    custody::record_whole(session, transaction, &whole, &custody, report)
}

/// The bytes of a document; none if it has too many.
fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let unreadable = |source| Error::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let file = plain::open(path).map_err(unreadable)?;
    file.take(DOCUMENT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok((bytes.len() as u64 <= DOCUMENT_BYTES_MAX).then_some(bytes))
}

/// The recording of what a document says.
struct Recording<'s> {
    source: String,
    observed_at: i64,
    transaction: Option<Transaction<'s>>,
    counts: Counts,
}

impl<'s> Recording<'s> {
    fn saying(&self, form: &str) -> Saying {
        let (source, form) = (self.source.clone(), form.to_owned());
        Saying { source, form, observed_at: self.observed_at }
    }

    /// The transaction at hand, after a commit if that has enough.
    fn at_hand(&mut self, session: &mut Session<'s>) -> Result<Transaction<'s>> {
        let limits = session.options.limits;
        match self.transaction.take() {
            Some(full)
                if full.staged_nodes() >= limits.transaction_nodes.max(1)
                    || full.staged_bytes() >= limits.transaction_bytes =>
            {
                session.commit(full)?;
                session.begin()
            }
            Some(transaction) => Ok(transaction),
            None => session.begin(),
        }
    }

    fn add(&mut self, session: &mut Session<'s>, said: crate::exchange::Said) -> Result<()> {
        let mut transaction = self.at_hand(session)?;
        let kind = said.record.node.kind;
        let draft = session.people.draft(encode_series(said.record))?;
        let saying = self.saying(said.form);
        let staged = transaction.add_node(&saying, draft)?;
        self.counts.read += 1;
        match session.count_node(&saying, kind, &staged) {
            Outcome::Recorded => self.counts.accepted += 1,
            Outcome::Known => self.counts.duplicate += 1,
        }
        session.progress.add_items(1);
        self.transaction = Some(transaction);
        Ok(())
    }

    /// Whoever was named is introduced.
    fn actors(&mut self, session: &mut Session<'s>, form: &str) -> Result<()> {
        let saying = self.saying(form);
        for actor in session.people.take_actors() {
            let mut transaction = self.at_hand(session)?;
            let staged = transaction.add_node(&saying, actor)?;
            self.counts.read += 1;
            match session.count_node(&saying, Kind::Actor, &staged) {
                Outcome::Recorded => self.counts.accepted += 1,
                Outcome::Known => self.counts.duplicate += 1,
            }
            self.transaction = Some(transaction);
        }
        Ok(())
    }
}
