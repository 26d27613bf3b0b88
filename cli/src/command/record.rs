//! `lineal declare`, `attach`, `approve` and what else people state: one statement, one commit, here
//! or on a server.

use crate::args::{
    Approve, Arguments, Attach, Declare, Evaluate, Keys, Recording, Reject, Signing, Span, Stated,
};
use crate::exit::{Exit, Failure, Outcome};
use crate::passphrase;
use crate::place;
use crate::remote::{Remote, stated_name};
use crate::render::{Style, counted, print_table, table, texts, visible};
use crate::time::Zone;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::record::{
    Desk, FileFacts, MODEL_SIGNATURE, ModelSignature, PublicKey, Record, Request, SecretKey,
    SignedStatement, Unsigned, recorded_json, signers, signers_json, time_of, time_text,
};
use serde_json::Value as Json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

/// Deployments named that a withdrawn data set reached, and models that were evaluated on it; `--json` lists all.
const REACHED_SHOWN: usize = 20;

pub(super) fn run(arguments: &Arguments, wanted: &Recording) -> Outcome {
    if let Recording::Key(Keys::List) = wanted {
        return list_keys(arguments);
    }
    let (stated, record, signing) = record(wanted)?;
    let remote = Remote::meant(arguments)?;
    let request = Request {
        by: by(stated, remote.is_some())?,
        reason: stated.reason.clone(),
        at: stated.at.clone(),
        record,
    };
    let signing = signing.and_then(|it| Some((it.key.as_deref()?, it.passphrase_file.as_deref())));
    let key = signing.map(|(key, file)| passphrase::key(key, file)).transpose()?;
    let told = match remote {
        Some(remote) => there(&remote, request, key.as_ref())?,
        None => here(arguments, stated_name(wanted), request, key.as_ref())?,
    };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{told}")?;
    } else {
        print(&mut out, &told)?;
    }
    Ok(Exit::Answer)
}

/// Who states it; with a server that may be left to the token, and is then nothing.
fn by(stated: &Stated, has_token: bool) -> Outcome<String> {
    match &stated.by {
        Some(by) => Ok(by.clone()),
        None if has_token => Ok(String::new()),
        None => Err(nobody()),
    }
}

/// What is stated names a person.
pub(super) fn nobody() -> Failure {
    Failure::usage(
        "nobody says it: --by WHO names the person who states it, by login or e-mail (kept as a key, the name \
         sealed); with --url the token says who it is",
    )
}

/// Records it in the store here.
fn here(
    arguments: &Arguments,
    command: &str,
    mut request: Request,
    key: Option<&SecretKey>,
) -> Outcome<Json> {
    let store = Arc::new(place::open_noted(arguments, command)?);
    let now = SystemClock.now();
    let desk = Desk::new(&store, now);
    if let Some(key) = key
        && let Some(unsigned) = desk.statement_of(&request)?
    {
        sign(&mut request, &unsigned, key)?;
    }
    let recorded = desk.take(&request)?;
    Ok(recorded_json(&store, &request, &recorded, now)?)
}

/// Records it on a server: the statement comes here to be signed, the key stays.
fn there(remote: &Remote, mut request: Request, key: Option<&SecretKey>) -> Outcome<Json> {
    if let Some(key) = key {
        let told = remote.statement(&request_json(&request)?)?;
        let payload = told["payload"].as_str().unwrap_or_default().to_owned();
        let at = told["at"].as_str().and_then(lineal_evidence::record::time_of);
        let at = at.ok_or_else(|| Failure::usage("the server gave no statement to sign"))?;
        sign(&mut request, &Unsigned { payload, at }, key)?;
    }
    remote.record(&request_json(&request)?)
}

fn request_json(request: &Request) -> Outcome<Json> {
    let mut json = serde_json::to_value(request).map_err(Failure::usage)?;
    if request.by.is_empty()
        && let Some(members) = json.as_object_mut()
    {
        members.remove("by");
    }
    Ok(json)
}

fn unread(path: &Path, source: std::io::Error) -> lineal_evidence::record::Error {
    lineal_evidence::record::Error::Unread { path: path.to_owned(), source }
}

/// Puts the signature into a request, and the time that was signed.
fn sign(request: &mut Request, unsigned: &Unsigned, key: &SecretKey) -> Outcome<()> {
    let signature = unsigned.sign(key, request.reason.as_deref())?;
    request.at = Some(time_text(unsigned.at));
    if let Record::Approve { signed, .. } | Record::Reject { signed, .. } = &mut request.record {
        *signed = Some(SignedStatement::from(&signature));
    }
    Ok(())
}

