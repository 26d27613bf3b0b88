//! What a visit remembers, and how it asks: the view, parameters, sets, the last answer.

use super::asks::Asks;
use super::bounds::Bounds;
use super::completer::{Completer, Names};
use super::sets::Sets;
use super::watch::{Interrupt, Watch};
use super::words::{pieces, row_number};
use crate::args::{Arguments, FailOn};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::{Asked, Beside, json_of};
use crate::render::page::{self, Layout, ROWS_SHOWN_MAX, Shape};
use crate::render::{Drawn, Style, counted, is_picture, print_answer, print_notes, visible_lines};
use crate::time::Zone;
use clap::ValueEnum;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_query::ast::{Find, Spanned, Statement};
use lineal_query::told::brief_json;
use lineal_query::{
    Answer, Error, Machine, Mistake, NodeNo, Parameters, Picture, Prepared, Query, Request, Span,
    State, StoreView, Value,
};
use serde_json::Map;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

pub(crate) use crate::args::Format;

/// One visit.
pub(crate) struct Session {
    /// The store as it was named, if it was.
    pub(crate) named: Option<PathBuf>,
    zone: Zone,
    asks: Asks,
    machine: Machine,
    interrupt: Interrupt,
    /// What `.export` writes.
    last: Option<Arc<Answer>>,
    /// The question that a server was asked last, with its parameters.
    asked: Option<(String, Parameters)>,
    /// What `$1` is a row of: the last answer but those of `show`, which name nothing.
    rows: Option<Arc<Answer>>,
    fail_on: Option<FailOn>,
    /// Somebody sits before the screen.
    interactive: bool,
    /// Answers, errors and overviews as JSON, for programs.
    pub(crate) json: bool,
    /// Something was printed: the next table keeps its distance.
    printed: bool,
    /// Ctrl-C ended the last question.
    pub(crate) stopped: bool,
    pub(crate) sets: Sets,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) bounds: Bounds,
    pub(crate) format: Option<Format>,
    pub(crate) timing: bool,
    /// Files that are being read, one inside the other.
    pub(crate) depth: usize,
}

impl Session {
    /// Opens the store that the arguments name.
    pub(crate) fn open(
        arguments: &Arguments,
        interactive: bool,
        fail_on: Option<FailOn>,
    ) -> Outcome<Session> {
        let asks = Asks::meant(arguments)?;
        // Without a terminal Ctrl-C ends the process, as it does for any filter.
        let interrupt = if interactive { Interrupt::install(true)? } else { Interrupt::default() };
        Ok(Session {
            named: arguments.store.clone(),
            zone: Zone::parse(&arguments.tz)?,
            asks,
            machine: Machine::default(),
            interrupt,
            sets: Sets::default(),
            last: None,
            asked: None,
            rows: None,
            fail_on,
            interactive,
            json: arguments.json,
            printed: false,
            stopped: false,
            parameters: BTreeMap::new(),
            bounds: Bounds::default(),
            format: arguments.json.then_some(Format::Json),
            timing: false,
            depth: 0,
        })
    }

    /// The zone for display.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Tells what went wrong: at a terminal in its place among the answers, else beside them.
    pub(crate) fn tell(&self, failure: &Failure, out: &mut dyn Write) -> Outcome<()> {
        if self.interactive {
            let text = failure.text();
            let text = visible_lines(text.trim_end());
            writeln!(out, "{} {text}", Style::new().warn("error:"))?;
        } else {
            // Whoever reads both sees them in order.
            out.flush()?;
            failure.print(self.json);
        }
        Ok(())
    }

    /// Tells the completer what there is by now.
    pub(crate) fn teach(&mut self, completer: &mut Completer) -> Outcome<()> {
        // A store that cannot be opened just now is reported by the next question.
        let _ = self.asks.follow();
        completer.names = match &self.asks {
            Asks::Here { opened, .. } => Names::Here(opened.view.snapshot().clone()),
            // Asked anew after each question: somebody may have written since.
            Asks::There(remote) => Names::there(remote.clone()),
        };
        completer.sets = self.sets.all().iter().map(|(name, _)| name.clone()).collect();
        completer.events = self.rows.as_deref().map(page::events).unwrap_or_default();
        completer.parameters = self.parameters.keys().map(|name| format!("${name}")).collect();
        if completer.functions.is_empty() {
            let shown = Prepared::new("show functions")
                .map_err(|mistake| failure(mistake.into(), "", ""))?;
            // It is about the language, which this program knows as well as a server does.
            let parameters = Parameters::new();
            let limits = self.bounds.limits(&|| false);
            let request = Request { parameters: &parameters, limits: &limits, now: 0 };
            let Some(answer) = shown.without_store(&request) else { return Ok(()) };
            for row in &answer.rows {
                if let [Value::Text(usage), Value::Text(of), ..] = row.as_slice() {
                    let name = usage.split('(').next().unwrap_or_default().to_owned();
                    let figure = of == "group";
                    if figure { &mut completer.figures } else { &mut completer.functions }
                        .push(name);
                }
            }
        }
        Ok(())
    }

