//! Questions over events: what is read for them, told by `profile`, and that the order in which
//! parts are read does not show.

mod graph;

use std::fmt::Write as _;

use graph::Graph;
use lineal_query::{Answer, Limits, Parameters, Query, Request, Value};

fn ask(graph: &Graph, text: &str, naively: bool) -> Answer {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    let prepared = if naively { query.prepare_naively() } else { query.prepare() };
    let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(text)));
    prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

/// Three deployments of two services with two batches each, one a month; ten events a batch.
fn world() -> Graph {
    let mut text = String::from("model:m@1\n");
    for d in 0..3 {
        writeln!(text, "deployment:s{d} endpoint=e{}", d % 2).unwrap_or_default();
        writeln!(text, "deployment:s{d} deploys model:m@1").unwrap_or_default();
        for month in [2, 3] {
            let batch = format!("batch:b{d}{month}");
            writeln!(text, "{batch}\n{batch} served_by deployment:s{d}").unwrap_or_default();
            for e in 0..10 {
                writeln!(
                    text,
                    "event {batch} time=2026-0{month}-0{}T0{e}:00:00Z request_id=r{d}{month}{e} \
                     latency_ms={} confidence=0.{} human_override={} decision={}",
                    1 + e % 5,
                    d * 10 + e,
                    37 * e + d + 1,
                    e % 4 == 0,
                    if e % 3 == 0 { "yes" } else { "no" },
                )
                .unwrap_or_default();
            }
        }
    }
    Graph::new(&text)
}

/// What `profile` counted under a name.
fn counted(graph: &Graph, text: &str, name: &str) -> i64 {
    let answer = ask(graph, &format!("profile {text}"), false);
    let row = answer.rows.iter().find(|row| row[0] == Value::Text(name.to_owned()));
    match row.map(|row| &row[2]) {
        Some(Value::Int(count)) => *count,
        other => panic!("{name}: {other:?} of {text}"),
    }
}

/// Batches opened, columns read (a part of a batch is one here), events read.
fn cost(graph: &Graph, text: &str) -> (i64, i64, i64) {
    assert_eq!(ask(graph, text, false).rows, ask(graph, text, true).rows, "{text}");
    let count = |name| counted(graph, text, name);
    (count("batches opened"), count("columns read"), count("events read"))
}

#[test]
fn counters_answer_counts_without_opening_a_batch() {
    let graph = world();
    for text in [
        "find inference summarize count() as n",
        "find inference as i summarize share(i.human_override) as s by month(i.time) as month",
        "find inference as i served_by deployment as d summarize count() as n by d.endpoint, month(i.time) as m",
        "find inference as i downstream of model:m summarize count_if(i.human_override) as n",
        "find inference as i where i.time >= 2026-03-01 summarize count() as n",
        "find inference as i where i.time in 2026-02-01..2026-03-01 summarize count() as n",
    ] {
        assert_eq!(cost(&graph, text), (0, 0, 0), "{text}");
    }
    // Weeks divide each batch: its times are read, and nothing else.
    let text = "find inference as i summarize count() as n by day(i.time) as day";
    assert_eq!(cost(&graph, text), (6, 6, 60));
}

#[test]
fn only_batches_of_the_time_and_the_deployment_are_opened() {
    let graph = world();
    let text = "find inference as i where i.time >= 2026-03-03 and i.time < 2026-04-01 \
                summarize max(i.latency_ms) as m";
    assert_eq!(cost(&graph, text), (3, 6, 30), "three batches of March, time and latency");
    let text = "find deployment as d serves inference as i where d.endpoint = \"e1\" \
                summarize avg(i.confidence) as c by d";
    assert_eq!(cost(&graph, text), (2, 2, 20), "the two batches of one deployment");
}

#[test]
fn columns_are_read_only_where_a_row_passes_the_conditions() {
    let graph = world();
    let text = "find inference as i where i.latency_ms > 27 \
                summarize count() as n, avg(i.confidence) as c by i.decision as d";
    assert_eq!(cost(&graph, text), (6, 6 + 2 * 2, 60), "conditions of all, the rest of two");
    let text = "find inference as i where i.latency_ms > 1000 summarize count() as n by i.decision";
    assert_eq!(cost(&graph, text), (6, 6, 60));
}

#[test]
fn figures_are_the_same_on_any_number_of_threads() {
    let graph = world();
    let text = "find inference as i where i.latency_ms >= 0 summarize sum(i.confidence) as a, \
                avg(i.confidence) as b, p95(i.latency_ms) as c by i.decision as d";
    let hash = ask(&graph, text, true).hash();
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(pool.install(|| ask(&graph, text, false).hash()), hash, "{threads}");
    }
}

