//! Opening a graph over its sections, and the parts of it that are read when first asked for.

use super::batch_places::{BatchPlace, BatchPlaces};
use super::batches::{self, Batches};
use super::column::{Column, ColumnDraft};
use super::counters::{Counted, CounterColumns, Counters};
use super::tail::Place;
use super::unread::{self, UnreadLog};
use super::{Batch, Csr, Graph, ImportFacts, Labels, NodeNo, RevisionIds, Unshown};
use crate::error::Result;
use crate::events::IndexedFields;
use crate::index::Reader;
use crate::schema::{KINDS, Kind, RELATION_COUNT};
use crate::sections::{Section, Sections, Tag};
use lineal_proof::Key;
use std::collections::BTreeMap;
use std::sync::OnceLock;

impl Graph {
    /// A graph over sections; none if they do not fit one another.
    pub(crate) fn open(sections: Sections) -> Option<Graph> {
        let view = sections.get::<u8>(Tag::View, 0);
        let mut from = Reader::over(view.all()?);
        let (commit, recorded) = (from.u64()?, from.i64()?);
        let indexed = IndexedFields::from_bits(from.u64()?);
        let states_derived = from.u8()? == 1;
        let has_unshown = from.u8()? == 1;
        let restricted_values = from.items(Reader::hash)?;
        let erased_values = from.items(|from| {
            let kind = *KINDS.get(usize::from(from.u8()?))?;
            Some((kind, from.u64()?))
        })?;
        let kinds = from.u32s()?;
        let chains = from.items(|from| Some((from.text()?, from.text()?)))?;
        let containers = batches::read_containers(&mut from)?;
        let ids = sections.get(Tag::NodeIds, 0);
        let count = Section::<[u8; 32]>::whole_len(&ids);
        let place = match sections.holds(Tag::Base, 0) {
            true => Some(Place::read(sections.get(Tag::Base, 0).all()?)?),
            false => None,
        };
        let revision_ids = RevisionIds::open(&sections, count, place.as_ref())?;
        let revisions = revision_ids.len();
        let csrs = |tags| {
            let numbers = 0..u16::try_from(RELATION_COUNT).unwrap_or(u16::MAX);
            numbers.map(|number| Csr::open(&sections, tags, number, count)).collect()
        };
        let graph = Graph {
            commit,
            recorded,
            indexed,
            states_derived,
            has_unshown,
            restricted_values,
            erased_values,
            unshown: OnceLock::new(),
            count,
            kinds,
            chains,
            containers,
            ids,
            key_offsets: sections.get(Tag::KeyOffsets, 0),
            key_bytes: sections.get(Tag::KeyBytes, 0),
            flags: sections.get(Tag::Flags, 0),
            first_commits: sections.get(Tag::FirstCommits, 0),
            last_commits: sections.get(Tag::LastCommits, 0),
            revision_counts: sections.get(Tag::RevisionCounts, 0),
            head_offsets: sections.get(Tag::HeadOffsets, 0),
            head_chains: sections.get(Tag::HeadChains, 0),
            head_revisions: sections.below(Tag::HeadRevisions, 0, revisions),
            head_places: sections.get(Tag::HeadPlaces, 0),
            candidate_nodes: sections.below(Tag::CandidateNodes, 0, count),
            candidate_offsets: sections.get(Tag::CandidateOffsets, 0),
            candidates: sections.below(Tag::Candidates, 0, count),
            doubtful: sections.below(Tag::Doubtful, 0, count),
            claimed_nodes: sections.below(Tag::ClaimedNodes, 0, count),
            claim_offsets: sections.get(Tag::ClaimOffsets, 0),
            open_claims: sections.below(Tag::OpenClaims, 0, count),
            forward: csrs((Tag::ForwardOffsets, Tag::ForwardTargets)),
            inverse: csrs((Tag::InverseOffsets, Tag::InverseTargets)),
            labels: Labels::open(&sections, count, place.as_ref())?,
            revision_ids,
            blob_ids: sections.get(Tag::BlobIds, 0),
            blob_places: sections.get(Tag::BlobPlaces, 0),
            commit_times: sections.get(Tag::CommitTimes, 0),
            batch_places: BatchPlaces::open(&sections)?,
            batches: OnceLock::new(),
            counters: OnceLock::new(),
            imports: OnceLock::new(),
            aliases: OnceLock::new(),
            unread: OnceLock::new(),
            columns: Default::default(),
            tail: None,
            sections,
        };
        (from.is_at_end() && graph.fits()).then_some(graph)
    }

