//! What a command of its own keeps, so that `declare system` and `declare node` do not state it: the one table of
//! that.
//!
//! Such a field or link stands for more than its value. With it stand who says so and when; or it was measured, or
//! made of other records; or on a server another role states it.

mod rows;

use super::error::Result;
use super::signers;
use super::words::Fields;
use lineal_engine::schema::{Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};
use lineal_proof::record::Revision;
use lineal_proof::{Key, Value};
use rows::{Of, ROWS, Row, Which};

/// The kind's name behind its article.
pub(super) fn with_its_article(kind: Kind) -> String {
    let name = kind.name();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// Refuses a field that no command takes as `FIELD=VALUE`.
///
/// # Errors
/// [`NotStated`](super::error::Error::NotStated).
pub(super) fn hold_always(kind: Kind, field: &str) -> Result<()> {
    let is_it =
        |row: &&Row| row.kind == kind && row.of == Of::Always && row.fields.has(|it| *it == field);
    match ROWS.iter().find(is_it) {
        Some(row) => Err(row.refusal(field)),
        None => Ok(()),
    }
}

/// Kinds whose `reason` is their own: of all others it says why people last stated something of them.
const OWN_REASONS: [(Kind, &str); 6] = [
    (Kind::Document, "why it was attached, or why a key counts no more"),
    (Kind::Evaluation, "why figures by group do not apply"),
    (Kind::Approval, "why it was decided so"),
    (Kind::Change, "why it was done"),
    (Kind::Hold, "why it stands"),
    (Kind::Erasure, "why it was done"),
];

/// What the reason says that a kind keeps as its own.
pub(super) fn own_reason(kind: Kind) -> Option<&'static str> {
    OWN_REASONS.iter().find(|(of, _)| *of == kind).map(|(_, meaning)| *meaning)
}

/// A node of which something is declared.
pub(super) struct Declared<'a> {
    view: &'a Snapshot,
    kind: Kind,
    /// None where nobody spoke of it yet.
    node: Option<NodeNo>,
    is_key: bool,
    /// Did a person state something of it in their own name?
    is_stated: bool,
}

impl<'a> Declared<'a> {
    /// `former` is what people last stated of it.
    pub(super) fn new(
        view: &'a Snapshot,
        (kind, key): (Kind, &Key),
        former: Option<&Revision>,
    ) -> Declared<'a> {
        let said_by = Relation::DoneBy.name();
        let is_stated = former.is_some_and(|it| it.edges.iter().any(|it| it.relation == said_by));
        let node = view.node_with_key(kind, key);
        let is_key = kind == Kind::Document && signers::is_key(key);
        Declared { view, kind, node, is_key, is_stated }
    }

    fn rows(&self) -> impl Iterator<Item = &'static Row> {
        let (kind, is_key, is_stated) = (self.kind, self.is_key, self.is_stated);
        ROWS.iter().filter(move |row| {
            row.kind == kind
                && match row.of {
                    Of::Always | Of::Each | Of::Otherwise => true,
                    Of::Stated | Of::StatedOtherwise => is_stated,
                    Of::Keys => is_key,
                }
        })
    }

    /// Refuses fields that are kept so, by their names: `FIELD=VALUE`, whatever the value.
    ///
    /// # Errors
    /// [`NotStated`](super::error::Error::NotStated).
    pub(super) fn hold_names(&self, assignments: &[String]) -> Result<()> {
        for path in assignments.iter().filter_map(|text| Some(text.split_once('=')?.0.trim())) {
            let name = path.split('.').next().unwrap_or_default();
            let mut kept = self.rows().filter(|row| !row.is_of_values());
            if let Some(row) = kept.find(|row| row.fields.has(|it| *it == name)) {
                return Err(row.refusal(name));
            }
        }
        Ok(())
    }

    /// Refuses to put something else in the place of what is recorded and kept so.
    ///
    /// # Errors
    /// [`NotStated`](super::error::Error::NotStated), and what the store says.
    pub(super) fn hold_values(&self, stated: &Fields) -> Result<()> {
        let Some(node) = self.node else { return Ok(()) };
        for row in self.rows().filter(|row| row.is_of_values()) {
            let Which::These(names) = row.fields else { continue };
            for name in names {
                let given = stated.clear.get(name).or_else(|| stated.sealed.get(name));
                let is_of_it = |path: &&String| path.split('.').next() == Some(*name);
                let gone: Vec<&String> = stated.removed.iter().filter(is_of_it).collect();
                if given.is_none() && gone.is_empty() {
                    continue;
                }
                let Some(recorded) = self.view.field(node, name)? else { continue };
                let is_other = given.is_some_and(|given| is_other(&recorded, given));
                if is_other || gone.iter().any(|path| has(&recorded, path)) {
                    return Err(row.refusal(name));
                }
            }
        }
        Ok(())
    }

    /// Refuses a link that is kept so.
    ///
    /// # Errors
    /// [`NotStated`](super::error::Error::NotStated).
    pub(super) fn hold_link(&self, relation: Relation) -> Result<()> {
        match self.rows().find(|row| row.links.has(|it| *it == relation)) {
            Some(row) => Err(row.refusal(relation.name())),
            None => Ok(()),
        }
    }
}

/// Does a value say something else than is recorded? A member that a map does not have yet is added.
fn is_other(recorded: &Value, given: &Value) -> bool {
    match (recorded, given) {
        (Value::Map(recorded), Value::Map(given)) => given
            .iter()
            .any(|(name, value)| recorded.get(name).is_some_and(|recorded| recorded != value)),
        _ => recorded != given,
    }
}

/// Is there what a path names, of a field or of a member of a map?
fn has(recorded: &Value, path: &str) -> bool {
    match (recorded, path.split_once('.')) {
        (Value::Map(members), Some((_, member))) => members.get(member).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::{KINDS, fields};

    #[test]
    fn a_refusal_names_the_command_and_who_may() {
        let refused = hold_always(Kind::Document, "public_key").unwrap_err().to_string();
        assert_eq!(
            refused,
            "`public_key` of a document is not declared: `lineal key add`, `lineal key revoke` record it, with who \
             says so; over a server the role approver may"
        );
        assert!(hold_always(Kind::Document, "reviewed_at").is_ok());
        assert_eq!(with_its_article(Kind::Evaluation), "an evaluation");
    }

    #[test]
    fn a_reason_of_its_own_says_why_something_was_done() {
        for kind in KINDS {
            let reason = fields(kind).iter().find(|spec| spec.name == "reason");
            let is_own =
                reason.is_some_and(|spec| !spec.meaning.starts_with("why people last stated"));
            assert_eq!(own_reason(kind).is_some(), is_own, "{kind}");
        }
    }

    #[test]
    fn a_member_is_added_and_none_is_put_in_the_place_of_another() {
        let map = |members: &[(&str, f64)]| {
            let members = members.iter().map(|(name, it)| ((*name).to_owned(), Value::float(*it)));
            Value::Map(members.collect())
        };
        let recorded = map(&[("auc", 0.8)]);
        assert!(!is_other(&recorded, &map(&[("f1", 0.7), ("auc", 0.8)])));
        assert!(is_other(&recorded, &map(&[("auc", 0.7)])));
        assert!(has(&recorded, "thresholds.auc") && has(&recorded, "thresholds"));
        assert!(!has(&recorded, "thresholds.f1"));
    }
}
