//! Importing log files: many small ones at once; large ones go to `large_file`.
//!
//! While one group of files is committed the next is read, so two groups at most are in memory,
//! however many there are.

use super::LoadedMapping;
use super::custody::{self, Custody, Wanted};
use super::large_file;
use super::logs::{Judged, Origin, stage};
use super::people;
use super::sink::{BlockSink, Stretch};
use super::staging::{Session, list_rejects};
use crate::datadog::recognise::{Archive, ArchiveFile, holds_logs};
use crate::datadog::{FileReport, Shape, translate_file};
use crate::error::{Error, Result};
use crate::plural::{are, counted};
use crate::progress::Progress;
use crate::record::{Location, Reject};
use crate::report::{LOGS, SourceReport};
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;
use lineal_engine::schema::Kind;
use lineal_engine::{KnownSource, Saying, Store, Transaction};
use lineal_proof::Hash;
use lineal_proof::record::{Counts, Source};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

/// The form of log files.
pub(super) const FORM: &str = LOGS;
/// The label of what was read from standard input; a program that spools it names the file so.
pub const STANDARD_INPUT: &str = "stdin";
/// The name of a log organisation where none is given.
const SOURCE: &str = "datadog";

/// A file that is to be read.
pub(super) struct Job<'f> {
    file: &'f ArchiveFile,
    custody: Custody,
    pub(super) digest: [u8; 16],
    /// Its label as it is recorded, and a commitment to the plain one where they differ.
    pub(super) label: (String, Vec<(String, Hash)>),
    known: Option<KnownSource>,
}

/// A file that was read.
struct Read {
    report: FileReport,
    stretches: Vec<Stretch>,
    named: Vec<(String, String)>,
}

/// Small files that are committed together.
#[derive(Default)]
struct Group<'f> {
    jobs: Vec<Job<'f>>,
    bytes: u64,
}

impl Group<'_> {
    fn holds(&self, digest: &[u8; 16]) -> bool {
        self.jobs.iter().any(|job| job.digest == *digest)
    }
}

pub(super) fn take(session: &mut Session<'_>, path: &Path, archive: &Archive) -> Result<()> {
    let source = session.options.source.clone().unwrap_or_else(|| SOURCE.to_owned());
    let mut report = SourceReport {
        label: super::mlflow_store::label(path),
        source: source.clone(),
        form: FORM.to_owned(),
        no_logs: archive.passed_over.clone(),
        ..SourceReport::default()
    };
    session.progress.expect_bytes(archive.files.iter().map(|file| file.size).sum());
    session.progress.phase("reading");
    let limits = session.options.limits;
    // One group is gathered, the one before it was read and waits to be committed.
    let mut group = Group::default();
    let mut waiting: Option<Waiting<'_>> = None;
    let mut passed_over: BTreeMap<(u64, String), u64> = BTreeMap::new();
    for files in archive.files.chunks(HASHED_AT_ONCE) {
        session.go_on()?;
        let hashed = files.par_iter().map(|file| custody::of_file(&file.path, Wanted::Both, None));
        let hashed = hashed.collect::<Result<Vec<_>>>()?;
        for (file, custody) in files.iter().zip(hashed) {
            let digest = session.store.source_digest(&custody.blake3)?;
            let known = session.known_file(Some(&source), &digest, FORM);
            let otherwise = || session.store.known_source(None, &digest, FORM, None);
            report.files += 1;
            // What waits will be known by the time at which this file would be read.
            let waits = waiting.as_ref().is_some_and(|waiting| waiting.group.holds(&digest));
            let whole = waits || known.as_ref().is_some_and(|known| known.whole);
            if whole || session.rehearsed_file(&digest, FORM) {
                report.files_known += 1;
                report.counts.add(&erased(session, &digest));
                note_known(session, &mut report, file, known.as_ref());
                session.progress.add_bytes(file.size);
                continue;
            }
            // Read a second time its events would stand beside themselves, under other names.
            if let Some(other) = known.is_none().then(otherwise).flatten() {
                note_known(session, &mut report, file, Some(&other));
                *passed_over.entry((other.import, other.source)).or_default() += 1;
                report.files_known += 1;
                session.progress.add_bytes(file.size);
                continue;
            }
            let label = custody::record_label(session, &digest, &file.label)?;
            report.warnings.extend(rewritten(session, &source, &label.0, &digest));
            let job = Job { file, custody, digest, label, known };
            if file.size > limits.small_file_bytes {
                let ready = std::mem::take(&mut group);
                waiting = advance(session, &mut report, &source, waiting.take(), ready)?;
                advance(session, &mut report, &source, waiting.take(), Group::default())?;
                large_file::take(session, &mut report, &source, &job)?;
                continue;
            }
            group.bytes += file.size;
            group.jobs.push(job);
            if group.bytes >= limits.group_bytes || group.jobs.len() >= limits.group_files {
                let ready = std::mem::take(&mut group);
                waiting = advance(session, &mut report, &source, waiting.take(), ready)?;
            }
        }
    }
    waiting = advance(session, &mut report, &source, waiting.take(), group)?;
    advance(session, &mut report, &source, waiting, Group::default())?;
    report.warnings.extend(report.pages.note());
    report.warnings.extend(passed_over.into_iter().map(|((import, other), files)| {
        let otherwise = if other == source {
            "under another mapping".to_owned()
        } else {
            format!("as of source `{other}`")
        };
        format!(
            "{files} of the files are known from import:{import} {otherwise} and were passed over; to read them again, `lineal retract import:{import}` first"
        )
    }));
    session.report.sources.push(report);
    Ok(())
}

