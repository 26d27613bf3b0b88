//! One writer and many readers in processes of their own: each reader sees whole commits only, never
//! an error, and a second writer is told who writes.
//!
//! The processes are this test binary again, told by the environment what to do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::Kind;
use lineal_engine::{Error, NodeDraft, Options, Store};
use lineal_proof::{Hash, Key, Value};
use lineal_tests::sample::{batch, deployment, saying};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const STORE: &str = "LINEAL_TEST_STORE";
const COMMITS: u32 = 50;
const NODES: u32 = 10;
const EVENTS: u32 = 3;

fn spawn(test: &str, store: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--include-ignored"]).env(STORE, store);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn told() -> Option<PathBuf> {
    std::env::var_os(STORE).map(PathBuf::from)
}

/// One commit: as many nodes and events as every other.
fn write(store: &Store, number: u32) {
    let mut tx = store.begin(None, None).unwrap();
    for node in 0..NODES {
        let key = Key::text(format!("run-{number}-{node}"));
        let mut draft = NodeDraft::new(Kind::Run, key);
        draft.fields.insert("name", "n".repeat(2_000));
        tx.add_node(&saying("s", "f", 1), draft).unwrap();
    }
    let file = u8::try_from(number).unwrap();
    tx.add_node(&batch(file, 0..0).saying, NodeDraft::new(Kind::Deployment, deployment())).unwrap();
    tx.add_batch(batch(file, number * EVENTS..(number + 1) * EVENTS));
    tx.commit().unwrap();
}

#[test]
fn readers_in_other_processes_see_whole_commits_while_one_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, Options::default()).unwrap();
    let readers: Vec<Child> = (0..3).map(|_| spawn("a_reader", &path)).collect();
    for number in 0..COMMITS {
        write(&store, number);
        if number % 3 == 2 {
            store.write_indexes().unwrap();
        }
    }
    std::fs::write(folder.path().join("done"), b"").unwrap();
    for reader in readers {
        let output = reader.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        assert!(text.contains("commits seen: "), "{text}");
    }
}

/// Run by the test above: opens again and again until told that all is written.
#[test]
#[ignore = "a process of the test above"]
fn a_reader() {
    let Some(path) = told() else { return };
    let done = path.with_file_name("done");
    let mut seen = BTreeSet::new();
    loop {
        let last = done.exists();
        let store = Store::open_read_only(&path).unwrap();
        let view = store.snapshot().unwrap();
        let commit = u32::try_from(view.commit()).unwrap();
        let runs = view.nodes_of(Kind::Run);
        assert_eq!(runs.len(), (NODES * commit) as usize, "whole commits only");
        for run in runs.step_by(7) {
            assert!(matches!(view.field(run, "name").unwrap(), Some(Value::Text(_))));
        }
        if let Some(number) = (commit * EVENTS).checked_sub(1) {
            let hash = Hash::of(&number.to_le_bytes());
            let width = if number % 4 == 3 { 20 } else { 32 };
            assert_eq!(view.events_by_hash(None, &hash.0[..width]).unwrap().len(), 1);
            let events = view.field(view.nodes_of(Kind::Deployment).start, "events").unwrap();
            assert_eq!(events, Some(Value::from(i64::from(commit * EVENTS))));
        }
        assert!(seen.last().is_none_or(|before| *before <= commit), "never back");
        assert!(matches!(store.begin(None, None), Err(Error::ReadOnly)));
        seen.insert(commit);
        if last {
            break;
        }
    }
    assert_eq!(seen.last(), Some(&COMMITS));
    println!("commits seen: {}", seen.len());
}

#[test]
fn a_second_writer_is_told_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = Store::create(&path, Options::default()).unwrap();
    let output = spawn("a_second_writer", &path).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let holder = format!("being written by process {}", std::process::id());
    assert!(output.status.success() && text.contains(&holder), "{text}");
    drop(store);
    Store::open(&path, Options::default()).unwrap();
}

/// Run by the test above.
#[test]
#[ignore = "a process of the test above"]
fn a_second_writer() {
    let Some(path) = told() else { return };
    let Err(error) = Store::open(&path, Options::default()) else { panic!("must be locked") };
    assert!(matches!(error, Error::Locked { .. }));
    println!("{error}");
}
