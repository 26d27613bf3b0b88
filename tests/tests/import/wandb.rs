//! Answers of W&B's GraphQL, whole: what holds runs and artifacts is found wherever it stands, under the
//! names of its own project, and what is not whole is told.

use lineal_import::{ImportOptions, Report};
use lineal_tests::place::Place;
use serde_json::{Value, json};

const DATA: &str = "9e107d9d372bb6826bd81d3542a419d6";
const MODEL: &str = "e4d909c290d0fb1ca068ffaddf22cbd0";

fn import(place: &Place, document: &Value) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.json");
    std::fs::write(&path, document.to_string()).unwrap();
    place.import(&[&path])
}

fn warnings(report: &Report) -> Vec<&str> {
    report.sources.iter().flat_map(|source| &source.warnings).map(String::as_str).collect()
}

fn artifact(kind: &str, name: &str, digest: &str) -> Value {
    json!({ "node": { "id": "QXJ0", "digest": digest, "versionIndex": 0, "createdAt": "2026-10-01T00:00:00",
        "artifactType": { "name": kind }, "artifactSequence": { "name": name } } })
}

/// A run as GraphQL gives it.
fn run(name: &str, data: &str) -> Value {
    json!({
        "id": "UnVu", "name": name, "displayName": "sunny", "state": "finished",
        "createdAt": "2026-10-01T10:00:00", "heartbeatAt": "2026-10-01T11:00:00",
        "config": "{\"lr\": {\"value\": 0.1}}", "summaryMetrics": "{\"auc\": 0.9}",
        "inputArtifacts": { "edges": [artifact("dataset", "data", data)] },
        "outputArtifacts": { "edges": [artifact("model", "scorer", MODEL)] },
    })
}

fn runs(all: &[Value]) -> Value {
    let edges: Vec<Value> = all.iter().map(|run| json!({ "node": run, "cursor": "c" })).collect();
    json!({ "edges": edges })
}

#[test]
fn an_answer_is_read_wherever_its_runs_stand() {
    let project =
        json!({ "id": "P", "name": "p", "entityName": "e", "runs": runs(&[run("abc", DATA)]) });
    let bare = json!({ "name": "p", "runs": runs(&[run("abc", DATA)]) });
    for document in [
        json!({ "data": { "project": project } }),
        json!({ "project": project }),
        project,
        json!({ "data": { "project": { "name": "p", "entityName": "e", "run": run("abc", DATA) } } }),
        json!({ "data": { "viewer": { "entity": "e", "projects": { "edges": [{ "node": bare }] } } } }),
        json!({ "data": { "entity": { "name": "e", "project": bare } } }),
        json!({ "data": { "entity": { "name": "e", "projects": { "edges": [{ "node": bare }] } } } }),
    ] {
        let place = Place::new();
        let report = import(&place, &document);
        assert_eq!(
            (report.counts().rejected, warnings(&report).len()),
            (0, 0),
            "{document}: {report:?}"
        );
        assert_eq!(place.column("find run as r return r"), ["run:e/p/abc"], "{document}");
        assert_eq!(
            place.rows("find dataset as d used_by run as r return d.name, d.version, d.digest"),
            [["e/p/data", "v0", DATA]],
            "{document}"
        );
        assert_eq!(place.column("find model return name"), ["e/p/scorer"], "{document}");
    }
    // Artifacts stand below their type and collection, which name them.
    let of_collection = json!({ "data": { "project": { "name": "p", "entityName": "e", "artifactType": {
        "name": "dataset", "artifactCollection": { "name": "data", "artifacts": { "edges": [
            { "version": "v3", "node": { "id": "QXJ0", "digest": DATA, "createdAt": "2026-10-01T00:00:00",
                "createdBy": { "__typename": "Run", "name": "abc" } } } ] } } } } } });
    let place = Place::new();
    let report = import(&place, &of_collection);
    assert_eq!((report.counts().rejected, warnings(&report).len()), (0, 0), "{report:?}");
    let made = place.rows("find dataset as d produced_by run as r return d.name, d.version, r");
    assert_eq!(made, [["e/p/data", "v3", "run:e/p/abc"]]);
    // The run is named by W&B, so it is W&B that has it.
    let answer = place.answer("find dataset as d produced_by run as r return r.metrics", &[]);
    let reasons: Vec<String> =
        answer.completeness.reasons.iter().map(ToString::to_string).collect();
    assert!(
        reasons.iter().any(|why| why.contains("an import of the W&B export that holds it")),
        "{reasons:?}"
    );
}

