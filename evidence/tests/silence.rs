//! When the log of a deployment counts as silent: over all its batches together, and between its declared ends.

#![expect(clippy::unwrap_used, reason = "a log that cannot be made fails the test")]

use lineal_engine::clock::SteppingClock;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{
    BatchDraft, ErasureOrder, EventRef, NodeDraft, Options, Saying, Store, Target,
};
use lineal_evidence::check::{Finding, Wanted, check};
use lineal_evidence::report::{Sentence, annex_iv};
use lineal_evidence::rules::{BuiltIn, Form, Pack};
use lineal_proof::record::Decision;
use lineal_proof::{Key, Value};
use lineal_query::StoreView;
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000_000;
/// 2026-06-01 00:00 UTC, from which hours are counted, ns.
const START: i64 = 1_780_272_000_000_000_000;

fn at(hours: i64) -> i64 {
    START + hours * HOUR
}

/// The log of one deployment: the hours of the events of each batch.
#[derive(Clone, Default)]
struct Log {
    batches: Vec<Vec<i64>>,
    from: Option<i64>,
    until: Option<i64>,
    /// Changes that concern it: type, from and until.
    changes: Vec<(&'static str, i64, i64)>,
    now: i64,
}

fn key() -> Key {
    let parts = ["scorer", "prod", "eu-1", "credit", "1"];
    Key::new(parts.into_iter().map(Into::into).collect())
}

fn saying() -> Saying {
    let (source, form) = ("declared".to_owned(), "declared".to_owned());
    Saying { source, form, observed_at: START }
}

fn batch(number: u8, hours: &[i64]) -> BatchDraft {
    let mut block = EventBlock::new();
    for (line, hour) in (1..).zip(hours) {
        let id = format!("event-{number}-{line}");
        for (field, value) in [
            (EventField::Time, EventValue::Int(at(*hour))),
            (EventField::Line, EventValue::Int(line)),
            (EventField::EventId, EventValue::Text(&id)),
        ] {
            assert!(block.set(field, value), "{field:?} takes such a value");
        }
        block.end_row();
    }
    let rows = (0..u32::try_from(block.rows()).unwrap()).collect();
    BatchDraft {
        saying: saying(),
        deployment: key(),
        file: [number; 16],
        stretch: 0,
        label: format!("log-{number}.json"),
        block: Arc::new(block),
        rows,
        doubted: Vec::new(),
    }
}

impl Log {
    fn of(batches: &[&[i64]]) -> Log {
        let batches = batches.iter().map(|hours| hours.to_vec()).collect();
        Log { batches, now: 200, ..Log::default() }
    }

    fn store(&self) -> Arc<Store> {
        let clock = Arc::new(SteppingClock::starting_at(at(self.now)));
        let options = Options { clock, ..Options::default() };
        let store = Store::create_on(Arc::new(MemoryStorage::new()), options).unwrap();
        let mut transaction = store.begin(None, None).unwrap();
        let mut served = NodeDraft::new(Kind::Deployment, key());
        served.fields.insert("service", "scorer");
        for (field, hour) in [("from", self.from), ("until", self.until)] {
            if let Some(hour) = hour {
                served.fields.insert(field, at(hour));
            }
        }
        let model: Vec<_> = ["prod", "credit", "1"].into_iter().map(Into::into).collect();
        let model = NodeDraft::new(Kind::Model, Key::new(model));
        served.link(Relation::Deploys, Kind::Model, model.key.clone());
        transaction.add_node(&saying(), model).unwrap();
        transaction.add_node(&saying(), served).unwrap();
        for (change_type, from, until) in &self.changes {
            let parts = ["declared", "scorer", change_type, "1"];
            let parts = parts.into_iter().map(Into::into).collect();
            let mut change = NodeDraft::new(Kind::Change, Key::new(parts));
            change.fields.insert("type", *change_type);
            let span = [("time", *from), ("from", *from), ("until", *until)];
            for (field, hour) in span {
                change.fields.insert(field, Value::from(at(hour)));
            }
            change.link(Relation::Concerns, Kind::Deployment, key());
            transaction.add_node(&saying(), change).unwrap();
        }
        transaction.commit().unwrap();
        for (number, hours) in (0..).zip(&self.batches) {
            let mut transaction = store.begin(None, None).unwrap();
            transaction.add_batch(batch(number, hours));
            transaction.commit().unwrap();
        }
        Arc::new(store)
    }

