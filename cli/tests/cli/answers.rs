//! Answers in their formats, and the codes they end with.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH};
use expect_test::expect;

fn full() -> Folder {
    Folder::with(&[DATABASE, ARCHIVE])
}

const QUESTION: &str =
    "find dataset upstream via training of inference:$hash return name, digest, uri";

#[test]
fn the_same_answer_in_each_format() {
    let folder = full();
    let parameter = format!("hash={HASH}");
    let ask = |format: &str| {
        folder.run(&["query", QUESTION, "--param", &parameter, "--format", format]).all()
    };
    expect![[r#"
        [0]
         name                        digest     uri
        ──────────────────────────────────────────────────────────────────────────────────────────
         applications_2025q3-train   f6490d4d   s3://bank-data/credit/applications_2025q3.parquet
        1 row, complete, as of commit 2
    "#]]
    .assert_eq(&ask("table"));
    expect![[r#"
        [0]
        name,digest,uri
        applications_2025q3-train,f6490d4d,s3://bank-data/credit/applications_2025q3.parquet
    "#]]
    .assert_eq(&ask("csv"));
    expect![[r#"
        [0]
        {"name":"applications_2025q3-train","digest":"f6490d4d","uri":"s3://bank-data/credit/applications_2025q3.parquet"}
    "#]].assert_eq(&ask("ndjson"));
    let json = folder.done(&["query", QUESTION, "--param", &parameter, "--format", "json"]).json();
    assert_eq!(json["rows"][0][1], "f6490d4d");
    let drawn = format!(
        "find model produced_by run trained_on {}",
        "dataset:applications_2025q3-train@f6490d4d"
    );
    let draw = |format: &str| folder.run(&["query", &drawn, "--format", format]).all();
    expect![[r#"
        [0]
        digraph lineage {
          rankdir=LR;
          node [shape=box];
          n0 [label="model:m-2b1e631da8bd4243bd8200531269bd00"];
          n1 [label="model:m-773ab88224d14b0299247b1553d714a1"];
          n2 [label="model:m-e9ad4e089bff402eb7a9c7fcf64f162d"];
          n3 [label="model:credit-risk-scorer@1"];
          n4 [label="model:credit-risk-scorer@2"];
          n5 [label="model:credit-risk-scorer@3"];
          n2 -> n3 [label="registered_as"];
          n0 -> n4 [label="registered_as"];
          n3 -> n4 [label="followed_by"];
          n1 -> n5 [label="registered_as"];
          n4 -> n5 [label="followed_by"];
        }
    "#]]
    .assert_eq(&draw("dot"));
    expect![[r#"
        [0]
        flowchart LR
          n0["model:m-2b1e631da8bd4243bd8200531269bd00"]
          n1["model:m-773ab88224d14b0299247b1553d714a1"]
          n2["model:m-e9ad4e089bff402eb7a9c7fcf64f162d"]
          n3["model:credit-risk-scorer@1"]
          n4["model:credit-risk-scorer@2"]
          n5["model:credit-risk-scorer@3"]
          n2 -->|registered_as| n3
          n0 -->|registered_as| n4
          n3 -->|followed_by| n4
          n1 -->|registered_as| n5
          n4 -->|followed_by| n5
    "#]]
    .assert_eq(&draw("mermaid"));
    let prov = folder.done(&["query", &drawn, "--format", "prov"]).json();
    assert!(prov["entity"].as_object().is_some_and(|things| things.len() > 1), "{prov}");
    assert!(prov["prefix"].is_object(), "{prov}");
    // The question itself may name the format.
    let named =
        folder.run(&["query", &format!("{QUESTION} format csv"), "--param", &parameter]).all();
    assert_eq!(named, ask("csv"));
    let named = folder.run(&["query", &format!("{drawn} format dot")]).all();
    assert_eq!(named, draw("dot"));
}

#[test]
fn a_question_from_a_file() {
    let folder = full();
    folder.write(
        "question.lql",
        "-- the models in use\nfind model as m deployed_by deployment\nreturn m, m.stage\n",
    );
    expect![[r#"
        [0]
         m                            m.stage
        ─────────────────────────────────────────
         model:credit-risk-scorer@2   Production
         model:credit-risk-scorer@3   Staging
        2 rows, complete, as of commit 2
    "#]]
    .assert_eq(&folder.run(&["query", "-f", "question.lql"]).all());
    folder.write("wrong.lql", "find model\nwhere stge = \"x\"\n");
    expect![[r#"
        [2]
        error: B002 at 2:7: model has no field `stge`
          where stge = "x"
                ^^^^ did you mean `stage`?
    "#]]
    .assert_eq(&folder.run(&["query", "-f", "wrong.lql"]).all());
    assert_eq!(folder.run(&["query", "-f", "question.lql", "find model"]).code, 2);
}

#[test]
fn cells_of_csv_are_quoted_where_they_must_be() {
    let folder = full();
    let question = "find model where name = \"credit-risk-scorer\" and version = \"2\" return name, \"say \\\"yes\\\"\" as said, \"a, b\" as pair, \"two\\nlines\" as text";
    let run = folder.run(&["query", question, "--format", "csv"]);
    expect![[r#"
        [0]
        name,said,pair,text
        credit-risk-scorer,"say ""yes""","a, b","two
        lines"
    "#]]
    .assert_eq(&run.all());
}

#[test]
fn times_are_shown_in_the_zone_that_is_asked_for() {
    let folder = full();
    let question = "find inference where human_override = true return time order by time limit 2";
    let ask =
        |zone: &str| folder.run(&["--tz", zone, "query", question, "--format", "table"]).all();
    expect![[r#"
        [0]
         time
        ──────────────────────
         2025-11-03 14:00:00Z
         2025-11-03 14:02:50Z
        2 of 18 rows, cannot tell, as of commit 2
          1 line of the log dt=20251103/hour=16/archive_161503.7524.a3cd0130-8208-4d9f-8748-205d9bbf3ebd.json.gz could not be read and may have been events; the report of its import says which
    "#]]
    .assert_eq(&ask("UTC"));
    expect![[r#"
        [0]
         time
        ───────────────────────────
         2025-11-03 15:00:00+01:00
         2025-11-03 15:02:50+01:00
        2 of 18 rows, cannot tell, as of commit 2
          1 line of the log dt=20251103/hour=16/archive_161503.7524.a3cd0130-8208-4d9f-8748-205d9bbf3ebd.json.gz could not be read and may have been events; the report of its import says which
    "#]]
    .assert_eq(&ask("Europe/Berlin"));
}

#[test]
fn traces_of_a_hash_a_run_a_version_and_an_id() {
    let folder = full();
    expect![[r#"
        [0]
        inference:cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504  2025-11-03 14:00:00Z, decision refer (0.6664), overridden by a human, was reject
        found by input hash, sha256
        └─ served_by deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3  30 events, 2 overrides, 2025-11-03 14:00:00 to 14:48:20Z
           └─ deploys model:credit-risk-scorer@3  Staging, @challenger, registered, 2026-11-21
              │  granted by maria.keller@example.eu, 2025-10-03 09:30:00Z
              ├─ produced_by run:f7d2f0a9fa90413fbc9a56125400ca43  "credit-lr-C1.0", FINISHED, 2026-11-21 19:23:58Z
              │  │  human reviewer by maria.keller@example.eu
              │  │  risk assessment: document:RA-2025-014
              │  ├─ trained_on dataset:applications_2025q3-train@f6490d4d  s3://bank-data/credit/applications_2025q3.parquet, 341 rows
              │  ├─ validated_on dataset:applications_2025q3-val@76875c4e  s3://bank-data/credit/applications_2025q3.parquet, 114 rows
              │  └─ tested_on dataset:applications_2025q3-test@456ebaa3  s3://bank-data/credit/applications_2025q3.parquet, 114 rows
              └─ registered_from model:m-773ab88224d14b0299247b1553d714a1  logged, 2026-11-21
                 └─ produced_by run:f7d2f0a9fa90413fbc9a56125400ca43  (above)

        training data recorded: yes. dataset:applications_2025q3-train@f6490d4d
        nothing missing on the way, as of commit 2
    "#]].assert_eq(&folder.run(&["trace", HASH]).all());
    let sought = folder.done(&["trace", HASH]).out;
    let upper = format!("sha256:{}", HASH.to_uppercase());
    assert_eq!(folder.done(&["trace", &upper]).out, sought);
    assert_eq!(folder.done(&["trace", &format!("inference:{HASH}")]).out, sought);
    expect![[r#"
        [0]
        run:4cf1c180887a4e388881bec9652668c5  "credit-lr-C0.1", FINISHED, 2026-11-21 19:23:39Z
        │  human reviewer by maria.keller@example.eu
        │  risk assessment: document:RA-2025-014
        ├─ trained_on dataset:applications_2025q3-train@f6490d4d  s3://bank-data/credit/applications_2025q3.parquet, 341 rows
        ├─ validated_on dataset:applications_2025q3-val@76875c4e  s3://bank-data/credit/applications_2025q3.parquet, 114 rows
        └─ tested_on dataset:applications_2025q3-test@456ebaa3  s3://bank-data/credit/applications_2025q3.parquet, 114 rows

        training data recorded: yes. dataset:applications_2025q3-train@f6490d4d
        nothing missing on the way, as of commit 2
    "#]].assert_eq(&folder.run(&["trace", "4cf1c180"]).all());
    let id = folder.done(&["--json", "show", "model:iris@1"]).json();
    let short = format!("#{}", &id["revision"].as_str().unwrap()[..12]);
    assert_eq!(folder.run(&["show", &short]).out, folder.run(&["show", "model:iris@1"]).out);
}

#[test]
fn exit_codes_say_how_it_ended() {
    let folder = full();
    let code = |arguments: &[&str]| folder.run(arguments).code;
    // 0: an answer, also an empty one.
    assert_eq!(code(&["trace", HASH]), 0);
    assert_eq!(code(&["query", "find model where name = \"none\""]), 0);
    // 1: the answer is no.
    assert_eq!(code(&["trace", "credit-risk-scorer@4"]), 1, "no run is recorded");
    // 2: wrong use.
    assert_eq!(code(&["query", "find modell"]), 2);
    assert_eq!(code(&["no-such-command"]), 2);
    // 4: it cannot be told, where that was to be a failure.
    let logs = Folder::with(&[ARCHIVE]);
    let question = format!("find dataset upstream of inference:{HASH}");
    let code = |arguments: &[&str]| logs.run(arguments).code;
    assert_eq!(code(&["query", &question]), 0);
    assert_eq!(code(&["query", &question, "--fail-on", "cannot-tell"]), 4);
    assert_eq!(code(&["trace", HASH]), 1);
    assert_eq!(code(&["trace", HASH, "--fail-on", "cannot-tell"]), 4);
    assert_eq!(folder.run(&["trace", HASH, "--fail-on", "cannot-tell"]).code, 0);
}

#[test]
fn only_logs_and_only_a_registry_get_useful_answers() {
    let logs = Folder::with(&[ARCHIVE]);
    expect![[r#"
        [1]
        inference:cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504  2025-11-03 14:00:00Z, decision refer (0.6664), overridden by a human, was reject
        found by input hash, sha256
        └─ served_by deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3  30 events, 2 overrides, 2025-11-03 14:00:00 to 14:48:20Z
           └─ deploys model:credit-risk-scorer@3  not imported

        training data recorded: no.
        missing: model:credit-risk-scorer@3 is only referred to; import the registry or tracking store that has it
    "#]].assert_eq(&logs.run(&["trace", HASH]).all());
    expect![[r#"
        [0]
        model:credit-risk-scorer@2
        missing: only referred to, never imported
          name            credit-risk-scorer
          version         2
          missing         true
          revisions       0
          deployed_by deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:2
    "#]]
    .assert_eq(&logs.run(&["show", "model:credit-risk-scorer@2"]).all());
    let registry = Folder::with(&["export-import-2.9"]);
    expect![[r#"
        [1]
        model:iris@1  registered, 2026-11-21
        ├─ produced_by run:fe602fce80fb430880fbd32a6fcc6c7e  "iris-lr", FINISHED, 2026-11-21 19:24:53Z
        │     bias report: document:fe602fce80fb430880fbd32a6fcc6c7e/compliance/bias_report.json
        │     risk assessment: document:fe602fce80fb430880fbd32a6fcc6c7e/compliance/risk_assessment.md
        └─ registered_from model:7135e03d684d43908fed5155f114a40a  logged, 2026-11-21
           └─ produced_by run:fe602fce80fb430880fbd32a6fcc6c7e  (above)

        training data recorded: no.
        run:fe602fce80fb430880fbd32a6fcc6c7e records no dataset input; found instead: nothing that names data
          to record it: mlflow.log_input(dataset, context="training") in the training run
    "#]].assert_eq(&registry.run(&["trace", "model:iris@1"]).all());
}

#[test]
fn a_deployment_without_a_version_ends_the_trail() {
    let folder = Folder::with(&[DATABASE]);
    let hash = "ab".repeat(32);
    folder.write(
        "logs.ndjson",
        format!(
            r#"{{"_id":"L","date":"2026-03-01T00:00:00Z","service":"s","attributes":{{"art12":{{"event_id":"e","timestamp":"2026-03-01T00:00:00Z","model":{{"name":"credit-risk-scorer"}},"input":{{"hash":"{hash}","hash_algorithm":"sha256"}}}}}}}}"#
        ),
    );
    folder.done(&["import", "logs.ndjson"]);
    expect![[r#"
        [4]
        inference:abababababababababababababababababababababababababababababababab  2026-03-01 00:00:00Z
        found by input hash, sha256
        └─ served_by deployment:"s@credit-risk-scorer:?"  1 event, 2026-03-01 00:00:00 to 00:00:00Z

        training data recorded: no.
        deployment:"s@credit-risk-scorer:?": its events name no model version, so the trail ends here
    "#]].assert_eq(&folder.run(&["trace", &hash, "--fail-on", "cannot-tell"]).all());
}

#[test]
fn a_picture_of_values_alone_says_why_it_is_empty() {
    let folder = full();
    expect![[r#"
        [0]
        digraph lineage {
          rankdir=LR;
          node [shape=box];
        }
        note: the picture is empty: it draws the nodes, events and paths in the rows, and these rows hold only values; `return it` (or the name of a term) beside them
        16 rows, complete, as of commit 2
          left out because deleted in the source (1): model:credit-risk-scorer@5; a condition on `deleted` asks for them
    "#]]
    .assert_eq(&folder.run(&["query", "find model return name format dot"]).all());
    let drawn = folder.run(&["query", "find model:iris@1 return it, name format mermaid"]);
    assert!(drawn.err.is_empty() && drawn.out.contains("model:iris@1"), "{drawn:?}");
    // Without rows there is nothing to say.
    assert_eq!(folder.run(&["query", "find code format mermaid"]).all(), "[0]\nflowchart LR\n");
}

/// Rows in a file look like all there is: what they leave out is said beside them.
#[test]
fn forms_without_room_for_it_say_beside_the_rows_what_they_leave_out() {
    let folder = full();
    for format in ["csv", "ndjson", "dot", "mermaid", "prov"] {
        let ask = |limit: &[&str]| {
            let question = ["query", "find dataset", "--format", format];
            folder.run(&[&question[..], limit].concat())
        };
        let cut = ask(&["--limit", "rows=2"]);
        assert!(cut.err.contains("2 of 15 rows, truncated"), "{format}: {cut:?}");
        assert!(cut.err.contains("ended by the limit of 2 rows"), "{format}: {cut:?}");
        let whole = ask(&[]);
        assert!(whole.err.is_empty() && whole.out.len() > cut.out.len(), "{format}: {whole:?}");
    }
    let json = folder.run(&["query", "find dataset", "--limit", "rows=2", "--json"]);
    assert!(json.err.is_empty() && json.json()["total"] == 15, "{json:?}");
    let cannot_tell = folder.run(&["query", "find inference limit 1", "--format", "csv"]);
    assert!(cannot_tell.err.contains("could not be read"), "{cannot_tell:?}");
}

#[test]
fn bounds_of_one_question_can_be_given_and_are_named_when_they_end_it() {
    let folder = full();
    for (limit, said) in [
        ("events=10", "the limit of 10 events"),
        ("bytes=100", "the limit of 100 bytes"),
        ("edges=1", "the limit of 1 edge"),
    ] {
        let question = "find dataset as d upstream of model:iris@1, inference as i \
                        where i.decision = \"refer\"";
        let run = folder.run(&["query", question, "--limit", limit]);
        assert_eq!(run.code, 0, "{run:?}");
        assert!(run.out.contains(said), "{limit}: {run:?}");
    }
    for (limit, said) in [
        ("rows", "rows: write name=value"),
        ("depth=3", "there is no limit `depth`; there are edges, events, rows, bytes, seconds"),
        ("rows=few", "the limit rows is a whole number, not few"),
    ] {
        let run = folder.run(&["query", "find model", "--limit", limit]);
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains(said), "{limit}: {run:?}");
    }
}

/// Asks for so many pairs of pairs that it runs until somebody ends it.
const ENDLESS: &str = "find inference as a, inference as b, inference as c, inference as d \
                       where a.time > d.time and b.time > c.time and c.time > a.time \
                       summarize count() as n";

#[test]
fn a_deadline_is_named_as_what_ended_a_question() {
    let folder = full();
    let run = folder.run(&["query", ENDLESS, "--limit", "seconds=1"]);
    assert!(run.code == 0 && run.out.contains("ended by the deadline"), "{run:?}");
    let script = format!(".limits seconds 1\n{ENDLESS};\n");
    let run = folder.run_with(&["repl"], script.as_bytes());
    assert!(run.out.contains("ended by the deadline"), "{run:?}");
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_question_with_what_was_found() {
    let folder = full();
    let child = folder.command(&["query", ENDLESS]).spawn().unwrap();
    // Opening the store takes some tens of milliseconds, the question hours.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let out = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{out}");
    assert!(out.contains("truncated") && out.contains("the caller's wish"), "{out}");
}

#[test]
fn the_schema_is_shown_without_a_store_and_fits_a_prompt() {
    let folder = Folder::new();
    let card = folder.done(&["show", "schema", "--for-prompt"]).out;
    assert_eq!(card.trim_end(), lineal_query::schema_card().trim_end());
    assert!(folder.done(&["show", "schema"]).out.starts_with(card.trim_end()));
    let json = folder.done(&["show", "schema", "--json"]).json();
    assert_eq!(json["schema"], lineal_query::schema_card());
    let wrong = folder.run(&["show", "model:iris@1", "--for-prompt"]);
    assert!(wrong.code == 2 && wrong.err.contains("lineal show schema --for-prompt"), "{wrong:?}");
}

#[test]
fn what_is_about_the_language_alone_needs_no_store() {
    let folder = Folder::new();
    for (question, said) in [
        ("show functions", "p95"),
        ("show relations", "deployed_by"),
        ("show fields of model", "intended_purpose"),
        ("show limits", "nesting"),
        ("show schema", "LQL"),
    ] {
        let run = folder.run(&["query", question]);
        assert!(run.code == 0 && run.out.contains(said), "{question}: {run:?}");
        assert!(!run.out.contains("commit 0"), "{question}: {run:?}");
        let json = folder.run(&["query", question, "--json"]).json();
        assert!(json["commit"].is_null() && json["recorded"].is_null(), "{question}: {json}");
        assert!(json["total"].as_u64() > Some(0), "{question}: {json}");
    }
    // These count what is recorded.
    for question in ["show kinds", "find model"] {
        let run = folder.run(&["query", question]);
        assert!(run.code == 2 && run.err.contains("no store here"), "{question}: {run:?}");
    }
    let drawn = folder.run(&["query", "show limits", "--format", "dot"]);
    assert!(drawn.code == 2 && drawn.err.contains("about the language"), "{drawn:?}");
}

#[test]
fn a_bundle_is_refused_in_the_words_of_the_language() {
    let folder = full();
    let run = folder.run(&["query", "find model;", "--format", "bundle"]);
    assert!(
        run.code == 2 && run.err.contains("B010 at 1:19: a proof is a file of its own"),
        "{run:?}"
    );
    let asked = folder.run(&["query", "find model format bundle"]);
    assert_eq!((asked.code, asked.err), (run.code, run.err));
    let help = folder.run(&["query", "--help"]);
    assert!(!help.out.contains("bundle"), "{help:?}");
}

#[test]
fn a_scan_of_too_many_events_is_refused_before_it_reads() {
    let folder = full();
    let run = folder.run(&["query", "find inference", "--limit", "events=3"]);
    assert!(run.code == 2 && run.out.is_empty(), "{run:?}");
    assert!(run.err.contains("R008") && run.err.contains("add a time range"), "{run:?}");
    let json = folder.run(&["query", "find inference", "--limit", "events=3", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&json.err).unwrap_or_default();
    assert_eq!((&error["error"]["code"], &error["exit"]), (&"R008".into(), &2.into()), "{json:?}");
    let some = folder.run(&["query", "find inference limit 2", "--limit", "events=3", "--json"]);
    assert_eq!(some.json()["completeness"]["state"], "truncated", "{some:?}");
}
