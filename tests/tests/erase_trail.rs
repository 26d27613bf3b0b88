//! Erasing reaches what the trail says of what is erased: questions that hold its ids, hashes or texts go with
//! it, the uses stay, and so does what else was asked that day (docs/format.md, section 23).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXUPPER;
use lineal_engine::schema::Kind;
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{
    ErasureDone, Error, NodeDraft, SealedField, Snapshot, Store, Target, TrailShare,
};
use lineal_proof::frame::{SEGMENT_HEADER, read};
use lineal_proof::record::{Record, Sealed, node_id};
use lineal_proof::{Hash, Key, KeyPart, Value};
use lineal_tests::sample::{self, batch_key, erasure_of, saying, write_day};
use std::collections::BTreeMap;
use std::sync::Arc;

const DAY_NS: i64 = 86_400_000_000_000;
const REGISTER: &str = "sealed/00000001.seg";
/// What was asked of an event, the first time and again.
const OF_EVENT: &str = "find dataset upstream of inference:e17";
/// What is of no event and no person.
const OF_NOBODY: &str = "find model limit 17";

/// A use of the store: its place in the trail, its day, and what is sealed of it.
fn note(store: &Store, place: i64, day: i64, sealed: &[(&str, &str)]) {
    let time = 20_000 * DAY_NS + day * DAY_NS + place;
    let key = Key::new(vec![KeyPart::Text("00ff".to_owned()), KeyPart::Int(place)]);
    let mut draft = NodeDraft::new(Kind::Access, key);
    draft.fields.insert("time", time);
    draft.fields.insert("what", "use");
    draft.fields.insert("endpoint", "POST /v1/query");
    let field = |(field, text): &(&str, &str)| SealedField {
        field: (*field).to_owned(),
        value: Value::text(*text),
        actor: None,
    };
    draft.sealed = sealed.iter().map(field).collect();
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_node(&saying("trail", "access", time), draft).unwrap();
    transaction.commit().unwrap();
}

fn hash_of(number: u32) -> [u8; 32] {
    Hash::of(&number.to_le_bytes()).0
}

/// A store with events and a person, and what was asked of them on two days.
fn asked() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    sample::finish(&store).unwrap();
    write_day(&store, 1).unwrap();
    let by_hash =
        format!("find inference as i where i.input_hash = \"{}\"", HEXUPPER.encode(&hash_of(17)));
    note(&store, 0, 0, &[("question", OF_EVENT), ("person", "auditor@bank.example")]);
    note(&store, 1, 0, &[("question", &by_hash)]);
    let given = "{\"n\":\"Anna@bank.example\"}";
    note(&store, 2, 0, &[("question", "find actor where email = $n"), ("given", given)]);
    note(&store, 3, 0, &[("question", OF_NOBODY), ("person", "anna@bank.example")]);
    note(&store, 4, 0, &[("question", OF_EVENT)]);
    note(&store, 5, 1, &[("question", OF_EVENT)]);
    store.write_indexes().unwrap();
    (memory, store)
}

fn event(store: &Store) -> Target {
    Target::Events(store.snapshot().unwrap().events_by_id("e17").unwrap())
}

fn erase(store: &Store, target: Target) -> ErasureDone {
    store.erase(&erasure_of(store, vec![target]).unwrap(), false).unwrap()
}

/// A sealed field of each use, by its place.
fn said(view: &Snapshot, field: &str) -> BTreeMap<i64, Option<String>> {
    let of = |node| {
        let KeyPart::Int(place) = view.key_of(node).0[1] else { panic!("a place is a number") };
        assert!(view.field(node, "endpoint").unwrap().is_some(), "the use stays");
        let text = view.field(node, field).unwrap();
        (place, text.map(|text| text.as_text().unwrap().to_owned()))
    };
    let said = view.nodes_of(Kind::Access).map(of).collect();
    assert!(view.damage().is_none(), "{:?}", view.damage());
    said
}

/// The places at which a sealed field says something.
fn saying_something(view: &Snapshot, field: &str) -> Vec<i64> {
    said(view, field).into_iter().filter_map(|(place, text)| text.map(|_| place)).collect()
}

/// What is encrypted in the register of a field.
fn encrypted(memory: &MemoryStorage, field: &str) -> Vec<Vec<u8>> {
    let bytes = memory.read(REGISTER).unwrap().unwrap();
    let (mut at, mut found) = (SEGMENT_HEADER, Vec::new());
    while let Some(frame) = bytes.get(at..).and_then(|rest| read(rest).ok()) {
        let entry = Sealed::decode(frame.payload).unwrap();
        found.extend((entry.field == field).then_some(entry.value));
        at += frame.length;
    }
    found
}

