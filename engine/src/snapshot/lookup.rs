//! Finding nodes by what people call them.

use super::Snapshot;
use super::trail::untold;
use crate::claims::spellings;
use crate::graph::NodeNo;
use crate::schema::Kind;
use lineal_proof::{Hash, Key, KeyPart};
use std::collections::BTreeMap;

/// Fewest digits of a shortened id, run, commit or digest: shorter ones are ambiguous tomorrow.
const PREFIX_MIN: usize = 6;
/// Hexadecimal digits of a whole id.
const ID_DIGITS: usize = 64;
/// How many near names a message lists.
const NEAR_MAX: usize = 5;
/// Most names that are compared for a near one.
const NEAR_SCAN_MAX: usize = 50_000;

impl Snapshot {
    /// The node with exactly this key.
    #[must_use]
    pub fn node_with_key(&self, kind: Kind, key: &Key) -> Option<NodeNo> {
        self.graph().with_key(kind, key)
    }

    /// Nodes of a kind, or of any, that are called so: by name, name and version, registry and
    /// name, id, alias. Ascending.
    #[must_use]
    pub fn find(&self, kind: Option<Kind>, text: &str) -> Vec<NodeNo> {
        match kind {
            Some(kind) => self.find_in(kind, text),
            None => untold().flat_map(|kind| self.find_in(kind, text)).collect(),
        }
    }

    /// As [`Snapshot::find`] for one kind, added to a list: without a list of its own where a label
    /// says it.
    pub fn find_into(&self, kind: Kind, text: &str, out: &mut Vec<NodeNo>) {
        if self.hides(kind) {
            return;
        }
        let before = out.len();
        self.graph().labels.find_into(kind, text, out);
        if out.len() == before {
            out.extend(self.find_in(kind, text));
        }
    }

    /// Nodes of a kind with a tag of exactly this value, ascending.
    ///
    /// # Errors
    /// [`crate::Error::Corrupt`] if a record cannot be read.
    pub fn find_tag(&self, kind: Kind, name: &str, value: &str) -> crate::Result<Vec<NodeNo>> {
        let mut found = Vec::new();
        let found_by_tag = self.graph().labels.find_tag(kind, name, value);
        for node in found_by_tag.into_iter().filter(|_| !self.hides(kind)) {
            // Where sources disagree the fold decides.
            let tags = self.field(node, "tags")?;
            let tag = tags.as_ref().and_then(lineal_proof::Value::as_map).and_then(|t| t.get(name));
            if tag.and_then(lineal_proof::Value::as_text) == Some(value) {
                found.push(node);
            }
        }
        Ok(found)
    }

    /// Nodes of a kind that may have this text in a field for which [`crate::graph::is_looked_up`]
    /// holds: none that has it is left out; where sources disagree the fold decides. Ascending.
    #[must_use]
    pub fn find_field(&self, kind: Kind, field: &str, value: &str) -> Vec<NodeNo> {
        if self.hides(kind) {
            return Vec::new();
        }
        self.graph().labels.find_field(kind, field, value)
    }

    /// The same view for those who must write ids whole: of one that is shortened nothing is found,
    /// since what is unique today need not be so tomorrow. For programs over a network.
    #[must_use]
    pub fn with_whole_ids(self) -> Snapshot {
        Snapshot { whole_ids: true, ..self }
    }

    /// Must ids be written whole?
    #[must_use]
    pub fn takes_whole_ids(&self) -> bool {
        self.whole_ids
    }

