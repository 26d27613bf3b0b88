//! Generations of the graph: which is the newest, reading it, and writing the next.
//!
//! One is a whole graph in a file of its own, or a tail: what is not as it is in a whole one that
//! stays beside it. The manifest names the newest; a tail names its base (docs/format.md, section 14).

use super::{IndexKind, TRIES, Writer, flat};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::graph::{Base, Former, Graph, Place};
use crate::head::Head;
use crate::mapping::Bytes;
use crate::sections::Sections;
use crate::segment::Walk;
use crate::storage::Storage;
use lineal_proof::frame::SEGMENT_HEADER;
use std::sync::Arc;

const MANIFEST: &str = "index/manifest";

fn path_of(commit: u64) -> String {
    format!("index/graph-{commit:012}.idx")
}

/// What the manifest says: the `head` that the newest generation covers, and its file.
fn manifest(storage: &dyn Storage) -> Result<Option<(Head, String)>> {
    let Some(bytes) = storage.read(MANIFEST)? else { return Ok(None) };
    let Some((covered, mut reader)) = flat::open(&bytes, IndexKind::Manifest) else {
        return Ok(None);
    };
    Ok(reader.text().filter(|_| reader.is_at_end()).map(|path| (covered, path)))
}

/// A generation as it was found.
enum Found {
    /// It fits, and its file has so many bytes.
    Whole(Box<Graph>, u64),
    /// A file of it is gone: another generation has come meanwhile, or somebody has deleted it.
    Gone,
    /// It is not what the manifest says.
    Unfit,
}

fn open(
    storage: &dyn Storage,
    (covered, path): &(Head, String),
    damage: &Arc<Damage>,
) -> Result<Found> {
    match opened(storage, (covered, path), damage) {
        Err(Error::Derived { .. }) => Ok(Found::Unfit),
        found => found,
    }
}

fn opened(
    storage: &dyn Storage,
    (covered, path): (&Head, &str),
    damage: &Arc<Damage>,
) -> Result<Found> {
    let Some(bytes) = storage.read_held(path)? else { return Ok(Found::Gone) };
    let length = bytes.len() as u64;
    let (head, sections) = Sections::open(path, bytes, IndexKind::Graph, damage)?;
    let graph = if let Some(place) = Place::of(&sections) {
        let path = path_of(place.base.commit);
        let Some(bytes) = storage.read_held(&path)? else { return Ok(Found::Gone) };
        let length = bytes.len() as u64;
        let (head, base) = Sections::open(&path, bytes, IndexKind::Graph, damage)?;
        Graph::over(Base { head, length, sections: base }, sections)
    } else {
        Graph::open(sections)
    };
    let graph = graph.filter(|graph| head == *covered && graph.commit == head.commit);
    Ok(graph.map_or(Found::Unfit, |graph| Found::Whole(Box::new(graph), length)))
}

/// The file of the generation as of `head`, and whether it is whole and rests on no other; none if
/// there is no such generation.
pub(crate) fn graph_file(storage: &dyn Storage, head: &Head) -> Result<Option<(String, bool)>> {
    let Some((covered, path)) = manifest(storage)? else { return Ok(None) };
    let Some(bytes) = storage.read_held(&path)?.filter(|_| covered == *head) else {
        return Ok(None);
    };
    let opened = Sections::open(&path, bytes, IndexKind::Graph, &Arc::default());
    Ok(opened.ok().map(|(_, sections)| (path, Place::of(&sections).is_none())))
}

/// The graph as of `head`, if a generation covers it.
pub(crate) fn read_graph(
    storage: &dyn Storage,
    head: &Head,
    damage: &Arc<Damage>,
) -> Result<Option<Graph>> {
    for _ in 0..TRIES {
        let Some(named) = manifest(storage)?.filter(|(covered, _)| covered == head) else {
            return Ok(None);
        };
        match open(storage, &named, damage)? {
            Found::Whole(graph, _) => return Ok(Some(*graph)),
            Found::Unfit => return Ok(None),
            Found::Gone => {}
        }
    }
    Ok(None)
}

/// The newest generation, if it is one of an earlier commit of the same history and whole: what was
/// made of unchanged records need not be made again.
pub(crate) fn read_former(
    storage: &dyn Storage,
    head: &Head,
    segments: &[Bytes],
) -> Result<Option<Former>> {
    // Its damage harms nothing but itself.
    let former = former(storage, head, segments, &Arc::default())?;
    Ok(former.filter(|former| former.graph().is_sound() && former.is_sound()))
}

/// The same to be read alone: what is damaged of it is noted where it is met.
pub(crate) fn read_former_unchecked(
    storage: &dyn Storage,
    head: &Head,
    segments: &[Bytes],
    damage: &Arc<Damage>,
) -> Result<Option<Former>> {
    former(storage, head, segments, damage)
}

fn former(
    storage: &dyn Storage,
    head: &Head,
    segments: &[Bytes],
    damage: &Arc<Damage>,
) -> Result<Option<Former>> {
    for _ in 0..TRIES {
        let Some(named) = manifest(storage)? else { return Ok(None) };
        let covered = named.0;
        let before = covered.commit > 0
            && covered.commit < head.commit
            && covered.store == head.store
            && (covered.segment, covered.length) < (head.segment, head.length);
        if !before || !is_followed(&covered, head, segments) {
            return Ok(None);
        }
        match open(storage, &named, damage)? {
            Found::Whole(graph, length) => {
                return Ok(Some(Former::new(*graph, covered, length)));
            }
            Found::Unfit => return Ok(None),
            Found::Gone => {}
        }
    }
    Ok(None)
}

/// Does the log go on behind what is covered? A store brought back from a copy may not.
fn is_followed(covered: &Head, head: &Head, segments: &[Bytes]) -> bool {
    (covered.segment..=head.segment)
        .find_map(|number| {
            let bytes = segments.get((number as usize).checked_sub(1)?)?;
            let is_first = number == covered.segment;
            let from = if is_first { covered.length } else { SEGMENT_HEADER as u64 };
            let end = if number == head.segment { head.length } else { bytes.len() as u64 };
            Walk::new(number, bytes, from, end).next().transpose()
        })
        .is_some_and(|next| {
            let parent = (covered.commit, covered.commit_id);
            next.is_ok_and(|transaction| transaction.check_parent(parent).is_ok())
        })
}

/// Writes a generation as of `head`, whole or a tail, then names it; a crash in between leaves the
/// old one. What the new one does not need goes, unless a reader maps it: then it goes the next time.
pub(super) fn write(storage: &dyn Storage, head: &Head, sections: &Sections) -> Result<()> {
    let path = path_of(head.commit);
    sections.write(storage, &path, IndexKind::Graph, head)?;
    let mut writer = Writer::new(IndexKind::Manifest, head);
    writer.bytes(path.as_bytes());
    storage.put(MANIFEST, &writer.finish(), false)?;
    let base = Place::of(sections).map(|place| path_of(place.base.commit));
    for name in storage.list("index")? {
        let old = format!("index/{name}");
        if name.starts_with("graph") && old != path && base.as_ref() != Some(&old) {
            storage.remove_unheld(&old)?;
        }
    }
    Ok(())
}
