//! Decisions about what the subject rests on, and whether their signatures check.

use super::records::ROWS_MAX;
use super::{Error, Maker};
use crate::check::{quoted, time_text};
use crate::record::{Signature, Standing, signature_of, standing};
use crate::report::document::{Block, Gap, Lack, Section, Sentence};
use crate::report::words::counted;
use lineal_engine::NodeNo;
use lineal_engine::schema::{Direction, Kind, Relation};

impl Maker<'_> {
    pub(super) fn approvals(
        &self,
        section: &mut Section,
        lacks: &mut Vec<Gap>,
    ) -> Result<(), Error> {
        let view = self.snapshot();
        let mut sentences = Vec::new();
        for (_, member) in self.closure.of_kind(Kind::Approval) {
            if sentences.len() >= ROWS_MAX {
                break;
            }
            let of = view.edges(member.node, Relation::Approves, Direction::Forward).iter();
            let by = view.edges(member.node, Relation::DoneBy, Direction::Forward).iter();
            let mut say = Sentence::new()
                .node(member)
                .text(" of ")
                .nodes(of.map(|node| self.reference(*node)))
                .text(format!(": {}", member.text("decision").unwrap_or("decision not recorded")));
            if let Some(role) = member.text("role") {
                say = say.text(format!(" as {role}"));
            }
            say = match member.number("time") {
                Some(time) => say.text(format!(", dated {}", time_text(time))),
                None => say.text(", date not recorded"),
            };
            say = match by.len() {
                0 => say.text(", by nobody on record"),
                _ => say.text(", by ").nodes(by.map(|node| self.reference(*node))),
            };
            let signature = signature_of(self.store, view, member.node)?;
            say = say.text(format!("; {}", signature.words()));
            if let Some(end) = member.number("expires") {
                say = say.text(format!("; valid until {}", time_text(end)));
            }
            for node in view.edges(member.node, Relation::Approves, Direction::Forward) {
                let stands = self.standing(*node)?;
                let mut decided = stands.decided.iter();
                if let Some(decided) = decided.find(|it| it.approval == member.node) {
                    say = say.text("; for ").node(self.reference(*node));
                    say = say.text(format!(" it {}", decided.counts.words()));
                }
            }
            sentences.push(say.text("."));
            if let Signature::Wrong { why } = signature {
                let say = Sentence::from("the signature does not check: ").node(member);
                lacks.push(Gap::new(Lack::Conflict, say.text(format!(" ({why})"))));
            }
        }
        let all = self.closure.of_kind(Kind::Approval).count();
        if all > sentences.len() {
            let say =
                Sentence::from(format!("{} more decisions, about what ", all - sentences.len()));
            sentences.push(say.node(self.reference(self.subject)).text(" rests on."));
        }
        section.push(Block::List(sentences));
        if self.snapshot().kind_of(self.subject) != Kind::Model {
            return Ok(());
        }
        let stands = self.standing(self.subject)?;
        let model = self.reference(self.subject);
        if stands.is_granted() {
            let say = Sentence::new().node(model).text(format!(
                " is approved as it is recorded now: signed by {}, of {} that must sign.",
                counted(stands.keys.len() as u64, "key"),
                stands.keys_needed
            ));
            section.push(Block::Paragraph(vec![say]));
        } else {
            let why = match stands.notes.is_empty() {
                true => String::new(),
                false => format!(" ({})", stands.notes.join("; ")),
            };
            let say = Sentence::from("no signed approval counts for the newest revision of ")
                .node(model)
                .text(why);
            let name = quoted(&self.reference(self.subject).name);
            let fix = format!("lineal approve {name} --role ROLE --key FILE --by WHO");
            lacks.push(Gap::new(Lack::NotRecorded, say).fix(fix));
        }
        Ok(())
    }

    /// How it stands with what was decided on a node, as of this report.
    pub(super) fn standing(&self, node: NodeNo) -> Result<Standing, Error> {
        Ok(standing(self.store, self.snapshot(), node, self.asker.now)?)
    }
}
