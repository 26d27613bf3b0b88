//! The three Article 12 forms, the Logs API and the synthetic world: what is read from each.

use std::collections::{BTreeMap, BTreeSet};

use crate::keeper::{Kept, KeptEvent, built_in, mapping, read_bytes_with, read_fixture};
use lineal_engine::event_fields::EventField;
use lineal_import::datadog::{Compression, FileReport, Shape};
use serde_json::Value;

const FORMS: [&str; 3] =
    ["datadog-art12-a-nested", "datadog-art12-b-dotted", "datadog-art12-c-message"];

fn sum(reports: &[FileReport], count: impl Fn(&FileReport) -> u64) -> u64 {
    reports.iter().map(count).sum()
}

#[test]
fn each_form_holds_310_marked_lines_of_300_events_and_3_others() {
    for form in FORMS {
        let (reports, events) = read_fixture(form, &built_in());
        assert_eq!(sum(&reports, |report| report.accepted), 310, "{form}");
        assert_eq!(sum(&reports, |report| report.skipped.values().sum()), 3, "{form}");
        let ids: BTreeSet<_> = events.iter().map(|event| event.text(EventField::EventId)).collect();
        assert_eq!(ids.len(), 300, "{form}");
        assert!(!ids.contains(&None));
        let logs: BTreeSet<_> = events.iter().map(|event| event.text(EventField::LogId)).collect();
        assert_eq!(logs.len(), 300, "{form}");
        let first: BTreeMap<_, _> =
            events.iter().map(|event| (event.text(EventField::EventId), event)).collect();
        let of_version = |version| {
            let has = |event: &&&KeptEvent| event.text(EventField::ModelVersion) == Some(version);
            first.values().filter(has).count()
        };
        assert_eq!((of_version("2"), of_version("3")), (270, 30), "{form}");
        let overridden =
            |event: &&&KeptEvent| event.get(EventField::HumanOverride) == Some(&Kept::Bool(true));
        assert_eq!(first.values().filter(overridden).count(), 18, "{form}");
        let marked = |event: &&KeptEvent| event.get(EventField::Art12) == Some(&Kept::Bool(true));
        assert_eq!(events.iter().filter(marked).count(), 310, "{form}");
        let unreadable: Vec<_> = reports.iter().flat_map(|report| &report.unreadable).collect();
        assert_eq!(unreadable, Vec::<(&&str, &u64)>::new(), "{form}");
        assert!(reports.iter().all(|report| report.compression == Compression::Gzip));
        assert!(reports.iter().all(|report| report.damage.is_none()));
    }
}

#[test]
fn the_truncated_line_is_rejected_with_its_file_line_and_byte() {
    let (reports, _) = read_fixture(FORMS[0], &built_in());
    assert_eq!(sum(&reports, |report| report.rejected), 1);
    let reject = &reports[2].rejects[0];
    assert!(reject.at.file.starts_with("dt=20251103/hour=16/archive_161503.7524."));
    assert_eq!((reject.at.line, reject.at.byte), (1, 0));
    assert_eq!(
        reject.reason,
        "the line is no whole JSON value: it ends at byte 200: expected a closing quote"
    );
    for form in &FORMS[1..] {
        let (reports, _) = read_fixture(form, &built_in());
        assert_eq!(sum(&reports, |report| report.rejected), 0);
    }
}

/// The event as the form's author wrote it, taken from the line by other means.
fn written_event(form: &str, line: &Value) -> Value {
    let attributes = &line["attributes"];
    match form {
        "datadog-art12-a-nested" => attributes["art12"].clone(),
        "datadog-art12-b-dotted" => {
            let mut event = Value::Object(serde_json::Map::new());
            for (name, value) in attributes.as_object().expect("attributes") {
                let mut at = &mut event;
                for step in name.strip_prefix("ai.").expect("prefixed").split('.') {
                    let members = at.as_object_mut().expect("nested");
                    at = members.entry(step).or_insert(Value::Object(serde_json::Map::new()));
                }
                *at = value.clone();
            }
            event
        }
        _ => serde_json::from_str(line["message"].as_str().expect("text")).expect("JSON"),
    }
}

