//! Statements over the network: who asks states it, each role what is its business, and a key that
//! signs never travels.

use crate::client::{get, post};
use crate::live::Live;
use crate::uploads::done;
use lineal_evidence::record::{SecretKey, SignedStatement, Unsigned, time_of};
use lineal_server::Role;
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
