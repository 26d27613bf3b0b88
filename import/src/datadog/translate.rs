//! One file from its first byte to its report.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use lineal_engine::event_fields::EVENT_FIELDS;

use super::error::Error;
use super::extract::{LineSink, Outcome, Translator, Watch};
use super::items::Items;
use super::plan::CompiledMapping;
use super::reader::{Body, Stop};
use super::report::{Damage, FileReport, REJECTS_KEPT, SkipReason};
use crate::plain;
use crate::record::{Location, Reject};

/// Reads a file: its events go to the sink, line by line, the rest into the report.
///
/// `progress` is told the stored bytes read so far, after each read of at most 128 KiB.
///
/// # Errors
/// The file cannot be opened or read, or the sink stopped.
pub fn translate_file(
    path: &Path,
    label: &str,
    mapping: &CompiledMapping,
    sink: &mut dyn LineSink,
    progress: &mut dyn FnMut(u64),
) -> Result<FileReport, Error> {
    let open = |source| Error::Open { label: label.to_owned(), source };
    let mut file = plain::open(path).map_err(open)?;
    translate(&mut file, label, mapping, sink, progress)
}

/// Reads a stream, such as standard input, as [`translate_file`] does.
///
/// # Errors
/// The stream cannot be read, or the sink stopped.
pub fn translate(
    input: &mut dyn Read,
    label: &str,
    mapping: &CompiledMapping,
    sink: &mut dyn LineSink,
    progress: &mut dyn FnMut(u64),
) -> Result<FileReport, Error> {
    run(input, label, mapping, sink, progress, Looked { watch: None, limit: u64::MAX })
}

/// Who looks on, and at how many lines.
pub(super) struct Looked<'w> {
    /// Sees what became of each line.
    pub(super) watch: Option<&'w mut dyn Watch>,
    /// After how many lines to stop.
    pub(super) limit: u64,
}

/// As [`translate`], with someone looking on.
pub(super) fn run(
    input: &mut dyn Read,
    label: &str,
    mapping: &CompiledMapping,
    sink: &mut dyn LineSink,
    progress: &mut dyn FnMut(u64),
    mut looked: Looked<'_>,
) -> Result<FileReport, Error> {
    let mut tally = Tally::new(label);
    let mut translator = Translator::new(mapping);
    let body = Body::open(input, progress).map_err(|source| tally.unreadable(0, source))?;
    let mut items = Items::open(body);
    let mut stop = None;
    while stop.is_none() && tally.report.lines < looked.limit {
        if sink.stopped() {
            let whole_lines = tally.report.lines;
            return Err(Error::Stopped { label: label.to_owned(), whole_lines });
        }
        match items.next() {
            Ok(None) => break,
            Err(reason) => stop = Some(reason),
            Ok(Some(item)) => {
                let outcome = match item.text {
                    Err(unread) => Outcome::Rejected(unread.to_string()),
                    Ok(text) => {
                        let watch: Option<&mut dyn Watch> = match &mut looked.watch {
                            Some(watch) => Some(&mut **watch),
                            None => None,
                        };
                        translator.line(text, item.number, item.byte, sink, watch)
                    }
                };
                tally.count(outcome, item.number, item.byte);
            }
        }
    }
    tally.report.compression = items.body().compression();
    tally.report.shape = items.shape();
    match stop {
        None => {}
        Some(Stop::Io(source)) => return Err(tally.unreadable(items.byte(), source)),
        Some(Stop::Damage(kind)) => {
            tally.report.damage = Some(Damage {
                label: label.to_owned(),
                stored_byte: items.body().used(),
                byte: items.byte(),
                whole_lines: tally.report.lines,
                kind,
            });
        }
    }
    tally.report.next_page = items.next_page();
    tally.report.decompressed = items.body().produced();
    let byte = items.byte();
    let custody = items.into_body().finish().map_err(|source| tally.unreadable(byte, source))?;
    tally.report.size = custody.size;
    tally.report.blake3 = custody.blake3;
    Ok(tally.finish(&translator))
}

/// The report in the making.
struct Tally {
    report: FileReport,
    skipped: BTreeMap<SkipReason, u64>,
}

impl Tally {
    fn new(label: &str) -> Tally {
        let report = FileReport { label: label.to_owned(), ..FileReport::default() };
        Tally { report, skipped: BTreeMap::new() }
    }

    fn count(&mut self, outcome: Outcome, line: u64, byte: u64) {
        let report = &mut self.report;
        report.lines += 1;
        match outcome {
            Outcome::Event { time, rooted } => {
                report.accepted += 1;
                report.rootless += u64::from(!rooted);
                report.oldest_time = Some(report.oldest_time.map_or(time, |old| old.min(time)));
                report.newest_time = Some(report.newest_time.map_or(time, |new| new.max(time)));
            }
            Outcome::Skipped(reason) => *self.skipped.entry(reason).or_default() += 1,
            Outcome::Rejected(reason) => {
                report.rejected += 1;
                if report.rejects.len() < REJECTS_KEPT {
                    let at = Location { file: report.label.clone(), line, byte };
                    report.rejects.push(Reject { at, reason });
                }
            }
        }
    }

    fn unreadable(&self, byte: u64, source: std::io::Error) -> Error {
        let whole_lines = self.report.lines;
        Error::Read { label: self.report.label.clone(), byte, whole_lines, source }
    }

    fn finish(mut self, translator: &Translator<'_>) -> FileReport {
        let skipped = self.skipped.into_iter();
        self.report.skipped = skipped.map(|(reason, count)| (reason.to_string(), count)).collect();
        for (told, counts) in [
            (&mut self.report.unreadable, translator.unreadable),
            (&mut self.report.replaced, translator.replaced),
        ] {
            let named = EVENT_FIELDS.iter().map(|spec| spec.name).zip(counts);
            told.extend(named.filter(|(_, count)| *count > 0));
        }
        self.report
    }
}
