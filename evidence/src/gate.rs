//! `lineal gate`: is the release record of a model version there?
//!
//! The items are data (`rules/release.toml`): questions in the language, and how the version must be
//! approved. What is missing is named with the command that would record it.

use crate::record::{Error, KeyState, Result, Signature, standing, time_text};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Store};
use lineal_proof::{Hash, Value as Recorded};
use lineal_query::{Limits, Parameters, Prepared, Request, State, StoreView, Value, told};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The policy where none is given.
pub const BUILT_IN: &str = include_str!("../../rules/release.toml");
/// Most items of a policy: each is at least one question.
const ITEMS_MAX: usize = 100;
/// Things named an item; all are counted.
const LISTED: usize = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    policy: Head,
    item: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    id: String,
    version: String,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    title: String,
    #[serde(default)]
    ask: Vec<String>,
    #[serde(default)]
    faults: Vec<String>,
    at_least: Option<u64>,
    approval: Option<ApprovalNeeded>,
    /// May data that was taken back be part of it?
    #[serde(default)]
    withdrawn: Withdrawn,
    fix: String,
}

/// What a policy says of data that was taken back.
#[derive(Deserialize, Default, Clone, Copy, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Withdrawn {
    /// It does not count, and with it the item does not.
    #[default]
    Refused,
    /// It counts, and is marked.
    Allowed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalNeeded {
    signed: bool,
    keys: Keys,
    at_least: u32,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Keys {
    OnRecord,
    Any,
}

/// What a release must have on record.
pub struct Policy {
    head: Head,
    digest: Hash,
    items: Vec<(Item, Vec<Prepared>, Vec<Prepared>)>,
}

/// Whether an item is there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It is on record.
    Present,
    /// It is not, or something about it is wrong.
    Missing,
    /// What is recorded does not tell.
    CannotTell,
}

impl Status {
    /// The word for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::Present => "present",
            Status::Missing => "missing",
            Status::CannotTell => "cannot_tell",
        }
    }
}

/// One item of a release record, looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its id in the policy.
    pub id: String,
    /// What it is.
    pub title: String,
    /// Whether it is there.
    pub status: Status,
    /// The nodes that are it, the first of them.
    pub evidence: Vec<String>,
    /// Why it does not count, where something is there.
    pub why: Vec<String>,
    /// The command that would record it.
    pub fix: String,
}

/// A release record, looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Release {
    /// The model version.
    pub model: String,
    /// As MLflow names it.
    pub uri: Option<String>,
    /// The policy: id, version, BLAKE3 of its text.
    pub policy: (String, String, Hash),
    /// As of which commit.
    pub commit: u64,
    /// The items, in the order of the policy.
    pub items: Vec<Found>,
}

impl Release {
    /// Is there all that the policy asks for?
    #[must_use]
    pub fn passes(&self) -> bool {
        self.items.iter().all(|item| item.status == Status::Present)
    }

    /// Is nothing missing, but of something it cannot be told?
    #[must_use]
    pub fn cannot_tell(&self) -> bool {
        !self.passes() && self.items.iter().all(|item| item.status != Status::Missing)
    }

    /// As JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let items = self.items.iter().map(|item| {
            json!({
                "id": item.id, "title": item.title, "status": item.status.name(),
                "evidence": item.evidence, "why": item.why,
                "fix": (item.status != Status::Present).then_some(&item.fix),
            })
        });
        let (id, version, digest) = &self.policy;
        json!({
            "model": self.model, "uri": self.uri, "passes": self.passes(),
            "policy": { "id": id, "version": version, "blake3": digest.to_string() },
            "commit": self.commit, "items": items.collect::<Vec<_>>(),
        })
    }
}

