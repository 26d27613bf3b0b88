//! The journal of live intake after edits: it opens with what was whole, or is refused; verification
//! names or notes every edit, and nothing panics.

use super::store_files::{FILES, edit, with};
use super::tape::Tape;
use lineal_engine::Store;
use lineal_engine::journal::Journal;
use lineal_engine::verify::{Depth, verify};
use lineal_tests::sample;
use std::sync::Arc;

/// Where it lies.
const JOURNAL: &str = "journal/00000001.lnj";

/// Checks the journal after the edits that these bytes say.
pub fn check(bytes: &[u8]) {
    let whole = FILES.iter().find(|(path, _)| path == JOURNAL).map(|(_, bytes)| bytes);
    let whole = whole.expect("the store has a journal");
    let mut held = whole.clone();
    edit(&mut held, &mut Tape::new(bytes));
    let storage = with(JOURNAL, &held);
    let report = verify(&storage, Depth::Fast, &mut |_| {}).expect("the truth is whole");
    let is_told = !report.faults.is_empty() || !report.notes.is_empty();
    // Cut between two writes it is a journal that holds less: nobody can tell.
    if !whole.starts_with(&held) {
        assert!(is_told, "{} of {} bytes", held.len(), whole.len());
    }
    let store = Store::open_on(Arc::new(storage), sample::options()).expect("the truth is whole");
    let Ok(mut journal) = Journal::open(&store) else {
        assert!(!report.faults.is_empty(), "what cannot be opened is a fault");
        return;
    };
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    journal.append(&[]).expect("what was cut can be written on");
}
