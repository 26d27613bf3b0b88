//! Questions of one who is bound to systems: any may be asked, and what is not of these systems might
//! as well not be in the store.

use crate::client::{get, post};
use crate::live::{HASH, Live, SYSTEM, bring, query_with};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeDraft, Options, Store};
use lineal_proof::Key;
use lineal_server::{Role, TYPED_ANSWER};
use lineal_tests::log_lines::{Line, write};
use lineal_tests::questions::QUESTIONS;
use lineal_tests::sample::{saying, texts};
use serde_json::{Value as Json, json};
use std::path::Path;

/// Stands in every name of the other system.
const RIVAL: &str = "rival";
/// An input of version 2 of the bundled logs.
const OTHER: &str = "004887c4eb5dc1a2dc77787887cfb5b569544b71eb98ebb3e6be576b53c011c7";

/// Questions beside those of `lineal_tests`: by every way on which something might come along.
const MORE: [&str; 26] = [
    "find node summarize count() as n by kind(it) as kind",
    "find node order by name limit 500",
    "find inference summarize count() as n",
    "find inference as i summarize count() as n by month(i.time) as m",
    "find inference as i served_by deployment as d summarize count() as n, max(i.latency_ms) as m by d.service",
    "find batch as b summarize sum(b.count) as n",
    "find actor return it, name",
    "find import",
    "find model as m, model as n where m.name != n.name return m, n limit 50",
    "find model where name matches \".*\" order by name",
    "find run as r produces model as m return r, m",
    "find dataset as d trains run as r return d, r order by d.key",
    "find deployment downstream of dataset:applications_2025q3-train@f6490d4d",
    "find model where not exists (find approval approves model)",
    "find node where deleted = true or missing = true",
    "find model upstream of inference:$hash as of 1",
    "explain find inference as i served_by deployment as d summarize count() as n by d.service",
    "profile find model as m produced_by run as r return m, r",
    "history model:credit-risk-scorer@3",
    "diff model:credit-risk-scorer@2 with model:credit-risk-scorer@3",
    "verify model:credit-risk-scorer@3",
    "find model:nowhere@1",
    "find model:credit-risk-scorre@3",
    "find node:nowhere",
    "find #0000000000000000000000000000000000000000000000000000000000000000",
    "find inference:00000000000000000000000000000000",
];

/// What another system made of the same data, and its own logs.
fn rival(path: &Path, folder: &Path) {
    let store = Store::open(path, Options::default()).unwrap();
    let view = store.snapshot().unwrap();
    let model = view.find(Some(Kind::Model), "credit-risk-scorer@3")[0];
    let run = view.edges(model, Relation::ProducedBy, Direction::Forward)[0];
    let data = view.edges(run, Relation::TrainedOn, Direction::Forward)[0];
    let (run, data, ours) = (view.key_of(run), view.key_of(data), view.key_of(model));
    let mut transaction = store.begin(None, None).unwrap();
    let say = saying("other", "test", 1);
    let key = |name: &str| Key::text(format!("{RIVAL}-{name}"));
    transaction.add_node(&say, NodeDraft::new(Kind::System, key("system"))).unwrap();
    let mut theirs = NodeDraft::new(Kind::Model, texts(&["other", "rival-model", "1"]));
    theirs.link(Relation::BelongsTo, Kind::System, key("system"));
    theirs.link(Relation::ProducedBy, Kind::Run, run);
    transaction.add_node(&say, theirs).unwrap();
    // Our model, put to use by them.
    let served = texts(&["rival-api", "prod", "eu", "credit-risk-scorer", "3"]);
    let mut used = NodeDraft::new(Kind::Deployment, served);
    used.link(Relation::Deploys, Kind::Model, ours);
    used.link(Relation::BelongsTo, Kind::System, key("system"));
    transaction.add_node(&say, used).unwrap();
    // A run that used the same data, and a name that is nearly ours.
    let mut trained = NodeDraft::new(Kind::Run, texts(&["rival-run"]));
    trained.link(Relation::TrainedOn, Kind::Dataset, data);
    transaction.add_node(&say, trained).unwrap();
    let near = texts(&["other", "credit-risk-scorre", "3"]);
    transaction.add_node(&say, NodeDraft::new(Kind::Model, near)).unwrap();
    transaction.commit().unwrap();
    drop((view, store));
    let line = |number: u32| Line {
        model: "rival-model",
        version: Some("1"),
        service: "rival-service".to_owned(),
        ..Line::number(number)
    };
    let logs = folder.join("rival-logs").join("part.json");
    write(&logs, (0..50).map(line)).unwrap();
    let text = std::fs::read_to_string(&logs).unwrap();
    let text = text.replace(SYSTEM, "rival-system") + "{\"attributes\": {\"art12\": 7}}\n{\n";
    std::fs::write(&logs, text).unwrap();
    bring(path, &[logs.to_str().unwrap()]);
}

