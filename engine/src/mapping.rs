//! Bytes of a file, mapped into memory or held, and numbers read from them where they stand: the one
//! module with `unsafe`.

use std::fs::File;
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

#[cfg(target_endian = "big")]
compile_error!("index files are little-endian and read in place: this program needs such a host");

/// Numbers of an index file stand at multiples of this, so that they can be read in place.
pub(crate) const ALIGNMENT: usize = 8;

/// Read-only bytes that are cheap to clone and to take a part of.
#[derive(Clone)]
pub struct Bytes {
    inner: Inner,
    part: Range<usize>,
}

#[derive(Clone)]
enum Inner {
    /// With the file while it is locked, so that the lock lives as long as the map.
    Mapped(Arc<(memmap2::Mmap, Option<Locked>)>),
    Held(Arc<Vec<u8>>),
    /// Held, from an address that is a multiple of [`ALIGNMENT`].
    Aligned(Arc<Vec<u64>>),
    /// Numbers as they were made.
    Numbers(Arc<dyn Numbers>),
}

/// A list of numbers of whatever width.
trait Numbers: Send + Sync {
    fn bytes(&self) -> &[u8];
}

impl<T: Word> Numbers for Vec<T> {
    fn bytes(&self) -> &[u8] {
        as_bytes(self)
    }
}

/// Mapped files up to this many bytes stay in memory while they are read: it costs nothing to speak
/// of, and what is read twice is there.
const RESIDENT_MAX: usize = 256 << 20;

/// Tells the system that files have been read and are not needed again soon, unless they are small
/// together.
pub(crate) fn forget_large(files: &[Bytes]) {
    if files.iter().map(|file| file.len()).sum::<usize>() > RESIDENT_MAX {
        files.iter().for_each(|file| file.forget_part(0..file.len()));
    }
}

/// A locked file, unlocked when dropped.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Closing is not enough: a process that is being started holds a copy of the descriptor
        // until it runs its own program, and the lock with it.
        let _ = self.0.unlock();
    }
}

impl Inner {
    fn bytes(&self) -> &[u8] {
        match self {
            Inner::Mapped(map) => &map.0,
            Inner::Held(bytes) => bytes,
            Inner::Aligned(words) => as_bytes(words),
            Inner::Numbers(words) => words.bytes(),
        }
    }
}

impl Bytes {
    /// Bytes held in memory.
    #[must_use]
    pub fn held(bytes: Vec<u8>) -> Bytes {
        let part = 0..bytes.len();
        Bytes { inner: Inner::Held(Arc::new(bytes)), part }
    }

    /// Numbers held in memory, as their bytes.
    pub(crate) fn words<T: Word>(words: &[T]) -> Bytes {
        let bytes = as_bytes(words);
        let mut aligned = vec![0_u64; bytes.len().div_ceil(ALIGNMENT)];
        for (to, from) in aligned.iter_mut().zip(bytes.chunks(ALIGNMENT)) {
            let mut word = [0; ALIGNMENT];
            word[..from.len()].copy_from_slice(from);
            *to = u64::from_le_bytes(word);
        }
        Bytes { inner: Inner::Aligned(Arc::new(aligned)), part: 0..bytes.len() }
    }

    /// Numbers that nobody else needs, as their bytes, from an address that suits them.
    pub(crate) fn owned_words<T: Word>(mut words: Vec<T>) -> Bytes {
        words.shrink_to_fit();
        let part = 0..size_of_val(words.as_slice());
        Bytes { inner: Inner::Numbers(Arc::new(words)), part }
    }

    /// The same bytes from an address that is a multiple of [`ALIGNMENT`]: copied if need be. A
    /// mapped file always begins with a page.
    pub(crate) fn aligned(self) -> Bytes {
        if self.as_ptr().addr().is_multiple_of(ALIGNMENT) {
            self
        } else {
            Bytes::words::<u8>(&self)
        }
    }

