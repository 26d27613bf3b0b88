//! Proofs of what was never recorded: each kind of statement, and what somebody would change in one
//! who has something to hide.

use super::stores::{self, hash_of, made, signed, store};
use super::{at, proved, trust};
use lineal_engine::schema::Kind;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{AbsenceSize, NodeDraft, Store};
use lineal_proof::bundle::{
    Absent, Bundle, KeysShown, Named, Node, Nothing, Scope, Statement, Trust, Verdict, check,
};
use lineal_proof::{Key, KeyPart};
use lineal_query::prove::{Proving, prove};
use lineal_query::{Limits, Parameters, Request, StoreView};
use lineal_tests::sample::{options, saying, texts};
use std::sync::{Arc, Mutex};

/// A hash that no event has.
pub(super) const ABSENT: &str = "7e57000000000000000000000000000000000000000000000000000000000001";

/// Statements that are so, one of each kind and scope.
pub(super) fn statements() -> Vec<String> {
    let event = |scope: &str| format!("no inference:{ABSENT} {scope}");
    vec![
        "no dataset:[\"loans\",\"d2\",\"s3\",\"{}\"]".to_owned(),
        "no dataset:unheard".to_owned(),
        "no document".to_owned(),
        "no approval approves model:credit@3".to_owned(),
        "no run trained_on dataset:[\"loans\",\"d2\",\"s3\",\"{}\"]".to_owned(),
        event("in deployment:scorer/prod/d1"),
        event("in system:lending"),
        event("everywhere"),
        event("everywhere from 1970-01-02 before 1970-01-03T12:30:00.5Z"),
    ]
}

fn made_of(view: &StoreView, note: &str, statement: &str) -> Bundle {
    proved(view, note, statement, false).unwrap_or_else(|why| panic!("{statement}: {why}"))
}

fn absent(bundle: &mut Bundle) -> &mut Absent {
    let Statement::Absent(absent) = &mut bundle.statement else { panic!("it states an absence") };
    absent
}

/// Where a changed proof is found to be wrong.
fn found(mut bundle: Bundle, note: &str, change: impl FnOnce(&mut Absent)) -> String {
    change(absent(&mut bundle));
    let report = check(bundle.write().as_bytes(), &trust(note));
    at(&report).unwrap_or_else(|| panic!("a lie is believed: {:?}", report.words)).to_owned()
}

