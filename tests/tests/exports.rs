//! What is exported: tools of others take it, it says what is recorded and no more, and the same view
//! gives the same bytes.

use lineal_engine::schema::{Kind, Relation};
use lineal_evidence::export::{CycloneDxVersion, Form, export};
use lineal_evidence::{Closure, Error};
use lineal_tests::every_kind::{self, EveryKind};
use lineal_tests::foreign;
use lineal_tests::place::Place;
use serde_json::Value as Json;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static BANK: LazyLock<EveryKind> = LazyLock::new(every_kind::load);

/// What documents of others say, with digests.
static OTHERS: LazyLock<Place> = LazyLock::new(Place::of_documents);

const FORMS: [(&str, Form); 8] = [
    ("prov", Form::Prov),
    ("cyclonedx", Form::CycloneDx(CycloneDxVersion::V1_7)),
    ("cyclonedx-1.6", Form::CycloneDx(CycloneDxVersion::V1_6)),
    ("slsa", Form::Slsa),
    ("openlineage", Form::OpenLineage),
    ("spdx", Form::Spdx),
    ("croissant", Form::Croissant),
    ("car", Form::Car),
];

/// Forms that are read by the tools of those who keep their profiles.
const OF_PROFILES: [&str; 2] = ["spdx", "croissant"];

/// Every export of every model, data set, deployment and system of both stores, by form.
fn all() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut all = BTreeMap::new();
    exports_of(&BANK.place, &mut all);
    exports_of(&OTHERS, &mut all);
    all
}

/// Ends a piece of work at each place where it asks, and says how many there are.
fn ended_everywhere<T>(work: impl Fn(&dyn Fn() -> bool) -> Result<T, Error>) -> u64 {
    let (asked, end) = (Cell::new(0_u64), Cell::new(u64::MAX));
    let run = || {
        asked.set(0);
        work(&|| {
            asked.set(asked.get() + 1);
            asked.get() <= end.get()
        })
    };
    assert!(run().is_ok());
    let all = asked.get();
    for at in 0..all {
        end.set(at);
        assert!(matches!(run(), Err(Error::Ended)), "at {at} of {all}");
        assert_eq!(asked.get(), at + 1, "it goes on after it was told to end");
    }
    all
}

#[test]
fn an_export_ends_wherever_it_is_when_nobody_waits_for_it_any_more() {
    let view = BANK.place.view();
    let model = view
        .nodes_of(Kind::Model)
        .max_by_key(|node| Closure::of(&view, *node).map_or(0, |closure| closure.members.len()));
    let model = model.expect("a model");
    let closure = Closure::of(&view, model).expect("a closure");
    let asked = ended_everywhere(|go_on| Closure::within(&view, model, &|_| true, go_on));
    assert!(asked >= 3 * closure.members.len() as u64, "at every node, three times: {asked}");
    for (name, form) in FORMS {
        let written =
            |go_on: &dyn Fn() -> bool| export(form, &BANK.place.store, &view, &closure, go_on);
        match name {
            // Drawn in one go along what the closure holds.
            "prov" => continue,
            "croissant" => assert!(matches!(written(&|| true), Err(Error::WrongKind { .. }))),
            _ => assert!(ended_everywhere(written) > 0, "{name}"),
        }
    }
    let derived = OTHERS.view();
    let files = derived.nodes_of(Kind::Dataset).filter_map(|node| {
        let closure = Closure::of(&derived, node).expect("a closure");
        closure.along(closure.root, Relation::DerivedFrom).next()?;
        Some(ended_everywhere(|go_on| {
            export(Form::Croissant, &OTHERS.store, &derived, &closure, go_on)
        }))
    });
    assert!(files.max() > Some(0), "a description asks at every file");
}

fn exports_of(place: &Place, all: &mut BTreeMap<&'static str, Vec<Vec<u8>>>) {
    let view = place.view();
    for kind in [Kind::Model, Kind::Dataset, Kind::Deployment, Kind::System] {
        for node in view.nodes_of(kind) {
            let closure = Closure::of(&view, node).expect("a closure");
            for (name, form) in FORMS {
                match export(form, &place.store, &view, &closure, &|| true) {
                    Ok(bytes) => all.entry(name).or_default().push(bytes),
                    // What no run produced has no provenance of the first form, a model no
                    // description of the second, a system without models no packages.
                    Err(Error::WrongKind { .. } | Error::Missing { .. }) => {
                        let is_none = matches!((name, kind), ("slsa", _) | ("spdx", Kind::System))
                            || name == "croissant" && kind != Kind::Dataset;
                        assert!(is_none, "{name} of {}", view.name_of(node));
                    }
                    Err(error) => panic!("{name} of {}: {error}", view.name_of(node)),
                }
            }
        }
    }
}

