//! The public log of a store that grows, is damaged, changes its key, and is put back from an old copy.

use super::*;
use crate::keys::LabelledSecrets;
use crate::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use crate::store::Options;
use crate::verify::{Code, Depth, verify};
use lineal_proof::Value;
use lineal_proof::tlog::{EntryBundle, NoteSigner, SignatureKind, tiles_between};
use std::sync::Arc;

fn options() -> Options {
    let secrets = Arc::new(LabelledSecrets);
    // Small segments: the entries are found over several.
    Options { store_id: Some([7; 16]), segment_bytes_max: 8 << 10, secrets, ..Options::default() }
}

fn create(memory: &MemoryStorage) -> Store {
    Store::create_on(Arc::new(memory.clone()), options()).unwrap()
}

fn grow(store: &Store, commits: u64, what: &str) {
    for number in 0..commits {
        let mut transaction = store.begin(None, None).unwrap();
        transaction.add_setting("note", Value::text(format!("{what} {number}")));
        transaction.commit().unwrap();
    }
}

fn remove(memory: &MemoryStorage, folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut removed = Vec::new();
    for path in memory.paths().into_iter().filter(|path| path.starts_with(folder)) {
        removed.push((path.clone(), memory.read(&path).unwrap().unwrap().to_vec()));
        memory.remove(&path).unwrap();
    }
    removed
}

#[test]
fn a_growing_store_signs_trees_that_begin_with_one_another() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    assert!(matches!(store.checkpoint(), Err(Error::NoLog)));
    grow(&store, 4, "before");
    let identity = store.record_log(None, None).unwrap();
    assert_eq!(identity.origin, format!("lineal/{}", "07".repeat(16)));
    for more in [0, 1, 250, 1, 300] {
        grow(&store, more, "then");
        let made = store.checkpoint().unwrap();
        assert_eq!(made.checkpoint.size, store.commit());
        made.verify(identity.signing()).unwrap();
        assert_eq!(store.checkpoint().unwrap(), made, "the same tree, the same note");
    }
    let sizes = store.checkpoint_sizes().unwrap();
    assert_eq!(sizes, [5, 6, 256, 257, 557]);
    for (at, earlier) in sizes.iter().enumerate() {
        let old = store.kept_checkpoint(*earlier).unwrap().note;
        for size in &sizes[at..] {
            let proof = store.consistency(*earlier, *size).unwrap();
            store.kept_checkpoint(*size).unwrap().note.follows(&old, &proof).unwrap();
        }
    }
    for number in [1, 5, 6, 256, 257, 557] {
        let proof = store.log_proof(number, 557).unwrap();
        let entry = store.commit_payload(number).unwrap();
        proof.verify(&entry, identity.signing()).unwrap();
        assert!(proof.verify(&store.commit_payload(2).unwrap(), identity.signing()).is_err());
    }
    assert!(matches!(store.log_proof(7, 6), Err(Error::Proof(_))));
    assert!(matches!(store.consistency(6, 7), Err(Error::NoCheckpoint { size: 7 })));
}

#[test]
fn a_document_is_signed_with_the_key_of_the_log_and_never_what_could_be_a_checkpoint() {
    let store = create(&MemoryStorage::new());
    assert!(matches!(store.sign_document(b"{}"), Err(Error::NoLog)));
    let identity = store.record_log(None, None).unwrap();
    let (key, signature) = store.sign_document(b"{}").unwrap();
    assert_eq!(&key, identity.signing());
    assert!(key.verifies(b"{}", &signature));
    assert!(!key.verifies(b"{ }", &signature));
    let checkpoint = store.checkpoint().unwrap();
    let cosigned = format!("cosignature/v1\ntime 1\n{}", checkpoint.note.text());
    for refused in [checkpoint.note.text(), &cosigned] {
        let signed = store.sign_document(refused.as_bytes());
        assert!(matches!(signed, Err(Error::NotSigned)), "{refused}");
    }
}

#[test]
fn a_hold_stands_from_its_commit_to_that_of_its_release() {
    use crate::HoldScope;
    let store = create(&MemoryStorage::new());
    let held = store.hold("case 4", &HoldScope::Store, "an inquiry", None).unwrap();
    let over = store.release("case 4", "it is closed", None).unwrap();
    let names = |commit| store.holds_at(commit).unwrap().len();
    assert_eq!((names(held - 1), names(held), names(over - 1), names(over)), (0, 1, 1, 0));
    assert!(store.holds().unwrap().is_empty());
}

