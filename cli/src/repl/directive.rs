//! Lines that begin with a dot: about the visit, not about lineage.

use super::Ended;
use super::asks::Asks;
use super::session::{Format, Session};
use crate::args;
use crate::command::{imports, stats};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::{Drawn, counted, is_picture, no_bundle, print_answer, print_table, table};
use crate::sound::print_sound;
use clap::ValueEnum;
use lineal_engine::schema::{KINDS, Kind};
use serde_json::{Value as Json, json};
use std::io::{BufWriter, Write};
use std::path::Path;

/// One directive.
pub(crate) struct Directive {
    /// With its dot.
    pub(crate) name: &'static str,
    /// What it takes, as `.help` shows it.
    takes: &'static str,
    meaning: &'static str,
}

const fn directive(name: &'static str, takes: &'static str, meaning: &'static str) -> Directive {
    Directive { name, takes, meaning }
}

/// All directives, in the order of `.help`.
pub(crate) const DIRECTIVES: &[Directive] = &[
    directive(".help", "", "this list"),
    directive(".kinds", "", "what the store holds, by kind"),
    directive(".relations", "", "relations, with both names and the kinds they join"),
    directive(".fields", "KIND", "the fields of a kind"),
    directive(".functions", "", "functions and figures"),
    directive(".stats", "", "counts, times, sources, what is missing"),
    directive(".imports", "", "what was brought when, from where"),
    directive(".format", "[FORMAT]", "how answers are printed; auto follows the question"),
    directive(".timing", "[on|off]", "how long each question took"),
    directive(
        ".export",
        "FILE",
        "write the last answer: .csv, .json, .ndjson, .prov, .dot, .mermaid, else a table",
    ),
    directive(".source", "FILE", "read statements from a file"),
    directive(".param", "[NAME[=VALUE]]", "set $NAME; NAME shows it, NAME= forgets it; alone all"),
    directive(".sets", "", "sets kept with let"),
    directive(".limits", "[NAME NUMBER]", "edges, events, rows, bytes, seconds of one question"),
    directive(".quit", "", "leave; Ctrl-D does too"),
];

/// Files that read files: deeper than this is a circle.
const SOURCE_DEPTH_MAX: usize = 8;

const FORMATS: [&str; 1] = ["auto"];
const SWITCH: [&str; 2] = ["on", "off"];

/// The words that a directive takes, for completion.
pub(crate) fn arguments(name: &str) -> Vec<String> {
    match name {
        ".fields" => KINDS.iter().map(|kind| kind.name().to_owned()).collect(),
        ".format" => formats(),
        ".timing" => SWITCH.map(str::to_owned).into(),
        ".limits" => super::bounds::BOUNDS.map(str::to_owned).into(),
        _ => Vec::new(),
    }
}

fn formats() -> Vec<String> {
    let known = args::Format::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    let known = known.filter(|value| !value.is_hide_set());
    let known = known.map(|value| value.get_name().to_owned());
    known.chain(FORMATS.map(str::to_owned)).collect()
}

/// Whether the visit goes on.
pub(crate) enum Next {
    /// It does, and this went so.
    On(Exit),
    /// It ends, with the worst of what a file met that said so.
    Quit(Exit),
}

