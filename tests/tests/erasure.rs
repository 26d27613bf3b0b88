//! Erasing: what is erased is in no file any more, all else is as it was and provable, and nothing
//! brings it back (docs/format.md, section 23).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::EventField;
use lineal_engine::repair::{Wanted, repair};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::verify::{Depth, What, verify, verify_all};
use lineal_engine::{ErasureDone, ErasureOrder, Error, Snapshot, Store, Target};
use lineal_proof::absence::Presence;
use lineal_proof::record::{Decision, node_id};
use lineal_proof::{Hash, Key};
use lineal_tests::sample::{self, batch_key, deployment, erasure_of, write_day, write_numbers};
use std::collections::BTreeSet;
use std::sync::Arc;

const EVENTS: u32 = sample::EVENTS_A_DAY;

/// Three batches of twelve events each, in a container each.
fn write_days(store: &Store) {
    for day in 0..3 {
        write_day(store, day).unwrap();
    }
}

fn days() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    sample::finish(&store).unwrap();
    write_days(&store);
    (memory, store)
}

fn hash_of(number: u32) -> Vec<u8> {
    let width = if number % 4 == 3 { 20 } else { 32 };
    Hash::of(&number.to_le_bytes()).0[..width].to_vec()
}

fn order(store: &Store, targets: Vec<Target>) -> ErasureOrder {
    erasure_of(store, targets).unwrap()
}

fn erase_event(store: &Store, id: &str) -> lineal_engine::Result<ErasureDone> {
    let events = store.snapshot()?.events_by_id(id)?;
    store.erase(&order(store, vec![Target::Events(events)]), false)
}

/// Ids of the events that a view lists, and for each whether its hash finds it.
fn listed(view: &Snapshot) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for node in view.nodes_of(Kind::Batch) {
        for event in view.rows_of(node) {
            let id = view.event_field(event, EventField::EventId).unwrap().unwrap();
            let id = id.as_text().unwrap().to_owned();
            let number: u32 = id[1..].parse().unwrap();
            let found = view.events_by_hash(None, &hash_of(number)).unwrap();
            assert!(found.contains(&event), "{id}");
            assert!(view.events_by_id(&id).unwrap().contains(&event), "{id}");
            ids.insert(id);
        }
    }
    assert!(view.damage().is_none());
    ids
}

/// Every file of a store with its bytes.
fn files(memory: &MemoryStorage) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for folder in
        ["segments", "containers", "sealed", "keys", "index", "orphans", "trail", "readers"]
    {
        for name in memory.list(folder).unwrap() {
            let path = format!("{folder}/{name}");
            let bytes = memory.read(&path).unwrap().unwrap().to_vec();
            all.push((path, bytes));
        }
    }
    all
}

/// The files in which some bytes stand as they are.
fn holding(memory: &MemoryStorage, bytes: &[u8]) -> Vec<String> {
    let holds = |content: &[u8]| content.windows(bytes.len()).any(|part| part == bytes);
    files(memory).into_iter().filter(|(_, content)| holds(content)).map(|(path, _)| path).collect()
}

