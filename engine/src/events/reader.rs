//! Reading open containers: whole columns of a row range, or one value.

use super::block::EventValue;
use super::bytes_page::Spelled;
use super::column::{Column, Values};
use super::container::GROUP_ROWS;
use super::decoded::{ColumnPlace, DICTIONARY, GROUP};
use super::pages::{Chunk, Pages};
use super::raw::{spread, spread_bytes, take};
use super::zones::OneText;
use super::{Decoded, EventBlock};
use crate::error::{Error, Result};
use crate::event_fields::{EVENT_FIELDS, EventField};
use crate::schema::FieldType;
use parquet::column::page::Page;
use parquet::column::reader::ColumnReader;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::errors::ParquetError;
use std::ops::Range;
use std::sync::Arc;

/// An open container.
pub(crate) struct Container {
    pub(super) path: String,
    pub(super) pages: Pages,
    /// For each event field the indexes of its columns: the whole or fixed one, and the other.
    pub(super) columns: Vec<(Option<usize>, Option<usize>)>,
    pub(super) rows: usize,
}

impl Container {
    /// How many rows it holds.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Reads fields of a range of rows.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be decoded or is shorter than that.
    pub(crate) fn read(&self, rows: Range<usize>, fields: &[EventField]) -> Result<EventBlock> {
        self.read_columns(&rows, fields, |index, field| self.column(index, &rows, field))
    }

