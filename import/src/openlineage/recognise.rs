//! Tells a file of OpenLineage's events by its first event.

use crate::plain;
use serde_json::Value as Json;
use std::io::Read;
use std::path::Path;

/// As much of a file as is looked at: the first event, unless it is a very long one.
const HEAD_BYTES: u64 = 1 << 20;
/// Members of an event, of which a head that holds no whole one must have all.
const MEMBERS: [&[u8]; 3] = [b"\"eventTime\"", b"\"namespace\"", b"\"name\""];

/// Does the file hold events of OpenLineage?
pub(crate) fn recognise(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = plain::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_ok() && is_event(&head)
}

fn is_event(head: &[u8]) -> bool {
    let head = head.trim_ascii_start();
    let head = head.strip_prefix(b"[").unwrap_or(head).trim_ascii_start();
    let has = |member: &&[u8]| head.windows(member.len()).any(|part| part == *member);
    if !head.starts_with(b"{") || !MEMBERS.iter().all(has) {
        return false;
    }
    match serde_json::Deserializer::from_slice(head).into_iter::<Json>().next() {
        Some(Ok(event)) => {
            let of = |name: &str| event.get(name).is_some_and(Json::is_object);
            event.get("eventTime").is_some_and(Json::is_string)
                && (of("job") || of("dataset"))
                && (of("run") || event.get("schemaURL").or(event.get("producer")).is_some())
        }
        // Longer than what is looked at.
        Some(Err(error)) => error.is_eof() && has(&&b"\"runId\""[..]),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_event;

    #[test]
    fn events_are_known_by_their_members_whatever_their_order() {
        let event = r#"{"job":{"namespace":"n","name":"j"},"run":{"runId":"x"},"eventTime":"t"}"#;
        assert!(is_event(event.as_bytes()));
        assert!(is_event(format!(" [\n{event}, {{").as_bytes()));
        assert!(is_event(&event.as_bytes()[..event.len() - 1]), "a long one that is cut off");
        let dataset = r#"{"dataset":{"namespace":"n","name":"d"},"eventTime":"t","producer":"p"}"#;
        assert!(is_event(dataset.as_bytes()));
        for other in [
            "",
            "[]",
            r#"{"message":"{\"eventTime\": 1, \"namespace\": 2, \"name\": 3}"}"#,
            r#"{"eventTime":"t","namespace":"n","name":"x"}"#,
            r#"text "eventTime" "namespace" "name""#,
        ] {
            assert!(!is_event(other.as_bytes()), "{other}");
        }
    }
}
