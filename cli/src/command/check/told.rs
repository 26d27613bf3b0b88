//! A report on a screen: what is open first, each with the command that would record it.

use crate::exit::Outcome;
use crate::render::{Style, and_more, visible};
use lineal_evidence::check::{Comparison, Finding, Report, RuleResult};
use lineal_evidence::rules::Status;
use std::io::Write;

/// Findings of a rule on a screen; `--json` lists more.
const SHOWN: usize = 3;
/// Declarations that are asked for on a screen.
const DECLARED_SHOWN: usize = 8;
/// What a rule says that no law stands behind.
const NO_ARTICLE: &str = "none";
/// Hexadecimal digits of a digest on a screen.
const DIGITS: usize = 12;

pub(super) fn report(out: &mut dyn Write, report: &Report) -> Outcome<()> {
    let style = Style::new();
    let mut about = report.system.clone().unwrap_or_else(|| "the whole store".to_owned());
    for narrowed in [&report.model, &report.deployment].into_iter().flatten() {
        about = format!("{about}, {narrowed}");
    }
    let checkpoint = match (report.checkpoint, &report.stamped) {
        (None, _) => "no signed checkpoint".to_owned(),
        (Some(size), None) => format!("checkpoint {size}, no time stamp"),
        (Some(size), Some(stamped)) => format!("checkpoint {size}, stamped {stamped}"),
    };
    writeln!(
        out,
        "{}  as of commit {} recorded {} ({checkpoint})",
        style.strong(&about),
        report.commit,
        report.recorded
    )?;
    writeln!(
        out,
        "rules {} {} (digest {}): {} in all; today is {}",
        visible(&report.pack),
        visible(&report.version),
        report.pack_digest.get(..DIGITS).unwrap_or(&report.pack_digest),
        report.rules.len(),
        report.today
    )?;
    if let Some(declared) = &report.declared {
        let known = |words: &Option<String>, name: &str| match words {
            Some(word) => word.clone(),
            None => format!("{name} not declared"),
        };
        let role = match declared.role.is_empty() {
            true => "role not declared".to_owned(),
            false => declared.role.join(", "),
        };
        let mut line = format!(
            "declared: {role}; {}; {}",
            known(&declared.risk_class, "risk class"),
            known(&declared.annex_point, "annex point")
        );
        if !declared.by.is_empty() {
            line = format!("{line}; by {}", declared.by.join(", "));
        }
        if let Some(at) = &declared.at {
            line = format!("{line} on {at}");
        }
        writeln!(out, "{}", visible(&line))?;
    }
    let counts = report.counts();
    let counted = Status::ALL.map(|status| {
        format!("{} {}", status.name(), counts.get(status.name()).copied().unwrap_or(0))
    });
    writeln!(out, "{}", counted.join("   "))?;
    let is_unsaid = |rule: &RuleResult| rule.status == Status::Undeclared;
    let shown = |rule: &&RuleResult| !rule.findings.is_empty() && !is_unsaid(rule);
    let mut open: Vec<&RuleResult> = report.rules.iter().filter(shown).collect();
    // What is not met before what nobody can say; the graver first; else as the pack has them.
    open.sort_by_key(|rule| std::cmp::Reverse((rule.status.is_open(), rule.severity)));
    for found in open {
        rule(out, found, style)?;
    }
    undeclared(out, report, style)?;
    for (status, words) in [(Status::Met, "met"), (Status::NotApplicable, "not applicable")] {
        let ids = report.rules.iter().filter(|rule| rule.status == status);
        let ids: Vec<&str> = ids.map(|rule| rule.id.as_str()).collect();
        if !ids.is_empty() {
            writeln!(out, "{}", style.faint(&format!("{words}: {}", ids.join(", "))))?;
        }
    }
    writeln!(out, "not covered by this tool: {}", visible(&report.not_covered.join(", ")))?;
    writeln!(out, "{}", style.faint(&report.disclaimer))?;
    Ok(())
}

