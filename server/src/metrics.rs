//! Counts and times for Prometheus, in its text form. Labels come from the table of endpoints and
//! the configuration alone: no caller chooses one.

use crate::app::App;
use crate::oidc::Refusal;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the buckets of times, in milliseconds.
const BUCKETS_MS: [u64; 10] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000];

/// Parts in which requests are counted, added up when somebody asks: threads that count take turns
/// otherwise.
const PARTS: usize = 16;

thread_local! {
    /// The part in which this thread counts.
    static PART: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % PARTS
    };
}

/// What is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: [Part; PARTS],
    /// Connections that are open.
    pub(crate) connections: AtomicU64,
    /// How often a file of tokens could not be read again.
    pub(crate) token_faults: AtomicU64,
    /// Look-ups of stores by name, whether for the token or not.
    pub(crate) lookups: AtomicU64,
}

/// Requests by method and path as in the table. No two parts share a line of the machine's cache.
#[derive(Default)]
#[repr(align(128))]
struct Part(Mutex<Counts>);

type Counts = BTreeMap<(&'static str, &'static str), Times>;

#[derive(Default)]
struct Times {
    /// How many had each status.
    statuses: BTreeMap<u16, u64>,
    /// How many fell into each bucket.
    buckets: [u64; BUCKETS_MS.len()],
    count: u64,
    sum_us: u64,
}

impl Times {
    fn add(&mut self, other: &Times) {
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        for (bucket, count) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += count;
        }
        self.count += other.count;
        self.sum_us += other.sum_us;
    }
}

impl Metrics {
    /// Counts a request that was answered.
    pub(crate) fn count(
        &self,
        method: &'static str,
        path: &'static str,
        status: u16,
        took: Duration,
    ) {
        let Some(Part(part)) = PART.with(|part| self.requests.get(*part)) else { return };
        let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
        let times = part.entry((method, path)).or_default();
        *times.statuses.entry(status).or_default() += 1;
        times.count += 1;
        times.sum_us += u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (bucket, end) in times.buckets.iter_mut().zip(BUCKETS_MS) {
            *bucket += u64::from(took <= Duration::from_millis(end));
        }
    }

