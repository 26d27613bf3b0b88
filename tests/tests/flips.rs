//! Bytes of a store on disk change, one at a time: what is truth is told by `verify`, and no answer is
//! another than before without an error. `tests/flips/run` does it five thousand times on a large store.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::Store;
use lineal_engine::verify::Depth;
use lineal_tests::flips::{Outcome, Part, flip};
use lineal_tests::place::{ARCHIVES, DATABASE, fixture};
use lineal_tests::sample;
use std::path::Path;
use std::sync::Arc;

/// How many bytes of each part are changed.
const FLIPS: u64 = 40;
/// One flip in so many has all events read.
const EVERY_ROWS: u64 = 4;

fn store_of_fixtures(folder: &Path) {
    let store = Store::create(folder, sample::options()).unwrap();
    let place = lineal_tests::place::Place { store: Arc::new(store) };
    let paths: Vec<_> = ARCHIVES.iter().chain([&DATABASE]).map(|name| fixture(name)).collect();
    let paths: Vec<&Path> = paths.iter().map(AsRef::as_ref).collect();
    place.import(&paths);
}

fn flipped(part: Part, depth: Depth) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    store_of_fixtures(&path);
    let outcome = flip((&path, part), (FLIPS, EVERY_ROWS), 1, depth, &mut |_| {}).unwrap();
    assert_eq!((outcome.flips, &outcome.wrong), (FLIPS, &vec![]), "{outcome:?}");
    outcome
}

#[test]
fn a_changed_byte_of_the_truth_is_told_and_answers_nothing_else() {
    let outcome = flipped(Part::Truth, Depth::Bytes);
    assert_eq!(outcome.untold, []);
    assert!(outcome.errors > FLIPS / 2, "{outcome:?}");
}

#[test]
fn a_changed_byte_of_the_index_answers_nothing_else() {
    let outcome = flipped(Part::Derived, Depth::Fast);
    assert!(outcome.errors + outcome.told > 5, "{outcome:?}");
}

#[test]
fn a_changed_byte_of_the_catalog_makes_no_file_known_that_is_not_or_the_other_way_round() {
    let outcome = flipped(Part::Catalog, Depth::Fast);
    assert_eq!(outcome.errors, 0, "it is made anew: {outcome:?}");
}
