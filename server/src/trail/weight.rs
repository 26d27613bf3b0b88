//! Which uses are noted one by one, which are counted, and which leave no trace in the trail.

use crate::endpoint::{Endpoint, Roles};
use crate::role::Role;

/// How a use is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Weight {
    /// One by one, durable before the answer begins.
    Each,
    /// As a part of its minute.
    Counted,
    /// Not at all: whoever reaches the server may, and it tells nothing of any store.
    None,
}

/// Reading lineage, by those who see nothing that points at a person: counted, unless the answer is an
/// export. A path that is not here is noted one by one, so a new endpoint is until somebody decides.
const LINEAGE: [&str; 22] = [
    "/v1/query",
    "/v1/plans",
    "/v1/nodes/{kind}/{*key}",
    "/v1/show",
    "/v1/trace",
    "/v1/stats",
    "/v1/history",
    "/v1/names",
    "/v1/batches",
    "/v1/check",
    "/v1/keys",
    "/v1/imports",
    "/v1/imports/{id}",
    "/api/v1/namespaces",
    "/api/v1/namespaces/{namespace}",
    "/api/v1/namespaces/{namespace}/jobs",
    "/api/v1/namespaces/{namespace}/jobs/{job}",
    "/api/v1/namespaces/{namespace}/jobs/{job}/runs",
    "/api/v1/namespaces/{namespace}/datasets",
    "/api/v1/namespaces/{namespace}/datasets/{dataset}",
    "/api/v1/jobs/runs/{id}",
    "/api/v1/lineage",
];
/// What says nothing of what a store holds: counted, whoever asks.
const ABOUT: [&str; 6] = [
    "/v1/schema",
    "/metrics",
    // Commits without what they hold, made for strangers; a monitor reads tiles by the hundred.
    "/v1/checkpoint",
    "/v1/tile/{*path}",
    "/v1/log/consistency",
    "/v1/log/proof",
];
/// Pieces of files that a mirror pulls by the thousand: the offer before them is noted one by one, with who
/// asked, and these are counted.
const PIECES: [&str; 1] = ["/v1/mirror/{*path}"];
/// Live intake: machines send many times a second, each body is in the journal with its time, and its
/// events are in a commit with their source. Counted by token.
const LIVE: [&str; 5] =
    ["/api/v2/logs", "/v1/logs", "/v1/traces", "/api/v1/lineage", "/api/v1/lineage/batch"];

/// What a status means for the trail.
pub(crate) fn outcome(status: u16) -> &'static str {
    match status {
        401 | 403 => "denied",
        ..=399 => "answered",
        _ => "failed",
    }
}

/// How a use is kept. `exported` says that the answer was given as a file is: whole, as lines.
pub(crate) fn weight(
    endpoint: &Endpoint,
    role: Option<Role>,
    status: u16,
    exported: bool,
) -> Weight {
    if matches!(endpoint.roles, Roles::Everybody) {
        return Weight::None;
    }
    let Some(role) = role else {
        // Denied before anybody was known; or open to everybody by the configuration.
        return if status == 401 { Weight::Counted } else { Weight::None };
    };
    // A caller that is refused could fill a disk.
    if outcome(status) == "denied" || status == 429 {
        return Weight::Counted;
    }
    let path = endpoint.path;
    if ABOUT.contains(&path)
        || PIECES.contains(&path)
        || (endpoint.method == "POST" && LIVE.contains(&path))
    {
        return Weight::Counted;
    }
    let is_read = endpoint.method == "GET" || matches!(path, "/v1/query" | "/v1/plans");
    if is_read && LINEAGE.contains(&path) && !role.sees_subject_group() && !exported {
        return Weight::Counted;
    }
    Weight::Each
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::ENDPOINTS;
    use crate::role::ROLES;

    fn row(method: &str, path: &str) -> &'static Endpoint {
        ENDPOINTS.iter().find(|row| (row.method, row.path) == (method, path)).unwrap()
    }

    #[test]
    fn who_sees_what_points_at_a_person_is_noted_one_by_one_and_others_where_they_export() {
        let query = row("POST", "/v1/query");
        for role in ROLES {
            let seeing = role.sees_subject_group();
            let expected = if seeing { Weight::Each } else { Weight::Counted };
            assert_eq!(weight(query, Some(role), 200, false), expected, "{role}");
            assert_eq!(weight(query, Some(role), 200, true), Weight::Each, "{role}");
            assert_eq!(weight(query, Some(role), 403, false), Weight::Counted, "{role}");
            assert_eq!(weight(row("GET", "/v1/schema"), Some(role), 200, false), Weight::Counted);
        }
        assert_eq!(weight(query, None, 401, false), Weight::Counted);
        assert_eq!(weight(row("GET", "/healthz"), None, 200, false), Weight::None);
        let import = row("POST", "/v1/imports");
        assert_eq!(weight(import, Some(Role::Importer), 202, false), Weight::Each);
        assert_eq!(weight(import, Some(Role::Importer), 400, false), Weight::Each);
        assert_eq!(
            weight(row("POST", "/api/v2/logs"), Some(Role::Importer), 202, false),
            Weight::Counted
        );
    }

    #[test]
    fn what_nobody_has_decided_about_is_noted_one_by_one() {
        let decided = |row: &Endpoint| {
            let of = |paths: &[&str]| paths.contains(&row.path);
            let live = row.method == "POST" && of(&LIVE);
            let read = row.method == "GET" || matches!(row.path, "/v1/query" | "/v1/plans");
            live || of(&ABOUT) || of(&PIECES) || read && of(&LINEAGE)
        };
        for row in ENDPOINTS.iter().filter(|row| !matches!(row.roles, Roles::Everybody)) {
            let kept = weight(row, Some(Role::Engineer), 200, false);
            assert_eq!(kept == Weight::Each, !decided(row), "{} {}", row.method, row.path);
        }
        let undecided = Endpoint { path: "/v1/proofs", ..*row("GET", "/v1/stats") };
        assert_eq!(weight(&undecided, Some(Role::Engineer), 200, false), Weight::Each);
    }
}
