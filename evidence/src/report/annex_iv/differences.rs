//! What differs between a model version and the one before, in their records and in what they rest on.

use super::{Error, MODELS, Maker, words};
use crate::report::document::{Block, Section, Sentence, Table};
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, FieldSpec, KINDS, Relation, fields};
use lineal_query::Value;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Most pairs of versions that are compared; `lineal query 'diff A with B'` compares any two.
const PAIRS_MAX: usize = 5;
/// Most differences of one pair that are shown.
const DIFFERENCES_MAX: usize = 40;
/// What stands in the place of a sealed value.
const SEALED: &str = "(sealed)";

impl Maker<'_> {
    pub(super) fn differences(&mut self, section: &mut Section) -> Result<(), Error> {
        let models = self.asker.members(MODELS)?;
        let mut pairs: Vec<(NodeNo, NodeNo)> = Vec::new();
        for model in models.iter() {
            let before = self.snapshot().edges(*model, Relation::Follows, Direction::Forward);
            pairs.extend(before.iter().map(|before| (*before, *model)));
        }
        for (before, after) in pairs.iter().take(PAIRS_MAX) {
            let table = self.difference(*before, *after)?;
            section.push(Block::Table(table));
        }
        if pairs.len() > PAIRS_MAX {
            let more = words::thousands((pairs.len() - PAIRS_MAX) as u64);
            let say =
                Sentence::from(format!("{more} more pairs of versions are not compared here, of "))
                    .node(self.reference(self.subject))
                    .text(": ");
            let say = say.code("lineal query 'diff A with B'").text(" compares any two.");
            section.push(Block::Paragraph(vec![say]));
        }
        Ok(())
    }

    fn difference(&mut self, before: NodeNo, after: NodeNo) -> Result<Table, Error> {
        let [old, new] = [before, after].map(|node| self.snapshot().name_of(node));
        let question = format!("diff {old} with {new}");
        let answer = self.asker.ask("differences", &question, &BTreeMap::new())?;
        let heads: Vec<&str> = answer.columns.iter().map(|column| column.name.as_str()).collect();
        let mut table = Table::new(format!("From {old} to {new}"), &heads);
        let place = |name: &str| heads.iter().position(|head| *head == name);
        let (subject, field) = (place("subject"), place("field"));
        let mut sealed: BTreeMap<NodeNo, BTreeSet<String>> = BTreeMap::new();
        for row in &answer.rows {
            let of = match subject.and_then(|at| row.get(at)) {
                Some(Value::Node(node)) => *node,
                _ => after,
            };
            if let Entry::Vacant(place) = sealed.entry(of) {
                // What was sealed of either version stays out.
                let mut names = self.snapshot().open_fields(of)?.1;
                names.extend(self.snapshot().open_fields(before)?.1);
                place.insert(names);
            }
            let names = sealed.get(&of);
            let is_sealed = match field.and_then(|at| row.get(at)) {
                Some(Value::Text(name)) => {
                    is_sealed_everywhere(name)
                        || names.is_some_and(|names| names.iter().any(|it| is_part(it, name)))
                }
                _ => true,
            };
            let cells = row.iter().enumerate().map(|(at, value)| {
                let is_value = [place("before"), place("after")].contains(&Some(at));
                match is_sealed && is_value && !value.is_absent() {
                    true => SEALED.into(),
                    false => words::cell(self.snapshot(), value),
                }
            });
            table.push(cells.collect(), DIFFERENCES_MAX);
        }
        Ok(table)
    }
}

/// Is a field of that name sealed in any kind?
fn is_sealed_everywhere(name: &str) -> bool {
    let first = name.split(['.', '[']).next().unwrap_or(name);
    let has = |it: &FieldSpec| it.name == first && it.is_sealed();
    KINDS.into_iter().any(|kind| fields(kind).iter().any(has))
}

/// Is one field the other, or a member of it? A map of which a member is sealed is not shown whole.
fn is_part(sealed: &str, shown: &str) -> bool {
    let (long, short) = if sealed.len() > shown.len() { (sealed, shown) } else { (shown, sealed) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
