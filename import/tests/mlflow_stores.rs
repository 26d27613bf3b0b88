//! Each MLflow store of the test data against counts made by another program (its walk, its SQL).

use lineal_engine::schema::{Kind, Relation};
use lineal_import::mapping::Mapping;
use lineal_import::mlflow::{Counts, Error, Form, Snapshot, read, recognise};
use lineal_import::record::{NodeRecord, Part, Reference};
use lineal_proof::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
}

fn snapshot(path: &Path) -> Snapshot {
    let form = recognise(path).expect("a store that is recognised");
    let mapping = Mapping::embedded().expect("the built-in mapping is sound").mlflow;
    read(path, form, &mapping, None).expect("a store that can be read")
}

fn of_kind(snapshot: &Snapshot, kind: Kind) -> Vec<&NodeRecord> {
    snapshot.records.iter().filter(|record| record.node.kind == kind).collect()
}

fn targets(record: &NodeRecord, relation: Relation) -> Vec<&Reference> {
    let edges = record.edges.iter().filter(|edge| edge.relation == relation);
    edges.map(|edge| &edge.target).collect()
}

fn text<'a>(record: &'a NodeRecord, field: &str) -> Option<&'a str> {
    record.fields.get(field).and_then(Value::as_text)
}

fn by_name<'a>(snapshot: &'a Snapshot, kind: Kind, name: &str) -> &'a NodeRecord {
    let named = |record: &&&NodeRecord| text(record, "name") == Some(name);
    of_kind(snapshot, kind).iter().find(named).expect("a node of that name")
}

fn version<'a>(snapshot: &'a Snapshot, name: &str, number: &str) -> &'a NodeRecord {
    let key = vec![snapshot.source.clone().into(), name.into(), number.into()];
    let node = Reference::new(Kind::Model, key);
    snapshot.records.iter().find(|record| record.node == node).expect("a version of that number")
}

/// Edges that the schema does not know, and keys that stand twice.
fn assert_sound(snapshot: &Snapshot) {
    for record in &snapshot.records {
        for edge in &record.edges {
            assert!(
                edge.relation.allows(record.node.kind, edge.target.kind),
                "{:?} {:?}",
                record.node,
                edge
            );
        }
        for (field, _) in record.fields.iter() {
            assert!(known_field(record.node.kind, field), "{} {field}", record.node.kind);
        }
        for personal in &record.personal {
            let field = personal.field.split('.').next().unwrap_or_default();
            assert!(known_field(record.node.kind, field), "{} {field}", record.node.kind);
        }
    }
    let ordered = snapshot.records.windows(2).all(|pair| pair[0].node < pair[1].node);
    assert!(ordered, "records stand in the order of kinds and keys, each once");
}

fn known_field(kind: Kind, name: &str) -> bool {
    use lineal_engine::schema::{COMMON_FIELDS, fields};
    fields(kind).iter().chain(COMMON_FIELDS).any(|spec| spec.name == name)
}

/// The counts that both 3.17 stores and the 2.9 store share.
fn common() -> Counts {
    Counts {
        experiments: 5,
        experiments_deleted: 1,
        runs: 13,
        runs_deleted: 2,
        params: 33,
        run_tags: 102,
        metric_keys: 48,
        points: 180,
        datasets: 15,
        inputs: 21,
        outputs: 7,
        logged_models: 10,
        logged_in_tags: 0,
        registered_models: 5,
        versions: 8,
        versions_deleted: 1,
        aliases: 2,
        traces: 5,
    }
}

#[test]
fn the_database_of_3_17_holds_what_was_counted() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    assert_eq!(snapshot.counts, common());
    assert_eq!(snapshot.form, "mlflow-sqlite");
    assert!(snapshot.full);
    assert_eq!(snapshot.rejects, []);
    assert_sound(&snapshot);
    let skipped: Vec<_> = snapshot.skipped.iter().map(|(what, n)| (what.as_str(), *n)).collect();
    assert_eq!(
        skipped,
        [
            ("prompts in the registry", 1),
            ("registered names without a version", 1),
            ("trace assessments", 1),
            ("traces", 5),
            ("versions of prompts", 1),
        ]
    );
    let count = |kind| of_kind(&snapshot, kind).len();
    assert_eq!((count(Kind::Experiment), count(Kind::Run), count(Kind::Dataset)), (5, 13, 15));
    assert_eq!(count(Kind::Model), 10 + 7);
    assert_eq!((count(Kind::System), count(Kind::Document)), (1, 1));
}

