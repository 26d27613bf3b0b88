//! What a request is told when there is no answer: `application/problem+json` (RFC 9457), with the
//! language's own errors where the question is wrong. One place maps errors to statuses.

use crate::intake::Refused;
use crate::wire::{Mistake, ProblemBody};
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use lineal_query::told::Unresolved;

/// The type of the body.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
/// Seconds after which a request that was refused for the load may come again.
const RETRY_SECONDS: u64 = 1;

/// Why a request is not answered.
#[derive(Debug)]
pub(crate) struct Problem {
    /// The status.
    pub(crate) status: StatusCode,
    /// A stable name for programs.
    pub(crate) name: &'static str,
    /// What is wrong here, and what to do.
    pub(crate) detail: String,
    /// Of a wrong question: where and how to repair it.
    pub(crate) errors: Vec<Mistake>,
    retry_seconds: Option<u64>,
}

impl Problem {
    fn new(status: StatusCode, name: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, name, detail: detail.into(), errors: Vec::new(), retry_seconds: None }
    }

    /// The request itself cannot be read.
    pub(crate) fn bad_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// No token, or one that is good for nothing: which of them is not said.
    pub(crate) fn unauthenticated() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "a token is needed that is known, not expired and not revoked: `Authorization: Bearer lineal_...`; `lineal token create` makes one",
        )
    }

    /// Two tokens: nothing is said of either.
    pub(crate) fn two_tokens() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthenticated",
            "two tokens were given, in `DD-API-KEY` and in `Authorization` and not the same, or two as `DD-API-KEY`: leave one out",
        )
    }

    /// The role may not do this.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// A role that reads within a case, and no case.
    pub(crate) fn case_needed() -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "case-needed",
            "this role reads within a case: name it in the header `Lineal-Case`, 1 to 64 letters, digits and `-_./:`",
        )
    }

    /// Nothing of that name for this token, be it absent or not for it: the words are the same.
    pub(crate) fn not_found(what: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", what)
    }

    /// A name that stands for several things.
    pub(crate) fn ambiguous(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "ambiguous", detail)
    }

    /// Refused by another's words, with a status of theirs.
    pub(crate) fn in_words(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem::new(status, "refused", detail)
    }

    /// The head is too large.
    pub(crate) fn head_too_large(most: usize) -> Problem {
        Problem::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "head-too-large",
            format!("the request line and the headers have more than {most} bytes"),
        )
    }

    /// The body is too large.
    pub(crate) fn too_large(most: usize) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            format!("the body has more than {most} bytes"),
        )
    }

    /// The body has too many entries.
    pub(crate) fn too_many_entries(most: usize) -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-many-entries",
            format!("the body has more than {most} entries; send them in several"),
        )
    }

    /// The entries that a body becomes are too large together.
    pub(crate) fn entries_too_large() -> Problem {
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "the entries are larger than a request to the journal may be; send them in several",
        )
    }

    /// Nothing is written to this store from here.
    pub(crate) fn read_only() -> Problem {
        Problem::new(
            StatusCode::CONFLICT,
            "read-only",
            "this server reads that store only; `write = true` in its configuration lets it write",
        )
    }

    /// What was brought live could not be taken.
    pub(crate) fn refused(refused: Refused) -> Problem {
        match refused {
            Refused::OtherBody => Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-used",
                "this Idempotency-Key was used for another body",
            ),
            Refused::Full => Problem::busy(),
            Refused::TooLarge => Problem::entries_too_large(),
            Refused::Broken(why) => {
                tracing::error!(why, "nothing could be acknowledged");
                Problem::unready(
                    "it cannot be made durable; the server must be started again once its disk is sound",
                )
            }
        }
    }

    /// The body is of another type, or packed.
    pub(crate) fn unsupported(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    }

    /// No form of the answer is acceptable.
    pub(crate) fn not_acceptable() -> Problem {
        Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "answers are application/json, application/x-ndjson, text/csv or application/vnd.apache.arrow.stream",
        )
    }

    /// The same, of an answer that has other forms.
    pub(crate) fn not_acceptable_of(forms: &[&str]) -> Problem {
        let detail = format!("this is given as {}", forms.join(", "));
        Problem::new(StatusCode::NOT_ACCEPTABLE, "not-acceptable", detail)
    }

    /// The wrong method for a path that is there.
    pub(crate) fn method_not_allowed() -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "the path takes another method; /v1/openapi.json lists them",
        )
    }

    /// The answer is what the asker holds already.
    pub(crate) fn not_changed() -> Problem {
        Problem::new(
            StatusCode::PRECONDITION_FAILED,
            "not-changed",
            "the answer is the one that If-None-Match names; GET answers 304 instead",
        )
    }

    /// Too many requests of one token.
    pub(crate) fn too_many(seconds: u64) -> Problem {
        let mut problem = Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "this token asks more often, or more at once, than it may",
        );
        problem.retry_seconds = Some(seconds.max(1));
        problem
    }

    /// Too many questions wait.
    pub(crate) fn busy() -> Problem {
        let mut problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "more requests wait than are taken on; ask again shortly",
        );
        problem.retry_seconds = Some(RETRY_SECONDS);
        problem
    }

    /// Not ready, and why.
    pub(crate) fn unready(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unready", detail)
    }

    /// It would be answered, but nobody would ever know that it was.
    pub(crate) fn untold(why: &crate::intake::Refused) -> Problem {
        tracing::error!(?why, "an answer was kept back because the trail cannot be kept");
        Problem::unready(
            "what is asked here is noted in the trail first, and that cannot be written now",
        )
    }

    /// The body did not arrive in time.
    pub(crate) fn slow() -> Problem {
        Problem::new(StatusCode::REQUEST_TIMEOUT, "slow", "the body did not arrive in time")
    }

    /// No answer in time, not even a part of one.
    pub(crate) fn timed_out() -> Problem {
        Problem::new(
            StatusCode::GATEWAY_TIMEOUT,
            "timed-out",
            "there was no answer in time; narrow the question or set limits",
        )
    }

    /// A fault of ours.
    pub(crate) fn fault() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "fault",
            "the server broke off; its log says more beside the request id",
        )
    }

    /// The store could not be read.
    pub(crate) fn store(error: &lineal_engine::Error) -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            if error.is_damage() { "store-damaged" } else { "store" },
            error.to_string(),
        )
    }

    /// A wrong question: in its text 400, for this store and these parameters 422.
    pub(crate) fn question(error: &lineal_query::Error) -> Problem {
        let Some(mistake) = error.mistake() else {
            if let lineal_query::Error::Store(source) = error
                && let Some(error) = source.downcast_ref()
            {
                return Problem::store(error);
            }
            return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "store", error.to_string());
        };
        Problem::mistake(mistake)
    }

    /// The same, of a mistake.
    pub(crate) fn mistake(mistake: &lineal_query::Mistake) -> Problem {
        let status = if mistake.code == lineal_query::Code::Trail {
            StatusCode::FORBIDDEN
        } else if mistake.code.name().starts_with('R') {
            StatusCode::UNPROCESSABLE_ENTITY
        } else {
            StatusCode::BAD_REQUEST
        };
        let mut problem = Problem::new(status, "question", mistake.message().into_owned());
        problem.errors.push(Mistake::of(mistake));
        problem
    }

    /// A name that stands for nothing or for several things. To a token that sees a part of the
    /// store alone, `bare` leaves out what else there is.
    pub(crate) fn unresolved(error: &Unresolved, bare: bool) -> Problem {
        match error {
            Unresolved::Store(error) => Problem::store(error),
            _ if bare => Problem::not_found(NOTHING),
            Unresolved::Nothing { near, .. } if !near.is_empty() => {
                Problem::not_found(&format!("{error}; did you mean {}?", near.join(", ")))
            }
            Unresolved::Nothing { .. } | Unresolved::NoEvent { .. } => {
                Problem::not_found(&error.to_string())
            }
            Unresolved::EmptyKey { .. } => Problem::bad_request(error.to_string()),
            Unresolved::Several { .. } => {
                Problem::new(StatusCode::CONFLICT, "ambiguous", error.to_string())
            }
        }
    }

    /// The same, where what is not found may stand in entries that no commit has yet.
    pub(crate) fn or_unsealed(mut self, unsealed: Option<&str>) -> Problem {
        let Some(unsealed) = unsealed else { return self };
        let is_not_found =
            |mistake: &&mut Mistake| mistake.code == lineal_query::Code::NotFound.name();
        let mut named = self.errors.iter_mut().filter(is_not_found).peekable();
        if self.status != StatusCode::NOT_FOUND && named.peek().is_none() {
            return self;
        }
        // A screen reads the mistake alone, under the question; others read the detail.
        for mistake in named {
            let hint = mistake.hint.take().map_or_else(String::new, |hint| format!("{hint}; "));
            mistake.hint = Some(format!("{hint}{unsealed}"));
        }
        self.detail = format!("{}; {unsealed}", self.detail);
        self
    }

    /// As a response; the request id is for the log of the server.
    pub(crate) fn response(&self, request_id: &str) -> Response<Body> {
        let body = ProblemBody {
            r#type: format!("urn:lineal:problem:{}", self.name),
            title: self.status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        };
        // Only strings and numbers: it can be written.
        let text = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"lineal\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = self.retry_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Said of what is absent and of what this token may not see.
pub(crate) const NOTHING: &str = "nothing of that name, or nothing that this token may see";
