//! An answer as a stream of Arrow's record batches: columns with the types that the question gives
//! them, made batch by batch while they are taken.
//!
//! The language's types become Arrow's where Arrow has one that holds every value; all else is text
//! (docs/operating.md, "Asking"). What is said of the answer stands in the schema's metadata, which
//! comes before the rows.

use super::{About, Out};
use crate::problem::Problem;
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, DurationNanosecondBuilder, Float64Builder, Int64Builder,
    StringBuilder, TimestampNanosecondBuilder,
};
use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use lineal_query::{Answer, Type, Value};
use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Most rows of a batch: some milliseconds of work between two looks at the connection.
const BATCH_ROWS: usize = 4_096;
/// Bytes of text from which on a batch ends sooner: a text may have 64 KiB.
const BATCH_BYTES: usize = 1 << 20;
/// Greatest whole number up to which each has a float of its own.
const FLOAT_INT_MAX: u64 = 1 << 53;
/// The zone in which all times are.
const ZONE: &str = "UTC";
/// In the schema's metadata: what is said of the answer, as the last line of NDJSON says it.
const ABOUT: &str = "lineal.answer";
/// In a field's metadata: the language's word for its type. `list`, `map`, `path` and `any` are JSON.
const TYPE: &str = "lineal.type";

/// How Arrow holds a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Held {
    Bool,
    Int,
    Float,
    Time,
    Duration,
    /// As the answer's JSON says it, without quotes.
    Text,
    /// As JSON: texts in quotes, so that `"7"` is not `7`.
    Json,
}

impl Held {
    /// What would hold a value.
    fn of(value: &Value) -> Held {
        match value {
            Value::Bool(_) => Held::Bool,
            Value::Int(_) => Held::Int,
            Value::Float(_) => Held::Float,
            Value::Time(_) => Held::Time,
            Value::Duration(_) => Held::Duration,
            Value::List(_) | Value::Map(_) | Value::Path(_) => Held::Json,
            _ => Held::Text,
        }
    }

    /// Does it hold a value without a loss?
    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (_, Value::Absent) | (Held::Json, _) => true,
            (Held::Float, Value::Int(number)) => number.unsigned_abs() <= FLOAT_INT_MAX,
            (held, value) => held == Held::of(value),
        }
    }

    /// What holds a column of an answer: what the question's plan says, and where it does not say
    /// (`any`) what the values are. Values of several types, or of another than was declared, are
    /// JSON, so that none is lost.
    fn column(answer: &Answer, at: usize) -> Held {
        let declared = match answer.columns[at].column_type {
            Type::Bool => Some(Held::Bool),
            Type::Int => Some(Held::Int),
            Type::Float => Some(Held::Float),
            Type::Time => Some(Held::Time),
            Type::Duration => Some(Held::Duration),
            Type::Text | Type::Hash | Type::Node | Type::Months => Some(Held::Text),
            Type::List | Type::Map | Type::Path => Some(Held::Json),
            Type::Any => None,
        };
        let values = || answer.rows.iter().map(|row| &row[at]);
        let fits = |held: Held| values().all(|value| held.fits(value));
        let first = || values().find(|value| !value.is_absent()).map_or(Held::Text, Held::of);
        let held = declared.unwrap_or_else(first);
        if fits(held) {
            held
        } else if held == Held::Int && declared.is_none() && fits(Held::Float) {
            Held::Float
        } else {
            Held::Json
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Held::Bool => DataType::Boolean,
            Held::Int => DataType::Int64,
            Held::Float => DataType::Float64,
            Held::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some(ZONE.into())),
            Held::Duration => DataType::Duration(TimeUnit::Nanosecond),
            Held::Text | Held::Json => DataType::Utf8,
        }
    }

    fn field(self, answer: &Answer, at: usize) -> Field {
        let column = &answer.columns[at];
        let word = match (self, column.column_type) {
            (Held::Json, held @ (Type::List | Type::Map | Type::Path)) => held.name(),
            (Held::Json, _) => Type::Any.name(),
            (held, Type::Any) => held.word(),
            (_, declared) => declared.name(),
        };
        // One entry: a map of several would be written in any order.
        let metadata = HashMap::from([(TYPE.to_owned(), word.to_owned())]);
        Field::new(&column.name, self.data_type(), true).with_metadata(metadata)
    }

    /// The language's word, where the question does not say one.
    fn word(self) -> &'static str {
        let known = match self {
            Held::Bool => Type::Bool,
            Held::Int => Type::Int,
            Held::Float => Type::Float,
            Held::Time => Type::Time,
            Held::Duration => Type::Duration,
            Held::Text => Type::Text,
            Held::Json => Type::Any,
        };
        known.name()
    }

    fn builder(self) -> Column {
        match self {
            Held::Bool => Column::Bool(BooleanBuilder::new()),
            Held::Int => Column::Int(Int64Builder::new()),
            Held::Float => Column::Float(Float64Builder::new()),
            Held::Time => {
                let builder = TimestampNanosecondBuilder::new();
                Column::Time(builder.with_timezone(ZONE))
            }
            Held::Duration => Column::Duration(DurationNanosecondBuilder::new()),
            Held::Text => Column::Text(StringBuilder::new()),
            Held::Json => Column::Json(StringBuilder::new()),
        }
    }
}

