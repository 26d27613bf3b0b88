//! What an event becomes, and what is no event.

use super::{EventSaid, Item, Said, read};
use crate::record::{NodeRecord, Reject};
use lineal_engine::schema::{Kind, Relation};
use lineal_proof::Value;
use serde_json::{Value as Json, json};

const RUN: &str = "0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d";
const PARENT: &str = "0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c00";

fn items(text: &str) -> Vec<Item> {
    let mut items = Vec::new();
    let ended = read(text.as_bytes(), "e.ndjson", &mut |item| {
        items.push(item);
        Ok::<_, std::io::Error>(())
    });
    assert_eq!(ended.unwrap().events, items.len() as u64);
    items
}

fn event(text: &str) -> EventSaid {
    match items(text).pop() {
        Some(Item::Event(event)) => event,
        other => panic!("{other:?}"),
    }
}

fn rejects(text: &str) -> Vec<Reject> {
    let rejects = items(text).into_iter().filter_map(|item| match item {
        Item::Reject(reject) => Some(reject),
        Item::Event(_) => None,
    });
    rejects.collect()
}

fn complete() -> Json {
    json!({
        "eventTime": "2025-11-03T15:00:00+01:00", "eventType": "COMPLETE", "producer": "p",
        "run": { "runId": RUN.to_uppercase(), "facets": {
            "parent": { "run": { "runId": PARENT }, "job": { "namespace": "n", "name": "dag" } },
            "tags": { "tags": [{ "key": "team", "value": "credit" }, { "key": "run_owner", "value": "maria" }] },
            "nominalTime": { "_producer": "x", "nominalStartTime": "2025-11-03T00:00:00Z" },
            "airflow": { "dag": { "owner": "maria" } },
        } },
        "job": { "namespace": "n", "name": "dag.train", "facets": {
            "ownership": { "owners": [{ "name": "maria", "type": "MAINTAINER" }] },
            "sql": { "query": "select 1" },
            "sourceCodeLocation": { "type": "git", "url": "https://e.org/r.git", "version": "c0ffee", "branch": "main" },
        } },
        "inputs": [{ "namespace": "s3://b", "name": "in", "facets": {
            "version": { "datasetVersion": "7" },
            "schema": { "fields": [{ "type": "double", "name": "income" }] },
            "dataSource": { "uri": "s3://b/in" },
        }, "inputFacets": { "inputStatistics": { "rowCount": 5 } } }],
        "outputs": [{ "namespace": "s3://b", "name": "/home/maria/out" }],
    })
}

fn of(all: &EventSaid, form: &str, kind: Kind) -> Vec<NodeRecord> {
    let fits = |said: &&Said| said.form == form && said.record.node.kind == kind;
    all.said.iter().filter(fits).map(|said| said.record.clone()).collect()
}

fn sealed(record: &NodeRecord) -> Vec<&str> {
    record.personal.iter().map(|held| held.field.as_str()).collect()
}

