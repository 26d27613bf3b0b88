//! Claims: keys with parts that a source does not know, and what they merge with.
//!
//! A claim is resolved in the view and never written, so neither the order of imports nor a later
//! alias matters (docs/format.md, sections 6 and 13).

use crate::schema::Kind;
use lineal_proof::record::Reference;
use lineal_proof::{Key, KeyPart, bare_version};
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Is this key, for this kind, one with unknown parts?
#[must_use]
pub fn is_claim(kind: Kind, key: &Key) -> bool {
    match kind {
        Kind::Model => key.0.len() == 3 && key.is_claim(),
        Kind::Dataset => key.is_claim(),
        _ => false,
    }
}

/// What a claim turned out to mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Resolution {
    /// It is this node.
    One(u32),
    /// It fits none.
    None,
    /// It fits several, and nothing decides.
    Many(Vec<u32>),
}

/// What decides between candidates.
pub(crate) trait Facts {
    /// Was this model produced by the run of that id?
    fn produced_by(&self, model: u32, run: &str) -> bool;
    /// Is this the logged model of that id, or registered from it?
    fn stems_from(&self, model: u32, logged: &str) -> bool;
    /// Does this registered version carry the alias?
    fn has_alias(&self, model: u32, alias: &str) -> bool;
    /// The registered models and logged models produced by a run.
    fn models_of_run(&self, run: &str) -> Vec<u32>;
}

/// A part of a key by which exact nodes are found.
#[derive(Clone, Copy, Hash)]
enum Part {
    ModelName,
    LoggedId,
    DatasetDigest,
    DatasetName,
}

impl Part {
    /// The hash of a text in that part.
    fn hash_of(self, text: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self, text).hash(&mut hasher);
        hasher.finish()
    }

    /// Where it stands in a key.
    fn place(self) -> usize {
        usize::from(matches!(self, Part::ModelName | Part::DatasetDigest))
    }
}

/// Exact nodes by the parts that claims know: by hashes, so that a store of many versions and data
/// sets is held in some twenty bytes for each. What a hash finds is looked at.
#[derive(Default)]
pub(crate) struct ClaimIndex {
    nodes: BTreeSet<(u64, u32)>,
}

/// Names given by hand, the last of each.
pub(crate) struct Aliases {
    targets: HashMap<(String, String), Key>,
}

impl Aliases {
    pub(crate) fn new<'a>(references: impl Iterator<Item = &'a Reference>) -> Aliases {
        let mut targets = HashMap::new();
        for reference in references {
            let name = (reference.kind.clone(), reference.name.clone());
            match &reference.key {
                Some(key) => targets.insert(name, key.clone()),
                None => targets.remove(&name),
            };
        }
        Aliases { targets }
    }

    pub(crate) fn get(&self, kind: Kind, name: &str) -> Option<&Key> {
        if self.targets.is_empty() {
            return None;
        }
        self.targets.get(&(kind.name().to_owned(), name.to_owned()))
    }

    /// What a claim is called by hand.
    fn of_claim(&self, kind: Kind, claim: &Key) -> Option<&Key> {
        if self.targets.is_empty() {
            return None;
        }
        names_of(kind, claim).iter().find_map(|name| self.get(kind, name))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str, &Key)> {
        self.targets.iter().map(|((kind, name), key)| (kind.as_str(), name.as_str(), key))
    }
}

impl ClaimIndex {
    /// Takes an exact node that some source describes.
    pub(crate) fn add(&mut self, node: u32, kind: Kind, key: &Key) {
        let mut put = |part: Part| {
            if let Some(text) = key.part_text(part.place()) {
                self.nodes.insert((part.hash_of(text), node));
            }
        };
        match (kind, key.0.len()) {
            (Kind::Model, 3) => put(Part::ModelName),
            (Kind::Model, 1) => put(Part::LoggedId),
            (Kind::Dataset, _) => {
                put(Part::DatasetName);
                put(Part::DatasetDigest);
            }
            _ => {}
        }
    }

    /// Nodes with a text in a part, ascending.
    fn with(&self, part: Part, text: &str, key_of: impl Fn(u32) -> Key) -> Vec<u32> {
        let hash = part.hash_of(text);
        let found = self.nodes.range((hash, 0)..=(hash, u32::MAX)).map(|(_, node)| *node);
        found.filter(|node| key_of(*node).part_text(part.place()) == Some(text)).collect()
    }

