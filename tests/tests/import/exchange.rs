//! Documents of exchange formats: what each brings, that it brings nothing twice and in any order,
//! and that what is wrong with one is told with its place.

use lineal_engine::storage::{MemoryStorage, Storage as _};
use lineal_import::{ImportOptions, Report};
use lineal_tests::place::{Place, fixture};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A document in a folder of its own.
fn written(name: &str, bytes: impl AsRef<[u8]>) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn sorted(mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    rows.sort_unstable();
    rows
}

/// Imports fixtures one by one in both orders, all at once, and all again: the answers are the same,
/// and again brings nothing.
fn in_any_order(names: &[&str], questions: &[&str]) -> Vec<Vec<Vec<String>>> {
    let answers = |place: &Place| -> Vec<_> {
        questions.iter().map(|question| sorted(place.rows(question))).collect()
    };
    let forward = Place::new();
    for name in names {
        forward.import(&[&fixture(name)]);
    }
    let backward = Place::new();
    for name in names.iter().rev() {
        backward.import(&[&fixture(name)]);
    }
    let expected = answers(&forward);
    assert_eq!(answers(&backward), expected, "in the other order");
    let again = forward.import_fixtures(names);
    assert!(again.brought_nothing(), "{again:?}");
    assert!(again.sources.iter().all(|source| source.files_known == 1), "{again:?}");
    // Other bytes that say the same: each node is known.
    assert_eq!(answers(&forward), expected, "after all of them again");
    expected
}

fn rejects(report: &Report) -> Vec<String> {
    let rejects = report.sources.iter().flat_map(|source| &source.rejects);
    rejects.map(|reject| reject.reason.clone()).collect()
}

#[test]
fn a_session_of_clearml_is_a_run_with_its_parameters_figures_and_artifacts() {
    let zip = "exchange/clearml/offline-06eef3449a0c4e558c939736671befdb.zip";
    let answers = in_any_order(
        &[zip, "exchange/clearml/export_task.json"],
        &[
            "find run as r in_experiment experiment as e return r.name, e.name, r.params, r.metrics",
            "find dataset as d produced_by run as r return d.name, d.digest, d.digest_kind, r.name",
            "find run return tags[\"eu_ai_act\"], conflict",
        ],
    );
    assert_eq!(answers[0].len(), 1, "{answers:?}");
    let run = answers[0][0].join("|");
    for part in
        ["train-v2", "credit-risk/high-risk", "solver", "lbfgs", "loss/train", "Summary/accuracy"]
    {
        assert!(run.contains(part), "{part} in {run}");
    }
    let digest = "9af5de0fb77e6668ee83788f9d07a854346e8c46dde911b4e58c215eeff7a27e";
    assert_eq!(answers[1], [["bias_report.json", digest, "sha256", "train-v2"]]);
    assert_eq!(answers[2][0][0], "high-risk");
}

