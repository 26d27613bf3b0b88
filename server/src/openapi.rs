//! OpenAPI 3.1 from the table of endpoints and the types that travel.

mod document;
mod headers;

pub(crate) use document::{document, openapi_path};

use crate::problem::PROBLEM_JSON;
use crate::wire::{ImportJob, NUMBER_MOST, ProblemBody};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{
    AllOfBuilder, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Content, Ref, RefOr, Required, ResponseBuilder};

/// The parameter that names an earlier view.
const AS_OF: &str = "as_of";
/// Said of a request that is refused with 400 where an earlier view may be named.
const BEHIND: &str = "The request cannot be read, or `as_of` is behind the last commit.";

/// What an endpoint takes and gives, as it is being written down.
pub(crate) struct Description {
    operation: OperationBuilder,
    schemas: BTreeMap<String, RefOr<Schema>>,
    /// Headers of answers, with their status.
    headers: Vec<(u16, &'static str)>,
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

    /// It takes a whole number of the query string, in these bounds.
    pub(crate) fn number(
        self,
        name: &str,
        (least, most): (u64, Option<u64>),
        required: bool,
        what: &str,
    ) -> Description {
        let schema = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(least))
            .maximum(Some(most.unwrap_or(NUMBER_MOST)));
        self.takes_what(name, ParameterIn::Query, schema, required, what)
    }

    fn takes(
        self,
        name: &str,
        place: ParameterIn,
        kind: &Type,
        required: bool,
        what: &str,
    ) -> Description {
        let mut schema = ObjectBuilder::new().schema_type(kind.clone());
        if *kind == Type::String && required {
            // An empty one is absent.
            schema = schema.min_length(Some(1));
        }
        self.takes_what(name, place, schema, required, what)
    }

    fn takes_what(
        mut self,
        name: &str,
        place: ParameterIn,
        schema: ObjectBuilder,
        required: bool,
        what: &str,
    ) -> Description {
        let parameter: Parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(if required { Required::True } else { Required::False })
            .description(Some(what))
            .schema(Some(schema))
            .build();
        self.operation = self.operation.parameter(parameter);
        if name == AS_OF { self.earlier() } else { self }
    }

    /// It takes the commit, or the time, of an earlier view.
    pub(crate) fn earlier(self) -> Description {
        self.problem(400, BEHIND)
    }

    /// It asks one store, which may have to be named.
    pub(crate) fn in_store(self) -> Description {
        let what = "The store, where the token may see several; also as parameter `store`";
        let same = "The same as in the header `Lineal-Store`";
        self.takes("Lineal-Store", ParameterIn::Header, &Type::String, false, what)
            .takes("store", ParameterIn::Query, &Type::String, false, same)
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
        if T::name() == ImportJob::name() {
            self.headers.push((202, "Location"));
        }
        self.answers(202, response.content("application/json", content))
    }

    /// Its answer has these headers.
    pub(crate) fn gives(mut self, headers: &[&'static str]) -> Description {
        self.headers.extend(headers.iter().map(|name| (200, *name)));
        self
    }

    /// Of these two members of a body one must be there, as text, and the other not.
    pub(crate) fn one_of(mut self, body: &str, [one, other]: [&str; 2]) -> Description {
        let text = || ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
        let null = || ObjectBuilder::new().schema_type(Type::Null);
        let with = |given: &str, absent: &str| {
            let object = ObjectBuilder::new().property(given, text()).property(absent, null());
            Schema::from(object.required(given))
        };
        let either = OneOfBuilder::new().item(with(one, other)).item(with(other, one));
        if let Some(whole) = self.schemas.remove(body) {
            let both = AllOfBuilder::new().item(whole).item(Schema::from(either));
            self.schemas.insert(body.to_owned(), Schema::from(both).into());
        }
        self
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
    pub(crate) fn cached(mut self) -> Description {
        self.headers.push((304, "ETag"));
        self.tagged()
            .answers(304, ResponseBuilder::new().description("The client holds the answer."))
    }

    /// The same of a method that has no better word for that than a refusal.
    pub(crate) fn conditional(self) -> Description {
        self.tagged().problem(412, "The client holds the answer.")
    }

    fn tagged(self) -> Description {
        let what = "The ETag of the answer that the client holds";
        self.takes("If-None-Match", ParameterIn::Header, &Type::String, false, what)
            .gives(&["ETag"])
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
