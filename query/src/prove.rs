//! `prove`: a statement in the words of the language, and the proof that a stranger can check.
//!
//! A statement names a thing (`event:HASH`, `model:x@3`, `revision/model:x@3`), a relation between
//! two (`dataset:x upstream of inference:$hash`), or a trace whose answer is to be shown. What was
//! found is handed to the engine, which puts the records together (docs/format.md, "Proofs").

mod absent;
mod missing;

pub use absent::{GoOn, as_of};

use crate::ast::{LinkRelation, Script, Spanned, Statement, Subject, Target, Term, Trace};
use crate::error::Error as Refused;
use crate::execute::Request;
use crate::parameters::Parameters;
use crate::prepare::Query;
use crate::source::Source;
use crate::store_view::StoreView;
use crate::told::{self, NAMING, Unresolved};
use crate::value::{Item, Path, Value};
use lineal_engine::event_fields::Group;
use lineal_engine::schema::Direction;
use lineal_engine::{Claim, EventRef, NodeNo, PathStep, Thing, Unproved};
use lineal_proof::bundle::{Bundle, Named, PATHS_MAX};
use lineal_proof::tlog::{self, SignedCheckpoint};
use lineal_proof::{Hash, Value as Recorded};

/// Events that one statement may be of: each is a row to disclose.
pub const EVENTS_MAX: usize = PATHS_MAX;

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotProved {
    /// The statement is not one of the language, or what it names is not there.
    #[error("{}", error.render(text))]
    Question {
        /// What is wrong.
        error: Box<Refused>,
        /// The text that it speaks of.
        text: String,
    },
    /// What it names is not there.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// The engine has no proof.
    #[error(transparent)]
    Unproved(#[from] Unproved),
    /// The checkpoint cannot be read.
    #[error("the checkpoint cannot be read: {0}")]
    Checkpoint(#[from] tlog::Error),
    /// No key that the log names signed the checkpoint.
    #[error(
        "no key of the log signed the checkpoint ({why}): whoever checks the proof would take it for tampered with. Give the note as `lineal checkpoint` wrote it"
    )]
    NotSigned {
        /// What is wrong with the signature of the key that signs now.
        why: String,
    },
    /// The store has fewer commits than the checkpoint.
    #[error(
        "the checkpoint covers {size} commits, this store holds {newest}: it is a copy from before, or of another log"
    )]
    Behind {
        /// Commits in the checkpoint.
        size: u64,
        /// Commits in the store.
        newest: u64,
    },
    /// The statement is not so.
    #[error("nothing recorded leads there, so there is nothing to prove: {statement}")]
    NotSo {
        /// The statement.
        statement: String,
    },
    /// The answer of the question holds no paths.
    #[error("the answer holds no path: leave `return` out, or return `path`")]
    NoPaths,
    /// No batch has that row.
    #[error(
        "no batch whose revision has the id {batch} holds a row {row} as of the checkpoint: rows count from 0, `rows` of a batch says how many it has"
    )]
    NoRow {
        /// The id as it was written.
        batch: String,
        /// The row.
        row: u32,
    },
    /// The batch has fewer rows.
    #[error("the batch {batch} has {rows} rows, counted from 0, and so no row {row}")]
    TooFewRows {
        /// The id as it was written.
        batch: String,
        /// The row.
        row: u32,
        /// How many it has.
        rows: u32,
    },
    /// Events of the batch are restricted, and the row is not shown to whoever asks.
    #[error(
        "the row {row} of the batch {batch} is not shown; restricted of its events: {events}, and it may be one of these: whoever may see what is restricted can prove it"
    )]
    Restricted {
        /// The id as it was written.
        batch: String,
        /// The row.
        row: u32,
        /// How many of the batch's events are restricted.
        events: u64,
    },
    /// The batch came behind the checkpoint.
    #[error(
        "the batch {batch} is recorded by commit {commit}, which the checkpoint does not cover: make a checkpoint, or give a newer one"
    )]
    LaterBatch {
        /// The id as it was written.
        batch: String,
        /// The commit.
        commit: u64,
    },
    /// The import that brought the event is retracted as of the checkpoint.
    #[error(
        "the event is there no more as of the checkpoint: import:{import}, which brought it, was retracted by commit {commit} on {on}; {how}"
    )]
    Retracted {
        /// The import.
        import: u64,
        /// The commit that retracted it.
        commit: u64,
        /// When.
        on: String,
        /// How it can be proved all the same.
        how: String,
    },
    /// What was named is in a row in whose place another row of the same event counts.
    #[error(
        "no event that counts has {key}: it is in the row {row}, and another row of the same event counts in its place, {stands}. Each is proved by its place: `lineal prove {row}`"
    )]
    Outweighed {
        /// What was asked for.
        key: String,
        /// The row, by its place.
        row: String,
        /// The one that counts.
        stands: String,
    },
    /// No revision has that id.
    #[error(
        "no revision that stands as of the checkpoint has the id `{id}`: `id` of a thing is its newest revision's (`lineal show`), and one that is recorded later than the checkpoint needs a newer one"
    )]
    UnknownRevision {
        /// The id as it was written.
        id: String,
    },
    /// Several revisions have ids that begin so.
    #[error("the ids of {found} revisions begin with `{id}`: write more of it")]
    ManyRevisions {
        /// The id as it was written.
        id: String,
        /// How many.
        found: usize,
    },
    /// More than a proof may hold, or than could be looked at.
    #[error(
        "{found} {what} would have to be shown, at most {most} go into one proof: narrow the statement"
    )]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are, as far as was counted.
        found: u64,
        /// How many may be.
        most: u64,
    },
    /// The answer was cut, so that it is not the whole of it.
    #[error("the question was ended before it was answered whole: {why}")]
    Cut {
        /// Why.
        why: String,
    },
    /// That an event is not there is shown of a scope, and none was said.
    #[error(
        "say where no such event is: `in deployment:X`, `in system:X`, or `everywhere`; `from` and `before` a time may stand behind it. What is shown is that each batch there does not hold it, so a proof has some kilobytes a batch"
    )]
    NoScope,
    /// The checkpoint is not the one that the statement names.
    #[error(
        "the checkpoint covers {size} commits, and `as of` names another: write the number of a commit of which a checkpoint is kept, or give that checkpoint"
    )]
    OtherCheckpoint {
        /// Commits in the checkpoint.
        size: u64,
    },
    /// Of what was written no absence can be stated.
    #[error("{why}")]
    NotStated {
        /// What to write.
        why: String,
    },
}

