//! When an answer can tell, and when it says that it cannot and why.

mod graph;

use graph::Graph;
use lineal_engine::schema::Kind;
use lineal_query::{Answer, Limits, Parameters, Query, REASONS_MAX, Request, State, Uncertainty};

fn ask(graph: &Graph, text: &str) -> Answer {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let plans = [query.prepare(), query.prepare_naively()];
    let [answer, naive] = plans.map(|prepared| {
        let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(text)));
        prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
    });
    assert_eq!(answer.completeness, naive.completeness, "the plan shows: {text}");
    answer
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
    let [(Uncertainty::Missing(kind, None), name)] = reasons(&answer)[..] else {
        panic!("{:?}", answer.completeness)
    };
    assert_eq!((kind.name(), name), ("model", "model:base@1"));
    let answer = ask(&graph, "find model upstream of model:other@1");
    assert_eq!(answer.completeness.state(), State::Complete);
}

/// Two registries have a model of that name and version; the log says only name and version.
const CLAIM: &str = "model:one/m@1\nmodel:two/m@1\nrun:r\nrun:s\ndataset:d@1\n\
     model:m@1!stub!fits:model:one/m@1,model:two/m@1\n\
     deployment:api\ndeployment:other\nmodel:lone@1\nbatch:b\nevent batch:b request_id=q\n\
     deployment:api deploys model:m@1\ndeployment:other deploys model:lone@1\n\
     batch:b served_by deployment:api\n\
     model:one/m@1 produced_by run:r\nmodel:two/m@1 produced_by run:s\nrun:s trained_on dataset:d@1";

#[test]
fn a_reference_that_fits_several_nodes_makes_it_uncertain_from_both_sides() {
    let graph = Graph::new(CLAIM);
    for text in [
        "find run upstream of deployment:api",
        "find model upstream of deployment:api",
        "find model deployed_by deployment:api",
        "find dataset upstream of inference:q",
        "find deployment deploys model:two/m@1",
        "find deployment downstream of dataset:d@1",
        "find deployment downstream of model:one/m@1",
        "find deployment as d deploys model as m produced_by run:s",
        "find inference downstream of dataset:d@1",
        "find inference downstream of dataset:d@1 summarize count() as n",
        "find inference as i served_by deployment deploys model:two/m@1",
        "find model where not deployed_by deployment",
        "find dataset where not exists deployment downstream of it",
        "trace model:two/m@1 to deployment:api",
        "trace deployment:api to dataset",
        "trace dataset:d@1 to inference",
        "trace all dataset:d@1 to deployment",
    ] {
        let found = ask(&graph, text);
        assert_eq!(reasons(&found), [(Uncertainty::Conflict, "model:m@1")], "{text}");
        assert_eq!(
            found.completeness.reasons[0].to_string(),
            "deployment:api refers to model:m@1, which may be any of model:one/m@1, \
             model:two/m@1; `lineal alias` decides which",
            "{text}"
        );
    }
    for text in [
        "find run upstream of model:two/m@1",
        "find model downstream of dataset:d@1",
        "find model produced_by run:s",
        "find deployment deploys model:lone@1",
        "find dataset upstream of deployment:other",
        "trace model:two/m@1 to dataset",
    ] {
        let found = ask(&graph, text);
        assert_eq!(found.completeness.state(), State::Complete, "{text}: {:?}", reasons(&found));
    }
}

#[test]
fn a_trace_that_finds_nothing_says_what_it_looked_through() {
    let logs_only = Graph::new(
        "deployment:api\nbatch:b\nmodel:m@1!stub\nevent batch:b request_id=q\n\
         deployment:api deploys model:m@1\nbatch:b served_by deployment:api",
    );
    for text in [
        "trace inference:q to dataset",
        "trace all inference:q to dataset",
        "trace dataset to inference:q",
        "trace inference:q to run where 1 = 2",
        "find dataset upstream of inference:q",
    ] {
        let found = ask(&logs_only, text);
        let missing = [(Uncertainty::Missing(Kind::Model, None), "model:m@1")];
        assert_eq!((found.rows.len(), &reasons(&found)[..]), (0, &missing[..]), "{text}");
    }
    let found = ask(&logs_only, "trace inference:q to deployment");
    assert_eq!((found.rows.len(), found.completeness.state()), (1, State::Complete));
}

