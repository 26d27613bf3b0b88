//! What was never recorded can be shown to be so from a store, and nothing that was recorded can.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{Error, NodeDraft, Options, Store};
use lineal_proof::absence::{MapName, Presence, Target, check_map};
use lineal_proof::frame::{self, MAGIC_SEGMENT, RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Commit, Record, Reference, Revision, Setting};
use lineal_proof::{Cid, Hash, Key, KeyPart, Value, merkle};
use lineal_tests::sample::{batch, batch_key, deployment, finish, options, saying, texts};
use sha2::{Digest, Sha256};
use std::sync::Arc;

fn written() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    finish(&store).unwrap();
    (memory, store)
}

/// Each frame of the only segment, with its offset.
fn frames(memory: &MemoryStorage) -> Vec<(RecordType, Hash, Vec<u8>)> {
    let bytes = memory.read("segments/00000001.seg").unwrap().unwrap();
    let (mut frames, mut at) = (Vec::new(), SEGMENT_HEADER);
    while at < bytes.len() {
        let frame = frame::read(&bytes[at..]).unwrap();
        frames.push((frame.record_type, frame.id, frame.payload.to_vec()));
        at += frame.length;
    }
    frames
}

#[test]
fn every_record_stands_under_its_names_and_nothing_under_others() {
    let (memory, store) = written();
    let mut revisions = 0;
    for (record_type, id, payload) in frames(&memory) {
        if record_type != RecordType::Revision {
            continue;
        }
        let revision = Revision::decode(&payload).unwrap();
        let mut names = vec![MapName::node(&revision.kind, &revision.key)];
        names.push(MapName::kind(&revision.kind));
        names.extend(revision.edges.iter().flat_map(|edge| {
            Target { kind: &edge.kind, key: &edge.key }.names(&edge.relation, &[])
        }));
        let proof = store.prove_in_map(&names, None).unwrap();
        assert_eq!(proof.commit, store.commit());
        let found = check_map(&proof.map_root, &names, &proof.opening).unwrap();
        assert_eq!(found, proof.found);
        let is_there = |found: &Vec<[u8; 16]>| found.iter().any(|value| id.0[..16] == *value);
        assert!(is_there(&found[0]) && is_there(&found[1]));
        let estimate = store.estimate_in_map(&names, None).unwrap();
        assert!(estimate >= proof.size / 2 && estimate <= proof.size * 2, "{estimate}");
        revisions += 1;
    }
    assert!(revisions > 5);
    let absent = texts(&["prod", "never-heard-of", "1"]);
    let target = Target { kind: "model", key: &absent };
    let names = target.names("approves", &[]);
    let proof = store.prove_in_map(&names, None).unwrap();
    assert!(proof.found.iter().all(Vec::is_empty), "never recorded: {:?}", proof.found);
    let node = MapName::node("dataset", &texts(&["x", "y", "z", "w"]));
    assert_eq!(store.prove_in_map(&[node], None).unwrap().found, [Vec::<[u8; 16]>::new()]);
}

#[test]
fn what_is_absent_as_of_a_commit_may_come_later_and_the_old_proof_stays_one() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory), options()).unwrap();
    let say = |key: &str| {
        let mut transaction = store.begin(None, None).unwrap();
        let mut approval = NodeDraft::new(Kind::Approval, texts(&["s", key, "a", "d"]));
        approval.link(Relation::Approves, Kind::Model, texts(&["prod", "risk", key]));
        transaction.add_node(&saying("s", "f", 1), approval).unwrap();
        transaction.commit().unwrap().number
    };
    let key = texts(&["prod", "risk", "2"]);
    let names = Target { kind: "model", key: &key }.names("approves", &[]);
    let before = say("1");
    let early = store.prove_in_map(&names, None).unwrap();
    let after = say("2");
    let late = store.prove_in_map(&names, None).unwrap();
    assert_eq!((early.commit, late.commit), (before, after));
    assert_eq!(early.found.iter().map(Vec::len).sum::<usize>(), 0);
    assert_eq!(late.found.iter().map(Vec::len).sum::<usize>(), 1);
    assert_eq!(store.prove_in_map(&names, Some(before)).unwrap(), early);
    assert!(check_map(&late.map_root, &names, &early.opening).is_err(), "of another commit");
    assert!(matches!(store.prove_in_map(&names, Some(after + 1)), Err(Error::NoCommit { .. })));
}

