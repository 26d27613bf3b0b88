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
            "nodes",
            "events",
            "conflicts",
            "runs_without_input",
            "runs",
            "unresolved",
            "unresolved_first"
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
    assert_eq!(keys(&stats["kinds"]["model"]), ["known", "missing", "deleted"]);

    let imports = ask(&["imports"]);
    assert_eq!(
        keys(&imports[0]),
        ["import", "recorded", "nodes", "events", "sources", "retracted"]
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
    let verified = ask(&["verify"]);
    assert!(verified["faults"].as_array().unwrap().is_empty(), "{verified}");
    assert!(ask(&["import", "--explain-mapping", &archive]).is_object());
}
