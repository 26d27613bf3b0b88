//! `diff`: two nodes field by field and input by input, or two sets.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use lineal_engine::schema::{Class, Direction, Kind, RELATIONS, Relation};
use lineal_proof::Map;

use super::item_set::ItemSet;
use super::{Executor, Run, Stop, store};
use crate::answer::Uncertainty;
use crate::bind::all_fields;
use crate::limits::Limit;
use crate::plan::{DiffPlan, Kinds, SetId, SetSource};
use crate::source::{NodeNo, Source};
use crate::value::{Item, Value};

/// Fields that tell of the record and not of the thing.
const OF_THE_RECORD: [&str; 11] = [
    "id",
    "key",
    "kind",
    "recorded",
    "updated",
    "revisions",
    "source",
    "sources",
    "gone",
    "proof",
    "conflict",
];
/// How far the makings of two things are compared: model, its run, what that run executed.
const MAKINGS_MAX: usize = 4;

/// One side, in the numbers of its view.
struct Side<S> {
    /// Another view than that of the statement.
    view: Option<Rc<S>>,
    items: ItemSet,
}

type Rows = Vec<Vec<Value>>;

fn row(
    change: &str,
    subject: Value,
    field: impl Into<String>,
    before: Value,
    after: Value,
) -> Vec<Value> {
    vec![Value::Text(change.to_owned()), subject, Value::Text(field.into()), before, after]
}

impl<'a, S: Source> Executor<'a, S> {
    pub(super) fn diff_into(&mut self, plan: &DiffPlan, rows: &mut Rows) -> Run<()> {
        let (before, after) = (self.side(plan.before)?, self.side(plan.after)?);
        let done = if plan.keyed
            && let ([a], [b]) = (before.items.nodes.as_slice(), after.items.nodes.as_slice())
        {
            self.diff_nodes((None, *a), (None, *b), 0, &mut BTreeSet::new(), rows)
        } else {
            self.diff_sets(&before, &after, rows)
        };
        // Also where another bound ended it.
        let rows_max = self.limits.rows;
        if rows.len() as u64 > rows_max {
            rows.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
            return done.and(Err(Stop::Limit(Limit::Rows(rows_max))));
        }
        done
    }

    /// Notes why two nodes that are compared may differ in another way: what is not known of them
    /// and of what made them, and references that may mean one of them or what it refers to.
    pub(super) fn doubts_of_diff(&mut self, plan: &DiffPlan) -> Run<()> {
        if !plan.keyed {
            return Ok(());
        }
        let (before, after) = (self.set(plan.before)?, self.set(plan.after)?);
        let ([a], [b]) = (before.nodes.as_slice(), after.nodes.as_slice()) else { return Ok(()) };
        self.doubts_of_makings(*a, *b, 0, &mut BTreeSet::new())
    }

    fn doubts_of_makings(
        &mut self,
        a: NodeNo,
        b: NodeNo,
        depth: usize,
        told: &mut BTreeSet<(NodeNo, NodeNo)>,
    ) -> Run<()> {
        if !told.insert((a, b)) {
            return Ok(());
        }
        let source = self.source;
        for node in [a, b] {
            self.note(node);
            for open in source.open_claims(node) {
                if self.would_change(*open, node)? {
                    self.reasons.insert((*open, Uncertainty::Conflict));
                }
            }
        }
        for spec in RELATIONS.iter().filter(|spec| spec.class != Class::Chain) {
            let x = source.edges(a, spec.relation, Direction::Forward);
            let y = source.edges(b, spec.relation, Direction::Forward);
            self.count_edges(x.len() + y.len())?;
            for end in x.iter().chain(y).filter(|end| !source.candidates(**end).is_empty()) {
                self.reasons.insert((*end, Uncertainty::Conflict));
            }
            if let ([made], [by], true) = (x, y, is_making(spec.relation))
                && made != by
                && depth < MAKINGS_MAX
            {
                self.doubts_of_makings(*made, *by, depth + 1, told)?;
            }
        }
        Ok(())
    }

