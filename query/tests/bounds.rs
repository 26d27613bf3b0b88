//! Bounds, cycles and repetition: what an answer says when it is cut, and that asking again gives
//! the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its data has failed")]

mod graph;

use std::cell::Cell;
use std::collections::BTreeMap;

use graph::Graph;
use lineal_query::{
    Answer, Limit, Limits, Machine, Mistake, OPERATORS_MAX, Parameters, Prepared, QUESTIONS_MAX,
    Query, RELATIONS_MAX, Request, State, TEXT_BYTES_MAX, TextBounds, Value, parse,
};

fn ask(graph: &Graph, text: &str, limits: &Limits<'_>) -> Answer {
    let parameters = Parameters::new();
    let request = Request { parameters: &parameters, limits, now: 0 };
    let prepared = Prepared::new(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

fn names(answer: &Answer) -> Vec<String> {
    answer.rows.iter().map(|row| answer.text(&row[0])).collect()
}

fn world() -> Graph {
    Graph::new(include_str!("golden/world.txt"))
}

#[test]
fn a_limit_of_rows_keeps_whole_rows_and_is_named() {
    let limits = Limits { rows: 3, ..Limits::default() };
    let answer = ask(&world(), "find dataset", &limits);
    assert_eq!(answer.rows.len(), 3);
    assert_eq!(answer.completeness.state(), State::Truncated);
    assert_eq!(answer.completeness.truncated, Some(Limit::Rows(3)));
}

/// Found by the fuzz target `pipeline`: a group too many, for which no figure at all is given; both
/// sides of a union, each as long as a whole answer may be; and what differs, without an end.
#[test]
fn a_limit_of_rows_holds_for_groups_for_both_sides_of_a_union_and_for_what_differs() {
    let graph = world();
    for (text, rows, given) in [
        ("find dataset as d summarize count() as n by d.name as name", 2, 0),
        ("(find dataset) union (find model)", 7, 7),
        ("(find dataset) union (find model) order by dataset desc", 7, 7),
        ("diff model:prod/credit-risk@2 with model:prod/credit-risk@3", 1, 1),
    ] {
        let whole = ask(&graph, text, &Limits::default());
        assert!(whole.rows.len() > rows, "{text}");
        let cut = ask(&graph, text, &Limits { rows: rows as u64, ..Limits::default() });
        assert_eq!(cut.rows.len(), given, "{text}");
        assert_eq!(cut.completeness.truncated, Some(Limit::Rows(rows as u64)), "{text}");
        let enough = Limits { rows: whole.rows.len() as u64, ..Limits::default() };
        assert_eq!(ask(&graph, text, &enough).completeness.truncated, None, "{text}");
    }
}

#[test]
fn a_cut_scan_says_how_much_there_is() {
    let limits = Limits { rows: 3, events: 1, ..Limits::default() };
    for (text, total) in [
        ("find dataset", 7),
        ("find inference limit 2", 4),
        // What a condition narrows is not known without asking on.
        ("find dataset where rows > 0", 3),
        ("find node where deleted is null", 3),
    ] {
        let answer = ask(&world(), text, &limits);
        assert!(answer.completeness.truncated.is_some(), "{text}");
        assert_eq!(answer.total, total, "{text}");
    }
    let whole = ask(&world(), "find experiment", &limits);
    assert_eq!((whole.total, whole.completeness.truncated), (1, None), "one of two is deleted");
}

#[test]
fn a_limit_that_the_question_asks_for_is_no_truncation() {
    let answer = ask(&world(), "find dataset limit 2", &Limits::default());
    assert_eq!((answer.rows.len(), answer.total), (2, 7));
    assert_eq!(answer.completeness.state(), State::Complete);
}

#[test]
fn a_limit_of_edges_or_events_never_gives_a_wrong_row() {
    let graph = world();
    let whole = ask(
        &graph,
        "find dataset where not upstream of model:prod/credit-risk@3",
        &Limits::default(),
    );
    for edges in 0..40 {
        let limits = Limits { edges, ..Limits::default() };
        let text = "find dataset where not upstream of model:prod/credit-risk@3";
        let answer = ask(&graph, text, &limits);
        assert!(names(&answer).iter().all(|name| names(&whole).contains(name)), "{edges}");
        let is_whole = names(&answer) == names(&whole);
        assert_eq!(is_whole, answer.completeness.truncated.is_none(), "{edges}");
    }
    let limits = Limits { events: 1, ..Limits::default() };
    let answer = ask(&graph, "find inference limit 3", &limits);
    assert_eq!(answer.completeness.truncated, Some(Limit::Events(1)));
}

/// The mistake that a question of the world ends in.
fn refused(text: &str, limits: &Limits<'_>, naively: bool) -> Option<Mistake> {
    let query = Query::parse(text).unwrap();
    let prepared = if naively { query.prepare_naively() } else { query.prepare() }.unwrap();
    let parameters = Parameters::new();
    let request = Request { parameters: &parameters, limits, now: 0 };
    prepared.run(&world(), &request).err()?.mistake().cloned()
}

#[test]
fn a_scan_that_cannot_keep_the_limit_of_events_is_refused_with_how_many_there_are() {
    let limits = Limits { events: 3, ..Limits::default() };
    for text in [
        "find inference",
        "find inference where art12 = true",
        "find inference as i return i.request_id order by i.time desc",
        "find inference summarize avg(latency_ms) as mean",
        // Figures need every event, however few groups are wanted.
        "find inference summarize avg(latency_ms) as mean by decision limit 1",
        "(find inference) union (find inference where art12 is null)",
        "find model where size(find inference where latency_ms > 1.0) > 1",
    ] {
        let mistake =
            refused(text, &limits, false).unwrap_or_else(|| panic!("not refused: {text}"));
        assert_eq!(mistake.code.name(), "R008", "{text}");
        assert!(mistake.message().contains("about 4 events"), "{text}: {}", mistake.message());
        let marked = &text[mistake.span.at..mistake.span.end];
        assert!(marked.starts_with("inference"), "{text}: {marked}");
        assert!(mistake.hint_text().is_some_and(|hint| hint.contains("time in")), "{text}");
    }
    for text in [
        // Answered from counters.
        "find inference summarize count() as n",
        // Some rows, not all: what is given is right, and it is said that it was cut.
        "find inference limit 1",
        "find inference where art12 = true limit 1",
        "find inference served_by deployment:credit-api",
        // No batch lies in that time.
        "find inference where time > 2030-01-01",
    ] {
        assert_eq!(refused(text, &limits, false), None, "{text}");
    }
    assert_eq!(refused("find inference", &Limits { events: 4, ..limits }, false), None);
    let none = Limits { events: 0, ..limits };
    let mistake = refused("find inference where time > 2026-02-01", &none, false).unwrap();
    assert!(mistake.hint_text().unwrap().starts_with("narrow the time"));
}

#[test]
fn a_sort_can_be_stopped() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..80_000 {
        writeln!(text, "dataset:d{number}@1 rows={}", number * 7919 % 80_000).unwrap();
    }
    let graph = Graph::new(&text);
    for text in [
        "find dataset order by rows desc",
        "find dataset return distinct rows",
        "(find dataset return rows) union (find dataset return rows)",
    ] {
        let asked = Cell::new(0);
        let count = || {
            asked.set(asked.get() + 1);
            false
        };
        let whole = ask(&graph, text, &Limits { stop: Some(&count), ..Limits::default() });
        assert_eq!((whole.rows.len(), whole.completeness.truncated), (80_000, None), "{text}");
        // The last look is one between two stretches of the sort: all is found by then.
        let last = asked.get();
        asked.set(0);
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() >= last
        };
        let cut = ask(&graph, text, &Limits { stop: Some(&stop), ..Limits::default() });
        assert_eq!(cut.completeness.truncated, Some(Limit::Stopped), "{text}");
        assert_eq!(asked.get(), last, "{text}: asked no more after the wish");
        assert!(last > 2 * 80_000 / 4096 / 2, "{text}: {last}");
    }
}

