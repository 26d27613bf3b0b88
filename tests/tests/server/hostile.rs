//! Requests that are none, or too much: each is refused, and the server goes on.

use crate::client::{Reply, connect, get, post};
use crate::live::{Live, query_with};
use lineal_query::told::{Asker, Lineage, Untold, describe, names_beginning, resolve, trace_json};
use lineal_server::Role;
use lineal_tests::place::{DATABASE, Place};
use serde_json::{Value as Json, json};
use std::cell::Cell;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// The status of whatever comes back; none where the connection is closed without a word.
fn status(live: &Live, bytes: &[u8]) -> Option<u16> {
    let mut stream = connect(live.address);
    // It may be closed while this is still written.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut back = Vec::new();
    let _ = stream.read_to_end(&mut back);
    (!back.is_empty()).then(|| Reply::read(&back).status)
}

#[test]
fn what_is_no_http_is_refused_and_harms_nobody() {
    let live = Live::new();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(5_000));
    let requests: [&[u8]; 11] = [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/query HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /v1/query HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\x00B: c\r\n\r\n",
        b"GET /v1/nodes/%ff/%ff HTTP/1.1\r\nHost: x\r\n\r\n",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for request in requests {
        let status = status(&live, request);
        let start = String::from_utf8_lossy(&request[..request.len().min(40)]).into_owned();
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{start:?} {status:?}");
        assert_eq!(live.send(get("/healthz")).status, 200, "after {start:?}");
    }
}

#[test]
fn a_head_is_no_longer_than_it_may_be() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let ask = |bytes: usize| {
        live.send(get("/v1/schema").token(&token).header("x-more", &"a".repeat(bytes)))
    };
    assert_eq!(ask(32_000).status, 200);
    let refused = ask(40_000);
    assert_eq!(refused.status, 431, "{}", refused.text());
    assert!(refused.text().contains("more than 32768 bytes"), "{}", refused.text());
    assert_eq!(ask(1_000).status, 200);
}

#[test]
fn bodies_that_are_wrong_are_told_what_is_wrong() {
    let live = Live::with(|config| config.limits.body_bytes = 10_000);
    let token = live.token(Role::Engineer);
    let send = |body: &str| live.send(post("/v1/query", &Json::Null).body(body).token(&token));
    let deep = "[".repeat(9_000);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{}",
        &deep,
        r#"{"query":1}"#,
        r#"{"qery":"find model"}"#,
        r#"{"query":"find model","plan_id":"x"}"#,
        r#"{"query":"find model","page":0}"#,
        r#"{"query":"find model","page":-1}"#,
        r#"{"query":"find model","limits":{"row":1}}"#,
        r#"{"query":"find model","params":{"x":1}}"#,
        r#"{"query":"find model where name = $n"}"#,
        r#"{"query":"find model where name = $n","params":{"n":null}}"#,
        r#"{"query":""}"#,
        "{\"query\":\"find\u{0}model\"}",
    ] {
        let reply = send(body);
        assert!(matches!(reply.problem().0, 400 | 422), "{body}: {}", reply.text());
    }
    let unknown = query_with(json!({ "query": "find model upstream of run:nowhere" }));
    let unknown = live.send(unknown.token(&token));
    assert_eq!(unknown.problem(), (422, "question".to_owned()));
    assert_eq!(unknown.json()["errors"][0]["code"], "R001");
    assert_eq!(send(&"x".repeat(10_001)).problem(), (413, "too-large".to_owned()));
    let packed = query_with(json!({ "query": "find model" })).header("Content-Encoding", "gzip");
    assert_eq!(live.send(packed.token(&token)).problem().0, 415, "no bomb is unpacked");
    let other = post("/v1/query", &json!({})).header("Content-Type", "text/plain");
    let plain = crate::client::get("/v1/query").body("x").token(&token);
    assert_eq!(live.send(plain).problem().0, 400, "neither query nor plan");
    assert!(live.send(other.token(&token)).problem().0 >= 400);
    for path in [
        "/v1/trace",
        "/v1/trace?target=a&target=b",
        "/v1/trace?target=a&as_of=x",
        "/v1/trace?target=credit-risk-scorer@3&as_of=999",
        "/v1/stats?stor=main",
        "/v1/batches?page=x",
        "/v1/batches?cursor=x",
        "/v1/query?query=find%20model&params=%5B",
    ] {
        assert_eq!(live.send(get(path).token(&token)).problem().0, 400, "{path}");
    }
    for path in [
        "/v1/nodes/nokind/x",
        "/v1/nodes/model/..%2f..%2fetc%2fpasswd",
        "/v2/query",
        "/v1/query/x",
        "/../etc/passwd",
        "//v1/stats",
        "/v1/nodes/model/",
    ] {
        assert_eq!(live.send(get(path).token(&token)).problem().0, 404, "{path}");
    }
    let wrong = post("/v1/stats", &json!({})).token(&token);
    assert_eq!(live.send(wrong).problem(), (405, "method-not-allowed".to_owned()));
    assert_eq!(live.send(get("/v2/query")).problem().0, 401, "strangers are told nothing");
}

