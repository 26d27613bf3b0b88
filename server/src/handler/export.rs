//! `GET /v1/export/{form}`: what a thing rests on, in the forms that tools of others read
//! (`lineal_evidence::export`). What is given leaves the store for good, so each is in the trail before its
//! first byte.

use super::{sound, view};
use crate::gate::Call;
use crate::openapi::Description;
use crate::problem::{NOTHING, Problem};
use crate::reply::{self, COMMIT, TOTAL, WITHHELD};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use lineal_evidence::export::{CycloneDxVersion, Form, export};
use lineal_evidence::{Closure, Error};
use lineal_query::told::{Target, resolve};
use std::time::Instant;
use utoipa::openapi::schema::Type;

/// Edges between the nodes of an export.
const EDGES: HeaderName = HeaderName::from_static("lineal-edges");
/// What an export is of: its name, with `%XX` for what a header cannot hold.
pub(super) const ROOT: HeaderName = HeaderName::from_static("lineal-root");
/// Most bytes that are given over the network: an export is held whole until it was taken.
const BYTES_MOST: usize = 64 << 20;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";
const CYCLONEDX: &str = "application/vnd.cyclonedx+json";
const LD_JSON: &str = "application/ld+json";
const CAR: &str = "application/vnd.ipld.car";

/// The forms by their names, with their media types.
const FORMS: [(&str, Form, &str); 8] = [
    ("prov", Form::Prov, JSON),
    ("cyclonedx", Form::CycloneDx(CycloneDxVersion::V1_7), CYCLONEDX),
    ("cyclonedx-1.6", Form::CycloneDx(CycloneDxVersion::V1_6), CYCLONEDX),
    ("spdx", Form::Spdx, LD_JSON),
    ("croissant", Form::Croissant, LD_JSON),
    ("slsa", Form::Slsa, LINES),
    ("openlineage", Form::OpenLineage, LINES),
    ("car", Form::Car, CAR),
];

pub(crate) fn describe(it: Description) -> Description {
    it.place("form", "prov, cyclonedx, cyclonedx-1.6, spdx, croissant, slsa, openlineage or car")
        .parameter("target", &Type::String, true, "A node, as at /v1/show")
        .number("as_of", (0, None), false, "The view as of this commit")
        .in_store()
        .forms(
            "The export, as the form's own specification says it. Lineal-Total and Lineal-Edges count nodes and edges, Lineal-Root names what it is of.",
            &[
                (JSON, Type::Object),
                (CYCLONEDX, Type::Object),
                (LD_JSON, Type::Object),
                (LINES, Type::String),
                (CAR, Type::String),
            ],
        )
        .gives(&[
            "Lineal-Commit",
            "Lineal-Edges",
            "Lineal-Root",
            "Lineal-Total",
            "Lineal-Withheld",
        ])
        .cached()
        .problem(409, "Several nodes have that name.")
        .problem(422, "The form describes something else, or demands what is not recorded.")
}

/// Makes an export.
pub(crate) async fn get(call: Call) -> Result<Response<Body>, Problem> {
    call.only(&["target", "as_of"])?;
    call.asked.exports();
    let name = call.places.get("form").cloned().unwrap_or_default();
    let known = FORMS.iter().find(|(known, ..)| *known == name);
    let (name, form, media_type) = *known.ok_or_else(|| {
        let names: Vec<&str> = FORMS.iter().map(|(name, ..)| *name).collect();
        Problem::not_found(&format!("the last part of the path is a form: {}", names.join(", ")))
    })?;
    let sight = call.sight()?;
    if sight.is_bound() && form == Form::Car {
        return Err(Problem::forbidden(
            "an archive holds records whole, which name what is not of the systems of this token; the other forms say what is",
        ));
    }
    let text = call.parameter("target")?;
    let text = text.ok_or_else(|| Problem::bad_request("`target` names what is exported"))?;
    let as_of = call.number("as_of")?;
    let (tenant, who) = (call.tenant()?, call.who()?);
    let opened = tenant.current();
    let commit = as_of.unwrap_or_else(|| opened.commit());
    let systems = sight.systems().unwrap_or_default().join("\n");
    let role = who.token.role.name();
    let tag = reply::tag(
        commit,
        &[opened.store.id(), name.as_bytes(), text.as_bytes(), systems.as_bytes(), role.as_bytes()],
    );
    if let Some(response) = reply::unchanged(&call.parts.method, &call.parts.headers, &tag)? {
        return Ok(response);
    }
    let withheld = sight.is_bound().then_some("what is not of the systems of this token");
    let deadline = call.deadline;
    let work = call.app.pool.run(&who.token.id, move |_, stop| {
        let view = sight.shown(view(&opened.store, as_of)?);
        let (view, scope) = sight.seen(&opened, view)?;
        let sees = |node| scope.as_ref().is_none_or(|scope| scope.has(node));
        let target = resolve(&view, &text);
        let target = target.map_err(|error| Problem::unresolved(&error, scope.is_some()))?;
        let node = match target {
            Target::Node(node) if sees(node) => node,
            Target::Node(_) => return Err(Problem::not_found(NOTHING)),
            Target::Events { .. } if scope.is_some() => return Err(Problem::not_found(NOTHING)),
            Target::Events { .. } => {
                return Err(Problem::bad_request(
                    "that is an event: what its model rests on is exported by the model's name, and /v1/trace tells it",
                ));
            }
        };
        let go_on = || !stop.is_set() && Instant::now() < deadline;
        let told = |error| problem(&error);
        let closure = Closure::within(&view, node, &sees, &go_on).map_err(told)?;
        let bytes = export(form, &opened.store, &view, &closure, &go_on).map_err(told)?;
        sound(&opened)?;
        let (nodes, edges) = (closure.members.len(), closure.edges.len());
        Ok((bytes, nodes, edges, closure.root().name.clone(), closure.commit))
    });
    let (bytes, nodes, edges, root, commit) = work.await??;
    if bytes.len() > BYTES_MOST {
        return Err(Problem::in_words(
            StatusCode::UNPROCESSABLE_ENTITY,
            format!(
                "the export has {} bytes and {BYTES_MOST} are given over the network: `lineal export` writes it beside the store",
                bytes.len()
            ),
        ));
    }
    call.asked.results(nodes as u64);
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::VARY, HeaderValue::from_static("authorization"));
    reply::set(headers, header::ETAG, &tag);
    reply::set(headers, COMMIT, &commit.to_string());
    reply::set(headers, TOTAL, &nodes.to_string());
    reply::set(headers, EDGES, &edges.to_string());
    reply::set(headers, ROOT, &in_a_header(&root));
    if let Some(withheld) = withheld {
        reply::set(headers, WITHHELD, withheld);
    }
    Ok(response)
}

/// A name as a header can hold it.
pub(super) fn in_a_header(name: &str) -> String {
    let keeps = |byte: u8| byte.is_ascii_graphic() && byte != b'%';
    let one = |byte: u8| match keeps(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(one).collect()
}

fn problem(error: &Error) -> Problem {
    match error {
        Error::Store(error) => Problem::store(error),
        Error::Ended => Problem::timed_out(),
        other => Problem::in_words(StatusCode::UNPROCESSABLE_ENTITY, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_into_a_header_and_comes_back() {
        assert_eq!(in_a_header("model:credit-risk@3"), "model:credit-risk@3");
        assert_eq!(in_a_header("model:ü b%\n"), "model:%C3%BC%20b%25%0A");
        assert!(HeaderValue::from_str(&in_a_header("\u{0}\u{7f}ß")).is_ok());
    }
}
