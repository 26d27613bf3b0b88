//! What holds as of a commit: alive, heads of chains, gone (docs/format.md, section 13).

use super::nodes::NONE;
use super::{Ledger, SeenRowsEntry};
use crate::catalog::Places;
use crate::events::IndexedFields;
use lineal_proof::record::{Reference, Source};
use lineal_proof::{Hash, Value};

/// The head of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ChainHead {
    pub(crate) chain: u16,
    pub(crate) revision: u32,
    /// The latest time as of which somebody says so.
    pub(crate) effective: i64,
}

impl Ledger {
    /// Is an import undone, as of a commit?
    pub(crate) fn is_retracted(&self, import: u64, upto: u64) -> bool {
        let last = self.retractions.iter().rev().find(|(of, at, _)| *of == import && *at <= upto);
        last.is_some_and(|(_, _, restore)| !restore)
    }

    /// Is any import undone, as of a commit?
    pub(crate) fn has_retracted(&self, upto: u64) -> bool {
        self.retractions.iter().any(|(import, _, _)| self.is_retracted(*import, upto))
    }

    /// Source records in the order of the log: where places are given, those that stand there.
    pub(crate) fn sources_at(&self, at: Option<Places>) -> impl Iterator<Item = &(u64, Source)> {
        let at = at.unwrap_or(Places { commits: Vec::new(), after: 0 });
        let from = |commit: u64| self.sources.partition_point(|(other, _)| *other < commit);
        let listed = at.commits.into_iter().filter(move |commit| *commit <= at.after);
        let listed = listed.flat_map(move |commit| &self.sources[from(commit)..from(commit + 1)]);
        listed.chain(&self.sources[from(at.after + 1)..])
    }

    /// Those of imports that are not retracted.
    pub(crate) fn alive_sources(&self, at: Option<Places>) -> impl Iterator<Item = &(u64, Source)> {
        let upto = self.commit();
        self.sources_at(at).filter(move |(commit, _)| self.stands(*commit, upto))
    }

