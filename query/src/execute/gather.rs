//! What is gathered for a figure over a group, row by row or part by part. Parts may be joined in
//! any order where the figure is a count, a sum or an extreme; all others are sorted at the end.

use std::mem::size_of;

use lineal_engine::events::MonthCounts;

use super::sum::{Sum, Total};
use super::{Run, Stop};
use crate::error::{Code, Mistake, Span};
use crate::plan::{Aggregate, AggregateFunction, CounterFigure};
use crate::value::Value;

/// Values that a figure over numbers does not take as numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Odd {
    /// Nothing is recorded.
    pub(super) absent: u64,
    /// Texts: a sum and a mean leave them out, an extreme and a percentile order them as texts.
    pub(super) texts: u64,
}

/// What is gathered for one figure.
#[derive(Clone, Default, Debug)]
pub(super) struct Gathered {
    /// Rows of the group.
    rows: u64,
    /// Rows for which the argument holds.
    holding: u64,
    sum: Sum,
    extreme: Option<Value>,
    /// Values that are absent, and texts where numbers are asked for or may be meant.
    pub(super) odd: Odd,
    /// Values, where the figure needs them all; floats stand apart, since they are many.
    floats: Vec<f64>,
    values: Vec<Value>,
}

impl Gathered {
    /// Of what counters tell of so many rows, which are among those that they count.
    pub(super) fn counted(
        figure: CounterFigure,
        rows: u64,
        counts: &MonthCounts,
        (first, last): (i64, i64),
    ) -> Gathered {
        let gathered = Gathered { rows, ..Gathered::default() };
        let time = |time: i64, none: i64| (time != none).then_some(Value::Time(time));
        match figure {
            CounterFigure::Rows => gathered,
            CounterFigure::Holding(pick) => Gathered { holding: pick.of(counts), ..gathered },
            CounterFigure::Timed => {
                Gathered { holding: if counts.month.is_some() { rows } else { 0 }, ..gathered }
            }
            CounterFigure::FirstTime => Gathered { extreme: time(first, i64::MAX), ..gathered },
            CounterFigure::LastTime => Gathered { extreme: time(last, i64::MIN), ..gathered },
        }
    }

    /// One more row, with what the argument says of it.
    pub(super) fn add(&mut self, aggregate: &Aggregate, value: Option<Value>) {
        self.rows += 1;
        let Some(value) = value else { return };
        match aggregate.function {
            AggregateFunction::CountIf | AggregateFunction::Share => {
                self.holding += u64::from(value == Value::Bool(true));
            }
            AggregateFunction::Count if !aggregate.distinct => {
                self.holding += u64::from(!value.is_absent());
            }
            _ if value.is_absent() => self.odd.absent += 1,
            _ => self.take(aggregate, value),
        }
    }

    fn take(&mut self, aggregate: &Aggregate, value: Value) {
        self.odd.texts += u64::from(matches!(value, Value::Text(_)));
        match aggregate.function {
            _ if aggregate.distinct => self.keep(value),
            AggregateFunction::Sum | AggregateFunction::Average => self.sum.add(&value),
            AggregateFunction::Least => self.meet(value, true),
            AggregateFunction::Greatest => self.meet(value, false),
            AggregateFunction::Percentile(_)
            | AggregateFunction::Count
            | AggregateFunction::CountIf
            | AggregateFunction::Share => self.keep(value),
        }
    }

    fn keep(&mut self, value: Value) {
        match value {
            Value::Float(number) => self.floats.push(number),
            value => self.values.push(value),
        }
    }

    fn meet(&mut self, value: Value, least: bool) {
        let is_beyond = self.extreme.as_ref().is_none_or(|known| {
            let order = value.order(known);
            if least { order.is_lt() } else { order.is_ge() }
        });
        if is_beyond {
            self.extreme = Some(value);
        }
    }

    /// Adds what a later part gathered.
    pub(super) fn join(&mut self, aggregate: &Aggregate, other: Gathered) {
        self.rows += other.rows;
        self.holding += other.holding;
        self.sum.join(&other.sum);
        self.odd.absent += other.odd.absent;
        self.odd.texts += other.odd.texts;
        if let Some(value) = other.extreme {
            self.meet(value, aggregate.function == AggregateFunction::Least);
        }
        self.floats.extend(other.floats);
        self.values.extend(other.values);
    }

    /// About how many bytes of values it keeps: texts are counted by their heads alone, so that
    /// asking costs nothing.
    pub(super) fn kept(&self) -> u64 {
        (self.floats.len() * size_of::<f64>() + self.values.len() * size_of::<Value>()) as u64
    }

    /// Bytes of the values that it keeps.
    pub(super) fn size(&self) -> u64 {
        let floats = self.floats.len() * size_of::<f64>();
        floats as u64 + self.values.iter().map(Value::size).sum::<u64>()
    }