#[test]
fn a_data_set_of_clearml_has_the_digest_of_its_files_and_what_uses_it_finds_it() {
    let place = Place::new();
    let zip = "exchange/clearml/offline-ed356926c51c42248901ebf0e43e6c1c.zip";
    let report = place.import_fixtures(&[zip]);
    assert!(report.sources[0].warnings.iter().any(|text| text.contains("not finalized")));
    let rows = place.rows("find dataset where version = \"1.0.0\" return name, digest");
    // printf '81bf..  a.csv\nf2c8..  b.csv\n' | sha256sum
    let digest = "25444aafb250ea356c47a8d94e3413e9084bb4063314bb0fe71c7d92845b43ee";
    assert_eq!(rows, [["applications_2025q3", digest]]);
    let files = place.rows("find dataset as d derived_from dataset as f return f.name, f.digest");
    assert_eq!(files.len(), 2, "{files:?}");
    // A task that got it, and a data set made from it, name its id alone.
    let id = "offline-ed356926c51c42248901ebf0e43e6c1c";
    let task = serde_json::json!({
        "data": { "tasks": [
            { "id": "t1", "name": "train", "type": "training", "script": {}, "status": "completed",
              "user": "maria.keller@example.eu", "completed": "2026-01-02T00:00:00Z",
              "hyperparams": { "Datasets": { "a": { "value": id } } },
              "models": { "input": [{ "model": "base" }], "output": [{ "model": "m1" }] } },
            { "id": "d2", "name": "more", "type": "data_processing", "system_tags": ["dataset"],
              "script": {}, "hyperparams": {},
              "configuration": { "Dataset Struct": { "value": format!(
                  r#"{{"0":{{"job_id":"{id}","parents":[]}},"1":{{"job_id":"d2","parents":["0"]}}}}"#) } } },
        ] }
    });
    let model = serde_json::json!({ "id": "m1", "uri": "s3://m/m.pkl", "framework": "scikit",
        "name": "credit-lr", "task": "t1", "ready": true });
    let (folder, path) = written("tasks.json", task.to_string());
    std::fs::write(folder.path().join("model.json"), model.to_string()).unwrap();
    let report = place.import(&[folder.path()]);
    assert_eq!((report.sources.len(), rejects(&report).len()), (2, 0), "{report:?}");
    let up = sorted(place.rows("find dataset upstream of model:m1 return name"));
    assert_eq!(up, [["a.csv"], ["applications_2025q3"], ["b.csv"]]);
    assert_eq!(
        place.rows("find model where name = \"credit-lr\" return status, framework"),
        [["READY", "scikit"]]
    );
    assert_eq!(place.column("find dataset upstream of dataset:more return name").len(), 3);
    assert_eq!(place.column("find actor return email"), ["maria.keller@example.eu"]);
    drop(path);
}

#[test]
fn an_answer_of_clearml_has_its_figures_its_links_and_whether_more_may_follow() {
    let answer = |tasks: serde_json::Value| serde_json::json!({ "data": { "tasks": tasks, "scroll_id": "s1" } });
    let task = serde_json::json!({
        "id": "t1", "name": "train", "type": "training", "script": {}, "hyperparams": {}, "status": "completed",
        "completed": "2026-01-02T00:00:00Z", "project": { "id": "p1", "name": "credit" }, "parent": { "id": "t0" },
        "models": { "input": [{ "model": { "id": "m0" } }], "output": [] },
        "last_metrics": { "a1": {
            "b1": { "metric": "loss", "variant": "train", "value": 0.25, "min_value": 0.1 },
            "b2": { "metric": "loss", "variant": "test", "value": null },
        } },
    });
    let (_folder, path) = written("tasks.json", answer(serde_json::json!([task])).to_string());
    let place = Place::new();
    let report = place.import(&[&path]);
    assert_eq!(rejects(&report).len(), 0, "{report:?}");
    let told = &report.sources[0].warnings;
    assert!(
        told.len() == 1 && told[0].contains("`tasks` may follow behind `scroll_id`"),
        "{told:?}"
    );
    let run =
        "find run as r in_experiment experiment as e return e.name, r.metrics[\"loss/train\"]";
    assert_eq!(place.rows(run), [["credit", "0.25"]]);
    let skipped = report.sources[0].skipped.get("figures without a value (null)");
    assert_eq!(skipped, Some(&1), "{report:?}");
    assert_eq!(place.column("find run as r child_of run as p return p"), ["run:t0"]);
    assert_eq!(place.column("find run as r used model as m return m"), ["model:m0"]);
    // The page behind the last is empty, and says no more.
    let clearml = ImportOptions { form: Some("clearml".to_owned()), ..ImportOptions::default() };
    let (_folder, path) = written("last.json", answer(serde_json::json!([])).to_string());
    let report = Place::new().import_with(&[&path], &clearml);
    assert_eq!((rejects(&report).len(), report.sources[0].warnings.len()), (0, 0), "{report:?}");
}

#[test]
fn a_broken_session_is_told_with_what_is_wrong() {
    let whole =
        std::fs::read(fixture("exchange/clearml/offline-ed356926c51c42248901ebf0e43e6c1c.zip"))
            .unwrap();
    let clearml = ImportOptions { form: Some("clearml".to_owned()), ..ImportOptions::default() };
    for length in [0, 4, 700, whole.len() - 30] {
        let (_folder, path) = written("s.zip", &whole[..length]);
        let report = Place::new().import_with(&[&path], &clearml);
        assert_eq!((report.counts().rejected, report.counts().accepted), (1, 0), "{report:?}");
    }
}

#[test]
fn a_folder_of_dvc_that_lists_its_files_is_told_from_its_next_version() {
    let tracked = |second: &str| {
        format!(
            "outs:\n- path: ver\n  hash: md5\n  files:\n  - relpath: b.csv\n    md5: {second}\n  - relpath: a.csv\n    \
             md5: aaaabbbbccccddddeeeeffff00001111\n"
        )
    };
    let place = Place::new();
    for second in ["aaaabbbbccccddddeeeeffff00002222", "aaaabbbbccccddddeeeeffff00003333"] {
        let (_folder, path) = written("ver.dvc", tracked(second));
        place.import(&[&path]);
    }
    let rows = place.rows("find dataset as d return d.name, d.digest_kind");
    let row = ["ver", "sha256 of the lines `DIGEST  PATH` of DVC's files, sorted by path"];
    assert_eq!(rows, [row, row]);
}

#[test]
fn files_of_dvc_that_lie_in_a_cloud_are_told_by_what_it_says_of_them() {
    let lock = |version: &str, etag: &str| {
        format!(
            "schema: '2.0'\nstages:\n  train:\n    cmd: train\n    deps:\n    - path: data/ver\n      files:\n      - \
             relpath: a.csv\n        cloud:\n          aws:\n            version_id: {version}\n    - path: one.csv\n      \
             cloud:\n        aws:\n          etag: {etag}\n    - path: part\n      files:\n      - relpath: a.csv\n        \
             md5: aaaabbbbccccddddeeeeffff00001111\n      - relpath: b.csv\n    outs: []\n"
        )
    };
    let place = Place::new();
    for (version, etag) in [("v1", "e1"), ("v2", "e2")] {
        let (_folder, path) = written("dvc.lock", lock(version, etag));
        place.import(&[&path]);
    }
    let listed = "sha256 of the lines `DIGEST  PATH` of DVC's files, sorted by path";
    let mut rows = place.rows("find dataset as d return d.name, d.digest_kind");
    rows.sort_unstable();
    let of = |name: &str| rows.iter().filter(|row| row[0] == name).collect::<Vec<_>>();
    assert_eq!(of("ver"), [&["ver", listed], &["ver", listed]]);
    assert_eq!(of("one.csv"), [&["one.csv", "etag"], &["one.csv", "etag"]]);
    // A digest over a part would be one of something else.
    assert_eq!(of("part").len(), 1, "{rows:?}");
}

#[test]
fn stages_of_dvc_are_runs_and_their_digests_are_noted_as_weak() {
    let answers = in_any_order(
        &["exchange/dvc/dvc.lock", "exchange/dvc/data/applications.csv.dvc"],
        &[
            "find run as r used dataset as d return r.name, d.name, d.digest_kind",
            "find model as m produced_by run as r return m.name, m.digest, r.name",
            "find run return name, params, tags",
        ],
    );
    assert_eq!(
        answers[0],
        [
            ["prepare", "applications.csv", "md5"],
            ["train", "prepared", "md5 of DVC's listing of the folder"]
        ]
    );
    // A digest of digits alone is no number.
    assert_eq!(answers[1], [["model.pkl", "12345678901234567890123456789012", "train"]]);
    let runs = format!("{:?}", answers[2]);
    assert!(runs.contains("prepare.split") && runs.contains("dvc.code.src/train.py"), "{runs}");
    let place = Place::new();
    let report = place.import(&[&fixture("exchange/dvc")]);
    assert_eq!(report.sources.len(), 2, "both are found in their folder: {report:?}");
    let origin = place.rows("find dataset upstream of model:\"md5:12345678901234567890123456789012\" return name, version");
    let registry = vec![
        "credit/applications.csv".to_owned(),
        "7c5c9c0f9fbb1a3d9d4f3f0a6a1b2c3d4e5f6071".to_owned(),
    ];
    assert!(origin.contains(&registry), "{origin:?}");
    // A changed stage is another run, the same stage the same.
    let text = std::fs::read_to_string(fixture("exchange/dvc/dvc.lock")).unwrap();
    let (_folder, path) = written("dvc.lock", text.replace("n_est: 100", "n_est: 200"));
    let report = place.import(&[&path]);
    assert_eq!(report.nodes["run"], (1, 1), "{report:?}");
    assert_eq!(place.column("find run where name = \"train\" return id").len(), 2);
}

#[test]
fn provenance_joins_things_by_their_digests_and_keeps_its_signatures() {
    let statement = "exchange/in-toto/slsa-provenance-v1.json";
    let answers = in_any_order(
        &[statement],
        &[
            "find run as r used dataset as d return r, d.uri, d.digest_kind, r.params",
            "find model as m produced_by run as r return m.name, r.name, r.started, r.ended",
            "find code return commit, repo",
            "find document as d documents run as r return d.name, d.type",
        ],
    );
    assert!(answers[0][0][0].contains("0fa7b172a668439a9d17f13906312528"), "{answers:?}");
    assert_eq!(answers[0][0][1], "s3://bank-data/credit/applications_2025q3.parquet");
    assert_eq!(answers[1][0][..2], ["model.skops", "mlflow-train"]);
    assert_eq!(
        answers[2],
        [["deadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "https://example.org/repo.git"]]
    );
    assert_eq!(answers[3], [["https://slsa.dev/provenance/v1", "attestation"]]);
    // In an envelope, and as a line of several, it says the same of its run.
    let place = Place::new();
    place.import_fixtures(&[statement]);
    let text = std::fs::read(fixture(statement)).unwrap();
    let envelope = serde_json::json!({
        "payloadType": "application/vnd.in-toto+json",
        "payload": data_encoding::BASE64.encode(&text),
        "signatures": [{ "keyid": "k1", "sig": "c2ln" }],
    });
    // What was made of the model, and a line that breaks off.
    let next = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{ "name": "scores.csv", "digest": { "sha256": "ab".repeat(32) } }, { "name": "x" }],
        "predicate": {
            "builder": { "id": "b" }, "buildType": "score",
            "metadata": { "buildInvocationId": "score-1", "buildFinishedOn": "2025-10-02T00:00:00Z" },
            "materials": [{ "uri": "file:model.skops", "digest": {
                "sha256": "9372C470EEADD5ECD9C3C74C2B3CB633F8E2F2FAD799250A0F70D652B6B825E4" } }],
        },
    });
    let lines = format!("{envelope}\n{next}\n{{\"_type\": \"https://in-");
    let (_folder, path) = written("multiple.intoto.jsonl", lines);
    let report = place.import(&[&path]);
    let told = rejects(&report);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|why| why.starts_with("/subject/1")), "{told:?}");
    let broken = report.sources[0].rejects.iter().find(|reject| reject.at.line == 3).unwrap();
    assert!(broken.at.byte > 0, "{broken:?}");
    let up = place.column("find dataset upstream of dataset:scores.csv return name");
    assert_eq!(up, ["applications_2025q3.parquet"]);
    let signed = place
        .column("find document where tags[\"signatures\"] = \"1\" return tags[\"signature.0\"]");
    assert_eq!(signed, ["c2ln"]);
}

#[test]
fn what_is_no_such_document_is_refused_with_words() {
    for (name, text) in
        [("a.json", "{\"a\": 1}"), ("b.json", ""), ("c.zip", "PK\x03\x04 no session")]
    {
        let (_folder, path) = written(name, text);
        assert!(Place::new().try_import(&[&path], &ImportOptions::default()).is_err(), "{name}");
    }
    let as_given = |form: &str, text: &str| {
        let options = ImportOptions { form: Some(form.to_owned()), ..ImportOptions::default() };
        let (_folder, path) = written("x", text);
        let report = Place::new().import_with(&[&path], &options);
        assert_eq!(report.counts().rejected, 1, "{form}: {report:?}");
        let strict = ImportOptions { strict: true, ..options };
        assert!(Place::new().try_import(&[Path::new(&path)], &strict).is_err());
    };
    for form in ["clearml", "dvc", "in-toto"] {
        as_given(form, "7: [");
        as_given(form, "7");
    }
}

#[test]
fn a_bill_of_cyclonedx_leads_from_a_model_to_its_data_and_figures() {
    let answers = in_any_order(
        &["exchange/cyclonedx-ml/valid-machine-learning-1.6.json"],
        &[
            "find model as m produced_by run as r return m.name, m.version, r.tags[\"inferred\"], m.intended_purpose",
            "find dataset upstream of model:\"CompVis/stable-diffusion@1.4\" return name, uri, category",
            "find evaluation as e evaluates model as m return e.metrics",
            "find document as d documents model as m return d.type, d.name, d.version",
        ],
    );
    assert_eq!(
        answers[0][0][..3],
        ["CompVis/stable-diffusion", "1.4", "the document names no run"]
    );
    assert!(answers[0][0][3].contains("Text-to-image"), "{answers:?}");
    assert_eq!(answers[1], [["Training Data", "https://example.com/path/to/dataset", "public"]]);
    assert!(answers[2][0][0].contains("The value of the performance metric"), "{answers:?}");
    assert_eq!(answers[3], [["ml-bom", "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79", "1"]]);
}

#[test]
fn components_that_refer_to_each_other_meet_and_what_refers_to_nothing_is_told() {
    let bill = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": { "timestamp": "2026-02-01T00:00:00Z" },
        "components": [
            { "type": "machine-learning-model", "bom-ref": "m", "name": "scorer", "version": "2",
              "hashes": [{ "alg": "SHA-256", "content": "CD".repeat(32) }],
              "licenses": [{ "license": { "id": "MIT" } }],
              "modelCard": { "modelParameters": { "datasets": [{ "ref": "d" }, { "ref": "nowhere" }] },
                "quantitativeAnalysis": { "performanceMetrics": [{ "type": "auc", "value": "0.91" }] } } },
            { "type": "data", "bom-ref": "d", "name": "applications", "version": "q3",
              "data": [{ "type": "dataset", "contents": { "url": "s3://b/a" },
                "governance": { "owners": [{ "contact": { "name": "Maria Keller", "email": "m.keller@bank.example" } }] } }] },
            { "type": "machine-learning-model", "bom-ref": "n", "name": "scorer-lite", "version": "1" },
            { "type": "library", "bom-ref": "l", "name": "numpy" },
            { "type": "machine-learning-model", "version": "no name" },
        ],
        "dependencies": [{ "ref": "n", "dependsOn": ["m"] }, { "ref": "l", "dependsOn": [] }],
    });
    let (_folder, path) = written("bom.json", bill.to_string());
    let memory = MemoryStorage::new();
    let place = Place::on(Arc::new(memory.clone()));
    let report = place.import(&[&path]);
    let told = rejects(&report);
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|why| why.starts_with("/components/4: `name`")), "{told:?}");
    assert_eq!(report.sources[0].skipped.values().sum::<u64>(), 1, "{report:?}");
    let up =
        sorted(place.rows("find dataset upstream of model:\"scorer-lite@1\" return name, version"));
    assert_eq!(up, [["applications", "q3"]]);
    assert_eq!(place.column("find evaluation return metrics[\"auc\"]"), ["0.91"]);
    assert_eq!(
        place.rows("find model where name = \"scorer\" and version = \"2\" return digest, license"),
        [["cd".repeat(32), "MIT".to_owned()]]
    );
    // Who owns the data is an actor, and stands nowhere in the clear.
    assert_eq!(place.column("find actor return email"), ["m.keller@bank.example"]);
    let segment = memory.read("segments/00000001.seg").unwrap().unwrap();
    let holds = |text: &str| segment.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("applications") && !holds("Maria") && !holds("keller"));
    // Provenance of the same bytes, imported beside it, makes one way of both.
    let statement = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{ "name": "model.onnx", "digest": { "sha256": "cd".repeat(32) } }],
        "predicate": { "buildDefinition": { "buildType": "t", "resolvedDependencies": [
            { "uri": "s3://b/raw.csv", "digest": { "sha256": "ef".repeat(32) } }] }, "runDetails": {} },
    });
    let (_folder, path) = written("s.json", statement.to_string());
    place.import(&[&path]);
    let up = sorted(place.rows("find dataset upstream of model:\"scorer@2\" return name"));
    assert_eq!(up, [["applications"], ["raw.csv"]]);
}

