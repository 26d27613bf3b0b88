//! The form in a proof file of a statement that something was never recorded.

use super::super::fault::Checked;
use super::super::json::Json;
use super::super::layout::{hashes, key, number};
use super::super::read::Place;
use super::{Absent, KeysPart, KeysShown, Nothing, Scope};
use crate::absence::{KeysOpening, MapOpening, RunHead, RunRange};
use crate::bundle::item::Node;
use crate::bundle::statement::{Named, is_kind};
use crate::hash::Hash;
use data_encoding::BASE64;

impl Absent {
    pub(in super::super) fn to_json(&self) -> Json {
        let map = map_to_json(&self.map);
        match &self.what {
            Nothing::Node(node) => {
                Json::map([("kind", Json::text("no_node")), ("map", map), ("node", node.to_json())])
            }
            Nothing::Fit(node) => {
                Json::map([("kind", Json::text("no_fit")), ("map", map), ("node", node.to_json())])
            }
            Nothing::Edge { from, relation, node, claims } => Json::map([
                ("claims", Json::List(claims.iter().map(Node::to_json).collect())),
                ("from", Json::text(from)),
                ("kind", Json::text("no_edge")),
                ("map", map),
                ("node", node.to_json()),
                ("relation", Json::text(relation)),
            ]),
            Nothing::Event { named, scope } => Json::map([
                ("batches", Json::List(self.batches.iter().map(KeysPart::to_json).collect())),
                ("kind", Json::text("no_event")),
                ("map", map),
                ("named", named.to_json()),
                ("scope", scope.to_json()),
            ]),
        }
    }

    /// Reads a statement that has the member `map`.
    pub(in super::super) fn read(place: &Place<'_>) -> Checked<Absent> {
        let none = Vec::new();
        if place.has("batches") {
            let [batches, kind, map, named, scope] =
                place.members(["batches", "kind", "map", "named", "scope"])?;
            is_kind(&kind, "no_event")?;
            let map = read_map(&map)?;
            let batches = batches.list()?.iter().map(KeysPart::read).collect::<Checked<_>>()?;
            let named = Named::read(&named)?;
            let what = Nothing::Event { named, scope: Scope::read(&scope)? };
            return Ok(Absent { what, map, batches });
        }
        if place.has("relation") {
            let [claims, from, kind, map, node, relation] =
                place.members(["claims", "from", "kind", "map", "node", "relation"])?;
            is_kind(&kind, "no_edge")?;
            let map = read_map(&map)?;
            let claims = claims.list()?.iter().map(Node::read).collect::<Checked<_>>()?;
            let (from, relation) = (from.text()?.to_owned(), relation.text()?.to_owned());
            let what = Nothing::Edge { from, relation, node: Node::read(&node)?, claims };
            return Ok(Absent { what, map, batches: none });
        }
        let [kind, map, node] = place.members(["kind", "map", "node"])?;
        let is_fit = kind.text()? == "no_fit";
        if !is_fit {
            is_kind(&kind, "no_node")?;
        }
        let map = read_map(&map)?;
        let node = Node::read(&node)?;
        let what = if is_fit { Nothing::Fit(node) } else { Nothing::Node(node) };
        Ok(Absent { what, map, batches: none })
    }
}

fn map_to_json(map: &MapOpening) -> Json {
    let range = |range: &RunRange| {
        Json::map([
            ("entries", Json::text(BASE64.encode(range.entries.as_flattened()))),
            ("first", number(range.first_block)),
            ("path", hashes(&range.path)),
        ])
    };
    let name = |ranges: &Vec<RunRange>| Json::List(ranges.iter().map(range).collect());
    let run =
        |run: &RunHead| Json::map([("entries", number(run.entries)), ("root", key(&run.root.0))]);
    Json::map([
        ("names", Json::List(map.ranges.iter().map(name).collect())),
        ("runs", Json::List(map.runs.iter().map(run).collect())),
    ])
}

