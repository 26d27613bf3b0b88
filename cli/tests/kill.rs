//! `kill -9` in the middle of an import loses no acknowledged commit, and resuming ends where an
//! undisturbed import ends.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

mod program;

use lineal_proof::frame::{self, RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Record, Revision};
use lineal_proof::{Hash, Map, Value};
use program::{DATABASE, Folder, fixture};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

const FILES: u32 = 42;
const EVENTS_PER_FILE: u32 = 2_000;
const SERVICES: u32 = 5;
/// Kills by default; `LINEAL_KILLS` says another number (`tests/kill/run`).
const KILLS: u32 = 20;
/// After so many a store's import is left to end; then another store is begun.
const KILLS_PER_STORE: u32 = 10;

/// About 52 MB as stored: enough for two transactions of log files.
fn archive(folder: &Path) {
    let hour = folder.join("dt=20260301/hour=00");
    std::fs::create_dir_all(&hour).unwrap();
    for file in 0..FILES {
        let mut text = String::new();
        for line in 0..EVENTS_PER_FILE {
            // A tenth of each file was in the one before: uploaded twice.
            let number = file * EVENTS_PER_FILE * 9 / 10 + line;
            let (minute, second) = (number / 2_000 % 60, number / 34 % 60);
            let version = 1 + number % 3;
            let service = number % SERVICES;
            let hash = Hash::of(&number.to_le_bytes());
            let time = format!("2026-03-01T00:{minute:02}:{second:02}.{:03}Z", number % 1_000);
            writeln!(
                text,
                r#"{{"_id":"AQAAAZ{number:014}","date":"{time}","host":"scorer-{service}","service":"scorer-{service}","source":"python","status":"info","message":"inference","tags":["env:prod","source:python","compliance.art12:true"],"attributes":{{"art12":{{"schema_version":"1.0","event_id":"event-{number}","timestamp":"{time}","system_id":"CREDIT-RISK-EU-001","model":{{"name":"credit-risk-scorer","version":"{version}"}},"input":{{"hash":"{hash}","hash_algorithm":"sha256"}},"output":{{"decision":"refer","confidence":0.5}},"human_oversight":{{"override":{},"actor":"reviewer-{service}"}},"deployment":{{"id":"eu-1","env":"prod"}}}}}}}}"#,
                number.is_multiple_of(16),
            )
            .unwrap();
        }
        std::fs::write(hour.join(format!("archive_{file:03}.json")), text).unwrap();
    }
}

/// The number of the last commit that was acknowledged, as the file `head` holds it.
fn acknowledged(store: &Path) -> u64 {
    let head = std::fs::read(store.join("head")).unwrap();
    u64::from_le_bytes(head[32..40].try_into().unwrap())
}

/// Every revision of a store by what it says. What comes from random secrets is left out: seeds,
/// the roots that depend on them, and the commitments of sealed fields.
fn revisions(store: &Path) -> BTreeMap<Hash, usize> {
    let mut names: Vec<_> =
        std::fs::read_dir(store.join("segments")).unwrap().map(|e| e.unwrap().path()).collect();
    names.sort();
    let mut found = BTreeMap::new();
    for name in names {
        let bytes = std::fs::read(name).unwrap();
        let mut at = SEGMENT_HEADER;
        while at < bytes.len() {
            let frame = frame::read(&bytes[at..]).unwrap();
            at += frame.length;
            if frame.record_type != RecordType::Revision {
                continue;
            }
            let mut revision = Revision::decode(frame.payload).unwrap();
            for (_, commitment) in &mut revision.sealed {
                *commitment = Hash::default();
            }
            let mut fields = Map::new();
            for (field, value) in revision.fields.clone() {
                let random = revision.kind == "batch" && ["root", "seed"].contains(&field.as_str());
                fields.insert(field, if random { Value::Null } else { value });
            }
            revision.fields = fields;
            *found.entry(revision.content_digest()).or_default() += 1;
        }
    }
    found
}

const QUESTIONS: [&str; 8] = [
    "find deployment return it, events, overrides, first_event, last_event",
    "find deployment as d deploys model as m return d, m",
    "find batch as b served_by deployment as d return d, b.count, b.first_time, b.last_time",
    "find inference as i served_by deployment summarize count() as n by i.human_override",
    "find dataset upstream via training of inference:\"event-77\"",
    "trace inference:\"event-70001\" to dataset as d return path",
    "find run return it, name, status, params",
    "find model as m produced_by run as r return m, r",
];

