//! What grows with a store: a world of any size is made and imported day by day, and measured.
//!
//! ```text
//! lineal-growth run --work DIR [--to 200000000] [--seed 1] [--day-events 1000000] [--reserve-gb 8]
//! lineal-growth archive --out DIR --to EVENTS [--seed 1] [--day-events 1000000]
//! lineal-growth registry --out DIR --to EVENTS [--seed 1]
//! ```
//!
//! `run` writes one JSON row a step into `DIR/rows.ndjson` and goes on from there when it is called
//! again; each day's archive is deleted after its import. `archive` writes `DIR/mlflow.db` and
//! `DIR/datadog/` of the whole world and imports nothing; `registry` writes the first of them alone.
//! Import and questions run in processes of their own (`import`, `ask`: not to be called by hand),
//! so that memory and first answers are honest.

mod archive;
mod ask;
mod calendar;
mod chance;
mod graph;
mod import;
mod machine;
mod registry;
mod rows;
mod run;

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use graph::Graph;

/// The one of the `lineal` command (`cli/src/main.rs`), so that memory and times are its own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const USAGE: &str = "lineal-growth run --work DIR [--to N] [--seed N] [--day-events N] \
     [--reserve-gb N], lineal-growth archive --out DIR --to N [--seed N] [--day-events N], or \
     lineal-growth registry --out DIR --to N [--seed N]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match obey(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lineal-growth: {error}");
            ExitCode::FAILURE
        }
    }
}

fn obey(words: &[String]) -> Outcome {
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    match texts[..] {
        ["run", ..] => {
            let flags =
                Flags::read(&words[1..], &["work", "to", "seed", "day-events", "reserve-gb"])?;
            run::run(&flags.plan("work")?, flags.number("reserve-gb", 8)? << 30)
        }
        ["archive", ..] => {
            let flags = Flags::read(&words[1..], &["out", "to", "seed", "day-events"])?;
            whole(&flags.plan("out")?)
        }
        ["registry", ..] => {
            let flags = Flags::read(&words[1..], &["out", "to", "seed"])?;
            registry_alone(&flags.plan("out")?)
        }
        ["import", store, path] => {
            println!("{}", import::import_one(Path::new(store), Path::new(path))?);
            Ok(())
        }
        ["ask", store] => {
            let arguments = serde_json::from_reader(std::io::stdin().lock())?;
            println!("{}", ask::ask(Path::new(store), &arguments)?);
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

/// What is to be made.
struct Plan {
    folder: PathBuf,
    seed: u64,
    /// Events in all.
    to: u64,
    /// Events of a day, at most.
    day_events: u64,
}

/// The whole world at once, without a store.
fn whole(plan: &Plan) -> Outcome {
    std::fs::create_dir_all(&plan.folder)?;
    let mut graph = Graph::new(plan.seed);
    let stretches = calendar::stretches(plan.to, plan.day_events);
    let (mut lines, mut packed) = (0, 0);
    for stretch in &stretches {
        graph.grow(stretch);
        for day in &stretch.days {
            let written = archive::write(&graph, day, &plan.folder.join("datadog"))?;
            (lines, packed) = (lines + written.lines, packed + written.packed);
        }
    }
    registry::write(&graph, &plan.folder.join("mlflow.db"))?;
    println!("{} events, {lines} bytes of lines, {packed} packed", plan.to);
    Ok(())
}

/// The registry of a whole world, without its events.
fn registry_alone(plan: &Plan) -> Outcome {
    std::fs::create_dir_all(&plan.folder)?;
    let mut graph = Graph::new(plan.seed);
    calendar::stretches(plan.to, plan.day_events).iter().for_each(|stretch| graph.grow(stretch));
    registry::write(&graph, &plan.folder.join("mlflow.db"))?;
    println!("{} runs", graph.runs.len());
    Ok(())
}

/// `--name value` pairs.
struct Flags(Vec<(String, String)>);

impl Flags {
    fn read(words: &[String], known: &[&str]) -> Outcome<Flags> {
        let mut flags = Vec::new();
        for pair in words.chunks(2) {
            let name = pair[0].strip_prefix("--").filter(|name| known.contains(name));
            let (Some(name), Some(value)) = (name, pair.get(1)) else {
                return Err(format!("{} is not understood: {USAGE}", pair[0]).into());
            };
            flags.push((name.to_owned(), value.clone()));
        }
        Ok(Flags(flags))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, usual: u64) -> Outcome<u64> {
        let Some(text) = self.text(name) else { return Ok(usual) };
        text.parse().map_err(|_| format!("--{name} wants a whole number, not {text}").into())
    }

    fn plan(&self, folder: &str) -> Outcome<Plan> {
        let folder = self.text(folder).ok_or_else(|| format!("--{folder} is missing: {USAGE}"))?;
        let last = calendar::MARKS[calendar::MARKS.len() - 1].0;
        let to = self.number("to", last)?;
        if to > last {
            return Err(format!("--to {to}: the calendar ends at {last} events").into());
        }
        let (seed, day_events) = (self.number("seed", 1)?, self.number("day-events", 1_000_000)?);
        Ok(Plan { folder: folder.into(), seed, to, day_events })
    }
}
