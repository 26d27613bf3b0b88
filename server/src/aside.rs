//! Waiting for one thing that happens often and, beside it, for others that hardly ever do. A task is woken
//! for a request a thousand times before its connection is to make room or the server ends; to look each
//! time whether that has come takes locks and a look at the clock. Here those others are looked at when one
//! of them has called, and only then.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Which of both it was.
pub(crate) enum Either<A, B> {
    /// What happens often.
    Often(A),
    /// One of the others.
    Seldom(B),
}

/// Notes that one of the others has called, and wakes the task.
struct Call {
    has_come: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Before the task is woken: it looks at this first.
        self.has_come.store(true, Ordering::SeqCst);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// Waits until the first of both has happened. What happens often is looked at first, and goes on where it
/// stood if it was not it that ended this.
pub(crate) async fn either<A, B>(
    mut often: Pin<&mut impl Future<Output = A>>,
    seldom: impl Future<Output = B>,
) -> Either<A, B> {
    let mut seldom = pin!(seldom);
    // It has never been looked at.
    let call = Arc::new(Call { has_come: AtomicBool::new(true), task: Mutex::default() });
    let caller = Waker::from(Arc::clone(&call));
    let mut known: Option<Waker> = None;
    poll_fn(move |context| {
        if let Poll::Ready(done) = often.as_mut().poll(context) {
            return Poll::Ready(Either::Often(done));
        }
        // A task may be woken by another waker than before; one that is spawned never is.
        if known.as_ref().is_none_or(|known| !known.will_wake(context.waker())) {
            known = Some(context.waker().clone());
            call.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&known);
        }
        if !call.has_come.load(Ordering::SeqCst) {
            return Poll::Pending;
        }
        // Before the look, so that what calls meanwhile is looked at again.
        call.has_come.store(false, Ordering::SeqCst);
        seldom.as_mut().poll(&mut Context::from_waker(&caller)).map(Either::Seldom)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::{pending, ready};
    use std::time::Duration;
    use tokio::sync::Notify;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(future)
    }

    #[test]
    fn what_happens_seldom_is_looked_at_when_it_called_and_only_then() {
        block_on(async {
            let (step, rare, looks) = (Notify::new(), Notify::new(), Cell::new(0));
            let mut waits = Box::pin(rare.notified());
            let counted = poll_fn(|context| {
                looks.set(looks.get() + 1);
                waits.as_mut().poll(context)
            });
            // A hundred steps, each after a wake of its own, and no end.
            let often = async {
                for _ in 0..100 {
                    step.notify_one();
                    step.notified().await;
                    tokio::task::yield_now().await;
                }
                rare.notify_one();
                pending::<()>().await;
            };
            let first = either(pin!(often), counted).await;
            assert!(matches!(first, Either::Seldom(())));
            assert_eq!(looks.get(), 2, "at the begin, and when it had come");
        });
    }

    #[test]
    fn what_happens_often_goes_first_and_on() {
        block_on(async {
            assert!(matches!(either(pin!(ready(1)), ready(2)).await, Either::Often(1)));
            let short = Duration::from_millis(5);
            let mut slow = pin!(async {
                tokio::time::sleep(short * 4).await;
                3
            });
            let late = tokio::time::sleep(short);
            assert!(matches!(either(slow.as_mut(), late).await, Either::Seldom(())));
            assert!(matches!(either(slow.as_mut(), pending::<()>()).await, Either::Often(3)));
        });
    }

    #[test]
    fn a_call_from_another_thread_is_heard() {
        let (tell, told) = tokio::sync::oneshot::channel();
        let teller = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            tell.send(7)
        });
        let heard = block_on(either(pin!(pending::<()>()), told));
        assert!(matches!(heard, Either::Seldom(Ok(7))));
        assert_eq!(teller.join().unwrap(), Ok(()));
    }
}
