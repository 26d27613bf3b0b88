//! A store keeps what was written, reads it back, and says what it holds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::clock::SteppingClock;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::head::Head;
use lineal_engine::keys::LabelledSecrets;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{BatchDraft, Error, NodeDraft, Options, Outcome, Saying, Store};
use lineal_proof::frame::{self, RecordType};
use lineal_proof::record::{Commit, Manifest, ManifestBatch, Record, Stub};
use lineal_proof::{Cid, Hash, Key, KeyPart, Value, merkle};
use lineal_tests::sample::{self, answers};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::sync::Arc;

fn options() -> Options {
    Options {
        clock: Arc::new(SteppingClock::starting_at(1_700_000_000_000_000_000)),
        secrets: Arc::new(LabelledSecrets),
        ..Options::default()
    }
}

fn saying(form: &str, observed_at: i64) -> Saying {
    Saying { source: "mlflow-1a2b3c4d".into(), form: form.into(), observed_at }
}

fn texts(parts: &[&str]) -> Key {
    Key::new(parts.iter().map(|part| KeyPart::from(*part)).collect())
}

fn dataset() -> Key {
    texts(&["loans", "d1", "s3", "{}"])
}

/// dataset <- run <- model <- deployment, and three events.
fn fill(store: &Store) {
    let saying = saying("mlflow-sqlite", 100);
    let mut tx = store.begin(None, None).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
    run.fields.insert("status", "FINISHED");
    run.link(Relation::TrainedOn, Kind::Dataset, dataset());
    run.link(Relation::TestedOn, Kind::Dataset, texts(&["holdout", "d9", "s3", "{}"]));
    tx.add_node(&saying, run).unwrap();
    let mut model = NodeDraft::new(Kind::Model, texts(&["mlflow-1a2b3c4d", "credit", "3"]));
    model.fields.insert("form", "registered");
    model.link(Relation::ProducedBy, Kind::Run, Key::text("4cf1"));
    tx.add_node(&saying, model).unwrap();
    let mut data = NodeDraft::new(Kind::Dataset, dataset());
    data.fields.insert("name", "loans");
    tx.add_node(&saying, data).unwrap();
    tx.commit().unwrap();

    let log = Saying { source: "datadog".into(), form: "datadog-archive".into(), observed_at: 200 };
    let mut tx = store.begin(None, None).unwrap();
    let deployment = texts(&["scorer", "prod", "eu-1", "credit", "3"]);
    let mut draft = NodeDraft::new(Kind::Deployment, deployment.clone());
    let claim = Key::new(vec![KeyPart::Null, "credit".into(), "3".into()]);
    draft.link(Relation::Deploys, Kind::Model, claim);
    tx.add_node(&log, draft).unwrap();
    let mut block = EventBlock::new();
    for row in 0..3_u8 {
        block.set(EventField::Time, EventValue::Int(1_000 - i64::from(row)));
        block.set(EventField::InputHash, EventValue::Hash(&[row; 32]));
        block.set(EventField::InputAlgorithm, EventValue::Text("sha256"));
        block.set(EventField::EventId, EventValue::Text(&format!("e{row}")));
        block.set(EventField::HumanOverride, EventValue::Bool(row == 0));
        block.end_row();
    }
    tx.add_batch(BatchDraft {
        saying: log,
        deployment,
        file: [7; 16],
        stretch: 0,
        label: "a.json.gz".into(),
        block: Arc::new(block),
        rows: vec![0, 1, 2],
        doubted: vec![],
    });
    tx.commit().unwrap();
}

