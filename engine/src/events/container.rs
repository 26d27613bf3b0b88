//! Writing containers: the rows of many batches as one Parquet file (docs/format.md, section 10).

use super::EventBlock;
use super::block::Values;
use crate::event_fields::{EVENT_FIELDS, EventField, EventFieldSpec};
use crate::schema::FieldType;
use bytes::Bytes;
use lineal_proof::Hash;
use parquet::basic::{
    Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type, ZstdLevel,
};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type as SchemaType};
use std::sync::Arc;

/// Rows of a row group: one is decoded whole when a column of it is scanned.
pub(super) const GROUP_ROWS: usize = 16_384;
/// Rows of a page: what one look-up decodes.
const PAGE_ROWS: usize = 1_024;
/// The width that hash columns hold without a length.
pub(super) const HASH_WIDTH: usize = 32;

/// Rows of a block, in the order in which they stand in their batch.
pub(crate) struct ContainerPart<'a> {
    pub(crate) block: &'a EventBlock,
    pub(crate) rows: &'a [u32],
}

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
    fn holds(&self, block: &EventBlock, row: usize) -> bool {
        let Some(column) = block.column(self.spec.field) else { return false };
        if !column.present.get(row).copied().unwrap_or(false) {
            return false;
        }
        match self.part {
            Part::Whole => true,
            Part::FixedHash => column.bytes(row).len() == HASH_WIDTH,
            Part::OtherHash => column.bytes(row).len() != HASH_WIDTH,
        }
    }

    fn is_plain(&self) -> bool {
        self.spec.field_type == FieldType::Hash
            || matches!(self.spec.field, EventField::LogId | EventField::EventId)
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
            let needed = parts
                .iter()
                .any(|part| part.rows.iter().any(|row| column.holds(part.block, *row as usize)));
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
    let schema = SchemaType::group_type_builder("event")
        .with_fields(fields.collect::<Result<Vec<_>>>()?)
        .build()?;
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
    for column in columns.iter().filter(|column| column.is_plain()) {
        let path = ColumnPath::new(vec![column.name()]);
        properties = properties
            .set_column_compression(path.clone(), Compression::UNCOMPRESSED)
            .set_column_dictionary_enabled(path, false);
    }
    let mut file =
        SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties.build()))?;
    let rows: Vec<(usize, usize)> = parts
        .iter()
        .enumerate()
        .flat_map(|(part, rows)| rows.rows.iter().map(move |row| (part, *row as usize)))
        .collect();
    for group in rows.chunks(GROUP_ROWS) {
        let mut writer = file.next_row_group()?;
        for column in &columns {
            write_column(&mut writer, column, parts, group)?;
        }
        writer.close()?;
    }
    file.into_inner()
}

fn write_column(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    column: &OutColumn,
    parts: &[ContainerPart<'_>],
    rows: &[(usize, usize)],
) -> Result<()> {
    let missing = || ParquetError::General("a row group has a column for each field".to_owned());
    let mut writer = group.next_column()?.ok_or_else(missing)?;
    let mut levels = Vec::with_capacity(rows.len());
    let mut present = Vec::with_capacity(rows.len());
    for (part, row) in rows {
        let block = parts[*part].block;
        let here = column.holds(block, *row);
        levels.push(i16::from(here));
        if here && let Some(values) = block.column(column.spec.field) {
            present.push((&values.values, values.bytes(*row), *row));
        }
    }
    let bytes = |value: &(&Values, &[u8], usize)| ByteArray::from(Bytes::copy_from_slice(value.1));
    match writer.untyped() {
        ColumnWriter::Int64ColumnWriter(typed) => {
            let values: Vec<i64> = present
                .iter()
                .filter_map(|(values, _, row)| match values {
                    Values::Ints(ints) => ints.get(*row).copied(),
                    _ => None,
                })
                .collect();
            typed.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::DoubleColumnWriter(typed) => {
            let values: Vec<f64> = present
                .iter()
                .filter_map(|(values, _, row)| match values {
                    Values::Floats(floats) => floats.get(*row).copied(),
                    _ => None,
                })
                .collect();
            typed.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::BoolColumnWriter(typed) => {
            let values: Vec<bool> = present
                .iter()
                .filter_map(|(values, _, row)| match values {
                    Values::Bools(bools) => bools.get(*row).copied(),
                    _ => None,
                })
                .collect();
            typed.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(typed) => {
            let values: Vec<_> = present.iter().map(|value| bytes(value).into()).collect();
            typed.write_batch(&values, Some(&levels), None)?;
        }
        ColumnWriter::ByteArrayColumnWriter(typed) => {
            let values: Vec<_> = present.iter().map(bytes).collect();
            typed.write_batch(&values, Some(&levels), None)?;
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
