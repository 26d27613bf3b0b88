//! The reports: what each says of a store where its things are recorded, and of one where they are not.

#![expect(clippy::unwrap_used, reason = "a report that cannot be made fails the test")]

#[path = "reports/bank.rs"]
mod bank;
#[path = "reports/narrow.rs"]
mod narrow;
#[path = "forty/world.rs"]
#[expect(dead_code, reason = "what the rules are tested with is more than reports need")]
mod world;

use bank::{Bank, at, gaps, has_gap, row, table, told, words};
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{ErasureOrder, NodeDraft, Saying, Store, Target};
use lineal_evidence::Error;
use lineal_evidence::report::{
    Document, Incident, Lack, Oversight, Sentence, change, data_sheet, dpia, incident, oversight,
    retention,
};
use lineal_evidence::retention::Policy;
use lineal_proof::record::Decision;
use lineal_proof::{Key, Map, Value};
use std::sync::Arc;
use world::{DAY, TODAY, World};

/// The system of [`World`].
const SYSTEM: &str = "credit";

fn oversight_of(bank: &Bank, wanted: &Oversight) -> Document {
    told(&bank.store(), at("2026-06-02"), |facts, find| {
        oversight(facts, find(Kind::System, &bank.system), wanted).unwrap()
    })
}

/// Erases an event by its id.
fn erase(store: &Store, id: &str) {
    let events = store.snapshot().unwrap().events_by_id(id).unwrap();
    let order = ErasureOrder {
        targets: vec![Target::Events(events)],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".to_owned(),
        reference: "R-9".to_owned(),
        decided_by: store.actor_key("officer").unwrap(),
        executed_by: store.actor_key("operator").unwrap(),
    };
    store.erase(&order, false).unwrap();
}

#[test]
fn overrides_are_told_by_version_and_what_says_nothing_is_kept_apart() {
    let document = oversight_of(&Bank::whole(), &Oversight::default());
    let versions = table(&document, "Events and overrides by model version");
    let one = row(versions, "credit@1");
    // model, deployments, events, say whether overridden, overridden, reviewed, not recorded
    assert_eq!(one[1..], ["1", "120", "120", "7 of 120 (5.8 %)", "0 of 0", "0"]);
    let two = row(versions, "credit@2");
    assert_eq!(two[1..], ["1", "12", "2", "1 of 2 (50.0 %)", "0 of 0", "10"]);
    assert!(has_gap(&document, "10 of 132 (7.6 %) events"), "{}", words(&document));
    assert!(words(&document).contains("Say nothing of it: 10, which"));

    let reviewers = table(&document, "Events that name a reviewer");
    assert_eq!(row(reviewers, "actor:ben")[2..], ["7", "7"]);
    assert_eq!(row(reviewers, "not recorded")[2..], ["1", "1"]);
    assert!(has_gap(&document, "1 override without a reviewer"));

    let months = table(&document, "Events and overrides by month");
    assert_eq!(months.rows.len(), 5);
    assert_eq!(row(months, "2026-01")[2..5], ["31", "31", "7 of 31 (22.6 %)"]);
    assert_eq!(row(months, "2026-05")[2..5], ["12", "2", "1 of 2 (50.0 %)"]);
}

#[test]
fn reviewers_stand_under_their_keys_until_names_are_asked_for() {
    let mut bank = Bank::whole();
    // Two who are called the same.
    bank.called = vec![("ben", "Benedikt Beispiel"), ("eva", "Benedikt Beispiel")];
    bank.events[1][0].reviewer = Some("eva");
    let reviewed = |document: &Document| -> Vec<Vec<String>> {
        let reviewers = table(document, "Events that name a reviewer");
        let cells = |row: &Vec<Sentence>| row.iter().map(Sentence::plain).collect();
        reviewers.rows.iter().map(cells).collect()
    };
    let document = oversight_of(&bank, &Oversight::default());
    let rows = reviewed(&document);
    let figures: Vec<(&str, &str)> = rows.iter().map(|row| (&*row[0], &*row[3])).collect();
    assert_eq!(figures, [("actor:ben", "7"), ("actor:eva", "1")]);
    for text in [document.to_markdown(None), document.to_html(), document.to_json()] {
        assert!(!text.contains("Beispiel"), "{text}");
    }
    // Those who may see names are told them, and the same figures.
    let store = bank.store();
    let view = lineal_query::StoreView::new(Arc::clone(&store)).unwrap();
    let facts = lineal_evidence::report::Facts::new(&store, &view, at("2026-06-02")).unwrap();
    let system = view.snapshot().find(Some(Kind::System), &bank.system)[0];
    let named = oversight(&facts.naming_persons(), system, &Oversight::default()).unwrap();
    let rows = reviewed(&named);
    let figures: Vec<(&str, &str)> = rows.iter().map(|row| (&*row[0], &*row[3])).collect();
    let [ben, eva] = ["actor:ben (Benedikt Beispiel)", "actor:eva (Benedikt Beispiel)"];
    assert_eq!(figures, [(ben, "7"), (eva, "1")]);
}