/// Which place of the written event each field comes from.
const WRITTEN: [(EventField, &str); 32] = [
    (EventField::Time, "/timestamp"),
    (EventField::EventId, "/event_id"),
    (EventField::EventType, "/event_type"),
    (EventField::SchemaVersion, "/schema_version"),
    (EventField::System, "/system_id"),
    (EventField::ModelName, "/model/name"),
    (EventField::ModelVersion, "/model/version"),
    (EventField::ModelRun, "/model/run_id"),
    (EventField::ModelId, "/model/model_id"),
    (EventField::ModelRegistry, "/model/registry"),
    (EventField::ModelStage, "/model/stage"),
    (EventField::Decision, "/output/decision"),
    (EventField::OriginalDecision, "/human_oversight/original_decision"),
    (EventField::Confidence, "/output/confidence"),
    (EventField::LatencyMs, "/latency_ms"),
    (EventField::OversightRequired, "/human_oversight/required"),
    (EventField::OversightReviewed, "/human_oversight/reviewed"),
    (EventField::HumanOverride, "/human_oversight/override"),
    (EventField::OverrideReason, "/human_oversight/override_reason"),
    (EventField::Reviewer, "/human_oversight/actor"),
    (EventField::Environment, "/deployment/env"),
    (EventField::Region, "/deployment/region"),
    (EventField::Endpoint, "/deployment/id"),
    (EventField::InputHash, "/input/hash"),
    (EventField::InputAlgorithm, "/input/hash_algorithm"),
    (EventField::InputCanonicalization, "/input/canonicalization"),
    (EventField::OutputHash, "/output/hash"),
    (EventField::OutputAlgorithm, "/output/hash_algorithm"),
    (EventField::Session, "/session/id"),
    (EventField::SessionStart, "/session/start"),
    (EventField::ReferenceDb, "/reference_database/name"),
    (EventField::ReferenceDbVersion, "/reference_database/version"),
];

fn kept(field: EventField, written: &Value) -> Option<Kept> {
    let ns = |text: &str| {
        let time: jiff::Timestamp = text.parse().expect("time");
        i64::try_from(time.as_nanosecond()).expect("fits")
    };
    Some(match (field, written) {
        (_, Value::Null) => return None,
        (EventField::Time | EventField::SessionStart, Value::String(text)) => Kept::Int(ns(text)),
        (EventField::InputHash | EventField::OutputHash, Value::String(text)) => {
            Kept::Hash(data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hex"))
        }
        (EventField::Reviewer, Value::String(text)) => Kept::Persons(vec![text.clone()]),
        (_, Value::String(text)) => Kept::Text(text.clone()),
        (_, Value::Number(number)) => Kept::Float(number.as_f64().expect("float")),
        (_, Value::Bool(truth)) => Kept::Bool(*truth),
        (_, other) => panic!("{field:?} is written as {other}"),
    })
}

/// The lines of a form's archives, in the order in which they are read.
fn lines(form: &str) -> Vec<Value> {
    let archive =
        lineal_import::datadog::recognise::list(&crate::keeper::fixture(form)).expect("lists");
    let mut lines = Vec::new();
    for file in archive.files {
        let file = std::fs::File::open(&file.path).expect("opens");
        let text = std::io::read_to_string(flate2::read::GzDecoder::new(file)).expect("reads");
        lines.extend(text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()));
    }
    lines.retain(|line| line["message"] != "GET /health");
    lines
}

#[test]
fn every_field_of_every_form_is_what_its_line_says() {
    for form in FORMS {
        let (_, events) = read_fixture(form, &built_in());
        let lines = lines(form);
        assert_eq!(lines.len(), events.len());
        for (line, event) in lines.iter().zip(&events) {
            let written = written_event(form, line);
            for (field, place) in WRITTEN {
                let expected = kept(field, written.pointer(place).expect(place));
                assert_eq!(event.get(field), expected.as_ref(), "{form} {place}");
            }
            assert_eq!(event.text(EventField::LogId), line["_id"].as_str());
            assert_eq!(event.text(EventField::Host), line["host"].as_str());
            assert_eq!(event.text(EventField::Service), Some("credit-scorer"));
            assert_eq!(event.text(EventField::Status), Some("info"));
        }
    }
}

