//! What reports say where the way is narrow: events without a time, things that hang together only through
//! another, and states of the past.

use crate::bank::{Bank, at, has_gap, row, table, told, words};
use crate::world::{DAY, TODAY, World, key};
use lineal_engine::HoldScope;
use lineal_engine::schema::{Kind, Relation};
use lineal_evidence::record::{By, Desk};
use lineal_evidence::report::{Document, Incident, Oversight, change, incident, oversight};
use lineal_evidence::retention::{Policy, due};
use lineal_query::StoreView;
use std::sync::Arc;

fn overseen(bank: &Bank) -> Document {
    told(&bank.store(), at("2026-06-02"), |facts, find| {
        oversight(facts, find(Kind::System, &bank.system), &Oversight::default()).unwrap()
    })
}

/// The report of an incident that concerns one thing of a bank, over all of 2026.
fn concerning(bank: &Bank, concerns: impl FnOnce(&StoreView) -> String, is_held: bool) -> Document {
    let store = bank.store();
    let thing = concerns(&StoreView::new(Arc::clone(&store)).unwrap());
    let by = By { who: "anna", reason: None, at: None };
    Desk::new(&store, at("2026-06-02")).incident(&by, "case-7", &[thing], &[]).unwrap();
    if is_held {
        let scope = HoldScope::Node(Kind::Deployment, bank.deployment("2"));
        store.hold("case-7", &scope, "incident", None).unwrap();
    }
    told(&store, at("2026-06-03"), |facts, find| {
        let window = Incident { from: Some(at("2026-01-01")), until: Some(at("2026-06-01")) };
        incident(facts, find(Kind::Incident, "case-7"), &window).unwrap()
    })
}

#[test]
fn a_batch_without_a_time_is_counted_and_drawn_nowhere() {
    let mut bank = Bank::whole();
    bank.events[1].iter_mut().for_each(|event| event.time = None);
    let text = words(&overseen(&bank));
    assert!(text.contains("12 events without a time, which are in no period"), "{text}");
    let html = overseen(&bank).to_html();
    assert!(!html.contains("1677-") && !html.contains("2262-"), "no time that nobody recorded");
}

#[test]
fn a_rate_is_over_the_events_that_say_whether_they_were_overridden() {
    let mut bank = Bank::whole();
    let text = words(&overseen(&bank));
    let one =
        "1 override in 2 events of which it is recorded whether there was one, 50.00 % in all";
    assert!(text.contains(one), "{text}");
    bank.events[1].iter_mut().for_each(|event| event.overridden = None);
    let text = words(&overseen(&bank));
    let none =
        "0 overrides in 0 events of which it is recorded whether there was one, \u{2013} in all";
    assert!(text.contains(none), "{text}");
}

#[test]
fn an_incident_tells_the_share_of_what_says_whether_it_was_overridden() {
    let bank = Bank::whole();
    let document = concerning(&bank, |_| "system:scoring".to_owned(), false);
    let events = table(&document, "Events of the deployments");
    assert_eq!(events.rows.len(), 2, "{}", words(&document));
    let figures: Vec<[String; 2]> =
        events.rows.iter().map(|row| [row[1].plain(), row[2].plain()]).collect();
    for one in [["120", "7 of 120 (5.8 %)"], ["12", "1 of 2 (50.0 %)"]] {
        assert!(figures.contains(&one.map(str::to_owned)), "{figures:?}");
    }
    assert!(has_gap(&document, "of the events in the window 10 of 132 (7.6 %) do not say"));
}

#[test]
fn a_hold_on_the_deployment_of_a_batch_is_over_an_incident_that_concerns_the_batch() {
    let bank = Bank::whole();
    let batch = |view: &StoreView| {
        let view = view.snapshot();
        let deployment = view.node_with_key(Kind::Deployment, &bank.deployment("2")).unwrap();
        view.name_of(view.batches_of(deployment)[0])
    };
    let document = concerning(&bank, batch, true);
    assert_eq!(row(table(&document, "Holds that stand"), "case-7")[2], "incident");
    assert!(has_gap(&concerning(&bank, batch, false), "no hold over what it concerns stands"));
}

#[test]
fn an_incident_of_a_system_finds_deployments_that_hang_on_it_through_a_model() {
    let mut world = World::whole();
    world.cuts("incident", Relation::Concerns);
    world.links("incident", Relation::Concerns, Kind::System, "credit");
    world.cuts("deployment", Relation::BelongsTo);
    world.links("model", Relation::BelongsTo, Kind::System, "credit");
    let document = told(&world.store(), TODAY, |facts, find| {
        incident(facts, find(Kind::Incident, "inc-1"), &Incident::default()).unwrap()
    });
    let events = table(&document, "Events of the deployments");
    assert_eq!(row(events, "scorer")[1], "28", "{}", words(&document));
    assert_eq!(row(table(&document, "Holds that stand"), "inc-1")[2], "incident");
}

#[test]
fn a_data_set_in_another_role_differs() {
    let mut world = World::whole();
    let links = [(Relation::ValidatedOn, Kind::Dataset, "train")];
    world.gains((Kind::Run, "run-1"), &[], &links);
    world.links("before", Relation::ProducedBy, Kind::Run, "run-1");
    let document = told(&world.store(), TODAY, |facts, find| {
        change(facts, find(Kind::Model, "credit@1"), find(Kind::Model, "credit@2")).unwrap()
    });
    let differing = table(&document, "Data sets, code and models");
    let train: Vec<_> = differing.rows.iter().filter(|row| row[1].plain() == "train").collect();
    assert_eq!(train.len(), 1, "{}", words(&document));
    assert!(train[0][2].plain().contains("(validation)"));
    assert!(train[0][3].plain().contains("(training)"));
}

#[test]
fn what_is_due_is_held_by_what_stood_as_of_the_view() {
    let text = include_str!("../../../rules/retention.toml");
    let mut policy = Policy::parse(text, "policy").unwrap();
    let class = policy.classes.iter_mut().find(|class| class.name == "inference-log").unwrap();
    let short = lineal_evidence::retention::Period::Span(jiff::Span::new().days(1), "P1D".into());
    (class.min, class.max) = (short.clone(), short);
    let mut world = World::whole();
    world.is_held = false;
    let store = world.store();
    let before = StoreView::new(Arc::clone(&store)).unwrap();
    let scope = HoldScope::Node(Kind::Deployment, key(Kind::Deployment, "2"));
    store.hold("later", &scope, "incident", None).unwrap();
    let after = StoreView::new(Arc::clone(&store)).unwrap();
    let hold = |view: &StoreView| {
        let due = due(&store, view.snapshot(), class, TODAY + 9 * DAY).unwrap().due;
        assert_eq!(due.len(), 1);
        due[0].hold.clone()
    };
    assert_eq!((hold(&before), hold(&after)), (None, Some("later".to_owned())));
}
