//! Proofs over the network: who gets which, and that they hold without the server.

use crate::client::post;
use crate::live::{HASH, Live, SYSTEM};
use lineal_engine::Store;
use lineal_proof::bundle::{Report, Trust, Verdict, check};
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, Tree, TreeHash};
use lineal_server::{ALL, Role};
use serde_json::{Value as Json, json};
use std::path::Path;

fn signer() -> NoteSigner {
    NoteSigner::new("live.example/log", SignatureKind::Ed25519, &[3; 32]).unwrap()
}

/// A checkpoint over everything that a store holds now.
pub(crate) fn note(store: &Path) -> String {
    let store = Store::open_read_only(store).unwrap();
    let (size, mut tree) = (store.commit(), Tree::default());
    for number in 1..=size {
        tree.push(TreeHash::leaf(&store.commit_payload(number).unwrap()));
    }
    let (origin, root) = ("live.example/log".to_owned(), tree.root());
    let checkpoint = Checkpoint { origin, size, root, extensions: Vec::new() };
    checkpoint.sign(&signer()).unwrap().to_string()
}

fn checked(file: &[u8], note: &str) -> Report {
    let key = signer().verifier().to_string();
    check(file, &Trust::new(&key, Some(note.as_bytes())).unwrap())
}

#[test]
fn a_proof_over_the_network_holds_without_the_server() {
    let live = Live::new();
    let note = note(&live.store());
    let engineer = live.token(Role::Engineer);
    let investigator = live.token(Role::Investigator);
    let ask = |statement: &str, withhold: Json| {
        let params = json!({ "hash": HASH });
        let body = json!({
            "statement": statement, "params": params, "checkpoint": note, "withhold": withhold,
        });
        post("/v1/prove", &body)
    };
    let statement = "dataset upstream of inference:$hash";
    // Who sees the subject group may disclose it.
    let whole =
        live.send(ask(statement, Json::Null).token(&investigator).header("Lineal-Case", "7"));
    assert_eq!(whole.status, 200, "{}", whole.text());
    let report = checked(whole.text().as_bytes(), &note);
    assert_eq!(report.verdict, Verdict::Valid);
    assert!(report.words.iter().all(|words| words.contains(HASH)), "{:?}", report.words);
    let kept = ask(statement, json!("subject")).token(&investigator).header("Lineal-Case", "7");
    let kept = live.send(kept);
    assert_eq!(checked(kept.text().as_bytes(), &note).verdict, Verdict::Withheld);
    // Who does not see it may not.
    let engineers = live.send(ask(statement, Json::Null).token(&engineer));
    assert_eq!(checked(engineers.text().as_bytes(), &note).verdict, Verdict::Withheld);
    assert!(!engineers.text().contains(HASH));
    let changed = whole.text().replace(HASH, &HASH.replace('c', "d"));
    assert!(matches!(checked(changed.as_bytes(), &note).verdict, Verdict::Tampered(_)));
}

#[test]
fn what_was_never_recorded_is_proved_over_the_network_as_large_as_it_may_be() {
    let live = Live::new();
    let note = note(&live.store());
    let (engineer, investigator) = (live.token(Role::Engineer), live.token(Role::Investigator));
    let ask = |statement: &str, max: Option<u64>| {
        post("/v1/prove", &json!({ "statement": statement, "checkpoint": note, "max_bytes": max }))
    };
    let never = "no approval approves deployment:[\"a\",\"b\",\"c\",\"d\",\"e\"]";
    let proved = live.send(ask(never, None).token(&engineer));
    assert_eq!(proved.status, 200, "{}", proved.text());
    assert_eq!(checked(proved.text().as_bytes(), &note).verdict, Verdict::Valid);
    let event = format!("no inference:{} everywhere", HASH.replace('c', "d"));
    let case = |max| ask(&event, max).token(&investigator).header("Lineal-Case", "7");
    let proved = live.send(case(None));
    assert_eq!(checked(proved.text().as_bytes(), &note).verdict, Verdict::Valid);
    let large = live.send(case(Some(100)));
    assert_eq!(large.status, 422);
    assert!(large.text().contains("the proof would have about"), "{}", large.text());
    // What opens a bucket of keys lets values be tested: not for roles that see no subject group.
    let refused = live.send(ask(&event, None).token(&engineer));
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("subject group"), "{}", refused.text());
}

#[test]
fn what_cannot_be_proved_is_said() {
    let live = Live::new();
    let engineer = live.token(Role::Engineer);
    let ask = |statement: &str, note: Option<&str>| {
        post("/v1/prove", &json!({ "statement": statement, "checkpoint": note }))
    };
    // The store has no checkpoint of its own, and none is given.
    let none = live.send(ask("model:credit-risk-scorer@3", None).token(&engineer));
    assert_eq!(none.problem().0, 422);
    assert!(none.text().contains("lineal checkpoint"), "{}", none.text());
    let note = note(&live.store());
    let note = Some(note.as_str());
    for (statement, status) in [
        ("modle:x", 400),
        ("model:nothing", 404),
        ("no model:credit-risk-scorer@3", 422),
        ("trace model to dataset as d return d", 422),
    ] {
        let refused = live.send(ask(statement, note).token(&engineer));
        assert_eq!(refused.status, status, "{statement}: {}", refused.text());
    }
    let bound = live.bound(Role::Engineer, ALL, SYSTEM);
    let refused = live.send(ask("model:credit-risk-scorer@3", note).token(&bound));
    assert_eq!(refused.problem().0, 403, "records in a proof are whole");
}
