//! The arrows between the crates: docs/architecture.md draws them, this test holds them; and the
//! crates of others, which docs/contributing.md accounts for.
//!
//! An arrow is a dependency in a `Cargo.toml`, whichever section names it: a test of a crate is as
//! much bound by them as its code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Table;

/// Each crate's folder and the crates of ours that it may depend on. Nothing may depend on `cli`,
/// `tests` or `benches`: they stand in no right-hand side.
const ARROWS: &[(&str, &[&str])] = &[
    ("proof", &[]),
    ("grammar", &[]),
    ("engine", &["proof"]),
    ("query", &["engine", "grammar", "proof"]),
    ("import", &["engine", "proof"]),
    ("evidence", &["engine", "import", "proof", "query"]),
    ("server", &["engine", "evidence", "import", "proof", "query"]),
    ("cli", &["engine", "evidence", "grammar", "import", "proof", "query", "server"]),
    ("tests", &["engine", "evidence", "grammar", "import", "proof", "query", "server"]),
    ("benches/compare", &["engine", "import", "query"]),
    ("benches/growth", &["engine", "import", "query"]),
    ("benches", &["engine", "grammar", "import", "proof", "query"]),
];

const SECTIONS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn every_crate_depends_only_on_what_it_may_know() {
    let mut faults = Vec::new();
    let mut arrows = 0;
    for (folder, used) in used_by_folder() {
        let allowed = ARROWS.iter().find(|(name, _)| *name == folder);
        let Some((_, allowed)) = allowed else {
            faults.push(format!(
                "{folder} has no row in ARROWS: say there, and in docs/architecture.md, what it may use"
            ));
            continue;
        };
        for name in used {
            arrows += 1;
            if !allowed.contains(&name.as_str()) {
                faults.push(format!("{folder} must not depend on {name}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(arrows > 5, "{arrows} arrows found: the manifests are not read as they are written");
}

#[test]
fn a_crate_is_called_as_its_folder() {
    for folder in members() {
        let manifest = manifest(&root().join(&folder));
        let name = manifest["package"]["name"].as_str().expect("a package has a name");
        let last = folder.rsplit('/').next().expect("a folder has a name");
        assert_eq!(name, format!("lineal-{last}"));
    }
}

#[test]
fn every_dependency_has_its_row_in_contributing() {
    let path = root().join("docs/contributing.md");
    let text = std::fs::read_to_string(&path).expect("docs/contributing.md is there");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').collect())
        .collect();
    let workspace = manifest(&root());
    let dependencies = workspace["workspace"]["dependencies"].as_table().expect("a table");
    let mut faults = Vec::new();
    for (name, dependency) in dependencies.iter().filter(|(name, _)| !name.starts_with("lineal-")) {
        let version = dependency.as_str().or_else(|| dependency.get("version")?.as_str());
        let exact = version.expect("a dependency has a version").starts_with('=');
        // Columns: (before the first bar), crate, what it is for, where, kept by, pinned.
        let row = rows.iter().find(|row| row[1].contains(&format!("`{name}`")));
        match row.and_then(|row| row.get(5)) {
            None => faults.push(format!("{name} has no row: say what it is for and who keeps it")),
            Some(pinned) if pinned.trim().starts_with("exact") != exact => {
                faults
                    .push(format!("{name}: the row and Cargo.toml differ on whether it is pinned"));
            }
            Some(_) => {}
        }
    }
    assert!(faults.is_empty(), "docs/contributing.md:\n{}", faults.join("\n"));
}

/// The folders of our crates and, for each, the folders of our crates that it uses.
fn used_by_folder() -> BTreeMap<String, Vec<String>> {
    let ours = |name: &str| name.strip_prefix("lineal-").map(str::to_owned);
    members()
        .into_iter()
        .map(|folder| {
            let names = dependencies(&manifest(&root().join(&folder)));
            let mut used: Vec<String> = names.iter().filter_map(|name| ours(name)).collect();
            used.sort_unstable();
            used.dedup();
            (folder, used)
        })
        .collect()
}

/// The package names of all dependencies, those for one platform included, renamed ones too.
fn dependencies(manifest: &Table) -> Vec<String> {
    let platforms = manifest.get("target").and_then(|target| target.as_table());
    let platforms =
        platforms.into_iter().flat_map(Table::values).filter_map(|table| table.as_table());
    std::iter::once(manifest)
        .chain(platforms)
        .flat_map(|table| SECTIONS.iter().filter_map(|section| table.get(*section)?.as_table()))
        .flatten()
        .map(|(key, value)| {
            let renamed = value.get("package").and_then(|name| name.as_str());
            renamed.unwrap_or(key).to_owned()
        })
        .collect()
}

fn members() -> Vec<String> {
    let workspace = manifest(&root());
    let members = workspace["workspace"]["members"].as_array().expect("a list of members");
    members.iter().map(|name| name.as_str().expect("a folder").to_owned()).collect()
}

fn manifest(folder: &Path) -> Table {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}
