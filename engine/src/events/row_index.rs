//! What is derived of one container: the hashes of its pieces, so that opening it reads nothing but
//! what is asked for, and where ids stand in it, so that an event is found by an id that no key run
//! holds.
//!
//! An id is known by 32 bits of a checksum and leads to a page of 1,024 rows, whose column decides:
//! four bytes an id and field, half a byte for the beginnings. Nothing of it is keyed: the ids stand
//! in the container beside it. It is made once, as a container never changes (docs/format.md,
//! section 14).

use super::container::{GROUP_ROWS, PAGE_ROWS};
use super::{Container, EventValue};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::event_fields::EventField;
use crate::graph::ContainerPlace;
use crate::head::Head;
use crate::index::IndexKind;
use crate::mapping::Bytes;
use crate::sections::{Section, Sections, Tag};
use crate::storage::Storage;
use std::ops::Range;
use std::sync::Arc;

/// The fields that hold ids of events.
pub(crate) const ID_FIELDS: [EventField; 3] =
    [EventField::EventId, EventField::RequestId, EventField::LogId];

/// At most 65,536 beginnings: a container of 1,000,000 ids has some 16 a beginning then.
const WAY_BITS_MAX: u32 = 16;
/// Bits of an id's hash behind its beginning.
const PRINT_BITS: u32 = 16;
/// Fewest digits of a hash (MD5): shorter ids are never taken for one.
const HASH_DIGITS_MIN: usize = 32;

/// The open index of one container. Cloning is cheap.
#[derive(Clone)]
pub(crate) struct RowIndex {
    parts: Arc<Parts>,
}

struct Parts {
    pieces: Section<[u8; 32]>,
    rows: usize,
    /// In the order of [`ID_FIELDS`].
    fields: Vec<Ids>,
}

/// The ids of one field.
struct Ids {
    bits: u32,
    /// Is one of them written like a bare hash?
    like_hashes: bool,
    ways: Section<u32>,
    prints: Section<u16>,
    pages: Section<u16>,
}

/// An id to look for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct IdHash {
    hash: u32,
    like_hash: bool,
}

impl IdHash {
    pub(crate) fn of(id: &str) -> IdHash {
        IdHash { hash: crc32c::crc32c(id.as_bytes()), like_hash: is_like_hash(id) }
    }

    /// Is it written like a bare hash?
    pub(crate) fn is_like_hash(self) -> bool {
        self.like_hash
    }

    /// The beginning, and what follows it.
    fn split(self, bits: u32) -> (usize, u16) {
        let way = usize::try_from(u64::from(self.hash) << bits >> 32).unwrap_or(0);
        let rest = (u64::from(self.hash) << bits & u64::from(u32::MAX)) >> (32 - PRINT_BITS);
        (way, u16::try_from(rest).unwrap_or(0))
    }
}

fn is_like_hash(id: &str) -> bool {
    // Without an end at the first that is none: so many are looked at side by side.
    let all = |all, byte: u8| all & byte.is_ascii_hexdigit();
    id.len() >= HASH_DIGITS_MIN && id.bytes().fold(true, all)
}

/// How the names of these files begin.
pub(crate) const ROWS_PREFIX: &str = "rows-";

/// The path of a container's index.
pub(crate) fn row_index_path(place: &ContainerPlace) -> String {
    format!("index/{ROWS_PREFIX}{}.{}.idx", place.id, place.generation)
}

impl RowIndex {
    /// Makes the index of a container, which is hashed whole first, and writes it.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container is not what its manifest says, and what the medium says.
    pub(crate) fn write(
        storage: &dyn Storage,
        place: &ContainerPlace,
        store: &[u8; 16],
    ) -> Result<()> {
        let (container, pieces) = Container::open_with_pieces(storage, place)?;
        let rows = container.rows();
        let mut sections = Sections::new(Arc::default());
        sections.put(Tag::View, 0, 0, &[u64::from(place.generation), rows as u64]);
        sections.put(Tag::Container, 0, 0, &[place.id.0]);
        sections.put(Tag::Pieces, 0, 0, &pieces);
        // Pages are numbered in sixteen bits; of a container with more, ids are read.
        if rows.div_ceil(PAGE_ROWS) <= usize::from(u16::MAX) {
            for field in ID_FIELDS {
                put_ids(&container, field, &mut sections)?;
            }
        }
        let path = row_index_path(place);
        sections.write(storage, &path, IndexKind::Rows, &Head::new(*store))
    }

