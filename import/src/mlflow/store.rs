//! What an MLflow store says, in one model for all its forms.
//!
//! Each form is read into this; one mapper makes records of it. So two encodings of one run give
//! one record. Here texts are as the store wrote them, but `''` where MLflow means nothing is
//! `None`, ids are text, and times are ms since 1970.

use super::datasets::DatasetList;
use super::point::Point;
use super::sqlite::SpilledRuns;
use super::versions::Versions;
use crate::record::{Location, Reject};
use std::collections::BTreeMap;

/// Tags or parameters, by key.
pub(super) type Texts = BTreeMap<String, String>;

/// Everything one store says.
#[derive(Default)]
pub(super) struct Store {
    pub(super) experiments: Vec<Experiment>,
    /// Runs that are held in memory.
    pub(super) runs: Vec<Run>,
    /// Runs of a database, which may not fit there.
    pub(super) spilled: Option<SpilledRuns>,
    pub(super) datasets: DatasetList,
    pub(super) logged: Vec<LoggedModel>,
    pub(super) registered: Vec<RegisteredModel>,
    /// Traces that were seen.
    pub(super) traces: u64,
    /// What was seen and is not imported, by what it is.
    pub(super) skipped: BTreeMap<&'static str, u64>,
    /// Files beside the store that say where data comes from (`dvc.lock`).
    pub(super) beside: Vec<String>,
    /// When the export was made, where it says so, in ms.
    pub(super) exported_ms: Option<i64>,
    pub(super) rejects: Vec<Reject>,
    pub(super) warnings: Vec<String>,
}

impl Store {
    /// Counts things that are read and deliberately left out.
    pub(super) fn skip(&mut self, what: &'static str, count: u64) {
        if count > 0 {
            *self.skipped.entry(what).or_default() += count;
        }
    }

    /// Notes something that could not be read.
    pub(super) fn reject(&mut self, file: &str, reason: impl Into<String>) {
        self.rejects.push(Reject { at: located(file), reason: reason.into() });
    }
}

/// A place that is a whole file.
pub(super) fn located(file: &str) -> Location {
    Location { file: file.to_owned(), line: 0, byte: 0 }
}

/// An experiment.
#[derive(Default, Debug)]
pub(super) struct Experiment {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) artifact_location: Option<String>,
    pub(super) created_ms: Option<i64>,
    pub(super) updated_ms: Option<i64>,
    pub(super) deleted: bool,
    pub(super) tags: Texts,
    pub(super) at: Location,
}

/// A run.
#[derive(Clone, Default, Debug)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) experiment: Option<String>,
    pub(super) name: Option<String>,
    pub(super) status: Option<String>,
    pub(super) user: Option<String>,
    pub(super) started_ms: Option<i64>,
    pub(super) ended_ms: Option<i64>,
    pub(super) deleted: bool,
    pub(super) deleted_ms: Option<i64>,
    pub(super) artifact_uri: Option<String>,
    pub(super) source_name: Option<String>,
    pub(super) source_version: Option<String>,
    pub(super) entry_point: Option<String>,
    pub(super) params: Texts,
    pub(super) tags: Texts,
    pub(super) metrics: BTreeMap<String, Vec<Point>>,
    pub(super) inputs: Vec<Input>,
    /// Ids of logged models that it made.
    pub(super) outputs: Vec<String>,
    /// Ids of logged models that it used.
    pub(super) models_used: Vec<String>,
    pub(super) artifacts: Vec<Artifact>,
    pub(super) at: Location,
}

/// A dataset that a run used.
#[derive(Clone, Debug)]
pub(super) struct Input {
    /// Its place in [`Store::datasets`].
    pub(super) dataset: usize,
    pub(super) tags: Texts,
}

/// What one row of a store's list of datasets says; the experiment that it stands in adds nothing.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(super) struct Dataset {
    pub(super) name: String,
    pub(super) digest: String,
    pub(super) source_type: Option<String>,
    pub(super) source: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) at_file: String,
}

/// A file among the artifacts of a run.
#[derive(Clone, Debug)]
pub(super) struct Artifact {
    /// Its path within the artifacts.
    pub(super) path: String,
    pub(super) size: u64,
    /// BLAKE3 of its bytes in hex, unless it is too long to be a document.
    pub(super) digest: Option<String>,
    pub(super) at_file: String,
}

/// A model that a run logged.
#[derive(Default, Debug)]
pub(super) struct LoggedModel {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) artifact_uri: Option<String>,
    pub(super) created_ms: Option<i64>,
    pub(super) updated_ms: Option<i64>,
    pub(super) status: Option<String>,
    pub(super) status_message: Option<String>,
    pub(super) model_type: Option<String>,
    pub(super) framework: Option<String>,
    pub(super) run: Option<String>,
    pub(super) deleted: bool,
    pub(super) params: Texts,
    pub(super) tags: Texts,
    pub(super) metrics: Vec<ModelMetric>,
    pub(super) at: Location,
}

