//! The document: the table of endpoints, as each describes itself.

use super::{Description, headers};
use crate::body::DATADOG_LOGS;
use crate::endpoint::{ENDPOINTS, Roles};
use std::collections::BTreeMap;
use utoipa::openapi::path::{OperationBuilder, ParameterIn, PathItem};
use utoipa::openapi::schema::{ComponentsBuilder, Schema, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, RefOr};

/// The name of the way to say who one is.
const TOKEN: &str = "token";
/// The name of another, where Datadog's clients send logs.
const DATADOG_KEY: &str = "datadog_key";

/// The document.
pub(crate) fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    let mut items: BTreeMap<String, PathItem> = BTreeMap::new();
    for endpoint in ENDPOINTS {
        let operation = OperationBuilder::new()
            .operation_id(Some(operation_id(endpoint.method, endpoint.path)))
            .summary(Some(endpoint.summary))
            .description(Some(format!("Who may: {}.", endpoint.roles.words())));
        let (schemas_of_it, headers) = (BTreeMap::new(), Vec::new());
        let description = Description { operation, schemas: schemas_of_it, headers };
        let mut description = description.problem(431, "The head is too large.");
        if !matches!(endpoint.roles, Roles::Everybody) {
            let none: [&str; 0] = [];
            description.operation =
                description.operation.security(SecurityRequirement::new(TOKEN, none));
            if endpoint.path == DATADOG_LOGS {
                let key = SecurityRequirement::new(DATADOG_KEY, none);
                description.operation = description.operation.security(key);
            }
            let case = "The case within which is read; investigator and break-glass must name one";
            description = description
                .takes("Lineal-Case", ParameterIn::Header, &Type::String, false, case)
                .problem(400, "The request cannot be read.")
                .problem(401, "No token, or one that is good for nothing.")
                .problem(403, "The role may not, or a case is needed.")
                .problem(408, "The body did not arrive in time.")
                .problem(413, "The body is too large.")
                .problem(415, "The body is packed, and is not taken so here.")
                .problem(429, "The token asks too often.")
                .problem(500, "The store could not be read, or a fault of the server.")
                .problem(503, "Too many questions wait.")
                .problem(504, "There was no answer in time.");
        }
        description = (endpoint.describe)(description);
        schemas.extend(description.schemas);
        let mut operation = description.operation.build();
        debug_assert!(description.headers.iter().all(|(_, name)| headers::is_known(name)));
        headers::put(&mut operation, &description.headers);
        let method = match endpoint.method {
            "POST" => HttpMethod::Post,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        let item = PathItem::new(method, operation);
        match items.entry(openapi_path(endpoint.path)) {
            std::collections::btree_map::Entry::Vacant(empty) => {
                empty.insert(item);
            }
            std::collections::btree_map::Entry::Occupied(mut known) => {
                known.get_mut().merge_operations(item);
            }
        }
    }
    for (path, item) in items {
        paths = paths.path(path, item);
    }
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let mut components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    components.add_security_scheme(TOKEN, scheme);
    let key = ApiKey::Header(ApiKeyValue::with_description(
        "DD-API-KEY",
        "A token of ours, where Datadog's clients send their key; in place of the other, or the same",
    ));
    components.add_security_scheme(DATADOG_KEY, SecurityScheme::ApiKey(key));
    let info = InfoBuilder::new()
        .title("Lineal")
        .description(Some("Questions about recorded lineage, imports, and live intake."))
        .version(env!("CARGO_PKG_VERSION"))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

/// The path as OpenAPI writes it.
pub(crate) fn openapi_path(path: &str) -> String {
    path.replace("{*", "{")
}

/// `get_v1_nodes` and the like.
fn operation_id(method: &str, path: &str) -> String {
    let named = path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{'));
    let mut parts: Vec<&str> = named.map(|part| part.trim_end_matches(".json")).collect();
    // One of a list has the list's name and its own.
    let last = path.rsplit('/').next().and_then(|part| part.strip_prefix('{')?.strip_suffix('}'));
    // A whole tree has the name of its list, unless that can be asked for by itself.
    let list = path.rsplit_once('/').map_or("", |(list, _)| list);
    let is_taken = ENDPOINTS.iter().any(|row| (row.method, row.path) == (method, list));
    let last = last.filter(|last| !last.starts_with('*') || is_taken);
    parts.extend(last.map(|last| last.trim_start_matches('*')));
    let name = if parts.is_empty() { "page".to_owned() } else { parts.join("_") };
    format!("{}_{name}", method.to_lowercase())
}
