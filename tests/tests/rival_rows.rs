//! Events of which rows say different things are found by their ids, page by page: the same as by reading every
//! row, with indexes of containers and without, in views of the past and of some systems, and where rows were
//! erased, restricted or retracted.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::{
    BatchDraft, Contradicted, ErasureOrder, Error, EventRef, NodeDraft, Snapshot, Standing, Store,
    Systems, Target,
};
use lineal_proof::record::{Decision, SeenRows};
use lineal_proof::{Cid, KeyPart};
use lineal_tests::sample::{self, deployment, erasure_of, saying};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const SOURCES: [&str; 2] = ["datadog", "another"];
const SYSTEMS: [&str; 2] = ["A", "B"];
const SAID: [&str; 3] = ["grant", "reject", "refer"];

/// A row with an id that others may have, too.
#[derive(Clone, Debug)]
struct Shared {
    /// Where it stands, modulo the rows of its file.
    at: u32,
    id: u8,
    /// By event id, by log id, by both, by none.
    named: u8,
    says: u8,
    /// None where there is no system of that number.
    system: u8,
    doubted: bool,
}

/// A file of rows; those that are not listed have ids of their own.
#[derive(Clone, Debug)]
struct File {
    source: u8,
    rows: u32,
    shared: Vec<Shared>,
    /// Does it hold the first half of the file before, too?
    confirms: bool,
    retracted: bool,
}

/// What is decided about rows.
#[derive(Clone, Debug)]
enum Decided {
    EraseBatch(usize),
    Erase(usize, usize),
    Restrict(usize, usize),
}

fn shared() -> impl Strategy<Value = Shared> {
    (any::<u32>(), 0..4_u8, 0..4_u8, 0..3_u8, 0..3_u8, any::<bool>()).prop_map(
        |(at, id, named, says, system, doubted)| Shared { at, id, named, says, system, doubted },
    )
}

fn file() -> impl Strategy<Value = File> {
    // Within a page, or over some.
    let rows = prop_oneof![2 => 1..9_u32, 1 => 1_000..2_200_u32];
    let shared = prop::collection::vec(shared(), 0..7);
    (0..2_u8, rows, shared, any::<bool>(), prop::bool::weighted(0.2)).prop_map(
        |(source, rows, shared, confirms, retracted)| File {
            source,
            rows,
            shared,
            confirms,
            retracted,
        },
    )
}

fn decided() -> impl Strategy<Value = Decided> {
    let any = 0..5_000_usize;
    prop_oneof![
        any.clone().prop_map(Decided::EraseBatch),
        (any.clone(), any.clone()).prop_map(|(batch, row)| Decided::Erase(batch, row)),
        (any.clone(), any).prop_map(|(batch, row)| Decided::Restrict(batch, row)),
    ]
}

/// An id that rows share; the last is written like a hash.
fn shared_id(id: u8) -> String {
    if id == 3 { "a".repeat(64) } else { format!("same-{id}") }
}

fn set_shared(block: &mut EventBlock, row: &Shared) {
    let (id, other) = (shared_id(row.id), shared_id((row.id + 1) % 4));
    if row.named == 0 || row.named == 2 {
        block.set(EventField::EventId, EventValue::Text(&id));
    }
    match row.named {
        1 => drop(block.set(EventField::LogId, EventValue::Text(&id))),
        // By this one it does not go.
        2 => drop(block.set(EventField::LogId, EventValue::Text(&other))),
        _ => {}
    }
    block.set(EventField::Decision, EventValue::Text(SAID[usize::from(row.says)]));
    if let Some(system) = SYSTEMS.get(usize::from(row.system)) {
        block.set(EventField::System, EventValue::Text(system));
    }
}

fn draft(number: u8, file: &File) -> BatchDraft {
    let shared: BTreeMap<u32, &Shared> =
        file.shared.iter().map(|shared| (shared.at % file.rows, shared)).collect();
    let mut block = EventBlock::new();
    for row in 0..file.rows {
        block.set(EventField::Time, EventValue::Int(1_000 + i64::from(row)));
        let own = format!("{number}-{row}");
        match shared.get(&row) {
            Some(shared) => set_shared(&mut block, shared),
            None if row % 3 == 0 => {
                block.set(EventField::LogId, EventValue::Text(&own));
            }
            None => {
                block.set(EventField::EventId, EventValue::Text(&own));
                block.set(EventField::LogId, EventValue::Text(&own));
            }
        }
        block.end_row();
    }
    let doubted = shared.iter().filter(|(_, shared)| shared.doubted).map(|(row, _)| *row);
    BatchDraft {
        saying: saying(SOURCES[usize::from(file.source)], "datadog-archive", 200),
        deployment: deployment(),
        file: [number + 1; 16],
        stretch: 0,
        label: format!("{number}.json.gz"),
        rows: (0..file.rows).collect(),
        doubted: doubted.collect(),
        block: Arc::new(block),
    }
}

