//! The plan with every rewrite against the plan with none: thousands of questions made at random,
//! asked of graphs made at random, must give the same answers.

mod graph;
mod led;
mod random;
mod sets;

use lineal_query::{Limits, Parameters, Query, Request, State};
use random::{Random, graph, question};

#[test]
fn rewritten_plans_answer_as_plain_ones_do() {
    let mut random = Random::seeded(7);
    let parameters = Parameters::new();
    let limits = Limits::default();
    let request =
        Request { parameters: &parameters, limits: &limits, now: 1_773_144_000_000_000_000 };
    let (mut asked, mut with_rows, mut uncertain, mut refused) = (0, 0, 0, 0);
    let (mut by_deployment, mut by_batch) = (0, 0);
    for _ in 0..150 {
        let graph = graph(&mut random);
        for _ in 0..40 {
            let text = question(&mut random);
            let query = Query::parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text)));
            let (planned, plain) = match (query.prepare(), query.prepare_naively()) {
                (Ok(planned), Ok(plain)) => (planned, plain),
                (Err(a), Err(b)) => {
                    assert_eq!(a, b, "{text}");
                    refused += 1;
                    continue;
                }
                _ => panic!("one plan binds, the other does not: {text}"),
            };
            let (planned, plain) =
                match (planned.run(&graph, &request), plain.run(&graph, &request)) {
                    (Ok(planned), Ok(plain)) => (planned, plain),
                    // A key that is not recorded is an error whatever the plan.
                    (Err(a), Err(b)) => {
                        assert_eq!(a.to_string(), b.to_string(), "{text}\n{}", graph.lines());
                        refused += 1;
                        continue;
                    }
                    (a, b) => panic!("one plan answers: {a:?} {b:?} {text}\n{}", graph.lines()),
                };
            asked += 1;
            if text.contains(" summarize ") && !plain.rows.is_empty() {
                let plan = Query::parse(&format!("explain {text}")).unwrap().prepare().unwrap();
                let plan = plan.run(&graph, &request).unwrap().to_json().to_string();
                by_deployment += u32::from(plan.contains("the counters of deployments"));
                by_batch += u32::from(plan.contains("the counters of batches"));
            }
            with_rows += u32::from(!plain.rows.is_empty());
            assert_eq!(
                planned.to_json()["rows"],
                plain.to_json()["rows"],
                "{text}\n{}",
                graph.lines()
            );
            assert_eq!(planned.hash(), plain.hash(), "{text}");
            assert_eq!(planned.completeness, plain.completeness, "{text}\n{}", graph.lines());
            uncertain += u32::from(planned.completeness.state() == State::CannotTell);
        }
    }
    assert!(asked > 4_000, "{asked} were answered, {refused} refused");
    assert!(with_rows > 1_500, "{with_rows} of {asked} had rows");
    assert!(by_deployment > 50 && by_batch > 30, "counters: {by_deployment}, {by_batch}");
    assert!(uncertain > 500 && asked - uncertain > 500, "{uncertain} of {asked} cannot tell");
}
