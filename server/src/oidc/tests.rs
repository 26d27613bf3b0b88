//! What of a token is believed: each claim wrong by itself, and the rest right.

use super::claims::{Claims, Refusal, TOKEN_BYTES_MAX, head};
use super::keys::Keys;
use super::{Known, grant::ID_PREFIX, provider};
use crate::config::Oidc;
use crate::role::Role;
use data_encoding::BASE64URL_NOPAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};

const NOW: i64 = 1_000_000 * 1_000_000_000;
const HOUR: i64 = 3_600;

struct Provider {
    pair: Ed25519KeyPair,
    config: Oidc,
}

impl Provider {
    fn new() -> Provider {
        provider::install();
        let grants = r#"
            issuer = "https://idp.example"
            audience = ["lineal", "other"]
            keys = "keys.json"
            [[grant]]
            claim = "realm_access.roles"
            has = "audit"
            role = "auditor"
            stores = ["main"]
            systems_claim = "systems"
            [[grant]]
            claim = "scope"
            has = "lineage"
            role = "engineer"
            stores_claim = "https://example.org/stores"
            [[grant]]
            claim = "emergency"
            has = "yes"
            role = "break-glass"
            stores = ["*"]
            cases_claim = "cases"
        "#;
        let config = toml::from_str(grants).unwrap();
        Provider { pair: Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap(), config }
    }

    fn keys(&self) -> Keys {
        let x = BASE64URL_NOPAD.encode(self.pair.public_key().as_ref());
        let key = json!({ "kid": "k", "kty": "OKP", "crv": "Ed25519", "x": x });
        Keys::read(json!({ "keys": [key] }).to_string().as_bytes()).unwrap()
    }

