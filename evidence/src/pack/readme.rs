//! `README.md` and `README.html`: one page: what this is, for whom, as of when, what was found, what
//! lacks, what it does not tell.

use super::coverage::Covered;
use super::findings::Findings;
use super::making::Making;
use super::{Error, Files, keys};
use crate::check::ask::HOUR;
use crate::check::{Finding, Report, time_text};
use crate::report::words::counted;
use crate::report::{Block, Document, Gap, Lack, Reference, Section, Sentence, Table};
use crate::rules::Status;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Gaps that the page lists; findings.json has all.
const GAPS_SHOWN: usize = 25;
/// Rules that are named with a gap.
const RULES_NAMED: usize = 4;
/// Deployments in the table of logs; `logs/coverage.csv` has all.
const DEPLOYMENTS_SHOWN: usize = 20;

/// Adds both.
pub(super) fn add(
    making: &Making<'_>,
    files: &mut Files,
    keys: &keys::Keys,
    findings: &Findings,
    covered: &[Covered],
) -> Result<(), Error> {
    let mut page = document(making, keys, findings, covered);
    page.link_proofs(&mut |node: &Reference| making.proof_of(node));
    files.add("README.md", page.to_markdown(None).into_bytes())?;
    files.add("README.html", page.to_html().into_bytes())
}

fn document(
    making: &Making<'_>,
    keys: &keys::Keys,
    findings: &Findings,
    covered: &[Covered],
) -> Document {
    let (closure, said) = (&making.closure, &making.kept.note.checkpoint);
    let root = Reference::member(closure, closure.root);
    let whom = if making.disclosure.withholds() {
        "third parties: of sampled events the open group alone; persons stand by their keys; kept bytes of documents are left out"
    } else {
        "an authority that may see all of it: kept documents, both groups of sampled events, names where the store can open them"
    };
    let stamped = match keys.stamps.iter().map(|(time, _)| *time).min() {
        Some(time) => format!("stamped by a time-stamp authority at {}", time_text(time)),
        None => "not stamped: only the store's clock says when".to_owned(),
    };
    let as_of = format!(
        "checkpoint of {} of the log {}, the last recorded {}; {stamped}",
        counted(said.size, "commit"),
        said.origin,
        time_text(closure.recorded)
    );
    Document::new("pack", format!("Evidence pack: {}", root.name))
        .fact("of", Sentence::new().node(root))
        .fact("for", whom)
        .fact("as of", as_of)
        .fact("today, to the rules", time_text(making.today))
        .fact("to be checked with the key", Sentence::new().code(keys.signing.to_string()))
        .section(contents(making))
        .section(found(findings))
        .section(gaps(findings))
        .section(logs(making, covered))
        .section(left_out(making, covered))
        .section(not_covered(findings))
}

fn contents(making: &Making<'_>) -> Section {
    let counts = &making.counts;
    let line = |path: &str, what: String| Sentence::new().code(path).text(format!(": {what}"));
    let list = vec![
        line(
            "VERIFY.md",
            "how to check all of it, offline, without installing anything of ours".into(),
        ),
        line("report.html, report.md", "the report, each thing in it with its proof".into()),
        line(
            "findings.json",
            "what the rules came to, each finding with the command that would record it".into(),
        ),
        line(
            "graph.json",
            format!(
                "{} and {} that it rests on",
                counted(counts.nodes, "node"),
                counted(counts.edges, "edge")
            ),
        ),
        line("lineage.car", "the records themselves, each under its own hash".into()),
        line(
            "documents/",
            format!(
                "{} as they were kept, and what is known of the others",
                counted(counts.documents, "document")
            ),
        ),
        line(
            "logs/",
            format!(
                "coverage of {} in {}; shown as samples: {}",
                counted(counts.events, "event"),
                counted(counts.deployments, "deployment"),
                counts.sampled
            ),
        ),
        line("proofs/", format!("{} against the checkpoint", counted(counts.proofs, "proof"))),
        line(
            "checkpoints/, keys/",
            "what was signed, by which keys, and how long these count".into(),
        ),
        line("retention.json", "how long what is to be kept, by policy and as declared".into()),
        line("custody.json", "imports, decisions on erasure, holds".into()),
        line("MANIFEST.sha256", "every file; signed by the log's key".into()),
    ];
    Section::new("What is here").block(Block::List(list))
}

