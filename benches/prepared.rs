//! The 58 questions of the corpus, each prepared once and asked again and again: time an answer with
//! its names, and rows a second. Asked of a generated world, whose names stand in the place of those of
//! the corpus. What the world has nothing for, and what waits for proofs, is printed and left out.
//!
//! The ten questions of the comparison are in `asking.rs`, understanding a question in `language.rs`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::questions;
use lineal_benches::world::{self, Size};
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView, Value};

const MEASURED: Duration = Duration::from_millis(400);
const WARM_UP: Duration = Duration::from_millis(100);
/// The time of asking: the world's events lie before it.
const DAYS: i64 = 90;

/// A model from the middle of the world, which is deployed and was tuned from another.
const MODEL: u32 = 1_004;

/// The names of the corpus, longer ones before those that they begin with, and those of the world.
fn names() -> Vec<(&'static str, String)> {
    let (model, dataset) = (world::model_name, world::dataset_name);
    let family = format!("model-{}", MODEL / 10);
    vec![
        ("model:credit-risk@3", format!("model:{}", model(MODEL))),
        ("model:credit-risk@2", format!("model:{}", model(MODEL - 2))),
        ("model:fraud-net@9", format!("model:{}", model(MODEL + 12))),
        ("model:credit-risk", format!("model:{}", model(MODEL))),
        ("\"credit-risk\"", format!("\"{family}\"")),
        ("dataset:loans-2024@7", format!("dataset:{}", dataset(MODEL - 104))),
        ("dataset:loans-raw@1", format!("dataset:{}", dataset(MODEL / 2 / 10 * 10))),
        ("dataset:loans-anonymised", format!("dataset:{}", dataset(MODEL / 2 + 5))),
        ("dataset:loans-raw", format!("dataset:{}", dataset(MODEL / 2 / 10 * 10))),
        ("deployment:credit-api", format!("deployment:scorer-{MODEL}")),
        ("inference:req-2026-03-14-8841", format!("inference:event-{MODEL}-1")),
        ("actor:j.doe@bank.example", "actor:person0000000001".to_owned()),
        ("as of 2026-01-01)", "as of 1)".to_owned()),
    ]
}

fn prepared(criterion: &mut Criterion) {
    let size = Size::SMALL;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = world::in_folder(folder.path(), size).expect("the world is written");
    let view = StoreView::new(Arc::new(store)).expect("a view");
    let mut given = Parameters::new()
        .text("hash", format!("sha256:{}", world::input_hash(MODEL, 1)))
        .text("req", format!("event-{MODEL}-1"))
        .text("ref", format!("model:{}", world::model_name(MODEL)));
    given.set("checkpoint", Value::Int(1));
    let limits = Limits::default();
    let now = world::BEGIN + DAYS * 24 * world::STEP;
    let request = Request { parameters: &given, limits: &limits, now };
    let mut machine = Machine::default();
    let mut group = criterion.benchmark_group(format!("prepared/{}", size.name()));
    group.warm_up_time(WARM_UP).measurement_time(MEASURED).sample_size(10);
    let mut asked = 0;
    for question in questions::corpus().expect("the corpus can be read") {
        let name = &question.name;
        let text = names().iter().fold(question.text, |text, (own, of)| text.replace(own, of));
        let answer = Prepared::new(&text).map_err(lineal_query::Error::from).and_then(|prepared| {
            let answer = prepared.run_on(&mut machine, &view, &request)?;
            Ok((prepared, answer))
        });
        let (prepared, answer) = match answer {
            Ok(answered) => answered,
            Err(error) => {
                println!("{name} is left out: {error}");
                continue;
            }
        };
        asked += 1;
        group.throughput(Throughput::Elements(answer.rows.len().max(1) as u64));
        group.bench_function(name, |b| {
            b.iter(|| prepared.run_on(&mut machine, &view, black_box(&request)));
        });
    }
    assert!(asked > 45, "{asked} of the 58 questions were asked");
    group.finish();
}

criterion_group!(benches, prepared);
criterion_main!(benches);
