//! What people state is on record as an import is, decisions are signed and stay bound to what was
//! decided on, and verifiers of others agree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{ErasureOrder, NodeDraft, Saying, Store, Target};
use lineal_evidence::gate::{BUILT_IN, Policy, Status};
use lineal_evidence::record::{
    By, Decisions, Desk, Error, FileFacts, Record, Request, SecretKey, Signature, SignedStatement,
    signature_of, standing,
};
use lineal_proof::record::Decision;
use lineal_proof::{Key, KeyPart, Value};
use lineal_tests::{foreign, sample};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// When everything is stated, ns.
const NOW: i64 = 1_790_000_000_000_000_000;
const DAY: i64 = 86_400_000_000_000;

const KEY: &str = include_str!("../../evidence/tests/approver.key");
const MODEL: &str = "model:prod/credit-risk@3";

fn secret(number: u8) -> SecretKey {
    // PKCS #8, as OpenSSL writes it.
    let mut der = data_encoding::HEXLOWER.decode(b"302e020100300506032b657004220420").unwrap();
    der.extend_from_slice(&[number; 32]);
    let body = data_encoding::BASE64.encode(&der);
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    SecretKey::parse(pem.as_bytes(), None).unwrap()
}

fn registered(version: &str) -> Key {
    Key::new(vec!["prod".into(), "credit-risk".into(), version.into()])
}

/// A registry: a run by anna made version 3 of a model from training data.
fn import(store: &Store, stage: &str, observed_at: i64) {
    let saying = Saying { source: "mlflow".into(), form: "rest".into(), observed_at };
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let dataset = |name: &str, digest: &str| {
        let key = vec![name.into(), digest.into(), KeyPart::Null, KeyPart::Null];
        let mut draft = NodeDraft::new(Kind::Dataset, Key::new(key));
        draft.fields.insert("name", name);
        draft.fields.insert("digest", digest);
        draft
    };
    let (train, test) = (dataset("loans-train", "aa11bb22"), dataset("loans-test", "cc33dd44"));
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1c180887a4e388881bec9652668c5"));
    run.fields.insert("params", {
        let mut params = lineal_proof::Map::new();
        params.insert("depth", "6");
        Value::Map(params)
    });
    run.link(Relation::TrainedOn, Kind::Dataset, train.key.clone());
    run.link(Relation::DoneBy, Kind::Actor, anna.clone());
    run.link(Relation::Executes, Kind::Code, Key::text("9f2c1a7e"));
    let mut model = NodeDraft::new(Kind::Model, registered("3"));
    for (name, value) in
        [("form", "registered"), ("name", "credit-risk"), ("version", "3"), ("stage", stage)]
    {
        model.fields.insert(name, value);
    }
    model.link(Relation::ProducedBy, Kind::Run, run.key.clone());
    let mut transaction = store.begin(None, None).unwrap();
    for draft in [
        train,
        test,
        run,
        model,
        lineal_import::actor(anna.part_text(0).unwrap().to_owned(), "anna@bank.example"),
    ] {
        transaction.add_node(&saying, draft).unwrap();
    }
    transaction.commit().unwrap();
    store.write_indexes().unwrap();
}

fn store() -> (MemoryStorage, Arc<Store>) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    import(&store, "Staging", NOW - 10 * DAY);
    (memory, Arc::new(store))
}

fn bytes_of(memory: &MemoryStorage, path: &str) -> Vec<u8> {
    memory.read(path).unwrap().unwrap().to_vec()
}

fn request(by: &str, record: Json) -> Request {
    let said = serde_json::Map::from_iter([
        ("by".to_owned(), json!(by)),
        ("reason".to_owned(), json!("as agreed")),
        ("record".to_owned(), record),
    ]);
    serde_json::from_value(Json::Object(said)).unwrap()
}

fn take(store: &Store, by: &str, record: Json) -> Result<String, Error> {
    Desk::new(store, NOW).take(&request(by, record)).map(|recorded| recorded.node)
}

fn approval(node: &str, of: u32) -> Json {
    json!({ "approve": { "node": node, "role": "release_manager", "keys_needed": of } })
}

/// Signs a decision with a key and records it.
fn signed(store: &Store, by: &str, record: Json, key: &SecretKey) -> Result<String, Error> {
    signed_at(store, by, record, key, NOW)
}