fn check(store: &Store) {
    let view = store.snapshot().unwrap();
    assert_eq!(view.commit(), 2);
    let events = view.events_by_hash(Some("sha256"), &[1; 32]).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(view.event_field(events[0], EventField::EventId).unwrap(), Some(Value::text("e1")));
    assert!(view.events_by_hash(Some("blake3"), &[1; 32]).unwrap().is_empty());
    assert!(view.events_by_hash(None, &[9; 32]).unwrap().is_empty());
    let deployment = view.event_deployment(events[0]).unwrap();
    assert_eq!(view.name_of(deployment), "deployment:scorer/prod/eu-1@credit:3");
    assert_eq!(view.field(deployment, "events").unwrap(), Some(Value::from(3_i64)));
    assert_eq!(view.field(deployment, "overrides").unwrap(), Some(Value::from(1_i64)));
    let models = view.edges(deployment, Relation::Deploys, Direction::Forward);
    assert_eq!(models, view.find(Some(Kind::Model), "credit@3"));
    assert_eq!(view.name_of(models[0]), "model:credit@3");
    let runs = view.edges(models[0], Relation::ProducedBy, Direction::Forward);
    let data = view.edges(runs[0], Relation::TrainedOn, Direction::Forward);
    assert_eq!(view.name_of(data[0]), "dataset:loans@d1");
    assert_eq!(view.edges(data[0], Relation::TrainedOn, Direction::Inverse), runs);
    let tested = view.edges(runs[0], Relation::TestedOn, Direction::Forward);
    assert!(view.is_missing(tested[0]) && !view.is_missing(data[0]));
    let import = view.find(Some(Kind::Import), "1");
    assert!(view.edges(import[0], Relation::Brought, Direction::Forward).contains(&runs[0]));
}

#[test]
fn what_was_written_is_there_after_opening_again() {
    let storage = Arc::new(MemoryStorage::new());
    let store = Store::create_on(storage.clone(), options()).unwrap();
    fill(&store);
    check(&store);
    drop(store);
    check(&Store::open_on(storage.clone(), options()).unwrap());
    check(&Store::open_read_only_on(storage).unwrap());
}

#[test]
fn saying_the_same_again_writes_no_revision() {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), options()).unwrap();
    fill(&store);
    let mut tx = store.begin(None, None).unwrap();
    let mut data = NodeDraft::new(Kind::Dataset, dataset());
    data.fields.insert("name", "loans");
    let staged = tx.add_node(&saying("mlflow-sqlite", 150), data.clone()).unwrap();
    assert_eq!(staged.outcome, Outcome::Known);
    let staged = tx.add_node(&saying("mlflow-file", 150), data).unwrap();
    assert_eq!(staged.outcome, Outcome::Recorded, "another form has a chain of its own");
    let committed = tx.commit().unwrap();
    assert_eq!(committed.revisions, 1);
    let view = store.snapshot().unwrap();
    let node = view.find(Some(Kind::Dataset), "loans@d1")[0];
    assert_eq!(view.field(node, "revisions").unwrap(), Some(Value::from(2_i64)));
    assert_eq!(
        view.sources_of(node),
        [("mlflow-1a2b3c4d", "mlflow-sqlite"), ("mlflow-1a2b3c4d", "mlflow-file")]
    );
}

#[test]
fn the_latest_version_of_a_name_is_asked_of_each_registry() {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    let versions = [("one", "3"), ("one", "10"), ("two", "9"), ("two", "4"), ("one", "draft")];
    for (registry, version) in versions {
        let node = NodeDraft::new(Kind::Model, texts(&[registry, "credit", version]));
        tx.add_node(&saying("mlflow-rest", 100), node).unwrap();
    }
    tx.commit().unwrap();
    let view = store.snapshot().unwrap();
    let latest = |name: &str| -> Vec<String> {
        let found = view.find(Some(Kind::Model), name);
        found.into_iter().map(|node| view.name_of(node)).collect()
    };
    assert_eq!(latest("credit@latest"), ["model:credit@10", "model:credit@9"]);
    assert_eq!(latest("two/credit@latest"), ["model:credit@9"]);
}

/// Everything a store answers: nodes, and each event found by its hash.
fn all_answers(store: &Store) -> (BTreeSet<String>, Vec<usize>) {
    let view = store.snapshot().unwrap();
    let hits = (0..60_u32).map(|number| {
        let hash = Hash::of(&number.to_le_bytes());
        let width = if number % 4 == 3 { 20 } else { 32 };
        view.events_by_hash(Some("sha256"), &hash.0[..width]).unwrap().len()
    });
    (answers(&view), hits.collect())
}

