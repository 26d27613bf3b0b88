//! What was acknowledged and is not sealed yet is in answers at once, as it will be once it is sealed, and
//! says that its proof is pending.

use crate::client::{get, post};
use crate::intake::{acknowledged, event, hash, logs, seal};
use crate::live::{HASH, Live, SYSTEM, query_with};
use crate::prove::note;
use crate::uploads::{writing, writing_unshown};
use lineal_server::Role;
use serde_json::{Value as Json, json};

/// What is asked of the events that these tests send.
const ROWS: &str = "find inference as i where i.event_id like \"live-%\" \
     return i.event_id, i.decision, i.confidence, i.time, i.model_name order by i.event_id";
/// Whether they are recorded.
const PROOFS: &str = "find inference as i where i.event_id like \"live-%\" \
     return i.event_id, i.proof, i.recorded order by i.event_id";

fn send(live: &Live, importer: &str, names: &[&str]) {
    let body: Vec<Json> = names.iter().map(|name| event(name)).collect();
    acknowledged(&live.send(logs(&json!(body)).token(importer)));
}

#[test]
fn what_waits_is_answered_as_it_will_be_once_it_is_sealed_but_for_its_proof() {
    let (live, importer, engineer) = writing();
    let ask = |query: &str| live.query(&engineer, query).ok();
    let read = |path: &str| live.send(get(path.to_owned()).token(&engineer)).ok();
    let before = ask("find inference summarize count() as n");
    let imports = ask("find import summarize count() as n")["rows"].clone();
    send(&live, &importer, &["live-1", "live-2"]);
    live.until(|| ask(ROWS)["total"] == 2);
    let waiting = ask(ROWS);
    assert!(!waiting["completeness"].to_string().contains("not sealed"), "{waiting}");
    assert_eq!(waiting["commit"], before["commit"], "it is in no commit");
    assert_eq!(waiting["recorded"], before["recorded"]);
    let said = "2 entries that are not sealed yet are looked at too: `proof` of such an event is `pending`";
    assert_eq!(waiting["warnings"], json!([said]));
    let pending = json!([["live-1", "pending", null], ["live-2", "pending", null]]);
    assert_eq!(ask(PROOFS)["rows"], pending);
    let old =
        ask("find inference as i where not i.event_id like \"live-%\" return distinct i.proof");
    assert_eq!(old["rows"], json!([["recorded"]]), "{old}");
    let origin = format!("find dataset upstream of inference:{}", hash("live-2"));
    let origin = ask(&origin);
    assert!(origin["total"].as_u64().unwrap() > 0, "{origin}");
    let shown = read(&format!("/v1/show?target={}", hash("live-1")));
    assert_eq!(shown["events"][0]["proof"], "pending", "{shown}");
    assert_eq!(shown["commit"], before["commit"]);
    assert!(shown.get("unsealed").is_none(), "{shown}");
    let traced = read(&format!("/v1/trace?target={}", hash("live-1")));
    assert!(!traced.to_string().contains("not sealed"), "{traced}");
    assert_eq!(ask("find import summarize count() as n")["rows"], imports, "none was made");
    let batch = shown["events"][0]["part_of"].as_str().unwrap();
    assert_eq!(read(&format!("/v1/show?target={batch}"))["proof"], "pending");
    let past = format!("{ROWS} as of {}", before["commit"]);
    assert_eq!(ask(&past)["total"], 0, "{}", ask(&past));

    send(&live, &importer, &["live-3", "live-1"]);
    live.until(|| ask(ROWS)["total"] == 3);
    let waiting = ask(ROWS);
    seal(&live, &importer);
    let sealed = ask(ROWS);
    assert_eq!(sealed["rows"], waiting["rows"]);
    assert_eq!(sealed["hash"], waiting["hash"]);
    assert_eq!(sealed["warnings"], json!([]));
    assert_ne!(sealed["commit"], waiting["commit"]);
    let proofs = ask(PROOFS)["rows"].clone();
    for row in proofs.as_array().unwrap() {
        assert!(row[1] == "recorded" && row[2].is_string(), "{proofs}");
    }
    assert!(shown_proof(&live, &engineer).is_null(), "what is recorded needs no word of it");
}

fn shown_proof(live: &Live, token: &str) -> Json {
    let path = format!("/v1/show?target={}", hash("live-1"));
    live.send(get(path).token(token)).ok()["events"][0]["proof"].clone()
}

/// An event of a model that nothing else speaks of.
fn of_new_model(name: &str) -> Json {
    let mut event = event(name);
    event["art12"]["model"] = json!({ "name": "new-model", "version": "1" });
    event
}

