//! The rules of a mapping, one promise a test.

use lineal_engine::event_fields::EventField;
use serde_json::json;

use crate::keeper::{Kept, KeptEvent, mapping, read_bytes, read_bytes_with};

const HEX: &str = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504";
const BASE64: &str = "zdpNNBy2o7m3JdMMebnV4Fqo1mbn+PfvPKe8h40W1QQ=";

fn one(line: &serde_json::Value) -> KeptEvent {
    let (report, mut events) = read_bytes(line.to_string().as_bytes());
    assert_eq!(report.accepted, 1, "{report:?}");
    events.remove(0)
}

fn art12(event: &serde_json::Value) -> serde_json::Value {
    json!({"_id": "L", "date": "2025-11-03T14:00:00Z", "attributes": {"art12": event}})
}

#[test]
fn hashes_come_out_the_same_however_they_are_spelled() {
    for (written, algorithm) in [
        (HEX.to_owned(), None),
        (HEX.to_uppercase(), None),
        (BASE64.to_owned(), None),
        (format!("sha256:{HEX}"), Some("sha256")),
        (format!("SHA-256:{BASE64}"), Some("sha256")),
        (format!("hmac-sha256:{HEX}"), Some("hmac-sha256")),
    ] {
        let event = one(&art12(&json!({"input": {"hash": written}})));
        assert_eq!(event.hash(EventField::InputHash).as_deref(), Some(HEX), "{written}");
        assert_eq!(event.text(EventField::InputAlgorithm), algorithm, "{written}");
        assert_eq!(event.get(EventField::Rest), None);
    }
}

#[test]
fn a_prefix_that_disagrees_with_the_algorithm_stays_visible() {
    let hash = format!("sha256:{HEX}");
    let event = one(&art12(&json!({"input": {"hash": hash, "hash_algorithm": "BLAKE3"}})));
    assert_eq!(event.text(EventField::InputAlgorithm), Some("blake3"));
    assert_eq!(event.hash(EventField::InputHash).as_deref(), Some(HEX));
    assert_eq!(event.rest(), json!({"attributes": {"art12": {"input": {"hash": hash}}}}));
}

