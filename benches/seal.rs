//! Writing a batch of events, in events a second: canonical rows, salted leaves, root, Parquet and
//! the commit, on a medium in memory, so that no disk is measured; and staging nodes, in nodes a
//! second.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::world;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{BatchDraft, Committed, Store};

fn new_store() -> Store {
    Store::create_on(Arc::new(MemoryStorage::new()), world::options())
        .expect("memory takes a store")
}

fn commit(store: &Store, batches: Vec<BatchDraft>) -> Committed {
    let mut tx = store.begin(None, None).expect("it is open for writing");
    for batch in batches {
        tx.add_batch(batch);
    }
    tx.commit().expect("memory takes a commit")
}

fn seal(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("seal");
    group.sample_size(10);
    for (batches, events) in [(1, 16_384), (256, 64)] {
        let drafts: Vec<BatchDraft> =
            (0..batches).map(|number| world::batch(2 * number, events)).collect();
        let all = u64::from(batches) * u64::from(events);
        assert_eq!(commit(&new_store(), drafts.clone()).events, all);
        group.throughput(Throughput::Elements(all));
        group.bench_function(format!("{batches}_batches_of_{events}_events"), |b| {
            b.iter_batched(
                || (new_store(), drafts.clone()),
                |(store, drafts)| (commit(&store, drafts), store),
                BatchSize::PerIteration,
            );
        });
    }
    let size = world::Size { runs: 2_000, events: 0 };
    let nodes = {
        let store = world::in_memory(size).expect("the world is written").1;
        store.snapshot().expect("a view").node_count()
    };
    group.throughput(Throughput::Elements(u64::from(nodes)));
    group.bench_function(format!("{nodes}_nodes_with_index"), |b| {
        b.iter_with_large_drop(|| world::in_memory(size).expect("the world is written"));
    });
    group.finish();
}

criterion_group!(benches, seal);
criterion_main!(benches);
