//! Reading columns of events, in events a second: batch by batch from their containers, and grouped
//! by a prepared question, with counters alone and with a condition on rows.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::world::{self, Size};
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView};

/// Few large batches, and many small ones: as many events.
const SIZES: [Size; 2] = [Size { runs: 20, events: 10_000 }, Size { runs: 2_000, events: 100 }];

const QUESTIONS: [(&str, &str); 3] = [
    ("counters_alone", "find inference summarize count() as n"),
    ("condition_on_rows", "find inference where confidence < 0.5 summarize count() as n"),
    (
        "overrides_by_month",
        "find inference as i where i.human_override = true summarize count() as n by month(i.time) as m",
    ),
];

fn scan(criterion: &mut Criterion) {
    for size in SIZES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(world::in_folder(folder.path(), size).expect("the world is written"));
        let view = StoreView::new(Arc::clone(&store)).expect("a view");
        let snapshot = view.snapshot();
        let mut group = criterion.benchmark_group(format!("scan/{}", size.name()));
        group.sample_size(10).throughput(Throughput::Elements(size.all_events()));
        for (name, fields) in [
            ("one_flag", &[EventField::HumanOverride][..]),
            ("time_and_float", &[EventField::Time, EventField::Confidence][..]),
            ("hash", &[EventField::InputHash][..]),
        ] {
            let read = || {
                let parts =
                    snapshot.nodes_of(Kind::Batch).flat_map(|batch| snapshot.parts_of(batch));
                let events = parts.map(|(part, rows)| {
                    let read = snapshot.read_events(part, 0..rows, black_box(fields));
                    read.expect("it can be read").events.len() as u64
                });
                events.sum::<u64>()
            };
            assert_eq!(read(), size.all_events());
            group.bench_function(name, |b| b.iter(read));
        }
        let (parameters, limits) = (Parameters::new(), Limits::default());
        let request = Request { parameters: &parameters, limits: &limits, now: world::BEGIN };
        let mut machine = Machine::default();
        for (name, text) in QUESTIONS {
            let prepared = Prepared::new(text).expect("it has a meaning");
            group.bench_function(name, |b| {
                b.iter(|| prepared.run_on(&mut machine, &view, black_box(&request)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, scan);
criterion_main!(benches);
