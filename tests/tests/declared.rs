//! What a command of its own records is not declared by another, over a server by another role: of each kind, by
//! each way to name a node, and a reason that is recorded keeps its place.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{NodeDraft, Saying, Snapshot, Store};
use lineal_evidence::record::{Desk, Error, File, FileFacts, PublicKey, Request};
use lineal_proof::{Key, KeyPart, Value};
use lineal_tests::sample;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// When everything is stated, ns.
const NOW: i64 = 1_790_000_000_000_000_000;
const MODEL: &str = "model:prod/credit-risk@3";
const OTHER: &str = "model:prod/credit-risk@4";
const SYSTEM: &str = "credit-score";
const ENGINEER: &str = "e@bank.example";
const OFFICER: &str = "o@bank.example";
const PUBLIC: &str = include_str!("../../evidence/tests/approver.pub");

/// Two models, a data set and a deployment, as a registry exports them.
fn store() -> Arc<Store> {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), sample::options()).unwrap();
    let saying = Saying { source: "mlflow".into(), form: "rest".into(), observed_at: NOW - 1 };
    let mut transaction = store.begin(None, None).unwrap();
    for version in ["3", "4"] {
        let key = Key::new(vec!["prod".into(), "credit-risk".into(), version.into()]);
        let mut model = NodeDraft::new(Kind::Model, key);
        model.fields.insert("name", "credit-risk");
        model.fields.insert("version", version);
        transaction.add_node(&saying, model).unwrap();
    }
    let key = vec!["loans-test".into(), "cc33dd44".into(), KeyPart::Null, KeyPart::Null];
    let mut data = NodeDraft::new(Kind::Dataset, Key::new(key));
    data.fields.insert("name", "loans-test");
    data.fields.insert("digest", "cc33dd44");
    transaction.add_node(&saying, data).unwrap();
    transaction.commit().unwrap();
    store.write_indexes().unwrap();
    Arc::new(store)
}

fn take(store: &Store, by: &str, reason: Option<&str>, record: &Json) -> Result<String, Error> {
    let request = json!({ "by": by, "reason": reason, "record": record });
    let request: Request = serde_json::from_value(request).unwrap();
    Desk::new(store, NOW).take(&request).map(|recorded| recorded.node)
}

#[expect(clippy::needless_pass_by_value, reason = "written down where it is said")]
fn said(store: &Store, record: Json) -> String {
    take(store, OFFICER, Some("the officer's reason"), &record).unwrap()
}

fn declared(store: &Store, node: &str, field: &str) -> Result<String, Error> {
    let (fields, edges) = match field.strip_prefix("--edge ") {
        Some(edge) => (vec![], vec![edge]),
        None => (vec![field], vec![]),
    };
    let record = json!({ "declare_node": { "node": node, "fields": fields, "edges": edges } });
    take(store, ENGINEER, None, &record)
}

fn refused(store: &Store, node: &str, field: &str, by: &str) {
    let refused = declared(store, node, field).unwrap_err();
    assert!(matches!(refused, Error::NotStated { .. }), "{node} {field}: {refused}");
    let words = refused.to_string();
    assert!(words.contains(" is not declared: ") && words.contains(by), "{node} {field}: {words}");
}

fn node_of(view: &Snapshot, name: &str) -> lineal_engine::NodeNo {
    let mut all = view.nodes_of(Kind::Document).chain(view.nodes_of(Kind::Evaluation));
    let mut others = view.nodes_of(Kind::Change).chain(view.nodes_of(Kind::System));
    let is_it = |node: &lineal_engine::NodeNo| view.name_of(*node) == name;
    all.find(is_it).or_else(|| others.find(is_it)).unwrap_or_else(|| panic!("no {name}"))
}

fn text(store: &Store, node: &str, field: &str) -> Option<String> {
    let view = store.snapshot().unwrap();
    let value = view.field(node_of(&view, node), field).unwrap();
    value.and_then(|value| value.as_text().map(str::to_owned))
}

fn evaluation(store: &Store) -> String {
    said(
        store,
        json!({ "evaluate": {
            "model": MODEL, "on": "dataset:loans-test", "metrics": ["auc=0.84"],
            "thresholds": ["auc=0.8"],
        } }),
    )
}

fn change(store: &Store) -> String {
    said(store, json!({ "change": { "node": MODEL, "decision": "not_substantial" } }))
}

fn document(store: &Store) -> String {
    let file = File::from(FileFacts::of("card.md", b"# a model".to_vec(), false));
    said(store, json!({ "attach": { "file": file, "to": MODEL, "document_type": "model_card" } }))
}

