//! What the questions of a point find, as tables and sentences.

use super::{Error, Maker, words};
use crate::check::quoted;
use crate::report::document::{Block, Gap, Lack, Reference, Section, Sentence, Table};
use crate::report::order::Record;
use lineal_engine::schema::Kind;
use lineal_query::{Answer, Value};
use std::collections::BTreeMap;

/// Most rows that a table or a list shows; all are counted.
pub(super) const ROWS_MAX: usize = 200;
/// Most nodes that are named where an answer is uncertain.
const DOUBTS_MAX: usize = 5;
/// The parameter that a question needs where it is about the system.
const OF_SYSTEM: &str = "$system";

impl Maker<'_> {
    /// Asks one question and tells what it finds.
    pub(super) fn record(
        &mut self,
        point: &str,
        record: &Record,
        section: &mut Section,
        lacks: &mut Vec<Gap>,
    ) -> Result<(), Error> {
        let text = self.pack.with_sets(&record.find, self.asker.about);
        if text.contains(OF_SYSTEM) && self.systems.len() != 1 {
            if let Some(none) = &record.none {
                lacks.push(self.lack(Lack::CannotTell, none, record));
            }
            return Ok(());
        }
        let answer = self.asker.ask(point, &record.find, &BTreeMap::new())?;
        if answer.rows.is_empty() {
            if let Some(none) = &record.none {
                lacks.push(self.lack(Lack::NotRecorded, none, record));
            }
        } else if let Some(caption) = &record.caption {
            section.push(Block::Table(self.table(caption, &answer)));
        } else if let Some(say) = &record.say {
            section.push(Block::List(self.sentences(say, &answer)));
        }
        if answer.completeness.reason_count > 0 {
            lacks.push(self.doubt(record, &answer));
        }
        Ok(())
    }

    fn lack(&self, lack: Lack, none: &str, record: &Record) -> Gap {
        let say = Sentence::from(format!("{none}: ")).node(self.reference(self.subject));
        let gap = Gap::new(lack, say);
        match &record.fix {
            Some(fix) => gap.fix(self.filled(fix)),
            None => gap,
        }
    }

    /// A command with the name of what the report is about in the place of the word for its kind.
    fn filled(&self, fix: &str) -> String {
        let word = match self.snapshot().kind_of(self.subject) {
            Kind::Model => "MODEL",
            Kind::Deployment => "DEPLOYMENT",
            _ => "SYSTEM",
        };
        let name = self.reference(self.subject).name;
        let words = fix.split(' ').map(|it| match it == word {
            true => quoted(&name),
            false => it.to_owned(),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    /// That more might be recorded than was found.
    fn doubt(&self, record: &Record, answer: &Answer) -> Gap {
        let what = record.caption.as_deref().or(record.none.as_deref()).unwrap_or("this");
        let count = answer.completeness.reason_count;
        let nodes: Vec<Reference> = answer
            .completeness
            .reasons
            .iter()
            .filter(|reason| reason.node != lineal_engine::NodeNo::MAX)
            .take(DOUBTS_MAX)
            .map(|reason| self.reference(reason.node))
            .collect();
        let say = Sentence::from(format!(
            "whether more belongs to \u{201c}{what}\u{201d}: {} on the way is missing, unclear or unread",
            words::counted(count, "reference")
        ));
        let say = match nodes.is_empty() {
            true => say.text(", of ").node(self.reference(self.subject)),
            false => say.text(", as ").nodes(nodes),
        };
        Gap::new(Lack::CannotTell, say)
    }

    fn table(&self, caption: &str, answer: &Answer) -> Table {
        let is_figure = |at: usize| {
            let mut values = answer.rows.iter().filter_map(|row| row.get(at));
            let first = values.find(|value| !value.is_absent());
            matches!(first, Some(Value::Int(_) | Value::Float(_)))
        };
        let heads: Vec<String> = answer
            .columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let mark = if is_figure(at) { "#" } else { "" };
                format!("{mark}{}", column.name.replace('_', " "))
            })
            .collect();
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let mut table = Table::new(caption, &heads);
        for row in &answer.rows {
            if table.rows.len() < ROWS_MAX {
                let cells = row.iter().map(|value| words::cell(self.snapshot(), value));
                table.rows.push(cells.collect());
            } else {
                table.omitted += 1;
            }
        }
        table
    }

    fn sentences(&self, say: &str, answer: &Answer) -> Vec<Sentence> {
        let mut sentences: Vec<Sentence> =
            answer.rows.iter().take(ROWS_MAX).map(|row| self.sentence(say, answer, row)).collect();
        if answer.rows.len() > ROWS_MAX {
            let more = answer.rows.len() - ROWS_MAX;
            let say =
                Sentence::from(format!("{} more like these, of ", words::thousands(more as u64)));
            sentences.push(say.node(self.reference(self.subject)).text("."));
        }
        sentences
    }

    /// A sentence with its places filled by the values of a row.
    fn sentence(&self, say: &str, answer: &Answer, row: &[Value]) -> Sentence {
        let mut sentence = Sentence::new();
        let mut rest = say;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            if !before.is_empty() {
                sentence = sentence.text(before);
            }
            let at = answer.columns.iter().position(|column| column.name == name);
            let value = at.and_then(|at| row.get(at)).unwrap_or(&Value::Absent);
            sentence = words::said(sentence, self.snapshot(), value);
            rest = behind;
        }
        if rest.is_empty() { sentence } else { sentence.text(rest) }
    }
}
