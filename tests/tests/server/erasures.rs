//! Erasing over the network: what waits is committed first, who asks executes, and a hold forbids it.

use crate::client::{get, post};
use crate::intake::event;
use crate::live::{Live, query_with};
use crate::uploads::done;
use lineal_server::Role;
use serde_json::{Value as Json, json};

fn request(events: &Json) -> Json {
    json!({ "events": events, "basis": "GDPR 17(1)(a)", "decision": "R-7", "decided_by": "a@bank.example" })
}

/// How many events of that id are found by asking for rows, which counters cannot answer.
fn found(live: &Live, token: &str, name: &str) -> Json {
    let text = format!("find inference as i where i.event_id = \"{name}\" return i.event_id");
    live.query(token, &text).ok()["rows"].clone()
}

#[test]
fn what_waits_is_committed_then_erased_and_does_not_come_back() {
    let live = Live::with(|config| config.write = true);
    let (importer, officer) = (live.token(Role::Importer), live.token(Role::PrivacyOfficer));
    let bring = |name: &str| {
        let ask = post("/api/v2/logs", &json!([event(name), event("stays")])).token(&importer);
        assert_eq!(live.send(ask).status, 202);
    };
    bring("goes");
    let erase = |body: &Json| {
        let reply = live.send(post("/v1/erasures", body).token(&officer));
        assert_eq!(reply.status, 202, "{}", reply.text());
        done(&live, &officer, &reply)
    };
    let hold = json!({ "name": "case-4", "scope": "store", "reason": "authority request" });
    let held = live.send(post("/v1/holds", &hold).token(&officer));
    assert_eq!(done(&live, &officer, &held)["state"], "done");
    let listed = live.send(get("/v1/holds").token(&officer)).ok();
    assert_eq!(
        (&listed["holds"][0]["name"], &listed["holds"][0]["scope"]),
        (&json!("case-4"), &json!("store"))
    );
    let refused = erase(&request(&json!(["goes"])));
    assert_eq!(refused["state"], "failed", "{refused}");
    assert!(refused["problem"]["detail"].as_str().unwrap().contains("case-4"), "{refused}");
    assert_eq!(
        found(&live, &officer, "goes").as_array().unwrap().len(),
        1,
        "it was committed before"
    );
    let release = json!({ "name": "case-4", "reason": "closed", "release": true });
    let released = live.send(post("/v1/holds", &release).token(&officer));
    assert_eq!(done(&live, &officer, &released)["state"], "done");

    let erased = erase(&request(&json!(["goes"])));
    assert_eq!(
        (&erased["state"], &erased["report"]["rows"]),
        (&json!("done"), &json!(1)),
        "{erased}"
    );
    assert!(!erased["label"].as_str().unwrap().contains("goes"), "{erased}");
    assert_eq!(found(&live, &officer, "goes"), json!([]));
    assert_eq!(found(&live, &officer, "stays").as_array().unwrap().len(), 1);
    bring("goes");
    crate::intake::seal(&live, &importer);
    assert_eq!(found(&live, &officer, "goes"), json!([]), "it comes again and stays away");
    let nothing = erase(&request(&json!(["goes"])));
    assert_eq!(nothing["state"], "failed", "{nothing}");
}

#[test]
fn whom_a_token_was_made_for_is_no_second_person() {
    let live = Live::with(|config| config.write = true);
    let (importer, officer) = (live.token(Role::Importer), live.token(Role::PrivacyOfficer));
    let ask = post("/api/v2/logs", &json!([event("goes")])).token(&importer);
    assert_eq!(live.send(ask).status, 202);
    let tokens = live.tokens.read().unwrap();
    let own = tokens.iter().find(|token| token.role == Role::PrivacyOfficer).unwrap();
    for same in [own.name.clone(), own.name.to_uppercase(), format!("token:{}", own.id)] {
        for restrict in [false, true] {
            let mut body = request(&json!(["goes"]));
            (body["decided_by"], body["restrict"]) = (json!(same), json!(restrict));
            let reply = live.send(post("/v1/erasures", &body).token(&officer));
            let refused = done(&live, &officer, &reply);
            assert_eq!(refused["state"], "failed", "{same}: {refused}");
            let why = refused["problem"]["detail"].as_str().unwrap();
            assert!(why.contains("`decided_by` names another person"), "{same}: {why}");
        }
    }
    assert_eq!(found(&live, &officer, "goes").as_array().unwrap().len(), 1);
}

