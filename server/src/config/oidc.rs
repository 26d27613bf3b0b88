//! The part of the configuration that is about an identity provider: whose tokens are taken beside
//! our own (OpenID Connect), and what their claims are worth here.

use crate::oidc::Algorithm;
use crate::role::Role;
use crate::token::ALL;
use serde::Deserialize;
use std::path::PathBuf;

/// Most seconds by which two clocks may differ: more would keep expired tokens in force.
const LEEWAY_SECONDS_MAX: u64 = 300;
/// Longest life of a token that may be configured, in hours: nobody can revoke one here.
const HOURS_MAX: u64 = 7 * 24;
/// Most rows of what claims are worth.
const GRANTS_MAX: usize = 256;

/// Whose tokens are taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// What `iss` must be, to the letter.
    pub issuer: String,
    /// What `aud` must hold, one of these: tokens for other programs are none for this one.
    pub audience: Vec<String>,
    /// The provider's public keys, a JWKS: the path of a file, or its URL.
    pub keys: String,
    /// Whom is trusted when the URL is read, a PEM file; the system's roots if none is named.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// How tokens may be signed. All that can be named are asymmetric.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// Seconds by which the provider's clock may differ.
    #[serde(default = "leeway_seconds")]
    pub leeway_seconds: u64,
    /// Longest life of a token that is taken, in hours.
    #[serde(default = "hours_max")]
    pub hours_max: u64,
    /// Seconds after which keys are read again from a URL.
    #[serde(default = "refresh_seconds")]
    pub refresh_seconds: u64,
    /// Least seconds between two readings, however many tokens name a key that is not known.
    #[serde(default = "refetch_seconds")]
    pub refetch_seconds: u64,
    /// Hours after which keys that could not be read again from their URL are good for nothing.
    #[serde(default = "stale_hours")]
    pub stale_hours: u64,
    /// The claim that says who it is; it stands sealed in the trail.
    #[serde(default = "person")]
    pub person: String,
    /// The file of the key by which people become ids; `oidc.key` beside the tokens if none is named.
    #[serde(default)]
    pub secret: Option<PathBuf>,
    /// What claims are worth: the first row that fits counts, and none is no entry.
    #[serde(default, rename = "grant")]
    pub grants: Vec<Grant>,
}

/// One row of what claims are worth.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The claim that is looked at; dots lead into objects.
    pub claim: String,
    /// What it must be, or hold.
    pub has: String,
    /// What it stands for.
    pub role: Role,
    /// The stores that it is good for; `*` is all.
    #[serde(default)]
    pub stores: Vec<String>,
    /// The claim that names them, in the place of `stores`.
    #[serde(default)]
    pub stores_claim: Option<String>,
    /// The systems that it is good for; `*` is all.
    #[serde(default)]
    pub systems: Vec<String>,
    /// The claim that names them, in the place of `systems`.
    #[serde(default)]
    pub systems_claim: Option<String>,
    /// The claim that names the cases within which may be asked.
    #[serde(default)]
    pub cases_claim: Option<String>,
}

fn algorithms() -> Vec<Algorithm> {
    vec![Algorithm::RS256, Algorithm::PS256, Algorithm::ES256, Algorithm::EdDSA]
}

fn leeway_seconds() -> u64 {
    30
}

fn hours_max() -> u64 {
    24
}

fn refresh_seconds() -> u64 {
    300
}

fn refetch_seconds() -> u64 {
    30
}

fn stale_hours() -> u64 {
    24
}

fn person() -> String {
    "sub".to_owned()
}