#[test]
fn a_cut_side_of_except_gives_no_row() {
    let text = "find dataset except find dataset upstream of model:prod/credit-risk@3";
    let limits = Limits { edges: 2, ..Limits::default() };
    let answer = ask(&world(), text, &limits);
    assert_eq!(names(&answer), Vec::<String>::new());
    assert_eq!(answer.completeness.truncated, Some(Limit::Edges(2)));
}

#[test]
fn the_caller_can_stop_it() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..5000 {
        writeln!(text, "dataset:d{number}@1").unwrap();
    }
    let asked = Cell::new(0);
    let stop = || {
        asked.set(asked.get() + 1);
        true
    };
    let limits = Limits { stop: Some(&stop), ..Limits::default() };
    let answer = ask(&Graph::new(&text), "find dataset", &limits);
    assert_eq!(answer.completeness.truncated, Some(Limit::Stopped));
    assert_eq!(asked.get(), 1);
    assert!(answer.rows.len() < 5000);
}

#[test]
fn a_cycle_ends_and_leaves_the_anchor_out() {
    let graph = Graph::new(
        "dataset:a@1\ndataset:b@1\ndataset:c@1\n\
         dataset:a@1 derived_from dataset:b@1\n\
         dataset:b@1 derived_from dataset:c@1\n\
         dataset:c@1 derived_from dataset:a@1",
    );
    let limits = Limits::default();
    let answer = ask(&graph, "find dataset upstream of dataset:a@1", &limits);
    assert_eq!(names(&answer), ["dataset:b@1", "dataset:c@1"]);
    let answer = ask(&graph, "trace dataset:a@1 to dataset:c@1", &limits);
    let path = "dataset:a@1 derived_from dataset:b@1 derived_from dataset:c@1";
    assert_eq!(names(&answer), [path]);
}

