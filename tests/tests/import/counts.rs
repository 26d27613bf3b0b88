//! Each export against counts that another program made (tests/fixtures/README.md).

use lineal_engine::schema::Kind;
use lineal_import::Report;
use lineal_proof::record::Counts;
use lineal_tests::place::{ARCHIVES, Place};
use std::collections::BTreeMap;

/// Nodes that are described, by kind: known, deleted. Imports and batches are left out.
fn nodes(place: &Place) -> BTreeMap<&'static str, (usize, usize)> {
    let view = place.view();
    let mut nodes = BTreeMap::new();
    for node in (0..view.node_count()).filter(|node| !view.is_missing(*node)) {
        let kind = view.kind_of(node);
        if !matches!(kind, Kind::Import | Kind::Batch) {
            let (known, deleted) = nodes.entry(kind.name()).or_default();
            *known += 1;
            *deleted += usize::from(view.is_deleted(node));
        }
    }
    nodes
}

/// What the report says was recorded is what the view holds.
fn assert_agree(place: &Place, report: &Report) {
    let recorded: BTreeMap<&str, u64> =
        report.nodes.iter().map(|(kind, (new, _))| (*kind, *new)).collect();
    let held: BTreeMap<&str, u64> =
        nodes(place).into_iter().map(|(kind, (known, _))| (kind, known as u64)).collect();
    assert_eq!(recorded, held);
}

fn import(name: &str) -> (Place, Report) {
    let place = Place::new();
    let report = place.import_fixtures(&[name]);
    assert_eq!((report.commits, report.import), (1, Some(1)));
    assert_agree(&place, &report);
    (place, report)
}

/// Counts where everything that was read is new or skipped.
fn counts(accepted: u64, skipped: u64) -> Counts {
    Counts { read: accepted + skipped, accepted, skipped, ..Counts::default() }
}

/// What all stores of the two trainings share: 5 experiments (1 deleted), 13 runs (2 deleted),
/// 15 data sets; two people (the reviewer and the pipeline's account; `root` is nobody), seven
/// approvals and reviews from tags, one system named by a tag.
const SHARED: [(&str, (usize, usize)); 6] = [
    ("actor", (2, 0)),
    ("approval", (7, 0)),
    ("dataset", (15, 0)),
    ("experiment", (5, 1)),
    ("run", (13, 2)),
    ("system", (1, 0)),
];