fn is_anywhere(memory: &MemoryStorage, bytes: &[u8]) -> bool {
    ["segments", "containers", "sealed", "keys", "index", "orphans"].iter().any(|folder| {
        memory.list(folder).unwrap().iter().any(|name| {
            let content = memory.read(&format!("{folder}/{name}")).unwrap().unwrap();
            content.windows(bytes.len()).any(|part| part == bytes)
        })
    })
}

fn check_sound(memory: &MemoryStorage) {
    let report = verify(memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
}

#[test]
fn questions_about_an_erased_event_go_with_it_and_all_else_of_their_day_stays() {
    let (memory, store) = asked();
    let before = store.snapshot().unwrap();
    assert_eq!(saying_something(&before, "question"), [0, 1, 2, 3, 4, 5]);
    let sealed = encrypted(&memory, "question");
    assert_eq!(sealed.len(), 5, "what was asked twice in a day is sealed once");
    // The question of one day, by id and by hash, and that of the other.
    let share = TrailShare { values: 3, uses: 4, unread: 0 };
    let order = erasure_of(&store, vec![event(&store)]).unwrap();
    let rehearsed = store.erase(&order, true).unwrap();
    assert_eq!((rehearsed.commit, rehearsed.trail), (None, share));
    assert_eq!(said(&store.snapshot().unwrap(), "question"), said(&before, "question"));

    let done = store.erase(&order, false).unwrap();
    assert_eq!((done.rows, done.trail, done.values), (2, share, vec![]));
    let decision = store.decisions().unwrap().pop().unwrap();
    assert_eq!((decision.rows, decision.values), (2, 3), "the record names them");
    let check = |view: &Snapshot| {
        assert_eq!(saying_something(view, "question"), [2, 3]);
        assert_eq!(saying_something(view, "given"), [2]);
        assert_eq!(saying_something(view, "person"), [0, 3], "who asked stays");
    };
    check(&before);
    check(&store.snapshot().unwrap());
    let left = encrypted(&memory, "question");
    assert_eq!(left.len(), 2);
    for value in sealed {
        assert_eq!(is_anywhere(&memory, &value), left.contains(&value));
    }
    drop((before, store));
    check(&Store::open_read_only_on(Arc::new(memory.clone())).unwrap().snapshot().unwrap());
    // Of the second day nothing is left, and its key is gone: verify would tell it.
    check_sound(&memory);
    // The next opening finds nothing left to do.
    let register = memory.read(REGISTER).unwrap().unwrap().to_vec();
    let seeds = memory.read("keys/seeds").unwrap().unwrap().to_vec();
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    check(&store.snapshot().unwrap());
    drop(store);
    assert_eq!(memory.read(REGISTER).unwrap().unwrap().to_vec(), register);
    assert_eq!(memory.read("keys/seeds").unwrap().unwrap().to_vec(), seeds);
}

#[test]
fn questions_that_hold_an_erased_name_go_and_who_asked_stays() {
    let (memory, store) = asked();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".to_owned());
    let done = erase(&store, field);
    assert_eq!(done.trail, TrailShare { values: 1, uses: 1, unread: 0 });
    assert!(done.values.iter().all(|(field, _)| field != "given"), "{:?}", done.values);
    let view = store.snapshot().unwrap();
    assert_eq!(saying_something(&view, "given"), Vec::<i64>::new());
    assert_eq!(saying_something(&view, "question"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(said(&view, "person")[&3].as_deref(), Some("anna@bank.example"));
    drop((view, store));
    check_sound(&memory);
}

#[test]
fn what_is_asked_again_that_day_stays_erased_and_what_is_asked_later_stands() {
    let (memory, store) = asked();
    erase(&store, event(&store));
    note(&store, 6, 0, &[("question", OF_EVENT)]);
    note(&store, 7, 2, &[("question", OF_EVENT)]);
    store.write_indexes().unwrap();
    assert_eq!(saying_something(&store.snapshot().unwrap(), "question"), [2, 3, 7]);
    drop(store);
    check_sound(&memory);
}

#[test]
fn a_ceiling_leaves_the_trail() {
    let (memory, store) = asked();
    let order = erasure_of(&store, vec![event(&store)]).unwrap();
    let done = store.erase_due(&order).unwrap();
    assert_eq!((done.rows, done.trail), (2, TrailShare::default()));
    assert_eq!(saying_something(&store.snapshot().unwrap(), "question"), [0, 1, 2, 3, 4, 5]);
    drop(store);
    check_sound(&memory);
}

#[test]
fn questions_of_a_day_whose_key_is_not_here_are_counted() {
    let (memory, store) = asked();
    // The seed of the first day is that before the one of the second, the last frame.
    let length = memory.read("keys/seeds").unwrap().unwrap().len();
    drop(store);
    memory.damage("keys/seeds", |bytes| bytes[length - 2 * 97 + 40] ^= 1);
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let order = erasure_of(&store, vec![event(&store)]).unwrap();
    let done = store.erase_despite_missing_seeds(&order, false).unwrap();
    // Four questions of that day and what was given with one.
    assert_eq!(done.trail, TrailShare { values: 1, uses: 1, unread: 5 });
}

#[test]
fn the_key_of_a_day_of_which_something_stands_is_no_key_of_what_is_erased() {
    let (memory, store) = asked();
    let old = memory.read("keys/seeds").unwrap().unwrap().to_vec();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".to_owned());
    erase(&store, field);
    drop(store);
    // Of before the erasure: of no use is the person's key alone, in its place and beside it.
    for path in ["keys/seeds", "orphans/keys-seeds"] {
        memory.put(path, &old, true).unwrap();
    }
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    let is_told = |note: &String| note.starts_with("keys/seeds: keys whose values were erased (1)");
    assert!(report.is_sound() && report.notes.iter().any(is_told), "{report:?}");
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let view = store.snapshot().unwrap();
    assert_eq!(saying_something(&view, "question"), [0, 1, 2, 3, 4, 5]);
    assert_eq!(saying_something(&view, "given"), Vec::<i64>::new());
    drop((view, store));
    check_sound(&memory);
}

#[test]
fn a_crash_at_any_call_leaves_the_trail_as_it_was_or_without_what_was_erased() {
    let (memory, store) = asked();
    drop(store);
    let sound = Arc::new(FaultyStorage::new(memory.after_power_cut(100), Plan::Never));
    let store = Store::open_on(sound.clone(), sample::options()).unwrap();
    let opened = sound.calls();
    erase(&store, event(&store));
    drop(store);
    let (mut kept, mut gone) = (0, 0);
    for at in opened..sound.calls() {
        let disk = memory.after_power_cut(100);
        let faulty = Arc::new(FaultyStorage::new(disk.clone(), Plan::CrashAt(at)));
        let store = Store::open_on(faulty, sample::options()).unwrap();
        let order = erasure_of(&store, vec![event(&store)]).unwrap();
        let error = store.erase(&order, false).unwrap_err();
        assert!(matches!(error, Error::Io { .. } | Error::Stands { .. }), "{error}");
        drop(store);
        for percent in [0, 50, 100] {
            let left = disk.after_power_cut(percent);
            let what = format!("crash at {at}, {percent} % kept");
            let store = Store::open_on(Arc::new(left.clone()), sample::options()).unwrap();
            store.write_indexes().unwrap();
            let view = store.snapshot().unwrap();
            let has_event = !view.events_by_id("e17").unwrap().is_empty();
            let asked = saying_something(&view, "question");
            drop((view, store));
            let report = verify(&left, Depth::Full, &mut |_| {}).unwrap();
            assert!(report.is_sound(), "{what}: {report:?}");
            let unfinished = report.notes.iter().filter(|note| note.contains("erased"));
            assert_eq!(unfinished.count(), 0, "{what}: {report:?}");
            if has_event {
                kept += 1;
                assert_eq!(asked, [0, 1, 2, 3, 4, 5], "{what}");
            } else {
                gone += 1;
                assert_eq!(asked, [2, 3], "{what}");
                assert_eq!(encrypted(&left, "question").len(), 2, "{what}");
            }
        }
    }
    assert!(kept > 5 && gone > 5, "{kept} before the record, {gone} behind it");
}

#[test]
fn an_erased_batch_takes_questions_about_each_of_its_events() {
    let (memory, store) = asked();
    let node = node_id(Kind::Batch.name(), &batch_key(1));
    let done = erase(&store, Target::Batch(node));
    assert_eq!(done.trail, TrailShare { values: 3, uses: 4, unread: 0 });
    drop(store);
    check_sound(&memory);
}
