//! The order in which log files come never shows: over generated files that repeat each other's
//! events and contradict each other, imported in every order and all at once.

use lineal_tests::log_lines::{Line, write};
use lineal_tests::place::Place;
use proptest::prelude::*;
use std::path::{Path, PathBuf};

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
/// What is compared. Batches are not: they are cut file by file.
const QUESTIONS: [&str; 3] = [
    "find inference as i served_by deployment as d return i.event_id, i.time, i.decision, d",
    "find deployment as d where events > 0 return d, d.events",
    "find inference summarize count() as events by decision",
];

/// One line: few events, so that they meet; each has its time.
fn line(named: u8) -> impl Strategy<Value = Line> {
    (0..5_u32, any::<bool>(), any::<bool>()).prop_map(move |(number, granted, here)| Line {
        event_id: (named == 0).then(|| format!("event-{number}")),
        log_id: (named <= 1).then(|| format!("log-{number}")),
        decision: if granted { "grant" } else { "reject" },
        service: if here { "here" } else { "there" }.to_owned(),
        ..Line::number(number)
    })
}

/// Three files of events that all bear an id of their own, or of the log, or none.
fn files() -> impl Strategy<Value = [Vec<Line>; 3]> {
    (0..3_u8).prop_flat_map(|named| {
        let file = || prop::collection::vec(line(named), 1..7);
        [file(), file(), file()]
    })
}

fn answers(place: &Place) -> Vec<Vec<Vec<String>>> {
    let sorted = |text: &&str| {
        let mut rows = place.rows(text);
        rows.sort_unstable();
        rows
    };
    QUESTIONS.iter().map(sorted).collect()
}

/// Answers, and those without each file, by the number of the file.
fn imported(files: &[PathBuf], order: [usize; 3]) -> (Place, Vec<Option<u64>>) {
    let place = Place::new();
    let mut imports = vec![None; files.len()];
    for number in order {
        let report = place.import(&[&files[number]]);
        imports[number] = (!report.brought_nothing()).then_some(report.import).flatten();
    }
    (place, imports)
}

fn retract(place: &Place, import: u64, restore: bool) {
    let mut transaction = place.store.begin(None, None).unwrap();
    transaction.add_retract(import, restore, None).unwrap();
    transaction.commit().unwrap();
}

/// What is left without one file.
fn without(files: &[PathBuf], left_out: usize) -> Vec<Vec<Vec<String>>> {
    let place = Place::new();
    for (number, file) in files.iter().enumerate() {
        if number != left_out {
            place.import(&[file]);
        }
    }
    answers(&place)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn log_files_in_any_order(lines in files()) {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<PathBuf> = (0..3).map(|n| folder.path().join(format!("{n}.json"))).collect();
        for (path, lines) in files.iter().zip(&lines) {
            write(path, lines.iter().cloned()).unwrap();
        }
        let same = |a: usize, b: usize| std::fs::read(&files[a]).unwrap() == std::fs::read(&files[b]).unwrap();
        let distinct = !same(0, 1) && !same(0, 2) && !same(1, 2);
        let together = Place::new();
        together.import(&files.iter().map(PathBuf::as_path).collect::<Vec<&Path>>());
        let expected = answers(&together);
        for order in ORDERS {
            let (place, imports) = imported(&files, order);
            prop_assert_eq!(&answers(&place), &expected, "in the order {:?}", order);
            if !distinct {
                // The second of two equal files is passed over, and goes with the first.
                continue;
            }
            for (number, import) in imports.iter().enumerate() {
                let Some(import) = *import else { continue };
                retract(&place, import, false);
                let left = answers(&place);
                prop_assert_eq!(&left, &without(&files, number), "in the order {:?}, without {}", order, number);
                retract(&place, import, true);
                prop_assert_eq!(&answers(&place), &expected, "in the order {:?}, {} restored", order, number);
            }
        }
    }
}
