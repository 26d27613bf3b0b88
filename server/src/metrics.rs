//! Counts and times for Prometheus, in its text form. Labels come from the table of endpoints and
//! the configuration alone: no caller chooses one.

use crate::app::App;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper ends of the buckets of times, in milliseconds.
const BUCKETS_MS: [u64; 10] = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000];

/// What is counted.
#[derive(Default)]
pub(crate) struct Metrics {
    /// By method, path as in the table, and status.
    requests: Mutex<BTreeMap<(&'static str, &'static str, u16), u64>>,
    /// By method and path: how many fell into each bucket, all of them, and their sum in us.
    times: Mutex<BTreeMap<(&'static str, &'static str), Times>>,
    /// Connections that are open.
    pub(crate) connections: AtomicU64,
    /// How often a file of tokens could not be read again.
    pub(crate) token_faults: AtomicU64,
    /// Look-ups of stores by name, whether for the token or not.
    pub(crate) lookups: AtomicU64,
}

#[derive(Default)]
struct Times {
    buckets: [u64; BUCKETS_MS.len()],
    count: u64,
    sum_us: u64,
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
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((method, path, status)).or_default() += 1;
        drop(requests);
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let times = times.entry((method, path)).or_default();
        times.count += 1;
        times.sum_us += u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        for (bucket, end) in times.buckets.iter_mut().zip(BUCKETS_MS) {
            *bucket += u64::from(took <= Duration::from_millis(end));
        }
    }

    /// The text form.
    pub(crate) fn text(&self, app: &App) -> String {
        let mut out = String::new();
        head(&mut out, "lineal_requests_total", "counter", "Requests by endpoint and status.");
        for ((method, path, status), count) in
            self.requests.lock().unwrap_or_else(PoisonError::into_inner).iter()
        {
            let labels = format!("method=\"{method}\",path=\"{path}\",status=\"{status}\"");
            line(&mut out, "lineal_requests_total", &labels, *count);
        }
        let name = "lineal_request_duration_seconds";
        head(&mut out, name, "histogram", "Time until an answer begins.");
        for ((method, path), times) in
            self.times.lock().unwrap_or_else(PoisonError::into_inner).iter()
        {
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
    fn seconds_are_written_without_rounding() {
        assert_eq!(seconds(1_000), "0.001");
        assert_eq!(seconds(30_000_000), "30");
        assert_eq!(seconds(1_234_567), "1.234567");
        assert_eq!(seconds(0), "0");
    }
}