#[test]
fn an_alias_is_found_among_the_references_and_leads_to_its_claims() {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), options()).unwrap();
    let mut transaction = store.begin(None, None).unwrap();
    let family = Key::new(vec!["prod".into(), "risk".into(), KeyPart::Null]);
    transaction.add_reference(Kind::Model, "scorer", Some(family.clone()));
    let mut deployed = NodeDraft::new(Kind::Deployment, deployment());
    let claim = Key::new(vec![KeyPart::Null, "scorer".into(), "3".into()]);
    deployed.link(Relation::Deploys, Kind::Model, claim);
    transaction.add_node(&saying("s", "f", 1), deployed).unwrap();
    transaction.commit().unwrap();
    let reference = Reference { name: "scorer".into(), kind: "model".into(), key: Some(family) };
    let found = store.prove_in_map(&[MapName::references("model")], None).unwrap().found;
    assert_eq!(found, [vec![*Hash::of(&reference.encode()).0.first_chunk().unwrap()]]);
    let key = texts(&["prod", "risk", "3"]);
    let target = Target { kind: "model", key: &key };
    let count = |references: &[Reference]| -> usize {
        let names = target.names("deploys", references);
        store.prove_in_map(&names, None).unwrap().found.iter().map(Vec::len).sum()
    };
    assert_eq!((count(&[]), count(&[reference])), (0, 1));
}

/// The revisions of batches in a store's log.
fn batches(memory: &MemoryStorage) -> Vec<Hash> {
    let all = frames(memory).into_iter().filter(|(record_type, _, payload)| {
        *record_type == RecordType::Revision && Revision::decode(payload).unwrap().kind == "batch"
    });
    all.map(|(_, id, _)| id).collect()
}

#[test]
fn a_batch_tells_of_each_value_whether_a_row_has_it() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    let mut transaction = store.begin(None, None).unwrap();
    let fields = ["event_id", "input_hash"].map(Value::text).to_vec();
    transaction.add_setting("indexed", Value::List(fields));
    transaction.commit().unwrap();
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_batch(batch(7, 0..40));
    transaction.commit().unwrap();
    let all = batches(&memory);
    assert_eq!(all.len(), 1);
    let ask = |field, value: &[u8]| store.prove_in_batch(&all[0], field, value).unwrap();
    for number in 0..60_u32 {
        let hash = Hash::of(&number.to_le_bytes());
        let width = if number % 4 == 3 { 20 } else { 32 };
        let expected = if number < 40 { Presence::Present } else { Presence::Absent };
        let proof = ask(EventField::InputHash, &hash.0[..width]);
        assert_eq!(proof.presence, expected, "hash {number}");
        let value = Value::Bytes(hash.0[..width].to_vec());
        assert_eq!(proof.opening.check(&proof.keys_root, "input_hash", &value), Ok(expected));
        let named = format!("e{number}");
        assert_eq!(ask(EventField::EventId, named.as_bytes()).presence, expected, "{named}");
        // A value of one field is none of another.
        assert_eq!(ask(EventField::InputHash, named.as_bytes()).presence, Presence::Absent);
    }
    let uncovered = store.prove_in_batch(&all[0], EventField::OutputHash, &[1; 32]);
    assert!(uncovered.unwrap_err().to_string().contains("does not cover"));
    let none = store.prove_in_batch(&Hash::of(b"none"), EventField::InputHash, &[1; 32]);
    assert!(matches!(none, Err(Error::NoAbsence { .. })), "{none:?}");
    // A reader of the same files gives the same.
    store.write_indexes().unwrap();
    let reader = Store::open_read_only_on(Arc::new(memory)).unwrap();
    let proof = reader.prove_in_batch(&all[0], EventField::InputHash, &[1; 32]).unwrap();
    assert_eq!(proof, ask(EventField::InputHash, &[1; 32]));
}

#[test]
fn without_the_index_key_a_batch_is_recorded_and_says_that_it_cannot_tell() {
    let (memory, store) = written();
    drop(store);
    memory.remove("keys/index.key").unwrap();
    let store = Store::open_on(Arc::new(memory.clone()), options()).unwrap();
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_batch(batch(9, 100..110));
    transaction.commit().unwrap();
    let last = *batches(&memory).last().unwrap();
    let answer = store.prove_in_batch(&last, EventField::InputHash, &[1; 32]).unwrap_err();
    assert!(answer.to_string().contains("no keys_root"), "{answer}");
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert!(report.faults.iter().all(|fault| fault.file.starts_with("keys/")), "{report:?}");
}

