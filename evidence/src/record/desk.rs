//! Where statements are taken down: one commit each, by a named person.

use super::done;
use super::error::{Error, Result};
use super::whose::own_reason;
use super::words::{Fields, time_text};
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{
    EdgeDraft, NodeDraft, NodeNo, Outcome, RevisionInfo, Saying, SealedField, Snapshot, Store,
    person_named,
};
use lineal_proof::record::Revision;
use lineal_proof::{Key, Map, Value};
use lineal_query::told::{Target, resolve};
use std::sync::{Mutex, PoisonError};

/// The source of what people state.
pub const SOURCE: &str = "declared";
/// The form of it.
pub const FORM: &str = "declaration";
/// Most bytes of a reason and of a name.
pub(super) const WORDS_MAX: usize = 4_096;

/// What is stated of a node rests on what was stated before: one at a time. A store has one writing
/// process, so that this is enough.
static TURN: Mutex<()> = Mutex::new(());

/// Who states something, why, and when it happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct By<'t> {
    /// The login or e-mail.
    pub who: &'t str,
    /// Why; sealed.
    pub reason: Option<&'t str>,
    /// When it happened, ns, and not later than now; none is now.
    pub at: Option<i64>,
}

/// What was taken down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// The node's kind.
    pub kind: Kind,
    /// The node, as it can be pasted back.
    pub node: String,
    /// The commit.
    pub commit: u64,
    /// The import that retracts it: `lineal retract import:N`.
    pub import: u64,
    /// The same was on record already.
    pub known: bool,
}

/// A statement in the making.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    pub(super) kind: Kind,
    pub(super) key: Key,
    pub(super) fields: Fields,
    pub(super) edges: Vec<(Relation, Kind, Key)>,
    /// Is it added to what was stated of the node before, whatever its kind?
    pub(super) is_added: bool,
}

impl Statement {
    pub(super) fn new(kind: Kind, key: Key) -> Statement {
        let (fields, edges) = (Fields::default(), Vec::new());
        Statement { kind, key, fields, edges, is_added: false }
    }

    pub(super) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.clear.insert(name, value);
    }

    pub(super) fn seal(&mut self, name: &str, value: impl Into<Value>) {
        self.fields.sealed.insert(name, value);
    }

    /// Keeps why it is stated, where that is said. The reason of an earlier statement is none of this one,
    /// but where the field says why what it is of was done, and not why it was stated.
    pub(super) fn why(&mut self, by: &By<'_>) -> Result<()> {
        match by.reason.map(str::trim).filter(|reason| !reason.is_empty()) {
            Some(_) => self.seal("reason", Value::text(reason(by)?)),
            None if own_reason(self.kind).is_some() => {}
            None if self.fields.sealed.get("reason").is_some() => {}
            None => self.fields.removed.push("reason".to_owned()),
        }
        Ok(())
    }

    /// Adds a link, if there is such a relation between the two.
    pub(super) fn link(&mut self, relation: Relation, (kind, key): (Kind, Key)) -> Result<()> {
        if !relation.allows(self.kind, kind) {
            return Err(Error::Relation {
                from: self.kind.name(),
                relation: relation.name().to_owned(),
                to: kind.name(),
            });
        }
        self.edges.push((relation, kind, key));
        Ok(())
    }
}

/// Takes statements down.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    store: &'a Store,
    now: i64,
    /// By what else who states is known.
    also: &'a [String],
}

