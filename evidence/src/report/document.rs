//! The model of a report: headings, sentences that name the nodes they rest on, tables, pictures and
//! lists of what is not recorded.
//!
//! It knows no renderer and no law. The same document gives the same Markdown, HTML and JSON, byte
//! for byte: nothing here reads a clock, and whoever fills it gives the order.

mod build;

use serde::Serialize;
use std::collections::BTreeMap;

/// A report.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Document {
    /// What it is a report of, as a heading: `Technical documentation: system:credit-scoring`.
    pub title: String,
    /// What it is, in a word for programs: `annex-iv`, `oversight`, `incident`.
    pub kind: String,
    /// What a reader wants to know first: of what, as of when, under which checkpoint.
    pub facts: Vec<Fact>,
    /// The parts, in reading order.
    pub sections: Vec<Section>,
}

/// A line of the head of a report.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Fact {
    /// What it tells: `as of`.
    pub label: String,
    /// What holds.
    pub value: Sentence,
}

/// A heading with what stands below it. Sections nest; renderers have headings for four levels, and
/// what lies deeper is shown as the fourth.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Section {
    /// The heading, with its number if it has one: `2. Development`.
    pub heading: String,
    /// Where the order of the report comes from, in words: an article of a law. Shown below the heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What stands below the heading.
    pub blocks: Vec<Block>,
    /// Sections below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<Section>,
}

/// A piece of a section.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// Sentences that follow each other.
    Paragraph(Vec<Sentence>),
    /// Sentences below each other.
    List(Vec<Sentence>),
    /// A table.
    Table(Table),
    /// A picture, with the same in words.
    Picture(Picture),
    /// What is not recorded, or cannot be told.
    Gaps(Vec<Gap>),
}

/// A statement: text in which nodes are named.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Sentence {
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a statement.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text as it is meant: renderers escape it.
    Text(String),
    /// A command, a field, a digest: what is copied letter by letter.
    Code(String),
    /// A node that the statement rests on.
    Node(Reference),
}

/// A node that a statement rests on. Two references are of one thing if their names are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize)]
pub struct Reference {
    /// What it is called, as it can be pasted into a question: `model:prod/credit@3`. A person stands
    /// under a key, never under a name.
    pub name: String,
    /// Its node id, hexadecimal; the id of an event, for one.
    pub id: String,
    /// The newest revision that the statement rests on, hexadecimal; absent of what is only referred to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The file with its proof, a path in the pack: `proofs/…`; absent outside a pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

/// A table.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Table {
    /// What it holds, in a phrase.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows; one cell a column. A row that is shorter is filled with empty cells.
    pub rows: Vec<Vec<Sentence>>,
    /// Rows that are counted and not shown.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A column of a table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Column {
    /// Its head.
    pub head: String,
    /// Are its cells figures? They stand at the right.
    pub figures: bool,
}

/// A picture, which is never the only place where something is said.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Picture {
    /// A word for the name of its file, unique in a document: `lineage`.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The same in words, for who does not see it and for Markdown.
    pub words: Vec<Sentence>,
    /// The picture: one `<svg>` element, well-formed, without script and without outer resources.
    pub svg: String,
}

/// Something that a reader would look for and does not find.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Gap {
    /// In which way it lacks.
    pub lack: Lack,
    /// What lacks, of which node.
    pub say: Sentence,
    /// The rule that asks for it, by its id, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The command that would record it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// In which way something lacks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Nothing is recorded.
    NotRecorded,
    /// What is recorded is late, incomplete, or less than a rule asks for.
    Gap,
    /// Two records contradict each other.
    Conflict,
    /// What is recorded does not tell.
    CannotTell,
    /// A person would have to declare something first.
    Undeclared,
    /// A named person left it as it is.
    Waived,
    /// It was recorded and is destroyed, or hidden on a decision.
    Removed,
}

impl Lack {
    /// As it is written in a report.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Lack::NotRecorded => "not recorded",
            Lack::Gap => "gap",
            Lack::Conflict => "conflict",
            Lack::CannotTell => "cannot tell",
            Lack::Undeclared => "not declared",
            Lack::Waived => "waived",
            Lack::Removed => "removed",
        }
    }
}

impl Document {
    /// All nodes that it names, by name, each once.
    #[must_use]
    pub fn references(&self) -> Vec<&Reference> {
        let mut found = BTreeMap::new();
        self.each_sentence(&mut |sentence| {
            for part in &sentence.parts {
                if let Part::Node(node) = part {
                    found.entry(node.name.as_str()).or_insert(node);
                }
            }
        });
        found.into_values().collect()
    }