#[test]
fn each_absence_is_shown_in_words_that_say_of_what() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let mut told = Vec::new();
    for statement in statements() {
        let bundle = made_of(&view, &note, &statement);
        let file = bundle.write();
        let report = check(file.as_bytes(), &trust(&note));
        assert_eq!(report.verdict, Verdict::Valid, "{statement}");
        assert!(report.limits.len() >= 3, "{statement}");
        assert_eq!(Bundle::read(file.as_bytes()), Ok(bundle), "{statement}");
        assert!(file.contains("\"format\":2"), "old programs say that they do not read it");
        told.push(report.words.join("; "));
    }
    let deployment = "deployment:[\"scorer\",\"prod\",\"d1\",\"credit\",\"3\"]";
    let expected = [
        "dataset:[\"loans\",\"d2\",\"s3\",\"{}\"] was never recorded, nor referred to by this key".to_owned(),
        "no source ever described a dataset that fits dataset:[\"unheard\",null,null,null], null being any".to_owned(),
        "no source ever described a document that fits document:[null,null,null], null being any".to_owned(),
        "no approval was ever recorded with approves model:[\"mlflow-1\",\"credit\",\"3\"]; \
         recorded, of another version, digest or alias: approval with approves model:[null,\"credit\",\"2\"]".to_owned(),
        "no run was ever recorded with trained_on dataset:[\"loans\",\"d2\",\"s3\",\"{}\"]".to_owned(),
        format!("no event with input_hash {ABSENT} was ever recorded of {deployment}; these are 1 batch, and it is in none"),
        format!("no event with input_hash {ABSENT} was ever recorded of any deployment of system:[\"lending\"]; these are 2 batches, and it is in none"),
        format!("no event with input_hash {ABSENT} was ever recorded anywhere in the store; these are 6 batches, and it is in none"),
        format!("no event with input_hash {ABSENT} was ever recorded anywhere in the store, from 1970-01-02T00:00:00Z, before 1970-01-03T12:30:00.500000000Z; these are 0 batches, and it is in none"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_is_recorded_or_cannot_be_shown_is_refused() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let (present, early) = (hash_of(2), signed(&store, 2));
    for (statement, says) in [
        ("no dataset:loans", "it is recorded"),
        ("no run", "it is recorded"),
        ("no model:credit@3", "it is recorded"),
        ("no approval approves model:[\"mlflow-1\",\"credit\",\"9\"]", "it is recorded"),
        // A claim of this name and version may mean it, whatever its registry.
        ("no approval approves model:[\"mlflow-1\",\"credit\",\"2\"]", "it is recorded"),
        ("no deployment deploys model:[\"mlflow-1\",\"credit\",\"3\"]", "it is recorded"),
        ("no approval approves model:[null,\"credit\",\"3\"]", "every part is known"),
        ("no approval follows model:credit@3", "a relation that records state"),
        ("no deployment:scorer/elsewhere", "write it as a list"),
        ("no inference:$hash", "say where"),
        (&format!("no inference:{ABSENT}"), "say where"),
        (&format!("no inference:{present} everywhere"), "it is recorded"),
        (&format!("no inference:{present} in deployment:scorer/prod/d2"), "it is recorded"),
        (&format!("no inference:{ABSENT} in deployment:none"), "nothing is called"),
        (&format!("no inference:{ABSENT} in model:credit@3"), "a deployment or a system"),
        (&format!("no inference:{ABSENT} everywhere as of 2"), "covers 3 commits"),
        (&format!("no inference:{ABSENT} everywhere from breakfast"), "is no time"),
        (
            &format!("no inference:{ABSENT} everywhere from 1970-01-03 before 1970-01-02"),
            "no time lies in that span",
        ),
        (
            &format!("no inference:{ABSENT} everywhere from 1970-01-02 before 1970-01-02"),
            "no time lies in that span",
        ),
        ("no inference:e1-1 everywhere", "was not indexed"),
    ] {
        let why = proved(&view, &note, statement, false).expect_err(statement).to_string();
        assert!(why.contains(says), "{statement}: {why}");
    }
    // As of an earlier checkpoint it was not there, and what came since says nothing against that.
    let bundle = made_of(&view, &early, &format!("no inference:{} everywhere as of 2", hash_of(5)));
    assert_eq!(check(bundle.write().as_bytes(), &trust(&early)).verdict, Verdict::Valid);
    // What opens a bucket is not for those from whom the subject group is kept back.
    let statement = format!("no inference:{ABSENT} everywhere");
    for (view, withhold) in [(view.clone(), true), (view.without_subject_group(), false)] {
        let why = proved(&view, &note, &statement, withhold).expect_err("kept back").to_string();
        assert!(why.contains("subject group"), "{why}");
    }
}

#[test]
fn a_batch_that_is_left_out_is_missed() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let whole = || made_of(&view, &note, &format!("no inference:{ABSENT} everywhere"));
    let batches = "/statement/batches";
    for left_out in 0..6 {
        let remove = |absent: &mut Absent| {
            absent.batches.remove(left_out);
        };
        assert_eq!(found(whole(), &note, remove), batches);
    }
    assert_eq!(found(whole(), &note, |absent| absent.batches.swap(0, 1)), batches);
    let twice = |absent: &mut Absent| absent.batches.insert(0, absent.batches[0].clone());
    assert_eq!(found(whole(), &note, twice), batches);
    // The opening of one batch shows nothing of another.
    let other = |absent: &mut Absent| absent.batches[1].shown = absent.batches[0].shown.clone();
    assert_eq!(found(whole(), &note, other), "/statement/batches/1");
    // Nor that of one value of another, or of the same digits as a text.
    for (field, value) in [("input_hash", ABSENT.replace('7', "8")), ("event_id", ABSENT.into())] {
        let change = |absent: &mut Absent| {
            let Nothing::Event { named, .. } = &mut absent.what else { panic!("of events") };
            (named.field, named.value) = (field.into(), value);
        };
        assert_eq!(found(whole(), &note, change), "/statement/batches/0");
    }
    // A value that is there has no opening that lacks it.
    let lie = |absent: &mut Absent| {
        let KeysShown::Opened(opening) = &mut absent.batches[2].shown else { panic!("opened") };
        opening.digests.clear();
        opening.digests.push([0; 16]);
    };
    assert_eq!(found(whole(), &note, lie), "/statement/batches/2");
    // A scope that is another's: the names are others.
    let narrow = |absent: &mut Absent| {
        let Nothing::Event { scope, .. } = &mut absent.what else { panic!("of events") };
        scope.of = Some(Node { kind: "system".into(), key: Key::text("lending") });
    };
    assert_eq!(found(whole(), &note, narrow), "/statement/map/names/0/0");
    let late = |absent: &mut Absent| {
        let Nothing::Event { scope, .. } = &mut absent.what else { panic!("of events") };
        scope.from = Some(300);
    };
    assert_eq!(found(whole(), &note, late), batches, "batches outside of the time are listed");
    // One of the batches' revisions is kept back: the rest does not lead to the commit's root.
    let mut less = whole();
    less.commits[0].records.pop();
    assert_eq!(at(&check(less.write().as_bytes(), &trust(&note))), Some("/commits/0/tree"));
}

