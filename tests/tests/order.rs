//! The order of imports does not matter, a retracted import might as well not have been, and seeing
//! the same again writes nothing: over generated sources that disagree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::{EdgeDraft, NodeDraft, Store};
use lineal_proof::frame::{self, RecordType, SEGMENT_HEADER};
use lineal_proof::record::{Record, Revision, SeenRows};
use lineal_proof::{Cid, Hash, Key, KeyPart, Value};
use lineal_tests::sample::{
    STEPS, answers, batch, batch_key, deployment, options, saying, source, step, texts,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What one import says of one node.
#[derive(Clone, Debug)]
enum Said {
    Dataset { at: u8, rows: u8 },
    Run { at: u8, status: u8, trained_on: u8, claimed: bool },
    Registered { registry: u8, version: u8, stage: u8, run: u8, logged: Option<u8> },
    Logged { at: u8, run: u8 },
    Deployment { at: u8, version: u8, registry: Option<u8>, run: Option<u8>, logged: Option<u8> },
}

/// One import of one source in one form.
#[derive(Clone, Debug)]
struct Import {
    source: u8,
    form: u8,
    observed_at: i64,
    full: bool,
    /// Split over two commits.
    split: bool,
    said: Vec<Said>,
    /// An own file of events.
    events: Option<u8>,
    /// A name given by hand.
    alias: Option<u8>,
}

const FORMS: [&str; 3] = ["mlflow-sqlite", "mlflow-file", "a-form-of-no-rank"];

fn said() -> impl Strategy<Value = Said> {
    let few = 0..2_u8;
    prop_oneof![
        (few.clone(), 0..3_u8).prop_map(|(at, rows)| Said::Dataset { at, rows }),
        (few.clone(), 0..3_u8, few.clone(), any::<bool>()).prop_map(
            |(at, status, trained_on, claimed)| Said::Run { at, status, trained_on, claimed }
        ),
        (few.clone(), few.clone(), few.clone(), few.clone(), prop::option::of(few.clone()))
            .prop_map(|(registry, version, stage, run, logged)| Said::Registered {
                registry,
                version,
                stage,
                run,
                logged
            }),
        (few.clone(), few.clone()).prop_map(|(at, run)| Said::Logged { at, run }),
        (
            few.clone(),
            0..3_u8,
            prop::option::of(few.clone()),
            prop::option::of(few.clone()),
            prop::option::of(few)
        )
            .prop_map(|(at, version, registry, run, logged)| Said::Deployment {
                at,
                version,
                registry,
                run,
                logged
            }),
    ]
}

fn import() -> impl Strategy<Value = Import> {
    (
        0..2_u8,
        0..3_u8,
        0..4_i64,
        any::<bool>(),
        any::<bool>(),
        prop::collection::vec(said(), 0..7),
        prop::option::weighted(0.4, 1..5_u8),
        prop::option::weighted(0.2, 0..2_u8),
    )
        .prop_map(|(source, form, observed_at, full, split, said, events, alias)| Import {
            source,
            form,
            observed_at,
            full,
            split,
            said,
            events,
            alias,
        })
}

/// Each import has its own file of events and its own name: those are not made to agree here.
fn imports() -> impl Strategy<Value = Vec<Import>> {
    prop::collection::vec(import(), 3..=4).prop_map(|mut imports| {
        for (number, import) in (0_u8..).zip(&mut imports) {
            import.events = import.events.map(|rows| number * 16 + rows);
            import.alias = import.alias.map(|name| number * 2 + name);
        }
        imports
    })
}

/// Ten imports, most of them like a day of logs: they say nothing that changes what others meant.
fn days() -> impl Strategy<Value = Vec<Import>> {
    let quiet = import().prop_map(|mut import| {
        (import.full, import.alias) = (false, None);
        import.said.retain(|said| matches!(said, Said::Run { .. } | Said::Deployment { .. }));
        import
    });
    let days = prop::collection::vec(prop_oneof![4 => quiet, 1 => import()], 8);
    (prop::collection::vec(import(), 2), days).prop_map(|(first, days)| {
        let mut imports: Vec<Import> = first.into_iter().chain(days).collect();
        for (number, import) in (0_u8..).zip(&mut imports) {
            import.events = import.events.map(|rows| number * 16 + rows);
        }
        imports
    })
}

/// The derived files but the runs of event keys, of which there may be more or fewer.
fn derived(storage: &dyn Storage) -> BTreeMap<String, Vec<u8>> {
    let names = storage.list("index").unwrap().into_iter();
    let is_of_runs = |name: &str| name.starts_with("keys-") || name == "runs.idx";
    let files = names.filter(|name| !is_of_runs(name)).map(|name| {
        let bytes = storage.read(&format!("index/{name}")).unwrap().unwrap();
        (name, bytes.to_vec())
    });
    files.collect()
}

/// Writes the index behind the one before, then makes it anew: byte by byte the same.
fn assert_as_rebuilt(memory: &MemoryStorage, store: &Store, step: usize) {
    store.write_indexes().unwrap();
    let followed = derived(memory);
    store.rebuild().unwrap();
    let rebuilt = derived(memory);
    assert_eq!(
        followed.keys().collect::<Vec<_>>(),
        rebuilt.keys().collect::<Vec<_>>(),
        "step {step}"
    );
    for (name, bytes) in followed {
        // The ledger's may lag by a few commits; its header says behind which it stands.
        let header = 16 + 128;
        if name == "ledger.idx" && bytes[..header] != rebuilt[&name][..header] {
            continue;
        }
        let first = bytes.iter().zip(&rebuilt[&name]).position(|(one, other)| one != other);
        assert!(bytes == rebuilt[&name], "step {step}: {name} differs from byte {first:?} on");
    }
}

fn run_id(at: u8) -> String {
    format!("run{at}aaaaaa")
}

fn registered(registry: u8, version: u8) -> Key {
    texts(&[&format!("registry{registry}"), "credit", &version.to_string()])
}

/// The node that is spoken of. Data sets belong to their source; the rest is named by all alike.
fn draft(source: u8, said: &Said) -> NodeDraft {
    let dataset = |at: u8| texts(&["loans", &format!("d{at}"), "s3", &format!("source{source}")]);
    match said {
        Said::Dataset { at, rows } => {
            let mut node = NodeDraft::new(Kind::Dataset, dataset(*at));
            node.fields.insert("rows", i64::from(*rows));
            node
        }
        Said::Run { at, status, trained_on, claimed } => {
            let mut node = NodeDraft::new(Kind::Run, Key::text(run_id(*at)));
            if *status > 0 {
                node.fields.insert("status", format!("status{status}"));
            }
            let params: lineal_proof::Map =
                [(format!("p{trained_on}"), i64::from(*status))].into_iter().collect();
            node.fields.insert("params", Value::Map(params));
            let mut key = dataset(*trained_on);
            if *claimed {
                key.0[2] = KeyPart::Null;
                key.0[3] = KeyPart::Null;
            }
            node.link(Relation::TrainedOn, Kind::Dataset, key);
            node
        }
        Said::Registered { registry, version, stage, run, logged } => {
            let mut node = NodeDraft::new(Kind::Model, registered(*registry, *version));
            node.fields.insert("stage", format!("stage{stage}"));
            node.fields.insert("aliases", Value::List(vec![Value::text(format!("alias{stage}"))]));
            node.link(Relation::ProducedBy, Kind::Run, Key::text(run_id(*run)));
            if let Some(logged) = logged {
                node.link(Relation::RegisteredFrom, Kind::Model, Key::text(format!("m-{logged}")));
            }
            node
        }
        Said::Logged { at, run } => {
            let mut node = NodeDraft::new(Kind::Model, Key::text(format!("m-{at}")));
            node.link(Relation::ProducedBy, Kind::Run, Key::text(run_id(*run)));
            node
        }
        Said::Deployment { at, version, registry, run, logged } => {
            let key = texts(&["scorer", "prod", &format!("e{at}"), "credit", "?"]);
            let mut node = NodeDraft::new(Kind::Deployment, key);
            let mut claim = registered(registry.unwrap_or(0), *version);
            if registry.is_none() {
                claim.0[0] = KeyPart::Null;
            }
            let beside =
                [("logged", logged.map(|logged| format!("m-{logged}"))), ("run", run.map(run_id))];
            let beside =
                beside.into_iter().filter_map(|(name, id)| Some((name.to_owned(), id?))).collect();
            let (relation, kind) = (Relation::Deploys, Kind::Model);
            node.edges.push(EdgeDraft { relation, kind, key: claim, beside });
            node
        }
    }
}

/// Generations are whole, so that they can be held to each other byte by byte; those that rest on
/// another one are held to whole ones in `tails.rs`.
fn new_store() -> (MemoryStorage, Store) {
    let memory = MemoryStorage::new();
    let options = lineal_engine::Options { tail_percent_max: 0, ..options() };
    let store = Store::create_on(Arc::new(memory.clone()), options).unwrap();
    (memory, store)
}

/// Takes an import and returns its number.
fn take(store: &Store, import: &Import) -> u64 {
    let saying = saying(
        &format!("source{}", import.source),
        FORMS[import.form as usize],
        import.observed_at,
    );
    let mut held = BTreeMap::new();
    let first = if import.split { import.said.len() / 2 } else { import.said.len() };
    let mut number = None;
    let parts = [&import.said[..first], &import.said[first..]];
    let parts = if import.split { &parts[..] } else { &parts[..1] };
    for (at, part) in parts.iter().enumerate() {
        let mut tx = store.begin(number, None).unwrap();
        if import.full {
            tx.snapshot_follows();
        }
        for said in *part {
            let node = draft(import.source, said);
            // One export says one thing of a node.
            let id = lineal_proof::record::node_id(node.kind.name(), &node.key);
            if held.contains_key(&id) {
                continue;
            }
            let staged = tx.add_node(&saying, node).unwrap();
            held.insert(staged.node, staged.content);
        }
        if at + 1 == parts.len() {
            // Every import leaves what it read, even one that read nothing of note.
            tx.add_source(source("export.db", 1));
            if import.full {
                tx.add_snapshot(&saying, held.clone());
            }
            if let Some(file) = import.events {
                let mut batch = batch(file, u32::from(file) * 10..u32::from(file) * 10 + 3);
                batch.saying = saying.clone();
                tx.add_batch(batch);
            }
            if let Some(name) = import.alias {
                let name = format!("name{name}");
                tx.add_reference(Kind::Model, &name, Some(registered(0, 1)));
            }
        }
        let committed = tx.commit().unwrap();
        number = Some(committed.import);
    }
    number.unwrap()
}

fn retract(store: &Store, import: u64, restore: bool) {
    let mut tx = store.begin(None, None).unwrap();
    tx.add_retract(import, restore, None).unwrap();
    tx.commit().unwrap();
}

/// The answers, with what the names given by hand lead to.
fn view(store: &Store) -> BTreeSet<String> {
    let view = store.snapshot().unwrap();
    let mut lines = answers(&view);
    for name in 0..8 {
        let found = view.find(Some(Kind::Model), &format!("name{name}"));
        let keys: Vec<_> = found.iter().map(|node| view.key_of(*node)).collect();
        lines.insert(format!("name{name} is {keys:?}"));
    }
    lines
}

/// Every content that a chain holds, from the bytes of the log.
fn contents(storage: &dyn Storage) -> BTreeSet<String> {
    let bytes = storage.read("segments/00000001.seg").unwrap().unwrap();
    let mut at = SEGMENT_HEADER;
    let mut all = BTreeSet::new();
    while at < bytes.len() {
        let frame = frame::read(&bytes[at..]).unwrap();
        if frame.record_type == RecordType::Revision {
            let r = Revision::decode(frame.payload).unwrap();
            let line = format!("{:?} {} {} {}", r.key, r.source, r.form, r.content_digest());
            assert!(all.insert(line), "a chain holds a content once");
        }
        at += frame.length;
    }
    all
}

fn permutations(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for _ in 0..count {
        let longer = all.iter().flat_map(|start: &Vec<usize>| {
            let rest = (0..count).filter(|next| !start.contains(next));
            rest.map(|next| [&start[..], &[next]].concat()).collect::<Vec<_>>()
        });
        all = longer.collect();
    }
    all
}

/// Fails with the lines that differ, not with two walls of text.
fn same(one: &BTreeSet<String>, other: &BTreeSet<String>, told: &str) -> Result<(), TestCaseError> {
    let differ: Vec<_> = one.symmetric_difference(other).collect();
    prop_assert!(differ.is_empty(), "{}: {:#?}", told, differ);
    Ok(())
}

/// Each case writes dozens of stores: few by default, as many as `PROPTEST_CASES` says for a search.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return config;
    }
    ProptestConfig { cases: 24, ..config }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_order_of_imports_gives_the_same_answers(imports in imports()) {
        let mut first = None;
        for order in permutations(imports.len()) {
            let (memory, store) = new_store();
            for at in &order {
                take(&store, &imports[*at]);
            }
            let found = (view(&store), contents(&memory));
            let expected = first.get_or_insert_with(|| found.clone());
            same(&expected.0, &found.0, &format!("{order:?}"))?;
            same(&expected.1, &found.1, &format!("{order:?}"))?;
        }
    }

    #[test]
    fn an_index_that_follows_another_is_that_of_a_rebuild(days in days()) {
        let (memory, store) = new_store();
        for (step, import) in days.iter().enumerate() {
            take(&store, import);
            assert_as_rebuilt(&memory, &store, step);
        }
    }

    #[test]
    fn a_retracted_import_might_as_well_not_have_been(imports in imports()) {
        for out in 0..imports.len() {
            let (memory, store) = new_store();
            let numbers: Vec<u64> = imports.iter().map(|import| take(&store, import)).collect();
            let all = view(&store);
            let (_, without) = new_store();
            for (at, import) in imports.iter().enumerate() {
                if at != out {
                    take(&without, import);
                }
            }
            let without = view(&without);
            retract(&store, numbers[out], false);
            same(&view(&store), &without, &format!("without import {out}"))?;
            let retracted = store.commit();
            retract(&store, numbers[out], true);
            same(&view(&store), &all, &format!("import {out} restored"))?;
            retract(&store, numbers[out], false);
            let written = contents(&memory);
            take(&store, &imports[out]);
            same(&view(&store), &all, &format!("import {out} again"))?;
            same(&contents(&memory), &written, "the same again writes no revision")?;
            same(&answers(&store.snapshot_at(retracted).unwrap()).into_iter().collect(),
                &without.into_iter().filter(|line| !line.starts_with("name")).collect(),
                "as of the retraction")?;
        }
    }

    #[test]
    fn what_comes_between_a_retraction_and_its_undoing_counts_as_it_always_would(
        imports in imports(),
    ) {
        let (_, plain) = new_store();
        for import in &imports {
            take(&plain, import);
        }
        let (_, store) = new_store();
        let number = take(&store, &imports[0]);
        retract(&store, number, false);
        for import in &imports[1..] {
            take(&store, import);
        }
        retract(&store, number, true);
        same(&view(&store), &view(&plain), "restored after the others came")?;
    }
}

