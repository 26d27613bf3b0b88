//! `lineal --url import`: files go to a server and are imported there, with the report of the command.

#![cfg(unix)]

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, Run, fixture};
use crate::serve::Serving;

/// A server that writes an empty store, beside another store to compare with.
pub(crate) struct There {
    pub(crate) folder: Folder,
    serving: Option<Serving>,
    url: String,
}

impl There {
    pub(crate) fn new() -> There {
        let folder = Folder::new();
        for store in ["here", "there"] {
            folder.done(&["init", store]);
        }
        folder.write("server.toml", "write = true\n[stores]\nmain = \"there\"\n");
        for role in ["importer", "engineer", "privacy-officer", "admin"] {
            let made =
                ["token", "create", "--role", role, "--name", "x", "--config", "server.toml"];
            folder.write(role, folder.done(&made).out);
        }
        let serving = Serving::with(&folder, &["--config", "server.toml"]);
        let url = format!("http://{}", serving.address);
        There { folder, serving: Some(serving), url }
    }

    pub(crate) fn run(&self, role: &str, arguments: &[&str], input: &[u8]) -> Run {
        let first = ["--url", &self.url, "--token-file", role];
        self.folder.run_with(&[arguments, &first].concat(), input)
    }

    fn import(&self, arguments: &[&str]) -> Run {
        self.run("importer", &[&["import"], arguments].concat(), b"")
    }
}

impl Drop for There {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.end();
        }
    }
}

fn path(name: &str) -> String {
    fixture(name).display().to_string()
}

#[test]
fn an_import_over_a_server_reports_and_ends_as_one_beside_the_store() {
    let there = There::new();
    let hour = "dt=20251103/hour=16";
    let lines = format!(
        "{ARCHIVE}/{hour}/archive_161503.7524.a3cd0130-8208-4d9f-8748-205d9bbf3ebd.json.gz"
    );
    let mut codes = Vec::new();
    for arguments in [
        vec![path(DATABASE)],
        vec![path(DATABASE), "--source".to_owned(), "mlflow-again".to_owned()],
        // One broken line: by itself it looks like nothing.
        vec![path(&lines)],
        vec![path(&lines), "--as".to_owned(), "datadog".to_owned(), "--dry-run".to_owned()],
        vec![path(&lines), "--as".to_owned(), "datadog".to_owned(), "--strict".to_owned()],
        vec![path(&lines), "--as".to_owned(), "datadog".to_owned()],
        vec![path(&lines), "--as".to_owned(), "datadog".to_owned()],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let here = there.folder.run(&[&["import", "--store", "here"], &arguments[..]].concat());
        let over = there.import(&arguments);
        assert_eq!(over.code, here.code, "{arguments:?}: {over:?} {here:?}");
        codes.push(over.code);
        // What can be asked now is told by the store, and what was found instead by its records.
        let beside = ["found instead", "to record it", "what you can ask now", "  lineal "];
        let said = |line: &&str| !beside.iter().any(|it| line.contains(it));
        let expected: Vec<&str> = here.out.lines().filter(said).collect();
        assert_eq!(over.out.lines().collect::<Vec<_>>(), expected, "{arguments:?}: {over:?}");
    }
    // Known, and no better for it.
    assert_eq!(codes, [0, 0, 2, 5, 1, 5, 5]);
    assert_eq!(
        there.folder.done(&["imports", "--store", "here", "--json"]).json()[1]["sources"],
        there.run("engineer", &["imports", "--json"], b"").json()[1]["sources"]
    );
}

#[test]
fn a_folder_is_an_import_a_file_and_standard_input_is_one() {
    let there = There::new();
    assert_eq!(there.import(&[&path(DATABASE)]).code, 0);
    // One of the files holds nothing but a broken line: by itself it looks like nothing.
    let run = there.import(&[&path(ARCHIVE), "--as", "datadog", "--json"]);
    assert_eq!(run.code, 5, "{run:?}");
    let reports: Vec<serde_json::Value> =
        run.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reports.len(), 3);
    let events: u64 = reports.iter().filter_map(|report| report["events"].as_u64()).sum();
    assert_eq!(events, 300, "{run:?}");
    assert_eq!(reports[2]["brought_back"], serde_json::json!({ "nodes": 0, "events": 0 }));
    let traced = there.run("engineer", &["trace", HASH], b"");
    assert!(traced.out.contains("training data recorded: yes."), "{traced:?}");
    let line = r#"{"_id":"L1","date":"2026-03-01T00:00:01Z","service":"s","attributes":{"art12":{"event_id":"e1","timestamp":"2026-03-01T00:00:01Z","model":{"name":"credit-risk-scorer","version":"2"}}}}"#;
    let run = there.run("importer", &["import", "-", "--json"], line.as_bytes());
    assert_eq!((run.code, &run.json()["events"]), (0, &serde_json::json!(1)), "{run:?}");
}

