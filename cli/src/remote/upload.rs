//! An import over the network: a file goes there, becomes a job, and the job is asked after until it
//! ends.

use super::{Remote, broken, refusal};
use crate::exit::{Exit, Failure, Outcome};
use lineal_import::Progress;
use serde_json::Value as Json;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

/// The first wait before a job is asked after; each is twice the one before.
const WAIT_MIN: Duration = Duration::from_millis(20);
/// The longest of them.
const WAIT_MAX: Duration = Duration::from_secs(1);

impl Remote {
    /// Sends a file to be imported under a name, with what is wanted of it; gives its job.
    pub(crate) fn upload(
        &self,
        file: &Path,
        name: &str,
        wanted: &[(&str, String)],
        progress: &Progress,
    ) -> Outcome<Json> {
        let unread = |e: io::Error| Failure::usage(format!("{}: {e}", file.display()));
        let opened = File::open(file).map_err(unread)?;
        let bytes = opened.metadata().map_err(unread)?.len();
        progress.phase("sending");
        progress.expect_bytes(bytes);
        let mut parameters = vec![("name", name.to_owned())];
        parameters.extend_from_slice(wanted);
        let mut body = Sent { file: opened, progress };
        self.connection.send("/v1/imports", &parameters, bytes, &mut body)
    }

    /// Waits for the end of a job and gives its report.
    pub(crate) fn await_job(&self, job: &Json, progress: &Progress) -> Outcome<Json> {
        let id = job["id"].as_str().ok_or_else(|| broken("a job has an id"))?;
        let path = format!("/v1/imports/{id}");
        let (mut wait, mut seen) = (WAIT_MIN, [0; 3]);
        loop {
            let mut job = self.connection.json(&path, &[])?;
            let told = &job["progress"];
            progress.phase(told["phase"].as_str().unwrap_or_default());
            let now =
                ["bytes", "bytes_total", "items"].map(|name| told[name].as_u64().unwrap_or(0));
            let [read, all, items] = [0, 1, 2].map(|at| now[at].saturating_sub(seen[at]));
            progress.add_bytes(read);
            progress.expect_bytes(all);
            progress.add_items(items);
            seen = now;
            match job["state"].as_str() {
                Some("waiting" | "running") => {}
                Some("done") => return Ok(job["report"].take()),
                Some("failed") => return Err(self.job_failed(&job["problem"])),
                _ => return Err(broken("a job is waiting, running, done or failed")),
            }
            std::thread::sleep(wait);
            wait = (wait * 2).min(WAIT_MAX);
        }
    }

    fn job_failed(&self, problem: &Json) -> Failure {
        match refusal::failure(self.url(), 0, &problem.to_string(), "") {
            // As an import beside the store ends.
            Failure::Remote { message, .. } if problem["type"] == "urn:lineal:problem:rejected" => {
                Failure::Remote { message, exit: Exit::No }
            }
            Failure::Remote { message, .. }
                if problem["type"] == "urn:lineal:problem:not-recognised" =>
            {
                Failure::NotRecognised(message)
            }
            other => other,
        }
    }
}

/// A file on its way.
struct Sent<'a> {
    file: File,
    progress: &'a Progress,
}

impl Read for Sent<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.progress.add_bytes(count as u64);
        Ok(count)
    }
}
