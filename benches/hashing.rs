//! Hashing, in bytes a second: BLAKE3 and SHA-256 of records as they come from the bundled fixtures,
//! one by one as ids are made, and of a large piece, as containers and sources are read; salted
//! leaves of rows, in rows a second.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::{fixtures, records, world};
use lineal_engine::event_fields::Group;
use lineal_proof::event::{Salts, leaf};
use lineal_proof::{Hash, merkle};
use sha2::{Digest, Sha256};

/// A piece that is far larger than any record.
const LARGE: usize = 4 << 20;
/// Rows of a batch: enough for the key tree to be some levels deep.
const ROWS: u32 = 4_096;

fn hashing(criterion: &mut Criterion) {
    let (storage, _) = fixtures::store().expect("the fixtures are imported");
    let found = records::of(&storage).expect("memory can be read");
    let bytes: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
    let large = vec![0xa5; LARGE];

    let mut group = criterion.benchmark_group("hashing");
    group.throughput(Throughput::Bytes(bytes as u64));
    let records = found.len();
    group.bench_function(format!("blake3/{records}_records"), |b| {
        b.iter(|| found.iter().map(|(_, bytes)| Hash::of(black_box(bytes)).0[0]).max());
    });
    group.bench_function(format!("sha256/{records}_records"), |b| {
        b.iter(|| found.iter().map(|(_, bytes)| Sha256::digest(black_box(bytes))[0]).max());
    });
    group.throughput(Throughput::Bytes(LARGE as u64));
    group.bench_function("blake3/4_MiB", |b| b.iter(|| Hash::of(black_box(&large))));
    group.bench_function("sha256/4_MiB", |b| b.iter(|| Sha256::digest(black_box(&large))));

    let block = world::block(6, ROWS);
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    group.bench_function(format!("salted_leaves/{ROWS}_rows"), |b| {
        let (mut open, mut subject) = (Vec::new(), Vec::new());
        b.iter(|| {
            let mut salts = Salts::new(&[7; 32], u64::from(ROWS));
            let mut tree = merkle::Tree::default();
            for row in 0..ROWS {
                open.clear();
                subject.clear();
                block.write_group(&mut open, row as usize, Group::Open);
                block.write_group(&mut subject, row as usize, Group::Subject);
                tree.push(leaf(salts.salt(u64::from(row)), &open, &subject));
            }
            tree.root()
        });
    });
    group.finish();
}

criterion_group!(benches, hashing);
criterion_main!(benches);