#[test]
fn artifacts_of_two_projects_are_two_whatever_they_are_called() {
    let place = Place::new();
    let other = "0".repeat(32);
    for (name, data) in [("pa", DATA), ("pb", other.as_str())] {
        let page = json!({ "name": name, "entityName": "e", "runs": runs(&[run("abc", data)]) });
        assert!(warnings(&import(&place, &page)).is_empty());
    }
    let mut rows = place.rows("find dataset as d used_by run as r return d.name, d.digest, r");
    rows.sort_unstable();
    assert_eq!(
        rows,
        [["e/pa/data", DATA, "run:e/pa/abc"], ["e/pb/data", other.as_str(), "run:e/pb/abc"]]
    );
}

#[test]
fn a_page_that_is_not_the_last_is_told() {
    let page = |runs: Value| json!({ "data": { "project": { "name": "p", "entityName": "e", "runs": runs } } });
    let mut cut = runs(&[run("abc", DATA)]);
    cut["pageInfo"] = json!({ "endCursor": "x", "hasNextPage": true });
    cut["totalCount"] = json!(5);
    let report = import(&Place::new(), &page(cut.clone()));
    assert_eq!(
        warnings(&report),
        [
            "page.json: the export is not whole: more `runs` follow, says `pageInfo.hasNextPage`: 1 of 5 are here; \
          what the next page holds is here only if that is imported, too"
        ]
    );
    assert_eq!(report.to_json()["sources"][0]["warnings"].as_array().unwrap().len(), 1);
    // The next page in the same file ends it.
    let mut last = runs(&[run("abd", DATA), run("abe", DATA), run("abf", DATA), run("abg", DATA)]);
    last["pageInfo"] = json!({ "hasNextPage": false });
    let report = import(&Place::new(), &json!([page(cut), page(last)]));
    assert!(warnings(&report).is_empty(), "{report:?}");
    // So may what a run read go on.
    let mut one = run("abc", DATA);
    one["inputArtifacts"]["pageInfo"] = json!({ "hasNextPage": true });
    let report = import(&Place::new(), &page(runs(&[one])));
    let told = warnings(&report);
    assert!(told.len() == 1 && told[0].contains("more `inputArtifacts` follow"), "{told:?}");
}

#[test]
fn a_run_without_its_project_goes_by_what_it_gives_and_that_is_told() {
    let one = json!({ "id": "r1", "name": "sunny", "state": "finished", "created_at": "2026-10-01T10:00:00",
        "used_artifacts": [{ "name": "data:v0", "type": "dataset", "digest": DATA }] });
    let place = Place::new();
    let report = import(&place, &json!([one]));
    let told = warnings(&report);
    assert!(told.len() == 1 && told[0].contains("entity or project"), "{told:?}");
    assert_eq!(place.column("find run as r return r"), ["run:r1"]);
    // Its address names the project.
    let mut placed = one;
    placed["url"] = json!("https://wandb.ai/e/p/runs/r1");
    let place = Place::new();
    assert!(warnings(&import(&place, &json!([placed]))).is_empty());
    assert_eq!(place.column("find run as r return r"), ["run:e/p/r1"]);
    assert_eq!(place.column("find dataset return name"), ["e/p/data"]);
}

#[test]
fn an_answer_with_errors_is_rejected_without_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.json");
    let answer = json!({ "errors": [{ "message": "no such project maria" }], "data": null });
    std::fs::write(&path, answer.to_string()).unwrap();
    let options = ImportOptions { form: Some("wandb".to_owned()), ..ImportOptions::default() };
    let report = Place::new().import_with(&[&path], &options);
    let rejects: Vec<&str> =
        report.sources[0].rejects.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(rejects, ["/errors: W&B answered with errors: what they are about is missing here"]);
}