#[test]
fn what_is_derived_may_be_deleted_or_be_old_and_no_answer_changes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, sample::options()).unwrap();
    let derived = |name: &str| path.join(name);
    let read_only = || all_answers(&Store::open_read_only(&path).unwrap());
    for number in 1..=sample::STEPS {
        sample::step(&store, number).unwrap();
        // The index is of this commit, of the one before, or of none.
        assert_eq!(read_only(), all_answers(&store), "after step {number}");
        if number % 2 == 0 {
            store.write_indexes().unwrap();
            assert_eq!(read_only(), all_answers(&store), "after step {number}, with its index");
        }
    }
    let expected = all_answers(&store);
    assert_eq!(expected.1.iter().sum::<usize>(), 60);
    drop(store);

    let old = Store::open(&path, sample::options()).unwrap();
    assert_eq!(all_answers(&old), expected, "the writer takes what the index lacks");
    drop(old);
    std::fs::remove_dir_all(derived("index")).unwrap();
    std::fs::remove_dir_all(derived("catalog")).unwrap();
    assert_eq!(read_only(), expected);
    let store = Store::open(&path, sample::options()).unwrap();
    assert_eq!(all_answers(&store), expected);
    std::fs::create_dir_all(derived("index")).unwrap();
    std::fs::write(derived("index/graph-old.idx"), b"nonsense").unwrap();
    store.rebuild().unwrap();
    assert_eq!(all_answers(&store), expected);
    drop(store);
    for name in ["index/ledger.idx", "index/manifest", "catalog"] {
        assert!(derived(name).exists(), "{name}");
    }
    assert_eq!(read_only(), expected);
}

#[test]
fn an_index_of_another_history_is_not_believed() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    fill(&store);
    store.write_indexes().unwrap();
    drop(store);
    let other = MemoryStorage::new();
    let store = Store::create_on(Arc::new(other.clone()), options()).unwrap();
    sample::finish(&store).unwrap();
    let expected = answers(&store.snapshot().unwrap());
    drop(store);
    for name in memory.list("index").unwrap() {
        let path = format!("index/{name}");
        other.put(&path, &memory.read(&path).unwrap().unwrap(), false).unwrap();
    }
    // The same keys made both stores, so even the store's id is the same.
    let store = Store::open_read_only_on(Arc::new(other)).unwrap();
    assert_eq!(answers(&store.snapshot().unwrap()), expected);
}

#[test]
fn ten_thousand_files_and_a_hundred_thousand_references_are_one_small_commit() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    for number in 0..10_000 {
        tx.add_source(sample::source(&format!("dt=2026-01-01/archive_{number}.json.gz"), number));
    }
    for number in 0..100_000 {
        let key = texts(&["registry", &format!("model-{number}"), "1"]);
        tx.add_reference(Kind::Model, &format!("name-{number}"), Some(key));
    }
    let start = std::time::Instant::now();
    let committed = tx.commit().unwrap();
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    drop(store);

    let bytes = memory.read("segments/00000001.seg").unwrap().unwrap();
    let (mut at, mut last, mut frames) = (frame::SEGMENT_HEADER, None, 0);
    while at < bytes.len() {
        let frame = frame::read(&bytes[at..]).unwrap();
        at += frame.length;
        frames += 1;
        last = Some(frame);
    }
    let commit = last.unwrap();
    assert_eq!((commit.record_type, commit.id), (RecordType::Commit, committed.id));
    assert!(commit.payload.len() < 1_024, "{} bytes", commit.payload.len());
    assert_eq!(frames, 110_001);

    let store = Store::open_on(Arc::new(memory), options()).unwrap();
    assert_eq!(store.sources().len(), 10_000);
    let source = sample::source("", 77);
    let known = store.known_source(None, &source.digest, &source.form, None).unwrap();
    assert_eq!(known.label, "dt=2026-01-01/archive_77.json.gz");
}

