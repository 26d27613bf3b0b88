//! Putting a pack together: which checkpoint, which view, and the files in the order in which one
//! needs what another made.

use super::{
    AsOf, Counts, Disclosure, Error, Files, Pack, Step, Wanted, coverage, custody, documents,
    findings, graph, keys, manifest, proofs, readme, reports, retention, samples, verify_page,
};
use crate::Closure;
use crate::check::time_text;
use crate::own_events::view_of;
use crate::report::{Reference, nearest_systems};
use lineal_engine::public_log::KeptCheckpoint;
use lineal_engine::schema::{Direction, Kind, Relation};
use lineal_engine::{NodeNo, Snapshot, Store};
use lineal_proof::Hash;
use lineal_proof::bundle::VERIFIER;
use lineal_query::told::{Target, resolve};
use lineal_query::{Source, StoreView};
use serde_json::json;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The kinds of which there are packs: what a person asks about. Of anything else there are proofs.
const KINDS: [Kind; 4] = [Kind::Model, Kind::System, Kind::Deployment, Kind::Incident];

/// What a pack is made from, and what is counted on the way.
pub(super) struct Making<'a> {
    pub(super) store: &'a Arc<Store>,
    /// As of the checkpoint's last commit.
    pub(super) view: StoreView,
    pub(super) closure: Closure,
    pub(super) kept: KeptCheckpoint,
    /// The bytes of the checkpoint's note, against which everything is shown.
    pub(super) note: Vec<u8>,
    pub(super) disclosure: Disclosure,
    /// What counts as today, ns.
    pub(super) today: i64,
    pub(super) samples: u32,
    pub(super) counts: Counts,
    pub(super) proofs: proofs::Proofs,
    tell: &'a dyn Fn(Step) -> ControlFlow<()>,
}

impl Making<'_> {
    pub(super) fn snapshot(&self) -> &Snapshot {
        self.view.snapshot()
    }

    /// Commits that the checkpoint covers.
    pub(super) fn size(&self) -> u64 {
        self.kept.note.checkpoint.size
    }

    /// The file that proves the revision that a reference names.
    pub(super) fn proof_of(&self, node: &Reference) -> Option<String> {
        let revision = Hash::from_hex(node.revision.as_deref()?)?;
        self.proofs.revisions.get(&revision).cloned()
    }

    /// Says how far it is.
    ///
    /// # Errors
    /// [`Error::Stopped`] if nobody waits for it any more.
    pub(super) fn tell(&self, what: &'static str, done: usize, of: usize) -> Result<(), Error> {
        match (self.tell)(Step { what, done: done as u64, of: of as u64 }) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Error::Stopped),
        }
    }
}

/// Makes the pack of a thing. `tell` is told how far it is, and may end it.
///
/// # Errors
/// [`Error`]: there is no checkpoint, no such thing, or something of it cannot be read or shown.
pub fn pack(
    store: &Arc<Store>,
    wanted: &Wanted<'_>,
    tell: &dyn Fn(Step) -> ControlFlow<()>,
) -> Result<Pack, Error> {
    let (size, time) = checkpoint(store, wanted.as_of)?;
    let kept = store.kept_checkpoint(size)?;
    let newest = StoreView::new(Arc::clone(store))?.without_trail();
    let no_commit = || Error::NoCommit { number: size, newest: newest.commit() };
    let view = newest.as_of_commit(size)?.ok_or_else(no_commit)?;
    let root = subject(&newest, &view, wanted.subject, size)?;
    let closure = match wanted.disclosure.withholds() {
        true => without_other_systems(view.snapshot(), root)?,
        false => Closure::of(view.snapshot(), root)?,
    };
    // Of a system the events of that system alone.
    let view = match view.snapshot().kind_of(root) {
        Kind::System => view_of(&view, root)?,
        _ => view,
    };
    let counts = Counts {
        nodes: closure.members.len() as u64,
        edges: closure.edges.len() as u64,
        ..Counts::default()
    };
    let mut making = Making {
        store,
        today: time.unwrap_or_else(|| view.recorded()),
        note: kept.note.to_string().into_bytes(),
        view,
        closure,
        kept,
        disclosure: wanted.disclosure,
        samples: wanted.samples.min(samples::SAMPLES_MAX),
        counts,
        proofs: proofs::Proofs::default(),
        tell,
    };
    let mut files = Files::default();
    let keys = keys::add(&making, &mut files)?;
    // What names a proof comes behind the proof.
    proofs::revisions(&mut making, &mut files)?;
    let covered = coverage::add(&mut making, &mut files)?;
    samples::add(&mut making, &mut files, &covered)?;
    proofs::paths(&mut making, &mut files)?;
    proofs::index(&making, &mut files)?;
    graph::add(&making, &mut files)?;
    documents::add(&mut making, &mut files)?;
    custody::add(&making, &mut files, &covered)?;
    retention::add(&making, &mut files, &covered)?;
    let findings = findings::add(&making, &mut files)?;
    reports::add(&making, &mut files)?;
    verify_page::add(&making, &mut files, &keys)?;
    files.add("verify/verify.py", VERIFIER.as_bytes().to_vec())?;
    readme::add(&making, &mut files, &keys, &findings, &covered)?;
    about(&making, &mut files, &keys, wanted)?;
    if let Some(error) = making.view.damage() {
        return Err(error.into());
    }
    let digest = manifest::seal(store, &mut files, &keys.signing)?;
    let subject = making.closure.root().name.clone();
    Ok(Pack {
        name: format!("pack-{}-at-{size}", super::files::file_name(&subject)),
        files,
        subject,
        size,
        recorded: making.closure.recorded,
        digest,
        key: keys.signing.to_string(),
        reports: findings.reports,
        counts: making.counts,
    })
}

