//! What is stated, by its command, and whose business that is: which roles of a server may state it.

use super::request::Record;

/// Whose business a statement is: which roles of a server may make it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    /// Who builds and runs systems.
    Engineer,
    /// Who decides about them.
    Approver,
    /// Who looks into what went wrong.
    Investigator,
}

impl Who {
    /// The role's name, as servers have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Who::Engineer => "engineer",
            Who::Approver => "approver",
            Who::Investigator => "investigator",
        }
    }
}

/// A command by which something is stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is the command of its name")]
pub enum Verb {
    DeclareSystem,
    DeclareRole,
    DeclareScope,
    DeclareNode,
    Attach,
    Evaluate,
    Incident,
    Monitor,
    Change,
    Loss,
    Downtime,
    Withdraw,
    Waive,
    Approve,
    Reject,
    AddKey,
    RevokeKey,
}

/// All of them, in the order in which they are shown.
pub const VERBS: [Verb; 17] = [
    Verb::DeclareSystem,
    Verb::DeclareNode,
    Verb::Evaluate,
    Verb::Monitor,
    Verb::Attach,
    Verb::Incident,
    Verb::Loss,
    Verb::Downtime,
    Verb::Withdraw,
    Verb::DeclareRole,
    Verb::DeclareScope,
    Verb::Change,
    Verb::Waive,
    Verb::Approve,
    Verb::Reject,
    Verb::AddKey,
    Verb::RevokeKey,
];

impl Verb {
    /// Its words behind `lineal`.
    #[must_use]
    pub fn command(self) -> &'static str {
        match self {
            Verb::DeclareSystem => "declare system",
            Verb::DeclareRole => "declare role",
            Verb::DeclareScope => "declare scope",
            Verb::DeclareNode => "declare node",
            Verb::Attach => "attach",
            Verb::Evaluate => "evaluate",
            Verb::Incident => "incident",
            Verb::Monitor => "monitor",
            Verb::Change => "change",
            Verb::Loss => "loss",
            Verb::Downtime => "downtime",
            Verb::Withdraw => "withdraw",
            Verb::Waive => "waive",
            Verb::Approve => "approve",
            Verb::Reject => "reject",
            Verb::AddKey => "key add",
            Verb::RevokeKey => "key revoke",
        }
    }

    /// Whose business it is.
    #[must_use]
    pub fn who(self) -> &'static [Who] {
        match self {
            Verb::DeclareSystem | Verb::DeclareNode | Verb::Evaluate | Verb::Monitor => {
                &[Who::Engineer]
            }
            Verb::Loss | Verb::Downtime | Verb::Withdraw => &[Who::Engineer, Who::Investigator],
            Verb::Attach | Verb::Incident => &[Who::Engineer, Who::Approver, Who::Investigator],
            // What it is in law, whether a change is substantial, and who may sign: named persons.
            Verb::DeclareRole
            | Verb::DeclareScope
            | Verb::Change
            | Verb::Waive
            | Verb::Approve
            | Verb::Reject
            | Verb::AddKey
            | Verb::RevokeKey => &[Who::Approver],
        }
    }
}

impl Record {
    /// The command that states it.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match self {
            Record::DeclareSystem { .. } => Verb::DeclareSystem,
            Record::DeclareRole { .. } => Verb::DeclareRole,
            Record::DeclareScope { .. } => Verb::DeclareScope,
            Record::DeclareNode { .. } => Verb::DeclareNode,
            Record::Attach { .. } => Verb::Attach,
            Record::Evaluate { .. } => Verb::Evaluate,
            Record::Incident { .. } => Verb::Incident,
            Record::Monitor { .. } => Verb::Monitor,
            Record::Change { .. } => Verb::Change,
            Record::Loss { .. } => Verb::Loss,
            Record::Downtime { .. } => Verb::Downtime,
            Record::Withdraw { .. } => Verb::Withdraw,
            Record::Waive { .. } => Verb::Waive,
            Record::Approve { .. } => Verb::Approve,
            Record::Reject { .. } => Verb::Reject,
            Record::AddKey { .. } => Verb::AddKey,
            Record::RevokeKey { .. } => Verb::RevokeKey,
        }
    }

    /// Whose business it is.
    #[must_use]
    pub fn who(&self) -> &'static [Who] {
        self.verb().who()
    }
}

/// The statements and who may make them over a server, as a table for documents.
#[must_use]
pub fn who_states() -> String {
    let mut out = "| command | role |\n| --- | --- |\n".to_owned();
    for verb in VERBS {
        let roles: Vec<&str> = verb.who().iter().map(|who| who.name()).collect();
        out.push_str(&format!("| `{}` | {} |\n", verb.command(), roles.join(", ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_in_the_documents_is_this_one() {
        let page = include_str!("../../../docs/evidence.md");
        assert!(page.contains(&who_states()), "docs/evidence.md needs:\n{}", who_states());
    }
}
