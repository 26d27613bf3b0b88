//! `lineal token`: the tokens of a server, made, listed and revoked: in their file, or with --url by an
//! administrator's token.

use super::serve::configuration;
use crate::args::{Arguments, CreateToken, RevokeToken, ServerPlace, Token};
use crate::exit::{Exit, Failure, Outcome};
use crate::remote::Remote;
use crate::render::{print_table, table, texts, time_of, visible};
use crate::time::{self, Zone, rfc3339};
use lineal_engine::clock::{Clock, SystemClock};
use lineal_server::{ALL, Role, TokenFile, TokenTold, Wanted};
use serde_json::{Value as Json, json};
use std::io::Write;
use std::path::PathBuf;

/// Where a configuration may be named for all commands.
const CONFIGURATION: &str = "LINEAL_SERVER_CONFIG";
const HOUR_NS: i64 = 3_600_000_000_000;

pub(super) fn run(arguments: &Arguments, wanted: &Token) -> Outcome {
    let (Token::Create(CreateToken { place, .. })
    | Token::List(place)
    | Token::Revoke(RevokeToken { place, .. })) = wanted;
    let Some(remote) = Remote::meant(arguments)? else {
        return match wanted {
            Token::Create(wanted) => create(arguments, wanted),
            Token::List(place) => list(arguments, place),
            Token::Revoke(wanted) => revoke(arguments, wanted),
        };
    };
    // A configuration may stand in the environment; a file of tokens is named for this command alone.
    if place.tokens.is_some() {
        return Err(Failure::usage(
            "--tokens does not go with --url: the server has a file of its own",
        ));
    }
    let of_environment = std::env::var_os(CONFIGURATION).map(PathBuf::from);
    if place.config.is_some() && place.config != of_environment {
        return Err(Failure::usage(
            "--config does not go with --url: the server has a configuration of its own",
        ));
    }
    match wanted {
        Token::Create(wanted) => create_there(arguments, wanted, &remote),
        Token::List(_) => print_list(arguments, &remote.tokens()?),
        Token::Revoke(wanted) => print_revoked(arguments, &remote.revoke_token(&wanted.id)?),
    }
}

/// Has a server make a token; it is good for no more than the one that asks.
fn create_there(arguments: &Arguments, wanted: &CreateToken, remote: &Remote) -> Outcome {
    let now = SystemClock.now();
    let expires = wanted.expires.as_deref().map(|text| end(text, now)).transpose()?;
    let made = remote.make_token(&json!({
        "name": wanted.name, "role": wanted.role, "stores": wanted.only, "systems": wanted.system,
        "expires": expires.map(rfc3339),
    }))?;
    let text = |name: &str| made[name].as_str().unwrap_or_default();
    print_made(arguments, (text("id"), text("token"), text("role")), &made["expires"])
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
    print_made(arguments, (&id, &text, role.name()), &json!(expires.map(rfc3339)))
}

/// A new token, this once.
fn print_made(
    arguments: &Arguments,
    (id, text, role): (&str, &str, &str),
    expires: &Json,
) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "id": id, "token": text, "role": role, "expires": expires }))?;
        return Ok(Exit::Answer);
    }
    // The token alone on standard output, for a pipe into where it is kept.
    writeln!(out, "{text}")?;
    writeln!(std::io::stderr(), "token {id}, {role}; it is shown this once")?;
    Ok(Exit::Answer)
}

fn list(arguments: &Arguments, place: &ServerPlace) -> Outcome {
    let now = SystemClock.now();
    let tokens = file(arguments, place)?.read()?;
    let told = tokens.iter().map(|token| json!(TokenTold::of(token, now)));
    print_list(arguments, &told.collect())
}

/// Tokens, as a server and the file of tokens tell them.
fn print_list(arguments: &Arguments, tokens: &Json) -> Outcome {
    let zone = Zone::parse(&arguments.tz)?;
    let mut out = std::io::stdout().lock();
    let none = Vec::new();
    let all = tokens.as_array().unwrap_or(&none);
    if arguments.json {
        writeln!(out, "{tokens}")?;
    } else if all.is_empty() {
        writeln!(out, "no tokens yet: lineal token create --role ROLE --name NAME")?;
    } else {
        let rows = all.iter().map(|token| {
            let text = |name: &str| visible(token[name].as_str().unwrap_or_default()).into_owned();
            let list = |name: &str| visible(&texts(&token[name]).join(", ")).into_owned();
            let end = time_of(&token["expires"]);
            vec![
                text("id"),
                text("role"),
                text("name"),
                list("stores"),
                list("systems"),
                end.map_or_else(|| "never".to_owned(), |end| zone.time(end)),
                text("state"),
            ]
        });
        let header = ["id", "role", "for", "stores", "systems", "ends", "state"];
        print_table(&mut out, &table(&header, rows.collect()))?;
    }
    Ok(Exit::Answer)
}

fn revoke(arguments: &Arguments, wanted: &RevokeToken) -> Outcome {
    let now = SystemClock.now();
    let token = file(arguments, &wanted.place)?.revoke(&wanted.id, now)?;
    print_revoked(arguments, &json!(TokenTold::of(&token, now)))
}

fn print_revoked(arguments: &Arguments, token: &Json) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "id": token["id"], "revoked": token["revoked"] }))?;
    } else {
        let text = |name: &str| visible(token[name].as_str().unwrap_or_default()).into_owned();
        writeln!(out, "revoked {}, {}, {}", text("id"), text("role"), text("name"))?;
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
