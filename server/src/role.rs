//! Who may do what: the roles, and what each of them brings and is bound to.
//!
//! Which endpoint a role may use stands in the table of endpoints (`endpoint.rs`), nowhere else.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest life of a break-glass token, in hours: it is for one incident, not for a habit.
pub const BREAK_GLASS_HOURS_MAX: i64 = 24;

/// What a token stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A machine that appends imports and batches, and reads no records.
    Importer,
    /// Reads lineage; not what points at a person's data.
    Engineer,
    /// As the engineer, and decides about releases; a named person.
    Approver,
    /// Reads everything within a case, which every request names.
    Investigator,
    /// Erasure, restriction, ceilings; reads lineage.
    PrivacyOfficer,
    /// Reads within the systems of its token, until the token expires.
    Auditor,
    /// Tokens, keys, policies; no reading of payloads by virtue of the role.
    Admin,
    /// Reads everything for some hours, never silently.
    BreakGlass,
}

/// All of them, in the order in which they are shown.
pub const ROLES: [Role; 8] = [
    Role::Importer,
    Role::Engineer,
    Role::Approver,
    Role::Investigator,
    Role::PrivacyOfficer,
    Role::Auditor,
    Role::Admin,
    Role::BreakGlass,
];

impl Role {
    /// The word for it in tokens, flags and documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Role::Importer => "importer",
            Role::Engineer => "engineer",
            Role::Approver => "approver",
            Role::Investigator => "investigator",
            Role::PrivacyOfficer => "privacy-officer",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
            Role::BreakGlass => "break-glass",
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Role> {
        ROLES.into_iter().find(|role| role.name() == name)
    }

    /// May it see the subject group of events: input and output references, sessions, whatever no
    /// rule maps?
    #[must_use]
    pub fn sees_subject_group(self) -> bool {
        matches!(self, Role::Investigator | Role::Auditor | Role::BreakGlass)
    }

    /// May it read the trail of who asked what? Of a whole store alone: a token that is bound to
    /// systems may not.
    #[must_use]
    pub fn reads_trail(self) -> bool {
        matches!(self, Role::Auditor | Role::PrivacyOfficer | Role::Admin)
    }

    /// May it see what is restricted (GDPR 18)? Whoever decides about that must.
    #[must_use]
    pub fn sees_restricted(self) -> bool {
        self == Role::PrivacyOfficer
    }

    /// Must every request name a case (header `Lineal-Case`)?
    #[must_use]
    pub fn needs_case(self) -> bool {
        matches!(self, Role::Investigator | Role::BreakGlass)
    }

    /// Must a token of it expire?
    #[must_use]
    pub fn must_expire(self) -> bool {
        matches!(self, Role::Auditor | Role::BreakGlass)
    }

    /// Must a token of it name the systems that it is for (`*` for all of them, said in words)?
    #[must_use]
    pub fn must_name_systems(self) -> bool {
        self == Role::Auditor
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_name_the_roles_that_see_what_points_at_a_person() {
        let opening = lineal_evidence::report::Asks::built_in().unwrap().opening;
        let named = |sees: &dyn Fn(Role) -> bool| -> Vec<&str> {
            ROLES.into_iter().filter(|role| sees(*role)).map(Role::name).collect()
        };
        assert_eq!(opening.sees, named(&Role::sees_subject_group));
        assert_eq!(opening.never, named(&|role| !role.sees_subject_group()));
        assert_eq!(opening.restricted, named(&Role::sees_restricted));
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in ROLES {
            assert_eq!(Role::parse(role.name()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert_eq!(Role::parse("root"), None);
    }
}