/// A statement, and how it is to be proved.
pub struct Proving<'a> {
    /// The statement, with `prove` in front or without.
    pub statement: &'a str,
    /// The signed note of the checkpoint.
    pub checkpoint: &'a [u8],
    /// Is the subject group of events kept back?
    pub withhold: bool,
    /// Values of parameters, bounds, and the time.
    pub request: &'a Request<'a>,
    /// Of what is not recorded: is told how large the proof will be, and how far it is.
    pub go_on: GoOn<'a>,
}

/// Makes a proof. The view is taken as of the checkpoint; of a view that withholds the subject group
/// of events, proofs withhold it too.
///
/// # Errors
/// [`NotProved`] says what is missing.
pub fn prove(view: &StoreView, proving: &Proving<'_>) -> Result<Bundle, NotProved> {
    let signed = SignedCheckpoint::parse(proving.checkpoint)?;
    need_signed(view, &signed)?;
    let size = signed.checkpoint.size;
    let newest = view.commit();
    let behind = || NotProved::Behind { size, newest };
    let then = view.as_of_commit(size).map_err(Unproved::Store)?.ok_or_else(behind)?;
    if let Some(proved) = absent::absent(&then, proving, size) {
        return proved;
    }
    let withhold = proving.withhold || then.withholds_subjects();
    let claim = claim(&then, proving, withhold)?;
    let bundle = then.store().prove(then.snapshot(), &claim, proving.checkpoint, withhold)?;
    match then.snapshot().damage() {
        Some(error) => Err(Unproved::Store(error).into()),
        None => Ok(bundle),
    }
}