#[test]
fn what_spdx_says_models_were_trained_and_tested_on_is_found() {
    let answers = in_any_order(
        &["exchange/spdx3-ai/example02.spdx3.json"],
        &[
            "find run as r trained_on dataset as d return r.name, d.name",
            "find run as r tested_on dataset as d return r.name, d.name",
            "find dataset as d produced_by run as r return r.name, d.name",
            "find document as d done_by actor as a return d.type, a.email",
        ],
    );
    assert_eq!(answers[0], [["train.py", "train.txt"], ["train.py", "valid.txt"]]);
    assert_eq!(answers[1], [["train.py", "test.txt"]]);
    assert_eq!(answers[2].len(), 3, "{answers:?}");
    assert_eq!(answers[3], [["ml-bom", "suriyawa@tcd.ie"]]);
    let place = Place::new();
    let report = place.import_fixtures(&["exchange/spdx3-ai"]);
    assert_eq!(report.counts().rejected, 0, "{report:?}");
    let packages = place.rows("find model as m derived_from model as f return m.name, f.name");
    assert_eq!(packages.len(), 1, "the package holds model.bin: {packages:?}");
    assert_eq!(packages[0][1], "model.bin");
}

#[test]
fn a_description_of_croissant_has_the_digests_of_its_files() {
    let answers = in_any_order(
        &["exchange/croissant/titanic.json", "exchange/croissant/credit-g.json"],
        &[
            "find dataset where source_type = \"croissant\" return name, version, license, digest_kind",
            "find dataset as d derived_from dataset as f return d.name, f.name, f.digest_kind",
            "find actor return name",
        ],
    );
    assert_eq!(answers[0][1][..3], ["credit-g", "1.0.0", "Public"]);
    assert_eq!(answers[0][0][..3], ["Titanic", "1.0.0", "afl-3.0"]);
    let file = |data: &str, name: &str, kind: &str| [data, name, kind].map(str::to_owned).to_vec();
    assert!(answers[1].contains(&file("Titanic", "titanic.csv", "sha256")), "{answers:?}");
    assert!(answers[1].contains(&file("credit-g", "credit-g.arff", "md5")), "{answers:?}");
    assert_eq!(answers[2], [["Dr. Hans Hofmann"]]);
}

