//! Live intake: acknowledged is durable, known again is not stored twice, sealed is found.

use crate::client::{Ask, Reply, get, post};
use crate::live::{HASH, Live, SYSTEM, query_with};
use crate::uploads::{done, writing, writing_unshown};
use lineal_server::Role;
use serde_json::{Value as Json, json};
use std::io::Write;

/// An event as an application logs it.
pub(crate) fn event(name: &str) -> Json {
    json!({
        "ddsource": "python", "ddtags": "env:prod,team:credit", "hostname": "scorer-0",
        "service": "credit-scorer", "message": "inference",
        "art12": {
            "event_id": name, "timestamp": "2025-12-01T10:00:00Z", "system_id": "CREDIT-RISK-EU-001",
            "model": { "name": "credit-risk-scorer", "version": "3" },
            "input": { "hash": hash(name), "hash_algorithm": "blake3" },
            "output": { "decision": "approve", "confidence": 0.75 },
        },
    })
}

pub(crate) fn hash(name: &str) -> String {
    name.bytes().chain(std::iter::repeat(b'.')).take(32).map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn logs(body: &Json) -> Ask {
    post("/api/v2/logs", body)
}

pub(crate) fn seal(live: &Live, token: &str) -> Json {
    let job = done(live, token, &live.send(post("/v1/intake/seal", &json!({})).token(token)));
    assert_eq!(job["state"], "done", "{job}");
    job["report"].clone()
}

fn count(live: &Live, token: &str, name: &str) -> Json {
    let text = format!("find inference as i where i.event_id = \"{name}\" summarize count() as n");
    live.query(token, &text).ok()
}

pub(crate) fn acknowledged(reply: &Reply) {
    assert_eq!((reply.status, reply.text().trim()), (202, "{}"), "{}", reply.text());
}

#[test]
fn what_an_agent_sends_is_pending_until_it_is_sealed_and_then_found() {
    let (live, importer, engineer) = writing_unshown();
    let body = json!([event("live-1"), event("live-2"), { "message": "no event" }]);
    acknowledged(&live.send(logs(&body).header("DD-API-KEY", &importer)));
    let stats = live.send(get("/v1/stats").token(&engineer)).ok();
    assert_eq!(stats["intake"]["proof_pending"], 3, "{stats}");
    assert_eq!(live.metric("lineal_intake_pending_entries{store=\"main\"}"), 3);
    let asked =
        live.send(query_with(json!({ "query": "find inference limit 1" })).token(&engineer));
    assert_eq!(asked.header("lineal-completeness"), Some("cannot_tell"));
    let reasons = &asked.ok()["completeness"]["reasons"];
    assert!(reasons.to_string().contains("3 events are not sealed yet"), "{reasons}");
    let lines = query_with(json!({ "query": "find inference limit 1" })).token(&engineer);
    let lines = live.send(lines.header("Accept", "application/x-ndjson")).text();
    assert!(lines.contains("3 events are not sealed yet"), "{lines}");
    let other = live.query(&engineer, "find run limit 1");
    assert!(!other.text().contains("not sealed"), "runs are not concerned: {}", other.text());
    let changed = live.query(&engineer, "find deployment where events > 0 limit 1");
    assert!(changed.text().contains("3 events are not sealed yet"), "logs change deployments");
    let read = |path: &str| live.send(get(path.to_owned()).token(&engineer));
    for path in ["/v1/trace?target=", "/v1/show?target="] {
        let absent = read(&format!("{path}{}", hash("live-1")));
        assert_eq!(absent.status, 404);
        assert!(absent.text().contains("3 events are not sealed yet"), "{}", absent.text());
        let known = read(&format!("{path}{HASH}")).ok();
        assert!(known.to_string().contains("3 events are not sealed yet"), "{known}");
        let model = format!("{path}model:credit-risk-scorer@3&as_of=1");
        assert!(!read(&model).text().contains("not sealed"), "the past lacks nothing");
    }
    // A question that names what is not found says so too, in all its forms, and not of the past.
    let text = "find inference:$hash return decision";
    let named = json!({ "query": text, "params": { "hash": hash("live-1") } });
    for form in ["application/json", "text/csv"] {
        let absent = live.send(query_with(named.clone()).token(&engineer).header("Accept", form));
        assert_eq!(absent.problem(), (422, "question".to_owned()));
        assert!(absent.json()["detail"].to_string().contains("3 events are not sealed yet"));
        let hint = &absent.json()["errors"][0]["hint"];
        assert!(hint.to_string().contains("3 events are not sealed yet"), "{}", absent.text());
    }
    let plan = live.send(post("/v1/plans", &json!({ "query": text })).token(&engineer));
    let planned = json!({ "plan_id": plan.json()["plan_id"], "params": named["params"] });
    let absent = live.send(query_with(planned).token(&engineer)).text();
    assert!(absent.contains("no event is recorded") && absent.contains("3 events are"), "{absent}");
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": "query", "arguments": named },
    });
    let call = post("/mcp", &call).header("Accept", "application/json, text/event-stream");
    let told = live.send(call.token(&engineer)).text();
    assert!(told.contains("no event is recorded") && told.contains("3 events are"), "{told}");
    for text in ["find inference:$hash as of 1", "find run where name = $hash"] {
        let past = json!({ "query": text, "params": named["params"] });
        let past = live.send(query_with(past).token(&engineer)).text();
        assert!(!past.contains("not sealed"), "{text}: {past}");
    }
    let system = read("/v1/nodes/system/CREDIT-RISK-EU-001").ok();
    assert_eq!(system["unsealed"], "3 events are not sealed yet: their proof is pending");
    let traced = read("/v1/trace?target=system:CREDIT-RISK-EU-001").ok();
    assert_eq!(traced["completeness"], "cannot_tell", "{traced}");
    let bound = live.bound(Role::Engineer, "main", SYSTEM);
    let part = live.send(get("/v1/nodes/system/CREDIT-RISK-EU-001").token(&bound)).text();
    assert!(part.contains("events are not sealed") && !part.contains("3 events"), "{part}");
    let part = live.send(query_with(named).token(&bound)).text();
    assert!(part.contains("events are not sealed") && !part.contains("3 events"), "{part}");
    let report = seal(&live, &importer);
    assert_eq!(report["entries"], 3, "{report}");
    assert_eq!(report["imports"][0]["events"], 2);
    assert!(!read("/v1/nodes/system/CREDIT-RISK-EU-001").text().contains("not sealed"));
    assert_eq!(report["imports"][0]["counts"]["skipped"], 1);
    let found = live
        .query(&engineer, "find inference as i where i.event_id = \"live-1\" return i.decision, i.service, i.environment, i.host")
        .ok();
    assert_eq!(found["rows"], json!([["approve", "credit-scorer", "prod", "scorer-0"]]));
    assert!(!found["completeness"].to_string().contains("not sealed"), "{found}");
    let stats = live.send(get("/v1/stats").token(&engineer)).ok();
    assert_eq!(stats["intake"]["proof_pending"], 0);
    let journal = live.store().join("journal");
    assert_eq!(std::fs::read_dir(journal).unwrap().count(), 1, "what is sealed is gone");
    // Its origin is known: version 3 is that of the registry.
    let origin =
        live.query(&engineer, &format!("find dataset upstream of inference:{}", hash("live-2")));
    assert!(origin.ok()["total"].as_u64().unwrap() > 0);
}

