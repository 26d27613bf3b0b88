//! The registry as an `mlflow.db`: the tables and columns that the harness's generator writes, which are
//! those that an importer reads.

use std::collections::BTreeSet;
use std::path::Path;

use data_encoding::HEXLOWER;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::Outcome;
use crate::calendar::BEGIN;
use crate::chance::{Chance, Stream};
use crate::graph::{Graph, KINDS};

const SCHEMA: &str = "
pragma journal_mode = off; pragma synchronous = off;
create table experiments(experiment_id integer primary key,name text,artifact_location text,lifecycle_stage text,creation_time int,last_update_time int);
create table runs(run_uuid text primary key,name text,source_type text,user_id text,status text,start_time int,end_time int,lifecycle_stage text,artifact_uri text,experiment_id int);
create table tags(key text,value text,run_uuid text,primary key(key,run_uuid));
create table params(key text,value text,run_uuid text,primary key(key,run_uuid));
create table latest_metrics(key text,value real,timestamp int,step int,is_nan int,run_uuid text,primary key(key,run_uuid));
create table datasets(dataset_uuid text,experiment_id int,name text,digest text,dataset_source_type text,dataset_source text,dataset_schema text,dataset_profile text,primary key(experiment_id,name,digest));
create table inputs(input_uuid text,source_type text,source_id text,destination_type text,destination_id text,step int default 0,primary key(source_type,source_id,destination_type,destination_id));
create table input_tags(input_uuid text,name text,value text,primary key(input_uuid,name));
create table registered_models(name text primary key,creation_time int,last_updated_time int,description text);
create table model_versions(name text,version int,creation_time int,last_updated_time int,description text,user_id text,current_stage text,source text,run_id text,status text,primary key(name,version));
create table model_version_tags(name text,version int,key text,value text,primary key(name,version,key));
begin;";

/// The name of a model.
pub(crate) fn model_name(model: usize) -> String {
    format!("model-{model:05}")
}

/// Each model has an experiment of its number.
#[expect(clippy::cast_possible_wrap, reason = "models are some tens of thousands")]
fn experiment(model: usize) -> i64 {
    model as i64
}

/// The id of a run.
fn run_id(seed: u64, run: usize) -> String {
    HEXLOWER.encode(&Chance::new(seed, Stream::Run, run as u64).bytes()[..16])
}

fn digest(seed: u64, dataset: usize) -> String {
    HEXLOWER.encode(&Chance::new(seed, Stream::Digest, dataset as u64).bytes())
}

/// Writes all that is in the registry by now into a new file.
///
/// # Errors
/// What SQLite says, or that the old file cannot be removed.
pub(crate) fn write(graph: &Graph, file: &Path) -> Outcome {
    if file.exists() {
        std::fs::remove_file(file)?;
    }
    let into = Connection::open(file)?;
    into.execute_batch(SCHEMA)?;
    let ids: Vec<String> = (0..graph.runs.len()).map(|run| run_id(graph.seed, run)).collect();
    experiments(graph, &into)?;
    runs(graph, &into, &ids)?;
    datasets(graph, &into, &ids)?;
    versions(graph, &into, &ids)?;
    into.execute_batch("commit")?;
    Ok(())
}

fn experiments(graph: &Graph, into: &Connection) -> Outcome {
    let models: BTreeSet<usize> = graph.runs.iter().map(|run| run.model).collect();
    let mut add = into.prepare("insert into experiments values(?,?,'s3://a','active',?,?)")?;
    for model in models {
        add.execute(params![
            experiment(model),
            format!("high-risk/{}", model_name(model)),
            BEGIN,
            BEGIN
        ])?;
    }
    Ok(())
}

fn runs(graph: &Graph, into: &Connection, ids: &[String]) -> Outcome {
    let mut add =
        into.prepare("insert into runs values(?,?,'JOB',?,'FINISHED',?,?,'active',?,?)")?;
    let mut add_tag = into.prepare("insert into tags values(?,?,?)")?;
    let mut add_param = into.prepare("insert into params values(?,?,?)")?;
    let mut add_metric = into.prepare("insert into latest_metrics values('auc',0.8,?,0,0,?)")?;
    for (at, (run, id)) in graph.runs.iter().zip(ids).enumerate() {
        let (name, user) = (format!("run-{at}"), format!("user{:03}", run.user));
        let (artifacts, experiment) = (format!("s3://a/{id}"), experiment(run.model));
        add.execute(params![id, name, user, run.start, run.end, artifacts, experiment])?;
        let mut tag = |key, value: &str| add_tag.execute(params![key, value, id]);
        tag("mlflow.user", &user)?;
        tag("mlflow.source.git.commit", &format!("{id}00000000"))?;
        tag("eu_ai_act.risk_class", if run.high_risk { "high" } else { "limited" })?;
        tag("eu_ai_act.system_id", &system_name(graph.system(run.model)))?;
        if let Some(approver) = run.approver {
            tag("approved_by", &format!("approver{approver:02}"))?;
        }
        if run.assessed {
            tag("risk_assessment", &format!("RA-{at:06}"))?;
        }
        for (key, value) in [("lr", "0.001"), ("epochs", "10"), ("seed", &at.to_string())] {
            add_param.execute(params![key, value, id])?;
        }
        add_metric.execute(params![run.end, id])?;
    }
    Ok(())
}

