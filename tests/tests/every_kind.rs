//! The 58 questions on a store that has every kind, with golden answers that an independent script
//! computes from the source data (`foreign/questions.py`).
//!
//! `UPDATE_EXPECT=1 cargo test -p lineal-tests --test every_kind` writes the golden answers anew.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use expect_test::expect_file;
use lineal_engine::schema::{Direction, Kind, RELATIONS, Relation};
use lineal_query::{Answer, Limits, Parameters, Picture, Prepared, Request, State, StoreView};
use lineal_tests::every_kind::{EveryKind, folder, load};
use lineal_tests::foreign;
use lineal_tests::page::shown;
use serde_json::{Value as Json, json};

/// Questions that have no answer in this version: they ask for proofs.
const NO_ANSWER_YET: [&str; 3] = ["Q46", "Q48", "Q54"];
/// Questions that no row can answer: no source says how long a batch is kept.
const NO_ROWS_YET: [&str; 2] = ["Q49", "Q50"];

/// Loaded once: no test changes it.
static BANK: LazyLock<EveryKind> = LazyLock::new(load);

/// Number, sentence and text of each question.
fn questions() -> Vec<(String, String, String)> {
    let file = std::fs::read_to_string(folder().join("questions.lql")).expect("the questions");
    let mut questions: Vec<(String, String, String)> = Vec::new();
    for line in file.lines() {
        if let Some(head) = line.strip_prefix("-- Q") {
            let (number, sentence) = head.split_once(' ').expect("a number and a sentence");
            questions.push((format!("Q{number}"), sentence.to_owned(), String::new()));
        } else if !line.starts_with("--")
            && let Some((_, _, text)) = questions.last_mut()
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    for (_, _, text) in &mut questions {
        *text = text.trim().trim_end_matches(';').to_owned();
    }
    questions
}

fn ask(of: &EveryKind, view: &StoreView, text: &str) -> Result<Answer, lineal_query::Error> {
    let mut parameters = Parameters::new();
    for (name, value) in &of.parameters {
        parameters = parameters.text(name.as_str(), value.as_str());
    }
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: of.now };
    Prepared::new(text)?.run(view, &request)
}

/// What of an answer stands in the golden file: without what tells of this store's log and work.
fn line(answer: &Answer, view: &StoreView) -> Json {
    let all = answer.to_json();
    let mut out = json!({
        "columns": all["columns"],
        "total": all["total"],
        "state": all["completeness"]["state"],
        "reasons": all["completeness"]["reasons"],
        "commit": all["commit"],
        "warnings": all["warnings"],
    });
    match answer.format.as_deref() {
        Some("csv") => out["csv"] = json!(answer.to_csv()),
        Some("prov") => out["prov"] = Picture::of(answer, view).expect("it can be drawn").to_prov(),
        _ => out["rows"] = all["rows"].clone(),
    }
    out
}

/// What the names in answers stand for that are made with keys and hashes: the script knows things
/// by what the sources say of them, and checks that each of its things has one of these names.
fn glossary(of: &EveryKind, view: &StoreView) -> Json {
    let rows = |text: &str| -> Vec<Json> {
        let answer = ask(of, view, text).expect("the question is right");
        let json = answer.to_json();
        json["rows"].as_array().expect("rows").clone()
    };
    json!({
        "approvals": rows("find approval as a return a, a.source, list(find node where a approves it), list(find actor did a), a.time"),
        "evaluations": rows("find evaluation as e return e, e.source, list(find model evaluated_by e), list(find dataset tests e), e.time"),
        "batches": rows("find batch as b served_by deployment as d return b, b.name, d"),
    })
}

/// The golden file: the glossary, then a line for each question.
fn answers(of: &EveryKind) -> String {
    let view = StoreView::new(Arc::clone(&of.place.store)).expect("a view");
    let mut out = format!("{}\n", glossary(of, &view));
    let (mut refused, mut without) = (Vec::new(), Vec::new());
    let questions = questions();
    for (number, _, text) in &questions {
        let mut line = json!({ "question": number });
        match ask(of, &view, text) {
            Ok(answer) => {
                if answer.total == 0 {
                    without.push(number.as_str());
                }
                assert_ne!(answer.completeness.state(), State::Truncated, "{number}");
                line["answer"] = self::line(&answer, &view);
            }
            Err(error) => {
                let code = error.mistake().map(|mistake| mistake.code.to_string());
                assert_eq!(code.as_deref(), Some("B010"), "{number}: {}", error.render(text));
                refused.push(number.as_str());
                line["refused"] = json!(code);
            }
        }
        out.push_str(&format!("{line}\n"));
    }
    assert_eq!(refused, NO_ANSWER_YET);
    assert_eq!(without, NO_ROWS_YET);
    assert_eq!(questions.iter().filter(|(number, ..)| number.len() == 3).count(), 58);
    out
}

#[test]
fn every_question_has_its_answer() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/every_kind.ndjson");
    expect_file![golden].assert_eq(&answers(&BANK));
}