/// A checkpoint that no key of the log signed makes a proof that nobody takes. Revoked keys are for whoever
/// checks it to judge; a store whose log names none has nothing to hold it to.
fn need_signed(view: &StoreView, signed: &SignedCheckpoint) -> Result<(), NotProved> {
    let identity = view.store().log_identity().map_err(Unproved::Store)?;
    let Some(identity) = identity else { return Ok(()) };
    if identity.keys.iter().any(|key| signed.verify(&key.key).is_ok()) {
        return Ok(());
    }
    let why = signed.verify(identity.signing()).err().map(|why| why.to_string());
    Err(NotProved::NotSigned { why: why.unwrap_or_default() })
}

fn claim(view: &StoreView, proving: &Proving<'_>, withhold: bool) -> Result<Claim, NotProved> {
    let text = proving.statement.trim().trim_end_matches(';').trim_end();
    let text = strip_word(text, "prove").unwrap_or(text);
    if strip_word(text, "trace").is_some() {
        return traced(view, proving, withhold, (text, Query::parse(text)), None);
    }
    let names = |text: &str| -> Vec<String> { words_of(text, proving.request.parameters) };
    if let Some(place) = text.strip_prefix("event:").and_then(place) {
        return in_batch(view, place);
    }
    let text = match text.strip_prefix("event:") {
        Some(rest) => format!("inference:{rest}"),
        None => text.to_owned(),
    };
    let (of_revision, text) = match text.strip_prefix("revision/") {
        Some(rest) => (true, rest.to_owned()),
        None => (false, text),
    };
    if of_revision && let Some((node, id)) = revision(view, &text)? {
        return Ok(Claim::Revision(node, Some(id)));
    }
    let whole = format!("prove {text}");
    let read = Query::parse(&whole);
    let read = read.map_err(|mistake| question(mistake.into(), &whole))?;
    match read.script().statements.as_slice() {
        [Spanned { node: Statement::Prove(false, Target::Term(term), tail), span }] => {
            let Some(link) = &term.link else {
                return alone(
                    view,
                    &filled(&term.subject.node, &text, proving),
                    withhold,
                    &names(&text),
                );
            };
            let LinkRelation::Reach(reach) = &link.relation.node else {
                // One edge: a path of one step.
                let to = Target::Term(Box::new(Term { link: None, ..(**term).clone() }));
                let trace = only(&link.target, to, one_edge(&link.relation));
                return traced(view, proving, withhold, (&text, script(trace, *span, tail)), None);
            };
            let to = Target::Term(Box::new(Term { link: None, ..(**term).clone() }));
            let trace = only(&link.target, to, reach.modifiers.clone());
            let direction = if reach.downstream { Direction::Inverse } else { Direction::Forward };
            let asked = (text.as_str(), script(trace, *span, tail));
            traced(view, proving, withhold, asked, Some(direction))
        }
        _ => Err(NotProved::NoPaths),
    }
}

/// A trace between two ends.
fn only(from: &Target, to: Target, modifiers: crate::ast::Modifiers) -> Trace {
    Trace {
        all: false,
        from: from.clone(),
        to,
        modifiers,
        condition: None,
        output: None,
        tail: crate::ast::Tail::default(),
    }
}

/// Along one relation, of one step.
fn one_edge(relation: &Spanned<LinkRelation>) -> crate::ast::Modifiers {
    let mut modifiers = crate::ast::Modifiers::default();
    if let LinkRelation::Edge(edge, direction) = relation.node {
        modifiers.via.push(Spanned::new(crate::ast::Via::Edge(edge, direction), relation.span));
        modifiers.within = Some(Spanned::new((1, 1), relation.span));
    }
    modifiers
}

fn script(
    mut trace: Trace,
    span: crate::error::Span,
    tail: &crate::ast::Tail,
) -> Result<Query, crate::error::Mistake> {
    trace.tail.clone_from(tail);
    let statements = vec![Spanned::new(Statement::Trace(Box::new(trace)), span)];
    // Printed and read again, so that mistakes speak of the text that was bound.
    Query::parse(&Script { statements }.to_string())
}

fn question(error: Refused, text: &str) -> NotProved {
    NotProved::Question { error: Box::new(error), text: text.to_owned() }
}

