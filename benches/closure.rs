//! Following lineage, in edges a second: the adjacency of the engine walked by hand, and the closure
//! as a prepared question asks for it (numbers of nodes, no names).

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lineal_benches::world::{self, Size};
use lineal_engine::schema::{Class, Direction, Kind, RELATIONS, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView};

/// Models whose past is asked for, from all over the world.
const MODELS: u32 = 64;
const QUESTION: &str = "find node upstream of model:$model";

fn closure(criterion: &mut Criterion) {
    for size in [Size::SMALL, Size::MIDDLE] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Arc::new(world::in_folder(folder.path(), size).expect("the world is written"));
        let view = StoreView::new(Arc::clone(&store)).expect("a view");
        let snapshot = view.snapshot();
        let names: Vec<String> =
            (1..=MODELS).map(|at| world::model_name(at * (size.runs / MODELS) - 1)).collect();
        let models: Vec<NodeNo> =
            names.iter().flat_map(|name| snapshot.find(Some(Kind::Model), name)).collect();
        let asked: Vec<Parameters> =
            names.iter().map(|name| Parameters::new().text("model", name)).collect();
        let prepared = Prepared::new(QUESTION).expect("it has a meaning");
        let limits = Limits::default();
        let mut machine = Machine::default();
        let mut answers = || {
            let (mut nodes, mut edges) = (0, 0);
            for parameters in &asked {
                let request = Request { parameters, limits: &limits, now: 0 };
                let answer = prepared.numbers_on(&mut machine, &view, black_box(&request));
                let answer = answer.expect("it can be answered");
                nodes += answer.rows.len();
                edges += answer.edges_followed;
            }
            (nodes, edges)
        };
        let mut seen = vec![0; snapshot.node_count() as usize];
        let mut stamp = 0;
        let mut walked = || {
            let (mut nodes, mut edges) = (0, 0);
            for model in &models {
                stamp += 1;
                let found = walk(snapshot, *model, &mut seen, stamp);
                nodes += found.0;
                edges += found.1;
            }
            (nodes, edges)
        };
        let (asked_nodes, asked_edges) = answers();
        let (walked_nodes, walked_edges) = walked();
        assert_eq!(asked_nodes, walked_nodes, "both find the same past");

        let mut group = criterion.benchmark_group(format!("closure/{}", size.name()));
        group.sample_size(20).throughput(Throughput::Elements(walked_edges));
        group.bench_function("walked_by_hand", |b| b.iter(&mut walked));
        group.throughput(Throughput::Elements(asked_edges));
        group.bench_function("asked", |b| b.iter(&mut answers));
        group.finish();
    }
}

/// Nodes upstream of one, and the edges that lead there.
fn walk(view: &Snapshot, from: NodeNo, seen: &mut [u32], stamp: u32) -> (usize, u64) {
    let lineage: Vec<Relation> = RELATIONS
        .iter()
        .filter(|spec| spec.class == Class::Lineage)
        .map(|spec| spec.relation)
        .collect();
    let (mut nodes, mut edges) = (0, 0);
    let mut open = vec![from];
    seen[from as usize] = stamp;
    while let Some(node) = open.pop() {
        for relation in &lineage {
            for target in view.edges(node, *relation, Direction::Forward) {
                edges += 1;
                if std::mem::replace(&mut seen[*target as usize], stamp) != stamp {
                    nodes += 1;
                    open.push(*target);
                }
            }
        }
    }
    (nodes, edges)
}

criterion_group!(benches, closure);
criterion_main!(benches);
