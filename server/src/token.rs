//! Tokens: 256 random bits, shown once, kept as a hash with what they are good for.

mod file;

pub(crate) use file::Stamp;
pub use file::TokenFile;

use crate::error::{Error, Result};
use crate::role::{BREAK_GLASS_HOURS_MAX, Role};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use lineal_proof::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a token begins with, so that scanners for leaked secrets can know one.
pub const PREFIX: &str = "lineal_";
/// Separates the hash of a token from every other use of the hash function.
const TOKEN_CONTEXT: &str = "lineal v1 server token";
/// Stands for every store, or every system.
pub const ALL: &str = "*";
/// Longest name of a token, in bytes: it stands in lists and logs.
const NAME_BYTES_MAX: usize = 100;
const HOUR_NS: i64 = 3_600_000_000_000;

/// What is kept of a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// What it is called in lists and logs: the first digits of its hash.
    pub id: String,
    /// Whom or what it is for.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// The stores that it is good for; `*` is all.
    pub stores: Vec<String>,
    /// The systems that it is good for; `*` is all.
    pub systems: Vec<String>,
    /// When it was made, ns since 1970 UTC.
    pub created: i64,
    /// When it ends, ns since 1970 UTC.
    pub expires: Option<i64>,
    /// When it was revoked, ns since 1970 UTC.
    pub revoked: Option<i64>,
    /// The hash of its text, in hex.
    pub hash: String,
}

/// What a new token is to be good for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whom or what it is for.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// Stores; `*` is all.
    pub stores: Vec<String>,
    /// Systems; `*` is all, none is allowed for roles that need not name them.
    pub systems: Vec<String>,
    /// When it ends, ns since 1970 UTC.
    pub expires: Option<i64>,
}

impl Token {
    /// A new token and its text, which is kept nowhere.
    ///
    /// # Errors
    /// [`Error::Token`] where the role asks for more than was said, or the system has no randomness.
    pub fn create(wanted: Wanted, now: i64) -> Result<(Token, String)> {
        check(&wanted, now)?;
        let mut secret = [0; 32];
        getrandom::fill(&mut secret)
            .map_err(|e| Error::Token(format!("the system gives no random numbers: {e}")))?;
        let text = format!("{PREFIX}{}", BASE32_NOPAD.encode(&secret).to_lowercase());
        let hash = HEXLOWER.encode(&hash(&text));
        let Wanted { name, role, stores, mut systems, expires } = wanted;
        if systems.is_empty() {
            systems.push(ALL.to_owned());
        }
        let id = hash[..12].to_owned();
        let token =
            Token { id, name, role, stores, systems, created: now, expires, revoked: None, hash };
        Ok((token, text))
    }

    /// Is it good at this time?
    #[must_use]
    pub fn is_good(&self, now: i64) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|end| now < end)
    }

    /// Is it good for this store?
    #[must_use]
    pub fn allows_store(&self, name: &str) -> bool {
        self.stores.iter().any(|store| store == ALL || store == name)
    }

    /// Are these stores and systems none but those that it is good for itself?
    #[must_use]
    pub(crate) fn covers(&self, stores: &[String], systems: &[String]) -> bool {
        let within = |own: &[String], others: &[String]| {
            own.iter().any(|name| name == ALL) || others.iter().all(|name| own.contains(name))
        };
        within(&self.stores, stores) && within(&self.systems, systems)
    }

    /// Is another good for no store, no system and no time but those that it is good for itself?
    #[must_use]
    pub(crate) fn could_make(&self, other: &Token) -> bool {
        let is_within = match (self.expires, other.expires) {
            (None, _) => true,
            (Some(end), Some(other)) => other <= end,
            (Some(_), None) => false,
        };
        is_within && self.covers(&other.stores, &other.systems)
    }

    /// The systems that it is bound to; none where it sees them all.
    #[must_use]
    pub fn bound_to_systems(&self) -> Option<&[String]> {
        (!self.systems.iter().any(|system| system == ALL)).then_some(&self.systems)
    }
}