#[test]
fn the_series_of_overrides_says_that_it_counts_what_was_erased() {
    let store = Bank::whole().store();
    erase(&store, "event-1-1");
    let document = told(&store, at("2026-06-02"), |facts, find| {
        oversight(facts, find(Kind::System, "scoring"), &Oversight::default()).unwrap()
    });
    let versions = table(&document, "Events and overrides by model version");
    assert_eq!(row(versions, "credit@1")[2..5], ["119", "119", "6 of 119 (5.0 %)"]);
    let text = words(&document);
    assert!(text.contains("7 overrides in 120 events"), "{text}");
    let counts = "counted here, and in no count over rows: 1 event, erased or restricted";
    assert!(text.contains(counts), "{text}");
    assert!(has_gap(&document, "its series counts them"), "{text}");
}

#[test]
fn a_long_time_without_an_override_is_a_notice_and_a_short_one_is_not() {
    let mut bank = Bank::whole();
    let text = words(&oversight_of(&bank, &Oversight::default()));
    // From the first of February to the last of April: 88 days.
    assert!(text.contains("no override from 2026-02-01 to 2026-04-30 (88 d"), "{text}");
    bank.events[0][60].overridden = Some(true);
    let text = words(&oversight_of(&bank, &Oversight::default()));
    assert!(!text.contains("no override from"), "{text}");
}

#[test]
fn only_the_time_that_was_asked_for_is_counted() {
    let wanted =
        Oversight { from: Some(at("2026-01-10")), until: Some(at("2026-01-20")), sample: 50 };
    let document = oversight_of(&Bank::whole(), &wanted);
    let one = row(table(&document, "Events and overrides by model version"), "credit@1");
    // The tenth, and the fifteenth, day from the first: 10 and 15 of 0, 5, 10, 15, …
    assert_eq!(one[2..5], ["10", "10", "2 of 10 (20.0 %)"]);
    assert_eq!(table(&document, "Overridden events: 2 of 2").rows.len(), 2);
    let drawn = table(&document, "10 events drawn from all");
    let times: Vec<String> = drawn.rows.iter().map(|row| row[1].plain()).collect();
    assert!(times.iter().all(|time| time.starts_with("2026-01-1")), "{times:?}");
}

#[test]
fn nobody_chooses_the_sample_and_it_holds_nothing_of_the_person_concerned() {
    let bank = Bank::whole();
    let store = bank.store();
    let make = || {
        told(&store, at("2026-06-02"), |facts, find| {
            let wanted = Oversight { sample: 5, ..Oversight::default() };
            oversight(facts, find(Kind::System, "scoring"), &wanted).unwrap()
        })
    };
    let (once, again) = (make(), make());
    assert_eq!(once.to_json(), again.to_json());
    assert_eq!(once.to_html(), again.to_html());
    let overridden = table(&once, "Overridden events: 5 of 8");
    assert!(overridden.rows.iter().all(|row| row[7].plain() == "yes"));
    assert!(overridden.rows[0][0].plain().starts_with("inference:event-"));
    assert_eq!(table(&once, "5 events drawn").rows.len(), 5);
    for rendered in [once.to_json(), once.to_html(), once.to_markdown(None)] {
        assert!(!rendered.contains("abababab") && !rendered.contains("session-of-a-person"));
    }
    // One more commit, another draw.
    store.record_log(None, None).unwrap();
    let later = make();
    let drawn = |document: &Document| -> Vec<String> {
        table(document, "5 events drawn").rows.iter().map(|row| row[0].plain()).collect()
    };
    assert_ne!(drawn(&once), drawn(&later));
}

