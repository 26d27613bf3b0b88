//! How often people overrode over time, by the counters of batches.

use super::axis::{Axis, label};
use super::canvas::{Anchor, Canvas, Fill, Stroke, WIDTH, fitted};
use crate::check::ask::DAY;
use crate::report::document::{Picture, Reference, Sentence, Table};
use crate::report::logs::LogOf;
use crate::report::words::{counted, percent, thousands};
use lineal_engine::{BatchInfo, NodeNo, Snapshot};
use std::collections::BTreeMap;

/// Most periods: each must be seen.
const PERIODS_MAX: i64 = 36;
/// Most lines, of the deployments with most events; the rest is one line.
const LINES_MAX: usize = 3;
/// Most lines of words.
const TOLD_MAX: usize = 40;
/// Decimals of a rate in percent.
const DECIMALS: u32 = 2;
/// Lengths of a period, days.
const PERIODS: [i64; 8] = [1, 7, 14, 28, 91, 182, 364, 1_820];
/// Where the plot begins and ends.
const PLOT: (f64, f64) = (64.0, WIDTH - 24.0);
/// Its height.
const HEIGHT: f64 = 180.0;

/// Events, those that say whether they were overridden, and overrides.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
struct Counts {
    events: u64,
    tell: u64,
    overrides: u64,
}

impl Counts {
    /// Overrides among the events that say whether there was one, in 100,000 parts, cut: where a point is
    /// drawn; none where none says so. Whole numbers, so that no machine shows another.
    fn share(self) -> Option<u64> {
        self.overrides.saturating_mul(100_000).checked_div(self.tell)
    }

    fn add(&mut self, other: Counts) {
        self.events += other.events;
        self.tell += other.tell;
        self.overrides += other.overrides;
    }

    fn percent(self) -> String {
        percent(self.overrides, self.tell, DECIMALS)
    }
}

/// One line of the plot.
struct Series {
    /// Of which deployment; none is all others.
    node: Option<NodeNo>,
    periods: BTreeMap<i64, Counts>,
    all: Counts,
}

/// The rates by period as a table, and drawn; none where there is no event.
pub(in crate::report) fn overrides(
    view: &Snapshot,
    about: &Reference,
    logs: &[LogOf],
) -> Option<(Table, Picture)> {
    let spans: Vec<(i64, i64)> = logs.iter().filter_map(LogOf::span).collect();
    let first = spans.iter().map(|(first, _)| *first).min()?;
    let last = spans.iter().map(|(_, last)| *last).max()?;
    let fits =
        |days: &i64| last.div_euclid(days * DAY) - first.div_euclid(days * DAY) < PERIODS_MAX;
    let days = PERIODS.into_iter().find(fits).unwrap_or(PERIODS[PERIODS.len() - 1]);
    let series = series(logs, days * DAY);
    let mut total: BTreeMap<i64, Counts> = BTreeMap::new();
    for (period, counts) in series.iter().flat_map(|it| &it.periods) {
        total.entry(*period).or_default().add(*counts);
    }
    let length = if days == 1 { "a day".to_owned() } else { format!("{days} days") };
    let title =
        format!("Overrides by {length}, in percent of events that say whether there was one");
    let mut table = Table::new(
        format!("Overrides by {length}; a batch counts where it begins"),
        &["logs of", "from", "#events", "#say whether overridden", "#overrides", "#rate"],
    );
    for (period, counts) in &total {
        let row = vec![
            about.clone().into(),
            label(period.saturating_mul(days * DAY), false).into(),
            thousands(counts.events).into(),
            thousands(counts.tell).into(),
            thousands(counts.overrides).into(),
            counts.percent().into(),
        ];
        table.rows.push(row);
    }
    let words = words(view, logs, &series);
    let told: Vec<String> = words.iter().map(Sentence::plain).collect();
    let svg = draw(view, &series, (first, last), days * DAY).finish(&title, &told.join(" "));
    Some((table, Picture { name: "overrides".to_owned(), title, words, svg }))
}

