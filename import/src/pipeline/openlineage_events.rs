//! Importing a file of OpenLineage's events: each event says what it says as of its own time.

use super::custody::{self, Wanted};
use super::mlflow_store::label;
use super::people::encode_series;
use super::staging::{Session, list_rejects};
use crate::error::{Error, Result};
use crate::openlineage::{EventSaid, FORM, Item, NAMED, SOURCE, Said, read};
use crate::plain;
use crate::report::SourceReport;
use lineal_engine::schema::Kind;
use lineal_engine::{Outcome, Saying, Transaction};
use lineal_proof::record::Counts;
use std::io::BufReader;
use std::path::Path;

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

pub(super) fn take(session: &mut Session<'_>, path: &Path) -> Result<()> {
    session.progress.phase("hashing");
    let custody = custody::of_file(path, Wanted::Both, Some(session.progress))?;
    let digest = session.store.source_digest(&custody.blake3)?;
    let source = session.options.source.clone().unwrap_or_else(|| SOURCE.to_owned());
    let mut report = SourceReport {
        label: label(path),
        source: source.clone(),
        form: FORM.to_owned(),
        files: 1,
        ..SourceReport::default()
    };
    let known = session.known_file(Some(&source), &digest, FORM);
    if known.as_ref().is_some_and(|known| known.whole) || session.rehearsed_file(&digest, FORM) {
        report.files_known = 1;
        session.note_known(&mut report, known.as_ref());
        session.report.sources.push(report);
        return Ok(());
    }
    session.progress.phase("reading");
    let unreadable = |source| Error::Io { path: path.to_owned(), source };
    let file = BufReader::with_capacity(CHUNK, plain::open(path).map_err(unreadable)?);
    let mut recording =
        Recording { source, transaction: None, newest: None, counts: Counts::default() };
    let mut rejects = Vec::new();
    let ended = read(file, &report.label, &mut |item| match item {
        Item::Event(event) => recording.event(session, event).map_err(Stopped::By),
        Item::Reject(reject) => {
            recording.counts.read += 1;
            recording.counts.rejected += 1;
            rejects.push(reject);
            Ok(())
        }
    });
    let ended = ended.map_err(|stopped| match stopped {
        Stopped::Io(source) => unreadable(source),
        Stopped::By(error) => error,
    })?;
    list_rejects(&mut report, rejects);
    if custody::of_file(path, Wanted::Blake3, None)?.blake3 != custody.blake3 {
        return Err(Error::Changed { path: path.to_owned() });
    }
    let dated = session.options.observed_at.or(recording.newest).or(custody.modified);
    let observed_at = dated.ok_or_else(|| Error::NoTime { label: report.label.clone() })?;
    report.counts = recording.counts;
    let source = recording.source.clone();
    let transaction = recording.end(session)?;
    let (lines, form) = (ended.lines, FORM);
    let whole = custody::Whole { source, form, digest, observed_at, lines, records: lines };
    custody::record_whole(session, transaction, &whole, &custody, report)
}

/// Why reading ended early.
enum Stopped {
    Io(std::io::Error),
    By(Error),
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Stopped {
        Stopped::Io(error)
    }
}

/// The recording of events, in as many commits as they need.
struct Recording<'s> {
    source: String,
    transaction: Option<Transaction<'s>>,
    /// The time of the newest event.
    newest: Option<i64>,
    counts: Counts,
}

impl<'s> Recording<'s> {
    fn saying(&self, form: &str, observed_at: i64) -> Saying {
        Saying { source: self.source.clone(), form: form.to_owned(), observed_at }
    }

    fn event(&mut self, session: &mut Session<'s>, event: EventSaid) -> Result<()> {
        let limits = session.options.limits;
        if let Some(full) = self.transaction.take_if(|at_hand| {
            at_hand.staged_nodes() >= limits.transaction_nodes.max(1)
                || at_hand.staged_bytes() >= limits.transaction_bytes
        }) {
            session.commit(full)?;
        }
        let mut transaction = match self.transaction.take() {
            Some(transaction) => transaction,
            None => session.begin()?,
        };
        self.newest = self.newest.max(Some(event.time));
        let mut brought = false;
        for Said { form, record } in event.said {
            let kind = record.node.kind;
            let draft = session.people.draft(encode_series(record))?;
            let saying = self.saying(form, event.time);
            let staged = transaction.add_node(&saying, draft)?;
            brought |= session.count_node(&saying, kind, &staged) == Outcome::Recorded;
        }
        // Whoever is named by events of one transaction is introduced in it, as of this event.
        let saying = self.saying(NAMED, event.time);
        for actor in session.people.take_actors() {
            let staged = transaction.add_node(&saying, actor)?;
            session.count_node(&saying, Kind::Actor, &staged);
        }
        self.transaction = Some(transaction);
        self.counts.read += 1;
        match brought {
            true => self.counts.accepted += 1,
            false => self.counts.duplicate += 1,
        }
        session.progress.add_items(1);
        Ok(())
    }

    /// The transaction at hand, which the end of the import belongs to.
    fn end(self, session: &Session<'s>) -> Result<Transaction<'s>> {
        self.transaction.map_or_else(|| session.begin(), Ok)
    }
}
