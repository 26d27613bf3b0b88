//! Index files that are read in place: columns say what the records say, damage is a right answer or
//! an error with a name, and a generation stays while a reader maps it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{COMMON_FIELDS, FieldType, KINDS, Kind, Relation, fields};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::{Cell, Error, NodeDraft, SealedField, Store};
use lineal_proof::{Key, KeyPart, Value};
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView};
use lineal_tests::everything::{each_field, everything, flip_bits};
use lineal_tests::sample::{self, saying};
use proptest::prelude::*;
use std::sync::Arc;

/// A view with columns and one without of the same store; the columns' cells that hold values.
fn both_ways(memory: &MemoryStorage) -> usize {
    let open = || Store::open_read_only_on(Arc::new(memory.clone())).unwrap().snapshot().unwrap();
    let indexed = open();
    for name in memory.list("index").unwrap() {
        memory.remove(&format!("index/{name}")).unwrap();
    }
    let plain = open();
    assert_eq!(each_field(&indexed).unwrap(), each_field(&plain).unwrap());
    let mut cells = 0;
    for kind in KINDS {
        for spec in COMMON_FIELDS.iter().chain(fields(kind)) {
            assert!(
                plain.column(kind, spec.name).is_none()
                    || ["missing", "gone", "revisions", "recorded", "updated"].contains(&spec.name),
                "a view in memory has no columns"
            );
            let Some(column) = indexed.column(kind, spec.name) else { continue };
            for node in indexed.nodes_of(kind) {
                let folded = plain.fields(node).unwrap().fields;
                if let Some(value) = column.get(node).value() {
                    assert_eq!(value.as_ref(), folded.get(spec.name), "{kind} {}", spec.name);
                    cells += usize::from(value.is_some());
                }
            }
        }
    }
    assert!(indexed.damage().is_none() && plain.damage().is_none());
    cells
}

#[test]
fn every_field_of_every_node_is_the_same_with_columns_and_without() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    sample::finish(&store).unwrap();
    store.write_indexes().unwrap();
    let cells = both_ways(&memory);
    assert!(cells > 60, "{cells} values stand in columns");
}

#[test]
fn what_is_sealed_or_linked_or_of_another_type_is_asked_of_the_records() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    let mut run = NodeDraft::new(Kind::Run, Key::text("r"));
    run.fields.insert("artifact_uri", "u".repeat(100_000));
    run.fields.insert("started", "yesterday");
    run.fields.insert("status", "FINISHED");
    let value = Value::text("anna");
    run.sealed.push(SealedField { field: "user".into(), value, actor: None });
    tx.add_node(&saying("s", "f", 1), run).unwrap();
    tx.commit().unwrap();
    store.write_indexes().unwrap();
    let view = Store::open_read_only_on(Arc::new(memory.clone())).unwrap().snapshot().unwrap();
    let node = view.nodes_of(Kind::Run).start;
    let cell = |name: &str| view.column(Kind::Run, name).unwrap().get(node);
    assert_eq!(cell("status"), Cell::Text("FINISHED"));
    assert_eq!(cell("name"), Cell::Absent);
    for name in ["artifact_uri", "started", "time", "user"] {
        assert_eq!(cell(name), Cell::Elsewhere, "{name}");
    }
    assert!(view.column(Kind::Run, "params").is_none());
    both_ways(&memory);
}

fn value(field_type: FieldType) -> BoxedStrategy<Value> {
    let number = prop_oneof![-5_i64..5, any::<i64>()].prop_map(Value::from);
    let text = prop_oneof!["[ab]?", "\\PC{0,9}"].prop_map(Value::from);
    let other = prop_oneof![
        number.clone(),
        text.clone(),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(Value::float),
        Just(Value::Int(1 << 63)),
        Just(Value::Bytes(vec![1, 2])),
        Just(Value::List(vec![Value::from(1_i64)])),
    ];
    let declared = match field_type {
        FieldType::Int | FieldType::Time => number.boxed(),
        FieldType::Float => any::<f64>().prop_map(Value::float).boxed(),
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Hash => {
            proptest::collection::vec(any::<u8>(), 0..40).prop_map(Value::Bytes).boxed()
        }
        _ => text.boxed(),
    };
    prop_oneof![4 => declared, 1 => other].boxed()
}