#[test]
fn what_a_system_is_in_law_is_not_declared_however_it_is_named() {
    let store = store();
    take(&store, ENGINEER, None, &json!({ "declare_system": { "node": SYSTEM } })).unwrap();
    said(&store, json!({ "declare_role": { "node": SYSTEM, "roles": ["provider"] } }));
    said(&store, json!({ "declare_scope": { "node": SYSTEM, "fields": ["risk_class=high"] } }));
    let view = store.snapshot().unwrap();
    let id = view.revision_id(view.nodes_of(Kind::System).next().unwrap()).unwrap();
    for name in [SYSTEM, "system:credit-score", &format!("#{id}")] {
        for field in [
            "risk_class=minimal",
            " risk_class = minimal",
            "risk_class=",
            "role=deployer",
            "annex_point=III.2",
            "declared_at=2020-01-01",
            "--edge done_by=actor:e@bank.example",
        ] {
            refused(&store, name, field, "`lineal declare scope`");
        }
    }
    let edges = json!(["done_by=actor:e@bank.example"]);
    let system = json!({ "declare_system": { "node": SYSTEM, "fields": [], "edges": edges } });
    let error = take(&store, ENGINEER, None, &system).unwrap_err();
    assert!(matches!(error, Error::NotStated { .. }), "{error}");
    assert!(error.to_string().contains("the role approver may"), "{error}");
    declared(&store, SYSTEM, "provider=Example Bank").unwrap();
    let view = store.snapshot().unwrap();
    let node = view.nodes_of(Kind::System).next().unwrap();
    assert_eq!(view.edges(node, Relation::DoneBy, Direction::Forward).len(), 1);
    assert_eq!(text(&store, "system:credit-score", "risk_class").as_deref(), Some("high"));
}

#[test]
fn what_an_approver_decided_is_not_declared_by_an_engineer() {
    let store = store();
    take(&store, ENGINEER, None, &json!({ "declare_system": { "node": SYSTEM } })).unwrap();
    let change = change(&store);
    for field in [
        "decision=substantial",
        "type=stop",
        "time=2020-01-01",
        "reason=another",
        "name=another",
        "from=2020-01-01",
        &format!("--edge concerns={OTHER}"),
        &format!("--edge cites={OTHER}"),
        "--edge done_by=actor:e@bank.example",
    ] {
        refused(&store, &change, field, "`lineal change`");
    }
    declared(&store, &change, "--edge belongs_to=credit-score").unwrap();
    let waived = json!({ "waive": { "rule": "REC-08", "node": MODEL, "until": "2199-01-01" } });
    let waiver = said(&store, waived);
    let approved = said(&store, json!({ "approve": { "node": MODEL, "role": "risk" } }));
    for approval in [&waiver, &approved] {
        for field in [
            "expires=2299-01-01",
            "decision=rejected",
            "rule=LOG-03",
            "stage=prod",
            &format!("--edge approves={OTHER}"),
        ] {
            refused(&store, approval, field, "the role approver may");
        }
    }
    let view = store.snapshot().unwrap();
    let node = node_of(&view, &change);
    assert_eq!(view.edges(node, Relation::Concerns, Direction::Forward).len(), 1);
    assert_eq!(text(&store, &change, "decision").as_deref(), Some("not_substantial"));
}

#[test]
fn whose_a_key_is_and_until_when_it_counts_is_not_declared() {
    let store = store();
    take(&store, ENGINEER, None, &json!({ "declare_system": { "node": SYSTEM } })).unwrap();
    let key = PublicKey::parse(PUBLIC).unwrap();
    let added = json!({ "add_key": { "of": OFFICER, "public_key": key.openssh() } });
    let document = said(&store, added);
    said(&store, json!({ "revoke_key": { "key": key.fingerprint() } }));
    for field in [
        "revoked_at=",
        "public_key=x",
        "replaced_by=SHA256:x",
        "time=2020-01-01",
        "type=model_card",
        "reason=found again",
        "--edge done_by=actor:e@bank.example",
    ] {
        refused(&store, &document, field, "`lineal key revoke`");
    }
    // Nor is a document of another kind made a key.
    let other = self::document(&store);
    refused(&store, &other, "public_key=x", "`lineal key add`");
    let view = store.snapshot().unwrap();
    let node = node_of(&view, &document);
    assert_eq!(view.edges(node, Relation::DoneBy, Direction::Forward).len(), 1);
}