#[test]
fn prov_is_read_with_its_prefixes_its_types_and_its_times_without_offset() {
    let answers = in_any_order(
        &["exchange/prov-json/generated.json"],
        &[
            "find run as r used dataset as d return r.name, d.name, d.digest, r.started",
            "find model as m produced_by run as r return m.name, m.uri, r.name",
            "find run as r done_by actor as a return r.name, a.name",
            "find model as m done_by actor as a return m.name, a.name",
        ],
    );
    assert_eq!(answers[0][0][..3], ["train", "applications_2025q3", "f6490d4d"]);
    assert!(answers[0][0][3].starts_with("2025-10-01T09:00"), "{answers:?}");
    assert_eq!(
        answers[1][0],
        ["credit-risk-scorer-2", "https://example.org/credit-risk-scorer-2", "train"]
    );
    let person = "https://example.org/maria.keller";
    assert_eq!(answers[2], [["train", person]]);
    assert_eq!(answers[3], [["credit-risk-scorer-2", person]]);
    let report = Place::new().import_fixtures(&["exchange/prov-json"]);
    assert!(
        report
            .sources
            .iter()
            .any(|source| source.warnings.iter().any(|text| text.contains("taken for UTC")))
    );
    assert_eq!((report.sources.len(), report.counts().rejected), (2, 0), "{report:?}");
}