/// The hash of a token's text. It has 256 random bits, so a slow hash would protect nothing more.
fn hash(text: &str) -> [u8; 32] {
    Hash::derive(TOKEN_CONTEXT, text.as_bytes())
}

fn check(wanted: &Wanted, now: i64) -> Result<()> {
    let role = wanted.role;
    let refuse = |why: String| Err(Error::Token(why));
    if wanted.name.is_empty() || wanted.name.len() > NAME_BYTES_MAX {
        return refuse(format!(
            "a token has a name of 1 to {NAME_BYTES_MAX} bytes: whom it is for"
        ));
    }
    if wanted.name.chars().any(char::is_control) {
        return refuse("the name of a token has no control characters".to_owned());
    }
    if wanted.stores.is_empty() {
        return refuse(format!("a token names its stores, or `{ALL}` for all"));
    }
    if wanted.stores.iter().chain(&wanted.systems).any(|name| name.trim().is_empty()) {
        return refuse(format!("the name of a store or a system is not empty; `{ALL}` is all"));
    }
    if role.must_name_systems() && wanted.systems.is_empty() {
        return refuse(format!(
            "a token of the role {role} names the systems that it may see (--system NAME), or `{ALL}` for all"
        ));
    }
    match wanted.expires {
        None if role.must_expire() => {
            refuse(format!("a token of the role {role} must expire: --expires 30d"))
        }
        Some(end) if end <= now => refuse("the token would have expired already".to_owned()),
        Some(end) if role == Role::BreakGlass && end - now > BREAK_GLASS_HOURS_MAX * HOUR_NS => {
            refuse(format!(
                "a token of the role {role} lives {BREAK_GLASS_HOURS_MAX} hours at most"
            ))
        }
        _ => Ok(()),
    }
}

/// The tokens of a file, by the hash of their text.
#[derive(Default, Debug)]
pub struct Tokens {
    by_hash: BTreeMap<[u8; 32], Arc<Token>>,
}

impl Tokens {
    /// From what a file holds; a hash that is none is left out, since nobody can have its text.
    #[must_use]
    pub fn new(tokens: Vec<Token>) -> Tokens {
        let by_hash = tokens.into_iter().filter_map(|token| {
            let bytes = HEXLOWER.decode(token.hash.as_bytes()).ok()?;
            Some((<[u8; 32]>::try_from(bytes).ok()?, Arc::new(token)))
        });
        Tokens { by_hash: by_hash.collect() }
    }

    /// The token of a text, if it is good now. What is looked up is a hash: how long that takes
    /// tells nothing of the texts.
    #[must_use]
    pub fn find(&self, text: &str, now: i64) -> Option<&Arc<Token>> {
        self.by_hash.get(&hash(text)).filter(|token| token.is_good(now))
    }

    /// How many are good now.
    #[must_use]
    pub fn good(&self, now: i64) -> usize {
        self.by_hash.values().filter(|token| token.is_good(now)).count()
    }

    /// What is another way than it was before: what became of each token that was made, changed,
    /// revoked or taken out.
    pub(crate) fn changes(&self, before: &Tokens) -> Vec<(&'static str, Token)> {
        let own = self.by_hash.iter().filter_map(|(hash, token)| match before.by_hash.get(hash) {
            Some(old) if old == token => None,
            Some(old) if old.revoked.is_none() && token.revoked.is_some() => {
                Some(("token revoked", (**token).clone()))
            }
            Some(_) => Some(("token changed", (**token).clone())),
            None => Some(("token made", (**token).clone())),
        });
        let gone = before.by_hash.iter().filter(|(hash, _)| !self.by_hash.contains_key(*hash));
        own.chain(gone.map(|(_, token)| ("token gone", (**token).clone()))).collect()
    }

