//! What `lineal demo --evidence` puts in: lines of a log beside the bundled exports, a document and a
//! key; and which four things are wrong with it on purpose.

use super::BUNDLED;
use crate::exit::{Failure, Outcome};
use data_encoding::HEXLOWER;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The system that the bundled logs name.
pub(super) const SYSTEM: &str = "CREDIT-RISK-EU-001";
/// A model in the bundled registry that nobody approved yet.
pub(super) const CHALLENGER: &str = "model:credit-risk-challenger@1";
/// Data in the bundled registry, for an evaluation.
pub(super) const TEST_DATA: &str = "dataset:applications_2025q3-test";
/// An event in the bundled logs, which is erased.
pub(super) const ERASED: &str = "afdba91d-8376-4998-9319-9de0331b2fb3";
/// The deployment of that event.
const OF_ERASED: &str = "deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:2";
/// The deployment that is silent.
pub(super) const SILENT: &str =
    "deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:3";
/// The deployment of a line whose version is wrong.
const WRONG: &str = "deployment:credit-scorer/prod/scorer-prod-eu-1@credit-risk-scorer:7";
/// The deployment that began before it was approved.
pub(super) const EARLY: &str =
    "deployment:credit-scorer/prod/challenger-prod-eu-1@credit-risk-challenger:1";

/// Where the document lies, below the demo's folder.
pub(super) const DOCUMENT: &str = "risk.md";
/// Where the approver's key lies, and its public half.
pub(super) const KEY: &str = "approver.key";
pub(super) const PUBLIC_KEY: &str = "approver.pub";

const RISKS: &str = "# Risks of CREDIT-RISK-EU-001\n\nApplicants without a history are scored worse. \
                     A person looks at each refusal of such.\n";
/// Of `ssh-keygen -t ed25519`. It comes with the program, so it is no secret and shows nothing elsewhere.
const KEY_TEXT: &str = include_str!("../../../../evidence/tests/approver.key");
const PUBLIC_KEY_TEXT: &str = include_str!("../../../../evidence/tests/approver.pub");

/// Where the lines lie, below the folder of the exports: as Datadog names its archives.
const LINES: &str = "datadog/dt=20251104/hour=20/archive_204821.0001.demo.json";
/// The minutes past 20:00 on 4 November 2025 at which they begin: 30 hours after the last bundled event of
/// version 3 (3 November, 14:48:20).
const BEGIN: usize = 48;

/// Something that is wrong on purpose.
pub(super) struct Planted {
    /// In words.
    pub(super) what: &'static str,
    /// The rule that should find it.
    pub(super) rule: &'static str,
    /// The node that it should be found at.
    pub(super) node: &'static str,
}

pub(super) const PLANTED: [Planted; 4] = [
    Planted {
        what: "a line of the log names version 7, which was never registered",
        rule: "REC-01",
        node: WRONG,
    },
    Planted { what: "the log of version 3 is silent for 30 hours", rule: "REC-06", node: SILENT },
    Planted {
        what: "the challenger was approved eight days after its deployment",
        rule: "REC-03",
        node: EARLY,
    },
    Planted { what: "an event of version 2 was erased", rule: "REC-13", node: OF_ERASED },
];

/// One event, as the service of the bundled logs writes them.
fn line(number: usize, model: &str, version: &str, deployment: &str) -> String {
    let time = format!("2025-11-04T20:{}:21.000Z", BEGIN + number);
    let hash = HEXLOWER.encode(&Sha256::digest(format!("application {number}")));
    let event = json!({
        "schema_version": "1.0", "event_id": format!("demo-{number}"), "event_type": "inference",
        "timestamp": time, "system_id": SYSTEM,
        "model": { "name": model, "version": version, "registry": "mlflow" },
        "input": { "hash": hash, "hash_algorithm": "sha256", "canonicalization": "json-sorted" },
        "output": { "decision": "refer", "confidence": 0.61 },
        "human_oversight": { "required": true, "reviewed": true, "override": false, "actor": "reviewer-1" },
        "deployment": { "id": deployment, "env": "prod", "region": "eu-central-1" },
    });
    let line = json!({
        "_id": format!("demo-{number}"), "date": time, "service": "credit-scorer", "source": "python",
        "status": "info", "message": "inference", "tags": ["env:prod"],
        "attributes": { "art12": event },
    });
    format!("{line}\n")
}

/// The log of that evening.
fn lines() -> String {
    let (scorer, challenger) = ("credit-risk-scorer", "credit-risk-challenger");
    let all = [
        (scorer, "3", "scorer-prod-eu-1"),
        (scorer, "3", "scorer-prod-eu-1"),
        (scorer, "7", "scorer-prod-eu-1"),
        (scorer, "3", "scorer-prod-eu-1"),
        (challenger, "1", "challenger-prod-eu-1"),
        (challenger, "1", "challenger-prod-eu-1"),
    ];
    let all = all.iter().enumerate();
    all.map(|(number, (model, version, deployment))| line(number, model, version, deployment))
        .collect()
}

/// Writes everything that the demo reads below its folder.
pub(super) fn write(folder: &Path) -> Outcome<()> {
    let exports = folder.join("exports");
    let bundled = BUNDLED.iter().map(|(path, bytes)| (exports.join(path), bytes.to_vec()));
    let own = [
        (exports.join(LINES), lines()),
        (folder.join(DOCUMENT), RISKS.to_owned()),
        (folder.join(PUBLIC_KEY), PUBLIC_KEY_TEXT.to_owned()),
        (folder.join(KEY), KEY_TEXT.to_owned()),
    ];
    for (file, bytes) in bundled.chain(own.map(|(file, text)| (file, text.into_bytes()))) {
        let made = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&file, bytes))
            .map_err(|e| Failure::usage(format!("cannot write {}: {e}", file.display())))?;
    }
    Ok(())
}
