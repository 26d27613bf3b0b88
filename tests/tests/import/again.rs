//! The same again adds nothing; a rehearsal and a refused import change nothing.

use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_import::{Error, ImportOptions, Limits, LoadedMapping, Progress, Report, import};
use lineal_tests::place::{ARCHIVES, DATABASE, Place, fixture};
use lineal_tests::{questions, sample};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const STORES: [&str; 5] =
    [DATABASE, "mlflow-3.17-file", "mlflow-2.9-file/mlruns", "rest-3.17", "export-import-2.9"];

fn everything() -> Vec<&'static str> {
    STORES.iter().chain(&ARCHIVES).copied().chain(["datadog-logs-api-v2"]).collect()
}

#[test]
fn everything_twice_adds_no_commit() {
    let place = Place::new();
    let first = place.import_fixtures(&everything());
    assert_eq!(first.sources.len(), 9);
    let (commits, before) = (place.store.commit(), sample::answers(&place.view()));
    let second = place.import_fixtures(&everything());
    assert!(second.brought_nothing());
    assert_eq!((second.import, place.store.commit()), (None, commits));
    for source in &second.sources {
        assert_eq!((source.files_known, source.counts.read), (source.files, 0), "{source:?}");
    }
    assert_eq!(sample::answers(&place.view()), before);
    // One by one and in another order it is the same.
    for name in everything().into_iter().rev() {
        assert!(place.import_fixtures(&[name]).brought_nothing(), "{name}");
    }
}

#[test]
fn an_import_that_is_stopped_before_its_first_commit_leaves_nothing_and_comes_again_whole() {
    let (place, other) = (Place::new(), Place::new());
    let paths: Vec<PathBuf> = [ARCHIVES[0], DATABASE].map(fixture).to_vec();
    let (mapping, stopped) = (LoadedMapping::built_in().unwrap(), Progress::default());
    stopped.stop();
    for dry_run in [true, false] {
        let options = ImportOptions { dry_run, ..ImportOptions::default() };
        let refused = import(&place.store, &paths, &options, &mapping, &stopped).unwrap_err();
        assert!(matches!(refused, Error::Stopped), "{refused}");
        assert_eq!(place.store.commit(), 0);
    }
    let names = [ARCHIVES[0], DATABASE];
    let (report, expected) = (place.import_fixtures(&names), other.import_fixtures(&names));
    assert_eq!(report.to_json(), expected.to_json());
    assert_eq!(sample::answers(&place.view()), sample::answers(&other.view()));
}

#[test]
fn logs_before_the_registry_and_after_it_answer_the_same() {
    let (registry_first, logs_first, at_once) = (Place::new(), Place::new(), Place::new());
    registry_first.import_fixtures(&[DATABASE]);
    registry_first.import_fixtures(&[ARCHIVES[0]]);
    let report = logs_first.import_fixtures(&[ARCHIVES[0]]);
    assert_eq!(report.unresolved.0, 2, "two versions are only claimed");
    let report = logs_first.import_fixtures(&[DATABASE]);
    assert_eq!(report.unresolved.0, 0, "and found now");
    at_once.import_fixtures(&[ARCHIVES[0], DATABASE]);
    let expected = (questions::answers(&registry_first), sample::answers(&registry_first.view()));
    for place in [logs_first, at_once] {
        questions::assert_same(&questions::answers(&place), &expected.0, "both orders");
        assert_eq!(sample::answers(&place.view()), expected.1);
    }
}

#[test]
fn only_logs_leave_stubs_that_the_report_and_the_answers_name() {
    let place = Place::new();
    let report = place.import_fixtures(&[ARCHIVES[0]]);
    let stubs = ["model:credit-risk-scorer@2", "model:credit-risk-scorer@3"].map(str::to_owned);
    assert_eq!(report.unresolved, (2, stubs.to_vec()));
    let answer = place.answer(
        "find dataset upstream of inference:$hash",
        &[("hash", "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504")],
    );
    assert_eq!(answer.rows.len(), 0);
    let reasons: Vec<String> =
        answer.completeness.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(
        reasons[0].starts_with("model:credit-risk-scorer@3 is only referred to"),
        "{reasons:?}"
    );
}

/// Every file of a medium.
fn files(storage: &MemoryStorage) -> BTreeMap<String, Vec<u8>> {
    let read = |path: String| {
        let bytes = storage.read(&path).unwrap().unwrap().to_vec();
        (path, bytes)
    };
    storage.paths().into_iter().map(read).collect()
}

/// A report without what only a written import has.
fn counted(report: &Report) -> Json {
    let mut json = report.to_json();
    for name in ["import", "commits", "dry_run", "unresolved", "unresolved_first"] {
        json.as_object_mut().unwrap().remove(name).unwrap();
    }
    json
}

#[test]
fn a_rehearsal_writes_nothing_and_counts_the_same() {
    let cuts = [
        Limits::default(),
        // Each file a transaction of its own: what one brought the next one knows.
        Limits { group_files: 1, ..Limits::default() },
        Limits { small_file_bytes: 0, stretch_lines: 50, ..Limits::default() },
    ];
    for limits in cuts {
        let storage = MemoryStorage::new();
        let place = Place::on(Arc::new(storage.clone()));
        let untouched = files(&storage);
        let paths: Vec<PathBuf> = everything().into_iter().map(fixture).collect();
        let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
        let dry = ImportOptions { dry_run: true, limits, ..ImportOptions::default() };
        let rehearsed = place.import_with(&paths, &dry);
        assert_eq!((rehearsed.import, rehearsed.commits, rehearsed.dry_run), (None, 0, true));
        assert_eq!(files(&storage), untouched);
        let done = place.import_with(&paths, &ImportOptions { dry_run: false, ..dry.clone() });
        let (rehearsed, done) = (counted(&rehearsed), counted(&done));
        for (name, count) in done.as_object().unwrap() {
            assert_eq!(&rehearsed[name], count, "{name} with {limits:?}");
        }
        // A rehearsal of what is known counts nothing, as an import would.
        let rehearsed = place.import_with(&paths, &dry);
        assert!(rehearsed.sources.iter().all(|source| source.files_known == source.files));
    }
}

#[test]
fn one_broken_line_refuses_a_strict_import_as_a_whole() {
    let storage = MemoryStorage::new();
    let place = Place::on(Arc::new(storage.clone()));
    let untouched = files(&storage);
    let strict = ImportOptions { strict: true, ..ImportOptions::default() };
    let paths = [fixture(DATABASE), fixture(ARCHIVES[1]), fixture(ARCHIVES[0])];
    let paths: Vec<_> = paths.iter().map(PathBuf::as_path).collect();
    let Err(Error::Strict { count: 1, first }) = place.try_import(&paths, &strict) else {
        panic!("a strict import is refused");
    };
    assert!(first.starts_with("dt=20251103/hour=16/archive_"), "{first}");
    assert!(first.contains("line 1, byte 0: the line is no whole JSON value"), "{first}");
    assert_eq!(files(&storage), untouched);
    assert_eq!(place.store.commit(), 0);
    // Without the broken file it goes through.
    let report = place.import_with(&paths[..2], &strict);
    assert_eq!((report.events, report.commits), (300, 2));
}
