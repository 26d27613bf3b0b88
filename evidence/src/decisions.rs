//! What was decided about erasing, as a list that people keep and that puts an older copy right: each
//! decision in words, and beside it its records as they stand in the log.
//!
//! `lineal erase list --json` gives it, `lineal restore --erasures-of FILE` reads it; `GET /v1/erasures`
//! gives the words alone, since records may be large. The records say which rows and which sealed values, by ids and keyed hashes; what those held is
//! in none of them.

use data_encoding::{BASE64, HEXLOWER};
use lineal_engine::{DecidedStep, DecisionLog, Store};
use lineal_proof::record::{Erasure, Hold, Record};
use lineal_query::value::time_text;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Most bytes of a list that is read: a record of 150,000 rows takes some 18 MB of it.
pub const LIST_BYTES_MAX: u64 = 1 << 30;

/// Why a list was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is larger than any list.
    #[error("{path} has {found} bytes; a list of erasures of at most {LIST_BYTES_MAX} is read")]
    Size {
        /// The file.
        path: String,
        /// Its bytes.
        found: u64,
    },
    /// It is something else, or was changed.
    #[error(
        "{path} is no list of erasures: {what} is not {rule}. `lineal erase list --json > FILE` writes one, in the later state of the same store"
    )]
    Form {
        /// The file.
        path: String,
        /// A member.
        what: String,
        /// What it should be.
        rule: &'static str,
    },
}

/// The decisions in words.
///
/// # Errors
/// What the store says of its log.
pub fn in_words(store: &Store) -> lineal_engine::Result<Json> {
    let all = store.decisions()?;
    let erasures = all.iter().map(|one| {
        json!({
            "commit": one.commit, "recorded": time_text(one.recorded),
            "decision": one.decision.name(), "basis": one.basis, "reference": one.reference,
            "decided_by": one.decided_by, "executed_by": one.executed_by,
            "rows": one.rows, "values": one.values,
        })
    });
    Ok(json!({ "erasures": erasures.collect::<Vec<_>>() }))
}

/// The list, with records.
///
/// # Errors
/// What the store says of its log.
pub fn told(store: &Store) -> lineal_engine::Result<Json> {
    let mut records: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut holds = Vec::new();
    for (commit, step) in store.decision_log()?.steps {
        match step {
            DecidedStep::Erasure(erasure) => {
                records.entry(commit).or_default().push(BASE64.encode(&erasure.encode()));
            }
            DecidedStep::Hold(hold) => {
                holds.push(json!({ "commit": commit, "record": BASE64.encode(&hold.encode()) }));
            }
        }
    }
    let mut list = in_words(store)?;
    for one in list["erasures"].as_array_mut().into_iter().flatten() {
        one["records"] = json!(one["commit"].as_u64().and_then(|commit| records.remove(&commit)));
    }
    list["store"] = json!(HEXLOWER.encode(store.id()));
    list["holds"] = json!(holds);
    Ok(list)
}

/// Reads a list from a file.
///
/// # Errors
/// [`Error`] names the file and what is wrong with it.
pub fn read_file(path: &Path) -> Result<DecisionLog, Error> {
    let name = || path.display().to_string();
    let failed = |source| Error::Read { path: name(), source };
    let found = std::fs::metadata(path).map_err(failed)?.len();
    if found > LIST_BYTES_MAX {
        return Err(Error::Size { path: name(), found });
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    read(&bytes).map_err(|(what, rule)| Error::Form { path: name(), what, rule })
}

type Wrong = (String, &'static str);

fn read(bytes: &[u8]) -> Result<DecisionLog, Wrong> {
    let json: Json =
        serde_json::from_slice(bytes).map_err(|_| ("it".to_owned(), "one JSON object"))?;
    let id = json["store"].as_str().and_then(|id| HEXLOWER.decode(id.as_bytes()).ok());
    let store = id.and_then(|id| id.try_into().ok());
    let store = store.ok_or(("/store".to_owned(), "the store's id, 32 hexadecimal digits"))?;
    let mut steps = Vec::new();
    for (at, one) in list(&json, "erasures")?.iter().enumerate() {
        let place = format!("/erasures/{at}");
        let commit = commit(one, &place)?;
        let records = one["records"].as_array();
        let rule = "a list of records; an older program wrote it without them";
        for (number, record) in
            records.ok_or((format!("{place}/records"), rule))?.iter().enumerate()
        {
            let erasure: Erasure = record_of(record, format!("{place}/records/{number}"))?;
            steps.push((commit, DecidedStep::Erasure(erasure)));
        }
    }
    for (at, one) in list(&json, "holds")?.iter().enumerate() {
        let place = format!("/holds/{at}");
        let hold: Hold = record_of(&one["record"], format!("{place}/record"))?;
        steps.push((commit(one, &place)?, DecidedStep::Hold(hold)));
    }
    steps.sort_by_key(|(commit, _)| *commit);
    Ok(DecisionLog { store, steps })
}

fn list<'j>(json: &'j Json, name: &str) -> Result<&'j Vec<Json>, Wrong> {
    json[name].as_array().ok_or_else(|| (format!("/{name}"), "a list"))
}

