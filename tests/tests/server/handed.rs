//! Reports, logs and packs over the network: in which form, to whom, how often they are made anew, and what
//! of it the trail keeps.

use crate::client::{Ask, Reply, get, post};
use crate::live::{HASH, Live, SYSTEM};
use crate::public_log;
use lineal_server::Role;
use serde_json::{Value as Json, json};

const MODEL: &str = "model%3Acredit-risk-scorer%403";

fn report(kind: &str, query: &str) -> Ask {
    get(format!("/v1/report/{kind}?{query}"))
}

#[test]
fn a_report_comes_in_the_form_that_is_asked_for_and_is_held_by_its_tag() {
    let live = Live::new();
    let engineer = live.token(Role::Engineer);
    let annex = format!("target={SYSTEM}");
    let ask = |ask: Ask| live.send(ask.token(&engineer));
    let accepted = |form: &str| ask(report("annex-iv", &annex).header("Accept", form));
    let named = |form: &str| ask(report("annex-iv", &format!("{annex}&format={form}")));
    for (form, word, begins) in [
        ("text/markdown", "md", "# Technical documentation"),
        ("text/html", "html", "<!DOCTYPE html>"),
        ("application/json", "json", "{\n"),
    ] {
        let reply = accepted(form);
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.text().starts_with(begins), "{form}: {}", reply.text());
        assert!(reply.header("content-type").unwrap().starts_with(form));
        assert_eq!(named(word).body, reply.body, "{word}");
        let policy = reply.header("content-security-policy");
        assert_eq!(policy.is_some(), word == "html", "a page runs nothing");
        let total: u64 = reply.header("lineal-total").unwrap().parse().unwrap();
        assert!(total > 3 && reply.header("lineal-title").is_some());
    }
    assert_eq!(accepted("text/csv").problem().0, 406);
    assert_eq!(named("pdf").problem().0, 400);
    // Annex IV follows from its commit; others have today in them, but as of a day that is named.
    let tag = |query: &str, kind: &str| ask(report(kind, query)).header("etag").map(str::to_owned);
    let held = tag(&annex, "annex-iv").unwrap();
    let again = |query: &str| ask(report("annex-iv", query).header("If-None-Match", &held)).status;
    assert_eq!(again(&annex), 304);
    assert_eq!(again(&format!("{annex}&format=json")), 200, "another form is another answer");
    assert_eq!(again(&format!("{annex}&as_of=1")), 200, "and so is another view");
    assert_eq!(tag(&annex, "oversight"), None);
    let then = format!("{annex}&as_of=2199-01-01");
    let oversight = || ask(report("oversight", &then));
    assert!(oversight().header("etag").is_some());
    assert_eq!(oversight().body, oversight().body);
    for (kind, query, status) in [
        ("annex-v", annex.as_str(), 404),
        ("annex-iv", "target=nobody", 404),
        ("annex-iv", "", 400),
        ("annex-iv", &format!("{annex}&names=true"), 400),
        ("annex-iv", &format!("{annex}&policy=x"), 400),
        ("annex-iv", &format!("{annex}&as_of=99999"), 400),
        ("oversight", &format!("{annex}&sample=5000"), 400),
        ("oversight", &format!("{annex}&from=soon"), 400),
        ("oversight", &format!("target={HASH}"), 400),
        ("incident", &annex, 422),
        ("dpia", &annex, 403),
    ] {
        assert_eq!(ask(report(kind, query)).problem().0, status, "{kind}?{query}");
    }
    let sent = |body: Json| ask(post("/v1/report/retention?format=json", &body));
    assert_eq!(sent(json!({})).problem().0, 403);
    let officer = live.token(Role::PrivacyOfficer);
    let sent = |body: Json| live.send(post("/v1/report/retention", &body).token(&officer));
    assert!(sent(json!({ "target": SYSTEM })).text().contains("Retention"));
    assert_eq!(sent(json!({ "policy": "retention = 7" })).problem().0, 422);
    assert_eq!(sent(json!({ "polcy": "x" })).problem().0, 400);
}

#[test]
fn who_is_bound_to_a_system_has_its_logs_and_nothing_that_looks_past_it() {
    let live = Live::with(|config| {
        public_log::sign(config);
    });
    let auditor = live.bound(Role::Auditor, "*", SYSTEM);
    let ask = |path: &str| live.send(get(path).token(&auditor));
    for path in [
        format!("/v1/report/annex-iv?target={SYSTEM}"),
        format!("/v1/pack?subject={MODEL}"),
        format!("/v1/export/logs?target={SYSTEM}&proof=sample"),
        "/v1/keys".to_owned(),
    ] {
        let reply = ask(&path);
        let (status, _) = reply.problem();
        assert_eq!(status, 403, "{path}: {}", reply.text());
    }
    let logs = ask(&format!("/v1/export/logs?target={SYSTEM}&disclose=subject"));
    assert_eq!((logs.status, logs.header("content-type")), (200, Some("application/zip")));
    assert!(logs.header("lineal-withheld").is_some());
    assert!(contains(&logs, HASH.as_bytes()), "the subject group was asked for");
    assert!(contains(&logs, b"\"lines_not_read_by_any_import\":null"), "of others nothing is told");
    let closed = ask(&format!("/v1/export/logs?target={SYSTEM}"));
    assert!(closed.status == 200 && !contains(&closed, HASH.as_bytes()));
    // What is there for others and what is nowhere have the same words.
    let other = live.bound(Role::Auditor, "*", "other");
    let [there, nowhere] = [SYSTEM, "system:nobody"].map(|target| {
        let reply = live.send(get(format!("/v1/export/logs?target={target}")).token(&other));
        assert_eq!(reply.problem().0, 404);
        reply.json()["detail"].clone()
    });
    assert_eq!(there, nowhere);
}

