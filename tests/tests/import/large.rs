//! Files that are too large to be held at once: cut into stretches, each a commit, resumed where a
//! failure ended them.

use lineal_engine::schema::Kind;
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan};
use lineal_import::{ImportOptions, Limits};
use lineal_proof::record::Counts;
use lineal_tests::log_lines::Line;
use lineal_tests::place::Place;
use lineal_tests::sample;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const LINES: u32 = 1_050;

/// A file of eleven stretches of 100 lines: the third holds nothing but lines of something else, in
/// the fifth ten lines are broken, and the seventh repeats 20 events of the first.
fn file(folder: &Path) -> PathBuf {
    let mut text = String::new();
    for number in 0..LINES {
        match (number / 100, number % 100) {
            (2, _) => {
                text.push_str(r#"{"_id":"x","date":"2026-03-01T00:00:00Z","message":"hello"}"#);
            }
            (4, ..10) => text.push_str(r#"{"_id":"x","date":"#),
            (6, at @ ..20) => text.push_str(&Line::number(at).json()),
            _ => text.push_str(&Line::number(number).json()),
        }
        writeln!(text).unwrap();
    }
    let path = folder.join("large.ndjson");
    std::fs::write(&path, text).unwrap();
    path
}

const COUNTS: Counts = Counts {
    read: LINES as u64,
    accepted: LINES as u64 - 100 - 10 - 20,
    duplicate: 20,
    rejected: 10,
    skipped: 100,
    suppressed: 0,
};

fn stretch_by_stretch() -> ImportOptions {
    let limits = Limits { small_file_bytes: 0, stretch_lines: 100, ..Limits::default() };
    ImportOptions { limits, ..ImportOptions::default() }
}

#[test]
fn each_stretch_is_a_commit_and_a_batch() {
    let (folder, place) = (tempfile::tempdir().unwrap(), Place::new());
    let path = file(folder.path());
    let report = place.import_with(&[&path], &stretch_by_stretch());
    assert_eq!(report.counts(), COUNTS);
    assert_eq!((report.import, report.commits), (Some(1), 10), "the third stretch has no event");
    assert_eq!(report.sources[0].rejects.len(), 10);
    let view = place.view();
    assert_eq!(view.nodes_of(Kind::Batch).len(), 10);
    assert_eq!(place.column("find deployment return events"), [COUNTS.accepted.to_string()]);
    let hash = Line::number(740).hash();
    assert_eq!(place.answer("find inference:$h", &[("h", &hash)]).rows.len(), 1);
    assert!(place.import_with(&[&path], &stretch_by_stretch()).brought_nothing());
    // It is one import, and retracted as one.
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(1, false, None).unwrap();
    transaction.commit().unwrap();
    assert_eq!(place.column("find inference"), [] as [&str; 0]);
    let again = place.import_with(&[&path], &stretch_by_stretch());
    assert_eq!((again.counts(), again.commits), (COUNTS, 10));
}

#[test]
fn each_stretch_is_of_the_time_of_its_newest_event() {
    let (folder, place) = (tempfile::tempdir().unwrap(), Place::new());
    let path = file(folder.path());
    let opened = std::fs::File::options().append(true).open(&path).unwrap();
    opened.set_modified(std::time::UNIX_EPOCH).unwrap();
    place.import_with(&[&path], &stretch_by_stretch());
    const SECOND: i64 = 1_000_000_000;
    const MIDNIGHT: i64 = 1_772_323_200 * SECOND;
    let times: Vec<i64> = place.store.sources().iter().map(|(.., s)| s.observed_at).collect();
    let newest = [99, 199, 399, 499, 599, 699, 799, 899, 999, 1_049];
    assert_eq!(times, newest.map(|second| MIDNIGHT + second * SECOND));
}

#[test]
fn read_whole_or_stretch_by_stretch_the_answers_are_the_same() {
    let (folder, large, small) = (tempfile::tempdir().unwrap(), Place::new(), Place::new());
    let path = file(folder.path());
    large.import_with(&[&path], &stretch_by_stretch());
    let limits = Limits { stretch_lines: 100, ..Limits::default() };
    let whole = ImportOptions { limits, ..ImportOptions::default() };
    let report = small.import_with(&[&path], &whole);
    assert_eq!((report.counts(), report.commits), (COUNTS, 1));
    assert_eq!(sample::answers(&large.view()), sample::answers(&small.view()));
    // Either way it is the same file: what one wrote the other knows.
    assert!(large.import_with(&[&path], &whole).brought_nothing());
}

/// Imports with a crash at a call, then again without; gives the calls of the first attempt.
fn crash_and_resume(
    paths: &[&Path],
    options: &ImportOptions,
    at: u64,
    expected: &BTreeSet<String>,
) -> bool {
    let memory = MemoryStorage::new();
    drop(Place::on(Arc::new(memory.clone())));
    let faulty = Arc::new(FaultyStorage::new(memory.clone(), Plan::CrashAt(at)));
    let options_of_store = sample::options();
    let acknowledged = match lineal_engine::Store::open_on(faulty, options_of_store) {
        Ok(store) => {
            let broken = Place { store: Arc::new(store) };
            let done = broken.try_import(paths, options);
            let whole = done.is_ok_and(|report| report.waits.is_none());
            if whole {
                return false;
            }
            broken.store.commit()
        }
        Err(_) => 0,
    };
    let place = Place::open_on(Arc::new(memory.after_power_cut(50)));
    assert!(place.store.commit() >= acknowledged, "a commit was lost after call {at}");
    let kept = place.store.commit();
    let report = place.import_with(paths, options);
    let counts = report.counts();
    let full = place.import_with(paths, options);
    assert!(full.brought_nothing(), "call {at}");
    assert_eq!(sample::answers(&place.view()), *expected, "after a crash at call {at}");
    if kept == 0 {
        assert_eq!(counts.duplicate, 20);
    }
    true
}

#[test]
fn a_failure_anywhere_in_a_large_file_is_resumed_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let undisturbed = Place::new();
    undisturbed.import_with(&[&path], &stretch_by_stretch());
    let expected = sample::answers(&undisturbed.view());
    let mut crashes = 0;
    // A stride that is no divisor of the calls of a commit reaches each of them.
    for at in (0..).step_by(5) {
        if !crash_and_resume(&[&path], &stretch_by_stretch(), at, &expected) {
            break;
        }
        crashes += 1;
    }
    assert!(crashes >= 10, "{crashes} crashes");
}

#[test]
fn a_stretch_that_is_recorded_is_not_recorded_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let memory = MemoryStorage::new();
    drop(Place::on(Arc::new(memory.clone())));
    // Far enough for some of the ten commits.
    let faulty = Arc::new(FaultyStorage::new(memory.clone(), Plan::CrashAt(40)));
    let store = lineal_engine::Store::open_on(faulty, sample::options()).unwrap();
    let broken = Place { store: Arc::new(store) };
    broken.try_import(&[&path], &stretch_by_stretch()).unwrap_err();
    let done = broken.store.commit();
    assert!((2..9).contains(&done), "{done} commits");
    drop(broken);
    let place = Place::open_on(Arc::new(memory));
    let kept = place.store.commit();
    let report = place.import_with(&[&path], &stretch_by_stretch());
    assert_eq!(report.commits, 10 - kept);
    let counts = report.counts();
    assert_eq!((counts.read, counts.accepted + counts.duplicate), (COUNTS.read, 940));
    assert!(counts.duplicate > 20, "what was recorded counts as known");
    assert_eq!((counts.rejected, counts.skipped), (10, 100));
    assert_eq!(place.view().nodes_of(Kind::Batch).len(), 10);
}

