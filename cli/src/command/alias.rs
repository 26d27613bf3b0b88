//! `lineal alias`: a name for a node or a family of nodes, for past and future.

use crate::args::{Alias, Arguments};
use crate::exit::{Exit, Failure, Outcome};
use crate::place;
use lineal_engine::schema::Kind;
use lineal_engine::{Store, unquoted};
use lineal_proof::{Key, KeyPart};
use std::io::Write;

pub(super) fn run(arguments: &Arguments, wanted: &Alias) -> Outcome {
    let store = place::open_noted(arguments, "alias")?;
    let (kind, key) = if wanted.target == "none" {
        let kind = Kind::parse(&wanted.kind);
        (kind.ok_or_else(|| Failure::usage(format!("{} is no kind", wanted.kind)))?, None)
    } else {
        let (kind, key) = target(&store, &wanted.target)?;
        (kind, Some(key))
    };
    let name =
        if kind == Kind::Actor { store.actor_key(&wanted.name)? } else { wanted.name.clone() };
    if key.is_none() && store.snapshot()?.alias(kind, &name).is_none() {
        return Err(Failure::usage(format!(
            "{} stands for no {kind}: nothing to remove",
            wanted.name
        )));
    }
    let mut transaction = store.begin(None, None)?;
    transaction.add_reference(kind, &name, key.clone());
    let committed = transaction.commit()?;
    store.write_indexes()?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        writeln!(
            out,
            "{}",
            serde_json::json!({ "name": wanted.name, "kind": kind.name(), "commit": committed.number })
        )?;
    } else if key.is_none() {
        writeln!(out, "{} stands for nothing any more (commit {})", wanted.name, committed.number)?;
    } else {
        writeln!(out, "{} = {} (commit {})", wanted.name, wanted.target, committed.number)?;
    }
    Ok(Exit::Answer)
}

/// What an alias may stand for: a node, or for models a name with all its versions.
fn target(store: &Store, text: &str) -> Outcome<(Kind, Key)> {
    let parsed = text.split_once(':').and_then(|(kind, key)| Some((Kind::parse(kind)?, key)));
    let (kind, key) = parsed.ok_or_else(|| {
        Failure::usage(format!(
            "{text}: write kind:key, such as model:prod/credit-risk or actor:anna@example.org"
        ))
    })?;
    let view = store.snapshot()?;
    let key = unquoted(key);
    let nodes = view.find(Some(kind), &key);
    match (kind, nodes.as_slice()) {
        (_, [node]) if key.contains('@') || kind != Kind::Model => Ok((kind, view.key_of(*node))),
        (Kind::Model, [first, ..]) => {
            let family = |node: &u32| {
                (
                    view.key_of(*node).0.first().cloned(),
                    view.key_of(*node).part_text(1).map(str::to_owned),
                )
            };
            let (registry, name) = family(first);
            if nodes.iter().any(|node| family(node) != (registry.clone(), name.clone())) {
                let names: Vec<String> = nodes.iter().map(|node| view.name_of(*node)).collect();
                return Err(Failure::usage(format!(
                    "{text} fits several registries: {}",
                    names.join(", ")
                )));
            }
            let registry = registry.unwrap_or(KeyPart::Null);
            Ok((kind, Key(vec![registry, name.into(), KeyPart::Null])))
        }
        (_, []) => {
            let near = view.near(Some(kind), &key);
            let hint = if near.is_empty() {
                String::new()
            } else {
                format!("; did you mean {}?", near.join(", "))
            };
            Err(Failure::usage(format!("nothing is called {text}{hint}")))
        }
        (_, several) => {
            let names: Vec<String> = several.iter().map(|node| view.name_of(*node)).collect();
            Err(Failure::usage(format!("{text} fits several: {}", names.join(", "))))
        }
    }
}
