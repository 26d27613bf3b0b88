//! What names a question: for cursors, which are for it alone, and for the tags of its answers.

use crate::accept::Form;
use crate::gate::Sight;
use crate::problem::Problem;
use crate::reply;
use crate::tenant::Tenant;
use crate::wire::{QueryLimits, QueryRequest};
use lineal_proof::Hash;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Separates digests of questions from every other use of the hash function.
const QUESTION_CONTEXT: &str = "lineal v1 server question";
/// Bytes that most digests of questions are made of.
const DIGEST_BYTES: usize = 256;
/// Stands where nothing was asked for but the rows, in the place of a JSON list.
const NOTHING_MORE: u8 = b'-';
/// Bytes of what names an answer of a question, but the form: the question, the first row, what waits.
const NAMING_BYTES: usize = 32 + 8 + WAITS_BYTES;
/// Bytes of what waits.
const WAITS_BYTES: usize = 24;

/// The digest of everything that decides the rows of all pages, but the commit and `now`.
pub(super) fn digest(
    tenant: &Tenant,
    text: &Hash,
    request: &QueryRequest,
    sight: &Sight,
) -> Result<Hash, Problem> {
    // The context is hashed once a process.
    static KEY: LazyLock<[u8; 32]> = LazyLock::new(|| Hash::derive(QUESTION_CONTEXT, b""));
    let mut bytes = Vec::with_capacity(DIGEST_BYTES);
    // Of one length each, and then JSON, which ends itself: no part runs into the next.
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend([sight.withheld, sight.trail, sight.restricted].map(u8::from));
    put(&mut bytes, &tenant.name())?;
    let QueryRequest { params, limits, page, with, .. } = request;
    match params.len() {
        0 | 1 => put(&mut bytes, params)?,
        // Whatever order they were said in.
        _ => put(&mut bytes, &params.iter().collect::<BTreeMap<_, _>>())?,
    }
    let is_plain = *limits == QueryLimits::default() && page.is_none() && with.is_empty();
    match sight.systems() {
        None if is_plain => bytes.push(NOTHING_MORE),
        systems => put(&mut bytes, &(limits, page, with, systems))?,
    }
    Ok(Hash::keyed(&KEY, &bytes))
}

fn put(bytes: &mut Vec<u8>, part: &impl serde::Serialize) -> Result<(), Problem> {
    serde_json::to_writer(bytes, part).map_err(|_| Problem::fault())
}

/// Names an answer to a question, in a form, from its first row on, while so much waits.
pub(super) fn tag(
    store: &[u8],
    commit: u64,
    question: &Hash,
    form: Form,
    (first, waits): (u64, [u8; WAITS_BYTES]),
) -> String {
    let mut naming = [0; NAMING_BYTES];
    naming[..32].copy_from_slice(question.as_bytes());
    naming[32..40].copy_from_slice(&first.to_le_bytes());
    naming[40..].copy_from_slice(&waits);
    reply::tag(commit, &[store, &naming, form.media_type().as_bytes()])
}