struct Ended {
    revisions: BTreeMap<Hash, usize>,
    kinds: Json,
    events: Json,
    answers: Vec<Json>,
}

fn ended(folder: &Folder, store: &str) -> Ended {
    let verified = folder.done(&["--store", store, "--json", "verify"]).json();
    assert_eq!(verified["faults"], serde_json::json!([]), "{verified}");
    let mut stats = folder.done(&["--store", store, "--json", "stats"]).json();
    stats["kinds"].as_object_mut().unwrap().remove("import");
    let ask = |question: &&str| {
        let answer = folder.done(&["--store", store, "--json", "query", question]).json();
        serde_json::json!([question, answer["rows"], answer["completeness"]])
    };
    Ended {
        revisions: revisions(&folder.path().join(store)),
        kinds: stats["kinds"].take(),
        events: stats["events"].take(),
        answers: QUESTIONS.iter().map(ask).collect(),
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Numbers that look random and are the same each time (Knuth's MMIX generator).
struct Numbers(u64);

impl Numbers {
    /// A number from 0 to 999.
    fn thousandth(&mut self) -> u32 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % 1_000).unwrap()
    }
}

#[test]
fn an_import_that_is_killed_at_random_moments_ends_as_if_it_had_not_been() {
    let folder = Folder::new();
    archive(&folder.path().join("logs"));
    // One set of keys for all: file digests and names of people are keyed by them.
    folder.done(&["init", "empty"]);
    let database = fixture(DATABASE).display().to_string();
    let import = |store: &'static str| {
        ["--store", store, "--json", "import", &database, "logs"].map(str::to_owned)
    };
    let spawn = |store| {
        let arguments = import(store);
        folder.command(&arguments.each_ref().map(String::as_str)).spawn().unwrap()
    };

    copy(&folder.path().join("empty"), &folder.path().join("undisturbed"));
    let begun = Instant::now();
    assert!(spawn("undisturbed").wait().unwrap().success());
    let whole = begun.elapsed();
    let expected = ended(&folder, "undisturbed");
    let commits = acknowledged(&folder.path().join("undisturbed"));
    assert!(commits >= 3, "{commits} commits: a kill should find some of them done");
    assert_eq!(expected.events, FILES * EVENTS_PER_FILE * 9 / 10 + EVENTS_PER_FILE / 10);

    let store = folder.path().join("killed");
    let mut numbers = Numbers(20_260_301);
    let (mut kills, mut partly) = (0, 0);
    let wanted = std::env::var("LINEAL_KILLS").ok().and_then(|count| count.parse().ok());
    let wanted = wanted.unwrap_or(KILLS);
    while kills < wanted {
        copy(&folder.path().join("empty"), &store);
        let mut ended_by_itself = false;
        for _ in 0..KILLS_PER_STORE {
            let mut child = spawn("killed");
            std::thread::sleep(whole * numbers.thousandth() / 1_000 + Duration::from_millis(1));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            kills += 1;
            let before = acknowledged(&store);
            partly += u32::from(before > 0 && before < commits);
            // Readers see what was acknowledged, whatever lies behind it.
            let stats = folder.done(&["--store", "killed", "--json", "stats"]).json();
            assert_eq!(stats["commit"], before, "after kill {kills}");
            ended_by_itself |= status.success();
        }
        let before = acknowledged(&store);
        let run = folder.done(&import("killed").each_ref().map(String::as_str));
        assert!(acknowledged(&store) >= before);
        if ended_by_itself {
            assert_eq!(run.json()["commits"], 0, "it was done: nothing is new");
        }
        let found = ended(&folder, "killed");
        assert_eq!(found.events, expected.events);
        assert_eq!(found.kinds, expected.kinds);
        for (found, expected) in found.answers.iter().zip(&expected.answers) {
            assert_eq!(found, expected);
        }
        assert!(found.revisions == expected.revisions, "revisions differ");
        std::fs::remove_dir_all(&store).unwrap();
    }
    assert!(partly > 0, "no kill found an import half done");
}
