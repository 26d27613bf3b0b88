//! The report in the order of Annex IV, of everything in the bank: a stranger's parser reads it, it
//! names no person, and its words are those that may be said.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::NodeNo;
use lineal_engine::schema::Kind;
use lineal_evidence::report::{Block, Document, Section, Sentence, annex_iv};
use lineal_query::StoreView;
use lineal_tests::every_kind::{self, EveryKind};
use lineal_tests::foreign;
use std::sync::{Arc, LazyLock};

static BANK: LazyLock<EveryKind> = LazyLock::new(every_kind::load);

/// Words that a report must not say of a system.
const CLAIMS: [&str; 5] = ["compliant", "certified", "tamper-proof", "satisfies", "fulfils"];

fn view() -> StoreView {
    StoreView::new(Arc::clone(&BANK.place.store)).unwrap()
}

fn subjects() -> Vec<NodeNo> {
    let view = view();
    let kinds = [Kind::System, Kind::Model, Kind::Deployment];
    kinds.into_iter().flat_map(|kind| view.snapshot().nodes_of(kind)).collect()
}

/// A report of everything, made once: each is a check of all rules.
static ALL: LazyLock<Vec<Document>> = LazyLock::new(|| of(subjects()));

fn of(nodes: Vec<NodeNo>) -> Vec<Document> {
    let view = view();
    let made = nodes.into_iter().map(|node| annex_iv(&BANK.place.store, &view, node));
    made.collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_strict_parser_reads_every_report() {
    let Some(python) = foreign::python("reports in a parser of others", &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let all = &*ALL;
    for (number, document) in all.iter().enumerate() {
        let path = folder.path().join(format!("{number}.html"));
        std::fs::write(path, document.to_html()).unwrap();
    }
    let arguments = [folder.path().as_os_str()];
    let said = foreign::run(&python, "read_reports.py", &arguments, b"").expect("python starts");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let counts: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(counts["reports"].as_u64(), Some(all.len() as u64));
    let pictures: usize = all.iter().map(|document| document.pictures().len()).sum();
    assert_eq!(counts["pictures"].as_u64(), Some(pictures as u64));
    assert!(pictures > all.len(), "{pictures} pictures in {} reports", all.len());
}

#[test]
fn a_report_names_no_person_and_holds_nothing_that_is_sealed() {
    let sealed = every_kind::sealed_texts(&BANK.place.view());
    for document in &*ALL {
        let forms = [document.to_html(), document.to_markdown(None), document.to_json()];
        for (form, value) in forms.iter().flat_map(|form| sealed.iter().map(move |it| (form, it))) {
            assert!(!form.contains(value.as_str()), "{} holds {value}", document.title);
        }
    }
}

#[test]
fn each_statement_of_a_point_names_a_node() {
    fn walk(section: &Section, wrong: &mut Vec<String>) {
        for block in &section.blocks {
            match block {
                Block::Paragraph(_) => {}
                Block::List(sentences) => {
                    let bare = sentences.iter().filter(|it| !it.has_node());
                    wrong.extend(bare.map(|it| format!("{}: {}", section.heading, it.plain())));
                }
                Block::Gaps(gaps) => {
                    let bare = gaps.iter().filter(|gap| !gap.say.has_node());
                    wrong.extend(
                        bare.map(|gap| format!("{}: {}", section.heading, gap.say.plain())),
                    );
                }
                Block::Table(table) => {
                    let bare = table.rows.iter().filter(|row| !row.iter().any(Sentence::has_node));
                    wrong.extend(bare.map(|_| format!("a row of {}", table.caption)));
                }
                Block::Picture(picture) => {
                    if !picture.words.iter().any(Sentence::has_node) {
                        wrong.push(format!("the picture {}", picture.name));
                    }
                }
            }
        }
        section.sections.iter().for_each(|section| walk(section, wrong));
    }
    let mut wrong = Vec::new();
    for document in &*ALL {
        // The first two sections are about the report itself and the rules.
        for section in document.sections.iter().skip(2) {
            walk(section, &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_report_claims_nothing() {
    for document in &*ALL {
        let text = document.to_markdown(None).to_lowercase();
        for word in CLAIMS {
            assert!(!text.contains(word), "{} says {word}", document.title);
        }
    }
}

#[test]
fn the_same_view_gives_the_same_bytes_whoever_else_asks() {
    let few = || subjects().into_iter().step_by(5).collect::<Vec<_>>();
    let texts = |all: &[Document]| -> Vec<String> { all.iter().map(Document::to_html).collect() };
    let wanted = texts(&of(few()));
    assert!(wanted.len() > 1, "{}", wanted.len());
    std::thread::scope(|scope| {
        let others: Vec<_> = (0..2).map(|_| scope.spawn(|| of(few()))).collect();
        for other in others {
            assert_eq!(texts(&other.join().unwrap()), wanted);
        }
    });
}
