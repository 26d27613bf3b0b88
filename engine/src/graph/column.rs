//! Columns of the graph: one field of all nodes of a kind, in place and typed.
//!
//! A column holds what the fold of the records gives, where that is a plain value of the declared
//! type and depends on nothing but the records. Of every other node a second bitmap says that the
//! records must be asked: sealed values, links to blobs, values of another type.

mod select;

pub use select::Wanted;

use super::NodeNo;
use crate::error::Result;
use crate::schema::{COMMON_FIELDS, FieldSpec, FieldType, Kind, fields};
use crate::sections::{Section, Sections, Shelf, Shelved, Tag};
use lineal_proof::{Hash, Value};
use std::collections::BTreeMap;
use std::ops::Range;

/// What stands in a column for a node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cell<'a> {
    /// Nothing is recorded.
    Absent,
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Bool(bool),
    /// A time, ns.
    Time(i64),
    /// Text.
    Text(&'a str),
    /// The bytes of a hash.
    Hash(&'a [u8]),
    /// The records must be asked: [`crate::Snapshot::field`] does.
    Elsewhere,
}

impl Cell<'_> {
    /// The value as [`crate::Snapshot::field`] gives it; none if the records must be asked.
    #[must_use]
    pub fn value(self) -> Option<Option<Value>> {
        Some(Some(match self {
            Cell::Absent => return Some(None),
            Cell::Elsewhere => return None,
            Cell::Int(number) | Cell::Time(number) => Value::from(number),
            Cell::Float(number) => Value::Float(number),
            Cell::Bool(truth) => Value::Bool(truth),
            Cell::Text(text) => Value::text(text),
            Cell::Hash(bytes) => Value::Bytes(bytes.to_vec()),
        }))
    }
}

/// Fields that every node has and that its sources state.
const STATED: [&str; 2] = ["time", "deleted"];

/// The fields of a kind that have a column, if their type has one; the number of a field is its
/// place here.
pub(crate) fn fields_of(kind: Kind) -> impl Iterator<Item = &'static FieldSpec> {
    let common = COMMON_FIELDS.iter().filter(|field| STATED.contains(&field.name));
    common.chain(fields(kind))
}

/// A column's number in the directory.
pub(super) fn number(kind: Kind, field: usize) -> u16 {
    (kind as u16) << 8 | u16::try_from(field).unwrap_or(u16::MAX)
}

/// Says which field a column is of: a program whose list of fields is another must not mistake it.
fn mark(kind: Kind, field: &FieldSpec) -> u64 {
    let text = format!("{kind}.{}:{}", field.name, field.field_type.name());
    let Hash(bytes) = Hash::of(text.as_bytes());
    u64::from_le_bytes(bytes.first_chunk().copied().unwrap_or_default())
}

/// How the values of a column stand.
enum Values {
    Numbers(FieldType, Section<i64>),
    Truths(Section<u64>),
    Texts(FieldType, Box<Texts>),
}

/// Texts one after another, each value one of them: its own, or one of a short list.
struct Texts {
    codes: Codes,
    offsets: Section<u32>,
    bytes: Section<u8>,
}

enum Codes {
    Own,
    Byte(Section<u8>),
    Two(Section<u16>),
}

/// One field of all nodes of a kind.
pub(crate) struct Column {
    first: NodeNo,
    /// Empty where no node has a value, or all have.
    present: Section<u64>,
    all_present: bool,
    elsewhere: Section<u64>,
    /// How many values stand before those of each 64 nodes.
    ranks: Section<u32>,
    values: Values,
}

/// Beside the codes: how wide they are.
const OWN: u64 = 0;
const BYTE: u64 = 1;
const TWO: u64 = 2;

impl Column {
    /// The column of a number; none if there is none, or if it is of another field.
    pub(super) fn open(
        sections: &Sections,
        number: u16,
        kind: Kind,
        nodes: Range<NodeNo>,
    ) -> Option<Column> {
        let field = fields_of(kind).nth(usize::from(number & 0xff))?;
        if !sections.holds(Tag::Present, number)
            || sections.extra(Tag::Present, number) != mark(kind, field)
        {
            return None;
        }
        let values = match field.field_type {
            FieldType::Int | FieldType::Time | FieldType::Float => {
                Values::Numbers(field.field_type, sections.get(Tag::Numbers, number))
            }
            FieldType::Bool => Values::Truths(sections.get(Tag::Truths, number)),
            FieldType::Text | FieldType::Hash => {
                let codes = match sections.extra(Tag::Codes, number) {
                    BYTE => Codes::Byte(sections.get(Tag::Codes, number)),
                    TWO => Codes::Two(sections.get(Tag::Codes, number)),
                    _ => Codes::Own,
                };
                let offsets = sections.get(Tag::TextOffsets, number);
                let bytes = sections.get(Tag::TextBytes, number);
                Values::Texts(field.field_type, Box::new(Texts { codes, offsets, bytes }))
            }
            FieldType::Node | FieldType::List | FieldType::Map => return None,
        };
        Some(Column {
            first: nodes.start,
            present: sections.get(Tag::Present, number),
            all_present: sections.extra(Tag::Ranks, number) == 1,
            elsewhere: sections.get(Tag::Elsewhere, number),
            ranks: sections.get(Tag::Ranks, number),
            values,
        })
    }

