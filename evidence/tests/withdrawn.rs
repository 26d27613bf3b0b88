//! Data that was taken back is told wherever somebody asks what rests on it: the gate, what lies upstream, the
//! reports. What rules say of it, `forty.rs` holds.

#![expect(clippy::unwrap_used, reason = "a bank without what is asked for fails the test")]

#[path = "forty/world.rs"]
#[expect(dead_code, reason = "the rules' tests spoil the bank in more ways")]
mod world;

use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_evidence::gate::{BUILT_IN, Policy, Status};
use lineal_evidence::record::{Desk, Request, recorded_json};
use lineal_evidence::report::{Facts, annex_iv, change};
use lineal_proof::Value;
use lineal_query::StoreView;
use lineal_query::told::{Asker, Lineage, Target, describe, trace_json};
use std::sync::Arc;
use world::{TODAY, World, ago, key};

const POLICY: &str = r#"
[policy]
id = "data"
version = "1"
source = "a test"

[[item]]
id = "data"
title = "training data"
ask = ["find dataset upstream via training of $model where digest is not null"]
fix = "lineal declare node RUN --edge trained_on=DATASET --by WHO"
"#;

/// A bank whose training data was taken back a week ago, or was not.
fn store(is_withdrawn: bool) -> Arc<Store> {
    let mut world = World::whole();
    if is_withdrawn {
        takes_back(&mut world, "train");
    }
    world.store()
}

fn takes_back(world: &mut World, data: &str) {
    let fields = [("type", Value::from("withdrawal")), ("time", Value::from(ago(7)))];
    let edges =
        [(Relation::Concerns, Kind::Dataset, data), (Relation::DoneBy, Kind::Actor, "anna")];
    world.gains((Kind::Change, "withdrawal"), &fields, &edges);
}

fn node(view: &Snapshot, kind: Kind, part: &str) -> NodeNo {
    view.node_with_key(kind, &key(kind, part)).unwrap()
}

#[test]
fn a_gate_refuses_data_that_was_taken_back_unless_the_policy_allows_it() {
    let allowing = format!("{POLICY}withdrawn = \"allowed\"\n");
    for (policy, is_withdrawn, status) in [
        (POLICY, false, Status::Present),
        (POLICY, true, Status::Missing),
        (allowing.as_str(), true, Status::Present),
    ] {
        let store = store(is_withdrawn);
        let view = store.snapshot().unwrap();
        let model = view.name_of(node(&view, Kind::Model, "2"));
        let policy = Policy::parse(policy, "p.toml").unwrap();
        let release = policy.gate(&store, &model, TODAY).unwrap();
        let item = &release.items[0];
        assert_eq!(item.status, status, "{item:#?}");
        assert_eq!(item.why.len(), usize::from(is_withdrawn), "{item:#?}");
        for why in &item.why {
            assert!(why.starts_with("dataset:train@train-digest: withdrawn at 2026-"), "{why}");
            assert!(why.ends_with(" by actor:anna; the reason is not recorded"), "{why}");
        }
        // Before it was taken back, it stood.
        let before = policy.gate(&store, &model, ago(8)).unwrap();
        assert_eq!(before.items[0].status, Status::Present, "{before:#?}");
    }
    assert!(Policy::parse(&format!("{POLICY}withdrawn = \"maybe\"\n"), "p.toml").is_err());
}

/// What the gate says of the evaluations of the bank's model.
fn evaluation(world: &World, policy: &str) -> (Status, Vec<String>, usize) {
    let store = world.store();
    let view = store.snapshot().unwrap();
    let model = view.name_of(node(&view, Kind::Model, "2"));
    let policy = Policy::parse(policy, "p.toml").unwrap();
    let mut items = policy.gate(&store, &model, TODAY).unwrap().items;
    items.retain(|item| item.id == "evaluation");
    let item = items.remove(0);
    (item.status, item.why, item.evidence.len())
}

