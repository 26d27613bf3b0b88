//! Proofs that something was never recorded: making the roots, making a proof and checking it, of a
//! batch of a million values and of a map of a million entries. What a proof weighs is printed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_proof::absence::keys::{secret_of, value_hash};
use lineal_proof::absence::map::size_of;
use lineal_proof::absence::run::{Entry, head_of, leaves_of, prove_run};
use lineal_proof::absence::{KeyTree, MapName, MapOpening, check_map, map_root};
use lineal_proof::{Hash, Key, Value};

/// Values of a batch: the most that it may have rows.
const VALUES: u64 = 1_000_000;
/// Entries of the largest run; others hold half, a quarter and so on.
const ENTRIES: u64 = 1 << 19;
/// Runs of the map.
const RUNS: u32 = 8;

fn value(number: u64) -> Value {
    Value::Bytes(Hash::of(&number.to_le_bytes()).0.to_vec())
}

fn batch(criterion: &mut Criterion) {
    let secret = secret_of(&[7; 32], &Hash::of(b"batch"));
    let hashes: Vec<Hash> = (0..VALUES).map(|at| value_hash("input_hash", &value(at))).collect();
    let tree = KeyTree::new(&secret, &["input_hash"], VALUES, &hashes);
    let (root, absent) = (tree.root(), value(VALUES));
    let hash = value_hash("input_hash", &absent);
    let Some(opening) = tree.open(&hash) else { return };
    let size = 32 * (opening.path.len() + 1) + 16 * opening.digests.len();
    println!("a value absent from a batch of {VALUES}: {size} bytes of hashes");

    let mut group = criterion.benchmark_group("absence");
    group.sample_size(10);
    group.throughput(Throughput::Elements(VALUES));
    group.bench_function("keys_root/1000000_values", |b| {
        b.iter(|| KeyTree::new(&secret, &["input_hash"], VALUES, &hashes).root());
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("keys/check", |b| {
        b.iter(|| black_box(&opening).check(&root, "input_hash", &absent));
    });
    group.finish();
}

fn map(criterion: &mut Criterion) {
    let run = |number: u32| -> Vec<Entry> {
        let entry =
            |at: u64| Hash::of(&[at.to_le_bytes(), u64::from(number).to_le_bytes()].concat()).0;
        let mut entries: Vec<Entry> = (0..ENTRIES >> number).map(entry).collect();
        entries.sort_unstable();
        entries
    };
    let runs: Vec<Vec<Entry>> = (0..RUNS).map(run).collect();
    let leaves: Vec<Vec<Hash>> = runs.iter().map(|run| leaves_of(run)).collect();
    let name = [MapName::node("model", &Key::text("never heard of"))];
    let open = || {
        let ranges = runs.iter().zip(&leaves).map(|(run, leaves)| prove_run(run, leaves, &name[0]));
        ranges.collect::<Vec<_>>()
    };
    let heads: Vec<_> = runs.iter().map(|run| head_of(run)).collect();
    let root = map_root(&heads);
    let opening = MapOpening { runs: heads, ranges: vec![open()] };
    println!("a name absent from a map of {RUNS} runs: {} bytes of hashes", size_of(&opening));

    let mut group = criterion.benchmark_group("absence");
    group.sample_size(10);
    group.throughput(Throughput::Elements(ENTRIES));
    group.bench_function(format!("run_root/{ENTRIES}_entries"), |b| b.iter(|| head_of(&runs[0])));
    group.throughput(Throughput::Elements(1));
    group.bench_function("map/make", |b| b.iter(open));
    group.bench_function("map/check", |b| b.iter(|| check_map(&root, &name, black_box(&opening))));
    group.finish();
}

criterion_group!(benches, batch, map);
criterion_main!(benches);
