//! What a log's bare name and version mean: by ids beside it, by an alias in the registry, by a name
//! given by hand; and what cannot be told.

use lineal_engine::schema::Kind;
use lineal_import::ImportOptions;
use lineal_proof::{Key, KeyPart};
use lineal_query::State;
use lineal_tests::log_lines::{Line, write};
use lineal_tests::place::{DATABASE, Place, fixture};

const MODELS: &str = "find model deployed_by deployment return it, source";

fn logs(line: &Line) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let lines = (0..3_u32).map(|number| Line {
        event_id: Some(format!("{}-{number}", line.service)),
        second: number,
        log_id: None,
        ..line.clone()
    });
    write(&folder.path().join("logs.ndjson"), lines).unwrap();
    folder
}

fn named(source: &str) -> ImportOptions {
    ImportOptions { source: Some(source.to_owned()), ..ImportOptions::default() }
}

/// Two registries that both hold credit-risk-scorer, versions 1 to 5.
fn two_registries(place: &Place) {
    place.import_with(&[&fixture(DATABASE)], &named("prod"));
    place.import_with(&[&fixture("mlflow-2.9-file/mlruns")], &named("lab"));
}

fn alias(place: &Place, name: &str, registry: &str) {
    let mut transaction = place.store.begin(None, None).unwrap();
    let family = Key::new(vec![registry.into(), "credit-risk-scorer".into(), KeyPart::Null]);
    transaction.add_reference(Kind::Model, name, Some(family));
    transaction.commit().unwrap();
}

const HASH_QUESTION: &str = "find model upstream of inference:$h where form = \"registered\"";

fn meant(place: &Place) -> (Vec<String>, State) {
    let hash = Line::number(0).hash();
    let answer = place.answer(HASH_QUESTION, &[("h", &hash)]);
    let models = answer.rows.iter().map(|row| answer.text(&row[0])).collect();
    (models, answer.completeness.state())
}

#[test]
fn a_name_that_two_registries_have_cannot_be_told_until_an_alias_decides() {
    let place = Place::new();
    two_registries(&place);
    let folder = logs(&Line::number(0));
    place.import(&[folder.path()]);
    let (models, state) = meant(&place);
    assert_eq!((models, state), (vec![], State::CannotTell));
    let view = place.view();
    let claimed = view.nodes_of(Kind::Model).find(|node| !view.candidates(*node).is_empty());
    let candidates = view.candidates(claimed.expect("an ambiguous claim"));
    let names: Vec<String> = candidates.iter().map(|node| view.name_of(*node)).collect();
    assert_eq!(names, ["model:lab/credit-risk-scorer@2", "model:prod/credit-risk-scorer@2"]);

    alias(&place, "credit-risk-scorer", "prod");
    let decided = (vec!["model:prod/credit-risk-scorer@2".to_owned()], State::Complete);
    assert_eq!(meant(&place), decided);
    alias(&place, "credit-risk-scorer", "lab");
    let (models, _) = meant(&place);
    assert_eq!(models, ["model:lab/credit-risk-scorer@2"], "the last word counts");
    // As of before, what was known before.
    assert_eq!(place.answer("find deployment as of 3", &[]).rows.len(), 1);
    let hash = Line::number(0).hash();
    let before = place.answer(&format!("{HASH_QUESTION} as of 4"), &[("h", &hash)]);
    assert_eq!(before.text(&before.rows[0][0]), "model:prod/credit-risk-scorer@2");

    // A name given before anything is imported decides as well.
    let first = Place::new();
    alias(&first, "credit-risk-scorer", "prod");
    first.import(&[folder.path()]);
    two_registries(&first);
    assert_eq!(meant(&first), decided);
}

#[test]
fn a_run_id_in_the_log_decides_without_an_alias() {
    let place = Place::new();
    two_registries(&place);
    let run = Some("4cf1c180887a4e388881bec9652668c5");
    let folder = logs(&Line { run, ..Line::number(0) });
    place.import(&[folder.path()]);
    let decided = (vec!["model:prod/credit-risk-scorer@2".to_owned()], State::Complete);
    assert_eq!(meant(&place), decided);
}

#[test]
fn an_alias_of_the_registry_may_stand_for_the_version() {
    let place = Place::new();
    let folder = logs(&Line { version: Some("champion"), ..Line::number(0) });
    place.import(&[folder.path()]);
    assert_eq!(meant(&place).1, State::CannotTell);
    place.import_fixtures(&[DATABASE]);
    let decided = (vec!["model:credit-risk-scorer@2".to_owned()], State::Complete);
    assert_eq!(meant(&place), decided);
}