/// A server, and one that holds the rival's things too, each with an auditor of our system.
fn both() -> [(Live, String); 2] {
    let folder = tempfile::tempdir().unwrap();
    let alone = Live::new();
    // The same store, so that what is named by its keys has the same names.
    let beside = Live::with(|config| {
        let path = &config.stores["main"];
        std::fs::remove_dir_all(path).unwrap();
        copy(&alone.store(), path);
        std::fs::remove_file(path.join("tokens.json")).unwrap();
        rival(path, folder.path());
    });
    [alone, beside].map(|live| {
        let token = live.bound(Role::Auditor, "*", SYSTEM);
        (live, token)
    })
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for inside in std::fs::read_dir(from).unwrap() {
        let inside = inside.unwrap();
        let (from, to) = (inside.path(), to.join(inside.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

fn asked(text: &str) -> Json {
    let mut body = json!({ "query": text });
    for (name, value) in [("hash", HASH), ("other", OTHER)] {
        if text.contains(&format!("${name}")) {
            body["params"][name] = json!(value);
        }
    }
    body
}

/// What is told, but for what tells of the log as a whole: how long it is and when it was written.
fn told(mut json: Json) -> Json {
    fn strip(json: &mut Json) {
        match json {
            Json::Object(members) => {
                for name in ["commit", "recorded", "request_id", "next", "now"] {
                    members.remove(name);
                }
                members.values_mut().for_each(strip);
            }
            Json::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut json);
    json
}

#[test]
fn what_another_system_has_changes_no_answer_to_a_token_of_ours() {
    let [(alone, ours), (beside, same)] = both();
    let all = beside.token(Role::Auditor);
    let rivals = beside.query(&all, "find node order by name").text();
    assert!(rivals.matches(RIVAL).count() > 4, "there is something to be hidden: {rivals}");
    let (mut answered, mut rows) = (0, 0);
    for text in QUESTIONS.iter().chain(&MORE) {
        let ask = |live: &Live, token: &str| live.send(query_with(asked(text)).token(token));
        let (one, two) = (ask(&alone, &ours), ask(&beside, &same));
        assert!(!two.text().contains(RIVAL), "{text}: {}", two.text());
        assert!(one.status != 403 && one.status < 500, "{text}: {}", one.text());
        assert_eq!(one.status, two.status, "{text}: {}", two.text());
        let (mut one, mut two) = (told(one.json()), told(two.json()));
        // When lines were read, and that some could not be, is the one thing told of the whole store.
        let unread = "lines of a log could not be read";
        if two.to_string().contains(unread) {
            (one["completeness"], two["completeness"]) = (Json::Null, Json::Null);
        }
        // How long steps took is another each time, and the digest of the rows with it.
        for told in [&mut one, &mut two].into_iter().filter(|_| text.starts_with("profile")) {
            told["hash"] = Json::Null;
            for row in told["rows"].as_array_mut().unwrap() {
                row.as_array_mut().unwrap().pop();
            }
        }
        assert_eq!(one, two, "{text}");
        answered += usize::from(one["rows"].is_array());
        rows += one["rows"].as_array().map_or(0, Vec::len);
    }
    assert!(answered > 40 && rows > 100, "{answered} answered with {rows} rows");
}

#[test]
fn the_answers_of_a_bound_token_say_what_they_leave_out() {
    let [_, (live, bound)] = both();
    let answer = live.query(&bound, "find system return it").ok();
    assert_eq!(answer["rows"], json!([[format!("system:{SYSTEM}")]]));
    assert_eq!(answer["withheld"], json!(["what is not of the systems of this token"]));
    for form in ["application/x-ndjson", TYPED_ANSWER, "text/csv"] {
        let body = json!({ "query": "find node", "with": [] });
        let reply = live.send(query_with(body).token(&bound).header("Accept", form));
        assert_eq!(reply.status, 200, "{form}: {}", reply.text());
        assert!(!reply.text().contains(RIVAL), "{form}");
        let words = "what is not of the systems of this token";
        assert_eq!(reply.header("lineal-withheld"), Some(words), "{form}");
    }
    let body = json!({ "query": format!("trace inference:{HASH} to dataset as d return path"), "with": ["told", "picture"] });
    let typed = live.send(query_with(body).token(&bound).header("Accept", TYPED_ANSWER));
    assert_eq!(typed.status, 200, "{}", typed.text());
    let head: Json = serde_json::from_str(typed.text().lines().next().unwrap()).unwrap();
    let facts = head["told"].as_object().unwrap();
    assert!(facts.values().any(|fact| fact["kind"] == "run"), "{head}");
    assert!(!typed.text().contains(RIVAL));
    let unread = live.query(&bound, "find inference summarize count() as n").ok();
    assert_eq!(unread["completeness"]["state"], "cannot_tell", "{unread}");
    let reasons = unread["completeness"]["reasons"].to_string();
    assert!(reasons.contains("lines of a log could not be read"), "{reasons}");
    assert!(!reasons.contains(RIVAL) && !reasons.contains(char::is_numeric), "{reasons}");
}

#[test]
fn what_is_hidden_and_what_is_not_there_are_the_same_to_a_question() {
    let [_, (live, bound)] = both();
    let whole = live.token(Role::Auditor);
    let id = live.send(get("/v1/nodes/model/rival-model@1").token(&whole)).ok();
    let id = id["revisions"][0]["id"].as_str().or(id["id"].as_str()).map(str::to_owned);
    let hash = Line::number(7).hash();
    let pairs = [
        ("find model:rival-model@1".to_owned(), "find model:absent-model@1".to_owned()),
        (
            "find model upstream of system:rival-system".to_owned(),
            "find model upstream of system:absent-system".to_owned(),
        ),
        ("find run:rival-run".to_owned(), "find run:absent-run".to_owned()),
        (
            format!("find inference:{hash}"),
            format!("find inference:{}", hash.replace(|c: char| c.is_ascii_digit(), "f")),
        ),
        ("find inference:event-7".to_owned(), "find inference:event-x".to_owned()),
        (
            "find model where name = \"rival-model\"".to_owned(),
            "find model where name = \"absent-model\"".to_owned(),
        ),
        (
            format!("find #{}", id.unwrap_or_else(|| "f".repeat(64)).trim_start_matches('#')),
            format!("find #{}", "e".repeat(64)),
        ),
    ];
    for (hidden, absent) in pairs {
        assert_ne!(
            live.query(&whole, &hidden).text(),
            live.query(&whole, &absent).text(),
            "{hidden}"
        );
        let words = |text: &str| {
            let reply = live.query(&bound, text);
            let mut json = told(reply.json());
            // Where a word ends that is longer than another.
            for mistake in json["errors"].as_array_mut().into_iter().flatten() {
                mistake["end"] = Json::Null;
            }
            let own = text.split([' ', ':', '#', '"']).filter(|word| word.len() > 6);
            (reply.status, own.fold(json.to_string(), |told, word| told.replace(word, "X")))
        };
        assert_eq!(words(&hidden), words(&absent), "{hidden}");
    }
}

#[test]
fn pages_tags_and_plans_are_of_one_sight() {
    let [_, (live, bound)] = both();
    let whole = live.token(Role::Auditor);
    let page = |token: &str, cursor: Option<&Json>| {
        let mut body = json!({ "query": "find node", "page": 2 });
        if let Some(cursor) = cursor {
            body["cursor"] = cursor.clone();
        }
        live.send(query_with(body).token(token))
    };
    let (mine, all) = (page(&bound, None), page(&whole, None));
    assert!(mine.ok()["total"].as_u64() < all.ok()["total"].as_u64());
    assert_ne!(mine.header("etag"), all.header("etag"));
    let next = all.ok()["next"].clone();
    assert_eq!(page(&bound, Some(&next)).problem().0, 400, "a page of another's answer");
    let rivals = live.bound(Role::Auditor, "*", "rival-system");
    assert_ne!(mine.header("etag"), page(&rivals, None).header("etag"));
    let next = mine.ok()["next"].clone();
    assert_eq!(page(&rivals, Some(&next)).problem().0, 400, "nor one of other systems");
    assert_eq!(page(&bound, Some(&next)).ok()["first"], 2);
    let plan = post("/v1/plans", &json!({ "query": "find system return name" })).token(&bound);
    let plan = live.send(plan).ok()["plan_id"].clone();
    let by_plan = |token: &str| live.send(query_with(json!({ "plan_id": plan })).token(token));
    for _ in 0..24 {
        assert_eq!(by_plan(&bound).ok()["rows"], json!([[SYSTEM]]));
    }
    assert_eq!(by_plan(&whole).problem().0, 404);
    let stats = live.send(get("/v1/stats").token(&bound));
    assert_eq!(stats.problem().0, 403);
    assert!(stats.text().contains("find model summarize count()"), "{}", stats.text());
    assert_eq!(live.send(get("/v1/history").token(&bound)).problem().0, 403);
    let names = |token: &str| live.send(get("/v1/names?begins=system:").token(token)).text();
    assert!(names(&whole).contains(RIVAL));
    assert!(names(&bound).contains(SYSTEM) && !names(&bound).contains(RIVAL), "{}", names(&bound));
    let tool = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "query", "arguments": { "query": "find system return name" } } });
    let tool = post("/mcp", &tool).header("Accept", "application/json, text/event-stream");
    let told = live.send(tool.token(&bound)).text();
    assert!(told.contains(SYSTEM) && !told.contains(RIVAL), "{told}");
}

#[test]
fn a_report_on_oversight_is_of_one_system_of_ours_and_other_reports_are_refused() {
    let [(alone, ours), (beside, same)] = both();
    let ask = |live: &Live, token: &str, path: &str| live.send(get(path).token(token));
    let path = |target: &str| {
        format!("/v1/report/oversight?target={target}&sample=0&format=json&as_of=2199-01-01")
    };
    let (one, two) = (ask(&alone, &ours, &path(SYSTEM)), ask(&beside, &same, &path(SYSTEM)));
    assert_eq!(one.ok()["sections"], two.ok()["sections"]);
    assert!(!two.text().contains(RIVAL), "{}", two.text());
    let words = "what is not of the systems of this token";
    assert_eq!(two.header("lineal-withheld"), Some(words));
    // The rivals' is theirs: of other kinds of things and systems there is none.
    let refused = |target: &str| ask(&beside, &same, &path(target));
    let (hidden, absent) = (refused("rival-system"), refused("nobody-system"));
    assert_eq!(hidden.problem().0, 404);
    assert_eq!(told(hidden.json()), told(absent.json()));
    assert_eq!(refused("model%3Acredit-risk-scorer%403").problem().0, 403, "others use it, too");
    for kind in ["annex-iv", "data-sheet", "incident", "retention", "dpia"] {
        let reply = ask(&beside, &same, &format!("/v1/report/{kind}?target={SYSTEM}"));
        assert_eq!(reply.problem().0, 403, "{kind}");
        assert!(reply.text().contains("Within them stays oversight"), "{}", reply.text());
    }
}

#[test]
fn a_report_and_an_export_for_a_token_of_ours_are_of_our_system_alone() {
    let [(alone, ours), (beside, same)] = both();
    let ask = |live: &Live, token: &str, path: &str| live.send(get(path).token(token));
    let check = format!("/v1/check?system={SYSTEM}&reconcile=true&as_of=2199-01-01");
    let whole = beside.token(Role::Auditor);
    assert!(ask(&beside, &whole, "/v1/check").text().contains(RIVAL), "there is something to hide");
    let of_model = format!("{check}&model=credit-risk-scorer%403");
    let rules = |reply: &crate::client::Reply| reply.ok()["reports"][1]["rules"].clone();
    let seen = rules(&ask(&beside, &whole, &of_model));
    assert_ne!(seen, rules(&ask(&beside, &same, &of_model)), "our model is theirs to use, too");
    for path in [&of_model, &check] {
        let (one, two) = (ask(&alone, &ours, path), ask(&beside, &same, path));
        assert!(!two.text().contains(RIVAL), "{path}: {}", two.text());
        assert_eq!(told(one.ok()), told(two.ok()), "{path}");
    }
    let two = ask(&beside, &same, &check);
    let report = two.ok();
    assert_eq!(report["reports"][0]["rules"].as_array().map(Vec::len), Some(40), "{report}");
    assert_eq!(report["withheld"], json!(["what is not of the systems of this token"]));
    assert!(report["reports"][0]["counts"]["gap"].as_u64() > Some(1), "{report}");
    for accept in ["application/json", "application/sarif+json", "application/xml"] {
        let reply = beside.send(get(check.as_str()).token(&same).header("Accept", accept));
        assert!(reply.status == 200 && !reply.text().contains(RIVAL), "{accept}: {}", reply.text());
    }
    let path = "/v1/export/prov?target=model%3Acredit-risk-scorer%403";
    assert!(ask(&beside, &whole, path).text().contains("rival-api"), "it is in the whole export");
    for form in ["prov", "cyclonedx", "slsa", "openlineage", "spdx"] {
        let path = format!("/v1/export/{form}?target=model%3Acredit-risk-scorer%403");
        let (one, two) = (ask(&alone, &ours, &path), ask(&beside, &same, &path));
        assert_eq!((one.status, two.status), (200, 200), "{form}: {}", two.text());
        assert_eq!(one.header("lineal-total"), two.header("lineal-total"), "{form}");
        assert!(!two.text().contains(RIVAL), "{form}: {}", two.text());
    }
    let of_system = format!("/v1/export/prov?target=system%3A{SYSTEM}");
    assert_eq!(ask(&alone, &ours, &of_system).text(), ask(&beside, &same, &of_system).text());
    let archive = ask(&beside, &same, "/v1/export/car?target=model%3Acredit-risk-scorer%403");
    assert_eq!(archive.problem().0, 403, "records are whole");
    let recorded = format!("/v1/check?system={SYSTEM}&as_of=recorded");
    for path in ["/v1/check", "/v1/check?reconcile=true", &recorded] {
        assert_eq!(ask(&beside, &same, path).problem().0, 403, "{path}");
    }
    let kept = beside.send(post("/v1/retention", &json!({})).token(&same));
    assert_eq!(kept.problem().0, 403, "what is due is of the whole store");
    // What is another's and what is not there are refused in the same words.
    for (hidden, absent) in [
        ("/v1/check?system=rival-system", "/v1/check?system=nobody-system"),
        (
            "/v1/export/prov?target=model%3Arival-model%401",
            "/v1/export/prov?target=model%3Anone-such%401",
        ),
        ("/v1/export/prov?target=system%3Arival-system", "/v1/export/prov?target=system%3Anobody"),
    ] {
        let (hidden, absent) = (ask(&beside, &same, hidden), ask(&beside, &same, absent));
        assert_eq!(hidden.problem().0, 404);
        assert_eq!(told(hidden.json()), told(absent.json()));
    }
}
