//! Logs as they are handed over: each event that counters count has its row or its count, what is
//! withheld is nowhere in the files, and programs of others accept the whole and refuse a changed byte.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::event_fields::EventField;
use lineal_engine::events::{EventBlock, EventValue};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{BatchDraft, NodeDraft, NodeNo, Snapshot, Store, Systems, Target};
use lineal_evidence::logs::{
    Format, HandedOver, LogsError, Proof, SIGNATURE_FILE, STATEMENT_FILE, Wanted, hand_over,
};
use lineal_proof::Key;
use lineal_proof::bundle::{Trust, Verdict, check};
use lineal_proof::record::Decision;
use lineal_query::{Limits, Parameters, Query, Request, StoreView};
use lineal_tests::foreign;
use lineal_tests::sample::{self, deployment, erasure_of, saying, write_day};
use serde_json::Value as Json;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Three batches of twelve events at 1,000 ns and after: e5 is erased, e17 restricted.
fn store() -> Arc<Store> {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), sample::options()).unwrap();
    for day in 0..3 {
        write_day(&store, day).unwrap();
    }
    let mut tx = store.begin(None, None).unwrap();
    let mut node = NodeDraft::new(Kind::Deployment, deployment());
    node.link(Relation::BelongsTo, Kind::System, Key::text("credit-scoring"));
    tx.add_node(&saying("declared", "declared", 300), node).unwrap();
    tx.commit().unwrap();
    for (id, decision) in [("e5", Decision::Erased), ("e17", Decision::Restricted)] {
        let events = store.snapshot().unwrap().events_by_id(id).unwrap();
        assert_eq!(events.len(), 1, "{id}");
        let mut order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
        order.decision = decision;
        store.erase(&order, false).unwrap();
    }
    store.record_log(Some("log.example/bank"), None).unwrap();
    store.checkpoint().unwrap();
    Arc::new(store)
}

fn node(view: &Snapshot, kind: Kind) -> NodeNo {
    view.nodes_of(kind).next().unwrap()
}

fn wanted(view: &Snapshot, kind: Kind) -> Wanted {
    Wanted {
        subject: node(view, kind),
        from: None,
        until: None,
        format: Format::Csv,
        with_subject_group: false,
        proof: Proof::None,
        is_bound: false,
    }
}

fn export(store: &Store, wanted: &Wanted, folder: &Path) -> Result<HandedOver, LogsError> {
    hand_over(store, &store.snapshot().unwrap(), wanted, folder, &mut |_, _| {
        ControlFlow::Continue(())
    })
}

/// The lines of a file of the test's values, none of which holds a comma or a quote.
fn rows(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join(name)).unwrap();
    let cells = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(cells).collect()
}

fn statement(folder: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(folder.join(STATEMENT_FILE)).unwrap()).unwrap()
}

#[test]
fn every_event_that_counters_count_has_a_row_that_says_what_became_of_it() {
    let store = store();
    let view = store.snapshot().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let done = export(&store, &wanted(&view, Kind::System), folder.path()).unwrap();
    let counts = done.counts;
    assert_eq!((counts.shown, counts.erased, counts.restricted, counts.outside), (34, 1, 1, 0));
    let rows = rows(folder.path(), "events-0001.csv");
    let (names, rows) = rows.split_first().unwrap();
    assert_eq!(rows.len(), 36);
    let at = |name: &str| names.iter().position(|found| found == name);
    assert_eq!(at("input_hash"), None, "the subject group is kept back");
    let (standing, id) = (at("standing").unwrap(), at("event_id").unwrap());
    let unshown: Vec<_> = rows.iter().filter(|row| row[standing] != "shown").collect();
    assert_eq!(unshown.len(), 2);
    assert!(unshown.iter().all(|row| row[standing + 1..].iter().all(String::is_empty)));
    let ids: Vec<&str> = rows.iter().map(|row| row[id].as_str()).collect();
    assert!(ids.contains(&"e0") && ids.contains(&"e35"));
    assert!(!ids.contains(&"e5") && !ids.contains(&"e17"));
    let said = statement(folder.path());
    assert_eq!(said["predicate"]["counts"]["counted"], 36);
    assert_eq!(answered(&store, folder.path()), "36");
}