/// For readers: what `docs/questions.md` shows of the demo.
#[test]
fn the_answers_are_written_down_for_readers() {
    let of = &*BANK;
    let view = StoreView::new(Arc::clone(&of.place.store)).expect("a view");
    let mut page = "# The 58 questions, asked of a bank\n\n\
        The answers of a store that has every kind: `tests/fixtures/every_kind` is its source data, and \
        `tests/foreign/questions.py`\ncomputes them from that alone. At most eight rows are shown. \
        `$hash` is the hash of an input that two versions were asked about,\n\
        `$checkpoint` a checkpoint of January; `now()` is 2 April 2026. Written by \
        `UPDATE_EXPECT=1 cargo test -p lineal-tests --test every_kind`.\n"
        .to_owned();
    for (number, sentence, text) in questions() {
        let answer = match ask(of, &view, &text) {
            Ok(answer) => shown(&answer, &view),
            Err(error) => format!("{}\n", error.render(&text)),
        };
        page.push_str(&format!(
            "\n**{number}** {sentence}\n\n```lql\n{text}\n```\n```text\n{answer}```\n"
        ));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/questions.md");
    expect_file![path].assert_eq(&page);
}

#[test]
fn the_source_data_is_what_its_generator_writes() {
    let Some(python) = foreign::python("the generator of the bank's data", &[]) else { return };
    let script = "../fixtures/every_kind/make.py";
    let answer = foreign::run(&python, script, &["--check".as_ref()], b"").expect("python starts");
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.stdout, answer.stderr);
}

#[test]
fn the_importers_pass_over_what_is_no_event_or_known() {
    let of = &*BANK;
    let last = of.reports.last().and_then(|report| report.sources.first()).expect("a report");
    assert!(last.counts.add_up(), "{last:?}");
    // Three lines stand in two files, one is cut off, each day has a health check.
    assert_eq!((last.counts.duplicate, last.counts.rejected, last.counts.skipped), (3, 1, 19));
}

#[test]
fn the_store_has_every_kind_and_every_relation() {
    let of = &*BANK;
    let view = of.place.view();
    for kind in lineal_engine::schema::NODE_KINDS {
        assert!(!view.nodes_of(*kind).is_empty(), "no {kind}");
    }
    for spec in RELATIONS.iter().filter(|spec| spec.relation != Relation::PartOf) {
        assert!(view.edge_count(spec.relation) > 0, "no `{}`", spec.name);
    }
    let events: u64 = view.batches().map(|batch| batch.events).sum();
    assert!(events > 2_000, "{events} events");
    let nodes = || 0..view.node_count();
    assert!(nodes().any(|node| view.is_missing(node) && view.kind_of(node) == Kind::Run));
    assert!(nodes().any(|node| view.is_deleted(node)));
    assert!(nodes().any(|node| view.candidates(node).len() > 1), "no claim fits several");
    let churn = nodes()
        .filter(|node| view.candidates(*node).len() > 1)
        .flat_map(|node| view.edges(node, Relation::Deploys, Direction::Inverse).to_vec());
    assert!(churn.count() > 0, "nothing is deployed of a model that cannot be told");
}

#[test]
fn a_script_that_reads_the_source_data_alone_comes_to_the_same_answers() {
    let Some(python) = foreign::python("the 58 questions computed from the source data", &[])
    else {
        return;
    };
    // The answers of now, which the golden file holds too: so the script is right before it is.
    let found = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(found.path(), answers(&BANK)).expect("it can be written");
    let data = folder();
    let arguments = [data.as_os_str(), found.path().as_os_str()];
    let answer = foreign::run(&python, "questions.py", &arguments, b"").expect("python starts");
    assert_eq!(answer.code, Some(0), "{}\n{}", answer.stdout, answer.stderr);
    let same = answer.stdout.lines().filter(|line| line.ends_with(": ok")).count();
    assert_eq!(same, questions().len(), "{}", answer.stdout);
}

/// The records of every question are drawn, whatever its own format: the package that W3C's users
/// read PROV-JSON with takes them, writes them, and reads the same.
#[test]
fn prov_takes_the_records_of_every_question() {
    let Some(python) = foreign::python("PROV-JSON in the package prov", &["prov"]) else { return };
    let view = StoreView::new(Arc::clone(&BANK.place.store)).unwrap();
    let mut read = 0;
    for (number, _, text) in questions() {
        let Ok(answer) = ask(&BANK, &view, &text) else { continue };
        let Ok(picture) = Picture::of(&answer, &view) else { continue };
        let given = picture.to_prov();
        let entities = given["entity"].as_object().map_or(0, serde_json::Map::len);
        let said =
            foreign::run(&python, "read_prov.py", &[], given.to_string().as_bytes()).unwrap();
        assert_eq!(said.code, Some(0), "{number}: {}", said.stderr);
        let said: Json = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(said["same"], true, "{number}");
        let found = said["types"]["prov:Entity"].as_u64().unwrap_or(0);
        assert_eq!(found, entities as u64, "{number}: {said}");
        read += u32::from(entities > 0);
    }
    assert!(read > 10, "only {read} questions have something to draw");
}
