//! Keys that are another store's or of before never make an answer that looks whole: what was erased, what is not
//! for who asks, and what is missing are told apart. And no erasure hides that seeds are missing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::repair::{Wanted, repair};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Code, Depth, Report, verify};
use lineal_engine::{Error, NodeDraft, Options, SealedField, Snapshot, Store, Target};
use lineal_proof::record::node_id;
use lineal_proof::{Hash, Key, Value};
use lineal_tests::sample::{self, answers, erasure_of, saying, write_day};
use std::sync::Arc;

const SEEDS: &str = "keys/seeds";
const INDEX: &str = "keys/index.key";
const ACTOR: &str = "keys/actor.key";
const REGISTER: &str = "sealed/00000001.seg";
/// Bytes of the header of seeds.
const HEADER: usize = 64;

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

fn read(memory: &MemoryStorage, path: &str) -> Vec<u8> {
    memory.read(path).unwrap().unwrap().to_vec()
}

fn report(memory: &MemoryStorage) -> Report {
    verify(memory, Depth::Full, &mut |_| {}).unwrap()
}

/// A store with persons, sealed values and events.
fn days() -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), sample::options()).unwrap();
    sample::finish(&store).unwrap();
    for day in 0..3 {
        write_day(&store, day).unwrap();
    }
    store.write_indexes().unwrap();
    drop(store);
    assert_eq!(report(&memory).faults, []);
    memory
}

/// A store of its own, with other keys.
fn stranger() -> MemoryStorage {
    let memory = MemoryStorage::new();
    drop(Store::create_on(shared(&memory), Options::default()).unwrap());
    memory
}

fn hash_of(number: u32) -> Hash {
    Hash::of(&number.to_le_bytes())
}

fn view(memory: &MemoryStorage) -> Snapshot {
    Store::open_read_only_on(shared(memory)).unwrap().snapshot().unwrap()
}

fn found(memory: &MemoryStorage) -> lineal_engine::Result<usize> {
    Ok(view(memory).events_by_hash(None, &hash_of(17).0)?.len())
}

#[test]
fn a_look_up_under_another_key_than_the_indexs_is_an_error_and_nothing_is_written_under_it() {
    let memory = days();
    let (own, stands) = (read(&memory, INDEX), found(&memory).unwrap());
    assert!(stands > 0);
    memory.put(INDEX, &read(&stranger(), INDEX), true).unwrap();
    let refused = found(&memory).unwrap_err();
    assert!(matches!(&refused, Error::OtherIndexKey { file } if file.starts_with("index/keys-")));
    assert!(refused.is_damage(), "{refused}");
    assert!(!report(&memory).is_sound());

    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let commit = store.commit();
    assert!(matches!(write_day(&store, 4), Err(Error::OtherIndexKey { .. })));
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
    assert!(matches!(store.erase(&order, false), Err(Error::OtherIndexKey { .. })));
    assert_eq!(store.commit(), commit);
    // Where nothing of an index is there, what is looked for is made under the key that is here.
    drop(store);
    let bare = memory.after_power_cut(100);
    for path in bare.paths().iter().filter(|path| path.starts_with("index/")) {
        bare.remove(path).unwrap();
    }
    assert_eq!(found(&bare).unwrap(), stands);
    // No other index is made under a key that the batches contradict.
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let before = memory.paths();
    assert!(matches!(store.rebuild(), Err(Error::OtherIndexKey { .. })));
    assert_eq!(memory.paths(), before);
    drop(store);
    memory.put(INDEX, &own, true).unwrap();
    assert_eq!(found(&memory).unwrap(), stands);
    assert_eq!(report(&memory).faults, []);
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    store.rebuild().unwrap();
    write_day(&store, 4).unwrap();
}