/// A node as one of two sources describes it: kind, key, whether it is the second, and fields, each
/// with whether it is sealed.
type Described = (Kind, u8, bool, Vec<(&'static str, bool, Value)>);

fn described() -> impl Strategy<Value = Vec<Described>> {
    let kinds = vec![Kind::Run, Kind::Dataset, Kind::Approval, Kind::Monitor, Kind::Document];
    let one = (proptest::sample::select(kinds), 0..70_u8, any::<bool>());
    let node = one.prop_flat_map(|(kind, key, second)| {
        let specs: Vec<_> =
            COMMON_FIELDS.iter().filter(|f| f.name == "time").chain(fields(kind)).collect();
        let field = proptest::sample::select(specs).prop_flat_map(|spec| {
            (Just(spec.name), proptest::bool::weighted(0.1), value(spec.field_type))
        });
        let fields = proptest::collection::vec(field, 0..8);
        (Just(kind), Just(key), Just(second), fields)
    });
    proptest::collection::vec(node, 0..150)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn columns_say_what_the_records_say(nodes in described()) {
        let memory = MemoryStorage::new();
        let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
        let mut tx = store.begin(None, None).unwrap();
        for (kind, key, second, fields) in nodes {
            let parts = if kind == Kind::Dataset { 4 } else if kind == Kind::Document { 3 } else { 1 };
            let key: Vec<String> = (0..parts).map(|part| format!("{key}-{part}")).collect();
            let key: Vec<&str> = key.iter().map(String::as_str).collect();
            let mut draft = NodeDraft::new(kind, sample::texts(&key));
            for (name, is_sealed, value) in fields {
                if is_sealed {
                    draft.fields.remove(name);
                    draft.sealed.retain(|sealed| sealed.field != name);
                    draft.sealed.push(SealedField { field: name.into(), value, actor: None });
                } else if draft.sealed.iter().all(|sealed| sealed.field != name) {
                    draft.fields.insert(name, value);
                }
            }
            let source = if second { "b" } else { "a" };
            tx.add_node(&saying(source, "f", 1), draft).unwrap();
        }
        tx.commit().unwrap();
        store.write_indexes().unwrap();
        both_ways(&memory);
    }
}

/// Models of one name in two registries, and runs that leave open which of them, if any.
fn doubtful_store() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    for registry in ["a", "b"] {
        let key = sample::texts(&[registry, "credit", "1"]);
        tx.add_node(&saying("s", "f", 1), NodeDraft::new(Kind::Model, key)).unwrap();
    }
    for (run, name, version) in [("r", "credit", "1"), ("q", "credit", "1"), ("p", "other", "2")] {
        let mut draft = NodeDraft::new(Kind::Run, Key::text(run));
        draft.fields.insert("name", run);
        let parts = [KeyPart::Null, KeyPart::Text(name.into()), KeyPart::Text(version.into())];
        draft.link(Relation::Used, Kind::Model, Key::new(parts.to_vec()));
        draft.link(Relation::TrainedOn, Kind::Dataset, sample::texts(&[run, "1", "local", "x"]));
        tx.add_node(&saying("s", "f", 1), draft).unwrap();
    }
    tx.commit().unwrap();
    (memory, store)
}

#[test]
fn what_is_in_doubt_is_what_a_look_at_every_node_finds() {
    let (memory, store) = doubtful_store();
    let reader = || Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    let in_memory = reader().snapshot().unwrap();
    store.write_indexes().unwrap();
    for view in [in_memory, reader().snapshot().unwrap()] {
        let all = 0..view.node_count();
        let (mut doubtful, mut claims) = (0, 0);
        for kind in KINDS {
            let in_doubt =
                |node: &u32| view.is_missing(*node) || !view.candidates(*node).is_empty();
            let expected: Vec<u32> = view.nodes_of(kind).filter(in_doubt).collect();
            assert_eq!(view.doubtful(kind), expected, "{kind}");
            doubtful += expected.len();
        }
        for node in all.clone() {
            let fits = |claim: &u32| view.candidates(*claim).contains(&node);
            let expected: Vec<u32> = all.clone().filter(fits).collect();
            assert_eq!(view.open_claims(node), expected, "{}", view.name_of(node));
            claims += expected.len();
        }
        assert_eq!((doubtful, claims), (5, 2), "two claims and three data sets; two candidates");
    }
}

#[test]
fn rows_given_one_by_one_end_with_the_damage_on_their_way() {
    let (memory, store) = doubtful_store();
    store.write_indexes().unwrap();
    let limits = Limits::default();
    let request = Request { parameters: &Parameters::new(), limits: &limits, now: 0 };
    let prepared = Prepared::new("find run as r return r.name").unwrap();
    let asked = |memory: &MemoryStorage| {
        let store = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
        let view = StoreView::new(Arc::new(store)).unwrap();
        let mut machine = Machine::default();
        let mut rows = prepared.rows(&mut machine, &view, &request).unwrap();
        let all: Vec<_> = rows.by_ref().collect();
        assert!(rows.next().is_none(), "the error is told once");
        all
    };
    let sound = asked(&memory);
    assert!(sound.len() > 1 && sound.iter().all(lineal_query::Result::is_ok));
    let name = memory.list("index").unwrap().into_iter().find(|name| name.starts_with("graph-"));
    let path = format!("index/{}", name.unwrap());
    // All sections but the first, the view.
    memory.damage(&path, |bytes| {
        for section in 1..word_at(bytes, 144) {
            let entry = 152 + section * 32;
            let (start, length) = (word_at(bytes, entry + 16), word_at(bytes, entry + 24));
            if length > 0 {
                bytes[start] ^= 1;
            }
        }
    });
    let last = asked(&memory).pop().unwrap();
    let text = last.unwrap_err().to_string();
    assert!(text.contains(&path) && text.contains("lineal rebuild"), "{text}");
}

fn indexed_store() -> (MemoryStorage, Vec<String>) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    sample::finish(&store).unwrap();
    store.write_indexes().unwrap();
    let expected = everything(&memory).unwrap();
    assert!(expected.len() > 300, "{}", expected.len());
    (memory, expected)
}