#[test]
fn what_cannot_be_imported_over_a_server_says_why() {
    let there = There::new();
    let file = there.folder.write("notes.txt", "nothing of the kind");
    let file = file.display().to_string();
    let refused = there.import(&[&file]);
    assert!(refused.code == 2 && refused.err.contains("notes.txt"), "{refused:?}");
    let role = there.run("engineer", &["import", &file], b"");
    assert!(role.code == 2 && role.err.contains("the role engineer may not"), "{role:?}");
    // A large file: who may not is told so before it is sent.
    let large = there.folder.write("large.json", vec![b' '; 32 << 20]).display().to_string();
    let role = there.run("engineer", &["import", &large], b"");
    assert!(role.code == 2 && role.err.contains("the role engineer may not"), "{role:?}");
    for flag in [&["--explain-mapping"][..], &["--mapping", "x"], &["--actor", "x"]] {
        let run = there.import(&[&[file.as_str()], flag].concat());
        assert!(run.code == 2 && run.err.contains("does not go with --url"), "{run:?}");
    }
    there.folder.write("mlruns/0/meta.yaml", "x");
    let folder = there.import(&["mlruns"]);
    assert!(folder.code == 2 && folder.err.contains("read whole"), "{folder:?}");
}

#[test]
fn files_of_a_folder_that_are_not_recognised_are_listed_and_the_others_imported() {
    let there = There::new();
    let line = r#"{"_id":"L1","date":"2026-03-01T00:00:01Z","service":"s","attributes":{"art12":{"event_id":"e1","timestamp":"2026-03-01T00:00:01Z","model":{"name":"credit-risk-scorer","version":"2"}}}}"#;
    there.folder.write("logs/a-notes.txt", "nothing of the kind");
    there.folder.write("logs/b.json", format!("{line}\n"));
    there.folder.write("logs/c/README.md", "# nothing");
    // What an export carries beside its data is nobody's loss.
    there.folder.write("logs/b.json.sha256", "a sum");
    there
        .folder
        .write("logs/d.json", format!("{}\n", line.replace("L1", "L2").replace("e1", "e2")));
    let here = there.folder.run(&["import", "--store", "here", "logs"]);
    let run = there.import(&["logs"]);
    assert_eq!((run.code, here.code), (0, 0), "{run:?} {here:?}");
    let why = "called like no form that is read";
    let told = format!("no source in 2 files: a-notes.txt ({why}), c/README.md ({why})\n");
    assert!(run.out.ends_with(&told), "{run:?}");
    let events =
        there.run("engineer", &["query", "find inference summarize count() as n", "--json"], b"");
    assert_eq!(events.json()["rows"], serde_json::json!([[2]]), "{events:?}");
    // Nothing is sent of which a part would be left out.
    let line = line.replace("L1", "L3").replace("e1", "e3");
    there.folder.write("logs/e.json", format!("{line}\n"));
    let strict = there.import(&["logs", "--strict"]);
    assert_eq!((strict.code, strict.out.as_str()), (1, ""), "{strict:?}");
    assert!(strict.err.contains("no source takes 2 of the files"), "{strict:?}");
    assert!(strict.err.contains(&format!("a-notes.txt ({why})")), "{strict:?}");
    let events =
        there.run("engineer", &["query", "find inference summarize count() as n", "--json"], b"");
    assert_eq!(events.json()["rows"], serde_json::json!([[2]]), "{events:?}");
    // One report a file, and one that names what no source takes.
    let again = there.import(&["logs", "--json"]);
    assert_eq!((again.code, again.out.lines().count()), (0, 4), "{again:?}");
    let last: serde_json::Value =
        serde_json::from_str(again.out.lines().last().unwrap_or_default()).unwrap();
    let none = serde_json::json!({
        "files": 2, "names": ["a-notes.txt", "c/README.md"], "reasons": [why, why],
    });
    assert_eq!((&last["no_logs"], &last["commits"]), (&none, &serde_json::json!(0)), "{last}");
    // A path below which nothing is recognised is a mistake, and the others are imported all the same.
    let here = there.folder.run(&["import", "--store", "here", "logs/c"]);
    let run = there.import(&["logs/c", "logs/b.json"]);
    assert_eq!((run.code, here.code), (2, 2), "{run:?} {here:?}");
    assert!(run.err.contains("nothing recognised under logs/c"), "{run:?}");
    assert!(run.out.contains("everything was imported before"), "{run:?}");
}