#[test]
fn numbers_above_two_to_the_53_are_kept_to_the_digit() {
    let line = r#"{"_id":"L","date":"2025-11-03T14:00:00Z","attributes":{"art12":{"event_id":9007199254740993,"model":{"name":"m"},"trace":18446744073709551617,"small":1.10}}}"#;
    let (_, events) = read_bytes(line.as_bytes());
    assert_eq!(events[0].text(EventField::EventId), Some("9007199254740993"));
    assert_eq!(
        events[0].text(EventField::Rest),
        Some(r#"{"attributes":{"art12":{"trace":18446744073709551617,"small":1.10}}}"#)
    );
}

#[test]
fn a_place_may_be_nested_or_dotted_or_both_if_they_agree() {
    let agree = art12(&json!({"model.name": "m", "model": {"name": "m", "version": "v2"}}));
    let event = one(&agree);
    assert_eq!(event.text(EventField::ModelName), Some("m"));
    assert_eq!(event.text(EventField::ModelVersion), Some("2"));
    assert_eq!(event.get(EventField::Rest), None);
    for line in [
        json!({"date": "2025-11-03T14:00:00Z", "attributes": {"art12.model.name": "m", "art12.model": {"version": 2}}}),
        json!({"date": "2025-11-03T14:00:00Z", "attributes": {"ai": {"model.name": "m", "model": {"version": "2"}}}}),
        json!({"date": "2025-11-03T14:00:00Z", "attributes": {"ai.model": {"name": "m"}, "ai.model.version": "V2"}}),
    ] {
        let event = one(&line);
        assert_eq!(event.text(EventField::ModelName), Some("m"), "{line}");
        assert_eq!(event.text(EventField::ModelVersion), Some("2"), "{line}");
        assert!(event.line.digest.is_some(), "no id: the line's digest identifies it");
    }
    let conflict = art12(&json!({"model.name": "m", "model": {"name": "secret"}})).to_string();
    let (report, _) = read_bytes(conflict.as_bytes());
    assert_eq!(report.rejected, 1);
    let reason = &report.rejects[0].reason;
    assert!(reason.starts_with("the place of the event's model_name is there twice"), "{reason}");
    assert!(!reason.contains("secret"));
}

#[test]
fn the_first_tag_of_a_name_counts_and_repeats_are_dropped() {
    let event = one(&json!({
        "_id": "L", "date": "2025-11-03T14:00:00Z",
        "tags": ["env:prod", "team:a", "env:prod", "env:staging", "team:a", "compliance.art12:true", 7, "bare"],
        "attributes": {"art12": {"event_id": "E"}}
    }));
    assert_eq!(event.text(EventField::Environment), Some("prod"));
    assert_eq!(event.get(EventField::Art12), Some(&Kept::Bool(true)));
    assert_eq!(event.rest(), json!({"tags": ["team:a", "env:staging", 7, "bare"]}));
    let many: Vec<_> = (0..100).map(|n| format!("t:{}", n % 40)).collect();
    let event = one(&json!({
        "_id": "L", "date": "2025-11-03T14:00:00Z", "tags": many,
        "attributes": {"art12": {"event_id": "E", "system_id": "S"}}
    }));
    assert_eq!(event.rest()["tags"], json!(many[..40]));
    let event = one(&json!({
        "_id": "L", "date": "2025-11-03T14:00:00Z", "tags": "env:prod,team:a",
        "attributes": {"art12": {"event_id": "E", "system_id": "S"}}
    }));
    assert_eq!(event.text(EventField::Environment), Some("prod"));
    assert_eq!(event.rest(), json!({"tags": ["team:a"]}));
}

#[test]
fn a_value_that_cannot_be_read_stays_in_rest_and_is_counted() {
    let line = art12(&json!({
        "system_id": "S", "output": {"confidence": "high"}, "input": {"hash": "not a hash"},
        "human_oversight": {"override": "perhaps"}, "session": {"start": "monday"}
    }));
    let (report, events) = read_bytes(line.to_string().as_bytes());
    let unreadable: Vec<_> = report.unreadable.into_iter().collect();
    assert_eq!(
        unreadable,
        [("confidence", 1), ("human_override", 1), ("input_hash", 1), ("session_start", 1)]
    );
    assert_eq!(
        events[0].rest()["attributes"]["art12"],
        json!({
            "output": {"confidence": "high"}, "input": {"hash": "not a hash"},
            "human_oversight": {"override": "perhaps"}, "session": {"start": "monday"}
        })
    );
    assert_eq!(events[0].get(EventField::Confidence), None);
    assert!(report.replaced.is_empty(), "nothing stands in: {:?}", report.replaced);
}

#[test]
fn what_stands_in_for_a_value_that_cannot_be_read_is_counted() {
    let times =
        ["2026-10-25 02:30:00", "25/10/2026 02:30", "2026-02-30T00:00:00Z", "9999-12-31T00:00:00Z"];
    let lines: Vec<String> = times
        .iter()
        .chain(["2026-10-25T02:30:00Z", ""].iter())
        .map(|time| art12(&json!({"system_id": "S", "timestamp": time})).to_string())
        .collect();
    let (report, events) = read_bytes(lines.join("\n").as_bytes());
    assert_eq!((report.accepted, report.rejected), (6, 0));
    assert_eq!(report.replaced.into_iter().collect::<Vec<_>>(), [("time", 4)]);
    assert!(report.unreadable.is_empty(), "{:?}", report.unreadable);
    for (event, time) in events.iter().zip(times) {
        assert_eq!(event.rest()["attributes"]["art12"], json!({"timestamp": time}));
    }
    // What a further place says within the first is no other value.
    let line = art12(&json!({"system_id": "S", "error": {"message": "late"}}));
    let (report, _) = read_bytes(line.to_string().as_bytes());
    assert!(report.replaced.is_empty(), "{:?}", report.replaced);
    // And beside it is: the confidence of the output is none.
    let line =
        art12(&json!({"system_id": "S", "output": {"confidence": "high"}, "confidence": 0.5}));
    let (report, events) = read_bytes(line.to_string().as_bytes());
    assert_eq!(report.replaced.into_iter().collect::<Vec<_>>(), [("confidence", 1)]);
    assert_eq!(events[0].get(EventField::Confidence), Some(&Kept::Float(0.5)));
}

#[test]
fn values_are_read_from_the_types_that_pipelines_make_of_them() {
    let event = one(&art12(&json!({
        "system_id": "S", "timestamp": 1_762_178_400_123_u64,
        "output": {"confidence": "0.25"}, "latency_ms": "17",
        "human_oversight": {"override": "yes", "required": 1, "reviewed": "FALSE"},
        "verification": {"persons": ["ann", "bob b."]}, "error": {"message": "late", "code": 5}
    })));
    assert_eq!(event.get(EventField::Time), Some(&Kept::Int(1_762_178_400_123_000_000)));
    assert_eq!(event.get(EventField::Confidence), Some(&Kept::Float(0.25)));
    assert_eq!(event.get(EventField::LatencyMs), Some(&Kept::Float(17.0)));
    assert_eq!(event.get(EventField::HumanOverride), Some(&Kept::Bool(true)));
    assert_eq!(event.get(EventField::OversightRequired), Some(&Kept::Bool(true)));
    assert_eq!(event.get(EventField::OversightReviewed), Some(&Kept::Bool(false)));
    let persons = vec!["ann".to_owned(), "bob b.".to_owned()];
    assert_eq!(event.get(EventField::VerifiedBy), Some(&Kept::Persons(persons)));
    assert_eq!(event.text(EventField::Error), Some("late"));
    // The line's own date differs from the event's time, so it is kept.
    assert_eq!(
        event.rest(),
        json!({"date": "2025-11-03T14:00:00Z", "attributes": {"art12": {"error": {"code": 5}}}})
    );
}

#[test]
fn which_lines_are_events() {
    let count = |line: &str| {
        let (report, _) = read_bytes(line.as_bytes());
        let skipped = report.skipped.into_keys().next().unwrap_or_default();
        (report.accepted, report.rejected, skipped)
    };
    let date = r#""date":"2025-11-03T14:00:00Z""#;
    // Marked, with no root and no model version: kept, the rest with it.
    let marked = format!(r#"{{{date},"tags":["compliance.art12:true"],"attributes":{{"x":1}}}}"#);
    assert_eq!(count(&marked), (1, 0, String::new()));
    let (report, events) = read_bytes(marked.as_bytes());
    assert_eq!(report.rootless, 1);
    assert_eq!(events[0].get(EventField::ModelVersion), None);
    assert_eq!(events[0].rest(), json!({"attributes": {"x": 1}}));
    let unmarked = format!(r#"{{{date},"tags":["compliance.art12:false"]}}"#);
    assert_eq!(count(&unmarked), (0, 0, "no event: none of the mapping's marks".to_owned()));
    let structured = format!(r#"{{{date},"message":"{{\"level\":\"info\"}}"}}"#);
    assert_eq!(count(&structured), (0, 0, "no event: none of the mapping's marks".to_owned()));
    let broken = format!(r#"{{{date},"message":"{{\"system_id\":"}}"#);
    assert_eq!(
        count(&broken),
        (0, 0, "no event: broken JSON in a text, and none of the mapping's marks".to_owned())
    );
    assert_eq!(
        count(r#"{"attributes":{"art12":{"system_id":"S"}}}"#),
        (0, 0, "no time".to_owned())
    );
}

#[test]
fn a_marked_line_with_a_cut_message_or_an_unreadable_time_is_rejected() {
    let line = r#"{"date":"2025-11-03T14:00:00Z","tags":["compliance.art12:true"],"message":"{\"user\":\"ann"}"#;
    let (report, _) = read_bytes(line.as_bytes());
    assert_eq!(
        report.rejects[0].reason,
        "the JSON text in frame:message ends at byte 12: expected a closing quote"
    );
    let line = r#"{"date":"yesterday","attributes":{"art12":{"system_id":"S"}}}"#;
    let (report, _) = read_bytes(line.as_bytes());
    assert_eq!(
        report.rejects[0].reason,
        "the event's time cannot be read: expected a time between 1677 and 2262, as RFC 3339 with an offset or a number since 1970"
    );
}

/// An agent sends as text what Datadog makes attributes of.
#[test]
fn the_forms_of_attributes_are_read_within_the_text_of_a_message() {
    let hash = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504";
    let model = json!({"name": "credit-risk", "version": "3"});
    let nested = json!({"art12": {"model": model, "input": {"hash": hash}}, "level": "info"});
    let below = json!({"ai": {"model": model, "input": {"hash": hash}}, "level": "info"});
    let dotted = json!({
        "ai.model.name": "credit-risk", "ai.model.version": "3", "ai.input.hash": hash, "level": "info"
    });
    let bare = json!({"model": model, "input": {"hash": hash}, "level": "info"});
    // A member that is called so and holds no mark does not hide the event.
    let other = json!({"model": model, "input": {"hash": hash}, "ai": {"gpu": 1}});
    let kept = json!({"level": "info"});
    for (form, rest) in [
        (&nested, &kept),
        (&below, &kept),
        (&dotted, &kept),
        (&bare, &kept),
        (&other, &json!({"ai": {"gpu": 1}})),
    ] {
        for tags in [json!([]), json!(["compliance.art12:true"])] {
            let event = one(&json!({
                "date": "2025-11-03T14:00:00Z", "message": form.to_string(), "tags": tags
            }));
            assert_eq!(event.text(EventField::ModelName), Some("credit-risk"), "{form}");
            assert_eq!(event.text(EventField::ModelVersion), Some("3"), "{form}");
            assert!(event.get(EventField::InputHash).is_some(), "{form}");
            assert_eq!(event.rest(), json!({"message": rest}), "{form}");
        }
    }
    // Nor does an attribute of that name.
    let event = one(&json!({
        "date": "2025-11-03T14:00:00Z", "message": nested.to_string(), "attributes": {"ai": {"gpu": 1}}
    }));
    assert_eq!(event.text(EventField::ModelName), Some("credit-risk"));
    assert_eq!(event.rest(), json!({"message": kept, "attributes": {"ai": {"gpu": 1}}}));
}

#[test]
fn a_message_that_is_not_the_root_stays_text() {
    let message = r#"{"system_id":"other"}"#;
    let event = one(&json!({
        "date": "2025-11-03T14:00:00Z", "message": message,
        "attributes": {"art12": {"system_id": "S"}}
    }));
    assert_eq!(event.text(EventField::System), Some("S"));
    assert_eq!(event.rest(), json!({"message": message}));
}

#[test]
fn what_is_left_of_a_message_stands_in_its_place() {
    let message = json!({"system_id": "S", "extra": {"a": [1, {"b": null}]}, "note": "é\n"});
    let event = one(&json!({"date": "2025-11-03T14:00:00Z", "message": message.to_string()}));
    let left = json!({"extra": {"a": [1, {"b": null}]}, "note": "é\n"});
    assert_eq!(event.rest(), json!({"message": left}));
}

#[test]
fn json_inside_tags_and_attributes_is_read() {
    let rules = mapping(
        "[datadog]\nroots = [\"attributes:ev\"]\nevent = [\"id\"]\n[datadog.fields]\n\
         time = \"frame:date\"\nevent_id = \"id\"\nenvironment = \"json(tag:deploy).env\"\n\
         endpoint = \"json(tag:deploy).id\"\nsystem = \"json(payload).system\"\n\
         region = \"json(json(payload).inner).region\"\n\
         model_version = { from = \"json(attributes:raw).version\", default = \"v7\" }\n",
    );
    let inner = json!({"region": "eu", "zone": 3}).to_string();
    let payload = json!({"system": "S", "inner": inner}).to_string();
    let line = json!({
        "date": "2025-11-03T14:00:00Z",
        "tags": ["deploy:{\"env\":\"prod\",\"id\":5}"],
        "attributes": {"ev": {"id": "E", "payload": payload}, "raw": "{broken"}
    });
    let (_, events) = read_bytes_with(line.to_string().as_bytes(), &rules);
    let event = &events[0];
    assert_eq!(event.text(EventField::Environment), Some("prod"));
    assert_eq!(event.text(EventField::Endpoint), Some("5"));
    assert_eq!(event.text(EventField::System), Some("S"));
    assert_eq!(event.text(EventField::Region), Some("eu"));
    assert_eq!(event.text(EventField::ModelVersion), Some("7"), "the default");
    assert_eq!(
        event.rest(),
        json!({"attributes": {"ev": {"payload": {"inner": {"zone": 3}}}, "raw": "{broken"}})
    );
}

#[test]
fn a_line_without_a_frame_can_be_its_own_root() {
    let rules = mapping(
        "[datadog]\nroots = [\"line\"]\nevent = [\"model\"]\n[datadog.fields]\n\
         time = \"ts\"\nmodel_name = \"model\"\n",
    );
    let line = r#"{"ts":1762178400,"model":"m","other":true}"#;
    let (_, events) = read_bytes_with(line.as_bytes(), &rules);
    assert_eq!(events[0].text(EventField::ModelName), Some("m"));
    assert_eq!(events[0].rest(), json!({"other": true}));
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(line.as_bytes()).as_bytes()[..16]);
    assert_eq!(events[0].line.digest, Some(digest));
    let (_, again) = read_bytes_with(format!("\n {line} \r\n").as_bytes(), &rules);
    assert_eq!(again[0].line.digest, Some(digest), "blanks do not change the identity");
}
