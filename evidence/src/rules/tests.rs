//! Packs of rules: those of the program are whole, and what is wrong with others is said with its line.

use super::{Error, Pack};
use lineal_engine::schema::{FieldType, KINDS, Kind, Relation, fields};

#[test]
fn the_packs_of_the_program_can_be_asked() {
    for pack in [Pack::eu_ai_act(), Pack::reconcile()] {
        let pack = pack.unwrap_or_else(|error| panic!("{error}"));
        assert!(pack.rules.iter().all(|rule| !rule.checks.is_empty()));
    }
}

#[test]
fn the_act_has_forty_rules_with_the_weights_of_the_study() {
    let pack = Pack::eu_ai_act().unwrap();
    let count =
        |test: fn(&super::Rule) -> bool| pack.rules.iter().filter(|rule| test(rule)).count();
    assert_eq!(pack.rules.len(), 40);
    assert_eq!(count(|rule| rule.basis == super::Basis::Text), 27);
    assert_eq!(count(|rule| rule.basis == super::Basis::Derived), 9);
    assert_eq!(count(|rule| rule.basis == super::Basis::Practice), 4);
    assert_eq!(count(|rule| rule.severity == super::Severity::Blocker), 20);
    assert_eq!(count(|rule| rule.severity == super::Severity::Major), 17);
    assert!(!pack.timeline.is_empty());
}

/// A command that would be refused is no fix: a waiver leads to the kinds that decisions are about.
#[test]
fn no_fix_asks_for_a_waiver_of_what_no_waiver_leads_to() {
    let mut asked = 0;
    for pack in [Pack::eu_ai_act().unwrap(), Pack::reconcile().unwrap()] {
        for rule in &pack.rules {
            let kind = pack.set(&rule.subject).expect("a rule has a set").kind;
            for check in rule.checks.iter().filter(|it| it.fix.starts_with("lineal waive ")) {
                let is_of_system = check.fix.contains("--node {system_node}");
                let leads = Relation::Approves.allows(Kind::Approval, kind);
                assert!(leads || is_of_system, "{}: {}", rule.id, check.fix);
                assert!(check.fix.contains(&format!("waive {} ", rule.id)), "{}", check.fix);
                asked += 1;
            }
        }
    }
    assert!(asked > 10, "{asked}");
}

/// A map as a whole takes no value: what `declare` and its like take is a member of it.
#[test]
fn no_fix_gives_a_map_one_value() {
    let mut members = 0;
    for pack in [Pack::eu_ai_act().unwrap(), Pack::reconcile().unwrap()] {
        for rule in &pack.rules {
            for check in &rule.checks {
                let given = check.fix.split([' ', '(']).filter_map(|word| word.split_once('='));
                for (path, _) in given {
                    let (name, member) = path.split_once('.').unwrap_or((path, ""));
                    let of_name = |kind: &Kind| fields(*kind).iter().find(|it| it.name == name);
                    let mut found = KINDS.iter().filter_map(of_name);
                    let is_map = found.any(|spec| spec.field_type == FieldType::Map);
                    assert_eq!(is_map, !member.is_empty(), "{}: {}", rule.id, check.fix);
                    members += usize::from(is_map);
                }
            }
        }
    }
    assert!(members > 4, "{members}");
}

#[test]
fn a_field_that_is_a_map_is_asked_for_by_a_member() {
    let pack = pack_with("fields = [\"metrics\", \"stage\"]").unwrap();
    let fixes: Vec<&str> = pack.rules[0].checks.iter().map(|check| check.fix.as_str()).collect();
    let expected = ["metrics.NAME=...", "stage=..."]
        .map(|given| format!("lineal declare node {{node}} {given} --by WHO"));
    assert_eq!(fixes, expected);
}

/// A pack of one rule.
fn pack_with(check: &str) -> Result<Pack, Error> {
    let text = format!(
        "[pack]\nid = \"p\"\nversion = \"1\"\nlaw = \"l\"\ndisclaimer = \"d\"\n\
         [[set]]\nname = \"things\"\nkind = \"model\"\nanywhere = \"find model\"\n\
         [[scope]]\nname = \"always\"\n\
         [[rule]]\nid = \"R-1\"\narticle = \"a\"\nbasis = \"text\"\nseverity = \"minor\"\nscope = \"always\"\n\
         subject = \"things\"\nneeds = []\ntest = \"t\"\nexplain = \"e\"\n[[rule.check]]\n{check}\n"
    );
    Pack::read(&text, "p.toml")
}

#[test]
fn a_rule_that_cannot_be_asked_is_refused_with_its_place() {
    let find = |text: &str| format!("find = '{text}'\nmissing = \"m\"\nsay = \"s\"\nfix = \"f\"");
    pack_with(&find("find model as m where m in things")).expect("a whole rule");
    let refused = [
        (find("find model as m where m in thing"), "thing"),
        (find("find model as m where m.colour is null"), "colour"),
        (find("find modell as m"), "modell"),
        (find("find model as m where m.name = $who"), "$who"),
        (find("find model as m return m.name"), "first column"),
        (find("find model as m").replace("\"s\"", "\"{nobody}\""), "{nobody}"),
        ("fields = [\"colour\"]".to_owned(), "colour"),
        ("fields = [\"name\"]\nfind = 'find model'".to_owned(), "one of"),
        (
            format!("{}\nunless_approved = \"x\"", find("find model as m")),
            "no node of its question",
        ),
        ("fields = [\"name\"]\nunless_approved = \"m\"".to_owned(), "unless_approved"),
        ("colour = 1".to_owned(), "colour"),
        ("test = \"telepathy\"".to_owned(), "telepathy"),
        ("status = \"met\"\nfields = [\"name\"]".to_owned(), "gap"),
        ("test = \"event-fields\"\nmissing = \"m\"\nfix = \"f\"".to_owned(), "event_fields"),
        (
            "test = \"event-fields\"\nevent_fields = [\"colour\"]\nmissing = \"m\"\nfix = \"f\""
                .to_owned(),
            "colour",
        ),
    ];
    for (check, word) in refused {
        let error = pack_with(&check).expect_err(&check);
        let text = error.to_string();
        assert!(text.contains(word) && text.contains("line "), "{check}: {text}");
    }
    assert!(matches!(pack_with("colour = 1"), Err(Error::Form { line, .. }) if line >= 20));
}

/// Each question of the packs, broken at a few places, is refused or still a question: never a panic.
#[test]
fn a_broken_text_of_a_rule_is_refused_whole() {
    let text = super::EU_AI_ACT;
    let mut refused = 0;
    for (at, _) in text.match_indices("find = 'find ") {
        let broken = format!("{}finde{}", &text[..at + 8], &text[at + 12..]);
        let line = broken[..at].matches('\n').count();
        match Pack::read(&broken, "broken.toml") {
            Err(Error::Rule { line: named, .. }) => {
                assert!(named <= line + 1, "line {named} names a rule behind line {line}");
                refused += 1;
            }
            other => panic!("a broken question was taken: {other:?}"),
        }
        // Each is a whole read of the pack: a few places are enough.
        if refused == 12 {
            break;
        }
    }
    assert_eq!(refused, 12);
}
