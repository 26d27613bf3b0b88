//! The imports and seals that were asked for: where each stands, for whoever asks.

use crate::asker::Executor;
use crate::gate::Who;
use crate::upload::Upload;
use crate::wire::{
    AliasRequest, CheckRequest, CheckpointRequest, CompactRequest, ErasureRequest, HoldRequest,
    ImportJob, ImportProgress, RetentionExecution, RetractRequest, VerifyRequest,
};
use crate::writer::RECORDED;
use lineal_evidence::record::Request;
use lineal_import::Progress;
use lineal_query::value::time_text;
use serde_json::Value as Json;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// Jobs that are remembered; above this those that ended first are forgotten.
const JOBS_KEPT: usize = 1_000;
/// Work that can be ended while it is done: it is then not done at all, or what is done stays whole.
const STOPPABLE: [&str; 3] = ["import", "verify", "compact"];

/// What a job reads.
pub(crate) enum Input {
    /// An uploaded file, which goes with the job.
    Upload(Upload),
    /// A path below the folder that the configuration names.
    Path(PathBuf),
    /// The journal.
    Journal,
    /// The trail's journal.
    Trail,
    /// What is to be erased, and who asks.
    Erasure(Box<ErasureRequest>, Executor),
    /// A hold or its end, and the login of who asks.
    Hold(Box<HoldRequest>, String),
    /// What a person states, and who asks; or only the statement that is to be signed for it.
    Record(Box<Request>, Executor, bool),
    /// A checkpoint, and the login of who asks.
    Checkpoint(CheckpointRequest, String),
    /// Reports that are to be recorded, and the login of who asks.
    Check(Box<CheckRequest>, String),
    /// Small containers.
    Compact(CompactRequest),
    /// An import that is to be undone, and the login of who asks.
    Retract(RetractRequest, String),
    /// A name that is given or taken back, and the login of who asks.
    Alias(AliasRequest, String),
    /// The store's files.
    Verify(VerifyRequest),
    /// What is derived of the store.
    Rebuild,
    /// What goes by its ceiling, and who asks.
    Retention(Box<RetentionExecution>, Executor),
}

/// Options of an import that a request may set.
#[derive(Clone, Default, Debug)]
pub(crate) struct Wanted {
    pub(crate) form: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) observed_at: Option<i64>,
    pub(crate) strict: bool,
    pub(crate) dry_run: bool,
}

/// One piece of work of a writer.
pub(crate) struct Job {
    pub(crate) id: String,
    kind: &'static str,
    /// What was given, without where it lies.
    label: String,
    created: i64,
    /// Who asked for it.
    asker: Option<Arc<Who>>,
    /// By which request, as the log names it.
    request_id: Arc<str>,
    pub(crate) progress: Progress,
    state: Mutex<State>,
}

/// Where a job stands.
enum State {
    Waiting,
    /// It waited, and is not begun any more: its end is being noted.
    Cancelled,
    Running,
    Done(Json),
    Failed(&'static str, String),
}

impl Job {
    /// A job that waits, with who asked for it and by which request.
    pub(crate) fn new(
        id: String,
        kind: &'static str,
        label: String,
        created: i64,
        (asker, request_id): (Option<Arc<Who>>, Arc<str>),
    ) -> Arc<Job> {
        let (progress, state) = (Progress::default(), Mutex::new(State::Waiting));
        Arc::new(Job { id, kind, label, created, asker, request_id, progress, state })
    }

    /// What it does, in a word.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Who asked for it.
    pub(crate) fn asker(&self) -> Option<&Who> {
        self.asker.as_deref()
    }

    /// The request by which it was asked for, as the log names it.
    pub(crate) fn request_id(&self) -> &str {
        &self.request_id
    }

    /// What was given, without where it lies.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Begins it; not if it was cancelled meanwhile.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.locked();
        let waits = matches!(*state, State::Waiting);
        if waits {
            *state = State::Running;
        }
        waits
    }

    /// Wishes that it is not done. Says whether it waited, so that it is never begun; one that runs ends by
    /// itself if it still can, and one that is over stays as it is.
    pub(crate) fn cancel(&self) -> bool {
        let mut state = self.locked();
        match *state {
            State::Waiting => {
                *state = State::Cancelled;
                true
            }
            State::Running => {
                if STOPPABLE.contains(&self.kind) {
                    self.progress.stop();
                }
                false
            }
            State::Cancelled | State::Done(_) | State::Failed(..) => false,
        }
    }