#[test]
fn the_same_event_has_the_same_fields_in_every_form() {
    // The generator drew these anew for each form.
    let drawn = [
        EventField::LogId,
        EventField::EventId,
        EventField::Decision,
        EventField::OriginalDecision,
        EventField::OutputHash,
        EventField::Confidence,
        EventField::LatencyMs,
        EventField::Rest,
    ];
    let of_form = |form| {
        let (_, mut events) = read_fixture(form, &built_in());
        for event in &mut events {
            event.fields.retain(|field, _| !drawn.contains(field));
        }
        events.into_iter().map(|event| event.fields).collect::<Vec<_>>()
    };
    let nested = of_form(FORMS[0]);
    assert_eq!(nested.len(), 310);
    assert!(nested[0].len() > 25);
    assert!(nested == of_form(FORMS[1]), "dotted");
    assert!(nested == of_form(FORMS[2]), "message");
}

#[test]
fn what_no_rule_takes_is_kept_in_rest_and_nothing_else() {
    let tags = serde_json::json!(["version:2.4.1", "source:python"]);
    let (_, nested) = read_fixture(FORMS[0], &built_in());
    let rest = nested[0].rest();
    assert_eq!(
        rest,
        serde_json::json!({
            "source": "python",
            "message": "inference",
            "tags": tags,
            "attributes": {"dd": {
                "trace_id": "100169878911269375",
                "span_id": "3456500108263334523"
            }},
        })
    );
    let (_, dotted) = read_fixture(FORMS[1], &built_in());
    let expected = serde_json::json!({"source": "python", "message": "inference", "tags": tags});
    assert_eq!(dotted[0].rest(), expected);
    let (_, message) = read_fixture(FORMS[2], &built_in());
    assert_eq!(message[0].rest(), serde_json::json!({"source": "python", "tags": tags}));
}

#[test]
fn pages_of_the_logs_api_are_read_as_archive_lines() {
    let every = mapping(
        "[datadog]\nroots = [\"attributes\"]\nevent = [\"frame:_id\"]\n[datadog.fields]\n\
         time = \"frame:date\"\nlog_id = \"frame:_id\"\nhost = \"frame:host\"\n\
         status = \"frame:status\"\nenvironment = \"tag:env\"\n",
    );
    let (reports, events) = read_fixture("datadog-logs-api-v2", &every);
    assert_eq!(reports.len(), 5);
    assert!(reports.iter().all(|report| report.shape == Shape::Pages));
    assert_eq!(sum(&reports, |report| report.lines), 3);
    assert_eq!(events.len(), 3);
    assert_eq!(
        events[0].text(EventField::LogId),
        Some("AQAAAYAZdbh47dGwNwAAAABBWUFaZGJyMUFBQ0s4OEN3YmZ1UDJRQUI")
    );
    assert_eq!(events[0].get(EventField::Time), Some(&Kept::Int(1_649_694_587_000_000_000)));
    assert_eq!(events[0].text(EventField::Environment), Some("integrations-lab"));
    let rest = events[0].rest();
    assert_eq!(rest["attributes"]["http"]["status_code"], serde_json::json!(200));
    assert_eq!(rest["tags"].as_array().expect("tags").len(), 7, "repeats and env are left out");
    assert!(rest.get("type").is_none() && rest.get("_id").is_none());
    // With the built-in mapping they are no events, and that is counted.
    let (reports, events) = read_fixture("datadog-logs-api-v2", &built_in());
    assert_eq!(events.len(), 0);
    assert_eq!(sum(&reports, |report| report.skipped.values().sum()), 3);
}

