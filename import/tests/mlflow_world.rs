//! A store whose tags and dataset sources carry more than MLflow knows, imported with nothing but
//! a mapping file: no code knows this world.

use lineal_engine::schema::{Kind, Relation};
use lineal_import::mapping::Mapping;
use lineal_import::mlflow::{Form, Snapshot, read};
use lineal_import::record::{Edge, NodeRecord, Part, Reference};
use lineal_proof::Value;

/// The tables as the world's generator makes them: fewer and narrower than MLflow's own.
const TABLES: &str = "
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
";

const ROWS: &str = r#"
insert into experiments values(7,'high-risk/model-00007','s3://a','active',1672531200000,1672531200000),(8,'high-risk/model-00008','s3://a','active',1672531200001,1672531200001);
insert into runs values('r1','run-1','JOB','user001','FINISHED',10,20,'active','s3://a/r1',7);
insert into tags values('mlflow.user','user001','r1'),('mlflow.source.git.commit','c0ffee','r1'),('eu_ai_act.system_id','sys-001','r1'),('approved_by','approver07','r1'),('risk_assessment','RA-000001','r1');
insert into params values('lr','0.001','r1');
insert into latest_metrics values('auc',0.8,20,0,0,'r1');
insert into datasets values('u1',7,'raw','aa','local','{"uri": "s3://lake/raw/v1", "version": 1, "kind": "raw", "parents": []}','{}','{}'),
 ('u1b',8,'raw','aa','local','{"uri": "s3://lake/raw/v1", "version": 1, "kind": "raw", "parents": []}','{}','{}'),
 ('u2',7,'clean','bb','local','{"uri": "s3://lake/clean/v3", "version": 3, "kind": "derived", "parents": ["aa", "cc"]}','{}','{}');
insert into inputs values('i1','DATASET','u2','RUN','r1',0);
insert into input_tags values('i1','mlflow.data.context','train');
insert into registered_models values('model-00007',30,30,'');
insert into model_versions values('model-00007',1,30,30,'','user001','Production','s3://a/r1/model','r1','READY'),('model-00007',2,31,31,'','user001','Production','s3://a/r1/model','r1','READY');
insert into model_version_tags values('model-00007',2,'base_model','models/of/others/4'),
 ('model-00007',2,'deployment.dep-0005','{"env": "prod", "system": "sys-001", "start": 1700000000000, "end": null}'),
 ('model-00007',2,'deployment.dep-0006','{"env": "stage", "system": "sys-001", "start": 1700000000000, "end": 1700000001000}'),
 ('model-00007',2,'deployment.broken','stopped'),
 ('model-00007',2,'team','blue');
"#;

fn world() -> Snapshot {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mlflow.db");
    let database = rusqlite::Connection::open(&path).expect("a database");
    database.execute_batch(TABLES).expect("tables");
    database.execute_batch(ROWS).expect("rows");
    drop(database);
    let mapping = include_str!("fixtures/world.toml");
    let mapping = Mapping::parse(mapping, "world.toml").expect("a sound mapping").mlflow;
    read(&path, Form::Sqlite, &mapping, Some("world")).expect("a store that can be read")
}

fn find<'a>(snapshot: &'a Snapshot, kind: Kind, key: &[Part]) -> &'a NodeRecord {
    let node = Reference::new(kind, key.to_vec());
    snapshot.records.iter().find(|record| record.node == node).expect("a node of that key")
}

fn version() -> Reference {
    Reference::new(Kind::Model, vec!["world".into(), "model-00007".into(), "2".into()])
}

#[test]
fn the_source_of_a_dataset_gives_version_category_place_and_parents() {
    let snapshot = world();
    let source =
        r#"{"kind":"derived","parents":["aa","cc"],"uri":"s3://lake/clean/v3","version":3}"#;
    let key = ["clean".into(), "bb".into(), "local".into(), source.into()];
    let clean = find(&snapshot, Kind::Dataset, &key);
    let field = |name: &str| clean.fields.get(name).and_then(Value::as_text);
    assert_eq!(field("version"), Some("3"));
    assert_eq!(field("category"), Some("derived"));
    assert_eq!(field("uri"), Some("s3://lake/clean/v3"));
    let parent = |digest: &str| {
        let claim = vec![Part::Null, digest.into(), Part::Null, Part::Null];
        Edge::new(Relation::DerivedFrom, Reference::new(Kind::Dataset, claim))
    };
    assert_eq!(clean.edges, [parent("aa"), parent("cc")]);
    let datasets = snapshot.records.iter().filter(|record| record.node.kind == Kind::Dataset);
    assert_eq!(
        (datasets.count(), snapshot.counts.datasets),
        (2, 3),
        "one dataset in two experiments"
    );
}

