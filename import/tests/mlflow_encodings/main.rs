//! Two encodings of one store give one set of records.
//!
//! A database of MLflow is written out as a file store and as REST bodies, the way MLflow itself
//! encodes them there, and all three are read. The writers share no code with the readers.

mod file_store;
mod rest;
mod tables;

use lineal_engine::schema::Kind;
use lineal_import::mapping::Mapping;
use lineal_import::mlflow::{Form, Snapshot, read, recognise};
use lineal_import::record::{Location, NodeRecord};
use lineal_proof::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tables::Tables;

/// A copy of the database with what is hard to encode added to one run.
fn odd_database(folder: &Path) -> PathBuf {
    let path = folder.join("mlflow.db");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = fixture.join("../tests/fixtures/mlflow-3.17-sqlite/mlflow.db");
    fs::copy(fixture, &path).expect("the fixture");
    let database = rusqlite::Connection::open(&path).expect("a database");
    let run = "f7d2f0a9fa90413fbc9a56125400ca43";
    let param = "insert into params(key, value, run_uuid) values (?1, ?2, ?3)";
    for (key, value) in [
        ("größe/ß x", "naïve \u{1f600}"),
        ("trailing newline", "a\n"),
        ("carriage", "a\r\nb"),
        ("quotes", "it's \"quoted\": {[%&*!|>"),
        ("blank", " "),
        ("looks like a number", "76875e45"),
        ("looks like nothing", "null"),
        ("home", "/home/maria/data/train.csv"),
    ] {
        database.execute(param, [key, value, run]).expect("a parameter");
    }
    let metric = "insert into metrics(key, value, timestamp, run_uuid, step, is_nan) values (?1, ?2, ?3, ?4, ?5, ?6)";
    for (key, value, time, step, nan) in [
        ("odd/ünï key", f64::MAX, 5, 0, 0),
        ("odd/ünï key", f64::MIN, 6, 1, 0),
        ("odd/ünï key", 0.0, 7, 2, 1),
        ("odd/ünï key", -0.0, 8, 3, 0),
        ("odd/ünï key", 1e-7, 9, -4, 0),
        ("odd/ünï key", 0.1 + 0.2, 9, 4, 0),
        ("odd/ünï key", 5e-324, 9, 5, 0),
        ("steps at one time", 1.0, 9, 0, 0),
        ("steps at one time", 2.0, 9, 1, 0),
    ] {
        database.execute(metric, (key, value, time, run, step, nan)).expect("a point");
    }
    let tag = "insert into tags(key, value, run_uuid) values (?1, ?2, ?3)";
    for (key, value) in [
        ("mlflow.source.git.commit", ""),
        ("note to maria@example.eu", "ask maria@example.eu"),
        ("empty", ""),
    ] {
        database.execute(tag, [key, value, run]).expect("a tag");
    }
    path
}

/// The records of a store, without the places they were read from.
fn records(path: &Path, form: Form) -> (Snapshot, Vec<NodeRecord>) {
    assert_eq!(recognise(path), Some(form));
    let mapping = Mapping::embedded().expect("the built-in mapping is sound").mlflow;
    let mut snapshot = read(path, form, &mapping, None).expect("a store that can be read");
    assert_eq!(snapshot.rejects, []);
    let records = std::mem::take(&mut snapshot.records).into_iter();
    let records =
        records.map(|record| NodeRecord { at: Location::default(), ..record }.whole()).collect();
    (snapshot, records)
}

/// Compares one by one, so that a difference shows what differs and not two whole stores.
fn assert_same(found: &[NodeRecord], expected: &[NodeRecord]) {
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn a_file_store_says_what_its_database_says() {
    let folder = tempfile::tempdir().unwrap();
    let database = odd_database(folder.path());
    let (original, expected) = records(&database, Form::Sqlite);
    let root = folder.path().join("files/mlruns");
    file_store::write(&Tables::read(&database), &root);
    let (written, found) = records(&root, Form::File);
    assert_same(&found, &expected);
    assert_eq!(written.source, original.source);
    assert_eq!(written.newest_time, original.newest_time);
    let traces = |counts: lineal_import::mlflow::Counts| lineal_import::mlflow::Counts {
        traces: 0,
        ..counts
    };
    assert_eq!(traces(written.counts), traces(original.counts));
}

#[test]
fn rest_bodies_with_histories_say_what_their_database_says() {
    let folder = tempfile::tempdir().unwrap();
    let database = odd_database(folder.path());
    let (original, mut expected) = records(&database, Form::Sqlite);
    let root = folder.path().join("rest");
    rest::write(&Tables::read(&database), &root);
    let (written, found) = records(&root, Form::Rest);
    // The API hides deleted versions, when a run was deleted, and where the registry keeps a copy.
    let is_deleted = |record: &NodeRecord| record.fields.get("deleted") == Some(&Value::Bool(true));
    expected.retain(|record| record.node.kind != Kind::Model || !is_deleted(record));
    for record in &mut expected {
        record.fields.remove("deleted_time");
        record.fields.remove("storage");
    }
    assert_same(&found, &expected);
    assert_eq!(written.source, original.source);
    assert_eq!(written.counts.points, original.counts.points);
}

#[test]
fn what_is_hard_to_encode_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let database = odd_database(folder.path());
    let (_, records) = records(&database, Form::Sqlite);
    let run = records.iter().find(|record| {
        let params = record.fields.get("params").and_then(Value::as_map);
        record.node.kind == Kind::Run && params.is_some_and(|params| params.get("blank").is_some())
    });
    let run = run.expect("the odd run");
    let params = run.fields.get("params").and_then(Value::as_map).unwrap();
    assert_eq!(params.get("empty"), Some(&Value::text("")));
    assert_eq!(params.get("multi line"), Some(&Value::text("a\nb: c\n- d")));
    assert_eq!(params.get("carriage"), Some(&Value::text("a\r\nb")));
    assert_eq!(params.get("home"), None, "a home path does not stand in the clear");
    assert!(run.personal.iter().any(|sealed| sealed.field == "params.home"));
    let series = run.fields.get("series").and_then(Value::as_map).unwrap();
    let values: Vec<_> = series
        .get("odd/ünï key")
        .and_then(Value::as_list)
        .unwrap()
        .iter()
        .map(|point| point.as_list().unwrap()[2].clone())
        .collect();
    let expected = [
        Value::Float(1e-7),
        Value::text("Infinity"),
        Value::text("-Infinity"),
        Value::text("NaN"),
        Value::Float(0.0),
        Value::Float(0.1 + 0.2),
        Value::Float(5e-324),
    ];
    assert_eq!(values, expected);
    let metrics = run.fields.get("metrics").and_then(Value::as_map).unwrap();
    assert_eq!(metrics.get("steps at one time"), Some(&Value::Float(2.0)));
    assert!(!run.edges.iter().any(|edge| edge.target.kind == Kind::Code), "'' is no commit");
}
