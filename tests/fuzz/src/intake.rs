//! Bytes as a body that is brought live, or a sound one that somebody edited: it is refused whole, or
//! becomes lines, each an object by itself, of which the importer reads every one.

use super::log_lines;
use super::seeds;
use super::store_files::edit;
use super::tape::Tape;
use lineal_server::{LiveForm, live_lines};
use serde_json::Value as Json;

/// When it came, ns.
const RECEIVED: i64 = 1_700_000_000_000_000_000;

/// A sound body of each form.
const BODIES: [(LiveForm, &[u8]); 4] = [
    (
        LiveForm::DatadogLogs,
        br#"[{"message":"{\"art12\":{\"event_id\":\"e1\"}}","ddtags":"env:prod","service":"scorer","timestamp":1764583200123,"art12":{"event_id":"e2","input":{"hash":"ab"}}},{"message":"m"}]"#,
    ),
    (
        LiveForm::OtlpJson,
        br#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"scorer"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1764583200123456789","severityText":"INFO","traceId":"abab","body":{"stringValue":"inference"},"attributes":[{"key":"art12.system_id","value":{"stringValue":"S"}},{"key":"n","value":{"intValue":"300"}},{"key":"list","value":{"arrayValue":{"values":[{"boolValue":true},{"doubleValue":0.5}]}}},{"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"AA=="}}]}}}]}]}]}]}"#,
    ),
    (
        LiveForm::OtlpProtobuf,
        b"\x0a\x4e\x0a\x18\x0a\x16\x0a\x0cservice.name\x12\x06\x0a\x04some\x12\x32\x12\x30\x09\x15\xcd\x5b\x07\x00\x00\x00\x01\x1a\x04INFO\x2a\x0b\x0a\x09inference\x32\x0c\x0a\x01n\x12\x07\x2a\x05\x0a\x03\x18\xac\x02\x4a\x02\xab\xab\x78\x07",
    ),
    (
        LiveForm::OpenLineage,
        br#"{"eventType":"COMPLETE","eventTime":"2026-03-01T00:00:00Z","producer":"https://p.example","schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent","run":{"runId":"0199e2c4-6f2a-7c11-9f5e-2f9d8a1b4c3d","facets":{}},"job":{"namespace":"n","name":"j","facets":{}},"inputs":[{"namespace":"s3://b","name":"d"}],"outputs":[]}"#,
    ),
];

/// The bodies as they are, and tapes that edit them.
pub fn seeds() -> Vec<Vec<u8>> {
    for (form, body) in BODIES {
        let lines = live_lines(form, body, RECEIVED);
        assert!(lines.is_ok_and(|lines| !lines.is_empty()), "the body of {form:?} is sound");
    }
    let form = |at: usize| u8::try_from(at).unwrap_or_default();
    let whole = BODIES.iter().enumerate().map(|(at, (_, body))| [&[form(at), 0], *body].concat());
    let edited = seeds::short_tapes().into_iter().enumerate();
    whole.chain(edited.map(|(at, tape)| [&[form(at), 1][..], &tape].concat())).collect()
}

/// Checks what becomes of the body that these bytes say.
pub fn check(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    let (form, sound) = BODIES[usize::from(tape.byte()) % BODIES.len()];
    let body = if tape.byte().is_multiple_of(2) {
        tape.take(usize::MAX).to_vec()
    } else {
        let mut body = sound.to_vec();
        edit(&mut body, &mut tape);
        body
    };
    let Ok(lines) = live_lines(form, &body, RECEIVED) else { return };
    for line in &lines {
        assert!(!line.contains(&b'\n'), "a line is one: {}", String::from_utf8_lossy(line));
        let read = serde_json::from_slice::<Json>(line);
        assert!(read.is_ok_and(|read| read.is_object()), "{}", String::from_utf8_lossy(line));
    }
    if form != LiveForm::OpenLineage {
        let file = lines.join(&b'\n');
        assert_eq!(log_lines::lines_of(&file), lines.len() as u64, "every line is read");
        log_lines::check(&file);
    }
}
