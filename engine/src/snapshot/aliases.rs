//! Names given by hand.

use super::Snapshot;
use crate::schema::Kind;
use lineal_proof::Key;

impl Snapshot {
    /// What a name given by hand stands for: a node, or with an empty part a family of nodes. For
    /// an actor the name is its key.
    #[must_use]
    pub fn alias(&self, kind: Kind, name: &str) -> Option<&Key> {
        let mut aliases = self.graph().aliases().iter();
        let found = aliases.find(|(of, alias, _)| of == kind.name() && alias == name);
        found.map(|(_, _, target)| target)
    }

    /// The name given by hand that decides a claim, and what it stands for.
    pub(super) fn alias_of(&self, kind: Kind, claim: &Key) -> Option<(String, &Key)> {
        let names = crate::claims::names_of(kind, claim).into_iter();
        let mut given = names.filter_map(|name| self.alias(kind, &name).map(|key| (name, key)));
        given.next()
    }

    /// Does a name given by hand stand for a family of nodes, such as all versions of a model?
    #[must_use]
    pub fn is_family(&self, kind: Kind, name: &str) -> bool {
        self.alias(kind, name).is_some_and(|target| crate::claims::is_claim(kind, target))
    }
}
