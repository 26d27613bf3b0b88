//! The decisions on record about a node, and what each of them comes to among the others.

use super::desk::{FORM, SOURCE};
use super::error::Result;
use super::signature::{Signature, checked};
use super::standing::Standing;
use super::words::time_text;
use super::{authors::authors, authors::same_person};
use lineal_engine::schema::{Direction, Relation};
use lineal_engine::{NodeNo, RevisionInfo, Snapshot, Store};
use lineal_proof::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What a decision comes to among the others, at a time.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Counts {
    /// An approval that counts.
    Approves,
    /// A rejection that stands.
    Rejects,
    /// The same person decided again later.
    #[default]
    Superseded,
    /// It does not count, for another reason.
    Not {
        /// Why.
        why: String,
    },
}

impl Counts {
    /// In words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Counts::Approves => "counts as an approval".to_owned(),
            Counts::Rejects => "stands as a rejection".to_owned(),
            Counts::Superseded => "does not count: the same person decided again later".to_owned(),
            Counts::Not { why } => format!("does not count: {why}"),
        }
    }
}

/// A decision on record.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The approval.
    pub approval: NodeNo,
    /// granted, rejected, or another word of its source.
    pub decision: String,
    /// The actor key of who decided.
    pub by: Option<String>,
    /// When it was decided, ns, as the record says.
    pub at: Option<i64>,
    /// Since when it is recorded so, ns.
    pub recorded: i64,
    /// By which time it stands among the others, ns: what people state here by when it was recorded; of an
    /// import the time that it claims, as far as that is not behind when it was recorded.
    pub place: i64,
    /// The end of its validity, ns.
    pub expires: Option<i64>,
    /// How many distinct keys must approve.
    pub keys_needed: Option<u32>,
    /// The signature.
    pub signature: Signature,
    /// Is it about what is current? None where the record does not say what it is about.
    pub is_current: Option<bool>,
    /// What the approver made of it: four eyes would have refused it.
    pub own_work: Vec<NodeNo>,
    /// What it comes to.
    pub counts: Counts,
    /// The key of the person, whatever the login.
    pub(super) person: Option<String>,
    /// The revisions that it is about, all that were current; none where the record does not say.
    about: Option<About>,
}

/// What a decision is about.
#[derive(Clone, PartialEq, Eq, Debug)]
enum About {
    /// Just these revisions, as was signed.
    All(BTreeSet<String>),
    /// This revision, and where it was stated here all that were current beside it.
    One { revision: String, is_stated: bool },
}

impl Decided {
    /// Is it an approval, whether or not it counts?
    #[must_use]
    pub fn is_approval(&self) -> bool {
        self.decision == "granted"
    }

    /// The time that it claims, as far as that is not behind when it was recorded.
    #[must_use]
    pub fn claimed(&self) -> i64 {
        self.at.map_or(self.recorded, |at| at.min(self.recorded))
    }

    /// Why it was not there yet at a time.
    pub(super) fn lateness(&self, time: i64) -> String {
        let recorded = time_text(self.recorded);
        match self.at.filter(|at| *at <= time) {
            Some(at) => format!("it claims {} and is recorded since {recorded}", time_text(at)),
            None => format!("it came later, on {}", time_text(self.claimed())),
        }
    }

    /// Why it is no approval that counts, whoever signed it.
    pub(super) fn flaw(&self, now: i64) -> Option<String> {
        if let Signature::Wrong { why } = &self.signature {
            return Some(format!("signature wrong: {why}"));
        }
        if !self.is_approval() {
            return Some(format!("the decision is `{}`", self.decision));
        }
        if let Some(expires) = self.expires.filter(|expires| *expires <= now) {
            return Some(format!("expired on {}", time_text(expires)));
        }
        if self.is_current == Some(false) {
            return Some("it is about an earlier revision".to_owned());
        }
        (!self.own_work.is_empty())
            .then(|| "four eyes: the approver is among those who made it".to_owned())
    }
}

/// The decisions about a node and the revisions of it: read once, to be asked about several times.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Decisions {
    decided: Vec<Decided>,
    revisions: Vec<Said>,
}

/// A revision of the node: who says it, in which form, since when, and its id.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Said {
    by: (String, String),
    since: i64,
    id: String,
}

impl Decisions {
    /// Those of a node.
    ///
    /// # Errors
    /// [`super::Error::Store`] if a record cannot be read.
    pub fn of(store: &Store, view: &Snapshot, node: NodeNo) -> Result<Decisions> {
        Decisions::among(store, view, node, &|_| true)
    }

    /// Those of a node that somebody may see.
    ///
    /// # Errors
    /// [`super::Error::Store`] if a record cannot be read.
    pub fn among(
        store: &Store,
        view: &Snapshot,
        node: NodeNo,
        sees: &dyn Fn(NodeNo) -> bool,
    ) -> Result<Decisions> {
        let approvals = view.edges(node, Relation::Approves, Direction::Inverse).iter().copied();
        let approvals: Vec<NodeNo> = approvals.filter(|approval| sees(*approval)).collect();
        if approvals.is_empty() {
            return Ok(Decisions::default());
        }
        let said = |it: RevisionInfo| Said {
            by: (it.source, it.form),
            since: it.recorded,
            id: it.id.to_string(),
        };
        let revisions: Vec<Said> = store.revisions(view, node).into_iter().map(said).collect();
        let made = authors(view, node);
        let mut decided = Vec::new();
        for approval in approvals {
            decided.extend(decision(store, view, approval, &made)?);
        }
        Ok(Decisions { decided, revisions })
    }

