//! `lineal report`: what is recorded of a thing, for people to read.
//!
//! One line a kind of report; how a thing is found and a report written is the same for all.

mod sheets;

use crate::args::{Arguments, Report, ReportForm, ReportOf};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::counted;
use crate::target::resolve;
use crate::time::Zone;
use crate::{place, retracted};
use lineal_engine::{NodeNo, Store};
use lineal_evidence::report::{Document, Error, annex_iv};
use lineal_query::told::Target;
use lineal_query::{Source, StoreView};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

pub(super) fn run(arguments: &Arguments, wanted: &Report) -> Outcome {
    let (of, make): (&ReportOf, Make) = match wanted {
        Report::AnnexIv(of) => (of, annex_iv),
        Report::Sheet(sheet) => return sheets::run(arguments, sheet),
    };
    let asked = Asked::open(arguments, of)?;
    let document = make(&asked.store, &asked.view, asked.node).map_err(failure)?;
    written(arguments, (of.format, of.out.as_deref()), &document, asked.view.commit())
}

/// Makes a report of a node, as of a view.
type Make = fn(&Store, &StoreView, NodeNo) -> Result<Document, Error>;

/// A store, a view of it, and what the report is of.
struct Asked {
    store: Arc<Store>,
    view: StoreView,
    node: NodeNo,
}

impl Asked {
    fn open(arguments: &Arguments, of: &ReportOf) -> Outcome<Asked> {
        let zone = Zone::parse(&arguments.tz)?;
        let store = Arc::new(place::open_read_only(arguments)?);
        let view = StoreView::new(Arc::clone(&store))?;
        let view = match of.as_of.as_deref().map(|text| (text, text.parse::<u64>())) {
            None => view,
            Some((text, number)) => {
                let number = match number {
                    Ok(number) => number,
                    Err(_) => store.commit_at(crate::time::parse(text)?),
                };
                let newest = store.commit();
                view.as_of_commit(number)?.ok_or_else(|| {
                    Failure::usage(format!("there is no commit {number}; the newest is {newest}"))
                })?
            }
        };
        let snapshot = view.snapshot();
        let explained = |failure| retracted::explain(&store, snapshot, &zone, &of.target, failure);
        let target = resolve(snapshot, &zone, &of.target).map_err(explained)?;
        let Target::Node(node) = target else {
            return Err(Failure::usage(format!(
                "{} is an event: name its system, its deployment or its model\n  \
                 `lineal trace {}` tells which these are",
                of.target, of.target
            )));
        };
        Ok(Asked { store, view, node })
    }
}

/// Writes a report where it is wanted.
fn written(
    arguments: &Arguments,
    (format, path): (Option<ReportForm>, Option<&Path>),
    document: &Document,
    commit: u64,
) -> Outcome {
    let named = path.and_then(Path::extension).and_then(|it| it.to_str());
    let form = match (format, named) {
        (Some(form), _) => form,
        (None, Some("html" | "htm")) => ReportForm::Html,
        (None, Some("json")) => ReportForm::Json,
        (None, None) if arguments.json => ReportForm::Json,
        (None, _) => ReportForm::Md,
    };
    let text = match form {
        ReportForm::Md => document.to_markdown(None),
        ReportForm::Html => document.to_html(),
        ReportForm::Json => document.to_json(),
    };
    let mut out = std::io::stdout().lock();
    let Some(path) = path else {
        out.write_all(text.as_bytes())?;
        return Ok(Exit::Answer);
    };
    let failed = |e: std::io::Error| Failure::usage(format!("{}: {e}", path.display()));
    std::fs::write(path, &text).map_err(failed)?;
    let nodes = document.references().len();
    if arguments.json {
        let json = serde_json::json!({
            "file": path, "bytes": text.len(), "report": document.kind, "title": document.title,
            "nodes": nodes, "pictures": document.pictures().len(), "commit": commit,
        });
        writeln!(out, "{json}")?;
    } else {
        writeln!(
            out,
            "{} as of commit {commit}: {} named, {} in {}",
            document.title,
            counted(nodes as u64, "node"),
            counted(text.len() as u64, "byte"),
            path.display()
        )?;
    }
    Ok(Exit::Answer)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Store(error)
        | Error::Closure(lineal_evidence::Error::Store(error))
        | Error::Check(lineal_evidence::check::Error::Store(error)) => Failure::Store(error),
        Error::Record(error) => Failure::Record(error),
        other => Failure::usage(other),
    }
}