#[test]
fn without_a_deployment_there_is_nothing_to_oversee_and_a_data_set_has_no_oversight() {
    let bank = Bank::whole();
    told(&bank.store(), at("2026-06-02"), |facts, find| {
        let data = find(Kind::Dataset, "loans");
        let error = oversight(facts, data, &Oversight::default()).unwrap_err();
        assert!(matches!(error, Error::WrongKind { .. }), "{error}");
        let document =
            oversight(facts, find(Kind::Model, "credit@2"), &Oversight::default()).unwrap();
        let versions = table(&document, "Events and overrides by model version");
        assert_eq!(versions.rows.len(), 1, "of one version alone");
    });
    let store = World::whole().store();
    let document = told(&store, TODAY, |facts, find| {
        oversight(facts, find(Kind::Model, "credit@1"), &Oversight::default()).unwrap()
    });
    assert!(has_gap(&document, "no deployment is recorded"), "{}", words(&document));
}

/// Numbers of one that are followed by a word in the plural.
fn wrong_plurals(text: &str) -> Vec<String> {
    let things =
        ["events", "rows", "days", "commits", "keys", "nodes", "edges", "batches", "items"];
    let split: Vec<&str> = text.split_whitespace().collect();
    let pairs = split.windows(2).filter(|pair| {
        let word = pair[1].trim_matches(|letter: char| !letter.is_alphabetic());
        pair[0].trim_matches(|letter: char| "(\"".contains(letter)) == "1" && things.contains(&word)
    });
    pairs.map(|pair| pair.join(" ")).collect()
}

#[test]
fn one_thing_is_told_in_the_singular() {
    let mut bank = Bank::whole();
    bank.events.iter_mut().for_each(|events| events.truncate(1));
    bank.events[1][0].overridden = None;
    let store = bank.store();
    store.record_log(None, None).unwrap();
    let documents = told(&store, at("2026-06-02"), |facts, find| {
        let system = find(Kind::System, &bank.system);
        let models = (find(Kind::Model, "credit@1"), find(Kind::Model, "credit@2"));
        [
            oversight(facts, system, &Oversight::default()).unwrap(),
            change(facts, models.0, models.1).unwrap(),
            dpia(facts, system).unwrap(),
            data_sheet(facts, find(Kind::Dataset, "loans")).unwrap(),
        ]
    });
    for document in documents {
        let text = document.to_markdown(None);
        assert_eq!(wrong_plurals(&text), Vec::<String>::new(), "{}:\n{text}", document.title);
    }
}

#[test]
fn an_incident_tells_the_doubts_about_each_deployment() {
    let store = Bank::whole().store();
    let mut transaction = store.begin(None, None).unwrap();
    let mut draft = NodeDraft::new(Kind::Incident, Key::text("inc-9"));
    draft.link(Relation::Concerns, Kind::System, Key::text("scoring"));
    let saying = Saying {
        source: "declared".into(),
        form: "declared".into(),
        observed_at: at("2026-06-01"),
    };
    transaction.add_node(&saying, draft).unwrap();
    transaction.commit().unwrap();
    for id in ["event-1-3", "event-2-4"] {
        erase(&store, id);
    }
    let document = told(&store, at("2026-06-02"), |facts, find| {
        let from = Incident { from: Some(at("2025-12-01")), until: Some(at("2026-06-01")) };
        incident(facts, find(Kind::Incident, "inc-9"), &from).unwrap()
    });
    let said: Vec<String> = gaps(&document).iter().map(|gap| gap.say.plain()).collect();
    let erased: Vec<&String> = said.iter().filter(|say| say.contains("is erased")).collect();
    for version in ["credit:1", "credit:2"] {
        let told = erased.iter().filter(|say| say.contains(version)).count();
        assert_eq!(told, 1, "of {version}: {said:#?}");
    }
}

