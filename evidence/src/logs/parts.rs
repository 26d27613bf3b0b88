//! Which batches are handed over, and the list of them that goes along.

use super::LogsError;
use super::cells;
use super::counts::Counts;
use super::files::{Folder, Hashed};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{BatchInfo, NodeNo, Snapshot, Store};
use lineal_query::value::time_text;
use std::io::Write as _;

/// The file that lists the batches.
const LIST_FILE: &str = "batches.csv";
/// Its columns.
const LISTED: [&str; 16] = [
    "batch",
    "name",
    "revision",
    "deployment",
    "first_time",
    "last_time",
    "rows",
    "counted",
    "human_overrides",
    "art12",
    "shown",
    "erased",
    "restricted",
    "outside",
    "untimed",
    "unplaced",
];

/// A part of a batch, with the number under which rows name it.
pub(super) struct Part {
    pub(super) number: u64,
    pub(super) info: BatchInfo,
    /// How many rows stand in it, those of other systems included.
    pub(super) places: u32,
}

/// The deployments of a subject, by their keys.
pub(super) fn deployments(view: &Snapshot, subject: NodeNo) -> Result<Vec<NodeNo>, LogsError> {
    match view.kind_of(subject) {
        Kind::Deployment => Ok(vec![subject]),
        Kind::System => {
            let belongs = view.edges(subject, Relation::BelongsTo, Direction::Inverse).iter();
            let is_deployment = |node: &NodeNo| view.kind_of(*node) == Kind::Deployment;
            let mut own: Vec<NodeNo> = belongs.copied().filter(is_deployment).collect();
            own.sort_unstable();
            own.dedup();
            if own.is_empty() {
                return Err(LogsError::NoDeployments { name: view.name_of(subject) });
            }
            Ok(own)
        }
        _ => Err(LogsError::WrongKind { name: view.name_of(subject) }),
    }
}

/// Their batches: by deployment, then by first time, then in the order of the log.
pub(super) fn parts(view: &Snapshot, deployments: &[NodeNo]) -> Vec<Part> {
    let is_own = |info: &BatchInfo| deployments.binary_search(&info.deployment).is_ok();
    let mut found: Vec<BatchInfo> = view.batches().filter(is_own).collect();
    found.sort_unstable_by_key(|info| (info.deployment, info.first_time, info.ordinal));
    let places = |info: &BatchInfo| {
        let mut parts = view.parts_of(info.node).into_iter();
        parts.find(|(part, _)| *part == info.ordinal).map_or(info.rows, |(_, rows)| rows)
    };
    let part = |(number, info)| Part { number, info, places: places(&info) };
    (1..).zip(found).map(part).collect()
}

/// The list of batches, while it is written.
pub(super) struct List {
    file: Hashed,
    line: Vec<u8>,
    rows: u64,
}

impl List {
    pub(super) fn new(folder: &mut Folder) -> Result<List, LogsError> {
        let mut list = List { file: folder.open(LIST_FILE)?, line: Vec::new(), rows: 0 };
        cells::line(&mut list.line, LISTED);
        list.write(folder)?;
        Ok(list)
    }

    pub(super) fn put(
        &mut self,
        folder: &Folder,
        (store, view): (&Store, &Snapshot),
        part: &Part,
        counts: &Counts,
    ) -> Result<(), LogsError> {
        let info = &part.info;
        let revision = store.revision_of_part(info.ordinal);
        // Where no event has a time the first stands behind the last.
        let is_timed = info.first_time <= info.last_time;
        let time = |time: i64| if is_timed { time_text(time) } else { String::new() };
        let line = &mut self.line;
        cells::number_of(line, part.number);
        for text in [
            view.name_of(info.node),
            revision.map(|id| id.to_string()).unwrap_or_default(),
            view.name_of(info.deployment),
        ] {
            line.push(b',');
            cells::text(line, &text);
        }
        for time in [time(info.first_time), time(info.last_time)] {
            line.push(b',');
            line.extend_from_slice(time.as_bytes());
        }
        for number in [
            u64::from(info.rows),
            info.events,
            info.overrides,
            info.art12,
            counts.shown,
            counts.erased,
            counts.restricted,
            counts.outside,
            counts.untimed,
            counts.unplaced,
        ] {
            line.push(b',');
            cells::number_of(line, number);
        }
        line.extend_from_slice(b"\r\n");
        self.rows += 1;
        self.write(folder)
    }

    fn write(&mut self, folder: &Folder) -> Result<(), LogsError> {
        let path = || folder.path(LIST_FILE);
        let written = self.file.write_all(&self.line);
        written.map_err(|source| LogsError::Unwritten { path: path(), source })?;
        self.line.clear();
        Ok(())
    }

    pub(super) fn close(self, folder: &mut Folder) -> Result<(), LogsError> {
        folder.close(self.file, Some(self.rows))
    }
}
