//! Events of OpenLineage: what one run's events say together, whatever their order and files, and
//! that nothing of earlier events is lost behind later ones.

use lineal_import::ImportOptions;
use lineal_tests::place::{Place, fixture};
use serde_json::{Value as Json, json};
use std::path::PathBuf;

const RUN: &str = "0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d";
const QUESTIONS: [&str; 6] = [
    "find run as r return r, r.name, r.status, r.started, r.ended, r.conflict",
    "find run as r used dataset as d return r, d, d.version",
    "find dataset as d produced_by run as r return d, r, d.schema",
    "find run as r in_experiment experiment as j return r, j.name",
    "find dataset upstream of dataset:report",
    "find run as r child_of run as p return r, p",
];

fn dataset(name: &str) -> Json {
    json!({ "namespace": "s3://bank", "name": name, "facets": {} })
}

fn event(run: u8, kind: &str, minute: u8, inputs: &[&str], outputs: &[&str]) -> Json {
    let all = |names: &[&str]| names.iter().map(|name| dataset(name)).collect::<Vec<_>>();
    json!({
        "eventTime": format!("2025-11-03T14:{minute:02}:00Z"), "eventType": kind, "producer": "p",
        "run": { "runId": format!("{}{run:02x}", &RUN[..34]) },
        "job": { "namespace": "credit", "name": format!("job-{}", run % 2) },
        "inputs": all(inputs), "outputs": all(outputs),
    })
}

/// Two runs of one job that make the same data set, one of another that reads it. Inputs are named
/// by some events only; the columns change.
fn events() -> Vec<Json> {
    let mut all = vec![
        event(1, "START", 0, &["a"], &[]),
        event(1, "RUNNING", 1, &["b"], &[]),
        event(1, "RUNNING", 2, &["c"], &[]),
        event(1, "COMPLETE", 3, &[], &["table"]),
        event(3, "START", 4, &["b"], &["table"]),
        event(3, "FAIL", 5, &[], &[]),
        event(2, "COMPLETE", 7, &["table"], &["report", "table"]),
        event(2, "START", 6, &["table"], &[]),
    ];
    for (number, column) in [(3, "old"), (6, "new")] {
        let schema = json!({ "schema": { "fields": [{ "name": column, "type": "int" }] } });
        all[number]["outputs"].as_array_mut().unwrap().last_mut().unwrap()["facets"] = schema;
    }
    all[0]["run"]["facets"] = json!({ "parent": { "run": { "runId": RUN }, "job": { "namespace": "credit", "name": "dag" } } });
    all
}

fn answers(place: &Place) -> Vec<Vec<Vec<String>>> {
    let sorted = |text: &&str| {
        let mut rows = place.rows(text);
        rows.sort_unstable();
        rows
    };
    QUESTIONS.iter().map(sorted).collect()
}

fn file(folder: &tempfile::TempDir, number: usize, events: &[Json]) -> PathBuf {
    let path = folder.path().join(format!("{number}.ndjson"));
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    std::fs::write(&path, lines).unwrap();
    path
}

#[test]
fn events_in_any_order_and_any_files_give_the_same_answers() {
    let (folder, events) = (tempfile::tempdir().unwrap(), events());
    let together = Place::new();
    let report = together.import(&[&file(&folder, 100, &events)]);
    assert_eq!((report.counts().accepted, report.counts().rejected), (8, 0));
    assert_eq!(report.sources[0].form, "openlineage");
    let expected = answers(&together);
    assert_eq!(expected[0].len(), 4, "three runs and a parent: {expected:?}");
    assert_eq!(expected[1].len(), 5, "all that any event of a run named: {expected:?}");
    assert_eq!(expected[2].len(), 4, "made by three runs, and the report: {expected:?}");
    // One after another: forwards, backwards, odd ones first.
    let odd_first: Vec<usize> =
        (0..8).filter(|n| n % 2 == 1).chain((0..8).filter(|n| n % 2 == 0)).collect();
    for order in [(0..8).collect::<Vec<_>>(), (0..8).rev().collect(), odd_first] {
        let place = Place::new();
        for number in &order {
            place.import(&[&file(&folder, *number, &events[*number..=*number])]);
        }
        assert_eq!(answers(&place), expected, "in the order {order:?}");
        let again = place.import(&[&file(&folder, 100, &events)]);
        assert_eq!((again.counts().duplicate, again.counts().accepted), (8, 0), "known one by one");
        assert_eq!(answers(&place), expected, "after all of them again");
    }
    let again = together.import(&[&file(&folder, 100, &events)]);
    assert!(again.brought_nothing() && again.sources[0].files_known == 1);
}

