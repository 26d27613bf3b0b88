//! Tokens of an identity provider: taken where all is right, refused where anything is not.

use crate::client::{Reply, get, post};
use crate::idp::{AUDIENCE, ISSUER, Provider, claims, message, modulus};
use crate::live::{HASH, Live, SYSTEM, query_with};
use crate::uploads::done;
use data_encoding::BASE64URL_NOPAD;
use lineal_server::Role;
use lineal_tests::foreign::{python, run};
use ring::hmac;
use serde_json::{Value as Json, json};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What claims are worth in these tests.
const GRANTS: &str = r#"
    person = "email"
    [[grant]]
    claim = "groups"
    has = "risk-audit"
    role = "auditor"
    stores = ["main"]
    systems_claim = "lineal_systems"
    [[grant]]
    claim = "groups"
    has = "incidents"
    role = "investigator"
    stores = ["main"]
    cases_claim = "cases"
    [[grant]]
    claim = "realm_access.roles"
    has = "ml"
    role = "engineer"
    stores = ["main"]
    [[grant]]
    claim = "groups"
    has = "operators"
    role = "admin"
    stores_claim = "stores"
"#;

fn trusting(provider: &Provider) -> Live {
    Live::with(|config| {
        config.write = true;
        provider.trusted(config, GRANTS);
    })
}

fn engineer(subject: &str) -> Json {
    claims(subject, &json!({ "realm_access": { "roles": ["ml"] } }))
}

fn asks(live: &Live, token: &str) -> Reply {
    live.query(token, "find model limit 1")
}

#[test]
fn a_token_is_taken_however_the_provider_signs_it() {
    let provider = Provider::new();
    let live = trusting(&provider);
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let token = provider.token(algorithm, &engineer("ada"));
        assert_eq!(asks(&live, &token).status, 200, "{algorithm}");
        assert_eq!(live.send(get("/metrics").token(&token)).problem().0, 403, "it is no admin");
    }
    assert_eq!(live.metric("lineal_oidc_keys"), 3);
    let operator = claims("op", &json!({ "groups": ["operators"], "stores": "main" }));
    let operator = provider.token("EdDSA", &operator);
    assert_eq!(live.send(get("/metrics").token(&operator)).status, 200);
    let elsewhere = claims("op", &json!({ "groups": ["operators"], "stores": ["second"] }));
    let elsewhere = provider.token("EdDSA", &elsewhere);
    assert_eq!(
        live.send(get("/v1/stats").token(&elsewhere)).problem().0,
        404,
        "no such store for it"
    );
    let machine = post("/api/v2/logs", &json!([])).header("DD-API-KEY", &operator);
    assert_eq!(live.send(machine).status, 401, "a key of a machine is a token of ours");
    // Our own tokens are good beside it.
    assert_eq!(asks(&live, &live.token(Role::Engineer)).status, 200);
}

#[test]
fn nobody_decides_what_they_execute_by_any_name_that_the_provider_has_for_them() {
    let provider = Provider::new();
    let officer = "[[grant]]\nclaim = \"groups\"\nhas = \"privacy\"\n\
                   role = \"privacy-officer\"\nstores = [\"main\"]\n";
    let live = Live::with(|config| {
        config.write = true;
        provider.trusted(config, &format!("{GRANTS}{officer}"));
    });
    let token = provider.token("EdDSA", &claims("ada-4711", &json!({ "groups": ["privacy"] })));
    for same in ["ADA-4711@bank.example", "ada-4711"] {
        let body = json!({
            "events": [HASH], "all": true, "basis": "GDPR 17(1)(a)", "decision": "R-7",
            "decided_by": same, "dry_run": true,
        });
        let taken = live.send(post("/v1/erasures", &body).token(&token));
        let refused = done(&live, &token, &taken);
        let why = refused["problem"]["detail"].as_str().unwrap_or_default();
        assert!(why.contains("`decided_by` names another person"), "{same}: {refused}");
    }
}

#[test]
fn tokens_that_pyjwt_signs_are_taken_by_every_algorithm_that_can_be_named() {
    let packages = ["jwt", "cryptography"];
    let Some(python) = python("tokens signed by PyJWT", &packages) else { return };
    let arguments = [ISSUER, AUDIENCE].map(OsStr::new);
    let said = run(&python, "sign_tokens.py", &arguments, b"").unwrap();
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let mut lines = said.stdout.lines();
    let provider = Provider::new();
    provider.publish(&serde_json::from_str(lines.next().unwrap()).unwrap());
    let all = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
    let named = format!("algorithms = {}\n{GRANTS}", json!(all));
    let live = Live::with(|config| provider.trusted(config, &named));
    let tokens: Vec<&str> = lines.collect();
    assert_eq!(tokens.len(), all.len());
    for (algorithm, token) in all.iter().zip(&tokens) {
        assert_eq!(asks(&live, token).status, 200, "{algorithm}");
        let (message, _) = token.rsplit_once('.').unwrap();
        let (_, other) = tokens[8].rsplit_once('.').unwrap();
        let status = asks(&live, &format!("{message}.{other}")).status;
        assert_eq!(status, if *algorithm == "EdDSA" { 200 } else { 401 }, "{algorithm}");
    }
}

