//! Every rule over the AI Act: met where all is recorded, and what it says when one thing is not.

#[path = "forty/cases.rs"]
mod cases;
#[path = "forty/world.rs"]
mod world;

use cases::{
    CASES, another_was_declared_there, evaluated_on_training_data, is_called, is_withdrawn,
    runs_without_log, tested_apart,
};
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{ErasureOrder, NodeDraft, Saying, Target};
use lineal_evidence::check::{
    Bounded, Error, Wanted, check_part, compare, junit, record, recorded, sarif,
};
use lineal_evidence::rules::{Pack, Status};
use lineal_proof::Value;
use lineal_proof::record::Decision;
use lineal_query::{Limits, StoreView};
use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;
use world::{DAY, HOUR, TODAY, World, ago, key, report, result};

#[test]
fn where_everything_is_recorded_every_rule_is_met() {
    let told = report(&World::whole().store(), &Pack::eu_ai_act().unwrap());
    let open: Vec<String> = told
        .rules
        .iter()
        .filter(|rule| rule.status != Status::Met)
        .map(|rule| {
            let say: Vec<String> = rule
                .findings
                .iter()
                .map(|finding| format!("{}: {}", finding.node, finding.say))
                .collect();
            format!("{} {:?} {:?} {}", rule.id, rule.status, rule.why, say.join("; "))
        })
        .collect();
    assert!(open.is_empty(), "{}", open.join("\n"));
    assert_eq!(told.counts()["met"], 40);
    assert!(told.rules.iter().all(|rule| rule.subjects > 0));
}

