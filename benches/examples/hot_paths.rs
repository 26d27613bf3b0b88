//! The five hottest paths, one at a time, for callgrind: `benches/callgrind.sh` counts what `N`
//! operations and `2 N` operations cost and prints the difference an operation.
//!
//!     hot_paths PATH N
//!
//! PATH is one of decode (a record), look_up (an event by hash), closure (a prepared question),
//! leaf (a salted row) and line (a log line).

use std::hint::black_box;
use std::io::Read;
use std::process::ExitCode;
use std::sync::Arc;

use lineal_benches::world::{self, Size};
use lineal_benches::{fixtures, records};
use lineal_engine::event_fields::{EventField, Group};
use lineal_import::datadog::{CompiledMapping, EventLine, LineSink, translate};
use lineal_import::record::{EventSink, EventValue};
use lineal_proof::event::{Salts, leaf};
use lineal_proof::frame::RecordType;
use lineal_proof::record::{Record, Revision};
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView};

/// Small enough to be made under callgrind within seconds.
const SIZE: Size = Size { runs: 500, events: 8 };

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, count] = arguments.as_slice() else { return usage() };
    let Ok(count) = count.parse() else { return usage() };
    let done = match path.as_str() {
        "decode" => decode(count),
        "look_up" => look_up(count),
        "closure" => closure(count),
        "leaf" => salted_leaf(count),
        "line" => line(count),
        _ => return usage(),
    };
    println!("{path}: {count} operations, {done} of what they find");
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("hot_paths decode|look_up|closure|leaf|line COUNT");
    ExitCode::from(2)
}

/// A number that is below a bound whatever the count.
fn turn(at: u32, bound: u32) -> u32 {
    world::mix(at, 1) % bound
}

/// Reads revisions of the bundled fixtures.
fn decode(count: u32) -> u64 {
    let (storage, _) = fixtures::store().expect("the fixtures are imported");
    let mut found = records::of(&storage).expect("memory can be read");
    found.retain(|(record_type, _)| *record_type == RecordType::Revision);
    let at = |at: u32| &found[at as usize % found.len()].1;
    let edges = |bytes: &Vec<u8>| Revision::decode(black_box(bytes)).map(|found| found.edges.len());
    (0..count).map(|number| edges(at(number)).expect("it is one") as u64).sum()
}

/// Finds events by the hash of their input.
fn look_up(count: u32) -> u64 {
    let (_, store) = world::in_memory(SIZE).expect("the world is written");
    let view = store.snapshot().expect("a view");
    let find = |at: u32| {
        let hash = world::input_hash(turn(at, SIZE.runs) / 2 * 2, turn(at + 1, SIZE.events));
        view.events_by_hash(None, black_box(&hash.0)).expect("it can be read").len() as u64
    };
    (0..count).map(find).sum()
}

/// Asks for everything behind a model: so many edges are followed.
fn closure(count: u32) -> u64 {
    let (_, store) = world::in_memory(SIZE).expect("the world is written");
    let view = StoreView::new(Arc::new(store)).expect("a view");
    let prepared = Prepared::new("find node upstream of model:$model").expect("it has a meaning");
    let (limits, mut machine) = (Limits::default(), Machine::default());
    let mut ask = |at: u32| {
        let parameters = Parameters::new().text("model", world::model_name(turn(at, SIZE.runs)));
        let request = Request { parameters: &parameters, limits: &limits, now: 0 };
        let answer = prepared.numbers_on(&mut machine, &view, black_box(&request));
        answer.expect("it can be answered").edges_followed
    };
    (0..count).map(&mut ask).sum()
}

/// Writes the two groups of a row and hashes them.
fn salted_leaf(count: u32) -> u64 {
    const ROWS: u32 = 1_024;
    let block = world::block(6, ROWS);
    let mut salts = Salts::new(&[7; 32], u64::from(ROWS));
    let (mut open, mut subject) = (Vec::new(), Vec::new());
    let mut hash = |at: u32| {
        let row = at % ROWS;
        open.clear();
        subject.clear();
        block.write_group(&mut open, row as usize, Group::Open);
        block.write_group(&mut subject, row as usize, Group::Subject);
        u64::from(leaf(salts.salt(u64::from(row)), &open, &subject).0[0] % 2)
    };
    (0..count).map(&mut hash).sum()
}

/// Takes the values of events, and lets them go.
#[derive(Default)]
struct Counter(u64);

impl EventSink for Counter {
    fn set(&mut self, _: EventField, value: EventValue<'_>) {
        black_box(value);
        self.0 += 1;
    }
    fn set_person(&mut self, _: EventField, person: &str) {
        black_box(person);
    }
    fn end_event(&mut self) {}
}

impl LineSink for Counter {
    fn begin_event(&mut self, line: &EventLine) {
        black_box(line);
    }
}

/// Translates one log line of the usual form, as often as is asked.
fn line(count: u32) -> u64 {
    const LINE: &str = include_str!("../line.json");
    let mapping = CompiledMapping::built_in().expect("the built-in mapping is sound");
    let mut sink = Counter::default();
    let mut lines = Repeated { line: LINE.as_bytes(), at: 0, left: count };
    let report = translate(&mut lines, "lines", &mapping, &mut sink, &mut |_| {});
    assert_eq!(report.expect("memory can be read").accepted, u64::from(count));
    sink.0
}

/// A line, again and again.
struct Repeated {
    line: &'static [u8],
    at: usize,
    left: u32,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        if self.at == self.line.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(count)
    }
}
