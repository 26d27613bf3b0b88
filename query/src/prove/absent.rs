//! `prove no ...`: what a person means by it, as a statement that something was never recorded.
//!
//! `no KIND:KEY`, `no KIND`, `no KIND RELATION KIND:KEY`, and `no inference:VALUE` with a scope, which
//! must be said: `in deployment:X`, `in system:X`, or `everywhere`, with `from` and `before` a time
//! behind it. A key can be written as a list, `model:["prod","credit","3"]`, which is how a proof
//! itself tells it: so can be named what no view has a name for.

use super::{NotProved, Proving, filled, question, strip_word};
use crate::ast::{AsOf, LinkRelation, Spanned, Statement, Subject, Target, Term};
use crate::prepare::Query;
use crate::source::Source;
use crate::store_view::StoreView;
use crate::told::{self, Unresolved};
use crate::value::Value;
use lineal_engine::event_fields::{EventField, Group};
use lineal_engine::schema::{Direction, Kind};
use lineal_engine::{AbsenceSize, NodeNo, Unproved, unquoted};
use lineal_proof::bundle::json::{Json, parse};
use lineal_proof::bundle::{Bundle, Named, Node, Nothing, Scope};
use lineal_proof::{Key, KeyPart};

/// Is told how large a proof will be before rows are read, and how far it is after; says whether to go on.
pub type GoOn<'a> = &'a (dyn Fn(&AbsenceSize) -> bool + Sync);

/// Fewest hexadecimal digits of a text that is taken for an input hash.
const HASH_DIGITS_MIN: usize = 32;
/// Hash algorithms that may stand before a hash.
const ALGORITHMS: [&str; 5] = ["sha256", "sha512", "sha1", "md5", "blake3"];

/// The text behind `prove no`; none of other statements.
fn negated(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches(';').trim_end();
    strip_word(strip_word(text, "prove").unwrap_or(text), "no")
}

/// A statement and the number in its `as of`, if it has one; none for what is no number.
fn parted(text: &str) -> (&str, Option<Option<u64>>) {
    let at = find_word(text, " as of ");
    at.map_or((text, None), |at| {
        let number = text[at + " as of ".len()..].trim();
        (text[..at].trim_end(), Some(number.parse().ok()))
    })
}

/// Where a text has these words the last time, outside of quotes, whatever their case.
fn find_word(text: &str, words: &str) -> Option<usize> {
    let mut quote = None;
    let mut found = None;
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, ' ') => {
                let here = text.as_bytes().get(at..at + words.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(words.as_bytes())) {
                    found = Some(at);
                }
            }
            _ => {}
        }
    }
    found
}

/// The commit that a `prove no ... as of N` names: who has several checkpoints takes the one of it.
#[must_use]
pub fn as_of(statement: &str) -> Option<u64> {
    parted(negated(statement)?).1.flatten()
}

/// Proves that something was never recorded; none if the statement says no such thing.
pub(super) fn absent(
    view: &StoreView,
    proving: &Proving<'_>,
    size: u64,
) -> Option<Result<Bundle, NotProved>> {
    let (text, wanted) = parted(negated(proving.statement)?);
    Some(match wanted {
        Some(wanted) if wanted != Some(size) => Err(NotProved::OtherCheckpoint { size }),
        _ => nothing(view, proving, text).and_then(|what| {
            let store = view.store();
            let checkpoint = proving.checkpoint;
            Ok(store.prove_absent(view.snapshot(), &what, checkpoint, proving.go_on)?)
        }),
    })
}

fn nothing(view: &StoreView, proving: &Proving<'_>, text: &str) -> Result<Nothing, NotProved> {
    for word in ["inference:", "event:"] {
        if text.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)) {
            return event(view, proving, &text[word.len()..]);
        }
    }
    if let Some(kind) = Kind::parse(text.trim()) {
        return Ok(Nothing::Fit(any_of(kind)?));
    }
    if let Some(node) = listed(text)? {
        return Ok(whole_or_fit(node));
    }
    if !text.contains(char::is_whitespace) || text.contains(":\"") && !text.contains("\" ") {
        return node(view, &parameters_in(text, proving));
    }
    edge(view, proving, text)
}

/// `KIND:["part",...]`: a key as a proof tells it.
fn listed(text: &str) -> Result<Option<Node>, NotProved> {
    let Some((kind, list)) = text.split_once(':') else { return Ok(None) };
    let Some(kind) = Kind::parse(kind).filter(|_| list.starts_with('[')) else { return Ok(None) };
    let form = || NotProved::NotStated {
        why: format!(
            "{text}: write the parts of the key as a list without blanks, such as {}:[\"a\",\"b\",null]",
            kind.name()
        ),
    };
    let Some(Json::List(parts)) = parse(list) else { return Err(form()) };
    let part = |part: Json| match part {
        Json::Null => Ok(KeyPart::Null),
        Json::Text(text) => Ok(KeyPart::Text(text)),
        _ => Err(form()),
    };
    let key = Key(parts.into_iter().map(part).collect::<Result<_, _>>()?);
    Ok(Some(Node { kind: kind.name().to_owned(), key }))
}

