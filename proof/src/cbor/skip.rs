//! Passing over items that nobody wants, as strictly as reading them.

use super::{
    MAJOR_BYTES, MAJOR_LIST, MAJOR_MAP, MAJOR_NEGATIVE, MAJOR_SIMPLE, MAJOR_TEXT, MAJOR_UNSIGNED,
    NESTING_MAX, Reader,
};
use crate::error::Result;
use crate::value::key_order;

impl<'a> Reader<'a> {
    /// Passes over one item, checks it as [`Reader::value`] does, and gives its bytes.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn skipped(&mut self, depth: usize) -> Result<&'a [u8]> {
        let from = self.at;
        self.skip(depth)?;
        Ok(self.bytes.get(from..self.at).unwrap_or_default())
    }

    /// Where the number ends that stands here, if one does and it is sound. Most of what is passed
    /// over are numbers, the points of series (`import/examples/mlflow_import.rs`: two thirds of the
    /// instructions of passing over records).
    #[inline]
    fn number_end(&self) -> Option<usize> {
        let (first, rest) = self.bytes.get(self.at..)?.split_first()?;
        let (width, is_sound) = match first {
            0x00..=0x17 | 0x20..=0x37 => (0, true),
            0x18 | 0x38 => (1, *rest.first()? >= 24),
            0x19 | 0x39 => (2, *rest.first_chunk::<2>()?.first()? != 0),
            0x1a | 0x3a => (4, rest.first_chunk::<4>()?[..2] != [0; 2]),
            0x1b | 0x3b => (8, rest.first_chunk::<8>()?[..4] != [0; 4]),
            0xfb => {
                let number = f64::from_bits(u64::from_le_bytes(*rest.first_chunk()?).swap_bytes());
                (8, number.is_finite() && !(number == 0.0 && number.is_sign_negative()))
            }
            _ => return None,
        };
        is_sound.then_some(self.at + 1 + width)
    }

    /// Passes over one item and checks it as [`Reader::value`] does.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn skip(&mut self, depth: usize) -> Result<()> {
        let at = self.at;
        if depth > NESTING_MAX {
            return self.fail(at, "nested deeper than 64");
        }
        match self.bytes.get(at).map_or(MAJOR_SIMPLE, |head| head >> 5) {
            MAJOR_BYTES => {
                let (_, argument) = self.head()?;
                let length = self.length(at, argument)?;
                self.take(length)?;
            }
            MAJOR_TEXT => {
                self.text()?;
            }
            MAJOR_LIST => {
                for _ in 0..self.list_items()? {
                    match self.number_end() {
                        Some(end) if depth < NESTING_MAX => self.at = end,
                        _ => self.skip(depth + 1)?,
                    }
                }
            }
            MAJOR_MAP => {
                let mut previous: Option<&str> = None;
                for _ in 0..self.map_pairs()? {
                    let at = self.at;
                    let key = self.text()?;
                    if previous.is_some_and(|previous| key_order(previous, key).is_ge()) {
                        return self.fail(at, "map keys are unique and in order");
                    }
                    previous = Some(key);
                    self.skip(depth + 1)?;
                }
            }
            MAJOR_UNSIGNED | MAJOR_NEGATIVE => {
                self.head()?;
            }
            MAJOR_SIMPLE if self.bytes.get(at) == Some(&0xfb) => {
                self.at += 1;
                self.float_body(at)?;
            }
            // Nothing of these is copied.
            _ => {
                self.value(depth)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{decode, write_list_head};
    use super::*;
    use proptest::prelude::*;

    /// What passing over a list with these bytes as its one item says, and what reading it says.
    fn both(item: &[u8], depth: usize) -> [Option<usize>; 2] {
        let mut bytes = Vec::new();
        write_list_head(&mut bytes, 1);
        bytes.extend_from_slice(item);
        let (mut passed, mut read) = (Reader::new(&bytes), Reader::new(&bytes));
        let passed = passed.skip(depth).ok().map(|()| passed.at());
        [passed, read.value(depth).ok().map(|_| read.at())]
    }

    #[test]
    fn numbers_are_passed_over_as_they_are_read() {
        let items = [
            "00",
            "17",
            "1817",
            "1818",
            "18",
            "20",
            "37",
            "3817",
            "38ff",
            "1900ff",
            "190100",
            "1901",
            "390100",
            "3900ff",
            "1a0000ffff",
            "1a00010000",
            "1a000100",
            "3a00010000",
            "3a0000ffff",
            "1b00000000ffffffff",
            "1b0000000100000000",
            "1b00000001000000",
            "3bffffffffffffffff",
            "3b00000000ffffffff",
            "fb3ff0000000000000",
            "fb3ff00000000000",
            "fb8000000000000000",
            "fb0000000000000000",
            "fb7ff0000000000000",
            "fbfff0000000000000",
            "fb7ff8000000000000",
            "fa3f800000",
            "f6",
            "1c",
            "1f",
            "3f",
        ];
        let mut sound = 0;
        for item in items {
            let bytes = data_encoding::HEXLOWER.decode(item.as_bytes()).unwrap();
            for depth in [0, NESTING_MAX - 1, NESTING_MAX] {
                let [passed, read] = both(&bytes, depth);
                assert_eq!(passed, read, "{item} {depth} deep");
                sound += usize::from(read.is_some());
            }
        }
        assert_eq!(sound, 2 * 15, "15 of them are sound, and none that is too deep");
    }

    proptest! {
        #[test]
        fn what_is_passed_over_is_what_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
            let mut reader = Reader::new(&bytes);
            let passed = reader.skip(0).and_then(|()| reader.end()).is_ok();
            prop_assert_eq!(passed, decode(&bytes).is_ok());
        }
    }
}