#[test]
fn a_confused_or_stale_token_is_refused_like_one_that_was_never_made() {
    let provider = Provider::new();
    let live = trusting(&provider);
    let sound = engineer("ada");
    let with = |name: &str, value: Json| {
        let mut claims = sound.clone();
        claims[name] = value;
        provider.token("RS256", &claims)
    };
    let now = sound["iat"].as_i64().unwrap();
    let none = |alg: &str| format!("{}.", message(&json!({ "alg": alg, "kid": "rsa" }), &sound));
    // The public key as a secret, in each form in which a library might take it.
    let by_public_key = |secret: &[u8]| {
        let message = message(&json!({ "alg": "HS256", "kid": "rsa" }), &sound);
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let signature = hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
    };
    let file = std::fs::read(provider.file()).unwrap();
    let public = provider.keys()["keys"][0].to_string();
    let header = |header: Json, key: &str| provider.signed(&header, key, &sound);
    let own_key = json!({ "alg": "RS256", "jwk": provider.keys()["keys"][0], "kid": "new" });
    let good = provider.token("RS256", &sound);
    let stranger = Provider::new();
    let refused = [
        ("malformed", none("none")),
        ("malformed", none("None")),
        ("malformed", none("")),
        ("algorithm", by_public_key(&modulus())),
        ("algorithm", by_public_key(&file)),
        ("algorithm", by_public_key(public.as_bytes())),
        ("algorithm", by_public_key(b"")),
        ("key", header(json!({ "alg": "ES256", "kid": "rsa" }), "ec")),
        ("key", header(json!({ "alg": "RS256", "kid": "ec" }), "rsa")),
        ("key", header(json!({ "alg": "RS256", "kid": "old" }), "rsa")),
        ("key", header(own_key, "rsa")),
        ("signature", header(json!({ "alg": "EdDSA", "kid": "ed" }), "ec")),
        ("signature", stranger.token("ES256", &sound)),
        ("signature", format!("{}AAAA", &good[..good.len() - 4])),
        ("issuer", with("iss", json!("https://idp.example/realms/other"))),
        ("audience", with("aud", json!("account"))),
        ("expired", with("exp", json!(now - 40))),
        ("not_yet", with("nbf", json!(now + 300))),
        ("lifetime", with("exp", json!(now + 90_000))),
        ("lifetime", with("exp", json!(now + 315_360_000))),
        ("claim", with("exp", json!("9999999999"))),
        ("grant", with("realm_access", json!({ "roles": ["guest"] }))),
        ("malformed", format!("{good}.{good}")),
        ("malformed", "A".repeat(20_000)),
        ("malformed", "a.b.c".to_owned()),
        ("malformed", "..".to_owned()),
        ("malformed", "%00%00".to_owned()),
    ];
    let stranger = live.send(get("/v1/schema").token(&format!("lineal_{}", "a".repeat(52))));
    let words = |reply: &Reply| {
        let mut json = reply.json();
        json["request_id"] = Json::Null;
        (reply.status, json)
    };
    let (count, mut told) = (refused.len() as u64, 0);
    for (why, token) in refused {
        let metric = format!("lineal_oidc_refused_total{{why=\"{why}\"}}");
        let before = live.metric(&metric);
        let reply = asks(&live, &token);
        assert_eq!(words(&reply), words(&stranger), "{why}: {token}");
        told += live.metric(&metric) - before;
    }
    assert_eq!(told, count, "each for its reason");
    assert_eq!(asks(&live, &good).status, 200, "what all of them differ from is taken");
}

#[test]
fn keys_in_a_file_are_followed() {
    let (first, second) = (Provider::new(), Provider::new());
    let live = trusting(&first);
    let (old, new) = (first.token("ES256", &engineer("a")), second.token("ES256", &engineer("a")));
    assert_eq!((asks(&live, &old).status, asks(&live, &new).status), (200, 401));
    first.publish(&second.keys());
    live.until(|| asks(&live, &new).status == 200);
    assert_eq!(asks(&live, &old).status, 401, "a key that is no longer published is none");
    let faults = || live.metric("lineal_oidc_key_faults_total");
    let before = faults();
    first.publish(&json!({ "keys": "none" }));
    live.until(|| faults() > before);
    assert_eq!(asks(&live, &new).status, 200, "a slip locks nobody out");
    std::fs::remove_file(first.file()).unwrap();
    live.until(|| asks(&live, &new).status == 401);
    first.publish(&first.keys());
    live.until(|| asks(&live, &old).status == 200);
}

/// Serves keys, and counts how often it is asked.
fn published(keys: &Arc<Mutex<Json>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let (keys, count) = (Arc::clone(keys), Arc::clone(&asked));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = [0; 2_048];
            let _ = stream.read(&mut head);
            count.fetch_add(1, Ordering::Relaxed);
            let body = keys.lock().unwrap().to_string();
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    (url, asked)
}

