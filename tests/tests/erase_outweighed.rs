//! A row that another row of the same event outweighs lies in the store, though it is no event: by its hash
//! and by its ids it is found where something is decided about it, and goes with all rows of the event.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use data_encoding::HEXLOWER;
use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{BatchDraft, NodeDraft, Store, Target};
use lineal_proof::Hash;
use lineal_query::told::{Unresolved, outweighed_by};
use lineal_tests::sample::{self, batch, deployment, erasure_of, events_named, stored, write_day};
use std::sync::Arc;

fn hash_of(number: u32) -> [u8; 32] {
    Hash::of(&number.to_le_bytes()).0
}

/// Two days of twelve events each, and one of them again with another hash and log id and fewer fields: that
/// row does not count.
fn days() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    for day in 0..2 {
        write_day(&store, day).unwrap();
    }
    let mut block = EventBlock::new();
    block.set(EventField::Time, EventValue::Int(5_000));
    block.set(EventField::EventId, EventValue::Text("e17"));
    block.set(EventField::LogId, EventValue::Text("AQ-90"));
    block.set(EventField::InputHash, EventValue::Hash(&hash_of(90)));
    block.end_row();
    let poorer =
        BatchDraft { block: Arc::new(block), rows: vec![0], doubted: vec![0], ..batch(9, 0..0) };
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&poorer.saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
    tx.add_batch(poorer);
    tx.commit().unwrap();
    store.write_indexes().unwrap();
    (memory, store)
}

fn is_held(memory: &MemoryStorage, bytes: &[u8]) -> bool {
    let names = memory.list("containers").unwrap();
    names.into_iter().any(|name| {
        let content = memory.read(&format!("containers/{name}")).unwrap().unwrap();
        content.windows(bytes.len()).any(|part| part == bytes)
    })
}

#[test]
fn a_row_that_does_not_count_is_found_by_hash_and_log_id_and_goes_with_its_event() {
    let hex = HEXLOWER.encode(&hash_of(90));
    for text in [hex.clone(), format!("sha256:{hex}"), format!("inference:{hex}"), "AQ-90".into()] {
        let (memory, store) = days();
        let view = store.snapshot().unwrap();
        assert_eq!(view.outweighed_rows(), 1);
        assert!(view.events_by_hash(None, &hash_of(90)).unwrap().is_empty(), "no event has it");
        assert_eq!(outweighed_by(&view, &text).unwrap().as_deref(), Some("inference:e17"));
        assert_eq!(outweighed_by(&view, "e16").unwrap(), None);
        drop(view);
        let events = events_named(&store, &text);
        assert_eq!(events.len(), 1, "{text}");
        let order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
        assert_eq!(store.erase(&order, true).unwrap().rows, 2, "every row of the event");
        assert_eq!(store.erase(&order, false).unwrap().rows, 2);
        assert!(!is_held(&memory, &hash_of(90)) && !is_held(&memory, &hash_of(17)));
        drop(store);
        let report = verify(&memory, Depth::Full, &mut |_| {}).unwrap();
        assert!(report.is_sound() && report.erased == 2, "{report:?}");
    }
}

#[test]
fn an_id_means_every_row_of_its_event_and_what_was_searched_counts_them() {
    let (_memory, store) = days();
    let both = events_named(&store, "e17");
    assert_eq!((both.len(), stored(&store).unwrap().count(&both).unwrap()), (2, 1));
    let unknown = HEXLOWER.encode(&hash_of(91));
    let Err(Unresolved::NoEvent { searched: Some(searched), .. }) =
        stored(&store).unwrap().resolve(&unknown).map(drop)
    else {
        panic!("no event has it")
    };
    assert_eq!(searched.events, 25);
}