/// Ben approved fifteen days ago until eight days ago; it happened nine days ago, and anna rejected it since.
#[test]
fn an_incident_lists_each_decision_as_it_stood_then_and_stands_now() {
    let mut world = World::whole();
    world.says("approval", "expires", TODAY - 8 * DAY);
    let by = |who| [(Relation::Approves, Kind::Model, "2"), (Relation::DoneBy, Kind::Actor, who)];
    let decided = |decision: &str, days: i64| {
        [("decision", Value::from(decision)), ("time", Value::from(TODAY - days * DAY))]
    };
    world.gains((Kind::Approval, "no"), &decided("rejected", 5), &by("anna"));
    let waived = [&decided("waived", 12)[..], &[("rule", Value::from("OVR-02"))]].concat();
    world.gains((Kind::Approval, "waiver"), &waived, &by("anna"));
    let document = incident_of(&world, TODAY);
    let of = |decision: &str| {
        let all = &table(&document, "Decisions on what the incident concerns").rows;
        let mut all = all.iter().map(|row| row.iter().map(Sentence::plain).collect::<Vec<_>>());
        all.find(|row| row[1] == decision).unwrap_or_else(|| panic!("{}", words(&document)))
    };
    let granted = of("granted");
    assert_eq!((granted[2].as_str(), granted[6].as_str()), ("actor:ben", "not signed"));
    assert_eq!(granted[7], "counts as an approval");
    assert!(granted[8].starts_with("does not count: expired on "), "{granted:?}");
    let rejected = of("rejected");
    assert!(rejected[7].starts_with("does not count: it came later"), "{rejected:?}");
    assert_eq!(rejected[8], "stands as a rejection");
    assert_eq!(of("waived")[8], "waives a finding of OVR-02, approves nothing");
    let versions = table(&document, "Model versions that the incident concerns");
    assert!(row(versions, "credit@2")[2].contains("approval:"));

    // Taken back before it happened, it was approved by nobody.
    let mut world = World::whole();
    world.gains((Kind::Approval, "no"), &decided("rejected", 12), &by("ben"));
    let document = incident_of(&world, TODAY);
    let versions = table(&document, "Model versions that the incident concerns");
    assert_eq!(row(versions, "credit@2")[2], "none: rejected");
    let change = told(&world.store(), TODAY, |facts, find| {
        change(facts, find(Kind::Model, "credit@1"), find(Kind::Model, "credit@2")).unwrap()
    });
    let text = words(&change);
    assert!(text.contains("somebody's last word is a rejection then."), "{text}");
    let decisions = table(&change, "Decisions on each version");
    assert_eq!(
        row(decisions, "credit@2")[7],
        "does not count: the same person decided again later"
    );
}

fn incident_of(world: &World, now: i64) -> Document {
    told(&world.store(), now, |facts, find| {
        incident(facts, find(Kind::Incident, "inc-1"), &Incident::default()).unwrap()
    })
}

#[test]
fn an_incident_that_is_recorded_whole_has_ended_clocks_a_window_and_a_hold() {
    let document = incident_of(&World::whole(), TODAY);
    let clocks = table(&document, "Periods for the report");
    let any = row(clocks, "73(2)");
    assert_eq!((any[1].as_str(), any[6].as_str()), ("15", "outer limit"));
    // Aware nine days ago, reported five days ago: eleven days before the end.
    assert_eq!(any[5], "ended by a report, 11 d 0 h before its end");
    assert_eq!(row(clocks, "73(3)")[5], "ended by a report, 48 h 0 min behind its end");
    assert_eq!(row(clocks, "73(3)")[6], "another harm class");
    let events = table(&document, "Events of the deployments");
    // Events every six hours, from nine days ago until it was closed two days ago: 28.
    assert_eq!(row(events, "scorer")[1], "28", "{}", words(&document));
    assert_eq!(row(table(&document, "Holds that stand"), "inc-1")[2], "incident");
    let versions = table(&document, "Model versions that the incident concerns");
    assert!(row(versions, "credit@2")[2].contains("approval:"), "{}", words(&document));
    assert!(words(&document).contains("The checkpoint over"), "{}", words(&document));
    assert_eq!(row(table(&document, "Data sets behind"), "train")[1..], ["trained on", "1", "1"]);
    // `authority_informed_at` is the one field that this bank does not record.
    let lacking: Vec<String> = gaps(&document).iter().map(|gap| gap.say.plain()).collect();
    assert_eq!(lacking.len(), 1, "{lacking:?}");
    assert!(lacking[0].contains("authority_informed_at (73(6))"), "{lacking:?}");
}

