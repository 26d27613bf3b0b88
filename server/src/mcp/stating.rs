//! Tools by which people state something: each is a request to `POST /v1/records` or `/v1/holds`, in the name
//! of the token, and is refused what these refuse. Whether a role may state this or that is decided there;
//! whether assistants may state anything at all is a matter of the configuration, which lets them only read
//! where it says nothing.

use super::evidence::{optional, text_of, text_property, texts, texts_property, truth};
use super::tools::{Refusal, number, tool};
use crate::gate::Call;
use crate::problem::Problem;
use crate::role::Role::{self, Approver, Engineer, Investigator, PrivacyOfficer};
use lineal_evidence::record::{File, FileFacts};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value as Json, json};

/// Most bytes of a text that is attached: what an assistant writes, and less than a body may have.
const TEXT_BYTES_MAX: usize = 256 << 10;

/// Where statements are recorded.
const RECORDS: &str = "/v1/records";
/// Where the statement is made that a decision is signed by.
pub(super) const STATEMENT: &str = "/v1/records/statement";
/// Where holds are recorded.
pub(super) const HOLDS: &str = "/v1/holds";

/// A tool that writes: its arguments, and the roles to which it is offered.
pub(super) struct Writing {
    pub(super) name: &'static str,
    pub(super) arguments: &'static [&'static str],
    roles: &'static [Role],
}

/// The tools that write.
pub(super) const WRITING: [Writing; 9] = [
    Writing {
        name: "declare",
        arguments: &["what", "node", "fields", "edges", "roles", "reason", "at"],
        roles: &[Engineer, Approver],
    },
    Writing {
        name: "attach",
        arguments: &["name", "text", "to", "type", "covers", "fields", "keep", "reason", "at"],
        roles: &[Engineer, Approver, Investigator],
    },
    Writing {
        name: "evaluate",
        arguments: &["model", "on", "metrics", "thresholds", "type", "fields", "reason", "at"],
        roles: &[Engineer],
    },
    Writing {
        name: "incident",
        arguments: &["name", "concerns", "fields", "reason", "at"],
        roles: &[Engineer, Approver, Investigator],
    },
    Writing {
        name: "withdraw",
        arguments: &["dataset", "reason", "at"],
        roles: &[Engineer, Investigator],
    },
    Writing {
        name: "waive",
        arguments: &["rule", "node", "until", "reason", "at"],
        roles: &[Approver],
    },
    Writing {
        name: "approve",
        arguments: &[
            "node",
            "role",
            "keys_needed",
            "basis",
            "stage",
            "expires",
            "to_sign",
            "signed",
            "reason",
            "at",
        ],
        roles: &[Approver],
    },
    Writing {
        name: "reject",
        arguments: &["node", "role", "to_sign", "signed", "reason", "at"],
        roles: &[Approver],
    },
    Writing {
        name: "hold",
        arguments: &["name", "scope", "reason", "release"],
        roles: &[PrivacyOfficer],
    },
];

/// Where what is stated goes, and how it is told there.
pub(super) fn request(tool: &str, arguments: &JsonObject) -> Result<(&'static str, Json), Refusal> {
    if tool == "hold" {
        let mut body = json!({
            "name": text_of(arguments, "name")?, "reason": text_of(arguments, "reason")?,
            "release": truth(arguments, "release")?,
        });
        if let Some(scope) = optional(arguments, "scope")? {
            body["scope"] = json!(scope);
        }
        return Ok((HOLDS, body));
    }
    let mut body = json!({ "record": stated(tool, arguments)? });
    for name in ["reason", "at"] {
        if let Some(text) = optional(arguments, name)? {
            body[name] = json!(text);
        }
    }
    let to_sign = truth(arguments, "to_sign")?;
    Ok((if to_sign { STATEMENT } else { RECORDS }, body))
}

