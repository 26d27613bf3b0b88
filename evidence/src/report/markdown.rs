//! A report as Markdown: `CommonMark` with the tables of GFM. Names of nodes lead to a table at the end.

use super::document::{Block, Document, Gap, Part, Picture, Reference, Section, Sentence, Table};
use super::escape::{markdown, markdown_code, path};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The deepest heading that a section gets.
const DEEPEST: usize = 4;

/// The file; pictures are shown where their folder is named.
pub(super) fn write(document: &Document, pictures: Option<&str>) -> String {
    let references = document.references();
    let numbers = references.iter().zip(1..).map(|(node, at)| (node.name.as_str(), at)).collect();
    let mut writer = Writer { out: String::new(), numbers, pictures };
    let _ = writeln!(writer.out, "# {}\n", markdown(&document.title, false));
    for fact in &document.facts {
        let value = writer.sentence(&fact.value, false);
        let _ = writeln!(writer.out, "- **{}**: {value}", markdown(&fact.label, false));
    }
    for section in &document.sections {
        writer.section(section, 2);
    }
    writer.nodes(&references);
    writer.out
}

/// What has been written, and the numbers under which nodes stand at the end.
struct Writer<'a> {
    out: String,
    numbers: BTreeMap<&'a str, usize>,
    pictures: Option<&'a str>,
}

impl Writer<'_> {
    fn section(&mut self, section: &Section, level: usize) {
        let marks = "#".repeat(level.min(DEEPEST));
        let _ = writeln!(self.out, "\n{marks} {}", markdown(&section.heading, false));
        if let Some(source) = &section.source {
            let _ = writeln!(self.out, "\n*{}*", markdown(source, false));
        }
        for block in &section.blocks {
            self.out.push('\n');
            self.block(block);
        }
        for below in &section.sections {
            self.section(below, level + 1);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(sentences) => {
                let all: Vec<String> =
                    sentences.iter().map(|sentence| self.sentence(sentence, false)).collect();
                let _ = writeln!(self.out, "{}", all.join(" "));
            }
            Block::List(sentences) => self.list(sentences),
            Block::Table(table) => self.table(table),
            Block::Picture(picture) => self.picture(picture),
            Block::Gaps(gaps) => self.gaps(gaps),
        }
    }

    fn list(&mut self, sentences: &[Sentence]) {
        for sentence in sentences {
            let text = self.sentence(sentence, false);
            let _ = writeln!(self.out, "- {text}");
        }
    }

    fn sentence(&self, sentence: &Sentence, in_table: bool) -> String {
        let mut out = String::new();
        for part in &sentence.parts {
            match part {
                Part::Text(text) => out.push_str(&markdown(text, out.is_empty())),
                Part::Code(text) => out.push_str(&markdown_code(text, in_table)),
                Part::Node(node) => self.node(node, &mut out),
            }
        }
        out.trim().to_owned()
    }

    fn node(&self, node: &Reference, out: &mut String) {
        let number = self.numbers.get(node.name.as_str()).copied().unwrap_or_default();
        let _ = write!(out, "[{}](#n{number})", markdown(&node.name, false));
        if let Some(proof) = &node.proof {
            let _ = write!(out, " ([proof]({}))", path(proof));
        }
    }

    fn table(&mut self, table: &Table) {
        let _ = writeln!(self.out, "**{}**\n", markdown(&table.caption, false));
        let mut rule = String::new();
        for column in &table.columns {
            let _ = write!(self.out, "| {} ", markdown(&column.head, false));
            rule.push_str(if column.figures { "| --: " } else { "| --- " });
        }
        let _ = writeln!(self.out, "|\n{rule}|");
        for row in &table.rows {
            for at in 0..table.columns.len() {
                let cell = row.get(at).map(|cell| self.sentence(cell, true)).unwrap_or_default();
                let _ = write!(self.out, "| {cell} ");
            }
            self.out.push_str("|\n");
        }
        if table.omitted > 0 {
            let _ = writeln!(self.out, "\n{} more rows are counted and not shown.", table.omitted);
        }
    }

    fn picture(&mut self, picture: &Picture) {
        let title = markdown(&picture.title, false);
        if let Some(folder) = self.pictures {
            let _ = writeln!(
                self.out,
                "![{title}]({}/{}.svg)\n",
                path(folder.trim_end_matches('/')),
                path(&picture.name)
            );
        }
        let _ = writeln!(self.out, "**{title}**, in words:\n");
        self.list(&picture.words);
    }

    fn gaps(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            let say = self.sentence(&gap.say, false);
            let _ = write!(self.out, "- **{}** {say}", gap.lack.words());
            if let Some(rule) = &gap.rule {
                let _ = write!(self.out, " ({})", markdown(rule, false));
            }
            if let Some(fix) = &gap.fix {
                let _ = write!(self.out, "; to record it: {}", markdown_code(fix, false));
            }
            self.out.push('\n');
        }
    }

    fn nodes(&mut self, references: &[&Reference]) {
        if references.is_empty() {
            return;
        }
        self.out.push_str(
            "\n## Nodes named\n\nEach node that this report names, with its newest revision at that commit\n\n\
             | No. | node | node id | revision | proof |\n| --: | --- | --- | --- | --- |\n",
        );
        for (node, at) in references.iter().zip(1..) {
            let revision = match &node.revision {
                Some(revision) => markdown_code(revision, true),
                None => "none of its own".to_owned(),
            };
            let proof = match &node.proof {
                Some(proof) => format!("[{}]({})", markdown(proof, false), path(proof)),
                None => String::new(),
            };
            let _ = writeln!(
                self.out,
                "| <a id=\"n{at}\"></a>{at} | {} | {} | {revision} | {proof} |",
                markdown(&node.name, false),
                markdown_code(&node.id, true),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Block, Document, Reference, Section, Sentence, Table};

    #[test]
    fn a_row_stays_a_row_whatever_the_names() {
        let node = Reference { name: "model:a|b\n| c](x)".to_owned(), ..Reference::default() };
        let mut table = Table::new("names", &["node", "#n"]);
        table.push(vec![Sentence::from("\n# x ").node(node), Sentence::new().code("p|q")], 10);
        let document = Document::new("test", "T")
            .section(Section::new("S").block(Block::Table(table)))
            .to_markdown(None);
        let row = document.lines().find(|line| line.contains("p\\|q")).unwrap_or_default();
        assert_eq!(row, "| \\# x [model:a\\|b \\| c\\](x)](#n1) | `p\\|q` |");
    }
}
