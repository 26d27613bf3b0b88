//! What claims are worth here: the first row of the configuration that fits. What fits none is worth
//! nothing, and a claim never says "all": that only the configuration may say.

use super::claims::{Claims, Refusal};
use crate::config::{Grant, Oidc};
use crate::role::{BREAK_GLASS_HOURS_MAX, Role};
use crate::token::{ALL, Token};
use lineal_proof::Hash;

/// Most stores, systems or cases that a claim may name.
const NAMES_MAX: usize = 256;
/// Longest of these names, and of that of a person, in bytes.
const NAME_BYTES_MAX: usize = 256;
/// Separates ids of people from every other use of the hash function.
const PERSON_CONTEXT: &[u8] = b"lineal v1 oidc person";
/// What such an id begins with: no token of a file has such a one.
pub(crate) const ID_PREFIX: &str = "oidc-";
/// Digits of it: at 2^32 people two share one, by chance.
const ID_DIGITS: usize = 16;
const HOUR_NS: i64 = 3_600_000_000_000;

/// Who asks by a token of the provider, and what that is worth.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// As if a token of ours had been made for it; its id is of the person, whatever token it was.
    pub(crate) token: Token,
    /// Who it is, in the provider's words: personal data.
    pub(crate) person: String,
    /// The provider's own id of them.
    pub(crate) subject: String,
    /// The cases within which it may ask; none says that any may be named.
    pub(crate) cases: Option<Vec<String>>,
}

impl Known {
    /// What the claims are worth.
    ///
    /// # Errors
    /// [`Refusal::Claim`] or [`Refusal::Grant`].
    pub(super) fn by(
        claims: &Claims,
        config: &Oidc,
        secret: &[u8; 32],
        now: i64,
    ) -> Result<Known, Refusal> {
        let subject = claims.text("sub").filter(|name| is_name(name)).ok_or(Refusal::Claim)?;
        let person = claims.text(&config.person).filter(|name| is_name(name));
        let person = person.ok_or(Refusal::Claim)?.to_owned();
        let fits = |grant: &&Grant| claims.texts(&grant.claim).contains(&grant.has.as_str());
        let grant = config.grants.iter().find(fits).ok_or(Refusal::Grant)?;
        let stores = named(claims, &grant.stores, grant.stores_claim.as_deref())?;
        let mut systems = named(claims, &grant.systems, grant.systems_claim.as_deref())?;
        if systems.is_empty() && grant.systems_claim.is_none() && !grant.role.must_name_systems() {
            systems.push(ALL.to_owned());
        }
        // What names nothing is good for nothing.
        if stores.is_empty() || systems.is_empty() {
            return Err(Refusal::Grant);
        }
        if grant.role == Role::BreakGlass
            && claims.ends.saturating_sub(now) > BREAK_GLASS_HOURS_MAX * HOUR_NS
        {
            return Err(Refusal::Lifetime);
        }
        let cases = grant.cases_claim.as_deref().map(|claim| named(claims, &[], Some(claim)));
        let cases = cases.transpose()?;
        let token = Token {
            id: id(secret, &config.issuer, subject),
            name: String::new(),
            role: grant.role,
            stores,
            systems,
            created: now,
            expires: Some(claims.ends),
            revoked: None,
            hash: String::new(),
        };
        Ok(Known { token, person, subject: subject.to_owned(), cases })
    }
}

/// What the configuration lists, or a claim does.
fn named(claims: &Claims, listed: &[String], claim: Option<&str>) -> Result<Vec<String>, Refusal> {
    let Some(claim) = claim else { return Ok(listed.to_vec()) };
    let names = claims.texts(claim);
    let is_sound = |name: &&str| is_name(name) && *name != ALL;
    if names.len() > NAMES_MAX || !names.iter().all(is_sound) {
        return Err(Refusal::Claim);
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}

/// What a person is called in logs and trails. Keyed: logins can be guessed, and an unkeyed hash of
/// one would say whose it is.
fn id(secret: &[u8; 32], issuer: &str, subject: &str) -> String {
    let mut bytes = PERSON_CONTEXT.to_vec();
    for part in [issuer, subject] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let digest = data_encoding::HEXLOWER.encode(Hash::keyed(secret, &bytes).as_bytes());
    format!("{ID_PREFIX}{}", &digest[..ID_DIGITS])
}