#[test]
fn an_erased_event_is_nowhere_and_every_other_is_where_it_was() {
    let (memory, store) = days();
    let before = store.snapshot().unwrap();
    let commit = store.commit();
    let mut expected = listed(&before);
    let hash = hash_of(17);
    assert!(!holding(&memory, &hash).is_empty(), "hashes stand uncompressed in a container");
    let events = before.events_by_id("e17").unwrap();
    let counted =
        before.batches().map(|info| (info.ordinal, info.rows, info.events, info.overrides));
    let counted: Vec<_> = counted.collect();
    let rows_before: u64 = before.batches().map(|info| u64::from(info.rows)).sum();
    let rehearsed =
        store.erase(&order(&store, vec![Target::Events(events.clone())]), true).unwrap();
    assert_eq!((rehearsed.commit, rehearsed.rows, store.commit()), (None, 2, commit));
    drop(before);

    let segment = memory.read("segments/00000001.seg").unwrap().unwrap().to_vec();
    let done = erase_event(&store, "e17").unwrap();
    let now = memory.read("segments/00000001.seg").unwrap().unwrap();
    assert!(now.starts_with(&segment), "the log is only ever appended to");
    assert_eq!((done.commit, done.rows, done.batches), (Some(commit + 1), 2, 2), "{done:?}");
    assert!(done.waiting.is_empty() && done.orphans.is_empty(), "{done:?}");
    expected.remove("e17");
    for reopened in [false, true] {
        let reader;
        let view = if reopened {
            reader = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
            reader.snapshot().unwrap()
        } else {
            store.snapshot().unwrap()
        };
        assert_eq!(listed(&view), expected);
        assert!(view.events_by_hash(None, &hash).unwrap().is_empty());
        assert!(view.events_by_id("e17").unwrap().is_empty());
        let after =
            view.batches().map(|info| (info.ordinal, info.rows, info.events, info.overrides));
        assert_eq!(after.collect::<Vec<_>>(), counted, "counters go on counting");
        for event in &events {
            assert!(view.events_by_id("e17").unwrap().is_empty());
            assert!(view.event(*event).unwrap().is_empty());
        }
    }
    // Each batch is still what its root says: its rows, and the leaf of what is gone.
    let view = store.snapshot().unwrap();
    let batches: Vec<_> = view.nodes_of(Kind::Batch).collect();
    let checked = batches.iter().flat_map(|node| store.revisions(&view, *node));
    let checked: u64 = checked.map(|revision| view.check_rows(&revision).unwrap()).sum();
    assert_eq!(checked, rows_before - 2);
    drop(view);
    let as_of = store.snapshot_at(commit).unwrap();
    assert_eq!(listed(&as_of), expected, "a view of before does not show it either");
    assert!(holding(&memory, &hash).is_empty(), "{:?}", holding(&memory, &hash));
    drop((store, as_of));
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!((report.erased, report.batches), (2, 5));

    // All that is derived is made again without it.
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    store.rebuild().unwrap();
    assert_eq!(listed(&store.snapshot().unwrap()), expected);
    assert!(holding(&memory, &hash).is_empty());
    let error = store.erase(&order(&store, vec![Target::Events(events)]), false).unwrap_err();
    assert!(matches!(error, Error::NothingToErase { .. }), "{error}");
}

#[test]
fn a_whole_batch_goes_and_its_root_stands_alone() {
    let (memory, store) = days();
    let mut expected = listed(&store.snapshot().unwrap());
    let node = node_id(Kind::Batch.name(), &batch_key(1));
    let done = store.erase(&order(&store, vec![Target::Batch(node)]), false).unwrap();
    assert_eq!((done.rows, done.batches), (u64::from(2 * EVENTS), 2));
    expected.retain(|id| !(12..24).contains(&id[1..].parse::<u32>().unwrap()));
    assert_eq!(listed(&store.snapshot().unwrap()), expected);
    for number in 12..24 {
        assert!(holding(&memory, &hash_of(number)).is_empty(), "e{number}");
    }
    drop(store);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
}

#[test]
fn two_persons_a_basis_and_no_hold() {
    let (_memory, store) = days();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let good = order(&store, vec![Target::Events(events)]);
    let alone = ErasureOrder { executed_by: good.decided_by.clone(), ..good.clone() };
    assert!(matches!(store.erase(&alone, false), Err(Error::SamePerson { .. })));
    let mute = ErasureOrder { basis: " ".into(), ..good.clone() };
    assert!(matches!(store.erase(&mute, false), Err(Error::Unsaid { .. })));
    let scope = lineal_engine::HoldScope::Node(Kind::Deployment, deployment());
    store.hold("case-4", &scope, "authority request", None).unwrap();
    let error = store.erase(&good, false).unwrap_err();
    assert!(matches!(&error, Error::Held { name, .. } if name == "case-4"), "{error}");
    // A refusal is recorded all the same, and nothing goes.
    let before = listed(&store.snapshot().unwrap());
    let refused = ErasureOrder { decision: Decision::Refused, ..good.clone() };
    assert!(store.erase(&refused, false).unwrap().commit.is_some());
    assert_eq!(listed(&store.snapshot().unwrap()), before);
    assert_eq!(store.holds().unwrap().len(), 1);
    store.release("case-4", "closed", None).unwrap();
    assert!(store.holds().unwrap().is_empty() && store.erase(&good, false).is_ok());
    assert!(matches!(store.release("case-4", "again", None), Err(Error::NoHold { .. })));
}