    /// Who says that a revision is so, and as of when: its own commit first, then what saw it again,
    /// each kind in the order of the log.
    pub(crate) fn said(&self, revision: u32) -> impl Iterator<Item = (u64, i64)> + '_ {
        let own = (self.revisions.commit(revision), self.revisions.observed_at(revision));
        let at = revision as usize;
        let (first, last) = (self.revisions.first_seen[at], self.revisions.last_seen[at]);
        let chain = self.chain_snapshots.get(usize::from(self.revisions.chain(revision)));
        let seen = chain.and_then(|all| all.get(first.checked_sub(1)? as usize..last as usize));
        let seen = seen.unwrap_or_default().iter().map(|number| {
            let snapshot = &self.snapshots[*number as usize];
            (snapshot.commit, snapshot.observed_at)
        });
        let also = self.revisions.also.get(&revision).into_iter().flatten().copied();
        std::iter::once(own).chain(seen).chain(also)
    }

    /// The revisions of a node, the last first.
    pub(crate) fn revisions_of(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let last = self.nodes.last.get(node as usize).copied().filter(|last| *last != NONE);
        std::iter::successors(last, |revision| self.revisions.before(*revision))
    }

    /// The effective time of a revision as of a commit; none if it is not alive.
    pub(crate) fn effective(&self, revision: u32, upto: u64) -> Option<i64> {
        let said = self.said(revision).filter(|(commit, _)| self.stands(*commit, upto));
        said.map(|(_, observed_at)| observed_at).max()
    }

    /// The head of one chain of a node.
    pub(crate) fn chain_head(&self, node: u32, chain: u16, upto: u64) -> Option<ChainHead> {
        self.revisions_of(node)
            .filter(|revision| self.revisions.chain(*revision) == chain)
            .filter_map(|revision| {
                let effective = self.effective(revision, upto)?;
                Some((effective, self.revisions.content(revision), revision))
            })
            .max()
            .map(|(effective, _, revision)| ChainHead { chain, revision, effective })
    }

    /// The revision of a node's chain that says exactly this, alive or not.
    pub(crate) fn known_revision(
        &self,
        node: &Hash,
        (source, form): (&str, &str),
        content: &Hash,
    ) -> Option<Hash> {
        let chain = self.chain(source, form)?;
        let all = &self.revisions;
        let same = self
            .revisions_of(self.node(node)?)
            .filter(|revision| all.chain(*revision) == chain && all.content(*revision) == *content);
        same.last().map(|revision| all.id(revision))
    }

    /// The heads of all chains of a node, the one that stands on top first: by the rank of its
    /// form, then the later effective time, then the smaller content digest.
    pub(crate) fn heads(&self, node: u32, upto: u64, rank: &Rank) -> Vec<ChainHead> {
        let mut chains: Vec<u16> =
            self.revisions_of(node).map(|revision| self.revisions.chain(revision)).collect();
        chains.sort_unstable();
        chains.dedup();
        let mut heads: Vec<_> =
            chains.into_iter().filter_map(|chain| self.chain_head(node, chain, upto)).collect();
        if heads.len() < 2 {
            return heads;
        }
        heads.sort_by_cached_key(|head| {
            let (source, form) = &self.chains[usize::from(head.chain)];
            let content = self.revisions.content(head.revision);
            // Two forms that say the same at the same time: by name, not by who came first.
            let name = (source.clone(), form.clone());
            (rank.of(form), std::cmp::Reverse(head.effective), content, name)
        });
        heads
    }

    /// Rows of a batch that live on although every import that holds all of them is retracted; none
    /// if the batch lives as a whole.
    pub(crate) fn kept_rows(&self, batch: u32, upto: u64) -> Option<Vec<(u32, u32)>> {
        if self.retractions.is_empty() {
            return None;
        }
        let living = |commit: u64| self.stands(commit, upto);
        let partial: Vec<&SeenRowsEntry> =
            self.seen_rows.iter().filter(|seen| seen.batch == batch).collect();
        let whole = self
            .said(self.batches[batch as usize].revision)
            .any(|(commit, _)| living(commit) && !partial.iter().any(|seen| seen.commit == commit));
        if whole {
            return None;
        }
        let runs = partial.iter().filter(|seen| living(seen.commit));
        let runs: Vec<(u32, u32)> = runs.flat_map(|seen| seen.runs.iter().copied()).collect();
        Some(crate::runs::merged(&runs, &[]))
    }

    /// Since when a chain's head is missing from full snapshots of its source and form: the
    /// interval from its own effective time to that of the first snapshot without it.
    pub(crate) fn gone(&self, head: &ChainHead, upto: u64) -> Option<(i64, i64)> {
        self.snapshots
            .iter()
            .filter(|snapshot| {
                snapshot.chain == head.chain
                    && snapshot.observed_at > head.effective
                    && self.stands(snapshot.commit, upto)
            })
            .map(|snapshot| (head.effective, snapshot.observed_at))
            .min()
    }

    /// Was something of a commit said, as of another, by an import that is not retracted?
    pub(crate) fn stands(&self, commit: u64, upto: u64) -> bool {
        // Imports are retracted rarely: the common case asks nothing.
        commit <= upto
            && (self.retractions.is_empty() || !self.is_retracted(self.import_of(commit), upto))
    }

    /// The names given by hand that stand as of a commit, in log order.
    pub(crate) fn references(&self, upto: u64) -> impl Iterator<Item = &Reference> {
        let standing = self.references.iter().filter(move |(commit, _)| self.stands(*commit, upto));
        standing.map(|(_, reference)| reference)
    }

    /// A setting as it was said each time, with the commit that said it, whatever was retracted since.
    pub(crate) fn settings_said<'a>(
        &'a self,
        name: &'a str,
    ) -> impl Iterator<Item = (u64, &'a Value)> {
        let said = self.settings.iter().filter(move |(_, setting)| setting.name == name);
        said.map(|(commit, setting)| (*commit, &setting.value))
    }

    /// A setting as of a commit.
    pub(crate) fn setting(&self, name: &str, upto: u64) -> Option<&Value> {
        let mut latest = self.settings.iter().rev();
        let found =
            latest.find(|(commit, setting)| setting.name == name && self.stands(*commit, upto));
        found.map(|(_, setting)| &setting.value)
    }

    /// Which event fields can be looked up by value, as of a commit.
    pub(crate) fn indexed(&self, upto: u64) -> IndexedFields {
        self.setting("indexed", upto).map(IndexedFields::from_setting).unwrap_or_default()
    }

    /// Which forms stand before which, as of a commit.
    pub(crate) fn rank(&self, upto: u64) -> Rank {
        let listed = self.setting("rank", upto).and_then(Value::as_list).map(|forms| {
            forms.iter().filter_map(|form| form.as_text().map(str::to_owned)).collect()
        });
        Rank { forms: listed.unwrap_or_else(|| DEFAULT_RANK.map(str::to_owned).to_vec()) }
    }
}

/// The order of forms where no setting says otherwise: fuller ones first.
const DEFAULT_RANK: [&str; 4] =
    ["mlflow-sqlite", "mlflow-file", "mlflow-rest", "mlflow-export-import"];

/// Which forms stand before which.
pub(crate) struct Rank {
    forms: Vec<String>,
}

impl Rank {
    fn of(&self, form: &str) -> usize {
        self.forms.iter().position(|listed| listed == form).unwrap_or(self.forms.len())
    }
}
