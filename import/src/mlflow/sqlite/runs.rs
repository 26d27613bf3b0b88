//! What the tables of a database say of its runs, put together part by part.
//!
//! Each table is read once, in the order in which it lies: a look-up for each run would go through
//! an index to a place of its own for each row, and old schemas lack the index.

use super::super::error::Error;
use super::super::point::{Figure, Point};
use super::super::runs::Wanted;
use super::super::spill::{Rows, Spill, put_number, put_signed, put_text};
use super::super::store::{Input, Run, Store, Texts, escapes, located, run_status};
use super::run_ids::RunIds;
use super::table::{Cells, Database};
use crate::record::Location;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

/// What `lifecycle_stage` says of what was deleted.
const DELETED: &str = "deleted";
/// Rows that a deleted run left behind: `mlflow gc` of old versions forgets some.
const ORPHANS: &str = "rows of runs that are no longer in the store";

/// What was found for the row before: rows of a run stand side by side in most databases, those of
/// a metric often, so a look-up among all is rare (`import/examples/mlflow_import.rs`: a third of the
/// time of reading points).
struct Before<T> {
    text: Vec<u8>,
    found: Option<T>,
}

impl<T> Default for Before<T> {
    fn default() -> Self {
        Before { text: Vec::new(), found: None }
    }
}

impl<T: Copy> Before<T> {
    /// What belongs to a text; `find` tells it where it is not that of the row before.
    fn or_find(&mut self, text: &[u8], find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        if self.found.is_none() || self.text != text {
            self.text.clear();
            self.text.extend_from_slice(text);
            self.found = find(std::str::from_utf8(text).unwrap_or_default());
        }
        self.found
    }
}

/// Names of metrics, or of parameters and tags, by number.
#[derive(Default)]
struct Names {
    names: Vec<String>,
    numbers: HashMap<String, u64>,
}

impl Names {
    fn number(&mut self, name: &str) -> u64 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u64;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }
}

/// What a row of texts is.
const COLUMNS: u8 = 0;
const PARAM: u8 = 1;
const TAG: u8 = 2;
const INPUT: u8 = 3;
const OUTPUT: u8 = 4;
const MODEL_USED: u8 = 5;

/// All but the points of metrics.
pub(super) struct RunTexts {
    spill: Spill,
    names: Names,
    /// The first failure to write what does not fit in memory.
    failed: Option<io::Error>,
    path: PathBuf,
}

impl RunTexts {
    pub(super) fn new(ids: &RunIds, path: &Path) -> RunTexts {
        let (names, path) = (Names::default(), path.to_owned());
        RunTexts { spill: Spill::new(ids.parts()), names, failed: None, path }
    }

    fn add(&mut self, (part, run): (usize, u64), what: u8, write: impl FnOnce(&mut Vec<u8>)) {
        let added = self.spill.add(part, |out| {
            out.push(what);
            put_number(out, run);
            write(out);
        });
        if let Err(error) = added {
            self.failed.get_or_insert(error);
        }
    }

    pub(super) fn input(&mut self, run: (usize, u64), dataset: usize, tags: &Texts) {
        self.add(run, INPUT, |out| {
            put_number(out, dataset as u64);
            put_number(out, tags.len() as u64);
            for (name, value) in tags {
                put_text(out, name);
                put_text(out, value);
            }
        });
    }

    pub(super) fn output(&mut self, run: (usize, u64), model: &str) {
        self.add(run, OUTPUT, |out| put_text(out, model));
    }

    pub(super) fn model_used(&mut self, run: (usize, u64), model: &str) {
        self.add(run, MODEL_USED, |out| put_text(out, model));
    }

    /// Reads the runs themselves, their parameters and their tags.
    pub(super) fn read(
        &mut self,
        database: &Database<'_>,
        ids: &RunIds,
        store: &mut Store,
    ) -> Result<(), Error> {
        database.each("runs", &TEXT_COLUMNS, |row| {
            let Some(place) = ids.place(&row.text_or_empty(0)) else { return };
            self.add(place, COLUMNS, |out| put_columns(out, row));
        })?;
        let (mut orphans, mut run_before) = (0, Before::default());
        for (table, what) in [("params", PARAM), ("tags", TAG)] {
            database.each(table, &["run_uuid", "key", "value"], |row| {
                let Some(place) = run_before.or_find(row.bytes(0), |id| ids.place(id)) else {
                    orphans += 1;
                    return;
                };
                let name = row.with_text(1, |name| self.names.number(name));
                self.add(place, what, |out| {
                    put_number(out, name);
                    row.with_text(2, |text| put_text(out, text));
                });
            })?;
        }
        store.skip(ORPHANS, orphans);
        Ok(())
    }
}

/// Columns of `runs`, texts before times.
const TEXT_COLUMNS: [&str; 13] = [
    "run_uuid",
    "experiment_id",
    "name",
    "status",
    "user_id",
    "artifact_uri",
    "source_name",
    "source_version",
    "entry_point_name",
    "start_time",
    "end_time",
    "deleted_time",
    "lifecycle_stage",
];