/// What of a file that is known, and so not read, was erased: it stays so.
fn erased(session: &Session<'_>, digest: &[u8; 16]) -> Counts {
    let suppressed = session.store.erased_of_file(digest);
    Counts { read: suppressed, suppressed, ..Counts::default() }
}

/// What is recorded of a file that is known, and so not read, unless this import itself read it.
fn note_known(
    session: &Session<'_>,
    report: &mut SourceReport,
    file: &ArchiveFile,
    known: Option<&KnownSource>,
) {
    if let Some(known) = known.filter(|known| session.report.import != Some(known.import)) {
        report.note_known(known, &file.label, 1);
        if is_no_log(&known.counts, file) {
            report.no_logs.add(&file.label);
        }
    }
}

/// Is a file called as a log file is, and holds something else? Those of archive folders are taken by
/// their names; of one in which no event was found the first items are looked at.
fn is_no_log(counts: &Counts, file: &ArchiveFile) -> bool {
    let events = counts.accepted + counts.duplicate + counts.suppressed;
    events == 0 && counts.skipped > 0 && !holds_logs(&file.path)
}

/// Files that are hashed before the first of them is judged: enough for every core.
const HASHED_AT_ONCE: usize = 64;

/// Was a file of that label imported with other bytes? A path within an archive names one file; the
/// bare name of a single one may be that of another in another folder, and what comes from standard
/// input is another each time.
fn rewritten(
    session: &Session<'_>,
    source: &str,
    label: &str,
    digest: &[u8; 16],
) -> Option<String> {
    if label == STANDARD_INPUT {
        return None;
    }
    let commit = session.store.rewritten(source, label, FORM, digest)?;
    Some(if label.contains('/') {
        format!(
            "{label} was imported before with other bytes (commit {commit}): it was rewritten since"
        )
    } else {
        format!("a file called {label} was imported before with other bytes (commit {commit})")
    })
}

/// A group that was read and is not committed yet.
struct Waiting<'f> {
    group: Group<'f>,
    read: Vec<Read>,
}

/// Commits the group that waits while the next one is read: two groups at most are in memory.
fn advance<'f>(
    session: &mut Session<'_>,
    report: &mut SourceReport,
    source: &str,
    waiting: Option<Waiting<'f>>,
    next: Group<'f>,
) -> Result<Option<Waiting<'f>>> {
    let (store, mapping, progress) = (session.store, session.mapping, session.progress);
    let stretch_lines = session.options.limits.stretch_lines;
    let (committed, read) = rayon::join(
        || match waiting {
            Some(waiting) => commit_group(session, report, source, waiting),
            None => Ok(()),
        },
        || read_group(&next.jobs, store, mapping, progress, stretch_lines),
    );
    committed?;
    let read = read?;
    Ok((!next.jobs.is_empty()).then_some(Waiting { group: next, read }))
}

