//! What was exported is imported again into an empty store: nothing is rejected, and what a form has a
//! place for comes back. What it has none for is in the table of docs/evidence.md.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_evidence::export::{CycloneDxVersion, Form, export};
use lineal_evidence::{Closure, Member};
use lineal_import::ImportOptions;
use lineal_proof::{Key, KeyPart, Value};
use lineal_tests::every_kind::{self, EveryKind};
use lineal_tests::place::Place;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static BANK: LazyLock<EveryKind> = LazyLock::new(every_kind::load);
/// What documents of others say, with digests.
static OTHERS: LazyLock<Place> = LazyLock::new(Place::of_documents);

/// Relations of runs to what went in.
const INPUTS: [Relation; 4] =
    [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn, Relation::Used];

/// A store that holds nothing but what an export of a closure says.
fn again(closure: &Closure, form: Form, file: &str) -> Option<Place> {
    // Of these forms the store is not asked: the closure holds it all.
    let bytes = export(form, &BANK.place.store, &BANK.place.view(), closure, &|| true).ok()?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    std::fs::write(&path, bytes).unwrap();
    let place = Place::new();
    let report = place.import_with(&[&path], &ImportOptions::default());
    for source in &report.sources {
        let rejects = &source.rejects;
        assert_eq!(source.counts.rejected, 0, "{}: {rejects:?}", closure.root().name);
        assert!(source.counts.accepted > 0, "{}: {source:?}", closure.root().name);
    }
    assert!(report.commits > 0, "{}", closure.root().name);
    Some(place)
}

fn closures(kinds: &[Kind]) -> Vec<Closure> {
    let of = |place: &Place| -> Vec<Closure> {
        let view = place.view();
        let nodes = kinds.iter().flat_map(|kind| view.nodes_of(*kind));
        nodes.map(|node| Closure::of(&view, node).unwrap()).collect()
    };
    let mut all = of(&BANK.place);
    all.extend(of(&OTHERS));
    all
}

fn name(view: &Snapshot, node: NodeNo) -> String {
    let name = view.field(node, "name").unwrap();
    name.as_ref().and_then(Value::as_text).unwrap_or_default().to_owned()
}

/// All digests that a view holds: in fields and in keys.
fn digests(view: &Snapshot) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for kind in [Kind::Model, Kind::Dataset, Kind::Document] {
        for node in view.nodes_of(kind) {
            let said = view.field(node, "digest").unwrap();
            found.extend(said.as_ref().and_then(Value::as_text).map(str::to_owned));
            let Key(parts) = view.key_of(node);
            found.extend(parts.into_iter().filter_map(|part| match part {
                KeyPart::Text(text) => Some(text.rsplit(':').next().unwrap_or(&text).to_owned()),
                _ => None,
            }));
        }
    }
    found
}

fn count(view: &Snapshot, kind: Kind, relations: &[Relation]) -> usize {
    let of = |node: NodeNo| {
        let edges = relations.iter().map(move |it| view.edges(node, *it, Direction::Forward).len());
        edges.sum::<usize>()
    };
    view.nodes_of(kind).map(of).sum()
}

fn carried(closure: &Closure, kinds: &[Kind], relations: &[Relation]) -> usize {
    let is_in = |at: usize| kinds.contains(&closure.members[at].kind);
    let edges = closure.edges.iter();
    edges.filter(|(from, it, to)| relations.contains(it) && is_in(*from) && is_in(*to)).count()
}

fn of_kinds<'c>(closure: &'c Closure, kinds: &'c [Kind]) -> impl Iterator<Item = &'c Member> {
    closure.members.iter().filter(move |member| kinds.contains(&member.kind))
}

#[test]
fn prov_brings_back_data_models_runs_and_the_roles_of_inputs() {
    const KINDS: [Kind; 3] = [Kind::Dataset, Kind::Model, Kind::Run];
    let relations =
        [&INPUTS[..], &[Relation::ProducedBy, Relation::DerivedFrom, Relation::RegisteredFrom]]
            .concat();
    let mut seen = 0;
    for closure in closures(&[Kind::Model, Kind::System]) {
        let place = again(&closure, Form::Prov, "lineage.json").unwrap();
        let view = place.view();
        for kind in KINDS {
            let expected: BTreeSet<String> =
                of_kinds(&closure, &[kind]).map(|member| member.name.clone()).collect();
            let found: BTreeSet<String> = view.nodes_of(kind).map(|it| name(&view, it)).collect();
            assert_eq!(found, expected, "{kind} of {}", closure.root().name);
        }
        let held = digests(&view);
        for member in of_kinds(&closure, &KINDS) {
            if let Some((_, digest)) = member.digest() {
                assert!(held.contains(&digest), "{} of {}", digest, member.name);
                seen += 1;
            }
        }
        let mut expected = BTreeSet::new();
        for (from, relation, to) in &closure.edges {
            let (from, to) = (&closure.members[*from], &closure.members[*to]);
            if relations.contains(relation)
                && KINDS.contains(&from.kind)
                && KINDS.contains(&to.kind)
            {
                expected.insert((from.name.clone(), relation.name(), to.name.clone()));
            }
        }
        let mut found = BTreeSet::new();
        for node in KINDS.iter().flat_map(|kind| view.nodes_of(*kind)) {
            for relation in &relations {
                for to in view.edges(node, *relation, Direction::Forward) {
                    found.insert((name(&view, node), relation.name(), name(&view, *to)));
                }
            }
        }
        assert_eq!(found, expected, "{}", closure.root().name);
    }
    assert!(seen > 0, "digests");
}