#[test]
fn who_is_slow_or_silent_is_not_waited_for() {
    let live = Live::with(|config| {
        config.limits.head_seconds = 1;
        config.limits.request_seconds = 2;
    });
    let token = live.token(Role::Engineer);
    let closed_after = |begin: &[u8]| {
        let begun = Instant::now();
        let mut stream = connect(live.address);
        stream.write_all(begin).unwrap();
        let mut back = Vec::new();
        let _ = stream.read_to_end(&mut back);
        (begun.elapsed(), back)
    };
    let patience = Duration::from_secs(15);
    let (waited, _) = closed_after(b"");
    assert!(waited < patience, "a connection without a word: {waited:?}");
    let (waited, _) = closed_after(b"GET / HTTP/1.1\r\nHost");
    assert!(waited < patience, "half a head: {waited:?}");
    let (waited, back) = closed_after(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(waited < patience, "one that idles behind a request: {waited:?}");
    assert_eq!(Reply::read(&back).status, 200);
    let head = format!(
        "POST /v1/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{{"
    );
    let (waited, back) = closed_after(head.as_bytes());
    assert!(waited < patience, "half a body: {waited:?}");
    assert_eq!(Reply::read(&back).status, 408);
}

#[test]
fn a_body_that_says_it_is_too_large_is_refused_before_it_is_waited_for() {
    let live = Live::with(|config| {
        config.write = true;
        config.limits.request_seconds = 4;
        config.intake.upload_seconds = 4;
    });
    let importer = live.token(Role::Importer);
    for (path, kind) in [
        ("/api/v2/logs", "application/json"),
        ("/v1/intake/seal", "application/json"),
        ("/v1/imports", "application/json"),
        ("/v1/imports", "application/octet-stream"),
    ] {
        let begun = Instant::now();
        let mut stream = connect(live.address);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {importer}\r\nContent-Type: {kind}\r\nContent-Length: 99999999999999\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut back = Vec::new();
        let _ = stream.read_to_end(&mut back);
        assert_eq!(Reply::read(&back).problem(), (413, "too-large".to_owned()), "{path} {kind}");
        assert!(begun.elapsed() < Duration::from_secs(4), "{path} {kind}: {:?}", begun.elapsed());
    }
}

#[test]
fn who_takes_nothing_of_an_answer_is_closed() {
    let live = Live::with(|config| config.limits.stalled_seconds = 1);
    let token = live.token(Role::Auditor);
    let many = "find inference as a, inference as b \
        return a.key as ak, b.key as bk, a.event_id as a, b.event_id as b, a.host as h";
    let ask = query_with(json!({ "query": many })).token(&token).header("Accept", "text/csv");
    let mut deaf = connect(live.address);
    deaf.write_all(&ask.bytes()).unwrap();
    let mut begin = [0; 15];
    deaf.read_exact(&mut begin).unwrap();
    // The one that asks for the metrics is counted too.
    assert_eq!(live.metric("lineal_connections"), 2);
    live.until(|| live.metric("lineal_connections") == 1);
}

#[test]
fn who_takes_a_large_answer_steadily_has_it_whole() {
    let live = Live::with(|config| {
        config.limits.head_seconds = 1;
        config.limits.page_rows = 200_000;
    });
    let token = live.token(Role::Engineer);
    let many = "find inference as a, inference as b \
        return a.key as ak, b.key as bk, a.event_id as a, b.event_id as b, a.host as h";
    let ask = query_with(json!({ "query": many, "page": 200_000 })).token(&token);
    let mut steady = connect(live.address);
    steady.write_all(&ask.bytes()).unwrap();
    let (mut back, mut part) = (Vec::new(), vec![0; 64 << 10]);
    let mut begun = None;
    while let Ok(count @ 1..) = steady.read(&mut part) {
        back.extend_from_slice(&part[..count]);
        let begun = begun.get_or_insert_with(Instant::now);
        if begun.elapsed() < Duration::from_secs(3) {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    let head = back.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let text = String::from_utf8_lossy(&back[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("it is sent as one").parse().unwrap();
    assert!(length > 12 << 20, "more than the system keeps of it: {length}");
    assert_eq!(back.len() - head - 4, length);
}

#[test]
fn idle_connections_make_room_for_others_and_who_is_being_answered_keeps_the_place() {
    let live = Live::with(|config| {
        config.limits.connections = 8;
        // Long enough that nobody is let in because somebody was closed for idling.
        config.limits.head_seconds = 120;
        config.limits.token_requests = 8;
    });
    let token = live.token(Role::Engineer);
    let body = json!({ "query": crate::live::ENDLESS, "limits": { "seconds": 3 } });
    let mut asking = connect(live.address);
    asking.write_all(&query_with(body).token(&token).bytes()).unwrap();
    live.until(|| live.metric("lineal_questions_running") == 1);
    let begun = Instant::now();
    let idle: Vec<_> = (0..200).map(|_| connect(live.address)).collect();
    let half: Vec<_> = (0..40)
        .map(|_| {
            let mut stream = connect(live.address);
            let _ = stream.write_all(b"GET /v1/stats HTTP/1.1\r\nHost");
            stream
        })
        .collect();
    for _ in 0..20 {
        assert_eq!(live.send(get("/healthz")).status, 200);
        assert_eq!(live.query(&token, "find model limit 1").status, 200);
    }
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(60), "its turn comes at once: {waited:?}");
    assert!(live.metric("lineal_connections_closed_total") > 200);
    let mut back = Vec::new();
    asking.read_to_end(&mut back).unwrap();
    let answer = Reply::read(&back);
    assert_eq!((answer.status, answer.header("lineal-completeness")), (200, Some("truncated")));
    drop((idle, half));
}

#[test]
fn nobody_waits_for_a_body_that_no_one_reads() {
    let live = Live::new();
    let mut stream = connect(live.address);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n").unwrap();
    let mut begin = [0; 15];
    stream.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200 OK");
}

#[test]
fn a_trace_ends_wherever_its_asker_leaves() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE]);
    let view = place.view();
    let target = resolve(&view, "model:credit-risk-scorer@3").unwrap();
    // Asks every time whether to go on, and is told so for a while.
    let told = |patience: usize| {
        let asked = Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > patience
        };
        let asker = Asker { stop: &stop, ..Asker::ANYBODY };
        let told = Lineage::of(&view, &target, &asker).and_then(|lineage| {
            let mut json = trace_json(&view, "x", &target, &lineage, &asker)?;
            describe(&mut json, &view, &lineage, &asker)?;
            Ok(lineage.nodes.len())
        });
        (told, asked.get())
    };
    let (whole, steps) = told(usize::MAX);
    let nodes = whole.unwrap();
    assert!(nodes > 3 && steps > 3 * nodes, "{steps} looks at {nodes} nodes");
    for patience in 0..steps {
        let (cut, asked) = told(patience);
        assert!(matches!(cut, Err(Untold::Stopped)), "{patience}: {cut:?}");
        assert_eq!(asked, patience + 1, "it went on");
    }
}

