//! Answers as responses: JSON whole, lines one part after the other, both packed where the client
//! takes that, with the ETag by which it may ask again.

mod arrow;

pub(crate) use arrow::Columns;

use crate::accept::{self, Form};
use crate::held::Given;
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use lineal_proof::Hash;
use lineal_query::Answer;
use serde_json::{Value as Json, json};
use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

/// Bytes below which packing gains nothing.
const PACKED_FROM: usize = 1_024;
/// Bytes of a part of an answer that is sent line by line: a millisecond of work or so.
const PART: usize = 32 << 10;
/// Separates tags from every other use of the hash function.
const TAG_CONTEXT: &str = "lineal v1 server etag";
/// Characters of a tag's digest.
const TAG_DIGITS: usize = 24;
/// Bytes that most tags are the digest of.
const TAG_BYTES: usize = 256;
/// Headers that an answer may have.
const HEADERS: usize = 16;

/// The commit that an answer saw.
pub(crate) const COMMIT: HeaderName = HeaderName::from_static("lineal-commit");
/// What waits of live intake, and so cannot stand in a proof yet; absent where nothing does.
pub(crate) const UNSEALED: HeaderName = HeaderName::from_static("lineal-unsealed");
/// `complete`, `truncated` or `cannot_tell`.
pub(crate) const COMPLETENESS: HeaderName = HeaderName::from_static("lineal-completeness");
/// Rows of the whole answer.
pub(crate) const TOTAL: HeaderName = HeaderName::from_static("lineal-total");
/// For this page again, in whatever form: of the same commit and time.
pub(crate) const CURSOR: HeaderName = HeaderName::from_static("lineal-cursor");
/// For the next page.
pub(crate) const NEXT: HeaderName = HeaderName::from_static("lineal-next");
/// What is kept back from this role.
pub(crate) const WITHHELD: HeaderName = HeaderName::from_static("lineal-withheld");

/// Names an answer: the same tag, the same rows. Weak, because it says nothing of packing or of
/// what `now` was. The version of the program belongs to it: another may answer otherwise.
pub(crate) fn tag(commit: u64, parts: &[&[u8]]) -> String {
    // What all tags begin with is hashed once a process.
    static KEY: LazyLock<[u8; 32]> =
        LazyLock::new(|| Hash::derive(TAG_CONTEXT, env!("CARGO_PKG_VERSION").as_bytes()));
    let mut bytes = Vec::with_capacity(TAG_BYTES);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    let digest = Hash::keyed(&KEY, &bytes);
    let digits = data_encoding::HEXLOWER.encode(&digest.as_bytes()[..TAG_DIGITS / 2]);
    format!("W/\"{commit}-{digits}\"")
}

