//! Importing log files: many small ones at once, large ones stretch by stretch.

use super::custody::{self, Custody};
use super::logs::{Judged, Origin, stage};
use super::people;
use super::sink::{BlockSink, Stretch};
use super::staging::{Session, list_rejects};
use crate::datadog::recognise::{Archive, ArchiveFile};
use crate::datadog::{FileReport, translate_file};
use crate::error::{Error, Result};
use crate::record::{Location, Reject};
use crate::report::SourceReport;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;
use lineal_engine::schema::Kind;
use lineal_engine::{KnownSource, Saying, Transaction};
use lineal_proof::record::{Counts, Source};
use lineal_proof::{Hash, Value};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// The form of log files.
pub(super) const FORM: &str = "datadog-logs";
/// The label of what was read from standard input; a program that spools it names the file so.
pub const STANDARD_INPUT: &str = "stdin";
/// The name of a log organisation where none is given.
const SOURCE: &str = "datadog";
/// Files of fewer lines have their digests sealed: few lines can be guessed.
const SEALED_LINES: u64 = 1_000;

/// A file that is to be read.
struct Job<'f> {
    file: &'f ArchiveFile,
    custody: Custody,
    digest: [u8; 16],
    /// Its label as it is recorded, and a commitment to the plain one where they differ.
    label: (String, Vec<(String, Hash)>),
    known: Option<KnownSource>,
}

/// A file that was read.
struct Read {
    report: FileReport,
    stretches: Vec<Stretch>,
    named: Vec<(String, String)>,
}

pub(super) fn take(session: &mut Session<'_>, path: &Path, archive: &Archive) -> Result<()> {
    let source = session.options.source.clone().unwrap_or_else(|| SOURCE.to_owned());
    let mut report = SourceReport {
        label: super::mlflow_store::label(path),
        source: source.clone(),
        form: FORM.to_owned(),
        ..SourceReport::default()
    };
    if archive.passed_over > 0 {
        let warning =
            format!("{} files are no log files and were passed over", archive.passed_over);
        report.warnings.push(warning);
    }
    session.progress.expect_bytes(archive.files.iter().map(|file| file.size).sum());
    session.progress.phase("reading");
    let limits = session.options.limits;
    let mut group: Vec<Job<'_>> = Vec::new();
    let mut passed_over: BTreeMap<(u64, String), u64> = BTreeMap::new();
    let mut bytes = 0;
    for file in &archive.files {
        let custody = custody::of_file(&file.path, None)?;
        let digest = session.store.source_digest(&custody.blake3)?;
        let known = session.known_file(Some(&source), &digest, FORM);
        let otherwise = || session.store.known_source(None, &digest, FORM, None);
        report.files += 1;
        let whole = known.as_ref().is_some_and(|known| known.whole);
        if whole || session.rehearsed_file(&digest, FORM) {
            report.files_known += 1;
            session.progress.add_bytes(file.size);
            continue;
        }
        // Read a second time its events would stand beside themselves, under other names.
        if let Some(other) = known.is_none().then(otherwise).flatten() {
            *passed_over.entry((other.import, other.source)).or_default() += 1;
            report.files_known += 1;
            session.progress.add_bytes(file.size);
            continue;
        }
        let label = custody::record_label(session, &digest, &file.label)?;
        report.warnings.extend(rewritten(session, &source, &label.0, &digest));
        let job = Job { file, custody, digest, label, known };
        if file.size > limits.small_file_bytes {
            take_group(session, &mut report, &source, &std::mem::take(&mut group))?;
            bytes = 0;
            take_large(session, &mut report, &source, &job)?;
            continue;
        }
        bytes += file.size;
        group.push(job);
        if bytes >= limits.group_bytes || group.len() >= limits.group_files {
            take_group(session, &mut report, &source, &std::mem::take(&mut group))?;
            bytes = 0;
        }
    }
    take_group(session, &mut report, &source, &group)?;
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

/// Translates small files in parallel and commits them together, in path order.
fn take_group(
    session: &mut Session<'_>,
    report: &mut SourceReport,
    source: &str,
    jobs: &[Job<'_>],
) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let (store, mapping, progress) = (session.store, session.mapping, session.progress);
    let stretch_lines = session.options.limits.stretch_lines;
    let read = jobs
        .par_iter()
        .map(|job| {
            let mut stretches = Vec::new();
            let mut keep = |stretch| {
                stretches.push(stretch);
                Ok(())
            };
            let mut sink = BlockSink::new(store, stretch_lines, &mut keep);
            let read = translate(job, mapping, progress, &mut sink)?;
            sink.flush();
            let named = std::mem::take(&mut sink.named).into_iter().collect();
            progress.add_items(read.lines);
            Ok(Read { report: read, stretches, named })
        })
        .collect::<Result<Vec<Read>>>()?;
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
        }
        add_people(session, &mut transaction, &saying, read.named)?;
        transaction.add_seen_rows(&saying, job.digest, known.take_seen(session.report.import));
        let counts = counts(&read.report, judged);
        let lines = Some(read.report.lines);
        let part = Part { lines, stretches: (0, last + 1), whole: true, counts };
        add_source(session, &mut transaction, &saying, job, part)?;
        finish_file(report, counts, read.report);
        session.add_file(job.digest, FORM);
    }
    session.commit(transaction)?;
    session.done_with(known);
    Ok(())
}

