//! Imports undone and brought back: what would change nothing, or count twice, is refused.

use lineal_engine::Error;
use lineal_engine::schema::Kind;
use lineal_proof::Key;
use lineal_tests::log_lines::{Line, write};
use lineal_tests::place::Place;
use std::ops::Range;
use std::path::PathBuf;

/// A store, and files of events to import into it.
struct Log {
    place: Place,
    folder: tempfile::TempDir,
}

impl Log {
    fn new() -> Log {
        Log { place: Place::new(), folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, name: &str, lines: impl IntoIterator<Item = Line>) -> PathBuf {
        let path = self.folder.path().join(name);
        write(&path, lines).unwrap();
        path
    }

    /// Imports a file of these events and gives the import's number.
    fn import(&self, name: &str, numbers: Range<u32>) -> u64 {
        let path = self.file(name, numbers.map(Line::number));
        self.place.import(&[&path]).import.unwrap()
    }

    fn retract(&self, import: u64, restore: bool) -> Result<u64, Error> {
        let mut transaction = self.place.store.begin(None, None).unwrap();
        transaction.add_retract(import, restore, None)?;
        Ok(transaction.commit().unwrap().number)
    }

    fn events(&self) -> Vec<String> {
        self.place.column("find inference summarize count()")
    }
}

#[test]
fn what_is_so_already_and_what_brought_nothing_is_refused() {
    let log = Log::new();
    let import = log.import("a.ndjson", 0..10);
    assert!(matches!(log.retract(import, true), Err(Error::NotRetracted { number: 1 })));
    assert!(matches!(log.retract(9, false), Err(Error::NoImport { number: 9 })));
    let retraction = log.retract(import, false).unwrap();
    assert!(matches!(log.retract(import, false), Err(Error::AlreadyRetracted { number: 1 })));
    let refused = log.retract(retraction, false).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "commit 2 itself retracted import:1; `lineal retract import:1 --restore` undoes it"
    );
    let restored = log.retract(import, true).unwrap();
    let refused = log.retract(restored, false).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "commit 3 itself restored import:1; `lineal retract import:1` undoes it"
    );
    let nothing = log.place.store.begin(None, None).unwrap().commit().unwrap().number;
    let refused = log.retract(nothing, false).unwrap_err();
    assert!(matches!(refused, Error::NothingToRetract { number: 4 }), "{refused}");
    // A name given by hand is something that can be taken back.
    let mut transaction = log.place.store.begin(None, None).unwrap();
    transaction.add_reference(Kind::Actor, "abc", Some(Key::text("def")));
    let alias = transaction.commit().unwrap().number;
    log.retract(alias, false).unwrap();
}

#[test]
fn an_import_whose_events_came_again_is_not_restored_beside_them() {
    let log = Log::new();
    let first = log.import("a.ndjson", 0..10);
    log.retract(first, false).unwrap();
    let second = log.import("b.ndjson", 5..15);
    let refused = log.retract(first, true).unwrap_err();
    assert!(matches!(refused, Error::CameAgain { number: 1, again: 3 }), "{refused}");
    assert_eq!(log.events(), ["10"]);
    // One of the two, then the other against it.
    log.retract(second, false).unwrap();
    log.retract(first, true).unwrap();
    assert_eq!(log.events(), ["10"]);
    // The first one came back while the second was retracted.
    let refused = log.retract(second, true).unwrap_err();
    assert!(matches!(refused, Error::CameAgain { number: 3, again: 1 }), "{refused}");
    log.place.import(&[&log.folder.path().join("b.ndjson")]);
    assert_eq!(log.events(), ["15"]);
}

#[test]
fn an_import_comes_back_beside_events_of_other_times_and_those_it_was_compared_with() {
    let log = Log::new();
    let first = log.import("a.ndjson", 0..10);
    log.import("b.ndjson", 5..15);
    log.retract(first, false).unwrap();
    assert_eq!(log.events(), ["10"], "five that the second one holds too, and its own");
    log.import("c.ndjson", 100..110);
    log.retract(first, true).unwrap();
    assert_eq!(log.events(), ["25"]);
}

#[test]
fn events_of_which_some_lived_on_are_not_brought_back_beside_others_that_came() {
    let log = Log::new();
    let first = log.import("a.ndjson", 0..10);
    log.import("b.ndjson", 5..15);
    log.retract(first, false).unwrap();
    let again = log.import("d.ndjson", 0..5);
    log.retract(again, false).unwrap();
    log.retract(first, true).unwrap();
    let refused = log.retract(again, true).unwrap_err();
    assert!(matches!(refused, Error::CameAgain { again: 1, .. }), "{refused}");
    assert_eq!(log.events(), ["15"]);
}
