//! Tokens made, listed and revoked over the network: for no more than the one that asks, told once, and each in
//! the trail.

use crate::client::{Reply, delete, get, post};
use crate::live::{Live, SYSTEM, query_with};
use crate::uploads::done;
use lineal_engine::{Options, Store};
use lineal_server::Role;
use serde_json::{Value as Json, json};

fn make(live: &Live, token: &str, body: &Json) -> Reply {
    live.send(post("/v1/tokens", body).token(token))
}

#[test]
fn a_token_is_made_told_once_and_revoked_and_the_trail_knows_who_did_it() {
    let live = Live::with(|config| config.write = true);
    let (admin, auditor) = (live.token(Role::Admin), live.token(Role::Auditor));
    let wanted = json!({ "name": "a dashboard", "role": "engineer" });
    let reply = make(&live, &admin, &wanted);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let made = reply.ok();
    let (text, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert!(text.starts_with("lineal_") && made["stores"] == json!(["*"]), "{made}");
    // At once, and not when the file is next looked at.
    assert_eq!(live.query(text, "find model limit 1").status, 200);
    let listed = live.send(get("/v1/tokens").token(&admin));
    let own = |listed: &Json| -> Json {
        let all = listed["tokens"].as_array().unwrap().clone();
        all.into_iter().find(|token| token["id"] == id).unwrap()
    };
    assert_eq!(own(&listed.ok())["state"], "good");
    assert!(!listed.text().contains(text) && !listed.text().contains("hash"), "{}", listed.text());
    let file = live.tokens.read().unwrap();
    assert!(file.iter().any(|kept| kept.id == id && kept.name == "a dashboard"));
    for _ in 0..2 {
        let gone = live.send(delete(format!("/v1/tokens/{id}")).token(&admin)).ok();
        assert_eq!((&gone["id"], &gone["state"]), (&json!(id), &json!("revoked")), "{gone}");
    }
    assert_eq!(live.query(text, "find model limit 1").status, 401);
    assert_eq!(live.send(delete("/v1/tokens/000000000000").token(&admin)).problem().0, 404);
    let sealed = live.send(post("/v1/trail/seal", &json!({})).token(&admin));
    assert_eq!(done(&live, &admin, &sealed)["state"], "done");
    let asked = "find access as a where a.endpoint = \"POST /v1/tokens\" return a.token, a.outcome, a.given";
    let noted = live.query(&auditor, asked);
    let rows = noted.ok()["rows"].clone();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    let by = live.tokens.read().unwrap();
    let by = by.iter().find(|kept| kept.role == Role::Admin && kept.name.starts_with("a test's"));
    assert_eq!((&rows[0][0], &rows[0][1]), (&json!(by.unwrap().id), &json!("answered")));
    let given = rows[0][2].as_str().unwrap();
    assert!(given.contains(id) && given.contains("engineer"), "{given}");
    assert!(!noted.text().contains(&text["lineal_".len()..]), "its text stands nowhere");
    let ended = "find access as a where a.endpoint = \"DELETE /v1/tokens/{id}\" and a.outcome = \"answered\"";
    let count = live.query(&auditor, &format!("{ended} summarize count() as n")).ok();
    assert_eq!(count["rows"], json!([[2]]));
    let named = live.query(&auditor, &format!("{ended} return a.question limit 1")).ok();
    assert_eq!(named["rows"], json!([[format!("/v1/tokens/{id}")]]));
}

#[test]
fn an_administrator_for_an_hour_neither_sees_nor_ends_what_lives_longer() {
    let live = Live::new();
    let admin = live.token(Role::Admin);
    let engineer = live.token(Role::Engineer);
    let end = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(1)).unwrap();
    let wanted = json!({ "name": "s", "role": "admin", "expires": end.to_string() });
    let made = make(&live, &admin, &wanted).ok();
    let short = made["token"].as_str().unwrap();
    let listed = |token: &str| -> Vec<Json> {
        let listed = live.send(get("/v1/tokens").token(token)).ok();
        listed["tokens"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect()
    };
    assert_eq!(listed(short), [made["id"].clone()], "nothing that never ends");
    assert!(listed(&admin).len() > 3, "who never ends sees them all");
    let kept = live.tokens.read().unwrap();
    let longer = kept.iter().find(|kept| kept.role == Role::Engineer).unwrap();
    let path = format!("/v1/tokens/{}", longer.id);
    assert_eq!(live.send(delete(path.as_str()).token(short)).problem().0, 404);
    assert_eq!(live.query(&engineer, "find model limit 1").status, 200);
    let own = make(&live, short, &json!({ "name": "n", "role": "engineer" })).ok();
    assert_eq!(listed(short), [made["id"].clone(), own["id"].clone()]);
    let path = format!("/v1/tokens/{}", own["id"].as_str().unwrap());
    assert_eq!(live.send(delete(path.as_str()).token(short)).ok()["state"], "revoked");
}

#[test]
fn the_trail_of_each_store_that_a_token_is_good_for_says_who_made_and_ended_it() {
    let live = Live::with(|config| {
        config.write = true;
        let other = config.stores["main"].with_file_name("other");
        drop(Store::create(&other, Options::default()).unwrap());
        config.stores.insert("other".to_owned(), other);
    });
    let admin = live.token(Role::Admin);
    let file = live.tokens.read().unwrap();
    let by = file.iter().find(|it| it.role == Role::Admin && it.name.starts_with("a test's"));
    let by = by.unwrap().id.clone();
    let wanted = |store: &str| json!({ "name": "n", "role": "engineer", "stores": [store] });
    let made = make(&live, &admin, &wanted("other")).ok();
    let elsewhere = make(&live, &admin, &wanted("main")).ok();
    for made in [&made, &elsewhere] {
        let path = format!("/v1/tokens/{}", made["id"].as_str().unwrap());
        assert_eq!(live.send(delete(path).token(&admin)).status, 200);
    }
    let (keeper, auditor) =
        (live.bound(Role::Admin, "other", "*"), live.bound(Role::Auditor, "other", "*"));
    let sealed = live.send(post("/v1/trail/seal", &json!({})).token(&keeper));
    assert_eq!(done(&live, &keeper, &sealed)["state"], "done");
    let asked = |endpoint: &str| {
        let text = format!(
            "find access as a where a.endpoint = \"{endpoint}\" and a.what = \"use\" return a.token, a.outcome, a.given"
        );
        live.query(&auditor, &text).ok()["rows"].clone()
    };
    let given = json!({ "id": made["id"] }).to_string();
    for endpoint in ["POST /v1/tokens", "DELETE /v1/tokens/{id}"] {
        assert_eq!(asked(endpoint), json!([[by, "answered", given]]), "{endpoint}");
    }
}

#[test]
fn a_token_is_made_for_stores_that_are_served_and_for_systems_with_a_name() {
    let live = Live::new();
    let (admin, bound) = (live.token(Role::Admin), live.bound(Role::Admin, "main", "*"));
    let ask = |token: &str, body: &Json| make(&live, token, body);
    let absent = json!({ "name": "n", "role": "engineer", "stores": ["nosuch"] });
    let refused = ask(&admin, &absent);
    assert_eq!(refused.problem().0, 422);
    assert!(refused.text().contains("this token may see main"), "{}", refused.text());
    assert_eq!(ask(&bound, &absent).problem().0, 403);
    for name in ["", " "] {
        let unnamed = json!({ "name": "n", "role": "engineer", "systems": [name] });
        assert_eq!(ask(&admin, &unnamed).problem().0, 422, "{name:?}");
        let unnamed = json!({ "name": "n", "role": "engineer", "stores": [name] });
        assert_eq!(ask(&admin, &unnamed).problem().0, 422, "{name:?}");
    }
    let there = json!({ "name": "n", "role": "engineer", "stores": ["main"] });
    assert_eq!(ask(&admin, &there).status, 200);
}

#[test]
fn no_token_reaches_further_than_the_one_that_made_it() {
    let live = Live::new();
    let bound = live.bound(Role::Admin, "main", SYSTEM);
    let refused = |body: Json| make(&live, &bound, &body).problem().0;
    let name = "n";
    assert_eq!(refused(json!({ "name": name, "role": "engineer", "stores": ["*"] })), 403);
    assert_eq!(refused(json!({ "name": name, "role": "engineer", "stores": ["other"] })), 403);
    assert_eq!(refused(json!({ "name": name, "role": "engineer", "systems": ["rival"] })), 403);
    assert_eq!(refused(json!({ "name": name, "role": "root" })), 400);
    // What the role asks for, as beside the server.
    assert_eq!(refused(json!({ "name": "", "role": "engineer" })), 422);
    assert_eq!(refused(json!({ "name": name, "role": "auditor", "systems": [SYSTEM] })), 422);
    assert_eq!(refused(json!({ "name": name, "role": "engineer", "expires": "2001-01-01" })), 422);
    let made = make(&live, &bound, &json!({ "name": name, "role": "engineer" })).ok();
    assert_eq!((&made["stores"], &made["systems"]), (&json!(["main"]), &json!([SYSTEM])));
    let text = made["token"].as_str().unwrap();
    let seen = live.send(query_with(json!({ "query": "find model limit 1" })).token(text)).ok();
    assert_eq!(seen["withheld"][1], "what is not of the systems of this token", "{seen}");
    // Nor does it learn of others, or end them.
    let listed = live.send(get("/v1/tokens").token(&bound)).ok();
    let ids: Vec<&Json> = listed["tokens"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids.len(), 2, "its own, and the one that it made: {listed}");
    let first = live.tokens.read().unwrap().swap_remove(0);
    let other = |id: &str| live.send(delete(format!("/v1/tokens/{id}")).token(&bound)).json();
    let (hidden, absent) = (other(&first.id), other("000000000000"));
    assert_eq!((&hidden["status"], &hidden["detail"]), (&json!(404), &absent["detail"]));
    assert!(live.tokens.read().unwrap()[0].revoked.is_none());
    for role in [Role::Engineer, Role::PrivacyOfficer, Role::Importer] {
        let token = live.token(role);
        let made = make(&live, &token, &json!({ "name": name, "role": "importer" }));
        assert_eq!(made.problem().0, 403, "{role}");
    }
}
