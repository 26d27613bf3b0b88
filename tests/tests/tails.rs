//! Generations that rest on an older one: whatever came, in whatever order, and however much of it
//! stands in the tail, a view answers as one over a whole generation does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{COMMON_FIELDS, Direction, KINDS, Kind, RELATIONS, Relation, fields};
use lineal_engine::storage::{FaultyStorage, MemoryStorage, Plan, Storage};
use lineal_engine::{NodeDraft, Options, Result, Snapshot, Store};
use lineal_proof::record::SeenRows;
use lineal_proof::{Cid, Key, KeyPart, Value};
use lineal_tests::everything::{everything, flip_bits};
use lineal_tests::sample::{self, batch, batch_key, deployment, saying, source, texts};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What one commit brings.
#[derive(Clone, Debug)]
enum Came {
    /// Uses of the store, by their places; which say something again if they are known.
    Uses(Vec<u8>),
    /// Events, a new deployment now and then, and a new data set that nobody describes.
    Day {
        file: u8,
        deployment: u8,
    },
    Run {
        at: u8,
        trained_on: u8,
        claimed: bool,
    },
    Model {
        registry: u8,
        version: u8,
        run: u8,
    },
    Dataset(u8),
    /// A snapshot of what the first source says, in which all else is gone.
    Snapshot(u8),
    Alias,
    Rank,
    Retract(u8),
    Nothing,
}

fn came() -> impl Strategy<Value = Came> {
    let few = 0..5_u8;
    prop_oneof![
        6 => prop::collection::vec(0..40_u8, 1..5).prop_map(Came::Uses),
        4 => (0..20_u8, few.clone()).prop_map(|(file, deployment)| Came::Day { file, deployment }),
        3 => (few.clone(), few.clone(), any::<bool>())
            .prop_map(|(at, trained_on, claimed)| Came::Run { at, trained_on, claimed }),
        2 => (0..2_u8, 0..3_u8, few.clone())
            .prop_map(|(registry, version, run)| Came::Model { registry, version, run }),
        1 => few.clone().prop_map(Came::Dataset),
        1 => few.clone().prop_map(Came::Snapshot),
        1 => Just(Came::Alias),
        1 => Just(Came::Rank),
        1 => (1..12_u8).prop_map(Came::Retract),
        1 => Just(Came::Nothing),
    ]
}

fn run(at: u8, trained_on: u8, claimed: bool) -> NodeDraft {
    let mut draft = NodeDraft::new(Kind::Run, Key::text(format!("run{at}")));
    draft.fields.insert("status", format!("status{trained_on}"));
    draft.fields.insert("name", format!("the run {at}"));
    let mut key = dataset(trained_on);
    if claimed {
        key.0[3] = KeyPart::Null;
    }
    draft.link(Relation::TrainedOn, Kind::Dataset, key);
    draft
}

fn dataset(at: u8) -> Key {
    texts(&["loans", &format!("d{at}"), "s3", "x"])
}

fn uses(places: &[u8], again: i64) -> Vec<NodeDraft> {
    let draft = |place: &u8| {
        let key =
            Key::new(vec![KeyPart::Text(format!("s{}", place % 3)), i64::from(*place).into()]);
        let mut draft = NodeDraft::new(Kind::Access, key);
        draft.fields.insert("what", if place.is_multiple_of(4) { "count" } else { "use" });
        draft.fields.insert("count", i64::from(*place) + again);
        if place.is_multiple_of(2) {
            draft.fields.insert("endpoint", format!("GET /v1/{place}"));
        }
        draft
    };
    let mut places = places.to_vec();
    places.sort_unstable();
    places.dedup();
    places.iter().map(draft).collect()
}

fn take(store: &Store, step: u8, came: &Came) {
    try_take(store, step, came).unwrap();
}