fn signed_at(
    store: &Store,
    by: &str,
    record: Json,
    key: &SecretKey,
    now: i64,
) -> Result<String, Error> {
    let mut request = request(by, record);
    let desk = Desk::new(store, now);
    let unsigned = desk.statement_of(&request)?.unwrap();
    request.at = Some(lineal_evidence::record::time_text(unsigned.at));
    let by_key = unsigned.sign(key, request.reason.as_deref())?;
    let (Record::Approve { signed, .. } | Record::Reject { signed, .. }) = &mut request.record
    else {
        unreachable!("only decisions are signed")
    };
    *signed = Some(SignedStatement::from(&by_key));
    desk.take(&request).map(|recorded| recorded.node)
}

fn stands(store: &Store) -> lineal_evidence::record::Standing {
    standing_at(store, NOW)
}

fn standing_at(store: &Store, now: i64) -> lineal_evidence::record::Standing {
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::Model, &registered("3")).unwrap();
    standing(store, &view, node, now).unwrap()
}

#[test]
fn what_is_declared_adds_up_is_sealed_and_is_retracted_as_an_import() {
    let (memory, store) = store();
    let novak = "a.novak@bank.example";
    let system = json!({ "declare_system": { "node": "credit-score", "fields": ["provider=Example Bank"] } });
    take(&store, novak, system.clone()).unwrap();
    take(
        &store,
        novak,
        json!({ "declare_role": { "node": "credit-score", "roles": ["provider"] } }),
    )
    .unwrap();
    let scope = json!({ "declare_scope": { "node": "system:credit-score", "fields": ["risk_class=high"] } });
    take(&store, novak, scope).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::System, &Key::text("credit-score")).unwrap();
    let fields = view.fields(node).unwrap().fields;
    for (name, value) in [("provider", "Example Bank"), ("risk_class", "high")] {
        assert_eq!(fields.get(name).and_then(Value::as_text), Some(value));
    }
    assert_eq!(fields.get("declared_at").and_then(Value::as_i64), Some(NOW));
    assert_eq!(view.edges(node, Relation::DoneBy, Direction::Forward).len(), 1);
    let commit = store.commit();
    take(&store, novak, system).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::System, &Key::text("credit-score")).unwrap();
    assert_eq!(view.fields(node).unwrap().fields, fields, "said again, nothing else is lost");
    let last = store.commit();

    // No name stands in the clear anywhere.
    for path in memory.paths() {
        let bytes = bytes_of(&memory, &path);
        assert!(!bytes.windows(5).any(|part| part == b"novak"), "{path}");
    }
    let mut transaction = store.begin(None, None).unwrap();
    // What was said later holds what was said before: both go.
    transaction.add_retract(commit, false, None).unwrap();
    transaction.add_retract(last, false, None).unwrap();
    transaction.commit().unwrap();
    store.write_indexes().unwrap();
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::System, &Key::text("credit-score")).unwrap();
    assert!(view.fields(node).unwrap().fields.get("risk_class").is_none());

    for (wrong, says) in [
        (
            json!({ "declare_scope": { "node": "credit-scor", "fields": ["risk_class=high"] } }),
            "credit-score",
        ),
        (json!({ "declare_node": { "node": MODEL, "fields": [] } }), "FIELD=VALUE"),
        (
            json!({ "declare_node": { "node": MODEL, "edges": ["trained_on=system:credit-score"] } }),
            "no relation",
        ),
        (json!({ "declare_role": { "node": "credit-score", "roles": ["owner"] } }), "provider"),
    ] {
        let error = take(&store, novak, wrong).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(says), "{shown}");
    }
    let nobody =
        take(&store, " ", json!({ "declare_node": { "node": MODEL, "fields": ["stage=x"] } }));
    assert!(matches!(nobody, Err(Error::Nobody)));
}

