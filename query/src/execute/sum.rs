//! Sums that do not depend on the order of what is added, so that the parts of a great scan may be
//! added up side by side and an answer is the same for every plan and any number of threads.

use crate::value::Value;

/// A sum of numbers or durations so far.
#[derive(Clone, Default, Debug)]
pub(super) struct Sum {
    /// How many were added.
    pub(super) count: u64,
    whole: i128,
    floats: Floats,
    has_floats: bool,
    durations: Option<i128>,
}

/// What a sum comes to.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Total {
    /// Nothing was added.
    Nothing,
    /// It fits no type of the language.
    TooGreat,
    Is(Value),
}

impl Sum {
    /// Adds a value; what is no number and no duration is passed over.
    pub(super) fn add(&mut self, value: &Value) {
        match value {
            Value::Int(number) => self.whole += i128::from(*number),
            Value::Float(number) => {
                self.has_floats = true;
                self.floats.add(*number);
            }
            Value::Duration(length) => {
                self.durations = Some(self.durations.unwrap_or(0) + i128::from(*length));
            }
            _ => return,
        }
        self.count += 1;
    }

    /// Adds what another part came to.
    pub(super) fn join(&mut self, other: &Sum) {
        self.count += other.count;
        self.whole += other.whole;
        self.has_floats |= other.has_floats;
        self.floats.join(&other.floats);
        if let Some(more) = other.durations {
            self.durations = Some(self.durations.unwrap_or(0) + more);
        }
    }

    /// The sum: of whole numbers alone a whole number.
    pub(super) fn total(&self) -> Total {
        let fitting = |sum: i128, make: fn(i64) -> Value| {
            i64::try_from(sum).map_or(Total::TooGreat, |sum| Total::Is(make(sum)))
        };
        match (self.durations, self.has_floats) {
            _ if self.count == 0 => Total::Nothing,
            (Some(sum), _) => fitting(sum, Value::Duration),
            (None, true) => Total::Is(Value::Float(self.float_total())),
            (None, false) => fitting(self.whole, Value::Int),
        }
    }

    fn float_total(&self) -> f64 {
        let mut sum = self.floats.clone();
        // An i128 is exact as a few floats: the float nearest to it, then to what is left.
        let mut rest = self.whole;
        while rest != 0 {
            #[expect(clippy::cast_precision_loss, reason = "what is lost is added next")]
            let near = rest as f64;
            sum.add(near);
            #[expect(clippy::cast_possible_truncation, reason = "whole, and near an i128")]
            let taken = near as i128;
            rest = rest.saturating_sub(taken);
        }
        sum.total()
    }
}

/// Floats added without loss: parts that do not overlap, the least first (Shewchuk, Adaptive
/// Precision Floating-Point Arithmetic, 1997, theorem 10). The total is the float nearest to the
/// true sum, whatever the order.
#[derive(Clone, Default, Debug)]
struct Floats {
    parts: Vec<f64>,
    /// What is not finite, or overflowed: added plainly, since it stays what it is.
    special: f64,
}

impl Floats {
    fn add(&mut self, number: f64) {
        if !number.is_finite() {
            self.special += number;
            return;
        }
        let mut carried = number;
        let mut kept = 0;
        for at in 0..self.parts.len() {
            let Some(part) = self.parts.get(at).copied() else { break };
            let (great, small) =
                if carried.abs() < part.abs() { (part, carried) } else { (carried, part) };
            let sum = great + small;
            let lost = small - (sum - great);
            if lost != 0.0 {
                if let Some(place) = self.parts.get_mut(kept) {
                    *place = lost;
                }
                kept += 1;
            }
            carried = sum;
        }
        self.parts.truncate(kept);
        if carried.is_finite() {
            self.parts.push(carried);
        } else {
            self.parts.clear();
            self.special += carried;
        }
    }

    fn join(&mut self, other: &Floats) {
        other.parts.iter().for_each(|part| self.add(*part));
        self.special += other.special;
    }

    fn total(&self) -> f64 {
        if self.special != 0.0 || self.special.is_nan() {
            return self.special;
        }
        let mut parts = self.parts.iter().rev().copied();
        let Some(mut sum) = parts.next() else { return 0.0 };
        while let Some(part) = parts.next() {
            let before = sum;
            sum = before + part;
            let lost = part - (sum - before);
            if lost != 0.0 {
                // Half way between two floats the parts below decide.
                if let Some(below) = parts.next()
                    && ((lost < 0.0 && below < 0.0) || (lost > 0.0 && below > 0.0))
                {
                    let doubled = lost * 2.0;
                    let up = sum + doubled;
                    #[expect(clippy::float_cmp, reason = "exact by construction")]
                    if doubled == up - sum {
                        sum = up;
                    }
                }
                break;
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(numbers: &[f64]) -> Total {
        let mut sum = Sum::default();
        numbers.iter().for_each(|number| sum.add(&Value::Float(*number)));
        sum.total()
    }

    #[test]
    fn the_order_and_the_parts_do_not_show() {
        const SCALES: [f64; 4] = [1e-12, 1.0, 1e9, 3e15];
        let mut numbers: Vec<f64> = (0..1000_u32)
            .map(|n| f64::from(n.wrapping_mul(2_654_435_761)) * SCALES[n as usize % 4])
            .collect();
        let forward = total(&numbers);
        let mut halves = [Sum::default(), Sum::default()];
        for (place, number) in numbers.iter().enumerate() {
            halves[place % 2].add(&Value::Float(*number));
        }
        let [mut left, right] = halves;
        left.join(&right);
        assert_eq!(left.total(), forward);
        numbers.reverse();
        assert_eq!(total(&numbers), forward);
        let mut plain = 0.0;
        numbers.iter().for_each(|number| plain += number);
        assert_ne!(Total::Is(Value::Float(plain)), forward, "a plain sum loses digits");
    }

    #[test]
    fn a_sum_is_the_nearest_float() {
        assert_eq!(total(&[1e100, 1.0, -1e100]), Total::Is(Value::Float(1.0)));
        assert_eq!(total(&[0.1; 10]), Total::Is(Value::Float(1.0)));
        let up = 1.0 + f64::EPSILON;
        assert_eq!(total(&[1.0, f64::EPSILON / 2.0, 1e-40]), Total::Is(Value::Float(up)));
        assert_eq!(total(&[]), Total::Nothing);
        assert_eq!(total(&[f64::INFINITY, 1.0]), Total::Is(Value::Float(f64::INFINITY)));
    }

    #[test]
    fn whole_numbers_stay_whole_and_may_be_too_great() {
        let mut sum = Sum::default();
        sum.add(&Value::Int(i64::MAX));
        assert_eq!(sum.total(), Total::Is(Value::Int(i64::MAX)));
        sum.add(&Value::Int(1));
        assert_eq!(sum.total(), Total::TooGreat);
        sum.add(&Value::Int(-1));
        assert_eq!(sum.total(), Total::Is(Value::Int(i64::MAX)), "it came back");
        sum.add(&Value::Float(0.5));
        #[expect(clippy::cast_precision_loss, reason = "what is expected")]
        let near = i64::MAX as f64;
        assert_eq!(sum.total(), Total::Is(Value::Float(near)));
    }
}
