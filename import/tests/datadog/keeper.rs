//! A sink that keeps the events it is given, and the fixtures they come from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lineal_engine::event_fields::EventField;
use lineal_import::datadog::{
    CompiledMapping, EventLine, FileReport, LineSink, recognise, translate, translate_file,
};
use lineal_import::mapping::datadog::DatadogMapping;
use lineal_import::record::{EventSink, EventValue};

/// A value of an event field, kept.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kept {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    Hash(Vec<u8>),
    Persons(Vec<String>),
}

/// One event with the line it came from.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct KeptEvent {
    pub(crate) line: EventLine,
    pub(crate) fields: BTreeMap<EventField, Kept>,
}

impl KeptEvent {
    pub(crate) fn get(&self, field: EventField) -> Option<&Kept> {
        self.fields.get(&field)
    }

    pub(crate) fn text(&self, field: EventField) -> Option<&str> {
        match self.get(field) {
            Some(Kept::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn hash(&self, field: EventField) -> Option<String> {
        match self.get(field) {
            Some(Kept::Hash(bytes)) => Some(data_encoding::HEXLOWER.encode(bytes)),
            _ => None,
        }
    }

    pub(crate) fn rest(&self) -> serde_json::Value {
        self.text(EventField::Rest).map_or(serde_json::Value::Null, |text| {
            serde_json::from_str(text).expect("rest is JSON")
        })
    }
}

/// Keeps what it is given.
#[derive(Default)]
pub(crate) struct Keeper {
    pub(crate) events: Vec<KeptEvent>,
    open: Option<KeptEvent>,
}

impl EventSink for Keeper {
    fn set(&mut self, field: EventField, value: EventValue<'_>) {
        let value = match value {
            EventValue::Text(text) => Kept::Text(text.to_owned()),
            EventValue::Int(number) => Kept::Int(number),
            EventValue::Float(number) => Kept::Float(number),
            EventValue::Bool(truth) => Kept::Bool(truth),
            EventValue::Hash(bytes) => Kept::Hash(bytes.to_vec()),
        };
        self.open.as_mut().expect("begun").fields.insert(field, value);
    }

    fn set_person(&mut self, field: EventField, person: &str) {
        let fields = &mut self.open.as_mut().expect("begun").fields;
        let persons = fields.entry(field).or_insert_with(|| Kept::Persons(Vec::new()));
        let Kept::Persons(persons) = persons else { panic!("{field:?} holds persons only") };
        persons.push(person.to_owned());
    }

    fn end_event(&mut self) {
        self.events.push(self.open.take().expect("begun"));
    }
}

impl LineSink for Keeper {
    fn begin_event(&mut self, line: &EventLine) {
        assert!(self.open.is_none(), "the event before has ended");
        self.open = Some(KeptEvent { line: *line, fields: BTreeMap::new() });
    }
}

pub(crate) fn built_in() -> CompiledMapping {
    CompiledMapping::built_in().expect("built in")
}

pub(crate) fn mapping(text: &str) -> CompiledMapping {
    let mapping = DatadogMapping::parse_text(text).expect("parses");
    CompiledMapping::new(&mapping).expect("compiles")
}

/// A fixture of the repository.
pub(crate) fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

/// Reads all files below a fixture.
pub(crate) fn read_fixture(
    name: &str,
    mapping: &CompiledMapping,
) -> (Vec<FileReport>, Vec<KeptEvent>) {
    let archive = recognise::recognise(&fixture(name)).expect("lists").expect("recognised");
    let mut keeper = Keeper::default();
    let mut reports = Vec::new();
    for file in &archive.files {
        let label = &file.label;
        let report = translate_file(&file.path, label, mapping, &mut keeper, &mut |_| {});
        reports.push(report.expect("reads"));
    }
    (reports, keeper.events)
}

/// Reads bytes with the built-in mapping.
pub(crate) fn read_bytes(bytes: &[u8]) -> (FileReport, Vec<KeptEvent>) {
    read_bytes_with(bytes, &built_in())
}

/// Reads bytes with a mapping.
pub(crate) fn read_bytes_with(
    bytes: &[u8],
    mapping: &CompiledMapping,
) -> (FileReport, Vec<KeptEvent>) {
    let mut keeper = Keeper::default();
    let mut input = bytes;
    let report = translate(&mut input, "file", mapping, &mut keeper, &mut |_| {}).expect("reads");
    let skipped: u64 = report.skipped.values().sum();
    assert_eq!(report.lines, report.accepted + skipped + report.rejected, "the counts add up");
    assert_eq!(report.accepted, keeper.events.len() as u64);
    (report, keeper.events)
}