/// How the bank is spoiled, and what a rule then comes to.
type Spoiled = (fn(&mut World), &'static str, Status);

#[test]
fn a_rule_whose_decisive_field_is_absent_is_not_met() {
    let pack = Pack::eu_ai_act().unwrap();
    for (rule, node, field) in [
        ("SYS-02", "system", "declared_at"),
        ("RSK-01", "risk_management", "time"),
        ("RSK-02", "risk_management", "reviewed_at"),
        ("RSK-03", "evaluation", "started"),
        ("DOC-01", "technical_documentation", "time"),
        ("DOC-01", "system", "placed_on_market_at"),
        ("PRF-01", "evaluation", "time"),
        ("PRF-01", "evaluation", "model_digest"),
        ("PRF-01", "model", "digest"),
        ("LOG-07", "deployment", "log_keep_days"),
        ("LOG-08", "deployment", "log_keep_days"),
        ("LOG-08", "deployment", "log_erase_days"),
        ("PMM-02", "monitor", "last_evaluated_at"),
        ("INC-01", "incident", "aware_at"),
        ("CNF-01", "eu_declaration", "time"),
        ("CNF-01", "system", "conformity_at"),
        ("CNF-01", "system", "placed_on_market_at"),
        ("CNF-02", "change", "time"),
        ("CNF-03", "system", "registration_at"),
        ("CNF-03", "system", "placed_on_market_at"),
        ("CNF-04", "system", "placed_on_market_at"),
        ("CNF-04", "eu_declaration", "retention_until"),
        ("DPL-01", "fria", "time"),
        ("DPL-01", "notice_to_persons", "time"),
    ] {
        let mut world = World::whole();
        world.lacks(node, field);
        let told = result(&world, &pack, rule);
        assert_eq!(told.status, Status::Gap, "{rule} without {field} of {node}: {told:#?}");
        let last = field.trim_end_matches("_at");
        let names = told.findings.iter().any(|it| it.missing.contains(last));
        assert!(names, "{rule} names {field}: {told:#?}");
    }
    // Of special data that was deleted, by when that was due.
    let mut world = World::whole();
    world.lacks("train", "retention_until");
    assert_eq!(result(&world, &pack, "DAT-05").status, Status::Met);
    world.lacks("train", "bias_corrected_at");
    assert_eq!(result(&world, &pack, "DAT-05").status, Status::Gap);
    // Of an incident, neither when it happened nor when it was known.
    let mut world = World::whole();
    world.lacks("incident", "time");
    assert_eq!(result(&world, &pack, "INC-02").status, Status::Met);
    world.lacks("incident", "aware_at");
    assert_eq!(result(&world, &pack, "INC-02").status, Status::Gap);
}

#[test]
fn what_came_before_a_start_that_nobody_recorded_cannot_be_told() {
    let pack = Pack::eu_ai_act().unwrap();
    for rule in ["RSK-01", "RSK-03", "PRF-01", "DPL-01"] {
        let mut world = World::whole();
        let edges =
            [(Relation::Deploys, Kind::Model, "2"), (Relation::BelongsTo, Kind::System, "credit")];
        world.gains((Kind::Deployment, "undated"), &[], &edges);
        for document in ["fria", "dpia", "notice_to_persons"] {
            world.links(document, Relation::Documents, Kind::Deployment, "undated");
        }
        let told = result(&world, &pack, rule);
        let says: Vec<(&str, Status)> =
            told.findings.iter().map(|it| (&*it.missing, it.status)).collect();
        assert_eq!(says, [("from", Status::Gap)], "{rule}: {told:#?}");
    }
}

#[test]
fn a_model_tested_on_its_training_data_under_another_name_is_told_with_both_and_by_what() {
    for (pack, rule) in [(Pack::eu_ai_act(), "DAT-02"), (Pack::reconcile(), "REC-05")] {
        let pack = pack.unwrap();
        for spoil in [evaluated_on_training_data as fn(&mut World), tested_apart] {
            let mut world = World::whole();
            spoil(&mut world);
            let told = result(&world, &pack, rule);
            assert_eq!(told.findings_total, 1, "{rule}: {told:#?}");
            let (node, say) = (&told.findings[0].node, &told.findings[0].say);
            assert!(node.starts_with("model:"), "{rule}: {node}");
            let is_it =
                say.contains("was trained on dataset:train") && say.contains("dataset:copy");
            assert!(is_it && say.ends_with(": one digest"), "{rule}: {say}");
        }
        // Another way to make it: another digest.
        let mut world = World::whole();
        let fields = [("digest", Value::from("train-digest")), ("digest_kind", Value::from("crc"))];
        world.gains((Kind::Dataset, "copy"), &fields, &[]);
        world.links("evaluation", Relation::TestedOn, Kind::Dataset, "copy");
        assert_eq!(result(&world, &pack, rule).status, Status::Met, "{rule}");
    }
}

#[test]
fn data_that_was_taken_back_is_told_of_what_is_in_use_or_approved_since() {
    let pack = Pack::reconcile().unwrap();
    let told = |days: i64, spoil: fn(&mut World)| {
        let mut world = World::whole();
        is_withdrawn(&mut world, "train", days);
        spoil(&mut world);
        let told = result(&world, &pack, "REC-24");
        (told.status, told.findings.first().map(|it| it.say.clone()).unwrap_or_default())
    };
    let nothing: fn(&mut World) = |_| ();
    let (status, say) = told(7, nothing);
    assert_eq!(status, Status::Conflict);
    assert!(say.contains("rests on dataset:train") && say.contains("withdrawn at 2026-"), "{say}");
    assert!(say.contains("runs today") && !say.contains("approved it"), "{say}");
    // It was approved fifteen days ago.
    let (_, say) = told(16, nothing);
    assert!(say.contains("runs today") && say.contains("approved it after that"), "{say}");
    // Taken back in time to come, or taken out of use before, or since.
    assert_eq!(told(-1, nothing).0, Status::Met);
    let silent: fn(&mut World) = |w| {
        w.earlier = 20 * DAY;
        w.says("deployment", "from", ago(30));
        w.says("deployment", "until", ago(6));
    };
    assert_eq!(told(5, silent).0, Status::Met, "it had ended");
    assert_eq!(told(7, silent).0, Status::Gap, "it has ended since");
    // What used it in a role that nobody recorded may have trained on it.
    let used: fn(&mut World) = |w| {
        w.cuts("run", Relation::TrainedOn);
        w.links("run", Relation::Used, Kind::Dataset, "train");
    };
    let (status, say) = told(7, used);
    assert_eq!(status, Status::Gap, "{say}");
    assert!(say.contains("in a role that is not recorded"), "{say}");
}

#[test]
fn each_rule_says_what_is_missing() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut faults = Vec::new();
    for (rule, spoil, status, missing) in CASES {
        let mut world = World::whole();
        spoil(&mut world);
        let told = result(&world, &pack, rule);
        let named = missing.is_empty()
            || told
                .findings
                .iter()
                .any(|finding| finding.status == *status && finding.missing.contains(missing));
        let commands = told.findings.iter().all(|finding| {
            !finding.fix.is_empty() && !finding.fix.contains('{') && !finding.say.contains('{')
        });
        if told.status != *status || !named || !commands {
            faults.push(format!("{rule}: expected {status:?} of `{missing}`, came to {told:#?}"));
        }
    }
    assert!(faults.is_empty(), "{} of {}\n{}", faults.len(), CASES.len(), faults.join("\n"));
}

