//! `lineal demo --evidence`: what a team records, what the check finds of it, and what is handed over,
//! step by step.
//!
//! Each step is the command that is printed, run as a person would run it; nothing is printed that
//! a command did not say.

use super::planted::{
    self, CHALLENGER, DOCUMENT, EARLY, ERASED, KEY, PLANTED, PUBLIC_KEY, Planted, SILENT, SYSTEM,
    TEST_DATA,
};
use super::walk::Walk;
use crate::args::{Arguments, Demo};
use crate::exit::{Exit, Failure, Outcome};
use crate::shell::shell_line;
use lineal_evidence::rules::Status;
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};

/// Where the demo is made if no folder is named.
const FOLDER: &str = "lineal-demo-evidence";
/// Who states things.
const ENGINEER: &str = "a.novak@bank.example";
/// Who approves: somebody else.
const APPROVER: &str = "b.horvat@bank.example";
/// Who decides about an erasure, and who does it.
const OFFICER: &str = "officer@bank.example";
const OPERATOR: &str = "ops@bank.example";
/// What the log is called.
const ORIGIN: &str = "bank.example/credit-scoring";
/// How `verify.py` ends when all that is there is valid: nothing missing, something erased, something kept
/// back.
const VALID: [i32; 3] = [0, 10, 11];

pub(super) fn run(arguments: &Arguments, wanted: &Demo) -> Outcome {
    let folder = wanted.dir.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    if folder.join("store").exists() {
        let check = shell_line(Some(&folder.join("store")), &["check"]);
        return Err(Failure::usage(format!(
            "{} is there from an earlier run: look at it (`{check}`), remove it, or name another folder",
            folder.display()
        )));
    }
    planted::write(&folder)?;
    let mut walk = Walk::new(arguments.json, &arguments.tz, folder.join("store"))?;
    walk.tell("A team scores loans. Its MLflow store and its logs lie in the folder `exports`, as they came;")?;
    walk.tell(
        "four things are wrong with what it records. Each `$` line can be typed as it stands.",
    )?;
    state(&mut walk, &folder)?;
    let found = check(&mut walk)?;
    let verified = hand_over(&mut walk, &folder)?;
    let open = format!("{}/README.html", folder.join("pack").display());
    let system = format!("system:{SYSTEM}");
    walk.tell("")?;
    walk.tell(&format!("to go on: open {open}, or type"))?;
    let report = folder.join("report.html").display().to_string();
    let oversight: &[&str] = &["report", "oversight", SYSTEM];
    for words in [&["report", "annex-iv", &system, "--out", &report], oversight, &["check", SYSTEM]]
    {
        walk.tell(&format!("  {}", walk.line(words)))?;
    }
    walk.end(json!({
        "folder": folder, "planted": found.planted, "others": found.others,
        "pack": folder.join("pack"), "verified": verified,
    }))?;
    let all = found.planted.iter().all(|planted| !planted["finding"].is_null());
    Ok(match (all, verified.is_null(), verified["valid"] == true) {
        // Where there is no Python nothing was verified, and it was said.
        (true, true, _) => Exit::CannotTell,
        (true, false, true) => Exit::Answer,
        _ => Exit::No,
    })
}

/// What the team records.
fn state(walk: &mut Walk, folder: &Path) -> Outcome<()> {
    let path = |name: &str| folder.join(name).display().to_string();
    let by = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned());
        words.chain(["--by".to_owned(), ENGINEER.to_owned()]).collect::<Vec<_>>()
    };
    let (store, exports) = (path("store"), path("exports"));
    walk.bare("A store is a folder.", &["init", &store])?;
    walk.step(
        "What the tools of the team hold comes in.",
        &["import", &exports, "--actor", OPERATOR],
    )?;
    let purpose = "intended_purpose=scores loan applications";
    walk.step(
        "What no tool holds, people state. Which system it is:",
        &by(&["declare", "system", SYSTEM, "provider=Example Bank", "version=3", purpose]),
    )?;
    walk.step(
        "In which role the team stands to it:",
        &by(&["declare", "role", SYSTEM, "provider", "deployer"]),
    )?;
    walk.step(
        "Under which class; a named person says so, the program never does:",
        &by(&["declare", "scope", SYSTEM, "risk_class=high", "annex_point=III.5(b)"]),
    )?;
    walk.step(
        "From when until when the challenger was in use:",
        &by(&["declare", "node", EARLY, "from=2025-10-20", "until=2025-11-05"]),
    )?;
    let idle = ["downtime", EARLY, "--from", "2025-10-20", "--until", "2025-11-04T20:00:00Z"];
    walk.step(
        "And why it logged nothing at first: a silence that somebody explains is none.",
        &by(&[&idle[..], &["--reason", "no application was routed to it"]].concat()),
    )?;
    let to = format!("system:{SYSTEM}");
    walk.step(
        "A document, with its digests; its bytes are kept, sealed:",
        &by(&["attach", &path(DOCUMENT), "--to", &to, "--type", "risk_management", "--keep"]),
    )?;
    walk.step(
        "Figures of the challenger, and what was asked of them:",
        &by(&["evaluate", CHALLENGER, "--on", TEST_DATA, "auc=0.71", "--threshold", "auc=0.7"]),
    )?;
    walk.step(
        "Whose a signing key is. This one comes with the program: use it nowhere else.",
        &by(&["key", "add", &path(PUBLIC_KEY), "--of", APPROVER]),
    )?;
    let approve = ["approve", CHALLENGER, "--role", "release_manager", "--key", &path(KEY)];
    let approve = [&approve[..], &["--at", "2025-10-28T09:00:00Z", "--by", APPROVER]].concat();
    walk.step("Another person approves the challenger, signed, eight days too late:", &approve)?;
    walk.step(
        "Something went wrong in use:",
        &by(&[
            "incident",
            "INC-1",
            "--concerns",
            SILENT,
            "--at",
            "2025-11-04T06:30:00Z",
            "aware_at=2025-11-05T09:00:00Z",
        ]),
    )?;
    walk.step(
        "The log is signed: whoever holds this checkpoint sees it if the past is changed.",
        &["checkpoint", "--origin", ORIGIN],
    )?;
    let erase = ["erase", "event", ERASED, "--basis", "GDPR 17(1)(a)", "--decision", "R-117"];
    let erase = [&erase[..], &["--decided-by", OFFICER, "--executed-by", OPERATOR]].concat();
    walk.step("A person asked for erasure: two people destroy one event, on record.", &erase)?;
    walk.step("Signed again: the log only grew, and that can be shown.", &["checkpoint"])
}

