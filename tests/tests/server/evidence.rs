//! Reports, exports and upkeep over the network: what they give, to whom, in which form, and what of it the
//! trail keeps.

use crate::client::{Reply, get, post};
use crate::live::{Live, SYSTEM};
use crate::uploads::done;
use lineal_server::Role;
use serde_json::{Value as Json, json};

const MODEL: &str = "model%3Acredit-risk-scorer%403";

fn rule<'r>(report: &'r Json, id: &str) -> &'r Json {
    let rules = report["rules"].as_array().expect("a report lists rules");
    rules.iter().find(|rule| rule["id"] == id).expect("the rule is listed")
}

/// Reads the members of `/v1/check`'s JSON.
fn reports(reply: &Reply) -> Vec<Json> {
    reply.ok()["reports"].as_array().expect("reports").clone()
}

#[test]
fn a_report_comes_in_the_form_that_is_asked_for() {
    let live = Live::new();
    let engineer = live.token(Role::Engineer);
    let ask = |query: &str| live.send(get(format!("/v1/check{query}")).token(&engineer));
    let whole = reports(&ask(""));
    assert_eq!((whole.len(), &whole[0]["pack"]), (1, &json!("reconcile")));
    let both = reports(&ask(&format!("?system={SYSTEM}&reconcile=true")));
    assert_eq!((both.len(), both[0]["rules"].as_array().map(Vec::len)), (2, Some(40)));
    assert_eq!(both[0]["system"], format!("system:{SYSTEM}"));
    assert_eq!(rule(&both[0], "SYS-01")["status"], "gap", "{}", rule(&both[0], "SYS-01"));
    let then = ask("?as_of=1");
    assert_eq!(
        (reports(&then)[0]["commit"].as_u64(), then.header("lineal-commit")),
        (Some(1), Some("1"))
    );
    let forms =
        [("application/sarif+json", "\"version\": \"2.1.0\""), ("application/xml", "<testsuites>")];
    for (form, words) in forms {
        let asked = get(format!("/v1/check?system={SYSTEM}&reconcile=true"));
        let reply = live.send(asked.token(&engineer).header("Accept", form));
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(form)));
        assert!(reply.text().contains(words), "{form}: {}", reply.text());
    }
    let none = live.send(get("/v1/check").token(&engineer).header("Accept", "text/csv"));
    assert_eq!(none.problem().0, 406);
    for (wrong, status) in [
        ("?system=nobody", 404),
        ("?as_of=99999", 400),
        ("?as_of=yesterday", 400),
        ("?model=x@1", 400),
        ("?reconcile=yes", 400),
        ("?rules=x", 400),
    ] {
        assert_eq!(ask(wrong).problem().0, status, "{wrong}");
    }
    assert!(ask("?system=CREDIT-RISK-EU-0001").text().contains("did you mean"));
}

#[test]
fn a_report_is_recorded_in_the_name_of_who_asks_and_found_again() {
    let live = Live::with(|config| config.write = true);
    let (engineer, auditor) = (live.token(Role::Engineer), live.token(Role::Auditor));
    let ask = |query: &str| live.send(get(format!("/v1/check{query}")).token(&auditor));
    assert_eq!(reports(&ask(&format!("?system={SYSTEM}&as_of=recorded"))), Vec::<Json>::new());
    let taken = live.send(post("/v1/check", &json!({ "system": SYSTEM })).token(&engineer));
    assert_eq!(taken.status, 202, "{}", taken.text());
    let job = done(&live, &engineer, &taken);
    assert_eq!(job["state"], "done", "{job}");
    let noted = &job["report"]["recorded"][0];
    assert!(noted["document"].as_str().unwrap().starts_with("check of "), "{job}");
    assert_eq!(job["report"].as_object().map(serde_json::Map::len), Some(1), "{job}");
    assert!(job.to_string().len() < 1_000, "a job holds no report: {job}");
    let again = reports(&ask(&format!("?system={SYSTEM}&as_of=recorded")));
    assert_eq!(again[0]["rules"].as_array().map(Vec::len), Some(40));
    assert_eq!((&again[0]["pack"], &again[0]["counts"]), (&noted["pack"], &noted["counts"]));
    let keyed = reports(&ask(&format!("?system={SYSTEM}&by_keys=true")));
    assert_eq!(keyed[0]["counts"], again[0]["counts"]);
    let who = live
        .query(
            &auditor,
            "find actor as a did document as d where d.type = \"check_result\" return a, d",
        )
        .ok();
    assert_eq!(who["total"], 1, "{who}");
    // Importers read no records: neither in the list nor by the job's name.
    let importer = live.token(Role::Importer);
    let place = taken.header("location").unwrap().to_owned();
    let of = |token: &str| live.send(get(place.clone()).token(token)).ok()["report"].clone();
    assert!(of(&engineer)["recorded"].is_array());
    assert_eq!(of(&importer), Json::Null);
    let listed = live.send(get("/v1/imports").token(&importer)).ok();
    let listed: Vec<&Json> = listed["imports"].as_array().unwrap().iter().collect();
    let told = listed.iter().find(|job| job["kind"] == "check").unwrap();
    assert_eq!(told["report"], Json::Null);
    let absent = live.send(post("/v1/check", &json!({ "system": "nobody" })).token(&engineer));
    let failed = done(&live, &engineer, &absent);
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["problem"]["detail"].as_str().unwrap().contains("nobody"), "{failed}");
}

