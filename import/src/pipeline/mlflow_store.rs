//! Importing an MLflow store: one source, read once, and recorded in as many commits as it needs.

use super::custody::{self, Custody, Wanted, log_of};
use super::recording::Recording;
use super::staging::{Session, list_rejects};
use super::still::Stand;
use crate::error::{Error, Result};
use crate::mlflow::{self, Form};
use crate::progress::Progress;
use crate::report::SourceReport;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_engine::{KnownSource, Saying};
use lineal_proof::record::Source;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

/// What was given, as a label: its own name, never where it lies.
pub(super) fn label(path: &Path) -> String {
    path.file_name().map_or_else(|| ".".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn custody(
    root: &Path,
    form: Form,
    wanted: Wanted,
    progress: Option<&Progress>,
) -> Result<Custody> {
    match form {
        Form::Sqlite => custody::of_database(root, wanted, progress),
        _ if root.is_dir() => match mlflow::bodies(root, form)? {
            Some(bodies) => custody::of_files_below(root, bodies, wanted, progress),
            None => custody::of_tree(root, wanted, progress),
        },
        _ => custody::of_file(root, wanted, progress),
    }
}

pub(super) fn take(session: &mut Session<'_>, path: &Path, form: Form) -> Result<()> {
    session.progress.phase("hashing");
    let root = mlflow::root(path, form);
    if form != Form::Sqlite {
        let custody = custody(&root, form, Wanted::Both, Some(session.progress))?;
        return take_hashed(session, path, &root, form, Hashed::Before(&custody), || {
            Ok(custody.clone())
        });
    }
    // A database is one large file. Where it cannot be known and nobody writes to it, it is hashed
    // beside its reading.
    let stand = Stand::of([root.as_path(), &log_of(&root)])?;
    let is_new = !session.store.may_know(form.name(), stand.size()) && !session.report.dry_run;
    if is_new && stand.is_still(SystemClock.now()) {
        session.progress.phase("reading");
        let (progress, root) = (session.progress, root.as_path());
        return thread::scope(|scope| {
            let both =
                scope.spawn(move || custody::of_database(root, Wanted::BothByOne, Some(progress)));
            let finish = || {
                let custody = both.join().unwrap_or_else(|panic| resume_unwind(panic))?;
                stand.check()?;
                Ok(custody)
            };
            take_hashed(session, path, root, form, Hashed::Beside, finish)
        });
    }
    // Its SHA-256, which takes longest, is wanted in the end alone: it is made beside all that is done
    // until something is recorded.
    thread::scope(|scope| {
        let sha256 = scope.spawn(|| self::custody(&root, form, Wanted::Sha256, None));
        let custody = custody(&root, form, Wanted::Blake3, Some(session.progress))?;
        let finish = || {
            let sha256 = sha256.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            custody::with_sha256(&custody, &sha256, &root)
        };
        take_hashed(session, path, &root, form, Hashed::Before(&custody), finish)
    })
}

/// What is known of a store's bytes when its reading begins.
#[derive(Clone, Copy)]
enum Hashed<'c> {
    /// Their BLAKE3.
    Before(&'c Custody),
    /// Nothing: they are hashed beside it, and were never recorded.
    Beside,
}

/// Takes a store; `finish` gives all that is to be recorded of its bytes, and fails if those that were read
/// may be others.
fn take_hashed(
    session: &mut Session<'_>,
    path: &Path,
    root: &Path,
    form: Form,
    hashed: Hashed<'_>,
    finish: impl FnOnce() -> Result<Custody> + Send,
) -> Result<()> {
    // What was given, and what of it is the store.
    let below = root.strip_prefix(path).ok().filter(|below| !below.as_os_str().is_empty());
    let below = below.map_or_else(String::new, |below| format!("/{}", below.display()));
    let mut report = SourceReport {
        label: format!("{}{below}", label(path)),
        form: form.name().to_owned(),
        ..SourceReport::default()
    };
    let source = session.options.source.as_deref();
    let mut known = None;
    if let Hashed::Before(custody) = hashed {
        let digest = session.store.source_digest(&custody.blake3)?;
        report.files = custody.files;
        known = session.known_file(source, &digest, form.name());
        if session.rehearsed_file(&digest, form.name())
            || known.as_ref().is_some_and(|known| nothing_new(session, known, custody, &mut report))
        {
            report.files_known = custody.files;
            session.note_known(&mut report, known.as_ref());
            session.report.sources.push(report);
            return Ok(());
        }
        session.progress.phase("reading");
    }
    let check = || {
        let custody = finish()?;
        let Hashed::Before(before) = hashed else { return Ok(custody) };
        // Once more when all is read and hashed: what was the same before and after was so in between.
        let again = self::custody(root, form, Wanted::Blake3, None)?;
        let is_same = again.blake3 == before.blake3;
        if is_same { Ok(custody) } else { Err(Error::Changed { path: root.to_owned() }) }
    };
    let rules = &session.mapping.mapping.mlflow;
    let (mut reading, custody) = mlflow::open(path, form, rules, source, check)?;
    let custody = custody?;
    let digest = session.store.source_digest(&custody.blake3)?;
    report.files = custody.files;
    let dated = reading.newest_time.max(custody.modified);
    let observed_at = reading.observed_at.or(session.options.observed_at).or(dated);
    let observed_at = observed_at.ok_or_else(|| Error::NoTime { label: report.label.clone() })?;
    let saying =
        Saying { source: reading.source.clone(), form: reading.form.to_owned(), observed_at };
    report.source.clone_from(&reading.source);
    if known.as_ref().is_some_and(|known| observed_at <= known.observed_at) {
        // The export says as of when it is, whatever its file's time.
        report.files_known = custody.files;
        session.note_known(&mut report, known.as_ref());
        session.report.sources.push(report);
        return Ok(());
    }
    report.warnings = std::mem::take(&mut reading.warnings);
    report.skipped = std::mem::take(&mut reading.skipped).into_iter().collect();
    let rejects = std::mem::take(&mut reading.rejects);
    let full = reading.full && rejects.is_empty();
    let rejected = rejects.len() as u64;
    list_rejects(&mut report, rejects);
    session.progress.phase("recording");
    let mut recording = Recording::new(session, &saying, full)?;
    let ended = recording.take(session, reading)?;
    report.warnings.extend(ended.warnings);
    let Recording { mut transaction, held, counts, .. } = recording;
    let skipped: u64 = report.skipped.values().sum();
    report.counts = counts;
    report.counts.rejected += rejected;
    report.counts.skipped += skipped;
    report.counts.read += rejected + skipped;
    if full {
        transaction.add_snapshot(&saying, held);
    }
    let (label, sealed) = custody::record_label(session, &digest, &report.label)?;
    transaction.add_source(Source {
        source: saying.source.clone(),
        form: saying.form.clone(),
        label,
        files: custody.files,
        lines: None,
        size: custody.size,
        sha256: Some(custody.sha256),
        blake3: Some(custody.blake3),
        sealed,
        digest,
        mapping: session.mapping.digest,
        observed_at,
        stretches: (0, 1),
        whole: true,
        counts: report.counts,
    });
    session.commit(transaction)?;
    session.add_file(digest, form.name());
    session.report.sources.push(report);
    Ok(())
}

/// Is a state that is known worth no record? It is, where it is said to hold later than known: by
/// whoever imports, or by its files if another state came in between.
fn nothing_new(
    session: &Session<'_>,
    known: &KnownSource,
    custody: &Custody,
    report: &mut SourceReport,
) -> bool {
    let latest = session.store.latest_state(&known.source, &report.form);
    let is_latest = latest.is_some_and(|latest| latest == known.digest);
    let claimed = session.options.observed_at.or(custody.modified.filter(|_| !is_latest));
    if claimed.is_some_and(|claimed| claimed > known.observed_at) {
        return false;
    }
    report.source.clone_from(&known.source);
    if !is_latest {
        report.warnings.push(format!(
            "{} is known in this state from import:{}, and a later state of the source is recorded; if it returned to this one, say as of when with --observed-at TIME",
            report.label, known.import
        ));
    } else if session.options.observed_at.is_some_and(|claimed| claimed < known.observed_at) {
        report.warnings.push(format!(
            "{} is known in this state, of a later time, from import:{}: --observed-at had no effect",
            report.label, known.import
        ));
    }
    true
}
