//! What an import did, with counts that add up to what was read.

use crate::record::{Location, Reject};
use lineal_engine::schema::Kind;
use lineal_proof::record::Counts;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many rejects a report lists; the counts name all.
pub const REJECTS_LISTED: usize = 1_000;

/// What became of one source: a store, or the files of an archive.
#[derive(Clone, Default, Debug)]
pub struct SourceReport {
    /// What was given, as a label.
    pub label: String,
    /// Who speaks.
    pub source: String,
    /// In which form.
    pub form: String,
    /// Files read.
    pub files: u64,
    /// Files whose bytes were imported before.
    pub files_known: u64,
    /// What became of the items.
    pub counts: Counts,
    /// What was left out deliberately, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// What could not be read, the first of it.
    pub rejects: Vec<Reject>,
    /// What a reader of the answers should know.
    pub warnings: Vec<String>,
}

/// What an import did.
#[derive(Clone, Default, Debug)]
pub struct Report {
    /// The import's number; none if nothing was written.
    pub import: Option<u64>,
    /// Commits written.
    pub commits: u64,
    /// Nothing was to be written.
    pub dry_run: bool,
    /// The sources.
    pub sources: Vec<SourceReport>,
    /// Nodes by kind: recorded anew, known.
    pub nodes: BTreeMap<&'static str, (u64, u64)>,
    /// Events recorded, and those among them that disagree with an earlier one of their identity.
    pub events: u64,
    /// Events of a known identity that say something else: kept, marked, not counted.
    pub conflicts: u64,
    /// Runs without a recorded data set input, and runs in all.
    pub runs_without_input: (u64, u64),
    /// The first such run, and what was found instead.
    pub instead: Option<(String, Vec<String>)>,
    /// Nodes that are referred to and were never imported, in the whole store, and the first of
    /// them by name.
    pub unresolved: (u64, Vec<String>),
}

impl Report {
    /// The counts of all sources.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut all = Counts::default();
        for source in &self.sources {
            all.add(&source.counts);
        }
        all
    }

    /// Was everything known before?
    #[must_use]
    pub fn brought_nothing(&self) -> bool {
        self.commits == 0
    }

    /// The report for machines.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let counts = |counts: &Counts| -> Value {
            counts
                .named()
                .into_iter()
                .map(|(name, count)| (name.to_owned(), json!(count)))
                .collect()
        };
        let reject = |reject: &Reject| {
            json!({
                "file": reject.at.file, "line": reject.at.line, "byte": reject.at.byte,
                "reason": reject.reason,
            })
        };
        let sources = self.sources.iter().map(|source| {
            json!({
                "label": source.label, "source": source.source, "form": source.form,
                "files": source.files, "files_known": source.files_known,
                "counts": counts(&source.counts),
                "skipped": source.skipped,
                "rejects": source.rejects.iter().map(reject).collect::<Vec<_>>(),
                "warnings": source.warnings,
            })
        });
        let nodes: serde_json::Map<String, Value> = self
            .nodes
            .iter()
            .map(|(kind, (new, known))| {
                ((*kind).to_owned(), json!({"recorded": new, "known": known}))
            })
            .collect();
        json!({
            "import": self.import, "commits": self.commits, "dry_run": self.dry_run,
            "counts": counts(&self.counts()),
            "sources": sources.collect::<Vec<_>>(),
            "nodes": nodes, "events": self.events, "conflicts": self.conflicts,
            "runs_without_input": self.runs_without_input.0, "runs": self.runs_without_input.1,
            "unresolved": self.unresolved.0, "unresolved_first": self.unresolved.1,
        })
    }

    /// The report that [`Report::to_json`] was made of, but for what was found instead of inputs; none
    /// where this is no such thing.
    #[must_use]
    pub fn from_json(json: &Value) -> Option<Report> {
        let number = |name: &str| json[name].as_u64();
        let nodes = json["nodes"].as_object()?.iter().map(|(kind, counts)| {
            let kind = Kind::parse(kind)?.name();
            Some((kind, (counts["recorded"].as_u64()?, counts["known"].as_u64()?)))
        });
        Some(Report {
            import: number("import"),
            commits: number("commits")?,
            dry_run: json["dry_run"].as_bool()?,
            sources: json["sources"].as_array()?.iter().map(source_of).collect::<Option<_>>()?,
            nodes: nodes.collect::<Option<_>>()?,
            events: number("events")?,
            conflicts: number("conflicts")?,
            runs_without_input: (number("runs_without_input")?, number("runs")?),
            instead: None,
            unresolved: (number("unresolved")?, texts_of(&json["unresolved_first"])?),
        })
    }
}

fn source_of(json: &Value) -> Option<SourceReport> {
    let text = |json: &Value| json.as_str().map(str::to_owned);
    let counts = |name: &str| json["counts"][name].as_u64();
    let rejects = json["rejects"].as_array()?.iter().map(|reject| {
        let number = |name: &str| reject[name].as_u64();
        let at =
            Location { file: text(&reject["file"])?, line: number("line")?, byte: number("byte")? };
        Some(Reject { at, reason: text(&reject["reason"])? })
    });
    let skipped = json["skipped"].as_object()?.iter();
    Some(SourceReport {
        label: text(&json["label"])?,
        source: text(&json["source"])?,
        form: text(&json["form"])?,
        files: json["files"].as_u64()?,
        files_known: json["files_known"].as_u64()?,
        counts: Counts {
            read: counts("read")?,
            accepted: counts("accepted")?,
            duplicate: counts("duplicate")?,
            rejected: counts("rejected")?,
            skipped: counts("skipped")?,
            suppressed: counts("suppressed")?,
        },
        skipped: skipped
            .map(|(why, count)| Some((why.clone(), count.as_u64()?)))
            .collect::<Option<_>>()?,
        rejects: rejects.collect::<Option<_>>()?,
        warnings: texts_of(&json["warnings"])?,
    })
}

fn texts_of(json: &Value) -> Option<Vec<String>> {
    json.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_comes_back_from_its_json() {
        let at = Location { file: "a".to_owned(), line: 3, byte: 9 };
        let report = Report {
            import: Some(7),
            commits: 2,
            sources: vec![SourceReport {
                label: "l".to_owned(),
                source: "s".to_owned(),
                form: "f".to_owned(),
                files: 3,
                files_known: 1,
                counts: Counts {
                    read: 6,
                    accepted: 1,
                    duplicate: 1,
                    rejected: 2,
                    skipped: 1,
                    suppressed: 1,
                },
                skipped: [("why".to_owned(), 1)].into(),
                rejects: vec![Reject { at, reason: "r".to_owned() }],
                warnings: vec!["w".to_owned()],
            }],
            nodes: [("run", (1, 2))].into(),
            events: 5,
            conflicts: 1,
            runs_without_input: (3, 4),
            unresolved: (1, vec!["run:x".to_owned()]),
            ..Report::default()
        };
        for report in [report, Report { dry_run: true, ..Report::default() }] {
            let again = Report::from_json(&report.to_json()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{report:?}"));
        }
        assert!(Report::from_json(&json!({ "entries": 3 })).is_none());
    }
}