#[test]
fn an_evaluation_on_data_that_was_taken_back_does_not_count() {
    let mut world = World::whole();
    assert_eq!(evaluation(&world, BUILT_IN), (Status::Present, Vec::new(), 1));
    takes_back(&mut world, "test");
    let (status, why, evidence) = evaluation(&world, BUILT_IN);
    assert_eq!((status, why.len(), evidence), (Status::Missing, 1, 0), "{why:?}");
    assert!(why[0].starts_with("evaluation:"), "{why:?}");
    assert!(
        why[0].contains(" was made on dataset:test@test-digest: withdrawn at 2026-"),
        "{why:?}"
    );
    let allowing =
        BUILT_IN.replace("id = \"evaluation\"\n", "id = \"evaluation\"\nwithdrawn = \"allowed\"\n");
    let (status, why, evidence) = evaluation(&world, &allowing);
    assert_eq!((status, why.len(), evidence), (Status::Present, 1, 1), "{why:?}");
    // Another, on other data: it counts, and the first is still named.
    let edges =
        [(Relation::Evaluates, Kind::Model, "2"), (Relation::TestedOn, Kind::Dataset, "valid")];
    let metrics = world.nodes.iter().find(|(name, _)| *name == "evaluation").unwrap();
    let metrics = metrics.1.fields.get("metrics").unwrap().clone();
    world.gains((Kind::Evaluation, "again"), &[("metrics", metrics)], &edges);
    let (status, why, evidence) = evaluation(&world, BUILT_IN);
    assert_eq!((status, why.len(), evidence), (Status::Present, 1, 1), "{why:?}");
}

#[test]
fn what_a_withdrawal_reached_names_the_models_that_were_evaluated_on_it() {
    let reached = |data: &str| {
        let mut world = World::whole();
        let from_model = [(Relation::RegisteredFrom, Kind::Model, "2")];
        world.gains((Kind::Model, "registered"), &[], &from_model);
        let store = world.store();
        let request: Request = serde_json::from_value(serde_json::json!({
            "by": "anna", "reason": "the licence ended",
            "record": { "withdraw": { "node": format!("dataset:{data}@{data}-digest") } },
        }))
        .unwrap();
        let recorded = Desk::new(&store, TODAY).take(&request).unwrap();
        let told = recorded_json(&store, &request, &recorded, TODAY).unwrap();
        let total = |what: &str| told["reached"][what]["total"].as_u64().unwrap();
        (total("models"), total("deployments"), told["reached"]["evaluated"]["rows"].to_string())
    };
    // Nothing was made of it, and two versions were tested on it.
    let (models, deployments, evaluated) = reached("test");
    assert_eq!((models, deployments), (0, 0));
    for name in ["model:credit@2", "model:credit@registered"] {
        assert!(evaluated.contains(name), "{evaluated}");
    }
    let (models, deployments, evaluated) = reached("train");
    assert_eq!((models, deployments, evaluated.as_str()), (2, 1, "[]"));
}

#[test]
fn what_lies_upstream_marks_data_that_was_taken_back() {
    for is_withdrawn in [false, true] {
        let store = store(is_withdrawn);
        let view = store.snapshot().unwrap();
        let target = Target::Node(node(&view, Kind::Model, "2"));
        let lineage = Lineage::of(&view, &target, &Asker::ANYBODY).unwrap();
        let mut json = trace_json(&view, "x", &target, &lineage, &Asker::ANYBODY).unwrap();
        let findings = json["findings"].to_string();
        assert_eq!(findings.contains("dataset:train@train-digest: taken back"), is_withdrawn);
        describe(&mut json, &view, &lineage, &Asker::ANYBODY).unwrap();
        let told = |part| &json["nodes"][view.name_of(node(&view, Kind::Dataset, part))];
        assert_eq!(told("train")["withdrawn"].is_string(), is_withdrawn, "{json:#}");
        assert!(told("valid")["withdrawn"].is_null(), "{json:#}");
    }
}

#[test]
fn reports_carry_data_that_was_taken_back() {
    for is_withdrawn in [false, true] {
        let store = store(is_withdrawn);
        let view = StoreView::new(Arc::clone(&store)).unwrap();
        let of = |kind, part| node(view.snapshot(), kind, part);
        for subject in [of(Kind::System, "credit"), of(Kind::Model, "2")] {
            let text = annex_iv(&store, &view, subject).unwrap().to_markdown(None);
            assert_eq!(text.contains("was taken back on"), is_withdrawn, "{text}");
        }
        let facts = Facts::new(&store, &view, TODAY).unwrap();
        let versions = (of(Kind::Model, "1"), of(Kind::Model, "2"));
        let text = change(&facts, versions.0, versions.1).unwrap().to_markdown(None);
        // In the row of the data set, and by itself.
        let bare = text.replace('\\', "");
        assert_eq!(bare.contains("(training) withdrawn 2026-"), is_withdrawn, "{text}");
        assert_eq!(bare.contains(": withdrawn 2026-"), is_withdrawn, "{text}");
    }
}
