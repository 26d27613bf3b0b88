//! BLAKE3 of many short messages at once, one a lane of the machine's vectors.
//!
//! The leaves of a batch are hashes of a few blocks, each under a key of its own. One message after
//! another waits for itself: every step of a block needs the one before. Side by side sixteen wait
//! together, and a block takes a sixth of the time with AVX-512, half of it with SSE2 alone
//! (`import/examples/import_limits.rs`). The library does so under one key for all inputs only, so
//! the few lines of its definition stand here; tests hold the two together.

use crate::hash::Hash;
use fearless_simd::{Level, dispatch, prelude::*};

/// Bytes of a block.
const BLOCK: usize = 64;
/// Longest message that is hashed here: one chunk. Longer ones are trees, and the library's.
const CHUNK: usize = 1024;
/// Lanes of the widest vectors.
const LANES_MAX: usize = 16;

const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];
const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const ROOT: u32 = 8;
const KEYED_HASH: u32 = 16;

/// Which word of the message each round takes where.
const SCHEDULE: [[usize; 16]; 7] = schedule();

const fn schedule() -> [[usize; 16]; 7] {
    const NEXT: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut rounds = [[0; 16]; 7];
    let mut at = 0;
    while at < 7 * 16 {
        let (round, word) = (at / 16, at % 16);
        rounds[round][word] = if round == 0 { word } else { rounds[round - 1][NEXT[word]] };
        at += 1;
    }
    rounds
}

/// A message and the key under which it is hashed.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    /// The key.
    pub key: &'m [u8; 32],
    /// What is hashed.
    pub bytes: &'m [u8],
}

impl Message<'_> {
    /// How many blocks it has; none if it is not for the lanes.
    fn blocks(&self) -> usize {
        if self.bytes.len() > CHUNK { 0 } else { self.bytes.len().div_ceil(BLOCK).max(1) }
    }
}

/// As [`Hash::keyed`] of each message.
#[must_use]
pub fn keyed(messages: &[Message<'_>]) -> Vec<Hash> {
    let mut hashes = hashes_of(KEYED_HASH, messages);
    for (hash, message) in hashes.iter_mut().zip(messages).filter(|(_, of)| of.blocks() == 0) {
        *hash = Hash::keyed(message.key, message.bytes);
    }
    hashes
}

/// The first 64 bytes of BLAKE3's output for a short message under each key.
///
/// # Panics
/// If the message is longer than 1,024 bytes.
pub(crate) fn keyed_wide(keys: &[[u8; 32]], message: &[u8]) -> Vec<[u8; 64]> {
    assert!(message.len() <= CHUNK, "the message is one of ours and short");
    let messages: Vec<_> = keys.iter().map(|key| Message { key, bytes: message }).collect();
    let mut words = vec![[0; 16]; keys.len()];
    hash_all(Level::new(), KEYED_HASH, &messages, &mut words);
    words.iter().map(bytes_of).collect()
}

/// As [`Hash::of`] of each of some messages of up to 1,024 bytes.
pub(crate) fn plain<const N: usize>(messages: &[[u8; N]]) -> Vec<Hash> {
    const { assert!(N <= CHUNK) }
    unkeyed(messages.iter().map(|bytes| &bytes[..]))
}

/// As [`Hash::of`] of each message.
pub(crate) fn unkeyed<'m>(messages: impl Iterator<Item = &'m [u8]>) -> Vec<Hash> {
    let mut key = [0; 32];
    key.as_chunks_mut().0.iter_mut().zip(IV).for_each(|(bytes, word)| *bytes = word.to_le_bytes());
    let messages: Vec<_> = messages.map(|bytes| Message { key: &key, bytes }).collect();
    let mut hashes = hashes_of(0, &messages);
    for (hash, message) in hashes.iter_mut().zip(&messages).filter(|(_, of)| of.blocks() == 0) {
        *hash = Hash::of(message.bytes);
    }
    hashes
}

fn hashes_of(mode: u32, messages: &[Message<'_>]) -> Vec<Hash> {
    let mut words = vec![[0; 8]; messages.len()];
    hash_all(Level::new(), mode, messages, &mut words);
    words.iter().map(|words| Hash(bytes_of(words))).collect()
}

/// The bytes of words.
#[inline]
fn bytes_of<const WORDS: usize, const BYTES: usize>(words: &[u32; WORDS]) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    let each = bytes.as_chunks_mut().0.iter_mut().zip(words);
    each.for_each(|(to, word)| *to = word.to_le_bytes());
    bytes
}