#[test]
fn a_signed_approval_checks_here_and_with_the_verifier_of_others() {
    let (_, store) = store();
    let key = SecretKey::parse(KEY.as_bytes(), None).unwrap();
    let name = signed(&store, "b.horvat@bank.example", approval(MODEL, 1), &key).unwrap();
    let view = store.snapshot().unwrap();
    let approvals: Vec<u32> = view.nodes_of(Kind::Approval).collect();
    assert_eq!((approvals.len(), view.name_of(approvals[0])), (1, name));
    let signature = signature_of(&store, &view, approvals[0]).unwrap();
    assert_eq!(signature.name(), "valid", "{}", signature.words());
    assert!(stands(&store).is_granted());
    let fields = view.fields(approvals[0]).unwrap().fields;
    let text = |name: &str| fields.get(name).and_then(Value::as_text).unwrap().to_owned();
    assert_eq!(text("key_fingerprint"), key.public().fingerprint());
    let (envelope, public_key) = (text("envelope"), text("public_key"));
    assert!(!envelope.contains("horvat") && !text("envelope").contains("as agreed"));

    let Some(python) = foreign::python("envelopes", &["securesystemslib", "cryptography"]) else {
        return;
    };
    let ask = |envelope: &str| {
        let given = json!({ "envelope": envelope, "public_key": public_key }).to_string();
        foreign::run(&python, "check_envelope.py", &[], given.as_bytes()).unwrap()
    };
    let answer = ask(&envelope);
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let said: Json = serde_json::from_str(&answer.stdout).unwrap();
    let node = view.node_with_key(Kind::Model, &registered("3")).unwrap();
    let revision = view.revision_id(node).unwrap().to_string();
    assert_eq!(said["subject"][0]["digest"]["blake3"], revision.as_str());
    assert_eq!(said["predicate"]["decision"], "granted");
    let mut forged: Json = serde_json::from_str(&envelope).unwrap();
    let payload = answer.stdout.replace("granted", "rejected");
    forged["payload"] = json!(data_encoding::BASE64.encode(payload.as_bytes()));
    assert_eq!(ask(&forged.to_string()).code, Some(1));
}

#[test]
fn nobody_approves_what_they_made_and_nothing_else_is_signed_than_recorded() {
    let (_, store) = store();
    let key = secret(1);
    for login in ["anna@bank.example", " Anna@Bank.example "] {
        let own = signed(&store, login, approval(MODEL, 1), &key).unwrap_err();
        assert!(matches!(own, Error::FourEyes { .. }), "{own}");
        assert!(own.to_string().starts_with("four eyes"), "{own}");
    }
    // The same person under another login.
    let mut transaction = store.begin(None, None).unwrap();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let other = store.actor_key("akeller").unwrap();
    transaction.add_reference(Kind::Actor, &other, Some(anna));
    transaction.commit().unwrap();
    store.write_indexes().unwrap();
    let own = take(&store, "akeller", approval(MODEL, 1)).unwrap_err();
    assert!(matches!(own, Error::FourEyes { .. }), "{own}");
    // And under a token that was made for her.
    let also = ["", "Anna@bank.example"].map(str::to_owned);
    let desk = Desk::new(&store, NOW).also_known_as(&also);
    let own = desk.take(&request("token:8b54a5b871f7", approval(MODEL, 1))).unwrap_err();
    assert!(matches!(own, Error::FourEyes { .. }), "{own}");
    // Rejecting one's own work is nobody's harm.
    take(&store, "anna@bank.example", json!({ "reject": { "node": MODEL, "role": "author" } }))
        .unwrap();
    assert!(stands(&store).rejected);

    // An envelope over another node, another role, another time or another reason.
    let mut sent = request("b@bank.example", approval(MODEL, 1));
    let desk = Desk::new(&store, NOW);
    let unsigned = desk.statement_of(&sent).unwrap().unwrap();
    let by_key = unsigned.sign(&key, sent.reason.as_deref()).unwrap();
    let envelope = SignedStatement::from(&by_key);
    let put = |sent: &mut Request, role: &str, node: &str| {
        sent.record = Record::Approve {
            node: node.to_owned(),
            role: role.to_owned(),
            keys_needed: Some(1),
            basis: Vec::new(),
            stage: None,
            expires: None,
            signed: Some(envelope.clone()),
        };
    };
    sent.at = Some(lineal_evidence::record::time_text(NOW));
    type Change = fn(&mut Request);
    let (role, dataset) = ("release_manager", "dataset:loans-train");
    let changes: [(&str, &str, Change); 5] = [
        ("risk", MODEL, |_| {}),
        (role, dataset, |_| {}),
        (role, MODEL, |it| it.at = Some("2026-01-01".to_owned())),
        (role, MODEL, |it| it.reason = Some("another".to_owned())),
        (role, MODEL, |it| it.by = "c@bank.example".to_owned()),
    ];
    for (role, node, change) in changes {
        let mut changed = sent.clone();
        put(&mut changed, role, node);
        change(&mut changed);
        let error = desk.take(&changed).unwrap_err();
        assert!(matches!(error, Error::Statement { .. }), "{role} {node}: {error}");
    }
    // Replayed over a later revision of the same node: the registry moved on meanwhile.
    put(&mut sent, role, MODEL);
    let commit = store.commit();
    import(&store, "Production", NOW - DAY);
    assert!(store.commit() > commit);
    assert!(matches!(desk.take(&sent), Err(Error::Statement { .. })));
    // A changed signature.
    let mut broken = sent.clone();
    if let Record::Approve { signed: Some(signed), .. } = &mut broken.record {
        let mut envelope: Json = serde_json::from_str(&signed.envelope).unwrap();
        envelope["signatures"][0]["sig"] = json!(data_encoding::BASE64.encode(&[7; 64]));
        signed.envelope = envelope.to_string();
    }
    assert!(matches!(desk.take(&broken), Err(Error::Envelope(_))));
}