/// What is stated, as `/v1/records` takes it.
fn stated(tool: &str, arguments: &JsonObject) -> Result<Json, Refusal> {
    let list = |name: &str| texts(arguments, name);
    let text = |name: &str| text_of(arguments, name);
    Ok(match tool {
        "declare" => {
            let node = text("node")?;
            let (fields, edges) = (list("fields")?, list("edges")?);
            match text("what")? {
                "system" => {
                    json!({ "declare_system": { "node": node, "fields": fields, "edges": edges } })
                }
                "node" => {
                    json!({ "declare_node": { "node": node, "fields": fields, "edges": edges } })
                }
                "role" => json!({ "declare_role": { "node": node, "roles": list("roles")? } }),
                "scope" => json!({ "declare_scope": { "node": node, "fields": fields } }),
                _ => {
                    let why = "the argument `what` is system, node, role or scope";
                    return Err(Refusal::Words(why.to_owned()));
                }
            }
        }
        "attach" => {
            let content = text("text")?;
            if content.len() > TEXT_BYTES_MAX {
                return Err(Refusal::Words(format!(
                    "the text has {} bytes and {TEXT_BYTES_MAX} may be attached so: `lineal attach FILE` takes larger ones",
                    content.len()
                )));
            }
            let keep = !arguments.contains_key("keep") || truth(arguments, "keep")?;
            let file = FileFacts::of(text("name")?, content.as_bytes().to_vec(), keep);
            json!({ "attach": {
                "file": File::from(file), "to": text("to")?, "document_type": text("type")?,
                "covers": list("covers")?, "fields": list("fields")?,
            } })
        }
        "evaluate" => json!({ "evaluate": {
            "model": text("model")?, "on": text("on")?, "metrics": list("metrics")?,
            "thresholds": list("thresholds")?, "evaluation_type": optional(arguments, "type")?,
            "fields": list("fields")?,
        } }),
        "incident" => json!({ "incident": {
            "name": text("name")?, "concerns": list("concerns")?, "fields": list("fields")?,
        } }),
        "waive" => json!({ "waive": {
            "rule": text("rule")?, "node": text("node")?, "until": text("until")?,
        } }),
        "approve" => json!({ "approve": {
            "node": text("node")?, "role": text("role")?, "signed": signed(arguments),
            "keys_needed": number(arguments, "keys_needed")?, "basis": list("basis")?,
            "stage": optional(arguments, "stage")?, "expires": optional(arguments, "expires")?,
        } }),
        "reject" => json!({ "reject": {
            "node": text("node")?, "role": text("role")?, "signed": signed(arguments),
        } }),
        _ => json!({ "withdraw": { "node": text("dataset")? } }),
    })
}

/// The envelope of a decision and whose key made it, as they came: what is no such thing is refused where
/// it is recorded.
fn signed(arguments: &JsonObject) -> Json {
    arguments.get("signed").cloned().unwrap_or_default()
}

/// Refuses to write where the configuration does not let assistants do that.
pub(super) fn let_in(call: &Call) -> Result<(), Problem> {
    match call.app.config.mcp.write {
        true => Ok(()),
        false => Err(Problem::forbidden(
            "assistants only read here; `write = true` under `[mcp]` in the server's configuration lets them state what a token's role may",
        )),
    }
}

/// The tools that write and are for a call.
pub(super) fn offered(call: &Call) -> Vec<Tool> {
    let is_bound = call.sight().is_ok_and(|sight| sight.is_bound());
    if is_bound || let_in(call).is_err() || call.writer().is_err() {
        return Vec::new();
    }
    let Ok(who) = call.who() else { return Vec::new() };
    let role = who.token.role;
    let offered = WRITING.iter().filter(|it| it.roles.contains(&role));
    offered.map(|it| described(it.name)).collect()
}