#[test]
fn agents_of_one_name_in_two_name_spaces_are_two_people() {
    let document = serde_json::json!({
        "prefix": { "b": "http://bank.example/", "v": "http://vendor.example/" },
        "entity": { "b:data": {} },
        "activity": { "b:train": {} },
        "agent": { "b:alice": {}, "v:alice": {} },
        "wasAssociatedWith": {
            "_:1": { "prov:activity": "b:train", "prov:agent": "b:alice" },
            "_:2": { "prov:activity": "b:train", "prov:agent": "v:alice" },
        },
    });
    let (_folder, path) = written("prov.json", document.to_string());
    let place = Place::new();
    place.import(&[&path]);
    let mut people = place.column("find actor return name");
    people.sort_unstable();
    assert_eq!(people, ["http://bank.example/alice", "http://vendor.example/alice"]);
}

#[test]
fn a_version_is_told_as_no_digest_and_prose_as_no_personal_data() {
    let bill = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [{ "type": "data", "name": "train", "version": "3",
            "hashes": [{ "alg": "SHA-256", "content": "XYZ" }] }],
    });
    let (_folder, path) = written("bom.json", bill.to_string());
    let place = Place::new();
    let report = place.import(&[&path]);
    // What is no digest is counted.
    assert_eq!(report.sources[0].skipped.values().sum::<u64>(), 1, "{report:?}");
    assert!(place.rows("find dataset where digest = \"3\" return name").is_empty());
    assert_eq!(place.rows("find dataset return name, version"), [["train", "3"]]);
    let card = serde_json::json!({
        "@type": "sc:Dataset", "name": "credit", "version": "1.0.0",
        "conformsTo": "http://mlcommons.org/croissant/1.0", "distribution": [],
        "rai:personalSensitiveInformation": "None: no personal data",
    });
    let (_folder, path) = written("croissant.json", card.to_string());
    let place = Place::new();
    place.import(&[&path]);
    assert_eq!(place.column("find dataset return name"), ["credit"]);
    assert!(place.rows("find dataset where personal_data = true return name").is_empty());
    assert!(place.rows("find dataset where digest = \"1.0.0\" return name").is_empty());
}