#[test]
fn an_index_that_follows_another_is_that_of_a_rebuild_whatever_is_sealed_linked_or_retracted() {
    let (memory, store) = new_store();
    for number in 1..=STEPS {
        step(&store, number).unwrap();
        assert_as_rebuilt(&memory, &store, usize::try_from(number).unwrap());
    }
}

#[test]
fn an_index_that_follows_another_knows_when_old_claims_mean_something_else() {
    let (memory, store) = new_store();
    let mut step = 0;
    let mut say = |form: &str, drafts: Vec<NodeDraft>, alias: Option<&str>| {
        let mut tx = store.begin(None, None).unwrap();
        for draft in drafts {
            tx.add_node(&saying("source0", form, 1), draft).unwrap();
        }
        if let Some(name) = alias {
            let mut family = registered(0, 1);
            family.0[2] = KeyPart::Null;
            tx.add_reference(Kind::Model, name, Some(family));
        }
        tx.commit().unwrap();
        step += 1;
        assert_as_rebuilt(&memory, &store, step);
    };
    let deployed = |at: u8, run: Option<u8>| {
        draft(0, &Said::Deployment { at, version: 1, registry: None, run, logged: None })
    };
    let models = (0..3_u8).map(|number| {
        let (registry, run) = (number, number);
        draft(0, &Said::Registered { registry, version: 1, stage: 0, run, logged: None })
    });
    say("one", models.chain([deployed(0, None), deployed(1, Some(0))]).collect(), None);
    // Of three candidates two are left, by the runs beside the claims of one deployment.
    say("two", vec![deployed(1, Some(1))], None);
    // The other one, to which all three were open, says now which it means.
    say("two", vec![deployed(0, Some(0))], None);
    let mut other = deployed(2, None);
    other.edges[0].key.0[1] = "scorer".into();
    say("one", vec![other], None);
    say("one", Vec::new(), Some("scorer"));
    // An edge that is stated and might be derived: nobody can tell that from the graph.
    let mut next =
        draft(0, &Said::Registered { registry: 0, version: 2, stage: 0, run: 0, logged: None });
    next.link(Relation::Follows, Kind::Model, registered(1, 1));
    say("one", vec![next], None);
    let run = Said::Run { at: 0, status: 1, trained_on: 0, claimed: false };
    say("one", vec![draft(0, &run)], None);
    let view = store.snapshot().unwrap();
    let candidates = |claim: &str| {
        let found = view.nodes_of(Kind::Model).filter(|node| view.is_missing(*node));
        let mut of = found.filter(|node| view.key_of(*node).part_text(1) == Some(claim));
        of.next().map(|node| view.candidates(node).len())
    };
    assert_eq!((candidates("credit"), candidates("scorer")), (Some(2), None));
}

