//! Graphs and questions made at random, for the tests of the planner and for the fuzz target of the
//! whole pipeline (tests/fuzz). Each question parses, and nearly all have a meaning.

#![expect(clippy::unwrap_used, reason = "a test that cannot build its data has failed")]

use std::fmt::Write as _;

use super::graph::Graph;

/// What to choose next: first what a tape says, a byte a choice, then numbers that look random and
/// are the same in every run. A tape lets a fuzzer steer; without one a seed is enough.
pub(crate) struct Random<'t> {
    tape: &'t [u8],
    state: u64,
}

impl<'t> Random<'t> {
    /// Choices that follow from a number.
    #[allow(dead_code, reason = "the fuzz targets read tapes only")]
    pub(crate) fn seeded(seed: u64) -> Random<'t> {
        Random { tape: &[], state: seed }
    }

    /// Choices that a tape makes while it lasts.
    #[allow(dead_code, reason = "the tests of the planner have seeds only")]
    pub(crate) fn reading(tape: &'t [u8]) -> Random<'t> {
        Random { tape, state: 7 }
    }

    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below a bound of at most 256.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        if let Some((first, rest)) = self.tape.split_first() {
            self.tape = rest;
            return usize::from(*first) % bound;
        }
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// A graph with data, runs, models in versions, deployments, batches with events, and records
/// about them; some deleted, some missing, some without fields; now and then a cycle, and now
/// and then references that fit two of the data or models.
pub(crate) fn graph(random: &mut Random<'_>) -> Graph {
    let mut text = String::new();
    let counts = (2 + random.below(5), 1 + random.below(5), 1 + random.below(5), random.below(4));
    let (data, runs, models, deployments) = counts;
    let mark = |random: &mut Random<'_>| match random.below(24) {
        0 | 1 => "!deleted",
        2 | 3 => "!stub",
        _ => "",
    };
    for i in 0..data {
        let mark = mark(random);
        let license = random.pick(&["", " license=MIT", " license=CC0"]);
        writeln!(
            text,
            "dataset:d{i}@{}{mark}{} rows={}",
            i % 2,
            if mark == "!stub" { "" } else { license },
            i * 10
        )
        .unwrap();
    }
    let data_key = |i: usize| format!("dataset:d{i}@{}", i % 2);
    for i in 1..data {
        if random.one_in(2) {
            let from = random.below(i);
            writeln!(text, "{} derived_from {}", data_key(i), data_key(from)).unwrap();
        }
    }
    if random.one_in(6) && data > 2 {
        writeln!(text, "{} derived_from {}", data_key(0), data_key(data - 1)).unwrap();
    }
    let open_data = data > 1 && random.one_in(4);
    if open_data {
        text.push_str("dataset:open@9!stub!fits:dataset:d0@0,dataset:d1@1\n");
    }
    for i in 0..runs {
        let mark = mark(random);
        let status = random.pick(&["FINISHED", "FAILED"]);
        let tag = random.pick(&["", " tags.team=a", " tags.team=b"]);
        let loss = random.pick(&["", " metrics.loss=1.5", " metrics.loss=NaN"]);
        writeln!(text, "run:r{i}{mark} status={status}{tag}{loss}").unwrap();
        for relation in ["trained_on", "validated_on", "used", "tested_on"] {
            if random.one_in(2) {
                writeln!(text, "run:r{i} {relation} {}", data_key(random.below(data))).unwrap();
            }
        }
        if open_data && random.one_in(3) {
            writeln!(text, "run:r{i} trained_on dataset:open@9").unwrap();
        }
    }
    for i in 0..models {
        let mark = mark(random);
        let stage = random.pick(&["", " stage=Production", " stage=None"]);
        writeln!(text, "model:m{}@{i}{mark}{stage}", i % 2).unwrap();
        if !random.one_in(4) {
            writeln!(text, "model:m{}@{i} produced_by run:r{}", i % 2, random.below(runs)).unwrap();
        }
        if i > 0 && random.one_in(3) {
            let from = random.below(i);
            writeln!(text, "model:m{}@{i} derived_from model:m{}@{from}", i % 2, from % 2).unwrap();
        }
        if random.one_in(2) {
            let decision = random.pick(&["granted", "rejected"]);
            writeln!(text, "approval:a{i} decision={decision} time=2026-01-0{}", 1 + i).unwrap();
            writeln!(text, "approval:a{i} approves model:m{}@{i}", i % 2).unwrap();
        }
    }
    let open_model = models > 1 && random.one_in(2);
    if open_model {
        text.push_str("model:open@9!stub!fits:model:m0@0,model:m1@1\n");
    }
    for i in 0..deployments {
        let model = random.below(models);
        writeln!(text, "deployment:s{i}{} endpoint=e{}", mark(random), i % 2).unwrap();
        if open_model && random.one_in(2) {
            writeln!(text, "deployment:s{i} deploys model:open@9").unwrap();
        } else {
            writeln!(text, "deployment:s{i} deploys model:m{}@{model}", model % 2).unwrap();
        }
        for b in 0..random.below(4) {
            events(random, &mut text, i, b);
        }
    }
    if random.one_in(4) {
        text.push_str("import:1!unread2\n");
    }
    text.push_str("commit 2026-04-01\n");
    Graph::new(&text)
}