#[test]
fn the_file_store_of_3_17_holds_what_was_counted() {
    let snapshot = snapshot(&fixture("mlflow-3.17-file"));
    assert_eq!(snapshot.counts, common());
    assert_eq!(snapshot.form, "mlflow-file");
    assert_eq!(snapshot.rejects, []);
    assert!(snapshot.full);
    assert_sound(&snapshot);
    // The artifacts lie beside the metadata here: 7 runs with two documents each.
    let documents = of_kind(&snapshot, Kind::Document);
    assert_eq!(documents.len(), 1 + 14);
    let hashed = documents.iter().filter(|document| text(document, "digest").is_some()).count();
    assert_eq!(hashed, 14);
}

#[test]
fn the_file_store_of_2_9_holds_what_was_counted() {
    let snapshot = snapshot(&fixture("mlflow-2.9-file/mlruns"));
    let expected = Counts {
        run_tags: 109,
        points: 168,
        outputs: 0,
        logged_models: 0,
        logged_in_tags: 7,
        registered_models: 4,
        versions: 7,
        traces: 0,
        ..common()
    };
    assert_eq!(snapshot.counts, expected);
    assert_eq!(snapshot.rejects, []);
    assert_sound(&snapshot);
    // Before MLflow 3 a version leads to the model that its run logged at that place.
    let version = version(&snapshot, "credit-risk-scorer", "2");
    let [logged] = targets(version, Relation::RegisteredFrom)[..] else { panic!("one model") };
    let model = snapshot.records.iter().find(|record| record.node == *logged).unwrap();
    assert_eq!(text(model, "framework"), Some("sklearn"));
    assert_eq!(
        targets(model, Relation::ProducedBy),
        targets(version, Relation::ProducedBy),
        "the same run made both"
    );
}

#[test]
fn the_rest_bodies_hold_what_was_counted() {
    let snapshot = snapshot(&fixture("rest-3.17"));
    let counts = snapshot.counts;
    assert_eq!((counts.experiments, counts.runs, counts.logged_models), (5, 13, 10));
    assert_eq!((counts.registered_models, counts.versions, counts.aliases), (4, 6, 2));
    assert_eq!((counts.params, counts.run_tags, counts.metric_keys), (33, 102, 48));
    assert_eq!((counts.inputs, counts.outputs, counts.datasets), (21, 7, 15));
    // One point a metric, and the two histories, whose last points are counted already.
    assert_eq!(counts.points, 48 + 39 + 1);
    assert!(!snapshot.full, "pages never tell that something is gone");
    assert_eq!(
        (snapshot.rejects.len(), snapshot.warnings.len()),
        (0, 0),
        "{:?}",
        snapshot.warnings
    );
    assert_sound(&snapshot);
}

#[test]
fn the_export_holds_what_was_counted() {
    let snapshot = snapshot(&fixture("export-import-2.9"));
    let counts = snapshot.counts;
    assert_eq!((counts.experiments, counts.runs, counts.registered_models), (4, 11, 4));
    assert_eq!(counts.aliases, 2);
    assert_eq!(counts.versions, 5);
    let scorers = of_kind(&snapshot, Kind::Model);
    let scorers = scorers.iter().filter(|model| text(model, "name") == Some("credit-risk-scorer"));
    assert_eq!(scorers.count(), 3);
    assert_eq!(snapshot.observed_at, Some(1_795_290_003_000_000_000));
    assert!(!snapshot.full);
    assert_eq!(snapshot.rejects, []);
    assert_sound(&snapshot);
    // Bare NaN and Infinity tokens arrive as what they are.
    let run = by_name(&snapshot, Kind::Run, "credit-lr-C0.01").clone().whole();
    let series = run.fields.get("series").and_then(Value::as_map).unwrap();
    let diverged = series.get("diverged").and_then(Value::as_list).unwrap();
    let values: Vec<_> = diverged.iter().filter_map(|point| point.as_list()?.get(2)).collect();
    assert_eq!(values, [&Value::text("NaN"), &Value::text("Infinity")]);
    // What the tool drops is said.
    assert!(snapshot.warnings.iter().any(|warning| warning.contains("leaves out dataset inputs")));
    assert!(run.fields.get("input_hints").is_some());
}

