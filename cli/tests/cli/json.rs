//! `--json` of every command is JSON with keys that programs may rely on.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, fixture};
use serde_json::Value as Json;

fn keys(json: &Json) -> Vec<&str> {
    json.as_object().unwrap_or_else(|| panic!("{json}")).keys().map(String::as_str).collect()
}

#[test]
fn every_command_speaks_json() {
    let folder = Folder::new();
    let ask = |arguments: &[&str]| {
        let mut all = vec!["--json"];
        all.extend_from_slice(arguments);
        let run = folder.run(&all);
        assert_eq!(run.code, 0, "{run:?}");
        assert_eq!(run.out.lines().count(), 1, "one line: {}", run.out);
        run.json()
    };
    let (database, archive) =
        (fixture(DATABASE).display().to_string(), fixture(ARCHIVE).display().to_string());
    assert_eq!(keys(&ask(&["init"])), ["store", "id"]);
    assert_eq!(ask(&["imports"]), serde_json::json!([]));

    let report = ask(&["import", &database, &archive]);
    assert_eq!(
        keys(&report),
        [
            "import",
            "commits",
            "dry_run",
            "counts",
            "sources",
            "no_logs",
            "nodes",
            "events",
            "conflicts",
            "displaced",
            "to_come",
            "last_to_come",
            "runs_without_input",
            "runs",
            "unresolved",
            "unresolved_first",
            "brought_back"
        ]
    );
    assert_eq!(
        keys(&report["counts"]),
        ["read", "accepted", "duplicate", "rejected", "skipped", "suppressed"]
    );
    let source = &report["sources"][1];
    assert_eq!(
        keys(source),
        [
            "label",
            "source",
            "form",
            "files",
            "files_known",
            "known",
            "no_logs",
            "counts",
            "skipped",
            "rejects",
            "warnings"
        ]
    );
    assert_eq!(keys(&source["rejects"][0]), ["file", "line", "byte", "reason"]);
    assert_eq!(report["events"], 300);

    let stats = ask(&["stats"]);
    assert_eq!(
        keys(&stats),
        [
            "store",
            "commit",
            "recorded",
            "kinds",
            "events",
            "overrides",
            "first_event",
            "last_event",
            "sources"
        ]
    );
    assert_eq!(keys(&stats["kinds"]["model"]), ["known", "missing", "deleted", "forms"]);

    let imports = ask(&["imports"]);
    assert_eq!(
        keys(&imports[0]),
        ["import", "recorded", "nodes", "events", "brought_back", "sources", "retracted"]
    );

    let answer = ask(&["query", "find model"]);
    assert_eq!(
        keys(&answer),
        [
            "columns",
            "rows",
            "total",
            "completeness",
            "commit",
            "recorded",
            "now",
            "warnings",
            "edges_followed",
            "events_read",
            "hash"
        ]
    );
    assert_eq!(keys(&answer["completeness"]), ["state", "truncated_by", "reasons", "reason_count"]);

    let trace = ask(&["trace", HASH]);
    assert_eq!(
        keys(&trace),
        [
            "target",
            "events",
            "found_by",
            "roots",
            "edges",
            "training_data",
            "recorded",
            "completeness",
            "findings",
            "commit"
        ]
    );
    assert_eq!(trace["events"][0]["decision"], "refer");
    assert_eq!(trace["events"], ask(&["show", HASH]));
    assert_eq!(trace["found_by"], "input hash, sha256");
    assert_eq!(keys(&trace["edges"][0]), ["from", "relation", "to"]);
    assert_eq!(trace["training_data"][0], "dataset:applications_2025q3-train@f6490d4d");

    let node = ask(&["show", "model:credit-risk-scorer@2"]);
    assert_eq!(
        keys(&node),
        [
            "node",
            "kind",
            "node_id",
            "revision",
            "missing",
            "candidates",
            "fields",
            "edges",
            "commit"
        ]
    );
    let events = ask(&["show", HASH]);
    assert_eq!(
        events[0]["served_by"],
        "deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3"
    );

    assert_eq!(
        keys(&ask(&["alias", "scorer", "=", "model:credit-risk-scorer"])),
        ["name", "kind", "commit"]
    );
    assert_eq!(keys(&ask(&["retract", "1"])), ["import", "done", "commit"]);
    assert_eq!(ask(&["retract", "1", "--restore"])["done"], "restored");
    assert_eq!(keys(&ask(&["rebuild"])), ["commit", "nodes", "seconds"]);
    folder.write("q.lql", "find  model");
    assert_eq!(
        ask(&["fmt", "q.lql"]),
        serde_json::json!({ "canonical": false, "text": "find model;\n" })
    );
    assert_eq!(keys(&ask(&["migrate"])), ["store", "format", "migrated"]);
    let demo = ask(&["demo"]);
    assert_eq!(keys(&demo), ["store", "import", "question", "trace"]);
    assert_eq!(demo["import"]["events"], 300);
    assert_eq!(demo["trace"]["training_data"], trace["training_data"]);
    assert!(ask(&["demo"])["import"].is_null(), "it is there");
    let verified = ask(&["verify"]);
    assert!(verified["faults"].as_array().unwrap().is_empty(), "{verified}");
    assert!(ask(&["import", "--explain-mapping", &archive]).is_object());
}

#[test]
fn a_check_of_form_for_programs_ends_as_the_other() {
    let folder = Folder::new();
    folder.write("q.lql", "find  model");
    let run = folder.run(&["--json", "fmt", "--check", "q.lql"]);
    assert_eq!(run.all(), "[1]\n{\"canonical\":false}\n");
}

#[test]
fn every_overview_of_the_prompt_speaks_json() {
    let folder = Folder::with(&[DATABASE]);
    let script = ".stats\n.imports\n.limits\n.sets\n.param\n.param a=1\n.param\n.help\n.format\n.kinds\nlet s = find model;\n.sets\n";
    let run = folder.run_with(&["--json", "repl"], script.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    let lines: Vec<Json> = run
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect();
    assert_eq!(lines.len(), 10, "{}", run.out);
    assert_eq!(lines[0], folder.done(&["--json", "stats"]).json());
    assert_eq!(lines[1], folder.done(&["--json", "imports"]).json());
    assert_eq!(keys(&lines[2][3]), ["limit", "value", "default", "meaning"]);
    assert_eq!(lines[2][3]["limit"], "bytes");
    assert_eq!((&lines[3], &lines[4]), (&serde_json::json!([]), &serde_json::json!({})));
    assert_eq!(lines[5], serde_json::json!({ "a": "1" }));
    assert_eq!(keys(&lines[6][0]), ["directive", "takes", "meaning"]);
    assert_eq!(lines[7], serde_json::json!({ "format": "json" }));
    assert_eq!(lines[9], serde_json::json!([{ "name": "s", "question": "find model" }]));
}