#[test]
fn an_erasure_needs_two_persons_who_are_named_and_are_not_one() {
    let (_memory, store) = days();
    let two = |one: &str, other: &str| store.two_persons(one, other);
    for nobody in ["", " ", ".", "-", "unknown", "token: "] {
        for (one, other) in [(nobody, "b@bank.example"), ("a@bank.example", nobody)] {
            let refused = two(one, other);
            assert!(matches!(refused, Err(Error::Nobody { .. })), "{one:?} {other:?}: {refused:?}");
        }
        assert!(matches!(store.person_key(nobody), Err(Error::Nobody { .. })), "{nobody:?}");
    }
    for (one, other) in [
        ("a@bank.example", " A@Bank.Example "),
        ("Anna Maier", "anna  maier"),
        ("token: 8b54a5b871f7", "token:8b54a5b871f7"),
        ("8B54A5B871F7", "token:8b54a5b871f7"),
    ] {
        let refused = two(one, other);
        assert!(matches!(refused, Err(Error::SamePerson { .. })), "{one:?} {other:?}: {refused:?}");
    }
    // A token is whom it was made for too; what names nobody is no name.
    let also = ["Anna@bank.example", "", "unknown"].map(str::to_owned);
    let known = |one: &str| store.two_persons_known(one, "token:8b54a5b871f7", &also);
    for same in ["anna@bank.example ", "token: 8b54a5b871f7"] {
        assert!(matches!(known(same), Err(Error::SamePerson { .. })), "{same:?}");
    }
    assert!(matches!(known("unknown"), Err(Error::Nobody { .. })));
    assert!(known("ben@bank.example").is_ok());
    let persons = two(" A@bank.example", "token: 8b54a5b871f7").unwrap();
    assert_eq!(persons.decided_by, store.actor_key("a@bank.example").unwrap());
    assert_eq!(persons.executed_by, store.actor_key("token:8b54a5b871f7").unwrap());
}

#[test]
fn a_crash_at_any_call_leaves_all_or_nothing_and_the_next_writer_finishes() {
    let (memory, store) = days();
    let before = listed(&store.snapshot().unwrap());
    let mut after = before.clone();
    after.remove("e17");
    drop(store);
    let sound = Arc::new(FaultyStorage::new(memory.after_power_cut(100), Plan::Never));
    let store = Store::open_on(sound.clone(), sample::options()).unwrap();
    let opened = sound.calls();
    erase_event(&store, "e17").unwrap();
    drop(store);
    let (mut kept, mut gone) = (0, 0);
    for at in opened..sound.calls() {
        let disk = memory.after_power_cut(100);
        let faulty = Arc::new(FaultyStorage::new(disk.clone(), Plan::CrashAt(at)));
        let store = Store::open_on(faulty, sample::options()).unwrap();
        let error = erase_event(&store, "e17").unwrap_err();
        assert!(matches!(error, Error::Io { .. } | Error::Stands { .. }), "{error}");
        drop(store);
        for percent in [0, 50, 100] {
            let left = disk.after_power_cut(percent);
            let what = format!("crash at {at}, {percent} % kept");
            let reader = Store::open_read_only_on(Arc::new(left.clone())).unwrap();
            let found = listed(&reader.snapshot().unwrap());
            assert!(found == before || found == after, "{what}");
            drop(reader);
            let store = Store::open_on(Arc::new(left.clone()), sample::options()).unwrap();
            store.write_indexes().unwrap();
            let found = listed(&store.snapshot().unwrap());
            drop(store);
            if found == after {
                gone += 1;
                assert_eq!(holding(&left, &hash_of(17)), Vec::<String>::new(), "{what}");
            } else {
                kept += 1;
                assert_eq!(found, before, "{what}");
            }
            let report = verify(&left, Depth::Full, &mut |_| {}).unwrap();
            assert!(report.is_sound(), "{what}: {report:?}");
            let unfinished = report.notes.iter().filter(|note| note.contains("erased"));
            assert_eq!(unfinished.count(), 0, "{what}: {report:?}");
        }
    }
    assert!(kept > 5 && gone > 5, "{kept} before the record, {gone} behind it");
}

#[test]
fn an_index_of_before_an_erasure_is_no_end_of_a_verification() {
    let (memory, store) = days();
    store.write_indexes().unwrap();
    let former: Vec<_> =
        files(&memory).into_iter().filter(|(path, _)| path.starts_with("index/")).collect();
    assert!(former.iter().any(|(path, _)| path.contains("/rows-")));
    erase_event(&store, "e17").unwrap();
    drop(store);
    for (path, bytes) in former {
        memory.put(&path, &bytes, true).unwrap();
    }
    let shared: Arc<dyn Storage> = Arc::new(memory.clone());
    let report = verify_all(&shared, &What::default(), &mut |_| {}).unwrap();
    assert!(report.faults.iter().all(|fault| fault.derived), "{report:?}");
    assert!(report.notes.iter().any(|note| note.contains("was replaced")), "{report:?}");
}