#[test]
fn tools_of_others_take_every_export() {
    let wanted =
        ["prov", "cyclonedx", "jsonschema", "in_toto_attestation", "openlineage.client", "blake3"];
    let Some(python) = foreign::python("exports in the tools of others", &wanted) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut written = BTreeMap::new();
    for (form, exports) in all().into_iter().filter(|(form, _)| !OF_PROFILES.contains(form)) {
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
fn tools_of_others_refuse_a_changed_export() {
    let wanted =
        ["prov", "cyclonedx", "jsonschema", "in_toto_attestation", "openlineage.client", "blake3"];
    let Some(python) = foreign::python("changed exports in the tools of others", &wanted) else {
        return;
    };
    let all = all();
    // Of texts a word that the form demands, of the archive a bit.
    let changes = [
        ("prov", "\"prov:type\"", "\"nowhere:type\""),
        ("cyclonedx", "\"specVersion\"", "\"specVersions\""),
        ("cyclonedx-1.6", "\"dependsOn\"", "\"dependsOff\""),
        ("slsa", "\"predicateType\"", "\"predicateTypes\""),
        ("openlineage", "\"runId\"", "\"runIds\""),
        ("car", "", ""),
    ];
    for (form, from, to) in changes {
        let folder = tempfile::tempdir().unwrap();
        let has =
            |bytes: &&Vec<u8>| from.is_empty() || String::from_utf8_lossy(bytes).contains(from);
        let mut bytes = all[form].iter().find(has).expect("one has it").clone();
        if from.is_empty() {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        } else {
            bytes = String::from_utf8(bytes).unwrap().replace(from, to).into_bytes();
        }
        std::fs::write(folder.path().join(format!("0.{form}")), bytes).unwrap();
        let arguments = [folder.path().as_os_str()];
        let said = foreign::run(&python, "read_exports.py", &arguments, b"").expect("it starts");
        assert_eq!(said.code, Some(1), "{form} with {to}: {}", said.stdout);
    }
}

#[test]
fn the_tools_of_spdx_and_croissant_take_every_export_and_refuse_a_changed_one() {
    let wanted = ["spdx_python_model", "mlcroissant"];
    let Some(python) = foreign::python("SPDX and Croissant in their own tools", &wanted) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let read = |folder: &std::path::Path| {
        foreign::run(&python, "read_profiles.py", &[folder.as_os_str()], b"").expect("it starts")
    };
    let all = all();
    for form in OF_PROFILES {
        for (number, bytes) in all[form].iter().enumerate() {
            std::fs::write(folder.path().join(format!("{number}.{form}")), bytes).unwrap();
        }
    }
    let said = read(folder.path());
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let counts: BTreeMap<String, usize> = serde_json::from_str(&said.stdout).unwrap();
    for form in OF_PROFILES {
        assert_eq!(counts.get(form), Some(&all[form].len()), "{form}");
        assert!(all[form].len() > 2, "{form}");
    }
    // What the forms demand, taken away or misspelt.
    let changes = [
        ("spdx", "\"hasOutput\"", "\"hasOutputs\""),
        ("spdx", "\"specVersion\"", "\"specVersions\""),
        ("croissant", "\"encodingFormat\"", "\"encodingFormats\""),
        ("croissant", "\"sha256\"", "\"sha257\""),
    ];
    for (form, from, to) in changes {
        let folder = tempfile::tempdir().unwrap();
        let texts = all[form].iter().map(|bytes| String::from_utf8_lossy(bytes));
        let text = texts.into_iter().find(|text| text.contains(from)).expect("one has it");
        std::fs::write(folder.path().join(format!("0.{form}")), text.replacen(from, to, 1))
            .unwrap();
        let said = read(folder.path());
        assert_eq!(said.code, Some(1), "{form} with {to}: {}", said.stdout);
    }
}

#[test]
fn an_export_names_no_person_and_holds_nothing_that_is_sealed() {
    let sealed = every_kind::sealed_texts(&BANK.place.view());
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
fn the_ids_of_licences_are_those_of_the_list_as_others_carry_it() {
    let wanted = ["cyclonedx", "license_expression"];
    let Some(python) = foreign::python("licences on the lists of others", &wanted) else { return };
    let lists = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence/src/export");
    let (licences, exceptions) = (lists.join("licences.txt"), lists.join("exceptions.txt"));
    let arguments = [licences.as_os_str(), exceptions.as_os_str()];
    let said = foreign::run(&python, "check_licences.py", &arguments, b"").expect("it starts");
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("licences and"), "{}", said.stdout);
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
        let Ok(bytes) = export(Form::Slsa, &BANK.place.store, &view, &closure, &|| true) else {
            continue;
        };
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
