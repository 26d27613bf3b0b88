//! in-toto statements, SLSA's provenance among them: bare, in DSSE envelopes or in Sigstore bundles,
//! one or many a file.
//!
//! Things are known by their digests here, so what a build made and another used is one node. The
//! statement itself is a document with its signatures, which are kept and not checked.

use super::artifact::{Artifact, Digest, base_name, best, best_of, id_of, part};
use super::fields::{parameters, set_text, set_time, tag, tag_json};
use super::json::{Object, at, canonical, list, object, objects, text, text_of, time, values};
use super::told::Told;
use crate::record::Reference;
use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use lineal_engine::schema::{Kind, Relation};
use serde_json::Value;

/// The form of what a statement says of its run and of itself.
pub(super) const FORM: &str = "in-toto";
/// The form of what is said in passing: of what went in and came out.
const PART: &str = "in-toto-part";
/// How the type of a statement begins.
pub(super) const STATEMENT: &str = "https://in-toto.io/Statement/";
/// How the type of SLSA's provenance begins; 0.1 and 0.2 have other members than 1.
const PROVENANCE: &str = "https://slsa.dev/provenance/v";
/// The type of a link, the provenance of in-toto itself.
const LINK: &str = "https://in-toto.io/attestation/link/";
/// Deepest nesting of bundles in bundles.
const WRAPS_MAX: usize = 4;

pub(super) fn read(bytes: &[u8], told: &mut Told) {
    values(bytes, told, &mut |value, pointer, told| item(value, pointer, &[], 0, told));
}

/// A statement, or what holds one.
fn item(value: &Value, pointer: &str, signatures: &[&Value], wraps: usize, told: &mut Told) {
    let Some(object) = value.as_object().filter(|_| wraps <= WRAPS_MAX) else {
        return told.reject(pointer, "a statement of in-toto or its envelope was expected");
    };
    for (name, inner) in [("dsseEnvelope", "/dsseEnvelope"), ("bundle", "/bundle")] {
        if let Some(held) = object.get(name).filter(|held| held.is_object()) {
            return item(held, &format!("{pointer}{inner}"), signatures, wraps + 1, told);
        }
    }
    if let Some(all) = object.get("attestations").and_then(Value::as_array) {
        for (number, one) in all.iter().enumerate() {
            item(one, &format!("{pointer}/attestations/{number}"), signatures, wraps + 1, told);
        }
        return;
    }
    if let Some(payload) = text(object, &["payload"]) {
        let decoded = [BASE64, BASE64URL, BASE64URL_NOPAD]
            .iter()
            .find_map(|encoding| encoding.decode(payload.as_bytes()).ok());
        let Some(payload) = decoded else {
            return told.reject(&format!("{pointer}/payload"), "no readable base64");
        };
        let Ok(held) = serde_json::from_slice::<Value>(&payload) else {
            return told.reject(&format!("{pointer}/payload"), "no readable JSON in the envelope");
        };
        let signatures = list(object, &["signatures"]);
        return item(&held, &format!("{pointer}/payload"), &signatures, wraps + 1, told);
    }
    statement(object, value, pointer, signatures, told);
}

fn statement(
    statement: &Object,
    whole: &Value,
    pointer: &str,
    signatures: &[&Value],
    told: &mut Told,
) {
    let kind = text(statement, &["_type"]).unwrap_or_default();
    if !kind.starts_with(STATEMENT) {
        let why = "`_type` is none of https://in-toto.io/Statement/...";
        return told.reject(&format!("{pointer}/_type"), why);
    }
    let Some(predicate_type) = text(statement, &["predicateType"]) else {
        return told.reject(pointer, "`predicateType` is missing");
    };
    let said = canonical(whole);
    let document = document(&predicate_type, &said, signatures, told);
    let mut subjects = Vec::new();
    for (number, subject) in objects(statement, &["subject"]).into_iter().enumerate() {
        match thing(subject, stated(&predicate_type), told) {
            Some(subject) => subjects.push(subject),
            None => {
                let why = "a subject has a name and the digest of its bytes";
                told.reject(&format!("{pointer}/subject/{number}"), why);
            }
        }
    }
    let empty = Object::new();
    let predicate = object(statement, "predicate").unwrap_or(&empty);
    let run = if predicate_type.starts_with(PROVENANCE) {
        Some(provenance(predicate, &said, &predicate_type, told))
    } else if predicate_type.starts_with(LINK) {
        Some(link(predicate, &said, told))
    } else {
        told.skip(
            "what statements say beside SLSA's provenance and links: they are kept as documents",
        );
        None
    };
    match run {
        Some(run) => {
            for subject in &subjects {
                told.link(PART, subject, Relation::ProducedBy, &run);
            }
            told.link(FORM, &document, Relation::Documents, &run);
        }
        None => {
            for subject in &subjects {
                told.link(FORM, &document, Relation::Documents, subject);
            }
        }
    }
}

