//! The ledger as a file of sections: what there is much of stands in lists that are read in place,
//! the rest is values one after another, read whole.

use super::grown::{Grown, GrownBytes};
use super::nodes::{NONE, Nodes};
use super::revisions::Revisions;
use super::table::{self, Table};
use super::{BatchEntry, CommitEntry, Ledger, SeenRowsEntry, SnapshotEntry};
use crate::error::Result;
use crate::head::Head;
use crate::id_map::IdMap;
use crate::index::{IndexKind, Reader, Writer};
use crate::mapping::{Word, as_bytes};
use crate::schema::KINDS;
use crate::sections::{Planned, Sections, Shelf, Stream, Tag};
use crate::segment::Location;
use crate::storage::Storage;
use lineal_proof::record::Record;

/// Revisions since its file from which on an import writes the ledger and reads it from there: with
/// their nodes some 30 MB in memory, the rest laid aside.
const TAIL_MIN: usize = 1 << 19;
/// Unless the file holds so many times as many: a file is written whole, so that a ledger that grows
/// by a third at a time writes each entry four times.
const FILE_SHARE: usize = 3;

impl Ledger {
    /// Did so much come since its file that a new one should hold it?
    pub(crate) fn tail_is_long(&self) -> bool {
        let tail = self.revisions.ids.tail_len();
        tail >= TAIL_MIN && tail >= (self.revisions.len() - tail) / FILE_SHARE
    }

    /// Lays aside what came since its file, but what changes and tables.
    pub(crate) fn lay_aside(&mut self, shelf: &Shelf) {
        let (nodes, revisions) = (&mut self.nodes, &mut self.revisions);
        nodes.ids.lay_aside(shelf);
        nodes.kinds.lay_aside(shelf);
        nodes.key_ends.lay_aside(shelf);
        nodes.keys.lay_aside(shelf);
        nodes.born.lay_aside(shelf);
        revisions.ids.lay_aside(shelf);
        revisions.contents.lay_aside(shelf);
        revisions.nodes.lay_aside(shelf);
        revisions.chains.lay_aside(shelf);
        revisions.places.lay_aside(shelf);
        revisions.before.lay_aside(shelf);
        revisions.commits.lay_aside(shelf);
        revisions.observed.lay_aside(shelf);
    }

    /// Is a part of it read from its file, which was found whole?
    pub(crate) fn rests_on_file(&self) -> bool {
        self.revisions.ids.tail_len() < self.revisions.len()
    }