/// A key with parts that are not known can be stated as none that fits it alone.
fn whole_or_fit(node: Node) -> Nothing {
    match Nothing::Node(node.clone()).check_form() {
        Ok(()) => Nothing::Node(node),
        Err(_) => Nothing::Fit(node),
    }
}

/// What fits every node of a kind.
fn any_of(kind: Kind) -> Result<Node, NotProved> {
    let parts = match kind {
        Kind::Actor | Kind::Code | Kind::System | Kind::Run | Kind::Monitor | Kind::Incident => 1,
        Kind::Experiment | Kind::Alert => 2,
        Kind::Model | Kind::Document => 3,
        Kind::Dataset | Kind::Evaluation | Kind::Approval | Kind::Change => 4,
        Kind::Deployment => 5,
        other => {
            let why = format!(
                "of {} nothing is stated: its records are not written from sources",
                other.name()
            );
            return Err(NotProved::NotStated { why });
        }
    };
    Ok(Node { kind: kind.name().to_owned(), key: Key(vec![KeyPart::Null; parts]) })
}

/// The text with a parameter in the place of a key replaced by its value.
fn parameters_in(text: &str, proving: &Proving<'_>) -> String {
    let Some((kind, name)) = text.split_once(":$") else { return text.to_owned() };
    match proving.request.parameters.get(name) {
        Some(Value::Text(value)) => format!("{kind}:{value}"),
        _ => text.to_owned(),
    }
}

/// `no KIND:KEY`.
fn node(view: &StoreView, text: &str) -> Result<Nothing, NotProved> {
    match told::resolve(view.snapshot(), text) {
        Ok(told::Target::Node(node)) => Ok(whole_or_fit(of_view(view, node))),
        Ok(told::Target::Events { .. }) => Err(NotProved::NoScope),
        Err(Unresolved::Nothing { .. }) => unknown(view, text),
        // Several are there: that there is none is refused with what is found first.
        Err(other) => Err(other.into()),
    }
}

fn of_view(view: &StoreView, node: NodeNo) -> Node {
    let view = view.snapshot();
    Node { kind: view.kind_of(node).name().to_owned(), key: view.key_of(node) }
}

/// The key that a text means which the view has no name for.
fn unknown(view: &StoreView, text: &str) -> Result<Nothing, NotProved> {
    let said = || NotProved::NotStated {
        why: format!("{text}: write kind:key, so that it is known of what nothing is recorded"),
    };
    let (kind, key) = text.split_once(':').ok_or_else(said)?;
    let kind = Kind::parse(kind).ok_or_else(said)?;
    let key = unquoted(key);
    let (name, version) = match key.rsplit_once('@') {
        Some((name, version)) => (name, KeyPart::from(version)),
        None => (key.as_str(), KeyPart::Null),
    };
    let parts = match kind {
        Kind::Code | Kind::System | Kind::Run | Kind::Monitor | Kind::Incident => {
            vec![key.as_str().into()]
        }
        Kind::Actor => vec![view.store().actor_key(&key).map_err(Unproved::Store)?.into()],
        Kind::Experiment => vec![KeyPart::Null, key.as_str().into()],
        Kind::Model | Kind::Document => vec![KeyPart::Null, name.into(), version],
        Kind::Dataset => vec![name.into(), version, KeyPart::Null, KeyPart::Null],
        other => {
            let why = format!(
                "{text}: a key of {0} has parts; write it as a list without blanks, {0}:[...]",
                other.name()
            );
            return Err(NotProved::NotStated { why });
        }
    };
    Ok(whole_or_fit(Node { kind: kind.name().to_owned(), key: Key(parts) }))
}

/// `no KIND RELATION KIND:KEY`.
fn edge(view: &StoreView, proving: &Proving<'_>, text: &str) -> Result<Nothing, NotProved> {
    let form = || {
        NotProved::NotStated {
        why: "write `no KIND:KEY`, `no KIND RELATION KIND:KEY` with one relation from the newer record to the older (`no approval approves model:x@3`), or `no inference:VALUE in deployment:X`".to_owned(),
    }
    };
    // A key as a list is no word of the language: it is put aside.
    if let Some((before, target)) = text.rsplit_once(' ')
        && let Some(target) = listed(target)?
    {
        let whole = format!("prove no {before} {}:x", target.kind);
        let (from, relation, _) = read_edge(&whole, proving)?.ok_or_else(form)?;
        return Ok(Nothing::Edge { from, relation, node: target, claims: Vec::new() });
    }
    let whole = format!("prove no {text}");
    let (from, relation, target) = read_edge(&whole, proving)?.ok_or_else(form)?;
    let node = match told::resolve(view.snapshot(), &target)? {
        told::Target::Node(node) => of_view(view, node),
        told::Target::Events { .. } => return Err(form()),
    };
    Ok(Nothing::Edge { from, relation, node, claims: Vec::new() })
}

