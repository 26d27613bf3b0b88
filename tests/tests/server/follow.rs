//! A server beside a writer, beside an administrator with a file of tokens, and at its end.

use crate::client::{Reply, connect, get};
use crate::live::{ENDLESS, Live, bring, query_with};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_server::Role;
use serde_json::json;
use std::io::{Read, Write};

#[test]
fn what_a_writer_commits_is_answered() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let events =
        || live.query(&token, "find inference summarize count() as n").ok()["rows"][0][0].clone();
    let before = live.send(get("/v1/stats").token(&token)).ok();
    assert_eq!(before["events"], 300);
    assert_eq!(before["trail"]["kept"], false, "it says that it keeps none");
    bring(&live.store(), &["datadog-art12-b-dotted"]);
    live.until(|| live.send(get("/v1/stats").token(&token)).ok()["commit"] != before["commit"]);
    assert_ne!(events(), json!(300));
    assert_eq!(live.send(get("/readyz")).status, 200);
    // A store that cannot be read any more is answered as it was, and said to be behind.
    std::fs::write(live.store().join("head"), b"torn").unwrap();
    live.until(|| live.send(get("/readyz")).status == 503);
    assert_ne!(events(), json!(0));
    assert_eq!(live.metric("lineal_store_behind{store=\"main\"}"), 1);
}

#[test]
fn tokens_come_and_go_while_the_server_runs() {
    let live = Live::new();
    let token = live.token(Role::Engineer);
    let status = |token: &str| live.send(get("/v1/schema").token(token)).status;
    assert_eq!(status(&token), 200);
    let id = live.tokens.read().unwrap().last().unwrap().id.clone();
    live.tokens.revoke(&id, SystemClock.now()).unwrap();
    live.until(|| status(&token) == 401);
    assert_eq!(status(&live.first_token), 200);
    // A slip of an editor locks nobody out; a file that is gone lets nobody in.
    let path = live.tokens.path().to_owned();
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, b"{").unwrap();
    live.until(|| live.metric("lineal_token_file_faults_total") > 0);
    std::fs::write(&path, good).unwrap();
    assert_eq!(status(&live.first_token), 200);
    std::fs::remove_file(&path).unwrap();
    live.until(|| status(&live.first_token) == 401);
}

#[test]
fn who_leaves_frees_the_thread_of_his_question() {
    let live = Live::with(|config| {
        config.limits.threads = 1;
        // No deadline ends it while the test waits.
        config.limits.request_seconds = 600;
    });
    let token = live.token(Role::Engineer);
    let ask = query_with(json!({ "query": ENDLESS })).token(&token);
    let mut stream = connect(live.address);
    stream.write_all(&ask.bytes()).unwrap();
    live.until(|| live.metric("lineal_questions_running") == 1);
    drop(stream);
    live.until(|| live.metric("lineal_questions_running") == 0);
    assert_eq!(live.query(&token, "find model limit 1").status, 200);
}

#[test]
fn at_the_end_what_runs_is_answered() {
    let mut live = Live::new();
    let token = live.token(Role::Engineer);
    let body = json!({ "query": ENDLESS, "limits": { "seconds": 2 } });
    let mut stream = connect(live.address);
    stream.write_all(&query_with(body).token(&token).bytes()).unwrap();
    live.until(|| live.metric("lineal_questions_running") == 1);
    live.stop();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = Reply::read(&bytes);
    assert_eq!(answer.ok()["completeness"]["state"], "truncated");
    live.end();
    assert!(std::net::TcpStream::connect(live.address).is_err(), "nobody listens any more");
}