    /// Writes it, whole and durable or not at all, list by list.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn write(&self, storage: &dyn Storage, path: &str, head: &Head) -> Result<()> {
        let mut rest = Writer::default();
        write_rest(&mut rest, self);
        let rest = rest.into_bytes();
        let (nodes, revisions) = (&self.nodes, &self.revisions);
        let length = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let node_table = table::of_all(length(nodes.len()), |node| nodes.id(node));
        let revision_table = table::of_all(length(revisions.len()), |number| revisions.id(number));
        let lists: [(Tag, &dyn Listed); 20] = [
            (Tag::LedgerRest, &rest),
            (Tag::LedgerNodeIds, &nodes.ids),
            (Tag::LedgerKinds, &nodes.kinds),
            (Tag::LedgerKeyEnds, &nodes.key_ends),
            (Tag::LedgerKeys, &nodes.keys),
            (Tag::LedgerBorn, &nodes.born),
            (Tag::LedgerStubs, &nodes.stubs),
            (Tag::LedgerLast, &nodes.last),
            (Tag::LedgerNodeTable, &node_table),
            (Tag::LedgerIds, &revisions.ids),
            (Tag::LedgerContents, &revisions.contents),
            (Tag::LedgerNodes, &revisions.nodes),
            (Tag::LedgerChains, &revisions.chains),
            (Tag::LedgerPlaces, &revisions.places),
            (Tag::LedgerBefore, &revisions.before),
            (Tag::LedgerCommits, &revisions.commits),
            (Tag::LedgerObserved, &revisions.observed),
            (Tag::LedgerFirstSeen, &revisions.first_seen),
            (Tag::LedgerLastSeen, &revisions.last_seen),
            (Tag::LedgerTable, &revision_table),
        ];
        let planned = lists.iter().map(|(tag, list)| {
            let (tag, length) = (*tag, list.bytes());
            Planned { tag, number: 0, extra: 0, length }
        });
        let mut stream = Stream::begin(storage, path, (IndexKind::Ledger, *head), planned)?;
        for (at, (_, list)) in lists.iter().enumerate() {
            list.each(&mut |bytes| stream.push(at, bytes))?;
        }
        stream.finish()
    }

    /// A ledger over the sections of a file that was checked whole; none if they do not fit one
    /// another.
    pub(crate) fn open(sections: &Sections) -> Option<Ledger> {
        let nodes = Nodes {
            ids: list(sections, Tag::LedgerNodeIds),
            kinds: list(sections, Tag::LedgerKinds),
            key_ends: list(sections, Tag::LedgerKeyEnds),
            keys: GrownBytes::new(sections.get(Tag::LedgerKeys, 0)),
            born: list(sections, Tag::LedgerBorn),
            stubs: copied(sections, Tag::LedgerStubs)?,
            last: copied(sections, Tag::LedgerLast)?,
            table: Table::new(sections.get(Tag::LedgerNodeTable, 0))?,
        };
        let revisions = Revisions {
            ids: list(sections, Tag::LedgerIds),
            contents: list(sections, Tag::LedgerContents),
            nodes: list(sections, Tag::LedgerNodes),
            chains: list(sections, Tag::LedgerChains),
            places: list(sections, Tag::LedgerPlaces),
            before: list(sections, Tag::LedgerBefore),
            commits: list(sections, Tag::LedgerCommits),
            observed: list(sections, Tag::LedgerObserved),
            first_seen: copied(sections, Tag::LedgerFirstSeen)?,
            last_seen: copied(sections, Tag::LedgerLastSeen)?,
            also: Default::default(),
            table: Table::new(sections.get(Tag::LedgerTable, 0))?,
        };
        let rest = sections.get::<u8>(Tag::LedgerRest, 0);
        let mut from = Reader::over(rest.all()?);
        let mut ledger = read_rest(&mut from, nodes, revisions)?;
        if !from.is_at_end() || !fits(&ledger) {
            return None;
        }
        for snapshot in std::mem::take(&mut ledger.snapshots) {
            ledger.snapshots.push(snapshot);
            ledger.index_snapshot(snapshot.chain);
        }
        let batches = (0..).zip(&ledger.batches);
        ledger.batch_index = batches.map(|(at, batch)| (batch.revision, at)).collect();
        Some(ledger)
    }
}

