//! The whole pipeline, steered by the bytes: a graph, then questions of it. The plan with every
//! rewrite and the plan with none answer alike, and no bound is passed.

#[path = "../../../query/tests/graph/mod.rs"]
pub(crate) mod graph;
#[path = "../../../query/tests/random/mod.rs"]
mod random;
mod statement;

use graph::Graph;
use lineal_query::{Answer, Limits, Parameters, Picture, Prepared, Query, Request, State, Value};
use random::Random;

/// Questions asked of one graph.
const QUESTIONS: usize = 4;

/// A question with both its plans, and what it is asked of.
pub(crate) struct Asked<'a> {
    pub(crate) text: &'a str,
    pub(crate) graph: &'a Graph,
    pub(crate) planned: &'a Prepared,
    pub(crate) plain: &'a Prepared,
}

/// Checks the graph and the questions that these bytes make.
pub fn check(bytes: &[u8]) {
    let mut random = Random::reading(bytes);
    let graph = random::graph(&mut random);
    let parameters = Parameters::new();
    for _ in 0..QUESTIONS {
        let text = statement::statement(&mut random);
        // A statement that is put together of random parts may be none.
        let Ok(query) = Query::parse(&text) else { continue };
        let (planned, plain) = match (query.prepare(), query.prepare_naively()) {
            (Ok(planned), Ok(plain)) => (planned, plain),
            (Err(planned), Err(plain)) => {
                assert_eq!(planned, plain, "{text}");
                continue;
            }
            _ => panic!("one plan binds, the other does not: {text}"),
        };
        let asked = Asked { text: &text, graph: &graph, planned: &planned, plain: &plain };
        let whole = Limits::default();
        let narrow = Limits {
            edges: random.below(64) as u64,
            // `summarize` without `by` has a row even of nothing.
            rows: 1 + random.below(8) as u64,
            events: random.below(16) as u64,
            bytes: 64 * random.below(64) as u64,
            ..Limits::default()
        };
        let request =
            |limits| Request { parameters: &parameters, limits, now: 1_773_144_000_000_000_000 };
        let whole = agree(&asked, &request(&whole));
        let narrow = agree(&asked, &request(&narrow));
        let (Some(whole), Some(narrow)) = (whole, narrow) else { continue };
        if tells_of_the_plan(&text) {
            continue;
        }
        if narrow.completeness.truncated.is_none() {
            assert_eq!(narrow.hash(), whole.hash(), "no bound reached: {text}\n{}", graph.lines());
        } else if !shows_what_is_near(&text) {
            let (some, all) = (narrow.to_json(), whole.to_json());
            let all = all["rows"].as_array().expect("an answer has rows");
            for row in some["rows"].as_array().into_iter().flatten() {
                assert!(
                    all.contains(row),
                    "{row} is in no whole answer: {text}\n{}",
                    graph.lines()
                );
            }
        }
    }
}

/// `explain` and `profile` say what a plan does, which is what the two differ in.
fn tells_of_the_plan(text: &str) -> bool {
    ["explain", "profile"].iter().any(|word| text.contains(word))
}

/// Questions whose rows depend on other rows: what a bound cuts shows in the rows that are left.
fn shows_what_is_near(text: &str) -> bool {
    ["summarize", "skip", "limit", "trace"].iter().any(|word| text.contains(word))
}

/// Asks with both plans and compares; the answer of the plain plan, where both have one.
pub(crate) fn agree(asked: &Asked<'_>, request: &Request<'_>) -> Option<Answer> {
    let Asked { text, graph, planned, plain } = asked;
    let (planned, plain) = match (planned.run(*graph, request), plain.run(*graph, request)) {
        (Ok(planned), Ok(plain)) => (planned, plain),
        (planned, plain) => {
            let planned = planned.err().map(|error| error.to_string());
            let plain = plain.err().map(|error| error.to_string());
            // What a bound leaves unread may hold the mistake, and only a scan is refused for it.
            let is_whole = request.limits.events == Limits::default().events;
            if is_whole {
                assert_eq!(planned, plain, "{text}\n{}", graph.lines());
            }
            return None;
        }
    };
    for answer in [&planned, &plain] {
        check_answer(text, graph, answer, request.limits);
    }
    // A bound cuts each plan at another place.
    let is_whole = |answer: &Answer| answer.completeness.truncated.is_none();
    if is_whole(&planned) && is_whole(&plain) && !tells_of_the_plan(text) {
        let rows = |answer: &Answer| answer.to_json()["rows"].clone();
        assert_eq!(rows(&planned), rows(&plain), "{text}\n{}", graph.lines());
        assert_eq!(planned.completeness, plain.completeness, "{text}\n{}", graph.lines());
        assert_eq!(planned.hash(), plain.hash(), "{text}\n{}", graph.lines());
    }
    Some(plain)
}

/// What must hold of an answer whatever was asked.
fn check_answer(text: &str, graph: &Graph, answer: &Answer, limits: &Limits<'_>) {
    let rows = answer.rows.len() as u64;
    let most = if tells_of_the_plan(text) { u64::MAX } else { limits.rows };
    assert!(rows <= most, "{rows} rows of at most {most}: {text}\n{}", graph.lines());
    let is_cut = answer.completeness.truncated.is_some();
    assert_eq!(answer.completeness.state() == State::Truncated, is_cut, "{text}");
    assert!(answer.completeness.reasons.len() as u64 <= answer.completeness.reason_count);
    for row in &answer.rows {
        assert_eq!(row.len(), answer.columns.len(), "{text}");
        for value in row {
            if let Value::Float(number) = value {
                assert!(number.is_finite(), "{text} gives {number}");
            }
        }
    }
    let json = answer.to_json();
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(answer.rows.len()), "{text}");
    let lines = answer.to_ndjson();
    for line in lines.lines() {
        assert!(line.starts_with('{') && line.ends_with('}'), "{text}: {line}");
    }
    assert!(!answer.to_csv().is_empty() || answer.columns.is_empty(), "{text}");
    if let Ok(picture) = Picture::of(answer, graph) {
        assert!(picture.to_dot().starts_with("digraph"), "{text}");
        assert!(!picture.to_mermaid().is_empty(), "{text}");
        assert!(picture.to_prov().is_object(), "{text}");
    }
}
