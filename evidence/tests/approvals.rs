//! An approval that was taken back, has expired, lacks a key, is of another revision or came later approves
//! nothing, wherever somebody asks: rules, reports, pictures, exports and the gate.

#![expect(clippy::unwrap_used, reason = "a bank without what is asked for fails the test")]

#[path = "forty/world.rs"]
#[expect(dead_code, reason = "the rules' tests spoil the bank in more ways")]
mod world;

use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_evidence::Closure;
use lineal_evidence::check::RuleResult;
use lineal_evidence::export::{Form, export};
use lineal_evidence::gate::Policy;
use lineal_evidence::record::{Counts, Decisions, Desk, time_text};
use lineal_evidence::report::annex_iv;
use lineal_evidence::rules::{Pack, Status};
use lineal_proof::Value;
use lineal_query::StoreView;
use lineal_query::told::{BESIDE_MAX, beside_json};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use world::{TODAY, World, ago, key, report, result};

/// What is changed in the world, and what is found then.
type Case = (fn(&mut World), &'static str);

/// One more decision, days ago, of somebody about something.
fn decides(
    world: &mut World,
    name: &str,
    (decision, days): (&str, i64),
    by: &str,
    about: (Kind, &str),
) {
    let fields = [("decision", Value::from(decision)), ("time", Value::from(ago(days)))];
    let edges = [(Relation::Approves, about.0, about.1), (Relation::DoneBy, Kind::Actor, by)];
    world.gains((Kind::Approval, name), &fields, &edges);
}

const MODEL: (Kind, &str) = (Kind::Model, "2");

fn taken_back(world: &mut World) {
    decides(world, "withdrawal", ("rejected", 12), "ben", MODEL);
}

/// What a rule of either pack comes to.
fn found(world: &World, rule: &str) -> RuleResult {
    let pack = if rule.starts_with("REC-") { Pack::reconcile() } else { Pack::eu_ai_act() };
    result(world, &pack.unwrap(), rule)
}

fn of_store(store: &Arc<Store>, rule: &str) -> RuleResult {
    let pack = if rule.starts_with("REC-") { Pack::reconcile() } else { Pack::eu_ai_act() };
    let mut pack = pack.unwrap();
    pack.rules.retain(|known| known.id == rule);
    report(store, &pack).rules.remove(0)
}

fn says(result: &RuleResult) -> String {
    result.findings.iter().map(|it| it.say.as_str()).collect::<Vec<_>>().join("\n")
}

fn node(view: &Snapshot, kind: Kind, name: &str) -> NodeNo {
    view.node_with_key(kind, &key(kind, name)).unwrap()
}

#[test]
fn what_did_not_stand_at_the_start_is_no_approval() {
    // It runs since ten days, and was approved fifteen days ago.
    let cases: [Case; 7] = [
        (taken_back, "the same person decided again later"),
        (|w| decides(w, "no", ("rejected", 12), "anna", MODEL), "stands as a rejection"),
        (
            |w| decides(w, "no", ("rejected", 12), "anna", (Kind::Deployment, "2")),
            "stands as a rejection",
        ),
        (|w| w.says("approval", "expires", ago(11)), "expired on "),
        (|w| w.says("approval", "keys_needed", 2_i64), "0 of 2 keys that must approve"),
        (|w| w.says("approval", "subject_revision", "00"), "it is about an earlier revision"),
        (|w| w.links("run", Relation::DoneBy, Kind::Actor, "ben"), "four eyes"),
    ];
    for (at, (spoil, why)) in cases.into_iter().enumerate() {
        let mut world = World::whole();
        spoil(&mut world);
        for (rule, status, missing) in [
            ("OVR-01", Status::Gap, "approval.time"),
            ("REC-03", Status::Conflict, "approval.time"),
            ("REC-04", Status::Conflict, "approval.time"),
        ] {
            let told = found(&world, rule);
            let finding = told.findings.iter().find(|it| it.missing == missing);
            let finding = finding.unwrap_or_else(|| panic!("case {at}, {rule}: {told:#?}"));
            assert_eq!(finding.status, status, "case {at}, {rule}: {told:#?}");
            assert!(finding.say.contains(why), "case {at}, {rule}: {}", finding.say);
        }
    }
}

#[test]
fn what_came_behind_the_start_changes_nothing_of_it() {
    let cases: [fn(&mut World); 3] = [
        |w| decides(w, "later", ("rejected", 5), "ben", MODEL),
        |w| w.says("approval", "expires", ago(5)),
        // A rejection that the same person took back before.
        |w| decides(w, "before", ("rejected", 20), "ben", MODEL),
    ];
    for (at, spoil) in cases.into_iter().enumerate() {
        let mut world = World::whole();
        spoil(&mut world);
        for rule in ["OVR-01", "REC-03", "REC-04"] {
            let told = found(&world, rule);
            assert_eq!(told.status, Status::Met, "case {at}: {told:#?}");
        }
    }
}

#[test]
fn a_deployment_that_was_only_ever_rejected_is_found() {
    let mut world = World::whole();
    world.says("approval", "decision", "rejected");
    assert!(says(&found(&world, "OVR-01")).contains("no approval of it or of its model"));
    for rule in ["REC-03", "REC-04"] {
        let told = found(&world, rule);
        assert_eq!(told.status, Status::Conflict, "{told:#?}");
        assert!(says(&told).contains("stands as a rejection"), "{told:#?}");
    }
    // Where nothing was decided these two have nothing to compare.
    world.loses("approval");
    for rule in ["REC-03", "REC-04"] {
        assert_eq!(found(&world, rule).status, Status::Met);
    }
}

/// Records a decision as a person states it here.
fn state(store: &Arc<Store>, by: &str, at: i64, record: &Json) {
    let record = json!({ "by": by, "reason": "as agreed", "at": time_text(at), "record": record });
    let request = serde_json::from_value(record).unwrap();
    Desk::new(store, TODAY).take(&request).unwrap();
}

#[test]
fn what_is_recorded_later_and_claims_to_be_older_is_told_as_that() {
    let mut world = World::whole();
    world.loses("approval");
    let store = world.store();
    let view = store.snapshot().unwrap();
    let model = view.name_of(node(&view, MODEL.0, MODEL.1));
    let basis = view.name_of(node(&view, Kind::Evaluation, "run-2"));
    drop(view);
    let approve = json!({ "approve": { "node": model, "role": "risk", "basis": [basis] } });
    state(&store, "eva@bank.example", ago(15), &approve);
    for rule in ["OVR-01", "REC-03", "REC-04"] {
        let told = of_store(&store, rule);
        assert_eq!((told.status, told.findings_total), (Status::Gap, 1), "{told:#?}");
        let say = says(&told);
        let stated = format!(": approved, as stated, at {}, recorded at ", time_text(ago(15)));
        let began = if rule == "REC-04" { "the first event" } else { "deployment" };
        let after = format!(", after {began} at {}: that it came first", time_text(ago(10)));
        assert!(say.contains(&stated) && say.contains(&after), "{say}");
        assert!(say.ends_with(" is not shown"), "{say}");
    }
    // Taken back, by the same claims: these contradict each other. Nothing that is dated between mends it.
    let reject = json!({ "reject": { "node": model, "role": "risk" } });
    state(&store, "eva@bank.example", ago(12), &reject);
    for (rule, status) in
        [("OVR-01", Status::Gap), ("REC-03", Status::Conflict), ("REC-04", Status::Conflict)]
    {
        let told = of_store(&store, rule);
        assert_eq!(told.status, status, "{told:#?}");
        assert!(says(&told).contains("stands as a rejection"), "{told:#?}");
    }
    state(&store, "eva@bank.example", ago(11), &approve);
    for rule in ["OVR-01", "REC-03", "REC-04"] {
        assert_eq!(of_store(&store, rule).status, Status::Gap, "{rule}");
    }
}

#[test]
fn an_approval_that_takes_the_place_of_a_poorer_one_mends_it() {
    let mut world = World::whole();
    world.cuts("approval", Relation::Cites);
    assert!(says(&found(&world, "OVR-01")).contains("names no evaluation as its basis"));
    decides(&mut world, "again", ("granted", 14), "ben", MODEL);
    let (_, again) = world.nodes.last_mut().unwrap();
    again.link(Relation::Cites, Kind::Evaluation, key(Kind::Evaluation, "run-2"));
    let told = found(&world, "OVR-01");
    assert_eq!(told.status, Status::Met, "{told:#?}");
}

#[test]
fn whoever_waives_or_rejects_an_evaluation_does_not_sign_it() {
    let evaluation = (Kind::Evaluation, "run-2");
    let of = |decisions: &[(&str, &str, i64)]| {
        let mut world = World::whole();
        world.cuts("evaluation", Relation::DoneBy);
        for (name, decision, days) in decisions {
            decides(&mut world, name, (*decision, *days), "ben", evaluation);
        }
        found(&world, "PRF-01")
    };
    for decisions in [
        &[][..],
        &[("one", "waived", 30)],
        &[("one", "rejected", 30)],
        &[("one", "granted", 30), ("two", "rejected", 20)],
    ] {
        let told = of(decisions);
        assert_eq!(told.status, Status::Gap, "{decisions:?}: {told:#?}");
        assert!(says(&told).contains("is not signed by anybody"), "{told:#?}");
    }
    assert_eq!(of(&[("one", "granted", 30)]).status, Status::Met);
}

#[test]
fn the_decisions_are_asked_as_of_a_time() {
    let mut world = World::whole();
    decides(&mut world, "withdrawal", ("rejected", 5), "ben", MODEL);
    let store = world.store();
    let view = store.snapshot().unwrap();
    let decisions = Decisions::of(&store, &view, node(&view, MODEL.0, MODEL.1)).unwrap();
    let counts = |standing: &lineal_evidence::record::Standing| {
        standing.decided.iter().map(|it| it.counts.clone()).collect::<Vec<_>>()
    };
    for (days, is_approved) in [(16, false), (15, true), (6, true), (5, false)] {
        let standing = decisions.at(&view, ago(days));
        assert_eq!(standing.is_approved(), is_approved, "{days} days ago: {standing:#?}");
        assert!(!standing.is_granted(), "nobody signed");
    }
    let late = |what: &Counts| matches!(what, Counts::Not { why } if why.contains("came later"));
    assert!(matches!(&counts(&decisions.at(&view, ago(16)))[..], [a, b] if late(a) && late(b)));
    assert!(matches!(&counts(&decisions.at(&view, ago(6)))[..], [Counts::Approves, b] if late(b)));
    assert_eq!(counts(&decisions.now(&view, TODAY)), [Counts::Superseded, Counts::Rejects]);
}

#[test]
fn the_report_and_its_picture_say_what_does_not_count() {
    let mut world = World::whole();
    taken_back(&mut world);
    let store = world.store();
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let system = node(view.snapshot(), Kind::System, "credit");
    let text = annex_iv(&store, &view, system).unwrap().to_markdown(None);
    for say in [
        "granted; as of this report it does not count: the same person decided again later.",
        "not signed; for [model:credit@2](#n",
        ") it does not count: the same person decided again later.",
        ") it stands as a rejection.",
    ] {
        assert!(text.contains(say), "{say}: {text}");
    }
    assert!(!text.contains("counts as an approval"), "{text}");
}

#[test]
fn one_person_is_one_approval_at_the_gate() {
    let policy = "[policy]\nid = \"p\"\nversion = \"1\"\nsource = \"s\"\n\
                  [[item]]\nid = \"two\"\ntitle = \"two persons\"\nfix = \"f\"\n\
                  approval = { signed = false, keys = \"any\", at_least = 2 }\n";
    let policy = Policy::parse(policy, "p.toml").unwrap();
    let mut world = World::whole();
    decides(&mut world, "again", ("granted", 14), "ben", MODEL);
    let gate = |world: &World| policy.gate(&world.store(), "model:credit@2", TODAY).unwrap();
    let one = gate(&world);
    assert!(!one.passes() && one.items[0].evidence.len() == 1, "{one:#?}");
    world.gains((Kind::Actor, "cleo"), &[], &[]);
    decides(&mut world, "other", ("granted", 14), "cleo", MODEL);
    let two = gate(&world);
    assert!(two.passes() && two.items[0].evidence.len() == 2, "{two:#?}");
}

#[test]
fn a_tree_and_an_export_show_a_rejection_as_one() {
    let mut world = World::whole();
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    for (days, name) in (20..).zip(names) {
        decides(&mut world, name, ("granted", days), "ben", MODEL);
    }
    taken_back(&mut world);
    let store = world.store();
    let view = store.snapshot().unwrap();
    let model = node(&view, MODEL.0, MODEL.1);
    let beside = beside_json(&view, model, &|_| true).unwrap();
    let listed = beside["approvals"].as_array().unwrap();
    assert_eq!(listed.len(), BESIDE_MAX);
    assert_eq!(listed[0]["fields"]["decision"], "rejected", "{beside}");

    let closure = Closure::of(&view, model).unwrap();
    let prov = export(Form::Prov, &store, &view, &closure, &|| true).unwrap();
    let prov: Json = serde_json::from_slice(&prov).unwrap();
    let activities = prov["activity"].as_object().unwrap().values();
    let decisions: Vec<&str> =
        activities.filter_map(|activity| activity["lineal:decision"].as_str()).collect();
    let rejected = decisions.iter().filter(|decision| **decision == "rejected").count();
    assert_eq!((decisions.len(), rejected), (names.len() + 2, 1), "{prov:#}");
    let text = prov.to_string();
    assert!(text.contains("lineal:decides_on") && !text.contains("lineal:approves"), "{text}");
}