#[test]
fn of_several_anchors_those_that_another_reaches_belong_to_the_answer() {
    let graph = Graph::new(
        "dataset:x@1\ndataset:x@2\ndataset:y@1\n\
         dataset:x@2 derived_from dataset:x@1\n\
         dataset:x@1 derived_from dataset:y@1",
    );
    let answer = ask(&graph, "find dataset upstream of dataset:x", &Limits::default());
    assert_eq!(names(&answer), ["dataset:x@1", "dataset:y@1"]);
    let answer = ask(&graph, "find dataset upstream within 2 of dataset:x@2", &Limits::default());
    assert_eq!(names(&answer), ["dataset:x@1", "dataset:y@1"]);
}

#[test]
fn a_prepared_question_gives_the_same_answer_each_time() {
    let graph = world();
    let prepared = Prepared::new("find dataset upstream of $ref").unwrap();
    assert_eq!(prepared.parameters(), ["ref"]);
    let limits = Limits::default();
    let mut machine = Machine::default();
    let mut hashes = BTreeMap::new();
    for _ in 0..3 {
        for name in ["model:prod/credit-risk@2", "model:prod/credit-risk@3", "inference:req-1"] {
            let parameters = Parameters::new().text("ref", name);
            let request = Request { parameters: &parameters, limits: &limits, now: 0 };
            let answer = prepared.run_on(&mut machine, &graph, &request).unwrap();
            let hash = hashes.entry(name).or_insert_with(|| answer.hash()).clone();
            assert_eq!(answer.hash(), hash);
        }
    }
    // The event was served by version 3, so both have the same data behind them.
    assert_eq!(hashes["model:prod/credit-risk@3"], hashes["inference:req-1"]);
    assert_ne!(hashes["model:prod/credit-risk@2"], hashes["inference:req-1"]);
}

#[test]
fn events_are_found_by_hash_or_id_without_reading_the_others() {
    let hash = "sha256:aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11aa11";
    for (condition, found) in [
        (format!("input_hash = {hash}"), 1),
        ("request_id = \"req-2\"".to_owned(), 1),
        ("request_id = \"req-2\" and decision = \"granted\"".to_owned(), 0),
        ("event_id = \"req-2\"".to_owned(), 0),
    ] {
        let text = format!("find inference where {condition}");
        let answer = ask(&world(), &text, &Limits::default());
        assert_eq!((answer.rows.len(), answer.events_read), (found, 0), "{condition}");
    }
}

#[test]
fn batches_outside_of_the_time_asked_for_are_not_read() {
    let text = "find inference where time >= 2026-03-02 and time < 2026-03-03";
    let answer = ask(&world(), text, &Limits::default());
    assert_eq!((answer.rows.len(), answer.events_read), (1, 1));
}

#[test]
fn without_names_the_numbers_are_the_same() {
    let graph = world();
    let prepared = Prepared::new("find dataset upstream of inference:req-1").unwrap();
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let with = prepared.run(&graph, &request).unwrap();
    let without = prepared.numbers_on(&mut Machine::default(), &graph, &request).unwrap();
    assert_eq!(with.rows, without.rows);
    let table = prepared.table_on(&mut Machine::default(), &graph, &request).unwrap();
    assert_eq!((table.len() as u64, table.total), (with.total, with.total));
    assert!(table.rows().eq(with.rows.iter().map(Vec::as_slice)));
    assert_eq!(table.completeness, with.completeness);
    assert!(matches!(with.rows[0][0], Value::Node(_)));
}