/// Imports a file, as a commit and a container of its own; says which commit that is.
fn write(store: &Store, number: u8, file: &File, before: Option<&File>) -> u64 {
    let draft = draft(number, file);
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_node(&draft.saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
    if let Some(before) = before.filter(|_| file.confirms) {
        let batch = Cid(store.revision_of_part(u32::from(number) - 1).unwrap());
        let rows = vec![SeenRows { batch, runs: vec![(0, before.rows.div_ceil(2))] }];
        transaction.add_seen_rows(&draft.saying, draft.file, rows);
    }
    transaction.add_batch(draft);
    transaction.commit().unwrap();
    store.commit()
}

fn decide(store: &Store, decided: &Decided) {
    let view = store.snapshot().unwrap().with_restricted();
    let (at, row, decision) = match *decided {
        Decided::EraseBatch(at) => (at, None, Decision::Erased),
        Decided::Erase(at, row) => (at, Some(row), Decision::Erased),
        Decided::Restrict(at, row) => (at, Some(row), Decision::Restricted),
    };
    let batches: Vec<_> = view.batches().map(|batch| batch.node).collect();
    let Some(node) = batches.get(at % batches.len().max(1)) else { return };
    let target = match row {
        None => Target::Batch(view.node_id(*node)),
        Some(row) => {
            let events = view.rows_of(*node);
            let Some(event) = events.get(row % events.len().max(1)) else { return };
            Target::Events(vec![*event])
        }
    };
    let order = ErasureOrder { decision, ..erasure_of(store, vec![target]).unwrap() };
    if let Err(error) = store.erase(&order, false) {
        let is_done = matches!(error, Error::NothingToErase { .. } | Error::Restricted { .. });
        assert!(is_done, "{error}");
    }
}

/// The row that counts, and the others.
type Rows = (Option<EventRef>, Vec<EventRef>);

/// The same by reading each row of the store.
fn naive(view: &Snapshot) -> Vec<Contradicted> {
    let whole = view.clone().of_all_systems();
    let mut known = BTreeMap::<(String, bool, String), Rows>::new();
    for batch in whole.batches() {
        let KeyPart::Text(source) = &whole.key_of(batch.node).0[0] else { continue };
        let ids = [EventField::EventId, EventField::LogId];
        let read = whole.read_standing(batch.ordinal, 0..batch.rows, &ids).unwrap();
        for (row, standing) in (0..).zip(&read.standing) {
            let event = EventRef { batch: batch.ordinal, row };
            let [event_id, log_id] = ids.map(|field| read.block.text(row as usize, field));
            let Some(id) = event_id.or(log_id).filter(|_| whole.has_row(event)) else { continue };
            let key = (source.clone(), event_id.is_some(), id.to_owned());
            let (counts, others) = known.entry(key).or_default();
            match standing {
                Standing::Uncounted => others.push(event),
                _ => *counts = Some(event),
            }
        }
    }
    let contested = known.into_values().filter(|(_, others)| !others.is_empty());
    let mut all: Vec<Contradicted> =
        contested.map(|(counts, others)| Contradicted { counts, others }).collect();
    all.sort_by_key(|event| event.rows().min());
    let seen = |of: Contradicted| {
        let others: Vec<_> = of.others.into_iter().filter(|row| view.has_row(*row)).collect();
        let counts = of.counts.filter(|row| view.has_row(*row));
        (!others.is_empty()).then_some(Contradicted { counts, others })
    };
    all.into_iter().filter_map(seen).collect()
}

/// Compares both as of each commit before the last.
fn compare_past(store: &Store, when: &str) {
    for commit in 1..store.commit() {
        let view = store.snapshot_at(commit).unwrap();
        assert_eq!(view.contradicted().unwrap(), naive(&view), "{when}, as of commit {commit}");
    }
}

/// Compares both as of the last commit, also of single systems.
fn compare(store: &Store, when: &str) {
    let view = store.snapshot().unwrap();
    for name in SYSTEMS {
        let systems = Systems::new(vec![name.to_owned()], Arc::default());
        let own = view.within_systems(&systems, &|_| true).unwrap();
        assert_eq!(own.contradicted().unwrap(), naive(&own), "{when}, of {name}");
    }
    assert_eq!(view.contradicted().unwrap(), naive(&view), "{when}");
    let all = view.with_restricted();
    assert_eq!(all.contradicted().unwrap(), naive(&all), "{when}, with what is restricted");
    assert!(all.damage().is_none(), "{when}");
}

/// Removes what is derived whose names begin so.
fn remove(memory: &MemoryStorage, prefix: &str) {
    let names = memory.list("index").unwrap();
    let own: Vec<_> = names.iter().filter(|name| name.starts_with(prefix)).collect();
    assert!(!own.is_empty(), "{names:?}");
    own.iter().for_each(|name| memory.remove(&format!("index/{name}")).unwrap());
}

fn reader(memory: &MemoryStorage) -> Store {
    Store::open_read_only_on(Arc::new(memory.clone())).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn rows_are_found_by_their_ids_as_by_reading_all(
        files in prop::collection::vec(file(), 2..5),
        decisions in prop::collection::vec(decided(), 0..3),
    ) {
        let memory = MemoryStorage::new();
        let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
        let mut before = None;
        let mut imports = Vec::new();
        for (number, file) in (0_u8..).zip(&files) {
            imports.push(write(&store, number, file, before));
            before = Some(file);
            // Of the last files there are no indexes yet.
            if number == 1 {
                store.write_indexes().unwrap();
            }
        }
        for (import, _) in imports.iter().zip(&files).filter(|(_, file)| file.retracted) {
            let mut transaction = store.begin(None, None).unwrap();
            transaction.add_retract(*import, false, None).unwrap();
            transaction.commit().unwrap();
        }
        compare(&store, "as written");
        for decided in &decisions {
            decide(&store, decided);
        }
        compare(&store, "as decided");
        store.write_indexes().unwrap();
        compare_past(&reader(&memory), "by indexes");
        compare(&reader(&memory), "by indexes");
        remove(&memory, "rows-");
        compare(&reader(&memory), "without those of containers");
        remove(&memory, "");
        compare(&reader(&memory), "without any");
    }
}

/// A file of rows with ids of their own, and shared ones at these places.
fn plain(rows: u32, shared: &[(u32, u8)], doubted: bool) -> File {
    let shared = shared.iter().map(|(at, id)| Shared {
        at: *at,
        id: *id,
        named: 0,
        says: u8::from(doubted),
        system: 0,
        doubted,
    });
    File { source: 0, rows, shared: shared.collect(), confirms: false, retracted: false }
}

#[test]
fn containers_that_no_id_leads_to_are_not_opened() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    // The second row group, too.
    write(&store, 0, &plain(20_000, &[(10, 0), (17_500, 1)], false), None);
    let known = memory.list("containers").unwrap();
    write(&store, 1, &plain(5_000, &[], false), None);
    let others = memory.list("containers").unwrap();
    write(&store, 2, &plain(3, &[(0, 0), (2, 1)], true), None);
    store.write_indexes().unwrap();

    let view = reader(&memory).snapshot().unwrap();
    let expected = view.contradicted().unwrap();
    assert_eq!(expected, naive(&view));
    let rows = |event: &Contradicted| {
        let mut rows: Vec<_> = event.rows().map(|row| (row.batch, row.row)).collect();
        rows.sort_unstable();
        rows
    };
    let rows: Vec<_> = expected.iter().map(rows).collect();
    assert_eq!(rows, [[(0, 10), (2, 0)], [(0, 17_500), (2, 2)]]);

    let other: Vec<_> = others.iter().filter(|name| !known.contains(name)).collect();
    assert_eq!(other.len(), 1);
    let flip = |bytes: &mut Vec<u8>| bytes.iter_mut().for_each(|byte| *byte ^= 0xff);
    memory.damage(&format!("containers/{}", other[0]), flip);
    let view = reader(&memory).snapshot().unwrap();
    assert_eq!(view.contradicted().unwrap(), expected);
    assert!(view.damage().is_none());

    // Without indexes every container is read.
    remove(&memory, "rows-");
    let view = reader(&memory).snapshot().unwrap();
    assert!(view.contradicted().unwrap_err().is_damage());
}

#[test]
fn a_damaged_index_of_a_container_hides_no_row() {
    let memory = MemoryStorage::new();
    let store = Store::create_on(Arc::new(memory.clone()), sample::options()).unwrap();
    write(&store, 0, &plain(3_000, &[(10, 0), (2_500, 1)], false), None);
    write(&store, 1, &plain(3, &[(0, 0), (2, 1)], true), None);
    store.write_indexes().unwrap();
    let expected = naive(&store.snapshot().unwrap());
    assert_eq!(expected.len(), 2);
    let names = memory.list("index").unwrap();
    let own: Vec<_> = names.iter().filter(|name| name.starts_with("rows-")).collect();
    assert_eq!(own.len(), 2);
    for name in own {
        let path = format!("index/{name}");
        let length = memory.read(&path).unwrap().unwrap().len();
        for at in (0..length).step_by(length / 40 + 1) {
            memory.damage(&path, |bytes| bytes[at] ^= 1);
            let view = reader(&memory).snapshot().unwrap();
            assert_eq!(view.contradicted().unwrap(), expected, "{path} at {at}");
            memory.damage(&path, |bytes| bytes[at] ^= 1);
        }
    }
}
