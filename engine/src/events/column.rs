//! The values of one event field, row after row.
//!
//! Services, models and hosts repeat: a column of text begins as numbers of a few words, one byte a
//! row, and becomes plain bytes with the first word too many.

use super::EventValue;
use super::container::HASH_WIDTH;
use crate::schema::FieldType;
use bytes::Bytes;
use std::ops::Range;

/// Most different words of a column that is kept as numbers. A file holds events of a handful of
/// deployments; each new value is compared with all words, so there must be few.
pub(super) const WORDS_MAX: usize = 64;

/// The values of one field: as many as rows were reached when it was last set.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) present: Vec<bool>,
    pub(super) values: Values,
}

/// Values by their type; an absent row holds a zero or an empty range.
#[derive(Clone, Debug)]
pub(super) enum Values {
    /// Text or hash: the end of each row's bytes.
    Bytes {
        ends: Vec<usize>,
        bytes: Vec<u8>,
    },
    /// Hashes of one width without a gap, where they lie in a file: read, never written to.
    Fixed(Bytes),
    /// Text of few different values: the number of each row's word.
    Words {
        codes: Vec<u8>,
        words: Vec<Vec<u8>>,
    },
    /// Int or time.
    Ints(Vec<i64>),
    Floats(Vec<f64>),
    Bools(Vec<bool>),
}

impl Column {
    pub(super) fn new(field_type: FieldType) -> Column {
        let values = match field_type {
            FieldType::Int | FieldType::Time => Values::Ints(Vec::new()),
            FieldType::Float => Values::Floats(Vec::new()),
            FieldType::Bool => Values::Bools(Vec::new()),
            FieldType::Hash => Values::Bytes { ends: Vec::new(), bytes: Vec::new() },
            _ => Values::Words { codes: Vec::new(), words: Vec::new() },
        };
        Column { present: Vec::new(), values }
    }

    /// Makes it exactly `rows` long.
    pub(super) fn fit(&mut self, rows: usize) {
        if self.present.len() == rows {
            return;
        }
        self.present.resize(rows, false);
        match &mut self.values {
            Values::Bytes { ends, bytes } => {
                ends.truncate(rows);
                bytes.truncate(ends.last().copied().unwrap_or(0));
                ends.resize(rows, bytes.len());
            }
            Values::Fixed(_) => debug_assert!(false, "what lies in a file is not written to"),
            Values::Words { codes, .. } => codes.resize(rows, 0),
            Values::Ints(values) => values.resize(rows, 0),
            Values::Floats(values) => values.resize(rows, 0.0),
            Values::Bools(values) => values.resize(rows, false),
        }
    }

    /// Adds a row; `false` if the value is of another type.
    pub(super) fn push(&mut self, value: EventValue<'_>) -> bool {
        match (&mut self.values, value) {
            (Values::Bytes { ends, bytes }, EventValue::Text(text)) => {
                bytes.extend_from_slice(text.as_bytes());
                ends.push(bytes.len());
            }
            (Values::Words { .. }, EventValue::Text(text)) => self.push_word(text.as_bytes()),
            (Values::Bytes { ends, bytes }, EventValue::Hash(hash)) => {
                bytes.extend_from_slice(hash);
                ends.push(bytes.len());
            }
            (Values::Words { .. }, EventValue::Hash(hash)) => self.push_word(hash),
            (Values::Ints(values), EventValue::Int(number)) => values.push(number),
            // A float that canonical bytes cannot hold is absent: the importer keeps its text.
            (Values::Floats(values), EventValue::Float(number)) if number.is_finite() => {
                // Without the sign of a zero.
                values.push(number + 0.0);
            }
            #[expect(clippy::cast_precision_loss, reason = "latencies and confidences are small")]
            (Values::Floats(values), EventValue::Int(number)) => values.push(number as f64),
            (Values::Bools(values), EventValue::Bool(truth)) => values.push(truth),
            _ => return false,
        }
        self.present.push(true);
        true
    }

    fn push_word(&mut self, word: &[u8]) {
        let Values::Words { codes, words } = &mut self.values else { return };
        // Neighbours are nearly always alike.
        if let Some(last) = codes.last()
            && words.get(usize::from(*last)).is_some_and(|last| *last == word)
        {
            codes.push(*last);
            return;
        }
        let known = words.iter().position(|known| *known == word);
        let code = known.unwrap_or_else(|| {
            words.push(word.to_vec());
            words.len() - 1
        });
        match u8::try_from(code) {
            Ok(code) if words.len() <= WORDS_MAX => codes.push(code),
            _ => {
                words.pop();
                self.spell_out();
                if let Values::Bytes { ends, bytes } = &mut self.values {
                    bytes.extend_from_slice(word);
                    ends.push(bytes.len());
                }
            }
        }
    }

