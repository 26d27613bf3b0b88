//! The house style where a machine can hold it: files that open with their purpose, no drawers, no
//! giants, one home for each dangerous or foreign crate, nothing that names a machine.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names that say where something was put instead of what it is.
const DRAWERS: [&str; 6] = ["util", "utils", "common", "misc", "helper", "helpers"];

/// Above this nobody reads a file to its end; most stay under 300.
const LINES_MAX: usize = 800;

/// A crate or a word, and where alone code may name it. One home each, so that replacing what a
/// crate does for us, or auditing it, means reading one place.
const HOMES: &[(&str, &[&str])] = &[
    ("pest", &["grammar/", "query/src/parse"]),
    ("pest_derive", &["grammar/"]),
    ("sled", &["engine/src/catalog"]),
    ("bincode", &["engine/src/catalog"]),
    // The comparison reads the tables of the world that it is about.
    (
        "parquet",
        &[
            "engine/src/events/",
            "engine/src/container",
            "evidence/src/logs/columnar.rs",
            "benches/compare/src/world.rs",
        ],
    ),
    // The growth bench writes the registry that is imported.
    (
        "rusqlite",
        &["import/src/mlflow", "import/tests/", "tests/tests/", "benches/growth/src/registry.rs"],
    ),
    ("csv", &["import/src/datadog/csv.rs"]),
    ("signal_hook", &["cli/src/command/import/follow.rs"]),
    ("zip", &["import/src/exchange/clearml/archive.rs", "evidence/src/archive"]),
    ("rustyline", &["cli/src/repl/", "cli/src/passphrase.rs"]),
    ("ctrlc", &["cli/src/repl/"]),
    ("arrow_array", &["server/src/reply/arrow.rs"]),
    ("arrow_ipc", &["server/src/reply/arrow.rs"]),
    ("arrow_schema", &["server/src/reply/arrow.rs"]),
    ("axum", &["server/"]),
    ("hyper", &["server/"]),
    ("tokio", &["server/"]),
    ("tokio_rustls", &["server/src/tls.rs", "server/src/serve.rs", "tests/tests/server/"]),
    ("utoipa", &["server/"]),
    ("tracing_subscriber", &["server/src/log.rs", "server/src/log/line.rs"]),
    ("memmap2", &["engine/src/mapping"]),
    // Programs choose an allocator, libraries do not.
    (
        "mimalloc",
        &[
            "cli/src/main.rs",
            "benches/compare/src/main.rs",
            "benches/growth/src/main.rs",
            "import/examples/",
            "query/examples/",
            "server/examples/echo.rs",
        ],
    ),
    ("ed25519_dalek", &["proof/src/tlog/key.rs"]),
    ("ssh_key", &["evidence/src/record/key.rs"]),
    ("svg", &["evidence/src/report/picture/canvas.rs"]),
    ("serde_json_canonicalizer", &["evidence/src/canonical.rs"]),
    ("unsafe", &["engine/src/mapping"]),
];

/// How a file would say where packages come from. That is the machine's business, not the project's.
const REGISTRY_WORDS: [&str; 7] = [
    "index.crates.io",
    "static.crates.io",
    "files.pythonhosted.org",
    "pypi.org/simple",
    "index-url",
    "PIP_INDEX",
    "replace-with",
];

/// The one source that a package of ours may have; Cargo's own name for the public registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// This file, which has to name what it looks for.
const THIS_FILE: &str = "tests/tests/tidy.rs";

#[test]
fn every_file_opens_with_its_purpose() {
    refuse(&sources(), |path, text| {
        let opens = text.lines().find(|line| !line.trim().is_empty());
        let says = opens.and_then(|line| line.strip_prefix("//!")).unwrap_or_default();
        (says.trim().len() < 8).then(|| format!("{path}: begin it with `//!` and what it is for"))
    });
}

#[test]
fn no_file_is_a_drawer() {
    refuse(&sources(), |path, _| {
        let parts = path.trim_end_matches(".rs").split('/');
        let drawer = parts.into_iter().find(|part| DRAWERS.contains(part))?;
        Some(format!("{path}: `{drawer}` says nothing: name it by what it holds"))
    });
}

#[test]
fn no_file_is_too_long_to_read() {
    refuse(&sources(), |path, text| {
        let test =
            path.starts_with("tests/") || path.contains("/tests/") || path.ends_with("/tests.rs");
        let lines = text.lines().count();
        (!test && lines > LINES_MAX).then(|| {
            format!("{path}: {lines} lines, at most {LINES_MAX}: give each story its own file")
        })
    });
}