#[test]
fn figures_of_a_card_with_one_name_are_all_kept_and_bytes_have_one_name() {
    let bill = serde_json::json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [
            { "type": "data", "name": "data/train.csv", "version": "3",
                "hashes": [{ "alg": "SHA-256", "content": "ab".repeat(32) }] },
            { "type": "machine-learning-model", "name": "scorer", "modelCard": { "quantitativeAnalysis": {
                "performanceMetrics": [
                    { "type": "acc", "value": "0.9", "confidenceInterval": { "lowerBound": "0.85", "upperBound": "0.95" } },
                    { "type": "acc", "value": "0.4" },
                ] } } },
        ],
    });
    let (_folder, path) = written("bom.json", bill.to_string());
    let place = Place::new();
    place.import(&[&path]);
    for (name, figure) in [
        ("acc", "0.9"),
        ("acc.2", "0.4"),
        ("acc.confidenceInterval.lowerBound", "0.85"),
        ("acc.confidenceInterval.upperBound", "0.95"),
    ] {
        let question = format!("find evaluation return metrics[\"{name}\"]");
        assert_eq!(place.column(&question), [figure], "{name}");
    }
    let rows = place.rows("find dataset return name, tags[\"cyclonedx.name\"], version");
    assert_eq!(rows, [["train.csv", "data/train.csv", "3"]]);
    let conflict = place.column("find dataset return conflict").concat();
    assert!(!conflict.contains("name") && !conflict.contains("version"), "{conflict}");
}

