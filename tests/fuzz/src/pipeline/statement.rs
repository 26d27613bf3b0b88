//! Statements made at random: those of the planner's tests, and the rest of the language around
//! them.

use super::random::{Random, key, question};

/// Kinds that a trace may end at.
const KINDS: [&str; 6] = ["dataset", "run", "model", "deployment", "batch", "node"];

/// A statement; nearly all parse, most have a meaning.
pub(super) fn statement(random: &mut Random<'_>) -> String {
    match random.below(20) {
        0 => trace(random),
        1 => format!("history of {}", key(random)),
        2 => format!("diff {} with {}", key(random), key(random)),
        3 => format!("diff ({}) with ({})", question(random), question(random)),
        4 => format!("{} {}", random.pick(&["explain", "profile"]), question(random)),
        5 => format!("verify {}({})", random.pick(&["", "deep "]), question(random)),
        6 => {
            let kind = random.pick(&KINDS);
            let way = random.pick(&["upstream of", "downstream of", "in"]);
            format!("let s = {}; find {kind} as k where k {way} s", question(random))
        }
        7 => {
            let word = random.pick(&["union", "except", "intersect"]);
            format!("({}) {word} ({})", question(random), question(random))
        }
        8 => format!("{} limit {}", question(random), random.below(6)),
        9 => format!("{} skip {} limit {}", question(random), random.below(4), random.below(4)),
        10 => format!("{} as of {}", question(random), random.below(3)),
        11 => sizes(random),
        12 => {
            let format = random.pick(&["json", "csv", "ndjson", "dot", "mermaid", "prov", "table"]);
            format!("{} format {format}", question(random))
        }
        13 => format!("find node where it = {} or {}", key(random), closure(random)),
        _ => question(random),
    }
}

fn closure(random: &mut Random<'_>) -> String {
    let way = random.pick(&["upstream", "downstream"]);
    let via = random.pick(&["", " via any", " via training", " via derived_from"]);
    let avoiding = match random.below(3) {
        0 => format!(" avoiding {}", key(random)),
        _ => String::new(),
    };
    let within = match random.below(3) {
        0 => format!(" within {}", 1 + random.below(4)),
        1 => format!(" within {}..{}", random.below(3), 1 + random.below(5)),
        _ => String::new(),
    };
    format!("{way}{via}{avoiding}{within} of {}", key(random))
}

fn trace(random: &mut Random<'_>) -> String {
    let all = random.pick(&["", "all "]);
    let to = match random.below(3) {
        0 => key(random),
        1 => random.pick(&KINDS).to_owned(),
        _ => format!("{} as t", random.pick(&KINDS)),
    };
    let via = random.pick(&["", " via any", " via training"]);
    let within = match random.below(2) {
        0 => format!(" within {}", 1 + random.below(6)),
        _ => String::new(),
    };
    let end = random.pick(&["", " limit 3", " order by length(path) limit 4", " return path"]);
    format!("trace {all}{} to {to}{via}{within}{end}", key(random))
}

/// Sub-values: a question for each row.
fn sizes(random: &mut Random<'_>) -> String {
    match random.below(4) {
        0 => "find model as m return m, size(find run produces m) as n".to_owned(),
        1 => {
            "find deployment as d return d, first(find model as m deployed_by d return m.name) as n"
                .to_owned()
        }
        2 => "find run as r where size(find dataset trains r) > 1 return r".to_owned(),
        _ => {
            format!("find node where {} return it, kind(it) as k order by k desc", closure(random))
        }
    }
}
