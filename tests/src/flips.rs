//! One byte of a store's files changed, again and again: whether `verify` tells it, and whether what
//! is asked of the store then is as it was or an error, and never something else.

use lineal_engine::event_fields::{EVENT_FIELDS, EventField, Group};
use lineal_engine::schema::{Direction, RELATIONS};
use lineal_engine::storage::{FileStorage, Storage};
use lineal_engine::verify::{Depth, What, verify_all};
use lineal_engine::{Error, Options, Store};
use lineal_proof::{Hash, Value};
use lineal_query::{Limits, Parameters, Prepared, Request, StoreView};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Questions whose answers scan nodes, edges, counters and columns of events.
const QUESTIONS: [&str; 7] = [
    "find model return it, name, version, stage, aliases",
    "find deployment return it, events, overrides, first_event, last_event",
    "find inference as i served_by deployment as d summarize count() as n by d.model_version",
    "find inference as i summarize count() as n, avg(i.latency_ms) as mean, max(i.confidence) as most",
    "find run as r trained_on dataset as d return r, d",
    "find approval as a approves model as m return m, a.decision, a.time",
    "find node where kind(it) != \"import\" summarize count() as n by kind(it) as kind",
];
/// Events that are asked for by their hash and by their id, with what lies upstream of some.
const EVENTS_ASKED: usize = 200;
/// Events of which the lineage is asked.
const TRACED: usize = 10;

/// Which files are changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Segments, containers, keys, sealed values and `head`.
    Truth,
    /// The files of `index/`.
    Derived,
    /// The catalog, which is sled's.
    Catalog,
}

impl Part {
    /// The folders and files of it.
    fn places(self) -> &'static [&'static str] {
        match self {
            Part::Truth => &["head", "segments", "containers", "keys", "sealed"],
            Part::Derived => &["index"],
            Part::Catalog => &["catalog"],
        }
    }
}

/// What came of some flips.
#[derive(Clone, Default, Debug)]
pub struct Outcome {
    /// How many there were.
    pub flips: u64,
    /// That `verify` told, with the file.
    pub told: u64,
    /// After which everything was answered as before.
    pub same: u64,
    /// After which opening or asking ended with an error.
    pub errors: u64,
    /// After which something else was answered, without an error: file, byte and bit.
    pub wrong: Vec<(String, u64, u8)>,
    /// That `verify` did not tell.
    pub untold: Vec<(String, u64, u8)>,
}

/// What is asked of a store.
pub struct Asked {
    hashes: Vec<Vec<u8>>,
    ids: Vec<String>,
}

/// Pseudo-random numbers, the same for the same seed.
struct Numbers {
    seed: u64,
    at: u64,
}

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.at += 1;
        let hash = Hash::of(&[self.seed.to_le_bytes(), self.at.to_le_bytes()].concat());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.0[..8]);
        u64::from_le_bytes(first) % bound.max(1)
    }
}

impl Asked {
    /// Events from all over a store, by which it is asked.
    ///
    /// # Errors
    /// What the store says.
    pub fn of(folder: &Path) -> Result<Asked, Error> {
        let view = Store::open_read_only(folder)?.snapshot()?;
        let batches: Vec<(u32, u32)> =
            view.batches().map(|info| (info.ordinal, info.rows)).collect();
        let rows: u64 = batches.iter().map(|(_, rows)| u64::from(*rows)).sum();
        let step = (rows / EVENTS_ASKED as u64).max(1);
        let fields = [EventField::InputHash, EventField::EventId, EventField::LogId];
        let (mut asked, mut passed) = (Asked { hashes: Vec::new(), ids: Vec::new() }, 0);
        for (ordinal, count) in batches {
            let read = view.read_events(ordinal, 0..count, &fields)?;
            for event in &read.events {
                passed += 1;
                if passed % step != 0 {
                    continue;
                }
                if let Some(Value::Bytes(hash)) = view.event_field(*event, EventField::InputHash)? {
                    asked.hashes.push(hash);
                }
                for field in &fields[1..] {
                    if let Some(Value::Text(id)) = view.event_field(*event, *field)? {
                        asked.ids.push(id);
                    }
                }
            }
        }
        Ok(asked)
    }

