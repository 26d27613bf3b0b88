//! Every endpoint with every role, and with those who have none.

use crate::client::{Ask, delete, get, post};
use crate::live::{HASH, Live, SYSTEM, query_with};
use crate::public_log;
use lineal_server::{ROLES, Role, TYPED_ANSWER, endpoints};
use serde_json::{Value as Json, json};

/// A policy under which the logs of the fixtures are due.
const POLICY: &str = "[policy]\nname = \"t\"\nversion = 1\n[[retention]]\nclass = \"inference-log\"\nmin = \"P1D\"\n\
     max = \"P2D\"\nanchor = \"event.at\"\nbasis = \"b\"\npurpose = \"p\"\nmax_basis = \"m\"\n";

/// The run of the event that is sent to the endpoints for OpenLineage.
const RUN: &str = "0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d";

fn run_event() -> Json {
    json!({
        "eventTime": "2025-11-03T14:00:00Z", "eventType": "START", "run": { "runId": RUN },
        "job": { "namespace": "n", "name": "j" }, "inputs": [{ "namespace": "n", "name": "d" }],
    })
}

/// A request that the endpoint would answer, with the id of a job.
fn sound(method: &str, path: &str, job: &str) -> Ask {
    let log = json!({ "message": "no event" });
    match (method, path) {
        ("POST", "/v1/imports") => post(path, &log).kind("application/x-ndjson"),
        ("POST", "/v1/checkpoint") => post(path, &json!({})),
        ("POST", "/v1/intake/seal" | "/v1/trail/seal") => post(path, &json!({})),
        ("POST", "/v1/erasures") => post(
            path,
            &json!({ "events": ["nothing"], "basis": "b", "decision": "d", "decided_by": "a@b.example" }),
        ),
        ("POST", "/v1/holds") => {
            post(path, &json!({ "name": "n", "scope": "store", "reason": "r" }))
        }
        ("POST", "/v1/records") => post(
            path,
            &json!({ "record": { "incident": { "name": "INC-1", "concerns": ["model:none"] } } }),
        ),
        ("POST", "/v1/records/statement") => {
            post(path, &json!({ "record": { "approve": { "node": "model:none", "role": "r" } } }))
        }
        ("GET", "/v1/gate") => get("/v1/gate?model=credit-risk-scorer@3"),
        ("GET", "/v1/check") => get(format!("/v1/check?system={SYSTEM}")),
        ("POST", "/v1/check") => post(path, &json!({ "system": SYSTEM })),
        ("GET", "/v1/export/{form}") => {
            get("/v1/export/prov?target=model%3Acredit-risk-scorer%403")
        }
        ("GET", "/v1/export/logs") => get(format!("/v1/export/logs?target={SYSTEM}")),
        ("GET", "/v1/pack") => get("/v1/pack?subject=model%3Acredit-risk-scorer%403&samples=0"),
        ("GET", "/v1/report/{kind}") => get(format!("/v1/report/annex-iv?target={SYSTEM}")),
        ("POST", "/v1/report/{kind}") => {
            post("/v1/report/annex-iv", &json!({ "target": SYSTEM, "as_of": "1" }))
        }
        ("POST", "/v1/aliases") => {
            post(path, &json!({ "name": "scorer", "target": "model:credit-risk-scorer" }))
        }
        ("POST", "/v1/retractions") => post(path, &json!({ "import": 4_000_000 })),
        ("POST", "/v1/retention") => post(path, &json!({})),
        ("POST", "/v1/retention/proposals") => post(path, &json!({ "policy": POLICY })),
        ("POST", "/v1/retention/executions") => {
            post(path, &json!({ "proposal": "{}", "sha256": "0", "decided_by": "a@b.example" }))
        }
        ("POST", "/v1/rebuild") => post(path, &json!({})),
        ("POST", "/v1/tokens") => post(path, &json!({ "name": "n", "role": "importer" })),
        ("DELETE", "/v1/imports/{id}") => delete(format!("/v1/imports/{job}")),
        ("POST", "/v1/compact") => post(path, &json!({ "dry_run": true })),
        ("POST", "/v1/verify") => post(path, &json!({ "depth": "fast" })),
        ("POST", "/api/v2/logs") => post(path, &log),
        ("POST", "/v1/logs") => post(path, &json!({})),
        ("POST", "/api/v1/lineage") => post(path, &run_event()),
        ("POST", "/api/v1/lineage/batch") => post(path, &json!([])),
        ("GET", "/api/v1/lineage") => get("/api/v1/lineage?nodeId=job:n:j"),
        ("GET", "/api/v1/jobs/runs/{id}") => get(format!("/api/v1/jobs/runs/{RUN}")),
        ("GET", path) if path.starts_with("/api/v1/namespaces/") => {
            let path = path.replace("{namespace}", "n").replace("{job}", "j");
            get(path.replace("{dataset}", "d"))
        }
        ("GET", "/v1/imports/{id}") => get(format!("/v1/imports/{job}")),
        ("POST", "/v1/query") => query_with(json!({ "query": "find model limit 1" })),
        ("POST", "/v1/plans") => post(path, &json!({ "query": "find model limit 1" })),
        ("POST", "/v1/prove") => post(path, &json!({ "statement": "model:credit-risk-scorer@3" })),
        ("GET", "/v1/query") => get("/v1/query?query=find%20model%20limit%201"),
        ("GET", "/v1/nodes/{kind}/{*key}") => get(format!("/v1/nodes/system/{SYSTEM}")),
        ("GET", "/v1/names") => get("/v1/names?begins=model:cre"),
        ("GET", "/v1/trace") => get(format!("/v1/trace?target={HASH}")),
        ("POST", "/mcp") => post(path, &json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }))
            .header("Accept", "application/json, text/event-stream"),
        ("GET", "/v1/mirror/{*path}") => get("/v1/mirror/segments/00000001.seg?length=64"),
        ("GET", "/v1/tile/{*path}") => get(format!("/v1/tile/0/000.p/{}", public_log::COMMITS)),
        ("GET", "/v1/log/proof") => get("/v1/log/proof?commit=1"),
        ("GET", "/v1/log/consistency") => {
            get(format!("/v1/log/consistency?earlier={}", public_log::COMMITS))
        }
        ("GET", "/v1/show") => get(format!("/v1/show?target={HASH}")),
        ("GET", path) if !path.contains('{') => get(path),
        other => panic!("the test knows no sound request for {other:?}: add one"),
    }
}