/// What the store itself answers to the question that a statement names.
fn answered(store: &Arc<Store>, folder: &Path) -> String {
    let said = statement(folder);
    let question = said["predicate"]["asked"]["question"].as_str().unwrap();
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let query = Query::parse(question).unwrap_or_else(|e| panic!("{}", e.render(question)));
    let view = StoreView::new(Arc::clone(store)).unwrap();
    let answer = query.prepare().unwrap().run(&view, &request).unwrap();
    answer.rows.first().map_or_else(|| "0".to_owned(), |row| answer.text(&row[0]))
}

/// Twelve events of one deployment and batch: of three one names another system, one ours, and one none.
fn shared() -> Arc<Store> {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), sample::options()).unwrap();
    let mut tx = store.begin(None, None).unwrap();
    let mut block = EventBlock::new();
    for number in 0..12_u32 {
        block.set(EventField::Time, EventValue::Int(1_000 + i64::from(number)));
        block.set(EventField::EventId, EventValue::Text(&format!("e{number}")));
        block.set(EventField::HumanOverride, EventValue::Bool(number < 4));
        match number % 3 {
            0 => drop(block.set(EventField::System, EventValue::Text("other"))),
            1 => drop(block.set(EventField::System, EventValue::Text("credit-scoring"))),
            _ => {}
        }
        block.end_row();
    }
    let draft = BatchDraft { block: Arc::new(block), ..sample::batch(0, 0..12) };
    let mut node = NodeDraft::new(Kind::Deployment, deployment());
    for system in ["credit-scoring", "other"] {
        node.link(Relation::BelongsTo, Kind::System, Key::text(system));
        tx.add_node(&draft.saying, NodeDraft::new(Kind::System, Key::text(system))).unwrap();
    }
    tx.add_node(&draft.saying, node).unwrap();
    tx.add_batch(draft);
    tx.commit().unwrap();
    store.write_indexes().unwrap();
    store.record_log(Some("log.example/bank"), None).unwrap();
    store.checkpoint().unwrap();
    Arc::new(store)
}

#[test]
fn the_log_of_a_system_has_no_event_that_names_another_of_the_same_deployment() {
    let store = shared();
    let view = store.snapshot().unwrap();
    for (system, strange) in [("credit-scoring", 0), ("other", 1)] {
        let subject = view.node_with_key(Kind::System, &Key::text(system)).unwrap();
        let asked = Wanted { subject, proof: Proof::Every, ..wanted(&view, Kind::System) };
        let folder = tempfile::tempdir().unwrap();
        let done = export(&store, &asked, folder.path()).unwrap();
        assert_eq!((done.counts.shown, done.counts.accounted(), done.proved), (8, 8, 8));
        let rows = rows(folder.path(), "events-0001.csv");
        let (names, rows) = rows.split_first().unwrap();
        let id = names.iter().position(|name| name == "event_id").unwrap();
        let ids: Vec<&str> = rows.iter().map(|row| row[id].as_str()).collect();
        let own: Vec<String> =
            (0..12).filter(|at| at % 3 != strange).map(|at| format!("e{at}")).collect();
        assert_eq!(ids, own, "{system}");
        let said = statement(folder.path());
        assert_eq!(said["predicate"]["asked"]["left_out"], "events that name another system");
        assert_eq!(answered(&store, folder.path()), "8", "{system}");
    }
    let folder = tempfile::tempdir().unwrap();
    let done = export(&store, &wanted(&view, Kind::Deployment), folder.path()).unwrap();
    assert_eq!(done.counts.shown, 12, "of the deployment all");
    assert_eq!(statement(folder.path())["predicate"]["asked"]["left_out"], Json::Null);
}

