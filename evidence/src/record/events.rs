//! What happened to a system: incidents, changes, silence that is explained, data that was
//! withdrawn, and who watches.

use super::desk::{
    By, Desk, Recorded, SOURCE, Statement, address, node, node_of, reason, said, span,
};
use super::error::{Error, Result};
use super::known;
use super::words::time_text;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::{Key, KeyPart, Value};

/// Decisions about a change (Articles 3(23) and 43(4)).
const DECISIONS: [&str; 3] = ["substantial", "predetermined", "not_substantial"];

/// What kind of change it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// Another version.
    Version,
    /// Logs of a span were lost.
    Loss,
    /// Out of use for a span, as planned.
    Downtime,
    /// A data set is taken back.
    Withdrawal,
    /// Out of use from then on.
    Stop,
}

impl Change {
    /// The word in the record.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Change::Version => "version",
            Change::Loss => "loss",
            Change::Downtime => "downtime",
            Change::Withdrawal => "withdrawal",
            Change::Stop => "stop",
        }
    }
}

/// A change that is to be recorded; the reason stands in [`By`] and must be there.
#[derive(Clone, Copy, Debug)]
pub struct Changed<'t> {
    /// What kind.
    pub change: Change,
    /// Of what.
    pub node: &'t str,
    /// What to call it.
    pub name: Option<&'t str>,
    /// `substantial`, `predetermined` or `not_substantial`: of a version.
    pub decision: Option<&'t str>,
    /// The model that it was before.
    pub before: Option<&'t str>,
    /// The span that it explains, ns.
    pub span: Option<(i64, i64)>,
}