#[test]
fn tiles_hold_the_tree_and_its_entries_and_are_made_again_when_they_are_gone() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    store.record_log(Some("log.example/one"), None).unwrap();
    grow(&store, 299, "one");
    let first = store.checkpoint().unwrap();
    grow(&store, 300, "two");
    let second = store.checkpoint().unwrap();
    assert_eq!((first.checkpoint.size, second.checkpoint.size), (300, 600));
    for tile in tiles_between(0, 600).iter().filter(|tile| tile.level == 0) {
        let hashes = tile.hashes(&store.log_file(&tile.path()).unwrap().unwrap()).unwrap();
        let bundle = store.log_file(&tile.entries_path()).unwrap().unwrap();
        let entries = EntryBundle::entries(&bundle).unwrap();
        let leaves: Vec<_> = entries.iter().map(|entry| TreeHash::leaf(entry)).collect();
        assert_eq!(leaves, hashes, "{}", tile.path());
    }
    assert!(store.log_file("tile/../../head").unwrap().is_none());
    assert!(store.log_file("tile/0/000/../../../checkpoint").unwrap().is_none());

    let kept = memory.read("tiles/checkpoint").unwrap().unwrap().to_vec();
    assert_eq!(kept, second.to_string().as_bytes());
    let proof = store.consistency(300, 600).unwrap();
    // Whoever damages a tile changes no proof: it is made from the commits.
    let mut tile = memory.read("tiles/tile/0/001").unwrap().unwrap().to_vec();
    tile[40] ^= 1;
    memory.put("tiles/tile/0/001", &tile, false).unwrap();
    assert_eq!(store.consistency(300, 600).unwrap(), proof);
    grow(&store, 1, "three");
    let removed = remove(&memory, "tiles/");
    assert_eq!(store.consistency(300, 600).unwrap(), proof);
    store.checkpoint().unwrap();
    for tile in tiles_between(0, 601) {
        let path = format!("tiles/{}", tile.path());
        let made = memory.read(&path).unwrap().unwrap_or_else(|| panic!("{path} is made"));
        if let Some((_, before)) = removed.iter().find(|(removed, _)| *removed == path)
            && path != "tiles/tile/0/001"
        {
            assert_eq!(&made[..], &before[..], "{path}");
        }
    }
}

fn codes(memory: &MemoryStorage) -> Vec<(Code, String)> {
    let report = verify(memory, Depth::Full, &mut |_| {}).unwrap();
    report.faults.into_iter().map(|fault| (fault.code, fault.file)).collect()
}

#[test]
fn verify_holds_checkpoints_and_tiles_to_the_commits_and_rebuild_makes_the_tiles_of_all_anew() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    store.record_log(None, None).unwrap();
    for more in [299, 300] {
        grow(&store, more, "on");
        store.checkpoint().unwrap();
    }
    store.add_timestamp(600, b"no answer").unwrap();
    let stamp = (Code::TimestampDamaged, "checkpoints/000000000600.000.tsr".to_owned());
    assert_eq!(codes(&memory), std::slice::from_ref(&stamp));
    assert_eq!(verify(&memory, Depth::Fast, &mut |_| {}).unwrap().checkpoints, 2);
    memory.remove(&stamp.1).unwrap();

    let paths = || memory.paths().into_iter().filter(|path| path.starts_with("tiles/"));
    let whole: Vec<_> =
        paths().map(|path| (path.clone(), memory.read(&path).unwrap().unwrap().to_vec())).collect();
    let mut tile = memory.read("tiles/tile/0/001").unwrap().unwrap().to_vec();
    tile[40] ^= 1;
    memory.put("tiles/tile/0/001", &tile, false).unwrap();
    assert_eq!(codes(&memory), [(Code::DerivedDiffers, "tiles/tile/0/001".to_owned())]);
    let newest = memory.read("tiles/checkpoint").unwrap().unwrap().to_vec();
    remove(&memory, "tiles/");
    store.rebuild().unwrap();
    memory.put("tiles/checkpoint", &newest, false).unwrap();
    for (path, bytes) in whole {
        assert_eq!(memory.read(&path).unwrap().as_deref(), Some(&bytes[..]), "{path}");
    }

    let path = "checkpoints/000000000300.note";
    let note = memory.read(path).unwrap().unwrap().to_vec();
    let other = memory.read("checkpoints/000000000600.note").unwrap().unwrap().to_vec();
    let mut checkpoint = SignedCheckpoint::parse(&note).unwrap().checkpoint;
    let changed = |checkpoint: &lineal_proof::tlog::Checkpoint, secret| {
        let signer = NoteSigner::new(&checkpoint.origin, SignatureKind::Ed25519, secret).unwrap();
        let note = checkpoint.sign(&signer).unwrap().to_string();
        memory.put(path, note.as_bytes(), false).unwrap();
        codes(&memory)
    };
    let fault = |code| [(code, path.to_owned())];
    assert_eq!(changed(&checkpoint, &[9; 32]), fault(Code::CheckpointSignature));
    checkpoint.root = TreeHash::empty();
    assert_eq!(changed(&checkpoint, &[9; 32]), fault(Code::CheckpointRoot));
    memory.put(path, &other, false).unwrap();
    assert_eq!(codes(&memory), fault(Code::CheckpointDamaged));
    memory.put(path, &note, false).unwrap();
    assert_eq!(codes(&memory), []);
}

