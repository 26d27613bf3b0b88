//! `lineal query`: ask, and print the answer.

use crate::args::{Arguments, FailOn, Format, Query};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::{Beside, Remote, json_of};
use crate::render::page::{self, Layout, Shape};
use crate::render::{Drawn, is_picture, no_bundle, print_answer};
use crate::repl::{Bounds, Interrupt, Watch};
use crate::time::Zone;
use clap::ValueEnum;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_query::told::brief_json;
use lineal_query::{Answer, NodeNo, Parameters, Prepared, Request, State, StoreView, Value};
use serde_json::Value as Json;
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
    // Ctrl-C ends the question, not the process: what was found is printed.
    if let Some(remote) = Remote::meant(arguments)? {
        let watch = watched()?;
        let form = format_of(arguments, wanted, prepared.format());
        let beside = Beside {
            told: is_drawn(arguments, wanted, prepared.format()),
            picture: is_picture(form),
        };
        let stop = || watch.pressed();
        let params = &json_of(&parameters);
        let asked = remote.ask(&text, params, &bounds.to_json(), beside, &stop)?;
        drop(watch);
        let told =
            |node: NodeNo| Ok(asked.told.get(&node.to_string()).cloned().unwrap_or_default());
        let picture = Drawn::Given(asked.picture.as_ref());
        return print(arguments, wanted, &text, &asked.answer, (&told, picture), &zone);
    }
    if !place::is_any(arguments) {
        let limits = bounds.limits(&|| false);
        let request = Request { parameters: &parameters, limits: &limits, now: SystemClock.now() };
        if let Some(answer) = prepared.without_store(&request) {
            let format = format_of(arguments, wanted, answer.format.as_deref());
            let out = &mut std::io::stdout().lock();
            print_answer(out, &answer, Drawn::Given(None), format, &zone)?;
            return Ok(Exit::Answer);
        }
    }
    let store = Arc::new(place::open_read_only(arguments)?);
    let view = StoreView::new(Arc::clone(&store))?;
    let watch = watched()?;
    let stop = || watch.stop();
    let limits = bounds.limits(&stop);
    let request = Request { parameters: &parameters, limits: &limits, now: SystemClock.now() };
    let answer = prepared.run(&view, &request).map_err(asked)?;
    let pressed = watch.pressed();
    drop(watch);
    let then = store.snapshot_at(answer.commit)?;
    let told = |node: NodeNo| Ok(brief_json(&then, node, &|_| true)?);
    let exit = print(arguments, wanted, &text, &answer, (&told, Drawn::Of(&view)), &zone)?;
    Ok(if pressed { Exit::Interrupted } else { exit })
}

fn watched() -> Outcome<Watch> {
    Ok(Watch::new(&Interrupt::install(false)?, std::io::stderr().is_terminal()))
}

/// What is told of a node, and where a picture comes from.
type Source<'a> = (&'a dyn Fn(NodeNo) -> Outcome<Json>, Drawn<'a>);

fn print(
    arguments: &Arguments,
    wanted: &Query,
    text: &str,
    answer: &Answer,
    (told, picture): Source<'_>,
    zone: &Zone,
) -> Outcome {
    let format = format_of(arguments, wanted, answer.format.as_deref());
    let mut out = BufWriter::new(std::io::stdout().lock());
    let cannot_tell = answer.completeness.state() == State::CannotTell;
    let fails = cannot_tell && wanted.fail_on == Some(FailOn::CannotTell);
    let exit = if fails { Exit::CannotTell } else { Exit::Answer };
    let printed = match is_drawn(arguments, wanted, answer.format.as_deref()) {
        true => draw(&mut out, text, answer, told, zone),
        false => print_answer(&mut out, answer, picture, format, zone),
    };
    exit.after(printed.and_then(|()| Ok(out.flush()?)))
}

/// Is it drawn for a person who did not ask for another form? Pipes get the table.
fn is_drawn(arguments: &Arguments, wanted: &Query, said: Option<&str>) -> bool {
    let drawn = wanted.format.is_none() && said.is_none() && !arguments.json;
    drawn && std::io::stdout().is_terminal()
}

/// What the command line says, else `--json`, else the question.
fn format_of(arguments: &Arguments, wanted: &Query, said: Option<&str>) -> Format {
    wanted.format.unwrap_or_else(|| {
        if arguments.json {
            return Format::Json;
        }
        let said = said.and_then(|name| Format::from_str(name, true).ok());
        said.unwrap_or(Format::Table)
    })
}

/// Paths as a tree, a history as a time line, all else as a table.
fn draw(
    out: &mut dyn Write,
    text: &str,
    answer: &Answer,
    told: &dyn Fn(NodeNo) -> Outcome<Json>,
    zone: &Zone,
) -> Outcome<()> {
    let asked = lineal_query::Query::parse(text)
        .map_err(|mistake| Failure::Query { error: mistake.into(), text: text.to_owned() })?;
    let layout =
        Layout { shape: Shape::of(&asked), told, zone, rows_max: usize::MAX, numbered: false };
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