    /// What the rule says of its silences.
    fn told(&self) -> Vec<String> {
        told(&self.store(), self.now)
    }
}

fn told(store: &Arc<Store>, now: i64) -> Vec<String> {
    found(store, now, BuiltIn::Silence).into_iter().map(|finding| finding.say).collect()
}

/// What the rule over silences finds with a test in the place of its own.
fn found(store: &Arc<Store>, now: i64, test: BuiltIn) -> Vec<Finding> {
    let mut pack = Pack::reconcile().unwrap();
    pack.rules.retain(|rule| rule.id == "REC-06");
    pack.rules[0].checks[0].form = Form::BuiltIn(test);
    pack.rules[0].checks[0].fix = "lineal show {event}".to_owned();
    let view = StoreView::new(Arc::clone(store)).unwrap();
    let wanted = Wanted { now: at(now), ..Wanted::default() };
    check(store, &view, &pack, &wanted).unwrap().rules.remove(0).findings
}

fn hourly(from: i64, until: i64) -> Vec<i64> {
    (from..=until).collect()
}

/// As a finding says it.
fn silent(hours: i64, since: &str) -> String {
    format!("silent {hours} h 0 min from {since}, no loss and no downtime recorded")
}

#[test]
fn where_batches_overlap_only_what_none_of_them_has_is_silence() {
    let host_a = hourly(0, 60);
    assert_eq!(Log::of(&[&host_a, &[0, 30, 60]]).told(), [""; 0]);
    assert_eq!(Log::of(&[&[0, 30, 60], &host_a]).told(), [""; 0]);
    // Each is silent for longer than a day, and both together never.
    let apart = [hourly(0, 10), hourly(40, 48)].concat();
    assert_eq!(Log::of(&[&apart, &[2, 28, 45]]).told(), [""; 0]);
    // Both at once.
    let both = silent(30, "2026-06-01T10:00:00Z");
    assert_eq!(Log::of(&[&apart, &[2, 44]]).told(), std::slice::from_ref(&both));
    // One ends where the other begins: between them nothing is.
    let one_file = hourly(0, 10);
    assert_eq!(Log::of(&[&one_file, &hourly(40, 48)]).told(), [both]);
    // Alone, its counter says how long and not when.
    let alone = Log::of(&[&apart]).told();
    assert_eq!(alone.len(), 1);
    assert!(alone[0].starts_with("silent 30 h 0 min within batch:"), "{alone:?}");
}

#[test]
fn the_report_says_no_silence_that_is_none() {
    let text = |log: &Log| {
        let store = log.store();
        let view = StoreView::new(Arc::clone(&store)).unwrap();
        let node = view.snapshot().node_with_key(Kind::Deployment, &key()).unwrap();
        let document = annex_iv(&store, &view, node).unwrap();
        let pictures = document.pictures();
        let coverage = pictures.iter().find(|picture| picture.name == "coverage").unwrap();
        coverage.words.iter().map(Sentence::plain).collect::<Vec<_>>().join("\n")
    };
    let host_a = hourly(0, 60);
    let covered = text(&Log::of(&[&host_a, &[0, 30, 60]]));
    assert!(!covered.contains("silent 30 h"), "{covered}");
    let declared = Log { from: Some(0), ..Log::of(&[&host_a]) };
    let lasting = text(&declared);
    assert!(lasting.contains(": silent since 2026-06-03 12:00"), "{lasting}");
    assert!(lasting.contains("until this report, though declared to run"), "{lasting}");
}

#[test]
fn the_report_covers_no_time_to_come() {
    let store = Log::of(&[&[0, 5, FAR], &[FAR + 1]]).store();
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let node = view.snapshot().node_with_key(Kind::Deployment, &key()).unwrap();
    let document = annex_iv(&store, &view, node).unwrap();
    assert!(document.to_json().contains("4 (2 of a time to come)"), "{}", document.to_json());
    let pictures = document.pictures();
    let coverage = pictures.iter().find(|picture| picture.name == "coverage").unwrap();
    let text = coverage.words.iter().map(Sentence::plain).collect::<Vec<_>>().join("\n");
    let covered = ": 2 events in 1 batch, from 2026-06-01 00:00 until 2026-06-01 05:00";
    assert!(text.contains(covered), "{text}");
    assert!(text.contains(": 2 events of a time to come, which no log covers yet."), "{text}");
}

#[test]
fn what_is_declared_to_run_is_silent_until_something_comes() {
    let log = Log::of(&[&hourly(0, 10)]);
    assert_eq!(log.told(), [""; 0], "nobody says that it runs on");
    let declared = Log { from: Some(0), ..log };
    let since = "silent since 2026-06-01T10:00:00Z, though declared to run: no loss and no downtime recorded";
    assert_eq!(declared.told(), [since]);
    assert_eq!(Log { until: Some(500), ..declared.clone() }.told(), [since]);
    assert_eq!(Log { now: 30, ..declared.clone() }.told(), [""; 0], "not yet a day");
    let ended = |until| Log { until: Some(until), ..declared.clone() }.told();
    assert_eq!(ended(12), [""; 0]);
    assert_eq!(ended(50), [silent(40, "2026-06-01T10:00:00Z")]);
    // What is recorded explains it.
    let with = |change| Log { changes: vec![change], ..declared.clone() }.told();
    assert_eq!(with(("loss", 11, 190)), [""; 0]);
    assert_eq!(with(("downtime", 11, 100)), [since.replace("01T10", "05T04")]);
    assert_eq!(with(("stop", 11, 11)), [""; 0]);
    // It was put out of use, and events came again: what lies between is as silent as it was.
    let again = Log { batches: vec![hourly(0, 10), hourly(60, 70)], ..declared.clone() };
    let again = Log { now: 80, changes: vec![("stop", 11, 11)], ..again };
    assert_eq!(
        again.told(),
        ["silent 50 h 0 min from 2026-06-01T10:00:00Z, no loss and no downtime recorded"]
    );
    // From the declared start on, with events or without any.
    let early = Log { from: Some(-48), now: 20, ..Log::of(&[&hourly(0, 10)]) };
    assert_eq!(early.told(), [silent(48, "2026-05-30T00:00:00Z")]);
    let without = Log { from: Some(0), ..Log::of(&[]) };
    assert_eq!(without.told(), [since.replace("01T10", "01T00")]);
    assert_eq!(Log { from: Some(300), ..Log::of(&[]) }.told(), [""; 0], "it is still to begin");
}

#[test]
fn outside_of_the_declared_interval_nothing_is_silence() {
    let one = [hourly(0, 10), hourly(60, 62)].concat();
    let declared = |from, until| Log { from, until, ..Log::of(&[&one]) }.told();
    assert_eq!(declared(None, Some(12)), [""; 0]);
    assert_eq!(declared(Some(0), Some(20)), [""; 0]);
    assert_eq!(declared(Some(58), Some(64)), [""; 0]);
    // What lies within is.
    assert_eq!(declared(Some(0), Some(50)), [silent(40, "2026-06-01T10:00:00Z")]);
    assert_eq!(declared(Some(20), Some(64)), [silent(40, "2026-06-01T20:00:00Z")]);
    // The same in two files.
    let log = Log::of(&[&hourly(0, 10), &hourly(60, 62)]);
    assert_eq!(Log { until: Some(20), ..log.clone() }.told(), [""; 0]);
    assert_eq!(Log { from: Some(59), until: Some(64), ..log }.told(), [""; 0]);
}

/// Four years on: nothing of it has come.
const FAR: i64 = 4 * 365 * 24;

#[test]
fn an_event_of_a_time_to_come_ends_no_silence_and_begins_none() {
    let busy = hourly(0, 10);
    // The log ends with the last event that has come, in a file with the other or not.
    let one = [busy.clone(), vec![FAR]].concat();
    assert_eq!(Log::of(&[&one]).told(), [""; 0]);
    assert_eq!(Log::of(&[&busy, &[FAR]]).told(), [""; 0]);
    let gap = [hourly(0, 10), hourly(40, 48), vec![FAR]].concat();
    assert_eq!(Log::of(&[&gap]).told(), [silent(30, "2026-06-01T10:00:00Z")]);
    // Of one that is declared to run it is not the event that came since.
    let since = "silent since 2026-06-01T10:00:00Z, though declared to run: no loss and no downtime recorded";
    for log in [Log::of(&[&one]), Log::of(&[&busy, &[FAR]])] {
        assert_eq!(Log { from: Some(0), ..log }.told(), [since]);
    }
}

#[test]
fn an_event_of_a_time_to_come_covers_no_day_and_is_named() {
    let says = |log: &Log, test: BuiltIn| -> Vec<String> {
        found(&log.store(), log.now, test).into_iter().map(|finding| finding.say).collect()
    };
    let busy = hourly(0, 10);
    let missing = "8 of 9 days without any batch, the first 2026-06-02";
    let log = Log::of(&[&busy]);
    assert_eq!(says(&log, BuiltIn::LogCoverage), [missing]);
    assert_eq!(says(&log, BuiltIn::EventsToCome), [""; 0]);
    let one = [busy.clone(), vec![FAR]].concat();
    let why = "; 1 event of a time to come covers none";
    for log in [Log::of(&[&one]), Log::of(&[&busy, &[FAR]])] {
        assert_eq!(says(&log, BuiltIn::LogCoverage), [format!("{missing}{why}")]);
    }
    assert_eq!(
        says(&Log::of(&[&[FAR, FAR + 1]]), BuiltIn::LogCoverage),
        ["no log of a time that has come; 2 events of a time to come cover none"]
    );
    let told = found(&Log::of(&[&one]).store(), 200, BuiltIn::EventsToCome);
    assert_eq!(told.len(), 1);
    let say = &told[0].say;
    assert!(
        say.starts_with("1 event of a time to come, the last of 2030-05-31T00:00:00Z, in batch:"),
        "{say}"
    );
    assert!(say.ends_with(": what has not come covers no day"), "{say}");
    assert_eq!(told[0].fix, "lineal show event-0-12");
    // A clock may run ahead by a day.
    assert_eq!(says(&Log::of(&[&[0, 224]]), BuiltIn::EventsToCome), [""; 0]);
    assert_eq!(says(&Log::of(&[&[0, 225]]), BuiltIn::EventsToCome).len(), 1);
    // Once its time has come it is an event as any other.
    let log = Log { now: FAR + 1, ..Log::of(&[&one]) };
    assert_eq!(says(&log, BuiltIn::LogCoverage), [""; 0]);
    assert_eq!(says(&log, BuiltIn::EventsToCome), [""; 0]);
}

#[test]
fn what_was_erased_was_an_event_and_leaves_no_silence() {
    // Its rows are read, as the declared end lies within the batch: from 30 to 60 it was silent.
    let log = Log { until: Some(65), ..Log::of(&[&[0, 10, 20, 30, 60, 70]]) };
    let both = [silent(30, "2026-06-02T06:00:00Z")];
    assert_eq!(log.told(), both);
    let store = log.store();
    let view = store.snapshot().unwrap();
    let node = view.batches().next().unwrap().node;
    let rows: Vec<EventRef> = view.rows_of(node).drain(1..3).collect();
    drop(view);
    let order = ErasureOrder {
        targets: vec![Target::Events(rows)],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".to_owned(),
        reference: "R-9".to_owned(),
        decided_by: store.actor_key("officer").unwrap(),
        executed_by: store.actor_key("operator").unwrap(),
    };
    store.erase(&order, false).unwrap();
    assert_eq!(told(&store, 200), both);
}