    /// What all parts counted.
    fn counts(&self) -> Counts {
        let mut all = Counts::new();
        for Part(part) in &self.requests {
            for (endpoint, times) in part.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                all.entry(*endpoint).or_default().add(times);
            }
        }
        all
    }

    /// The text form.
    pub(crate) fn text(&self, app: &App) -> String {
        let mut out = String::new();
        head(&mut out, "lineal_requests_total", "counter", "Requests by endpoint and status.");
        let counts = self.counts();
        for ((method, path), times) in &counts {
            for (status, count) in &times.statuses {
                let labels = format!("method=\"{method}\",path=\"{path}\",status=\"{status}\"");
                line(&mut out, "lineal_requests_total", &labels, *count);
            }
        }
        let name = "lineal_request_duration_seconds";
        head(&mut out, name, "histogram", "Time until an answer begins.");
        for ((method, path), times) in &counts {
            let labels = format!("method=\"{method}\",path=\"{path}\"");
            for (count, end) in times.buckets.iter().zip(BUCKETS_MS) {
                let labels = format!("{labels},le=\"{}\"", seconds(end * 1_000));
                line(&mut out, &format!("{name}_bucket"), &labels, *count);
            }
            let all = format!("{labels},le=\"+Inf\"");
            line(&mut out, &format!("{name}_bucket"), &all, times.count);
            line(&mut out, &format!("{name}_sum"), &labels, seconds(times.sum_us));
            line(&mut out, &format!("{name}_count"), &labels, times.count);
        }
        let load = app.pool.load();
        let now = app.now();
        let gauges = [
            (
                "lineal_connections",
                "Connections that are open.",
                self.connections.load(Ordering::Relaxed),
            ),
            (
                "lineal_questions_waiting",
                "Questions that wait for a thread.",
                load.waiting.load(Ordering::Relaxed) as u64,
            ),
            (
                "lineal_questions_running",
                "Questions that run.",
                load.running.load(Ordering::Relaxed) as u64,
            ),
            ("lineal_tokens", "Tokens that are good now.", app.tokens().good(now) as u64),
        ];
        for (name, help, value) in gauges {
            head(&mut out, name, "gauge", help);
            line(&mut out, name, "", value);
        }
        let name = "lineal_token_file_faults_total";
        head(&mut out, name, "counter", "Failed readings of the file of tokens.");
        line(&mut out, name, "", self.token_faults.load(Ordering::Relaxed));
        let name = "lineal_connections_closed_total";
        head(&mut out, name, "counter", "Idle connections that were closed to make room.");
        line(&mut out, name, "", app.places.closed.load(Ordering::Relaxed));
        if let Some(oidc) = &app.oidc {
            head(&mut out, "lineal_oidc_keys", "gauge", "Keys of the identity provider in force.");
            line(&mut out, "lineal_oidc_keys", "", oidc.key_count());
            let name = "lineal_oidc_key_faults_total";
            head(&mut out, name, "counter", "Failed readings of the identity provider's keys.");
            line(&mut out, name, "", oidc.faults());
            let name = "lineal_oidc_refused_total";
            head(&mut out, name, "counter", "Refused tokens of the identity provider, by reason.");
            for why in Refusal::ALL {
                let labels = format!("why=\"{}\"", why.word());
                line(&mut out, name, &labels, oidc.refused(why));
            }
        }
        let name = "lineal_store_lookups_total";
        head(&mut out, name, "counter", "Look-ups of stores by name, found or not.");
        line(&mut out, name, "", self.lookups.load(Ordering::Relaxed));
        if let Some(telemetry) = &app.telemetry {
            let name = "lineal_spans_dropped_total";
            head(&mut out, name, "counter", "Traces of requests that the collector did not take.");
            line(&mut out, name, "", telemetry.dropped());
        }
        head(&mut out, "lineal_store_commit", "gauge", "The last commit that answers see.");
        for tenant in app.tenants() {
            let labels = format!("store=\"{}\"", tenant.name());
            line(&mut out, "lineal_store_commit", &labels, tenant.current().commit());
        }
        head(&mut out, "lineal_store_behind", "gauge", "1 where a store cannot be followed.");
        for tenant in app.tenants() {
            let labels = format!("store=\"{}\"", tenant.name());
            line(&mut out, "lineal_store_behind", &labels, u64::from(tenant.fault().is_some()));
        }
        let writers =
            || app.tenants().filter_map(|tenant| Some((tenant, app.writer(tenant.name())?)));
        let name = "lineal_intake_pending_entries";
        head(&mut out, name, "gauge", "Entries that are acknowledged and not sealed.");
        for (tenant, writer) in writers() {
            let labels = format!("store=\"{}\"", tenant.name());
            line(&mut out, name, &labels, writer.intake.pending().entries);
        }
        let name = "lineal_intake_no_event_total";
        let help =
            "Entries taken since the start in which the mapping finds no event: not recorded.";
        head(&mut out, name, "counter", help);
        for (tenant, writer) in writers() {
            let labels = format!("store=\"{}\"", tenant.name());
            line(&mut out, name, &labels, writer.intake.no_event());
        }
        let name = "lineal_intake_journal_bytes";
        head(&mut out, name, "gauge", "Bytes of the journal that are not sealed.");
        for (tenant, writer) in writers() {
            let labels = format!("store=\"{}\"", tenant.name());
            line(&mut out, name, &labels, writer.intake.pending().bytes);
        }
        out
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    let _ = writeln!(out, "{name}{labels} {value}");
}

/// Microseconds as seconds.
fn seconds(us: u64) -> String {
    let text = format!("{}.{:06}", us / 1_000_000, us % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_threads_count_is_added_up() {
        let metrics = Metrics::default();
        std::thread::scope(|scope| {
            for number in 0..20_u64 {
                let metrics = &metrics;
                scope.spawn(move || {
                    let took = Duration::from_millis(2);
                    metrics.count("GET", "/a", if number < 5 { 404 } else { 200 }, took);
                    metrics.count("POST", "/a", 200, Duration::from_secs(60));
                });
            }
        });
        let counts = metrics.counts();
        assert_eq!(counts.len(), 2);
        let times = &counts[&("GET", "/a")];
        assert_eq!(times.statuses, [(200, 15), (404, 5)].into());
        assert_eq!((times.count, times.sum_us), (20, 40_000));
        assert_eq!(times.buckets, [0, 20, 20, 20, 20, 20, 20, 20, 20, 20]);
        assert_eq!(counts[&("POST", "/a")].buckets, [0; 10]);
    }

    #[test]
    fn seconds_are_written_without_rounding() {
        assert_eq!(seconds(1_000), "0.001");
        assert_eq!(seconds(30_000_000), "30");
        assert_eq!(seconds(1_234_567), "1.234567");
        assert_eq!(seconds(0), "0");
    }
}
