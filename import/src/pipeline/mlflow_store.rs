//! Importing an MLflow store: one source, read once, and recorded in as many commits as it needs.

use super::custody::{self, Custody, Wanted};
use super::people::encode_series;
use super::staging::{Session, list_rejects};
use crate::error::{Error, Result};
use crate::mlflow::{self, Form};
use crate::progress::Progress;
use crate::record::NodeRecord;
use crate::report::SourceReport;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{KnownSource, NodeDraft, Outcome, Saying, Transaction};
use lineal_proof::record::{Counts, Source};
use lineal_proof::{Hash, Value};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

/// What was given, as a label: its own name, never where it lies.
pub(super) fn label(path: &Path) -> String {
    path.file_name().map_or_else(|| ".".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Nodes that are prepared at once, many side by side.
const PREPARED_AT_ONCE: usize = 512;

fn custody(
    root: &Path,
    form: Form,
    wanted: Wanted,
    progress: Option<&Progress>,
) -> Result<Custody> {
    match form {
        Form::Sqlite => custody::of_database(root, wanted, progress),
        _ if root.is_dir() => custody::of_tree(root, wanted, progress),
        _ => custody::of_file(root, wanted, progress),
    }
}

pub(super) fn take(session: &mut Session<'_>, path: &Path, form: Form) -> Result<()> {
    session.progress.phase("hashing");
    let root = mlflow::root(path, form);
    if form != Form::Sqlite {
        let custody = custody(&root, form, Wanted::Both, Some(session.progress))?;
        return take_hashed(session, path, &root, form, &custody, || Ok(custody.clone()));
    }
    // A database is one large file. Its SHA-256, which takes longest, is wanted in the end alone: it is
    // made beside all that is done until something is recorded.
    thread::scope(|scope| {
        let sha256 = scope.spawn(|| self::custody(&root, form, Wanted::Sha256, None));
        let custody = custody(&root, form, Wanted::Blake3, Some(session.progress))?;
        take_hashed(session, path, &root, form, &custody, || {
            let sha256 = sha256.join().unwrap_or_else(|panic| resume_unwind(panic))?;
            custody::with_sha256(&custody, &sha256, &root)
        })
    })
}

/// Takes a store whose BLAKE3 is known; `finish` gives all that is to be recorded of its bytes.
fn take_hashed(
    session: &mut Session<'_>,
    path: &Path,
    root: &Path,
    form: Form,
    custody: &Custody,
    finish: impl FnOnce() -> Result<Custody> + Send,
) -> Result<()> {
    let digest = session.store.source_digest(&custody.blake3)?;
    // What was given, and what of it is the store.
    let below = root.strip_prefix(path).ok().filter(|below| !below.as_os_str().is_empty());
    let below = below.map_or_else(String::new, |below| format!("/{}", below.display()));
    let mut report = SourceReport {
        label: format!("{}{below}", label(path)),
        form: form.name().to_owned(),
        files: custody.files,
        ..SourceReport::default()
    };
    let source = session.options.source.as_deref();
    let known = session.known_file(source, &digest, form.name());
    if session.rehearsed_file(&digest, form.name())
        || known.as_ref().is_some_and(|known| nothing_new(session, known, custody, &mut report))
    {
        report.files_known = custody.files;
        session.report.sources.push(report);
        return Ok(());
    }
    session.progress.phase("reading");
    // Once more when all is read and hashed: what was the same before and after was so in between.
    let check = || {
        let custody = finish()?;
        let again = self::custody(root, form, Wanted::Blake3, None)?;
        let is_same = again.blake3 == custody.blake3;
        if is_same { Ok(custody) } else { Err(Error::Changed { path: root.to_owned() }) }
    };
    let rules = &session.mapping.mapping.mlflow;
    let (mut reading, custody) = mlflow::open(path, form, rules, source, check)?;
    let custody = custody?;
    let dated = reading.newest_time.max(custody.modified);
    let observed_at = reading.observed_at.or(session.options.observed_at).or(dated);
    let observed_at = observed_at.ok_or_else(|| Error::NoTime { label: report.label.clone() })?;
    let saying =
        Saying { source: reading.source.clone(), form: reading.form.to_owned(), observed_at };
    report.source.clone_from(&reading.source);
    if known.is_some_and(|known| observed_at <= known.observed_at) {
        // The export says as of when it is, whatever its file's time.
        report.files_known = custody.files;
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
    let mut staging =
        Staging { held: BTreeMap::new(), actors: BTreeSet::new(), counts: Counts::default() };
    let mut recording =
        Recording { full, saying: &saying, staging: &mut staging, transaction: None };
    let mut waiting: Vec<NodeRecord> = Vec::new();
    let ended = reading.each(|records| {
        count_inputs(session, &records);
        waiting.extend(records);
        // The same cuts, however many came at once.
        let whole = waiting.len() - waiting.len() % PREPARED_AT_ONCE;
        recording.record(session, waiting.drain(..whole))
    })?;
    recording.record(session, waiting.drain(..))?;
    report.warnings.extend(ended.warnings);
    let mut transaction = recording.end(session)?;
    let actors = session.people.take_actors().into_iter();
    // The translator may have said more of somebody than that there is such a login.
    let actors = actors.filter(|actor| !staging.actors.contains(&actor.key)).collect();
    staging.add(session, &mut transaction, &saying, actors)?;
    let skipped: u64 = report.skipped.values().sum();
    report.counts = staging.counts;
    report.counts.rejected += rejected;
    report.counts.skipped += skipped;
    report.counts.read += rejected + skipped;
    if full {
        transaction.add_snapshot(&saying, staging.held);
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

/// The recording of a store's nodes, in as many commits as they need.
struct Recording<'r, 's> {
    full: bool,
    saying: &'r Saying,
    staging: &'r mut Staging,
    /// The one at hand; none before the first node.
    transaction: Option<Transaction<'s>>,
}

impl<'s> Recording<'_, 's> {
    /// Stages some nodes, and commits what is enough for one transaction.
    fn record(
        &mut self,
        session: &mut Session<'s>,
        mut records: impl Iterator<Item = NodeRecord>,
    ) -> Result<()> {
        let limits = session.options.limits;
        loop {
            let mut transaction = match self.transaction.take() {
                Some(transaction) => transaction,
                None => begin(session, self.full)?,
            };
            let room = limits.transaction_nodes.max(1).saturating_sub(transaction.staged_nodes());
            if room == 0 || transaction.staged_bytes() >= limits.transaction_bytes {
                session.commit(transaction)?;
                continue;
            }
            let some: Vec<_> = records.by_ref().take(PREPARED_AT_ONCE.min(room)).collect();
            let some: Vec<_> = some.into_par_iter().map(encode_series).collect();
            let drafts = some.into_iter().map(|record| session.people.draft(record));
            let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
            let is_last = drafts.is_empty();
            if !is_last {
                session.progress.add_items(drafts.len() as u64);
                self.staging.add(session, &mut transaction, self.saying, drafts)?;
            }
            self.transaction = Some(transaction);
            if is_last {
                return Ok(());
            }
        }
    }

    /// The transaction at hand, which the end of the import belongs to.
    fn end(self, session: &Session<'s>) -> Result<Transaction<'s>> {
        self.transaction.map_or_else(|| begin(session, self.full), Ok)
    }
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

fn begin<'a>(session: &Session<'a>, full: bool) -> Result<Transaction<'a>> {
    let mut transaction = session.begin()?;
    if full {
        transaction.snapshot_follows();
    }
    Ok(transaction)
}

/// What was staged over all transactions of the store.
struct Staging {
    held: BTreeMap<Hash, Hash>,
    actors: BTreeSet<lineal_proof::Key>,
    counts: Counts,
}

impl Staging {
    fn add(
        &mut self,
        session: &mut Session<'_>,
        transaction: &mut Transaction<'_>,
        saying: &Saying,
        drafts: Vec<NodeDraft>,
    ) -> Result<()> {
        let kinds: Vec<Kind> = drafts.iter().map(|draft| draft.kind).collect();
        let actors = drafts.iter().filter(|draft| draft.kind == Kind::Actor);
        self.actors.extend(actors.map(|draft| draft.key.clone()));
        for (kind, staged) in kinds.into_iter().zip(transaction.add_nodes(saying, drafts)?) {
            self.held.insert(staged.node, staged.content);
            self.counts.read += 1;
            match session.count_node(saying, kind, &staged) {
                Outcome::Recorded => self.counts.accepted += 1,
                Outcome::Known => self.counts.duplicate += 1,
            }
        }
        Ok(())
    }
}

/// Counts runs that record no data set, and keeps what the first of them says instead.
fn count_inputs(session: &mut Session<'_>, records: &[NodeRecord]) {
    const INPUTS: [Relation; 4] =
        [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used];
    for record in records.iter().filter(|record| record.node.kind == Kind::Run) {
        let (without, all) = &mut session.report.runs_without_input;
        *all += 1;
        if record.edges.iter().any(|edge| INPUTS.contains(&edge.relation)) {
            continue;
        }
        *without += 1;
        let hints = record.fields.get("input_hints").and_then(Value::as_list);
        let hints = hints.unwrap_or_default().iter().filter_map(Value::as_text);
        let hints: Vec<String> = hints.map(str::to_owned).collect();
        // The first run, unless a later one is the first that names data in some other way.
        let instead = &mut session.report.instead;
        let tells_more =
            instead.as_ref().is_none_or(|(_, old)| old.is_empty() && !hints.is_empty());
        if let Some(crate::record::Part::Text(id)) = record.node.key.first()
            && tells_more
        {
            *instead = Some((id.clone(), hints));
        }
    }
}
