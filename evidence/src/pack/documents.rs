//! `documents/`: the bytes of documents that were kept, and of each document what is known of it.

use super::files::file_name;
use super::making::Making;
use super::manifest::sha256_hex;
use super::{Error, Files};
use lineal_engine::schema::Kind;
use lineal_proof::Value;
use serde_json::{Value as Json, json};

/// Adds the documents of the closure.
pub(super) fn add(making: &mut Making<'_>, files: &mut Files) -> Result<(), Error> {
    let mut list: Vec<Json> = Vec::new();
    let members: Vec<usize> = making.closure.of_kind(Kind::Document).map(|(at, _)| at).collect();
    for at in members {
        let member = &making.closure.members[at];
        let text = |field: &str| member.text(field).map(str::to_owned);
        let (name, sha256) = (text("name"), text("sha256"));
        let told = json!({
            "node": member.name, "id": member.id.to_string(), "name": name, "type": text("type"),
            "version": text("version"), "digest": text("digest"), "sha256": sha256,
            "media_type": text("media_type"), "size": member.number("size"),
        });
        let (file, why) = match content(making, at)? {
            Content::Bytes(bytes) => {
                let digest = sha256_hex(&bytes);
                if sha256.as_ref().is_some_and(|recorded| *recorded != digest) {
                    (None, Some("the kept bytes are not those of the recorded digest"))
                } else {
                    let name = file_name(name.as_deref().unwrap_or("document"));
                    // The whole digest: what two documents share of it anybody could choose.
                    let path = format!("documents/{digest}-{name}");
                    if files.get(&path).is_none() {
                        files.add(path.clone(), bytes)?;
                        making.counts.documents += 1;
                    }
                    (Some(path), None)
                }
            }
            Content::No(why) => (None, Some(why)),
        };
        let mut told = told;
        told["file"] = json!(file);
        told["why_no_file"] = json!(why);
        list.push(told);
    }
    files.json("documents/index.json", &json!({ "documents": list }))
}

enum Content {
    Bytes(Vec<u8>),
    No(&'static str),
}

fn content(making: &Making<'_>, at: usize) -> Result<Content, Error> {
    let member = &making.closure.members[at];
    if !member.sealed.contains("content") {
        return Ok(Content::No("its bytes were not kept; its digests are recorded"));
    }
    if making.disclosure.withholds() {
        return Ok(Content::No(
            "withheld: kept bytes are sealed, and this is a pack for third parties",
        ));
    }
    Ok(match making.snapshot().field(member.node, "content")? {
        Some(Value::Bytes(bytes)) => Content::Bytes(bytes),
        // Erased, restricted, or sealed under a key that is not here: all of them are recorded elsewhere.
        _ => Content::No(
            "its bytes were kept and cannot be read: erased, restricted, or without their key",
        ),
    })
}
