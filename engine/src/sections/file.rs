//! The bytes of a file of sections: header, directory, checksums of blocks, sections.

use super::section::Blocks;
use super::stream::{Place, Planned, Stream};
use super::{BLOCK, Entry, Sections, Shelf};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::head::{Head, LENGTH as HEAD_LENGTH};
use crate::index::{IndexKind, MAGIC, version};
use crate::mapping::{ALIGNMENT, Bytes};
use crate::storage::Storage;
use std::sync::Arc;

/// Magic, kind, version, `head`, and the lengths of directory and list of checksums.
const HEADER: usize = 16 + HEAD_LENGTH + 8;
/// Tag, number, two bytes for the future, extra, offset, length.
const ENTRY: usize = 32;
/// Bytes of a section that are written before their pages are given back, where it was laid aside or
/// stands in another file.
const WRITTEN_AT_ONCE: usize = 16 << 20;
/// Most sections of a file: some hundred relations and fields, with room.
const SECTIONS_MAX: usize = 1 << 16;

/// What a section holds. The numbers stand in files: a change is another version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u16)]
pub(crate) enum Tag {
    /// Commit, times, kinds, chains, containers.
    View = 1,
    NodeIds,
    KeyOffsets,
    KeyBytes,
    Flags,
    FirstCommits,
    LastCommits,
    RevisionCounts,
    HeadOffsets,
    HeadRevisions,
    HeadChains,
    HeadPlaces,
    CandidateNodes,
    CandidateOffsets,
    Candidates,
    /// Nodes that are only referred to or that a claim leaves open.
    Doubtful,
    /// Nodes that claims fit which fit others too, and these claims.
    ClaimedNodes,
    ClaimOffsets,
    OpenClaims,
    ForwardOffsets,
    ForwardTargets,
    InverseOffsets,
    InverseTargets,
    LabelHashes,
    LabelNodes,
    RevisionIds,
    RevisionNodes,
    BlobIds,
    BlobPlaces,
    CommitTimes,
    Batches,
    Imports,
    Aliases,
    /// Of a column: which nodes have a value in it.
    Present,
    /// Of a column: of which nodes the records must be asked.
    Elsewhere,
    /// Of a column: values before each 64 nodes.
    Ranks,
    /// Of a column: numbers and times.
    Numbers,
    /// Of a column: truth values, one bit each.
    Truths,
    /// Of a column: which text of the list, one or two bytes each.
    Codes,
    /// Of a column: where each text ends.
    TextOffsets,
    TextBytes,
    /// Of a run of event keys: where the hashes with each beginning begin.
    KeyWays,
    KeyHashes,
    /// Batch and row of each.
    KeyRows,
    /// Deployments that have events.
    CountedDeployments,
    /// Of these: where the months of each begin.
    CountedOffsets,
    /// Of these: the first and the last time of each.
    CountedTimes,
    /// Months of the deployments, and what is counted of each.
    CountedMonths,
    Counts,
    /// Logs of which lines could not be read.
    Unread,
    /// The id of the container that a file is about.
    Container,
    /// The hashes of a container's pieces.
    Pieces,
    /// Of the ids of a field: where those with each beginning begin.
    IdWays,
    /// What follows the beginning, sixteen bits.
    IdPrints,
    /// The page in which each stands.
    IdPages,
    /// Which hashes are surely not there.
    KeyFilter,
    /// Of the ledger: what there is little of, then the nodes, then the revisions
    /// (`engine/src/ledger/file.rs`).
    LedgerRest,
    LedgerNodeIds,
    LedgerKinds,
    LedgerKeyEnds,
    LedgerKeys,
    LedgerBorn,
    LedgerStubs,
    LedgerLast,
    LedgerNodeTable,
    LedgerIds,
    LedgerContents,
    LedgerNodes,
    LedgerChains,
    LedgerPlaces,
    LedgerBefore,
    LedgerCommits,
    LedgerObserved,
    LedgerFirstSeen,
    LedgerLastSeen,
    LedgerTable,
    /// Of batches: the places of their revisions in the log, and what leads to their rows
    /// (`engine/src/graph/batch_places.rs`).
    BatchOrdinals,
    BatchPlaces,
    /// Of a tail: the generation behind which it stands (`engine/src/graph/tail.rs`).
    Base,
    /// Of a run of the map: its entries.
    MapEntries,
}

