//! The 58 questions of the corpus against the binder: each is understood, or waits for
//! the proof bundles and says so; and the closed lists of the grammar against the engine's schema.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use std::collections::BTreeSet;

use expect_test::expect_file;
use lineal_engine::schema::{KINDS, RELATIONS};
use lineal_query::{Code, Query};

#[test]
fn every_question_is_understood_or_waits_for_proofs() {
    let mut out = String::new();
    let mut count = 0;
    let mut title = "";
    let mut text = String::new();
    for line in include_str!("questions.lql").lines().chain(["-- Q end"]) {
        if let Some(next) = line.strip_prefix("-- Q") {
            if !title.is_empty() {
                let query = Query::parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text)));
                let number = title.split_whitespace().next().unwrap();
                let result = match query.prepare() {
                    Ok(prepared) => {
                        let names: Vec<_> =
                            prepared.columns().iter().map(|column| column.name.clone()).collect();
                        format!("[{}]", names.join(" | "))
                    }
                    Err(mistake) if mistake.code == Code::NotYet => mistake.message().into_owned(),
                    Err(mistake) => panic!("Q{number}: {}", mistake.render(&text)),
                };
                out.push_str(&format!("Q{number} {result}\n"));
                count += 1;
            }
            title = next;
            text.clear();
        } else if !line.starts_with("--") {
            text.push_str(line);
            text.push('\n');
        }
    }
    assert_eq!(count, 58);
    expect_file!["golden/corpus.txt"].assert_eq(&out);
}

/// The words of a rule that is a closed list.
fn words(rule: &str) -> BTreeSet<String> {
    let grammar = lineal_grammar::GRAMMAR;
    let begin = grammar.find(&format!("\n{rule} = @{{ (")).unwrap();
    let list = &grammar[begin..];
    let list = &list[..list.find("!XID_CONTINUE").unwrap()];
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_grammar_knows_the_kinds_of_the_schema() {
    let mut kinds: BTreeSet<_> = KINDS.iter().map(|kind| kind.name().to_owned()).collect();
    kinds.insert("node".to_owned());
    assert_eq!(words("kind"), kinds);
}

#[test]
fn the_grammar_knows_both_names_of_every_relation() {
    let names: BTreeSet<_> =
        RELATIONS.iter().flat_map(|spec| [spec.name, spec.inverse]).map(str::to_owned).collect();
    assert_eq!(words("edge"), names);
}

/// A word of a closed list that begins another must stand after it, or the longer one is never
/// read: a choice takes the first that fits.
#[test]
fn no_word_of_a_list_hides_a_longer_one() {
    let grammar = lineal_grammar::GRAMMAR;
    for rule in ["kind", "edge", "reserved"] {
        let begin = grammar.find(&format!("\n{rule} = @{{ (")).unwrap();
        let list = &grammar[begin..];
        let list = &list[..list.find("!XID_CONTINUE").unwrap()];
        let words: Vec<_> = list.split('"').skip(1).step_by(2).collect();
        assert!(words.len() > 20);
        for (place, word) in words.iter().enumerate() {
            let hidden = words[place + 1..].iter().find(|later| later.starts_with(word));
            assert_eq!(hidden, None, "`{word}` hides it in {rule}");
        }
    }
}