/// What the check found.
struct Found {
    /// What was put in, each with the finding or null.
    planted: Vec<Json>,
    /// Rules that found something else.
    others: Vec<String>,
}

fn check(walk: &mut Walk) -> Outcome<Found> {
    walk.step("What is recorded is held against itself.", &["check"])?;
    let told = walk.ask(&["check"])?;
    let rules = told["reports"][0]["rules"].as_array().cloned().unwrap_or_default();
    let finding = |planted: &Planted| {
        let rule = rules.iter().find(|rule| rule["id"] == planted.rule)?;
        let mut findings = rule["findings"].as_array()?.iter();
        findings.find(|finding| finding["node"] == planted.node).cloned()
    };
    let mut found = Found { planted: Vec::new(), others: Vec::new() };
    walk.tell("")?;
    walk.tell("What was put in, and what the check says of it:")?;
    for planted in &PLANTED {
        let finding = finding(planted);
        walk.tell(&format!("  {}", planted.what))?;
        let (node, say) = match &finding {
            Some(finding) => (planted.node, finding["say"].as_str().unwrap_or_default()),
            None => (planted.node, "NOT FOUND"),
        };
        walk.tell(&format!("    {}  {node}: {say}", planted.rule))?;
        found.planted.push(json!({
            "what": planted.what, "rule": planted.rule, "node": planted.node, "finding": finding,
        }));
    }
    // A rule that is not applicable leaves nothing to do, and stands under no finding above.
    let is_open = |rule: &&Json| {
        Status::ALL.into_iter().any(|it| it.is_open() && rule["status"] == it.name())
    };
    let others = rules.iter().filter(is_open).filter_map(|rule| rule["id"].as_str());
    let others = others.filter(|id| PLANTED.iter().all(|planted| planted.rule != *id));
    found.others = others.map(str::to_owned).collect();
    if !found.others.is_empty() {
        let others = found.others.join(", ");
        walk.tell(&format!("  open beside these four: {others}, see above"))?;
    }
    Ok(found)
}

/// The pack, and what its own verifier says of it.
fn hand_over(walk: &mut Walk, folder: &Path) -> Outcome<Json> {
    let (pack, zip) = (folder.join("pack"), folder.join("pack.zip"));
    let (pack, zip) = (pack.display().to_string(), zip.display().to_string());
    let system = format!("system:{SYSTEM}");
    let words = ["pack", &system, "--disclosure", "authority", "--out", &pack, "--zip", &zip];
    walk.step("What an authority is handed: records, findings, samples, proofs.", &words)?;
    // The key of the log comes on another way than the pack.
    let key = walk.ask(&["checkpoint"])?["key"].as_str().unwrap_or_default().to_owned();
    let verifier = format!("{pack}/verify/verify.py");
    let says = "They check it with a Python alone: no Lineal, no network.";
    let Some((code, said)) = walk.python(says, &["-I", &verifier, &pack, "--key", &key])? else {
        return Ok(Json::Null);
    };
    let is_valid = VALID.contains(&code);
    match code {
        0 => {}
        10 => walk.tell("  of what was drawn something is erased, and it is shown that it was")?,
        11 => walk.tell("  something is kept back, and it is shown that it is")?,
        _ => walk.tell("  NOT VALID")?,
    }
    let not_shown = "that the logs hold all that happened, and that what was recorded is true";
    walk.tell(&format!("  what this does not show: {not_shown}"))?;
    Ok(json!({ "by": "verify.py", "exit": code, "valid": is_valid, "said": said }))
}
