//! Allocations of a prepared question once it was asked a few times: how often memory is asked for
//! in one asking, and how many bytes, with the machine and the table of rows kept in between.
//!
//!     cargo test -p lineal-benches --test allocations
//!
//! It is a test: it fails where a question of [`FREE`] asks for memory. q8 goes along the graph alone;
//! q3 is walked for reasons too, since this world has nodes that are only referred to; q1 and q9 look
//! an event up by its hash, and q9 reads its fields, texts among them.

use std::alloc::System;
use std::process::ExitCode;
use std::sync::Arc;

use lineal_benches::questions;
use lineal_benches::world::{self, Size};
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView, Table};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Askings before the first that counts: lists have grown to their size by then.
const WARM_UP: usize = 200;
/// Askings that count.
const COUNTED: usize = 1_000;
/// Small enough to be made in seconds, with events to be found.
const SIZE: Size = Size { runs: 500, events: 8 };
/// Those that must not allocate.
const FREE: [&str; 4] = ["q1", "q3", "q8", "q9"];

fn main() -> ExitCode {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = world::in_folder(folder.path(), SIZE).expect("the world is written");
    let view = StoreView::new(Arc::new(store)).expect("a view");
    let model = SIZE.runs / 2 / 6 * 6 + 2;
    let parameters = Parameters::new()
        .text("hash", format!("sha256:{}", world::input_hash(model, 1)))
        .text("model", world::model_name(model))
        .text("a", world::model_name(model))
        .text("b", world::model_name(model + 12));
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: world::BEGIN };
    let mut too_many = Vec::new();
    for question in questions::of_the_peers().expect("the questions can be read") {
        if !["q1", "q3", "q4a", "q8", "q9"].contains(&question.name.as_str()) {
            continue;
        }
        let prepared = Prepared::new(&question.text).expect("it has a meaning");
        let (mut machine, mut table) = (Machine::default(), Table::empty());
        let mut ask = || {
            let asked = prepared.table_into(&mut machine, &view, &request, &mut table);
            asked.unwrap_or_else(|error| panic!("{}: {error}", question.name));
            table.len()
        };
        (0..WARM_UP).for_each(|_| assert!(ask() > 0, "{} has rows", question.name));
        let counted = Region::new(ALLOCATOR);
        let rows: usize = (0..COUNTED).map(|_| ask()).sum();
        let change = counted.change();
        let each = |total: usize| total as f64 / COUNTED as f64;
        println!(
            "{:4} {:8.2} allocations, {:10.1} bytes, {:6.1} rows an asking",
            question.name,
            each(change.allocations + change.reallocations),
            each(change.bytes_allocated),
            each(rows)
        );
        if FREE.contains(&question.name.as_str()) && change.allocations + change.reallocations > 0 {
            too_many.push(question.name);
        }
    }
    if too_many.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("no memory should be asked for by {}", too_many.join(", "));
    ExitCode::FAILURE
}
