//! Running the readers of others: the scripts of `tests/foreign` under a Python that has what they
//! need. Where there is none the test says so on the terminal and ends: a skip is never silent.

use std::ffi::OsStr;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The interpreter that `.ci/run` prepares with the packages of the tests.
pub const PYTHON_VARIABLE: &str = "LINEAL_PYTHON";

/// What a script answered.
#[derive(Debug)]
pub struct Answer {
    /// Its exit code; `None` if it was killed.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained of.
    pub stderr: String,
}

/// A Python that can import all of `packages`: the one that `LINEAL_PYTHON` names, else `python3`.
/// Without one, says on the terminal what `test` skips, and gives `None`.
#[must_use]
pub fn python(test: &str, packages: &[&str]) -> Option<PathBuf> {
    let named = std::env::var_os(PYTHON_VARIABLE).map(PathBuf::from);
    let found = named.unwrap_or_else(|| PathBuf::from("python3"));
    let missing = if !imports(&found, "sys") {
        Some(format!("`{}` does not run", found.display()))
    } else {
        packages
            .iter()
            .find(|package| !imports(&found, package))
            .map(|package| format!("{package} not installed for `{}`", found.display()))
    };
    let Some(missing) = missing else { return Some(found) };
    skip(test, &missing);
    None
}

/// Says on the terminal that `test` does not run here, and why.
pub fn skip(test: &str, reason: &str) {
    // Not `eprintln!`, whose output the test runner keeps to itself when a test passes.
    let line = format!("skipped: {test}: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn imports(python: &Path, package: &str) -> bool {
    let program = format!("import {package}");
    let output = Command::new(python).args(["-B", "-c", &program]).output();
    output.is_ok_and(|output| output.status.success())
}

/// Runs a script of `tests/foreign` with these arguments and this input.
///
/// # Errors
/// If the interpreter cannot be started.
pub fn run(
    python: &Path,
    script: &str,
    arguments: &[&OsStr],
    input: &[u8],
) -> std::io::Result<Answer> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("foreign").join(script);
    // A file and not a pipe: the script may answer before it has read everything.
    let mut stdin = tempfile::tempfile()?;
    stdin.write_all(input)?;
    stdin.rewind()?;
    // -B: a test leaves nothing in the source tree.
    let mut command = Command::new(python);
    command.arg("-B").arg(script).args(arguments).stdin(stdin);
    let output = command.output()?;
    Ok(Answer {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
