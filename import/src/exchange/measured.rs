//! What a monitor of Datadog measures and at which figure it alerts, by its query.
//!
//! Queries of metrics name them before the braces of their scope, whatever functions stand around; those
//! of events say how these are rolled up; a check of a service is its name. A query that combines other
//! monitors, and one of a synthetic test, measures nothing of its own.

use super::json::{Object, list, object, objects, text};
use serde_json::Value;

/// Queries over an objective: its id is their argument.
const OF_OBJECTIVE: [&str; 2] = ["error_budget", "burn_rate"];
/// A query over others, which stand among the options.
const FORMULA: &str = "formula";
/// How events are rolled up.
const ROLLUP: &str = ".rollup(";

/// What a monitor measures; several things, as in a ratio, with commas.
pub(super) fn measured(monitor: &Object) -> Option<String> {
    let query = text(monitor, &["query"]).unwrap_or_default();
    let mut all = Vec::new();
    metrics(&query, &mut all);
    if all.is_empty() {
        match call(&query) {
            Some((FORMULA, _)) => variables(monitor, &mut all),
            _ => all.extend(check(&query).or_else(|| rolled_up(&query))),
        }
    }
    if all.is_empty() {
        // A search names them beside the query.
        list(monitor, &["metrics"])
            .into_iter()
            .filter_map(Value::as_str)
            .for_each(|name| add(name, &mut all));
    }
    (!all.is_empty()).then(|| all.join(", "))
}

/// The figure behind the comparison that a query ends with.
pub(super) fn threshold(query: &str) -> Option<f64> {
    let (_, figure) = query.rsplit_once(['<', '>', '='])?;
    figure.trim().parse().ok().filter(|figure: &f64| figure.is_finite())
}

fn add(name: &str, all: &mut Vec<String>) {
    if !name.is_empty() && !all.iter().any(|known| known == name) {
        all.push(name.to_owned());
    }
}

/// The names before braces, outside of texts: `avg:system.cpu.user{env:prod} by {host}` has one.
fn metrics(query: &str, all: &mut Vec<String>) {
    let mut rest = query;
    while let Some(at) = rest.find(['"', '\'', '{']) {
        let (before, from) = rest.split_at(at);
        if from.starts_with('{') {
            add(name_at_end(before), all);
            rest = behind_braces(from);
        } else {
            rest = behind_text(from).1;
        }
    }
}

/// The name of a metric that this ends with; none where it is the word of a group.
fn name_at_end(before: &str) -> &str {
    let before = before.trim_end();
    let of_name = |sign: char| sign.is_ascii_alphanumeric() || "_.".contains(sign);
    let name = &before[before.trim_end_matches(of_name).len()..];
    let is_group = name == "by" && !before.ends_with(":by");
    if is_group || !name.starts_with(|sign: char| sign.is_ascii_alphabetic()) { "" } else { name }
}

fn behind_braces(from: &str) -> &str {
    let mut depth = 0_usize;
    for (at, sign) in from.char_indices() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return &from[at + sign.len_utf8()..];
        }
    }
    ""
}

/// The text in quotes that this begins with, and what follows it.
fn behind_text(from: &str) -> (&str, &str) {
    let mut signs = from.char_indices();
    let Some((_, quote)) = signs.next() else { return ("", "") };
    let mut is_escaped = false;
    for (at, sign) in signs {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            sign if sign == quote => return (&from[1..at], &from[at + 1..]),
            _ => {}
        }
    }
    (from.get(1..).unwrap_or_default(), "")
}

/// The function that a query begins with, and what stands behind its bracket.
fn call(query: &str) -> Option<(&str, &str)> {
    let query = query.trim_start();
    let length = query.find(|sign: char| !(sign.is_ascii_alphanumeric() || "_-".contains(sign)))?;
    let (name, rest) = query.split_at(length);
    let is_name = name.starts_with(|sign: char| sign.is_ascii_alphabetic());
    Some((name, rest.trim_start().strip_prefix('(').filter(|_| is_name)?))
}

