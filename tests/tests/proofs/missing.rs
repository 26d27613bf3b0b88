//! An event that is named and is none: the reason that is told is the one that holds, and what can be proved in
//! its place can.

use super::stores::{self, contradict, hash_of, made, signed, store};
use super::{proved, trust};
use lineal_engine::Store;
use lineal_proof::bundle::{Trust, Verdict, check};
use lineal_query::StoreView;
use lineal_query::prove::NotProved;
use std::sync::Arc;

/// The third event of a deployment by its place.
fn place_of(view: &StoreView, note: &str, number: u32) -> String {
    let statement = format!("event:{}", hash_of(number));
    let bundle = proved(view, note, &statement, false).expect("it is so");
    format!("event:{}/2", bundle.events[0].batch)
}

fn retract(store: &Store) {
    let mut tx = store.begin(None, None).expect("a transaction");
    tx.add_retract(1, false, None).expect("an import");
    tx.commit().expect("a commit");
}

fn kept(store: &Store) -> String {
    store.checkpoint().expect("it is signed").to_string()
}

#[test]
fn an_event_of_a_retracted_import_is_told_as_that_and_proved_as_of_before() {
    let (_folder, store) = store();
    let (view, before) = made(&store);
    let event = place_of(&view, &before, 1);
    retract(&store);
    let (view, after) = made(&store);
    let why = proved(&view, &after, &event, false).unwrap_err();
    assert!(matches!(why, NotProved::Retracted { import: 1, commit: 4, .. }), "{why}");
    let words = why.to_string();
    assert!(words.contains("retract import:1 --restore") && words.contains(" on 20"), "{words}");
    let bundle = proved(&view, &before, &event, false).unwrap();
    assert_eq!(check(bundle.write().as_bytes(), &trust(&before)).verdict, Verdict::Valid);
}

#[test]
fn a_checkpoint_that_is_kept_from_before_is_named() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let event = place_of(&view, &note, 1);
    let log = store.record_log(None, None).unwrap();
    let before = kept(&store);
    retract(&store);
    let after = kept(&store);
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let why = proved(&view, &after, &event, false).unwrap_err();
    assert!(matches!(why, NotProved::Retracted { commit: 5, .. }), "{why}");
    assert!(why.to_string().contains("checkpoints/000000000004.note"), "{why}");
    let bundle = proved(&view, &before, &event, false).unwrap();
    let trust = Trust::new(&log.signing().to_string(), Some(before.as_bytes())).unwrap();
    assert_eq!(check(bundle.write().as_bytes(), &trust).verdict, Verdict::Valid);
}

#[test]
fn a_row_too_many_a_later_batch_and_an_unknown_id_are_told_apart() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let event = place_of(&view, &note, 5);
    let beyond = event.replace("/2", "/15");
    let why = proved(&view, &note, &beyond, false).unwrap_err();
    assert!(matches!(why, NotProved::TooFewRows { row: 15, rows: 15, .. }), "{why}");
    let why = proved(&view, &signed(&store, 2), &event, false).unwrap_err();
    assert!(matches!(why, NotProved::LaterBatch { commit: 3, .. }), "{why}");
    let unknown = format!("event:{}/2", "0".repeat(64));
    let why = proved(&view, &note, &unknown, false).unwrap_err();
    assert!(matches!(why, NotProved::NoRow { row: 2, .. }), "{why}");
}

#[test]
fn a_row_that_is_restricted_is_told_as_the_counters_tell_it_and_proved_to_who_may_see_it() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let event = place_of(&view, &note, 1);
    stores::restrict(&store, 1);
    let (view, note) = made(&store);
    let why = proved(&view, &note, &event, false).unwrap_err();
    assert!(matches!(why, NotProved::Restricted { row: 2, events: 1, .. }), "{why}");
    assert!(why.to_string().contains("restricted of its events: 1, and it may be"), "{why}");
    assert!(proved(&view, &note, &event.replace("/2", "/3"), false).is_ok());
    let beyond = proved(&view, &note, &event.replace("/2", "/15"), false).unwrap_err();
    assert!(matches!(beyond, NotProved::TooFewRows { .. }), "{beyond}");
    assert!(proved(&view.with_restricted(), &note, &event, false).is_ok());
}

#[test]
fn a_row_that_is_outweighed_is_named_with_the_one_that_counts() {
    let (_folder, store) = stores::store();
    let (view, note) = made(&store);
    let poorer = place_of(&view, &note, 1);
    contradict(&store, 1);
    let (view, note) = made(&store);
    let asked = format!("event:{}", hash_of(1));
    let why = proved(&view, &note, &asked, false).unwrap_err();
    let NotProved::Outweighed { row, stands, .. } = &why else { panic!("{why}") };
    assert_eq!(*row, poorer);
    for event in [row, stands] {
        let bundle = proved(&view, &note, event, false).unwrap();
        assert_eq!(check(bundle.write().as_bytes(), &trust(&note)).verdict, Verdict::Valid);
    }
    // Whoever keeps the hashes back is not told which row has one.
    let why = proved(&view, &note, &asked, true).unwrap_err();
    assert!(matches!(why, NotProved::Unresolved(_)), "{why}");
}
