//! Logged models of MLflow 1 and 2, which stand in a tag of the run that logged them.

use super::super::store::{LoggedModel, Run, Texts};
use crate::mapping::Conversion;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const HISTORY: &str = "mlflow.log-model.history";
/// The flavor that every model has; it says nothing about the framework.
const COMMON_FLAVOR: &str = "python_function";

/// A run, and a path within its artifacts.
type Place = (String, String);
/// A time in ms, and the id of the model that was logged then.
type Logged = (Option<i64>, String);

/// Which models a run logged at a place, the earliest first.
#[derive(Default)]
pub(super) struct Histories {
    logged: BTreeMap<Place, BTreeSet<Logged>>,
}

impl Histories {
    /// The model that a registered version was made from: the last one logged at that place of
    /// the run before the version was created.
    pub(super) fn model(&self, run: &str, source: &str, created_ms: Option<i64>) -> Option<&str> {
        let path = source
            .strip_prefix(&format!("runs:/{run}/"))
            .or_else(|| Some(source.split_once(&format!("/{run}/artifacts/"))?.1))?;
        let key = (run.to_owned(), path.trim_end_matches('/').to_owned());
        let logged = self.logged.get(&key)?;
        let before = |time: &Option<i64>| match (time, created_ms) {
            (Some(time), Some(created)) => *time <= created,
            _ => true,
        };
        let earlier = logged.iter().rfind(|(time, _)| before(time));
        earlier.or(logged.last()).map(|(_, id)| id.as_str())
    }
}

impl Histories {
    /// Adds what was found in other runs.
    pub(super) fn absorb(&mut self, other: Histories) {
        self.logged.extend(other.logged);
    }
}

/// Takes the models out of the run's tag.
///
/// # Errors
/// A warning, where the tag is no list of them: then it stays among the tags.
pub(super) fn take(run: &mut Run, histories: &mut Histories) -> Result<Vec<LoggedModel>, String> {
    let Some(text) = run.tags.get(HISTORY) else { return Ok(Vec::new()) };
    let Ok(entries) = serde_json::from_str::<Vec<Map<String, Value>>>(text) else {
        // MLflow cuts tags at a length; what is left stays among the tags.
        return Err(format!(
            "the tag {HISTORY} of run {} is cut off or no JSON: its logged models are not read",
            run.id
        ));
    };
    run.tags.remove(HISTORY);
    let models = entries.into_iter().map(|entry| {
        let mut model = model(entry, &run.id);
        model.at = run.at.clone();
        let path = model.name.clone().unwrap_or_default();
        let logged = histories.logged.entry((run.id.clone(), path)).or_default();
        logged.insert((model.created_ms, model.id.clone()));
        model
    });
    Ok(models.collect())
}

fn model(mut entry: Map<String, Value>, run: &str) -> LoggedModel {
    let mut take = |name: &str| match entry.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    let path = take("artifact_path");
    let uuid = take("model_uuid");
    let created = take("utc_time_created");
    take("run_id");
    let framework = entry.get("flavors").and_then(Value::as_object).map(|flavors| {
        let mut names: Vec<_> =
            flavors.keys().map(String::as_str).filter(|name| *name != COMMON_FLAVOR).collect();
        if names.is_empty() {
            names.push(COMMON_FLAVOR);
        }
        names.sort_unstable();
        names.join(", ")
    });
    LoggedModel {
        // The oldest versions gave no id: MLflow's own address of the model stands for it.
        id: uuid.unwrap_or_else(|| format!("runs:/{run}/{}", path.as_deref().unwrap_or_default())),
        name: path,
        created_ms: created
            .and_then(|text| Conversion::Time.convert(&text).ok()?.as_i64())
            .map(|ns| ns / 1_000_000),
        framework,
        run: Some(run.to_owned()),
        tags: rest(entry),
        ..LoggedModel::default()
    }
}

/// What else the entry says (signature, size, version of MLflow), as tags.
fn rest(entry: Map<String, Value>) -> Texts {
    entry
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            mut other => {
                other.sort_all_objects();
                (name, other.to_string())
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_comes_from_the_last_model_logged_before_it() {
        let tag = r#"[
            {"artifact_path": "model", "model_uuid": "first", "utc_time_created": "2026-01-01 00:00:00.5", "flavors": {"python_function": {}, "sklearn": {}}},
            {"artifact_path": "model", "model_uuid": "second", "utc_time_created": "2026-01-02 00:00:00"}
        ]"#;
        let tags = Texts::from([(HISTORY.to_owned(), tag.to_owned())]);
        let mut run = Run { id: "r1".into(), tags, ..Run::default() };
        let mut histories = Histories::default();
        let logged = take(&mut run, &mut histories).unwrap();
        let first_ms = 1_767_225_600_500;
        assert_eq!(logged[0].created_ms, Some(first_ms));
        assert_eq!(logged[0].framework.as_deref(), Some("sklearn"));
        let source = "/srv/mlops/r1/artifacts/model";
        assert_eq!(histories.model("r1", source, Some(first_ms + 1)), Some("first"));
        assert_eq!(histories.model("r1", source, None), Some("second"));
        assert_eq!(histories.model("r1", "s3://elsewhere/model", None), None);
        assert!(!run.tags.contains_key(HISTORY));
    }

    #[test]
    fn a_tag_that_was_cut_off_stays_a_tag() {
        let tags = Texts::from([(HISTORY.to_owned(), "[{\"artifact_p".to_owned())]);
        let mut run = Run { id: "r1".into(), tags, ..Run::default() };
        let warning = take(&mut run, &mut Histories::default()).unwrap_err();
        assert!(warning.contains("cut off") && run.tags.contains_key(HISTORY));
    }
}
