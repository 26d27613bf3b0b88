//! The rows as Apache Parquet: columns of plain types that every reader knows, hashes as hexadecimal
//! digits so that they compare as in the other form.

use super::LogsError;
use super::fields::PLACE;
use super::files::{Folder, Hashed};
use super::rows::{Place, Values};
use bytes::Bytes;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::EventValue;
use lineal_engine::schema::FieldType;
use parquet::basic::{
    Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type, ZstdLevel,
};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type as SchemaType;
use std::sync::Arc;

/// Rows of a row group: they wait in memory, some dozens of megabytes.
const GROUP_ROWS: usize = 65_536;

/// A file that is being written.
pub(super) struct ColumnarFile {
    file: SerializedFileWriter<Hashed>,
    name: String,
    columns: Vec<Column>,
    rows: usize,
}

/// The values of a column that wait, and which rows have one.
struct Column {
    levels: Vec<i16>,
    values: Waiting,
}

enum Waiting {
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
    /// Texts: where each lies.
    Texts(Vec<(usize, usize)>, Vec<u8>),
}

impl Column {
    fn of(kind: FieldType) -> Column {
        let values = match kind {
            FieldType::Int | FieldType::Time => Waiting::Ints(Vec::new()),
            FieldType::Float => Waiting::Floats(Vec::new()),
            FieldType::Bool => Waiting::Bools(Vec::new()),
            _ => Waiting::Texts(Vec::new(), Vec::new()),
        };
        Column { levels: Vec::new(), values }
    }

    fn put(&mut self, value: Option<EventValue<'_>>) {
        let is_put = match (&mut self.values, value) {
            (Waiting::Ints(all), Some(EventValue::Int(number))) => {
                all.push(number);
                true
            }
            (Waiting::Floats(all), Some(EventValue::Float(number))) => {
                all.push(number);
                true
            }
            (Waiting::Bools(all), Some(EventValue::Bool(truth))) => {
                all.push(truth);
                true
            }
            (Waiting::Texts(places, bytes), Some(EventValue::Text(text))) => {
                put_text(places, bytes, text.as_bytes());
                true
            }
            (Waiting::Texts(places, bytes), Some(EventValue::Hash(hash))) => {
                put_text(places, bytes, data_encoding::HEXLOWER.encode(hash).as_bytes());
                true
            }
            _ => false,
        };
        self.levels.push(i16::from(is_put));
    }
}

/// Neighbours that say the same share one copy.
fn put_text(places: &mut Vec<(usize, usize)>, bytes: &mut Vec<u8>, text: &[u8]) {
    if let Some((from, to)) = places.last().copied()
        && bytes.get(from..to) == Some(text)
    {
        places.push((from, to));
        return;
    }
    let from = bytes.len();
    bytes.extend_from_slice(text);
    places.push((from, bytes.len()));
}

fn schema(fields: &[EventField]) -> Result<SchemaType> {
    let column = |name: &str, kind: FieldType, repetition: Repetition| {
        let builder = |physical| {
            SchemaType::primitive_type_builder(name, physical).with_repetition(repetition)
        };
        let column = match kind {
            FieldType::Int => builder(Type::INT64).build(),
            FieldType::Time => {
                let stamp = LogicalType::timestamp(true, TimeUnit::NANOS);
                builder(Type::INT64).with_logical_type(Some(stamp)).build()
            }
            FieldType::Float => builder(Type::DOUBLE).build(),
            FieldType::Bool => builder(Type::BOOLEAN).build(),
            _ => builder(Type::BYTE_ARRAY)
                .with_logical_type(Some(LogicalType::String))
                .with_converted_type(ConvertedType::UTF8)
                .build(),
        };
        column.map(Arc::new)
    };
    let place = PLACE.iter().zip(PLACE_TYPES);
    let place = place.map(|((name, _), kind)| column(name, kind, Repetition::REQUIRED));
    let own = fields.iter().map(|field| {
        let spec = field.spec();
        column(spec.name, spec.field_type, Repetition::OPTIONAL)
    });
    let all = place.chain(own).collect::<Result<Vec<_>>>()?;
    SchemaType::group_type_builder("event").with_fields(all).build()
}

