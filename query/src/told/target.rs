//! What a person means by `9f2c...`, `model:credit-risk@3`, `#9f2c1a` or a bare name.

use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;
use lineal_engine::{Error, EventRef, NodeNo, Snapshot, unquoted};
use lineal_proof::Value;
use std::borrow::Cow;

/// Hash algorithms that may stand before a hash.
const ALGORITHMS: [&str; 5] = ["sha256", "sha512", "sha1", "md5", "blake3"];
/// Fewest digits of a text that is taken for a hash.
const HASH_DIGITS_MIN: usize = 32;
/// Names listed when a text fits several.
pub const LISTED: usize = 8;

/// What was meant, and how it was found.
#[derive(Clone, Debug)]
pub enum Target {
    /// A node.
    Node(NodeNo),
    /// Events that share a hash or an id; never empty.
    Events {
        /// The events.
        events: Vec<EventRef>,
        /// What they were found by, in words.
        by: String,
    },
}

/// What events are found by where a hash was given; how that was made stands behind a comma.
const BY_HASH: &str = "input hash";

/// What events were found by. How their hash was made belongs to the subject group.
#[must_use]
pub fn found_by(by: &str, withheld: bool) -> &str {
    if withheld && by.starts_with(BY_HASH) { BY_HASH } else { by }
}

/// The events that were searched in vain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Searched {
    /// How many there are.
    pub events: u64,
    /// When the first happened, ns.
    pub first: i64,
    /// When the last happened, ns.
    pub last: i64,
    /// How many of them are erased or restricted: it may be one of these.
    pub unshown: u64,
}

/// Why a text names no one thing.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// A kind without a key.
    #[error("empty key after `{kind}:`; write the key behind the colon")]
    EmptyKey {
        /// The kind.
        kind: Kind,
    },
    /// Nothing has that name.
    #[error("nothing is called {text}")]
    Nothing {
        /// What was asked for.
        text: String,
        /// Names that look alike.
        near: Vec<String>,
    },
    /// No event has that hash or id.
    #[error("no event has {key}")]
    NoEvent {
        /// What was asked for.
        key: String,
        /// What was searched; none where the store holds no events.
        searched: Option<Searched>,
    },
    /// Several things have that name.
    #[error("{text} fits {fits} nodes; name one: {}", names.join(", "))]
    Several {
        /// What was asked for.
        text: String,
        /// How many fit.
        fits: u64,
        /// The first [`LISTED`] of them.
        names: Vec<String>,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Reads a text that should name one thing.
///
/// # Errors
/// [`Unresolved`]: nothing or several things fit, or the store cannot be read.
pub fn resolve(view: &Snapshot, text: &str) -> Result<Target, Unresolved> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix('#') {
        return one(view, text, &view.find_id(digits), None);
    }
    if let Some((kind, key)) = text.split_once(':')
        && let Some(kind) = Kind::parse(kind)
    {
        let key = unquoted(key);
        if key.is_empty() {
            return Err(Unresolved::EmptyKey { kind });
        }
        if kind == Kind::Inference {
            return events(view, &key);
        }
        return one(view, text, &view.find(Some(kind), &key), Some(kind));
    }
    // A name of a node goes before a hash: run ids look like hashes.
    let nodes = view.find(None, text);
    if !nodes.is_empty() {
        return one(view, text, &nodes, None);
    }
    if looks_like_hash(text) {
        let ids = view.find_id(text);
        return if ids.is_empty() { events(view, text) } else { one(view, text, &ids, None) };
    }
    let by_id = view.events_by_id(text)?;
    if !by_id.is_empty() {
        return Ok(Target::Events { events: by_id, by: "event id".to_owned() });
    }
    one(view, text, &[], None)
}

fn looks_like_hash(text: &str) -> bool {
    let digits = text.split_once(':').map_or(text, |(_, digits)| digits);
    digits.len() >= HASH_DIGITS_MIN && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The algorithm and bytes of a hash as people paste it: with or without `sha256:`, any case.
pub(super) fn hash(text: &str) -> Option<(Option<String>, Vec<u8>)> {
    let lower = text.to_lowercase();
    let (algorithm, digits) = match lower.split_once(':') {
        Some((algorithm, digits)) => (Some(algorithm.to_owned()), digits),
        None => (None, lower.as_str()),
    };
    let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?;
    let known = algorithm.as_deref().is_none_or(|algorithm| ALGORITHMS.contains(&algorithm));
    (known && !bytes.is_empty()).then_some((algorithm, bytes))
}

/// The events that a text names, whatever node is called so too.
pub(super) fn only_events(view: &Snapshot, text: &str) -> Result<Target, Unresolved> {
    events(view, &named_event(text))
}

/// The hash or id in a text that names events.
pub(super) fn named_event(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    match text.split_once(':') {
        Some((kind, key)) if Kind::parse(kind) == Some(Kind::Inference) => {
            Cow::Owned(unquoted(key))
        }
        _ => Cow::Borrowed(text),
    }
}

fn events(view: &Snapshot, key: &str) -> Result<Target, Unresolved> {
    if let Some((algorithm, bytes)) = hash(key) {
        let events = view.events_by_hash(algorithm.as_deref(), &bytes)?;
        if let Some(first) = events.first() {
            let found = view.event_field(*first, EventField::InputAlgorithm)?;
            let found = found.as_ref().and_then(Value::as_text).unwrap_or("no algorithm recorded");
            return Ok(Target::Events { by: format!("{BY_HASH}, {found}"), events });
        }
    }
    let events = view.events_by_id(key)?;
    if !events.is_empty() {
        return Ok(Target::Events { events, by: "event id".to_owned() });
    }
    Err(Unresolved::NoEvent { key: key.to_owned(), searched: searched(view) })
}

/// What was searched, so that "not found" is a finding.
fn searched(view: &Snapshot) -> Option<Searched> {
    let unshown = view.unshown().map(|of| of.erased + of.restricted).sum();
    let mut all = Searched { events: 0, first: i64::MAX, last: i64::MIN, unshown };
    for batch in view.batches() {
        all.events += batch.events;
        (all.first, all.last) = (all.first.min(batch.first_time), all.last.max(batch.last_time));
    }
    (all.events > 0).then_some(all)
}

fn one(
    view: &Snapshot,
    text: &str,
    nodes: &[NodeNo],
    kind: Option<Kind>,
) -> Result<Target, Unresolved> {
    match nodes {
        [node] => Ok(Target::Node(*node)),
        [] => {
            let bare = text.split_once(':').filter(|_| kind.is_some()).map_or(text, |(_, key)| key);
            Err(Unresolved::Nothing { text: text.to_owned(), near: view.near(kind, bare) })
        }
        several => Err(Unresolved::Several {
            text: text.to_owned(),
            fits: several.len() as u64,
            names: several.iter().take(LISTED).map(|node| view.name_of(*node)).collect(),
        }),
    }
}