#[test]
fn a_copy_holds_the_checkpoints_of_its_commits() {
    let folder = tempfile::tempdir().unwrap();
    let store = create(&MemoryStorage::new());
    store.record_log(None, None).unwrap();
    let made = store.checkpoint().unwrap();
    let backup = store.backup(true).unwrap();
    backup.write_to(folder.path(), &mut |_| {}).unwrap();
    backup.keys().unwrap().restore(&crate::storage::FileStorage::new(folder.path())).unwrap();
    let copy = Store::open(folder.path(), options()).unwrap();
    assert_eq!(copy.kept_checkpoint(1).unwrap().note, made);
    // Its tiles are made from the commits.
    grow(&copy, 1, "then");
    copy.checkpoint().unwrap().follows(&made, &copy.consistency(1, 2).unwrap()).unwrap();
}

#[test]
fn a_store_that_was_put_back_and_continued_signs_nothing_that_contradicts() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    store.record_log(None, None).unwrap();
    grow(&store, 3, "one");
    store.checkpoint().unwrap();
    drop(store);
    let old: Vec<_> = memory
        .paths()
        .into_iter()
        .filter(|path| !path.starts_with("checkpoints/") && !path.starts_with("tiles/"))
        .map(|path| (path.clone(), memory.read(&path).unwrap().unwrap().to_vec()))
        .collect();
    let store = Store::open_on(Arc::new(memory.clone()), options()).unwrap();
    grow(&store, 3, "two");
    store.checkpoint().unwrap();
    drop(store);
    // The old files come back, the checkpoints stay; shorter first, then continued otherwise.
    remove(&memory, "index/");
    for (path, bytes) in old {
        memory.put(&path, &bytes, false).unwrap();
    }
    let store = Store::open_on(Arc::new(memory.clone()), options()).unwrap();
    assert!(matches!(store.checkpoint(), Err(Error::Rewritten { size: 7, commits: 4 })));
    grow(&store, 5, "otherwise");
    let refused = store.checkpoint().unwrap_err();
    assert!(matches!(refused, Error::Rewritten { size: 7, commits: 9 }), "{refused}");
    assert!(refused.is_damage());
    assert_eq!(store.checkpoint_sizes().unwrap(), [4, 7]);
    // What was signed stays provable; what stands in its place now is not.
    assert!(store.consistency(4, 7).is_ok());
    assert!(store.log_proof(4, 7).is_ok());
    assert!(matches!(store.log_proof(5, 7), Err(Error::Rewritten { .. })));
}