/// Takes what came, as one commit; the same from one store to the next.
fn try_take(store: &Store, step: u8, came: &Came) -> Result<()> {
    let at = i64::from(step);
    let registry = saying("mlflow-1a2b3c4d", "mlflow-sqlite", at);
    let mut tx = store.begin(None, None)?;
    let mut brings = true;
    match came {
        Came::Uses(places) => {
            let saying = saying("lineal", "trail", at);
            for draft in uses(places, at) {
                tx.add_node(&saying, draft).unwrap();
            }
        }
        Came::Day { file, deployment: at } => {
            let log = saying("datadog", "datadog-archive", 200 + i64::from(step));
            let mut draft = NodeDraft::new(Kind::Deployment, deployment());
            let claim = Key::new(vec![KeyPart::Null, "credit".into(), "1".into()]);
            draft.fields.insert("region", "eu");
            draft.link(Relation::Deploys, Kind::Model, claim.clone());
            tx.add_node(&log, draft).unwrap();
            let key = texts(&["scorer", "prod", &format!("other-{at}"), "credit", "3"]);
            let mut draft = NodeDraft::new(Kind::Deployment, key);
            draft.link(Relation::Deploys, Kind::Model, claim);
            tx.add_node(&log, draft).unwrap();
            let known = store.snapshot().unwrap();
            let key = batch_key(*file);
            let is_new = known.nodes_of(Kind::Batch).all(|node| known.key_of(node) != key);
            if is_new {
                let first = u32::from(*file) * 10;
                tx.add_batch(batch(*file, first..first + 7));
            } else if let Some(node) = known.nodes_of(Kind::Batch).next() {
                let batch = Cid(known.revision_id(node).unwrap());
                tx.add_seen_rows(&log, [step; 16], vec![SeenRows { batch, runs: vec![(1, 3)] }]);
            }
            tx.add_source(source(&format!("{step}.json.gz"), step.into()));
        }
        Came::Run { at, trained_on, claimed } => {
            tx.add_node(&registry, run(*at, *trained_on, *claimed)).unwrap();
            tx.add_source(source("mlflow.db", step.into()));
        }
        Came::Model { registry: of, version, run } => {
            let key = texts(&[&format!("registry{of}"), "credit", &version.to_string()]);
            let mut draft = NodeDraft::new(Kind::Model, key);
            draft.link(Relation::ProducedBy, Kind::Run, Key::text(format!("run{run}")));
            tx.add_node(&registry, draft).unwrap();
        }
        Came::Dataset(at) => {
            let mut draft = NodeDraft::new(Kind::Dataset, dataset(*at));
            draft.fields.insert("rows", i64::from(*at) + i64::from(step));
            tx.add_node(&registry, draft).unwrap();
        }
        Came::Snapshot(at) => {
            tx.snapshot_follows();
            let staged = tx.add_node(&registry, run(*at, 0, false)).unwrap();
            tx.add_snapshot(&registry, BTreeMap::from([(staged.node, staged.content)]));
        }
        Came::Alias => {
            let key = texts(&["registry0", "credit", "1"]);
            tx.add_reference(Kind::Model, "the scorer", Some(key));
        }
        Came::Rank => tx.add_setting("rank", Value::List(vec![Value::text("mlflow-file")])),
        Came::Retract(import) => {
            brings = tx.add_retract(u64::from(*import), false, None).is_ok();
        }
        Came::Nothing => {}
    }
    if brings {
        tx.commit()?;
    }
    Ok(())
}

fn store(percent: u32) -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let options = Options { tail_percent_max: percent, ..sample::options() };
    let store = Store::create_on(Arc::new(memory.clone()), options).unwrap();
    (memory, store)
}

/// A tail however long it is, and none at all.
const ALWAYS: u32 = u32::MAX;
const NEVER: u32 = 0;

fn graphs(memory: &MemoryStorage) -> Vec<String> {
    let names = memory.list("index").unwrap().into_iter();
    names.filter(|name| name.starts_with("graph-")).collect()
}

/// Which fields have a column, and all that stands in these.
fn columns(view: &Snapshot) -> Vec<String> {
    let mut all = Vec::new();
    for kind in KINDS {
        for spec in COMMON_FIELDS.iter().chain(fields(kind)) {
            let Some(column) = view.column(kind, spec.name) else { continue };
            let cells = view.nodes_of(kind).map(|node| format!("{:?}", column.get(node)));
            all.push(format!("{kind} {} {}", spec.name, cells.collect::<Vec<_>>().join(" ")));
        }
    }
    for spec in &RELATIONS {
        for direction in [Direction::Forward, Direction::Inverse] {
            let rows = view.adjacency(spec.relation, direction).unwrap();
            let rows = (0..view.node_count()).map(|node| format!("{:?}", rows.of(node)));
            all.push(format!("{} {}", spec.name, rows.collect::<Vec<_>>().join(" ")));
        }
    }
    all
}

fn read(memory: &MemoryStorage) -> Snapshot {
    Store::open_read_only_on(Arc::new(memory.clone())).unwrap().snapshot().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_view_answers_alike_with_a_tail_of_any_length_and_without(
        first in prop::collection::vec(came(), 0..6),
        days in prop::collection::vec((came(), any::<bool>()), 4..9),
        percent in prop_oneof![Just(ALWAYS), 10..60_u32],
    ) {
        let ((tailed, writer), (whole, other)) = (store(percent), store(NEVER));
        for (step, came) in (1..).zip(&first) {
            take(&writer, step, came);
            take(&other, step, came);
        }
        writer.write_indexes().unwrap();
        other.write_indexes().unwrap();
        let mut covered = writer.commit();
        for (step, (came, is_sealed)) in (50..).zip(&days) {
            take(&writer, step, came);
            take(&other, step, came);
            if !is_sealed {
                continue;
            }
            other.write_indexes().unwrap();
            let expected = everything(&whole).unwrap();
            // A reader that comes before the generation makes what is newer in memory.
            prop_assert_eq!(&everything(&tailed).unwrap(), &expected);
            writer.write_indexes().unwrap();
            prop_assert_eq!(&everything(&tailed).unwrap(), &expected);
            prop_assert_eq!(columns(&read(&tailed)), columns(&read(&whole)));
            prop_assert_eq!(graphs(&whole).len(), 1);
            let is_tail = percent == ALWAYS && covered > 0 && writer.commit() > covered;
            prop_assert!(graphs(&tailed).len() == 2 || !is_tail);
            covered = writer.commit();
        }
        // One whole one again, as it would have been without tails.
        writer.rebuild().unwrap();
        other.write_indexes().unwrap();
        let name = graphs(&whole).pop().unwrap();
        let bytes = |memory: &MemoryStorage| {
            memory.read(&format!("index/{name}")).unwrap().unwrap().to_vec()
        };
        prop_assert!(bytes(&tailed) == bytes(&whole));
    }
}

