//! What the HTML of a report must hold whatever the names in it are.

use crate::report::{Block, Document, Gap, Lack, Picture, Reference, Section, Sentence, Table};

fn hostile() -> Document {
    let node = Reference {
        name: "model:<script>alert(1)</script>\"@1".to_owned(),
        id: "aa".repeat(32),
        revision: Some("bb".repeat(32)),
        proof: Some("proofs/\"onclick=x.json".to_owned()),
    };
    let mut table = Table::new("a <b>caption</b> | & more", &["name", "#count"]);
    table.push(vec![Sentence::new().node(node.clone()), "1".into()], 1);
    table.push(vec!["not shown".into(), "2".into()], 1);
    let picture = Picture {
        name: "lineage".to_owned(),
        title: "Lineage <x>".to_owned(),
        words: vec!["one line".into()],
        svg: "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>t</title></svg>".to_owned(),
    };
    Document::new("test", "A report of <img src=x onerror=y>")
        .fact("as of", Sentence::from("commit 1 & more").node(node.clone()))
        .section(
            Section::new("1. <b>")
                .source("Annex \"IV\"")
                .say(Sentence::from("]]> text ").code("a < b"))
                .block(Block::Table(table))
                .block(Block::Picture(picture))
                .block(Block::Gaps(vec![
                    Gap::new(Lack::NotRecorded, Sentence::from("no run of ").node(node))
                        .fix("lineal declare node '<x>'")
                        .rule("DAT-01"),
                ])),
        )
}

#[test]
fn no_name_becomes_a_mark() {
    let html = hostile().to_html();
    assert!(!html.contains("<script"), "{html}");
    assert!(!html.contains("<img"), "{html}");
    assert!(!html.contains("\"onclick"), "{html}");
    assert!(html.contains("&lt;script&gt;alert(1)"), "{html}");
    assert!(html.contains("href=\"proofs/%22onclick%3Dx.json\""), "{html}");
}

#[test]
fn a_statement_leads_to_its_node_its_revision_and_its_proof() {
    let html = hostile().to_html();
    let revision = "bb".repeat(32);
    assert!(html.contains(&format!("href=\"#n1\" data-revision=\"{revision}\"")), "{html}");
    assert!(html.contains("<tr id=\"n1\">"), "{html}");
    assert!(html.contains("1 more rows are counted"), "{html}");
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let html = hostile().to_html();
    for word in ["src=", "@import", "url(", "<link", "<script", "javascript:"] {
        assert!(!html.replace("src=x", "").contains(word), "{word}");
    }
    assert!(html.contains("<html lang=\"en\""));
    assert!(html.contains("default-src 'none'"));
}
