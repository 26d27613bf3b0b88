//! What an import did, with counts that add up to what was read.

use crate::record::{Location, Reject};
use lineal_engine::KnownSource;
use lineal_engine::schema::Kind;
use lineal_proof::record::Counts;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many rejects a report lists; the counts name all.
pub const REJECTS_LISTED: usize = 1_000;

/// How many files that are no log files a report names; the count is of all.
pub const NO_LOGS_LISTED: usize = 100_000;
/// The form of log files.
pub(crate) const LOGS: &str = "datadog-logs";

/// Files of a source whose bytes one earlier import read: what it could not read of them is not in the
/// store by being known.
#[derive(Clone, Default, Debug)]
pub struct KnownFiles {
    /// Files of it.
    pub files: u64,
    /// What became of their items when they were read.
    pub counts: Counts,
    /// Files of which something was rejected, the first of them.
    pub rejected_in: Vec<String>,
    /// Files that could not be read to their end, the first of them.
    pub damaged: Vec<String>,
}

impl KnownFiles {
    /// Was nothing of them usable, although there was something to read?
    #[must_use]
    pub fn is_fruitless(&self) -> bool {
        is_fruitless(&self.counts)
    }
}

fn is_fruitless(counts: &Counts) -> bool {
    counts.rejected > 0 && counts.accepted == 0 && counts.duplicate == 0
}

/// Files in a folder of logs that are no logs.
#[derive(Clone, Default, Debug)]
pub struct NoLogs {
    /// How many.
    pub files: u64,
    /// The first [`NO_LOGS_LISTED`] of them, below what was given.
    pub names: Vec<String>,
}

impl NoLogs {
    /// Adds one.
    pub(crate) fn add(&mut self, name: &str) {
        self.files += 1;
        if self.names.len() < NO_LOGS_LISTED {
            self.names.push(name.to_owned());
        }
    }
}

/// Files below an imported folder that no source takes, outside of folders of logs.
#[derive(Clone, Default, Debug)]
pub struct NoSource {
    /// How many.
    pub files: u64,
    /// The first [`NO_LOGS_LISTED`] of them: what it is called below what was given, and why it is none.
    pub named: Vec<(String, String)>,
}

impl NoSource {
    /// Adds one.
    pub(crate) fn add(&mut self, name: String, why: &str) {
        self.files += 1;
        if self.named.len() < NO_LOGS_LISTED {
            self.named.push((name, why.to_owned()));
        }
    }

    /// Called as those beside logs are.
    fn to_json(&self) -> Value {
        let (names, reasons): (Vec<&str>, Vec<&str>) =
            self.named.iter().map(|(name, why)| (name.as_str(), why.as_str())).unzip();
        json!({ "files": self.files, "names": names, "reasons": reasons })
    }

    fn from_json(json: &Value) -> Option<NoSource> {
        // A server of an earlier version does not say it.
        if json.is_null() {
            return Some(NoSource::default());
        }
        let named = texts_of(&json["names"])?.into_iter().zip(texts_of(&json["reasons"])?);
        Some(NoSource { files: json["files"].as_u64()?, named: named.collect() })
    }
}

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
    /// What is recorded of those, by the number of the import that read them.
    pub known: BTreeMap<u64, KnownFiles>,
    /// Files beside the logs that are none: passed over, or read without a log in them.
    pub no_logs: NoLogs,
    /// What became of the items.
    pub counts: Counts,
    /// What was left out deliberately, by reason.
    pub skipped: BTreeMap<String, u64>,
    /// What could not be read, the first of it.
    pub rejects: Vec<Reject>,
    /// What a reader of the answers should know.
    pub warnings: Vec<String>,
    /// What of it are pages, until that is told among the warnings.
    pub(crate) pages: LogPages,
}

