//! One section: numbers in place, each block checked when it is first touched.

use super::BLOCK;
use super::file::blocks_of;
use crate::damage::Damage;
use crate::mapping::{Bytes, Word, Words, as_bytes};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const UNKNOWN: u8 = 0;
const SOUND: u8 = 1;
const DAMAGED: u8 = 2;

/// The bound of numbers that lead to nothing.
const UNBOUNDED: u64 = u64::MAX;

/// Which blocks are sound: numbers that only ever go from unknown to what every thread would find, so that
/// no order between threads is needed.
type Known = Arc<[AtomicU8]>;

fn unknown(blocks: usize) -> Known {
    (0..blocks).map(|_| AtomicU8::new(UNKNOWN)).collect()
}

/// The checksums of a file's blocks, and which blocks are known to fit.
pub(crate) struct Blocks {
    path: String,
    crcs: Vec<u32>,
    known: Known,
    damage: Arc<Damage>,
}

impl Blocks {
    pub(super) fn new(path: &str, crcs: Vec<u32>, damage: Arc<Damage>) -> Blocks {
        let known = unknown(crcs.len());
        Blocks { path: path.to_owned(), crcs, known, damage }
    }
}

/// Where a section of a file stands, and among which blocks.
struct Place {
    at: u64,
    first: usize,
    blocks: Arc<Blocks>,
    /// What is known of its blocks, and where its first one stands there. Numbers that have a bound know for
    /// themselves: who read them without one, or below another, checked something else.
    known: Known,
    first_known: usize,
}

/// Where a list goes on in another section.
struct Behind<T: Word> {
    /// The place in the whole list of the first number there.
    from: usize,
    section: Section<T>,
    /// All numbers before it, those that count no more included: checksums of blocks are of these.
    before: Words<T>,
}

/// Numbers of a file, or made in memory.
pub(crate) struct Section<T: Word> {
    words: Option<Words<T>>,
    /// None for numbers made here.
    place: Option<Place>,
    /// Numbers of a file must be below this, if they lead to something.
    bound: u64,
    /// In a generation with a tail, what stands there of the list.
    behind: Option<Box<Behind<T>>>,
}

impl<T: Word> Default for Section<T> {
    fn default() -> Section<T> {
        Section::empty()
    }
}

impl<T: Word> Section<T> {
    pub(super) fn empty() -> Section<T> {
        Section { words: None, place: None, bound: UNBOUNDED, behind: None }
    }

    pub(super) fn new(bytes: &Bytes, checks: Option<(u64, usize, &Arc<Blocks>)>) -> Option<Self> {
        let words = Some(Words::over(bytes)?);
        let place = checks.map(|(at, first, blocks)| Place {
            at,
            first,
            blocks: Arc::clone(blocks),
            known: Arc::clone(&blocks.known),
            first_known: first,
        });
        Some(Section { words, place, bound: UNBOUNDED, behind: None })
    }

    /// Its first numbers, and behind them those of another section, the first of which has the place
    /// `from` in the list; none if there are not so many. Offsets are read in pairs, so that one stands
    /// on both sides and `kept` is one more than `from`.
    pub(super) fn continued(self, kept: usize, from: usize, section: Section<T>) -> Option<Self> {
        let before = self.words?;
        let words = Some(before.first(kept)?);
        Some(Section { words, behind: Some(Box::new(Behind { from, section, before })), ..self })
    }

    /// The numbers, checked or not.
    #[inline]
    fn words(&self) -> &[T] {
        self.words.as_deref().unwrap_or_default()
    }

    /// How many numbers stand here, without those of a tail.
    pub(crate) fn len(&self) -> usize {
        self.words().len()
    }

    /// How many numbers the list has, with those of a tail.
    pub(crate) fn whole_len(&self) -> usize {
        let behind = |behind: &Behind<T>| behind.from + behind.section.whole_len();
        self.behind.as_deref().map_or_else(|| self.len(), behind)
    }

    /// A number; none behind the end, or if its block is damaged.
    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<T> {
        let Some(word) = self.words().get(at) else {
            return self.behind(at..at + 1)?.first().copied();
        };
        self.is_sound(at..at + 1).then_some(*word)
    }

    /// Some of the numbers; none if they reach behind the end, or touch a damaged block.
    #[inline]
    pub(crate) fn range(&self, range: Range<usize>) -> Option<&[T]> {
        let Some(words) = self.words().get(range.clone()) else { return self.behind(range) };
        self.is_sound(range).then_some(words)
    }

