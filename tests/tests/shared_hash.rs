//! One input hash on many events, as health checks send it: each is found, and none beside them,
//! whether the events lie far apart or fill parts of a batch.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{BatchDraft, NodeDraft, Saying, Store};
use lineal_proof::{Key, KeyPart};
use lineal_query::{Limits, Parameters, Query, Request, StoreView};
use lineal_tests::sample;
use std::sync::Arc;

/// Two parts of a batch and a little of a third.
const ROWS: u32 = 33_000;
/// A health check, and one that is rare.
const SHARED: [u8; 32] = [1; 32];
const RARE: [u8; 32] = [2; 32];

/// Which hash a row has, and by which algorithm, if it says one.
fn said(row: u32) -> ([u8; 32], Option<&'static str>) {
    let algorithm = match row % 7 {
        0 => None,
        1 => Some("blake3"),
        _ => Some("sha256"),
    };
    let hash = match row {
        5 | 20_000 => RARE,
        // Among the first there are no other events, among the last few of these.
        0..17_000 => SHARED,
        row if row % 3_000 == 1 => SHARED,
        row => *lineal_proof::Hash::of(&row.to_le_bytes()).0.first_chunk().unwrap(),
    };
    (hash, algorithm)
}

fn store() -> Arc<Store> {
    let saying =
        Saying { source: "datadog".into(), form: "datadog-archive".into(), observed_at: 9 };
    let store = Store::create_on(Arc::new(MemoryStorage::new()), sample::options()).unwrap();
    let mut transaction = store.begin(None, None).unwrap();
    let parts = ["health", "prod", "eu-1", "credit", "3"].map(KeyPart::from);
    let deployment = Key::new(parts.to_vec());
    let draft = NodeDraft::new(Kind::Deployment, deployment.clone());
    transaction.add_node(&saying, draft).unwrap();
    let mut block = EventBlock::new();
    for row in 0..ROWS {
        let (hash, algorithm) = said(row);
        block.set(EventField::Time, EventValue::Int(i64::from(row)));
        block.set(EventField::EventId, EventValue::Text(&format!("e{row:05}")));
        block.set(EventField::InputHash, EventValue::Hash(&hash));
        if let Some(algorithm) = algorithm {
            block.set(EventField::InputAlgorithm, EventValue::Text(algorithm));
        }
        block.end_row();
    }
    transaction.add_batch(BatchDraft {
        saying,
        deployment,
        file: [3; 16],
        stretch: 0,
        label: "checks.json".into(),
        block: Arc::new(block),
        rows: (0..ROWS).collect(),
        doubted: vec![],
    });
    transaction.commit().unwrap();
    Arc::new(store)
}

#[test]
fn each_event_of_a_shared_hash_is_found() {
    let store = store();
    let view = store.snapshot().unwrap();
    for hash in [SHARED, RARE, [9; 32]] {
        for algorithm in [None, Some("sha256"), Some("blake3")] {
            let found = view.events_by_hash(algorithm, &hash).unwrap();
            let found: Vec<u32> = found.iter().map(|event| event.row).collect();
            let is_wanted = |row: &u32| {
                let (own, by) = said(*row);
                own == hash && algorithm.is_none_or(|wanted| by.is_none_or(|by| by == wanted))
            };
            let wanted: Vec<u32> = (0..ROWS).filter(is_wanted).collect();
            assert_eq!(found, wanted, "{hash:?} {algorithm:?}");
        }
    }
}

#[test]
fn a_question_reads_the_rows_that_it_gives() {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let view = StoreView::new(store()).unwrap();
    let hash = "01".repeat(32);
    let ask = |text: String| {
        let query = Query::parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text)));
        query.prepare().unwrap().run(&view, &request).unwrap().to_json()["rows"].clone()
    };
    let rows =
        ask(format!("find inference as i where i.input_hash = \"{hash}\" return i.event_id"));
    let wanted = (0..ROWS).filter(|row| said(*row).0 == SHARED);
    let wanted: Vec<String> = wanted.map(|row| format!("e{row:05}")).collect();
    let given = rows.as_array().unwrap().iter().map(|row| row[0].as_str().unwrap().to_owned());
    assert_eq!(given.collect::<Vec<_>>(), wanted);
    let few = ask(format!("find inference:{hash} as i return i.event_id limit 2"));
    assert_eq!(few.to_string(), r#"[["e00000"],["e00001"]]"#);
}
