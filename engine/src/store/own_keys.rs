//! Before anything is written, the keys that are here are held to what the log says: what is written under
//! another store's keys, or beside seeds of before, is lost to whoever has the right ones, for ever.
//!
//! That is done once for an open store, when it is first written. What is derived of the index key tells at once
//! (`pending_keys.rs`); a copy that was restored has none of it, and then a small batch does.

use super::lacking::Lacking;
use super::{Options, State, Store};
use crate::error::{Error, Result};
use crate::schema::Kind;
use crate::sealed::{LOGINS, Persons};
use crate::segment::segment_path;
use lineal_proof::Hash;
use lineal_proof::record::Sealed;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// Sealed names that are opened at most: opening each of many persons' would be felt.
const NAMES_MAX: usize = 64;
/// Batches that are read at most: a single one may be what is damaged.
const BATCHES_MAX: usize = 3;

/// What was found to be the store's own.
#[derive(Default)]
pub(super) struct OwnKeys {
    actor: OnceLock<()>,
    seeds: OnceLock<()>,
}

impl Options {
    /// With what the environment says of going on: `LINEAL_DESPITE_MISSING_SEEDS=1` and
    /// `LINEAL_DESPITE_OTHER_PERSONS=1`. Both are for a store whose right keys nobody has any more.
    #[must_use]
    pub fn by_environment(self) -> Options {
        let says = |name: &str| std::env::var_os(name).is_some_and(|said| said == "1");
        Options {
            despite_missing_seeds: self.despite_missing_seeds
                || says("LINEAL_DESPITE_MISSING_SEEDS"),
            despite_other_persons: self.despite_other_persons
                || says("LINEAL_DESPITE_OTHER_PERSONS"),
            ..self
        }
    }
}

impl Store {
    /// Refuses to write under keys that are another store's: what would be recorded under them (digests of files,
    /// fingerprints of what was erased, who is on record) would be known by nobody who has the right ones.
    ///
    /// # Errors
    /// [`Error::OtherIndexKey`], [`Error::OtherActorKey`], or what the medium says.
    pub(crate) fn need_own_keys(&self) -> Result<()> {
        self.need_index_key_in(&self.read_state())?;
        self.need_actor_key()
    }

    /// The same of the key of the index alone, for who holds the state.
    pub(crate) fn need_index_key_in(&self, state: &State) -> Result<()> {
        let files = self.run_files(state.ledger.indexed(state.head.commit));
        self.pending_keys.need_key(&files, || match self.aside_of {
            // Nothing of it stays.
            Some(_) => Ok(()),
            None => self.need_index_key_of_truth(state),
        })
    }

    /// Refuses an index key under which the keys of the batches were not made, as far as some small ones tell.
    ///
    /// # Errors
    /// [`Error::OtherIndexKey`], or what the medium says.
    pub(crate) fn need_index_key_of_truth(&self, state: &State) -> Result<()> {
        if self.value_hasher().is_err() {
            return Ok(());
        }
        let ledger = &state.ledger;
        let id = |revision: u32| ledger.revisions.id(revision);
        let tells = |erased: &[(u32, u32)], revision: u32| {
            erased.is_empty() || !ledger.kept_keys(&id(revision)).is_empty()
        };
        let mut small: Vec<(u32, u32)> = ledger
            .batches
            .iter()
            .filter(|batch| tells(&batch.erased, batch.revision))
            .map(|batch| (batch.rows, batch.revision))
            .collect();
        small.sort_unstable();
        let mut other = None;
        let mut asked = 0;
        for (_, revision) in small {
            match self.is_under_own_key(state, &id(revision))? {
                Some(true) => return Ok(()),
                Some(false) => {
                    other.get_or_insert(revision);
                    asked += 1;
                }
                // Of a program that had no index key, maybe.
                None => {}
            }
            if asked >= BATCHES_MAX {
                break;
            }
        }
        let Some(revision) = other else { return Ok(()) };
        let path = segment_path(ledger.revisions.at(revision).segment);
        Err(Error::OtherIndexKey { file: format!("the keys_root of a batch in {path}") })
    }

    /// Refuses to write where the key of persons is another store's: who is on record would be recorded anew, and
    /// what is asked of the former be answered of the new one.
    fn need_actor_key(&self) -> Result<()> {
        if self.own_keys.actor.get().is_some()
            || self.options.despite_other_persons
            || self.aside_of.is_some()
        {
            return Ok(());
        }
        let persons = {
            let state = self.read_state();
            let (ledger, secrets) = (&state.ledger, self.secrets());
            // Of whom a value was erased, what is left may be an address of later, which their key was not made of.
            let erased: BTreeSet<&Hash> = ledger
                .destroyed()
                .flat_map(|erasure| &erasure.sealed)
                .flat_map(|value| [&value.subject, &value.node])
                .collect();
            let is_person = |id: &Hash| {
                let node = ledger.nodes.find(id);
                node.is_some_and(|node| ledger.nodes.kind(node) == Kind::Actor)
            };
            let is_name = |entry: &&Sealed| {
                LOGINS.contains(&entry.field.as_str())
                    && !erased.contains(&entry.subject)
                    && is_person(&entry.subject)
            };
            let named = secrets.register.entries().filter(is_name);
            // All names of a person, and the same persons each time.
            let mut names: Vec<_> = named.map(|entry| (entry.subject, &entry.commitment)).collect();
            names.sort_unstable();
            let names = names.iter().take(NAMES_MAX).map(|(_, name)| *name);
            match secrets.keys.has_actor_key() {
                true => Persons::of((&secrets.register, &secrets.keys), names),
                false => return Ok(()),
            }
        };
        if persons.are_others() {
            let Persons { fitting, opened } = persons;
            return Err(Error::OtherActorKey { fitting, opened });
        }
        let _ = self.own_keys.actor.set(());
        Ok(())
    }

    /// Refuses to write beside seeds that lack what records need: what would be sealed there is lost when the
    /// right file is put back. Where no seeds are here whoever needs one says so.
    ///
    /// # Errors
    /// [`Error::SeedsMissing`].
    pub(crate) fn need_seeds(&self) -> Result<()> {
        if self.own_keys.seeds.get().is_some()
            || self.options.despite_missing_seeds
            || self.aside_of.is_some()
        {
            return Ok(());
        }
        if let Some(what) = self.lacking_seeds() {
            let instead = "nothing was written. Where no backup has it, LINEAL_DESPITE_MISSING_SEEDS=1 in the \
                           environment goes on without, as `lineal erase ... --despite-missing-seeds` does";
            return Err(Error::SeedsMissing { what, instead: instead.to_owned() });
        }
        let _ = self.own_keys.seeds.set(());
        Ok(())
    }

    /// What the seeds that are here lack, if anything.
    fn lacking_seeds(&self) -> Option<String> {
        let state = self.read_state();
        let secrets = self.secrets();
        let there = (&*state.ledger, &secrets.register);
        let lacking = Lacking::of(&secrets.keys, there, (&|_| false, &|_| Vec::new()));
        if !lacking.is_none() {
            return Some(lacking.to_string());
        }
        // Values of the same things are under the same names in another store, and their keys are others.
        let erased = state.ledger.erased_values();
        let mut closed = 0_u64;
        for entry in secrets.register.entries() {
            match secrets.register.check(&secrets.keys, &entry.commitment) {
                Some(true) => return None,
                Some(false) if !erased.contains(&entry.commitment) => closed += 1,
                _ => {}
            }
        }
        (closed > 0).then(|| Lacking { values: closed, ..Lacking::default() }.to_string())
    }
}