    /// A hash over what a store answers: everything of its nodes and edges, events by hash and id, some
    /// questions, and with `all_rows` each group of each event.
    ///
    /// # Errors
    /// What was said in the place of an answer, in words.
    pub fn ask(&self, folder: &Path, all_rows: bool) -> Result<Hash, String> {
        let words = |error: Error| error.to_string();
        let store = Arc::new(Store::open_read_only(folder).map_err(words)?);
        let view = store.snapshot().map_err(words)?;
        let mut told = String::new();
        for node in 0..view.node_count() {
            let fields = view.fields(node).map_err(words)?;
            let _ = write!(
                told,
                "{:?} {} {}",
                view.key_of(node),
                view.name_of(node),
                view.is_missing(node)
            );
            let _ = writeln!(
                told,
                "{:?} {:?} {:?}",
                view.revision_id(node),
                fields,
                view.sources_of(node)
            );
            for spec in &RELATIONS {
                for direction in [Direction::Forward, Direction::Inverse] {
                    let targets = view.edges(node, spec.relation, direction);
                    if !targets.is_empty() {
                        let _ = writeln!(told, "{} {targets:?}", spec.name);
                    }
                }
            }
        }
        for hash in &self.hashes {
            let _ = writeln!(told, "{:?}", view.events_by_hash(None, hash).map_err(words)?);
        }
        for id in &self.ids {
            let _ = writeln!(told, "{:?}", view.events_by_id(id).map_err(words)?);
        }
        if all_rows {
            let fields: Vec<EventField> = EVENT_FIELDS.iter().map(|spec| spec.field).collect();
            let mut bytes = Vec::new();
            for info in view.batches() {
                let read = view.read_events(info.ordinal, 0..info.rows, &fields).map_err(words)?;
                bytes.clear();
                for event in &read.events {
                    let row = (event.row - read.first) as usize;
                    read.block.write_group(&mut bytes, row, Group::Open);
                    read.block.write_group(&mut bytes, row, Group::Subject);
                }
                let _ = writeln!(told, "{}", Hash::of(&bytes));
            }
        }
        let damage = view.damage();
        let asked = StoreView::new(Arc::clone(&store)).map_err(|error| error.to_string())?;
        let lineage = self.hashes.iter().take(TRACED).map(|hash| {
            let hex: String = hash.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            });
            format!("find node upstream of inference:{hex}")
        });
        let (parameters, limits) = (Parameters::new(), Limits::default());
        let request = Request { parameters: &parameters, limits: &limits, now: 0 };
        for text in QUESTIONS.map(str::to_owned).into_iter().chain(lineage) {
            let prepared = Prepared::new(&text).map_err(|error| error.to_string())?;
            let answer = prepared.run(&asked, &request).map_err(|error| error.to_string())?;
            let _ = writeln!(told, "{}", answer.to_json()["rows"]);
        }
        match damage.or(asked.snapshot().damage()) {
            Some(error) => Err(error.to_string()),
            None => Ok(Hash::of(told.as_bytes())),
        }
    }
}

/// What the writer's catalog tells: of each file of the log, whether and where it is recorded.
fn known(folder: &Path) -> Result<Hash, String> {
    let store = Store::open(folder, Options::default()).map_err(|error| error.to_string())?;
    let mut told = String::new();
    for (_, _, source) in store.sources() {
        let (name, form, label) = (&*source.source, &*source.form, &*source.label);
        let found = store.known_source(Some(name), &source.digest, form, Some(&source.mapping));
        let found = found.map(|found| (found.commit, found.stretches, found.whole));
        let other = store.rewritten(name, label, form, &[0; 16]);
        let _ = writeln!(told, "{found:?} {other:?} {:?}", store.latest_state(name, form));
    }
    Ok(Hash::of(told.as_bytes()))
}

