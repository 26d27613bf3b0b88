//! A mapping, resolved: every place it names has a slot, and the paths of one document stand in
//! one tree, so that a line is walked once whatever the mapping asks for.

use lineal_engine::event_fields::EventField;

use crate::mapping::datadog::{Convert, DatadogMapping, FieldRule, MappingError};
use crate::mapping::datadog_place::{Place, Root};

/// Most texts of a line that are read as JSON. Each costs a parse of every line.
pub const DOCUMENTS_MAX: usize = 16;

/// A mapping that lines can be translated with. Made once, shared by all threads.
#[derive(Debug)]
pub struct CompiledMapping {
    /// The line itself, then the texts that hold JSON; those that may be roots first, and each
    /// after the one its text stands in.
    pub(super) documents: Vec<DocumentPlan>,
    /// Names of tags and their slots.
    pub(super) tags: Vec<(String, usize)>,
    /// The roots, as the mapping spells them.
    pub(super) roots: Vec<String>,
    pub(super) event: Vec<Alternative>,
    pub(super) fields: Vec<FieldPlan>,
    pub(super) slots: usize,
    pub(super) identity: Vec<usize>,
    indexed: Vec<EventField>,
}

/// One document: the line, or a text in it.
#[derive(Debug)]
pub(super) struct DocumentPlan {
    /// Where the text stands, for a document that is not the line.
    pub(super) text: Option<Alternative>,
    /// As the mapping spells that.
    pub(super) spelled: String,
    /// The first of the roots that stand in it, if one may.
    pub(super) root: Option<usize>,
    /// Whether rules name it outright, so that it is read even when another root was found.
    pub(super) named: bool,
    pub(super) paths: PathTree,
}

/// Where to look for a value.
#[derive(Clone, Debug)]
pub(super) enum Alternative {
    /// In this slot.
    Anywhere(usize),
    /// In the slot that belongs to the root of the line.
    ByRoot(Vec<usize>),
}

/// One field's rule.
#[derive(Debug)]
pub(super) struct FieldPlan {
    pub(super) field: EventField,
    pub(super) from: Vec<Alternative>,
    pub(super) convert: Convert,
    pub(super) default: Option<String>,
    pub(super) required: bool,
}

/// The paths that are looked for in one document.
#[derive(Debug)]
pub(super) struct PathTree {
    steps: Vec<Step>,
}

#[derive(Default, Debug)]
struct Step {
    children: Vec<(String, usize)>,
    slot: Option<usize>,
    roots: u32,
}

impl CompiledMapping {
    /// Resolves a mapping.
    ///
    /// # Errors
    /// More than [`DOCUMENTS_MAX`] different texts are to be read as JSON.
    pub fn new(mapping: &DatadogMapping) -> Result<CompiledMapping, MappingError> {
        let line = DocumentPlan {
            text: None,
            spelled: String::new(),
            root: None,
            named: true,
            paths: PathTree::new(),
        };
        let mut compiler = Compiler {
            roots: &mapping.roots,
            root_documents: Vec::new(),
            documents: vec![line],
            texts: Vec::new(),
            tags: Vec::new(),
            slots: 0,
        };
        compiler.roots();
        let event = mapping.event.iter().map(|place| compiler.alternative(place)).collect();
        let fields: Vec<_> = mapping.fields.iter().map(|rule| compiler.field(rule)).collect();
        if compiler.documents.len() > DOCUMENTS_MAX {
            return Err(MappingError::Form {
                key: "datadog".to_owned(),
                expected: format!("at most {} different json(...) texts", DOCUMENTS_MAX - 1),
            });
        }
        let names = |field| matches!(field, EventField::EventId | EventField::LogId);
        Ok(CompiledMapping {
            identity: (0..fields.len()).filter(|index| names(fields[*index].field)).collect(),
            documents: compiler.documents,
            tags: compiler.tags,
            roots: mapping.roots.iter().map(ToString::to_string).collect(),
            event,
            fields,
            slots: compiler.slots,
            indexed: mapping.indexed.clone(),
        })
    }

    /// The built-in mapping, resolved.
    ///
    /// # Errors
    /// Never in a tested build.
    pub fn built_in() -> Result<CompiledMapping, MappingError> {
        CompiledMapping::new(&DatadogMapping::built_in()?)
    }

    /// The fields whose values can be looked up.
    #[must_use]
    pub fn indexed(&self) -> &[EventField] {
        &self.indexed
    }

    /// The fields without which a line is no event.
    pub fn required(&self) -> impl Iterator<Item = EventField> + '_ {
        self.fields.iter().filter(|plan| plan.required).map(|plan| plan.field)
    }
}

struct Compiler<'m> {
    roots: &'m [Root],
    /// The document of each root: 0 for a path of the line.
    root_documents: Vec<usize>,
    documents: Vec<DocumentPlan>,
    /// The documents' texts, from the second document on.
    texts: Vec<Place>,
    tags: Vec<(String, usize)>,
    slots: usize,
}

