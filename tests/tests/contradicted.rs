//! Events that are recorded more than once with different contents: which row counts, what an import says of
//! it, and who is told.

#![expect(clippy::unwrap_used, reason = "a test that cannot prepare its data has failed")]

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;
use lineal_engine::storage::MemoryStorage;
use lineal_engine::{Options, Store, Systems};
use lineal_evidence::check::{Wanted, check};
use lineal_evidence::report::{Facts, Oversight, oversight};
use lineal_evidence::rules::{BuiltIn, Form, Pack, Status};
use lineal_import::{ImportOptions, Report};
use lineal_query::StoreView;
use lineal_query::told::other_rows_json;
use lineal_tests::place::Place;
use lineal_tests::sample;
use serde_json::{Value as Json, json};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// When reports are made, ns.
const NOW: i64 = 1_790_000_000_000_000_000;
/// The system that the events name.
const SYSTEM: &str = "CREDIT-RISK-EU-001";

/// What a file says of each of its events.
#[derive(Clone, Copy, PartialEq)]
enum Says {
    /// Twelve events: the first four were overridden, the last two say nothing of oversight.
    Whole,
    /// None was overridden; each says as much as in the whole log.
    Altered,
    /// None was overridden, and each says how confident the model was, too.
    Richer,
    /// Ids, time, model and input alone, as columns of an export may be.
    Poorer,
}

fn line(number: u32, form: Says) -> Json {
    let time = format!("2026-03-01T00:{number:02}:00.000Z");
    let hash = lineal_proof::Hash::of(&number.to_le_bytes()).to_string();
    let mut event = json!({
        "event_id": format!("e{number}"), "timestamp": time, "system_id": SYSTEM,
        "model": { "name": "scorer", "version": "2" }, "input": { "hash": hash },
    });
    if form != Says::Poorer {
        event["deployment"] = json!({ "id": "eu-1", "env": "prod" });
        if number < 10 {
            let overridden = form == Says::Whole && number < 4;
            event["human_oversight"] =
                json!({ "reviewed": true, "override": overridden, "actor": "nurse" });
        }
    }
    if form == Says::Richer {
        event["output"] = json!({ "confidence": 0.5 });
    }
    json!({
        "date": time, "host": "h", "service": "scorer", "status": "info", "message": "inference",
        "attributes": { "art12": event },
    })
}

/// Files of events.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, numbers: Range<u32>, form: Says) -> PathBuf {
        let path = self.0.path().join(name);
        let lines: Vec<String> =
            numbers.map(|number| line(number, form).to_string() + "\n").collect();
        std::fs::write(&path, lines.concat()).unwrap();
        path
    }

    fn whole(&self) -> PathBuf {
        self.write("whole.json", 0..12, Says::Whole)
    }
}

fn of(report: &Report) -> (u64, u64, u64) {
    (report.events, report.conflicts, report.displaced)
}

fn overridden(place: &Place) -> Vec<String> {
    let mut ids = place.column("find inference where human_override = true return event_id");
    ids.sort_unstable();
    ids
}

fn events(place: &Place) -> Vec<Vec<String>> {
    place.rows("find deployment where events > 0 return environment, events")
}

#[test]
fn a_poorer_form_of_an_event_does_not_take_its_place() {
    let files = Files::new();
    let (whole, poorer) = (files.whole(), files.write("poorer.json", 0..6, Says::Poorer));
    let first = ["e0", "e1", "e2", "e3"];
    let place = Place::new();
    assert_eq!(of(&place.import(&[&whole])), (12, 0, 0));
    let rehearsal = ImportOptions { dry_run: true, ..ImportOptions::default() };
    assert_eq!(of(&place.import_with(&[&poorer], &rehearsal)), (0, 6, 0));
    assert_eq!(of(&place.import(&[&poorer])), (0, 6, 0));
    assert_eq!(overridden(&place), first);
    assert_eq!(events(&place), [["prod", "12"]], "none moved to the deployment without a place");

    // The other way round the poorer ones give way, and the import says so.
    let place = Place::new();
    assert_eq!(of(&place.import(&[&poorer])), (6, 0, 0));
    assert_eq!(of(&place.import_with(&[&whole], &rehearsal)), (6, 6, 6));
    assert_eq!(of(&place.import(&[&whole])), (6, 6, 6));
    assert_eq!(overridden(&place), first);
    assert_eq!(events(&place), [["prod", "12"]]);

    // Within one import nothing was known before.
    let place = Place::new();
    assert_eq!(of(&place.import(&[&poorer, &whole])), (12, 6, 0));
    assert_eq!(overridden(&place), first);
}