#[test]
fn an_incident_without_report_hold_and_class_says_so_and_the_clock_runs() {
    let mut world = World::whole();
    for field in ["reported_at", "harm_class", "frozen_commit", "declared_serious"] {
        world.lacks("incident", field);
    }
    world.is_held = false;
    let document = incident_of(&world, TODAY);
    let clocks = table(&document, "Periods for the report");
    assert_eq!(row(clocks, "73(2)")[5], "running, 6 d 0 h left");
    assert_eq!(row(clocks, "73(4)")[5], "running, 24 h 0 min left");
    let past = row(clocks, "73(3)");
    assert_eq!(past[5], "past its end since 7 d 0 h, no report is recorded");
    assert_eq!(past[6], "cannot tell");
    assert!(has_gap(&document, "no harm class is recorded"));
    assert!(has_gap(&document, "no person declared the incident serious"));
    assert!(has_gap(&document, "no hold over what it concerns stands"));
    assert!(has_gap(&document, "frozen_commit"));
    let fixes = gaps(&document).into_iter().filter_map(|gap| gap.fix.as_deref());
    let reported = fixes.filter(|fix| fix.contains("reported_at=TIME")).count();
    assert_eq!(reported, 1);
    world.lacks("incident", "aware_at");
    let document = incident_of(&world, TODAY);
    let clocks = table(&document, "Periods for the report");
    assert!(row(clocks, "73(2)")[5].starts_with("cannot tell"), "{}", words(&document));
}

#[test]
fn an_incident_says_which_log_that_it_concerns_no_hold_is_over() {
    let mut world = World::whole();
    world.gains((Kind::Deployment, "other"), &[], &[]);
    let open = |world: &World| {
        let document = incident_of(world, TODAY);
        let found =
            gaps(&document).into_iter().find(|gap| gap.say.plain().contains("no hold stands"));
        found.map(|gap| (gap.say.plain(), gap.fix.clone().unwrap_or_default()))
    };
    assert_eq!(open(&world), None, "what it does not concern is not asked for");
    let concerns = lineal_engine::schema::Relation::Concerns;
    world.links("incident", concerns, Kind::Deployment, "other");
    let (say, fix) = open(&world).unwrap();
    assert!(say.contains("no hold stands over logs that it concerns"), "{say}");
    assert!(say.contains("other") && !say.contains("credit:2"), "{say}");
    assert!(fix.starts_with("lineal hold add NAME deployment:"), "{fix}");
}

#[test]
fn an_incident_reaches_other_deployments_of_the_version_and_of_the_data() {
    let mut world = World::whole();
    let links = [(lineal_engine::schema::Relation::Deploys, Kind::Model, "2")];
    world.gains((Kind::Deployment, "other"), &[], &links);
    let document = incident_of(&world, TODAY);
    // A version that is concerned is so wherever it was put to use.
    let events = table(&document, "Events of the deployments");
    assert_eq!(events.rows.len(), 1, "{}", words(&document));
    let reached = table(&document, "Other deployments that are reached");
    let other = row(reached, "other");
    assert_eq!((other[2].as_str(), other[3].as_str()), ("0", "the model version"));
    assert!(words(&document).contains("Others of the same model version: 1;"));
}

#[test]
fn a_change_tells_what_differs_and_what_nobody_decided() {
    let change_of = |world: &World| {
        told(&world.store(), TODAY, |facts, find| {
            change(facts, find(Kind::Model, "credit@1"), find(Kind::Model, "credit@2")).unwrap()
        })
    };
    let mut world = World::whole();
    let document = change_of(&world);
    let text = words(&document);
    assert!(text.contains(" follows "), "{text}");
    let decided = table(&document, "Decisions about the newer version");
    let decision = row(decided, "change:");
    assert_eq!(decision[1], "not_substantial");
    assert_eq!(decision[4], "10 d 0 h before it", "{text}");
    let data = row(table(&document, "Data sets, code and models"), "data set");
    assert_eq!(data[2], "none");
    assert!(data[3].contains("test-digest"), "{data:?}");
    assert_eq!(row(table(&document, "Parameters that differ"), "lr")[1..], ["not recorded", "0.1"]);
    let figures = table(&document, "Figures of both versions");
    let accuracy = row(figures, "robustness on test (test-digest): accuracy");
    assert_eq!(accuracy[1..], ["not recorded", "0.91"]);
    assert_eq!(row(table(&document, "Where each version"), "credit@2")[6], "40");
    assert!(has_gap(&document, "credit@1: no decision on it is recorded"), "{text}");
    assert!(has_gap(&document, "credit@1: the run that produced it is not recorded"));
    assert!(!has_gap(&document, "no decision whether the change"));

    world.loses("change");
    let document = change_of(&world);
    assert!(has_gap(&document, "no decision whether the change is substantial"));
    let error = told(&world.store(), TODAY, |facts, find| {
        let (system, model) = (find(Kind::System, SYSTEM), find(Kind::Model, "credit@2"));
        change(facts, system, model).unwrap_err()
    });
    assert!(matches!(error, Error::WrongKind { .. }), "{error}");
}

