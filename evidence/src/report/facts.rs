//! What a report is made of: a view, what counts as today, and what is asked for.

use super::asks::{Asks, Field};
use super::document::{Block, Document, Gap, Lack, Reference, Section, Sentence};
use super::words::{NOT_RECORDED, counted, kind_words, recorded, thousands};
use crate::check::{Part, around, header_of, time_text};
use crate::{Closure, Error};
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{HoldInfo, HoldScope, NodeNo, Snapshot, Store};
use lineal_proof::{Map, Value};
use lineal_query::told::type_of;
use lineal_query::{Answer, Limits, Machine, Parameters, Prepared, Request, State, StoreView};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Instant;

/// Rows of a table; all are counted. A person reads no more, and a program asks the store itself.
pub(super) const ROWS_SHOWN: usize = 200;
/// Nodes that one line names of those that lack the same; all are counted.
const NAMED_MAX: usize = 5;

/// What a report is made of.
pub struct Facts<'a> {
    pub(super) store: &'a Store,
    view: &'a StoreView,
    /// The same view for questions: persons stand in their answers under keys.
    asked: StoreView,
    /// Who is asked in its place, where only a part of it may be seen.
    part: Option<&'a dyn Part>,
    pub(super) asks: Asks,
    pub(super) now: i64,
    names_persons: bool,
    /// Is it for a third party: without the words of who holds, and without what belongs to others?
    pub(super) withholds: bool,
    /// Is it told why something is held?
    with_reasons: bool,
    pub(super) limits: Limits<'a>,
    /// The node that was looked at last: one is asked for several fields.
    last: RefCell<Option<(NodeNo, Rc<Open>)>>,
}

/// The fields of a node that are not sealed, and the names of those that are.
type Open = (Map, BTreeSet<String>);