#[test]
fn which_row_counts_depends_neither_on_the_order_nor_on_the_keys_of_a_store() {
    let files = Files::new();
    let (whole, altered) = (files.whole(), files.write("altered.json", 0..4, Says::Altered));
    let (there, back) = (Place::new(), Place::new());
    there.import(&[&whole]);
    let one = there.import(&[&altered]);
    back.import(&[&altered]);
    let other = back.import(&[&whole]);
    assert_eq!((one.events, one.conflicts, other.events, other.conflicts), (0, 4, 8, 4));
    assert_eq!(one.displaced + other.displaced, 4, "of each event one of the two rows counts");
    assert_eq!(overridden(&there).len() as u64, 4 - one.displaced);
    assert_eq!(overridden(&there), overridden(&back));
    // In another store the reviewer is known under another key.
    let options = Options { clock: sample::options().clock, ..Options::default() };
    let store = Store::create_on(Arc::new(MemoryStorage::new()), options).unwrap();
    let strange = Place { store: Arc::new(store) };
    strange.import(&[&whole, &altered]);
    let key = |place: &Place| place.store.actor_key("nurse").unwrap();
    assert_ne!(key(&strange), key(&there));
    assert_eq!(overridden(&strange), overridden(&there));
}

/// The whole log, and another one that says more of its first four events.
fn contradicted() -> Place {
    let files = Files::new();
    let (whole, richer) = (files.whole(), files.write("richer.json", 0..4, Says::Richer));
    let place = Place::new();
    place.import(&[&whole]);
    assert_eq!(of(&place.import(&[&richer])), (0, 4, 4));
    assert_eq!(overridden(&place), Vec::<String>::new());
    place
}

#[test]
fn counters_by_field_are_of_events_that_count() {
    let place = contradicted();
    let view = place.view();
    let counted = |rows| {
        let batch = view.batches().find(|batch| batch.rows == rows).unwrap();
        let presence = view.presence(batch.node).unwrap();
        let of = |field| presence.of(field);
        (
            presence.events,
            of(EventField::HumanOverride),
            of(EventField::Confidence),
            of(EventField::Time),
        )
    };
    // Of twelve rows four do not count, which all say whether they were overridden.
    assert_eq!(counted(12), (8, 6, 0, 8));
    assert_eq!(counted(4), (4, 4, 4, 4));
    assert_eq!(view.outweighed_rows(), 4);
    let all = view.contradicted().unwrap();
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|event| event.counts.is_some() && event.others.len() == 1));
    // Both rows are shown of the event.
    let event = view.events_by_id("e0").unwrap();
    assert_eq!(event.len(), 1);
    let others = other_rows_json(&view, &all, event[0], &|_| true, false).unwrap();
    assert_eq!(others.len(), 1);
    assert_eq!(
        (&others[0]["human_override"], &others[0]["event_id"]),
        (&json!(true), &json!("e0"))
    );
    assert!(others[0].get("confidence").is_none());
}

/// What REC-21 finds: what is said and offered. With fields only what differs in one of them.
fn found(place: &Place, fields: &[&str]) -> Vec<(String, String)> {
    found_of(place, None, fields)
}

/// The same of a system.
fn found_of(place: &Place, system: Option<&str>, fields: &[&str]) -> Vec<(String, String)> {
    let mut pack = Pack::reconcile().unwrap();
    pack.rules.retain(|rule| rule.id == "REC-21");
    pack.rules[0].checks[0].event_fields = fields.iter().map(|field| (*field).to_owned()).collect();
    let view = StoreView::new(Arc::clone(&place.store)).unwrap();
    let system = system.map(str::to_owned);
    let wanted = Wanted { system, now: NOW, ..Wanted::default() };
    let report = check(&place.store, &view, &pack, &wanted).unwrap();
    let rule = &report.rules[0];
    let status = if rule.findings.is_empty() { Status::Met } else { Status::Conflict };
    assert_eq!(rule.status, status);
    rule.findings.iter().map(|found| (found.say.clone(), found.fix.clone())).collect()
}