/// Hashes messages and gives the first 8 or 16 words of what each gives; of those that are too long,
/// nothing.
fn hash_all<const WORDS: usize>(
    level: Level,
    mode: u32,
    messages: &[Message<'_>],
    out: &mut [[u32; WORDS]],
) {
    dispatch!(level, simd => in_lanes(simd, mode, messages, out));
}

#[inline(always)]
fn in_lanes<S: Simd, const WORDS: usize>(
    simd: S,
    mode: u32,
    messages: &[Message<'_>],
    out: &mut [[u32; WORDS]],
) {
    let lanes = S::u32s::LEN;
    debug_assert!(lanes <= LANES_MAX, "no vectors are wider");
    for (messages, out) in messages.chunks(lanes).zip(out.chunks_mut(lanes)) {
        hash_group(simd, mode, messages, out);
    }
}

/// Hashes as many messages as there are lanes, or fewer.
#[inline(always)]
fn hash_group<S: Simd, const WORDS: usize>(
    simd: S,
    mode: u32,
    messages: &[Message<'_>],
    out: &mut [[u32; WORDS]],
) {
    let lanes = S::u32s::LEN;
    let mut chain: [S::u32s; 8] = keys_of(simd, messages);
    let most = messages.iter().map(Message::blocks).max().unwrap_or(0);
    let first = messages.first().map_or(0, |message| message.bytes.len());
    let are_even = messages.iter().all(|message| message.bytes.len() == first);
    let mut rows = [[0; BLOCK]; LANES_MAX];
    for block in 0..most {
        let (mut lengths, mut flags) = ([0; LANES_MAX], [mode; LANES_MAX]);
        let mut ends = false;
        for (lane, message) in messages.iter().enumerate() {
            let blocks = message.blocks();
            // A lane that is done goes on with what it had; nobody looks at it any more.
            if block >= blocks {
                continue;
            }
            let rest = &message.bytes[block * BLOCK..];
            fill(&mut rows[lane], rest);
            lengths[lane] = u32::try_from(rest.len().min(BLOCK)).unwrap_or(0);
            flags[lane] |= if block == 0 { CHUNK_START } else { 0 };
            if block + 1 == blocks {
                flags[lane] |= CHUNK_END | ROOT;
                ends = true;
            }
        }
        let words: [S::u32s; 16] = read(simd, rows.as_flattened());
        let message = turned::<S, 16>(words, lanes.ilog2());
        let about = [&lengths, &flags].map(|all| {
            // Sixteen numbers that were just written one by one cannot be read as one at once.
            if are_even { S::u32s::splat(simd, all[0]) } else { read_words(simd, &all[..lanes]) }
        });
        let state = compress(simd, &chain, &message, about);
        let next: [S::u32s; 8] = std::array::from_fn(|word| state[word] ^ state[word + 8]);
        if ends {
            let given: [S::u32s; WORDS] = std::array::from_fn(|word| {
                if word < 8 { next[word] } else { state[word] ^ chain[word - 8] }
            });
            let given = turned::<S, WORDS>(given, WORDS.ilog2());
            let mut found = [[0; WORDS]; LANES_MAX];
            let places = found.as_flattened_mut().chunks_mut(lanes);
            given.iter().zip(places).for_each(|(words, place)| words.store_slice(place));
            for ((message, found), out) in messages.iter().zip(&found).zip(&mut *out) {
                if block + 1 == message.blocks() {
                    *out = *found;
                }
            }
        }
        chain = next;
    }
}

/// The words of the keys, each for all lanes.
#[inline(always)]
fn keys_of<S: Simd>(simd: S, messages: &[Message<'_>]) -> [S::u32s; 8] {
    let Some(Message { key, .. }) = messages.first() else {
        return [S::u32s::splat(simd, 0); 8];
    };
    if messages.iter().all(|message| std::ptr::eq(message.key, *key)) {
        let words = key.as_chunks().0;
        return std::array::from_fn(|word| S::u32s::splat(simd, u32::from_le_bytes(words[word])));
    }
    let mut rows = [[0; 32]; LANES_MAX];
    rows.iter_mut().zip(messages).for_each(|(row, message)| *row = *message.key);
    turned::<S, 8>(read(simd, rows.as_flattened()), S::u32s::LEN.ilog2())
}

/// Puts the next bytes of a message into its row, and zeros behind them.
#[inline(always)]
fn fill(row: &mut [u8; BLOCK], rest: &[u8]) {
    if let Some(whole) = rest.first_chunk() {
        *row = *whole;
        return;
    }
    *row = [0; BLOCK];
    // Two pieces of a known length, which overlap: a copy of any length costs as much as the hash.
    macro_rules! pieces {
        ($($length:literal)*) => {$(
            if let (Some(first), Some(last)) =
                (rest.first_chunk::<$length>(), rest.last_chunk::<$length>())
            {
                row[..$length].copy_from_slice(first);
                row[rest.len() - $length..rest.len()].copy_from_slice(last);
                return;
            }
        )*};
    }
    pieces!(32 16 8 4 2 1);
}

/// Vectors of the words that stand one after another.
#[inline(always)]
fn read<S: Simd, const COUNT: usize>(simd: S, bytes: &[u8]) -> [S::u32s; COUNT] {
    let lanes = S::u32s::LEN;
    std::array::from_fn(|at| {
        let mut words = [0; LANES_MAX];
        let bytes = bytes[at * lanes * 4..(at + 1) * lanes * 4].as_chunks().0;
        words.iter_mut().zip(bytes).for_each(|(word, bytes)| *word = u32::from_le_bytes(*bytes));
        read_words(simd, &words[..lanes])
    })
}

#[inline(always)]
fn read_words<S: Simd>(simd: S, words: &[u32]) -> S::u32s {
    S::u32s::from_slice(simd, words)
}

/// Lays words out another way round, so that those of one message, which stood side by side, come to
/// stand one in each vector, or back. Zipping the first half of the vectors with the second moves the
/// highest bit of every word's place to its lowest end; so many times over, rows are columns.
#[inline(always)]
fn turned<S: Simd, const COUNT: usize>(
    mut vectors: [S::u32s; COUNT],
    times: u32,
) -> [S::u32s; COUNT] {
    for _ in 0..times {
        vectors = std::array::from_fn(|at| {
            let (one, other) = (vectors[at / 2], vectors[at / 2 + COUNT / 2]);
            if at % 2 == 0 { one.zip_low(other) } else { one.zip_high(other) }
        });
    }
    vectors
}

#[inline(always)]
fn rotate<S: Simd>(value: S::u32s, by: u32) -> S::u32s {
    (value >> by) | (value << (u32::BITS - by))
}

/// The mixing of four words of the state with two of the message.
#[inline(always)]
fn mix<S: Simd>(state: &mut [S::u32s; 16], [a, b, c, d]: [usize; 4], x: S::u32s, y: S::u32s) {
    state[a] = state[a] + state[b] + x;
    state[d] = rotate::<S>(state[d] ^ state[a], 16);
    state[c] += state[d];
    state[b] = rotate::<S>(state[b] ^ state[c], 12);
    state[a] = state[a] + state[b] + y;
    state[d] = rotate::<S>(state[d] ^ state[a], 8);
    state[c] += state[d];
    state[b] = rotate::<S>(state[b] ^ state[c], 7);
}

/// One block of each lane: the state after seven rounds.
#[inline(always)]
fn compress<S: Simd>(
    simd: S,
    chain: &[S::u32s; 8],
    message: &[S::u32s; 16],
    [length, flags]: [S::u32s; 2],
) -> [S::u32s; 16] {
    let iv = |word: usize| S::u32s::splat(simd, IV[word]);
    let [a, b, c, d, e, f, g, h] = *chain;
    // The counter of chunks, of which a short message has one.
    let zero = S::u32s::splat(simd, 0);
    let mut state = [a, b, c, d, e, f, g, h, iv(0), iv(1), iv(2), iv(3), zero, zero, length, flags];
    // Written out: with places that are known, the state stays in registers.
    macro_rules! round {
        ($round:literal: $([$a:literal, $b:literal, $c:literal, $d:literal] $at:literal)*) => {$(
            let (x, y) = (SCHEDULE[$round][2 * $at], SCHEDULE[$round][2 * $at + 1]);
            mix::<S>(&mut state, [$a, $b, $c, $d], message[x], message[y]);
        )*};
        ($($round:literal)*) => {$(
            round!($round: [0, 4, 8, 12] 0 [1, 5, 9, 13] 1 [2, 6, 10, 14] 2 [3, 7, 11, 15] 3);
            round!($round: [0, 5, 10, 15] 4 [1, 6, 11, 12] 5 [2, 7, 8, 13] 6 [3, 4, 9, 14] 7);
        )*};
    }
    round!(0 1 2 3 4 5 6);
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of vectors that this machine has.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        let mut levels = vec![best];
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(best.as_avx2().map(Simd::level));
            levels.extend(best.as_sse4_2().map(Simd::level));
            levels.extend(best.as_sse2().map(Simd::level));
        }
        levels
    }

    #[test]
    fn every_length_beside_any_other_is_as_the_library_hashes_it() {
        let bytes: Vec<u8> = (0..2_000_u32).map(|at| at.to_le_bytes()[0] ^ 0x5a).collect();
        let lengths = (0..1_100).chain([1_024, 1_025, 1_500, 0, 64, 65, 63, 128]);
        // Neighbours of very different lengths, then of nearly the same.
        let lengths: Vec<usize> =
            lengths.clone().map(|at| at * 389 % 1_100).chain(lengths).collect();
        let keys: Vec<[u8; 32]> =
            (0..).take(lengths.len()).map(|at: u64| Hash::of(&at.to_le_bytes()).0).collect();
        let named = keys.iter().zip(&lengths);
        let messages: Vec<_> =
            named.map(|(key, length)| Message { key, bytes: &bytes[..*length] }).collect();
        let expected: Vec<_> = messages.iter().map(|of| Hash::keyed(of.key, of.bytes)).collect();
        assert_eq!(keyed(&messages), expected);
        for level in levels() {
            for count in [1, 3, 17, messages.len()] {
                let mut words = vec![[0; 8]; count];
                hash_all(level, KEYED_HASH, &messages[..count], &mut words);
                for (at, message) in messages[..count].iter().enumerate() {
                    let hash = Hash(bytes_of(&words[at]));
                    match message.blocks() {
                        0 => assert_eq!(hash, Hash::default(), "{level:?}, message {at}"),
                        _ => assert_eq!(hash, expected[at], "{level:?}, message {at}"),
                    }
                }
            }
        }
    }

    #[test]
    fn messages_of_one_length_and_of_one_key_are_as_the_library_hashes_them() {
        let bytes: Vec<u8> = (0..2_000_u32).map(|at| at.to_le_bytes()[0] ^ 0xa5).collect();
        let keys: Vec<[u8; 32]> = (0..20_u8).map(|at| Hash::of(&[at]).0).collect();
        for level in levels() {
            for length in (0..=130).chain([1_000, 1_024]) {
                for is_shared in [true, false] {
                    let own = |at: usize| if is_shared { &keys[0] } else { &keys[at] };
                    let of = |at: usize| Message { key: own(at), bytes: &bytes[at..at + length] };
                    let messages: Vec<_> = (0..keys.len()).map(of).collect();
                    let mut words = vec![[0; 16]; messages.len()];
                    hash_all(level, KEYED_HASH, &messages, &mut words);
                    for (message, words) in messages.iter().zip(&words) {
                        let mut expected = [0; 64];
                        let mut hasher = blake3::Hasher::new_keyed(message.key);
                        hasher.update(message.bytes).finalize_xof().fill(&mut expected);
                        assert_eq!(bytes_of::<16, 64>(words), expected, "{level:?}, {length}");
                    }
                }
            }
        }
    }

    #[test]
    fn wide_and_plain_hashes_are_the_librarys() {
        let keys: Vec<[u8; 32]> = (0..37_u8).map(|at| Hash::of(&[at]).0).collect();
        for (key, wide) in keys.iter().zip(keyed_wide(&keys, b"a message")) {
            let mut expected = [0; 64];
            blake3::Hasher::new_keyed(key).update(b"a message").finalize_xof().fill(&mut expected);
            assert_eq!(wide, expected);
        }
        let messages: Vec<[u8; 65]> = (0..37).map(|at| [at; 65]).collect();
        let expected: Vec<_> = messages.iter().map(|bytes| Hash::of(bytes)).collect();
        assert_eq!(plain(&messages), expected);
        let long: Vec<Vec<u8>> = [3, 1_024, 1_025, 0, 5_000].map(|length| vec![7; length]).into();
        let expected: Vec<_> = long.iter().map(|bytes| Hash::of(bytes)).collect();
        assert_eq!(unkeyed(long.iter().map(|bytes| &bytes[..])), expected);
    }
}