    /// The figure of what was gathered; of no values it is absent, counts are 0.
    pub(super) fn figure(self, aggregate: &Aggregate) -> Run<Value> {
        let Gathered { rows, holding, sum, extreme, odd: _, floats, mut values } = self;
        values.extend(floats.into_iter().map(Value::Float));
        if aggregate.distinct {
            values.sort_by(Value::order);
            values.dedup_by(|a, b| a.order(b).is_eq());
        }
        let whole = |count: u64| Value::Int(i64::try_from(count).unwrap_or(i64::MAX));
        let of_distinct = |values: &[Value]| {
            let mut sum = Sum::default();
            values.iter().for_each(|value| sum.add(value));
            sum
        };
        let sum = if aggregate.distinct { of_distinct(&values) } else { sum };
        Ok(match aggregate.function {
            AggregateFunction::Count if aggregate.argument.is_none() => whole(rows),
            AggregateFunction::Count if aggregate.distinct => whole(values.len() as u64),
            AggregateFunction::Count | AggregateFunction::CountIf => whole(holding),
            AggregateFunction::Share if rows == 0 => Value::Absent,
            AggregateFunction::Share => Value::Float(as_float(holding) / as_float(rows)),
            AggregateFunction::Sum => total(&sum)?,
            AggregateFunction::Average => mean(&sum)?,
            AggregateFunction::Least if aggregate.distinct => {
                values.into_iter().next().unwrap_or(Value::Absent)
            }
            AggregateFunction::Greatest if aggregate.distinct => {
                values.into_iter().next_back().unwrap_or(Value::Absent)
            }
            AggregateFunction::Least | AggregateFunction::Greatest => {
                extreme.unwrap_or(Value::Absent)
            }
            AggregateFunction::Percentile(percent) => percentile(values, percent),
        })
    }
}

fn total(sum: &Sum) -> Run<Value> {
    match sum.total() {
        Total::Nothing => Ok(Value::Absent),
        Total::Is(value) => Ok(value),
        Total::TooGreat => {
            let what = "a sum is too great for its type";
            Err(Stop::from(Mistake::new(Code::Overflow, Span::default(), what)))
        }
    }
}

fn mean(sum: &Sum) -> Run<Value> {
    Ok(match total(sum)? {
        #[expect(clippy::cast_precision_loss, reason = "a mean has no more digits than a float")]
        Value::Int(total) => Value::Float(total as f64 / as_float(sum.count)),
        Value::Float(total) => Value::Float(total / as_float(sum.count)),
        Value::Duration(total) => {
            Value::Duration(total / i64::try_from(sum.count).unwrap_or(i64::MAX))
        }
        other => other,
    })
}

/// Nearest rank: the least value that at least this share of the values does not exceed.
fn percentile(mut values: Vec<Value>, percent: u8) -> Value {
    let rank = (values.len() * usize::from(percent)).div_ceil(100);
    let place = rank.saturating_sub(1);
    if place >= values.len() {
        return Value::Absent;
    }
    values.select_nth_unstable_by(place, Value::order).1.clone()
}

#[expect(clippy::cast_precision_loss, reason = "a share has no more digits than a float")]
pub(super) fn as_float(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let values: Vec<_> = (1..=10).rev().map(Value::Int).collect();
        assert_eq!(percentile(values.clone(), 50), Value::Int(5));
        assert_eq!(percentile(values.clone(), 95), Value::Int(10));
        assert_eq!(percentile(vec![Value::Int(7)], 50), Value::Int(7));
        assert_eq!(percentile(Vec::new(), 50), Value::Absent);
    }

    #[test]
    fn joined_parts_are_what_one_part_would_be() {
        for function in [
            AggregateFunction::Count,
            AggregateFunction::Sum,
            AggregateFunction::Average,
            AggregateFunction::Least,
            AggregateFunction::Greatest,
            AggregateFunction::Percentile(50),
        ] {
            let argument = Some(crate::plan::Expression::Slot(0));
            let aggregate = Aggregate { function, distinct: false, argument };
            let [mut whole, mut left, mut right] = [(); 3].map(|()| Gathered::default());
            for number in 0..100_i64 {
                let value =
                    if number % 7 == 0 { Value::Absent } else { Value::Int(number * 37 % 101) };
                whole.add(&aggregate, Some(value.clone()));
                let part = if number < 40 { &mut left } else { &mut right };
                part.add(&aggregate, Some(value));
            }
            left.join(&aggregate, right);
            let (Ok(whole), Ok(joined)) = (whole.figure(&aggregate), left.figure(&aggregate))
            else {
                panic!("small sums fit")
            };
            assert_eq!(whole, joined, "{function:?}");
            assert!(!whole.is_absent());
        }
    }
}