impl Policy {
    /// Reads a policy; `file` names it in messages.
    ///
    /// # Errors
    /// [`Error::Policy`] with the place.
    pub fn parse(text: &str, file: &str) -> Result<Policy> {
        let wrong = |rule: String| Error::Policy { file: file.to_owned(), rule };
        let read: PolicyFile = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        if read.item.is_empty() || read.item.len() > ITEMS_MAX {
            return Err(wrong(format!("a policy has 1 to {ITEMS_MAX} items")));
        }
        if read.policy.source.trim().is_empty() {
            return Err(wrong("`source` says where the items come from".to_owned()));
        }
        let mut items = Vec::with_capacity(read.item.len());
        for item in read.item {
            if item.approval.is_some() != item.ask.is_empty() {
                let rule = format!("item `{}`: it has either `ask` or `approval`", item.id);
                return Err(wrong(rule));
            }
            let prepare = |texts: &[String]| {
                let prepared = texts.iter().map(|text| {
                    Prepared::new(text).map_err(|mistake| {
                        let shown = lineal_query::Error::from(mistake).render(text);
                        wrong(format!("item `{}`: {shown}", item.id))
                    })
                });
                prepared.collect::<Result<Vec<_>>>()
            };
            let (ask, faults) = (prepare(&item.ask)?, prepare(&item.faults)?);
            items.push((item, ask, faults));
        }
        Ok(Policy { head: read.policy, digest: Hash::of(text.as_bytes()), items })
    }

    /// Looks for the release record of a model version at a time, ns.
    ///
    /// # Errors
    /// [`Error`]: the text names no model version, or the store cannot be read.
    pub fn gate(&self, store: &Arc<Store>, model: &str, now: i64) -> Result<Release> {
        let view = StoreView::new(Arc::clone(store))?;
        let snapshot = view.snapshot();
        let node = crate::record::node_of(snapshot, Kind::Model, model)?;
        let name = snapshot.name_of(node);
        let parameters = Parameters::new().text("model", name.as_str());
        let asker = Asker { store, view: &view, node, parameters, now };
        let items = self.items.iter();
        let items = items.map(|(item, ask, faults)| asker.look(item, ask, faults));
        let uri = {
            let text = |field: &str| -> Result<Option<String>> {
                let value = snapshot.field(node, field)?;
                Ok(value.as_ref().and_then(Recorded::as_text).map(str::to_owned))
            };
            match (text("name")?, text("version")?) {
                (Some(name), Some(version)) => Some(format!("models:/{name}/{version}")),
                _ => None,
            }
        };
        Ok(Release {
            model: name,
            uri,
            policy: (self.head.id.clone(), self.head.version.clone(), self.digest),
            commit: snapshot.commit(),
            items: items.collect::<Result<_>>()?,
        })
    }
}

/// What one gate asks with.
struct Asker<'a> {
    store: &'a Store,
    view: &'a StoreView,
    node: NodeNo,
    parameters: Parameters,
    now: i64,
}

/// What questions found.
#[derive(Default)]
struct Rows {
    total: u64,
    names: Vec<String>,
    reasons: Vec<String>,
    /// Data among them that was taken back, in words.
    withdrawn: Vec<String>,
    /// Evaluations among them that were made on data that was taken back, in words.
    measured: Vec<String>,
}