/// What Datadog would make attributes of stands in the message of an agent, as text.
#[test]
fn what_an_agent_sends_as_text_in_the_message_is_recorded_and_what_is_no_event_is_counted() {
    let (live, importer, engineer) = writing_unshown();
    let named = |name: &str| event(name)["art12"].clone();
    let dotted = |name: &str| {
        json!({
            "ai.event_id": name, "ai.model.name": "credit-risk-scorer", "ai.model.version": "3",
            "ai.input.hash": hash(name), "ai.input.hash_algorithm": "blake3",
        })
    };
    let object = json!({ "art12": named("m-object") });
    let marked = json!({ "art12": named("m-marked") });
    let body = json!([
        { "message": json!({ "art12": named("m-nested") }).to_string(), "service": "s" },
        { "message": dotted("m-dotted").to_string(), "service": "s" },
        { "message": object, "service": "s" },
        { "message": marked.to_string(), "service": "s", "ddtags": "compliance.art12:true" },
        { "message": json!({ "level": "info" }).to_string(), "service": "s" },
        { "message": "started", "service": "s" },
    ]);
    acknowledged(&live.send(logs(&body).header("Idempotency-Key", "once").token(&importer)));
    acknowledged(&live.send(logs(&body).header("Idempotency-Key", "once").token(&importer)));
    let pair = |key: &str, value: Json| json!({ "key": key, "value": value });
    let text = |text: &str| json!({ "stringValue": text });
    let list = |values: Vec<Json>| json!({ "kvlistValue": { "values": values } });
    let input = |name: &str| list(vec![pair("hash", text(&hash(name)))]);
    let model = list(vec![pair("name", text("credit-risk-scorer")), pair("version", text("3"))]);
    let fields = |name: &str| {
        list(vec![
            pair("event_id", text(name)),
            pair("model", model.clone()),
            pair("input", input(name)),
        ])
    };
    let record = |body: Json| json!({ "timeUnixNano": "1764583200000000000", "body": body });
    let export = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [
        record(text(&json!({ "art12": named("o-text") }).to_string())),
        record(text(&dotted("o-dotted").to_string())),
        record(list(vec![pair("art12", fields("o-list"))])),
        record(fields("o-bare")),
        record(text("started")),
    ] }] }] });
    assert_eq!(live.send(post("/v1/logs", &export).token(&importer)).status, 200);
    let stats = live.send(get("/v1/stats").token(&engineer)).ok();
    assert_eq!(stats["intake"]["no_event"], 3, "{stats}");
    assert_eq!(live.metric("lineal_intake_no_event_total{store=\"main\"}"), 3);
    let report = seal(&live, &importer);
    assert_eq!(report["entries"], 11, "{report}");
    let events: u64 = report["imports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["events"].as_u64().unwrap())
        .sum();
    assert_eq!(events, 8, "{report}");
    for name in
        ["m-nested", "m-dotted", "m-object", "m-marked", "o-text", "o-dotted", "o-list", "o-bare"]
    {
        let text = format!("find model upstream of inference:{}", hash(name));
        let models = live.query(&engineer, &text).ok();
        assert_eq!(
            models["rows"].to_string().matches("credit-risk-scorer").count(),
            1,
            "{name}: {models}"
        );
    }
}

