//! Bodies about tokens, and about what goes by its ceiling.

use crate::role::Role;
use crate::token::Token;
use lineal_evidence::record::time_text;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A token that is to be made: good for no more, and for no longer, than the one that asks.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Whom or what it is for.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// The stores that it is good for, `*` for all; without, those of the token that asks.
    #[serde(default)]
    pub stores: Vec<String>,
    /// The systems that it may see, `*` for all; without, those of the token that asks. Auditors must name
    /// theirs.
    #[serde(default)]
    pub systems: Vec<String>,
    /// When it ends: RFC 3339, or a date; without, when the token ends that asks. Auditors and break-glass
    /// must end.
    pub expires: Option<String>,
}

/// A token that was made. Its text is given this once, and kept nowhere.
#[derive(Serialize, ToSchema)]
pub struct TokenMade {
    /// The text.
    pub token: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub kept: TokenTold,
}

/// What is told of a token: not its text, which nobody has but whom it was given to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenTold {
    /// What it is called in lists, logs and the trail.
    pub id: String,
    /// Whom or what it is for.
    pub name: String,
    /// What it stands for.
    pub role: Role,
    /// The stores that it is good for; `*` is all.
    pub stores: Vec<String>,
    /// The systems that it may see; `*` is all.
    pub systems: Vec<String>,
    /// When it was made.
    pub created: String,
    /// When it ends.
    pub expires: Option<String>,
    /// When it was revoked.
    pub revoked: Option<String>,
    /// `good`, `expired` or `revoked`.
    pub state: String,
}

impl TokenTold {
    /// What is told of a token at a time, ns since 1970 UTC.
    #[must_use]
    pub fn of(token: &Token, now: i64) -> TokenTold {
        let state = match token {
            token if token.revoked.is_some() => "revoked",
            token if !token.is_good(now) => "expired",
            _ => "good",
        };
        TokenTold {
            id: token.id.clone(),
            name: token.name.clone(),
            role: token.role,
            stores: token.stores.clone(),
            systems: token.systems.clone(),
            created: time_text(token.created),
            expires: token.expires.map(time_text),
            revoked: token.revoked.map(time_text),
            state: state.to_owned(),
        }
    }
}

/// Tokens.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenList {
    /// In the order of their making, the revoked and expired ones too.
    pub tokens: Vec<TokenTold>,
}

/// That what is due of a class is written down, for a second person to read and execute.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionProposal {
    /// A policy as TOML (docs/operating.md, "Erasure and retention"); without, that of the program.
    pub policy: Option<String>,
    /// Judge as of this time instead of now: RFC 3339, or a date.
    pub at: Option<String>,
    /// The class whose ceiling has passed, `inference-log` or `access-trail`; the first if none is named.
    pub class: Option<String>,
}

/// That a proposal is executed; who asks executes it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionExecution {
    /// The proposal, as it was given: its very bytes.
    #[schema(min_length = 1)]
    pub proposal: String,
    /// SHA-256 of the proposal that was read, in hex.
    #[schema(min_length = 1)]
    pub sha256: String,
    /// The policy that it was made under, as TOML; without, that of the program.
    pub policy: Option<String>,
    /// The login of who decided: another person than who asks.
    #[schema(min_length = 1)]
    pub decided_by: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{ALL, Wanted};

    #[test]
    fn a_token_is_told_without_its_text_and_without_its_hash() {
        let wanted = Wanted {
            name: "ci".to_owned(),
            role: Role::Engineer,
            stores: vec![ALL.to_owned()],
            systems: Vec::new(),
            expires: Some(10),
        };
        let (token, text) = Token::create(wanted, 1).unwrap();
        let told = |now| serde_json::to_value(TokenTold::of(&token, now)).unwrap();
        assert!(!told(9).to_string().contains(&token.hash) && !told(9).to_string().contains(&text));
        assert_eq!((&told(9)["state"], &told(10)["state"]), (&"good".into(), &"expired".into()));
        assert_eq!(told(9)["expires"], "1970-01-01T00:00:00.00000001Z");
    }
}
