//! Damage of a store is told, does not take the place of a good copy or mirror, and what sealed values it
//! costs is an error of an answer and not another answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::mirror::{Folder, pull};
use lineal_engine::repair::{Wanted, repair};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Code, Depth, verify};
use lineal_engine::{Options, Store, Target};
use lineal_proof::Key;
use lineal_proof::record::node_id;
use lineal_tests::sample::{self, answers, erasure_of, step, write_day};
use std::collections::BTreeMap;
use std::sync::Arc;

const REGISTER: &str = "sealed/00000001.seg";

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

fn options() -> Options {
    Options { segment_bytes_max: 20_000, ..sample::options() }
}

fn all(memory: &MemoryStorage) -> BTreeMap<String, Vec<u8>> {
    let paths = memory.paths().into_iter();
    paths.map(|path| (path.clone(), memory.read(&path).unwrap().unwrap().to_vec())).collect()
}

fn is_sound(memory: &MemoryStorage) -> bool {
    verify(memory, Depth::Full, &mut |_| {}).is_ok_and(|report| report.is_sound())
}

/// A store with sealed values and a checkpoint, its copy and its mirror, and days behind them.
fn kept() -> (MemoryStorage, MemoryStorage, MemoryStorage) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    step(&store, 1).unwrap();
    step(&store, 2).unwrap();
    store.record_log(None, None).unwrap();
    write_day(&store, 0).unwrap();
    store.checkpoint().unwrap();
    let (copy, mirror) = (MemoryStorage::new(), MemoryStorage::new());
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    let from = Folder::of(Store::open_read_only_on(shared(&memory)).unwrap());
    pull(&mirror, &from, None, &mut |_| {}).unwrap();
    write_day(&store, 1).unwrap();
    step(&store, 3).unwrap();
    drop(store);
    (memory, copy, mirror)
}