#[test]
fn every_foreign_crate_and_every_unsafe_stays_in_its_home() {
    refuse(&sources(), |path, text| {
        let mut faults = String::new();
        for (name, homes) in HOMES {
            if path == THIS_FILE || homes.iter().any(|home| path.starts_with(home)) {
                continue;
            }
            for (number, line) in text.lines().enumerate().filter(|(_, line)| names(line, name)) {
                let line = line.trim();
                writeln!(
                    faults,
                    "{path}:{}: `{name}` belongs to {}: {line}",
                    number + 1,
                    homes.join(", ")
                )
                .expect("a string takes all");
            }
        }
        (!faults.is_empty()).then_some(faults)
    });
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let Some(files) = tracked() else {
        lineal_tests::foreign::skip("names of machines and registries", "not a git checkout");
        return;
    };
    let machine = machine_paths();
    refuse(&files, |path, text| {
        if path == THIS_FILE {
            return None;
        }
        let found = machine
            .iter()
            .map(String::as_str)
            .chain(REGISTRY_WORDS)
            .find(|word| text.contains(word))?;
        Some(format!("{path}: names `{found}`, which another machine has not"))
    });
}

#[test]
fn every_package_comes_from_the_public_registry() {
    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock is committed");
    let mut sources = 0;
    for line in lock.lines().filter_map(|line| line.strip_prefix("source = ")) {
        assert_eq!(line.trim_matches('"'), REGISTRY);
        sources += 1;
    }
    assert!(
        sources > 50,
        "{sources} packages with a source: Cargo.lock is not read as it is written"
    );
}

/// Whether code in this line names a crate, or uses a keyword. Comments may name anything.
fn names(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let is_word = |found: char| found.is_alphanumeric() || found == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let whole = !before.ends_with(is_word) && !after.starts_with(is_word);
        // `x::sled::y` is a module of x; `::sled::y` is the crate.
        let inside = before.strip_suffix("::").is_some_and(|path| path.ends_with(is_word));
        let imported = before.trim_end().ends_with("use") && after.starts_with([';', ' ']);
        let as_crate = !inside && after.starts_with("::") || imported;
        let as_keyword = name == "unsafe" && after.starts_with([' ', '{']);
        whole && (as_crate || as_keyword)
    })
}

#[test]
fn code_that_names_a_crate_is_told_from_text_that_does() {
    for line in [
        "use sled::Db;",
        "    let db: sled::Db =",
        "use sled;",
        "#[derive(sled::Thing)]",
        "use ::sled::Db;",
    ] {
        assert!(names(line, "sled"), "{line}");
    }
    for line in [
        "/// in sled::Db",
        "bobsled::ride()",
        "self::sledge::x",
        "self::sled::open()",
        "let sled = 1;",
        "\"sled\"",
    ] {
        assert!(!names(line, "sled"), "{line}");
    }
    assert!(names("    unsafe { x }", "unsafe") && names("unsafe impl Send", "unsafe"));
    assert!(!names("unsafe_code = 1", "unsafe") && !names("// unsafe { }", "unsafe"));
}

/// Paths that exist on this machine only: the checkout, the folder that holds it, the home.
fn machine_paths() -> Vec<String> {
    // Folders that stand on every machine, and so say nothing about this one.
    const EVERYWHERE: [&str; 9] =
        ["/", "/tmp", "/home", "/srv", "/opt", "/usr", "/var", "/mnt", "/Users"];
    let root = root();
    let home = std::env::var_os("HOME").map(PathBuf::from);
    [root.parent(), Some(root.as_path()), home.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(Path::to_str)
        .filter(|path| path.starts_with('/') && !EVERYWHERE.contains(path))
        .map(|path| format!("{path}/"))
        .collect()
}

/// Fails with what `fault` says of any of these files.
fn refuse(files: &[(String, String)], fault: impl Fn(&str, &str) -> Option<String>) {
    assert!(files.len() > 20, "{} files found: this test looks in the wrong place", files.len());
    let faults: Vec<String> = files.iter().filter_map(|(path, text)| fault(path, text)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Path and text of each Rust file in the project's folders, in order of path.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open = vec![root()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry of the folder").path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            // What is built, and what hides behind a dot, is not ours to judge.
            let ours = name != "target" && !name.starts_with('.');
            if path.is_dir() && ours {
                open.push(path);
            } else if ours && name.ends_with(".rs") {
                let text = std::fs::read_to_string(&path).expect("Rust files are UTF-8");
                let below = path.strip_prefix(root()).expect("it lies below the root");
                found.push((below.display().to_string(), text));
            }
        }
    }
    found.sort_unstable();
    found
}

/// Path and text of each committed file; `None` where git does not know, as in an unpacked archive.
fn tracked() -> Option<Vec<(String, String)>> {
    let listing = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().ok()?;
    if !listing.status.success() {
        return None;
    }
    let listing = String::from_utf8(listing.stdout).expect("file names are UTF-8");
    let read = |path: &str| {
        // A file that git knows may be gone from the folder; one that is not text holds no words.
        let bytes = std::fs::read(root().join(path)).ok()?;
        Some((path.to_owned(), String::from_utf8(bytes).ok()?))
    };
    Some(listing.split_terminator('\0').filter_map(read).collect())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}