    /// A part of the bytes; none if they end before it.
    pub(crate) fn part(&self, part: Range<usize>) -> Option<Bytes> {
        self.get(part.clone())?;
        let from = self.part.start;
        Some(Bytes { inner: self.inner.clone(), part: from + part.start..from + part.end })
    }

    /// Maps a file as it is now.
    ///
    /// # Errors
    /// What the system says.
    pub fn map(file: &File) -> io::Result<Bytes> {
        Bytes::map_with(file, None)
    }

    /// Maps a file that is locked, and keeps the lock as long as the map.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn map_locked(file: File) -> io::Result<Bytes> {
        let mapped = file.try_clone()?;
        Bytes::map_with(&mapped, Some(Locked(file)))
    }

    #[expect(
        unsafe_code,
        reason = "mapping a file is unsafe by nature; the invariant stands below"
    )]
    fn map_with(file: &File, lock: Option<Locked>) -> io::Result<Bytes> {
        if file.metadata()?.len() == 0 {
            return Ok(Bytes::held(Vec::new()));
        }
        // SAFETY: the files mapped here are immutable once renamed into place, or segments, of
        // which only bytes below `head` are looked at; the writer never changes or cuts those
        // (docs/format.md, section 12); or have no name and are written by nobody from here on
        // (sections/shelf.rs). Other files are not mapped (storage/file.rs). A file cut by somebody else raises SIGBUS, as for any
        // mapped database.
        let map = unsafe { memmap2::Mmap::map(file)? };
        let part = 0..map.len();
        Ok(Bytes { inner: Inner::Mapped(Arc::new((map, lock))), part })
    }

    /// Tells the system that single places will be read, not stretches: else it reads what surrounds
    /// each place too.
    pub(crate) fn expect_single_places(&self) {
        #[cfg(unix)]
        if let Inner::Mapped(map) = &self.inner {
            // A hint: where it is not taken, nothing is wrong.
            let _ = map.0.advise(memmap2::Advice::Random);
        }
    }

    /// Tells the system that a part has been read and is not needed again soon, so that what was read
    /// of a large file does not count as this process's memory.
    #[expect(
        unsafe_code,
        reason = "giving back pages is unsafe by nature; the invariant stands below"
    )]
    pub(crate) fn forget_part(&self, part: Range<usize>) {
        #[cfg(unix)]
        if let Inner::Mapped(map) = &self.inner {
            let from = self.part.start + part.start;
            let advice = memmap2::UncheckedAdvice::DontNeed;
            // SAFETY: the map is shared and read-only, of a file that nobody changes (see above):
            // pages that are given back are read from the file again, with the same bytes.
            let _ = unsafe { map.0.unchecked_advise_range(advice, from, part.len()) };
        }
    }

    /// Tells the system that a part will be read now, so that it comes in one piece.
    fn expect_part(&self, part: Range<usize>) {
        #[cfg(unix)]
        if let Inner::Mapped(map) = &self.inner {
            let from = self.part.start + part.start;
            let _ = map.0.advise_range(memmap2::Advice::WillNeed, from, part.len());
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.inner.bytes().get(self.part.clone()).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

mod sealed {
    /// Types without padding of which every bit pattern is a value, and that need no more than
    /// [`super::ALIGNMENT`].
    pub(crate) trait Plain {}
    impl Plain for u8 {}
    impl Plain for u16 {}
    impl Plain for u32 {}
    impl Plain for u64 {}
    impl Plain for i64 {}
    impl Plain for f64 {}
    impl Plain for [u8; 32] {}
    impl Plain for [u32; 2] {}
    impl Plain for [u32; 4] {}
    impl Plain for [u32; 7] {}
}

/// What can be read in place.
pub(crate) trait Word: Copy + sealed::Plain + Send + Sync + 'static {}

impl<T: Copy + sealed::Plain + Send + Sync + 'static> Word for T {}

/// Numbers as their bytes.
#[expect(unsafe_code, reason = "a cast of plain numbers; the invariant stands below")]
pub(crate) fn as_bytes<T: Word>(words: &[T]) -> &[u8] {
    // SAFETY: `Plain` types have no padding, so each of their bytes is initialised; a byte has no
    // alignment to respect, and the length is the slice's own.
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

/// Numbers that stand in bytes, with what keeps these alive.
#[derive(Clone)]
pub(crate) struct Words<T: Word> {
    /// Not really for ever: as long as `owner`, see below.
    slice: &'static [T],
    owner: Bytes,
}

impl<T: Word> Words<T> {
    /// Reads bytes as numbers; none if they are not whole numbers at an address that suits them.
    #[expect(unsafe_code, reason = "a cast of plain numbers; the invariants stand below")]
    pub(crate) fn over(bytes: &Bytes) -> Option<Words<T>> {
        // SAFETY: every bit pattern is a value of a `Plain` type; `align_to` gives as the middle
        // only what is aligned and within the bytes.
        let (before, slice, after) = unsafe { bytes.align_to::<T>() };
        if !before.is_empty() || !after.is_empty() {
            return None;
        }
        // SAFETY: what is borrowed lies behind an `Arc` that `owner` holds and that nobody can
        // change or move while it is held: a map, or a vector that is only ever lent shared (a list of
        // `Numbers` is a `Vec` and nothing else: its bytes do not move with the `Arc`). The
        // slice leaves this struct only through `deref`, for no longer than the struct is borrowed.
        let slice = unsafe { std::slice::from_raw_parts(slice.as_ptr(), slice.len()) };
        Some(Words { slice, owner: bytes.clone() })
    }

    /// Numbers that nobody else needs.
    pub(crate) fn owned(words: Vec<T>) -> Words<T> {
        Words::over(&Bytes::owned_words(words)).expect("a list of such numbers is one")
    }

    /// The first of the numbers; none if there are not so many.
    pub(crate) fn first(&self, count: usize) -> Option<Words<T>> {
        Words::over(&self.owner.part(0..count.checked_mul(size_of::<T>())?)?)
    }

    /// The bytes that they stand in.
    pub(crate) fn into_bytes(self) -> Bytes {
        self.owner
    }

    /// Tells the system that some of the numbers will be read now.
    pub(crate) fn expect(&self, range: Range<usize>) {
        self.owner.expect_part(range.start * size_of::<T>()..range.end * size_of::<T>());
    }

    /// Tells the system that some of the numbers are not needed again soon.
    pub(crate) fn forget(&self, range: Range<usize>) {
        self.owner.forget_part(range.start * size_of::<T>()..range.end * size_of::<T>());
    }
}

impl<T: Word> Deref for Words<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.slice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_where_they_stand_and_only_whole_ones() {
        let bytes = Bytes::words(&[1_u32, 2, 0xff00_0003]);
        assert_eq!(bytes.len(), 12);
        assert_eq!(*Words::<u32>::over(&bytes).unwrap(), [1, 2, 0xff00_0003]);
        assert!(Words::<u64>::over(&bytes).is_none(), "half a number is left");
        let part = bytes.part(4..12).unwrap();
        assert_eq!(*Words::<u32>::over(&part).unwrap(), [2, 0xff00_0003]);
        assert!(Words::<u64>::over(&part).is_none(), "not where such a number may stand");
        assert!(bytes.part(4..13).is_none() && part.part(8..9).is_none());
        let kept = Words::<u8>::over(&part).unwrap();
        drop((bytes, part));
        assert_eq!(kept[0], 2);
    }

    #[test]
    fn bytes_at_an_odd_address_are_copied_to_an_even_one() {
        let held = Bytes::held((0..=40).collect());
        let odd = held.part(usize::from(held.as_ptr().addr().is_multiple_of(2))..41).unwrap();
        let even = odd.clone().aligned();
        assert_eq!(*even, *odd);
        assert_eq!(even.as_ptr().addr() % ALIGNMENT, 0);
    }
}
