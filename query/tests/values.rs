//! Values as conditions and columns see them, where the records hold them in another form.

mod graph;

use graph::Graph;
use lineal_query::{Answer, Limits, Parameters, Query, Request};

fn ask(graph: &Graph, text: &str) -> Answer {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let plans = [query.prepare(), query.prepare_naively()];
    let [answer, naive] = plans.map(|prepared| {
        let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(text)));
        prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
    });
    assert_eq!(texts(&answer), texts(&naive), "the plan shows: {text}");
    answer
}

/// The rows, with a blank between their columns.
fn texts(answer: &Answer) -> Vec<String> {
    let row = |row: &Vec<_>| row.iter().map(|v| answer.text(v)).collect::<Vec<_>>().join(" ");
    answer.rows.iter().map(row).collect()
}

#[test]
fn metrics_that_are_no_number_are_floats() {
    let graph = Graph::new(
        "run:a metrics.loss=-Infinity\nrun:b metrics.loss=NaN\nrun:c metrics.loss=2.5\n\
         run:d metrics.loss=Infinity",
    );
    for (text, expected) in [
        ("find run where metrics[\"loss\"] < -1.0 return name", "a"),
        ("find run where metrics.loss > 2 return name, metrics.loss", "c 2.5 d Infinity"),
        ("find run where is_nan(metrics.loss) return name, metrics.loss", "b NaN"),
        ("find run where not metrics.loss > 0 return name, metrics", "a loss=-Infinity b loss=NaN"),
        ("find run where name != \"b\" summarize min(metrics.loss) as n", "-Infinity"),
        ("find run where metrics.loss > 0 summarize sum(metrics.loss) as n", "Infinity"),
    ] {
        let answer = ask(&graph, text);
        assert_eq!(texts(&answer).join(" "), expected, "{text}");
        assert_eq!(answer.warnings, Vec::<String>::new(), "{text}");
    }
}
