//! Recording a report, and the pack that it was made by, as documents; reading them back.
//!
//! A pack is a document whose version is its digest, so that an old report can be read under its own
//! rules. A report's body is the field `tags.report`, compact JSON in the clear: what it names are nodes
//! of the same store. To whoever checks, the store prints persons by their names; in what is recorded
//! they stand by their keys, and who waived and declared is left out; so is what decisions to erase say.

use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{EdgeDraft, NodeDraft, Saying, Snapshot, Store};
use lineal_proof::{Hash, Key, KeyPart, Map, Value};

use super::Error;
use super::built_in::without_decisions;
use super::found::Report;
use crate::rules::Pack;

/// The type of the document that a pack of rules is.
pub const PACK_TYPE: &str = "rule_pack";
/// The type of the document that a report is.
pub const RESULT_TYPE: &str = "check_result";
/// Who says it.
const SOURCE: &str = "declared";
/// In which form.
const FORM: &str = "check";
/// The tag that holds a report.
const REPORT_TAG: &str = "report";

/// The persons of a view, by the names under which it prints them.
struct People {
    /// Name and key, the longest name first: one may begin another.
    names: Vec<(String, String)>,
}

impl People {
    fn of(view: &Snapshot) -> People {
        let key = |node| match view.key_of(node).0.into_iter().next() {
            Some(KeyPart::Text(key)) => Some(format!("actor:{key}")),
            _ => None,
        };
        let actors = view.nodes_of(Kind::Actor);
        let mut names: Vec<(String, String)> =
            actors.filter_map(|node| Some((view.name_of(node), key(node)?))).collect();
        names.retain(|(name, key)| name != key);
        names.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        People { names }
    }

    /// Puts keys in the place of names.
    fn by_keys(&self, text: &mut String) {
        if !text.contains("actor:") {
            return;
        }
        for (name, key) in &self.names {
            if text.contains(name.as_str()) {
                *text = text.replace(name.as_str(), key);
            }
        }
    }
}

impl Report {
    /// The report as it is recorded: persons by their keys, and without who waived and declared, and what
    /// decisions to erase say. Two reports are compared in one form.
    #[must_use]
    pub fn without_people(&self, view: &Snapshot) -> Report {
        let mut kept = self.without_decisions();
        let people = People::of(view);
        for rule in &mut kept.rules {
            for finding in &mut rule.findings {
                for text in [&mut finding.node, &mut finding.say, &mut finding.fix] {
                    people.by_keys(text);
                }
                if let Some(waiver) = &mut finding.waiver {
                    waiver.by.clear();
                }
            }
        }
        if let Some(declared) = &mut kept.declared {
            declared.by.clear();
        }
        kept
    }

    /// The report without the references and grounds of decisions to erase.
    fn without_decisions(&self) -> Report {
        let mut kept = self.clone();
        for finding in kept.rules.iter_mut().flat_map(|rule| &mut rule.findings) {
            if let Some(say) = without_decisions(&finding.say) {
                finding.say = say;
            }
        }
        kept
    }
}

fn document(scope: Option<&str>, name: &str, version: &str, said: &str) -> NodeDraft {
    let scope = scope.map_or(KeyPart::Null, KeyPart::from);
    let mut draft = NodeDraft::new(
        Kind::Document,
        Key(vec![scope, KeyPart::from(name), KeyPart::from(version)]),
    );
    draft.fields = Map::new();
    draft.fields.insert("name", name);
    draft.fields.insert("version", version);
    draft.fields.insert("type", said);
    draft
}

fn edge(relation: Relation, kind: Kind, key: Key) -> EdgeDraft {
    EdgeDraft { relation, kind, key, beside: Vec::new() }
}

