//! Which endpoint each tool that reads is, and so for whom it is: what would be refused to an asker whatever
//! they say is not offered to them.

use super::tools::Tools;
use crate::endpoint::ENDPOINTS;
use crate::problem::Problem;
use rmcp::model::Tool;

/// A tool that reads.
struct Reading {
    tool: &'static str,
    method: &'static str,
    path: &'static str,
    /// Is it of the whole store, and so not for a token that is bound to systems?
    of_whole: bool,
}

const fn part(tool: &'static str, method: &'static str, path: &'static str) -> Reading {
    Reading { tool, method, path, of_whole: false }
}

const fn whole(tool: &'static str, method: &'static str, path: &'static str) -> Reading {
    Reading { tool, method, path, of_whole: true }
}

/// The tools that read.
const READING: [Reading; 14] = [
    part("query", "POST", "/v1/query"),
    part("explain", "POST", "/v1/query"),
    part("trace", "GET", "/v1/trace"),
    whole("prove", "POST", "/v1/prove"),
    part("schema", "GET", "/v1/schema"),
    whole("holds", "GET", "/v1/holds"),
    whole("erasures", "GET", "/v1/erasures"),
    whole("checkpoint", "GET", "/v1/checkpoint"),
    part("check", "GET", "/v1/check"),
    whole("gate", "GET", "/v1/gate"),
    // Of one of its systems a bound token has the kinds that stay within it, of which the endpoint tells.
    part("report", "GET", "/v1/report/{kind}"),
    part("records", "GET", "/v1/show"),
    whole("pack", "GET", "/v1/pack"),
    part("export", "GET", "/v1/export/{form}"),
];

impl Tools {
    /// May the asker's role use this endpoint?
    fn role_may(&self, method: &str, path: &str) -> Result<bool, Problem> {
        let role = self.call().who()?.token.role;
        let mut rows = ENDPOINTS.iter().filter(|row| row.method == method && row.path == path);
        Ok(rows.any(|row| row.roles.list(false).is_none_or(|all| all.contains(&role))))
    }

    /// Refuses what fewer roles may use than may speak here.
    pub(super) fn allowed(&self, method: &str, path: &str) -> Result<(), Problem> {
        match self.role_may(method, path)? {
            true => Ok(()),
            false => Err(Problem::forbidden("this is not for the role of this token")),
        }
    }

    /// The same of a tool that reads; of others nothing is said here.
    pub(super) fn reading_allowed(&self, tool: &str) -> Result<(), Problem> {
        let reading = READING.iter().find(|it| it.tool == tool);
        reading.map_or(Ok(()), |it| self.allowed(it.method, it.path))
    }

    /// Of tools that read those that are for the asker.
    pub(super) fn readable(&self, all: Vec<Tool>) -> Vec<Tool> {
        let is_bound = self.call().sight().is_ok_and(|sight| sight.is_bound());
        let is_for_asker = |tool: &Tool| {
            let own = READING.iter().find(|it| it.tool == tool.name);
            own.is_some_and(|it| {
                !(it.of_whole && is_bound) && self.role_may(it.method, it.path).unwrap_or(false)
            })
        };
        all.into_iter().filter(is_for_asker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tools::reading;
    use super::*;

    #[test]
    fn every_tool_that_reads_is_an_endpoint() {
        let tools = reading();
        assert_eq!(tools.len(), READING.len());
        for Reading { tool, method, path, .. } in READING {
            assert!(tools.iter().any(|it| it.name == tool), "{tool}");
            assert!(ENDPOINTS.iter().any(|row| row.method == method && row.path == path), "{path}");
        }
    }
}
