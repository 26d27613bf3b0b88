//! What is learned of a request on its way that the trail wants to know.

use crate::tenant::Tenant;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where a connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Filled by the handler while it works.
#[derive(Clone, Default)]
pub(crate) struct Asked(Arc<Mutex<Known>>);

/// What is known.
#[derive(Default)]
pub(crate) struct Known {
    /// The store that was meant, and its last commit then.
    pub(crate) tenant: Option<(Arc<Tenant>, u64)>,
    /// The question.
    pub(crate) question: Option<Arc<str>>,
    /// The values of its parameters, or what a write was asked to do, as JSON.
    pub(crate) given: Option<String>,
    /// The job that was taken on.
    pub(crate) job: Option<String>,
    /// The status of a refusal that stands within an answer.
    pub(crate) refused: Option<u16>,
    /// The digest of the question's shape.
    pub(crate) plan: Option<Arc<str>>,
    /// Is the answer given whole, as lines, for keeping elsewhere?
    pub(crate) exported: bool,
    /// How much was given.
    pub(crate) results: Option<u64>,
    /// A token that was made or revoked.
    pub(crate) token: Option<Changed>,
}

/// A token that a request made or revoked: each store that it is good for has that in its trail.
#[derive(Clone)]
pub(crate) struct Changed {
    /// Which one.
    pub(crate) id: String,
    /// The stores that it is good for.
    pub(crate) stores: Vec<String>,
}

impl Asked {
    /// The store that is meant.
    pub(crate) fn tenant(&self, tenant: &Arc<Tenant>) {
        let mut known = self.locked();
        if known.tenant.is_none() {
            known.tenant = Some((Arc::clone(tenant), tenant.commit()));
        }
    }

    /// The question that is asked, the digest of its shape, and the values of its parameters.
    pub(crate) fn question(&self, text: Arc<str>, shape: Arc<str>, given: Option<String>) {
        let mut known = self.locked();
        known.plan = Some(shape);
        known.question = Some(text);
        known.given = given;
    }

    /// What a write is asked to do, as JSON.
    pub(crate) fn given(&self, given: String) {
        self.locked().given = Some(given);
    }

    /// The same, where nothing is known yet.
    pub(crate) fn given_too(&self, given: impl FnOnce() -> String) {
        self.locked().given.get_or_insert_with(given);
    }

    /// A job was taken on.
    pub(crate) fn job(&self, id: &str) {
        self.locked().job = Some(id.to_owned());
    }

    /// The answer says, in a form of its own, that this was refused.
    pub(crate) fn refused(&self, status: u16) {
        self.locked().refused = Some(status);
    }

    /// The answer is an export.
    pub(crate) fn exports(&self) {
        self.locked().exported = true;
    }

    /// A token was made or revoked.
    pub(crate) fn changes(&self, id: &str, stores: &[String]) {
        self.locked().token = Some(Changed { id: id.to_owned(), stores: stores.to_vec() });
    }

    /// How much is given.
    pub(crate) fn results(&self, results: u64) {
        self.locked().results = Some(results);
    }

    /// The name of the store that was meant.
    pub(crate) fn store(&self) -> Option<String> {
        self.locked().tenant.as_ref().map(|(tenant, _)| tenant.name().to_owned())
    }

    /// What is known so far.
    pub(super) fn locked(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
