//! What a token does not see: other stores, other systems; and that asking tells nothing of them.

use crate::client::{Ask, connect, get, post};
use crate::intake::event;
use crate::live::{HASH, Live, SYSTEM, bring, query_with};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeDraft, Options, Store};
use lineal_proof::Key;
use lineal_server::Role;
use lineal_tests::sample::{saying, texts};
use serde_json::json;
use std::io::{Read, Write};

#[test]
fn a_store_that_is_not_there_and_one_that_is_not_mine_are_the_same_to_me() {
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("second");
    bring(&second, &["datadog-art12-b-dotted"]);
    let live = Live::with(|config| {
        config.tokens = Some(folder.path().join("tokens.json"));
        config.stores.insert("second".to_owned(), second.clone());
    });
    let mine = live.bound(Role::Engineer, "main", "*");
    let ask = |store: &str| {
        let body = json!({ "query": "find model limit 1" });
        query_with(body).token(&mine).header("Lineal-Store", store)
    };
    let looked = |ask: Ask| {
        let before = live.metric("lineal_store_lookups_total");
        let reply = live.send(ask);
        (reply, live.metric("lineal_store_lookups_total") - before)
    };
    let (absent, absent_cost) = looked(ask("nowhere"));
    let (forbidden, forbidden_cost) = looked(ask("second"));
    let (found, found_cost) = looked(ask("main"));
    assert_eq!(found.status, 200);
    assert_eq!(absent.problem(), (404, "not-found".to_owned()));
    let without_id = |reply: &crate::client::Reply| {
        let mut json = reply.json();
        json["request_id"] = json!(null);
        (reply.status, json)
    };
    assert_eq!(without_id(&absent), without_id(&forbidden));
    assert_eq!([absent_cost, forbidden_cost], [found_cost, found_cost], "as many look-ups");
    // With one store there is nothing to name; with two there is.
    assert_eq!(live.query(&mine, "find model limit 1").status, 200);
    let both = live.token(Role::Engineer);
    let unnamed = live.query(&both, "find model limit 1");
    assert_eq!(unnamed.problem().0, 400);
    let counts = |store: &str| {
        let path = format!("/v1/stats?store={store}");
        live.send(get(path).token(&both)).ok()["events"].clone()
    };
    assert_eq!(counts("main"), 300);
    assert_ne!(counts("second"), json!(null));
    assert!(!live.send(get("/v1/stats").token(&mine)).text().contains("second"));
}

#[test]
fn of_two_names_in_a_request_none_wins_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let second = folder.path().join("second");
    bring(&second, &["datadog-art12-b-dotted"]);
    let live = Live::with(|config| {
        config.write = true;
        config.tokens = Some(folder.path().join("tokens.json"));
        config.stores.insert("second".to_owned(), second.clone());
    });
    let [engineer, investigator, importer] =
        [Role::Engineer, Role::Investigator, Role::Importer].map(|role| live.token(role));
    let ask = |path: &str, token: &str, headers: &[(&str, &str)]| {
        let with = |ask: Ask, (name, value): &(&str, &str)| ask.header(name, value);
        live.send(headers.iter().fold(get(path).token(token), with))
    };
    let store = |name| ("Lineal-Store", name);
    let bad = (400, "bad-request".to_owned());
    for other in ["second", "nowhere"] {
        let path = format!("/v1/stats?store={other}");
        let twice = ask("/v1/stats", &engineer, &[store("main"), store(other)]);
        assert_eq!(twice.problem(), bad, "{other}: {}", twice.text());
        let both = ask(&path, &engineer, &[store("main")]);
        assert_eq!(both.problem(), bad, "{other}: {}", both.text());
        assert!(!both.text().contains(other), "{}", both.text());
    }
    assert_eq!(ask("/v1/stats?store=main", &engineer, &[store("main")]).status, 200);
    let cases = [("Lineal-Case", "a"), ("Lineal-Case", "b")];
    for (token, status) in [(&investigator, 400), (&engineer, 400), (&"lineal_x".to_owned(), 401)] {
        assert_eq!(ask("/v1/stats?store=main", token, &cases).status, status);
        let one = ask("/v1/stats?store=main", token, &cases[..1]);
        assert_eq!(one.status, if status == 400 { 200 } else { 401 });
    }
    let logs = || post("/api/v2/logs?store=main", &event("two-names"));
    let keys = logs().header("DD-API-KEY", &importer).header("DD-API-KEY", &engineer);
    assert_eq!(live.send(keys).problem(), (401, "unauthenticated".to_owned()));
    let named = |names: &[&str]| {
        let with = |ask: Ask, name: &&str| ask.header("Idempotency-Key", name);
        live.send(names.iter().fold(logs().token(&importer), with))
    };
    assert_eq!((named(&["a", "b"]).status, named(&["a"]).status), (400, 202));
}

