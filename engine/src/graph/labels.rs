//! What a node may be called, and what it is called in answers.

use super::tail::Place;
use super::{Graph, NodeNo};
use crate::claims::is_claim;
use crate::schema::Kind;
use crate::sections::{Section, Sections, Tag, share};
use lineal_proof::{Key, KeyPart, Map, Value};

/// Look-ups by name: a sorted list of hashed labels, and the node of each.
pub(crate) struct Labels {
    all: List,
    /// In a generation with a tail: those of the nodes from here on, which count no more in the list
    /// of all.
    tail: Option<Box<(NodeNo, List)>>,
}

struct List {
    hashes: Section<u64>,
    nodes: Section<NodeNo>,
}

/// Where a tail's list stands among the sections.
const TAIL: u16 = 1;

/// Labels stand in the list as 64 bits of BLAKE3: among millions of names a collision is not
/// expected in the life of a store.
pub(crate) fn label_hash(kind: Kind, label: &str) -> u64 {
    hash_of(&[&[kind as u8], label.as_bytes()])
}

/// The hash under which a tag with its value stands in the list: apart from every label, since no
/// kind has this number.
pub(crate) fn tag_hash(kind: Kind, name: &str, value: &str) -> u64 {
    const TAG: u8 = 0xff;
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX).to_le_bytes();
    hash_of(&[&[TAG, kind as u8], &length, name.as_bytes(), value.as_bytes()])
}

/// The hash under which a field with its value stands in the list, as for tags.
pub(crate) fn field_hash(kind: Kind, field: &str, value: &str) -> u64 {
    const FIELD: u8 = 0xfe;
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX).to_le_bytes();
    hash_of(&[&[FIELD, kind as u8], &length, field.as_bytes(), value.as_bytes()])
}

/// Fields by which nodes are found without a scan, for kinds whose names are not sealed.
const LOOKED_UP: [&str; 2] = ["name", "version"];

/// Is a field of this kind looked up, whatever a source says in it?
#[must_use]
pub fn is_looked_up(kind: Kind, field: &str) -> bool {
    kind != Kind::Actor && kind != Kind::Inference && LOOKED_UP.contains(&field)
}

/// Parts of a key that are fields too, where no source says them otherwise: so a missing node has
/// the name by which it is known.
pub(crate) fn key_fields(kind: Kind, key: &Key) -> Vec<(&'static str, &str)> {
    let parts: &[&str] = match (kind, key.0.len()) {
        (Kind::Dataset, 4) if tells_a_version(key) => &["name", "version", "source_type", ""],
        (Kind::Dataset, 4) => &["name", "digest", "source_type", ""],
        (Kind::Model, 3) => &["registry", "name", "version"],
        (Kind::Deployment, 5) => {
            &["service", "environment", "endpoint", "model_name", "model_version"]
        }
        (Kind::Document, 3) => &["", "name", "version"],
        (Kind::Code, 1) => &["commit"],
        (Kind::System, 1) => &["name"],
        _ => &[],
    };
    let texts = parts.iter().zip(&key.0).filter_map(|(name, part)| match part {
        KeyPart::Text(text) if !name.is_empty() => Some((*name, text.as_str())),
        _ => None,
    });
    texts.collect()
}

/// Formats whose keys of data sets hold the version that people gave. Where the key names an algorithm it
/// holds the digest; what MLflow calls a digest is said so in a field of its own; and of a reference
/// with an unknown type it may be either.
const VERSIONED: [&str; 8] =
    ["clearml", "croissant", "cyclonedx", "git", "openlineage", "prov-json", "spdx3", "wandb"];

/// Is the second part of a data set's key a version, and no digest?
fn tells_a_version(key: &Key) -> bool {
    matches!(key.0.get(2), Some(KeyPart::Text(kind)) if VERSIONED.contains(&kind.as_str()))
}

/// Fields that another one stands in for where no source says them: name, and what it is from.
pub(crate) fn copied_fields(kind: Kind) -> &'static [(&'static str, &'static str)] {
    match kind {
        Kind::Dataset => &[("version", "digest")],
        Kind::Deployment => &[("name", "service")],
        _ => &[],
    }
}

