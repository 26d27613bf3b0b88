//! A statement that something was never recorded, in words, and what it does not say.

use super::{Absent, KeysShown, Nothing, Scope};
use crate::bundle::item::Node;
use crate::bundle::json::Json;

/// A node as it is told where its key must be told from all others: with its parts apart.
pub(super) fn exactly(node: &Node) -> String {
    let key = match node.to_json() {
        Json::Map(members) => members.into_iter().find(|(name, _)| name == "key"),
        _ => None,
    };
    format!("{}:{}", node.kind, key.map(|(_, key)| key.write()).unwrap_or_default())
}

/// The sentences of a statement.
pub(in super::super) fn of(absent: &Absent) -> Vec<String> {
    match &absent.what {
        Nothing::Node(node) => {
            vec![format!("{} was never recorded, nor referred to by this key", exactly(node))]
        }
        Nothing::Fit(node) => vec![format!(
            "no source ever described a {} that fits {}, null being any",
            node.kind,
            exactly(node)
        )],
        Nothing::Edge { from, relation, node, claims } => {
            let node = exactly(node);
            let mut words = vec![format!("no {from} was ever recorded with {relation} {node}")];
            words.extend(claims.iter().map(|claim| {
                format!(
                    "recorded, of another version, digest or alias: {from} with {relation} {}",
                    exactly(claim)
                )
            }));
            words
        }
        Nothing::Event { named, scope } => {
            let erased =
                absent.batches.iter().filter(|part| !matches!(part.shown, KeysShown::Opened(_)));
            let (all, erased) = (absent.batches.len(), erased.count());
            let what = format!("no event with {} {}", named.field, named.value);
            let but = if erased > 0 { "but for what was erased, " } else { "" };
            let mut words =
                vec![format!("{but}{what} was ever recorded {}", scope_in_words(scope))];
            let batches = if all == 1 { "1 batch" } else { &format!("{all} batches") };
            words.push(match erased {
                0 => format!("these are {batches}, and it is in none"),
                _ => format!(
                    "these are {batches}; of {erased} a recorded erasure took what would show it, and it is in none of the other {}",
                    all - erased
                ),
            });
            words
        }
    }
}

fn scope_in_words(scope: &Scope) -> String {
    let mut words = match &scope.of {
        None => "anywhere in the store".to_owned(),
        Some(node) if node.kind == "system" => format!("of any deployment of {}", exactly(node)),
        Some(node) => format!("of {}", exactly(node)),
    };
    for (word, time) in [("from", scope.from), ("before", scope.to)] {
        if let Some(time) = time {
            words.push_str(&format!(", {word} {}", time_in_words(time)));
        }
    }
    words
}

/// RFC 3339 in UTC, with nine digits of a second where it is none whole.
fn time_in_words(time: i64) -> String {
    const SECOND: i64 = 1_000_000_000;
    let (seconds, rest) = (time.div_euclid(SECOND), time.rem_euclid(SECOND));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days of years that begin in March, of eras of 400 years.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let rest = if rest == 0 { String::new() } else { format!(".{rest:09}") };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{rest}Z")
}

/// What such a statement does not say and might be read to say.
pub(in super::super) fn limits(absent: &Absent) -> Vec<String> {
    let mut limits = vec![
        "that it is in no record up to the checkpoint is shown, not that it did not happen, nor what came since",
        "that the store's writer put into the map and into the keys of batches all that its records say is shown by `lineal verify` of the store, not by this file",
    ];
    match &absent.what {
        Nothing::Node(_) | Nothing::Fit(_) => {
            limits.push("the same thing may be recorded under another name or key");
        }
        Nothing::Edge { .. } => limits.push(
            "a claim of another name, which only ids beside it (a run, a logged model) would lead to this thing, is not covered",
        ),
        Nothing::Event { scope, .. } => {
            limits.push(
                "the value is compared byte by byte: the same input hashed in another way has another value",
            );
            limits.push(
                "what is accepted and not yet sealed into a batch is in no checkpoint; what was known already stands in the batch in which it was recorded first",
            );
            if scope.from.is_some() || scope.to.is_some() {
                limits.push("the times of a batch are those that its revision states");
            }
        }
    }
    limits.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_the_calendar_has_them() {
        let told = |time: i64| time_in_words(time);
        assert_eq!(told(0), "1970-01-01T00:00:00Z");
        assert_eq!(told(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(told(951_782_400_000_000_000), "2000-02-29T00:00:00Z");
        assert_eq!(told(1_767_225_599_500_000_000), "2025-12-31T23:59:59.500000000Z");
        assert_eq!(told(i64::MAX), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(told(i64::MIN), "1677-09-21T00:12:43.145224192Z");
    }
}
