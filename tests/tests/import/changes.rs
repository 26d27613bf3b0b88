//! A store that changed between two imports, in whatever order they come; and what no file of ours
//! says in the clear.

use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_import::{Error, ImportOptions};
use lineal_tests::place::{ARCHIVES, DATABASE, Place, fixture};
use lineal_tests::{log_lines, sample};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

const BEFORE: i64 = 1_800_000_000_000_000_000;
const AFTER: i64 = BEFORE + 86_400_000_000_000;
const STATE: &str =
    "find model where name = \"credit-risk-scorer\" and version = \"2\" return stage, aliases";

/// The database a day later: version 2 is archived, nobody is champion, a run is gone for good.
fn later(folder: &Path) -> PathBuf {
    let path = folder.join("mlflow.db");
    std::fs::copy(fixture(DATABASE), &path).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "pragma foreign_keys = off;
             update model_versions set current_stage = 'Archived' where name = 'credit-risk-scorer' and version = 2;
             delete from registered_model_aliases where alias = 'champion';
             delete from runs where name = 'credit-sweep';
             delete from params where run_uuid not in (select run_uuid from runs);
             delete from tags where run_uuid not in (select run_uuid from runs);
             delete from metrics where run_uuid not in (select run_uuid from runs);
             delete from latest_metrics where run_uuid not in (select run_uuid from runs);",
        )
        .unwrap();
    drop(database);
    path
}

fn at(observed_at: i64) -> ImportOptions {
    ImportOptions { observed_at: Some(observed_at), ..ImportOptions::default() }
}

#[test]
fn the_later_state_is_the_view_and_the_earlier_one_stays_to_be_seen() {
    let folder = tempfile::tempdir().unwrap();
    let (earlier, later) = (fixture(DATABASE), later(folder.path()));
    let place = Place::new();
    let first = place.import_with(&[&earlier], &at(BEFORE));
    assert_eq!(place.rows(STATE), [["Production", "champion"].map(str::to_owned)]);
    let sweep = place.column("find run where name = \"credit-sweep\"");
    assert_eq!(sweep.len(), 1);
    let second = place.import_with(&[&later], &at(AFTER));
    assert_eq!(second.commits, 1);
    let counts = second.counts();
    assert!(counts.accepted > 0 && counts.accepted < 10, "{counts:?}");
    assert_eq!(counts.accepted + counts.duplicate + counts.skipped, counts.read);
    assert!(counts.read < first.counts().read);
    assert_eq!(place.rows(STATE), [["Archived", ""].map(str::to_owned)]);
    let old = place.rows(&format!("{STATE} as of 1"));
    assert_eq!(old, [["Production", "champion"].map(str::to_owned)]);
    // The run is no longer in its source, and the view says so.
    let view = place.view();
    let run = view.find(None, sweep[0].strip_prefix("run:").unwrap())[0];
    let gone = view.field(run, "gone").unwrap();
    assert_eq!(gone, Some(lineal_proof::Value::Bool(true)));
    assert!(place.import_with(&[&later], &at(AFTER)).brought_nothing());
}