#[test]
fn a_view_of_a_system_counts_its_events_alone() {
    let store = shared();
    let whole = store.snapshot().unwrap();
    let (deployment, batch) = (node(&whole, Kind::Deployment), node(&whole, Kind::Batch));
    let of = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        whole.of_systems(&Systems::new(names, Arc::default())).unwrap()
    };
    let view = of(&["credit-scoring"]);
    assert!(view.leaves_others_out());
    let info = view.batch(batch).unwrap();
    // e1 and e2 were overridden of those that are left.
    assert_eq!((info.rows, info.events, info.overrides), (8, 8, 2));
    assert_eq!((info.first_time, info.last_time), (1_001, 1_011));
    assert_eq!(view.field(deployment, "events").unwrap(), Some(8_i64.into()));
    assert_eq!(view.field(deployment, "first_event").unwrap(), Some(1_001_i64.into()));
    let fields = view.fields(batch).unwrap().fields;
    let presence = fields.get("presence").and_then(lineal_proof::Value::as_map).unwrap();
    assert_eq!(presence.get("system"), Some(&4_i64.into()));
    assert_eq!(presence.get("event_id"), Some(&8_i64.into()));
    assert_eq!(fields.get("size"), None, "nothing that depends on rows of others");
    let rows: Vec<u32> = view.rows_of(batch).iter().map(|event| event.row).collect();
    assert_eq!(rows, [1, 2, 4, 5, 7, 8, 10, 11]);
    assert!(view.events_by_id("e0").unwrap().is_empty());
    assert_eq!(view.events_by_id("e1").unwrap().len(), 1);
    let strange = whole.events_by_id("e0").unwrap();
    assert!(strange.iter().all(|event| view.leaves_row_out(*event)));
    assert!(strange.iter().all(|event| view.event(*event).unwrap().is_empty()));
    // Of both it is the whole.
    assert!(!of(&["credit-scoring", "other"]).leaves_others_out());
    assert!(!of(&["nobody"]).leaves_others_out(), "no deployment of it is near");
}

#[test]
fn a_time_leaves_out_what_lies_outside_and_says_of_what_it_cannot_be_told() {
    let store = store();
    let view = store.snapshot().unwrap();
    let count = |from: i64, until: i64| {
        let folder = tempfile::tempdir().unwrap();
        let asked =
            Wanted { from: Some(from), until: Some(until), ..wanted(&view, Kind::Deployment) };
        let counts = export(&store, &asked, folder.path()).unwrap().counts;
        assert_eq!(counts.accounted(), 36);
        (counts.shown, counts.erased, counts.restricted, counts.outside, counts.unplaced)
    };
    assert_eq!(count(0, 10_000), (34, 1, 1, 0, 0));
    // e5 happened at 1,005, which is erased too: the rows beside it are of 1,004 and 1,006.
    assert_eq!(count(1_003, 1_008), (4, 1, 0, 31, 0));
    assert_eq!(count(1_007, 1_012), (5, 0, 0, 31, 0));
    assert_eq!(count(1_006, 1_012), (6, 1, 0, 29, 1), "it may be of 1,006");
    // e17 is only restricted: its time is known.
    assert_eq!(count(1_017, 1_018), (0, 0, 1, 35, 0));
    assert_eq!(count(5_000, 6_000), (0, 0, 0, 36, 0));
}

