//! Questions over the bundled database and archives: for tests that compare what two stores answer.

use crate::place::Place;
use serde_json::{Value as Json, json};

/// Each uses another part of the language or of the store. `$hash` is an input of version 3,
/// `$other` one of version 2.
pub const QUESTIONS: [&str; 33] = [
    "find dataset upstream of inference:$hash",
    "find dataset upstream via training of inference:$hash return it, name, digest, rows",
    "find dataset upstream via training of inference:$other return it, name, digest, uri",
    "trace inference:$hash to dataset as d return d, path",
    "trace inference:$other to run as r return r, length(path) as steps",
    "find actor as p did approval as a approves model upstream of inference:$hash return p.name, a.decision",
    "find node upstream of inference:$hash return it, kind(it) as kind",
    "find node upstream via any of inference:$other",
    "find inference:$hash return time, decision, confidence, reviewer, original_decision, rest",
    "find inference:$hash as i served_by deployment as d return i.time, d",
    "find inference where human_override = true return time, input_hash order by time",
    "find inference as i served_by deployment as d summarize count() as n by d.model_version",
    "find inference as i served_by deployment as d summarize share(i.human_override) as overridden by d.endpoint, hour(i.time) as hour",
    "find deployment return it, events, overrides, first_event, last_event",
    "find deployment as d deploys model as m return d, m, m.stage",
    "find batch as b served_by deployment as d return b.count, b.first_time, b.last_time, d",
    "find model where stage = \"Production\" return it, name, version, aliases",
    "find model where deleted = true",
    "find model as m produced_by run as r return m, r",
    "find model downstream of dataset:applications_2025q3-train@f6490d4d",
    "find deployment downstream of dataset:applications_2025q3-train@f6490d4d return it, events",
    "find run where deleted = true return it, name, status",
    "find run return it, name, started, ended, params, metrics order by name desc limit 5",
    "find run as r trained_on dataset as d return r, d",
    "find run where not exists (find dataset upstream of run:\"4cf1c180887a4e388881bec9652668c5\")",
    "find run:4cf1c180887a4e388881bec9652668c5 return params, tags, series, user",
    "find approval as a approves model as m return m, a.decision, a.time, a.role",
    "find document documents run return name, type",
    "find evaluation as e tested_on dataset as d return d, e.metrics",
    "find experiment return it, name, deleted",
    "find system return it, name",
    "find root node upstream of run:4cf1c180887a4e388881bec9652668c5",
    "find node where kind(it) != \"import\" summarize count() as n by kind(it) as kind",
];

/// What a store answers to all of them, without what tells of its log: commit, times of recording,
/// and how much was read.
///
/// # Panics
/// If a question is wrong.
#[must_use]
pub fn answers(place: &Place) -> Vec<Json> {
    let hashes = [
        ("hash", "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504"),
        ("other", "004887c4eb5dc1a2dc77787887cfb5b569544b71eb98ebb3e6be576b53c011c7"),
    ];
    let ask = |text: &&str| {
        let answer = place.answer(text, &hashes);
        let json = answer.to_json();
        json!([
            text,
            json["rows"],
            json["total"],
            json["completeness"],
            json["warnings"],
            json["hash"]
        ])
    };
    QUESTIONS.iter().map(ask).collect()
}

/// Compares two stores question by question.
///
/// # Panics
/// At the first answer that differs.
pub fn assert_same(found: &[Json], expected: &[Json], when: &str) {
    assert_eq!(found.len(), expected.len(), "{when}");
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found, expected, "{when}");
    }
}