fn found(findings: &Findings) -> Section {
    let mut section = Section::new("Findings");
    for report in &findings.reports {
        let of = report.system.as_deref().unwrap_or("what is recorded");
        let head = ["rule", "status", "severity", "article", "#findings"];
        let mut table = Table::new("Rules with a gap, a conflict or a waiver", &head);
        // What is not declared is one gap for all rules that wait for it.
        let told = |status| matches!(status, Status::Gap | Status::Conflict | Status::Waived);
        for rule in report.rules.iter().filter(|rule| told(rule.status)) {
            let words = [rule.status.name(), rule.severity.name()];
            let cells = [rule.id.as_str(), words[0], words[1], rule.article.as_str()];
            let mut row: Vec<Sentence> = cells.into_iter().map(Sentence::from).collect();
            row.push(rule.findings_total.to_string().into());
            table.push(row, report.rules.len());
        }
        let title = format!("{} {} of {of}: {}.", report.pack, report.version, counts(report));
        section = section.say(title).block(Block::Table(table));
    }
    for why in &findings.not_asked {
        section = section.say(format!("Not asked: {why}."));
    }
    section
}

/// `met 21, gap 3, ...`
fn counts(report: &Report) -> String {
    let counts = report.counts();
    let all = Status::ALL.into_iter().map(Status::name);
    let told = all.map(|name| format!("{name} {}", counts.get(name).copied().unwrap_or(0)));
    told.collect::<Vec<_>>().join(", ")
}

/// What lacks: once, whatever number of rules asks for it.
fn gaps(findings: &Findings) -> Section {
    let mut all: Vec<(&Finding, Vec<&str>)> = Vec::new();
    let mut places: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    let mut more = 0_u64;
    for rule in findings.reports.iter().flat_map(|report| &report.rules) {
        more += rule.findings_total.saturating_sub(rule.findings.len() as u64);
        for finding in &rule.findings {
            let what = (finding.node.as_str(), finding.missing.as_str(), finding.fix.as_str());
            let at = *places.entry(what).or_insert_with(|| {
                all.push((finding, Vec::new()));
                all.len() - 1
            });
            if !all[at].1.contains(&rule.id.as_str()) {
                all[at].1.push(&rule.id);
            }
        }
    }
    // What contradicts itself first, then what lacks, then what nobody declared.
    all.sort_by_key(|(finding, _)| Reverse(order(finding.status)));
    more += all.len().saturating_sub(GAPS_SHOWN) as u64;
    let gaps = all.iter().take(GAPS_SHOWN).map(|(finding, rules)| {
        let lack = match finding.status {
            Status::Conflict => Lack::Conflict,
            Status::Undeclared => Lack::Undeclared,
            Status::Waived => Lack::Waived,
            _ => Lack::NotRecorded,
        };
        let mut asked = rules.iter().take(RULES_NAMED).copied().collect::<Vec<_>>().join(", ");
        if rules.len() > RULES_NAMED {
            asked = format!("{asked} and {} more", rules.len() - RULES_NAMED);
        }
        let say = format!("{}: {}", finding.node, finding.say);
        Gap::new(lack, say).rule(asked).fix(finding.fix.clone())
    });
    let section = Section::new("Gaps").block(Block::Gaps(gaps.collect()));
    match (all.is_empty(), more) {
        (true, 0) => section.say("The rules that were asked found none."),
        (_, 0) => section,
        (_, more) => section.say(format!("{more} more stand in findings.json.")),
    }
}

fn order(status: Status) -> u8 {
    match status {
        Status::Conflict => 3,
        Status::Gap => 2,
        Status::Undeclared => 1,
        _ => 0,
    }
}

