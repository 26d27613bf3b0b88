//! Asks the questions whose cost is followed, in a process of its own: opening, its memory, the first
//! answer, then medians over seeded arguments, each at its best of some calls.
//!
//! Questions are the LQL texts of the comparison, prepared once and run with parameters; a time runs
//! from bound parameters to the last row, inside the engine.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lineal_engine::Store;
use lineal_query::{
    Code, Error, Limits, Machine, Parameters, Prepared, Request, State, StoreView, Value,
};
use serde_json::{Value as Json, json};

use crate::Outcome;
use crate::machine::status_kib;

/// Name, text, parameter. q1 is the first: it is what a new process is asked.
const QUESTIONS: [(&str, &str, Option<&str>); 5] = [
    ("q1", include_str!("../../compare/questions/q1.lql"), Some("hash")),
    ("q3", include_str!("../../compare/questions/q3.lql"), Some("model")),
    ("q5", include_str!("../../compare/questions/q5.lql"), None),
    ("q9hit", include_str!("../../compare/questions/q9.lql"), Some("hash")),
    ("q9miss", include_str!("../../compare/questions/q9.lql"), Some("hash")),
];
/// Calls of an argument after the one that warms.
const CALLS: u32 = 7;
/// A question without arguments is asked so often, as in the harness.
const WITHOUT: usize = 5;
/// What a question may take in all.
const BUDGET: Duration = Duration::from_secs(20);

/// Opens a store and answers; `arguments` holds a list of texts for each question that has any.
///
/// # Errors
/// What the store or the language says, or an answer that is not complete.
pub(crate) fn ask(store: &Path, arguments: &Json) -> Outcome<Json> {
    let mut prepared = Vec::new();
    for (name, text, _) in QUESTIONS {
        prepared.push(Prepared::new(text).map_err(|mistake| format!("{name}: {mistake}"))?);
    }
    let begun = Instant::now();
    let opened = Arc::new(Store::open_read_only(store)?);
    let commits = opened.commit();
    let view = StoreView::new(Arc::clone(&opened))?;
    let open = begun.elapsed();
    let (resident, own) = (status_kib("VmRSS"), status_kib("RssAnon"));
    let mut machine = Machine::default();
    let mut answers = serde_json::Map::new();
    for ((name, _, parameter), prepared) in QUESTIONS.iter().zip(&prepared) {
        let given = parameters(arguments, name, *parameter)?;
        let mut times = Times::default();
        let begun = Instant::now();
        'calls: for call in 0..=CALLS {
            for (at, parameters) in given.iter().enumerate() {
                let (took, rows) = one(prepared, &view, &mut machine, parameters, name)?;
                times.note(call, at, took, rows);
                // Half of it for the first pass, so that a second can follow.
                let share = if call == 0 { BUDGET / 2 } else { BUDGET };
                if begun.elapsed() > share {
                    if call > 0 {
                        break 'calls;
                    }
                    break;
                }
            }
        }
        answers.insert((*name).to_owned(), times.to_json());
    }
    Ok(json!({
        "commits": commits,
        "nodes": opened.snapshot()?.node_count(),
        "open_us": micros(open),
        "resident_after_open_kib": resident,
        "own_after_open_kib": own,
        "resident_at_end_kib": status_kib("VmRSS"),
        "own_at_end_kib": status_kib("RssAnon"),
        "questions": answers,
    }))
}

fn parameters(arguments: &Json, name: &str, parameter: Option<&str>) -> Outcome<Vec<Parameters>> {
    let Some(parameter) = parameter else { return Ok(vec![Parameters::new(); WITHOUT]) };
    let texts = arguments[name].as_array().ok_or_else(|| format!("no arguments for {name}"))?;
    let each = texts.iter().map(|text| {
        let mut parameters = Parameters::new();
        let text = text.as_str().ok_or_else(|| format!("{name}: {text} is no text"))?;
        parameters.set(parameter, Value::Text(text.to_owned()));
        Ok(parameters)
    });
    each.collect()
}

/// How long a call took, and how many rows came.
fn one(
    prepared: &Prepared,
    view: &StoreView,
    machine: &mut Machine,
    parameters: &Parameters,
    name: &str,
) -> Outcome<(Duration, usize)> {
    let limits = Limits::default();
    let request = Request { parameters, limits: &limits, now: 0 };
    let begun = Instant::now();
    let answer = prepared.numbers_on(machine, view, &request);
    let took = begun.elapsed();
    match answer {
        Ok(answer) if answer.completeness.state() == State::Complete => {
            Ok((took, answer.rows.len()))
        }
        Ok(answer) => Err(format!("{name} is {}", answer.completeness.state()).into()),
        // Nothing has the hash.
        Err(Error::Mistake(mistake)) if mistake.code == Code::NotFound && name == "q9miss" => {
            Ok((took, 0))
        }
        Err(error) => Err(format!("{name}: {error}").into()),
    }
}

/// The times of a question.
#[derive(Default)]
struct Times {
    first: Duration,
    /// The best of each argument, and its rows.
    best: Vec<(Duration, usize)>,
}

impl Times {
    fn note(&mut self, call: u32, at: usize, took: Duration, rows: usize) {
        if call == 0 && at == 0 {
            self.first = took;
        }
        match self.best.get_mut(at) {
            // The first pass warms; it counts where there is time for no other.
            Some(best) if call == 1 => best.0 = took,
            Some(best) => best.0 = best.0.min(took),
            None => self.best.push((took, rows)),
        }
    }

    fn to_json(&self) -> Json {
        let mut times: Vec<Duration> = self.best.iter().map(|(took, _)| *took).collect();
        times.sort_unstable();
        let rows: usize = self.best.iter().map(|(_, rows)| rows).sum();
        json!({
            "first_us": micros(self.first),
            "median_us": times.get(times.len() / 2).copied().map(micros),
            "most_us": times.last().copied().map(micros),
            "arguments": times.len(),
            "rows": rows,
        })
    }
}

/// Microseconds with three decimals.
fn micros(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e9).round() / 1e3
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Times;

    #[test]
    fn the_median_is_over_arguments_each_at_its_best_after_warming() {
        let mut times = Times::default();
        // The 1 is of the pass that warms, and counts for nothing.
        let calls = [[90, 80, 1], [5, 30, 12], [7, 20, 11]];
        for (call, took) in (0..).zip(calls) {
            for (at, took) in took.into_iter().enumerate() {
                times.note(call, at, Duration::from_micros(took), 2);
            }
        }
        let said = times.to_json();
        assert_eq!(said["first_us"], 90.0);
        assert_eq!(said["median_us"], 11.0);
        assert_eq!(said["most_us"], 20.0);
        assert_eq!((said["arguments"].as_u64(), said["rows"].as_u64()), (Some(3), Some(6)));
    }
}