#[test]
fn a_check_tells_events_that_are_recorded_with_two_contents() {
    let files = Files::new();
    let place = Place::new();
    place.import(&[&files.whole()]);
    assert_eq!(found(&place, &[]), []);
    let place = contradicted();
    let say = "4 events are recorded with different contents, by import:1 and import:2; they differ in \
               confidence (4), human_override (4); of each one row counts";
    let fix = "lineal show e0";
    assert_eq!(found(&place, &[]), [(say.to_owned(), fix.to_owned())]);
    // Of a rule whose figures rest on some fields only what differs there.
    assert_eq!(found(&place, &["human_override", "reviewer"]).len(), 1);
    assert_eq!(found(&place, &["decision", "reviewer"]), []);
    let law = Pack::eu_ai_act().unwrap();
    let oversight = law.rules.iter().find(|rule| rule.id == "OVR-03").unwrap();
    let is_told = oversight.checks.iter().any(|check| {
        check.form == Form::BuiltIn(BuiltIn::ContradictedEvents) && check.status == Status::Conflict
    });
    assert!(is_told);

    // Of a deployment of which no row counts, too.
    place.import(&[&files.write("poorer.json", 5..7, Says::Poorer)]);
    let both = found(&place, &[]);
    assert_eq!(both.len(), 2);
    let moved = |(say, _): &&(String, String)| say.ends_with(", for 2 of another deployment");
    let (say, fix) = both.iter().find(moved).unwrap();
    assert!(
        say.starts_with("2 events are recorded with different contents, by import:1 and import:3;"),
        "{say}"
    );
    assert_eq!(fix, "lineal show e5");
}

/// Another system, which a later copy of events names.
const OTHER: &str = "OTHER-SYSTEM-2";

#[test]
fn a_copy_that_names_another_system_is_told_to_both() {
    let files = Files::new();
    let place = Place::new();
    place.import(&[&files.whole()]);
    // The first four again: of another system, and with one field more. All else is the same.
    let moved = files.write("moved.json", 0..4, Says::Whole);
    let text = std::fs::read_to_string(&moved).unwrap();
    let own = format!("\"system_id\":\"{SYSTEM}\"");
    let other = format!("\"event_type\":\"inference\",\"system_id\":\"{OTHER}\"");
    assert_eq!(text.matches(&own).count(), 4);
    std::fs::write(&moved, text.replace(&own, &other)).unwrap();
    assert_eq!(of(&place.import(&[&moved])), (0, 4, 4));

    let differ = "4 events are recorded with different contents, by import:1 and import:2; they differ in \
                  event_type (4), system (4); of each one row counts";
    let left = ", for 4 of another system";
    let fix = || "lineal show e0".to_owned();
    assert_eq!(found(&place, &[]), [(differ.to_owned(), fix())]);
    assert_eq!(found_of(&place, Some(SYSTEM), &[]), [(format!("{differ}{left}"), fix())]);
    assert_eq!(found_of(&place, Some(OTHER), &[]), [(differ.to_owned(), fix())]);
    // Figures of a system lack what counts as another's, whatever it says of oversight.
    let oversight_fields = ["human_override", "reviewer"];
    let say = format!(
        "4 events are recorded with different contents, by import:1 and import:2; of each one row counts{left}"
    );
    assert_eq!(found_of(&place, Some(SYSTEM), &oversight_fields), [(say, fix())]);
    assert_eq!(found_of(&place, Some(OTHER), &oversight_fields), []);
    assert_eq!(found(&place, &oversight_fields), []);

    let view = StoreView::new(Arc::clone(&place.store)).unwrap();
    let system = view.snapshot().find(Some(Kind::System), SYSTEM)[0];
    let narrowed = view.of_systems(&Systems::new(vec![SYSTEM.to_owned()], Arc::default())).unwrap();
    let facts = Facts::new(&place.store, &narrowed, NOW).unwrap();
    let told = oversight(&facts, system, &Oversight::default()).unwrap().to_json();
    assert!(told.contains(&format!("{differ}{left}")), "{told}");

    // Events that both copies give to another system are of no concern to this one.
    let place = Place::new();
    place.import(&[&files.whole(), &moved]);
    let elsewhere = files.write("elsewhere.json", 20..22, Says::Whole);
    let richer = files.write("elsewhere-richer.json", 20..22, Says::Richer);
    for path in [&elsewhere, &richer] {
        let text = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, text.replace(SYSTEM, OTHER)).unwrap();
        place.import(&[path]);
    }
    assert!(found_of(&place, Some(OTHER), &[])[0].0.starts_with("6 events "));
    assert!(found_of(&place, Some(SYSTEM), &[])[0].0.starts_with("4 events "));
}

#[test]
fn the_report_on_oversight_tells_them_and_has_one_figure_for_one_thing() {
    let place = contradicted();
    let view = StoreView::new(Arc::clone(&place.store)).unwrap();
    let facts = Facts::new(&place.store, &view, NOW).unwrap();
    let system = view.snapshot().find(Some(Kind::System), SYSTEM)[0];
    let told = oversight(&facts, system, &Oversight::default()).unwrap().to_json();
    for words in [
        "12 events. Of these say whether a human overrode them: 10; overridden: 0",
        "0 overrides in 10 events of which it is recorded whether there was one",
        ": 2 of 12 events say nothing of overrides",
        ": 4 events are recorded with different contents, by import:1 and import:2",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
}
