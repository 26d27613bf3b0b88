//! What rules ask of systems with several versions, deployments and neighbours: each is asked for itself. And
//! times that are stated: what is still to come was not done, and what was stated late is told.

#![expect(clippy::unwrap_used, reason = "a bank without what is asked for fails the test")]

#[path = "forty/world.rs"]
#[expect(dead_code, reason = "the rules' tests spoil the bank in more ways")]
mod world;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{BatchDraft, NodeDraft, Saying, Store};
use lineal_evidence::rules::{Pack, Status};
use lineal_proof::{Key, Map, Value};
use std::sync::Arc;
use world::{DAY, HOUR, TODAY, World, ago, key, report, result};

/// What is changed in the world, and what is found then.
type Case = (fn(&mut World), &'static str);

/// A former version, and a deployment of it that ended at a time, if it did.
fn with_former(until: Option<i64>) -> World {
    let mut world = World::whole();
    world.gains((Kind::Model, "old"), &[("version", "old".into())], &[]);
    let mut fields = vec![("service", Value::from("scorer")), ("from", Value::from(ago(50)))];
    fields.extend(until.map(|until| ("until", Value::from(until))));
    let edges =
        [(Relation::Deploys, Kind::Model, "old"), (Relation::BelongsTo, Kind::System, "credit")];
    world.gains((Kind::Deployment, "old"), &fields, &edges);
    world
}

#[test]
fn what_is_declared_now_is_asked_of_the_versions_in_use_alone() {
    let pack = Pack::eu_ai_act().unwrap();
    let came_to = |until, rule| result(&with_former(until), &pack, rule).status;
    for (rule, open) in
        [("DOC-04", Status::Conflict), ("DOC-02", Status::Gap), ("PMM-01", Status::Gap)]
    {
        assert_eq!(came_to(None, rule), open, "{rule}: it runs on");
        assert_eq!(came_to(Some(TODAY + DAY), rule), open, "{rule}: it ends tomorrow");
        assert_eq!(came_to(Some(ago(20)), rule), Status::Met, "{rule}: it has ended");
    }
}

#[test]
fn nobody_is_asked_to_record_a_figure_that_was_not_measured() {
    let told = result(&with_former(None), &Pack::eu_ai_act().unwrap(), "DOC-04");
    assert_eq!(told.findings.len(), 1, "{told:#?}");
    let finding = &told.findings[0];
    assert!(finding.node.contains("old"), "{finding:#?}");
    assert_eq!(finding.say, "accuracy is declared as 0.91, and no evaluation has it");
    assert!(!finding.fix.contains("0.91"), "{}", finding.fix);
    for way in ["accuracy=VALUE", "declared_metrics.accuracy=VALUE", "until=TIME"] {
        assert!(finding.fix.contains(way), "{way}: {}", finding.fix);
    }
}

#[test]
fn figures_that_disagree_are_told_with_the_evaluations_that_have_them() {
    let pack = Pack::eu_ai_act().unwrap();
    let evaluated = |world: &mut World, data: &str| {
        let mut metrics = Map::new();
        metrics.insert("accuracy", Value::float(0.4));
        let edges =
            [(Relation::Evaluates, Kind::Model, "2"), (Relation::TestedOn, Kind::Dataset, data)];
        world.gains((Kind::Evaluation, "again"), &[("metrics", Value::Map(metrics))], &edges);
    };
    let mut world = World::whole();
    evaluated(&mut world, "test");
    let told = result(&world, &pack, "DOC-04");
    assert_eq!(told.findings.len(), 1, "{told:#?}");
    let say = &told.findings[0].say;
    let both = "accuracy is declared as 0.91; on one split it is evaluated as 0.91 by evaluation:";
    assert!(say.starts_with(both) && say.contains(" and as 0.4 by evaluation:"), "{say}");
    // Other data that is called the same split.
    let mut world = World::whole();
    evaluated(&mut world, "valid");
    assert_eq!(result(&world, &pack, "DOC-04").status, Status::Met);
    for data in ["test", "valid"] {
        world.says(data, "split", "held out");
    }
    assert_eq!(result(&world, &pack, "DOC-04").status, Status::Conflict);
    // Of another kind of evaluation another figure is expected.
    world.says("another", "type", "accuracy");
    assert_eq!(result(&world, &pack, "DOC-04").status, Status::Met);
    // On what it was trained on, beside other data: passed over, and told.
    let mut world = World::whole();
    world.cuts("evaluation", Relation::TestedOn);
    world.links("evaluation", Relation::TestedOn, Kind::Dataset, "train");
    assert_eq!(result(&world, &pack, "DOC-04").status, Status::Met, "there is no other");
    evaluated(&mut world, "test");
    let say = &result(&world, &pack, "DOC-04").findings[0].say;
    assert!(
        say.starts_with("accuracy is declared as 0.91, and evaluated as 0.4; as 0.91 by"),
        "{say}"
    );
    assert!(say.ends_with(" on data that it was trained on"), "{say}");
}

#[test]
fn an_incident_of_a_model_a_system_or_a_batch_concerns_what_began_before_the_authority_was_told() {
    let pack = Pack::eu_ai_act().unwrap();
    let says = |spoil: &dyn Fn(&mut World)| {
        let mut world = World::whole();
        spoil(&mut world);
        let told = result(&world, &pack, "INC-02");
        told.findings.iter().map(|it| it.say.clone()).collect::<Vec<_>>()
    };
    // Another version of the same service, a day after the incident.
    let later = |world: &mut World| {
        let fields = [("service", Value::from("scorer")), ("from", Value::from(ago(8)))];
        world.gains((Kind::Deployment, "3"), &fields, &[]);
    };
    for (kind, part) in [(Kind::Deployment, "2"), (Kind::Model, "2"), (Kind::System, "credit")] {
        let concerns = |world: &mut World| {
            world.cuts("incident", Relation::Concerns);
            world.links("incident", Relation::Concerns, kind, part);
            later(world);
        };
        let found = says(&concerns);
        assert_eq!(found.len(), 1, "{kind}: {found:?}");
        let say = "deployment:scorer/prod/eu-1@credit:3 started on 2026-11-14T13:20:57Z, before the authority was told";
        assert_eq!(found[0], say, "{kind}");
        let told_before = |world: &mut World| {
            concerns(world);
            world.says("incident", "authority_informed_at", ago(8) - HOUR);
        };
        assert!(says(&told_before).is_empty(), "{kind}");
        let is_a_stop = |world: &mut World| {
            concerns(world);
            let edges = [(Relation::Concerns, Kind::Deployment, "3")];
            world.gains((Kind::Change, "stop"), &[("type", "stop".into())], &edges);
        };
        assert!(says(&is_a_stop).is_empty(), "{kind}");
    }
}

/// A batch is known once it is recorded: the incident comes behind it.
#[test]
fn an_incident_of_a_batch_concerns_the_service_that_wrote_it() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "INC-02");
    let store = World::whole().store();
    let view = store.snapshot().unwrap();
    let batch = view.batches().next().unwrap().node;
    let mut incident = NodeDraft::new(Kind::Incident, Key::text("inc-2"));
    incident.link(Relation::Concerns, Kind::Batch, view.key_of(batch));
    incident.link(Relation::BelongsTo, Kind::System, Key::text("credit"));
    for (field, value) in [
        ("declared_serious", Value::from(true)),
        ("time", Value::from(ago(11))),
        ("frozen_commit", Value::from(1_i64)),
    ] {
        incident.fields.insert(field, value);
    }
    drop(view);
    let saying = one_event(key(Kind::Deployment, "2"), TODAY).saying;
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_node(&saying, incident).unwrap();
    transaction.commit().unwrap();
    let told = report(&store, &pack).rules.remove(0);
    let says: Vec<&str> = told.findings.iter().map(|it| it.say.as_str()).collect();
    let say = "deployment:scorer/prod/eu-1@credit:2 started on 2026-11-12T13:20:57Z, before the authority was told";
    assert_eq!(says, [say]);
}