#[test]
fn distinct_keys_of_distinct_persons_count_and_a_revoked_one_does_not() {
    let (_, store) = store();
    let (one, two, three) = (secret(1), secret(2), secret(3));
    let add = |of: &str, key: &SecretKey| {
        let record = json!({ "add_key": { "of": of, "public_key": key.public().openssh() } });
        take(&store, "a.novak@bank.example", record)
    };
    add("b@bank.example", &one).unwrap();
    let taken = add("c@bank.example", &one).unwrap_err();
    assert!(matches!(taken, Error::KeyState { .. }), "{taken}");
    add("c@bank.example", &two).unwrap();

    signed(&store, "b@bank.example", approval(MODEL, 2), &one).unwrap();
    assert!(!stands(&store).is_granted());
    // The same key again, and another person with that key: no second one.
    signed_at(&store, "b@bank.example", approval(MODEL, 2), &one, NOW + 1_000).unwrap();
    let others = signed(&store, "d@bank.example", approval(MODEL, 2), &one).unwrap_err();
    assert!(matches!(others, Error::KeyState { .. }), "{others}");
    assert_eq!(stands(&store).keys.len(), 1);
    signed(&store, "c@bank.example", approval(MODEL, 2), &two).unwrap();
    let granted = stands(&store);
    assert!(granted.is_granted() && granted.keys.len() == 2, "{granted:?}");

    // Revoked from now on: what it signed before stays, nothing new is taken.
    let revoke = json!({ "revoke_key": { "key": two.public().fingerprint() } });
    take(&store, "a.novak@bank.example", revoke).unwrap();
    assert!(stands(&store).is_granted(), "it was recorded before");
    let late = signed(&store, "c@bank.example", approval(MODEL, 2), &two).unwrap_err();
    assert!(matches!(late, Error::KeyState { .. }), "{late}");

    // The registry says something else of the model: what was approved is not what is current.
    import(&store, "Production", NOW - DAY);
    let moved = stands(&store);
    assert!(!moved.is_granted() && moved.keys.is_empty(), "{moved:?}");
    assert!(moved.decided.iter().all(|it| matches!(it.signature, Signature::Valid { .. })));
    signed(&store, "e@bank.example", approval(MODEL, 1), &three).unwrap();
    assert!(stands(&store).is_granted());
    let reject = json!({ "reject": { "node": MODEL, "role": "risk" } });
    Desk::new(&store, NOW + 1).take(&request("c@bank.example", reject)).unwrap();
    assert!(!standing_at(&store, NOW + 1).is_granted());
}

#[test]
fn an_unsigned_approval_is_of_what_was_current_and_makes_up_no_number_of_keys() {
    let (_, store) = store();
    for by in ["b@bank.example", "c@bank.example"] {
        take(&store, by, approval(MODEL, 2)).unwrap();
    }
    let two = stands(&store);
    assert!(two.unsigned.len() == 2 && !two.is_approved() && !two.is_granted(), "{two:?}");
    assert_eq!(two.lacks(&store.snapshot().unwrap()), ["0 of 2 keys that must approve"]);
    let (_, store) = self::store();
    take(&store, "b@bank.example", approval(MODEL, 1)).unwrap();
    let one = stands(&store);
    assert!(one.is_approved() && !one.is_granted(), "{one:?}");
    // Before it was recorded it was not there, whatever time it claims.
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::Model, &registered("3")).unwrap();
    let decisions = Decisions::of(&store, &view, node).unwrap();
    let recorded = one.decided[0].recorded;
    assert!(decisions.at(&view, recorded.max(NOW)).is_approved());
    assert!(!decisions.at(&view, recorded - 1).is_approved());
    drop(view);
    // Somebody else says something of the model, in another form: that was not approved.
    take(
        &store,
        "b@bank.example",
        json!({ "declare_node": { "node": MODEL, "fields": ["stage=x"] } }),
    )
    .unwrap();
    let moved = stands(&store);
    assert_eq!(moved.decided[0].is_current, Some(false));
    assert!(!moved.is_approved(), "{moved:?}");
}