#[test]
fn files_with_what_was_erased_go_although_the_server_keeps_earlier_states() {
    let live = Live::with(|config| config.write = true);
    let (importer, officer) = (live.token(Role::Importer), live.token(Role::PrivacyOfficer));
    for day in 0..3 {
        for name in ["goes", "stays"] {
            let name = format!("{name}-{day}");
            let ask = post("/api/v2/logs", &json!([event(&name)])).token(&importer);
            assert_eq!(live.send(ask).status, 202);
        }
        crate::intake::seal(&live, &importer);
        // Read, so that earlier states hold what they opened.
        assert_eq!(found(&live, &officer, &format!("goes-{day}")).as_array().unwrap().len(), 1);
    }
    let generations = || {
        let files = std::fs::read_dir(live.folder.path().join("store/containers")).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.map(|name| name[..64].to_owned()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        (all, names.len())
    };
    let before = generations();
    assert_eq!(before.0, before.1, "one generation of each");
    let reply = live.send(post("/v1/erasures", &request(&json!(["goes-1"]))).token(&officer));
    let erased = done(&live, &officer, &reply);
    assert_eq!(erased["state"], "done", "{erased}");
    assert_eq!(found(&live, &officer, "goes-1"), json!([]));
    live.until(|| generations() == before);
}

#[test]
fn what_a_retracted_import_brought_is_erased_and_due() {
    let live = Live::with(|config| config.write = true);
    let (importer, officer) = (live.token(Role::Importer), live.token(Role::PrivacyOfficer));
    let admin = live.token(Role::Admin);
    let ask = post("/api/v2/logs", &json!([event("goes"), event("stays")])).token(&importer);
    assert_eq!(live.send(ask).status, 202);
    let sealed = crate::intake::seal(&live, &importer);
    let import = json!({ "import": sealed["imports"][0]["import"], "reason": "by mistake" });
    let retracted = live.send(post("/v1/retractions", &import).token(&admin));
    assert_eq!(done(&live, &admin, &retracted)["state"], "done");
    assert_eq!(found(&live, &officer, "goes"), json!([]));
    let kept = live.send(post("/v1/retention", &json!({})).token(&officer)).ok();
    assert_eq!(kept["inference-log"]["retracted"], 1, "{kept}");

    let reply = live.send(post("/v1/erasures", &request(&json!(["goes"]))).token(&officer));
    let erased = done(&live, &officer, &reply);
    assert_eq!((&erased["state"], &erased["report"]["rows"]), (&json!("done"), &json!(1)));
    assert_eq!(erased["report"]["retracted"], json!({ "rows": 1, "fields": 0 }), "{erased}");
    let restored = json!({ "import": sealed["imports"][0]["import"], "restore": true });
    let restored = live.send(post("/v1/retractions", &restored).token(&admin));
    assert_eq!(done(&live, &admin, &restored)["state"], "done");
    assert_eq!(found(&live, &officer, "goes"), json!([]));
    assert_eq!(found(&live, &officer, "stays").as_array().unwrap().len(), 1);
}

#[test]
fn what_was_asked_about_an_event_before_goes_with_it_and_the_use_stays() {
    let live = Live::with(|config| config.write = true);
    let (importer, officer) = (live.token(Role::Importer), live.token(Role::PrivacyOfficer));
    let (investigator, auditor) = (live.token(Role::Investigator), live.token(Role::Auditor));
    let ask = post("/api/v2/logs", &json!([event("goes"), event("stays")])).token(&importer);
    assert_eq!(live.send(ask).status, 202);
    crate::intake::seal(&live, &importer);
    let text = "find inference as i where i.event_id = $id return i.event_id";
    for name in ["goes", "stays"] {
        let ask = query_with(json!({ "query": text, "params": { "id": name } }));
        let reply = live.send(ask.token(&investigator).header("Lineal-Case", "case-7"));
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    // It waits in the trail's journal until then.
    let reply = live.send(post("/v1/erasures", &request(&json!(["goes"]))).token(&officer));
    let erased = done(&live, &officer, &reply);
    assert_eq!(erased["state"], "done", "{erased}");
    let expected = json!({ "values": 1, "uses": 1, "unread": 0 });
    assert_eq!(erased["report"]["trail"], expected, "{erased}");
    let text_of_uses = "find access as a where a.role = \"investigator\" and a.what = \"use\" return a.question, a.given order by a.time, a.key";
    let ask = query_with(json!({ "query": text_of_uses }));
    let uses = live.send(ask.token(&auditor).header("Lineal-Case", "case-7")).ok();
    assert_eq!(uses["rows"], json!([[text, null], [text, "{\"id\":\"stays\"}"]]), "{uses}");
}