fn contains(reply: &Reply, what: &[u8]) -> bool {
    reply.body.windows(what.len()).any(|part| part == what)
}

#[test]
fn what_is_handed_over_is_in_the_trail_one_by_one_with_what_names_it() {
    let live = Live::with(|config| {
        config.write = true;
        public_log::sign(config);
    });
    let (officer, auditor) = (live.token(Role::PrivacyOfficer), live.token(Role::Auditor));
    let ask = |path: &str| live.send(get(path).token(&officer));
    let pack = ask(&format!("/v1/pack?subject={MODEL}&samples=1"));
    assert_eq!(pack.status, 200, "{}", pack.text());
    assert_eq!(pack.body, ask(&format!("/v1/pack?subject={MODEL}&samples=1")).body);
    let digest = pack.header("lineal-manifest-sha256").unwrap().to_owned();
    assert!(pack.header("lineal-signed-by").unwrap().starts_with("log.example/main"));
    assert_eq!(ask(&format!("/v1/export/logs?target={SYSTEM}")).status, 200);
    assert_eq!(ask(&format!("/v1/report/annex-iv?target={SYSTEM}")).status, 200);
    for (path, status) in [
        (format!("/v1/pack?subject={MODEL}&samples=101"), 400),
        (format!("/v1/pack?subject={MODEL}&as_of=soon"), 400),
        (format!("/v1/pack?subject={MODEL}&disclosure=authority"), 403),
        ("/v1/pack?subject=nobody".to_owned(), 404),
        (format!("/v1/pack?subject={HASH}"), 422),
        (format!("/v1/export/logs?target={MODEL}"), 422),
        (format!("/v1/export/logs?target={SYSTEM}&from=2026-02-01&until=2026-01-01"), 400),
        (format!("/v1/export/logs?target={SYSTEM}&format=xlsx"), 400),
        ("/v1/export/logs".to_owned(), 400),
    ] {
        assert_eq!(ask(&path).problem().0, status, "{path}");
    }
    assert_eq!(live.send(post("/v1/trail/seal", &json!({})).token(&auditor)).status, 202);
    let text = "find access as a where a.what = \"use\" and a.role = \"privacy-officer\" \
                and a.outcome = \"answered\" return a.endpoint, a.results, a.question";
    live.until(|| live.query(&auditor, text).ok()["total"].as_u64() >= Some(4));
    let rows = live.query(&auditor, text).ok()["rows"].clone();
    let of = |endpoint: &str| -> Vec<&Json> {
        rows.as_array().unwrap().iter().filter(|row| row[0] == endpoint).collect()
    };
    let packs = of("GET /v1/pack");
    assert_eq!(packs.len(), 2, "{rows}");
    assert!(packs.iter().all(|row| row[2].as_str().unwrap().contains(&digest)), "{rows}");
    for endpoint in ["GET /v1/export/logs", "GET /v1/report/{kind}"] {
        let [row] = of(endpoint)[..] else { panic!("{endpoint}: {rows}") };
        assert!(row[1].as_u64() > Some(3), "{rows}");
    }
}

#[test]
fn without_the_key_logs_come_unsigned_and_a_pack_not_at_all() {
    let live = Live::with(|config| {
        public_log::sign(config);
        let keys = config.stores["main"].join("keys");
        std::fs::remove_file(keys.join("signing.key")).unwrap();
    });
    let officer = live.token(Role::PrivacyOfficer);
    let ask = |path: &str| live.send(get(path).token(&officer));
    let pack = ask(&format!("/v1/pack?subject={MODEL}"));
    assert_eq!(pack.problem().0, 422);
    assert!(pack.text().contains("log's key"), "{}", pack.text());
    // As of a commit without a checkpoint nothing promises a signature.
    let logs = ask(&format!("/v1/export/logs?target={SYSTEM}&as_of=2"));
    assert_eq!((logs.status, logs.header("lineal-signed-by")), (200, None), "{}", logs.text());
    assert_eq!(ask(&format!("/v1/export/logs?target={SYSTEM}")).problem().0, 422);
}
