//! Questions whose variables plain relations lead to, one after the other: answered without binding
//! each, they give what the plain plan gives, on graphs made at random.

use lineal_query::{Answer, Limit, Limits, Parameters, Query, Request};

use crate::graph::Graph;
use crate::random::{Random, graph};

const QUESTIONS: &[&str] = &[
    "find run as r trained_on dataset as x return r, x",
    "find run as r trained_on dataset as x return x, r, x.rows",
    "find deployment as d deploys model produced_by run trained_on dataset as x return d, x",
    "find dataset as d trains run trained_on dataset as x return d, x",
    "find model as m produced_by run as r trained_on dataset as x return m, r, x",
    "find model as m produced_by run as r trained_on dataset as x where m.name = \"m0\" \
     return x.rows as rows, m order by rows desc, m",
    "find deployment as d deploys model as m produced_by run trained_on dataset as x \
     return distinct x, m",
    "find dataset as x trains run as r produces model as m return x, m, r",
    "find model as m where exists (find run as r trained_on dataset as x return r, x) return m",
];

fn ask(graph: &Graph, text: &str, limits: &Limits<'_>, naively: bool) -> Option<Answer> {
    let parameters = Parameters::new();
    let request = Request { parameters: &parameters, limits, now: 0 };
    let query = Query::parse(text).unwrap_or_else(|mistake| panic!("{}", mistake.render(text)));
    let prepared = if naively { query.prepare_naively() } else { query.prepare() };
    let prepared = prepared.unwrap_or_else(|mistake| panic!("{}", mistake.render(text)));
    prepared.run(graph, &request).ok()
}

#[test]
fn what_relations_lead_to_is_what_the_plain_plan_finds() {
    let mut random = Random::seeded(29);
    let limits = Limits::default();
    let mut with_rows = vec![0; QUESTIONS.len()];
    for _ in 0..80 {
        let graph = graph(&mut random);
        for (text, with_rows) in QUESTIONS.iter().zip(&mut with_rows) {
            let (planned, plain) =
                (ask(&graph, text, &limits, false), ask(&graph, text, &limits, true));
            let (Some(planned), Some(plain)) = (planned, plain) else {
                panic!("no answer to {text}\n{}", graph.lines());
            };
            *with_rows += usize::from(plain.rows.len() > 1);
            let lines = graph.lines();
            assert_eq!(planned.rows, plain.rows, "{text}\n{lines}");
            assert_eq!(planned.completeness, plain.completeness, "{text}\n{lines}");
            assert_eq!(planned.warnings, plain.warnings, "{text}\n{lines}");
        }
    }
    for (text, with_rows) in QUESTIONS.iter().zip(with_rows) {
        assert!(with_rows > 5, "{with_rows} graphs have rows for {text}");
    }
}

#[test]
fn a_bound_ends_what_relations_lead_to_behind_the_first_rows() {
    let mut random = Random::seeded(31);
    let value = std::mem::size_of::<lineal_query::Value>() as u64;
    let mut cut = 0;
    for _ in 0..40 {
        let graph = graph(&mut random);
        for text in [QUESTIONS[0], QUESTIONS[4]] {
            let whole = ask(&graph, text, &Limits::default(), false).expect("it is answered");
            let width = whole.columns.len() as u64;
            for rows in 0..whole.rows.len() {
                let bounds = [
                    (Limits { rows: rows as u64, ..Limits::default() }, Limit::Rows(rows as u64)),
                    // One byte less than the next row takes.
                    (
                        Limits {
                            bytes: (rows as u64 + 1) * width * value - 1,
                            ..Limits::default()
                        },
                        Limit::Bytes((rows as u64 + 1) * width * value - 1),
                    ),
                ];
                for (limits, limit) in bounds {
                    let answer = ask(&graph, text, &limits, false).expect("it is answered");
                    assert_eq!(answer.rows, whole.rows[..rows], "{text}\n{}", graph.lines());
                    assert_eq!(answer.completeness.truncated, Some(limit), "{text}");
                    cut += 1;
                }
            }
        }
    }
    assert!(cut > 100, "{cut} were cut");
}