#[test]
fn batches_of_one_node_share_a_seed_and_are_cut_together() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let write = |numbers| write_numbers(&store, 1, numbers).unwrap();
    // The same file, read again after its import was retracted, and shorter: a tree of other levels.
    let first = write(0..12);
    let mut tx = store.begin(None, None).unwrap();
    tx.add_retract(first, false, None).unwrap();
    tx.commit().unwrap();
    write(0..7);
    let done = erase_event(&store, "e1").unwrap();
    assert_eq!((done.rows, done.batches), (2, 2), "the retracted one too");
    let ids = listed(&store.snapshot().unwrap());
    assert_eq!(ids.len(), 6, "{ids:?}");
    assert!(holding(&memory, &hash_of(1)).is_empty());
    // Row 0 of the shorter batch stands above row 1 of the longer: its salt went, its leaf is kept.
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!((report.batches, report.erased), (2, 2));
    // And once more, now that neither has a seed.
    erase_event(&store, "e4").unwrap();
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!((report.batches, report.erased), (2, 4));
    // A row without a salt of its own can go too: its leaf is known.
    erase_event(&store, "e0").unwrap();
    drop(store);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
    assert_eq!((report.batches, report.erased), (2, 6));
    let again = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    assert_eq!(listed(&again.snapshot().unwrap()).len(), 4);
}

