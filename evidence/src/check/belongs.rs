//! Is the model or the deployment that a report is narrowed to one of the system? Without that the rules would
//! judge what is another's, under the name of this one.

use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot};

use super::evaluate::named;
use super::quoted;
use super::{Error, Part, Wanted};
use lineal_query::StoreView;

/// Refuses a model or a deployment that no record makes one of the system: neither itself, nor a deployment
/// of the model, a model of the deployment, or a run that made one of these. Where a name fits several
/// versions one is enough.
///
/// # Errors
/// [`Error::NotOfSystem`]; [`Error::Unknown`] of a name that nothing has.
pub fn hold_to_system(view: &StoreView, part: &dyn Part, wanted: &Wanted) -> Result<(), Error> {
    let Some(name) = &wanted.system else { return Ok(()) };
    let systems = named(view, part, Kind::System, name)?;
    let snapshot = view.snapshot();
    for (kind, name) in [(Kind::Model, &wanted.model), (Kind::Deployment, &wanted.deployment)] {
        let Some(name) = name else { continue };
        let found = named(view, part, kind, name)?;
        let is_of_it = |node: &NodeNo| {
            let around = around(snapshot, *node);
            let theirs = along(snapshot, &around, Relation::BelongsTo, Direction::Forward);
            theirs.iter().any(|system| systems.contains(system))
        };
        let (Some(first), Some(system)) = (found.first(), systems.first()) else { continue };
        if !found.iter().any(is_of_it) {
            let (node, system) = (snapshot.name_of(*first), snapshot.name_of(*system));
            let fix = format!(
                "lineal declare node {} --belongs-to {} --by WHO",
                quoted(&node),
                quoted(super::ask::bare(Kind::System.name(), &system))
            );
            return Err(Error::NotOfSystem { node, system, fix });
        }
    }
    Ok(())
}

/// A node, and what may say of which system it is.
fn around(snapshot: &Snapshot, node: NodeNo) -> Vec<NodeNo> {
    let mut models = along(snapshot, &[node], Relation::Deploys, Direction::Forward);
    let deployments = along(snapshot, &[node], Relation::Deploys, Direction::Inverse);
    models.push(node);
    models.extend(along(snapshot, &models.clone(), Relation::RegisteredFrom, Direction::Forward));
    let runs = along(snapshot, &models, Relation::ProducedBy, Direction::Forward);
    [models, deployments, runs].concat()
}

fn along(
    snapshot: &Snapshot,
    nodes: &[NodeNo],
    relation: Relation,
    direction: Direction,
) -> Vec<NodeNo> {
    let of = |node: &NodeNo| snapshot.edges(*node, relation, direction).to_vec();
    nodes.iter().flat_map(of).collect()
}