#[test]
fn a_full_segment_is_followed_by_another_and_no_transaction_spans_two() {
    let memory = MemoryStorage::new();
    let small = || Options { segment_bytes_max: 3_000, ..sample::options() };
    let store = Store::create_on(Arc::new(memory.clone()), small()).unwrap();
    sample::finish(&store).unwrap();
    let expected = all_answers(&store);
    store.write_indexes().unwrap();
    drop(store);
    let segments = memory.list("segments").unwrap();
    assert!(segments.len() >= 3, "{segments:?}");
    for name in &segments {
        let bytes = memory.read(&format!("segments/{name}")).unwrap().unwrap();
        let mut at = frame::SEGMENT_HEADER;
        let mut last = None;
        while at < bytes.len() {
            let frame = frame::read(&bytes[at..]).unwrap();
            assert!(last != Some(RecordType::Commit) || at < 3_000, "{name}: begun anew when full");
            at += frame.length;
            last = Some(frame.record_type);
        }
        assert_eq!(last, Some(RecordType::Commit), "{name}");
    }
    let one = MemoryStorage::new();
    let in_one = Store::create_on(Arc::new(one), sample::options()).unwrap();
    sample::finish(&in_one).unwrap();
    assert_eq!(all_answers(&in_one), expected);
    // With the index, without it, and with `head` lost; a segment begun and torn is set aside.
    for path in ["", "index/ledger.idx", "head"] {
        memory.remove(path).unwrap();
        let torn = format!("segments/{:08}.seg", segments.len() + 1);
        memory.put(&torn, b"\x89LNL", false).unwrap();
        assert_eq!(
            all_answers(&Store::open_on(Arc::new(memory.clone()), small()).unwrap()),
            expected
        );
        assert_eq!(memory.list("segments").unwrap(), segments);
        let reader = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
        assert_eq!(all_answers(&reader), expected);
    }
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert_eq!(report.faults, []);
    // Found to be lost, at the latest when a view is made, whatever the index covers.
    Store::open_on(Arc::new(memory.clone()), small()).unwrap().write_indexes().unwrap();
    memory.remove("segments/00000002.seg").unwrap();
    for file in ["", "index/ledger.idx"] {
        memory.remove(file).unwrap();
        let opened = Store::open_on(Arc::new(memory.clone()), small());
        let Err(error) = opened.and_then(|store| store.snapshot()) else { panic!("it is lost") };
        assert!(error.to_string().starts_with("segments/00000002.seg is damaged"), "{error}");
    }
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    assert_eq!(report.faults[0].file, "segments/00000002.seg");
}

/// A store with one batch of events that all ended in the same decision.
fn decided(decision: &str) -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    let mut block = EventBlock::new();
    for row in 0..3_u8 {
        block.set(EventField::Time, EventValue::Int(i64::from(row)));
        block.set(EventField::InputHash, EventValue::Hash(&[row; 32]));
        block.set(EventField::Decision, EventValue::Text(decision));
        block.end_row();
    }
    let mut tx = store.begin(None, None).unwrap();
    tx.add_batch(BatchDraft { block: Arc::new(block), ..sample::batch(1, 0..3) });
    tx.commit().unwrap();
    (memory, store)
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// Writes a transaction of one record behind the last one, byte by byte as docs/format.md says.
fn append(memory: &MemoryStorage, parent: Hash, record: &impl Record, record_type: RecordType) {
    let path = "segments/00000001.seg";
    let (store, _) =
        frame::read_header(&memory.read(path).unwrap().unwrap(), frame::MAGIC_SEGMENT).unwrap();
    let mut bytes = Vec::new();
    let id = frame::write(&mut bytes, record_type, &record.encode());
    let commit = Commit {
        number: 2,
        recorded: i64::MAX,
        store,
        actor: None,
        parent: Some(Cid(parent)),
        import: 2,
        counts: vec![(record_type.name().to_owned(), 1)],
        records_root: merkle::records_root(&[id]),
        segment_sha256: sha256(&bytes),
        map_root: None,
    };
    frame::write(&mut bytes, RecordType::Commit, &commit.encode());
    memory.append(path, &bytes, false).unwrap();
}

