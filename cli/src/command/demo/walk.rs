//! A walk: commands of this program, each with a word about why, run and shown as a person would.

use crate::exit::{Failure, Outcome};
use crate::render::Style;
use crate::shell::{quoted, shell_line};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What runs a verifier.
const PYTHON: &str = "python3";

pub(super) struct Walk {
    /// For programs: one object at the end.
    is_json: bool,
    zone: String,
    store: PathBuf,
    /// This program.
    program: PathBuf,
    style: Style,
    /// What was done.
    steps: Vec<Json>,
}

impl Walk {
    pub(super) fn new(is_json: bool, zone: &str, store: PathBuf) -> Outcome<Walk> {
        let program = std::env::current_exe()
            .map_err(|error| Failure::usage(format!("this program cannot find itself: {error}")))?;
        let (zone, style) = (zone.to_owned(), Style::new());
        Ok(Walk { is_json, zone, store, program, style, steps: Vec::new() })
    }

    /// Says something, to a person.
    pub(super) fn tell(&self, words: &str) -> Outcome<()> {
        if !self.is_json {
            writeln!(std::io::stdout(), "{words}")?;
        }
        Ok(())
    }

    /// A command about the store, as it would be typed.
    pub(super) fn line(&self, words: &[impl AsRef<str>]) -> String {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        shell_line(Some(&self.store), &words)
    }

    /// A command about the store.
    pub(super) fn step(&mut self, says: &str, words: &[impl AsRef<str>]) -> Outcome<()> {
        let store = self.store.clone();
        self.take(says, Some(&store), words)
    }

    /// A command that names its store itself.
    pub(super) fn bare(&mut self, says: &str, words: &[impl AsRef<str>]) -> Outcome<()> {
        self.take(says, None, words)
    }

    /// What a command answers to programs, without showing it.
    pub(super) fn ask(&self, words: &[&str]) -> Outcome<Json> {
        let output = self.run(Some(&self.store), words, true)?;
        parsed(words, &output)
    }

    /// Runs a Python program; none if there is no Python here.
    pub(super) fn python(&mut self, says: &str, words: &[&str]) -> Outcome<Option<(i32, String)>> {
        let line: Vec<_> = std::iter::once(&PYTHON).chain(words).map(|word| quoted(word)).collect();
        let line = line.join(" ");
        self.head(says, &line)?;
        let output = match Command::new(PYTHON).args(words).output() {
            Ok(output) => output,
            Err(_) => {
                self.tell("  there is no python3 here: run it on any machine that has one")?;
                self.steps.push(json!({ "says": says, "command": line, "answer": null }));
                return Ok(None);
            }
        };
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        self.body(&said)?;
        let code = output.status.code().unwrap_or(-1);
        self.steps.push(json!({ "says": says, "command": line, "exit": code }));
        Ok(Some((code, said)))
    }

    /// The end: for programs all of it.
    pub(super) fn end(&mut self, mut told: Json) -> Outcome<()> {
        if self.is_json {
            told["store"] = json!(self.store);
            told["steps"] = json!(std::mem::take(&mut self.steps));
            writeln!(std::io::stdout(), "{told}")?;
        }
        Ok(())
    }

    fn take(&mut self, says: &str, store: Option<&Path>, words: &[impl AsRef<str>]) -> Outcome<()> {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let line = shell_line(store, &words);
        self.head(says, &line)?;
        let output = self.run(store, &words, self.is_json)?;
        if self.is_json {
            let answer = parsed(&words, &output)?;
            self.steps.push(json!({ "says": says, "command": line, "answer": answer }));
        } else {
            self.body(&String::from_utf8_lossy(&output.stdout))?;
        }
        Ok(())
    }

    fn head(&self, says: &str, line: &str) -> Outcome<()> {
        self.tell("")?;
        self.tell(&self.style.strong(says))?;
        self.tell(&format!("$ {line}"))
    }

    fn body(&self, said: &str) -> Outcome<()> {
        for line in said.lines() {
            self.tell(format!("  {line}").trim_end())?;
        }
        Ok(())
    }

    /// Runs this program.
    fn run(&self, store: Option<&Path>, words: &[&str], is_json: bool) -> Outcome<Output> {
        let mut command = Command::new(&self.program);
        // What it offers to paste names the program as this call does.
        #[cfg(unix)]
        if let Some(called) = std::env::args_os().next() {
            use std::os::unix::process::CommandExt as _;
            command.arg0(called);
        }
        command.env_remove("LINEAL_STORE").args(["--tz", &self.zone]);
        if let Some(store) = store {
            command.arg("--store").arg(store);
        }
        if is_json {
            command.arg("--json");
        }
        let output = command.args(words).output().map_err(|error| {
            Failure::usage(format!("{} cannot be run: {error}", self.program.display()))
        })?;
        if output.status.success() {
            return Ok(output);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let line = shell_line(store, words);
        Err(Failure::usage(format!("`{line}` did not end well: {}", said.trim_end())))
    }
}

/// What it answered.
fn parsed(words: &[&str], output: &Output) -> Outcome<Json> {
    serde_json::from_slice(&output.stdout).map_err(|error| {
        Failure::usage(format!("what `{}` answered cannot be read: {error}", words.join(" ")))
    })
}