#[test]
fn a_trace_is_cut_at_its_most_edges_and_claims_nothing_beyond() {
    let target = "/v1/trace?told=true&target=model:credit-risk-scorer@3";
    let traced = |edges: u64| {
        let live = Live::with(|config| config.limits.trace_edges = edges);
        let token = live.token(Role::Engineer);
        live.send(get(target).token(&token)).ok()
    };
    let whole = traced(1_000);
    let edges = whole["edges"].as_array().unwrap().len();
    assert!(edges > 3 && whole["recorded"] == true, "{whole}");
    assert_ne!(whole["completeness"], "truncated");
    assert_eq!(traced(edges as u64)["edges"], whole["edges"], "just as many are not too many");
    let cut = traced(edges as u64 - 1);
    assert_eq!(cut["completeness"], "truncated", "{cut}");
    assert!(cut["edges"].as_array().unwrap().len() < edges);
    let said = format!("truncated: more than {} edges lie upstream", edges - 1);
    assert!(cut["findings"][0].as_str().unwrap().starts_with(&said), "{cut}");
    assert!(cut["finding_lines"][0][0].as_str().unwrap().starts_with(&said), "{cut}");
    let none = traced(0);
    assert_eq!((&none["recorded"], &none["training_data"]), (&json!(null), &json!([])), "{none}");
}

#[test]
fn a_look_for_names_that_time_ends_says_so() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE]);
    let view = place.view();
    let whole = names_beginning(&view, "model:cre", |kind| view.nodes_of(kind));
    assert!(whole.all && !whole.cut_by_time && whole.names.len() > 1, "{whole:?}");
    let slow = |kind| {
        view.nodes_of(kind).inspect(|_| std::thread::sleep(std::time::Duration::from_millis(150)))
    };
    let cut = names_beginning(&view, "model:cre", slow);
    assert!(!cut.all && cut.cut_by_time && cut.names.len() < whole.names.len(), "{cut:?}");
}
