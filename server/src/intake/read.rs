//! What is brought live, as the lines that the journal keeps, without a server.

use super::{datadog, openlineage, otlp};
use std::collections::BTreeMap;

/// Most entries of a body.
const ENTRIES_MAX: usize = 1_000;

/// A form in which logs or lineage are brought live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveForm {
    /// The logs intake of Datadog: an array, an object, or objects line by line.
    DatadogLogs,
    /// `ExportLogsServiceRequest` of opentelemetry-proto 1.x as JSON.
    OtlpJson,
    /// The same as protobuf.
    OtlpProtobuf,
    /// An event of OpenLineage.
    OpenLineage,
}

/// The entries of an unpacked body (1,000 at most) as lines of an archive, each without its line end, as
/// the importer reads them once they are sealed. `received` is when they came, ns since 1970.
///
/// # Errors
/// Why the body is refused, in words for whoever sent it; nothing of it is taken then.
pub fn live_lines(form: LiveForm, body: &[u8], received: i64) -> Result<Vec<Vec<u8>>, String> {
    let lines = match form {
        LiveForm::DatadogLogs => datadog::lines(body, &BTreeMap::new(), received, ENTRIES_MAX),
        LiveForm::OtlpJson => otlp::lines(body, false, received, ENTRIES_MAX),
        LiveForm::OtlpProtobuf => otlp::lines(body, true, received, ENTRIES_MAX),
        LiveForm::OpenLineage => openlineage::lines(body, false, ENTRIES_MAX),
    };
    lines.map_err(|problem| problem.detail)
}
