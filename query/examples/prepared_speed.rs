//! How long one prepared question takes, asked again and again of one view.
//!
//!     cargo run --release -p lineal-query --example prepared_speed -- STORE QUESTION [NAME=VALUE]...
//!
//! Prints the best of five rounds, for an answer with names, and for one with numbers alone.

use std::sync::Arc;
use std::time::Instant;

use lineal_engine::Store;
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView, Value};

/// Rounds, of which the quickest is told: the others were disturbed.
const ROUNDS: usize = 5;
/// About how long a round takes.
const ROUND_MS: u128 = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(store), Some(text)) = (arguments.next(), arguments.next()) else {
        return Err("a store and a question are needed".into());
    };
    let mut parameters = Parameters::new();
    for pair in arguments {
        let (name, value) = pair.split_once('=').ok_or("write NAME=VALUE")?;
        parameters.set(name.to_owned(), Value::Text(value.to_owned()));
    }
    let view = StoreView::new(Arc::new(Store::open_read_only(store)?))?;
    let prepared = Prepared::new(&text).map_err(|mistake| mistake.render(&text))?;
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let mut machine = Machine::default();
    timed("with names", || Ok(prepared.run_on(&mut machine, &view, &request)?.rows.len()))?;
    timed("numbers alone", || Ok(prepared.numbers_on(&mut machine, &view, &request)?.rows.len()))?;
    timed("a table", || Ok(prepared.table_on(&mut machine, &view, &request)?.len()))
}

fn timed(
    what: &str,
    mut ask: impl FnMut() -> Result<usize, lineal_query::Error>,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut best = f64::INFINITY;
    let mut rows = 0;
    for _ in 0..ROUNDS {
        let (begun, mut count) = (Instant::now(), 0_u32);
        while begun.elapsed().as_millis() < ROUND_MS {
            rows = ask()?;
            count += 1;
        }
        best = best.min(begun.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
    println!("{best:>12.2} us  {what}, {rows} rows");
    Ok(())
}