fn series(logs: &[LogOf], period: i64) -> Vec<Series> {
    let mut by_events: Vec<&LogOf> = logs.iter().filter(|log| log.events() > 0).collect();
    by_events.sort_by_key(|log| (std::cmp::Reverse(log.events()), log.node));
    let alone = if by_events.len() <= LINES_MAX + 1 { LINES_MAX + 1 } else { LINES_MAX };
    let (own, rest) = by_events.split_at(alone.min(by_events.len()));
    let summed = |node: Option<NodeNo>, logs: &[&LogOf]| {
        let mut series = Series { node, periods: BTreeMap::new(), all: Counts::default() };
        for log in logs {
            let counts = |batch: &BatchInfo| Counts {
                events: batch.events,
                tell: log.tells.get(&batch.node).copied().unwrap_or(0),
                overrides: batch.overrides,
            };
            for batch in &log.batches {
                let place = series.periods.entry(batch.first_time.div_euclid(period)).or_default();
                place.add(counts(batch));
            }
            log.all().for_each(|batch| series.all.add(counts(batch)));
        }
        series
    };
    let mut all: Vec<Series> = own.iter().map(|log| summed(Some(log.node), &[*log])).collect();
    if !rest.is_empty() {
        all.push(summed(None, rest));
    }
    all
}

fn draw(view: &Snapshot, series: &[Series], (first, last): (i64, i64), period: i64) -> Canvas {
    let legend = HEIGHT + 46.0;
    let mut canvas = Canvas::new("overrides", legend + 8.0 + 18.0 * series.len() as f64);
    let highest =
        series.iter().flat_map(|it| it.periods.values()).filter_map(|it| it.share()).max();
    let top = round_up(highest.unwrap_or(0));
    let Some(axis) = Axis::over([first, last], PLOT.0, PLOT.1) else { return canvas };
    let y = |share: u64| 10.0 + HEIGHT * (1.0 - share as f64 / top as f64);
    for quarter in 0..=4 {
        let share = top * quarter / 4;
        let label = percent(share, 100_000, DECIMALS);
        canvas.line((PLOT.0, y(share)), (PLOT.1, y(share)), Stroke::Faint);
        canvas.text((PLOT.0 - 6.0, y(share) + 3.0), Anchor::End, 9, &label);
    }
    for (mark, text) in axis.marks() {
        let x = axis.place(mark);
        canvas.line((x, 10.0), (x, 14.0 + HEIGHT), Stroke::Faint);
        canvas.text((x, 26.0 + HEIGHT), Anchor::Middle, 9, &text);
    }
    let styles = [Stroke::Thin, Stroke::Dashed, Stroke::Dotted, Stroke::Thick];
    for (at, (it, style)) in series.iter().zip(styles).enumerate() {
        let middle =
            |number: i64| axis.place(number.saturating_mul(period).saturating_add(period / 2));
        let points: Vec<(f64, f64)> = it
            .periods
            .iter()
            .filter_map(|(number, counts)| Some((middle(*number), y(counts.share()?))))
            .collect();
        canvas.through(&points, style);
        for point in &points {
            mark(&mut canvas, at, *point);
        }
        let row = legend + 18.0 * at as f64;
        canvas.line((PLOT.0, row), (PLOT.0 + 40.0, row), style);
        mark(&mut canvas, at, (PLOT.0 + 20.0, row));
        let name = match it.node {
            Some(node) => fitted(&Reference::at(view, node).name, 100),
            None => "all others".to_owned(),
        };
        canvas.text((PLOT.0 + 50.0, row + 4.0), Anchor::Start, 10, &name);
    }
    canvas
}