#[test]
fn the_bounds_of_the_server_bind_a_report_and_it_says_which() {
    let live = Live::with(|config| config.limits.rows = 1);
    let engineer = live.token(Role::Engineer);
    let (status, _) = live.send(get("/v1/check").token(&engineer)).problem();
    let told = live.send(get("/v1/check").token(&engineer)).text();
    assert!(status == 422 && told.contains("the limit of 1 row"), "{status}: {told}");
}

#[test]
fn what_decisions_say_and_what_is_restricted_is_told_to_whom_it_is_for_alone() {
    let live = Live::with(|config| config.write = true);
    let [engineer, officer, auditor, admin] =
        [Role::Engineer, Role::PrivacyOfficer, Role::Auditor, Role::Admin]
            .map(|role| live.token(role));
    let find = "find inference as i return i.event_id limit 2";
    let ids = live.query(&officer, find).ok()["rows"].clone();
    let decide = |event: &Json, how: &str| {
        let mut body = json!({
            "events": [event], "basis": "a ground", "decision": "R-77",
            "decided_by": "a@bank.example", "all": true,
        });
        if !how.is_empty() {
            body[how] = json!(true);
        }
        let reply = live.send(post("/v1/erasures", &body).token(&officer));
        let job = done(&live, &officer, &reply);
        assert_eq!(job["state"], "done", "{job}");
    };
    decide(&ids[0][0], "");
    let told = |token: &str, query: &str| {
        let all = reports(&live.send(get(format!("/v1/check{query}")).token(token)));
        rule(&all[0], "REC-13")["findings"][0]["say"].as_str().unwrap().to_owned()
    };
    for token in [&officer, &auditor, &admin] {
        let say = told(token, "");
        assert!(say.contains("R-77") && say.contains("a ground"), "{say}");
        assert_eq!(live.send(get("/v1/erasures").token(token)).status, 200);
    }
    let say = told(&engineer, "");
    assert!(say.contains("by recorded decision (") && say.contains("a privacy officer"), "{say}");
    assert!(!say.contains("R-77") && !say.contains("a ground"), "{say}");
    assert_eq!(live.send(get("/v1/erasures").token(&engineer)).problem().0, 403);
    let taken = live.send(post("/v1/check", &json!({})).token(&engineer));
    assert_eq!(done(&live, &engineer, &taken)["state"], "done");
    for token in [&engineer, &officer] {
        let say = told(token, "?as_of=recorded");
        assert!(say.contains("a privacy officer") && !say.contains("R-77"), "{say}");
    }

    decide(&ids[1][0], "restrict");
    let due = |token: &str| {
        let policy = "[policy]\nname = \"own\"\nversion = 1\n[[retention]]\nclass = \"inference-log\"\n\
                      covers = \"events\"\nmin = \"P6M\"\nmax = \"P12M\"\nanchor = \"event.at\"\nbasis = \"AI Act 26(6)\"\n\
                      max_basis = \"GDPR 5(1)(e)\"\npurpose = \"complaints\"\n";
        let asked = post("/v1/retention", &json!({ "at": "2199-01-01", "policy": policy }));
        live.send(asked.token(token)).ok()
    };
    let held = |told: &Json| {
        let due = told["inference-log"]["due"].as_array().expect("batches are due").clone();
        assert!(!due.is_empty(), "{told}");
        due.iter().filter(|batch| !batch["hold"].is_null()).count()
    };
    let of_officer = due(&officer);
    assert_eq!((held(&of_officer), &of_officer["withheld"]), (1, &json!([])));
    for token in [&auditor, &admin] {
        let told = due(token);
        assert_eq!(held(&told), 0, "{told}");
        assert!(told["withheld"][0].as_str().unwrap().contains("restricted"), "{told}");
    }
}

