//! The short way says what the long way says, whatever the lines are.

use crate::datadog::extract::{EventLine, LineSink, Outcome, Translator};
use crate::datadog::plan::CompiledMapping;
use crate::mapping::datadog::DatadogMapping;
use crate::record::{EventSink, EventValue};
use lineal_engine::event_fields::EventField;

/// Notes every call.
#[derive(Default)]
struct Notes(Vec<String>);

impl EventSink for Notes {
    fn set(&mut self, field: EventField, value: EventValue<'_>) {
        self.0.push(format!("{field:?} = {value:?}"));
    }
    fn set_person(&mut self, field: EventField, person: &str) {
        self.0.push(format!("{field:?} person {person}"));
    }
    fn end_event(&mut self) {
        self.0.push("end".to_owned());
    }
}

impl LineSink for Notes {
    fn begin_event(&mut self, line: &EventLine) {
        self.0.push(format!("begin {line:?}"));
    }
}

/// A mapping in which rules share places, have defaults and compare.
const MAPPING: &str = r#"
[datadog]
roots = ["attributes:ai", "attributes", "json(frame:message)"]
event = ["model.name", "tag:inference"]
[datadog.fields]
time = { from = ["frame:date", "at"], required = true }
log_id = "frame:_id"
event_id = ["event_id", "tag:event"]
model_name = ["model.name", "tag:model"]
model_version = ["model.version", "tag:version", "frame:version"]
art12 = ["art12", "tag:art12"]
confidence = ["confidence", "score"]
human_override = "override"
reviewer = "reviewer"
service = ["frame:service", "tag:service"]
environment = { from = ["tag:env"], default = "prod" }
host = ["frame:host", "tag:service"]
input_hash = ["input.hash", "hash"]
input_algorithm = "input.algorithm"
latency_ms = "latency"
"#;

/// Small numbers from one seed (Steele and Vigna's SplitMix64): the same lines on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.roll(of.len() as u64)).expect("few")]
    }
}

const HASH: &str = "\"cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504\"";
/// Values that make a difference, most of them often.
const VALUES: [&str; 34] = [
    "\"a\"",
    "\"b\"",
    "\"2\"",
    "2",
    "2.0",
    "-0.5e3",
    "01",
    "1.",
    "true",
    "false",
    "\"true\"",
    "\"FALSE\"",
    "null",
    "\"\"",
    "\" \"",
    "\"\u{a0}\"",
    "\" a \"",
    "\"v2\"",
    "\"x\\ny\"",
    "\"caf\\u00e9\"",
    "\"café\"",
    "[]",
    "{}",
    "[\"a\",\"b\"]",
    "[1,{\"x\":\"y\"}]",
    "{\"name\":\"m\"}",
    HASH,
    "\"sha256:cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504\"",
    "\"2025-11-03T14:00:00.123Z\"",
    "\"2025-12-31T14:00:00Z\"",
    "1762178400123",
    "\"{\\\"model\\\":{\\\"name\\\":\\\"m\\\"}}\"",
    "\"{\"",
    "\"SHA-256\"",
];
const KEYS: [&str; 16] = [
    "_id",
    "date",
    "service",
    "host",
    "version",
    "message",
    "at",
    "event_id",
    "art12",
    "confidence",
    "score",
    "override",
    "reviewer",
    "hash",
    "latency",
    "other",
];
const TAGS: [&str; 10] = [
    "env:a",
    "env:b",
    "version:2",
    "version:v2",
    "art12:true",
    "event:7",
    "service:a",
    "alone",
    "inference:yes",
    "other:",
];

/// A line made of members that the mapping looks for and others, some twice, some nested.
fn random_line(dice: &mut Dice) -> String {
    let mut members =
        vec!["\"date\":\"2025-11-03T14:00:00Z\"".to_owned(), "\"_id\":\"L1\"".to_owned()];
    let member = |dice: &mut Dice| format!("\"{}\":{}", dice.one(&KEYS), dice.one(&VALUES));
    for _ in 0..dice.roll(4) {
        members.push(member(dice));
    }
    let mut inner = vec!["\"model\":{\"name\":\"m\",\"version\":\"2\"}".to_owned()];
    for _ in 0..dice.roll(5) {
        inner.push(member(dice));
    }
    if dice.roll(3) == 0 {
        inner.push(format!("\"model.name\":{}", dice.one(&VALUES)));
    }
    let name = dice.one(&["ai", "model", "more"]);
    inner.push(format!("\"{name}\":{{\"input\":{{\"hash\":{HASH}}},{}}}", member(dice)));
    members.push(format!("\"attributes\":{{{}}}", inner.join(",")));
    if dice.roll(4) != 0 {
        let tags: Vec<_> = (0..dice.roll(4)).map(|_| format!("\"{}\"", dice.one(&TAGS))).collect();
        members.push(format!("\"tags\":[{}]", tags.join(",")));
    }
    format!("{{{}}}", members.join(if dice.roll(9) == 0 { ", " } else { "," }))
}

