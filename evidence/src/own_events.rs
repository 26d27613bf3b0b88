//! What is about a system takes the events of that system alone, also where one deployment served several
//! (`lineal_engine::Snapshot::of_systems`).

use lineal_engine::{Error, KnownSystems, NodeNo, Snapshot, Systems};
use lineal_proof::KeyPart;
use lineal_query::StoreView;
use std::sync::Arc;

/// A system as one whose events alone are meant.
fn systems(view: &Snapshot, system: NodeNo) -> Systems {
    let known = view.systems().map_or_else(Arc::<KnownSystems>::default, Systems::known);
    let name = match view.key_of(system).0.into_iter().next() {
        Some(KeyPart::Text(name)) => Some(name),
        _ => None,
    };
    Systems::new(name.into_iter().collect(), known)
}

/// A view with the events of a system alone, as far as its deployments go.
///
/// # Errors
/// [`Error::Corrupt`] if rows cannot be read.
pub(crate) fn events_of(view: &Snapshot, system: NodeNo) -> Result<Snapshot, Error> {
    view.of_systems(&systems(view, system))
}

/// The same of a view that questions are asked of.
///
/// # Errors
/// As [`events_of`].
pub(crate) fn view_of(view: &StoreView, system: NodeNo) -> Result<StoreView, Error> {
    view.of_systems(&systems(view.snapshot(), system))
}
