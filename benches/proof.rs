//! A proof of one event: how long it takes to make and to check, and how many bytes it has, by the
//! events of its batch; on a medium in memory.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use lineal_benches::world;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{Claim, EventRef, Store};
use lineal_proof::bundle::{Trust, Verdict, check};
use lineal_proof::tlog::{Checkpoint, NoteSigner, SignatureKind, Tree, TreeHash};

/// The log's name.
const ORIGIN: &str = "bench.example/log";

fn signer() -> NoteSigner {
    NoteSigner::new(ORIGIN, SignatureKind::Ed25519, &[1; 32]).expect("a name")
}

/// A store with one batch, and a checkpoint over it.
fn store(events: u32) -> (Store, String) {
    let store = Store::create_on(Arc::new(MemoryStorage::new()), world::options());
    let store = store.expect("memory takes a store");
    let mut tx = store.begin(None, None).expect("it is open for writing");
    tx.add_batch(world::batch(0, events));
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
        let (store, note) = store(events);
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

criterion_group!(benches, proofs);
criterion_main!(benches);
