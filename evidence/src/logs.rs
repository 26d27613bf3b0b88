//! Article 12 logs as files: the events of a deployment or a system with counts that reconcile, and a
//! signed statement of what the files are.
//!
//! Every event that counters count has a row, or is counted among those that lie outside the time that
//! was asked for. What was erased or is restricted stays in its place as a row that says so and holds
//! nothing else. Rows are read and written piece by piece: memory does not grow with the log. The
//! statement is written last, so a folder without it is one that broke off.

mod cells;
mod columnar;
mod counts;
mod error;
mod fields;
mod files;
mod parts;
mod proving;
mod rows;
mod statement;
mod within;

pub use counts::Counts;
pub use error::LogsError;
pub use statement::{PREDICATE, SIGNATURE_FILE, STATEMENT_FILE};

use crate::own_events::events_of;
use counts::Reconciled;
use fields::Columns;
use files::Folder;
use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Snapshot, Store};
use parts::Part;
use proving::{Proved, Proving};
use rows::RowFiles;
use std::ops::ControlFlow;
use std::path::Path;

/// The form of the files of rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Comma-separated values (RFC 4180), in UTF-8, with a line of names.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    /// Its name, and how the files end.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Parquet => "parquet",
        }
    }
}

/// What is to be handed over.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// A deployment, or a system: all deployments that belong to it, but the events in them that name
    /// another system.
    pub subject: NodeNo,
    /// Events from this time on, ns.
    pub from: Option<i64>,
    /// Events before this time, ns.
    pub until: Option<i64>,
    /// The form.
    pub format: Format,
    /// With the subject group: references to inputs and outputs, sessions, what no rule maps.
    pub with_subject_group: bool,
    /// For whom only this subject is to be seen: nothing is told of other logs of the store.
    pub is_bound: bool,
    /// What is proved. For more than nothing the view must be as of a checkpoint that is kept.
    pub proof: Proof,
}

/// Which of the events that are shown come with a proof.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Proof {
    /// None.
    #[default]
    None,
    /// Up to 64, the first of as many batches.
    Sample,
    /// Every one. It takes some 1.2 KB an event, and the more time the larger the batches are: each file of a
    /// thousand needs the leaves of whole batches.
    Every,
}

/// What was handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandedOver {
    /// The files by their names, the statement and its signature among them.
    pub files: Vec<String>,
    /// Bytes in all of these.
    pub bytes: u64,
    /// Deployments that the files speak of.
    pub deployments: usize,
    /// The counts over all deployments.
    pub counts: Counts,
    /// Why events may be missing that no count counts: some are erased of which nobody knows any more whose they
    /// were.
    pub erased_of_shared: Option<&'static str>,
    /// The key that signed the statement, as a verifier key of the log; none if the store has no
    /// log key yet.
    pub signed_by: Option<String>,
    /// The checkpoint of the view's commit, if one is kept.
    pub checkpoint: Option<u64>,
    /// Events that are proved.
    pub proved: u64,
    /// Events that were to be proved and cannot be, because salts of them were erased.
    pub unproved: u64,
    /// Why no proof was made that was asked for.
    pub no_proof: Option<&'static str>,
}

/// Writes the logs into a new or empty folder. `progress` is told how many events were looked at, of
/// how many, and may end it; then the folder has no statement.
///
/// # Errors
/// [`LogsError`]: another kind of thing, a folder that holds something, no checkpoint to prove against,
/// counts that do not reconcile, or what the store or the medium says.
pub fn hand_over(
    store: &Store,
    view: &Snapshot,
    wanted: &Wanted,
    folder: &Path,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<HandedOver, LogsError> {
    // Of a system the events of that system alone, also where a deployment served several.
    let own = match view.kind_of(wanted.subject) {
        Kind::System => Some(events_of(view, wanted.subject)?),
        _ => None,
    };
    let view = own.as_ref().unwrap_or(view);
    let deployments = parts::deployments(view, wanted.subject)?;
    let checkpoint = statement::checkpoint_of(store, view)?;
    let mut proving = match (wanted.proof, &checkpoint) {
        (Proof::None, _) => None,
        (_, Some(note)) => Some(Proving::new((store, view), wanted, note)),
        (_, None) => return Err(LogsError::NoCheckpoint { commit: view.commit() }),
    };
    let parts = parts::parts(view, &deployments);
    let mut folder = Folder::create(folder)?;
    let columns = Columns::of(wanted.with_subject_group);
    let mut reconciled = Reconciled::new(view, &deployments);
    let all: u64 = parts.iter().map(|part| part.info.events).sum();
    let mut files = RowFiles::new(wanted.format, &columns);
    let mut listed = parts::List::new(&mut folder)?;
    let mut done = 0;
    for part in &parts {
        let found = rows::write(view, wanted, &columns, part, &mut files, &mut folder)?;
        check(view, part, &found.counts)?;
        listed.put(&folder, (store, view), part, &found.counts)?;
        reconciled.add(part, &found);
        if let Some(proving) = &mut proving {
            proving.take(&mut folder, part, &found.shown)?;
        }
        done += part.info.events;
        if progress(done, all).is_break() {
            return Err(LogsError::Stopped);
        }
    }
    files.close(&mut folder)?;
    listed.close(&mut folder)?;
    let proved = proving.map(|proving| proving.end(&mut folder)).transpose()?;
    let counts = reconciled.total();
    let said = statement::Said {
        wanted,
        columns: &columns,
        checkpoint: checkpoint.as_ref(),
        reconciled: &reconciled,
        proved: proved.as_ref(),
    };
    let signed_by = statement::write(store, view, &said, &mut folder)?;
    Ok(HandedOver {
        files: folder.files().iter().map(|file| file.name.clone()).collect(),
        bytes: folder.files().iter().map(|file| file.bytes).sum(),
        deployments: deployments.len(),
        counts,
        erased_of_shared: reconciled.leaves_erased().then_some(statement::ERASED_OF_SHARED),
        signed_by,
        checkpoint: checkpoint.map(|note| note.checkpoint.size),
        proved: proved.as_ref().map_or(0, |proved| proved.events),
        unproved: proved.as_ref().map_or(0, |proved| proved.unproved),
        no_proof: proved.as_ref().and_then(Proved::why),
    })
}

/// The rows of a part must come to what its counters count: else something is not handed over that
/// was recorded, or the other way round.
fn check(view: &Snapshot, part: &Part, counts: &Counts) -> Result<(), LogsError> {
    let found = counts.accounted();
    if found == part.info.events {
        return Ok(());
    }
    if let Some(damage) = view.damage() {
        return Err(damage.into());
    }
    let batch = view.name_of(part.info.node);
    Err(LogsError::Unreconciled { batch, counted: part.info.events, found })
}
