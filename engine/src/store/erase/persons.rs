//! The two persons of an erasure: both are named, and they are not one. What names nobody is refused here, so
//! that it is no person for any other statement either.

use crate::error::{Error, Result};
use crate::store::Store;

/// What a token is called where it stands for a person: `token:ID`.
const TOKEN: &str = "token";

/// The two persons of an erasure, as the keys under which they are known here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TwoPersons {
    /// Who decided.
    pub decided_by: String,
    /// Who does it.
    pub executed_by: String,
}

/// A login or an e-mail as it names a person: without blanks around it, and a token as `token:ID`. None where
/// it names nobody: empty, blanks or signs alone, `unknown`, or a token without an id.
#[must_use]
pub fn person_named(login: &str) -> Option<String> {
    let login = login.trim_matches(is_blank);
    let named = match token_of(login) {
        Some(id) => format!("{TOKEN}:{id}"),
        None => login.to_owned(),
    };
    let said = token_of(login).unwrap_or(login);
    let names_somebody = said.chars().any(char::is_alphanumeric);
    (names_somebody && !said.eq_ignore_ascii_case("unknown")).then_some(named)
}

/// The id of a token that a text names, however it is written: `token: 8b54A5...`.
fn token_of(login: &str) -> Option<&str> {
    let (head, id) = login.split_once(':')?;
    head.trim_matches(is_blank).eq_ignore_ascii_case(TOKEN).then(|| id.trim_matches(is_blank))
}

/// By what two names are held against each other: letters without case, no blanks, a token by its id alone.
fn compared(login: &str) -> String {
    let said = token_of(login).unwrap_or(login);
    said.chars().filter(|c| !is_blank(*c)).flat_map(char::to_lowercase).collect()
}

/// Nothing that anybody sees: blanks, control characters, marks of width and direction.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl Store {
    /// The key under which somebody is known here who says or does something.
    ///
    /// # Errors
    /// [`Error::Nobody`] where the text names nobody, [`Error::NoKey`] without the actor key.
    pub fn person_key(&self, login: &str) -> Result<String> {
        let named = person_named(login).ok_or(Error::Nobody { who: "who says it" })?;
        self.actor_key(&named)
    }

    /// Who decides on an erasure and who does it, as [`ErasureOrder`](crate::ErasureOrder) takes them.
    ///
    /// # Errors
    /// [`Error::Nobody`] where either text names nobody, [`Error::SamePerson`], [`Error::NoKey`].
    pub fn two_persons(&self, decided_by: &str, executed_by: &str) -> Result<TwoPersons> {
        self.two_persons_known(decided_by, executed_by, &[])
    }

    /// The same where more names of who executes are known, as a token has one: whoever decides by any of
    /// them is no other person. Names that name nobody are passed over.
    ///
    /// # Errors
    /// As [`Store::two_persons`].
    pub fn two_persons_known(
        &self,
        decided_by: &str,
        executed_by: &str,
        also: &[String],
    ) -> Result<TwoPersons> {
        let named = |login: &str, who| person_named(login).ok_or(Error::Nobody { who });
        let decides = named(decided_by, "who decided")?;
        let executes = named(executed_by, "who executes it")?;
        let also = also.iter().filter_map(|name| person_named(name));
        let mut names = also.chain([executes.clone()]);
        if names.any(|name| compared(&decides) == compared(&name)) {
            return Err(Error::SamePerson { who: self.actor_key(&executes)? });
        }
        Ok(TwoPersons {
            decided_by: self.actor_key(&decides)?,
            executed_by: self.actor_key(&executes)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_nobody_is_no_person() {
        for nobody in
            ["", " ", "\t\n", ".", "--", "\u{200b}", "Unknown", "token:", "token: .", " token : "]
        {
            assert_eq!(person_named(nobody), None, "{nobody:?}");
        }
        for (said, named) in [
            (" anna@bank.example ", "anna@bank.example"),
            ("Anna Maier", "Anna Maier"),
            ("é", "é"),
            ("7", "7"),
            ("token:8b54a5b871f7", "token:8b54a5b871f7"),
            ("Token : 8b54A5b871f7 ", "token:8b54A5b871f7"),
            ("ldap:anna", "ldap:anna"),
        ] {
            assert_eq!(person_named(said).as_deref(), Some(named), "{said:?}");
        }
    }

    #[test]
    fn one_person_is_one_however_they_are_written() {
        let alike = |one: &str, other: &str| compared(one) == compared(other);
        for (one, other) in [
            ("a@b.example", "A@B.example"),
            ("Anna Maier", "anna  maier"),
            ("token:8b54a5b871f7", "TOKEN: 8B54A5B871F7"),
            ("token:8b54a5b871f7", "8b54a5b871f7"),
            ("a@b.example", "a@b.\u{200b}example"),
        ] {
            assert!(alike(one, other), "{one:?} {other:?}");
        }
        assert!(!alike("a@b.example", "b@b.example") && !alike("token:1", "token:2"));
    }
}