/// Under which looked-up fields of a kind a value of this field may be found.
fn looked_up_as(kind: Kind, field: &str) -> impl Iterator<Item = &'static str> {
    let own = LOOKED_UP.into_iter().filter(move |name| *name == field);
    let copies = copied_fields(kind).iter().filter(move |(_, from)| *from == field);
    own.chain(copies.map(|(name, _)| *name)).filter(move |name| is_looked_up(kind, name))
}

/// The hashes of what may stand in the looked-up fields of a node: what its key and its heads say.
pub(super) fn field_hashes<'a>(
    kind: Kind,
    said: impl Iterator<Item = (&'a str, &'a str)>,
) -> Vec<u64> {
    said.flat_map(|(field, value)| {
        looked_up_as(kind, field).map(move |name| field_hash(kind, name, value))
    })
    .collect()
}

fn hash_of(parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    let mut head = [0; 8];
    hasher.finalize_xof().fill(&mut head);
    u64::from_le_bytes(head)
}

impl Labels {
    /// Puts those of a tail's nodes, which ascend.
    pub(super) fn put_tail(sections: &mut Sections, entries: Vec<(u64, NodeNo)>) {
        put(sections, TAIL, entries);
    }

    /// None if there is not one node for each label.
    pub(super) fn open(sections: &Sections, nodes: usize, tail: Option<&Place>) -> Option<Labels> {
        let bound = tail.map_or(nodes, |place| nodes.max(place.base_nodes));
        let all = List::open(sections, 0, bound)?;
        let tail = match tail {
            Some(place) => Some(Box::new((place.split, List::open(sections, TAIL, nodes)?))),
            None => None,
        };
        Some(Labels { all, tail })
    }

    /// All of them, ascending: each hash with a node.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, NodeNo)> + '_ {
        let split = self.split();
        let mut own = self.all.all().filter(move |(_, node)| *node < split).peekable();
        let mut of_tail = self.tail.iter().flat_map(|tail| tail.1.all()).peekable();
        std::iter::from_fn(move || match (own.peek(), of_tail.peek()) {
            (Some(one), Some(other)) if other < one => of_tail.next(),
            (None, _) => of_tail.next(),
            _ => own.next(),
        })
    }

    fn split(&self) -> NodeNo {
        self.tail.as_ref().map_or(NodeNo::MAX, |tail| tail.0)
    }

    /// Nodes of a kind with this label, ascending.
    pub(crate) fn find(&self, kind: Kind, label: &str) -> Vec<NodeNo> {
        self.with_hash(label_hash(kind, label))
    }

    /// Nodes of a kind with this tag and value, ascending: candidates where sources disagree.
    pub(crate) fn find_tag(&self, kind: Kind, name: &str, value: &str) -> Vec<NodeNo> {
        self.with_hash(tag_hash(kind, name, value))
    }

    /// Nodes of a kind of which some source may say this in a field that is looked up, ascending.
    pub(crate) fn find_field(&self, kind: Kind, field: &str, value: &str) -> Vec<NodeNo> {
        self.with_hash(field_hash(kind, field, value))
    }

    /// Adds the nodes of a kind with this label, ascending.
    pub(crate) fn find_into(&self, kind: Kind, label: &str, out: &mut Vec<NodeNo>) {
        self.add_with_hash(label_hash(kind, label), out);
    }

    fn with_hash(&self, hash: u64) -> Vec<NodeNo> {
        let mut found = Vec::new();
        self.add_with_hash(hash, &mut found);
        found
    }

    fn add_with_hash(&self, hash: u64, out: &mut Vec<NodeNo>) {
        let before = out.len();
        out.extend(self.all.with_hash(hash));
        if let Some(tail) = self.tail.as_deref() {
            let (split, list) = tail;
            // Nodes of a tail have the greater numbers, so the whole ascends.
            let mut at = 0;
            out.retain(|node| {
                at += 1;
                at <= before || node < split
            });
            out.extend(list.with_hash(hash));
        }
    }
}

fn put(sections: &mut Sections, number: u16, mut entries: Vec<(u64, NodeNo)>) {
    debug_assert!(entries.is_sorted());
    entries.dedup();
    let hashes: Vec<u64> = entries.iter().map(|(hash, _)| *hash).collect();
    sections.put_all(Tag::LabelHashes, number, 0, hashes);
    let nodes: Vec<NodeNo> = entries.iter().map(|(_, node)| *node).collect();
    sections.put_all(Tag::LabelNodes, number, 0, nodes);
}

