//! Readers that are not ours agree on a store that the engine wrote.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::EVENT_FIELDS;
use lineal_engine::events::EventValue;
use lineal_engine::schema::Kind;
use lineal_engine::{ErasureOrder, Options, Snapshot, Store, Target};
use lineal_proof::frame::{self, RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Decision, Record, Revision};
use lineal_tests::{foreign, sample};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A store in two segments with nodes, a large value, sealed ones, batches, names, a retraction, and
/// a container of several row groups.
fn store(path: &Path) -> Store {
    let options = Options { segment_bytes_max: 72_000, ..sample::options() };
    let store = Store::create(path, options).unwrap();
    sample::finish(&store).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    tx.add_batch(sample::batch(9, 60..20_060));
    tx.commit().unwrap();
    store
}

#[test]
fn the_second_reader_walks_the_store_and_finds_the_same_revisions() {
    let Some(python) = foreign::python("a store in the second reader", &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = store(&path);
    let commit = store.commit();
    drop(store);
    let answer = foreign::run(&python, "read_segment.py", &[path.as_os_str()], b"").unwrap();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);

    let mut ours = BTreeSet::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for segment in 1..=2 {
        let bytes = std::fs::read(path.join(format!("segments/{segment:08}.seg"))).unwrap();
        let mut at = SEGMENT_HEADER;
        while at < bytes.len() {
            let frame = frame::read(&bytes[at..]).unwrap();
            *counts.entry(frame.record_type.name()).or_default() += 1;
            if frame.record_type == RecordType::Revision {
                let revision = Revision::decode(frame.payload).unwrap();
                let Revision { kind, source, form, .. } = &revision;
                ours.insert(format!(
                    "{kind}\t{source}\t{form}\t{}\t{}",
                    frame.id,
                    revision.content_digest()
                ));
            }
            at += frame.length;
        }
    }
    let mut theirs = BTreeSet::new();
    let mut summary = None;
    for line in answer.stdout.lines() {
        if let Some(text) = line.strip_prefix("summary ") {
            summary = Some(serde_json::from_str::<Json>(text).unwrap());
        } else {
            let parts: Vec<&str> = line.split('\t').collect();
            let [kind, _key, source, form, id, content] = parts[..] else { panic!("{line}") };
            theirs.insert(format!("{kind}\t{source}\t{form}\t{id}\t{content}"));
        }
    }
    assert!(ours.len() >= 9, "{ours:#?}");
    assert_eq!(ours, theirs);
    let summary = summary.unwrap();
    assert_eq!(counts["commit"], commit);
    for (word, count) in counts {
        assert_eq!(summary["records"][word], count, "{word}: {summary}");
    }
    assert_eq!((&summary["containers"], &summary["sealed"]), (&3.into(), &4.into()));
}

#[test]
fn the_second_reader_and_readers_of_parquet_read_what_is_left_behind_an_erasure() {
    let needed = ["duckdb", "pyarrow"];
    let Some(python) = foreign::python("an erased event in foreign readers", &needed) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = store(&path);
    let events = store.snapshot().unwrap().events_by_id("e17").unwrap();
    let rows = events.len();
    let order = ErasureOrder {
        targets: vec![Target::Events(events)],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".into(),
        reference: "request 1".into(),
        decided_by: store.actor_key("a@b.example").unwrap(),
        executed_by: store.actor_key("c@d.example").unwrap(),
    };
    store.erase(&order, false).unwrap();
    drop(store);
    let answer = foreign::run(&python, "read_segment.py", &[path.as_os_str()], b"").unwrap();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(answer.stdout.contains("\"erasure\": 1"), "{}", answer.stdout);
    let mut marked = 0;
    for entry in std::fs::read_dir(path.join("containers")).unwrap() {
        let file = entry.unwrap().path();
        let answer = foreign::run(&python, "open_container.py", &[file.as_os_str()], b"").unwrap();
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        let answer: Json = serde_json::from_str(&answer.stdout).unwrap();
        let columns = answer["columns"].as_array().unwrap();
        if let Some(marks) = columns.iter().find(|column| column[0] == "erased") {
            marked += answer["rows"].as_u64().unwrap() - marks[1].as_u64().unwrap();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            assert!(name.ends_with(".2.parquet"), "{name}");
        }
    }
    assert_eq!(marked, rows as u64);
}

#[test]
fn the_second_reader_refuses_a_store_with_a_changed_byte() {
    let Some(python) = foreign::python("a damaged store in the second reader", &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    drop(store(&path));
    let container = std::fs::read_dir(path.join("containers")).unwrap().next().unwrap().unwrap();
    let files = [path.join("segments/00000001.seg"), path.join("head"), container.path()];
    for file in files {
        let good = std::fs::read(&file).unwrap();
        let mut bad = good.clone();
        bad[good.len() / 2] ^= 4;
        std::fs::write(&file, &bad).unwrap();
        let answer = foreign::run(&python, "read_segment.py", &[path.as_os_str()], b"").unwrap();
        assert_eq!(answer.code, Some(1), "{}", file.display());
        std::fs::write(&file, &good).unwrap();
    }
    let answer = foreign::run(&python, "read_segment.py", &[path.as_os_str()], b"").unwrap();
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
}

#[test]
fn every_container_opens_in_duckdb_and_pyarrow_with_the_same_rows_and_nulls() {
    let needed = ["duckdb", "pyarrow"];
    let Some(python) = foreign::python("containers in DuckDB and pyarrow", &needed) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = store(&path);
    let view = store.snapshot().unwrap();
    let mut expected: Vec<Json> =
        view.nodes_of(Kind::Batch).map(|batch| columns(&view, batch)).collect();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path.join("containers")).unwrap() {
        let file = entry.unwrap().path();
        let answer = foreign::run(&python, "open_container.py", &[file.as_os_str()], b"").unwrap();
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        let mut answer: Json = serde_json::from_str(&answer.stdout).unwrap();
        let readers = answer.as_object_mut().unwrap().remove("readers").unwrap();
        assert_eq!(readers.as_object().unwrap().len(), 2, "{readers}");
        found.push(answer);
    }
    let rows = |one: &Json| one["rows"].as_u64();
    expected.sort_by_key(rows);
    found.sort_by_key(rows);
    assert_eq!(found, expected);
    assert_eq!(expected.iter().filter_map(rows).collect::<Vec<_>>(), [20, 40, 20_000]);
}

/// The columns that a container of this one batch must have, each with its nulls.
fn columns(view: &Snapshot, batch: u32) -> Json {
    let fields: Vec<_> = EVENT_FIELDS.iter().map(|spec| spec.field).collect();
    let parts = view.parts_of(batch);
    let [(part, rows)] = parts.as_slice() else { panic!("{parts:?}") };
    let block = view.read_events(*part, 0..*rows, &fields).unwrap().block;
    let mut columns = Vec::new();
    for spec in EVENT_FIELDS {
        let (mut whole, mut other) = (0, 0);
        for row in 0..block.rows() {
            match block.get(row, spec.field) {
                Some(EventValue::Hash(bytes)) if bytes.len() != 32 => other += 1,
                Some(_) => whole += 1,
                None => {}
            }
        }
        for (name, present) in
            [(spec.name.to_owned(), whole), (format!("{}_other", spec.name), other)]
        {
            if present > 0 {
                columns.push(serde_json::json!([name, block.rows() - present]));
            }
        }
    }
    serde_json::json!({ "rows": block.rows(), "columns": columns })
}
