//! What vouches for a store is held to what it says of itself: time stamps to their signatures, keys to what was
//! recorded under them, signatures of witnesses to those that are served, and copies to their lists.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::mirror::{Folder, pull};
use lineal_engine::public_log::stamp_signer;
use lineal_engine::repair::{Wanted, repair};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Code, Depth, Report, What, verify, verify_knowing};
use lineal_engine::{CopyFault, Error, Options, Store, check_copy};
use lineal_proof::timestamp::request;
use lineal_proof::tlog::{NoteSignature, NoteSigner, SignatureKind};
use lineal_tests::place::fixture;
use lineal_tests::sample::{self, step, write_day};
use std::ops::ControlFlow;
use std::sync::Arc;

fn shared(memory: &MemoryStorage) -> Arc<dyn Storage> {
    Arc::new(memory.clone())
}

/// Small segments, so that some are closed.
fn options() -> Options {
    Options { segment_bytes_max: 20_000, ..sample::options() }
}

fn report(memory: &MemoryStorage) -> Report {
    verify(memory, Depth::Full, &mut |_| {}).unwrap()
}

fn faults(memory: &MemoryStorage) -> Vec<(Code, String)> {
    report(memory).faults.into_iter().map(|fault| (fault.code, fault.file)).collect()
}

fn read(memory: &MemoryStorage, path: &str) -> Vec<u8> {
    memory.read(path).unwrap().unwrap().to_vec()
}

fn first(memory: &MemoryStorage, folder: &str, end: &str) -> String {
    let mut paths = memory.paths().into_iter();
    paths.find(|path| path.starts_with(folder) && path.ends_with(end)).unwrap()
}

/// A store with a person, events, and a checkpoint that a witness signed; and its copy.
fn witnessed() -> (MemoryStorage, MemoryStorage) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(shared(&memory), options()).unwrap();
    step(&store, 1).unwrap();
    step(&store, 2).unwrap();
    store.record_log(None, None).unwrap();
    for day in 0..3 {
        write_day(&store, day).unwrap();
    }
    let made = store.checkpoint().unwrap();
    let witness = NoteSigner::new("w.example", SignatureKind::Cosignature, &[3; 32]).unwrap();
    let line = NoteSignature::cosign(made.note.text(), &witness, 1_700_000_000);
    store.add_cosignatures(made.checkpoint.size, vec![line]).unwrap();
    store.write_indexes().unwrap();
    let copy = MemoryStorage::new();
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    assert_eq!(report(&memory).faults, []);
    (memory, copy)
}

/// Another letter of base64 in the last line of a note, which is the witness's.
fn change_witness(memory: &MemoryStorage, path: &str) {
    memory.damage(path, |bytes| {
        let at = bytes.len() - 20;
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    });
}

