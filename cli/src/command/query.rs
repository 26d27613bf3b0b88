//! `lineal query`: ask, and print the answer.

use crate::args::{Arguments, FailOn, Format, Query};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::render::page::{self, Layout, Shape};
use crate::render::{no_bundle, print_answer};
use crate::repl::{Bounds, Interrupt, Watch};
use crate::time::Zone;
use clap::ValueEnum;
use lineal_engine::Store;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_query::{Answer, Parameters, Prepared, Request, State, StoreView, Value};
use std::io::{BufWriter, IsTerminal, Write};
use std::sync::Arc;

pub(super) fn run(arguments: &Arguments, wanted: &Query) -> Outcome {
    let text = match (&wanted.text, &wanted.file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => std::fs::read_to_string(file)
            .map_err(|e| Failure::usage(format!("{}: {e}", file.display())))?,
        (None, None) => return Err(Failure::usage("a question or -f FILE")),
    };
    let asked = |error: lineal_query::Error| Failure::Query { error, text: text.clone() };
    let prepared = Prepared::new(&text).map_err(|mistake| asked(mistake.into()))?;
    if wanted.format == Some(Format::Bundle) {
        return Err(no_bundle(&text));
    }
    let parameters = parameters(wanted)?;
    for name in parameters.names() {
        if !prepared.parameters().contains(&name) {
            let known = prepared.parameters().join(", ");
            let known =
                if known.is_empty() { "it has none".to_owned() } else { format!("it has {known}") };
            return Err(Failure::usage(format!("the question has no parameter ${name}; {known}")));
        }
    }
    let mut bounds = Bounds::default();
    for text in &wanted.limit {
        let (name, number) = pair(text)?;
        bounds.set(&name, &number)?;
    }
    let zone = Zone::parse(&arguments.tz)?;
    if !place::is_any(arguments) {
        let limits = bounds.limits(&|| false);
        let request = Request { parameters: &parameters, limits: &limits, now: SystemClock.now() };
        if let Some(answer) = prepared.without_store(&request) {
            let format = format_of(arguments, wanted, &answer);
            print_answer(&mut std::io::stdout().lock(), &answer, None, format, &zone)?;
            return Ok(Exit::Answer);
        }
    }
    let store = Arc::new(place::open_read_only(arguments)?);
    let view = StoreView::new(Arc::clone(&store))?;
    // Ctrl-C ends the question, not the process: what was found is printed.
    let watch = Watch::new(&Interrupt::install(false)?, std::io::stderr().is_terminal());
    let stop = || watch.stop();
    let limits = bounds.limits(&stop);
    let request = Request { parameters: &parameters, limits: &limits, now: SystemClock.now() };
    let answer = prepared.run(&view, &request).map_err(asked)?;
    let pressed = watch.pressed();
    drop(watch);
    let format = format_of(arguments, wanted, &answer);
    let mut out = BufWriter::new(std::io::stdout().lock());
    // Drawn for a person who did not ask for another form; pipes get the table.
    let drawn = wanted.format.is_none() && answer.format.is_none() && !arguments.json;
    if drawn && std::io::stdout().is_terminal() {
        draw(&mut out, &text, &answer, &store, &zone)?;
    } else {
        print_answer(&mut out, &answer, Some(&view), format, &zone)?;
    }
    out.flush()?;
    if pressed {
        return Ok(Exit::Interrupted);
    }
    let cannot_tell = answer.completeness.state() == State::CannotTell;
    let fails = cannot_tell && wanted.fail_on == Some(FailOn::CannotTell);
    Ok(if fails { Exit::CannotTell } else { Exit::Answer })
}

/// What the command line says, else `--json`, else the question.
fn format_of(arguments: &Arguments, wanted: &Query, answer: &Answer) -> Format {
    wanted.format.unwrap_or_else(|| {
        if arguments.json {
            return Format::Json;
        }
        let said = answer.format.as_deref().and_then(|name| Format::from_str(name, true).ok());
        said.unwrap_or(Format::Table)
    })
}

/// Paths as a tree, a history as a time line, all else as a table.
fn draw(
    out: &mut dyn Write,
    text: &str,
    answer: &Answer,
    store: &Store,
    zone: &Zone,
) -> Outcome<()> {
    let asked = lineal_query::Query::parse(text)
        .map_err(|mistake| Failure::Query { error: mistake.into(), text: text.to_owned() })?;
    let view = store.snapshot_at(answer.commit)?;
    let layout = Layout {
        shape: Shape::of(&asked),
        view: &view,
        zone,
        rows_max: usize::MAX,
        numbered: false,
    };
    page::print(out, answer, &layout)
}

fn pair(text: &str) -> Outcome<(String, String)> {
    let pair = text.split_once('=');
    let (name, value) = pair.ok_or_else(|| Failure::usage(format!("{text}: write name=value")))?;
    Ok((name.trim_start_matches('$').to_owned(), value.to_owned()))
}

fn parameters(wanted: &Query) -> Outcome<Parameters> {
    let mut parameters = Parameters::new();
    for text in &wanted.param {
        let (name, value) = pair(text)?;
        parameters.set(name, Value::Text(value));
    }
    for text in &wanted.param_json {
        let (name, value) = pair(text)?;
        let json = serde_json::from_str(&value)
            .map_err(|e| Failure::usage(format!("--param-json {name}: {e}")))?;
        let value = Value::from_json(&json);
        parameters.set(
            name.clone(),
            value.ok_or_else(|| {
                Failure::usage(format!(
                    "--param-json {name}: text, numbers, true, false and lists of these"
                ))
            })?,
        );
    }
    Ok(parameters)
}