/// The types of [`PLACE`].
const PLACE_TYPES: [FieldType; 4] =
    [FieldType::Text, FieldType::Int, FieldType::Int, FieldType::Text];

impl ColumnarFile {
    pub(super) fn new(
        folder: &Folder,
        file: Hashed,
        fields: &[EventField],
    ) -> std::result::Result<ColumnarFile, LogsError> {
        let name = file.name().to_owned();
        let made = || {
            let properties = WriterProperties::builder()
                .set_created_by("lineal".to_owned())
                .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?));
            let schema = Arc::new(schema(fields)?);
            SerializedFileWriter::new(file, schema, Arc::new(properties.build()))
        };
        let file = made().map_err(|error| refused(folder, &name, &error))?;
        let own = fields.iter().map(|field| field.spec().field_type);
        let columns = PLACE_TYPES.into_iter().chain(own).map(Column::of).collect();
        Ok(ColumnarFile { file, name, columns, rows: 0 })
    }

    pub(super) fn put(
        &mut self,
        folder: &Folder,
        place: &Place<'_>,
        fields: &[EventField],
        values: Values<'_>,
    ) -> std::result::Result<(), LogsError> {
        let number = |number: u64| EventValue::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let own = [
            EventValue::Text(place.deployment),
            number(place.batch),
            number(u64::from(place.row)),
            EventValue::Text(place.standing),
        ];
        let own = own.into_iter().map(Some);
        let rest =
            fields.iter().map(|field| values.and_then(|(block, row)| block.get(row, *field)));
        for (column, value) in self.columns.iter_mut().zip(own.chain(rest)) {
            column.put(value);
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS {
            self.flush().map_err(|error| refused(folder, &self.name, &error))?;
        }
        Ok(())
    }

    /// Writes what waits as a row group.
    fn flush(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let missing =
            || ParquetError::General("a row group has a column for each field".to_owned());
        let mut group = self.file.next_row_group()?;
        for (at, column) in self.columns.iter_mut().enumerate() {
            let mut writer = group.next_column()?.ok_or_else(missing)?;
            let levels = std::mem::take(&mut column.levels);
            // What stands before the fields is in every row, and has no levels.
            let levels = (at >= PLACE.len()).then_some(levels.as_slice());
            match (writer.untyped(), &mut column.values) {
                (ColumnWriter::Int64ColumnWriter(typed), Waiting::Ints(all)) => {
                    typed.write_batch(&std::mem::take(all), levels, None)?;
                }
                (ColumnWriter::DoubleColumnWriter(typed), Waiting::Floats(all)) => {
                    typed.write_batch(&std::mem::take(all), levels, None)?;
                }
                (ColumnWriter::BoolColumnWriter(typed), Waiting::Bools(all)) => {
                    typed.write_batch(&std::mem::take(all), levels, None)?;
                }
                (ColumnWriter::ByteArrayColumnWriter(typed), Waiting::Texts(places, bytes)) => {
                    let all = Bytes::from(std::mem::take(bytes));
                    let texts = std::mem::take(places).into_iter();
                    let texts = texts.map(|(from, to)| ByteArray::from(all.slice(from..to)));
                    typed.write_batch(&texts.collect::<Vec<_>>(), levels, None)?;
                }
                _ => return Err(missing()),
            }
            writer.close()?;
        }
        self.rows = 0;
        group.close()?;
        Ok(())
    }

    pub(super) fn close(mut self, folder: &Folder) -> std::result::Result<Hashed, LogsError> {
        let name = std::mem::take(&mut self.name);
        let ended = self.flush().and_then(|()| self.file.into_inner());
        ended.map_err(|error| refused(folder, &name, &error))
    }
}

fn refused(folder: &Folder, name: &str, error: &ParquetError) -> LogsError {
    LogsError::Parquet { path: folder.path(name), why: error.to_string() }
}