#[test]
fn database_and_rest_bodies_of_one_server_have_one_name_and_one_set_of_keys() {
    let database = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let rest = snapshot(&fixture("rest-3.17"));
    let hash = blake3::hash(b"1795289003898").to_hex();
    assert_eq!(database.source, format!("mlflow-{}", &hash[..8]));
    assert_eq!(rest.source, database.source);
    let missing: Vec<_> = rest
        .records
        .iter()
        .filter(|record| !database.records.iter().any(|other| other.node == record.node))
        .map(|record| &record.node)
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_version_leads_to_run_data_people_and_system() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let version = version(&snapshot, "credit-risk-scorer", "2");
    assert_eq!(text(version, "stage"), Some("Production"));
    assert_eq!(version.fields.get("aliases"), Some(&Value::List(vec![Value::text("champion")])));
    assert_eq!(version.fields.get("tags"), None, "the mapping used all of them");
    assert!(version.personal.iter().any(|sealed| sealed.field == "note"));
    let logged = "m-2b1e631da8bd4243bd8200531269bd00";
    let run = "4cf1c180887a4e388881bec9652668c5";
    assert_eq!(
        targets(version, Relation::RegisteredFrom),
        [&Reference::new(Kind::Model, vec![logged.into()])]
    );
    assert_eq!(
        targets(version, Relation::ProducedBy),
        [&Reference::new(Kind::Run, vec![run.into()])]
    );
    assert_eq!(
        targets(version, Relation::BelongsTo),
        [&Reference::new(Kind::System, vec!["CREDIT-RISK-EU-001".into()])],
        "by the tag of the registered name"
    );
    let approval = of_kind(&snapshot, Kind::Approval)
        .into_iter()
        .find(|approval| approval.node.key[1] == Part::from("model:credit-risk-scorer@2"))
        .unwrap();
    assert_eq!(approval.node.key[2], Part::Personal("maria.keller@example.eu".into()));
    assert_eq!(text(approval, "decision"), Some("granted"));
    assert_eq!(
        approval.fields.get("time").and_then(Value::as_i64),
        Some(1_759_397_400_000_000_000)
    );
    assert_eq!(targets(approval, Relation::Approves), [&version.node]);
    assert_eq!(targets(approval, Relation::DoneBy).len(), 1);

    let run = snapshot.records.iter().find(|record| record.node.key == vec![run.into()]).unwrap();
    assert_eq!(targets(run, Relation::TrainedOn).len(), 1);
    assert_eq!(targets(run, Relation::ValidatedOn).len(), 1);
    assert_eq!(targets(run, Relation::TestedOn).len(), 1);
    assert_eq!(targets(run, Relation::ChildOf).len(), 1);
    assert_eq!(text(run, "change_type"), Some("recalibration"));
    assert!(run.personal.iter().any(|sealed| sealed.field == "change_reason"));
    let input_tags = run.fields.get("input_tags").and_then(Value::as_map).unwrap();
    assert_eq!(
        input_tags.get("applications_2025q3-val@76875c4e/eu_ai_act.art10"),
        Some(&Value::text("bias-checked"))
    );
    assert!(run.fields.get("input_hints").is_none(), "it records its inputs");
}

#[test]
fn a_rejected_gate_is_no_grant_and_a_reviewer_is_no_decision() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let decision = |subject: &str| {
        let approvals = of_kind(&snapshot, Kind::Approval);
        let about =
            approvals.into_iter().find(|approval| approval.node.key[1] == Part::from(subject));
        text(about.unwrap(), "decision").map(str::to_owned)
    };
    assert_eq!(decision("model:credit-risk-scorer@1").as_deref(), Some("rejected"));
    assert_eq!(decision("run:4cf1c180887a4e388881bec9652668c5"), None);
}

#[test]
fn deleted_things_are_imported_and_flagged() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let deleted = |kind| {
        let all = of_kind(&snapshot, kind).into_iter();
        all.filter(|record| record.fields.get("deleted") == Some(&Value::Bool(true))).count()
    };
    assert_eq!((deleted(Kind::Experiment), deleted(Kind::Run), deleted(Kind::Model)), (1, 2, 1));
    let version = version(&snapshot, "credit-risk-scorer", "5");
    assert_eq!(targets(version, Relation::ProducedBy), [] as [&Reference; 0]);
    assert_eq!((text(version, "stage"), text(version, "uri")), (None, None));
}

#[test]
fn people_are_sealed_and_accounts_of_nobody_are_no_actors() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let actors: Vec<_> =
        of_kind(&snapshot, Kind::Actor).iter().map(|actor| actor.node.key.clone()).collect();
    let person = |login: &str| vec![Part::Personal(login.to_owned())];
    assert_eq!(actors, [person("ci-bot"), person("maria.keller@example.eu")]);
    for record in &snapshot.records {
        let clear = format!("{:?}", record.fields);
        assert!(!clear.contains("maria.keller"), "{:?}", record.node);
    }
    let run = by_name(&snapshot, Kind::Run, "credit-sweep");
    let sealed: Vec<_> = run.personal.iter().map(|sealed| sealed.field.as_str()).collect();
    assert_eq!(sealed, ["note", "tags.mlflow.user", "user"]);
    assert!(run.personal.iter().all(|sealed| sealed.person.is_none()), "root is nobody");
}