#[test]
fn every_packing_that_datadogs_clients_use_is_taken() {
    let (live, importer, engineer) = writing();
    let gzip = |text: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let zlib = |text: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    };
    let text = |name: &str| json!([event(name)]).to_string().into_bytes();
    let lines = format!("{}\n{}\n", event("line-1"), event("line-2")).into_bytes();
    for (coding, body) in
        [("gzip", gzip(&text("gz"))), ("deflate", zlib(&text("zl"))), ("identity", lines)]
    {
        let ask = logs(&json!(null)).body(body).header("Content-Encoding", coding);
        acknowledged(&live.send(ask.token(&importer)));
    }
    seal(&live, &importer);
    for name in ["gz", "zl", "line-1", "line-2"] {
        assert_eq!(count(&live, &engineer, name)["rows"], json!([[1]]), "{name}");
    }
    let bomb = gzip(&vec![b' '; 6_000_000]);
    let ask = logs(&json!(null)).body(bomb).header("Content-Encoding", "gzip").token(&importer);
    assert_eq!(live.send(ask).problem(), (413, "too-large".to_owned()));
}

#[test]
fn the_same_key_is_acknowledged_again_and_stored_once() {
    let (live, importer, engineer) = writing();
    let mut unnamed = event("x");
    unnamed["art12"].as_object_mut().unwrap().remove("event_id");
    unnamed["art12"]["request_id"] = json!("keyed");
    let ask = |body: &Json, key: &str| {
        live.send(logs(body).header("Idempotency-Key", key).token(&importer))
    };
    let pending =
        || live.send(get("/v1/stats").token(&engineer)).ok()["intake"]["proof_pending"].clone();
    acknowledged(&ask(&unnamed, "k1"));
    acknowledged(&ask(&unnamed, "k1"));
    assert_eq!(pending(), 1);
    assert_eq!(ask(&event("other"), "k1").problem(), (422, "key-used".to_owned()));
    let elsewhere = post("/api/v2/logs?service=other", &unnamed);
    let elsewhere = live.send(elsewhere.header("Idempotency-Key", "k1").token(&importer));
    assert_eq!(elsewhere.problem(), (422, "key-used".to_owned()), "its entries would be others");
    seal(&live, &importer);
    acknowledged(&ask(&unnamed, "k1"));
    assert_eq!(pending(), 0, "the key is known beyond the seal");
    // Without a key and an id there is nothing to know it by: each one that is acknowledged counts.
    acknowledged(&live.send(logs(&unnamed).token(&importer)));
    acknowledged(&live.send(logs(&unnamed).token(&importer)));
    seal(&live, &importer);
    let text = "find inference as i where i.request_id = \"keyed\" summarize count() as n";
    assert_eq!(live.query(&engineer, text).ok()["rows"], json!([[3]]));
    // An event that names itself is one, however often it comes.
    acknowledged(&live.send(logs(&event("named")).token(&importer)));
    acknowledged(&live.send(logs(&event("named")).token(&importer)));
    seal(&live, &importer);
    acknowledged(&live.send(logs(&event("named")).token(&importer)));
    seal(&live, &importer);
    assert_eq!(count(&live, &engineer, "named")["rows"], json!([[1]]));
}

