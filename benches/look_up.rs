//! Finding events by the hash of their input, in time a look-up. A miss is the keyed hash and the
//! event-key runs alone; a hit also reads the column that decides, since runs hold eight bytes of a
//! keyed hash. Names of nodes are looked up beside it, for comparison.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::world::{self, Size, mix};
use lineal_engine::schema::Kind;
use lineal_proof::Hash;

/// Different values in turn, so that no look-up finds its way warmed by the one before.
const VALUES: u32 = 1_024;

fn look_up(criterion: &mut Criterion) {
    for size in [Size::SMALL, Size::MIDDLE] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = world::in_folder(folder.path(), size).expect("the world is written");
        let view = store.snapshot().expect("a view");
        let known: Vec<Hash> = (0..VALUES)
            .map(|at| world::input_hash(mix(at, 1) % size.runs / 2 * 2, mix(at, 2) % size.events))
            .collect();
        let unknown: Vec<Hash> = known.iter().map(|hash| Hash::of(&hash.0)).collect();
        let names: Vec<String> =
            (0..VALUES).map(|at| world::model_name(mix(at, 3) % size.runs)).collect();
        let found = |hashes: &[Hash]| {
            let events = |hash: &Hash| view.events_by_hash(None, black_box(&hash.0));
            hashes.iter().map(|hash| events(hash).expect("it can be read").len()).sum::<usize>()
        };
        assert_eq!((found(&known), found(&unknown)), (VALUES as usize, 0));

        let mut group = criterion.benchmark_group(format!("look_up/{}", size.name()));
        group.throughput(Throughput::Elements(u64::from(VALUES))).sample_size(20);
        group.bench_function("event_hit", |b| b.iter(|| found(&known)));
        group.bench_function("event_miss", |b| b.iter(|| found(&unknown)));
        group.bench_function("model_by_name", |b| {
            let find = |name: &String| view.find(Some(Kind::Model), black_box(name)).len();
            b.iter(|| names.iter().map(find).sum::<usize>());
        });
        group.finish();
    }
}

criterion_group!(benches, look_up);
criterion_main!(benches);
