//! Statements over the network: who asks states it, each role what is its business, and a key that
//! signs never travels.

use crate::client::{get, post};
use crate::live::Live;
use crate::uploads::done;
use lineal_evidence::record::{Record, SecretKey, SignedStatement, Unsigned, VERBS, Verb, time_of};
use lineal_server::{ROLES, Role};
use serde_json::{Value as Json, json};

const KEY: &str = include_str!("../../../evidence/tests/approver.key");
const MODEL: &str = "model:credit-risk-scorer@3";

fn taken(live: &Live, token: &str, path: &str, body: &Json) -> Json {
    let reply = live.send(post(path, body).token(token));
    assert_eq!(reply.status, 202, "{}", reply.text());
    done(live, token, &reply)
}

#[test]
fn an_approver_signs_where_the_key_is_and_the_gate_sees_it() {
    let live = Live::with(|config| config.write = true);
    let (engineer, approver) = (live.token(Role::Engineer), live.token(Role::Approver));
    let record = |token: &str, body: &Json| taken(&live, token, "/v1/records", body);
    let system = json!({ "declare_system": { "node": "scoring", "fields": ["provider=Bank"] } });
    let declared = record(&engineer, &json!({ "record": system }));
    assert_eq!(declared["report"]["node"], "system:scoring", "{declared}");

    // Nobody decides by a role that does not, and nobody in another's name.
    let approve = json!({ "approve": { "node": MODEL, "role": "release_manager" } });
    let mut body = json!({ "record": approve, "reason": "it holds" });
    let refused = live.send(post("/v1/records", &body).token(&engineer));
    assert_eq!(refused.problem().0, 403, "{}", refused.text());
    body["by"] = json!("boss@bank.example");
    let other = live.send(post("/v1/records", &body).token(&approver));
    assert_eq!(other.problem().0, 403);
    assert!(other.text().contains("token:"), "it says who asks: {}", other.text());
    body["by"] = Json::Null;
    let odd = live.send(post("/v1/records", &json!({ "record": { "x": 1 } })).token(&approver));
    assert_eq!(odd.problem().0, 400);

    let to_sign = taken(&live, &approver, "/v1/records/statement", &body);
    let payload = to_sign["report"]["payload"].as_str().unwrap().to_owned();
    let at = to_sign["report"]["at"].as_str().unwrap().to_owned();
    let key = SecretKey::parse(KEY.as_bytes(), None).unwrap();
    let unsigned = Unsigned { payload, at: time_of(&at).unwrap() };
    let signed = unsigned.sign(&key, Some("it holds")).unwrap();
    body["at"] = json!(at);
    body["record"]["approve"]["signed"] =
        serde_json::to_value(SignedStatement::from(&signed)).unwrap();
    let mut forged = body.clone();
    forged["record"]["approve"]["role"] = json!("risk");
    let failed = record(&approver, &forged);
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["problem"]["detail"].as_str().unwrap().contains("what was signed"));
    let approved = record(&approver, &body);
    let standing = &approved["report"]["standing"];
    assert_eq!(
        (&standing["granted"], &standing["decisions"][1]["signature"]),
        (&json!(true), &json!("valid")),
        "{approved}"
    );

    let gate = format!("/v1/gate?model={MODEL}");
    let asked = live.send(get(&gate).token(&engineer)).ok();
    assert_eq!((&asked["passes"], asked["items"].as_array().unwrap().len()), (&json!(false), 6));
    assert_eq!(live.send(get("/v1/gate?model=nothing").token(&engineer)).status, 404);
    let bound = live.bound(Role::Auditor, "*", "CREDIT-RISK-EU-001");
    assert_eq!(live.send(get(&gate).token(&bound)).status, 403);
}

