//! Restriction: what is restricted stays as it is and is hidden from every view that is not made for
//! it, answers say so, and a record lifts it (docs/format.md, section 23).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{
    BatchDraft, ErasureDone, ErasureOrder, Error, NodeDraft, Snapshot, Store, Target, Unproved,
};
use lineal_proof::Hash;
use lineal_proof::bundle::{Bundle, Named, Nothing, Scope};
use lineal_proof::record::{Decision, node_id};
use lineal_query::{
    Answer, Limits, Parameters, Query, Request, Source, State, StoreView, Uncertainty,
};
use lineal_tests::sample::{self, batch_key, write_day};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Two batches of twelve events each.
fn days() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    for day in 0..2 {
        write_day(&store, day).unwrap();
    }
    (memory, store)
}

fn decide(
    store: &Store,
    decision: Decision,
    targets: Vec<Target>,
) -> lineal_engine::Result<ErasureDone> {
    let order = ErasureOrder {
        targets,
        decision,
        basis: "GDPR 18(1)(b)".into(),
        reference: "request 2026-118".into(),
        decided_by: store.actor_key("officer@bank.example").unwrap(),
        executed_by: store.actor_key("admin@bank.example").unwrap(),
    };
    store.erase(&order, false)
}

/// The event of that id, which a view for the officer finds whatever is restricted.
fn event(store: &Store, id: &str) -> Vec<Target> {
    let view = store.snapshot().unwrap().with_restricted();
    vec![Target::Events(view.events_by_id(id).unwrap())]
}

fn ids(view: &Snapshot) -> BTreeSet<String> {
    let rows = view.nodes_of(Kind::Batch).flat_map(|node| view.rows_of(node));
    let id = |event| view.event_field(event, EventField::EventId).unwrap().unwrap();
    rows.map(|event| id(event).as_text().unwrap().to_owned()).collect()
}

fn containers(memory: &MemoryStorage) -> Vec<(String, Vec<u8>)> {
    let names = memory.list("containers").unwrap();
    let read = |name: String| {
        let bytes = memory.read(&format!("containers/{name}")).unwrap().unwrap().to_vec();
        (name, bytes)
    };
    names.into_iter().map(read).collect()
}

/// The answer of both plans, which must say the same of it and count the same.
fn ask(view: &StoreView, text: &str) -> Answer {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let plans = [query.prepare(), query.prepare_naively()];
    let [answer, naive] = plans.map(|plan| plan.unwrap().run(view, &request).unwrap());
    assert_eq!(answer.completeness, naive.completeness, "{text}");
    answer
}

fn hash_of(number: u32) -> Vec<u8> {
    let width = if number % 4 == 3 { 20 } else { 32 };
    Hash::of(&number.to_le_bytes()).0[..width].to_vec()
}

