//! Tools about what is handed over: what a pack would hold, without its bytes, and an export, whole or not at all.

use super::evidence::{optional, text_of, text_property};
use super::tools::{Refusal, Tools, encoded, number, tool};
use crate::handler::{export, handed};
use axum::http::StatusCode;
use lineal_evidence::pack;
use lineal_evidence::record::time_text;
use rmcp::model::{JsonObject, Tool};
use serde_json::{Value as Json, json};

/// The arguments of the tool that tells of a pack.
pub(super) const OF_PACK: [&str; 4] = ["subject", "disclosure", "as_of", "samples"];
/// The arguments of the tool that exports.
pub(super) const OF_EXPORT: [&str; 3] = ["form", "target", "as_of"];
/// The forms that are texts; an archive is bytes.
const FORMS: [&str; 7] =
    ["prov", "cyclonedx", "cyclonedx-1.6", "spdx", "croissant", "slsa", "openlineage"];

impl Tools {
    /// What a pack would hold, what names it, and where it is fetched.
    pub(super) async fn pack(&self, arguments: &JsonObject) -> Result<Json, Refusal> {
        let subject = text_of(arguments, "subject")?;
        let disclosure = optional(arguments, "disclosure")?;
        let as_of = commit_or_time(arguments)?;
        let samples = match arguments.get("samples").filter(|value| !value.is_null()) {
            None => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| {
                Refusal::Words("the argument `samples` is a whole number".to_owned())
            })?),
        };
        let samples = samples.map(|count| count.to_string());
        let mut path = format!("/v1/pack?subject={}", encoded(subject));
        let given = [
            ("disclosure", disclosure),
            ("as_of", as_of.as_deref()),
            ("samples", samples.as_deref()),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                path.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        let call = self.within(&path, None)?;
        let made = handed::make(&call, |pack| Ok(files_of(pack))).await?;
        let pack = &made.pack;
        let reports = pack.reports.iter().map(|report| {
            json!({ "pack": report.pack, "system": report.system, "counts": report.counts() })
        });
        Ok(json!({
            "name": pack.name, "subject": pack.subject, "disclosure": made.disclosure.name(),
            "commits": pack.size, "recorded": time_text(pack.recorded),
            "commits_behind": made.newest.saturating_sub(pack.size),
            "manifest_sha256": pack.digest, "signed_by": pack.key,
            "counts": pack.counts, "reports": reports.collect::<Vec<_>>(),
            "files_total": made.of_files.len(),
            "bytes": made.of_files.iter().map(|(_, bytes)| bytes).sum::<u64>(),
            "files": made.of_files.iter().map(|(path, bytes)| json!({ "path": path, "bytes": bytes }))
                .collect::<Vec<_>>(),
            "fetch": format!("GET {path}"),
        }))
    }

    /// An export as a text, whole: a part of one is no document.
    pub(super) async fn export(
        &self,
        arguments: &JsonObject,
        most: usize,
    ) -> Result<String, Refusal> {
        let form = text_of(arguments, "form")?;
        let mut uri = format!("/v1/export/form?target={}", encoded(text_of(arguments, "target")?));
        if let Some(commit) = number(arguments, "as_of")? {
            uri.push_str(&format!("&as_of={commit}"));
        }
        // Who is bound to systems gets none anywhere: the endpoint says why.
        let is_bound = self.call().sight().is_ok_and(|sight| sight.is_bound());
        if form == "car" && !is_bound {
            let why = "an archive is no text: GET /v1/export/car gives it, or `lineal export car`";
            return Err(Refusal::Words(why.to_owned()));
        }
        let mut call = self.within(&uri, None)?;
        call.places.insert("form".to_owned(), form.to_owned());
        let exported = super::tools::text_of(export::get(call).await?).await?;
        if exported.len() > most {
            let words = format!(
                "the export has {} bytes and {most} may be told: GET /v1/export/{form} gives it, or `lineal export`",
                exported.len()
            );
            return Err(Refusal::Refused(StatusCode::UNPROCESSABLE_ENTITY, words));
        }
        Ok(exported)
    }
}

/// The files of a pack, with their bytes.
fn files_of(pack: &pack::Pack) -> Vec<(String, u64)> {
    pack.files.iter().map(|(path, bytes)| (path.to_owned(), bytes.len() as u64)).collect()
}

/// A commit may come as a number.
fn commit_or_time(arguments: &JsonObject) -> Result<Option<String>, Refusal> {
    match arguments.get("as_of").and_then(Json::as_u64) {
        Some(commit) => Ok(Some(commit.to_string())),
        None => Ok(optional(arguments, "as_of")?.map(str::to_owned)),
    }
}

/// The tools of these.
pub(super) fn reading() -> Vec<Tool> {
    vec![
        tool(
            "pack",
            "What a pack of a thing would hold, as of the newest signed checkpoint: its files with their sizes, \
             counts, what the rules came to, and the SHA-256 of its manifest, which names it. `fetch` gives the pack \
             itself, a zip, which is the one of that name until a newer checkpoint is signed (with `as_of`: for \
             good); nothing of it is handed over here."
                .to_owned(),
            &json!({
                "subject": text_property("A model version, a system, a deployment or an incident"),
                "disclosure": {
                    "type": "string", "enum": ["third-party", "authority"],
                    "description": "For whom; `authority` for roles that see what points at persons"
                },
                "as_of": text_property("A commit number or a time: the newest checkpoint that is not behind it"),
                "samples": {
                    "type": "integer", "minimum": 0, "maximum": 100,
                    "description": "Events that are drawn of each deployment"
                },
            }),
            &["subject"],
        ),
        tool(
            "export",
            "What a thing rests on, in a form that tools of others read. Hand it on unchanged; one that is too long \
             to be told is refused with its size and where to fetch it."
                .to_owned(),
            &json!({
                "form": { "type": "string", "enum": FORMS, "description": "The form" },
                "target": text_property("A node (model:credit-risk@3), or any name"),
                "as_of": { "type": "integer", "minimum": 1, "description": "The view as of a commit" },
            }),
            &["form", "target"],
        ),
    ]
}
