//! What a person means by `9f2c...`, `model:credit-risk@3`, `#9f2c1a` or a bare name.

use crate::exit::{Failure, Outcome};
use crate::render::{and_more, counted};
use crate::time::Zone;
use lineal_engine::event_fields::EventField;
use lineal_engine::schema::Kind;
use lineal_engine::{EventRef, NodeNo, Snapshot, unquoted};
use lineal_proof::Value;

/// Hash algorithms that may stand before a hash.
const ALGORITHMS: [&str; 5] = ["sha256", "sha512", "sha1", "md5", "blake3"];
/// Fewest digits of a text that is taken for a hash.
const HASH_DIGITS_MIN: usize = 32;
/// Names listed when a text fits several.
const LISTED: usize = 8;

/// What was meant, and how it was found.
pub(crate) enum Target {
    /// A node.
    Node(NodeNo),
    /// Events that share a hash or an id; never empty.
    Events { events: Vec<EventRef>, by: String },
}

/// Reads a text that should name one thing.
pub(crate) fn resolve(view: &Snapshot, zone: &Zone, text: &str) -> Outcome<Target> {
    let text = text.trim();
    if let Some(digits) = text.strip_prefix('#') {
        return one(view, text, &view.find_id(digits), None);
    }
    if let Some((kind, key)) = text.split_once(':')
        && let Some(kind) = Kind::parse(kind)
    {
        let key = unquoted(key);
        if key.is_empty() {
            return Err(Failure::usage(format!(
                "empty key after `{kind}:`; use single quotes round it (in double quotes the shell takes $name for a variable of its own)"
            )));
        }
        if kind == Kind::Inference {
            return events(view, zone, &key);
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
        return if ids.is_empty() { events(view, zone, text) } else { one(view, text, &ids, None) };
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
fn hash(text: &str) -> Option<(Option<String>, Vec<u8>)> {
    let lower = text.to_lowercase();
    let (algorithm, digits) = match lower.split_once(':') {
        Some((algorithm, digits)) => (Some(algorithm.to_owned()), digits),
        None => (None, lower.as_str()),
    };
    let bytes = data_encoding::HEXLOWER.decode(digits.as_bytes()).ok()?;
    let known = algorithm.as_deref().is_none_or(|algorithm| ALGORITHMS.contains(&algorithm));
    (known && !bytes.is_empty()).then_some((algorithm, bytes))
}

fn events(view: &Snapshot, zone: &Zone, key: &str) -> Outcome<Target> {
    if let Some((algorithm, bytes)) = hash(key) {
        let events = view.events_by_hash(algorithm.as_deref(), &bytes)?;
        if let Some(first) = events.first() {
            let found = view.event_field(*first, EventField::InputAlgorithm)?;
            let found = found.as_ref().and_then(Value::as_text).unwrap_or("no algorithm recorded");
            return Ok(Target::Events { by: format!("input hash, {found}"), events });
        }
    }
    let events = view.events_by_id(key)?;
    if !events.is_empty() {
        return Ok(Target::Events { events, by: "event id".to_owned() });
    }
    Err(Failure::NotFound(not_found(view, zone, key)))
}

/// What was searched, so that "not found" is a finding.
fn not_found(view: &Snapshot, zone: &Zone, key: &str) -> String {
    let (mut count, mut first, mut last) = (0, i64::MAX, i64::MIN);
    for batch in view.batches() {
        count += batch.events;
        (first, last) = (first.min(batch.first_time), last.max(batch.last_time));
    }
    if count == 0 {
        return format!(
            "no event has {key}: the store holds no events\n  `lineal import DIR` brings log archives"
        );
    }
    format!(
        "no event has {key}\n  searched: input hash (every algorithm), event id, request id, log id of {}, {}\n  \
         hashes are compared byte by byte: another canonical form of the same input has another hash",
        counted(count, "event"),
        zone.span(first, last)
    )
}

fn one(view: &Snapshot, text: &str, nodes: &[NodeNo], kind: Option<Kind>) -> Outcome<Target> {
    match nodes {
        [node] => Ok(Target::Node(*node)),
        [] => {
            let bare = text.split_once(':').filter(|_| kind.is_some()).map_or(text, |(_, key)| key);
            let near = view.near(kind, bare);
            let hint = if near.is_empty() {
                "\n  `lineal stats` shows what the store holds".to_owned()
            } else {
                format!("\n  did you mean {}?", near.join(", "))
            };
            Err(Failure::NotFound(format!("nothing is called {text}{hint}")))
        }
        several => {
            let names = several.iter().take(LISTED).map(|node| view.name_of(*node));
            let names: Vec<String> = names.chain(and_more(several.len() as u64, LISTED)).collect();
            Err(Failure::usage(format!(
                "{text} fits {} nodes; name one:\n  {}",
                several.len(),
                names.join("\n  ")
            )))
        }
    }
}