    /// Opens the index of a container; none where there is none that fits.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn open(
        storage: &dyn Storage,
        place: &ContainerPlace,
        store: &[u8; 16],
        damage: &Arc<Damage>,
    ) -> Result<Option<RowIndex>> {
        let path = row_index_path(place);
        let Some(bytes) = storage.read(&path)? else { return Ok(None) };
        match RowIndex::over(&path, bytes, place, store, damage) {
            Ok(index) => Ok(Some(index)),
            Err(Error::Derived { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn over(
        path: &str,
        bytes: Bytes,
        place: &ContainerPlace,
        store: &[u8; 16],
        damage: &Arc<Damage>,
    ) -> Result<RowIndex> {
        let (head, sections) = Sections::open(path, bytes, IndexKind::Rows, damage)?;
        let rule = "it is the index of this container".to_owned();
        let misfit = Error::Derived { file: path.to_owned(), at: 0, rule };
        let (view, id) =
            (sections.get::<u64>(Tag::View, 0), sections.get::<[u8; 32]>(Tag::Container, 0));
        let (Some([generation, rows]), Some([id])) = (view.all(), id.all()) else {
            return Err(misfit);
        };
        let is_own = *id == place.id.0 && *generation == u64::from(place.generation);
        let (Ok(rows), true, true) = (usize::try_from(*rows), is_own, head.store == *store) else {
            return Err(misfit);
        };
        let fields = ID_FIELDS.map(|field| Ids::of(&sections, field));
        let Some(fields) = fields.into_iter().collect() else { return Err(misfit) };
        let pieces = sections.get(Tag::Pieces, 0);
        Ok(RowIndex { parts: Arc::new(Parts { pieces, rows, fields }) })
    }

    /// The hashes of the container's pieces; none if they are damaged.
    pub(crate) fn pieces(&self) -> Option<&[[u8; 32]]> {
        self.parts.pieces.all()
    }

    /// How many rows the container has.
    pub(crate) fn rows(&self) -> usize {
        self.parts.rows
    }

    /// Is an id of the container written like a bare hash?
    pub(crate) fn has_ids_like_hashes(&self) -> bool {
        self.parts.fields.iter().any(|ids| ids.like_hashes)
    }

    /// Rows of the container, a page each, among which the id may stand in a field; it stands in no
    /// other. Ascending.
    pub(crate) fn find(
        &self,
        field: EventField,
        id: IdHash,
    ) -> impl Iterator<Item = Range<usize>> + '_ {
        let place = ID_FIELDS.iter().position(|known| *known == field);
        let ids = place.and_then(|at| self.parts.fields.get(at));
        let ids = ids.filter(|ids| ids.like_hashes || !id.like_hash);
        let rows = self.parts.rows;
        ids.into_iter().flat_map(move |ids| ids.find(id)).map(move |page| {
            let first = usize::from(page) * PAGE_ROWS;
            first..rows.min(first + PAGE_ROWS)
        })
    }
}

impl Ids {
    fn of(sections: &Sections, field: EventField) -> Option<Ids> {
        let number = field as u16;
        let extra = sections.extra(Tag::IdWays, number);
        let bits = u32::try_from(extra >> 1).ok().filter(|bits| *bits <= WAY_BITS_MAX)?;
        let (prints, pages) =
            (sections.get(Tag::IdPrints, number), sections.get(Tag::IdPages, number));
        let ways = sections.below(Tag::IdWays, number, Section::<u16>::len(&prints) + 1);
        let ids = Ids { bits, like_hashes: extra & 1 == 1, ways, prints, pages };
        let fits =
            ids.ways.len() == (1 << bits) + 1 && ids.prints.len() == Section::len(&ids.pages);
        fits.then_some(ids)
    }

    fn find(&self, id: IdHash) -> impl Iterator<Item = u16> + '_ {
        let (way, wanted) = id.split(self.bits);
        let ends = self.ways.range(way..way + 2).unwrap_or(&[0, 0]);
        let own = ends[0] as usize..(ends[1] as usize).max(ends[0] as usize);
        let prints = self.prints.range(own.clone()).unwrap_or_default();
        let fitting = own.zip(prints).filter(move |(_, print)| **print == wanted);
        fitting.filter_map(|(at, _)| self.pages.get(at))
    }
}

/// Adds the sections of one field.
fn put_ids(container: &Container, field: EventField, sections: &mut Sections) -> Result<()> {
    let mut entries: Vec<u64> = Vec::new();
    let mut like_hashes = false;
    for first in (0..container.rows()).step_by(GROUP_ROWS) {
        let rows = first..container.rows().min(first + GROUP_ROWS);
        let block = container.read(rows.clone(), &[field])?;
        for row in rows {
            let Some(EventValue::Text(id)) = block.get(row - first, field) else { continue };
            let id = IdHash::of(id);
            like_hashes |= id.like_hash;
            entries.push(u64::from(id.hash) << 32 | (row / PAGE_ROWS) as u64);
        }
    }
    entries.sort_unstable();
    entries.dedup();
    // About 8 entries a beginning.
    let bits = (usize::BITS - entries.len().leading_zeros()).saturating_sub(3);
    let bits = bits.clamp(1, WAY_BITS_MAX);
    let mut ways = Vec::with_capacity((1 << bits) + 1);
    let (mut prints, mut pages) =
        (Vec::with_capacity(entries.len()), Vec::with_capacity(entries.len()));
    for (at, entry) in (0_u32..).zip(&entries) {
        let hash = u32::try_from(entry >> 32).unwrap_or(0);
        let (way, print) = IdHash { hash, like_hash: false }.split(bits);
        while ways.len() <= way {
            ways.push(at);
        }
        prints.push(print);
        pages.push(u16::try_from(entry & u64::from(u32::MAX)).unwrap_or(u16::MAX));
    }
    ways.resize((1 << bits) + 1, u32::try_from(entries.len()).unwrap_or(u32::MAX));
    let number = field as u16;
    let extra = u64::from(bits) << 1 | u64::from(like_hashes);
    sections.put(Tag::IdWays, number, extra, &ways);
    sections.put(Tag::IdPrints, number, 0, &prints);
    sections.put(Tag::IdPages, number, 0, &pages);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::container::{ContainerPart, container_id, write_container};
    use crate::events::{Decoded, EventBlock};
    use crate::storage::MemoryStorage;
    use crate::transaction::container_path;
    use lineal_proof::{Hash, Value};

    const STORE: [u8; 16] = [4; 16];

    /// A container of 40,000 rows of many pieces: every row has a log id, every third a request id.
    fn written() -> (MemoryStorage, ContainerPlace) {
        let mut block = EventBlock::new();
        for row in 0..40_000 {
            block.set(EventField::LogId, EventValue::Text(&format!("log-{row}")));
            if row % 3 == 0 {
                let id = Hash::of(&[u8::try_from(row % 251).unwrap()]).to_string();
                block.set(EventField::RequestId, EventValue::Text(&id));
            }
            let hash = Hash::of(&u32::to_le_bytes(row)).0;
            block.set(EventField::InputHash, EventValue::Hash(&hash));
            block.end_row();
        }
        let rows: Vec<u32> = (0..40_000).collect();
        let parts = [ContainerPart { block: &block, rows: &rows, erased: &[] }];
        let bytes = write_container(&parts, &STORE).unwrap();
        let id = container_id(&bytes);
        let length = bytes.len() as u64;
        let place = ContainerPlace { id, generation: 1, length, sha256: Hash::default() };
        let storage = MemoryStorage::new();
        storage.put(&container_path(&id, 1), &bytes, false).unwrap();
        RowIndex::write(&storage, &place, &STORE).unwrap();
        (storage, place)
    }

    fn open(storage: &MemoryStorage, place: &ContainerPlace) -> RowIndex {
        RowIndex::open(storage, place, &STORE, &Arc::default()).unwrap().unwrap()
    }

    #[test]
    fn every_id_leads_to_the_pages_it_stands_in_and_few_others() {
        let (storage, place) = written();
        let index = open(&storage, &place);
        let container =
            Container::open_by_pieces(&storage, &place, index.pieces().unwrap()).unwrap();
        let decoded = Decoded::default();
        let mut pages = 0;
        for row in (0..40_000).step_by(7) {
            for field in [EventField::LogId, EventField::RequestId] {
                let text = |found: Option<EventValue<'_>>| found.map(EventValue::to_value);
                let value = container.with_value(&decoded, 0, row, field, text).unwrap();
                let Some(Value::Text(id)) = value else { continue };
                let found: Vec<_> = index.find(field, IdHash::of(&id)).collect();
                assert!(found.iter().any(|rows| rows.contains(&row)), "{row}");
                assert!(found.is_sorted_by_key(|rows| rows.start));
                pages += if field == EventField::LogId { found.len() } else { 0 };
            }
        }
        assert!(pages < 40_000 / 7 + 20, "{pages}: hardly a page more than one an id");
        assert!(index.has_ids_like_hashes());
        let unknown = (0..10_000).map(|at| IdHash::of(&format!("none-{at}")));
        let wrong: usize =
            unknown.map(|id| index.find(EventField::LogId, id).count()).sum::<usize>();
        assert!(wrong < 20, "{wrong}");
        assert_eq!(index.find(EventField::EventId, IdHash::of("log-1")).count(), 0);
        let hash = IdHash::of(&"0".repeat(64));
        assert!(hash.is_like_hash() && !IdHash::of("log-0").is_like_hash());
        assert_eq!(index.find(EventField::LogId, hash).count(), 0);
    }

    #[test]
    fn an_index_of_another_container_or_of_another_store_is_left_aside() {
        let (storage, place) = written();
        let read = |place: &ContainerPlace, store: &[u8; 16]| {
            RowIndex::open(&storage, place, store, &Arc::default()).unwrap().is_some()
        };
        assert!(read(&place, &STORE) && !read(&place, &[5; 16]));
        let other = ContainerPlace { id: Hash::of(b"other"), ..place.clone() };
        assert!(!read(&other, &STORE));
        let bytes = storage.read(&row_index_path(&place)).unwrap().unwrap();
        storage.put(&row_index_path(&other), &bytes, false).unwrap();
        assert!(!read(&other, &STORE), "named as another's");
    }

    #[test]
    fn a_container_that_was_changed_is_refused_where_it_is_touched_and_gets_no_index() {
        let (storage, place) = written();
        let index = open(&storage, &place);
        let path = container_path(&place.id, 1);
        storage.damage(&path, |bytes| bytes[1_000] ^= 1);
        let read = |row| {
            let container = Container::open_by_pieces(&storage, &place, index.pieces().unwrap())?;
            let decoded = Decoded::default();
            container.with_value(&decoded, 0, row, EventField::LogId, |found| found.is_some())
        };
        let error = read(0).unwrap_err();
        assert!(error.to_string().starts_with(&path) && error.is_damage(), "{error}");
        assert!(read(39_999).unwrap(), "the piece of that page is as it was");
        assert!(RowIndex::write(&storage, &place, &STORE).is_err());
        // A list that proves nothing is not believed: the whole is hashed.
        let wrong = vec![[0; 32]; index.pieces().unwrap().len()];
        assert!(Container::open_by_pieces(&storage, &place, &wrong).is_err());
    }
}