#[test]
fn what_was_evaluated_before_it_was_registered_is_told_of_the_version() {
    let change_of = |world: &World| {
        told(&world.store(), TODAY, |facts, find| {
            change(facts, find(Kind::Model, "credit@1"), find(Kind::Model, "credit@2")).unwrap()
        })
    };
    let lacks = "credit@1: no evaluation of it is recorded";
    let mut world = World::whole();
    assert!(has_gap(&change_of(&world), lacks));
    // It was registered from a copy of what was evaluated.
    let figures = |value: f64| {
        let mut figures = Map::new();
        figures.insert("recall", Value::float(value));
        Value::Map(figures)
    };
    let of_logged = [(Relation::ProducedBy, Kind::Run, "run-2")];
    world.gains((Kind::Model, "logged"), &[("metrics", figures(0.5))], &of_logged);
    let from_logged = [(Relation::RegisteredFrom, Kind::Model, "logged")];
    world.gains((Kind::Model, "copy"), &[], &from_logged);
    world.links("before", Relation::RegisteredFrom, Kind::Model, "copy");
    let tested =
        [(Relation::Evaluates, Kind::Model, "logged"), (Relation::TestedOn, Kind::Dataset, "test")];
    world.gains((Kind::Evaluation, "logged"), &[("metrics", figures(0.75))], &tested);
    let document = change_of(&world);
    assert!(!has_gap(&document, lacks), "{}", words(&document));
    assert!(!has_gap(&document, "credit@1: the run that produced it is not recorded"));
    let table = table(&document, "Figures of both versions");
    let recall = row(table, "evaluation on test (test-digest): recall");
    assert_eq!(recall[1..], ["0.75", "not recorded"]);
    assert_eq!(row(table, "model: recall")[1..], ["0.5", "not recorded"]);
}

#[test]
fn the_same_version_twice_differs_in_nothing() {
    let document = told(&World::whole().store(), TODAY, |facts, find| {
        let model = find(Kind::Model, "credit@2");
        change(facts, model, model).unwrap()
    });
    assert!(words(&document).contains("Parameters that differ: 0; the same: 1."));
    assert!(words(&document).contains("Names that differ in what stands behind them: 0;"));
}

#[test]
fn a_data_sheet_tells_origin_use_and_examinations_and_what_lacks() {
    let sheet = |world: &World, name: &str| {
        told(&world.store(), TODAY, |facts, find| {
            data_sheet(facts, find(Kind::Dataset, name)).unwrap()
        })
    };
    let mut world = World::whole();
    let document = sheet(&world, "train");
    let text = words(&document);
    assert_eq!(row(table(&document, "Origin, as recorded"), "origin")[1], "own customers");
    assert_eq!(row(table(&document, "What it is"), "digest")[1], "train-digest");
    assert_eq!(row(table(&document, "Personal data"), "special_categories")[1], "yes");
    let run = row(table(&document, "Runs that it went into"), "run:run-2");
    assert_eq!(run[1], "training");
    assert!(text.contains("1 model version and 1 deployment lie downstream"), "{text}");
    let documents = table(&document, "Documents about it");
    let types: Vec<String> = documents.rows.iter().map(|row| row[1].plain()).collect();
    assert!(types.contains(&"bias_examination".to_owned()), "{types:?}");
    assert!(!has_gap(&document, "bias_examination"), "{text}");
    assert!(has_gap(&document, "license") && has_gap(&document, "rows"), "{text}");

    world.loses("bias_examination");
    world.lacks("train", "personal_data");
    world.lacks("train", "origin");
    let document = sheet(&world, "train");
    assert!(has_gap(&document, "bias_examination (10(2)(f))"), "{}", words(&document));
    assert!(has_gap(&document, "personal_data") && has_gap(&document, ": origin"));
    assert!(words(&document).contains("not the same as that it holds none"));
    // Of what holds no special categories no reason for them is asked.
    assert!(!has_gap(&sheet(&world, "valid"), "strict_necessity"));
    world.says("test", "digest", "train-digest");
    let twins = words(&sheet(&world, "train"));
    assert!(twins.contains("The same digest is recorded of: "), "{twins}");
}