/// A check of a service: `"http.can_connect".over("*").last(2).count_by_status()`.
fn check(query: &str) -> Option<String> {
    let query = query.trim_start();
    if !query.starts_with(['"', '\'']) {
        return None;
    }
    let (name, rest) = behind_text(query);
    (rest.trim_start().starts_with('.') && !name.is_empty()).then(|| name.to_owned())
}

/// What events are rolled up to: `logs("...").rollup("avg", "@duration").last("5m") > 1`.
fn rolled_up(query: &str) -> Option<String> {
    let (of, arguments) = call(query)?;
    if OF_OBJECTIVE.contains(&of) {
        let id = arguments.trim_start();
        let id =
            if id.starts_with(['"', '\'']) { behind_text(id).0 } else { id.split(')').next()? };
        return Some(format!("{of} of {id}")).filter(|_| !id.is_empty());
    }
    let mut rest = arguments;
    let arguments = loop {
        let at = rest.find(['"', '\'', '.'])?;
        let from = &rest[at..];
        if let Some(arguments) = from.strip_prefix(ROLLUP) {
            break arguments;
        }
        rest = from.strip_prefix('.').unwrap_or_else(|| behind_text(from).1);
    };
    let bare = |word: &str| word.trim().trim_matches(['"', '\'']).to_owned();
    let mut words = arguments.split(')').next()?.split(',').map(bare);
    let how = words.next().filter(|how| !how.is_empty())?;
    Some(aggregate(&how, words.next().as_deref(), of))
}

fn aggregate(how: &str, measure: Option<&str>, of: &str) -> String {
    match measure.filter(|measure| !measure.is_empty()) {
        Some(measure) => format!("{how} of {measure} of {of}"),
        None => format!("{how} of {of}"),
    }
}