#[test]
fn a_new_key_is_fetched_when_a_token_names_it_and_strangers_cannot_have_it_fetched_often() {
    let provider = Provider::new();
    let all = provider.keys();
    let before = json!({ "keys": [all["keys"][1]] });
    let keys = Arc::new(Mutex::new(before));
    let (url, asked) = published(&keys);
    let live = Live::with(|config| config.oidc = Some(provider.oidc(&url, GRANTS)));
    let (known, new) =
        (provider.token("ES256", &engineer("a")), provider.token("EdDSA", &engineer("a")));
    assert_eq!((asks(&live, &known).status, asked.load(Ordering::Relaxed)), (200, 1));
    *keys.lock().unwrap() = all;
    live.until(|| asks(&live, &new).status == 200);
    assert_eq!(asks(&live, &known).status, 200);
    let (before, begun) = (asked.load(Ordering::Relaxed), std::time::Instant::now());
    for number in 0..100 {
        let header = json!({ "alg": "EdDSA", "kid": format!("k{number}") });
        let unknown = provider.signed(&header, "ed", &engineer("a"));
        assert_eq!(asks(&live, &unknown).status, 401);
    }
    let fetched = asked.load(Ordering::Relaxed) - before;
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!(fetched <= seconds + 1, "{fetched} times for 100 keys in {seconds} s");
    let clear = Live::refused(|config| {
        config.oidc = Some(provider.oidc("http://idp.example/keys", GRANTS));
    });
    assert!(clear.contains("use https://"), "{clear}");
}

#[test]
fn claims_bind_to_stores_systems_and_cases() {
    let provider = Provider::new();
    let live = trusting(&provider);
    let auditor = |systems: Json| {
        let more = json!({ "groups": ["staff", "risk-audit"], "lineal_systems": systems });
        provider.token("ES256", &claims("eve", &more))
    };
    let systems = |token: &str| live.query(token, "find system return name").ok()["rows"].clone();
    assert_eq!(systems(&auditor(json!([SYSTEM]))), json!([[SYSTEM]]));
    assert_eq!(systems(&auditor(json!(["OTHER"]))), json!([]));
    for wrong in [json!(["*"]), json!([]), json!(null), json!([""])] {
        assert_eq!(asks(&live, &auditor(wrong.clone())).status, 401, "{wrong}");
    }
    let investigator = |cases: Json| {
        provider
            .token("RS256", &claims("ines", &json!({ "groups": ["incidents"], "cases": cases })))
    };
    let within = |token: &str, case: Option<&str>| {
        let ask = query_with(json!({ "query": "find model limit 1" })).token(token);
        live.send(match case {
            Some(case) => ask.header("Lineal-Case", case),
            None => ask,
        })
        .status
    };
    let one = investigator(json!(["2026-17"]));
    assert_eq!((within(&one, None), within(&one, Some("2026-17"))), (200, 200));
    assert_eq!(within(&one, Some("2026-18")), 403, "another case than the token's");
    let two = investigator(json!(["2026-17", "2026-18"]));
    assert_eq!((within(&two, None), within(&two, Some("2026-18"))), (403, 200));
    assert_eq!(within(&investigator(json!([])), Some("2026-17")), 403);
}

#[test]
fn the_trail_names_a_person_by_an_id_and_seals_who_that_is() {
    let provider = Provider::new();
    let mut live = trusting(&provider);
    let ada = provider.token("EdDSA", &engineer("ada"));
    let auditor = live.token(Role::Auditor);
    let admin = live.token(Role::Admin);
    for _ in 0..3 {
        assert_eq!(asks(&live, &ada).status, 200);
    }
    let body = json!({ "query": "find model limit 1" });
    let export = query_with(body).token(&ada).header("Accept", "text/csv");
    assert_eq!(live.send(export).status, 200);
    let met = "find access as a where a.what = \"token met\" return a.token, a.role, a.person";
    let seal = || live.send(post("/v1/trail/seal", &json!({})).token(&admin)).status;
    live.until(|| {
        assert!(matches!(seal(), 202 | 503));
        live.query(&auditor, met).ok()["total"] == 1
    });
    let row = live.query(&auditor, met).ok()["rows"][0].clone();
    assert_eq!((&row[1], &row[2]), (&json!("engineer"), &json!("ada@bank.example")));
    let id = row[0].as_str().unwrap().to_owned();
    assert!(id.starts_with("oidc-") && !id.contains("ada"), "{id}");
    let used = format!(
        "find access as a where a.token = \"{id}\" and a.what = \"use\" return a.person, a.endpoint"
    );
    let used = live.query(&auditor, &used).ok()["rows"].clone();
    assert_eq!(used, json!([["ada@bank.example", "POST /v1/query"]]), "an export by itself");
    assert_eq!(live.query(&admin, met).problem().0, 403, "who it was is for auditors");
    live.end();
    let mut files = vec![live.folder.path().to_owned()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|inside| inside.unwrap().path()));
            continue;
        }
        read += 1;
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(12).any(|some| some == b"bank.example");
        assert!(!found, "{} names a person", path.display());
    }
    assert!(read > 5);
}