const TAGS: [Tag; 80] = [
    Tag::View,
    Tag::NodeIds,
    Tag::KeyOffsets,
    Tag::KeyBytes,
    Tag::Flags,
    Tag::FirstCommits,
    Tag::LastCommits,
    Tag::RevisionCounts,
    Tag::HeadOffsets,
    Tag::HeadRevisions,
    Tag::HeadChains,
    Tag::HeadPlaces,
    Tag::CandidateNodes,
    Tag::CandidateOffsets,
    Tag::Candidates,
    Tag::Doubtful,
    Tag::ClaimedNodes,
    Tag::ClaimOffsets,
    Tag::OpenClaims,
    Tag::ForwardOffsets,
    Tag::ForwardTargets,
    Tag::InverseOffsets,
    Tag::InverseTargets,
    Tag::LabelHashes,
    Tag::LabelNodes,
    Tag::RevisionIds,
    Tag::RevisionNodes,
    Tag::BlobIds,
    Tag::BlobPlaces,
    Tag::CommitTimes,
    Tag::Batches,
    Tag::Imports,
    Tag::Aliases,
    Tag::Present,
    Tag::Elsewhere,
    Tag::Ranks,
    Tag::Numbers,
    Tag::Truths,
    Tag::Codes,
    Tag::TextOffsets,
    Tag::TextBytes,
    Tag::KeyWays,
    Tag::KeyHashes,
    Tag::KeyRows,
    Tag::CountedDeployments,
    Tag::CountedOffsets,
    Tag::CountedTimes,
    Tag::CountedMonths,
    Tag::Counts,
    Tag::Unread,
    Tag::Container,
    Tag::Pieces,
    Tag::IdWays,
    Tag::IdPrints,
    Tag::IdPages,
    Tag::KeyFilter,
    Tag::LedgerRest,
    Tag::LedgerNodeIds,
    Tag::LedgerKinds,
    Tag::LedgerKeyEnds,
    Tag::LedgerKeys,
    Tag::LedgerBorn,
    Tag::LedgerStubs,
    Tag::LedgerLast,
    Tag::LedgerNodeTable,
    Tag::LedgerIds,
    Tag::LedgerContents,
    Tag::LedgerNodes,
    Tag::LedgerChains,
    Tag::LedgerPlaces,
    Tag::LedgerBefore,
    Tag::LedgerCommits,
    Tag::LedgerObserved,
    Tag::LedgerFirstSeen,
    Tag::LedgerLastSeen,
    Tag::LedgerTable,
    Tag::BatchOrdinals,
    Tag::BatchPlaces,
    Tag::Base,
    Tag::MapEntries,
];

fn tag(number: u16) -> Option<Tag> {
    let tag = *TAGS.get(usize::from(number.checked_sub(1)?))?;
    debug_assert_eq!(tag as u16, number);
    Some(tag)
}

pub(super) fn blocks_of(length: usize) -> usize {
    length.div_ceil(BLOCK)
}

/// Numbers of a header, read in turn.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*array)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

pub(super) fn open(
    path: &str,
    bytes: Bytes,
    kind: IndexKind,
    damage: &Arc<Damage>,
) -> Result<(Head, Sections)> {
    let bytes = bytes.aligned();
    read(path, &bytes, kind, damage).ok_or_else(|| Error::Derived {
        file: path.to_owned(),
        at: 0,
        rule: "its header and directory are whole, of this version, and say its length".to_owned(),
    })
}

