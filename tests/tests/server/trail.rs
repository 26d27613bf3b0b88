//! The trail: who asked what of a store, in the store itself, and for whom it is.

use crate::client::{Ask, connect, get, post};
use crate::crash::{serve_once, start, token_of};
use crate::intake::event;
use crate::live::{ENDLESS, HASH, Live, SYSTEM, bring, query_with};
use crate::uploads::done;
use lineal_engine::storage::FileStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{Options, Store};
use lineal_query::{Limits, Parameters, Prepared, Request, StoreView};
use lineal_server::{ALL, ROLES, Role};
use lineal_tests::foreign;
use lineal_tests::place::DATABASE;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Stands in questions and parameters, and may stand in no file.
const SECRET: &str = "zq7secretliteral";

fn noted() -> Live {
    Live::with(|config| config.write = true)
}

/// The rows of a question to a store at rest, by somebody with its files.
fn rows(path: &Path, text: &str) -> Vec<Json> {
    let store = Arc::new(Store::open_read_only(path).unwrap());
    let view = StoreView::new(store).unwrap();
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let answer = Prepared::new(text).unwrap().run(&view, &request).unwrap().to_json();
    answer["rows"].as_array().unwrap().clone()
}

fn of(live: &Live, role: Role) -> (String, impl Fn(Ask) -> u16) {
    let token = live.token(role);
    let own = token.clone();
    (own, move |ask: Ask| live.send(ask.token(&token).header("Lineal-Case", "case-7")).status)
}