#[test]
fn a_hold_over_one_log_of_an_incident_leaves_the_others() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    let edges = [(Relation::BelongsTo, Kind::System, "credit")];
    world.gains((Kind::Deployment, "other"), &[], &edges);
    assert_eq!(result(&world, &pack, "INC-02").status, Status::Met, "it is not concerned");
    world.links("incident", Relation::Concerns, Kind::Deployment, "other");
    let told = result(&world, &pack, "INC-02");
    assert_eq!((told.status, told.findings.len()), (Status::Gap, 1), "{told:#?}");
    let finding = &told.findings[0];
    assert!(finding.node.starts_with("incident:"), "{finding:#?}");
    assert!(finding.say.starts_with("no hold over deployment:"), "{}", finding.say);
    assert!(finding.say.contains("other, which it concerns, is recorded"), "{}", finding.say);
    assert!(finding.fix.contains("other --reason"), "{}", finding.fix);
    // A system that is concerned has all its logs concerned.
    let mut world = World::whole();
    world.gains((Kind::Deployment, "other"), &[], &edges);
    world.links("incident", Relation::Concerns, Kind::System, "credit");
    assert_eq!(result(&world, &pack, "INC-02").findings.len(), 1);
    world.is_held = false;
    let told = result(&world, &pack, "INC-02");
    assert_eq!(told.findings[0].say, "no hold over what it concerns is recorded");
    assert_eq!(told.findings.len(), 1, "nothing is held: that is said once");
}

