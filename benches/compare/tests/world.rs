//! The synthetic world of the comparison with other engines, imported with nothing but a mapping
//! file: Lineal's answers to q1 to q10 are those of SQLite over the same world.
//!
//! Needs a Python with numpy, pyarrow and psutil (`LINEAL_PYTHON`, else `python3`) and the folder of
//! the comparison (`LINEAL_PEERS`, else `../shared/peers` beside the repository). The world has
//! 200,000 events; `LINEAL_PEERS_SIZE` takes another (XS, M, L).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Seconds that a question may take in all: this is no measurement.
const BUDGET: &str = "2";
/// Thirteen questions, those with arguments at least for a few of them.
const ANSWERS_MIN: u32 = 100;

/// Said on the terminal, since the test runner keeps the output of a test that passes.
fn skip(reason: &str) {
    let line =
        format!("skipped: answers compared with SQLite over the synthetic world: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

#[test]
fn the_questions_of_the_synthetic_world_are_answered_as_sqlite_answers_them() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let peers = named("LINEAL_PEERS").unwrap_or_else(|| here.join("../../../shared/peers"));
    if !peers.join("gen.py").is_file() {
        return skip("the folder of the comparison is not there (LINEAL_PEERS names it)");
    }
    let python = named("LINEAL_PYTHON").unwrap_or_else(|| "python3".into());
    let imports =
        Command::new(&python).args(["-B", "-c", "import numpy, pyarrow, psutil"]).output();
    if !imports.is_ok_and(|output| output.status.success()) {
        return skip("no Python with numpy, pyarrow and psutil (LINEAL_PYTHON names one)");
    }
    let size = std::env::var("LINEAL_PEERS_SIZE").unwrap_or_else(|_| "S".to_owned());
    let work = tempfile::tempdir().unwrap();
    let page = work.path().join("page.md");
    let output = Command::new(python)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(here.join("run.py"))
        .arg("--peers")
        .arg(peers)
        .args(["--program", env!("CARGO_BIN_EXE_lineal-peer")])
        .args(["--size", &size, "--budget", BUDGET, "--work"])
        .arg(work.path())
        .arg("--markdown")
        .arg(&page)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let last = said.lines().last().unwrap_or_default();
    let words: Vec<&str> = last.split_whitespace().collect();
    let [answers, "answers", "compared,", "about", rows, "rows,", "0", ..] = words[..] else {
        panic!("{said}")
    };
    let (answers, rows): (u32, u32) = (answers.parse().unwrap(), rows.parse().unwrap());
    assert!(answers >= ANSWERS_MIN && rows >= answers, "{said}");
    // Questions, SQLite, Lineal, Lineal in the engine: no cell is empty.
    let page = std::fs::read_to_string(page).unwrap();
    let table: Vec<&str> = page.lines().filter(|line| line.starts_with("| q")).collect();
    assert_eq!(table.len(), 13, "{page}");
    assert!(
        table.iter().all(|row| row.split(" | ").count() >= 5 && !row.contains("| -")),
        "{page}"
    );
}
