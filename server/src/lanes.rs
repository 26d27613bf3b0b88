//! The threads that serve connections. Each has a runtime of its own, and a connection stays on the thread
//! that it was given to: no thread takes work from another, so none is woken to look for some, and what a
//! connection touches stays with one core. What is long is asked elsewhere (`pool.rs`) and waited for
//! without holding the thread.

use crate::error::{Error, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Serves a connection to its end.
type Serving = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The threads. They end when this is dropped, whatever they serve.
pub(crate) struct Lanes(Vec<Lane>);

/// One of them.
struct Lane {
    /// Connections that are on their way to it: as many as there are places, at most.
    given: UnboundedSender<Serving>,
    /// Connections that it has.
    open: Arc<AtomicUsize>,
}

/// A connection that a thread has; given back when it is dropped.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lanes {
    /// Starts so many.
    ///
    /// # Errors
    /// [`Error::System`] if the system gives no thread.
    pub(crate) fn start(count: usize) -> Result<Lanes> {
        (0..count).map(Lane::start).collect::<Result<_>>().map(Lanes)
    }

    /// Gives a connection to the thread that has fewest.
    pub(crate) fn give(&self, serving: impl Future<Output = ()> + Send + 'static) {
        let fewest = self.0.iter().min_by_key(|lane| lane.open.load(Ordering::Relaxed));
        let Some(Lane { given, open }) = fewest else { return };
        open.fetch_add(1, Ordering::Relaxed);
        let open = Open(Arc::clone(open));
        let serving = async move {
            let _open = open;
            serving.await;
        };
        // A thread that is gone has panicked, and has said so.
        let _ = given.send(Box::pin(serving));
    }
}

impl Lane {
    fn start(number: usize) -> Result<Lane> {
        let fail = |source| Error::System { what: "start the server's threads", source };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(fail)?;
        let (given, mut taken): (_, UnboundedReceiver<Serving>) = unbounded_channel();
        let serve = move || {
            runtime.block_on(async {
                while let Some(serving) = taken.recv().await {
                    tokio::spawn(serving);
                }
            });
            // Whatever still runs has nobody left to answer.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name(format!("connections-{number}"));
        thread.spawn(serve).map_err(fail)?;
        Ok(Lane { given, open: Arc::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const SOON: Duration = Duration::from_secs(10);

    #[test]
    fn connections_are_shared_out_evenly_and_end_with_the_threads() {
        let lanes = Lanes::start(2).unwrap();
        let (tell, told) = channel();
        for _ in 0..6 {
            let tell = tell.clone();
            lanes.give(async move {
                tell.send(std::thread::current().name().map(str::to_owned)).unwrap();
                std::future::pending::<()>().await;
                drop(tell);
            });
        }
        let mut threads: Vec<_> = (0..6).map(|_| told.recv_timeout(SOON).unwrap()).collect();
        threads.sort();
        let (one, other) = threads.split_at(3);
        let name = |number: usize| vec![Some(format!("connections-{number}")); 3];
        assert_eq!((one.to_vec(), other.to_vec()), (name(0), name(1)));
        drop((lanes, tell));
        assert!(told.recv_timeout(SOON).is_err(), "all are given up");
    }

    #[test]
    fn the_place_of_one_that_has_ended_is_taken_by_the_next() {
        let lanes = Lanes::start(2).unwrap();
        let open = |lane: usize| lanes.0[lane].open.load(Ordering::Relaxed);
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        lanes.give(async { drop(ended.await) });
        lanes.give(std::future::pending());
        lanes.give(std::future::pending());
        assert_eq!((open(0), open(1)), (2, 1));
        end.send(()).unwrap();
        let until = std::time::Instant::now() + SOON;
        while open(0) != 1 {
            assert!(std::time::Instant::now() < until, "it never ended");
            std::thread::yield_now();
        }
        lanes.give(std::future::pending());
        assert_eq!((open(0), open(1)), (2, 1));
    }
}