/// A list that is written.
trait Listed {
    fn bytes(&self) -> usize;
    fn each(&self, push: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>;
}

impl<T: Word> Listed for Grown<T> {
    fn bytes(&self) -> usize {
        self.written_bytes()
    }
    fn each(&self, push: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.write(push)
    }
}

impl Listed for GrownBytes {
    fn bytes(&self) -> usize {
        self.len()
    }
    fn each(&self, push: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.write(push)
    }
}

impl<T: Word> Listed for Vec<T> {
    fn bytes(&self) -> usize {
        size_of_val(self.as_slice())
    }
    fn each(&self, push: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        push(as_bytes(self))
    }
}

fn list<T: Word>(sections: &Sections, tag: Tag) -> Grown<T> {
    Grown::new(sections.get(tag, 0))
}

/// A list of which entries change.
fn copied<T: Word>(sections: &Sections, tag: Tag) -> Option<Vec<T>> {
    sections.get(tag, 0).all().map(<[T]>::to_vec)
}

fn write_rest(out: &mut Writer, ledger: &Ledger) {
    out.items(&ledger.commits, |out, commit| {
        out.i64(commit.recorded);
        out.u64(commit.import);
    });
    out.items(&ledger.chains, |out, (source, form)| {
        out.bytes(source.as_bytes());
        out.bytes(form.as_bytes());
    });
    let also: Vec<_> = ledger.revisions.also.iter().collect();
    out.items(&also, |out, (revision, said)| {
        out.u32(**revision);
        out.length(said.len());
        for (commit, observed_at) in said.iter() {
            out.u64(*commit);
            out.i64(*observed_at);
        }
    });
    out.items(&ledger.snapshots, |out, snapshot| {
        out.u32(u32::from(snapshot.chain));
        out.i64(snapshot.observed_at);
        out.u64(snapshot.commit);
    });
    out.items(&ledger.retractions, |out, (import, commit, restore)| {
        out.u64(*import);
        out.u64(*commit);
        out.u8(u8::from(*restore));
    });
    records(out, &ledger.references);
    records(out, &ledger.settings);
    records(out, &ledger.sources);
    records(out, &ledger.manifests);
    records(out, &ledger.erasures);
    records(out, &ledger.holds);
    out.items(&ledger.batches, |out, batch| {
        out.u32(batch.revision);
        out.hash(&batch.deployment);
        out.u32(batch.rows);
        for count in [batch.overrides, batch.art12] {
            out.u64(count);
        }
        out.i64(batch.first_time);
        out.i64(batch.last_time);
        let (manifest, first_row) = batch.place.unwrap_or((u32::MAX, 0));
        out.u32(manifest);
        out.u32(first_row);
        out.runs(&batch.doubted);
        out.runs(&batch.erased);
        out.months(&batch.months);
    });
    out.items(&ledger.seen_rows, |out, seen| {
        out.u64(seen.commit);
        out.u32(seen.batch);
        out.runs(&seen.runs);
    });
    write_blobs(out, &ledger.blobs);
}

/// Blobs with their places.
fn write_blobs(out: &mut Writer, blobs: &IdMap<Location>) {
    let mut sorted: Vec<_> = blobs.iter().collect();
    sorted.sort_unstable();
    out.items(&sorted, |out, (id, at)| {
        out.hash(id);
        out.location(**at);
    });
}

fn read_blobs(from: &mut Reader<'_>) -> Option<IdMap<Location>> {
    let blobs = from.items(|from| Some((from.hash()?, from.location()?)))?;
    Some(blobs.into_iter().collect())
}

/// Records stand as they do in a segment.
fn records<R: Record>(out: &mut Writer, records: &[(u64, R)]) {
    out.items(records, |out, (commit, record)| {
        out.u64(*commit);
        out.bytes(&record.encode());
    });
}

fn read_records<R: Record + Send>(from: &mut Reader<'_>) -> Option<Vec<(u64, R)>> {
    from.items(|from| Some((from.u64()?, R::decode(from.bytes()?).ok()?)))
}

fn read_rest(from: &mut Reader<'_>, nodes: Nodes, mut revisions: Revisions) -> Option<Ledger> {
    let commits =
        from.items(|from| Some(CommitEntry { recorded: from.i64()?, import: from.u64()? }))?;
    let chains = from.items(|from| Some((from.text()?, from.text()?)))?;
    let also = from.items(|from| {
        let revision = from.u32()?;
        let said = (0..from.length()?).map(|_| Some((from.u64()?, from.i64()?)));
        Some((revision, said.collect::<Option<Vec<_>>>()?))
    })?;
    revisions.also = also.into_iter().collect();
    let snapshots = from.items(|from| {
        Some(SnapshotEntry {
            chain: u16::try_from(from.u32()?).ok()?,
            observed_at: from.i64()?,
            commit: from.u64()?,
        })
    })?;
    let retractions = from.items(|from| Some((from.u64()?, from.u64()?, from.u8()? == 1)))?;
    Some(Ledger {
        commits,
        chains,
        nodes,
        revisions,
        snapshots,
        retractions,
        references: read_records(from)?,
        settings: read_records(from)?,
        sources: read_records(from)?,
        manifests: read_records(from)?,
        erasures: read_records(from)?,
        holds: read_records(from)?,
        batches: from.items(read_batch)?,
        seen_rows: from.items(read_seen_rows)?,
        blobs: read_blobs(from)?,
        ..Ledger::default()
    })
}

fn read_batch(from: &mut Reader<'_>) -> Option<BatchEntry> {
    Some(BatchEntry {
        revision: from.u32()?,
        deployment: from.hash()?,
        rows: from.u32()?,
        overrides: from.u64()?,
        art12: from.u64()?,
        first_time: from.i64()?,
        last_time: from.i64()?,
        place: Some((from.u32()?, from.u32()?)).filter(|(manifest, _)| *manifest != u32::MAX),
        doubted: from.runs()?,
        erased: from.runs()?,
        months: from.months()?,
    })
}

fn read_seen_rows(from: &mut Reader<'_>) -> Option<SeenRowsEntry> {
    Some(SeenRowsEntry { commit: from.u64()?, batch: from.u32()?, runs: from.runs()? })
}

/// Does every number lead somewhere? A file whose checksums fit is ours, but nothing may panic, nor
/// go round for ever.
fn fits(ledger: &Ledger) -> bool {
    let below = |number: u32, length: usize| (number as usize) < length;
    let chain = |chain: u16| usize::from(chain) < ledger.chains.len();
    let (nodes, revisions) = (ledger.nodes.len(), ledger.revisions.len());
    let (batches, manifests) = (ledger.batches.len(), ledger.manifests.len());
    are_as_long(ledger)
        && ledger.nodes.last.iter().all(|last| *last == NONE || below(*last, revisions))
        && (0..nodes).all(|node| {
            let kind = ledger.nodes.kinds.get(node);
            kind.is_some_and(|kind| usize::from(kind) < KINDS.len())
        })
        && ledger.revisions.numbers().all(|number| {
            below(ledger.revisions.node(number), nodes)
                && chain(ledger.revisions.chain(number))
                && ledger.revisions.before(number).is_none_or(|before| before < number)
                && ledger.revisions.at(number).segment >= 1
        })
        && ledger.revisions.also.keys().all(|number| below(*number, revisions))
        && ledger.snapshots.iter().all(|snapshot| chain(snapshot.chain))
        && ledger.batches.iter().all(|batch| {
            below(batch.revision, revisions)
                && batch.place.is_none_or(|(manifest, _)| below(manifest, manifests))
        })
        && ledger.seen_rows.iter().all(|seen| below(seen.batch, batches))
}

/// Have lists that stand beside one another the same length?
fn are_as_long(ledger: &Ledger) -> bool {
    let (nodes, revisions) = (&ledger.nodes, &ledger.revisions);
    let of_nodes = [
        nodes.kinds.len(),
        nodes.key_ends.len(),
        nodes.born.len(),
        nodes.stubs.len(),
        nodes.last.len(),
    ];
    let of_revisions = [
        revisions.contents.len(),
        revisions.nodes.len(),
        revisions.chains.len(),
        revisions.places.len(),
        revisions.before.len(),
        revisions.commits.len(),
        revisions.observed.len(),
        revisions.first_seen.len(),
        revisions.last_seen.len(),
    ];
    of_nodes.iter().all(|length| *length == nodes.len())
        && of_revisions.iter().all(|length| *length == revisions.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage::Damage;
    use crate::draft::{NodeDraft, Saying};
    use crate::schema::Kind;
    use crate::segment::{Walk, open_segment};
    use crate::storage::MemoryStorage;
    use crate::store::{Options, Store};
    use lineal_proof::frame::SEGMENT_HEADER;
    use lineal_proof::{Hash, Key};
    use std::collections::BTreeMap;
    use std::sync::Arc;

    const PATH: &str = "index/ledger.idx";

    /// Five commits: nodes said anew, a stub, full snapshots that confirm some and leave out one, and a
    /// retraction.
    fn store(storage: &Arc<MemoryStorage>) -> Store {
        let store = Store::create_on(storage.clone(), Options::default()).unwrap();
        for (night, status) in (1_i64..).zip(["RUNNING", "FINISHED", "FINISHED", "FAILED"]) {
            let saying = Saying { source: "s".into(), form: "f".into(), observed_at: night };
            let mut transaction = store.begin(None, None).unwrap();
            transaction.snapshot_follows();
            let mut held = BTreeMap::new();
            for name in ["a", "b", "c"] {
                let mut run = NodeDraft::new(Kind::Run, Key::text(name));
                run.fields.insert("status", if name == "a" { status } else { "FINISHED" });
                let staged = transaction.add_node(&saying, run).unwrap();
                if name != "c" || night != 2 {
                    held.insert(staged.node, staged.content);
                }
            }
            transaction.add_snapshot(&saying, held);
            transaction.commit().unwrap();
        }
        let mut transaction = store.begin(None, None).unwrap();
        transaction.add_retract(3, false, None).unwrap();
        transaction.commit().unwrap();
        store
    }

    fn written(ledger: &Ledger, head: &Head) -> (Vec<u8>, Ledger) {
        let storage = MemoryStorage::new();
        ledger.write(&storage, PATH, head).unwrap();
        let bytes = storage.read(PATH).unwrap().unwrap();
        let damage = Arc::new(Damage::default());
        let opened = Sections::open(PATH, bytes.clone(), IndexKind::Ledger, &damage);
        (bytes.to_vec(), Ledger::open(&opened.unwrap().1).unwrap())
    }

    #[test]
    fn a_file_that_cannot_be_used_is_written_again_though_nothing_is_new() {
        let storage = Arc::new(MemoryStorage::new());
        let first = store(&storage);
        first.write_indexes().unwrap();
        let head = first.read_state().head;
        drop(first);
        let is_usable = || {
            let bytes = storage.read(PATH).unwrap().unwrap();
            crate::index::read_ledger(&bytes, &head).is_some()
        };
        assert!(is_usable());
        let length = storage.read(PATH).unwrap().unwrap().len();
        storage.damage(PATH, |bytes| bytes[length / 2] ^= 1);
        assert!(!is_usable());
        let again = Store::open_on(storage.clone(), Options::default()).unwrap();
        again.write_indexes().unwrap();
        assert!(is_usable(), "or every open would read the log from its start");
    }

    #[test]
    fn a_ledger_that_goes_on_from_its_file_is_the_one_that_was_never_written() {
        let storage = Arc::new(MemoryStorage::new());
        let store = store(&storage);
        let head = store.read_state().head;
        let segment = open_segment(&*storage, 1, store.id()).unwrap().unwrap();
        let mut walk = Walk::new(1, &segment, SEGMENT_HEADER as u64, u64::MAX);
        let (mut whole, mut again) = (Ledger::default(), Ledger::default());
        while let Some(transaction) = walk.next().unwrap() {
            whole.take(&transaction).unwrap();
            again.take(&transaction).unwrap();
            let (bytes, opened) = written(&again, &head);
            assert!(bytes == written(&whole, &head).0, "commit {}", whole.commit());
            again = opened;
            assert_eq!(again.revisions.ids.tail_len(), 0, "all of it is read from the file");
        }
        assert_eq!((again.commit(), again.nodes.len(), again.revisions.len()), (5, 3, 5));
        let rank = again.rank(5);
        for node in 0..3 {
            let id = whole.nodes.id(node);
            assert_eq!(
                (again.node(&id), again.nodes.key(node)),
                (Some(node), whole.nodes.key(node))
            );
            assert_eq!(again.heads(node, 5, &rank), whole.heads(node, 5, &rank));
            for revision in whole.revisions_of(node) {
                let said = |ledger: &Ledger| ledger.said(revision).collect::<Vec<_>>();
                assert_eq!(said(&again), said(&whole));
            }
        }
        assert_eq!(again.node(&Hash::of(b"nobody")), None);
        // The second does not confirm c, the third does again.
        let also: Vec<u32> = again.revisions.also.keys().copied().collect();
        assert_eq!(also, [2], "snapshots are two numbers a revision, but for gaps");
    }
}