#[test]
fn an_incident_that_concerns_only_a_batch_is_one_of_the_system() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "INC-01");
    let mut world = World::whole();
    world.loses("incident");
    let store = world.store();
    assert_eq!(report(&store, &pack).rules[0].status, Status::NotApplicable);
    let view = store.snapshot().unwrap();
    let batch = view.key_of(view.batches().next().unwrap().node).clone();
    drop(view);
    let mut draft = NodeDraft::new(Kind::Incident, key(Kind::Incident, "inc-2"));
    draft.fields.insert("declared_serious", Value::from(true));
    draft.link(Relation::Concerns, Kind::Batch, batch);
    let saying = Saying {
        source: "declared".to_owned(),
        form: "declared".to_owned(),
        observed_at: TODAY - HOUR,
    };
    let mut transaction = store.begin(None, None).unwrap();
    transaction.add_node(&saying, draft).unwrap();
    transaction.commit().unwrap();
    let told = report(&store, &pack).rules.remove(0);
    assert_eq!((told.status, told.subjects), (Status::Gap, 1), "{told:#?}");
}

#[test]
fn what_events_say_cannot_be_told_where_there_are_none() {
    let pack = Pack::eu_ai_act().unwrap();
    for rule in ["LOG-01", "LOG-04", "LOG-06", "OVR-03"] {
        let mut world = World::whole();
        assert_eq!(result(&world, &pack, rule).cannot_tell, 0, "{rule}");
        runs_without_log(&mut world);
        assert_ne!(result(&world, &pack, rule).cannot_tell, 0, "{rule}");
    }
}

#[test]
fn each_rule_has_an_example_that_is_not_met() {
    let pack = Pack::eu_ai_act().unwrap();
    let shown: BTreeSet<&str> = CASES.iter().map(|(rule, ..)| *rule).collect();
    let all: BTreeSet<&str> = pack.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(shown, all);
}

#[test]
fn a_finding_counts_the_events_that_lack_a_field() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    world.without.extend([EventField::OutputHash]);
    let told = result(&world, &pack, "LOG-01");
    let says: Vec<&str> = told.findings.iter().map(|finding| finding.say.as_str()).collect();
    assert_eq!(says, ["events lack fields: output_hash in 40 of 40"]);
    // Ten have the one, ten the other: counters say that twenty have neither, or more.
    let mut world = World::whole();
    world.id_field = |number| match number % 4 {
        0 => EventField::EventId,
        1 => EventField::LogId,
        _ => EventField::RequestId,
    };
    let told = result(&world, &pack, "LOG-01");
    let say = &told.findings[0].say;
    assert_eq!(say, "events lack fields: event_id or log_id in at least 20 of 40");
    let mut world = World::whole();
    world.names_reviewer = |is_overridden| !is_overridden;
    let told = result(&world, &pack, "OVR-03");
    assert_eq!(told.findings[0].say, "4 of 4 overrides without a reviewer");
}