    /// The view of the store here that was asked last.
    pub(crate) fn view(&self) -> Option<&StoreView> {
        self.asks.view()
    }

    /// Who is asked.
    pub(crate) fn asks(&mut self) -> &mut Asks {
        &mut self.asks
    }

    /// Where the picture of the last answer comes from; a server is asked again for it.
    pub(crate) fn picture(&self) -> Outcome<Option<Picture>> {
        let (Asks::There(remote), Some(last)) = (&self.asks, &self.last) else { return Ok(None) };
        let Some((text, parameters)) = &self.asked else { return Ok(None) };
        let beside = Beside { picture: true, told: false };
        let watch = Watch::new(&self.interrupt, self.interactive);
        let stop = || watch.pressed();
        let again =
            remote.ask(text, &json_of(parameters), &self.bounds.to_json(), beside, &stop)?;
        if again.answer.hash() != last.hash() {
            return Err(Failure::usage(
                "the store has moved on since the answer, and a picture is drawn at the server: ask again, then export",
            ));
        }
        Ok(again.picture)
    }

    /// The last answer.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        self.last.as_deref()
    }

    /// Says that something was done. A script knows; its output is answers alone.
    pub(crate) fn note(&self, out: &mut dyn Write, text: &str) -> Outcome<()> {
        if self.interactive {
            writeln!(out, "{text}")?;
        }
        Ok(())
    }

    /// Asks, prints the answer and keeps it.
    pub(crate) fn ask(&mut self, text: &str, out: &mut dyn Write) -> Outcome<Exit> {
        let begun = Instant::now();
        self.asks.follow()?;
        let text = self.with_rows(text)?;
        let query = Query::parse(&text).map_err(|mistake| {
            // With the sets of the visit before it, the parser knows what else a word may be.
            self.prepare(&text).err().unwrap_or_else(|| failure(mistake.into(), &text, ""))
        })?;
        if let [only] = query.script().statements.as_slice()
            && let Statement::Let(name, find) = &only.node
        {
            return self.keep(&name.node, find, out);
        }
        let (prepared, prefix) = self.prepare(&text)?;
        let prepared_in = begun.elapsed();
        let said = self.said(prepared.format());
        let beside = Beside { told: said.is_none(), picture: said.is_some_and(is_picture) };
        let (asked, pressed) = self.run(&prepared, &text, &prefix, beside)?;
        self.stopped = pressed;
        let taken = begun.elapsed();
        self.print(out, &asked, Shape::of(&query), pressed)?;
        let answer = asked.answer;
        if self.timing {
            let note = format!(
                "{:.1} ms, {:.1} ms of it to read the question; {}, {}",
                taken.as_secs_f64() * 1e3,
                prepared_in.as_secs_f64() * 1e3,
                counted(answer.edges_followed, "edge"),
                counted(answer.events_read, "event"),
            );
            writeln!(out, "{}", Style::new().faint(&note))?;
        }
        let cannot_tell = answer.completeness.state() == State::CannotTell;
        self.remember(answer, &query);
        let fails = cannot_tell && self.fail_on == Some(FailOn::CannotTell);
        Ok(if fails { Exit::CannotTell } else { Exit::Answer })
    }

    fn remember(&mut self, answer: Answer, query: &Query) {
        self.last = Some(Arc::new(answer));
        let shows = |statement: &Spanned<Statement>| matches!(statement.node, Statement::Show(..));
        if !query.script().statements.iter().any(shows) {
            self.rows.clone_from(&self.last);
        }
    }

    /// The question with the sets that it names before it.
    fn prepare(&self, text: &str) -> Outcome<(Prepared, String)> {
        let prefix = self.sets.before(text);
        let prepared = Prepared::new(&format!("{prefix}{text}"))
            .map_err(|mistake| failure(mistake.into(), text, &prefix))?;
        Ok((prepared, prefix))
    }

    fn run(
        &mut self,
        prepared: &Prepared,
        text: &str,
        prefix: &str,
        beside: Beside,
    ) -> Outcome<(Asked, bool)> {
        let mut parameters = Parameters::new();
        for name in prepared.parameters() {
            let value = self.parameters.get(name).ok_or_else(|| {
                Failure::usage(format!("${name} has no value; `.param {name}=...` gives it one"))
            })?;
            parameters.set(name, Value::Text(value.clone()));
        }
        let watch = Watch::new(&self.interrupt, self.interactive);
        let asked = match &self.asks {
            Asks::Here { opened, .. } => {
                let stop = || watch.stop();
                let limits = self.bounds.limits(&stop);
                let now = SystemClock.now();
                let request = Request { parameters: &parameters, limits: &limits, now };
                let answer = prepared.run_on(&mut self.machine, &opened.view, &request);
                let answer = answer.map_err(|error| failure(error, text, prefix))?;
                Asked { answer, told: Map::new(), picture: None }
            }
            Asks::There(remote) => {
                let whole = format!("{prefix}{text}");
                let stop = || watch.pressed();
                let params = &json_of(&parameters);
                let asked = remote.ask(&whole, params, &self.bounds.to_json(), beside, &stop);
                self.asked = Some((whole, parameters));
                asked.map_err(|refused| match refused {
                    Failure::Query { error, .. } => failure(error, text, prefix),
                    other => other,
                })?
            }
        };
        Ok((asked, watch.pressed()))
    }

    /// What was said of the form: by the question itself last.
    fn said(&self, wished: Option<&str>) -> Option<Format> {
        wished.and_then(|name| Format::from_str(name, true).ok()).or(self.format)
    }

    fn print(
        &mut self,
        out: &mut dyn Write,
        asked: &Asked,
        shape: Shape,
        pressed: bool,
    ) -> Outcome<()> {
        let answer = &asked.answer;
        let said = self.said(answer.format.as_deref());
        let format = said.unwrap_or(Format::Table);
        if pressed {
            // Who pressed Ctrl-C does not want to see a million rows of half an answer.
            writeln!(out, "stopped; `.export FILE` writes the rows found so far")?;
            return print_notes(out, answer);
        }
        if format != Format::Table {
            let drawn = match &self.asks {
                Asks::Here { opened, .. } => Drawn::Of(&opened.view),
                Asks::There(_) => Drawn::Given(asked.picture.as_ref()),
            };
            return print_answer(out, answer, drawn, format, &self.zone);
        }
        if self.printed && !self.interactive {
            writeln!(out)?;
        }
        self.printed = true;
        let told = |node: NodeNo| match &self.asks {
            // `as of`: nodes are numbered as they were then.
            Asks::Here { opened, .. } if answer.commit != opened.store.commit() => {
                let then = opened.store.snapshot_at(answer.commit)?;
                Ok(brief_json(&then, node, &|_| true)?)
            }
            Asks::Here { opened, .. } => Ok(brief_json(opened.view.snapshot(), node, &|_| true)?),
            Asks::There(_) => Ok(asked.told.get(&node.to_string()).cloned().unwrap_or_default()),
        };
        let layout = Layout {
            // Who asks for a table gets one.
            shape: if said.is_some() { Shape::Table } else { shape },
            told: &told,
            zone: &self.zone,
            // A file may hold everything.
            rows_max: if self.interactive { ROWS_SHOWN_MAX } else { usize::MAX },
            numbered: true,
        };
        page::print(out, answer, &layout)
    }

    /// Keeps a set for the visit: asked once now, so that a mistake shows here and not later.
    fn keep(&mut self, name: &str, find: &Find, out: &mut dyn Write) -> Outcome<Exit> {
        let question = find.to_string();
        self.sets.check(name, &question)?;
        let (prepared, prefix) = self.prepare(&question)?;
        let (asked, pressed) = self.run(&prepared, &question, &prefix, Beside::default())?;
        let answer = asked.answer;
        self.stopped = pressed;
        if pressed {
            writeln!(out, "stopped; `{name}` is not kept")?;
            return Ok(Exit::Answer);
        }
        self.sets.keep(name, question);
        let rows = counted(answer.total, "row");
        let state = answer.completeness.state();
        let note = format!("{name}: {rows} now, {state}; asked again where it is named");
        // No answer was shown: `$1` and `.export` still mean the one before.
        self.note(out, &note)?;
        Ok(Exit::Answer)
    }

    /// The text with `$1` replaced by what row 1 of the last answer names.
    fn with_rows(&self, text: &str) -> Outcome<String> {
        let mut out = String::new();
        let mut from = 0;
        for piece in pieces(text) {
            let Some(number) = row_number(&piece) else { continue };
            let answer = self.rows.as_ref().ok_or_else(|| {
                Failure::usage(format!("{} names a row of the last answer; ask first", piece.text))
            })?;
            let reference = page::reference(answer, number).ok_or_else(|| {
                let rows = answer.rows.len();
                Failure::usage(if number > rows || number == 0 {
                    format!("{}: the last answer has {}", piece.text, counted(rows as u64, "row"))
                } else {
                    format!("{}: nothing in row {number} of the last answer has a key", piece.text)
                })
            })?;
            out.push_str(text.get(from..piece.at).unwrap_or_default());
            out.push_str(&reference);
            from = piece.end();
        }
        out.push_str(text.get(from..).unwrap_or_default());
        Ok(out)
    }
}

/// An error with its place in the text that was typed, not in what was asked for it.
fn failure(error: Error, text: &str, prefix: &str) -> Failure {
    match error {
        Error::Mistake(mistake) if mistake.span.at >= prefix.len() => {
            let Span { at, end } = mistake.span;
            let span = Span::new(at - prefix.len(), end.saturating_sub(prefix.len()));
            let error = Mistake { span, ..*mistake }.into();
            Failure::Query { error, text: text.to_owned() }
        }
        error => Failure::Query { error, text: format!("{prefix}{text}") },
    }
}
