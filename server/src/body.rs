//! Bodies that are not the usual small JSON: which endpoints take them, how large, and unpacked by
//! hand so that what is small on the wire cannot be large here.

use crate::app::App;
use crate::problem::Problem;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use std::fs::DirBuilder;
use std::io::Read;
use std::path::Path;

/// How an endpoint takes its body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bodies {
    /// Heard whole, as it is, up to `limits.body_bytes`.
    Small,
    /// Heard whole, maybe packed, up to `intake.body_bytes`; [`unpacked`] by the handler.
    Live,
    /// Left to the handler, which knows where to put it (`upload.rs`).
    Upload,
}

/// The endpoints whose bodies are not small ones.
const BODIES: &[(&str, Bodies)] = &[
    ("/v1/imports", Bodies::Upload),
    (DATADOG_LOGS, Bodies::Live),
    (OTLP_LOGS, Bodies::Live),
    (OPENLINEAGE, Bodies::Live),
    (OPENLINEAGE_BATCH, Bodies::Live),
];

/// Where Datadog's clients send logs, with the token in a header of Datadog's.
pub(crate) const DATADOG_LOGS: &str = "/api/v2/logs";

/// Where OpenTelemetry's clients send logs.
pub(crate) const OTLP_LOGS: &str = "/v1/logs";

/// Where OpenLineage's clients send an event; read, it is Marquez's graph.
pub(crate) const OPENLINEAGE: &str = "/api/v1/lineage";

/// Where they send several.
pub(crate) const OPENLINEAGE_BATCH: &str = "/api/v1/lineage/batch";

/// Bytes of an unpacked body from which on its ratio is looked at: less can do no harm.
const RATIO_FREE: usize = 1 << 20;
/// Most bytes that may come out for each that went in. Repetitive logs reach 100; gzip's own limit
/// is 1,032.
const RATIO_MAX: usize = 500;
/// Largest window of Zstandard that is unpacked, as a power of two: 8 MiB, what its own tool takes
/// at every level that needs no flag.
const WINDOW_LOG_MAX: u32 = 23;

impl Bodies {
    /// How the endpoint of a path takes its body.
    pub(crate) fn of(path: &str) -> Bodies {
        BODIES.iter().find(|(known, _)| *known == path).map_or(Bodies::Small, |(_, kind)| *kind)
    }

    /// Most bytes that are heard.
    pub(crate) fn most(self, app: &App) -> usize {
        match self {
            Bodies::Small => app.config.limits.body_bytes,
            Bodies::Live | Bodies::Upload => app.config.intake.body_bytes,
        }
    }

    /// How long an answer may take, the body among it.
    pub(crate) fn seconds(self, app: &App) -> u64 {
        match self {
            Bodies::Upload => app.config.intake.upload_seconds,
            Bodies::Small | Bodies::Live => app.config.limits.request_seconds,
        }
    }
}

/// A body as it was before it was packed, no larger than it may be.
///
/// # Errors
/// [`Problem::unsupported`] for a coding that is not known, [`Problem::too_large`],
/// [`Problem::bad_request`] for bytes that are not packed so.
pub(crate) fn unpacked(headers: &HeaderMap, body: &Bytes, most: usize) -> Result<Bytes, Problem> {
    let coding = headers
        .get(header::CONTENT_ENCODING)
        .map_or("identity", |coding| coding.to_str().unwrap_or("?"));
    let stored: &[u8] = body;
    let broken = |_| Problem::bad_request("the body is not packed as Content-Encoding says");
    match coding.trim().to_ascii_lowercase().as_str() {
        "identity" | "" => Ok(body.clone()),
        "gzip" | "x-gzip" => read(flate2::read::MultiGzDecoder::new(stored), stored.len(), most),
        "deflate" => read(flate2::read::ZlibDecoder::new(stored), stored.len(), most),
        // What Datadog's client calls it.
        "zstd" | "zstd1" => {
            let mut decoder = zstd::Decoder::with_buffer(stored).map_err(broken)?;
            decoder.window_log_max(WINDOW_LOG_MAX).map_err(broken)?;
            read(decoder, stored.len(), most)
        }
        _ => {
            Err(Problem::unsupported("a body is packed with gzip, deflate or zstd, or not at all"))
        }
    }
}

fn read(mut decoder: impl Read, stored: usize, most: usize) -> Result<Bytes, Problem> {
    let mut out = Vec::new();
    let mut part = vec![0; 64 << 10];
    loop {
        let count = decoder
            .read(&mut part)
            .map_err(|_| Problem::bad_request("the body is not packed as Content-Encoding says"))?;
        if count == 0 {
            return Ok(out.into());
        }
        out.extend_from_slice(&part[..count]);
        let is_bomb = out.len() > RATIO_FREE && out.len() / RATIO_MAX > stored;
        if out.len() > most || is_bomb {
            return Err(Problem::too_large(most));
        }
    }
}

/// Makes a folder, and those above it, in which nobody else may look: exports and what is brought
/// live hold what questions show to few.
///
/// # Errors
/// What the system says.
pub(crate) fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use std::io::Write;

    fn packed(coding: &'static str, body: Vec<u8>, most: usize) -> Result<Bytes, u16> {
        let headers =
            HeaderMap::from_iter([(header::CONTENT_ENCODING, HeaderValue::from_static(coding))]);
        unpacked(&headers, &body.into(), most).map_err(|problem| problem.status.as_u16())
    }

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn what_is_packed_comes_out_and_what_is_no_such_thing_is_refused() {
        let plain = b"[{\"message\":\"m\"}]";
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(plain).unwrap();
        for (coding, body) in [
            ("gzip", gzip(plain)),
            ("deflate", zlib.finish().unwrap()),
            ("zstd", zstd::encode_all(&plain[..], 3).unwrap()),
            ("zstd1", zstd::encode_all(&plain[..], 3).unwrap()),
            ("identity", plain.to_vec()),
        ] {
            assert_eq!(packed(coding, body, 100).unwrap(), plain.as_slice(), "{coding}");
        }
        for coding in ["gzip", "deflate", "zstd"] {
            assert_eq!(packed(coding, plain.to_vec(), 100), Err(400), "{coding}");
        }
        assert_eq!(packed("br", plain.to_vec(), 100), Err(415));
        assert_eq!(packed("gzip", gzip(plain)[..20].to_vec(), 100), Err(400), "broken off");
    }

    #[test]
    fn a_bomb_is_refused_by_its_size_and_by_its_ratio() {
        assert_eq!(packed("gzip", gzip(&[0; 200]), 100), Err(413));
        let bomb = gzip(&vec![0; 8 << 20]);
        assert!(bomb.len() < 16 << 10);
        assert_eq!(packed("gzip", bomb, 64 << 20), Err(413));
        let bomb = zstd::encode_all(&vec![0; 8 << 20][..], 19).unwrap();
        assert_eq!(packed("zstd", bomb, 64 << 20), Err(413));
    }

    #[test]
    fn every_path_of_the_table_of_bodies_is_an_endpoint() {
        for (path, _) in BODIES {
            let known = crate::endpoint::ENDPOINTS.iter().any(|endpoint| endpoint.path == *path);
            assert!(known, "{path}");
        }
    }
}