#[test]
fn a_restricted_event_is_hidden_from_all_but_those_it_is_for_until_it_is_lifted() {
    let (memory, store) = days();
    let commit = store.commit();
    let before = ids(&store.snapshot().unwrap());
    assert_eq!(before.len(), 24);
    let files = containers(&memory);
    let [Target::Events(events)] = &event(&store, "e17")[..] else { panic!("events") };
    let done = decide(&store, Decision::Restricted, event(&store, "e17")).unwrap();
    assert_eq!((done.commit, done.rows, done.files.len()), (Some(commit + 1), 1, 0), "{done:?}");
    assert_eq!(containers(&memory), files, "no row is touched");
    let mut left = before.clone();
    left.remove("e17");
    let reader = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    for store in [&store, &reader] {
        for view in [store.snapshot().unwrap(), store.snapshot_at(commit).unwrap()] {
            assert_eq!(ids(&view), left);
            assert!(view.events_by_id("e17").unwrap().is_empty());
            assert!(view.events_by_hash(None, &hash_of(17)).unwrap().is_empty());
            assert!(view.event(events[0]).unwrap().is_empty(), "nor by its place");
            let batch = store.revision_of_part(events[0].batch).unwrap();
            let of_proof = |view: &Snapshot| store.event_at(view, &batch, events[0].row);
            assert_eq!(of_proof(&view), None, "nor for a proof");
            let next = store.event_at(&view, &batch, events[0].row ^ 1);
            assert!(next.is_some(), "the row beside it is not hidden");
            let unshown: Vec<_> = view.unshown().map(|of| (of.erased, of.restricted)).collect();
            assert_eq!(unshown, [(0, 1)]);
            let counted: u64 = view.batches().map(|batch| batch.events).sum();
            assert_eq!(counted, 24, "counters go on counting");
            let officer = view.with_restricted();
            assert_eq!(of_proof(&officer), Some(events[0]));
            assert_eq!(ids(&officer), before);
            assert_eq!(officer.events_by_id("e17").unwrap(), *events);
            assert_eq!(officer.events_by_hash(None, &hash_of(17)).unwrap(), *events);
            assert!(!officer.event(events[0]).unwrap().is_empty());
            assert_eq!(officer.unshown().count(), 0);
        }
    }
    drop(reader);
    store.rebuild().unwrap();
    assert_eq!(ids(&store.snapshot().unwrap()), left);
    store.compact(false, &mut |_| ControlFlow::Continue(())).unwrap();
    assert_eq!(ids(&store.snapshot().unwrap()), left);

    let again = decide(&store, Decision::Restricted, event(&store, "e17")).unwrap_err();
    assert!(matches!(again, Error::NothingToErase { .. }), "{again}");
    let refused = decide(&store, Decision::Erased, event(&store, "e17")).unwrap_err();
    assert!(matches!(refused, Error::Restricted { .. }), "{refused}");
    let whole = vec![Target::Batch(node_id(Kind::Batch.name(), &batch_key(1)))];
    let refused = decide(&store, Decision::Erased, whole).unwrap_err();
    assert!(refused.to_string().contains("1 of the rows"), "{refused}");
    let other = decide(&store, Decision::Lifted, event(&store, "e3")).unwrap_err();
    assert!(matches!(other, Error::NothingToErase { .. }), "{other}");

    decide(&store, Decision::Lifted, event(&store, "e17")).unwrap();
    assert_eq!(ids(&store.snapshot().unwrap()), before);
    decide(&store, Decision::Erased, event(&store, "e17")).unwrap();
    assert_eq!(ids(&store.snapshot().unwrap()), left);
    assert_eq!(ids(&store.snapshot().unwrap().with_restricted()), left, "erased for everybody");
    drop(store);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!(report.erased, 1);
}

#[test]
fn answers_say_that_they_cannot_tell_where_rows_are_not_shown_and_counts_stay() {
    let (_memory, store) = days();
    decide(&store, Decision::Restricted, event(&store, "e17")).unwrap();
    decide(&store, Decision::Erased, event(&store, "e2")).unwrap();
    let store = Arc::new(store);
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let kinds = |answer: &Answer| -> BTreeSet<Uncertainty> {
        answer.completeness.reasons.iter().map(|reason| reason.what).collect()
    };
    let both = BTreeSet::from([Uncertainty::Erased(1), Uncertainty::Restricted(1)]);
    for text in [
        "find inference as i where i.decision = \"x\"",
        "find inference as i return i.event_id",
        "find inference as i summarize max(i.latency_ms) as most",
    ] {
        assert_eq!(kinds(&ask(&view, text)), both, "{text}");
    }
    for text in [
        "find inference as i summarize count() as n",
        "find inference as i served_by deployment as d summarize count() as n by d",
        "find inference as i served_by deployment as d where d.service != \"none\" summarize count() as n",
        "find inference as i part_of batch as b summarize count() as n by b",
    ] {
        let answer = ask(&view, text);
        assert_eq!(answer.completeness.state(), State::Complete, "{text}");
        let counts = answer.rows.iter().filter_map(|row| match row.last() {
            Some(lineal_query::Value::Int(count)) => Some(*count),
            _ => None,
        });
        assert_eq!(counts.sum::<i64>(), 24, "{text}: {:?}", answer.rows);
        assert!(answer.warnings.iter().any(|w| w.contains("1 of the events")), "{text}");
    }
    let officer = view.clone().with_restricted();
    let told = ask(&officer, "find inference as i where i.event_id = \"e17\" return i.event_id");
    assert_eq!((told.rows.len(), kinds(&told)), (1, BTreeSet::from([Uncertainty::Erased(1)])));
    let then = officer.as_of_commit(1).unwrap().unwrap();
    assert_eq!(then.unshown().len(), 1, "a view of before shows it to the officer too");
    assert_eq!(view.as_of_commit(2).unwrap().unwrap().unshown().len(), 2);
}

