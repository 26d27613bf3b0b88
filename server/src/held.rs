//! Bodies of answers, and what ends with them.

use crate::places::{Answering, Busy};
use crate::rate::Pass;
use axum::body::Body;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that lets the next request of its token through, and the connection be idle, when it is
/// sent or given up.
pub(crate) struct Held {
    body: Body,
    _held: Option<(Pass, Option<Busy>)>,
    _answering: Option<Answering>,
}

impl Held {
    /// A body of somebody who is not known.
    pub(crate) fn of(body: Body) -> Held {
        Held { body, _held: None, _answering: None }
    }

    /// A body of somebody who was let through.
    pub(crate) fn with(body: Body, held: Option<(Pass, Option<Busy>)>) -> Held {
        Held { body, _held: held, _answering: None }
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
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