    fn signed(&self, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
        let message = format!("{header}.{claims}");
        let signature = self.pair.sign(message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    }

    fn known_by(&self, text: &str) -> Result<Known, Refusal> {
        let head = head(text, &self.config.algorithms)?;
        let claims = Claims::believed(text, &head, &self.keys(), &self.config, NOW)?;
        Known::by(&claims, &self.config, &[1; 32], NOW)
    }

    fn known(&self, claims: &Json) -> Result<Known, Refusal> {
        self.known_by(&self.signed(r#"{"alg":"EdDSA","kid":"k","typ":"JWT"}"#, &claims.to_string()))
    }
}

fn sound() -> Json {
    json!({
        "iss": "https://idp.example", "aud": "lineal", "sub": "ada", "exp": 1_000_000 + HOUR,
        "realm_access": { "roles": ["other", "audit"] }, "systems": ["A", "B"],
    })
}

fn with(name: &str, value: Json) -> Json {
    let mut claims = sound();
    claims[name] = value;
    claims
}

#[test]
fn each_claim_is_looked_at() {
    let provider = Provider::new();
    let refused = |claims: &Json| provider.known(claims).err();
    assert_eq!(refused(&sound()), None);
    let without = |name: &str| {
        let mut claims = sound();
        claims.as_object_mut().unwrap().remove(name);
        claims
    };
    for (claims, why) in [
        (without("iss"), Refusal::Issuer),
        (with("iss", json!("https://idp.example/")), Refusal::Issuer),
        (with("iss", json!(["https://idp.example"])), Refusal::Issuer),
        (without("aud"), Refusal::Audience),
        (with("aud", json!("linea")), Refusal::Audience),
        (with("aud", json!(["a", 7, {}])), Refusal::Audience),
        (without("exp"), Refusal::Lifetime),
        (with("exp", json!(1_000_000 - 31)), Refusal::Expired),
        (with("exp", json!(-1)), Refusal::Expired),
        (with("exp", json!("2000000")), Refusal::Claim),
        (with("exp", json!(null)), Refusal::Claim),
        (with("exp", json!(1e300)), Refusal::Claim),
        (with("exp", json!(i64::MAX)), Refusal::Claim),
        (with("exp", json!(1_000_000 + 25 * HOUR)), Refusal::Lifetime),
        (with("nbf", json!(1_000_000 + 31)), Refusal::NotYet),
        (with("nbf", json!("0")), Refusal::Claim),
        (with("iat", json!(1_000_000 + 31)), Refusal::NotYet),
        (without("sub"), Refusal::Claim),
        (with("sub", json!("")), Refusal::Claim),
        (with("sub", json!("a\u{7}")), Refusal::Claim),
        (with("sub", json!("x".repeat(1_000))), Refusal::Claim),
        (without("realm_access"), Refusal::Grant),
        (with("realm_access", json!({ "roles": ["auditor"] })), Refusal::Grant),
        (with("realm_access", json!({ "roles": { "audit": true } })), Refusal::Grant),
        (without("systems"), Refusal::Grant),
        (with("systems", json!([])), Refusal::Grant),
        (with("systems", json!(["*"])), Refusal::Claim),
        (with("systems", json!(vec!["A"; 1_000])), Refusal::Claim),
    ] {
        assert_eq!(refused(&claims), Some(why), "{claims}");
    }
    for claims in [
        with("aud", json!(["x", "other"])),
        with("exp", json!(1_000_000 - 29)),
        with("exp", json!(1_000_100.5)),
        with("nbf", json!(1_000_000 + 29)),
        with("systems", json!("A")),
    ] {
        assert_eq!(refused(&claims), None, "{claims}");
    }
}

#[test]
fn claims_become_a_token_by_the_first_row_that_fits() {
    let provider = Provider::new();
    let known = provider.known(&sound()).unwrap();
    assert_eq!((known.token.role, known.person.as_str()), (Role::Auditor, "ada"));
    assert_eq!(known.token.bound_to_systems(), Some(&["A".to_owned(), "B".to_owned()][..]));
    assert_eq!(known.token.stores, ["main"]);
    assert_eq!(known.token.expires, Some((1_000_000 + HOUR) * 1_000_000_000));
    assert!(known.token.id.starts_with(ID_PREFIX) && !known.token.id.contains("ada"));
    let again = provider.known(&with("exp", json!(1_000_000 + 7))).unwrap();
    assert_eq!(again.token.id, known.token.id, "one person, one id");
    assert_ne!(provider.known(&with("sub", json!("bob"))).unwrap().token.id, known.token.id);
    let engineer = json!({
        "iss": "https://idp.example", "aud": "lineal", "sub": "ada", "exp": 1_000_000 + HOUR,
        "scope": "openid lineage", "https://example.org/stores": ["main", "second"],
    });
    let engineer = provider.known(&engineer).unwrap().token;
    assert_eq!((engineer.role, engineer.bound_to_systems()), (Role::Engineer, None));
    assert!(engineer.allows_store("second") && !engineer.allows_store("third"));
    let mut emergency = sound();
    emergency["realm_access"] = json!(null);
    emergency["emergency"] = json!("yes");
    emergency["cases"] = json!(["2026-17"]);
    let emergency = provider.known(&emergency).unwrap();
    assert_eq!(emergency.token.role, Role::BreakGlass);
    assert_eq!(emergency.cases, Some(vec!["2026-17".to_owned()]));
}

#[test]
fn what_is_no_token_of_the_provider_is_none() {
    let provider = Provider::new();
    let claims = sound().to_string();
    let refused = |text: &str| provider.known_by(text).err();
    let header = |header: &str| refused(&provider.signed(header, &claims));
    assert_eq!(header(r#"{"alg":"EdDSA","kid":"k"}"#), None);
    assert_eq!(header(r#"{"alg":"EdDSA"}"#), None, "the only key is the one");
    assert_eq!(header(r#"{"alg":"EdDSA","typ":"at+jwt"}"#), None);
    for (text, why) in [
        (r#"{"alg":"none","kid":"k"}"#, Refusal::Malformed),
        (r#"{"alg":"HS256","kid":"k"}"#, Refusal::Algorithm),
        (r#"{"alg":"ES384","kid":"k"}"#, Refusal::Algorithm),
        (r#"{"alg":"ES256","kid":"k"}"#, Refusal::Key),
        (r#"{"alg":"EdDSA","kid":"other"}"#, Refusal::Key),
        (r#"{"alg":"EdDSA","kid":""}"#, Refusal::Key),
        (r#"{"alg":"EdDSA","kid":7}"#, Refusal::Malformed),
        (r#"{"alg":"EdDSA","alg":"EdDSA"}"#, Refusal::Malformed),
        (r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#, Refusal::Malformed),
        (r#"{"alg":"EdDSA","typ":"logout+jwt"}"#, Refusal::Malformed),
        (r#"{"kid":"k"}"#, Refusal::Malformed),
        ("[]", Refusal::Malformed),
        ("", Refusal::Malformed),
    ] {
        assert_eq!(header(text), Some(why), "{text}");
    }
    let good = provider.signed(r#"{"alg":"EdDSA","kid":"k"}"#, &claims);
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other =
        provider.signed(r#"{"alg":"EdDSA","kid":"k"}"#, &with("sub", json!("eve")).to_string());
    let (others, _) = other.rsplit_once('.').unwrap();
    for (text, why) in [
        (format!("{others}.{signature}"), Refusal::Signature),
        (format!("{message}."), Refusal::Signature),
        (format!("{message}.{}", &signature[4..]), Refusal::Signature),
        (message.to_owned(), Refusal::Malformed),
        (format!("{good}="), Refusal::Malformed),
        (format!("{good}.{signature}"), Refusal::Malformed),
        (format!(" {good}"), Refusal::Malformed),
        (String::new(), Refusal::Malformed),
        ("..".to_owned(), Refusal::Malformed),
        ("a.b.c".to_owned(), Refusal::Malformed),
        (format!("{message}.{}", "A".repeat(TOKEN_BYTES_MAX)), Refusal::Malformed),
    ] {
        assert_eq!(refused(&text), Some(why), "{text}");
    }
    for claims in ["", "7", "[]", "{", "{\"iss\":"] {
        let text = provider.signed(r#"{"alg":"EdDSA"}"#, claims);
        assert_eq!(refused(&text), Some(Refusal::Malformed), "{claims}");
    }
}
