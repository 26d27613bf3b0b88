//! The reference of the language says what is true: its tables are written from the program, its
//! examples are asked, and it names every code, word and operator.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

mod graph;

use std::fmt::Write as _;

use expect_test::expect_file;
use graph::Graph;
use lineal_engine::schema::{COMMON_FIELDS, Direction, KINDS, RELATIONS};
use lineal_query::{Answer, CODES, Code, Limits, Parameters, Prepared, Request, Value};

const REFERENCE: &str = include_str!("../../grammar/README.md");

/// 10 March 2026, noon UTC.
const NOW: i64 = 1_773_144_000_000_000_000;

fn ask(graph: &Graph, text: &str) -> Answer {
    let hash = "sha256:aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";
    let parameters = Parameters::new()
        .text("hash", hash)
        .text("ref", "model:prod/credit-risk@3")
        .text("day", "2026-03-01T09:00Z")
        .text("length", "90d")
        .text("name", "credit")
        .text("n", "2");
    let request = Request { parameters: &parameters, limits: &Limits::default(), now: NOW };
    let prepared = Prepared::new(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

fn world() -> Graph {
    Graph::new(include_str!("golden/world.txt"))
}

/// The examples of the reference.
fn examples() -> Vec<&'static str> {
    let blocks = REFERENCE.split("```lql\n").skip(1);
    let blocks = blocks.map(|block| block.split("```").next().unwrap());
    blocks.flat_map(|block| block.split("\n\n")).map(str::trim).filter(|t| !t.is_empty()).collect()
}

#[test]
fn every_example_of_the_reference_is_answered() {
    let graph = world();
    let examples = examples();
    let answered = examples.iter().filter(|text| !ask(&graph, text).rows.is_empty()).count();
    assert!(examples.len() > 35, "{} examples were found", examples.len());
    // The small bank has no events or sets for some of them; most show something.
    assert!(answered * 4 > examples.len() * 3, "{answered} of {} give rows", examples.len());
}

/// The answer to `show ...` as a table, some of its columns.
fn table(text: &str, columns: &[&str]) -> String {
    let answer = ask(&world(), text);
    let places: Vec<usize> = columns
        .iter()
        .map(|name| answer.columns.iter().position(|column| column.name == *name).unwrap())
        .collect();
    let cell = |row: &Vec<Value>, place: &usize| match &row[*place] {
        Value::Absent => String::new(),
        value => answer.text(value),
    };
    let rows = answer.rows.iter().map(|row| places.iter().map(|p| cell(row, p)).collect());
    markdown(columns, rows)
}

fn markdown(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut out = line(&columns.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    out.push_str(&line(&vec!["---".to_owned(); columns.len()]));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        out.push_str(&line(&cells));
    }
    out
}

/// The fields of each kind that not every node has.
fn fields_by_kind() -> String {
    let common: Vec<&str> = COMMON_FIELDS.iter().map(|field| field.name).collect();
    let mut out = String::new();
    for kind in KINDS {
        let answer = ask(&world(), &format!("show fields of {kind}"));
        let is_event = kind.name() == "inference";
        let rows = answer.rows.iter().map(|row| row.iter().map(|v| answer.text(v)).collect());
        let own = rows.filter(|row: &Vec<String>| is_event || !common.contains(&row[0].as_str()));
        writeln!(out, "**{kind}**\n\n{}", markdown(&["field", "type", "meaning"], own)).unwrap();
    }
    out.trim_end().to_owned() + "\n"
}

/// Rules of the grammar with the sentences above them.
fn rules() -> Vec<(&'static str, &'static str)> {
    let lines: Vec<&str> = lineal_grammar::GRAMMAR.lines().collect();
    let rule = |(number, line): (usize, &&'static str)| {
        let (name, body) = line.split_once(" = ")?;
        let is_rule = name.chars().all(|c| c.is_alphanumeric() || c == '_')
            && body.starts_with(['{', '_', '@', '$', '!']);
        let above = number.checked_sub(1).and_then(|above| lines.get(above));
        is_rule.then(|| (name, above.and_then(|above| above.strip_prefix("/// ")).unwrap_or("")))
    };
    lines.iter().enumerate().filter_map(rule).collect()
}

/// The reference with its tables written anew.
#[test]
fn the_tables_of_the_reference_are_those_of_the_program() {
    let (words, others): (Vec<_>, Vec<_>) =
        rules().into_iter().partition(|(name, _)| name.ends_with("_kw"));
    let row = |(name, meaning): &(&str, &str)| {
        vec![format!("`{}`", name.trim_end_matches("_kw")), (*meaning).to_owned()]
    };
    let tables = [
        ("limits", table("show limits", &["limit", "default", "meaning"])),
        ("kinds", table("show kinds", &["kind", "meaning"])),
        ("fields", table("show fields of node", &["field", "type", "meaning"])),
        ("fields by kind", fields_by_kind()),
        ("relations", table("show relations", &["relation", "inverse", "from", "to", "class"])),
        ("functions", table("show functions", &["function", "of", "meaning"])),
        ("rules", markdown(&["rule", "meaning"], others.iter().map(row))),
        ("words", markdown(&["word", "meaning"], words.iter().map(row))),
    ];
    let mut out = REFERENCE.to_owned();
    for (name, table) in tables {
        let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
        let begin = out.find(&open).unwrap_or_else(|| panic!("{open}")) + open.len();
        let end = out.find(&close).unwrap_or_else(|| panic!("{close}"));
        out.replace_range(begin..end, &format!("\n{table}\n"));
    }
    expect_file!["../../grammar/README.md"].assert_eq(&out);
}

/// What the tables list can be written.
#[test]
fn every_field_and_both_names_of_every_relation_can_be_asked() {
    let graph = world();
    let mut asked = 0;
    for kind in KINDS {
        let fields = ask(&graph, &format!("show fields of {kind}"));
        for row in &fields.rows {
            ask(&graph, &format!("find {kind} return {}", fields.text(&row[0])));
            asked += 1;
        }
    }
    for spec in &RELATIONS {
        for from in spec.from {
            for to in spec.to.iter().filter(|to| !spec.same_kind || *to == from) {
                ask(&graph, &format!("find {from} {} {to}", spec.name));
                ask(&graph, &format!("find {to} {} {from}", spec.inverse));
                asked += 2;
            }
        }
        let (relation, direction) = lineal_engine::schema::Relation::parse(spec.inverse).unwrap();
        assert_eq!((relation, direction), (spec.relation, Direction::Inverse));
    }
    assert!(asked > 500, "{asked} were asked");
}

/// Functions and figures stand in examples.
#[test]
fn every_function_has_an_example() {
    let functions = ask(&world(), "show functions");
    let text = examples().join("\n");
    for row in &functions.rows {
        let name = functions.text(&row[0]);
        let name = name.split('(').next().unwrap();
        assert!(text.contains(&format!("{name}(")), "`{name}` has no example");
    }
    assert!(functions.rows.len() > 30);
}

/// The only part of the language that waits says so.
#[test]
fn proofs_wait_and_say_so() {
    for text in ["prove no inference:x", "find model format bundle"] {
        assert_eq!(Prepared::new(text).unwrap_err().code, Code::NotYet, "{text}");
    }
}

#[test]
fn the_reference_lists_every_code_with_its_meaning() {
    for (code, meaning) in CODES {
        assert!(REFERENCE.contains(&format!("| {code} | {meaning} |")), "{code}");
    }
}

/// Keywords, from the rules that end in `_kw`.
#[test]
fn the_reference_names_every_word_of_the_language() {
    let mut count = 0;
    for line in lineal_grammar::GRAMMAR.lines() {
        let Some((word, _)) = line.split_once("_kw = ") else { continue };
        let named = REFERENCE
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|known| known.eq_ignore_ascii_case(word));
        assert!(named, "`{word}` is not in the reference");
        count += 1;
    }
    assert!(count > 50, "{count} words were found");
}

/// A sentence above every rule of the grammar.
#[test]
fn every_rule_of_the_grammar_has_its_sentence() {
    let rules = rules();
    for (name, sentence) in &rules {
        assert!(!sentence.is_empty(), "{name}");
    }
    assert!(rules.len() > 150, "{} rules were found", rules.len());
}