impl Asker<'_> {
    fn look(&self, item: &Item, ask: &[Prepared], faults: &[Prepared]) -> Result<Found> {
        let (mut status, evidence, mut why) = match &item.approval {
            Some(needed) => self.approval(needed)?,
            None => {
                let found = self.rows(ask, item.withdrawn)?;
                let enough = found.total >= item.at_least.unwrap_or(1);
                let is_refused =
                    item.withdrawn == Withdrawn::Refused && !found.withdrawn.is_empty();
                let status = match (enough, found.reasons.is_empty()) {
                    _ if is_refused => Status::Missing,
                    (true, _) => Status::Present,
                    (false, false) => Status::CannotTell,
                    (false, true) => Status::Missing,
                };
                let mut why = if enough { Vec::new() } else { found.reasons };
                why.extend(found.withdrawn.into_iter().take(LISTED));
                why.extend(found.measured.into_iter().take(LISTED));
                (status, found.names, why)
            }
        };
        let wrong = self.rows(faults, Withdrawn::Allowed)?;
        if wrong.total > 0 {
            status = Status::Missing;
            why.extend(wrong.names.iter().map(|name| format!("incomplete: {name}")));
        }
        let (id, title) = (item.id.clone(), item.title.clone());
        let fix = item.fix.replace("MODEL", &self.view.snapshot().name_of(self.node));
        Ok(Found { id, title, status, evidence, why, fix })
    }

    /// What questions find. Evaluations on data that was taken back are counted only where that is allowed.
    fn rows(&self, questions: &[Prepared], withdrawn: Withdrawn) -> Result<Rows> {
        let limits = Limits::default();
        let request = Request { parameters: &self.parameters, limits: &limits, now: self.now };
        let snapshot = self.view.snapshot();
        let mut rows = Rows::default();
        for question in questions {
            let answer = question.run(self.view, &request)?;
            rows.total += answer.total;
            for row in &answer.rows {
                let Some(Value::Node(node)) = row.first() else { continue };
                if let Some(say) = self.measured_on_withdrawn(*node)? {
                    rows.measured.push(say);
                    if withdrawn == Withdrawn::Refused {
                        rows.total = rows.total.saturating_sub(1);
                        continue;
                    }
                }
                if rows.names.len() < LISTED {
                    rows.names.push(snapshot.name_of(*node));
                }
                rows.withdrawn.extend(self.withdrawn(*node)?);
            }
            if answer.completeness.state() != State::Complete {
                let reasons = answer.completeness.reasons.iter().map(ToString::to_string);
                rows.reasons.extend(reasons.take(LISTED));
                if rows.reasons.is_empty() {
                    rows.reasons.push("a limit ended the answer".to_owned());
                }
            }
        }
        Ok(rows)
    }

    /// That an evaluation was made on data that was taken back, in words.
    fn measured_on_withdrawn(&self, node: NodeNo) -> Result<Option<String>> {
        let view = self.view.snapshot();
        if view.kind_of(node) != Kind::Evaluation {
            return Ok(None);
        }
        for data in view.edges(node, Relation::TestedOn, Direction::Forward) {
            if let Some(say) = self.withdrawn(*data)? {
                return Ok(Some(format!("{} was made on {say}", view.name_of(node))));
            }
        }
        Ok(None)
    }

    /// That a data set was taken back, in words; persons stand under their keys.
    fn withdrawn(&self, node: NodeNo) -> Result<Option<String>> {
        let view = self.view.snapshot();
        let found = told::withdrawn(view, node, &|_| true)?.filter(|it| it.at <= self.now);
        let Some(told::Withdrawn { at, change }) = found else { return Ok(None) };
        let by = view.edges(change, Relation::DoneBy, Direction::Forward).iter();
        let by = by.filter_map(|node| Some(format!("actor:{}", view.key_of(*node).part_text(0)?)));
        let mut by: Vec<String> = by.collect();
        by.sort_unstable();
        let by = if by.is_empty() { "nobody who is recorded".to_owned() } else { by.join(", ") };
        let is_sealed = view.open_fields(change)?.1.contains("reason");
        let reason = if is_sealed { "recorded" } else { "not recorded" };
        let (name, at) = (view.name_of(node), time_text(at));
        Ok(Some(format!("{name}: withdrawn at {at} by {by}; the reason is {reason}")))
    }

    /// How it stands with the approval, by what the policy asks.
    fn approval(&self, needed: &ApprovalNeeded) -> Result<(Status, Vec<String>, Vec<String>)> {
        let snapshot = self.view.snapshot();
        let stands = standing(self.store, snapshot, self.node, self.now)?;
        let mut counted = 0;
        let mut evidence = Vec::new();
        let mut why = stands.notes.clone();
        for decided in stands.counting() {
            let name = snapshot.name_of(decided.approval);
            match &decided.signature {
                Signature::Valid { state, .. }
                    if needed.keys == Keys::OnRecord && *state != KeyState::OnRecord =>
                {
                    why.push(format!("{name}: {}", state.words()));
                }
                Signature::Absent if needed.signed || decided.by.is_none() => {}
                _ => {
                    counted += 1;
                    evidence.push(name);
                }
            }
        }
        let wanted = needed.at_least.max(stands.keys_needed);
        if counted < wanted {
            why.insert(0, format!("{counted} of {wanted} approvals that count"));
        }
        let passes = !stands.rejected && counted >= wanted;
        if passes && crate::record::authors(snapshot, self.node).is_empty() {
            // That somebody else approved it is shown only where somebody is known to have made it.
            let say = "nobody is recorded who made it or its run: whether another person approved it \
                       cannot be told (`lineal declare node RUN --edge done_by=actor:LOGIN` records them)";
            why.insert(0, say.to_owned());
            return Ok((Status::CannotTell, evidence, why));
        }
        Ok((if passes { Status::Present } else { Status::Missing }, evidence, why))
    }
}