#[test]
fn a_model_that_logs_only_refer_to_is_found_while_they_wait() {
    let (live, importer, engineer) = writing();
    let ask = |query: &str| live.query(&engineer, query);
    let models = "find model summarize count() as n";
    let before = ask(models).ok()["rows"][0][0].as_u64().unwrap();
    acknowledged(&live.send(logs(&json!([of_new_model("live-1")])).token(&importer)));
    live.until(|| ask("find model:new-model@1").status == 200);
    let waiting = ask(models);
    assert_eq!(waiting.header("etag"), None, "the next moment's answer may be another");
    let waiting = waiting.ok();
    assert_eq!(waiting["rows"], json!([[before + 1]]), "{waiting}");
    let said = "1 entry that is not sealed yet is looked at too";
    assert!(waiting["warnings"].to_string().contains(said), "{waiting}");
    let nodes = ask("find node as n where n.kind = \"model\" summarize count() as count").ok();
    assert_eq!(nodes["rows"], waiting["rows"]);
    seal(&live, &importer);
    let sealed = ask(models);
    assert!(sealed.header("etag").is_some());
    assert_eq!(sealed.ok()["rows"], waiting["rows"]);
}

#[test]
fn a_model_that_may_wait_is_not_said_to_be_absent() {
    let (live, importer, engineer) = writing_unshown();
    acknowledged(&live.send(logs(&json!([of_new_model("live-1")])).token(&importer)));
    let named = live.query(&engineer, "find model:new-model@1");
    assert_eq!(named.problem(), (422, "question".to_owned()));
    assert!(named.text().contains("1 event is not sealed yet"), "{}", named.text());
    for text in ["find model limit 1", "find model summarize count() as n"] {
        let told = live.query(&engineer, text);
        assert_eq!(told.header("lineal-completeness"), Some("cannot_tell"), "{text}");
        let reasons = told.ok()["completeness"]["reasons"].to_string();
        assert!(reasons.contains("1 event is not sealed yet"), "{text}: {reasons}");
    }
}

#[test]
fn an_event_that_is_known_is_counted_once_while_it_waits_again() {
    let (live, importer, engineer) = writing();
    let count = || live.query(&engineer, ROWS).ok()["total"].clone();
    send(&live, &importer, &["live-1"]);
    live.until(|| count() == 1);
    seal(&live, &importer);
    send(&live, &importer, &["live-1", "live-2"]);
    live.until(|| count() == 2);
}

#[test]
fn what_waits_is_seen_by_those_who_would_see_it_sealed() {
    let (live, importer, engineer) = writing();
    let own = live.bound(Role::Engineer, "main", SYSTEM);
    let other = live.bound(Role::Engineer, "main", "another");
    send(&live, &importer, &["live-1"]);
    live.until(|| live.query(&engineer, ROWS).ok()["total"] == 1);
    let seen = live.query(&own, ROWS).ok();
    assert_eq!(seen["total"], 1, "{seen}");
    // How much waits is of the whole store.
    let said = "what is not sealed yet is looked at too: `proof` of such an event is `pending`";
    assert_eq!(seen["warnings"], json!([said]));
    assert_eq!(live.query(&other, ROWS).ok()["total"], 0);
    let hidden = live.send(get(format!("/v1/show?target={}", hash("live-1"))).token(&other));
    assert_eq!(hidden.status, 404);
}

#[test]
fn pages_of_what_waits_are_of_one_view_and_end_with_it() {
    let (live, importer, engineer) = writing();
    send(&live, &importer, &["live-1", "live-2", "live-3"]);
    live.until(|| live.query(&engineer, ROWS).ok()["total"] == 3);
    let page = |cursor: &Json| {
        let body = json!({ "query": ROWS, "page": 1, "cursor": cursor });
        live.send(query_with(body).token(&engineer))
    };
    let first = page(&Json::Null);
    assert_eq!(first.header("etag"), None, "the next moment's answer may be another");
    let first = first.ok();
    assert_eq!(first["rows"][0][0], "live-1");
    let second = page(&first["next"]).ok();
    assert_eq!(second["rows"][0][0], "live-2");
    assert_eq!((&second["total"], &second["commit"]), (&json!(3), &first["commit"]));
    seal(&live, &importer);
    let ended = page(&second["next"]);
    assert_eq!(ended.status, 400);
    assert!(ended.text().contains("begin anew without the cursor"), "{}", ended.text());
}

#[test]
fn a_proof_says_what_waits_and_so_cannot_stand_in_it() {
    let (live, importer, engineer) = writing();
    let note = note(&live.store());
    let prove = |of: &str| {
        let statement = format!("dataset upstream of inference:{of}");
        let body = json!({ "statement": statement, "checkpoint": note });
        live.send(post("/v1/prove", &body).token(&engineer))
    };
    let before = prove(HASH);
    assert_eq!((before.status, before.header("lineal-unsealed")), (200, None), "{}", before.text());
    send(&live, &importer, &["live-1"]);
    let unsealed = "not sealed";
    let after = prove(HASH);
    assert_eq!(after.status, 200, "{}", after.text());
    assert!(after.header("lineal-unsealed").is_some_and(|words| words.contains(unsealed)));
    assert_eq!(after.text(), before.text(), "the proof itself says nothing of it");
    let refused = prove(&hash("live-1"));
    assert!(refused.status >= 400 && refused.text().contains(unsealed), "{}", refused.text());
}
