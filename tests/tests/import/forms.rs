//! One store in two forms: a chain for each, the fuller one believed, nothing hidden or doubled.

use lineal_engine::schema::Kind;
use lineal_tests::place::{DATABASE, Place};
use lineal_tests::sample;
use std::collections::BTreeSet;

const REST: &str = "rest-3.17";

/// What is said of nodes, without who says it.
fn said(place: &Place) -> BTreeSet<String> {
    let mut lines = sample::answers(&place.view());
    lines.retain(|line| !line.contains(" from mlflow-") && !line.contains(" source = "));
    lines
}

#[test]
fn database_and_rest_bodies_of_one_server_are_one_set_of_nodes_with_two_chains() {
    let (database, rest, both) = (Place::new(), Place::new(), Place::new());
    database.import_fixtures(&[DATABASE]);
    rest.import_fixtures(&[REST]);
    let report = both.import_fixtures(&[DATABASE, REST]);
    assert_eq!((report.commits, report.import), (2, Some(1)));
    assert_eq!(report.sources[0].source, report.sources[1].source);

    let (view, alone) = (both.view(), database.view());
    let known = |view: &lineal_engine::Snapshot| {
        let imports = u32::try_from(view.nodes_of(Kind::Import).len()).unwrap();
        view.node_count() - imports
    };
    assert_eq!(known(&view), known(&alone), "the bodies bring no node of their own");
    let mut by_forms = [0; 3];
    for node in (0..view.node_count()).filter(|node| view.kind_of(*node) != Kind::Import) {
        let forms: Vec<&str> = view.sources_of(node).iter().map(|(_, form)| *form).collect();
        match forms[..] {
            ["mlflow-sqlite", "mlflow-rest"] => by_forms[0] += 1,
            ["mlflow-sqlite"] => by_forms[1] += 1,
            _ => by_forms[2] += 1,
        }
    }
    // 73 nodes of the database, of which the bodies lack the deleted version.
    assert_eq!(by_forms, [72, 1, 0]);
    // Nothing that the database says is hidden by the thinner form.
    let (mine, alone) = (said(&both), said(&database));
    let hidden: Vec<_> = alone.difference(&mine).collect();
    assert_eq!(hidden, [] as [&String; 0]);
    // What comes on top is said by the bodies alone, or is where the two disagree.
    let own = said(&rest);
    let strange: Vec<_> = mine
        .difference(&alone)
        .filter(|line| !own.contains(*line) && !line.contains(" conflict = "))
        .collect();
    assert_eq!(strange, [] as [&String; 0]);
}

#[test]
fn the_order_of_forms_does_not_matter() {
    let (one, other) = (Place::new(), Place::new());
    one.import_fixtures(&[DATABASE]);
    one.import_fixtures(&[REST]);
    other.import_fixtures(&[REST]);
    other.import_fixtures(&[DATABASE]);
    assert_eq!(sample::answers(&one.view()), sample::answers(&other.view()));
}

#[test]
fn the_exports_of_2_9_are_two_trainings_and_stay_apart() {
    // Another server each: by the creation time of their default experiment they are two sources,
    // so that equal names in both are two things.
    let place = Place::new();
    let report = place.import_fixtures(&["mlflow-2.9-file/mlruns", "export-import-2.9"]);
    assert_ne!(report.sources[0].source, report.sources[1].source);
    assert_eq!(
        place.column("find model where name = \"credit-risk-scorer\" and version = \"2\"").len(),
        2
    );
    // A scan leaves out what is deleted: two runs of the first.
    assert_eq!(place.column("find run").len(), 11 + 11);
}

#[test]
fn deleted_things_are_there_and_flagged() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE]);
    assert_eq!(place.column("find run where deleted = true").len(), 2);
    assert_eq!(place.column("find experiment where deleted = true").len(), 1);
    assert_eq!(place.column("find model where deleted = true"), ["model:credit-risk-scorer@5"]);
    let view = place.view();
    let flagged = (0..view.node_count()).filter(|node| view.is_deleted(*node)).count();
    assert_eq!(flagged, 4);
}

#[test]
fn a_run_without_a_recorded_data_set_says_what_was_found_instead() {
    // A file store as many are: no input was logged, but a parameter names the data.
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("mlruns/0/4cf1c180887a4e388881bec9652668c5");
    for part in ["params", "tags", "metrics", "artifacts"] {
        std::fs::create_dir_all(run.join(part)).unwrap();
    }
    let experiment = "artifact_location: mlruns/0\ncreation_time: 1760000000000\nexperiment_id: '0'\n\
                      last_update_time: 1760000000000\nlifecycle_stage: active\nname: Default\n";
    std::fs::write(folder.path().join("mlruns/0/meta.yaml"), experiment).unwrap();
    let about = "artifact_uri: mlruns/0/4cf1c180887a4e388881bec9652668c5/artifacts\nend_time: 1760000009000\n\
                 entry_point_name: ''\nexperiment_id: '0'\nlifecycle_stage: active\nrun_id: 4cf1c180887a4e388881bec9652668c5\n\
                 run_name: own\nrun_uuid: 4cf1c180887a4e388881bec9652668c5\nsource_name: ''\nsource_type: 4\n\
                 source_version: ''\nstart_time: 1760000000000\nstatus: 3\ntags: []\nuser_id: root\n";
    std::fs::write(run.join("meta.yaml"), about).unwrap();
    std::fs::write(run.join("params/data_path"), "s3://bank/loans.parquet").unwrap();
    let place = Place::new();
    let report = place.import(&[folder.path()]);
    assert_eq!(report.runs_without_input, (1, 1));
    let instead = report.instead.clone().expect("hints");
    assert_eq!(instead.run, "4cf1c180887a4e388881bec9652668c5");
    assert_eq!(instead.found, ["param data_path = s3://bank/loans.parquet"]);
    assert_eq!(instead.form, "mlflow-file");
    let rows = place.column("find run return input_hints");
    assert_eq!(rows, ["param data_path = s3://bank/loans.parquet"]);
}