#[test]
fn what_was_never_recorded_stays_provable_from_a_batch_of_which_events_were_erased() {
    let (memory, store) = days();
    let batches: Vec<Hash> = {
        let view = store.snapshot().unwrap();
        view.nodes_of(Kind::Batch).map(|node| view.revision_id(node).unwrap()).collect()
    };
    let ask = |batch: &Hash, number: u32| {
        store.prove_in_batch(batch, EventField::InputHash, &hash_of(number))
    };
    let presence = |batch: &Hash, number: u32| ask(batch, number).map(|proof| proof.presence);
    let before: Vec<Vec<Presence>> = batches
        .iter()
        .map(|batch| (0..80).map(|number| presence(batch, number).unwrap()).collect())
        .collect();
    let erased = [17, 18, 3];
    for number in erased {
        erase_event(&store, &format!("e{number}")).unwrap();
    }
    let (mut told, mut silent) = (0, 0);
    for (batch, before) in batches.iter().zip(&before) {
        for (number, before) in (0..80).zip(before) {
            match ask(batch, number) {
                Ok(proof) => {
                    assert_eq!(proof.presence, *before, "e{number}");
                    assert!(!erased.contains(&number) || *before == Presence::Absent);
                    told += 1;
                }
                Err(Error::NoAbsence { reason, .. }) => {
                    assert!(reason.contains("bucket"), "{reason}");
                    silent += 1;
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    // Each erased value closes one bucket of 256, and what else belongs there.
    assert!(silent >= 3 && told > 40 * silent, "{told} told, {silent} not");
    assert!(verify(&memory, Depth::Full, &mut |_| {}).unwrap().is_sound());
}

#[test]
fn secrets_that_come_back_from_an_older_copy_lose_again_what_was_erased() {
    let (memory, store) = days();
    let copy = memory.after_power_cut(100);
    let before = copy.read("keys/seeds").unwrap().unwrap().to_vec();
    erase_event(&store, "e5").unwrap();
    let left = listed(&store.snapshot().unwrap());
    drop(store);
    let erased = verify(&memory, Depth::Full, &mut |_| {}).unwrap().erased;
    let length = memory.read("keys/seeds").unwrap().unwrap().len();
    memory.damage("keys/seeds", |bytes| bytes[length / 2] ^= 1);
    let shared: Arc<dyn Storage> = Arc::new(memory.clone());
    let wanted = Wanted { from: Some(Arc::new(copy)), dry_run: false, options: sample::options() };
    let done = repair(&shared, &wanted, &mut |_| {}).unwrap();
    assert_eq!(done.left, []);
    assert!(done.restored.iter().any(|file| file.file == "keys/seeds"), "{done:?}");
    let store = Store::open_on(Arc::clone(&shared), sample::options()).unwrap();
    assert_eq!(listed(&store.snapshot().unwrap()), left);
    drop(store);
    assert_eq!(holding(&memory, &hash_of(5)), Vec::<String>::new());
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert_eq!((report.faults, report.erased), (vec![], erased));
    assert!(!report.notes.iter().any(|note| note.contains("seeds")), "{:?}", report.notes);
    // Nor are the seeds of before, which the copy brought, or those that were set aside, in any file.
    assert_eq!(holding(&memory, &before[FILE_KEY]), Vec::<String>::new());
    assert!(!memory.list("orphans").unwrap().is_empty(), "of the damaged ones the rest was kept");
}

/// Where the key stands in a file of seeds under which it opens.
const FILE_KEY: std::ops::Range<usize> = 16..48;

/// Puts files of seeds beside those of the store: a whole one, one with a frame that does not read, one of which
/// nothing reads, one by another name, and what a write left that broke off.
fn set_aside(memory: &MemoryStorage, seeds: &[u8]) {
    let paths = ["orphans/keys-seeds", "orphans/keys-seeds.2", "orphans/keys-seeds.3"];
    for path in paths.into_iter().chain(["orphans/x", "keys/seeds.tmp"]) {
        memory.put(path, seeds, true).unwrap();
    }
    memory.damage("orphans/keys-seeds.2", |bytes| bytes[64 + 97 + 40] ^= 1);
    memory.damage("orphans/keys-seeds.3", |bytes| bytes[20] ^= 1);
    memory.put("orphans/containers-x.1.parquet", b"PAR1", false).unwrap();
}

/// What came of them: nothing of what is damaged throughout, or of no use, is left.
const REWRITTEN: [(&str, bool); 5] = [
    ("keys/seeds.tmp", true),
    ("orphans/keys-seeds", false),
    ("orphans/keys-seeds.2", false),
    ("orphans/keys-seeds.3", true),
    ("orphans/x", false),
];

#[test]
fn seeds_that_were_set_aside_lose_what_is_erased() {
    let (memory, store) = days();
    let old = memory.read("keys/seeds").unwrap().unwrap().to_vec();
    set_aside(&memory, &old);
    let done = erase_event(&store, "e17").unwrap();
    let mut rewritten: Vec<_> =
        done.rewritten.iter().map(|file| (file.path.as_str(), file.removed)).collect();
    rewritten.sort_unstable();
    assert_eq!(rewritten, REWRITTEN);
    assert_eq!(done.orphans, ["orphans/containers-x.1.parquet"], "what nobody looked into");
    drop(store);
    let is_clean = |what: &str| {
        assert_eq!(holding(&memory, &old[FILE_KEY]), Vec::<String>::new(), "{what}");
        let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
        assert!(report.is_sound() && report.notes.is_empty(), "{what}: {report:?}");
    };
    is_clean("behind the erasure");

    // What somebody puts there behind it is told, until who writes next destroys it.
    set_aside(&memory, &old);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound(), "{report:?}");
    for (path, _) in REWRITTEN {
        let told = report.notes.iter().filter(|note| note.starts_with(&format!("{path}: ")));
        let told: Vec<_> = told.collect();
        let says = if path.ends_with(".3") { "do not read" } else { "salts of erased rows" };
        assert!(told.len() == 1 && told[0].contains(says), "{path}: {report:?}");
    }
    drop(Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap());
    is_clean("behind the next opening");
    // Nothing more is done once it is done.
    let files_before = files(&memory);
    drop(Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap());
    assert!(files(&memory) == files_before);
}

#[test]
fn the_key_of_an_erased_value_that_is_put_back_goes_again() {
    let (memory, store) = days();
    let old = memory.read("keys/seeds").unwrap().unwrap().to_vec();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".to_owned());
    store.erase(&order(&store, vec![field]), false).unwrap();
    drop(store);
    let sealed = memory.read("sealed/00000001.seg").unwrap().unwrap().to_vec();
    // From a file of keys that was made before: no value of the register is under it any more.
    memory.put("keys/seeds", &old, true).unwrap();
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    let is_told = |note: &String| note.starts_with("keys/seeds: keys whose values were erased (1)");
    assert!(report.is_sound() && report.notes.iter().any(is_told), "{report:?}");
    let store = Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    assert_eq!(holding(&memory, &old[FILE_KEY]), Vec::<String>::new());
    assert_eq!(memory.read("sealed/00000001.seg").unwrap().unwrap().to_vec(), sealed);
    drop(store);
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.is_sound() && report.notes.is_empty(), "{report:?}");
}