/// What is stated, by whom, and the key that signs it.
fn record(wanted: &Recording) -> Outcome<(&Stated, Record, Option<&Signing>)> {
    let unsigned = |stated, record| Ok((stated, record, None));
    match wanted {
        Recording::Declare(declare) => declared(declare),
        Recording::Attach(attach) => Ok((&attach.stated, attached(attach)?, None)),
        Recording::Evaluate(it) => unsigned(&it.stated, evaluated(it)),
        Recording::Incident(it) => {
            let (name, concerns) = (it.name.clone(), it.concerns.clone());
            unsigned(&it.stated, Record::Incident { name, concerns, fields: it.fields.clone() })
        }
        Recording::Monitor(it) => {
            let (name, watches) = (it.name.clone(), it.watches.clone());
            unsigned(&it.stated, Record::Monitor { name, watches, fields: it.fields.clone() })
        }
        Recording::Change(it) => {
            let record = Record::Change {
                node: it.node.clone(),
                name: it.name.clone(),
                decision: it.decision.clone(),
                before: it.before.clone(),
                stop: it.stop,
            };
            unsigned(&it.stated, record)
        }
        Recording::Loss(span) => {
            let (node, from, until) = spanned(span);
            unsigned(&span.stated, Record::Loss { node, from, until })
        }
        Recording::Downtime(span) => {
            let (node, from, until) = spanned(span);
            unsigned(&span.stated, Record::Downtime { node, from, until })
        }
        Recording::Withdraw(it) => {
            unsigned(&it.stated, Record::Withdraw { node: it.dataset.clone() })
        }
        Recording::Waive(it) => {
            let (rule, node, until) = (it.rule.clone(), it.node.clone(), it.until.clone());
            let read = |path: &std::path::PathBuf| {
                std::fs::read_to_string(path).map_err(|source| unread(path, source))
            };
            let rules = it.rules.as_ref().map(read).transpose()?;
            unsigned(&it.stated, Record::Waive { rule, node, until, rules })
        }
        Recording::Approve(it) => Ok((&it.stated, approved(it), Some(&it.signing))),
        Recording::Reject(it) => Ok((&it.stated, rejected(it), Some(&it.signing))),
        Recording::Key(Keys::Add { file, of, stated }) => {
            let text = std::fs::read_to_string(file).map_err(|source| unread(file, source))?;
            let public_key = PublicKey::parse(&text)?.openssh();
            unsigned(stated, Record::AddKey { of: of.clone(), public_key })
        }
        Recording::Key(Keys::Revoke { key, replaced_by, stated }) => {
            let (key, replaced_by) = (key.clone(), replaced_by.clone());
            unsigned(stated, Record::RevokeKey { key, replaced_by })
        }
        Recording::Key(Keys::List) => Err(Failure::usage("a list states nothing")),
    }
}

fn declared(declare: &Declare) -> Outcome<(&Stated, Record, Option<&Signing>)> {
    let (stated, record) = match declare {
        Declare::System(it) => {
            let (node, fields, edges) = (it.node.clone(), it.fields.clone(), it.edges.clone());
            (&it.stated, Record::DeclareSystem { node, fields, edges })
        }
        Declare::Role { node, roles, stated } => {
            (stated, Record::DeclareRole { node: node.clone(), roles: roles.clone() })
        }
        Declare::Scope { node, fields, stated } => {
            (stated, Record::DeclareScope { node: node.clone(), fields: fields.clone() })
        }
        Declare::Node { fields: it, belongs_to } => {
            let mut edges = it.edges.clone();
            edges.extend(belongs_to.iter().map(|system| format!("belongs_to={system}")));
            let (node, fields) = (it.node.clone(), it.fields.clone());
            (&it.stated, Record::DeclareNode { node, fields, edges })
        }
    };
    Ok((stated, record, None))
}

fn attached(it: &Attach) -> Outcome<Record> {
    let mut fields = it.fields.clone();
    fields.extend(it.section.iter().map(|section| format!("section={section}")));
    let file = FileFacts::read(&it.file, it.keep)?;
    check_signature(it)?;
    Ok(Record::Attach {
        file: file.into(),
        to: it.to.clone(),
        document_type: it.document_type.clone(),
        covers: it.covers.clone(),
        name: it.name.clone(),
        version: it.document_version.clone(),
        fields,
    })
}

/// Checks the signature of a model with what is given to check it with.
fn check_signature(it: &Attach) -> Outcome<()> {
    if it.signer.is_none() && it.files.is_none() {
        return Ok(());
    }
    if it.document_type != MODEL_SIGNATURE {
        return Err(Failure::usage(format!(
            "--signer and --files are for --type {MODEL_SIGNATURE}"
        )));
    }
    let read = |path: &Path| std::fs::read_to_string(path).map_err(|source| unread(path, source));
    let signature = ModelSignature::parse(&read(&it.file)?)?;
    if let Some(signer) = &it.signer {
        signature.check(&read(signer)?)?;
    }
    if let Some(folder) = &it.files {
        signature.compare(folder)?;
    }
    Ok(())
}

fn evaluated(it: &Evaluate) -> Record {
    Record::Evaluate {
        model: it.model.clone(),
        on: it.on.clone(),
        metrics: it.metrics.clone(),
        thresholds: it.thresholds.clone(),
        evaluation_type: it.evaluation_type.clone(),
        fields: it.fields.clone(),
    }
}