    /// Becomes plain bytes.
    fn spell_out(&mut self) {
        let Values::Words { codes, .. } = &self.values else { return };
        let (mut ends, mut bytes) = (Vec::with_capacity(codes.len()), Vec::new());
        for row in 0..codes.len() {
            if self.has(row) {
                bytes.extend_from_slice(self.bytes(row));
            }
            ends.push(bytes.len());
        }
        self.values = Values::Bytes { ends, bytes };
    }

    /// About how many bytes it takes.
    pub(super) fn size(&self) -> usize {
        let values = match &self.values {
            Values::Bytes { ends, bytes } => ends.len() * 8 + bytes.len(),
            // The file's own.
            Values::Fixed(_) => 0,
            Values::Words { codes, words } => {
                codes.len() + words.iter().map(|word| word.len() + 24).sum::<usize>()
            }
            Values::Ints(values) => values.len() * 8,
            Values::Floats(values) => values.len() * 8,
            Values::Bools(values) => values.len(),
        };
        self.present.len() + values
    }

    /// Appends some rows of another column of the same field.
    pub(super) fn extend(&mut self, from: &Column, rows: Range<usize>) {
        if self.present.is_empty() && matches!(from.values, Values::Bytes { .. }) {
            self.values = Values::Bytes { ends: Vec::new(), bytes: Vec::new() };
        }
        if let Values::Words { codes: theirs, words } = &from.values
            && let Some(numbers) = self.numbers_of(words)
            && let Values::Words { codes, .. } = &mut self.values
        {
            let number = |code: &u8| numbers.get(usize::from(*code)).copied().unwrap_or(0);
            codes.extend(theirs[rows.clone()].iter().map(number));
            self.present.extend_from_slice(&from.present[rows]);
            return;
        }
        match (&mut self.values, &from.values) {
            (Values::Bytes { ends, bytes }, Values::Fixed(other)) => {
                let before = bytes.len();
                bytes.extend_from_slice(&other[rows.start * HASH_WIDTH..rows.end * HASH_WIDTH]);
                ends.extend((1..=rows.len()).map(|row| before + row * HASH_WIDTH));
            }
            (Values::Bytes { ends, bytes }, Values::Bytes { ends: other_ends, bytes: other }) => {
                let start = if rows.start == 0 { 0 } else { other_ends[rows.start - 1] };
                let end = if rows.end == 0 { 0 } else { other_ends[rows.end - 1] };
                let before = bytes.len();
                bytes.extend_from_slice(&other[start..end]);
                ends.extend(other_ends[rows.clone()].iter().map(|end| end - start + before));
            }
            (Values::Ints(values), Values::Ints(other)) => {
                values.extend_from_slice(&other[rows.clone()]);
            }
            (Values::Floats(values), Values::Floats(other)) => {
                values.extend_from_slice(&other[rows.clone()]);
            }
            (Values::Bools(values), Values::Bools(other)) => {
                values.extend_from_slice(&other[rows.clone()]);
            }
            // Texts, as words on one side or on both.
            _ => {
                for row in rows {
                    match std::str::from_utf8(from.bytes(row)) {
                        Ok(text) if from.has(row) => {
                            self.push(EventValue::Text(text));
                        }
                        _ => self.fit(self.present.len() + 1),
                    }
                }
                return;
            }
        }
        self.present.extend_from_slice(&from.present[rows]);
    }

    /// The numbers of these words among its own, to which they are added; none if it does not hold
    /// words, or would hold too many.
    fn numbers_of(&mut self, theirs: &[Vec<u8>]) -> Option<Vec<u8>> {
        let Values::Words { words, .. } = &mut self.values else { return None };
        let mut number = |word: &Vec<u8>| {
            let known = words.iter().position(|known| known == word);
            let at = known.unwrap_or_else(|| {
                words.push(word.clone());
                words.len() - 1
            });
            u8::try_from(at).ok().filter(|_| words.len() <= WORDS_MAX)
        };
        theirs.iter().map(&mut number).collect()
    }

    /// Is there a value?
    pub(super) fn has(&self, row: usize) -> bool {
        self.present.get(row).copied().unwrap_or(false)
    }