pub(super) fn described(name: &'static str) -> Tool {
    let reason = text_property("Why; sealed");
    let at = text_property("When it happened, if not now: RFC 3339, or a date");
    let fields = texts_property("FIELD=VALUE; `FIELD=` takes a value back");
    let decided_on = text_property("What is decided on: a model version, deployment or document");
    let as_what = text_property("In which role they decide: release_manager, risk, ...");
    let to_sign = json!({
        "type": "boolean",
        "description": "Record nothing: answer the statement that the person signs with their own key"
    });
    let signed = json!({
        "type": "object",
        "description": "The DSSE envelope of that statement, as text, and the key that signed it; `at` and \
                        all else as they were when it was made",
        "properties": {
            "envelope": text_property("The envelope, JSON"),
            "public_key": text_property("ssh-ed25519 AAAA..."),
            "reason_salt": text_property("Hexadecimal; where a reason was signed"),
        },
        "required": ["envelope", "public_key"],
    });
    let (what, properties, required): (&str, Json, &[&str]) = match name {
        "declare" => (
            "Record fields and links of a system or another node, its legal role, or what decides which \
             rules are in scope. Stated in the name of this token, and kept for good: only what a person told you.",
            json!({
                "what": { "type": "string", "enum": ["system", "node", "role", "scope"] },
                "node": text_property("The system or node"), "fields": fields,
                "edges": texts_property("RELATION=NODE"), "roles": texts_property("provider, deployer, ..."),
                "reason": reason, "at": at,
            }),
            &["what", "node"],
        ),
        "attach" => (
            "Record a document about a node, by its text. Stated in the name of this token, and kept for good.",
            json!({
                "name": text_property("What it is called, as a file: risk.md"), "text": text_property("The text"),
                "to": text_property("The node that it documents"),
                "type": text_property("risk_management, technical_documentation, instructions_for_use, ..."),
                "covers": texts_property("What more it covers"), "fields": fields,
                "keep": { "type": "boolean", "description": "Keep the text, sealed (true), or its digests alone" },
                "reason": reason, "at": at,
            }),
            &["name", "text", "to", "type"],
        ),
        "evaluate" => (
            "Record figures of a model version on a data set, with what they must reach. Stated in the name of \
             this token, and kept for good: only figures that somebody measured.",
            json!({
                "model": text_property("The model version"), "on": text_property("The data set"),
                "metrics": texts_property("NAME=NUMBER"),
                "thresholds": texts_property("NAME=NUMBER: what each must reach"),
                "type": text_property("accuracy, robustness, bias, ..."), "fields": fields,
                "reason": reason, "at": at,
            }),
            &["model", "on", "metrics"],
        ),
        "incident" => (
            "Record an incident, or more of one; what it concerns. Stated in the name of this token.",
            json!({
                "name": text_property("Its name"), "concerns": texts_property("Deployments, models, systems, batches"),
                "fields": fields, "reason": reason, "at": at,
            }),
            &["name"],
        ),
        "withdraw" => (
            "Record that a data set is taken back. Nothing is deleted; `query` with \
             `find deployment downstream of dataset:...` tells what it reached.",
            json!({ "dataset": text_property("The data set"), "reason": reason, "at": at }),
            &["dataset", "reason"],
        ),
        "waive" => (
            "Record that a finding of `check` is accepted for a while, by the person whose token this is: only \
             where they said so, with their reason.",
            json!({
                "rule": text_property("The rule's id: REC-08"), "node": text_property("The node of the finding"),
                "until": text_property("RFC 3339, or a date"), "reason": reason, "at": at,
            }),
            &["rule", "node", "until", "reason"],
        ),
        "approve" => (
            "Record that the person whose token this is approves a thing as it is recorded now. Only what they \
             decided: an assistant decides nothing. With `to_sign` nothing is recorded and the answer is what \
             they sign; with `signed` it is recorded with their signature.",
            json!({
                "node": decided_on, "role": as_what,
                "keys_needed": { "type": "integer", "minimum": 1, "description": "How many must approve" },
                "basis": texts_property("What it rests on: evaluations, documents"),
                "stage": text_property("For which stage"), "expires": text_property("RFC 3339, or a date"),
                "to_sign": to_sign, "signed": signed, "reason": reason, "at": at,
            }),
            &["node", "role"],
        ),
        "reject" => (
            "Record that the person whose token this is rejects a thing as it is recorded now; as `approve`.",
            json!({
                "node": decided_on, "role": as_what, "to_sign": to_sign, "signed": signed, "reason": reason,
                "at": at,
            }),
            &["node", "role", "reason"],
        ),
        _ => (
            "Forbid erasures in a scope while the hold stands, or end a hold.",
            json!({
                "name": text_property("What it is called"),
                "scope": text_property("`store`, or a system, deployment, batch, actor or run"),
                "reason": reason,
                "release": { "type": "boolean", "description": "End it instead" },
            }),
            &["name", "reason"],
        ),
    };
    let notes = ToolAnnotations::new().read_only(false).destructive(false).open_world(false);
    tool(name, what.to_owned(), &properties, required).with_annotations(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_evidence::record::Verb;

    #[test]
    fn a_tool_is_offered_to_the_roles_that_may_state_it() {
        for Writing { name, roles, .. } in WRITING {
            let verbs: &[Verb] = match name {
                "declare" => {
                    &[Verb::DeclareSystem, Verb::DeclareNode, Verb::DeclareRole, Verb::DeclareScope]
                }
                "attach" => &[Verb::Attach],
                "evaluate" => &[Verb::Evaluate],
                "incident" => &[Verb::Incident],
                "withdraw" => &[Verb::Withdraw],
                "waive" => &[Verb::Waive],
                "approve" => &[Verb::Approve],
                "reject" => &[Verb::Reject],
                "hold" => continue,
                other => panic!("which statement is {other}?"),
            };
            let who = verbs.iter().flat_map(|verb| verb.who()).map(|who| who.name());
            let mut may: Vec<&str> = who.collect();
            let mut offered: Vec<&str> = roles.iter().map(|role| role.name()).collect();
            may.sort_unstable();
            may.dedup();
            offered.sort_unstable();
            assert_eq!(offered, may, "{name}");
        }
    }
}
