//! A report as one HTML file that is well-formed XML too: its style stands inside, there is no script and
//! nothing is fetched. It is made to be printed and to be read without colours.

use super::document::{Block, Document, Gap, Part, Picture, Reference, Section, Sentence, Table};
use super::escape::{html, path};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const STYLE: &str = include_str!("html/style.css");
/// The deepest heading that a section gets.
const DEEPEST: usize = 4;

/// The file.
pub(super) fn write(document: &Document) -> String {
    let references = document.references();
    let numbers = references.iter().zip(1..).map(|(node, at)| (node.name.as_str(), at)).collect();
    let mut writer = Writer { out: String::new(), numbers };
    writer.head(document);
    writer.put("<main>\n");
    for (at, section) in document.sections.iter().enumerate() {
        writer.section(section, &format!("s{}", at + 1), 2);
    }
    writer.nodes(&references);
    writer.put("</main>\n</body>\n</html>\n");
    writer.out
}

/// What has been written, and the numbers under which nodes stand at the end.
struct Writer<'a> {
    out: String,
    numbers: BTreeMap<&'a str, usize>,
}

impl Writer<'_> {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn head(&mut self, document: &Document) {
        let title = html(&document.title);
        let _ = write!(
            self.out,
            "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n\
             <meta charset=\"utf-8\"/>\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
             <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n"
        );
        if !document.facts.is_empty() {
            self.put("<dl class=\"facts\">\n");
            for fact in &document.facts {
                let _ = write!(self.out, "<dt>{}</dt><dd>", html(&fact.label));
                self.sentence(&fact.value);
                self.put("</dd>\n");
            }
            self.put("</dl>\n");
        }
        self.put("</header>\n<nav aria-label=\"Contents\">\n<h2>Contents</h2>\n<ul>\n");
        for (at, section) in document.sections.iter().enumerate() {
            let heading = html(&section.heading);
            let _ = writeln!(self.out, "<li><a href=\"#s{}\">{heading}</a></li>", at + 1);
        }
        self.put("<li><a href=\"#nodes\">Nodes named</a></li>\n</ul>\n</nav>\n");
    }

    fn section(&mut self, section: &Section, id: &str, level: usize) {
        let deep = level.min(DEEPEST);
        let heading = html(&section.heading);
        let _ = write!(self.out, "<section id=\"{id}\">\n<h{deep}>{heading}</h{deep}>\n");
        if let Some(source) = &section.source {
            let _ = writeln!(self.out, "<p class=\"source\">{}</p>", html(source));
        }
        for block in &section.blocks {
            self.block(block);
        }
        for (at, below) in section.sections.iter().enumerate() {
            self.section(below, &format!("{id}-{}", at + 1), level + 1);
        }
        self.put("</section>\n");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(sentences) => {
                self.put("<p>");
                self.joined(sentences);
                self.put("</p>\n");
            }
            Block::List(sentences) => self.list(sentences, "plain"),
            Block::Table(table) => self.table(table),
            Block::Picture(picture) => self.picture(picture),
            Block::Gaps(gaps) => self.gaps(gaps),
        }
    }

    fn joined(&mut self, sentences: &[Sentence]) {
        for (at, sentence) in sentences.iter().enumerate() {
            if at > 0 {
                self.put(" ");
            }
            self.sentence(sentence);
        }
    }

    fn list(&mut self, sentences: &[Sentence], class: &str) {
        let _ = writeln!(self.out, "<ul class=\"{class}\">");
        for sentence in sentences {
            self.put("<li>");
            self.sentence(sentence);
            self.put("</li>\n");
        }
        self.put("</ul>\n");
    }

    fn sentence(&mut self, sentence: &Sentence) {
        for part in &sentence.parts {
            match part {
                Part::Text(text) => self.put(&html(text)),
                Part::Code(text) => {
                    let _ = write!(self.out, "<code>{}</code>", html(text));
                }
                Part::Node(node) => self.node(node),
            }
        }
    }

    fn node(&mut self, node: &Reference) {
        let number = self.numbers.get(node.name.as_str()).copied().unwrap_or_default();
        let _ = write!(self.out, "<a class=\"node\" href=\"#n{number}\"");
        if let Some(revision) = &node.revision {
            let revision = html(revision);
            let _ = write!(self.out, " data-revision=\"{revision}\" title=\"revision {revision}\"");
        }
        let _ = write!(self.out, "><bdi>{}</bdi></a>", html(&node.name));
        if let Some(proof) = &node.proof {
            let _ = write!(self.out, " <a class=\"proof\" href=\"{}\">proof</a>", path(proof));
        }
    }

    fn table(&mut self, table: &Table) {
        let _ =
            write!(self.out, "<table>\n<caption>{}</caption>\n<thead><tr>", html(&table.caption));
        for column in &table.columns {
            let class = if column.figures { " class=\"figures\"" } else { "" };
            let _ = write!(self.out, "<th scope=\"col\"{class}>{}</th>", html(&column.head));
        }
        self.put("</tr></thead>\n<tbody>\n");
        for row in &table.rows {
            self.put("<tr>");
            for (at, column) in table.columns.iter().enumerate() {
                self.put(if column.figures { "<td class=\"figures\">" } else { "<td>" });
                if let Some(cell) = row.get(at) {
                    self.sentence(cell);
                }
                self.put("</td>");
            }
            self.put("</tr>\n");
        }
        self.put("</tbody>\n</table>\n");
        if table.omitted > 0 {
            let _ = writeln!(
                self.out,
                "<p class=\"omitted\">{} more rows are counted and not shown.</p>",
                table.omitted
            );
        }
    }

    fn picture(&mut self, picture: &Picture) {
        let name = path(&picture.name);
        let title = html(&picture.title);
        let _ = write!(
            self.out,
            "<figure id=\"picture-{name}\">\n{}\n<figcaption>{title}</figcaption>\n",
            picture.svg.trim()
        );
        self.list(&picture.words, "words");
        self.put("</figure>\n");
    }

    fn gaps(&mut self, gaps: &[Gap]) {
        self.put("<ul class=\"gaps\">\n");
        for gap in gaps {
            let _ = write!(self.out, "<li><strong class=\"lack\">{}</strong> ", gap.lack.words());
            self.sentence(&gap.say);
            if let Some(rule) = &gap.rule {
                let _ = write!(self.out, " <span class=\"rule\">{}</span>", html(rule));
            }
            if let Some(fix) = &gap.fix {
                let _ = write!(
                    self.out,
                    "<br/><span class=\"fix\">to record it: <code>{}</code></span>",
                    html(fix)
                );
            }
            self.put("</li>\n");
        }
        self.put("</ul>\n");
    }

    fn nodes(&mut self, references: &[&Reference]) {
        if references.is_empty() {
            return;
        }
        let has_proofs = references.iter().any(|node| node.proof.is_some());
        self.put(
            "<section id=\"nodes\">\n<h2>Nodes named</h2>\n<table class=\"nodes\">\n\
             <caption>Each node that this report names, with its newest revision at that commit</caption>\n\
             <thead><tr><th scope=\"col\" class=\"figures\">No.</th><th scope=\"col\">node</th>\
             <th scope=\"col\">node id</th><th scope=\"col\">revision</th>",
        );
        if has_proofs {
            self.put("<th scope=\"col\">proof</th>");
        }
        self.put("</tr></thead>\n<tbody>\n");
        for (node, at) in references.iter().zip(1..) {
            let _ = write!(
                self.out,
                "<tr id=\"n{at}\"><td class=\"figures\">{at}</td><td><bdi>{}</bdi></td>\
                 <td><code>{}</code></td><td>",
                html(&node.name),
                html(&node.id)
            );
            match &node.revision {
                Some(revision) => {
                    let _ = write!(self.out, "<code>{}</code>", html(revision));
                }
                None => self.put("none of its own"),
            }
            self.put("</td>");
            if has_proofs {
                self.put("<td>");
                if let Some(proof) = &node.proof {
                    let _ = write!(self.out, "<a href=\"{}\">{}</a>", path(proof), html(proof));
                }
                self.put("</td>");
            }
            self.put("</tr>\n");
        }
        self.put("</tbody>\n</table>\n</section>\n");
    }
}

#[cfg(test)]
mod tests;