#[test]
fn the_batches_of_a_deployment_are_all_listed() {
    let (memory, store) = written();
    let name = MapName::edge("served_by", "deployment", &deployment());
    let found = store.prove_in_map(&[name], None).unwrap().found;
    let mut expected: Vec<[u8; 16]> =
        batches(&memory).iter().map(|id| *id.0.first_chunk().unwrap()).collect();
    let mut found = found[0].clone();
    found.sort_unstable();
    expected.sort_unstable();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    assert_ne!(MapName::node("batch", &batch_key(1)), MapName::node("batch", &batch_key(2)));
}

/// Writes a commit behind the last one as another program would, with any root of the map.
fn append(memory: &MemoryStorage, number: u64, map_root: Option<Hash>) {
    let path = "segments/00000001.seg";
    let bytes = memory.read(path).unwrap().unwrap();
    let (store, _) = frame::read_header(&bytes, MAGIC_SEGMENT).unwrap();
    let (_, parent, _) = frames(memory).pop().unwrap();
    let setting = Setting { name: format!("note {number}"), value: Value::Bool(true) };
    let mut bytes = Vec::new();
    let id = frame::write(&mut bytes, RecordType::Setting, &setting.encode());
    let commit = Commit {
        number,
        recorded: i64::MAX,
        store,
        actor: None,
        parent: Some(Cid(parent)),
        import: number,
        counts: vec![("setting".to_owned(), 1)],
        records_root: merkle::records_root(&[id]),
        segment_sha256: Hash(Sha256::digest(&bytes).into()),
        map_root,
    };
    frame::write(&mut bytes, RecordType::Commit, &commit.encode());
    memory.append(path, &bytes, false).unwrap();
}

#[test]
fn a_commit_of_an_older_program_proves_nothing_absent_and_the_next_covers_what_it_brought() {
    let (memory, store) = written();
    let number = store.commit() + 1;
    drop(store);
    append(&memory, number, None);
    let store = Store::open_on(Arc::new(memory.clone()), Options::default()).unwrap();
    assert_eq!(store.commit(), number, "it is adopted");
    assert!(verify(&memory, Depth::Full, &mut |_| {}).unwrap().is_sound());
    let name = MapName::kind("run");
    let answer = store.prove_in_map(&[name], None).unwrap_err();
    assert!(answer.to_string().contains("older program"), "{answer}");
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_setting("rank", Value::List(vec![]));
    transaction.commit().unwrap();
    let before = store.prove_in_map(&[name], Some(number - 1)).unwrap();
    let now = store.prove_in_map(&[name], None).unwrap();
    assert!(!now.found[0].is_empty());
    assert_eq!((now.map_root, &now.found), (before.map_root, &before.found));
    assert!(verify(&memory, Depth::Full, &mut |_| {}).unwrap().is_sound());
}

#[test]
fn verify_names_a_root_that_is_not_that_of_the_log() {
    let (memory, store) = written();
    let number = store.commit() + 1;
    drop(store);
    append(&memory, number, Some(Hash::of(b"another map")));
    drop(Store::open_on(Arc::new(memory.clone()), Options::default()).unwrap());
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    let rules: Vec<&str> = report.faults.iter().map(|fault| fault.rule.as_str()).collect();
    assert_eq!(rules, ["the commit's map_root is that of what records name up to it"]);
}

#[test]
fn deleting_what_is_derived_changes_no_root() {
    let roots = [false, true].map(|deletes| {
        let memory = MemoryStorage::new();
        let options = options();
        let mut roots = Vec::new();
        for number in 0..6_u32 {
            let store = match number {
                0 => Store::create_on(Arc::new(memory.clone()), options.clone()).unwrap(),
                _ => Store::open_on(Arc::new(memory.clone()), options.clone()).unwrap(),
            };
            let mut transaction = store.begin(None, None).unwrap();
            let run = NodeDraft::new(Kind::Run, Key::text(format!("r{number}")));
            transaction.add_node(&saying("s", "f", 1), run).unwrap();
            transaction.commit().unwrap();
            store.write_indexes().unwrap();
            roots.push(store.prove_in_map(&[MapName::kind("run")], None).unwrap().map_root);
            drop(store);
            if deletes {
                for name in memory.list("index").unwrap() {
                    memory.remove(&format!("index/{name}")).unwrap();
                }
            }
        }
        roots
    });
    assert_eq!(roots[0], roots[1]);
    assert!(roots[0].windows(2).all(|pair| pair[0] != pair[1]));
}