/// The rest of a text that begins with this word.
fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let (first, rest) = text.split_once(char::is_whitespace)?;
    first.eq_ignore_ascii_case(word).then(|| rest.trim_start())
}

/// `BATCH/ROW`: an event by its place.
pub(crate) fn place(text: &str) -> Option<(Hash, u32)> {
    let (batch, row) = text.split_once('/')?;
    Some((Hash::from_hex(batch)?, row.parse().ok()?))
}

fn in_batch(view: &StoreView, (batch, row): (Hash, u32)) -> Result<Claim, NotProved> {
    let event = view.store().event_at(view.snapshot(), &batch, row);
    let events = vec![event.ok_or_else(|| missing::at_place(view, (batch, row)))?];
    Ok(Claim::Events { events, named: None })
}

/// A revision by its id, or by the digits that it begins with; none if the text is no id.
fn revision(view: &StoreView, text: &str) -> Result<Option<(NodeNo, Hash)>, NotProved> {
    let (marked, digits) = (text.starts_with('#'), text.strip_prefix('#').unwrap_or(text));
    let (store, snapshot) = (view.store(), view.snapshot());
    let unknown = || NotProved::UnknownRevision { id: text.to_owned() };
    if let Some(id) = Hash::from_hex(digits) {
        let node = store.node_of_revision(snapshot, &id).ok_or_else(unknown)?;
        return Ok(Some((node, id)));
    }
    if !marked {
        return Ok(None);
    }
    let digits = digits.to_lowercase();
    let mut found = Vec::new();
    for node in snapshot.find_id(&digits) {
        let ids = store.revisions(snapshot, node).into_iter().map(|revision| revision.id);
        let begins = ids.filter(|id| id.to_string().trim_start_matches('#').starts_with(&digits));
        found.extend(begins.map(|id| (node, id)));
    }
    match found.as_slice() {
        [one] => Ok(Some(*one)),
        [] => Err(unknown()),
        many => Err(NotProved::ManyRevisions { id: text.to_owned(), found: many.len() }),
    }
}

/// The text of a subject that stands alone, a parameter in it replaced by its value.
fn filled(subject: &Subject, text: &str, proving: &Proving<'_>) -> String {
    let value = |name: &str| match proving.request.parameters.get(name) {
        Some(Value::Text(value)) => value.clone(),
        _ => format!("${name}"),
    };
    match subject {
        Subject::Parameter(name) => value(name),
        Subject::Reference(reference) => match &reference.key {
            crate::ast::Key::Parameter(name) => {
                let kind = reference.kind.map_or("node", lineal_engine::schema::Kind::name);
                format!("{kind}:{}", value(name))
            }
            crate::ast::Key::Text(_) => text.to_owned(),
        },
        _ => text.to_owned(),
    }
}

/// A thing by itself: events, or the newest revision of a node.
fn alone(
    view: &StoreView,
    text: &str,
    withhold: bool,
    names: &[String],
) -> Result<Claim, NotProved> {
    let named_thing =
        told::resolve(view.snapshot(), text).or_else(|unresolved| match &unresolved {
            Unresolved::NoEvent { key, .. } => match missing::outweighed(view, key, withhold)? {
                Some(outweighed) => Err(outweighed),
                None => Err(unresolved.into()),
            },
            _ => Err(unresolved.into()),
        });
    match named_thing? {
        told::Target::Node(node) => Ok(Claim::Revision(node, None)),
        told::Target::Events { events, .. } => {
            few("events", events.len(), EVENTS_MAX)?;
            let mut names = names.to_vec();
            names.extend(text.split_once(':').map(|(_, key)| key.to_owned()));
            let named = named(view, &events, &names, withhold)?;
            Ok(Claim::Events { events, named })
        }
    }
}

fn few(what: &'static str, found: usize, most: usize) -> Result<(), NotProved> {
    if found <= most {
        return Ok(());
    }
    Err(NotProved::TooMany { what, found: found as u64, most: most as u64 })
}