#[test]
fn a_run_says_its_end_what_it_used_and_whose_part_it_is() {
    let all = event(&complete().to_string());
    assert_eq!(all.time, 1_762_178_400_000_000_000);
    let [run] = of(&all, "openlineage-complete", Kind::Run).try_into().unwrap();
    assert_eq!(run.node.key, [RUN.into()], "ids are one, however they are written");
    let field = |name| run.fields.get(name).cloned();
    assert_eq!(field("status"), Some(Value::text("FINISHED")));
    assert_eq!((field("ended"), field("started")), (Some(Value::from(all.time)), None));
    let relations: Vec<Relation> = run.edges.iter().map(|edge| edge.relation).collect();
    use Relation::{ChildOf, Executes, InExperiment, Used};
    assert_eq!(relations, [InExperiment, Used, ChildOf, Executes]);
    let Some(Value::Map(tags)) = field("tags") else { panic!("{run:?}") };
    assert_eq!(tags.get("team"), Some(&Value::text("credit")));
    let nominal = r#"{"nominalStartTime":"2025-11-03T00:00:00Z"}"#;
    assert_eq!(tags.get("facet.nominalTime"), Some(&Value::text(nominal)));
    let Some(Value::Map(uses)) = field("input_tags") else { panic!("{run:?}") };
    assert_eq!(uses.get("in@7/inputStatistics"), Some(&Value::text(r#"{"rowCount":5}"#)));
    let names: Vec<_> =
        of(&all, "openlineage-named", Kind::Experiment).into_iter().map(|it| it.node.key).collect();
    assert_eq!(names, [["n".into(), "dag.train".into()], ["n".into(), "dag".into()]]);
    let [code] = of(&all, "openlineage-named", Kind::Code).try_into().unwrap();
    assert_eq!(code.fields.get("branch"), Some(&Value::text("main")));
}

#[test]
fn datasets_keep_version_and_columns_and_outputs_say_by_whom() {
    let all = event(&complete().to_string());
    let [input, output] = of(&all, "openlineage-named", Kind::Dataset).try_into().unwrap();
    assert!(input.edges.is_empty() && input.fields.get("version") == Some(&Value::text("7")));
    assert_eq!(output.edges[0].relation, Relation::ProducedBy);
    let [facets] = of(&all, "openlineage-facets", Kind::Dataset).try_into().unwrap();
    assert_eq!(facets.fields.get("uri"), Some(&Value::text("s3://b/in")));
    let columns = r#"[{"name":"income","type":"double"}]"#;
    assert_eq!(facets.fields.get("schema"), Some(&Value::text(columns)), "members in order");
}

#[test]
fn what_names_a_person_is_sealed_and_stands_nowhere_else() {
    let all = event(&complete().to_string());
    let [run] = of(&all, "openlineage-complete", Kind::Run).try_into().unwrap();
    assert_eq!(sealed(&run), ["tags.run_owner", "tags.facet.airflow"]);
    let [job] = of(&all, "openlineage-facets", Kind::Experiment).try_into().unwrap();
    assert_eq!(sealed(&job), ["tags.ownership.0", "tags.facet.sql"]);
    assert_eq!(job.personal[0].person.as_deref(), Some("maria"));
    for Said { record, .. } in &all.said {
        assert!(!format!("{:?}", record.fields).contains("maria"), "{record:?}");
        let key = format!("{:?}", record.node.key);
        assert!(!key.contains("maria") || key.contains("Personal"), "{key}");
    }
}

#[test]
fn a_job_without_a_run_used_nothing() {
    let mut job = complete();
    job.as_object_mut().unwrap().remove("run");
    let all = event(&job.to_string());
    assert!(all.said.iter().all(|said| said.record.edges.is_empty()));
    let [declared] = of(&all, "openlineage-job", Kind::Experiment).try_into().unwrap();
    let Some(Value::Map(tags)) = declared.fields.get("tags") else { panic!("{declared:?}") };
    assert_eq!(tags.get("declared.inputs"), Some(&Value::text(r#"[["s3://b","in"]]"#)));
    let dataset =
        json!({ "eventTime": "2025-11-03T14:00:00Z", "dataset": complete()["inputs"][0] });
    let all = event(&dataset.to_string());
    assert!(all.said.iter().all(|said| said.record.node.kind == Kind::Dataset));
}

#[test]
fn lines_documents_and_lists_say_the_same() {
    let one = complete();
    let line = event(&one.to_string());
    let keys = |event: &EventSaid| {
        event
            .said
            .iter()
            .map(|said| (said.form, said.record.node.clone(), said.record.fields.clone()))
            .collect::<Vec<_>>()
    };
    let pretty = serde_json::to_string_pretty(&one).unwrap();
    for text in [pretty.clone(), format!("[{one}]"), format!("[\n{pretty}\n]\n")] {
        assert_eq!(keys(&event(&text)), keys(&line), "{text}");
    }
    assert_eq!(items(&format!("{one}\n\n{one}\r\n")).len(), 2);
}

#[test]
fn what_is_no_event_says_where_and_what_was_expected() {
    let with = |path: &[&str], value: Json| {
        let mut event = complete();
        let (last, above) = path.split_last().unwrap();
        let at = above.iter().fold(&mut event, |at, name| &mut at[*name]);
        at[*last] = value;
        event.to_string()
    };
    let wrong = [
        (
            with(&["eventTime"], json!("{{ any(result) }}")),
            "`eventTime` cannot be read: a time of RFC 3339",
        ),
        (with(&["eventTime"], json!("2025-11-03T14:00:00")), "with its offset"),
        (with(&["eventTime"], Json::Null), "`eventTime` is missing"),
        (with(&["run", "runId"], json!("{{ any(result) }}")), "`run.runId` is no UUID"),
        (with(&["eventType"], json!("DONE")), "`eventType` is unknown: START"),
        (with(&["job"], Json::Null), "`job` is missing beside `run`"),
        (with(&["job", "name"], json!(" ")), "`job.name` is empty"),
        (with(&["inputs"], json!({})), "`inputs` is no list"),
        (with(&["outputs"], json!([{ "name": "x" }])), "`outputs[0].namespace` is missing"),
        (with(&["run", "facets"], json!([])), "`run.facets` is no JSON object"),
        ("{\"eventTime\":\"2025-11-03T14:00:00Z\"}".to_owned(), "neither `run` with `job`"),
        ("7".to_owned(), "is a JSON object"),
        ("{\"a\" 7}".to_owned(), "no readable JSON from column 6 on"),
    ];
    for (line, expected) in wrong {
        let text = format!("{}\n{line}\n{}\n", complete(), complete());
        let [reject] = rejects(&text).try_into().unwrap();
        assert_eq!((reject.at.file.as_str(), reject.at.line), ("e.ndjson", 2), "{line}");
        assert!(reject.reason.contains(expected), "{line}: {}", reject.reason);
        assert!(!reject.reason.contains("any("), "no values: {}", reject.reason);
    }
    let [reject] = rejects(&format!("[{}, 7]", complete())).try_into().unwrap();
    assert!(reject.reason.starts_with("event 1: "), "{}", reject.reason);
    let [reject] = rejects("{\n\"eventTime\": \n").try_into().unwrap();
    assert_eq!(reject.at.line, 3, "a document that breaks off");
    let cut = complete().to_string();
    let text = format!("{}\n{cut}\n", &cut[..cut.len() / 2]);
    assert!(
        matches!(items(&text).as_slice(), [Item::Reject(reject), Item::Event(_)] if reject.at.line == 1)
    );
}

#[test]
fn a_line_that_is_too_long_is_passed_over_and_the_next_is_read() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(super::EVENT_BYTES_MAX));
    let found = items(&format!("{}\n{long}\n{}\n", complete(), complete()));
    assert!(matches!(found.as_slice(), [Item::Event(_), Item::Reject(reject), Item::Event(_)]
        if reject.at.line == 2 && reject.reason.contains("has more than")));
}