#[test]
fn a_version_in_a_registry_comes_from_the_one_that_it_links() {
    let version =
        |name: &str| json!({ "name": name, "type": "model", "version": "v0", "digest": MODEL });
    let mut linked = version("triage:v0");
    linked["qualified_name"] = json!("org/wandb-registry-model/triage:v0");
    linked["source_qualified_name"] = json!("e/p/scorer:v0");
    let mut own = version("scorer:v0");
    own["qualified_name"] = json!("e/p/scorer:v0");
    own["source_qualified_name"] = json!("e/p/scorer:v0");
    let place = Place::new();
    import(&place, &json!([own, linked]));
    let rows = place.rows("find model as m registered_from model as s return m.name, s.name");
    assert_eq!(rows, [["org/wandb-registry-model/triage", "e/p/scorer"]]);
}

#[test]
fn an_answer_of_graphql_says_what_a_version_is_linked_from() {
    let of = |entity: &str, project: &str, name: &str| json!({ "name": name, "project": { "name": project, "entityName": entity } });
    let mut source = artifact("model", "scorer", MODEL)["node"].clone();
    source["artifactSequence"] = of("e", "p", "scorer");
    let expected = [["org/wandb-registry-model/triage", "v2", "e/p/scorer", "v0"]];
    let question =
        "find model as m registered_from model as s return m.name, m.version, s.name, s.version";
    // As the member of a collection, which counts its versions itself.
    let collection = of("org", "wandb-registry-model", "triage");
    let member =
        json!({ "versionIndex": 2, "artifactCollection": collection, "artifact": source.clone() });
    let page = json!({ "data": { "project": { "name": "wandb-registry-model", "entityName": "org",
        "artifactMembership": member } } });
    // As a version that holds the other.
    let mut linked = artifact("model", "triage", MODEL)["node"].clone();
    linked["artifactSequence"] = of("org", "wandb-registry-model", "triage");
    linked["versionIndex"] = json!(2);
    linked["sourceArtifact"] = source;
    let parts = json!({ "name": "triage:v2", "type": "model", "version": "v2", "digest": MODEL,
        "entity": "org", "project": "wandb-registry-model", "source_entity": "e", "source_project": "p",
        "source_name": "scorer:v0" });
    let own = json!({ "name": "scorer:v0", "type": "model", "version": "v0", "digest": MODEL,
        "entity": "e", "project": "p" });
    for document in [page, json!([linked]), json!([own, parts])] {
        let place = Place::new();
        let report = import_as(&place, &document);
        assert_eq!(report.counts().rejected, 0, "{document}: {report:?}");
        assert_eq!(place.rows(question), expected, "{document}");
    }
}

/// Imports it as W&B's, whether it is known for that or not.
fn import_as(place: &Place, document: &Value) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.json");
    std::fs::write(&path, document.to_string()).unwrap();
    let options = ImportOptions { form: Some("wandb".to_owned()), ..ImportOptions::default() };
    place.import_with(&[&path], &options)
}

#[test]
fn artifacts_that_are_given_by_name_alone_are_the_versions_of_that_name() {
    let run = json!({ "id": "r1", "name": "sunny", "state": "finished", "entity": "e", "project": "p",
        "created_at": "2026-10-01T10:00:00", "config": {}, "summary": {},
        "used_artifacts": ["e/other/train-data:v3", "p/test-data:v1", "own:v0"],
        "logged_artifacts": ["scorer-model:v0", 7] });
    let place = Place::new();
    let report = import(&place, &json!({ "runs": [run.clone()] }));
    let rejects: Vec<&str> =
        report.sources[0].rejects.iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(rejects, ["/runs/0/logged_artifacts/1: a JSON object was expected"]);
    assert_eq!(report.sources[0].form, "wandb");
    let told = warnings(&report);
    assert!(told.len() == 1 && told[0].contains("given by name alone"), "{told:?}");
    let mut used = place.rows("find dataset as d used_by run as r return d.name, d.version, r");
    used.sort_unstable();
    let by = "run:e/p/r1";
    assert_eq!(
        used,
        [["e/other/train-data", "v3", by], ["e/p/own", "v0", by], ["e/p/test-data", "v1", by]]
    );
    let made = place.rows("find model as m produced_by run as r return m.name, m.version, r");
    assert_eq!(made, [["e/p/scorer-model", "v0", by]]);
    // What else the file says of one tells its kind, wherever it stands.
    let mut whole = run;
    whole["used_artifacts"] = json!(["own:v0"]);
    whole["logged_artifacts"] = json!([]);
    let own = json!({ "name": "own:v0", "type": "model", "version": "v0", "digest": MODEL,
        "entity": "e", "project": "p" });
    let place = Place::new();
    let report = import(&place, &json!([whole, own]));
    assert!(warnings(&report).is_empty(), "{report:?}");
    let used = place.rows("find model as m used_by run as r return m.name, m.digest");
    assert_eq!(used, [["e/p/own", MODEL]]);
}

