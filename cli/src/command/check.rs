//! `lineal check`: which evidence is recorded, which is missing, and the command that would record it.

mod there;
mod told;

use crate::args::{Arguments, Check, FailFrom};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use lineal_engine::Store;
use lineal_engine::clock::{Clock, SystemClock};
use lineal_evidence::check::{
    AsOf, Comparison, Report, Wanted, check, compare, hold_to_system, junit_suites,
    newest_recorded, record, sarif_log, time_text,
};
use lineal_evidence::rules::{Pack, Severity};
use lineal_query::StoreView;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;

pub(super) fn run(arguments: &Arguments, wanted: &Check) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    let packs = packs(wanted)?;
    let store = match wanted.record {
        true => place::open_noted(arguments, "check")?,
        false => place::open_read_only(arguments)?,
    };
    let asked = Asked { store: Arc::new(store), wanted };
    let now = SystemClock.now();
    if let [before, after] = wanted.diff.as_slice() {
        let compared = asked.diff(&packs, (before, after), now)?;
        return print_compared(arguments, wanted, &compared, now);
    }
    let mut reports = Vec::new();
    for pack in &packs {
        reports.push(asked.report(pack, wanted.as_of.as_deref().unwrap_or(NOW), now)?);
    }
    let mut noted = Vec::new();
    if wanted.record {
        let actor = wanted.by.as_ref().map(|login| asked.store.person_key(login)).transpose()?;
        for (pack, report) in packs.iter().zip(&reports) {
            let (commit, name) =
                record(&asked.store, pack, report, now, actor.clone()).map_err(failure)?;
            noted.push((commit, name));
        }
        asked.store.write_indexes()?;
    }
    print(arguments, wanted, &reports, &noted)
}

/// Prints reports, and where they were recorded, in the form that is wished for.
fn print(
    arguments: &Arguments,
    wanted: &Check,
    reports: &[Report],
    noted: &[(u64, String)],
) -> Outcome {
    let worst = reports.iter().filter_map(Report::worst).max();
    exit(worst, wanted.fail_on).after(write(arguments, wanted, reports, noted))
}

fn write(
    arguments: &Arguments,
    wanted: &Check,
    reports: &[Report],
    noted: &[(u64, String)],
) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let records =
            noted.iter().map(|(commit, name)| json!({ "commit": commit, "document": name }));
        let told = json!({
            "reports": reports.iter().map(Report::json).collect::<Vec<_>>(),
            "recorded": records.collect::<Vec<_>>(),
        });
        writeln!(out, "{told}")?;
    } else if wanted.sarif {
        writeln!(out, "{:#}", sarif_log(reports))?;
    } else if wanted.junit {
        write!(out, "{}", junit_suites(reports))?;
    } else {
        for (at, report) in reports.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            told::report(&mut out, report)?;
        }
        for (commit, name) in noted {
            writeln!(out, "recorded as document {name} in commit {commit}")?;
        }
    }
    Ok(out.flush()?)
}

/// Two reports by one pack, and what differs.
struct Compared {
    after: Report,
    told: Comparison,
}

/// Prints what differs.
fn print_compared(
    arguments: &Arguments,
    wanted: &Check,
    compared: &[Compared],
    now: i64,
) -> Outcome {
    let worst = compared.iter().flat_map(|compared| {
        let open = compared.told.new.iter().filter(|told| told.finding.status.is_open());
        open.filter_map(|told| {
            let mut rules = compared.after.rules.iter();
            rules.find(|rule| rule.id == told.rule).map(|rule| rule.severity)
        })
    });
    exit(worst.max(), wanted.fail_on).after(write_compared(arguments, compared, now))
}

fn write_compared(arguments: &Arguments, compared: &[Compared], now: i64) -> Outcome<()> {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let compared: Vec<&Comparison> = compared.iter().map(|compared| &compared.told).collect();
        writeln!(out, "{}", json!({ "now": time_text(now), "comparisons": compared }))?;
    } else {
        for compared in compared {
            told::comparison(&mut out, &compared.after.pack, &compared.told)?;
        }
    }
    Ok(out.flush()?)
}

/// What `--as-of` and `--diff` call the store as it is.
const NOW: &str = "now";
/// What `--diff` calls the report that was recorded last.
const RECORDED: &str = "recorded";
/// Said where there is none.
const NONE_RECORDED: &str = "no report like this is recorded; `lineal check --record` makes one";

fn exit(worst: Option<Severity>, from: FailFrom) -> Exit {
    let least = match from {
        FailFrom::Never => return Exit::Answer,
        FailFrom::Blocker => Severity::Blocker,
        FailFrom::Major => Severity::Major,
        FailFrom::Minor => Severity::Minor,
    };
    if worst.is_some_and(|worst| worst >= least) { Exit::No } else { Exit::Answer }
}