/// The line with one value, letter or tag exchanged: its like, or nearly so.
fn mutated(line: &str, dice: &mut Dice) -> String {
    let cut = |at: u64| {
        let mut at = usize::try_from(at).expect("short");
        while !line.is_char_boundary(at) {
            at += 1;
        }
        line.split_at(at)
    };
    let (head, tail) = cut(dice.roll(line.len() as u64));
    match dice.roll(4) {
        // Another value behind one of the colons.
        0 | 1 => match (head.rfind("\":"), tail.find([',', '}'])) {
            (Some(colon), Some(end)) => {
                format!("{}{}{}", &head[..colon + 2], dice.one(&VALUES), &tail[end..])
            }
            _ => line.to_owned(),
        },
        2 => match (head.rfind('"'), tail.find('"')) {
            (Some(open), Some(close)) => {
                format!("{}{}{}", &head[..=open], dice.one(&TAGS), &tail[close..])
            }
            _ => line.to_owned(),
        },
        _ => {
            let letter = dice
                .one(&["\"", "\\", "{", "}", ",", ":", "0", "9", "x", " ", "\u{1}", "é", "-", "."]);
            let skipped = tail.chars().next().map_or(0, char::len_utf8);
            format!("{head}{letter}{}", &tail[skipped..])
        }
    }
}

fn said(translator: &mut Translator<'_>, line: &str, number: u64) -> (Outcome, Vec<String>) {
    let mut notes = Notes::default();
    let outcome = translator.line(line.as_bytes(), number, number * 7, &mut notes, None);
    (outcome, notes.0)
}

/// Sends a line and its mutations both ways; how many went the short one.
fn compare(mapping: &CompiledMapping, lines: impl Iterator<Item = String>) -> u64 {
    let mut short = Translator::new(mapping);
    let mut long = Translator::new(mapping).without_patterns();
    for (number, line) in (1..).zip(lines) {
        assert_eq!(said(&mut short, &line, number), said(&mut long, &line, number), "{line}");
        assert_eq!(short.unreadable, long.unreadable, "{line}");
        assert_eq!(short.replaced, long.replaced, "{line}");
    }
    short.served_by_patterns()
}

#[test]
fn the_short_way_says_what_the_long_way_says_of_random_and_mutated_lines() {
    let mapping = CompiledMapping::new(&DatadogMapping::parse_text(MAPPING).expect("parses"));
    let mapping = mapping.expect("compiles");
    let (mut served, mut accepted) = (0, 0);
    for seed in 0..1_500 {
        let mut dice = Dice(seed);
        let line = random_line(&mut dice);
        let mut lines = vec![line.clone(), line.clone()];
        for _ in 0..40 {
            let from = usize::try_from(dice.roll(lines.len() as u64)).expect("few");
            let next = mutated(&lines[from], &mut dice);
            lines.push(next);
            lines.push(line.clone());
        }
        let mut alone = Translator::new(&mapping).without_patterns();
        let outcomes = lines.iter().map(|line| said(&mut alone, line, 1).0);
        accepted += outcomes.filter(|outcome| matches!(outcome, Outcome::Event { .. })).count();
        served += compare(&mapping, lines.into_iter());
    }
    assert!(accepted > 20_000, "{accepted} were events");
    assert!(served > 5_000, "{served} went the short way");
}

#[test]
fn lines_of_one_program_go_the_short_way_but_for_the_first() {
    let mapping = CompiledMapping::built_in().expect("built in");
    let line = |n: u64| {
        format!(
            "{{\"_id\":\"AQ{n:04}\",\"date\":\"2025-11-03T14:00:00.{n:03}Z\",\"service\":\"scorer\",\
             \"tags\":[\"env:prod\",\"team:{n}\"],\"attributes\":{{\"ai\":{{\"art12\":true,\
             \"model\":{{\"name\":\"credit\",\"version\":\"{n}\"}},\"input\":{{\"hash\":{HASH}}},\
             \"override\":{},\"note\":\"free {n}\"}}}}}}",
            n.is_multiple_of(2)
        )
    };
    assert_eq!(compare(&mapping, (0..100).map(line)), 99);
}
