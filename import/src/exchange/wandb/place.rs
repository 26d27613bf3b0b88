//! Where a run or an artifact stands: its entity and project.

use super::super::json::{Object, member, object, text};
use serde_json::Value;

/// How the id of a run begins in GraphQL: `Run:v1:ID:PROJECT:ENTITY`, in base64.
const RUN: [&str; 2] = ["Run", "v1"];

/// Entity and project, as far as they are said.
#[derive(Clone, Default)]
pub(super) struct Above {
    pub(super) entity: Option<String>,
    pub(super) project: Option<String>,
}

/// A name that may be an object with one.
pub(super) fn named(held: &Object, names: &[&str]) -> Option<String> {
    match member(held, names)? {
        Value::Object(inner) => text(inner, &["name", "username"]),
        _ => text(held, names),
    }
}

impl Above {
    /// What a thing says of where it stands.
    pub(super) fn of(held: &Object) -> Above {
        let inner = object(held, "project").and_then(|it| named(it, &["entity", "entityName"]));
        Above {
            entity: named(held, &["entity", "entityName"]).or(inner),
            project: named(held, &["project"]),
        }
    }

    /// What a run says of where it stands, in its address or its id, too.
    pub(super) fn of_run(held: &Object) -> Above {
        let by_url = text(held, &["url"]).and_then(|url| of_url(&url));
        let by_id = || Some(graph_id(held)?.1);
        Above::of(held).or(&by_url.or_else(by_id).unwrap_or_default())
    }

    pub(super) fn or(&self, other: &Above) -> Above {
        let first = |a: &Option<String>, b: &Option<String>| a.clone().or_else(|| b.clone());
        Above {
            entity: first(&self.entity, &other.entity),
            project: first(&self.project, &other.project),
        }
    }

    /// Are both known?
    pub(super) fn is_whole(&self) -> bool {
        self.entity.is_some() && self.project.is_some()
    }

    /// `entity/project`, as far as they are known.
    pub(super) fn place(&self) -> String {
        let parts: Vec<&str> =
            [&self.entity, &self.project].into_iter().flatten().map(String::as_str).collect();
        parts.join("/")
    }
}

/// The run that an id of GraphQL names, and where it stands.
pub(super) fn graph_id(held: &Object) -> Option<(String, Above)> {
    let id = data_encoding::BASE64.decode(text(held, &["id"])?.as_bytes()).ok()?;
    let id = String::from_utf8(id).ok()?;
    let parts: Vec<&str> = id.split(':').collect();
    match parts.as_slice() {
        [kind, version, run, project, entity]
            if [*kind, *version] == RUN && parts.iter().all(|part| !part.is_empty()) =>
        {
            let (entity, project) = (Some((*entity).to_owned()), Some((*project).to_owned()));
            Some(((*run).to_owned(), Above { entity, project }))
        }
        _ => None,
    }
}

/// `https://wandb.ai/ENTITY/PROJECT/runs/ID`; none where a name is written otherwise there.
fn of_url(url: &str) -> Option<Above> {
    let (_, path) = url.split_once("://")?;
    let (before, _) = path.split_once("/runs/")?;
    let mut parts = before.rsplit('/');
    let (project, entity) = (parts.next()?, parts.next()?);
    // What is left is the server.
    parts.next()?;
    let is_plain = |name: &str| !name.is_empty() && !name.contains('%');
    (is_plain(project) && is_plain(entity))
        .then(|| Above { entity: Some(entity.to_owned()), project: Some(project.to_owned()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(held: &serde_json::Value) -> String {
        Above::of_run(held.as_object().expect("an object")).place()
    }

    #[test]
    fn a_run_says_where_it_stands_in_its_members_its_address_or_its_id() {
        // Run:v1:9zp7y8cd:credit:bank
        let id = "UnVuOnYxOjl6cDd5OGNkOmNyZWRpdDpiYW5r";
        let url = "https://wandb.ai/b/c/runs/9zp7y8cd";
        for (held, place) in [
            (serde_json::json!({ "id": id }), "bank/credit"),
            (serde_json::json!({ "id": id, "url": url }), "b/c"),
            (serde_json::json!({ "id": id, "url": url, "entity": "e", "project": "p" }), "e/p"),
            (serde_json::json!({ "project": { "name": "p", "entityName": "e" } }), "e/p"),
            (serde_json::json!({ "url": "https://host/base/b/c/runs/1" }), "b/c"),
            (serde_json::json!({ "url": "https://host/b%20x/c/runs/1" }), ""),
            (serde_json::json!({ "url": "https://host/c/runs/1" }), ""),
            (serde_json::json!({ "id": "9zp7y8cd" }), ""),
        ] {
            assert_eq!(of(&held), place, "{held}");
        }
    }
}