/// Every file below a folder with its bytes.
fn files(folder: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for inside in std::fs::read_dir(folder).unwrap() {
        let path = inside.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

#[test]
fn every_kind_of_use_leaves_its_entry_or_its_counter_and_no_secret_in_any_file() {
    let mut live = noted();
    let before = Store::open_read_only(live.store()).unwrap().commit();
    let literal = format!("find model where name = \"{SECRET}\" limit 1");
    let with = json!({ "query": "find model where name = $n", "params": { "n": SECRET } });
    let (engineer, by_engineer) = of(&live, Role::Engineer);
    for _ in 0..3 {
        assert_eq!(by_engineer(query_with(json!({ "query": literal }))), 200);
    }
    assert_eq!(by_engineer(query_with(with.clone()).header("Accept", "text/csv")), 200);
    assert_eq!(by_engineer(query_with(json!({ "query": "find access" }))), 403);
    let (investigator, by_investigator) = of(&live, Role::Investigator);
    assert_eq!(by_investigator(query_with(with.clone())), 200);
    assert_eq!(by_investigator(get(format!("/v1/trace?target={HASH}"))), 200);
    assert_eq!(by_investigator(query_with(json!({ "query": "find nothing" }))), 400);
    let (auditor, by_auditor) = of(&live, Role::Auditor);
    assert_eq!(by_auditor(get(format!("/v1/nodes/system/{SYSTEM}"))), 200);
    let (importer, by_importer) = of(&live, Role::Importer);
    let events = json!([event("t-1"), event("t-2")]);
    assert_eq!(by_importer(post("/api/v2/logs", &events)), 202);
    assert_eq!(by_importer(post("/v1/imports", &json!({ "path": "x" }))), 403);
    assert_eq!(by_importer(post("/v1/intake/seal", &json!({}))), 202);
    let (glass, by_glass) = of(&live, Role::BreakGlass);
    assert_eq!(by_glass(get("/v1/stats")), 200);
    for number in 0..40 {
        let forged = format!("{SECRET}{number}");
        assert_eq!(live.send(query_with(with.clone()).token(&forged)).status, 401);
        assert_eq!(live.send(get(format!("/{forged}"))).status, 401);
    }
    // One who leaves before the answer.
    let endless = query_with(json!({ "query": ENDLESS })).token(&engineer);
    let mut leaving = connect(live.address);
    leaving.write_all(&endless.bytes()).unwrap();
    live.until(|| live.metric("lineal_questions_running") == 1);
    drop(leaving);
    live.until(|| live.metric("lineal_questions_running") == 0);
    drop((by_engineer, by_investigator, by_auditor, by_importer, by_glass));
    live.end();

    let path = live.store();
    let all = |condition: &str| {
        rows(
            &path,
            &format!(
                "find access as a where {condition} return a.endpoint, a.role, a.case, a.http_status, a.count, a.results, a.question, a.given order by a.time, a.key"
            ),
        )
    };
    // Exports, reads of what points at a person, writes: one by one.
    let case = json!("case-7");
    let uses = all("a.what = \"use\" and a.outcome != \"denied\"");
    let text = "find model where name = $n";
    let given = format!("{{\"n\":\"{SECRET}\"}}");
    let expected = [
        json!(["POST /v1/query", "engineer", case, 200, 1, 0, text, given]),
        json!(["POST /v1/query", "investigator", case, 200, 1, 0, text, given]),
        json!([
            "GET /v1/trace",
            "investigator",
            case,
            200,
            1,
            null,
            format!("/v1/trace?target={HASH}"),
            null
        ]),
        json!(["POST /v1/query", "investigator", case, 400, 1, null, "find nothing", null]),
        json!([
            "GET /v1/nodes/{kind}/{*key}",
            "auditor",
            case,
            200,
            1,
            null,
            format!("/v1/nodes/system/{SYSTEM}"),
            null
        ]),
        json!(["POST /v1/intake/seal", "importer", case, 202, 1, null, "/v1/intake/seal", null]),
        json!(["GET /v1/stats", "break-glass", case, 200, 1, null, "/v1/stats", null]),
    ];
    for row in &expected {
        assert!(uses.contains(row), "{row} is not in {uses:#?}");
    }
    assert_eq!(uses.len(), expected.len(), "{uses:#?}");
    // Lineage, live intake and denials: counted, as often as they were, with nothing sealed. A minute
    // may have ended in between.
    let count = |condition: &str| -> u64 {
        let counted = all(&format!("a.what = \"count\" and {condition}"));
        assert!((1..=2).contains(&counted.len()), "{condition}: {counted:#?}");
        assert!(counted.iter().all(|row| row[6].is_null() && row[2].is_null()), "{counted:#?}");
        counted.iter().map(|row| row[4].as_u64().unwrap()).sum()
    };
    assert_eq!(
        count(
            "a.role = \"engineer\" and a.endpoint = \"POST /v1/query\" and a.outcome = \"answered\""
        ),
        3
    );
    assert_eq!(
        count(
            "a.role = \"engineer\" and a.endpoint = \"POST /v1/query\" and a.outcome = \"denied\""
        ),
        1
    );
    assert_eq!(
        count("a.role = \"importer\" and a.endpoint = \"POST /api/v2/logs\" and a.results = 2"),
        1
    );
    assert_eq!(
        count(
            "a.role = \"importer\" and a.endpoint = \"POST /v1/imports\" and a.outcome = \"denied\""
        ),
        1
    );
    assert_eq!(
        count("a.token is null and a.endpoint = \"POST /v1/query\" and a.http_status = 401"),
        40
    );
    assert_eq!(count("a.endpoint = \"no endpoint\" and a.http_status = 401"), 40);
    assert_eq!(
        count("a.role = \"engineer\" and a.http_status = 499 and a.outcome = \"failed\""),
        1
    );
    // Who, from where, as of which commit; when the server came and went.
    let ids = rows(
        &path,
        "find access as a where a.what = \"use\" return a.token, a.address, a.before, a.plan is null as bare",
    );
    for row in &ids {
        let tokens = [&engineer, &investigator, &auditor, &importer, &glass];
        let id = row[0].as_str().unwrap();
        assert!(!tokens.iter().any(|text| text.contains(id)), "an id is no part of a token");
        assert_eq!(row[1], "127.0.0.1");
        assert!(row[2].as_u64().unwrap() >= before, "{row}");
    }
    assert!(ids.iter().any(|row| row[3] == false), "a question has a plan");
    let marks = rows(
        &path,
        "find access as a where a.what in [\"start\", \"stop\"] return a.what order by a.time",
    );
    assert_eq!(marks, [json!(["start"]), json!(["stop"])]);
    let made = rows(
        &path,
        "find access as a where a.what = \"token made\" return a.role, a.token is null as bare order by a.role",
    );
    let roles = ["admin", "auditor", "break-glass", "engineer", "importer", "investigator"];
    assert_eq!(made, roles.map(|role| json!([role, false])));
    if let Some(python) = foreign::python("a trail in the second reader", &[]) {
        let read = foreign::run(&python, "read_segment.py", &[path.as_os_str()], b"").unwrap();
        assert_eq!(read.code, Some(0), "{}", read.stderr);
        assert!(read.stdout.contains("\ttrail\taccess\t"), "{}", read.stdout);
    }
    // It is in the log like everything else, it is no import, and nobody takes it back.
    let report = verify(&FileStorage::new(&path), Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
    let imports = rows(&path, "find import as i return i.number");
    let store = Store::open(&path, Options::default()).unwrap();
    let last = store.commit();
    assert!(!imports.contains(&json!([last])), "{imports:?}");
    let error = store.begin(None, None).unwrap().add_retract(last, false, None).unwrap_err();
    assert!(matches!(error, lineal_engine::Error::IsTrail { .. }), "{error}");
    drop(store);
    // Nothing of a token, and no parameter in the clear.
    let mut found = Vec::new();
    files(live.folder.path(), &mut found);
    let secrets = [SECRET, &engineer[7..], &investigator[7..], &importer[7..], "127.0.0.1"];
    for (name, bytes) in &found {
        for secret in secrets {
            let holds = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!holds, "{secret} in {name}");
        }
    }
    assert!(found.len() > 10);
}

#[test]
fn the_trail_is_for_some_roles_and_what_it_seals_for_fewer() {
    let live = noted();
    let (investigator, by_investigator) = of(&live, Role::Investigator);
    assert_eq!(by_investigator(get(format!("/v1/trace?target={HASH}"))), 200);
    let auditor = live.token(Role::Auditor);
    let asked = query_with(json!({ "query": "find access where what = \"use\"" }));
    let early = live.send(asked.token(&auditor));
    assert_eq!(early.header("lineal-completeness"), Some("cannot_tell"), "it waits");
    assert!(early.text().contains("not sealed yet"), "{}", early.text());
    assert_eq!(live.send(post("/v1/trail/seal", &json!({})).token(&auditor)).status, 202);
    let admin = live.token(Role::Admin);
    let sealed = "find access as a where a.what = \"use\" and a.role = \"investigator\" return a";
    live.until(|| live.query(&admin, sealed).ok()["total"] == 1);
    let traces = "find access as a where a.what = \"use\" and a.role = \"investigator\" return a, a.endpoint, a.question";
    let seen = live.query(&auditor, traces).ok();
    assert_eq!(seen["rows"][0][2], format!("/v1/trace?target={HASH}"), "{seen}");
    let name = seen["rows"][0][0].as_str().unwrap().to_owned();
    let path = format!("/v1/nodes/{}", name.replacen(':', "/", 1));
    for role in ROLES {
        let token = live.token(role);
        let ask = |ask: Ask| live.send(ask.token(&token).header("Lineal-Case", "case-7"));
        let plain = ask(query_with(json!({ "query": "find access as a return a, a.endpoint" })));
        let sealed = ask(query_with(json!({ "query": traces })));
        let node = ask(get(&path));
        let (reads, opens) = (role.reads_trail(), role == Role::Auditor);
        assert_eq!(plain.status == 200, reads, "{role}: {}", plain.text());
        assert_eq!(sealed.status == 200, opens, "{role}: {}", sealed.text());
        assert_eq!(node.status == 200, reads, "{role}");
        assert!([200, 403].contains(&plain.status) && [200, 403].contains(&node.status));
        if reads {
            let fields = node.json()["fields"].clone();
            assert_eq!(fields["question"].is_string(), opens, "{role}: {fields}");
            assert_eq!(fields["role"], "investigator");
        }
        let stats = ask(get("/v1/stats"));
        if stats.status == 200 {
            let stats = stats.json();
            assert!(stats["kinds"]["access"].is_null() && stats["trail"]["kept"] == true);
            assert_eq!(stats["trail"]["not_sealed"].is_u64(), reads, "{role}: {stats}");
        }
    }
    // Not for one who sees a part of the store, nor by another word for it.
    let bound = live.bound(Role::Auditor, ALL, SYSTEM);
    assert_eq!(live.send(get(&path).token(&bound)).status, 403);
    assert_eq!(live.send(post("/v1/trail/seal", &json!({})).token(&bound)).status, 403);
    let engineer = live.token(Role::Engineer);
    let (_, key) = name.split_once(':').unwrap();
    for target in [&name, key] {
        let trace = format!("/v1/trace?target={}", target.replace('/', "%2F"));
        assert_eq!(live.send(get(trace).token(&engineer)).status, 404, "{target}");
    }
    for hidden in ["show $x", "find $x", "history of $x"] {
        let body = json!({ "query": hidden, "params": { "x": name } });
        let answer = live.send(query_with(body).token(&engineer));
        let rows = || answer.json()["total"].as_u64();
        assert!(answer.status != 200 || rows() == Some(0), "{hidden}: {}", answer.text());
    }
    for query in [
        "explain find access",
        "profile find access",
        "find model where exists (find access)",
        "show access:x",
        "let a = find access; find model",
    ] {
        let refused = live.query(&engineer, query);
        assert!(refused.status == 403 || refused.status == 400, "{query}: {}", refused.text());
        assert!(!refused.text().contains("/v1/trace"));
    }
    let nodes = live.query(&auditor, "find node as n return n.kind").ok();
    assert!(!nodes["rows"].as_array().unwrap().contains(&json!(["access"])), "node is lineage");
    drop(investigator);
}

#[test]
fn a_known_token_that_is_refused_is_counted_with_its_role_and_held_to_its_rate() {
    let mut live = Live::with(|config| {
        config.write = true;
        // The first is asked for while the token is waited for.
        (config.limits.token_rate, config.limits.token_burst) = (1e-6, 10.0);
    });
    let [importer, investigator, engineer] =
        [Role::Importer, Role::Investigator, Role::Engineer].map(|role| live.token(role));
    let stats = |token: &str| live.send(get("/v1/stats").token(token)).status;
    let asked: Vec<u16> = (0..30).map(|_| stats(&importer)).collect();
    assert_eq!(asked, [[403_u16; 9].as_slice(), &[429; 21]].concat());
    assert_eq!(stats(&investigator), 403, "without a case");
    let erasure = post("/v1/erasures", &json!({})).token(&engineer);
    assert_eq!(live.send(erasure).status, 403);
    live.end();
    let refused = rows(
        &live.store(),
        "find access as a where a.role is not null and a.http_status in [403, 429] return a.role, a.endpoint, a.http_status, a.what, a.token is null as bare, a.count",
    );
    let mut counts = BTreeMap::new();
    for row in &refused {
        assert_eq!((&row[3], &row[4]), (&json!("count"), &json!(false)), "{row}");
        let which = format!("{} {} {}", row[0].as_str().unwrap(), row[1].as_str().unwrap(), row[2]);
        *counts.entry(which).or_insert(0) += row[5].as_u64().unwrap();
    }
    let expected = [
        ("engineer POST /v1/erasures 403", 1),
        ("importer GET /v1/stats 403", 9),
        ("importer GET /v1/stats 429", 21),
        // The first while the token was waited for.
        ("investigator GET /v1/schema 403", 1),
        ("investigator GET /v1/stats 403", 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected.map(|(which, count)| (which.to_owned(), count))));
}

#[test]
fn after_a_use_no_commit_is_told_that_lies_before_it() {
    let mut live = noted();
    let past = format!("/v1/report/annex-iv?target={SYSTEM}&as_of=1");
    let auditor = live.token(Role::Auditor);
    let answer = live.send(get(&past).token(&auditor));
    assert_eq!((answer.status, answer.header("lineal-commit")), (200, Some("1")));
    let now = get(format!("/v1/nodes/system/{SYSTEM}")).token(&auditor);
    assert_eq!(live.send(now).status, 200);
    live.end();
    let uses =
        rows(&live.store(), "find access as a where a.what = \"use\" return a.before, a.after");
    assert_eq!(uses.len(), 2, "{uses:?}");
    for row in &uses {
        let (before, after) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
        assert!(before > 1 && after >= before, "{row}");
    }
}

#[test]
fn a_server_that_only_reads_says_that_it_keeps_no_trail() {
    let live = Live::new();
    let (token, _) = of(&live, Role::Auditor);
    let stats = live.send(get("/v1/stats").token(&token)).ok();
    assert_eq!(stats["trail"]["kept"], false, "{stats}");
    assert!(!live.store().join("trail").exists());
}

#[test]
fn a_server_that_only_reads_keeps_its_trail_in_a_store_of_its_own_where_one_is_named() {
    let mut live = Live::with(|config| {
        let path = config.stores["main"].with_file_name("uses");
        config.trail.path = Some(path);
    });
    let before = Store::open_read_only(live.store()).unwrap().commit();
    let (engineer, by_engineer) = of(&live, Role::Engineer);
    // The store for the trail is nobody's who does not name it.
    assert_eq!(by_engineer(query_with(json!({ "query": "find model limit 1" }))), 200);
    let literal = json!({ "query": format!("find model where name = \"{SECRET}\"") });
    let (_, by_investigator) = of(&live, Role::Investigator);
    assert_eq!(by_investigator(query_with(literal)), 200);
    assert_eq!(live.send(get("/v1/stats")).status, 401);
    let importer = live.token(Role::Importer);
    for store in ["main", "trail"] {
        let ask = post("/api/v2/logs", &event("t-9")).header("Lineal-Store", store);
        assert_eq!(live.send(ask.token(&importer)).problem().1, "read-only", "{store}");
    }
    let auditor = live.token(Role::Auditor);
    let stats = live.send(get("/v1/stats").token(&auditor)).ok();
    assert_eq!(stats["trail"]["in_store"], "trail", "{stats}");
    assert!(stats["trail"]["not_sealed"].as_u64() > Some(0), "{stats}");
    let seal = post("/v1/trail/seal", &json!({})).token(&auditor);
    assert_eq!(live.send(seal).status, 202);
    let asked = json!({
        "query": "find access as a where a.what = \"use\" and a.role = \"investigator\" return a.store, a.question, a.before",
    });
    let ask =
        || live.send(query_with(asked.clone()).token(&auditor).header("Lineal-Store", "trail"));
    live.until(|| ask().ok()["total"] == 1);
    let expected = format!("find model where name = \"{SECRET}\"");
    assert_eq!(ask().ok()["rows"], json!([["main", expected, before]]));
    let denied = json!({ "query": "find access" });
    let refused = query_with(denied).token(&engineer).header("Lineal-Store", "trail");
    assert_eq!(live.send(refused).status, 403, "the trail is for some roles there too");
    drop((by_engineer, by_investigator));
    live.end();
    let uses = live.folder.path().join("uses");
    let counted = rows(
        &uses,
        "find access as a where a.what = \"count\" and a.role = \"engineer\" and a.plan is not null return a.store, a.count, a.outcome order by a.outcome",
    );
    // What is asked of the trail itself is of its own store.
    assert_eq!(counted, [json!(["main", 1, "answered"]), json!([null, 1, "denied"])]);
    let marks = rows(
        &uses,
        "find access as a where a.what in [\"start\", \"stop\"] return a.what order by a.time",
    );
    assert_eq!(marks, [json!(["start"]), json!(["stop"])]);
    let made = rows(&uses, "find access as a where a.what = \"token made\" summarize count() as n");
    assert_eq!(made, [json!([5])], "the first and those of the test");
    assert!(!live.store().join("trail").exists(), "what is only read stays as it is");
    assert_eq!(Store::open_read_only(live.store()).unwrap().commit(), before);
    let report = verify(&FileStorage::new(&uses), Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
    let mut found = Vec::new();
    files(&uses, &mut found);
    let holds =
        |bytes: &[u8]| bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
    assert!(!found.iter().any(|(_, bytes)| holds(bytes)), "questions are sealed");
}

#[test]
fn a_killed_server_has_every_use_that_it_answered_in_its_trail() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    bring(&path, &[DATABASE]);
    let token = token_of(&path, Role::Investigator);
    let mut answered = BTreeSet::new();
    for kill in 0..3 {
        let (mut child, address) = start(&path);
        for number in 0..20 {
            let case = format!("kill-{kill}-{number}");
            let ask = query_with(json!({ "query": "find model limit 1" })).token(&token);
            assert_eq!(ask.header("Lineal-Case", &case).send(address).status, 200);
            answered.insert(case);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    serve_once(&path);
    let cases = rows(&path, "find access as a where a.what = \"use\" return a.case");
    let found: Vec<String> = cases.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect();
    assert_eq!(found.len(), answered.len(), "none is there twice");
    assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), answered);
    let marks = rows(
        &path,
        "find access as a where a.what in [\"start\", \"stop\"] summarize count() as n by a.what order by a.what",
    );
    assert_eq!(
        marks,
        [json!(["start", 4]), json!(["stop", 1])],
        "a start without a stop was killed"
    );
}

/// A tool of the protocol for assistants: what it says, and whether that is a refusal.
fn tool(live: &Live, token: &str, name: &str, arguments: &Json) -> (String, bool) {
    let params = json!({ "name": name, "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let ask = post("/mcp", &message).header("Accept", "application/json, text/event-stream");
    let result = live.send(ask.token(token).header("Lineal-Case", "7")).ok()["result"].clone();
    (
        result["content"][0]["text"].as_str().unwrap_or_default().to_owned(),
        result["isError"] == true,
    )
}

#[test]
fn what_an_assistant_reads_stands_in_the_trail_with_what_it_asked_and_whether_it_was_refused() {
    let mut live = noted();
    let (auditor, engineer) = (live.token(Role::Auditor), live.token(Role::Engineer));
    for (token, name, arguments, is_refused) in [
        (&auditor, "trace", json!({ "target": HASH }), false),
        (&auditor, "trace", json!({ "target": "model:nobody@1" }), true),
        (&auditor, "trace", json!({ "target": 7 }), true),
        (&auditor, "holds", json!({}), false),
        (&auditor, "erasures", json!({}), false),
        (&auditor, "schema", json!({}), false),
        (&auditor, "gate", json!({ "model": "credit-risk-scorer@3" }), false),
        (&engineer, "holds", json!({}), true),
        (
            &engineer,
            "query",
            json!({ "query": "find model where name = $n", "params": { "n": SECRET } }),
            false,
        ),
        (&engineer, "query", json!({ "query": "find nothing" }), true),
    ] {
        let (said, refused) = tool(&live, token, name, &arguments);
        assert_eq!(refused, is_refused, "{name} {arguments}: {said}");
    }
    live.end();
    let path = live.store();
    let seen = rows(
        &path,
        "find access as a where a.endpoint = \"POST /mcp\" and a.what = \"use\" return a.role, a.question, a.given, a.outcome, a.http_status, a.results order by a.time, a.key",
    );
    let target = format!("{{\"target\":\"{HASH}\"}}");
    let given = format!("{{\"n\":\"{SECRET}\"}}");
    let text = "find model where name = $n";
    let expected = [
        json!(["auditor", format!("mcp trace target={HASH}"), target, "answered", 200, null]),
        json!([
            "auditor",
            "mcp trace target=model:nobody@1",
            "{\"target\":\"model:nobody@1\"}",
            "failed",
            404,
            null
        ]),
        json!(["auditor", "mcp trace", "{\"target\":7}", "failed", 400, null]),
        json!(["auditor", "mcp holds", null, "answered", 200, 0]),
        json!(["auditor", "mcp erasures", null, "answered", 200, 0]),
        json!(["auditor", "mcp schema", null, "answered", 200, null]),
        json!([
            "auditor",
            "mcp gate model=credit-risk-scorer@3",
            "{\"model\":\"credit-risk-scorer@3\"}",
            "answered",
            200,
            null
        ]),
        json!(["engineer", text, given, "answered", 200, 0]),
        json!(["engineer", "find nothing", null, "failed", 400, null]),
    ];
    assert_eq!(seen, expected);
    // Denied: counted like every denial, by the tool.
    let denied = rows(
        &path,
        "find access as a where a.endpoint = \"POST /mcp\" and a.outcome = \"denied\" return a.what, a.role, a.plan, a.http_status, a.count",
    );
    assert_eq!(denied, [json!(["count", "engineer", "holds", 403, 1])]);
    let mut found = Vec::new();
    files(live.folder.path(), &mut found);
    let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    assert!(!found.iter().any(|(_, bytes)| holds(bytes)), "parameters are sealed");
}

#[test]
fn a_write_stands_in_the_trail_with_what_was_asked_and_its_end_with_its_commits() {
    let mut live = noted();
    let [admin, officer, engineer] =
        [Role::Admin, Role::PrivacyOfficer, Role::Engineer].map(|role| live.token(role));
    let before = Store::open_read_only(live.store()).unwrap().commit();
    let record = json!({ "record": { "declare_system": {
        "node": "loans", "fields": ["provider=Bank"], "edges": [] } } });
    let hold = json!({ "name": "case-4", "scope": "store", "reason": "authority request" });
    let erasure = json!({
        "events": [HASH], "basis": "GDPR 17(1)(a)", "decision": "R-7", "decided_by": "a@bank.example",
    });
    let alias = json!({ "name": SECRET, "target": "model:credit-risk-scorer" });
    let mut expected = Vec::new();
    for (token, path, body, kind, is_done) in [
        (&admin, "/v1/compact", json!({ "dry_run": true }), "compact", true),
        (&officer, "/v1/holds", hold, "hold", true),
        (&officer, "/v1/erasures", erasure, "erasure", false),
        (&engineer, "/v1/aliases", alias, "alias", true),
        (&engineer, "/v1/records", record, "record", true),
        (
            &admin,
            "/v1/retractions",
            json!({ "import": 1, "reason": "by mistake" }),
            "retraction",
            true,
        ),
        (&admin, "/v1/retractions", json!({ "import": 1 }), "retraction", false),
    ] {
        let taken = live.send(post(path, &body).token(token));
        let id = taken.json()["id"].as_str().unwrap_or_default().to_owned();
        let job = done(&live, token, &taken);
        assert_eq!(job["state"] == "done", is_done, "{path}: {job}");
        if kind != "retraction" && !is_done {
            assert!(!job["problem"]["title"].to_string().contains("import"), "{job}");
        }
        expected.push((path, body, id, kind, is_done, job["report"]["commit"].clone()));
    }
    live.end();
    let path = live.store();
    let all = rows(
        &path,
        "find access as a where a.job is not null return a.what, a.job, a.endpoint, a.question, a.given, a.outcome, a.before, a.after, a.role, a.token order by a.time, a.key",
    );
    assert_eq!(all.len(), 2 * expected.len(), "{all:#?}");
    let mut last = before;
    for (path, mut body, id, kind, is_done, commit) in expected {
        let [asked, ended] = ["use", "job"].map(|what| {
            let mut rows = all.iter().filter(|row| row[0] == what && row[1] == json!(id));
            rows.next().unwrap_or_else(|| panic!("{what} of {kind}: {all:#?}")).clone()
        });
        assert_eq!((&asked[2], &asked[3]), (&json!(format!("POST {path}")), &json!(path)));
        if kind == "erasure" {
            // What names the things must not outlive them.
            body["events"] = json!(1);
        }
        let given: Json = serde_json::from_str(asked[4].as_str().unwrap()).unwrap();
        assert_eq!((given, &asked[5]), (body, &json!("answered")), "{asked}");
        assert!(ended[3].as_str().unwrap().starts_with(&format!("{kind} ")), "{ended}");
        assert_eq!(ended[5], if is_done { "answered" } else { "failed" }, "{ended}");
        assert_eq!(ended[4].is_string(), !is_done, "why: {ended}");
        assert_eq!((&ended[8], &ended[9]), (&asked[8], &asked[9]), "who asked for it");
        let (from, to) = (ended[6].as_u64().unwrap(), ended[7].as_u64().unwrap());
        assert!(from >= last && to >= from, "{ended}");
        // Of a rehearsal it is the commit that was looked at.
        match commit.as_u64().filter(|_| kind != "compact") {
            Some(commit) => assert!(from < commit && commit <= to, "{commit}: {ended}"),
            None => assert_eq!(from, to, "{ended}"),
        }
        last = to;
    }
    let mut found = Vec::new();
    files(&path.join("trail"), &mut found);
    let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
    assert!(!found.iter().any(|(_, bytes)| holds(bytes)), "what was asked is sealed");
}