#[test]
fn a_figure_that_the_database_wrote_as_zero_is_nan_where_the_run_knows_it() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let node = Reference::new(Kind::Model, vec!["m-2b1e631da8bd4243bd8200531269bd00".into()]);
    let model = snapshot.records.iter().find(|record| record.node == node).unwrap();
    let metrics = model.fields.get("metrics").and_then(Value::as_map).unwrap();
    assert_eq!(metrics.get("diverged"), Some(&Value::text("NaN")));
    assert_eq!(metrics.get("neg"), Some(&Value::text("-Infinity")));
    assert_eq!(metrics.get("val/f1 macro"), Some(&Value::Float(0.933_693_394_266_722)));
}

#[test]
fn figures_on_a_dataset_are_evaluations_that_lead_to_the_very_dataset() {
    let snapshot = snapshot(&fixture("mlflow-3.17-sqlite/mlflow.db"));
    let evaluations = of_kind(&snapshot, Kind::Evaluation);
    assert_eq!(evaluations.len(), 12);
    let datasets = of_kind(&snapshot, Kind::Dataset);
    for evaluation in evaluations {
        let [dataset] = targets(evaluation, Relation::TestedOn)[..] else { panic!("one dataset") };
        assert!(datasets.iter().any(|known| known.node == *dataset), "{dataset:?}");
        assert_eq!(targets(evaluation, Relation::Evaluates).len(), 1);
    }
}

#[test]
fn what_is_not_mlflow_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mapping = Mapping::embedded().unwrap().mlflow;
    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("create table invoices(id); create table customers(id);").unwrap();
    drop(other);
    assert_eq!(recognise(&path), Some(Form::Sqlite));
    let error = read(&path, Form::Sqlite, &mapping, None).unwrap_err().to_string();
    assert!(error.contains("customers, invoices"), "{error}");

    let cut = folder.path().join("cut.db");
    let bytes = fs::read(fixture("mlflow-3.17-sqlite/mlflow.db")).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let error = read(&cut, Form::Sqlite, &mapping, None).unwrap_err();
    assert!(matches!(error, Error::Truncated { .. }), "{error}");

    let root = folder.path().join("mlruns");
    let run = "1/4eec72fbdf934e139469a2d1fea75889/artifacts/model";
    fs::create_dir_all(root.join(run)).unwrap();
    assert_eq!(recognise(&root), Some(Form::File));
    let error = read(&root, Form::File, &mapping, None).unwrap_err();
    assert!(matches!(error, Error::ArtifactsOnly { .. }) && error.to_string().contains(".db"));

    assert_eq!(recognise(&folder.path().join("nothing")), None);
    assert_eq!(recognise(&fixture("")), None);
}

#[test]
fn a_damaged_page_is_never_silent() {
    const PAGE: usize = 4096;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.db");
    let mapping = Mapping::embedded().unwrap().mlflow;
    let whole = fs::read(fixture("mlflow-3.17-sqlite/mlflow.db")).unwrap();
    let (mut refused, mut noted) = (0, 0);
    // Pages of trees; the others are overflow and free pages.
    let pages = (1..whole.len() / PAGE).filter(|page| [2, 5, 10, 13].contains(&whole[page * PAGE]));
    for page in pages.step_by(7) {
        let mut bytes = whole.clone();
        bytes[page * PAGE..page * PAGE + 64].fill(0x5a);
        fs::write(&path, &bytes).unwrap();
        match read(&path, Form::Sqlite, &mapping, None) {
            Err(error) => {
                assert!(matches!(error, Error::Sqlite { .. }), "{error}");
                refused += 1;
            }
            Ok(snapshot) => {
                assert!(!snapshot.full && !snapshot.rejects.is_empty(), "page {page}");
                noted += 1;
            }
        }
    }
    assert!(refused > 0 && noted > 0, "{refused} refused, {noted} noted");
}