/// How many bytes apart bits are flipped: all kinds of places, in a few seconds.
const STRIDE: usize = 13;

#[test]
fn a_flipped_bit_anywhere_in_the_index_is_a_right_answer_or_an_error_with_a_name() {
    let (memory, expected) = indexed_store();
    let (mut right, mut named) = (0, 0);
    for name in memory.list("index").unwrap() {
        let (of_it, names) = flip_bits(&memory, &name, STRIDE, &expected);
        right += of_it;
        named += names;
    }
    assert!(right > 20 && named > 200, "{right} right, {named} named");
}

fn crc32c(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| {
            (0..8)
                .fold(byte, |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
        })
        .collect();
    !bytes
        .iter()
        .fold(u32::MAX, |crc, byte| (crc >> 8) ^ table[((crc ^ u32::from(*byte)) & 0xff) as usize])
}

/// Gives a file of sections the checksums that fit what it holds now (docs/format.md, section 14).
fn seal_again(bytes: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| {
        u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
    };
    let (sections, crcs) = (word(bytes, 144), word(bytes, 148));
    let mut at = 152 + sections * 32;
    for section in 0..sections {
        let entry = 152 + section * 32;
        let (start, length) = (word(bytes, entry + 16), word(bytes, entry + 24));
        let Some(part) = bytes.get(start..start + length) else { return };
        let own: Vec<u32> = part.chunks(1 << 16).map(crc32c).collect();
        for crc in own {
            bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
            at += 4;
        }
    }
    assert_eq!(at, 152 + sections * 32 + crcs * 4);
    let crc = crc32c(&bytes[..at]);
    bytes[at..at + 4].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn senseless_numbers_behind_sound_checksums_are_no_panic() {
    let (memory, expected) = indexed_store();
    let (mut damaged, mut other) = (0, 0);
    for name in memory.list("index").unwrap() {
        let path = format!("index/{name}");
        if !name.starts_with("graph") && !name.starts_with("keys") {
            continue;
        }
        let good = memory.read(&path).unwrap().unwrap().to_vec();
        let first = word_at(&good, 152 + 16);
        for (turn, at) in (first..good.len()).step_by(STRIDE).enumerate() {
            let bits = [0x01, 0x80, 0xff][turn % 3];
            memory.damage(&path, |bytes| {
                bytes[at] ^= bits;
                seal_again(bytes);
            });
            match everything(&memory) {
                Ok(found) => other += usize::from(found != expected),
                Err(error) => {
                    assert!(error.is_damage(), "{path}, byte {at}: {error}");
                    damaged += 1;
                }
            }
            memory.damage(&path, |bytes| bytes.clone_from(&good));
        }
    }
    // A checksum that fits vouches for the values; what leads nowhere is noticed all the same.
    assert!(damaged > 50 && other > 50, "{damaged} noticed, {other} believed");
}

fn word_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

#[test]
fn a_generation_stays_while_a_reader_maps_it_and_goes_with_the_next_one_after() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, sample::options()).unwrap();
    let graphs = || {
        let names = std::fs::read_dir(path.join("index")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("graph-")).collect();
        names.sort();
        names
    };
    sample::step(&store, 1).unwrap();
    store.write_indexes().unwrap();
    let reader = Store::open_read_only(&path).unwrap();
    let view = reader.snapshot().unwrap();
    let before = sample::answers(&view);
    sample::step(&store, 2).unwrap();
    store.write_indexes().unwrap();
    assert_eq!(graphs(), ["graph-000000000001.idx", "graph-000000000002.idx"]);
    assert_eq!(sample::answers(&view), before);
    drop((reader, view));
    sample::step(&store, 3).unwrap();
    store.write_indexes().unwrap();
    assert_eq!(graphs(), ["graph-000000000003.idx"]);
    let expected = sample::answers(&store.snapshot().unwrap());
    // What a crash may leave between any two steps: each opens, and answers alike.
    for lost in ["manifest", "graph-000000000003.idx", "ledger.idx"] {
        let file = path.join("index").join(lost);
        let bytes = std::fs::read(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        std::fs::write(path.join("index/graph-000000000004.idx.tmp"), &bytes).unwrap();
        let view = Store::open_read_only(&path).unwrap().snapshot().unwrap();
        assert_eq!(sample::answers(&view), expected, "without {lost}");
        std::fs::write(&file, bytes).unwrap();
    }
    sample::step(&store, 4).unwrap();
    store.write_indexes().unwrap();
    assert_eq!(graphs(), ["graph-000000000004.idx"], "what was left is gone too");
}