#[test]
fn a_signed_word_is_taken_back_by_a_signed_word_alone() {
    let (_, store) = store();
    let (p, q) = ("p@bank.example", "q@bank.example");
    let (one, two, three) = (secret(1), secret(2), secret(3));
    for (of, key) in [(p, &one), (q, &two)] {
        let record = json!({ "add_key": { "of": of, "public_key": key.public().openssh() } });
        take(&store, "a.novak@bank.example", record).unwrap();
    }
    let reject = json!({ "reject": { "node": MODEL, "role": "risk" } });
    let later = |ns: i64, record: Json| {
        Desk::new(&store, NOW + ns).take(&request(q, record)).map(|recorded| recorded.node)
    };
    signed(&store, p, approval(MODEL, 1), &one).unwrap();
    assert!(stands(&store).is_granted());
    signed(&store, q, reject.clone(), &two).unwrap();
    assert!(stands(&store).rejected);
    // Unsigned, later and at the same time, and signed with a key that is not on record.
    later(1, approval(MODEL, 1)).unwrap();
    let same_time = take(&store, q, approval(MODEL, 1)).unwrap_err();
    assert!(matches!(same_time, Error::Signed { .. }), "{same_time}");
    signed_at(&store, q, approval(MODEL, 1), &three, NOW + 2).unwrap();
    let still = standing_at(&store, NOW + 10);
    assert!(still.rejected && !still.is_granted() && still.keys.len() == 1, "{still:?}");
    let says = "it does not take back what the person signed";
    assert!(still.notes.iter().any(|note| note.contains(says)), "{still:?}");
    // The same key takes it back; an unsigned rejection is heard, and an unsigned word ends that.
    signed_at(&store, q, approval(MODEL, 1), &two, NOW + 3).unwrap();
    assert_eq!(standing_at(&store, NOW + 10).keys.len(), 2);
    later(4, reject).unwrap();
    assert!(standing_at(&store, NOW + 10).rejected);
    later(5, approval(MODEL, 1)).unwrap();
    let granted = standing_at(&store, NOW + 10);
    assert!(granted.is_granted() && granted.keys.len() == 2, "{granted:?}");
    assert!(granted.unsigned.is_empty(), "the signed word counts");
}

#[test]
fn a_document_keeps_its_type_and_a_second_purpose_has_a_name_of_its_own() {
    let (_, store) = store();
    let attach = |document_type: &str, name: Option<&str>| {
        let facts = FileFacts::of("paper.md", b"how it is used".to_vec(), false);
        let file = lineal_evidence::record::File::from(facts);
        let record = json!({ "attach": {
            "file": file, "to": MODEL, "document_type": document_type, "name": name,
        } });
        take(&store, "b@bank.example", record)
    };
    let first = attach("post_market_plan", None).unwrap();
    let refused = attach("instructions_for_use", None).unwrap_err().to_string();
    assert!(refused.contains("paper.md: it is on record there as `post_market_plan`"), "{refused}");
    assert!(refused.contains("--name"), "{refused}");
    assert_eq!(attach("post_market_plan", None).unwrap(), first);
    attach("instructions_for_use", Some("instructions")).unwrap();
    let view = store.snapshot().unwrap();
    assert_eq!(view.nodes_of(Kind::Document).count(), 2);
}

#[test]
fn nothing_is_stated_of_a_time_to_come() {
    let (_, store) = store();
    let commit = store.snapshot().unwrap().commit();
    for record in [
        json!({ "declare_system": { "node": "s", "fields": ["provider=x"], "edges": [] } }),
        json!({ "declare_node": { "node": MODEL, "fields": ["stage=x"], "edges": [] } }),
        json!({ "incident": { "name": "i", "concerns": [MODEL], "fields": [] } }),
        approval(MODEL, 1),
    ] {
        let mut request = request("b@bank.example", record);
        request.at = Some("2099-01-01".to_owned());
        let refused = Desk::new(&store, NOW).take(&request).unwrap_err();
        assert!(matches!(refused, Error::Future { .. }), "{refused}");
    }
    assert_eq!(store.snapshot().unwrap().commit(), commit);
}