/// What is done to a store, its name, and whether a copy and a mirror must refuse it: what they hold already
/// is not read again.
type Case = (&'static str, Box<dyn Fn(&MemoryStorage)>, (bool, bool));

fn cases(memory: &MemoryStorage, copy: &MemoryStorage) -> Vec<Case> {
    let length = |of: &MemoryStorage, path: &str| of.read(path).unwrap().unwrap().len();
    let last = memory.paths().into_iter().rfind(|path| path.starts_with("segments/")).unwrap();
    let first = "segments/00000001.seg";
    assert_ne!(last, first, "a closed one, and one that grew");
    let note = copy.paths().into_iter().find(|path| path.ends_with(".note")).unwrap();
    let (of_note, ends) = (length(memory, &note), length(memory, &last));
    let before = length(copy, &last);
    let flip = |path: &str, at: usize| -> Box<dyn Fn(&MemoryStorage)> {
        let path = path.to_owned();
        Box::new(move |disk| disk.damage(&path, |bytes| bytes[at] ^= 4))
    };
    let gone = |path: &str| -> Box<dyn Fn(&MemoryStorage)> {
        let path = path.to_owned();
        Box::new(move |disk| disk.remove(&path).unwrap())
    };
    let cut = |at: usize| -> Box<dyn Fn(&MemoryStorage)> {
        Box::new(move |disk| disk.damage(REGISTER, |bytes| bytes.truncate(at)))
    };
    let both = (true, true);
    vec![
        ("the register is gone", gone(REGISTER), both),
        ("it is cut behind its header", cut(64), both),
        ("it is cut within", cut(300), both),
        ("a bit of a sealed value", flip(REGISTER, 170), both),
        ("a bit of its last value", flip(REGISTER, length(memory, REGISTER) - 40), both),
        ("a bit of a closed segment", flip(first, 900), (false, false)),
        ("a bit of what the copy has", flip(&last, before - 90), (true, false)),
        ("a bit of what is new", flip(&last, ends - 700), both),
        ("a bit of the last commit", flip(&last, ends - 60), both),
        ("a bit of a checkpoint", flip(&note, 90), both),
        ("a bit of its signature", flip(&note, of_note - 30), both),
        ("a checkpoint is gone", gone(&note), (true, false)),
    ]
}

#[test]
fn damage_does_not_take_the_place_of_a_good_copy_or_mirror() {
    let (memory, copy, mirror) = kept();
    for (name, damage, (refused, refused_by_mirror)) in cases(&memory, &copy) {
        let disk = memory.after_power_cut(100);
        damage(&disk);
        let there = copy.after_power_cut(100);
        let before = all(&there);
        let done = Store::open_read_only_on(shared(&disk))
            .and_then(|store| store.backup(false)?.write_on(&there, &mut |_| {}));
        match &done {
            Ok(_) => assert!(!refused && is_sound(&there), "{name}: {done:?}"),
            Err(error) => {
                assert!(refused && error.is_damage(), "{name}: {error}");
                assert!(all(&there) == before, "{name}: the copy is left as it is");
            }
        }
        // A first copy has no earlier one beside it, only what the log says: nothing tells of a checkpoint.
        let first = MemoryStorage::new();
        let done = Store::open_read_only_on(shared(&disk))
            .and_then(|store| store.backup(false)?.write_on(&first, &mut |_| {}));
        assert_eq!(done.is_err(), name != "a checkpoint is gone", "{name}, a first copy: {done:?}");
        let there = mirror.after_power_cut(100);
        let done = Store::open_read_only_on(shared(&disk))
            .and_then(|store| pull(&there, &Folder::of(store), None, &mut |_| {}));
        assert_eq!(done.is_err(), refused_by_mirror, "{name}: {done:?}");
        assert!(is_sound(&there), "{name}: the mirror");
        assert!(there.read(REGISTER).unwrap().is_some(), "{name}: the register of the mirror");
    }
    let there = copy.after_power_cut(100);
    let store = Store::open_read_only_on(shared(&memory)).unwrap();
    store.backup(false).unwrap().write_on(&there, &mut |_| {}).unwrap();
    assert!(is_sound(&there), "what is not damaged is copied");
}

#[test]
fn an_archive_of_damage_breaks_off() {
    let (memory, copy, _) = kept();
    for (name, damage, _) in cases(&memory, &copy) {
        // Of that nothing tells: there is no earlier one.
        if name == "a checkpoint is gone" {
            continue;
        }
        let disk = memory.after_power_cut(100);
        damage(&disk);
        let store = Store::open_read_only_on(shared(&disk));
        let made =
            store.and_then(|store| store.backup(false)?.into_tar().collect::<Result<Vec<_>, _>>());
        assert!(made.is_err_and(|error| error.is_damage()), "{name}");
    }
    let store = Store::open_read_only_on(shared(&memory)).unwrap();
    assert!(store.backup(false).unwrap().into_tar().all(|piece| piece.is_ok()));
}

#[test]
fn a_lost_register_is_a_fault_that_a_copy_mends_where_values_should_stand_in_it() {
    let (memory, copy, _) = kept();
    memory.remove(REGISTER).unwrap();
    for depth in [Depth::Fast, Depth::Bytes, Depth::Full] {
        let report = verify(&memory, depth, &mut |_| {}).unwrap();
        let faults: Vec<_> =
            report.faults.iter().map(|fault| (fault.code, fault.file.as_str())).collect();
        assert_eq!(faults, [(Code::SealedMissing, REGISTER)], "{depth:?}");
        assert!(report.faults[0].lost.starts_with("3 sealed values"), "{:?}", report.faults);
    }
    // Without the last step the copy has them all.
    let wanted = Wanted { from: Some(shared(&copy)), dry_run: false, options: options() };
    let done = repair(&shared(&memory), &wanted, &mut |_| {}).unwrap();
    assert!(done.left.iter().all(|fault| fault.code == Code::SealedMissing), "{done:?}");
    assert_eq!(done.left.len(), 1, "one that the copy is too old for: {done:?}");

    // Nothing sealed, and all of it erased.
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    write_day(&store, 0).unwrap();
    drop(store);
    memory.remove(REGISTER).unwrap();
    assert!(is_sound(&memory));
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    step(&store, 1).unwrap();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".into());
    store.erase(&erasure_of(&store, vec![field]).unwrap(), false).unwrap();
    drop(store);
    memory.remove(REGISTER).unwrap();
    for depth in [Depth::Fast, Depth::Full] {
        let report = verify(&memory, depth, &mut |_| {}).unwrap();
        assert!(report.is_sound(), "{report:?}");
    }
    // A copy of it needs none either, and the one that it had goes.
    let view = Store::open_read_only_on(shared(&memory)).unwrap();
    view.backup(false).unwrap().write_on(&MemoryStorage::new(), &mut |_| {}).unwrap();
}

#[test]
fn damage_of_what_is_served_of_the_log_is_told_and_a_lost_checkpoint_comes_back() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    step(&store, 1).unwrap();
    store.record_log(None, None).unwrap();
    for day in 0..3 {
        write_day(&store, day).unwrap();
        store.checkpoint().unwrap();
    }
    store.write_indexes().unwrap();
    let copy = MemoryStorage::new();
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    drop(store);
    let report = |disk: &MemoryStorage| verify(disk, Depth::Full, &mut |_| {}).unwrap();
    assert_eq!(report(&memory).faults, []);
    let tiles: Vec<String> =
        memory.paths().into_iter().filter(|path| path.starts_with("tiles/")).collect();
    assert!(tiles.iter().filter(|path| path.contains(".p/")).count() > 4, "{tiles:?}");
    let wanted = |from: Option<&MemoryStorage>| Wanted {
        from: from.map(shared),
        dry_run: false,
        options: options(),
    };
    for path in &tiles {
        let disk = memory.after_power_cut(100);
        let length = disk.read(path).unwrap().unwrap().len();
        disk.damage(path, |bytes| bytes[length / 2] ^= 1);
        let found = report(&disk);
        assert!(found.is_sound(), "{path}: {:?}", found.faults);
        assert_eq!(found.faults.len(), 1, "{path}: {:?}", found.faults);
        assert_eq!(found.faults[0].file, *path);
        let done = repair(&shared(&disk), &wanted(None), &mut |_| {}).unwrap();
        assert!(done.left.is_empty() && report(&disk).faults.is_empty(), "{path}: {done:?}");
        assert!(disk.read(path).unwrap().unwrap()[..] == memory.read(path).unwrap().unwrap()[..]);
    }
    // The newest checkpoint, of which nothing else says that it was there.
    let notes = memory.paths().into_iter().filter(|path| path.ends_with(".note"));
    let note = notes.max().unwrap();
    let disk = memory.after_power_cut(100);
    disk.remove(&note).unwrap();
    let found = report(&disk);
    assert_eq!((found.faults[0].code, &found.faults[0].file), (Code::CheckpointMissing, &note));
    let done = repair(&shared(&disk), &wanted(Some(&copy)), &mut |_| {}).unwrap();
    assert!(done.left.is_empty() && report(&disk).faults.is_empty(), "{done:?}");
}