impl Desk<'_> {
    /// Records an incident, or more of one that is on record: then `concerns` may be empty.
    ///
    /// # Errors
    /// [`Error`]: what is wrong with it; nothing was written.
    pub fn incident(
        &self,
        by: &By<'_>,
        name: &str,
        concerns: &[String],
        fields: &[String],
    ) -> Result<Recorded> {
        let concerned = (Relation::Concerns, concerns, "what it concerns (--concerns)");
        self.named(by, Kind::Incident, name, concerned, fields)
    }

    /// Records a monitor, or more of one that is on record.
    ///
    /// # Errors
    /// As [`Desk::incident`].
    pub fn monitor(
        &self,
        by: &By<'_>,
        name: &str,
        watches: &[String],
        fields: &[String],
    ) -> Result<Recorded> {
        let watched = (Relation::Watches, watches, "what it watches (--watches)");
        self.named(by, Kind::Monitor, name, watched, fields)
    }

    /// Records a node that is known by a name alone.
    fn named(
        &self,
        by: &By<'_>,
        kind: Kind,
        name: &str,
        (relation, targets, what): (Relation, &[String], &'static str),
        fields: &[String],
    ) -> Result<Recorded> {
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        let name = said("the name", name)?;
        let key = Key::text(name.as_str());
        let known = view.node_with_key(kind, &key);
        let known = known.is_some_and(|node| view.revision_id(node).is_some());
        if !known && targets.is_empty() {
            return Err(Error::Unsaid { what, limit: super::desk::WORDS_MAX });
        }
        let mut statement = Statement::new(kind, key);
        statement.fields = self.fields(kind, fields)?;
        statement.set("name", name);
        // When an incident happened is for who knows it to say: it became known later.
        if by.at.is_some() || (!known && kind != Kind::Incident) {
            statement.set("time", Value::from(self.at(by)?));
        }
        for text in targets {
            let target = node(&view, text)?;
            statement.link(relation, address(&view, target))?;
        }
        statement.link(Relation::DoneBy, (Kind::Actor, Key::text(self.actor(by)?)))?;
        match by.reason {
            Some(why) if kind == Kind::Incident => statement.seal("note", Value::text(why)),
            None if kind == Kind::Incident => {}
            _ => statement.why(by)?,
        }
        drop(view);
        self.write(by, statement)
    }

    /// Records a change.
    ///
    /// # Errors
    /// [`Error`]: what is wrong with it; nothing was written.
    pub fn change(&self, by: &By<'_>, wanted: &Changed<'_>) -> Result<Recorded> {
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        let subject = subject(&view, wanted)?;
        let at = self.at(by)?;
        let mut statement = Statement::new(
            Kind::Change,
            Key::new(vec![
                SOURCE.into(),
                view.node_id(subject).to_string().into(),
                wanted.change.name().into(),
                KeyPart::Text(time_text(wanted.span.map_or(at, |(from, _)| from))),
            ]),
        );
        statement.set("type", wanted.change.name());
        statement.set("time", Value::from(at));
        statement.seal("reason", Value::text(reason(by)?));
        if let Some(name) = wanted.name {
            statement.set("name", said("the name", name)?);
        }
        match wanted.decision {
            Some(word) if DECISIONS.contains(&word) => statement.set("decision", word),
            Some(found) => {
                let words = format!("one of {}", DECISIONS.join(", "));
                let (what, found, hint) = ("the decision", found.to_owned(), String::new());
                return Err(Error::Word { what, words, found, hint });
            }
            None => {}
        }
        if let Some((from, until)) = wanted.span {
            span(from, until)?;
            statement.set("from", Value::from(from));
            statement.set("until", Value::from(until));
        }
        statement.link(Relation::Concerns, address(&view, subject))?;
        if let Some(before) = wanted.before {
            let before = node_of(&view, Kind::Model, before)?;
            statement.link(Relation::Cites, address(&view, before))?;
        }
        statement.link(Relation::DoneBy, (Kind::Actor, Key::text(self.actor(by)?)))?;
        drop(view);
        self.write(by, statement)
    }

    /// Records that a rule's finding about a node is accepted until a time; about a system, each finding of
    /// the rule when that system is checked.
    ///
    /// # Errors
    /// [`Error::Unwaivable`] of a node that no decision leads to, as an import, and what else is wrong with
    /// it; nothing was written.
    pub fn waive(&self, by: &By<'_>, wanted: &Waive<'_>) -> Result<Recorded> {
        let Waive { rule, node: text, until, rules } = *wanted;
        let rule = said("the rule", rule)?;
        known::hold_rule(&rule, rules)?;
        let _turn = self.turn();
        let view = self.store().snapshot()?;
        let (node, at, actor) = (node(&view, text)?, self.at(by)?, self.actor(by)?);
        let kind = view.kind_of(node);
        if !Relation::Approves.allows(Kind::Approval, kind) {
            let kinds: Vec<&str> =
                Relation::Approves.spec().to.iter().map(|it| it.name()).collect();
            let (node, kinds) = (view.name_of(node), kinds.join(", "));
            return Err(Error::Unwaivable { node, kind: kind.name(), kinds, rule });
        }
        span(at, until)?;
        let subject = format!("waiver of {rule}: {}", view.name_of(node));
        let key = vec![
            SOURCE.into(),
            subject.into(),
            actor.as_str().into(),
            KeyPart::Text(time_text(at)),
        ];
        let mut statement = Statement::new(Kind::Approval, Key::new(key));
        statement.set("decision", "waived");
        statement.set("rule", rule);
        statement.set("expires", Value::from(until));
        statement.set("time", Value::from(at));
        statement.seal("reason", Value::text(reason(by)?));
        statement.link(Relation::Approves, address(&view, node))?;
        statement.link(Relation::DoneBy, (Kind::Actor, Key::text(actor)))?;
        drop(view);
        self.write(by, statement)
    }
}

/// A finding that is to be accepted.
#[derive(Clone, Copy, Debug)]
pub struct Waive<'t> {
    /// The rule.
    pub rule: &'t str,
    /// What the finding is about.
    pub node: &'t str,
    /// Until when, ns.
    pub until: i64,
    /// The text of the file that the rule is of, where it does not come with the program.
    pub rules: Option<&'t str>,
}

/// What a change is about.
fn subject(view: &Snapshot, wanted: &Changed<'_>) -> Result<NodeNo> {
    match wanted.change {
        Change::Loss | Change::Downtime => node_of(view, Kind::Deployment, wanted.node),
        Change::Withdrawal => node_of(view, Kind::Dataset, wanted.node),
        Change::Version | Change::Stop => node(view, wanted.node),
    }
}