#[test]
fn rows_are_read_from_the_container_that_the_last_manifest_names() {
    let (memory, store) = decided("grant");
    let (changed, _) = decided("changed");
    let view = store.snapshot().unwrap();
    let batch = view.nodes_of(Kind::Batch).start;
    let revision = view.revision_id(batch).unwrap();
    let decisions = |store: &Store| {
        let view = store.snapshot().unwrap();
        let found = (0..3_u8).flat_map(|row| view.events_by_hash(None, &[row; 32]).unwrap());
        let values = found.map(|event| view.event_field(event, EventField::Decision).unwrap());
        values.collect::<Vec<_>>()
    };
    assert_eq!(decisions(&store), vec![Some(Value::text("grant")); 3]);
    let parent = Head::from_bytes(&memory.read("head").unwrap().unwrap()).unwrap().commit_id;
    drop(store);

    // No compaction yet: the second generation is written by hand, and says something else, so
    // that it is seen which one was read.
    let name = memory.list("containers").unwrap().remove(0);
    let container = Hash::from_hex(name.split('.').next().unwrap()).unwrap();
    let other = format!("containers/{}", changed.list("containers").unwrap()[0]);
    let bytes = changed.read(&other).unwrap().unwrap();
    memory.put(&format!("containers/{container}.2.parquet"), &bytes, false).unwrap();
    let manifest = Manifest {
        container,
        generation: 2,
        length: bytes.len() as u64,
        sha256: sha256(&bytes),
        batches: vec![ManifestBatch { batch: Cid(revision), first_row: 0, rows: 3 }],
        replaces: vec![],
    };
    append(&memory, parent, &manifest, RecordType::Manifest);

    let store = Store::open_on(Arc::new(memory.clone()), options()).unwrap();
    assert_eq!(store.commit(), 2, "the writer adopts a whole commit behind `head`");
    assert_eq!(decisions(&store), vec![Some(Value::text("changed")); 3]);
    let left = memory.list("containers").unwrap();
    assert_eq!(left, [format!("{container}.2.parquet")], "a later generation replaces the earlier");
    store.write_indexes().unwrap();
    let reader = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    assert_eq!(decisions(&reader), vec![Some(Value::text("changed")); 3]);
    // The file is the one that its manifest names; its rows are not those of the root.
    assert!(verify(&memory, Depth::Fast, &mut |_| {}).unwrap().is_sound());
    let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
    let rules: Vec<_> = report.faults.iter().map(|fault| fault.rule.as_str()).collect();
    assert_eq!(rules, ["the batch's root is that of its rows"]);
}

#[test]
fn an_event_id_is_found_by_scan_and_by_index_alike() {
    let storage = Arc::new(MemoryStorage::new());
    let store = Store::create_on(storage.clone(), options()).unwrap();
    fill(&store);
    store.write_indexes().unwrap();
    let by_scan = store.snapshot().unwrap().events_by_id("e1").unwrap();
    assert_eq!(by_scan.len(), 1);
    let mut tx = store.begin(None, None).unwrap();
    let names = ["event_id", "input_hash"].map(Value::text);
    tx.add_setting("indexed", Value::List(names.to_vec()));
    tx.commit().unwrap();
    assert_eq!(store.snapshot().unwrap().events_by_id("e1").unwrap(), by_scan);
    store.write_indexes().unwrap();
    drop(store);
    let again = Store::open_read_only_on(storage.clone()).unwrap();
    let view = again.snapshot().unwrap();
    assert_eq!(view.events_by_id("e1").unwrap(), by_scan);
    assert_eq!(view.events_by_hash(None, &[1; 32]).unwrap(), by_scan);
    assert!(view.events_by_id("e9").unwrap().is_empty());
    let runs = storage.paths().into_iter().filter(|path| path.ends_with(".run")).count();
    assert_eq!(runs, 1, "a run of another set of fields does not stay");
}

#[test]
fn a_kind_that_a_later_version_knows_is_refused_by_name_and_nothing_is_cut() {
    let (memory, store) = decided("grant");
    drop(store);
    let parent = Head::from_bytes(&memory.read("head").unwrap().unwrap()).unwrap().commit_id;
    let stub = Stub { kind: "spaceship".into(), key: Key::text("1") };
    append(&memory, parent, &stub, RecordType::Stub);
    let before = memory.read("segments/00000001.seg").unwrap().unwrap();
    let Err(error) = Store::open_on(Arc::new(memory.clone()), options()) else { panic!("newer") };
    assert!(matches!(&error, Error::NewerWord { word, .. } if word == "spaceship"), "{error}");
    assert!(error.to_string().contains("a newer lineal wrote it"), "{error}");
    assert_eq!(memory.read("segments/00000001.seg").unwrap().unwrap()[..], before[..]);
}