#[test]
fn a_name_of_the_logs_own_needs_an_alias() {
    let place = Place::new();
    place.import_with(&[&fixture(DATABASE)], &named("prod"));
    let folder = logs(&Line { model: "scorer", ..Line::number(0) });
    let report = place.import(&[folder.path()]);
    assert_eq!(report.unresolved.1, ["model:scorer@2"]);
    assert_eq!(meant(&place).1, State::CannotTell);
    alias(&place, "scorer", "prod");
    let decided = (vec!["model:credit-risk-scorer@2".to_owned()], State::Complete);
    assert_eq!(meant(&place), decided);
    let sources = place.rows(MODELS);
    assert_eq!(sources, [vec!["model:credit-risk-scorer@2".to_owned(), "prod".to_owned()]]);
}

#[test]
fn without_a_version_the_trail_ends_at_the_deployment() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE]);
    let folder = logs(&Line { version: None, ..Line::number(0) });
    let report = place.import(&[folder.path()]);
    assert_eq!((report.events, report.counts().rejected), (3, 0));
    assert_eq!(report.unresolved.0, 0, "nothing is claimed");
    let rows = place.rows("find deployment return it, model_name, model_version");
    let name = "deployment:\"scorer/prod/eu-1@credit-risk-scorer:?\"".to_owned();
    assert_eq!(rows, [vec![name, "credit-risk-scorer".to_owned(), String::new()]]);
    assert_eq!(meant(&place).0, [] as [&str; 0]);
}

/// What W&B says of a version of the scorer: it writes `v2`.
fn wandb(place: &Place) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("artifact.json");
    let version = r#"{"name":"credit-risk-scorer:v2","type":"model","version":"v2","digest":"e4d909c290d0fb1ca068ffaddf22cbd0"}"#;
    std::fs::write(&path, version).unwrap();
    let options = ImportOptions { form: Some("wandb".to_owned()), ..ImportOptions::default() };
    place.import_with(&[&path], &options);
}

#[test]
fn a_version_is_the_same_with_a_v_and_without_in_whatever_order_it_is_said() {
    for version in ["v2", "2", "V2"] {
        let folder = logs(&Line { version: Some(version), ..Line::number(0) });
        let decided = (vec!["model:credit-risk-scorer@v2".to_owned()], State::Complete);
        let place = Place::new();
        place.import(&[folder.path()]);
        wandb(&place);
        assert_eq!(meant(&place), decided, "{version}");
        assert_eq!(place.rows("find model where missing = true"), [] as [Vec<String>; 0]);
        let view = place.view();
        let called = view.find(Some(Kind::Model), "credit-risk-scorer@2");
        assert_eq!(called.len(), 1, "it is found as logs call it");
        let other = Place::new();
        wandb(&other);
        other.import(&[folder.path()]);
        assert_eq!(meant(&other), decided, "{version}, the registry first");
        // MLflow's versions are numbers.
        let numbers = Place::new();
        numbers.import(&[folder.path()]);
        numbers.import_fixtures(&[DATABASE]);
        assert_eq!(meant(&numbers).0, ["model:credit-risk-scorer@2"], "{version}");
    }
}

#[test]
fn a_version_that_registries_write_in_two_ways_fits_both_until_a_name_given_to_it_decides() {
    let place = Place::new();
    let folder = logs(&Line { version: Some("v2"), ..Line::number(0) });
    place.import(&[folder.path()]);
    place.import_fixtures(&[DATABASE]);
    wandb(&place);
    assert_eq!(meant(&place).1, State::CannotTell);
    let view = place.view();
    let claimed = view.nodes_of(Kind::Model).find(|node| !view.candidates(*node).is_empty());
    let candidates = view.candidates(claimed.expect("an ambiguous claim")).to_vec();
    let versions: Vec<Option<String>> =
        candidates.iter().map(|node| view.key_of(*node).part_text(2).map(str::to_owned)).collect();
    assert_eq!(candidates.len(), 2, "{versions:?}");
    for key in candidates.into_iter().map(|node| view.key_of(node)) {
        let mut transaction = place.store.begin(None, None).unwrap();
        transaction.add_reference(Kind::Model, "credit-risk-scorer@v2", Some(key.clone()));
        transaction.commit().unwrap();
        let (models, state) = meant(&place);
        // Names are as short as they are clear now, and nodes have other numbers.
        let now = place.view();
        let decided = now.node_with_key(Kind::Model, &key).map(|node| now.name_of(node));
        assert_eq!((models, state), (vec![decided.unwrap()], State::Complete));
    }
}
