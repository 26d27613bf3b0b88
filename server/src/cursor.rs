//! Where a page ended: opaque to the client, bound to the question and to the commit that it was
//! asked of, and sealed, so that a changed one is refused.
//!
//! The key is drawn when the server starts: a cursor ends with the server that gave it.

use crate::problem::Problem;
use data_encoding::BASE64URL_NOPAD;
use lineal_proof::Hash;

/// Bytes of the seal: 128 bits cannot be guessed.
const SEAL: usize = 16;
/// Four numbers of eight bytes.
const NUMBERS: usize = 32;

/// The page that comes next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Cursor {
    /// The commit of the first page.
    pub(crate) commit: u64,
    /// What `now()` was.
    pub(crate) now: i64,
    /// The number of the next row, from 0.
    pub(crate) first: u64,
    /// The view with what waited that the first page was of; 0 where it was of what is recorded alone.
    pub(crate) shown: u64,
}

/// Seals cursors and opens them.
pub(crate) struct Seal {
    key: [u8; 32],
}

impl Seal {
    pub(crate) fn new(key: [u8; 32]) -> Seal {
        Seal { key }
    }

    /// As text; `question` is the digest of everything that must be the same for the next page.
    pub(crate) fn text(&self, cursor: Cursor, question: &Hash) -> String {
        let mut bytes = [0; NUMBERS + SEAL];
        bytes[..NUMBERS].copy_from_slice(&numbers(cursor));
        let seal = self.seal(&bytes[..NUMBERS], question);
        bytes[NUMBERS..].copy_from_slice(&seal);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Opens one.
    ///
    /// # Errors
    /// A problem that says the same of a changed one, of one of another question and of one of
    /// another server.
    pub(crate) fn open(&self, text: &str, question: &Hash) -> Result<Cursor, Problem> {
        let refused = || {
            Problem::bad_request(
                "the cursor is none of this question: send `next` as it came, with the same question, parameters, limits and page, to the server that gave it; after a restart begin anew",
            )
        };
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| refused())?;
        let (numbers, seal) = bytes.split_at_checked(NUMBERS).ok_or_else(refused)?;
        let right = self.seal(numbers, question);
        // All bytes are looked at, whichever differ.
        let differs = right.iter().zip(seal).fold(0, |all, (a, b)| all | (a ^ b));
        if seal.len() != SEAL || differs != 0 {
            return Err(refused());
        }
        let number = |at: usize| -> [u8; 8] {
            let mut number = [0; 8];
            number.copy_from_slice(&numbers[at..at + 8]);
            number
        };
        Ok(Cursor {
            commit: u64::from_le_bytes(number(0)),
            now: i64::from_le_bytes(number(8)),
            first: u64::from_le_bytes(number(16)),
            shown: u64::from_le_bytes(number(24)),
        })
    }

    fn seal(&self, numbers: &[u8], question: &Hash) -> [u8; SEAL] {
        let mut bytes = [0; NUMBERS + 32];
        bytes[..NUMBERS].copy_from_slice(numbers);
        bytes[NUMBERS..].copy_from_slice(question.as_bytes());
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&Hash::keyed(&self.key, &bytes).as_bytes()[..SEAL]);
        seal
    }
}

fn numbers(cursor: Cursor) -> [u8; NUMBERS] {
    let mut bytes = [0; NUMBERS];
    bytes[..8].copy_from_slice(&cursor.commit.to_le_bytes());
    bytes[8..16].copy_from_slice(&cursor.now.to_le_bytes());
    bytes[16..24].copy_from_slice(&cursor.first.to_le_bytes());
    bytes[24..].copy_from_slice(&cursor.shown.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_for_its_question_and_for_nothing_else() {
        let seal = Seal::new([7; 32]);
        let question = Hash::of(b"find model");
        let cursor = Cursor { commit: 3, now: -5, first: 200, shown: 2 };
        let text = seal.text(cursor, &question);
        assert_eq!(seal.open(&text, &question).unwrap(), cursor);
        assert!(seal.open(&text, &Hash::of(b"find run")).is_err());
        assert!(Seal::new([8; 32]).open(&text, &question).is_err());
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(seal.open(&changed, &question).is_err(), "{changed}");
        }
        for text in ["", "AAAA", &text[..text.len() - 2], &format!("{text}AA")] {
            assert!(seal.open(text, &question).is_err(), "{text}");
        }
    }
}