    /// What stands for a node of the kind. What is damaged is asked of the records, and noted.
    #[inline]
    pub(crate) fn get(&self, node: NodeNo) -> Cell<'_> {
        self.read(node).unwrap_or(Cell::Elsewhere)
    }

    fn read(&self, node: NodeNo) -> Option<Cell<'_>> {
        let at = node.checked_sub(self.first)? as usize;
        let (word, bit) = (at / 64, at % 64);
        if self.elsewhere.len() > 0 && self.elsewhere.get(word)? >> bit & 1 == 1 {
            return Some(Cell::Elsewhere);
        }
        let rank = if self.all_present {
            at
        } else {
            if self.present.len() == 0 {
                return Some(Cell::Absent);
            }
            let present = self.present.get(word)?;
            if present >> bit & 1 == 0 {
                return Some(Cell::Absent);
            }
            let before = present & ((1 << bit) - 1);
            self.ranks.get(word)? as usize + before.count_ones() as usize
        };
        Some(match &self.values {
            Values::Numbers(field_type, numbers) => {
                let number = numbers.get(rank)?;
                match field_type {
                    FieldType::Float => Cell::Float(f64::from_bits(number.cast_unsigned())),
                    FieldType::Time => Cell::Time(number),
                    _ => Cell::Int(number),
                }
            }
            Values::Truths(truths) => Cell::Bool(truths.get(rank / 64)? >> (rank % 64) & 1 == 1),
            Values::Texts(FieldType::Hash, texts) => Cell::Hash(texts.get(rank)?),
            Values::Texts(_, texts) => Cell::Text(std::str::from_utf8(texts.get(rank)?).ok()?),
        })
    }
}

impl Texts {
    #[inline]
    fn get(&self, rank: usize) -> Option<&[u8]> {
        let at = match &self.codes {
            Codes::Own => rank,
            Codes::Byte(codes) => codes.get(rank)?.into(),
            Codes::Two(codes) => codes.get(rank)?.into(),
        };
        let ends = self.offsets.range(at..at + 2)?;
        self.bytes.range(ends[0] as usize..ends[1] as usize)
    }
}

/// A column while it is made: one value after another, in the order of the nodes.
pub(crate) struct ColumnDraft {
    kind: Kind,
    field: usize,
    spec: &'static FieldSpec,
    nodes: usize,
    present: Vec<u64>,
    elsewhere: Vec<u64>,
    numbers: Shelved<i64>,
    truths: Vec<u64>,
    texts: TextsDraft,
    values: usize,
}

/// Texts one behind another: a list for each would be half of what the making of columns takes.
struct TextsDraft {
    bytes: Shelved<u8>,
    /// Where each begins and the last ends; the greatest number once there are too many bytes for a
    /// column.
    offsets: Shelved<u32>,
}

impl TextsDraft {
    fn new(shelf: &Shelf) -> TextsDraft {
        let (bytes, mut offsets) = (shelf.list(), shelf.list());
        offsets.push(0);
        TextsDraft { bytes, offsets }
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.extend(text);
        self.offsets.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
    }
}

/// A list of texts is kept where each stands for at least so many values.
const SAME_MIN: usize = 4;

impl ColumnDraft {
    /// An empty column; none for a field whose type has none.
    pub(crate) fn new(kind: Kind, field: usize, shelf: &Shelf) -> Option<ColumnDraft> {
        let spec = fields_of(kind).nth(field)?;
        if matches!(spec.field_type, FieldType::Node | FieldType::List | FieldType::Map) {
            return None;
        }
        Some(ColumnDraft {
            kind,
            field,
            spec,
            nodes: 0,
            present: Vec::new(),
            elsewhere: Vec::new(),
            numbers: shelf.list(),
            truths: Vec::new(),
            texts: TextsDraft::new(shelf),
            values: 0,
        })
    }