/// The statement as a document.
fn document(kind: &str, said: &str, signatures: &[&Value], told: &mut Told) -> Reference {
    let digest = blake3::hash(said.as_bytes()).to_hex().to_string();
    let key = vec![told.source.clone().into(), part(kind), digest.as_str().into()];
    let node = Reference::new(Kind::Document, key);
    let record = told.node(FORM, &node);
    set_text(record, "name", Some(kind));
    set_text(record, "version", Some(&digest));
    record.set("type", Some("attestation"));
    tag(record, "signatures", Some(&signatures.len().to_string()));
    for (number, signature) in signatures.iter().enumerate() {
        let key = at(Some(signature), &["keyid"]).and_then(Value::as_str);
        tag(record, &format!("signature.{number}.keyid"), key);
        let sig = at(Some(signature), &["sig"]).and_then(Value::as_str);
        tag(record, &format!("signature.{number}"), sig);
    }
    node
}

/// What the subjects of a statement of this type are, where the type says so: OpenSSF's model signing
/// signs models.
fn stated(predicate_type: &str) -> Option<Kind> {
    predicate_type.contains("model_signing").then_some(Kind::Model)
}

/// Is this a program that ran, a container's image or a package, and so no data? `pkg:huggingface` and
/// `pkg:mlflow` are models, `pkg:generic` may be anything.
fn is_program(descriptor: &Object) -> bool {
    const NO_PROGRAMS: [&str; 3] = ["huggingface", "mlflow", "generic"];
    let named = ["uri", "name"].into_iter().filter_map(|member| text(descriptor, &[member]));
    let mut kinds = named.filter_map(|name| {
        let (kind, _) = name.strip_prefix("pkg:")?.trim_start_matches('/').split_once('/')?;
        Some(kind.to_ascii_lowercase())
    });
    kinds.any(|kind| !NO_PROGRAMS.contains(&kind.as_str()))
}

/// A thing that a resource descriptor names; none where it names nothing.
fn thing(descriptor: &Object, kind: Option<Kind>, told: &mut Told) -> Option<Reference> {
    let (name, uri) = (text(descriptor, &["name"]), text(descriptor, &["uri"]));
    let called = name.clone().or_else(|| uri.clone())?;
    let digests = object(descriptor, "digest").into_iter().flatten();
    let digests = digests.filter_map(|(name, value)| Some((name.clone(), text_of(value)?)));
    let digest = best_of(digests, told);
    if digest.is_none() && uri.is_none() {
        return None;
    }
    let media_type = text(descriptor, &["mediaType"]);
    let artifact = Artifact {
        name: &called,
        uri: uri.as_deref(),
        digest,
        kind,
        media_type: media_type.as_deref(),
    };
    Some(artifact.put(PART, told))
}

/// The commit that a descriptor names, if it names one.
fn commit(descriptor: &Object, told: &mut Told) -> Option<Reference> {
    let digests = object(descriptor, "digest")?;
    let uri = text(descriptor, &["uri"]).unwrap_or_default();
    let is_git = uri.starts_with("git+") || uri.starts_with("git:") || uri.ends_with(".git");
    let all = digests.iter().filter_map(|(name, value)| Digest::new(name, value.as_str()?));
    let digest = best(all.filter(|it| it.is_commit() || is_git && it.algorithm == "sha1"))?;
    let node = Reference::new(Kind::Code, vec![part(&digest.value)]);
    let record = told.node(PART, &node);
    set_text(record, "commit", Some(&digest.value));
    let address = uri.strip_prefix("git+").unwrap_or(&uri);
    let (repo, branch) = match address.rsplit_once('@').filter(|(repo, _)| repo.contains('/')) {
        Some((repo, branch)) => (repo, Some(branch)),
        None => (address, None),
    };
    set_text(record, "repo", Some(repo));
    set_text(record, "branch", branch);
    Some(node)
}

/// What went in: a commit is executed, all else used.
fn take_in(run: &Reference, materials: &[&Object], pointer: &str, told: &mut Told) {
    for (number, material) in materials.iter().enumerate() {
        if let Some(code) = commit(material, told) {
            told.link(FORM, run, Relation::Executes, &code);
        } else if is_program(material) {
            // It is told with the run, and is no data that went in.
            tag_json(
                told.node(FORM, run),
                &format!("in-toto.program.{number}"),
                &Value::Object((*material).clone()),
            );
        } else if let Some(used) = thing(material, None, told) {
            told.link(FORM, run, Relation::Used, &used);
        } else {
            told.reject(&format!("{pointer}/{number}"), "neither `uri` nor `name` with `digest`");
        }
    }
}