/// Both are recorded already: to import one again would decide nothing.
#[test]
fn what_fits_several_nodes_is_not_called_missing() {
    let graph = Graph::new(
        "deployment:api\nmodel:a@1\nmodel:b@1\nmodel:churn@1!stub!fits:model:a@1,model:b@1\n\
         deployment:api deploys model:churn@1",
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
    assert_eq!(reasons(&strict), [(Uncertainty::Roleless(None), "run:r")]);
    let forward = ask(&graph, "find model downstream via training of dataset:d@1");
    assert_eq!(reasons(&forward), [(Uncertainty::Roleless(None), "run:r")]);
    let both = ask(&graph, "find dataset upstream via training, used of model:m@1");
    assert_eq!((both.rows.len(), both.completeness.state()), (1, State::Complete));
    // A person, or another source, has said since what for.
    let said = Graph::new(
        "model:m@1\nrun:r\ndataset:d@1\n\
         model:m@1 produced_by run:r\nrun:r used dataset:d@1\nrun:r tested_on dataset:d@1",
    );
    for (question, rows) in [
        ("find dataset upstream via training of model:m@1", 0),
        ("find model downstream via training of dataset:d@1", 0),
    ] {
        let strict = ask(&said, question);
        assert_eq!((strict.rows.len(), strict.completeness.state()), (rows, State::Complete));
    }
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

/// Both sides of each question are about the same data; only how soon a plan could stop differs.
#[test]
fn a_condition_that_holds_for_nothing_does_not_hide_what_is_missing() {
    let graph =
        Graph::new("model:m@1\nrun:r!stub\ndataset:d@1 license=MIT\nmodel:m@1 produced_by run:r");
    for text in [
        "find dataset upstream of model:m@1 where license = \"CC0\"",
        "find dataset where license = \"CC0\" and upstream of model:m@1",
        "find dataset where license = \"CC0\" or upstream of model:m@1",
        "find dataset where not upstream of model:m@1",
        "find dataset where it in (find dataset upstream of model:m@1)",
        "find dataset as d where not exists (find model as m where d upstream of m)",
        "find dataset as d return d, size(find model as m where d upstream of m) as n",
        "trace model:m@1 to dataset",
    ] {
        let found = ask(&graph, text);
        assert_eq!(reasons(&found), [(Uncertainty::Missing(Kind::Run, None), "run:r")], "{text}");
    }
}

#[test]
fn what_the_question_does_not_ask_about_is_no_reason() {
    let graph = Graph::new(
        "model:m@1 stage=Production\nmodel:n@1 stage=None\nrun:r\nrun:s!stub\ndataset:d@1\n\
         model:m@1 produced_by run:r\nrun:r trained_on dataset:d@1\nmodel:n@1 produced_by run:s",
    );
    for text in [
        "find run produces model:m@1",
        "find model as m where stage = \"Production\" and exists run produces m",
        "find dataset upstream of model:m@1",
        "find model as m produced_by run:r where not exists (find run as x produces m where x.status = \"a\")",
        "trace model:m@1 to dataset",
    ] {
        let found = ask(&graph, text);
        assert_eq!(found.completeness.state(), State::Complete, "{text}: {:?}", reasons(&found));
    }
    let all = ask(&graph, "find model as m where exists run produces m");
    assert_eq!(reasons(&all), [(Uncertainty::Missing(Kind::Run, None), "run:s")]);
}

#[test]
fn lines_that_could_not_be_read_are_a_reason_where_events_of_their_log_are_asked_for() {
    let graph = Graph::new(
        "model:m@1\ndeployment:a\ndeployment:b\ndeployment:c\nbatch:x!unread2\nbatch:y\n\
         deployment:a deploys model:m@1\ndeployment:b deploys model:m@1\n\
         batch:x served_by deployment:a\nbatch:y served_by deployment:b\n\
         event batch:x time=2026-02-01 request_id=q1\nevent batch:y time=2026-02-02 request_id=q2",
    );
    let unread = [(Uncertainty::Unread(2), "x")];
    for text in [
        "find inference",
        "find inference served_by deployment:a",
        "find inference downstream of model:m@1",
        "find deployment as d serves inference as i summarize count() as n by d",
        "find model where exists inference downstream of it and it in (find model)",
        // A line of any log may have been an event of any deployment, and its only one.
        "find inference served_by deployment:b",
        "find inference served_by deployment:c",
        "find deployment where not serves inference",
    ] {
        assert_eq!(reasons(&ask(&graph, text)), unread, "{text}");
    }
    for text in ["find inference:q1", "find model upstream of inference:q1", "find deployment"] {
        assert_eq!(ask(&graph, text).completeness.state(), State::Complete, "{text}");
    }
    let reason = ask(&graph, "find inference").completeness.reasons[0].to_string();
    assert!(reason.contains("2 lines of the log x could not be read"), "{reason}");
}

/// Erased and restricted events of deployment a; of c all that there were.
const UNSHOWN: &str = "model:m@1\ndeployment:a\ndeployment:b\ndeployment:c\n\
     batch:x!erased2!restricted1\nbatch:y\nbatch:z!erased1\n\
     deployment:a deploys model:m@1\ndeployment:b deploys model:m@1\n\
     batch:x served_by deployment:a\nbatch:y served_by deployment:b\n\
     batch:z served_by deployment:c\n\
     event batch:x time=2026-02-01 request_id=q1 latency_ms=5\n\
     event batch:y time=2026-02-02 request_id=q2 latency_ms=7";

#[test]
fn what_erased_and_restricted_events_said_makes_it_uncertain_and_their_number_does_not() {
    let graph = Graph::new(UNSHOWN);
    let of_a = [(Uncertainty::Erased(2), "batch:x"), (Uncertainty::Restricted(1), "batch:x")];
    let of_c = (Uncertainty::Erased(1), "batch:z");
    let all = [of_a[0], of_a[1], of_c];
    for text in [
        "find inference where latency_ms > 6",
        "find inference",
        "find inference as i return i.latency_ms",
        "find inference as i summarize max(i.latency_ms) as most",
        "find inference as i summarize count() as n by i.latency_ms",
        "find inference as i where i.latency_ms > 6 summarize count() as n",
        "find deployment as d serves inference as i where i.latency_ms > 6 return d",
        "find deployment as d where exists (find inference as i served_by d where i.latency_ms > 6)",
        "find deployment as d return d, size(find inference as i served_by d where i.latency_ms > 6) as n",
    ] {
        assert_eq!(reasons(&ask(&graph, text)), all, "{text}");
    }
    for text in [
        "find inference served_by deployment:a",
        "find inference as i served_by deployment:a where i.latency_ms > 6",
        "find inference as i part_of batch:x summarize max(i.latency_ms) as most",
    ] {
        assert_eq!(reasons(&ask(&graph, text)), of_a, "{text}");
    }
    // Where others are left, there is one; where none is, nobody sees one.
    for text in ["find deployment serves inference", "find deployment where not serves inference"] {
        assert_eq!(reasons(&ask(&graph, text)), [of_c], "{text}");
    }
    for text in [
        "find inference as i summarize count() as n",
        "find deployment as d serves inference as i summarize count() as n by d",
        "find inference as i served_by deployment:b where i.latency_ms > 6",
        "find inference:q1",
        "find model upstream of inference:q1",
        "find deployment",
    ] {
        let answer = ask(&graph, text);
        assert_eq!(answer.completeness.state(), State::Complete, "{text}: {:?}", reasons(&answer));
    }
    let said = ask(&graph, "find inference").completeness;
    let said: Vec<String> = said.reasons.iter().map(ToString::to_string).collect();
    assert_eq!(said[0], "2 events of batch:x are erased: what they said is not known any more");
    assert_eq!(said[1], "1 event of batch:x is restricted, not shown");
}

#[test]
fn a_diff_that_an_open_reference_could_change_cannot_tell() {
    // What a log claims of `m@1` names a run: decided, one of the two has it.
    let graph = Graph::new(
        "model:one/m@1 stage=a\nmodel:one/m@2 stage=b\nmodel:two/m@1\nrun:r\n\
         model:m@1!stub!fits:model:one/m@1,model:two/m@1\nmodel:m@1 produced_by run:r\n\
         deployment:api\ndeployment:old\nmodel:lone@1\n\
         deployment:api deploys model:m@1\ndeployment:old deploys model:lone@1",
    );
    for text in [
        "diff model:one/m@1 with model:one/m@2",
        "diff model:one/m@2 with model:two/m@1",
        "diff deployment:old with deployment:api",
    ] {
        let found = ask(&graph, text);
        assert_eq!(reasons(&found), [(Uncertainty::Conflict, "model:m@1")], "{text}");
    }
    let apart = ask(&graph, "diff model:one/m@2 with model:lone@1");
    assert_eq!(apart.completeness.state(), State::Complete, "{:?}", reasons(&apart));
    // A reference that says nothing but the name changes nothing, whichever it means.
    let plain = Graph::new(
        "model:one/m@1 stage=a\nmodel:one/m@2 stage=b\nmodel:two/m@1\ndeployment:api\n\
         model:m@1!stub!fits:model:one/m@1,model:two/m@1\ndeployment:api deploys model:m@1",
    );
    let found = ask(&plain, "diff model:one/m@1 with model:one/m@2");
    assert_eq!(found.completeness.state(), State::Complete, "{:?}", reasons(&found));
}

#[test]
fn a_diff_of_what_was_made_by_something_not_imported_cannot_tell() {
    let graph = Graph::new(
        "model:m@1\nmodel:m@2\nrun:r\nrun:s!stub\n\
         model:m@1 produced_by run:r\nmodel:m@2 produced_by run:s",
    );
    let found = ask(&graph, "diff model:m@1 with model:m@2");
    assert_eq!(reasons(&found), [(Uncertainty::Missing(Kind::Run, None), "run:s")]);
}

#[test]
fn what_a_scan_leaves_out_as_deleted_is_counted_where_it_would_be_a_row() {
    let graph = Graph::new("run:a status=x\nrun:b!deleted status=x\nrun:c!deleted status=y");
    let left_out = |text: &str| {
        let warnings = ask(&graph, text).warnings;
        warnings.into_iter().find(|warning| warning.contains("left out"))
    };
    let said = left_out("find run").unwrap_or_default();
    assert!(said.contains("deleted in the source (2): run:b, run:c"), "{said}");
    let said = left_out("find run where status = \"x\"").unwrap_or_default();
    assert!(said.contains("(1): run:b;"), "{said}");
    for text in ["find run where deleted", "find run:b", "find run where status = \"z\""] {
        assert_eq!(left_out(text), None, "{text}");
    }
}
