//! Declarations: fields and links of a node that a person states.

use super::closed;
use super::desk::{By, Desk, Recorded, Statement, address, node, node_of, said};
use super::error::{Error, Result};
use super::whose::{Declared, own_reason, with_its_article};
use super::words::{Fields, time_text};
use crate::check::quoted;
use lineal_engine::Snapshot;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_proof::{Key, Value};
use lineal_query::told::Unresolved;

/// What is declared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// A system, by its name: one that nobody spoke of yet comes to be.
    System,
    /// In which roles the declarant stands to a system.
    Role,
    /// The class of a system, and what else decides which rules are in scope.
    Scope,
    /// Fields and links of any other node, which must be on record.
    Node,
}

/// A declaration.
#[derive(Clone, Copy, Debug)]
pub struct Declare<'t> {
    /// What is declared.
    pub what: What,
    /// Of which node.
    pub node: &'t str,
    /// `FIELD=VALUE`; of a role, its names.
    pub fields: &'t [String],
    /// `RELATION=NODE`.
    pub edges: &'t [String],
}

impl Desk<'_> {
    /// Takes a declaration down. Of role and scope the time is kept, as `declared_at`; fields and links have
    /// none but that of their commit.
    ///
    /// # Errors
    /// [`Error::Untimed`] where a time is given that would be kept nowhere, [`Error::NotStated`] of what a command
    /// of its own records, [`Error::OwnReason`] where a reason would take the place of another, and what else is
    /// wrong with it; nothing was written.
    pub fn declare(&self, by: &By<'_>, wanted: &Declare<'_>) -> Result<Recorded> {
        let _turn = self.turn();
        // What is still to come is refused as such.
        let at = self.at(by)?;
        if by.at.is_some() && matches!(wanted.what, What::System | What::Node) {
            let node = match wanted.what {
                What::System if !wanted.node.starts_with("system:") => {
                    format!("system:{}", wanted.node)
                }
                _ => wanted.node.to_owned(),
            };
            return Err(Error::Untimed { at: time_text(at), node: quoted(&node) });
        }
        let view = self.store().snapshot()?;
        let mut statement = match wanted.what {
            What::Node => {
                let node = node(&view, wanted.node)?;
                let (kind, key) = address(&view, node);
                let declared = self.declared(&view, (kind, &key))?;
                declared.hold_names(wanted.fields)?;
                let mut statement = Statement::new(kind, key);
                statement.is_added = true;
                statement.fields = self.fields(kind, wanted.fields)?;
                declared.hold_values(&statement.fields)?;
                statement
            }
            What::System | What::Role | What::Scope => self.system(&view, by, wanted)?,
        };
        let declared = self.declared(&view, (statement.kind, &statement.key))?;
        for text in wanted.edges {
            let example = "belongs_to=system:credit-score";
            let wrong = || Error::Assignment { text: text.clone(), example };
            let (relation, target) = text.split_once('=').ok_or_else(wrong)?;
            let to = linked(&view, relation, target)?;
            match Relation::parse(relation) {
                Some((relation, Direction::Forward)) => {
                    declared.hold_link(relation)?;
                    statement.link(relation, to)?;
                }
                _ => {
                    return Err(Error::Relation {
                        from: statement.kind.name(),
                        relation: relation.to_owned(),
                        to: to.0.name(),
                    });
                }
            }
        }
        let is_empty = statement.fields == Fields::default() && statement.edges.is_empty();
        if is_empty && wanted.what != What::System {
            let example = "risk_class=high";
            return Err(Error::Assignment { text: "nothing".to_owned(), example });
        }
        let is_why_given = by.reason.is_some_and(|reason| !reason.trim().is_empty());
        if let Some(meaning) = own_reason(statement.kind).filter(|_| is_why_given) {
            let kind = with_its_article(statement.kind);
            return Err(Error::OwnReason { kind, meaning });
        }
        drop(view);
        statement.why(by)?;
        self.write(by, statement)
    }

    /// What of a node is declared, and what is not.
    fn declared<'v>(&self, view: &'v Snapshot, (kind, key): (Kind, &Key)) -> Result<Declared<'v>> {
        let former = view.node_with_key(kind, key).and_then(|node| self.former(view, node));
        let former = former.map(|former| view.revision_record(&former)).transpose()?;
        Ok(Declared::new(view, (kind, key), former.as_ref()))
    }

    fn system(&self, view: &Snapshot, by: &By<'_>, wanted: &Declare<'_>) -> Result<Statement> {
        let name = wanted.node.strip_prefix("system:").unwrap_or(wanted.node);
        let name = said("the system's name", &lineal_engine::unquoted(name))?;
        let key = Key::text(name.as_str());
        let known = view.node_with_key(Kind::System, &key).is_some();
        if !known && wanted.what != What::System {
            // Says what is near.
            node_of(view, Kind::System, wanted.node)?;
        }
        let mut statement = Statement::new(Kind::System, key);
        if wanted.what == What::Role {
            for role in wanted.fields {
                closed::hold("role", role)?;
            }
            statement.set("role", Value::List(wanted.fields.iter().map(Value::text).collect()));
        } else {
            if wanted.what == What::System {
                self.declared(view, (Kind::System, &statement.key))?.hold_names(wanted.fields)?;
            }
            statement.fields = self.fields(Kind::System, wanted.fields)?;
        }
        statement.set("name", name.as_str());
        if matches!(wanted.what, What::Role | What::Scope) {
            // Who says what it is in law is part of what is said.
            statement.set("declared_at", Value::from(self.at(by)?));
            statement.link(Relation::DoneBy, (Kind::Actor, Key::text(self.actor(by)?)))?;
        }
        Ok(statement)
    }
}

/// Kind and key of what a link leads to. A commit need not be on record: its id says all.
fn linked(view: &Snapshot, relation: &str, target: &str) -> Result<(Kind, Key)> {
    if relation == Relation::BelongsTo.name() {
        return Ok(address(view, node_of(view, Kind::System, target)?));
    }
    match (node(view, target), target.strip_prefix("code:")) {
        (Err(Error::Unresolved(Unresolved::Nothing { .. })), Some(commit)) => {
            Ok((Kind::Code, Key::text(said("the commit", &lineal_engine::unquoted(commit))?)))
        }
        (found, _) => Ok(address(view, found?)),
    }
}
