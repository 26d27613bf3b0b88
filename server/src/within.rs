//! Waiting for something no longer than it may take. What is ready at once needs no timer: to begin one
//! and to end it costs as much as reading a small body.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// What a future gives, if it gives it in time; then it is given up.
pub(crate) async fn within<T>(time: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let at_once = poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    });
    match at_once.await {
        Some(done) => Some(done),
        None => tokio::time::timeout(time, future).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    #[test]
    fn what_is_late_is_given_up_and_what_is_ready_needs_no_clock() {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut ready = pin!(within(Duration::ZERO, ready(7)));
        assert_eq!(
            ready.as_mut().poll(&mut context),
            Poll::Ready(Some(7)),
            "outside of any runtime"
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let short = Duration::from_millis(5);
            assert_eq!(within(short, pending::<u8>()).await, None);
            let later = async {
                tokio::time::sleep(short).await;
                8
            };
            assert_eq!(within(Duration::from_secs(60), later).await, Some(8));
        });
    }
}