#[test]
fn an_export_is_given_whole_and_is_in_the_trail_one_by_one() {
    let live = Live::with(|config| config.write = true);
    let (engineer, auditor) = (live.token(Role::Engineer), live.token(Role::Auditor));
    let ask = |form: &str, more: &str| {
        live.send(get(format!("/v1/export/{form}?target={MODEL}{more}")).token(&engineer))
    };
    let forms = [
        ("prov", "application/json"),
        ("cyclonedx", "application/vnd.cyclonedx+json"),
        ("cyclonedx-1.6", "application/vnd.cyclonedx+json"),
        ("spdx", "application/ld+json"),
        ("slsa", "application/x-ndjson"),
        ("openlineage", "application/x-ndjson"),
        ("car", "application/vnd.ipld.car"),
    ];
    for (form, media_type) in forms {
        let given = ask(form, "");
        assert_eq!((given.status, given.header("content-type")), (200, Some(media_type)), "{form}");
        assert_eq!(given.body, ask(form, "&as_of=2").body, "{form}: the same view, the same bytes");
        assert_eq!(given.header("lineal-root"), Some("model:credit-risk-scorer@3"));
        assert!(given.header("lineal-total").unwrap().parse::<u64>().unwrap() > 3, "{form}");
    }
    let tag = ask("prov", "").header("etag").unwrap().to_owned();
    let held = get(format!("/v1/export/prov?target={MODEL}")).header("If-None-Match", &tag);
    assert_eq!(live.send(held.token(&engineer)).status, 304);
    assert_eq!(ask("pdf", "").problem().0, 404);
    let odd = |target: &str| {
        live.send(get(format!("/v1/export/slsa?target={target}")).token(&engineer)).problem().0
    };
    assert_eq!(odd("model%3Anobody%409"), 404);
    assert_eq!(odd(&format!("system%3A{SYSTEM}")), 422);
    assert_eq!(odd(crate::live::HASH), 400);
    assert_eq!(live.send(get("/v1/export/prov").token(&engineer)).problem().0, 400);

    let seal = post("/v1/trail/seal", &json!({}));
    assert_eq!(live.send(seal.token(&auditor)).status, 202);
    let text = "find access as a where a.endpoint = \"GET /v1/export/{form}\" and a.what = \"use\" \
                return a.role, a.results, a.question";
    live.until(|| live.query(&auditor, text).ok()["total"].as_u64() >= Some(15));
    let rows = live.query(&auditor, text).ok()["rows"].clone();
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().all(|row| row[0] == "engineer"), "{rows:?}");
    let whole = |row: &&Json| row[1].as_u64() > Some(3) && row[2].to_string().contains("/car?");
    assert_eq!(
        rows.iter().filter(whole).count(),
        2,
        "with how much was given, and of what: {rows:?}"
    );
}

#[test]
fn who_keeps_a_store_has_it_packed_hashed_and_an_import_undone() {
    let live = Live::with(|config| config.write = true);
    let admin = live.token(Role::Admin);
    let have = |path: &str, body: Json| {
        let reply = live.send(post(path, &body).token(&admin));
        assert_eq!(reply.status, 202, "{path}: {}", reply.text());
        done(&live, &admin, &reply)
    };
    for (depth, hashed) in [("fast", false), ("bytes", true), ("full", true)] {
        let verified = have("/v1/verify", json!({ "depth": depth }));
        let report = &verified["report"];
        assert_eq!(
            (&verified["state"], &report["sound"]),
            (&json!("done"), &json!(true)),
            "{verified}"
        );
        assert_eq!((&report["depth"], &report["keys_present"]), (&json!(depth), &json!(true)));
        assert_eq!(report["container_bytes"].as_u64() > Some(0), hashed, "{verified}");
        assert!(!verified.to_string().contains(live.store().to_str().unwrap()), "no path is told");
    }
    let rehearsed = have("/v1/compact", json!({ "dry_run": true }));
    assert_eq!(rehearsed["report"]["dry_run"], true, "{rehearsed}");
    let packed = have("/v1/compact", json!({}));
    assert_eq!(packed["state"], "done", "{packed}");
    let models = || live.query(&admin, "find model").ok()["total"].as_u64().unwrap();
    let before = models();
    let retracted = have("/v1/retractions", json!({ "import": 1, "reason": "by mistake" }));
    assert_eq!(retracted["report"]["done"], "retracted", "{retracted}");
    assert!(models() < before);
    let twice = have("/v1/retractions", json!({ "import": 1 }));
    assert_eq!(twice["problem"]["type"], "urn:lineal:problem:refused", "{twice}");
    let restored = have("/v1/retractions", json!({ "import": 1, "restore": true }));
    assert_eq!((&restored["report"]["done"], models()), (&json!("restored"), before));
    let none = have("/v1/retractions", json!({ "import": 4_000_000 }));
    assert!(none["problem"]["detail"].as_str().unwrap().contains("4000000"), "{none}");
    // A server that only reads does none of it.
    let reads = Live::new();
    let admin = reads.token(Role::Admin);
    for (path, body) in [
        ("/v1/compact", json!({})),
        ("/v1/verify", json!({})),
        ("/v1/retractions", json!({ "import": 1 })),
    ] {
        assert_eq!(reads.send(post(path, &body).token(&admin)).problem().0, 409, "{path}");
    }
}
