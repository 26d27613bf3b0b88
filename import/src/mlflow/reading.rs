//! A store that was read: what it says as a whole at once, and its records one part after another.

use super::counts::Counts;
use super::error::Error;
use super::map::{self, Context, Gathered, MappedDatasets};
use super::runs::{Runs, Wanted};
use super::{Form, file, recognise, rest, sound, source_name, sqlite};
use super::{Snapshot, export_import};
use crate::mapping::MlflowMapping;
use crate::record::{NodeRecord, Reject};
use lineal_engine::schema::Kind;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::thread;

/// Parts of runs that are ready while another is taken: reading goes on during a commit, and waits
/// when it is this far ahead: some ten megabytes each.
const PARTS_AHEAD: usize = 2;
/// Records beside the runs that are handed out at once.
const BESIDE_AT_ONCE: usize = 512;

/// A store that was read, whose records were not taken yet.
pub struct Reading<'m> {
    /// The store's name, which qualifies its keys: `mlflow-` and 8 hex digits, or what was given.
    pub source: String,
    /// The form it was read from.
    pub form: &'static str,
    /// When the export was made, in ns, where it says so.
    pub observed_at: Option<i64>,
    /// The newest time at which something was made, changed, started or ended, in ns. Times of
    /// metric points are left out: users set them as they like.
    pub newest_time: Option<i64>,
    /// Is this all that the store holds? Then what it no longer names is gone from it. Not for
    /// pages and exports, and not where something could not be read.
    pub full: bool,
    /// What was read and deliberately not imported, with counts.
    pub skipped: Vec<(String, u64)>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
    /// What a reader of the answers should know.
    pub warnings: Vec<String>,
    counts: Counts,
    mapping: &'m MlflowMapping,
    runs: Runs,
    datasets: MappedDatasets,
    beside: Vec<String>,
    gathered: Gathered,
}

/// What is known of a store when its last record was taken.
#[derive(Debug)]
pub struct Ended {
    /// What was read.
    pub counts: Counts,
    /// More that a reader of the answers should know.
    pub warnings: Vec<String>,
}

/// Reads the store at `path`, which lies there in that form. `source` names it where the name
/// made from its first experiment will not do. The store is not looked at again, but for what
/// `when_read` does: it is called when all is read, beside the work on what was read.
///
/// # Errors
/// Why it cannot be read at all.
pub fn open<'m, T: Send>(
    path: &Path,
    form: Form,
    mapping: &'m MlflowMapping,
    source: Option<&str>,
    when_read: impl FnOnce() -> T + Send,
) -> Result<(Reading<'m>, T), Error> {
    let mut store = match form {
        Form::Sqlite => sqlite::read(&recognise::database(path))?,
        Form::File => file::read(path, &mapping.documents)?,
        Form::Rest => rest::read(path)?,
        Form::ExportImport => export_import::read(path, &mapping.documents)?,
    };
    sound::drop_unsound(&mut store);
    let source = source.map_or_else(|| source_name::of(&mut store), str::to_owned);
    let mut counts = Counts::of(&store);
    let newest_ms = source_name::newest_ms(&store);
    let observed_at = store.exported_ms.and_then(|ms| ms.checked_mul(1_000_000));
    let traces = store.traces;
    store.skip("traces", traces);
    let mut rejects = std::mem::take(&mut store.rejects);
    let mut warnings = std::mem::take(&mut store.warnings);
    let beside = std::mem::take(&mut store.beside);
    let runs = Runs::new(std::mem::take(&mut store.runs), store.spilled.take());
    let context = Context { mapping, source: &source };
    let (mapped, when_read) = rayon::join(|| map::map(store, &runs, &beside, &context), when_read);
    let mapped = mapped?;
    counts.logged_in_tags = mapped.logged_in_tags;
    warnings.extend(mapped.warnings);
    rejects.extend(mapped.rejects);
    let newest_ms = newest_ms.max(mapped.newest_ms);
    let full = matches!(form, Form::Sqlite | Form::File) && rejects.is_empty();
    let skipped = mapped.skipped.into_iter().map(|(what, n)| (what.to_owned(), n)).collect();
    let reading = Reading {
        source,
        form: form.name(),
        observed_at,
        newest_time: newest_ms.and_then(|ms| ms.checked_mul(1_000_000)),
        full,
        skipped,
        rejects,
        warnings,
        counts,
        mapping,
        runs,
        datasets: mapped.datasets,
        beside,
        gathered: mapped.gathered,
    };
    Ok((reading, when_read))
}

