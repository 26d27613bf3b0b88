//! Tools about evidence: what rules ask for, whether a release record is there, what is recorded of a node;
//! and, where the configuration lets assistants write and the role may, what people state. They are the
//! endpoints for that, asked within a request that has passed the gate: each refuses what it refuses anybody.

use super::handing;
use super::stating::{self, WRITING};
use super::tools::{Refusal, Tools, encoded, number, read, tool};
use crate::handler::{check, erasures, records, show};
use crate::problem::Problem;
use axum::body::Body;
use axum::http::{Response, StatusCode};
use lineal_evidence::report::KINDS;
use rmcp::model::{JsonObject, Tool};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

/// Findings of a rule that are told; all are counted.
const FINDINGS_TOLD: usize = 5;
/// What is told of a report beside its rules.
const HEAD: [&str; 16] = [
    "pack",
    "version",
    "pack_digest",
    "law",
    "system",
    "model",
    "deployment",
    "commit",
    "recorded",
    "today",
    "checkpoint",
    "stamped",
    "declared",
    "counts",
    "disclaimer",
    "not_covered",
];
/// Between two looks whether a job has ended.
const LOOK: Duration = Duration::from_millis(20);

/// The arguments of a tool of these; none where it is another's.
pub(super) fn arguments_of(tool: &str) -> Option<&'static [&'static str]> {
    match tool {
        "check" => Some(&["system", "model", "deployment", "as_of", "reconcile"]),
        "gate" => Some(&["model"]),
        "records" => Some(&["node", "as_of"]),
        "report" => Some(&super::report::ARGUMENTS),
        "pack" => Some(&handing::OF_PACK),
        "export" => Some(&handing::OF_EXPORT),
        _ => WRITING.iter().find(|it| it.name == tool).map(|it| it.arguments),
    }
}

impl Tools {
    /// The answer of a tool of these, to be fitted.
    pub(super) async fn of_evidence(
        &self,
        tool: &str,
        arguments: &JsonObject,
    ) -> Result<Json, Refusal> {
        match tool {
            "check" => {
                let mut uri = "/v1/check?".to_owned();
                for name in ["system", "model", "deployment", "as_of"] {
                    let Some(value) = arguments.get(name).filter(|value| !value.is_null()) else {
                        continue;
                    };
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    uri.push_str(&format!("{name}={}&", encoded(&value)));
                }
                if truth(arguments, "reconcile")? {
                    uri.push_str("reconcile=true&");
                }
                Ok(shortened(&read(check::get(self.within(&uri, None)?).await?).await?))
            }
            "pack" => self.pack(arguments).await,
            "gate" => {
                let uri = format!("/v1/gate?model={}", encoded(text_of(arguments, "model")?));
                Ok(read(records::gate(self.within(&uri, None)?).await?).await?)
            }
            "records" => {
                let mut uri = format!("/v1/show?target={}", encoded(text_of(arguments, "node")?));
                if let Some(commit) = number(arguments, "as_of")? {
                    uri.push_str(&format!("&as_of={commit}"));
                }
                Ok(read(show::get(self.within(&uri, None)?).await?).await?)
            }
            _ => {
                let (path, body) = stating::request(tool, arguments)?;
                self.allowed("POST", path)?;
                stating::let_in(self.call())?;
                let call = self.within(path, Some(&body))?;
                let taken = match path {
                    stating::HOLDS => erasures::post_hold(call).await?,
                    stating::STATEMENT => records::statement(call).await?,
                    _ => records::post(call).await?,
                };
                self.done(taken).await
            }
        }
    }

