//! Every question of the corpus parses, and prints back to the same tree; every wrong one is
//! refused where it is wrong.

use expect_test::expect_file;
use lineal_query::{layout, parse};

const QUESTIONS: &str = include_str!("questions.lql");

/// The questions with their numbers.
fn questions() -> Vec<(String, String)> {
    let mut out: Vec<(String, String)> = Vec::new();
    for line in QUESTIONS.lines() {
        if let Some(title) = line.strip_prefix("-- Q") {
            let number = title.split_whitespace().next().unwrap_or_default();
            out.push((format!("Q{number}"), String::new()));
        } else if let Some((_, text)) = out.last_mut()
            && !line.starts_with("--")
        {
            text.push_str(line);
            text.push('\n');
        }
    }
    out
}

#[test]
fn every_question_prints_back_to_the_same_tree() {
    let questions = questions();
    assert_eq!(questions.len(), 58);
    for (number, text) in questions {
        let tree = parse(&text).unwrap_or_else(|e| panic!("{number}: {}", e.render(&text)));
        let printed = tree.to_string();
        let again = parse(&printed).unwrap_or_else(|e| panic!("{number}: {}", e.render(&printed)));
        assert_eq!(again, tree, "{number}: {printed}");
        assert_eq!(again.to_string(), printed, "{number}");
    }
}

/// A laid out question means the same, and laid out again stays as it is.
#[test]
fn laying_out_changes_no_meaning() {
    let mut long = 0;
    for (number, text) in questions() {
        let laid = layout(&text).unwrap_or_else(|e| panic!("{number}: {}", e.render(&text)));
        assert_eq!(parse(&laid), parse(&text), "{number}: {laid}");
        assert_eq!(layout(&laid).as_ref(), Ok(&laid), "{number}");
        long += u32::from(laid.trim_end().contains('\n'));
        assert!(laid.lines().all(|line| line == line.trim_end()), "{number}: {laid}");
    }
    assert!(long > 20, "{long} had more than a line");
}

#[test]
fn brackets_stand_in_print_where_the_tree_needs_them() {
    for text in [
        "find model where (a = 1 or b = 2) and not (c = 3 and d = 4)",
        "find model where a - (b - c) = -(-1) and (not a) = b",
        "show fields of model format csv",
        "verify deep model:a@1 as of 3 format json",
        "find model as m return (exists run produces model) as x, (m upstream of model) as y",
        "find model where (a in 1..2) is null and x.y[\"a b\"] like 'it\\'s'",
        "find model:\"credit risk\"@3 where params[\"learning rate\"] < 1.5e-9",
        "find model where a = 1.0e300 and t > 2026-03-14T09:00:00.25+01:00 - 6mo",
        "(find model union find run) except (find model:x limit 3)",
        "find dataset upstream via any, trained_on avoiding (find run:a) within 2..3 of #ABCDEF",
        "find model where name = \"\\u{202e}\\\"\\\\ \\u{201c}\" as of 12 format json",
        "trace all $a to dataset as d via training within 8 where d.rows > 1 return path skip 1 limit $n",
        "verify deep (find batch); prove no inference:$h; explain show fields of model",
    ] {
        let tree = parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
        let printed = tree.to_string();
        let again = parse(&printed).unwrap_or_else(|e| panic!("{}", e.render(&printed)));
        assert_eq!(again, tree, "{printed}");
    }
}

/// Each wrong text with its message, as a reader sees them.
#[test]
fn wrong_syntax_is_refused_where_it_is_wrong() {
    let mut out = String::new();
    let mut count = 0;
    for text in include_str!("golden/wrong_syntax.lql").lines() {
        if text.is_empty() || text.starts_with("# ") {
            continue;
        }
        // Each stands for what cannot be written in a line of a file.
        let text = text.replace("<newline>", "\n").replace("<empty>", "");
        let error = match parse(&text) {
            Ok(tree) => panic!("accepted: {text}\nas {tree}"),
            Err(error) => error,
        };
        out.push_str(&error.render(&text));
        out.push_str("\n\n");
        count += 1;
    }
    assert!(count >= 30);
    expect_file!["golden/wrong_syntax.txt"].assert_eq(&out);
}