    fn find_in(&self, kind: Kind, text: &str) -> Vec<NodeNo> {
        if self.hides(kind) {
            return Vec::new();
        }
        let labels = &self.graph().labels;
        let mut found = labels.find(kind, text);
        if found.is_empty()
            && kind == Kind::Actor
            && let Ok(key) = self.view.secrets().keys.actor(text)
        {
            found = labels.find(kind, &key);
        }
        if found.is_empty() {
            found = self.find_alias(kind, text);
        }
        if found.is_empty() && kind == Kind::Model {
            found = self.find_respelled(text);
        }
        if found.is_empty() && kind == Kind::Model {
            found = self.find_latest(text);
        }
        if found.is_empty() && matches!(kind, Kind::Run | Kind::Code) {
            found = self.find_prefix(kind, text);
        }
        if found.is_empty() && kind == Kind::Dataset {
            found = self.find_digest_prefix(text);
        }
        if found.is_empty() && text.contains('?') {
            found = self.find_claim(kind, text);
        }
        found
    }

    /// A reference with unknown parts, by the name that it has in answers.
    fn find_claim(&self, kind: Kind, text: &str) -> Vec<NodeNo> {
        let is_meant = |node: &NodeNo| {
            let name = crate::graph::claim_name(kind, &self.key_of(*node));
            name.is_some_and(|(name, version)| {
                text.strip_prefix(&name) == Some(&format!("@{version}"))
            })
        };
        self.doubtful(kind).iter().copied().filter(is_meant).collect()
    }

    /// Data sets whose digest begins so.
    fn find_digest_prefix(&self, text: &str) -> Vec<NodeNo> {
        if !is_prefix(text) {
            return Vec::new();
        }
        let begins = |node: &NodeNo| {
            let digest = self.graph().key_text(*node, 1);
            digest.is_some_and(|digest| {
                if self.whole_ids { digest == text } else { digest.starts_with(text) }
            })
        };
        self.nodes_of(Kind::Dataset).filter(begins).collect()
    }

