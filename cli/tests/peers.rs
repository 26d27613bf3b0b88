//! The synthetic world of the comparison with other engines, imported with nothing but a mapping
//! file: its answers are those of SQLite over the same world.
//!
//! Needs a Python with numpy and pyarrow (`LINEAL_PYTHON`, else `python3`) and the folder of the
//! comparison (`LINEAL_PEERS`, else `../shared/peers` beside the repository). The world has 200,000
//! events; `LINEAL_PEERS_SIZE` takes another (XS, M, L).

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Said on the terminal, since the test runner keeps the output of a test that passes.
fn skip(reason: &str) {
    let line =
        format!("skipped: answers compared with SQLite over the synthetic world: {reason}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn q1_and_q3_over_the_synthetic_world_are_answered_as_sqlite_answers_them() {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let peers = named("LINEAL_PEERS").unwrap_or_else(|| repository().join("../shared/peers"));
    if !peers.join("gen.py").is_file() {
        return skip("the folder of the comparison is not there (LINEAL_PEERS names it)");
    }
    let python = named("LINEAL_PYTHON").unwrap_or_else(|| "python3".into());
    let imports = Command::new(&python).args(["-B", "-c", "import numpy, pyarrow"]).output();
    if !imports.is_ok_and(|output| output.status.success()) {
        return skip("no Python with numpy and pyarrow (LINEAL_PYTHON names one)");
    }
    let size = std::env::var("LINEAL_PEERS_SIZE").unwrap_or_else(|_| "S".to_owned());
    let work = tempfile::tempdir().unwrap();
    let compare = repository().join("benches/compare");
    let output = Command::new(python)
        .arg("-B")
        .arg(compare.join("check.py"))
        .arg("--peers")
        .arg(peers)
        .args(["--lineal", env!("CARGO_BIN_EXE_lineal"), "--size", &size, "--mapping"])
        .arg(compare.join("world.toml"))
        .arg("--work")
        .arg(work.path())
        .env_remove("LINEAL_STORE")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // 40 arguments each of two questions, or as many as the world has.
    let words: Vec<&str> = said.split_whitespace().collect();
    let [answers, "answers", "equal,", rows, "rows"] = words[..] else { panic!("{said}") };
    let (answers, rows): (u32, u32) = (answers.parse().unwrap(), rows.parse().unwrap());
    assert!(answers >= 20 && rows >= answers, "{said}");
}
