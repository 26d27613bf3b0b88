//! A retraction takes an import out of answers and destroys nothing: what it brought is found where it
//! is to be erased, held or kept for a time, and goes as everything else does (docs/format.md,
//! section 23).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXLOWER;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{
    BatchDraft, ErasureDone, ErasureOrder, Error, HoldScope, NodeDraft, SealedField, Snapshot,
    Store, Target,
};
use lineal_evidence::retention::{Due, Period, Policy, due};
use lineal_proof::record::{Decision, node_id};
use lineal_proof::{Hash, Key, Value};
use lineal_query::told::{Target as Named, Unresolved};
use lineal_tests::sample::{
    self, batch, batch_key, deployment, erasure_of, events_named, saying, stored, write_day,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The import of the second day: the number of its commit.
const SECOND: u64 = 2;
/// A time by which the events of all days, of 1970, are past each ceiling.
const LATER: i64 = 1_800_000_000_000_000_000;

/// Three days of twelve events each, the second of them retracted.
fn days() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    for day in 0..3 {
        write_day(&store, day).unwrap();
    }
    retract(&store, SECOND, false);
    (memory, store)
}

fn retract(store: &Store, import: u64, restore: bool) {
    let mut tx = store.begin(None, None).unwrap();
    tx.add_retract(import, restore, None).unwrap();
    tx.commit().unwrap();
    store.write_indexes().unwrap();
}

fn hash_of(number: u32) -> Vec<u8> {
    let width = if number % 4 == 3 { 20 } else { 32 };
    Hash::of(&number.to_le_bytes()).0[..width].to_vec()
}

fn erase(store: &Store, targets: Vec<Target>) -> ErasureDone {
    store.erase(&erasure_of(store, targets).unwrap(), false).unwrap()
}

/// Ids of the events that a view lists.
fn listed(view: &Snapshot) -> BTreeSet<String> {
    let rows = view.nodes_of(Kind::Batch).flat_map(|node| view.rows_of(node));
    let id = |event| view.event_field(event, EventField::EventId).unwrap().unwrap();
    rows.map(|event| id(event).as_text().unwrap().to_owned()).collect()
}

/// The files in which some bytes stand as they are.
fn holding(memory: &MemoryStorage, bytes: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in ["segments", "containers", "sealed", "keys", "index", "orphans"] {
        for name in memory.list(folder).unwrap() {
            let path = format!("{folder}/{name}");
            let content = memory.read(&path).unwrap().unwrap();
            if content.windows(bytes.len()).any(|part| part == bytes) {
                found.push(path);
            }
        }
    }
    found
}

