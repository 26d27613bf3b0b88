//! Bytes as a file of log lines: each line is an event, skipped or rejected, the counts add up, the
//! rows are canonical, and it does not matter in which pieces the bytes come.

use std::io::Read;
use std::sync::LazyLock;

use lineal_engine::event_fields::{EventField, Group};
use lineal_engine::events::EventBlock;
use lineal_import::datadog::{CompiledMapping, EventLine, FileReport, LineSink, translate};
use lineal_import::record::{EventSink, EventValue};
use lineal_proof::cbor;

static BUILT_IN: LazyLock<CompiledMapping> =
    LazyLock::new(|| CompiledMapping::built_in().expect("the built-in mapping is sound"));

/// Checks these bytes as a file.
pub fn check(bytes: &[u8]) {
    check_with(bytes, &BUILT_IN);
}

/// The same under a mapping.
pub(crate) fn check_with(bytes: &[u8], mapping: &CompiledMapping) {
    let (whole, rows) = read(&mut &*bytes, mapping);
    let skipped: u64 = whole.skipped.values().sum();
    assert_eq!(whole.lines, whole.accepted + skipped + whole.rejected, "{whole:?}");
    assert_eq!(whole.accepted, rows.len() as u64, "{whole:?}");
    assert_eq!(whole.size, bytes.len() as u64);
    assert!(whole.rejects.len() as u64 <= whole.rejected);
    assert!(whole.rejects.iter().all(|reject| reject.at.byte <= whole.decompressed));
    let (pieces, again) = read(&mut Drops(bytes), mapping);
    assert_eq!(again, rows, "read byte by byte");
    assert_eq!((pieces.lines, pieces.rejected), (whole.lines, whole.rejected));
    assert_eq!(pieces.blake3, whole.blake3);
}

/// How many lines of a file were read.
pub(crate) fn lines_of(bytes: &[u8]) -> u64 {
    read(&mut &*bytes, &BUILT_IN).0.lines
}

fn read(input: &mut dyn Read, mapping: &CompiledMapping) -> (FileReport, Vec<Row>) {
    let mut sink = Sink::default();
    let report = translate(input, "file", mapping, &mut sink, &mut |_| {});
    (report.expect("bytes in memory can be read"), sink.rows)
}

/// A file that gives one byte at a time.
struct Drops<'b>(&'b [u8]);

impl Read for Drops<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match (self.0.split_first(), buffer.first_mut()) {
            (Some((first, rest)), Some(place)) => {
                *place = *first;
                self.0 = rest;
                Ok(1)
            }
            _ => Ok(0),
        }
    }
}

/// An event: where it stood, its canonical groups and the persons in it.
#[derive(PartialEq, Debug)]
struct Row {
    line: (u64, u64),
    open: Vec<u8>,
    subject: Vec<u8>,
    persons: Vec<(EventField, String)>,
}

/// Takes events as the pipeline does, and minds the order of calls.
#[derive(Default)]
struct Sink {
    begun: Option<EventLine>,
    block: EventBlock,
    persons: Vec<(EventField, String)>,
    rows: Vec<Row>,
}

impl EventSink for Sink {
    fn set(&mut self, field: EventField, value: EventValue<'_>) {
        assert!(self.begun.is_some(), "{field:?} of no event");
        assert!(self.block.set(field, value), "{field:?} does not take {value:?}");
    }

    fn set_person(&mut self, field: EventField, person: &str) {
        assert!(self.begun.is_some(), "{field:?} of no event");
        self.persons.push((field, person.to_owned()));
    }

    fn end_event(&mut self) {
        let line = self.begun.take().expect("it was begun");
        let row = self.block.rows();
        self.block.end_row();
        let group = |group| {
            let mut bytes = Vec::new();
            self.block.write_group(&mut bytes, row, group);
            let map = cbor::decode_map(&bytes).expect("rows are canonical");
            assert_eq!(cbor::encode_map(&map), bytes);
            bytes
        };
        let (open, subject) = (group(Group::Open), group(Group::Subject));
        let persons = std::mem::take(&mut self.persons);
        self.rows.push(Row { line: (line.number, line.byte), open, subject, persons });
    }
}

impl LineSink for Sink {
    fn begin_event(&mut self, line: &EventLine) {
        assert!(self.begun.is_none(), "the event before has ended");
        self.begun = Some(*line);
    }
}