    /// What a name given by hand stands for; `name@version` where the name stands for a family.
    fn find_alias(&self, kind: Kind, text: &str) -> Vec<NodeNo> {
        let (name, version) = text.rsplit_once('@').unwrap_or((text, ""));
        let hashed = (kind == Kind::Actor).then(|| self.view.secrets().keys.actor(text).ok());
        let aliases = self.graph().aliases().iter().filter(|(of, alias, _)| {
            let plain = alias == text || (alias == name && !version.is_empty());
            of == kind.name()
                && (plain || hashed.as_ref().is_some_and(|h| h.as_ref() == Some(alias)))
        });
        let mut found = Vec::new();
        for (_, alias, target) in aliases {
            let mut target = target.clone();
            if alias != text
                && let Some(part @ KeyPart::Null) = target.0.last_mut()
            {
                *part = KeyPart::Text(version.to_owned());
            }
            if !target.is_claim() {
                found.extend(self.graph().with_key(kind, &target));
                continue;
            }
            let nodes = self.nodes_of(kind);
            found.extend(nodes.filter(|node| target.fits(&self.key_of(*node))));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// `name@7` where a registry writes `v7`, and the other way round.
    fn find_respelled(&self, text: &str) -> Vec<NodeNo> {
        let Some((name, version)) = text.rsplit_once('@') else { return Vec::new() };
        let labels = &self.graph().labels;
        let others = spellings(version).skip(1);
        let mut found: Vec<NodeNo> = others
            .flat_map(|version| labels.find(Kind::Model, &format!("{name}@{version}")))
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// `name@latest`: the registered version with the greatest number, of each registry that has
    /// the name: one registry's fifth says nothing of another's third.
    fn find_latest(&self, text: &str) -> Vec<NodeNo> {
        let Some(name) = text.strip_suffix("@latest") else { return Vec::new() };
        let mut latest: BTreeMap<&str, (u64, NodeNo)> = BTreeMap::new();
        for node in self.graph().labels.find(Kind::Model, name) {
            let part = |at| self.graph().key_text(node, at);
            let number = part(2).and_then(|version| version.parse().ok());
            let (Some(registry), Some(number)) = (part(0), number) else { continue };
            let best = latest.entry(registry).or_insert((number, node));
            *best = (number, node).max(*best);
        }
        latest.into_values().map(|(_, node)| node).collect()
    }

    fn find_prefix(&self, kind: Kind, text: &str) -> Vec<NodeNo> {
        if !is_prefix(text) || self.whole_ids {
            return Vec::new();
        }
        let begins =
            |node: &NodeNo| self.graph().key_text(*node, 0).is_some_and(|id| id.starts_with(text));
        // Nodes of a kind stand in key order: those that begin so stand together.
        let range = self.nodes_of(kind);
        let from = self.graph().first_from(kind, &Key::text(text));
        (from..range.end).take_while(begins).collect()
    }

    /// Nodes with a revision, or a node id, that begins with these hexadecimal digits; none of the
    /// trail.
    #[must_use]
    pub fn find_id(&self, digits: &str) -> Vec<NodeNo> {
        let digits = digits.to_lowercase();
        let least = if self.whole_ids { ID_DIGITS } else { PREFIX_MIN };
        if digits.len() < least || digits.len() > ID_DIGITS {
            return Vec::new();
        }
        let padded = |fill: &str| {
            Hash::from_hex(&format!("{digits}{}", fill.repeat(ID_DIGITS - digits.len())))
        };
        let (Some(low), Some(high)) = (padded("0"), padded("f")) else { return Vec::new() };
        let mut found = self.graph().with_revision(&low, &high);
        found.retain(|node| self.kind_of(*node) != Kind::Access);
        found
    }

    /// What a node is called in answers; pasted back, it means this node.
    #[must_use]
    pub fn name_of(&self, node: NodeNo) -> String {
        let version = match self.kind_of(node) {
            Kind::Dataset => self.field(node, "version").ok().flatten(),
            Kind::Actor => {
                if let Some(name) = self.field(node, "name").ok().flatten()
                    && let Some(name) = name.as_text()
                {
                    return format!("actor:{}", crate::graph::quoted(name, None));
                }
                None
            }
            _ => None,
        };
        self.graph().name_of(node, version.as_ref().and_then(lineal_proof::Value::as_text))
    }

    /// Names of a kind, or of any, that look like a text, the likest first.
    #[must_use]
    pub fn near(&self, kind: Option<Kind>, text: &str) -> Vec<String> {
        let wanted = text.to_lowercase();
        let kinds = kind.map_or_else(|| untold().collect(), |kind| vec![kind]);
        let mut scored: Vec<(usize, NodeNo)> = Vec::new();
        for kind in kinds {
            for node in self.nodes_of(kind).take(NEAR_SCAN_MAX) {
                let key = self.key_of(node);
                let parts = key.0.iter().filter_map(|part| match part {
                    KeyPart::Text(text) => Some(text.as_str()),
                    _ => None,
                });
                let best = parts.map(|part| distance(&wanted, &part.to_lowercase())).min();
                if let Some(best) = best.filter(|best| *best <= wanted.chars().count().div_ceil(3))
                {
                    scored.push((best, node));
                }
            }
        }
        scored.sort_unstable();
        let mut names: Vec<String> = Vec::new();
        for (_, node) in scored {
            let name = self.name_of(node);
            if !names.contains(&name) {
                names.push(name);
            }
            if names.len() == NEAR_MAX {
                break;
            }
        }
        names
    }
}

/// May this be a shortened id?
fn is_prefix(text: &str) -> bool {
    text.len() >= PREFIX_MIN && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Edits between two texts, or a containment counted as one edit; the version behind `@` of the
/// wanted one is left out.
fn distance(wanted: &str, name: &str) -> usize {
    let wanted = wanted.split('@').next().unwrap_or(wanted);
    if wanted == name {
        return 0;
    }
    if wanted.len() >= 3 && name.contains(wanted) {
        return 1;
    }
    let (a, b): (Vec<char>, Vec<char>) = (wanted.chars().collect(), name.chars().collect());
    if a.len().abs_diff(b.len()) > 4 {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}
