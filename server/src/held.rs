//! Bodies of answers, and what ends with them.

use crate::places::{Answering, Busy};
use crate::rate::Pass;
use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a handler answers with.
pub(crate) enum Given {
    /// Bytes that are there. Most answers are: they need no body that is asked for its parts.
    Whole(Bytes),
    /// What is made while it is sent.
    Made(Body),
}

impl From<Body> for Given {
    fn from(body: Body) -> Given {
        Given::Made(body)
    }
}

impl From<Given> for Body {
    fn from(given: Given) -> Body {
        match given {
            Given::Whole(bytes) => Body::from(bytes),
            Given::Made(body) => body,
        }
    }
}

/// A body that lets the next request of its token through, and the connection be idle, when it is
/// sent or given up.
///
/// It is not at its end before it was asked for what comes behind its last part: whoever writes it drops a
/// body that says so with that part, though nothing of it has left yet.
pub(crate) struct Held {
    body: Given,
    step: Step,
    _held: Option<(Pass, Option<Busy>)>,
    _answering: Option<Answering>,
}

/// How far a body was taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Untaken,
    Begun,
    Over,
}

impl Held {
    /// A body of somebody who is not known.
    pub(crate) fn of(body: Body) -> Held {
        Held::with(body.into(), None)
    }

    /// A body of somebody who was let through.
    pub(crate) fn with(body: Given, held: Option<(Pass, Option<Busy>)>) -> Held {
        Held { body, step: Step::Untaken, _held: held, _answering: None }
    }

    /// The same, which lets the connection wait for its next request when it is sent or given up.
    pub(crate) fn ending(self, answering: Answering) -> Held {
        Held { _answering: Some(answering), ..self }
    }
}

impl HttpBody for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = match &mut self.body {
            Given::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Given::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Given::Made(body) => Pin::new(body).poll_frame(context),
        };
        match &polled {
            Poll::Ready(Some(_)) => self.step = Step::Begun,
            Poll::Ready(None) => self.step = Step::Over,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match (self.step, &self.body) {
            (Step::Untaken, Given::Whole(bytes)) => bytes.is_empty(),
            (Step::Untaken, Given::Made(body)) => body.is_end_stream(),
            (step, _) => step == Step::Over,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Given::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Given::Made(body) => body.size_hint(),
        }
    }
}