#[test]
fn what_could_not_be_recorded_is_not_acknowledged() {
    let (live, importer, engineer) = writing();
    let mut broken = event("broken");
    broken["art12"]["input.hash"] = json!("Ada Lovelace");
    let refused = live.send(logs(&json!([event("good"), broken])).token(&importer));
    assert_eq!(refused.problem(), (400, "bad-request".to_owned()));
    assert!(refused.text().contains("entry 1"), "{}", refused.text());
    assert!(!refused.text().contains("Ada"), "no value of an entry is quoted");
    let stats = live.send(get("/v1/stats").token(&engineer)).ok();
    assert_eq!(stats["intake"]["proof_pending"], 0, "none of the body was stored");
    let many = Json::Array(vec![json!({}); 1_001]);
    assert_eq!(
        live.send(logs(&many).token(&importer)).problem(),
        (413, "too-many-entries".to_owned())
    );
    assert_eq!(live.send(logs(&json!([])).token(&importer)).status, 202);
    let both = |key: &str, token: &str| {
        live.send(logs(&event("e")).header("DD-API-KEY", key).token(token))
    };
    assert_eq!(both(&importer, &importer).status, 202, "one token, said twice");
    let good = live.token(lineal_server::Role::Importer);
    for (key, token) in [(&importer, &good), (&importer, &engineer), (&good, &"x".to_owned())] {
        let refused = both(key, token);
        assert_eq!(refused.problem(), (401, "unauthenticated".to_owned()));
        assert!(refused.text().contains("two tokens were given"), "{}", refused.text());
    }
    let forged = format!("{importer}x");
    assert_eq!(both(&forged, &forged).status, 401, "the same, and no good");
    let elsewhere = get("/v1/imports").header("DD-API-KEY", &importer);
    assert_eq!(live.send(elsewhere).status, 401, "the key is for Datadog's path");
}

#[test]
fn a_file_that_cannot_be_sealed_holds_up_no_other() {
    let (live, importer, engineer) = writing();
    acknowledged(&live.send(logs(&event("lost")).token(&importer)));
    let file = live.store().join("journal/00000001.lnj");
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let sealed =
        || done(&live, &importer, &live.send(post("/v1/intake/seal", &json!({})).token(&importer)));
    assert_eq!(sealed()["state"], "failed");
    acknowledged(&live.send(logs(&event("sound")).token(&importer)));
    let job = sealed();
    assert_eq!(job["state"], "failed", "{job}");
    assert_eq!(job["problem"]["title"], "The seal failed", "{job}");
    let words = job.to_string();
    assert!(!words.contains(&*live.store().to_string_lossy()), "{words}");
    assert_eq!(count(&live, &engineer, "sound")["rows"], json!([[1]]));
    assert!(file.exists(), "what cannot be sealed stays");
}

#[test]
fn at_the_end_what_was_brought_is_sealed() {
    let (mut live, importer, _) = writing();
    acknowledged(&live.send(logs(&event("last")).token(&importer)));
    live.end();
    let store = lineal_engine::Store::open_read_only(live.store()).unwrap();
    let sealed =
        store.sources().into_iter().filter(|(_, _, source)| source.label.starts_with("intake-"));
    assert_eq!(sealed.map(|(_, _, source)| source.counts.accepted).sum::<u64>(), 1);
}

#[test]
fn logs_of_opentelemetry_are_taken_and_found() {
    let (live, importer, engineer) = writing();
    let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let record = json!({
        "timeUnixNano": "1764583200000000000", "severityText": "INFO",
        "body": { "stringValue": "inference" },
        "attributes": [
            text("art12.event_id", "otel-1"), text("art12.system_id", "CREDIT-RISK-EU-001"),
            text("art12.model.name", "credit-risk-scorer"), text("art12.model.version", "3"),
            text("art12.output.decision", "refer"),
        ],
    });
    let resource = [text("service.name", "scorer"), text("deployment.environment.name", "prod")];
    let body = json!({ "resourceLogs": [{
        "resource": { "attributes": resource }, "scopeLogs": [{ "logRecords": [record] }],
    }] });
    let taken = live.send(post("/v1/logs", &body).token(&importer));
    assert_eq!(taken.ok(), json!({}));
    let empty = post("/v1/logs", &json!(null)).kind("application/x-protobuf").body(Vec::new());
    let empty = live.send(empty.token(&importer));
    assert_eq!((empty.status, empty.body.len()), (200, 0), "nothing is a request of no logs");
    let broken = post("/v1/logs", &json!(null)).kind("application/x-protobuf").body("text");
    assert_eq!(live.send(broken.token(&importer)).status, 400);
    assert_eq!(live.send(post("/v1/logs", &body).kind("text/plain").token(&importer)).status, 415);
    assert_eq!(seal(&live, &importer)["entries"], 1);
    let question = "find inference as i where i.event_id = \"otel-1\" return i.decision, i.service, i.environment";
    assert_eq!(live.query(&engineer, question).ok()["rows"], json!([["refer", "scorer", "prod"]]));
}