/// A batch of a deployment; some lie within one month and one week, some cross months or years, and
/// some events have no time.
fn events(random: &mut Random<'_>, text: &mut String, deployment: usize, batch: usize) {
    let key = format!("b{deployment}x{batch}");
    let unread = if random.one_in(6) { "!unread3" } else { "" };
    writeln!(text, "batch:{key}{unread}\nbatch:{key} served_by deployment:s{deployment}").unwrap();
    let is_narrow = random.one_in(2);
    let begin = 1 + random.below(20);
    for e in 0..random.below(6) {
        let day = if is_narrow { begin } else { begin + random.below(9) };
        let month =
            if is_narrow { "2026-02" } else { random.pick(&["2025-12", "2026-02", "2026-03"]) };
        write!(text, "event batch:{key} request_id=q{deployment}{batch}{e}").unwrap();
        // The first and the last moment of a month belong to it, wherever the reader's zone lies.
        match random.below(12) {
            0 => {}
            1 => write!(text, " time={month}-01T00:00:00Z").unwrap(),
            2 => write!(text, " time={month}-28T23:59:59.999999999Z").unwrap(),
            3 => write!(text, " time=2025-12-31T23:30:00-01:00").unwrap(),
            _ => write!(text, " time={month}-{day:02}T0{e}:00:00Z").unwrap(),
        }
        write!(text, " decision={}", random.pick(&["yes", "no"])).unwrap();
        if !random.one_in(3) {
            write!(text, " human_override={}", random.one_in(2)).unwrap();
        }
        if random.one_in(2) {
            write!(text, " latency_ms={}", random.below(50)).unwrap();
        }
        if random.one_in(3) {
            write!(text, " art12=true").unwrap();
        }
        if !random.one_in(4) {
            write!(text, " confidence=0.{}", 1 + random.below(999)).unwrap();
        }
        text.push('\n');
    }
}

/// A condition about a node named `v` of this kind.
fn node_test(random: &mut Random<'_>, kind: &str, v: &str) -> String {
    let field = match kind {
        "dataset" => random.pick(&[
            "license = \"MIT\"",
            "license is null",
            "rows > 10",
            "rows in 10..30",
            "name = \"d1\"",
        ]),
        "run" => random.pick(&[
            "status = \"FINISHED\"",
            "status != \"FAILED\"",
            "name = \"r1\"",
            "tags.team = \"a\"",
            "tags[\"team\"] = \"b\"",
            "name in [\"r0\", \"r2\"]",
            "metrics.loss < 2",
        ]),
        "model" => random.pick(&[
            "stage = \"Production\"",
            "stage is not null",
            "name = \"m0\"",
            "version = \"1\"",
            "name like \"m%\"",
        ]),
        "deployment" => random.pick(&["endpoint = \"e1\"", "missing = false", "name = \"s1\""]),
        "approval" => random.pick(&["decision = \"granted\"", "time < 2026-01-03"]),
        "inference" => random.pick(&[
            "human_override = true",
            "human_override is null",
            "decision = \"yes\"",
            "time >= 2026-02-10",
            "time in 2026-02-05..2026-03-05",
            "latency_ms < 20",
            "request_id = \"q001\"",
            "art12 = true",
            "time < 2026-02-20",
            "not (latency_ms > 10)",
            "decision in [\"no\", \"maybe\"]",
            "request_id like \"q1%\"",
            "time in 2026-02-01..2026-03-01",
            "time < 2026-01-01",
            "art12",
            "human_override",
        ]),
        _ => "kind != \"run\"",
    };
    // The first word of each is a field; of a mark it is said now and then what it is not.
    if matches!(field, "art12" | "human_override") && random.one_in(3) {
        return format!("not {v}.{field}");
    }
    if let Some(rest) = field.strip_prefix("not (") {
        return format!("not ({v}.{rest}");
    }
    format!("{v}.{field}")
}