#[test]
fn a_key_is_replaced_in_the_log_and_both_sign_the_change() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    let first = store.record_log(None, None).unwrap().signing().clone();
    let changed = store.rotate_log_key(false, Some("yearly"), None).unwrap();
    let identity = store.log_identity().unwrap().unwrap();
    let second = identity.signing().clone();
    assert_ne!(first, second);
    changed.verify(&first).unwrap();
    changed.verify(&second).unwrap();
    let states: Vec<_> = identity.keys.iter().map(|key| (key.state, key.reason.clone())).collect();
    let yearly = Some("yearly".to_owned());
    assert_eq!(states, [(KeyState::Replaced, yearly), (KeyState::Signs, None)]);
    grow(&store, 1, "then");
    let later = store.checkpoint().unwrap();
    assert!(later.verify(&first).is_err());
    later.verify(&second).unwrap();

    let stolen = store.rotate_log_key(true, Some("laptop lost"), None).unwrap();
    let identity = store.log_identity().unwrap().unwrap();
    assert!(stolen.verify(&second).is_err(), "what may be in other hands signs nothing more");
    stolen.verify(identity.signing()).unwrap();
    let worths: Vec<_> = identity.keys.iter().map(|key| key.worth(1)).collect();
    assert_eq!(worths, [Worth::Replaced, Worth::Revoked, Worth::Signs]);

    // A retraction takes nothing of it back, and another secret signs nothing.
    let other = NoteSigner::new(&identity.origin, SignatureKind::Ed25519, &[9; 32]).unwrap();
    assert_ne!(other.verifier(), identity.signing());
    memory.remove("keys/signing.key").unwrap();
    assert!(matches!(store.checkpoint(), Err(Error::NoKey { .. })));
    let spare = create(&MemoryStorage::new());
    let bytes = spare.storage().read("keys/signing.key").unwrap().unwrap();
    memory.put("keys/signing.key", &bytes, true).unwrap();
    assert!(matches!(store.checkpoint(), Err(Error::OtherKey { .. })));
}

#[test]
fn a_key_that_was_replaced_signs_no_checkpoint_from_there_on() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    let origin = store.record_log(None, None).unwrap().origin;
    let secret = crate::keys::signing_key(&memory).unwrap().unwrap();
    let former = NoteSigner::new(&origin, SignatureKind::Ed25519, &secret).unwrap();
    let before = store.checkpoint().unwrap();
    let changed = store.rotate_log_key(false, None, None).unwrap();
    grow(&store, 2, "then");
    let later = store.checkpoint().unwrap();
    // What is said of a key later does not change since when.
    store.rotate_log_key(false, None, None).unwrap();
    let identity = store.log_identity().unwrap().unwrap();
    assert_eq!((before.checkpoint.size, identity.keys[0].until), (1, Some(2)));
    let worth = |note: &SignedCheckpoint| identity.signer_of(note).map(|(_, worth)| worth);
    for note in [&before, &changed, &later] {
        assert_eq!(worth(note), Some(Worth::Replaced));
    }
    let reports = |note: &SignedCheckpoint, path: &str| {
        let kept = memory.read(path).unwrap().unwrap().to_vec();
        memory.put(path, note.to_string().as_bytes(), false).unwrap();
        let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
        memory.put(path, &kept, false).unwrap();
        report
    };
    for (note, path) in
        [(changed, "checkpoints/000000000002.note"), (later, "checkpoints/000000000004.note")]
    {
        let alone = note.checkpoint.sign(&former).unwrap();
        assert_eq!(worth(&alone), Some(Worth::Late), "{path}");
        let report = reports(&alone, path);
        let [fault] = &report.faults[..] else { panic!("{report:?}") };
        assert_eq!((fault.code, fault.file.as_str()), (Code::CheckpointSignature, path));
        assert!(fault.rule.contains("commit 2 had replaced"), "{}", fault.rule);
        assert_eq!(report.checkpoints, 3, "{path}");
    }
    assert_eq!(codes(&memory), []);
}

#[test]
fn a_crash_while_the_key_is_replaced_leaves_a_key_that_signs() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    store.record_log(None, None).unwrap();
    let old = memory.read("keys/signing.key").unwrap().unwrap().to_vec();
    store.rotate_log_key(false, None, None).unwrap();
    // As if it had crashed behind the record, before the file was moved.
    memory.rename("keys/signing.key", "keys/signing-next.key").unwrap();
    memory.put("keys/signing.key", &old, true).unwrap();
    grow(&store, 1, "then");
    let identity = store.log_identity().unwrap().unwrap();
    store.checkpoint().unwrap().verify(identity.signing()).unwrap();
    assert!(memory.read("keys/signing-next.key").unwrap().is_none());
}

#[test]
fn what_witnesses_and_authorities_said_stays_with_the_checkpoint() {
    let memory = MemoryStorage::new();
    let store = create(&memory);
    store.record_log(None, None).unwrap();
    let made = store.checkpoint().unwrap();
    let witness = NoteSigner::new("w.example", SignatureKind::Cosignature, &[3; 32]).unwrap();
    let line = NoteSignature::cosign(made.note.text(), &witness, 1_700_000_000);
    store.add_cosignatures(1, vec![line]).unwrap();
    let again = store.checkpoint().unwrap();
    assert_eq!(again.note.verify(witness.verifier()).unwrap(), Some(1_700_000_000));
    let published = memory.read("tiles/checkpoint").unwrap().unwrap();
    assert_eq!(again.to_string().as_bytes(), &published[..]);
    assert_eq!(store.add_timestamp(1, b"one").unwrap(), "checkpoints/000000000001.000.tsr");
    assert_eq!(store.add_timestamp(1, b"two").unwrap(), "checkpoints/000000000001.001.tsr");
    assert_eq!(store.add_timestamp(1, b"one").unwrap(), "checkpoints/000000000001.000.tsr");
    assert_eq!(store.kept_checkpoint(1).unwrap().timestamps.len(), 2);
    assert!(matches!(store.add_timestamp(2, b"one"), Err(Error::NoCheckpoint { size: 2 })));
}