/// Answers in place of a handler where the client holds the answer already.
///
/// # Errors
/// [`Problem::not_changed`] where the method has no better word for that.
pub(crate) fn unchanged(
    method: &Method,
    headers: &HeaderMap,
    tag: &str,
) -> Result<Option<Response<Body>>, Problem> {
    if !headers.contains_key(header::IF_NONE_MATCH) {
        return Ok(None);
    }
    let lists = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    // `*` names whatever is there, and whether anything is is not known yet: it is answered.
    let held = lists.flat_map(|list| list.split(',')).any(|known| opaque(known) == opaque(tag));
    if !held {
        return Ok(None);
    }
    if method != Method::GET && method != Method::HEAD {
        return Err(Problem::not_changed());
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    set(response.headers_mut(), header::ETAG, tag);
    Ok(Some(response))
}

/// A JSON body, packed if it is worth it and wanted.
pub(crate) struct Written {
    bytes: Vec<u8>,
    packed: bool,
}

impl Written {
    /// Writes it down.
    pub(crate) fn json(json: &Json, gzip: bool) -> Written {
        Written::of(json.to_string().into_bytes(), gzip)
    }

    /// The same of JSON that is written down already.
    pub(crate) fn of(mut bytes: Vec<u8>, gzip: bool) -> Written {
        bytes.push(b'\n');
        let packed = gzip && bytes.len() >= PACKED_FROM;
        if packed {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            // A Vec takes everything.
            let done = encoder.write_all(&bytes).and_then(|()| encoder.finish());
            match done {
                Ok(done) => bytes = done,
                Err(_) => return Written { bytes, packed: false },
            }
        }
        Written { bytes, packed }
    }

    /// As a response that needs no body but its bytes.
    pub(crate) fn whole(self, media_type: &'static str) -> Response<Given> {
        let mut response = Response::new(Given::Whole(self.bytes.into()));
        describe(response.headers_mut(), media_type, self.packed);
        response
    }

    /// As a response.
    pub(crate) fn response(self, media_type: &'static str) -> Response<Body> {
        let mut response = Response::new(Body::from(self.bytes));
        describe(response.headers_mut(), media_type, self.packed);
        response
    }
}

fn describe(headers: &mut HeaderMap, media_type: &'static str, packed: bool) {
    // Asked for at once: as it grows each would be put in its place again.
    headers.reserve(HEADERS);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers
        .insert(header::VARY, HeaderValue::from_static("accept, accept-encoding, authorization"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

/// Sets a header whose value we made.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The same with a text that nobody needs any more: it is not copied.
pub(crate) fn give(headers: &mut HeaderMap, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value)) {
        headers.insert(name, value);
    }
}

/// What must be known of an answer before its rows are sent.
pub(crate) enum Before {
    Nothing,
    /// Of the form with types: the line that stands before the rows.
    Line(String),
    /// Of Arrow: how it holds the columns.
    Columns(Columns),
}

/// An answer as lines, or as batches of columns. They are made while they are taken: a slow client
/// holds the rows, never a thread.
///
/// # Errors
/// [`Problem::fault`], where the columns cannot be described.
pub(crate) fn lines(
    answer: Answer,
    form: Form,
    before: Before,
    next: Option<String>,
    withheld: Vec<&'static str>,
    headers: &HeaderMap,
) -> Result<Response<Body>, Problem> {
    let packed = accept::takes_gzip(headers) && answer.rows.len() > 8;
    let out = Out {
        packer: packed.then(|| GzEncoder::new(Vec::new(), Compression::fast())),
        plain: Vec::new(),
    };
    let about = About { next, withheld };
    let head = match before {
        Before::Columns(columns) => {
            let body = Body::new(arrow::Batches::begin(answer, columns, &about, out)?);
            return Ok(response(body, form, packed));
        }
        Before::Line(head) => Some(head),
        Before::Nothing => None,
    };
    let lines = Lines { answer, form, head, about, at: 0, stage: Stage::Head, out };
    Ok(response(Body::new(lines), form, packed))
}

fn response(body: Body, form: Form, packed: bool) -> Response<Body> {
    let mut response = Response::new(body);
    let media_type = match form {
        Form::Csv => "text/csv; charset=utf-8; header=present",
        other => other.media_type(),
    };
    describe(response.headers_mut(), media_type, packed);
    response
}

/// What is said of an answer beside what it says itself.
struct About {
    next: Option<String>,
    /// What is kept back, in words.
    withheld: Vec<&'static str>,
}

impl About {
    fn json(&self, answer: &Answer) -> Json {
        let mut about = answer.about();
        about["next"] = json!(self.next);
        about["withheld"] = json!(self.withheld);
        about
    }
}

enum Stage {
    Head,
    Rows,
    Over,
}

/// Bytes on their way, packed or not.
struct Out {
    packer: Option<GzEncoder<Vec<u8>>>,
    plain: Vec<u8>,
}

impl Out {
    fn put(&mut self, bytes: &[u8]) {
        match &mut self.packer {
            // A Vec takes everything.
            Some(packer) => drop(packer.write_all(bytes)),
            None => self.plain.extend_from_slice(bytes),
        }
    }

    /// What can be sent now.
    fn take(&mut self) -> Vec<u8> {
        match &mut self.packer {
            Some(packer) => std::mem::take(packer.get_mut()),
            None => std::mem::take(&mut self.plain),
        }
    }

    /// What is left at the end.
    fn finish(&mut self) -> Vec<u8> {
        match self.packer.take() {
            Some(packer) => packer.finish().unwrap_or_default(),
            None => std::mem::take(&mut self.plain),
        }
    }
}

struct Lines {
    answer: Answer,
    form: Form,
    /// Of the form with types: the line that stands before the rows.
    head: Option<String>,
    about: About,
    at: usize,
    stage: Stage,
    out: Out,
}

impl Lines {
    /// The next part; empty bytes are none yet, `None` is the end.
    fn part(&mut self) -> Option<Vec<u8>> {
        match self.stage {
            Stage::Head => {
                if self.form == Form::Csv {
                    let mut text = String::new();
                    self.answer.push_csv_header(&mut text);
                    self.out.put(text.as_bytes());
                }
                if let Some(head) = self.head.take() {
                    self.out.put(head.as_bytes());
                    self.out.put(b"\n");
                }
                self.stage = Stage::Rows;
                Some(Vec::new())
            }
            Stage::Rows => {
                let mut text = String::new();
                while text.len() < PART
                    && let Some(row) = self.answer.rows.get(self.at)
                {
                    match self.form {
                        Form::Csv => self.answer.push_csv(&mut text, row),
                        Form::Typed => self.answer.push_wire(&mut text, row),
                        Form::Json | Form::Ndjson | Form::Arrow => {
                            self.answer.push_ndjson(&mut text, row);
                        }
                    }
                    self.at += 1;
                }
                if self.at < self.answer.rows.len() {
                    self.out.put(text.as_bytes());
                    return Some(self.out.take());
                }
                if self.form != Form::Csv {
                    // `$answer` is no name that a column can have.
                    let about = json!({ "$answer": self.about.json(&self.answer) });
                    text.push_str(&about.to_string());
                    text.push('\n');
                }
                self.out.put(text.as_bytes());
                self.stage = Stage::Over;
                Some(self.out.finish())
            }
            Stage::Over => None,
        }
    }
}

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        loop {
            match self.part() {
                None => return Poll::Ready(None),
                Some(part) if part.is_empty() => {}
                Some(part) => return Poll::Ready(Some(Ok(hyper::body::Frame::data(part.into())))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_names_commit_and_question() {
        let one = tag(7, &[b"a", b"b"]);
        assert!(one.starts_with("W/\"7-"));
        assert_ne!(one, tag(7, &[b"ab", b""]), "parts do not run into each other");
        assert_ne!(one, tag(8, &[b"a", b"b"]));
        let holds = |value: &str, method: &Method| {
            let headers = HeaderMap::from_iter([(
                header::IF_NONE_MATCH,
                value.parse::<HeaderValue>().unwrap(),
            )]);
            unchanged(method, &headers, &one)
        };
        let strong = one.trim_start_matches("W/").to_owned();
        for value in [&one, &strong, &format!("\"x\", {one}")] {
            let response = holds(value, &Method::GET).unwrap().expect("it is held");
            assert_eq!(response.status(), StatusCode::NOT_MODIFIED, "{value}");
            assert_eq!(holds(value, &Method::POST).unwrap_err().status.as_u16(), 412);
        }
        for value in ["\"7-else\"", "*"] {
            assert!(holds(value, &Method::GET).unwrap().is_none(), "{value}");
        }
    }
}
