//! The statement: which files there are, what they were made of, and how they reconcile. An in-toto
//! Statement v1 about the files by their SHA-256, in the one form of RFC 8785, signed with the key of
//! the log over exactly these bytes.

use super::counts::Reconciled;
use super::fields::Columns;
use super::files::Folder;
use super::proving::Proved;
use super::{LogsError, Wanted};
use crate::canonical::canonical;
use data_encoding::{BASE64, HEXLOWER};
use lineal_engine::schema::Kind;
use lineal_engine::{Error, Snapshot, Store, Systems};
use lineal_proof::tlog::{SignedCheckpoint, VerifierKey};
use lineal_query::value::time_text;
use serde_json::{Value as Json, json};

/// The type of what the statement says.
pub const PREDICATE: &str = "urn:lineal:logs:1";
/// The statement.
pub const STATEMENT_FILE: &str = "logs.json";
/// The 64 bytes of its signature: Ed25519 over the bytes of the statement.
pub const SIGNATURE_FILE: &str = "logs.json.sig";
/// The public key as OpenSSL reads it. It says nothing of whose it is.
const KEY_FILE: &str = "log-key.pem";
/// The signed note of the checkpoint.
const CHECKPOINT_FILE: &str = "checkpoint.txt";
/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] =
    [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// What is left out of a log that is not that of one system alone.
const OTHERS: &str = "events that name another system";

/// What it is of, for whom only a part of the store is to be seen.
const PART: &str =
    "a part of the store: what is of the systems that the token which asked is bound to";
/// What is in no count of such a part.
pub(super) const ERASED_OF_SHARED: &str = "events of deployments that serve several systems are erased: of which system they were nobody knows any more, so events of these systems may be missing that no count here counts";

/// What is to be said.
pub(super) struct Said<'s> {
    pub(super) wanted: &'s Wanted,
    pub(super) columns: &'s Columns,
    pub(super) checkpoint: Option<&'s SignedCheckpoint>,
    pub(super) reconciled: &'s Reconciled,
    /// What was proved; none if no proof was asked for.
    pub(super) proved: Option<&'s Proved>,
}

/// The checkpoint of the view's commit, if one is kept that a key signed which the log trusts now.
pub(super) fn checkpoint_of(
    store: &Store,
    view: &Snapshot,
) -> Result<Option<SignedCheckpoint>, LogsError> {
    let commit = view.commit();
    if !store.checkpoint_sizes()?.contains(&commit) {
        return Ok(None);
    }
    let Some(identity) = store.log_identity()? else { return Ok(None) };
    let note = store.kept_checkpoint(commit)?.note;
    Ok(identity.vouches_for(&note).then_some(note))
}

/// Writes the statement and its signature; says which key signed.
pub(super) fn write(
    store: &Store,
    view: &Snapshot,
    said: &Said<'_>,
    folder: &mut Folder,
) -> Result<Option<String>, LogsError> {
    if let Some(checkpoint) = said.checkpoint {
        folder.put(CHECKPOINT_FILE, checkpoint.to_string().as_bytes())?;
    }
    let identity = store.log_identity()?;
    let statement = canonical(&statement(store, view, said, folder))?;
    // Signed before it is written: a key that is missing leaves no statement behind.
    let signed = match identity {
        Some(_) => match store.sign_document(&statement) {
            Ok(signed) => Some(signed),
            Err(Error::NoKey { .. } | Error::OtherKey { .. }) if said.checkpoint.is_none() => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    // The statement comes last: a folder without it is one that broke off.
    let signed_by = match signed {
        Some((key, signature)) => {
            folder.put(SIGNATURE_FILE, &signature)?;
            folder.put(KEY_FILE, pem(&key).as_bytes())?;
            Some(key.to_string())
        }
        None => None,
    };
    folder.sync()?;
    folder.put(STATEMENT_FILE, &statement)?;
    folder.sync()?;
    Ok(signed_by)
}

fn statement(store: &Store, view: &Snapshot, said: &Said<'_>, folder: &Folder) -> Json {
    let Said { wanted, columns, checkpoint, reconciled, proved } = *said;
    let subjects = folder.files().iter();
    let subjects =
        subjects.map(|file| json!({ "name": file.name, "digest": { "sha256": file.sha256 } }));
    let files = folder.files().iter();
    let files =
        files.map(|file| json!({ "name": file.name, "bytes": file.bytes, "rows": file.rows }));
    let deployments = reconciled.deployments().map(|own| {
        let mut json = own.counts.json();
        json["deployment"] = json!(own.name);
        json["batches"] = json!(own.batches);
        if own.leaves_erased {
            json["erased_of_shared"] = json!(ERASED_OF_SHARED);
        }
        json
    });
    let unread = (!wanted.is_bound).then(|| view.unread().iter().map(|log| log.lines).sum::<u64>());
    let proof = proved.map(Proved::json);
    let mut asked = json!({
        "subject": view.name_of(wanted.subject),
        "node": view.node_id(wanted.subject).to_string(),
        "from": wanted.from.map(time_text),
        "until": wanted.until.map(time_text),
        "format": wanted.format.name(),
        "question": question(view, wanted),
    });
    if view.leaves_others_out() {
        asked["left_out"] = json!(OTHERS);
    }
    let mut disclosed = json!({
        "open": true,
        "subject": columns.with_subject_group,
        "restricted": view.shows_restricted(),
    });
    if wanted.is_bound {
        disclosed["part"] = json!(PART);
    }
    let mut counts = reconciled.total().json();
    if reconciled.leaves_erased() {
        counts["erased_of_shared"] = json!(ERASED_OF_SHARED);
    }
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects.collect::<Vec<_>>(),
        "predicateType": PREDICATE,
        "predicate": {
            "asked": asked,
            "disclosed": disclosed,
            "store": HEXLOWER.encode(store.id()),
            "commit": view.commit(),
            "recorded": time_text(view.recorded()),
            "checkpoint": checkpoint.map(|note| note.note.text()),
            "columns": columns.json(),
            "files": files.collect::<Vec<_>>(),
            "counts": counts,
            "deployments": deployments.collect::<Vec<_>>(),
            "lines_not_read_by_any_import": unread,
            "proof": proof,
        },
    })
}

/// The question of the language whose answer is the number of events that are accounted for. Where a
/// time is asked for, or rows of other systems are left out, rows are read for it, and what is erased or
/// restricted may be missing in it.
fn question(view: &Snapshot, wanted: &Wanted) -> String {
    let name = view.name_of(wanted.subject);
    let mut conditions = Vec::new();
    let term = match view.kind_of(wanted.subject) {
        Kind::System => {
            conditions.push(format!("d belongs_to {name}"));
            "deployment".to_owned()
        }
        _ => name,
    };
    if view.leaves_others_out() {
        let names = view.systems().map_or(&[][..], Systems::names);
        conditions.push(format!("(i.system in {} or i.system is null)", json!(names)));
    }
    conditions.extend(wanted.from.map(|from| format!("i.time >= {}", time_text(from))));
    conditions.extend(wanted.until.map(|until| format!("i.time < {}", time_text(until))));
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!(" where {}", conditions.join(" and ")),
    };
    let commit = view.commit();
    format!(
        "find inference as i served_by {term} as d{conditions} summarize count() as events as of {commit}"
    )
}

fn pem(key: &VerifierKey) -> String {
    let mut der = SPKI_HEAD.to_vec();
    der.extend_from_slice(&key.public());
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der))
}
