//! What OpenLineage's clients send, as one event a line: the importer reads these when the journal is
//! sealed, and says beforehand what it would reject.

use crate::problem::Problem;
use lineal_import::openlineage::{EVENT_BYTES_MAX, rejected_events};
use serde_json::Value as Json;

/// The events of a body as lines, each without its line end.
///
/// # Errors
/// [`Problem::bad_request`] for what is no such body, or no event that the importer takes; then
/// nothing of it is taken. [`Problem::too_large`], [`Problem::too_many_entries`].
pub(crate) fn lines(body: &[u8], several: bool, most: usize) -> Result<Vec<Vec<u8>>, Problem> {
    let events = match (serde_json::from_slice(body), several) {
        (Ok(Json::Array(events)), true) => events,
        (Ok(event @ Json::Object(_)), false) => vec![event],
        (Ok(_), true) => return Err(Problem::bad_request("the body is no array of events")),
        (Ok(_), false) => {
            return Err(Problem::bad_request(
                "the body is no JSON object: an event is one; /api/v1/lineage/batch takes an array",
            ));
        }
        (Err(error), _) => {
            let (line, column) = (error.line(), error.column());
            return Err(Problem::bad_request(format!(
                "the body is no JSON from line {line}, column {column} on"
            )));
        }
    };
    if events.len() > most {
        return Err(Problem::too_many_entries(most));
    }
    if let Some(number) = events.iter().position(|event| !event.is_object()) {
        return Err(Problem::bad_request(format!("event {number} is no JSON object")));
    }
    let lines: Vec<Vec<u8>> = events.iter().map(|event| event.to_string().into_bytes()).collect();
    if lines.iter().any(|line| line.len() > EVENT_BYTES_MAX) {
        return Err(Problem::too_large(EVENT_BYTES_MAX));
    }
    match rejected_events(&lines.join(&b'\n')).first() {
        // A line is an entry, from 1.
        Some(first) => Err(Problem::bad_request(format!(
            "event {} is rejected, and nothing was stored: {}",
            first.at.line.saturating_sub(1),
            first.reason
        ))),
        None => Ok(lines),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"eventTime":"2025-11-03T14:00:00Z","eventType":"START",
        "run":{"runId":"0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d"},"job":{"namespace":"n","name":"j"}}"#;

    fn refused(body: &str, several: bool) -> (u16, String) {
        let problem = lines(body.as_bytes(), several, 2).unwrap_err();
        (problem.status.as_u16(), problem.detail)
    }

    #[test]
    fn an_event_becomes_a_line_and_an_array_as_many() {
        let one = lines(EVENT.as_bytes(), false, 2).unwrap();
        assert!(one.len() == 1 && !one[0].contains(&b'\n'));
        let two = lines(format!("[{EVENT},{EVENT}]").as_bytes(), true, 2).unwrap();
        assert_eq!(two, [one[0].clone(), one[0].clone()]);
        assert!(lines(b"[]", true, 2).unwrap().is_empty());
    }

    #[test]
    fn what_the_importer_would_reject_is_refused_with_its_place() {
        let bad = EVENT.replace("0199e2c4", "{{ any }}");
        let (status, why) = refused(&format!("[{EVENT},{bad}]"), true);
        assert!(
            status == 400
                && why.starts_with("event 1 is rejected, and nothing was stored: `run.runId`"),
            "{why}"
        );
        for (body, several) in
            [("", false), ("7", false), ("[]", false), (EVENT, true), ("{\"a\":", false)]
        {
            assert_eq!(refused(body, several).0, 400, "{body}");
        }
        assert_eq!(refused(&format!("[{EVENT},{EVENT},{EVENT}]"), true).0, 413);
        assert_eq!(refused(&format!("[[{EVENT}]]"), true).0, 400, "a list is no event");
    }
}
