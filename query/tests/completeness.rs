//! When an answer can tell, and when it says that it cannot and why.

mod graph;

use graph::Graph;
use lineal_query::{
    Answer, Limits, Parameters, Prepared, REASONS_MAX, Request, State, Uncertainty,
};

fn ask(graph: &Graph, text: &str) -> Answer {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let prepared = Prepared::new(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

/// The kinds of reasons with the names of their nodes.
fn reasons(answer: &Answer) -> Vec<(Uncertainty, &str)> {
    answer.completeness.reasons.iter().map(|r| (r.what, r.name.as_str())).collect()
}

#[test]
fn a_stub_on_the_way_or_at_the_end_makes_it_uncertain() {
    let graph = Graph::new(
        "model:m@1\nmodel:base@1!stub\nmodel:other@1\n\
         model:m@1 derived_from model:base@1",
    );
    let answer = ask(&graph, "find model upstream of model:m@1");
    assert_eq!(answer.completeness.state(), State::CannotTell);
    let [(Uncertainty::Missing(kind), name)] = reasons(&answer)[..] else {
        panic!("{:?}", answer.completeness)
    };
    assert_eq!((kind.name(), name), ("model", "model:base@1"));
    let answer = ask(&graph, "find model upstream of model:other@1");
    assert_eq!(answer.completeness.state(), State::Complete);
}

#[test]
fn a_claim_that_fits_several_nodes_makes_it_uncertain() {
    let graph = Graph::new(
        "deployment:api!conflict\nmodel:m@1\nrun:r\n\
         deployment:api deploys model:m@1\nmodel:m@1 produced_by run:r",
    );
    let answer = ask(&graph, "find run upstream of deployment:api");
    assert_eq!(reasons(&answer), [(Uncertainty::Conflict, "deployment:api")]);
    let text = answer.completeness.reasons[0].to_string();
    assert!(text.contains("lineal alias"), "{text}");
}

/// Both are recorded already: to import one again would decide nothing.
#[test]
fn what_fits_several_nodes_is_not_called_missing() {
    let graph = Graph::new(
        "deployment:api\nmodel:churn@1!stub!conflict\ndeployment:api deploys model:churn@1",
    );
    for question in [
        "find model upstream of deployment:api",
        "find model where stage = \"Production\"",
        "find model where name = \"churn\"",
    ] {
        let answer = ask(&graph, question);
        assert_eq!(reasons(&answer), [(Uncertainty::Conflict, "model:churn@1")], "{question}");
    }
}

#[test]
fn inputs_without_a_role_make_only_the_strict_question_uncertain() {
    let graph = Graph::new(
        "model:m@1\nrun:r\ndataset:d@1\n\
         model:m@1 produced_by run:r\nrun:r used dataset:d@1",
    );
    let wide = ask(&graph, "find dataset upstream of model:m@1");
    assert_eq!((wide.rows.len(), wide.completeness.state()), (1, State::Complete));
    let strict = ask(&graph, "find dataset upstream via training of model:m@1");
    assert_eq!(strict.rows.len(), 0);
    assert_eq!(reasons(&strict), [(Uncertainty::Roleless, "run:r")]);
    let forward = ask(&graph, "find model downstream via training of dataset:d@1");
    assert_eq!(reasons(&forward), [(Uncertainty::Roleless, "run:r")]);
    let both = ask(&graph, "find dataset upstream via training, used of model:m@1");
    assert_eq!((both.rows.len(), both.completeness.state()), (1, State::Complete));
}

#[test]
fn a_field_that_a_stub_lacks_matters_only_where_it_decides() {
    let graph = Graph::new("model:a@1 stage=Production\nmodel:b@1!stub");
    let deciding = ask(&graph, "find model where stage = \"Production\"");
    assert_eq!(deciding.completeness.state(), State::CannotTell);
    let shown = ask(&graph, "find model as m return m, m.stage");
    assert_eq!((shown.rows.len(), shown.completeness.state()), (2, State::Complete));
    let asked = ask(&graph, "find model where missing = true");
    assert_eq!((asked.rows.len(), asked.completeness.state()), (1, State::Complete));
}

#[test]
fn every_reason_is_counted_and_the_first_are_listed() {
    use std::fmt::Write as _;
    let mut text = String::from("run:r\n");
    for number in 0..30 {
        let written =
            writeln!(text, "dataset:d{number:02}@1!stub\nrun:r trained_on dataset:d{number:02}@1");
        assert!(written.is_ok());
    }
    let answer = ask(&Graph::new(&text), "find dataset upstream of run:r");
    assert_eq!(answer.rows.len(), 30);
    assert_eq!(answer.completeness.reason_count, 30);
    assert_eq!(answer.completeness.reasons.len(), REASONS_MAX);
    assert_eq!(answer.completeness.reasons[0].name, "dataset:d00@1");
}
