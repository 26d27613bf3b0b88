//! What a token says, once it is known who says it: a JSON Web Token (RFC 7519) in its compact form,
//! its signature looked at before anything in it is believed, and then for whom and until when it is.

use super::algorithm::Algorithm;
use super::keys::Keys;
use crate::config::Oidc;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde_json::{Map, Value as Json};

/// Longest token that is looked at, in bytes: with some hundred groups one has 8 KiB.
pub(super) const TOKEN_BYTES_MAX: usize = 16 << 10;
/// Longest id of a key, in bytes.
const KEY_ID_BYTES_MAX: usize = 256;
/// What a token may say that it is; an access token, or nothing more than a token.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];
const SECOND_NS: i64 = 1_000_000_000;
const HOUR_NS: i64 = 3_600 * SECOND_NS;

/// Why a token is not taken. Whoever sent it is told none of this.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Refusal {
    /// It is no token in the compact form.
    Malformed,
    /// It is signed in a way that is not configured, or not at all.
    Algorithm,
    /// It names no key that is known.
    Key,
    /// The key that it names did not sign it.
    Signature,
    /// It is of another provider.
    Issuer,
    /// It is for another program.
    Audience,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// It lives longer than the configuration allows, or says no end.
    Lifetime,
    /// It does not say who it is about, or a claim that is needed is missing or cannot be read.
    Claim,
    /// Its claims are worth nothing here.
    Grant,
    /// The provider's keys could not be read for too long.
    Stale,
}

impl Refusal {
    /// All of them, as the metrics list them.
    pub(crate) const ALL: [Refusal; 12] = [
        Refusal::Malformed,
        Refusal::Algorithm,
        Refusal::Key,
        Refusal::Signature,
        Refusal::Issuer,
        Refusal::Audience,
        Refusal::Expired,
        Refusal::NotYet,
        Refusal::Lifetime,
        Refusal::Claim,
        Refusal::Grant,
        Refusal::Stale,
    ];

    /// The word for it, in the log and in the metrics.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Refusal::Malformed => "malformed",
            Refusal::Algorithm => "algorithm",
            Refusal::Key => "key",
            Refusal::Signature => "signature",
            Refusal::Issuer => "issuer",
            Refusal::Audience => "audience",
            Refusal::Expired => "expired",
            Refusal::NotYet => "not_yet",
            Refusal::Lifetime => "lifetime",
            Refusal::Claim => "claim",
            Refusal::Grant => "grant",
            Refusal::Stale => "stale_keys",
        }
    }
}

/// What a token says of itself, none of it believed yet.
pub(super) struct Head {
    pub(super) algorithm: Algorithm,
    /// The id of the key that it names.
    pub(super) key: Option<String>,
}

/// Reads what stands before the claims.
///
/// # Errors
/// [`Refusal::Malformed`] or [`Refusal::Algorithm`].
pub(super) fn head(text: &str, algorithms: &[Algorithm]) -> Result<Head, Refusal> {
    if text.len() > TOKEN_BYTES_MAX {
        return Err(Refusal::Malformed);
    }
    // No name of `none` is one that the library knows.
    let header = decode_header(text).map_err(|_| Refusal::Malformed)?;
    let is_known =
        header.typ.is_none_or(|typ| TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)));
    let fits = header.kid.as_ref().is_none_or(|kid| kid.len() <= KEY_ID_BYTES_MAX);
    // Extensions that must be understood: none is.
    if !is_known || !fits || header.crit.is_some() {
        return Err(Refusal::Malformed);
    }
    let algorithm = Algorithm::of(header.alg).filter(|it| algorithms.contains(it));
    Ok(Head { algorithm: algorithm.ok_or(Refusal::Algorithm)?, key: header.kid })
}

/// What a token says that was signed by the provider, is for this server and is good now.
#[derive(Debug)]
pub(super) struct Claims {
    all: Map<String, Json>,
    /// When it ends, ns since 1970 UTC.
    pub(super) ends: i64,
}