#[test]
fn retention_tells_floor_ceiling_holds_and_what_the_policy_leaves_open() {
    let policy = Policy::read(None).unwrap();
    let report = |world: &World, now: i64| {
        told(&world.store(), now, |facts, find| {
            retention(facts, Some(find(Kind::System, SYSTEM)), &policy).unwrap()
        })
    };
    let mut world = World::whole();
    let document = report(&world, TODAY);
    let text = words(&document);
    let classes = table(&document, "Classes of the policy");
    assert_eq!(row(classes, "inference-log")[2..4], ["P6M", "undeclared"]);
    assert!(has_gap(&document, "inference-log: the ceiling is undeclared"), "{text}");
    let logs = row(table(&document, "Logs by deployment"), "scorer");
    assert_eq!(logs[1..6], ["184", "400", "26(6)", "monitoring", "deployer"]);
    assert!(logs[9].starts_with("2027-05"), "six months, or 184 days: {logs:?}");
    assert!(
        text.contains("Batches with events: 1. By the policy, below their floor: 1;"),
        "{text}"
    );
    assert_eq!(row(table(&document, "Holds that stand"), "inc-1")[2], "incident");
    let papers = row(table(&document, "Other classes"), "technical-file");
    assert_eq!(papers[3], papers[2], "ten years are not over: {papers:?}");

    world.lacks("deployment", "log_erase_days");
    world.is_held = false;
    let document = report(&world, TODAY);
    assert!(has_gap(&document, "log_erase_days (GDPR 5(1)(e))"), "{}", words(&document));
    assert!(words(&document).contains("No hold stands over any of it."));
    world.says("deployment", "log_erase_days", Value::float(10.0));
    let document = report(&world, TODAY);
    assert!(has_gap(&document, "the floor lies behind the ceiling"), "{}", words(&document));
    let whole = told(&world.store(), TODAY, |facts, _| retention(facts, None, &policy).unwrap());
    assert!(whole.title.ends_with("the whole store"), "{}", whole.title);
}

#[test]
fn dpia_facts_tell_classes_and_that_a_hash_is_no_answer() {
    let facts_of = |world: &World| {
        told(&world.store(), TODAY, |facts, find| dpia(facts, find(Kind::System, SYSTEM)).unwrap())
    };
    let mut world = World::whole();
    let document = facts_of(&world);
    let text = words(&document);
    let declared = table(&document, "Declared by a person or a source");
    assert_eq!(declared.rows[0][2].plain(), "3", "{text}");
    assert_eq!(row(declared, "logs of deployments")[2], "1");
    let fields = table(&document, "Fields of events that point at a person");
    assert_eq!(row(fields, "input_hash")[2], "40 of 40 (100.0 %)");
    assert_eq!(row(fields, "reviewer")[2], "40 of 40 (100.0 %)");
    let hashes = row(table(&document, "How inputs were hashed"), "hmac-sha256");
    assert_eq!(hashes[2..], ["40", "40", "0"]);
    assert!(text.contains("That something is hashed answers no question"), "{text}");
    assert!(text.contains("investigator, auditor, break-glass"), "{text}");
    assert!(has_gap(&document, "this store holds no trail of uses"), "{text}");
    let assessments = table(&document, "Assessments and notices on record");
    let types: Vec<String> = assessments.rows.iter().map(|row| row[1].plain()).collect();
    assert_eq!(types, ["dpia", "fria", "notice_to_persons"]);
    assert!(!has_gap(&document, "impact assessment"), "{text}");

    world.loses("dpia");
    world.without.insert(EventField::InputKeyId);
    world.lacks("valid", "personal_data");
    let document = facts_of(&world);
    assert!(has_gap(&document, "40 hashes of inputs name no key"), "{}", words(&document));
    assert!(has_gap(&document, "dpia (GDPR 35; 26(9))"));
    assert!(has_gap(&document, "whether it holds personal data"));
    assert!(gaps(&document).iter().any(|gap| gap.lack == Lack::Undeclared));
}

/// All reports of a bank whose names are what somebody would write who means harm.
fn all_of(bank: &Bank, store: &Arc<Store>) -> Vec<Document> {
    let policy = Policy::read(None).unwrap();
    told(store, at("2026-06-02"), |facts, find| {
        let system = find(Kind::System, &bank.system);
        let (one, two) = (find(Kind::Model, "credit@1"), find(Kind::Model, "credit@2"));
        vec![
            oversight(facts, system, &Oversight::default()).unwrap(),
            change(facts, one, two).unwrap(),
            data_sheet(facts, find(Kind::Dataset, "loans")).unwrap(),
            retention(facts, Some(system), &policy).unwrap(),
            dpia(facts, system).unwrap(),
        ]
    })
}