impl List {
    fn open(sections: &Sections, number: u16, bound: usize) -> Option<List> {
        let hashes = sections.get(Tag::LabelHashes, number);
        let nodes = sections.below(Tag::LabelNodes, number, bound);
        let list = List { hashes, nodes };
        (list.hashes.len() == list.nodes.len()).then_some(list)
    }

    fn all(&self) -> impl Iterator<Item = (u64, NodeNo)> + '_ {
        let (hashes, nodes) = (self.hashes.all(), self.nodes.all());
        let nodes = nodes.unwrap_or_default().iter().copied();
        hashes.unwrap_or_default().iter().copied().zip(nodes)
    }

    fn with_hash(&self, hash: u64) -> impl Iterator<Item = NodeNo> + '_ {
        let all = 0..self.hashes.len();
        let from = self.hashes.first_from(all.clone(), share(all.end, hash), hash);
        let behind = from..all.end;
        let own = behind.take_while(move |at| self.hashes.get(*at) == Some(hash));
        own.filter_map(|at| self.nodes.get(at))
    }
}

fn text_of(part: Option<&KeyPart>) -> Option<String> {
    match part? {
        KeyPart::Null => None,
        KeyPart::Text(text) => Some(text.clone()),
        KeyPart::Int(number) => Some(number.to_string()),
        KeyPart::Bytes(bytes) => Some(data_encoding::HEXLOWER.encode(bytes)),
    }
}

fn field<'a>(fields: &'a Map, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_text)
}

/// The labels of a node, from its key and the fields of its heads; not those that depend on
/// other nodes (`@latest`).
pub(super) fn labels(kind: Kind, key: &Key, fields: &Map) -> Vec<String> {
    let part = |at: usize| text_of(key.0.get(at));
    let mut all = Vec::new();
    let mut add = |label: Option<String>| all.extend(label.filter(|label| !label.is_empty()));
    match kind {
        Kind::Model if key.0.len() == 3 => {
            let (registry, name, version) = (part(0), part(1), part(2));
            let Some(name) = name else { return all };
            let mut versions: Vec<String> = version.into_iter().collect();
            for alias in fields.get("aliases").and_then(Value::as_list).unwrap_or_default() {
                versions.extend(alias.as_text().map(str::to_owned));
            }
            let with_registry = registry.map(|registry| format!("{registry}/{name}"));
            for name in std::iter::once(name).chain(with_registry) {
                for version in &versions {
                    add(Some(format!("{name}@{version}")));
                }
                add(Some(name));
            }
        }
        Kind::Dataset => {
            let (name, digest) = (part(0), part(1));
            if let Some(name) = &name {
                for version in digest.as_deref().into_iter().chain(field(fields, "version")) {
                    add(Some(format!("{name}@{version}")));
                }
            }
            // Where the key is an id, the source says elsewhere what it is called.
            if let Some(called) =
                field(fields, "name").filter(|called| name.as_deref() != Some(*called))
            {
                add(field(fields, "version").map(|version| format!("{called}@{version}")));
                add(Some(called.to_owned()));
            }
            add(name);
            add(digest);
        }
        Kind::Deployment => {
            let (service, environment, id) = (part(0), part(1), part(2));
            add(deployment_name(key));
            if let (Some(service), Some(environment)) = (&service, &environment) {
                add(Some(format!("{service}/{environment}")));
                add(id.as_ref().map(|id| format!("{service}/{environment}/{id}")));
            }
            add(service);
            add(id);
        }
        Kind::Document => {
            let (scope, name, version) = (part(0), part(1), part(2));
            if let Some(name) = &name {
                add(version.map(|version| format!("{name}@{version}")));
                add(scope.map(|scope| format!("{scope}/{name}")));
            }
            add(name);
        }
        Kind::Experiment => {
            let (store, id) = (part(0), part(1));
            if let (Some(store), Some(id)) = (store, &id) {
                add(Some(format!("{store}/{id}")));
            }
            add(id);
            add(field(fields, "name").map(str::to_owned));
        }
        Kind::Run => {
            add(part(0));
            add(field(fields, "name").map(str::to_owned));
        }
        _ => {
            add(joined(key));
            add(field(fields, "name").map(str::to_owned));
        }
    }
    all
}

