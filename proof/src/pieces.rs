//! A hash checked piece by piece: BLAKE3 is a tree, so a list of the hashes of its subtrees proves
//! itself against the hash of the whole, and one piece proves itself against the list. Nobody has to
//! be trusted for the list, and nothing but the piece at hand has to be read.

use crate::hash::Hash;
use blake3::hazmat::{HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root};

/// Bytes of a piece: a power of two, so that each but the last is a subtree. Some 20 us of hashing,
/// and a list of half a thousandth of what it stands for.
pub const PIECE: usize = 64 << 10;

/// The hash of one piece within the tree; of content that is one piece, the hash of the content.
#[must_use]
pub fn piece(content: &[u8], number: usize) -> [u8; 32] {
    if content.len() <= PIECE {
        return Hash::of(content).0;
    }
    let from = number.saturating_mul(PIECE).min(content.len());
    let to = from.saturating_add(PIECE).min(content.len());
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(from as u64);
    hasher.update(content.get(from..to).unwrap_or_default());
    hasher.finalize_non_root()
}

/// The hashes of all pieces of some content.
#[must_use]
pub fn pieces(content: &[u8]) -> Vec<[u8; 32]> {
    (0..count(content.len())).map(|number| piece(content, number)).collect()
}

/// How many pieces some content of a length has; at least one.
#[must_use]
pub fn count(length: usize) -> usize {
    length.div_ceil(PIECE).max(1)
}

/// The hash of the content whose pieces have these hashes; none if there are none.
#[must_use]
pub fn whole(pieces: &[[u8; 32]]) -> Option<Hash> {
    match pieces {
        [] => None,
        [one] => Some(Hash(*one)),
        several => {
            let (left, right) = several.split_at(left_of(several.len()));
            Some(Hash(*merge_subtrees_root(&inner(left), &inner(right), Mode::Hash).as_bytes()))
        }
    }
}

/// Of so many pieces, two or more, those on the left: the greatest power of two below.
fn left_of(count: usize) -> usize {
    count.div_ceil(2).next_power_of_two()
}

fn inner(pieces: &[[u8; 32]]) -> [u8; 32] {
    match pieces {
        [] => [0; 32],
        [one] => *one,
        several => {
            let (left, right) = several.split_at(left_of(several.len()));
            merge_subtrees_non_root(&inner(left), &inner(right), Mode::Hash)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_any_length_prove_the_whole_and_no_other() {
        let content: Vec<u8> =
            (0..9 * PIECE + 5).map(|at| u8::try_from(at % 251).unwrap_or(0)).collect();
        let counts = (0..10).flat_map(|count: usize| {
            [count * PIECE, count * PIECE + 1, (count * PIECE).saturating_sub(1)]
        });
        for length in counts.filter(|length| *length <= content.len()) {
            let content = &content[..length];
            let mut list = pieces(content);
            assert_eq!(list.len(), count(length));
            assert_eq!(whole(&list), Some(Hash::of(content)), "{length}");
            list[count(length) / 2][7] ^= 1;
            assert_ne!(whole(&list), Some(Hash::of(content)), "{length}");
        }
        assert_eq!(whole(&[]), None);
    }

    #[test]
    fn a_piece_stands_where_it_stands() {
        let same = vec![7; 3 * PIECE];
        assert_ne!(piece(&same, 0), piece(&same, 1), "its place is part of it");
    }
}
