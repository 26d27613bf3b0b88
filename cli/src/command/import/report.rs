//! What an import says when it is done: one screen, and at its end what is not whole.

use crate::came_back;
use crate::exit::{Exit, Outcome};
use crate::render::{Style, counted, grouped, listed, print_table, table, visible};
use lineal_evidence::record::time_text;
use lineal_import::{Instead, NoSource, Report, SourceReport};
use lineal_query::told::{CameBack, Tool, input_advice, run_name};
use std::io::Write;
use std::time::Duration;

/// Rejects shown on the screen; `--json` has more.
const REJECTS_SHOWN: usize = 5;
/// Files that are no logs, or of no source, shown on the screen.
const NO_LOGS_SHOWN: usize = 10;
/// The form of log archives.
const LOGS: &str = "datadog-logs";

/// One screen: sources, nodes by kind, events, rejects, what is unresolved.
pub(crate) fn print(
    out: &mut dyn Write,
    report: &Report,
    back: CameBack,
    took: Duration,
) -> Outcome<()> {
    let style = Style::new();
    let head = match report.import {
        Some(number) => format!("import:{number}, {}", counted(report.commits, "commit")),
        None if report.dry_run => "nothing written (--dry-run)".to_owned(),
        None => "nothing new: everything was imported before".to_owned(),
    };
    writeln!(out, "{} in {:.1} s", style.strong(&head), took.as_secs_f64())?;
    let rows = report.sources.iter().map(|source| {
        let counts = &source.counts;
        let files = match source.files_known {
            0 => grouped(source.files),
            known if known == source.files => format!("{} (known)", grouped(known)),
            known => format!("{} ({} known)", grouped(source.files), grouped(known)),
        };
        vec![
            source.label.clone(),
            if source.source.is_empty() {
                source.form.clone()
            } else {
                format!("{} {}", source.source, source.form)
            },
            files,
            grouped(counts.read),
            grouped(counts.accepted),
            grouped(counts.duplicate),
            grouped(counts.rejected),
            grouped(counts.skipped),
        ]
    });
    let header = [
        "from",
        "source and form",
        "files",
        "read",
        "accepted",
        "duplicate",
        "rejected",
        "skipped",
    ];
    print_table(out, &table(&header, rows.collect()))?;
    let recorded = report.nodes.iter().filter(|(_, (new, _))| *new > 0);
    let mut recorded: Vec<String> = recorded.map(|(kind, (new, _))| counted(*new, kind)).collect();
    // What came back was accepted, and had been recorded before.
    let events = report.events.saturating_sub(back.events);
    if events > 0 {
        recorded.push(counted(events, "event"));
    }
    if !recorded.is_empty() {
        writeln!(out, "recorded: {}", recorded.join(", "))?;
    }
    if let Some(back) = came_back::text(back) {
        writeln!(out, "brought back: {back}, which only retracted imports had brought before")?;
    }
    print_notes(out, report, style)
}

fn print_notes(out: &mut dyn Write, report: &Report, style: Style) -> Outcome<()> {
    if report.conflicts > 0 {
        writeln!(out, "{}", style.warn(&contradicting(report)))?;
    }
    if let Some(last) = report.last_to_come {
        writeln!(out, "{}", style.warn(&to_come(report.to_come, last)))?;
    }
    for source in &report.sources {
        // Whose it is matters only where there are several.
        let whose =
            if report.sources.len() > 1 { format!("{}: ", source.label) } else { String::new() };
        if source.counts.suppressed > 0 {
            let suppressed = counted(source.counts.suppressed, "event");
            writeln!(out, "{whose}suppressed {suppressed}: erased, and not brought back")?;
        }
        for (reason, count) in &source.skipped {
            let line = format!("{whose}skipped {}: {reason}", grouped(*count));
            writeln!(out, "{}", visible(&line))?;
        }
        for reject in source.rejects.iter().take(REJECTS_SHOWN) {
            let at = &reject.at;
            let place = if at.line > 0 {
                format!("{}, line {}, byte {}", at.file, at.line, at.byte)
            } else {
                at.file.clone()
            };
            writeln!(out, "{}", style.warn(&format!("rejected {place}: {}", reject.reason)))?;
        }
        for (import, known) in source.known.iter().filter(|(_, known)| known.counts.rejected > 0) {
            let line = format!(
                "{whose}rejected by import:{import}, which read {} that {} known: {} of {}, in {}",
                counted(known.files, "file"),
                if known.files == 1 { "is" } else { "are" },
                grouped(known.counts.rejected),
                counted(known.counts.read, "item"),
                listed(known.rejected_in.iter().cloned(), REJECTS_SHOWN)
            );
            writeln!(out, "{}", style.warn(&visible(&line)))?;
        }
        if source.no_logs.files > 0 {
            let none = &source.no_logs;
            let names: Vec<&str> =
                none.names.iter().take(NO_LOGS_SHOWN).map(String::as_str).collect();
            let more =
                if none.files > names.len() as u64 { ", ... (--json lists them)" } else { "" };
            let (files, names) = (counted(none.files, "file"), names.join(", "));
            let line = format!("{whose}no log in {files} beside the logs: {names}{more}");
            writeln!(out, "{}", style.warn(&visible(&line)))?;
        }
        let more =
            source.counts.rejected.saturating_sub(source.rejects.len().min(REJECTS_SHOWN) as u64);
        if more > 0 {
            writeln!(
                out,
                "{}",
                style.warn(&format!("rejected {} more; --json lists them", grouped(more)))
            )?;
        }
        let counts = &source.counts;
        let why = if counts.rejected * 2 > counts.read {
            Some("more than half was rejected")
        } else if source.form == LOGS
            && counts.read > 0
            && counts.accepted + counts.duplicate + counts.suppressed == 0
        {
            Some("no line became an event")
        } else {
            None
        };
        if let Some(why) = why {
            let line = format!(
                "{whose}{why}: `lineal import --explain-mapping` shows what the lines hold"
            );
            writeln!(out, "{}", style.warn(&line))?;
        }
        for warning in &source.warnings {
            writeln!(out, "{}", style.warn(&format!("{whose}note: {warning}")))?;
        }
    }
    print_untaken(out, &report.no_source, style)?;
    let (without, runs) = report.runs_without_input;
    if without > 0 {
        writeln!(
            out,
            "{}",
            style.warn(&format!(
                "{} of {} without a recorded dataset input",
                grouped(without),
                counted(runs, "run")
            ))
        )?;
        if let Some(Instead { run, found, form }) = &report.instead {
            let found = if found.is_empty() {
                "nothing that names data".to_owned()
            } else {
                found.join("; ")
            };
            writeln!(out, "  run {}: found instead: {}", visible(run), visible(&found))?;
            let advice = input_advice(Tool::of_form(form), &run_name(run));
            writeln!(out, "  to record it: {}", visible(&advice))?;
        }
    }
    let (unresolved, names) = &report.unresolved;
    if *unresolved > 0 {
        let names: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
        let more = if *unresolved > 3 { ", ..." } else { "" };
        writeln!(out, "{}", style.warn(&format!("{} referred to and not imported: {}{more} (`lineal stats` says what would bring them)", counted(*unresolved, "node"), names.join(", "))))?;
    }
    Ok(())
}