fn deployment_name(key: &Key) -> Option<String> {
    let part = |at: usize| text_of(key.0.get(at));
    let mut name = part(0).unwrap_or_else(|| "?".to_owned());
    for more in [part(1), part(2)].into_iter().flatten() {
        name = format!("{name}/{more}");
    }
    let model = part(3).unwrap_or_else(|| "?".to_owned());
    let version = part(4).unwrap_or_else(|| "?".to_owned());
    Some(format!("{name}@{model}:{version}"))
}

fn joined(key: &Key) -> Option<String> {
    let parts: Vec<String> =
        key.0.iter().map(|part| text_of(Some(part)).unwrap_or_else(|| "?".to_owned())).collect();
    Some(parts.join("/"))
}

/// What a reference with unknown parts is called where the name that it says is another node's too:
/// name and version, with `?` for what it leaves open.
pub(crate) fn claim_name(kind: Kind, key: &Key) -> Option<(String, String)> {
    if !is_claim(kind, key) {
        return None;
    }
    let part = |at: usize| text_of(key.0.get(at)).unwrap_or_else(|| "?".to_owned());
    match kind {
        Kind::Model => Some((format!("{}/{}", part(0), part(1)), part(2))),
        Kind::Dataset => Some((format!("?/{}", part(0)), part(1))),
        _ => None,
    }
}

/// A key as it stands behind `kind:` in a query: bare where it may, else quoted, the version after
/// the last `@` outside the quotes.
#[must_use]
pub fn quoted(name: &str, version: Option<&str>) -> String {
    let bare = |text: &str| {
        !text.is_empty()
            && text.chars().all(|c| c.is_alphanumeric() || c == '_' || "-./+%:@~".contains(c))
    };
    match version {
        Some(version) if bare(name) && bare(version) => format!("{name}@{version}"),
        None if bare(name) => name.to_owned(),
        Some(version) if bare(version) && !version.contains(['@', '/', ':', '+', '%', '~']) => {
            format!("{}@{version}", escaped(name))
        }
        Some(version) => escaped(&format!("{name}@{version}")),
        None => escaped(name),
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The name that a text behind `kind:` stands for: what [`quoted`] wrote, read again. A text that
/// is not quoted, or not to its end, stands for itself.
#[must_use]
pub fn unquoted(text: &str) -> String {
    read_quoted(text).unwrap_or_else(|| text.to_owned())
}

fn read_quoted(text: &str) -> Option<String> {
    let mut chars = text.strip_prefix('"')?.chars();
    let mut out = String::with_capacity(text.len());
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => out.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'u' => {
                    let (digits, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                    chars = rest.chars();
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                plain => plain,
            }),
            plain => out.push(plain),
        }
    }
    let rest = chars.as_str();
    (rest.is_empty() || rest.starts_with('@')).then(|| out + rest)
}

