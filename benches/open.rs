//! Opening a store, in time an opening, with the number of nodes as throughput: for reading with its
//! index, with a first look-up; for reading when the index is gone; and for writing after a crash that
//! left a commit behind `head` and a torn tail (recovery).

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::world::{self, Size};
use lineal_engine::schema::Kind;
use lineal_engine::storage::{MemoryStorage, Storage};
use lineal_engine::{Options, Store};

/// Opens, and finds a model: a short command does no more.
fn look(path: &Path) -> Store {
    let store = Store::open_read_only(path).expect("it opens");
    let view = store.snapshot().expect("a view");
    assert_eq!(view.find(Some(Kind::Model), black_box("model-7@3")).len(), 1);
    store
}

/// A store whose `head` was written before the last commit, with half a frame behind it.
fn after_a_crash(size: Size) -> MemoryStorage {
    let (storage, store) = world::in_memory(size).expect("the world is written");
    let head = storage.read("head").ok().flatten().expect("a store has a head").to_vec();
    let mut tx = store.begin(None, None).expect("it is open for writing");
    tx.add_batch(world::batch(0, 1_000));
    tx.commit().expect("memory takes a commit");
    drop(store);
    storage.put("head", &head, false).expect("memory takes files");
    let segments = storage.list("segments").expect("memory lists");
    let last = format!("segments/{}", segments.last().expect("there is one"));
    storage.append(&last, &[0x5a; 1_000], false).expect("memory takes bytes");
    storage
}

fn recover(storage: MemoryStorage, options: Options) -> Store {
    Store::open_on(Arc::new(storage), options).expect("it recovers")
}

fn open(criterion: &mut Criterion) {
    for size in [Size::SMALL, Size::MIDDLE] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = world::in_folder(folder.path(), size).expect("the world is written");
        let nodes = store.snapshot().expect("a view").node_count();
        drop(store);
        let mut group = criterion.benchmark_group(format!("open/{}", size.name()));
        group.sample_size(10).throughput(Throughput::Elements(u64::from(nodes)));
        group.bench_function("with_index", |b| b.iter_with_large_drop(|| look(folder.path())));
        std::fs::remove_dir_all(folder.path().join("index")).expect("the index can be removed");
        group.bench_function("without_index", |b| b.iter_with_large_drop(|| look(folder.path())));

        let crashed = after_a_crash(size);
        let before =
            Store::open_read_only_on(Arc::new(crashed.clone())).expect("it opens").commit();
        // A copy for each opening: recovery repairs what it finds.
        let copy = || crashed.after_power_cut(100);
        assert_eq!(recover(copy(), world::options()).commit(), before + 1, "the commit is adopted");
        group.bench_function("recovery", |b| {
            b.iter_batched(copy, |copy| recover(copy, world::options()), BatchSize::PerIteration);
        });
        group.finish();
    }
}

criterion_group!(benches, open);
criterion_main!(benches);