/// A mark whose shape says which line it is of.
fn mark(canvas: &mut Canvas, line: usize, (x, y): (f64, f64)) {
    let (points, fill): (&[(f64, f64)], Fill) = match line {
        0 => (&[(-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)], Fill::Dark),
        1 => (&[(0.0, -4.5), (4.5, 3.5), (-4.5, 3.5)], Fill::White),
        2 => (&[(0.0, -4.5), (4.5, 0.0), (0.0, 4.5), (-4.5, 0.0)], Fill::Dark),
        _ => (&[(-3.5, -3.5), (3.5, -3.5), (3.5, 3.5), (-3.5, 3.5)], Fill::White),
    };
    let points: Vec<(f64, f64)> = points.iter().map(|(dx, dy)| (x + dx, y + dy)).collect();
    canvas.polygon(&points, fill, Stroke::Thin);
}

/// The end of the scale: 1, 2 or 5 and noughts, at least a percent.
fn round_up(share: u64) -> u64 {
    let mut step = 1_000;
    loop {
        for of in [1, 2, 5] {
            if share <= step * of {
                return step * of;
            }
        }
        step *= 10;
    }
}

fn words(view: &Snapshot, logs: &[LogOf], series: &[Series]) -> Vec<Sentence> {
    let mut words = Vec::new();
    for it in series {
        let say = match it.node {
            Some(node) => Sentence::new().node(Reference::at(view, node)),
            None => Sentence::from("All other deployments"),
        };
        let (events, overrides) =
            (counted(it.all.tell, "event"), counted(it.all.overrides, "override"));
        let begin = it.periods.iter().next().map_or(Counts::default(), |(_, counts)| *counts);
        let end = it.periods.iter().next_back().map_or(Counts::default(), |(_, counts)| *counts);
        words.push(say.text(format!(
            ": {overrides} in {events} of which it is recorded whether there was one, {} in all; {} in the \
             first period, {} in the last.",
            it.all.percent(),
            begin.percent(),
            end.percent()
        )));
    }
    for log in logs.iter().filter(|log| log.events() > 0) {
        if log.silent > 0 && words.len() < TOLD_MAX {
            let say = Sentence::new().node(Reference::at(view, log.node));
            words.push(say.text(format!(
                ": {} of {} say nothing of overrides, which is not the same as none.",
                thousands(log.silent),
                counted(log.events(), "event")
            )));
        }
        let unshown = unshown(view, log.node);
        if unshown > 0 && words.len() < TOLD_MAX {
            let say = Sentence::new().node(Reference::at(view, log.node));
            words.push(say.text(format!(
                ": counted here, and in no count over rows: {}, erased or restricted; a batch's counters stay \
                 as they were.",
                counted(unshown, "event")
            )));
        }
        if log.timeless() > 0 && words.len() < TOLD_MAX {
            let say = Sentence::new().node(Reference::at(view, log.node));
            let events = counted(log.timeless(), "event");
            words.push(say.text(format!(": {events} without a time, which are in no period.")));
        }
    }
    words
}

/// Events of a deployment that are erased or restricted: counters count them, rows do not show them.
fn unshown(view: &Snapshot, deployment: NodeNo) -> u64 {
    let own = view.unshown().filter(|it| it.deployment == deployment);
    own.map(|it| it.erased + it.restricted).sum()
}

#[cfg(test)]
mod tests {
    use super::{Counts, round_up};

    #[test]
    fn rates_are_rounded_half_up_and_the_scale_is_round() {
        assert_eq!(Counts { events: 9, tell: 3, overrides: 1 }.percent(), "33.33 %");
        assert_eq!(Counts { events: 3, tell: 3, overrides: 2 }.percent(), "66.67 %");
        // Of what says nothing of overrides there is no rate, and not a rate of none.
        assert_eq!(Counts { events: 3, tell: 0, overrides: 0 }.share(), None);
        assert_eq!(Counts::default().percent(), "\u{2013}");
        assert_eq!((round_up(0), round_up(1_001), round_up(33_000)), (1_000, 2_000, 50_000));
    }
}