/// What the queries of a formula measure, each of its own kind.
fn variables(monitor: &Object, all: &mut Vec<String>) {
    let options = object(monitor, "options");
    for one in options.into_iter().flat_map(|options| objects(options, &["variables"])) {
        let before = all.len();
        metrics(&text(one, &["query"]).unwrap_or_default(), all);
        if all.len() > before {
            continue;
        }
        let of = text(one, &["data_source"]).unwrap_or_else(|| "events".to_owned());
        let compute = object(one, "compute");
        let how = compute.and_then(|it| text(it, &["aggregation"]));
        let measure =
            compute.and_then(|it| text(it, &["metric"])).or_else(|| text(one, &["measure"]));
        match (how, measure) {
            (Some(how), measure) => add(&aggregate(&how, measure.as_deref(), &of), all),
            (None, Some(measure)) => add(&format!("{measure} of {of}"), all),
            (None, None) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(query: &str) -> Option<String> {
        measured(json!({ "query": query }).as_object().unwrap())
    }

    #[test]
    fn metrics_are_named_before_their_scope_whatever_stands_around() {
        for (query, metric) in [
            ("avg(last_5m):sum:system.cpu{env:prod} by {host} > 90", "system.cpu"),
            ("avg(last_5m):avg:system.load.1{*} by{host,env} > 5", "system.load.1"),
            ("change(avg(last_5m),last_5m):avg:aws.lambda.cost{a:b} > 20", "aws.lambda.cost"),
            ("pct_change(avg(last_1h), last_1h): sum:a.b_c{x:y}.rollup(sum, 3600) < -50", "a.b_c"),
            (
                "percentile(last_1d):p99:trace.fastapi.request{service:x} > 10",
                "trace.fastapi.request",
            ),
            ("sum(last_1d):count(v: v>=2.1):trace.http{env:prod}.as_count() > 3", "trace.http"),
            (
                "avg(last_4h):anomalies(top(max:db.cpu{*} by {host}, 10, 'mean', 'desc'), 'agile', 2, \
                 direction='both', alert_window='last_30m') >= 1",
                "db.cpu",
            ),
            (
                "max(next_1w):forecast(avg:system.disk.free{*}, 'linear', 1, model=\"a{b}\") <= 0",
                "system.disk.free",
            ),
            (
                "avg(last_30m):outliers(avg:system.cpu.user{role:es-events-data} by {host}, 'dbscan', 7) > 0",
                "system.cpu.user",
            ),
            (
                "sum(last_5m):sum:errors{a:b}.as_count() / sum:hits{a:b,NOT c:d}.as_count() * 100 > 1",
                "errors, hits",
            ),
            ("avg(last_5m):avg:a{*}-avg:a{x:y} > 1", "a"),
            ("avg(last_5m):avg:by{*} > 1", "by"),
            ("median(last_1m):metric{*} > 1", "metric"),
        ] {
            assert_eq!(of(query).as_deref(), Some(metric), "{query}");
        }
    }

    #[test]
    fn events_are_measured_by_how_they_are_rolled_up_and_a_check_by_its_name() {
        for (query, measure) in [
            (
                "logs(\"service:foo AND type:error\").index(\"*\").rollup(\"count\").last(\"5m\") > 1",
                "count of logs",
            ),
            (
                "logs(\"@a:\\\"x{y}\\\" .rollup(z)\").rollup(\"avg\", \"@duration\").by(\"host\").last(\"5m\") > 1",
                "avg of @duration of logs",
            ),
            (
                "trace-analytics(\"env:prod\").rollup(\"cardinality\", \"@usr.id\").last(\"1h\") > 9",
                "cardinality of @usr.id of trace-analytics",
            ),
            ("processes('java').over('a:b').rollup('count').last('5m') < 1", "count of processes"),
            ("events(\"x\").rollup(\"count\").last(\"5m\") > 0", "count of events"),
            (
                "llm-observability(\"*\").rollup(\"count\").last(\"2h\") > 0",
                "count of llm-observability",
            ),
            (
                "error-tracking(\"a\").source(\"all\").impact().rollup(\"count\").by(\"@issue.id\").last(\"1d\") > 1",
                "count of error-tracking",
            ),
            ("\"ntp.in_sync\".over(\"*\").last(2).count_by_status()", "ntp.in_sync"),
            ("error_budget(\"0a1b\").over(\"7d\") > 75", "error_budget of 0a1b"),
            (
                "burn_rate(\"0a1b\").over(\"30d\").long_window(\"1h\").short_window(\"5m\") > 14.4",
                "burn_rate of 0a1b",
            ),
        ] {
            assert_eq!(of(query).as_deref(), Some(measure), "{query}");
        }
        for none in [
            "12345 && 67890",
            "!(12345) || 678",
            "no_query",
            "",
            "\"",
            "logs(",
            "formula(\"a\") > 1",
            "{",
            "avg(last_5m):{*",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn a_formula_measures_what_its_queries_do_and_a_search_says_it_itself() {
        let monitor = json!({
            "query": "formula(\"query1 / query2\").last(\"5m\") > 0.8",
            "options": { "variables": [
                { "name": "query1", "data_source": "rum", "compute": { "aggregation": "avg", "metric": "@view.time" } },
                { "name": "query2", "data_source": "rum", "compute": { "aggregation": "count" } },
                { "name": "query3", "data_source": "cloud_cost", "query": "sum:aws.cost.net{*} by {service}" },
            ] },
        });
        let all = "avg of @view.time of rum, count of rum, aws.cost.net";
        assert_eq!(measured(monitor.as_object().unwrap()).as_deref(), Some(all));
        let found = json!({ "query": "of a new kind", "metrics": ["a.b", "a.b", "c"] });
        assert_eq!(measured(found.as_object().unwrap()).as_deref(), Some("a.b, c"));
    }

    #[test]
    fn the_figure_of_an_alert_ends_its_query() {
        for (query, figure) in [
            ("avg(last_5m):avg:a{*} > 0.5", Some(0.5)),
            ("avg(last_4h):anomalies(avg:a{*}, 'basic', 2, interval=60) >= 1", Some(1.0)),
            ("pct_change(avg(last_1h),last_1h):sum:a{*} < -50", Some(-50.0)),
            ("\"ntp.in_sync\".over(\"*\").last(2).count_by_status()", None),
            ("1 && 2", None),
            ("formula(\"a\").anomaly(threshold=10)", None),
        ] {
            assert_eq!(threshold(query), figure, "{query}");
        }
    }
}
