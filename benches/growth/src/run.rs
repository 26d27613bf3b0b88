//! The run itself: a registry a stretch, an archive a day, questions at each mark and at the end.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::archive;
use crate::calendar::{Day, MARKS, Stretch, day_of, stretches};
use crate::chance::{Chance, Stream};
use crate::graph::Graph;
use crate::machine::{bytes_of, bytes_under, free_bytes};
use crate::registry;
use crate::rows::Rows;
use crate::{Outcome, Plan};
use data_encoding::HEXLOWER;

/// Arguments of a question, as in the harness.
const ARGUMENTS: usize = 40;
/// The folders of a store whose bytes are told.
const FOLDERS: [&str; 5] = ["containers", "index", "segments", "sealed", "keys"];

/// Files of the index by how their names begin; their bytes are told too.
const PARTS: [&str; 3] = ["graph", "keys-", "ledger"];

/// What a run works with.
struct Runner<'a> {
    plan: &'a Plan,
    rows: Rows,
    store: PathBuf,
    /// Bytes of the disk that stay free.
    reserve: u64,
    stretches: Vec<Stretch>,
}

/// Goes on from what is done to the end of the plan, or until the disk is short.
///
/// # Errors
/// What an import or a question says, or rows of another plan in the same folder.
pub(crate) fn run(plan: &Plan, reserve: u64) -> Outcome {
    std::fs::create_dir_all(&plan.folder)?;
    let mut rows = Rows::open(&plan.folder.join("rows.ndjson"))?;
    let wanted = json!({ "row": "plan", "seed": plan.seed, "day_events": plan.day_events });
    match rows.first("plan") {
        None => rows.add(wanted)?,
        Some(found) if *found == wanted => {}
        Some(found) => return Err(format!("rows.ndjson is of another plan: {found}").into()),
    }
    let store = plan.folder.join("store");
    let stretches = stretches(plan.to, plan.day_events);
    let mut runner = Runner { plan, rows, store, reserve, stretches };
    let mut graph = Graph::new(plan.seed);
    for at in 0..runner.stretches.len() {
        let stretch = runner.stretches[at].clone();
        graph.grow(&stretch);
        if !runner.stretch(&graph, &stretch)? {
            return Ok(());
        }
    }
    Ok(())
}

