//! Traces of records that the fixtures do not have: many findings, two ways to one data
//! set, names that must be quoted, text that drives terminals or fills them.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use crate::program::Folder;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeDraft, Options, Saying, Store};
use lineal_proof::{Key, KeyPart};

fn texts(parts: &[&str]) -> Key {
    Key::new(parts.iter().map(|part| KeyPart::from(*part)).collect())
}

type Thing = (Kind, Key);

fn model(name: &str) -> Thing {
    (Kind::Model, texts(&["registry", name, "1"]))
}

fn run(name: &str) -> Thing {
    (Kind::Run, Key::text(name))
}

fn data(name: &str) -> Thing {
    (Kind::Dataset, texts(&[name, "d1", "s3", "{}"]))
}

/// A store in which each of these is recorded with its links.
fn recorded(nodes: Vec<(Thing, Vec<(Relation, Thing)>)>) -> Folder {
    let folder = Folder::with(&[]);
    let store = Store::open(folder.path().join(".lineal"), Options::default()).unwrap();
    let mut transaction = store.begin(None, None).unwrap();
    let saying = Saying { source: "s".into(), form: "mlflow-sqlite".into(), observed_at: 1 };
    for ((kind, key), links) in nodes {
        let mut draft = NodeDraft::new(kind, key);
        for (relation, (kind, key)) in links {
            draft.link(relation, kind, key);
        }
        transaction.add_node(&saying, draft).unwrap();
    }
    transaction.commit().unwrap();
    folder
}

#[test]
fn what_leaves_the_answer_open_is_seen_behind_many_other_findings() {
    let runs: Vec<String> = (0..25).map(|at| format!("run-{at:02}")).collect();
    let mut links: Vec<_> = runs.iter().map(|name| (Relation::ProducedBy, run(name))).collect();
    links.push((Relation::RegisteredFrom, model("not-imported")));
    let mut nodes: Vec<_> = runs.iter().map(|name| (run(name), vec![])).collect();
    nodes.push((model("m"), links));
    let folder = recorded(nodes);
    let trace = folder.run(&["trace", "model:m@1", "--fail-on", "cannot-tell"]);
    assert_eq!(trace.code, 4, "{trace:?}");
    assert!(trace.out.contains("\nmissing: model:not-imported@1 is only"), "{}", trace.out);
    assert!(trace.out.ends_with("\nand 6 more; --json has all\n"), "{}", trace.out);
    let json = folder.run(&["trace", "--json", "model:m@1"]).json();
    assert_eq!(json["completeness"], "cannot_tell");
    assert_eq!(json["findings"].as_array().unwrap().len(), 26);
}

#[test]
fn data_behind_a_data_set_counts_however_it_was_reached_first() {
    let folder = recorded(vec![
        (
            model("m"),
            vec![(Relation::ProducedBy, run("run-1")), (Relation::ProducedBy, run("run-2"))],
        ),
        (run("run-1"), vec![(Relation::ValidatedOn, data("cleaned"))]),
        (run("run-2"), vec![(Relation::TrainedOn, data("cleaned"))]),
        (data("cleaned"), vec![(Relation::DerivedFrom, data("raw"))]),
        (data("raw"), vec![]),
    ]);
    let json = folder.run(&["trace", "--json", "model:m@1"]).json();
    let names = serde_json::json!(["dataset:cleaned@d1", "dataset:raw@d1"]);
    assert_eq!(json["training_data"], names);
}

#[test]
fn names_are_read_as_they_are_printed() {
    let names = ["ü\"q", "a\\b", "tab\there", "new\nline", "bell\u{7}", "m @x", "x@y@z", "plain"];
    let folder = recorded(names.iter().map(|name| (model(name), vec![])).collect());
    let printed = folder.done(&["query", "find model", "--format", "csv"]).out;
    let printed = printed.lines().skip(1).map(|line| match line.strip_prefix('"') {
        Some(cell) => cell.trim_end_matches('"').replace("\"\"", "\""),
        None => line.to_owned(),
    });
    let printed: Vec<String> = printed.collect();
    assert_eq!(printed.len(), names.len());
    for name in printed {
        let shown = folder.done(&["show", &name]);
        assert!(shown.out.starts_with(&format!("{name}\n")), "{name}: {shown:?}");
        assert_ne!(folder.run(&["trace", &name]).code, 2, "{name}");
        folder.done(&["alias", "other", "=", &name]);
    }
}

#[test]
fn recorded_text_does_not_drive_the_terminal() {
    let folder = Folder::with(&[]);
    folder.write(
        "logs.ndjson",
        r#"{"_id":"L","date":"2026-03-01T00:00:00Z","service":"s\u001b[2J","attributes":{"art12":{"event_id":"e\u0007","timestamp":"2026-03-01T00:00:00Z","model":{"name":"m\u001b[0m","version":"1\u202e"},"output":{"decision":"\u001b[31mRED\r\u009b1A"}}}}"#,
    );
    let report = folder.done(&["import", "logs.ndjson"]);
    let question = "find inference return decision, it";
    let runs = [
        folder.run(&["trace", "e\u{7}"]),
        folder.run(&["show", "e\u{7}"]),
        folder.run(&["trace", "no\u{1b}such"]),
        folder.run(&["import", "--explain-mapping", "logs.ndjson"]),
        folder.run(&["stats"]),
        folder.run(&["query", question]),
        report,
    ];
    for run in &runs {
        let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!run.all().contains(acts), "{run:?}");
    }
    assert!(runs[0].out.contains(r"decision \u{1b}[31mRED\u{d}\u{9b}1A"), "{}", runs[0].out);
    // Programs get what was recorded.
    let csv = folder.done(&["query", question, "--format", "csv"]).out;
    assert!(csv.contains("\u{1b}[31mRED"), "{csv}");
    let json = folder.done(&["--json", "show", "e\u{7}"]).json();
    assert_eq!(json[0]["decision"], "\u{1b}[31mRED\r\u{9b}1A");
}

#[test]
fn a_long_value_does_not_fill_the_screen() {
    let folder = Folder::with(&[]);
    let line = r#"{"_id":"L","date":"2026-03-01T00:00:00Z","service":"s","attributes":{"art12":{"event_id":"e","timestamp":"2026-03-01T00:00:00Z","model":{"name":"m","version":"1"},"output":{"decision":"LONG"}}}}"#;
    let long = "ü".repeat(3_500);
    folder.write("logs.ndjson", line.replace("LONG", &long));
    folder.done(&["import", "logs.ndjson"]);
    let shown = folder.done(&["show", "e"]).out;
    assert!(shown.contains("üüü ... 2,500 more characters (--json has all)\n"), "{shown}");
    assert_eq!(shown.matches('ü').count(), 1_000);
    assert_eq!(folder.done(&["--json", "show", "e"]).json()[0]["decision"], long);
}
