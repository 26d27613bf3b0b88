//! `lineal report`: what is recorded of a thing, for people to read.
//!
//! Words become one request; a report is made of that beside the store, or by a server.

use crate::args::{Arguments, Paper, Report, ReportForm, Sheet};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{counted, visible};
use crate::retracted;
use crate::target;
use crate::time::{self, Zone};
use lineal_engine::Store;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::report::{Basis, Error, Made, ReportKind, ReportRequest};
use lineal_evidence::retention::Policy;
use lineal_query::told::Unresolved;
use lineal_query::{Limits, StoreView};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(arguments: &Arguments, wanted: &Report) -> Outcome {
    let (name, request) = request(wanted)?;
    let (form, path) = to(arguments, wanted);
    let given = match Remote::meant(arguments)? {
        Some(remote) => {
            let given = remote.report(name, &request, form.word())?;
            let (nodes, pictures) = (given.nodes, given.pictures);
            Given { bytes: given.bytes, title: given.title, nodes, pictures, commit: given.commit }
        }
        None => here(arguments, name, &request, form)?,
    };
    written(arguments, name, path, &given)
}

/// A report as it is written.
struct Given {
    bytes: Vec<u8>,
    title: String,
    /// Nodes that it names.
    nodes: u64,
    pictures: u64,
    commit: u64,
}

/// The kind that is meant, and what is asked of it.
fn request(wanted: &Report) -> Outcome<(&'static str, ReportRequest)> {
    let time = |text: &Option<String>| text.as_deref().map(written_out).transpose();
    let of = |paper: &Paper| -> Outcome<ReportRequest> {
        let as_of = time(&paper.as_of)?;
        Ok(ReportRequest { as_of, names: paper.names, ..ReportRequest::default() })
    };
    let about = |target: &String| Some(target.clone());
    Ok(match wanted {
        Report::AnnexIv(it) => {
            let (target, as_of) = (about(&it.target), time(&it.as_of)?);
            ("annex-iv", ReportRequest { target, as_of, ..ReportRequest::default() })
        }
        Report::Sheet(Sheet::Oversight(it)) => {
            let (from, until, sample) = (time(&it.from)?, time(&it.until)?, Some(it.sample));
            let target = about(&it.target);
            ("oversight", ReportRequest { target, from, until, sample, ..of(&it.paper)? })
        }
        Report::Sheet(Sheet::Incident(it)) => {
            let (from, until, target) = (time(&it.from)?, time(&it.until)?, about(&it.target));
            ("incident", ReportRequest { target, from, until, ..of(&it.paper)? })
        }
        Report::Sheet(Sheet::Change(it)) => {
            let (old, new) = (about(&it.old), about(&it.new));
            ("change", ReportRequest { old, new, ..of(&it.paper)? })
        }
        Report::Sheet(Sheet::Data(it)) => {
            ("data-sheet", ReportRequest { target: about(&it.target), ..of(&it.paper)? })
        }
        Report::Sheet(Sheet::Retention(it)) => {
            let policy = it.policy.as_deref().map(policy).transpose()?;
            let target = it.target.clone();
            ("retention", ReportRequest { target, policy, ..of(&it.paper)? })
        }
        Report::Sheet(Sheet::Dpia(it)) => {
            ("dpia", ReportRequest { target: about(&it.target), ..of(&it.paper)? })
        }
    })
}

/// A time as it travels, with its zone; a commit number, or `now`, as it stands.
fn written_out(text: &str) -> Outcome<String> {
    if text == "now" || text.parse::<u64>().is_ok() {
        return Ok(text.to_owned());
    }
    Ok(time::rfc3339(time::parse(text)?))
}

/// The text of a policy file; what is wrong in it is said with the file's name.
fn policy(file: &Path) -> Outcome<String> {
    Policy::read(Some(file)).map_err(Failure::usage)?;
    std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{}: {e}", file.display())))
}