    /// Is there a token of that id?
    #[must_use]
    pub fn has(&self, id: &str) -> bool {
        self.by_hash.values().any(|token| token.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(role: Role) -> Wanted {
        let all = vec![ALL.to_owned()];
        Wanted { name: "x".to_owned(), role, stores: all, systems: Vec::new(), expires: None }
    }

    #[test]
    fn what_becomes_of_a_token_is_told_once() {
        let made = |role| Token::create(wanted(role), 1).unwrap().0;
        let (kept, mut other, gone) =
            (made(Role::Engineer), made(Role::Admin), made(Role::Importer));
        let before = Tokens::new(vec![kept.clone(), other.clone(), gone.clone()]);
        other.revoked = Some(5);
        let new = made(Role::Approver);
        let after = Tokens::new(vec![kept, other.clone(), new.clone()]);
        let mut told = after.changes(&before);
        told.sort_by_key(|(what, _)| *what);
        let expected = [("token gone", gone), ("token made", new), ("token revoked", other)];
        assert_eq!(told, expected);
        assert!(after.changes(&after).is_empty());
    }

    #[test]
    fn a_token_is_found_by_its_text_until_it_ends() {
        let (mut token, text) =
            Token::create(Wanted { expires: Some(10), ..wanted(Role::Engineer) }, 1).unwrap();
        assert!(text.starts_with(PREFIX) && text.len() == PREFIX.len() + 52, "{text}");
        assert!(!serde_json::to_string(&token).unwrap().contains(&text[PREFIX.len()..]));
        let tokens = Tokens::new(vec![token.clone()]);
        assert_eq!(tokens.find(&text, 9).map(|found| &**found), Some(&token));
        assert_eq!(tokens.find(&text, 10), None, "it has expired");
        assert_eq!(tokens.find(&text[..text.len() - 1], 9), None);
        assert_eq!(tokens.find(&token.hash, 9), None, "its hash is no token");
        token.revoked = Some(5);
        assert_eq!(Tokens::new(vec![token]).find(&text, 9), None, "it is revoked");
    }

    #[test]
    fn a_token_could_make_what_ends_with_it_and_nothing_that_lives_longer() {
        let ends = |expires| Token::create(Wanted { expires, ..wanted(Role::Admin) }, 0).unwrap().0;
        let (never, soon, later) = (ends(None), ends(Some(10)), ends(Some(11)));
        for other in [&never, &soon, &later] {
            assert!(never.could_make(other));
        }
        assert!(soon.could_make(&soon) && later.could_make(&soon));
        assert!(!soon.could_make(&later) && !soon.could_make(&never));
        let bound = Token { systems: vec!["credit".to_owned()], ..never.clone() };
        assert!(never.could_make(&bound) && !bound.could_make(&never));
    }

    #[test]
    fn roles_ask_for_their_bounds() {
        let refused = |wanted: Wanted| Token::create(wanted, 0).is_err();
        assert!(!refused(wanted(Role::Admin)));
        assert!(refused(wanted(Role::Auditor)), "neither systems nor an end");
        let audit = Wanted { systems: vec!["credit".to_owned()], ..wanted(Role::Auditor) };
        assert!(refused(audit.clone()), "no end");
        assert!(!refused(Wanted { expires: Some(HOUR_NS), ..audit }));
        let day = Some(BREAK_GLASS_HOURS_MAX * HOUR_NS);
        assert!(!refused(Wanted { expires: day, ..wanted(Role::BreakGlass) }));
        let longer = day.map(|day| day + 1);
        assert!(refused(Wanted { expires: longer, ..wanted(Role::BreakGlass) }));
        assert!(refused(Wanted { stores: Vec::new(), ..wanted(Role::Admin) }));
        assert!(refused(Wanted { name: String::new(), ..wanted(Role::Admin) }));
        for empty in ["", " "] {
            let none = vec![empty.to_owned()];
            assert!(refused(Wanted { stores: none.clone(), ..wanted(Role::Admin) }));
            assert!(refused(Wanted { systems: none, ..wanted(Role::Admin) }));
        }
    }
}