/// A file of one event of a deployment.
fn one_event(deployment: Key, time: i64) -> BatchDraft {
    let saying = Saying {
        source: "declared".to_owned(),
        form: "declared".to_owned(),
        observed_at: TODAY - HOUR,
    };
    let mut block = EventBlock::new();
    for (field, value) in [
        (EventField::Time, EventValue::Int(time)),
        (EventField::Line, EventValue::Int(1)),
        (EventField::EventId, EventValue::Text("of another")),
    ] {
        assert!(block.set(field, value), "{field:?} takes such a value");
    }
    block.end_row();
    BatchDraft {
        saying,
        deployment,
        file: [9; 16],
        stretch: 0,
        label: "other.json".to_owned(),
        block: Arc::new(block),
        rows: vec![0],
        doubted: Vec::new(),
    }
}

/// An event of another system's deployment, an hour ago.
fn of_another(store: &Arc<Store>) {
    let deployment = key(Kind::Deployment, "another");
    let event = one_event(deployment.clone(), TODAY - HOUR);
    let mut served = NodeDraft::new(Kind::Deployment, deployment);
    served.link(Relation::BelongsTo, Kind::System, Key::text("other"));
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_node(&event.saying, served).unwrap();
    transaction.add_batch(event);
    transaction.commit().unwrap();
    store.checkpoint().unwrap();
    let size = *store.checkpoint_sizes().unwrap().last().unwrap();
    let reply = include_bytes!("../../tests/fixtures/vectors/rfc3161/reply.tsr");
    store.add_timestamp(size, reply).unwrap();
}

#[test]
fn the_log_of_another_system_anchors_nothing_of_this_one() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "LOG-09");
    for (earlier, status) in [(0, Status::Met), (2 * DAY, Status::Gap)] {
        let mut world = World::whole();
        world.earlier = earlier;
        let store = world.store();
        let before = report(&store, &pack).rules.remove(0);
        assert_eq!(before.status, status, "{before:#?}");
        of_another(&store);
        let after = report(&store, &pack).rules.remove(0);
        assert_eq!(after.status, status, "{after:#?}");
        if let Some(finding) = after.findings.first() {
            let say = &finding.say;
            assert!(say.starts_with("anchored late: the last event of deployment:"), "{say}");
            assert!(say.ends_with("49 h 0 min behind it"), "{say}");
        }
    }
}

#[test]
fn an_event_of_a_time_to_come_is_not_the_last_that_a_stamp_must_hold() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "LOG-09");
    let mut world = World::whole();
    world.earlier = 2 * DAY;
    let store = world.store();
    let before = report(&store, &pack).rules.remove(0);
    assert_eq!(before.findings.len(), 1, "{before:#?}");
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_batch(one_event(key(Kind::Deployment, "2"), TODAY + 1_500 * DAY));
    transaction.commit().unwrap();
    let after = report(&store, &pack).rules.remove(0);
    assert_eq!(after.findings, before.findings);
}