/// What was tried for a variable, told by `profile`.
fn tried(graph: &Graph, text: &str) -> Vec<i64> {
    assert_eq!(ask(graph, text, false).rows, ask(graph, text, true).rows, "{text}");
    let answer = ask(graph, &format!("profile {text}"), false);
    // Only lines of variables tell both what was tried and what was kept.
    let tried = answer.rows.iter().filter_map(|row| match (&row[2], &row[3]) {
        (Value::Int(tried), Value::Int(_)) => Some(*tried),
        _ => None,
    });
    tried.collect()
}

#[test]
fn events_of_a_known_time_and_value_come_before_nodes() {
    let graph = world();
    let first = |conditions: &str| {
        let from = "find inference as i served_by deployment deploys model as m where";
        tried(&graph, &format!("{from} {conditions} return i.request_id, m"))[0]
    };
    let (from, to) = ("i.time >= 2026-02-01", "i.time < 2026-03-01");
    assert_eq!(first(&format!("i.decision = \"yes\" and {from} and {to}")), 12, "of February");
    assert_eq!(first("\"yes\" = i.decision and i.time in 2026-01-01..2026-03-01"), 12);
    // The one model: what is known is no value, or no stretch.
    for conditions in [
        format!("i.decision != \"yes\" and {from} and {to}"),
        format!("{from} and {to}"),
        format!("i.decision = \"yes\" and {from}"),
        format!("i.decision = \"yes\" and {to}"),
    ] {
        assert_eq!(first(&conditions), 1, "{conditions}");
    }
}

#[test]
fn known_names_versions_and_tags_are_looked_up() {
    let mut text = String::new();
    for n in 0..50 {
        for line in [
            format!("model:r/m{n}@1"),
            format!("model:r/m{n}@{}", n + 2),
            format!("dataset:d{n}@{n}"),
            format!("run:r{n} tags.team=t{}", n % 25),
        ] {
            writeln!(text, "{line}").unwrap_or_default();
        }
    }
    let graph = Graph::new(&text);
    // The test graph finds one too many, and the condition decides.
    for (question, visited) in [
        ("find model where name = \"m7\"", 3),
        ("find model where name = \"m7\" and version = \"9\"", 3),
        ("find model where \"9\" = version", 2),
        ("find model where name in [\"m7\", \"m8\", \"none\"]", 5),
        ("find dataset where name = \"d3\"", 2),
        ("find dataset where version in [\"4\"]", 2),
        ("find run where tags.team = \"t3\"", 2),
        ("find run where tags[\"team\"] = \"t3\" and name = \"r3\"", 2),
        ("find model as m, model as n where m.name = \"m7\" and n.version = \"9\"", 3),
    ] {
        assert_eq!(tried(&graph, question)[0], visited, "{question}");
    }
    for question in
        ["find model where name = \"m7\" or version = \"9\"", "find model where name like \"m7\""]
    {
        assert_eq!(tried(&graph, question), [100], "{question}");
    }
}

#[test]
fn relations_that_no_record_gives_single_events_are_warned_of() {
    let graph = world();
    for (text, word) in [
        ("find alert concerns inference", "concerns"),
        ("find inference subject_of alert", "subject_of"),
        ("find inference as i where not exists (find erasure erases i)", "erases"),
    ] {
        let answer = ask(&graph, text, false);
        let [warning] = answer.warnings.as_slice() else { panic!("{text}: {:?}", answer.warnings) };
        assert!(
            warning.contains(&format!("no record names single events by `{word}`")),
            "{warning}"
        );
        assert_eq!(answer.warnings, ask(&graph, text, true).warnings);
    }
    for text in ["find inference served_by deployment:s1", "find alert concerns deployment"] {
        assert_eq!(ask(&graph, text, false).warnings, [""; 0], "{text}");
    }
}

#[test]
fn fields_of_nodes_that_events_do_not_have_are_refused_with_what_to_ask() {
    for (field, hint) in [
        ("id", "request_id"),
        ("tags", "rest"),
        ("deleted", "part_of batch"),
        ("revisions", "part_of batch"),
        ("conflict", "outweighed"),
    ] {
        let text = format!("find inference as i where i.{field} is null");
        let query = Query::parse(&text).unwrap_or_else(|e| panic!("{}", e.render(&text)));
        let Err(mistake) = query.prepare() else { panic!("{text} binds") };
        assert_eq!(mistake.code.name(), "B002");
        assert!(mistake.hint_text().is_some_and(|h| h.contains(hint)), "{mistake:?}");
    }
}