#[test]
fn hostile_names_stay_names() {
    let bank = Bank {
        system: "<script>alert(1)</script>|x\n# y".to_owned(),
        service: "'; rm -rf / #<img src=x>".to_owned(),
        ..Bank::whole()
    };
    let mut fixes = Vec::new();
    for document in all_of(&bank, &bank.store()) {
        let html = document.to_html();
        assert!(!html.contains("<script") && !html.contains("<img"), "{}", document.kind);
        let markdown = document.to_markdown(None);
        assert!(!markdown.contains("\n# y"), "{}: {markdown}", document.kind);
        let given = gaps(&document).into_iter().filter_map(|gap| gap.fix.clone());
        fixes.extend(given.filter(|fix| fix.contains("<script")));
    }
    // What a shell is given stands in quotes.
    assert!(!fixes.is_empty());
    for fix in fixes {
        assert!(fix.contains("'system:\"<script>") && fix.contains("\"'"), "{fix}");
    }
}

#[test]
fn every_report_is_the_same_each_time_names_its_nodes_and_promises_nothing() {
    let bank = Bank::whole();
    let store = bank.store();
    let world = World::whole().store();
    let mut documents = all_of(&bank, &store);
    let written = |documents: &[Document]| -> Vec<String> {
        documents.iter().map(|document| document.to_json() + &document.to_html()).collect()
    };
    assert_eq!(written(&documents), written(&all_of(&bank, &store)));
    documents.push(told(&world, TODAY, |facts, find| {
        incident(facts, find(Kind::Incident, "inc-1"), &Incident::default()).unwrap()
    }));
    for document in &documents {
        let json: serde_json::Value = serde_json::from_str(&document.to_json()).unwrap();
        assert_eq!(json["kind"], document.kind);
        assert!(json["title"].as_str().unwrap().contains(": "));
        let labels: Vec<&str> = json["facts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["label"].as_str().unwrap())
            .collect();
        for label in ["about", "as of", "checkpoint", "today", "articles", "law", "applies from"] {
            assert!(labels.contains(&label), "{} has no {label}", document.kind);
        }
        let last = json["sections"].as_array().unwrap().last().unwrap();
        assert_eq!(last["heading"], "What this report cannot tell");
        assert!(!document.references().is_empty());
        for node in document.references() {
            assert!(!node.id.is_empty(), "{}", node.name);
        }
        let text = document.to_markdown(None).to_lowercase();
        for word in ["compliant", "tamper-proof", "certified", "guarantee"] {
            assert!(!text.contains(word), "{}: {word}", document.kind);
        }
    }
    let kinds: Vec<&str> = documents.iter().map(|document| document.kind.as_str()).collect();
    assert_eq!(kinds, ["oversight", "change", "data-sheet", "retention", "dpia", "incident"]);
}

#[test]
fn what_is_sealed_is_told_of_and_not_told() {
    use lineal_evidence::record::{By, Desk};
    let bank = Bank::whole();
    let store = bank.store();
    let desk = Desk::new(&store, at("2026-06-02"));
    let by = By { who: "anna@bank.example", reason: Some("Mister Brown complained"), at: None };
    let concerns = ["model:prod/credit@1".to_owned()];
    let fields = ["corrective_action=Anna stopped it".to_owned()];
    desk.incident(&by, "case-7", &concerns, &fields).unwrap();
    told(&store, at("2026-06-02") + DAY, |facts, find| {
        let node = find(Kind::Incident, "case-7");
        let document = incident(facts, node, &Incident::default()).unwrap();
        let text = words(&document);
        assert!(!text.contains("Brown") && !text.contains("Anna") && !text.contains("anna@"));
        let action = table(&document, "Corrective action");
        assert_eq!(row(action, "corrective_action")[1], "recorded and sealed");
    });
    // Those who may see names are told them.
    let view = lineal_query::StoreView::new(Arc::clone(&store)).unwrap();
    let facts = lineal_evidence::report::Facts::new(&store, &view, at("2026-06-02")).unwrap();
    let facts = facts.naming_persons();
    let node = view.snapshot().find(Some(Kind::Incident), "case-7")[0];
    let document = incident(&facts, node, &Incident::default()).unwrap();
    assert!(words(&document).contains("anna@bank.example"), "{}", words(&document));
}