#[test]
fn a_store_that_returns_to_an_earlier_state_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("first.db"), later(folder.path()));
    std::fs::copy(fixture(DATABASE), &first).unwrap();
    let dated = |path: &Path, time: i64| {
        let time = UNIX_EPOCH + Duration::from_nanos(time.unsigned_abs());
        std::fs::File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
    };
    dated(&first, BEFORE);
    dated(&second, AFTER);
    let place = Place::new();
    let (known, gone) = (place.import(&[&first]).counts(), [["Archived", ""].map(str::to_owned)]);
    place.import(&[&second]);
    assert_eq!(place.rows(STATE), gone);
    // The same file of the same time says nothing new, and it is said that a later one is known.
    let again = place.import(&[&first]);
    assert!(again.brought_nothing());
    assert_eq!(
        again.sources[0].warnings,
        [
            "first.db is known in this state from import:1, and a later state of the source is recorded; if it returned to this one, say as of when with --observed-at TIME"
        ]
    );
    // Rolled back: the bytes of the first file with a later time.
    dated(&first, AFTER + 1);
    let back = place.import(&[&first]);
    assert_eq!((back.commits, back.counts().duplicate), (1, known.accepted));
    let state = [["Production", "champion"].map(str::to_owned)];
    assert_eq!(place.rows(STATE), state);
    assert!(place.import(&[&first]).brought_nothing());
    // And so with a time that is given.
    place.import_with(&[&second], &at(AFTER + 2));
    assert_eq!(place.rows(STATE), gone);
    assert_eq!(place.import_with(&[&first], &at(AFTER + 3)).commits, 1);
    assert_eq!(place.rows(STATE), state);
    // Nothing changed since, which is worth a record only where a later time is claimed.
    assert_eq!(place.import_with(&[&first], &at(AFTER + 4)).commits, 1);
    assert!(place.import_with(&[&first], &at(AFTER + 4)).brought_nothing());
    let ignored = place.import_with(&[&first], &at(AFTER));
    assert!(ignored.brought_nothing());
    assert!(ignored.sources[0].warnings[0].ends_with("--observed-at had no effect"));
    assert_eq!(place.rows(STATE), state);
}

#[test]
fn an_older_state_that_is_imported_later_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let (earlier, later) = (fixture(DATABASE), later(folder.path()));
    let (forth, back) = (Place::new(), Place::new());
    forth.import_with(&[&earlier], &at(BEFORE));
    forth.import_with(&[&later], &at(AFTER));
    back.import_with(&[&later], &at(AFTER));
    back.import_with(&[&earlier], &at(BEFORE));
    assert_eq!(back.rows(STATE), [["Archived", ""].map(str::to_owned)]);
    assert_eq!(sample::answers(&forth.view()), sample::answers(&back.view()));
}

#[test]
fn no_file_of_a_store_names_a_person_in_the_clear() {
    let storage = MemoryStorage::new();
    let place = Place::on(Arc::new(storage.clone()));
    place.import_fixtures(&[DATABASE, "mlflow-2.9-file/mlruns", ARCHIVES[0], ARCHIVES[2]]);
    let view = place.view();
    let named = |login: &str| !view.find(None, login).is_empty();
    assert!(named("maria.keller@example.eu") && named("reviewer-0"), "people are found by login");
    let mut containers = 0;
    for path in storage.paths() {
        let bytes = storage.read(&path).unwrap().unwrap();
        for name in ["maria.keller", "reviewer-0", "approved after Art. 9 review"] {
            let clear = bytes.windows(name.len()).any(|window| window == name.as_bytes());
            assert!(!clear, "{name} stands in {path}");
        }
        containers += usize::from(path.starts_with("containers/"));
    }
    assert_eq!(containers, 2);
}

/// The database in a folder, with a tag that stands in its log only.
fn with_a_log(folder: &Path) -> (PathBuf, rusqlite::Connection) {
    let path = folder.join("mlflow.db");
    std::fs::copy(fixture(DATABASE), &path).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "pragma journal_mode = wal; pragma wal_autocheckpoint = 0; pragma synchronous = off;
             insert into tags (key, value, run_uuid) select 'in_log', 'yes', run_uuid from runs;",
        )
        .unwrap();
    (path, database)
}

#[test]
fn custody_of_a_database_and_its_log_is_what_two_lines_of_shell_say() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _open) = with_a_log(folder.path());
    let place = Place::new();
    place.import(&[&path]);
    let hex = |name: &str| {
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        lineal_proof::Hash(Sha256::digest(bytes).into())
    };
    let (database, log) = (hex("mlflow.db"), hex("mlflow.db-wal"));
    let listing = format!("{database}  mlflow.db\n{log}  mlflow.db-wal\n");
    let (_, _, source) = place.store.sources().pop().unwrap();
    assert_eq!(source.sha256, Some(lineal_proof::Hash(Sha256::digest(listing).into())));
    assert_eq!(source.files, 2);
    assert!(place.import(&[&path]).brought_nothing());
}

