//! A deployment that serves another system too: what is said of the one takes its own events alone.

#![expect(clippy::unwrap_used, reason = "a bank without what is asked for fails the test")]

#[path = "forty/world.rs"]
#[expect(dead_code, reason = "the rules' tests spoil the bank in more ways")]
mod world;

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::{BatchDraft, Saying, Store};
use lineal_evidence::report::{Basis, Document, ReportKind, ReportRequest};
use lineal_evidence::rules::{Pack, Status};
use lineal_query::{Limits, StoreView};
use std::sync::Arc;
use world::{HOUR, TODAY, World, ago, key, report};

/// Nine poor events of the bank's deployment, overridden all, which name a system or none.
fn poor(store: &Store, system: Option<&str>) {
    let mut block = EventBlock::new();
    for number in 0..9 {
        block.set(EventField::Time, EventValue::Int(ago(9) + number * HOUR));
        block.set(EventField::LogId, EventValue::Text(&format!("poor-{number}")));
        block.set(EventField::HumanOverride, EventValue::Bool(true));
        if let Some(system) = system {
            block.set(EventField::System, EventValue::Text(system));
        }
        block.end_row();
    }
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_batch(BatchDraft {
        saying: Saying {
            source: "other".to_owned(),
            form: "other".to_owned(),
            observed_at: TODAY - HOUR,
        },
        deployment: key(Kind::Deployment, "2"),
        file: [9; 16],
        stretch: 0,
        label: "poor.json".to_owned(),
        block: Arc::new(block),
        rows: (0..9).collect(),
        doubted: vec![],
    });
    transaction.commit().unwrap();
}

fn log_fields(store: &Arc<Store>) -> Status {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "LOG-01");
    report(store, &pack).rules[0].status
}

fn oversight(store: &Arc<Store>) -> Document {
    let newest = StoreView::new(Arc::clone(store)).unwrap();
    let limits = Limits::default();
    let basis =
        Basis { store, newest: &newest, now: TODAY, with_reasons: true, limits, within: None };
    let request = ReportRequest { target: Some("credit".to_owned()), ..ReportRequest::default() };
    ReportKind::named("oversight").unwrap().make(&request, &basis).unwrap().document
}

#[test]
fn events_that_name_another_system_are_not_judged_under_this_one() {
    let store = World::whole().store();
    assert_eq!(log_fields(&store), Status::Met);
    poor(&store, Some("another"));
    assert_eq!(log_fields(&store), Status::Met, "they are another's");
    let store = World::whole().store();
    poor(&store, Some("credit"));
    assert_eq!(log_fields(&store), Status::Gap, "they are its own");
    let store = World::whole().store();
    poor(&store, None);
    assert_eq!(log_fields(&store), Status::Gap, "what names none follows its deployment");
}

#[test]
fn the_report_on_oversight_counts_the_events_of_its_system() {
    let store = World::whole().store();
    let before = oversight(&store);
    poor(&store, Some("another"));
    // Measures, versions, months, reviewers.
    assert_eq!(oversight(&store).sections[..4], before.sections[..4]);
    let store = World::whole().store();
    let before = oversight(&store);
    poor(&store, None);
    assert_ne!(oversight(&store).sections[..4], before.sections[..4]);
}