#[test]
fn a_stamp_whose_signature_does_not_fit_is_a_fault_and_reaches_no_copy_and_no_mirror() {
    let vectors = fixture("vectors/rfc3161");
    let file = |name: &str| std::fs::read(vectors.join(name)).unwrap();
    let reply = file("reply.tsr");
    stamp_signer(&reply).unwrap();
    let changed = |from: &[u8], to: &[u8]| {
        let mut bytes = reply.clone();
        let at = bytes.windows(from.len()).position(|part| part == from).unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    // Another time, as the stamp itself says it.
    let refused = stamp_signer(&changed(b"20261122", b"20241122")).unwrap_err();
    assert!(!refused.is_untold(), "{refused}");

    let (memory, _) = witnessed();
    let store = Store::open_read_only_on(shared(&memory)).unwrap();
    let size = store.checkpoint_sizes().unwrap()[0];
    let text = store.kept_checkpoint(size).unwrap().note.note.text().to_owned();
    let digest = |text: &[u8]| request(text)[24..56].to_vec();
    let forged = changed(&digest(&file("text.txt")), &digest(text.as_bytes()));
    let path = store.add_timestamp(size, &forged).unwrap();
    let found = report(&memory);
    assert_eq!(faults(&memory), [(Code::TimestampDamaged, path.clone())]);
    assert!(found.timestamps.is_empty() && !found.is_sound());
    assert!(found.faults[0].rule.contains("signed attributes"), "{found:?}");

    let refused = store.backup(false).unwrap().write_on(&MemoryStorage::new(), &mut |_| {});
    assert!(matches!(&refused, Err(Error::Corrupt { file, .. }) if *file == path), "{refused:?}");
    let refused = pull(&MemoryStorage::new(), &Folder::of(store), None, &mut |_| {});
    assert!(matches!(&refused, Err(Error::Corrupt { file, .. }) if *file == path), "{refused:?}");
}

#[test]
fn a_key_of_another_store_is_told() {
    let (memory, _) = witnessed();
    let stranger = MemoryStorage::new();
    drop(Store::create_on(shared(&stranger), Options::default()).unwrap());
    for name in ["keys/signing.key", "keys/actor.key"] {
        let disk = memory.after_power_cut(100);
        disk.put(name, &read(&stranger, name), true).unwrap();
        let is_signing = name.contains("signing");
        let told = verify(&disk, Depth::Full, &mut |_| {}).unwrap();
        // Whom an actor's key is made of is seen of some alone: worth a note.
        assert_eq!(told.notes.iter().any(|note| note.contains(name)), !is_signing, "{told:?}");
        let fault = is_signing.then(|| (Code::KeyDamaged, name.to_owned()));
        assert_eq!(faults(&disk), fault.into_iter().collect::<Vec<_>>());
        // Nor does a file of keys take it for the store's.
        let store = Store::open_read_only_on(shared(&disk)).unwrap();
        let made = store.backup(true);
        assert_eq!(made.is_err(), is_signing, "{name}: of persons `verify` tells");
    }
    // A log that names no key was signed by none, and no person's name is there to be held to.
    let plain = MemoryStorage::new();
    let store = Store::create_on(shared(&plain), options()).unwrap();
    write_day(&store, 0).unwrap();
    drop(store);
    for name in ["keys/signing.key", "keys/actor.key"] {
        plain.put(name, &read(&stranger, name), true).unwrap();
    }
    assert_eq!(faults(&plain), []);
}

#[test]
fn keys_that_are_damaged_or_lost_do_not_take_the_place_of_good_ones() {
    let (memory, _) = witnessed();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("safe.keys");
    let write = |disk: &MemoryStorage, file: &std::path::Path| {
        let store = Store::open_read_only_on(shared(disk))?;
        let backup = store.backup(true)?;
        backup.keys().unwrap().write_file(file)
    };
    write(&memory, &file).unwrap();
    let good = std::fs::read(&file).unwrap();
    let flip = |path: &str, at: usize| {
        let disk = memory.after_power_cut(100);
        disk.damage(path, |bytes| bytes[at] ^= 1);
        disk
    };
    let gone = |paths: &[&str]| {
        let disk = memory.after_power_cut(100);
        paths.iter().for_each(|path| disk.remove(path).unwrap());
        disk
    };
    let cut = memory.after_power_cut(100);
    cut.damage("keys/seeds", |bytes| bytes.truncate(64 + 97));
    for (name, disk) in [
        ("the header of the seeds", flip("keys/seeds", 20)),
        ("a seed", flip("keys/seeds", 100)),
        ("another", flip("keys/seeds", 200)),
        ("seeds that were cut", cut),
        ("the seeds are gone", gone(&["keys/seeds"])),
        ("two keys are gone", gone(&["keys/signing.key", "keys/index.key"])),
        ("the signing key is gone", gone(&["keys/signing.key"])),
        ("the signing key", flip("keys/signing.key", 20)),
        ("the index key", flip("keys/index.key", 20)),
    ] {
        let refused = write(&disk, &file).unwrap_err();
        assert!(refused.is_damage(), "{name}: {refused}");
        assert!(refused.to_string().contains("keys/"), "{name}: {refused}");
        assert!(std::fs::read(&file).unwrap() == good, "{name}: the file stays as it is");
    }
    let stranger = MemoryStorage::new();
    drop(Store::create_on(shared(&stranger), Options::default()).unwrap());
    let disk = memory.after_power_cut(100);
    disk.put("keys/index.key", &read(&stranger, "keys/index.key"), true).unwrap();
    let refused = write(&disk, &file).unwrap_err();
    assert!(refused.to_string().contains("never changes"), "{refused}");
    // Where no file holds it the key that signs may be elsewhere.
    let store = Store::open_read_only_on(shared(&gone(&["keys/signing.key"]))).unwrap();
    let backup = store.backup(true).unwrap();
    let keys = backup.keys().unwrap();
    keys.write_file(&folder.path().join("others.keys")).unwrap();
    assert!(!keys.sign());
    write(&memory, &file).unwrap();
    assert!(std::fs::read(&file).unwrap() == good);
}

#[test]
fn a_copy_is_healed_where_its_list_says_that_it_is_damaged() {
    let (memory, copy) = witnessed();
    let store = Store::open_read_only_on(shared(&memory)).unwrap();
    let damaged = |disk: &MemoryStorage| -> Vec<String> {
        let found = check_copy(&shared(disk), Some(&store), None, &mut |_| {}).unwrap();
        assert!(found.faults.iter().all(|(_, fault, _)| *fault == CopyFault::Damaged));
        found.faults.into_iter().map(|(file, ..)| file).collect()
    };
    let container = first(&copy, "containers/", "");
    let (segment, note) =
        ("segments/00000001.seg".to_owned(), first(&copy, "checkpoints/", ".note"));
    assert!(copy.read("segments/00000002.seg").unwrap().is_some(), "the first one is closed");
    for path in [&container, &segment] {
        let disk = copy.after_power_cut(100);
        disk.damage(path, |bytes| bytes[900] ^= 1);
        assert_eq!(damaged(&disk), std::slice::from_ref(path));
        store.backup(false).unwrap().write_on(&disk, &mut |_| {}).unwrap();
        assert_eq!(damaged(&disk), std::slice::from_ref(path), "what is listed is believed");
        let done = store.backup(false).unwrap().healing().write_on(&disk, &mut |_| {}).unwrap();
        assert_eq!((done.written, damaged(&disk)), (1, vec![]), "{path}");
        assert!(read(&disk, path) == read(&copy, path));
    }
    // Of a checkpoint the copy may have what the store has not: that it is the copy's that is damaged is said.
    let disk = copy.after_power_cut(100);
    change_witness(&disk, &note);
    let refused = store.backup(false).unwrap().write_on(&disk, &mut |_| {}).unwrap_err();
    let Error::Corrupt { file, rule, .. } = &refused else { panic!("{refused}") };
    assert!(file.ends_with(&note) && *file != note && rule.contains("--heal"), "{refused}");
    store.backup(false).unwrap().healing().write_on(&disk, &mut |_| {}).unwrap();
    assert!(damaged(&disk).is_empty() && read(&disk, &note) == read(&copy, &note));
}

#[test]
fn a_changed_signature_of_a_witness_is_told_and_the_good_one_is_not_overwritten() {
    let (memory, copy) = witnessed();
    let note = first(&memory, "checkpoints/", ".note");
    let served = "tiles/checkpoint".to_owned();
    for changed in [&note, &served] {
        let disk = memory.after_power_cut(100);
        change_witness(&disk, changed);
        let (kept, other) = (read(&disk, &note), read(&disk, &served));
        assert_eq!(faults(&disk), [(Code::CheckpointDiffers, note.clone())], "{changed}");
        assert!(!report(&disk).is_sound());
        let store = Store::open_on(shared(&disk), options()).unwrap();
        assert!(store.rebuild().unwrap_err().is_damage(), "{changed}");
        assert!(store.checkpoint().unwrap_err().is_damage(), "{changed}");
        drop(store);
        assert!(read(&disk, &note) == kept && read(&disk, &served) == other, "{changed}");
        let wanted = Wanted { from: Some(shared(&copy)), dry_run: false, options: options() };
        let done = repair(&shared(&disk), &wanted, &mut |_| {}).unwrap();
        assert_eq!(done.left, [], "{changed}: {done:?}");
        assert!(read(&disk, &note) == read(&memory, &note), "{changed}");
        assert!(read(&disk, &served) == read(&memory, &served), "{changed}");
    }
}

/// The path of a witness's key file.
const WITNESSES: &str = "checkpoints/witnesses";

/// Another letter of base64 in the signature line of a key.
fn change_line(memory: &MemoryStorage, path: &str, name: &str) {
    let begin = format!("— {name} ").into_bytes();
    memory.damage(path, |bytes| {
        let at = bytes.windows(begin.len()).rposition(|part| part == begin).unwrap();
        let letter = &mut bytes[at + begin.len() + 30];
        *letter = if *letter == b'A' { b'B' } else { b'A' };
    });
}

#[test]
fn each_signature_below_each_checkpoint_is_checked_where_its_key_is_known() {
    let (memory, _) = witnessed();
    let note = first(&memory, "checkpoints/", ".note");
    let store = Store::open_on(shared(&memory), options()).unwrap();
    let size = store.checkpoint_sizes().unwrap()[0];
    let signer = |name: &str, secret: u8| {
        NoteSigner::new(name, SignatureKind::Cosignature, &[secret; 32]).unwrap()
    };
    let key = signer("w.example", 3).verifier().clone();
    let log = store.log_identity().unwrap().unwrap();
    assert!(store.add_witness(log.signing()).is_err(), "that is the key of a log");
    // Two checkpoints more, the first of them signed by two keys of the log.
    store.rotate_log_key(false, None, None).unwrap();
    write_day(&store, 3).unwrap();
    let last = store.checkpoint().unwrap().checkpoint.size;
    let rotated = store.checkpoint_sizes().unwrap()[1];
    let rotated_note = note.replace(&format!("{size:012}"), &format!("{rotated:012}"));
    store.write_indexes().unwrap();
    assert!(size < rotated && rotated < last);

    // Nobody knows the witness's key here: that is said once, and it is checked where it is told.
    let changed = memory.after_power_cut(100);
    change_line(&changed, &note, "w.example");
    let found = report(&changed);
    let unknown = |report: &Report| {
        let told = report.notes.iter().filter(|note| note.contains("no key is recorded for it"));
        told.cloned().collect::<Vec<_>>()
    };
    assert!(found.is_sound() && unknown(&found).len() == 1, "{found:?}");
    assert!(unknown(&found)[0].contains("1 signature of w.example"), "{found:?}");
    let knowing = |disk: &MemoryStorage| {
        let keys = std::slice::from_ref(&key);
        let go_on = &mut |_| ControlFlow::Continue(());
        verify_knowing(&shared(disk), &What::default(), keys, go_on).unwrap()
    };
    let of_signature = |report: &Report, path: &str, name: &str| {
        let [fault] = &report.faults[..] else { panic!("{report:?}") };
        assert_eq!((fault.code, fault.file.as_str()), (Code::CheckpointSignature, path));
        assert!(fault.rule.contains(name) && fault.at > 0 && !fault.derived, "{fault}");
        assert!(!report.is_sound() && unknown(report).is_empty(), "{report:?}");
    };
    of_signature(&knowing(&changed), &note, "w.example");
    assert!(knowing(&memory).faults.is_empty() && unknown(&knowing(&memory)).is_empty());

    // Its key is kept: each later `verify` knows it.
    store.add_witness(&key).unwrap();
    store.add_witness(&key).unwrap();
    assert_eq!(read(&memory, WITNESSES), format!("{key}\n").into_bytes());
    let copy = MemoryStorage::new();
    store.backup(false).unwrap().write_on(&copy, &mut |_| {}).unwrap();
    assert_eq!(read(&copy, WITNESSES), read(&memory, WITNESSES));
    // Behind the copy another one signs that checkpoint too.
    let other = signer("other.example", 4);
    let text = store.kept_checkpoint(size).unwrap().note.note.text().to_owned();
    store.add_witness(other.verifier()).unwrap();
    store
        .add_cosignatures(size, vec![NoteSignature::cosign(&text, &other, 1_800_000_000)])
        .unwrap();
    drop(store);
    let sound = report(&memory);
    assert!(sound.faults.is_empty() && unknown(&sound).is_empty(), "{sound:?}");
    for (path, name) in
        [(&note, "w.example"), (&note, "other.example"), (&rotated_note, log.origin.as_str())]
    {
        let disk = memory.after_power_cut(100);
        change_line(&disk, path, name);
        of_signature(&report(&disk), path, name);
        // The copy's line comes back, and what was signed since stays.
        let wanted = Wanted { from: Some(shared(&copy)), dry_run: false, options: options() };
        let done = repair(&shared(&disk), &wanted, &mut |_| {}).unwrap();
        let is_of_copy = name != "other.example";
        assert_eq!(done.left.is_empty(), is_of_copy, "{name}: {done:?}");
        assert_eq!(read(&disk, path) == read(&memory, path), is_of_copy, "{name}");
    }
    // A key that was changed is none, or nobody's who signed.
    for at in 0..read(&memory, WITNESSES).len() {
        let disk = memory.after_power_cut(100);
        disk.damage(WITNESSES, |bytes| bytes[at] ^= 1);
        let told = report(&disk).faults;
        let is_told = told
            .iter()
            .any(|fault| (fault.code, fault.file.as_str()) == (Code::CheckpointDamaged, WITNESSES));
        assert!(is_told, "byte {at}: {told:?}");
    }
}
