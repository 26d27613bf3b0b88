//! `--explain-mapping`: what is shown of a file before it is imported.

use std::fs;

use lineal_import::datadog::explain::explain;

use crate::keeper::{built_in, fixture, mapping};

#[test]
fn each_path_is_listed_with_what_became_of_it() {
    let paths = [fixture("datadog-art12-a-nested")];
    let seen = explain(&paths, &built_in(), u64::MAX).expect("reads");
    assert_eq!((seen.files, seen.lines, seen.accepted), (3, 314, 310));
    let path = |name: &str| &seen.paths[name];
    assert_eq!(path("attributes:art12.model.version").count, 310);
    assert_eq!(path("attributes:art12.model.version").became.get("model_version"), Some(&310));
    assert_eq!(path("attributes:dd.trace_id").became.get("rest"), Some(&310));
    assert_eq!(path("attributes:http.status_code").became.get("no event"), Some(&3));
    assert_eq!(path("attributes:art12.session.end").became.get("blank"), Some(&310));
    assert_eq!(path("tag:compliance.art12").became.get("art12"), Some(&310));
    assert_eq!(path("frame:_id").became.get("log_id"), Some(&310));
    let types: Vec<_> = path("attributes:art12.output.confidence").types.iter().copied().collect();
    assert_eq!(types, ["number"]);
    let roots: Vec<_> = seen.roots.iter().map(|root| (root.root.as_str(), root.lines)).collect();
    assert_eq!(
        roots,
        [
            ("attributes:art12", 310),
            ("attributes:ai", 0),
            ("json(frame:message).art12", 0),
            ("json(frame:message).ai", 0),
            ("json(frame:message)", 0)
        ]
    );
    assert_eq!(seen.fields["input_hash"], 310);
    assert!(seen.never_found.contains(&"verified_by"));
    assert_eq!(seen.required_never_found, Vec::<&str>::new());
    assert_eq!(seen.broken.len(), 1);
    let page = seen.to_string();
    assert!(page.starts_with("314 lines of 3 files looked at: 310 are events\n"), "{page}");
    assert!(!page.contains("reviewer-0") && !page.contains("cdda4d34"), "no values");
    let json = serde_json::to_value(&seen).expect("JSON");
    assert_eq!(json["paths"]["frame:source"]["became"]["rest"], 310);
}

#[test]
fn texts_with_json_are_opened_where_the_mapping_reads_them() {
    let paths = [fixture("datadog-art12-c-message")];
    let seen = explain(&paths, &built_in(), 20).expect("reads");
    assert_eq!(seen.lines, 20, "no further than asked");
    assert_eq!(seen.paths["json(frame:message).input.hash"].became["input_hash"], 20);
    assert!(!seen.paths.contains_key("frame:message"));
}

#[test]
fn a_form_that_is_not_mapped_shows_where_its_values_are() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("log.json");
    let line = r#"{"when":"2025-11-03T14:00:00Z","tags":["a:b","bare"],"attributes":{"inference":{"id":"E"},"payload":"{\"x\":1}"}}"#;
    fs::write(&file, line).expect("file");
    let seen = explain(std::slice::from_ref(&file), &built_in(), 100).expect("reads");
    assert_eq!(seen.accepted, 0);
    assert_eq!(seen.required_never_found, ["time"]);
    let names: Vec<_> = seen.paths.keys().map(String::as_str).collect();
    let expected =
        ["attributes:inference.id", "attributes:payload", "frame:when", "tag:a", "tag:bare"];
    assert_eq!(names, expected);
    assert!(seen.paths["attributes:payload"].types.contains("text with JSON"));
    // Mapped in three lines, as the page suggests.
    let rules = mapping(
        "[datadog]\nroots = [\"attributes:inference\"]\n[datadog.fields]\n\
         time = \"frame:when\"\nevent_id = \"id\"\n",
    );
    let seen = explain(&[file], &rules, 100).expect("reads");
    assert_eq!((seen.accepted, seen.fields["event_id"]), (1, 1));
}
