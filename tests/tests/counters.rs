//! What counters answer is what the rows say: batches that cross months and years, events without
//! a time, rows that contradict each other, retracted imports, and views of the past.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::verify::{Depth, verify};
use lineal_engine::{BatchDraft, NodeDraft, Saying, Store};
use lineal_proof::{Key, KeyPart};
use lineal_query::{Limits, Parameters, Query, Request, StoreView};
use lineal_tests::place::Place;
use std::sync::Arc;

const HOUR: i64 = 3_600_000_000_000;
/// 2023-12-31T23:00:00Z.
const YEAR_END: i64 = 1_704_063_600_000_000_000;

/// An event: its id, its time, whether a human overrode it, whether it is marked for Article 12.
type Said = (&'static str, Option<i64>, bool, bool);

const QUESTIONS: [&str; 12] = [
    "find inference summarize count() as n",
    "find inference as i summarize min(i.time) as low, max(i.time) as high, count(i.time) as n",
    "find inference as i served_by deployment as d summarize count() as n, max(i.time) as high by d",
    "find inference as i served_by deployment as d where i.human_override summarize count() as n by d, month(i.time) as month",
    "find inference as i served_by deployment as d where not i.art12 summarize count() as n by month(i.time) as month, d",
    "find inference as i served_by deployment as d summarize share(i.human_override) as s by d.service, year(i.time) as year",
    "find inference as i served_by deployment deploys model as m where i.human_override summarize count() as n by m, month(i.time) as month",
    "find inference as i where i.time in 2024-01-01..2024-02-01 summarize count() as n, count_if(i.art12) as a",
    "find inference as i where i.time < 2024-01-01 summarize count() as n by month(i.time) as month",
    "find inference as i where i.time >= 2023-12-31T23:30Z summarize count() as n by year(i.time) as year",
    "find inference as i summarize count() as n by day(i.time) as day",
    "find deployment as d return d, d.events, d.overrides, d.first_event, d.last_event",
];

fn texts(parts: &[&str]) -> Key {
    Key::new(parts.iter().map(|part| KeyPart::from(*part)).collect())
}

/// Writes one import of batches; with a number, the rows from that one on are doubted.
fn write(store: &Store, batches: &[(&str, &[Said], Option<u32>)]) -> u64 {
    let saying =
        Saying { source: "datadog".into(), form: "datadog-archive".into(), observed_at: 9 };
    let mut transaction = store.begin(None, None).unwrap();
    for (number, (service, events, doubted)) in (0_u8..).zip(batches) {
        let deployment = texts(&[service, "prod", "eu-1", "credit", "3"]);
        let mut draft = NodeDraft::new(Kind::Deployment, deployment.clone());
        draft.link(Relation::Deploys, Kind::Model, texts(&["registry", "credit", "3"]));
        transaction.add_node(&saying, draft).unwrap();
        let mut block = EventBlock::new();
        for (id, time, overridden, art12) in *events {
            if let Some(time) = time {
                block.set(EventField::Time, EventValue::Int(*time));
            }
            block.set(EventField::EventId, EventValue::Text(id));
            block.set(EventField::HumanOverride, EventValue::Bool(*overridden));
            block.set(EventField::Art12, EventValue::Bool(*art12));
            block.end_row();
        }
        let rows: Vec<u32> = (0..u32::try_from(events.len()).unwrap()).collect();
        let doubted = rows.iter().copied().filter(|row| doubted.is_some_and(|from| *row >= from));
        let file = [number + 16 * u8::try_from(store.snapshot().unwrap().commit()).unwrap(); 16];
        transaction.add_batch(BatchDraft {
            saying: saying.clone(),
            deployment,
            file,
            stretch: 0,
            label: format!("{number}.json"),
            block: Arc::new(block),
            doubted: doubted.collect(),
            rows,
        });
    }
    transaction.commit().unwrap().number
}

fn retract(store: &Store, import: u64, restore: bool) {
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_retract(import, restore, None).unwrap();
    transaction.commit().unwrap();
}

/// Each answer, after it was held against that of the plain plan, which asks the rows.
fn answers(view: &StoreView, as_of: &str) -> Vec<String> {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let ask = |text: &str| {
        let text = format!("{text}{as_of}");
        let query = Query::parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text)));
        let planned = query.prepare().unwrap().run(view, &request).unwrap();
        let plain = query.prepare_naively().unwrap().run(view, &request).unwrap();
        assert_eq!(planned.to_json()["rows"], plain.to_json()["rows"], "{text}");
        planned.to_json()["rows"].to_string()
    };
    QUESTIONS.into_iter().map(ask).collect()
}

fn view(store: &Arc<Store>) -> StoreView {
    StoreView::new(Arc::clone(store)).unwrap()
}

#[test]
fn counters_say_what_the_rows_say() {
    let storage = Arc::new(MemoryStorage::new());
    let place = Place::on(storage.clone());
    let store = &place.store;
    let crossing: [Said; 5] = [
        ("a", Some(YEAR_END), true, true),
        ("b", Some(YEAR_END + HOUR - 1), false, true),
        ("c", Some(YEAR_END + HOUR), true, false),
        ("d", Some(YEAR_END + 800 * HOUR), true, true),
        ("e", None, true, false),
    ];
    let timeless: [Said; 2] = [("f", None, true, true), ("g", None, false, false)];
    let within: [Said; 2] = [
        ("h", Some(YEAR_END + 2 * HOUR), false, true),
        ("i", Some(YEAR_END + 3 * HOUR), true, true),
    ];
    write(
        store,
        &[("here", &crossing, None), ("there", &timeless, None), ("there", &within, None)],
    );
    let first = answers(&view(store), "");
    assert_eq!(first[0], "[[9]]");
    assert_eq!(
        first[9], r#"[["2023-01-01T00:00:00Z",1],["2024-01-01T00:00:00Z",4]]"#,
        "an event of the last hour of the year, and all of the next"
    );

    // Others say something else of two of the events: of each one row counts.
    let others: [Said; 3] = [
        ("j", Some(YEAR_END + 5 * HOUR), false, false),
        ("c", Some(YEAR_END - HOUR), false, false),
        ("a", Some(YEAR_END + 900 * HOUR), true, false),
    ];
    let second = write(store, &[("here", &others, Some(1))]);
    let both = answers(&view(store), "");
    assert_eq!(both[0], "[[10]]");
    assert_ne!(both[6], first[6], "an override moved to another month");

    retract(store, second, false);
    assert_eq!(answers(&view(store), ""), first);
    assert_eq!(answers(&view(store), &format!(" as of {second}")), both);
    assert_eq!(answers(&view(store), " as of 1"), first);
    retract(store, second, true);
    assert_eq!(answers(&view(store), ""), both);

    // A reader has them from the index, and where it is gone from the log.
    let reader = Arc::new(Store::open_read_only_on(storage.clone()).unwrap());
    assert_eq!(answers(&view(&reader), ""), both);
    place.store.rebuild().unwrap();
    let reader = Arc::new(Store::open_read_only_on(storage.clone()).unwrap());
    assert_eq!(answers(&view(&reader), ""), both);
    assert!(verify(&*storage, Depth::Full, &mut |_| {}).unwrap().is_sound());
}
