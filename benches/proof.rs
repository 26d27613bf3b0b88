//! A proof of one event, that no event has a value, and that no edge leads somewhere: how long each takes
//! to make and to check, and how many bytes it has, by the batches and their events; on a medium in memory.
//!
//! `LINEAL_PROOF_STORES=FOLDER:FOLDER` does the first also with stores that are there, of any size: they are
//! read, and nothing is written into them.

use std::hint::black_box;
use std::sync::Arc;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use lineal_benches::world;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{Claim, EventRef, Snapshot, Store};
use lineal_proof::bundle::{Bundle, Named, Node, Nothing, Scope, Trust, Verdict, check};
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, Tree, TreeHash};
use lineal_proof::{Key, KeyPart};

type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// The log's name.
const ORIGIN: &str = "bench.example/log";

fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, SignatureKind::Ed25519, &[1; 32]).expect("a name")
}

/// How long a proof takes to make and to check, after it was seen to hold; says what it is `of` and how
/// large.
fn measure(group: &mut Group<'_>, (what, of): (&str, &str), make: impl Fn() -> Bundle) {
    let make = || make().write();
    let file = make();
    println!("{of}: {} bytes", file.len());
    let trust = Trust::new(&signer().verifier().to_string(), None).expect("a key");
    let check = || check(file.as_bytes(), &trust);
    assert_eq!(check().verdict, Verdict::Valid);
    group.bench_function(format!("make_{what}"), |b| b.iter(|| black_box(make())));
    group.bench_function(format!("check_{what}"), |b| b.iter(|| black_box(check())));
}

/// A group of few samples: making a proof of a large batch takes a while.
fn group<'c>(criterion: &'c mut Criterion, name: &str) -> Group<'c> {
    let mut group = criterion.benchmark_group(name);
    group.sample_size(10);
    group
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

/// A store with batches of so many events each, and a checkpoint over it.
fn store(batches: u32, events: u32) -> (Store, String) {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), world::options());
    let store = store.expect("memory takes a store");
    let mut tx = store.begin(None, None).expect("it is open for writing");
    for number in 0..batches {
        tx.add_batch(world::batch(number, events));
    }
    tx.commit().expect("memory takes a commit");
    let note = checkpoint_of(&store);
    (store, note)
}

/// The proof of one event, against a checkpoint of the store.
fn of_event((store, view): (&Store, &Snapshot), note: &str, event: EventRef) -> Bundle {
    let claim = Claim::Events { events: vec![event], named: None };
    store.prove(view, &claim, note.as_bytes(), false).expect("a proof")
}

fn proofs(criterion: &mut Criterion) {
    let mut group = group(criterion, "proof");
    for events in [16_384, 1_000_000] {
        let (store, note) = store(1, events);
        let view = store.snapshot().expect("a view");
        let event = EventRef { batch: 0, row: events / 2 };
        let (what, of) = (format!("1_of_{events}"), format!("proof of 1 of {events} events"));
        measure(&mut group, (&what, &of), || of_event((&store, &view), &note, event));
    }
    group.finish();
}

/// One event in the middle of each store that is named.
fn in_stores(criterion: &mut Criterion) {
    let named = std::env::var("LINEAL_PROOF_STORES").unwrap_or_default();
    let mut group = group(criterion, "proof_in_store");
    for folder in named.split(':').filter(|folder| !folder.is_empty()) {
        let store = Store::open_read_only(folder).expect("a store");
        let note = checkpoint_of(&store);
        let view = store.snapshot().expect("a view");
        let batches: Vec<_> = view.batches().collect();
        let events: u64 = batches.iter().map(|batch| u64::from(batch.rows)).sum();
        let middle = batches[batches.len() / 2];
        let event = EventRef { batch: middle.ordinal, row: middle.rows / 2 };
        let of = format!(
            "proof of 1 of {events} events ({} batches, this one of {}; {} commits)",
            batches.len(),
            middle.rows,
            store.commit()
        );
        let what = format!("1_of_{events}");
        measure(&mut group, (&what, &of), || of_event((&store, &view), &note, event));
    }
    group.finish();
}

fn absences(criterion: &mut Criterion) {
    let mut group = group(criterion, "absence");
    let named = Named { field: "input_hash".to_owned(), value: "7e57".repeat(16) };
    let event = Nothing::Event { named, scope: Scope::default() };
    let key = Key(["prod", "never heard of", "1"].map(KeyPart::from).to_vec());
    let (from, relation) = ("approval".to_owned(), "approves".to_owned());
    let node = Node { kind: "model".to_owned(), key };
    let edge = Nothing::Edge { from, relation, node, claims: Vec::new() };
    for (batches, events) in [(1, 1_000_000), (1_000, 1_000)] {
        let (store, note) = store(batches, events);
        let view = store.snapshot().expect("a view");
        for (name, nothing) in [("event", &event), ("edge", &edge)] {
            let what = format!("{name}/{batches}x{events}");
            let of = format!("no {name} in {batches} batches of {events}");
            measure(&mut group, (&what, &of), || {
                let made = store.prove_absent(&view, nothing, note.as_bytes(), &|_| true);
                made.expect("a proof")
            });
        }
    }
    group.finish();
}

criterion_group!(benches, in_stores, proofs, absences);
criterion_main!(benches);
