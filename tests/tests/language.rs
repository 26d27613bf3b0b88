//! docs/questions.md: every question in it is asked of the store that `lineal demo` makes, and its
//! answer stands below it.
//!
//! `UPDATE_EXPECT=1 cargo test -p lineal-tests --test language` writes the answers anew.

use std::path::Path;
use std::sync::Arc;

use expect_test::expect_file;
use lineal_engine::storage::MemoryStorage;
use lineal_query::{Limits, Parameters, Prepared, Request, StoreView};
use lineal_tests::page::shown;
use lineal_tests::place::{DATABASE, Place, fixture};

/// 10 November 2025, noon UTC: some days after the last event of the demo.
const NOW: i64 = 1_762_776_000_000_000_000;

/// What `lineal demo` imports.
fn demo() -> Place {
    let place = Place::new();
    place.import(&[&fixture(DATABASE), &fixture("datadog-art12-a-nested")]);
    place
}

fn ask(place: &Place, text: &str) -> String {
    let parameters = Parameters::new()
        .text("hash", "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504")
        .text("checkpoint", "1");
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: NOW };
    let view = StoreView::new(Arc::clone(&place.store)).expect("a view");
    let answer = Prepared::new(text).map_err(Into::into).and_then(|p| p.run(&view, &request));
    match answer {
        Ok(answer) => shown(&answer, &view),
        Err(error) => error.render(text),
    }
}

#[test]
fn the_questions_have_their_answers_on_the_demo_store() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/questions.md");
    let page = std::fs::read_to_string(&path).expect("docs/questions.md is there");
    let place = demo();
    let mut out = String::new();
    let mut rest = page.as_str();
    let (mut count, mut answered) = (0_u32, 0);
    while let Some((before, question)) = rest.split_once("```lql\n") {
        let (question, after) = question.split_once("```\n").expect("the block ends");
        // The answer that stood there makes way.
        let after = after
            .strip_prefix("```text\n")
            .map_or(after, |answer| answer.split_once("```\n").map_or("", |(_, after)| after));
        let answer = ask(&place, question.trim());
        count += 1;
        answered += u32::from(answer.contains("rows, ") || answer.contains("1 row, "));
        out.push_str(&format!(
            "{before}```lql\n{question}```\n```text\n{}\n```\n",
            answer.trim_end()
        ));
        rest = after;
    }
    out.push_str(rest);
    assert!(count >= 58, "{count} questions were found");
    // Three wait for proofs, two ask for keys that the demo does not hold.
    assert_eq!(count - answered, 5, "of {count} questions {answered} were answered");
    expect_file![path].assert_eq(&out);
}

/// `verify` goes on where something is damaged, and names it.
#[test]
fn a_question_that_verifies_finds_damaged_rows_and_records() {
    let storage = Arc::new(MemoryStorage::new());
    let place = Place::on(storage.clone());
    place.import(&[&fixture(DATABASE), &fixture("datadog-art12-a-nested")]);
    let results = |place: &Place, text: &str| -> Vec<String> {
        let rows = place.rows(text);
        rows.into_iter().map(|row| row.get(1).cloned().unwrap_or_default()).collect()
    };
    let deep = "verify deep (find batch)";
    assert_eq!(results(&place, deep), ["ok"; 4]);
    let container = storage.paths().into_iter().find(|path| path.starts_with("containers/"));
    storage.damage(&container.expect("rows are in a container"), |bytes| bytes[100] ^= 1);
    // A view of its own, so that nothing is believed that was read before.
    drop(place);
    let again = Place::open_on(storage.clone());
    assert_eq!(results(&again, "verify (find batch)"), ["ok"; 4], "the records are whole");
    assert_eq!(results(&again, deep), ["damaged"; 4], "all rows lie in the one container");
    assert_eq!(results(&again, "verify deep (find model where stage = \"Production\")"), ["ok"]);
}

/// A view that a question names by what it holds.
#[test]
fn an_import_and_a_revision_name_the_view_they_ended() {
    let place = demo();
    let commit = |text: &str| place.answer(text, &[]).commit;
    let now = commit("find model");
    assert_eq!(
        commit("find model as of import:1"),
        now,
        "the only import ended with the last commit"
    );
    assert_eq!(commit("find model as of model:credit-risk-scorer@3"), 1);
    let id = place.column("find model:credit-risk-scorer@3 return id").remove(0);
    assert_eq!(commit(&format!("find model as of {id}")), 1);
    let both =
        place.column("find deployment as d where d not in (find deployment as of 1) return d");
    assert_eq!(both.len(), 2, "deployments came with the logs, in the second commit");
}