/// Files of logs that end with a page of an API, of which each names the next one.
#[derive(Clone, Default, Debug)]
pub(crate) struct LogPages {
    /// Files whose last page names no other.
    pub(crate) last: u64,
    /// Files whose last page names another.
    pub(crate) followed: u64,
    /// The first of these, and how it names it.
    pub(crate) first: Option<(String, &'static str)>,
}

impl LogPages {
    /// What is not here by what is: whether the next pages are other files is not to be seen.
    pub(crate) fn note(&self) -> Option<String> {
        let (file, member) = self.first.as_ref()?;
        let all = match (self.followed, self.last) {
            (1, 0) => String::new(),
            (followed, last) => format!(" ({followed} of {} files of pages do)", followed + last),
        };
        Some(format!(
            "{file}: names a page of logs behind it, `{member}`{all}: what the next page holds is here only if that is imported, too"
        ))
    }
}

impl SourceReport {
    /// Was nothing of what was read now usable, although there was something to read?
    #[must_use]
    pub fn is_fruitless(&self) -> bool {
        is_fruitless(&self.counts)
    }

    /// Files that could not be read to their end now.
    pub fn damaged(&self) -> impl Iterator<Item = &Reject> {
        // What is wrong with a line or a record has a place in its file; damage has the whole file.
        self.rejects.iter().filter(|reject| reject.at.line == 0 && self.form == LOGS)
    }

    /// Could less of it be read than there is, now or by the import that its files are known from?
    #[must_use]
    pub fn is_partial(&self) -> bool {
        let then = |known: &KnownFiles| !known.damaged.is_empty() || known.is_fruitless();
        self.damaged().next().is_some() || self.is_fruitless() || self.known.values().any(then)
    }

    /// Notes what is recorded of a file, or of a store of files, that is known and not read again.
    pub(crate) fn note_known(&mut self, known: &KnownSource, label: &str, files: u64) {
        let of_import = self.known.entry(known.import).or_default();
        of_import.files += files;
        of_import.counts.add(&known.counts);
        let list = |names: &mut Vec<String>| {
            if names.len() < REJECTS_LISTED {
                names.push(label.to_owned());
            }
        };
        if known.counts.rejected > 0 {
            list(&mut of_import.rejected_in);
        }
        // Where a log ends too early it has one item more than lines: the damage.
        if self.form == LOGS && known.lines.is_some_and(|lines| known.counts.read > lines) {
            list(&mut of_import.damaged);
        }
    }
}

/// A run that records no data set, and what it names in its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Instead {
    /// The run's id.
    pub run: String,
    /// Parameters and tags that name data.
    pub found: Vec<String>,
    /// The form in which it is told: which tool it is of, and so how that would record it.
    pub form: String,
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
    /// Files below what was given that belong to none of them.
    pub no_source: NoSource,
    /// Nodes by kind, each once however often the sources speak of it: those of which something was
    /// recorded anew, and those of which all was known.
    pub nodes: BTreeMap<&'static str, (u64, u64)>,
    /// Events recorded anew: those of a known identity are `conflicts`.
    pub events: u64,
    /// Rows of a known identity that say something else: kept beside what was known, and one of them
    /// counts, whichever came first (docs/format.md, section 13.7).
    pub conflicts: u64,
    /// Events that were known before this import and in whose place one of these rows counts now.
    pub displaced: u64,
    /// Events that were taken, and whose time is of a day (UTC) behind tomorrow: the clock that wrote them was
    /// wrong, or the time was read wrong.
    pub to_come: u64,
    /// The time of the last of these, ns.
    pub last_to_come: Option<i64>,
    /// Runs without a recorded data set input, and runs in all.
    pub runs_without_input: (u64, u64),
    /// The first such run, and what was found instead.
    pub instead: Option<Instead>,
    /// Nodes that are referred to and were never imported, in the whole store, and the first of
    /// them by name.
    pub unresolved: (u64, Vec<String>),
    /// All of it is recorded, and what is derived of it could not be written: in words, with what to do.
    pub waits: Option<String>,
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
        let known = |(import, known): (&u64, &KnownFiles)| {
            json!({
                "import": import, "files": known.files, "counts": counts(&known.counts),
                "rejected_in": known.rejected_in, "damaged": known.damaged,
            })
        };
        let sources = self.sources.iter().map(|source| {
            json!({
                "label": source.label, "source": source.source, "form": source.form,
                "files": source.files, "files_known": source.files_known,
                "known": source.known.iter().map(known).collect::<Vec<_>>(),
                "no_logs": {"files": source.no_logs.files, "names": source.no_logs.names},
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
        let mut told = json!({
            "import": self.import, "commits": self.commits, "dry_run": self.dry_run,
            "counts": counts(&self.counts()),
            "sources": sources.collect::<Vec<_>>(),
            "no_logs": self.no_source.to_json(),
            "nodes": nodes, "events": self.events, "conflicts": self.conflicts,
            "displaced": self.displaced,
            "to_come": self.to_come, "last_to_come": self.last_to_come,
            "runs_without_input": self.runs_without_input.0, "runs": self.runs_without_input.1,
            "unresolved": self.unresolved.0, "unresolved_first": self.unresolved.1,
        });
        if let Some(waits) = &self.waits {
            told["waits"] = json!(waits);
        }
        told
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
            no_source: NoSource::from_json(&json["no_logs"])?,
            nodes: nodes.collect::<Option<_>>()?,
            events: number("events")?,
            conflicts: number("conflicts")?,
            // A server of an earlier version does not say it.
            displaced: number("displaced").unwrap_or(0),
            to_come: number("to_come").unwrap_or(0),
            last_to_come: json["last_to_come"].as_i64(),
            runs_without_input: (number("runs_without_input")?, number("runs")?),
            instead: None,
            unresolved: (number("unresolved")?, texts_of(&json["unresolved_first"])?),
            waits: json["waits"].as_str().map(str::to_owned),
        })
    }
}

fn source_of(json: &Value) -> Option<SourceReport> {
    let text = |json: &Value| json.as_str().map(str::to_owned);
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
        // A server of an earlier version does not say these.
        known: match &json["known"] {
            Value::Null => BTreeMap::new(),
            known => known.as_array()?.iter().map(known_of).collect::<Option<_>>()?,
        },
        no_logs: match &json["no_logs"] {
            Value::Null => NoLogs::default(),
            none => NoLogs { files: none["files"].as_u64()?, names: texts_of(&none["names"])? },
        },
        counts: counts_of(&json["counts"])?,
        skipped: skipped
            .map(|(why, count)| Some((why.clone(), count.as_u64()?)))
            .collect::<Option<_>>()?,
        rejects: rejects.collect::<Option<_>>()?,
        warnings: texts_of(&json["warnings"])?,
        pages: LogPages::default(),
    })
}