fn put_columns(out: &mut Vec<u8>, row: &Cells<'_, '_>) {
    for column in 1..9 {
        // What is empty is absent here.
        row.with_text(column, |text| put_text(out, text));
    }
    for column in 9..12 {
        let time = row.int(column);
        out.push(u8::from(time.is_some()));
        put_signed(out, time.unwrap_or_default());
    }
    out.push(u8::from(row.borrowed(12) == DELETED));
}

fn take_columns(rows: &mut Rows<'_>, run: &mut Run) -> Option<()> {
    let mut present = || Some(Some(rows.text()?.to_owned()).filter(|text| !text.is_empty()));
    run.experiment = present()?;
    run.name = present()?;
    run.status = present()?.as_deref().map(run_status);
    run.user = present()?;
    run.artifact_uri = present()?;
    run.source_name = present()?;
    run.source_version = present()?;
    run.entry_point = present()?;
    for time in [&mut run.started_ms, &mut run.ended_ms, &mut run.deleted_ms] {
        let there = rows.byte()? != 0;
        let ms = rows.signed()?;
        *time = there.then_some(ms);
    }
    run.deleted = rows.byte()? != 0;
    Some(())
}

/// The points of runs' metrics.
pub(super) struct RunSeries {
    spill: Spill,
    names: Names,
    run_before: Before<(usize, u64)>,
    /// The number of a name, and whether it would lead out of its folder.
    name_before: Before<(u64, bool)>,
    /// Points that are not numbers: run, name, step and time.
    not_numbers: HashSet<(u64, u64, i64, i64)>,
    /// Metrics whose name would lead out of its folder.
    unsound: BTreeSet<(u64, u64)>,
    orphans: u64,
}

impl RunSeries {
    /// Reads the points. `latest_metrics` repeats the last point of each series; some stores hold
    /// nothing else.
    pub(super) fn read(database: &Database<'_>, ids: &RunIds) -> Result<RunSeries, Error> {
        let (not_numbers, unsound) = (HashSet::new(), BTreeSet::new());
        let (spill, names) = (Spill::new(ids.parts()), Names::default());
        let (run_before, name_before) = (Before::default(), Before::default());
        let mut series =
            RunSeries { spill, names, run_before, name_before, not_numbers, unsound, orphans: 0 };
        let mut failed = None;
        let columns = ["run_uuid", "key", "step", "timestamp", "value", "is_nan"];
        for table in ["metrics", "latest_metrics"] {
            database.each(table, &columns, |row| {
                if let Err(error) = series.add(row, ids) {
                    failed.get_or_insert(error);
                }
            })?;
        }
        match failed {
            Some(source) => Err(Error::Io { path: database.path().to_owned(), source }),
            None => Ok(series),
        }
    }

    fn add(&mut self, row: &Cells<'_, '_>, ids: &RunIds) -> io::Result<()> {
        let Some((part, run)) = self.run_before.or_find(row.bytes(0), |id| ids.place(id)) else {
            self.orphans += 1;
            return Ok(());
        };
        let names = &mut self.names;
        let named = |name: &str| Some((names.number(name), escapes(name)));
        let (name, is_unsound) = self.name_before.or_find(row.bytes(1), named).unwrap_or_default();
        let number = ids.number_at((part, run));
        if is_unsound {
            self.unsound.insert((number, name));
            return Ok(());
        }
        let step = row.int(2).unwrap_or_default();
        let time_ms = row.int(3).unwrap_or_default();
        let value = figure(row, 4, 5);
        if value.is_nan() {
            self.not_numbers.insert((number, name, step, time_ms));
        }
        self.spill.add(part, |out| {
            put_number(out, run);
            put_number(out, name);
            put_signed(out, step);
            put_signed(out, time_ms);
            out.extend_from_slice(&value.number().to_le_bytes());
        })
    }
}

fn figure(row: &Cells<'_, '_>, value: usize, is_nan: usize) -> Figure {
    if row.int(is_nan).is_some_and(|truth| truth != 0) {
        Figure::NAN
    } else {
        row.real(value).map_or(Figure::NAN, Figure::new)
    }
}

/// The runs of a database, read and not yet put together.
pub(in super::super) struct SpilledRuns {
    ids: RunIds,
    texts: RunTexts,
    series: RunSeries,
    at: Location,
}

impl SpilledRuns {
    pub(super) fn new(
        ids: RunIds,
        mut texts: RunTexts,
        mut series: RunSeries,
        file: &str,
        store: &mut Store,
    ) -> Result<SpilledRuns, Error> {
        let failed = texts.failed.take().map_or(Ok(()), Err);
        let settled =
            failed.and_then(|()| texts.spill.settle()).and_then(|()| series.spill.settle());
        if let Err(source) = settled {
            return Err(Error::Io { path: texts.path, source });
        }
        store.skip(ORPHANS, series.orphans);
        Ok(SpilledRuns { ids, texts, series, at: located(file) })
    }