#[test]
fn an_index_of_another_history_or_a_damaged_one_is_not_followed() {
    let said = |store: &Store, status: u8| {
        let mut tx = store.begin(None, None).unwrap();
        for at in 0..2 {
            let said = Said::Run { at, status, trained_on: 0, claimed: false };
            tx.add_node(&saying("source0", FORMS[0], 1), draft(0, &said)).unwrap();
        }
        tx.commit().unwrap();
    };
    let day = |store: &Store| {
        let mut tx = store.begin(None, None).unwrap();
        tx.add_batch(batch(7, 0..3));
        tx.commit().unwrap();
    };
    let (other, store) = new_store();
    said(&store, 1);
    store.write_indexes().unwrap();
    let (memory, store) = new_store();
    said(&store, 2);
    for name in other.list("index").unwrap() {
        let path = format!("index/{name}");
        memory.put(&path, &other.read(&path).unwrap().unwrap(), false).unwrap();
    }
    day(&store);
    assert_as_rebuilt(&memory, &store, 2);
    // Wherever it is damaged, while most of what it tells would be taken over.
    for step in 3..60 {
        let path = format!("index/graph-{:012}.idx", store.commit());
        memory.damage(&path, |bytes| {
            let at = bytes.len() - 1 - (step - 3) * 64;
            bytes[at] ^= 1;
        });
        let mut tx = store.begin(None, None).unwrap();
        let (at, status) = (0, u8::try_from(step).unwrap());
        let said = Said::Run { at, status, trained_on: 0, claimed: false };
        tx.add_node(&saying("source0", FORMS[0], 1), draft(0, &said)).unwrap();
        tx.commit().unwrap();
        assert_as_rebuilt(&memory, &store, step);
    }
}