/// The checkpoint that counts, and the time that was named, if one was.
fn checkpoint(store: &Store, as_of: Option<AsOf>) -> Result<(u64, Option<i64>), Error> {
    let newest = store.commit();
    let (upto, time) = match as_of {
        None => (newest, None),
        Some(AsOf::Commit(number)) if number > newest => {
            return Err(Error::NoCommit { number, newest });
        }
        Some(AsOf::Commit(number)) => (number, None),
        Some(AsOf::Time(time)) => (store.commit_at(time), Some(time)),
    };
    let size = store.checkpoint_sizes()?.into_iter().rfind(|size| *size <= upto);
    let none = || Error::NoCheckpoint {
        upto: as_of.map(|_| format!(" of commit {upto} or before")).unwrap_or_default(),
    };
    Ok((size.ok_or_else(none)?, time))
}

/// What a thing rests on, of all systems only those that it is part of: data and runs may be shared with
/// systems of others, which are nobody's business who is handed this.
fn without_other_systems(view: &Snapshot, root: NodeNo) -> Result<Closure, Error> {
    let mut own = nearest_systems(view, root);
    if view.kind_of(root) == Kind::Incident {
        for node in view.edges(root, Relation::Concerns, Direction::Forward) {
            own.extend(nearest_systems(view, *node));
        }
    }
    let sees = |node: NodeNo| view.kind_of(node) != Kind::System || own.contains(&node);
    Ok(Closure::within(view, root, &sees, &|| true)?)
}

/// The node that is meant.
fn subject(newest: &StoreView, view: &StoreView, text: &str, size: u64) -> Result<NodeNo, Error> {
    let wrong = || Error::WrongKind { name: text.to_owned() };
    match resolve(view.snapshot(), text) {
        Ok(Target::Node(node)) if KINDS.contains(&view.snapshot().kind_of(node)) => Ok(node),
        Ok(_) => Err(wrong()),
        Err(why) if resolve(newest.snapshot(), text).is_ok() => {
            Err(Error::NotYet { subject: text.to_owned(), size, why: why.to_string() })
        }
        Err(why) => Err(why.into()),
    }
}

/// `pack.json`: what the pack is, for programs.
fn about(
    making: &Making<'_>,
    files: &mut Files,
    keys: &keys::Keys,
    wanted: &Wanted<'_>,
) -> Result<(), Error> {
    let (root, said) = (making.closure.root(), &making.kept.note.checkpoint);
    let as_of = match wanted.as_of {
        None => json!(null),
        Some(AsOf::Commit(number)) => json!({ "commit": number }),
        Some(AsOf::Time(time)) => json!({ "time": time_text(time) }),
    };
    files.json(
        "pack.json",
        &json!({
            "type": "lineal-pack",
            "format": 1,
            "subject": { "name": root.name, "kind": root.kind.name(), "id": root.id.to_string() },
            "disclosure": making.disclosure.name(),
            "as_of": as_of,
            "today": time_text(making.today),
            "checkpoint": {
                "size": said.size,
                "root": said.root.to_string(),
                "recorded": time_text(making.closure.recorded),
                "note": keys::note_path(said.size),
            },
            "log": { "name": said.origin, "key": keys.signing.to_string() },
            "counts": making.counts,
            "program": concat!("lineal ", env!("CARGO_PKG_VERSION")),
        }),
    )
}