#[test]
fn json_names_nodes_and_says_how_complete_it_is() {
    let text = "trace model:prod/credit-risk@3 to dataset:loans-2024@7";
    let json = ask(&world(), text, &Limits::default()).to_json();
    assert_eq!(json["completeness"]["state"], "complete");
    assert_eq!(json["rows"][0][0]["edges"], serde_json::json!(["produced_by", "trained_on"]));
    assert_eq!(json["rows"][0][0]["nodes"][1], "run:train-3");
}

/// Each bound, on a question that reaches it: the rewritten and the plain plan are both cut, say by
/// what, and give only rows of the whole answer.
#[test]
fn each_limit_cuts_every_plan_and_is_named() {
    let graph = world();
    let none = Limits::default();
    let now = Some(std::time::Instant::now());
    let stop = || true;
    let many = "find dataset as a, dataset as b, dataset as c, dataset as d, dataset as e return a";
    for (limits, limit, text) in [
        (
            Limits { edges: 2, ..none },
            Limit::Edges(2),
            "find dataset upstream of model:prod/credit-risk@3",
        ),
        (
            Limits { edges: 2, ..none },
            Limit::Edges(2),
            "find dataset where not upstream of model:prod/credit-risk@3",
        ),
        (Limits { edges: 2, ..none }, Limit::Edges(2), "trace model:prod/credit-risk@3 to dataset"),
        (Limits { events: 1, ..none }, Limit::Events(1), "find inference limit 9"),
        (
            Limits { events: 1, ..none },
            Limit::Events(1),
            "find inference where not latency_ms < 0 limit 9",
        ),
        (
            Limits { events: 1, ..none },
            Limit::Events(1),
            "find deployment as d serves inference as i summarize max(i.latency_ms) as n",
        ),
        (Limits { rows: 3, ..none }, Limit::Rows(3), "find dataset"),
        (
            Limits { rows: 1, ..none },
            Limit::Rows(1),
            "find dataset as d summarize count() as n by d.name",
        ),
        (Limits { rows: 3, ..none }, Limit::Rows(3), "trace all model to dataset limit 50"),
        (Limits { bytes: 250, ..none }, Limit::Bytes(250), "find dataset"),
        (
            Limits { bytes: 100, ..none },
            Limit::Bytes(100),
            "find dataset as d summarize count(distinct d.name) as m",
        ),
        (Limits { deadline: now, ..none }, Limit::Deadline, many),
        (Limits { stop: Some(&stop), ..none }, Limit::Stopped, many),
        (
            Limits { stop: Some(&stop), ..none },
            Limit::Stopped,
            "find inference as i summarize max(i.latency_ms) as n",
        ),
    ] {
        let parameters = Parameters::new();
        let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
        for prepared in [query.prepare(), query.prepare_naively()] {
            let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(text)));
            let run = |limits: &Limits<'_>| {
                let request = Request { parameters: &parameters, limits, now: 0 };
                prepared.run(&graph, &request).unwrap()
            };
            // A scan of a few events is over before a plain plan asks.
            let cut = run(&limits);
            if cut.completeness.truncated.is_none() && limit == Limit::Stopped && text != many {
                continue;
            }
            assert_eq!(cut.completeness.truncated, Some(limit), "{text}");
            if text != many {
                let whole = run(&none);
                assert!(cut.rows.len() < whole.rows.len(), "{text}");
                assert!(cut.rows.iter().all(|row| whole.rows.contains(row)), "{text}");
            }
        }
    }
}

#[test]
fn text_is_bounded_as_the_caller_wishes_and_never_further() {
    let short = TextBounds { bytes: 12, nesting: 1 };
    assert!(Query::parse_within("find model", short).is_ok());
    let long = Query::parse_within("find dataset limit 1", short).unwrap_err();
    assert_eq!(long.code.name(), "L001");
    assert!(long.message().contains("at most 12 bytes"), "{}", long.message());
    let nested = TextBounds { nesting: 1, ..TextBounds::default() };
    let deep = Query::parse_within("find dataset where ((rows = 1))", nested).unwrap_err();
    assert_eq!(deep.code.name(), "L008");
    let wide = TextBounds { bytes: usize::MAX, nesting: usize::MAX };
    let deep = format!("find model where {}a{}", "(".repeat(65), ")".repeat(65));
    assert_eq!(Query::parse_within(&deep, wide).unwrap_err().code.name(), "L008");
}

