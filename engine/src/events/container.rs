//! Writing containers: the rows of many batches as one Parquet file (docs/format.md, section 10).

use super::EventBlock;
use super::column::{Column, Values};
use crate::event_fields::{EVENT_FIELDS, EventField, EventFieldSpec};
use crate::runs::within_sorted;
use crate::schema::FieldType;
use bytes::Bytes;
use lineal_proof::Hash;
use parquet::basic::{
    Compression, ConvertedType, Encoding, LogicalType, Repetition, TimeUnit, Type, ZstdLevel,
};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type as SchemaType};
use std::sync::Arc;

/// Rows of a row group: one is decoded whole when a column of it is scanned.
pub(crate) const GROUP_ROWS: usize = 16_384;
/// Rows of a page: what one look-up decodes.
pub(crate) const PAGE_ROWS: usize = 1_024;
/// Rows that share their text on average, from which on texts are written run by run: below, the
/// calls cost more than what they spare.
const RUN_ROWS: usize = 32;
/// The width that hash columns hold without a length.
pub(super) const HASH_WIDTH: usize = 32;

/// Rows of a block, in the order in which they stand in their batch.
pub(crate) struct ContainerPart<'a> {
    pub(crate) block: &'a EventBlock,
    pub(crate) rows: &'a [u32],
    /// Runs of places among them whose rows were erased: nothing of the block is written there.
    pub(crate) erased: &'a [(u32, u32)],
}

impl ContainerPart<'_> {
    /// Is the row at a place there?
    fn is_there(&self, place: usize) -> bool {
        self.erased.is_empty()
            || u32::try_from(place).is_ok_and(|place| !within_sorted(self.erased, place))
    }
}

/// The column that says of erased rows that they are, for readers that know no manifest.
const ERASED: &str = "erased";

/// How a field is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The whole field.
    Whole,
    /// Hashes of 32 bytes.
    FixedHash,
    /// Hashes of another length.
    OtherHash,
}

struct OutColumn {
    spec: &'static EventFieldSpec,
    part: Part,
}

impl OutColumn {
    fn name(&self) -> String {
        match self.part {
            Part::OtherHash => format!("{}_other", self.spec.name),
            _ => self.spec.name.to_owned(),
        }
    }

    /// Is the value of a row in this column?
    fn holds(&self, column: &Column, row: usize) -> bool {
        column.has(row)
            && match self.part {
                Part::Whole => true,
                Part::FixedHash => column.bytes(row).len() == HASH_WIDTH,
                Part::OtherHash => column.bytes(row).len() != HASH_WIDTH,
            }
    }

    /// How values are laid out; none leaves it to the library: a dictionary, as long as it pays.
    fn encoding(&self) -> Option<Encoding> {
        match (self.spec.field_type, self.spec.field) {
            // Nothing makes a hash shorter, and what a look-up compares stands at a known place.
            (FieldType::Hash, _) => Some(Encoding::PLAIN),
            // Ids of neighbours begin alike: 34 bytes an event became 1 in the
            // synthetic world (docs/architecture.md, "Figures").
            (_, EventField::LogId | EventField::EventId) => Some(Encoding::DELTA_BYTE_ARRAY),
            // Rows of a batch stand in the order of time.
            (_, EventField::Time | EventField::Line) => Some(Encoding::DELTA_BINARY_PACKED),
            _ => None,
        }
    }

    fn schema(&self) -> Result<SchemaType> {
        let name = self.name();
        let builder = |physical| {
            SchemaType::primitive_type_builder(&name, physical)
                .with_repetition(Repetition::OPTIONAL)
        };
        match (self.spec.field_type, self.part) {
            (FieldType::Hash, Part::FixedHash) => builder(Type::FIXED_LEN_BYTE_ARRAY)
                .with_length(i32::try_from(HASH_WIDTH).unwrap_or(0))
                .build(),
            (FieldType::Hash, _) => builder(Type::BYTE_ARRAY).build(),
            (FieldType::Int, _) => builder(Type::INT64).build(),
            (FieldType::Time, _) => {
                let stamp = LogicalType::timestamp(true, TimeUnit::NANOS);
                builder(Type::INT64).with_logical_type(Some(stamp)).build()
            }
            (FieldType::Float, _) => builder(Type::DOUBLE).build(),
            (FieldType::Bool, _) => builder(Type::BOOLEAN).build(),
            _ => builder(Type::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String))
                .with_converted_type(ConvertedType::UTF8)
                .build(),
        }
    }
}