/// Records a report and the pack that made it, in one commit; gives the commit and the report's name.
/// `actor` is the key of who asked for it. The same report again is known and records nothing.
///
/// # Errors
/// As a transaction of the store.
pub fn record(
    store: &Store,
    pack: &Pack,
    report: &Report,
    at: i64,
    actor: Option<String>,
) -> Result<(u64, String), Error> {
    let kept = report.without_people(&store.snapshot()?);
    let body = kept.json().to_string();
    let digest = Hash::of(body.as_bytes()).to_string();
    let saying = Saying { source: SOURCE.to_owned(), form: FORM.to_owned(), observed_at: at };
    let mut of_pack = document(None, &pack.head.id, &report.pack_digest, PACK_TYPE);
    of_pack.fields.insert("digest", report.pack_digest.as_str());
    of_pack.fields.insert("tags", {
        let mut tags = Map::new();
        tags.insert("law", pack.head.law.as_str());
        tags.insert("version", pack.head.version.as_str());
        Value::Map(tags)
    });
    let pack_key = of_pack.key.clone();
    let scope = report.system.as_deref();
    let mut result = document(scope, &format!("check of {}", pack.head.id), &digest, RESULT_TYPE);
    let name = format!(
        "{}@{digest}",
        result.fields.get("name").and_then(Value::as_text).unwrap_or_default()
    );
    result.fields.insert("digest", digest.as_str());
    result.fields.insert("time", at);
    result.fields.insert("media_type", "application/json");
    result.fields.insert("tags", {
        let mut tags = Map::new();
        tags.insert(REPORT_TAG, body.as_str());
        Value::Map(tags)
    });
    result.edges.push(edge(Relation::Cites, Kind::Document, pack_key));
    if let Some(system) = scope {
        let view = store.snapshot()?;
        let named = lineal_engine::unquoted(super::ask::bare("system", system));
        if let Some(node) = view.find(Some(Kind::System), &named).first() {
            result.edges.push(edge(Relation::BelongsTo, Kind::System, view.key_of(*node)));
        }
    }
    if let Some(actor) = &actor {
        let key = Key(vec![KeyPart::from(actor.as_str())]);
        result.edges.push(edge(Relation::DoneBy, Kind::Actor, key));
    }
    let mut transaction = store.begin(None, actor)?;
    transaction.add_node(&saying, of_pack)?;
    transaction.add_node(&saying, result)?;
    let committed = transaction.commit()?;
    Ok((committed.number, name))
}

/// The report that was recorded last of what a report is about: its pack, system, model and deployment.
///
/// # Errors
/// As [`recorded`].
pub fn newest_recorded(view: &Snapshot, like: &Report) -> Result<Option<Report>, Error> {
    let about =
        |report: &Report| (report.pack.clone(), report.model.clone(), report.deployment.clone());
    let all = recorded(view, like.system.as_deref())?;
    Ok(all.into_iter().rev().map(|(_, report)| report).find(|one| about(one) == about(like)))
}

/// The reports that are recorded of a system (or of the whole store), by their time.
///
/// # Errors
/// [`Error::Recorded`] if one cannot be read, and what the store says.
pub fn recorded(view: &Snapshot, system: Option<&str>) -> Result<Vec<(i64, Report)>, Error> {
    let mut found = Vec::new();
    for node in view.nodes_of(Kind::Document) {
        let is_result = view.field(node, "type")?;
        if is_result.as_ref().and_then(Value::as_text) != Some(RESULT_TYPE) {
            continue;
        }
        let fields = view.fields(node)?.fields;
        let wrong = |why: &str| Error::Recorded { node: view.name_of(node), why: why.to_owned() };
        let time = fields.get("time").and_then(Value::as_i64);
        let time = time.ok_or_else(|| wrong("it has no time"))?;
        let tags = fields.get("tags").and_then(Value::as_map);
        let body = tags.and_then(|tags| tags.get(REPORT_TAG)).and_then(Value::as_text);
        let body = body.ok_or_else(|| wrong("it has no report"))?;
        let report: Report =
            serde_json::from_str(body).map_err(|error| wrong(&error.to_string()))?;
        if report.system.as_deref() == system {
            // Earlier versions recorded them.
            found.push((time, report.without_decisions()));
        }
    }
    found.sort_by_key(|(time, report)| (*time, report.commit));
    Ok(found)
}
