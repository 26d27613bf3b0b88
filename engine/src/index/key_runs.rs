//! The files of the event-key index: which runs there are, when they are merged, what goes.
//!
//! `index/runs.idx` names the runs that count, oldest first; it is replaced by rename when a new run
//! is whole, so a crash leaves the former runs or the next. A run that it no longer names stays
//! while a reader maps it, and is removed by the writer when it can be locked. Without it the runs
//! are found by their names (docs/format.md, section 14).

use super::flat::{self, Writer};
use super::{IndexKind, TRIES};
use crate::damage::Damage;
use crate::error::{Error, Result};
use crate::events::{
    IndexedFields, KeyEntry, KeyRun, KeyRunFile, RunOf, count_kept, merge_runs, write_entries,
    write_kept,
};
use crate::head::Head;
use crate::mapping::Bytes;
use crate::storage::Storage;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

const MANIFEST: &str = "index/runs.idx";

/// Runs of one tier that are merged into one: more would be fewer bytes written and more runs to
/// look into (docs/architecture.md, decision 19).
const MERGED_TOGETHER: usize = 4;
/// Runs below this many entries are of one tier: 4 MiB are merged in some 10 ms.
const TIER_ENTRIES: usize = 1 << 18;
/// Entries of a run at most: places in it are numbers of 32 bits.
const ENTRIES_MAX: u64 = u32::MAX as u64;

/// Runs that follow one another from the first commit on.
#[derive(Default)]
pub(crate) struct KeyRuns {
    pub(crate) runs: Vec<KeyRun>,
    /// The last commit whose events stand in them.
    pub(crate) covered: u64,
    /// How many erasures of the log they obey.
    pub(crate) erasures: u64,
}

/// What the manifest of runs says.
struct Named {
    covered: u64,
    fields: IndexedFields,
    erasures: u64,
    paths: Vec<String>,
}

/// Where the runs of a store are, of one choice of fields.
#[derive(Clone)]
pub(crate) struct RunFiles {
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) store: [u8; 16],
    pub(crate) fields: IndexedFields,
    /// Under which key new runs are made; none without the index key.
    pub(crate) made_under: Option<u64>,
}

/// How a run is opened: for look-ups, or to be read in order.
type Opens = fn(&str, Bytes, &[u8; 16], &Arc<Damage>) -> Result<KeyRun>;

fn run_path(commits: (u64, u64)) -> String {
    format!("index/keys-{:012}-{:012}.run", commits.0, commits.1)
}

