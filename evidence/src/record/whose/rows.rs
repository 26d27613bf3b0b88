//! The table: what a command of its own keeps of a kind.

use super::super::error::Error;
use super::super::verb::Verb;
use super::with_its_article;
use lineal_engine::schema::{Kind, Relation};

/// Of which nodes of its kind a row speaks, and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    /// Of each, also beside what the command of the kind itself is told as `FIELD=VALUE`.
    Always,
    /// Of each.
    Each,
    /// Of those of which a person stated something in their own name.
    Stated,
    /// Of these, where something else is recorded already: what is missing may be declared.
    StatedOtherwise,
    /// Of each, where something else is recorded already.
    Otherwise,
    /// Of keys that sign.
    Keys,
}

/// Fields or links.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which<T: 'static> {
    All,
    AllBut(&'static [T]),
    These(&'static [T]),
}

impl<T> Which<T> {
    pub(super) fn has(&self, is_it: impl Fn(&T) -> bool) -> bool {
        match self {
            Which::All => true,
            Which::AllBut(others) => !others.iter().any(is_it),
            Which::These(these) => these.iter().any(is_it),
        }
    }
}

/// What records it.
#[derive(Clone, Copy, Debug)]
pub(super) enum By {
    /// Statements.
    Verbs(&'static [Verb]),
    /// What is no statement, in words.
    Told(&'static str),
}

pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) of: Of,
    pub(super) fields: Which<&'static str>,
    pub(super) links: Which<Relation>,
    by: By,
}

const NO_FIELDS: Which<&str> = Which::These(&[]);
const NO_LINKS: Which<Relation> = Which::These(&[]);
const SAID_BY: Which<Relation> = Which::These(&[Relation::DoneBy]);
const KEYS: By = By::Verbs(&[Verb::AddKey, Verb::RevokeKey]);

const fn row(
    (kind, of): (Kind, Of),
    fields: Which<&'static str>,
    links: Which<Relation>,
    by: By,
) -> Row {
    Row { kind, of, fields, links, by }
}

const fn whole(kind: Kind, by: By) -> Row {
    row((kind, Of::Each), Which::All, Which::All, by)
}

/// What is kept so.
pub(super) const ROWS: &[Row] = &[
    row(
        (Kind::System, Of::Each),
        Which::These(&["role", "risk_class", "annex_point", "declared_at"]),
        // Who says what it is in law.
        SAID_BY,
        By::Verbs(&[Verb::DeclareRole, Verb::DeclareScope]),
    ),
    whole(Kind::Approval, By::Verbs(&[Verb::Approve, Verb::Reject, Verb::Waive])),
    row(
        (Kind::Change, Of::Each),
        Which::All,
        // What else it concerned would be decided with it.
        Which::AllBut(&[Relation::BelongsTo]),
        By::Verbs(&[Verb::Change, Verb::Loss, Verb::Downtime, Verb::Withdraw]),
    ),
    row((Kind::Document, Of::Keys), Which::All, Which::All, KEYS),
    row(
        (Kind::Document, Of::Always),
        Which::These(&["public_key", "revoked_at", "replaced_by"]),
        NO_LINKS,
        KEYS,
    ),
    row(
        (Kind::Document, Of::Always),
        Which::These(&["digest", "sha256", "size", "content"]),
        NO_LINKS,
        By::Told("it is made from the bytes that `lineal attach` reads"),
    ),
    row(
        (Kind::Document, Of::Otherwise),
        Which::These(&["name", "version", "type", "media_type", "reason"]),
        NO_LINKS,
        By::Verbs(&[Verb::Attach]),
    ),
    row((Kind::Document, Of::Stated), NO_FIELDS, SAID_BY, By::Verbs(&[Verb::Attach])),
    row(
        (Kind::Evaluation, Of::Stated),
        Which::These(&["metrics", "passed", "type", "model_digest"]),
        Which::These(&[Relation::Evaluates, Relation::TestedOn, Relation::DoneBy]),
        By::Verbs(&[Verb::Evaluate]),
    ),
    row(
        (Kind::Evaluation, Of::StatedOtherwise),
        Which::These(&["thresholds", "by_group", "time", "started", "reason", "note"]),
        NO_LINKS,
        By::Verbs(&[Verb::Evaluate]),
    ),
    row((Kind::Incident, Of::Stated), NO_FIELDS, SAID_BY, By::Verbs(&[Verb::Incident])),
    row((Kind::Monitor, Of::Stated), NO_FIELDS, SAID_BY, By::Verbs(&[Verb::Monitor])),
    row(
        (Kind::Actor, Of::Each),
        Which::These(&["name", "email"]),
        NO_LINKS,
        By::Told(
            "it comes with what the person states or with an import, and `lineal alias` joins two logins",
        ),
    ),
    row(
        (Kind::Batch, Of::Each),
        Which::AllBut(&["retention_until", "reason"]),
        Which::All,
        By::Told("it is counted from the rows when `lineal import` brings them"),
    ),
    whole(
        Kind::Hold,
        By::Told(
            "`lineal hold add` and `hold release` record it; over a server the role privacy-officer does",
        ),
    ),
    whole(
        Kind::Erasure,
        By::Told("`lineal erase` records it; over a server the role privacy-officer does"),
    ),
    whole(
        Kind::Checkpoint,
        By::Told("`lineal checkpoint` signs it; over a server the role admin does"),
    ),
    whole(Kind::Import, By::Told("it is derived from what `lineal import` brought")),
    whole(Kind::Inference, By::Told("`lineal import` brings it")),
    whole(Kind::Access, By::Told("a server records it of each use")),
];

impl Row {
    /// Is it about values that are recorded, and not about fields whatever their value?
    pub(super) fn is_of_values(&self) -> bool {
        matches!(self.of, Of::Otherwise | Of::StatedOtherwise)
    }

    /// Refuses what is of this row.
    pub(super) fn refusal(&self, what: &str) -> Error {
        let how = match self.by {
            By::Told(how) => how.to_owned(),
            By::Verbs(verbs) => by_verbs(verbs, self.of),
        };
        Error::NotStated { what: format!("`{what}` of {}", with_its_article(self.kind)), how }
    }
}

fn by_verbs(verbs: &[Verb], of: Of) -> String {
    let before = match of {
        Of::Otherwise | Of::StatedOtherwise => "something else is recorded of it, and ",
        _ => "",
    };
    // Commands of one business are next to each other.
    let ways: Vec<String> =
        verbs.chunk_by(|a, b| a.who() == b.who()).map(by_one_business).collect();
    format!("{before}{}", ways.join("; or "))
}

/// Commands that the same roles may use.
fn by_one_business(verbs: &[Verb]) -> String {
    let commands: Vec<String> =
        verbs.iter().map(|verb| format!("`lineal {}`", verb.command())).collect();
    let who = verbs.first().map_or(&[][..], |verb| verb.who());
    let mut roles: Vec<&str> = who.iter().map(|who| who.name()).collect();
    roles.sort_unstable();
    let records = if verbs.len() == 1 { "records" } else { "record" };
    let does = if roles.len() == 1 { "the role" } else { "the roles" };
    format!(
        "{} {records} it, with who says so; over a server {does} {} may",
        commands.join(", "),
        roles.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::{COMMON_FIELDS, KINDS, fields};

    #[test]
    fn each_row_names_fields_and_links_that_its_kind_has() {
        for row in ROWS {
            if let Which::These(names) | Which::AllBut(names) = row.fields {
                for name in names {
                    let mut all = COMMON_FIELDS.iter().chain(fields(row.kind));
                    assert!(all.any(|spec| spec.name == *name), "{} {name}", row.kind);
                }
            }
            if let Which::These(links) | Which::AllBut(links) = row.links {
                for link in links {
                    assert!(link.spec().from.contains(&row.kind), "{} {}", row.kind, link.name());
                }
            }
        }
    }

    /// A kind is declared where nobody else states it: a new one is looked at here.
    #[test]
    fn each_kind_is_declared_or_has_what_records_it() {
        let whole = |kind: &Kind| {
            let is_whole = |row: &Row| {
                row.kind == *kind
                    && row.of == Of::Each
                    && matches!((row.fields, row.links), (Which::All, Which::All))
            };
            ROWS.iter().any(is_whole)
        };
        let declared: Vec<&str> =
            KINDS.iter().filter(|kind| !whole(kind)).map(|kind| kind.name()).collect();
        assert_eq!(
            declared,
            [
                "actor",
                "code",
                "system",
                "dataset",
                "experiment",
                "run",
                "model",
                "document",
                "evaluation",
                "deployment",
                "batch",
                "monitor",
                "alert",
                "incident",
                "change",
            ]
        );
    }
}
