//! Lineal as a contestant of the peers harness: `load` fills a store through the ordinary importers,
//! `serve` answers its questions, each an LQL text that is prepared once and run with parameters.
//!
//! ```text
//! lineal-peer load DATA DB     # DATA/mlflow.db and DATA/datadog/ -> a store in DB
//! lineal-peer serve DB         # {"q":"q1","args":[…]} a line on stdin -> {"ns":…,"rows":[[…]]}
//! lineal-peer time DB ROUNDS   # the same lines -> medians of `ns`, with nothing else in between
//! ```
//!
//! `ns` runs from bound parameters to the last row, inside the engine. The harness numbers things by
//! itself, so rows are then written with its numbers (`world.rs`), outside that time.

mod question;
mod world;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use lineal_engine::{Options, Store};
use lineal_import::{ImportOptions, LoadedMapping, Progress, import};
use lineal_query::{Code, Limits, Machine, Parameters, Request, State, StoreView, Table};

use question::{Question, Questions};
use world::World;

/// The one of the `lineal` command (`cli/src/main.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the world's tags and attributes mean; no code knows it.
const MAPPING: &str = include_str!("../world.toml");

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["load", data, db] => load(Path::new(data), Path::new(db)),
        ["serve", db] => serve(Path::new(db)),
        ["time", db, rounds] => rounds.parse().map_err(Into::into).and_then(|it| time(db, it)),
        _ => Err("lineal-peer load DATA DB, serve DB, or time DB ROUNDS".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lineal-peer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Imports the world as a user would, and notes where its numbers are to be found.
fn load(data: &Path, db: &Path) -> Outcome {
    std::fs::create_dir_all(db)?;
    let file = db.join("world.toml");
    std::fs::write(&file, MAPPING)?;
    let mapping = LoadedMapping::read(&file)?;
    let store = Store::create(db.join("store"), Options::default())?;
    let exports = [data.join("mlflow.db"), data.join("datadog")];
    let report =
        import(&store, &exports, &ImportOptions::default(), &mapping, &Progress::default())?;
    for source in &report.sources {
        if source.counts.rejected > 0 {
            return Err(format!("{} has {} rejects", source.label, source.counts.rejected).into());
        }
    }
    let data = std::fs::canonicalize(data)?;
    std::fs::write(db.join("data.json"), serde_json::json!({ "data": data }).to_string())?;
    Ok(())
}

fn serve(db: &Path) -> Outcome {
    let (view, questions, world) = open(db)?;
    let mut working = Working { machine: Machine::default(), table: Table::empty() };
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let reply = match answer(&line?, &questions, &world, &view, &mut working) {
            Ok(reply) => reply,
            Err(error) => serde_json::json!({ "error": error.to_string() }),
        };
        writeln!(out, "{reply}")?;
        out.flush()?;
    }
    Ok(())
}

fn open(db: &Path) -> Outcome<(StoreView, Questions, World)> {
    let noted: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(db.join("data.json"))?)?;
    let data = noted["data"].as_str().ok_or("data.json names no folder")?;
    let begun = Instant::now();
    let store = Arc::new(Store::open_read_only(db.join("store"))?);
    let view = StoreView::new(store)?;
    let opened = begun.elapsed();
    let questions = Questions::prepare()?;
    let world = World::read(&PathBuf::from(data))?;
    eprintln!("opened in {:.2} ms", opened.as_secs_f64() * 1e3);
    Ok((view, questions, world))
}

/// Asks the requests of standard input in turn, so many rounds, and prints the median over each
/// question's arguments of their best: nothing but the questions themselves is run in between, which
/// is what a profiler should see.
fn time(db: &str, rounds: u32) -> Outcome {
    let (view, questions, world) = open(Path::new(db))?;
    let mut working = Working { machine: Machine::default(), table: Table::empty() };
    let mut asked = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let request: serde_json::Value = serde_json::from_str(&line?)?;
        let name = request["q"].as_str().ok_or("a request has no `q`")?.to_owned();
        let arguments = request["args"].as_array().cloned().unwrap_or_default();
        let parameters = questions.get(&name)?.parameters(&arguments, &world)?;
        asked.push((name, parameters, u64::MAX));
    }
    for _ in 0..rounds {
        for (name, parameters, best) in &mut asked {
            let (ns, _) = run(questions.get(name)?, parameters, &view, &mut working)?;
            *best = ns.min(*best);
        }
    }
    let mut told = BTreeMap::<_, Vec<u64>>::new();
    for (name, _, best) in asked {
        told.entry(name).or_default().push(best);
    }
    for (name, mut best) in told {
        best.sort_unstable();
        println!("{name:8} {:>10.2} us", best[best.len() / 2] as f64 / 1e3);
    }
    Ok(())
}

/// What is kept from one request to the next.
struct Working {
    machine: Machine,
    table: Table,
}

/// Runs a question: nanoseconds to the last row, and whether what it is about was found. That nothing
/// has a hash is an error in the language, and no rows in the harness.
fn run(
    question: &Question,
    parameters: &Parameters,
    view: &StoreView,
    working: &mut Working,
) -> Outcome<(u64, bool)> {
    let limits = Limits::default();
    let asked = Request { parameters, limits: &limits, now: 0 };
    let begun = Instant::now();
    let Working { machine, table } = working;
    let answered = question.prepared.table_into(machine, view, &asked, table);
    if answered.is_ok() {
        // The last row is pulled when every value was seen.
        table.rows().flatten().for_each(|value| {
            std::hint::black_box(value);
        });
    }
    let ns = u64::try_from(begun.elapsed().as_nanos())?;
    match answered {
        Err(lineal_query::Error::Mistake(mistake)) if mistake.code == Code::NotFound => {
            Ok((ns, false))
        }
        answered => Ok(answered.map(|()| (ns, true))?),
    }
}

/// One request: only the run itself is timed.
fn answer(
    line: &str,
    questions: &Questions,
    world: &World,
    view: &StoreView,
    working: &mut Working,
) -> Outcome<serde_json::Value> {
    let request: serde_json::Value = serde_json::from_str(line)?;
    let name = request["q"].as_str().ok_or("a request has no `q`")?;
    let none = Vec::new();
    let arguments = request["args"].as_array().unwrap_or(&none);
    let question = questions.get(name)?;
    let parameters = question.parameters(arguments, world)?;
    let (ns, is_found) = run(question, &parameters, view, working)?;
    if !is_found {
        return Ok(serde_json::json!({ "ns": ns, "rows": [] }));
    }
    let table = &working.table;
    if table.completeness.state() != State::Complete {
        return Err(
            format!("{name} is {}: {:?}", table.completeness.state(), table.completeness).into()
        );
    }
    let rows = question.rows(table, world, view)?;
    Ok(serde_json::json!({ "ns": ns, "rows": rows }))
}
