//! Running `lineal` in a folder of its own and looking at how it ended.

#![allow(dead_code, reason = "each test program uses its own part of this")]
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The bundled database.
pub(crate) const DATABASE: &str = "mlflow-3.17-sqlite/mlflow.db";
/// An archive of the models in it.
pub(crate) const ARCHIVE: &str = "datadog-art12-a-nested";
/// An input hash of version 3.
pub(crate) const HASH: &str = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504";

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Run {
    /// The exit code.
    pub(crate) code: i32,
    /// What was printed, with what varies replaced.
    pub(crate) out: String,
    /// What was complained of, with what varies replaced.
    pub(crate) err: String,
}

impl Run {
    /// Everything, for golden tests: the code first.
    pub(crate) fn all(&self) -> String {
        format!("[{}]\n{}{}", self.code, self.out, self.err)
    }

    /// The output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}

/// A folder in which `lineal` runs.
pub(crate) struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn new() -> Folder {
        Folder { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with a store in `.lineal` that holds fixtures.
    pub(crate) fn with(fixtures: &[&str]) -> Folder {
        let folder = Folder::new();
        folder.done(&["init"]);
        if !fixtures.is_empty() {
            let paths: Vec<String> =
                fixtures.iter().map(|name| fixture(name).display().to_string()).collect();
            let mut arguments = vec!["import"];
            arguments.extend(paths.iter().map(String::as_str));
            folder.done(&arguments);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// A call that is not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lineal"));
        command.current_dir(self.path()).args(arguments);
        for name in ["LINEAL_STORE", "COLUMNS", "NO_COLOR", "CLICOLOR_FORCE", "TZ"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_with(arguments, b"")
    }

    /// Runs it with an input.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input closes it early: that is no failure.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code().unwrap_or(-1),
            out: self.settled(&String::from_utf8(output.stdout).unwrap()),
            err: self.settled(&String::from_utf8(output.stderr).unwrap()),
        }
    }

    /// Runs it; it must end well.
    pub(crate) fn done(&self, arguments: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
        run
    }

    /// Runs a line that was offered to be pasted into a shell.
    pub(crate) fn paste(&self, line: &str) -> std::process::Output {
        let rest = line.trim().strip_prefix("lineal ").unwrap();
        let line = format!("'{}' {rest}", env!("CARGO_BIN_EXE_lineal"));
        Command::new("sh").current_dir(self.path()).arg("-c").arg(line).output().unwrap()
    }

    /// Text with what differs from run to run replaced: this folder, the program, seconds,
    /// store ids.
    fn settled(&self, text: &str) -> String {
        let text = text.replace(&self.path().display().to_string(), "FOLDER");
        let text = text.replace(&fixture("").display().to_string(), "FIXTURES/");
        let text = text.replace(env!("CARGO_BIN_EXE_lineal"), "lineal");
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            out.push_str(&without_seconds(line));
        }
        out
    }
}

/// `in 0.1 s` and `, 0.1 s` become `in T s`: times that are no part of a promise.
fn without_seconds(line: &str) -> String {
    let mut words: Vec<&str> = line.split(' ').collect();
    for at in 1..words.len() {
        let seconds = words[at].trim_end() == "s" && words[at - 1].parse::<f64>().is_ok();
        if seconds && words[at - 1].contains('.') {
            words[at - 1] = "T";
        }
    }
    words.join(" ")
}

/// Where a fixture lies.
pub(crate) fn fixture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    folder.join("tests/fixtures").join(name)
}