fn logs(making: &Making<'_>, covered: &[Covered]) -> Section {
    let mut table = Table::new(
        "Logs by deployment",
        &[
            "deployment",
            "first event",
            "last event",
            "#events",
            "#overrides",
            "#erased",
            "#restricted",
            "longest silence",
        ],
    );
    for covered in covered {
        let time = |time: Option<i64>| time.map_or_else(|| "not recorded".to_owned(), time_text);
        let silence = match (covered.span, covered.silence / HOUR) {
            (None, _) => String::new(),
            (_, 0) => "under 1 h".to_owned(),
            (_, hours) => format!("{hours} h"),
        };
        let row = vec![
            Reference::member(&making.closure, covered.member).into(),
            time(covered.span.map(|span| span.0)).into(),
            time(covered.span.map(|span| span.1)).into(),
            covered.events.to_string().into(),
            covered.overrides.to_string().into(),
            covered.unshown.0.to_string().into(),
            covered.unshown.1.to_string().into(),
            silence.into(),
        ];
        table.push(row, DEPLOYMENTS_SHOWN);
    }
    let section = Section::new("Logs");
    if covered.is_empty() {
        return section.say("No deployment of it is recorded, so it has no logs here.");
    }
    section.block(Block::Table(table)).say(
        "What the sources did not log is in no table: a silence may be an outage, or a quiet day.",
    )
}

fn left_out(making: &Making<'_>, covered: &[Covered]) -> Section {
    let counts = &making.counts;
    let mut list: Vec<Sentence> = Vec::new();
    let (gone, kept_back) = covered
        .iter()
        .fold((0, 0), |sum: (u64, u64), it| (sum.0 + it.unshown.0, sum.1 + it.unshown.1));
    if gone > 0 {
        list.push(format!("Events of the logs that are gone by recorded erasures: {gone} (logs/coverage.csv, custody.json).").into());
    }
    if kept_back > 0 {
        list.push(format!("Events of the logs that are restricted by recorded decisions and counted alone: {kept_back} (logs/coverage.csv).").into());
    }
    let (erased, restricted) = (counts.redacted, counts.restricted);
    if erased > 0 {
        list.push(format!("Drawn events that are gone by a recorded erasure: {erased}; their places are shown (logs/samples/, custody.json).").into());
    }
    if restricted > 0 {
        list.push(format!("Drawn events that are restricted by a recorded decision and not shown: {restricted}.").into());
    }
    if counts.not_shown > 0 {
        let more = counts.not_shown;
        list.push(format!("Drawn events that are not shown, as what became of them came behind the checkpoint: {more} (logs/samples/, `decisions_since` in custody.json).").into());
    }
    if counts.unproved > 0 {
        let more = counts.unproved;
        list.push(format!("Records without a proof file of their own in this pack: {more}; `lineal prove` shows any of them.").into());
    }
    let sealed: BTreeMap<&str, u64> =
        making.closure.members.iter().filter(|member| !member.sealed.is_empty()).fold(
            BTreeMap::new(),
            |mut all, member| {
                *all.entry(member.kind.name()).or_default() += 1;
                all
            },
        );
    for (kind, count) in sealed {
        list.push(
            format!(
                "Sealed fields of {} (kind {kind}) stand in graph.json by their names alone.",
                counted(count, "node")
            )
            .into(),
        );
    }
    if making.disclosure.withholds() {
        list.push("The subject group of all events is withheld: the proofs show that it is there and do not show it.".into());
    }
    let section = Section::new("Withheld, redacted, left out");
    if list.is_empty() { section.say("Nothing.") } else { section.block(Block::List(list)) }
}

fn not_covered(findings: &Findings) -> Section {
    let mut list: Vec<Sentence> = vec![
        "Whether what is recorded is true, and whether all was recorded.".into(),
        "What the law makes of it: nothing here decides that.".into(),
    ];
    for report in &findings.reports {
        let said = std::iter::once(&report.disclaimer).chain(&report.not_covered);
        for text in said.filter(|text| !text.is_empty()) {
            let sentence = Sentence::from(text.as_str());
            if !list.contains(&sentence) {
                list.push(sentence);
            }
        }
    }
    Section::new("Not covered").block(Block::List(list))
}