#[test]
fn what_was_measured_or_attached_is_added_to_and_not_changed() {
    let store = store();
    take(&store, ENGINEER, None, &json!({ "declare_system": { "node": SYSTEM } })).unwrap();
    let evaluation = evaluation(&store);
    for field in [
        "metrics.auc=0.99",
        "metrics.f1=0.9",
        "metrics=",
        "passed=true",
        "thresholds.auc=0.5",
        "thresholds.auc=",
        "thresholds=",
        "time=2020-01-01",
        "model_digest=aa",
        &format!("--edge evaluates={OTHER}"),
        "--edge done_by=actor:e@bank.example",
    ] {
        refused(&store, &evaluation, field, "`lineal evaluate`");
    }
    // What is missing is declared, as rules advise; what is the same again is no change.
    for field in [
        "thresholds.f1=0.7",
        "thresholds.auc=0.8",
        "thresholds_at=2020-01-01",
        "thresholds_at=2020-01-02",
        "by_group.women/auc=0.83",
    ] {
        declared(&store, &evaluation, field).unwrap();
    }
    refused(&store, &evaluation, "by_group.women/auc=0.9", "something else is recorded of it");
    let document = document(&store);
    for field in ["type=eu_declaration", "type=", "name=x", "reason=another"] {
        refused(&store, &document, field, "`lineal attach`");
    }
    refused(&store, &document, "--edge done_by=actor:e@bank.example", "`lineal attach`");
    refused(&store, &document, "sha256=00", "`lineal attach` reads");
    for field in ["version=2", "reviewed_at=2020-01-01", "points.IV_1=page 3"] {
        declared(&store, &document, field).unwrap();
    }
    let view = store.snapshot().unwrap();
    let node = node_of(&view, &evaluation);
    let thresholds = view.field(node, "thresholds").unwrap().unwrap();
    assert_eq!(thresholds.as_map().and_then(|it| it.get("auc")), Some(&Value::Float(0.8)));
    assert_eq!(thresholds.as_map().and_then(|it| it.get("f1")), Some(&Value::Float(0.7)));
}

#[test]
fn what_persons_report_is_told_in_their_own_name_alone() {
    let store = store();
    take(&store, ENGINEER, None, &json!({ "declare_system": { "node": SYSTEM } })).unwrap();
    let reported = json!({ "incident": { "name": "INC-1", "concerns": [MODEL] } });
    let incident = said(&store, reported);
    refused(&store, &incident, "--edge done_by=actor:e@bank.example", "`lineal incident`");
    declared(&store, &incident, "harm_class=rights").unwrap();
    // What a person is called comes with what they state.
    for field in ["name=boss@bank.example", "email=boss@bank.example"] {
        refused(&store, "actor:o@bank.example", field, "`lineal alias`");
    }
    declared(&store, "actor:o@bank.example", "role=risk officer").unwrap();
    // An import is derived, and nothing is declared of it.
    let view = store.snapshot().unwrap();
    let import = view.name_of(view.nodes_of(Kind::Import).next().unwrap());
    refused(&store, &import, "retracted=true", "`lineal import`");
}

#[test]
fn a_reason_that_is_recorded_keeps_its_place() {
    let store = store();
    take(&store, ENGINEER, None, &json!({ "declare_system": { "node": SYSTEM } })).unwrap();
    let (evaluation, document, change) = (evaluation(&store), document(&store), change(&store));
    let with_reason = |node: &str, fields: &[&str], edges: &[&str]| {
        let record = json!({ "declare_node": { "node": node, "fields": fields, "edges": edges } });
        take(&store, ENGINEER, Some("because"), &record)
    };
    let belongs = ["belongs_to=credit-score"];
    for (node, fields, edges) in [
        (&evaluation, &["thresholds_at=2020-01-01"][..], &[][..]),
        (&document, &["reviewed_at=2020-01-01"][..], &[][..]),
        (&change, &[][..], &belongs[..]),
    ] {
        let refused = with_reason(node, fields, edges).unwrap_err();
        assert!(matches!(refused, Error::OwnReason { .. }), "{node}: {refused}");
        assert!(refused.to_string().contains("leave --reason out"), "{refused}");
    }
    for node in [&document, &change] {
        assert_eq!(text(&store, node, "reason").as_deref(), Some("the officer's reason"));
    }
    declared(&store, &change, "--edge belongs_to=credit-score").unwrap();
    declared(&store, &document, "reviewed_at=2020-01-01").unwrap();
    for node in [&document, &change] {
        assert_eq!(text(&store, node, "reason").as_deref(), Some("the officer's reason"));
    }
    // Why figures by group do not apply is a field, and is stated once.
    let why = ["groups_not_applicable=true", "reason=no persons"];
    let record = json!({ "declare_node": { "node": evaluation, "fields": why } });
    take(&store, ENGINEER, None, &record).unwrap();
    assert_eq!(text(&store, &evaluation, "reason").as_deref(), Some("no persons"));
    assert_eq!(text(&store, &evaluation, "note").as_deref(), Some("the officer's reason"));
    refused(&store, &evaluation, "reason=another", "`lineal evaluate`");
    // Of other kinds it says why they were last spoken of.
    with_reason(MODEL, &["intended_purpose=credit"], &[]).unwrap();
}