#[test]
fn what_is_no_data_is_no_data_that_was_used() {
    let statement = |kind: &str, subject: &str, used: serde_json::Value| {
        serde_json::json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": kind,
            "subject": [{ "name": subject, "digest": { "sha256": "cd".repeat(32) } }],
            "predicate": { "buildDefinition": { "buildType": "t", "resolvedDependencies": used },
                "runDetails": {} },
        })
    };
    let image = serde_json::json!([{ "uri": "pkg:docker/python@3.11", "digest": { "sha256": "ef".repeat(32) } }]);
    let built = statement("https://slsa.dev/provenance/v1", "train.csv", image);
    let (_folder, path) = written("built.json", built.to_string());
    let place = Place::new();
    place.import(&[&path]);
    assert!(place.rows("find run as r used dataset as d return d.name").is_empty());
    assert_eq!(place.column("find dataset return name"), ["train.csv"]);
    let signed = statement("https://model_signing/signature/v1.0", "scorer", serde_json::json!([]));
    let (_folder, path) = written("signed.json", signed.to_string());
    let place = Place::new();
    place.import(&[&path]);
    assert_eq!(place.column("find model return name"), ["scorer"]);
    let tracked = "outs:\n- path: scorer\n  md5: 55555555555555555555555555555555\n  hash: md5\n  type: model\n";
    let (_folder, path) = written("scorer.dvc", tracked);
    let place = Place::new();
    place.import(&[&path]);
    assert_eq!(place.column("find model return name"), ["scorer"]);
}

#[test]
fn runs_and_artifacts_of_wandb_are_one_lineage_whatever_names_they_have() {
    let answers = in_any_order(
        &["exchange/wandb/runs.json", "exchange/wandb/graphql-run.json"],
        &[
            "find dataset upstream of model:\"bank/credit/credit-lr@v0\" return name, version, digest_kind",
            "find run as r used model as m return r.name, m.version, m.conflict",
            "find run return name, status, params, metrics",
            "find run as r done_by actor as a return r.name, a.email",
        ],
    );
    let weak = "md5 of W&B's manifest";
    assert_eq!(
        answers[0],
        [["bank/credit/applications", "v1", weak], ["bank/credit/applications-raw", "v3", weak]]
    );
    assert_eq!(answers[1][0][..2], ["evaluate", "v0"]);
    let runs = format!("{:?}", answers[2]);
    for part in ["FAILED", "lr", "optim.name", "adam", "accuracy", "auc", "threshold"] {
        assert!(runs.contains(part), "{part} in {runs}");
    }
    assert!(!runs.contains("_wandb"), "{runs}");
    assert_eq!(answers[3], [["eager-moon-7", "maria.keller@bank.example"]]);
}