fn spanned(span: &Span) -> (String, String, String) {
    (span.deployment.clone(), span.from.clone(), span.until.clone())
}

fn approved(it: &Approve) -> Record {
    Record::Approve {
        node: it.node.clone(),
        role: it.role.clone(),
        keys_needed: it.keys_needed,
        basis: it.basis.clone(),
        stage: it.stage.clone(),
        expires: it.until.clone(),
        signed: None,
    }
}

fn rejected(it: &Reject) -> Record {
    Record::Reject { node: it.node.clone(), role: it.role.clone(), signed: None }
}

fn print(out: &mut dyn Write, told: &Json) -> Outcome<()> {
    let node = visible(told["node"].as_str().unwrap_or_default()).into_owned();
    if told["known"] == true {
        writeln!(out, "{node}: the same is on record already (seen in commit {})", told["commit"])?;
    } else {
        writeln!(
            out,
            "{node} recorded in commit {}; `lineal retract import:{}` undoes it",
            told["commit"], told["import"]
        )?;
    }
    for note in texts(&told["notes"]) {
        writeln!(out, "  {}", Style::new().warn(&visible(note)))?;
    }
    print_standing(out, &told["standing"], &told["node"])?;
    print_reached(out, &told["reached"])
}

/// How it stands with an approval, after a decision.
fn print_standing(out: &mut dyn Write, standing: &Json, made: &Json) -> Outcome<()> {
    if standing.is_null() {
        return Ok(());
    }
    let keys = texts(&standing["keys"]).len();
    let needed = standing["keys_needed"].as_u64().unwrap_or(1);
    let state = match (standing["rejected"] == true, standing["granted"] == true) {
        (true, _) => "rejected",
        (false, true) => "granted",
        (false, false) => "not granted yet",
    };
    writeln!(out, "  {state}: signed by {keys} of {needed} distinct keys, over what is current")?;
    // Of this decision, whatever stands beside it.
    let mut decisions = standing["decisions"].as_array().into_iter().flatten();
    if let Some(decision) = decisions.find(|one| one["approval"] == *made) {
        writeln!(out, "  {}", visible(decision["says"].as_str().unwrap_or_default()))?;
    }
    Ok(())
}

/// What a withdrawn data set reached.
fn print_reached(out: &mut dyn Write, reached: &Json) -> Outcome<()> {
    if reached.is_null() {
        return Ok(());
    }
    let total = |what: &str| reached[what]["total"].as_u64().unwrap_or(0);
    writeln!(
        out,
        "  it reached {} and {} ({})",
        counted(total("models"), "model"),
        counted(total("deployments"), "deployment"),
        visible(reached["completeness"].as_str().unwrap_or_default())
    )?;
    for row in reached["deployments"]["rows"].as_array().into_iter().flatten().take(REACHED_SHOWN) {
        let node = visible(row["node"].as_str().unwrap_or_default());
        let events = counted(row["events"].as_u64().unwrap_or(0), "event");
        writeln!(out, "  {node}  {events}")?;
    }
    let evaluated = total("evaluated");
    if evaluated > 0 {
        writeln!(out, "  evaluated on it: {}", counted(evaluated, "model"))?;
    }
    for row in reached["evaluated"]["rows"].as_array().into_iter().flatten().take(REACHED_SHOWN) {
        writeln!(out, "  {}", visible(row["node"].as_str().unwrap_or_default()))?;
    }
    Ok(())
}

fn list_keys(arguments: &Arguments) -> Outcome {
    let zone = Zone::parse(&arguments.tz)?;
    let told = match Remote::meant(arguments)? {
        Some(remote) => remote.keys()?,
        None => signers_json(&signers(&place::open_read_only(arguments)?.snapshot()?)?),
    };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{told}")?;
        return Ok(Exit::Answer);
    }
    let found = told["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    if found.is_empty() {
        writeln!(out, "no key is on record: lineal key add FILE.pub --of WHO --by WHO")?;
        return Ok(Exit::Answer);
    }
    let text = |key: &Json, name: &str| key[name].as_str().unwrap_or_default().to_owned();
    let rows = found.iter().map(|key| {
        let since = key["revoked"].as_str().and_then(time_of).map(|since| zone.time(since));
        let state = match (since, key["replaced_by"].as_str()) {
            (None, _) => String::new(),
            (Some(since), None) => format!("revoked since {since}"),
            (Some(since), Some(by)) => format!("revoked since {since}, replaced by {by}"),
        };
        vec![text(key, "key"), texts(&key["owners"]).join(", "), state]
    });
    print_table(&mut out, &table(&["key", "of", ""], rows.collect()))?;
    if std::io::IsTerminal::is_terminal(&std::io::stdout()) {
        writeln!(out, "{}", Style::new().faint("`lineal show actor:KEY` shows who that is"))?;
    }
    Ok(Exit::Answer)
}