/// Events of many batches, so that a scan goes on for some rounds.
fn long_log(batches: usize, events: usize) -> Graph {
    let mut text = String::from("model:m@1\ndeployment:s\ndeployment:s deploys model:m@1\n");
    for batch in 0..batches {
        text.push_str(&format!("batch:b{batch:03}\nbatch:b{batch:03} served_by deployment:s\n"));
        for event in 0..events {
            text.push_str(&format!(
                "event batch:b{batch:03} time=2026-01-01T00:00:{event:02}Z latency_ms={event}\n"
            ));
        }
    }
    Graph::new(&text)
}

#[test]
fn a_wish_to_stop_is_heard_within_a_scan() {
    let graph = long_log(60, 50);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for text in [
        "find inference as i summarize max(i.latency_ms) as m",
        "find inference where latency_ms > 20",
    ] {
        // The wish comes at the second look: what one round reads is read, and no more. In the test
        // graph a part has as many rows as the graph has events.
        let (stopped, read) = pool.install(|| {
            let asked = Cell::new(0);
            let stop = || {
                asked.set(asked.get() + 1);
                asked.get() > 1
            };
            let limits = Limits { stop: Some(&stop), ..Limits::default() };
            let answer = ask(&graph, text, &limits);
            (answer.completeness.truncated, answer.events_read)
        });
        assert_eq!(stopped, Some(Limit::Stopped), "{text}");
        assert!(read > 0 && read < 60 * 50 / 2, "{read} events were read: {text}");
    }
}