#[test]
fn what_is_still_to_come_was_not_done() {
    let pack = Pack::eu_ai_act().unwrap();
    for (node, field, rule) in [
        ("risk_management", "reviewed_at", "RSK-02"),
        ("monitor", "last_evaluated_at", "PMM-02"),
        ("incident", "reported_at", "INC-01"),
        ("incident", "corrective_at", "INC-03"),
        ("incident", "notified_at", "INC-03"),
    ] {
        let mut world = World::whole();
        world.says(node, field, TODAY + DAY);
        let told = result(&world, &pack, rule);
        assert_eq!(told.status, Status::Gap, "{rule}: {told:#?}");
        let is_it = |missing: &str| missing.contains(field);
        assert!(told.findings.iter().any(|it| is_it(&it.missing)), "{rule}: {told:#?}");
    }
    let mut world = World::whole();
    world.says("incident", "corrective_at", TODAY + DAY);
    let say = &result(&world, &pack, "INC-03").findings[0].say;
    assert_eq!(say, "corrective_at is 2026-11-23T13:20:57Z, which is still to come");
    // Of a deployment with an end to come its monitor runs until today.
    let mut world = World::whole();
    world.says("deployment", "until", TODAY + 90 * DAY);
    world.says("monitor", "until", TODAY + 90 * DAY);
    assert_eq!(result(&world, &pack, "PMM-02").status, Status::Met);
}

#[test]
fn records_that_claim_what_is_to_come_or_was_long_ago_are_told() {
    let pack = Pack::reconcile().unwrap();
    let told = |spoil: fn(&mut World), rule: &str| {
        let mut world = World::whole();
        for (node, fields) in [
            ("evaluation", &["time", "started", "thresholds_at"][..]),
            ("incident", &["time", "aware_at", "causal_link_at"]),
        ] {
            for field in fields {
                world.says(node, field, ago(2));
            }
        }
        spoil(&mut world);
        let told = result(&world, &pack, rule);
        let say = told.findings.first().map(|it| it.say.clone()).unwrap_or_default();
        (told.status, say)
    };
    let nothing: fn(&mut World) = |_| ();
    for rule in ["REC-16", "REC-18", "REC-20", "REC-22"] {
        assert_eq!(told(nothing, rule), (Status::Met, String::new()), "{rule}");
    }
    let (status, say) = told(|w| w.says("evaluation", "thresholds_at", ago(60)), "REC-16");
    assert_eq!(status, Status::Gap);
    assert!(say.starts_with("thresholds_at claims 2026-09-23T13:20:57Z"), "{say}");
    assert!(say.ends_with(": that it was so is shown only since then"), "{say}");
    let late: [Case; 4] = [
        (|w| w.says("evaluation", "started", ago(50)), "REC-16"),
        (|w| w.says("incident", "reported_at", ago(8)), "REC-18"),
        (|w| w.says("monitor", "last_evaluated_at", ago(8)), "REC-20"),
        (|w| w.says("train", "erased_at", ago(8)), "REC-22"),
    ];
    for (spoil, rule) in late {
        assert_eq!(told(spoil, rule).0, Status::Gap, "{rule}");
    }
    let to_come: [Case; 6] = [
        (|w| w.says("risk_management", "reviewed_at", TODAY + DAY), "REC-15"),
        (|w| w.says("evaluation", "time", TODAY + DAY), "REC-16"),
        (|w| w.says("change", "time", TODAY + DAY), "REC-17"),
        (|w| w.says("incident", "reported_at", TODAY + DAY), "REC-18"),
        (|w| w.says("system", "registration_at", TODAY + DAY), "REC-19"),
        (|w| w.says("monitor", "last_evaluated_at", TODAY + DAY), "REC-20"),
    ];
    for (spoil, rule) in to_come {
        assert_eq!(told(spoil, rule).0, Status::Conflict, "{rule}");
    }
}
