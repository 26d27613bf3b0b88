//! One request as OpenTelemetry tells of it, and the message that holds several. Names are those of its
//! conventions for HTTP servers.

use axum::http::{HeaderMap, HeaderName};
use data_encoding::HEXLOWER;
use lineal_proof::Hash;
use serde_json::{Value as Json, json};
use std::time::Duration;

/// Where a request says of which trace it is a part (W3C Trace Context).
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// A span of one who answers.
const SERVER: u8 = 2;
/// The status of a span that failed.
const FAILED: u8 = 2;
/// Separates names of spans from every other use of the hash function.
const SPAN_CONTEXT: &str = "lineal v1 server span";

/// The trace and the span that a request belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Parent {
    trace: [u8; 16],
    span: [u8; 8],
    /// Does whoever began the trace want it told?
    pub(crate) is_sampled: bool,
}

impl Parent {
    /// What a request says; none if it says nothing that can be read.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Parent> {
        let mut given = headers.get_all(TRACE_PARENT).iter();
        let text = given.next().filter(|_| given.next().is_none())?.to_str().ok()?;
        let mut parts = text.split('-');
        let (version, trace, span, flags) =
            (bytes::<1>(parts.next()?)?, parts.next()?, parts.next()?, parts.next()?);
        let (trace, span, [flags]) = (bytes(trace)?, bytes(span)?, bytes::<1>(flags)?);
        // A later version may say more behind this; 255 is none.
        let is_whole = match version[0] {
            0 => parts.next().is_none(),
            version => version != 0xff,
        };
        let is_named = trace != [0; 16] && span != [0; 8];
        (is_whole && is_named).then_some(Parent { trace, span, is_sampled: flags & 1 == 1 })
    }
}

/// Bytes in lower-case hexadecimal digits, exactly so many.
fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) parent: Option<Parent>,
    /// Of our making: names the request in the log too.
    pub(crate) request_id: String,
    pub(crate) method: &'static str,
    /// As the table of endpoints has it: keys in paths may be personal data.
    pub(crate) path: &'static str,
    pub(crate) status: u16,
    /// When it came, ns since 1970 UTC.
    pub(crate) begun: i64,
    /// Until its answer began.
    pub(crate) took: Duration,
    pub(crate) role: Option<&'static str>,
    pub(crate) store: Option<String>,
    /// The name of the problem, where there was no answer.
    pub(crate) problem: Option<&'static str>,
}

impl Span {
    /// The trace that it belongs to or begins, and its own name, both from the request id, which no
    /// caller can guess.
    fn names(&self) -> (String, String) {
        let digest = Hash::derive(SPAN_CONTEXT, self.request_id.as_bytes());
        let trace = self.parent.map_or_else(|| digest[..16].to_vec(), |it| it.trace.to_vec());
        (HEXLOWER.encode(&trace), HEXLOWER.encode(&digest[16..24]))
    }

    fn json(&self) -> Json {
        let text =
            |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let status = json!({ "intValue": self.status.to_string() });
        let mut attributes = vec![
            text("http.request.method", self.method),
            text("http.route", self.path),
            json!({ "key": "http.response.status_code", "value": status }),
            text("lineal.request_id", &self.request_id),
        ];
        attributes.extend(self.role.map(|role| text("lineal.role", role)));
        attributes.extend(self.store.as_deref().map(|store| text("lineal.store", store)));
        attributes.extend(self.problem.map(|problem| text("error.type", problem)));
        let took = i64::try_from(self.took.as_nanos()).unwrap_or(i64::MAX);
        let (trace, id) = self.names();
        let mut span = json!({
            "traceId": trace,
            "spanId": id,
            "name": format!("{} {}", self.method, self.path),
            "kind": SERVER,
            "startTimeUnixNano": self.begun.to_string(),
            "endTimeUnixNano": self.begun.saturating_add(took).to_string(),
            "attributes": attributes,
        });
        if let Some(parent) = self.parent {
            span["parentSpanId"] = json!(HEXLOWER.encode(&parent.span));
        }
        // What a client did wrong is no fault of the one who answers.
        if self.status >= 500 {
            span["status"] = json!({ "code": FAILED });
        }
        span
    }
}

/// Spans as a message (`ExportTraceServiceRequest`).
pub(super) fn message(service: &str, spans: &[Span]) -> Json {
    let version = env!("CARGO_PKG_VERSION");
    json!({ "resourceSpans": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": service } },
            { "key": "service.version", "value": { "stringValue": version } },
        ] },
        "scopeSpans": [{
            "scope": { "name": "lineal-server", "version": version },
            "spans": spans.iter().map(Span::json).collect::<Vec<_>>(),
        }],
    }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(text: &str) -> Option<Parent> {
        Parent::of(&HeaderMap::from_iter([(TRACE_PARENT, text.parse().unwrap())]))
    }

    #[test]
    fn a_parent_is_read_as_trace_context_says_or_not_at_all() {
        let known = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(parent(known).is_some_and(|parent| parent.is_sampled));
        let unsampled = known.replace("-01", "-00");
        assert!(parent(&unsampled).is_some_and(|parent| !parent.is_sampled));
        let later = format!("{}-more", known.replacen("00", "cc", 1));
        assert_eq!(parent(&later), parent(known));
        for odd in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            &known.to_uppercase(),
            &format!("{known}-more"),
            &known.replacen("00", "ff", 1),
            &format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            "00-4bf92f3577b34da6a3ce929d0e0e47-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parent(odd), None, "{odd}");
        }
        let mut twice = HeaderMap::new();
        twice.append(TRACE_PARENT, known.parse().unwrap());
        twice.append(TRACE_PARENT, known.parse().unwrap());
        assert_eq!(Parent::of(&twice), None, "which of them?");
    }
}