impl Claims {
    /// Believes a token, if all of that holds.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies.
    pub(super) fn believed(
        text: &str,
        head: &Head,
        keys: &Keys,
        config: &Oidc,
        now: i64,
    ) -> Result<Claims, Refusal> {
        let key = keys.find(head.key.as_deref(), head.algorithm).ok_or(Refusal::Key)?;
        let mut wanted = Validation::new(head.algorithm.theirs());
        wanted.set_issuer(&[&config.issuer]);
        wanted.set_audience(&config.audience);
        wanted.set_required_spec_claims(&["iss", "aud"]);
        // Times are looked at below: the library knows no clock but the system's, and takes an end
        // that it cannot read as none where it is not made to look.
        (wanted.validate_exp, wanted.validate_nbf) = (false, false);
        let decoded = decode::<Map<String, Json>>(text, key, &wanted);
        let all = decoded.map_err(|error| why(error.kind()))?.claims;
        // The library takes a list of issuers too, and any of the audiences as any of its texts.
        if all.get("iss").and_then(Json::as_str) != Some(config.issuer.as_str()) {
            return Err(Refusal::Issuer);
        }
        let is_ours = |audience: &str| config.audience.iter().any(|ours| ours == audience);
        let for_us = match all.get("aud") {
            Some(Json::String(audience)) => is_ours(audience),
            Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).any(is_ours),
            _ => false,
        };
        if !for_us {
            return Err(Refusal::Audience);
        }
        // Seconds: the configuration bounds them to some minutes.
        let leeway = i64::try_from(config.leeway_seconds).unwrap_or(0) * SECOND_NS;
        let ends = time(&all, "exp")?.ok_or(Refusal::Lifetime)?;
        if now >= ends.saturating_add(leeway) {
            return Err(Refusal::Expired);
        }
        for begin in ["nbf", "iat"] {
            if time(&all, begin)?.is_some_and(|begin| begin.saturating_sub(leeway) > now) {
                return Err(Refusal::NotYet);
            }
        }
        let most = i64::try_from(config.hours_max).unwrap_or(0).saturating_mul(HOUR_NS);
        if ends.saturating_sub(now) > most.saturating_add(leeway) {
            return Err(Refusal::Lifetime);
        }
        Ok(Claims { all, ends })
    }

    /// The texts of a claim: itself, or what it lists; of `scope` its words (RFC 8693, section 4.2).
    /// The claim is looked for by its whole name first, since some names are URLs, then by dots.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        match self.find(name) {
            Some(Json::String(text)) if name == "scope" => text.split(' ').collect(),
            Some(Json::String(text)) => vec![text],
            Some(Json::Array(all)) => all.iter().filter_map(Json::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// A claim that is one text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(Json::as_str)
    }

    fn find(&self, name: &str) -> Option<&Json> {
        if let Some(found) = self.all.get(name) {
            return Some(found);
        }
        let mut names = name.split('.');
        let first = self.all.get(names.next()?)?;
        names.try_fold(first, |json, name| json.as_object()?.get(name))
    }
}

/// Why the library does not take a token.
fn why(kind: &ErrorKind) -> Refusal {
    match kind {
        ErrorKind::InvalidSignature => Refusal::Signature,
        ErrorKind::InvalidIssuer => Refusal::Issuer,
        ErrorKind::InvalidAudience => Refusal::Audience,
        ErrorKind::MissingRequiredClaim(name) if name == "iss" => Refusal::Issuer,
        ErrorKind::MissingRequiredClaim(name) if name == "aud" => Refusal::Audience,
        _ => Refusal::Malformed,
    }
}

/// A time that a token says, ns since 1970 UTC. One that cannot be read is none that is left out.
fn time(claims: &Map<String, Json>, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(said) = claims.get(name) else { return Ok(None) };
    let seconds = match (said.as_i64(), said.as_f64()) {
        (Some(seconds), _) => seconds,
        // RFC 7519 allows parts of seconds; times of no calendar are no times.
        (None, Some(seconds)) if said.is_number() && seconds.abs() < 1e11 => {
            #[expect(clippy::cast_possible_truncation, reason = "it was just bounded")]
            let whole = seconds.floor() as i64;
            whole
        }
        _ => return Err(Refusal::Claim),
    };
    seconds.checked_mul(SECOND_NS).map(Some).ok_or(Refusal::Claim)
}