/// The columns that these rows need, in the order of the field table.
fn columns(parts: &[ContainerPart<'_>]) -> Vec<OutColumn> {
    let mut columns = Vec::new();
    for spec in EVENT_FIELDS {
        let kinds: &[Part] = if spec.field_type == FieldType::Hash {
            &[Part::FixedHash, Part::OtherHash]
        } else {
            &[Part::Whole]
        };
        for part in kinds {
            let column = OutColumn { spec, part: *part };
            let needed = parts.iter().any(|part| {
                part.block.column(spec.field).is_some_and(|values| {
                    let mut rows = part.rows.iter().enumerate();
                    rows.any(|(at, row)| part.is_there(at) && column.holds(values, *row as usize))
                })
            });
            if needed {
                columns.push(column);
            }
        }
    }
    columns
}

/// The bytes of a container with these rows.
pub(crate) fn write_container(parts: &[ContainerPart<'_>], store: &[u8; 16]) -> Result<Vec<u8>> {
    let columns = columns(parts);
    let fields = columns.iter().map(|column| column.schema().map(Arc::new));
    let mut fields = fields.collect::<Result<Vec<_>>>()?;
    let is_erased = parts.iter().any(|part| !part.erased.is_empty());
    if is_erased {
        let marks = SchemaType::primitive_type_builder(ERASED, Type::BOOLEAN);
        fields.push(Arc::new(marks.with_repetition(Repetition::OPTIONAL).build()?));
    }
    let schema = SchemaType::group_type_builder("event").with_fields(fields).build()?;
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let mut properties = WriterProperties::builder()
        .set_created_by("lineal".to_owned())
        .set_key_value_metadata(Some(vec![
            pair("lineal.format", "1".to_owned()),
            pair("lineal.store", data_encoding::HEXLOWER.encode(store)),
        ]))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_statistics_truncate_length(None)
        .set_column_index_truncate_length(None);
    for column in &columns {
        let path = ColumnPath::new(vec![column.name()]);
        if let Some(encoding) = column.encoding() {
            properties = properties
                .set_column_encoding(path.clone(), encoding)
                .set_column_dictionary_enabled(path.clone(), false);
        }
        if column.spec.field_type == FieldType::Hash {
            properties = properties.set_column_compression(path, Compression::UNCOMPRESSED);
        }
    }
    let mut file =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties.build()))?;
    let rows: Vec<(usize, usize)> = parts
        .iter()
        .enumerate()
        .flat_map(|(number, part)| {
            let rows = part.rows.iter().enumerate();
            rows.map(move |(at, row)| {
                (number, if part.is_there(at) { *row as usize } else { GONE })
            })
        })
        .collect();
    for group in rows.chunks(GROUP_ROWS) {
        let mut writer = file.next_row_group()?;
        for column in &columns {
            write_column(&mut writer, column, parts, group)?;
        }
        if is_erased {
            write_marks(&mut writer, group)?;
        }
        writer.close()?;
    }
    file.into_inner()
}

/// In the place of a row that was erased: no block has it.
const GONE: usize = usize::MAX;

/// Writes which rows of a group were erased: true, or nothing.
fn write_marks(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    rows: &[(usize, usize)],
) -> Result<()> {
    let missing =
        || ParquetError::General("the marks of erased rows are the last column".to_owned());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    let levels: Vec<i16> = rows.iter().map(|(_, row)| i16::from(*row == GONE)).collect();
    let marks: Vec<bool> = levels.iter().filter(|level| **level > 0).map(|_| true).collect();
    let ColumnWriter::BoolColumnWriter(typed) = writer.untyped() else { return Err(missing()) };
    typed.write_batch(&marks, Some(&levels), None)?;
    writer.close()
}

/// The values of one column in a row group: present ones, and a level a row.
#[derive(Default)]
struct Gathered {
    levels: Vec<i16>,
    ints: Vec<i64>,
    floats: Vec<f64>,
    bools: Vec<bool>,
    /// Texts and hashes: where each lies in `bytes`.
    ranges: Vec<(usize, usize)>,
    bytes: Vec<u8>,
}

