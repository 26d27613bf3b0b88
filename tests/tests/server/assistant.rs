//! What assistants do with evidence over the protocol for them: they read it, and state what people told
//! them, in the name of a token whose role may.

use crate::client::{get, post};
use crate::live::{Live, SYSTEM};
use crate::public_log;
use lineal_engine::schema::Kind;
use lineal_evidence::record::{SecretKey, SignedStatement, Unsigned, time_of};
use lineal_server::Role;
use serde_json::{Value as Json, json};

const KEY: &str = include_str!("../../../evidence/tests/approver.key");
const MODEL: &str = "model:credit-risk-scorer@3";

/// What a tool of the protocol for assistants says, and whether that is a refusal.
fn tool(live: &Live, token: &str, name: &str, arguments: &Json) -> (String, bool) {
    let params = json!({ "name": name, "arguments": arguments });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let ask = post("/mcp", &message).header("Accept", "application/json, text/event-stream");
    let result = live.send(ask.token(token).header("Lineal-Case", "7")).ok()["result"].clone();
    let text = result["content"][0]["text"].as_str().unwrap_or_default().to_owned();
    (text, result["isError"] == true)
}

/// What one answers that refuses nothing.
fn answer(live: &Live, token: &str, name: &str, arguments: &Json) -> Json {
    let (text, is_error) = tool(live, token, name, arguments);
    assert!(!is_error, "{name} {arguments}: {text}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn tools(live: &Live, token: &str) -> Vec<String> {
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    let ask = post("/mcp", &message).header("Accept", "application/json, text/event-stream");
    let list = live.send(ask.token(token).header("Lineal-Case", "7")).ok();
    let list = list["result"]["tools"].as_array().expect("tools").clone();
    list.iter().map(|tool| tool["name"].as_str().unwrap_or_default().to_owned()).collect()
}

/// A server that writes, and lets assistants write.
fn writing() -> Live {
    Live::with(|config| {
        config.write = true;
        config.mcp.write = true;
    })
}

#[test]
fn an_assistant_reads_evidence_and_states_it_where_the_role_may() {
    let live = writing();
    let [engineer, officer, auditor, investigator] =
        [Role::Engineer, Role::PrivacyOfficer, Role::Auditor, Role::Investigator]
            .map(|role| live.token(role));
    let ok = |token: &str, name: &str, arguments: Json| answer(&live, token, name, &arguments);
    let checked = ok(&auditor, "check", json!({ "system": SYSTEM, "reconcile": true }));
    assert_eq!(checked["reports"].as_array().map(Vec::len), Some(2), "{checked}");
    assert!(checked["open"].as_array().unwrap().iter().any(|rule| rule["id"] == "SYS-01"));
    assert!(checked.to_string().len() <= 48 << 10);
    assert_eq!(ok(&auditor, "gate", json!({ "model": "credit-risk-scorer@3" }))["passes"], false);
    let asked = json!({ "kind": "annex-iv", "target": SYSTEM, "as_of": 1 });
    let (then, is_error) = tool(&live, &auditor, "report", &asked);
    assert!(!is_error && then.contains("commit 1,"), "{then}");
    let asked = json!({ "kind": "annex-iv", "target": SYSTEM });
    let (report, is_error) = tool(&live, &auditor, "report", &asked);
    assert!(!is_error && report.starts_with("# Technical documentation"), "{report}");
    assert!(report.len() <= 48 << 10);
    let (why, is_error) =
        tool(&live, &engineer, "report", &json!({ "kind": "dpia", "target": SYSTEM }));
    assert!(is_error && why.contains("for the roles"), "{why}");
    let node = ok(&auditor, "records", json!({ "node": "model:credit-risk-scorer@3" }));
    assert_eq!(node["kind"], Kind::Model.name(), "{node}");

    assert!(!tools(&live, &auditor).contains(&"declare".to_owned()), "auditors write nothing");
    assert!(tools(&live, &engineer).contains(&"declare".to_owned()));
    assert!(tools(&live, &officer).contains(&"hold".to_owned()));
    let declared = json!({ "what": "system", "node": "loans", "fields": ["provider=Bank"] });
    assert_eq!(ok(&engineer, "declare", declared.clone())["node"], "system:loans");
    let attached = ok(
        &engineer,
        "attach",
        json!({ "name": "risk.md", "text": "# Risks\nnone known", "to": "system:loans",
                "type": "risk_management" }),
    );
    assert_eq!(attached["kind"], "document", "{attached}");
    let reported = json!({ "name": "INC-9", "concerns": ["system:loans"] });
    assert_eq!(ok(&investigator, "incident", reported)["kind"], "incident");
    let data = live.query(&engineer, "find dataset return it limit 1").ok()["rows"][0][0].clone();
    ok(&engineer, "withdraw", json!({ "dataset": data, "reason": "licence ended" }));
    ok(&officer, "hold", json!({ "name": "case-9", "scope": "store", "reason": "a request" }));
    let held = live.send(get("/v1/holds").token(&auditor)).ok();
    assert_eq!(held["holds"][0]["name"], "case-9", "{held}");

    for (token, name, arguments, words) in [
        (&auditor, "declare", &declared, "not for the role"),
        (&officer, "declare", &declared, "not for the role"),
        (
            &engineer,
            "declare",
            &json!({ "what": "role", "node": "loans", "roles": ["provider"] }),
            "does not state",
        ),
        (&engineer, "declare", &json!({ "what": "law", "node": "loans" }), "`what` is"),
        (&engineer, "withdraw", &json!({ "dataset": "dataset:nobody", "reason": "x" }), "nothing"),
        (&engineer, "hold", &json!({ "name": "n", "reason": "r" }), "not for the role"),
        (&engineer, "check", &json!({ "system": "nobody" }), "nothing recorded"),
        (&engineer, "gate", &json!({}), "`model` is missing"),
        (&engineer, "attach", &json!({ "name": 7, "text": "t" }), "`name` is a text"),
    ] {
        let (text, is_error) = tool(&live, token, name, arguments);
        assert!(is_error && text.contains(words), "{name} {arguments}: {text}");
    }
    // What a server does not write, nobody is offered to write there.
    let reads = Live::with(|config| config.mcp.write = true);
    let engineer = reads.token(Role::Engineer);
    assert!(!tools(&reads, &engineer).contains(&"declare".to_owned()));
    let (text, is_error) = tool(&reads, &engineer, "declare", &declared);
    assert!(is_error && text.contains("reads that store only"), "{text}");
}

#[test]
fn what_people_decide_is_recorded_through_an_assistant_and_signed_by_their_own_key() {
    let live = writing();
    let (engineer, approver) = (live.token(Role::Engineer), live.token(Role::Approver));
    let ok = |token: &str, name: &str, arguments: &Json| answer(&live, token, name, arguments);
    let refused = |token: &str, name: &str, arguments: &Json, words: &str| {
        let (text, is_error) = tool(&live, token, name, arguments);
        assert!(is_error && text.contains(words), "{name} {arguments}: {text}");
    };
    let data = live.query(&engineer, "find dataset return it limit 1").ok()["rows"][0][0].clone();
    let figures = json!({
        "model": MODEL, "on": data, "metrics": ["auc=0.91"], "thresholds": ["auc=0.85"],
        "type": "robustness",
    });
    let evaluated = ok(&engineer, "evaluate", &figures);
    assert_eq!(evaluated["kind"], "evaluation", "{evaluated}");

    let finding = json!({
        "rule": "REC-08", "node": MODEL, "until": "2199-01-31", "reason": "it was on paper",
    });
    assert_eq!(ok(&approver, "waive", &finding)["kind"], "approval");
    let unknown = json!({ "rule": "REC-99", "node": MODEL, "until": "2199-01-31", "reason": "x" });
    refused(&approver, "waive", &unknown, "REC-");

    let mut decided = json!({
        "node": MODEL, "role": "release_manager", "basis": [evaluated["node"]], "reason": "it holds",
        "to_sign": true,
    });
    let approvals = || {
        let rows = live.query(&engineer, "find approval return it").ok()["rows"].clone();
        rows.as_array().map(Vec::len)
    };
    let before = approvals();
    let to_sign = ok(&approver, "approve", &decided);
    assert_eq!(approvals(), before, "what is to be signed is not recorded");
    let key = SecretKey::parse(KEY.as_bytes(), None).unwrap();
    let text = |name: &str| to_sign[name].as_str().unwrap().to_owned();
    let unsigned = Unsigned { payload: text("payload"), at: time_of(&text("at")).unwrap() };
    let signed = unsigned.sign(&key, Some("it holds")).unwrap();
    decided["to_sign"] = json!(false);
    decided["at"] = to_sign["at"].clone();
    decided["signed"] = serde_json::to_value(SignedStatement::from(&signed)).unwrap();
    let mut forged = decided.clone();
    forged["role"] = json!("risk");
    refused(&approver, "approve", &forged, "what was signed");
    let approved = ok(&approver, "approve", &decided);
    let decisions = approved["standing"]["decisions"].as_array().cloned().unwrap_or_default();
    assert!(decisions.iter().any(|it| it["signature"] == "valid"), "{approved}");

    let against = json!({ "node": MODEL, "role": "risk", "reason": "too few samples" });
    let rejected = ok(&approver, "reject", &against);
    assert_eq!(rejected["standing"]["granted"], false, "{rejected}");

    for name in ["waive", "approve", "reject"] {
        assert!(tools(&live, &approver).contains(&name.to_owned()));
        assert!(!tools(&live, &engineer).contains(&name.to_owned()), "{name} is for approvers");
    }
    refused(&engineer, "approve", &decided, "does not state");
    refused(&approver, "evaluate", &figures, "does not state");
    refused(&approver, "approve", &json!({ "node": MODEL, "role": 7 }), "`role` is a text");
}

#[test]
fn assistants_only_read_where_the_configuration_does_not_say_otherwise() {
    let live = Live::with(|config| config.write = true);
    let roles = [Role::Engineer, Role::Approver, Role::Investigator, Role::PrivacyOfficer];
    for token in roles.map(|role| live.token(role)) {
        let offered = tools(&live, &token);
        for name in ["declare", "attach", "evaluate", "incident", "withdraw", "waive", "approve"] {
            assert!(!offered.contains(&name.to_owned()), "{name}");
        }
    }
    let (engineer, officer) = (live.token(Role::Engineer), live.token(Role::PrivacyOfficer));
    let declared = json!({ "what": "system", "node": "loans", "fields": ["provider=Bank"] });
    let held = json!({ "name": "case-9", "scope": "store", "reason": "a request" });
    for (token, name, arguments) in [(&engineer, "declare", &declared), (&officer, "hold", &held)] {
        let (text, is_error) = tool(&live, token, name, arguments);
        assert!(is_error && text.contains("under `[mcp]`"), "{name}: {text}");
    }
    assert_eq!(live.query(&engineer, "find system where name = \"loans\"").ok()["total"], 0);
}

#[test]
fn a_tool_is_offered_to_those_whom_it_answers() {
    let live = Live::new();
    let of_role = [Role::Engineer, Role::PrivacyOfficer, Role::Auditor, Role::Investigator]
        .map(|role| live.token(role));
    let bound = [Role::Engineer, Role::Auditor].map(|role| live.bound(role, "main", SYSTEM));
    let model = json!({ "model": MODEL });
    for (token, is_bound) in
        of_role.iter().map(|it| (it, false)).chain(bound.iter().map(|it| (it, true)))
    {
        let offered = tools(&live, token);
        for (name, arguments) in [
            ("holds", json!({})),
            ("erasures", json!({})),
            ("checkpoint", json!({})),
            ("gate", model.clone()),
            ("prove", json!({ "statement": MODEL })),
            ("report", json!({ "kind": "oversight", "target": SYSTEM })),
            ("query", json!({ "query": "find system" })),
            ("trace", json!({ "target": MODEL })),
            ("records", json!({ "node": MODEL })),
            ("schema", json!({})),
            ("pack", json!({ "subject": MODEL })),
            ("export", json!({ "form": "prov", "target": MODEL })),
        ] {
            let (text, is_error) = tool(&live, token, name, &arguments);
            let words = [
                "for the role",
                "bound to systems",
                "systems of this token",
                "a part of the store",
            ];
            let is_denied = is_error && words.iter().any(|words| text.contains(words));
            let is_offered = offered.contains(&name.to_owned());
            assert_eq!(is_offered, !is_denied, "{name}, bound: {is_bound}: {text}");
        }
    }
    let car = json!({ "form": "car", "target": MODEL });
    for (token, words) in [(&of_role[2], "an archive is no text"), (&bound[1], "of this token")] {
        let (text, is_error) = tool(&live, token, "export", &car);
        assert!(is_error && text.contains(words), "{text}");
    }
    let other = json!({ "kind": "annex-iv", "target": SYSTEM });
    let (text, is_error) = tool(&live, &bound[1], "report", &other);
    assert!(is_error && text.contains("Within them stays oversight"), "{text}");
    assert!(!tools(&live, &of_role[0]).contains(&"holds".to_owned()), "not for engineers");
    assert!(tools(&live, &of_role[2]).contains(&"holds".to_owned()), "for auditors");
}

#[test]
fn an_argument_that_is_too_long_is_a_refusal_with_its_limit() {
    let live = Live::new();
    let token = live.token(Role::Auditor);
    let called = |length: usize| {
        let long = "x".repeat(length);
        [
            ("trace", json!({ "target": long })),
            ("records", json!({ "node": long })),
            ("gate", json!({ "model": long })),
            ("check", json!({ "system": long })),
            ("report", json!({ "kind": "annex-iv", "target": long })),
        ]
    };
    for (name, arguments) in called(66_000) {
        let (text, is_error) = tool(&live, &token, name, &arguments);
        assert!(is_error && text.contains("32768 may be said"), "{name}: {text}");
    }
    for (name, arguments) in called(20_000) {
        let (text, is_error) = tool(&live, &token, name, &arguments);
        let is_looked_up = !text.contains("may be said") && !text.contains("broke off");
        assert!(is_error && is_looked_up, "{name}: {text}");
    }
}

#[test]
fn an_assistant_tells_what_a_pack_holds_and_hands_on_an_export() {
    let live = Live::with(|config| {
        public_log::sign(config);
    });
    let (officer, engineer) = (live.token(Role::PrivacyOfficer), live.token(Role::Engineer));
    let asked = json!({ "subject": MODEL, "samples": 1 });
    let told = answer(&live, &officer, "pack", &asked);
    let path = told["fetch"].as_str().unwrap().strip_prefix("GET ").unwrap().to_owned();
    let fetched = live.send(get(path).token(&officer));
    assert_eq!(fetched.status, 200, "{}", fetched.text());
    let header = |name: &str| fetched.header(name).map(str::to_owned);
    assert_eq!(
        told["manifest_sha256"].as_str().map(str::to_owned),
        header("lineal-manifest-sha256")
    );
    assert_eq!(told["signed_by"].as_str().map(str::to_owned), header("lineal-signed-by"));
    let total = header("lineal-total").and_then(|total| total.parse::<u64>().ok());
    assert_eq!(told["counts"]["nodes"].as_u64(), total, "{told}");
    let files = told["files"].as_array().unwrap();
    assert!(files.len() as u64 <= told["files_total"].as_u64().unwrap(), "{told}");
    assert!(files.iter().any(|file| file["path"] == "MANIFEST.sha256"), "{told}");
    let bytes = fetched.body.len() as u64;
    assert!(told["bytes"].as_u64().is_some_and(|it| it > 0 && it < bytes), "{told}");
    assert!(told.to_string().len() <= 48 << 10);
    for (token, name, arguments, words) in [
        (&engineer, "pack", &asked, "for the role"),
        (&officer, "pack", &json!({ "subject": MODEL, "disclosure": "authority" }), "points at"),
        (&officer, "pack", &json!({ "subject": MODEL, "samples": 101 }), "100 at most"),
        (&officer, "pack", &json!({ "subject": "nobody" }), "nothing"),
        (&engineer, "export", &json!({ "form": "car", "target": MODEL }), "is no text"),
        (&engineer, "export", &json!({ "form": "pdf", "target": MODEL }), "is a form"),
        (&engineer, "export", &json!({ "form": "prov" }), "`target` is missing"),
    ] {
        let (text, is_error) = tool(&live, token, name, arguments);
        assert!(is_error && text.contains(words), "{name} {arguments}: {text}");
    }
    // Whole, or refused with its size and where it is.
    let export = get("/v1/export/prov?target=model%3Acredit-risk-scorer%403");
    let whole = live.send(export.token(&engineer));
    let asked = json!({ "form": "prov", "target": MODEL });
    let (text, is_error) = tool(&live, &engineer, "export", &asked);
    match whole.body.len() <= 48 << 10 {
        true => assert_eq!((text, is_error), (whole.text(), false)),
        false => {
            let size = format!("the export has {} bytes and 49152 may be told", whole.body.len());
            assert!(is_error && text.starts_with(&size), "{text}");
            assert!(text.contains("GET /v1/export/prov"), "{text}");
        }
    }
}
