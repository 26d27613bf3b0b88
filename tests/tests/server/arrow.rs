//! Answers as Arrow: read by Arrow's own library, equal to the same answer as JSON.

use crate::client::Reply;
use crate::live::{HASH, Live, query_with};
use lineal_server::{ARROW_STREAM, Role};
use lineal_tests::foreign::{python, run};
use serde_json::{Value as Json, json};

/// What a stream of Arrow ends with.
const END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

fn ask(live: &Live, token: &str, body: &Json, accept: &str, coding: &str) -> Reply {
    let ask = query_with(body.clone()).token(token).header("Accept", accept);
    live.send(ask.header("Accept-Encoding", coding))
}

/// Most rows of a batch (docs/operating.md, "Asking").
const BATCH_ROWS: u64 = 4_096;

/// What Arrow's library says of the answer to a question; none where there is no such library.
fn read(live: &Live, token: &str, body: &Json) -> Option<Json> {
    let python = python("answers as Arrow", &["pyarrow"])?;
    let stream = ask(live, token, body, ARROW_STREAM, "gzip");
    assert_eq!(stream.status, 200, "{body}");
    assert_eq!(stream.header("content-type"), Some(ARROW_STREAM));
    let json = ask(live, token, body, "application/json", "identity");
    for header in ["lineal-total", "lineal-completeness", "lineal-commit", "lineal-next"] {
        assert_eq!(stream.header(header), json.header(header), "{body}: {header}");
    }
    let folder = tempfile::tempdir().unwrap();
    let files = ["answer.arrows", "answer.json"].map(|name| folder.path().join(name));
    std::fs::write(&files[0], &stream.body).unwrap();
    std::fs::write(&files[1], &json.body).unwrap();
    let arguments = files.each_ref().map(|file| file.as_os_str());
    let said = run(&python, "read_arrow.py", &arguments, b"").unwrap();
    assert_eq!(said.code, Some(0), "{body}: {}", said.stderr);
    Some(serde_json::from_str(&said.stdout).unwrap())
}

#[test]
fn arrows_own_library_reads_the_rows_that_json_has_with_the_types_of_the_question() {
    let live = Live::new();
    let token = live.token(Role::Auditor);
    let questions = [
        (
            "find inference as i return i, i.time, i.latency_ms, i.human_override, i.input_hash",
            json!(["node", "timestamp", "float", "bool", "hash"]),
            json!(["string", "timestamp[ns, tz=UTC]", "double", "bool", "string"]),
        ),
        (
            "find inference as i summarize count() as n, max(i.time) - min(i.time) as span by i.decision as d order by d",
            json!(["string", "int", "duration"]),
            json!(["string", "int64", "duration[ns]"]),
        ),
        (
            "find run as r return r, r.params, r.started, r.ended - r.started as took, r.input_hints",
            json!(["node", "map", "timestamp", "duration", "list"]),
            json!(["string", "string", "timestamp[ns, tz=UTC]", "duration[ns]", "string"]),
        ),
        ("find model where name = \"nobody\" return it", json!(["node"]), json!(["string"])),
    ];
    for (question, words, types) in questions {
        let Some(read) = read(&live, &token, &json!({ "query": question })) else { return };
        assert_eq!((&read["words"], &read["types"]), (&words, &types), "{question}");
    }
    let path = format!("trace inference:{HASH} to dataset as d return d, path");
    let found = read(&live, &token, &json!({ "query": path })).unwrap();
    assert_eq!(found["words"], json!(["node", "path"]));
    // Columns of which the question says no type.
    for question in ["show limits", "show kinds"] {
        read(&live, &token, &json!({ "query": question })).unwrap();
    }
}

#[test]
fn a_stream_of_arrow_has_an_end_of_its_own_and_its_pages_one_schema() {
    let live = Live::new();
    let token = live.token(Role::Auditor);
    let mut body = json!({
        "query": "find inference as i return i.event_id, i.time order by i.time, i.event_id", "page": 70,
    });
    // A page of JSON is had again as Arrow, of the commit and the time that it was of.
    let json = ask(&live, &token, &body, "application/json", "identity");
    body["cursor"] = json!(json.header("lineal-cursor").unwrap());
    let plain = ask(&live, &token, &body, ARROW_STREAM, "identity");
    assert!(plain.body.starts_with(&END[..4]) && plain.body.ends_with(&END), "no end");
    let packed = ask(&live, &token, &body, ARROW_STREAM, "gzip");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body == plain.body, "the same bytes each time");
    assert_eq!(plain.header("lineal-next"), json.header("lineal-next"));
    if let Some(read) = read(&live, &token, &body) {
        assert_eq!(read["batches"], 1);
    }
    let refused = ask(&live, &token, &json!({ "query": "find modl" }), ARROW_STREAM, "gzip");
    assert_eq!(refused.problem(), (400, "question".to_owned()));
}

#[test]
fn a_long_answer_comes_in_several_batches() {
    let live = Live::new();
    let token = live.token(Role::Auditor);
    let pairs = json!({
        "query": "find inference as a, model as m return a.event_id, m limit 9000", "page": 10_000,
    });
    if let Some(read) = read(&live, &token, &pairs) {
        let rows = ask(&live, &token, &pairs, "application/json", "gzip").json()["rows"].clone();
        let rows = rows.as_array().unwrap().len() as u64;
        assert!(rows > BATCH_ROWS, "{rows} rows are one batch");
        assert_eq!(read["batches"], rows.div_ceil(BATCH_ROWS));
    }
}