#[test]
fn where_events_are_restricted_nobody_learns_from_a_proof_of_absence_which_values_they_have() {
    let (_memory, store) = days();
    store.record_log(None, None).unwrap();
    let ask = |officer: bool, number: u32| -> Result<Bundle, Unproved> {
        let note = store.checkpoint().unwrap().to_string();
        let value = data_encoding::HEXLOWER.encode(&hash_of(number));
        let named = Named { field: "input_hash".to_owned(), value };
        let scope = Scope { of: None, from: None, to: None };
        let view = store.snapshot().unwrap();
        let view = if officer { view.with_restricted() } else { view };
        let what = Nothing::Event { named, scope };
        store.prove_absent(&view, &what, note.as_bytes(), &|_| true)
    };
    assert!(matches!(ask(false, 17), Err(Unproved::Recorded { .. })));
    assert!(ask(false, 99).is_ok());
    decide(&store, Decision::Restricted, event(&store, "e17")).unwrap();
    // One is restricted, one is there for all to see, one never was.
    let told: BTreeSet<String> =
        [17, 3, 99].map(|number| ask(false, number).unwrap_err().to_string()).into();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told.iter().all(|words| words.contains("cannot tell: 1 of the events")), "{told:?}");
    assert!(matches!(ask(true, 17), Err(Unproved::Recorded { .. })));
    assert!(ask(true, 99).is_ok());
    decide(&store, Decision::Lifted, event(&store, "e17")).unwrap();
    assert!(ask(false, 99).is_ok());
}

/// Writes a row of an event with an id that is known, as another line says it.
fn come_again(store: &Store, (file, source): (u8, &str), id: &str) {
    let mut block = EventBlock::new();
    block.set(EventField::Time, EventValue::Int(5_000));
    block.set(EventField::EventId, EventValue::Text("new"));
    block.end_row();
    block.set(EventField::Time, EventValue::Int(4_000));
    block.set(EventField::EventId, EventValue::Text(id));
    block.set(EventField::Decision, EventValue::Text("reject"));
    block.end_row();
    let of = sample::batch(file, 0..0);
    let saying = sample::saying(source, "datadog-archive", 300);
    let again =
        BatchDraft { saying, block: Arc::new(block), rows: vec![0, 1], doubted: vec![1], ..of };
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&again.saying, NodeDraft::new(Kind::Deployment, sample::deployment())).unwrap();
    tx.add_batch(again);
    tx.commit().unwrap();
    store.write_indexes().unwrap();
}

#[test]
fn a_restricted_event_stays_restricted_when_it_comes_in_another_line() {
    let (memory, store) = days();
    decide(&store, Decision::Restricted, event(&store, "e17")).unwrap();
    // Also where the import that brought the row was undone.
    for retracts in [false, true] {
        if retracts {
            let mut tx = store.begin(None, None).unwrap();
            tx.add_retract(2, false, None).unwrap();
            tx.commit().unwrap();
        }
        let decided = store.decisions().unwrap().len();
        come_again(&store, (20 + u8::from(retracts), "datadog"), "e17");
        let view = store.snapshot().unwrap();
        let shown = ids(&view);
        assert!(!shown.contains("e17") && shown.contains("new"), "{retracts}: {shown:?}");
        assert!(view.events_by_id("e17").unwrap().is_empty());
        assert_eq!(view.unshown().map(|of| of.restricted).sum::<u64>(), 1, "it is told");
        assert_eq!(view.with_restricted().events_by_id("e17").unwrap().len(), 1);
        let all = store.decisions().unwrap();
        assert_eq!(all.len(), decided + 1, "a record says so, in the words of the first");
        let (first, last) = (&all[0], &all[decided]);
        assert_eq!((last.decision, last.rows), (Decision::Restricted, 1));
        assert_eq!((&last.reference, &last.decided_by), (&first.reference, &first.decided_by));
        assert_eq!(last.commit, store.commit(), "in the commit that brings the row");
    }
    // The same id in another log is another event.
    come_again(&store, (30, "another"), "e17");
    assert!(ids(&store.snapshot().unwrap()).contains("e17"));
    decide(&store, Decision::Lifted, event(&store, "e17")).unwrap();
    assert_eq!(store.snapshot().unwrap().events_by_id("e17").unwrap().len(), 2);
    come_again(&store, (22, "datadog"), "e17");
    assert_eq!(store.snapshot().unwrap().events_by_id("e17").unwrap().len(), 2);
    assert!(store.snapshot().unwrap().unshown().next().is_none());
    drop(store);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
}