#[test]
fn who_verified_is_told_apart_by_keys_and_not_by_names() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    world.verifiers = "anna";
    // One person whose name has two words.
    is_called(&mut world, "anna", "Anna Berg");
    let told = result(&world, &pack, "LOG-06");
    let says: Vec<&str> = told.findings.iter().map(|finding| finding.say.as_str()).collect();
    assert_eq!(says, ["40 of 40 matches verified by fewer than 2 different persons"]);
    // Two who are called the same.
    world.verifiers = "anna ben";
    is_called(&mut world, "ben", "Anna Berg");
    assert_eq!(result(&world, &pack, "LOG-06").status, Status::Met);
}

#[test]
fn who_verified_what_is_erased_cannot_be_told() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "LOG-06");
    let mut world = World::whole();
    world.is_held = false;
    let store = world.store();
    let told = report(&store, &pack).rules.remove(0);
    assert_eq!((told.cannot_tell, told.findings_total), (0, 0));
    let view = store.snapshot().unwrap();
    let batch = view.batches().next().unwrap().node;
    let target = Target::Batch(view.node_id(batch));
    drop(view);
    let order = ErasureOrder {
        targets: vec![target],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".to_owned(),
        reference: "R-9".to_owned(),
        decided_by: store.actor_key("officer").unwrap(),
        executed_by: store.actor_key("operator").unwrap(),
    };
    store.erase(&order, false).unwrap();
    let told = report(&store, &pack).rules.remove(0);
    assert_eq!((told.cannot_tell, told.findings_total), (1, 0));
}

#[test]
fn a_silence_that_is_explained_is_none() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    world.silent = 10..16;
    assert_eq!(result(&world, &pack, "LOG-04").status, Status::Gap);
    let fields = [
        ("type", Value::from("loss")),
        ("from", Value::from(ago(10) + 9 * 6 * HOUR)),
        ("until", Value::from(ago(10) + 16 * 6 * HOUR)),
    ];
    world.gains((Kind::Change, "loss"), &fields, &[(Relation::Concerns, Kind::Deployment, "2")]);
    assert_eq!(result(&world, &pack, "LOG-04").status, Status::Met);
}

#[test]
fn a_report_on_one_version_names_another_that_was_declared_in_its_place() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "LOG-02");
    let mut world = World::whole();
    another_was_declared_there(&mut world);
    let store = world.store();
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let deployment = view.snapshot().node_with_key(Kind::Deployment, &key(Kind::Deployment, "2"));
    let deployment = view.snapshot().name_of(deployment.unwrap());
    let system = Some("credit".to_owned());
    let wanted = Wanted { system, now: TODAY, ..Wanted::default() };
    let narrow = Wanted { deployment: Some(deployment), ..wanted.clone() };
    for wanted in [wanted, narrow] {
        let told = check_part(&store, &view, &view, &pack, &wanted).unwrap();
        assert_eq!(told.rules[0].status, Status::Conflict, "{told:#?}");
    }
}

#[test]
fn a_hold_counts_for_an_incident_until_it_was_released() {
    let mut pack = Pack::eu_ai_act().unwrap();
    pack.rules.retain(|rule| rule.id == "INC-02");
    let told = |world: &World| {
        let store = world.store();
        store.release("inc-1", "the search has ended", None).unwrap();
        report(&store, &pack).rules.remove(0)
    };
    // Released while the authority was not told.
    let early = told(&World::whole());
    let says = |text: &str| early.findings.iter().any(|it| it.say.contains(text));
    assert!(says("that was not released before the authority was told"), "{early:#?}");
    let mut world = World::whole();
    world.says("incident", "authority_informed_at", ago(5));
    assert_eq!(told(&world).status, Status::Met);
}