/// Does what a line with a dot says.
pub(crate) fn run(session: &mut Session, line: &str, out: &mut dyn Write) -> Outcome<Next> {
    let (name, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
    let rest = rest.trim().trim_end_matches(';').trim_end();
    let exit = match name {
        ".help" => help(session, out)?,
        ".kinds" => session.ask("show kinds", out)?,
        ".relations" => session.ask("show relations", out)?,
        ".functions" => session.ask("show functions", out)?,
        ".fields" => fields(session, rest, out)?,
        ".stats" => {
            let (zone, json) = (session.zone().clone(), session.json);
            session.asks().follow()?;
            match session.asks() {
                Asks::Here { opened, .. } => {
                    let view = opened.view.snapshot();
                    let store = &opened.store;
                    print_sound(out, view, |out| stats::print(out, store, view, &zone, json))?;
                }
                Asks::There(remote) => stats::draw(out, &remote.stats()?, &zone, json)?,
            }
            Exit::Answer
        }
        ".imports" => {
            let (zone, json) = (session.zone().clone(), session.json);
            session.asks().follow()?;
            match session.asks() {
                Asks::Here { opened, .. } => {
                    let (store, view) = (&opened.store, opened.view.snapshot());
                    print_sound(out, view, |out| imports::print(out, store, view, &zone, json))?;
                }
                Asks::There(remote) => imports::draw(out, &remote.imports()?, &zone, json)?,
            }
            Exit::Answer
        }
        ".format" => format(session, rest, out)?,
        ".timing" => timing(session, rest, out)?,
        ".export" => export(session, rest, out)?,
        ".source" => return source(session, rest, out),
        ".param" => parameter(session, rest, out)?,
        ".sets" => sets(session, out)?,
        ".limits" => limits(session, rest, out)?,
        ".quit" | ".exit" => return Ok(Next::Quit(Exit::Answer)),
        _ => return Err(unknown(name)),
    };
    Ok(Next::On(exit))
}

fn unknown(name: &str) -> Failure {
    let near = DIRECTIVES.iter().find(|directive| {
        let typed = name.trim_end_matches('s');
        typed.len() > 2 && directive.name.starts_with(typed)
    });
    let hint = near.map_or("`.help` lists them".to_owned(), |near| {
        format!("did you mean `{}`? `.help` lists all", near.name)
    });
    Failure::usage(format!("there is no directive `{name}`\n  {hint}"))
}

fn help(session: &Session, out: &mut dyn Write) -> Outcome<Exit> {
    if session.json {
        let all = DIRECTIVES.iter().map(|directive| {
            json!({
                "directive": directive.name, "takes": directive.takes,
                "meaning": directive.meaning,
            })
        });
        writeln!(out, "{}", Json::Array(all.collect()))?;
        return Ok(Exit::Answer);
    }
    writeln!(out, "A statement ends with `;` or an empty line. Tab completes, Ctrl-C stops.")?;
    writeln!(out, "$1 stands for the first thing in row 1 of the last answer, $2 for row 2.")?;
    writeln!(out, "The history keeps what is typed, unless a blank stands before it.")?;
    writeln!(out)?;
    for directive in DIRECTIVES {
        let usage = format!("{} {}", directive.name, directive.takes);
        writeln!(out, "  {usage:22} {}", directive.meaning)?;
    }
    Ok(Exit::Answer)
}

fn fields(session: &mut Session, kind: &str, out: &mut dyn Write) -> Outcome<Exit> {
    if Kind::parse(kind).is_none() && !kind.eq_ignore_ascii_case("node") {
        return Err(Failure::usage(if kind.is_empty() {
            "fields of which kind? `.fields model`; `.kinds` lists them".to_owned()
        } else {
            format!("there is no kind `{kind}`; `.kinds` lists them")
        }));
    }
    session.ask(&format!("show fields of {kind}"), out)
}

fn format(session: &mut Session, name: &str, out: &mut dyn Write) -> Outcome<Exit> {
    let asked = name.is_empty();
    if !asked {
        session.format = if name == "auto" {
            None
        } else {
            let format = args::Format::from_str(name, true);
            if format == Ok(Format::Bundle) {
                return Err(no_bundle(""));
            }
            Some(format.map_err(|_| {
                Failure::usage(format!(
                    "there is no format `{name}` here; there are {}",
                    formats().join(", ")
                ))
            })?)
        };
    }
    let name = session.format.and_then(|format: Format| format.to_possible_value());
    let name = name.map_or("auto".to_owned(), |value| value.get_name().to_owned());
    let text = format!("format {name}");
    if asked && session.json {
        writeln!(out, "{}", json!({ "format": name }))?;
    } else if asked {
        writeln!(out, "{text}")?;
    } else {
        session.note(out, &text)?;
    }
    Ok(Exit::Answer)
}

fn timing(session: &mut Session, word: &str, out: &mut dyn Write) -> Outcome<Exit> {
    session.timing = match word {
        "on" => true,
        "off" => false,
        "" => !session.timing,
        _ => return Err(Failure::usage("`.timing on` or `.timing off`")),
    };
    session.note(out, if session.timing { "timing on" } else { "timing off" })?;
    Ok(Exit::Answer)
}

fn export(session: &Session, name: &str, out: &mut dyn Write) -> Outcome<Exit> {
    if name.is_empty() {
        return Err(Failure::usage(
            "`.export FILE`; its ending says how: .csv, .json, .ndjson, .prov, .dot, .mermaid",
        ));
    }
    let answer = session.answer().ok_or_else(|| {
        Failure::usage("there is no answer to write yet; ask first, then `.export FILE`")
    })?;
    let path = Path::new(name);
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let format = args::Format::from_str(ending, true).unwrap_or(args::Format::Table);
    if format == Format::Bundle {
        return Err(no_bundle(""));
    }
    let picture = if is_picture(format) { session.picture()? } else { None };
    let drawn = session.view().map_or(Drawn::Given(picture.as_ref()), Drawn::Of);
    // An export may be evidence by now: it is never written over.
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let file = file.map_err(|e| {
        let hint = if e.kind() == std::io::ErrorKind::AlreadyExists {
            "it is there already and stays as it is; name another file".to_owned()
        } else {
            e.to_string()
        };
        Failure::usage(format!("cannot write {name}: {hint}"))
    })?;
    let mut file = BufWriter::new(file);
    print_answer(&mut file, answer, drawn, format, session.zone())?;
    file.flush()?;
    let rows = counted(answer.rows.len() as u64, "row");
    session.note(out, &format!("{rows} written to {name}"))?;
    Ok(Exit::Answer)
}

/// Will a line read statements from a file?
pub(crate) fn is_source(line: &str) -> bool {
    line.split_whitespace().next() == Some(".source")
}

fn source(session: &mut Session, name: &str, out: &mut dyn Write) -> Outcome<Next> {
    if name.is_empty() {
        return Err(Failure::usage("`.source FILE`: a file of statements"));
    }
    if session.depth >= SOURCE_DEPTH_MAX {
        return Err(Failure::usage(format!(
            "{name}: files read files {SOURCE_DEPTH_MAX} deep; does one read itself?"
        )));
    }
    let text = std::fs::read_to_string(name).map_err(|e| Failure::usage(format!("{name}: {e}")))?;
    session.depth += 1;
    let ended = super::script(session, text.as_bytes(), out);
    session.depth -= 1;
    Ok(match ended? {
        Ended::On(exit) => Next::On(exit),
        Ended::Quit(exit) => Next::Quit(exit),
    })
}

fn parameter(session: &mut Session, text: &str, out: &mut dyn Write) -> Outcome<Exit> {
    if text.is_empty() && session.json {
        writeln!(out, "{}", json!(session.parameters))?;
        return Ok(Exit::Answer);
    }
    if text.is_empty() {
        if session.parameters.is_empty() {
            writeln!(out, "no parameters; `.param name=value` sets $name")?;
        }
        for (name, value) in &session.parameters {
            writeln!(out, "${name} = {value}")?;
        }
        return Ok(Exit::Answer);
    }
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (text, None),
    };
    let name = name.trim().trim_start_matches('$');
    let is_name = !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if !is_name {
        return Err(Failure::usage(format!(
            "`{name}` is no name for a parameter: letters, digits and _, no digit first"
        )));
    }
    let Some(value) = value else { return show_parameter(session, name, out) };
    let value = value.trim();
    if value.is_empty() {
        session.parameters.remove(name);
        session.note(out, &format!("${name} has no value"))?;
    } else {
        let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
        session.parameters.insert(name.to_owned(), value.to_owned());
        session.note(out, &format!("${name} = {value}"))?;
    }
    Ok(Exit::Answer)
}