#[test]
fn a_file_that_ends_in_the_middle_keeps_what_was_read_and_is_not_read_again() {
    let (folder, place) = (tempfile::tempdir().unwrap(), Place::new());
    let text = std::fs::read(file(folder.path())).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &text).unwrap();
    let mut packed = packed.finish().unwrap();
    packed.truncate(packed.len() / 2);
    std::fs::remove_file(folder.path().join("large.ndjson")).unwrap();
    let path = folder.path().join("cut.ndjson.gz");
    std::fs::write(&path, packed).unwrap();
    let report = place.import_with(&[&path], &stretch_by_stretch());
    let counts = report.counts();
    assert!(counts.accepted > 300 && counts.accepted < 800, "{counts:?}");
    let damage = report.sources[0].rejects.last().unwrap();
    assert_eq!(damage.at.file, "cut.ndjson.gz");
    assert!(damage.reason.contains("gzip"), "{}", damage.reason);
    assert!(place.import_with(&[&path], &stretch_by_stretch()).brought_nothing());
}

#[test]
fn what_only_a_retracted_import_read_of_a_file_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path());
    let memory = MemoryStorage::new();
    drop(Place::on(Arc::new(memory.clone())));
    let faulty = Arc::new(FaultyStorage::new(memory.clone(), Plan::CrashAt(40)));
    let store = lineal_engine::Store::open_on(faulty, sample::options()).unwrap();
    let broken = Place { store: Arc::new(store) };
    broken.try_import(&[&path], &stretch_by_stretch()).unwrap_err();
    drop(broken);
    let place = Place::open_on(Arc::new(memory));
    place.import_with(&[&path], &stretch_by_stretch());
    let events = || place.column("find deployment return events");
    assert_eq!(events(), [COUNTS.accepted.to_string()]);
    // The import that the crash ended read the first half, the second one the rest.
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(1, false, None).unwrap();
    transaction.commit().unwrap();
    assert_ne!(events(), [COUNTS.accepted.to_string()]);
    assert!(!place.import_with(&[&path], &stretch_by_stretch()).brought_nothing());
    assert_eq!(events(), [COUNTS.accepted.to_string()]);
    assert!(place.import_with(&[&path], &stretch_by_stretch()).brought_nothing());
}