/// Reads a store and keeps all of its records: for looking at them, not for importing.
///
/// # Errors
/// Why it cannot be read at all.
pub fn read(
    path: &Path,
    form: Form,
    mapping: &MlflowMapping,
    source: Option<&str>,
) -> Result<Snapshot, Error> {
    let (mut reading, ()) = open(path, form, mapping, source, || ())?;
    let mut records = Vec::new();
    let mut snapshot = Snapshot {
        source: std::mem::take(&mut reading.source),
        form: reading.form,
        observed_at: reading.observed_at,
        newest_time: reading.newest_time,
        full: reading.full,
        records: Vec::new(),
        counts: Counts::default(),
        skipped: std::mem::take(&mut reading.skipped),
        rejects: std::mem::take(&mut reading.rejects),
        warnings: std::mem::take(&mut reading.warnings),
    };
    reading.source.clone_from(&snapshot.source);
    let ended = reading.each(|some| {
        records.extend(some);
        Ok::<_, Error>(())
    })?;
    snapshot.records = records;
    snapshot.counts = ended.counts;
    snapshot.warnings.extend(ended.warnings);
    Ok(snapshot)
}

impl Reading<'_> {
    /// Hands out the records, some at a time, in the order of kinds and keys. Runs are put together
    /// by another thread while those before them are taken.
    ///
    /// # Errors
    /// The first that `take` gives, or [`Error::Io`] where what was laid aside cannot be read.
    pub fn each<E: From<Error>>(
        self,
        mut take: impl FnMut(Vec<NodeRecord>) -> Result<(), E>,
    ) -> Result<Ended, E> {
        let Reading { source, mapping, runs, datasets, beside, mut gathered, mut counts, .. } =
            self;
        let part =
            |part: usize, mapping: &MlflowMapping| -> Result<(Vec<NodeRecord>, Counts), Error> {
                let context = Context { mapping, source: &source };
                let (mut records, mut counts) = (Vec::new(), Counts::default());
                for mut run in runs.part(part, &Wanted::All)? {
                    if !sound::drop_unsound_of_run(&mut run, &mut Vec::new()) {
                        continue;
                    }
                    counts.add_run(&mut run);
                    records.push(map::map_run(run, &datasets, &beside, &context));
                }
                Ok((records, counts))
            };
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(PARTS_AHEAD);
            let (parts, part) = (runs.parts(), &part);
            scope.spawn(move || {
                // Its own: whoever first uses a pattern has its memory at hand, others wait for it.
                let mapping = mapping.clone();
                for number in 0..parts {
                    if sender.send(part(number, &mapping)).is_err() {
                        return;
                    }
                }
            });
            for made in receiver {
                let (records, counted) = made?;
                counts.add(&counted);
                let mut some: Vec<NodeRecord> = Vec::with_capacity(records.len());
                for mut record in records {
                    while let Some(before) = gathered.next_before(Some(&record.node)) {
                        // Everything beside the runs may stand before the first of them.
                        if before.node.kind < Kind::Run && some.len() >= BESIDE_AT_ONCE {
                            take(std::mem::take(&mut some))?;
                        }
                        some.push(before);
                    }
                    gathered.join(&mut record);
                    match some.last_mut().filter(|last| last.node == record.node) {
                        Some(last) => gathered.unite(last, record),
                        None => some.push(record),
                    }
                }
                take(some)?;
            }
            loop {
                let rest = std::iter::from_fn(|| gathered.next_before(None));
                let some: Vec<NodeRecord> = rest.take(BESIDE_AT_ONCE).collect();
                if some.is_empty() {
                    break;
                }
                take(some)?;
            }
            Ok::<(), E>(())
        })?;
        gathered.check().map_err(map::laid_aside)?;
        Ok(Ended { counts, warnings: gathered.warnings() })
    }
}
