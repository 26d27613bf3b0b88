//! What lies beside what was found is found too; what is nothing is passed over, or said if it is
//! all there is.

use lineal_import::Error;
use lineal_import::mlflow;
use lineal_tests::place::{ARCHIVES, DATABASE, Place, fixture};
use std::path::Path;

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(from, to).unwrap();
        return;
    }
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

/// What a folder of these fixtures at these places is taken for: label and form of each source.
fn found(layout: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("team");
    for (name, place) in layout {
        copy(&fixture(name), &top.join(place));
    }
    let report = Place::new().import(&[&top]);
    let sources = report.sources.iter();
    sources.map(|source| (source.label.clone(), source.form.clone())).collect()
}

fn named(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn logs_beside_a_file_store_are_imported_with_it() {
    let sources = found(&[("mlflow-2.9-file/mlruns", "mlruns"), (ARCHIVES[1], "")]);
    assert_eq!(sources, named(&[("team/mlruns", "mlflow-file"), ("team", "datadog-logs")]));
}

#[test]
fn logs_beside_a_database_and_its_artifacts_are_imported_with_it() {
    let artifacts = "mlflow-3.17-file/mlruns/0/meta.yaml";
    let sources = found(&[
        (DATABASE, "mlflow.db"),
        (ARCHIVES[1], "logs"),
        (artifacts, "mlartifacts/1/4cf1c180887a4e388881bec9652668c5/artifacts/model/MLmodel"),
    ]);
    assert_eq!(sources, named(&[("team/mlflow.db", "mlflow-sqlite"), ("logs", "datadog-logs")]));
}

#[test]
fn a_database_of_another_name_is_found_in_its_folder() {
    assert_eq!(found(&[(DATABASE, "prod.db")]), named(&[("prod.db", "mlflow-sqlite")]));
    assert_eq!(
        found(&[(DATABASE, "a/tracking.sqlite"), ("mlflow-2.9-file/mlruns", "b/mlruns")]),
        named(&[("tracking.sqlite", "mlflow-sqlite"), ("b/mlruns", "mlflow-file")])
    );
}

#[test]
fn bodies_of_the_rest_api_below_loose_log_files_are_found() {
    let file =
        "dt=20251103/hour=14/archive_141503.3177.2834da45-cf0b-414e-a6c4-97bd4e210278.json.gz";
    let sources =
        found(&[(&format!("{}/{file}", ARCHIVES[1]), "day.json.gz"), ("rest-3.17", "rest")]);
    assert_eq!(sources, named(&[("rest", "mlflow-rest"), ("team", "datadog-logs")]));
}

#[test]
fn another_programs_database_is_passed_over_beside_a_store_and_named_alone() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("invoices.db");
    let database = rusqlite::Connection::open(&other).unwrap();
    database.execute_batch("create table invoices(id)").unwrap();
    drop(database);
    let Err(Error::Mlflow(mlflow::Error::NotMlflow { path, .. })) =
        Place::new().try_import(&[folder.path()], &lineal_import::ImportOptions::default())
    else {
        panic!("there is nothing else, so it is named");
    };
    assert_eq!(path, other);
    copy(&fixture(DATABASE), &folder.path().join("mlflow.db"));
    let report = Place::new().import(&[folder.path()]);
    assert_eq!(report.sources.len(), 1);
    let names: Vec<&str> = report.no_source.named.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((report.no_source.files, names), (1, vec!["invoices.db"]));
}

#[test]
fn what_belongs_to_a_store_is_no_file_of_no_source() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    let artifact = fixture("mlflow-3.17-file/mlruns/0/meta.yaml");
    copy(&fixture(DATABASE), &top.join("mlflow.db"));
    copy(&artifact, &top.join("mlflow.db-wal.txt"));
    copy(&artifact, &top.join("mlartifacts/1/4cf1/artifacts/model/MLmodel"));
    copy(&fixture("mlflow-2.9-file/mlruns"), &top.join("old/mlruns"));
    copy(&fixture("export-import-2.9"), &top.join("export"));
    copy(&fixture("rest-3.17"), &top.join("rest"));
    copy(&fixture(ARCHIVES[1]), &top.join("logs"));
    copy(&artifact, &top.join("rest/notes.md"));
    let none = Place::new().import(&[top]).no_source;
    let names: Vec<&str> = none.named.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["mlflow.db-wal.txt", "rest/notes.md"]);
}