    /// It ended, with a report or with a name for the error and the error.
    pub(crate) fn end(&self, ended: Result<Json, (&'static str, String)>) {
        *self.locked() = match ended {
            Ok(report) => State::Done(report),
            Err((name, detail)) => State::Failed(name, detail),
        };
    }

    fn is_over(&self) -> bool {
        matches!(*self.locked(), State::Done(_) | State::Failed(..))
    }

    /// Is it being done?
    fn is_running(&self) -> bool {
        matches!(*self.locked(), State::Running)
    }

    /// As it travels.
    pub(crate) fn told(&self) -> ImportJob {
        let (bytes, bytes_total, items, phase) = self.progress.read();
        let state = self.locked();
        let (name, report, problem) = match &*state {
            State::Waiting | State::Cancelled => ("waiting", None, None),
            State::Running => ("running", None, None),
            State::Done(report) => ("done", Some(report.clone()), None),
            State::Failed(name, detail) => ("failed", None, Some((*name, detail.clone()))),
        };
        ImportJob {
            id: self.id.clone(),
            kind: self.kind.to_owned(),
            state: name.to_owned(),
            label: self.label.clone(),
            created: time_text(self.created),
            progress: ImportProgress { phase, bytes, bytes_total, items },
            report,
            problem: problem.map(|(name, detail)| {
                serde_json::json!({
                    "type": format!("urn:lineal:problem:{name}"),
                    "title": if name == RECORDED { STANDS } else { failed(self.kind) },
                    "detail": detail,
                })
            }),
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is said of a job that ended early behind what it had recorded.
const STANDS: &str = "Recorded, and not all of it is done";

/// What is said of a job of a kind that failed.
fn failed(kind: &str) -> &'static str {
    match kind {
        "import" => "The import failed",
        "seal" => "The seal failed",
        "erasure" => "The erasure failed",
        "hold" => "The hold was not recorded",
        "checkpoint" => "The checkpoint was not made",
        "record" => "The statement was not recorded",
        "statement" => "The statement was not made",
        "check" => "The reports were not recorded",
        "compact" => "The packing failed",
        "retraction" => "The retraction failed",
        "alias" => "The name was not recorded",
        "verify" => "The verification broke off",
        "rebuild" => "What is derived was not made anew",
        "retention" => "What was proposed was not erased",
        _ => "The job failed",
    }
}

/// The jobs of a writer, newest last.
#[derive(Default)]
pub(crate) struct Jobs(Mutex<VecDeque<Arc<Job>>>);

impl Jobs {
    pub(crate) fn add(&self, job: Arc<Job>) {
        let mut jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.push_back(job);
        while jobs.len() > JOBS_KEPT {
            let Some(over) = jobs.iter().position(|job| job.is_over()) else { return };
            jobs.remove(over);
        }
    }

    /// A job that was refused after all.
    pub(crate) fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|job| job.id != id);
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Job>> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().find(|job| job.id == id).cloned()
    }

    /// The one that is being done.
    pub(crate) fn running(&self) -> Option<Arc<Job>> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().find(|job| job.is_running()).cloned()
    }

    /// All of them, the newest first.
    pub(crate) fn all(&self) -> Vec<Arc<Job>> {
        let jobs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        jobs.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(kind: &'static str) -> Arc<Job> {
        Job::new("7".to_owned(), kind, "x".to_owned(), 0, (None, "request".into()))
    }

    #[test]
    fn a_job_that_waits_is_never_begun_once_it_was_cancelled() {
        let waiting = job("erasure");
        assert!(waiting.cancel() && !waiting.cancel(), "who cancels it notes it, once");
        assert!(!waiting.begin());
        assert!(!waiting.is_over(), "until its end is noted");
    }

    #[test]
    fn of_jobs_that_run_those_are_stopped_that_can_be() {
        for (kind, is_stopped) in [("import", true), ("verify", true), ("erasure", false)] {
            let running = job(kind);
            assert!(running.begin() && !running.cancel());
            assert_eq!(running.progress.is_stopped(), is_stopped, "{kind}");
            running.end(Ok(Json::Null));
            assert!(!running.cancel() && running.told().state == "done", "{kind}");
        }
    }
}