#[test]
fn what_is_kept_back_is_nowhere_in_the_files_and_the_sample_proves_itself() {
    let store = store();
    let view = store.snapshot().unwrap();
    let key = store.log_identity().unwrap().unwrap().signing().to_string();
    let hash = lineal_proof::Hash::of(&0_u32.to_le_bytes()).to_string();
    for disclosed in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let asked = Wanted {
            with_subject_group: disclosed,
            proof: Proof::Sample,
            ..wanted(&view, Kind::System)
        };
        let done = export(&store, &asked, folder.path()).unwrap();
        assert_eq!(done.proved, 3, "the first event of each batch");
        let mut held = false;
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let text = std::fs::read(file.unwrap().path()).unwrap();
            held |= text.windows(hash.len()).any(|part| part == hash.as_bytes());
        }
        assert_eq!(held, disclosed);
        let proof = std::fs::read(folder.path().join("sample-proof.json")).unwrap();
        let trust = Trust::new(&key, None).unwrap();
        let expected = if disclosed { Verdict::Valid } else { Verdict::Withheld };
        assert_eq!(check(&proof, &trust).verdict, expected);
        let changed = String::from_utf8(proof).unwrap().replacen("\"at\":0", "\"at\":1", 1);
        let verdict = check(changed.as_bytes(), &trust).verdict;
        assert!(matches!(verdict, Verdict::Tampered(_)), "{verdict:?}");
    }
}

/// The proof files of a folder.
fn proofs(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = entries
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("proof-"))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn every_event_that_is_shown_can_come_with_its_proof_a_thousand_to_a_file() {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), sample::options()).unwrap();
    // 1,212 events in 101 batches.
    for day in 0..101 {
        write_day(&store, day).unwrap();
    }
    store.record_log(Some("log.example/bank"), None).unwrap();
    store.checkpoint().unwrap();
    let view = store.snapshot().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let asked = Wanted { proof: Proof::Every, ..wanted(&view, Kind::Deployment) };
    let done = export(&store, &asked, folder.path()).unwrap();
    assert_eq!((done.proved, done.unproved, done.counts.shown), (1_212, 0, 1_212));
    let key = store.log_identity().unwrap().unwrap().signing().to_string();
    let trust = Trust::new(&key, None).unwrap();
    let files = proofs(folder.path());
    let events: Vec<usize> = files
        .iter()
        .map(|file| {
            assert_eq!(check(file, &trust).verdict, Verdict::Withheld);
            let read: Json = serde_json::from_slice(file).unwrap();
            read["statement"]["events"].as_array().unwrap().len()
        })
        .collect();
    assert_eq!(events, [1_000, 212]);
    let said = statement(folder.path());
    let proof = &said["predicate"]["proof"];
    assert_eq!((&proof["events"], &proof["unproved"]), (&Json::from(1_212), &Json::from(0)));
    assert_eq!(proof["files"].as_array().unwrap().len(), 2);
    let names = said["subject"].as_array().unwrap().iter();
    assert_eq!(
        names.filter(|file| file["name"].as_str().unwrap().starts_with("proof-")).count(),
        2
    );
}

#[test]
fn a_row_that_is_erased_or_restricted_is_left_out_of_the_proof_and_fails_nothing() {
    // One erased and one restricted event before the checkpoint; then more of each behind it.
    let store = store();
    let size = store.checkpoint_sizes().unwrap().pop().unwrap();
    for (id, decision) in [("e7", Decision::Erased), ("e20", Decision::Restricted)] {
        let events = store.snapshot().unwrap().events_by_id(id).unwrap();
        let mut order = erasure_of(&store, vec![Target::Events(events)]).unwrap();
        order.decision = decision;
        store.erase(&order, false).unwrap();
    }
    let key = store.log_identity().unwrap().unwrap().signing().to_string();
    let trust = Trust::new(&key, None).unwrap();
    for (size, shown) in [(size, 32), (store.checkpoint().unwrap().checkpoint.size, 32)] {
        let view = store.snapshot_at(size).unwrap();
        for proof in [Proof::Sample, Proof::Every] {
            let folder = tempfile::tempdir().unwrap();
            let asked = Wanted { proof, ..wanted(&view, Kind::Deployment) };
            let done = hand_over(&store, &view, &asked, folder.path(), &mut |_, _| {
                ControlFlow::Continue(())
            });
            let done = done.unwrap_or_else(|why| panic!("{proof:?} at {size}: {why}"));
            assert_eq!((done.counts.shown, done.counts.accounted()), (shown, 36), "{proof:?}");
            let of = if proof == Proof::Every { shown } else { 3 };
            assert_eq!(done.proved + done.unproved, of, "{proof:?} at {size}");
            let said = statement(folder.path());
            let named = said["predicate"]["proof"]["unproved_rows"].as_array().unwrap().len();
            assert_eq!(named as u64, done.unproved);
            for file in proofs(folder.path()) {
                assert_eq!(check(&file, &trust).verdict, Verdict::Withheld, "{proof:?} at {size}");
            }
        }
    }
}