impl Graph {
    /// What a node is called in answers: can be pasted back into a query, and then means this node
    /// alone, unless no name of its is unique.
    pub(crate) fn name_of(&self, node: NodeNo, version: Option<&str>) -> String {
        let (kind, key) = (&self.kind_of(node), &self.key(node));
        let head = self.revision_id(node);
        let part = |at: usize| text_of(key.0.get(at));
        let unique = |label: &str| self.labels.find(*kind, label) == [node];
        let candidates: Vec<(String, Option<String>)> = match kind {
            Kind::Model if key.0.len() == 3 => {
                let name = part(1).unwrap_or_else(|| "?".to_owned());
                let full = part(0).map(|registry| format!("{registry}/{name}"));
                let version = Some(part(2).unwrap_or_else(|| "?".to_owned()));
                let names = std::iter::once(name).chain(full);
                names.map(|name| (name, version.clone())).collect()
            }
            Kind::Dataset => {
                let name = part(0).unwrap_or_else(|| "?".to_owned());
                let digest = part(1).unwrap_or_else(|| "?".to_owned());
                let versions = version.map(str::to_owned).into_iter().chain([digest]);
                versions.map(|version| (name.clone(), Some(version))).collect()
            }
            Kind::Deployment => deployment_name(key).map(|name| (name, None)).into_iter().collect(),
            Kind::Document => {
                let name = part(1).unwrap_or_else(|| "?".to_owned());
                let with_scope = part(0).map(|scope| (format!("{scope}/{name}"), None));
                let with_version = part(2).map(|version| (name.clone(), Some(version)));
                with_version.into_iter().chain([(name, None)]).chain(with_scope).collect()
            }
            // A change that its source gave a name has that as its whole key.
            Kind::Change if key.0.len() == 1 => {
                joined(key).map(|name| (name, None)).into_iter().collect()
            }
            Kind::Batch | Kind::Approval | Kind::Evaluation | Kind::Change => {
                vec![(self.node_id(node).short(), None)]
            }
            _ => joined(key).map(|name| (name, None)).into_iter().collect(),
        };
        let label = |(name, version): &(String, Option<String>)| match version {
            Some(version) => format!("{name}@{version}"),
            None => name.clone(),
        };
        let missing = head.is_none();
        let claim = claim_name(*kind, key).map(|(name, version)| (name, Some(version)));
        let best = candidates.iter().find(|candidate| unique(&label(candidate)));
        // Nothing else finds what is missing: a name that is not its own is better than none.
        let best = best.or(claim.as_ref()).or(candidates.first().filter(|_| missing));
        match (best, head) {
            (Some((name, version)), _) => format!("{kind}:{}", quoted(name, version.as_deref())),
            (None, Some(head)) => format!("#{}", head.short()),
            (None, None) => format!("{kind}:{}", quoted(&joined(key).unwrap_or_default(), None)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn found(hashes: &[u64], hash: u64) -> Vec<NodeNo> {
        let mut sections = Sections::new(Arc::default());
        let mut entries: Vec<(u64, NodeNo)> = hashes.iter().copied().zip(0..).collect();
        entries.sort_unstable();
        put(&mut sections, 0, entries);
        Labels::open(&sections, hashes.len(), None).unwrap().with_hash(hash)
    }

    #[test]
    fn a_version_in_a_key_is_no_digest() {
        let fields = |kind: &str| {
            let parts = ["train", "3", kind, ""].map(|part| KeyPart::Text(part.to_owned()));
            let key = Key(parts.into_iter().collect());
            let of = key_fields(Kind::Dataset, &key).into_iter();
            of.filter(|(_, text)| *text == "3").map(|(name, _)| name).collect::<Vec<_>>()
        };
        for kind in VERSIONED {
            assert_eq!(fields(kind), ["version"], "{kind}");
        }
        for kind in ["sha256", "md5", "etag", "local"] {
            assert_eq!(fields(kind), ["digest"], "{kind}");
        }
    }

    #[test]
    fn what_is_not_quoted_to_its_end_stands_for_itself() {
        for text in ["credit@3", "\"open", "a\"b\"", "\"a\"b", r#""\u{110000}""#, r#""a\"#] {
            assert_eq!(unquoted(text), text);
        }
    }

    proptest! {
        #[test]
        fn every_label_is_found_however_they_are_spread(
            hashes in proptest::collection::vec(prop_oneof![any::<u64>(), 0..9_u64, Just(u64::MAX)], 0..60),
            other in any::<u64>(),
        ) {
            for hash in hashes.iter().copied().chain([other, 0, 4, u64::MAX]) {
                let nodes = (0..).zip(&hashes).filter(|(_, h)| **h == hash).map(|(node, _)| node);
                prop_assert_eq!(found(&hashes, hash), nodes.collect::<Vec<NodeNo>>());
            }
        }

        #[test]
        fn names_are_read_as_they_were_written(
            name in "([a-c@\"\\\\\n\t\u{1}\u{85}ü{}' ]|\\PC){0,12}",
            version in proptest::option::of("[0-9a-z@\"/\n ]{1,4}"),
        ) {
            let label = version.iter().fold(name.clone(), |name, version| format!("{name}@{version}"));
            prop_assert_eq!(unquoted(&quoted(&name, version.as_deref())), label);
        }
    }
}