/// Something with a key, which may have no such node.
pub(crate) fn key(random: &mut Random<'_>) -> String {
    match random.below(5) {
        0 => format!("dataset:d{}@{}", random.below(5), random.below(2)),
        1 => format!("model:m{}", random.below(2)),
        2 => format!("run:r{}", random.below(4)),
        3 => format!("deployment:s{}", random.below(3)),
        _ => format!("inference:q{}{}{}", random.below(3), random.below(3), random.below(4)),
    }
}

/// How a variable of one kind is tied to another thing: relation, and the kind of the target.
const TIES: &[(&str, &str, &str)] = &[
    ("run", "trained_on", "dataset"),
    ("dataset", "trains", "run"),
    ("model", "produced_by", "run"),
    ("run", "produces", "model"),
    ("deployment", "deploys", "model"),
    ("model", "deployed_by", "deployment"),
    ("approval", "approves", "model"),
    ("model", "approved_by", "approval"),
    ("inference", "served_by", "deployment"),
    ("deployment", "serves", "inference"),
    ("inference", "served_by deployment deploys", "model"),
    ("inference", "served_by", "deployment"),
    ("dataset", "upstream of", "model"),
    ("dataset", "upstream of", "deployment"),
    ("model", "downstream of", "dataset"),
    ("deployment", "downstream of", "dataset"),
    ("inference", "downstream of", "dataset"),
    ("inference", "downstream of", "model"),
    ("dataset", "upstream of", "inference"),
    ("dataset", "derived_from", "dataset"),
    ("dataset", "upstream via any within 2 of", "approval"),
    ("model", "upstream of", "inference"),
    ("dataset", "upstream via training of", "model"),
];

fn tie(random: &mut Random<'_>, kind: Option<&str>) -> (&'static str, &'static str, &'static str) {
    loop {
        let tie = TIES[random.below(TIES.len())];
        if kind.is_none_or(|kind| kind == tie.0) {
            return tie;
        }
    }
}

pub(crate) fn question(random: &mut Random<'_>) -> String {
    let (kind, relation, other) = tie(random, None);
    let mut text = String::from("find ");
    if random.one_in(12) {
        let all = if random.one_in(2) { "all " } else { "" };
        return match random.below(3) {
            0 => format!("trace {all}{} to dataset:d0@0", key(random)),
            1 => format!("trace {all}{} to model", key(random)),
            _ => format!(
                "trace {all}model:m0 to dataset as d where {}",
                node_test(random, "dataset", "d")
            ),
        };
    }
    if random.one_in(12) {
        text.push_str(random.pick(&["root ", "tip "]));
        let test = node_test(random, "dataset", "it");
        return format!("{text}dataset where upstream of {} or {test}", key(random));
    }
    // The terms: tied in the pattern, side by side, or with a key.
    let named = random.one_in(2);
    let mut names = vec![("a", kind)];
    match random.below(4) {
        0 => text.push_str(&format!("{kind} as a")),
        1 if named => {
            text.push_str(&format!("{kind} as a {relation} {other} as b"));
            names.push(("b", other));
        }
        1 => text.push_str(&format!("{kind} as a {relation} {other}")),
        2 => {
            text.push_str(&format!("{kind} as a, {other} as b"));
            names.push(("b", other));
        }
        _ => text.push_str(&format!("{kind} as a {relation} {}", fitting(random, other))),
    }
    let mut tests = Vec::new();
    for _ in 0..random.below(4) {
        let (v, of) = names[random.below(names.len())];
        let test = match random.below(7) {
            0 => {
                let (_, relation, other) = tie(random, Some(of));
                format!("{v} {relation} {}", fitting(random, other))
            }
            1 => {
                let (_, relation, other) = tie(random, Some(of));
                format!(
                    "not exists (find {other} as x where {v} {relation} x and {})",
                    node_test(random, other, "x")
                )
            }
            2 => format!("({} or {})", node_test(random, of, v), node_test(random, of, v)),
            3 if names.len() == 2 => format!("{} {} {}", names[0].0, relation, names[1].0),
            4 => {
                let (_, relation, other) = tie(random, Some(of));
                format!("{v} in (find {of} as y {relation} {other})")
            }
            _ => node_test(random, of, v),
        };
        tests.push(test);
    }
    // Two lists without a tie would only multiply.
    if names.len() == 2 && text.contains(", ") {
        tests.push(format!("a {relation} b"));
    }
    if !tests.is_empty() {
        text.push_str(" where ");
        text.push_str(&tests.join(" and "));
    }
    let event = names.iter().find(|(_, kind)| *kind == "inference").map(|(v, _)| *v);
    if let Some(v) = event
        && random.one_in(2)
    {
        counted(random, v, &names, &mut text);
        return text;
    }
    let (v, of) = names[random.below(names.len())];
    match random.below(6) {
        0 => text.push_str(&format!(" return distinct {v}.kind")),
        1 => text.push_str(&format!(" return {v}, {v}.kind as k order by k desc, {v}")),
        2 if of == "inference" => text.push_str(&format!(
            " summarize count() as n, share({v}.human_override) as s, count_if({v}.art12) as t by {}",
            random.pick(&["month(VAR.time) as g", "week(VAR.time) as g", "VAR.decision as g"]).replace("VAR", v)
        )),
        3 if of == "inference" => text.push_str(&format!(
            " summarize count() as n, count_if({v}.human_override) as s"
        )),
        2 | 3 => text.push_str(&format!(" summarize count() as n by {v}.name as g")),
        4 if of == "inference" && random.one_in(2) => {
            let by = random.pick(&["", " by VAR.decision as g, month(VAR.time) as h", " by VAR.art12 as g"]);
            let other = names.iter().find(|(_, kind)| *kind == "deployment");
            let by = match other {
                Some((other, _)) if by.is_empty() => format!(" by {other}.endpoint as g"),
                _ => by.replace("VAR", v),
            };
            text.push_str(&format!(
                " summarize sum({v}.confidence) as a, min({v}.time) as b, max({v}.decision) as c, \
                 count_if({v}.latency_ms > 20) as d, count({v}.latency_ms) as e, \
                 count(distinct {v}.latency_ms) as f, share({v}.art12 and {v}.latency_ms < 30) as w{by}"
            ));
        }
        4 if of == "inference" => text.push_str(&format!(" summarize avg({v}.latency_ms) as mean, p95({v}.latency_ms) as p")),
        _ => {}
    }
    text
}