#[test]
fn each_figure_of_a_summary_is_kept_or_counted_with_its_reason() {
    let run = r#"{"id":"r1","name":"sunny","state":"finished","entity":"e","project":"p",
        "created_at":"2026-10-01T10:00:00","config":{},
        "summary":{"acc":0.9,"loss":{"min":0.125,"last":0.5},"converged":true,"low":-1e400,"none":null,
            "shape":[1,2],"chart":{"_type":"histogram","values":[1]},"_wandb":{"runtime":5}},
        "history":[{"_step":0,"acc":0.5,"ok":false,"by":{"class":0.25},"note":"a word"}]}"#;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("runs.json");
    let unreadable = r#"{"id":"r2","name":"dull","state":"finished","entity":"e","project":"p",
        "created_at":"2026-10-01T10:00:00","config":{},"summary":"{\"acc\": "}"#;
    std::fs::write(&path, format!(r#"{{"runs":[{run},{unreadable}]}}"#)).unwrap();
    let place = Place::new();
    let report = place.import(&[&path]);
    let figures = place.rows("find run where name = \"sunny\" return metrics")[0][0].clone();
    for part in ["acc", "loss.min", "0.125", "loss.last", "0.5", "converged", "low", "-1e", "400"] {
        assert!(figures.contains(part), "{part} in {figures}");
    }
    assert!(!figures.contains("_wandb") && !figures.contains("chart"), "{figures}");
    let skipped: Vec<(&str, u64)> =
        report.sources[0].skipped.iter().map(|(why, count)| (why.as_str(), *count)).collect();
    let expected = [
        ("a `summary` that is no object", 1),
        ("figures that are lists or objects (pictures, tables, histograms)", 2),
        ("figures without a value (null)", 1),
        ("values of `history` that are no number", 1),
    ];
    assert_eq!(skipped, expected, "{report:?}");
}

#[test]
fn programs_and_the_records_of_wandb_itself_are_no_data() {
    let place = Place::new();
    let digest = "03030303030303030303030303030303";
    let report = import(
        &place,
        &json!({ "id": "r3", "entity": "bank", "project": "credit", "state": "finished", "config": {},
            "used_artifacts": [
                { "name": "job-train:v0", "type": "job", "digest": digest },
                { "name": "source-code:v0", "type": "code", "digest": digest },
            ],
            "logged_artifacts": [{ "name": "run-r3-history:v0", "type": "wandb-history", "digest": digest }] }),
    );
    assert_eq!(report.counts().rejected, 0, "{report:?}");
    assert!(place.rows("find dataset return name").is_empty());
    for name in ["job.job-train:v0", "code.source-code:v0", "history.run-r3-history:v0"] {
        let question = format!("find run return tags[\"wandb.{name}\"]");
        assert_eq!(place.column(&question), [digest], "{name}");
    }
    let alone =
        json!({ "name": "source-code", "type": "code", "digest": digest, "versionIndex": 0 });
    let report = import(&place, &alone);
    assert_eq!(report.sources[0].skipped.values().sum::<u64>(), 1, "{report:?}");
    assert!(place.rows("find dataset return name").is_empty());
}