/// SLSA's provenance, of version 1 or before.
fn provenance(predicate: &Object, said: &str, kind: &str, told: &mut Told) -> Reference {
    let is_first = ["0.1", "0.2"].iter().any(|old| kind.ends_with(&format!("v{old}")));
    let whole = Value::Object(predicate.clone());
    let (definition, metadata) = if is_first {
        (Some(predicate), object(predicate, "metadata"))
    } else {
        let details = object(predicate, "runDetails");
        (object(predicate, "buildDefinition"), details.and_then(|it| object(it, "metadata")))
    };
    let id = metadata.and_then(|it| {
        text(it, &["invocationId", "invocationID", "buildInvocationId", "buildInvocationID"])
    });
    let id = id.unwrap_or_else(|| id_of("in-toto", said.as_bytes()));
    let run = Reference::new(Kind::Run, vec![part(&id)]);
    let moment = |names: &[&str]| metadata.and_then(|it| text(it, names)).and_then(|it| time(&it));
    let started = moment(&["startedOn", "buildStartedOn"]);
    let ended = moment(&["finishedOn", "buildFinishedOn"]);
    told.saw_time(started.max(ended));
    let record = told.node(FORM, &run);
    set_time(record, "time", started.or(ended));
    set_time(record, "started", started);
    set_time(record, "ended", ended);
    let build = definition.and_then(|it| text(it, &["buildType"]));
    set_text(record, "name", build.as_deref().map(base_of_type));
    tag(record, "slsa.build_type", build.as_deref());
    let builder: &[&str] =
        if is_first { &["builder", "id"] } else { &["runDetails", "builder", "id"] };
    tag(record, "slsa.builder", at(Some(&whole), builder).and_then(Value::as_str));
    let places: [(&[&str], &str); 4] = [
        (&["buildDefinition", "externalParameters"], ""),
        (&["buildDefinition", "internalParameters"], "internal"),
        (&["invocation", "parameters"], ""),
        (&["invocation", "environment"], "environment"),
    ];
    for (path, prefix) in places {
        if let Some(given) = at(Some(&whole), path) {
            parameters(record, prefix, given);
        }
    }
    let materials = definition.map(|it| objects(it, &["resolvedDependencies", "materials"]));
    take_in(&run, &materials.unwrap_or_default(), "/predicate/resolvedDependencies", told);
    let source = at(Some(&whole), &["invocation", "configSource"]).and_then(Value::as_object);
    if let Some(code) = source.and_then(|source| commit(source, told)) {
        told.link(FORM, &run, Relation::Executes, &code);
    }
    let details = object(predicate, "runDetails");
    for (number, more) in
        details.map(|it| objects(it, &["byproducts"])).into_iter().flatten().enumerate()
    {
        match thing(more, None, told) {
            Some(made) => told.link(PART, &made, Relation::ProducedBy, &run),
            None => told.reject(
                &format!("/predicate/runDetails/byproducts/{number}"),
                "neither `uri` nor `digest`",
            ),
        }
    }
    run
}

/// The name of a build type: `mlflow-train` of `https://example.org/mlflow-train/v1`.
fn base_of_type(kind: &str) -> &str {
    let last = base_name(kind);
    let is_version =
        last.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    match kind.trim_end_matches('/').strip_suffix(last) {
        Some(before) if is_version && !base_name(before).is_empty() => base_name(before),
        _ => last,
    }
}

/// A link: one step with its materials, whose products are the statement's subjects.
fn link(predicate: &Object, said: &str, told: &mut Told) -> Reference {
    let run = Reference::new(Kind::Run, vec![id_of("in-toto", said.as_bytes()).into()]);
    let record = told.node(FORM, &run);
    set_text(record, "name", text(predicate, &["name"]).as_deref());
    if let Some(command) = predicate.get("command") {
        tag_json(record, "in-toto.command", command);
    }
    take_in(&run, &objects(predicate, &["materials"]), "/predicate/materials", told);
    run
}

#[cfg(test)]
mod tests {
    use super::base_of_type;

    #[test]
    fn a_build_is_called_by_what_it_does_and_not_by_its_version() {
        assert_eq!(base_of_type("https://example.org/mlflow-train/v1"), "mlflow-train");
        assert_eq!(base_of_type("https://actions.github.io/buildtypes/workflow"), "workflow");
        assert_eq!(base_of_type("v1"), "v1");
    }
}