/// A group that counters may answer: counts and times of events by what stands beside them and by
/// stretches of time.
fn counted(random: &mut Random<'_>, v: &str, names: &[(&str, &str)], text: &mut String) {
    let figures = [
        "count() as f0",
        "count_if(VAR.human_override) as f1",
        "share(not VAR.art12) as f2",
        "count(VAR.time) as f3",
        "min(VAR.time) as f4",
        "max(VAR.time) as f5",
        "share(VAR.human_override = true) as f6",
    ];
    let mut chosen: Vec<&str> = figures.into_iter().filter(|_| random.one_in(3)).collect();
    if chosen.is_empty() {
        chosen.push("count() as f0");
    }
    let mut keys = Vec::new();
    if let Some((other, _)) = names.iter().find(|(other, _)| *other != v) {
        match random.below(4) {
            0 => {}
            1 => keys.push(format!("{other}.name as g")),
            _ => keys.push((*other).to_owned()),
        }
    }
    match random.below(5) {
        0 | 1 => keys.push(format!("month({v}.time) as h")),
        2 => keys.push(format!("year({v}.time) as h")),
        3 if random.one_in(2) => {
            keys.insert(0, format!("month({v}.time) as h, year({v}.time) as y"));
        }
        3 => keys.push(format!("day({v}.time) as h")),
        _ => {}
    }
    text.push_str(&format!(" summarize {}", chosen.join(", ").replace("VAR", v)));
    if !keys.is_empty() {
        text.push_str(&format!(" by {}", keys.join(", ")));
    }
    if random.one_in(4) && chosen.first() == Some(&"count() as f0") {
        text.push_str(" having f0 > 1");
    }
    if random.one_in(4) && chosen.first() == Some(&"count() as f0") {
        text.push_str(" order by f0 desc");
    }
}

/// A target of that kind: any, by key, or by an inner question.
fn fitting(random: &mut Random<'_>, kind: &str) -> String {
    match random.below(3) {
        0 => kind.to_owned(),
        1 => match kind {
            "dataset" => format!("dataset:d{}@{}", random.below(3), random.below(2)),
            "model" => format!("model:m{}", random.below(2)),
            "run" => format!("run:r{}", random.below(3)),
            "deployment" => format!("deployment:s{}", random.below(2)),
            "inference" => {
                format!("inference:q{}{}{}", random.below(2), random.below(2), random.below(3))
            }
            _ => kind.to_owned(),
        },
        _ => format!("(find {kind} as z where {})", node_test(random, kind, "z")),
    }
}
