//! Content-addressable archive, version 1 (<https://ipld.io/specs/transport/car/carv1/>): the records
//! of a closure as they stand in the log, each under its own CID, so that whoever hashes them again
//! needs nothing of ours.
//!
//! From the newest revisions of the closure along the links that they hold: the revisions that were
//! current when an edge was written, stubs of what was never described, large values. What came
//! before a revision in its own chain is not followed, so the archive is no history.

use crate::go_on::{GoOn, asked};
use crate::{Closure, Error};
use lineal_engine::schema::Kind;
use lineal_engine::{Snapshot, Store};
use lineal_proof::record::{Record, Revision, Stub, node_id};
use lineal_proof::{Cid, Hash, Value, cbor};
use std::collections::{BTreeMap, BTreeSet};

/// Most bytes of an archive that is put together in memory.
const BYTES_MAX: usize = 256 << 20;

/// The archive: the roots are the records of the closure's root, blocks stand by their ids.
pub(super) fn write(
    store: &Store,
    view: &Snapshot,
    closure: &Closure,
    go_on: GoOn<'_>,
) -> Result<Vec<u8>, Error> {
    let blocks = gather(store, view, closure, go_on)?;
    let root = closure.root();
    let roots = vec![Value::Link(Cid(root.revision.unwrap_or(root.id)))];
    let header = [("roots", Value::List(roots)), ("version", Value::from(1_i64))];
    let header = cbor::encode(&Value::Map(header.into_iter().collect()));
    let mut out = Vec::new();
    section(&mut out, &[], &header);
    for (id, bytes) in &blocks {
        section(&mut out, &Cid(*id).to_bytes(), bytes);
    }
    Ok(out)
}

/// A length as an unsigned LEB128 and what is so long.
fn section(out: &mut Vec<u8>, id: &[u8], bytes: &[u8]) {
    let mut length = (id.len() + bytes.len()) as u64;
    while length > 0x7f {
        out.push(0x80 | length.to_le_bytes()[0]);
        length >>= 7;
    }
    out.push(length.to_le_bytes()[0]);
    out.extend_from_slice(id);
    out.extend_from_slice(bytes);
}

fn gather(
    store: &Store,
    view: &Snapshot,
    closure: &Closure,
    go_on: GoOn<'_>,
) -> Result<BTreeMap<Hash, Vec<u8>>, Error> {
    let mut blocks: BTreeMap<Hash, Vec<u8>> = BTreeMap::new();
    let mut waiting: Vec<Hash> = Vec::new();
    let members: BTreeSet<Hash> = closure.members.iter().map(|member| member.id).collect();
    let mut size = 0;
    for member in &closure.members {
        match member.revision {
            Some(id) => waiting.push(id),
            None => {
                let stub = Stub { kind: member.kind.name().to_owned(), key: member.key.clone() };
                blocks.insert(member.id, stub.encode());
            }
        }
    }
    while let Some(id) = waiting.pop() {
        asked(go_on)?;
        if blocks.contains_key(&id) {
            continue;
        }
        let Some(bytes) = store.record_bytes(view, &id)? else { continue };
        if let Ok(revision) = Revision::decode(&bytes) {
            for edge in &revision.edges {
                let node = node_id(&edge.kind, &edge.key);
                // A system that the closure leaves out is one of others: a link to it stays a link.
                if edge.kind == Kind::System.name() && !members.contains(&node) {
                    continue;
                }
                if edge.pin.0 == node {
                    let stub = Stub { kind: edge.kind.clone(), key: edge.key.clone() };
                    blocks.entry(edge.pin.0).or_insert_with(|| stub.encode());
                } else {
                    waiting.push(edge.pin.0);
                }
            }
            waiting
                .extend(revision.fields.iter().filter_map(|(_, value)| Some(value.as_link()?.0)));
        }
        size += bytes.len();
        if size > BYTES_MAX {
            let name = closure.root().name.clone();
            return Err(Error::TooLarge { name, most: crate::NODES_MAX });
        }
        blocks.insert(id, bytes);
    }
    Ok(blocks)
}
