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
    assert_eq!(
        ask(&graph, "find model").warnings,
        [
            "left out because deleted in the source (1): model:m@2; a condition on `deleted` asks for them"
        ]
    );
    let kinds = ask(&graph, "show kinds");
    let models =
        texts(&kinds).into_iter().find(|row| row.starts_with("model ")).unwrap_or_default();
    assert!(models.starts_with("model 2 1 deleted "), "{models}");
}

#[test]
fn figures_over_a_member_say_what_they_did_not_take_as_a_number() {
    let graph = Graph::new(
        "run:a params.lr=0.1 metrics.auc=0.5\nrun:b params.lr=0.02 metrics.auc=0.7\nrun:c",
    );
    let warnings = |text: &str| ask(&graph, text).warnings;
    assert_eq!(
        warnings("find run summarize sum(params.lr) as total, avg(metrics.auc) as mean"),
        [
            "avg of metrics[\"auc\"] leaves out what has none recorded (1)",
            "sum of params[\"lr\"] leaves out values that are texts (2); `number(x)` reads the \
             number that a text holds",
            "sum of params[\"lr\"] leaves out what has none recorded (1)",
        ]
    );
    let found = ask(&graph, "find run summarize max(params[\"lr\"]) as most, p50(params.lr)");
    assert_eq!(found.warnings.len(), 4, "{:?}", found.warnings);
    assert!(found.warnings[1].contains("orders as texts values that are texts (2)"), "{found:?}");
    let read = "find run summarize sum(number(params.lr)) as total, count(params.lr) as n";
    assert_eq!(warnings(read), Vec::<String>::new());
    assert_eq!(warnings("find run summarize min(name) as least"), Vec::<String>::new());
}

/// What asking with a text for `$a` (and one for `$b`) ends in: the first row, or code and place.
fn given(graph: &Graph, text: &str, a: &str, b: &str) -> String {
    let limits = Limits::default();
    let mut parameters = Parameters::new().text("a", a);
    if text.contains("$b") {
        parameters = parameters.text("b", b);
    }
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let prepared = query.prepare().unwrap_or_else(|e| panic!("{}", e.render(text)));
    match prepared.run(graph, &request) {
        Ok(answer) => {
            assert_eq!(answer.warnings, Vec::<String>::new(), "{text} {a} {b}");
            texts(&answer).join(" ")
        }
        Err(error) => {
            let mistake = error.mistake().unwrap_or_else(|| panic!("{error}"));
            format!("{} {}", mistake.code, &text[mistake.span.at..mistake.span.end])
        }
    }
}

#[test]
fn parameters_in_a_sum_are_typed_by_what_fits() {
    let graph = Graph::new("run:r time=2026-03-10 params.lr=0.5\ndataset:d@1 rows=12");
    for (text, a, b, expected) in [
        // What is made of it says what it must be.
        ("find dataset where rows = $a + $b return name", "5", "7", "d"),
        ("find dataset where rows > $a * $b return name", "2.5", "4", "d"),
        ("find dataset where name = $a + $b return rows", "", "d", "12"),
        ("find run where time > $a + $b return name", "2026-01-01", "1mo", "r"),
        ("find run where time - $a > 5d return name", "2026-03-01", "", "r"),
        ("find run where time - $a < 2026-03-05 return name", "9d", "", "r"),
        ("find run where $a - $b < 2d return name", "5d", "4d", "r"),
        // Nothing does: what is given does.
        ("find run return $a + $b as x", "1", "2", "3"),
        ("find run return $a + $b as x", "0.5", "2", "2.5"),
        ("find run return $a + $b as x", "2026-01-31", "1mo", "2026-02-28T00:00:00Z"),
        ("find run return time - $a as x", "2026-03-09", "", "1d"),
        ("find run return time - $a as x", "1d", "", "2026-03-09T00:00:00Z"),
        ("find run return -$a * 2 as x", "3", "", "-6"),
        // What fits nothing is told, with its place.
        ("find run return $a + $b as x", "1", "lots", "R004 $b"),
        ("find run return time - $a as x", "soon", "", "R004 $a"),
        ("find run return $a + $b as x", "1", "2026-01-01", "R004 $a + $b"),
        ("find run return time - $a as x", "5", "", "R004 time - $a"),
        ("find run where time - $a > 5d", "5d", "", "R004 $a"),
    ] {
        assert_eq!(given(&graph, text, a, b), expected, "{text} {a} {b}");
    }
}

#[test]
fn a_pattern_can_name_its_own_signs() {
    let graph = Graph::new("dataset:a%b@1\ndataset:a_b@1\ndataset:axb@1");
    for (text, expected) in [
        (r#"find dataset where name like "a_b" return name"#, "a%b a_b axb"),
        (r#"find dataset where name like "a\\_b" return name"#, "a_b"),
        (r#"find dataset where name like "a\\%b" return name"#, "a%b"),
    ] {
        assert_eq!(texts(&ask(&graph, text)).join(" "), expected, "{text}");
    }
}

#[test]
fn a_name_that_only_looks_like_one_is_answered_with_the_one() {
    let (composed, apart) = ("cr\u{e9}dit", "cre\u{301}dit");
    for (recorded, asked, form) in [(composed, apart, "NFC"), (apart, composed, "NFD")] {
        let graph = Graph::new(&format!("dataset:{recorded}@1\nmodel:m@1"));
        for text in [
            format!("find dataset:{asked}@1"),
            format!("find dataset:\"{asked}\"@1"),
            format!("find model downstream of dataset:{asked}@1"),
        ] {
            let prepared = Query::parse(&text).and_then(|query| query.prepare());
            let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(&text)));
            let (parameters, limits) = (Parameters::new(), Limits::default());
            let request = Request { parameters: &parameters, limits: &limits, now: 0 };
            let error = prepared.run(&graph, &request).err().unwrap_or_else(|| panic!("{text}"));
            let mistake = error.mistake().unwrap_or_else(|| panic!("{error}"));
            assert_eq!(mistake.code.name(), "R001");
            assert!(mistake.hint_text().is_some_and(|hint| hint.contains(form)), "{mistake}");
            let repaired = mistake.repaired(&text).unwrap_or_default();
            assert!(repaired.contains(recorded), "{repaired}");
            ask(&graph, &repaired);
        }
    }
}