#[test]
fn nothing_is_written_under_another_stores_index_key_where_no_index_tells() {
    let memory = days();
    let own = read(&memory, INDEX);
    // As a copy that was put back is.
    for path in memory.paths().iter().filter(|path| path.starts_with("index/")) {
        memory.remove(path).unwrap();
    }
    memory.put(INDEX, &read(&stranger(), INDEX), true).unwrap();
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let commit = store.commit();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
    for refused in [
        store.begin(None, None).map(drop),
        write_day(&store, 4),
        store.erase(&order, false).map(drop),
        store.rebuild(),
    ] {
        let Err(Error::OtherIndexKey { file }) = refused else { panic!("{refused:?}") };
        assert_eq!(file, "the keys_root of a batch in segments/00000001.seg");
    }
    // A run under it would pass for the right one from then on.
    assert!(store.write_indexes().is_err());
    assert!(memory.paths().iter().all(|path| !path.ends_with(".run")));
    assert_eq!(store.commit(), commit);
    drop(store);
    memory.put(INDEX, &own, true).unwrap();
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    write_day(&store, 4).unwrap();
    drop(store);
    assert_eq!(report(&memory).faults, []);
}

#[test]
fn nothing_is_written_under_another_stores_key_of_persons() {
    let memory = days();
    memory.put(ACTOR, &read(&stranger(), ACTOR), true).unwrap();
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let commit = store.commit();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
    for refused in [write_day(&store, 4), store.erase(&order, true).map(drop)] {
        assert!(matches!(refused, Err(Error::OtherActorKey { fitting: 0, .. })), "{refused:?}");
    }
    assert_eq!(store.commit(), commit);
    drop(store);
    let is_told = |note: &String| note.starts_with("keys/actor.key makes the key of 0 of the ");
    assert!(report(&memory).notes.iter().any(is_told));
    // Another program may have keyed them by what it did not seal; most of them decide.
    let despite = Options { despite_other_persons: true, ..sample::options() };
    write_day(&Store::open_on(shared(&memory), despite).unwrap(), 4).unwrap();
    assert!(report(&memory).notes.iter().any(is_told));
}

/// The store with seeds that lack what its records need, and these: none, another store's, and half of its own.
fn with_unfit_seeds(memory: &MemoryStorage) -> Vec<(MemoryStorage, Vec<u8>)> {
    let own = read(memory, SEEDS);
    let unfit = [own[..HEADER].to_vec(), read(&stranger(), SEEDS), own[..own.len() / 2].to_vec()];
    let beside = |seeds: Vec<u8>| {
        let disk = memory.after_power_cut(100);
        disk.put(SEEDS, &seeds, true).unwrap();
        (disk, seeds)
    };
    unfit.into_iter().map(beside).collect()
}

#[test]
fn nothing_is_written_beside_seeds_that_lack_what_records_need() {
    let memory = days();
    for (disk, seeds) in with_unfit_seeds(&memory) {
        let store = Store::open_on(shared(&disk), sample::options()).unwrap();
        let commit = store.commit();
        let refused = write_day(&store, 4).unwrap_err();
        assert!(matches!(refused, Error::SeedsMissing { .. }) && refused.is_damage(), "{refused}");
        assert!(refused.to_string().contains("LINEAL_DESPITE_MISSING_SEEDS=1"), "{refused}");
        assert_eq!(store.commit(), commit);
        drop(store);
        assert!(read(&disk, SEEDS) == seeds, "they stay as they are");
        // Where they are lost for ever somebody may go on.
        let despite = Options { despite_missing_seeds: true, ..sample::options() };
        write_day(&Store::open_on(shared(&disk), despite).unwrap(), 4).unwrap();
    }
    // Where none are here whoever needs one says so, and all else is written.
    let disk = memory.after_power_cut(100);
    disk.remove(SEEDS).unwrap();
    let store = Store::open_on(shared(&disk), sample::options()).unwrap();
    store.begin(None, None).map(drop).unwrap();
    assert!(matches!(write_day(&store, 4), Err(Error::NoKey { name: "seeds", .. })));
}

/// A store with one sealed value, of a thing that another store has too.
fn one_value(options: Options) -> MemoryStorage {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1bb"));
    let value = Value::text("bert");
    run.sealed.push(SealedField { field: "user".to_owned(), value, actor: None });
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&saying("s", "f", 300), run).unwrap();
    tx.commit().unwrap();
    memory
}