fn read(
    path: &str,
    bytes: &Bytes,
    kind: IndexKind,
    damage: &Arc<Damage>,
) -> Option<(Head, Sections)> {
    let mut header = Fields(bytes.get(..HEADER)?);
    let fits =
        header.array()? == *MAGIC && header.u32()? == kind as u32 && header.u32()? == version();
    let head = header.array::<HEAD_LENGTH>()?;
    let count =
        usize::try_from(header.u32()?).ok().filter(|count| *count <= SECTIONS_MAX && fits)?;
    let crc_count = usize::try_from(header.u32()?).ok()?;
    let directory = HEADER + count * ENTRY;
    let end = directory.checked_add(crc_count.checked_mul(4)?)?;
    let crc = bytes.get(end..end.checked_add(4)?)?;
    if crc != crc32c::crc32c(&bytes[..end]).to_le_bytes() {
        return None;
    }
    let (crcs, _) = bytes[directory..end].as_chunks::<4>();
    let crcs = crcs.iter().map(|crc| u32::from_le_bytes(*crc)).collect();
    let head = Head::from_bytes(&head).ok()?;

    let blocks = Arc::new(Blocks::new(path, crcs, Arc::clone(damage)));
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    let mut rest = Fields(&bytes[HEADER..directory]);
    let (mut first_block, mut last) = (0, end + 4);
    for _ in 0..count {
        let (tag, number, _) = (tag(rest.u16()?)?, rest.u16()?, rest.u32()?);
        let (extra, at) = (rest.u64()?, rest.u64()?);
        let (start, length) = (usize::try_from(at).ok()?, usize::try_from(rest.u64()?).ok()?);
        let stands = start.is_multiple_of(ALIGNMENT) && start >= last;
        let follows = entries.last().is_none_or(|e| (e.tag, e.number) < (tag, number));
        if !stands || !follows {
            return None;
        }
        last = start.checked_add(length)?;
        let bytes = bytes.part(start..last)?;
        let (blocks, behind) = (Some(Arc::clone(&blocks)), None);
        entries.push(Entry { tag, number, extra, bytes, at, first_block, blocks, behind });
        first_block += blocks_of(length);
    }
    if last != bytes.len() || first_block != crc_count {
        return None;
    }
    let (damage, name, shelf) = (Arc::clone(damage), path.to_owned(), Shelf::default());
    Some((head, Sections { entries, damage, name, shelf }))
}

/// Checks a file whole. Says nothing of what it means.
///
/// # Errors
/// [`Error::Derived`] with the rule that is broken.
pub(crate) fn check(path: &str, bytes: Bytes, kind: IndexKind) -> Result<Head> {
    let damage = Arc::new(Damage::default());
    let (head, sections) = open(path, bytes, kind, &damage)?;
    // Each block notes what is wrong with it.
    let _ = sections.are_sound();
    damage.found().map_or(Ok(head), Err)
}

pub(super) fn write(
    sections: &Sections,
    storage: &dyn Storage,
    path: &str,
    kind: IndexKind,
    head: &Head,
) -> Result<()> {
    let entries = &sections.entries;
    let planned = entries.iter().map(|entry| Planned {
        tag: entry.tag,
        number: entry.number,
        extra: entry.extra,
        length: entry.bytes.len(),
    });
    let mut stream = Stream::begin(storage, path, (kind, *head), planned)?;
    for (section, entry) in entries.iter().enumerate() {
        for from in (0..entry.bytes.len()).step_by(WRITTEN_AT_ONCE) {
            let part = from..(from + WRITTEN_AT_ONCE).min(entry.bytes.len());
            stream.push(section, &entry.bytes[part.clone()])?;
            entry.bytes.forget_part(part);
        }
    }
    stream.finish()
}

/// What stands before the sections: header, directory, checksums, and a checksum of these.
pub(super) fn front(
    (kind, head): &(IndexKind, Head),
    directory: &[Place],
    crcs: &[u32],
) -> Vec<u8> {
    let length_of =
        |count: usize| u32::try_from(count).expect("fewer than 2^32 blocks and sections");
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&(*kind as u32).to_le_bytes());
    bytes.extend_from_slice(&version().to_le_bytes());
    bytes.extend_from_slice(&head.to_bytes());
    bytes.extend_from_slice(&length_of(directory.len()).to_le_bytes());
    bytes.extend_from_slice(&length_of(crcs.len()).to_le_bytes());
    for Place { planned, at } in directory {
        bytes.extend_from_slice(&(planned.tag as u16).to_le_bytes());
        bytes.extend_from_slice(&planned.number.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&planned.extra.to_le_bytes());
        bytes.extend_from_slice(&(*at as u64).to_le_bytes());
        bytes.extend_from_slice(&(planned.length as u64).to_le_bytes());
    }
    for crc in crcs {
        bytes.extend_from_slice(&crc.to_le_bytes());
    }
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    debug_assert_eq!(bytes.len(), front_length(directory.len(), crcs.len()));
    bytes
}