    /// Nodes that fit the known parts of a claim.
    fn fitting(&self, kind: Kind, claim: &Key, key_of: impl Fn(u32) -> Key) -> Vec<u32> {
        let part = match kind {
            Kind::Model => Part::ModelName,
            Kind::Dataset if claim.part_text(1).is_some() => Part::DatasetDigest,
            Kind::Dataset => Part::DatasetName,
            _ => return Vec::new(),
        };
        let Some(text) = claim.part_text(part.place()) else { return Vec::new() };
        let mut fitting = self.with(part, text, &key_of);
        fitting.retain(|node| claim.fits_as(kind.name(), &key_of(*node)));
        fitting
    }

    /// What a claim means.
    pub(crate) fn resolve(
        &self,
        kind: Kind,
        claim: &Key,
        beside: &[(String, String)],
        aliases: &Aliases,
        key_of: impl Fn(u32) -> Key + Copy,
        facts: &dyn Facts,
    ) -> Resolution {
        let claim = substitute(kind, claim, aliases);
        let ids = |name: &str| -> Vec<&str> {
            beside.iter().filter(|(n, _)| n == name).map(|(_, id)| id.as_str()).collect()
        };
        let fitting = self.fitting(kind, &claim, key_of);
        let (runs, logged) = (ids("run"), ids("logged"));
        if kind != Kind::Model {
            return one_or_many(fitting);
        }
        if fitting.len() > 1 {
            let named = fitting.iter().copied().filter(|model| {
                logged.iter().any(|id| facts.stems_from(*model, id))
                    || runs.iter().any(|id| facts.produced_by(*model, id))
            });
            let named: Vec<u32> = named.collect();
            return one_or_many(if named.is_empty() { fitting } else { named });
        }
        if !fitting.is_empty() {
            return one_or_many(fitting);
        }
        self.by_ids(&claim, &runs, &logged, key_of, facts)
    }

    /// No version fits by name: the ids beside the claim decide alone, then an alias.
    fn by_ids(
        &self,
        claim: &Key,
        runs: &[&str],
        logged: &[&str],
        key_of: impl Fn(u32) -> Key,
        facts: &dyn Facts,
    ) -> Resolution {
        let known = logged.iter().flat_map(|id| self.with(Part::LoggedId, id, &key_of));
        let known: Vec<u32> = known.collect();
        if !known.is_empty() {
            return one_or_many(known);
        }
        let made: Vec<u32> = runs.iter().flat_map(|run| facts.models_of_run(run)).collect();
        let registered: Vec<u32> =
            made.iter().copied().filter(|model| key_of(*model).0.len() == 3).collect();
        let made = if registered.is_empty() { made } else { registered };
        if !made.is_empty() {
            return one_or_many(made);
        }
        let (Some(name), Some(alias)) = (claim.part_text(1), claim.part_text(2)) else {
            return Resolution::None;
        };
        let mut versions = self.with(Part::ModelName, name, &key_of);
        versions.retain(|model| facts.has_alias(*model, alias));
        one_or_many(versions)
    }
}

/// A version as it stands, then as others may write it: without a `v`, and with one.
pub(crate) fn spellings(version: &str) -> impl Iterator<Item = String> {
    let bare = bare_version(version);
    let is_number = bare.starts_with(|letter: char| letter.is_ascii_digit());
    let others = ["", "v", "V"].map(|before| format!("{before}{bare}"));
    let others = others.into_iter().filter(move |_| is_number);
    let own = version.to_owned();
    std::iter::once(own.clone()).chain(others.filter(move |other| *other != own))
}

/// The names by which a claim may be called by hand: that of its version goes before that of all.
pub(crate) fn names_of(kind: Kind, claim: &Key) -> Vec<String> {
    let Some(name) = claim.part_text(usize::from(kind == Kind::Model)) else { return Vec::new() };
    let version = claim.part_text(2).filter(|_| kind == Kind::Model);
    let versions = version.into_iter().flat_map(spellings);
    let mut names: Vec<String> = versions.map(|version| format!("{name}@{version}")).collect();
    names.push(name.to_owned());
    names
}

fn one_or_many(mut nodes: Vec<u32>) -> Resolution {
    nodes.sort_unstable();
    nodes.dedup();
    match nodes.as_slice() {
        [] => Resolution::None,
        [one] => Resolution::One(*one),
        _ => Resolution::Many(nodes),
    }
}

/// The claim with its name replaced by what an alias says it stands for.
fn substitute(kind: Kind, claim: &Key, aliases: &Aliases) -> Key {
    let Some(target) = aliases.of_claim(kind, claim) else { return claim.clone() };
    let parts = target.0.iter().enumerate().map(|(at, part)| match part {
        KeyPart::Null => claim.0.get(at).cloned().unwrap_or(KeyPart::Null),
        known => known.clone(),
    });
    Key(parts.collect())
}
