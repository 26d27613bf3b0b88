//! What things are called in answers means them when it is pasted back; names given by hand, and
//! shortened ones.

use lineal_engine::schema::Kind;
use lineal_import::ImportOptions;
use lineal_proof::{Key, KeyPart};
use lineal_query::State;
use lineal_tests::place::{DATABASE, Place, fixture};

fn named(source: &str) -> ImportOptions {
    ImportOptions { source: Some(source.to_owned()), ..ImportOptions::default() }
}

/// The registry under two names, so that what the logs say of a model fits two of its versions.
fn twice() -> Place {
    let place = Place::new();
    place.import_with(&[&fixture(DATABASE)], &named("first"));
    place.import_with(&[&fixture(DATABASE)], &named("second"));
    place.import(&[&fixture("datadog-art12-a-nested")]);
    place
}

fn error(place: &Place, text: &str) -> String {
    place.try_answer(text, &[]).expect_err(text).render(text)
}

#[test]
fn every_name_in_an_answer_means_its_node_alone() {
    for place in [twice(), {
        let logs = Place::new();
        logs.import(&[&fixture("datadog-art12-a-nested")]);
        logs
    }] {
        let all = place.column("find node");
        assert!(all.len() > 3);
        for name in all {
            assert_eq!(place.column(&format!("find {name}")), [name.as_str()]);
        }
    }
}

#[test]
fn a_reference_that_fits_two_models_is_told_from_them() {
    let place = twice();
    let said = error(&place, "find run produces model:credit-risk-scorer@3 return it, it.name")
        .replace('\n', " ");
    let open = "model:\"?/credit-risk-scorer\"@3";
    for name in ["model:first/credit-risk-scorer@3", "model:second/credit-risk-scorer@3", open] {
        assert!(said.contains(name), "{name} in {said}");
    }
    let answer = place.answer(&format!("find deployment deploys {open}"), &[]);
    assert_eq!((answer.rows.len(), answer.completeness.state()), (1, State::CannotTell));
    for text in [
        "find deployment deploys model:first/credit-risk-scorer@3",
        "find deployment downstream of run produces model:second/credit-risk-scorer@3",
        "find inference downstream of model:first/credit-risk-scorer@3 summarize count() as n",
        "trace model:first/credit-risk-scorer@3 to deployment",
    ] {
        let answer = place.answer(text, &[]);
        // The lines of the demo's log that could not be read leave answers over events open too.
        let reasons = answer.completeness.reasons.iter().map(ToString::to_string);
        let reasons: Vec<String> =
            reasons.filter(|reason| !reason.contains("could not be read")).collect();
        assert_eq!(reasons.len(), 1, "{text}: {reasons:?}");
        assert!(reasons[0].contains(open), "{text}: {reasons:?}");
        assert!(reasons[0].contains("model:second/credit-risk-scorer@3"), "{reasons:?}");
    }
}

#[test]
fn a_name_given_for_a_family_means_all_of_it() {
    let place = twice();
    let mut transaction = place.store.begin(None, None).unwrap();
    let family = Key::new(vec!["first".into(), "credit-risk-scorer".into(), KeyPart::Null]);
    transaction.add_reference(Kind::Model, "scorer", Some(family));
    transaction.commit().unwrap();
    let all = place.column("find model:first/credit-risk-scorer");
    assert_eq!(all.len(), 5);
    assert_eq!(place.column("find model:scorer"), all);
    assert_eq!(place.column("find model:scorer@3"), ["model:first/credit-risk-scorer@3"]);
}

#[test]
fn a_digest_may_be_shortened_and_the_hash_of_an_event_may_not() {
    let place = Place::new();
    place.import(&[&fixture(DATABASE), &fixture("datadog-art12-a-nested")]);
    let rows = place.rows("find dataset return digest, it");
    let is_own = |digest: &str| rows.iter().filter(|row| row[0] == digest).count() == 1;
    let (digest, name) = rows.iter().map(|r| (&r[0], &r[1])).find(|(d, _)| is_own(d)).unwrap();
    assert_eq!(place.column(&format!("find dataset:{}", &digest[..6])), [name.as_str()]);
    assert!(error(&place, &format!("find dataset:{}", &digest[..5])).contains("no dataset"));
    let hash = "cdda4d341cb6a3b9b725d30c79b9d5e05aa8d666e7f8f7ef3ca7bc878d16d504";
    assert_eq!(place.column(&format!("find inference:{hash}")).len(), 1);
    for short in [hash[..6].to_owned(), format!("sha256:{}", &hash[..12])] {
        let said = error(&place, &format!("find inference:{short}"));
        assert!(said.contains("whole hash"), "{said}");
    }
}

#[test]
fn reviewers_have_their_names_in_conditions_columns_and_groups() {
    let place = Place::new();
    place.import(&[&fixture(DATABASE), &fixture("datadog-art12-a-nested")]);
    let groups =
        place.rows("find inference where reviewer is not null summarize count() as n by reviewer");
    assert!(groups.len() > 1);
    let actors = place.column("find actor return name");
    for row in &groups {
        let (name, count) = (&row[0], row[1].parse::<usize>().unwrap());
        assert!(actors.contains(name), "{name} in {actors:?}");
        for test in [format!("reviewer = {name:?}"), format!("lower(reviewer) = {name:?}")] {
            let found = place.column(&format!("find inference where {test} return reviewer"));
            assert_eq!(found, vec![name.clone(); count], "{test}");
        }
    }
}