    /// How many parts there are.
    pub(in super::super) fn parts(&self) -> usize {
        self.ids.parts()
    }

    /// The runs of a part, in the order of their ids.
    pub(in super::super) fn part(
        &self,
        part: usize,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<Run>, Error> {
        let run = |id: &str| Run { id: id.to_owned(), at: self.at.clone(), ..Run::default() };
        let mut runs: Vec<Run> = self.ids.of_part(part).map(run).collect();
        let path = &self.texts.path;
        let io = |source| Error::Io { path: path.clone(), source };
        let damaged = || io(io::Error::other("what was read of it and laid aside is damaged"));
        let bytes = self.texts.spill.read(part).map_err(io)?;
        self.put_texts(&mut Rows(&bytes), &mut runs, wanted).ok_or_else(damaged)?;
        if matches!(wanted, Wanted::All) {
            let bytes = self.series.spill.read(part).map_err(io)?;
            self.put_series(&mut Rows(&bytes), &mut runs).ok_or_else(damaged)?;
        }
        Ok(runs)
    }

    fn put_texts(&self, rows: &mut Rows<'_>, runs: &mut [Run], wanted: &Wanted<'_>) -> Option<()> {
        let names = &self.texts.names.names;
        let is_wanted = |is_tag| names.iter().map(move |name| wanted.takes(is_tag, name));
        let (params, tags): (Vec<bool>, Vec<bool>) =
            (is_wanted(false).collect(), is_wanted(true).collect());
        while !rows.0.is_empty() {
            let what = rows.byte()?;
            let run = runs.get_mut(rows.place()?)?;
            match what {
                COLUMNS => take_columns(rows, run)?,
                PARAM | TAG => {
                    let (name, text) = (rows.place()?, rows.text()?);
                    let (wanted, texts) = match what {
                        PARAM => (&params, &mut run.params),
                        _ => (&tags, &mut run.tags),
                    };
                    if *wanted.get(name)? {
                        texts.insert(names.get(name)?.clone(), text.to_owned());
                    }
                }
                INPUT => {
                    let dataset = rows.place()?;
                    let mut tags = Texts::new();
                    for _ in 0..rows.place()? {
                        tags.insert(rows.text()?.to_owned(), rows.text()?.to_owned());
                    }
                    run.inputs.push(Input { dataset, tags });
                }
                OUTPUT => run.outputs.push(rows.text()?.to_owned()),
                MODEL_USED => run.models_used.push(rows.text()?.to_owned()),
                _ => return None,
            }
        }
        Some(())
    }

    fn put_series(&self, rows: &mut Rows<'_>, runs: &mut [Run]) -> Option<()> {
        // Of each run by the numbers of names first: those are found without comparing texts.
        let mut all: Vec<BTreeMap<usize, Vec<Point>>> = Vec::new();
        all.resize_with(runs.len(), BTreeMap::new);
        while !rows.0.is_empty() {
            let of_run = all.get_mut(rows.place()?)?;
            let points = of_run.entry(rows.place()?).or_default();
            let (step, time_ms) = (rows.signed()?, rows.signed()?);
            points.push(Point { step, time_ms, value: Figure::new(rows.float()?) });
        }
        for (run, points) in runs.iter_mut().zip(all) {
            for (name, points) in points {
                run.metrics.insert(self.series.names.names.get(name)?.clone(), points);
            }
        }
        Some(())
    }

    /// Was a point of a run recorded as no number?
    pub(in super::super) fn is_nan(&self, run: &str, name: &str, point: &Point) -> bool {
        let number = self.ids.number(run).zip(self.series.names.numbers.get(name));
        number.is_some_and(|(run, name)| {
            let point = (u64::from(run), *name, point.step, point.time_ms);
            self.series.not_numbers.contains(&point)
        })
    }

    /// Metrics whose name would lead out of its folder, each with its run.
    pub(in super::super) fn unsound_metrics(&self) -> impl Iterator<Item = (&str, &str)> {
        self.series.unsound.iter().filter_map(|(run, name)| {
            let run = self.ids.id(usize::try_from(*run).ok()?)?;
            Some((run, self.series.names.names.get(usize::try_from(*name).ok()?)?.as_str()))
        })
    }

    /// Where the runs stand.
    pub(in super::super) fn at(&self) -> &Location {
        &self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_before_is_told_of_the_same_text_alone() {
        let mut before = Before::default();
        let found = |text: &str| (text != "unknown").then_some(text.len());
        let mut asked = 0;
        for text in ["", "ab", "ab", "abc", "unknown", "unknown", "ab", "ab", ""] {
            let told = before.or_find(text.as_bytes(), |text| {
                asked += 1;
                found(text)
            });
            assert_eq!(told, found(text), "{text}");
        }
        assert_eq!(asked, 7, "what nobody knows is asked for each time");
        let invalid = before.or_find(b"\xff", |text| Some(text.len()));
        assert_eq!(invalid, Some(0), "what is no text is the empty one");
    }
}
