//! Traces of requests for a collector: what they say, what they never say, and that nobody waits for it.

use crate::client::{Reply, get};
use crate::live::{HASH, Live, query_with};
use lineal_server::{Role, Telemetry};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// A collector of a few lines: keeps what is posted to it, head and body.
struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<(String, Json)>>>,
}

impl Collector {
    fn new() -> Collector {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, taken) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<_>>>::default());
        let kept = Arc::clone(&taken);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, mut bytes) = (stream.unwrap(), Vec::new());
                let mut part = [0; 4_096];
                let body = loop {
                    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
                    let head = end.map(|end| String::from_utf8(bytes[..end].to_vec()).unwrap());
                    let length = head.as_deref().and_then(|head| {
                        let line =
                            head.lines().find(|l| l.to_lowercase().starts_with("content-length:"));
                        line?.split(": ").nth(1)?.parse::<usize>().ok()
                    });
                    if let (Some(end), Some(head), Some(length)) = (end, head, length)
                        && bytes.len() >= end + 4 + length
                    {
                        break (head, serde_json::from_slice(&bytes[end + 4..]).unwrap());
                    }
                    let count = stream.read(&mut part).unwrap();
                    assert!(count > 0, "a request that broke off");
                    bytes.extend_from_slice(&part[..count]);
                };
                kept.lock().unwrap().push(body);
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                stream.write_all(answer).unwrap();
            }
        });
        Collector { address, taken }
    }

    fn spans(&self) -> Vec<Json> {
        let taken = self.taken.lock().unwrap();
        let all = taken.iter().map(|(_, body)| &body["resourceSpans"][0]["scopeSpans"][0]["spans"]);
        all.flat_map(|spans| spans.as_array().unwrap().clone()).collect()
    }
}

fn told(address: SocketAddr) -> Telemetry {
    let endpoint = format!("http://{address}/v1/traces");
    Telemetry { endpoint, service: "lineal-test".to_owned(), ca: None }
}

fn attributes(span: &Json) -> BTreeMap<String, Json> {
    let all = span["attributes"].as_array().unwrap().iter();
    all.map(|each| {
        let value = each["value"].as_object().unwrap().values().next().unwrap();
        (each["key"].as_str().unwrap().to_owned(), value.clone())
    })
    .collect()
}

#[test]
fn a_span_tells_of_each_request_what_the_log_tells_and_holds_nothing_that_was_asked() {
    let collector = Collector::new();
    let address = collector.address;
    let mut live = Live::with(|config| config.telemetry = Some(told(address)));
    let token = live.token(Role::Investigator);
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let ask = query_with(json!({ "query": "find inference:$h", "params": { "h": HASH } }));
    let ask = ask.token(&token).header("Lineal-Case", "case-secret-9");
    let known = live.send(ask.header("traceparent", &format!("00-{trace}-{parent}-01")));
    assert_eq!(known.status, 200, "{}", known.text());
    let unsampled = get("/v1/stats").token(&token).header("Lineal-Case", "case-secret-9");
    let unsampled = live.send(unsampled.header("traceparent", &format!("00-{trace}-{parent}-00")));
    assert_eq!(unsampled.status, 200);
    let stranger = live.send(
        get(format!("/v1/trace?target={HASH}"))
            .header("traceparent", &format!("00-{trace}-{parent}-01")),
    );
    assert_eq!(stranger.status, 401);
    live.end();
    let spans = collector.spans();
    let of = |reply: &Reply| {
        let id = json!(reply.header("x-request-id").unwrap());
        let own: Vec<&Json> =
            spans.iter().filter(|span| attributes(span)["lineal.request_id"] == id).collect();
        assert!(own.len() < 2, "once: {own:?}");
        own.first().map(|span| (*span).clone())
    };
    let span = of(&known).expect("it is told");
    assert_eq!((&span["traceId"], &span["parentSpanId"]), (&json!(trace), &json!(parent)));
    assert_eq!((&span["name"], &span["kind"]), (&json!("POST /v1/query"), &json!(2)));
    let number = |name: &str| span[name].as_str().unwrap().parse::<i64>().unwrap();
    assert!(number("startTimeUnixNano") < number("endTimeUnixNano"), "{span}");
    assert!(span["spanId"] != parent && span["spanId"].as_str().unwrap().len() == 16, "{span}");
    let said = attributes(&span);
    for (key, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/v1/query"),
        ("http.response.status_code", "200"),
        ("lineal.role", "investigator"),
        ("lineal.store", "main"),
    ] {
        assert_eq!(said[key], value, "{key}");
    }
    assert_eq!(of(&unsampled), None, "whoever began the trace does not want it told");
    let denied = of(&stranger).expect("it is told");
    assert_ne!(denied["traceId"], trace, "a stranger writes into nobody's trace");
    assert!(denied["parentSpanId"].is_null() && denied["status"].is_null(), "{denied}");
    assert_eq!(attributes(&denied)["error.type"], "unauthenticated");
    assert_eq!(attributes(&denied)["http.route"], "/v1/trace");
    let taken = collector.taken.lock().unwrap();
    let all = format!("{taken:?}");
    for secret in [HASH, "case-secret-9", &token[7..], "find inference", "127.0.0.1:"] {
        let is_ours =
            secret == "127.0.0.1:" && !all.replace(&address.to_string(), "").contains(secret);
        assert!(is_ours || !all.contains(secret), "{secret}");
    }
    let (head, body) = &taken[0];
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    let service = &body["resourceSpans"][0]["resource"]["attributes"][0];
    assert_eq!(service["value"]["stringValue"], "lineal-test");
}

#[test]
fn a_collector_that_is_not_there_is_counted_and_waited_for_by_nobody() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let live = Live::with(|config| config.telemetry = Some(told(nobody)));
    let token = live.token(Role::Engineer);
    assert_eq!(live.send(get("/v1/stats").token(&token)).status, 200);
    live.until(|| live.metric("lineal_spans_dropped_total") > 0);
    assert_eq!(live.send(get("/v1/stats").token(&token)).status, 200);
}