    /// As [`Container::read`], through pages and columns that are kept for the next call.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub(crate) fn read_through(
        &self,
        decoded: &Decoded,
        number: u32,
        rows: Range<usize>,
        fields: &[EventField],
    ) -> Result<EventBlock> {
        self.read_columns(&rows, fields, |index, field| {
            let mut column = Column::new(field.spec().field_type);
            let mut at = rows.start;
            while at < rows.end {
                let group = at / GROUP_ROWS;
                let first = group * GROUP_ROWS;
                let end = self.rows.min(first + GROUP_ROWS);
                let until = rows.end.min(end);
                let place = ColumnPlace { container: number, group, index, row: GROUP };
                let whole = match decoded.get(place) {
                    Some(known) => Some(known),
                    None if until - at > (end - first) / 2 => {
                        Some(self.group(decoded, place, first..end, field)?)
                    }
                    None => None,
                };
                if let Some(whole) = whole {
                    column.extend(&whole, at - first..until - first);
                    at = until;
                    continue;
                }
                let (page, row) = self.page(decoded, number, at, index, field)?;
                let count = (page.present.len() - row).min(until - at);
                column.extend(&page, row..row + count);
                at += count;
                if decoded.often(place) {
                    self.group(decoded, place, first..end, field)?;
                }
            }
            Ok(column)
        })
    }

    /// A column of a whole row group, which is kept.
    fn group(
        &self,
        decoded: &Decoded,
        place: ColumnPlace,
        rows: Range<usize>,
        field: EventField,
    ) -> Result<Arc<Column>> {
        let read = Arc::new(self.column(place.index, &rows, field)?);
        decoded.keep(place, Arc::clone(&read));
        Ok(read)
    }

    /// May a value within these bounds stand in a field of some rows? True where it cannot be told.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be decoded.
    pub(crate) fn may_hold(
        &self,
        rows: Range<usize>,
        field: EventField,
        (low, high): (Option<EventValue<'_>>, Option<EventValue<'_>>),
    ) -> Result<bool> {
        let (Some(index), None) = self.columns[field as usize] else {
            return Ok(self.columns[field as usize] != (None, None));
        };
        let mut at = rows.start;
        while at < rows.end.min(self.rows) {
            let group = at / GROUP_ROWS;
            let (first, until) = (group * GROUP_ROWS, rows.end.min((group + 1) * GROUP_ROWS));
            let zone = self.pages.zone(Chunk { group, index }).map_err(|e| self.fail(&e))?;
            let wanted = at - first..until - first;
            if zone.is_none_or(|zone| zone.may_hold(&wanted, low, high)) {
                return Ok(true);
            }
            at = until;
        }
        Ok(false)
    }

    /// What each of some rows holds in a field of texts, where the container says of its pages that it is the
    /// same; none where that cannot be told.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the container cannot be decoded.
    pub(crate) fn one_text(
        &self,
        rows: &Range<usize>,
        field: EventField,
    ) -> Result<Option<OneText<'_>>> {
        let index = match self.columns[field as usize] {
            (None, None) => return Ok(Some(OneText::Absent)),
            (Some(index), None) if rows.end <= self.rows => index,
            _ => return Ok(None),
        };
        let (mut one, mut at) = (None, rows.start);
        while at < rows.end {
            let group = at / GROUP_ROWS;
            let (first, until) = (group * GROUP_ROWS, rows.end.min((group + 1) * GROUP_ROWS));
            let zone = self.pages.zone(Chunk { group, index }).map_err(|e| self.fail(&e))?;
            let own = zone.and_then(|zone| zone.one_text(&(at - first..until - first)));
            if own.is_none() || one.is_some_and(|one| Some(one) != own) {
                return Ok(None);
            }
            one = own;
            at = until;
        }
        Ok(one)
    }

    fn read_columns(
        &self,
        rows: &Range<usize>,
        fields: &[EventField],
        read: impl Fn(usize, EventField) -> Result<Column>,
    ) -> Result<EventBlock> {
        if rows.end > self.rows || rows.start > rows.end {
            return Err(Error::corrupt(&self.path, 0, "it holds the rows its manifest names"));
        }
        let mut block = EventBlock::new();
        for field in fields {
            let (whole, other) = self.columns[*field as usize];
            let whole = whole.map(|index| read(index, *field)).transpose()?;
            let other = other.map(|index| read(index, *field)).transpose()?;
            let column = match (whole, other) {
                (Some(whole), Some(other)) => merge(&whole, &other),
                (Some(column), None) | (None, Some(column)) => column,
                (None, None) => continue,
            };
            block.put_column(*field, column, rows.len());
        }
        // A container without any of the fields still has the rows.
        if block.rows() < rows.len() {
            let present = vec![false; rows.len()];
            let values = Values::Bools(present.clone());
            block.put_column(EventField::Art12, Column { present, values }, rows.len());
        }
        Ok(block)
    }

    /// Reads every field of a range of rows.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub(crate) fn read_all(&self, rows: Range<usize>) -> Result<EventBlock> {
        let fields: Vec<_> = EVENT_FIELDS.iter().map(|spec| spec.field).collect();
        self.read(rows, &fields)
    }

    /// Looks at one value where it stands, in pages that are kept: a question asks one row for
    /// several fields, and rows that lie near each other.
    ///
    /// # Errors
    /// As [`Container::read`].
    pub(crate) fn with_value<T>(
        &self,
        decoded: &Decoded,
        number: u32,
        row: usize,
        field: EventField,
        look: impl FnOnce(Option<EventValue<'_>>) -> T,
    ) -> Result<T> {
        self.check_row(row)?;
        let (whole, other) = self.columns[field as usize];
        for index in [whole, other].into_iter().flatten() {
            let (page, at) = self.page(decoded, number, row, index, field)?;
            if let Some(value) = page.value(at, field.spec().field_type) {
                return Ok(look(Some(value)));
            }
        }
        Ok(look(None))
    }

    /// The columns of a field: the whole or fixed one, and the other.
    pub(super) fn columns_of(&self, field: EventField) -> (Option<usize>, Option<usize>) {
        self.columns[field as usize]
    }

    /// Fails if there is no such row: a field without a column is absent of rows, not of nothing.
    #[inline]
    pub(super) fn check_row(&self, row: usize) -> Result<()> {
        if row < self.rows {
            return Ok(());
        }
        Err(Error::corrupt(&self.path, 0, "it holds the rows its manifest names"))
    }

    /// The page of a column that holds a row, and where in it.
    pub(super) fn page(
        &self,
        decoded: &Decoded,
        container: u32,
        row: usize,
        index: usize,
        field: EventField,
    ) -> Result<(Arc<Column>, usize)> {
        self.check_row(row)?;
        let (group, at) = (row / GROUP_ROWS, row % GROUP_ROWS);
        let rows = self.pages.page_of(Chunk { group, index }, at).map_err(|e| self.fail(&e))?;
        let place = ColumnPlace { container, group, index, row: rows.start };
        if let Some(known) = decoded.get(place) {
            return Ok((known, at - rows.start));
        }
        let first = group * GROUP_ROWS;
        let dictionary = |chunk: Chunk| {
            let place = ColumnPlace { row: DICTIONARY, ..place };
            decoded.dictionary(place, || self.pages.dictionary(chunk).map_err(|e| self.fail(&e)))
        };
        let chunk = Chunk { group, index };
        let words =
            if field.spec().field_type == FieldType::Text { dictionary(chunk)? } else { None };
        let lying =
            self.pages.as_it_lies(chunk, &rows, words.as_ref()).map_err(|e| self.fail(&e))?;
        let read = match lying {
            Some(column) => column,
            None => {
                let wanted = first + rows.start..first + rows.end;
                self.column_with(index, &wanted, field, dictionary)?
            }
        };
        let read = Arc::new(read);
        decoded.keep_page(place, Arc::clone(&read));
        Ok((read, at - rows.start))
    }

    fn fail(&self, error: &ParquetError) -> Error {
        fault(&self.path, self.pages.damaged(), error)
    }

    fn column(&self, index: usize, rows: &Range<usize>, field: EventField) -> Result<Column> {
        self.column_with(index, rows, field, |chunk| {
            self.pages.dictionary(chunk).map_err(|e| self.fail(&e))
        })
    }

    fn column_with(
        &self,
        index: usize,
        rows: &Range<usize>,
        field: EventField,
        dictionary: impl Fn(Chunk) -> Result<Option<Page>>,
    ) -> Result<Column> {
        let fail = |e: ParquetError| self.fail(&e);
        let mut present = Vec::with_capacity(rows.len());
        let is_bytes = !matches!(
            field.spec().field_type,
            FieldType::Int | FieldType::Time | FieldType::Float | FieldType::Bool
        );
        let mut values = match field.spec().field_type {
            FieldType::Int | FieldType::Time => Values::Ints(Vec::with_capacity(rows.len())),
            FieldType::Float => Values::Floats(Vec::with_capacity(rows.len())),
            FieldType::Bool => Values::Bools(Vec::with_capacity(rows.len())),
            _ => Values::Bytes { ends: Vec::with_capacity(rows.len()), bytes: Vec::new() },
        };
        let mut group_start = rows.start - rows.start % GROUP_ROWS;
        while group_start < rows.end {
            let group = group_start / GROUP_ROWS;
            let from = rows.start.max(group_start) - group_start;
            let to = rows.end.min(group_start + GROUP_ROWS) - group_start;
            let chunk = Chunk { group, index };
            let dictionary = dictionary(chunk)?;
            if let Values::Bytes { ends, bytes } = &mut values {
                let mut own = Spelled {
                    present: std::mem::take(&mut present),
                    ends: std::mem::take(ends),
                    bytes: std::mem::take(bytes),
                };
                let before = (own.ends.len(), own.bytes.len());
                let rows = from..to;
                let known = self.pages.spelled(chunk, &rows, dictionary.as_ref(), &mut own);
                let known = known.map_err(fail)?;
                if !known {
                    own.present.truncate(before.0);
                    own.ends.truncate(before.0);
                    own.bytes.truncate(before.1);
                }
                present = own.present;
                (*ends, *bytes) = (own.ends, own.bytes);
                if known {
                    group_start += GROUP_ROWS;
                    continue;
                }
            }
            let (reader, first) =
                self.pages.reader(chunk, &(from..to), dictionary).map_err(fail)?;
            let (from, to) = (from - first, to - first);
            match (reader, &mut values) {
                (ColumnReader::Int64ColumnReader(typed), Values::Ints(out)) => {
                    let raw = take(typed, from, to).map_err(fail)?;
                    spread(raw, &mut present, out, 0);
                }
                (ColumnReader::DoubleColumnReader(typed), Values::Floats(out)) => {
                    let raw = take(typed, from, to).map_err(fail)?;
                    spread(raw, &mut present, out, 0.0);
                }
                (ColumnReader::BoolColumnReader(typed), Values::Bools(out)) => {
                    let raw = take(typed, from, to).map_err(fail)?;
                    spread(raw, &mut present, out, false);
                }
                (ColumnReader::ByteArrayColumnReader(typed), Values::Bytes { ends, bytes }) => {
                    let raw = take(typed, from, to).map_err(fail)?;
                    spread_bytes(&raw, &mut present, ends, bytes, ByteArray::data);
                }
                (
                    ColumnReader::FixedLenByteArrayColumnReader(typed),
                    Values::Bytes { ends, bytes },
                ) => {
                    let raw = take(typed, from, to).map_err(fail)?;
                    spread_bytes(&raw, &mut present, ends, bytes, |value: &FixedLenByteArray| {
                        value.data()
                    });
                }
                _ => {
                    let rule = format!("column {} has the type of section 10", field.spec().name);
                    return Err(Error::corrupt(&self.path, 0, rule));
                }
            }
            group_start += GROUP_ROWS;
        }
        if present.len() != rows.len() {
            return Err(Error::corrupt(&self.path, 0, "every column is as long as the container"));
        }
        if is_bytes
            && field.spec().field_type == FieldType::Text
            && let Values::Bytes { bytes, .. } = &values
            && std::str::from_utf8(bytes).is_err()
        {
            return Err(Error::corrupt(&self.path, 0, "text is UTF-8"));
        }
        Ok(Column { present, values })
    }
}