impl<'a> Facts<'a> {
    /// Of a store, in a view of it. `now` is what counts as today, ns.
    ///
    /// # Errors
    /// [`Error::ReportData`] if the file of what is asked for cannot be used: never, as a test holds.
    pub fn new(store: &'a Store, view: &'a StoreView, now: i64) -> Result<Facts<'a>, Error> {
        let (asks, last) = (Asks::built_in()?, RefCell::default());
        let asked = view.clone().with_keys_of_persons();
        let limits = Limits::default();
        let (names_persons, withholds, with_reasons) = (false, false, true);
        Ok(Facts {
            store,
            view,
            asked,
            part: None,
            asks,
            now,
            names_persons,
            withholds,
            with_reasons,
            limits,
            last,
        })
    }

    /// With the names of persons beside their keys, where the view can open them: for those who may
    /// see them.
    #[must_use]
    pub fn naming_persons(self) -> Facts<'a> {
        Facts { names_persons: true, ..self }
    }

    /// Of a part of the view alone, of which all questions are asked; the view must be narrowed to its events.
    #[must_use]
    pub fn of_part(self, part: &'a dyn Part) -> Facts<'a> {
        Facts { part: Some(part), ..self }
    }

    /// May a node be named?
    pub(super) fn sees(&self, node: NodeNo) -> bool {
        self.part.is_none_or(|part| part.sees(node))
    }

    /// For a third party: why something is held is not told, and what belongs to other systems is
    /// counted and not named.
    #[must_use]
    pub fn withholding(self) -> Facts<'a> {
        Facts { withholds: true, with_reasons: false, ..self }
    }

    /// Without why something is held: for those who may read lineage and no holds.
    #[must_use]
    pub fn without_reasons(self) -> Facts<'a> {
        Facts { with_reasons: false, ..self }
    }

    /// With other bounds of its questions: what reaches one is no report.
    #[must_use]
    pub fn within(self, limits: Limits<'a>) -> Facts<'a> {
        Facts { limits, ..self }
    }

    /// What a node rests on.
    pub(super) fn closure(&self, node: NodeNo) -> Result<Closure, Error> {
        Closure::within(self.snapshot(), node, &|_| true, &|| goes_on(&self.limits))
    }

    /// Why something is held, as far as that is told.
    pub(super) fn reason(&self, hold: &HoldInfo) -> Sentence {
        if self.with_reasons { hold.reason.as_str() } else { "withheld" }.into()
    }

    pub(super) fn snapshot(&self) -> &'a Snapshot {
        self.view.snapshot()
    }

    /// A node, to be named in a sentence.
    pub(super) fn at(&self, node: NodeNo) -> Reference {
        Reference::at(self.snapshot(), node)
    }

    /// A sentence that is a node alone; of a person with the name, where that is wanted and known.
    pub(super) fn cell(&self, node: NodeNo) -> Sentence {
        self.named(node, Sentence::from(self.at(node)))
    }

    /// A sentence about a node with the name of the person behind it, where that is wanted and known.
    fn named(&self, node: NodeNo, sentence: Sentence) -> Sentence {
        if !self.names_persons || self.snapshot().kind_of(node) != Kind::Actor {
            return sentence;
        }
        match self.snapshot().field(node, "name") {
            Ok(Some(Value::Text(name))) => sentence.text(format!(" ({name})")),
            _ => sentence,
        }
    }

    /// Nodes as a list in a cell, or that none is recorded.
    pub(super) fn cells(&self, nodes: impl IntoIterator<Item = NodeNo>) -> Sentence {
        let mut nodes: Vec<NodeNo> = nodes.into_iter().collect();
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.is_empty() {
            return NOT_RECORDED.into();
        }
        let mut sentence = Sentence::new();
        for (at, node) in nodes.iter().enumerate() {
            if at > 0 {
                sentence = sentence.text(", ");
            }
            sentence.parts.extend(self.cell(*node).parts);
        }
        sentence
    }

    /// Who reviewed an event that is told, by the key in its row. What a question about the event would tell is
    /// told here too, the name where that is wanted, also where the node of the person is not seen.
    pub(super) fn reviewer(&self, key: &str) -> Sentence {
        let node = self.snapshot().node_with_key(Kind::Actor, &lineal_proof::Key::text(key));
        match node.filter(|node| !self.sees(*node)) {
            Some(node) => self.named(node, Sentence::new().code(format!("actor:{key}"))),
            None => self.person(key),
        }
    }

    /// A person by the key of whom a record names: the node where there is one.
    pub(super) fn person(&self, key: &str) -> Sentence {
        let node = self.snapshot().node_with_key(Kind::Actor, &lineal_proof::Key::text(key));
        match node.filter(|node| self.sees(*node)) {
            Some(node) => self.cell(node),
            None => Sentence::new().code(format!("actor:{key}")),
        }
    }

    /// What a node says without what is sealed: what is told here leaves the hands of who may read that.
    fn open(&self, node: NodeNo) -> Result<Rc<Open>, Error> {
        if let Some((last, open)) = &*self.last.borrow()
            && *last == node
        {
            return Ok(Rc::clone(open));
        }
        let open = Rc::new(self.snapshot().open_fields(node)?);
        *self.last.borrow_mut() = Some((node, Rc::clone(&open)));
        Ok(open)
    }

    /// A field that is not sealed.
    pub(super) fn value(&self, node: NodeNo, field: &str) -> Result<Option<Value>, Error> {
        Ok(self.open(node)?.0.get(field).cloned())
    }

    /// Is a field sealed of a node?
    pub(super) fn is_sealed(&self, node: NodeNo, field: &str) -> Result<bool, Error> {
        Ok(self.open(node)?.1.contains(field))
    }

    /// How many fields of a node are sealed.
    pub(super) fn sealed_count(&self, node: NodeNo) -> Result<usize, Error> {
        Ok(self.open(node)?.1.len())
    }

    pub(super) fn text(&self, node: NodeNo, field: &str) -> Result<Option<String>, Error> {
        Ok(self.value(node, field)?.as_ref().and_then(Value::as_text).map(str::to_owned))
    }

    /// A time, ns, or a whole number.
    pub(super) fn number(&self, node: NodeNo, field: &str) -> Result<Option<i64>, Error> {
        Ok(self.value(node, field)?.and_then(|value| value.as_i64()))
    }

    pub(super) fn flag(&self, node: NodeNo, field: &str) -> Result<Option<bool>, Error> {
        Ok(self.value(node, field)?.and_then(|value| value.as_bool()))
    }

    /// A field in words, or that it is sealed or not recorded.
    pub(super) fn said(&self, node: NodeNo, field: &str) -> Result<Sentence, Error> {
        let field_type = type_of(self.snapshot().kind_of(node), field);
        Ok(match self.value(node, field)? {
            Some(value) => recorded(&value, field_type).into(),
            None if self.is_sealed(node, field)? => "recorded and sealed".into(),
            None => NOT_RECORDED.into(),
        })
    }

    /// Nodes along or against a relation, of a kind where one is named, ascending.
    pub(super) fn around(
        &self,
        node: NodeNo,
        relation: Relation,
        direction: Direction,
        kind: Option<Kind>,
    ) -> Vec<NodeNo> {
        let view = self.snapshot();
        let nodes = view.edges(node, relation, direction).iter().copied();
        let wanted = |node: &NodeNo| {
            !view.hides(view.kind_of(*node)) && kind.is_none_or(|kind| view.kind_of(*node) == kind)
        };
        let mut nodes: Vec<NodeNo> = nodes.filter(wanted).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Answers a question, nodes as numbers and persons of events under their keys.
    pub(super) fn ask(&self, question: &str, given: &Parameters) -> Result<Answer, Error> {
        let wrong =
            |error: lineal_query::Error| Error::Question { message: error.render(question) };
        let prepared = Prepared::new(question).map_err(|mistake| wrong(mistake.into()))?;
        let request = Request { parameters: given, limits: &self.limits, now: self.now };
        let mut machine = Machine::default();
        let answer = match self.part {
            Some(part) => part.answer(&prepared, &mut machine, &request),
            None => prepared.numbers_on(&mut machine, &self.asked, &request),
        };
        let answer = answer.map_err(wrong)?;
        match answer.completeness.truncated {
            Some(limit) if answer.completeness.state() == State::Truncated => {
                Err(Error::Cut { limit: limit.to_string() })
            }
            _ => Ok(answer),
        }
    }

    /// Why an answer cannot tell, as gaps.
    pub(super) fn doubts(answer: &Answer, of: &str) -> Vec<Gap> {
        let told = answer.completeness.reasons.iter();
        let gap = |reason: String| Gap::new(Lack::CannotTell, format!("{of}: {reason}"));
        let mut gaps: Vec<Gap> = told.map(|reason| gap(reason.to_string())).collect();
        let more = answer.completeness.reason_count.saturating_sub(gaps.len() as u64);
        if more > 0 {
            gaps.push(gap(format!("{} of this kind", counted(more, "more reason"))));
        }
        gaps
    }

    /// The head of a report about a node.
    pub(super) fn head(&self, kind: &str, subject: Option<NodeNo>) -> Result<Document, Error> {
        let asked = self.asks.kind(kind)?;
        let view = self.snapshot();
        let title = match subject {
            Some(node) => format!("{}: {}", asked.title, self.at(node).name),
            None => format!("{}: the whole store", asked.title),
        };
        let mut document = Document::new(kind, title);
        if let Some(node) = subject {
            document = document.fact("about", self.at(node));
        }
        let recorded = time_text(view.recorded());
        document = document.fact("as of", format!("commit {}, recorded {recorded}", view.commit()));
        let newest = header_of(self.store, view.commit()).map_err(of_check)?;
        let commits = |size: u64| counted(size, "commit");
        let fixed = match newest {
            None => "none signed: nothing outside of this store fixes what it held".to_owned(),
            Some((size, None)) => format!("signed over {}, not time-stamped", commits(size)),
            Some((size, Some(at))) => {
                format!("signed over {}, time-stamped {}", commits(size), time_text(at))
            }
        };
        document = document.fact("checkpoint", fixed).fact("today", time_text(self.now));
        let annex = match subject {
            Some(node) => self.annex(node)?,
            None => None,
        };
        document = document
            .fact("articles", asked.article.as_str())
            .fact("law", self.asks.file.law.as_str());
        for (day, source) in self.asks.applies(asked, annex.as_deref()) {
            document = document.fact("applies from", format!("{day} ({source})"));
        }
        Ok(document)
    }

    /// The annex point that was declared of a node's system, or of the node that is one.
    fn annex(&self, node: NodeNo) -> Result<Option<String>, Error> {
        for system in self.systems_around(node) {
            if let Some(point) = self.text(system, "annex_point")? {
                return Ok(Some(point));
            }
        }
        Ok(None)
    }

    /// The systems around a node: itself, what it belongs to, and all that its deployments, models and what it
    /// concerns belong to. What stands for a node alone is narrower: `nearest_systems` of the report after
    /// Annex IV.
    pub(super) fn systems_around(&self, node: NodeNo) -> Vec<NodeNo> {
        let view = self.snapshot();
        if view.kind_of(node) == Kind::System {
            return vec![node];
        }
        let mut systems = self.around(node, Relation::BelongsTo, Direction::Forward, None);
        for relation in [Relation::Deploys, Relation::Concerns] {
            for direction in [Direction::Forward, Direction::Inverse] {
                for beside in self.around(node, relation, direction, None) {
                    if view.kind_of(beside) == Kind::System {
                        systems.push(beside);
                    }
                    systems.extend(self.around(
                        beside,
                        Relation::BelongsTo,
                        Direction::Forward,
                        None,
                    ));
                }
            }
        }
        systems.sort_unstable();
        systems.dedup();
        systems
    }

    /// The end of a report: what it cannot tell.
    pub(super) fn closing(&self, kind: &str) -> Result<Section, Error> {
        let asked = self.asks.kind(kind)?;
        let limits = asked.limits.iter().map(|limit| Sentence::from(limit.as_str())).collect();
        let file = &self.asks.file;
        let source = format!("{} {}", file.id, file.version);
        Ok(Section::new("What this report cannot tell")
            .block(Block::List(limits))
            .say(format!("{} What is asked for, and articles: {source}.", file.disclaimer)))
    }

    /// What a report asks of a node and is not recorded.
    pub(super) fn gaps(&self, report: &str, node: NodeNo) -> Result<Vec<Gap>, Error> {
        self.gaps_of(report, &[node])
    }

    /// What a report asks of nodes of one kind and is not recorded: one line for all that lack the same.
    pub(super) fn gaps_of(&self, report: &str, nodes: &[NodeNo]) -> Result<Vec<Gap>, Error> {
        let Some(first) = nodes.first() else { return Ok(Vec::new()) };
        let kind = self.snapshot().kind_of(*first);
        let mut lacking: Vec<Vec<NodeNo>> =
            self.asks.asked(report, kind.name()).map(|_| Vec::new()).collect();
        for node in nodes {
            for (field, without) in self.asks.asked(report, kind.name()).zip(&mut lacking) {
                if self.lacks(*node, field)? {
                    without.push(*node);
                }
            }
        }
        let fields = self.asks.asked(report, kind.name()).zip(lacking);
        Ok(fields.filter_map(|(field, without)| self.gap(field, &without, nodes.len())).collect())
    }

    /// That a field is not recorded of some nodes out of so many.
    fn gap(&self, field: &Field, without: &[NodeNo], all: usize) -> Option<Gap> {
        let (first, rest) = without.split_first()?;
        if rest.is_empty() {
            return Some(field.gap(self.at(*first)));
        }
        let kind = kind_words(self.snapshot().kind_of(*first));
        let words =
            format!("{} of {} lack ", thousands(without.len() as u64), counted(all as u64, kind));
        let said = format!(" ({}), {}: ", field.article, field.what);
        let say = Sentence::new().text(words).code(&field.field).text(said);
        let say = self.first_of(say, without);
        Some(Gap::new(Lack::NotRecorded, say).fix(field.fix.replace("{node}", "NODE")))
    }

    /// Adds the first few nodes, and how many more there are.
    pub(super) fn first_of(&self, sentence: Sentence, nodes: &[NodeNo]) -> Sentence {
        let shown = nodes.iter().take(NAMED_MAX).map(|node| self.at(*node));
        let sentence = sentence.nodes(shown);
        match nodes.len().saturating_sub(NAMED_MAX) {
            0 => sentence,
            more => sentence.text(format!(" and {} more", thousands(more as u64))),
        }
    }

    /// Is a field that is asked for not recorded of a node?
    fn lacks(&self, node: NodeNo, field: &Field) -> Result<bool, Error> {
        if let Some(condition) = &field.only_where
            && self.flag(node, condition)? != Some(true)
        {
            return Ok(false);
        }
        Ok(match field.is_document {
            true => self.documents(node, Some(&field.field))?.is_empty(),
            false => {
                self.value(node, &field.field)?.is_none() && !self.is_sealed(node, &field.field)?
            }
        })
    }

    /// The documents about a node, of a type where one is named.
    pub(super) fn documents(
        &self,
        node: NodeNo,
        document_type: Option<&str>,
    ) -> Result<Vec<NodeNo>, Error> {
        let all = self.around(node, Relation::Documents, Direction::Inverse, Some(Kind::Document));
        let mut found = Vec::new();
        for document in all {
            let fits = match document_type {
                None => true,
                Some(wanted) => self.text(document, "type")?.as_deref() == Some(wanted),
            };
            if fits {
                found.push(document);
            }
        }
        Ok(found)
    }

    /// Holds that stand as of the view over one of these nodes, by name.
    pub(super) fn holds(&self, over: &BTreeSet<NodeNo>) -> Result<Vec<HoldInfo>, Error> {
        let view = self.snapshot();
        let is_over = |hold: &HoldInfo| match &hold.scope {
            HoldScope::Store => true,
            HoldScope::Node(kind, key) => {
                view.node_with_key(*kind, key).is_some_and(|node| over.contains(&node))
            }
        };
        let all = self.store.holds_at(view.commit())?.into_iter();
        Ok(all.filter(is_over).collect())
    }

    /// What a hold over an incident may be about.
    pub(super) fn around_incident(&self, incident: NodeNo) -> BTreeSet<NodeNo> {
        around(self.snapshot(), incident)
    }

    /// What a hold is about, in words.
    pub(super) fn scope(&self, hold: &HoldInfo) -> Sentence {
        match &hold.scope {
            HoldScope::Store => "the whole store".into(),
            HoldScope::Node(kind, key) => match self.snapshot().node_with_key(*kind, key) {
                Some(node) => self.cell(node),
                None => format!("a {kind} that this view does not hold").into(),
            },
        }
    }
}

/// Do bounds let work go on: nobody wished for its end, and there is time?
pub(super) fn goes_on(limits: &Limits<'_>) -> bool {
    !limits.stop.is_some_and(|stop| stop())
        && limits.deadline.is_none_or(|deadline| Instant::now() < deadline)
}

/// What the check says, of a store alone.
fn of_check(error: crate::check::Error) -> Error {
    match error {
        crate::check::Error::Store(error) => Error::Store(error),
        other => Error::Question { message: other.to_string() },
    }
}