/// A column of a batch in the making.
enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Time(TimestampNanosecondBuilder),
    Duration(DurationNanosecondBuilder),
    Text(StringBuilder),
    Json(StringBuilder),
}

impl Column {
    /// Adds a value; gives the bytes of its text.
    fn add(&mut self, answer: &Answer, value: &Value) -> usize {
        let text = match (&mut *self, value) {
            (Column::Text(_), Value::Absent) | (Column::Json(_), Value::Absent) => None,
            (Column::Text(_), value) => Some(answer.text(value)),
            (Column::Json(_), value) => Some(answer.json(value).to_string()),
            _ => None,
        };
        let bytes = text.as_ref().map_or(0, String::len);
        match self {
            Column::Bool(builder) => builder.append_option(match value {
                Value::Bool(truth) => Some(*truth),
                _ => None,
            }),
            Column::Int(builder) => builder.append_option(match value {
                Value::Int(number) => Some(*number),
                _ => None,
            }),
            Column::Float(builder) => builder.append_option(value.as_number()),
            Column::Time(builder) => builder.append_option(match value {
                Value::Time(time) => Some(*time),
                _ => None,
            }),
            Column::Duration(builder) => builder.append_option(match value {
                Value::Duration(length) => Some(*length),
                _ => None,
            }),
            Column::Text(builder) | Column::Json(builder) => builder.append_option(text),
        }
        bytes
    }

    fn builder(&mut self) -> &mut dyn ArrayBuilder {
        match self {
            Column::Bool(builder) => builder,
            Column::Int(builder) => builder,
            Column::Float(builder) => builder,
            Column::Time(builder) => builder,
            Column::Duration(builder) => builder,
            Column::Text(builder) | Column::Json(builder) => builder,
        }
    }
}

/// How Arrow holds each column of an answer.
pub(crate) struct Columns(Vec<Held>);

impl Columns {
    /// Of a whole answer, so that all its pages have the same.
    pub(crate) fn of(answer: &Answer) -> Columns {
        Columns((0..answer.columns.len()).map(|at| Held::column(answer, at)).collect())
    }
}

/// The body of a response.
pub(super) struct Batches {
    answer: Answer,
    columns: Columns,
    schema: SchemaRef,
    writer: StreamWriter<Vec<u8>>,
    /// Rows that were written.
    at: usize,
    is_over: bool,
    out: Out,
}

impl Batches {
    /// Begins with the schema.
    ///
    /// # Errors
    /// [`Problem::fault`]: Arrow cannot describe the columns.
    pub(super) fn begin(
        answer: Answer,
        columns: Columns,
        about: &About,
        out: Out,
    ) -> Result<Batches, Problem> {
        let fields = columns.0.iter().enumerate().map(|(at, held)| held.field(&answer, at));
        let fields: Vec<Field> = fields.collect();
        let mut told = about.json(&answer);
        // A stream that breaks off may look like one that ends: a reader counts.
        told["rows"] = answer.rows.len().into();
        let metadata = HashMap::from([(ABOUT.to_owned(), told.to_string())]);
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
        let writer = StreamWriter::try_new(Vec::new(), &schema).map_err(|error| {
            tracing::error!(%error, "the columns of an answer cannot be told in Arrow");
            Problem::fault()
        })?;
        Ok(Batches { answer, columns, schema, writer, at: 0, is_over: false, out })
    }

    /// Writes the next rows.
    fn write(&mut self) -> Result<(), ArrowError> {
        let mut columns: Vec<Column> = self.columns.0.iter().map(|held| held.builder()).collect();
        let (mut rows, mut bytes) = (0, 0);
        while rows < BATCH_ROWS
            && bytes < BATCH_BYTES
            && let Some(row) = self.answer.rows.get(self.at + rows)
        {
            for (column, value) in columns.iter_mut().zip(row) {
                bytes += column.add(&self.answer, value);
            }
            rows += 1;
        }
        self.at += rows;
        let arrays = columns.iter_mut().map(|column| column.builder().finish()).collect();
        // Said, because an answer without columns has rows too.
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        self.writer.write(&RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }

    /// The next part; empty bytes are none yet, `None` is the end.
    fn part(&mut self) -> Option<Result<Vec<u8>, ArrowError>> {
        if self.is_over {
            return None;
        }
        let is_last = self.at >= self.answer.rows.len();
        let written = if is_last { self.writer.finish() } else { self.write() };
        if let Err(error) = written {
            self.is_over = true;
            return Some(Err(error));
        }
        let bytes = std::mem::take(self.writer.get_mut());
        self.out.put(&bytes);
        self.is_over = is_last;
        Some(Ok(if is_last { self.out.finish() } else { self.out.take() }))
    }
}

impl hyper::body::Body for Batches {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, io::Error>>> {
        loop {
            match self.part() {
                None => return Poll::Ready(None),
                Some(Ok(part)) if part.is_empty() => {}
                Some(Ok(part)) => {
                    return Poll::Ready(Some(Ok(hyper::body::Frame::data(part.into()))));
                }
                // The connection breaks off: an answer that ends early must not look whole.
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
            }
        }
    }
}