/// A figure of a logged model.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct ModelMetric {
    pub(super) name: String,
    pub(super) point: Point,
    pub(super) run: Option<String>,
    /// Name and digest of the dataset that it was measured on.
    pub(super) dataset: Option<(String, String)>,
}

/// A registered name with its versions.
#[derive(Default, Debug)]
pub(super) struct RegisteredModel {
    pub(super) name: String,
    pub(super) created_ms: Option<i64>,
    pub(super) updated_ms: Option<i64>,
    pub(super) description: Option<String>,
    pub(super) tags: Texts,
    /// Alias and version.
    pub(super) aliases: Vec<(String, String)>,
    pub(super) versions: Versions,
}

/// A version of a registered name.
#[derive(Default, Debug)]
pub(super) struct Version {
    pub(super) number: String,
    pub(super) created_ms: Option<i64>,
    pub(super) updated_ms: Option<i64>,
    pub(super) description: Option<String>,
    pub(super) user: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) source: Option<String>,
    pub(super) run: Option<String>,
    pub(super) model_id: Option<String>,
    pub(super) status: Option<String>,
    pub(super) status_message: Option<String>,
    pub(super) run_link: Option<String>,
    pub(super) storage: Option<String>,
    pub(super) tags: Texts,
    pub(super) at: Location,
}

/// The tag that makes a prompt of a registered name.
const PROMPT_TAG: &str = "mlflow.prompt.is_prompt";
/// The stage of a version that was deleted.
const DELETED_STAGE: &str = "Deleted_Internal";
/// What MLflow puts in the place of what it wiped from a deleted version.
const REDACTED: &str = "REDACTED-";

impl RegisteredModel {
    /// Is it a prompt, kept in the registry under a model's name?
    pub(super) fn is_prompt(&self) -> bool {
        let says_so = |tags: &Texts| {
            tags.get(PROMPT_TAG).is_some_and(|value| value.eq_ignore_ascii_case("true"))
        };
        says_so(&self.tags) || self.versions.iter().any(|version| says_so(&version.tags))
    }
}

impl Version {
    /// Was it deleted?
    pub(super) fn is_deleted(&self) -> bool {
        self.stage.as_deref() == Some(DELETED_STAGE)
    }

    /// Takes out what MLflow wrote in the place of nothing.
    pub(super) fn drop_redacted(&mut self) {
        for text in [&mut self.run, &mut self.source, &mut self.run_link, &mut self.storage] {
            if text.as_deref().is_some_and(|text| text.starts_with(REDACTED)) {
                *text = None;
            }
        }
    }
}

/// The name of a run's status, from a file store's number; other texts stay as they are.
pub(super) fn run_status(status: &str) -> String {
    let name = match status {
        "1" => "RUNNING",
        "2" => "SCHEDULED",
        "3" => "FINISHED",
        "4" => "FAILED",
        "5" => "KILLED",
        other => other,
    };
    name.to_owned()
}

/// The name of a logged model's status, from its number or REST's long name.
pub(super) fn model_status(status: &str) -> String {
    let name = match status {
        "1" => "PENDING",
        "2" => "READY",
        "3" => "UPLOAD_FAILED",
        other => other.strip_prefix("LOGGED_MODEL_").unwrap_or(other),
    };
    name.to_owned()
}

/// A key that would leave its folder if it were a path; MLflow itself refuses to write one.
pub(super) fn escapes(key: &str) -> bool {
    // Each run has some dozen keys, and hardly any of them says more than a name.
    if !key.bytes().any(|byte| matches!(byte, b'/' | 0)) {
        return key == "..";
    }
    key.starts_with('/') || key.contains('\0') || key.split('/').any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_leaves_its_folder_is_seen() {
        assert!(escapes("../x") && escapes("/etc/x") && escapes("a/../../x") && escapes("a\0b"));
        assert!(escapes("..") && escapes("\0"));
        assert!(!escapes("test/f1 macro") && !escapes("a..b") && !escapes("multi line"));
    }

    #[test]
    fn what_a_deleted_version_lost_is_absent() {
        let mut version = Version {
            run: Some("REDACTED-RUN-ID".into()),
            source: Some("REDACTED-SOURCE-PATH".into()),
            storage: Some("s3://elsewhere".into()),
            stage: Some("Deleted_Internal".into()),
            ..Version::default()
        };
        version.drop_redacted();
        assert!(version.is_deleted());
        assert_eq!((version.run, version.source), (None, None));
        assert_eq!(version.storage.as_deref(), Some("s3://elsewhere"));
    }
}
