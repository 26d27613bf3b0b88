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

/// Keys of actors are made with a secret of the store; their names are the same everywhere.
#[test]
fn actors_are_ordered_by_their_names() {
    let graph = Graph::new(
        "actor:k9 name=anna\nactor:k1 name=bo\nactor:k5 name=cleo\nrun:a\nrun:b\nrun:c\n\
         run:a done_by actor:k1\nrun:b done_by actor:k9\nrun:c done_by actor:k5",
    );
    for (text, expected) in [
        ("find actor", "actor:anna actor:bo actor:cleo"),
        ("find actor as p order by p desc", "actor:cleo actor:bo actor:anna"),
        (
            "find run as r done_by actor as p return p, r",
            "actor:bo run:a actor:anna run:b actor:cleo run:c",
        ),
        ("find actor as p did run as r return p", "actor:anna actor:bo actor:cleo"),
        (
            "find run as r done_by actor as p summarize count() as n by p",
            "actor:anna 1 actor:bo 1 actor:cleo 1",
        ),
        ("find actor did run union find actor", "actor:anna actor:bo actor:cleo"),
    ] {
        assert_eq!(texts(&ask(&graph, text)).join(" "), expected, "{text}");
    }
}

#[test]
fn the_id_of_an_event_is_what_it_is_known_again_by() {
    let graph = Graph::new(
        "deployment:d\nbatch:b\nbatch:b served_by deployment:d\n\
         event batch:b time=2026-01-01 event_id=e1 log_id=l1 request_id=r1\n\
         event batch:b time=2026-01-02 log_id=l2 request_id=r2\n\
         event batch:b time=2026-01-03 request_id=r3",
    );
    let found = ask(&graph, "find inference as i return id(i), i.request_id");
    assert_eq!(texts(&found), ["e1 r1", "l2 r2", " r3"]);
}

#[test]
fn what_is_deleted_in_its_source_is_marked_where_it_is_shown() {
    let graph = Graph::new(
        "model:m@1\nmodel:m@2!deleted\nrun:r\nmodel:m@1 produced_by run:r\n\
         model:m@2 produced_by run:r",
    );
    let marked = ["deleted in its source: model:m@2"];
    for text in [
        "find model:m@2",
        "find model where deleted = true",
        "find model produced_by run:r",
        "trace model:m@2 to run",
    ] {
        assert_eq!(ask(&graph, text).warnings, marked, "{text}");
    }
    assert_eq!(ask(&graph, "find model").warnings, Vec::<String>::new());
    let kinds = ask(&graph, "show kinds");
    let models =
        texts(&kinds).into_iter().find(|row| row.starts_with("model ")).unwrap_or_default();
    assert!(models.starts_with("model 2 1 deleted "), "{models}");
}