impl Runner<'_> {
    /// False when the disk is short.
    fn stretch(&mut self, graph: &Graph, stretch: &Stretch) -> Outcome<bool> {
        if !self.rows.has("registry", "runs", stretch.runs as u64) {
            if !self.has_room()? {
                return Ok(false);
            }
            self.registry(graph, stretch)?;
        }
        for day in &stretch.days {
            if self.rows.has("day", "day", day.number) {
                if self.rows.has("day", "events", day.first + day.events) {
                    continue;
                }
                let number = day.number;
                return Err(format!(
                    "day {number} was cut short by the --to of an earlier run: begin in a new folder"
                )
                .into());
            }
            if !self.has_room()? {
                return Ok(false);
            }
            self.day(graph, day)?;
        }
        let last = stretch.events == self.plan.to;
        let is_mark = last || MARKS.iter().any(|(events, _)| *events == stretch.events);
        if is_mark && !self.rows.has("mark", "events", stretch.events) {
            self.mark(graph, stretch)?;
        }
        Ok(true)
    }

    /// Is there so much free that a step can be made? Says so if not.
    fn has_room(&mut self) -> Outcome<bool> {
        let free = free_bytes(&self.plan.folder)?;
        if free < self.reserve {
            self.rows.add(json!({ "row": "stopped", "free": free, "reserve": self.reserve }))?;
        }
        Ok(free >= self.reserve)
    }

    /// The registry stands ahead of its days: it holds what they will refer to.
    fn registry(&mut self, graph: &Graph, stretch: &Stretch) -> Outcome {
        let file = self.plan.folder.join("mlflow.db");
        let begun = Instant::now();
        registry::write(graph, &file)?;
        let generated = begun.elapsed().as_secs_f64();
        let bytes = std::fs::metadata(&file)?.len();
        let imported =
            self.child(&["import".as_ref(), self.store.as_ref(), file.as_ref()], None)?;
        std::fs::remove_file(&file)?;
        self.rows.add(json!({
            "row": "registry", "runs": stretch.runs, "datasets": graph.datasets.len(),
            "versions": graph.versions.len(), "deployments": graph.deployments.len(),
            "source_bytes": bytes, "generated_s": generated, "import": imported,
            "disk": self.disk(),
        }))
    }

    fn day(&mut self, graph: &Graph, day: &Day) -> Outcome {
        let folder = self.plan.folder.join("datadog");
        // What a run that was cut off left.
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        let begun = Instant::now();
        let written = archive::write(graph, day, &folder)?;
        let generated = begun.elapsed().as_secs_f64();
        let imported =
            self.child(&["import".as_ref(), self.store.as_ref(), folder.as_ref()], None)?;
        std::fs::remove_dir_all(&folder)?;
        self.rows.add(json!({
            "row": "day", "day": day.number, "events": day.first + day.events,
            "day_events": day.events, "batches": day.batches, "files": written.files,
            "line_bytes": written.lines, "packed_bytes": written.packed, "generated_s": generated,
            "import": imported, "disk": self.disk(),
        }))
    }

    fn mark(&mut self, graph: &Graph, stretch: &Stretch) -> Outcome {
        let arguments = self.arguments(graph, stretch.events);
        let asked = self.child(&["ask".as_ref(), self.store.as_ref()], Some(&arguments))?;
        self.rows.add(json!({
            "row": "mark", "events": stretch.events, "runs": stretch.runs, "asked": asked,
            "disk": self.disk(),
        }))
    }

    /// Events of all days alike, model versions but the oldest quarter, as the harness draws them.
    fn arguments(&self, graph: &Graph, events: u64) -> Value {
        let mut chance = Chance::new(self.plan.seed, Stream::Arguments, events);
        let mut hash = || {
            let event = chance.below(events);
            day_of(&self.stretches, event)
                .map(|day| archive::input_hash(self.plan.seed, &day, event))
        };
        let hashes: Vec<String> = (0..ARGUMENTS).filter_map(|_| hash()).collect();
        let least = graph.versions.len() / 4;
        let mut model = || {
            let at = least + chance.index(graph.versions.len() - least);
            let version = &graph.versions[at];
            format!("{}@{}", registry::model_name(version.model), version.number)
        };
        let models: Vec<String> = (0..ARGUMENTS).map(|_| model()).collect();
        let missing = |number| Chance::new(self.plan.seed, Stream::Missing, number).bytes();
        let misses: Vec<String> =
            (0..ARGUMENTS as u64).map(|number| HEXLOWER.encode(&missing(number))).collect();
        json!({ "q1": hashes, "q3": models, "q9hit": hashes, "q9miss": misses })
    }

    /// This program again, in a process of its own; what it prints.
    fn child(&self, words: &[&Path], input: Option<&Value>) -> Outcome<Value> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut pipe = child.stdin.take().ok_or("no pipe to the child")?;
        if let Some(input) = input {
            pipe.write_all(input.to_string().as_bytes())?;
        }
        drop(pipe);
        let done = child.wait_with_output()?;
        if !done.status.success() {
            return Err(format!("{} of {} failed", words[0].display(), self.store.display()).into());
        }
        Ok(serde_json::from_slice(&done.stdout)?)
    }

    /// Bytes of the store by folder, and of the index by what it is about.
    fn disk(&self) -> Value {
        let folders = FOLDERS.iter().map(|name| (*name, bytes_under(&self.store.join(name))));
        let index = self.store.join("index");
        let parts = PARTS.iter().map(|name| (*name, bytes_of(&index, name)));
        let each = folders.chain(parts).chain([("all", bytes_under(&self.store))]);
        each.map(|(name, bytes)| (name.to_owned(), Value::from(bytes)))
            .collect::<serde_json::Map<String, Value>>()
            .into()
    }
}
