//! What is exported: tools of others take it, it says what is recorded and no more, and the same view
//! gives the same bytes.

use lineal_engine::schema::Kind;
use lineal_evidence::export::{CycloneDxVersion, Form, export};
use lineal_evidence::{Closure, Error};
use lineal_tests::every_kind::{self, EveryKind};
use lineal_tests::foreign;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static BANK: LazyLock<EveryKind> = LazyLock::new(every_kind::load);

const FORMS: [(&str, Form); 6] = [
    ("prov", Form::Prov),
    ("cyclonedx", Form::CycloneDx(CycloneDxVersion::V1_7)),
    ("cyclonedx-1.6", Form::CycloneDx(CycloneDxVersion::V1_6)),
    ("slsa", Form::Slsa),
    ("openlineage", Form::OpenLineage),
    ("car", Form::Car),
];

/// Every export of every model, data set, deployment and system of the bank, by form.
fn all() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let view = BANK.place.view();
    let mut all: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for kind in [Kind::Model, Kind::Dataset, Kind::Deployment, Kind::System] {
        for node in view.nodes_of(kind) {
            let closure = Closure::of(&view, node).expect("a closure");
            for (name, form) in FORMS {
                match export(form, &BANK.place.store, &view, &closure) {
                    Ok(bytes) => all.entry(name).or_default().push(bytes),
                    // What no run produced has no provenance of this form.
                    Err(Error::WrongKind { .. } | Error::Missing { .. }) => {
                        assert_eq!(name, "slsa", "{}", view.name_of(node));
                    }
                    Err(error) => panic!("{name} of {}: {error}", view.name_of(node)),
                }
            }
        }
    }
    all
}

#[test]
fn tools_of_others_take_every_export() {
    let wanted =
        ["prov", "cyclonedx", "jsonschema", "in_toto_attestation", "openlineage.client", "blake3"];
    let Some(python) = foreign::python("exports in the tools of others", &wanted) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut written = BTreeMap::new();
    for (form, exports) in all() {
        written.insert(form, exports.len() as u64);
        for (number, bytes) in exports.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{number}.{form}")), bytes).unwrap();
        }
    }
    let arguments = [folder.path().as_os_str()];
    let said = foreign::run(&python, "read_exports.py", &arguments, b"").expect("python starts");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let read: BTreeMap<String, u64> = serde_json::from_str(&said.stdout).unwrap();
    for (form, count) in written {
        assert!(count > 2, "{count} exports as {form}");
        assert_eq!(read.get(form), Some(&count), "{form}");
    }
}

#[test]
fn an_export_names_no_person_and_holds_nothing_that_is_sealed() {
    let view = BANK.place.view();
    let mut sealed = Vec::new();
    for kind in lineal_engine::schema::NODE_KINDS {
        for node in view.nodes_of(*kind) {
            let (open, names) = view.open_fields(node).unwrap();
            for name in &names {
                let value = view.field(node, name.split('.').next().unwrap_or_default()).unwrap();
                let text = value.as_ref().and_then(lineal_proof::Value::as_text);
                let stands_open = open.get(name).is_some();
                if let Some(text) = text.filter(|text| text.len() > 8 && !stands_open) {
                    sealed.push(text.to_owned());
                }
            }
        }
    }
    assert!(sealed.len() > 2, "the bank holds sealed texts: {sealed:?}");
    for (form, exports) in all() {
        for bytes in exports {
            let text = String::from_utf8_lossy(&bytes);
            for value in &sealed {
                assert!(!text.contains(value.as_str()), "{form} holds {value}");
            }
        }
    }
}

#[test]
fn the_same_view_gives_the_same_bytes() {
    assert_eq!(all(), all());
}

#[test]
fn a_digest_is_one_only_under_the_algorithm_that_its_source_named() {
    let view = BANK.place.view();
    for node in view.nodes_of(Kind::Model) {
        let closure = Closure::of(&view, node).unwrap();
        let Ok(bytes) = export(Form::Slsa, &BANK.place.store, &view, &closure) else { continue };
        for line in String::from_utf8(bytes).unwrap().lines() {
            let said: Json = serde_json::from_str(line).unwrap();
            let used = said["predicate"]["buildDefinition"]["resolvedDependencies"].as_array();
            for used in used.unwrap() {
                let Some(digests) = used["digest"].as_object() else { continue };
                for (algorithm, digest) in digests {
                    let length = match algorithm.as_str() {
                        "sha256" | "blake3" => 64,
                        "sha512" => 128,
                        "sha1" => 40,
                        "md5" => 32,
                        "gitCommit" => continue,
                        other => panic!("an algorithm that nobody named: {other}"),
                    };
                    assert_eq!(digest.as_str().map(str::len), Some(length), "{used}");
                }
            }
        }
    }
}