#[test]
fn a_waiver_names_a_person_and_ends() {
    let pack = Pack::eu_ai_act().unwrap();
    let waived = |expires: i64, by: &[(Relation, Kind, &str)]| {
        let mut world = World::whole();
        world.lacks("system", "provider");
        let fields = [
            ("decision", Value::from("waived")),
            ("rule", Value::from("SYS-01")),
            ("expires", Value::from(expires)),
        ];
        let mut edges = vec![(Relation::Approves, Kind::System, "credit")];
        edges.extend(by);
        world.gains((Kind::Approval, "waiver"), &fields, &edges);
        result(&world, &pack, "SYS-01")
    };
    let anna = [(Relation::DoneBy, Kind::Actor, "anna")];
    let told = waived(TODAY + DAY, &anna);
    assert_eq!(told.status, Status::Waived);
    let waiver = told.findings[0].waiver.as_ref().unwrap();
    assert_eq!(waiver.by.len(), 1);
    assert!(waiver.until.is_some());
    assert_eq!(waived(TODAY - DAY, &anna).status, Status::Gap, "it has ended");
    assert_eq!(waived(TODAY + DAY, &[]).status, Status::Gap, "it names nobody");
}

#[test]
fn the_order_of_imports_does_not_show() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut spoiled = World::whole();
    spoiled.loses("approval");
    spoiled.lacks("train", "origin");
    spoiled.says("eu_declaration", "time", ago(140));
    let told = |world: &World| {
        let mut told = report(&world.store(), &pack);
        // As of when differs: there are more commits.
        (told.commit, told.checkpoint, told.recorded) = (0, None, String::new());
        told
    };
    let first = told(&spoiled);
    assert!(first.rules.iter().any(|rule| rule.status.is_open()));
    for (is_backwards, is_apart) in [(true, false), (false, true), (true, true)] {
        let other = World { is_backwards, is_apart, ..spoiled.clone() };
        assert_eq!(told(&other), first, "backwards {is_backwards}, apart {is_apart}");
    }
}

#[test]
fn what_is_recorded_of_a_report_names_no_person() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    world.links("run", Relation::DoneBy, Kind::Actor, "ben");
    is_called(&mut world, "ben", "Benedikt Beispiel");
    let store = world.store();
    let before = report(&store, &pack);
    let text = before.json().to_string();
    assert!(
        text.contains("Benedikt Beispiel"),
        "who checks reads who approved the own work: {text}"
    );
    record(&store, &pack, &before, TODAY, None).unwrap();
    let view = store.snapshot().unwrap();
    let kept = recorded(&view, Some("system:credit")).unwrap();
    let text = kept[0].1.json().to_string();
    assert!(!text.contains("Beispiel") && text.contains("actor:ben"), "{text}");
    let same = compare(&kept[0].1, &before.without_people(&view));
    assert!(same.new.is_empty() && same.gone.is_empty() && same.changed.is_empty());
}

#[test]
fn a_report_is_recorded_read_back_and_compared() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    world.lacks("system", "provider");
    let store = world.store();
    let before = report(&store, &pack);
    let (commit, _) = record(&store, &pack, &before, TODAY, None).unwrap();
    assert_eq!(commit, store.commit());
    let view = store.snapshot().unwrap();
    let kept = recorded(&view, Some("system:credit")).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(recorded(&view, Some("system:other")).unwrap().is_empty());
    let same = compare(&kept[0].1, &before);
    assert!(
        same.new.is_empty() && same.gone.is_empty() && same.changed.is_empty() && same.same_pack
    );

    world.says("system", "provider", "ACME");
    world.lacks("system", "version");
    world.says("risk_management", "reviewed_at", ago(400));
    let after = report(&world.store(), &pack);
    let told = compare(&before, &after);
    let missing = |list: &[_]| -> Vec<String> {
        list.iter()
            .map(|told: &lineal_evidence::check::Told| told.finding.missing.clone())
            .collect()
    };
    assert!(missing(&told.new).contains(&"version".to_owned()), "{:?}", told.new);
    assert_eq!(missing(&told.gone), ["provider"]);
    assert!(
        told.rules.contains(&("RSK-02".to_owned(), Status::Met, Status::Gap)),
        "{:?}",
        told.rules
    );
}

