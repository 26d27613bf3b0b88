//! Values as the Parquet library gives them, present ones only, put into the rows of a column.

use super::contained::contained;
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;

/// Values of one column over a range of rows, present ones only, with a mark a row.
pub(super) struct Raw<T> {
    present: Vec<bool>,
    values: Vec<T>,
}

/// Reads rows `from..to` of a column of one row group.
pub(super) fn take<T: DataType>(
    reader: ColumnReaderImpl<T>,
    from: usize,
    to: usize,
) -> Result<Raw<T::T>, ParquetError> {
    contained(|| decode(reader, from, to))
}

fn decode<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    from: usize,
    to: usize,
) -> Result<Raw<T::T>, ParquetError> {
    let mut skipped = 0;
    while skipped < from {
        let now = reader.skip_records(from - skipped)?;
        if now == 0 {
            return Err(ParquetError::General("a column is shorter than its group".to_owned()));
        }
        skipped += now;
    }
    let mut levels = Vec::with_capacity(to - from);
    let mut values = Vec::with_capacity(to - from);
    while levels.len() < to - from {
        let wanted = to - from - levels.len();
        let (records, _, _) = reader.read_records(wanted, Some(&mut levels), None, &mut values)?;
        if records == 0 {
            return Err(ParquetError::General("a column is shorter than its group".to_owned()));
        }
    }
    Ok(Raw { present: levels.into_iter().map(|level| level == 1).collect(), values })
}

pub(super) fn spread<T: Copy>(raw: Raw<T>, present: &mut Vec<bool>, out: &mut Vec<T>, absent: T) {
    let mut values = raw.values.into_iter();
    for here in raw.present {
        out.push(if here { values.next().unwrap_or(absent) } else { absent });
        present.push(here);
    }
}

pub(super) fn spread_bytes<T>(
    raw: &Raw<T>,
    present: &mut Vec<bool>,
    ends: &mut Vec<usize>,
    bytes: &mut Vec<u8>,
    data: impl for<'a> Fn(&'a T) -> &'a [u8],
) {
    let mut values = raw.values.iter();
    for here in &raw.present {
        if *here && let Some(value) = values.next() {
            bytes.extend_from_slice(data(value));
        }
        ends.push(bytes.len());
        present.push(*here);
    }
}
