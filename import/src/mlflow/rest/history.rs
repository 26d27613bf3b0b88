//! Histories of metrics, and whose they are.

use super::Pages;
use crate::mlflow::json::{self, Object};
use crate::mlflow::point::Point;
use std::collections::{BTreeMap, BTreeSet};

/// Digits of a run's id.
const RUN_ID_DIGITS: usize = 32;

/// Points of metrics whose run is still to be found.
pub(super) struct History {
    label: String,
    /// The run that the body or the path names.
    run: Option<String>,
    points: BTreeMap<String, Vec<Point>>,
}

impl Pages {
    /// `{"metrics": [...]}`, the answer to a question about one run and one key.
    pub(super) fn history(&mut self, body: &Object, label: &str) {
        let mut points: BTreeMap<Option<String>, BTreeMap<String, Vec<Point>>> = BTreeMap::new();
        let of_body = json::present(body, "run_id").or_else(|| run_in_path(label));
        for metric in json::objects(body, "metrics") {
            match (json::text(metric, "key"), json::point(metric)) {
                (Some(key), Some(point)) => {
                    let run = json::present(metric, "run_id").or_else(|| of_body.clone());
                    points.entry(run).or_default().entry(key).or_default().push(point);
                }
                _ => self.store.reject(label, "a metric without key or value"),
            }
        }
        let histories = points.into_iter().map(|(run, points)| History {
            label: label.to_owned(),
            run,
            points,
        });
        self.histories.extend(histories);
    }

    /// Adds the points of the histories to their runs.
    pub(super) fn place_histories(&mut self) {
        let histories = std::mem::take(&mut self.histories);
        if histories.is_empty() {
            return;
        }
        let mut by_last: BTreeMap<(String, Point), Vec<usize>> = BTreeMap::new();
        for (place, run) in self.store.runs.iter().enumerate() {
            for (key, points) in &run.metrics {
                if let Some(last) = points.first() {
                    by_last.entry((key.clone(), *last)).or_default().push(place);
                }
            }
        }
        for History { label, run, points } in histories {
            for (key, points) in points {
                let fitting: BTreeSet<usize> = match &run {
                    Some(id) => self.runs.get(id).copied().into_iter().collect(),
                    None => points
                        .iter()
                        .filter_map(|point| by_last.get(&(key.clone(), *point)))
                        .flatten()
                        .copied()
                        .collect(),
                };
                self.place(&label, key, points, &fitting);
            }
        }
    }

    /// Adds points to the one run that they fit.
    fn place(&mut self, label: &str, key: String, points: Vec<Point>, fitting: &BTreeSet<usize>) {
        let only = fitting.first().filter(|_| fitting.len() == 1);
        if let Some(run) = only.and_then(|place| self.store.runs.get_mut(*place)) {
            run.metrics.entry(key).or_default().extend(points);
            return;
        }
        let why = if fitting.is_empty() { "no run" } else { "several runs" };
        let count = points.len() as u64;
        self.store.skip("points of metric histories that fit no one run", count);
        self.store.warnings.push(format!(
            "{label}: the history of `{key}` fits {why} that was read; put the run's id into the file's name"
        ));
    }
}

/// A run's id in a path: 32 hex digits between other characters.
fn run_in_path(label: &str) -> Option<String> {
    let mut words = label.split(|c: char| !c.is_ascii_hexdigit());
    words.find(|word| word.len() == RUN_ID_DIGITS).map(str::to_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mlflow::store::Store;

    fn store(bodies: &[(&str, &str)]) -> Store {
        let mut pages = Pages::default();
        for (label, text) in bodies {
            let serde_json::Value::Object(body) = json::parse(text.as_bytes()).unwrap() else {
                panic!("an object")
            };
            pages.take(&body, label);
        }
        pages.finish()
    }

    const RUNS: &str = r#"{"runs": [
        {"info": {"run_id": "a", "experiment_id": 1}, "data": {"metrics": [{"key": "acc", "value": 0.5, "timestamp": 9, "step": 1}]}},
        {"info": {"run_id": "b", "experiment_id": "1"}, "data": {"metrics": [{"key": "acc", "value": "NaN", "timestamp": 9, "step": 1}]}}
    ]}"#;

    #[test]
    fn a_history_goes_to_the_run_whose_last_point_it_holds() {
        let history = r#"{"metrics": [{"key": "acc", "value": 0.1, "timestamp": 8, "step": 0}, {"key": "acc", "value": 0.5, "timestamp": 9, "step": 1}]}"#;
        let store = store(&[("h.json", history), ("runs.json", RUNS)]);
        assert_eq!(store.runs[0].metrics["acc"].len(), 3);
        assert_eq!(store.runs[1].metrics["acc"].len(), 1);
        assert_eq!(store.runs[0].experiment, store.runs[1].experiment);
    }

    #[test]
    fn a_history_that_fits_no_run_is_counted_not_guessed() {
        let history = r#"{"metrics": [{"key": "acc", "value": 0.7, "timestamp": 8, "step": 0}]}"#;
        let store = store(&[("runs.json", RUNS), ("h.json", history)]);
        assert_eq!(store.skipped.values().sum::<u64>(), 1);
        assert_eq!(store.warnings.len(), 1);
    }

    #[test]
    fn a_path_may_name_the_run() {
        let id = "4eec72fbdf934e139469a2d1fea75889";
        assert_eq!(run_in_path(&format!("history/{id}_acc.json")).as_deref(), Some(id));
        assert_eq!(run_in_path("metrics_get_history_nan.json"), None);
    }
}
