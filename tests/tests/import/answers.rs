//! From each input hash to the training data, compared with the rows of the database and the lines
//! of the archives as another reader sees them.

use lineal_query::State;
use lineal_tests::place::{ARCHIVES, DATABASE, Place, fixture};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

const DATA: &str = "find dataset upstream via training of inference:$hash return name, digest";
const STEPS: &str = "trace inference:$hash to dataset as d via training return path";

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Hash and version of every event of an archive, by a reader of its own.
fn hashes(archive: &str) -> BTreeMap<String, String> {
    let mut all = Vec::new();
    files(&fixture(archive), &mut all);
    let mut hashes = BTreeMap::new();
    for file in all {
        let read = flate2::read::MultiGzDecoder::new(std::fs::File::open(file).unwrap());
        for line in BufReader::new(read).lines() {
            let Ok(line) = serde_json::from_str::<Json>(&line.unwrap()) else { continue };
            let message = line["message"].as_str().and_then(|text| serde_json::from_str(text).ok());
            let attributes = &line["attributes"];
            let nested = attributes.get("art12").cloned().or(message).unwrap_or_default();
            let get = |a: &str, b: &str| {
                let dotted = attributes.get(format!("ai.{a}.{b}"));
                dotted.unwrap_or(&nested[a][b]).as_str().map(str::to_owned)
            };
            if let (Some(hash), Some(version)) = (get("input", "hash"), get("model", "version")) {
                let known = hashes.insert(hash, version.clone());
                assert!(known.is_none_or(|known| known == version));
            }
        }
    }
    hashes
}

/// Training data and run of each version, as the database's own tables say it.
fn trained() -> BTreeMap<String, (String, BTreeSet<(String, String)>)> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = rusqlite::Connection::open_with_flags(fixture(DATABASE), flags).unwrap();
    let mut statement = database
        .prepare(
            "select v.version, v.run_id, d.name, d.digest from model_versions v
             join inputs i on i.destination_id = v.run_id and i.destination_type = 'RUN'
             join datasets d on d.dataset_uuid = i.source_id
             join input_tags t on t.input_uuid = i.input_uuid
             where v.name = 'credit-risk-scorer' and t.name = 'mlflow.data.context' and t.value = 'training'",
        )
        .unwrap();
    let text = |row: &rusqlite::Row<'_>, at: usize| row.get::<_, String>(at);
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, i64>(0)?.to_string(), text(row, 1)?, text(row, 2)?, text(row, 3)?))
    });
    let mut trained: BTreeMap<String, (String, BTreeSet<_>)> = BTreeMap::new();
    for row in rows.unwrap() {
        let (version, run, name, digest) = row.unwrap();
        let (of, data) = trained.entry(version).or_insert_with(|| (run.clone(), BTreeSet::new()));
        assert_eq!(*of, run);
        data.insert((name, digest));
    }
    trained
}

fn assert_every_hash_leads_to_its_data(place: &Place, archive: &str) {
    let (hashes, trained) = (hashes(archive), trained());
    assert_eq!(hashes.len(), 300);
    let mut by_version: BTreeMap<&str, usize> = BTreeMap::new();
    for (hash, version) in &hashes {
        *by_version.entry(version).or_default() += 1;
        let (run, data) = &trained[version];
        let answer = place.answer(DATA, &[("hash", hash)]);
        let found: BTreeSet<(String, String)> =
            answer.rows.iter().map(|row| (answer.text(&row[0]), answer.text(&row[1]))).collect();
        assert_eq!(found, *data, "{hash} of version {version}");
        assert_eq!(answer.completeness.state(), State::Complete, "{hash}");
        let answer = place.answer(STEPS, &[("hash", hash)]);
        let paths: Vec<String> = answer.rows.iter().map(|row| answer.text(&row[0])).collect();
        assert!(!paths.is_empty());
        for path in paths {
            let endpoint = "deployment:credit-scorer/prod/scorer-prod-eu-1";
            let expected = format!(
                "inference:sha256:{hash} served_by {endpoint}@credit-risk-scorer:{version} deploys \
                 model:credit-risk-scorer@{version} produced_by run:{run} trained_on dataset:"
            );
            assert!(path.starts_with(&expected), "{path}\n{expected}");
        }
    }
    assert_eq!(by_version, [("2", 270), ("3", 30)].into_iter().collect());
}

#[test]
fn every_hash_of_each_archive_leads_over_deployment_version_and_run_to_its_data() {
    for archive in ARCHIVES {
        let place = Place::new();
        place.import_fixtures(&[DATABASE, archive]);
        assert_every_hash_leads_to_its_data(&place, archive);
    }
}

#[test]
fn the_same_inputs_under_other_event_ids_are_events_of_their_own() {
    // The archives are three runs of one generator: inputs and hashes repeat, no event id does.
    let place = Place::new();
    place.import_fixtures(&[DATABASE, ARCHIVES[0]]);
    let report = place.import_fixtures(&[ARCHIVES[1], ARCHIVES[2]]);
    assert_eq!((report.events, report.conflicts), (600, 0));
    assert_eq!(report.counts().duplicate, 20);
    for (hash, version) in hashes(ARCHIVES[0]) {
        let answer = place.answer("find inference:$hash return it", &[("hash", &hash)]);
        assert_eq!(answer.rows.len(), 3, "{hash}");
        let answer = place.answer(DATA, &[("hash", &hash)]);
        assert_eq!(answer.rows.len(), trained()[&version].1.len());
    }
    let all = place.rows("find deployment summarize sum(events) as n, sum(overrides) as o");
    assert_eq!(all, [["900", "54"].map(str::to_owned).to_vec()]);
}

#[test]
fn a_version_without_a_run_ends_the_trail_and_says_so() {
    let place = Place::new();
    place.import_fixtures(&[DATABASE]);
    let of = |version: &str| {
        place.answer("find dataset upstream of model:$model", &[("model", version)]).rows.len()
    };
    assert_eq!(of("credit-risk-scorer@4"), 0, "registered from elsewhere");
    assert_eq!(of("credit-risk-scorer@5"), 0, "deleted");
    assert!(of("credit-risk-scorer@2") > 0);
}