#[test]
fn what_is_said_to_be_done_was_done_before_it_is_stated() {
    let (_, store) = store();
    let file =
        lineal_evidence::record::File::from(FileFacts::of("risk.md", b"the risks".to_vec(), false));
    let statements = |at: &str| {
        let said = |field: &str| json!([format!("{field}={at}")]);
        [
            json!({ "declare_system": { "node": "s", "fields": said("conformity_at") } }),
            json!({ "declare_system": { "node": "s", "fields": said("registration_at") } }),
            json!({ "attach": {
                "file": file, "to": MODEL, "document_type": "risk_management",
                "fields": said("reviewed_at"),
            } }),
            json!({ "evaluate": {
                "model": MODEL, "on": "dataset:loans-test", "metrics": ["auc=0.9"],
                "fields": said("thresholds_at"),
            } }),
            json!({ "incident": {
                "name": "i", "concerns": [MODEL], "fields": said("reported_at"),
            } }),
            json!({ "declare_node": {
                "node": "dataset:loans-test", "fields": said("erased_at"),
            } }),
        ]
    };
    let commit = store.snapshot().unwrap().commit();
    for record in statements("2099-01-01") {
        let refused = take(&store, "b@bank.example", record).unwrap_err();
        assert!(matches!(refused, Error::NotYet { .. }), "{refused}");
        assert!(refused.to_string().contains("says when something was done"), "{refused}");
    }
    assert_eq!(store.snapshot().unwrap().commit(), commit);
    for record in statements("2026-01-01") {
        take(&store, "b@bank.example", record).unwrap();
    }
    // What is planned may be to come.
    let fields = json!(["placed_on_market_at=2099-01-01"]);
    let planned = json!({ "declare_system": { "node": "s", "fields": fields } });
    take(&store, "b@bank.example", planned).unwrap();
}

#[test]
fn a_time_that_a_declaration_has_no_place_for_is_refused() {
    let (_, store) = store();
    take(&store, "b@bank.example", json!({ "declare_system": { "node": "s" } })).unwrap();
    let commit = store.snapshot().unwrap().commit();
    let at = |record| {
        let mut request = request("b@bank.example", record);
        request.at = Some("1970-01-01".to_owned());
        Desk::new(&store, NOW).take(&request)
    };
    for record in [
        json!({ "declare_system": { "node": "s", "fields": ["provider=x"] } }),
        json!({ "declare_node": { "node": MODEL, "fields": ["stage=x"] } }),
    ] {
        let refused = at(record).unwrap_err();
        assert!(matches!(refused, Error::Untimed { .. }), "{refused}");
        assert!(refused.to_string().contains("leave --at out"), "{refused}");
    }
    assert_eq!(store.snapshot().unwrap().commit(), commit);
    // Of what a system is in law it is kept.
    at(json!({ "declare_role": { "node": "s", "roles": ["provider"] } })).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::System, &Key::text("s")).unwrap();
    let declared = view.field(node, "declared_at").unwrap();
    assert_eq!(declared.and_then(|it| it.as_i64()), Some(0));
}

#[test]
fn what_is_declared_of_an_evaluation_is_added_to_it() {
    let (_, store) = store();
    let evaluate = json!({ "evaluate": {
        "model": MODEL, "on": "dataset:loans-test", "metrics": ["auc=0.84"],
    } });
    let evaluation = take(&store, "b@bank.example", evaluate).unwrap();
    let declare = json!({ "declare_node": {
        "node": evaluation, "fields": ["thresholds_at=1970-01-02"],
    } });
    let mut declare = request("b@bank.example", declare);
    // Its reason is another: why figures by group do not apply.
    declare.reason = None;
    Desk::new(&store, NOW).take(&declare).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.nodes_of(Kind::Evaluation).start;
    assert!(view.field(node, "metrics").unwrap().is_some());
    assert!(view.field(node, "thresholds_at").unwrap().is_some());
    assert_eq!(view.edges(node, Relation::Evaluates, Direction::Forward).len(), 1);
}

#[test]
fn what_named_persons_state_is_not_declared_by_others() {
    let (_, store) = store();
    take(&store, "b@bank.example", json!({ "declare_system": { "node": "s" } })).unwrap();
    for (what, node, field) in [
        ("declare_system", "s", "risk_class=minimal"),
        ("declare_node", "system:s", "role=deployer"),
        ("declare_node", "system:s", "annex_point="),
    ] {
        let record = json!({ what: { "node": node, "fields": [field] } });
        let refused = take(&store, "b@bank.example", record).unwrap_err();
        assert!(matches!(refused, Error::NotStated { .. }), "{field}: {refused}");
    }
    take(&store, "a@bank.example", json!({ "add_key": { "of": "a@bank.example", "public_key": secret(1).public().openssh() } }))
        .unwrap();
    let view = store.snapshot().unwrap();
    let key = view.name_of(view.nodes_of(Kind::Document).start);
    for field in ["revoked_at=", "public_key=x", "replaced_by="] {
        let record = json!({ "declare_node": { "node": key, "fields": [field] } });
        let refused = take(&store, "b@bank.example", record).unwrap_err();
        assert!(matches!(refused, Error::NotStated { .. }), "{field}: {refused}");
    }
}