impl Gathered {
    fn of(column: &OutColumn, parts: &[ContainerPart<'_>], rows: &[(usize, usize)]) -> Gathered {
        let mut all = Gathered::default();
        all.levels.reserve(rows.len());
        let blocks: Vec<_> =
            parts.iter().map(|part| part.block.column(column.spec.field)).collect();
        // Of words that repeat one copy is enough: of the last one, where it lies.
        let mut last: Option<(usize, u8, (usize, usize))> = None;
        for (part, row) in rows {
            let values = blocks[*part].filter(|values| *row != GONE && column.holds(values, *row));
            all.levels.push(i16::from(values.is_some()));
            let Some(values) = values else { continue };
            match &values.values {
                Values::Ints(ints) => all.ints.push(ints[*row]),
                Values::Floats(floats) => all.floats.push(floats[*row]),
                Values::Bools(bools) => all.bools.push(bools[*row]),
                Values::Words { codes, .. } => {
                    let range = match last {
                        Some((of, code, range)) if (of, code) == (*part, codes[*row]) => range,
                        _ => all.append(values.bytes(*row)),
                    };
                    last = Some((*part, codes[*row], range));
                    all.ranges.push(range);
                }
                Values::Bytes { .. } | Values::Fixed(_) => {
                    let range = all.append(values.bytes(*row));
                    all.ranges.push(range);
                }
            }
        }
        all
    }

    fn append(&mut self, value: &[u8]) -> (usize, usize) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        (start, self.bytes.len())
    }

    /// Do most neighbours share their text?
    fn has_long_runs(&self) -> bool {
        let turns = self.ranges.windows(2).filter(|pair| pair[0] != pair[1]).count();
        self.ranges.len() > RUN_ROWS * (turns + 1)
    }

    /// Writes texts run by run, and the same pages as of all at once: the library wants an owner for
    /// each row's text, and to make and drop these takes longer than all else about a word
    /// (`import/examples/import_limits.rs`). So those of one run serve for the next of the same word.
    fn write_runs(
        &mut self,
        typed: &mut ColumnWriterImpl<'_, ByteArrayType>,
        levels: &[i16],
    ) -> Result<()> {
        let all = Bytes::from(std::mem::take(&mut self.bytes));
        let mut owned: Vec<ByteArray> = Vec::new();
        let mut ranges = self.ranges.as_slice();
        // A page ends where enough rows were written, so no run goes on over its end.
        for mut levels in levels.chunks(PAGE_ROWS) {
            while !levels.is_empty() {
                let (mut rows, mut texts) = (0, 0);
                while let Some(level) = levels.get(rows) {
                    if *level > 0 && ranges[texts] != ranges[0] {
                        break;
                    }
                    texts += usize::from(*level > 0);
                    rows += 1;
                }
                if texts > 0 {
                    let text = all.slice(ranges[0].0..ranges[0].1);
                    if owned.first().is_some_and(|owned| owned.data() != &*text) {
                        owned.clear();
                    }
                    owned.resize(owned.len().max(texts), ByteArray::from(text));
                }
                typed.write_batch(&owned[..texts], Some(&levels[..rows]), None)?;
                (ranges, levels) = (&ranges[texts..], &levels[rows..]);
            }
        }
        Ok(())
    }