    /// The same of a list that never goes on in a tail: edges, of which a closure reads thousands
    /// (`benches/callgrind.sh closure`).
    #[inline]
    pub(crate) fn here(&self, range: Range<usize>) -> Option<&[T]> {
        let words = self.words().get(range.clone())?;
        self.is_sound(range).then_some(words)
    }

    /// What a tail holds of the list. Out of the way of those who read a generation without one: that
    /// a number is not here was to be found anyway.
    #[cold]
    #[inline(never)]
    fn behind(&self, range: Range<usize>) -> Option<&[T]> {
        let Behind { from, section, .. } = self.behind.as_deref()?;
        section.range(range.start.checked_sub(*from)?..range.end.checked_sub(*from)?)
    }

    /// Some of the numbers were read and are not needed again soon.
    pub(crate) fn forget(&self, range: Range<usize>) {
        if let Some(words) = &self.words {
            words.forget(range);
        }
    }

    /// All that stand here.
    pub(crate) fn all(&self) -> Option<&[T]> {
        self.range(0..self.len())
    }

    #[inline]
    fn is_sound(&self, range: Range<usize>) -> bool {
        let Some(place) = &self.place else { return true };
        if range.is_empty() {
            return true;
        }
        let first = range.start * size_of::<T>() / BLOCK;
        let last = (range.end * size_of::<T>() - 1) / BLOCK;
        (first..=last).all(|block| {
            let known = place.known.get(place.first_known + block);
            known.is_some_and(|known| match known.load(Ordering::Relaxed) {
                SOUND => true,
                DAMAGED => false,
                _ => self.check(place, block),
            })
        })
    }

    /// Checks a block for the first time.
    #[cold]
    fn check(&self, place: &Place, block: usize) -> bool {
        let blocks = &place.blocks;
        let number = place.first + block;
        let items = BLOCK / size_of::<T>();
        let behind = self.behind.as_deref().map(|behind| &behind.before);
        let part = behind.or(self.words.as_ref()).map(|words| {
            let range = block * items..((block + 1) * items).min(words.len());
            words.expect(range.clone());
            words.get(range).unwrap_or_default()
        });
        let part = part.unwrap_or_default();
        let crc_fits = blocks.crcs.get(number) == Some(&crc32c::crc32c(as_bytes(part)));
        let rule = if !crc_fits {
            Some("the crc32c of each block fits")
        } else if self.bound != UNBOUNDED && !are_below(as_bytes(part), self.bound) {
            Some("each number leads to something")
        } else {
            None
        };
        if let Some(rule) = rule {
            let at = place.at + (block * BLOCK) as u64;
            blocks.damage.note(&blocks.path, at, rule);
        }
        let known = if rule.is_none() { SOUND } else { DAMAGED };
        if let Some(of) = place.known.get(place.first_known + block) {
            of.store(known, Ordering::Relaxed);
        }
        rule.is_none()
    }
}

impl Section<u64> {
    /// The first place in a range whose number is not below this one, where the numbers ascend and
    /// are spread so evenly that it is near a guess: a few steps of doubling width lead from there
    /// to the right place.
    pub(crate) fn first_from(&self, range: Range<usize>, guess: usize, number: u64) -> usize {
        let is_below = |at: usize| self.get(at).is_some_and(|other| other < number);
        let Range { start, end } = range;
        let guess = guess.clamp(start, end.max(start));
        let (mut low, mut high, mut step) = (guess, guess, 1);
        while low > start && !is_below(low - 1) {
            low = low.saturating_sub(step).max(start);
            step *= 2;
        }
        step = 1;
        while high < end && is_below(high) {
            low = low.max(high + 1);
            high = (high + step).min(end);
            step *= 2;
        }
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_below(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// A share of a length: where a number stands that is this far from 0 to 2^64.
pub(crate) fn share(length: usize, number: u64) -> usize {
    usize::try_from((u128::from(number) * length as u128) >> 64).unwrap_or(0)
}

impl Section<u32> {
    pub(super) fn set_bound(&mut self, bound: usize) {
        self.bound = bound as u64;
        let before = self.behind.as_deref().map(|behind| &behind.before);
        let length = before.or(self.words.as_ref()).map_or(0, |words| words.len());
        if let Some(place) = &mut self.place {
            (place.known, place.first_known) = (unknown(blocks_of(length * 4)), 0);
        }
        if let Some(behind) = &mut self.behind {
            behind.section.set_bound(bound);
        }
    }
}

fn are_below(words: &[u8], bound: u64) -> bool {
    let (words, _) = words.as_chunks::<4>();
    words.iter().all(|word| u64::from(u32::from_le_bytes(*word)) < bound)
}
