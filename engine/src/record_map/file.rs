//! The map's files: a run each, and the list of those that count (docs/format.md, section 14).

use super::{Entries, Place, RecordMap, Run, Spill};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::head::Head;
use crate::index::{self, IndexKind, Writer};
use crate::sections::{Planned, Section, Sections, Stream, Tag};
use crate::storage::Storage;
use lineal_proof::Hash;
use lineal_proof::absence::run::ENTRY;
use lineal_proof::absence::{Entry, RunHead};
use std::sync::Arc;

pub(crate) const LIST: &str = "index/map.idx";
/// What the names of runs begin with.
pub(crate) const RUN_PREFIX: &str = "map-";
/// Runs of fewer entries stand in the list itself: it has less than twice as many, 256 KiB.
const LISTED_MAX: u64 = 4_096;

pub(super) fn path_of(commits: (u64, u64)) -> String {
    format!("index/{RUN_PREFIX}{:012}-{:012}.idx", commits.0, commits.1)
}

/// The file of a run in the making.
pub(super) struct RunFile<'a> {
    stream: Stream<'a>,
    spill: Spill<'a>,
    path: String,
}

impl<'a> RunFile<'a> {
    pub(super) fn begin(spill: Spill<'a>, commits: (u64, u64), entries: usize) -> Result<Self> {
        let path = path_of(commits);
        let length = entries * ENTRY;
        let section = Planned { tag: Tag::MapEntries, number: 0, extra: 0, length };
        let head = Head { commit: commits.1, ..Head::new(*spill.store) };
        let what = (IndexKind::Map, head);
        let stream = Stream::begin(spill.storage, &path, what, [section].into_iter())?;
        Ok(RunFile { stream, spill, path })
    }

    pub(super) fn push(&mut self, entries: &[Entry]) -> Result<()> {
        self.stream.push(0, entries.as_flattened())
    }

    /// Makes the file whole and durable, and opens it.
    pub(super) fn finish(self) -> Result<Section<u8>> {
        self.stream.finish()?;
        open(self.spill.storage, &self.path, self.spill.store)
    }
}

fn open(storage: &dyn Storage, path: &str, store: &[u8; 16]) -> Result<Section<u8>> {
    let unfit = |rule: &str| Error::Derived { file: path.to_owned(), at: 0, rule: rule.to_owned() };
    let bytes = storage.read_held(path)?.ok_or_else(|| unfit("it is there"))?;
    // Its damage harms nothing but itself: the segments say the same.
    let damage = Arc::new(Damage::default());
    let (head, sections) = Sections::open(path, bytes, IndexKind::Map, &damage)?;
    if head.store != *store {
        return Err(unfit("it is of this store"));
    }
    Ok(sections.get(Tag::MapEntries, 0))
}

/// Writes what of a map is not on disk, then names it; what is no longer named goes. Gives the map as
/// it then is.
///
/// # Errors
/// What the medium says; the list is then the former one, or the new one.
pub(super) fn write(spill: Spill<'_>, map: &RecordMap, place: &Place) -> Result<RecordMap> {
    let mut written = RecordMap::default();
    for run in &map.runs {
        let mut run = run.clone();
        if let Entries::Memory(entries) = &run.entries
            && run.head.entries >= LISTED_MAX
        {
            let mut file = RunFile::begin(spill, run.commits, entries.len())?;
            file.push(entries)?;
            run.entries = Entries::File(Arc::new(file.finish()?));
        }
        written.runs.push(run);
    }
    let head = Head {
        commit: place.commit,
        commit_id: place.commit_id,
        segment: place.segment,
        length: place.length,
        ..Head::new(*spill.store)
    };
    let mut writer = Writer::new(IndexKind::Map, &head);
    writer.bytes(place.root.as_ref().map_or(&[][..], |root| &root.0));
    writer.length(written.runs.len());
    for run in &written.runs {
        writer.u64(run.commits.0);
        writer.u64(run.commits.1);
        writer.u64(run.head.entries);
        writer.hash(&run.head.root);
        match &run.entries {
            Entries::Memory(entries) => writer.bytes(entries.as_flattened()),
            Entries::File(_) => writer.bytes(&[]),
        }
    }
    spill.storage.put(LIST, &writer.finish(), false)?;
    sweep(spill.storage, &written)?;
    Ok(written)
}

/// Removes runs that are not in the map and that nobody maps.
fn sweep(storage: &dyn Storage, map: &RecordMap) -> Result<()> {
    let named: Vec<String> = map.runs.iter().map(|run| path_of(run.commits)).collect();
    for name in storage.list("index")? {
        let path = format!("index/{name}");
        if name.starts_with(RUN_PREFIX) && !named.contains(&path) {
            storage.remove_unheld(&path)?;
        }
    }
    Ok(())
}

/// The map on disk and the place in the log that it covers; none if there is none that fits.
///
/// # Errors
/// What the medium says.
pub(super) fn read(storage: &dyn Storage, store: &[u8; 16]) -> Result<Option<(RecordMap, Place)>> {
    let Some(bytes) = storage.read(LIST)? else { return Ok(None) };
    let Some((head, list)) = listed(&bytes).filter(|(head, _)| head.store == *store) else {
        return Ok(None);
    };
    let mut runs = Vec::with_capacity(list.runs.len());
    for (commits, head, entries) in list.runs {
        let entries = match entries {
            Some(entries) => Entries::Memory(Arc::new(entries)),
            None => match open(storage, &path_of(commits), store) {
                Ok(section) if section.len() as u64 == head.entries * ENTRY as u64 => {
                    Entries::File(Arc::new(section))
                }
                Ok(_) | Err(Error::Derived { .. }) => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        runs.push(Run { commits, head, entries });
    }
    let place = Place {
        commit: head.commit,
        commit_id: head.commit_id,
        segment: head.segment,
        length: head.length,
        root: list.root,
    };
    Ok(Some((RecordMap { runs }, place)))
}

struct List {
    root: Option<Hash>,
    /// Commits, what is said of it, and the entries of one that has no file.
    runs: Vec<Listed>,
}

type Listed = ((u64, u64), RunHead, Option<Vec<Entry>>);

fn listed(bytes: &[u8]) -> Option<(Head, List)> {
    let (head, mut reader) = index::open_list(bytes, IndexKind::Map)?;
    let root = match reader.bytes()? {
        [] => None,
        root => Some(Hash::from_slice(root)?),
    };
    let mut runs = Vec::new();
    for _ in 0..reader.length()? {
        let commits = (reader.u64()?, reader.u64()?);
        let head = RunHead { entries: reader.u64()?, root: reader.hash()? };
        let (entries, rest) = reader.bytes()?.as_chunks();
        let is_here = entries.len() as u64 == head.entries;
        let is_elsewhere = entries.is_empty() && head.entries > 0;
        (rest.is_empty() && (is_here || is_elsewhere)).then_some(())?;
        runs.push((commits, head, is_here.then(|| entries.to_vec())));
    }
    reader.is_at_end().then_some((head, List { root, runs }))
}