impl Oidc {
    pub(super) fn check(&self) -> Result<(), String> {
        let texts = [("issuer", &self.issuer), ("keys", &self.keys), ("person", &self.person)];
        if let Some((name, _)) = texts.iter().find(|(_, text)| text.is_empty()) {
            return Err(format!("oidc.{name} is empty"));
        }
        if self.audience.is_empty() || self.audience.iter().any(String::is_empty) {
            return Err("oidc.audience names what tokens must be for: without it a token for any program would do".to_owned());
        }
        if self.algorithms.is_empty() {
            return Err("oidc.algorithms is empty: no token could be taken".to_owned());
        }
        for (name, value) in [
            ("hours_max", self.hours_max),
            ("refresh_seconds", self.refresh_seconds),
            ("refetch_seconds", self.refetch_seconds),
            ("stale_hours", self.stale_hours),
        ] {
            if value == 0 {
                return Err(format!("oidc.{name} is 0: no token could be taken"));
            }
        }
        if self.leeway_seconds > LEEWAY_SECONDS_MAX {
            return Err(format!("oidc.leeway_seconds is {LEEWAY_SECONDS_MAX} at most"));
        }
        if self.hours_max > HOURS_MAX {
            return Err(format!(
                "oidc.hours_max is {HOURS_MAX} at most: such a token cannot be revoked here"
            ));
        }
        if self.grants.is_empty() || self.grants.len() > GRANTS_MAX {
            return Err(format!(
                "[[oidc.grant]] says what claims are worth, 1 to {GRANTS_MAX} of them; what fits none is refused"
            ));
        }
        for (number, grant) in self.grants.iter().enumerate() {
            grant.check().map_err(|why| format!("oidc.grant {}: {why}", number + 1))?;
        }
        Ok(())
    }
}

impl Grant {
    fn check(&self) -> Result<(), String> {
        if self.claim.is_empty() || self.has.is_empty() {
            return Err("`claim` and `has` say for whom it is".to_owned());
        }
        let one = |name: &str, listed: &[String], claim: Option<&String>| {
            if listed.is_empty() == claim.is_none() {
                return Err(format!("say one of `{name}` and `{name}_claim`"));
            }
            match listed.iter().any(String::is_empty) || claim.is_some_and(String::is_empty) {
                true => Err(format!("`{name}` names something, or `{ALL}` for all")),
                false => Ok(()),
            }
        };
        one("stores", &self.stores, self.stores_claim.as_ref())?;
        if self.role.must_name_systems() || !self.systems.is_empty() || self.systems_claim.is_some()
        {
            let why = |why| format!("{why}: the role {} may be bound to systems", self.role);
            one("systems", &self.systems, self.systems_claim.as_ref()).map_err(why)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = r#"
        issuer = "i"
        audience = ["a"]
        keys = "k.json"
        [[grant]]
        claim = "groups"
        has = "g"
        role = "auditor"
        stores = ["*"]
        systems = ["s"]
    "#;

    fn read(text: &str) -> Result<(), String> {
        toml::from_str::<Oidc>(text).map_err(|e| e.to_string())?.check()
    }

    #[test]
    fn what_would_let_in_whom_nobody_meant_is_an_error() {
        assert_eq!(read(SOUND), Ok(()));
        for (old, new) in [
            ("issuer = \"i\"", ""),
            ("issuer = \"i\"", "issuer = \"\""),
            ("[\"a\"]", "[]"),
            ("[\"a\"]", "[\"\"]"),
            ("keys", "algorithms = [\"HS256\"]\nkeys"),
            ("keys", "algorithms = [\"none\"]\nkeys"),
            ("keys", "algorithms = []\nkeys"),
            ("keys", "leeway_seconds = 301\nkeys"),
            ("keys", "hours_max = 0\nkeys"),
            ("keys", "hours_max = 169\nkeys"),
            ("keys", "audiences = [\"b\"]\nkeys"),
            ("has = \"g\"", "has = \"\""),
            ("\"auditor\"", "\"root\""),
            ("stores = [\"*\"]", ""),
            ("stores = [\"*\"]", "stores = [\"*\"]\nstores_claim = \"s\""),
            ("stores = [\"*\"]", "stores = [\"\"]"),
            ("systems = [\"s\"]", ""),
            ("systems = [\"s\"]", "systems_claim = \"\""),
        ] {
            let text = SOUND.replacen(old, new, 1);
            assert_ne!(text, SOUND);
            assert!(read(&text).is_err(), "{text}");
        }
        let none = SOUND.split("[[grant]]").next().unwrap_or_default();
        assert!(read(none).is_err_and(|why| why.contains("[[oidc.grant]]")));
        let engineer = SOUND.replace("auditor", "engineer").replace("systems = [\"s\"]", "");
        assert_eq!(read(&engineer), Ok(()), "others see all systems where none is named");
    }
}