    /// Writes texts or hashes one by one: owners of as many as a page holds at a time, which stay in the
    /// core's own cache.
    fn write_each<T: DataType>(
        &mut self,
        typed: &mut ColumnWriterImpl<'_, T>,
        levels: &[i16],
    ) -> Result<()>
    where
        T::T: From<ByteArray>,
    {
        let all = Bytes::from(std::mem::take(&mut self.bytes));
        let mut owned: Vec<T::T> = Vec::with_capacity(PAGE_ROWS);
        let mut ranges = self.ranges.iter();
        for levels in levels.chunks(PAGE_ROWS) {
            let present = levels.iter().filter(|level| **level > 0).count();
            let texts = ranges.by_ref().take(present);
            owned.clear();
            owned.extend(texts.map(|(from, to)| ByteArray::from(all.slice(*from..*to)).into()));
            typed.write_batch(&owned, Some(levels), None)?;
        }
        Ok(())
    }
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    column: &OutColumn,
    parts: &[ContainerPart<'_>],
    rows: &[(usize, usize)],
) -> Result<()> {
    let missing = || ParquetError::General("a row group has a column for each field".to_owned());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    let mut values = Gathered::of(column, parts, rows);
    let levels = std::mem::take(&mut values.levels);
    match writer.untyped() {
        ColumnWriter::Int64ColumnWriter(typed) => {
            typed.write_batch(&values.ints, Some(&levels), None)?;
        }
        ColumnWriter::DoubleColumnWriter(typed) => {
            typed.write_batch(&values.floats, Some(&levels), None)?;
        }
        ColumnWriter::BoolColumnWriter(typed) => {
            typed.write_batch(&values.bools, Some(&levels), None)?;
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(typed) => {
            values.write_each(typed, &levels)?;
        }
        ColumnWriter::ByteArrayColumnWriter(typed) if values.has_long_runs() => {
            values.write_runs(typed, &levels)?;
        }
        ColumnWriter::ByteArrayColumnWriter(typed) => {
            values.write_each(typed, &levels)?;
        }
        _ => return Err(missing()),
    };
    writer.close()
}

/// The id of a container whose first generation has these bytes.
#[must_use]
pub(crate) fn container_id(bytes: &[u8]) -> Hash {
    Hash::of(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy)]
    enum Way {
        AtOnce,
        RunByRun,
        OneByOne,
    }

    /// A column with these texts, written in a way.
    fn written(texts: &[Option<&str>], way: Way) -> Vec<u8> {
        let spec = EventField::Service.spec();
        let column = OutColumn { spec, part: Part::Whole };
        let field = Arc::new(column.schema().unwrap());
        let schema = SchemaType::group_type_builder("event").with_fields(vec![field]);
        let properties = WriterProperties::builder()
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_write_batch_size(PAGE_ROWS)
            .set_statistics_enabled(EnabledStatistics::Page);
        let schema = Arc::new(schema.build().unwrap());
        let mut file =
            SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties.build())).unwrap();
        let mut group = file.next_row_group().unwrap();
        let mut writer = group.next_column().unwrap().unwrap();
        let levels: Vec<i16> = texts.iter().map(|text| i16::from(text.is_some())).collect();
        let mut values = Gathered::default();
        let mut last = None;
        for text in texts.iter().flatten() {
            let range = match last {
                Some((before, range)) if before == text => range,
                _ => values.append(text.as_bytes()),
            };
            last = Some((text, range));
            values.ranges.push(range);
        }
        let ColumnWriter::ByteArrayColumnWriter(typed) = writer.untyped() else { panic!("texts") };
        match way {
            Way::RunByRun => values.write_runs(typed, &levels).unwrap(),
            Way::OneByOne => values.write_each(typed, &levels).unwrap(),
            Way::AtOnce => {
                let all = Bytes::from(std::mem::take(&mut values.bytes));
                let slices = values.ranges.iter().map(|(from, to)| all.slice(*from..*to).into());
                typed.write_batch(&slices.collect::<Vec<_>>(), Some(&levels), None).unwrap();
            }
        }
        writer.close().unwrap();
        group.close().unwrap();
        file.into_inner().unwrap()
    }

    #[test]
    fn texts_written_in_any_way_are_the_same_to_the_byte() {
        let words = ["alpha", "beta", "", "a longer one"];
        let runs = [700_usize, 700, 30, 1_024, 1, 2_500, 48, 1_024, 90];
        let texts = runs.iter().zip(words.iter().cycle()).flat_map(|(run, word)| vec![*word; *run]);
        let texts: Vec<&str> = texts.collect();
        // No row without a text, some, a page of them, and all but one.
        let absent: [fn(usize) -> bool; 4] =
            [|_| false, |row| row % 7 == 3, |row| (1_000..2_500).contains(&row), |row| row != 77];
        for absent in absent {
            let texts = texts.iter().enumerate();
            let texts: Vec<_> = texts.map(|(row, text)| (!absent(row)).then_some(*text)).collect();
            let at_once = written(&texts, Way::AtOnce);
            assert!(written(&texts, Way::RunByRun) == at_once);
            assert!(written(&texts, Way::OneByOne) == at_once);
        }
    }
}