    /// The field's name.
    pub(crate) fn name(&self) -> &'static str {
        self.spec.name
    }

    /// The number of the field.
    pub(crate) fn field(&self) -> usize {
        self.field
    }

    /// Adds what the fold gives for the next node, or that the records must be asked.
    pub(crate) fn push(&mut self, value: Option<&Value>, ask_the_records: bool) {
        let cell = match value {
            _ if ask_the_records => Cell::Elsewhere,
            None => Cell::Absent,
            Some(value) => self.cell(value),
        };
        self.push_cell(cell);
    }

    /// A value, if it is of the declared type.
    fn cell<'v>(&self, value: &'v Value) -> Cell<'v> {
        match (self.spec.field_type, value) {
            (FieldType::Int | FieldType::Time, value) => {
                value.as_i64().map_or(Cell::Elsewhere, Cell::Int)
            }
            (FieldType::Float, Value::Float(number)) => Cell::Float(*number),
            (FieldType::Bool, Value::Bool(truth)) => Cell::Bool(*truth),
            (FieldType::Text, Value::Text(text)) => Cell::Text(text),
            (FieldType::Hash, Value::Bytes(bytes)) => Cell::Hash(bytes),
            _ => Cell::Elsewhere,
        }
    }

    /// Adds what stands in a column of the same field.
    pub(crate) fn push_cell(&mut self, cell: Cell<'_>) {
        let (word, bit) = (self.nodes / 64, 1_u64 << (self.nodes % 64));
        if bit == 1 {
            self.present.push(0);
            self.elsewhere.push(0);
        }
        self.nodes += 1;
        match cell {
            Cell::Absent => return,
            Cell::Elsewhere => {
                self.elsewhere[word] |= bit;
                return;
            }
            Cell::Int(number) | Cell::Time(number) => self.numbers.push(number),
            Cell::Float(number) => self.numbers.push(number.to_bits().cast_signed()),
            Cell::Bool(truth) => {
                if self.values.is_multiple_of(64) {
                    self.truths.push(0);
                }
                if let Some(last) = self.truths.last_mut() {
                    *last |= u64::from(truth) << (self.values % 64);
                }
            }
            Cell::Text(text) => self.texts.push(text.as_bytes()),
            Cell::Hash(bytes) => self.texts.push(bytes),
        }
        self.present[word] |= bit;
        self.values += 1;
    }

    /// Adds the column to the sections of a graph.
    ///
    /// # Errors
    /// What the medium said when it was laid aside.
    pub(super) fn put(self, sections: &mut Sections) -> Result<()> {
        // Offsets count to 4 GiB: without its column a field is read from the records, only slower.
        if self.texts.bytes.len() >= u32::MAX as usize {
            return Ok(());
        }
        let number = number(self.kind, self.field);
        let all_present = self.values == self.nodes && self.nodes > 0;
        let some =
            |bits: Vec<u64>| if bits.iter().all(|word| *word == 0) { Vec::new() } else { bits };
        let present = if all_present { Vec::new() } else { some(self.present) };
        let mut ranks = Vec::with_capacity(present.len());
        let mut before = 0_u32;
        for word in &present {
            ranks.push(before);
            before += word.count_ones();
        }
        sections.put_all(Tag::Present, number, mark(self.kind, self.spec), present);
        sections.put_all(Tag::Ranks, number, u64::from(all_present), ranks);
        let elsewhere = some(self.elsewhere);
        if !elsewhere.is_empty() {
            sections.put_all(Tag::Elsewhere, number, 0, elsewhere);
        }
        match self.spec.field_type {
            FieldType::Int | FieldType::Time | FieldType::Float => {
                sections.put_list(Tag::Numbers, number, 0, self.numbers)
            }
            FieldType::Bool => {
                sections.put_all(Tag::Truths, number, 0, self.truths);
                Ok(())
            }
            _ => put_texts(sections, number, self.texts),
        }
    }
}

fn put_texts(sections: &mut Sections, number: u16, texts: TextsDraft) -> Result<()> {
    let (bytes, ends) = (texts.bytes.into_words()?, texts.offsets.into_words()?);
    let all = || {
        let text = |ends: &[u32]| &bytes[ends[0] as usize..ends[1] as usize];
        ends.windows(2).map(text)
    };
    let most = (all().len() / SAME_MIN).min(1 << 16);
    let mut list: BTreeMap<&[u8], u16> = BTreeMap::new();
    let is_list = all().all(|text| {
        list.insert(text, 0);
        list.len() <= most
    });
    if !is_list {
        drop(list);
        sections.put(Tag::Codes, number, OWN, &[] as &[u8]);
        sections.put_words(Tag::TextOffsets, number, 0, ends);
        sections.put_words(Tag::TextBytes, number, 0, bytes);
        return Ok(());
    }
    for (code, at) in list.values_mut().zip(0_u16..=u16::MAX) {
        *code = at;
    }
    let code = |text: &[u8]| list.get(text).copied().unwrap_or(0);
    if list.len() <= 1 << 8 {
        let codes: Vec<u8> = all().map(|text| (code(text) & 0xff) as u8).collect();
        sections.put_all(Tag::Codes, number, BYTE, codes);
    } else {
        sections.put_all(Tag::Codes, number, TWO, all().map(code).collect::<Vec<u16>>());
    }
    let (mut bytes, mut offsets) = (Vec::new(), vec![0_u32]);
    for text in list.keys() {
        bytes.extend_from_slice(text);
        offsets.push(u32::try_from(bytes.len()).expect("no longer than all texts"));
    }
    sections.put_all(Tag::TextOffsets, number, 0, offsets);
    sections.put_all(Tag::TextBytes, number, 0, bytes);
    Ok(())
}