#[test]
fn a_report_can_be_shown_by_other_programs() {
    let pack = Pack::eu_ai_act().unwrap();
    let mut world = World::whole();
    world.lacks("system", "provider");
    world.loses("approval");
    let told = report(&world.store(), &pack);
    let sarif = sarif(&told);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let total: u64 = told.rules.iter().map(|rule| rule.findings.len() as u64).sum();
    assert_eq!(results.len() as u64, total);
    for result in results {
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
    }
    let xml = junit(&told);
    assert_eq!(xml.matches("<testcase ").count(), 40);
    assert_eq!(
        xml.matches("<failure ").count(),
        told.rules.iter().filter(|rule| rule.status.is_open()).count()
    );
}

#[test]
fn what_is_recorded_is_held_against_itself() {
    let pack = Pack::reconcile().unwrap();
    let told = |spoil: fn(&mut World), rule: &str| {
        let mut world = World::whole();
        spoil(&mut world);
        result(&world, &pack, rule).status
    };
    let nothing: fn(&mut World) = |_| ();
    // All that differ are named at once: each case stands for itself.
    let mut wrong = Vec::new();
    for rule in &pack.rules {
        // All of it was stated at once, today: what it claims of earlier days is shown since then.
        let is_late =
            ["REC-08", "REC-15", "REC-16", "REC-17", "REC-18", "REC-19"].contains(&&*rule.id);
        let status = if is_late { Status::Gap } else { Status::Met };
        let found = told(nothing, &rule.id);
        if found != status {
            wrong.push(format!("{} of what is whole: {found:?}", rule.id));
        }
    }
    let of_the_deployment: fn(&mut World) = |w| {
        w.cuts("approval", Relation::Approves);
        w.links("approval", Relation::Approves, Kind::Deployment, "2");
        w.says("approval", "time", ago(9));
    };
    let spoiled: [Spoiled; 24] = [
        (of_the_deployment, "REC-03", Status::Conflict),
        (of_the_deployment, "REC-04", Status::Conflict),
        (|w| w.says("model", "digest", "0cc175b9c0f1b6a831c399e269772661"), "REC-14", Status::Gap),
        (
            |w| {
                for field in ["time", "started", "thresholds_at"] {
                    w.says("evaluation", field, ago(1));
                }
            },
            "REC-16",
            Status::Met,
        ),
        (|w| w.says("change", "time", ago(1)), "REC-17", Status::Met),
        (
            |w| {
                for field in ["time", "aware_at", "causal_link_at"] {
                    w.says("incident", field, ago(1));
                }
            },
            "REC-18",
            Status::Met,
        ),
        (|w| w.says("system", "declared_at", ago(1)), "REC-19", Status::Met),
        (|w| w.says("monitor", "time", ago(9)), "REC-20", Status::Gap),
        (|w| w.nodes.retain(|(name, _)| *name != "model"), "REC-01", Status::Conflict),
        (|w| w.says("deployment", "until", ago(2)), "REC-02", Status::Conflict),
        (|w| w.says("approval", "time", ago(9)), "REC-03", Status::Conflict),
        (|w| w.says("approval", "time", ago(9)), "REC-04", Status::Conflict),
        (|w| w.says("test", "digest", "train-digest"), "REC-05", Status::Conflict),
        (|w| w.silent = 10..20, "REC-06", Status::Gap),
        (
            |w| {
                for relation in [Relation::TrainedOn, Relation::ValidatedOn, Relation::TestedOn] {
                    w.cuts("run", relation);
                }
            },
            "REC-07",
            Status::Gap,
        ),
        (|w| w.says("approval", "time", ago(1)), "REC-08", Status::Met),
        (|w| w.links("base", Relation::DerivedFrom, Kind::Model, "2"), "REC-09", Status::Conflict),
        (|w| w.says("test", "digest_kind", "md5"), "REC-10", Status::Gap),
        (|w| w.without.extend([EventField::InputKeyId]), "REC-11", Status::Gap),
        (|w| w.earlier = -20 * DAY, "REC-23", Status::Conflict),
        (evaluated_on_training_data, "REC-05", Status::Conflict),
        (tested_apart, "REC-05", Status::Conflict),
        (|w| is_withdrawn(w, "train", 7), "REC-24", Status::Conflict),
        (|w| is_withdrawn(w, "test", 7), "REC-24", Status::Met),
    ];
    for (at, (spoil, rule, status)) in spoiled.into_iter().enumerate() {
        let found = told(spoil, rule);
        if found != status {
            wrong.push(format!("case {at}, {rule}: {found:?}, not {status:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_a_decision_erased_is_told_with_the_decision() {
    let mut world = World::whole();
    // Under a hold nothing is erased.
    world.is_held = false;
    let store = world.store();
    let view = store.snapshot().unwrap();
    let batch = view.batches().next().unwrap().node;
    let target = Target::Batch(view.node_id(batch));
    drop(view);
    let mut pack = Pack::reconcile().unwrap();
    pack.rules.retain(|rule| rule.id == "REC-13");
    assert_eq!(report(&store, &pack).rules[0].status, Status::Met);
    let order = ErasureOrder {
        targets: vec![target],
        decision: Decision::Erased,
        basis: "GDPR 17(1)(a)".to_owned(),
        reference: "R-9".to_owned(),
        decided_by: store.actor_key("officer").unwrap(),
        executed_by: store.actor_key("operator").unwrap(),
    };
    store.erase(&order, false).unwrap();
    let told = report(&store, &pack).rules.remove(0);
    assert_eq!((told.status, told.findings_total), (Status::Gap, 1));
    let say = &told.findings[0].say;
    assert!(say.starts_with("40 of 40 events erased by recorded decision (R-9 of "), "{say}");
    assert!(say.contains(": GDPR 17(1)(a)): what they said"), "{say}");
    // Neither to whom decisions are not told, nor in what is recorded.
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let wanted = Wanted { now: TODAY, ..Wanted::default() };
    let others = Bounded { view: &view, limits: Limits::default(), decisions: false };
    let hidden = check_part(&store, &view, &others, &pack, &wanted).unwrap();
    record(&store, &pack, &report(&store, &pack), TODAY, None).unwrap();
    let (_, kept) = recorded(&store.snapshot().unwrap(), None).unwrap().remove(0);
    for told in [hidden, kept] {
        let say = &told.rules[0].findings[0].say;
        assert!(say.starts_with("40 of 40 events erased by recorded decision ("), "{say}");
        assert!(say.contains("a privacy officer") && !say.contains("R-9"), "{say}");
        assert!(!say.contains("GDPR"), "{say}");
    }
}

#[test]
fn a_report_ends_wherever_it_is_when_nobody_waits_for_it_any_more() {
    let store = World::whole().store();
    let view = StoreView::new(Arc::clone(&store)).unwrap();
    let system = report(&store, &Pack::eu_ai_act().unwrap()).system;
    for pack in [Pack::eu_ai_act().unwrap(), Pack::reconcile().unwrap()] {
        let wanted = Wanted { system: system.clone(), now: TODAY, ..Wanted::default() };
        let (asked, end) = (Cell::new(0_u64), Cell::new(u64::MAX));
        let stop = || {
            asked.set(asked.get() + 1);
            asked.get() > end.get()
        };
        let limits = Limits { stop: Some(&stop), ..Limits::default() };
        let bounded = Bounded { view: &view, limits, decisions: false };
        let made = || {
            asked.set(0);
            check_part(&store, &view, &bounded, &pack, &wanted)
        };
        made().unwrap();
        let all = asked.get();
        assert!(all > pack.rules.len() as u64, "between rules and within tests: {all}");
        for at in (0..all).step_by(3) {
            end.set(at);
            assert!(matches!(made(), Err(Error::Ended)), "{}: at {at} of {all}", pack.head.id);
            assert_eq!(asked.get(), at + 1, "it goes on after it was told to end");
        }
        end.set(all);
        made().unwrap();
    }
}
