//! What is derived may go, and an import may be undone and done again.

use lineal_engine::storage::FileStorage;
use lineal_tests::place::{ARCHIVES, DATABASE, Place, fixture};
use lineal_tests::{questions, sample};
use std::collections::BTreeSet;
use std::sync::Arc;

#[test]
fn every_question_is_understood_and_most_have_rows() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE, ARCHIVES[0]]);
    let answers = questions::answers(&place);
    let empty: Vec<_> =
        answers.iter().filter(|answer| answer[1] == serde_json::json!([])).collect();
    assert!(empty.len() <= 1, "{empty:#?}");
}

#[test]
fn without_index_and_catalog_every_answer_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::create_dir(&path).unwrap();
    let storage = || Arc::new(FileStorage::new(&path));
    let place = Place::on(storage());
    place.import_fixtures(&[DATABASE, "mlflow-2.9-file/mlruns"]);
    place.import_fixtures(&ARCHIVES);
    let before = (questions::answers(&place), sample::answers(&place.view()));
    assert!(before.1.len() > 1_000, "{}", before.1.len());
    drop(place);
    for remove in [["index", "catalog"].as_slice(), &["index"], &["catalog"]] {
        for name in remove {
            let gone = path.join(name);
            assert!(gone.is_dir(), "{name}");
            std::fs::remove_dir_all(gone).unwrap();
        }
        let place = Place::open_on(storage());
        questions::assert_same(
            &questions::answers(&place),
            &before.0,
            &format!("without {remove:?}"),
        );
        place.store.rebuild().unwrap();
        questions::assert_same(
            &questions::answers(&place),
            &before.0,
            &format!("rebuilt after {remove:?}"),
        );
        assert_eq!(sample::answers(&place.view()), before.1, "rebuilt after {remove:?}");
        // And what was imported is still known.
        assert!(place.import_fixtures(&ARCHIVES).brought_nothing());
        drop(place);
        assert!(path.join("index").is_dir() && path.join("catalog").is_dir());
    }
}

#[test]
fn a_retracted_import_is_gone_and_comes_back_when_it_is_imported_again() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE]);
    let without = sample::answers(&place.view());
    let first = place.import_fixtures(&[ARCHIVES[0]]);
    let with = (sample::answers(&place.view()), questions::answers(&place));
    let number = first.import.unwrap();
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(number, false, Some("the wrong archive")).unwrap();
    let retracted = transaction.commit().unwrap().number;
    assert_eq!(sample::answers(&place.view()), without);
    // What was recorded stays to be seen as of before.
    let before = place.answer(&format!("find deployment as of {}", retracted - 1), &[]);
    assert_eq!(before.rows.len(), 2);
    assert_eq!(place.answer("find deployment", &[]).rows.len(), 0);

    let again = place.import_fixtures(&[ARCHIVES[0]]);
    assert_eq!((again.events, again.counts()), (first.events, first.counts()));
    assert_eq!(again.sources[0].files_known, 0);
    assert_eq!(sample::answers(&place.view()), with.0);
    questions::assert_same(&questions::answers(&place), &with.1, "again");
    assert!(place.import_fixtures(&[ARCHIVES[0]]).brought_nothing());
}

#[test]
fn a_retracted_registry_takes_its_nodes_along_and_leaves_what_others_said() {
    let place = Place::new();
    let registry = place.import_fixtures(&[DATABASE]).import.unwrap();
    place.import_fixtures(&[ARCHIVES[0]]);
    let before = sample::answers(&place.view());
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(registry, false, None).unwrap();
    transaction.commit().unwrap();
    assert_eq!(place.column("find run"), [] as [&str; 0]);
    let models = place.column("find model");
    let stubs: BTreeSet<_> = models.iter().map(String::as_str).collect();
    assert!(stubs.is_subset(&["model:credit-risk-scorer@2", "model:credit-risk-scorer@3"].into()));
    let rows = place.rows("find deployment return events");
    assert_eq!(rows.len(), 2);
    place.import_fixtures(&[DATABASE]);
    assert_eq!(sample::answers(&place.view()), before);
}

#[test]
fn an_import_that_a_person_asked_for_names_them_by_key() {
    let place = Place::new();
    let actor = place.store.actor_key("auditor@bank.example").unwrap();
    let options = lineal_import::ImportOptions { actor: Some(actor), ..Default::default() };
    place.import_with(&[&fixture(DATABASE)], &options);
    assert_eq!(place.column("find import").len(), 1);
}

#[test]
fn a_version_of_rest_keeps_its_own_aliases_and_the_run_of_its_source() {
    let run = "f7d2f0a9fa90413fbc9a56125400ca43";
    let folder = tempfile::tempdir().unwrap();
    let save = |name: &str, body: serde_json::Value| {
        std::fs::write(folder.path().join(name), body.to_string()).unwrap();
    };
    save(
        "runs.json",
        serde_json::json!({ "runs": [{ "info": { "run_id": run, "experiment_id": "1" } }] }),
    );
    save(
        "versions.json",
        serde_json::json!({ "model_versions": [{ "name": "scorer", "version": "2", "aliases": ["champion"],
            "source": format!("runs:/{run}/model"), "run_id": "" }] }),
    );
    let place = Place::new();
    place.import(&[folder.path()]);
    let aliases = place.column("find model where name = \"scorer\" return aliases").concat();
    assert!(aliases.contains("champion"), "{aliases}");
    let made = place.column("find model as m produced_by run as r return m.name");
    assert_eq!(made, ["scorer"]);
}
