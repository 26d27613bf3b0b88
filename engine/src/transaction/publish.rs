//! Writing a transaction: every step durable before the next (docs/format.md, section 12).

use super::encode::{Encoded, encode};
use super::{Committed, Transaction, erased};
use crate::error::{Error, Result};
use crate::head::{HEAD, Head};
use crate::index;
use crate::ledger::Ledger;
use crate::record_map::{LIST, Place, RecordMap, Spill, sort};
use crate::segment::{Walk, segment_path};
use crate::stands::Stands;
use crate::store::Store;
use lineal_proof::absence::Entry;
use lineal_proof::frame::{self, MAGIC_SEGMENT, RecordType, SEGMENT_HEADER};
use lineal_proof::merkle::records_root;
use lineal_proof::record::{Commit, Record};
use lineal_proof::{Cid, Hash};
use sha2::{Digest, Sha256};

pub(super) fn publish(store: &Store, transaction: Transaction<'_>) -> Result<Committed> {
    let _turn = transaction.behind.is_none().then(|| store.turn());
    let mut state = store.state_for_writing()?;
    // Not only while debugging: what was rewritten would rest on another log.
    let is_next = transaction.behind.is_none_or(|commit| commit == state.head.commit);
    assert!(is_next, "who has the turn commits next");
    erased::check(store, &state, &transaction)?;
    let erasing = erased::values_of(&transaction);
    if transaction.has_claims() {
        state.index_claims();
    }
    let (import, actor) = (transaction.import, transaction.actor.clone());
    let mut encoded = encode(store, &state, transaction)?;
    let head = state.head;
    let number = head.commit + 1;
    let last = state.ledger.commit_entry(head.commit).map_or(i64::MIN, |entry| entry.recorded);
    let map = next_map(store, &head, std::mem::take(&mut encoded.entries))?;
    let commit = Commit {
        number,
        recorded: store.now().max(last),
        store: *store.id(),
        actor,
        parent: (head.commit > 0).then_some(Cid(head.commit_id)),
        import: import.unwrap_or(number),
        counts: encoded.counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        records_root: records_root(&encoded.ids),
        segment_sha256: Hash(Sha256::digest(&encoded.bytes).into()),
        map_root: map.as_ref().map(RecordMap::root),
    };
    let Encoded { mut bytes, containers, keys, revisions, events, .. } = encoded;
    let commit_id = frame::write(&mut bytes, RecordType::Commit, &commit.encode());

    let begin_anew = head.length >= store.segment_bytes_max();
    let segment = if begin_anew { head.segment + 1 } else { head.segment };
    let start = if begin_anew { SEGMENT_HEADER as u64 } else { head.length };
    let length = start + bytes.len() as u64;
    let new_head = Head { commit: number, commit_id, segment, length, ..head };

    // Read as every later opening will, before a byte is written: what does not read back is
    // refused here and harms nothing.
    let walked = Walk::over(segment, &bytes, start).next()?;
    let written = walked.ok_or_else(|| {
        Error::corrupt(segment_path(segment), start, "a transaction reads back as it was written")
    })?;
    let read = Ledger::read(&written)?;
    state.ledger.check_room(&read)?;

    // From here on a failure leaves the medium in a state that only opening anew can tell.
    let write = || -> Result<()> {
        let storage = store.storage();
        for (path, container) in &containers {
            storage.put(path, container, false)?;
        }
        store.flush_secrets()?;
        let path = segment_path(segment);
        if begin_anew {
            let header = frame::header(MAGIC_SEGMENT, store.id(), segment);
            storage.append(&path, &header, false)?;
        }
        storage.append(&path, &bytes, false)?;
        // All of it is written: the next opening for writing finds it whole, or does not.
        storage.sync(&path).map_err(|error| error.behind(number, Stands::Unsure))?;
        let named = storage.put(HEAD, &new_head.to_bytes(), false);
        named.map_err(|error| error.behind(number, Stands::Unseen))
    };
    if let Err(error) = write() {
        store.poison(&error);
        return Err(error);
    }
    if let Some(values) = erasing {
        store.note_erased(values.into_iter());
    }
    state.take(read);
    state.ledger.lay_aside(&store.shelf());
    state.head = new_head;
    if let Some(map) = map {
        let root = commit.map_root;
        let place = Place { commit: number, commit_id, segment, length, root };
        store.map_keeper().take(map, place);
    }
    if state.ledger.tail_is_long()
        // What goes wrong here harms nothing: the ledger in memory is whole.
        && let Ok(Some(ledger)) = index::write_ledger(store.storage(), &new_head, &state.ledger)
    {
        *state.ledger = ledger;
    }
    store.pending_keys().take(store, &state, keys);
    let (import, recorded) = (commit.import, commit.recorded);
    Ok(Committed { number, import, recorded, id: commit_id, revisions, events })
}

/// The map after a commit that brings these entries. None where the log before it does not read: what
/// is damaged is told by those who read it, and costs the commit no more than that nothing can be
/// proved absent as of it.
fn next_map(store: &Store, head: &Head, mut entries: Vec<Entry>) -> Result<Option<RecordMap>> {
    sort(&mut entries);
    let spill = Some(Spill::to(store.storage(), store.id()));
    let next = || {
        let (map, _) = store.map_keeper().as_of(store.storage(), head, true)?;
        map.with(head.commit + 1, &entries, spill)
    };
    let again = |error| match error {
        // A run's file was damaged: the segments tell the same.
        Error::Derived { .. } => {
            store.map_keeper().forget();
            store.storage().remove(LIST)?;
            next()
        }
        other => Err(other),
    };
    match next().or_else(again) {
        Ok(map) => Ok(Some(map)),
        Err(Error::Corrupt { .. } | Error::Record { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use crate::draft::{NodeDraft, Saying};
    use crate::error::{Error, Result};
    use crate::schema::Kind;
    use crate::storage::MemoryStorage;
    use crate::store::{Options, Store};
    use lineal_proof::Key;
    use std::sync::Arc;

    #[test]
    fn a_source_too_many_is_refused_and_the_store_opens_again() {
        let storage = Arc::new(MemoryStorage::new());
        let store = Store::create_on(storage.clone(), Options::default()).unwrap();
        let say = |source: &str| -> Result<u64> {
            let (source, form) = (source.to_owned(), "mlflow-rest".to_owned());
            let mut transaction = store.begin(None, None)?;
            let saying = Saying { source, form, observed_at: 1 };
            transaction.add_node(&saying, NodeDraft::new(Kind::Run, Key::text("4cf1")))?;
            Ok(transaction.commit()?.number)
        };
        say("first").unwrap();
        let others = (0..65_534).map(|number| (format!("other {number}"), "form".to_owned()));
        store.state_for_writing().unwrap().ledger.chains.extend(others);
        say("last").unwrap();
        let refused = say("too many").unwrap_err();
        assert!(matches!(refused, Error::Limit { found: 65_537, limit: 65_536, .. }), "{refused}");
        assert_eq!(say("first").unwrap(), 3, "what is known has its place");
        drop(store);
        assert_eq!(Store::open_on(storage, Options::default()).unwrap().commit(), 3);
    }
}
