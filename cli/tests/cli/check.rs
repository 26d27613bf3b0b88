//! `lineal check` as a person and a pipeline meet it.

use crate::program::{DATABASE, Folder};
use serde_json::json;

const HOURS: [&str; 3] = ["2026-03-01T00:00:00Z", "2026-03-01T06:00:00Z", "2026-03-02T12:00:00Z"];

/// Lines of one deployment of a system, with a silence of 30 hours, naming a version that no registry has.
fn lines() -> String {
    let line = |(number, time): (usize, &&str)| {
        format!(
            r#"{{"_id":"L{number}","date":"{time}","service":"s","attributes":{{"art12":{{"event_id":"e{number}","timestamp":"{time}","system_id":"CREDIT","model":{{"name":"nobody-knows","version":"11"}},"input":{{"hash":"{}","hash_algorithm":"sha256"}}}}}}}}"#,
            format!("{number:02}").repeat(32)
        ) + "\n"
    };
    HOURS.iter().enumerate().map(line).collect()
}

fn folder() -> Folder {
    let folder = Folder::with(&[DATABASE]);
    let run = folder.run_with(&["--json", "import", "-"], lines().as_bytes());
    assert_eq!(run.json()["counts"]["accepted"], 3, "{run:?}");
    folder
}

fn status(report: &serde_json::Value, rule: &str) -> String {
    let rules = report["rules"].as_array().expect("a report lists rules");
    let found = rules.iter().find(|found| found["id"] == rule).expect("the rule is listed");
    found["status"].as_str().expect("a status is a word").to_owned()
}

#[test]
fn what_is_recorded_is_held_against_itself_and_a_pipeline_ends() {
    let folder = folder();
    let run = folder.run(&["--json", "check"]);
    assert_eq!(run.code, 0, "{run:?}");
    let report = &run.json()["reports"][0];
    assert_eq!(status(report, "REC-01"), "conflict");
    assert_eq!(status(report, "REC-06"), "gap");
    assert_eq!(status(report, "REC-11"), "gap");
    assert_eq!(folder.run(&["check", "--fail-on", "blocker"]).code, 1);
    let shown = folder.run(&["check"]);
    for words in
        ["silent 30 h 0 min", "nobody-knows", "record it: lineal loss", "not covered by this tool"]
    {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    assert!(!shown.out.contains("compliant"), "{}", shown.out);
}

#[test]
fn a_system_that_only_logs_name_is_undeclared() {
    let folder = folder();
    let run = folder.run(&["--json", "check", "CREDIT"]);
    assert_eq!(run.code, 0, "{run:?}");
    let report = &run.json()["reports"][0];
    assert_eq!(report["system"], "system:CREDIT");
    assert_eq!(status(report, "SYS-01"), "gap");
    assert_eq!(status(report, "LOG-04"), "undeclared");
    assert_eq!(report["rules"].as_array().map(Vec::len), Some(40));
    assert_eq!(folder.run(&["check", "CREDIT", "--fail-on", "blocker"]).code, 1);
    let unknown = folder.run(&["check", "CREDITS"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.err.contains("system:CREDIT"), "{}", unknown.err);
}

#[test]
fn reports_are_recorded_compared_and_shown_elsewhere() {
    let folder = folder();
    let run = folder.run(&["--json", "check", "CREDIT", "--record", "--by", "anna@bank.example"]);
    assert_eq!(run.json()["recorded"].as_array().map(Vec::len), Some(1), "{run:?}");
    let found = folder.run(&[
        "--json",
        "query",
        "find document where type = \"check_result\" return it, type",
    ]);
    assert_eq!(found.json()["rows"].as_array().map(Vec::len), Some(1), "{found:?}");
    let told = folder.run(&["--json", "check", "CREDIT", "--diff", "recorded", "now"]);
    let told = &told.json()["comparisons"][0];
    assert_eq!((&told["new"], &told["gone"]), (&json!([]), &json!([])));
    let sarif = folder.run(&["check", "CREDIT", "--sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
    let junit = folder.run(&["check", "CREDIT", "--junit"]).out;
    assert_eq!(junit.matches("<testcase ").count(), 40, "{junit}");
}

#[test]
fn a_rule_file_of_ones_own_is_read_or_refused_with_its_line() {
    let folder = folder();
    let pack = "[pack]\nid = \"own\"\nversion = \"1\"\nlaw = \"none\"\ndisclaimer = \"d\"\n\
        [[set]]\nname = \"models\"\nkind = \"model\"\nanywhere = \"find model\"\n\
        [[scope]]\nname = \"always\"\n\
        [[rule]]\nid = \"O-1\"\narticle = \"none\"\nbasis = \"practice\"\nseverity = \"minor\"\nscope = \"always\"\n\
        subject = \"models\"\nneeds = []\ntest = \"t\"\nexplain = \"e\"\n[[rule.check]]\nfields = [\"digest\"]\n";
    folder.write("own.toml", pack);
    let run = folder.run(&["--json", "check", "--rules", "own.toml"]);
    assert_eq!(status(&run.json()["reports"][0], "O-1"), "gap", "{run:?}");
    folder.write("own.toml", pack.replace("[\"digest\"]", "[\"digets\"]"));
    let run = folder.run(&["check", "--rules", "own.toml"]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("own.toml, line ") && run.err.contains("digets"), "{}", run.err);
}

#[test]
fn a_version_that_a_log_writes_as_its_registry_does_is_known_and_a_name_given_to_one_makes_it_so() {
    let folder = Folder::with(&[]);
    folder.write(
        "registry/runs.json",
        r#"{"entity":"bank","project":"credit","runs":[{"id":"a1","name":"train","state":"finished",
        "created_at":"2026-01-05T09:00:00Z","config":{"lr":1},"summary":{"acc":0.9},
        "used_artifacts":[{"name":"raw:v3","type":"dataset","digest":"0f343b0931126a20f133d67c2b018a3b"}],
        "logged_artifacts":[{"name":"lr:v7","type":"model","digest":"eccbc87e4b5ce2fe28308fd9f2a7baf3"}]}]}"#,
    );
    for (service, model) in [("a", "bank/credit/lr"), ("b", "scorer")] {
        let event = format!(
            r#"{{"event_id":"{service}1","event_type":"inference","timestamp":"2026-01-20T00:00:00Z","system_id":"S3",
            "model":{{"name":"{model}","version":"v7"}},"input":{{"hash":"{service}a00000000000001","hash_algorithm":"sha256"}},
            "deployment":{{"id":"d3","env":"prod"}}}}"#
        );
        let line = format!(
            r#"{{"_id":"{service}","date":"2026-01-20T00:00:00Z","service":"{service}","attributes":{{"art12":{event}}}}}"#
        );
        folder.write(&format!("logs/{service}.json"), line.replace('\n', ""));
    }
    folder.done(&["import", "registry", "logs"]);
    let of_rule = || {
        let report = folder.run(&["--json", "check"]).json();
        let reports = report["reports"].as_array().cloned().unwrap_or_default();
        let rules = reports.iter().filter_map(|report| report["rules"].as_array()).flatten();
        let found = rules.into_iter().find(|rule| rule["id"] == "REC-01").cloned();
        found.unwrap_or_else(|| panic!("{report}"))
    };
    let before = of_rule();
    let named: Vec<&str> = before["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["node"].as_str())
        .collect();
    assert_eq!(named, ["deployment:b/prod/d3@scorer:7"], "{before}");
    folder.done(&["alias", "scorer@v7", "=", "model:bank/credit/lr@v7"]);
    assert_eq!(of_rule()["status"], "met");
}
