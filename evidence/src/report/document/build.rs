//! How a report is put together: sections, sentences and tables, piece by piece.

use super::{Block, Column, Document, Fact, Gap, Lack, Part, Reference, Section, Sentence, Table};
use crate::{Closure, Member};
use lineal_engine::schema::Kind;
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::KeyPart;

impl Document {
    /// A report without content.
    #[must_use]
    pub fn new(kind: impl Into<String>, title: impl Into<String>) -> Document {
        Document { title: title.into(), kind: kind.into(), facts: Vec::new(), sections: Vec::new() }
    }

    /// Adds a line to the head.
    #[must_use]
    pub fn fact(mut self, label: impl Into<String>, value: impl Into<Sentence>) -> Document {
        self.facts.push(Fact { label: label.into(), value: value.into() });
        self
    }

    /// Adds a section.
    #[must_use]
    pub fn section(mut self, section: Section) -> Document {
        self.sections.push(section);
        self
    }
}

impl Section {
    /// A section without content.
    #[must_use]
    pub fn new(heading: impl Into<String>) -> Section {
        Section { heading: heading.into(), ..Section::default() }
    }

    /// Says where its place in the report comes from.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Section {
        self.source = Some(source.into());
        self
    }

    /// Adds a piece. What is empty (a list without entries, a table without rows) is left out.
    #[must_use]
    pub fn block(mut self, block: Block) -> Section {
        self.push(block);
        self
    }

    /// Adds a piece, as [`Section::block`] does.
    pub fn push(&mut self, block: Block) {
        let is_empty = match &block {
            Block::Paragraph(sentences) | Block::List(sentences) => sentences.is_empty(),
            Block::Table(table) => table.rows.is_empty(),
            Block::Gaps(gaps) => gaps.is_empty(),
            Block::Picture(_) => false,
        };
        if !is_empty {
            self.blocks.push(block);
        }
    }

    /// Adds a paragraph of one sentence.
    #[must_use]
    pub fn say(self, sentence: impl Into<Sentence>) -> Section {
        self.block(Block::Paragraph(vec![sentence.into()]))
    }

    /// Adds a section below it.
    #[must_use]
    pub fn section(mut self, section: Section) -> Section {
        self.sections.push(section);
        self
    }
}

impl Sentence {
    /// An empty one: a cell that holds nothing.
    #[must_use]
    pub fn new() -> Sentence {
        Sentence::default()
    }

    /// Adds text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Sentence {
        self.parts.push(Part::Text(text.into()));
        self
    }

    /// Adds what is copied letter by letter.
    #[must_use]
    pub fn code(mut self, code: impl Into<String>) -> Sentence {
        self.parts.push(Part::Code(code.into()));
        self
    }

    /// Names a node.
    #[must_use]
    pub fn node(mut self, node: impl Into<Reference>) -> Sentence {
        self.parts.push(Part::Node(node.into()));
        self
    }

    /// Names nodes, commas between.
    #[must_use]
    pub fn nodes<T: Into<Reference>>(mut self, nodes: impl IntoIterator<Item = T>) -> Sentence {
        for (at, node) in nodes.into_iter().enumerate() {
            if at > 0 {
                self = self.text(", ");
            }
            self = self.node(node);
        }
        self
    }
}

impl From<&str> for Sentence {
    fn from(text: &str) -> Sentence {
        Sentence::new().text(text)
    }
}

impl From<String> for Sentence {
    fn from(text: String) -> Sentence {
        Sentence::new().text(text)
    }
}

impl From<Reference> for Sentence {
    fn from(node: Reference) -> Sentence {
        Sentence::new().node(node)
    }
}

impl Reference {
    /// A node of a view. A person stands under a key.
    #[must_use]
    pub fn at(view: &Snapshot, node: NodeNo) -> Reference {
        let name = match (view.kind_of(node), view.key_of(node).0.first()) {
            (Kind::Actor, Some(KeyPart::Text(key))) => format!("actor:{key}"),
            _ => view.name_of(node),
        };
        Reference {
            name,
            id: view.node_id(node).to_string(),
            revision: view.revision_id(node).map(|revision| revision.to_string()),
            proof: None,
        }
    }

    /// A member of a closure, by its place.
    #[must_use]
    pub fn member(closure: &Closure, at: usize) -> Reference {
        Reference::from(&closure.members[at])
    }
}

impl From<&Member> for Reference {
    fn from(member: &Member) -> Reference {
        Reference {
            name: member.name.clone(),
            id: member.id.to_string(),
            revision: member.revision.map(|revision| revision.to_string()),
            proof: None,
        }
    }
}

impl Table {
    /// A table without rows. A head that begins with `#` is a column of figures, and is shown without it.
    #[must_use]
    pub fn new(caption: impl Into<String>, heads: &[&str]) -> Table {
        let column = |head: &&str| Column {
            head: head.trim_start_matches('#').to_owned(),
            figures: head.starts_with('#'),
        };
        Table {
            caption: caption.into(),
            columns: heads.iter().map(column).collect(),
            ..Table::default()
        }
    }

    /// Adds a row; rows beyond `most` are counted and not shown.
    pub fn push(&mut self, row: Vec<Sentence>, most: usize) {
        if self.rows.len() < most {
            self.rows.push(row);
        } else {
            self.omitted += 1;
        }
    }
}

impl Gap {
    /// Something that lacks.
    #[must_use]
    pub fn new(lack: Lack, say: impl Into<Sentence>) -> Gap {
        Gap { lack, say: say.into(), rule: None, fix: None }
    }

    /// Names the command that would record it.
    #[must_use]
    pub fn fix(mut self, command: impl Into<String>) -> Gap {
        self.fix = Some(command.into());
        self
    }

    /// Names the rule that asks for it.
    #[must_use]
    pub fn rule(mut self, rule: impl Into<String>) -> Gap {
        self.rule = Some(rule.into());
        self
    }
}
