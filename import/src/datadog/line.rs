//! One log line on its way to an event: its members, its tags, and what was found where.

use super::convert::Raw;
use super::document::Document;
use super::json::JsonKind;
use super::plan::{Alternative, CompiledMapping, DOCUMENTS_MAX, PathTree};

/// A place of the mapping at which nothing stands: null or blank. Not repeated in `rest`.
pub(super) const MARK_BLANK: u8 = u8::MAX;
/// No rule took the value: it goes to `rest`.
pub(super) const MARK_REST: u8 = 0;

/// Above this many tags, repeats are found by sorting instead of comparing each with each.
const TAGS_COMPARED_MAX: usize = 32;

/// One value that stands at a place of the mapping.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) at: Spot,
    /// The place is there twice, with different values.
    pub(super) conflict: bool,
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spot {
    /// A node of a document.
    Node { document: usize, node: u32 },
    /// The part of a tag behind its first colon.
    Tag(usize),
}

/// A member of the line under the name the archive frame gives it: a line of the Logs API says
/// `id` and `timestamp` and holds the rest one level deeper.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub(super) node: u32,
    renamed: Option<&'static str>,
}

/// One tag: a part of a text of the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag {
    node: u32,
    start: usize,
    end: usize,
    /// Not a text, so no tag: kept as it is.
    pub(super) odd: bool,
    /// The same tag stands before it; Datadog repeats tags at will.
    pub(super) repeated: bool,
    pub(super) mark: u8,
}

impl Tag {
    pub(super) fn node(self) -> u32 {
        self.node
    }

    pub(super) fn text<'a>(self, line: Document<'a>) -> &'a str {
        line.text(self.node).get(self.start..self.end).unwrap_or_default()
    }
}

/// What is known of the line at hand. The buffers are used again for the next line.
#[derive(Default, Debug)]
pub(super) struct Findings {
    pub(super) members: Vec<Member>,
    pub(super) tags: Vec<Tag>,
    pub(super) slots: Vec<Option<Found>>,
    /// What became of each node of each document: `MARK_REST`, `MARK_BLANK` or a field's number
    /// and one.
    pub(super) marks: Vec<Vec<u8>>,
    /// The roots that are there, one bit each.
    roots: u32,
    /// The root of the line.
    root: Option<usize>,
    /// Whether one of the mapping's marks stands below it.
    settled: bool,
    pub(super) conflicts: bool,
}

/// The documents of a line; the first is the line.
pub(super) type Documents<'a> = [Option<Document<'a>>; DOCUMENTS_MAX];

impl Findings {
    pub(super) fn new(mapping: &CompiledMapping) -> Findings {
        let marks = vec![Vec::new(); mapping.documents.len()];
        Findings { slots: vec![None; mapping.slots], marks, ..Findings::default() }
    }

    /// Reads the frame of a line and finds the mapping's places in it.
    pub(super) fn begin(&mut self, mapping: &CompiledMapping, line: Document<'_>) {
        self.slots.fill(None);
        self.members.clear();
        self.tags.clear();
        self.conflicts = false;
        for marks in &mut self.marks {
            marks.clear();
        }
        self.marks[0].resize(line.len(), MARK_REST);
        let paths = &mapping.documents[0].paths;
        self.roots = paths.roots_at(0);
        self.frame(line);
        for index in 0..self.members.len() {
            let member = self.members[index];
            self.step(line, 0, paths, 0, member.name(line), member.node);
        }
        if let Some(tags) = self.members.iter().find(|member| member.name(line) == "tags") {
            self.read_tags(mapping, line, tags.node);
        }
        self.choose(mapping);
    }

    /// Finds the mapping's places in a further document.
    pub(super) fn read_document(
        &mut self,
        mapping: &CompiledMapping,
        document: usize,
        json: Document<'_>,
    ) {
        self.marks[document].resize(json.len(), MARK_REST);
        let plan = &mapping.documents[document];
        self.roots |= plan.paths.roots_at(0);
        for child in json.children(0) {
            self.step(json, document, &plan.paths, 0, json.key(child), child);
        }
        self.choose(mapping);
    }

