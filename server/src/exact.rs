//! Requests for a path of the table as it stands there: most are, and need no router.

use crate::endpoint::{ENDPOINTS, Endpoint};
use axum::http::Method;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The endpoint of a method and a path that stands in the table as it is asked for: without a place, and
/// without what the router knows beside (`HEAD`). One look saves most requests the way through the router.
pub(crate) fn exact(method: &Method, path: &str) -> Option<&'static Endpoint> {
    static ROWS: LazyLock<HashMap<(&str, &str), &Endpoint>> = LazyLock::new(|| {
        // A path with a place asks for nothing but that place itself, which the router reads as a value.
        let exact = ENDPOINTS.iter().filter(|endpoint| !endpoint.path.contains('{'));
        exact.map(|endpoint| ((endpoint.method, endpoint.path), endpoint)).collect()
    });
    ROWS.get(&(method.as_str(), path)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_table_as_it_is_asked_for_is_found_and_places_are_left_to_the_router() {
        for endpoint in ENDPOINTS {
            let method = Method::from_bytes(endpoint.method.as_bytes()).unwrap();
            let found = exact(&method, endpoint.path);
            let found = found.map(|found| (found.method, found.path));
            let itself = (endpoint.method, endpoint.path);
            let is_itself = !endpoint.path.contains('{');
            assert_eq!(found, is_itself.then_some(itself), "{itself:?}");
        }
        for (method, path) in [
            (Method::HEAD, "/v1/query"),
            (Method::DELETE, "/v1/query"),
            (Method::GET, "/v1/query/"),
            (Method::GET, "/v1//query"),
            (Method::GET, "/v1/%71uery"),
            (Method::GET, "/V1/query"),
        ] {
            assert!(exact(&method, path).is_none(), "{method} {path}");
        }
    }
}
