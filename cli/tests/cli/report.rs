//! `lineal report` as a person meets it, and as a pipeline does.

use crate::program::{ARCHIVE, DATABASE, Folder};

const SYSTEM: &str = "system:CREDIT";

/// The bundled exports, and a line of a log that names a system.
fn folder() -> Folder {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    let line = format!(
        r#"{{"_id":"L1","date":"2026-03-01T00:00:00Z","service":"s","attributes":{{"art12":{{"event_id":"e1","timestamp":"2026-03-01T00:00:00Z","system_id":"CREDIT","model":{{"name":"nobody-knows","version":"11"}},"input":{{"hash":"{}","hash_algorithm":"sha256"}}}}}}}}"#,
        "01".repeat(32)
    );
    folder.run_with(&["--json", "import", "-"], format!("{line}\n").as_bytes());
    folder
}

#[test]
fn a_report_is_markdown_a_page_or_json() {
    let folder = folder();
    let shown = folder.done(&["report", "annex-iv", SYSTEM]).out;
    for words in [
        "# Technical documentation: system:CREDIT",
        "## 1. General description",
        "## 9. Monitoring",
        "## Logs",
        "**not recorded**",
        "lineal declare system",
        "## Nodes named",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let told = folder.done(&["report", "annex-iv", SYSTEM, "--out", "report.html"]).out;
    assert!(told.contains("in report.html"), "{told}");
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap_or_default();
    assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
    assert!(page.contains("<svg ") && !page.contains("<script"), "{page}");
    let json = folder.run(&["--json", "report", "annex-iv", SYSTEM]).json();
    assert_eq!(json["kind"], "annex-iv");
    assert_eq!(json["sections"][2]["heading"], "1. General description");
    let told = folder.run(&["--json", "report", "annex-iv", SYSTEM, "--out", "r.html"]).json();
    assert_eq!(told["report"], "annex-iv");
    assert_eq!(told["bytes"], page.len());
}

#[test]
fn the_same_commit_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = folder();
    let page = |threads: &str, name: &str| {
        let model = "credit-risk-scorer@3";
        let mut command = folder.command(&["report", "annex-iv", model, "--out", name]);
        let run = command.env("RAYON_NUM_THREADS", threads).output();
        assert!(run.is_ok_and(|run| run.status.success()));
        std::fs::read_to_string(folder.path().join(name)).unwrap_or_default()
    };
    let one = page("1", "one.html");
    assert!(one.len() > 10_000, "{one}");
    assert_eq!(one, page("4", "four.html"));
}

#[test]
fn what_a_report_is_not_about_is_said() {
    let folder = folder();
    let run = folder.run(&["report", "annex-iv", "system:CREDITS"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("system:CREDIT"), "{}", run.err);
    let dataset = folder.run(&["--json", "query", "find dataset limit 1"]).json();
    let name = dataset["rows"][0][0].as_str().unwrap_or_default().to_owned();
    let run = folder.run(&["report", "annex-iv", &name]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("a model version, a system or a deployment"), "{}", run.err);
    let run = folder.run(&["report", "annex-iv", SYSTEM, "--as-of", "99"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("there is no commit 99"), "{}", run.err);
    let run = folder.run(&["--url", "http://127.0.0.1:9", "report", "annex-iv", SYSTEM]);
    assert_eq!(run.code, 2, "{run:?}");
}