#[test]
fn the_same_view_gives_the_same_bytes_in_both_forms() {
    let store = store();
    let view = store.snapshot().unwrap();
    for format in [Format::Csv, Format::Parquet] {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let asked = Wanted { format, proof: Proof::Sample, ..wanted(&view, Kind::Deployment) };
        for folder in &folders {
            export(&store, &asked, folder.path()).unwrap();
        }
        for file in std::fs::read_dir(folders[0].path()).unwrap() {
            let name = file.unwrap().file_name();
            let read = |at: usize| std::fs::read(folders[at].path().join(&name)).unwrap();
            assert!(read(0) == read(1), "{name:?}");
        }
    }
}

#[test]
fn programs_of_others_read_the_rows_and_refuse_a_changed_file() {
    let packages = ["duckdb", "pyarrow", "rfc8785", "securesystemslib", "in_toto_attestation"];
    let Some(python) = foreign::python("logs in the tools of others", &packages) else { return };
    let store = store();
    let view = store.snapshot().unwrap();
    for format in [Format::Csv, Format::Parquet] {
        let folder = tempfile::tempdir().unwrap();
        let asked = Wanted {
            format,
            with_subject_group: true,
            proof: Proof::Sample,
            ..wanted(&view, Kind::System)
        };
        export(&store, &asked, folder.path()).unwrap();
        let checked = || {
            let arguments = [folder.path().as_os_str()];
            foreign::run(&python, "check_logs.py", &arguments, b"").expect("python starts")
        };
        let said = checked();
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        let found: Json = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(found["standing"]["shown"], 34, "{found}");
        assert_eq!((&found["rows"], &found["signed"]), (&Json::from(36), &Json::from(true)));
        // Each file in turn, one bit in its middle.
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let bytes = std::fs::read(&path).unwrap();
            let mut changed = bytes.clone();
            changed[bytes.len() / 2] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let said = checked();
            assert_eq!(said.code, Some(1), "{name} was changed: {}", said.stdout);
            let named = match name.as_str() {
                // A signature that does not fit is one of the statement.
                SIGNATURE_FILE | "log-key.pem" => STATEMENT_FILE,
                other => other,
            };
            assert!(said.stderr.contains(named), "{name}: {}", said.stderr);
            std::fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_handed_over_is_refused_with_what_to_do() {
    let store = store();
    let view = store.snapshot().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let refused = |asked: &Wanted, folder: &Path| export(&store, asked, folder).unwrap_err();
    let batch = refused(&wanted(&view, Kind::Batch), folder.path());
    assert!(matches!(batch, LogsError::WrongKind { .. }), "{batch}");
    std::fs::write(folder.path().join("other"), b"").unwrap();
    let full = refused(&wanted(&view, Kind::System), folder.path());
    assert!(matches!(full, LogsError::NotEmpty { .. }), "{full}");
    let behind = tempfile::tempdir().unwrap();
    write_day(&store, 3).unwrap();
    let asked = Wanted { proof: Proof::Sample, ..wanted(&view, Kind::Deployment) };
    let behind = refused(&asked, behind.path());
    assert!(matches!(behind, LogsError::NoCheckpoint { .. }), "{behind}");
}