#[test]
fn values_of_a_register_come_back_one_by_one() {
    let (memory, copy, _) = kept();
    let whole = memory.read(REGISTER).unwrap().unwrap().to_vec();
    let length = copy.read(REGISTER).unwrap().unwrap().len();
    let wanted = |from: &MemoryStorage| Wanted {
        from: Some(shared(from)),
        dry_run: false,
        options: options(),
    };
    // Of another length than the copy's: what the copy has comes from it, what came later stays.
    type Damage = Box<dyn Fn(&mut Vec<u8>)>;
    let later = whole[length..].to_vec();
    let damages: Vec<Damage> = vec![
        Box::new(|bytes| drop(bytes.drain(64..200))),
        Box::new(|bytes| bytes[20] ^= 1),
        Box::new(|bytes| bytes[100] ^= 1),
        Box::new(move |bytes| *bytes = [&bytes[..64], &later[..]].concat()),
    ];
    for (number, damage) in damages.iter().enumerate() {
        let disk = memory.after_power_cut(100);
        disk.damage(REGISTER, |bytes| damage(bytes));
        assert!(!is_sound(&disk), "{number}");
        let done = repair(&shared(&disk), &wanted(&copy), &mut |_| {}).unwrap();
        assert!(done.left.is_empty() && done.restored.len() == 1, "{number}: {done:?}");
        assert!(disk.read(REGISTER).unwrap().unwrap()[..] == whole[..], "{number}: byte for byte");
    }
    // What neither holds stays lost, and the others come back all the same.
    let disk = memory.after_power_cut(100);
    disk.remove(REGISTER).unwrap();
    let done = repair(&shared(&disk), &wanted(&copy), &mut |_| {}).unwrap();
    assert_eq!((done.restored.len(), done.left.len()), (1, 1), "{done:?}");
    assert_eq!(done.left[0].code, Code::SealedMissing);
    assert!(disk.read(REGISTER).unwrap().unwrap()[..] == whole[..length]);
    // A copy that has none of it brings nothing.
    copy.remove(REGISTER).unwrap();
    let again = repair(&shared(&disk), &wanted(&copy), &mut |_| {}).unwrap();
    assert!(again.restored.is_empty() && again.left.len() == 1, "{again:?}");
}