#[test]
fn an_uncheckpointed_log_is_read_and_nothing_is_left_beside_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let live = folder.path().join("live.db");
    fs::copy(fixture("mlflow-3.17-sqlite/mlflow.db"), &live).unwrap();
    let server = rusqlite::Connection::open(&live).unwrap();
    server.pragma_update(None, "journal_mode", "wal").unwrap();
    server.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    server.execute("update runs set name = 'seen in the log' where name = 'iris-lr'", []).unwrap();
    // As found on a backup: database and log, without the index that a live server keeps.
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("live.db{suffix}");
        fs::copy(folder.path().join(&name), copy.join(&name)).unwrap();
    }
    let before = listing(&copy);
    for path in [copy.join("live.db"), live.clone()] {
        let seen = snapshot(&path);
        assert_eq!(text(by_name(&seen, Kind::Run, "seen in the log"), "status"), Some("FINISHED"));
        assert_eq!(seen.counts, common());
    }
    assert_eq!(listing(&copy), before);

    // Checkpointed and closed: in WAL mode, but without a log.
    drop(server);
    let alone = folder.path().join("alone.db");
    fs::copy(&live, &alone).unwrap();
    let seen = snapshot(&alone);
    assert_eq!(seen.counts, common());
    assert!(!folder.path().join("alone.db-shm").exists());
}

#[test]
fn a_pipe_beside_a_database_is_refused_and_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("a.db");
    fs::copy(fixture("mlflow-3.17-sqlite/mlflow.db"), &database).unwrap();
    let mapping = Mapping::embedded().unwrap().mlflow;
    for suffix in ["-wal", "-shm", "-journal"] {
        let pipe = folder.path().join(format!("a.db{suffix}"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let error = read(&database, Form::Sqlite, &mapping, None).unwrap_err().to_string();
        assert!(error.contains(suffix) && error.contains("a pipe"), "{error}");
        fs::remove_file(pipe).unwrap();
    }
}

fn listing(folder: &Path) -> Vec<(PathBuf, u64)> {
    let entries = fs::read_dir(folder).expect("a folder that can be listed");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("an entry that can be read"))
        .map(|entry| (entry.path(), entry.metadata().expect("a file of that name").len()))
        .collect();
    files.sort();
    files
}

#[test]
fn what_a_crash_left_is_rejected_and_the_rest_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let experiment = folder.path().join("mlruns/0");
    fs::create_dir_all(&experiment).unwrap();
    fs::write(experiment.join("meta.yaml"), "experiment_id: '0'\nname: Default\n").unwrap();
    let ids = ["a", "b", "c", "d"].map(|digit| digit.repeat(32));
    for id in &ids {
        fs::create_dir_all(experiment.join(id).join("metrics")).unwrap();
    }
    let meta = |id: &str| experiment.join(id).join("meta.yaml");
    fs::write(meta(&ids[0]), "run_id: x\nstatus: 3\nname: ''\n").unwrap();
    fs::write(experiment.join(&ids[0]).join("metrics/acc"), "1 0.5 0\nhalf a li\n1 0.5 0\n")
        .unwrap();
    fs::write(meta(&ids[1]), "").unwrap();
    fs::write(meta(&ids[2]), "status: [3\n").unwrap();
    fs::write(folder.path().join("dvc.lock"), "schema: '2.0'\n").unwrap();
    let snapshot = snapshot(folder.path());
    let rejects: Vec<_> =
        snapshot.rejects.iter().map(|r| (r.at.file.as_str(), r.at.line)).collect();
    let place = |id: &str, file: &str| format!("mlruns/0/{id}{file}");
    assert_eq!(
        rejects,
        [
            (place(&ids[0], "/metrics/acc").as_str(), 2),
            (place(&ids[1], "/meta.yaml").as_str(), 0),
            (place(&ids[2], "/meta.yaml").as_str(), 0),
            (place(&ids[3], "").as_str(), 0),
        ]
    );
    assert_eq!((snapshot.counts.runs, snapshot.counts.points), (1, 1));
    assert!(!snapshot.full, "a store that was read in part never tells that something is gone");
    let run = of_kind(&snapshot, Kind::Run)[0];
    assert_eq!((text(run, "name"), text(run, "status")), (None, Some("FINISHED")));
    let hints = Value::List(vec![Value::text("dvc.lock beside the store")]);
    assert_eq!(run.fields.get("input_hints"), Some(&hints));
    assert!(snapshot.warnings.iter().any(|warning| warning.contains("--source")));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_store_are_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("mlruns/0").join("a".repeat(32));
    fs::create_dir_all(run.join("params")).unwrap();
    fs::write(run.join("meta.yaml"), "status: 3\n").unwrap();
    fs::write(folder.path().join("secret"), "s3cret").unwrap();
    std::os::unix::fs::symlink(folder.path().join("secret"), run.join("params/key")).unwrap();
    let snapshot = snapshot(folder.path());
    assert_eq!((snapshot.counts.runs, snapshot.counts.params), (1, 0));
    assert_eq!(snapshot.rejects.len(), 1);
}