#[test]
fn a_map_that_is_shortened_or_of_another_commit_is_found() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let statement = "no approval approves model:credit@3";
    let whole = || made_of(&view, &note, statement);
    let mut last = 0;
    {
        let mut bundle = whole();
        last += absent(&mut bundle).map.ranges.len();
    }
    for name in 0..last {
        let place = format!("/statement/map/names/{name}/0");
        let shorten = |absent: &mut Absent| {
            absent.map.ranges[name][0].entries.pop();
        };
        assert_eq!(found(whole(), &note, shorten), place);
        let neighbours = |absent: &mut Absent| absent.map.ranges[name][0].entries.swap(0, 1);
        assert_eq!(found(whole(), &note, neighbours), place);
        let moved = |absent: &mut Absent| absent.map.ranges[name][0].first_block += 1;
        assert_eq!(found(whole(), &note, moved), place);
        let without_run = |absent: &mut Absent| absent.map.ranges[name].clear();
        assert_eq!(found(whole(), &note, without_run), format!("/statement/map/names/{name}"));
    }
    let fewer = |absent: &mut Absent| {
        absent.map.ranges.pop();
    };
    assert_eq!(found(whole(), &note, fewer), "/statement/map/names");
    let more = |absent: &mut Absent| absent.map.ranges.push(absent.map.ranges[0].clone());
    assert_eq!(found(whole(), &note, more), "/statement/map/names");
    // The map of an earlier commit, in which less stands.
    let earlier = made_of(&view, &signed(&store, 1), "no dataset:loans as of 1");
    let Statement::Absent(old) = &earlier.statement else { panic!("it states an absence") };
    let older = |absent: &mut Absent| *absent = (**old).clone();
    assert_eq!(found(whole(), &note, older), "/statement/map/runs");
    // With the earlier commit in the place of the last.
    let mut past = whole();
    past.commits.clone_from(&earlier.commits);
    past.statement = earlier.statement.clone();
    assert_eq!(at(&check(past.write().as_bytes(), &trust(&note))), Some("/tree"));
    // A checkpoint's other commits are no last one: without it there is no map.
    let mut none = made_of(&view, &note, "no document");
    let (event, _) = (proved(&view, &note, "event:$hash", false).expect("it is so"), ());
    none.commits.clone_from(&event.commits);
    none.tree.clone_from(&event.tree);
    assert_eq!(at(&check(none.write().as_bytes(), &trust(&note))), Some("/commits"));
}