#[test]
fn when_something_happened_is_declared_and_lies_not_ahead() {
    let (_, store) = store();
    let declare = |time: &str| {
        let fields = [format!("time={time}")];
        let record = json!({ "declare_node": { "node": "run:4cf1c180887a4e388881bec9652668c5", "fields": fields } });
        take(&store, "b@bank.example", record)
    };
    let refused = declare("2100-01-01").unwrap_err();
    assert!(matches!(refused, Error::NotYet { .. }), "{refused}");
    declare("1970-01-02").unwrap();
    let view = store.snapshot().unwrap();
    let key = Key::text("4cf1c180887a4e388881bec9652668c5");
    let node = view.node_with_key(Kind::Run, &key).unwrap();
    let time = view.field(node, "time").unwrap();
    assert_eq!(time.and_then(|it| it.as_i64()), Some(DAY));
}

#[test]
fn why_something_is_declared_is_kept_with_it_and_sealed() {
    let (memory, store) = store();
    let why = || {
        let view = store.snapshot().unwrap();
        let node = view.node_with_key(Kind::Model, &registered("3")).unwrap();
        let why = view.field(node, "reason").unwrap();
        why.and_then(|it| it.as_text().map(str::to_owned))
    };
    let declare = |reason: Option<&str>, value: &str| {
        let fields = [format!("intended_purpose={value}")];
        let mut request = request(
            "b@bank.example",
            json!({ "declare_node": { "node": MODEL, "fields": fields } }),
        );
        request.reason = reason.map(str::to_owned);
        Desk::new(&store, NOW).take(&request).map(drop)
    };
    assert_eq!(why(), None);
    declare(Some("the committee of 3 May"), "credit").unwrap();
    assert_eq!(why().as_deref(), Some("the committee of 3 May"));
    // Of persons it may speak, so it is in no record.
    for segment in memory.list("segments").unwrap() {
        let bytes = bytes_of(&memory, &format!("segments/{segment}"));
        assert!(!bytes.windows(9).any(|bytes| bytes == b"committee"), "{segment}");
    }
    declare(None, "credit of consumers").unwrap();
    assert_eq!(why(), None, "that was the reason of another statement");
    take(&store, "b@bank.example", json!({ "declare_system": { "node": "s" } })).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::System, &Key::text("s")).unwrap();
    let why = view.field(node, "reason").unwrap();
    assert_eq!(why.as_ref().and_then(|it| it.as_text()), Some("as agreed"));
}

#[test]
fn documents_are_kept_sealed_and_erased_and_their_digests_stay() {
    let (memory, store) = store();
    let attach = |text: &str, keep| {
        let facts = FileFacts::of("risk.md", text.as_bytes().to_vec(), keep);
        let file = lineal_evidence::record::File::from(facts);
        json!({ "attach": { "file": file, "to": MODEL, "document_type": "risk_management" } })
    };
    let name = take(&store, "b@bank.example", attach("the risks are these", true)).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.nodes_of(Kind::Document).next().unwrap();
    assert_eq!(view.name_of(node), name);
    let content = view.field(node, "content").unwrap();
    assert_eq!(content.as_ref().and_then(Value::as_bytes), Some(&b"the risks are these"[..]));
    let digest = view.field(node, "sha256").unwrap();
    for path in memory.paths() {
        assert!(!bytes_of(&memory, &path).windows(9).any(|part| part == b"the risks"), "{path}");
    }
    let mut forged = attach("the risks are these", true);
    forged["attach"]["file"]["content"] = json!("AAAA");
    assert!(matches!(take(&store, "b@bank.example", forged), Err(Error::File { .. })));

    let order = ErasureOrder {
        targets: vec![Target::Field(view.node_id(node), "content".to_owned())],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".into(),
        reference: "R-1".into(),
        decided_by: store.actor_key("officer@bank.example").unwrap(),
        executed_by: store.actor_key("admin@bank.example").unwrap(),
    };
    drop(view);
    store.erase(&order, false).unwrap();
    store.write_indexes().unwrap();
    let view = store.snapshot().unwrap();
    let node = view.nodes_of(Kind::Document).next().unwrap();
    assert_eq!(view.field(node, "content").unwrap(), None);
    assert_eq!(view.field(node, "sha256").unwrap(), digest);
    drop(view);
    // Another version of the file is another revision of the same document.
    take(&store, "b@bank.example", attach("the risks are others", false)).unwrap();
    let view = store.snapshot().unwrap();
    let node = view.nodes_of(Kind::Document).next().unwrap();
    assert_ne!(view.field(node, "sha256").unwrap(), digest);
    drop(view);
    drop(store);
    assert!(verify(&memory, Depth::Full, &mut |_| {}).unwrap().is_sound());
}