    /// The root of the line: the first of the mapping's that is there and has one of its marks below
    /// it, else the first that is there.
    pub(super) fn root(&self) -> Option<usize> {
        self.root
    }

    /// The root where no further one can take its place but one that goes before it.
    pub(super) fn settled_root(&self) -> Option<usize> {
        self.root.filter(|_| self.settled)
    }

    /// Another member of that name must not hide the event: whether a mark is there decides, not what
    /// it says, so that lines of one form have one root.
    fn choose(&mut self, mapping: &CompiledMapping) {
        let is_there = |root: &usize| self.roots & (1 << root) != 0;
        let is_marked = |root: &usize| {
            mapping.event.iter().any(|place| match place {
                Alternative::ByRoot(slots) => self.slots[slots[*root]].is_some(),
                Alternative::Anywhere(_) => false,
            })
        };
        let marked = (0..mapping.roots.len()).filter(is_there).find(is_marked);
        let first = (self.roots != 0).then(|| self.roots.trailing_zeros() as usize);
        self.settled = marked.is_some() || mapping.event.is_empty();
        self.root = marked.or(first);
    }

    /// What stands at an alternative.
    pub(super) fn find(&self, alternative: &Alternative) -> Option<Found> {
        match alternative {
            Alternative::Anywhere(slot) => self.slots[*slot],
            Alternative::ByRoot(slots) => self.slots[slots[self.root?]],
        }
    }

    pub(super) fn mark(&mut self, spot: Spot, mark: u8) {
        match spot {
            Spot::Node { document, node } => self.marks[document][node as usize] = mark,
            Spot::Tag(index) => self.tags[index].mark = mark,
        }
    }