/// That events are of a time to come.
fn to_come(events: u64, last: i64) -> String {
    let which = match events {
        1 => "it is",
        _ => "the last is",
    };
    format!(
        "note: {} of a time to come, of a day behind tomorrow (UTC): {which} of {}; kept as read, and taken for no day          that a log covers (`lineal check --reconcile`: REC-23)",
        counted(events, "event"),
        time_text(last),
    )
}

/// What became of events of which another row says something else.
fn contradicting(report: &Report) -> String {
    let displaced = match (report.displaced, report.dry_run) {
        (0, _) => "what was known before this import counts as before".to_owned(),
        (rows, true) => format!("{} known before would no longer be counted", counted(rows, "row")),
        (1, false) => "1 row known before is no longer counted".to_owned(),
        (rows, false) => format!("{} known before are no longer counted", counted(rows, "row")),
    };
    format!(
        "{} in conflict with another row of the same event: all rows are kept, and that with most fields, then the \
         latest, is counted, whichever came first; {displaced} (`lineal check --reconcile`: REC-21)",
        counted(report.conflicts, "event"),
    )
}

/// Which files no source takes, and why.
pub(super) fn print_untaken(out: &mut dyn Write, none: &NoSource, style: Style) -> Outcome<()> {
    if none.files == 0 {
        return Ok(());
    }
    let first = none.named.iter().take(NO_LOGS_SHOWN);
    let first: Vec<String> = first.map(|(name, why)| format!("{name} ({why})")).collect();
    let more = none.files.saturating_sub(first.len() as u64);
    let more = match more {
        0 => String::new(),
        more => format!(" and {} more (--json lists them)", grouped(more)),
    };
    let line = format!("no source in {}: {}{more}", counted(none.files, "file"), first.join(", "));
    writeln!(out, "{}", style.warn(&visible(&line)))?;
    Ok(())
}

/// How the command ends after it: of files that are known as it did when they were read.
pub(super) fn exit(report: &Report) -> Exit {
    let partial = report.waits.is_some() || report.sources.iter().any(SourceReport::is_partial);
    if partial { Exit::Partial } else { Exit::Answer }
}

/// Said last, where it is read: which files are not whole, and what waits.
pub(super) fn print_damage(out: &mut dyn Write, report: &Report) -> Outcome<()> {
    let style = Style::new();
    let damaged = |names: Vec<String>, how: &str| {
        let count = counted(names.len() as u64, "damaged file");
        format!(
            "{how}: {count}, of which only what could be read is in the store: {}",
            listed(names.into_iter(), REJECTS_SHOWN)
        )
    };
    let mut lines = Vec::new();
    let now = report.sources.iter().flat_map(SourceReport::damaged);
    let now: Vec<String> = now.map(|reject| reject.at.file.clone()).collect();
    if !now.is_empty() {
        lines.push(damaged(now, "imported in part"));
    }
    for source in report.sources.iter().filter(|source| source.is_fruitless()) {
        lines.push(format!("nothing of {} could be read", source.label));
    }
    for source in &report.sources {
        for (import, known) in &source.known {
            if !known.damaged.is_empty() {
                let how = format!("known in part from import:{import}");
                lines.push(damaged(known.damaged.clone(), &how));
            }
            if known.is_fruitless() {
                let label = &source.label;
                lines.push(format!("nothing of {label} could be read by import:{import}"));
            }
        }
    }
    lines.extend(report.waits.as_ref().map(|waits| format!("done, but {waits}")));
    for line in lines {
        writeln!(out, "{}", style.warn(&visible(&line)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_of_which_something_waits_is_done_in_part_and_says_so() {
        let done = Report { import: Some(2), commits: 1, ..Report::default() };
        assert!(exit(&done) == Exit::Answer);
        let waits = Some("commit 2 is recorded and stays".to_owned());
        let waiting = Report { waits, ..done };
        assert!(exit(&waiting) == Exit::Partial);
        let mut out = Vec::new();
        print_damage(&mut out, &waiting).unwrap();
        let told = String::from_utf8(out).unwrap();
        assert!(told.contains("done, but commit 2 is recorded and stays"), "{told}");
    }
}