#[test]
fn rows_come_as_they_are_asked_for_and_no_more_is_read() {
    let graph = long_log(60, 50);
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    for text in [
        "find inference where latency_ms > 20",
        "find inference served_by deployment:s where latency_ms > 20",
    ] {
        let prepared = Prepared::new(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
        let mut machine = Machine::default();
        let mut rows = prepared.rows(&mut machine, &graph, &request).unwrap();
        assert_eq!(rows.events_read(), 0, "{text}");
        assert!(rows.next().is_some());
        assert_eq!(rows.events_read(), 50, "one batch: {text}");
        assert_eq!(rows.by_ref().take(40).count(), 40);
        assert_eq!(rows.events_read(), 100, "{text}");
        assert_eq!(rows.count(), 60 * 29 - 41, "{text}");
    }
}

#[test]
fn rows_are_those_of_the_answer() {
    let graph = world();
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    for text in [
        "find dataset",
        "find dataset skip 2 limit 3",
        "find model as m, run as r where r produces m",
        "find model produced_by run trained_on dataset as d",
        "find dataset upstream of model:prod/credit-risk@3",
        "find inference",
        "find inference downstream of model:prod/credit-risk@3 where decision is not null",
        "find dataset order by name desc",
        "find dataset return distinct license",
        "find dataset as d summarize count() as n",
        "find dataset limit 0",
        "find dataset as of 1",
    ] {
        let whole = ask(&graph, text, &limits);
        let prepared = Prepared::new(text).unwrap();
        let mut machine = Machine::default();
        let mut rows = prepared.rows(&mut machine, &graph, &request).unwrap();
        let found: Vec<Vec<Value>> = rows.by_ref().map(|row| row.unwrap()).collect();
        assert_eq!(rows.completeness(), whole.completeness, "{text}");
        assert_eq!(found.len(), whole.rows.len(), "{text}");
        assert!(found.iter().all(|row| whole.rows.contains(row)), "{text}");
    }
    let limits = Limits { rows: 2, ..Limits::default() };
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let prepared = Prepared::new("find dataset").unwrap();
    let mut machine = Machine::default();
    let mut rows = prepared.rows(&mut machine, &graph, &request).unwrap();
    assert_eq!(rows.by_ref().count(), 2);
    assert_eq!(rows.completeness().truncated, Some(Limit::Rows(2)));
}

#[test]
fn a_long_or_deep_text_is_refused_at_once() {
    let long = format!("find model where name = \"{}\"", "x".repeat(TEXT_BYTES_MAX));
    assert_eq!(parse(&long).unwrap_err().code.name(), "L001");
    let deep = format!("find model where {}a{}", "(".repeat(65), ")".repeat(65));
    assert_eq!(parse(&deep).unwrap_err().code.name(), "L008");
    let allowed = format!("find model where {}a = 1{}", "(".repeat(64), ")".repeat(64));
    assert!(parse(&allowed).is_ok());
}

/// A text with a chain of that length.
type Chain = fn(usize) -> String;

/// Trees are as deep as chains are long; the longest allowed one must pass through every stage, and
/// a longer one be refused before any of them.
#[test]
fn chains_are_bounded_before_they_exhaust_the_stack() {
    let chains: [(usize, Chain); 10] = [
        (OPERATORS_MAX, |n| format!("find model where {}deleted", "not ".repeat(n))),
        (OPERATORS_MAX, |n| format!("find dataset where rows = {}1", "- ".repeat(n - 1))),
        (OPERATORS_MAX, |n| format!("find dataset where rows > 0{}", " + 1".repeat(n - 1))),
        (OPERATORS_MAX, |n| {
            let more = " or name = \"a\"".repeat((n - 1) / 2);
            format!("find model where name = \"a\"{more}")
        }),
        (OPERATORS_MAX, |n| format!("find run where params{} is null", ".a".repeat(n - 1))),
        // Without blanks each of these is one run of signs for the eye, not for the grammar.
        (OPERATORS_MAX, |n| format!("find dataset where rows > 0{}", "+1".repeat(n - 1))),
        (OPERATORS_MAX, |n| format!("find dataset where rows > 0{}", "-1".repeat(n - 1))),
        (OPERATORS_MAX, |n| format!("find dataset return rows, {}1", "1*".repeat(n))),
        (RELATIONS_MAX, |n| format!("find dataset{}", " derived_from dataset".repeat(n))),
        (QUESTIONS_MAX, |n| {
            let inner = "find dataset derived_from (".repeat(n - 1);
            format!("{inner}find dataset{}", ")".repeat(n - 1))
        }),
    ];
    let graph = world();
    for (most, chain) in chains {
        let longest = chain(most);
        let tree = parse(&longest).unwrap_or_else(|e| panic!("{}", e.render(&longest)));
        assert_eq!(parse(&tree.to_string()).unwrap(), tree);
        ask(&graph, &longest, &Limits::default());
        for length in [most + 3, 4_000, 12_000] {
            let text = chain(length);
            if text.len() <= TEXT_BYTES_MAX {
                assert_eq!(parse(&text).unwrap_err().code.name(), "L008", "{length}");
            }
        }
    }
}

/// Signs at the front of values make nothing deeper.
#[test]
fn a_long_list_of_negative_numbers_is_no_chain() {
    let list = vec!["-1"; 2_000].join(", ");
    let text = format!("find dataset where rows in [{list}]");
    let tree = parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text)));
    assert_eq!(parse(&tree.to_string()).unwrap(), tree);
}