#[test]
fn the_synthetic_world_needs_a_mapping_file_only() {
    let world = mapping(include_str!("../fixtures/world-datadog.toml"));
    let line = concat!(
        r#"{"_id":"AQ000000000000000007","date":"2023-01-02T03:04:05.678Z","#,
        r#""service":"model-00012","host":"i-0000002a","source":"python","status":"info","#,
        r#""message":"inference","tags":["env:canary","system:sys-003","model_version:4","#,
        r#""compliance.art12:true"],"attributes":{"event_id":7,"batch_id":1,"deployment_id":42,"#,
        r#""model":{"name":"model-00012","version":"4"},"input":{"hash":"#,
        r#""cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504","#,
        r#""algorithm":"sha256"},"output":{"hash":"#,
        r#""5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9"},"#,
        r#""confidence":0.9123,"human_override":false,"compliance":{"art12":true}}}"#,
        "\n"
    );
    let (report, events) = read_bytes_with(line.as_bytes(), &world);
    assert_eq!(report.accepted, 1);
    let event = &events[0];
    let expected = [
        (EventField::EventId, "7"),
        (EventField::LogId, "AQ000000000000000007"),
        (EventField::Service, "model-00012"),
        (EventField::Environment, "canary"),
        (EventField::Endpoint, "42"),
        (EventField::ModelName, "model-00012"),
        (EventField::ModelVersion, "4"),
        (EventField::System, "sys-003"),
        (EventField::InputAlgorithm, "sha256"),
        (EventField::Host, "i-0000002a"),
        (
            EventField::Rest,
            r#"{"source":"python","message":"inference","attributes":{"batch_id":1}}"#,
        ),
    ];
    for (field, text) in expected {
        assert_eq!(event.text(field), Some(text), "{field:?}");
    }
    assert_eq!(event.get(EventField::Confidence), Some(&Kept::Float(0.9123)));
    assert_eq!(event.get(EventField::HumanOverride), Some(&Kept::Bool(false)));
    assert_eq!(event.get(EventField::Art12), Some(&Kept::Bool(true)));
    assert_eq!(event.line.digest, None);
}

/// The fields of an event, as the texts a line may hold.
fn texts(event: &KeptEvent) -> Vec<String> {
    let ns = |ns: i64| jiff::Timestamp::from_nanosecond(i128::from(ns)).expect("time");
    let mut texts = Vec::new();
    for (field, value) in &event.fields {
        match value {
            Kept::Text(text) => texts.push(text.clone()),
            Kept::Int(number) if *field != EventField::Line => {
                texts.push(format!("{:.3}", ns(*number)));
            }
            Kept::Int(number) => texts.push(number.to_string()),
            Kept::Float(number) => texts.push(number.to_string()),
            Kept::Bool(truth) => texts.push(truth.to_string()),
            Kept::Hash(bytes) => texts.push(data_encoding::HEXLOWER.encode(bytes)),
            Kept::Persons(persons) => texts.extend(persons.iter().cloned()),
        }
    }
    texts
}

/// Each value of a line must stand in a field, or in `rest` at the same place.
fn find_lost(line: &Value, rest: &Value, texts: &[String], lost: &mut Vec<String>) {
    let as_text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match line {
        _ if line == rest => {}
        Value::Null => {}
        Value::Object(members) => {
            for (name, value) in members {
                find_lost(value, rest.get(name).unwrap_or(&Value::Null), texts, lost);
            }
        }
        Value::Array(tags) => {
            let kept = rest.as_array().map_or(&[] as &[Value], Vec::as_slice);
            for tag in tags.iter().filter(|tag| !kept.contains(tag)) {
                let tag = as_text(tag);
                let value = tag.split_once(':').map_or("", |(_, value)| value);
                if !texts.iter().any(|text| text == value) {
                    lost.push(tag);
                }
            }
        }
        value if texts.contains(&as_text(value)) => {}
        value => lost.push(as_text(value)),
    }
}

#[test]
fn no_value_of_any_line_is_lost() {
    for form in FORMS {
        let (_, events) = read_fixture(form, &built_in());
        for (mut line, event) in lines(form).into_iter().zip(&events) {
            if form == "datadog-art12-c-message" {
                line["message"] = written_event(form, &line);
            }
            let mut lost = Vec::new();
            find_lost(&line, &event.rest(), &texts(event), &mut lost);
            assert_eq!(lost, Vec::<String>::new(), "{form}: {line}");
        }
    }
}
