//! Sealed names of persons, by which an actor key that is another store's is told.

use super::Register;
use crate::keys::Keys;
use crate::schema::Kind;
use lineal_proof::record::node_id;
use lineal_proof::{Hash, Key};
use std::collections::BTreeMap;

/// Sealed fields of an actor that may hold the login of which its key was made.
pub(crate) const LOGINS: [&str; 2] = ["email", "name"];

/// Persons of whom a sealed name opens.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Persons {
    /// Those whose key the actor key that is here makes of one of their names.
    pub(crate) fitting: u64,
    /// All of them.
    pub(crate) opened: u64,
}

impl Persons {
    /// Of these sealed names. One that does not open, or is no login, tells nothing.
    pub(crate) fn of<'n>(
        (register, keys): (&Register, &Keys),
        names: impl Iterator<Item = &'n Hash>,
    ) -> Persons {
        let mut fits: BTreeMap<Hash, bool> = BTreeMap::new();
        for (subject, is_own) in names.filter_map(|name| fit(register, keys, name)) {
            *fits.entry(subject).or_default() |= is_own;
        }
        let fitting = fits.values().filter(|is_own| **is_own).count() as u64;
        Persons { fitting, opened: fits.len() as u64 }
    }

    /// Do most of them not fit? A program may key some persons by what it does not seal, and what was written
    /// under another key before stays: it is not all or none.
    pub(crate) fn are_others(self) -> bool {
        self.opened - self.fitting > self.fitting
    }
}

/// Whose a sealed login is, and whether it is the one that this person's key was made of. None if it does not
/// open, or is none.
fn fit(register: &Register, keys: &Keys, commitment: &Hash) -> Option<(Hash, bool)> {
    let subject = register.entry(commitment)?.subject;
    let value = register.open_value(keys, commitment)?;
    // A name of several words is no login.
    let login = value.as_text().filter(|text| !text.trim().contains(char::is_whitespace))?;
    let key = Key::text(keys.actor(login).ok()?);
    Some((subject, node_id(Kind::Actor.name(), &key) == subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_the_persons_decide() {
        let are_others = |fitting, opened| Persons { fitting, opened }.are_others();
        assert!(!are_others(0, 0) && !are_others(1, 1) && !are_others(1, 2));
        assert!(are_others(0, 1) && are_others(1, 3));
    }
}