#[test]
fn the_gate_opens_when_the_six_items_are_there() {
    let (_, store) = store();
    let policy = Policy::parse(BUILT_IN, "rules/release.toml").unwrap();
    let statuses_at = |now: i64| {
        let release = policy.gate(&store, MODEL, now).unwrap();
        let items = release.items.iter().map(|item| (item.id.clone(), item.status));
        (release.passes(), items.filter(|(_, it)| *it != Status::Present).collect::<Vec<_>>())
    };
    let statuses = || statuses_at(NOW + 1);
    let missing =
        |ids: &[&str]| ids.iter().map(|id| ((*id).to_owned(), Status::Missing)).collect::<Vec<_>>();
    assert_eq!(statuses(), (false, missing(&["evaluation", "change", "approval"])));
    let b = "b@bank.example";
    let evaluate = json!({ "evaluate": {
        "model": MODEL, "on": "dataset:loans-test", "metrics": ["auc=0.91"],
    } });
    take(&store, b, evaluate).unwrap();
    let change = json!({ "change": { "node": MODEL, "decision": "not_substantial" } });
    take(&store, b, change).unwrap();
    // Unsigned, then signed by a key that nobody's is on record.
    take(&store, b, approval(MODEL, 1)).unwrap();
    assert_eq!(statuses(), (false, missing(&["approval"])));
    let key = secret(1);
    signed_at(&store, b, approval(MODEL, 1), &key, NOW + 1).unwrap();
    assert_eq!(statuses(), (false, missing(&["approval"])));
    let record = json!({ "add_key": { "of": b, "public_key": key.public().openssh() } });
    take(&store, "a.novak@bank.example", record).unwrap();
    assert_eq!(statuses(), (true, Vec::new()));
    // An approval of a time to come does not count.
    assert_eq!(statuses_at(NOW), (false, missing(&["approval"])));

    for (wrong, says) in [
        ("[policy]\nid='x'", "missing field"),
        (
            "[policy]\nid='x'\nversion='1'\nsource='y'\n[[item]]\nid='a'\ntitle='t'\nfix='f'\n",
            "either",
        ),
        (
            "[policy]\nid='x'\nversion='1'\nsource='y'\n[[item]]\nid='a'\ntitle='t'\nfix='f'\nask=['find modell']\n",
            "item `a`",
        ),
        ("[policy]\nid='x'\nversion='1'\nsource='y'\nmore=1\n", "more"),
    ] {
        let error = Policy::parse(wrong, "p.toml").err().unwrap().to_string();
        assert!(error.starts_with("p.toml: ") && error.contains(says), "{error}");
    }
}

#[test]
fn statements_of_many_hands_at_once_are_all_kept() {
    let (_, store) = store();
    std::thread::scope(|scope| {
        for hand in 0..4 {
            let store = &store;
            scope.spawn(move || {
                for turn in 0..3 {
                    let field = format!("declared_metrics.m{hand}{turn}=0.5");
                    let record = json!({ "declare_system": { "node": "s", "fields": [field] } });
                    take(store, "b@bank.example", record).unwrap();
                }
            });
        }
    });
    let view = store.snapshot().unwrap();
    let node = view.node_with_key(Kind::System, &Key::text("s")).unwrap();
    let metrics = view.field(node, "declared_metrics").unwrap().unwrap();
    assert_eq!(metrics.as_map().unwrap().len(), 12);
}

#[test]
fn the_same_statements_with_the_same_clock_and_keys_are_the_same_bytes() {
    let made = || {
        let (memory, store) = store();
        take(&store, "b@bank.example", json!({ "declare_system": { "node": "s" } })).unwrap();
        let by = By { who: "b@bank.example", reason: None, at: None };
        Desk::new(&store, NOW).incident(&by, "INC-1", &[MODEL.to_owned()], &[]).unwrap();
        signed(&store, "b@bank.example", approval(MODEL, 1), &secret(1)).unwrap();
        drop(store);
        bytes_of(&memory, "segments/00000001.seg")
    };
    assert_eq!(made(), made());
}