#[test]
fn a_sealed_value_that_does_not_open_ends_the_answer_unless_it_was_erased_or_no_key_is_here() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    sample::finish(&store).unwrap();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    store.write_indexes().unwrap();
    drop(store);
    let asked = |disk: &MemoryStorage| {
        let store = Store::open_read_only_on(shared(disk)).unwrap();
        let view = store.snapshot().unwrap();
        let found = answers(&view);
        (found, view.damage().map(|error| (error.is_damage(), error.to_string())))
    };
    let (whole, damage) = asked(&memory);
    assert_eq!(damage, None);
    let length = memory.read(REGISTER).unwrap().unwrap().len();
    let mut told = 0;
    for at in (64..length).step_by(7) {
        let disk = memory.after_power_cut(100);
        disk.damage(REGISTER, |bytes| bytes[at] ^= 2);
        match asked(&disk) {
            (found, None) => assert_eq!(found, whole, "byte {at}"),
            (_, Some((is_damage, text))) => {
                assert!(is_damage && text.contains(REGISTER), "byte {at}: {text}");
                assert!(!text.contains("anna"), "{text}");
                told += 1;
            }
        }
    }
    assert!(told > 10, "{told}");
    for damage in [
        &(|disk: &MemoryStorage| disk.remove(REGISTER).unwrap()) as &dyn Fn(&MemoryStorage),
        &|disk| disk.damage(REGISTER, |bytes| bytes.truncate(64)),
        &|disk| disk.damage("keys/seeds", |bytes| bytes[64 + 40] ^= 1),
    ] {
        let disk = memory.after_power_cut(100);
        damage(&disk);
        assert!(asked(&disk).1.is_some_and(|(is_damage, _)| is_damage));
    }
    // Without keys nothing should open.
    let disk = memory.after_power_cut(100);
    disk.remove("keys/seeds").unwrap();
    let (found, damage) = asked(&disk);
    assert!(damage.is_none() && found.len() < whole.len());
    // Erased is not damaged: as the store stands, and where its index alone is read.
    let store = Store::open_on(shared(&memory), options()).unwrap();
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".into());
    let before = store.snapshot().unwrap();
    store.erase(&erasure_of(&store, vec![field]).unwrap(), false).unwrap();
    assert!(!answers(&before).is_empty() && before.damage().is_none());
    assert_eq!(asked(&memory).1, None);
    store.write_indexes().unwrap();
    drop(store);
    assert_eq!(asked(&memory).1, None);
}