#[test]
fn a_statement_that_anything_would_fulfil_is_refused() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let texts = |parts: &[&str]| Key(parts.iter().map(|part| KeyPart::from(*part)).collect());
    let node = |kind: &str, key: Key| Node { kind: kind.into(), key };
    // Keys of other lengths, kinds of other letters, unknown parts where a key must be exact.
    for other in [
        node("dataset", texts(&["loans", "d2/s3", "{}"])),
        node("datasеt", texts(&["loans", "d2", "s3", "{}"])),
        node("dataset", Key(vec!["loans".into(), KeyPart::Null, "s3".into(), "{}".into()])),
        node("run", Key(vec![KeyPart::Bytes(vec![1])])),
    ] {
        let bundle = made_of(&view, &note, "no dataset:[\"loans\",\"d2\",\"s3\",\"{}\"]");
        let place = found(bundle, &note, |absent| absent.what = Nothing::Node(other));
        assert_eq!(place, "/statement/node");
    }
    let edge = || made_of(&view, &note, "no approval approves model:credit@3");
    let change = |place: &str, change: fn(&mut String, &mut String, &mut Vec<Node>)| {
        let found = found(edge(), &note, |absent| {
            let Nothing::Edge { from, relation, claims, .. } = &mut absent.what else {
                panic!("of edges")
            };
            change(from, relation, claims);
        });
        assert_eq!(found, place);
    };
    change("/statement/from", |from, _, _| from.push('s'));
    change("/statement/relation", |_, relation, _| *relation = "approved_by".into());
    change("/statement/claims", |_, _, claims| claims.clear());
    change("/statement/map/names/1/0", |_, relation, _| *relation = "deploys".into());
}

#[test]
fn what_an_erasure_took_is_told_and_cannot_be_pretended() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let before = made_of(&view, &note, &format!("no inference:{ABSENT} everywhere"));
    stores::erase(&store, 1, false);
    stores::erase(&store, 2, true);
    let (view, newer) = made(&store);
    let key = Trust::new(&stores::key(), None).expect("a key");
    assert_eq!(check(before.write().as_bytes(), &key).verdict, Verdict::Valid);
    // The erased event had this value: nothing shows any more whether it was there.
    let bundle = made_of(&view, &newer, &format!("no inference:{} everywhere", hash_of(1)));
    let report = check(bundle.write().as_bytes(), &trust(&newer));
    assert_eq!(report.verdict, Verdict::Redacted);
    assert!(report.words[0].starts_with("but for what was erased, no event with input_hash"));
    assert_eq!(
        report.words[1],
        "these are 6 batches; of 2 a recorded erasure took what would show it, and it is in none of the other 4"
    );
    let one = made_of(
        &view,
        &newer,
        &format!("no inference:{} in deployment:scorer/prod/d1", hash_of(1)),
    );
    assert_eq!(check(one.write().as_bytes(), &trust(&newer)).verdict, Verdict::Redacted);
    // Other values of the same batch can still be shown to be absent.
    let other =
        made_of(&view, &newer, &format!("no inference:{ABSENT} in deployment:scorer/prod/d1"));
    assert_eq!(check(other.write().as_bytes(), &trust(&newer)).verdict, Verdict::Valid);
    // A checkpoint from before does not cover the erasure.
    let statement = format!("no inference:{} in deployment:scorer/prod/d1", hash_of(1));
    let late = proved(&view, &note, &statement, false).expect_err("it is gone").to_string();
    assert!(late.contains("erased by commit 4"), "{late}");
    // A bucket that is there cannot be passed off as erased, nor a batch.
    let Statement::Absent(erased) = &bundle.statement else { panic!("it states an absence") };
    let records: Vec<KeysShown> = erased
        .batches
        .iter()
        .map(|part| part.shown.clone())
        .filter(|shown| shown.erased().is_some())
        .collect();
    let opened = erased.batches.iter().position(|part| part.shown.erased().is_none());
    let opened = opened.expect("four are there");
    for shown in records {
        let place = found(bundle.clone(), &newer, |absent| absent.batches[opened].shown = shown);
        assert_eq!(place, format!("/statement/batches/{opened}"));
    }
}