/// The files of a part, with their lengths.
fn files(folder: &Path, part: Part) -> Vec<(PathBuf, u64)> {
    let mut open: Vec<PathBuf> = part.places().iter().map(|place| folder.join(place)).collect();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        match fs::read_dir(&path) {
            Ok(inside) => open.extend(inside.flatten().map(|entry| entry.path())),
            Err(_) => {
                let length = fs::metadata(&path).map_or(0, |file| file.len());
                found.push((path, length));
            }
        }
    }
    found.retain(|(_, length)| *length > 0);
    found.sort();
    found
}

/// Changes one bit of one byte of a part of a store, so many times, puts it back each time, and looks
/// at what is told and answered meanwhile. One flip in `every_rows` has every row read. The folder is a
/// copy: its catalog is made anew. Files are chosen half by their length and half evenly, so that small ones are hit too.
///
/// # Errors
/// What the store says while it is sound, or the disk.
pub fn flip(
    (folder, part): (&Path, Part),
    (flips, every_rows): (u64, u64),
    seed: u64,
    depth: Depth,
    progress: &mut dyn FnMut(&Outcome),
) -> Result<Outcome, Box<dyn std::error::Error>> {
    let asked = Asked::of(folder)?;
    let sound = [asked.ask(folder, false)?, asked.ask(folder, true)?];
    let files = files(folder, part);
    let bytes: u64 = files.iter().map(|(_, length)| length).sum();
    let (mut numbers, mut outcome) = (Numbers { seed, at: 0 }, Outcome::default());
    let storage: Arc<dyn Storage> = Arc::new(FileStorage::new(folder));
    let catalog: Vec<(PathBuf, Vec<u8>)> = match part {
        Part::Catalog => files
            .iter()
            .map(|(path, _)| Ok((path.clone(), fs::read(path)?)))
            .collect::<Result<_, std::io::Error>>()?,
        _ => Vec::new(),
    };
    let known_before = if part == Part::Catalog { Some(known(folder)?) } else { None };
    for turn in 0..flips {
        let mut at = numbers.below(bytes);
        let mut file = usize::try_from(numbers.below(files.len() as u64))?;
        if turn % 2 == 0 {
            file = files
                .iter()
                .position(|(_, length)| {
                    let is_it = at < *length;
                    at -= if is_it { 0 } else { *length };
                    is_it
                })
                .unwrap_or(0);
        } else {
            at = numbers.below(files[file].1);
        }
        let (path, bit) = (&files[file].0, u8::try_from(numbers.below(8))?);
        let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
        let place = (name.clone(), at, bit);
        let with_rows = turn % every_rows.max(1) == 0;
        outcome.flips += 1;
        let found = if let Some(before) = &known_before {
            fs::remove_dir_all(folder.join("catalog"))?;
            for (path, bytes) in &catalog {
                fs::create_dir_all(path.parent().unwrap_or(folder))?;
                fs::write(path, bytes)?;
            }
            change(path, at, bit)?;
            let found = known(folder);
            found.map(|found| found == *before)
        } else {
            change(path, at, bit)?;
            let what = What::all(depth);
            let report = verify_all(&storage, &what, &mut |_| {});
            let is_told = match &report {
                Ok(report) => {
                    report.faults.iter().any(|fault| fault.file == name)
                        || report.notes.iter().any(|note| note.contains(&name))
                }
                Err(_) => true,
            };
            outcome.told += u64::from(is_told);
            if !is_told {
                outcome.untold.push(place.clone());
            }
            let found = asked.ask(folder, with_rows);
            change(path, at, bit)?;
            found.map(|found| found == sound[usize::from(with_rows)])
        };
        match found {
            Ok(true) => outcome.same += 1,
            Ok(false) => outcome.wrong.push(place),
            Err(_) => outcome.errors += 1,
        }
        progress(&outcome);
    }
    Ok(outcome)
}

/// Changes a bit where it lies; done twice it is as it was.
fn change(path: &Path, at: u64, bit: u8) -> Result<(), std::io::Error> {
    use std::io::{Read, Seek, SeekFrom, Write};
    let mut file = fs::OpenOptions::new().read(true).write(true).open(path)?;
    let mut byte = [0];
    file.seek(SeekFrom::Start(at))?;
    file.read_exact(&mut byte)?;
    byte[0] ^= 1 << bit;
    file.seek(SeekFrom::Start(at))?;
    file.write_all(&byte)
}