#[test]
fn monitors_their_alerts_and_who_changed_them_are_read_and_pages_overlap() {
    let names = ["alerts", "audit-changes", "Edit_a_monitor.0", "Monitors_search.0"];
    let paths: Vec<String> =
        names.iter().map(|name| format!("exchange/datadog-watch/{name}.json")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let answers = in_any_order(
        &paths,
        &[
            "find alert as a raised_by monitor as m return a.status, a.severity, m.threshold, m.query",
            "find change as c done_by actor as a return c.name, a.email",
            "find monitor summarize count() as n",
            "find actor where email = \"frog@datadoghq.com\" return email",
        ],
    );
    let query = "logs(\"service:foo AND type:error\").index(\"main\").rollup(\"count\").by(\"source\").last(\"5m\") > 2";
    assert_eq!(answers[0], [["error", "normal", "2", query]]);
    assert_eq!(answers[1], [["monitor modified", "tom.berg@bank.example"]]);
    assert_eq!(answers[3], [["frog@datadoghq.com"]]);
    let place = Place::new();
    let report = place.import_fixtures(&["exchange/datadog-watch"]);
    assert_eq!(report.counts().rejected, 0, "{report:?}");
    let skipped: u64 = report.sources.iter().map(|source| source.counts.skipped).sum();
    assert!(skipped > 0, "{report:?}");
    // What each measures, and the figure of those of a search too, which gives no options.
    for (metric, threshold) in [
        ("aws.elb.latency.p99", "0.2"),
        ("aws.ec2.cpu", "4"),
        ("synthetics.pl.worker.remaining_slots", "1.5"),
        ("count of llm-observability", "0"),
        ("ntp.in_sync", ""),
    ] {
        let found =
            place.rows(&format!("find monitor where metric = \"{metric}\" return threshold"));
        assert!(
            !found.is_empty() && found.iter().all(|row| row == &[threshold]),
            "{metric}: {found:?}"
        );
    }
    // A page of a search says how many there are, and pages of events have a cursor.
    let told: Vec<&String> = report.sources.iter().flat_map(|source| &source.warnings).collect();
    for part in
        ["`metadata.total_count`: 30 of 199 are here", "`data` may follow behind `meta.page.after`"]
    {
        assert!(told.iter().any(|text| text.contains(part)), "{part} in {told:?}");
    }
    // As counted apart from the importer, by organisation and number; that of the alert is among them.
    assert_eq!(place.column("find monitor summarize count() as n"), ["39"]);
}

#[test]
fn a_monitor_watches_the_deployment_that_its_tags_and_query_name_in_full() {
    let folder = tempfile::tempdir().unwrap();
    let monitor = |id: u64, deployment: &str| {
        serde_json::json!({
            "id": id, "org_id": 7, "name": format!("latency {id}"), "type": "metric alert",
            "query": format!("avg(last_5m):avg:scorer.latency{{service:scorer,env:prod{deployment}}} > 250"),
            "tags": ["model_name:credit", "model_version:3"], "options": {},
        })
    };
    // The third and the fourth are about every deployment but this one.
    let all = serde_json::json!([
        monitor(1, ",deployment:eu-1"),
        monitor(2, ""),
        monitor(3, " AND NOT deployment:eu-1"),
        monitor(4, ",!(deployment:eu-1)"),
    ]);
    let path = folder.path().join("monitors.json");
    std::fs::write(&path, all.to_string()).unwrap();
    let place = Place::new();
    let report = place.import(&[&path]);
    assert_eq!(report.counts().rejected, 0, "{report:?}");
    let question = "find monitor as m watches deployment as d return m.name, d";
    let answer = place.rows(question);
    assert_eq!(answer.len(), 1, "{answer:?}");
    assert_eq!(answer[0][0], "latency 1");
    for part in ["scorer", "prod", "eu-1", "credit", "3"] {
        assert!(answer[0][1].contains(part), "{part} in {answer:?}");
    }
}