#[test]
fn who_had_a_job_begun_may_cancel_it_and_nobody_else_but_an_administrator() {
    let live = Live::with(|config| config.write = true);
    let of = |role| live.token(role);
    let (officer, approver, auditor) =
        (of(Role::PrivacyOfficer), of(Role::Approver), of(Role::Auditor));
    let (engineer, other, admin) = (of(Role::Engineer), of(Role::PrivacyOfficer), of(Role::Admin));
    let hold = json!({ "name": "n", "scope": "store", "reason": "r" });
    let check = json!({ "system": SYSTEM });
    let seal = json!({});
    for (token, path, body) in [
        (&officer, "/v1/holds", &hold),
        (&engineer, "/v1/check", &check),
        (&approver, "/v1/check", &check),
        (&auditor, "/v1/trail/seal", &seal),
    ] {
        let taken = live.send(post(path, body).token(token));
        assert_eq!(taken.status, 202, "{path}: {}", taken.text());
        let job = format!("/v1/imports/{}", taken.json()["id"].as_str().unwrap());
        let cancel = |token: &str| live.send(delete(job.as_str()).token(token));
        assert_eq!(cancel(&other).problem().0, 403, "{path}");
        assert_eq!(cancel(token).status, 200, "{path}: {}", cancel(token).text());
        assert_eq!(cancel(&admin).status, 200, "{path}");
    }
}

