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

#[test]
fn a_body_of_the_rest_api_takes_nothing_but_bodies() {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("team");
    copy(&fixture("rest-3.17"), &top);
    copy(&fixture("exchange/dvc/dvc.lock"), &top.join("dvc.lock"));
    copy(&fixture(ARCHIVES[1]), &top.join("logs"));
    std::fs::write(top.join("other.json"), r#"{"runs":[{"id":"a"}]}"#).unwrap();
    let alone = Place::new().import(&[&fixture("rest-3.17")]);
    let report = Place::new().import(&[&top]);
    let mut forms: Vec<&str> = report.sources.iter().map(|source| source.form.as_str()).collect();
    forms.sort_unstable();
    assert_eq!(forms, ["datadog-logs", "dvc", "mlflow-rest"]);
    let of_rest = |report: &lineal_import::Report| {
        report.sources.iter().find(|source| source.form == "mlflow-rest").unwrap().counts
    };
    assert_eq!(of_rest(&report), of_rest(&alone), "it is what it is by itself");
    let logs = report.sources.iter().find(|source| source.form == "datadog-logs").unwrap();
    assert_eq!(
        logs.no_logs.names,
        ["other.json"],
        "what nothing takes is told where it was looked for"
    );
    // What is called so and is none makes no folder one.
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("empty.json"), r#"{"experiments":[]}"#).unwrap();
    std::fs::write(other.path().join("other.json"), r#"{"runs":[{"id":"a"}]}"#).unwrap();
    copy(&fixture(ARCHIVES[1]), &other.path().join("logs"));
    let report = Place::new().import(&[other.path()]);
    assert_eq!(report.sources.len(), 1, "{report:?}");
    assert_eq!(report.sources[0].no_logs.files, 2);
}

#[test]
fn an_answer_that_is_no_page_of_logs_is_nothing_until_its_envelope_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.json");
    let other = r#"{"meta":{"page":1},"data":{"customers":[{"name":"x"}]}}"#;
    std::fs::write(&path, other).unwrap();
    let refused = Place::new().try_import(&[&path], &lineal_import::ImportOptions::default());
    assert!(matches!(refused, Err(Error::NothingRecognised { .. })), "{refused:?}");
    let answer = r#"{"meta":{"endpoint":{"name":"tasks.get_all"}},"data":{"tasks":[
        {"id":"d1","name":"icu","type":"data_processing","status":"completed","execution":{}}]}}"#;
    std::fs::write(&path, answer).unwrap();
    let report = Place::new().import(&[&path]);
    assert_eq!(report.sources[0].form, "clearml");
}

#[test]
fn a_folder_that_is_a_store_itself_takes_its_own_alone() {
    for (store, below, form) in [
        ("mlflow-2.9-file/mlruns", "", "mlflow-file"),
        ("export-import-2.9", "", "mlflow-export-import"),
        ("mlflow-2.9-file/mlruns", "mlruns", "mlflow-file"),
    ] {
        let mut forms: Vec<String> =
            found(&[(store, below), ("exchange/dvc/dvc.lock", "dvc.lock"), (ARCHIVES[1], "logs")])
                .into_iter()
                .map(|(_, form)| form)
                .collect();
        forms.sort_unstable();
        assert_eq!(forms, ["datadog-logs", "dvc", form], "{store} at {below:?}");
    }
}

#[test]
fn a_task_of_clearml_is_known_without_its_script() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answer.json");
    let task = r#"{"id":"d1","name":"icu","type":"data_processing","status":"completed",
        "system_tags":["dataset"],"execution":{"artifacts":[]},"created":"2026-09-01T10:00:00+00:00"}"#;
    let few = r#"{"id":"d1","name":"icu","type":"data_processing","system_tags":["dataset"],
        "created":"2026-09-01T10:00:00+00:00"}"#;
    let in_answer = |task: &str| {
        format!(
            r#"{{"meta":{{"endpoint":{{"name":"tasks.get_all"}}}},"data":{{"tasks":[{task}]}}}}"#
        )
    };
    for text in [
        task.to_owned(),
        format!("[{task}]"),
        format!(r#"{{"data":{{"tasks":[{few}]}}}}"#),
        in_answer(few),
    ] {
        std::fs::write(&path, &text).unwrap();
        let place = Place::new();
        let report = place.import(&[&path]);
        assert_eq!(report.sources[0].form, "clearml", "{text}");
        assert_eq!(report.counts().rejected, 0, "{text}: {report:?}");
        assert_eq!(place.column("find dataset return name"), ["icu"], "{text}");
    }
    let other = r#"{"id":"d1","name":"nightly","type":"training","status":"completed"}"#;
    std::fs::write(&path, other).unwrap();
    let refused = Place::new().try_import(&[&path], &lineal_import::ImportOptions::default());
    assert!(matches!(refused, Err(Error::NothingRecognised { .. })), "{refused:?}");
}

#[test]
fn of_what_changed_bodies_are_taken_only_with_one_of_them() {
    let folder = tempfile::tempdir().unwrap();
    copy(&fixture("rest-3.17"), folder.path());
    copy(&fixture("exchange/dvc/dvc.lock"), &folder.path().join("dvc.lock"));
    for (changed, form) in [("dvc.lock", "dvc"), ("runs_search_p1.json", "mlflow-rest")] {
        let only = std::collections::BTreeSet::from([folder.path().join(changed)]);
        let options = lineal_import::ImportOptions { only: Some(only), ..Default::default() };
        let report = Place::new().import_with(&[folder.path()], &options);
        let forms: Vec<&str> = report.sources.iter().map(|source| source.form.as_str()).collect();
        assert_eq!(forms, [form], "{changed}");
    }
}