/// A name alone looks and changes nothing, as in the shell of SQLite; forgetting is `NAME=`.
fn show_parameter(session: &Session, name: &str, out: &mut dyn Write) -> Outcome<Exit> {
    let value = session.parameters.get(name);
    if session.json {
        writeln!(out, "{}", json!({ name: value }))?;
    } else if let Some(value) = value {
        writeln!(out, "${name} = {value}")?;
    } else {
        writeln!(out, "${name} has no value; `.param {name}=value` gives it one")?;
    }
    Ok(Exit::Answer)
}

fn sets(session: &Session, out: &mut dyn Write) -> Outcome<Exit> {
    if session.json {
        let all = session.sets.all().iter();
        let all = all.map(|(name, question)| json!({ "name": name, "question": question }));
        writeln!(out, "{}", Json::Array(all.collect()))?;
        return Ok(Exit::Answer);
    }
    if session.sets.all().is_empty() {
        writeln!(out, "no sets; `let name = find ...;` keeps one for this visit")?;
    }
    for (name, question) in session.sets.all() {
        writeln!(out, "{name} = {question}")?;
    }
    Ok(Exit::Answer)
}

fn limits(session: &mut Session, text: &str, out: &mut dyn Write) -> Outcome<Exit> {
    if let Some((name, number)) = text.split_once(char::is_whitespace) {
        session.bounds.set(name, number.trim())?;
        let now = session.bounds.all().into_iter().find(|shown| shown.name == name);
        let now = now.map_or_else(String::new, |shown| shown.text(shown.value));
        return session.note(out, &format!("{name} {now}")).map(|()| Exit::Answer);
    } else if !text.is_empty() {
        return Err(Failure::usage("`.limits NAME NUMBER`, or `.limits` to see them"));
    }
    let all = session.bounds.all();
    if session.json {
        let all = all.iter().map(|shown| {
            json!({
                "limit": shown.name, "value": shown.value, "default": shown.default,
                "meaning": shown.meaning,
            })
        });
        writeln!(out, "{}", Json::Array(all.collect()))?;
        return Ok(Exit::Answer);
    }
    let rows = all.iter().map(|shown| {
        let (value, default) = (shown.text(shown.value), shown.text(shown.default));
        vec![shown.name.to_owned(), value, default, shown.meaning.to_owned()]
    });
    print_table(out, &table(&["limit", "value", "default", "meaning"], rows.collect()))?;
    Ok(Exit::Answer)
}