/// The packs that are meant: of a system the rules, and else, or beside them, the reconciliations.
fn packs(wanted: &Check) -> Outcome<Vec<Pack>> {
    let mut packs = Vec::new();
    if let Some(path) = &wanted.rules {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
        packs.push(Pack::read(&text, &name).map_err(Failure::usage)?);
    } else if wanted.system.is_some() {
        packs.push(Pack::eu_ai_act().map_err(Failure::usage)?);
    }
    if wanted.reconcile || packs.is_empty() {
        packs.push(Pack::reconcile().map_err(Failure::usage)?);
    }
    Ok(packs)
}

fn failure(error: lineal_evidence::check::Error) -> Failure {
    match error {
        lineal_evidence::check::Error::Store(error) => error.into(),
        error @ lineal_evidence::check::Error::Unknown { .. } => {
            Failure::NotFound(error.to_string())
        }
        other => Failure::usage(other),
    }
}

/// A store, and what is asked of it.
struct Asked<'a> {
    store: Arc<Store>,
    wanted: &'a Check,
}

impl Asked<'_> {
    /// A report as of a commit, a time, or now.
    fn report(&self, pack: &Pack, as_of: &str, now: i64) -> Outcome<Report> {
        let newest = StoreView::new(Arc::clone(&self.store))?;
        let at = match AsOf::parse(as_of) {
            Some(at) => at,
            None => AsOf::Time(crate::time::parse(as_of)?),
        };
        let (view, today) = at.view(&self.store, &newest, now).map_err(failure)?;
        let wanted = Wanted {
            system: self.wanted.system.clone(),
            model: self.wanted.model.clone(),
            deployment: self.wanted.deployment.clone(),
            now: today,
        };
        hold_to_system(&view, &view, &wanted).map_err(failure)?;
        check(&self.store, &view, pack, &wanted).map_err(failure)
    }

    /// One side of a comparison.
    fn side(&self, pack: &Pack, at: &str, now: i64) -> Outcome<Report> {
        if at != RECORDED {
            return self.report(pack, at, now);
        }
        let like = self.report(pack, NOW, now)?;
        let newest = newest_recorded(&self.store.snapshot()?, &like).map_err(failure)?;
        newest.ok_or_else(|| Failure::NotFound(NONE_RECORDED.to_owned()))
    }

    fn diff(
        &self,
        packs: &[Pack],
        (before, after): (&str, &str),
        now: i64,
    ) -> Outcome<Vec<Compared>> {
        let mut compared = Vec::new();
        let is_recorded = [before, after].contains(&RECORDED);
        let view = self.store.snapshot()?;
        for pack in packs {
            let [mut old, mut new] = [self.side(pack, before, now)?, self.side(pack, after, now)?];
            if is_recorded {
                // What is recorded names no person: the other side neither, or all would differ.
                (old, new) = (old.without_people(&view), new.without_people(&view));
            }
            compared.push(Compared { told: compare(&old, &new), after: new });
        }
        Ok(compared)
    }
}

#[cfg(test)]
mod tests {
    use crate::args::Arguments;
    use clap::Parser as _;

    /// The repairs of a file of rules.
    fn repairs(rules: &str) -> Vec<String> {
        let quoted = |line: &str| {
            let text = line.strip_prefix("fix = ")?.trim();
            Some(text.trim_matches(['\'', '"']).to_owned())
        };
        rules.lines().filter_map(quoted).collect()
    }

    /// Words in the place of what a finding or its reader fills in.
    fn filled(word: &str) -> String {
        match word {
            "TIME" | "{from}" | "{until}" => "2026-03-01".to_owned(),
            _ => word.replace("...", "1").replace(['{', '}'], ""),
        }
    }

    #[test]
    fn each_command_that_a_rule_names_is_one() {
        let files = [
            include_str!("../../../rules/eu-ai-act.toml"),
            include_str!("../../../rules/reconcile.toml"),
            include_str!("../../../rules/release.toml"),
            include_str!("../../../rules/annex-iv.toml"),
        ];
        let (mut count, mut wrong) = (0, Vec::new());
        for repair in files.into_iter().flat_map(repairs) {
            let Some(command) = repair.strip_prefix("lineal ") else { continue };
            let words = command.split(' ').map(filled);
            let words = std::iter::once("lineal".to_owned()).chain(words);
            if let Err(error) = Arguments::try_parse_from(words) {
                wrong.push(format!("{repair}: {error}"));
            }
            count += 1;
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count > 60, "{count} commands");
    }
}