impl RunFiles {
    /// Opens the runs for look-ups. Nothing of them is read but header, directory and checksums.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn open(&self, damage: &Arc<Damage>) -> Result<KeyRuns> {
        let mut opened = self.open_as(KeyRun::open, damage)?;
        // A hash that is there is mostly in the largest run, and with one run nothing is spared.
        if let Some(largest) = opened.runs.iter_mut().max_by_key(|run| run.len()) {
            largest.leave_filter();
        }
        Ok(opened)
    }

    fn open_to_merge(&self) -> Result<KeyRuns> {
        self.open_as(KeyRun::open_in_order, &Arc::default())
    }

    fn open_as(&self, opens: Opens, damage: &Arc<Damage>) -> Result<KeyRuns> {
        for tried in 1.. {
            let (covered, erasures, paths) = match self.named()? {
                Some(named) if named.fields != self.fields => {
                    // Made when other fields were indexed: none of them answers for this choice.
                    return Ok(KeyRuns::default());
                }
                Some(Named { covered, erasures, paths, .. }) => (Some(covered), erasures, paths),
                None => (None, 0, self.listed()?),
            };
            let mut runs = Vec::with_capacity(paths.len());
            let mut gone = false;
            for path in &paths {
                let Some(bytes) = self.storage.read_held(path)? else {
                    gone = true;
                    continue;
                };
                // One that is damaged is left aside: its commits are read from the containers.
                if let Ok(run) = opens(path, bytes, &self.store, damage)
                    && run.fields == self.fields
                {
                    runs.push(run);
                }
            }
            // Merged away since they were named: others are named now.
            if gone && tried < TRIES {
                continue;
            }
            let runs = in_order(runs);
            let reached = runs.last().map_or(0, |run| run.commits.1);
            let covered = covered.filter(|_| runs.len() == paths.len()).unwrap_or(reached);
            return Ok(KeyRuns { runs, covered, erasures });
        }
        Ok(KeyRuns::default())
    }

    /// What the manifest says.
    fn named(&self) -> Result<Option<Named>> {
        let Some(bytes) = self.storage.read(MANIFEST)? else { return Ok(None) };
        let Some((head, mut reader)) = flat::open(&bytes, IndexKind::Manifest) else {
            return Ok(None);
        };
        let mut read = || {
            let fields = IndexedFields::from_bits(reader.u64()?);
            let erasures = reader.u64()?;
            let paths = (0..reader.length()?).map(|_| reader.text()).collect::<Option<Vec<_>>>()?;
            let named = Named { covered: head.commit, fields, erasures, paths };
            (reader.is_at_end() && head.store == self.store).then_some(named)
        };
        Ok(read())
    }

    fn name(&self, runs: &[(u64, u64)], (covered, erasures): (u64, u64)) -> Result<()> {
        let head = Head { commit: covered, ..Head::new(self.store) };
        let mut writer = Writer::new(IndexKind::Manifest, &head);
        writer.u64(self.fields.bits());
        writer.u64(erasures);
        writer.length(runs.len());
        runs.iter().for_each(|commits| writer.bytes(run_path(*commits).as_bytes()));
        self.storage.put(MANIFEST, &writer.finish(), false)
    }

    /// Every run that is there, named or not.
    fn listed(&self) -> Result<Vec<String>> {
        let names = self.storage.list("index")?;
        let runs = names.iter().filter(|name| name.ends_with(".run"));
        Ok(runs.map(|name| format!("index/{name}")).collect())
    }

    /// The last commit whose events stand in the runs.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn covered(&self) -> Result<u64> {
        Ok(self.open_to_merge()?.covered)
    }

    /// How many runs there are.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn count(&self) -> Result<usize> {
        Ok(self.open_to_merge()?.runs.len())
    }

    /// Adds a run with the entries of the commits behind one up to another, and merges what has
    /// become too many. The entries are sorted here. Says whether that was done: not if the runs on
    /// disk end elsewhere.
    ///
    /// # Errors
    /// What the medium says; the runs are then the former ones, or the next.
    pub(crate) fn append(
        &self,
        entries: &mut [KeyEntry],
        (behind, upto): (u64, u64),
    ) -> Result<bool> {
        let known = self.open_to_merge()?;
        if known.covered != behind {
            return Ok(false);
        }
        self.need_key_of(&known.runs)?;
        let mut commits: Vec<_> = known.runs.iter().map(|run| run.commits).collect();
        let erasures = known.erasures;
        drop(known);
        if !entries.is_empty() {
            entries.par_sort_unstable();
            let new = (commits.last().map_or(1, |last| last.1 + 1), upto);
            let made_under = self.made_under.unwrap_or_default();
            write_entries(entries, self.begin((new, made_under), entries.len())?)?;
            commits.push(new);
        }
        self.name(&commits, (upto, erasures))?;
        self.merge_tiers()?;
        Ok(true)
    }

    /// Refuses a key of the index under which these runs were not made: what is looked for under it would not be
    /// found in them, though it stands there. Without a key nothing is looked for.
    ///
    /// # Errors
    /// [`Error::OtherIndexKey`] with the first of them.
    pub(crate) fn need_key_of(&self, runs: &[KeyRun]) -> Result<()> {
        let Some(key) = self.made_under else { return Ok(()) };
        match runs.iter().find(|run| run.made_under != key) {
            Some(other) => Err(Error::OtherIndexKey { file: run_path(other.commits) }),
            None => Ok(()),
        }
    }

    /// The same of the runs that are there; gives whether there are any.
    ///
    /// # Errors
    /// As [`RunFiles::need_key_of`], or what the medium says.
    pub(crate) fn need_key(&self) -> Result<bool> {
        let runs = self.open_to_merge()?.runs;
        self.need_key_of(&runs)?;
        Ok(!runs.is_empty())
    }

    fn begin(
        &self,
        (commits, made_under): ((u64, u64), u64),
        entries: usize,
    ) -> Result<KeyRunFile<'_>> {
        let of = RunOf { commits, fields: self.fields, made_under };
        KeyRunFile::begin(&*self.storage, &run_path(commits), &self.store, of, entries)
    }

    /// Merges runs until no tier has too many.
    fn merge_tiers(&self) -> Result<()> {
        self.merge_while(next_merge)
    }

    /// Merges all runs into one, or into as few as can be.
    ///
    /// # Errors
    /// What the medium says; the runs are then the former ones, or the next.
    pub(crate) fn merge_all(&self) -> Result<()> {
        self.merge_while(|sizes| {
            (0..sizes.len()).find_map(|from| {
                let to = (from + 2..=sizes.len()).rev().find(|to| fits(&sizes[from..*to]))?;
                Some(from..to)
            })
        })
    }

    fn merge_while(&self, next: impl Fn(&[usize]) -> Option<Range<usize>>) -> Result<()> {
        loop {
            let known = self.open_to_merge()?;
            let sizes: Vec<usize> = known.runs.iter().map(KeyRun::len).collect();
            let Some(range) = next(&sizes) else { break };
            let KeyRuns { runs, covered, erasures } = known;
            let commits = (runs[range.start].commits.0, runs[range.end - 1].commits.1);
            let made_under = runs[range.start].made_under;
            // Runs of two keys are not of one store: `rebuild` makes them anew.
            if runs[range.clone()].iter().any(|run| run.made_under != made_under) {
                break;
            }
            let file = self.begin((commits, made_under), sizes[range.clone()].iter().sum())?;
            match merge_runs(&runs[range.clone()], file) {
                // Damage must not get a new checksum: what is damaged waits for `rebuild`.
                Err(Error::Derived { .. }) => break,
                other => other?,
            }
            let mut named: Vec<_> = runs.iter().map(|run| run.commits).collect();
            named.splice(range, [commits]);
            self.name(&named, (covered, erasures))?;
        }
        self.sweep()
    }

    /// Writes runs anew without the entries of rows that were erased, unless that was done for so many
    /// erasures of the log. A run keeps its name: who maps the old one reads no row of it that counts.
    ///
    /// # Errors
    /// What the medium says. Runs that are damaged are removed: their commits are read from the
    /// containers.
    pub(crate) fn obey(&self, erasures: u64, is_erased: &dyn Fn(u64) -> bool) -> Result<()> {
        let known = self.open_to_merge()?;
        if known.erasures == erasures {
            return Ok(());
        }
        let stays = |row: u64| !is_erased(row);
        let mut named = Vec::new();
        let mut covered = known.covered;
        for run in &known.runs {
            let kept = match count_kept(run, &stays) {
                Ok(kept) => kept,
                Err(Error::Derived { .. }) => {
                    covered = named.last().map_or(0, |(_, last): &(u64, u64)| *last);
                    break;
                }
                Err(error) => return Err(error),
            };
            if kept < run.len() {
                write_kept(run, &stays, self.begin((run.commits, run.made_under), kept)?)?;
            }
            named.push(run.commits);
        }
        drop(known);
        self.name(&named, (covered, erasures))?;
        self.sweep()
    }

    /// Removes runs that are not named and that nobody maps.
    ///
    /// # Errors
    /// What the medium says.
    pub(crate) fn sweep(&self) -> Result<()> {
        let Some(Named { paths: named, .. }) = self.named()? else { return Ok(()) };
        for name in self.storage.list("index")? {
            let path = format!("index/{name}");
            // What a crash left of a manifest in the making.
            if path.strip_suffix(".tmp") == Some(MANIFEST) {
                self.storage.remove(&path)?;
                continue;
            }
            if !name.starts_with("keys-") || named.contains(&path) {
                continue;
            }
            if name.ends_with(".tmp") {
                self.storage.remove(&path)?;
            } else {
                // One that a reader maps stays until the next time.
                self.storage.remove_unheld(&path)?;
            }
        }
        Ok(())
    }
}

