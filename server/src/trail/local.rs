//! What is written beside a store with the command line: in the same trail, as one entry a command.
//!
//! It is durable before the command does anything; what came of it say the commits that follow. Reading
//! beside a store is not in it: whoever can read the files needs no program of ours for that.

use super::entry::Entry;
use super::seal::commit;
use super::{FORM, START_BYTES, Use};
use crate::config;
use lineal_engine::journal::{Journal, Request};
use lineal_engine::{Error, Result, Store};
use lineal_proof::Hash;

/// Notes that a command is about to write a store, which is open for that: `lineal COMMAND`, and the
/// line as it was typed, which is sealed. What waited long enough in the trail's journal is committed,
/// as a server would do it; the index is left to the command.
///
/// # Errors
/// What the journal, the store or the medium says. Then the command must not do its work.
pub fn note_command(store: &Store, command: &str, line: String, now: i64) -> Result<()> {
    let mut journal = Journal::open_trail(store)?;
    let mut start = [0; START_BYTES];
    getrandom::fill(&mut start).map_err(|error| Error::Io {
        action: "take random numbers for",
        path: "trail".into(),
        source: std::io::Error::other(error),
    })?;
    let start = data_encoding::HEXLOWER.encode(&start);
    let each = Use {
        time: now,
        what: "use",
        endpoint: Some(format!("lineal {command}")),
        count: 1,
        before: Some(store.commit()),
        question: Some(line),
        address: Some(here()),
        ..Use::default()
    };
    let bare = Use { question: None, address: None, ..each.clone() };
    let entry = match Entry::of(each, &start, 0).veiled(store) {
        // Without the keys nothing can be sealed: that somebody wrote is kept all the same.
        Err(Error::NoKey { .. }) => Entry::of(bare, &start, 0).veiled(store)?,
        entry => entry?,
    };
    let (form, entries) = (FORM.to_owned(), vec![entry]);
    let body = Hash::default();
    journal.append(&[Request { form, key: None, body, received: now, entries, first: 0 }])?;
    let bounds = config::Trail::default();
    let pending = journal.pending();
    let age = pending.oldest.map_or(0, |oldest| now.saturating_sub(oldest) / super::SECOND_NS);
    let is_old = u64::try_from(age).is_ok_and(|age| age >= bounds.seal_seconds);
    if is_old || pending.entries >= bounds.entries {
        commit_all(&mut journal, store, now)?;
    }
    Ok(())
}

/// Makes commits of what waits in the trail's journal, for a command that must find all of the trail in the
/// log; the index is left to it. Without the keys it waits on: nobody can read it.
///
/// # Errors
/// What the journal, the store or the medium says. Then the command must not do its work.
pub fn commit_noted(store: &Store, now: i64) -> Result<()> {
    match commit_all(&mut Journal::open_trail(store)?, store, now) {
        Err(Error::NoKey { .. }) => Ok(()),
        done => done,
    }
}

fn commit_all(journal: &mut Journal, store: &Store, now: i64) -> Result<()> {
    let files = journal.files();
    for number in journal.close(now)? {
        commit(&files, number, store)?;
        files.remove(number)?;
        journal.sealed(number);
    }
    Ok(())
}

/// Who runs this, as the system knows them: a name in the environment could be any.
fn here() -> String {
    #[cfg(target_os = "linux")]
    if let Ok(own) = std::fs::metadata("/proc/self") {
        return format!("this machine, uid {}", std::os::linux::fs::MetadataExt::st_uid(&own));
    }
    "this machine".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lineal_engine::schema::Kind;
    use lineal_engine::{Options, Snapshot};
    use lineal_proof::Value;

    const HOUR: i64 = 3_600 * super::super::SECOND_NS;

    fn accesses(view: &Snapshot) -> Vec<(Option<Value>, Option<Value>)> {
        let nodes = view.nodes_of(Kind::Access);
        nodes
            .map(|node| {
                (view.field(node, "endpoint").unwrap(), view.field(node, "question").unwrap())
            })
            .collect()
    }

    #[test]
    fn a_command_waits_in_the_journal_unreadable_and_is_committed_with_one_an_hour_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let store = Store::create(&path, Options::default()).unwrap();
        note_command(&store, "import", "lineal import secret.db".to_owned(), 7).unwrap();
        assert_eq!(store.commit(), 0, "one use is no commit");
        let journal = std::fs::read(path.join("trail/00000001.lnj")).unwrap();
        let holds = |text: &str| journal.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(holds("lineal import") && !holds("secret") && !holds("this machine"));
        drop(store);
        let store = Store::open(&path, Options::default()).unwrap();
        note_command(&store, "alias", "lineal alias a = b".to_owned(), 7 + HOUR).unwrap();
        assert_eq!(store.commit(), 1);
        let mut found = accesses(&store.snapshot().unwrap());
        found.sort_by_key(|(endpoint, _)| format!("{endpoint:?}"));
        let text = |text: &str| Some(Value::text(text));
        assert_eq!(
            found,
            [
                (text("lineal alias"), text("lineal alias a = b")),
                (text("lineal import"), text("lineal import secret.db")),
            ]
        );
        let left = std::fs::read_dir(path.join("trail")).unwrap().count();
        assert_eq!(left, 1, "what is committed waits no more");
    }

    #[test]
    fn without_the_keys_it_is_kept_that_somebody_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        drop(Store::create(&path, Options::default()).unwrap());
        std::fs::remove_file(path.join("keys/seeds")).unwrap();
        let store = Store::open(&path, Options::default()).unwrap();
        note_command(&store, "retract", "lineal retract 1".to_owned(), 7).unwrap();
        let journal = std::fs::read(path.join("trail/00000001.lnj")).unwrap();
        let holds = |text: &str| journal.windows(text.len()).any(|part| part == text.as_bytes());
        assert!(holds("lineal retract") && !holds("lineal retract 1"));
    }
}