/// How long that is.
pub(super) fn front_length(sections: usize, blocks: usize) -> usize {
    HEADER + sections * ENTRY + blocks * 4 + 4
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::MemoryStorage;

    #[test]
    fn a_tag_is_read_as_the_number_it_is_written_as() {
        for (number, one) in (1..).zip(TAGS) {
            assert_eq!((one as u16, tag(number)), (number, Some(one)));
        }
        let behind = u16::try_from(TAGS.len() + 1).unwrap();
        assert_eq!((tag(0), tag(behind)), (None, None));
    }

    fn file() -> MemoryStorage {
        let mut sections = Sections::new(Arc::default());
        let numbers: Vec<u32> = (0..40_000).collect();
        sections.put(Tag::LabelNodes, 0, 0, &numbers);
        sections.put(Tag::View, 0, 7, b"view");
        sections.put(Tag::Codes, 3, 0, &[] as &[u16]);
        let storage = MemoryStorage::new();
        sections.write(&storage, "index/g", IndexKind::Graph, &Head::new([3; 16])).unwrap();
        storage
    }

    #[test]
    fn sections_are_read_as_they_were_made_and_damage_is_noted_where_it_is_met() {
        let storage = file();
        let open = || {
            let damage = Arc::new(Damage::default());
            let bytes = storage.read("index/g").unwrap().unwrap();
            let opened = Sections::open("index/g", bytes, IndexKind::Graph, &damage);
            opened.map(|(head, sections)| (head, sections, damage))
        };
        let (head, sections, damage) = open().unwrap();
        assert_eq!(head, Head::new([3; 16]));
        let numbers = sections.below(Tag::LabelNodes, 0, 40_000);
        assert_eq!(
            (numbers.len(), numbers.get(39_999), numbers.get(40_000)),
            (40_000, Some(39_999), None)
        );
        assert_eq!(numbers.range(16_383..16_386), Some(&[16_383, 16_384, 16_385][..]));
        assert_eq!(sections.get::<u8>(Tag::View, 0).all(), Some(&b"view"[..]));
        assert_eq!(sections.extra(Tag::View, 0), 7);
        assert!(sections.holds(Tag::Codes, 3) && !sections.holds(Tag::Codes, 4));
        assert!(damage.found().is_none());
        check("index/g", storage.read("index/g").unwrap().unwrap(), IndexKind::Graph).unwrap();

        let length = storage.read("index/g").unwrap().unwrap().len();
        storage.damage("index/g", |bytes| bytes[length - 1] ^= 1);
        let (_, sections, damage) = open().unwrap();
        let numbers = sections.get::<u32>(Tag::LabelNodes, 0);
        assert_eq!(numbers.get(0), Some(0), "another block");
        assert!(damage.found().is_none());
        assert_eq!((numbers.get(39_998), numbers.get(39_999)), (None, None));
        assert!(damage.found().unwrap().to_string().starts_with("index/g is damaged at byte"));
        assert!(
            check("index/g", storage.read("index/g").unwrap().unwrap(), IndexKind::Graph).is_err()
        );
        storage.damage("index/g", |bytes| bytes[length - 1] ^= 1);

        let (_, sections, damage) = open().unwrap();
        for bound in [None, Some(40_000)] {
            let wider = bound.map(|bound| sections.below(Tag::LabelNodes, 0, bound));
            let wider = wider.unwrap_or_else(|| sections.get(Tag::LabelNodes, 0));
            assert_eq!(wider.get(39_000), Some(39_000), "what this one checked");
        }
        let numbers = sections.below(Tag::LabelNodes, 0, 39_999);
        assert_eq!((numbers.get(0), numbers.get(39_000)), (Some(0), None));
        assert!(damage.found().unwrap().to_string().contains("leads to something"));
        storage.damage("index/g", |bytes| bytes.truncate(length - 1));
        assert!(open().is_err());
    }
}
