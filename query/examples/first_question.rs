//! One question in a new process: how long opening, preparing, the first asking and later ones take.
//!
//!     first_question STORE QUESTION HASH [COUNT]
//!
//! QUESTION is a file with an LQL text with one parameter, `$hash`. Prints nanoseconds: of opening,
//! of preparing, of the first asking, and the best of COUNT more. With COUNT 0 it is what a profiler
//! wants to see of a first question.

use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use lineal_engine::Store;
use lineal_query::{Limits, Machine, Parameters, Prepared, Request, StoreView, Table};

/// The one of the `lineal` command (`cli/src/main.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let asked = match words[..] {
        [store, question, hash] => ask(store, question, hash, 0),
        [store, question, hash, count] => match count.parse() {
            Ok(count) => ask(store, question, hash, count),
            Err(error) => Err(error.into()),
        },
        _ => Err("first_question STORE QUESTION HASH [COUNT]".into()),
    };
    match asked {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("first_question: {error}");
            ExitCode::FAILURE
        }
    }
}

fn ask(store: &str, question: &str, hash: &str, count: u32) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(question)?;
    let begun = Instant::now();
    let view = StoreView::new(Arc::new(Store::open_read_only(store)?))?;
    let opened = begun.elapsed().as_nanos();
    let begun = Instant::now();
    let prepared = Prepared::new(&text)?;
    let made = begun.elapsed().as_nanos();
    let parameters = Parameters::new().text("hash", hash);
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let (mut machine, mut table) = (Machine::default(), Table::empty());
    let mut ask = || {
        let begun = Instant::now();
        // That nothing has the hash is an answer too, and what a miss costs.
        let answered = prepared.table_into(&mut machine, &view, black_box(&request), &mut table);
        let rows = answered.is_ok().then(|| table.rows().flatten().map(black_box).count());
        let _ = black_box(rows);
        begun.elapsed().as_nanos()
    };
    let first = ask();
    let best = (0..count).map(|_| ask()).min();
    print!("opened {opened}, prepared {made}, first {first}");
    best.map_or_else(|| println!(" ns"), |best| println!(", best {best} ns"));
    Ok(())
}