#[test]
fn a_writer_believes_a_graph_whole_or_not_at_all() {
    let (memory, _) = indexed_store();
    let names = memory.list("index").unwrap();
    let graph = names.iter().find(|name| name.starts_with("graph-")).unwrap();
    let open = || Store::open_on(Arc::new(memory.clone()), sample::options()).unwrap();
    let expected = sample::answers(&open().snapshot().unwrap());
    memory.damage(&format!("index/{graph}"), |bytes| {
        for section in 1..word_at(bytes, 144) {
            let entry = 152 + section * 32;
            let (start, length) = (word_at(bytes, entry + 16), word_at(bytes, entry + 24));
            bytes[start..start + length].iter_mut().take(1).for_each(|byte| *byte ^= 1);
        }
    });
    let view = open().snapshot().unwrap();
    assert_eq!(sample::answers(&view), expected);
    assert!(view.damage().is_none(), "it was made from the segments");
}

#[test]
fn a_reader_whose_ledger_cannot_be_read_says_so_where_it_is_needed() {
    let (memory, expected) = indexed_store();
    let store = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    memory.remove("index/ledger.idx").unwrap();
    memory.damage("segments/00000001.seg", |bytes| bytes[200] ^= 1);
    let view = Store::open_read_only_on(Arc::new(memory.clone())).unwrap();
    assert!(matches!(view.snapshot_at(2), Err(Error::Corrupt { .. })));
    // The one that was opened before has the ledger as it was then.
    assert!(store.snapshot().is_ok());
    assert_eq!(store.sources().len(), 2);
    assert!(expected.len() > 300);
    let view = view.snapshot().unwrap();
    assert!(view.damage().is_none(), "nothing of it was needed yet");
}
