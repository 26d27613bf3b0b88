//! Experiments, runs, datasets and logged models of a SQLite store.

use super::super::error::Error;
use super::super::point::{Figure, Point};
use super::super::store::{
    Dataset, Experiment, LoggedModel, ModelMetric, Store, Texts, located, model_status,
};
use super::id_start::{IdStart, id_start};
use super::input_tags::InputTags;
use super::run_ids::RunIds;
use super::runs::RunTexts;
use super::table::Database;
use std::collections::{BTreeMap, HashMap};

/// What `lifecycle_stage` says of what was deleted.
const DELETED: &str = "deleted";

/// Where things stand in the store's lists, by their ids.
type Places = HashMap<IdStart, usize>;

/// Reads the tables of the tracking half but for the points of runs' metrics, which are most of it.
pub(super) fn read(
    database: &Database<'_>,
    ids: &RunIds,
    store: &mut Store,
) -> Result<RunTexts, Error> {
    experiments(database, store)?;
    let mut texts = RunTexts::new(ids, database.path());
    texts.read(database, ids, store)?;
    let models = logged_models(database, store)?;
    logged_model_details(database, store, &models)?;
    inputs(database, store, ids, &mut texts)?;
    Ok(texts)
}

fn experiments(database: &Database<'_>, store: &mut Store) -> Result<(), Error> {
    let at = located(&database.file());
    let columns = [
        "experiment_id",
        "name",
        "artifact_location",
        "lifecycle_stage",
        "creation_time",
        "last_update_time",
    ];
    let mut places = Places::new();
    database.each("experiments", &columns, |row| {
        let id = row.text_or_empty(0);
        places.insert(id_start(&id), store.experiments.len());
        store.experiments.push(Experiment {
            id,
            name: row.present(1),
            artifact_location: row.present(2),
            deleted: row.borrowed(3) == DELETED,
            created_ms: row.int(4),
            updated_ms: row.int(5),
            tags: Texts::new(),
            at: at.clone(),
        });
    })?;
    database.each("experiment_tags", &["experiment_id", "key", "value"], |row| {
        if let Some(experiment) = of(&mut store.experiments, &places, &row.text_or_empty(0)) {
            experiment.tags.insert(row.text_or_empty(1), row.text_or_empty(2));
        }
    })
}

fn logged_models(database: &Database<'_>, store: &mut Store) -> Result<Places, Error> {
    let at = located(&database.file());
    let columns = [
        "model_id",
        "name",
        "artifact_location",
        "creation_timestamp_ms",
        "last_updated_timestamp_ms",
        "status",
        "status_message",
        "model_type",
        "source_run_id",
        "lifecycle_stage",
    ];
    let mut places = Places::new();
    database.each("logged_models", &columns, |row| {
        let id = row.text_or_empty(0);
        places.insert(id_start(&id), store.logged.len());
        store.logged.push(LoggedModel {
            id,
            name: row.present(1),
            artifact_uri: row.present(2),
            created_ms: row.int(3),
            updated_ms: row.int(4),
            status: row.present(5).as_deref().map(model_status),
            status_message: row.present(6),
            model_type: row.present(7),
            run: row.present(8),
            deleted: row.borrowed(9) == DELETED,
            at: at.clone(),
            ..LoggedModel::default()
        });
    })?;
    Ok(places)
}

fn logged_model_details(
    database: &Database<'_>,
    store: &mut Store,
    models: &Places,
) -> Result<(), Error> {
    database.each("logged_model_params", &["model_id", "param_key", "param_value"], |row| {
        if let Some(model) = of(&mut store.logged, models, row.borrowed(0)) {
            model.params.insert(row.text_or_empty(1), row.text_or_empty(2));
        }
    })?;
    database.each("logged_model_tags", &["model_id", "tag_key", "tag_value"], |row| {
        if let Some(model) = of(&mut store.logged, models, row.borrowed(0)) {
            model.tags.insert(row.text_or_empty(1), row.text_or_empty(2));
        }
    })?;
    let columns = [
        "model_id",
        "metric_name",
        "metric_step",
        "metric_timestamp_ms",
        "metric_value",
        "run_id",
        "dataset_name",
        "dataset_digest",
    ];
    database.each("logged_model_metrics", &columns, |row| {
        let Some(model) = of(&mut store.logged, models, row.borrowed(0)) else { return };
        model.metrics.push(ModelMetric {
            name: row.text_or_empty(1),
            point: Point {
                step: row.int(2).unwrap_or_default(),
                time_ms: row.int(3).unwrap_or_default(),
                value: row.real(4).map_or(Figure::NAN, Figure::new),
            },
            run: row.present(5),
            dataset: row.present(6).zip(row.present(7)),
        });
    })
}

/// The table `inputs` holds three things: datasets that went into runs, logged models that came
/// out of them, and logged models that went in.
fn inputs(
    database: &Database<'_>,
    store: &mut Store,
    runs: &RunIds,
    texts: &mut RunTexts,
) -> Result<(), Error> {
    let file = database.file();
    let columns = [
        "dataset_uuid",
        "name",
        "digest",
        "dataset_source_type",
        "dataset_source",
        "dataset_schema",
        "dataset_profile",
    ];
    let mut datasets = Places::new();
    database.each("datasets", &columns, |row| {
        let place = store.datasets.add(&Dataset {
            name: row.text_or_empty(1),
            digest: row.text_or_empty(2),
            source_type: row.present(3),
            source: row.present(4),
            schema: row.present(5),
            profile: row.present(6),
            at_file: file.clone(),
        });
        datasets.insert(id_start(row.borrowed(0)), place);
    })?;
    let mut tags = InputTags::default();
    database.each("input_tags", &["input_uuid", "name", "value"], |row| {
        tags.add(row.borrowed(0), (row.text_or_empty(1), row.text_or_empty(2)));
    })?;
    let columns = ["source_type", "source_id", "destination_type", "destination_id", "input_uuid"];
    let mut dangling: BTreeMap<&str, u64> = BTreeMap::new();
    database.each("inputs", &columns, |row| {
        let (source, destination) = (row.text_or_empty(1), row.text_or_empty(3));
        match (row.borrowed(0), row.borrowed(2)) {
            ("DATASET", "RUN") => {
                let tags = tags.of(row.borrowed(4));
                match (datasets.get(&id_start(&source)), runs.place(&destination)) {
                    (Some(dataset), Some(run)) => texts.input(run, *dataset, tags),
                    (None, _) => *dangling.entry("dataset").or_default() += 1,
                    (_, None) => *dangling.entry("run").or_default() += 1,
                }
            }
            ("RUN_OUTPUT", "MODEL_OUTPUT") => match runs.place(&source) {
                Some(run) => texts.output(run, &destination),
                None => *dangling.entry("run").or_default() += 1,
            },
            ("RUN_INPUT", "MODEL_INPUT") => match runs.place(&source) {
                Some(run) => texts.model_used(run, &destination),
                None => *dangling.entry("run").or_default() += 1,
            },
            // Evaluation records and traces among themselves.
            _ => store.skip("links between traces and evaluation records", 1),
        }
    })?;
    for (what, count) in dangling {
        store.reject(
            &file,
            match count {
                1 => format!("1 row of `inputs` names a {what} that is not in the store"),
                _ => format!("{count} rows of `inputs` name a {what} that is not in the store"),
            },
        );
    }
    Ok(())
}

fn of<'a, T>(items: &'a mut [T], places: &Places, id: &str) -> Option<&'a mut T> {
    places.get(&id_start(id)).and_then(|place| items.get_mut(*place))
}
