//! A proof of one event, that no event has a value, and that no edge leads somewhere: how long each takes
//! to make and to check, and how many bytes it has, by the batches and their events; on a medium in memory.
//!
//! `LINEAL_PROOF_STORES=FOLDER:FOLDER` does the first also with stores that are there, of any size: they are
//! read, and nothing is written into them.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use lineal_benches::world;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{Claim, EventRef, Store};
use lineal_proof::bundle::{Named, Node, Nothing, Scope, Trust, Verdict, check};
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, Tree, TreeHash};
use lineal_proof::{Key, KeyPart};

/// The log's name.
const ORIGIN: &str = "bench.example/log";

fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, SignatureKind::Ed25519, &[1; 32]).expect("a name")
}

/// A store with batches of so many events each, and a checkpoint over it.
fn store(batches: u32, events: u32) -> (Store, String) {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), world::options());
    let store = store.expect("memory takes a store");
    let mut tx = store.begin(None, None).expect("it is open for writing");
    for number in 0..batches {
        tx.add_batch(world::batch(number, events));
    }
    tx.commit().expect("memory takes a commit");
    let mut tree = Tree::default();
    tree.push(TreeHash::leaf(&store.commit_payload(1).expect("a commit")));
    let (origin, root) = (ORIGIN.to_owned(), tree.root());
    let checkpoint = Checkpoint { origin, size: 1, root, extensions: Vec::new() };
    let note = checkpoint.sign(&signer()).expect("a name").to_string();
    (store, note)
}

fn proofs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("proof");
    group.sample_size(10);
    for events in [16_384, 1_000_000] {
        let (store, note) = store(1, events);
        let view = store.snapshot().expect("a view");
        let events_named = vec![EventRef { batch: 0, row: events / 2 }];
        let claim = Claim::Events { events: events_named, named: None };
        let make = || store.prove(&view, &claim, note.as_bytes(), false).expect("a proof").write();
        let file = make();
        println!("proof of 1 of {events} events: {} bytes", file.len());
        let trust = Trust::new(&signer().verifier().to_string(), None).expect("a key");
        assert_eq!(check(file.as_bytes(), &trust).verdict, Verdict::Valid);
        group.bench_function(format!("make_1_of_{events}"), |b| b.iter(|| black_box(make())));
        group.bench_function(format!("check_1_of_{events}"), |b| {
            b.iter(|| black_box(check(file.as_bytes(), &trust)));
        });
    }
    group.finish();
}

/// The checkpoint of a store's last commit, signed by the bench's own key.
fn checkpoint_of(store: &Store) -> String {
    let mut tree = Tree::default();
    for number in 1..=store.commit() {
        tree.push(TreeHash::leaf(&store.commit_payload(number).expect("a commit")));
    }
    let (origin, root, size) = (ORIGIN.to_owned(), tree.root(), store.commit());
    let checkpoint = Checkpoint { origin, size, root, extensions: Vec::new() };
    checkpoint.sign(&signer()).expect("a name").to_string()
}

/// One event in the middle of each store that is named.
fn in_stores(criterion: &mut Criterion) {
    let named = std::env::var("LINEAL_PROOF_STORES").unwrap_or_default();
    let mut group = criterion.benchmark_group("proof_in_store");
    group.sample_size(10);
    for folder in named.split(':').filter(|folder| !folder.is_empty()) {
        let store = Store::open_read_only(folder).expect("a store");
        let note = checkpoint_of(&store);
        let view = store.snapshot().expect("a view");
        let batches: Vec<_> = view.batches().collect();
        let events: u64 = batches.iter().map(|batch| u64::from(batch.rows)).sum();
        let middle = batches[batches.len() / 2];
        let event = EventRef { batch: middle.ordinal, row: middle.rows / 2 };
        let claim = Claim::Events { events: vec![event], named: None };
        let make = || store.prove(&view, &claim, note.as_bytes(), false).expect("a proof").write();
        let file = make();
        let (of, commits) = (middle.rows, store.commit());
        println!(
            "proof of 1 of {events} events ({} batches, this one of {of}; {commits} commits): {} bytes",
            batches.len(),
            file.len()
        );
        let trust = Trust::new(&signer().verifier().to_string(), None).expect("a key");
        assert_eq!(check(file.as_bytes(), &trust).verdict, Verdict::Valid);
        group.bench_function(format!("make_1_of_{events}"), |b| b.iter(|| black_box(make())));
        group.bench_function(format!("check_1_of_{events}"), |b| {
            b.iter(|| black_box(check(file.as_bytes(), &trust)));
        });
    }
    group.finish();
}

fn absences(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("absence");
    group.sample_size(10);
    let named = Named { field: "input_hash".to_owned(), value: "7e57".repeat(16) };
    let event = Nothing::Event { named, scope: Scope::default() };
    let key = Key(["prod", "never heard of", "1"].map(KeyPart::from).to_vec());
    let (from, relation) = ("approval".to_owned(), "approves".to_owned());
    let node = Node { kind: "model".to_owned(), key };
    let edge = Nothing::Edge { from, relation, node, claims: Vec::new() };
    for (batches, events) in [(1, 1_000_000), (1_000, 1_000)] {
        let (store, note) = store(batches, events);
        let view = store.snapshot().expect("a view");
        let trust = Trust::new(&signer().verifier().to_string(), None).expect("a key");
        for (name, what) in [("event", &event), ("edge", &edge)] {
            let make = || {
                let made = store.prove_absent(&view, what, note.as_bytes(), &|_| true);
                made.expect("a proof").write()
            };
            let file = make();
            println!("no {name} in {batches} batches of {events}: {} bytes", file.len());
            assert_eq!(check(file.as_bytes(), &trust).verdict, Verdict::Valid);
            group.bench_function(format!("make_{name}/{batches}x{events}"), |b| {
                b.iter(|| black_box(make()));
            });
            group.bench_function(format!("check_{name}/{batches}x{events}"), |b| {
                b.iter(|| black_box(check(file.as_bytes(), &trust)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, in_stores, proofs, absences);
criterion_main!(benches);
