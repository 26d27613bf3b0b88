//! The questions of the comparison with other engines, prepared once and asked again and again: time
//! an answer, and rows a second. On the store that the importers make of the bundled fixtures, and on
//! generated worlds whose sizes stand in the ids.
//!
//! The names of nodes are looked up, as they are for a person; `numbers` leaves that out, and fills
//! a table whose memory is kept.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::world::{self, Size};
use lineal_benches::{fixtures, questions};
use lineal_query::{
    Limits, Machine, Parameters, Prepared, Request, State, StoreView, Table, Value,
};

const MEASURED: Duration = Duration::from_secs(1);
const WARM_UP: Duration = Duration::from_millis(300);

/// What the questions are asked about in the fixtures: version 2 of the scorer, on the day of the logs.
fn of_the_fixtures() -> Parameters {
    Parameters::new()
        .text("hash", "sha256:004887c4eb5dc1a2dc77787887cfb5b569544b71eb98ebb3e6be576b53c011c7")
        .text("model", "credit-risk-scorer@2")
        .text("a", "credit-risk-scorer@2")
        .text("b", "credit-risk-scorer@3")
        .text("system", "CREDIT-RISK-EU-001")
        .text("t", "2025-11-03T15:00:00Z")
        .text("from", "2025-11-03T14:00:00Z")
        .text("to", "2025-11-03T15:00:00Z")
}

/// A model from the middle of a world, so that it has a past and a future.
fn of_a_world(size: Size) -> Parameters {
    let model = size.runs / 2 / 6 * 6 + 2;
    let day = |day: i64| Value::Time(world::BEGIN + day * 24 * world::STEP);
    let mut parameters = Parameters::new()
        .text("hash", format!("sha256:{}", world::input_hash(model, 1)))
        .text("model", world::model_name(model))
        .text("a", world::model_name(model))
        .text("b", world::model_name(model + 12))
        .text("system", format!("SYSTEM-{}", model % 20));
    for (name, at) in [("t", 20), ("from", 10), ("to", 17)] {
        parameters.set(name, day(at));
    }
    parameters
}

/// The same with `$dataset`: one that stands behind the event and comes from nothing further.
fn with_root(view: &StoreView, given: Parameters) -> Parameters {
    let roots =
        Prepared::new("find root dataset upstream via training of inference:$hash return it");
    let limits = Limits::default();
    let request = Request { parameters: &given, limits: &limits, now: world::BEGIN };
    let answer = roots.expect("it has a meaning").run(view, &request).expect("it is answered");
    let root = answer.text(&answer.rows.first().expect("an event has data behind it")[0]);
    let key = root.strip_prefix("dataset:").expect("it is a data set").to_owned();
    given.text("dataset", key)
}

fn asked(criterion: &mut Criterion) {
    let (_, store) = fixtures::store().expect("the fixtures are imported");
    ask(criterion, fixtures::NAME, store, of_the_fixtures());
    for size in [Size::SMALL, Size::MIDDLE] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = world::in_folder(folder.path(), size).expect("the world is written");
        ask(criterion, &size.name(), store, of_a_world(size));
    }
}

fn ask(criterion: &mut Criterion, name: &str, store: lineal_engine::Store, given: Parameters) {
    let view = StoreView::new(Arc::new(store)).expect("a view");
    let limits = Limits::default();
    let given = with_root(&view, given);
    let request = Request { parameters: &given, limits: &limits, now: world::BEGIN };
    let mut group = criterion.benchmark_group(format!("asking/{name}"));
    group.warm_up_time(WARM_UP).measurement_time(MEASURED).sample_size(20);
    for question in questions::of_the_peers().expect("the questions can be read") {
        let prepared = Prepared::new(&question.text).expect("it has a meaning");
        let answer = prepared.run(&view, &request).unwrap_or_else(|error| {
            panic!("{} of {name}: {}", question.name, error.render(&question.text))
        });
        assert_ne!(answer.completeness.state(), State::Truncated, "{}", question.name);
        if answer.rows.is_empty() {
            // The fixtures have no base models and no approved runs: nothing would be measured.
            println!("{} of {name} has no rows and is left out", question.name);
            continue;
        }
        let (mut machine, mut table) = (Machine::default(), Table::empty());
        group.throughput(Throughput::Elements(answer.rows.len() as u64));
        group.bench_function(&question.name, |b| {
            b.iter(|| prepared.run_on(&mut machine, &view, black_box(&request)));
        });
        group.bench_function(format!("{}_numbers", question.name), |b| {
            b.iter(|| prepared.table_into(&mut machine, &view, black_box(&request), &mut table));
        });
    }
    let miss = Prepared::new("find inference:$hash return time").expect("it has a meaning");
    let unknown = Parameters::new().text("hash", format!("sha256:{}", "ab".repeat(32)));
    let request = Request { parameters: &unknown, ..request };
    let mut machine = Machine::default();
    group.throughput(Throughput::Elements(1));
    group.bench_function("q9_miss", |b| {
        b.iter(|| miss.run_on(&mut machine, &view, black_box(&request)).is_err());
    });
    group.finish();
}

criterion_group!(benches, asked);
criterion_main!(benches);