    /// Would the node be told of in another way if this reference meant it?
    fn would_change(&self, claim: NodeNo, node: NodeNo) -> Run<bool> {
        let source = self.source;
        let relations = RELATIONS.iter().filter(|spec| spec.class != Class::Chain);
        let has_edge = |spec: &lineal_engine::schema::RelationSpec| {
            let own = source.edges(node, spec.relation, Direction::Forward);
            let more = source.edges(claim, spec.relation, Direction::Forward);
            more.iter().any(|end| !own.contains(end))
        };
        if relations.into_iter().any(has_edge) {
            return Ok(true);
        }
        let (claimed, own) = (source.fields(claim), source.fields(node));
        let (claimed, own) = (claimed.map_err(store)?, own.map_err(store)?);
        let names =
            all_fields(Kinds::one(source.kind_of(node))).into_iter().map(|field| field.name);
        let mut compared = names.filter(|name| !OF_THE_RECORD.contains(name) && *name != "missing");
        Ok(compared.any(|name| claimed.get(name).is_some_and(|value| own.get(name) != Some(value))))
    }

    fn side(&mut self, set: SetId) -> Run<Side<S>> {
        if let Some(SetSource::Find(find)) = self.plan.sets.get(set).map(|set| &set.source)
            && let Some(as_of) = &find.as_of
        {
            let (rows, view) = self.rows_elsewhere(find, as_of)?;
            return Ok(Side { view: Some(view), items: super::seek::first_items(&rows) });
        }
        Ok(Side { view: None, items: (*self.set(set)?).clone() })
    }

    /// A node of a side as it stands in the answer: by name where this view has no such node.
    fn shown(&self, view: Option<&S>, node: NodeNo) -> Value {
        let Some(view) = view else { return Value::Node(node) };
        match self.source.same_node(view, node) {
            Some(here) => Value::Node(here),
            None => Value::Text(view.name_of(node)),
        }
    }

    /// Fields, then edges, then the same of what both were made by. What made both is told once, by
    /// however many ways it is come to: a registered model and the logged one have the same run.
    fn diff_nodes(
        &mut self,
        (before_view, a): (Option<&S>, NodeNo),
        (after_view, b): (Option<&S>, NodeNo),
        depth: usize,
        told: &mut BTreeSet<(NodeNo, NodeNo)>,
        rows: &mut Rows,
    ) -> Run<()> {
        if !told.insert((a, b)) {
            return Ok(());
        }
        let source = self.source;
        let (old, new) = (before_view.unwrap_or(source), after_view.unwrap_or(source));
        let subject = self.shown(after_view, b);
        let kinds = Kinds::one(old.kind_of(a)).or(Kinds::one(new.kind_of(b)));
        let (x, y) = (old.fields(a).map_err(store)?, new.fields(b).map_err(store)?);
        fields_differ(kinds, &x, &y, &subject, rows);
        let mut makings = Vec::new();
        for spec in RELATIONS.iter().filter(|spec| spec.class != Class::Chain) {
            let x = old.edges(a, spec.relation, Direction::Forward);
            let y = new.edges(b, spec.relation, Direction::Forward);
            self.count_edges(x.len() + y.len())?;
            if spec.relation == Relation::Brought {
                continue;
            }
            let left: Vec<Value> = x.iter().map(|node| self.shown(before_view, *node)).collect();
            let right: Vec<Value> = y.iter().map(|node| self.shown(after_view, *node)).collect();
            if let ([made], [by], true) = (x, y, is_making(spec.relation)) {
                if left != right {
                    let (from, to) = (left[0].clone(), right[0].clone());
                    rows.push(row("changed", subject.clone(), spec.name, from, to));
                    makings.push((*made, *by));
                }
                continue;
            }
            for gone in left.iter().filter(|value| !right.contains(value)) {
                rows.push(row("removed", subject.clone(), spec.name, gone.clone(), Value::Absent));
            }
            for new in right.iter().filter(|value| !left.contains(value)) {
                rows.push(row("added", subject.clone(), spec.name, Value::Absent, new.clone()));
            }
        }
        if depth < MAKINGS_MAX {
            for (made, by) in makings {
                self.diff_nodes((before_view, made), (after_view, by), depth + 1, told, rows)?;
            }
        }
        Ok(())
    }