/// In which form, and where to.
fn to<'w>(arguments: &Arguments, wanted: &'w Report) -> (ReportForm, Option<&'w Path>) {
    let (format, path) = match wanted {
        Report::AnnexIv(of) => (of.format, of.out.as_deref()),
        Report::Sheet(sheet) => (sheet.paper().format, sheet.paper().out.as_deref()),
    };
    let named = path.and_then(Path::extension).and_then(|it| it.to_str());
    let form = match (format, named) {
        (Some(form), _) => form,
        (None, Some("html" | "htm")) => ReportForm::Html,
        (None, Some("json")) => ReportForm::Json,
        (None, None) if arguments.json => ReportForm::Json,
        (None, _) => ReportForm::Md,
    };
    (form, path)
}

/// Makes it beside the store.
fn here(
    arguments: &Arguments,
    name: &str,
    request: &ReportRequest,
    form: ReportForm,
) -> Outcome<Given> {
    let kind = ReportKind::named(name);
    let kind = kind.ok_or_else(|| Failure::usage(format!("there is no report {name}")))?;
    let zone = Zone::parse(&arguments.tz)?;
    let store = Arc::new(place::open_read_only(arguments)?);
    let newest = StoreView::new(Arc::clone(&store))?;
    let now = SystemClock.now();
    let basis = Basis {
        store: &store,
        newest: &newest,
        now,
        with_reasons: true,
        limits: Limits::default(),
        within: None,
    };
    let made = kind.make(request, &basis);
    let Made { document, commit } = made.map_err(|error| failure(&store, &zone, error))?;
    let text = match form {
        ReportForm::Md => document.to_markdown(None),
        ReportForm::Html => document.to_html(),
        ReportForm::Json => document.to_json(),
    };
    let (nodes, pictures) = (document.references().len(), document.pictures().len());
    Ok(Given {
        bytes: text.into_bytes(),
        title: document.title,
        nodes: nodes as u64,
        pictures: pictures as u64,
        commit,
    })
}

/// Writes a report where it is wanted.
fn written(arguments: &Arguments, name: &str, path: Option<&Path>, given: &Given) -> Outcome {
    let mut out = std::io::stdout().lock();
    let Some(path) = path else {
        out.write_all(&given.bytes)?;
        return Ok(Exit::Answer);
    };
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    std::fs::write(path, &given.bytes).map_err(failed)?;
    let Given { bytes, title, nodes, pictures, commit } = given;
    if arguments.json {
        let json = serde_json::json!({
            "file": path, "bytes": bytes.len(), "report": name, "title": title,
            "nodes": nodes, "pictures": pictures, "commit": commit,
        });
        writeln!(out, "{json}")?;
    } else {
        writeln!(
            out,
            "{} as of commit {commit}: {} named, {} in {}",
            visible(title),
            counted(*nodes, "node"),
            counted(bytes.len() as u64, "byte"),
            path.display()
        )?;
    }
    Ok(Exit::Answer)
}

fn failure(store: &Store, zone: &Zone, error: Error) -> Failure {
    use lineal_evidence::check::Error as Check;
    match error {
        Error::Store(error)
        | Error::Closure(lineal_evidence::Error::Store(error))
        | Error::Check(Check::Store(error)) => Failure::Store(error),
        Error::Record(error) => Failure::Record(error),
        Error::Unresolved { commit, why } => {
            let text = match &why {
                Unresolved::Nothing { text, .. } => text.clone(),
                Unresolved::NoEvent { key, .. } => key.clone(),
                _ => String::new(),
            };
            let failure = target::failure(zone, why);
            match store.snapshot_at(commit) {
                Ok(view) if !text.is_empty() => {
                    retracted::explain(store, &view, zone, &text, failure)
                }
                // The first error says more than one of a second look.
                _ => failure,
            }
        }
        other => Failure::usage(other),
    }
}