    /// The value at a spot.
    pub(super) fn raw<'a>(&self, documents: &Documents<'a>, spot: Spot) -> Raw<'a> {
        let (document, node) = match spot {
            Spot::Node { document, node } => (document, node),
            Spot::Tag(index) => {
                let Some(line) = documents[0] else { return Raw::Nested };
                let text = self.tags[index].text(line);
                return Raw::Text(text.split_once(':').map_or("", |(_, value)| value));
            }
        };
        let Some(document) = documents[document] else { return Raw::Nested };
        match document.kind(node) {
            JsonKind::Text => Raw::Text(document.text(node)),
            JsonKind::Number => Raw::Number(document.text(node)),
            JsonKind::Bool => Raw::Bool(document.text(node) == "true"),
            JsonKind::Null | JsonKind::List | JsonKind::Object => Raw::Nested,
        }
    }

    /// Lists the members of the line, a line of the Logs API under the archive's names.
    fn frame(&mut self, line: Document<'_>) {
        let from_api = from_logs_api(line);
        for node in line.children(0) {
            match (from_api, line.key(node)) {
                (Some(_), "id") => self.members.push(Member { node, renamed: Some("_id") }),
                // The kind of the API's object; nothing of the log.
                (Some(_), "type") if line.text(node) == "log" => {
                    self.marks[0][node as usize] = MARK_BLANK;
                }
                (Some(attributes), _) if attributes == node => {
                    for node in line.children(attributes) {
                        let renamed = (line.key(node) == "timestamp").then_some("date");
                        self.members.push(Member { node, renamed });
                    }
                }
                _ => self.members.push(Member { node, renamed: None }),
            }
        }
    }

    /// Follows one member into the tree of paths; its name may be several steps with dots.
    fn step(
        &mut self,
        json: Document<'_>,
        document: usize,
        paths: &PathTree,
        from: usize,
        name: &str,
        node: u32,
    ) {
        let mut at = from;
        let mut rest = name;
        loop {
            let (head, tail) = match rest.split_once('.') {
                Some((head, tail)) => (head, Some(tail)),
                None => (rest, None),
            };
            let Some(child) = paths.child(at, head) else { return };
            at = child;
            let Some(tail) = tail else { break };
            // `ai.anything` shows that the root `ai` is there, whatever the rest of the name is.
            self.roots |= paths.roots_at(at);
            rest = tail;
        }
        let kind = json.kind(node);
        if let Some(slot) = paths.slot_at(at) {
            if kind == JsonKind::Null {
                self.marks[document][node as usize] = MARK_BLANK;
            } else {
                self.fill(slot, json, document, node);
            }
        }
        if kind == JsonKind::Object {
            self.roots |= paths.roots_at(at);
            if paths.leads_on(at) {
                for child in json.children(node) {
                    self.step(json, document, paths, at, json.key(child), child);
                }
            }
        }
    }

    fn fill(&mut self, slot: usize, json: Document<'_>, document: usize, node: u32) {
        let found = Found { at: Spot::Node { document, node }, conflict: false };
        match &mut self.slots[slot] {
            empty @ None => *empty = Some(found),
            Some(Found { at: Spot::Node { node: first, .. }, conflict }) => {
                if json.same(*first, node) {
                    self.marks[document][node as usize] = MARK_BLANK;
                } else {
                    *conflict = true;
                    self.conflicts = true;
                }
            }
            Some(_) => {}
        }
    }

    /// Lists the tags, `["env:prod", ...]` or `"env:prod,..."`, and fills their slots.
    fn read_tags(&mut self, mapping: &CompiledMapping, line: Document<'_>, node: u32) {
        let whole = |node: u32, odd: bool| Tag {
            node,
            start: 0,
            end: line.text(node).len(),
            odd,
            repeated: false,
            mark: MARK_REST,
        };
        match line.kind(node) {
            JsonKind::List => {
                for child in line.children(node) {
                    self.tags.push(whole(child, line.kind(child) != JsonKind::Text));
                }
            }
            JsonKind::Text => {
                let mut start = 0;
                for text in line.text(node).split(',') {
                    let end = start + text.len();
                    self.tags.push(Tag { start, end, ..whole(node, false) });
                    start = end + 1;
                }
            }
            _ => return,
        }
        self.find_repeats(line);
        for (index, tag) in self.tags.iter().enumerate() {
            if tag.odd || tag.repeated {
                continue;
            }
            let Some((name, _)) = tag.text(line).split_once(':') else { continue };
            if let Some((_, slot)) = mapping.tags.iter().find(|(known, _)| known == name) {
                let found = Found { at: Spot::Tag(index), conflict: false };
                self.slots[*slot].get_or_insert(found);
            }
        }
    }

    fn find_repeats(&mut self, line: Document<'_>) {
        if self.tags.len() <= TAGS_COMPARED_MAX {
            for index in 1..self.tags.len() {
                let tag = self.tags[index];
                let text = tag.text(line);
                let before = &self.tags[..index];
                self.tags[index].repeated =
                    !tag.odd && before.iter().any(|other| !other.odd && other.text(line) == text);
            }
            return;
        }
        let mut order: Vec<usize> = (0..self.tags.len()).filter(|at| !self.tags[*at].odd).collect();
        order.sort_by_key(|at| (self.tags[*at].text(line), *at));
        for pair in order.windows(2) {
            let same = self.tags[pair[0]].text(line) == self.tags[pair[1]].text(line);
            self.tags[pair[1]].repeated = same;
        }
    }
}

impl Member {
    pub(super) fn name<'a>(self, line: Document<'a>) -> &'a str {
        self.renamed.unwrap_or_else(|| line.key(self.node))
    }
}

/// The `attributes` of a line of the Logs API: `{"id", "type", "attributes": {"timestamp", ...}}`; version
/// 1 calls them `content`.
fn from_logs_api(line: Document<'_>) -> Option<u32> {
    line.member(0, "id")?;
    let attributes = line.member(0, "attributes").or_else(|| line.member(0, "content"))?;
    let framed = ["_id", "date", "message"].iter().any(|name| line.member(0, name).is_some());
    let inside =
        line.kind(attributes) == JsonKind::Object && line.member(attributes, "timestamp").is_some();
    (inside && !framed).then_some(attributes)
}