/// The paths that are the answer of a trace.
fn traced(
    view: &StoreView,
    proving: &Proving<'_>,
    withhold: bool,
    (text, read): (&str, Result<Query, crate::error::Mistake>),
    direction: Option<Direction>,
) -> Result<Claim, NotProved> {
    let asked = |error: Refused, query: &Query| question(error, &query.to_string());
    let query = read.map_err(|mistake| question(mistake.into(), text))?;
    let prepared = query.prepare().map_err(|mistake| asked(mistake.into(), &query))?;
    let answer = prepared.run(view, proving.request).map_err(|error| asked(error, &query))?;
    if let Some(limit) = &answer.completeness.truncated {
        return Err(NotProved::Cut { why: limit.to_string() });
    }
    let mut paths = Vec::new();
    for row in &answer.rows {
        let found: Vec<&Path> = row.iter().filter_map(path_in).collect();
        if found.is_empty() {
            return Err(NotProved::NoPaths);
        }
        let leads = |path: &&Path| {
            direction.is_none_or(|way| path.steps.iter().all(|step| step.direction == way))
        };
        paths.extend(found.into_iter().filter(leads).filter(|path| !path.steps.is_empty()));
    }
    if paths.is_empty() {
        return Err(NotProved::NotSo { statement: text.to_owned() });
    }
    few("paths", paths.len(), PATHS_MAX)?;
    let thing = |item: Item| match item {
        Item::Node(node) => Thing::Node(node),
        Item::Event(event) => Thing::Event(event),
    };
    let mut events: Vec<EventRef> = Vec::new();
    let mut claimed = Vec::new();
    for path in paths {
        let items = path.steps.iter().map(|step| step.to);
        events.extend(std::iter::once(path.start).chain(items).filter_map(|item| match item {
            Item::Event(event) => Some(event),
            Item::Node(_) => None,
        }));
        let steps = path.steps.iter().map(|step| PathStep {
            relation: step.relation,
            along: step.direction == Direction::Forward,
            to: thing(step.to),
        });
        claimed.push((thing(path.start), steps.collect()));
    }
    let named = named(view, &events, &words_of(text, proving.request.parameters), withhold)?;
    Ok(Claim::Paths { paths: claimed, named })
}

fn path_in(value: &Value) -> Option<&Path> {
    if let Value::Path(path) = value { Some(path) } else { None }
}

/// What a person may have named an event by: the keys that stand in the text, and parameters.
fn words_of(text: &str, parameters: &Parameters) -> Vec<String> {
    let keys = text.split_whitespace().filter_map(|word| Some(word.split_once(':')?.1.to_owned()));
    let given = parameters.names().filter_map(|name| match parameters.get(name) {
        Some(Value::Text(text)) => Some(text.clone()),
        _ => None,
    });
    keys.chain(given).collect()
}

/// The field by which all of these events were asked for, with its value; none where it is kept back.
fn named(
    view: &StoreView,
    events: &[EventRef],
    words: &[String],
    withhold: bool,
) -> Result<Option<Named>, NotProved> {
    let Some(first) = events.first() else { return Ok(None) };
    let meant = |value: &str| {
        words.iter().any(|word| {
            let word = word.trim_matches(['"', '\'']);
            let digits = word.rsplit_once(':').map_or(word, |(_, digits)| digits);
            word == value || digits.eq_ignore_ascii_case(value)
        })
    };
    for field in NAMING {
        if withhold && field.spec().group == Group::Subject {
            continue;
        }
        let said = |event: EventRef| -> Result<Option<String>, NotProved> {
            let value = view.snapshot().event_field(event, field).map_err(Unproved::Store)?;
            Ok(value.and_then(|value| match value {
                Recorded::Text(text) => Some(text),
                Recorded::Bytes(bytes) => Some(data_encoding::HEXLOWER.encode(&bytes)),
                _ => None,
            }))
        };
        let Some(value) = said(*first)?.filter(|value| meant(value)) else { continue };
        let mut shared = true;
        for event in events {
            shared &= said(*event)?.as_ref() == Some(&value);
        }
        if shared {
            return Ok(Some(Named { field: field.spec().name.to_owned(), value }));
        }
    }
    Ok(None)
}
