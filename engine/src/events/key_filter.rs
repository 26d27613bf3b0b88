//! Which hashes are surely not in a run: one line of the cache tells, and what it tells of a hash
//! that is there is never no.
//!
//! A Bloom filter in blocks of 64 bytes. The block of a hash is chosen by its leading bits, so blocks
//! ascend with the hashes and the filter is written as they come, whatever their number. With 10
//! bits a hash and 6 bits set for each, about one hash in a hundred is looked for in vain.

/// Bits for each hash.
const BITS: u64 = 10;
/// Bits that are set for each.
const SET: u32 = 6;
/// Words of a block, and its bits.
const WORDS: usize = 8;
const BLOCK_BITS: u64 = 64 * WORDS as u64;

/// How many words a filter for so many hashes has.
pub(super) fn words_of(hashes: usize) -> usize {
    let blocks = (hashes as u64 * BITS).div_ceil(BLOCK_BITS);
    usize::try_from(blocks).unwrap_or(usize::MAX / WORDS) * WORDS
}

/// The words of the block of a hash, of a filter with so many words, at least one block.
pub(super) fn block_of(words: usize, hash: u64) -> std::ops::Range<usize> {
    let blocks = (words / WORDS) as u128;
    let block = usize::try_from((u128::from(hash) * blocks) >> 64).unwrap_or(0);
    block * WORDS..(block + 1) * WORDS
}

/// The bits of a hash in its block: word and mask. The leading bits chose the block, so all are mixed
/// (the finalizer of splitmix64).
fn bits(hash: u64) -> impl Iterator<Item = (usize, u64)> {
    let mixed = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mixed = mixed ^ mixed >> 31;
    (0..SET).map(move |turn| {
        let bit = mixed >> (turn * 9) & (BLOCK_BITS - 1);
        (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
    })
}

/// Sets the bits of a hash in its block.
pub(super) fn add(block: &mut [u64], hash: u64) {
    bits(hash).for_each(|(word, mask)| block[word] |= mask);
}

/// May a hash be in the run, by its block?
#[inline]
pub(super) fn may_hold(block: &[u64], hash: u64) -> bool {
    bits(hash).all(|(word, mask)| block.get(word).is_some_and(|bits| bits & mask != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u64) -> u64 {
        let hash = lineal_proof::Hash::of(&number.to_le_bytes()).0;
        u64::from_le_bytes(hash[..8].try_into().unwrap())
    }

    #[test]
    fn what_is_there_is_never_denied_and_what_is_not_seldom_allowed() {
        for count in [1, 7, 1_000, 40_000] {
            let mut filter = vec![0; words_of(usize::try_from(count).unwrap())];
            let words = filter.len();
            (0..count).for_each(|n| add(&mut filter[block_of(words, hash(n))], hash(n)));
            let may = |n| may_hold(&filter[block_of(words, hash(n))], hash(n));
            assert!((0..count).all(may));
            let in_vain = (1 << 40..(1 << 40) + 10_000).filter(|n| may(*n)).count();
            assert!(in_vain < 250, "{in_vain} of 10,000 beside {count}");
        }
    }
}
