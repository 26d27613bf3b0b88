//! How often and how much at once a token may ask: a bucket of requests that fills by time, and a
//! count of those that run.

use crate::config::Bounds;
use crate::problem::Problem;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// Lanes that are kept: there are no more than there are tokens, but people of an identity provider
/// may be many. Above it those go that nobody uses and that are full again.
const LANES_MAX: usize = 16_384;

/// The lanes of all tokens, by id.
pub(crate) struct Rates {
    most: usize,
    rate: f64,
    burst: f64,
    lanes: Mutex<BTreeMap<String, Arc<Mutex<Lane>>>>,
}

struct Lane {
    requests: f64,
    filled: Instant,
    running: usize,
}

/// A request that is let through; it counts as running until this is dropped.
pub(crate) struct Pass(Arc<Mutex<Lane>>);

impl Drop for Pass {
    fn drop(&mut self) {
        locked(&self.0).running -= 1;
    }
}

impl Rates {
    pub(crate) fn new(bounds: &Bounds) -> Rates {
        Rates {
            most: bounds.token_requests,
            rate: bounds.token_rate,
            burst: bounds.token_burst,
            lanes: Mutex::default(),
        }
    }

    /// Lets a request of a token through.
    ///
    /// # Errors
    /// [`Problem::too_many`] with the seconds after which it may come again.
    pub(crate) fn pass(&self, token: &str, now: Instant) -> Result<Pass, Problem> {
        let lane = {
            let mut lanes = locked(&self.lanes);
            if lanes.len() >= LANES_MAX && !lanes.contains_key(token) {
                lanes.retain(|_, lane| !self.is_as_new(&locked(lane), now));
            }
            match lanes.get(token) {
                Some(lane) => Arc::clone(lane),
                None => {
                    let new = Lane { requests: self.burst, filled: now, running: 0 };
                    let lane = Arc::new(Mutex::new(new));
                    lanes.insert(token.to_owned(), Arc::clone(&lane));
                    lane
                }
            }
        };
        {
            let mut lane = locked(&lane);
            let waited = now.saturating_duration_since(lane.filled).as_secs_f64();
            lane.requests = (lane.requests + waited * self.rate).min(self.burst);
            lane.filled = now;
            if lane.running >= self.most {
                return Err(Problem::too_many(1));
            }
            if lane.requests < 1.0 {
                let seconds = (1.0 - lane.requests) / self.rate;
                return Err(Problem::too_many(whole_seconds(seconds)));
            }
            lane.requests -= 1.0;
            lane.running += 1;
        }
        Ok(Pass(lane))
    }

    /// Would a new lane let through as much?
    fn is_as_new(&self, lane: &Lane, now: Instant) -> bool {
        let waited = now.saturating_duration_since(lane.filled).as_secs_f64();
        lane.running == 0 && lane.requests + waited * self.rate >= self.burst
    }

    /// Forgets the tokens that are gone.
    pub(crate) fn keep(&self, is_there: impl Fn(&str) -> bool) {
        locked(&self.lanes).retain(|token, _| is_there(token));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn whole_seconds(seconds: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(seconds.ceil()).map_or(3_600, |wait| wait.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_burst_is_let_through_and_then_as_many_as_time_gives() {
        let rates = Rates::new(&Bounds {
            token_requests: 10,
            token_rate: 0.5,
            token_burst: 2.0,
            ..Bounds::default()
        });
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        assert!(rates.pass("a", at(0)).is_ok() && rates.pass("a", at(0)).is_ok());
        let refused = rates.pass("a", at(0)).err().unwrap();
        let response = refused.response("x");
        assert_eq!(response.status().as_u16(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert!(rates.pass("b", at(0)).is_ok(), "another token has its own");
        assert!(rates.pass("a", at(2)).is_ok());
        assert!(rates.pass("a", at(2)).is_err());
        rates.keep(|_| false);
        assert!(rates.pass("a", at(2)).is_ok(), "a token made anew begins anew");
    }

    #[test]
    fn what_runs_counts_until_it_has_ended() {
        let rates = Rates::new(&Bounds { token_requests: 1, ..Bounds::default() });
        let now = Instant::now();
        let first = rates.pass("a", now).ok().unwrap();
        assert!(rates.pass("a", now).is_err());
        drop(first);
        assert!(rates.pass("a", now).is_ok());
    }
}