/// Runs that follow one another from the first commit; what does not fit is left aside, and its
/// commits are read from the containers again.
fn in_order(mut all: Vec<KeyRun>) -> Vec<KeyRun> {
    // A merged run and the ones it replaces may both be there after a crash: the longest wins.
    all.sort_by_key(|run| (run.commits.0, std::cmp::Reverse(run.commits.1)));
    let mut runs: Vec<KeyRun> = Vec::new();
    for run in all {
        let next = runs.last().map_or(1, |last| last.commits.1 + 1);
        if run.commits.0 == next {
            runs.push(run);
        }
    }
    runs
}

fn fits(sizes: &[usize]) -> bool {
    sizes.iter().map(|size| *size as u64).sum::<u64>() <= ENTRIES_MAX
}

/// The tier of a run: each holds runs of up to four times the entries of the one below.
fn tier(entries: usize) -> u32 {
    let full = entries / TIER_ENTRIES;
    if full == 0 { 0 } else { 1 + full.ilog2() / 2 }
}

/// Which runs, oldest first, are to be merged next: neighbours of one tier when there are
/// [`MERGED_TOGETHER`] of them, the newest first. A small run between larger newer ones counts as
/// one of theirs, so that it does not stay for ever.
fn next_merge(sizes: &[usize]) -> Option<Range<usize>> {
    let mut tiers = vec![0; sizes.len()];
    let mut greatest = 0;
    for (at, size) in sizes.iter().enumerate().rev() {
        greatest = tier(*size).max(greatest);
        tiers[at] = greatest;
    }
    let mut end = sizes.len();
    while let Some(last) = end.checked_sub(1) {
        let same = tiers[..end].iter().rev().take_while(|tier| **tier == tiers[last]).count();
        if same >= MERGED_TOGETHER && fits(&sizes[end - same..end]) {
            return Some(end - same..end);
        }
        end -= same;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{FaultyStorage, MemoryStorage, Plan};
    use proptest::prelude::*;

    /// Adds runs of these sizes; gives the sizes of what is left and how many entries were written.
    fn simulate(added: &[usize]) -> (Vec<usize>, usize) {
        let (mut sizes, mut written) = (Vec::new(), 0);
        for size in added {
            sizes.push(*size);
            written += size;
            while let Some(range) = next_merge(&sizes) {
                let merged: usize = sizes[range.clone()].iter().sum();
                written += merged;
                sizes.splice(range, [merged]);
            }
        }
        (sizes, written)
    }

    #[test]
    fn a_long_import_leaves_few_runs_and_writes_each_entry_a_few_times() {
        const RUN: usize = 4 << 20;
        for (runs, live_max, times_max) in [(12, 3, 2.0), (48, 3, 3.0), (250, 10, 4.0)] {
            let (sizes, written) = simulate(&vec![RUN; runs]);
            let times = written as f64 / (RUN * runs) as f64;
            assert!(sizes.len() <= live_max, "{runs} runs leave {sizes:?}");
            assert!(times <= times_max, "{runs} runs: each entry written {times} times");
        }
    }

    proptest! {
        #[test]
        fn runs_of_any_sizes_stay_few(added in proptest::collection::vec(1..3_000_000_usize, 1..200)) {
            let (sizes, written) = simulate(&added);
            let all: usize = added.iter().sum();
            let tiers = tier(all) as usize + 1;
            prop_assert_eq!(sizes.iter().sum::<usize>(), all);
            prop_assert!(sizes.len() <= (MERGED_TOGETHER - 1) * tiers, "{:?}", sizes);
            prop_assert!(written <= all * (1 + 3 * tiers), "{} of {}", written, all);
        }
    }

    fn files(storage: impl Storage + 'static) -> RunFiles {
        let fields = IndexedFields::default();
        RunFiles { storage: Arc::new(storage), store: [4; 16], fields, made_under: Some(5) }
    }

    /// Entries of a commit: one hash that every commit has, and some of its own.
    fn entries(commit: u64) -> Vec<KeyEntry> {
        let batch = u32::try_from(commit).unwrap();
        let own = (0..20).map(|row| commit.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(row));
        let all = own.chain([77]).zip(0..);
        all.map(|(hash, row)| KeyEntry { hash, batch, row }).collect()
    }

    /// Each commit that is covered is found, with the hash that all have.
    fn check(files: &RunFiles, told: &str) -> u64 {
        let runs = files.open(&Arc::default()).unwrap();
        let found =
            |hash| -> Vec<KeyEntry> { runs.runs.iter().flat_map(|run| run.find(hash)).collect() };
        assert_eq!(found(77).len() as u64, runs.covered, "{told}");
        for commit in 1..=runs.covered {
            for entry in entries(commit) {
                assert!(found(entry.hash).contains(&entry), "{told}, commit {commit}");
            }
        }
        runs.covered
    }

    #[test]
    fn a_crash_at_any_call_leaves_the_former_runs_or_the_next() {
        const COMMITS: u64 = 9;
        let work = |files: &RunFiles| {
            for commit in 1..=COMMITS {
                files.append(&mut entries(commit), (commit - 1, commit))?;
            }
            files.merge_all()
        };
        let sound = Arc::new(FaultyStorage::new(MemoryStorage::new(), Plan::Never));
        let all = RunFiles { storage: sound.clone(), ..files(MemoryStorage::new()) };
        work(&all).unwrap();
        assert_eq!((check(&all, "sound"), all.open(&Arc::default()).unwrap().runs.len()), (9, 1));
        assert!(sound.calls() > 80, "{} calls", sound.calls());
        for at in 0..sound.calls() {
            let memory = MemoryStorage::new();
            let faulty = files(FaultyStorage::new(memory.clone(), Plan::CrashAt(at)));
            work(&faulty).unwrap_err();
            for kept in [0, 50, 100] {
                let left = files(memory.after_power_cut(kept));
                let told = format!("crash at {at}, {kept} % kept");
                let covered = check(&left, &told);
                for commit in covered + 1..=COMMITS {
                    left.append(&mut entries(commit), (commit - 1, commit)).unwrap();
                }
                left.merge_all().unwrap();
                assert_eq!(check(&left, &told), COMMITS);
                let names = left.storage.list("index").unwrap();
                assert_eq!(names, ["keys-000000000001-000000000009.run", "runs.idx"], "{told}");
            }
        }
    }

    #[test]
    fn without_their_list_runs_are_found_by_their_names() {
        let memory = MemoryStorage::new();
        let files = files(memory.clone());
        for commit in 1..=6 {
            files.append(&mut entries(commit), (commit - 1, commit)).unwrap();
        }
        memory.damage(MANIFEST, |bytes| bytes[30] ^= 1);
        assert_eq!(check(&files, "damaged list"), 6);
        memory.remove(MANIFEST).unwrap();
        assert_eq!(check(&files, "no list"), 6);
        files.append(&mut entries(7), (6, 7)).unwrap();
        assert_eq!(check(&files, "another list"), 7);
    }

    #[test]
    fn runs_take_no_entries_made_under_another_key() {
        let memory = MemoryStorage::new();
        let files = files(memory.clone());
        for commit in 1..=2 {
            files.append(&mut entries(commit), (commit - 1, commit)).unwrap();
        }
        let before = memory.paths();
        let other = RunFiles { made_under: Some(6), ..files.clone() };
        for refused in [other.append(&mut entries(3), (2, 3)), other.need_key()] {
            let Err(Error::OtherIndexKey { file }) = refused else { panic!("{refused:?}") };
            assert_eq!(file, run_path((1, 1)));
        }
        assert_eq!(memory.paths(), before);
        // Who has none merges what is there, and it stays what it was made under.
        let without = RunFiles { made_under: None, ..files.clone() };
        without.need_key().unwrap();
        without.merge_all().unwrap();
        assert_eq!(check(&files, "merged"), 2);
        files.need_key().unwrap();
        assert!(other.need_key().is_err());
    }

    #[test]
    fn damage_is_not_merged_away() {
        let memory = MemoryStorage::new();
        let files = files(memory.clone());
        for commit in 1..=3 {
            files.append(&mut entries(commit), (commit - 1, commit)).unwrap();
        }
        let path = run_path((2, 2));
        let length = memory.read(&path).unwrap().unwrap().len();
        // Behind the rows there is one block of the filter, which a merge does not read.
        memory.damage(&path, |bytes| bytes[length - 64 - 3] ^= 1);
        files.append(&mut entries(4), (3, 4)).unwrap();
        let damage = Arc::new(Damage::default());
        let runs = files.open(&damage).unwrap();
        assert_eq!(runs.runs.len(), 4, "not merged");
        assert!(runs.runs.iter().map(|run| run.find(77).count()).sum::<usize>() < 4);
        assert!(damage.found().unwrap().to_string().contains(&path));
    }
}
