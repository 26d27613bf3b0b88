//! `lineal prove`: a statement and what shows it, in one file that a stranger can check.

use crate::args::{Arguments, Prove};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::{and_more, counted, visible};
use crate::time::Zone;
use lineal_engine::Store;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_proof::bundle::{Bundle, VERIFIER};
use lineal_query::prove::{NotProved, Proving, prove};
use lineal_query::{Limits, Parameters, Request, StoreView, Value};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// The verifier that is written beside a proof.
const VERIFIER_NAME: &str = "verify.py";
/// Sentences of what is shown on the screen; a path is a long one.
const WORDS_SHOWN: usize = 5;
/// From this size on it is said before the file is written.
const LARGE: usize = 1 << 20;

pub(super) fn run(arguments: &Arguments, wanted: &Prove) -> Outcome {
    let statement = wanted.statement.join(" ");
    let mut parameters = Parameters::new();
    for text in &wanted.param {
        let pair = text.split_once('=');
        let (name, value) =
            pair.ok_or_else(|| Failure::usage(format!("{text}: write name=value")))?;
        parameters.set(name.trim_start_matches('$'), Value::Text(value.to_owned()));
    }
    let withhold = wanted.withhold.is_some();
    let given = wanted.checkpoint.as_deref().map(read).transpose()?;
    let file = match Remote::meant(arguments)? {
        Some(remote) => remote.prove(&statement, &parameters, given.as_deref(), withhold)?,
        None => {
            let store = Arc::new(place::open_read_only(arguments)?);
            let note = match given {
                Some(note) => note,
                None => newest(&store)?,
            };
            let view = StoreView::new(store)?;
            let limits = Limits::default();
            let request =
                Request { parameters: &parameters, limits: &limits, now: SystemClock.now() };
            let (statement, checkpoint) = (statement.as_str(), note.as_slice());
            let proving = Proving { statement, checkpoint, withhold, request: &request };
            let zone = Zone::parse(&arguments.tz)?;
            prove(&view, &proving).map_err(|why| failure(&zone, why))?.write()
        }
    };
    write(arguments, wanted, &file)
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    std::fs::read(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

/// The newest checkpoint that a store keeps.
fn newest(store: &Store) -> Outcome<Vec<u8>> {
    match store.checkpoint_sizes()?.last() {
        Some(size) => Ok(store.kept_checkpoint(*size)?.note.to_string().into_bytes()),
        None => Err(Failure::usage(
            "this store has no checkpoint yet: a proof is shown against a signed one\n  \
             `lineal checkpoint` makes one, `--checkpoint FILE` names another",
        )),
    }
}

fn failure(zone: &Zone, why: NotProved) -> Failure {
    match why {
        NotProved::Unresolved(unresolved) => crate::target::failure(zone, unresolved),
        NotProved::Question { error, text } => Failure::Query { error: *error, text },
        NotProved::Unproved(lineal_engine::Unproved::Store(error)) => Failure::Store(error),
        NotProved::NotSo { .. } => Failure::NotFound(why.to_string()),
        other => Failure::usage(other),
    }
}

fn write(arguments: &Arguments, wanted: &Prove, file: &str) -> Outcome {
    if file.len() >= LARGE {
        let size = counted(file.len() as u64, "byte");
        writeln!(std::io::stderr(), "note: the proof has {size}")?;
    }
    let mut out = std::io::stdout().lock();
    let Some(path) = &wanted.output else {
        out.write_all(file.as_bytes())?;
        return Ok(Exit::Answer);
    };
    let failed = |path: &Path| {
        let name = path.display().to_string();
        move |e: std::io::Error| Failure::usage(format!("{name}: {e}"))
    };
    std::fs::write(path, file).map_err(failed(path))?;
    let verifier = path.with_file_name(VERIFIER_NAME);
    if wanted.with_verifier {
        std::fs::write(&verifier, VERIFIER).map_err(failed(&verifier))?;
    }
    // What was made here, or by a server, is read as whoever is given it reads it.
    let bundle = Bundle::read(file.as_bytes());
    let bundle = bundle.map_err(|fault| Failure::usage(format!("this is no proof: {fault}")))?;
    let words = bundle.words();
    if arguments.json {
        let json = serde_json::json!({
            "file": path, "bytes": file.len(), "words": words,
            "verifier": wanted.with_verifier.then_some(&verifier),
        });
        writeln!(out, "{json}")?;
        return Ok(Exit::Answer);
    }
    for line in words.iter().take(WORDS_SHOWN) {
        writeln!(out, "{}", visible(line))?;
    }
    if let Some(more) = and_more(words.len() as u64, WORDS_SHOWN) {
        writeln!(out, "{more}; --json lists all")?;
    }
    writeln!(out, "  {} in {}", counted(file.len() as u64, "byte"), path.display())?;
    let check = if wanted.with_verifier {
        format!("python3 {} {}", verifier.display(), path.display())
    } else {
        format!("lineal-verify {}", path.display())
    };
    writeln!(out, "  to check it: {check} --key KEY")?;
    Ok(Exit::Answer)
}
