//! Questions with their answers, side by side in one file, asked of a small graph in memory.
//!
//! `UPDATE_EXPECT=1 cargo test -p lineal-query` writes the answers anew.

mod graph;

use expect_test::expect_file;
use graph::Graph;
use lineal_query::{Beside, Limits, Machine, Parameters, Prepared, Request, State, Value};

/// 10 March 2026, noon UTC: what `now()` is in every test.
const NOW: i64 = 1_773_144_000_000_000_000;

fn world() -> Graph {
    Graph::new(include_str!("golden/world.txt"))
}

/// Values for the parameters of all questions.
fn parameters() -> Parameters {
    let hash = "sha256:aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";
    Parameters::new()
        .text("hash", hash)
        .text("ref", "model:prod/credit-risk@3")
        .text("day", "2026-02-15")
        .text("n", "2")
        .text("name", "credit-risk")
        .text("length", "90d")
        .text("step", "6mo")
        .text("bad", "(")
        .text("short", "sha256:aa11")
}

/// The answer as text, or the error as a reader sees it.
fn ask(graph: &Graph, text: &str) -> String {
    let (parameters, limits) = (parameters(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: NOW };
    let prepared = match Prepared::new(text) {
        Ok(prepared) => prepared,
        Err(mistake) => return mistake.render(text),
    };
    let answer = match prepared.run(graph, &request) {
        Ok(answer) => answer,
        Err(error) => return error.render(text),
    };
    let names: Vec<_> = answer.columns.iter().map(|column| column.name.as_str()).collect();
    let mut out = format!("[{}]", names.join(" | "));
    for row in &answer.rows {
        let cell = |value: &Value| match value {
            Value::Absent => "-".to_owned(),
            value => answer.text(value),
        };
        out.push('\n');
        out.push_str(&row.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    if answer.completeness.state() != State::Complete {
        out.push_str(&format!("\n({})", answer.completeness.state()));
        for reason in &answer.completeness.reasons {
            out.push_str(&format!("\n({reason})"));
        }
    }
    for warning in &answer.warnings {
        out.push_str(&format!("\n(warning: {warning})"));
    }
    out
}

/// Runs a file of questions, each with its answer below `----`, and writes it anew.
fn check(file: &str, expected: &expect_test::ExpectFile) {
    let graph = world();
    let mut out = String::new();
    let mut count = 0;
    for block in file.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let question = block.split("\n----").next().unwrap_or(block);
        let text: Vec<_> = question.lines().filter(|line| !line.starts_with("# ")).collect();
        if text.is_empty() {
            out.push_str(&format!("{question}\n\n"));
            continue;
        }
        let answer = ask(&graph, &text.join("\n"));
        out.push_str(&format!("{question}\n----\n{answer}\n\n"));
        count += 1;
    }
    assert!(count >= 10, "the file must not be empty");
    expected.assert_eq(&out);
}

#[test]
fn questions_have_their_answers() {
    check(include_str!("golden/answers.lql"), &expect_file!["golden/answers.lql"]);
}

#[test]
fn wrong_meaning_is_refused_with_the_repair() {
    check(include_str!("golden/wrong_meaning.lql"), &expect_file!["golden/wrong_meaning.lql"]);
}

/// What a server writes down at once is what it would write of an answer that it holds, whole and by pages.
#[test]
fn an_answer_that_is_only_looked_at_is_written_as_one_that_is_kept() {
    let (graph, parameters) = (world(), parameters());
    let (mut machine, mut compared) = (Machine::default(), 0);
    let questions = include_str!("golden/answers.lql").split("\n\n").map(str::trim);
    let texts = questions.filter_map(|block| {
        let lines = block.split("\n----").next().unwrap_or(block).lines();
        let lines: Vec<_> = lines.filter(|line| !line.starts_with("# ")).collect();
        Prepared::new(&lines.join("\n")).ok().map(|prepared| (lines.join(" "), prepared))
    });
    for (text, prepared) in texts {
        for rows in [u64::MAX, 2] {
            let limits = Limits { rows, ..Limits::default() };
            let request = Request { parameters: &parameters, limits: &limits, now: NOW };
            let kept = prepared.run(&graph, &request);
            let beside = [("first", Beside::Number(1))];
            let pages = [(0, usize::MAX), (0, 1), (1, 2), (usize::MAX, 1)];
            let looked = prepared.look_on(&mut machine, &graph, &request, |answer, table| {
                let write = |page| {
                    let mut out = Vec::new();
                    answer.write_json_with(&mut out, table, page, &beside);
                    out
                };
                pages.map(write)
            });
            let (Ok(kept), Ok(looked)) = (&kept, &looked) else {
                let words = |error: Option<lineal_query::Error>| error.map(|e| e.render(&text));
                assert_eq!(words(kept.err()), words(looked.err()), "{text}");
                continue;
            };
            for ((skip, most), looked) in pages.into_iter().zip(looked) {
                let mut page = kept.clone();
                page.rows.drain(..skip.min(page.rows.len()));
                page.rows.truncate(most);
                let mut out = Vec::new();
                page.write_json(&mut out, &beside);
                assert_eq!(
                    String::from_utf8_lossy(looked),
                    String::from_utf8_lossy(&out),
                    "{text}"
                );
            }
            compared += kept.rows.len();
        }
    }
    assert!(compared > 500, "{compared}");
}

/// A registered model and the one it was registered from are made by the same run.
#[test]
fn what_made_both_things_is_told_once() {
    let graph = Graph::new(
        "run:a params.depth=6\nrun:b params.depth=8\n\
         model:logged-a\nmodel:logged-b\nmodel:risk@1 version=1\nmodel:risk@2 version=2\n\
         model:logged-a produced_by run:a\nmodel:logged-b produced_by run:b\n\
         model:risk@1 produced_by run:a\nmodel:risk@2 produced_by run:b\n\
         model:risk@1 registered_from model:logged-a\nmodel:risk@2 registered_from model:logged-b\n\
         commit 2026-01-01",
    );
    let answer = ask(&graph, "diff model:risk@1 with model:risk@2");
    expect_test::expect![[r#"
        [change | subject | field | before | after]
        changed | model:risk@2 | version | 1 | 2
        changed | model:risk@2 | produced_by | run:a | run:b
        changed | model:risk@2 | registered_from | model:logged-a | model:logged-b
        changed | run:b | name | a | b
        changed | run:b | params.depth | 6 | 8
        changed | model:logged-b | name | logged-a | logged-b
        changed | model:logged-b | produced_by | run:a | run:b"#]]
    .assert_eq(&answer);
}
