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

/// Wrong texts whose repair leads to another mistake no later in the text, with the reason.
const FURTHER_ON: [(&str, &str); 0] = [];

/// How far a text is understood: which stage refuses it (characters, syntax, meaning), and how much
/// is left there. None where nothing does.
fn unread(text: &str) -> Option<(u8, usize)> {
    match lineal_query::Prepared::new(text) {
        Ok(_) => None,
        // What waits for another version is understood.
        Err(mistake) if mistake.code == lineal_query::Code::NotYet => None,
        Err(mistake) => Some(progress(&mistake, text)),
    }
}

/// Less is further.
fn progress(mistake: &lineal_query::Mistake, text: &str) -> (u8, usize) {
    let stage = match mistake.code.name().as_bytes().first() {
        Some(b'L') => 2,
        Some(b'P') => 1,
        _ => 0,
    };
    (stage, text.len() - mistake.span.at.min(text.len()))
}

/// A program may put every repair in its place: the text is then understood, or fails later.
#[test]
fn every_repair_leads_further() {
    let syntax =
        include_str!("golden/wrong_syntax.lql").lines().filter(|text| !text.starts_with('#'));
    let meaning = include_str!("golden/wrong_meaning.lql").split("\n\n").flat_map(|block| {
        let question = block.trim().split("\n----").next().unwrap_or_default();
        question.lines().filter(|line| !line.starts_with("# "))
    });
    let mut repaired = 0;
    for text in syntax.chain(meaning) {
        let text = text.replace("<newline>", "\n").replace("<empty>", "");
        let Err(mistake) = lineal_query::Prepared::new(&text) else { continue };
        let Some(better) = mistake.repaired(&text) else { continue };
        repaired += 1;
        let (before, after) = (progress(&mistake, &text), unread(&better));
        let is_known = FURTHER_ON.iter().any(|(known, _)| *known == text);
        let is_further = after.is_none_or(|after| after < before);
        assert_ne!(
            is_further,
            is_known,
            "{}\n{better}: {after:?} after {before:?}",
            mistake.render(&text)
        );
    }
    assert!(repaired > 60, "{repaired} mistakes have a repair");
}
