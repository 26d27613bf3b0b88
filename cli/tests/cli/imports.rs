//! Importing: reports on the screen, standard input, other names, undoing.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, fixture};
use expect_test::expect;

#[test]
fn importing_twice_says_that_nothing_is_new() {
    let folder = Folder::with(&[DATABASE]);
    let path = fixture(DATABASE).display().to_string();
    expect![[r#"
        [0]
        nothing new: everything was imported before in T s
         from        source and form                 files       read   accepted   duplicate   rejected   skipped
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
         mlflow.db   mlflow-2af522de mlflow-sqlite   1 (known)   0      0          0           0          0
        what you can ask now:
          lineal query 'find dataset upstream of model:iris@1'
          lineal trace model:iris@1
          lineal query 'find model downstream of dataset:applications_2025q3-test@456ebaa3'
    "#]]
    .assert_eq(&folder.run(&["import", &path]).all());
    expect![[r#"
        [0]
        nothing written (--dry-run) in T s
         from                     source and form        files   read   accepted   duplicate   rejected   skipped
        ──────────────────────────────────────────────────────────────────────────────────────────────────────────
         datadog-art12-a-nested   datadog datadog-logs   3       314    300        10          1          3
        recorded: 3 actors, 2 deployments, 1 system, 300 events
        skipped 3: no event: none of the mapping's marks
        rejected dt=20251103/hour=16/archive_161503.7524.a3cd0130-8208-4d9f-8748-205d9bbf3ebd.json.gz, line 1, byte 0: the line is no whole JSON value: it ends at byte 200: expected a closing quote
    "#]].assert_eq(
        &folder.run(&["import", "--dry-run", &fixture(ARCHIVE).display().to_string()]).all(),
    );
    assert_eq!(folder.done(&["--json", "stats"]).json()["commit"], 1);
}

#[test]
fn a_run_is_told_how_its_own_tool_records_its_data() {
    let folder = Folder::new();
    folder.done(&["init"]);
    let task = fixture("exchange/clearml/export_task.json").display().to_string();
    let told = folder.done(&["import", &task]).out;
    assert!(told.contains("without a recorded dataset input"), "{told}");
    assert!(!told.contains("mlflow"), "{told}");
    let advice = "to record it: Dataset.get(dataset_id=..., alias=\"training\") in the task";
    assert!(told.contains(advice), "{told}");
    // The same is said of it wherever it is met.
    let runs = folder.done(&["--json", "query", "find run return key"]).json();
    let run = runs["rows"][0][0].as_str().expect("the key is a text").to_owned();
    let traced = folder.run(&["trace", &run]).out;
    assert!(traced.contains(advice) && !traced.contains("mlflow"), "{traced}");
    let told = folder.done(&["import", &fixture("export-import-2.9").display().to_string()]).out;
    assert!(told.contains("to record it: mlflow.log_input"), "{told}");
}

#[test]
fn a_role_that_no_export_of_a_tool_holds_is_for_a_person_to_say() {
    let folder = Folder::new();
    folder.done(&["init"]);
    folder.done(&["import", &fixture("exchange/dvc/dvc.lock").display().to_string()]);
    let runs =
        folder.done(&["--json", "query", "find run where name = \"prepare\" return key"]).json();
    let run = runs["rows"][0][0].as_str().expect("the stage is a run").to_owned();
    let strict = format!("find dataset upstream via training of {run}");
    let told = folder.done(&["query", &strict]).out;
    let command = format!("lineal declare node {run} --edge trained_on=DATASET --by WHO");
    let said = format!("{run} has inputs without a recorded role; `{command}` records one");
    assert!(told.contains(&said) && !told.contains("mlflow"), "{told}");
    let traced = folder.run(&["trace", &run]).out;
    let said = format!("{run} names data sets without a role; `{command}` records it");
    assert!(traced.contains(&said), "{traced}");
    // The command does what is said of it.
    let used = format!("find dataset used_by {run} return key");
    let used = folder.done(&["--json", "query", &used]).json();
    for row in used["rows"].as_array().expect("rows") {
        let dataset = row[0].as_str().expect("the key is a text");
        let edge = format!("trained_on={dataset}");
        folder.done(&["declare", "node", &run, "--edge", &edge, "--by", "a.novak@bank.example"]);
    }
    let told = folder.done(&["query", &strict]).out;
    assert!(told.contains("dataset:") && !told.contains("cannot tell"), "{told}");
    assert!(!told.contains("without a recorded role"), "{told}");
}

#[test]
fn values_that_cannot_be_read_are_told_in_plain_words() {
    let folder = Folder::new();
    folder.done(&["init"]);
    let line = |number: u32, latency: &str| {
        format!(
            r#"{{"_id":"L{number}","date":"2026-03-01T00:00:0{number}Z","service":"s","attributes":{{"art12":{{"event_id":"e{number}","timestamp":"2026-03-01T00:00:0{number}Z","model":{{"name":"m","version":"1"}},"latency_ms":{latency},"output":{{"confidence":"high"}}}}}}}}"#
        ) + "\n"
    };
    // The event's own time has no offset: that of the line stands in.
    let odd = line(3, "7")
        .replace("\"timestamp\":\"2026-03-01T00:00:03Z\"", "\"timestamp\":\"2026-03-01 00:00:03\"");
    let input = line(1, "\"soon\"") + &line(2, "7") + &odd;
    let told = folder.run_with(&["import", "-"], input.as_bytes());
    for words in [
        ": 1 value could not be read as latency_ms and is kept unparsed among the other attributes",
        ": 3 values could not be read as confidence and are kept unparsed among the other attributes",
        ": 1 value could not be read as time and is kept unparsed among the other attributes; taken instead: the \
         time that another place of the mapping holds, as the date of the line",
    ] {
        assert!(told.out.contains(words), "{words}: {told:?}");
    }
}

#[test]
fn lines_from_standard_input() {
    let folder = Folder::with(&[DATABASE]);
    let line = |number: u32| {
        format!(
            r#"{{"_id":"L{number}","date":"2026-03-01T00:00:0{number}Z","service":"s","attributes":{{"art12":{{"event_id":"e{number}","timestamp":"2026-03-01T00:00:0{number}Z","model":{{"name":"credit-risk-scorer","version":"2"}},"input":{{"hash":"{}","hash_algorithm":"sha256"}}}}}}}}"#,
            format!("{number:02}").repeat(32)
        ) + "\n"
    };
    let input = (0..5).map(line).collect::<String>();
    let run = folder.run_with(&["--json", "import", "-"], input.as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.json()["counts"]["accepted"], 5);
    assert_eq!(run.json()["unresolved"], 0);
    let run = folder.done(&["trace", &"03".repeat(32)]);
    assert!(run.out.contains("training data recorded: yes."), "{}", run.out);
    // The same input again is known by its bytes.
    let run = folder.run_with(&["--json", "import", "-"], input.as_bytes());
    assert_eq!(run.json()["commits"], 0);
    // Other lines are no rewritten file.
    let more = (5..8).map(line).collect::<String>();
    let run = folder.run_with(&["--json", "import", "-"], more.as_bytes());
    assert_eq!(run.json()["sources"][0]["label"], "stdin");
    assert_eq!(run.json()["sources"][0]["warnings"], serde_json::json!([]));
    let run = folder.run_with(&["import", "-"], b"");
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn strict_refuses_as_a_whole_and_ends_with_code_1() {
    let folder = Folder::with(&[]);
    let path = fixture(ARCHIVE).display().to_string();
    expect![[r#"
        [1]
        error: 1 rejected under --strict; nothing was imported. The first: dt=20251103/hour=16/archive_161503.7524.a3cd0130-8208-4d9f-8748-205d9bbf3ebd.json.gz, line 1, byte 0: the line is no whole JSON value: it ends at byte 200: expected a closing quote
    "#]].assert_eq(&folder.run(&["import", "--strict", &path]).all());
    assert_eq!(folder.done(&["--json", "stats"]).json()["commit"], 0);
}

#[test]
fn an_import_is_undone_and_restored() {
    let folder = Folder::with(&[DATABASE]);
    folder.done(&["import", &fixture(ARCHIVE).display().to_string()]);
    expect![[r#"
        [0]
        import:2 retracted in commit 3; `as of 2` still shows it as before
    "#]]
    .assert_eq(
        &folder
            .run(&[
                "retract",
                "import:2",
                "--reason",
                "the wrong archive",
                "--actor",
                "anna@bank.example",
            ])
            .all(),
    );
    expect![[r#"
        [2]
        error: no event has cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504: the store holds no events
          `lineal import DIR` brings log archives
          import:2 had it and is retracted: `--as-of 2` shows it, `lineal retract import:2 --restore` brings it back
    "#]]
    .assert_eq(&folder.run(&["trace", HASH]).all());
    expect![[r#"
        [2]
        error: nothing is called deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3
          `lineal stats` shows what the store holds
          import:2 had it and is retracted: `--as-of 2` shows it, `lineal retract import:2 --restore` brings it back
    "#]]
    .assert_eq(
        &folder
            .run(&["show", "deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3"])
            .all(),
    );
    let never = folder.run(&["show", "model:never"]);
    assert!(!never.err.contains("retracted"), "{never:?}");
    assert_eq!(folder.done(&["trace", "--as-of", "2", HASH]).code, 0);
    let listed = folder.done(&["imports"]).out;
    assert!(
        listed.lines().any(|line| line.contains("import:2") && line.contains("retracted")),
        "{listed}"
    );
    folder.done(&["retract", "2", "--restore"]);
    folder.done(&["trace", HASH]);
}

#[test]
fn an_alias_is_used_and_removed() {
    let folder = Folder::with(&[DATABASE]);
    expect![[r#"
        [0]
        the scorer = model:credit-risk-scorer (commit 2)
    "#]]
    .assert_eq(&folder.run(&["alias", "the scorer", "=", "model:credit-risk-scorer"]).all());
    let run = folder.done(&["show", "model:the scorer@2"]);
    assert!(run.out.starts_with("model:credit-risk-scorer@2\n"), "{}", run.out);
    expect![[r#"
        [0]
        the scorer stands for nothing any more (commit 3)
    "#]]
    .assert_eq(&folder.run(&["alias", "the scorer", "=", "none"]).all());
    assert_eq!(folder.run(&["show", "model:the scorer@2"]).code, 2);
    // What stands for nothing cannot be removed, nor what stands for another kind of thing.
    expect![[r#"
        [2]
        error: the scorer stands for no model: nothing to remove
    "#]]
    .assert_eq(&folder.run(&["alias", "the scorer", "=", "none"]).all());
    assert_eq!(folder.done(&["--json", "stats"]).json()["commit"], 3);
    // An alias of a model whose records are retracted can.
    folder.done(&["alias", "old", "=", "model:credit-risk-scorer@1"]);
    assert_eq!(folder.run(&["alias", "old", "=", "none", "--kind", "run"]).code, 2);
    folder.done(&["retract", "1"]);
    folder.done(&["alias", "old", "=", "none"]);
}

#[test]
fn explaining_a_mapping_needs_no_store_and_writes_nothing() {
    let folder = Folder::new();
    let path = fixture(ARCHIVE).display().to_string();
    let run = folder.done(&["import", "--explain-mapping", &path]);
    assert!(run.out.contains("art12.input.hash") && run.out.contains("input_hash"), "{}", run.out);
    let json = folder.done(&["--json", "import", "--explain-mapping", &path]).json();
    assert!(json.is_object(), "{json}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_store_is_found_upward_and_by_flag_and_variable() {
    let folder = Folder::with(&[DATABASE]);
    let below = folder.path().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    let output = folder.command(&["stats"]).current_dir(&below).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let other = Folder::new();
    let store = folder.path().join(".lineal").display().to_string();
    other.done(&["--store", &store, "stats"]);
    let output = other.command(&["stats"]).env("LINEAL_STORE", &store).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_can_be_asked_now_can_be_pasted() {
    let folder = Folder::new();
    folder.done(&["init", "a store"]);
    let line = r#"{"_id":"L","date":"2026-03-01T00:00:00Z","service":"it's","attributes":{"art12":{"event_id":"e","timestamp":"2026-03-01T00:00:00Z","model":{"name":"$h","version":"1"},"input":{"hash":"HASH","hash_algorithm":"sha256"}}}}"#;
    folder.write("logs.ndjson", line.replace("HASH", HASH));
    let report = folder.done(&["--store", "a store", "import", "logs.ndjson"]).out;
    let offered: Vec<&str> = report.lines().filter(|line| line.starts_with("  lineal ")).collect();
    assert_eq!(offered.len(), 2, "{report}");
    for line in offered {
        let output = folder.paste(line);
        assert!(!output.stdout.is_empty(), "{line}: {output:?}");
    }
}

#[test]
fn an_import_that_brings_back_what_was_retracted_says_so() {
    let folder = Folder::with(&[DATABASE, ARCHIVE]);
    folder.done(&["retract", "1"]);
    let (database, archive) =
        (fixture(DATABASE).display().to_string(), fixture(ARCHIVE).display().to_string());
    let run = folder.done(&["import", &database, &archive]);
    let said: Vec<&str> = run.out.lines().filter(|line| line.contains("brought back")).collect();
    // 83 revisions, of them 4 of batches and 2 of one system.
    let line =
        "brought back: 78 nodes, 300 events, which only retracted imports had brought before";
    assert_eq!(said, [line], "{run:?}");
    assert!(!run.out.contains("recorded:"), "nothing is new: {run:?}");
    let json = folder.done(&["--json", "imports"]).json();
    assert_eq!(json[1]["brought_back"], serde_json::json!({ "nodes": 78, "events": 300 }));
    assert_eq!(json[0]["brought_back"], serde_json::json!({ "nodes": 0, "events": 0 }));
    let listed = folder.done(&["imports"]).out;
    let last = listed.lines().last().unwrap_or_default();
    assert!(last.ends_with("brought back 78 nodes, 300 events"), "{listed}");
    // What is new beside a retracted import did not come back.
    let other = fixture("datadog-art12-b-dotted").display().to_string();
    let json = folder.done(&["--json", "import", &other]).json();
    assert_eq!(json["brought_back"], serde_json::json!({ "nodes": 0, "events": 0 }));
}

#[test]
fn a_damaged_file_is_imported_in_part_and_ends_with_code_5() {
    let folder = Folder::with(&[]);
    let hour =
        "dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz";
    let whole = std::fs::read(fixture(ARCHIVE).join(hour)).unwrap();
    folder.write(&format!("logs/{hour}"), &whole[..whole.len() / 2]);
    let run = folder.run(&["import", "logs"]);
    assert_eq!(run.code, 5, "{run:?}");
    let last = run.out.lines().last().unwrap_or_default();
    expect!["imported in part: 1 damaged file, of which only what could be read is in the store: dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz"].assert_eq(last);
    assert_eq!(folder.done(&["--json", "stats"]).json()["events"], 72);
    // The whole file later: the rest comes, and nothing twice.
    folder.write(&format!("logs/{hour}"), &whole);
    let run = folder.done(&["--json", "import", "logs"]);
    assert_eq!(run.json()["counts"]["rejected"], 0);
    assert_eq!(folder.done(&["--json", "stats"]).json()["events"], 150);
    // A line that cannot be read is no damage.
    folder.done(&["import", &fixture(ARCHIVE).display().to_string()]);
}

#[test]
fn a_file_that_is_known_says_what_was_rejected_of_it_and_ends_as_it_did() {
    let folder = Folder::with(&[]);
    let hour =
        "dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz";
    let whole = std::fs::read(fixture(ARCHIVE).join(hour)).unwrap();
    folder.write(&format!("logs/{hour}"), &whole[..whole.len() / 2]);
    let line = r#"{"_id":"L1","date":"2026-03-01T00:00:01Z","service":"s","attributes":{"art12":{"event_id":"e1","timestamp":"2026-03-01T00:00:01Z","model":{"name":"credit-risk-scorer","version":"2"}}}}"#;
    folder.write("bad.ndjson", format!("{}\n", &line[..30]));
    folder.write("half.ndjson", format!("{line}\n{}\n", &line[..30]));
    folder.write("events.ndjson", "{\"eventTime\":3}\n");
    for (arguments, code) in [
        (&["import", "logs"][..], 5),
        (&["import", "--as", "datadog", "bad.ndjson"], 5),
        (&["import", "half.ndjson"], 0),
        (&["import", "--as", "openlineage", "events.ndjson"], 5),
    ] {
        let first = folder.run(arguments);
        assert_eq!(first.code, code, "{first:?}");
        let again = folder.run(arguments);
        assert_eq!(again.code, code, "{arguments:?}: {again:?}");
        assert!(again.out.starts_with("nothing new"), "{again:?}");
        let said = again.out.lines().find(|line| line.contains("rejected by import:"));
        assert!(said.is_some_and(|line| line.contains(": 1 of ")), "{again:?}");
        let json = folder.run(&[&["--json"], arguments].concat());
        let known = &json.json()["sources"][0]["known"][0];
        assert_eq!((json.code, &known["counts"]["rejected"]), (code, &1.into()), "{json:?}");
        let strict = folder.run(&[arguments, &["--strict"]].concat());
        assert_eq!(strict.code, 1, "{strict:?}");
    }
    let again = folder.run(&["import", "logs"]);
    let last = again.out.lines().last().unwrap_or_default();
    expect!["known in part from import:1: 1 damaged file, of which only what could be read is in the store: dt=20251103/hour=14/archive_141503.5016.7fde230e-c506-4316-9772-79a382fb4233.json.gz"].assert_eq(last);
    let followed = folder.run(&["import", "--follow", "--once", "logs"]);
    assert_eq!(followed.code, 5, "{followed:?}");
    // The whole file beside it takes nothing back of what the damaged one was.
    folder.write(&format!("logs/{hour}"), &whole);
    assert_eq!(folder.done(&["import", "logs"]).code, 0);
    assert_eq!(folder.done(&["import", "logs"]).code, 0);
}

#[test]
fn files_beside_logs_that_are_none_are_named_and_strict_refuses_them() {
    let folder = Folder::with(&[]);
    let line = r#"{"_id":"L1","date":"2026-03-01T00:00:01Z","service":"s","attributes":{"art12":{"event_id":"e1","timestamp":"2026-03-01T00:00:01Z","model":{"name":"credit-risk-scorer","version":"2"}}}}"#;
    let hour = "logs/dt=20260301/hour=00";
    folder.write(&format!("{hour}/archive_1.json"), format!("{line}\n"));
    folder.write(&format!("{hour}/.hidden"), "nobody's");
    assert_eq!(folder.done(&["import", "--strict", "--dry-run", "logs"]).code, 0);
    // Called as a log file is, where log files lie, and something else.
    folder.write(&format!("{hour}/archive_2.json"), "{\"runs\":[]}\n");
    folder.write(&format!("{hour}/notes.txt"), "nothing of the kind");
    folder.write("logs/README.md", "# nothing");
    let names =
        ["README.md", "dt=20260301/hour=00/archive_2.json", "dt=20260301/hour=00/notes.txt"];
    let strict = folder.run(&["import", "--strict", "logs"]);
    assert_eq!(strict.code, 1, "{strict:?}");
    assert!(names.iter().all(|name| strict.err.contains(name)), "{strict:?}");
    assert_eq!(folder.done(&["--json", "stats"]).json()["commit"], 0);
    // The first time, and when what is called a log file is known.
    for time in 0..2 {
        let run = folder.done(&["import", "logs"]);
        let said = run.out.lines().find(|line| line.contains("no log in 3 files beside the logs"));
        assert!(said.is_some_and(|line| names.iter().all(|name| line.contains(name))), "{run:?}");
        let json = folder.done(&["--json", "import", "logs"]).json();
        assert_eq!(json["sources"][0]["no_logs"]["files"], 3, "{time}: {json}");
        assert_eq!(folder.run(&["import", "--strict", "logs"]).code, 1);
    }
    folder.write("logs/new.txt", "later");
    let followed = folder.run(&["import", "--follow", "--once", "logs"]);
    assert!(followed.code == 0 && followed.out.contains("new.txt"), "{followed:?}");
}

#[test]
fn files_that_no_source_takes_are_named_and_strict_refuses_them() {
    let folder = Folder::with(&[]);
    let good = std::fs::read(fixture("exchange/in-toto/slsa-provenance-v1.json")).unwrap();
    let prov = std::fs::read(fixture("exchange/prov-json/generated.json")).unwrap();
    folder.write("came/good.json", &good);
    assert_eq!(folder.done(&["import", "--strict", "--dry-run", "came"]).code, 0);
    folder.write("came/clearml.zip", b"PK\x03\x04 and no more");
    folder.write("came/prov.json", &prov[..40]);
    folder.write("came/empty.json", "");
    for number in 0..20 {
        folder.write(&format!("came/photos/{number:02}.png"), "a picture");
    }
    // What hides itself, and sums, are nobody's loss.
    folder.write("came/.DS_Store", "x");
    folder.write("came/good.json.sha256", "x");
    let names = [
        "clearml.zip (begins like no form that is read, or is cut)",
        "empty.json (empty)",
        "photos/00.png (called like no form that is read)",
    ];
    let strict = folder.run(&["import", "--strict", "came"]);
    assert_eq!(strict.code, 1, "{strict:?}");
    assert!(names.iter().all(|name| strict.err.contains(name)), "{strict:?}");
    assert!(
        strict.err.contains("no source takes 23 of the files in the imported folders"),
        "{strict:?}"
    );
    assert_eq!(folder.done(&["--json", "stats"]).json()["commit"], 0);
    // The first time, and when the source is known.
    for _ in 0..2 {
        let run = folder.done(&["import", "came"]);
        let said = run.out.lines().find(|line| line.contains("no source in 23 files: "));
        assert!(said.is_some_and(|line| names.iter().all(|name| line.contains(name))), "{run:?}");
        assert!(said.is_some_and(|line| line.ends_with(" and 13 more (--json lists them)")));
        let none = &folder.done(&["--json", "import", "came"]).json()["no_logs"];
        assert_eq!(none["files"], 23, "{none}");
        assert_eq!(none["names"].as_array().map(Vec::len), Some(23), "{none}");
        assert_eq!(
            (&none["names"][1], &none["reasons"][1]),
            (&"empty.json".into(), &"empty".into())
        );
        assert_eq!(none["names"][22], "prov.json");
        assert_eq!(folder.run(&["import", "--strict", "came"]).code, 1);
    }
    folder.write("came/new.zip", "later");
    let followed = folder.run(&["import", "--follow", "--once", "came"]);
    assert!(followed.code == 0 && followed.out.contains("no source in"), "{followed:?}");
}

#[test]
fn logs_without_any_event_point_to_what_explains_them() {
    let folder = Folder::with(&[]);
    let line = r#"{"_id":"L","date":"2026-03-01T00:00:00Z","service":"s","attributes":{"a":1}}"#;
    folder.write("app.ndjson", format!("{line}\n"));
    let run = folder.done(&["import", "app.ndjson"]);
    let said =
        "no line became an event: `lineal import --explain-mapping` shows what the lines hold";
    assert!(run.out.contains(said), "{run:?}");
    folder.write("bad.ndjson", format!("{}\n", &line[..30]));
    let run = folder.run(&["import", "--as", "datadog", "bad.ndjson"]);
    assert_eq!(run.code, 5, "{run:?}");
    assert!(run.out.ends_with("nothing of bad.ndjson could be read\n"), "{run:?}");
}

#[test]
fn there_is_no_mapping_to_explain_where_there_is_no_line() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    expect![[r#"
        [2]
        error: no log file under empty: there is no mapping to explain
          looked for Datadog log archives (dt=*/hour=*/*.json.gz), NDJSON and pages of the Logs API
    "#]]
    .assert_eq(&folder.run(&["import", "--explain-mapping", "empty"]).all());
    folder.write("logs/one.ndjson", "");
    let run = folder.run(&["import", "--explain-mapping", "logs"]);
    assert_eq!(run.code, 2, "{run:?}");
}

#[test]
fn an_event_of_a_time_to_come_is_told_when_it_comes_and_when_logs_are_checked() {
    let folder = Folder::new();
    folder.done(&["init"]);
    let line = |id: &str, time: &str| {
        r#"{"date":"TIME","service":"s","attributes":{"art12":{"event_id":"ID","timestamp":"TIME","system_id":"sys","model":{"name":"m","version":"1"},"input":{"hash":"HASH"}}}}"#
            .replace("HASH", &"ab".repeat(32))
            .replace("TIME", time)
            .replace("ID", id)
            + "\n"
    };
    folder.write("come.ndjson", line("e1", "2026-03-01T00:00:00Z"));
    let told = folder.done(&["import", "come.ndjson"]).out;
    assert!(!told.contains("time to come"), "{told}");
    folder.write("far.ndjson", line("e2", "2131-01-01T00:00:00Z"));
    let told = folder.done(&["import", "far.ndjson"]).out;
    let say = "note: 1 event of a time to come, of a day behind tomorrow (UTC): it is of 2131-01-01T00:00:00Z";
    assert!(told.contains(say), "{told}");
    let told = folder.run(&["check", "--reconcile"]).out;
    assert!(told.contains("REC-23  conflict  major"), "{told}");
    assert!(
        told.contains("1 event of a time to come, the last of 2131-01-01T00:00:00Z, in batch:"),
        "{told}"
    );
    assert!(told.contains("lineal show e2"), "{told}");
}

#[test]
fn events_that_come_with_other_content_are_told_as_they_are_counted() {
    let folder = Folder::new();
    folder.done(&["init"]);
    let line = |number: u32, said: &str| {
        format!(
            r#"{{"date":"2026-03-01T00:0{number}:00Z","service":"s","attributes":{{"art12":{{"event_id":"e{number}","timestamp":"2026-03-01T00:0{number}:00Z","system_id":"sys","model":{{"name":"m","version":"1"}},"input":{{"hash":"{}"}}{said}}}}}}}"#,
            "ab".repeat(32)
        ) + "\n"
    };
    folder.write("poor.ndjson", (1..4).map(|number| line(number, "")).collect::<String>());
    let rich = |number| line(number, r#","human_oversight":{"override":true}"#);
    folder.write("rich.ndjson", (1..4).map(rich).collect::<String>());
    folder.done(&["import", "poor.ndjson"]);
    let told = folder.done(&["import", "rich.ndjson"]).out;
    let say = "3 events in conflict with another row of the same event: all rows are kept, and that with most \
               fields, then the latest, is counted, whichever came first; 3 rows known before are no longer counted";
    assert!(told.contains(say), "{told}");
    let told = folder.done(&["stats"]).out;
    assert!(told.contains("3 rows not counted, as another row of the same event"), "{told}");
    let told = folder.done(&["show", "e2"]).out;
    let (counted, other) =
        told.split_once("also recorded of it, and not counted").expect("both rows");
    assert!(
        counted.contains("human_override") && other.contains("without human_override"),
        "{told}"
    );
    // The other way round nothing that was known gives way.
    let folder = Folder::new();
    folder.done(&["init"]);
    folder.write("poor.ndjson", (1..4).map(|number| line(number, "")).collect::<String>());
    folder.write("rich.ndjson", (1..4).map(rich).collect::<String>());
    folder.done(&["import", "rich.ndjson"]);
    let report = folder.done(&["--json", "import", "--dry-run", "poor.ndjson"]).json();
    assert_eq!((&report["conflicts"], &report["displaced"]), (&3.into(), &0.into()));
    let told = folder.done(&["import", "poor.ndjson"]).out;
    assert!(told.contains("what was known before this import counts as before"), "{told}");
}