#[test]
fn a_snapshot_seen_again_writes_no_revision_and_confirms_its_nodes() {
    let (memory, store) = new_store();
    let said = vec![Said::Dataset { at: 0, rows: 1 }, Said::Dataset { at: 1, rows: 1 }];
    let full = |observed_at, said: &[Said]| Import {
        source: 0,
        form: 0,
        observed_at,
        full: true,
        split: false,
        said: said.to_vec(),
        events: None,
        alias: None,
    };
    take(&store, &full(1, &said));
    let written = contents(&memory);
    take(&store, &full(5, &said));
    assert_eq!(contents(&memory), written);
    let gone = |store: &Store| -> Vec<bool> {
        let view = store.snapshot().unwrap();
        let all = view.nodes_of(Kind::Dataset);
        all.map(|node| view.field(node, "gone").unwrap() == Some(Value::Bool(true))).collect()
    };
    // An older snapshot without the second data set says nothing of today, a later one does.
    take(&store, &full(3, &said[..1]));
    assert_eq!(gone(&store), [false, false]);
    let later = take(&store, &full(7, &said[..1]));
    assert_eq!(gone(&store), [false, true]);
    assert_eq!(contents(&memory), written);
    retract(&store, later, false);
    assert_eq!(gone(&store), [false, false]);
}

