//! OpenAPI 3.1 from the table of endpoints and the types that travel.

use crate::endpoint::{ENDPOINTS, Roles};
use crate::problem::PROBLEM_JSON;
use crate::wire::ProblemBody;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, Ref, RefOr, Required,
    ResponseBuilder,
};

/// The name of the one way to say who one is.
const TOKEN: &str = "token";

/// What an endpoint takes and gives, as it is being written down.
pub(crate) struct Description {
    operation: OperationBuilder,
    schemas: BTreeMap<String, RefOr<Schema>>,
}

impl Description {
    fn with<T: ToSchema>(&mut self) -> Ref {
        let mut all = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut all);
        self.schemas.extend(all);
        Ref::from_schema_name(T::name())
    }

    fn answers(mut self, status: u16, response: ResponseBuilder) -> Description {
        self.operation = self.operation.response(status.to_string(), response);
        self
    }

    /// It takes a JSON body of this type.
    pub(crate) fn body<T: ToSchema>(mut self) -> Description {
        let schema = self.with::<T>();
        let body = RequestBodyBuilder::new()
            .content("application/json", Content::new(Some(schema)))
            .required(Some(Required::True))
            .build();
        self.operation = self.operation.request_body(Some(body));
        self.problem(413, "The body is too large.").problem(415, "The body is of another type.")
    }

    /// It takes a parameter of the query string.
    pub(crate) fn parameter(self, name: &str, kind: &Type, required: bool, what: &str) -> Self {
        self.takes(name, ParameterIn::Query, kind, required, what)
    }

    /// It takes a part of the path.
    pub(crate) fn place(self, name: &str, what: &str) -> Description {
        self.takes(name, ParameterIn::Path, &Type::String, true, what)
    }

    fn takes(
        mut self,
        name: &str,
        place: ParameterIn,
        kind: &Type,
        required: bool,
        what: &str,
    ) -> Description {
        let mut schema = ObjectBuilder::new().schema_type(kind.clone());
        if *kind == Type::Integer {
            schema = schema.minimum(Some(0_u64));
        }
        let parameter: Parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(if required { Required::True } else { Required::False })
            .description(Some(what))
            .schema(Some(schema))
            .build();
        self.operation = self.operation.parameter(parameter);
        self
    }

    /// It asks one store, which may have to be named.
    pub(crate) fn in_store(self) -> Description {
        let what = "The store, where the token may see several; also as parameter `store`";
        self.takes("Lineal-Store", ParameterIn::Header, &Type::String, false, what)
            .problem(404, "No such store, or nothing of that name, for this token.")
    }

    /// It takes a body in one of these forms, each a media type and what may stand there: text for
    /// bytes of any kind.
    pub(crate) fn bodies(mut self, what: &str, forms: &[(&str, &[Type])]) -> Description {
        let mut body = RequestBodyBuilder::new().description(Some(what));
        for (media_type, kinds) in forms {
            let kinds = SchemaType::from_iter(kinds.iter().cloned());
            let schema = ObjectBuilder::new().schema_type(kinds);
            body = body.content(*media_type, Content::new(Some(schema)));
        }
        let body = body.required(Some(Required::True)).build();
        self.operation = self.operation.request_body(Some(body));
        self.problem(413, "The body is too large.").problem(415, "The body is of another type.")
    }

    /// It takes a file as it is, or JSON of this type.
    pub(crate) fn file_or<T: ToSchema>(mut self, what: &str) -> Description {
        let file = ObjectBuilder::new().schema_type(Type::String);
        let body = RequestBodyBuilder::new()
            .description(Some(what))
            .content("application/octet-stream", Content::new(Some(file)))
            .content("application/json", Content::new(Some(self.with::<T>())))
            .required(Some(Required::True))
            .build();
        self.operation = self.operation.request_body(Some(body));
        self.problem(413, "The body is too large.").problem(415, "The body is of another type.")
    }

    /// It takes a header.
    pub(crate) fn header(self, name: &str, what: &str) -> Description {
        self.takes(name, ParameterIn::Header, &Type::String, false, what)
    }

    /// It writes a store.
    pub(crate) fn writes(self) -> Description {
        self.in_store().problem(409, "This server does not write that store.")
    }

    /// It takes something on, and says so with JSON of this type.
    pub(crate) fn accepted<T: ToSchema>(mut self, what: &str) -> Description {
        let content = Content::new(Some(self.with::<T>()));
        let response = ResponseBuilder::new().description(what);
        self.answers(202, response.content("application/json", content))
    }

    /// It answers with JSON of this type.
    pub(crate) fn json<T: ToSchema>(mut self, what: &str) -> Description {
        let schema = self.with::<T>();
        let content = Content::new(Some(schema));
        self.answers(
            200,
            ResponseBuilder::new().description(what).content("application/json", content),
        )
    }

    /// The same, or lines of NDJSON, or CSV, or a stream of Arrow.
    pub(crate) fn rows<T: ToSchema>(mut self, what: &str) -> Description {
        let json = Content::new(Some(self.with::<T>()));
        let lines = || Content::new(Some(ObjectBuilder::new().schema_type(Type::String)));
        let response = ResponseBuilder::new()
            .description(what)
            .content("application/json", json)
            .content("application/x-ndjson", lines())
            .content("text/csv", lines())
            .content(crate::wire::TYPED_ANSWER, lines())
            .content(crate::wire::ARROW_STREAM, lines());
        self.answers(200, response).problem(406, "No form of the answer is acceptable.")
    }

    /// It answers with a JSON object whose members depend on what is recorded.
    pub(crate) fn object(self, what: &str) -> Description {
        let schema = Schema::from(ObjectBuilder::new().schema_type(Type::Object));
        let content = Content::new(Some(schema));
        self.answers(
            200,
            ResponseBuilder::new().description(what).content("application/json", content),
        )
    }

    /// It answers in one of these forms, each a media type and what stands there.
    pub(crate) fn forms(self, what: &str, forms: &[(&str, Type)]) -> Description {
        let mut response = ResponseBuilder::new().description(what);
        for (media_type, kind) in forms {
            let schema = Schema::from(ObjectBuilder::new().schema_type(kind.clone()));
            response = response.content(*media_type, Content::new(Some(schema)));
        }
        self.answers(200, response)
    }

    /// It answers with a JSON object or a list of them.
    pub(crate) fn any_json(self, what: &str) -> Description {
        let content = Content::new(None::<Schema>);
        self.answers(
            200,
            ResponseBuilder::new().description(what).content("application/json", content),
        )
    }

    /// It answers with text.
    pub(crate) fn text(self, what: &str, media_type: &str) -> Description {
        let schema = Schema::from(ObjectBuilder::new().schema_type(Type::String));
        let content = Content::new(Some(schema));
        self.answers(200, ResponseBuilder::new().description(what).content(media_type, content))
    }

    /// It may answer without a body.
    pub(crate) fn nothing(self, status: u16, what: &str) -> Description {
        self.answers(status, ResponseBuilder::new().description(what))
    }

    /// It honours If-None-Match.
    pub(crate) fn cached(self) -> Description {
        let what = "The ETag of the answer that the client holds";
        self.takes("If-None-Match", ParameterIn::Header, &Type::String, false, what)
            .answers(304, ResponseBuilder::new().description("The client holds the answer."))
    }

    /// It may be refused so.
    pub(crate) fn problem(mut self, status: u16, what: &str) -> Description {
        let schema = self.with::<ProblemBody>();
        let content = Content::new(Some(schema));
        self.answers(
            status,
            ResponseBuilder::new().description(what).content(PROBLEM_JSON, content),
        )
    }
}

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
        let description = Description { operation, schemas: BTreeMap::new() };
        let mut description = description.problem(431, "The head is too large.");
        if !matches!(endpoint.roles, Roles::Everybody) {
            let none: [&str; 0] = [];
            description.operation =
                description.operation.security(SecurityRequirement::new(TOKEN, none));
            let case = "The case within which is read; investigator and break-glass must name one";
            description = description
                .takes("Lineal-Case", ParameterIn::Header, &Type::String, false, case)
                .problem(400, "The request cannot be read.")
                .problem(401, "No token, or one that is good for nothing.")
                .problem(403, "The role may not, or a case is needed.")
                .problem(408, "The body did not arrive in time.")
                .problem(429, "The token asks too often.")
                .problem(500, "The store could not be read, or a fault of the server.")
                .problem(503, "Too many questions wait.")
                .problem(504, "There was no answer in time.");
        }
        description = (endpoint.describe)(description);
        schemas.extend(description.schemas);
        let method = match endpoint.method {
            "POST" => HttpMethod::Post,
            _ => HttpMethod::Get,
        };
        let item = PathItem::new(method, description.operation);
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