fn check_sound(memory: &MemoryStorage, erased: u64) {
    let report = verify(memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!(report.erased, erased, "{report:?}");
}

#[test]
fn an_event_of_a_retracted_import_is_found_by_hash_id_and_place_and_goes() {
    let (memory, store) = days();
    let hex = |number| HEXLOWER.encode(&hash_of(number));
    let event = events_named(&store, "e17")[0];
    let view = store.snapshot().unwrap();
    assert!(view.events_by_id("e17").unwrap().is_empty() && !view.has_row(event));
    drop(view);
    let revision = store.revision_of_part(event.batch).unwrap();
    let by_place = format!("{revision}/{}", event.row);
    for text in [hex(17), format!("sha256:{}", hex(17)), "inference:e17".to_owned(), by_place] {
        assert_eq!(events_named(&store, &text), [event], "{text}");
    }
    assert!(!holding(&memory, &hash_of(17)).is_empty(), "it lies there");
    let order = erasure_of(&store, vec![Target::Events(vec![event])]).unwrap();
    let rehearsed = store.erase(&order, true).unwrap();
    assert_eq!((rehearsed.rows, rehearsed.retracted.rows, rehearsed.commit), (1, 1, None));
    let done = store.erase(&order, false).unwrap();
    assert_eq!((done.rows, done.retracted.rows, done.retracted.fields), (1, 1, 0));
    assert_eq!(holding(&memory, &hash_of(17)), Vec::<String>::new());
    let again = stored(&store).unwrap().resolve("e17").map(drop).unwrap_err();
    assert!(matches!(again, Unresolved::Nothing { .. }), "{again}");
    let twice = store.erase(&order, false).unwrap_err();
    assert!(matches!(twice, Error::NothingToErase { .. }), "{twice}");
    // What stands is told apart.
    let standing = erase(&store, vec![Target::Events(events_named(&store, "e3"))]);
    assert_eq!((standing.rows, standing.retracted.rows), (1, 0));
    check_sound(&memory, 2);

    // Brought back is all but that.
    retract(&store, SECOND, true);
    let mut expected: BTreeSet<String> = (0..36).map(|number| format!("e{number}")).collect();
    expected.retain(|id| id != "e17" && id != "e3");
    assert_eq!(listed(&store.snapshot().unwrap()), expected);
    drop(store);
    check_sound(&memory, 2);
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    store.rebuild().unwrap();
    assert_eq!(listed(&store.snapshot().unwrap()), expected);
}

#[test]
fn a_batch_and_a_field_of_retracted_imports_go() {
    let (memory, store) = days();
    let mut tx = store.begin(None, None).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
    let (field, value) = ("note".to_owned(), Value::text("ask Bert"));
    run.sealed.push(SealedField { field, value, actor: None });
    tx.add_node(&saying("s", "f", 1), run).unwrap();
    let import = tx.commit().unwrap().import;
    retract(&store, import, false);
    let node = {
        let stored = stored(&store).unwrap();
        let (view, Named::Node(node)) = stored.resolve("run:4cf1").unwrap() else {
            panic!("a run")
        };
        assert!(store.snapshot().unwrap().same_node(view, node).is_none());
        view.node_id(node)
    };
    let done = erase(&store, vec![Target::Field(node, "note".into())]);
    assert_eq!((done.values.len(), done.retracted.fields), (1, 1));
    let batch = node_id(Kind::Batch.name(), &batch_key(1));
    let done = erase(&store, vec![Target::Batch(batch)]);
    assert_eq!((done.rows, done.retracted.rows), (u64::from(sample::EVENTS_A_DAY), 12));
    for number in 12..24 {
        assert_eq!(holding(&memory, &hash_of(number)), Vec::<String>::new(), "e{number}");
    }
    check_sound(&memory, 12);
    retract(&store, import, true);
    retract(&store, SECOND, true);
    let view = store.snapshot().unwrap();
    let run = view.node_with_key(Kind::Run, &Key::text("4cf1")).unwrap();
    assert_eq!(view.field(run, "note").unwrap(), None);
    assert_eq!(listed(&view).len(), 24);
    drop(view);
    check_sound(&memory, 12);
}

#[test]
fn a_hash_is_sought_in_rows_that_others_outweigh_and_beside_what_stands() {
    let (memory, store) = days();
    retract(&store, SECOND, true);
    // The same event, later and with another hash: this one counts.
    let mut block = EventBlock::new();
    block.set(EventField::Time, EventValue::Int(5_000));
    block.set(EventField::EventId, EventValue::Text("e17"));
    block.set(EventField::InputHash, EventValue::Hash(&hash_of(90)));
    block.end_row();
    // Another event, with the hash of one of the second day.
    block.set(EventField::Time, EventValue::Int(5_001));
    block.set(EventField::EventId, EventValue::Text("x18"));
    block.set(EventField::InputHash, EventValue::Hash(&hash_of(18)));
    block.end_row();
    let later =
        BatchDraft { block: Arc::new(block), rows: vec![0, 1], doubted: vec![0], ..batch(9, 0..0) };
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&later.saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
    tx.add_batch(later);
    tx.commit().unwrap();
    store.write_indexes().unwrap();
    retract(&store, SECOND, false);

    let hex = |number| HEXLOWER.encode(&hash_of(number));
    let outweighed = events_named(&store, &hex(17));
    assert_eq!(outweighed.len(), 1);
    let done = erase(&store, vec![Target::Events(outweighed)]);
    assert_eq!((done.rows, done.retracted.rows), (2, 1), "every row of that event");
    let both = events_named(&store, &hex(18));
    assert_eq!((both.len(), stored(&store).unwrap().count(&both).unwrap()), (2, 2));
    let done = erase(&store, vec![Target::Events(both)]);
    assert_eq!((done.rows, done.retracted.rows), (2, 1));
    for number in [17, 18, 90] {
        assert_eq!(holding(&memory, &hash_of(number)), Vec::<String>::new(), "e{number}");
    }
    check_sound(&memory, 4);
}

#[test]
fn what_is_retracted_is_held_and_restricted_like_the_rest() {
    let (_memory, store) = days();
    let event = Target::Events(events_named(&store, "e17"));
    let order = erasure_of(&store, vec![event]).unwrap();
    // That the deployment belongs to the system only a retracted import says.
    let system = Key::text("scoring");
    let mut tx = store.begin(None, None).unwrap();
    let mut served = NodeDraft::new(Kind::Deployment, deployment());
    served.link(Relation::BelongsTo, Kind::System, system.clone());
    tx.add_node(&saying("bank", "declared", 300), served).unwrap();
    let import = tx.commit().unwrap().import;
    retract(&store, import, false);
    store.hold("case-4", &HoldScope::Node(Kind::System, system), "authority", None).unwrap();
    let held = store.erase(&order, false).unwrap_err();
    assert!(matches!(&held, Error::Held { name, .. } if name == "case-4"), "{held}");
    let kept = kept(&store);
    assert!(kept.due.iter().all(|batch| batch.hold.as_deref() == Some("case-4")), "{kept:?}");
    store.release("case-4", "closed", None).unwrap();

    let restricted = ErasureOrder { decision: Decision::Restricted, ..order.clone() };
    assert_eq!(store.erase(&restricted, false).unwrap().retracted.rows, 1);
    assert!(matches!(store.erase(&order, false), Err(Error::Restricted { .. })));
    retract(&store, SECOND, true);
    let view = store.snapshot().unwrap();
    assert!(!listed(&view).contains("e17"), "it comes back restricted");
    assert!(listed(&view.with_restricted()).contains("e17"));
    retract(&store, SECOND, false);
    let lifted = ErasureOrder { decision: Decision::Lifted, ..order.clone() };
    assert_eq!(store.erase(&lifted, false).unwrap().retracted.rows, 1);
    assert_eq!(store.erase(&order, false).unwrap().rows, 1);
}

/// What is due long after the events, under a policy of one day.
fn kept(store: &Store) -> Due {
    let text = include_str!("../../rules/retention.toml");
    let mut policy = Policy::parse(text, "policy").unwrap();
    let class = policy.classes.iter_mut().find(|class| class.name == "inference-log").unwrap();
    let short = Period::Span(jiff::Span::new().days(1), "P1D".into());
    (class.min, class.max) = (short.clone(), short);
    let view = store.snapshot().unwrap().with_restricted();
    due(store, &view, class, LATER).unwrap()
}

#[test]
fn the_batches_of_a_retracted_import_are_due_like_the_rest_until_they_are_erased() {
    let (memory, store) = days();
    let all = kept(&store);
    assert_eq!((all.batches, all.retracted, all.due.len()), (3, 1, 3), "{all:?}");
    let retracted: Vec<_> = all.due.iter().filter(|batch| batch.retracted).collect();
    let second = node_id(Kind::Batch.name(), &batch_key(1));
    assert_eq!(retracted.len(), 1, "{all:?}");
    assert_eq!((retracted[0].id, retracted[0].rows), (second, 12));
    assert!(!retracted[0].deployment.is_empty() && retracted[0].hold.is_none(), "{all:?}");
    // As of then it was not retracted yet.
    let text = include_str!("../../rules/retention.toml");
    let policy = Policy::parse(text, "policy").unwrap();
    let class = policy.class("inference-log").unwrap();
    let before = due(&store, &store.snapshot_at(3).unwrap(), class, LATER).unwrap();
    assert_eq!((before.batches, before.retracted), (3, 0));

    let done = erase(&store, vec![Target::Batch(second)]);
    assert_eq!((done.rows, done.retracted.rows), (12, 12));
    let left = kept(&store);
    assert_eq!((left.batches, left.retracted, left.due.len()), (2, 0, 2), "{left:?}");
    check_sound(&memory, 12);
}