    /// Gives each reference the path of its proof: what a pack calls when it knows which files it holds.
    pub fn link_proofs(&mut self, path: &mut dyn FnMut(&Reference) -> Option<String>) {
        for fact in &mut self.facts {
            fact.value.link(path);
        }
        for section in &mut self.sections {
            section.each_mut(&mut |sentence| sentence.link(path));
        }
    }

    /// Puts words in the place of the nodes that are not to be named: `instead` gives them, or nothing where
    /// the name stays. What a pack for third parties calls.
    pub fn withhold(&mut self, instead: &dyn Fn(&Reference) -> Option<&'static str>) {
        let facts = self.facts.iter_mut().map(|fact| &mut fact.value);
        facts.for_each(|sentence| sentence.withhold(instead));
        for section in &mut self.sections {
            section.each_mut(&mut |sentence| sentence.withhold(instead));
        }
    }

    /// All pictures, in reading order.
    #[must_use]
    pub fn pictures(&self) -> Vec<&Picture> {
        fn collect<'a>(section: &'a Section, found: &mut Vec<&'a Picture>) {
            found.extend(section.blocks.iter().filter_map(|block| match block {
                Block::Picture(picture) => Some(picture),
                _ => None,
            }));
            section.sections.iter().for_each(|section| collect(section, found));
        }
        let mut found = Vec::new();
        self.sections.iter().for_each(|section| collect(section, &mut found));
        found
    }

    /// Walks over all sentences, in reading order.
    pub fn each_sentence<'a>(&'a self, visit: &mut dyn FnMut(&'a Sentence)) {
        self.facts.iter().for_each(|fact| visit(&fact.value));
        self.sections.iter().for_each(|section| section.each_sentence(visit));
    }

    /// For programs. Indented, with a line end.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_value(self).unwrap_or_default();
        format!("{json:#}\n")
    }

    /// One self-contained HTML file, which is well-formed XML too: style inside, no script, no outer
    /// resource.
    #[must_use]
    pub fn to_html(&self) -> String {
        super::html::write(self)
    }

    /// Markdown (`CommonMark` with tables). Pictures are told in words; with the folder in which they
    /// lie as `NAME.svg` they are shown too.
    #[must_use]
    pub fn to_markdown(&self, pictures: Option<&str>) -> String {
        super::markdown::write(self, pictures)
    }
}

impl Section {
    fn each_sentence<'a>(&'a self, visit: &mut dyn FnMut(&'a Sentence)) {
        for block in &self.blocks {
            match block {
                Block::Paragraph(sentences) | Block::List(sentences) => {
                    sentences.iter().for_each(&mut *visit);
                }
                Block::Table(table) => table.rows.iter().flatten().for_each(&mut *visit),
                Block::Picture(picture) => picture.words.iter().for_each(&mut *visit),
                Block::Gaps(gaps) => gaps.iter().for_each(|gap| visit(&gap.say)),
            }
        }
        self.sections.iter().for_each(|section| section.each_sentence(visit));
    }

    fn each_mut(&mut self, visit: &mut dyn FnMut(&mut Sentence)) {
        for block in &mut self.blocks {
            let sentences: Vec<&mut Sentence> = match block {
                Block::Paragraph(sentences) | Block::List(sentences) => {
                    sentences.iter_mut().collect()
                }
                Block::Table(table) => table.rows.iter_mut().flatten().collect(),
                Block::Picture(picture) => picture.words.iter_mut().collect(),
                Block::Gaps(gaps) => gaps.iter_mut().map(|gap| &mut gap.say).collect(),
            };
            sentences.into_iter().for_each(&mut *visit);
        }
        self.sections.iter_mut().for_each(|section| section.each_mut(visit));
    }
}

impl Sentence {
    /// The words alone, without marks of any form.
    #[must_use]
    pub fn plain(&self) -> String {
        let words = self.parts.iter().map(|part| match part {
            Part::Text(text) | Part::Code(text) => text.as_str(),
            Part::Node(node) => node.name.as_str(),
        });
        words.collect()
    }

    /// Does it name a node?
    #[must_use]
    pub fn has_node(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Node(_)))
    }

    fn withhold(&mut self, instead: &dyn Fn(&Reference) -> Option<&'static str>) {
        for part in &mut self.parts {
            if let Part::Node(node) = part
                && let Some(words) = instead(node)
            {
                *part = Part::Text(words.to_owned());
            }
        }
    }

    fn link(&mut self, path: &mut dyn FnMut(&Reference) -> Option<String>) {
        for part in &mut self.parts {
            if let Part::Node(node) = part {
                node.proof = path(node);
            }
        }
    }
}
