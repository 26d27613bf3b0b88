//! What whoever keeps a store has a server do: everything derived made anew, jobs cancelled, and what is due by
//! its ceiling erased by two persons.

use crate::client::{delete, get, post};
use crate::live::{HASH, Live};
use crate::uploads::done;
use lineal_server::Role;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// The logs of the fixtures are years older than its ceiling.
const POLICY: &str = "[policy]\nname = \"bank\"\nversion = 3\n[[retention]]\nclass = \"inference-log\"\n\
     min = \"P1D\"\nmax = \"P2D\"\nanchor = \"event.at\"\nbasis = \"b\"\npurpose = \"p\"\nmax_basis = \"our schedule\"\n";

/// Changes an order.
type Change<'a> = &'a dyn Fn(&mut Json);

#[test]
fn what_is_derived_is_made_anew_while_questions_go_on() {
    let live = Live::with(|config| config.write = true);
    let (admin, engineer) = (live.token(Role::Admin), live.token(Role::Engineer));
    let index = live.store().join("index");
    let graphs = || {
        let names = std::fs::read_dir(&index).unwrap().map(|it| it.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with("graph-")).count()
    };
    let trace = || live.send(get(format!("/v1/trace?target={HASH}")).token(&engineer)).ok();
    let before = trace();
    assert!(graphs() > 0, "something is derived");
    for name in std::fs::read_dir(&index).unwrap() {
        std::fs::remove_file(name.unwrap().path()).unwrap();
    }
    let reply = live.send(post("/v1/rebuild", &json!({})).token(&admin));
    assert_eq!(trace()["edges"], before["edges"], "the generation that is open answers");
    let job = done(&live, &admin, &reply);
    assert_eq!((&job["kind"], &job["state"]), (&json!("rebuild"), &json!("done")), "{job}");
    assert!(job["report"]["nodes"].as_u64() > Some(0), "{job}");
    assert!(graphs() > 0, "it is there again");
    assert_eq!(trace()["edges"], before["edges"]);
    assert_eq!(live.send(post("/v1/rebuild", &json!({})).token(&engineer)).problem().0, 403);
}

#[test]
fn a_job_is_cancelled_by_who_asked_for_it_and_twice_is_the_same() {
    let live = Live::with(|config| config.write = true);
    let [importer, other, admin, engineer] =
        [Role::Importer, Role::Importer, Role::Admin, Role::Engineer].map(|role| live.token(role));
    let bring = post("/v1/imports", &json!({ "message": "no event" })).kind("application/x-ndjson");
    let taken = live.send(bring.token(&importer));
    let job = done(&live, &importer, &taken);
    let path = taken.header("location").unwrap().to_owned();
    let cancel = |token: &str| live.send(delete(path.as_str()).token(token));
    // It was over: it stays as it is.
    for token in [&importer, &importer, &admin] {
        assert_eq!(cancel(token).ok()["state"], job["state"]);
    }
    assert_eq!(cancel(&other).problem().0, 403, "another importer's");
    assert_eq!(cancel(&engineer).problem().0, 403);
    assert_eq!(live.send(delete("/v1/imports/unknown").token(&importer)).problem().0, 404);
}

#[test]
fn what_is_due_is_proposed_and_erased_by_two_persons_over_a_server() {
    let live = Live::with(|config| config.write = true);
    let (officer, admin) = (live.token(Role::PrivacyOfficer), live.token(Role::Admin));
    let engineer = live.token(Role::Engineer);
    let due = || {
        let told = live.send(post("/v1/retention", &json!({ "policy": POLICY })).token(&officer));
        told.ok()["inference-log"]["due"].as_array().unwrap().len()
    };
    let before = due();
    assert!(before > 0, "the fixtures are old");
    let asked = json!({ "policy": POLICY });
    for token in [&admin, &engineer] {
        let refused = live.send(post("/v1/retention/proposals", &asked).token(token));
        assert_eq!(refused.problem().0, 403);
    }
    let undeclared = live.send(post("/v1/retention/proposals", &json!({})).token(&officer));
    assert_eq!(undeclared.problem().0, 422);
    assert!(undeclared.text().contains("undeclared"), "{}", undeclared.text());
    let reply = live.send(post("/v1/retention/proposals", &asked).token(&officer));
    let proposal = reply.text();
    assert_eq!(reply.ok()["batches"].as_array().map(Vec::len), Some(before));
    assert_eq!(reply.header("lineal-total"), Some(before.to_string().as_str()));
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(proposal.as_bytes()));
    let execute = |change: &dyn Fn(&mut Json)| {
        let mut body = json!({
            "proposal": proposal, "sha256": digest, "policy": POLICY, "decided_by": "anna@bank.example",
        });
        change(&mut body);
        let taken = live.send(post("/v1/retention/executions", &body).token(&officer));
        done(&live, &officer, &taken)
    };
    let tokens = live.tokens.read().unwrap();
    let own = tokens.iter().find(|token| token.role == Role::PrivacyOfficer).unwrap();
    let own = format!("token:{}", own.id);
    let (blank, bare) = (own.replace(':', ": "), own.replace("token:", ""));
    let refused: [(Change, &str); 10] = [
        (&|body| body["sha256"] = json!("0".repeat(64)), "is not the proposal that was read"),
        (&|body| body["decided_by"] = json!(own), "`decided_by` names another person"),
        (&|body| body["decided_by"] = json!(blank), "`decided_by` names another person"),
        (&|body| body["decided_by"] = json!(bare), "`decided_by` names another person"),
        // Whom the token was made for.
        (
            &|body| body["decided_by"] = json!("A test's privacy-officer"),
            "`decided_by` names another person",
        ),
        (&|body| body["decided_by"] = json!(""), "who decided is not named"),
        (&|body| body["decided_by"] = json!(" "), "who decided is not named"),
        (&|body| body["decided_by"] = json!("."), "who decided is not named"),
        (&|body| body["policy"] = Json::Null, "was proposed under the policy `bank`"),
        (&|body| body["policy"] = json!(POLICY.replace("P2D", "P90Y")), "its `max` is `P2D`"),
    ];
    for (change, words) in refused {
        let job = execute(change);
        assert_eq!(job["state"], "failed", "{job}");
        let told = job["problem"]["detail"].as_str().unwrap();
        assert!(told.contains(words), "{words}: {told}");
        assert_eq!(due(), before, "{words}: nothing is erased");
    }
    let job = execute(&|_| {});
    assert_eq!(job["state"], "done", "{job}");
    assert!(job["report"]["rows"].as_u64() > Some(0), "{job}");
    assert!(job["label"].as_str().unwrap().contains(&digest), "{job}");
    assert_eq!(due(), 0);
    let listed = live.send(get("/v1/erasures").token(&officer)).ok();
    let last = listed["erasures"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["basis"], "our schedule; ceiling P2D of inference-log", "{listed}");
    // Of what is gone nothing is left to do.
    let again = live.send(post("/v1/retention/proposals", &asked).token(&officer)).ok();
    assert_eq!(again["batches"], json!([]));
}