#[test]
fn the_tags_of_a_run_give_approval_assessment_and_system() {
    let snapshot = world();
    let run = find(&snapshot, Kind::Run, &["r1".into()]);
    let key = ["world".into(), "run:r1".into(), Part::Personal("approver07".into()), Part::Null];
    let approval = find(&snapshot, Kind::Approval, &key);
    assert!(approval.edges.contains(&Edge::new(Relation::Approves, run.node.clone())));
    let approver = Reference::new(Kind::Actor, vec![Part::Personal("approver07".into())]);
    assert!(approval.edges.contains(&Edge::new(Relation::DoneBy, approver.clone())));
    find(&snapshot, Kind::Actor, &approver.key);
    let key = ["world".into(), "RA-000001".into(), Part::Null];
    let assessment = find(&snapshot, Kind::Document, &key);
    assert_eq!(assessment.fields.get("type"), Some(&Value::text("risk_assessment")));
    assert_eq!(assessment.edges, [Edge::new(Relation::Documents, run.node.clone())]);
    let system = Reference::new(Kind::System, vec!["sys-001".into()]);
    assert!(run.edges.contains(&Edge::new(Relation::BelongsTo, system)));
    let code = Reference::new(Kind::Code, vec!["c0ffee".into()]);
    assert!(run.edges.contains(&Edge::new(Relation::Executes, code)));
    assert_eq!(run.fields.get("tags"), None, "every tag was used or is sealed");
    let trained = run.edges.iter().filter(|edge| edge.relation == Relation::TrainedOn);
    assert_eq!(trained.count(), 1);
    // A store that holds nothing but the last point of each metric.
    let run = run.clone().whole();
    let series = run.fields.get("series").and_then(Value::as_map).and_then(|map| map.get("auc"));
    let point = Value::List(vec![Value::from(0_i64), Value::from(20_i64), Value::Float(0.8)]);
    assert_eq!(series, Some(&Value::List(vec![point])));
}

#[test]
fn the_tags_of_a_version_give_its_base_and_its_deployments() {
    let snapshot = world();
    let model = find(&snapshot, Kind::Model, &version().key);
    let base = vec![Part::Null, "models/of/others".into(), "4".into()];
    let base = Edge::new(Relation::DerivedFrom, Reference::new(Kind::Model, base));
    assert!(model.edges.contains(&base));
    let key = |env: &str, id: &str| -> Vec<Part> {
        vec!["model-00007".into(), env.into(), id.into(), "model-00007".into(), "2".into()]
    };
    let open = find(&snapshot, Kind::Deployment, &key("prod", "dep-0005"));
    let system = Reference::new(Kind::System, vec!["sys-001".into()]);
    assert_eq!(
        open.edges,
        [Edge::new(Relation::Deploys, version()), Edge::new(Relation::BelongsTo, system)]
    );
    let start_ns = 1_700_000_000_000_000_000_i64;
    assert_eq!(open.fields.get("time"), Some(&Value::from(start_ns)));
    assert_eq!(open.fields.get("until"), None, "no end is recorded");
    let closed = find(&snapshot, Kind::Deployment, &key("stage", "dep-0006"));
    assert_eq!(closed.fields.get("until"), Some(&Value::from(start_ns + 1_000_000_000)));
    // What no rule could use stays as it was written, and is warned of.
    let tags = model.fields.get("tags").and_then(Value::as_map).expect("tags");
    let left: Vec<_> = tags.iter().map(|(key, _)| key).collect();
    assert_eq!(left, ["team", "deployment.broken"]);
    assert!(snapshot.warnings.iter().any(|warning| warning.contains("deployment.broken")));
}

#[test]
fn many_runs_each_get_their_own_rows_however_these_lie() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("mlflow.db");
    let database = rusqlite::Connection::open(&path).expect("a database");
    database.execute_batch(TABLES).expect("tables");
    // More than are put together at once; each table lies in another order.
    database
        .execute_batch(
            "create table numbers(n int);
             with recursive up(n) as (select 0 union all select n + 1 from up where n < 2499)
             insert into numbers select n from up;
             insert into experiments values(1,'e','s3://a','active',1,1);
             insert into runs select printf('r%04d', (n * 7) % 2500), 'name ' || ((n * 7) % 2500), 'JOB', 'user1', 'FINISHED', 10, 20, 'active', 's3://a', 1 from numbers;
             insert into params select 'p', (n * 11) % 2500, printf('r%04d', (n * 11) % 2500) from numbers;
             insert into tags select 't', n, printf('r%04d', n) from numbers order by n desc;
             insert into tags select 'mlflow.source.git.commit', 'c' || (n % 3), printf('r%04d', n) from numbers;
             insert into latest_metrics select 'auc', (n * 13) % 2500 + 0.5, 20, 0, 0, printf('r%04d', (n * 13) % 2500) from numbers;
             insert into latest_metrics values('auc', 1.0, 20, 0, 0, 'gone');",
        )
        .expect("rows");
    drop(database);
    let mapping = Mapping::embedded().expect("the built-in mapping is sound").mlflow;
    let snapshot = read(&path, Form::Sqlite, &mapping, None).expect("a store that can be read");
    let runs: Vec<_> = snapshot.records.iter().filter(|r| r.node.kind == Kind::Run).collect();
    assert_eq!((runs.len(), snapshot.counts.runs, snapshot.counts.points), (2500, 2500, 2500));
    for (number, run) in runs.into_iter().enumerate() {
        let member = |field: &str, name: &str| {
            run.fields.get(field).and_then(Value::as_map).and_then(|map| map.get(name)).cloned()
        };
        assert_eq!(run.node.key, [format!("r{number:04}").into()]);
        assert_eq!(run.fields.get("name"), Some(&Value::text(format!("name {number}"))));
        assert_eq!(member("params", "p"), Some(Value::text(number.to_string())));
        assert_eq!(member("tags", "t"), Some(Value::text(number.to_string())));
        let number = f64::from(u16::try_from(number).expect("a small number"));
        assert_eq!(member("metrics", "auc"), Some(Value::float(number + 0.5)));
    }
    let codes = snapshot.records.iter().filter(|record| record.node.kind == Kind::Code);
    assert_eq!(codes.count(), 3, "what many runs say of one node comes together");
    assert_eq!(snapshot.skipped, [("rows of runs that are no longer in the store".to_owned(), 1)]);
}