/// Kind, relation and target of a statement about an edge.
fn read_edge(
    whole: &str,
    proving: &Proving<'_>,
) -> Result<Option<(String, String, String)>, NotProved> {
    let read = Query::parse(whole).map_err(|mistake| question(mistake.into(), whole))?;
    let [Spanned { node: Statement::Prove(true, Target::Term(term), _), .. }] =
        read.script().statements.as_slice()
    else {
        return Ok(None);
    };
    let (Subject::Kind(Some(from)), Some(link)) = (&term.subject.node, &term.link) else {
        return Ok(None);
    };
    let LinkRelation::Edge(relation, Direction::Forward) = &link.relation.node else {
        return Ok(None);
    };
    let Target::Term(target) = &link.target else { return Ok(None) };
    let Term { subject, alias: None, link: None } = &**target else { return Ok(None) };
    let text = filled(&subject.node, &link.target.to_string(), proving);
    Ok(Some((from.name().to_owned(), relation.spec().name.to_owned(), text)))
}

/// `no inference:VALUE SCOPE`, without its first word.
fn event(view: &StoreView, proving: &Proving<'_>, text: &str) -> Result<Nothing, NotProved> {
    let (value, scope) = match (find_word(text, " in "), text.to_lowercase().find(" everywhere")) {
        (Some(at), _) => (&text[..at], Some(text[at + " in ".len()..].trim())),
        (None, Some(at)) => (&text[..at], Some(text[at + 1..].trim())),
        (None, None) => (text, None),
    };
    let value = match value.trim().strip_prefix('$') {
        Some(name) => match proving.request.parameters.get(name) {
            Some(Value::Text(value)) => value.clone(),
            _ => {
                let why = format!("${name} has no value: give it with --param {name}=...");
                return Err(NotProved::NotStated { why });
            }
        },
        None => unquoted(value.trim()),
    };
    let (words, to) = bound(scope.ok_or(NotProved::NoScope)?, " before ")?;
    let (words, from) = bound(words, " from ")?;
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        let why = "no time lies in that span: `from` names its beginning, `before` a later time";
        return Err(NotProved::NotStated { why: why.to_owned() });
    }
    let of = match words.trim() {
        all if all.eq_ignore_ascii_case("everywhere") => None,
        node => match told::resolve(view.snapshot(), node)? {
            told::Target::Node(node) => Some(of_view(view, node)),
            told::Target::Events { .. } => return Err(NotProved::NoScope),
        },
    };
    let named = named(&value);
    let group = EventField::parse(&named.field).map(|field| field.spec().group);
    if group == Some(Group::Subject) && (proving.withhold || view.withholds_subjects()) {
        return Err(NotProved::NotStated {
            why: format!(
                "that no event has this {} cannot be shown with the subject group kept back: what shows it lets other values be tested",
                named.field
            ),
        });
    }
    Ok(Nothing::Event { named, scope: Scope { of, from, to } })
}

/// A time behind a word at the end of a text.
fn bound<'t>(text: &'t str, word: &str) -> Result<(&'t str, Option<i64>), NotProved> {
    let Some(at) = find_word(text, word) else { return Ok((text, None)) };
    let time = text[at + word.len()..].trim();
    let why = || NotProved::NotStated {
        why: format!("{time} is no time: write 2025-10-03 or 2025-10-03T09:30:00Z"),
    };
    // The language reads times; a view as of one is the shortest question that has one.
    let read = Query::parse(&format!("find model as of {time}")).map_err(|_| why())?;
    let as_of = match read.script().statements.as_slice() {
        [Spanned { node: Statement::Find(find), .. }] => find.tail.as_of.as_ref(),
        _ => None,
    };
    match as_of.map(|as_of| &as_of.node) {
        Some(AsOf::Time(time)) => Ok((&text[..at], Some(*time))),
        _ => Err(why()),
    }
}

/// The field in which a value would stand: a hash is one of an input, other texts are ids of events.
fn named(value: &str) -> Named {
    let lower = value.to_lowercase();
    let digits = match lower.split_once(':') {
        Some((algorithm, digits)) if ALGORITHMS.contains(&algorithm) => digits,
        _ => lower.as_str(),
    };
    let is_hash = digits.len() >= HASH_DIGITS_MIN
        && digits.len().is_multiple_of(2)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (field, value) = if is_hash { ("input_hash", digits) } else { ("event_id", value) };
    Named { field: field.to_owned(), value: value.to_owned() }
}