#[test]
fn seeds_of_another_store_are_known_where_they_are_of_the_same_things() {
    let memory = one_value(sample::options());
    memory.put(SEEDS, &read(&one_value(Options::default()), SEEDS), true).unwrap();
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let refused = store.begin(None, None).map(drop);
    let Err(Error::SeedsMissing { what, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(what, "the key of 1 sealed value");
}

/// What is answered, and what of the store that view found to be damaged.
fn asked(memory: &MemoryStorage) -> (usize, Option<String>) {
    let view = view(memory);
    let found = answers(&view).len();
    let damage = view.damage().inspect(|error| assert!(error.is_damage(), "{error}"));
    (found, damage.map(|error| error.to_string()))
}

#[test]
fn seeds_of_before_or_of_another_store_end_an_answer_that_needs_them() {
    let memory = days();
    let (whole, register) = (asked(&memory), read(&memory, REGISTER));
    assert_eq!(whole.1, None);
    let of_before = read(&memory, SEEDS)[..HEADER].to_vec();
    for seeds in [of_before, read(&stranger(), SEEDS)] {
        let disk = memory.after_power_cut(100);
        disk.put(SEEDS, &seeds, true).unwrap();
        let told = asked(&disk).1.unwrap();
        assert!(told.contains(SEEDS) && told.contains("nobody erased"), "{told}");
        assert!(!told.contains("anna"), "{told}");
    }
    // Who was given none is shown less, and not told of damage.
    let disk = memory.after_power_cut(100);
    disk.remove(SEEDS).unwrap();
    let (fewer, damage) = asked(&disk);
    assert!(fewer < whole.0 && damage.is_none(), "{damage:?}");
    // Nor is what was erased, also where its bytes came back without its key.
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".into());
    store.erase(&erasure_of(&store, vec![field]).unwrap(), false).unwrap();
    drop(store);
    assert_eq!(asked(&memory).1, None);
    memory.put(REGISTER, &register, true).unwrap();
    assert_eq!(asked(&memory).1, None);
}

#[test]
fn an_erasure_does_not_write_seeds_anew_that_lack_what_records_need() {
    let memory = days();
    let seeds = read(&memory, SEEDS);
    for (disk, unfit) in with_unfit_seeds(&memory) {
        let store = Store::open_on(shared(&disk), sample::options()).unwrap();
        let commit = store.commit();
        let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
        let order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
        for dry_run in [true, false] {
            let refused = store.erase(&order, dry_run).unwrap_err();
            assert!(matches!(refused, Error::SeedsMissing { .. }), "{refused}");
            assert!(refused.to_string().contains("--despite-missing-seeds"), "{refused}");
        }
        assert_eq!(store.commit(), commit);
        assert!(read(&disk, SEEDS) == unfit, "they stay as they are");
        // No file of keys takes them for whole either.
        assert!(matches!(store.backup(true), Err(Error::KeysUnfit { .. })));
    }
    // Who goes on without them says so, and what is missing is told as before.
    memory.put(SEEDS, &seeds[..HEADER], true).unwrap();
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let anna = Key::text(store.actor_key("anna@bank.example").unwrap());
    let field = Target::Field(node_id(Kind::Actor.name(), &anna), "email".into());
    let order = erasure_of(&store, vec![field]).unwrap();
    let done = store.erase_despite_missing_seeds(&order, false).unwrap();
    let decided = store.decisions().unwrap();
    let told = decided.iter().find(|one| Some(one.commit) == done.commit).unwrap();
    let begins = format!("{}; done while keys/seeds lacked the ", order.basis);
    assert!(told.basis.starts_with(&begins), "{}", told.basis);
    drop(store);
    assert!(report(&memory).faults.iter().any(|fault| fault.code == Code::BatchSeed));
    // A row of a batch whose seed is missing leaves no leaf: it is not taken, whatever is said.
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
    let refused = store.erase_despite_missing_seeds(&order, false).unwrap_err();
    assert!(refused.to_string().starts_with("keys/seeds is here and lacks the seed of a batch"));
}

#[test]
fn a_value_whose_key_is_lost_may_be_erased_itself_and_is_then_missed_no_more() {
    let memory = days();
    let before = read(&memory, SEEDS);
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let key = Key::text("4cf1bb");
    let mut run = NodeDraft::new(Kind::Run, key.clone());
    let (field, value) = ("user".to_owned(), Value::text("bert"));
    run.sealed.push(SealedField { field: field.clone(), value, actor: None });
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&saying("s", "f", 300), run).unwrap();
    tx.commit().unwrap();
    drop(store);
    memory.put(SEEDS, &before, true).unwrap();
    let lacks = |report: &Report| report.faults.iter().any(|f| f.code == Code::SeedsDamaged);
    assert!(lacks(&report(&memory)));

    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let events = erasure_of(&store, vec![Target::Events(events)]).unwrap();
    let Err(Error::SeedsMissing { what, .. }) = store.erase(&events, false) else { panic!() };
    assert_eq!(what, "the key of 1 sealed value");
    let lost = Target::Field(node_id(Kind::Run.name(), &key), field);
    let done = store.erase(&erasure_of(&store, vec![lost]).unwrap(), false).unwrap();
    assert_eq!(done.values, [("user".to_owned(), true)]);
    store.erase(&events, false).unwrap();
    drop(store);
    assert_eq!(report(&memory).faults, []);
    assert_eq!(asked(&memory).1, None);
}

#[test]
fn a_head_of_another_store_is_named_and_repaired_with_a_copy_and_without() {
    let memory = days();
    let (head, copy) = (read(&memory, "head"), memory.after_power_cut(100));
    for from in [None, Some(&copy)] {
        let disk = memory.after_power_cut(100);
        disk.put("head", &read(&stranger(), "head"), false).unwrap();
        let found: Vec<_> =
            report(&disk).faults.into_iter().map(|f| (f.code, f.file, f.at)).collect();
        assert_eq!(found, [(Code::HeadDamaged, "head".to_owned(), 16)]);
        let options = sample::options();
        let wanted = Wanted { from: from.map(shared), dry_run: false, options };
        let done = repair(&shared(&disk), &wanted, &mut |_| {}).unwrap();
        assert_eq!(done.left, [], "{done:?}");
        assert!(read(&disk, "head") == head);
    }
    // One file alone names no store.
    let disk = memory.after_power_cut(100);
    disk.put("head", &read(&stranger(), "head"), false).unwrap();
    disk.remove(REGISTER).unwrap();
    assert!(report(&disk).faults.iter().all(|fault| fault.code != Code::HeadDamaged));
}

#[test]
fn a_checkpoint_that_is_no_longer_kept_is_noted_while_its_tiles_are_there() {
    let memory = days();
    let store = Store::open_on(shared(&memory), sample::options()).unwrap();
    store.record_log(None, None).unwrap();
    let first = store.checkpoint().unwrap().checkpoint.size;
    write_day(&store, 3).unwrap();
    store.checkpoint().unwrap();
    store.write_indexes().unwrap();
    drop(store);
    let noted = |disk: &MemoryStorage| {
        let report = report(disk);
        assert_eq!(report.faults, []);
        report.notes.iter().any(|note| note.contains(&format!("checkpoints of {first} commits")))
    };
    assert!(!noted(&memory));
    memory.remove(&format!("checkpoints/{first:012}.note")).unwrap();
    assert!(noted(&memory));
}

#[test]
fn which_keys_are_missing_is_said() {
    let memory = days();
    assert_eq!(report(&memory).keys_missing, [] as [&str; 0]);
    memory.remove("keys/signing.key").unwrap();
    assert_eq!(report(&memory).keys_missing, [] as [&str; 0], "a signer may keep it elsewhere");
    memory.remove(INDEX).unwrap();
    memory.remove(SEEDS).unwrap();
    assert_eq!(report(&memory).keys_missing, [INDEX, SEEDS]);
}
