//! What it costs to understand a question, in time a question: reading it, binding it with a plain
//! plan, binding it with every rewrite of the planner, and finding its plan in the cache.
//!
//! Each of the 58 questions of the corpus by itself, then all of them in one go (`all`). Those that
//! wait for proofs are read only. `benches/medians.py` gives the median over the questions.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::questions::{Question, corpus};
use lineal_query::{PlanCache, Prepared, Query};

/// A question costs some tens of microseconds: this is thousands of them.
const MEASURED: Duration = Duration::from_millis(400);
const WARM_UP: Duration = Duration::from_millis(150);

fn understood(criterion: &mut Criterion) {
    let questions = corpus().expect("the corpus can be read");
    let queries: Vec<(&Question, Query)> = questions
        .iter()
        .map(|question| (question, Query::parse(&question.text).expect("it parses")))
        .collect();
    let meant: Vec<_> = queries.iter().filter(|(_, query)| query.prepare().is_ok()).collect();

    let mut group = criterion.benchmark_group("parse");
    group.warm_up_time(WARM_UP).measurement_time(MEASURED).sample_size(20);
    for Question { name, text } in &questions {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |b| b.iter(|| Query::parse(black_box(text))));
    }
    group.throughput(Throughput::Elements(questions.len() as u64));
    group.bench_function("all", |b| {
        b.iter(|| questions.iter().filter(|q| Query::parse(black_box(&q.text)).is_ok()).count());
    });
    group.finish();

    for (step, prepare) in [
        ("bind_plainly", Query::prepare_naively as fn(&Query) -> Result<Prepared, _>),
        ("bind_and_plan", Query::prepare),
    ] {
        let mut group = criterion.benchmark_group(step);
        group.warm_up_time(WARM_UP).measurement_time(MEASURED).sample_size(20);
        group.throughput(Throughput::Elements(1));
        for (question, query) in &meant {
            group.bench_function(&question.name, |b| b.iter(|| prepare(black_box(query))));
        }
        group.throughput(Throughput::Elements(meant.len() as u64));
        group.bench_function("all", |b| {
            b.iter(|| meant.iter().filter(|(_, query)| prepare(black_box(query)).is_ok()).count());
        });
        group.finish();
    }

    let mut group = criterion.benchmark_group("plan_cache");
    group.throughput(Throughput::Elements(meant.len() as u64));
    let cache = PlanCache::default();
    let find_all = |cache: &PlanCache| {
        let plans = meant.iter().map(|(question, _)| cache.prepare(black_box(&question.text)));
        plans.filter(Result::is_ok).count()
    };
    assert_eq!(find_all(&cache), meant.len());
    group.bench_function("hit_all", |b| b.iter(|| find_all(&cache)));
    group.bench_function("miss_all", |b| {
        b.iter_batched_ref(PlanCache::default, |cache| find_all(cache), BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, understood);
criterion_main!(benches);
