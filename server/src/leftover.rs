//! What is left of a request's body that nobody heard to its end: of one that was refused before it came, and of
//! one for an endpoint that takes none. The next request stands behind it on the connection, so a little of it
//! is heard and forgotten, if it comes at once; else the answer says that the connection ends.

use crate::gate::Heard;
use crate::within::within;
use axum::http::{HeaderValue, Response, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

/// Most bytes that are heard only to be forgotten: to take them costs less than another connection.
const FORGOTTEN_MAX: u64 = 64 << 10;
/// How long a refusal waits for them: most of what comes is on its way when its head is there.
const PATIENCE: Duration = Duration::from_millis(50);

/// Where a body is put by whoever does not want the rest of it.
type Place<B> = Arc<Mutex<Option<B>>>;

/// A body that is put aside where it is let go before its end.
pub(crate) struct Watched<B: Heard> {
    body: Option<B>,
    left: Option<Place<B>>,
}

/// What may be left of it.
pub(crate) struct Left<B: Heard>(Option<Place<B>>);

/// Watches a body. Most requests have none, and nothing is kept for these.
pub(crate) fn watched<B: Heard>(body: B) -> (Watched<B>, Left<B>) {
    let left: Option<Place<B>> = (!body.is_end_stream()).then(|| Arc::new(Mutex::new(None)));
    (Watched { body: Some(body), left: left.clone() }, Left(left))
}

impl<B: Heard> Left<B> {
    /// Takes what is left out of the way of the next request, or says that there will be none. Whoever
    /// `expects` a word before the body is sent may never send it.
    pub(crate) async fn settle<R>(self, response: &mut Response<R>, expects: bool) {
        let left =
            self.0.and_then(|left| left.lock().unwrap_or_else(PoisonError::into_inner).take());
        let Some(left) = left else { return };
        // What is answered is waited for by nobody.
        let patience = if response.status().is_success() { Duration::ZERO } else { PATIENCE };
        if expects || !is_forgotten(left, patience).await {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Hears a body to its end, if that comes soon and is near.
async fn is_forgotten<B: Heard>(mut body: B, patience: Duration) -> bool {
    if body.size_hint().lower() > FORGOTTEN_MAX {
        return false;
    }
    let whole = async {
        let mut heard = 0;
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            heard += frame.data_ref().map_or(0, Bytes::len) as u64;
            if heard > FORGOTTEN_MAX {
                return false;
            }
        }
        true
    };
    within(patience, whole).await.unwrap_or(false)
}

impl<B: Heard> HttpBody for Watched<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        let polled = Pin::new(&mut *body).poll_frame(context);
        let is_over = match &polled {
            Poll::Ready(None | Some(Err(_))) => true,
            Poll::Ready(Some(Ok(_))) => body.is_end_stream(),
            Poll::Pending => false,
        };
        if is_over {
            this.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl<B: Heard> Drop for Watched<B> {
    fn drop(&mut self) {
        if let (Some(body), Some(left)) = (self.body.take(), &self.left) {
            *left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use axum::http::StatusCode;
    use std::convert::Infallible;

    /// Says an answer to this that the connection ends, where nobody has heard of it?
    fn ends(body: Body, status: StatusCode, expects: bool) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let mut response = Response::new(());
        *response.status_mut() = status;
        runtime.expect("a runtime").block_on(async {
            let (body, left) = watched(body);
            drop(body);
            left.settle(&mut response, expects).await;
        });
        response.headers().contains_key(header::CONNECTION)
    }

    /// A body of which this comes, and the rest never.
    fn stalled(part: &'static str) -> Body {
        struct Stalled(Option<&'static str>);
        impl HttpBody for Stalled {
            type Data = Bytes;
            type Error = Infallible;
            fn poll_frame(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
                match self.0.take() {
                    Some(part) => Poll::Ready(Some(Ok(Frame::data(part.into())))),
                    None => Poll::Pending,
                }
            }
        }
        Body::new(Stalled(Some(part)))
    }

    #[test]
    fn what_is_small_and_there_is_forgotten_and_what_is_not_ends_the_connection() {
        let refused = StatusCode::FORBIDDEN;
        let large = "x".repeat(usize::try_from(FORGOTTEN_MAX + 1).expect("it is small"));
        assert!(!ends(Body::empty(), refused, false));
        assert!(!ends(Body::from("{}"), refused, false));
        assert!(!ends(Body::from(large[1..].to_owned()), refused, false));
        assert!(ends(Body::from(large), refused, false));
        assert!(ends(stalled("{"), refused, false));
        assert!(ends(stalled("{"), StatusCode::OK, false), "at once: nothing is waited for");
        assert!(ends(Body::from("{}"), refused, true), "it may never be sent");
    }

    #[test]
    fn what_was_heard_leaves_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let heard = runtime.expect("a runtime").block_on(async {
            let (body, left) = watched(Body::from("all of it"));
            let heard = body.collect().await.expect("it is whole").to_bytes();
            let mut response = Response::new(());
            left.settle(&mut response, true).await;
            (heard, response.headers().is_empty())
        });
        assert_eq!(heard, (Bytes::from_static(b"all of it"), true));
    }
}
