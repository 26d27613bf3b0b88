//! The Python client against a live server: its own tests, run with the Python of the machine.

#![cfg(unix)]

use crate::program::{ARCHIVE, DATABASE, Folder};
use crate::serve::Serving;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a Python test needs beside the standard library.
const CLIENT: [&str; 2] = ["httpx", "pytest"];

/// A Python that has these, or a line that says what did not run.
pub(crate) fn python(what: &str, packages: &[&str]) -> Option<PathBuf> {
    let python = std::env::var_os("LINEAL_PYTHON").map_or_else(|| "python3".into(), PathBuf::from);
    let import = format!("import {}", packages.join(", "));
    let has = Command::new(&python).args(["-c", &import]).output();
    if has.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("skipped: {what}: {} has not all of {}", python.display(), packages.join(", "));
    None
}

/// A server over the bundled exports, with an investigator's token.
pub(crate) fn serving() -> (Folder, Serving, String) {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let token = token(&folder, "investigator");
    let serving = Serving::with(&folder, &[]);
    (folder, serving, token)
}

fn token(folder: &Folder, role: &str) -> String {
    let token = ["token", "create", "--role", role, "--name", "ada"];
    folder.done(&token).out.trim().to_owned()
}

#[test]
fn the_python_client_passes_its_tests_against_a_live_server() {
    let Some(python) = python("the Python client", &CLIENT) else { return };
    // One that writes, too: its own commits are not seen in what the tests read.
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let [token, importer, engineer, officer] =
        ["investigator", "importer", "engineer", "privacy-officer"]
            .map(|role| token(&folder, role));
    let serving = Serving::with(&folder, &["--write"]);
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("../clients/python");
    let output = Command::new(python)
        .args(["-m", "pytest", "-q", "-rs"])
        .current_dir(&client)
        .env("PYTHONPATH", client.join("src"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("LINEAL_TEST_URL", format!("http://{}", serving.address))
        .env("LINEAL_TEST_TOKEN", token)
        .env("LINEAL_TEST_IMPORTER", importer)
        .env("LINEAL_TEST_ENGINEER", engineer)
        .env("LINEAL_TEST_OFFICER", officer)
        .env("LINEAL_TEST_CASE", "2026-17")
        .output()
        .expect("python starts");
    serving.end();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // Only what needs pandas or Arrow may be left out.
    for line in said.lines().filter(|line| line.starts_with("SKIPPED")) {
        assert!(line.contains("could not import"), "{said}");
        println!("skipped: the Python client: {line}");
    }
    assert!(said.contains("passed"), "{said}");
}
