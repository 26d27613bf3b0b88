//! The head of the report, how it is to be read, and the check's counts.

use super::{KIND, Maker, words};
use crate::check::{header_of, time_text};
use crate::report::document::{Block, Document, Section, Sentence, Table};
use crate::rules::{Status, Timeline};
use lineal_query::Source;

/// What stands in the place of a day that the law does not give.
const SEE_COUNSEL: &str = "see counsel";
/// Rules of a pack: all are listed, and a pack of this many is a mistake.
const RULES_MAX: usize = 1_000;

impl Maker<'_> {
    pub(super) fn head(&self) -> Document {
        let (head, snapshot) = (&self.order.head, self.snapshot());
        let title = format!("{}: {}", head.title, self.reference(self.subject).name);
        let mut document = Document::new(KIND, title)
            .fact("of", self.reference(self.subject))
            .fact(
                "system",
                match self.systems.as_slice() {
                    [] => Sentence::from("not recorded, so no rule could be evaluated"),
                    [one] => Sentence::from(self.reference(*one)),
                    several => Sentence::from("several, so no rule could be evaluated: ")
                        .nodes(several.iter().map(|node| self.reference(*node))),
                },
            )
            .fact(
                "as of",
                format!(
                    "commit {}, recorded {}",
                    snapshot.commit(),
                    time_text(self.view.recorded())
                ),
            );
        document = document.fact("checkpoint", self.checkpoint());
        if let Some(declared) = self.report.and_then(|report| report.declared.as_ref()) {
            let or = |value: &Option<String>| value.clone().unwrap_or("not declared".to_owned());
            let role = match declared.role.is_empty() {
                true => "not declared".to_owned(),
                false => declared.role.join(", "),
            };
            document = document.fact(
                "declared",
                format!(
                    "role {role}; risk class {}; annex point {}; at {}",
                    or(&declared.risk_class),
                    or(&declared.annex_point),
                    or(&declared.at)
                ),
            );
        }
        document
            .fact("law", head.law.as_str())
            .fact(
                "rules",
                Sentence::from(format!(
                    "{} {}, BLAKE3 ",
                    self.pack.head.id, self.pack.head.version
                ))
                .code(self.pack.digest.to_string()),
            )
            .fact("order", format!("{} {}", head.id, head.version))
            .fact(
                "rests on",
                format!(
                    "{} and {} of the graph",
                    words::counted(self.closure.members.len() as u64, "node"),
                    words::counted(self.closure.edges.len() as u64, "edge")
                ),
            )
    }

    fn checkpoint(&self) -> String {
        match header_of(self.store, self.snapshot().commit()) {
            Ok(Some((size, Some(stamped)))) => format!(
                "{}, stamped by a time-stamp authority {}",
                words::counted(size, "commit"),
                time_text(stamped)
            ),
            Ok(Some((size, None))) => {
                format!("{}, not stamped", words::counted(size, "commit"))
            }
            Ok(None) => "none is signed up to this commit".to_owned(),
            Err(error) => format!("cannot tell: {error}"),
        }
    }

    /// What the report says and does not.
    pub(super) fn reading(&self) -> Section {
        let head = &self.order.head;
        let mut section = Section::new("How to read this").say(head.disclaimer.as_str());
        for note in &head.notes {
            section = section.say(note.as_str());
        }
        section = section.say(
            "A name that is underlined leads to the table of nodes at the end, where its id and its newest \
             revision stand. A dash in a table means: not recorded.",
        );
        let not_covered: Vec<Sentence> =
            self.pack.head.not_covered.iter().map(|it| it.as_str().into()).collect();
        if !not_covered.is_empty() {
            let below = Section::new("Not covered by this report").block(Block::List(not_covered));
            section = section.section(below);
        }
        let mut table = Table::new("From when parts of the law apply", &["what", "from", "source"]);
        for row in self.pack.timeline.iter().filter(|row| self.is_meant(row)) {
            let day = match &row.applies_from {
                Some(day) => day.to_string(),
                None => SEE_COUNSEL.to_owned(),
            };
            let row = [row.what.as_str(), &day, &row.source];
            table.push(row.into_iter().map(Sentence::from).collect(), RULES_MAX);
        }
        section.block(Block::Table(table))
    }

    /// Is it of the annex that was declared, or of any?
    fn is_meant(&self, row: &Timeline) -> bool {
        let declared = self.report.and_then(|report| report.declared.as_ref());
        let annex = declared.and_then(|declared| declared.annex_point.as_deref());
        match (&row.annex, annex) {
            (Some(wanted), Some(annex)) => annex.split('.').next() == Some(wanted.as_str()),
            _ => true,
        }
    }

    /// How many rules came to what.
    pub(super) fn counted(&self) -> Section {
        let section = Section::new("Rules, counted");
        let Some(report) = self.report else {
            let say = Sentence::from("No system, or more than one, is recorded to which ")
                .node(self.reference(self.subject))
                .text(" belongs, and the rules are about a system: none could be evaluated. ");
            let fix = "lineal declare node NODE --belongs-to SYSTEM --by WHO";
            return section.say(say.text("To record it: ").code(fix).text("."));
        };
        let counts = report.counts();
        let each = Status::ALL.into_iter().map(|status| {
            let count = counts.get(status.name()).copied().unwrap_or(0);
            format!("{} {count}", status.name().replace('_', " "))
        });
        let about = self.systems.first().map(|system| self.reference(*system)).unwrap_or_default();
        let say = format!(": {}. There is no score.", each.collect::<Vec<_>>().join(", "));
        let mut table =
            Table::new("Rules", &["rule", "article", "basis", "severity", "status", "#findings"]);
        for rule in &report.rules {
            let row = [
                rule.id.as_str(),
                &rule.article,
                rule.basis.name(),
                rule.severity.name(),
                &rule.status.name().replace('_', " "),
                &words::thousands(rule.findings_total),
            ]
            .map(Sentence::from);
            table.push(row.to_vec(), RULES_MAX);
        }
        section.say(Sentence::from("Rules over ").node(about).text(say)).block(Block::Table(table))
    }
}
