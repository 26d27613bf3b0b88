//! The rows: read part by part, a stretch at a time, and written into files of bounded length.

use super::columnar::ColumnarFile;
use super::counts::{Counts, Found};
use super::fields::Columns;
use super::files::{Folder, Hashed};
use super::parts::Part;
use super::within::{Lies, Within};
use super::{Format, LogsError, Proof, Wanted, cells};
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventBlock;
use lineal_engine::{Snapshot, Standing};
use std::io::Write as _;

/// Rows of a file: some hundreds of megabytes as text, which a spreadsheet or a mail can still hold.
const FILE_ROWS_MAX: u64 = 1_000_000;
/// Rows that are read at a time: a row group of a container.
const READ_ROWS: u32 = 16_384;

/// Where a row comes from.
#[derive(Clone, Copy)]
pub(super) struct Place<'p> {
    pub(super) deployment: &'p str,
    pub(super) batch: u64,
    pub(super) row: u32,
    pub(super) standing: &'static str,
}

/// What a row holds, if it is shown.
pub(super) type Values<'v> = Option<(&'v EventBlock, usize)>;

/// Writes the rows of a part; says what became of its events.
pub(super) fn write(
    view: &Snapshot,
    wanted: &Wanted,
    columns: &Columns,
    part: &Part,
    files: &mut RowFiles,
    folder: &mut Folder,
) -> Result<Found, LogsError> {
    let info = &part.info;
    let mut found = Found::default();
    let mut within = Within::new(view, wanted, part);
    if within.is_apart() {
        found.counts.outside = info.events;
        return Ok(found);
    }
    let deployment = view.name_of(info.deployment);
    let mut from = 0;
    while from < part.places {
        let until = part.places.min(from.saturating_add(READ_ROWS));
        let read = view.read_standing(info.ordinal, from..until, &columns.fields)?;
        for ((row, at), standing) in (from..until).zip(0..).zip(&read.standing) {
            let lies = match standing {
                Standing::Uncounted => continue,
                Standing::Erased => within.erased(row)?,
                Standing::Shown | Standing::Restricted => {
                    within.at(read.block.int(at, EventField::Time))
                }
            };
            if !took(&mut found.counts, *standing, lies) {
                continue;
            }
            let values = (*standing == Standing::Shown).then_some((&read.block, at));
            if values.is_some() && (wanted.proof == Proof::Every || found.shown.is_empty()) {
                found.shown.push(row);
            }
            let standing = word(*standing);
            let place = Place { deployment: &deployment, batch: part.number, row, standing };
            files.put(folder, &place, values)?;
        }
        from = until;
    }
    Ok(found)
}

/// Counts an event; says whether it has a row.
fn took(counts: &mut Counts, standing: Standing, lies: Lies) -> bool {
    match lies {
        Lies::Outside => counts.outside += 1,
        Lies::Untimed => counts.untimed += 1,
        Lies::Inside | Lies::Unplaced => {
            counts.unplaced += u64::from(lies == Lies::Unplaced);
            match standing {
                Standing::Erased => counts.erased += 1,
                Standing::Restricted => counts.restricted += 1,
                Standing::Shown | Standing::Uncounted => counts.shown += 1,
            }
            return true;
        }
    }
    false
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Erased => "erased",
        Standing::Restricted => "restricted",
        Standing::Shown | Standing::Uncounted => "shown",
    }
}

/// The files of rows, one after the other.
pub(super) struct RowFiles {
    format: Format,
    names: Vec<&'static str>,
    fields: Vec<EventField>,
    number: usize,
    open: Option<Open>,
    rows: u64,
    line: Vec<u8>,
}

enum Open {
    Text(Hashed),
    /// Its columns wait in it, so it is large.
    Columnar(Box<ColumnarFile>),
}

impl RowFiles {
    pub(super) fn new(format: Format, columns: &Columns) -> RowFiles {
        RowFiles {
            format,
            names: columns.names().collect(),
            fields: columns.fields.clone(),
            number: 0,
            open: None,
            rows: 0,
            line: Vec::new(),
        }
    }

    fn put(
        &mut self,
        folder: &mut Folder,
        place: &Place<'_>,
        values: Values<'_>,
    ) -> Result<(), LogsError> {
        if self.rows == FILE_ROWS_MAX {
            self.end(folder)?;
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => self.next(folder)?,
        };
        let open = self.open.insert(open);
        self.rows += 1;
        match open {
            Open::Columnar(file) => file.put(folder, place, &self.fields, values),
            Open::Text(file) => {
                let line = &mut self.line;
                line.clear();
                cells::text(line, place.deployment);
                line.push(b',');
                cells::number_of(line, place.batch);
                line.push(b',');
                cells::number_of(line, place.row);
                line.push(b',');
                cells::text(line, place.standing);
                for field in &self.fields {
                    line.push(b',');
                    let value = values.and_then(|(block, row)| block.get(row, *field));
                    cells::value(line, *field, value);
                }
                line.extend_from_slice(b"\r\n");
                write_all(folder, file, line)
            }
        }
    }

    fn next(&mut self, folder: &Folder) -> Result<Open, LogsError> {
        self.number += 1;
        let name = format!("events-{:04}.{}", self.number, self.format.name());
        let mut file = folder.open(&name)?;
        Ok(match self.format {
            Format::Parquet => {
                let file = ColumnarFile::new(folder, file, &self.fields)?;
                Open::Columnar(Box::new(file))
            }
            Format::Csv => {
                let mut line = Vec::new();
                cells::line(&mut line, self.names.iter().copied());
                write_all(folder, &mut file, &line)?;
                Open::Text(file)
            }
        })
    }

    fn end(&mut self, folder: &mut Folder) -> Result<(), LogsError> {
        let rows = std::mem::take(&mut self.rows);
        match self.open.take() {
            None => Ok(()),
            Some(Open::Text(file)) => folder.close(file, Some(rows)),
            Some(Open::Columnar(file)) => {
                let file = file.close(folder)?;
                folder.close(file, Some(rows))
            }
        }
    }

    /// Ends the last file. Where there were no rows there is one with the names alone.
    pub(super) fn close(mut self, folder: &mut Folder) -> Result<(), LogsError> {
        if self.number == 0 {
            self.open = Some(self.next(folder)?);
        }
        self.end(folder)
    }
}

fn write_all(folder: &Folder, file: &mut Hashed, bytes: &[u8]) -> Result<(), LogsError> {
    let written = file.write_all(bytes);
    written.map_err(|source| LogsError::Unwritten { path: folder.path(file.name()), source })
}