#[test]
fn what_would_not_read_back_is_refused_before_a_byte_is_written() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), options()).unwrap();
    let log = saying("mlflow-sqlite", 1);
    let before = memory.read("segments/00000001.seg").unwrap().unwrap();
    let refused = |value: Value| {
        let mut tx = store.begin(None, None).unwrap();
        let mut run = NodeDraft::new(Kind::Run, Key::text("1"));
        run.fields.insert("params", value);
        let staged = tx.add_node(&log, run);
        staged.and_then(|_| tx.commit()).expect_err("it must be refused")
    };
    let deep = (0..80).fold(Value::from(1_i64), |inner, _| Value::List(vec![inner]));
    assert!(matches!(refused(deep), Error::Limit { .. }));
    let large = Value::text("x".repeat(17 << 20));
    assert!(matches!(refused(large), Error::Limit { .. }));
    assert_eq!(memory.read("segments/00000001.seg").unwrap().unwrap()[..], before[..]);
    let mut tx = store.begin(None, None).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("1"));
    let deepest = (0..62).fold(Value::from(1_i64), |inner, _| Value::List(vec![inner]));
    run.fields.insert("params", deepest);
    tx.add_node(&log, run).unwrap();
    tx.commit().unwrap();
    assert_eq!(store.commit(), 1, "the deepest that is allowed is taken");
}

#[test]
fn a_tag_is_found_by_its_value_and_the_fold_decides_between_sources() {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), options()).unwrap();
    let tagged = |value: &str| {
        let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
        let tags: lineal_proof::Map = [("team", value)].into_iter().collect();
        run.fields.insert("tags", Value::Map(tags));
        run
    };
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&saying("mlflow-rest", 100), tagged("red")).unwrap();
    tx.add_node(&saying("mlflow-sqlite", 100), tagged("blue")).unwrap();
    tx.commit().unwrap();
    let view = store.snapshot().unwrap();
    let run = view.find(Some(Kind::Run), "4cf1");
    assert_eq!(view.find_tag(Kind::Run, "team", "blue").unwrap(), run);
    assert!(
        view.find_tag(Kind::Run, "team", "red").unwrap().is_empty(),
        "the database stands on top"
    );
    assert!(view.find_tag(Kind::Model, "team", "blue").unwrap().is_empty());
    assert!(view.find(Some(Kind::Run), "team").is_empty());
}

#[test]
fn a_name_is_found_whatever_source_says_it_and_a_missing_node_by_its_key() {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), options()).unwrap();
    let named = |name: &str| {
        let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
        run.fields.insert("name", name);
        run
    };
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&saying("mlflow-rest", 100), named("red")).unwrap();
    tx.add_node(&saying("mlflow-sqlite", 100), named("blue")).unwrap();
    let key = |name: &str, version: &str| {
        Key::new(["prod", name, version].into_iter().map(KeyPart::from).collect())
    };
    let mut model = NodeDraft::new(Kind::Model, key("m", "3"));
    model.link(Relation::DerivedFrom, Kind::Model, key("base", "1"));
    tx.add_node(&saying("mlflow-rest", 100), model).unwrap();
    tx.commit().unwrap();
    let view = store.snapshot().unwrap();
    let run = view.find(Some(Kind::Run), "4cf1");
    for name in ["red", "blue"] {
        assert_eq!(view.find_field(Kind::Run, "name", name), run, "one says it, the fold decides");
    }
    assert!(view.find_field(Kind::Run, "name", "4cf1").is_empty(), "its key is no name");
    assert_eq!(view.find_field(Kind::Model, "version", "3"), view.find(Some(Kind::Model), "m@3"));
    let base = view.find(Some(Kind::Model), "base@1");
    assert_eq!((base.len(), view.find_field(Kind::Model, "name", "base")), (1, base));
}