/// Uses of the store and days of logs behind what a registry said.
fn with_a_tail(memory: &MemoryStorage, store: &Store) -> Vec<String> {
    let registry = [
        Came::Run { at: 1, trained_on: 2, claimed: true },
        Came::Model { registry: 0, version: 1, run: 1 },
        Came::Dataset(2),
        Came::Uses(vec![3, 9]),
        Came::Day { file: 1, deployment: 1 },
    ];
    let later = [Came::Day { file: 2, deployment: 0 }, Came::Uses(vec![1, 4, 9])];
    for (step, came) in (1..).zip(&registry) {
        take(store, step, came);
    }
    store.write_indexes().unwrap();
    for (step, came) in (50..).zip(&later) {
        take(store, step, came);
        store.write_indexes().unwrap();
    }
    assert_eq!(graphs(memory), ["graph-000000000005.idx", "graph-000000000007.idx"]);
    everything(memory).unwrap()
}

#[test]
fn a_flipped_bit_in_a_tail_or_its_base_is_a_right_answer_or_an_error_with_a_name() {
    let (memory, store) = store(ALWAYS);
    let expected = with_a_tail(&memory, &store);
    let (mut right, mut named) = (0, 0);
    for name in graphs(&memory) {
        let (of_it, names) = flip_bits(&memory, &name, 61, &expected);
        right += of_it;
        named += names;
    }
    assert!(right > 20 && named > 40, "{right} right, {named} named");
}

#[test]
fn without_one_of_its_files_a_generation_is_made_anew() {
    let (memory, store) = store(ALWAYS);
    let expected = with_a_tail(&memory, &store);
    for name in graphs(&memory) {
        let path = format!("index/{name}");
        let bytes = memory.read(&path).unwrap().unwrap();
        memory.remove(&path).unwrap();
        assert_eq!(everything(&memory).unwrap(), expected, "without {name}");
        memory.put(&path, &bytes, false).unwrap();
    }
    memory.remove("index/graph-000000000005.idx").unwrap();
    take(&store, 60, &Came::Uses(vec![5]));
    store.write_indexes().unwrap();
    assert_eq!(graphs(&memory), ["graph-000000000008.idx"], "a whole one, and nothing beside it");
}

#[test]
fn a_crash_at_any_call_while_tails_are_written_leaves_a_view_that_answers_alike() {
    let (disk, first) = store(ALWAYS);
    let (whole, other) = store(NEVER);
    let registry = [Came::Run { at: 1, trained_on: 2, claimed: false }, Came::Uses(vec![3, 9])];
    let later = [Came::Uses(vec![1, 9]), Came::Run { at: 2, trained_on: 1, claimed: false }];
    for (step, came) in (1..).zip(&registry) {
        take(&first, step, came);
        take(&other, step, came);
    }
    first.write_indexes().unwrap();
    drop((first, other));
    // As every run below goes on: opened anew, with a clock that begins anew.
    let options = || Options { tail_percent_max: ALWAYS, ..sample::options() };
    let other = Store::open_on(Arc::new(whole.clone()), options()).unwrap();
    let mut expected = vec![everything(&whole).unwrap()];
    for (step, came) in (50..).zip(&later) {
        take(&other, step, came);
        expected.push(everything(&whole).unwrap());
    }
    let run = |plan: Plan| {
        let disk = disk.after_power_cut(100);
        let faulty = Arc::new(FaultyStorage::new(disk.clone(), plan));
        if let Ok(store) = Store::open_on(faulty.clone(), options()) {
            for (step, came) in (50..).zip(&later) {
                if try_take(&store, step, came).is_err() || store.write_indexes().is_err() {
                    break;
                }
            }
        }
        (disk, faulty.calls())
    };
    let (sound, calls) = run(Plan::Never);
    assert!(graphs(&sound).len() == 2 && calls > 30, "{calls} calls");
    for at in 0..calls {
        let (disk, _) = run(Plan::CrashAt(at));
        for kept in [0, 50, 100] {
            let disk = disk.after_power_cut(kept);
            let commit = read(&disk).commit();
            let expected = &expected[usize::try_from(commit).unwrap() - 2];
            assert_eq!(&everything(&disk).unwrap(), expected, "call {at}, {kept} % kept");
        }
    }
}