    fn diff_sets(&mut self, before: &Side<S>, after: &Side<S>, rows: &mut Rows) -> Run<()> {
        let own = |side: &Side<S>, run: &Self| -> Vec<(Value, Item)> {
            let view = side.view.as_deref();
            side.items
                .items()
                .map(|item| match item {
                    Item::Node(node) => (run.shown(view, node), item),
                    Item::Event(event) => (Value::Event(event), item),
                })
                .collect()
        };
        let (old, new) = (own(before, self), own(after, self));
        let has = |side: &[(Value, Item)], value: &Value| side.iter().any(|(v, _)| v == value);
        let removed: Vec<_> = old.iter().filter(|(value, _)| !has(&new, value)).collect();
        let added: Vec<_> = new.iter().filter(|(value, _)| !has(&old, value)).collect();
        // A thing of the same name in another version takes the place of the one that is gone.
        let mut families: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (value, item) in &removed {
            let family = self.family(before.view.as_deref(), *item);
            families.entry(family).or_default().push(value.clone());
        }
        let mut replaced = Vec::new();
        for (value, item) in &added {
            let family = self.family(after.view.as_deref(), *item);
            let old = families.get_mut(&family).filter(|old| !old.is_empty());
            match old.map(|old| old.remove(0)) {
                Some(old) => {
                    rows.push(row(
                        "replaced",
                        value.clone(),
                        "version",
                        old.clone(),
                        value.clone(),
                    ));
                    replaced.push(old);
                }
                None => rows.push(row("added", value.clone(), "", Value::Absent, value.clone())),
            }
        }
        for (value, _) in removed.iter().filter(|(value, _)| !replaced.contains(value)) {
            rows.push(row("removed", value.clone(), "", value.clone(), Value::Absent));
        }
        if before.view.is_none() && after.view.is_none() {
            return Ok(());
        }
        // Seen at two times, one thing may differ from itself.
        for (value, item) in &new {
            let then = old.iter().find(|(other, _)| other == value);
            if let (Item::Node(b), Some((_, Item::Node(a)))) = (item, then) {
                let from = (before.view.as_deref(), *a);
                let to = (after.view.as_deref(), *b);
                self.diff_nodes(from, to, MAKINGS_MAX, &mut BTreeSet::new(), rows)?;
            }
        }
        Ok(())
    }

    /// What all versions of a thing have in common.
    fn family(&self, view: Option<&S>, item: Item) -> String {
        let Item::Node(node) = item else { return String::new() };
        let view = view.unwrap_or(self.source);
        let name = view.name_of(node);
        let versioned = matches!(
            view.kind_of(node),
            Kind::Model | Kind::Dataset | Kind::Document | Kind::Deployment
        );
        match name.rsplit_once('@') {
            Some((family, _)) if versioned => family.to_owned(),
            // A name of its own: nothing replaces it.
            _ => name,
        }
    }
}

/// Of these a thing has one, and what that one says is part of what the thing is.
fn is_making(relation: Relation) -> bool {
    matches!(relation, Relation::ProducedBy | Relation::RegisteredFrom | Relation::Executes)
}

/// Rows for fields that differ, maps member by member.
fn fields_differ(kinds: Kinds, x: &Map, y: &Map, subject: &Value, rows: &mut Rows) {
    let value = |map: &Map, field: crate::plan::FieldReference| {
        let found = map.get(field.name).cloned().unwrap_or(lineal_proof::Value::Null);
        super::evaluate::typed(Value::from_record(found), field.field_type)
    };
    let mut push = |name: String, a: Value, b: Value| {
        let change = match (a.is_absent(), b.is_absent()) {
            (true, true) => return,
            (true, false) => "added",
            (false, true) => "removed",
            // Bits, not numbers: what is no number stays what it was.
            (false, false) if a.order(&b).is_eq() => return,
            (false, false) => "changed",
        };
        rows.push(row(change, subject.clone(), name, a, b));
    };
    for field in all_fields(kinds) {
        if OF_THE_RECORD.contains(&field.name) {
            continue;
        }
        match (value(x, field), value(y, field)) {
            (Value::Map(a), Value::Map(b)) => members(field.name, a, b, &mut push),
            (Value::Map(a), Value::Absent) => members(field.name, a, Vec::new(), &mut push),
            (Value::Absent, Value::Map(b)) => members(field.name, Vec::new(), b, &mut push),
            (a, b) => push(field.name.to_owned(), a, b),
        }
    }
}

fn members(
    field: &str,
    a: Vec<(String, Value)>,
    b: Vec<(String, Value)>,
    push: &mut impl FnMut(String, Value, Value),
) {
    let mut both: BTreeMap<String, (Value, Value)> = BTreeMap::new();
    for (name, value) in a {
        both.entry(name).or_insert((Value::Absent, Value::Absent)).0 = value;
    }
    for (name, value) in b {
        both.entry(name).or_insert((Value::Absent, Value::Absent)).1 = value;
    }
    for (name, (a, b)) in both {
        push(format!("{field}.{name}"), a, b);
    }
}