/// Translates a large file stretch by stretch, each a commit of its own.
fn take_large(
    session: &mut Session<'_>,
    report: &mut SourceReport,
    source: &str,
    job: &Job<'_>,
) -> Result<()> {
    let (store, mapping, progress) = (session.store, session.mapping, session.progress);
    let stretch_lines = session.options.limits.stretch_lines;
    let mut done = Counts::default();
    let mut held: Option<Stretch> = None;
    // A stretch is committed when the next begins: the last one goes with the file's end.
    let mut on_stretch = |stretch: Stretch| -> Result<()> {
        progress.add_items(stretch.block.rows() as u64);
        let Some(before) = held.replace(stretch) else { return Ok(()) };
        if is_recorded(job, before.number) {
            done.read += before.block.rows() as u64;
            done.duplicate += before.block.rows() as u64;
            return Ok(());
        }
        let number = before.number;
        let newest = span(&before.block).map(|(_, newest)| newest);
        let dated = saying(session, source, job, newest)?;
        let counts = commit_stretch(session, &dated, job, before, Vec::new(), |counts| Part {
            lines: None,
            stretches: (number, 1),
            whole: false,
            counts,
        })?;
        done.add(&counts);
        Ok(())
    };
    let mut sink = BlockSink::new(store, stretch_lines, &mut on_stretch);
    let read = translate(job, mapping, progress, &mut sink)?;
    sink.flush();
    if let Some(error) = sink.error.take() {
        return Err(error);
    }
    let named: Vec<(String, String)> = std::mem::take(&mut sink.named).into_iter().collect();
    drop(sink);
    let last = held.take().unwrap_or(Stretch { number: 0, block: EventBlock::new() });
    let saying = saying(session, source, job, read.newest_time)?;
    let number = last.number;
    // What was skipped or rejected anywhere in the file is counted with its last stretch.
    let rest = counts(&read, Judged { accepted: 0, duplicate: read.accepted });
    let counts = commit_stretch(session, &saying, job, last, named, |mut counts| {
        counts.rejected = rest.rejected;
        counts.skipped = rest.skipped;
        counts.read += rest.rejected + rest.skipped;
        Part { lines: Some(read.lines), stretches: (number, 1), whole: true, counts }
    })?;
    done.add(&counts);
    finish_file(report, done, read);
    session.add_file(job.digest, FORM);
    Ok(())
}

/// Stages and commits one stretch of a large file.
fn commit_stretch(
    session: &mut Session<'_>,
    saying: &Saying,
    job: &Job<'_>,
    stretch: Stretch,
    named: Vec<(String, String)>,
    part: impl FnOnce(Counts) -> Part,
) -> Result<Counts> {
    let (first, last) = span(&stretch.block).unwrap_or((i64::MAX, i64::MIN));
    let mut known = session.known(&saying.source, first, last)?;
    let mut transaction = session.begin()?;
    let origin = Origin { saying, file: job.digest, label: &job.label.0 };
    let judged = stage(session, &mut transaction, &mut known, &origin, stretch)?;
    transaction.add_seen_rows(saying, job.digest, known.take_seen(session.report.import));
    let counts = Counts {
        read: judged.accepted + judged.duplicate,
        accepted: judged.accepted,
        duplicate: judged.duplicate,
        ..Counts::default()
    };
    let part = part(counts);
    let counts = part.counts;
    add_people(session, &mut transaction, saying, named)?;
    add_source(session, &mut transaction, saying, job, part)?;
    session.commit(transaction)?;
    session.done_with(known);
    Ok(counts)
}

fn translate(
    job: &Job<'_>,
    mapping: &super::LoadedMapping,
    progress: &crate::progress::Progress,
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

fn is_recorded(job: &Job<'_>, stretch: u64) -> bool {
    let stretches = job.known.iter().flat_map(|known| &known.stretches);
    stretches.into_iter().any(|(first, count)| (*first..first + count).contains(&stretch))
}

/// The first and the last time of events.
fn span(block: &EventBlock) -> Option<(i64, i64)> {
    let times = || (0..block.rows()).filter_map(|row| block.int(row, EventField::Time));
    Some((times().min()?, times().max()?))
}

fn saying(
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

fn counts(read: &FileReport, judged: Judged) -> Counts {
    let damaged = u64::from(read.damage.is_some());
    Counts {
        read: read.lines + damaged,
        accepted: judged.accepted,
        duplicate: judged.duplicate,
        rejected: read.rejected + damaged,
        skipped: read.skipped.values().sum(),
        suppressed: 0,
    }
}

fn finish_file(report: &mut SourceReport, counts: Counts, read: FileReport) {
    report.counts.add(&counts);
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
        let warning =
            format!("{}: {count} values could not be read as {field} and stay in rest", read.label);
        report.warnings.push(warning);
    }
    if read.rootless > 0 {
        report.warnings.push(format!(
            "{}: {} events are marked but none of the mapping's roots is in them; `--explain-mapping` shows what is",
            read.label, read.rootless
        ));
    }
}

fn add_people(
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
struct Part {
    /// Lines of the file, known at its end.
    lines: Option<u64>,
    stretches: (u64, u64),
    whole: bool,
    counts: Counts,
}

fn add_source(
    session: &Session<'_>,
    transaction: &mut Transaction<'_>,
    saying: &Saying,
    job: &Job<'_>,
    part: Part,
) -> Result<()> {
    let Part { lines, stretches, whole, counts } = part;
    let guessable = lines.is_some_and(|lines| lines < SEALED_LINES);
    let mut sealed = job.label.1.clone();
    if guessable {
        for (field, hash) in [("blake3", &job.custody.blake3), ("sha256", &job.custody.sha256)] {
            let value = Value::Bytes(hash.0.to_vec());
            sealed.push((field.to_owned(), custody::seal(session, &job.digest, field, &value)?));
        }
    }
    transaction.add_source(Source {
        source: saying.source.clone(),
        form: saying.form.clone(),
        label: job.label.0.clone(),
        files: 1,
        lines,
        size: job.custody.size,
        sha256: (!guessable).then_some(job.custody.sha256),
        blake3: (!guessable).then_some(job.custody.blake3),
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