    /// Is an approval among them, whether or not it counts?
    #[must_use]
    pub fn has_approval(&self) -> bool {
        self.decided.iter().any(Decided::is_approval)
    }

    /// What they all come to at a time, ns.
    #[must_use]
    pub fn now(&self, view: &Snapshot, now: i64) -> Standing {
        let there = vec![true; self.decided.len()];
        Standing::of(view, self.in_order(i64::MAX, |it| it.place), now, &there)
    }

    /// What those come to that were there by a time, ns: what people stated here by when it was recorded.
    #[must_use]
    pub fn at(&self, view: &Snapshot, time: i64) -> Standing {
        self.up_to(view, time, |it| it.place)
    }

    /// The same by the times that they claim, which nothing but their word shows.
    #[must_use]
    pub fn as_claimed_at(&self, view: &Snapshot, time: i64) -> Standing {
        self.up_to(view, time, Decided::claimed)
    }

    fn up_to(&self, view: &Snapshot, time: i64, place: fn(&Decided) -> i64) -> Standing {
        let decided = self.in_order(time, place);
        let there: Vec<bool> = decided.iter().map(|it| place(it) <= time).collect();
        Standing::of(view, decided, time, &there)
    }

    /// The first first, each held against what was current at a time, or when it was recorded if that is later.
    fn in_order(&self, time: i64, place: fn(&Decided) -> i64) -> Vec<Decided> {
        let mut decided = self.decided.clone();
        decided.sort_by_key(|it| (place(it), it.recorded, it.at, it.approval));
        for one in &mut decided {
            let current = self.current(time.max(one.recorded));
            one.is_current = one.about.as_ref().map(|about| match about {
                About::All(revisions) => revisions.iter().map(String::as_str).eq(current),
                About::One { revision, is_stated } => {
                    let is_same = !is_stated || current == self.current(one.recorded);
                    is_same && current.contains(revision.as_str())
                }
            });
        }
        decided
    }

    /// The last revision of each source and form that was recorded by a time.
    fn current(&self, time: i64) -> BTreeSet<&str> {
        let mut last: BTreeMap<&(String, String), &str> = BTreeMap::new();
        for said in self.revisions.iter().filter(|said| said.since <= time) {
            last.insert(&said.by, &said.id);
        }
        last.into_values().collect()
    }
}

/// The current revision of each source and form that speaks of a node.
pub(crate) fn heads(store: &Store, view: &Snapshot, node: NodeNo) -> Vec<RevisionInfo> {
    let mut heads: BTreeMap<(String, String), RevisionInfo> = BTreeMap::new();
    for revision in store.revisions(view, node) {
        heads.insert((revision.source.clone(), revision.form.clone()), revision);
    }
    heads.into_values().collect()
}

/// An approval as a decision; a waiver is none.
fn decision(
    store: &Store,
    view: &Snapshot,
    approval: NodeNo,
    made: &BTreeMap<String, Vec<NodeNo>>,
) -> Result<Option<Decided>> {
    let fields = view.fields(approval)?.fields;
    let text = |name: &str| fields.get(name).and_then(Value::as_text);
    let Some(decision) = text("decision").filter(|word| *word != "waived") else { return Ok(None) };
    // Most are imported and unsigned: their revisions need no second look.
    let (signature, said) = match text("envelope") {
        Some(_) => checked(store, view, approval)?,
        None => (Signature::Absent, None),
    };
    let by = view.edges(approval, Relation::DoneBy, Direction::Forward).first();
    let by = by.and_then(|by| view.key_of(*by).part_text(0).map(str::to_owned));
    let number = |name: &str| fields.get(name).and_then(Value::as_i64);
    let (recorded, is_stated) = since(store, view, approval, decision)?;
    let about = match said {
        Some(said) => Some(About::All(said.revisions.into_iter().collect())),
        None => text("subject_revision")
            .map(|revision| About::One { revision: revision.to_owned(), is_stated }),
    };
    let at = number("time");
    let place = at.filter(|_| !is_stated).map_or(recorded, |at| at.min(recorded));
    let person = by.as_deref().map(|by| same_person(view, by));
    Ok(Some(Decided {
        approval,
        decision: decision.to_owned(),
        own_work: person.as_ref().and_then(|by| made.get(by).cloned()).unwrap_or_default(),
        by,
        at,
        recorded,
        place,
        expires: number("expires"),
        keys_needed: number("keys_needed").and_then(|it| u32::try_from(it).ok()),
        signature,
        is_current: None,
        counts: Counts::default(),
        person,
        about,
    }))
}

/// Since when an approval is recorded with the decision that it has, ns, and whether a person stated it here.
fn since(store: &Store, view: &Snapshot, approval: NodeNo, decision: &str) -> Result<(i64, bool)> {
    let revisions = store.revisions(view, approval);
    let Some(last) = revisions.last() else {
        return Ok((view.commits_of(approval).0.cast_signed(), false));
    };
    let stated = |it: &RevisionInfo| it.source == SOURCE && it.form == FORM;
    let is_stated = revisions.iter().any(stated);
    let mut since = last.recorded;
    for revision in revisions.iter().rev().filter(|_| revisions.len() > 1) {
        let (_, fields) = view.read_revision(revision)?;
        let said = fields.get("decision").and_then(Value::as_text);
        if said.is_some_and(|said| said != decision) {
            break;
        }
        since = revision.recorded;
    }
    Ok((since, is_stated))
}