/// Translates small files in parallel.
fn read_group(
    jobs: &[Job<'_>],
    store: &Store,
    mapping: &LoadedMapping,
    progress: &Progress,
    stretch_lines: u64,
) -> Result<Vec<Read>> {
    let read = jobs.par_iter().map(|job| {
        let mut stretches = Vec::new();
        let mut keep = |stretch| {
            stretches.push(stretch);
            ControlFlow::Continue(())
        };
        let mut sink = BlockSink::new(store, stretch_lines, &mut keep);
        let read = translate(job, mapping, progress, &mut sink)?;
        sink.finish();
        let named = std::mem::take(&mut sink.named).into_iter().collect();
        progress.add_items(read.lines);
        Ok(Read { report: read, stretches, named })
    });
    read.collect()
}

/// Commits small files together, in path order.
fn commit_group(
    session: &mut Session<'_>,
    report: &mut SourceReport,
    source: &str,
    Waiting { group: Group { jobs, .. }, read }: Waiting<'_>,
) -> Result<()> {
    let oldest = read.iter().filter_map(|read| read.report.oldest_time).min();
    let newest = read.iter().filter_map(|read| read.report.newest_time).max();
    let span = (oldest.unwrap_or(i64::MAX), newest.unwrap_or(i64::MIN));
    let mut known = session.known(source, span.0, span.1)?;
    let mut transaction = session.begin()?;
    for (job, read) in jobs.iter().zip(read) {
        if transaction.staged_nodes() >= session.options.limits.transaction_nodes {
            session.commit(transaction)?;
            transaction = session.begin()?;
        }
        let saying = saying(session, source, job, read.report.newest_time)?;
        let origin = Origin { saying: &saying, file: job.digest, label: &job.label.0 };
        let mut judged = Judged::default();
        let last = read.stretches.last().map_or(0, |stretch| stretch.number);
        for stretch in read.stretches {
            if is_recorded(job, stretch.number) {
                judged.duplicate += stretch.block.rows() as u64;
                continue;
            }
            let more = stage(session, &mut transaction, &mut known, &origin, stretch)?;
            judged.accepted += more.accepted;
            judged.duplicate += more.duplicate;
            judged.suppressed += more.suppressed;
        }
        add_people(session, &mut transaction, &saying, read.named)?;
        transaction.add_seen_rows(&saying, job.digest, known.take_seen(session.report.import));
        let counts = counts(&read.report, judged);
        let lines = Some(read.report.lines);
        let part = Part { lines, stretches: (0, last + 1), whole: true, counts };
        add_source(session, &mut transaction, &saying, job, part)?;
        finish_file(report, job, counts, read.report);
        session.add_file(job.digest, FORM);
    }
    session.commit(transaction)?;
    session.done_with(known);
    Ok(())
}

pub(super) fn translate(
    job: &Job<'_>,
    mapping: &LoadedMapping,
    progress: &Progress,
    sink: &mut BlockSink<'_, '_>,
) -> Result<FileReport> {
    let mut told = 0;
    let mut advance = |bytes: u64| {
        progress.add_bytes(bytes.saturating_sub(told));
        told = bytes;
    };
    let read = translate_file(&job.file.path, &job.file.label, &mapping.logs, sink, &mut advance);
    if let Some(error) = sink.error.take() {
        return Err(error);
    }
    let read = read?;
    if read.blake3 != job.custody.blake3.0 {
        return Err(Error::Changed { path: job.file.path.clone() });
    }
    Ok(read)
}

pub(super) fn is_recorded(job: &Job<'_>, stretch: u64) -> bool {
    let stretches = job.known.iter().flat_map(|known| &known.stretches);
    stretches.into_iter().any(|(first, count)| (*first..first + count).contains(&stretch))
}

/// The first and the last time of events.
pub(super) fn span(block: &EventBlock) -> Option<(i64, i64)> {
    let times = || (0..block.rows()).filter_map(|row| block.int(row, EventField::Time));
    Some((times().min()?, times().max()?))
}

pub(super) fn saying(
    session: &Session<'_>,
    source: &str,
    job: &Job<'_>,
    newest: Option<i64>,
) -> Result<Saying> {
    let dated = newest.max(job.custody.modified);
    let observed_at = session.options.observed_at.or(dated);
    let observed_at = observed_at.ok_or_else(|| Error::NoTime { label: job.file.label.clone() })?;
    Ok(Saying { source: source.to_owned(), form: FORM.to_owned(), observed_at })
}

pub(super) fn counts(read: &FileReport, judged: Judged) -> Counts {
    let damaged = u64::from(read.damage.is_some());
    Counts {
        read: read.lines + damaged,
        accepted: judged.accepted,
        duplicate: judged.duplicate,
        rejected: read.rejected + damaged,
        skipped: read.skipped.values().sum(),
        suppressed: judged.suppressed,
    }
}

pub(super) fn finish_file(
    report: &mut SourceReport,
    job: &Job<'_>,
    counts: Counts,
    read: FileReport,
) {
    report.counts.add(&counts);
    match read.next_page {
        Some(member) => {
            report.pages.followed += 1;
            report.pages.first.get_or_insert_with(|| (read.label.clone(), member));
        }
        None if read.shape == Shape::Pages => report.pages.last += 1,
        None => {}
    }
    if is_no_log(&counts, job.file) {
        report.no_logs.add(&job.file.label);
    }
    for (reason, count) in read.skipped {
        *report.skipped.entry(reason).or_default() += count;
    }
    list_rejects(report, read.rejects);
    if let Some(damage) = read.damage {
        let at = Location { file: read.label.clone(), ..Location::default() };
        let reason = damage.to_string();
        let reason = reason.strip_prefix(&read.label).map_or(reason.as_str(), str::trim_start);
        list_rejects(report, vec![Reject { at, reason: reason.to_owned() }]);
    }
    for (field, count) in read.unreadable {
        report.warnings.push(format!(
            "{}: {} could not be read as {field} and {} kept unparsed among the other attributes",
            read.label,
            counted(count, "value"),
            are(count)
        ));
    }
    for (field, count) in read.replaced {
        let instead = match field {
            "time" => "the time that another place of the mapping holds, as the date of the line",
            _ => "what another place of the mapping holds",
        };
        report.warnings.push(format!(
            "{}: {} could not be read as {field} and {} kept unparsed among the other attributes; taken instead: \
             {instead}",
            read.label,
            counted(count, "value"),
            are(count)
        ));
    }
    if read.rootless > 0 {
        report.warnings.push(format!(
            "{}: {} {} marked without any of the mapping's roots; `--explain-mapping` shows what is there",
            read.label,
            counted(read.rootless, "event"),
            are(read.rootless)
        ));
    }
}

pub(super) fn add_people(
    session: &mut Session<'_>,
    transaction: &mut Transaction<'_>,
    saying: &Saying,
    named: Vec<(String, String)>,
) -> Result<()> {
    for (key, login) in named {
        let staged = transaction.add_node(saying, people::actor(key, &login))?;
        session.count_node(saying, Kind::Actor, &staged);
    }
    Ok(())
}

/// What of a file a transaction holds.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Lines of the file, known at its end.
    pub(super) lines: Option<u64>,
    pub(super) stretches: (u64, u64),
    pub(super) whole: bool,
    pub(super) counts: Counts,
}

pub(super) fn add_source(
    session: &Session<'_>,
    transaction: &mut Transaction<'_>,
    saying: &Saying,
    job: &Job<'_>,
    part: Part,
) -> Result<()> {
    let Part { lines, stretches, whole, counts } = part;
    let mut sealed = job.label.1.clone();
    let (sha256, blake3) =
        custody::record_digests(session, &job.digest, &job.custody, lines, &mut sealed)?;
    transaction.add_source(Source {
        source: saying.source.clone(),
        form: saying.form.clone(),
        label: job.label.0.clone(),
        files: 1,
        lines,
        size: job.custody.size,
        sha256,
        blake3,
        sealed,
        digest: job.digest,
        mapping: session.mapping.digest,
        observed_at: saying.observed_at,
        stretches,
        whole,
        counts,
    });
    Ok(())
}
