//! The log of a server: who asked and how it went, and nothing of what was asked or answered.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use crate::program::{ARCHIVE, DATABASE, Folder, HASH};
use crate::serve::Serving;
use serde_json::{Value as Json, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

fn token(folder: &Folder, role: &str) -> String {
    let made = ["token", "create", "--role", role, "--name", "ada"];
    folder.done(&made).out.trim().to_owned()
}

/// The head and the body of what a server answers.
fn ask(serving: &Serving, token: &str, line: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(&serving.address).unwrap();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nLineal-Case: 2026-17\r\n\
         Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[test]
fn no_line_holds_what_an_assistant_asked_or_was_answered_at_any_level() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let token = token(&folder, "investigator");
    for form in ["text", "json"] {
        folder.write("server.toml", format!("[log]\nlevel = \"trace\"\nform = \"{form}\"\n"));
        let serving = Serving::with(&folder, &["--config", "server.toml", "--no-first-token"]);
        let question = "find inference as i where i.input_hash = $hash return i.session";
        let call = |name: &str, arguments: Json| {
            let params = json!({ "name": name, "arguments": arguments });
            json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })
        };
        let asked = call("query", json!({ "query": question, "params": { "hash": HASH } }));
        let (head, answer) = ask(&serving, &token, "POST /mcp", &asked.to_string());
        assert!(head.starts_with("http/1.1 200") && answer.contains("sess-"), "{head}{answer}");
        for wrong in [
            call("SECRET-tool", json!({})),
            call("trace", json!({ "target": "SECRET-target" })),
            json!({ "jsonrpc": "2.0", "id": 1, "method": "SECRET method" }),
            json!("SECRET-text"),
        ] {
            ask(&serving, &token, "POST /mcp", &wrong.to_string());
        }
        // Our own lines do follow the level.
        let mut broken = TcpStream::connect(&serving.address).unwrap();
        broken.write_all(b"nonsense\r\n\r\n").unwrap();
        let _ = broken.read_to_end(&mut Vec::new());
        let (_, log, code) = serving.end();
        assert_eq!(code, Some(0), "{log}");
        assert!(log.contains("DEBUG") && log.matches("/mcp").count() == 5, "{log}");
        for secret in [HASH, "SECRET", "input_hash", "sess-"] {
            assert!(!log.contains(secret), "{secret} in {log}");
        }
    }
}

#[test]
fn a_job_that_failed_is_told_by_its_kind_and_ids_and_why_to_those_who_may_ask() {
    let folder = Folder::with(&[DATABASE]);
    let token = token(&folder, "privacy-officer");
    let serving = Serving::with(&folder, &["--write", "--no-first-token"]);
    let (hash, person) = ("deadbeef".repeat(8), "actor:anna.mustermann@bank.example");
    let decided = |what: &str, value: Json| {
        let mut body =
            json!({ "basis": "b", "decision": "d", "decided_by": "officer@bank.example" });
        body[what] = value;
        body.to_string()
    };
    let mut told = Vec::new();
    for (body, named) in [
        (decided("events", json!([hash])), hash.as_str()),
        (decided("fields", json!([{ "node": person, "field": "email" }])), person),
    ] {
        let (head, answer) = ask(&serving, &token, "POST /v1/erasures", &body);
        assert!(head.starts_with("http/1.1 202"), "{head}{answer}");
        let id = serde_json::from_str::<Json>(&answer).unwrap()["id"].as_str().unwrap().to_owned();
        let line = format!("GET /v1/imports/{id}");
        let mut job = Json::Null;
        for _ in 0..1_000 {
            job = serde_json::from_str(&ask(&serving, &token, &line, "").1).unwrap();
            if job["state"] == "failed" {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(job["problem"]["type"], "urn:lineal:problem:refused", "{job}");
        assert!(job["problem"]["detail"].as_str().unwrap().contains(named), "{job}");
        let request = head.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
        told.push((id, request.to_owned()));
    }
    let (_, log, _) = serving.end();
    let failed: Vec<&str> = log.lines().filter(|line| line.contains("a job failed")).collect();
    assert_eq!(failed.len(), told.len(), "{log}");
    for (line, (job, request)) in failed.iter().zip(&told) {
        for part in [("job", job.as_str()), ("request_id", request), ("problem", "refused")] {
            let field = format!("{}=\"{}\"", part.0, part.1);
            assert!(line.contains(&field), "{field}: {line}");
        }
        assert!(line.contains("kind=\"erasure\""), "{line}");
    }
    assert!(!log.contains(&hash) && !log.contains("anna") && !log.contains("officer@"), "{log}");
}

#[test]
fn who_is_refused_for_their_role_is_named_by_token_and_role() {
    let folder = Folder::with(&[]);
    let token = token(&folder, "importer");
    let listed = folder.done(&["token", "list", "--json"]).json();
    let id = listed[0]["id"].as_str().unwrap();
    let serving = Serving::with(&folder, &["--no-first-token"]);
    assert!(ask(&serving, &token, "GET /v1/stats", "").0.starts_with("http/1.1 403"));
    let (_, log, _) = serving.end();
    let line = log.lines().find(|line| line.contains("status=403")).unwrap();
    let who = format!("token=\"{id}\" role=\"importer\" case=\"2026-17\" problem=\"forbidden\"");
    assert!(line.contains(&who), "{line}");
}
