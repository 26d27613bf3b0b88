//! `lineal hold`: what must not be erased while somebody says so.

mod there;

use super::record::nobody;
use crate::args::{Arguments, Hold};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use crate::remote::Remote;
use crate::render::visible;
use crate::target::{Target, failure};
use crate::time::{Zone, rfc3339};
use lineal_engine::schema::Kind;
use lineal_engine::{HoldInfo, HoldScope, Snapshot, Store};
use lineal_query::told::Stored;
use serde_json::{Value as Json, json};
use std::io::Write;

/// The kinds that a hold may be about: what erasures touch, and what leads to it.
const HELD: [Kind; 5] = [Kind::System, Kind::Deployment, Kind::Batch, Kind::Actor, Kind::Run];

pub(super) fn run(arguments: &Arguments, wanted: &Hold) -> Outcome {
    if let Some(remote) = Remote::meant(arguments)? {
        return there::run(arguments, wanted, &remote);
    }
    match wanted {
        Hold::Add { name, scope, reason, by } => {
            let by = person(by.as_deref())?;
            let store = place::open_noted(arguments, "hold")?;
            let actor = store.person_key(by)?;
            let scope = scope_of(&store, arguments, scope)?;
            let commit = store.hold(name, &scope, reason, Some(actor))?;
            store.write_indexes()?;
            done(arguments, name, "held", commit)
        }
        Hold::Release { name, reason, by } => {
            let by = person(by.as_deref())?;
            let store = place::open_noted(arguments, "hold")?;
            let actor = store.person_key(by)?;
            let commit = store.release(name, reason, Some(actor))?;
            store.write_indexes()?;
            done(arguments, name, "released", commit)
        }
        Hold::List => list(arguments, &place::open_read_only(arguments)?),
    }
}

/// Who says so: what forbids erasures, or no longer does, is a named person's word, as all that is stated.
fn person(by: Option<&str>) -> Outcome<&str> {
    by.filter(|by| lineal_engine::person_named(by).is_some()).ok_or_else(nobody)
}

fn scope_of(store: &Store, arguments: &Arguments, text: &str) -> Outcome<HoldScope> {
    if text == "store" {
        return Ok(HoldScope::Store);
    }
    let zone = Zone::parse(&arguments.tz)?;
    // What was retracted can be erased, so it can be held.
    let stored = Stored::of(store, store.snapshot()?)?;
    let (view, named) = stored.resolve(text).map_err(|unresolved| failure(&zone, unresolved))?;
    let Target::Node(node) = named else {
        return Err(Failure::usage(format!("{text} is an event; hold its batch or deployment")));
    };
    let kind = view.kind_of(node);
    if !HELD.contains(&kind) {
        let kinds: Vec<&str> = HELD.iter().map(|kind| kind.name()).collect();
        return Err(Failure::usage(format!(
            "a {kind} cannot be held: write `store`, or name one of {}",
            kinds.join(", ")
        )));
    }
    Ok(HoldScope::Node(kind, view.key_of(node)))
}

fn done(arguments: &Arguments, name: &str, done: &str, commit: u64) -> Outcome {
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{}", json!({ "name": name, "done": done, "commit": commit }))?;
    } else {
        writeln!(out, "{} {done} in commit {commit}", visible(name))?;
    }
    Ok(Exit::Answer)
}

/// A scope in words.
fn scope_text(view: &Snapshot, scope: &HoldScope) -> String {
    match scope {
        HoldScope::Store => "store".to_owned(),
        HoldScope::Node(kind, key) => match view.node_with_key(*kind, key) {
            Some(node) => view.name_of(node),
            None => format!("a {kind} that this view does not hold"),
        },
    }
}

fn list(arguments: &Arguments, store: &Store) -> Outcome {
    let (holds, view) = (store.holds()?, store.snapshot()?);
    let listed = holds.iter().map(|hold: &HoldInfo| {
        json!({
            "name": hold.name, "scope": scope_text(&view, &hold.scope), "reason": hold.reason,
            "actor": hold.actor, "commit": hold.commit, "recorded": rfc3339(hold.recorded),
        })
    });
    told(arguments, &json!({ "holds": listed.collect::<Vec<_>>() }))
}

/// The holds, as a server and the store tell them.
fn told(arguments: &Arguments, told: &Json) -> Outcome {
    let zone = Zone::parse(&arguments.tz)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(out, "{told}")?;
        return Ok(Exit::Answer);
    }
    let none = Vec::new();
    let holds = told["holds"].as_array().unwrap_or(&none);
    if holds.is_empty() {
        writeln!(out, "no hold stands")?;
    }
    for hold in holds {
        let text = |name: &str| visible(hold[name].as_str().unwrap_or("?")).into_owned();
        let since = crate::time::parse(hold["recorded"].as_str().unwrap_or_default())?;
        writeln!(
            out,
            "{}  {}  since {} (commit {})  {}",
            text("name"),
            text("scope"),
            zone.time(since),
            hold["commit"],
            text("reason")
        )?;
    }
    Ok(Exit::Answer)
}