fn read_map(place: &Place<'_>) -> Checked<MapOpening> {
    let [names, runs] = place.members(["names", "runs"])?;
    let range = |place: &Place<'_>| {
        let [entries, first, path] = place.members(["entries", "first", "path"])?;
        let entries = entries.hashes()?.into_iter().map(|entry| entry.0).collect();
        Ok(RunRange { entries, first_block: first.count()?, path: path.hashes()? })
    };
    let name = |place: &Place<'_>| place.list()?.iter().map(range).collect::<Checked<Vec<_>>>();
    let run = |place: &Place<'_>| {
        let [entries, root] = place.members(["entries", "root"])?;
        Ok(RunHead { entries: entries.count()?, root: root.hash()? })
    };
    Ok(MapOpening {
        ranges: names.list()?.iter().map(name).collect::<Checked<_>>()?,
        runs: runs.list()?.iter().map(run).collect::<Checked<_>>()?,
    })
}

impl Scope {
    fn to_json(&self) -> Json {
        let time = |time: Option<i64>| time.map_or(Json::Null, |time| Json::text(time.to_string()));
        Json::map([
            ("from", time(self.from)),
            ("of", self.of.as_ref().map_or(Json::Null, Node::to_json)),
            ("to", time(self.to)),
        ])
    }

    fn read(place: &Place<'_>) -> Checked<Scope> {
        let [from, of, to] = place.members(["from", "of", "to"])?;
        Ok(Scope {
            from: from.optional(Place::whole)?,
            of: of.optional(Node::read)?,
            to: to.optional(Place::whole)?,
        })
    }
}

impl KeysPart {
    fn to_json(&self) -> Json {
        let texts = |fields: &[String]| Json::List(fields.iter().map(Json::text).collect());
        let batch = key(&self.batch.0);
        match &self.shown {
            KeysShown::Opened(opening) => Json::map([
                ("batch", batch),
                ("bits", number(opening.bits.into())),
                ("digests", Json::text(BASE64.encode(opening.digests.as_flattened()))),
                ("keys_of", texts(&opening.fields)),
                ("path", hashes(&opening.path)),
                ("salt", key(&opening.salt)),
            ]),
            KeysShown::Bucket { bits, fields, path, record } => Json::map([
                ("batch", batch),
                ("bits", number((*bits).into())),
                ("erased", key(&record.0)),
                ("keys_of", texts(fields)),
                ("path", hashes(path)),
            ]),
            KeysShown::Gone { record } => Json::map([("batch", batch), ("erased", key(&record.0))]),
        }
    }

    fn read(place: &Place<'_>) -> Checked<KeysPart> {
        let texts = |place: &Place<'_>| {
            let text = |place: &Place<'_>| place.text().map(str::to_owned);
            place.list()?.iter().map(text).collect::<Checked<Vec<_>>>()
        };
        let bits_of = |place: &Place<'_>| {
            let bits = u32::try_from(place.count()?);
            bits.map_err(|_| place.fault("a number of bits"))
        };
        if place.has("salt") {
            let [batch, bits, digests, fields, path, salt] =
                place.members(["batch", "bits", "digests", "keys_of", "path", "salt"])?;
            let (batch, bits) = (batch.hash()?, bits_of(&bits)?);
            let bytes = digests.bytes()?;
            let (some, rest) = bytes.as_chunks();
            if !rest.is_empty() {
                return Err(digests.fault("digests of 16 bytes each, one behind another"));
            }
            let (fields, path) = (texts(&fields)?, path.hashes()?);
            let salt = salt.key()?;
            let opening = KeysOpening { bits, fields, salt, digests: some.to_vec(), path };
            return Ok(KeysPart { batch, shown: KeysShown::Opened(opening) });
        }
        if place.has("bits") {
            let [batch, bits, record, fields, path] =
                place.members(["batch", "bits", "erased", "keys_of", "path"])?;
            let (batch, bits): (Hash, u32) = (batch.hash()?, bits_of(&bits)?);
            let (record, fields) = (record.hash()?, texts(&fields)?);
            let shown = KeysShown::Bucket { bits, fields, path: path.hashes()?, record };
            return Ok(KeysPart { batch, shown });
        }
        let [batch, record] = place.members(["batch", "erased"])?;
        let (batch, record) = (batch.hash()?, record.hash()?);
        Ok(KeysPart { batch, shown: KeysShown::Gone { record } })
    }
}