#[test]
fn cyclonedx_brings_back_models_and_data_with_their_digests() {
    const KINDS: [Kind; 2] = [Kind::Model, Kind::Dataset];
    let mut seen = 0;
    for version in [CycloneDxVersion::V1_7, CycloneDxVersion::V1_6] {
        for closure in closures(&[Kind::Model, Kind::System]) {
            let place = again(&closure, Form::CycloneDx(version), "bom.json").unwrap();
            let view = place.view();
            let found: BTreeSet<String> = KINDS
                .iter()
                .flat_map(|kind| view.nodes_of(*kind))
                .map(|it| name(&view, it))
                .collect();
            let held = digests(&view);
            for member in of_kinds(&closure, &KINDS) {
                let bare = member.name.split_once(':').map_or("", |(_, name)| name);
                let expected = member.text("name").unwrap_or(bare);
                assert!(found.contains(expected), "{expected} in {found:?}");
                if let Some((_, digest)) = member.digest() {
                    assert!(held.contains(&digest), "{digest} of {}", member.name);
                    seen += 1;
                }
            }
            let trained = carried(&closure, &[Kind::Run, Kind::Dataset], &[Relation::TrainedOn]);
            let used = count(&view, Kind::Run, &INPUTS);
            assert!(trained == 0 || used > 0, "{}: lineage leads on", closure.root().name);
        }
    }
    assert!(seen > 0, "digests");
}

#[test]
fn spdx_brings_back_models_data_runs_and_what_these_were_trained_on() {
    const KINDS: [Kind; 3] = [Kind::Model, Kind::Dataset, Kind::Run];
    let mut seen = 0;
    for closure in closures(&[Kind::Model, Kind::Dataset]) {
        let place = again(&closure, Form::Spdx, "model.spdx3.json").unwrap();
        let view = place.view();
        for kind in KINDS {
            let expected = of_kinds(&closure, &[kind]).count();
            assert_eq!(view.nodes_of(kind).len(), expected, "{kind} of {}", closure.root().name);
        }
        let held = digests(&view);
        for member in of_kinds(&closure, &KINDS) {
            if let Some((_, digest)) = member.digest() {
                assert!(held.contains(&digest), "{digest} of {}", member.name);
                seen += 1;
            }
        }
        let made: usize = [Kind::Model, Kind::Dataset]
            .map(|kind| count(&view, kind, &[Relation::ProducedBy]))
            .iter()
            .sum();
        assert_eq!(made, carried(&closure, &KINDS, &[Relation::ProducedBy]));
        // A role that no model carries comes back as a use.
        let inputs = count(&view, Kind::Run, &INPUTS);
        assert!(inputs >= carried(&closure, &KINDS, &INPUTS), "{}", closure.root().name);
        let trained = count(&view, Kind::Run, &[Relation::TrainedOn]);
        assert!(trained <= carried(&closure, &KINDS, &[Relation::TrainedOn]));
    }
    assert!(seen > 0, "digests");
}

#[test]
fn statements_and_events_bring_back_the_runs_with_what_went_in_and_came_out() {
    let mut statements = 0;
    for closure in closures(&[Kind::Model]) {
        let root = closure.root();
        if let Some(place) = again(&closure, Form::Slsa, "slsa.intoto.jsonl") {
            let view = place.view();
            statements += 1;
            assert!(!view.nodes_of(Kind::Run).is_empty());
            if let Some((_, digest)) = root.digest() {
                assert!(digests(&view).contains(&digest), "{digest} of {}", root.name);
            }
            assert!(
                count(&view, Kind::Model, &[Relation::ProducedBy])
                    + count(&view, Kind::Dataset, &[Relation::ProducedBy])
                    > 0
            );
        }
        let runs = of_kinds(&closure, &[Kind::Run]).count();
        if runs == 0 {
            continue;
        }
        let place = again(&closure, Form::OpenLineage, "events.ndjson").unwrap();
        let view = place.view();
        assert_eq!(view.nodes_of(Kind::Run).len(), runs, "{}", root.name);
        let used = carried(&closure, &[Kind::Run, Kind::Dataset, Kind::Model], &INPUTS);
        assert_eq!(count(&view, Kind::Run, &[Relation::Used]), used, "{}", root.name);
        let made =
            carried(&closure, &[Kind::Run, Kind::Dataset, Kind::Model], &[Relation::ProducedBy]);
        assert_eq!(count(&view, Kind::Dataset, &[Relation::ProducedBy]), made, "{}", root.name);
    }
    assert!(statements > 2, "{statements}");
}

#[test]
fn croissant_brings_back_a_data_set_with_the_digests_of_its_files() {
    let mut seen = 0;
    for closure in closures(&[Kind::Dataset]) {
        let place = again(&closure, Form::Croissant, "croissant.json").unwrap();
        let view = place.view();
        let root = closure.root();
        let expected = root.text("name").unwrap_or_default();
        assert!(view.nodes_of(Kind::Dataset).any(|it| name(&view, it) == expected), "{expected}");
        let own = root.digest().filter(|(algorithm, _)| matches!(*algorithm, "sha256" | "md5"));
        if let Some((_, digest)) = own {
            assert!(digests(&view).contains(&digest), "{digest} of {}", root.name);
            seen += 1;
        }
    }
    assert!(seen > 0, "digests");
}