#[test]
fn what_was_retracted_counts_as_recorded_and_is_looked_at() {
    let (_folder, store) = store();
    let commit = store.commit();
    let mut tx = store.begin(None, None).expect("a transaction");
    tx.add_retract(commit, false, None).expect("it is an import");
    tx.commit().expect("a commit");
    let (view, note) = made(&store);
    let retracted = format!("no inference:{} everywhere", hash_of(5));
    let why = proved(&view, &note, &retracted, false).expect_err("it is recorded").to_string();
    assert!(why.contains("it is recorded"), "{why}");
    let bundle = made_of(&view, &note, &format!("no inference:{ABSENT} everywhere"));
    let report = check(bundle.write().as_bytes(), &trust(&note));
    assert_eq!(report.words[1], "these are 6 batches, and it is in none");
}

#[test]
fn the_size_is_told_before_rows_are_read_and_is_about_right() {
    let (_folder, store) = store();
    let (view, note) = made(&store);
    let what = Nothing::Event {
        named: Named { field: "input_hash".into(), value: ABSENT.into() },
        scope: Scope::default(),
    };
    let told = Mutex::new(Vec::new());
    let go_on = |size: &AbsenceSize| {
        told.lock().expect("one thread").push(*size);
        true
    };
    let snapshot = store.snapshot().expect("a view");
    let bundle = store.prove_absent(&snapshot, &what, note.as_bytes(), &go_on).expect("it is so");
    let told = told.into_inner().expect("one thread");
    assert_eq!((told[0].batches, told[0].rows, told[0].done), (6, 90, 0));
    assert_eq!(told.last().map(|size| size.done), Some(6));
    let bytes = bundle.write().len() as u64;
    assert!(told[0].bytes > bytes * 2 / 3 && told[0].bytes < bytes * 3 / 2, "{told:?} {bytes}");
    let none = |_: &AbsenceSize| false;
    let why = store.prove_absent(&snapshot, &what, note.as_bytes(), &none).expect_err("too large");
    assert!(why.to_string().contains("over 6 batches with 90 rows"), "{why}");
    drop(view);
}

#[test]
fn how_large_it_will_be_is_told_before_the_records_of_a_whole_kind_are_read() {
    let memory = Arc::new(MemoryStorage::new());
    let store = Arc::new(Store::create_on(memory, options()).expect("memory takes a store"));
    let mut tx = store.begin(None, None).expect("it is open for writing");
    for number in 0..3_000 {
        let key = texts(&[&format!("set {number}"), "d1", "s3", "{}"]);
        let mut draft = NodeDraft::new(Kind::Dataset, key);
        draft.fields.insert("name", "n".repeat(number % 200));
        tx.add_node(&saying("mlflow-1", "mlflow-sqlite", 1), draft).expect("it is staged");
    }
    tx.commit().expect("memory takes a commit");
    let note = signed(&store, 1);
    let view = StoreView::new(Arc::clone(&store)).expect("a view");
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let ask = |go_on: &(dyn Fn(&AbsenceSize) -> bool + Sync)| {
        let (statement, checkpoint) = ("no dataset:unheard", note.as_bytes());
        prove(&view, &Proving { statement, checkpoint, withhold: false, request: &request, go_on })
    };
    let told = Mutex::new(Vec::new());
    let file = ask(&|size| {
        told.lock().expect("no other holds it").push(*size);
        true
    });
    let length = file.expect("it is so").write().len() as u64;
    let told = told.into_inner().expect("nobody holds it");
    let (first, done) = (told[0], told.iter().map(|size| size.done).collect::<Vec<_>>());
    assert_eq!((first.records, first.done), (3_000, 0));
    assert!((length / 2..length * 2).contains(&first.bytes), "{} of {length}", first.bytes);
    assert_eq!(done, [0, 1_024, 2_048, 0], "and it may be stopped on the way");
    let small = |size: &AbsenceSize| size.bytes < length / 4;
    let error = ask(&small).expect_err("it is too large");
    assert!(error.to_string().contains("since it shows 3000 records"), "{error}");
    let stopped = |size: &AbsenceSize| size.done < 2_000;
    let error = ask(&stopped).expect_err("it was stopped").to_string();
    assert!(error.contains("stopped before"), "{error}");
}