    /// The value of a row, in a column of this type.
    pub(super) fn value(&self, row: usize, field_type: FieldType) -> Option<EventValue<'_>> {
        if !self.has(row) {
            return None;
        }
        Some(match &self.values {
            Values::Bytes { .. } if field_type == FieldType::Hash => {
                EventValue::Hash(self.bytes(row))
            }
            Values::Fixed(_) => EventValue::Hash(self.bytes(row)),
            Values::Bytes { .. } | Values::Words { .. } => {
                EventValue::Text(std::str::from_utf8(self.bytes(row)).unwrap_or_default())
            }
            Values::Ints(values) => EventValue::Int(values[row]),
            Values::Floats(values) => EventValue::Float(values[row]),
            Values::Bools(values) => EventValue::Bool(values[row]),
        })
    }

    /// The bytes of a text or hash that is there.
    pub(super) fn bytes(&self, row: usize) -> &[u8] {
        match &self.values {
            Values::Bytes { ends, bytes } => {
                let start = if row == 0 { 0 } else { ends[row - 1] };
                &bytes[start..ends[row]]
            }
            Values::Fixed(bytes) => {
                bytes.get(row * HASH_WIDTH..(row + 1) * HASH_WIDTH).unwrap_or_default()
            }
            Values::Words { codes, words } => {
                words.get(usize::from(codes[row])).map_or(&[], Vec::as_slice)
            }
            _ => &[],
        }
    }

    /// Do two rows hold the same text, or none?
    pub(super) fn same(&self, a: usize, b: usize) -> bool {
        match (self.has(a), self.has(b)) {
            (true, true) => match &self.values {
                Values::Words { codes, .. } => codes[a] == codes[b],
                _ => self.bytes(a) == self.bytes(b),
            },
            (one, other) => one == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(column: &Column) -> Vec<Option<&str>> {
        let text = |row| std::str::from_utf8(column.bytes(row)).expect("text");
        (0..column.present.len()).map(|row| column.has(row).then(|| text(row))).collect()
    }

    #[test]
    fn words_become_bytes_with_the_first_too_many_and_say_the_same() {
        let mut column = Column::new(FieldType::Text);
        let mut expected = Vec::new();
        for row in 0..200_usize {
            column.fit(row);
            if row % 7 == 3 {
                expected.push(None);
                continue;
            }
            let word = format!("word {}", if row < 120 { row % 5 } else { row });
            assert!(column.push(EventValue::Text(&word)));
            expected.push(Some(word));
            let few = matches!(column.values, Values::Words { .. });
            assert_eq!(few, row < 189, "row {row}");
        }
        column.fit(200);
        let expected: Vec<_> = expected.iter().map(Option::as_deref).collect();
        assert_eq!(texts(&column), expected);
        assert!(column.same(0, 5) && column.same(3, 10));
        assert!(!column.same(0, 1) && !column.same(0, 3));
    }

    #[test]
    fn rows_of_one_column_follow_those_of_another_however_each_keeps_its_texts() {
        let of = |rows: std::ops::Range<usize>, different: usize| {
            let mut column = Column::new(FieldType::Text);
            for row in rows {
                column.fit(column.present.len());
                if row % 5 == 0 {
                    column.fit(column.present.len() + 1);
                } else {
                    column.push(EventValue::Text(&format!("word {}", row % different)));
                }
            }
            column
        };
        for different in [3, 1_000] {
            let (first, second) = (of(0..150, 3), of(150..300, different));
            let mut joined = Column::new(FieldType::Text);
            joined.extend(&first, 10..140);
            joined.extend(&second, 0..150);
            let mut expected = texts(&first)[10..140].to_vec();
            expected.extend(texts(&second));
            assert_eq!(texts(&joined), expected, "{different}");
            let mut turned = Column::new(FieldType::Text);
            turned.extend(&second, 7..90);
            turned.extend(&first, 0..20);
            let mut expected = texts(&second)[7..90].to_vec();
            expected.extend(&texts(&first)[..20]);
            assert_eq!(texts(&turned), expected, "{different}");
        }
    }

    #[test]
    fn a_value_set_twice_is_the_last_one() {
        let mut column = Column::new(FieldType::Text);
        for word in ["first", "second"] {
            column.fit(0);
            column.push(EventValue::Text(word));
        }
        assert_eq!(texts(&column), [Some("second")]);
    }
}