#[test]
fn a_database_that_nobody_writes_to_is_recorded_as_one_that_was_just_written() {
    let hour = Duration::from_secs(3_600);
    let recorded = [Duration::ZERO, hour].map(|ago| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mlflow.db");
        std::fs::copy(fixture(DATABASE), &path).unwrap();
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        let written = file.metadata().unwrap().modified().unwrap();
        file.set_modified(written - ago).unwrap();
        let place = Place::new();
        let options = ImportOptions { observed_at: Some(5), ..ImportOptions::default() };
        place.try_import(&[&path], &options).unwrap();
        let again = place.try_import(&[&path], &options).unwrap();
        assert!(again.brought_nothing());
        let (_, _, source) = place.store.sources().pop().unwrap();
        assert_eq!(
            source.sha256,
            Some(lineal_proof::Hash(Sha256::digest(std::fs::read(&path).unwrap()).into()))
        );
        (source.blake3, source.digest, source.files, source.size, source.counts, source.observed_at)
    });
    assert_eq!(recorded[0], recorded[1]);
}

/// Updates by a writer that is not told to stop: about three gigabytes of log.
const UPDATES_MAX: u32 = 10_000;

#[test]
fn a_database_that_is_written_while_it_is_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (path, database) = with_a_log(folder.path());
    let stop = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            // Bounded, lest an import that hangs fills the disk: nothing takes the log back.
            for number in 0..UPDATES_MAX {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let said = "update tags set value = ?1 where key = 'in_log'";
                database.execute(said, [number.to_string()]).unwrap();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let place = Place::new();
    // One attempt is enough but where the writer is not let in during all of it.
    let mut attempts = (0..5).map(|_| place.try_import(&[&path], &ImportOptions::default()));
    let refused = attempts.any(|attempt| matches!(attempt, Err(Error::Changed { .. })));
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    assert!(refused);
}

#[test]
fn folders_parameters_and_metrics_that_are_called_as_a_person_stand_nowhere_in_the_clear() {
    let storage = MemoryStorage::new();
    let place = Place::on(Arc::new(storage.clone()));
    let folder = tempfile::tempdir().unwrap();
    let person = "erika.mann@example.eu";
    let (home, logs) = (folder.path().join(person), folder.path().join("logs"));
    std::fs::create_dir(&home).unwrap();
    let (path, database) = with_a_log(&home);
    for said in [
        "insert into params (key, value, run_uuid) select ?1, 'p', run_uuid from runs",
        "insert into tags (key, value, run_uuid) select ?1, 't', run_uuid from runs",
        "update metrics set key = ?1 where key = (select min(key) from metrics)",
    ] {
        assert!(database.execute(said, [person]).unwrap() > 0, "{said}");
    }
    let file = logs.join(person).join("home/karl/day.ndjson");
    log_lines::write(&file, (0..5).map(log_lines::Line::number)).unwrap();
    // Beside another log file: the folder itself is then the archive, and its paths are labels.
    log_lines::write(&logs.join("a.ndjson"), (5..9).map(log_lines::Line::number)).unwrap();
    place.import(&[&home, &path, &logs]);
    for path in storage.paths() {
        let bytes = storage.read(&path).unwrap().unwrap();
        for name in ["erika", "karl"] {
            let clear = bytes.windows(name.len()).any(|window| window == name.as_bytes());
            assert!(!clear, "{name} stands in {path}");
        }
    }
    let sources = place.store.sources();
    let [(.., store), .., (.., log)] = &sources[..] else { panic!("three sources") };
    assert!(store.label.starts_with("keyed:") && store.label.ends_with("/mlflow.db"));
    assert_eq!(log.label.matches("keyed:").count(), 2);
    assert!(log.sealed.iter().any(|(field, _)| field == "label"));
}