#[test]
fn what_the_stock_client_wrote_is_recognised_and_answers() {
    let place = Place::new();
    let report = place.import(&[&fixture("openlineage-client-1.54")]);
    let counts = report.counts();
    assert_eq!((counts.read, counts.accepted, counts.rejected), (3, 3, 0), "{report:?}");
    assert_eq!(
        place.rows("find run as r in_experiment experiment as j return r.status, j.name"),
        [["FINISHED", "train.credit-lr"]]
    );
    assert_eq!(
        place.column("find dataset upstream of dataset:\"credit-risk-scorer/2\" return name"),
        ["credit/applications_2025q3.parquet"]
    );
    let code = place.column("find code upstream of dataset:\"credit-risk-scorer/2\" return commit");
    assert_eq!(code, ["deadbeef"]);
}

#[test]
fn retracting_a_file_takes_back_what_it_alone_said() {
    let (folder, mut events) = (tempfile::tempdir().unwrap(), events());
    // What makes the report is in the first file, so that all questions name what is there.
    events.rotate_right(2);
    let place = Place::new();
    place.import(&[&file(&folder, 0, &events[..2])]);
    let before = answers(&place);
    let more = place.import(&[&file(&folder, 1, &events[2..])]).import.unwrap();
    assert_ne!(answers(&place), before);
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(more, false, None).unwrap();
    transaction.commit().unwrap();
    assert_eq!(answers(&place), before);
}

#[test]
fn people_are_sealed_and_a_bad_line_is_told_with_its_place() {
    let (folder, mut events) = (tempfile::tempdir().unwrap(), events());
    events.truncate(3);
    let owners =
        json!({ "ownership": { "owners": [{ "name": "maria.keller", "type": "OWNER" }] } });
    events[0]["job"]["facets"] = owners;
    events[1]["run"]["runId"] = json!("{{ any(result) }}");
    let place = Place::new();
    let path = file(&folder, 0, &events);
    let report = place.import(&[&path]);
    let [reject] = report.sources[0].rejects.as_slice() else { panic!("{report:?}") };
    assert_eq!((reject.at.file.as_str(), reject.at.line), ("0.ndjson", 2));
    assert!(reject.reason.contains("8-4-4-4-12"), "{}", reject.reason);
    assert_eq!((report.counts().read, report.counts().accepted), (3, 2));
    assert_eq!(place.column("find actor return name"), ["maria.keller"]);
    let strict = ImportOptions { strict: true, ..ImportOptions::default() };
    let refused = Place::new().try_import(&[&path], &strict).unwrap_err().to_string();
    assert!(refused.contains("0.ndjson, line 2"), "{refused}");
    let dry = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let rehearsed = Place::new().import_with(&[&path], &dry);
    assert_eq!(rehearsed.counts(), report.counts(), "a dry run counts alike");
}

#[test]
fn events_stand_beside_stores_and_logs_in_one_folder() {
    let (folder, place) = (tempfile::tempdir().unwrap(), Place::new());
    file(&folder, 0, &events());
    std::fs::write(
        folder.path().join("log.ndjson"),
        "{\"_id\":\"a\",\"date\":\"2025-11-03T14:00:00Z\",\"message\":\"m\",\"attributes\":{}}\n",
    )
    .unwrap();
    let report = place.import(&[folder.path()]);
    let forms: Vec<&str> = report.sources.iter().map(|source| source.form.as_str()).collect();
    assert_eq!(forms, ["openlineage", "datadog-logs"]);
    assert_eq!(report.sources[1].files, 1, "each file is one source");
}
