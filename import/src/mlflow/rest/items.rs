//! Single things, as REST bodies and exports write them.

use crate::mlflow::json::{self, Object};
use crate::mlflow::store::{
    Experiment, LoggedModel, ModelMetric, Run, Store, Version, located, model_status, run_status,
};

/// An experiment, in REST bodies and in exports.
pub(in crate::mlflow) fn experiment(item: &Object, label: &str) -> Experiment {
    Experiment {
        id: json::text(item, "experiment_id").unwrap_or_default(),
        name: json::present(item, "name"),
        artifact_location: json::present(item, "artifact_location"),
        created_ms: json::int(item, "creation_time"),
        updated_ms: json::int(item, "last_update_time"),
        deleted: json::text(item, "lifecycle_stage").as_deref() == Some("deleted"),
        tags: json::texts(item, "tags"),
        at: located(label),
    }
}

/// What the `info` of a run says, in REST bodies and in exports.
pub(in crate::mlflow) fn run_info(info: &Object, label: &str) -> Run {
    Run {
        id: json::present(info, "run_id")
            .or_else(|| json::present(info, "run_uuid"))
            .unwrap_or_default(),
        experiment: json::present(info, "experiment_id"),
        name: json::present(info, "run_name").or_else(|| json::present(info, "name")),
        status: json::present(info, "status").as_deref().map(run_status),
        user: json::present(info, "user_id"),
        started_ms: json::int(info, "start_time"),
        ended_ms: json::int(info, "end_time"),
        deleted: json::text(info, "lifecycle_stage").as_deref() == Some("deleted"),
        deleted_ms: json::int(info, "deleted_time"),
        artifact_uri: json::present(info, "artifact_uri"),
        source_name: json::present(info, "source_name"),
        source_version: json::present(info, "source_version"),
        entry_point: json::present(info, "entry_point_name"),
        at: located(label),
        ..Run::default()
    }
}

/// A logged model; `None` without an id. Figures that cannot be read are rejected.
pub(super) fn logged_model(item: &Object, label: &str, store: &mut Store) -> Option<LoggedModel> {
    let empty = Object::new();
    let info = json::object(item, "info")?;
    let data = json::object(item, "data").unwrap_or(&empty);
    let id = json::present(info, "model_id")?;
    let metrics = json::objects(data, "metrics").filter_map(|metric| {
        let read = model_metric(metric);
        if read.is_none() {
            store.reject(label, format!("model {id}: a metric without key or value"));
        }
        read
    });
    let metrics = metrics.collect();
    Some(LoggedModel {
        id,
        name: json::present(info, "name"),
        artifact_uri: json::present(info, "artifact_uri"),
        created_ms: json::int(info, "creation_timestamp_ms"),
        updated_ms: json::int(info, "last_updated_timestamp_ms"),
        status: json::present(info, "status").as_deref().map(model_status),
        status_message: json::present(info, "status_message"),
        model_type: json::present(info, "model_type"),
        framework: None,
        run: json::present(info, "source_run_id"),
        deleted: json::text(info, "lifecycle_stage").as_deref() == Some("deleted"),
        params: json::texts(data, "params"),
        tags: json::texts(info, "tags"),
        metrics,
        at: located(label),
    })
}

fn model_metric(metric: &Object) -> Option<ModelMetric> {
    Some(ModelMetric {
        name: json::text(metric, "key")?,
        point: json::point(metric)?,
        run: json::present(metric, "run_id"),
        dataset: json::present(metric, "dataset_name").zip(json::present(metric, "dataset_digest")),
    })
}

/// A version of a registered name.
pub(super) fn version(item: &Object, number: &str, label: &str) -> Version {
    let mut version = Version {
        number: number.to_owned(),
        created_ms: json::int(item, "creation_timestamp"),
        updated_ms: json::int(item, "last_updated_timestamp"),
        description: json::present(item, "description"),
        user: json::present(item, "user_id"),
        stage: json::present(item, "current_stage"),
        source: json::present(item, "source"),
        run: json::present(item, "run_id"),
        model_id: json::present(item, "model_id"),
        status: json::present(item, "status"),
        status_message: json::present(item, "status_message"),
        run_link: json::present(item, "run_link"),
        storage: json::present(item, "storage_location"),
        tags: json::texts(item, "tags"),
        at: located(label),
    };
    version.drop_redacted();
    version
}

/// What a version says that it is called: `["champion"]`.
pub(super) fn aliases(item: &Object) -> Vec<String> {
    let all = item.get("aliases").and_then(serde_json::Value::as_array).into_iter().flatten();
    all.filter_map(|alias| Some(alias.as_str()?.to_owned())).collect()
}