fn commit(one: &Json, place: &str) -> Result<u64, Wrong> {
    one["commit"].as_u64().ok_or_else(|| (format!("{place}/commit"), "a commit's number"))
}

fn record_of<R: Record>(record: &Json, place: String) -> Result<R, Wrong> {
    let bytes = record.as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let read = bytes.and_then(|bytes| R::decode(&bytes).ok());
    read.ok_or((place, "the base64 of a record of the log"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::Options;
    use lineal_engine::schema::Kind;
    use lineal_engine::storage::MemoryStorage;
    use lineal_engine::{ErasureOrder, HoldScope, NodeDraft, Saying, SealedField, Target};
    use lineal_proof::record::{Decision, node_id};
    use lineal_proof::{Key, Value};
    use std::sync::Arc;

    /// A store in which a note was sealed and erased, and a hold was made.
    fn store() -> Store {
        let memory = Arc::new(MemoryStorage::new());
        let store = Store::create_on(memory, Options::default()).unwrap();
        let mut run = NodeDraft::new(Kind::Run, Key::text("4cf1"));
        let (field, value) = ("note".to_owned(), Value::text("ask Bert"));
        run.sealed.push(SealedField { field, value, actor: None });
        let mut tx = store.begin(None, None).unwrap();
        let (source, form) = ("s".to_owned(), "f".to_owned());
        tx.add_node(&Saying { source, form, observed_at: 1 }, run).unwrap();
        tx.commit().unwrap();
        let node = node_id(Kind::Run.name(), &Key::text("4cf1"));
        let order = ErasureOrder {
            targets: vec![Target::Field(node, "note".into())],
            decision: Decision::Erased,
            basis: "GDPR 17(1)(a)".into(),
            reference: "request 7".into(),
            decided_by: store.actor_key("officer@bank.example").unwrap(),
            executed_by: store.actor_key("admin@bank.example").unwrap(),
        };
        store.erase(&order, false).unwrap();
        store.hold("case-4", &HoldScope::Store, "authority request", None).unwrap();
        store
    }

    #[test]
    fn what_is_told_is_read_as_the_log_has_it_and_holds_no_value() {
        let store = store();
        let told = told(&store).unwrap();
        let text = told.to_string();
        assert_eq!(read(text.as_bytes()), Ok(store.decision_log().unwrap()));
        assert_eq!(told["erasures"][0]["values"], 1);
        let bytes = BASE64.decode(told["erasures"][0]["records"][0].as_str().unwrap().as_bytes());
        assert!(!String::from_utf8_lossy(&bytes.unwrap()).contains("Bert"));
    }

    #[test]
    fn what_is_no_list_is_refused_at_its_place() {
        let whole = told(&store()).unwrap();
        let wrong = |change: &dyn Fn(&mut Json)| {
            let mut json = whole.clone();
            change(&mut json);
            read(json.to_string().as_bytes()).unwrap_err().0
        };
        assert_eq!(wrong(&|json| json["store"] = json!("ff")), "/store");
        assert_eq!(wrong(&|json| json["holds"] = json!(null)), "/holds");
        assert_eq!(wrong(&|json| json["erasures"][0]["commit"] = json!("2")), "/erasures/0/commit");
        let records = "/erasures/0/records";
        assert_eq!(wrong(&|json| json["erasures"][0]["records"] = json!(null)), records);
        let first = "/erasures/0/records/0";
        assert_eq!(wrong(&|json| json["erasures"][0]["records"][0] = json!("AAAA")), first);
        assert_eq!(read(b"[").unwrap_err().0, "it");
    }
}