#[test]
fn rows_that_a_second_file_holds_live_on_when_the_first_is_retracted() {
    let (_, store) = new_store();
    let mut tx = store.begin(None, None).unwrap();
    tx.add_node(&batch(1, 0..0).saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
    tx.add_batch(batch(1, 0..10));
    let first = tx.commit().unwrap().import;
    let node = lineal_proof::record::node_id(Kind::Batch.name(), &batch_key(1));
    let view = store.snapshot().unwrap();
    let at = view.find(Some(Kind::Batch), &node.short())[0];
    let revision = view.revision_id(at).unwrap();

    let log = saying("datadog", "datadog-archive", 300);
    let mut tx = store.begin(None, None).unwrap();
    let rows = vec![SeenRows { batch: Cid(revision), runs: vec![(4, 2), (8, 2)] }];
    tx.add_seen_rows(&log, [2; 16], rows);
    let second = tx.commit().unwrap().import;

    let state = |store: &Store| {
        let view = store.snapshot().unwrap();
        let rows = |hash: u32| {
            let hash = Hash::of(&hash.to_le_bytes());
            view.events_by_hash(None, &hash.0).unwrap().len()
        };
        let node = view.find(Some(Kind::Deployment), "scorer");
        let events = node.first().map(|node| view.field(*node, "events").unwrap());
        let batches = node.first().map(|node| view.batches_of(*node).len());
        let next = node
            .first()
            .map(|node| view.edges(*node, Relation::ServedBy, Direction::Inverse).len());
        (events.flatten(), batches, next, [rows(0), rows(4), rows(8)])
    };
    let ten = (Some(Value::from(10_i64)), Some(1), Some(1), [1, 1, 1]);
    assert_eq!(state(&store), ten);
    retract(&store, first, false);
    assert_eq!(state(&store), (Some(Value::from(4_i64)), Some(1), Some(1), [0, 1, 1]));
    retract(&store, second, false);
    assert_eq!(state(&store), (None, None, None, [0, 0, 0]));
    retract(&store, first, true);
    assert_eq!(state(&store), ten);
}
