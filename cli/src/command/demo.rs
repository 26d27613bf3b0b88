//! `lineal demo`: the main job on bundled real exports, in seconds.

mod evidence;
mod planted;
mod walk;

use super::{ask, import, trace};
use crate::args::{Arguments, Demo};
use crate::exit::{Failure, Outcome};
use crate::place;
use crate::render::Style;
use crate::shell::shell_line;
use crate::time::Zone;
use lineal_engine::{Snapshot, Store};
use lineal_import::{ImportOptions, LoadedMapping};
use lineal_query::told::{CameBack, retracted_imports};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Where the demo is made if no folder is named.
const FOLDER: &str = "lineal-demo";
/// What the demo asks.
const QUESTION: &str = "Which data trained the model behind this inference hash?";

/// The bundled exports: an MLflow 3.17 store made by real training, and a Datadog log archive of
/// the model it registered (the fixtures of the tests; origin and counts: tests/fixtures/README.md).
const BUNDLED: [(&str, &[u8]); 3] = [
    ("mlflow.db", include_bytes!("../../../tests/fixtures/mlflow-3.17-sqlite/mlflow.db")),
    (
        "datadog/dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz",
        include_bytes!(
            "../../../tests/fixtures/datadog-art12-a-nested/dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz"
        ),
    ),
    (
        "datadog/dt=20251103/hour=15/archive_151503.2020.9beb2cfe-c003-4ec9-bd75-9a735ac0f0cb.json.gz",
        include_bytes!(
            "../../../tests/fixtures/datadog-art12-a-nested/dt=20251103/hour=15/archive_151503.2020.9beb2cfe-c003-4ec9-bd75-9a735ac0f0cb.json.gz"
        ),
    ),
];

pub(super) fn run(arguments: &Arguments, wanted: &Demo) -> Outcome {
    if wanted.evidence {
        return evidence::run(arguments, wanted);
    }
    let style = Style::new();
    let zone = Zone::parse(&arguments.tz)?;
    let mut screen = std::io::stdout().lock();
    let mut nobody = std::io::sink();
    // Programs get one object at the end.
    let mut out: &mut dyn Write = if arguments.json { &mut nobody } else { &mut screen };
    let mut imported = None;
    let folder = wanted.dir.as_deref().unwrap_or(Path::new(FOLDER));
    let place = folder.join("store");
    let store = if place.join("head").is_file() {
        writeln!(out, "{} is there from an earlier run: already imported", folder.display())?;
        Store::open(&place, place::options(arguments))?
    } else {
        let exports = folder.join("exports");
        for (path, bytes) in BUNDLED {
            let file = exports.join(path);
            let written = file.parent().map_or(Ok(()), std::fs::create_dir_all);
            written
                .and_then(|()| std::fs::write(&file, bytes))
                .map_err(|e| Failure::usage(format!("cannot write {}: {e}", file.display())))?;
        }
        writeln!(out, "exports of one team, as they came: {}", exports.display())?;
        let (made, from) = (place.display().to_string(), exports.display().to_string());
        let init = shell_line(None, &["init", &made]);
        writeln!(out, "$ {init} && {}", shell_line(Some(&place), &["import", &from]))?;
        Store::create(&place, place::options(arguments))?
    };
    if store.commit() == 0 {
        let begun = Instant::now();
        let options = ImportOptions::default();
        let paths = [folder.join("exports")];
        let report = import::with_progress(&store, &paths, &options, &LoadedMapping::built_in()?)?;
        import::print(&mut out, &report, CameBack::default(), begun.elapsed())?;
        imported = Some(report.to_json());
    }
    let view = store.snapshot()?;
    let hash = ask::example_hash(&view)?;
    let hash = match hash {
        Some(hash) => hash,
        None => return Err(without_events(&view, &place)?),
    };
    if arguments.json {
        let (trace, exit) = trace::as_json(&view, &hash, &zone, None)?;
        let answer = json!({
            "store": place, "import": imported, "question": QUESTION, "trace": trace,
        });
        writeln!(screen, "{answer}")?;
        return Ok(exit);
    }
    writeln!(out)?;
    writeln!(out, "{}", style.strong(QUESTION))?;
    writeln!(out, "$ {}", shell_line(Some(&place), &["trace", &hash]))?;
    let exit = trace::print(&mut out, &view, &hash, &zone, None)?;
    writeln!(out)?;
    writeln!(out, "go on from here:")?;
    let upstream = "find dataset upstream via training of inference:$hash";
    let path = format!("trace inference:{hash} to dataset as d return d, path");
    let lines: [&[&str]; 3] = [
        &["query", upstream, "--param", &format!("hash={hash}")],
        &["query", &path],
        &["show", &hash],
    ];
    for words in lines {
        writeln!(out, "  {}", shell_line(Some(&place), words))?;
    }
    Ok(exit)
}

/// The demo's import may have been retracted, as the tour suggests.
fn without_events(view: &Snapshot, place: &Path) -> Outcome<Failure> {
    let Some(import) = retracted_imports(view)?.pop() else {
        return Ok(Failure::usage("the demo's store holds no events; remove it and run again"));
    };
    let back = shell_line(Some(place), &["retract", &format!("import:{import}"), "--restore"]);
    Ok(Failure::usage(format!("the demo's import is retracted; this brings it back:\n  {back}")))
}
