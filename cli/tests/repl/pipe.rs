//! `lineal repl < script`: what is printed, what is complained of, and the exit code.

use crate::program::{ARCHIVE, DATABASE, Folder, HASH, Run};
use expect_test::expect;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

fn visit(folder: &Folder, script: &str) -> Run {
    folder.run_with(&["repl"], script.as_bytes())
}

fn demo() -> Folder {
    Folder::with(&[DATABASE, ARCHIVE])
}

#[test]
fn statements_end_by_a_semicolon_or_an_empty_line_and_rows_are_numbered() {
    let script = "-- the first three
find model where name like \"credit%\"
return it, stage order by it limit 3;

find dataset upstream of $3
return it, rows

find run produces $1";
    expect![[r#"
        [0]
         $   it                               stage
        ─────────────────────────────────────────────────
         1   model:credit-risk-challenger@1
         2   model:credit-risk-scorer@1       Archived
         3   model:credit-risk-scorer@2       Production
        3 of 5 rows, complete, as of commit 2
          left out because deleted in the source (1): model:credit-risk-scorer@5; a condition on `deleted` asks for them

         $   it                                           rows
        ───────────────────────────────────────────────────────
         1   dataset:applications_2025q3-train@f6490d4d   341
         2   dataset:applications_2025q3-val@76875c4e     114
        2 rows, complete, as of commit 2

        0 rows, complete, as of commit 2
    "#]]
    .assert_eq(&visit(&demo(), script).all());
}

#[test]
fn a_trace_is_a_tree_whose_ends_have_numbers() {
    let script = format!(
        ".param hash={HASH}\ntrace inference:$hash to dataset;\nfind dataset:\"x\" ; show limits;\nfind deployment downstream of $1;"
    );
    let run = visit(&demo(), &script);
    expect![[r#"
        [2]
        inference:sha256:cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504
        └─ served_by deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3  30 events, 2 overrides, 2025-11-03 14:00:00 to 14:48:20Z
           └─ deploys model:credit-risk-scorer@3  Staging, @challenger, registered, 2026-11-21
              └─ produced_by run:f7d2f0a9fa90413fbc9a56125400ca43  "credit-lr-C1.0", FINISHED, 2026-11-21 19:23:58Z
                 ├─ trained_on dataset:applications_2025q3-train@f6490d4d  $1  s3://bank-data/credit/applications_2025q3.parquet, 341 rows
                 └─ validated_on dataset:applications_2025q3-val@76875c4e  $2  s3://bank-data/credit/applications_2025q3.parquet, 114 rows
        2 rows, complete, as of commit 2

         limit       value        default      meaning
        ───────────────────────────────────────────────────────────────────────────────────────────────────────────
         edges       100000000    100000000    edges followed for one answer
         events      100000000    100000000    events read for one answer
         rows        1000000      1000000      rows of one answer, before skip and limit
         bytes       1073741824   1073741824   bytes of those rows in memory
         paths       100          100          paths of `trace all` without `within` or `limit`
         deadline                              seconds that are left for the answer; absent where none are counted
         text        65536        65536        bytes of one request
         nesting     64           64           brackets within each other
         operators   128          128          operators of one request
         relations   64           64           relations of one request
         questions   32           32           questions of one request, inner ones and saved sets too
         terms       256          256          terms of one request
        12 rows, complete, as of commit 2

         $   deployment
        ─────────────────────────────────────────────────────────────────────────
         1   deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:2
         2   deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3
        2 rows, complete, as of commit 2
        error: R001 at 1:6: no dataset is recorded as `x`
          find dataset:"x"
               ^^^^^^^^^^^ 15 of that kind are recorded; `find dataset limit 10` lists some
    "#]].assert_eq(&run.all());
}

#[test]
fn a_row_of_a_trace_is_what_its_path_leads_to_until_the_next_question() {
    let script = format!(
        ".format csv\ntrace inference:{HASH} to dataset;\nshow kinds;\nfind run trained_on $1;\n"
    );
    let run = visit(&demo(), &script);
    // What `show` lists names no rows: the numbers are still those of the trace.
    assert!(run.out.ends_with("\nrun:f7d2f0a9fa90413fbc9a56125400ca43\n"), "{run:?}");
    assert_eq!(run.code, 0);
}

#[test]
fn a_mistake_is_told_and_the_next_statement_asked() {
    let script = "find modle;\nfind experiment limit 1;\n.nonsense\n.fields thing\nfind model upstream of $7;\nfind model where\n\n\nfind code summarize count() as n;";
    let run = visit(&demo(), script);
    assert_eq!(run.code, 2);
    expect![[r#"
        [2]
         $   experiment
        ──────────────────────────────────
         1   experiment:mlflow-2af522de/0
        1 of 4 rows, complete, as of commit 2
          left out because deleted in the source (1): experiment:mlflow-2af522de/4; a condition on `deleted` asks for them

         n
        ───
         0
        1 row, complete, as of commit 2
        error: P001 at 1:6: `modle` is not known here
          find modle
               ^^^^^ did you mean `model`?
        error: there is no directive `.nonsense`
          `.help` lists them
        error: there is no kind `thing`; `.kinds` lists them
        error: $7: the last answer has 1 row
        error: P001 at 1:17: something is missing at the end
          find model where
                          ^ expected a condition or value
    "#]]
    .assert_eq(&run.all());
}

#[test]
fn formats_are_answers_alone() {
    let script = ".format csv\n.timing off\n.limits rows 100\nfind experiment limit 2;\nfind code limit 1 format json;\n.format ndjson\nfind experiment limit 2;";
    let run = visit(&demo(), script);
    assert_eq!(run.code, 0, "{run:?}");
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(lines[0], "experiment");
    assert!(lines[1].starts_with("experiment:") && lines[2].starts_with("experiment:"));
    assert!(lines[3].starts_with("{\"columns\":[\"code\"]"), "{run:?}");
    assert!(lines[4].starts_with("{\"experiment\":\"experiment:"));
    assert_eq!(lines.len(), 6);
}

#[test]
fn with_json_answers_and_errors_are_for_programs() {
    let run = demo().run_with(&["repl", "--json"], b"find experiment limit 1;\nfind modle;");
    let answer: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(answer["total"], 4);
    let error: serde_json::Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(error["error"]["code"], "P001");
    assert_eq!((run.code, error["exit"].as_i64()), (2, Some(2)));
}

#[test]
fn an_answer_is_exported_once_and_never_written_over() {
    let folder = demo();
    let script = ".export a.csv\nfind model where stage = \"Production\";\n.export a.csv\n.export a.json\n.export a.csv";
    let run = visit(&folder, script);
    expect![[r#"
        error: there is no answer to write yet; ask first, then `.export FILE`
        error: cannot write a.csv: it is there already and stays as it is; name another file
    "#]]
    .assert_eq(&run.err);
    let csv = std::fs::read_to_string(folder.path().join("a.csv")).unwrap();
    assert!(csv.starts_with("model\nmodel:"), "{csv}");
    let json = std::fs::read(folder.path().join("a.json")).unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&json).unwrap()["rows"].is_array());
}

#[test]
fn files_of_statements_are_read_and_a_circle_ends() {
    let folder = demo();
    folder.write("one.lql", "find experiment limit 1;\n.source two.lql\n");
    folder.write("two.lql", "find run limit 1;\n");
    folder.write("circle.lql", ".source circle.lql\n");
    let run = visit(&folder, ".format csv\n.source one.lql\n.source circle.lql\n.source none.lql");
    assert_eq!(run.code, 2);
    assert!(run.out.starts_with("experiment\n") && run.out.contains("\nrun\n"), "{run:?}");
    expect![[r#"
        1 of 4 rows, complete, as of commit 2
          left out because deleted in the source (1): experiment:mlflow-2af522de/4; a condition on `deleted` asks for them
        1 of 11 rows, complete, as of commit 2
          left out because deleted in the source (2): run:0029ceb171ab47eaaaf9fbf7a393e241, run:4fa622ecd9ef4fd6aa321ea908fbeb2b; a condition on `deleted` asks for them
        error: circle.lql: files read files 8 deep; does one read itself?
        error: none.lql: No such file or directory (os error 2)
    "#]]
    .assert_eq(&run.err);
}

#[test]
fn quit_ends_a_script_and_limits_end_an_answer() {
    let script = ".limits edges 2\nfind dataset upstream of model:credit-risk-scorer@3;\n.limits\n.quit\nfind nonsense;";
    let run = visit(&demo(), script);
    assert_eq!(run.code, 0, "{run:?}");
    expect![[r#"
        0 rows, truncated, as of commit 2
          ended by the limit of 2 edges
         limit     value           default         meaning
        ─────────────────────────────────────────────────────────────────────────────────────
         edges     2               100,000,000     edges followed for one answer
         events    100,000,000     100,000,000     events read for one answer
         rows      1,000,000       1,000,000       rows of one answer, before skip and limit
         bytes     1,073,741,824   1,073,741,824   bytes of those rows in memory
         seconds   none            none            time for one answer; 0 is no bound
    "#]]
    .assert_eq(&run.out);
}

#[test]
fn what_cannot_be_told_can_be_a_failure() {
    // Without the database the models that the logs name are only referred to.
    let folder = Folder::with(&[ARCHIVE]);
    let script = b"find dataset upstream of deployment:credit-scorer;";
    assert_eq!(folder.run_with(&["repl"], script).code, 0);
    assert_eq!(folder.run_with(&["repl", "--fail-on", "cannot-tell"], script).code, 4);
}

#[test]
fn overviews_are_those_of_the_commands() {
    let folder = demo();
    let shown = visit(&folder, ".stats\n.imports\n").out;
    assert_eq!(shown, folder.done(&["stats"]).out + &folder.done(&["imports"]).out);
    let help = visit(&folder, ".help").out;
    expect![[r#"
        A statement ends with `;` or an empty line. Tab completes, Ctrl-C stops.
        $1 stands for the first thing in row 1 of the last answer, $2 for row 2.
        The history keeps what is typed, unless a blank stands before it.

          .help                  this list
          .kinds                 what the store holds, by kind
          .relations             relations, with both names and the kinds they join
          .fields KIND           the fields of a kind
          .functions             functions and figures
          .stats                 counts, times, sources, what is missing
          .imports               what was brought when, from where
          .format [FORMAT]       how answers are printed; auto follows the question
          .timing [on|off]       how long each question took
          .export FILE           write the last answer: .csv, .json, .ndjson, .prov, .dot, .mermaid, else a table
          .source FILE           read statements from a file
          .param [NAME[=VALUE]]  set $NAME; NAME shows it, NAME= forgets it; alone all
          .sets                  sets kept with let
          .limits [NAME NUMBER]  edges, events, rows, bytes, seconds of one question
          .quit                  leave; Ctrl-D does too
    "#]]
    .assert_eq(&help);
}

#[test]
fn lineal_alone_reads_the_pipe_and_says_where_it_looked_for_a_store() {
    let run = demo().run_with(&[], b"find experiment limit 1 format csv;");
    assert!(run.code == 0 && run.out.starts_with("experiment\nexperiment:"), "{run:?}");
    let run = Folder::new().run(&[]);
    assert_eq!(run.code, 2);
    assert!(run.err.contains("no store here"), "{run:?}");
}

#[test]
fn what_is_no_text_is_refused() {
    let folder = demo();
    let run = folder.run_with(&["repl"], b"find experiment limit 1;\n\xff\xfe;\n");
    assert_eq!(run.code, 2);
    assert_eq!(run.err, "error: line 2 is not UTF-8 text\n");
    let long = format!("find model; -- {}", "x".repeat(2 << 20));
    assert!(visit(&folder, &long).err.contains("line 1 is longer than 1048576 bytes"));
}

#[test]
fn a_visit_sees_what_is_imported_meanwhile() {
    let folder = Folder::with(&[DATABASE]);
    let mut child = folder.command(&["repl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = |question: &[u8]| {
        input.write_all(question).unwrap();
        input.flush().unwrap();
        let mut next = || answers.next().unwrap().unwrap();
        assert_eq!(next(), "n");
        next()
    };
    let question = b"find deployment summarize count() as n format csv;\n";
    assert_eq!(ask(question), "0");
    folder.done(&["import", &crate::program::fixture(ARCHIVE).display().to_string()]);
    assert_eq!(ask(question), "2");
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn every_answer_beside_a_running_import_is_one_of_a_commit() {
    let folder = Folder::with(&[DATABASE]);
    let exports = crate::program::fixture("");
    let mut import = folder.command(&["import", &exports.display().to_string()]);
    let mut import = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut child = folder.command(&["repl"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut commits = Vec::new();
    let mut ended = false;
    // Once more when it has ended: that answer sees everything.
    while !ended {
        ended = import.try_wait().unwrap().is_some();
        input.write_all(b"find deployment summarize count() as n format json;\n").unwrap();
        let answer: serde_json::Value =
            serde_json::from_str(&answers.next().unwrap().unwrap()).unwrap();
        commits.push(answer["commit"].as_u64().unwrap());
    }
    drop(input);
    assert!(import.wait().unwrap().success() && child.wait().unwrap().success());
    assert!(commits.is_sorted() && commits.last() > commits.first(), "{commits:?}");
}

#[test]
fn questions_are_printed_in_canonical_form() {
    let folder = Folder::new();
    let text =
        "-- what is live\nFIND   model as m where stage='Production' return m ;\n\nshow kinds";
    folder.write("q.lql", text);
    let run = folder.run(&["fmt", "q.lql"]);
    expect![[r#"
        [0]
        -- what is live
        find model as m where stage = "Production" return m;

        show kinds;
    "#]]
    .assert_eq(&run.all());
    assert_eq!(folder.run(&["fmt", "--check", "q.lql"]).code, 1);
    folder.write("q.lql", &run.out);
    assert_eq!(folder.run(&["fmt", "--check", "q.lql"]).all(), "[0]\n");
    let beside = folder.run_with(&["fmt"], b"find model -- all of them\nwhere x = 1");
    expect![[r#"
        [0]
        -- all of them
        find model where x = 1;
    "#]]
    .assert_eq(&beside.all());
}

#[test]
fn a_set_of_the_visit_is_known_where_a_kind_must_stand() {
    let run = visit(
        &demo(),
        "let a = find model;\nfind a where name = \"iris\";\nfind model where it in a limit 1 format csv;",
    );
    expect![[r#"
        [2]
        model
        model:m-2b1e631da8bd4243bd8200531269bd00
        error: P001 at 1:6: `a` is a saved set, not a kind
          find a where name = "iris"
               ^^^^^^^ write `find model where it in a`
        1 of 16 rows, complete, as of commit 2
          left out because deleted in the source (1): model:credit-risk-scorer@5; a condition on `deleted` asks for them
    "#]]
    .assert_eq(&run.all());
}

#[test]
fn a_history_is_a_time_line_and_a_table_for_who_asks() {
    // What is told of this import itself differs from run to run.
    let told = "where event like \"%st event\"";
    let history = format!("history of model:credit-risk-scorer@3 {told}");
    let script = format!(
        "{history};\nfind model deployed_by $2;\n{history} format table;\n.format table\n{history} limit 1;\n{history} and time < 2020-01-01;"
    );
    let run = visit(&demo(), &script);
    expect![[r#"
        [0]
        2025-11-03
        ├─ 14:00:00Z  first event  deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3 $1 from datadog
        └─ 14:48:20Z  last event  deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3 $2 from datadog
        2 rows, complete, as of commit 2

         $   model
        ────────────────────────────────
         1   model:credit-risk-scorer@3
        1 row, complete, as of commit 2

         $   time                   recorded   event         subject                                                               by   source
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         1   2025-11-03 14:00:00Z              first event   deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3        datadog
         2   2025-11-03 14:48:20Z              last event    deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3        datadog
        2 rows, complete, as of commit 2

         $   time                   recorded   event         subject                                                               by   source
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
         1   2025-11-03 14:00:00Z              first event   deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3        datadog
        1 of 2 rows, complete, as of commit 2

        0 rows, complete, as of commit 2
    "#]]
    .assert_eq(&run.all());
    let run = visit(&demo(), "history of model:credit-risk-scorer@3 where time is null;");
    assert!(run.out.starts_with("no time recorded\n└─ deployed_by  deployment:"), "{run:?}");
}

#[test]
fn a_set_that_is_kept_leaves_the_rows_of_the_last_answer() {
    let script = "find experiment order by it limit 2 format csv;\nlet models = find model where name = \"iris\";\nfind node where it = $1 format csv;\n.export last.csv\n";
    let folder = demo();
    let run = visit(&folder, script);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(lines[1], lines[4], "{run:?}");
    // With a set before any answer there are no rows to name.
    let run = visit(&folder, "let m = find model;\nfind run produces $1;");
    assert!(run.err.contains("$1 names a row of the last answer; ask first"), "{run:?}");
}

#[test]
fn bytes_can_be_bounded() {
    let run = visit(
        &demo(),
        ".limits bytes 1000\nfind model return it, name, time;\n.limits bytes default\n.limits bytes\n",
    );
    assert!(run.out.contains("ended by the limit of 1000 bytes"), "{run:?}");
    assert_eq!(run.err, "error: `.limits NAME NUMBER`, or `.limits` to see them\n");
}
