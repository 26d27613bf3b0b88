//! Questions for one thing, kinds that conditions narrow, and conditions told of all nodes at once:
//! what the planner makes of them answers as the plain plan does, on graphs made at random.

use lineal_query::{Limits, Machine, Parameters, Query, Request, Table, Value};

use crate::random::{Random, graph};

/// Each is answered in another way than row by row.
const QUESTIONS: &[&str] = &[
    "find node upstream via lineage, tested_on of model:m0 where kind in [\"model\", \"run\", \"dataset\"]",
    "find node upstream of deployment:s0 where kind = \"dataset\" union find model:m1",
    "find node upstream of model:m0 where \"run\" = kind",
    "find node upstream of model:m0 where kind in [\"nothing\"]",
    "find dataset upstream of model:m0 intersect find dataset upstream of model:m1",
    "find dataset upstream of model:m0 except find dataset upstream of model:m1 where name = \"d1\"",
    "(find node where kind = \"model\" union find run as r where r produces model) except find model:m1",
    "find run as r produces model deployed_by deployment \
     where not exists approval approves r or not exists (find dataset as x where r trained_on x and x.rows > 10)",
    "find model as m where not exists (find approval approves m where decision = \"granted\")",
    "find model as m where not (m.name = \"m0\" or exists approval approves m)",
    "find approval as a where a.time <= $t and (a.decision is null or not a.decision = \"granted\")",
    "find approval as a approves model as m where a.time <= $t and $t >= a.time and m.stage is not null return a, m",
    "find dataset as d where 10 < d.rows and d.rows <= 30 and d.name != \"d1\"",
    "find dataset as d where d.rows = 20 or d.license is null return d, d.rows",
    "find deployment as d deploys model produced_by run trained_on dataset as x \
     where d.missing = false and (d.endpoint is null or d.endpoint = \"e1\") return d, x",
    "find run as r where r trained_on dataset and r.status = \"FINISHED\" and name in [\"r0\", \"r1\"]",
];

#[test]
fn sets_of_numbers_answer_as_rows_do() {
    let mut random = Random::seeded(11);
    let mut parameters = Parameters::new();
    parameters.set("t", Value::Time(1_767_398_400_000_000_000)); // 2026-01-03
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let (mut machine, mut table) = (Machine::default(), Table::empty());
    let mut with_rows = vec![0; QUESTIONS.len()];
    for _ in 0..60 {
        let graph = graph(&mut random);
        for (text, with_rows) in QUESTIONS.iter().zip(&mut with_rows) {
            let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
            let planned = query.prepare().unwrap_or_else(|e| panic!("{}", e.render(text)));
            let plain = query.prepare_naively().unwrap();
            let (planned_answer, plain) =
                match (planned.run(&graph, &request), plain.run(&graph, &request)) {
                    (Ok(planned), Ok(plain)) => (planned, plain),
                    (Err(a), Err(b)) => {
                        assert_eq!(a.to_string(), b.to_string(), "{text}");
                        continue;
                    }
                    (a, b) => panic!("one plan answers: {a:?} {b:?} {text}"),
                };
            *with_rows += usize::from(!plain.rows.is_empty());
            let lines = graph.lines();
            assert_eq!(
                planned_answer.to_json()["rows"],
                plain.to_json()["rows"],
                "{text}\n{lines}"
            );
            assert_eq!(planned_answer.completeness, plain.completeness, "{text}\n{lines}");
            assert_eq!(planned_answer.warnings, plain.warnings, "{text}\n{lines}");
            // The same through memory that other questions used, and row by row.
            planned.table_into(&mut machine, &graph, &request, &mut table).unwrap();
            let rows: Vec<&[Value]> = table.rows().collect();
            assert_eq!(rows, plain.rows, "{text}\n{lines}");
            let mut streamed: Vec<Vec<Value>> = planned
                .rows(&mut machine, &graph, &request)
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            streamed.sort_by(|a, b| {
                let unequal = a.iter().zip(b).map(|(a, b)| a.order(b));
                unequal.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
            });
            assert_eq!(streamed, plain.rows, "{text}\n{lines}");
        }
    }
    for (text, with_rows) in QUESTIONS.iter().zip(with_rows) {
        assert!(
            with_rows > 5 || text.contains("nothing"),
            "{with_rows} graphs have rows for {text}"
        );
    }
}

#[test]
fn bounds_end_a_set_as_they_end_rows() {
    let mut random = Random::seeded(3);
    let parameters = Parameters::new();
    let mut cut = 0;
    for _ in 0..60 {
        let graph = graph(&mut random);
        let limits = Limits { rows: 2, ..Limits::default() };
        let request = Request { parameters: &parameters, limits: &limits, now: 0 };
        let query = Query::parse("find node upstream of deployment:s0").unwrap();
        // Some graphs have no such deployment.
        let Ok(planned) = query.prepare().unwrap().run(&graph, &request) else { continue };
        assert!(planned.rows.len() <= 2);
        cut += usize::from(planned.completeness.truncated.is_some());
        let all = query.prepare().unwrap();
        let whole = Request { limits: &Limits::default(), ..request };
        let all = all.run(&graph, &whole).unwrap();
        assert_eq!(planned.rows, all.rows[..planned.rows.len()]);
        assert_eq!(planned.completeness.truncated.is_some(), all.rows.len() > 2);
    }
    assert!(cut > 5, "{cut} were cut");
}