/// The name of a system.
pub(crate) fn system_name(system: usize) -> String {
    format!("sys-{system:03}")
}

/// MLflow keys a data set by experiment: one that several use stands there several times.
fn datasets(graph: &Graph, into: &Connection, ids: &[String]) -> Outcome {
    let mut used = vec![Vec::new(); graph.datasets.len()];
    for (at, run) in graph.runs.iter().enumerate() {
        for (dataset, role) in &run.inputs {
            used[*dataset].push((at, *role));
        }
    }
    let mut add = into.prepare("insert into datasets values(?,?,?,?,'local',?,'{}','{}')")?;
    let mut add_input = into.prepare("insert into inputs values(?,'DATASET',?,'RUN',?,0)")?;
    let mut add_role = into.prepare("insert into input_tags values(?,'mlflow.data.context',?)")?;
    let mut input = 0_u64;
    for (at, dataset) in graph.datasets.iter().enumerate() {
        let digest = digest(graph.seed, at);
        let name = format!("{}-{:05}", KINDS[dataset.kind], dataset.family);
        let parents: Vec<String> =
            dataset.parents.iter().map(|parent| self::digest(graph.seed, *parent)).collect();
        let source = json!({
            "uri": format!("s3://lake/{name}/v{}", dataset.version),
            "version": dataset.version,
            "kind": KINDS[dataset.kind],
            "parents": parents,
        });
        let uuid = |model: usize| format!("{}{model:08x}", &digest[..24]);
        let mut models: BTreeSet<usize> =
            used[at].iter().map(|(run, _)| graph.runs[*run].model).collect();
        if models.is_empty() {
            models.insert(graph.runs[0].model);
        }
        for model in models {
            let row = params![uuid(model), experiment(model), name, digest, source.to_string()];
            add.execute(row)?;
        }
        for (run, role) in &used[at] {
            let id = format!("{input:032x}");
            add_input.execute(params![id, uuid(graph.runs[*run].model), ids[*run]])?;
            add_role.execute(params![id, role])?;
            input += 1;
        }
    }
    Ok(())
}

fn versions(graph: &Graph, into: &Connection, ids: &[String]) -> Outcome {
    let mut model = into.prepare("insert or ignore into registered_models values(?,?,?,'')")?;
    let mut add =
        into.prepare("insert into model_versions values(?,?,?,?,'',?,'Production',?,?,'READY')")?;
    let mut tag = into.prepare("insert into model_version_tags values(?,?,?,?)")?;
    for version in &graph.versions {
        let (name, run, id) =
            (model_name(version.model), &graph.runs[version.run], &ids[version.run]);
        model.execute(params![name, run.end, run.end])?;
        let (user, source) = (format!("user{:03}", run.user), format!("s3://a/{id}/model"));
        add.execute(params![name, version.number, run.end, run.end, user, source, id])?;
        if let Some(parent) = version.parent.map(|parent| &graph.versions[parent]) {
            let base = format!("{}/{}", model_name(parent.model), parent.number);
            tag.execute(params![name, version.number, "base_model", base])?;
        }
    }
    for (at, deployment) in graph.deployments.iter().enumerate() {
        let version = &graph.versions[deployment.version];
        let value = json!({
            "env": environment(deployment.canary),
            "system": system_name(graph.system(version.model)),
            "start": deployment.start,
            // What ends later is not known yet.
            "end": (deployment.end < graph.now).then_some(deployment.end),
        });
        let key = format!("deployment.{at}");
        tag.execute(params![model_name(version.model), version.number, key, value.to_string()])?;
    }
    Ok(())
}

/// Where a deployment runs.
pub(crate) fn environment(canary: bool) -> &'static str {
    if canary { "canary" } else { "prod" }
}

#[cfg(test)]
mod tests {
    use super::{Graph, write};
    use crate::calendar::stretches;

    #[test]
    fn what_is_in_the_graph_is_in_the_file_and_links_lead_somewhere() {
        let mut graph = Graph::new(1);
        graph.grow(&stretches(200_000, 1_000_000)[0]);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mlflow.db");
        write(&graph, &file).expect("written");
        write(&graph, &file).expect("written again");
        let db = rusqlite::Connection::open(&file).expect("opened");
        let count = |sql: &str| -> usize {
            let count: i64 = db.query_row(sql, [], |row| row.get(0)).expect("a number");
            usize::try_from(count).expect("a count")
        };
        assert_eq!(count("select count(*) from runs"), graph.runs.len());
        assert_eq!(count("select count(distinct digest) from datasets"), graph.datasets.len());
        assert_eq!(count("select count(*) from model_versions"), graph.versions.len());
        let inputs: usize = graph.runs.iter().map(|run| run.inputs.len()).sum();
        let linked = "select count(*) from inputs join datasets on source_id = dataset_uuid \
                      join runs on destination_id = run_uuid join input_tags using(input_uuid)";
        assert_eq!(count(linked), inputs);
        let deployed = "select count(*) from model_version_tags where key like 'deployment.%'";
        assert_eq!(count(deployed), graph.deployments.len());
        let tuned = graph.versions.iter().filter(|version| version.parent.is_some()).count();
        let known = "select count(*) from model_version_tags t join model_versions v \
                     on t.value = v.name || '/' || v.version where key = 'base_model'";
        assert_eq!(count(known), tuned);
    }
}