    /// Waits for the end of a job that was taken on, and gives its report.
    async fn done(&self, taken: Response<Body>) -> Result<Json, Refusal> {
        let job = read(taken).await?;
        let id = job["id"].as_str().unwrap_or_default();
        let (_, writer) = self.call().writer()?;
        let deadline = self.deadline();
        loop {
            let known = writer.jobs.find(id).ok_or_else(Problem::fault)?.told();
            match (known.state.as_str(), known.report, known.problem) {
                ("done", Some(report), _) => return Ok(report),
                ("failed", _, Some(problem)) => {
                    let words = problem["detail"].as_str().unwrap_or("it was refused");
                    return Err(Refusal::Refused(
                        StatusCode::UNPROCESSABLE_ENTITY,
                        words.to_owned(),
                    ));
                }
                _ if Instant::now() >= deadline => {
                    let words = format!(
                        "it was taken on and is not done yet: job {id}, which GET /v1/imports/{id} tells"
                    );
                    return Err(Refusal::Refused(StatusCode::ACCEPTED, words));
                }
                _ => tokio::time::sleep(LOOK).await,
            }
        }
    }
}

/// What names the thing: the trail seals it, as it seals questions.
pub(super) fn named(arguments: &JsonObject) -> String {
    let names = [
        "kind", "form", "what", "subject", "system", "model", "node", "dataset", "name", "to",
        "target", "old", "new", "rule", "on",
    ];
    let given = names.iter().filter_map(|name| Some((name, arguments.get(*name)?.as_str()?)));
    let given: Vec<String> = given.map(|(name, text)| format!("{name}={text}")).collect();
    given.join(" ")
}

pub(super) fn text_of<'a>(arguments: &'a JsonObject, name: &str) -> Result<&'a str, Refusal> {
    optional(arguments, name)?
        .ok_or_else(|| Refusal::Words(format!("the argument `{name}` is missing, or is no text")))
}

pub(super) fn optional<'a>(
    arguments: &'a JsonObject,
    name: &str,
) -> Result<Option<&'a str>, Refusal> {
    let given = arguments.get(name).filter(|value| !value.is_null());
    let wrong = || Refusal::Words(format!("the argument `{name}` is a text"));
    given.map(|value| value.as_str().ok_or_else(wrong)).transpose()
}

pub(super) fn texts(arguments: &JsonObject, name: &str) -> Result<Vec<String>, Refusal> {
    let Some(given) = arguments.get(name).filter(|value| !value.is_null()) else {
        return Ok(Vec::new());
    };
    let wrong = || Refusal::Words(format!("the argument `{name}` is a list of texts"));
    let items = given.as_array().ok_or_else(wrong)?.iter();
    items.map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
}

pub(super) fn truth(arguments: &JsonObject, name: &str) -> Result<bool, Refusal> {
    let given = arguments.get(name).filter(|value| !value.is_null());
    let wrong = || Refusal::Words(format!("the argument `{name}` is true or false"));
    given.map_or(Ok(false), |value| value.as_bool().ok_or_else(wrong))
}

/// Reports with what is open in a list beside them, so that it can be shortened, and the names of the rules
/// that are met or do not apply.
fn shortened(told: &Json) -> Json {
    let (mut reports, mut open) = (Vec::new(), Vec::new());
    for report in told["reports"].as_array().into_iter().flatten() {
        let rules = || report["rules"].as_array().into_iter().flatten();
        let of = |status: &str| -> Vec<&Json> {
            rules().filter(|rule| rule["status"] == status).map(|rule| &rule["id"]).collect()
        };
        let settled = ["met", "not_applicable"];
        for rule in rules().filter(|rule| !settled.iter().any(|status| rule["status"] == *status)) {
            let findings = rule["findings"].as_array().into_iter().flatten().take(FINDINGS_TOLD);
            open.push(json!({
                "pack": report["pack"], "id": rule["id"], "status": rule["status"],
                "severity": rule["severity"], "article": rule["article"], "why": rule["why"],
                "findings_total": rule["findings_total"], "cannot_tell": rule["cannot_tell"],
                "findings": findings.collect::<Vec<_>>(),
            }));
        }
        let mut head = json!({ "met": of("met"), "not_applicable": of("not_applicable") });
        for name in HEAD {
            head[name] = report[name].clone();
        }
        reports.push(head);
    }
    json!({ "reports": reports, "open": open, "withheld": told["withheld"] })
}

pub(super) fn text_property(what: &str) -> Json {
    json!({ "type": "string", "description": what })
}

pub(super) fn texts_property(what: &str) -> Json {
    json!({ "type": "array", "items": { "type": "string" }, "description": what })
}