impl Compiler<'_> {
    fn roots(&mut self) {
        for (index, root) in self.roots.iter().enumerate() {
            let document = match root {
                Root::Line(path) => {
                    self.documents[0].paths.mark_root(path, index);
                    0
                }
                Root::Json { text, path } => {
                    let document = self.document(text);
                    self.documents[document].root.get_or_insert(index);
                    self.documents[document].paths.mark_root(path, index);
                    document
                }
            };
            self.root_documents.push(document);
        }
    }

    fn field(&mut self, rule: &FieldRule) -> FieldPlan {
        FieldPlan {
            field: rule.field,
            from: rule.from.iter().map(|place| self.alternative(place)).collect(),
            convert: rule.convert,
            default: rule.default.clone(),
            required: rule.required,
        }
    }

    fn alternative(&mut self, place: &Place) -> Alternative {
        match place {
            Place::Line(path) => Alternative::Anywhere(self.path_slot(0, path)),
            Place::Tag(name) => Alternative::Anywhere(self.tag_slot(name)),
            Place::Json { text, path } => {
                let document = self.document(text);
                self.documents[document].named = true;
                Alternative::Anywhere(self.path_slot(document, path))
            }
            Place::Relative(path) => {
                let roots = self.roots;
                let slot = |(index, root): (usize, &Root)| {
                    let document = self.root_documents[index];
                    match root {
                        Root::Line(prefix) | Root::Json { path: prefix, .. } => {
                            match prefix.is_empty() {
                                true => self.path_slot(document, path),
                                false => self.path_slot(document, &format!("{prefix}.{path}")),
                            }
                        }
                    }
                };
                Alternative::ByRoot(roots.iter().enumerate().map(slot).collect())
            }
        }
    }

    fn document(&mut self, text: &Place) -> usize {
        if let Some(known) = self.texts.iter().position(|known| known == text) {
            return known + 1;
        }
        let source = self.alternative(text);
        self.texts.push(text.clone());
        self.documents.push(DocumentPlan {
            text: Some(source),
            spelled: text.to_string(),
            root: None,
            named: false,
            paths: PathTree::new(),
        });
        self.documents.len() - 1
    }

    fn path_slot(&mut self, document: usize, path: &str) -> usize {
        let next = self.slots;
        let slot = self.documents[document].paths.slot(path, next);
        self.slots = self.slots.max(slot + 1);
        slot
    }

    fn tag_slot(&mut self, name: &str) -> usize {
        if let Some((_, slot)) = self.tags.iter().find(|(known, _)| known == name) {
            return *slot;
        }
        self.tags.push((name.to_owned(), self.slots));
        self.slots += 1;
        self.slots - 1
    }
}

impl PathTree {
    fn new() -> PathTree {
        PathTree { steps: vec![Step::default()] }
    }

    /// The slot of a path; `next` if it has none yet.
    fn slot(&mut self, path: &str, next: usize) -> usize {
        let at = self.reach(path);
        *self.steps[at].slot.get_or_insert(next)
    }

    fn mark_root(&mut self, path: &str, root: usize) {
        let at = if path.is_empty() { 0 } else { self.reach(path) };
        self.steps[at].roots |= 1 << root;
    }

    fn reach(&mut self, path: &str) -> usize {
        let mut at = 0;
        for name in path.split('.') {
            at = match self.child(at, name) {
                Some(child) => child,
                None => {
                    self.steps.push(Step::default());
                    let child = self.steps.len() - 1;
                    self.steps[at].children.push((name.to_owned(), child));
                    child
                }
            };
        }
        at
    }

    /// The step below `at` of that name. Steps have few children: comparing beats hashing.
    pub(super) fn child(&self, at: usize, name: &str) -> Option<usize> {
        let children = &self.steps[at].children;
        children.iter().find(|(known, _)| known == name).map(|(_, child)| *child)
    }

    pub(super) fn slot_at(&self, at: usize) -> Option<usize> {
        self.steps[at].slot
    }

    /// The roots that stand here, one bit each.
    pub(super) fn roots_at(&self, at: usize) -> u32 {
        self.steps[at].roots
    }

    pub(super) fn leads_on(&self, at: usize) -> bool {
        !self.steps[at].children.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compile(text: &str) -> Result<CompiledMapping, MappingError> {
        CompiledMapping::new(&DatadogMapping::parse_text(text)?)
    }

    #[test]
    fn a_relative_path_has_a_slot_for_each_root() {
        let mapping = CompiledMapping::built_in().expect("built in");
        assert_eq!(mapping.documents.len(), 2);
        assert_eq!(mapping.documents[1].root, Some(2));
        let name = mapping.fields.iter().find(|plan| plan.field == EventField::ModelName);
        let Alternative::ByRoot(slots) = &name.expect("mapped").from[0] else { panic!("relative") };
        assert_eq!(slots.len(), 5);
        assert_ne!(slots[0], slots[1]);
        assert_eq!(mapping.required().collect::<Vec<_>>(), [EventField::Time]);
    }

    #[test]
    fn equal_places_share_a_slot() {
        let mapping = compile(
            "[datadog]\nroots = [\"attributes\"]\n[datadog.fields]\ntime = \"date\"\n\
             system = \"attributes:date\"\nhost = \"tag:host\"\nservice = \"tag:host\"\n",
        )
        .expect("compiles");
        assert_eq!(mapping.slots, 2);
    }

    #[test]
    fn the_number_of_documents_is_bounded() {
        let places: Vec<_> = (0..16).map(|n| format!("\"json(tag:t{n}).x\"")).collect();
        let text = format!(
            "[datadog]\nroots = [\"attributes\"]\n[datadog.fields]\ntime = [{}]\n",
            places.join(", ")
        );
        let refused = compile(&text).expect_err("too many");
        assert_eq!(
            refused.to_string(),
            "mapping, datadog: expected at most 15 different json(...) texts"
        );
    }
}
