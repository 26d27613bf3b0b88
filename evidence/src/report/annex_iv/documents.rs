//! Attached documents that answer a point, and where the technical documentation says that it does.

use super::records::ROWS_MAX;
use super::{Error, Maker};
use crate::check::{quoted, time_text};
use crate::report::document::{Block, Gap, Lack, Section, Sentence, Table};
use crate::report::order::Point;
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_proof::{Map, Value};
use std::collections::BTreeSet;

/// What stands where a field is not recorded.
const ABSENT: &str = "\u{2013}";

impl Maker<'_> {
    /// The documents about what this rests on, and about its systems. Ascending.
    fn documents(&self) -> BTreeSet<NodeNo> {
        let view = self.snapshot();
        let own = self.closure.members.iter().map(|member| member.node);
        let all = own.chain(self.systems.iter().copied()).chain(self.logs.iter().map(|it| it.node));
        let mut found = BTreeSet::new();
        for node in all {
            found.extend(view.edges(node, Relation::Documents, Direction::Inverse));
            if view.kind_of(node) == Kind::System {
                let parts = view.edges(node, Relation::BelongsTo, Direction::Inverse).iter();
                found.extend(parts.filter(|part| view.kind_of(**part) == Kind::Document));
            }
        }
        found
    }

    /// The documents of a point; what lacks is added to the gaps.
    pub(super) fn attached(
        &self,
        point: &Point,
        lacks: &mut Vec<Gap>,
    ) -> Result<Option<Section>, Error> {
        let view = self.snapshot();
        let mut table = Table::new(
            "Documents",
            &["document", "type", "about", "version", "time", "reviewed", "digest"],
        );
        let mut places = Vec::new();
        for node in self.documents() {
            let (fields, _) = view.open_fields(node)?;
            let text = |name: &str| fields.get(name).and_then(Value::as_text);
            let answers = fields.get("points").and_then(Value::as_map);
            if let Some(place) = answers.and_then(|points: &Map| points.get(&point.id)) {
                let say = Sentence::new().node(self.reference(node)).text(" answers this point: ");
                places.push(say.text(place.as_text().unwrap_or("a place that is no text")));
            }
            let kind = text("type").unwrap_or_default();
            let is_meant = point.documents.iter().any(|it| it == kind)
                || text("section").is_some_and(|section| section == point.id);
            if !is_meant {
                continue;
            }
            if table.rows.len() >= ROWS_MAX {
                table.omitted += 1;
                continue;
            }
            let time = |name: &str| {
                let ns = fields.get(name).and_then(Value::as_i64);
                Sentence::from(ns.map_or(ABSENT.to_owned(), time_text))
            };
            let about = view.edges(node, Relation::Documents, Direction::Forward).iter();
            let about = Sentence::new().nodes(about.take(3).map(|node| self.reference(*node)));
            let digest = match (text("sha256"), text("digest")) {
                (Some(hex), _) => Sentence::from("sha256 ").code(hex),
                (None, Some(digest)) => Sentence::new().code(digest),
                (None, None) => ABSENT.into(),
            };
            let cells = [
                self.reference(node).into(),
                kind.into(),
                about,
                text("version").unwrap_or(ABSENT).into(),
                time("time"),
                time("reviewed_at"),
                digest,
            ];
            table.rows.push(cells.into_iter().collect());
        }
        if table.rows.is_empty()
            && let (Some(attached), Some(first)) = (&point.attached, point.documents.first())
        {
            let say =
                Sentence::from("no document of ").node(self.reference(self.subject)).text(format!(
                    " is attached for this point ({attached}); types that answer it: {}",
                    point.documents.join(", ")
                ));
            // What is asked for is asked of the system, where it is known.
            let to = match self.systems.as_slice() {
                [system] => self.reference(*system).name,
                _ => self.reference(self.subject).name,
            };
            let fix = format!("lineal attach FILE --to {} --type {first} --by WHO", quoted(&to));
            lacks.push(Gap::new(Lack::NotRecorded, say).fix(fix));
        }
        if table.rows.is_empty() && places.is_empty() {
            return Ok(None);
        }
        let section = Section::new("Attached documents");
        Ok(Some(section.block(Block::List(places)).block(Block::Table(table))))
    }
}
