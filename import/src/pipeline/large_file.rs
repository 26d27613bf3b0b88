//! Importing a large log file stretch by stretch, each a commit of its own.
//!
//! A file is decompressed from its front, so one thread reads; another commits what was read
//! before. Two stretches at most are in memory, however long the file is.

use super::log_files::{
    FORM, Job, Part, add_people, add_source, counts, finish_file, is_recorded, saying, span,
    translate,
};
use super::logs::{Judged, Origin, stage};
use super::sink::{BlockSink, Stretch};
use super::staging::Session;
use crate::datadog::FileReport;
use crate::error::Result;
use crate::report::SourceReport;
use lineal_engine::Saying;
use lineal_engine::events::EventBlock;
use lineal_proof::record::Counts;
use std::ops::ControlFlow;
use std::sync::mpsc::sync_channel;

/// Translates a large file stretch by stretch, each a commit of its own; while one is committed the
/// next is read.
pub(super) fn take(
    session: &mut Session<'_>,
    report: &mut SourceReport,
    source: &str,
    job: &Job<'_>,
) -> Result<()> {
    let (store, mapping, progress) = (session.store, session.mapping, session.progress);
    let stretch_lines = session.options.limits.stretch_lines;
    let mut done = Counts::default();
    let mut last: Option<Stretch> = None;
    // Nothing lies between the two: one stretch is committed while one is read.
    let (sender, receiver) = sync_channel::<Stretch>(0);
    let (read, named) = std::thread::scope(|scope| {
        let reader = scope.spawn(move || -> Result<(FileReport, Vec<(String, String)>)> {
            let mut hand_over = |stretch| match sender.send(stretch) {
                Ok(()) => ControlFlow::Continue(()),
                // The other side failed and says why.
                Err(_) => ControlFlow::Break(()),
            };
            let mut sink = BlockSink::new(store, stretch_lines, &mut hand_over);
            let read = translate(job, mapping, progress, &mut sink)?;
            sink.finish();
            Ok((read, std::mem::take(&mut sink.named).into_iter().collect()))
        });
        // Moved into this scope, so that the reader ends when a commit fails.
        let receiver = receiver;
        while let Ok(stretch) = receiver.recv() {
            progress.add_items(stretch.block.rows() as u64);
            if stretch.last {
                // It goes with the file's end, which is known when the reader is done.
                last = Some(stretch);
            } else {
                done.add(&take_stretch(session, source, job, stretch)?);
            }
        }
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    let last = last.unwrap_or_else(|| Stretch { number: 0, block: EventBlock::new(), last: true });
    let saying = saying(session, source, job, read.newest_time)?;
    let number = last.number;
    // What was skipped or rejected anywhere in the file is counted with its last stretch.
    let rest = counts(&read, Judged { duplicate: read.accepted, ..Judged::default() });
    let counts = commit_stretch(session, &saying, job, last, named, |mut counts| {
        counts.rejected = rest.rejected;
        counts.skipped = rest.skipped;
        counts.read += rest.rejected + rest.skipped;
        Part { lines: Some(read.lines), stretches: (number, 1), whole: true, counts }
    })?;
    done.add(&counts);
    finish_file(report, job, done, read);
    session.add_file(job.digest, FORM);
    Ok(())
}

/// Commits a stretch that does not end its file.
fn take_stretch(
    session: &mut Session<'_>,
    source: &str,
    job: &Job<'_>,
    stretch: Stretch,
) -> Result<Counts> {
    let (number, rows) = (stretch.number, stretch.block.rows() as u64);
    if is_recorded(job, number) {
        return Ok(Counts { read: rows, duplicate: rows, ..Counts::default() });
    }
    let newest = span(&stretch.block).map(|(_, newest)| newest);
    let dated = saying(session, source, job, newest)?;
    commit_stretch(session, &dated, job, stretch, Vec::new(), |counts| Part {
        lines: None,
        stretches: (number, 1),
        whole: false,
        counts,
    })
}

/// Stages and commits one stretch of a large file.
fn commit_stretch(
    session: &mut Session<'_>,
    saying: &Saying,
    job: &Job<'_>,
    stretch: Stretch,
    named: Vec<(String, String)>,
    part: impl FnOnce(Counts) -> Part,
) -> Result<Counts> {
    let (first, last) = span(&stretch.block).unwrap_or((i64::MAX, i64::MIN));
    let mut known = session.known(&saying.source, first, last)?;
    let mut transaction = session.begin()?;
    let origin = Origin { saying, file: job.digest, label: &job.label.0 };
    let judged = stage(session, &mut transaction, &mut known, &origin, stretch)?;
    transaction.add_seen_rows(saying, job.digest, known.take_seen(session.report.import));
    let counts = Counts {
        read: judged.accepted + judged.duplicate + judged.suppressed,
        accepted: judged.accepted,
        duplicate: judged.duplicate,
        suppressed: judged.suppressed,
        ..Counts::default()
    };
    let part = part(counts);
    let counts = part.counts;
    add_people(session, &mut transaction, saying, named)?;
    add_source(session, &mut transaction, saying, job, part)?;
    session.commit(transaction)?;
    session.done_with(known);
    Ok(counts)
}