/// Adds what another system made of the same data.
fn another_system(live: &Live) {
    let store = Store::open(live.store(), Options::default()).unwrap();
    let view = store.snapshot().unwrap();
    let model = view.find(Some(Kind::Model), "credit-risk-scorer@3")[0];
    let shared = view.key_of(
        view.edges(model, Relation::ProducedBy, lineal_engine::schema::Direction::Forward)[0],
    );
    let mut transaction = store.begin(None, None).unwrap();
    let say = saying("other", "test", 1);
    transaction.add_node(&say, NodeDraft::new(Kind::System, Key::text("OTHER"))).unwrap();
    let mut theirs = NodeDraft::new(Kind::Model, texts(&["other", "rival", "1"]));
    theirs.link(Relation::BelongsTo, Kind::System, Key::text("OTHER"));
    theirs.link(Relation::ProducedBy, Kind::Run, shared);
    transaction.add_node(&say, theirs).unwrap();
    transaction.commit().unwrap();
    store.write_indexes().unwrap();
}

#[test]
fn an_auditor_of_one_system_sees_nothing_of_another() {
    let live = Live::new();
    another_system(&live);
    let all = live.token(Role::Auditor);
    let rival = "/v1/nodes/model/rival@1";
    live.until(|| live.send(get(rival).token(&all)).status == 200);
    let bound = live.bound(Role::Auditor, "*", SYSTEM);
    let see = |path: &str| live.send(get(path).token(&bound));
    let mine = see("/v1/nodes/model/credit-risk-scorer@3").ok();
    let run = mine["edges"]["produced_by"][0].as_str().unwrap().to_owned();
    let run = format!("/v1/nodes/{}", run.replacen(':', "/", 1));
    let whole = live.send(get(&run).token(&all));
    assert!(whole.text().contains("rival"), "the run made both: {}", whole.text());
    assert!(!see(&run).text().contains("rival"), "{}", see(&run).text());
    assert!(see(&run).text().contains("credit-risk-scorer"));
    let (absent, hidden) = (see("/v1/nodes/model/nothing@1"), see(rival));
    assert_eq!(absent.json()["detail"], hidden.json()["detail"]);
    assert_eq!((absent.status, hidden.status), (404, 404));
    let (absent, hidden) = (see("/v1/trace?target=nothing"), see("/v1/trace?target=rival@1"));
    assert_eq!(absent.json()["detail"], hidden.json()["detail"]);
    let (absent, hidden) = (see("/v1/show?target=nothing"), see("/v1/show?target=rival@1"));
    assert_eq!(absent.json()["detail"], hidden.json()["detail"]);
    assert_eq!((absent.status, hidden.status), (404, 404));
    let trace = see(&format!("/v1/trace?target={HASH}&told=true")).ok();
    assert!(trace["nodes"].as_object().is_some_and(|nodes| !nodes.is_empty()));
    assert!(!trace["training_data"].as_array().unwrap().is_empty());
    assert_eq!(see("/v1/batches").ok()["total"], 4);
    let other = live.bound(Role::Auditor, "*", "OTHER");
    let theirs = live.send(get("/v1/batches").token(&other)).ok();
    assert_eq!((&theirs["total"], &theirs["batches"]), (&json!(0), &json!([])));
    let hash = live.send(get(format!("/v1/nodes/inference/{HASH}")).token(&other));
    let none = live.send(get("/v1/nodes/inference/00000000000000000000000000000000").token(&other));
    assert_eq!(hash.json()["detail"], none.json()["detail"], "a hash that is there tells nothing");
    assert_eq!(hash.status, 404);
    let models = live.query(&bound, "find model");
    assert!(models.text().contains("credit-risk-scorer") && !models.text().contains("rival"));
    assert_eq!(see("/v1/stats").problem().0, 403, "counts of the whole are not for a part");
}

#[test]
fn an_answer_that_is_not_taken_counts_as_running_until_it_is_given_up() {
    let live = Live::with(|config| config.limits.token_requests = 1);
    let token = live.token(Role::Auditor);
    let many = "find inference as a, inference as b \
        return a.key as ak, b.key as bk, a.event_id as a, b.event_id as b, a.host as h";
    let ask = query_with(json!({ "query": many })).token(&token).header("Accept", "text/csv");
    let mut slow = connect(live.address);
    slow.write_all(&ask.bytes()).unwrap();
    let mut head = [0; 15];
    slow.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200 OK");
    let again = || live.query(&token, "find model limit 1").status;
    assert_eq!(again(), 429, "20 MB wait for whoever asked for them");
    drop(slow);
    live.until(|| again() == 200);
}

#[test]
fn a_token_asks_no_more_than_it_may_and_others_are_not_held_up() {
    let live = Live::with(|config| {
        config.limits.token_rate = 0.01;
        config.limits.token_burst = 40.0;
    });
    let (busy, calm) = (live.token(Role::Engineer), live.token(Role::Engineer));
    let ask = |token: &str| live.send(get("/v1/schema").token(token));
    let refused = (0..60).map(|_| ask(&busy)).find(|reply| reply.status != 200).unwrap();
    assert_eq!(refused.problem(), (429, "too-many-requests".to_owned()));
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(ask(&calm).status, 200);
    // What its role may not do it may ask no more often.
    let forbidden = |token: &str| live.send(get("/metrics").token(token)).status;
    assert_eq!((forbidden(&busy), forbidden(&calm)), (429, 403));
    assert!((0..60).any(|_| forbidden(&calm) == 429));
}