    /// Is every section as long as those beside it say?
    fn fits(&self) -> bool {
        let heads = self.head_chains.whole_len();
        u32::try_from(self.count).is_ok()
            && self.kinds.len() == KINDS.len() + 1
            && self.kinds.is_sorted()
            && self.kinds.last().is_some_and(|end| *end as usize == self.count)
            && self.key_offsets.whole_len() == self.count + 1
            && self.flags.whole_len() == self.count
            && self.first_commits.whole_len() == self.count
            && self.last_commits.whole_len() == self.count
            && self.revision_counts.whole_len() == self.count
            && self.head_offsets.whole_len() == self.count + 1
            && self.head_revisions.whole_len() == heads
            && self.head_places.whole_len() == heads
            && self.candidate_offsets.len() == self.candidate_nodes.len() + 1
            && self.claim_offsets.len() == self.claimed_nodes.len() + 1
            && self.blob_places.len() == self.blob_ids.len()
            && self.commit_times.len() as u64 >= self.commit
    }

    /// With batches that no section holds yet.
    pub(super) fn with_batches(mut self, list: Vec<Batch>) -> Graph {
        self.batches = OnceLock::from(Batches::new(list));
        self
    }

    /// A list that a section holds: read when first asked for, empty and noted if it is damaged.
    fn list<'a, T: Default>(
        &self,
        known: &'a OnceLock<T>,
        tag: Tag,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> &'a T {
        known.get_or_init(|| {
            let section = self.sections.get::<u8>(tag, 0);
            section.all().and_then(read).unwrap_or_else(|| {
                self.sections.misfit("batches, imports, aliases and unread logs are lists of such");
                T::default()
            })
        })
    }

    /// The batches that are alive.
    pub(crate) fn batches(&self) -> &Batches {
        self.list(&self.batches, Tag::Batches, |bytes| {
            let batches = batches::read_batches(bytes, &self.batch_places)?;
            batches.iter().all(|batch| self.leads(&BatchPlace::of(batch))).then_some(batches)
        })
    }

    /// The batch whose revision has this place in the log; where it stands in a file, without
    /// decoding the list of all.
    #[inline]
    pub(crate) fn batch_place(&self, ordinal: u32) -> Option<BatchPlace> {
        if self.batches.get().is_some() || self.batch_places.len() == 0 {
            return self.batches().of_ordinal(ordinal).map(BatchPlace::of);
        }
        let place = self.batch_places.of_ordinal(ordinal)?;
        if !self.leads(&place) {
            self.sections.misfit("batches lead to nodes and containers");
            return None;
        }
        Some(place)
    }

    /// Is a row of a batch an event that counts and is shown?
    #[inline]
    pub(crate) fn shows(&self, batch: &BatchPlace, row: u32, with_restricted: bool) -> bool {
        let listed = || self.batches().of_ordinal(batch.ordinal);
        let shows = || listed().is_some_and(|batch| batch.shows(row, with_restricted));
        row < batch.rows && (batch.is_whole || shows())
    }

    /// Is a row of a batch for those alone who may see what is restricted?
    pub(crate) fn restricts(&self, batch: &BatchPlace, row: u32) -> bool {
        let listed = || self.batches().of_ordinal(batch.ordinal);
        !batch.is_whole && listed().is_none_or(|batch| batch.restricts(row))
    }

    /// Do the numbers of a batch lead to something?
    fn leads(&self, batch: &BatchPlace) -> bool {
        (batch.node as usize) < self.count
            && (batch.deployment as usize) < self.count
            && batch.place.is_none_or(|(at, _)| (at as usize) < self.containers.len())
    }

    /// The batches, to change what counts of them; what is derived from them is forgotten. Only for
    /// a graph that was just built: none of a file.
    pub(crate) fn batches_mut(&mut self) -> &mut [Batch] {
        self.counters = OnceLock::new();
        self.batches.get_mut().map_or(&mut [], Batches::list_mut)
    }

    /// What deployments count, by month.
    pub(crate) fn counters(&self) -> Counters<'_> {
        let counted = self.counters.get_or_init(|| {
            let added = || Counted::Added(CounterColumns::of_batches(self.batches()));
            Counted::open(&self.sections, self.count).unwrap_or_else(added)
        });
        counted.all().unwrap_or_else(|| {
            self.sections.misfit("counters are lists beside one another");
            Counters::default()
        })
    }

    /// What is known of each import, by its node.
    pub(crate) fn imports(&self) -> &BTreeMap<NodeNo, ImportFacts> {
        self.list(&self.imports, Tag::Imports, batches::read_imports)
    }

    /// Names given by hand: kind, name, what they stand for.
    pub(crate) fn aliases(&self) -> &[(String, String, Key)] {
        self.list::<Vec<_>>(&self.aliases, Tag::Aliases, batches::read_aliases)
    }

    /// Logs of which lines could not be read, by label.
    pub(crate) fn unread(&self) -> &[UnreadLog] {
        self.list::<Vec<_>>(&self.unread, Tag::Unread, |bytes| {
            unread::read_unread(bytes, self.count)
        })
    }

    /// What of which batches no row shows, in the order of the log.
    pub(crate) fn unshown(&self) -> &[Unshown] {
        match self.has_unshown {
            true => self
                .unshown
                .get_or_init(|| self.batches().iter().filter_map(Batch::unshown).collect()),
            false => &[],
        }
    }

    /// Is all of it sound? Reads a file whole.
    pub(crate) fn is_sound(&self) -> bool {
        self.sections.are_sound()
    }

    /// Has it columns of a kind's fields? A view in memory has none.
    pub(crate) fn has_columns_of(&self, kind: Kind) -> bool {
        kind_columns(kind).any(|number| self.sections.extra(Tag::Present, number) != 0)
    }

    /// A column of a kind, by the number of its field; none if there is none.
    #[inline]
    pub(crate) fn column(&self, kind: Kind, field: usize) -> Option<&Column> {
        let open = || {
            let range = self.nodes_of(kind);
            let open = |number| Column::open(&self.sections, number, kind, range.clone());
            kind_columns(kind).map(open).collect()
        };
        self.columns.get(kind as usize)?.get_or_init(open).get(field)?.as_ref()
    }

    /// All its sections, with columns, and with what is kept in lists while it is made.
    ///
    /// # Errors
    /// The damage of a file that it was read from.
    pub(crate) fn whole(&self, columns: Vec<ColumnDraft>) -> Result<Sections> {
        let mut sections = self.sections.checked_copy()?;
        sections.put(Tag::Batches, 0, 0, &batches::write_batches(self.batches()));
        BatchPlaces::put(self.batches(), &mut sections);
        CounterColumns::of_batches(self.batches()).put(&mut sections);
        columns.into_iter().try_for_each(|column| column.put(&mut sections))?;
        self.damage().found().map_or(Ok(sections), Err)
    }
}

/// The numbers of a kind's columns in the directory.
fn kind_columns(kind: Kind) -> std::ops::Range<u16> {
    let first = super::column::number(kind, 0);
    let count = super::column::fields_of(kind).count();
    first..first + u16::try_from(count).unwrap_or(0)
}
