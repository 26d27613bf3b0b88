//! Which times the logs of deployments cover, and where they are silent.

use super::axis::{Axis, label};
use super::canvas::{Anchor, Canvas, Fill, Stroke, WIDTH, fitted};
use crate::check::ask::span_text;
use crate::report::document::{Picture, Reference, Sentence};
use crate::report::logs::{LogOf, Silence};
use crate::report::words::{counted, thousands};
use lineal_engine::Snapshot;

/// Most deployments that are drawn, those with most events; all are counted.
const DRAWN_MAX: usize = 24;
/// Most silences of one deployment that are told one by one; all are counted.
const TOLD_MAX: usize = 10;
/// Where the plot begins and ends.
const PLOT: (f64, f64) = (240.0, WIDTH - 24.0);
/// The height of a row.
const ROW: f64 = 24.0;
/// Letters of a deployment's name beside its row.
const LETTERS: usize = 36;

/// The picture; silences are those of [`crate::report::logs::silences`].
pub(in crate::report) fn coverage(
    view: &Snapshot,
    logs: &[LogOf],
    silences: &[Silence],
) -> Picture {
    let mut drawn: Vec<usize> =
        (0..logs.len()).filter(|at| !logs[*at].batches.is_empty()).collect();
    drawn.sort_by_key(|at| (std::cmp::Reverse(logs[*at].events()), *at));
    let left_out = drawn.len().saturating_sub(DRAWN_MAX);
    drawn.truncate(DRAWN_MAX);
    drawn.sort_unstable();
    let title = "Coverage of the logs, and silences longer than expected".to_owned();
    let words = words(view, logs, silences, &drawn, left_out);
    let told: Vec<String> = words.iter().map(Sentence::plain).collect();
    let svg = draw(view, logs, silences, &drawn).finish(&title, &told.join(" "));
    Picture { name: "coverage".to_owned(), title, words, svg }
}

fn draw(view: &Snapshot, logs: &[LogOf], silences: &[Silence], drawn: &[usize]) -> Canvas {
    let plot_height = drawn.len() as f64 * ROW;
    let mut canvas = Canvas::new("coverage", plot_height + 60.0);
    let times = drawn.iter().flat_map(|at| {
        let log = &logs[*at];
        let (first, last) = log.span().unzip();
        let own = silences.iter().filter(|it| it.log == *at);
        let quiet = own.flat_map(|it| [Some(it.from), Some(it.until)]);
        [log.from, log.until, first, last].into_iter().chain(quiet).flatten()
    });
    let Some(axis) = Axis::over(times, PLOT.0, PLOT.1) else { return canvas };
    for (mark, text) in axis.marks() {
        let x = axis.place(mark);
        canvas.line((x, 6.0), (x, 8.0 + plot_height), Stroke::Faint);
        canvas.text((x, 8.0 + plot_height + 14.0), Anchor::Middle, 9, &text);
    }
    for (row, at) in drawn.iter().enumerate() {
        let log = &logs[*at];
        let y = 8.0 + row as f64 * ROW;
        let name = fitted(&Reference::at(view, log.node).name, LETTERS);
        canvas.text((PLOT.0 - 8.0, y + 14.0), Anchor::End, 10, &name);
        let Some((first, last)) = log.span() else { continue };
        let begin = axis.place(log.from.unwrap_or(first).min(first));
        let own = silences.iter().filter(|it| it.log == *at).map(|it| it.until);
        let ends = own.chain([log.until.unwrap_or(last), last]);
        let end = axis.place(ends.max().unwrap_or(last));
        canvas.rectangle((begin, y + 4.0), (end - begin, 14.0), 0.0, Fill::White, Stroke::Thin);
        for (from, until) in covered(log, &axis) {
            canvas.rectangle((from, y + 4.0), (until - from, 14.0), 0.0, Fill::Dark, Stroke::Thin);
        }
        for silence in silences.iter().filter(|it| it.log == *at) {
            let (from, until) = (axis.place(silence.from), axis.place(silence.until));
            let fill = if silence.explained.is_some() { Fill::Light } else { Fill::Hatch };
            // Where within a batch it lies no counter says: the batch is marked below its middle.
            let (top, height) = if silence.within.is_some() { (11.0, 7.0) } else { (4.0, 14.0) };
            let size = ((until - from).max(2.0), height);
            canvas.rectangle((from, y + top), size, 0.0, Fill::White, Stroke::Thin);
            canvas.rectangle((from, y + top), size, 0.0, fill, Stroke::Thin);
        }
    }
    let y = 8.0 + plot_height;
    let note = "Dark: events are recorded. White: declared to run, no event. Hatched: silent for longer than expected. \
                Light grey: the same, with a loss or downtime recorded.";
    canvas.text((20.0, y + 34.0), Anchor::Start, 10, note);
    let note =
        "Below the middle alone: silent somewhere within the stretch, which no counter places.";
    canvas.text((20.0, y + 48.0), Anchor::Start, 10, note);
    canvas
}