#[test]
fn every_endpoint_lets_in_the_roles_of_its_row_and_nobody_else() {
    let live = Live::with(|config| {
        (config.write, config.backups) = (true, true);
        public_log::sign(config);
    });
    let tokens: Vec<(Role, String)> = ROLES.map(|role| (role, live.token(role))).to_vec();
    let importer = &tokens[0].1;
    let taken = live.send(sound("POST", "/v1/imports", "").token(importer)).json();
    let job = taken["id"].as_str().unwrap();
    let event = post("/api/v1/lineage", &run_event());
    assert_eq!(live.send(event.token(importer)).status, 202);
    crate::intake::seal(&live, importer);
    drop(live.token(Role::Importer));
    let spare = live.tokens.read().unwrap().pop().unwrap().id;
    let sound = |method, path| match (method, path) {
        ("DELETE", "/v1/tokens/{id}") => delete(format!("/v1/tokens/{spare}")),
        _ => sound(method, path, job),
    };
    let mut asked = 0;
    for (method, path, roles) in endpoints() {
        let status = |ask: Ask| live.send(ask).status;
        for (role, token) in &tokens {
            let ask = sound(method, path).token(token).header("Lineal-Case", "case-7");
            // Whose job it is, says the handler: this one is the importer's.
            let is_theirs = (method, path) != ("DELETE", "/v1/imports/{id}")
                || matches!(role, Role::Importer | Role::Admin);
            let may = roles.is_none_or(|roles| roles.contains(role)) && is_theirs;
            let given = status(ask);
            let fits = if may { matches!(given, 200..=202) } else { given == 403 };
            assert!(fits, "{role} {method} {path}: {given}");
            let needs_case = matches!(role, Role::Investigator | Role::BreakGlass);
            if roles.is_some() && may && needs_case {
                let bare = live.send(sound(method, path).token(token));
                assert_eq!(bare.problem(), (403, "case-needed".to_owned()), "{role} {path}");
                let odd = sound(method, path).token(token).header("Lineal-Case", "a case");
                assert_eq!(status(odd), 403, "no blanks in a case");
            }
            asked += 1;
        }
        let strangers = [
            sound(method, path),
            sound(method, path).token(""),
            sound(method, path).token(&format!("lineal_{}", "a".repeat(52))),
            sound(method, path).header("Authorization", "Basic YTpi"),
            sound(method, path).header("Authorization", tokens[1].1.as_str()),
            sound(method, path).token(&tokens[1].1).token(&tokens[6].1),
        ];
        for stranger in strangers {
            assert_eq!(status(stranger), if roles.is_none() { 200 } else { 401 }, "{path}");
        }
    }
    assert!(asked >= ROLES.len() * 10, "{asked} pairs: the table is not read");
}

#[test]
fn what_points_at_a_person_is_kept_from_who_may_not_see_it() {
    let live = Live::new();
    let engineer = live.token(Role::Engineer);
    let investigator = live.token(Role::Investigator);
    let within = |ask: Ask| live.send(ask.token(&investigator).header("Lineal-Case", "7"));
    let speaks = json!({ "query": "find inference as i return i.input_hash limit 1" });
    let refused = live.send(query_with(speaks.clone()).token(&engineer));
    assert_eq!(refused.problem().0, 403);
    assert!(refused.text().contains("input_hash"), "{}", refused.text());
    let seen = within(query_with(speaks)).ok();
    assert!(seen["rows"][0][0].is_string() && seen["withheld"] == json!([]), "{seen}");
    // The name of an event is its input hash, for those who see it.
    for query in ["find inference limit 300", "find inference as i return i.key limit 300"] {
        let body = json!({ "query": query });
        let kept = live.send(query_with(body.clone()).token(&engineer));
        assert!(!kept.text().contains(HASH) && kept.ok()["withheld"] == json!(["subject group"]));
        assert!(within(query_with(body.clone())).text().contains(HASH));
        // The form with types holds names and pictures of its own.
        let mut body = body;
        body["with"] = json!(["told", "picture"]);
        let typed = || query_with(body.clone()).header("Accept", TYPED_ANSWER);
        let kept = live.send(typed().token(&engineer));
        assert!(kept.status == 200 && !kept.text().contains(HASH), "{}", kept.text());
        assert!(kept.text().contains("subject group"));
        assert!(within(typed()).text().contains(HASH));
    }
    // Who has the hash may ask what stands behind it.
    let behind = format!("find dataset upstream of inference:{HASH}");
    assert!(live.query(&engineer, &behind).ok()["total"].as_u64().unwrap() > 0);
    let path = format!("/v1/nodes/inference/{HASH}");
    let (kept, seen) = (live.send(get(&path).token(&engineer)).ok(), within(get(&path)).ok());
    let event = &kept["events"][0];
    assert!(event["withheld"].as_array().unwrap().contains(&json!("input_hash")), "{event}");
    assert!(event["input_hash"].is_null() && event["decision"].is_string());
    assert_eq!(kept["found_by"], "input hash");
    assert_eq!(seen["events"][0]["input_hash"], HASH);
    let trace = format!("/v1/trace?target={HASH}");
    let trace = live.send(get(&trace).token(&engineer)).ok();
    assert!(trace["events"][0]["input_hash"].is_null(), "{trace}");
    assert!(!trace["training_data"].as_array().unwrap().is_empty());
}