#[test]
fn signatures_and_stamps_that_come_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, options()).unwrap();
    store.record_log(None, None).unwrap();
    let made = store.checkpoint().unwrap();
    const WITNESSES: u8 = 24;
    std::thread::scope(|scope| {
        for number in 0..WITNESSES {
            let (path, text) = (&path, made.note.text());
            scope.spawn(move || {
                // Each as a process of its own would: a store that it opened itself.
                let store = Store::open_read_only(path).unwrap();
                let name = format!("w{number}.example");
                let key = [number + 1; 32];
                let witness = NoteSigner::new(&name, SignatureKind::Cosignature, &key).unwrap();
                let line = NoteSignature::cosign(text, &witness, 1_700_000_000);
                store.add_cosignatures(1, vec![line]).unwrap();
                store.add_timestamp(1, name.as_bytes()).unwrap();
            });
        }
    });
    let kept = store.kept_checkpoint(1).unwrap();
    assert_eq!(kept.note.note.signatures().len(), usize::from(WITNESSES) + 1);
    assert_eq!(kept.timestamps.len(), usize::from(WITNESSES));
    let published = std::fs::read_to_string(path.join("tiles/checkpoint")).unwrap();
    assert_eq!(published, kept.note.to_string());
}

/// Signs, changes the key and signs again, until something fails; gives what was acknowledged.
fn signed_on(storage: Arc<dyn Storage>) -> Vec<SignedCheckpoint> {
    let mut signed = Vec::new();
    let Ok(store) = Store::open_on(storage, options()) else { return signed };
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_setting("note", Value::text("one more"));
    if transaction.commit().is_err() {
        return signed;
    }
    let steps: [fn(&Store) -> Result<SignedCheckpoint>; 3] =
        [Store::checkpoint, |store| store.rotate_log_key(false, None, None), Store::checkpoint];
    for step in steps {
        match step(&store) {
            Ok(made) => signed.push(made),
            Err(_) => break,
        }
    }
    signed
}

#[test]
fn a_crash_at_any_write_of_a_checkpoint_or_a_change_of_the_key_leaves_a_log_that_goes_on() {
    let before = MemoryStorage::new();
    let store = create(&before);
    store.record_log(None, None).unwrap();
    grow(&store, 250, "before");
    let first = store.checkpoint().unwrap();
    grow(&store, 4, "before");
    drop(store);
    let faulty = Arc::new(FaultyStorage::new(before.after_power_cut(100), Plan::Never));
    assert_eq!(signed_on(faulty.clone()).len(), 3);
    assert!(faulty.calls() > 12, "{} calls", faulty.calls());
    for plan in [Plan::CrashAt, Plan::FailSyncAt, Plan::FullAt] {
        for at in 0..faulty.calls() {
            let memory = before.after_power_cut(100);
            let signed = signed_on(Arc::new(FaultyStorage::new(memory.clone(), plan(at))));
            for kept in [0, 50, 100] {
                let told = format!("{:?}, {kept} % of the unsynced bytes kept", plan(at));
                let left = memory.after_power_cut(kept);
                let store = Store::open_on(Arc::new(left.clone()), options()).unwrap();
                let next = store.checkpoint().unwrap_or_else(|error| panic!("{told}: {error}"));
                let sizes = store.checkpoint_sizes().unwrap();
                for earlier in signed.iter().chain([&first]) {
                    assert!(sizes.contains(&earlier.checkpoint.size), "{told}: one was lost");
                    let size = next.checkpoint.size;
                    let proof = store.consistency(earlier.checkpoint.size, size).unwrap();
                    next.follows(earlier, &proof).unwrap();
                }
                next.verify(store.log_identity().unwrap().unwrap().signing()).unwrap();
                assert_eq!(codes(&left), [], "{told}");
            }
        }
    }
}
