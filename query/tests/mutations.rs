//! Damaged questions: whatever stands in the text, reading and binding end in a tree or in a
//! mistake with its place, and what is read prints back to the same tree.

mod graph;

use graph::Graph;
use lineal_query::{Limits, Parameters, Prepared, Request, parse};

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
        usize::try_from((self.0 >> 33) % (bound.max(1) as u64)).unwrap_or_default()
    }
}

/// The questions without comments, cut into words and signs with what stands before each.
fn questions() -> Vec<Vec<String>> {
    let corpus = include_str!("questions.lql").lines().filter(|line| !line.starts_with("--"));
    let corpus = corpus.collect::<Vec<_>>().join("\n");
    let cut = |text: &str| {
        let mut words: Vec<String> = vec![String::new()];
        let mut last = ' ';
        for c in text.chars() {
            let same = c.is_alphanumeric() && last.is_alphanumeric();
            if !same && last != ' ' || c == ' ' {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.push(c);
            }
            last = c;
        }
        words
    };
    corpus.split(';').map(str::trim).filter(|text| !text.is_empty()).map(cut).collect()
}

/// Signs and words that are likely to confuse.
const ODD: [&str; 24] = [
    "(", ")", "[", "]", "\"", "'", "--", "-", " not ", " as ", " of ", " find ", "..", "$", "#",
    ":", "@", "=", " null ", "\n", "\\", " where ", "\u{201c}", "ä",
];

#[test]
fn damaged_questions_never_break_the_reader() {
    let questions = questions();
    assert!(questions.len() >= 58);
    let mut dice = Dice(11);
    let (mut read, mut refused, mut bound) = (0, 0, 0);
    for _ in 0..6000 {
        let mut words = questions[dice.below(questions.len())].clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(words.len());
            match dice.below(5) {
                0 => drop(words.remove(at)),
                1 => words.insert(at, ODD[dice.below(ODD.len())].to_owned()),
                2 => {
                    let other = dice.below(words.len());
                    words.swap(at, other);
                }
                3 => {
                    let from = &questions[dice.below(questions.len())];
                    words.insert(at, from[dice.below(from.len())].clone());
                }
                _ => words[at] = words[at].chars().rev().collect(),
            }
            if words.is_empty() {
                words.push(String::new());
            }
        }
        let text = words.concat();
        match parse(&text) {
            Ok(tree) => {
                read += 1;
                let printed = tree.to_string();
                match parse(&printed) {
                    Ok(again) => assert_eq!(again, tree, "{text}\n{printed}"),
                    Err(mistake) => panic!("{text}\n{}", mistake.render(&printed)),
                }
                match Prepared::new(&text) {
                    Ok(_) => bound += 1,
                    Err(mistake) => check_place(&text, &mistake),
                }
            }
            Err(mistake) => {
                refused += 1;
                check_place(&text, &mistake);
            }
        }
    }
    // Each way must have been taken often, or the test says little.
    assert!(read > 500 && refused > 500 && bound > 200, "{read} {refused} {bound}");
}

/// A mistake lies within the text, and shows.
fn check_place(text: &str, mistake: &lineal_query::Mistake) {
    assert!(mistake.span.at <= mistake.span.end, "{text}\n{mistake}");
    assert!(mistake.span.end <= text.len() + 1, "{text}\n{mistake}");
    assert!(mistake.render(text).contains('^'), "{text}");
}

/// What binds also runs: on a small graph it ends in an answer or in an error of its own.
#[test]
fn every_question_of_the_corpus_that_binds_also_runs() {
    let graph = Graph::new(include_str!("golden/world.txt"));
    let parameters = Parameters::new()
        .text("hash", "sha256:aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11")
        .text("checkpoint", "2");
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: 1 };
    let mut answered = 0;
    for words in questions() {
        let text = words.concat();
        let Ok(prepared) = Prepared::new(&text) else { continue };
        match prepared.run(&graph, &request) {
            Ok(_) => answered += 1,
            // Keys and times of the corpus that the small graph does not hold.
            Err(error) => {
                let code = error.mistake().map(|mistake| mistake.code.name());
                assert!(
                    matches!(code, Some("R001" | "R002" | "R005")),
                    "{text}\n{}",
                    error.render(&text)
                );
            }
        }
    }
    assert!(answered >= 20, "{answered} were answered");
}