fn with(
    shared: &[(&'static str, (usize, usize))],
    own: &[(&'static str, (usize, usize))],
) -> BTreeMap<&'static str, (usize, usize)> {
    shared.iter().chain(own).copied().collect()
}

#[test]
fn the_database_of_3_17() {
    let (place, report) = import("mlflow-3.17-sqlite/mlflow.db");
    // 10 logged models and 8 versions, one of which is of a prompt and no model; one risk
    // assessment named by tags; a figure on a data set is an evaluation.
    let own = [("document", (1, 0)), ("evaluation", (12, 0)), ("model", (17, 1))];
    assert_eq!(nodes(&place), with(&SHARED, &own));
    // Skipped: the prompt and its version, the name without versions, 5 traces, 1 assessment.
    assert_eq!(report.counts(), counts(73, 9));
    assert_eq!(report.runs_without_input, (6, 13));
}

#[test]
fn the_file_store_of_3_17() {
    let (place, report) = import("mlflow-3.17-file");
    // The artifacts lie beside: two documents in each of seven runs. Assessments of traces are
    // not looked for in files.
    let own = [("document", (15, 0)), ("evaluation", (12, 0)), ("model", (17, 1))];
    assert_eq!(nodes(&place), with(&SHARED, &own));
    assert_eq!(report.counts(), counts(87, 8));
    assert_eq!(report.sources[0].files, 515);
}

#[test]
fn the_file_store_of_2_9() {
    let (place, report) = import("mlflow-2.9-file/mlruns");
    // 7 versions, and the 7 models that runs logged, known by a tag of the run before MLflow 3;
    // no figures on data sets, no prompts, no traces.
    let own = [("document", (15, 0)), ("model", (14, 1))];
    assert_eq!(nodes(&place), with(&SHARED, &own));
    assert_eq!(report.counts(), counts(72, 1));
}

#[test]
fn a_thing_that_a_source_speaks_of_more_than_once_is_counted_once() {
    let place = Place::new();
    let report = place.import_fixtures(&["openlineage-client-1.54"]);
    let runs = place.column("find run where missing = false return id").len() as u64;
    assert_eq!(report.nodes["run"], (runs, 0), "{report:?}");
    // A start and an end of one run are two statements of it.
    let event = |kind: &str, minute| {
        serde_json::json!({
            "eventType": kind, "eventTime": format!("2026-03-01T00:0{minute}:00Z"),
            "run": { "runId": "0190a1b2-aaaa-7bbb-8ccc-000000000001" },
            "job": { "namespace": "n", "name": "train" }, "inputs": [], "outputs": [],
            "producer": "https://x",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    let events = format!("{}\n{}\n", event("START", 0), event("COMPLETE", 5));
    std::fs::write(&path, events).unwrap();
    let place = Place::new();
    let report = place.import(&[&path]);
    assert_eq!(report.nodes["run"], (1, 0), "{report:?}");
    assert_eq!(place.column("find run return id").len(), 1);
}

#[test]
fn the_rest_bodies_of_3_17() {
    let (place, report) = import("rest-3.17");
    // The REST API does not list versions that are deleted, nor prompts.
    let own = [("document", (1, 0)), ("evaluation", (12, 0)), ("model", (16, 0))];
    assert_eq!(nodes(&place), with(&SHARED, &own));
    assert_eq!(report.counts(), counts(72, 1));
}

#[test]
fn the_export_of_2_9() {
    let (place, report) = import("export-import-2.9");
    // What is deleted is not exported, nor are data sets: 4 experiments, 11 runs, 5 versions and
    // the 7 models that runs logged.
    let expected = [
        ("actor", (2, 0)),
        ("approval", (7, 0)),
        ("document", (15, 0)),
        ("experiment", (4, 0)),
        ("model", (12, 0)),
        ("run", (11, 0)),
        ("system", (1, 0)),
    ];
    assert_eq!(nodes(&place), with(&expected, &[]));
    assert_eq!(report.counts(), counts(52, 1));
    assert_eq!(report.runs_without_input, (11, 11));
    assert_eq!(report.sources[0].warnings.len(), 1);
}

#[test]
fn the_archives_hold_the_same_events_in_three_forms() {
    for name in ARCHIVES {
        let place = Place::new();
        let report = place.import_fixtures(&[name]);
        // 310 lines of 300 events, ten of them uploaded twice; three lines of something else; and
        // in the first form one file whose only line is cut short.
        let broken = u64::from(name == ARCHIVES[0]);
        let expected = Counts {
            read: 313 + broken,
            accepted: 300,
            duplicate: 10,
            rejected: broken,
            skipped: 3,
            suppressed: 0,
        };
        assert_eq!(report.counts(), expected, "{name}");
        assert_eq!((report.events, report.conflicts), (300, 0), "{name}");
        assert_eq!(report.sources[0].files, 2 + broken, "{name}");
        // Each file counts its people, deployments and systems; the view has them once: three
        // reviewers, a system, versions 2 and 3 behind one endpoint.
        let expected =
            [("actor", (3, 0)), ("deployment", (2, 0)), ("system", (1, 0))].into_iter().collect();
        assert_eq!(nodes(&place), expected, "{name}");
        assert_agree(&place, &report);
        let served = place
            .rows("find deployment return model_version, events, overrides order by model_version");
        let (second, third) = (["2", "270", "16"], ["3", "30", "2"]);
        assert_eq!(served, [second.map(str::to_owned).to_vec(), third.map(str::to_owned).to_vec()]);
    }
}

#[test]
fn a_broken_line_is_named_with_its_place_and_takes_nothing_with_it() {
    let place = Place::new();
    let report = place.import_fixtures(&[ARCHIVES[0]]);
    let [reject] = &report.sources[0].rejects[..] else { panic!("one reject") };
    assert!(reject.at.file.starts_with("dt=20251103/hour=16/"), "{}", reject.at.file);
    assert_eq!((reject.at.line, reject.at.byte), (1, 0));
    assert!(reject.reason.contains("ends at byte 200"), "{}", reject.reason);
}

#[test]
fn pages_of_the_logs_api_hold_no_article_12_events_and_say_so() {
    let place = Place::new();
    let report = place.import_fixtures(&["datadog-logs-api-v2"]);
    // Five recorded answers, three logs in all, one page empty.
    assert_eq!(report.counts(), counts(0, 3));
    assert_eq!((report.sources[0].files, report.events), (5, 0));
    assert_eq!(nodes(&place), BTreeMap::new());
    // Two of them name a page behind them.
    let told = &report.sources[0].warnings;
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["Search_logs_with_pagination.0.json", "`meta.page.after`", "2 of 5 files of pages"]
    {
        assert!(told[0].contains(part), "{part} in {told:?}");
    }
}
