//! What names a question: for cursors, which are for it alone, and for the tags of its answers.

use crate::gate::Sight;
use crate::problem::Problem;
use crate::tenant::Tenant;
use crate::wire::{QueryLimits, QueryRequest};
use lineal_proof::Hash;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Separates digests of questions from every other use of the hash function.
const QUESTION_CONTEXT: &str = "lineal v1 server question";
/// Bytes that most digests of questions are made of.
const DIGEST_BYTES: usize = 256;

/// The digest of everything that decides the rows of all pages, but the commit and `now`.
pub(super) fn digest(
    tenant: &Tenant,
    text: &Hash,
    request: &QueryRequest,
    sight: &Sight,
) -> Result<Hash, Problem> {
    // The context is hashed once a process.
    static KEY: LazyLock<[u8; 32]> = LazyLock::new(|| Hash::derive(QUESTION_CONTEXT, b""));
    let params: BTreeMap<_, _> = request.params.iter().collect();
    let QueryRequest { limits, page, with, .. } = request;
    let limits = Some(limits).filter(|limits| **limits != QueryLimits::default());
    let sight = (sight.withheld, sight.trail, sight.restricted, sight.systems());
    let all = (tenant.name(), params, limits, page, with, sight);
    let mut bytes = Vec::with_capacity(DIGEST_BYTES);
    bytes.extend_from_slice(text.as_bytes());
    serde_json::to_writer(&mut bytes, &all).map_err(|_| Problem::fault())?;
    Ok(Hash::keyed(&KEY, &bytes))
}