impl<'a> Desk<'a> {
    /// A desk of a store that is open for writing. `now` is the time, ns.
    #[must_use]
    pub fn new(store: &'a Store, now: i64) -> Desk<'a> {
        Desk { store, now, also: &[] }
    }

    /// The same where more names of who states are known, as a token has one: what was made under any of
    /// them, they made. Nothing is recorded under these.
    #[must_use]
    pub fn also_known_as(self, also: &'a [String]) -> Desk<'a> {
        Desk { also, ..self }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// The time, ns.
    #[must_use]
    pub fn now(&self) -> i64 {
        self.now
    }

    /// When something happened, ns: what is still to come did not happen.
    ///
    /// # Errors
    /// [`Error::Future`].
    pub(super) fn at(&self, by: &By<'_>) -> Result<i64> {
        match by.at {
            Some(at) if at > self.now => {
                Err(Error::Future { at: time_text(at), now: time_text(self.now) })
            }
            at => Ok(at.unwrap_or(self.now)),
        }
    }

    /// Reads assignments of fields of a kind: what they say was done, was done before now.
    ///
    /// # Errors
    /// As [`Fields::read`], and [`Error::NotYet`].
    pub(super) fn fields(&self, kind: Kind, assignments: &[String]) -> Result<Fields> {
        let read = Fields::read(kind, assignments)?;
        done::hold(&read.clear, self.now)?;
        Ok(read)
    }

    /// The key of who states something.
    pub(super) fn actor(&self, by: &By<'_>) -> Result<String> {
        let who = person_named(by.who).ok_or(Error::Nobody)?;
        said("the name behind --by", &who)?;
        Ok(self.store.actor_key(&who)?)
    }

    /// The keys of who states something under all names that are known, the recorded one first.
    pub(super) fn actors(&self, by: &By<'_>) -> Result<Vec<String>> {
        let also = self.also.iter().filter_map(|name| person_named(name));
        let also = also.map(|name| Ok(self.store.actor_key(&name)?));
        std::iter::once(self.actor(by)).chain(also).collect()
    }

    /// Takes a turn: until it is given back nobody else states anything.
    pub(super) fn turn(&self) -> std::sync::MutexGuard<'static, ()> {
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a statement as one commit, and what is derived; the turn is the caller's.
    ///
    /// # Errors
    /// [`Error::Future`] whatever is stated, also where its time is kept nowhere; [`Error::Nobody`]; and
    /// what the store says.
    pub(super) fn write(&self, by: &By<'_>, statement: Statement) -> Result<Recorded> {
        self.at(by)?;
        let actor = self.actor(by)?;
        let view = self.store.snapshot()?;
        let (kind, key) = (statement.kind, statement.key.clone());
        let former = view.node_with_key(kind, &key).and_then(|node| self.former(&view, node));
        let (former, observed_at) = match former {
            None => (None, self.now),
            Some(former) => {
                // What is stated later counts, also within one tick of the clock.
                let (before, said) = view.read_revision(&former)?;
                let record = view.revision_record(&former)?;
                (Some((record, said)), self.now.max(before.saturating_add(1)))
            }
        };
        let draft = draft(statement, former);
        drop(view);
        let saying = Saying { source: SOURCE.to_owned(), form: FORM.to_owned(), observed_at };
        let mut transaction = self.store.begin(None, Some(actor.clone()))?;
        let staged = transaction.add_node(&saying, draft)?;
        transaction.add_node(&saying, lineal_import::actor(actor, by.who))?;
        let committed = transaction.commit()?;
        self.store.write_indexes()?;
        let view = self.store.snapshot()?;
        let node = view.node_with_key(kind, &key);
        let node = node.map_or_else(|| kind.name().to_owned(), |node| view.name_of(node));
        let (commit, import) = (committed.number, committed.import);
        Ok(Recorded { kind, node, commit, import, known: staged.outcome == Outcome::Known })
    }

    /// The revision by which people last stated something of a node.
    pub(super) fn former(&self, view: &Snapshot, node: NodeNo) -> Option<RevisionInfo> {
        let stated = |revision: &RevisionInfo| revision.source == SOURCE && revision.form == FORM;
        self.store.revisions(view, node).into_iter().rfind(stated)
    }
}

/// A statement with what was stated of the node before. What a person decides or measures is stated
/// whole: an old signature must not stand beside a new decision. What is declared of it later is added.
fn draft(statement: Statement, former: Option<(Revision, Map)>) -> NodeDraft {
    let Statement { kind, key, fields, edges, is_added } = statement;
    let is_whole = !is_added && matches!(kind, Kind::Approval | Kind::Change | Kind::Evaluation);
    let mut draft = NodeDraft::new(kind, key);
    let (mut clear, mut sealed) = (Map::new(), Map::new());
    if let Some((record, said)) = former.filter(|_| !is_whole) {
        for (name, value) in said {
            let is_sealed = record.sealed.iter().any(|(of, _)| *of == name);
            if is_sealed {
                sealed.insert(name, value)
            } else {
                clear.insert(name, value)
            };
        }
        draft.edges = links(&record);
    }
    for path in &fields.removed {
        take_back(&mut clear, path);
        take_back(&mut sealed, path);
    }
    unite(&mut clear, fields.clear);
    unite(&mut sealed, fields.sealed);
    draft.fields = clear;
    let seal = |(field, value): (String, Value)| SealedField { field, value, actor: None };
    draft.sealed = sealed.into_iter().map(seal).collect();
    for (relation, kind, key) in edges {
        draft.link(relation, kind, key);
    }
    draft
}

/// The links of a revision, to be stated again.
fn links(record: &Revision) -> Vec<EdgeDraft> {
    let edges = record.edges.iter().filter_map(|edge| {
        let (relation, _) = Relation::parse(&edge.relation)?;
        let kind = Kind::parse(&edge.kind)?;
        Some(EdgeDraft { relation, kind, key: edge.key.clone(), beside: edge.beside.clone() })
    });
    edges.collect()
}

/// Puts new values over old ones; maps member by member.
fn unite(old: &mut Map, new: Map) {
    for (name, value) in new {
        let value = match (old.remove(&name), value) {
            (Some(Value::Map(mut members)), Value::Map(more)) => {
                for (member, value) in more {
                    members.insert(member, value);
                }
                Value::Map(members)
            }
            (_, value) => value,
        };
        old.insert(name, value);
    }
}

/// Removes a field, or a member of a map.
fn take_back(fields: &mut Map, path: &str) {
    match path.split_once('.') {
        None => drop(fields.remove(path)),
        Some((name, member)) => {
            if let Some(Value::Map(mut members)) = fields.remove(name) {
                members.remove(member);
                if !members.is_empty() {
                    fields.insert(name, Value::Map(members));
                }
            }
        }
    }
}

/// A text that must be there, and not be a book.
pub(super) fn said(what: &'static str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > WORDS_MAX {
        return Err(Error::Unsaid { what, limit: WORDS_MAX });
    }
    Ok(text.to_owned())
}

/// A reason where one must be given.
pub(super) fn reason(by: &By<'_>) -> Result<String> {
    said("the reason", by.reason.unwrap_or_default())
}

/// A span of time that does not run backwards.
pub(super) fn span(from: i64, until: i64) -> Result<()> {
    if until < from {
        return Err(Error::Backwards { from: time_text(from), until: time_text(until) });
    }
    Ok(())
}

/// The node that a text names.
pub(super) fn node(view: &Snapshot, text: &str) -> Result<NodeNo> {
    match resolve(view, text)? {
        Target::Node(node) => Ok(node),
        Target::Events { .. } => Err(Error::Event { text: text.to_owned() }),
    }
}

/// The node of a kind that a text names, with or without the kind before it.
pub(crate) fn node_of(view: &Snapshot, kind: Kind, text: &str) -> Result<NodeNo> {
    let named = text.split_once(':').is_some_and(|(before, _)| Kind::parse(before).is_some());
    let found = if named || text.starts_with('#') {
        node(view, text)?
    } else {
        node(view, &format!("{kind}:{text}"))?
    };
    let is = view.kind_of(found);
    if is != kind {
        let node = view.name_of(found);
        return Err(Error::Kind { node, found: is.name(), wanted: with_article(kind) });
    }
    Ok(found)
}

/// Kind and key of a node.
pub(super) fn address(view: &Snapshot, node: NodeNo) -> (Kind, Key) {
    (view.kind_of(node), view.key_of(node))
}

/// A kind with its article.
fn with_article(kind: Kind) -> &'static str {
    match kind {
        Kind::System => "a system",
        Kind::Dataset => "a data set",
        Kind::Model => "a model",
        Kind::Deployment => "a deployment",
        Kind::Evaluation => "an evaluation",
        _ => "another kind",
    }
}