/// Rules of which nobody can say whether they apply, and what to declare, each once.
fn undeclared(out: &mut dyn Write, report: &Report, style: Style) -> Outcome<()> {
    let rules = || report.rules.iter().filter(|rule| rule.status == Status::Undeclared);
    let ids: Vec<&str> = rules().map(|rule| rule.id.as_str()).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let words = format!("undeclared, so nobody can say whether these apply: {}", ids.join(", "));
    writeln!(out, "{}", style.strong(&words))?;
    let mut fixes: Vec<&str> = Vec::new();
    for finding in rules().flat_map(|rule| &rule.findings) {
        if !fixes.contains(&finding.fix.as_str()) && fixes.len() <= DECLARED_SHOWN {
            fixes.push(&finding.fix);
        }
    }
    for fix in fixes.iter().take(DECLARED_SHOWN) {
        writeln!(out, "      {}", style.faint(&format!("record it: {fix}")))?;
    }
    if fixes.len() > DECLARED_SHOWN {
        writeln!(out, "      {}", style.faint("and more; --json lists them"))?;
    }
    Ok(())
}

fn rule(out: &mut dyn Write, rule: &RuleResult, style: Style) -> Outcome<()> {
    let from = match rule.applies_from.first() {
        Some((day, _)) if day.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("  (from {day})")
        }
        Some((words, _)) => format!("  (from when: {words})"),
        None => String::new(),
    };
    let article = if rule.article == NO_ARTICLE { &rule.explain } else { &rule.article };
    let (status, severity) = (rule.status.name(), rule.severity.name());
    let head = format!("{}  {status}  {severity}  {article}{from}", rule.id);
    let head = if rule.status.is_open() { style.warn(&head) } else { style.strong(&head) };
    writeln!(out, "{head}")?;
    for finding in rule.findings.iter().take(SHOWN) {
        told(out, finding, style)?;
    }
    if let Some(more) = and_more(rule.findings_total, SHOWN.min(rule.findings.len())) {
        writeln!(out, "    {}", style.faint(&format!("{more}; --json lists them")))?;
    }
    if rule.cannot_tell > 0 {
        let note = "some references on the way fit nothing or several things, or events are erased, restricted or not \
                    there: more may be missing";
        writeln!(out, "    {}", style.faint(note))?;
    }
    Ok(())
}

fn told(out: &mut dyn Write, finding: &Finding, style: Style) -> Outcome<()> {
    writeln!(out, "    {}: {}", visible(&finding.node), visible(&finding.say))?;
    match &finding.waiver {
        Some(waiver) => {
            let until = waiver.until.as_deref().unwrap_or("without end");
            let line = format!("waived by {} until {until}", waiver.by.join(", "));
            writeln!(out, "      {}", visible(&line))?;
        }
        None => writeln!(out, "      {}", style.faint(&format!("record it: {}", finding.fix)))?,
    }
    Ok(())
}

pub(super) fn comparison(out: &mut dyn Write, pack: &str, told: &Comparison) -> Outcome<()> {
    let (before, after) = told.commits;
    writeln!(
        out,
        "{}: commit {before} and commit {after}: {} new, {} gone, {} changed",
        visible(pack),
        told.new.len(),
        told.gone.len(),
        told.changed.len()
    )?;
    if !told.same_pack {
        writeln!(out, "  the two were made by different rules: a difference may be one of these")?;
    }
    for (rule, was, is) in &told.rules {
        writeln!(out, "  {rule}: {} -> {}", was.name(), is.name())?;
    }
    for (sign, list) in [("+", &told.new), ("-", &told.gone)] {
        for told in list {
            let finding = &told.finding;
            let line = format!("{sign} {} {}: {}", told.rule, finding.node, finding.say);
            writeln!(out, "  {}", visible(&line))?;
        }
    }
    for changed in &told.changed {
        let line = format!("~ {} {}: {}", changed.rule, changed.after.node, changed.after.say);
        writeln!(out, "  {}", visible(&line))?;
        let was = format!("was: {} ({})", changed.before.say, changed.before.status.name());
        writeln!(out, "    {}", visible(&was))?;
    }
    if !told.cut.is_empty() {
        writeln!(out, "  not all findings are listed of {}", told.cut.join(", "))?;
    }
    Ok(())
}