/// A statement of each command, of nodes that nobody recorded.
fn statement(verb: Verb) -> Json {
    let (node, reason) = ("model:none", "2026-01-01");
    match verb {
        Verb::DeclareSystem => json!({ "declare_system": { "node": "" } }),
        Verb::DeclareRole => json!({ "declare_role": { "node": "none", "roles": ["provider"] } }),
        Verb::DeclareScope => json!({ "declare_scope": { "node": "none", "fields": [] } }),
        Verb::DeclareNode => json!({ "declare_node": { "node": node } }),
        Verb::Attach => json!({ "attach": {
            "file": { "name": "a", "size": 1, "digest": "", "sha256": "", "media_type": "text/plain" },
            "to": node, "document_type": "dpia",
        } }),
        Verb::Evaluate => {
            json!({ "evaluate": { "model": node, "on": "dataset:none", "metrics": [] } })
        }
        Verb::Incident => json!({ "incident": { "name": "INC-1" } }),
        Verb::Monitor => json!({ "monitor": { "name": "drift" } }),
        Verb::Change => json!({ "change": { "node": node } }),
        Verb::Loss => json!({ "loss": { "node": node, "from": reason, "until": reason } }),
        Verb::Downtime => json!({ "downtime": { "node": node, "from": reason, "until": reason } }),
        Verb::Withdraw => json!({ "withdraw": { "node": "dataset:none" } }),
        Verb::Waive => json!({ "waive": { "rule": "NO-1", "node": node, "until": "2199-01-01" } }),
        Verb::Approve => json!({ "approve": { "node": node, "role": "risk" } }),
        Verb::Reject => json!({ "reject": { "node": node, "role": "risk" } }),
        Verb::AddKey => json!({ "add_key": { "of": "a@bank.example", "public_key": "none" } }),
        Verb::RevokeKey => json!({ "revoke_key": { "key": "SHA256:none" } }),
    }
}

#[test]
fn every_statement_is_taken_from_the_roles_that_may_make_it_and_from_nobody_else() {
    let live = Live::with(|config| config.write = true);
    let tokens: Vec<(Role, String)> = ROLES.map(|role| (role, live.token(role))).to_vec();
    for verb in VERBS {
        let record = statement(verb);
        let read: Record = serde_json::from_value(record.clone()).unwrap();
        assert_eq!(read.verb(), verb);
        let body = json!({ "record": record });
        for (role, token) in &tokens {
            let ask = post("/v1/records", &body).token(token).header("Lineal-Case", "case-7");
            let reply = live.send(ask);
            let may = verb.who().iter().any(|who| who.name() == role.name());
            let wanted = if may { 202 } else { 403 };
            assert_eq!(reply.status, wanted, "{role} {}: {}", verb.command(), reply.text());
            if may {
                let path = reply.header("location").unwrap().to_owned();
                let job = || {
                    let ask = get(path.as_str()).token(token).header("Lineal-Case", "case-7");
                    live.send(ask).ok()
                };
                live.until(|| !["waiting", "running"].contains(&job()["state"].as_str().unwrap()));
                assert_eq!(job()["state"], "failed", "nothing is recorded: {}", job());
            } else if matches!(role, Role::Engineer | Role::Approver | Role::Investigator) {
                let command = format!("`lineal {}` is for the roles", verb.command());
                assert!(reply.text().contains(&command), "{}", reply.text());
            }
        }
    }
}

#[test]
fn an_engineer_declares_nothing_that_is_an_approvers_over_the_server() {
    let live = Live::with(|config| config.write = true);
    let (engineer, approver) = (live.token(Role::Engineer), live.token(Role::Approver));
    let record = |token: &str, record: Json| {
        taken(&live, token, "/v1/records", &json!({ "record": record, "reason": "so" }))
    };
    record(&engineer, json!({ "declare_system": { "node": "loans" } }));
    record(
        &approver,
        json!({ "declare_scope": { "node": "loans", "fields": ["risk_class=high"] } }),
    );
    let change = json!({ "change": { "node": MODEL, "decision": "not_substantial" } });
    let change = record(&approver, change)["report"]["node"].clone();
    for (node, field) in [(json!("loans"), "risk_class=minimal"), (change, "decision=substantial")]
    {
        let declare = json!({ "declare_node": { "node": node, "fields": [field] } });
        let failed = record(&engineer, declare);
        let why = failed["problem"]["detail"].as_str().unwrap_or_default().to_owned();
        assert_eq!(failed["state"], "failed", "{field}: {failed}");
        assert!(why.contains("the role approver may"), "{field}: {why}");
    }
}