fn known_of(json: &Value) -> Option<(u64, KnownFiles)> {
    let files = KnownFiles {
        files: json["files"].as_u64()?,
        counts: counts_of(&json["counts"])?,
        rejected_in: texts_of(&json["rejected_in"])?,
        damaged: texts_of(&json["damaged"])?,
    };
    Some((json["import"].as_u64()?, files))
}

fn counts_of(json: &Value) -> Option<Counts> {
    let count = |name: &str| json[name].as_u64();
    Some(Counts {
        read: count("read")?,
        accepted: count("accepted")?,
        duplicate: count("duplicate")?,
        rejected: count("rejected")?,
        skipped: count("skipped")?,
        suppressed: count("suppressed")?,
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
        let known = KnownFiles {
            files: 1,
            counts: Counts { read: 4, accepted: 1, rejected: 3, ..Counts::default() },
            rejected_in: vec!["b".to_owned()],
            damaged: vec!["c".to_owned()],
        };
        let report = Report {
            import: Some(7),
            commits: 2,
            sources: vec![SourceReport {
                label: "l".to_owned(),
                source: "s".to_owned(),
                form: "f".to_owned(),
                files: 3,
                files_known: 1,
                known: [(4, known)].into(),
                no_logs: NoLogs { files: 2, names: vec!["n".to_owned()] },
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
                pages: LogPages::default(),
            }],
            no_source: NoSource { files: 3, named: vec![("x".to_owned(), "empty".to_owned())] },
            nodes: [("run", (1, 2))].into(),
            events: 5,
            conflicts: 2,
            displaced: 1,
            to_come: 1,
            last_to_come: Some(7),
            runs_without_input: (3, 4),
            unresolved: (1, vec!["run:x".to_owned()]),
            waits: Some("commit 2 is recorded".to_owned()),
            ..Report::default()
        };
        for report in [report, Report { dry_run: true, ..Report::default() }] {
            let again = Report::from_json(&report.to_json()).unwrap();
            assert_eq!(format!("{again:?}"), format!("{report:?}"));
        }
        assert!(Report::from_json(&json!({ "entries": 3 })).is_none());
    }
}
