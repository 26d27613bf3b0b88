//! Rows that list events: in the order of their times whatever batches they lie in, with what they are
//! tied to, within bounds, and in the memory of another answer.

mod graph;

use std::fmt::Write as _;

use graph::Graph;
use lineal_query::{
    Answer, Limit, Limits, Machine, Parameters, Prepared, Query, Request, Table, Value,
};

/// Batches of which each holds events of all times, of these of one time some with an id and some
/// without, and some without a time. The first deployment deploys two models.
fn world(events: usize) -> Graph {
    let mut text = String::from("model:m@1\nmodel:m@2\nmodel:m@3\n");
    for (d, models) in [(0, &[1, 3][..]), (1, &[2]), (2, &[])] {
        writeln!(text, "deployment:s{d}").unwrap_or_default();
        for model in models {
            writeln!(text, "deployment:s{d} deploys model:m@{model}").unwrap_or_default();
        }
        for b in 0..2 {
            writeln!(text, "batch:b{d}{b}\nbatch:b{d}{b} served_by deployment:s{d}")
                .unwrap_or_default();
        }
    }
    for e in 0..events {
        // Neighbours in time lie in other batches; each second has three events.
        let (batch, second) = (e * 5 % 6, e / 3);
        write!(text, "event batch:b{}{}", batch / 2, batch % 2).unwrap_or_default();
        if e % 11 != 7 {
            let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
            write!(text, " time=2026-02-01T{hour:02}:{minute:02}:{second:02}Z").unwrap_or_default();
        }
        if e % 4 != 1 {
            write!(text, " request_id=r{:05}", e * 7_919 % 99_991).unwrap_or_default();
        }
        if e % 5 != 2 {
            let digest = format!("{e:08x}").repeat(if e % 3 == 0 { 5 } else { 4 });
            write!(text, " input_hash={digest} confidence=0.{e} human_override={}", e % 2 == 0)
                .unwrap_or_default();
        }
        if e % 7 != 3 {
            text.push_str(" decision=yes");
        }
        if e % 2 == 0 {
            write!(text, " input_algorithm={}", if e % 6 == 0 { "whirlpool" } else { "sha256" })
                .unwrap_or_default();
        }
        text.push('\n');
    }
    Graph::new(&text)
}

fn prepared(text: &str, naively: bool) -> Prepared {
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let prepared = if naively { query.prepare_naively() } else { query.prepare() };
    prepared.unwrap_or_else(|e| panic!("{}", e.render(text)))
}

fn ask(graph: &Graph, text: &str, naively: bool, limits: &Limits<'_>) -> Answer {
    let parameters = Parameters::new();
    let request = Request { parameters: &parameters, limits, now: 0 };
    prepared(text, naively).run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

/// Lists of events; the first ones begin with events of a known time and value, and then go to what
/// these are tied to.
const LISTS: [&str; 6] = [
    "find inference as i served_by deployment deploys model as m \
     where i.decision = \"yes\" and i.time in 2026-02-01..2026-02-02 \
     return i.request_id, i.time, m, i.input_hash, i.confidence, i.human_override",
    "find inference as i served_by deployment as d deploys model as m \
     where i.decision = \"yes\" and i.time in 2026-02-01..2026-02-02 \
     return m, i.input_hash, d, i, i.request_id",
    "find inference as i part_of batch as b \
     where i.decision = \"yes\" and i.time in 2026-02-01..2026-02-02 return b, i.time",
    "find inference as i served_by deployment as d deploys model as m return i.input_hash, m, d",
    "find inference as i served_by deployment:s0 return i.request_id, i.input_hash",
    "find inference as i return i.input_hash, i.time, i.request_id",
];

#[test]
fn events_are_listed_as_row_by_row() {
    let graph = world(400);
    for text in LISTS {
        let listed = ask(&graph, text, false, &Limits::default());
        // With one more key that is equal for all, each row is made by itself.
        let each = ask(&graph, &format!("{text} order by i.rest"), false, &Limits::default());
        assert!(listed.rows.len() > 100, "{text}");
        assert_eq!(listed.rows, each.rows, "{text}");
        assert_eq!(listed.rows, ask(&graph, text, true, &Limits::default()).rows, "{text}");
        assert!(listed.edges_followed <= each.edges_followed, "{text}");
        assert_eq!(listed.events_read, each.events_read, "{text}");
    }
}

#[test]
fn rows_that_fit_are_the_first_ones_found_whatever_ends_the_answer() {
    // More than are written at once.
    let graph = world(5_000);
    let text = "find inference as i return i.time, i.request_id as one, i.request_id as two";
    let whole = ask(&graph, text, false, &Limits::default());
    assert_eq!(whole.rows.len(), 5_000);
    let size = |row: &Vec<Value>| {
        let text = |value: &Value| if let Value::Text(text) = value { text.len() } else { 0 };
        row.len() * size_of::<Value>() + row.iter().map(text).sum::<usize>()
    };
    for rows in [0, 1, 2_000, 4_095, 4_096, 4_097, 4_999, 5_000] {
        let limits = Limits { rows: rows as u64, ..Limits::default() };
        let answer = ask(&graph, text, false, &limits);
        assert_eq!(answer.rows.len(), rows);
        let ended = (rows < 5_000).then_some(Limit::Rows(limits.rows));
        assert_eq!(answer.completeness.truncated, ended);
        let bytes: usize = whole.rows.iter().take(rows).map(size).sum();
        let limits = Limits { bytes: bytes as u64 + 3, ..Limits::default() };
        let answer = ask(&graph, text, false, &limits);
        let taken: usize = answer.rows.iter().map(size).sum();
        assert!(taken as u64 <= limits.bytes, "{taken} of {}", limits.bytes);
        // Rows that are found first take a little more or less than those that stand first.
        let close = rows / 20 + 1;
        assert!(answer.rows.len().abs_diff(rows) <= close, "{} of {rows}", answer.rows.len());
        let ended = (rows < 5_000).then_some(Limit::Bytes(limits.bytes));
        assert_eq!(answer.completeness.truncated, ended);
    }
}

#[test]
fn an_answer_says_the_same_in_the_memory_of_any_other() {
    let graphs = [world(40), world(300), world(0)];
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let texts = LISTS.iter().copied().chain([
        "find inference as i return i.request_id, i.time order by i.time desc",
        "find model",
        "find inference:none return i.request_id",
        "find deployment as d deploys model as m return m, d.name",
    ]);
    let texts: Vec<String> = texts.map(|text| text.replace(":none", ":none as i")).collect();
    let (mut machine, mut table) = (Machine::default(), Table::empty());
    let mut compared = 0;
    for turn in 0..texts.len() * 6 {
        // Each question twice, of two graphs: the second time over its own answer.
        let (text, graph) = (&texts[turn / 2 * 7 % texts.len()], &graphs[turn % graphs.len()]);
        let prepared = prepared(text, false);
        let kept = prepared.table_into(&mut machine, graph, &request, &mut table);
        match prepared.run(graph, &request) {
            Ok(answer) => {
                assert!(kept.is_ok(), "{text}");
                assert_eq!(table.rows().map(<[Value]>::to_vec).collect::<Vec<_>>(), answer.rows);
                compared += answer.rows.len();
            }
            Err(_) => assert!(kept.is_err() && table.is_empty(), "{text}"),
        }
    }
    assert!(compared > 3_000, "{compared}");
}