/// All bounds used up at once, on a stack half as large as that of a main thread.
#[test]
fn the_deepest_request_fits_a_small_stack() {
    const STACK_BYTES: usize = 4 << 20;
    let levels = QUESTIONS_MAX - 1;
    let text = format!(
        "{}find dataset{} where {}deleted{}",
        "find run where status != \"a\" or exists (".repeat(levels),
        " derived_from dataset".repeat(RELATIONS_MAX),
        "not ".repeat(OPERATORS_MAX - 2 * levels),
        ")".repeat(levels)
    );
    let run = move || {
        ask(&world(), &text, &Limits::default());
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(run).unwrap().join().unwrap();
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// Distances by repeated relaxing: slow, and plainly right.
fn distances(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<Option<usize>>> {
    let mut out = vec![vec![None; count]; count];
    for &(from, to) in edges {
        out[from][to] = Some(1);
    }
    for via in 0..count {
        for from in 0..count {
            for to in 0..count {
                if let (Some(a), Some(b)) = (out[from][via], out[via][to])
                    && out[from][to].is_none_or(|known: usize| a + b < known)
                {
                    out[from][to] = Some(a + b);
                }
            }
        }
    }
    out
}

#[test]
fn closures_and_paths_agree_with_plain_distances() {
    use std::fmt::Write as _;
    let mut dice = Dice(7);
    let mut compared = 0;
    for _ in 0..12 {
        let count = 4 + dice.below(8);
        let mut edges = Vec::new();
        for _ in 0..count + dice.below(count) {
            let (from, to) = (dice.below(count), dice.below(count));
            if from != to {
                edges.push((from, to));
            }
        }
        let mut text = String::new();
        (0..count).for_each(|n| writeln!(text, "dataset:d{n:02}@1").unwrap());
        for (from, to) in &edges {
            writeln!(text, "dataset:d{from:02}@1 derived_from dataset:d{to:02}@1").unwrap();
        }
        let graph = Graph::new(&text);
        let known = distances(count, &edges);
        for (from, reached) in known.iter().enumerate() {
            for (word, most) in [("", usize::MAX), (" within 2..3", 3)] {
                let question = format!("find dataset upstream{word} of dataset:d{from:02}@1");
                let least = if most == 3 { 2 } else { 1 };
                let expected: Vec<String> = (0..count)
                    .filter(|to| *to != from)
                    .filter(|to| reached[*to].is_some_and(|d| d >= least && d <= most))
                    .map(|to| format!("dataset:d{to:02}@1"))
                    .collect();
                assert_eq!(names(&ask(&graph, &question, &Limits::default())), expected);
                compared += 1;
            }
            let question =
                format!("trace dataset:d{from:02}@1 to dataset as d return d, length(path) as n");
            let answer = ask(&graph, &question, &Limits::default());
            for row in &answer.rows {
                let name = answer.text(&row[0]);
                let to: usize = name[9..11].parse().unwrap();
                // Upstream first; only where there is no way, downstream.
                let expected = reached[to].or(known[to][from]).unwrap();
                assert_eq!(row[1], Value::Int(i64::try_from(expected).unwrap()), "{question}");
            }
        }
    }
    assert!(compared > 100);
}

#[test]
fn bytes_and_deadline_end_an_answer_and_are_named() {
    let limits = Limits { bytes: 250, ..Limits::default() };
    let answer = ask(&world(), "find dataset", &limits);
    assert_eq!(answer.completeness.truncated, Some(Limit::Bytes(250)));
    assert!(!answer.rows.is_empty() && answer.rows.len() < 7, "{} rows", answer.rows.len());
    let limits = Limits { deadline: Some(std::time::Instant::now()), ..Limits::default() };
    let mut text = String::new();
    for number in 0..5_000 {
        text.push_str(&format!("dataset:d{number}@1\n"));
    }
    let answer = ask(&Graph::new(&text), "find dataset", &limits);
    assert_eq!(answer.completeness.truncated, Some(Limit::Deadline));
}

/// A ladder of diamonds: each doubles the number of paths.
fn ladder(steps: usize) -> Graph {
    let mut text = String::new();
    for step in 0..=steps {
        text.push_str(&format!("dataset:d{step:02}@1\n"));
        if step > 0 {
            for side in ["a", "b"] {
                text.push_str(&format!("dataset:d{step:02}{side}@1\n"));
                let below = step - 1;
                text.push_str(&format!(
                    "dataset:d{step:02}{side}@1 derived_from dataset:d{below:02}@1\n"
                ));
                text.push_str(&format!(
                    "dataset:d{step:02}@1 derived_from dataset:d{step:02}{side}@1\n"
                ));
            }
        }
    }
    Graph::new(&text)
}

#[test]
fn paths_are_counted_without_being_walked() {
    let graph = ladder(20);
    let answer =
        ask(&graph, "trace all dataset:d20@1 to dataset:d00@1 limit 3", &Limits::default());
    assert_eq!((answer.rows.len(), answer.total), (3, 1 << 20));
    assert_eq!(answer.completeness.state(), State::Complete, "the question set the limit");
    let unbounded = ask(&graph, "trace all dataset:d20@1 to dataset:d00@1", &Limits::default());
    assert_eq!((unbounded.rows.len(), unbounded.total), (100, 1 << 20));
    assert_eq!(unbounded.completeness.truncated, Some(Limit::Paths(100)));
    let short = ask(&ladder(3), "trace all dataset:d03@1 to dataset:d00@1", &Limits::default());
    assert_eq!((short.rows.len(), short.total), (8, 8));
    let both = ask(&ladder(3), "trace all dataset:d00@1 to dataset:d03@1", &Limits::default());
    assert_eq!(both.total, 8, "the direction needs no word");
    let far =
        ask(&ladder(3), "trace all dataset:d03@1 to dataset:d00@1 within 5", &Limits::default());
    assert_eq!(far.total, 0, "each is six edges long");
}

#[test]
fn different_values_of_paths_are_each_given_once() {
    let text = "trace all dataset to dataset:d00@1 return distinct length(path) as n";
    let answer = ask(&ladder(2), &format!("{text} order by n"), &Limits::default());
    let lengths: Vec<_> = answer.rows.iter().map(|row| answer.text(&row[0])).collect();
    assert_eq!((lengths.join(" ").as_str(), answer.total), ("1 2 3 4", 4));
    // 2,046 paths, of which the bound on paths that nobody asked to bound says nothing.
    let answer = ask(&ladder(9), &format!("{text} order by n desc"), &Limits::default());
    assert_eq!((answer.rows.len(), answer.text(&answer.rows[0][0]).as_str()), (18, "18"));
    assert_eq!(answer.completeness.state(), State::Complete);
}

#[test]
fn a_figure_over_a_part_is_not_given() {
    let graph = world();
    for text in [
        "find deployment as d serves inference as i where i.latency_ms >= 0 summarize count() as n",
        "find deployment as d serves inference as i where i.latency_ms >= 0 or true summarize count() as n by i.decision",
        "find dataset return size(find inference served_by deployment:credit-api where decision != \"x\") as n",
    ] {
        let whole = ask(&graph, text, &Limits::default());
        for events in 0..6 {
            let limits = Limits { events, ..Limits::default() };
            let answer = ask(&graph, text, &limits);
            if answer.completeness.truncated.is_none() {
                assert_eq!(answer.rows, whole.rows, "{text}");
                continue;
            }
            assert_eq!(answer.completeness.truncated, Some(Limit::Events(events)), "{text}");
            assert!(answer.rows.is_empty(), "{text}: {:?}", answer.rows);
        }
        let limits = Limits { events: 0, ..Limits::default() };
        assert_eq!(ask(&graph, text, &limits).completeness.state(), State::Truncated, "{text}");
    }
}

#[test]
fn paths_through_a_cycle_come_to_nothing_twice() {
    let graph = Graph::new(
        "dataset:a@1\ndataset:b@1\ndataset:c@1\ndataset:d@1\n\
         dataset:a@1 derived_from dataset:b@1\ndataset:b@1 derived_from dataset:c@1\n\
         dataset:c@1 derived_from dataset:b@1\ndataset:c@1 derived_from dataset:d@1\n\
         dataset:b@1 derived_from dataset:d@1",
    );
    let answer = ask(&graph, "trace all dataset:a@1 to dataset:d@1", &Limits::default());
    let lengths: Vec<_> =
        answer.rows.iter().map(|row| answer.text(&row[0]).matches("derived").count()).collect();
    assert_eq!(lengths, [2, 3]);
}

/// A replacement may be put in its place unread: another version would be another answer.
#[test]
fn a_name_is_repaired_to_one_of_the_same_version_or_not_at_all() {
    let graph = world();
    let parameters = Parameters::new();
    let limits = Limits::default();
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    for (text, repaired) in [
        ("find model:prod/credit-ris@3", Some("model:prod/credit-risk@3")),
        ("find model:prod/credit-ris@2", Some("model:prod/credit-risk@2")),
        ("find model:prod/credit-ris@7", None),
        ("find model:prod/credit-risk@7", None),
    ] {
        let said = Prepared::new(text).unwrap().run(&graph, &request).unwrap_err();
        let mistake = said.mistake().unwrap();
        assert_eq!(mistake.replacement.as_deref(), repaired, "{text}: {mistake:?}");
        assert!(mistake.hint_text().is_some(), "{text}");
    }
}

#[test]
fn of_a_cut_answer_it_is_said_that_its_order_is_that_of_a_part() {
    let limits = Limits { rows: 3, ..Limits::default() };
    let warns = |text: &str| {
        let answer = ask(&world(), text, &limits);
        assert!(answer.completeness.truncated.is_some(), "{text}");
        answer.warnings.iter().any(|warning| warning.contains("put in order"))
    };
    assert!(warns("find dataset order by name desc limit 1"));
    assert!(!warns("find dataset"));
}
