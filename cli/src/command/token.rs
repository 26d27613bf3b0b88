//! `lineal token`: the tokens of a server, made, listed and revoked.

use super::serve::configuration;
use crate::args::{Arguments, CreateToken, RevokeToken, ServerPlace, Token};
use crate::exit::{Exit, Failure, Outcome};
use crate::render::{print_table, table};
use crate::time::{self, Zone, rfc3339};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_server::{ALL, Role, TokenFile, Wanted};
use serde_json::{Value as Json, json};
use std::io::Write;

const HOUR_NS: i64 = 3_600_000_000_000;

pub(super) fn run(arguments: &Arguments, wanted: &Token) -> Outcome {
    match wanted {
        Token::Create(wanted) => create(arguments, wanted),
        Token::List(place) => list(arguments, place),
        Token::Revoke(wanted) => revoke(arguments, wanted),
    }
}

fn file(arguments: &Arguments, place: &ServerPlace) -> Outcome<TokenFile> {
    if let Some(path) = &place.tokens {
        return Ok(TokenFile::new(path));
    }
    Ok(TokenFile::new(configuration(arguments, place)?.token_path()))
}

fn create(arguments: &Arguments, wanted: &CreateToken) -> Outcome {
    let role = Role::parse(&wanted.role)
        .ok_or_else(|| Failure::usage(format!("there is no role {}", wanted.role)))?;
    let now = SystemClock.now();
    let expires = wanted.expires.as_deref().map(|text| end(text, now)).transpose()?;
    let stores = if wanted.only.is_empty() { vec![ALL.to_owned()] } else { wanted.only.clone() };
    let systems = wanted.system.clone();
    let good_for = Wanted { name: wanted.name.clone(), role, stores, systems, expires };
    let (token, text) = lineal_server::Token::create(good_for, now)?;
    let id = token.id.clone();
    file(arguments, &wanted.place)?.add(token)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let expires = expires.map(rfc3339);
        writeln!(out, "{}", json!({ "id": id, "token": text, "role": role, "expires": expires }))?;
        return Ok(Exit::Answer);
    }
    // The token alone on standard output, for a pipe into where it is kept.
    writeln!(out, "{text}")?;
    writeln!(std::io::stderr(), "token {id}, {role}; it is shown this once")?;
    Ok(Exit::Answer)
}

fn list(arguments: &Arguments, place: &ServerPlace) -> Outcome {
    let tokens = file(arguments, place)?.read()?;
    let zone = Zone::parse(&arguments.tz)?;
    let now = SystemClock.now();
    let state = |token: &lineal_server::Token| match token {
        token if token.revoked.is_some() => "revoked",
        token if !token.is_good(now) => "expired",
        _ => "good",
    };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let objects = tokens.iter().map(|token| {
            json!({
                "id": token.id, "name": token.name, "role": token.role, "stores": token.stores,
                "systems": token.systems, "created": rfc3339(token.created),
                "expires": token.expires.map(rfc3339), "revoked": token.revoked.map(rfc3339),
                "state": state(token),
            })
        });
        writeln!(out, "{}", Json::Array(objects.collect()))?;
    } else if tokens.is_empty() {
        writeln!(out, "no tokens yet: lineal token create --role ROLE --name NAME")?;
    } else {
        let rows = tokens.iter().map(|token| {
            vec![
                token.id.clone(),
                token.role.name().to_owned(),
                token.name.clone(),
                token.stores.join(", "),
                token.systems.join(", "),
                token.expires.map_or_else(|| "never".to_owned(), |end| zone.time(end)),
                state(token).to_owned(),
            ]
        });
        let header = ["id", "role", "for", "stores", "systems", "ends", "state"];
        print_table(&mut out, &table(&header, rows.collect()))?;
    }
    Ok(Exit::Answer)
}

fn revoke(arguments: &Arguments, wanted: &RevokeToken) -> Outcome {
    let token = file(arguments, &wanted.place)?.revoke(&wanted.id, SystemClock.now())?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "id": token.id, "revoked": token.revoked.map(rfc3339) }))?;
    } else {
        writeln!(out, "revoked {}, {}, {}", token.id, token.role, token.name)?;
    }
    Ok(Exit::Answer)
}

/// `30d` and `12h` from now on, or a time.
fn end(text: &str, now: i64) -> Outcome<i64> {
    let digits = |unit: char| text.strip_suffix(unit)?.parse::<i64>().ok();
    let hours = digits('h').or_else(|| digits('d')?.checked_mul(24));
    match hours {
        Some(hours) => hours
            .checked_mul(HOUR_NS)
            .and_then(|length| now.checked_add(length))
            .ok_or_else(|| Failure::usage(format!("{text} is further away than times go"))),
        None => time::parse(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_a_length_or_a_time() {
        assert_eq!(end("12h", 5).ok(), Some(12 * HOUR_NS + 5));
        assert_eq!(end("30d", 0).ok(), Some(30 * 24 * HOUR_NS));
        assert_eq!(end("1970-01-02", 0).ok(), Some(24 * HOUR_NS));
        for text in ["", "d", "30", "30m", "9999999999999999d"] {
            assert!(end(text, 0).is_err(), "{text}");
        }
    }
}