/// The tools of these that read.
pub(super) fn reading() -> Vec<Tool> {
    let mut all = vec![
        tool(
            "check",
            "Which evidence is recorded and which is missing, by the rules over the AI Act of a system, or \
             what is recorded held against itself: each open finding with the command that would record \
             it. Whether a system conforms to a law is not decided: say `recorded`, `missing`, `cannot tell`."
                .to_owned(),
            &json!({
                "system": text_property("The system; without one, what is recorded is held against itself"),
                "model": text_property("Only what leads to this model, NAME@VERSION; with `system`"),
                "deployment": text_property("Only this deployment; with `system`"),
                "as_of": text_property("As of a commit number or a time (RFC 3339, or a date)"),
                "reconcile": { "type": "boolean", "description": "Also hold what is recorded against itself" },
            }),
            &[],
        ),
        tool(
            "gate",
            "Is the release record of a model version there? Its items: present, missing or cannot_tell, \
             each missing one with the command that would record it."
                .to_owned(),
            &json!({ "model": text_property("The model version: model:prod/credit-risk@3") }),
            &["model"],
        ),
        tool(
            "report",
            "A report for people, as Markdown: what is recorded of a thing and what is missing, put in the order \
             in which a reader asks for it. It says what is recorded; it decides nothing."
                .to_owned(),
            &json!({
                "kind": {
                    "type": "string", "enum": KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>(),
                    "description": KINDS.iter().map(|kind| format!("{}: {}", kind.name, kind.summary))
                        .collect::<Vec<_>>().join("; "),
                },
                "target": text_property("What it is about: a system, a model version, an incident, a data set; not of `change`"),
                "old": text_property("Of `change`: the model version before"),
                "new": text_property("Of `change`: the one after"),
                "as_of": text_property("As of a commit number or a time (RFC 3339, or a date), which then counts as today"),
                "from": text_property("Of `oversight` and `incident`: only events from this time on"),
                "until": text_property("Of these: only events before this time"),
            }),
            &["kind"],
        ),
        tool(
            "records",
            "What is recorded of a node: fields, edges, and its revisions by source and commit.".to_owned(),
            &json!({
                "node": text_property("A node (model:credit-risk@3), an id, or any name"),
                "as_of": { "type": "integer", "minimum": 1, "description": "The view as of a commit" },
            }),
            &["node"],
        ),
    ];
    all.extend(handing::reading());
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_says_its_arguments_as_it_takes_them() {
        let all = reading().into_iter().chain(WRITING.iter().map(|it| stating::described(it.name)));
        for tool in all {
            let taken = arguments_of(&tool.name).unwrap_or_default();
            let said = tool.input_schema["properties"].as_object().unwrap();
            let mut taken: Vec<&str> = taken.to_vec();
            let mut said: Vec<&str> = said.keys().map(String::as_str).collect();
            taken.sort_unstable();
            said.sort_unstable();
            assert_eq!(taken, said, "{}", tool.name);
            let is_writing = WRITING.iter().any(|it| it.name == tool.name);
            let notes = tool.annotations.as_ref().unwrap();
            assert_eq!(notes.read_only_hint, Some(!is_writing), "{}", tool.name);
        }
        assert!(arguments_of("query").is_none());
    }

    #[test]
    fn a_report_is_told_by_what_is_open() {
        let rule = |id: &str, status: &str| json!({ "id": id, "status": status, "findings": (0..9).collect::<Vec<_>>(), "findings_total": 9 });
        let rules = [rule("A", "met"), rule("B", "gap"), rule("C", "not_applicable")];
        let told =
            shortened(&json!({ "reports": [{ "pack": "p", "rules": rules }], "withheld": [] }));
        let report = &told["reports"][0];
        assert_eq!((&report["met"], &report["not_applicable"]), (&json!(["A"]), &json!(["C"])));
        let open = &told["open"][0];
        assert_eq!(open["findings"].as_array().map(Vec::len), Some(FINDINGS_TOLD));
        assert_eq!((&open["findings_total"], &open["pack"]), (&json!(9), &json!("p")));
    }
}
