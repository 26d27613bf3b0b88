//! The headers of answers, in words: what an endpoint says that it gives is written down from here.

use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{HeaderBuilder, RefOr};

/// A header of answers, whether it is a number, and what it says.
type Told = (&'static str, bool, &'static str);

/// Those that endpoints name.
const HEADERS: [Told; 19] = [
    (
        "ETag",
        false,
        "Names the answer, for If-None-Match; absent where it may be another in a moment",
    ),
    ("Location", false, "Where the job tells how far it is"),
    ("Lineal-Commit", true, "The commit that the answer saw"),
    ("Lineal-Commit-Id", false, "The id of that commit"),
    ("Lineal-Commits-Behind", true, "How many commits the store holds behind that of the pack"),
    ("Lineal-Completeness", false, "`complete`, `truncated` or `cannot_tell`"),
    ("Lineal-Cursor", false, "For this page again, in whatever form: of the same commit and time"),
    ("Lineal-Edges", true, "How many edges there are"),
    ("Lineal-Manifest-Sha256", false, "The digest that names the pack"),
    ("Lineal-Next", false, "For the next page; absent where this is the last"),
    ("Lineal-Pictures", true, "How many pictures are in the report"),
    ("Lineal-Proof", false, "`pending` where something is shown that is not sealed yet"),
    ("Lineal-Root", false, "What it is of"),
    ("Lineal-Signed-By", false, "The key that signed it"),
    ("Lineal-Title", false, "The title of the report"),
    (
        "Lineal-Total",
        true,
        "Rows of the whole answer; of reports, exports and packs nodes; of proposals what is due",
    ),
    ("Lineal-Unsealed", false, "What waits for a commit; absent where nothing does"),
    ("Lineal-Withheld", false, "What is kept back from this token; absent where nothing is"),
    ("Content-Disposition", false, "What the file is called"),
];

/// On every response.
const REQUEST_ID: Told = ("X-Request-Id", false, "Names the request in the log of the server");
/// Where a token is needed.
const SCHEME: Told = ("WWW-Authenticate", false, "How a token is given");
/// Where the load is the reason.
const RETRY: Told = ("Retry-After", true, "Seconds after which to ask again");

/// Writes down what each response has: what was named for its status, and what all of that status have.
pub(super) fn put(operation: &mut Operation, named: &[(u16, &'static str)]) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        let own = named.iter().filter(|(of, _)| *status == of.to_string());
        let own = own.filter_map(|(_, name)| HEADERS.iter().find(|(known, ..)| known == name));
        let of_status: &[Told] = match status.as_str() {
            "401" => &[SCHEME],
            "429" | "503" => &[RETRY],
            _ => &[],
        };
        for (name, is_number, what) in own.chain(of_status).chain([&REQUEST_ID]) {
            let kind = if *is_number { Type::Integer } else { Type::String };
            let schema = Schema::from(ObjectBuilder::new().schema_type(kind));
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(*what)).build();
            response.headers.insert((*name).to_owned(), header.into());
        }
    }
}

/// Is there such a header?
pub(super) fn is_known(name: &str) -> bool {
    HEADERS.iter().any(|(known, ..)| *known == name)
}