#[test]
fn a_profile_tells_the_rows_and_the_time_of_each_step() {
    let graph = world();
    for text in [
        "profile find inference as i served_by deployment as d where i.latency_ms > 5.0 return d, i.time",
        "profile find deployment as d summarize count() as n by d.endpoint",
        "profile find inference as i summarize avg(i.latency_ms) as n by i.decision",
    ] {
        let answer = ask(&graph, text, false);
        let total = answer.rows.last().map(|row| row[4].clone());
        let Some(Value::Duration(total)) = total else { panic!("{text}: {:?}", answer.rows) };
        let steps: Vec<_> =
            answer.rows.iter().take_while(|r| answer.text(&r[0]) != "edges followed").collect();
        assert!(steps.len() >= 2, "{text}");
        let mut sum = 0;
        for step in &steps {
            let (Value::Int(_), Value::Duration(time)) = (&step[3], &step[4]) else {
                panic!("{text}: {step:?}")
            };
            assert!(*time > 0, "{text}: {step:?}");
            sum += time;
        }
        assert!(sum <= total, "{text}: the steps take {sum} of {total}");
    }
    let text = "profile find deployment as d summarize count() as n by d.endpoint";
    let kept = ask(&graph, text, false).rows.iter().map(|row| row[3].clone()).collect::<Vec<_>>();
    assert_eq!(kept[..2], [Value::Int(3), Value::Int(2)], "three deployments, two groups");
}

#[test]
fn rows_are_filled_with_fields_of_events_up_to_the_bound_on_memory() {
    // More than are filled at once.
    const EVENTS: usize = 5_000;
    let mut text = String::from("deployment:s\nbatch:b\nbatch:b served_by deployment:s\n");
    for e in 0..EVENTS {
        let time = format!("2026-02-01T{:02}:{:02}:{:02}Z", e / 3_600, e / 60 % 60, e % 60);
        writeln!(text, "event batch:b time={time} request_id=r{e:04}").unwrap_or_default();
    }
    let graph = Graph::new(&text);
    let question = "find inference as i \
                    return i.time, i.request_id as one, i.input_hash, i.request_id as two \
                    order by i.request_id desc";
    let prepared = Query::parse(question).and_then(|query| query.prepare());
    let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(question)));
    let parameters = Parameters::new();
    // Four values and the key that orders them; three of these are ids of five letters.
    let row_bytes = 5 * size_of::<Value>() + 3 * 5;
    for rows in [0, 1, 4_095, 4_096, 4_097, 4_500, EVENTS] {
        let bytes = (rows * row_bytes) as u64 + 3;
        let limits = Limits { bytes, ..Limits::default() };
        let request = Request { parameters: &parameters, limits: &limits, now: 0 };
        let answer = prepared.run(&graph, &request).unwrap();
        assert_eq!(answer.rows.len(), rows);
        assert_eq!(answer.completeness.truncated.is_some(), rows < EVENTS);
        // Read first to last, put in order after that.
        for (row, e) in answer.rows.iter().zip((0..rows).rev()) {
            let id = Value::Text(format!("r{e:04}"));
            let [Value::Time(_), first, Value::Absent, second] = row.as_slice() else {
                panic!("{row:?}")
            };
            assert_eq!((first, second), (&id, &id));
        }
    }
}

#[test]
fn a_bound_on_memory_keeps_every_row_that_fits() {
    const EVENTS: usize = 500;
    let mut text = String::from("deployment:s\nbatch:b\nbatch:b served_by deployment:s\n");
    for e in 0..EVENTS {
        let time = format!("2026-02-01T00:{:02}:{:02}Z", e / 60, e % 60);
        writeln!(text, "event batch:b time={time} request_id=r{e:04}").unwrap_or_default();
    }
    let graph = Graph::new(&text);
    // Values that are there when the row is made, beside one that is put in later.
    for (question, values, texts) in [
        ("find inference as i return i, i.time", 2, 0),
        ("find inference as i return i, i as same, i.time, i.request_id", 4, 1),
    ] {
        let prepared = Query::parse(question).and_then(|query| query.prepare());
        let prepared = prepared.unwrap_or_else(|e| panic!("{}", e.render(question)));
        let row_bytes = values * size_of::<Value>() + texts * 5;
        for rows in [0, 1, 250, EVENTS - 1, EVENTS] {
            let limits = Limits { bytes: (rows * row_bytes) as u64 + 3, ..Limits::default() };
            let parameters = Parameters::new();
            let request = Request { parameters: &parameters, limits: &limits, now: 0 };
            let answer = prepared.run(&graph, &request).unwrap();
            assert_eq!(answer.rows.len(), rows, "{question}");
            assert_eq!(answer.completeness.truncated.is_some(), rows < EVENTS);
            assert!(
                answer.rows.iter().all(|row| matches!(row[values - 1 - texts], Value::Time(_)))
            );
        }
    }
}
