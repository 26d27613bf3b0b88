//! Which nodes of a kind have such a value: a whole column at once, as bits.
//!
//! A scan that asks every node for a field pays for each look; numbers beside each other are compared
//! a word of 64 at a time (`benches/asking.rs`, q7 and q4b).

use super::{Codes, Column, Texts, Values};
use crate::schema::FieldType;

/// A value that is looked for in a column.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Wanted<'a> {
    /// A whole number from the first to the last, both within.
    Int(i64, i64),
    /// A time, ns, from the first to the last, both within.
    Time(i64, i64),
    /// This text.
    Text(&'a str),
    /// No value.
    Absent,
}

impl Column {
    /// Sets a bit for each of the kind's nodes that has the value, 64 nodes a word, in the place of
    /// what `out` held. False where the column alone cannot tell: another type, records to be asked,
    /// damage.
    pub(crate) fn select(&self, nodes: usize, wanted: Wanted<'_>, out: &mut Vec<u64>) -> bool {
        if self.elsewhere.len() > 0 {
            return false;
        }
        out.clear();
        out.resize(nodes.div_ceil(64), 0);
        let (low, high) = match wanted {
            Wanted::Absent => return self.select_absent(nodes, out),
            Wanted::Text(text) => return self.select_text(nodes, text, out),
            Wanted::Int(low, high) | Wanted::Time(low, high) => (low, high),
        };
        let Values::Numbers(own, numbers) = &self.values else { return false };
        let is_own = match wanted {
            Wanted::Time(..) => *own == FieldType::Time,
            _ => *own == FieldType::Int,
        };
        let Some(numbers) = numbers.all() else { return false };
        is_own && self.spread(nodes, numbers, |number| low <= *number && *number <= high, out)
    }

    fn select_absent(&self, nodes: usize, out: &mut [u64]) -> bool {
        if self.all_present {
            return true;
        }
        let present = self.present.all().unwrap_or_default();
        for (at, word) in out.iter_mut().enumerate() {
            let known = present.get(at).copied().unwrap_or(0);
            let own = (nodes - at * 64).min(64);
            *word = !known & (u64::MAX >> (64 - own));
        }
        self.present.len() == present.len()
    }

    fn select_text(&self, nodes: usize, text: &str, out: &mut [u64]) -> bool {
        let Values::Texts(FieldType::Text, texts) = &self.values else { return false };
        match &texts.codes {
            Codes::Own => false,
            Codes::Byte(codes) => {
                let Some(codes) = codes.all() else { return false };
                match texts.code_of(text).map(u8::try_from) {
                    Some(Ok(wanted)) => self.spread(nodes, codes, |code| *code == wanted, out),
                    _ => true,
                }
            }
            Codes::Two(codes) => {
                let Some(codes) = codes.all() else { return false };
                match texts.code_of(text).map(u16::try_from) {
                    Some(Ok(wanted)) => self.spread(nodes, codes, |code| *code == wanted, out),
                    _ => true,
                }
            }
        }
    }

    /// Tests every value, and sets the bit of its node where the test holds.
    fn spread<T>(
        &self,
        nodes: usize,
        values: &[T],
        holds: impl Fn(&T) -> bool,
        out: &mut [u64],
    ) -> bool {
        if self.all_present {
            for (word, values) in out.iter_mut().zip(values.chunks(64)) {
                for (bit, value) in values.iter().enumerate() {
                    *word |= u64::from(holds(value)) << bit;
                }
            }
            return values.len() == nodes;
        }
        if self.present.len() == 0 {
            return true;
        }
        let Some(present) = self.present.all() else { return false };
        let mut left = values.iter();
        for (word, present) in out.iter_mut().zip(present) {
            let mut bits = *present;
            while bits != 0 {
                let Some(value) = left.next() else { return false };
                *word |= u64::from(holds(value)) << bits.trailing_zeros();
                bits &= bits - 1;
            }
        }
        true
    }
}

impl Texts {
    /// The place of a text in the short list of all.
    fn code_of(&self, text: &str) -> Option<usize> {
        let count = self.offsets.len().saturating_sub(1);
        (0..count).find(|at| {
            let ends = self.offsets.range(*at..*at + 2);
            let bytes = ends.and_then(|ends| self.bytes.range(ends[0] as usize..ends[1] as usize));
            bytes == Some(text.as_bytes())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ColumnDraft, fields_of, number};
    use super::*;
    use crate::schema::Kind;
    use crate::sections::{Sections, Shelf};
    use lineal_proof::Value;
    use std::sync::Arc;

    /// A column of deployments with these values, read as one of so many nodes.
    fn column(field: &str, values: &[Option<Value>]) -> Column {
        let kind = Kind::Deployment;
        let at = fields_of(kind).position(|spec| spec.name == field).unwrap();
        let mut draft = ColumnDraft::new(kind, at, &Shelf::default()).unwrap();
        values.iter().for_each(|value| draft.push(value.as_ref(), false));
        let mut sections = Sections::new(Arc::default());
        draft.put(&mut sections).unwrap();
        let nodes = 0..u32::try_from(values.len()).unwrap();
        Column::open(&sections, number(kind, at), kind, nodes).unwrap()
    }

    fn selected(column: &Column, nodes: usize, wanted: Wanted<'_>) -> Vec<usize> {
        let mut bits = vec![7; 9];
        assert!(column.select(nodes, wanted, &mut bits));
        assert_eq!(bits.len(), nodes.div_ceil(64));
        (0..bits.len() * 64).filter(|at| bits[at / 64] >> (at % 64) & 1 == 1).collect()
    }

    #[test]
    fn bits_are_those_that_single_looks_give() {
        for every in [1, 3] {
            let time = |at: i64| (at % every == 0).then(|| Value::from(at * 10));
            let values: Vec<Option<Value>> = (0..150).map(time).collect();
            let column = column("time", &values);
            let by_looks = |holds: &dyn Fn(i64) -> bool| -> Vec<usize> {
                let value = |at: &usize| values[*at].as_ref().and_then(Value::as_i64);
                (0..150).filter(|at| value(at).is_some_and(holds)).collect()
            };
            let within = |time: i64| (300..=900).contains(&time);
            assert_eq!(selected(&column, 150, Wanted::Time(300, 900)), by_looks(&within));
            let absent: Vec<usize> = (0..150).filter(|at| values[*at].is_none()).collect();
            assert_eq!(selected(&column, 150, Wanted::Absent), absent);
            assert!(!column.select(150, Wanted::Int(0, 9), &mut Vec::new()), "another type");
        }
    }

    #[test]
    fn texts_of_a_short_list_are_compared_by_their_number() {
        let text =
            |at: usize| (!at.is_multiple_of(5)).then(|| Value::text(["eu", "us", "asia"][at % 3]));
        let values: Vec<Option<Value>> = (0..200).map(text).collect();
        let column = column("environment", &values);
        let own: Vec<usize> =
            (0..200).filter(|at| values[*at] == Some(Value::text("us"))).collect();
        assert_eq!(selected(&column, 200, Wanted::Text("us")), own);
        assert_eq!(selected(&column, 200, Wanted::Text("moon")), Vec::<usize>::new());
    }
}
