//! Canonical bytes: reading and writing them, in bytes a second, over every record that the importers
//! make of the bundled fixtures, the large ones left out (they are one text each).

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::{fixtures, records};
use lineal_proof::frame::RecordType;
use lineal_proof::record::{Record, Revision};
use lineal_proof::{Value, cbor};

/// Records above this size say more about copying than about the codec.
const LARGE: usize = 8 << 10;

fn codec(criterion: &mut Criterion) {
    let (storage, _) = fixtures::store().expect("the fixtures are imported");
    let mut found = records::of(&storage).expect("memory can be read");
    found.retain(|(_, bytes)| bytes.len() < LARGE);
    let bytes: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
    let values: Vec<Value> =
        found.iter().map(|(_, bytes)| cbor::decode(bytes).expect("it is canonical")).collect();

    let mut group = criterion.benchmark_group(format!("codec/{}_records", found.len()));
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("decode_values", |b| {
        b.iter(|| found.iter().filter(|(_, bytes)| cbor::decode(black_box(bytes)).is_ok()).count());
    });
    group.bench_function("encode_values", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            for value in &values {
                out.clear();
                cbor::write_value(&mut out, black_box(value));
            }
            out.len()
        });
    });

    found.retain(|(record_type, _)| *record_type == RecordType::Revision);
    let bytes: usize = found.iter().map(|(_, bytes)| bytes.len()).sum();
    let revisions: Vec<Revision> =
        found.iter().map(|(_, bytes)| Revision::decode(bytes).expect("it is one")).collect();
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function("decode_revisions", |b| {
        b.iter(|| {
            found.iter().filter(|(_, bytes)| Revision::decode(black_box(bytes)).is_ok()).count()
        });
    });
    group.bench_function("encode_revisions", |b| {
        b.iter(|| {
            revisions.iter().map(|revision| black_box(revision).encode().len()).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, codec);
criterion_main!(benches);