/// Stretches of the page that batches cover, those that touch joined.
fn covered(log: &LogOf, axis: &Axis) -> Vec<(f64, f64)> {
    let mut found: Vec<(f64, f64)> = Vec::new();
    for batch in &log.batches {
        let (from, until) = (axis.place(batch.first_time), axis.place(batch.last_time));
        match found.last_mut() {
            Some((_, end)) if from - *end < 0.5 => *end = end.max(until),
            _ => found.push((from, until.max(from + 0.5))),
        }
    }
    found
}

fn words(
    view: &Snapshot,
    logs: &[LogOf],
    silences: &[Silence],
    drawn: &[usize],
    left_out: usize,
) -> Vec<Sentence> {
    let mut words = Vec::new();
    for at in drawn {
        let log = &logs[*at];
        let Some((first, last)) = log.span() else { continue };
        let about = Reference::at(view, log.node);
        let events = counted(log.come(), "event");
        let batches = log.batches.len() as u64;
        let plural = if batches == 1 { "batch" } else { "batches" };
        words.push(Sentence::new().node(about.clone()).text(format!(
            ": {events} in {} {plural}, from {} until {}{}.",
            thousands(batches),
            label(first, true),
            label(last, true),
            declared(log)
        )));
        let own: Vec<&Silence> = silences.iter().filter(|it| it.log == *at).collect();
        for silence in own.iter().take(TOLD_MAX) {
            words.push(silent(view, about.clone(), silence));
        }
        if own.len() > TOLD_MAX {
            let more = thousands((own.len() - TOLD_MAX) as u64);
            let say = Sentence::from(format!("{more} shorter silences more, of ")).node(about);
            words.push(say.text("."));
        }
    }
    for log in logs.iter().filter(|log| log.timeless() > 0).take(DRAWN_MAX) {
        let say = Sentence::new().node(Reference::at(view, log.node));
        let events = counted(log.timeless(), "event");
        words.push(say.text(format!(": {events} without a time, which no picture can place.")));
    }
    for log in logs.iter().filter(|log| log.to_come > 0).take(DRAWN_MAX) {
        let say = Sentence::new().node(Reference::at(view, log.node));
        let events = counted(log.to_come, "event");
        words.push(say.text(format!(": {events} of a time to come, which no log covers yet.")));
    }
    let without: Vec<Reference> = logs
        .iter()
        .filter(|log| log.events() == 0)
        .take(DRAWN_MAX)
        .map(|log| Reference::at(view, log.node))
        .collect();
    let count = logs.iter().filter(|log| log.events() == 0).count();
    if count > 0 {
        let say = Sentence::from(format!("Without any event ({}): ", thousands(count as u64)));
        let more = if count > without.len() { ", and others." } else { "." };
        words.push(say.nodes(without).text(more));
    }
    if left_out > 0 {
        let more = thousands(left_out as u64);
        words.push(format!("{more} more deployments, with fewer events, are not drawn.").into());
    }
    words
}

/// From when until when it is declared to run, as far as that is recorded.
fn declared(log: &LogOf) -> String {
    match (log.from, log.until) {
        (Some(from), Some(until)) => {
            format!("; it ran from {} until {}", label(from, true), label(until, true))
        }
        (Some(from), None) => format!("; it runs from {}, no end is declared", label(from, true)),
        (None, _) => String::new(),
    }
}

fn silent(view: &Snapshot, about: Reference, silence: &Silence) -> Sentence {
    let length = span_text(silence.length);
    let say = Sentence::new().node(about);
    let say = match silence.within {
        Some(batch) => {
            let say = say.text(format!(": silent {length} within "));
            say.node(Reference::at(view, batch))
        }
        None if silence.lasts => say.text(format!(
            ": silent since {}, {length} until this report, though declared to run",
            label(silence.from, true)
        )),
        None => say.text(format!(
            ": silent {length} from {} until {}",
            label(silence.from, true),
            label(silence.until, true)
        )),
    };
    match silence.explained {
        Some(change) => say.text(", explained by ").node(Reference::at(view, change)).text("."),
        None => say.text(", no loss and no downtime recorded."),
    }
}