/// What was found wrong: a piece that is not as it was written, or else what the library says.
pub(super) fn fault(path: &str, damaged: Option<u64>, error: &ParquetError) -> Error {
    match damaged {
        Some(at) => Error::corrupt(path, at, "its hash is that of its manifest"),
        None => Error::corrupt(path, 0, error.to_string()),
    }
}

/// Joins the fixed and the other column of a hash: a row is in at most one.
fn merge(whole: &Column, other: &Column) -> Column {
    let mut present = Vec::with_capacity(whole.present.len());
    let (mut ends, mut bytes) = (Vec::with_capacity(whole.present.len()), Vec::new());
    for row in 0..whole.present.len() {
        let from = if whole.present[row] { whole } else { other };
        bytes.extend_from_slice(from.bytes(row));
        ends.push(bytes.len());
        present.push(whole.present[row] || other.present[row]);
    }
    Column { present, values: Values::Bytes { ends, bytes } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_fields::Group;
    use crate::events::Cursor;
    use crate::events::container::{ContainerPart, write_container};
    use crate::mapping;

    fn block(rows: usize) -> EventBlock {
        let mut block = EventBlock::new();
        for row in 0..rows {
            let number = i64::try_from(row).unwrap();
            block.set(EventField::Time, EventValue::Int(number * 10));
            block.set(EventField::LogId, EventValue::Text(&format!("id-{row}")));
            if row % 3 == 0 {
                block.set(EventField::Decision, EventValue::Text("grant"));
            }
            #[expect(clippy::cast_precision_loss, reason = "small")]
            block.set(EventField::Confidence, EventValue::Float(row as f64 / 7.0));
            block.set(EventField::HumanOverride, EventValue::Bool(row % 5 == 0));
            let width = if row % 4 == 0 { 16 } else { 32 };
            block.set(
                EventField::InputHash,
                EventValue::Hash(&vec![u8::try_from(row % 251).unwrap(); width]),
            );
            block.end_row();
        }
        block
    }

    #[test]
    fn rows_are_rebuilt_from_the_columns_alone_over_several_groups() {
        let source = block(40_000);
        let rows: Vec<u32> = (0..40_000).rev().collect();
        let parts = [ContainerPart { block: &source, rows: &rows, erased: &[] }];
        let bytes = write_container(&parts, &[1; 16]).unwrap();
        assert_eq!(bytes, write_container(&parts, &[1; 16]).unwrap(), "same rows, same bytes");
        let container = Container::open("c", mapping::Bytes::held(bytes)).unwrap();
        assert_eq!(container.rows(), 40_000);
        let read = container.read_all(100..33_000).unwrap();
        for at in (0..read.rows()).step_by(97) {
            for group in [Group::Open, Group::Subject] {
                let (mut expected, mut found) = (Vec::new(), Vec::new());
                source.write_group(&mut expected, rows[100 + at] as usize, group);
                read.write_group(&mut found, at, group);
                assert_eq!(expected, found, "row {at}");
            }
        }
        let decoded = Decoded::default();
        let fields = [EventField::Decision, EventField::InputHash, EventField::Time];
        for rows in [100..33_000, 5..6, 16_383..16_385, 0..40_000] {
            let (plain, kept) = (
                container.read(rows.clone(), &fields).unwrap(),
                container.read_through(&decoded, 7, rows.clone(), &fields).unwrap(),
            );
            assert_eq!(plain.rows(), kept.rows());
            for at in (0..plain.rows()).step_by(61) {
                for field in fields {
                    assert_eq!(plain.get(at, field), kept.get(at, field), "{rows:?} {at}");
                }
            }
        }
        let decoded = Decoded::default();
        let is = |row, field, value| {
            container.with_value(&decoded, 0, row, field, |found| found == value).unwrap()
        };
        assert!(is(39_999, EventField::LogId, Some(EventValue::Text("id-0"))));
        assert!(is(39_995, EventField::InputHash, Some(EventValue::Hash(&[4; 16]))));
        assert!(is(39_995, EventField::Confidence, Some(EventValue::Float(4.0 / 7.0))));
        assert!(is(5, EventField::Session, None));
        assert!(container.read_all(39_999..40_001).is_err());
        let all = container.read_all(0..40_000).unwrap();
        for spec in EVENT_FIELDS {
            let mut cursor = Cursor::new(&container, &decoded, 0, spec.field);
            // Within a page, on to others, and back.
            for row in (0..40_000).step_by(397).chain([39_999, 5, 1_023, 1_024, 0]) {
                assert_eq!(cursor.value(row).unwrap(), all.get(row, spec.field), "{row}");
            }
            assert!(cursor.value(40_000).is_err(), "{}", spec.name);
            let behind = container.with_value(&decoded, 0, 40_000, spec.field, |_| ());
            assert!(behind.is_err(), "{}", spec.name);
        }
    }

    #[test]
    fn pages_say_where_all_rows_hold_one_text() {
        let mut source = EventBlock::new();
        for row in 0..40_000_u32 {
            source.set(EventField::Time, EventValue::Int(i64::from(row)));
            // Pages of 1,024 rows, the last of the first ones in a group of its own.
            match row / 1_024 {
                0..=16 => drop(source.set(EventField::System, EventValue::Text("ours"))),
                17 => drop(source.set(EventField::System, EventValue::Text("theirs"))),
                18 => {}
                _ if row % 2 == 0 => drop(source.set(EventField::System, EventValue::Text("ours"))),
                _ => {}
            }
            source.end_row();
        }
        let rows: Vec<u32> = (0..40_000).collect();
        let parts = [ContainerPart { block: &source, rows: &rows, erased: &[] }];
        let bytes = write_container(&parts, &[1; 16]).unwrap();
        let container = Container::open("c", mapping::Bytes::held(bytes)).unwrap();
        let one = |rows: Range<usize>| container.one_text(&rows, EventField::System).unwrap();
        for rows in [0..17_408, 5..6, 16_000..17_000] {
            assert_eq!(one(rows.clone()), Some(OneText::Text("ours")), "{rows:?}");
        }
        assert_eq!(one(17_408..18_432), Some(OneText::Text("theirs")));
        assert_eq!(one(18_432..19_456), Some(OneText::Absent));
        // Two texts, a text and nothing, a page of both, and rows that are not there.
        for rows in [17_000..17_409, 18_431..18_433, 20_000..20_001, 39_990..40_001, 3..3] {
            assert_eq!(one(rows.clone()), None, "{rows:?}");
        }
        let without = container.one_text(&(0..40_000), EventField::Region).unwrap();
        assert_eq!(without, Some(OneText::Absent));
    }

    #[test]
    fn bytes_that_are_no_container_are_refused_with_their_name() {
        let Err(error) = Container::open("containers/x", mapping::Bytes::held(vec![1; 100])) else {
            panic!("must refuse")
        };
        assert!(error.is_damage());
        assert!(error.to_string().starts_with("containers/x is damaged"), "{error}");
    }
}
