//! The formats of answers beside the table.

mod graph;

use expect_test::expect;
use graph::Graph;
use lineal_query::{Answer, Limits, Parameters, Picture, Prepared, Request};

fn ask(graph: &Graph, text: &str) -> Answer {
    let (parameters, limits) = (Parameters::new(), Limits::default());
    let request = Request { parameters: &parameters, limits: &limits, now: 0 };
    let prepared = Prepared::new(text).unwrap_or_else(|e| panic!("{}", e.render(text)));
    prepared.run(graph, &request).unwrap_or_else(|e| panic!("{}", e.render(text)))
}

fn small() -> Graph {
    Graph::new(
        "dataset:raw@1 time=2026-01-01 license=a,\"b\"\nrun:train started=2026-01-02 ended=2026-01-03\n\
         model:m@1 time=2026-01-03\nmodel:base@1!stub\nactor:ada\n\
         run:train trained_on dataset:raw@1\nmodel:m@1 produced_by run:train\n\
         model:m@1 derived_from model:base@1\nrun:train done_by actor:ada\ncommit 2026-02-01",
    )
}

#[test]
fn lines_of_json_and_csv_hold_the_columns() {
    let answer = ask(&small(), "find dataset return it, license, rows");
    expect![[r#"
        {"it":"dataset:raw@1","license":"a,\"b\"","rows":null}
    "#]]
    .assert_eq(&answer.to_ndjson());
    let csv = answer.to_csv();
    assert_eq!(csv, "it,license,rows\ndataset:raw@1,\"a,\"\"b\"\"\",\n");
}

#[test]
fn pictures_show_the_things_of_the_rows_and_the_edges_between_them() {
    let graph = small();
    let answer =
        ask(&graph, "find node upstream of model:m@1 union find model:m@1 union find actor");
    let Ok(picture) = Picture::of(&answer, &graph) else { panic!("it can be drawn") };
    expect![[r#"
        digraph lineage {
          rankdir=LR;
          node [shape=box];
          n0 [label="actor:ada"];
          n1 [label="dataset:raw@1"];
          n2 [label="run:train"];
          n3 [label="model:base@1", style=dashed];
          n4 [label="model:m@1"];
          n1 -> n2 [label="trains"];
          n0 -> n2 [label="did"];
          n3 -> n4 [label="source_of"];
          n2 -> n4 [label="produces"];
        }
    "#]]
    .assert_eq(&picture.to_dot());
    expect![[r#"
        flowchart LR
          n0["actor:ada"]
          n1["dataset:raw@1"]
          n2["run:train"]
          n3["model:base@1"]
          style n3 stroke-dasharray: 4 4
          n4["model:m@1"]
          n1 -->|trains| n2
          n0 -->|did| n2
          n3 -->|source_of| n4
          n2 -->|produces| n4
    "#]]
    .assert_eq(&picture.to_mermaid());
}

#[test]
fn prov_names_entities_activities_and_agents() {
    let graph = small();
    let answer =
        ask(&graph, "find node upstream of model:m@1 union find model:m@1 union find actor");
    let Ok(picture) = Picture::of(&answer, &graph) else { panic!("it can be drawn") };
    let prov = picture.to_prov();
    let text = serde_json::to_string_pretty(&prov).unwrap_or_default();
    expect![[r#"
        {
          "prefix": {
            "lineal": "urn:lineal:"
          },
          "agent": {
            "lineal:actor%3Aada": {
              "prov:label": "actor:ada",
              "prov:type": {
                "$": "lineal:actor",
                "type": "prov:QUALIFIED_NAME"
              }
            }
          },
          "entity": {
            "lineal:dataset%3Araw%401": {
              "prov:label": "dataset:raw@1",
              "prov:type": {
                "$": "lineal:dataset",
                "type": "prov:QUALIFIED_NAME"
              },
              "lineal:time": {
                "$": "2026-01-01T00:00:00Z",
                "type": "xsd:dateTime"
              }
            },
            "lineal:model%3Abase%401": {
              "prov:label": "model:base@1",
              "prov:type": {
                "$": "lineal:model",
                "type": "prov:QUALIFIED_NAME"
              },
              "lineal:missing": true
            },
            "lineal:model%3Am%401": {
              "prov:label": "model:m@1",
              "prov:type": {
                "$": "lineal:model",
                "type": "prov:QUALIFIED_NAME"
              },
              "lineal:time": {
                "$": "2026-01-03T00:00:00Z",
                "type": "xsd:dateTime"
              }
            }
          },
          "activity": {
            "lineal:run%3Atrain": {
              "prov:label": "run:train",
              "prov:type": {
                "$": "lineal:run",
                "type": "prov:QUALIFIED_NAME"
              },
              "prov:startTime": "2026-01-02T00:00:00Z",
              "prov:endTime": "2026-01-03T00:00:00Z"
            }
          },
          "used": {
            "_:r0": {
              "prov:activity": "lineal:run%3Atrain",
              "prov:entity": "lineal:dataset%3Araw%401",
              "prov:type": {
                "$": "lineal:trained_on",
                "type": "prov:QUALIFIED_NAME"
              }
            }
          },
          "wasAssociatedWith": {
            "_:r1": {
              "prov:activity": "lineal:run%3Atrain",
              "prov:agent": "lineal:actor%3Aada",
              "prov:type": {
                "$": "lineal:done_by",
                "type": "prov:QUALIFIED_NAME"
              }
            }
          },
          "wasDerivedFrom": {
            "_:r2": {
              "prov:generatedEntity": "lineal:model%3Am%401",
              "prov:usedEntity": "lineal:model%3Abase%401",
              "prov:type": {
                "$": "lineal:derived_from",
                "type": "prov:QUALIFIED_NAME"
              }
            }
          },
          "wasGeneratedBy": {
            "_:r3": {
              "prov:entity": "lineal:model%3Am%401",
              "prov:activity": "lineal:run%3Atrain",
              "prov:type": {
                "$": "lineal:produced_by",
                "type": "prov:QUALIFIED_NAME"
              }
            }
          }
        }"#]]
    .assert_eq(&text);
}

#[test]
fn a_picture_is_of_the_view_that_was_asked() {
    let graph = Graph::new(
        "model:b@1\ncommit 2026-01-01\nmodel:a@1\nmodel:b@1 derived_from model:a@1\ncommit 2026-02-01",
    );
    let answer = ask(&graph, "find model as of 1");
    let Ok(picture) = Picture::of(&answer, &graph) else { panic!("it can be drawn") };
    let names: Vec<_> = picture.things.iter().map(|thing| thing.name.as_str()).collect();
    assert_eq!((names, picture.lines.len()), (vec!["model:b@1"], 0));
}

/// Whoever follows `wasDerivedFrom` must not find the predecessor's data behind the successor.
#[test]
fn succession_is_no_derivation_in_prov() {
    let graph = Graph::new(
        "model:m@1\nmodel:m@2\nmodel:base@1\nmodel:m@2 follows model:m@1\n\
         model:m@2 derived_from model:base@1\ncommit 2026-02-01",
    );
    let answer = ask(&graph, "find model");
    let Ok(picture) = Picture::of(&answer, &graph) else { panic!("it can be drawn") };
    let prov = picture.to_prov();
    let older = |section: &str, end: &str| -> Vec<String> {
        let links = prov[section].as_object().into_iter().flatten();
        links.filter_map(|(_, link)| Some(link[end].as_str()?.to_owned())).collect()
    };
    assert_eq!(older("wasDerivedFrom", "prov:usedEntity"), ["lineal:model%3Abase%401"]);
    assert_eq!(older("wasInfluencedBy", "prov:influencer"), ["lineal:model%3Am%401"]);
}
